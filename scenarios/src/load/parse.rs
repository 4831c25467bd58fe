//! YAML text to a tree with positions.
//!
//! Owns what a scenario file may use of YAML: one document of maps, lists and scalars, keys that are text
//! and stand once. Refuses anchors, aliases, tags, merge keys and deep nesting: they make short files explode.

use super::files::{Files, end_of, lines_of};
use super::node::{Entry, Kind, Node, Position, Scalar, Value};
use indexmap::IndexMap;
use indexmap::map::Entry as Slot;
use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};

/// Levels of lists and maps that a file may nest.
pub(crate) const DEEPEST: usize = 64;

/// Parses a text of `files` from byte `from` on; the rest of its first line before that is not YAML.
///
/// Nothing when the text cannot be read as YAML. What can be read is returned, and what is wrong in it is
/// reported beside it, so that all faults are told at once.
pub(crate) fn parse(files: &mut Files, file: usize, from: usize) -> Option<Node> {
    let text = files.text(file).to_owned();
    if let Some((at, message)) = control_character(&text, file) {
        files.findings.report(at, message, "write it as an escape in double quotes, or leave it out");
        return None;
    }
    let columns_before = text[..from].chars().count();
    let mut reader = Reader {
        parser: Parser::new_from_str(&text[from..]),
        lines: lines_of(&text[from..]),
        file,
        columns_before,
        files: &mut *files,
    };
    let document = reader.document()?;
    if document.is_none() {
        let at = Position { file, line: 1, column: columns_before + 1, length: 1 };
        let (message, help) = match (from, text.trim().is_empty()) {
            (0, true) => ("the file is empty", SMALLEST),
            (0, false) => ("the file holds no scenario", SMALLEST),
            _ => ("no value", "write PATH=VALUE, such as `traffic.poisson=40/s`"),
        };
        files.findings.report(at, message, help);
    }
    document
}

const SMALLEST: &str = "the smallest scenario has one of `services`, with one endpoint, and `traffic`";

/// The first character that YAML forbids. The parser would take a NUL for the end of the file.
fn control_character(text: &str, file: usize) -> Option<(Position, String)> {
    let is_forbidden = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    let (offset, c) = text.char_indices().find(|(_, c)| is_forbidden(*c))?;
    let (line, column) = end_of(&text[..offset]);
    let message = format!("control character U+{:04X} at line {line}, column {column}", u32::from(c));
    Some((Position { file, line, column, length: 1 }, message))
}

struct Reader<'a, 'f> {
    parser: Parser<'a, StrInput<'a>>,
    lines: Vec<&'a str>,
    file: usize,
    /// Characters that stand before the text on its first line.
    columns_before: usize,
    files: &'f mut Files,
}

