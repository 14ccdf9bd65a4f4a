//! One delivery's way into the lake, bucket range by bucket range, so that memory is bounded by [`LakeLimits`].
//!
//! ```text
//! let mut merge = lake.merge(spill, &live, &scope)?;
//! while let Some(portion) = merge.next_portion()? {
//!     // from the registry: other requests of portion.buckets whose timelines have to be worked out again,
//!     // and what is known of them and of portion.requests
//!     let merged = merge.events(portion, &also, &known)?;
//!     let timelines = timelines(&merged.events, &merged.known, &rules)?;
//!     merge.put(&merged, &timelines.steps, &timelines.requests)?;
//! }
//! let change = merge.finish()?;   // to be listed in the same transaction
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use polars::prelude::*;
use vienkop_transforms::status::tables::{BUCKET, BUCKETS, LakeTable, REQUEST};

use super::identity::{self, FILE, POSITION, ascending, order};
use super::live::Live;
use super::partition::Partitions;
use super::run::{ALL, Buckets, ranges, stack};
use super::shelf::Shelf;
use super::spill::{Sealed, Spill, conform};
use super::{Lake, LakeChange, LakeError, LakeFile};

/// Key columns of a request: bucket, institution, number.
pub(super) const REQUEST_KEY: [&str; 3] = [BUCKET, REQUEST[0], REQUEST[1]];

/// A request's held events, taken against the rows that its delivery may bring, as a guess for the size of portions.
const HELD_PER_DELIVERED: usize = 4;

/// How a merge is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergeScope {
    /// False: a plan; everything is worked out and nothing of the lake is written.
    pub write: bool,
    /// Timelines of all requests of the source are worked out again, not only of those delivered.
    pub whole: bool,
}

/// What became of a delivery's events. All but `retired` add up to what was put into the spill.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventCounts {
    /// Not known before.
    pub inserted: u64,
    /// Known with another content, now replaced.
    pub changed: u64,
    /// Known already; or the observation of a state (`snapshot_diff`) that the request was in already.
    pub unchanged: u64,
    /// Rows for which a later row of the delivery stands, which says the same (K001).
    pub duplicates: u64,
    /// Rows for which a later row of the delivery stands, which says something else (K002).
    pub differing: u64,
    /// Their request is not known to the registry.
    pub withheld: u64,
    /// Held observations (`snapshot_diff`) that are no event, since one of the same state came in between.
    pub retired: u64,
}

/// Delivered events of some buckets.
#[derive(Debug, Clone)]
pub struct Portion {
    /// Which buckets; portions go up and leave none out.
    pub buckets: Buckets,
    /// As spilled.
    pub events: DataFrame,
    /// Their requests: `bucket`, `institution_reg_no`, `request_no`.
    pub requests: DataFrame,
}

/// A portion merged with what the lake holds.
#[derive(Debug, Clone)]
pub struct Merged {
    /// Columns of [`LakeTable::StatusEvent`]: all events, in the order of the lake, of the requests in `known`.
    pub events: DataFrame,
    /// The requests of the portion that the registry knows, with everything that it gave of them. Of some nothing has
    /// changed: what is odd about them is to be told again, and their rows stay, see [`Merged::changed`].
    pub known: DataFrame,
    /// Delivered events (columns as spilled) whose request the registry does not know. They are not written.
    pub withheld: DataFrame,
    /// Rows for which a later row of the delivery stands: `institution_reg_no`, `request_no`, `landed`, `sheet`, `row`,
    /// `part`, `differs` (K002, else K001), and `counts_landed`, … the row that counts. In the order of the delivery.
    pub duplicates: DataFrame,
    /// What became of the portion's events.
    pub counts: EventCounts,
    buckets: Buckets,
    /// Requests whose steps and timelines are replaced: those of `known`, and those that the registry knows no more.
    requests: DataFrame,
    /// Events to be written; null in [`FILE`].
    inserted: DataFrame,
    /// Held events that go.
    gone: DataFrame,
}

impl Merged {
    /// Those of some rows whose requests have changed.
    ///
    /// # Errors
    /// The rows have no columns of a request's key.
    pub fn changed(&self, rows: &DataFrame) -> PolarsResult<DataFrame> {
        matching(rows.clone(), &self.requests.select(REQUEST)?, JoinType::Semi)
    }
}

/// A merge under way. Dropped, it leaves nothing behind and nothing live is touched.
pub struct LakeMerge {
    lake: Lake,
    source: String,
    write: bool,
    spill: Sealed,
    shelves: BTreeMap<LakeTable, Shelf<i32>>,
    live: BTreeMap<LakeTable, Vec<Live>>,
    portions: VecDeque<Buckets>,
    counts: EventCounts,
}

