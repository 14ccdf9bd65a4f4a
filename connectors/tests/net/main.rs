//! Sources over HTTP, against a server on loopback that also misbehaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod document;
mod faults;
mod server;
mod support;
