//! MySQL and MariaDB: a transaction that is read only. The query goes by `PREPARE`, which takes one statement and no
//! second, and its rows come by a plain `EXECUTE` in the server's own letters.

use std::borrow::Cow;

use futures_util::TryStreamExt as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlRow};
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, Decode, Executor as _, MySql, MySqlConnection, Row as _,
    SqlSafeStr as _, Statement as _, Type, TypeInfo as _, ValueRef as _,
};

use super::cursor::Mark;
use super::deliver::Limits;
use super::fault::Fault;
use super::row::{Asked, Rows, Value, Wanted, Zone};

/// Asks every query at one state of the database (of tables that have one: MyISAM has none).
pub(super) async fn ask(
    options: &MySqlConnectOptions,
    limits: Limits,
    queries: &[Asked],
    rows: &mut Rows,
) -> Result<(), Fault> {
    let mut connection = limits.connected(MySqlConnection::connect_with(options)).await?;
    let version: String = sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut connection).await?;
    let timeout = if version.contains("MariaDB") {
        format!("SET SESSION max_statement_time = {}", limits.timeout.as_secs())
    } else {
        format!("SET SESSION max_execution_time = {}", limits.timeout.as_millis())
    };
    for statement in [
        &timeout,
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ] {
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await?;
    }
    for asked in queries {
        rows.begin(asked);
        sqlx::query("SET @vienkop_query = ?")
            .bind(asked.statement.with("?"))
            .persistent(false)
            .execute(&mut connection)
            .await?;
        sqlx::raw_sql("PREPARE vienkop FROM @vienkop_query").execute(&mut connection).await?;
        let mut execute = "EXECUTE vienkop".to_owned();
        if let Some(mark) = asked.from.as_ref().filter(|_| asked.statement.asks_cursor()) {
            set_cursor(&mut connection, mark).await?;
            execute.push_str(" USING ");
            execute.push_str(&vec!["@vienkop_cursor"; asked.statement.cursors()].join(", "));
        }
        let mut stream = sqlx::raw_sql(AssertSqlSafe(execute)).fetch(&mut connection);
        while let Some(row) = stream.try_next().await? {
            if !rows.has_columns() {
                rows.columns(row.columns().iter().map(sqlx::mysql::MySqlColumn::name))?;
            }
            take(&row, rows)?;
            if rows.pass().await? == Wanted::Enough {
                break;
            }
        }
        drop(stream);
        if !rows.has_columns() {
            let statement = connection.prepare(AssertSqlSafe(asked.statement.with("?")).into_sql_str()).await?;
            rows.columns(statement.columns().iter().map(sqlx::mysql::MySqlColumn::name))?;
        }
        rows.end().await?;
        connection.execute(sqlx::raw_sql("DEALLOCATE PREPARE vienkop")).await?;
    }
    connection.close().await?;
    Ok(())
}

/// A number is set as one: compared with a text, the server would make both inexact.
async fn set_cursor(connection: &mut MySqlConnection, mark: &Mark) -> Result<(), sqlx::Error> {
    let letters = mark.letters().to_owned();
    let query = match (mark, letters.parse::<i64>()) {
        (Mark::Number(_), Ok(number)) => sqlx::query("SET @vienkop_cursor = ?").bind(number),
        (Mark::Number(_), Err(_)) => sqlx::query("SET @vienkop_cursor = CAST(? AS DECIMAL(65, 30))").bind(letters),
        (Mark::Text(_), _) => sqlx::query("SET @vienkop_cursor = ?").bind(letters),
    };
    query.persistent(false).execute(connection).await.map(drop)
}

fn take(row: &MySqlRow, rows: &mut Rows) -> Result<(), Fault> {
    let mut values = Vec::with_capacity(row.len());
    for index in 0..row.len() {
        values.push(value(row, index, rows)?);
    }
    rows.row(values.into_iter().map(Ok))
}

fn value<'r>(row: &'r MySqlRow, index: usize, rows: &Rows) -> Result<Value<'r>, Fault> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let kind = raw.type_info().name().to_owned();
    // By the name alone a text that sorts by its bytes (`utf8mb4_bin`) is bytes.
    let text = <str as Type<MySql>>::compatible(&raw.type_info());
    let bytes = <&[u8] as Decode<MySql>>::decode(raw).map_err(sqlx::Error::Decode)?;
    match kind.as_str() {
        "BIT" => {
            return bits(bytes)
                .map(|letters| Value::Number(Cow::Owned(letters)))
                .ok_or_else(|| rows.unfit(index, "BIT"));
        }
        "GEOMETRY" => return Err(rows.unfit(index, "GEOMETRY")),
        "BINARY" | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" if !text => {
            return Ok(Value::Bytes(Cow::Borrowed(bytes)));
        }
        _ => {}
    }
    let letters = std::str::from_utf8(bytes).map_err(|_| rows.unfit(index, &kind))?;
    let letters = Cow::Borrowed(letters);
    let number = ["INT", "DECIMAL", "FLOAT", "DOUBLE", "YEAR", "BOOLEAN"].iter().any(|part| kind.contains(part));
    Ok(match kind.as_str() {
        _ if number => Value::Number(letters),
        "JSON" => Value::Json(letters),
        "DATE" | "DATETIME" => Value::Time(letters, Zone::None),
        // The session's zone is UTC.
        "TIMESTAMP" => Value::Time(letters, Zone::Utc),
        _ => Value::Text(letters),
    })
}

/// BIT(1) to BIT(64), the greatest byte first.
fn bits(bytes: &[u8]) -> Option<String> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)).to_string())
}
