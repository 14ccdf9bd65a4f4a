//! A scratch registry, deliveries written as tables of texts, and what can be asked of them.

use std::cell::Cell;
use std::sync::{Arc, OnceLock};

use polars::prelude::*;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column as _, Connection as _, PgConnection, Row, SqliteConnection, TypeInfo, ValueRef};
use vienkop_connectors::registry::{
    Delivery, Difference, EntityDifference, Mode, Priority, Registry, Rows, Run, RunKind, RunStart, Stage,
};
use vienkop_test_cluster::Cluster;
use vienkop_transforms::model::{self, Field, Kept, Storage};
use vienkop_transforms::records::Records;
use vienkop_transforms::resolve::matching::MatchSettings;
use vienkop_transforms::status::timeline::TimelineRules;

pub(crate) const OWNER: &str = "90000000001";

pub(crate) struct Bench {
    pub(crate) url: String,
    pub(crate) registry: Registry,
    /// Where its lake is; of a file the database too.
    pub(crate) folder: tempfile::TempDir,
    pub(crate) priorities: Vec<Priority>,
    day: Cell<u32>,
    /// By how many days the next run comes late: its time is before that of runs already done.
    pub(crate) late: Cell<u32>,
}

/// How a source delivers: a snapshot of what it brings, nothing held back.
#[derive(Clone)]
pub(crate) struct How {
    pub(crate) snapshot: bool,
    pub(crate) mapped: Vec<&'static str>,
    pub(crate) quarantined: f64,
    pub(crate) retired: f64,
    pub(crate) approve: bool,
    pub(crate) matching: bool,
    pub(crate) repeats: Vec<&'static str>,
    pub(crate) timelines: Option<Arc<TimelineRules>>,
}

pub(crate) fn priority(source: &str, priority: i64) -> Priority {
    Priority { source: source.into(), priority, fields: Vec::new() }
}

pub(crate) fn snapshot(mapped: &[&'static str]) -> How {
    How {
        snapshot: true,
        mapped: mapped.to_vec(),
        quarantined: 1.0,
        retired: 1.0,
        approve: true,
        matching: false,
        repeats: Vec::new(),
        timelines: None,
    }
}

/// The settings of the checkout.
fn matching() -> &'static Arc<MatchSettings> {
    static SETTINGS: OnceLock<Arc<MatchSettings>> = OnceLock::new();
    SETTINGS.get_or_init(|| Arc::new(MatchSettings::shipped().unwrap()))
}

pub(crate) fn delta(mapped: &[&'static str]) -> How {
    How { snapshot: false, ..snapshot(mapped) }
}

impl How {
    pub(crate) fn delivery(&self) -> Delivery<'_> {
        Delivery {
            cursor: None,
            again: false,
            schemas: None,
            drifted: 0,
            snapshot: self.snapshot,
            mapped: &self.mapped,
            max_quarantined_share: self.quarantined,
            max_retired_share: self.retired,
            approve: self.approve,
            repeats: &self.repeats,
            timelines: self.timelines.as_ref(),
            matching: self.matching.then(matching),
        }
    }
}

