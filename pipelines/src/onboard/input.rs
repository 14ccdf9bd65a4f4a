//! What was given to be onboarded: a file, a folder, an address, a database; and what it holds, brought here.

use std::path::{Component, Path};

use anyhow::{Context as _, bail};
use fs_err as fs;
use serde_json::{Map, Value, json};
use vienkop_connectors::fetch::{self, FetchError};
use vienkop_connectors::format::{Input, discover, kind};
use vienkop_connectors::landing::{Landed, LandingZone};
use vienkop_transforms::fold::fold;

use super::survey::Join;
use crate::cli::session::Session;
use crate::config::Kinded;
use crate::import::fetch_aside;
use crate::tell;

/// Tables of a database that are looked into.
const TABLES: usize = 50;

/// Where a register is.
pub(crate) struct Register {
    /// `[fetch]`, as the source's file says it.
    pub(crate) fetch: Kinded,
    /// `[fetch]` for this look; differs where the address of a database holds a password.
    asked: Kinded,
    /// What it is called: name of the file, folder, database.
    pub(crate) name: String,
    /// Whether it is a folder of files.
    folder: bool,
    /// How the database quotes names; none: it is no database.
    quote: Option<char>,
    /// Environment variable that is to hold the address of the database.
    pub(crate) secret: Option<String>,
}

/// Files that a register consists of.
pub(crate) struct Fetched {
    /// They, landed in a folder that is thrown away.
    pub(crate) files: Vec<Landed>,
    /// Tables of a database without a row.
    pub(crate) empty: Vec<String>,
    /// The folder.
    _folder: tempfile::TempDir,
}

impl Register {
    /// Understands what was given: `registrs.xlsx`, a folder, `https://…`, `postgres://…`, `env:NAME`.
    ///
    /// # Errors
    /// There is nothing like it.
    pub(crate) fn find(session: &Session, given: &str) -> anyhow::Result<Self> {
        if let Some(variable) = given.strip_prefix("env:") {
            let texts = session.texts();
            let address = std::env::var(variable)
                .map_err(|_| anyhow::Error::msg(texts.get("onboard-no-variable", &[("name", variable)])))?;
            return Self::database(&address, Some(variable));
        }
        match given.split_once("://").map(|(scheme, _)| scheme) {
            Some("http" | "https") => Self::document(given),
            Some("postgres" | "postgresql" | "mysql" | "mariadb" | "sqlite") => Self::database(given, None),
            _ => Self::path(session, given),
        }
    }

    fn path(session: &Session, given: &str) -> anyhow::Result<Self> {
        let path = Path::new(given);
        let whole = fs::canonicalize(path)
            .map_err(|_| anyhow::Error::msg(session.texts().get("onboard-not-found", &[("path", given)])))?;
        let base = fs::canonicalize(&session.config.base)?;
        // A source of this installation is named from its folder, one from elsewhere by its whole path.
        let written = whole.strip_prefix(&base).unwrap_or(&whole);
        let written = written.components().filter(|part| *part != Component::CurDir).collect::<std::path::PathBuf>();
        let written = written.to_string_lossy().replace('\\', "/");
        let name = whole.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let database = whole.is_file() && starts_with(&whole, b"SQLite format 3\0")?;
        let archive = whole.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"));
        let fetch = match (database, archive) {
            (true, _) => kinded("sql", json!({ "file": written })),
            (false, true) => kinded("file", json!({ "path": format!("{written}!*") })),
            (false, false) => kinded("file", json!({ "path": written })),
        };
        let folder = whole.is_dir();
        Ok(Self { asked: fetch.clone(), fetch, name, folder, quote: database.then_some('"'), secret: None })
    }

    fn document(given: &str) -> anyhow::Result<Self> {
        let (scheme, rest) = given.split_once("://").context("address")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        // A password does not belong into a file.
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let server = json!({ "url": format!("{scheme}://{host}/") });
        let fetch = kinded("http", json!({ "server": server, "path": path }));
        let last = path.split(['?', '#']).next().unwrap_or(path).rsplit('/').next().unwrap_or(path);
        let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
        let name = if stem.is_empty() { host } else { stem }.to_owned();
        Ok(Self { asked: fetch.clone(), fetch, name, folder: false, quote: None, secret: None })
    }

