//! The listening end: sockets, threads, HTTP/2's settings.
//!
//! Owns connections from accept to end. Refuses to know what a request says.

use super::meter::Intake;
use super::service;
use crate::failure::Failure;
use crate::otlp::Signal;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Most bytes that a sender may have under way on a stream before the sink has read them: as much as the largest bodies in use.
const STREAM_WINDOW_BYTES: u32 = 16 << 20;
/// The same on a connection. It is granted at once: a window that grows late stalls a fast sender.
const CONNECTION_WINDOW_BYTES: u32 = 64 << 20;
/// A larger frame is one piece less to handle.
const FRAME_BYTES: u32 = 1 << 20;
/// What HTTP/2 gives when nobody sets anything (RFC 9113, 6.5.2 and 6.9.2): the slow sink's, so that a sender feels it.
const DEFAULT_WINDOW_BYTES: u32 = 65_535;
const DEFAULT_FRAME_BYTES: u32 = 16_384;
/// Pause after the system refused a connection, which it does when files run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a connection may take over its headers.
const HEADER_TIME: Duration = Duration::from_secs(30);

/// Which of OTLP's transports is spoken at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// OTLP/gRPC: HTTP/2 with prior knowledge.
    Grpc,
    /// OTLP/HTTP with protobuf: HTTP/1.1 or HTTP/2.
    Http,
}

impl Door {
    /// As it is printed.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http => "http",
        }
    }

    /// What a path takes.
    pub(super) fn signal(self, path: &str) -> Option<Signal> {
        Signal::ALL.into_iter().find(|signal| match self {
            Self::Grpc => signal.grpc_path() == path,
            Self::Http => signal.http_path() == path,
        })
    }
}

/// A server that runs.
pub(super) struct Listening {
    addresses: Vec<(Door, SocketAddr)>,
    end: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl Listening {
    /// Listens at every door on every thread.
    ///
    /// # Errors
    /// When an address cannot be had.
    pub(super) fn start(doors: &[(Door, SocketAddr)], threads: u16, intake: &Arc<Intake>) -> Result<Self, Failure> {
        let mut addresses = Vec::new();
        let mut listeners = Vec::new();
        for &(door, address) in doors {
            let failed = |source| Failure::Listen { address, source };
            let listener = TcpListener::bind(address).map_err(failed)?;
            listener.set_nonblocking(true).map_err(failed)?;
            addresses.push((door, listener.local_addr().map_err(failed)?));
            listeners.push((door, listener));
        }
        let (end, ended) = watch::channel(false);
        let mut running = Vec::new();
        for number in 0..threads {
            let failed = |source| Failure::Listen { address: doors[0].1, source };
            let mut own = Vec::new();
            for (door, listener) in &listeners {
                own.push((*door, listener.try_clone().map_err(failed)?));
            }
            let (intake, ended) = (Arc::clone(intake), ended.clone());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
            let thread = std::thread::Builder::new().name(format!("sink-{number}"));
            let body = move || runtime.block_on(receive(own, &intake, ended));
            running.push(thread.spawn(body).map_err(failed)?);
        }
        Ok(Self { addresses, end, threads: running })
    }

    /// Where it listens, with the ports that the system chose.
    pub(super) fn addresses(&self) -> &[(Door, SocketAddr)] {
        &self.addresses
    }

    /// Closes every door. What is under way is broken off: its sender hears no answer, and counts it so.
    pub(super) fn end(self) {
        let _ = self.end.send(true);
        for thread in self.threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// One thread's work.
async fn receive(listeners: Vec<(Door, TcpListener)>, intake: &Arc<Intake>, mut ended: watch::Receiver<bool>) {
    for (door, listener) in listeners {
        let listener = tokio::net::TcpListener::from_std(listener).expect("invariant: a listener that does not block");
        let (intake, server) = (Arc::clone(intake), Arc::new(server(door, intake.is_slow())));
        tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        drop(tokio::spawn(converse(stream, door, Arc::clone(&intake), Arc::clone(&server))))
                    }
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                }
            }
        });
    }
    // Ends with an error only when the sender is gone, which is an end too.
    let _ = ended.wait_for(|ended| *ended).await;
}

/// One connection. How it ends is its sender's affair: each body that was broken off is counted where it was read.
async fn converse(stream: TcpStream, door: Door, intake: Arc<Intake>, server: Arc<auto::Builder<TokioExecutor>>) {
    // Answers are small and awaited.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let intake = Arc::clone(&intake);
        async move { Ok::<_, Infallible>(service::answer(request, door, &intake).await) }
    });
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

fn server(door: Door, is_slow: bool) -> auto::Builder<TokioExecutor> {
    let (stream, connection, frame) = match is_slow {
        true => (DEFAULT_WINDOW_BYTES, DEFAULT_WINDOW_BYTES, DEFAULT_FRAME_BYTES),
        false => (STREAM_WINDOW_BYTES, CONNECTION_WINDOW_BYTES, FRAME_BYTES),
    };
    let mut server = auto::Builder::new(TokioExecutor::new());
    if door == Door::Grpc {
        server = server.http2_only();
    }
    let mut http2 = server.http2();
    http2.initial_stream_window_size(stream).initial_connection_window_size(connection).max_frame_size(frame);
    http2.timer(TokioTimer::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIME);
    server
}
