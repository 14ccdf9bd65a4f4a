//! End-to-end tests: through the program, as its users meet it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod api;
mod backends;
mod bad_input;
mod browser;
mod correction;
mod database;
mod deliver;
mod documents;
mod drift;
mod forms;
mod history;
#[path = "../connectors/tests/net/server.rs"]
mod http;
mod linked;
mod links;
mod network;
mod onboard;
mod page;
mod pdf;
mod personal_data;
mod presets;
mod publish;
mod report;
mod retry;
mod review;
mod runs;
mod samples;
mod schedule;
mod server;
mod status;
mod support;
