//! Pods: dying, cores that are taken, pauses, wrong clocks, bad releases.

use super::*;
use crate::faults::Command;

/// A request every 10, over four pods in turn; each asks something that takes 100.
const FOUR: &str = r"
services:
  shop: {pods: 4, endpoints: {serve: {do: [{call: {endpoint: back.work}}]}}}
  back: {endpoints: {work: {do: [{wait: <100>}]}}}
journeys: {ask: {weight: 1, steps: [{request: shop.serve}]}}
traffic: {constant: 97.65625/s}
";

/// *Scenario* One of four pods dies at 1,005 and leaves the rotation at 2,005; it comes back at 3,005.
/// *Guarantees* What it had in hand ends as unavailable at once; of the 100 requests until it leaves 25 fail, without spans; then
/// none; and when it lives again and is asked again, it serves its quarter.
#[test]
fn a_dead_pod_fails_its_share_until_it_leaves_the_rotation() {
    let plan = plan(FOUR);
    let mut cell = cell(&plan);
    cell.play(1_005 * UNIT).expect("a small shop holds little");
    seen(&mut cell);
    let in_hand = u64::from(cell.pods[1].in_flight.level);
    assert!((2..=3).contains(&in_hand), "{in_hand}");
    cell.apply(&Command::Crash { service: 0, pods: vec![1] });
    assert_eq!(cell.pods[1].in_flight.level, 0);
    let slice = seen(&mut cell);
    assert_eq!(ended(&plan, &slice, "serve", Outcome::Unavailable), in_hand);
    assert_eq!(slice.pods[0], (4, 3));
    cell.play(2_005 * UNIT).expect("a small shop holds little");
    assert_eq!(ended(&plan, &seen(&mut cell), "serve", Outcome::Unavailable), 25);
    cell.apply(&Command::Rotation { service: 0, out: vec![1], into: Vec::new(), retires: false });
    cell.play(3_005 * UNIT).expect("a small shop holds little");
    assert_eq!(ended(&plan, &seen(&mut cell), "serve", Outcome::Unavailable), 0);
    let before = cell.pods[1].workers.served;
    cell.apply(&Command::Restart { service: 0, pods: vec![1] });
    cell.apply(&Command::Rotation { service: 0, out: Vec::new(), into: vec![1], retires: false });
    cell.play(4_005 * UNIT).expect("a small shop holds little");
    assert_eq!(ended(&plan, &seen(&mut cell), "serve", Outcome::Unavailable), 0);
    assert_eq!(cell.pods[1].workers.served - before, 25);
    cell.drain().expect("a small shop holds little");
    assert_eq!(cell.leftovers(), Vec::<String>::new());
    let dead = 1_005 * UNIT..3_005 * UNIT;
    let ends = cell.consumer.records().into_iter().filter(|record| record.pod == 1);
    assert!(ends.into_iter().all(|record| !dead.contains(&(record.start + u64::from(record.duration)))));
}