    fn database(address: &str, variable: Option<&str>) -> anyhow::Result<Self> {
        let (scheme, rest) = address.split_once("://").context("address")?;
        if scheme == "sqlite" {
            let fetch = kinded("sql", json!({ "file": rest }));
            let name = Path::new(rest).file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            return Ok(Self { asked: fetch.clone(), fetch, name, folder: false, quote: Some('"'), secret: None });
        }
        let name = rest.split('?').next().unwrap_or(rest).rsplit('/').next().unwrap_or_default().to_owned();
        let secret = variable
            .map_or_else(|| format!("VIENKOP_{}_URL", id_of(&name).replace('-', "_").to_uppercase()), str::to_owned);
        let fetch = kinded("sql", json!({ "url": { "env": secret } }));
        let quote = Some(if matches!(scheme, "mysql" | "mariadb") { '`' } else { '"' });
        Ok(Self {
            asked: kinded("sql", json!({ "url": address })),
            fetch,
            name,
            folder: false,
            quote,
            secret: Some(secret),
        })
    }

    /// Whether it is a database.
    pub(crate) const fn is_database(&self) -> bool {
        self.quote.is_some()
    }

    /// Brings what it holds here; of a database, the first rows of every table, or of `queries`.
    ///
    /// # Errors
    /// It cannot be had; the message is what a run would tell.
    pub(crate) fn fetch(&self, session: &Session, rows: usize, queries: Option<&[Query]>) -> anyhow::Result<Fetched> {
        let folder = tempfile::tempdir()?;
        let mut asked = self.asked.clone();
        // The address goes through a file that only we can read, as any other secret does.
        if let Some(address) = asked.options.get("url").and_then(Value::as_str).map(str::to_owned) {
            let file = folder.path().join("address");
            fs::write(&file, address)?;
            asked.options.insert("url".to_owned(), json!({ "file": file }));
        }
        let landing = LandingZone::new(folder.path().join("landed"))?;
        if self.is_database() {
            let whole = |table: String| Query { table, columns: Vec::new(), join: None };
            asked = if let Some(queries) = queries {
                self.asking(&asked, queries)
            } else {
                let tables = self.tables(session, &landing, &asked)?;
                self.asking(&asked, &tables.into_iter().map(whole).collect::<Vec<_>>())
            };
        }
        let (files, empty) = bring(session, &landing, &asked, Some(rows))?;
        Ok(Fetched { files, empty, _folder: folder })
    }

    /// Tables and views of a database.
    fn tables(&self, session: &Session, landing: &LandingZone, asked: &Kinded) -> anyhow::Result<Vec<String>> {
        let address = self.asked.options.get("url").and_then(Value::as_str).unwrap_or_default();
        let catalogue = match address.split_once("://").map(|(scheme, _)| scheme) {
            None => {
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
            }
            Some("mysql" | "mariadb") => {
                "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database() ORDER BY table_name"
            }
            Some(_) => {
                "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY table_name"
            }
        };
        let mut asked = asked.clone();
        asked.options.insert("query".to_owned(), Value::from(catalogue));
        let limits = &session.config.vienkop.limits;
        let mut names = Vec::new();
        for file in bring(session, landing, &asked, None)?.0 {
            let input = Input { landed: 0, path: file.path, name: file.name };
            let json = kind("json").context("json")?;
            let Some(found) = json.discover(&input, limits)? else { continue };
            let Some(table) = found.tables.first() else { continue };
            let Some(sample) = discover::sample(json, &found, table, &input, limits, TABLES)? else { continue };
            names.extend(sample.frame.column("name")?.str()?.iter().flatten().map(str::to_owned));
        }
        if names.is_empty() {
            bail!(session.texts().get("onboard-no-tables", &[("path", &self.name)]));
        }
        Ok(names)
    }

