//! What can go wrong with a registry, said so that a person knows what to do.

use std::sync::Arc;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

/// A fault of the environment; bad data is a finding, never an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The URL names no registry that this program can open.
    #[error("registry {url}: {reason}; write sqlite:// and the path of the file")]
    Url {
        /// As configured.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The folder of the file cannot be made.
    #[error(transparent)]
    Folder(#[from] std::io::Error),
    /// The file cannot be opened.
    #[error("cannot open the registry {path}; check that the folder exists and that the file may be read and written")]
    Open {
        /// The file.
        path: Arc<str>,
        /// What the database says.
        source: sqlx::Error,
    },
    /// The file is no database, or damaged.
    #[error(
        "the registry {path} is damaged or is no registry; put the last backup in its place, or move it away to start anew"
    )]
    Corrupt {
        /// The file.
        path: Arc<str>,
        /// What the database says.
        source: sqlx::Error,
    },
    /// Another program writes.
    #[error("another run or plan is writing to the registry {path} (waited {} s); run again when it is done", waited.as_secs())]
    Locked {
        /// The file.
        path: Arc<str>,
        /// How long this program waited.
        waited: Duration,
        /// What the database says.
        source: sqlx::Error,
    },
    /// The file or its folder may not be written.
    #[error(
        "the registry {path} may only be read; give the user of vienkop the right to write the file and its folder"
    )]
    ReadOnly {
        /// The file.
        path: Arc<str>,
        /// What the database says.
        source: sqlx::Error,
    },
    /// No space left, for the file itself or for temporary tables.
    #[error(
        "no space left for the registry {path} or its temporary files; free some and run again, nothing of this source was changed"
    )]
    Full {
        /// The file.
        path: Arc<str>,
        /// What the database says.
        source: sqlx::Error,
    },
    /// The file was made by a newer program.
    #[error("the registry {path} has schema version {found}, this program knows {known}; install the newer vienkop")]
    Newer {
        /// The file.
        path: Arc<str>,
        /// Version found.
        found: i64,
        /// Latest version known.
        known: i64,
    },
    /// Bookkeeping tables could not be made.
    #[error("cannot prepare the tables of the registry {path}")]
    Migration {
        /// The file.
        path: Arc<str>,
        /// Why.
        source: MigrateError,
    },
    /// A source delivers twice in one run.
    #[error("source {name} has delivered in run {run} already; start another run")]
    Twice {
        /// The source.
        name: String,
        /// The run.
        run: i64,
    },
    /// A frame does not have the columns that it should.
    #[error(transparent)]
    Frame(#[from] polars::error::PolarsError),
    /// Everything else that the database may say.
    #[error("registry {path}")]
    Sql {
        /// The file.
        path: Arc<str>,
        /// What the database says.
        source: sqlx::Error,
    },
}

/// Primary result codes of SQLite (sqlite.org/rescode.html).
mod code {
    pub(super) const BUSY: u32 = 5;
    pub(super) const LOCKED: u32 = 6;
    pub(super) const READONLY: u32 = 8;
    pub(super) const CORRUPT: u32 = 11;
    pub(super) const FULL: u32 = 13;
    pub(super) const CANTOPEN: u32 = 14;
    pub(super) const NOTADB: u32 = 26;
}

/// Where a connection leads; makes errors that name it.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) path: Arc<str>,
    pub(super) wait: Duration,
}

impl Site {
    /// The error in a person's words.
    pub(super) fn error(&self, source: sqlx::Error) -> RegistryError {
        let path = Arc::clone(&self.path);
        let found = source.as_database_error().and_then(DatabaseError::code).and_then(|code| code.parse::<u32>().ok());
        match found.map(|code| code & 0xff) {
            Some(code::BUSY | code::LOCKED) => RegistryError::Locked { path, waited: self.wait, source },
            Some(code::READONLY) => RegistryError::ReadOnly { path, source },
            Some(code::CORRUPT | code::NOTADB) => RegistryError::Corrupt { path, source },
            Some(code::FULL) => RegistryError::Full { path, source },
            Some(code::CANTOPEN) => RegistryError::Open { path, source },
            _ => RegistryError::Sql { path, source },
        }
    }

    /// The same for migrations, whose errors wrap those of the database.
    pub(super) fn migration(&self, error: MigrateError) -> RegistryError {
        match error {
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => self.error(source),
            source => RegistryError::Migration { path: Arc::clone(&self.path), source },
        }
    }
}
