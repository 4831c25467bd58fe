//! When bodies are sent, in which order, where to; and what has its end without an answer.

use super::server::{Reply, Server, unused_port};
use super::*;

/// *Scenario* Thirty bodies are offered in the opposite order of their due times, all of them ahead of time, over one connection.
///
/// *Guarantees* They arrive in order of due, none before it; each has its lateness, none is lost.
#[test]
fn bodies_go_in_order_when_they_are_due() {
    let server = Server::start(Protocol::Http, |_| Reply::http(200));
    let delivery = Delivery::start(settings(Protocol::Http, &[server.port])).unwrap();
    let start = Instant::now() + Duration::from_millis(100);
    let due = |number: usize| start + Duration::from_millis(5 * number as u64);
    for number in (0..30).rev() {
        delivery.line(0).offer(Body { due: due(number), ..body("x", number + 1) }).unwrap();
    }
    let outcome = finish(delivery);
    let seen = server.seen();
    assert_eq!(seen.len(), 30);
    for (number, seen) in seen.iter().enumerate() {
        assert!(seen.at >= due(number), "body {number} came before it was due");
        assert_eq!(seen.body, request("x", number + 1).encode_to_vec(), "body {number}");
    }
    assert_eq!(outcome.histograms.lateness_us.len(), 30);
    assert_eq!(outcome.counts.accepted.bodies, 30);
}

/// *Scenario* A body was due a second before it is offered.
///
/// *Guarantees* It is sent, counted as late, and its lateness of a second stands in the histogram.
#[test]
fn a_late_body_is_counted_as_late() {
    let server = Server::start(Protocol::Grpc, |_| Reply::grpc(0));
    let delivery = Delivery::start(settings(Protocol::Grpc, &[server.port])).unwrap();
    let due = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
    delivery.line(0).offer(Body { due, ..body("x", 7) }).unwrap();
    let outcome = finish(delivery);
    assert_eq!(outcome.counts.late, Amount { bodies: 1, items: 7 });
    assert_eq!(outcome.counts.accepted, outcome.counts.late);
    assert!(outcome.histograms.lateness_us.max() >= 1_000_000);
}

/// *Scenario* A buffer for three bodies, none of them due for an hour, is offered five.
///
/// *Guarantees* Two come back unchanged; given up, they count as not sent with the three that the end finds. Nothing was sent.
#[test]
fn a_full_buffer_gives_bodies_back() {
    let settings = Settings { buffer_bodies: 3, ..settings(Protocol::Grpc, &[unused_port()]) };
    let delivery = Delivery::start(settings).unwrap();
    let line = delivery.line(0);
    let due = Instant::now() + Duration::from_secs(3600);
    let mut came_back = 0;
    for number in 1..=5 {
        let offered = Body { due, ..body("x", number) };
        if let Err(back) = line.offer(offered.clone()) {
            assert_eq!((back.bytes, back.items), (offered.bytes.clone(), offered.items));
            line.give_up(&offered);
            came_back += 1;
        }
    }
    assert!(line.offer_within(Body { due, ..body("x", 1) }, Duration::from_millis(20)).is_err());
    let counts = delivery.finish(Duration::ZERO).counts;
    assert!(counts.is_conserved(), "{counts:#?}");
    assert_eq!((came_back, counts.sent), (2, Amount::default()));
    assert_eq!(counts.not_sent, Amount { bodies: 5, items: 15 });
    assert_eq!(counts.due, counts.not_sent);
}

/// *Scenario* A buffer for one body, and a caller that waits for room each time.
///
/// *Guarantees* All fifty bodies are taken and accepted.
#[test]
fn a_caller_may_wait_for_room() {
    let server = Server::start(Protocol::Grpc, |_| Reply::grpc(0));
    let settings =
        Settings { buffer_bodies: 1, compression: Compression::Zstd, ..settings(Protocol::Grpc, &[server.port]) };
    let delivery = Delivery::start(settings).unwrap();
    for _ in 0..50 {
        delivery.line(0).offer_within(body("x", 2), NET).unwrap();
    }
    let counts = finish(delivery).counts;
    assert_eq!(counts.accepted, Amount { bodies: 50, items: 100 }, "{counts:#?}");
}

