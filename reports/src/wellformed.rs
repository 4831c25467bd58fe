//! A small check for tests: every element is closed, in order; every attribute is quoted; no stray `&`, `<` or control.
//!
//! Owns as much of XML as this crate writes. Refuses everything else, so it knows no CDATA and no DTD but a doctype.

/// Elements of HTML that have no end.
const VOID: &[&str] = &["meta", "link", "br", "wbr"];

/// Panics with the place if the text is not well formed.
pub(crate) fn assert_well_formed(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        check_text(&rest[..start], &open);
        let tag = &rest[start + 1..];
        let end = end_of_tag(tag);
        let inside = &tag[..end];
        rest = &tag[end + 1..];
        if inside.starts_with('?') || inside.starts_with('!') {
            continue;
        }
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "`</{name}>` closes something else");
            continue;
        }
        let name = inside.split([' ', '\n', '/']).next().unwrap_or_default();
        assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()), "`<{inside}>` is no tag");
        check_attributes(inside);
        if name == "style" {
            // Its text is not ours to check.
            let close = rest.find("</style>").expect("a style is closed");
            rest = &rest[close + "</style>".len()..];
        } else if !inside.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    check_text(rest, &open);
    assert!(open.is_empty(), "still open: {open:?}");
}

/// Where a tag ends, not counting what stands in quotes.
fn end_of_tag(tag: &str) -> usize {
    let mut quoted = false;
    for (index, c) in tag.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return index,
            _ => {}
        }
    }
    panic!("`<{}` has no end", &tag[..tag.len().min(60)]);
}

fn check_attributes(inside: &str) {
    let parts: Vec<&str> = inside.split('"').collect();
    assert!(parts.len() % 2 == 1, "`<{inside}>` has an open quote");
    for (index, part) in parts.iter().enumerate() {
        if index % 2 == 1 {
            check_text(part, &[]);
        } else {
            assert!(!part.contains(['\'', '&', '<']), "`<{inside}>` has a stray character");
        }
    }
}

fn check_text(text: &str, open: &[&str]) {
    for (index, _) in text.match_indices('&') {
        let entity = text[index..].split(';').next().unwrap_or_default();
        let known = ["&amp", "&lt", "&gt", "&quot"];
        let numbered =
            entity.strip_prefix("&#").is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()));
        assert!(numbered || known.contains(&entity), "stray & in {open:?}: {}", &text[index..]);
    }
    assert!(!text.contains(['<', '>']), "stray < or > in {open:?}: {text}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "control character in {open:?}");
}

#[test]
fn it_finds_what_it_is_for() {
    assert_well_formed("<?xml?><a b=\"1 &gt; &lt;\"><c/>&amp;<br></a>");
    for bad in ["<a>", "<a></b>", "<a b=\"1></a>", "<a>&</a>", "<a>\u{1}</a>", "a > b", "<a b='1'></a>"] {
        assert!(std::panic::catch_unwind(|| assert_well_formed(bad)).is_err(), "{bad}");
    }
}
