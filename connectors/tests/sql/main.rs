//! Queries on real databases, through the public door: what lands, how far the cursor came, and what is told when it does
//! not work. One file a database; what holds for all of them in `common.rs`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod mariadb;
mod postgres;
mod sqlite;
