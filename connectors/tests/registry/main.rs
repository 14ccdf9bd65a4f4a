//! The registry through its public door: deliveries as small frames, then what it holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[macro_use]
mod battery;
mod assess;
mod bench;
mod closing;
mod conflicts;
mod drift;
mod evidence;
mod gates;
mod history;
mod identity;
mod lake;
mod lake_model;
mod lake_random;
mod links;
mod opening;
mod past;
mod plan;
mod random;
mod review;
