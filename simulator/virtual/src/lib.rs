//! The engine: the whole fleet in virtual time.
//!
//! Owns the wheel, frames, pods, pools, stores, timeouts and shoppers of a cell. Refuses I/O, async and wall
//! clocks, and to know what becomes of a batch after its flush.
//!
//! Begin at [`engine::Engine`]. The rules that decide what happens when are in `docs/engine.md`; a naive
//! engine in the tests plays by the same rules and has to give the same records.

mod calls;
pub mod cell;
pub mod engine;
mod event;
pub mod faults;
mod frame;
mod guards;
mod latencies;
mod messages;
mod network;
mod pods;
mod pools;
mod program;
mod shard;
mod shoppers;
pub mod slice;
pub mod station;
mod stores;
mod wheel;

#[cfg(test)]
mod tests;