/// *Scenario* Two cores; a request every 10 that computes 8, then 12; a hog takes one core for 1,200.
/// *Guarantees* What is left is used twice as much: 80 % for 40 %; the hog counts as busy. At 120 % of what is left the queue grows by
/// 1/10 - 1/12 = 1/60, to 20, and falls by 2/12 - 1/10 = 1/15 when the core is back.
#[test]
fn a_hog_of_half_the_cores_doubles_what_is_used_of_the_rest() {
    let shop = |work: u32| {
        plan(&format!(
            "services: {{shop: {{cores: 2, endpoints: {{serve: {{do: [{{compute: <{work}>}}]}}}}}}}}\ntraffic: {{constant: 97.65625/s}}\n"
        ))
    };
    let hog = |cores| Command::Hog { service: 0, pods: vec![0], cores };
    let light = shop(8);
    let mut cell = cell(&light);
    cell.play(1_000 * UNIT).expect("a small shop holds little");
    let used = |cell: &mut Cell<'_, Stream>| busy_units(&light, &seen(cell), StationId::Cores(0)) / 1_000.0;
    assert!((used(&mut cell) - 0.8).abs() < 0.01);
    cell.apply(&hog(1));
    cell.play(2_000 * UNIT).expect("a small shop holds little");
    let totals_of_hog = totals(&light, &seen(&mut cell), StationId::Cores(0));
    assert!((totals_of_hog.busy_ticks as f64 / UNIT as f64 / 1_000.0 - (0.8 + 1.0)).abs() < 0.01);
    assert_eq!(totals_of_hog.wait_ticks, 0, "8 every 10 fit one core");

    let heavy = shop(12);
    let mut cell = super::cell(&heavy);
    cell.play(1_005 * UNIT).expect("a small shop holds little");
    cell.apply(&hog(1));
    cell.play(2_205 * UNIT).expect("a small shop holds little");
    let waiting = totals(&heavy, &seen(&mut cell), StationId::Cores(0)).waiting_now;
    assert!((19..=21).contains(&waiting), "{waiting}");
    cell.apply(&hog(0));
    cell.play(2_355 * UNIT).expect("a small shop holds little");
    let waiting = totals(&heavy, &seen(&mut cell), StationId::Cores(0)).waiting_now;
    assert!((9..=11).contains(&waiting), "{waiting}");
    cell.play(2_600 * UNIT).expect("a small shop holds little");
    assert_eq!(totals(&heavy, &seen(&mut cell), StationId::Cores(0)).waiting_now, 0);
    cell.apply(&hog(2));
    cell.play(2_700 * UNIT).expect("a small shop holds little");
    cell.drain().expect("a small shop holds little");
    assert_eq!(cell.leftovers(), Vec::<String>::new(), "a hog of everything to the end of the run is no bug");
}

/// *Scenario* Four users ask at one moment for 8 of work, of two cores and of one.
/// *Guarantees* Waits of 0, 0, 8, 8, then of 0, 8, 16, 24.
#[test]
fn a_hog_makes_the_queue_of_fewer_cores() {
    let plan = plan(
        "services: {shop: {cores: 2, endpoints: {serve: {do: [{compute: <8>}]}}}}\ntraffic: {closed: {users: 4, think: <1000>}}\n",
    );
    for (cores, waits) in [(0, 16.0), (1, 48.0)] {
        let mut cell = cell(&plan);
        cell.play(500 * UNIT).expect("a small shop holds little");
        cell.apply(&Command::Hog { service: 0, pods: vec![0], cores });
        cell.play(1_500 * UNIT).expect("a small shop holds little");
        close(totals(&plan, &seen(&mut cell), StationId::Cores(0)).wait_ticks as f64 / UNIT as f64, waits);
    }
}

/// *Scenario* A pod stops for 20 of every 100; a request every 10 needs 1 of one of its many cores.
/// *Guarantees* Two of ten requests arrive in a pause: they wait for its end, 20 - x and 10 - x for the first one's x; the
/// others take 1. Pauses are counted where they begin.
#[test]
fn a_fifth_of_the_requests_arrives_in_pauses_of_a_fifth() {
    let plan = plan(
        "services: {shop: {cores: 16, endpoints: {serve: {do: [{compute: <1>}]}}}}\ntraffic: {constant: 97.65625/s}\n",
    );
    let mut cell = cell(&plan);
    let pauses = |pause| Command::Pauses { service: 0, pods: vec![0], pause, every: 100 * UNIT };
    cell.apply(&pauses(20 * UNIT));
    cell.play(10_105 * UNIT).expect("a small shop holds little");
    let paused = seen(&mut cell).paused_ticks[0];
    assert!((100..=101).contains(&(paused / (20 * UNIT))) && paused.is_multiple_of(20 * UNIT));
    cell.apply(&pauses(0));
    cell.play(20_105 * UNIT).expect("a small shop holds little");
    cell.drain().expect("a small shop holds little");
    let records = cell.consumer.records();
    let longer: Vec<u64> =
        records.iter().map(|record| u64::from(record.duration) - UNIT).filter(|longer| *longer > 0).collect();
    assert!((200..=202).contains(&longer.len()), "{}", longer.len());
    // The two of a pause are 10 apart, whatever its phase.
    let pairs: Vec<u64> = longer.windows(2).map(|two| two[0].abs_diff(two[1])).collect();
    assert!(pairs.iter().all(|apart| apart.abs_diff(10 * UNIT) <= 2), "{pairs:?}");
    assert!(longer.iter().all(|wait| *wait <= 20 * UNIT));
}

