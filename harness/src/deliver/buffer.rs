//! A line's buffer: bodies that wait until they are due, for each endpoint in order of due.
//!
//! Owns the bound, the choice of an endpoint, and the end. Refuses connections. Bodies that are tried again come back over the bound:
//! those were in flight, and what is in flight has its own bound.

use super::Body;
use crate::otlp::Signal;
use bytes::Bytes;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;

/// A body with its history.
#[derive(Debug)]
pub(super) struct Entry {
    /// Not to be sent earlier: due, or the end of a backoff.
    pub(super) ready: Instant,
    /// Order among those that are ready at one moment.
    pub(super) sequence: u64,
    pub(super) signal: Signal,
    /// As it goes over the wire, without framing.
    pub(super) wire: Bytes,
    pub(super) is_compressed: bool,
    pub(super) items: u64,
    pub(super) due: Instant,
    /// The endpoint that it must go to.
    pub(super) fixed: Option<usize>,
    /// Tries until now.
    pub(super) tries: u32,
    /// A connection took it up once.
    pub(super) was_sent: bool,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.ready, self.sequence).cmp(&(other.ready, other.sequence))
    }
}

/// What a worker gets.
#[derive(Debug)]
pub(super) enum Next {
    /// A body that is ready.
    Ready(Box<Entry>),
    /// Nothing before this moment.
    At(Instant),
    /// Nothing, until something is put in.
    Nothing,
}

#[derive(Debug)]
struct State {
    queues: Vec<BinaryHeap<Reverse<Entry>>>,
    waiting: usize,
    in_flight: usize,
    sequence: u64,
    next_endpoint: usize,
    is_down: Vec<bool>,
    closed: Option<Instant>,
}

/// The buffer of one line.
#[derive(Debug)]
pub(super) struct Buffer {
    most: usize,
    state: Mutex<State>,
    /// For threads that wait for room.
    room: Condvar,
    /// One for each endpoint: something was put into its queue.
    arrived: Vec<Notify>,
    /// The buffer was closed, or became quiet after that.
    closing: Notify,
}

impl Buffer {
    /// Room for `most` bodies, for so many endpoints.
    pub(super) fn new(most: usize, endpoints: usize) -> Self {
        let state = State {
            queues: (0..endpoints).map(|_| BinaryHeap::new()).collect(),
            waiting: 0,
            in_flight: 0,
            sequence: 0,
            next_endpoint: 0,
            is_down: vec![false; endpoints],
            closed: None,
        };
        Self {
            most,
            state: Mutex::new(state),
            room: Condvar::new(),
            arrived: (0..endpoints).map(|_| Notify::new()).collect(),
            closing: Notify::new(),
        }
    }

    /// Whether a body would be taken now.
    pub(super) fn has_room(&self) -> bool {
        self.lock().has_room(self.most)
    }

