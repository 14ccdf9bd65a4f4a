//! Tables of a registry on opening: bookkeeping by migrations, entity tables and views from the model.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection, Row, SqlSafeStr};

use super::error::RegistryError;
use super::session::Session;
use super::{Registry, sql};
use crate::kill::kill_point;

/// Bookkeeping tables, in the order they came to be. A published one is never edited.
const MIGRATIONS: &[(i64, &str, &str)] = &[(1, "bookkeeping", include_str!("migrations/sqlite/0001_bookkeeping.sql"))];

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().map(|(version, description, text)| {
        Migration::new(*version, (*description).into(), MigrationType::Simple, text.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// Makes what is missing. Writes nothing when nothing is.
pub(super) async fn prepare(registry: &Registry) -> Result<(), RegistryError> {
    let mut session = Session::connect(&registry.options.clone().create_if_missing(true), &registry.site).await?;
    if missing(&mut session).await?.is_some() {
        let mut created = session;
        create(&mut created).await?;
        session = created;
    }
    session.connection.close().await.map_err(|error| registry.site.error(error))
}

/// What the file lacks: nothing, or statements to run after the migrations.
async fn missing(session: &mut Session) -> Result<Option<Vec<String>>, RegistryError> {
    let text = |row: &sqlx::sqlite::SqliteRow, n: usize| row.try_get::<String, _>(n);
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in session.rows(sql::COLUMNS, &[]).await? {
        let (table, column) = text(&row, 0).and_then(|t| Ok((t, text(&row, 1)?))).map_err(|e| session.site.error(e))?;
        tables.entry(table).or_default().insert(column);
    }
    let mut views: BTreeMap<String, String> = BTreeMap::new();
    for row in session.rows(sql::VIEWS, &[]).await? {
        let (name, view) = text(&row, 0).and_then(|t| Ok((t, text(&row, 1)?))).map_err(|e| session.site.error(e))?;
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
        statements.push(view);
    }
    Ok((found < known || !statements.is_empty()).then_some(statements))
}

/// Makes what is missing in one transaction; of two programs that start at once, the second finds it done.
async fn create(session: &mut Session) -> Result<(), RegistryError> {
    let site = session.site.clone();
    let mut outer = session.connection.begin_with("BEGIN IMMEDIATE").await.map_err(|error| site.error(error))?;
    kill_point("migrations");
    migrator().run_direct(None, &mut *outer, false).await.map_err(|error| site.migration(error))?;
    kill_point("COMMIT migrations");
    outer.commit().await.map_err(|error| site.error(error))?;
    session.run("BEGIN IMMEDIATE").await?;
    for statement in missing(session).await?.unwrap_or_default() {
        session.run(statement).await?;
    }
    session.run("COMMIT").await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use vienkop_transforms::finding;

    use super::*;

    #[test]
    fn finding_table_has_the_columns_of_findings() {
        let text = MIGRATIONS.iter().map(|(_, _, text)| *text).collect::<String>();
        let table = text.split("CREATE TABLE finding (").nth(1).unwrap().split(") STRICT").next().unwrap();
        let columns: Vec<String> = table
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .map(|name| name.trim_matches('"').to_owned())
            .collect();
        assert_eq!(columns[3..], finding::COLUMNS);
    }
}
