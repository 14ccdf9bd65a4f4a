//! What can go wrong with a registry, said so that a person knows what to do.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

use super::sql::Dialect;
use crate::lake::LakeError;

/// A fault of the environment; bad data is a finding, never an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The URL names no registry that this program can open.
    #[error("registry {url}: {reason}; write sqlite:// and the path of the file, or postgres://user@host/database")]
    Url {
        /// As configured.
        url: String,
        /// What is wrong with it.
        reason: UrlFault,
    },
    /// The folder of the file cannot be made.
    #[error(transparent)]
    Folder(#[from] std::io::Error),
    /// The event lake beside the registry.
    #[error(transparent)]
    Lake(#[from] LakeError),
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
    /// Somebody else uses what may be used by one at a time.
    #[error(
        "{what} is held by {} (waited {} s); run again when it is done",
        holder.as_deref().unwrap_or("another process"), waited.as_secs()
    )]
    Held {
        /// What is locked: `source x`, `pipeline y`, `writer`.
        what: String,
        /// Who has it; none where that cannot be told.
        holder: Option<String>,
        /// How long this program waited.
        waited: Duration,
    },
    /// The server cannot be reached, or the connection to it broke.
    #[error(
        "the registry {path} cannot be reached, or the connection to it was lost; nothing of what was under way is kept: run again when the server answers"
    )]
    Unreachable {
        /// Where it should be.
        path: Arc<str>,
        /// What the network or the server says.
        source: sqlx::Error,
    },
    /// The server does not let this user in, or its certificate is not trusted.
    #[error(
        "the registry {path} does not let us in; check user, password (PGPASSWORD or .pgpass), database, and with sslmode=verify-full the certificate and sslrootcert"
    )]
    Refused {
        /// Where it is.
        path: Arc<str>,
        /// What the server says.
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
    /// The file, its folder or the tables may not be written.
    #[error(
        "the registry {path} may only be read; give the user of vienkop the right to write it (a file and its folder; on a server CREATE on the schema, TEMPORARY on the database)"
    )]
    ReadOnly {
        /// The file.
        path: Arc<str>,
        /// What the database says.
        source: sqlx::Error,
    },
    /// No space left, for the file itself or for temporary tables.
    #[error(
        "no space left for the registry {path} or its temporary files; free some and run again, nothing of what was begun was loaded"
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
    /// The file was made by an older program, and nothing may be written now.
    #[error(
        "the registry {path} was made by an older vienkop; `vienkop run` brings it up to date, a plan writes nothing"
    )]
    Older {
        /// The file.
        path: Arc<str>,
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
    /// Work beside the database broke off.
    #[error("comparing services broke off; this is a fault of the program, please report it")]
    Broken(#[source] tokio::task::JoinError),
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

/// What is wrong with the URL of a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlFault {
    /// Nothing in front of a colon.
    #[error("it has no scheme")]
    NoScheme,
    /// Neither of ours.
    #[error("registries are SQLite files or PostgreSQL databases")]
    UnknownScheme,
    /// SQLite without a path.
    #[error("it names no file")]
    NoFile,
    /// PostgreSQL without a database.
    #[error("it names no database")]
    NoDatabase,
    /// A parameter that nobody reads: a misspelt `sslmode` must not leave a connection unchecked.
    #[error("there is no parameter `{0}`")]
    UnknownParameter(String),
    /// A certificate or key that it names is not there.
    #[error("there is no file {0}")]
    NoCertificate(String),
    /// It breaks the rules of URLs, or a parameter has a value that there is not.
    #[error("it cannot be understood (characters such as / ? # @ in a password are written %2F %3F %23 %40)")]
    NotUnderstood,
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
    /// Extended: the index of the write-ahead log cannot grow, which only a full disk keeps it from.
    pub(super) const SHMSIZE: u32 = 4874;
}

/// Where a connection leads; makes errors that name it.
#[derive(Debug, Clone)]
pub(super) struct Site {
    /// The file, or the server without password.
    pub(super) path: Arc<str>,
    pub(super) wait: Duration,
    pub(super) dialect: Dialect,
}

impl Site {
    /// The error in a person's words.
    pub(super) fn error(&self, source: sqlx::Error) -> RegistryError {
        match self.dialect {
            Dialect::Sqlite => self.sqlite(source),
            Dialect::Postgres => self.postgres(source),
        }
    }

    fn sqlite(&self, source: sqlx::Error) -> RegistryError {
        let path = Arc::clone(&self.path);
        let found = source.as_database_error().and_then(DatabaseError::code).and_then(|code| code.parse::<u32>().ok());
        if found == Some(code::SHMSIZE) {
            return RegistryError::Full { path, source };
        }
        match found.map(|code| code & 0xff) {
            Some(code::BUSY | code::LOCKED) => RegistryError::Locked { path, waited: self.wait, source },
            Some(code::READONLY) => RegistryError::ReadOnly { path, source },
            Some(code::CORRUPT | code::NOTADB) => RegistryError::Corrupt { path, source },
            Some(code::FULL) => RegistryError::Full { path, source },
            Some(code::CANTOPEN) => RegistryError::Open { path, source },
            _ => RegistryError::Sql { path, source },
        }
    }

    /// By SQLSTATE (PostgreSQL documentation, appendix A).
    fn postgres(&self, source: sqlx::Error) -> RegistryError {
        let path = Arc::clone(&self.path);
        // The handshake reports a certificate that it does not trust as data that are not valid.
        let untrusted = matches!(&source, sqlx::Error::Io(error) if error.kind() == ErrorKind::InvalidData);
        if untrusted || matches!(source, sqlx::Error::Tls(_)) {
            return RegistryError::Refused { path, source };
        }
        if matches!(source, sqlx::Error::Io(_) | sqlx::Error::Protocol(_)) {
            return RegistryError::Unreachable { path, source };
        }
        let found = source.as_database_error().and_then(DatabaseError::code).unwrap_or_default().into_owned();
        match found.as_str() {
            "42501" | "25006" | "3F000" => RegistryError::ReadOnly { path, source },
            "53100" | "53200" => RegistryError::Full { path, source },
            "55P03" | "40P01" => RegistryError::Locked { path, waited: self.wait, source },
            "3D000" => RegistryError::Refused { path, source },
            "57P01" | "57P02" | "57P03" | "53300" => RegistryError::Unreachable { path, source },
            "XX001" | "XX002" => RegistryError::Corrupt { path, source },
            state if state.starts_with("08") => RegistryError::Unreachable { path, source },
            state if state.starts_with("28") => RegistryError::Refused { path, source },
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
