//! The lake's tables: columns and types. Times are UTC, `…_on` are local days (Europe/Riga), `…_seconds` seconds.
//!
//! Rows are sorted by ([`BUCKET`], institution, request number, order), so a bucket is a range of a file.

use polars::prelude::*;

/// First two hexadecimal digits of the uid of the request's record, 0 to 255: requests in portions of about one size.
pub const BUCKET: &str = "bucket";

/// How many buckets there are.
pub const BUCKETS: i32 = 256;

/// Institution and number: a request within its source.
pub const REQUEST: [&str; 2] = ["institution_reg_no", "request_no"];

/// A table of the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LakeTable {
    /// What the sources said happened, one row an event.
    StatusEvent,
    /// Stays of requests in states, worked out from the events.
    RequestStep,
    /// One row a request: where it stands and how long it took.
    RequestTimeline,
}

impl LakeTable {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::StatusEvent, Self::RequestStep, Self::RequestTimeline];

    /// Name: the folder in the lake and the value of `lake_file.kind`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StatusEvent => "status_event",
            Self::RequestStep => "request_step",
            Self::RequestTimeline => "request_timeline",
        }
    }

    /// The column whose UTC month decides in which partition a row stands; none where it is null.
    pub const fn time(self) -> &'static str {
        match self {
            Self::StatusEvent => "at",
            Self::RequestStep => "from_at",
            Self::RequestTimeline => "submitted_at",
        }
    }

    /// Columns in order.
    pub fn schema(self) -> Schema {
        let head = [(BUCKET, DataType::Int32), (REQUEST[0], DataType::String), (REQUEST[1], DataType::String)];
        let fields: Vec<(&str, DataType)> = match self {
            Self::StatusEvent => vec![
                ("event_id", DataType::String),
                ("seq", DataType::Int64),
                ("state", DataType::String),
                ("state_raw", DataType::String),
                ("at", time()),
                ("at_raw", DataType::String),
                ("precision", DataType::String),
                ("step_no", DataType::String),
                ("actor_role", DataType::String),
                ("derivation", DataType::String),
                ("landed", DataType::Int64),
                ("sheet", DataType::String),
                ("row", DataType::Int64),
                ("part", DataType::Int64),
            ],
            Self::RequestStep => vec![
                ("ordinal", DataType::Int32),
                ("kind", DataType::String),
                ("service_code", DataType::String),
                ("channel", DataType::String),
                ("derivation", DataType::String),
                ("precision", DataType::String),
                ("state", DataType::String),
                ("visit", DataType::Int32),
                ("counted", DataType::Boolean),
                ("from_at", time()),
                ("to_at", time()),
                ("from_on", DataType::Date),
                ("to_on", DataType::Date),
                ("elapsed_seconds", DataType::Int64),
                ("working_seconds", DataType::Int64),
                ("closed_on", DataType::Date),
                ("to_close_seconds", DataType::Int64),
            ],
            Self::RequestTimeline => vec![
                ("kind", DataType::String),
                ("service_code", DataType::String),
                ("channel", DataType::String),
                ("applicant_kind", DataType::String),
                ("derivation", DataType::String),
                ("precision", DataType::String),
                ("state", DataType::String),
                ("closed", DataType::Boolean),
                ("result", DataType::String),
                ("submitted_at", time()),
                ("submitted_on", DataType::Date),
                ("closed_at", time()),
                ("closed_on", DataType::Date),
                ("due_on", DataType::Date),
                ("elapsed_seconds", DataType::Int64),
                ("working_seconds", DataType::Int64),
                ("elapsed_days", DataType::Int32),
                ("elapsed_months", DataType::Int32),
                ("working_days", DataType::Int32),
                ("waiting_seconds", DataType::Int64),
                ("suspended_seconds", DataType::Int64),
                ("third_party_seconds", DataType::Int64),
                ("waits", DataType::Int32),
                ("loops", DataType::Int32),
                ("reopened", DataType::Int32),
                ("appeals", DataType::Int32),
                ("events", DataType::Int32),
                ("first_at", time()),
                ("last_at", time()),
                ("state_since", time()),
                ("state_since_on", DataType::Date),
            ],
        };
        head.into_iter().chain(fields).map(|(name, dtype)| Field::new(name.into(), dtype)).collect()
    }
}

/// UTC, in microseconds.
pub fn time() -> DataType {
    DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC))
}
