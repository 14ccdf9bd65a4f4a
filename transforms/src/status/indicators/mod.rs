//! Performance indicators: SQL files run by Polars' SQL over the lake (S2 P8, P11, P12, 4.3.4; model.md "Rules of counting").
//!
//! Each `.sql` file here says in its head what it counts, in which columns, by which rule. The same file serves every
//! [`Dimension`]: the table it reads has a column `item`, and every row of the result is an item. What an item is (a
//! service, a month …) is settled here; no row of the lake is touched outside SQL and Polars' expressions, but for the
//! search for quantiles among the values that a file says.
//!
//! Which day puts a request into the period:
//!
//! | what | day |
//! |---|---|
//! | received, channels | day of submission |
//! | closed, outcomes, durations, shares within a time, reopened, appealed, waiting | day of the last closing |
//! | open, overdue | submitted on or before the last day of the period, not closed on or before it |
//! | steps | day on which the state was left |
//! | forecast | learned from requests closed in the period, made for those not closed now |
//!
//! Days are local. The last day of the period is [`Query::to`], at the latest [`Query::as_of`]. A month of a table is that
//! of the same day (open: of submission), so months add up to the total.
//!
//! Memory: everything streams. What a file counts, Polars counts on the way. A quantile would need all its values: `MEDIAN`
//! and `QUANTILE_CONT` are taken out of their file (`file.rs`), and their ranks are narrowed down in two scans or so of the
//! lake, in [`MEMORY`] whatever the number of rows (`narrow.rs`). Filter and needed columns reach the Parquet files.

mod columns;
mod file;
mod measure;
mod months;
mod narrow;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use polars::prelude::*;

use crate::codelist::CodeList;

pub use columns::{Unit, unit};
use measure::{Key, Table};

/// Bytes that the search for quantiles takes at most, beside what a scan of the lake does. Less would be more scans, where
/// items are many. Measured over 22.7 million requests: the program's peak is 250 MB where they are one item, 630 MB where
/// they are 45,464.
pub const MEMORY: u64 = 256 << 20;

/// The kind of request that service indicators count.
pub const SERVICE_REQUEST: &str = "pakalpojuma pieprasījums";

/// What indicators are given by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// Everything together: one row.
    Total,
    /// Institution and service code. The code is null for requests that name no service.
    Service,
    /// Institution.
    Institution,
    /// Channel, null where not known.
    Channel,
    /// Calendar month, `2024-07`.
    Month,
    /// Institution, service, channel and month.
    Finest,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Total, Self::Service, Self::Institution, Self::Channel, Self::Month, Self::Finest];

    /// Name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Service => "service",
            Self::Institution => "institution",
            Self::Channel => "channel",
            Self::Month => "month",
            Self::Finest => "finest",
        }
    }

    /// Columns that name an item.
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Total => &[],
            Self::Service => &[INSTITUTION, SERVICE],
            Self::Institution => &[INSTITUTION],
            Self::Channel => &[CHANNEL],
            Self::Month => &[MONTH],
            Self::Finest => &[INSTITUTION, SERVICE, CHANNEL, MONTH],
        }
    }
}

const INSTITUTION: &str = "institution_reg_no";
const SERVICE: &str = "service_code";
const CHANNEL: &str = "channel";
const MONTH: &str = "month";
const DERIVATION: &str = "derivation";
const STATE: &str = "state";
const KIND: &str = "kind";

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Query {
    /// The local day that counts as today.
    pub as_of: Date,
    /// First day of the period; from the beginning without one.
    pub from: Option<Date>,
    /// Last day of the period; `as_of` without one.
    pub to: Option<Date>,
    /// Only this service code.
    pub service: Option<String>,
    /// Only this institution.
    pub institution: Option<String>,
    /// Zone of local days.
    pub zone: TimeZone,
}

impl Query {
    /// Everything up to a day.
    pub const fn all(as_of: Date, zone: TimeZone) -> Self {
        Self { as_of, from: None, to: None, service: None, institution: None, zone }
    }

    /// Last day of the period.
    pub fn end(&self) -> Date {
        self.to.map_or(self.as_of, |to| to.min(self.as_of))
    }
}

