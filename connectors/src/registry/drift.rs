//! What the source's deliveries looked like when one was loaded last, by part (what one of its tables reads).

use std::collections::{BTreeMap, BTreeSet};

use vienkop_transforms::drift::{Schema, SeenColumn, Shape};

use super::Registry;
use super::error::RegistryError;
use super::session::{Row, Session, Value};
use super::stage::Stage;

/// Schemas by part.
pub type Schemas = BTreeMap<String, Schema>;

const COLUMNS: &str =
    "SELECT part, name, shapes, rare, filled FROM schema_column WHERE source = $1 ORDER BY part, ordinal, name";
const CODES: &str = "SELECT part, name, code FROM schema_code WHERE source = $1 ORDER BY part, name, code";

impl Registry {
    /// What was seen of a source; empty where nothing of it was loaded yet.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn schemas(&self, source: &str) -> Result<Schemas, RegistryError> {
        let mut session = self.connect().await?;
        let schemas = read(&mut session, source).await?;
        session.close().await?;
        Ok(schemas)
    }
}

impl Stage {
    /// What was seen of the source; empty where nothing of it was loaded yet.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn schemas(&mut self) -> Result<Schemas, RegistryError> {
        let source = self.scope.source.clone();
        read(&mut self.session, &source).await
    }

    /// Remembers what was seen, within the transaction of the load. Nothing is written where nothing is new.
    pub(super) async fn remember_schemas(&mut self, schemas: &Schemas) -> Result<(), RegistryError> {
        let source = self.scope.source.clone();
        let source: Value<'_> = source.as_str().into();
        let held = self.schemas().await?;
        for part in held.keys().chain(schemas.keys()).collect::<BTreeSet<_>>() {
            let (before, after) = (held.get(part), schemas.get(part));
            if before != after {
                self.remember(source, part, before, after).await?;
            }
        }
        Ok(())
    }

    async fn remember(
        &mut self,
        source: Value<'_>,
        part: &str,
        before: Option<&Schema>,
        after: Option<&Schema>,
    ) -> Result<(), RegistryError> {
        let nothing = Schema::default();
        let (before, after) = (before.unwrap_or(&nothing), after.unwrap_or(&nothing));
        let (part, run): (Value<'_>, Value<'_>) = (part.into(), self.scope.run.into());
        let session = &mut self.session;
        for column in &before.columns {
            let name: Value<'_> = column.name.as_str().into();
            let now = after.column(&column.name);
            if now.is_none() {
                let text = "DELETE FROM schema_column WHERE source = $1 AND part = $2 AND name = $3";
                session.bound(text, &[source, part, name]).await?;
            }
            for code in column.codes.iter().filter(|code| now.is_none_or(|now| !now.codes.contains(*code))) {
                let text = "DELETE FROM schema_code WHERE source = $1 AND part = $2 AND name = $3 AND code = $4";
                session.bound(text, &[source, part, name, code.as_str().into()]).await?;
            }
        }
        for (ordinal, column) in after.columns.iter().enumerate() {
            let held = before.columns.get(ordinal) == Some(column);
            let name: Value<'_> = column.name.as_str().into();
            if !held {
                let (shapes, rare) = (words(&column.shapes), words(&column.rare));
                let values = [
                    source,
                    part,
                    name,
                    (ordinal as i64).into(),
                    shapes.as_str().into(),
                    rare.as_str().into(),
                    i64::from(column.filled).into(),
                    run,
                ];
                let text = "INSERT INTO schema_column (source, part, name, ordinal, shapes, rare, filled, since_run)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (source, part, name) DO UPDATE SET
                    ordinal = excluded.ordinal, shapes = excluded.shapes, rare = excluded.rare, filled = excluded.filled";
                session.bound(text, &values).await?;
            }
            let known = before.column(&column.name).map(|before| &before.codes);
            for code in column.codes.iter().filter(|code| known.is_none_or(|known| !known.contains(*code))) {
                let text = "INSERT INTO schema_code (source, part, name, code, since_run) VALUES ($1, $2, $3, $4, $5)";
                session.bound(text, &[source, part, name, code.as_str().into(), run]).await?;
            }
        }
        Ok(())
    }
}

async fn read(session: &mut Session, source: &str) -> Result<Schemas, RegistryError> {
    let mut schemas = Schemas::new();
    for row in session.rows(COLUMNS, &[source.into()]).await? {
        let (part, column) = column(&row).map_err(|error| session.site.error(error))?;
        schemas.entry(part).or_default().columns.push(column);
    }
    for row in session.rows(CODES, &[source.into()]).await? {
        let code = || -> Result<(String, String, String), sqlx::Error> {
            Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
        };
        let (part, name, code) = code().map_err(|error| session.site.error(error))?;
        let columns = schemas.get_mut(&part).into_iter().flat_map(|schema| &mut schema.columns);
        columns.filter(|column| column.name == name).for_each(|column| {
            column.codes.insert(code.clone());
        });
    }
    Ok(schemas)
}

fn column(row: &Row) -> Result<(String, SeenColumn), sqlx::Error> {
    let shapes = |text: String| text.split(' ').filter_map(Shape::of_word).collect();
    let filled: i64 = row.try_get(4)?;
    let column = SeenColumn {
        name: row.try_get(1)?,
        shapes: shapes(row.try_get(2)?),
        rare: shapes(row.try_get(3)?),
        filled: u8::try_from(filled).unwrap_or(100),
        codes: BTreeSet::new(),
    };
    Ok((row.try_get(0)?, column))
}

fn words(shapes: &BTreeSet<Shape>) -> String {
    shapes.iter().map(|shape| shape.as_str()).collect::<Vec<_>>().join(" ")
}
