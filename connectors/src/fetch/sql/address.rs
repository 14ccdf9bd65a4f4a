//! Where the database is: made from the option `file` or from the secret that `url` names, and shown without either's
//! password.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use fs_err as fs;
use sqlx::ConnectOptions as _;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use vienkop_transforms::finding::{self, Finding};

use super::options::Place;
use super::statement::Dialect;
use crate::fetch::{FetchContext, FetchError};
use crate::net::is_link_local;
use crate::registry::{missing_certificate, unknown_parameter};

/// A database to connect to. No `Debug`: it may hold a password.
pub(super) enum Address {
    Sqlite { path: PathBuf, shown: String },
    Postgres { options: Box<PgConnectOptions>, shown: String },
    MySql { options: Box<MySqlConnectOptions>, shown: String },
}

/// Parameters of a MySQL address that decide how the connection is made. Any other is refused: a misspelt `ssl-mode`
/// must not leave a connection unchecked.
const MYSQL_PARAMETERS: [&str; 9] =
    ["sslmode", "ssl-mode", "sslca", "ssl-ca", "sslcert", "ssl-cert", "sslkey", "ssl-key", "socket"];

impl Address {
    /// The address that the options name.
    pub(super) fn find(place: &Place, context: &FetchContext<'_>) -> Result<Self, FetchError> {
        match place {
            Place::File(file) => Self::file(file, context.base),
            Place::Url(place) => {
                let url = place.read(context.base).map_err(|error| {
                    FetchError::from(Finding {
                        value: Some(place.name().to_owned()),
                        expected: Some(error.to_string()),
                        ..Finding::of(&finding::SQL_SECRET)
                    })
                })?;
                Self::url(url.expose().trim(), context.base).map_err(|wrong| {
                    let found = wrong.shown();
                    let finding = Finding::of(&finding::SQL_ADDRESS);
                    let finding = Finding { value: Some(place.name().to_owned()), expected: Some(found), ..finding };
                    FetchError::from(finding)
                })?
            }
        }
    }

    fn file(file: &str, base: &Path) -> Result<Self, FetchError> {
        let path = base.join(file);
        // The driver would say of a missing file only that it cannot be opened.
        if let Err(error) = fs::File::open(&path) {
            return Err(crate::fetch::file::cannot_open(file, &path, error));
        }
        Ok(Self::Sqlite { path, shown: file.to_owned() })
    }

    fn url(url: &str, base: &Path) -> Result<Result<Self, FetchError>, WrongUrl> {
        let (scheme, rest) = url.split_once("://").ok_or(WrongUrl::Scheme)?;
        match scheme {
            "sqlite" if rest.is_empty() || rest.contains('?') => Err(WrongUrl::NotUnderstood),
            "sqlite" => Ok(Self::file(rest, base)),
            "postgres" | "postgresql" => {
                if let Some(name) = unknown_parameter(url) {
                    return Err(WrongUrl::Parameter(name));
                }
                if let Some(file) = missing_certificate(url) {
                    return Err(WrongUrl::Certificate(file));
                }
                let mut options = PgConnectOptions::from_str(url).map_err(|_| WrongUrl::NotUnderstood)?;
                // The driver would take PGPASSWORD, which is the registry's, and send it to this server.
                if !has_password(url) {
                    options = options.password("");
                }
                let database = options.get_database().ok_or(WrongUrl::NoDatabase)?;
                let at = options.get_socket().map_or_else(
                    || format!("{}:{}", options.get_host(), options.get_port()),
                    |socket| socket.display().to_string(),
                );
                let shown = format!("postgres://{at}/{database}");
                let options =
                    options.application_name("vienkop").statement_cache_capacity(0).disable_statement_logging();
                Ok(Ok(Self::Postgres { options: Box::new(options), shown }))
            }
            "mysql" | "mariadb" => {
                let parameters = rest.split_once('?').map_or("", |(_, parameters)| parameters);
                let names = parameters.split('&').filter(|one| !one.is_empty());
                let mut names = names.map(|one| one.split_once('=').map_or(one, |(name, _)| name));
                if let Some(name) = names.find(|name| !MYSQL_PARAMETERS.contains(name)) {
                    let shown = if name.contains('@') { "?" } else { name };
                    return Err(WrongUrl::Parameter(shown.to_owned()));
                }
                if let Some(file) = missing_certificate(url) {
                    return Err(WrongUrl::Certificate(file));
                }
                // The parser of addresses knows the scheme of MySQL only.
                let options =
                    MySqlConnectOptions::from_str(&format!("mysql://{rest}")).map_err(|_| WrongUrl::NotUnderstood)?;
                let database = options.get_database().ok_or(WrongUrl::NoDatabase)?;
                let at = options.get_socket().map_or_else(
                    || format!("{}:{}", options.get_host(), options.get_port()),
                    |socket| socket.display().to_string(),
                );
                let shown = format!("mysql://{at}/{database}");
                // What a query means is for the server's own settings to say, not for the driver's.
                let options = options
                    .charset("utf8mb4")
                    .timezone(Some("+00:00".to_owned()))
                    .pipes_as_concat(false)
                    .no_engine_substitution(false)
                    .statement_cache_capacity(1)
                    .disable_statement_logging();
                Ok(Ok(Self::MySql { options: Box::new(options), shown }))
            }
            _ => Err(WrongUrl::Scheme),
        }
    }

