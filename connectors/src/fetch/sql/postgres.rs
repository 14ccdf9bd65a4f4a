//! PostgreSQL: a cursor in a transaction that is read only, fetched in portions. `DECLARE … CURSOR FOR` takes one
//! statement that reads and no other, and rows of a simple `FETCH` come in the server's own letters, whatever their type.

use std::borrow::Cow;
use std::collections::HashMap;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, Executor as _, PgConnection, Row as _, SqlStr, Statement as _,
    ValueRef as _,
};

use super::deliver::Limits;
use super::fault::Fault;
use super::row::{Asked, Rows, Value, Wanted, Zone};

/// Rows of one `FETCH`.
const FETCH: &str = "FETCH FORWARD 1000 FROM vienkop";

/// Types whose letters say what they are: not arrays, rows and ranges, nor what only the server's own functions know.
const TYPES: &str = "SELECT CAST(oid AS bigint), CAST(typname AS text) FROM pg_catalog.pg_type
    WHERE typtype IN ('b', 'e', 'd') AND typcategory <> 'A'";

/// Asks every query at one state of the database.
pub(super) async fn ask(
    options: &PgConnectOptions,
    limits: Limits,
    queries: &[Asked],
    rows: &mut Rows,
) -> Result<(), Fault> {
    let mut connection = limits.connected(PgConnection::connect_with(options)).await?;
    let timeout = limits.timeout.as_millis();
    // The last: servers from version 14 on see that we are gone, and stop working for nobody.
    let begin = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
        SET LOCAL statement_timeout = {timeout};
        SET LOCAL TimeZone = 'UTC';
        SET LOCAL DateStyle = 'ISO, YMD';
        SET LOCAL IntervalStyle = 'iso_8601';
        SET LOCAL bytea_output = 'hex';
        SET LOCAL extra_float_digits = 1;
        SET LOCAL standard_conforming_strings = on;
        SET LOCAL cursor_tuple_fraction = 1;
        SELECT set_config(name, '5s', true) FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval'"
    );
    sqlx::raw_sql(AssertSqlSafe(begin)).execute(&mut connection).await?;
    let types: HashMap<i64, String> =
        sqlx::query_as(TYPES).persistent(false).fetch_all(&mut connection).await?.into_iter().collect();
    for asked in queries {
        rows.begin(asked);
        let from = asked.from.as_ref().map_or_else(String::new, |mark| literal(mark.letters()));
        let declare = format!("DECLARE vienkop NO SCROLL CURSOR FOR {}", asked.statement.with(&from));
        sqlx::query(AssertSqlSafe(declare)).persistent(false).execute(&mut connection).await?;
        // The server names the type that a column has, and what it is called only when asked.
        if let Some((column, oid)) = fetched(&mut connection, rows, &types).await? {
            let called = "SELECT pg_catalog.format_type(CAST($1 AS oid), NULL)";
            let called: String =
                sqlx::query_scalar(called).bind(oid).persistent(false).fetch_one(&mut connection).await?;
            return Err(rows.unfit(column, &called));
        }
        // What the server would fetch next is what there was nothing of.
        if !rows.has_columns() {
            let statement = connection.prepare(SqlStr::from_static(FETCH)).await?;
            rows.columns(statement.columns().iter().map(sqlx::postgres::PgColumn::name))?;
        }
        rows.end().await?;
        connection.execute("CLOSE vienkop").await?;
    }
    connection.close().await?;
    Ok(())
}

/// Fetches to the end; or the column, and the number of its type, that cannot be carried.
async fn fetched(
    connection: &mut PgConnection,
    rows: &mut Rows,
    types: &HashMap<i64, String>,
) -> Result<Option<(usize, i64)>, Fault> {
    let mut kinds: Vec<Kind> = Vec::new();
    loop {
        let mut any = false;
        let mut stream = sqlx::raw_sql(FETCH).fetch(&mut *connection);
        while let Some(row) = stream.try_next().await? {
            any = true;
            if !rows.has_columns() {
                rows.columns(row.columns().iter().map(sqlx::postgres::PgColumn::name))?;
                for (index, column) in row.columns().iter().enumerate() {
                    let oid = column.type_info().oid().map_or(0, |oid| i64::from(oid.0));
                    match types.get(&oid) {
                        Some(name) => kinds.push(Kind::of(name)),
                        None => return Ok(Some((index, oid))),
                    }
                }
            }
            let mut values = Vec::with_capacity(kinds.len());
            for (index, kind) in kinds.iter().enumerate() {
                values.push(value(&row, index, *kind)?);
            }
            rows.row(values.into_iter().map(Ok))?;
            if rows.pass().await? == Wanted::Enough {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Number,
    Boolean,
    Json,
    Time(Zone),
    Bytes,
    Text,
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" | "oid" => Self::Number,
            "bool" => Self::Boolean,
            "json" | "jsonb" => Self::Json,
            "date" | "timestamp" => Self::Time(Zone::None),
            "timestamptz" => Self::Time(Zone::Utc),
            "bytea" => Self::Bytes,
            _ => Self::Text,
        }
    }
}

fn value(row: &PgRow, index: usize, kind: Kind) -> Result<Value<'_>, Fault> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let letters = raw.as_str().map_err(sqlx::Error::Decode)?;
    let letters = Cow::Borrowed(letters);
    Ok(match kind {
        Kind::Number => Value::Number(letters),
        Kind::Boolean => Value::Boolean(letters == "t"),
        Kind::Json => Value::Json(letters),
        Kind::Time(zone) => Value::Time(letters, zone),
        Kind::Bytes => Value::Bytes(Cow::Owned(bytes(&letters))),
        Kind::Text => Value::Text(letters),
    })
}

/// The bytes behind `\x00ff`.
fn bytes(letters: &str) -> Vec<u8> {
    let digits = letters.strip_prefix("\\x").unwrap_or(letters).as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
    digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// A text as the server reads it, with the type that its place asks for. Parameters of a prepared statement would have a
/// type of their own, which does not compare with dates and numbers.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''").replace('\0', ""))
}