impl Lake {
    /// Begins the merge of a delivery with `live`, the files that the registry lists for its source.
    ///
    /// # Errors
    /// A live file is missing or damaged, or belongs to another source; the disk.
    pub fn merge(&self, spill: Spill, live: &[LakeFile], scope: MergeScope) -> Result<LakeMerge, LakeError> {
        let source = spill.source.clone();
        let mut by_table: BTreeMap<LakeTable, Vec<Live>> = BTreeMap::new();
        for file in live {
            if file.source != source {
                return Err(LakeError::Name(file.path.clone()));
            }
            by_table.entry(file.table).or_default().push(Live::new(file.clone(), self.present(file)?));
        }
        let spill = spill.seal()?;
        let held: u64 = by_table.get(&LakeTable::StatusEvent).into_iter().flatten().map(|live| live.file.rows).sum();
        let held = (held / BUCKETS as u64) as usize;
        let weight = |bucket| {
            let delivered = spill.count(&(bucket..=bucket));
            delivered + if scope.whole { held } else { held.min(delivered * HELD_PER_DELIVERED) }
        };
        let portions = ranges(&ALL, self.limits.portion_rows, weight).into();
        let mut shelves = BTreeMap::new();
        if scope.write {
            for table in LakeTable::ALL {
                let empty =
                    Shelf::new(&spill.workspace, table.name(), Arc::new(table.schema()), self.limits.waiting_rows);
                shelves.insert(table, empty);
            }
        }
        let (lake, counts) = (self.clone(), EventCounts::default());
        Ok(LakeMerge { lake, source, write: scope.write, spill, shelves, live: by_table, portions, counts })
    }
}

impl LakeMerge {
    /// The next buckets; none when all are done. Without any event there still are portions, for requests that have
    /// to be worked out again for other reasons.
    ///
    /// # Errors
    /// The spill cannot be read.
    pub fn next_portion(&mut self) -> Result<Option<Portion>, LakeError> {
        let Some(buckets) = self.portions.pop_front() else { return Ok(None) };
        let events = self.spill.read(&buckets)?;
        let requests = requests_of(events.clone().lazy())?;
        Ok(Some(Portion { buckets, events, requests }))
    }

    /// Merges a portion with the events held.
    ///
    /// `also`: `bucket`, `institution_reg_no`, `request_no` of further requests of its buckets whose timelines have to
    /// be worked out. `known`: `bucket`, institution, number and whatever `timelines` wants of all these requests, each
    /// once; those that are missing are unknown to the registry: their delivered events are withheld, their steps and
    /// timelines go, their held events stay.
    ///
    /// # Errors
    /// Columns are missing, a live file cannot be read.
    pub fn events(&mut self, portion: Portion, also: &DataFrame, known: &DataFrame) -> Result<Merged, LakeError> {
        let Portion { buckets, events, requests } = portion;
        let keys = known.select(REQUEST)?;
        let withheld = matching(events.clone(), &keys, JoinType::Anti)?;
        let events = if withheld.height() == 0 { events } else { matching(events, &keys, JoinType::Semi)? };
        let also = also.select(REQUEST_KEY)?;
        let touched = concat([requests.lazy(), also.clone().lazy()], UnionArgs::default())?;
        let touched = touched.unique(None, UniqueKeepStrategy::Any).collect()?;
        let held = self.held(&buckets, &touched)?;
        let mut resolved = identity::resolve(events, held)?;
        resolved.counts.withheld = withheld.height() as u64;
        self.counts.add(&resolved.counts);

        let requests = concat([resolved.changed.lazy(), also.lazy()], UnionArgs::default())?;
        let requests = requests.unique(None, UniqueKeepStrategy::Any).collect()?;
        let known = matching(known.clone(), &touched, JoinType::Semi)?;
        let columns = LakeTable::StatusEvent.schema();
        let mine = matching(resolved.events.clone(), &known.select(REQUEST)?, JoinType::Semi)?;
        let inserted = resolved.events.lazy().filter(col(FILE).is_null()).collect()?;
        Ok(Merged {
            events: mine.select(columns.iter_names().cloned())?,
            known,
            withheld,
            duplicates: resolved.duplicates,
            counts: resolved.counts,
            buckets,
            requests,
            inserted: inserted.select(columns.iter_names().cloned())?,
            gone: resolved.gone,
        })
    }

    /// Held events of some requests, with where they stand.
    fn held(&mut self, buckets: &Buckets, requests: &DataFrame) -> Result<DataFrame, LakeError> {
        let mut found = Vec::new();
        for (number, live) in self.live.get_mut(&LakeTable::StatusEvent).into_iter().flatten().enumerate() {
            found.extend(live.of_requests(buckets, requests, number as u32)?);
        }
        let mut schema = LakeTable::StatusEvent.schema();
        schema.with_column(FILE.into(), DataType::UInt32);
        schema.with_column(POSITION.into(), DataType::UInt32);
        Ok(stack(found, &schema)?)
    }

