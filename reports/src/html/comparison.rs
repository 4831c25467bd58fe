//! The page's section on the baseline: the configuration that differs, then verdicts and figures, worse ones first.
//!
//! Owns that section, which is there only where a baseline was. Refuses to hide how much was compared.

use super::{note, open_section};
use crate::comparison::{
    Comparison, Figure, Judgement, chance_text, change_text, figure_name, figure_values, headline, interval_text,
    judgement_word, none_changed, verdict_states,
};
use crate::escape::Html;
use crate::format::count;
use crate::result::RunResult;

/// Figures that are told at once; the others unfold.
const FIRST_FIGURES: usize = 10;

/// The section, where the run was compared.
pub(super) fn section(html: &mut String, result: &RunResult) {
    let Some(told) = &result.comparison else { return };
    open_section(html, "baseline", "Against the baseline");
    note(html, &format!("{}.", headline(told)));
    if told.nothing_differs() {
        html.push_str("</section>\n");
        return;
    }
    configuration(html, told);
    verdicts(html, told);
    figures(html, told);
    let windows = "The window run holds the others, so that one change can be told twice.";
    note(html, &format!("{} {windows}", chance_text(told, result.seed)));
    for line in &told.unmatched {
        note(html, line);
    }
    html.push_str("</section>\n");
}

fn configuration(html: &mut String, told: &Comparison) {
    html.push_str("<h3 id=\"baseline-configuration\">Configuration</h3>\n");
    if told.configuration.is_empty() {
        note(html, &format!("{}.", none_changed(told)));
        return;
    }
    open_table(html, "baseline-configuration", &[("Path", ""), ("Baseline", ""), ("This run", "")]);
    for setting in &told.configuration {
        let value = |value: &Option<String>| match value {
            Some(text) => format!("<code>{}</code>", Html(text)),
            None => "not there".to_owned(),
        };
        let path = Html(&setting.path).to_string().replace('.', ".<wbr>");
        html.push_str(&format!(
            "<tr><th scope=\"row\"><code>{path}</code></th><td>{}</td><td>{}</td></tr>\n",
            value(&setting.baseline),
            value(&setting.here)
        ));
    }
    html.push_str("</tbody>\n</table></div>\n");
    if told.configuration_left_out > 0 {
        note(html, &format!("{} more are not listed.", count(told.configuration_left_out as f64)));
    }
}

fn verdicts(html: &mut String, told: &Comparison) {
    if told.verdicts.is_empty() {
        return;
    }
    html.push_str("<h3 id=\"baseline-verdicts\">Verdicts that changed</h3>\n");
    open_table(html, "baseline-verdicts", &[("Verdict", ""), ("", ""), ("Baseline", ""), ("This run", "")]);
    for change in &told.verdicts {
        let [old, new] = verdict_states(change);
        html.push_str(&format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{old}</td><td>{new}</td></tr>\n",
            Html(&change.id).to_string().replace('.', ".<wbr>"),
            chip(change.judgement),
        ));
    }
    html.push_str("</tbody>\n</table></div>\n");
}

fn figures(html: &mut String, told: &Comparison) {
    html.push_str("<h3 id=\"baseline-figures\">Figures that differ</h3>\n");
    if told.figures.is_empty() {
        note(html, "None beyond the tolerance and chance.");
        return;
    }
    let (first, others) = told.figures.split_at(told.figures.len().min(FIRST_FIGURES));
    figure_table(html, first);
    if !others.is_empty() {
        html.push_str(&format!("<details><summary>{} more</summary>\n", count(others.len() as f64)));
        figure_table(html, others);
        html.push_str("</details>\n");
    }
    if told.figures_left_out > 0 {
        note(html, &format!("{} more are not listed.", count(told.figures_left_out as f64)));
    }
}

fn figure_table(html: &mut String, figures: &[Figure]) {
    let columns = [
        ("Endpoint", ""),
        ("", ""),
        ("Window", ""),
        ("Figure", ""),
        ("Baseline", "num"),
        ("This run", "num"),
        ("Change", "num"),
        ("99 % interval", "num"),
    ];
    open_table(html, "baseline-figures", &columns);
    for figure in figures {
        figure_row(html, figure);
    }
    html.push_str("</tbody>\n</table></div>\n");
}

fn figure_row(html: &mut String, figure: &Figure) {
    let [old, new] = figure_values(figure);
    let name = format!("{}.{}", figure.service, figure.endpoint);
    let samples = figure.samples.map(|samples| count(samples as f64));
    html.push_str(&format!(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td>",
        Html(&name),
        chip(figure.judgement),
        Html(&figure.window),
        Html(&figure_name(figure)),
    ));
    html.push_str(&format!(
        "<td class=\"num\">{old}</td><td class=\"num value\">{new}</td><td class=\"num\">{}</td>\
         <td class=\"num small\" title=\"of {} and {} attempts\">{}</td></tr>\n",
        change_text(figure),
        samples[0],
        samples[1],
        interval_text(figure)
    ));
}

fn open_table(html: &mut String, label: &str, columns: &[(&str, &str)]) {
    html.push_str(&format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"{label}\"><table>\n<thead><tr>"
    ));
    for (name, class) in columns {
        html.push_str(&format!("<th scope=\"col\" class=\"{class}\">{name}</th>"));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
}

fn chip(judgement: Judgement) -> String {
    let class = match judgement {
        Judgement::Worse => "bad",
        Judgement::Better => "good",
        Judgement::Different => "",
    };
    format!("<span class=\"chip {class}\">{}</span>", judgement_word(judgement))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    #[test]
    fn a_worse_run_says_what_and_what_was_changed() {
        let mut html = String::new();
        section(&mut html, &examples::compared());
        for word in [
            "<code>stores.<wbr>payments.<wbr>shards</code></th><td><code>16</code></td><td><code>8</code></td>",
            "<th scope=\"row\">gateway.pay</th><td><span class=\"chip bad\">worse</span></td><td>during</td>",
            ">-14.2 points</td>",
            "incident.<wbr>success.<wbr>during</th><td><span class=\"chip bad\">worse</span></td>\
             <td>70.4 % as expected</td><td>56.2 % missed</td>",
        ] {
            assert!(html.contains(word), "{word} is not in {html}");
        }
    }

    #[test]
    fn without_a_baseline_there_is_no_section_and_without_a_difference_a_short_one() {
        let mut html = String::new();
        section(&mut html, &examples::incident());
        assert_eq!(html, "");
        let mut result = examples::incident();
        crate::comparison::hold_against(&mut result, &examples::incident(), 0.02);
        section(&mut html, &result);
        assert!(html.contains("nothing differs: same configuration") && !html.contains("<table"), "{html}");
    }
}
