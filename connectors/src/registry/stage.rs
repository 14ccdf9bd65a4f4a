//! Staging: a source's records, findings and quarantine go to temporary tables as they are read, in bulk.
//!
//! Columns go from the Polars frames straight into what the database takes in bulk (see `bulk.rs`).

use polars::prelude::*;
use vienkop_transforms::batch::{self, LocatorKind};
use vienkop_transforms::finding;
use vienkop_transforms::model::Storage;
use vienkop_transforms::records::{self, QuarantinedCells, Records};

use super::bulk::{Bulk, Cells};
use super::error::RegistryError;
use super::lake::Events;
use super::lock::Lock;
use super::run::Held;
use super::session::{Row, Scope, Value};
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
    pub(super) events: Events,
    pub(super) bulk: Bulk,
    /// Whether the cells of what stands in quarantine were looked at.
    pub(super) seen_standing: bool,
    /// Nobody else imports this source meanwhile.
    _lock: Option<Lock>,
}

impl Stage {
    pub(super) async fn begin(
        mut session: Held,
        scope: Scope,
        lock: Option<Lock>,
        events: Events,
    ) -> Result<Self, RegistryError> {
        for statement in sql::create_stage_common() {
            session.define(statement).await?;
        }
        let (staged, bulk) = (Vec::new(), Bulk::default());
        Ok(Self { session, scope, staged, rejected: 0, events, bulk, seen_standing: false, _lock: lock })
    }

    /// Where the last delivery that was loaded ended, if its fetch told.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn cursor(&mut self) -> Result<Option<String>, RegistryError> {
        let source = [self.scope.source.as_str().into()];
        let rows = self.session.rows("SELECT cursor FROM source_state WHERE source = $1", &source).await?;
        let cursor = |row: &Row| row.try_get(0).map_err(|error| self.session.site.error(error));
        Ok(rows.first().map(cursor).transpose()?.flatten())
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
                self.session.define(statement).await?;
            }
        }
        let shape = self.shape(at, records);
        let known_by = records.known_by.iter().copied().collect();
        match &mut self.staged[at].known_by {
            Some(known) => *known = known.intersection(&known_by).copied().collect(),
            none => *none = Some(known_by),
        }
        columns.push(("_shape".to_owned(), Cells::Constant(shape as i64)));
        self.bulk.insert(&mut self.session, &format!("stage_{}", table.name()), frame.height(), &columns).await
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
        self.bulk.insert(&mut self.session, "stage_finding", findings.height(), &columns).await
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
        self.bulk.insert(&mut self.session, "stage_cell", cells.height(), &columns).await
    }

    /// Quarantines records, their cells apart: columns [`records::SEQ`], `entity`, `record_key`, `record_uid`, `landed`,
    /// `sheet`, `row`, `part`.
    pub(super) async fn quarantine_records(&mut self, frame: &DataFrame) -> Result<(), RegistryError> {
        let mut columns = vec![("seq".to_owned(), Cells::of(frame, records::SEQ, Storage::Integer)?)];
        for name in ["entity", "record_key", "record_uid", "sheet"] {
            columns.push((name.to_owned(), Cells::of(frame, name, Storage::Text)?));
        }
        for name in ["landed", "row", "part"] {
            columns.push((name.to_owned(), Cells::of(frame, name, Storage::Integer)?));
        }
        self.bulk.insert(&mut self.session, "stage_quarantine", frame.height(), &columns).await
    }

    /// Takes rows that could not be read as rows: their findings, and their text in quarantine.
    ///
    /// # Errors
    /// As [`Stage::records`].
    pub async fn rejected(&mut self, rows: &[Rejected]) -> Result<(), RegistryError> {
        let findings: Vec<finding::Finding> = rows.iter().map(|row| row.finding.clone()).collect();
        self.findings(&finding::frame(&findings)?).await?;
        let count = rows.len();
        let seq = Int64Chunked::from_iter_values("seq".into(), (1..=count as i64).map(|n| -(self.rejected + n)));
        self.rejected += count as i64;
        let of = |value: fn(&finding::Finding) -> Option<i64>| -> Vec<Option<i64>> {
            rows.iter().map(|row| value(&row.finding)).collect()
        };
        let entities: Vec<&str> = rows.iter().map(|row| row.finding.entity.as_str()).collect();
        let sheets: Vec<Option<&str>> = rows.iter().map(|row| row.finding.sheet.as_deref()).collect();
        let nothing = vec![None::<&str>; count];
        let frame = df!(
            records::SEQ => seq.clone().into_series(), "entity" => entities, "record_key" => &nothing,
            "record_uid" => &nothing, "sheet" => sheets, "landed" => of(|f| f.landed), "row" => of(|f| f.row),
            "part" => of(|f| f.part),
        )?;
        self.quarantine_records(&frame).await?;
        let text: StringChunked = rows.iter().map(|row| Some(row.text.as_str())).collect();
        let none = StringChunked::full("column".into(), "", count);
        let columns = [
            ("seq".to_owned(), Cells::Number(&seq)),
            ("ordinal".to_owned(), Cells::Constant(1)),
            ("column".to_owned(), Cells::Text(&none)),
            ("value".to_owned(), Cells::Text(&text)),
        ];
        self.bulk.insert(&mut self.session, "stage_cell", count, &columns).await?;
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
        self.session.define(staged.create()).await?;
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
