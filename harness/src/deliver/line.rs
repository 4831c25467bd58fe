//! The thread of a line: a worker for each connection, from start to end.
//!
//! Owns threads, reconnecting and the bound of what is in flight. Refuses answers.
//!
//! ```text
//! worker: connect ─> feed: permit ─ body that is due ─ request ─> (task) exchange
//!            ^          │ the connection ended
//!            └─ backoff ┘
//! ```

use super::buffer::{Entry, Next};
use super::connection::{self, Connection, Target};
use super::counts::{Amount, Cause};
use super::exchange::{self, Desk, Ended, Flight};
use super::{Line, Settings, backoff, tls};
use doorbuster_model::key::mix;
use rustls::ClientConfig;
use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, Semaphore};
use tokio::task::LocalSet;

/// Timeouts in a row, without an answer between, after which a connection is given up. Chosen.
const MOST_TIMEOUTS: u32 = 3;

/// Starts the thread of a line.
pub(super) fn start(
    number: usize,
    settings: &Arc<Settings>,
    tls: Option<Arc<ClientConfig>>,
    line: &Line,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(2).build()?;
    let (settings, buffer, tallies) = (Arc::clone(settings), Arc::clone(&line.buffer), Arc::clone(&line.tallies));
    std::thread::Builder::new().name(format!("deliver-{number}")).spawn(move || {
        let desk = Rc::new(Desk { settings, buffer, tallies, line: number });
        let tasks = LocalSet::new();
        for endpoint in 0..desk.settings.endpoints.len() {
            for _ in 0..desk.settings.connections {
                tasks.spawn_local(work(Rc::clone(&desk), endpoint, tls.clone()));
            }
        }
        tasks.block_on(&runtime, desk.buffer.closed_and_quiet());
        // Whatever is still in flight is counted as it is dropped.
        drop(tasks);
        for entry in desk.buffer.left_over() {
            exchange::count_left_over(&desk.tallies, &entry);
        }
        // The resolver may hang in its own thread; nobody waits for it.
        runtime.shutdown_background();
    })
}

/// Keeps one connection to an endpoint, as long as the line lives.
async fn work(desk: Rc<Desk>, endpoint: usize, tls: Option<Arc<ClientConfig>>) {
    let address = &desk.settings.endpoints[endpoint];
    let name = tls::server_name(&desk.settings, address).ok();
    let tls = tls.zip(name).filter(|_| address.is_tls());
    let target = Target { endpoint: address.clone(), protocol: desk.settings.protocol, tls };
    let mut failures = 0;
    loop {
        let connecting = connection::connect(&target, &desk.tallies);
        let connected = tokio::time::timeout(desk.settings.timeout, connecting).await;
        match connected.unwrap_or_else(|_| Err((Cause::Unreachable, format!("{address}: not in time")))) {
            Ok(connection) => {
                desk.tallies.with(|tally| tally.counts.connections.opened += 1);
                desk.buffer.set_down(endpoint, false);
                if feed(&desk, endpoint, connection).await {
                    failures = 0;
                }
                desk.tallies.with(|tally| tally.counts.connections.lost += 1);
                desk.buffer.nudge(endpoint);
            }
            Err((cause, words)) => {
                desk.tallies.with(|tally| {
                    tally.counts.connections.failed += 1;
                    tally.counts.failed_try(cause, &words);
                });
                desk.buffer.set_down(endpoint, true);
                for entry in desk.buffer.relieve(endpoint, exchange::expiry(desk.settings.retry_window)) {
                    expire(&desk, &entry, cause);
                }
            }
        }
        failures += 1;
        let key = mix(desk.settings.seed ^ mix(((desk.line as u64) << 16) ^ endpoint as u64));
        // No longer than the window in which bodies may wait for it, within reason.
        let most = desk.settings.retry_window.max(Duration::from_millis(100));
        tokio::time::sleep(backoff::wait(failures, key, None).min(most)).await;
    }
}

/// Counts a body that no connection took up within the retry window.
fn expire(desk: &Desk, entry: &Entry, cause: Cause) {
    desk.tallies.with(|tally| *tally.counts.failed.entry(cause).or_default() += Amount::one(entry.items));
}

/// How a connection does.
#[derive(Default)]
struct Health {
    has_answered: Cell<bool>,
    timeouts: Cell<u32>,
    given_up: Notify,
}

/// Hands bodies to a connection until it ends; whether it ever answered.
async fn feed(desk: &Rc<Desk>, endpoint: usize, mut connection: Connection) -> bool {
    let address = desk.settings.endpoints[endpoint].clone();
    let health = Rc::new(Health::default());
    let permits = Arc::new(Semaphore::new(if connection.is_two() { desk.settings.in_flight } else { 1 }));
    loop {
        let asked = Instant::now();
        let permit = tokio::select! {
            biased;
            () = connection.ended() => break,
            () = health.given_up.notified() => break,
            permit = Arc::clone(&permits).acquire_owned() => permit,
        };
        let Ok(permit) = permit else { break };
        if !connection.ready().await {
            break;
        }
        let entry = tokio::select! {
            biased;
            () = connection.ended() => break,
            () = health.given_up.notified() => break,
            entry = next(desk, endpoint) => entry,
        };
        // What waited for the permit, or waits for a window, is held back by the other end.
        let held_since = asked.max(entry.ready);
        let flight = Flight::new(desk, entry);
        let request = flight.request(&address, connection.is_two(), held_since);
        let answering = connection.send(request);
        let watched = Rc::clone(&health);
        tokio::task::spawn_local(async move {
            let ended = flight.carry(answering).await;
            drop(permit);
            watched.note(ended);
        });
    }
    health.has_answered.get()
}

impl Health {
    fn note(&self, ended: Ended) {
        match ended {
            Ended::Answered => {
                self.has_answered.set(true);
                self.timeouts.set(0);
            }
            Ended::TimedOut => {
                self.timeouts.set(self.timeouts.get() + 1);
                if self.timeouts.get() >= MOST_TIMEOUTS {
                    self.given_up.notify_one();
                }
            }
            Ended::Lost => {}
        }
    }
}

/// The next body of an endpoint, when it is ready.
async fn next(desk: &Desk, endpoint: usize) -> Box<Entry> {
    loop {
        match desk.buffer.take(endpoint, Instant::now()) {
            Next::Ready(entry) => return entry,
            Next::At(ready) => {
                let arrival = desk.buffer.arrival(endpoint);
                let _ = tokio::time::timeout_at(tokio::time::Instant::from_std(ready), arrival).await;
            }
            Next::Nothing => desk.buffer.arrival(endpoint).await,
        }
    }
}
