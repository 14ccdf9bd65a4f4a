//! Staging: a source's records, findings and quarantine go to temporary tables as they are read, in bulk.
//!
//! Columns go from the Polars frames straight into the parameters of multi-row inserts.

use std::collections::BTreeMap;
use std::sync::Arc;

use polars::prelude::*;
use sqlx::Row;
use sqlx::sqlite::SqliteArguments;
use vienkop_transforms::batch::{self, LocatorKind};
use vienkop_transforms::finding;
use vienkop_transforms::model::Storage;
use vienkop_transforms::records::{self, QuarantinedCells, Records};

use super::error::RegistryError;
use super::run::Held;
use super::session::{self, Scope, Value};
use super::sql::{self, Shape, Staged, Table};
use crate::format::Rejected;

/// A landed file as the registry lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandedFile {
    /// Hash of the content, hexadecimal.
    pub sha256: String,
    /// Name that a person knows.
    pub name: String,
    /// Size.
    pub bytes: u64,
    /// When it was landed, UTC.
    pub landed_at: String,
    /// What its rows are counted in.
    pub locator: LocatorKind,
}

/// The work of one source in one run, before anything is decided. Dropped, it leaves nothing behind but the list of
/// landed files.
pub struct Stage {
    pub(super) session: Held,
    pub(super) scope: Scope,
    pub(super) staged: Vec<Staged>,
    rejected: i64,
    /// Statements that insert a full portion of rows.
    inserts: BTreeMap<(String, Vec<String>), Arc<str>>,
}

/// Rows of one statement, at most: beyond, preparing it costs more than is saved.
const ROWS: usize = 1_000;

impl Stage {
    pub(super) async fn begin(mut session: Held, scope: Scope) -> Result<Self, RegistryError> {
        for statement in sql::create_stage_common() {
            session.run(statement).await?;
        }
        Ok(Self { session, scope, staged: Vec::new(), rejected: 0, inserts: BTreeMap::new() })
    }

