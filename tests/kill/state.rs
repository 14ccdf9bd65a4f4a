//! What a place holds, in lines that can be compared: without run numbers, and without what two runs make of one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::time::Duration;

use polars::prelude::{AnyValue, Column, ParquetReader, SerReader as _};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use vienkop_connectors::lake::{Lake, LakeFile};
use vienkop_connectors::landing::LandingZone;
use vienkop_transforms::status::tables::LakeTable;

use crate::program::{Backend, Place, copy_into, files};
use crate::scenario::EXPIRES;

/// Columns that number runs and rows, or tell how long something took.
const NUMBERS: [&str; 8] = ["id", "run", "run_to", "since_run", "last_run", "seconds", "until_run", "decided_run"];

/// Tables that are not told line by line: they list what runs did (see [`EVIDENCE`]), or files (see [`State::lake`]).
const RUNS: [&str; 5] = ["run", "run_source", "run_source_entity", "landed_file", "lake_file"];

/// Columns that tell how long something took, or when by the clock.
const CLOCK: [&str; 2] = ["seconds", "landed_at"];

/// What the registry holds.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// Both layers with their history, identities, findings, quarantine: what the sources brought.
    pub(crate) content: BTreeSet<String>,
    /// What the latest run of each source did, and the landed files.
    pub(crate) evidence: BTreeSet<String>,
    /// What must not be there, ever.
    pub(crate) unsound: BTreeSet<String>,
    /// Files of the lake that the registry lists, and whether they are live.
    listed: Vec<(LakeFile, bool)>,
    /// Hashes of the landed files by number.
    landed: BTreeMap<i64, String>,
}

impl State {
    /// Reads the registry without touching it: the next run shall find it as the killed one left it.
    pub(crate) fn of(place: &Place) -> Self {
        let mut state = Self::of_registry(place);
        state.lake(place);
        state
    }

    fn of_registry(place: &Place) -> Self {
        runtime().block_on(async {
            let (mut reader, _scratch) = Reader::open(place).await;
            let mut state = reader.state().await;
            if let Reader::Sqlite(_) = reader {
                let check = "SELECT integrity_check, '' FROM pragma_integrity_check WHERE integrity_check <> 'ok'";
                state.unsound.extend(reader.pairs(check.to_owned()).await.into_iter().map(|(said, _)| said));
            }
            reader.close().await;
            state
        })
    }

    /// Rows of the lake's live files, which must be there and whole. What they were read from is named by its hash, since
    /// its number tells how many runs there were.
    fn lake(&mut self, place: &Place) {
        let folder = place.lake().unwrap_or_default();
        let lake = Lake::at(&folder);
        for (file, live) in &self.listed {
            let month = format!("{} | {} | {}", file.table.name(), file.source, file.month);
            if !live {
                self.content.insert(format!("replaced {month} | {}", file.rows));
                continue;
            }
            if let Err(error) = lake.verify(file) {
                self.unsound.insert(error.to_string());
                continue;
            }
            let content = fs::File::open(lake.locate(file).unwrap()).unwrap();
            let frame = ParquetReader::new(content).finish().unwrap();
            assert_eq!(frame.height() as u64, file.rows, "{}", file.path);
            for row in 0..frame.height() {
                let cell = |column: &Column| match column.get(row).unwrap() {
                    AnyValue::Int64(number) if column.name() == "landed" => self.landed[&number].clone(),
                    value => value.to_string(),
                };
                let cells: Vec<String> = frame.columns().iter().map(cell).collect();
                self.content.insert(format!("{month} | {}", cells.join(" | ")));
            }
        }
    }

    /// Asserts that it is this one, and shows what differs.
    #[track_caller]
    pub(crate) fn assert_is(&self, expected: &Self, what: &str) {
        assert_same(&self.content, &expected.content, what);
        assert_same(&self.evidence, &expected.evidence, what);
    }

    #[track_caller]
    pub(crate) fn assert_sound(&self, what: &str) {
        assert!(self.unsound.is_empty(), "{what}: {:#?}", self.unsound);
    }
}

#[track_caller]
fn assert_same(found: &BTreeSet<String>, expected: &BTreeSet<String>, what: &str) {
    let added: Vec<&String> = found.difference(expected).take(20).collect();
    let lost: Vec<&String> = expected.difference(found).take(20).collect();
    assert!(added.is_empty() && lost.is_empty(), "{what}\nnot expected: {added:#?}\nmissing: {lost:#?}");
}

