//! Against tonic's server of the official service.

use super::server::in_thread;
use super::*;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use std::sync::Mutex;
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

#[derive(Clone, Default)]
struct Official {
    got: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    rejects: i64,
}

#[tonic::async_trait]
impl TraceService for Official {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        self.got.lock().unwrap().push(request.into_inner());
        let partial = ExportTracePartialSuccess {
            rejected_spans: self.rejects,
            error_message: if self.rejects > 0 { "too old".to_owned() } else { String::new() },
        };
        let partial_success = (self.rejects > 0).then_some(partial);
        Ok(tonic::Response::new(ExportTraceServiceResponse { partial_success }))
    }
}

/// Starts it; the server ends with the sender.
fn start(official: &Official) -> (u16, tokio::sync::oneshot::Sender<()>) {
    let service = TraceServiceServer::new(official.clone())
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd)
        .max_decoding_message_size(64 << 20);
    let (port, stop, _) = in_thread(0, move |listener| async move {
        Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
    });
    (port, stop)
}

/// *Scenario* Ten bodies of up to a megabyte go to the official server: plain, by gzip, by zstd.
///
/// *Guarantees* It decodes every one of them to what was encoded, and all are counted as accepted, sent once, with lateness and answer
/// times.
#[test]
fn the_official_server_gets_what_was_encoded() {
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let official = Official::default();
        let (port, _stop) = start(&official);
        let delivery = Delivery::start(Settings { compression, ..settings(Protocol::Grpc, &[port]) }).unwrap();
        let line = delivery.line(0);
        for number in 0..10 {
            line.offer(body(&format!("body {number}"), 1 + number * 3000)).unwrap();
        }
        let outcome = finish(delivery);
        let counts = outcome.counts;
        let items = (0..10).map(|number| 1 + number * 3000).sum();
        assert_eq!(counts.accepted, Amount { bodies: 10, items }, "{counts:#?}");
        assert_eq!((counts.sent, counts.retried), (counts.accepted, Amount::default()));
        assert!(counts.wire_bytes > counts.body_bytes && counts.body_bytes > 0, "{counts:#?}");
        assert_eq!(outcome.histograms.lateness_us.len(), 10);
        assert_eq!(outcome.histograms.answer_us.len(), 10);
        assert_eq!(outcome.histograms.ack_us.len(), 10);
        let mut got = official.got.lock().unwrap().clone();
        got.sort_by_key(prost::Message::encoded_len);
        for (number, got) in got.iter().enumerate() {
            assert_eq!(*got, request(&format!("body {number}"), 1 + number * 3000));
        }
    }
}

/// *Scenario* The server rejects 2 of 5 spans of each of three bodies.
///
/// *Guarantees* 6 spans count as rejected and 9 as accepted, nothing is tried again, and the server's words are kept once.
#[test]
fn partial_success_is_counted() {
    let official = Official { rejects: 2, ..Official::default() };
    let (port, _stop) = start(&official);
    let delivery = Delivery::start(settings(Protocol::Grpc, &[port])).unwrap();
    for _ in 0..3 {
        delivery.line(0).offer(body("x", 5)).unwrap();
    }
    let counts = finish(delivery).counts;
    assert_eq!(counts.accepted, Amount { bodies: 3, items: 9 });
    assert_eq!(counts.rejected, Amount { bodies: 3, items: 6 });
    assert_eq!(counts.retried, Amount::default());
    assert_eq!(counts.messages, [Message { text: "partial success: too old".to_owned(), times: 3 }]);
    assert_eq!(official.got.lock().unwrap().len(), 3);
}