impl Bench {
    /// A registry in a file of its own.
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::at(url(&folder), folder).await
    }

    /// A registry in a database of its own.
    pub(crate) async fn postgres() -> Self {
        Self::at(Cluster::shared().fresh_database(), tempfile::tempdir().unwrap()).await
    }

    async fn at(url: String, folder: tempfile::TempDir) -> Self {
        let registry = Registry::open(&url).await.unwrap().with_lake_below(folder.path());
        Self { url, registry, folder, priorities: Vec::new(), day: Cell::new(0), late: Cell::new(0) }
    }

    /// An empty registry of the same kind.
    pub(crate) async fn another(&self) -> Self {
        if self.is_sqlite() { Self::sqlite().await } else { Self::postgres().await }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    /// Runs statements past the registry.
    pub(crate) async fn statements(&self, all: &[&'static str]) {
        for statement in all {
            if self.is_sqlite() {
                let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::raw_sql(*statement).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            } else {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                sqlx::raw_sql(*statement).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    pub(crate) fn start(&self) -> RunStart {
        self.day.set(self.day.get() + 1);
        let day = self.day.get().saturating_sub(self.late.get());
        RunStart {
            pipeline: "tests".into(),
            kind: RunKind::Run,
            started_at: format!("{}-{:02}-{:02}T00:00:00Z", 2025 + day / 336, 1 + day / 28 % 12, 1 + day % 28),
            as_of: "2025-01-01".into(),
            priorities: self.priorities.clone(),
        }
    }

    pub(crate) async fn begin(&self, mode: Mode) -> Run {
        self.registry.begin(mode, self.start()).await.unwrap()
    }

    /// One source, one run.
    pub(crate) async fn deliver(&self, source: &str, how: &How, records: &[Records]) -> Difference {
        self.work(Mode::Run, source, how, records).await
    }

    /// The same as a plan.
    pub(crate) async fn plan(&self, source: &str, how: &How, records: &[Records]) -> Difference {
        self.work(Mode::Plan, source, how, records).await
    }

    pub(crate) async fn work(&self, mode: Mode, source: &str, how: &How, records: &[Records]) -> Difference {
        let run = self.begin(mode).await;
        let difference = one(&run, source, how, records).await;
        run.finish("clean", "2030-01-01T00:00:00Z").await.unwrap();
        difference
    }

    /// Rows of a query as `a|b|NULL`.
    pub(crate) async fn ask(&self, text: &'static str) -> Vec<String> {
        if self.is_sqlite() {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            let rows = sqlx::query(text).fetch_all(&mut connection).await.unwrap();
            rows.iter().map(|row| (0..row.len()).map(|n| sqlite_cell(row, n)).collect::<Vec<_>>().join("|")).collect()
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            let rows = sqlx::query(text).fetch_all(&mut connection).await.unwrap();
            rows.iter().map(|row| (0..row.len()).map(|n| postgres_cell(row, n)).collect::<Vec<_>>().join("|")).collect()
        }
    }

    /// Current entities of a kind as JSON lines.
    pub(crate) async fn dump(&self, entity: &str) -> Vec<String> {
        let values = self.registry.dump(model::entity(entity).unwrap()).await.unwrap();
        values.iter().map(ToString::to_string).collect()
    }

    /// One open version at most, no gap and no overlap but where a record was away, children of versions that exist.
    pub(crate) async fn sound(&self) {
        for (what, text) in [
            (
                "service: overlap",
                "SELECT a.uid FROM service a JOIN service b ON a.uid = b.uid AND a.run < b.run
                 WHERE a.valid_from < coalesce(b.valid_to, '9999') AND b.valid_from < coalesce(a.valid_to, '9999')",
            ),
            (
                "source_service: overlap",
                "SELECT a.record_uid FROM source_service a JOIN source_service b
                 ON a.record_uid = b.record_uid AND a.run < b.run
                 WHERE a.valid_from < coalesce(b.valid_to, '9999') AND b.valid_from < coalesce(a.valid_to, '9999')",
            ),
            ("half closed", "SELECT uid FROM service WHERE (valid_to IS NULL) <> (run_to IS NULL)"),
            // Two runs of one moment leave a version that was true at no time: it tells what the first of them said.
            (
                "runs backwards",
                "SELECT uid FROM service WHERE valid_to < valid_from
                 UNION ALL SELECT record_uid FROM source_service WHERE valid_to < valid_from",
            ),
            (
                "gap though the record was never away",
                "SELECT a.uid FROM service a WHERE a.valid_to IS NOT NULL AND EXISTS
                 (SELECT 1 FROM service b WHERE b.uid = a.uid AND b.run = a.run_to)
                 AND NOT EXISTS (SELECT 1 FROM service b WHERE b.uid = a.uid AND b.run = a.run_to
                 AND b.valid_from = a.valid_to)",
            ),
            (
                "child without version",
                "SELECT uid FROM service_steps c WHERE NOT EXISTS
                 (SELECT 1 FROM service v WHERE v.uid = c.uid AND v.run = c.run)
                 UNION ALL SELECT record_uid FROM source_service_steps c WHERE NOT EXISTS
                 (SELECT 1 FROM source_service v WHERE v.record_uid = c.record_uid AND v.run = c.run)",
            ),
            (
                "source holds",
                "SELECT s.source FROM source_state s WHERE s.holds <>
                 (SELECT count(*) FROM source_record r WHERE r.source = s.source AND r.valid_to IS NULL)",
            ),
        ] {
            assert_eq!(self.ask(text).await, Vec::<String>::new(), "{what}");
        }
    }
}

fn sqlite_cell(row: &SqliteRow, n: usize) -> String {
    if row.try_get_raw(n).unwrap().is_null() {
        return "NULL".to_owned();
    }
    let number = row.try_get::<i64, _>(n).map(|number| number.to_string());
    number.or_else(|_| row.try_get::<String, _>(n)).unwrap_or_else(|_| row.column(n).name().into())
}

fn postgres_cell(row: &PgRow, n: usize) -> String {
    let value = row.try_get_raw(n).unwrap();
    if value.is_null() {
        return "NULL".to_owned();
    }
    match value.type_info().name() {
        "INT4" => row.get::<i32, _>(n).to_string(),
        "INT8" => row.get::<i64, _>(n).to_string(),
        "BOOL" => i64::from(row.get::<bool, _>(n)).to_string(),
        _ => row.get::<String, _>(n),
    }
}

pub(crate) fn url(folder: &tempfile::TempDir) -> String {
    format!("sqlite://{}", folder.path().join("registry.db").display())
}

/// Hands over what was delivered.
pub(crate) async fn give(stage: &mut Stage, records: &[Records]) {
    for records in records {
        if records.entity.kept == Kept::Lake {
            stage.events(records).await.unwrap();
        } else {
            stage.records(records).await.unwrap();
        }
    }
}

/// The work of one source within a run.
pub(crate) async fn one(run: &Run, source: &str, how: &How, records: &[Records]) -> Difference {
    let mut stage = run.stage(source).await.unwrap();
    give(&mut stage, records).await;
    let planned = stage.difference(&how.delivery()).await.unwrap();
    let difference = planned.apply(Rows::default(), 0.1).await.unwrap();
    for counts in &difference.entities {
        assert_eq!(counts.mapped, counts.accepted + counts.quarantined + counts.duplicates, "{counts:?}");
        // What becomes of events is known when they are loaded.
        if difference.gate.is_some() && counts.entity == "status_event" {
            continue;
        }
        assert_eq!(counts.accepted, counts.inserted + counts.changed + counts.unchanged, "{counts:?}");
    }
    difference
}

/// Inserted, changed, retired, unchanged, quarantined, duplicates of an entity or child.
pub(crate) fn counts(difference: &Difference, entity: &str) -> [i64; 6] {
    let empty = EntityDifference::default();
    let of = difference.entities.iter().find(|counts| counts.entity == entity).unwrap_or(&empty);
    [of.inserted, of.changed, of.retired, of.unchanged, of.quarantined, of.duplicates]
}

/// A delivered record: whether it is accepted, and its cells; an empty text is an empty cell.
pub(crate) struct Given<'a> {
    pub(crate) accepted: bool,
    pub(crate) cells: Vec<&'a str>,
}

pub(crate) fn accepted<'a>(rows: &[&[&'a str]]) -> Vec<Given<'a>> {
    rows.iter().map(|cells| Given { accepted: true, cells: cells.to_vec() }).collect()
}

