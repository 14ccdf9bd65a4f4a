//! One connection to the registry, and the few ways statements are run on it, whichever database it is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgArguments, PgConnectOptions, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{
    Arguments, AssertSqlSafe, ColumnIndex, ConnectOptions, Connection as _, Decode, PgConnection, Postgres, Row as _,
    Sqlite, SqliteConnection, Type,
};

use super::error::{RegistryError, Site};
use super::lock;
use super::sql::Dialect;
use crate::kill::kill_point;

/// What the statements of one source in one run have in common: `$1`, `$2`, `$3` of the generated SQL.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) run: i64,
    pub(super) source: String,
    /// Time that the versions carry.
    pub(super) at: String,
}

/// Where connections lead. No `Debug`: the options hold a password.
#[derive(Clone)]
pub(super) enum Server {
    Sqlite(Box<SqliteConnectOptions>),
    Postgres(Box<PgConnectOptions>),
}

/// A connection to either database.
pub(super) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A connection, and what has to be undone on it when a source's work is given up half-way.
pub(super) struct Session {
    pub(super) connection: Connection,
    pub(super) site: Site,
    /// Inside a plan's transaction: a source's transaction is a savepoint of it.
    pub(super) nested: bool,
    begun: bool,
}

/// Pages in memory, KiB: of the registry, and of temporary tables.
const CACHE_KIB: u32 = 32 * 1024;
const TEMPORARY_CACHE_KIB: u32 = 16 * 1024;

/// Statements kept prepared: the inserts of a few staging tables, each of them large.
const PREPARED: usize = 8;

/// How long to wait before a busy file is tried again.
const AGAIN: Duration = Duration::from_millis(20);

/// What part of a table's rows is many (as one in so many).
const MANY: u64 = 10;

/// Options of every connection to a SQLite file.
pub(super) fn sqlite(path: &str, wait: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(wait)
        .statement_cache_capacity(PREPARED)
        .pragma("temp_store", "FILE")
        .pragma("cache_size", format!("-{CACHE_KIB}"))
        .pragma("temp.cache_size", format!("-{TEMPORARY_CACHE_KIB}"))
        .disable_statement_logging()
}

/// Options of every connection to a PostgreSQL database. Just-in-time compilation costs more than it saves here;
/// sorts and hashes of a source's work get memory before they go to disk.
pub(super) fn postgres(options: PgConnectOptions) -> PgConnectOptions {
    options
        .application_name(&lock::holder())
        .statement_cache_capacity(PREPARED)
        .options([("jit", "off"), ("work_mem", "64MB"), ("temp_buffers", "64MB"), ("timezone", "UTC")])
        .disable_statement_logging()
}

/// Connects to a file. Where several programs find it new, one of them turns on its log, and the others are told at once
/// that it is busy: SQLite does not wait there, so it is waited here.
async fn connect_to_file(options: &SqliteConnectOptions, site: &Site) -> Result<SqliteConnection, RegistryError> {
    let deadline = Instant::now() + site.wait;
    loop {
        match SqliteConnection::connect_with(options).await.map_err(|error| site.error(error)) {
            Err(RegistryError::Locked { .. }) if Instant::now() < deadline => tokio::time::sleep(AGAIN).await,
            connected => return connected,
        }
    }
}

impl Session {
    /// Connects.
    pub(super) async fn connect(server: &Server, site: &Site) -> Result<Self, RegistryError> {
        kill_point("connect");
        let connection = match server {
            Server::Sqlite(options) => connect_to_file(options, site).await.map(Connection::Sqlite),
            Server::Postgres(options) => {
                let connected = PgConnection::connect_with(&**options).await;
                connected.map(Connection::Postgres).map_err(|error| site.error(error))
            }
        };
        let connection = connection?;
        Ok(Self { connection, site: site.clone(), nested: false, begun: false })
    }

    /// Closes the connection.
    pub(super) async fn close(self) -> Result<(), RegistryError> {
        let closed = match self.connection {
            Connection::Sqlite(connection) => connection.close().await,
            Connection::Postgres(connection) => connection.close().await,
        };
        closed.map_err(|error| self.site.error(error))
    }

    /// How the database at the other end wants things said.
    pub(super) fn dialect(&self) -> Dialect {
        self.site.dialect
    }

    /// Runs a statement without parameters.
    pub(super) async fn run(&mut self, statement: impl Into<String>) -> Result<u64, RegistryError> {
        self.bound(statement, &[]).await
    }