    /// Puts a portion's events, steps and timelines aside to be written by [`Self::finish`]. `steps` and `timelines`
    /// (columns of [`LakeTable::RequestStep`] and [`LakeTable::RequestTimeline`]) are those of `merged.known`; of requests
    /// that have not changed nothing is written.
    ///
    /// # Errors
    /// Other columns or types, other requests, a live file cannot be read, the disk.
    pub fn put(&mut self, merged: &Merged, steps: &DataFrame, timelines: &DataFrame) -> Result<(), LakeError> {
        for (table, rows) in [(LakeTable::RequestStep, steps), (LakeTable::RequestTimeline, timelines)] {
            let foreign = matching(rows.select(REQUEST)?, &merged.known.select(REQUEST)?, JoinType::Anti)?;
            if foreign.height() > 0 {
                let (rows, table) = (foreign.height(), table.name());
                return Err(
                    polars_err!(ComputeError: "{rows} rows of {table} are of requests that were not asked for").into(),
                );
            }
            if self.write {
                for live in self.live.get_mut(&table).into_iter().flatten() {
                    live.remove_requests(&merged.buckets, &merged.requests)?;
                }
            }
            self.put_aside(table, &merged.changed(rows)?)?;
        }
        if self.write {
            let files = self.live.get_mut(&LakeTable::StatusEvent);
            let files = files.map_or(&mut [][..], Vec::as_mut_slice);
            let gone = merged.gone.column(FILE)?.u32()?.into_no_null_iter();
            for (file, position) in gone.zip(merged.gone.column(POSITION)?.u32()?.into_no_null_iter()) {
                files[file as usize].remove(position as usize);
            }
        }
        self.put_aside(LakeTable::StatusEvent, &merged.inserted)
    }

    fn put_aside(&mut self, table: LakeTable, rows: &DataFrame) -> Result<(), LakeError> {
        let Some(put_aside) = self.shelves.get_mut(&table) else { return Ok(()) };
        let rows = conform(rows, &Arc::new(table.schema()))?;
        for (month, rows) in by_month(table, rows)? {
            put_aside.put(month, rows)?;
        }
        Ok(())
    }

    /// What became of the events of the portions merged so far.
    pub fn counts(&self) -> EventCounts {
        self.counts
    }

    /// Writes the lake's new files. They are on the disk, under their names, when this returns; live they become when
    /// the caller's transaction lists them. After a plan nothing is added or retired.
    ///
    /// # Errors
    /// The disk; a live file cannot be read.
    pub fn finish(self) -> Result<LakeChange, LakeError> {
        let Self { lake, source, spill, shelves, live, counts, .. } = self;
        let mut partitions = Partitions::new(&lake, &source, &spill.workspace);
        let mut live = live;
        for (table, shelf) in shelves {
            partitions.write(table, shelf.seal()?, live.remove(&table).unwrap_or_default())?;
        }
        partitions.finish(counts)
    }
}

impl EventCounts {
    fn add(&mut self, other: &Self) {
        self.inserted += other.inserted;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.duplicates += other.duplicates;
        self.differing += other.differing;
        self.withheld += other.withheld;
        self.retired += other.retired;
    }
}

/// Requests of rows: bucket, institution, number, each once.
fn requests_of(rows: LazyFrame) -> PolarsResult<DataFrame> {
    rows.select(REQUEST_KEY.map(col)).unique(None, UniqueKeepStrategy::Any).sort(REQUEST_KEY, ascending()).collect()
}

/// Rows whose request is, or is not, among some requests.
pub(super) fn matching(rows: DataFrame, requests: &DataFrame, how: JoinType) -> PolarsResult<DataFrame> {
    if requests.height() == 0 {
        return Ok(if how == JoinType::Anti { rows } else { rows.head(Some(0)) });
    }
    let on = REQUEST.map(col);
    rows.lazy().join(requests.clone().lazy(), on.clone(), on, JoinArgs::new(how)).collect()
}

/// Cuts rows by UTC month, sorted as they will lie in the lake. The month is counted from the year 0; -1 is none.
fn by_month(table: LakeTable, rows: DataFrame) -> PolarsResult<Vec<(i32, DataFrame)>> {
    const MONTH: &str = "_month";
    let time = || col(table.time()).dt();
    let month = (time().year() * lit(12) + time().month().cast(DataType::Int32) - lit(1)).fill_null(lit(-1));
    let by = [MONTH].into_iter().chain(order(table).iter().copied()).map(col).collect::<Vec<_>>();
    let rows = rows.lazy().with_column(month.alias(MONTH)).sort_by_exprs(by, ascending()).collect()?;
    let months = rows.column(MONTH)?.i32()?.clone();
    let rows = rows.drop(MONTH)?;
    let mut cut = Vec::new();
    let mut begin = 0;
    for (at, (month, next)) in months.iter().zip(months.iter().skip(1).chain([None])).enumerate() {
        if month != next {
            cut.push((month.unwrap_or(-1), rows.slice(begin as i64, at + 1 - begin)));
            begin = at + 1;
        }
    }
    Ok(cut)
}
