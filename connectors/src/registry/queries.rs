//! Reading the registry: runs, findings, the current entities as frames.

use std::collections::BTreeMap;

use polars::prelude::*;
use vienkop_transforms::finding;
use vienkop_transforms::model::{self, Child, Entity, Storage};

use super::Registry;
use super::apply::Rows;
use super::difference::EntityDifference;
use super::error::{RegistryError, Site};
use super::session::{Row, Scope, Session, Value};
use super::sql::{self, Table};

/// A run as listed.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// Its number.
    pub number: i64,
    /// The pipeline.
    pub pipeline: String,
    /// `run` or `replay`.
    pub kind: String,
    /// When it began.
    pub started_at: String,
    /// When it ended; none: it still goes on, or it was cut off.
    pub finished_at: Option<String>,
    /// The date that its reports are about.
    pub as_of: String,
    /// How it ended; `running` until then.
    pub status: String,
    /// Its sources by name.
    pub sources: Vec<RunSourceRow>,
}

/// What one source did in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSourceRow {
    /// The source.
    pub source: String,
    /// `ok`, `failed`, `approval` or `gate`.
    pub status: String,
    /// Rows of its files.
    pub rows: Rows,
    /// How long it took.
    pub seconds: f64,
    /// Why it failed.
    pub error: Option<String>,
    /// Its records.
    pub entities: Vec<EntityDifference>,
}

/// What is known of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// The source.
    pub source: String,
    /// The last run that loaded a delivery of it.
    pub last_run: Option<i64>,
    /// When that run began, UTC. A file that lies where it lay is read again by every run.
    pub last_delivery_at: Option<String>,
    /// When a file of it was last met that had not been met before, UTC: the last time that the source itself did
    /// something.
    pub last_new_at: Option<String>,
    /// How many records are open.
    pub holds: i64,
    /// Where the next fetch goes on.
    pub cursor: Option<String>,
}

/// Rows of a page.
const PAGE: usize = 20_000;