/// Records of `source`: `columns` are the delivered fields, the entity's default key must be among them. Row
/// numbers count from `first` on.
pub(crate) fn records_from(source: &str, entity: &str, columns: &[&str], rows: &[Given<'_>], first: i64) -> Records {
    let entity = model::entity(entity).unwrap();
    let value = |row: &Given<'_>, field: &str| {
        let at = columns.iter().position(|column| *column == field)?;
        Some(row.cells[at]).filter(|cell| !cell.is_empty()).map(str::to_owned)
    };
    let key = |row: &Given<'_>| -> Option<String> {
        let parts: Option<Vec<String>> = entity.default_key().iter().map(|field| value(row, field)).collect();
        parts.map(|parts| parts.join("/"))
    };
    let minted = |row: &Given<'_>| -> Option<String> {
        entity.keys.iter().find_map(|fields| {
            let parts: Option<Vec<String>> = fields.iter().map(|field| value(row, field)).collect();
            parts.map(|parts| format!("e:{}:{}", entity.name, parts.join("/")))
        })
    };
    let mut frame = head(rows.iter().map(|row| row.accepted), first);
    frame.push(text("_record_uid", rows.iter().map(|row| key(row).map(|key| record_uid(source, entity.name, &key)))));
    frame.push(text("_entity_uid", rows.iter().map(minted)));
    frame.push(text("_key", rows.iter().map(key)));
    let present = fields(entity.fields, columns, rows, &mut frame);
    let (unseen, known_by) = (Vec::new(), Vec::new());
    Records { entity, child: None, present, unseen, known_by, frame: DataFrame::new(rows.len(), frame).unwrap() }
}

