//! What a user may say, and what they are told.

use super::server::{Reply, Server};
use super::*;

/// *Scenario* A header whose value comes from the environment.
///
/// *Guarantees* The server gets the value; neither the header nor the settings show it when printed.
#[test]
fn a_secret_arrives_and_is_never_printed() {
    let env = |name: &str| (name == "TOKEN").then(|| "hunter2".to_owned());
    let header = Header::parse("Authorization=Bearer ${env:TOKEN}", env).unwrap();
    for protocol in [Protocol::Grpc, Protocol::Http] {
        let server = Server::start(protocol, move |_| Reply::ok(protocol));
        let settings = Settings { headers: vec![header.clone()], ..settings(protocol, &[server.port]) };
        let printed = format!("{settings:?} {header:?} {:?}", header.value());
        assert!(!printed.contains("hunter2") && printed.contains("authorization=<redacted>"), "{printed}");
        let delivery = Delivery::start(settings).unwrap();
        assert!(!format!("{delivery:?}").contains("hunter2"));
        delivery.line(0).offer(body("x", 1)).unwrap();
        finish(delivery);
        assert_eq!(server.seen()[0].headers["authorization"], "Bearer hunter2");
    }
}

/// *Scenario* Headers that can't be.
///
/// *Guarantees* Each is told with its remedy, and no value is repeated.
#[test]
fn wrong_headers_are_told_without_their_values() {
    let env = |name: &str| (name == "LINES").then(|| "secret\n".to_owned());
    let cases = [
        ("secret", "has no `=`"),
        ("a b=secret", "is no name of a header"),
        ("te=secret", "is set by doorbuster itself"),
        ("x-bin=secret", "would be binary in gRPC"),
        ("x=${env:NONE}secret", "needs the environment variable `NONE`, which is not set"),
        ("x=${env:NONE", "without a `}`"),
        ("x=a${env:LINES}b", "has characters that no header can have"),
    ];
    for (text, expected) in cases {
        let told = Header::parse(text, env).unwrap_err().to_string();
        assert!(told.contains(expected) && told.contains("= help: ") && !told.contains("secret"), "{told}");
    }
    assert!(Header::parse("x-tenant=a=b", env).unwrap().value() == "a=b");
}

/// *Scenario* Endpoints as one writes them.
///
/// *Guarantees* Ports are the protocol's unless said, paths are kept for OTLP/HTTP, and they print as URLs.
#[test]
fn endpoints_are_read() {
    let read = |text: &str, protocol| Endpoint::parse(text, protocol).unwrap().to_string();
    assert_eq!(read("http://localhost", Protocol::Grpc), "http://localhost:4317");
    assert_eq!(read("https://a.example/", Protocol::Http), "https://a.example:4318");
    assert_eq!(read("http://[::1]:9/x/", Protocol::Http), "http://[::1]:9/x");
    assert_eq!(read("http://a.example/otlp/v1/traces", Protocol::Http), "http://a.example:4318/otlp");
    let is_loopback = |text: &str| Endpoint::parse(text, Protocol::Grpc).unwrap().is_loopback();
    assert!(is_loopback("http://LOCALHOST") && is_loopback("http://127.3.2.1:1") && is_loopback("http://[::1]"));
    assert!(!is_loopback("http://a.example") && !is_loopback("http://10.0.0.1") && !is_loopback("http://localhost.a"));
}

/// *Scenario* Endpoints and settings that can't be.
///
/// *Guarantees* Each is told with its remedy; a password is not repeated.
#[test]
fn wrong_endpoints_are_told() {
    let cases = [
        ("localhost:4317", Protocol::Grpc, "does not say http:// or https://"),
        ("collector", Protocol::Grpc, "does not say http:// or https://"),
        ("ftp://a", Protocol::Grpc, "neither http nor https"),
        ("http://a b", Protocol::Grpc, "is no URL"),
        ("http://me:secret@a", Protocol::Http, "would be printed"),
        ("http://me:sec ret@a:x/secret", Protocol::Http, "would be printed"),
        ("http://a/x?y", Protocol::Http, "has a query"),
        ("http://a/x", Protocol::Grpc, "has a path"),
    ];
    for (text, protocol, expected) in cases {
        let told = Endpoint::parse(text, protocol).unwrap_err().to_string();
        assert!(told.contains(expected) && told.contains("= help: ") && !told.contains("secret"), "{text}: {told}");
    }
    let good = settings(Protocol::Grpc, &[1]);
    let wrong = [
        Settings { endpoints: Vec::new(), ..good.clone() },
        Settings { in_flight: 0, ..good.clone() },
        Settings { timeout: Duration::ZERO, ..good.clone() },
        Settings { tls: Tls { server_name: Some("a".to_owned()), ..Tls::default() }, ..good },
    ];
    for settings in wrong {
        let failure = Delivery::start(settings).unwrap_err();
        assert_eq!(failure.exit_code(), 78);
        assert!(failure.to_string().contains("= help: "), "{failure}");
    }
}

/// *Scenario* More distinct messages than are kept, long ones, with control characters.
///
/// *Guarantees* The first are kept, shortened and harmless, with how often they came; memory is bounded.
#[test]
fn messages_are_bounded() {
    let mut counts = Counts::default();
    for number in 0..1000 {
        counts.keep_message(&format!("{}\u{1b}[2J{}", number % 20, "x".repeat(10_000)), 1);
    }
    assert_eq!(counts.messages.len(), counts::KEEP_MESSAGES);
    for message in &counts.messages {
        assert_eq!((message.text.chars().count(), message.times), (240, 50));
        assert!(!message.text.contains('\u{1b}'));
    }
}

/// *Scenario* Counts in which a body, an item, a rejected item has gone missing.
///
/// *Guarantees* They are seen to be not conserved; whole ones are.
#[test]
fn a_missing_body_is_seen() {
    let mut whole = Counts { due: Amount { bodies: 4, items: 40 }, ..Counts::default() };
    whole.accepted = Amount { bodies: 1, items: 7 };
    whole.rejected = Amount { bodies: 1, items: 3 };
    whole.failed.insert(Cause::Refused, Amount::one(10));
    whole.not_sent = Amount::one(10);
    whole.unanswered = Amount::one(10);
    assert!(whole.is_conserved());
    assert!(!Counts { due: Amount { bodies: 5, items: 40 }, ..whole.clone() }.is_conserved());
    assert!(!Counts { not_sent: Amount::one(9), ..whole.clone() }.is_conserved());
    assert!(!Counts { rejected: Amount::default(), ..whole.clone() }.is_conserved());
    let mut twice = whole.clone();
    twice.add(&whole);
    assert!(twice.is_conserved() && twice.failed_total() == Amount { bodies: 2, items: 20 });
}
