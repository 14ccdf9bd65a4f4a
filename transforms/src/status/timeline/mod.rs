//! Timelines: from the events of requests to their steps and durations.
//!
//! [`timelines`] takes all events of the requests concerned, in any order, and gives for each request one row and one
//! row a stay in a state. What is measured, and between which events, says `model.md` ("Rules of counting"):
//!
//! - Events are ordered by local day; within a day by time, number in the source, place of the state in `states.csv`.
//!   Within a day of which an event has no time, the number comes first, then the state: midnight means nothing.
//! - A request lasts from its first event that is no draft to its last, if that is closing. Appeals are looked past.
//! - Where both ends have a time of day, elapsed time is the exact difference in UTC and working time that of the local
//!   clock; where one of them is a day, days are counted, 86,400 seconds each (working days the length of theirs).
//!
//! `events.rs` reads and orders, `kernel.rs` goes over the requests, `sequence.rs` finds what cannot be, `output.rs` makes
//! the frames.

mod events;
mod kernel;
mod output;
mod rules;
mod sequence;

use std::collections::BTreeSet;

use polars::prelude::*;

pub use rules::TimelineRules;

use super::tables::{BUCKET, REQUEST};
use crate::finding::{self, Finding};

/// What [`timelines`] gives.
#[derive(Debug, Clone)]
pub struct Timelines {
    /// Stays in states: the columns of [`LakeTable::RequestStep`](super::tables::LakeTable::RequestStep), sorted by
    /// bucket, institution, request number, ordinal.
    pub steps: DataFrame,
    /// One row a request: the columns of [`LakeTable::RequestTimeline`](super::tables::LakeTable::RequestTimeline), sorted
    /// by bucket, institution, request number.
    pub requests: DataFrame,
    /// Sequences that cannot be (`T001` to `T006`), in the order of the requests.
    pub findings: Vec<Finding>,
    /// Years in which working time was measured though no holidays of them are known; see [`holidays_unknown`].
    pub unknown_years: BTreeSet<i16>,
}

/// Works out the timelines of `requests`.
///
/// `events`: the columns of [`LakeTable::StatusEvent`](super::tables::LakeTable::StatusEvent), rows in any order; events of
/// other requests are passed over, so are rows without state or time. `requests`, one row a request: `bucket` (Int32),
/// `institution_reg_no`, `request_no`, `kind`, `service_code`, `channel`, `applicant_kind`, `result`, `state`, `due_at`,
/// `submitted_at`, `closed_at` (all String, the times `2024-06-17T09:00:00Z`; null is allowed but in the first three).
///
/// A request without events gets the state and the times that it was delivered with, and no durations.
///
/// # Errors
/// A column is missing or has another type.
pub fn timelines(events: &DataFrame, requests: &DataFrame, rules: &TimelineRules) -> PolarsResult<Timelines> {
    let mut requests = requests.sort([BUCKET, REQUEST[0], REQUEST[1]], SortMultipleOptions::default())?;
    requests.rechunk_mut();
    let mut events = events.clone();
    events.rechunk_mut();
    let columns = events::EventColumns::of(&events)?;
    let grouped = events::group(&columns, &requests, rules)?;
    kernel::run(&columns, grouped, &requests, rules)
}

/// The findings of years without holidays (`T007`), one a year; they concern no single request, so whoever works out
/// timelines in portions collects the years first.
pub fn holidays_unknown(years: &BTreeSet<i16>) -> Vec<Finding> {
    let of_year = |year: &i16| Finding {
        entity: sequence::ENTITY.to_owned(),
        value: Some(year.to_string()),
        ..Finding::of(&finding::HOLIDAYS_UNKNOWN)
    };
    years.iter().map(of_year).collect()
}
