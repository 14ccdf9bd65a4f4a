//! What the columns of the results hold.

use polars::prelude::{DataFrame, PlSmallStr};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Requests or stays.
    Count,
    /// Seconds of calendar time; the column that holds their precision.
    Seconds(&'static str),
    /// Seconds of working time; the column that holds their precision.
    WorkingSeconds(&'static str),
    /// Seconds, of which only whole days mean anything.
    Days,
    /// A key, a code or another text.
    Text,
}

/// What a column of a result holds.
pub fn unit(column: &str) -> Unit {
    match column {
        "median_seconds" | "p90_seconds" => Unit::Seconds("precision"),
        "median_working_seconds" | "p90_working_seconds" => Unit::WorkingSeconds("precision"),
        "waiting_median_seconds" => Unit::Seconds("waiting_precision"),
        "suspended_median_seconds" => Unit::Seconds("suspended_precision"),
        "typical_seconds" | "remaining_median_seconds" | "remaining_p90_seconds" => Unit::Days,
        "received"
        | "channel_known"
        | "electronic"
        | "in_person"
        | "in_person_recorded"
        | "undated"
        | "open"
        | "overdue"
        | "due_unknown"
        | "closed"
        | "granted"
        | "partly_granted"
        | "refused"
        | "withdrawn"
        | "forwarded"
        | "cancelled"
        | "completed"
        | "decided"
        | "timed"
        | "expected_of"
        | "expected_within"
        | "expected_undecidable"
        | "statutory_of"
        | "statutory_within"
        | "statutory_undecidable"
        | "with_history"
        | "first_time_right"
        | "reopened"
        | "appealed"
        | "waited"
        | "suspended"
        | "stays"
        | "behind"
        | "requests"
        | "holder_requests" => Unit::Count,
        _ => Unit::Text,
    }
}

/// The columns of a frame that are counts.
pub(super) fn counts(frame: &DataFrame) -> impl Iterator<Item = &str> {
    frame.get_column_names().into_iter().map(PlSmallStr::as_str).filter(|name| unit(name) == Unit::Count)
}
