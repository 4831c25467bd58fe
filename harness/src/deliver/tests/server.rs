//! A small server of HTTP/1.1 or HTTP/2 that answers by a script, and notes what it got.

use super::super::Protocol;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// What a request was.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) at: Instant,
}

/// What the server does with a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) trailers: Vec<(&'static str, String)>,
    /// Never answers.
    pub(super) hangs: bool,
}

impl Reply {
    /// A gRPC status, with a message before it when it is 0.
    pub(super) fn grpc(code: u32) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "application/grpc".to_owned())],
            body: if code == 0 { vec![0; 5] } else { Vec::new() },
            trailers: vec![("grpc-status", code.to_string())],
            hangs: false,
        }
    }

    pub(super) fn http(status: u16) -> Self {
        let headers = vec![("content-type", "application/x-protobuf".to_owned())];
        Self { status, headers, ..Self::default() }
    }

    pub(super) fn never() -> Self {
        Self { hangs: true, ..Self::http(200) }
    }

    /// The success of a protocol.
    pub(super) fn ok(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Grpc => Self::grpc(0),
            Protocol::Http => Self::http(200),
        }
    }
}

type Script = Arc<dyn Fn(usize) -> Reply + Send + Sync>;

/// A running server; it ends with all its connections when dropped.
pub(super) struct Server {
    pub(super) port: u16,
    pub(super) seen: Arc<Mutex<Vec<Seen>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How a server differs from a well-behaved one.
#[derive(Clone, Default)]
pub(super) struct Manners {
    /// The port; 0 chooses one.
    pub(super) port: u16,
    pub(super) tls: Option<Arc<rustls::ServerConfig>>,
    /// So many connections are reset after a part of a request.
    pub(super) resets: usize,
    /// Reads nothing at all.
    pub(super) is_deaf: bool,
}

impl Server {
    /// A server whose answer to request `n`, counted from 0, is `script(n)`.
    pub(super) fn start(protocol: Protocol, script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(protocol, Manners::default(), script)
    }

    pub(super) fn with(
        protocol: Protocol,
        manners: Manners,
        script: impl Fn(usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let script: Script = Arc::new(script);
        let (port, stop, thread) = in_thread(manners.port, move |listener| async move {
            let mut accepted = 0;
            let mut deaf = Vec::new();
            while let Ok((tcp, _)) = listener.accept().await {
                accepted += 1;
                if manners.is_deaf {
                    deaf.push(tcp);
                } else if accepted <= manners.resets {
                    tokio::task::spawn_local(reset(tcp));
                } else {
                    let (seen, script, tls) = (Arc::clone(&noted), Arc::clone(&script), manners.tls.clone());
                    tokio::task::spawn_local(async move {
                        match tls {
                            None => speak(protocol, tcp, seen, script).await,
                            Some(tls) => {
                                if let Ok(tls) = TlsAcceptor::from(tls).accept(tcp).await {
                                    speak(protocol, tls, seen, script).await;
                                }
                            }
                        }
                    });
                }
            }
        });
        Self { port, seen, stop: Some(stop), thread: Some(thread) }
    }

    /// How many requests came.
    pub(super) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// All of them.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Runs `serve` on a listener of loopback, in its own thread, until the sender is dropped.
pub(super) fn in_thread<F>(
    port: u16,
    serve: impl FnOnce(TcpListener) -> F + Send + 'static,
) -> (u16, oneshot::Sender<()>, JoinHandle<()>)
where
    F: Future<Output = ()>,
{
    let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tasks = tokio::task::LocalSet::new();
        tasks.block_on(&runtime, async move {
            let listener = TcpListener::from_std(listener).unwrap();
            tokio::select! {
                () = serve(listener) => {}
                _ = stopped => {}
            }
        });
    });
    (port, stop, thread)
}

/// A port at which nobody listens, and that nobody gets as long as this process lives.
pub(super) fn unused_port() -> u16 {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    std::mem::forget(socket);
    port
}

/// Reads a part of a request, then resets the connection.
async fn reset(mut tcp: TcpStream) {
    let mut part = vec![0; 20_000];
    let _ = tokio::time::timeout(Duration::from_secs(5), tcp.read_exact(&mut part)).await;
    let tcp = tcp.into_std().unwrap();
    // Unread bytes in the socket turn its end into a reset.
    drop(tcp);
}

async fn speak<S>(protocol: Protocol, stream: S, seen: Arc<Mutex<Vec<Seen>>>, script: Script)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| answer(request, Arc::clone(&seen), Arc::clone(&script)));
    let io = TokioIo::new(stream);
    let _ = match protocol {
        Protocol::Http => hyper::server::conn::http1::Builder::new().serve_connection(io, service).await,
        Protocol::Grpc => hyper::server::conn::http2::Builder::new(Local).serve_connection(io, service).await,
    };
}

async fn answer(
    request: Request<Incoming>,
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Script,
) -> Result<Response<http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(Seen { path: head.uri.path().to_owned(), headers: head.headers, body, at: Instant::now() });
        seen.len() - 1
    };
    let reply = script(number);
    if reply.hangs {
        std::future::pending::<()>().await;
    }
    let mut trailers = HeaderMap::new();
    for (name, value) in &reply.trailers {
        trailers.insert(*name, value.parse().unwrap());
    }
    let body = Full::new(Bytes::from(reply.body));
    let body = if trailers.is_empty() {
        body.boxed_unsync()
    } else {
        body.with_trailers(async move { Some(Ok(trailers)) }).boxed_unsync()
    };
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(reply.status).unwrap();
    for (name, value) in &reply.headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    Ok(response)
}

#[derive(Clone, Copy)]
struct Local;

impl<F: Future + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            let _ = future.await;
        });
    }
}