impl Registry {
    /// The last `most` runs, latest first.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn runs(&self, most: usize) -> Result<Vec<RunRow>, RegistryError> {
        let mut session = self.connect().await?;
        let heads = session
            .rows(
                "SELECT id, pipeline, kind, started_at, finished_at, as_of, status FROM run ORDER BY id DESC LIMIT $1",
                &[(most as i64).into()],
            )
            .await?;
        let mut runs = heads.iter().map(run_row).collect::<Result<Vec<_>, _>>().map_err(|e| self.site.error(e))?;
        for run in &mut runs {
            run.sources = self.run_sources(&mut session, run.number).await?;
        }
        Ok(runs)
    }

    async fn run_sources(&self, session: &mut Session, run: i64) -> Result<Vec<RunSourceRow>, RegistryError> {
        let counts = session
            .rows(
                "SELECT source, entity, mapped, accepted, quarantined, duplicates, inserted, changed, retired, unchanged
                FROM run_source_entity WHERE run = $1",
                &[run.into()],
            )
            .await?;
        let mut entities: BTreeMap<String, Vec<EntityDifference>> = BTreeMap::new();
        for row in &counts {
            let (source, entity) = counts_row(row).map_err(|error| self.site.error(error))?;
            entities.entry(source).or_default().push(entity);
        }
        for counts in entities.values_mut() {
            counts.sort_by_key(|counts| place_in_model(&counts.entity));
        }
        let heads = session
            .rows(
                "SELECT source, status, rows_read, rows_mapped, rows_skipped, rows_rejected, seconds, error
                FROM run_source WHERE run = $1 ORDER BY source",
                &[run.into()],
            )
            .await?;
        let mut sources = Vec::new();
        for row in &heads {
            let mut source = source_row(row).map_err(|error| self.site.error(error))?;
            source.entities = entities.remove(&source.source).unwrap_or_default();
            sources.push(source);
        }
        Ok(sources)
    }

    /// Findings of a run, of one source or of all: columns `source`, `run`, `file`, then those of [`finding::COLUMNS`]
    /// (`String`; `run`, `landed`, `row`, `part` `Int64`), in the order found.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn findings(&self, run: i64, source: Option<&str>) -> Result<DataFrame, RegistryError> {
        let mut session = self.connect().await?;
        let values = [run.into(), source.into()];
        self.finding_frame(&mut session, "f.run = $1 AND ($2 IS NULL OR f.source = $2)", &values).await
    }

    /// Findings that stand, of one source or of all: of its latest delivery, and of what earlier ones of changes brought
    /// and nothing has brought again since. A frame as [`Registry::findings`] gives.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn standing_findings(&self, source: Option<&str>) -> Result<DataFrame, RegistryError> {
        let mut session = self.connect().await?;
        let condition = "f.closed_run IS NULL AND ($1 IS NULL OR f.source = $1)";
        self.finding_frame(&mut session, condition, &[source.into()]).await
    }

    pub(super) async fn finding_frame(
        &self,
        session: &mut Session,
        condition: &str,
        values: &[Value<'_>],
    ) -> Result<DataFrame, RegistryError> {
        let columns: Vec<String> = finding::COLUMNS.iter().map(|column| format!(r#"f."{column}""#)).collect();
        let text = format!(
            "SELECT f.id, f.source, f.run, l.name, {} FROM finding f LEFT JOIN landed_file l ON l.id = f.landed
            WHERE {condition} AND f.id > ${} ORDER BY f.id LIMIT {PAGE}",
            columns.join(", "),
            values.len() + 1
        );
        let names = ["source", "run", "file"].into_iter().chain(finding::COLUMNS);
        let number = |name| matches!(name, "run" | "landed" | "row" | "part");
        let mut frame =
            Builders::new(names.map(|name| (name, if number(name) { Storage::Integer } else { Storage::Text })));
        let mut last = 0_i64;
        loop {
            let mut values = values.to_vec();
            values.push(last.into());
            let rows = session.rows(text.clone(), &values).await?;
            for row in &rows {
                last = row.try_get(0).map_err(|error| self.site.error(error))?;
                frame.push(row, 1, &self.site)?;
            }
            if rows.len() < PAGE {
                return frame.finish();
            }
        }
    }

    /// The current entities: `uid`, then the columns of the fields (see [`vienkop_transforms::model::Field::storage`];
    /// `String`, `Int64` or `Boolean`), by uid.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn current_frame(&self, entity: &'static Entity) -> Result<DataFrame, RegistryError> {
        let frame = self.frame(Table::of(entity)).await?;
        Ok(frame.drop("_ordinal")?)
    }

    /// The children of current entities: `uid` of the entity, `_ordinal`, then the columns of the child's fields.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn current_children(
        &self,
        entity: &'static Entity,
        child: &'static Child,
    ) -> Result<DataFrame, RegistryError> {
        self.frame(Table { entity, child: Some(child) }).await
    }

    async fn frame(&self, table: Table) -> Result<DataFrame, RegistryError> {
        let mut session = self.connect().await?;
        let columns = table.columns();
        let head = [("uid", Storage::Text), ("_ordinal", Storage::Integer)];
        let mut frame =
            Builders::new(head.into_iter().chain(columns.iter().map(|(name, storage)| (name.as_str(), *storage))));
        let statement = sql::page(table, PAGE);
        let mut last = (String::new(), 0_i64);
        loop {
            let rows = session.rows(statement.clone(), &[last.0.as_str().into(), last.1.into()]).await?;
            for row in &rows {
                frame.push(row, 0, &self.site)?;
            }
            match rows.last() {
                Some(row) if rows.len() == PAGE => {
                    let next = || Ok((row.try_get(0)?, row.try_get(1)?));
                    last = next().map_err(|error| self.site.error(error))?;
                }
                _ => return frame.finish(),
            }
        }
    }

    /// Hashes of landed files that only this source delivered, all before `before` (UTC).
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn landed_before(&self, source: &str, before: &str) -> Result<Vec<String>, RegistryError> {
        let mut session = self.connect().await?;
        let rows = session
            .rows(
                "SELECT sha256 FROM landed_file GROUP BY sha256
                HAVING min(source) = $1 AND max(source) = $1 AND max(landed_at) < $2 ORDER BY sha256",
                &[source.into(), before.into()],
            )
            .await?;
        let hash = |row: &Row| row.try_get(0);
        rows.iter().map(hash).collect::<Result<_, _>>().map_err(|error| self.site.error(error))
    }

    /// What is known of each source, by name.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn source_states(&self) -> Result<Vec<SourceState>, RegistryError> {
        source_states(&mut self.connect().await?).await
    }

    /// When each pipeline last ran to its end, UTC, no later than `until` (a run may have been told another day).
    /// A run that was broken off did not.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn last_runs(&self, until: &str) -> Result<BTreeMap<String, String>, RegistryError> {
        let mut session = self.connect().await?;
        let rows = session
            .rows(
                "SELECT pipeline, max(started_at) FROM run WHERE kind = 'run' AND started_at <= $1
                AND status NOT IN ('running', 'broken') GROUP BY pipeline",
                &[until.into()],
            )
            .await?;
        let pair = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(pair).collect::<Result<_, _>>().map_err(|error| self.site.error(error))
    }

    /// How many current entities there are of each kind, in the order of the model.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn counts(&self) -> Result<Vec<(String, i64)>, RegistryError> {
        let mut session = self.connect().await?;
        let rows = session.scoped_rows(sql::counts(), &Scope::default()).await?;
        let pair = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(pair).collect::<Result<_, _>>().map_err(|error| self.site.error(error))
    }
}

