//! A shape held against what is published of other companies' traces.
//!
//! Owns the published figures, the rule of what matches, and the reasons of what does not. Refuses a reason that does not follow
//! from what the two sides are or from the piece's own numbers.
//!
//! The rule: a figure matches within a factor of two; a range matches when ours lies inside it.

use super::Shape;

const META: &str = "Meta: Huye et al., USENIX ATC 2023";
const ALIBABA: &str = "Alibaba: Luo et al., SoCC 2021";
/// The quantiles are ours, of the data that comes with the paper (2022-08-22 and -23).
const NEZHA: &str = "Online Boutique: Yu et al., Nezha, ESEC/FSE 2023, its data";

/// How far apart two figures may be.
const FACTOR: f64 = 2.0;
const BY_FACTOR: &str = "within a factor of two";
const BY_RANGE: &str = "inside the published range";

/// In what a figure is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A number of things.
    Number,
    /// Seconds.
    Time,
    /// A part of a whole.
    Share,
}

/// A figure beside the published one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) source: &'static str,
    pub(super) quantity: String,
    pub(super) unit: Unit,
    /// Least and greatest; the same for a single figure.
    pub(super) published: (f64, f64),
    pub(super) ours: (f64, f64),
    pub(super) rule: &'static str,
    /// Why they differ; nothing where they match.
    pub(super) reason: Option<String>,
}

/// What could make ours smaller, and what larger.
struct Reasons {
    below: String,
    above: String,
}

/// All comparisons that the shape has the numbers for.
pub(super) fn rows(shape: &Shape) -> Vec<Row> {
    let mut rows = Rows(Vec::new());
    rows.fan_out(shape);
    rows.depths(shape);
    rows.repeats(shape);
    rows.times(shape);
    rows.sizes(shape);
    rows.0
}

struct Rows(Vec<Row>);

impl Rows {
    /// A single figure, by the factor.
    fn figure(&mut self, head: (&'static str, String, Unit), published: f64, ours: Option<f64>, reasons: &Reasons) {
        let (Some(ours), (source, quantity, unit)) = (ours, head) else { return };
        let reason = if ours * FACTOR < published {
            Some(reasons.below.clone())
        } else {
            (ours > published * FACTOR).then(|| reasons.above.clone())
        };
        let (published, ours) = ((published, published), (ours, ours));
        self.0.push(Row { source, quantity, unit, published, ours, rule: BY_FACTOR, reason });
    }

    /// Two ends of ours, by the range.
    fn range(&mut self, head: (&'static str, &str), published: (f64, f64), ours: [Option<u64>; 2], reasons: &Reasons) {
        let [Some(low), Some(high)] = ours else { return };
        let ours = (low as f64, high as f64);
        let reason = if ours.0 < published.0 {
            Some(reasons.below.clone())
        } else {
            (ours.1 > published.1).then(|| reasons.above.clone())
        };
        let (source, quantity) = (head.0, head.1.to_owned());
        self.0.push(Row { source, quantity, unit: Unit::Number, published, ours, rule: BY_RANGE, reason });
    }

    fn fan_out(&mut self, shape: &Shape) {
        let asking = shape.may_ask.count();
        let reasons = Reasons {
            below: format!("Meta has 18,500 services to ask; here {asking} ask any other at all"),
            above: "stores count as callees here, and few services means that each does much".to_owned(),
        };
        for (name, per_mille, published) in [("p50", 500, 4.0), ("p90", 900, 13.0), ("p99", 990, 93.0)] {
            let head = (META, format!("services that a service may ask, {name}"), Unit::Number);
            self.figure(head, published, number(shape.may_ask.quantile(per_mille)), &reasons);
        }
    }

    fn depths(&mut self, shape: &Shape) {
        let most = shape.depth_services.most().unwrap_or_default();
        let reasons = Reasons {
            below: format!("the deepest way of the piece passes through {most} services: the programs nest no deeper"),
            above: format!("the deepest way of the piece passes through {most} services"),
        };
        let ours = [shape.depth_services.quantile(930), shape.depth_services.quantile(990)];
        self.range((META, "depth in services of 93 % and of 99 % of traces"), (3.0, 6.0), ours, &reasons);
        let most = shape.depth_with_stores.most().unwrap_or_default();
        let reasons = Reasons {
            below: format!(
                "half of the traces end at the first service; the deepest way of the piece has {most}, stores included"
            ),
            above: format!("the deepest way of the piece has {most} services and stores: layers follow layers"),
        };
        let ours = [shape.depth_with_stores.quantile(500), shape.depth_with_stores.quantile(990)];
        self.range((ALIBABA, "depth with stores, p50 and p99"), (2.0, 6.0), ours, &reasons);
    }

    fn repeats(&mut self, shape: &Shape) {
        let reasons = Reasons {
            below: "a program has no loops: it repeats what is written twice in it, tries after a failure, and what generated services repeat"
                .to_owned(),
            above: "the programs ask the same thing again more often than those of Alibaba".to_owned(),
        };
        let head = (ALIBABA, "calls that repeat one of the same caller".to_owned(), Unit::Share);
        self.figure(head, 0.16, shape.repeated_share(), &reasons);
    }

    fn times(&mut self, shape: &Shape) {
        let call = &shape.call_ns;
        let reasons = Reasons {
            below: "seconds of one healthy cell at one rate: all is in one zone, nothing breaks, no batch job or deployment is in the way"
                .to_owned(),
            above: "every call here crosses the network twice and does work; none is answered in its own process".to_owned(),
        };
        for (name, per_mille, published_ms) in
            [("p50", 500, 1.0), ("p90", 900, 10.0), ("p95", 950, 25.0), ("p99", 990, 117.0), ("p99.9", 999, 645.0)]
        {
            let head = (ALIBABA, format!("time of a call, {name}"), Unit::Time);
            let ours = call.quantile(per_mille).map(|ns| ns as f64 / 1e9);
            self.figure(head, published_ms / 1e3, ours, &reasons);
        }
        let (Some(p50), Some(p99)) = (call.quantile(500), call.quantile(990)) else { return };
        let reasons = Reasons {
            below: "the tail is that of queues and draws alone; theirs is of seven days with their faults".to_owned(),
            above: "half of the calls are very short, and few wait long".to_owned(),
        };
        let head = (ALIBABA, "time of a call, p99 over p50".to_owned(), Unit::Number);
        self.figure(head, 117.0, Some(p99 as f64 / p50.max(1) as f64), &reasons);
    }

    fn sizes(&mut self, shape: &Shape) {
        let mean = doorbuster_reports::format::short(shape.spans.mean().unwrap_or_default());
        let reasons = Reasons {
            below: format!(
                "{mean} spans is the mean of the shoppers' mix; theirs also have spans of functions inside a service, ours one where \
                 it answers and one where it asks"
            ),
            above: "requests here reach more services and stores than its eleven services".to_owned(),
        };
        for (name, per_mille, published) in [("p50", 500, 48.0), ("p90", 900, 63.0), ("p99", 990, 88.0)] {
            let head = (NEZHA, format!("spans of a trace, {name}"), Unit::Number);
            self.figure(head, published, number(shape.spans.quantile(per_mille)), &reasons);
        }
        let head = (NEZHA, "depth in spans, p50".to_owned(), Unit::Number);
        self.figure(head, 8.0, number(shape.depth_spans.quantile(500)), &reasons);
    }
}

fn number(value: Option<u64>) -> Option<f64> {
    value.map(|value| value as f64)
}
