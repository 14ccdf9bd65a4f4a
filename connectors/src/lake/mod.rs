//! The event lake: status events and what is worked out of them, as immutable Parquet files beside the registry.
//!
//! Files lie at `<table>/<source>/<UTC month or none>/<16 hex digits of the SHA-256>.parquet`, sorted by bucket, request
//! and order. Which of them are live is told by the registry's `lake_file`; nothing live is ever changed: a run writes
//! new files, its transaction lists them and takes those away that they replace, and [`Lake::sweep`] removes what is
//! not listed. This module knows files only; the database is the registry's.

mod error;
mod file;
mod identity;
mod live;
mod merge;
mod partition;
mod run;
mod scan;
mod shelf;
mod spill;
mod sweep;

use std::path::{Path, PathBuf};

pub use error::LakeError;
pub use merge::{EventCounts, LakeMerge, MergeScope, Merged, Portion};
pub use run::Buckets;
pub use spill::Spill;
use vienkop_transforms::status::tables::LakeTable;

/// Folder of what is on its way.
const STAGING: &str = "staging";
/// Partition of rows whose time is not known.
const NO_MONTH: &str = "none";

/// A folder of Parquet files. Only its owner can read it.
#[derive(Debug, Clone)]
pub struct Lake {
    folder: PathBuf,
    limits: LakeLimits,
}

/// What bounds the memory of a merge, and how many files lie in one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LakeLimits {
    /// Events merged, and rows rewritten, at a time, at most about.
    pub portion_rows: usize,
    /// Rows of each kind that wait in memory before they are put aside on the disk, at most about.
    pub waiting_rows: usize,
    /// Files of one partition; with more they are written into one.
    pub partition_files: usize,
}

impl Default for LakeLimits {
    fn default() -> Self {
        Self { portion_rows: 128 << 10, waiting_rows: 128 << 10, partition_files: 8 }
    }
}

/// A file of the lake, as the registry lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LakeFile {
    /// What its rows are.
    pub table: LakeTable,
    /// Id of the source whose events they are, or are worked out of.
    pub source: String,
    /// UTC month of [`LakeTable::time`], `2024-06`, or `none`.
    pub month: String,
    /// Where it lies below the lake's folder, with `/`.
    pub path: String,
    /// Number of its rows.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Hash of its content in lower-case hex.
    pub sha256: String,
}

/// What a merge asks of the list of live files, to be done in the transaction of its run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LakeChange {
    /// New files, which are on the disk.
    pub added: Vec<LakeFile>,
    /// Files that are live no more; they stay on the disk until they are swept.
    pub retired: Vec<LakeFile>,
    /// What became of the delivered events.
    pub counts: EventCounts,
}

impl Lake {
    /// The lake in `folder`, which is made when the first file is.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), limits: LakeLimits::default() }
    }

    /// The same lake with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: LakeLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Begins to take in a source's events for a run. What an earlier run of the source left half-way is removed, so
    /// the caller holds the source's lock.
    ///
    /// # Errors
    /// Not the id of a source; the disk.
    pub fn spill(&self, source: &str) -> Result<Spill, LakeError> {
        let folder = self.folder.join(STAGING).join(source_name(source)?);
        Spill::begin(source, &self.folder, folder, self.limits.waiting_rows)
    }

    /// Begins to take in a source's events for a plan, which writes nothing but what does not fit into memory, into a
    /// folder of its own in `folder`.
    ///
    /// # Errors
    /// Not the id of a source; the disk.
    pub fn spill_for_plan(&self, source: &str, folder: &Path) -> Result<Spill, LakeError> {
        Spill::begin(source, folder, folder.join("lake").join(source_name(source)?), self.limits.waiting_rows)
    }
}

fn source_name(source: &str) -> Result<&str, LakeError> {
    if is_source(source) { Ok(source) } else { Err(LakeError::Name(source.to_owned())) }
}

/// Ids of sources name folders.
fn is_source(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= 200 && name.bytes().all(plain)
}

fn is_month(name: &str) -> bool {
    let digits = |text: &str| text.len() >= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    name == NO_MONTH || name.split_once('-').is_some_and(|(year, month)| digits(year) && digits(month))
}

fn is_file_name(name: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    name.strip_suffix(".parquet").is_some_and(|stem| stem.len() == 16 && hex(stem))
}