    pub(super) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite { .. } => Dialect::Sqlite,
            Self::Postgres { .. } => Dialect::Postgres,
            Self::MySql { .. } => Dialect::MySql,
        }
    }

    /// What a person calls it: path, or scheme, host and database.
    pub(super) fn shown(&self) -> &str {
        match self {
            Self::Sqlite { shown, .. } | Self::Postgres { shown, .. } | Self::MySql { shown, .. } => shown,
        }
    }

    /// The last part of that: name of the file or of the database.
    pub(super) fn name(&self) -> String {
        let shown = self.shown();
        shown.rsplit(['/', '\\']).next().unwrap_or(shown).to_owned()
    }

    /// Host and port of a server that is reached over the network.
    fn host(&self) -> Option<(&str, u16)> {
        let (host, port, socket) = match self {
            Self::Sqlite { .. } => return None,
            Self::Postgres { options, .. } => (options.get_host(), options.get_port(), options.get_socket().is_some()),
            Self::MySql { options, .. } => (options.get_host(), options.get_port(), options.get_socket().is_some()),
        };
        (!socket).then(|| (host.trim_start_matches('[').trim_end_matches(']'), port))
    }

    /// The link-local address that the server is at, by its own words or by its name; the drivers look names up for
    /// themselves, so one of several is enough. A name that is not known is for the driver to tell.
    pub(super) async fn link_local(&self) -> Option<IpAddr> {
        let found = tokio::net::lookup_host(self.host()?).await.ok()?;
        found.map(|address| address.ip()).find(|address| is_link_local(*address))
    }

    /// What tells databases apart, though passwords change.
    pub(super) fn place(&self) -> String {
        self.shown().to_owned()
    }
}

/// What is wrong with an address; never the address itself.
enum WrongUrl {
    Scheme,
    NoDatabase,
    NotUnderstood,
    Parameter(String),
    Certificate(String),
}

impl WrongUrl {
    fn shown(&self) -> String {
        match self {
            Self::Scheme => "postgres://, mysql://, sqlite://".to_owned(),
            Self::NoDatabase => "…/database".to_owned(),
            Self::NotUnderstood => "/ ? # @ -> %2F %3F %23 %40".to_owned(),
            Self::Parameter(name) | Self::Certificate(name) => name.clone(),
        }
    }
}

/// Whether an address says a password itself; where that cannot be told, it does not.
fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (address, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let user = address.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    user || parameters.split('&').any(|one| one.starts_with("password="))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn shown(url: &str) -> Result<String, String> {
        match Address::url(url, Path::new("/nowhere")) {
            Ok(Ok(address)) => Ok(address.shown().to_owned()),
            Ok(Err(error)) => panic!("{error}"),
            Err(wrong) => Err(wrong.shown()),
        }
    }

    #[test]
    fn an_address_is_shown_without_user_and_password() {
        for (url, as_shown) in [
            ("postgres://a:noslepums@h:5433/d?sslmode=require", "postgres://h:5433/d"),
            ("postgres://a@h/d?host=/run/x", "postgres:///run/x/d"),
            ("mysql://a:noslepums@h/d?ssl-mode=REQUIRED", "mysql://h:3306/d"),
            ("mariadb://a:nos%40lepums@h:3307/d", "mysql://h:3307/d"),
        ] {
            assert_eq!(shown(url).unwrap(), as_shown);
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_the_address() {
        for (url, told) in [
            ("noslepums", "postgres://, mysql://, sqlite://"),
            ("oracle://a:noslepums@h/d", "postgres://, mysql://, sqlite://"),
            ("mysql://a:noslepums@h/d?ssl-mod=REQUIRED", "ssl-mod"),
            ("mysql://a:noslepums?@h/d", "?"),
            ("postgres://a:noslepums@h/d?sslmod=require", "sslmod"),
            ("postgres://a:noslepums@h/d?sslrootcert=/nowhere/ca.crt", "/nowhere/ca.crt"),
            ("mysql://a:noslepums@h", "…/database"),
        ] {
            let found = shown(url).unwrap_err();
            assert_eq!(found, told);
            assert!(!found.contains("noslepums"));
        }
    }

    #[test]
    fn a_password_of_the_registry_is_never_sent() {
        assert!(has_password("postgres://a:b@h/d"));
        assert!(has_password("postgres://a@h/d?password=b"));
        assert!(!has_password("postgres://a@h:5432/d?sslmode=require"));
    }
}
