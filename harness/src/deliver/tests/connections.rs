//! Connections that do not come about, that end, that stand still; and TLS.

use super::server::{Manners, Reply, Server, unused_port};
use super::*;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::PathBuf;

const BOTH: [Protocol; 2] = [Protocol::Grpc, Protocol::Http];
/// A retry window for tests in which nothing ever comes right.
const SHORT: Duration = Duration::from_millis(300);

/// *Scenario* Nobody listens at the endpoint.
///
/// *Guarantees* All bodies fail as refused, none was sent, and the delivery ends.
#[test]
fn a_refused_connection_is_counted() {
    for protocol in BOTH {
        let settings = Settings { retry_window: SHORT, ..settings(protocol, &[unused_port()]) };
        let delivery = Delivery::start(settings).unwrap();
        for _ in 0..3 {
            delivery.line(0).offer(body("x", 2)).unwrap();
        }
        let counts = finish(delivery).counts;
        assert_eq!(counts.failed[&Cause::Refused], Amount { bodies: 3, items: 6 }, "{counts:#?}");
        assert_eq!(counts.sent, Amount::default());
        assert!(counts.connections.failed > 0 && counts.connections.opened == 0);
        assert!(counts.messages[0].text.starts_with("connection refused: http://127.0.0.1:"));
    }
}

/// *Scenario* Connections are reset in the middle of a body of a megabyte, twice; then the endpoint behaves.
///
/// *Guarantees* The body arrives, whole; its tries are counted, also that the endpoint may have got it twice.
#[test]
fn a_reset_in_mid_stream_is_tried_again() {
    for protocol in BOTH {
        let manners = Manners { resets: 2, ..Manners::default() };
        let server = Server::with(protocol, manners, move |_| Reply::ok(protocol));
        let delivery = Delivery::start(settings(protocol, &[server.port])).unwrap();
        delivery.line(0).offer(body("x", 30_000)).unwrap();
        let counts = finish(delivery).counts;
        assert_eq!(counts.accepted, Amount { bodies: 1, items: 30_000 }, "{counts:#?}");
        assert_eq!((counts.sent.bodies, counts.retried.bodies, counts.maybe_twice.bodies), (1, 2, 2));
        assert_eq!((counts.connections.opened, counts.connections.lost), (3, 2));
        assert!(server.seen()[0].body.ends_with(&request("x", 30_000).encode_to_vec()));
    }
}

/// *Scenario* An endpoint dies with a body in flight, is away, and comes back at the same port.
///
/// *Guarantees* What was in flight and what became due meanwhile arrives; the tries in vain are counted.
#[test]
fn an_endpoint_that_comes_back_gets_everything() {
    for protocol in BOTH {
        let server = Server::start(protocol, |_| Reply::never());
        let port = server.port;
        let delivery = Delivery::start(settings(protocol, &[port])).unwrap();
        delivery.line(0).offer(body("first", 1)).unwrap();
        wait_until("the first request", || server.count() == 1);
        drop(server);
        delivery.line(0).offer(body("second", 1)).unwrap();
        wait_until("a refused connection", || delivery.so_far().failed_tries.contains_key(&Cause::Refused));
        let manners = Manners { port, ..Manners::default() };
        let server = Server::with(protocol, manners, move |_| Reply::ok(protocol));
        let counts = finish(delivery).counts;
        assert_eq!((counts.accepted.bodies, server.count()), (2, 2), "{counts:#?}");
        assert!(counts.maybe_twice.bodies >= 1 && counts.connections.lost >= 1, "{counts:#?}");
    }
}

/// *Scenario* An endpoint accepts the connection and reads nothing, while bodies of a megabyte become due.
///
/// *Guarantees* The buffer fills and gives bodies back, tries end by the timeout, every body has one end, the delivery ends.
#[test]
fn a_reader_that_stands_still_holds_nobody_up() {
    for protocol in BOTH {
        let manners = Manners { is_deaf: true, ..Manners::default() };
        let server = Server::with(protocol, manners, |_| Reply::never());
        let settings = Settings {
            timeout: Duration::from_millis(200),
            retry_window: SHORT,
            buffer_bodies: 2,
            in_flight: 2,
            ..settings(protocol, &[server.port])
        };
        let delivery = Delivery::start(settings).unwrap();
        let line = delivery.line(0);
        let large = body("x", 30_000);
        for _ in 0..20 {
            if let Err(back) = line.offer(Body { due: Instant::now(), ..large.clone() }) {
                line.give_up(&back);
            }
        }
        let counts = finish(delivery).counts;
        assert_eq!(counts.due.bodies, 20);
        assert!(counts.not_sent.bodies >= 10, "{counts:#?}");
        assert!(counts.failed_tries[&Cause::Timeout] >= 1, "{counts:#?}");
        assert_eq!(counts.accepted, Amount::default());
    }
}

/// *Scenario* An endpoint that answers nothing over its connection, four times in a row, then behaves.
///
/// *Guarantees* The connection is given up and another opened; all bodies arrive.
#[test]
fn a_connection_without_answers_is_given_up() {
    let server = Server::start(Protocol::Grpc, |number| if number < 4 { Reply::never() } else { Reply::grpc(0) });
    let settings = Settings { timeout: SHORT, in_flight: 4, ..settings(Protocol::Grpc, &[server.port]) };
    let delivery = Delivery::start(settings).unwrap();
    for _ in 0..4 {
        delivery.line(0).offer(body("x", 1)).unwrap();
    }
    let counts = finish(delivery).counts;
    assert_eq!(counts.accepted.bodies, 4, "{counts:#?}");
    assert!(counts.connections.opened >= 2 && counts.failed_tries[&Cause::Timeout] >= 3, "{counts:#?}");
}