/// *Scenario* One of two pods has a clock that is 500 ahead, then 300 behind, then right.
/// *Guarantees* The stream is that of right clocks, but for the starts of what ended at that pod meanwhile: they are moved by as much.
#[test]
fn a_wrong_clock_moves_starts_and_nothing_else() {
    let plan = plan(
        "services:\n  shop: {pods: 2, endpoints: {serve: {do: [{compute: <3>}, {call: {endpoint: back.work}}]}}}\n  \
         back: {endpoints: {work: {do: [{compute: <2>}]}}}\n\
         journeys: {ask: {weight: 1, steps: [{request: shop.serve}]}}\ntraffic: {constant: 97.65625/s}\n",
    );
    let records = |skews: [i64; 2]| {
        let mut cell = cell(&plan);
        for (upto, skew) in [(1_000, 0), (2_000, skews[0]), (3_000, skews[1]), (4_000, 0)] {
            cell.apply(&Command::Skew { service: 0, pods: vec![1], ticks: skew });
            cell.play(upto * UNIT).expect("a small shop holds little");
        }
        cell.drain().expect("a small shop holds little");
        cell.consumer.as_exported()
    };
    let (right, wrong) = (records([0, 0]), records([500 * UNIT as i64, -300 * UNIT as i64]));
    assert_eq!(right.len(), wrong.len());
    let mut moved = 0;
    for (right, wrong) in right.iter().zip(&wrong) {
        let end = right.start + u64::from(right.duration);
        let by = match end / UNIT {
            1_000..2_000 if right.pod == 1 => 500 * UNIT as i64,
            2_000..3_000 if right.pod == 1 => -300 * UNIT as i64,
            _ => 0,
        };
        moved += u32::from(by != 0);
        assert_eq!(right.start.checked_add_signed(by), Some(wrong.start));
        assert_eq!(*right, doorbuster_telemetry::record::SpanRecord { start: right.start, ..*wrong });
    }
    assert!((195..=205).contains(&moved), "two spans of each request of one pod: {moved}");
}

/// *Scenario* Two of four pods are replaced by a version that fails 30 % and computes three times as long; then it is taken back.
/// *Guarantees* Half times 30 % of the requests fail, within three standard deviations; half of them take 3, half 1; then none fails.
#[test]
fn a_bad_release_fails_its_pods_share_of_its_errors() {
    let plan = plan(
        "services: {shop: {pods: 4, endpoints: {serve: {do: [{compute: <1>}]}}}}\n\
         faults: {bad: {change: {bad_release: {service: shop, version: 1.0.1, pods: 50%, errors: 30%, slower: 3}}, at: 61s, until: 62s}}\n\
         traffic: {constant: 976.5625/s}\n",
    );
    assert_eq!(plan.services[0].releases[0].pods, 2);
    let (old, new) = (vec![0, 1], vec![4, 5]);
    let mut cell = cell(&plan);
    cell.play(1_000 * UNIT).expect("a small shop holds little");
    seen(&mut cell);
    cell.apply(&Command::Defect { service: 0, pods: new.clone(), slower: 3 << 16, errors: threshold(0.3) });
    cell.apply(&Command::Rotation { service: 0, out: old.clone(), into: new.clone(), retires: true });
    cell.play(11_000 * UNIT).expect("a small shop holds little");
    let slice = seen(&mut cell);
    assert_eq!(slice.pods[0], (4, 4), "the new ones take the place of the old ones");
    let failed = ended(&plan, &slice, "serve", Outcome::Error) as f64 / 10_000.0;
    assert!((failed - 0.15).abs() < 3.0 * (0.15_f64 * 0.85 / 10_000.0).sqrt(), "{failed}");
    let mean = latency_units(&plan, &slice, "serve") / 10_000.0;
    assert!((mean - 2.0).abs() < 0.01, "{mean}");
    cell.apply(&Command::Rotation { service: 0, out: new, into: old, retires: true });
    cell.play(12_000 * UNIT).expect("a small shop holds little");
    // Those that were on a core of the new ones end there.
    assert!(ended(&plan, &seen(&mut cell), "serve", Outcome::Error) <= 2);
}
