//! Exact quantiles of many items in a set amount of memory, by narrowing down where their ranks lie.
//!
//! An item with few values has them held and sorted. Of one with many, a scan counts how many values lie in each of a
//! number of bins, and the least and the greatest of each. The counts tell in which bin a rank lies; where it is the first
//! or the last there, or all values of the bin are alike (days!), the value is known. Otherwise the next scan looks at that
//! bin alone: into finer bins, or holding its values where they have become few. Two scans are the rule.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use polars::prelude::*;

#[cfg(test)]
#[path = "narrow_tests.rs"]
mod tests;

/// Bytes of a value that is held.
const HELD: u64 = 8;

/// Bytes of a bin.
const BIN: u64 = size_of::<Bin>() as u64;

/// Bins of a search, at most: more would not stay in the processor's cache.
const MOST_BINS: u64 = 1 << 16;

/// Bins that each column of a large item should have at least, so that a second scan finds few values left.
const WANTED_BINS: u64 = 1 << 10;

/// Bins of the first scan are for 1 to this many seconds; what is beyond lies in the first and the last of them.
const WIDEST: f64 = 4_294_967_296.0;

/// What is asked of the values of a column.
pub(super) struct Quantile {
    /// Which of the columns.
    pub(super) column: usize,
    /// From 0 to 1.
    pub(super) at: f64,
}

/// What was found; positions are those of the items.
pub(super) struct Measured {
    /// Rows that the scan gave for each item.
    pub(super) rows: Vec<u64>,
    /// For each quantile its value in each item; none without values.
    pub(super) quantiles: Vec<Vec<Option<f64>>>,
}

/// Takes what a scan gives: `item` Int32, then the columns, Float64.
pub(super) type Taker = Box<dyn Fn(&DataFrame) -> PolarsResult<()> + Send + Sync>;

/// Measures items of at most `rows` rows each. `scan` reads the rows of some items, given in order by position. Bins and
/// held values take `memory` bytes at most.
pub(super) fn quantiles(
    rows: &[u64],
    columns: usize,
    wanted: &[Quantile],
    memory: u64,
    scan: impl Fn(&[IdxSize], Taker) -> PolarsResult<()>,
) -> PolarsResult<Measured> {
    let mut measured = Measured { rows: Vec::new(), quantiles: vec![Vec::new(); wanted.len()] };
    for portion in portions(rows, columns, memory) {
        let round = Round::first(portion.start, &rows[portion], columns, memory).scanned(&scan)?;
        let mut places = round.places(wanted);
        measured.rows.extend(&round.rows);
        let mut next = round.settle(&mut places, memory)?;
        while let Some(round) = next {
            next = round.scanned(&scan)?.settle(&mut places, memory)?;
        }
        for (number, place) in places.iter().enumerate() {
            measured.quantiles[number % wanted.len()].push(place.as_ref().and_then(Place::value));
        }
    }
    Ok(measured)
}

/// Runs of items that fit into the memory together; one item always does.
fn portions(rows: &[u64], columns: usize, memory: u64) -> Vec<Range<usize>> {
    let mut portions: Vec<Range<usize>> = Vec::new();
    let mut taken = 0_u64;
    for (at, count) in rows.iter().enumerate() {
        let needed = needed(*count, WANTED_BINS).saturating_mul(columns as u64);
        taken = taken.saturating_add(needed);
        match portions.last_mut() {
            Some(portion) if taken <= memory => portion.end = at + 1,
            _ => {
                portions.push(at..at + 1);
                taken = needed;
            }
        }
    }
    portions
}

/// Bytes for the search among `count` values with at most so many bins.
fn needed(count: u64, bins: u64) -> u64 {
    count.saturating_mul(HELD).min(bins * BIN)
}

