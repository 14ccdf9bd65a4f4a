//! Records of systems' APIs, against servers on loopback that behave like the systems, and that misbehave.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::similar_names,
    missing_docs
)]

mod changes;
mod ckan;
mod dagr;
mod faults;
mod ivanti;
mod jira;
mod odata;
mod pages;
mod redmine;
mod resume;
#[path = "../net/server.rs"]
mod server;
mod sharepoint;
mod support;
mod znuny;