/// *Scenario* An endpoint that never answers, two bodies in flight at most, five offered.
///
/// *Guarantees* It sees two; at the end those count as unanswered and the other three as not sent. Offers after the end come back.
#[test]
fn what_the_end_finds_is_counted() {
    let server = Server::start(Protocol::Grpc, |_| Reply::never());
    let settings = Settings { in_flight: 2, ..settings(Protocol::Grpc, &[server.port]) };
    let delivery = Delivery::start(settings).unwrap();
    let line = delivery.line(0);
    for _ in 0..5 {
        line.offer(body("x", 1)).unwrap();
    }
    wait_until("two requests", || server.count() == 2);
    let counts = delivery.finish(Duration::from_millis(50)).counts;
    assert!(counts.is_conserved(), "{counts:#?}");
    assert_eq!((counts.unanswered.bodies, counts.not_sent.bodies, server.count()), (2, 3, 2), "{counts:#?}");
    assert!(line.offer(body("x", 1)).is_err());
    assert!(line.offer_within(body("x", 1), NET).is_err());
}

/// *Scenario* A delivery is dropped with bodies in it, as when a run ends early.
///
/// *Guarantees* Its line takes no more.
#[test]
fn a_dropped_delivery_takes_no_more() {
    let delivery = Delivery::start(settings(Protocol::Grpc, &[unused_port()])).unwrap();
    let line = delivery.line(0);
    line.offer(body("x", 1)).unwrap();
    drop(delivery);
    assert!(line.offer(body("x", 1)).is_err());
}

/// *Scenario* Three endpoints; twelve bodies that may go anywhere, then four that must go to the second.
///
/// *Guarantees* Four each by turns; the others where they must.
#[test]
fn endpoints_take_turns_unless_one_is_named() {
    let servers: Vec<Server> = (0..3).map(|_| Server::start(Protocol::Grpc, |_| Reply::grpc(0))).collect();
    let ports: Vec<u16> = servers.iter().map(|server| server.port).collect();
    let delivery = Delivery::start(settings(Protocol::Grpc, &ports)).unwrap();
    wait_until("three connections", || delivery.so_far().connections.opened == 3);
    for _ in 0..12 {
        delivery.line(0).offer(body("x", 1)).unwrap();
    }
    for _ in 0..4 {
        delivery.line(0).offer(Body { endpoint: Some(1), ..body("x", 1) }).unwrap();
    }
    let counts = finish(delivery).counts;
    assert_eq!(counts.accepted.bodies, 16, "{counts:#?}");
    assert_eq!(servers.iter().map(Server::count).collect::<Vec<_>>(), [4, 8, 4]);
}

/// *Scenario* Two lines with two connections each, offered to by two threads.
///
/// *Guarantees* The counts are the sum of both.
#[test]
fn lines_add_up() {
    let server = Server::start(Protocol::Http, |_| Reply::http(200));
    let settings = Settings { lines: 2, connections: 2, ..settings(Protocol::Http, &[server.port]) };
    let delivery = Delivery::start(settings).unwrap();
    std::thread::scope(|scope| {
        for number in 0..2 {
            let line = delivery.line(number);
            scope.spawn(move || {
                for _ in 0..20 {
                    line.offer_within(body("x", 3), NET).unwrap();
                }
            });
        }
    });
    let outcome = finish(delivery);
    assert_eq!(outcome.counts.accepted, Amount { bodies: 40, items: 120 });
    assert_eq!((outcome.counts.connections.opened, outcome.histograms.ack_us.len()), (4, 40));
}
