//! A lake in a folder of its own, deliveries of events, and timelines that are only good for being looked at.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use polars::prelude::*;
use vienkop_connectors::lake::{EventCounts, Lake, LakeChange, LakeError, LakeFile, LakeLimits, MergeScope};
use vienkop_transforms::records::SEQ;
use vienkop_transforms::status::tables::{BUCKET, BUCKETS, LakeTable, REQUEST, time};

pub(crate) const SOURCE: &str = "lietvedis-1";
pub(crate) const MINUTE: i64 = 60_000_000;
pub(crate) const DAY: i64 = 24 * 60 * MINUTE;
/// 2024-01-01T00:00Z.
pub(crate) const NEW_YEAR: i64 = 1_704_067_200_000_000;

/// Limits under which everything that is large happens with a few rows.
pub(crate) const SMALL: LakeLimits = LakeLimits { portion_rows: 20, waiting_rows: 15, partition_files: 8 };

/// An event as a source delivers it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Event {
    pub(crate) request: u32,
    pub(crate) id: Option<String>,
    pub(crate) state: &'static str,
    /// Since the beginning of 2024.
    pub(crate) at: i64,
    pub(crate) seq: Option<i64>,
    pub(crate) derivation: &'static str,
    pub(crate) role: Option<&'static str>,
}

/// An event without an id.
pub(crate) fn event(request: u32, state: &'static str, at: i64) -> Event {
    Event { request, id: None, state, at, seq: None, derivation: "source_log", role: None }
}

pub(crate) fn bucket(request: u32) -> i32 {
    let mut hasher = DefaultHasher::new();
    request.hash(&mut hasher);
    (hasher.finish() % BUCKETS as u64) as i32
}

fn number(request: u32) -> String {
    format!("P-{request}")
}

/// Events as the spill takes them, `_seq` and `row` counted from `first`.
pub(crate) fn frame(events: &[Event], landed: i64, first: i64) -> DataFrame {
    let numbers: Vec<i64> = (first..).take(events.len()).collect();
    let texts = |of: fn(&Event) -> Option<String>| events.iter().map(of).collect::<Vec<_>>();
    let times = Column::new("at".into(), events.iter().map(|event| NEW_YEAR + event.at).collect::<Vec<_>>());
    let columns = vec![
        Column::new(BUCKET.into(), events.iter().map(|event| bucket(event.request)).collect::<Vec<_>>()),
        Column::new(REQUEST[0].into(), vec!["90000000000"; events.len()]),
        Column::new(REQUEST[1].into(), events.iter().map(|event| number(event.request)).collect::<Vec<_>>()),
        Column::new("event_id".into(), texts(|event| event.id.clone())),
        Column::new("seq".into(), events.iter().map(|event| event.seq).collect::<Vec<_>>()),
        Column::new("state".into(), texts(|event| Some(event.state.to_lowercase()))),
        Column::new("state_raw".into(), texts(|event| Some(event.state.to_owned()))),
        times.cast(&time()).unwrap(),
        Column::new("at_raw".into(), texts(|event| Some(format!("{} µs", event.at)))),
        Column::new("precision".into(), vec!["minute"; events.len()]),
        Column::new("step_no".into(), texts(|_| None)),
        Column::new("actor_role".into(), texts(|event| event.role.map(str::to_owned))),
        Column::new("derivation".into(), texts(|event| Some(event.derivation.to_owned()))),
        Column::new("landed".into(), vec![landed; events.len()]),
        Column::new("sheet".into(), texts(|_| None)),
        Column::new("row".into(), numbers.clone()),
        Column::new("part".into(), vec![None::<i64>; events.len()]),
        Column::new(SEQ.into(), numbers),
    ];
    DataFrame::new(events.len(), columns).unwrap()
}

/// Attributes of requests, as the registry gives them.
pub(crate) fn known(requests: &BTreeSet<u32>) -> DataFrame {
    let numbers: Vec<String> = requests.iter().map(|request| number(*request)).collect();
    let columns = vec![
        Column::new(BUCKET.into(), requests.iter().map(|request| bucket(*request)).collect::<Vec<_>>()),
        Column::new(REQUEST[0].into(), vec!["90000000000"; numbers.len()]),
        Column::new(REQUEST[1].into(), numbers),
    ];
    DataFrame::new(requests.len(), columns).unwrap()
}

