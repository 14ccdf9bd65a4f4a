//! What databases say when something is wrong, as findings that a person can act on.

use std::net::IpAddr;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::mysql::MySqlDatabaseError;
use vienkop_transforms::finding::{self, Finding, Rule};
use vienkop_transforms::normalise::personal::mask;

use super::statement::Dialect;

/// Why a delivery ends before its end.
pub(super) enum Fault {
    /// Ready to be told.
    Told(Box<Finding>),
    /// The database's or the network's word.
    Database(Step, sqlx::Error),
    /// Nobody wants the rest.
    Unwanted,
}

/// What was under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Connecting,
    Asking,
}

impl Fault {
    pub(super) fn connecting(error: sqlx::Error) -> Self {
        Self::Database(Step::Connecting, error)
    }
}

impl From<Finding> for Fault {
    fn from(finding: Finding) -> Self {
        Self::Told(Box::new(finding))
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Step::Asking, error)
    }
}

/// The server is where nothing is that an institution could mean.
pub(super) fn link_local(place: &str, address: IpAddr) -> Finding {
    let expected = Some(address.to_string());
    Finding { value: Some(place.to_owned()), expected, ..Finding::of(&finding::SQL_LINK_LOCAL) }
}

/// The queries take longer than they may.
pub(super) fn too_slow(place: &str, timeout: Duration) -> Finding {
    let expected = Some(timeout.as_secs().to_string());
    Finding { value: Some(place.to_owned()), expected, ..Finding::of(&finding::SQL_TOO_SLOW) }
}

/// The finding for an error of the driver.
pub(super) fn finding(dialect: Dialect, step: Step, error: &sqlx::Error, place: &str, timeout: Duration) -> Finding {
    let rule = match error {
        sqlx::Error::Database(said) => by_code(dialect, step, said.as_ref()),
        sqlx::Error::Tls(_) | sqlx::Error::Configuration(_) => &finding::SQL_UNREACHABLE,
        // The handshake reports a certificate that it does not trust as data that are not valid.
        _ if step == Step::Connecting => &finding::SQL_UNREACHABLE,
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => &finding::SQL_LOST,
        _ => &finding::SQL_REFUSED,
    };
    if rule.code == finding::SQL_TOO_SLOW.code {
        return too_slow(place, timeout);
    }
    Finding { value: Some(place.to_owned()), expected: Some(said(error)), ..Finding::of(rule) }
}

/// What was said, on one line and without personal codes. Drivers never say the address.
fn said(error: &sqlx::Error) -> String {
    let text = match error {
        sqlx::Error::Database(said) => said.message().to_owned(),
        sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => "timeout".to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    };
    mask(text.lines().next().unwrap_or_default()).chars().take(300).collect()
}

fn by_code(dialect: Dialect, step: Step, said: &dyn DatabaseError) -> &'static Rule {
    let code = said.code().unwrap_or_default();
    match dialect {
        Dialect::Sqlite => sqlite(code.parse().unwrap_or_default()),
        // A statement in WITH that writes; the word stays in every language of the server.
        Dialect::Postgres if code == "0A000" && said.message().contains("DECLARE") => &finding::SQL_STATEMENT,
        Dialect::Postgres => postgres(&code, step),
        Dialect::MySql => {
            mysql(said.try_downcast_ref::<MySqlDatabaseError>().map_or(0, MySqlDatabaseError::number), step)
        }
    }
}

/// By primary result code (sqlite.org/rescode.html).
fn sqlite(code: u32) -> &'static Rule {
    match code & 0xff {
        // CANTOPEN, NOTADB, CORRUPT; BUSY and LOCKED: whoever writes does not let go.
        5 | 6 | 11 | 14 | 26 => &finding::SQL_UNREACHABLE,
        // PERM, AUTH
        3 | 23 => &finding::SQL_PERMISSION,
        // READONLY
        8 => &finding::SQL_STATEMENT,
        // INTERRUPT: we do that when the time is over.
        9 => &finding::SQL_TOO_SLOW,
        // IOERR
        10 => &finding::SQL_LOST,
        _ => &finding::SQL_REFUSED,
    }
}

/// By SQLSTATE (PostgreSQL documentation, appendix A).
fn postgres(code: &str, step: Step) -> &'static Rule {
    match code {
        "42501" => &finding::SQL_PERMISSION,
        // The statement writes, or a function in it does.
        "25006" => &finding::SQL_STATEMENT,
        "57014" => &finding::SQL_TOO_SLOW,
        "57P01" | "57P02" | "57P03" if step == Step::Asking => &finding::SQL_LOST,
        code if code.starts_with("28") => &finding::SQL_LOGIN,
        code if code.starts_with("08") && step == Step::Asking => &finding::SQL_LOST,
        _ if step == Step::Connecting => &finding::SQL_UNREACHABLE,
        _ => &finding::SQL_REFUSED,
    }
}

/// By error number (MySQL error reference; MariaDB has the same below 1900 and some of its own).
fn mysql(number: u16, step: Step) -> &'static Rule {
    match number {
        // Access denied: for the user; for one without the plug-in that was asked for.
        1045 | 1251 | 1698 | 1820 | 1862 => &finding::SQL_LOGIN,
        // Access denied: to the database, table, column, function; a privilege is missing.
        1044 | 1142 | 1143 | 1227 | 1370 | 1410 => &finding::SQL_PERMISSION,
        // Cannot execute in a read only transaction; more than one statement does not parse.
        1792 => &finding::SQL_STATEMENT,
        // Query interrupted; max_statement_time (MariaDB), max_execution_time (MySQL).
        1317 | 1969 | 3024 => &finding::SQL_TOO_SLOW,
        // Server shutdown, connection killed.
        1053 | 1927 if step == Step::Asking => &finding::SQL_LOST,
        _ if step == Step::Connecting => &finding::SQL_UNREACHABLE,
        _ => &finding::SQL_REFUSED,
    }
}
