//! Exemplars made by hand.

use crate::result::{Exemplar, ExemplarSpan};

/// Service, name, kind, parent, start and duration in ms, outcome.
type Row = (&'static str, &'static str, &'static str, Option<u32>, f64, f64, &'static str);

const SELECT: &str = "SELECT * FROM payments WHERE user_id = ?";

fn exemplar(window: &str, rows: &[Row]) -> Exemplar {
    let mut spans: Vec<ExemplarSpan> = Vec::new();
    for (service, name, kind, parent, start_ms, ms, outcome) in rows {
        let mut attributes = Vec::new();
        let mut says = |key: &str, value: &str| attributes.push((key.to_owned(), value.to_owned()));
        match *name {
            "SELECT payments" => says("db.query.text", SELECT),
            "POST /api/payment/pay" => says("user.tier", "vip"),
            _ => {}
        }
        if *outcome == "timeout" {
            says("error.type", "timeout");
            says("exception.message", "deadline has elapsed");
        }
        spans.push(ExemplarSpan {
            name: (*name).to_owned(),
            service: (*service).to_owned(),
            kind: (*kind).to_owned(),
            depth: parent.map_or(0, |parent| spans[parent as usize].depth + 1),
            parent: *parent,
            detached: false,
            start_s: start_ms / 1e3,
            duration_s: ms / 1e3,
            outcome: (*outcome).to_owned(),
            error: *outcome != "ok",
            attempt: 1,
            attributes,
            left_out: 0,
        });
    }
    Exemplar {
        window: window.to_owned(),
        edge: "gateway.pay".to_owned(),
        trace_id: "8f0c1d2e3a4b5c6d7e8f9a0b1c2d3e4f".to_owned(),
        at_s: 200.0,
        duration_s: spans[0].duration_s,
        outcome: spans[0].outcome.clone(),
        chosen: if spans[0].error {
            format!("of median duration among those that ended with {}", spans[0].outcome)
        } else {
            "of median duration among those that succeeded".to_owned()
        },
        alike: 287,
        sampled: 968,
        spans_arrived: spans.len() as u64,
        spans_left_out: 0,
        spans,
    }
}

/// A payment before the index was lost, and one that ran into the lost index.
pub(super) fn of_an_incident() -> Vec<Exemplar> {
    vec![
        exemplar("before", &HEALTHY),
        exemplar(
            "during",
            &[
                ("gateway", "POST /api/payment/pay", "server", None, 0.0, 5_002.0, "timeout"),
                ("gateway", "shop.UserService/Authenticate", "client", Some(0), 0.4, 0.9, "ok"),
                ("user", "shop.UserService/Authenticate", "server", Some(1), 0.6, 0.5, "ok"),
                ("gateway", "shop.PaymentService/Pay", "client", Some(0), 1.5, 5_000.0, "timeout"),
                ("payment", "shop.PaymentService/Pay", "server", Some(3), 1.8, 5_000.0, "cancelled"),
                ("payment", "SELECT payments", "client", Some(4), 3.1, 4_998.0, "cancelled"),
            ],
        ),
    ]
}

const HEALTHY: [Row; 7] = [
    ("gateway", "POST /api/payment/pay", "server", None, 0.0, 36.0, "ok"),
    ("gateway", "shop.UserService/Authenticate", "client", Some(0), 0.4, 0.9, "ok"),
    ("user", "shop.UserService/Authenticate", "server", Some(1), 0.6, 0.5, "ok"),
    ("gateway", "shop.PaymentService/Pay", "client", Some(0), 1.5, 34.0, "ok"),
    ("payment", "shop.PaymentService/Pay", "server", Some(3), 1.8, 33.5, "ok"),
    ("payment", "SELECT payments", "client", Some(4), 3.1, 2.9, "ok"),
    ("payment", "POST /v1/charges", "client", Some(4), 6.2, 25.0, "ok"),
];

/// One of a day on which nothing broke.
pub(super) fn of_a_quiet_day() -> Exemplar {
    exemplar("run", &HEALTHY)
}

/// An order that hung until its caller gave up, trying for a connection a hundred times.
pub(super) fn of_an_avalanche() -> Vec<Exemplar> {
    let mut hangs = exemplar(
        "during",
        &[
            ("gateway", "POST /api/order/create", "server", None, 0.0, 30_012.0, "timeout"),
            ("gateway", "shop.OrderService/Create", "client", Some(0), 1.5, 30_010.0, "timeout"),
            ("order", "shop.OrderService/Create", "server", Some(1), 1.8, 30_004.0, "timeout"),
            ("order", "shop.InventoryService/CheckInventory", "client", Some(2), 3.0, 30_000.0, "timeout"),
            ("inventory", "shop.InventoryService/CheckInventory", "server", Some(3), 4_100.0, 25_903.0, "cancelled"),
        ],
    );
    let retry = hangs.spans[4].clone();
    for n in 0..40 {
        hangs.spans.push(ExemplarSpan {
            name: "GET".to_owned(),
            kind: "client".to_owned(),
            depth: 5,
            parent: Some(4),
            start_s: 4.2 + f64::from(n) * 0.6,
            duration_s: 0.1,
            outcome: "pool_timeout".to_owned(),
            error: true,
            attempt: n + 1,
            detached: n == 39,
            attributes: vec![
                ("db.query.text".to_owned(), "GET".to_owned()),
                ("error.type".to_owned(), "pool_timeout".to_owned()),
                (
                    "exception.message".to_owned(),
                    "Timeout occurred while waiting for a slot to become available".to_owned(),
                ),
            ],
            ..retry.clone()
        });
    }
    hangs.spans[4].left_out = 203;
    (hangs.spans_arrived, hangs.spans_left_out) = (248, 203);
    let mut before = exemplar("before", &HEALTHY);
    before.edge = "gateway.create_order".to_owned();
    hangs.edge.clone_from(&before.edge);
    vec![before, hangs]
}

/// Puts a text wherever a scenario can put some.
pub(super) fn spoil(exemplars: &mut [Exemplar], text: &str) {
    for exemplar in exemplars {
        for field in [&mut exemplar.edge, &mut exemplar.trace_id, &mut exemplar.outcome, &mut exemplar.chosen] {
            text.clone_into(field);
        }
        for span in &mut exemplar.spans {
            for field in [&mut span.name, &mut span.service, &mut span.kind, &mut span.outcome] {
                text.clone_into(field);
            }
            span.attributes.push((text.to_owned(), text.to_owned()));
            span.attributes.push(("db.query.text".to_owned(), text.to_owned()));
        }
    }
}
