//! End-to-end tests: through the program, as its users meet it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod backends;
mod bad_input;
mod database;
mod documents;
mod history;
mod links;
mod personal_data;
mod report;
mod review;
mod runs;
mod samples;
mod schedule;
mod server;
mod status;
mod support;
