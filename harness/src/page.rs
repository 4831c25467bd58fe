//! A page of text for a terminal: rows with a label, tables, text broken at the width.
//!
//! Owns layout and colour. Refuses to print, to look at the terminal, and to know what it says; text from a scenario is
//! made harmless here.

use doorbuster_reports::escape::terminal as plain;

/// Columns of a page.
pub(crate) const WIDTH: usize = 100;
/// Widest label of a row.
const LABEL: usize = 11;

/// What a text looks like where there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// As it is.
    None,
    /// Strong.
    Bold,
    /// In the background.
    Dim,
    /// Something to look at.
    Bad,
}

/// A page in the making.
pub(crate) struct Page {
    /// The text so far, each line with its newline.
    pub(crate) text: String,
    colour: bool,
}

/// A table: the first column holds names and stands left, the others hold numbers and stand right.
pub(crate) struct Table {
    head: Vec<String>,
    rows: Vec<(Paint, Vec<String>)>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|&cell| cell.to_owned()).collect(), rows: Vec::new() }
    }

    /// A row with as many cells as the head has.
    pub(crate) fn row(&mut self, paint: Paint, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.head.len());
        self.rows.push((paint, cells));
    }

    /// Widest cell of a column.
    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|(_, cells)| &cells[column]).chain([&self.head[column]]);
        cells.map(|cell| columns(cell)).max().unwrap_or(0)
    }
}

impl Page {
    pub(crate) fn new(colour: bool) -> Self {
        Self { text: String::new(), colour }
    }

    /// One line as it is.
    pub(crate) fn line(&mut self, paint: Paint, text: &str) {
        let text = self.paint(paint, &plain(text));
        self.text.push_str(&text);
        self.text.push('\n');
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// Text with an indent, broken at the width.
    pub(crate) fn paragraph(&mut self, indent: usize, paint: Paint, text: &str) {
        self.hanging(&" ".repeat(indent), indent, paint, text);
    }

    /// A label and its text, which is broken at the width with a hanging indent.
    pub(crate) fn row(&mut self, label: &str, paint: Paint, text: &str) {
        self.labelled(LABEL, label, paint, text);
    }

    /// As [`Page::row`], with labels of so many columns; a longer one gets a line of its own.
    pub(crate) fn labelled(&mut self, width: usize, label: &str, paint: Paint, text: &str) {
        let label = plain(label);
        let head = format!("  {} ", self.paint(Paint::Dim, &format!("{label:<width$}")));
        if columns(&label) > width {
            self.text.push_str(&format!("{}\n", head.trim_end()));
            self.paragraph(width + 3, paint, text);
        } else {
            self.hanging(&head, width + 3, paint, text);
        }
    }

    /// A table. A name that leaves no room for the numbers gets a line of its own.
    pub(crate) fn table(&mut self, table: &Table) {
        let widths: Vec<usize> = (0..table.head.len()).map(|column| table.width(column)).collect();
        let numbers: usize = widths[1..].iter().map(|width| width + 2).sum();
        let first = widths[0].min(WIDTH.saturating_sub(2 + numbers).max(8));
        self.table_row(Paint::Dim, &table.head, first, &widths);
        for (paint, cells) in &table.rows {
            self.table_row(*paint, cells, first, &widths);
        }
    }

    fn table_row(&mut self, paint: Paint, cells: &[String], first: usize, widths: &[usize]) {
        let mut name = plain(&cells[0]);
        if columns(&name) > first {
            self.line(paint, &format!("  {name}"));
            name.clear();
        }
        let mut line = format!("  {name}{}", " ".repeat(first - columns(&name)));
        for (cell, width) in cells[1..].iter().zip(&widths[1..]) {
            line.push_str(&format!("  {}{cell}", " ".repeat(width - columns(cell))));
        }
        self.line(paint, line.trim_end());
    }

    fn hanging(&mut self, head: &str, indent: usize, paint: Paint, text: &str) {
        for (index, line) in broken(&plain(text), WIDTH - indent).iter().enumerate() {
            let start = if index == 0 { head.to_owned() } else { " ".repeat(indent) };
            let line = format!("{start}{}", self.paint(paint, line));
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }

    fn paint(&self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::None => return text.to_owned(),
            Paint::Bold => "1",
            Paint::Dim => "2",
            Paint::Bad => "1;31",
        };
        if self.colour && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

fn columns(text: &str) -> usize {
    text.chars().count()
}

/// Breaks a text at spaces so that no line is longer than `room`; a longer word is cut.
fn broken(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    // A percent sign stays with its number.
    for word in text.replace(" %", "\u{a0}%").split(' ') {
        let word = word.replace('\u{a0}', " ");
        let letters: Vec<char> = word.chars().collect();
        // An empty word stays one: two spaces in a row were meant.
        let parts: Vec<String> = if letters.is_empty() {
            vec![String::new()]
        } else {
            letters.chunks(room).map(|part| part.iter().collect()).collect()
        };
        for part in parts {
            let line = lines.last_mut().expect("invariant: there is a line");
            if line.is_empty() {
                line.push_str(&part);
            } else if columns(line) + 1 + columns(&part) <= room {
                line.push(' ');
                line.push_str(&part);
            } else {
                lines.push(part);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_page() {
        let mut page = Page::new(false);
        page.row("label", Paint::Bold, &"word ".repeat(60));
        page.row("a label that is too long", Paint::None, "text");
        page.paragraph(4, Paint::None, &"q".repeat(250));
        let mut table = Table::new(&["name", "a", "b"]);
        table.row(Paint::None, vec!["n".repeat(95), "1".to_owned(), "22".to_owned()]);
        table.row(Paint::None, vec!["short".to_owned(), "1".to_owned(), "22".to_owned()]);
        page.table(&table);
        assert!(page.text.lines().all(|line| columns(line) <= WIDTH), "{}", page.text);
        assert!(page.text.lines().all(|line| line == line.trim_end()), "{}", page.text);
        assert_eq!(page.text.matches('q').count(), 250);
        let last = page.text.lines().last().expect("there are lines");
        assert!(last.starts_with("  short  ") && last.ends_with("  1  22") && columns(last) == WIDTH, "{}", page.text);
    }

    #[test]
    fn colours_are_only_where_they_are_wanted() {
        for (colour, escapes) in [(true, 2), (false, 0)] {
            let mut page = Page::new(colour);
            page.line(Paint::Bad, "\u{1b}[31mred");
            assert_eq!(page.text.matches('\u{1b}').count(), escapes, "a scenario's own escapes never come through");
        }
    }
}