/// Every column of a table, null where the frame lacks it.
fn filled(rows: LazyFrame, table: LakeTable) -> DataFrame {
    let mut rows = rows;
    let has = rows.collect_schema().unwrap();
    let columns: Vec<Expr> = table
        .schema()
        .iter_fields()
        .map(|field| {
            let value = if has.contains(field.name()) { col(field.name().clone()) } else { lit(NULL) };
            value.cast(field.dtype().clone()).alias(field.name().clone())
        })
        .collect();
    rows.select(columns).collect().unwrap()
}

/// One step an event.
fn steps(events: &DataFrame) -> DataFrame {
    let ordinal = col("at").cum_count(false).over(REQUEST.map(col)).unwrap().alias("ordinal");
    let numbered = events.clone().lazy().with_columns([ordinal, col("at").alias("from_at")]);
    filled(numbered, LakeTable::RequestStep)
}

/// A row a request that is known; submitted with the first event.
fn timelines(events: &DataFrame, known: &DataFrame) -> DataFrame {
    let on = REQUEST.map(col);
    let of_events = events.clone().lazy().group_by(on.clone()).agg([
        col("at").min().alias("submitted_at"),
        col("at").max().alias("last_at"),
        len().alias("events"),
    ]);
    let rows = known.clone().lazy().join(of_events, on.clone(), on, JoinArgs::new(JoinType::Left));
    filled(rows, LakeTable::RequestTimeline)
}

/// A lake and what a registry would say is live in it.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) lake: Lake,
    pub(crate) live: Vec<LakeFile>,
    /// Requests that the registry does not know.
    pub(crate) unknown: HashSet<u32>,
    pub(crate) portions: usize,
    pub(crate) last_duplicates: Vec<DataFrame>,
    pub(crate) last_withheld: Vec<DataFrame>,
    landed: i64,
}

