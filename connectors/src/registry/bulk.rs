//! Rows in bulk: columns of a frame into a temporary table, as multi-row inserts (SQLite) or `COPY` (PostgreSQL).

use std::collections::BTreeMap;
use std::sync::Arc;

use polars::prelude::*;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteArguments;
use vienkop_transforms::model::Storage;

use super::error::RegistryError;
use super::session::{Connection, Prepared, Session, Value, push};
use super::sql;
use crate::kill::kill_point;

/// Rows of one insert, at most: beyond, preparing it costs more than is saved.
const ROWS: usize = 1_000;

/// Bytes of one message of a `COPY`, about.
const MESSAGE: usize = 256 * 1024;

/// Inserts, and the statements that insert a full portion of rows.
#[derive(Default)]
pub(super) struct Bulk {
    inserts: BTreeMap<(String, Vec<String>), Prepared>,
}

impl Bulk {
    /// Puts `height` rows into a table.
    pub(super) async fn insert(
        &mut self,
        session: &mut Session,
        table: &str,
        height: usize,
        columns: &[(String, Cells<'_>)],
    ) -> Result<(), RegistryError> {
        if height == 0 {
            return Ok(());
        }
        let site = session.site.clone();
        let put = match &mut session.connection {
            Connection::Sqlite(_) => return self.insert_rows(session, table, height, columns).await,
            Connection::Postgres(connection) => copy(connection, table, height, columns).await,
        };
        put.map_err(|error| site.error(error))
    }

    async fn insert_rows(
        &mut self,
        session: &mut Session,
        table: &str,
        height: usize,
        columns: &[(String, Cells<'_>)],
    ) -> Result<(), RegistryError> {
        let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        let most = (sql::PARAMETERS / columns.len().max(1)).clamp(1, ROWS);
        session.run("SAVEPOINT batch").await?;
        let mut from = 0;
        while from < height {
            let rows = most.min(height - from);
            let values = slice(columns, from, rows).map_err(|error| session.site.error(error))?;
            if rows == most {
                let key = (table.to_owned(), names.clone());
                let full = self.inserts.entry(key).or_insert_with(|| Arc::from(sql::insert(table, &names, rows)));
                let full = Arc::clone(full);
                execute(session, &full, values, true).await?;
            } else {
                let rest: Prepared = Arc::from(sql::insert(table, &names, rows));
                execute(session, &rest, values, false).await?;
            }
            from += rows;
        }
        session.run("RELEASE batch").await?;
        Ok(())
    }
}

/// Runs a statement with many parameters; `again`: it stays prepared for the next time.
async fn execute(
    session: &mut Session,
    statement: &Prepared,
    values: SqliteArguments,
    again: bool,
) -> Result<(), RegistryError> {
    kill_point(statement);
    if let Connection::Sqlite(connection) = &mut session.connection {
        let query = sqlx::query_with(AssertSqlSafe(Arc::clone(statement)), values).persistent(again);
        query.execute(connection).await.map_err(|error| session.site.error(error))?;
    }
    Ok(())
}

/// Streams rows in the text format of `COPY`.
async fn copy(
    connection: &mut sqlx::PgConnection,
    table: &str,
    height: usize,
    columns: &[(String, Cells<'_>)],
) -> Result<(), sqlx::Error> {
    let statement = sql::copy(table, columns.iter().map(|(name, _)| name));
    kill_point(&statement);
    let mut copy = connection.copy_in_raw(&statement).await?;
    let mut message = Vec::with_capacity(MESSAGE + 16 * 1024);
    let cut: Vec<Cut> = columns.iter().map(|(_, cells)| Cut::of(cells, 0, height)).collect();
    let mut parts: Vec<Part<'_>> = cut.iter().map(Part::of).collect();
    for _ in 0..height {
        for (n, part) in parts.iter_mut().enumerate() {
            if n > 0 {
                message.push(b'\t');
            }
            write(&mut message, part.next());
        }
        message.push(b'\n');
        if message.len() >= MESSAGE {
            copy.send(message.as_slice()).await?;
            message.clear();
        }
    }
    copy.send(message.as_slice()).await?;
    kill_point(&statement);
    copy.finish().await?;
    Ok(())
}

/// A value in the text format of `COPY` (PostgreSQL documentation, COPY, File Formats).
fn write(message: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Text(Some(text)) => {
            for byte in text.bytes() {
                match byte {
                    b'\\' => message.extend_from_slice(b"\\\\"),
                    b'\n' => message.extend_from_slice(b"\\n"),
                    b'\r' => message.extend_from_slice(b"\\r"),
                    b'\t' => message.extend_from_slice(b"\\t"),
                    // PostgreSQL's texts cannot hold it; what stands for an unknown character can.
                    0 => message.extend_from_slice("\u{fffd}".as_bytes()),
                    byte => message.push(byte),
                }
            }
        }
        Value::Number(Some(number)) => message.extend_from_slice(number.to_string().as_bytes()),
        Value::Real(Some(number)) => message.extend_from_slice(number.to_string().as_bytes()),
        Value::Flag(Some(flag)) => message.push(if flag { b't' } else { b'f' }),
        Value::Text(None) | Value::Number(None) | Value::Real(None) | Value::Flag(None) => {
            message.extend_from_slice(b"\\N");
        }
    }
}

/// A column on its way into the parameters.
pub(super) enum Cells<'a> {
    Text(&'a StringChunked),
    Number(&'a Int64Chunked),
    Flag(&'a BooleanChunked),
    Real(&'a Float64Chunked),
    /// Nothing but nulls.
    Empty,
    Constant(i64),
}

impl<'a> Cells<'a> {
    pub(super) fn of(frame: &'a DataFrame, name: &str, storage: Storage) -> PolarsResult<Self> {
        let column = frame.column(name)?;
        if column.dtype() == &DataType::Null {
            return Ok(Self::Empty);
        }
        Ok(match storage {
            Storage::Text => Self::Text(column.str()?),
            Storage::Integer => Self::Number(column.i64()?),
            Storage::Boolean => Self::Flag(column.bool()?),
        })
    }
}

/// The values of a column, one after the other.
enum Part<'a> {
    Text(Box<dyn Iterator<Item = Option<&'a str>> + Send + 'a>),
    Number(Box<dyn Iterator<Item = Option<i64>> + Send + 'a>),
    Flag(Box<dyn Iterator<Item = Option<bool>> + Send + 'a>),
    Real(Box<dyn Iterator<Item = Option<f64>> + Send + 'a>),
    Same(Value<'a>),
}

impl<'a> Part<'a> {
    fn of(cut: &'a Cut) -> Self {
        match cut {
            Cut::Text(text) => Self::Text(Box::new(text.iter())),
            Cut::Number(number) => Self::Number(Box::new(number.iter())),
            Cut::Flag(flag) => Self::Flag(Box::new(flag.iter())),
            Cut::Real(number) => Self::Real(Box::new(number.iter())),
            Cut::Same(number) => Self::Same((*number).into()),
        }
    }

    fn next(&mut self) -> Value<'a> {
        match self {
            Self::Text(items) => items.next().flatten().into(),
            Self::Number(items) => items.next().flatten().into(),
            Self::Flag(items) => items.next().flatten().into(),
            Self::Real(items) => items.next().flatten().into(),
            Self::Same(value) => *value,
        }
    }
}

/// Parameters of `rows` rows from `from` on, row by row.
fn slice(columns: &[(String, Cells<'_>)], from: usize, rows: usize) -> Result<SqliteArguments, sqlx::Error> {
    let cut: Vec<Cut> = columns.iter().map(|(_, cells)| Cut::of(cells, from as i64, rows)).collect();
    let mut parts: Vec<Part<'_>> = cut.iter().map(Part::of).collect();
    let mut arguments = SqliteArguments::default();
    sqlx::Arguments::reserve(&mut arguments, rows * columns.len(), 0);
    for _ in 0..rows {
        for part in &mut parts {
            push(&mut arguments, part.next())?;
        }
    }
    Ok(arguments)
}

/// A part of a column.
enum Cut {
    Text(StringChunked),
    Number(Int64Chunked),
    Flag(BooleanChunked),
    Real(Float64Chunked),
    Same(Option<i64>),
}

impl Cut {
    fn of(cells: &Cells<'_>, from: i64, rows: usize) -> Self {
        match cells {
            Cells::Text(column) => Self::Text(column.slice(from, rows)),
            Cells::Number(column) => Self::Number(column.slice(from, rows)),
            Cells::Flag(column) => Self::Flag(column.slice(from, rows)),
            Cells::Real(column) => Self::Real(column.slice(from, rows)),
            Cells::Empty => Self::Same(None),
            Cells::Constant(number) => Self::Same(Some(*number)),
        }
    }
}