/// *Scenario* One of two endpoints is away; bodies may go to either.
///
/// *Guarantees* The other gets all of them.
#[test]
fn a_dead_endpoint_is_gone_round() {
    let server = Server::start(Protocol::Grpc, |_| Reply::grpc(0));
    let delivery = Delivery::start(settings(Protocol::Grpc, &[unused_port(), server.port])).unwrap();
    for _ in 0..10 {
        delivery.line(0).offer(body("x", 1)).unwrap();
    }
    let counts = finish(delivery).counts;
    assert_eq!((counts.accepted.bodies, server.count()), (10, 10), "{counts:#?}");
}

/// *Scenario* One end speaks TLS and the other doesn't, both ways; the certificate's authority is not the trusted one; the name is wrong.
///
/// *Guarantees* Nothing is accepted, each body fails with a cause that fits, nothing hangs.
#[test]
fn a_mismatch_of_tls_is_counted() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let tls = |ca: &Authority, name: &str| Tls {
        ca: Some(ca.file.clone()),
        identity: None,
        server_name: Some(name.to_owned()),
    };
    for protocol in BOTH {
        let plain = Server::start(protocol, move |_| Reply::ok(protocol));
        let manners = Manners { tls: Some(ours.server(false)), ..Manners::default() };
        let secret = Server::with(protocol, manners, move |_| Reply::ok(protocol));
        let tls_only = [Cause::Tls];
        let any = [Cause::ConnectionLost, Cause::NoOtlp];
        let cases = [
            ("https", plain.port, tls(&ours, "shop.test"), &tls_only[..]),
            ("http", secret.port, Tls::default(), &any[..]),
            ("https", secret.port, tls(&other, "shop.test"), &tls_only[..]),
            ("https", secret.port, tls(&ours, "else.test"), &tls_only[..]),
        ];
        for (scheme, port, tls, causes) in cases {
            let counts = over(scheme, port, protocol, tls, SHORT);
            assert_eq!(counts.failed_total().bodies, 1, "{counts:#?}");
            assert!(counts.failed.keys().all(|cause| causes.contains(cause)), "{scheme}: {counts:#?}");
        }
        assert_eq!(plain.count() + secret.count(), 0);
    }
}

/// *Scenario* A server that asks for a certificate, with a client that has one, and with one that has none; over HTTP/2 and HTTP/1.1.
///
/// *Guarantees* The first gets its body accepted, the second doesn't.
#[test]
fn mutual_tls_works() {
    let ours = Authority::new("mutual");
    for protocol in BOTH {
        let manners = Manners { tls: Some(ours.server(true)), ..Manners::default() };
        let server = Server::with(protocol, manners, move |_| Reply::ok(protocol));
        let mut tls = Tls { ca: Some(ours.file.clone()), identity: None, server_name: Some("shop.test".to_owned()) };
        let counts = over("https", server.port, protocol, tls.clone(), SHORT);
        assert_eq!((counts.accepted.bodies, counts.failed_total().bodies), (0, 1), "{counts:#?}");
        tls.identity = Some(ours.identity());
        let counts = over("https", server.port, protocol, tls, NET);
        assert_eq!((counts.accepted.bodies, server.count()), (1, 1), "{counts:#?}");
    }
}

/// *Scenario* Files of TLS that are missing, empty, or no PEM.
///
/// *Guarantees* The delivery does not start, and says which file and what to do.
#[test]
fn unusable_files_are_told() {
    let empty = folder("empty").join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    for file in [PathBuf::from("/nonexistent/ca.pem"), empty] {
        let mut settings = settings(Protocol::Grpc, &[1]);
        settings.endpoints = vec![Endpoint::parse("https://localhost:1", Protocol::Grpc).unwrap()];
        settings.tls.ca = Some(file.clone());
        let told = Delivery::start(settings).unwrap_err().to_string();
        assert!(told.contains(&file.display().to_string()) && told.contains("help: give a PEM file"), "{told}");
    }
}

/// Sends one body over TLS or not.
fn over(scheme: &str, port: u16, protocol: Protocol, tls: Tls, retry_window: Duration) -> Counts {
    let endpoint = Endpoint::parse(&format!("{scheme}://127.0.0.1:{port}"), protocol).unwrap();
    let settings = Settings { endpoints: vec![endpoint], tls, retry_window, ..settings(protocol, &[port]) };
    let delivery = Delivery::start(settings).unwrap();
    delivery.line(0).offer(body("x", 1)).unwrap();
    finish(delivery).counts
}

/// An authority that signs certificates of servers and clients.
struct Authority {
    name: &'static str,
    params: CertificateParams,
    key: KeyPair,
    file: PathBuf,
}

impl Authority {
    fn new(name: &'static str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let file = folder(name).join("ca.pem");
        std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
        Self { name, params, key, file }
    }

    /// PEM of a certificate for `shop.test`, and of its key.
    fn sign(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        let params = CertificateParams::new(vec!["shop.test".to_owned()]).unwrap();
        (params.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
    }

    fn identity(&self) -> (PathBuf, PathBuf) {
        let (chain, key) = self.sign();
        let files = (folder(self.name).join("client.pem"), folder(self.name).join("client.key"));
        std::fs::write(&files.0, chain).unwrap();
        std::fs::write(&files.1, key).unwrap();
        files
    }

    fn server(&self, asks: bool) -> Arc<rustls::ServerConfig> {
        let (chain, key) = self.sign();
        let chain = vec![CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if asks {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(&self.file).unwrap()).unwrap();
            let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        Arc::new(builder.with_single_cert(chain, key).unwrap())
    }
}

/// A folder of this process.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("doorbuster-deliver-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