impl Bench {
    pub(crate) fn new(limits: LakeLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::at(folder.path().join("lake")).with_limits(limits);
        let unknown = HashSet::new();
        let (last_duplicates, last_withheld) = (Vec::new(), Vec::new());
        Self { folder, lake, live: Vec::new(), unknown, portions: 0, last_duplicates, last_withheld, landed: 0 }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    /// A run of the source.
    pub(crate) fn deliver(&mut self, events: &[Event]) -> LakeChange {
        self.deliver_also(events, &[])
    }

    /// A run in which the timelines of further requests have to be worked out.
    pub(crate) fn deliver_also(&mut self, events: &[Event], also: &[u32]) -> LakeChange {
        let change = self.merge(events, also, true).unwrap();
        self.commit(&change);
        change
    }

    pub(crate) fn plan(&mut self, events: &[Event]) -> LakeChange {
        self.merge(events, &[], false).unwrap()
    }

    pub(crate) fn commit(&mut self, change: &LakeChange) {
        self.live.retain(|file| !change.retired.contains(file));
        self.live.extend(change.added.iter().cloned());
        self.live.sort();
    }

    pub(crate) fn merge(&mut self, events: &[Event], also: &[u32], write: bool) -> Result<LakeChange, LakeError> {
        self.landed += 1;
        let plan = self.folder.path().join("plan");
        let mut spill = if write { self.lake.spill(SOURCE)? } else { self.lake.spill_for_plan(SOURCE, &plan)? };
        let size = if events.len() < 1000 { 7 } else { 50_000 };
        for (number, batch) in events.chunks(size).enumerate() {
            spill.add(&frame(batch, self.landed, (number * size) as i64 + 1))?;
        }
        assert_eq!(spill.rows(), events.len() as u64);
        let all: BTreeSet<u32> = events.iter().map(|event| event.request).chain(also.iter().copied()).collect();
        let mut merge = self.lake.merge(spill, &self.live, MergeScope { write, whole: false })?;
        self.portions = 0;
        self.last_duplicates.clear();
        self.last_withheld.clear();
        let mut next = 0;
        while let Some(portion) = merge.next_portion()? {
            self.portions += 1;
            assert_eq!(*portion.buckets.start(), next);
            next = *portion.buckets.end() + 1;
            let within = |request: &&u32| portion.buckets.contains(&bucket(**request));
            let also: BTreeSet<u32> = also.iter().filter(within).copied().collect();
            let all: BTreeSet<u32> =
                all.iter().filter(within).filter(|request| !self.unknown.contains(request)).copied().collect();
            let merged = merge.events(portion, &known(&also), &known(&all))?;
            merge.put(&merged, &steps(&merged.events), &timelines(&merged.events, &merged.known))?;
            self.last_duplicates.push(merged.duplicates);
            self.last_withheld.push(merged.withheld);
        }
        assert_eq!(next, BUCKETS);
        let counts = merge.counts();
        let change = merge.finish()?;
        assert_eq!(change.counts, counts);
        assert_eq!(told(&counts), events.len() as u64, "{counts:?}");
        Ok(change)
    }

    /// What lies in a table, without the places where its rows came from.
    pub(crate) fn content(&self, table: LakeTable) -> DataFrame {
        let files: Vec<LakeFile> = self.live.iter().filter(|file| file.table == table).cloned().collect();
        let rows = self.lake.scan(table, &files).unwrap().collect().unwrap();
        assert_eq!(rows.height() as u64, files.iter().map(|file| file.rows).sum::<u64>());
        let rows = rows.drop_many(["at_raw", "landed", "sheet", "row", "part", "ordinal"]);
        let names: Vec<PlSmallStr> = rows.get_column_names_owned();
        rows.sort(names, SortMultipleOptions::default().with_nulls_last(true)).unwrap()
    }

    /// Everything that holds after any delivery: each file is what the list says, sorted, in its partition; steps and
    /// timelines are those of the events; nothing is left in staging.
    pub(crate) fn check(&self) {
        let events = self.content(LakeTable::StatusEvent);
        let numbered = steps(&events);
        let names: Vec<PlSmallStr> = self.content(LakeTable::RequestStep).get_column_names_owned();
        let options = || SortMultipleOptions::default().with_nulls_last(true);
        let expected = numbered.select(names.clone()).unwrap().sort(names, options()).unwrap();
        assert_eq!(self.content(LakeTable::RequestStep), expected);
        for file in &self.live {
            self.lake.verify(file).unwrap();
            let rows = self.lake.scan(file.table, std::slice::from_ref(file)).unwrap().collect().unwrap();
            assert_eq!(rows.height() as u64, file.rows);
            let order: &[&str] = match file.table {
                LakeTable::StatusEvent => &[BUCKET, REQUEST[0], REQUEST[1], "at", "seq", "event_id", "state_raw"],
                LakeTable::RequestStep => &[BUCKET, REQUEST[0], REQUEST[1], "ordinal"],
                LakeTable::RequestTimeline => &[BUCKET, REQUEST[0], REQUEST[1]],
            };
            assert_eq!(rows.sort(order.iter().copied(), options()).unwrap(), rows, "{}", file.path);
            let month = rows
                .lazy()
                .select([col(file.table.time()).dt().to_string("%Y-%m")])
                .unique(None, UniqueKeepStrategy::Any);
            let month = month.collect().unwrap();
            assert_eq!(month.height(), 1);
            let month = month.columns()[0].get(0).unwrap().get_str().map_or("none".to_owned(), str::to_owned);
            assert_eq!(month, file.month);
        }
        assert!(!self.path().join("staging").join(SOURCE).exists());
    }

    /// Live files of a table and month.
    pub(crate) fn files(&self, table: LakeTable, month: &str) -> Vec<LakeFile> {
        self.live.iter().filter(|file| file.table == table && file.month == month).cloned().collect()
    }
}

fn told(counts: &EventCounts) -> u64 {
    let EventCounts { inserted, changed, unchanged, duplicates, differing, withheld, retired: _ } = counts;
    inserted + changed + unchanged + duplicates + differing + withheld
}

/// Files below a folder.
pub(crate) fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files_below(&path));
        } else {
            found.insert(path);
        }
    }
    found
}
