//! One connection to the registry, and the few ways statements are run on it.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};

use super::error::{RegistryError, Site};
use super::sql;
use crate::kill::kill_point;

/// What the statements of one source in one run have in common: `$1`, `$2`, `$3` of the generated SQL.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) run: i64,
    pub(super) source: String,
    /// Time that the versions carry.
    pub(super) at: String,
}

/// A connection, and what has to be undone on it when a source's work is given up half-way.
pub(super) struct Session {
    pub(super) connection: SqliteConnection,
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

/// Options of every connection.
pub(super) fn options(path: &str, wait: Duration) -> SqliteConnectOptions {
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

impl Session {
    /// Connects.
    pub(super) async fn connect(options: &SqliteConnectOptions, site: &Site) -> Result<Self, RegistryError> {
        kill_point("connect");
        let connection = SqliteConnection::connect_with(options).await.map_err(|error| site.error(error))?;
        Ok(Self { connection, site: site.clone(), nested: false, begun: false })
    }

    /// Runs a statement without parameters.
    pub(super) async fn run(&mut self, statement: impl Into<String>) -> Result<u64, RegistryError> {
        let statement = statement.into();
        kill_point(&statement);
        let query = sqlx::query(AssertSqlSafe(statement)).persistent(false);
        let done = query.execute(&mut self.connection).await.map_err(|error| self.site.error(error))?;
        Ok(done.rows_affected())
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
        let values = arguments(values).map_err(|error| self.site.error(error))?;
        let statement = statement.into();
        kill_point(&statement);
        let query = sqlx::query_with(AssertSqlSafe(statement), values).persistent(false);
        let done = query.execute(&mut self.connection).await.map_err(|error| self.site.error(error))?;
        Ok(done.rows_affected())
    }

    /// Runs a statement with many parameters; `again`: it stays prepared for the next time.
    pub(super) async fn bulk(
        &mut self,
        statement: &Arc<str>,
        values: SqliteArguments,
        again: bool,
    ) -> Result<u64, RegistryError> {
        kill_point(statement);
        let query = sqlx::query_with(AssertSqlSafe(Arc::clone(statement)), values).persistent(again);
        let done = query.execute(&mut self.connection).await.map_err(|error| self.site.error(error))?;
        Ok(done.rows_affected())
    }

    /// Rows of a query with these parameters; few rows, or a page of many.
    pub(super) async fn rows(
        &mut self,
        statement: impl Into<String>,
        values: &[Value<'_>],
    ) -> Result<Vec<SqliteRow>, RegistryError> {
        let values = arguments(values).map_err(|error| self.site.error(error))?;
        let query = sqlx::query_with(AssertSqlSafe(statement.into()), values).persistent(false);
        query.fetch_all(&mut self.connection).await.map_err(|error| self.site.error(error))
    }

    /// Rows of a query of a source's scope.
    pub(super) async fn scoped_rows(
        &mut self,
        statement: impl Into<String>,
        scope: &Scope,
    ) -> Result<Vec<SqliteRow>, RegistryError> {
        self.rows(statement, &scope.values()).await
    }

    /// The single number that a query of a source's scope gives.
    pub(super) async fn number(&mut self, statement: impl Into<String>, scope: &Scope) -> Result<i64, RegistryError> {
        let rows = self.scoped_rows(statement, scope).await?;
        match rows.first() {
            Some(row) => {
                Ok(row.try_get::<Option<i64>, _>(0).map_err(|error| self.site.error(error))?.unwrap_or_default())
            }
            None => Ok(0),
        }
    }

    /// Begins a source's transaction; no other writer comes between its difference and its load.
    pub(super) async fn begin(&mut self) -> Result<(), RegistryError> {
        self.run(if self.nested { "SAVEPOINT source" } else { "BEGIN IMMEDIATE" }).await?;
        self.begun = true;
        Ok(())
    }

    /// Keeps what the source's transaction did (a plan's outer transaction still forgets it).
    pub(super) async fn commit(&mut self) -> Result<(), RegistryError> {
        self.run(if self.nested { "RELEASE source" } else { "COMMIT" }).await?;
        self.begun = false;
        Ok(())
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
        for row in self.rows(sql::TEMPORARY_TABLES, &[]).await? {
            let name: String = row.try_get(0).map_err(|error| self.site.error(error))?;
            self.run(sql::drop_temporary(&name)).await?;
        }
        Ok(())
    }
}

/// A parameter of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Number(i64),
    Real(f64),
    Null,
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Number(value)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

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
        Value::Null => arguments.add(None::<i64>),
    }
    .map_err(sqlx::Error::Encode)
}

fn arguments(values: &[Value<'_>]) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        push(&mut arguments, *value)?;
    }
    Ok(arguments)
}
