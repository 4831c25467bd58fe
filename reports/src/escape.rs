//! Text from a scenario made harmless for where it goes: a page, an XML file, Markdown, a terminal.
//!
//! Owns every escape of this crate. Refuses to drop what can be shown: what can't becomes the replacement character.

use std::fmt::{self, Display, Write as _};

/// Text for HTML and XML, elements and quoted attributes alike; characters that XML forbids are replaced.
pub(crate) struct Html<'a>(pub(crate) &'a str);

impl Display for Html<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\t' | '\n' => f.write_char(c)?,
                c if is_unprintable(c) => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Text for one line of Markdown, inside a table too.
pub(crate) struct Markdown<'a>(pub(crate) &'a str);

impl Display for Markdown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => write!(f, "\\{c}")?,
                c if c.is_whitespace() => f.write_char(' ')?,
                c if is_unprintable(c) => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Text for one line of a terminal: no control characters, so no escape sequences of somebody else.
#[must_use]
pub fn terminal(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_whitespace() => plain.push(' '),
            c if is_unprintable(c) => plain.push('\u{fffd}'),
            c => plain.push(c),
        }
    }
    plain
}

/// Control characters, those that turn the direction of the line, and what XML 1.0 does not allow.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_hostile_name_survives() {
        let name = "<b a=\"1\" c='2'>&\u{0}\u{1b}[31m\u{202e}|`x`";
        assert_eq!(
            Html(name).to_string(),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;\u{fffd}\u{fffd}[31m\u{fffd}|`x`"
        );
        assert_eq!(Markdown("a|b\n_c_ <d>").to_string(), "a\\|b \\_c\\_ &lt;d&gt;");
        assert_eq!(terminal("a\u{1b}[2Jb\nc"), "a\u{fffd}[2Jb c");
    }
}
