//! `kind = "sql"`: queries on an agency's database: a SQLite file, PostgreSQL, MySQL or MariaDB.
//!
//! What a query gives lands as NDJSON, a row a line, each value in the database's own letters (`row.rs`), so that the
//! format `json` reads it like any other delivery. Everything is read in one transaction that cannot write, at one state
//! of the data; a database that goes away half-way loads nothing. Options are checked here, what each database needs said
//! stands in its own file, what went wrong becomes a finding in `fault.rs`.

mod address;
mod cursor;
mod deliver;
mod fault;
mod mysql;
mod options;
mod postgres;
mod row;
mod sqlite;
mod statement;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fs_err as fs;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use tokio::runtime::Handle;
use vienkop_transforms::finding::{self, Finding};

use self::address::Address;
use self::cursor::Kept;
use self::deliver::{Arriving, Job, deliver};
use self::options::{SqlOptions, Text};
use self::row::Asked;
use self::statement::Statement;
use super::{Fetch, FetchContext, FetchError, FetchKind, Fetched, Fetching, OptionError};
use crate::landing::Landed;

/// How long a fetch that is over waits for the connection to be closed.
const CLOSING: Duration = Duration::from_secs(5);

/// Portions of rows on their way at most.
const PORTIONS: usize = 4;

pub(super) struct Kind;

impl FetchKind for Kind {
    fn name(&self) -> &'static str {
        "sql"
    }

    fn options_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        SqlOptions::json_schema(generator)
    }

    fn paths(&self) -> &'static [&'static str] {
        &["file", "query_file", "query/*/query_file"]
    }

    fn fetcher(&self, options: &serde_json::Value) -> Result<Box<dyn Fetch>, OptionError> {
        Ok(Box::new(SqlFetch(options::checked(options)?)))
    }
}

struct SqlFetch(options::Checked);

impl Fetch for SqlFetch {
    fn asks_server(&self) -> bool {
        true
    }

    fn incremental(&self) -> bool {
        self.0.queries.iter().any(|query| query.cursor.is_some())
    }

    fn fetch(
        &self,
        context: &FetchContext<'_>,
        out: &mut dyn FnMut(Fetched<'_>) -> Result<Landed, FetchError>,
    ) -> Result<Fetching, FetchError> {
        let address = Address::find(&self.0.place, context)?;
        let kept = Kept::read(context.cursor);
        let queries = self.asked(&address, &kept, context)?;
        let names: Vec<String> = queries.iter().map(|query| query.name.clone()).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = tokio::sync::mpsc::channel(PORTIONS);
        let job = Job { address, queries: queries.clone(), timeout: self.0.timeout, connect: self.0.connect };
        let task = Handle::current().spawn(deliver(job, sender, Arc::clone(&stop)));
        let mut arriving = Arriving::new(receiver, *context);
        let mut fetching = Fetching::default();
        let landed = names.into_iter().try_for_each(|name| {
            if arriving.begin()? {
                return out(Fetched { name, reader: Box::new(&mut arriving) }).map(drop);
            }
            // A file without a line would be no delivery; a query without a row is one.
            fetching.empty.push(name);
            Ok(())
        });
        stop.store(true, Ordering::Relaxed);
        let ends = arriving.close();
        // The connection is closed before the next source begins; one that does not answer any more is left alone.
        let _ = Handle::current().block_on(async { tokio::time::timeout(CLOSING, task).await });
        landed?;
        for (asked, end) in queries.iter().zip(&ends).filter(|(asked, _)| asked.watched.is_some()) {
            if let Some(ahead) = &end.ahead {
                fetching.findings.push(Finding {
                    value: Some(asked.name.clone()),
                    expected: Some(ahead.clone()),
                    ..Finding::of(&finding::SQL_CURSOR_AHEAD)
                });
            }
        }
        fetching.cursor = kept.moved(&queries, &ends);
        Ok(fetching)
    }
}

impl SqlFetch {
    /// The queries as this database understands them.
    fn asked(&self, address: &Address, kept: &Kept, context: &FetchContext<'_>) -> Result<Vec<Asked>, FetchError> {
        let mut asked = Vec::with_capacity(self.0.queries.len());
        for query in &self.0.queries {
            let name = query.name.clone().unwrap_or_else(|| address.name());
            let text = match &query.text {
                Text::Here(text) => text.clone(),
                Text::File(file) => {
                    let path = context.base.join(file);
                    fs::read_to_string(&path).map_err(|error| super::file::cannot_open(file, &path, error))?
                }
            };
            let statement = Statement::parse(&text, address.dialect()).map_err(|wrong| {
                FetchError::from(Finding {
                    value: Some(name.clone()),
                    expected: Some(wrong.shown()),
                    ..Finding::of(&finding::SQL_STATEMENT)
                })
            })?;
            let unfit = match (statement.asks_cursor(), query.cursor.is_some()) {
                (true, false) => Some("cursor = { column = …, first = … }"),
                (false, true) => Some(":cursor"),
                _ => None,
            };
            if let Some(expected) = unfit {
                let finding = Finding::of(&finding::SQL_CURSOR);
                return Err(Finding { value: Some(name), expected: Some(expected.to_owned()), ..finding }.into());
            }
            let digest = cursor::digest(&address.place(), &text, query.cursor.as_ref());
            let watched = query.cursor.clone();
            let from = watched.as_ref().map(|option| kept.mark(&name, &digest).unwrap_or_else(|| option.first()));
            let encodings = self.0.encodings.clone();
            let last = asked.len() + 1 == self.0.queries.len();
            let (now, sample) = (context.now, context.sample);
            asked.push(Asked { name, statement, digest, watched, from, encodings, last, now, sample });
        }
        Ok(asked)
    }
}