/// As an order of whole numbers: of two values the greater has the greater key.
fn key(value: f64) -> u64 {
    // -0.0 becomes 0.0.
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn value(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

/// A quantile of an item: between two neighbouring ranks.
struct Place {
    lower: Rank,
    upper: Rank,
    /// How far from the lower to the upper.
    part: f64,
}

impl Place {
    /// As Polars' `QUANTILE_CONT` has it.
    fn value(&self) -> Option<f64> {
        let (lower, upper) = (self.lower.value?, self.upper.value?);
        Some(self.part * (upper - lower) + lower)
    }
}

/// A position among the sorted values of a column of an item.
struct Rank {
    group: usize,
    /// From 0.
    at: u64,
    value: Option<f64>,
}

/// A scan of some items: what is looked for in it and what was seen. A group is a column of an item.
#[derive(Default)]
struct Round {
    /// Position of the first item of the portion.
    first: usize,
    columns: usize,
    /// Rows of each item.
    rows: Vec<u64>,
    /// By group, those of a group by `from`.
    searches: Vec<Search>,
    /// Where the searches of each group begin; the last is where all end.
    begins: Vec<usize>,
}

/// Values of a group within bounds.
struct Search {
    group: usize,
    /// Keys of the least and the greatest value.
    bounds: (u64, u64),
    /// Values of the group that are less.
    before: u64,
    /// Values within the bounds, at most.
    most: u64,
    seen: Seen,
}

/// What was seen of a search.
enum Seen {
    /// Keys of all values.
    Held(Vec<u64>),
    /// How the values are spread.
    Binned { bounds: (u64, u64), shift: u32, bins: Vec<Bin> },
}

/// Values next to each other.
#[derive(Clone)]
struct Bin {
    count: u64,
    least: u64,
    greatest: u64,
}

impl Seen {
    fn take(&mut self, key: u64) {
        match self {
            Self::Held(keys) => keys.push(key),
            Self::Binned { bounds: (from, to), shift, bins } => {
                let bin = &mut bins[((key.clamp(*from, *to) - *from) >> *shift) as usize];
                bin.count += 1;
                bin.least = bin.least.min(key);
                bin.greatest = bin.greatest.max(key);
            }
        }
    }

    fn count(&self) -> u64 {
        match self {
            Self::Held(keys) => keys.len() as u64,
            Self::Binned { bins, .. } => bins.iter().map(|bin| bin.count).sum(),
        }
    }
}

impl Search {
    fn new(group: usize, bounds: (u64, u64), before: u64, most: u64) -> Self {
        Self { group, bounds, before, most, seen: Seen::Held(Vec::new()) }
    }

    /// Binned over `scope` if its values take more than so many bins.
    fn spread(&mut self, scope: (u64, u64), most_bins: u64) {
        if needed(self.most, most_bins) == self.most.saturating_mul(HELD) {
            return;
        }
        let range = scope.1 - scope.0;
        let mut shift = 0;
        while range >> shift >= most_bins {
            shift += 1;
        }
        let bins = vec![Bin { count: 0, least: u64::MAX, greatest: 0 }; (range >> shift) as usize + 1];
        self.seen = Seen::Binned { bounds: scope, shift, bins };
    }

    /// The value at a rank, or where to look for it. None if fewer values were seen.
    fn find(&self, rank: u64) -> Option<Result<f64, Self>> {
        let bins = match &self.seen {
            Seen::Held(keys) => return keys.get((rank - self.before) as usize).map(|key| Ok(value(*key))),
            Seen::Binned { bins, .. } => bins,
        };
        let mut before = self.before;
        for bin in bins {
            let end = before + bin.count;
            if rank < end {
                return Some(match rank {
                    _ if rank == before => Ok(value(bin.least)),
                    _ if rank + 1 == end || bin.least == bin.greatest => Ok(value(bin.greatest)),
                    _ => Err(Self::new(self.group, (bin.least, bin.greatest), before, bin.count)),
                });
            }
            before = end;
        }
        None
    }
}

impl Round {
    /// Everything about items.
    fn first(first: usize, rows: &[u64], columns: usize, memory: u64) -> Self {
        let everything = (0, u64::MAX);
        let searches = rows.iter().enumerate().flat_map(|(item, count)| {
            (0..columns).map(move |column| Search::new(item * columns + column, everything, 0, *count))
        });
        let round = Self { first, columns, rows: vec![0; rows.len()], ..Self::default() };
        round.with(searches.collect(), |_| (key(1.0), key(WIDEST)), memory)
    }

    /// With other searches: as many bins for each as fit into the memory.
    fn with(self, mut searches: Vec<Search>, scope: impl Fn(&Search) -> (u64, u64), memory: u64) -> Self {
        let mut bins = MOST_BINS;
        while bins > 2 && searches.iter().map(|search| needed(search.most, bins)).fold(0, u64::saturating_add) > memory
        {
            bins /= 2;
        }
        for search in &mut searches {
            let scope = scope(search);
            search.spread(scope, bins);
        }
        let groups = self.rows.len() * self.columns;
        let begins = (0..=groups).map(|group| searches.partition_point(|search| search.group < group)).collect();
        Self { searches, begins, ..self }
    }

    /// After a scan.
    fn scanned(self, scan: impl Fn(&[IdxSize], Taker) -> PolarsResult<()>) -> PolarsResult<Self> {
        let mut items: Vec<IdxSize> =
            self.searches.iter().map(|search| (self.first + search.group / self.columns) as IdxSize).collect();
        items.dedup();
        let shared = Arc::new(Mutex::new(self));
        let taking = Arc::clone(&shared);
        scan(&items, Box::new(move |batch| locked(&taking).take(batch)))?;
        let mut round = std::mem::take(&mut *locked(&shared));
        for search in &mut round.searches {
            if let Seen::Held(keys) = &mut search.seen {
                keys.sort_unstable();
            }
        }
        Ok(round)
    }

    fn take(&mut self, batch: &DataFrame) -> PolarsResult<()> {
        let items = batch.column("item")?.i32()?;
        let at = |item: i32| (item as usize).checked_sub(self.first).filter(|at| *at < self.rows.len());
        let at: Vec<usize> = items.iter().map(|item| item.and_then(at).unwrap_or(usize::MAX)).collect();
        polars_ensure!(!at.contains(&usize::MAX), ComputeError: "a row of an item that was not asked for");
        for at in &at {
            self.rows[*at] += 1;
        }
        for (column, values) in batch.columns().iter().filter(|column| column.name() != "item").enumerate() {
            for (at, value) in at.iter().zip(values.f64()?.iter()) {
                let Some(value) = value else { continue };
                let (group, key) = (at * self.columns + column, key(value));
                let searches = &mut self.searches[self.begins[group]..self.begins[group + 1]];
                let within = |search: &&mut Search| search.bounds.0 <= key && key <= search.bounds.1;
                if let Some(search) = searches.iter_mut().find(within) {
                    search.seen.take(key);
                }
            }
        }
        Ok(())
    }

    /// Which ranks are to be found, by item and quantile; after the first scan.
    fn places(&self, wanted: &[Quantile]) -> Vec<Option<Place>> {
        let place = |group: usize, at: f64| {
            let last = self.searches[self.begins[group]].seen.count().checked_sub(1)?;
            let exact = last as f64 * at;
            let rank = |rank: f64| Rank { group, at: rank as u64, value: None };
            Some(Place { lower: rank(exact.floor()), upper: rank(exact.ceil()), part: exact - exact.floor() })
        };
        let of_item =
            |item| wanted.iter().map(move |quantile| place(item * self.columns + quantile.column, quantile.at));
        (0..self.rows.len()).flat_map(of_item).collect()
    }

    /// Fills in what is known now; gives the next round if anything is not.
    fn settle(self, places: &mut [Option<Place>], memory: u64) -> PolarsResult<Option<Self>> {
        let mut next: Vec<Search> = Vec::new();
        let ranks = places.iter_mut().flatten().flat_map(|place| [&mut place.lower, &mut place.upper]);
        for rank in ranks.filter(|rank| rank.value.is_none()) {
            let searches = &self.searches[self.begins[rank.group]..self.begins[rank.group + 1]];
            // The last one that begins with the rank or before it.
            let search = searches.iter().rfind(|search| search.before <= rank.at);
            match search.and_then(|search| search.find(rank.at)) {
                Some(Ok(value)) => rank.value = Some(value),
                Some(Err(search)) => next.push(search),
                None => polars_bail!(ComputeError: "the same rows gave other values when they were read again"),
            }
        }
        if next.is_empty() {
            return Ok(None);
        }
        next.sort_by_key(|search| (search.group, search.before));
        next.dedup_by_key(|search| (search.group, search.before));
        let Self { first, columns, rows, searches, .. } = self;
        // Before the bins of the next round take its place.
        drop(searches);
        let rest = Self { first, columns, rows, ..Self::default() };
        Ok(Some(rest.with(next, |search| search.bounds, memory)))
    }
}

fn locked(round: &Mutex<Round>) -> MutexGuard<'_, Round> {
    round.lock().unwrap_or_else(PoisonError::into_inner)
}
