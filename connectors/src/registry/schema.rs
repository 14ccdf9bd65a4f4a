//! Tables of a registry on opening: bookkeeping by migrations, entity tables and views from the model.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection as _, SqlSafeStr};

use super::error::RegistryError;
use super::session::{Connection, Row, Server, Session};
use super::sql::Dialect;
use super::{Registry, sql};
use crate::kill::kill_point;

/// Bookkeeping tables, in the order they came to be: version, name, for SQLite, for PostgreSQL. A published one is
/// never edited.
const MIGRATIONS: &[(i64, &str, &str, &str)] = &[
    (
        1,
        "bookkeeping",
        include_str!("migrations/sqlite/0001_bookkeeping.sql"),
        include_str!("migrations/postgres/0001_bookkeeping.sql"),
    ),
    (
        2,
        "matching",
        include_str!("migrations/sqlite/0002_matching.sql"),
        include_str!("migrations/postgres/0002_matching.sql"),
    ),
    (3, "lake", include_str!("migrations/sqlite/0003_lake.sql"), include_str!("migrations/postgres/0003_lake.sql")),
    (
        4,
        "cursor",
        include_str!("migrations/sqlite/0004_cursor.sql"),
        include_str!("migrations/postgres/0004_cursor.sql"),
    ),
    (
        5,
        "closing",
        include_str!("migrations/sqlite/0005_closing.sql"),
        include_str!("migrations/postgres/0005_closing.sql"),
    ),
    (6, "drift", include_str!("migrations/sqlite/0006_drift.sql"), include_str!("migrations/postgres/0006_drift.sql")),
    (
        7,
        "delivery",
        include_str!("migrations/sqlite/0007_delivery.sql"),
        include_str!("migrations/postgres/0007_delivery.sql"),
    ),
];

fn migrator(dialect: Dialect) -> Migrator {
    let migrations = MIGRATIONS.iter().map(|(version, description, sqlite, postgres)| {
        let text = match dialect {
            Dialect::Sqlite => sqlite,
            Dialect::Postgres => postgres,
        };
        Migration::new(*version, (*description).into(), MigrationType::Simple, text.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// Makes what is missing. Writes nothing when nothing is.
pub(super) async fn prepare(registry: &Registry) -> Result<(), RegistryError> {
    let server = match &registry.server {
        Server::Sqlite(options) => Server::Sqlite(Box::new(options.as_ref().clone().create_if_missing(true))),
        server @ Server::Postgres(_) => server.clone(),
    };
    let mut session = Session::connect(&server, &registry.site).await?;
    if missing(&mut session).await?.is_some() {
        create(&mut session).await?;
    }
    session.close().await
}

/// Whether the database lacks something of this program's model.
pub(super) async fn is_older(registry: &Registry) -> Result<bool, RegistryError> {
    let mut session = registry.connect().await?;
    let missing = missing(&mut session).await?;
    session.close().await?;
    Ok(missing.is_some())
}

/// Whether the database has none of our tables.
pub(super) async fn is_empty(registry: &Registry) -> Result<bool, RegistryError> {
    let mut session = registry.connect().await?;
    let tables = tables(&mut session).await?;
    session.close().await?;
    Ok(!tables.contains_key("run"))
}

/// Tables of the database and their columns.
async fn tables(session: &mut Session) -> Result<BTreeMap<String, BTreeSet<String>>, RegistryError> {
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in session.rows(session.dialect().columns(), &[]).await? {
        let (table, column) = pair(&row).map_err(|error| session.site.error(error))?;
        tables.entry(table).or_default().insert(column);
    }
    Ok(tables)
}

fn pair(row: &Row) -> Result<(String, String), sqlx::Error> {
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Names of all tables and views of a registry.
pub(super) fn names() -> Vec<String> {
    let migrations = MIGRATIONS.iter().flat_map(|(_, _, text, _)| text.split("CREATE TABLE ").skip(1));
    let bookkeeping = migrations.filter_map(|rest| rest.split_whitespace().next().map(str::to_owned));
    let entities = sql::Table::all().flat_map(sql::wanted).map(|table| table.name);
    let views = sql::views().into_iter().map(|(name, _)| name);
    std::iter::once("_sqlx_migrations".to_owned()).chain(bookkeeping).chain(entities).chain(views).collect()
}

/// What the database lacks: nothing, or statements to run after the migrations.
pub(super) async fn missing(session: &mut Session) -> Result<Option<Vec<String>>, RegistryError> {
    let dialect = session.dialect();
    let tables = tables(session).await?;
    let mut views: BTreeMap<String, String> = BTreeMap::new();
    for row in session.rows(dialect.views(), &[]).await? {
        let (name, view) = pair(&row).map_err(|error| session.site.error(error))?;
        views.insert(name, view);
    }
    let known = MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or_default();
    let found = if tables.contains_key("_sqlx_migrations") {
        session.number("SELECT max(version) FROM _sqlx_migrations", &super::session::Scope::default()).await?
    } else {
        0
    };
    if found > known {
        return Err(RegistryError::Newer { path: Arc::clone(&session.site.path), found, known });
    }
    let mut statements = Vec::new();
    for wanted in sql::Table::all().flat_map(sql::wanted) {
        match tables.get(&wanted.name) {
            None => statements.extend(wanted.create()),
            Some(columns) => {
                let new = wanted.columns.iter().filter(|(name, _)| !columns.contains(name));
                statements.extend(new.map(|column| wanted.add(column)));
            }
        }
    }
    for (name, view) in sql::views() {
        match views.get(&name) {
            Some(found) if *found == view => continue,
            Some(_) => statements.push(format!(r#"DROP VIEW "{name}""#)),
            None => {}
        }
        statements.extend(dialect.view(&name, view));
    }
    Ok((found < known || !statements.is_empty()).then_some(statements))
}

/// Makes what is missing; of two programs that start at once, the second finds it done.
async fn create(session: &mut Session) -> Result<(), RegistryError> {
    let site = session.site.clone();
    let migrator = migrator(session.dialect());
    kill_point("migrations");
    match &mut session.connection {
        Connection::Sqlite(connection) => {
            let mut outer = connection.begin_with("BEGIN IMMEDIATE").await.map_err(|error| site.error(error))?;
            migrator.run_direct(None, &mut *outer, false).await.map_err(|error| site.migration(error))?;
            kill_point("COMMIT migrations");
            outer.commit().await.map_err(|error| site.error(error))?;
        }
        Connection::Postgres(connection) => {
            // Under an advisory lock of sqlx; each migration is a transaction.
            migrator.run_direct(None, connection, false).await.map_err(|error| site.migration(error))?;
        }
    }
    session.begin_writing().await?;
    for statement in missing(session).await?.unwrap_or_default() {
        session.define(statement).await?;
    }
    session.commit().await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use vienkop_transforms::finding;

    use super::*;

    #[test]
    fn finding_table_has_the_columns_of_findings() {
        let text = MIGRATIONS.iter().map(|(_, _, text, _)| *text).collect::<String>();
        let table = text.split("CREATE TABLE finding (").nth(1).unwrap().split(") STRICT").next().unwrap();
        let columns: Vec<String> = table
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .map(|name| name.trim_matches('"').to_owned())
            .collect();
        assert_eq!(columns[3..], finding::COLUMNS);
    }
}
