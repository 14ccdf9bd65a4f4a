//! The registry: what the sources delivered, the merged view of it, and the history of both. `SQLite` or `PostgreSQL`
//! through sqlx.
//!
//! One source's way in: [`Registry::begin`] a run, [`Run::stage`] its records into temporary tables,
//! [`Stage::difference`] them to what is held (the plan), [`Planned::apply`] it. A plan takes the same way inside a
//! transaction that [`Run::finish`] rolls back, so that later sources see what earlier ones would have done.
//!
//! There is no clock here: every time is a parameter, UTC, `YYYY-MM-DDTHH:MM:SSZ`.

mod apply;
mod bulk;
mod difference;
mod dump;
mod error;
mod history;
mod links;
mod lock;
mod matching;
mod merge;
mod queries;
mod review;
mod run;
mod schema;
mod session;
mod sql;
mod stage;

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

pub use apply::Rows;
pub use difference::{Change, Delivery, Difference, EntityDifference, Gate, GateKind, Matched, Planned, Sample};
pub use error::RegistryError;
pub use history::{
    Change as FieldChange, Delivered, DeliveredItem, Event, EventKind, FieldValue, Found, Item, ItemChange,
    ItemChangeKind, ListChange, ListedFile, Moment, Past, Place, RunHead, Said, Span, Subject, Version, Worth,
};
pub use links::{LinkCounts, LinkFindings};
pub use lock::Lock;
pub use queries::{QuarantineDetail, QuarantineRow, RunRow, RunSourceRow, SourceState};
pub use review::{Decision, ReviewPair, ReviewSide, Reviewed};
pub use run::{Mode, Priority, Run, RunKind, RunStart};
pub use stage::{LandedFile, Stage};

use error::Site;
use session::{Server, Session};
use sql::Dialect;

/// How long a writer waits for another by default.
const WAIT: Duration = Duration::from_secs(60);

/// A registry whose tables are those of this program's model.
#[derive(Debug, Clone)]
pub struct Registry {
    server: Server,
    site: Site,
}

impl Registry {
    /// Opens `sqlite://<path>` or `postgres://user@host/database`, makes what is missing: the folder and the file,
    /// tables, columns of a newer model. A server's database and role must exist.
    ///
    /// # Errors
    /// The registry cannot be reached, opened or written, is damaged, or belongs to a newer program.
    pub async fn open(url: &str) -> Result<Self, RegistryError> {
        Self::open_waiting(url, WAIT).await
    }

    /// [`Registry::open`]; writers wait `wait` for another to finish.
    ///
    /// # Errors
    /// As [`Registry::open`].
    pub async fn open_waiting(url: &str, wait: Duration) -> Result<Self, RegistryError> {
        let registry = Self::at(url, wait)?;
        if let Server::Sqlite(_) = registry.server
            && let Some(folder) =
                Path::new(&*registry.site.path).parent().filter(|folder| !folder.as_os_str().is_empty())
        {
            fs_err::create_dir_all(folder)?;
        }
        schema::prepare(&registry).await?;
        Ok(registry)
    }

    /// Whether there is no registry at the URL (yet): no file, or a database without its tables.
    ///
    /// # Errors
    /// The URL names no registry, or the server cannot be reached.
    pub async fn is_missing(url: &str) -> Result<bool, RegistryError> {
        let registry = Self::at(url, WAIT)?;
        match &registry.server {
            Server::Sqlite(_) => Ok(!Path::new(&*registry.site.path).exists()),
            Server::Postgres(_) => schema::is_empty(&registry).await,
        }
    }

    /// The URL as it may be shown: without password.
    pub fn shown(url: &str) -> String {
        without_password(url)
    }

    fn at(url: &str, wait: Duration) -> Result<Self, RegistryError> {
        let refused = |reason| RegistryError::Url { url: without_password(url), reason };
        let (scheme, rest) = url.split_once(':').ok_or_else(|| refused("it has no scheme"))?;
        match scheme {
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() || path == ":memory:" {
                    return Err(refused("it names no file"));
                }
                let site = Site { path: Arc::from(path), wait, dialect: Dialect::Sqlite };
                Ok(Self { server: Server::Sqlite(Box::new(session::sqlite(path, wait))), site })
            }
            "postgres" | "postgresql" => {
                let options = PgConnectOptions::from_str(url).map_err(|_| refused("it cannot be understood"))?;
                if options.get_database().is_none() {
                    return Err(refused("it names no database"));
                }
                let site = Site { path: Arc::from(without_password(url)), wait, dialect: Dialect::Postgres };
                Ok(Self { server: Server::Postgres(Box::new(session::postgres(options))), site })
            }
            _ => Err(refused("registries are SQLite files or PostgreSQL databases")),
        }
    }

    async fn connect(&self) -> Result<Session, RegistryError> {
        Session::connect(&self.server, &self.site).await
    }
}

/// A URL as it may be shown: neither `user:password@` nor a `password=` among its parameters.
fn without_password(url: &str) -> String {
    let (address, parameters) = url.split_once('?').map_or((url, None), |(a, p)| (a, Some(p)));
    let shown = match address.rsplit_once('@') {
        Some((front, host)) => {
            let start = front.find("//").map_or(0, |at| at + 2);
            let user = front[start..].split(':').next().unwrap_or_default();
            format!("{}{user}@{host}", &front[..start])
        }
        None => address.to_owned(),
    };
    let kept = parameters.into_iter().flat_map(|all| all.split('&')).filter(|one| !one.starts_with("password="));
    let kept: Vec<&str> = kept.collect();
    if kept.is_empty() { shown } else { format!("{shown}?{}", kept.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn passwords_are_never_shown() {
        for (url, shown) in [
            ("postgres://a:b@h:5432/d", "postgres://a@h:5432/d"),
            ("postgres://a:b@c@h/d?sslmode=require", "postgres://a@h/d?sslmode=require"),
            ("postgres://h/d?user=a&password=b&sslmode=require", "postgres://h/d?user=a&sslmode=require"),
            ("sqlite://var/registry.db", "sqlite://var/registry.db"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