    /// Makes or changes a table, index or view; the statement is in the words of SQLite.
    pub(super) async fn define(&mut self, statement: impl Into<String>) -> Result<u64, RegistryError> {
        let statement = self.dialect().definition(&statement.into());
        self.run(statement).await
    }

    /// Runs a statement of a source's scope.
    pub(super) async fn scoped(&mut self, statement: impl Into<String>, scope: &Scope) -> Result<u64, RegistryError> {
        self.bound(statement, &scope.values()).await
    }

    /// Runs a statement with these parameters.
    pub(super) async fn bound(
        &mut self,
        statement: impl Into<String>,
        values: &[Value<'_>],
    ) -> Result<u64, RegistryError> {
        let statement = statement.into();
        kill_point(&statement);
        let text = AssertSqlSafe(statement);
        let done = match &mut self.connection {
            Connection::Sqlite(connection) => match sqlite_arguments(values) {
                Ok(values) => {
                    let query = sqlx::query_with(text, values).persistent(false);
                    query.execute(connection).await.map(|done| done.rows_affected())
                }
                Err(error) => Err(error),
            },
            Connection::Postgres(connection) => match postgres_arguments(values) {
                Ok(values) => {
                    let query = sqlx::query_with(text, values).persistent(false);
                    query.execute(connection).await.map(|done| done.rows_affected())
                }
                Err(error) => Err(error),
            },
        };
        done.map_err(|error| self.site.error(error))
    }

    /// Rows of a query with these parameters; few rows, or a page of many.
    pub(super) async fn rows(
        &mut self,
        statement: impl Into<String>,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, RegistryError> {
        let text = AssertSqlSafe(statement.into());
        let rows = match &mut self.connection {
            Connection::Sqlite(connection) => match sqlite_arguments(values) {
                Ok(values) => {
                    let query = sqlx::query_with(text, values).persistent(false);
                    query.fetch_all(connection).await.map(|rows| rows.into_iter().map(Row::Sqlite).collect())
                }
                Err(error) => Err(error),
            },
            Connection::Postgres(connection) => match postgres_arguments(values) {
                Ok(values) => {
                    let query = sqlx::query_with(text, values).persistent(false);
                    query.fetch_all(connection).await.map(|rows| rows.into_iter().map(Row::Postgres).collect())
                }
                Err(error) => Err(error),
            },
        };
        rows.map_err(|error| self.site.error(error))
    }

    /// Rows of a query of a source's scope.
    pub(super) async fn scoped_rows(
        &mut self,
        statement: impl Into<String>,
        scope: &Scope,
    ) -> Result<Vec<Row>, RegistryError> {
        self.rows(statement, &scope.values()).await
    }

    /// The single number that a query of a source's scope gives.
    pub(super) async fn number(&mut self, statement: impl Into<String>, scope: &Scope) -> Result<i64, RegistryError> {
        let rows = self.scoped_rows(statement, scope).await?;
        let number = rows.first().map_or(Ok(None), |row| row.try_get::<Option<i64>, _>(0));
        Ok(number.map_err(|error| self.site.error(error))?.unwrap_or_default())
    }

    /// Tells the database that a table has been filled, so that it plans the next statements for its size. SQLite
    /// keeps to the order that statements say and needs no telling.
    pub(super) async fn filled(&mut self, table: &str) -> Result<(), RegistryError> {
        if self.dialect() == Dialect::Postgres {
            self.run(format!(r#"ANALYZE "{table}""#)).await?;
        }
        Ok(())
    }

    /// The same for a wide table of which few columns decide about a plan.
    pub(super) async fn filled_columns(&mut self, table: &str, columns: &str) -> Result<(), RegistryError> {
        if self.dialect() == Dialect::Postgres {
            self.run(format!(r#"ANALYZE "{table}" ({columns})"#)).await?;
        }
        Ok(())
    }

    /// The same for a table that is kept, after `rows` more rows: only where they are many beside those that it was
    /// told of. Few make no other plan, and looking through a large table costs more than loading them.
    pub(super) async fn grown(&mut self, table: &str, rows: u64) -> Result<(), RegistryError> {
        if self.dialect() != Dialect::Postgres || rows == 0 {
            return Ok(());
        }
        let known = r"SELECT CAST(greatest(max(reltuples), 0) AS BIGINT) FROM pg_class
            WHERE relname = $1 AND relnamespace = CAST(current_schema() AS regnamespace)";
        let known = self.rows(known, &[table.into()]).await?;
        let known = known.first().map_or(Ok(None), |row| row.try_get::<Option<i64>, _>(0));
        let known = known.map_err(|error| self.site.error(error))?.unwrap_or_default().unsigned_abs();
        if rows.saturating_mul(MANY) > known { self.filled(table).await } else { Ok(()) }
    }

    /// Begins a transaction beside which no other writer comes.
    pub(super) async fn begin_writing(&mut self) -> Result<(), RegistryError> {
        match self.dialect() {
            Dialect::Sqlite => self.run("BEGIN IMMEDIATE").await?,
            Dialect::Postgres => {
                self.run("BEGIN").await?;
                lock::writer(self).await?;
                0
            }
        };
        self.begun = true;
        Ok(())
    }

    /// Begins a source's transaction; no other writer comes between its difference and its load.
    pub(super) async fn begin(&mut self) -> Result<(), RegistryError> {
        if !self.nested {
            return self.begin_writing().await;
        }
        self.run("SAVEPOINT source").await?;
        self.begun = true;
        Ok(())
    }

    /// Keeps what the source's transaction did (a plan's outer transaction still forgets it).
    pub(super) async fn commit(&mut self) -> Result<(), RegistryError> {
        self.run(if self.nested { "RELEASE source" } else { "COMMIT" }).await?;
        self.begun = false;
        Ok(())
    }

    /// From here on, what begins is part of the transaction that has begun.
    pub(super) fn nest(&mut self) {
        self.nested = true;
        self.begun = false;
    }

    /// Makes the connection ready for the next source, whatever the one before left behind.
    pub(super) async fn tidy(&mut self) -> Result<(), RegistryError> {
        if self.begun {
            if self.nested {
                self.run("ROLLBACK TO source").await?;
                self.run("RELEASE source").await?;
            } else {
                self.run("ROLLBACK").await?;
            }
            self.begun = false;
        }
        for row in self.rows(self.dialect().temporary_tables(), &[]).await? {
            let name: String = row.try_get(0).map_err(|error| self.site.error(error))?;
            self.run(self.dialect().drop_temporary(&name)).await?;
        }
        Ok(())
    }
}

/// A row of a query.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value at this place or of this name.
    pub(super) fn try_get<'r, T, I>(&'r self, index: I) -> Result<T, sqlx::Error>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
        I: ColumnIndex<SqliteRow> + ColumnIndex<PgRow>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(index),
            Self::Postgres(row) => row.try_get(index),
        }
    }
}

/// A parameter of a statement. Nothing has a type too: PostgreSQL wants to know it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Text(Option<&'a str>),
    Number(Option<i64>),
    Real(Option<f64>),
    Flag(Option<bool>),
}

macro_rules! value_from {
    ($kind:ty, $variant:ident) => {
        impl<'a> From<$kind> for Value<'a> {
            fn from(value: $kind) -> Self {
                Self::$variant(Some(value))
            }
        }
        impl<'a> From<Option<$kind>> for Value<'a> {
            fn from(value: Option<$kind>) -> Self {
                Self::$variant(value)
            }
        }
    };
}
value_from!(&'a str, Text);
value_from!(i64, Number);
value_from!(f64, Real);
value_from!(bool, Flag);

impl Scope {
    fn values(&self) -> [Value<'_>; 3] {
        [self.run.into(), self.source.as_str().into(), self.at.as_str().into()]
    }
}

/// Adds one parameter.
pub(super) fn push(arguments: &mut SqliteArguments, value: Value<'_>) -> Result<(), sqlx::Error> {
    match value {
        Value::Text(text) => arguments.add(text),
        Value::Number(number) => arguments.add(number),
        Value::Real(number) => arguments.add(number),
        Value::Flag(flag) => arguments.add(flag),
    }
    .map_err(sqlx::Error::Encode)
}

fn sqlite_arguments(values: &[Value<'_>]) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        push(&mut arguments, *value)?;
    }
    Ok(arguments)
}

fn postgres_arguments(values: &[Value<'_>]) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        match *value {
            // PostgreSQL's texts cannot hold a zero; see the bulk's `write`.
            Value::Text(Some(text)) if text.contains('\0') => arguments.add(text.replace('\0', "\u{fffd}")),
            Value::Text(text) => arguments.add(text),
            Value::Number(number) => arguments.add(number),
            Value::Real(number) => arguments.add(number),
            Value::Flag(flag) => arguments.add(flag),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// A statement kept prepared for the next portion of rows.
pub(super) type Prepared = Arc<str>;
