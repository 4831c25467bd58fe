//! What was played, in a line, and how to play it again or otherwise.
//!
//! Owns the wording of the scale and the suggested `--set`. Refuses to suggest a path that the scenario doesn't have.

use crate::format::{count, duration, rate};
use crate::result::{RunResult, Scale};
use crate::run::RunInfo;

/// What was played and at which scale: `24 min at 60k requests/s, 2 of 10 cells, scaled x5`.
pub(crate) fn scale_text(scale: &Scale) -> String {
    let mut text = duration(f64::from(scale.virtual_s));
    // A run that was ended within its warm-up has no rate.
    if scale.requests_per_s > 0.0 {
        text.push_str(&format!(" at {}", rate(scale.requests_per_s).replace("/s", " requests/s")));
    }
    if scale.cells_played < scale.cells_fleet {
        text.push_str(&format!(", {} of {} cells", scale.cells_played, scale.cells_fleet));
        if scale.factor.is_finite() {
            text.push_str(&format!(", scaled x{}", crate::format::short(scale.factor)));
        }
    } else if scale.cells_fleet > 1 {
        text.push_str(&format!(", all {} cells", count(f64::from(scale.cells_fleet))));
    }
    text
}

/// The command that plays the run again.
pub(crate) fn command(result: &RunResult, run: &RunInfo) -> String {
    if run.command.is_empty() {
        return format!("doorbuster run {} --seed {}", quoted(&result.scenario), result.seed);
    }
    run.command.clone()
}

/// The command with one thing changed, such as a fault at half its intensity or twice the traffic. A run against a
/// baseline has its own question.
pub(crate) fn variation(result: &RunResult, run: &RunInfo) -> Option<String> {
    if result.comparison.is_some() {
        return None;
    }
    let set = fault_at_half(result).or_else(|| twice_the_traffic(result))?;
    Some(format!("{} --set {}", command(result, run), quoted(&set)))
}

fn fault_at_half(result: &RunResult) -> Option<String> {
    let name = result.resolved.get("faults")?.as_object()?.keys().next()?;
    // A path is split at its dots.
    (!name.contains('.')).then(|| format!("faults.{name}.intensity=50%"))
}

fn twice_the_traffic(result: &RunResult) -> Option<String> {
    let traffic = result.resolved.get("traffic")?.as_object()?;
    for kind in ["poisson", "constant"] {
        let Some(text) = traffic.get(kind).and_then(serde_json::Value::as_str) else { continue };
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = text[..end].parse().ok()?;
        return Some(format!("traffic.{kind}={}{}", number * 2.0, &text[end..]));
    }
    None
}

/// A word for a shell, in quotes where it needs them.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=%:,+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    #[test]
    fn the_scale_is_labelled_where_it_is_scaled() {
        let mut scale = examples::incident().scale;
        assert_eq!(scale_text(&scale), "24 min at 60k requests/s, 2 of 10 cells, scaled x5");
        scale.cells_played = 10;
        assert_eq!(scale_text(&scale), "24 min at 60k requests/s, all 10 cells");
        scale.cells_fleet = 1;
        scale.cells_played = 1;
        assert_eq!(scale_text(&scale), "24 min at 60k requests/s");
    }

    #[test]
    fn a_variation_names_a_path_that_is_there() {
        let run = examples::run_info();
        let told = variation(&examples::incident(), &run);
        assert_eq!(
            told.as_deref(),
            Some("doorbuster run payment-index-loss --seed 1 --set faults.index-lost.intensity=50%")
        );
        let told = variation(&examples::quiet_day(), &run).expect("a quiet day has traffic");
        assert!(told.ends_with(" --set traffic.poisson=120k/s"), "{told}");
        assert_eq!(variation(&examples::empty(), &run), None);
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
