//! The nearest valid name: the one thing that a mistyped name wants to hear.

/// Names that are listed in one help; more are counted.
const LISTED: usize = 25;
/// Names that are compared at most: a scenario of a megabyte may know 50,000, and have as many mistakes.
const COMPARED: usize = 2_000;

/// The known name most like `name`, if any is like it at all.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest_names(name, known, 1).first().copied()
}

/// The known names that are like `name`, the likest first, at most so many.
#[must_use]
pub fn nearest_names<'a>(name: &str, known: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    // A name of a megabyte is like nothing, and the comparison is quadratic.
    if name.len() > 200 {
        return Vec::new();
    }
    let wanted = name.to_lowercase();
    let mut like: Vec<(f64, &str)> = Vec::new();
    for candidate in known.into_iter().take(COMPARED) {
        if candidate.len() > 200 {
            continue;
        }
        let likeness = strsim::normalized_damerau_levenshtein(&wanted, &candidate.to_lowercase());
        if likeness >= 0.5 {
            like.push((likeness, candidate));
        }
    }
    // Of equals the first stays first.
    like.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    like.into_iter().take(most).map(|(_, candidate)| candidate).collect()
}

/// "did you mean `cores`? WHAT: `pods`, `cores`", or what there is to say of it.
pub(crate) fn hint<'a>(name: &str, what: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let list = listed(known.clone());
    match (nearest(name, known), list) {
        (_, None) => format!("there are no {what}"),
        (Some(near), Some(list)) => format!("did you mean `{near}`? {what}: {list}"),
        (None, Some(list)) => format!("{what}: {list}"),
    }
}

/// "`a`, `b`, `c` and 4 more"; nothing when there is none.
pub(crate) fn listed<'a>(known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut names = Vec::new();
    let mut count = 0;
    for name in known {
        count += 1;
        if count <= LISTED {
            names.push(format!("`{name}`"));
        }
    }
    match count {
        0 => None,
        1..=LISTED => Some(names.join(", ")),
        more => Some(format!("{} and {} more", names.join(", "), more - LISTED)),
    }
}
