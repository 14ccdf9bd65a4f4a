//! End-to-end tests: through the program, as its users meet it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod api;
mod backends;
mod bad_input;
mod browser;
mod database;
mod documents;
mod forms;
mod history;
#[path = "../connectors/tests/net/server.rs"]
mod http;
mod linked;
mod links;
mod network;
mod page;
mod pdf;
mod personal_data;
mod presets;
mod publish;
mod report;
mod review;
mod runs;
mod samples;
mod schedule;
mod server;
mod status;
mod support;
