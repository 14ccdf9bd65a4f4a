//! Accepted status events as rows of the lake.

use polars::prelude::*;

use super::tables::{BUCKET, LakeTable, REQUEST, time};
use crate::batch;
use crate::model;
use crate::records::{self, Records};
use crate::resolve::{record_uid, uid};

/// The accepted events of a batch: columns of [`LakeTable::StatusEvent`], then [`records::SEQ`] (`Int64`), their order
/// within the delivery.
///
/// `source` is the id of the source: an event belongs to the request of that number that the same source delivers.
///
/// # Errors
/// The frame lacks a column that [`Records`] promises.
pub fn events(source: &str, records: &Records) -> PolarsResult<DataFrame> {
    let text = |name: &str| col(PlSmallStr::from_str(name));
    let has = |name: &str| records.frame.column(name).is_ok();
    let or_null = |name: &str, dtype: DataType| if has(name) { text(name) } else { lit(NULL).cast(dtype).alias(name) };
    // The text that was read is kept where it differs from the value.
    let raw = |name: &str| {
        let raw = format!("{name}{}", records::RAW_SUFFIX);
        let written = if has(&raw) { coalesce(&[text(&raw), text(name)]) } else { text(name) };
        written.alias(raw.as_str())
    };
    let at = StrptimeOptions { format: Some("%Y-%m-%dT%H:%M:%SZ".into()), ..StrptimeOptions::default() };
    let at = text("at").str().to_datetime(Some(TimeUnit::Microseconds), None, at, lit("raise"));
    let accepted = records.frame.clone().lazy().filter(text(records::ACCEPTED)).select([
        text(REQUEST[0]),
        text(REQUEST[1]),
        or_null("event_id", DataType::String),
        or_null("seq", DataType::Int64),
        text("state"),
        raw("state"),
        at.dt().replace_time_zone(Some(TimeZone::UTC), lit("raise"), NonExistent::Raise).cast(time()),
        raw("at"),
        text("at_precision").alias("precision"),
        or_null("step_no", DataType::String),
        or_null("actor_role", DataType::String),
        text("derivation"),
        text(records::LANDED).alias("landed"),
        text(records::SHEET).alias("sheet"),
        text(batch::ROW).alias("row"),
        text(batch::PART).alias("part"),
        text(records::SEQ),
    ]);
    let mut accepted = accepted.collect()?;
    let buckets = buckets(source, accepted.column(REQUEST[0])?.str()?, accepted.column(REQUEST[1])?.str()?);
    accepted.insert_column(0, Column::new(BUCKET.into(), buckets))?;
    debug_assert!(
        LakeTable::StatusEvent
            .schema()
            .iter_names()
            .eq(accepted.get_column_names().into_iter().take(LakeTable::StatusEvent.schema().len()))
    );
    Ok(accepted)
}

/// What each of some events is known by when it comes again, the most telling first: its id in the source; its time and
/// state; one of these, where the other could not be read or was put right since. Nothing of an event whose request is not
/// known.
///
/// `events`: the columns of a request's key; where they are there, `event_id`, `at` (as the registry writes it), `state`
/// and `state_raw`; all `String`.
///
/// # Errors
/// A column is not of that type.
pub fn marks(source: &str, events: &DataFrame) -> PolarsResult<Vec<Vec<String>>> {
    let text = |name: &str| events.column(name).ok().map(|column| column.str()).transpose();
    let (institutions, numbers) = (text(REQUEST[0])?, text(REQUEST[1])?);
    let (ids, times, states, raws) = (text("event_id")?, text("at")?, text("state")?, text("state_raw")?);
    let at =
        |column: Option<&'_ StringChunked>, row: usize| column.and_then(|column| column.get(row)).map(str::to_owned);
    let marks = (0..events.height()).map(|row| {
        let (Some(institution), Some(number)) = (at(institutions, row), at(numbers, row)) else { return Vec::new() };
        let state = at(raws, row).or_else(|| at(states, row));
        let (id, time) = (at(ids, row), at(times, row));
        let both = time.clone().zip(state.clone()).map(|(time, state)| vec![time, state]);
        let known = [("id", id.map(|id| vec![id])), ("event", both)];
        let known =
            known.into_iter().chain([("at", time.map(|at| vec![at])), ("state", state.map(|state| vec![state]))]);
        let mark = |kind: &str, parts: Vec<String>| {
            let head = ["event", source, institution.as_str(), number.as_str(), kind];
            let parts: Vec<&str> = head.into_iter().chain(parts.iter().map(String::as_str)).collect();
            uid(&parts).to_string()
        };
        known.filter_map(|(kind, parts)| Some(mark(kind, parts?))).collect()
    });
    Ok(marks.collect())
}

/// The uid of the record of a request.
pub fn request_uid(source: &str, institution: &str, number: &str) -> String {
    let entity = model::entity("service_request");
    entity.map(|entity| record_uid(source, entity, &[institution, number]).to_string()).unwrap_or_default()
}

/// The bucket of each request. Events of one request often follow one another: its uid is made once for them.
fn buckets(source: &str, institutions: &StringChunked, numbers: &StringChunked) -> Vec<i32> {
    let mut last: Option<((&str, &str), i32)> = None;
    let requests = institutions.iter().zip(numbers.iter()).map(|(a, b)| (a.unwrap_or_default(), b.unwrap_or_default()));
    requests
        .map(|request| match last {
            Some((same, bucket)) if same == request => bucket,
            _ => {
                let bucket = bucket(&request_uid(source, request.0, request.1));
                last = Some((request, bucket));
                bucket
            }
        })
        .collect()
}

/// The bucket of a uid: its first two hexadecimal digits.
pub fn bucket(uid: &str) -> i32 {
    uid.get(..2).and_then(|digits| i32::from_str_radix(digits, 16).ok()).unwrap_or_default()
}
