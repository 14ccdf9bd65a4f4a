//! The event lake through its public door: deliveries as small frames, then what lies in its files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bench;
mod files;
mod merging;
mod random;
