//! The registry: what the sources delivered, the merged view of it, and the history of both. `SQLite` or `PostgreSQL`
//! through sqlx.
//!
//! One source's way in: [`Registry::begin`] a run, [`Run::stage`] its records into temporary tables,
//! [`Stage::difference`] them to what is held (the plan), [`Planned::apply`] it. A plan takes the same way inside a
//! transaction that [`Run::finish`] rolls back, so that later sources see what earlier ones would have done.
//!
//! There is no clock here: every time is a parameter, UTC, `YYYY-MM-DDTHH:MM:SSZ`.

mod apply;
mod assess;
mod bulk;
mod check;
mod correction;
mod delivery;
mod difference;
mod drift;
mod dump;
mod error;
mod gate;
mod history;
mod lake;
mod links;
mod lock;
mod matching;
mod merge;
mod quarantine;
mod queries;
mod retry;
mod review;
mod run;
mod schema;
mod session;
mod sql;
mod stage;

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

pub use apply::Rows;
pub use check::{Check, Lack};
pub use delivery::{DeliveredRecord, Deliveries, Delivering};
pub use difference::{Change, Delivery, Difference, EntityDifference, Matched, Planned, Sample};
pub use drift::Schemas;
pub use error::{RegistryError, UrlFault};
pub use gate::{Gate, GateKind};
pub use history::{
    Change as FieldChange, Delivered, DeliveredItem, Event, EventKind, FieldValue, Found, Item, ItemChange,
    ItemChangeKind, ListChange, ListedFile, Moment, Move, Past, Place, RunHead, Said, Span, Subject, Version, Worth,
};
pub use links::{LinkCounts, LinkFindings};
pub use lock::Lock;
pub use quarantine::{QuarantineDetail, QuarantineRow};
pub use queries::{RunRow, RunSourceRow, SourceState};
pub use retry::Standing;
pub use review::{Decision, ReviewPair, ReviewSide, Reviewed};
pub use run::{Mode, Priority, Run, RunKind, RunStart};
pub use stage::{LandedFile, Stage};

use crate::lake::{Lake, LakeLimits};
use error::Site;
use session::{Server, Session};
use sql::Dialect;

/// How long a writer waits for another by default.
const WAIT: Duration = Duration::from_secs(60);

/// A registry whose tables are those of this program's model.
#[derive(Clone)]
pub struct Registry {
    server: Server,
    site: Site,
    /// Its event lake.
    lake: Lake,
}

/// Without the options of the connection: they hold a password.
impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("at", &self.site.path).finish_non_exhaustive()
    }
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

    /// [`Registry::open`] of a registry that is there, without bringing its tables up to date: nothing is written.
    ///
    /// # Errors
    /// As [`Registry::open`]; [`RegistryError::Older`]: tables or columns of this program's model are missing.
    pub async fn open_as_it_is(url: &str) -> Result<Self, RegistryError> {
        let registry = Self::at(url, WAIT)?;
        if schema::is_older(&registry).await? {
            return Err(RegistryError::Older { path: Arc::clone(&registry.site.path) });
        }
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
        let (scheme, rest) = url.split_once(':').ok_or_else(|| refused(UrlFault::NoScheme))?;
        match scheme {
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() || path == ":memory:" {
                    return Err(refused(UrlFault::NoFile));
                }
                let site = Site { path: Arc::from(path), wait, dialect: Dialect::Sqlite };
                let lake = Lake::at(Path::new(path).with_extension("lake"));
                Ok(Self { server: Server::Sqlite(Box::new(session::sqlite(path, wait))), site, lake })
            }
            "postgres" | "postgresql" => {
                if let Some(name) = unknown_parameter(url) {
                    return Err(refused(UrlFault::UnknownParameter(name)));
                }
                if let Some(path) = missing_certificate(url) {
                    return Err(refused(UrlFault::NoCertificate(path)));
                }
                let options = PgConnectOptions::from_str(url).map_err(|_| refused(UrlFault::NotUnderstood))?;
                if options.get_database().is_none() {
                    return Err(refused(UrlFault::NoDatabase));
                }
                let site = Site { path: Arc::from(without_password(url)), wait, dialect: Dialect::Postgres };
                let lake = Lake::at(Path::new("lake").join(database_folder(&options)));
                Ok(Self { server: Server::Postgres(Box::new(session::postgres(options))), site, lake })
            }
            _ => Err(refused(UrlFault::UnknownScheme)),
        }
    }

    /// The registry with its event lake below this folder. Only of a server: the lake of a `SQLite` file `x.db` is the
    /// folder `x.lake` beside it.
    #[must_use]
    pub fn with_lake_below(mut self, folder: &Path) -> Self {
        if let Server::Postgres(options) = &self.server {
            self.lake = Lake::at(folder.join(database_folder(options)));
        }
        self
    }

    /// The same registry with other limits of its lake.
    #[must_use]
    pub fn with_lake_limits(mut self, limits: LakeLimits) -> Self {
        self.lake = self.lake.with_limits(limits);
        self
    }

    async fn connect(&self) -> Result<Session, RegistryError> {
        Session::connect(&self.server, &self.site).await
    }
}