pub(crate) fn records(source: &str, entity: &str, columns: &[&str], rows: &[&[&str]]) -> Records {
    records_from(source, entity, columns, &accepted(rows), 1)
}

/// Services of one owner: columns `code` and others.
pub(crate) fn services(source: &str, columns: &[&str], rows: &[&[&str]]) -> Records {
    let columns: Vec<&str> = ["owner_reg_no"].into_iter().chain(columns.iter().copied()).collect();
    let rows: Vec<Vec<&str>> =
        rows.iter().map(|row| [OWNER].into_iter().chain(row.iter().copied()).collect()).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    records(source, "service", &columns, &rows)
}

/// Steps of services of that owner: code of the service, place, name.
pub(crate) fn steps_from(source: &str, rows: &[(&str, i64, &str)], first: i64) -> Records {
    let (entity, child) = model::target("service.steps").unwrap();
    let given: Vec<Given<'_>> = rows.iter().map(|row| Given { accepted: true, cells: vec![row.2] }).collect();
    let mut frame = head(rows.iter().map(|_| true), first);
    let key = |row: &(&str, i64, &str)| format!("{OWNER}/{}", row.0);
    frame.push(text("_record_uid", rows.iter().map(|row| Some(record_uid(source, "service", &key(row))))));
    frame.push(text("_key", rows.iter().map(|row| Some(key(row)))));
    frame.push(Column::new("_ordinal".into(), rows.iter().map(|row| row.1).collect::<Vec<i64>>()));
    let present = fields(child.unwrap().fields, &["name"], &given, &mut frame);
    let (unseen, known_by) = (Vec::new(), Vec::new());
    Records { entity, child, present, unseen, known_by, frame: DataFrame::new(rows.len(), frame).unwrap() }
}

pub(crate) fn steps(source: &str, rows: &[(&str, i64, &str)]) -> Records {
    steps_from(source, rows, 101)
}

pub(crate) fn record_uid(source: &str, entity: &str, key: &str) -> String {
    format!("r:{source}:{entity}:{key}")
}

fn text(name: &str, values: impl Iterator<Item = Option<String>>) -> Column {
    Column::new(name.into(), values.collect::<Vec<Option<String>>>())
}

fn head(accepted: impl Iterator<Item = bool>, first: i64) -> Vec<Column> {
    let accepted: Vec<bool> = accepted.collect();
    let numbers: Vec<i64> = (first..).take(accepted.len()).collect();
    let none: Vec<Option<i64>> = vec![None; accepted.len()];
    vec![
        Column::new("_seq".into(), numbers.clone()),
        Column::new("_landed".into(), vec![1_i64; accepted.len()]),
        Column::new("_sheet".into(), vec!["Lapa"; accepted.len()]),
        Column::new("_row".into(), numbers),
        Column::new("_part".into(), none),
        Column::new("_accepted".into(), accepted),
    ]
}

fn fields(of: &'static [Field], columns: &[&str], rows: &[Given<'_>], frame: &mut Vec<Column>) -> Vec<&'static str> {
    let mut present = Vec::new();
    for (at, name) in columns.iter().enumerate() {
        let field = of.iter().find(|field| field.name == *name).unwrap_or_else(|| panic!("no field {name}"));
        present.push(field.name);
        let cells = || rows.iter().map(|row| Some(row.cells[at]).filter(|cell| !cell.is_empty()));
        for (column, storage) in field.storage() {
            frame.push(match storage {
                Storage::Text => text(&column, cells().map(|cell| cell.map(str::to_owned))),
                Storage::Integer => Column::new(
                    column.into(),
                    cells().map(|cell| cell.map(|cell| cell.parse().unwrap())).collect::<Vec<Option<i64>>>(),
                ),
                Storage::Boolean => Column::new(
                    column.into(),
                    cells().map(|cell| cell.map(|cell| cell == "jā")).collect::<Vec<Option<bool>>>(),
                ),
            });
        }
    }
    present
}
