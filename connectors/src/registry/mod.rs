//! The registry: what the sources delivered, the merged view of it, and the history of both. `SQLite` through sqlx.
//!
//! One source's way in: [`Registry::begin`] a run, [`Run::stage`] its records into temporary tables,
//! [`Stage::difference`] them to what is held (the plan), [`Planned::apply`] it. A plan takes the same way inside a
//! transaction that [`Run::finish`] rolls back, so that later sources see what earlier ones would have done.
//!
//! There is no clock here: every time is a parameter, UTC, `YYYY-MM-DDTHH:MM:SSZ`.

mod apply;
mod difference;
mod dump;
mod error;
mod queries;
mod run;
mod schema;
mod session;
mod sql;
mod stage;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;

pub use apply::Rows;
pub use difference::{Change, Delivery, Difference, EntityDifference, FindingCount, Gate, GateKind, Planned, Sample};
pub use error::RegistryError;
pub use queries::{QuarantineDetail, QuarantineRow, RunRow, RunSourceRow, SourceState};
pub use run::{Mode, Run, RunKind, RunStart};
pub use stage::{LandedFile, Stage};

use error::Site;
use session::Session;

/// How long a writer waits for another by default.
const WAIT: Duration = Duration::from_secs(60);

/// A registry whose tables are those of this program's model.
#[derive(Debug, Clone)]
pub struct Registry {
    options: SqliteConnectOptions,
    site: Site,
}

impl Registry {
    /// Opens `sqlite://<path>`, makes what is missing: the folder, the file, tables, columns of a newer model.
    ///
    /// # Errors
    /// The file cannot be opened or written, is damaged, or belongs to a newer program.
    pub async fn open(url: &str) -> Result<Self, RegistryError> {
        Self::open_waiting(url, WAIT).await
    }

    /// [`Registry::open`]; writers wait `wait` for another to finish.
    ///
    /// # Errors
    /// As [`Registry::open`].
    pub async fn open_waiting(url: &str, wait: Duration) -> Result<Self, RegistryError> {
        let refused = |reason| RegistryError::Url { url: url.to_owned(), reason };
        let (scheme, rest) = url.split_once(':').ok_or_else(|| refused("it has no scheme"))?;
        if scheme != "sqlite" {
            return Err(refused("only SQLite registries can be opened"));
        }
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if path.is_empty() || path == ":memory:" {
            return Err(refused("it names no file"));
        }
        if let Some(folder) = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs_err::create_dir_all(folder)?;
        }
        let registry = Self { options: session::options(path, wait), site: Site { path: Arc::from(path), wait } };
        schema::prepare(&registry).await?;
        Ok(registry)
    }

    /// Whether the URL names a SQLite file that does not exist (yet).
    pub fn is_missing(url: &str) -> bool {
        let path = url.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
        path.is_some_and(|path| !Path::new(path).exists())
    }

    async fn connect(&self) -> Result<Session, RegistryError> {
        Session::connect(&self.options, &self.site).await
    }
}
