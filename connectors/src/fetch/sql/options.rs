//! Options of `[fetch]` with `kind = "sql"`, and what no schema can say of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cursor::Mark;
use super::statement::{Dialect, Statement, Wrong};
use crate::fetch::OptionError;
use crate::secret::SecretPlace;

/// Options of `[fetch]` with `kind = "sql"`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SqlOptions {
    /// A SQLite file, relative to the folder that holds `config/`. Either this or `url`.
    #[serde(default)]
    file: Option<String>,
    /// Where the address of the database is, password and all: `postgres://user:password@host:port/database`,
    /// `mysql://…` (MariaDB too), `sqlite:///path`. Never the address itself.
    #[serde(default)]
    url: Option<SecretPlace>,
    /// One query (a SELECT), or several as `[[fetch.query]]`: each lands as a file of its own.
    #[serde(default)]
    query: Option<Queries>,
    /// A file with the query, relative to the folder that holds `config/`.
    #[serde(default)]
    query_file: Option<String>,
    /// Only what changed since the last delivery that was loaded; `:cursor` in the query stands for the place reached.
    #[serde(default)]
    cursor: Option<CursorOption>,
    /// Name of what lands; default: the name of the file or of the database.
    #[serde(default)]
    name: Option<String>,
    /// Columns whose bytes are a text: column and its encoding. Bytes of other columns come as hexadecimal digits.
    #[serde(default)]
    encodings: BTreeMap<String, ByteEncoding>,
    /// How long connecting may take, in seconds.
    #[serde(default = "connect_seconds")]
    #[schemars(range(min = 1, max = 600))]
    connect_seconds: u64,
    /// How long all queries together may take, in seconds.
    #[serde(default = "timeout_seconds")]
    #[schemars(range(min = 1, max = 86400))]
    timeout_seconds: u64,
}

const fn connect_seconds() -> u64 {
    30
}

const fn timeout_seconds() -> u64 {
    3600
}

/// One query, or several.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Queries {
    /// The text of the query.
    One(String),
    /// Several queries, read at one state of the data.
    Several(Vec<NamedQuery>),
}

/// One of several queries.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NamedQuery {
    /// Name of what lands, which a table picks by `files`.
    name: String,
    /// The text of the query.
    #[serde(default)]
    query: Option<String>,
    /// A file with the query, relative to the folder that holds `config/`.
    #[serde(default)]
    query_file: Option<String>,
    /// Only what changed since the last delivery that was loaded.
    #[serde(default)]
    cursor: Option<CursorOption>,
}

/// How a query gives only what changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CursorOption {
    /// The column of the result whose greatest value is the place reached: a number, a date, a time, or a text that
    /// sorts by its characters.
    pub(super) column: String,
    /// What `:cursor` stands for the first time.
    pub(super) first: First,
}

/// The value that a cursor begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum First {
    /// A whole number.
    Number(i64),
    /// A date, a time or a text, as the database writes it.
    Text(String),
}

impl CursorOption {
    /// The place before the first delivery.
    pub(super) fn first(&self) -> Mark {
        match &self.first {
            First::Number(number) => Mark::Number(number.to_string()),
            First::Text(text) => Mark::Text(text.clone()),
        }
    }
}

/// An encoding in which old systems put texts into columns that know none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) enum ByteEncoding {
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "windows-1257")]
    Windows1257,
    #[serde(rename = "iso-8859-13")]
    Iso8859_13,
    #[serde(rename = "cp775")]
    Cp775,
}

/// Options that fit together.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) place: Place,
    pub(super) queries: Vec<Query>,
    pub(super) encodings: BTreeMap<String, ByteEncoding>,
    pub(super) connect: Duration,
    pub(super) timeout: Duration,
}

/// Where the database is.
#[derive(Debug)]
pub(super) enum Place {
    /// A SQLite file.
    File(String),
    /// By an address that is kept as a secret.
    Url(SecretPlace),
}

