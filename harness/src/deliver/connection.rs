//! One connection to an endpoint: TCP, TLS if asked for, HTTP/2 or HTTP/1.1.
//!
//! Owns windows and frames, the count of bytes written, and the moment at which a connection takes a body up. Refuses to retry.
//!
//! HTTP/2 is spoken by hyper's client directly: a body goes to the socket as the `Bytes` that it came in, without a copy.

use super::counts::{Cause, Tallies};
use super::{Endpoint, Protocol};
use crate::otlp::GRPC_PREFIX_BYTES;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio_rustls::TlsConnector;

/// The window that we grant for an answer, in bytes. Measured (issue 6): larger windows than HTTP/2's 64 KiB halve the cost.
const STREAM_WINDOW_BYTES: u32 = 16 << 20;
/// The same for all answers on a connection.
const CONNECTION_WINDOW_BYTES: u32 = 64 << 20;
/// The largest frame that we take.
const FRAME_BYTES: u32 = 1 << 20;
/// Bytes of a stream that HTTP/2 holds before it asks for no more: a whole body.
const SEND_BUFFER_BYTES: usize = 16 << 20;

/// How to reach one endpoint.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) endpoint: Endpoint,
    pub(super) protocol: Protocol,
    /// Configuration and the name of the certificate, for `https`.
    pub(super) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

/// An open connection. Its end aborts what drives it.
pub(super) struct Connection {
    sender: Sender,
    state: Rc<Ending>,
    driver: AbortHandle,
}

enum Sender {
    One(http1::SendRequest<Payload>),
    Two(http2::SendRequest<Payload>),
}

/// Whether a connection ended.
#[derive(Default)]
struct Ending {
    has_ended: Cell<bool>,
    ended: Notify,
}

/// The answer to a request that was handed to a connection.
pub(super) type Answering = Pin<Box<dyn Future<Output = hyper::Result<Response<Incoming>>>>>;

/// Connects. Errors: the cause and what was said about it.
pub(super) async fn connect(target: &Target, tallies: &Arc<Tallies>) -> Result<Connection, (Cause, String)> {
    let endpoint = &target.endpoint;
    let addresses: Vec<_> = tokio::net::lookup_host((endpoint.host(), endpoint.port()))
        .await
        .map_err(|error| (Cause::NoAddress, error.to_string()))?
        .collect();
    let tcp = TcpStream::connect(addresses.as_slice()).await.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => (Cause::Refused, format!("{endpoint}")),
        _ => (Cause::Unreachable, format!("{endpoint}: {error}")),
    })?;
    let _ = tcp.set_nodelay(true);
    let counted = Counted { tcp, tallies: Arc::clone(tallies) };
    let Some((config, name)) = &target.tls else {
        return shake_hands(counted, target.protocol == Protocol::Grpc).await;
    };
    let tls = TlsConnector::from(Arc::clone(config))
        .connect(name.clone(), counted)
        .await
        .map_err(|error| (Cause::Tls, format!("{endpoint}: {error}")))?;
    let is_two = target.protocol == Protocol::Grpc || tls.get_ref().1.alpn_protocol() == Some(b"h2");
    shake_hands(tls, is_two).await
}

async fn shake_hands<S>(stream: S, is_two: bool) -> Result<Connection, (Cause, String)>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let io = TokioIo::new(stream);
    let state = Rc::new(Ending::default());
    let lost = |error: hyper::Error| (Cause::ConnectionLost, error.to_string());
    let (sender, driver) = if is_two {
        let (sender, connection) = http2::Builder::new(Local)
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_frame_size(FRAME_BYTES)
            .max_send_buf_size(SEND_BUFFER_BYTES)
            .adaptive_window(false)
            .handshake(io)
            .await
            .map_err(lost)?;
        let ending = Rc::clone(&state);
        let driver = tokio::task::spawn_local(async move {
            let _ = connection.await;
            ending.end();
        });
        (Sender::Two(sender), driver)
    } else {
        let (sender, connection) = http1::Builder::new().handshake(io).await.map_err(lost)?;
        let ending = Rc::clone(&state);
        let driver = tokio::task::spawn_local(async move {
            let _ = connection.await;
            ending.end();
        });
        (Sender::One(sender), driver)
    };
    Ok(Connection { sender, state, driver: driver.abort_handle() })
}

impl Connection {
    /// Whether several bodies may be in flight.
    pub(super) const fn is_two(&self) -> bool {
        matches!(self.sender, Sender::Two(_))
    }

    /// Whether it ended.
    pub(super) fn has_ended(&self) -> bool {
        self.state.has_ended.get()
    }

    /// Waits for its end. For one waiter.
    pub(super) async fn ended(&self) {
        while !self.has_ended() {
            self.state.ended.notified().await;
        }
    }

    /// Waits until it takes another request; false if it ended.
    pub(super) async fn ready(&mut self) -> bool {
        match &mut self.sender {
            Sender::One(sender) => sender.ready().await.is_ok(),
            Sender::Two(sender) => sender.ready().await.is_ok(),
        }
    }

    /// Hands a request to it.
    pub(super) fn send(&mut self, request: Request<Payload>) -> Answering {
        match &mut self.sender {
            Sender::One(sender) => Box::pin(sender.send_request(request)),
            Sender::Two(sender) => Box::pin(sender.send_request(request)),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Ending {
    fn end(&self) {
        self.has_ended.set(true);
        self.ended.notify_one();
    }
}

/// Runs hyper's tasks on the line's own thread.
#[derive(Clone, Copy)]
struct Local;

impl<F> hyper::rt::Executor<F> for Local
where
    F: Future + 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            let _ = future.await;
        });
    }
}

/// A body as a connection takes it: gRPC's prefix if there is one, then the bytes, each a frame of its own.
pub(super) struct Payload {
    prefix: Option<[u8; GRPC_PREFIX_BYTES]>,
    bytes: Option<Bytes>,
    /// Called when the first frame is taken.
    taken_up: Option<Box<dyn FnOnce()>>,
}

impl Payload {
    /// A payload that says when it is taken up.
    pub(super) fn new(
        prefix: Option<[u8; GRPC_PREFIX_BYTES]>,
        bytes: Bytes,
        taken_up: impl FnOnce() + 'static,
    ) -> Self {
        Self { prefix, bytes: Some(bytes), taken_up: Some(Box::new(taken_up)) }
    }
}

impl http_body::Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(taken_up) = self.taken_up.take() {
            taken_up();
        }
        if let Some(prefix) = self.prefix.take() {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(&prefix)))));
        }
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        // An empty body is polled too, or nobody would know that it was taken up.
        self.taken_up.is_none() && self.prefix.is_none() && self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let prefix = if self.prefix.is_some() { GRPC_PREFIX_BYTES as u64 } else { 0 };
        SizeHint::with_exact(prefix + self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// A socket that counts what is written to it.
struct Counted {
    tcp: TcpStream,
    tallies: Arc<Tallies>,
}

impl Counted {
    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = written {
            self.tallies.with(|tally| tally.counts.wire_bytes += bytes as u64);
        }
        written
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, into)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(cx, bytes);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(cx, slices);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
