//! A run may end at any moment: what it leaves is whole, and the next run comes to what an undisturbed one comes to.
//!
//! CONTRIBUTING.md tells how this works. `required-features = ["kill-points"]`: the ordinary program has no kill points.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

mod connection;
mod delivery;
mod disk;
#[path = "../../connectors/tests/net/server.rs"]
mod http;
mod inbox;
mod points;
mod program;
mod publication;
mod random;
#[path = "../deliver/register.rs"]
mod register;
mod scenario;
mod state;
#[path = "../support.rs"]
#[allow(dead_code, reason = "shared with the end-to-end tests, which use all of it")]
mod support;