/// One query.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) name: Option<String>,
    pub(super) text: Text,
    pub(super) cursor: Option<CursorOption>,
}

/// Where the text of a query is.
#[derive(Debug)]
pub(super) enum Text {
    Here(String),
    File(String),
}

/// The options, looked at as far as that goes without the database.
pub(super) fn checked(options: &serde_json::Value) -> Result<Checked, OptionError> {
    let options: SqlOptions =
        serde_json::from_value(options.clone()).map_err(|error| fault("query", "other", error.to_string()))?;
    let dialects: &[Dialect] =
        if options.file.is_some() { &[Dialect::Sqlite] } else { &[Dialect::Postgres, Dialect::MySql, Dialect::Sqlite] };
    let place = match (options.file, options.url) {
        (Some(file), None) if file.trim().is_empty() => return Err(fault("file", "empty", "")),
        (Some(file), None) => Place::File(file),
        (None, Some(url)) => Place::Url(url),
        (Some(_), Some(_)) => return Err(fault("url", "sql-place", "")),
        (None, None) => return Err(fault("file", "sql-place", "")),
    };
    let queries = match options.query {
        Some(Queries::Several(several)) => {
            if several.is_empty() {
                return Err(fault("query", "empty", ""));
            }
            let alone = [
                ("query_file", options.query_file.is_some()),
                ("cursor", options.cursor.is_some()),
                ("name", options.name.is_some()),
            ];
            if let Some((option, _)) = alone.into_iter().find(|(_, given)| *given) {
                return Err(fault(option, "sql-of-each-query", ""));
            }
            several
                .into_iter()
                .map(|query| {
                    Ok(Query {
                        text: text(query.query, query.query_file)?,
                        name: Some(query.name),
                        cursor: query.cursor,
                    })
                })
                .collect::<Result<Vec<_>, OptionError>>()?
        }
        Some(Queries::One(query)) => {
            vec![Query { text: text(Some(query), options.query_file)?, name: options.name, cursor: options.cursor }]
        }
        None => vec![Query { text: text(None, options.query_file)?, name: options.name, cursor: options.cursor }],
    };
    let mut names = BTreeSet::new();
    for query in &queries {
        if let Some(name) = &query.name
            && (name.trim().is_empty() || !names.insert(name.clone()))
        {
            return Err(fault("query", "sql-names", name.clone()));
        }
        let Text::Here(text) = &query.text else { continue };
        let statement = statement(text, dialects).map_err(|wrong| fault("query", wrong.reason(), wrong.shown()))?;
        match (statement.asks_cursor(), query.cursor.is_some()) {
            (true, false) => return Err(fault("query", "sql-no-cursor", "")),
            (false, true) => return Err(fault("cursor", "sql-cursor-unused", "")),
            _ => {}
        }
    }
    Ok(Checked {
        place,
        queries,
        encodings: options.encodings,
        connect: Duration::from_secs(options.connect_seconds),
        timeout: Duration::from_secs(options.timeout_seconds),
    })
}

fn fault(option: &str, reason: &'static str, value: impl Into<String>) -> OptionError {
    OptionError::new(option, reason, value)
}

fn text(query: Option<String>, file: Option<String>) -> Result<Text, OptionError> {
    match (query, file) {
        (Some(query), None) => Ok(Text::Here(query)),
        (None, Some(file)) => Ok(Text::File(file)),
        _ => Err(OptionError::new("query", "sql-text", "")),
    }
}

/// Which database it is may be told only by the secret: the query must be one for any that it can be.
fn statement(text: &str, dialects: &[Dialect]) -> Result<Statement, Wrong> {
    let mut first = None;
    for dialect in dialects {
        match Statement::parse(text, *dialect) {
            Ok(statement) => return Ok(statement),
            Err(wrong) => {
                first.get_or_insert(wrong);
            }
        }
    }
    Err(first.unwrap_or(Wrong::Empty))
}