    /// Waits for room until then; false if there is none, or never again.
    pub(super) fn wait_for_room(&self, until: Instant) -> bool {
        let mut state = self.lock();
        loop {
            if state.has_room(self.most) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if state.closed.is_some() || left.is_zero() {
                return false;
            }
            state = self.room.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes a body, or gives it back.
    pub(super) fn put(&self, body: Body, wire: Bytes, is_compressed: bool) -> Result<(), Body> {
        let mut state = self.lock();
        if !state.has_room(self.most) {
            return Err(body);
        }
        let entry = Entry {
            ready: body.due,
            sequence: state.sequence,
            signal: body.signal,
            wire,
            is_compressed,
            items: body.items,
            due: body.due,
            fixed: body.endpoint.map(|endpoint| endpoint % self.arrived.len()),
            tries: 0,
            was_sent: false,
        };
        state.sequence += 1;
        let awaited = state.push(entry);
        drop(state);
        self.tell(awaited);
        Ok(())
    }

    /// Takes the next body of an endpoint if it is ready; it counts as in flight until it is [settled](Self::settled) or
    /// [put back](Self::put_back).
    pub(super) fn take(&self, endpoint: usize, now: Instant) -> Next {
        let mut state = self.lock();
        match state.queues[endpoint].peek() {
            None => return Next::Nothing,
            Some(Reverse(entry)) if entry.ready > now => return Next::At(entry.ready),
            Some(_) => {}
        }
        let Some(Reverse(entry)) = state.queues[endpoint].pop() else { return Next::Nothing };
        state.waiting -= 1;
        state.in_flight += 1;
        let is_more = !state.queues[endpoint].is_empty();
        drop(state);
        self.room.notify_one();
        if is_more {
            // Another connection of this endpoint may stand idle.
            self.arrived[endpoint].notify_one();
        }
        Next::Ready(Box::new(entry))
    }

    /// Waits until something is put into the queue of an endpoint.
    pub(super) async fn arrival(&self, endpoint: usize) {
        self.arrived[endpoint].notified().await;
    }

    /// Has whoever waits for this endpoint look again.
    pub(super) fn nudge(&self, endpoint: usize) {
        self.arrived[endpoint].notify_one();
    }

    /// A body that was taken waits for another try.
    pub(super) fn put_back(&self, entry: Entry) {
        let mut state = self.lock();
        state.in_flight -= 1;
        let awaited = state.push(entry);
        drop(state);
        self.tell(awaited);
    }

    /// A body that was taken has its end.
    pub(super) fn settled(&self) {
        let mut state = self.lock();
        state.in_flight -= 1;
        self.tell_if_quiet(&state);
    }

    /// The endpoint answers, or it can't be reached.
    pub(super) fn set_down(&self, endpoint: usize, is_down: bool) {
        self.lock().is_down[endpoint] = is_down;
    }

    /// For an endpoint that can't be reached: bodies that may go elsewhere go there; those that have been due since before `too_old`
    /// are taken out and given back.
    pub(super) fn relieve(&self, endpoint: usize, too_old: Option<Instant>) -> Vec<Entry> {
        let mut state = self.lock();
        let is_elsewhere = state.is_down.iter().any(|is_down| !is_down);
        let entries = std::mem::take(&mut state.queues[endpoint]);
        state.waiting -= entries.len();
        let mut expired = Vec::new();
        for Reverse(entry) in entries {
            if too_old.is_some_and(|too_old| entry.due < too_old) {
                expired.push(entry);
            } else if entry.fixed.is_none() && is_elsewhere {
                self.tell(state.push(entry));
            } else {
                state.waiting += 1;
                state.queues[endpoint].push(Reverse(entry));
            }
        }
        self.room.notify_all();
        self.tell_if_quiet(&state);
        expired
    }

    /// Takes no more; the line has until `deadline`. A second call changes nothing.
    pub(super) fn close(&self, deadline: Instant) {
        let mut state = self.lock();
        if state.closed.is_none() {
            state.closed = Some(deadline);
        }
        drop(state);
        self.room.notify_all();
        self.closing.notify_one();
    }

    /// Waits for [`close`](Self::close), then until nothing waits and nothing is in flight, or its deadline.
    pub(super) async fn closed_and_quiet(&self) {
        loop {
            let (deadline, is_quiet) = {
                let state = self.lock();
                (state.closed, state.is_quiet())
            };
            match deadline {
                Some(_) if is_quiet => return,
                Some(deadline) if deadline <= Instant::now() => return,
                Some(deadline) => {
                    let deadline = tokio::time::Instant::from_std(deadline);
                    let _ = tokio::time::timeout_at(deadline, self.closing.notified()).await;
                }
                None => self.closing.notified().await,
            }
        }
    }

    /// Everything that still waits, in no order.
    pub(super) fn left_over(&self) -> Vec<Entry> {
        let mut state = self.lock();
        state.waiting = 0;
        state.queues.iter_mut().flat_map(std::mem::take).map(|Reverse(entry)| entry).collect()
    }

    /// Has a worker of this endpoint look, if there is one.
    fn tell(&self, endpoint: Option<usize>) {
        if let Some(endpoint) = endpoint {
            self.arrived[endpoint].notify_one();
        }
    }

    fn tell_if_quiet(&self, state: &State) {
        if state.closed.is_some() && state.is_quiet() {
            self.closing.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self, most: usize) -> bool {
        self.closed.is_none() && self.waiting < most
    }

    fn is_quiet(&self) -> bool {
        self.waiting == 0 && self.in_flight == 0
    }

    /// Puts an entry into the queue of its endpoint, or of the next one that can be reached; which, if it is the next of that one. Whoever waits
    /// for an earlier one finds this one behind it.
    fn push(&mut self, entry: Entry) -> Option<usize> {
        let endpoint = entry.fixed.unwrap_or_else(|| self.choose());
        let sequence = entry.sequence;
        self.waiting += 1;
        self.queues[endpoint].push(Reverse(entry));
        self.queues[endpoint].peek().filter(|next| next.0.sequence == sequence).map(|_| endpoint)
    }

    fn choose(&mut self) -> usize {
        let number = self.queues.len();
        let first = self.next_endpoint;
        let mut chosen = first;
        for step in 0..number {
            let endpoint = (first + step) % number;
            if !self.is_down[endpoint] {
                chosen = endpoint;
                break;
            }
        }
        self.next_endpoint = (chosen + 1) % number;
        chosen
    }
}
