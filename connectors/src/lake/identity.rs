//! Merging by event identity: what was delivered against what is held, for the requests of some buckets.
//!
//! An event is known by (institution, request, the source's event id), else by (institution, request, time, raw state,
//! sequence). Its content is [`CONTENT`]; where and how a source wrote it (`landed`, `sheet`, `row`, `part`, `at_raw`)
//! is not: the first writing stays.

use polars::prelude::*;
use vienkop_transforms::records::SEQ;
use vienkop_transforms::status::tables::{BUCKET, LakeTable, REQUEST};

use super::merge::EventCounts;

/// What makes a difference between two deliveries of one event.
const CONTENT: [&str; 8] = ["state", "state_raw", "at", "precision", "seq", "step_no", "actor_role", "derivation"];
/// Which file of those held, and where in it; null for delivered events.
pub(super) const FILE: &str = "_file";
pub(super) const POSITION: &str = "_position";
/// Where an event stands in what was delivered.
const LOCATOR: [&str; 4] = ["landed", "sheet", "row", "part"];
const REQUEST_KEY: [&str; 3] = [BUCKET, REQUEST[0], REQUEST[1]];

/// Order of the lake's files: no two rows of a table are equal in these columns.
pub(super) const fn order(table: LakeTable) -> &'static [&'static str] {
    match table {
        LakeTable::StatusEvent => &[BUCKET, REQUEST[0], REQUEST[1], "at", "seq", "event_id", "state_raw"],
        LakeTable::RequestStep => &[BUCKET, REQUEST[0], REQUEST[1], "ordinal"],
        LakeTable::RequestTimeline => &[BUCKET, REQUEST[0], REQUEST[1]],
    }
}

/// What the merge of some buckets comes to.
pub(super) struct Resolved {
    /// All events now known of the requests looked at, in the order of the lake; [`FILE`] null = to be written.
    pub(super) events: DataFrame,
    /// [`FILE`] and [`POSITION`] of held events that go.
    pub(super) gone: DataFrame,
    /// Requests of which something changed: bucket, institution, number.
    pub(super) changed: DataFrame,
    /// See [`super::Merged::duplicates`].
    pub(super) duplicates: DataFrame,
    pub(super) counts: EventCounts,
}

/// Rows alike to the one that counts within their identity, in the order in which they came.
mod status {
    /// Held, stays.
    pub(super) const KEPT: i32 = 0;
    /// Held, another content was delivered.
    pub(super) const REPLACED: i32 = 1;
    /// Delivered, a later row says the same.
    pub(super) const DUPLICATE: i32 = 2;
    /// Delivered, a later row says something else.
    pub(super) const DIFFERS: i32 = 3;
    pub(super) const INSERTED: i32 = 4;
    pub(super) const UNCHANGED: i32 = 5;
    pub(super) const CHANGED: i32 = 6;
}

