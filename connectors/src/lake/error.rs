//! What can go wrong with the lake, said so that a person knows what to do.

use std::io;
use std::path::{Path, PathBuf};

use polars::error::PolarsError;

/// A fault of the environment; bad data is a finding, never an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// A file or folder cannot be read or written; the disk is full, … The message names the path.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A file that the registry lists is not there.
    #[error(
        "{} is missing, though the registry lists it; registry and lake belong together: put the file, or both, back from the last backup",
        path.display()
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// A file is not what was once written.
    #[error("{} is damaged ({reason}); put it back from the last backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How that shows.
        reason: String,
    },
    /// A file of the lake, or one on its way in, cannot be written.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: PolarsError,
    },
    /// A name or path that nothing in the lake can have.
    #[error(
        "{0:?} cannot be part of the event lake: sources have names of a-z, 0-9 and -, files are listed as <table>/<source>/<month>/<hash>.parquet"
    )]
    Name(String),
    /// Frames that do not keep what this module asks of them: a fault of the program.
    #[error("event lake: {0}")]
    Frame(#[from] PolarsError),
}

impl LakeError {
    /// What Polars says of a file that it reads.
    pub(super) fn reading(path: &Path, error: PolarsError) -> Self {
        match error {
            PolarsError::IO { error, .. } if error.kind() == io::ErrorKind::NotFound => {
                Self::Missing { path: path.to_owned() }
            }
            error => Self::Damaged { path: path.to_owned(), reason: error.to_string() },
        }
    }

    /// What Polars says of a file that it writes.
    pub(super) fn writing(path: &Path, source: PolarsError) -> Self {
        match source {
            // Made by `fs_err`, which names the path.
            PolarsError::IO { error, .. } => Self::Io(io::Error::new(error.kind(), error.to_string())),
            source => Self::Write { path: path.to_owned(), source },
        }
    }
}
