//! Draws that must never change silently: every fingerprint of every run depends on them.

mod laws;

use doorbuster_model::draws::Table;
use doorbuster_model::key::Key;
use doorbuster_scenarios::types::Draw;
use doorbuster_scenarios::units::Time;

/// Scenario: eight draws from each distribution of the list, among them two from deep in the tail.
/// Guarantees: they are the ticks that were written down, on every platform and in every build.
#[test]
fn draws_are_as_they_were() {
    let everyday = [(0, "zero"), (700_000, "a constant between ticks"), (5_000_000_000, "a long constant")]
        .map(|(ns, name)| (name.to_owned(), Draw::Fixed(Time { ns })));
    let short = [laws::log_normal(1.0, Time { ns: 150_000 }), laws::log_normal_p99(0.6, Time { ns: 20_000_000 })];
    let cases = laws::shapes().into_iter().chain(short).map(|case| (case.name, case.draw));
    let mut lines = String::new();
    for (name, draw) in everyday.into_iter().chain(cases) {
        let table = Table::build(&draw);
        let key = Key::of_seed(9);
        let bits = (0..6).map(|i| key.child(1, i).bits(2)).chain([0xff80_1234_5678_9abc, 0xffff_ff00_8765_4321]);
        let drawn: Vec<String> = bits.map(|bits| table.ticks(bits).to_string()).collect();
        lines += &format!("{name}: {}\n", drawn.join(" "));
    }
    assert!(lines == include_str!("draws_golden.txt"), "now:\n{lines}");
}