/// Everything that the next run may find, a line a row of any table and a line a file: from two places of which this is the
/// same, the next run does the same. What only the clock tells is left out.
pub(crate) fn whole(place: &Place) -> BTreeSet<String> {
    let mut lines = runtime().block_on(async {
        let (mut reader, _scratch) = Reader::open(place).await;
        let lines = reader.everything().await;
        reader.close().await;
        lines
    });
    let work = place.work();
    for file in files(&work) {
        let name = file.strip_prefix(&work).unwrap().display().to_string();
        if !name.starts_with("registry.db") {
            let name = name.replace(place.database(), "<database>");
            let mut hash = DefaultHasher::new();
            fs::read(&file).unwrap().hash(&mut hash);
            lines.insert(format!("{name} | {:x}", hash.finish()));
        }
    }
    lines
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

enum Reader {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Reader {
    /// Reads the registry; of a file a copy, which goes with the folder.
    async fn open(place: &Place) -> (Self, tempfile::TempDir) {
        let scratch = tempfile::tempdir().unwrap();
        let reader = match place.backend {
            Backend::Sqlite => {
                let file = scratch.path().join("registry.db");
                for end in ["", "-wal", "-shm"] {
                    let from = place.work().join(format!("registry.db{end}"));
                    if from.exists() {
                        fs::copy(from, format!("{}{end}", file.display())).unwrap();
                    }
                }
                let url = format!("sqlite://{}?mode=rwc", file.display());
                Self::Sqlite(SqliteConnection::connect(&url).await.unwrap())
            }
            Backend::Postgres(_) => {
                let mut reader = Self::Postgres(PgConnection::connect(&place.registry()).await.unwrap());
                // The server learns of a killed client when it next reads from it, and may end a statement first.
                while reader.pairs(OTHERS.to_owned()).await[0].0 != "0" {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                reader
            }
        };
        (reader, scratch)
    }

    async fn pairs(&mut self, query: String) -> Vec<(String, String)> {
        let query = AssertSqlSafe(query);
        match self {
            Self::Sqlite(connection) => sqlx::query_as(query).fetch_all(connection).await.unwrap(),
            Self::Postgres(connection) => sqlx::query_as(query).fetch_all(connection).await.unwrap(),
        }
    }

    async fn close(self) {
        if let Self::Postgres(connection) = self {
            connection.close().await.unwrap();
        }
    }

    /// Columns of every table.
    async fn tables(&mut self) -> BTreeMap<String, Vec<String>> {
        let columns = if let Self::Sqlite(_) = self { SQLITE_COLUMNS } else { POSTGRES_COLUMNS };
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (table, column) in self.pairs(columns.to_owned()).await {
            tables.entry(table).or_default().push(column);
        }
        tables
    }

    /// Every table with its columns, every row of it.
    async fn everything(&mut self) -> BTreeSet<String> {
        let tables = self.tables().await;
        let mut lines: BTreeSet<String> =
            tables.iter().map(|(table, columns)| format!("{table} {columns:?}")).collect();
        let row = |(table, columns): (&String, &Vec<String>)| {
            let known = columns.iter().filter(|column| !CLOCK.contains(&column.as_str()));
            let cells = known.map(|column| format!("coalesce(CAST(\"{column}\" AS TEXT), '-')"));
            let cells = cells.collect::<Vec<_>>().join(" || ' | ' || ");
            format!("SELECT '{table}', {cells} FROM \"{table}\"")
        };
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        let rows: Vec<String> = tables.iter().map(row).collect();
        if !rows.is_empty() {
            for (table, row) in self.pairs(rows.join(" UNION ALL ")).await {
                *seen.entry(format!("{table} | {row}")).or_default() += 1;
            }
        }
        lines.extend(seen.into_iter().map(|(row, times)| format!("{row} | {times}")));
        lines
    }

    async fn state(&mut self) -> State {
        let mut state = State {
            content: BTreeSet::new(),
            evidence: BTreeSet::new(),
            unsound: BTreeSet::new(),
            listed: Vec::new(),
            landed: BTreeMap::new(),
        };
        let tables = self.tables().await;
        // The tables come into being before anything is in them.
        if !tables.contains_key("run_source") {
            return state;
        }
        let told = tables.iter().filter(|(table, _)| !RUNS.contains(&table.as_str()));
        let queries: Vec<String> = told.clone().map(|(table, columns)| content(table, columns)).collect();
        let mut seen = BTreeMap::new();
        for (table, line) in self.pairs(queries.join(" UNION ALL ")).await {
            // Equal lines count, too.
            let line = format!("{table} | {line}");
            let times: &mut u32 = seen.entry(line.clone()).or_default();
            *times += 1;
            state.content.insert(format!("{line} | {times}"));
        }
        let orphans: Vec<String> = told.filter_map(|(table, columns)| orphans(table, columns)).collect();
        for (table, count) in self.pairs(orphans.join(" UNION ALL ")).await {
            if count != "0" {
                state.unsound.insert(format!("{table}: {count} rows of a delivery that did not come to its end"));
            }
        }
        let lines = self.pairs(EVIDENCE.join(" UNION ALL ")).await;
        state.evidence.extend(lines.into_iter().map(|(what, line)| format!("{what} | {line}")));
        if tables.contains_key("lake_file") {
            let listed = self.pairs(LISTED.to_owned()).await;
            state.listed = listed.into_iter().map(|(path, told)| listed_file(path, &told)).collect();
        }
        let landed = self.pairs("SELECT CAST(id AS TEXT), sha256 FROM landed_file".to_owned()).await;
        state.landed = landed.into_iter().map(|(id, sha256)| (id.parse().unwrap(), sha256)).collect();
        state
    }
}

const LISTED: &str = "SELECT path, kind || ' ' || source || ' ' || month || ' ' || rows || ' ' || bytes || ' ' || \
    sha256 || CASE WHEN retired_run IS NULL THEN ' live' ELSE ' replaced' END FROM lake_file";

fn listed_file(path: String, told: &str) -> (LakeFile, bool) {
    let words: Vec<&str> = told.split(' ').collect();
    let [kind, source, month, rows, bytes, sha256, live] = words[..] else { panic!("{told}") };
    let table = LakeTable::ALL.into_iter().find(|table| table.name() == kind).unwrap();
    let (source, month, sha256) = (source.to_owned(), month.to_owned(), sha256.to_owned());
    let (rows, bytes) = (rows.parse().unwrap(), bytes.parse().unwrap());
    (LakeFile { table, source, month, path, rows, bytes, sha256 }, live == "live")
}

const SQLITE_COLUMNS: &str = "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\' ORDER BY m.name, c.cid";

const POSTGRES_COLUMNS: &str = "SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c \
    JOIN pg_tables t ON t.schemaname = c.table_schema AND t.tablename = c.table_name \
    WHERE c.table_schema = current_schema() AND c.table_name <> '_sqlx_migrations' \
    ORDER BY c.table_name, c.ordinal_position";

/// Connections to the database beside this one.
const OTHERS: &str = "SELECT count(*)::text, '' FROM pg_stat_activity WHERE datname = current_database() \
    AND pid <> pg_backend_pid() AND backend_type = 'client backend'";

/// Lines of the latest run of each source, and of the files.
const EVIDENCE: [&str; 4] = [
    "SELECT 'run', pipeline || ' ' || kind || ' ' || started_at || ' ' || coalesce(finished_at, '-') || ' ' || status \
     FROM run WHERE id = (SELECT max(id) FROM run)",
    "SELECT 'run_source', source || ' ' || status || ' ' || effective_at || ' ' || rows_read || ' ' || rows_mapped || \
     ' ' || rows_skipped || ' ' || rows_rejected || ' ' || coalesce(error, '-') FROM run_source t \
     WHERE run = (SELECT max(l.run) FROM run_source l WHERE l.source = t.source)",
    "SELECT 'run_source_entity', source || ' ' || entity || ' ' || mapped || ' ' || accepted || ' ' || quarantined || \
     ' ' || duplicates FROM run_source_entity t \
     WHERE run = (SELECT max(l.run) FROM run_source l WHERE l.source = t.source)",
    "SELECT 'landed_file', source || ' ' || sha256 || ' ' || name || ' ' || bytes FROM landed_file",
];

/// The query that counts a table's rows of deliveries that the run record does not know.
fn orphans(table: &str, columns: &[String]) -> Option<String> {
    let has = |name: &str| columns.iter().any(|column| column == name);
    (has("source") && has("run")).then(|| {
        format!(
            "SELECT '{table}', CAST(count(*) AS TEXT) FROM \"{table}\" t WHERE NOT EXISTS \
             (SELECT 1 FROM run_source r WHERE r.run = t.run AND r.source = t.source)"
        )
    })
}

/// The query of a table's lines.
fn content(table: &str, columns: &[String]) -> String {
    let has = |name: &str| columns.iter().any(|column| column == name);
    let mut parts: Vec<String> = columns
        .iter()
        .filter(|column| !NUMBERS.contains(&column.as_str()))
        .map(|column| match column.as_str() {
            "landed" => "coalesce((SELECT f.sha256 FROM landed_file f WHERE f.id = t.landed), '-')".to_owned(),
            _ => format!("coalesce(CAST(t.\"{column}\" AS TEXT), '-')"),
        })
        .collect();
    let mut from = format!("\"{table}\" t");
    let mut conditions = Vec::new();
    let version = match table.split_once('.') {
        Some((parent, _)) => {
            let uid = if has("uid") { "uid" } else { "record_uid" };
            from += &format!(" JOIN \"{parent}\" v ON v.{uid} = t.{uid} AND v.run = t.run");
            // Which version it belongs to.
            parts.push("v.valid_from".to_owned());
            Some("v")
        }
        None => has("valid_to").then_some("t"),
    };
    // A run that was killed between two sources of one entity leaves a version that the next run replaces at once; at
    // no time it is the valid one.
    if let Some(version) = version.filter(|_| has("uid")) {
        conditions.push(format!("({version}.valid_to IS NULL OR {version}.valid_to <> {version}.valid_from)"));
    }
    match table {
        // What stands.
        "quarantine" => conditions.push("t.closed_run IS NULL".to_owned()),
        // A change of the source is told once, by the run that took it over.
        "finding" => conditions.push("t.closed_run IS NULL AND (t.code NOT LIKE 'D%' OR t.code = 'D006')".to_owned()),
        "quarantine_cell" => conditions.push(
            "EXISTS (SELECT 1 FROM quarantine q WHERE q.run = t.run AND q.source = t.source AND q.seq = t.seq \
             AND q.closed_run IS NULL)"
                .to_owned(),
        ),
        // A source is known from the beginning of its first run, before it has delivered.
        "source_state" => conditions.push("t.last_run IS NOT NULL".to_owned()),
        _ => {}
    }
    let condition = if conditions.is_empty() { "1 = 1".to_owned() } else { conditions.join(" AND ") };
    format!("SELECT '{table}', {} FROM {from} WHERE {condition}", parts.join(" || ' | ' || "))
}

/// Asserts that every landed file is whole and that the registry lists none that is not here. Looks at a copy.
#[track_caller]
pub(crate) fn assert_evidence_whole(place: &Place, state: &State, what: &str) {
    let landed = place.work().join("landed");
    if !landed.exists() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    copy_into(&landed, scratch.path());
    let zone = LandingZone::new(scratch.path()).unwrap();
    for file in landed_files(place) {
        let hash = file.file_name().unwrap().to_str().unwrap();
        assert!(zone.verify(hash).unwrap(), "{what}: {} is not whole", file.display());
    }
    for line in state.evidence.iter().filter_map(|line| line.strip_prefix("landed_file | ")) {
        let mut words = line.split(' ');
        let (source, hash) = (words.next().unwrap(), words.next().unwrap());
        assert!(source == EXPIRES || zone.verify(hash).unwrap(), "{what}: {line}");
    }
}

/// Files below the lake's folder that the registry does not list.
pub(crate) fn lake_leftovers(place: &Place, state: &State) -> Vec<String> {
    let Some(lake) = place.lake() else { return Vec::new() };
    let relative = |path: &PathBuf| path.strip_prefix(&lake).unwrap().to_string_lossy().into_owned();
    let listed = |path: &String| state.listed.iter().any(|(file, _)| file.path == *path);
    files(&lake).iter().map(relative).filter(|path| !listed(path)).collect()
}

/// Landed files, and names of the files of reports with their content.
pub(crate) fn outside(place: &Place) -> (BTreeSet<PathBuf>, Vec<(PathBuf, Vec<u8>)>) {
    let relative = |path: &PathBuf| path.strip_prefix(place.work()).unwrap().to_owned();
    let reports = files(&place.work().join("reports"));
    let reports = reports.iter().map(|path| (relative(path), fs::read(path).unwrap())).collect();
    (landed_files(place).iter().map(relative).collect(), reports)
}

/// Those that are not on their way in.
fn landed_files(place: &Place) -> Vec<PathBuf> {
    let arriving = place.work().join("landed/arriving");
    files(&place.work().join("landed")).into_iter().filter(|path| !path.starts_with(&arriving)).collect()
}
