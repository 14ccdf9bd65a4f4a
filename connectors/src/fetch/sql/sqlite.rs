//! SQLite: a file opened for reading only; types are those of each value, whatever the column says.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteRow};
use sqlx::{
    Arguments as _, AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Decode, Executor as _, Row as _,
    SqlSafeStr as _, Sqlite, SqliteConnection, Statement as _, TypeInfo as _, ValueRef as _,
};

use super::cursor::Mark;
use super::fault::Fault;
use super::row::{Asked, Rows, Value, Wanted};

/// How long to wait for whoever writes to the file.
const BUSY: Duration = Duration::from_secs(30);

/// Steps of the database's machine between two looks whether anybody still waits.
const STEPS: i32 = 100_000;

/// Asks every query at one state of the file.
pub(super) async fn ask(path: &Path, queries: &[Asked], rows: &mut Rows, stop: Arc<AtomicBool>) -> Result<(), Fault> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(0)
        // The file is an input like any other: what is written in its schema is not trusted.
        .pragma("trusted_schema", "OFF")
        .pragma("query_only", "ON")
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging();
    let mut connection = SqliteConnection::connect_with(&options).await.map_err(Fault::connecting)?;
    let going_on = move || !stop.load(Ordering::Relaxed);
    connection.lock_handle().await.map_err(Fault::connecting)?.set_progress_handler(STEPS, going_on);
    connection.execute("BEGIN").await.map_err(Fault::connecting)?;
    // What is no database at all is told by the first look into it.
    connection.execute("SELECT count(*) FROM sqlite_master").await.map_err(Fault::connecting)?;
    for asked in queries {
        rows.begin(asked);
        let mut arguments = SqliteArguments::default();
        if let Some(mark) = asked.from.as_ref().filter(|_| asked.statement.asks_cursor()) {
            bind(&mut arguments, mark)?;
        }
        let query = sqlx::query_with(AssertSqlSafe(asked.statement.with("?1")), arguments).persistent(false);
        let mut stream = query.fetch(&mut connection);
        while let Some(row) = stream.try_next().await? {
            if !rows.has_columns() {
                rows.columns(row.columns().iter().map(sqlx::sqlite::SqliteColumn::name))?;
            }
            take(&row, rows)?;
            if rows.pass().await? == Wanted::Enough {
                break;
            }
        }
        drop(stream);
        if !rows.has_columns() {
            let statement = connection.prepare(AssertSqlSafe(asked.statement.with("?1")).into_sql_str()).await?;
            rows.columns(statement.columns().iter().map(sqlx::sqlite::SqliteColumn::name))?;
        }
        rows.end().await?;
    }
    connection.close().await?;
    Ok(())
}

fn bind(arguments: &mut SqliteArguments, mark: &Mark) -> Result<(), sqlx::Error> {
    let bound = match mark {
        Mark::Number(letters) => match (letters.parse::<i64>(), letters.parse::<f64>()) {
            (Ok(number), _) => arguments.add(number),
            (_, Ok(number)) => arguments.add(number),
            _ => arguments.add(letters.clone()),
        },
        Mark::Text(text) => arguments.add(text.clone()),
    };
    bound.map_err(sqlx::Error::Encode)
}

fn take(row: &SqliteRow, rows: &mut Rows) -> Result<(), Fault> {
    let mut values = Vec::with_capacity(row.len());
    for index in 0..row.len() {
        values.push(value(row, index, rows)?);
    }
    rows.row(values.into_iter().map(Ok))
}

fn value<'r>(row: &'r SqliteRow, index: usize, rows: &Rows) -> Result<Value<'r>, Fault> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let decode = |error| sqlx::Error::Decode(error);
    let kind = raw.type_info().name().to_owned();
    Ok(match kind.as_str() {
        "INTEGER" => Value::Number(Cow::Owned(<i64 as Decode<Sqlite>>::decode(raw).map_err(decode)?.to_string())),
        "REAL" => Value::Number(Cow::Owned(real(<f64 as Decode<Sqlite>>::decode(raw).map_err(decode)?))),
        "TEXT" => {
            let bytes = <&[u8] as Decode<Sqlite>>::decode(raw).map_err(decode)?;
            if rows.decodes(index) {
                Value::Bytes(Cow::Borrowed(bytes))
            } else {
                // Old programs wrote whatever bytes they had.
                let text = std::str::from_utf8(bytes).map_err(|_| rows.unfit(index, "utf-8"))?;
                Value::Text(Cow::Borrowed(text))
            }
        }
        _ => Value::Bytes(Cow::Borrowed(<&[u8] as Decode<Sqlite>>::decode(raw).map_err(decode)?)),
    })
}

/// The fewest digits that mean this number and no other.
fn real(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    format!("{number:?}")
}
