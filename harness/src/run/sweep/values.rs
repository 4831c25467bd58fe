//! `PATH=V1,V2,...` taken apart, and the name of a value's folder.
//!
//! Owns where one value ends and the next begins: at commas outside brackets and quotes. Refuses to know what a value means.

use crate::failure::Failure;

/// Values of a sweep.
const MOST_VALUES: usize = 100;
/// Characters of a folder's name.
const LONGEST_NAME: usize = 60;

/// The path and its values.
///
/// # Errors
/// The user's mistake: no `=`, brackets that don't match, an empty value, one given twice, too many.
pub(super) fn split(told: &str) -> Result<(String, Vec<String>), Failure> {
    let fault = |message: String, help: &str| Failure::Argument { message, help: help.to_owned() };
    let write = "write PATH=V1,V2,..., such as `--sweep stores.payments.shards=8,16,32`";
    let Some(equals) = outside_quotes(told, '=') else {
        return Err(fault(format!("`--sweep {told}` has no `=`"), write));
    };
    let path = told[..equals].trim().to_owned();
    let Some(values) = values(&told[equals + 1..]) else {
        let message = format!("`--sweep {told}`: a bracket or a quote is not closed, or never opened");
        return Err(fault(message, "a comma within brackets or quotes belongs to its value"));
    };
    for (index, value) in values.iter().enumerate() {
        if value.is_empty() {
            let message = format!("`--sweep {told}`: value {} is empty", index + 1);
            return Err(fault(message, write));
        }
        if values[..index].contains(value) {
            return Err(fault(format!("`--sweep {told}`: the value `{value}` is there twice"), "name each value once"));
        }
    }
    if values.len() > MOST_VALUES {
        let message = format!("`--sweep` has {} values, more than {MOST_VALUES}", values.len());
        return Err(fault(message, "sweep in several parts, each with its own --out"));
    }
    Ok((path, values))
}

fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let mut is_quoted = false;
    for (index, c) in text.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            c if c == wanted && !is_quoted => return Some(index),
            _ => {}
        }
    }
    None
}

/// The values between commas of the outermost level; nothing if brackets or quotes don't match.
fn values(text: &str) -> Option<Vec<String>> {
    let mut list = Vec::new();
    let mut value = String::new();
    let mut open = Vec::new();
    let mut quote = None;
    // A quote opens where a value can begin; within a plain word (`it's`) it is a letter.
    let mut can_begin = true;
    for c in text.chars() {
        if let Some(end) = quote {
            value.push(c);
            if c == end {
                quote = None;
            }
            continue;
        }
        match c {
            '"' | '\'' if can_begin => quote = Some(c),
            '{' => open.push('}'),
            '[' => open.push(']'),
            '}' | ']' if open.pop() != Some(c) => return None,
            ',' if open.is_empty() => {
                list.push(std::mem::take(&mut value).trim().to_owned());
                can_begin = true;
                continue;
            }
            _ => {}
        }
        can_begin = matches!(c, ',' | '{' | '[' | ':') || (can_begin && c == ' ');
        value.push(c);
    }
    list.push(value.trim().to_owned());
    (open.is_empty() && quote.is_none()).then_some(list)
}

/// A folder for a value, by its name: what might mean something to a file system, a shell or a link is `_`, and stands
/// neither at an end nor twice. A name that is taken gets a number.
pub(super) fn folder(value: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut name = String::new();
    for c in value.chars() {
        match c {
            '.' | '-' if !name.is_empty() => name.push(c),
            c if c.is_ascii_alphanumeric() => name.push(c),
            _ if !name.is_empty() && !name.ends_with('_') => name.push('_'),
            _ => {}
        }
        if name.len() == LONGEST_NAME {
            break;
        }
    }
    name.truncate(name.trim_end_matches('_').len());
    if name.is_empty() {
        name.push_str("value");
    }
    if !taken(&name) {
        return name;
    }
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    numbered.into_iter().find(|name| !taken(name)).expect("invariant: a sweep has few values")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split_at(told: &str) -> Vec<String> {
        split(told).expect("it is good").1
    }

    #[test]
    fn values_are_split_at_commas_outside_brackets_and_quotes() {
        assert_eq!(split("a.b=8, 16,32").expect("it is good").0, "a.b");
        assert_eq!(split_at("a.b=8, 16,32"), ["8", "16", "32"]);
        assert_eq!(split_at("t={poisson: 1/s},{closed: {users: 5, think: 1s}}").len(), 2);
        assert_eq!(split_at("l=[1, 2],[3, [4, 5]]"), ["[1, 2]", "[3, [4, 5]]"]);
        assert_eq!(split_at("t=\"a, b\",'c, d',it's,e"), ["\"a, b\"", "'c, d'", "it's", "e"]);
        assert_eq!(split_at("t={a: 'x, {y'},z"), ["{a: 'x, {y'}", "z"]);
        assert_eq!(split("expect.\"a=b\".at_most=1s").expect("it is good").0, "expect.\"a=b\".at_most");
    }

    #[test]
    fn what_cannot_be_split_is_refused_with_its_cause() {
        for (told, cause) in [
            ("a.b", "has no `=`"),
            ("a={b: 1,2", "not closed"),
            ("a=1],2", "never opened"),
            ("a=\"x,2", "not closed"),
            ("a=1,,2", "value 2 is empty"),
            ("a=", "value 1 is empty"),
            ("a=1,2,1", "`1` is there twice"),
        ] {
            let failure = split(told).expect_err(told);
            assert!(failure.to_string().contains(cause), "{told}: {failure}");
            assert_eq!(failure.exit_code(), 78);
        }
        let many: Vec<String> = (0..101).map(|value| value.to_string()).collect();
        assert!(split(&format!("a={}", many.join(","))).expect_err("too many").to_string().contains("101 values"));
    }

    #[test]
    fn a_folder_is_named_after_its_value_and_stays_below() {
        let free = |_: &str| false;
        assert_eq!(folder("16", free), "16");
        assert_eq!(folder("2.5ms", free), "2.5ms");
        assert_eq!(folder("25%", free), "25");
        assert_eq!(folder("../../etc", free), "etc");
        assert_eq!(folder("{poisson: 1/s}", free), "poisson_1_s");
        assert_eq!(folder("..", free), "value");
        assert_eq!(folder("-1", free), "1");
        assert_eq!(folder("a b", |name| name == "a_b"), "a_b-2");
        assert_eq!(folder(&"x".repeat(300), free).len(), LONGEST_NAME);
    }
}