/// What is known of each source, by name, as this session sees it.
pub(super) async fn source_states(session: &mut Session) -> Result<Vec<SourceState>, RegistryError> {
    let rows = session
        .rows(
            "SELECT s.source, s.last_run, s.last_delivery_at, s.holds,
            (SELECT max(r.started_at) FROM landed_file l JOIN run r ON r.id = l.run WHERE l.source = s.source),
             s.cursor FROM source_state s ORDER BY s.source",
            &[],
        )
        .await?;
    rows.iter().map(state_row).collect::<Result<_, _>>().map_err(|error| session.site.error(error))
}

fn state_row(row: &Row) -> Result<SourceState, sqlx::Error> {
    Ok(SourceState {
        source: row.try_get(0)?,
        last_run: row.try_get(1)?,
        last_delivery_at: row.try_get(2)?,
        holds: row.try_get(3)?,
        last_new_at: row.try_get(4)?,
        cursor: row.try_get(5)?,
    })
}

fn run_row(row: &Row) -> Result<RunRow, sqlx::Error> {
    Ok(RunRow {
        number: row.try_get(0)?,
        pipeline: row.try_get(1)?,
        kind: row.try_get(2)?,
        started_at: row.try_get(3)?,
        finished_at: row.try_get(4)?,
        as_of: row.try_get(5)?,
        status: row.try_get(6)?,
        sources: Vec::new(),
    })
}

fn source_row(row: &Row) -> Result<RunSourceRow, sqlx::Error> {
    let rows = |n: usize| row.try_get::<i64, _>(n).map(|number| number as u64);
    Ok(RunSourceRow {
        source: row.try_get(0)?,
        status: row.try_get(1)?,
        rows: Rows { read: rows(2)?, mapped: rows(3)?, skipped: rows(4)?, rejected: rows(5)? },
        seconds: row.try_get(6)?,
        error: row.try_get(7)?,
        entities: Vec::new(),
    })
}

/// Where an entity or child stands in the model.
fn place_in_model(name: &str) -> (usize, usize) {
    model::target(name).map_or((usize::MAX, 0), |(entity, child)| {
        let children = entity.children.iter();
        let place = child.and_then(|child| children.clone().position(|other| other.name == child.name));
        (model::rank(entity), place.map_or(0, |place| place + 1))
    })
}

fn counts_row(row: &Row) -> Result<(String, EntityDifference), sqlx::Error> {
    let counts = EntityDifference {
        entity: row.try_get(1)?,
        mapped: row.try_get(2)?,
        accepted: row.try_get(3)?,
        quarantined: row.try_get(4)?,
        duplicates: row.try_get(5)?,
        inserted: row.try_get(6)?,
        changed: row.try_get(7)?,
        retired: row.try_get(8)?,
        unchanged: row.try_get(9)?,
    };
    Ok((row.try_get(0)?, counts))
}

/// A frame in the making.
pub(super) struct Builders(Vec<Builder>);

enum Builder {
    Text(StringChunkedBuilder),
    Number(PrimitiveChunkedBuilder<Int64Type>),
    Flag(BooleanChunkedBuilder),
}

impl Builders {
    pub(super) fn new<'a>(columns: impl Iterator<Item = (&'a str, Storage)>) -> Self {
        let builder = |(name, storage): (&str, Storage)| match storage {
            Storage::Text => Builder::Text(StringChunkedBuilder::new(name.into(), 0)),
            Storage::Integer => Builder::Number(PrimitiveChunkedBuilder::new(name.into(), 0)),
            Storage::Boolean => Builder::Flag(BooleanChunkedBuilder::new(name.into(), 0)),
        };
        Self(columns.map(builder).collect())
    }

    /// Takes the columns of a row from `skip` on.
    pub(super) fn push(&mut self, row: &Row, skip: usize, site: &Site) -> Result<(), RegistryError> {
        for (n, builder) in self.0.iter_mut().enumerate() {
            let at = n + skip;
            let taken = match builder {
                Builder::Text(column) => row.try_get::<Option<&str>, _>(at).map(|value| column.append_option(value)),
                Builder::Number(column) => row.try_get::<Option<i64>, _>(at).map(|value| column.append_option(value)),
                Builder::Flag(column) => row.try_get::<Option<bool>, _>(at).map(|value| column.append_option(value)),
            };
            taken.map_err(|error| site.error(error))?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<DataFrame, RegistryError> {
        let columns: Vec<Column> = self
            .0
            .into_iter()
            .map(|builder| match builder {
                Builder::Text(column) => column.finish().into_series().into(),
                Builder::Number(column) => column.finish().into_series().into(),
                Builder::Flag(column) => column.finish().into_series().into(),
            })
            .collect();
        let height = columns.first().map_or(0, Column::len);
        Ok(DataFrame::new(height, columns)?)
    }
}