    /// Of a folder, only the files with this ending: others in it are of another format.
    pub(crate) fn only(&mut self, ending: &str) {
        if self.folder
            && let Some(Value::String(path)) = self.fetch.options.get_mut("path")
        {
            *path = format!("{}/*.{ending}", path.trim_end_matches('/'));
        }
    }

    /// `[fetch]` with a query for each table.
    pub(crate) fn with_queries(&self, queries: &[Query]) -> Kinded {
        self.asking(&self.fetch, queries)
    }

    fn asking(&self, fetch: &Kinded, queries: &[Query]) -> Kinded {
        let mut fetch = fetch.clone();
        if let Some(quote) = self.quote {
            let query = |query: &Query| json!({ "name": query.table, "query": query.text(quote) });
            fetch.options.insert("query".to_owned(), queries.iter().map(query).collect());
        }
        fetch
    }
}

/// What is asked of a table of a database: the columns that are read and no others, so that nothing else ever leaves it.
pub(crate) struct Query {
    /// The table.
    pub(crate) table: String,
    /// Its columns; none: all.
    pub(crate) columns: Vec<String>,
    /// The table that its institution is told by.
    pub(crate) join: Option<Join>,
}

impl Query {
    fn text(&self, quote: char) -> String {
        let quoted = |name: &str| {
            let doubled = name.replace(quote, &format!("{quote}{quote}"));
            format!("{quote}{doubled}{quote}")
        };
        let table = quoted(&self.table);
        let Some(join) = &self.join else {
            let columns: Vec<String> = self.columns.iter().map(|name| quoted(name)).collect();
            let columns = if columns.is_empty() { "*".to_owned() } else { columns.join(", ") };
            return format!("SELECT {columns} FROM {table}");
        };
        let other = quoted(&join.table);
        let column = |name: &String| {
            if *name == join.named {
                format!("{other}.{} AS {}", quoted(&join.number), quoted(name))
            } else {
                format!("{table}.{}", quoted(name))
            }
        };
        let columns: Vec<String> = self.columns.iter().map(column).collect();
        let (from, to) = (quoted(&join.from), quoted(&join.to));
        format!("SELECT {} FROM {table} LEFT JOIN {other} ON {table}.{from} = {other}.{to}", columns.join(", "))
    }
}

fn bring(
    session: &Session,
    landing: &LandingZone,
    asked: &Kinded,
    sample: Option<usize>,
) -> anyhow::Result<(Vec<Landed>, Vec<String>)> {
    let fetcher = fetch::kind(&asked.kind).context("fetch kind")?.fetcher(&asked.options())?;
    let (brought, files) =
        tokio::task::block_in_place(|| fetch_aside(session, fetcher.as_ref(), "onboard", landing, sample));
    match brought {
        Ok(fetching) => Ok((files, fetching.empty)),
        Err(FetchError::File(finding)) => {
            let texts = session.texts();
            bail!("{} {} {}", finding.code, tell::sentence(texts, &finding, None), tell::remedy(texts, &finding))
        }
        Err(FetchError::Io(error)) => Err(error.into()),
        Err(FetchError::Cancelled) => Ok((files, Vec::new())),
    }
}

fn kinded(kind: &str, options: Value) -> Kinded {
    let options = match options {
        Value::Object(options) => options,
        _ => Map::new(),
    };
    Kinded { kind: kind.to_owned(), options }
}

fn starts_with(path: &Path, magic: &[u8]) -> anyhow::Result<bool> {
    use std::io::Read as _;
    let mut head = Vec::new();
    fs::File::open(path)?.take(magic.len() as u64).read_to_end(&mut head)?;
    Ok(head == magic)
}

/// An id made of a name: `Žurnāls 2023` becomes `zurnals-2023`.
pub(crate) fn id_of(name: &str) -> String {
    let plain: String = fold(name).chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    let id = plain.split_whitespace().collect::<Vec<_>>().join("-");
    if id.is_empty() { "registrs".to_owned() } else { id }
}
