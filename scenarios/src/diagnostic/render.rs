//! How a diagnostic looks on a terminal without colour.
//!
//! Owns the frame, the caret and the cutting of long lines. A caret must stand under its character
//! whatever stands before it: tabs, wide characters, characters that a terminal would obey.

use super::Diagnostic;
use std::fmt::{self, Write as _};

/// Columns of source text that are shown; longer lines are cut around the caret.
const COLUMNS: usize = 120;
/// Columns before the caret that are kept when a line is cut.
const BEFORE: usize = 50;
const CUT: &str = "...";
const TAB: &str = "    ";

pub(super) fn render(diagnostic: &Diagnostic, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "error: {}", one_line(&diagnostic.message))?;
    let file = one_line(&diagnostic.file);
    let width = if diagnostic.line == 0 { 1 } else { diagnostic.line.to_string().len() };
    let gutter = " ".repeat(width);
    if diagnostic.line == 0 {
        writeln!(f, "{gutter} --> {file}")?;
    } else {
        writeln!(f, "{gutter} --> {file}:{}:{}", diagnostic.line, diagnostic.column)?;
        let (text, indent, carets) = excerpt(diagnostic);
        writeln!(f, " {gutter} |")?;
        writeln!(f, "{}", format!(" {} | {text}", diagnostic.line).trim_end())?;
        writeln!(f, " {gutter} | {}{}", " ".repeat(indent), "^".repeat(carets))?;
    }
    if let Some(help) = &diagnostic.help {
        writeln!(f, " {gutter} = help: {}", one_line(help))?;
    }
    Ok(())
}

/// A character as it is shown, with the columns it takes.
struct Glyph {
    text: String,
    columns: usize,
}

/// The shown part of the source line, the columns before the caret, and the carets.
fn excerpt(diagnostic: &Diagnostic) -> (String, usize, usize) {
    // Only the part around the caret is looked at: a line may have a million characters.
    let skipped = (diagnostic.column - 1).saturating_sub(COLUMNS);
    let glyphs: Vec<Glyph> = diagnostic.source_line.chars().skip(skipped).take(3 * COLUMNS).map(glyph).collect();
    let first = (diagnostic.column - 1 - skipped).min(glyphs.len());
    let last = first.saturating_add(diagnostic.length).min(glyphs.len());
    let is_cut = skipped > 0 || glyphs.iter().map(|glyph| glyph.columns).sum::<usize>() > COLUMNS;

    let mut start = 0;
    let mut text = String::new();
    if is_cut {
        // Back from the caret until enough context stands before it.
        start = first;
        let mut columns = 0;
        while start > 0 && columns + glyphs[start - 1].columns <= BEFORE {
            start -= 1;
            columns += glyphs[start].columns;
        }
        if start + skipped > 0 {
            text.push_str(CUT);
        }
    }
    let mut columns = text.len();
    let (mut indent, mut carets) = (columns, 0);
    for (index, glyph) in glyphs.iter().enumerate().skip(start) {
        if is_cut && columns + glyph.columns > COLUMNS - CUT.len() {
            text.push_str(CUT);
            break;
        }
        text.push_str(&glyph.text);
        columns += glyph.columns;
        if index < first {
            indent = columns;
        } else if index < last {
            carets += glyph.columns;
        }
    }
    (text, indent, carets.max(1))
}

fn glyph(c: char) -> Glyph {
    match c {
        '\t' => Glyph { text: TAB.to_owned(), columns: TAB.len() },
        c if must_not_reach_a_terminal(c) => Glyph { text: "\u{fffd}".to_owned(), columns: 1 },
        c => Glyph { text: c.to_string(), columns: columns(c) },
    }
}

/// Control characters, and those that turn the direction of writing: they would show another text than there is.
fn must_not_reach_a_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Columns of a terminal that a character takes: the blocks of Unicode's East Asian Width "W" and "F", the
/// emoji, and marks that join the character before them. Coarse at the edges of blocks, where nobody writes.
fn columns(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Text that a file may have put into a message, kept on its line and harmless.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 1_000;
    let mut out = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == LONGEST {
            out.push_str(CUT);
            break;
        }
        match c {
            '\n' | '\t' => out.push(' '),
            c if must_not_reach_a_terminal(c) => out.push('\u{fffd}'),
            c => {
                let _ = out.write_char(c);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::Diagnostic;

    fn shown(source_line: &str, column: usize, length: usize) -> (String, String) {
        let diagnostic = Diagnostic {
            file: "my.yaml".to_owned(),
            line: 7,
            column,
            length,
            source_line: source_line.into(),
            message: "wrong".to_owned(),
            help: None,
        };
        let text = diagnostic.to_string();
        let lines: Vec<&str> = text.lines().collect();
        (lines[3].to_owned(), lines[4].to_owned())
    }

    #[test]
    fn carets_stand_under_their_characters() {
        assert_eq!(shown("    cors: 4", 5, 4), (" 7 |     cors: 4".to_owned(), "   |     ^^^^".to_owned()));
        assert_eq!(shown("\ta: b", 5, 1), (" 7 |     a: b".to_owned(), "   |        ^".to_owned()));
        assert_eq!(shown("商品: b", 5, 1), (" 7 | 商品: b".to_owned(), "   |       ^".to_owned()));
        assert_eq!(shown("商品", 1, 2).1, "   | ^^^^");
        // One past the end, and an empty line.
        assert_eq!(shown("ab", 3, 1).1, "   |   ^");
        assert_eq!(shown("", 1, 1), (" 7 |".to_owned(), "   | ^".to_owned()));
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        let long = format!("{}wrong{}", "a".repeat(1_000_000), "b".repeat(1_000_000));
        for column in [1, 30, 119, 121, 1_000, 1_000_001, 1_999_990, 2_000_005] {
            let (text, carets) = shown(&long, column, 5);
            let columns = |line: &str| line.chars().count() - " 7 | ".len();
            assert!(columns(&text) <= 120, "{column}: {text}");
            assert!(columns(&carets) <= 120, "{column}");
            let shown: String =
                text.chars().zip(carets.chars()).filter(|(_, caret)| *caret == '^').map(|(c, _)| c).collect();
            let meant: String = long.chars().skip(column - 1).take(5).collect();
            assert_eq!(shown, meant, "{column}");
        }
    }

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_obey() {
        let (text, _) = shown("a\u{1b}[2Jb\u{202e}c", 1, 1);
        assert_eq!(text, " 7 | a\u{fffd}[2Jb\u{fffd}c");
    }
}