/// What indicators are worked out from.
#[derive(Clone)]
pub struct Inputs {
    /// Table `request_timeline` of the lake ([`crate::status::tables`]).
    pub requests: LazyFrame,
    /// Table `request_step` of the lake.
    pub steps: LazyFrame,
    /// Services of the registry: `code`, `owner_reg_no`, `expected_time_value`, `expected_time_unit`,
    /// `statutory_time_value`, `statutory_time_unit`, `digital_level`, all texts. More columns do no harm.
    pub services: DataFrame,
    /// Days and working days: `day` Date, `working_day_index` Int32 (working days up to and including the day).
    pub calendar: DataFrame,
    /// Channels ([`channels`]).
    pub channels: DataFrame,
}

/// The channels of the code list and what they are: `channel_code` String, `electronic` and `in_person` Boolean (null where
/// the list says neither `yes` nor `no`).
pub fn channels(list: &CodeList) -> PolarsResult<DataFrame> {
    let codes: Vec<&str> = list.codes.iter().map(|code| code.code.as_str()).collect();
    let said = |column: &str| -> Vec<Option<bool>> {
        let answer = |text: &str| match text {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
        list.codes.iter().map(|code| answer(code.extra(column))).collect()
    };
    df!("channel_code" => codes, "electronic" => said("electronic"), "in_person" => said("in_person"))
}

/// The indicators of a lake for a query.
///
/// Every result is sorted by its key columns, nulls first. Counts are Int64 and never null, seconds Float64, null where
/// nothing stands behind them. [`unit()`] says what a column holds.
pub struct Indicators {
    inputs: Inputs,
    query: Query,
    services: DataFrame,
    memory: u64,
}

impl Indicators {
    /// Settles which service's times hold for which requests: those of the institution's own service with the code, else
    /// those of the only service in the registry that has the code (a request to one institution for a service of another).
    ///
    /// # Errors
    ///
    /// The lake cannot be read, or a column is missing.
    pub fn new(inputs: Inputs, query: Query) -> PolarsResult<Self> {
        let mut made = Self { inputs, query, services: DataFrame::empty(), memory: MEMORY };
        made.services = made.service_times()?;
        Ok(made)
    }

    /// With less or more than [`MEMORY`]: the results are the same.
    #[must_use]
    pub fn with_memory(self, bytes: u64) -> Self {
        Self { memory: bytes, ..self }
    }

    /// What it is worked out from.
    pub const fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// Which times hold for requests: `service_holder` and `service_key` as requests name institution and service,
    /// `expected_value` Float64, `expected_unit`, `statutory_value` Float64, `statutory_unit`, `digital_level`.
    pub const fn terms(&self) -> &DataFrame {
        &self.services
    }

    /// What is asked for.
    pub const fn query(&self) -> &Query {
        &self.query
    }

    /// Volumes, outcomes, durations and shares, of `received.sql`, `open.sql`, `closed.sql` and `durations.sql`, a row an
    /// item that has any request in the period, open or undated.
    ///
    /// Columns: the keys of the dimension; `derivation` if asked for apart; then those that the four files list.
    pub fn requests(&self, dimension: Dimension, by_derivation: bool) -> PolarsResult<DataFrame> {
        let keys = |day| Key::of(dimension.keys(), by_derivation.then_some(DERIVATION), day);
        let requests = self.filtered(&self.inputs.requests);
        let submitted = Table::new("requests", requests.clone(), keys("submitted_on"))?;
        // Only months are those of another day.
        let other = dimension.keys().contains(&MONTH);
        let other = other.then(|| Table::new("requests", requests, keys("closed_on"))).transpose()?;
        let closed = other.as_ref().unwrap_or(&submitted);
        let channels = ("channels", self.inputs.channels.clone());
        let services = ("services", self.services.clone());
        let parts = [
            self.count(include_str!("received.sql"), &submitted, &[channels])?,
            self.count(include_str!("open.sql"), &submitted, &[services.clone(), self.working_days()?])?,
            self.count(include_str!("closed.sql"), closed, &[services])?,
            self.measure(include_str!("durations.sql"), closed, &[])?,
        ];
        let joined = measure::side_by_side(parts, &closed.keys)?;
        let counts: Vec<Expr> = columns::counts(&joined).map(|name| col(name).fill_null(lit(0))).collect();
        let any = ["received", "open", "closed", "undated"].map(|name| col(name).gt(lit(0)));
        let any = any.into_iter().reduce(Expr::or).unwrap_or_else(|| lit(true));
        measure::finish(joined.lazy().with_columns(counts).filter(any), &closed.keys)
    }

    /// Time of each step, of `steps.sql` and `step_durations.sql`, a row an item and state.
    ///
    /// Columns: the keys of the dimension; `derivation` if asked for apart; `state`; then those that the files list.
    pub fn steps(&self, dimension: Dimension, by_derivation: bool) -> PolarsResult<DataFrame> {
        let mut keys = Key::of(dimension.keys(), by_derivation.then_some(DERIVATION), "to_on");
        keys.push(Key::column(STATE));
        let steps = Table::new("steps", self.filtered(&self.inputs.steps), keys)?;
        let parts = [
            self.count(include_str!("steps.sql"), &steps, &[])?,
            self.measure(include_str!("step_durations.sql"), &steps, &[])?,
        ];
        measure::finish(measure::side_by_side(parts, &steps.keys)?.lazy(), &steps.keys)
    }

    /// Forecast of the remaining time of open requests by the step they stand in, of `forecast.sql`, a row an item and state.
    /// Not for months, since what is to come has no month yet: without that key.
    ///
    /// Columns: the keys of the dimension but the month; `state`; then those that the file lists.
    pub fn forecast(&self, dimension: Dimension) -> PolarsResult<DataFrame> {
        let named: Vec<&'static str> = dimension.keys().iter().copied().filter(|key| *key != MONTH).collect();
        let mut keys = Key::of(&named, None, "");
        keys.push(Key::column(STATE));
        let steps = Table::new("steps", self.filtered(&self.inputs.steps), keys.clone())?;
        let learned = self.measure(include_str!("experience.sql"), &steps, &[])?;
        let open = self.filtered(&self.inputs.requests).filter(col("closed").not());
        let open = Table::new("requests", open, keys)?;
        let experience = measure::with_items(learned, &open.items, &open.keys)?;
        let experience = experience.lazy().rename(["item"], ["experience_item"], true).collect()?;
        let made = self.measure(include_str!("forecast.sql"), &open, &[("experience", experience)])?;
        measure::finish(made.lazy(), &open.keys)
    }

    /// Requests of other kinds, of `kinds.sql`, those of which any was received, is open or was closed: `kind`, then the
    /// columns that the file lists.
    pub fn other_kinds(&self) -> PolarsResult<DataFrame> {
        let requests = self.filtered(&self.inputs.requests);
        let requests = Table::new("requests", requests, vec![Key::column(KIND)])?;
        let measured = self.measure(include_str!("kinds.sql"), &requests, &[])?;
        let any = ["received", "open", "closed"].map(|name| col(name).gt(lit(0)));
        let any = any.into_iter().reduce(Expr::or).unwrap_or_else(|| lit(true));
        measure::finish(measured.lazy().filter(any), &requests.keys)
    }

    /// MK 402/2017 clause 3.1, of `clause_3_1.sql`, a row a service and calendar year, with the columns that the file lists.
    pub fn clause_3_1(&self) -> PolarsResult<DataFrame> {
        // The share is of everything the institution received: the service asked for is picked afterwards.
        let requests = self.of_institution(&self.inputs.requests);
        let tables = vec![("requests", requests), ("services", self.services.clone().lazy())];
        let found = self.execute(include_str!("clause_3_1.sql"), tables)?.lazy();
        let asked = match &self.query.service {
            Some(code) => found.filter(col(SERVICE).eq(lit(code.as_str()))),
            None => found,
        };
        measure::finish(asked, &[INSTITUTION, SERVICE, "year"].map(Key::column))
    }

    fn filtered(&self, rows: &LazyFrame) -> LazyFrame {
        let rows = self.of_institution(rows);
        match &self.query.service {
            Some(code) => rows.filter(col(SERVICE).eq(lit(code.as_str()))),
            None => rows,
        }
    }

    fn of_institution(&self, rows: &LazyFrame) -> LazyFrame {
        match &self.query.institution {
            Some(reg_no) => rows.clone().filter(col(INSTITUTION).eq(lit(reg_no.as_str()))),
            None => rows.clone(),
        }
    }
}