    /// Lists a landed file; the same content under the same name keeps the number that it got first.
    ///
    /// # Errors
    /// The registry cannot be written.
    pub async fn landed(&mut self, file: &LandedFile) -> Result<i64, RegistryError> {
        let key: [Value<'_>; 3] =
            [self.scope.source.as_str().into(), file.sha256.as_str().into(), file.name.as_str().into()];
        let [source, sha256, name] = key;
        let values =
            [source, sha256, name, (file.bytes as i64).into(), file.landed_at.as_str().into(), self.scope.run.into()];
        self.session
            .bound(
                "INSERT INTO landed_file (source, sha256, name, bytes, landed_at, run) VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (source, sha256, name) DO NOTHING",
                &values,
            )
            .await?;
        let rows = self
            .session
            .rows("SELECT id FROM landed_file WHERE source = $1 AND sha256 = $2 AND name = $3", &key)
            .await?;
        let site = &self.session.site;
        let row = rows.first().ok_or_else(|| site.error(sqlx::Error::RowNotFound))?;
        let id: i64 = row.try_get(0).map_err(|error| site.error(error))?;
        let mark = match file.locator {
            LocatorKind::Cell | LocatorKind::Line => "L",
            LocatorKind::Record | LocatorKind::Pointer => "#",
        };
        self.session
            .bound(
                "INSERT INTO stage_file (landed, mark) VALUES ($1, $2) ON CONFLICT (landed) DO NOTHING",
                &[id.into(), mark.into()],
            )
            .await?;
        Ok(id)
    }

    /// Takes records (or child rows) of one batch.
    ///
    /// # Errors
    /// The frame lacks a column that [`Records`] promises, or the temporary tables cannot be written.
    pub async fn records(&mut self, records: &Records) -> Result<(), RegistryError> {
        let table = Table { entity: records.entity, child: records.child };
        let at = self.staged(table).await?;
        let frame = &records.frame;
        let mut columns: Vec<(String, Cells<'_>)> = Vec::new();
        for (name, kind) in HEAD {
            let child_only = *name == records::ORDINAL;
            let entity_only = *name == records::ENTITY_UID;
            if (child_only && table.child.is_none()) || (entity_only && table.child.is_some()) {
                continue;
            }
            columns.push(((*name).to_owned(), Cells::of(frame, name, *kind)?));
        }
        let mut added: Vec<(String, Storage)> = Vec::new();
        for field in table.fields().iter().filter(|field| records.present.contains(&field.name)) {
            let raw = sql::raw(field.name);
            let raw = (field.keeps_raw() && frame.column(&raw).is_ok()).then_some((raw, Storage::Text));
            added.extend(field.storage().into_iter().chain(raw));
        }
        for (name, storage) in added {
            columns.push((name.clone(), Cells::of(frame, &name, storage)?));
            if self.staged[at].columns.insert(name.clone()) {
                let statement = self.staged[at].add_column(&name, storage);
                self.session.run(statement).await?;
            }
        }
        let shape = self.shape(at, records);
        let known_by = records.known_by.iter().copied().collect();
        match &mut self.staged[at].known_by {
            Some(known) => *known = known.intersection(&known_by).copied().collect(),
            none => *none = Some(known_by),
        }
        columns.push(("_shape".to_owned(), Cells::Constant(shape as i64)));
        self.insert(&format!("stage_{}", table.name()), frame.height(), &columns).await
    }

    /// Takes findings, as [`finding::frame`] makes them.
    ///
    /// # Errors
    /// As [`Stage::records`].
    pub async fn findings(&mut self, findings: &DataFrame) -> Result<(), RegistryError> {
        let mut columns = Vec::new();
        for name in finding::COLUMNS {
            let storage = if matches!(name, "landed" | "row" | "part") { Storage::Integer } else { Storage::Text };
            columns.push((name.to_owned(), Cells::of(findings, name, storage)?));
        }
        self.insert("stage_finding", findings.height(), &columns).await
    }

    /// Takes the cells of quarantined records; the records themselves come with [`Stage::records`], not accepted.
    ///
    /// # Errors
    /// As [`Stage::records`].
    pub async fn quarantine(&mut self, cells: &QuarantinedCells) -> Result<(), RegistryError> {
        let columns = [
            ("seq".to_owned(), Cells::of(cells, records::SEQ, Storage::Integer)?),
            ("ordinal".to_owned(), Cells::of(cells, "ordinal", Storage::Integer)?),
            ("column".to_owned(), Cells::of(cells, "column", Storage::Text)?),
            ("value".to_owned(), Cells::of(cells, "value", Storage::Text)?),
        ];
        self.insert("stage_cell", cells.height(), &columns).await
    }

    /// Takes rows that could not be read as rows: their findings, and their text in quarantine.
    ///
    /// # Errors
    /// As [`Stage::records`].
    pub async fn rejected(&mut self, rows: &[Rejected]) -> Result<(), RegistryError> {
        let findings: Vec<finding::Finding> = rows.iter().map(|row| row.finding.clone()).collect();
        self.findings(&finding::frame(&findings)?).await?;
        for row in rows {
            self.rejected += 1;
            let seq = -self.rejected;
            let at = &row.finding;
            self.session
                .bound(
                    r#"INSERT INTO stage_quarantine (seq, entity, landed, sheet, "row", part) VALUES ($1, $2, $3, $4, $5, $6)"#,
                    &[
                        seq.into(),
                        at.entity.as_str().into(),
                        at.landed.into(),
                        at.sheet.as_deref().into(),
                        at.row.into(),
                        at.part.into(),
                    ],
                )
                .await?;
            self.session
                .bound(
                    r#"INSERT INTO stage_cell (seq, ordinal, "column", value) VALUES ($1, 1, '', $2)"#,
                    &[seq.into(), row.text.as_str().into()],
                )
                .await?;
        }
        Ok(())
    }

    /// Rows that could not be read, so far.
    pub(super) fn rejected_rows(&self) -> i64 {
        self.rejected
    }

    /// Place of the table among those staged; makes it when it is new.
    pub(super) async fn staged(&mut self, table: Table) -> Result<usize, RegistryError> {
        let same = |staged: &Staged| staged.table.name() == table.name();
        if let Some(at) = self.staged.iter().position(same) {
            return Ok(at);
        }
        let staged = Staged::new(table);
        self.session.run(staged.create()).await?;
        self.staged.push(staged);
        Ok(self.staged.len() - 1)
    }

    fn shape(&mut self, at: usize, records: &Records) -> usize {
        let of = |names: &[&'static str]| names.iter().copied().collect();
        let came = Shape { fields: of(&records.present), unseen: of(&records.unseen) };
        let shapes = &mut self.staged[at].shapes;
        shapes.iter().position(|shape| *shape == came).unwrap_or_else(|| {
            shapes.push(came);
            shapes.len() - 1
        })
    }

    async fn insert(
        &mut self,
        table: &str,
        height: usize,
        columns: &[(String, Cells<'_>)],
    ) -> Result<(), RegistryError> {
        let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        let most = (sql::dialect::PARAMETERS / columns.len().max(1)).clamp(1, ROWS);
        self.session.run("SAVEPOINT batch").await?;
        let mut from = 0;
        while from < height {
            let rows = most.min(height - from);
            let values = slice(columns, from, rows).map_err(|error| self.session.site.error(error))?;
            if rows == most {
                let key = (table.to_owned(), names.clone());
                let full = self.inserts.entry(key).or_insert_with(|| Arc::from(sql::insert(table, &names, rows)));
                let full = Arc::clone(full);
                self.session.bulk(&full, values, true).await?;
            } else {
                let rest: Arc<str> = Arc::from(sql::insert(table, &names, rows));
                self.session.bulk(&rest, values, false).await?;
            }
            from += rows;
        }
        self.session.run("RELEASE batch").await?;
        Ok(())
    }
}

/// Columns of the records frame beside the fields, and what they hold.
const HEAD: &[(&str, Storage)] = &[
    (records::SEQ, Storage::Integer),
    (records::RECORD_UID, Storage::Text),
    (records::ENTITY_UID, Storage::Text),
    (records::KEY, Storage::Text),
    (records::ACCEPTED, Storage::Boolean),
    (records::LANDED, Storage::Integer),
    (records::SHEET, Storage::Text),
    (batch::ROW, Storage::Integer),
    (batch::PART, Storage::Integer),
    (records::ORDINAL, Storage::Integer),
];

/// A column on its way into the parameters.
enum Cells<'a> {
    Text(&'a StringChunked),
    Number(&'a Int64Chunked),
    Flag(&'a BooleanChunked),
    /// Nothing but nulls.
    Empty,
    Constant(i64),
}

impl<'a> Cells<'a> {
    fn of(frame: &'a DataFrame, name: &str, storage: Storage) -> PolarsResult<Self> {
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

/// Parameters of `rows` rows from `from` on, row by row.
fn slice(columns: &[(String, Cells<'_>)], from: usize, rows: usize) -> Result<SqliteArguments, sqlx::Error> {
    enum Part<'a> {
        Text(Box<dyn Iterator<Item = Option<&'a str>> + 'a>),
        Number(Box<dyn Iterator<Item = Option<i64>> + 'a>),
        Flag(Box<dyn Iterator<Item = Option<bool>> + 'a>),
        Same(Value<'a>),
    }
    let cut: Vec<Cut> = columns.iter().map(|(_, cells)| Cut::of(cells, from as i64, rows)).collect();
    let mut parts: Vec<Part<'_>> = cut
        .iter()
        .map(|cut| match cut {
            Cut::Text(text) => Part::Text(Box::new(text.iter())),
            Cut::Number(number) => Part::Number(Box::new(number.iter())),
            Cut::Flag(flag) => Part::Flag(Box::new(flag.iter())),
            Cut::Same(None) => Part::Same(Value::Null),
            Cut::Same(Some(number)) => Part::Same(Value::Number(*number)),
        })
        .collect();
    let mut arguments = SqliteArguments::default();
    sqlx::Arguments::reserve(&mut arguments, rows * columns.len(), 0);
    for _ in 0..rows {
        for part in &mut parts {
            let value = match part {
                Part::Text(items) => items.next().flatten().into(),
                Part::Number(items) => items.next().flatten().into(),
                Part::Flag(items) => items.next().flatten().map(i64::from).into(),
                Part::Same(value) => *value,
            };
            session::push(&mut arguments, value)?;
        }
    }
    Ok(arguments)
}

/// A part of a column.
enum Cut {
    Text(StringChunked),
    Number(Int64Chunked),
    Flag(BooleanChunked),
    Same(Option<i64>),
}

impl Cut {
    fn of(cells: &Cells<'_>, from: i64, rows: usize) -> Self {
        match cells {
            Cells::Text(column) => Self::Text(column.slice(from, rows)),
            Cells::Number(column) => Self::Number(column.slice(from, rows)),
            Cells::Flag(column) => Self::Flag(column.slice(from, rows)),
            Cells::Empty => Self::Same(None),
            Cells::Constant(number) => Self::Same(Some(*number)),
        }
    }
}