impl<'a> Reader<'a, '_> {
    /// The first document, nothing in the inner place if it is empty; a second one is a fault.
    fn document(&mut self) -> Option<Option<Node>> {
        let mut root = None;
        let mut documents = 0;
        loop {
            let (event, span) = self.event()?;
            match event {
                Event::StreamEnd => return Some(root),
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        let at = self.position(span);
                        let help = "one file holds one scenario; put the second into a file of its own";
                        self.files.findings.report(at, "a second document starts here", help);
                        return None;
                    }
                }
                Event::Nothing | Event::StreamStart | Event::DocumentEnd => {}
                event => {
                    let node = self.node(event, span, 0)?;
                    root = (!(node.is_null() && span.is_empty())).then_some(node);
                }
            }
        }
    }

    fn event(&mut self) -> Option<(Event<'a>, Span)> {
        match self.parser.next_event()? {
            Ok(event) => Some(event),
            Err(error) => {
                let at = self.position(Span::empty(*error.marker()));
                let word = self.word(at, 0);
                if word.starts_with('*') {
                    self.refuse_alias(Position { length: word.chars().count(), ..at }, &word);
                    return None;
                }
                self.files.findings.report(at, format!("not valid YAML: {}", error.info().to_lowercase()), "");
                None
            }
        }
    }

    /// The node that begins with an event. Ends early, with a finding, where the text cannot be read on.
    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Option<Node> {
        let at = self.position(span);
        if depth > DEEPEST {
            let help = "no scenario needs that; is a bracket missing?";
            self.files.findings.report(at, format!("nested deeper than {DEEPEST} levels"), help);
            return None;
        }
        match event {
            Event::Alias(_) => {
                let word = self.word(at, 0);
                self.refuse_alias(at, &word);
                Some(Node { at, value: Value::Scalar(Scalar::plain(String::new())) })
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_properties(anchor, tag.is_some(), at);
                let text = text.into_owned();
                let is_plain = matches!(style, ScalarStyle::Plain);
                let scalar = if is_plain { Scalar::plain(text) } else { Scalar::quoted(text) };
                Some(Node { at, value: Value::Scalar(scalar) })
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_properties(anchor, tag.is_some(), at);
                self.list(at, depth)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_properties(anchor, tag.is_some(), at);
                self.map(at, depth)
            }
            // The parser gives these only where `document`, `list` and `map` take them.
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => {
                self.files.findings.report(at, "not valid YAML: a value is missing", "");
                None
            }
        }
    }

    fn list(&mut self, at: Position, depth: usize) -> Option<Node> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.event()?;
            if event == Event::SequenceEnd {
                return Some(Node { at: Position { length: 1, ..at }, value: Value::List(items) });
            }
            items.push(self.node(event, span, depth + 1)?);
        }
    }

    fn map(&mut self, at: Position, depth: usize) -> Option<Node> {
        let mut map = IndexMap::new();
        let mut first_key = None;
        loop {
            let (event, span) = self.event()?;
            if event == Event::MappingEnd {
                let at = first_key.unwrap_or(Position { length: 1, ..at });
                return Some(Node { at, value: Value::Map(map) });
            }
            let key = self.node(event, span, depth + 1)?;
            let (event, span) = self.event()?;
            let mut node = self.node(event, span, depth + 1)?;
            first_key = first_key.or(Some(key.at));
            if node.is_null() && node.at.length <= 1 {
                // A value left out has no place of its own.
                node.at = key.at;
            }
            let Some(name) = self.key(&key) else { continue };
            match map.entry(name) {
                Slot::Vacant(slot) => {
                    slot.insert(Entry { key_at: key.at, node });
                }
                Slot::Occupied(slot) => {
                    let message = format!("`{}` stands twice in this map", slot.key());
                    let help = format!("the first one is on line {}", slot.get().key_at.line);
                    self.files.findings.report(key.at, message, help);
                }
            }
        }
    }

    /// The text of a key, or a finding.
    fn key(&mut self, key: &Node) -> Option<String> {
        match &key.value {
            Value::Scalar(scalar) if scalar.text == "<<" && scalar.kind == Kind::Text => {
                let help = "take sections of another scenario with `use:`";
                self.files.findings.report(key.at, "merge keys (`<<`) are not allowed", help);
                None
            }
            Value::Scalar(scalar) if scalar.kind == Kind::Text => Some(scalar.text.clone()),
            Value::Scalar(scalar) => {
                let message = format!("a key must be text, `{}` is {}", scalar.text, key.what());
                let help = format!("put it in quotes: \"{}\"", scalar.text);
                self.files.findings.report(key.at, message, help);
                None
            }
            Value::List(_) | Value::Map(_) => {
                let message = format!("a key must be text, not {}", key.what());
                self.files.findings.report(key.at, message, "text that begins with a brace needs quotes");
                None
            }
        }
    }

    fn refuse_alias(&mut self, at: Position, word: &str) {
        let help = "write the value out where it is needed, or share it through `use:` and `set:`";
        self.files.findings.report(at, format!("alias `{word}` is not allowed"), help);
    }

    /// Anchors and tags. The parser gives no place for them, but a node's span begins with them.
    fn refuse_properties(&mut self, anchor: usize, has_tag: bool, at: Position) {
        if (anchor == 0 && !has_tag) || self.files.findings.are_full() {
            return;
        }
        // They come in either order, parted by spaces.
        let first = self.word(at, 0);
        let second_from = first.chars().count() + 1;
        let words = [(0, first), (second_from, self.word(at, second_from))];
        let mut is_told = false;
        for (from, word) in words {
            let at = Position { column: at.column + from, length: word.chars().count(), ..at };
            if word.starts_with('&') {
                let help = "write the value out where it is needed, or share it through `use:` and `set:`";
                self.files.findings.report(at, format!("anchor `{word}` is not allowed"), help);
                is_told = true;
            } else if word.starts_with('!') {
                let help = "a scenario has no types of its own; leave the tag out";
                self.files.findings.report(at, format!("tag `{word}` is not allowed"), help);
                is_told = true;
            }
        }
        if !is_told {
            self.files.findings.report(at, "anchors and tags are not allowed", "write the value out");
        }
    }

    /// The word that begins so many characters after a place.
    fn word(&self, at: Position, from: usize) -> String {
        let line = self.lines.get(at.line - 1).copied().unwrap_or_default();
        let before = if at.line == 1 { self.columns_before } else { 0 };
        let characters = line.chars().skip(at.column - 1 - before + from);
        characters.take_while(|c| !c.is_whitespace() && !matches!(c, ',' | '[' | ']' | '{' | '}')).collect()
    }

    fn position(&self, span: Span) -> Position {
        let before = if span.start.line() == 1 { self.columns_before } else { 0 };
        // What goes on over several lines is cut to its first one when it is shown.
        let length =
            if span.end.line() > span.start.line() { MANY } else { span.end.col().saturating_sub(span.start.col()) };
        Position { file: self.file, line: span.start.line(), column: span.start.col() + 1 + before, length }
    }
}

const MANY: usize = 1 << 20;
