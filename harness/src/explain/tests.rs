//! Names of every kind, and names of none.

use super::*;

fn explained(name: &str) -> String {
    told(name, false).unwrap_or_else(|failure| panic!("{name}: {failure}"))
}

/// *Scenario* one name of each kind.
///
/// *Guarantees* what it means, its unit, its place; for a fault, what moves; for a verdict, who expects it and why.
#[test]
fn a_name_of_every_kind_is_explained() {
    for (name, words) in [
        (
            "payment-index-loss",
            &[
                "in which something breaks",
                "Weekday, 14:30",
                "schema change that was half finished",
                "case study 9.1, step 1",
            ][..],
        ),
        ("shop", &["has no traffic of its own", "`use: shop`"]),
        (
            "lost_index",
            &["An index is gone", "faults.NAME.change.lost_index", "missing_index", "shards", "100% when left out"],
        ),
        ("rebuild_index", &["remedies.NAME.action.rebuild_index", "build_rate"]),
        ("compute", &["Work on a core", "services.NAME.endpoints.NAME.do.N.compute"]),
        ("log_normal", &["one of several kinds", "a number"]),
        ("two_random", &["less busy of two", "services.NAME.balancer"]),
        ("failure_ratio", &["Failed requests over all requests", "remedies.NAME.until.metric"]),
        (
            "detection.alert",
            &[
                "a verdict, a time",
                "From injection to the rule firing",
                "payment-index-loss: at most 1 min, a target (case study 9.1",
            ],
        ),
        ("incident.success.during", &["a verdict, a share", "65 % to 75 %"]),
        ("99", &["an exit code", "unexpected pass"]),
        ("missing_index", &["a kind of cause", "timeline.cause.kind", "rows"]),
        ("acquire_timeout", &["Longest wait for a connection", "a time such as 250ms"]),
        ("mean_wait_s", &["in a result", "stations.N.mean_wait_s"]),
    ] {
        let text = explained(name);
        for word in words {
            assert!(
                text.replace('\n', " ").split_whitespace().collect::<Vec<_>>().join(" ").contains(word),
                "`{word}` is not told:\n{text}"
            );
        }
    }
}

/// *Scenario* every name that there is.
///
/// *Guarantees* each is explained, within the page's width; the shop's own lines stand as they are written.
#[test]
fn every_name_is_explained() {
    let book = Book::open();
    assert!(book.names().len() > 150, "only {} names", book.names().len());
    for name in book.names() {
        let text = explained(name);
        let is_verbatim = book.shop.iter().any(|part| part == name);
        let fits = text.lines().all(|line| line.chars().count() <= crate::page::WIDTH);
        assert!(is_verbatim || fits, "{text}");
    }
}

/// *Scenario* a name with a slip, and one that is like nothing.
///
/// *Guarantees* exit code 78; the nearest names, the likest first; a way to all of them.
#[test]
fn an_unknown_name_hears_the_nearest() {
    let failure = told("detection.alrt", false).unwrap_err();
    assert_eq!(failure.exit_code(), 78);
    let text = failure.to_string();
    assert!(text.contains("by the name `detection.alrt`") && text.contains("did you mean `detection.alert`"), "{text}");
    let text = told("lost_idx", false).unwrap_err().to_string();
    assert!(text.contains("`lost_index`"), "{text}");
    let text = told("zzzzzzzzzzzzzzzzzzzzzzzz", false).unwrap_err().to_string();
    assert!(text.contains("`doorbuster list` has names"), "{text}");
}