/// Name of the folder that holds the lake of a database: registries of two databases never share one.
fn database_folder(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_default();
    let name = format!("{}-{}-{database}", options.get_host(), options.get_port());
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_') { c } else { '_' }).collect()
}

/// Parameters that the driver reads; it would only log the name and value of any other.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

fn is_parameter(name: &str) -> bool {
    PARAMETERS.contains(&name) || name.starts_with("options[")
}

/// The first parameter that would be ignored.
pub(crate) fn unknown_parameter(url: &str) -> Option<String> {
    let (_, parameters) = url.split_once('?')?;
    let parameters = parameters.split('#').next().unwrap_or_default();
    let mut names = parameters.split('&').filter(|one| !one.is_empty()).map(|one| one.split('=').next().unwrap_or(one));
    // A password with a bare question mark must not be shown as the name of a parameter.
    names.find(|name| !is_parameter(name)).map(|name| if name.contains('@') { "?".to_owned() } else { name.to_owned() })
}

/// The first certificate or key of the parameters that is not there; the driver would say so in a way that looks like a
/// server that is not there. Values with escapes are left to it.
pub(crate) fn missing_certificate(url: &str) -> Option<String> {
    const FILES: [&str; 8] =
        ["sslrootcert", "ssl-root-cert", "ssl-ca", "sslca", "sslcert", "ssl-cert", "sslkey", "ssl-key"];
    let (_, parameters) = url.split_once('?')?;
    let values = parameters.split('&').filter_map(|one| one.split_once('=')).filter(|(name, _)| FILES.contains(name));
    let mut paths = values.map(|(_, path)| path).filter(|path| !path.contains(['%', '+']));
    paths.find(|path| !Path::new(path).is_file()).map(str::to_owned)
}

/// A URL as it may be shown: neither `user:password@` nor a parameter that is or may be one. Where it cannot be told
/// what is password, too much is left out rather than too little.
fn without_password(url: &str) -> String {
    let start = url.find("//").map_or(0, |at| at + 2);
    let end = url.split_once('?').map_or(url.len(), |(address, _)| address.len());
    // The last @ ends the user's part; one among the parameters does only where the address has none.
    let at = url[start..end].rfind('@').or_else(|| url[start..].rfind('@')).map(|at| start + at);
    let colon = at.and_then(|at| url[start..at].find(':')).map(|colon| start + colon);
    let shown = match (colon, at) {
        (Some(colon), Some(at)) => format!("{}{}", &url[..colon], &url[at..]),
        _ => url.to_owned(),
    };
    let Some((address, parameters)) = shown.split_once('?') else { return shown };
    // A misspelt password is one too.
    let harmless = |name: &str| name != "password" && is_parameter(name);
    let kept = parameters.split('&').filter(|one| one.split_once('=').is_some_and(|(name, _)| harmless(name)));
    let kept: Vec<&str> = kept.collect();
    if kept.is_empty() { address.to_owned() } else { format!("{address}?{}", kept.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::{unknown_parameter, without_password};

    #[test]
    fn passwords_are_never_shown() {
        for (url, shown) in [
            ("postgres://a:b@h:5432/d", "postgres://a@h:5432/d"),
            ("postgres://a:b@c@h/d?sslmode=require", "postgres://a@h/d?sslmode=require"),
            ("postgres://h/d?user=a&password=b&sslmode=require", "postgres://h/d?user=a&sslmode=require"),
            ("postgres://a:b?c@h/d", "postgres://a@h/d"),
            ("postgres://a:b/c?d@h/d?password=e", "postgres://a@h/d"),
            ("postgres://h/d?user=a@b&sslmode=require", "postgres://h/d?user=a@b&sslmode=require"),
            ("postgres://h/d?pasword=a&sslmode=require&Password=b", "postgres://h/d?sslmode=require"),
            ("sqlite://var/registry.db", "sqlite://var/registry.db"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }

    #[test]
    fn misspelt_parameters_are_found() {
        for (url, unknown) in [
            ("postgres://h/d?sslmode=verify-full&sslrootcert=/a.crt&options[search_path]=b", None),
            ("postgres://h/d?sslmode=require&sslrootcrt=/a.crt", Some("sslrootcrt")),
            ("postgres://a:b?c@h/d", Some("?")),
            ("postgres://h/d", None),
        ] {
            assert_eq!(unknown_parameter(url).as_deref(), unknown, "{url}");
        }
    }
}