/// `delivered`: columns of [`LakeTable::StatusEvent`] and [`SEQ`]. `held`: those columns, [`FILE`] and [`POSITION`]
/// (`UInt32`): the events of the same requests, each identity once.
pub(super) fn resolve(delivered: DataFrame, held: DataFrame) -> PolarsResult<Resolved> {
    let delivered = delivered
        .lazy()
        .with_columns([lit(NULL).cast(DataType::UInt32).alias(FILE), lit(NULL).cast(DataType::UInt32).alias(POSITION)]);
    // A held event comes before all that were delivered.
    let held = held.lazy().with_column(lit(-1).cast(DataType::Int64).alias(SEQ)).select([all_of(&delivered.clone())?]);
    let unnamed = |column: &str| {
        when(col("event_id").is_null()).then(col(column)).otherwise(lit(NULL)).alias(format!("_id_{column}"))
    };
    let identity = [REQUEST[0], REQUEST[1], "event_id", "_id_at", "_id_state_raw", "_id_seq"];
    let begins = identity.iter().map(|name| col(*name).neq_missing(col(*name).shift(lit(1)))).reduce(Expr::or);
    let begins = begins.unwrap_or(lit(true)).or(col("_place").eq(lit(0)));
    let sorted = concat([held, delivered], UnionArgs::default())?
        .with_columns([unnamed("at"), unnamed("state_raw"), unnamed("seq")])
        .sort_by_exprs(identity.iter().chain([&SEQ]).map(|name| col(*name)).collect::<Vec<_>>(), ascending())
        .with_row_index("_place", None)
        .with_column(begins.alias("_begins"))
        .with_columns([
            when(col("_begins"))
                .then(col("_place"))
                .otherwise(lit(NULL))
                .fill_null_with_strategy(FillNullStrategy::Forward(None))
                .alias("_first"),
            when(col("_begins").shift(lit(-1)).fill_null(lit(true)))
                .then(col("_place"))
                .otherwise(lit(NULL))
                .fill_null_with_strategy(FillNullStrategy::Backward(None))
                .alias("_counts"),
        ]);
    let same = CONTENT.iter().map(|name| col(*name).eq_missing(col(*name).gather(col("_counts"), false)));
    let same = same.reduce(Expr::and).unwrap_or(lit(true));
    let is_held = || col(FILE).is_not_null();
    let last = || col("_place").eq(col("_counts"));
    let sorted = sorted
        .with_column(same.alias("_same"))
        .with_column(
            when(is_held())
                .then(when(col("_same")).then(lit(status::KEPT)).otherwise(lit(status::REPLACED)))
                .when(last().not())
                .then(when(col("_same")).then(lit(status::DUPLICATE)).otherwise(lit(status::DIFFERS)))
                .when(is_held().gather(col("_first"), false).not())
                .then(lit(status::INSERTED))
                .when(col("_same").gather(col("_first"), false))
                .then(lit(status::UNCHANGED))
                .otherwise(lit(status::CHANGED))
                .alias("_status"),
        )
        .collect()?;

    let of = |wanted: i32| sorted.clone().lazy().filter(col("_status").eq(lit(wanted)));
    let mut counts = EventCounts::default();
    for wanted in sorted.column("_status")?.i32()?.into_no_null_iter() {
        match wanted {
            status::DUPLICATE => counts.duplicates += 1,
            status::DIFFERS => counts.differing += 1,
            status::INSERTED => counts.inserted += 1,
            status::UNCHANGED => counts.unchanged += 1,
            status::CHANGED => counts.changed += 1,
            _ => {}
        }
    }
    let duplicates = duplicates(&sorted, &counts)?;
    let mut gone = of(status::REPLACED).select([col(FILE), col(POSITION)]).collect()?;
    let mut changed = vec![of(status::CHANGED).select(REQUEST_KEY.map(col))];
    let stays = [status::KEPT, status::INSERTED, status::CHANGED].map(|one| col("_status").eq(lit(one)));
    let stays = stays.into_iter().reduce(Expr::or).unwrap_or(lit(true));
    let events = sorted
        .clone()
        .lazy()
        .filter(stays)
        .sort_by_exprs(order(LakeTable::StatusEvent).iter().map(|name| col(*name)).collect::<Vec<_>>(), ascending());
    let mut events = events.collect()?;

    let observed = events.column("derivation")?.str()?.equal("snapshot_diff").any();
    if observed {
        let previous = |name: &str| col(name).eq(col(name).shift(lit(1)));
        let repeats = [REQUEST[0], REQUEST[1], "state_raw"].map(previous).into_iter().reduce(Expr::and);
        let repeats = col("derivation").eq(lit("snapshot_diff")).and(repeats.unwrap_or(lit(false)));
        let marked = events.lazy().with_column(repeats.fill_null(lit(false)).alias("_repeats")).collect()?.lazy();
        let repeated = marked.clone().filter(col("_repeats")).collect()?;
        events = marked.filter(col("_repeats").not()).collect()?;
        for status in repeated.column("_status")?.i32()?.into_no_null_iter() {
            match status {
                status::INSERTED => {
                    counts.inserted -= 1;
                    counts.unchanged += 1;
                }
                status::KEPT => counts.retired += 1,
                _ => {}
            }
        }
        let held = repeated.lazy().filter(col("_status").eq(lit(status::KEPT))).collect()?;
        gone.vstack_mut_owned(held.select([FILE, POSITION])?)?;
        changed.push(held.lazy().select(REQUEST_KEY.map(col)));
    }
    let inserted = events.clone().lazy().filter(col("_status").neq(lit(status::KEPT)));
    changed.push(inserted.select(REQUEST_KEY.map(col)));
    let changed = concat(changed, UnionArgs::default())?.unique(None, UniqueKeepStrategy::Any).collect()?;
    let schema = LakeTable::StatusEvent.schema();
    let columns: Vec<&str> = schema.iter_names().map(PlSmallStr::as_str).chain([FILE, POSITION]).collect();
    Ok(Resolved { events: events.select(columns)?, gone, changed, duplicates, counts })
}

/// Rows that a later row of the delivery stands for.
fn duplicates(sorted: &DataFrame, counts: &EventCounts) -> PolarsResult<DataFrame> {
    let found = if counts.duplicates + counts.differing == 0 { sorted.head(Some(0)) } else { sorted.clone() };
    let dropped = col("_status").eq(lit(status::DUPLICATE)).or(col("_status").eq(lit(status::DIFFERS)));
    let counting = LOCATOR.map(|name| col(name).gather(col("_counts"), false).alias(format!("counts_{name}")));
    found
        .lazy()
        .with_columns(counting)
        .filter(dropped)
        .sort([SEQ], SortMultipleOptions::default())
        .select(
            REQUEST
                .iter()
                .copied()
                .chain(LOCATOR)
                .map(col)
                .chain([col("_status").eq(lit(status::DIFFERS)).alias("differs")])
                .chain(LOCATOR.map(|name| col(format!("counts_{name}"))))
                .collect::<Vec<_>>(),
        )
        .collect()
}

fn all_of(frame: &LazyFrame) -> PolarsResult<Expr> {
    let schema = frame.clone().collect_schema()?;
    Ok(cols(schema.iter_names().cloned()).as_expr())
}

/// Ascending, nulls last.
pub(super) fn ascending() -> SortMultipleOptions {
    SortMultipleOptions::default().with_nulls_last(true)
}
