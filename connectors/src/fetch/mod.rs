//! Fetching: bytes from where a source keeps them. The only step that touches a source.
//!
//! A new kind is one file here and its line in [`KINDS`]. How the bytes are read is another axis ([`crate::format`]);
//! any kind of fetch goes with any kind of format.
//!
//! Fetching blocks: call it on a thread that may (`tokio::task::spawn_blocking`). Files and archives have no other
//! way, and a kind that talks to a network blocks there on `tokio::runtime::Handle::current()` chunk by chunk behind
//! [`Fetched::reader`], so that landing is one loop for all of them.

mod archive;
mod file;
mod http;
mod inbox;
mod rest;
mod sql;
#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use schemars::{Schema, SchemaGenerator};
use vienkop_transforms::finding::Finding;

pub use crate::format::OptionError;
use crate::landing::{Landed, LandingZone};
use crate::limits::Limits;
pub use crate::net::Recorder;

/// Every kind of fetch.
pub static KINDS: &[&dyn FetchKind] = &[&file::Kind, &http::Kind, &inbox::Kind, &rest::Kind, &sql::Kind];

/// The kind of that name.
pub fn kind(name: &str) -> Option<&'static dyn FetchKind> {
    KINDS.iter().copied().find(|kind| kind.name() == name)
}

/// A kind of fetch: its options and how a fetcher is made from them.
pub trait FetchKind: Sync {
    /// Name, as in `[fetch] kind`.
    fn name(&self) -> &'static str;
    /// Schema of `[fetch]` without `kind`: an object that denies unknown properties.
    fn options_schema(&self, generator: &mut SchemaGenerator) -> Schema;
    /// Options that are paths of files or folders, relative to the folder that holds `config/`: `path`, or
    /// `query/*/query_file` for that of each item of a list.
    fn paths(&self) -> &'static [&'static str] {
        &["recorded"]
    }

    /// Makes the fetcher of one source; the value has passed the schema.
    ///
    /// # Errors
    /// What no schema can say (a pattern that is no pattern): the option's name and the reason.
    fn fetcher(&self, options: &serde_json::Value) -> Result<Box<dyn Fetch>, OptionError>;
}

/// Fetches what one source delivers.
pub trait Fetch: Send + Sync {
    /// Whether a delivery holds only what changed since the cursor: its source must say that it delivers a delta.
    fn incremental(&self) -> bool {
        false
    }

    /// Whether the source is asked for anything: one that only has an inbox is not.
    fn asks(&self) -> bool {
        true
    }

    /// Whether a server or a database is asked, which may not answer, not know us, or not let us.
    fn asks_server(&self) -> bool {
        false
    }

    /// Whether what is asked of the source can be recorded.
    fn recordable(&self) -> Recordable<'_> {
        Recordable::No
    }

    /// Whether its files are pages of one list: what is to be told of their columns is told once.
    fn paged(&self) -> bool {
        false
    }

    /// Hands every file of the delivery to `out`, always in the same order; `out` reads it to its end and lands it.
    ///
    /// # Errors
    /// [`FetchError::File`] when the delivery is not whole (nothing of it may be loaded then), and whatever `out`
    /// returns.
    fn fetch(
        &self,
        context: &FetchContext<'_>,
        out: &mut dyn FnMut(Fetched<'_>) -> Result<Landed, FetchError>,
    ) -> Result<Fetching, FetchError>;
}

/// Whether a source's answers can be recorded ([`Recorder`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recordable<'a> {
    /// No server is asked, or a recording is.
    No,
    /// The source does not say which members of the answers identify persons (`personal`).
    Undeclared,
    /// Paths of those members.
    Without(&'a [String]),
}

impl<'a> Recordable<'a> {
    /// Of a source that is asked over HTTP.
    fn of(recorded: Option<&str>, personal: Option<&'a Vec<String>>) -> Self {
        match (recorded, personal) {
            (Some(_), _) => Self::No,
            (None, None) => Self::Undeclared,
            (None, Some(paths)) => Self::Without(paths),
        }
    }
}

/// What a fetch that came to its end says besides its files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fetching {
    /// Where the next fetch goes on, once this delivery is loaded; none: as before. What it means is the fetcher's own
    /// affair.
    pub cursor: Option<String>,
    /// What is to be told of the delivery though it is whole.
    pub findings: Vec<Finding>,
    /// Names of what was asked for and holds nothing (a query without rows): no file has landed of it.
    pub empty: Vec<String>,
}

/// What a fetcher needs besides its options.
#[derive(Debug, Clone, Copy)]
pub struct FetchContext<'a> {
    /// The source's id.
    pub source: &'a str,
    /// The folder that relative paths start from: the one that holds `config/`.
    pub base: &'a Path,
    /// Limits of archives; the size of a file is watched by the landing zone.
    pub limits: &'a Limits,
    /// The moment that the run is about.
    pub now: jiff::Timestamp,
    /// The time zone of times that name none.
    pub time_zone: &'a jiff::tz::TimeZone,
    /// The cursor of the last delivery that was loaded.
    pub cursor: Option<&'a str>,
    /// The landing zone that `out` lands in.
    pub landing: &'a LandingZone,
    /// A file in which a fetch may note what it has landed, so that the next one goes on where it broke off; none: it
    /// begins anew each time.
    pub resume: Option<&'a Path>,
    /// Where the answers of servers are recorded, to be played later in the place of the server; none: nowhere.
    pub record: Option<&'a Recorder>,
    /// Records of each list or query that are enough, for a look at the source; none: all of them. A document is always
    /// fetched as a whole.
    pub sample: Option<usize>,
    /// Set from outside to stop at the next chunk.
    pub cancel: &'a AtomicBool,
}

impl FetchContext<'_> {
    /// Whether somebody asked to stop.
    ///
    /// # Errors
    /// [`FetchError::Cancelled`] if so.
    pub fn check_cancelled(&self) -> Result<(), FetchError> {
        if self.cancel.load(Ordering::Relaxed) { Err(FetchError::Cancelled) } else { Ok(()) }
    }
}

/// One file on its way from the source.
pub struct Fetched<'a> {
    /// The name a person knows it by: `registrs.xlsx`, `2024/marts.csv` below a pattern's folder, `a.zip!member.csv`.
    pub name: String,
    /// Its bytes. What goes wrong in them comes as an [`io::Error`] that [`FetchError::from`] turns back.
    pub reader: Box<dyn Read + 'a>,
}

/// Why a delivery cannot be fetched or landed.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The delivery's fault: a finding of severity error (F…), for the person who delivers it.
    #[error("{0:?}")]
    File(Box<Finding>),
    /// The environment's fault.
    #[error(transparent)]
    Io(io::Error),
    /// Somebody asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl From<Finding> for FetchError {
    fn from(finding: Finding) -> Self {
        Self::File(Box::new(finding))
    }
}

impl From<io::Error> for FetchError {
    /// A fetch error that travelled through a reader becomes itself again.
    fn from(error: io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(Self::Io)
    }
}

impl From<FetchError> for io::Error {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Io(error) => error,
            other => Self::other(other),
        }
    }
}

/// Ends a reader as soon as somebody asks to stop.
struct Cancellable<'a, R> {
    inner: R,
    context: FetchContext<'a>,
}

impl<R: Read> Read for Cancellable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.context.check_cancelled()?;
        self.inner.read(buffer)
    }
}
