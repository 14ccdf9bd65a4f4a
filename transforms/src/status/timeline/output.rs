//! Rows of steps and requests, column by column, and the frames made of them.

use polars::prelude::*;

use super::events::Precision;
use super::rules::State;
use crate::status::tables::{BUCKET, LakeTable, REQUEST, time};

/// A moment (microseconds, UTC) and its local day.
type Moment = (i64, i32);

/// One stay.
pub(super) struct StepRow {
    /// Row of the request in the frame of requests.
    pub(super) request: usize,
    pub(super) ordinal: i32,
    pub(super) derivation: Option<u8>,
    pub(super) precision: Precision,
    pub(super) state: u16,
    pub(super) visit: i32,
    pub(super) counted: bool,
    pub(super) from: Moment,
    pub(super) to: Option<Moment>,
    pub(super) elapsed: Option<i64>,
    pub(super) working: Option<i64>,
    pub(super) closed_on: Option<i32>,
    pub(super) to_close: Option<i64>,
}

/// The stays of all requests.
#[derive(Default)]
pub(super) struct StepRows {
    request: Vec<IdxSize>,
    ordinal: Vec<i32>,
    derivation: Vec<Option<IdxSize>>,
    precision: Vec<&'static str>,
    state: Vec<IdxSize>,
    visit: Vec<i32>,
    counted: Vec<bool>,
    from_at: Vec<i64>,
    from_on: Vec<i32>,
    to_at: Vec<Option<i64>>,
    to_on: Vec<Option<i32>>,
    elapsed: Vec<Option<i64>>,
    working: Vec<Option<i64>>,
    closed_on: Vec<Option<i32>>,
    to_close: Vec<Option<i64>>,
}

impl StepRows {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self {
            request: Vec::with_capacity(rows),
            ordinal: Vec::with_capacity(rows),
            derivation: Vec::with_capacity(rows),
            precision: Vec::with_capacity(rows),
            state: Vec::with_capacity(rows),
            visit: Vec::with_capacity(rows),
            counted: Vec::with_capacity(rows),
            from_at: Vec::with_capacity(rows),
            from_on: Vec::with_capacity(rows),
            to_at: Vec::with_capacity(rows),
            to_on: Vec::with_capacity(rows),
            elapsed: Vec::with_capacity(rows),
            working: Vec::with_capacity(rows),
            closed_on: Vec::with_capacity(rows),
            to_close: Vec::with_capacity(rows),
        }
    }

    pub(super) fn push(&mut self, row: &StepRow) {
        self.request.push(row.request as IdxSize);
        self.ordinal.push(row.ordinal);
        self.derivation.push(row.derivation.map(IdxSize::from));
        self.precision.push(row.precision.name());
        self.state.push(IdxSize::from(row.state));
        self.visit.push(row.visit);
        self.counted.push(row.counted);
        self.from_at.push(row.from.0);
        self.from_on.push(row.from.1);
        self.to_at.push(row.to.map(|(at, _)| at));
        self.to_on.push(row.to.map(|(_, on)| on));
        self.elapsed.push(row.elapsed);
        self.working.push(row.working);
        self.closed_on.push(row.closed_on);
        self.to_close.push(row.to_close);
    }

    /// The frame of [`LakeTable::RequestStep`].
    pub(super) fn frame(
        self,
        requests: &DataFrame,
        states: &[State],
        derivations: &[String],
    ) -> PolarsResult<DataFrame> {
        let rows = self.request.len();
        let request = IdxCa::from_vec("request".into(), self.request);
        let of_request = |name: &str| requests.column(name)?.take(&request);
        let names = StringChunked::from_iter_values("state".into(), states.iter().map(|state| state.code.as_str()));
        let states = names.into_column().take(&IdxCa::from_vec("state".into(), self.state))?;
        let columns = vec![
            of_request(BUCKET)?,
            of_request(REQUEST[0])?,
            of_request(REQUEST[1])?,
            Column::new("ordinal".into(), self.ordinal),
            of_request("kind")?,
            of_request("service_code")?,
            of_request("channel")?,
            names_of("derivation", derivations, self.derivation)?,
            Column::new("precision".into(), self.precision),
            states,
            Column::new("visit".into(), self.visit),
            Column::new("counted".into(), self.counted),
            times("from_at", Int64Chunked::from_vec("from_at".into(), self.from_at))?,
            times("to_at", self.to_at.into_iter().collect())?,
            days("from_on", Int32Chunked::from_vec("from_on".into(), self.from_on)),
            days("to_on", self.to_on.into_iter().collect()),
            Column::new("elapsed_seconds".into(), self.elapsed),
            Column::new("working_seconds".into(), self.working),
            days("closed_on", self.closed_on.into_iter().collect()),
            Column::new("to_close_seconds".into(), self.to_close),
        ];
        checked(LakeTable::RequestStep, rows, columns)
    }
}

/// One request.
#[derive(Default)]
pub(super) struct RequestRow<'a> {
    pub(super) derivation: Option<u8>,
    pub(super) precision: Option<Precision>,
    pub(super) state: Option<&'a str>,
    pub(super) closed: bool,
    pub(super) result: Option<&'a str>,
    pub(super) submitted: Option<Moment>,
    pub(super) closed_at: Option<Moment>,
    pub(super) due_on: Option<i32>,
    pub(super) elapsed: Option<i64>,
    pub(super) working: Option<i64>,
    pub(super) days: Option<i32>,
    pub(super) months: Option<i32>,
    pub(super) working_days: Option<i32>,
    pub(super) waiting: i64,
    pub(super) suspended: i64,
    pub(super) third_party: i64,
    pub(super) waits: i32,
    pub(super) loops: i32,
    pub(super) reopened: i32,
    pub(super) appeals: i32,
    pub(super) events: i32,
    /// Times of the earliest and the latest event.
    pub(super) span: Option<(i64, i64)>,
    pub(super) state_since: Option<Moment>,
}

/// All requests, in the order of the frame of requests.
pub(super) struct RequestRows<'a>(Vec<RequestRow<'a>>);

impl<'a> RequestRows<'a> {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self(Vec::with_capacity(rows))
    }

    pub(super) fn push(&mut self, row: RequestRow<'a>) {
        self.0.push(row);
    }

    /// The frame of [`LakeTable::RequestTimeline`].
    pub(super) fn frame(&self, requests: &DataFrame, derivations: &[String]) -> PolarsResult<DataFrame> {
        let rows = &self.0;
        let same = |name: &str| requests.column(name).cloned();
        let text = |name: &str, get: &dyn Fn(&RequestRow<'a>) -> Option<&'a str>| {
            StringChunked::from_iter_options(name.into(), rows.iter().map(get)).into_column()
        };
        let number = |name: &str, get: &dyn Fn(&RequestRow<'a>) -> i32| {
            Int32Chunked::from_vec(name.into(), rows.iter().map(get).collect()).into_column()
        };
        let small = |name: &str, get: &dyn Fn(&RequestRow<'a>) -> Option<i32>| {
            rows.iter().map(get).collect::<Int32Chunked>().with_name(name.into()).into_column()
        };
        let large = |name: &str, get: &dyn Fn(&RequestRow<'a>) -> Option<i64>| {
            rows.iter().map(get).collect::<Int64Chunked>().with_name(name.into()).into_column()
        };
        let day = |name: &str, get: &dyn Fn(&RequestRow<'a>) -> Option<i32>| days(name, rows.iter().map(get).collect());
        let at = |name: &str, get: &dyn Fn(&RequestRow<'a>) -> Option<i64>| times(name, rows.iter().map(get).collect());
        let columns = vec![
            same(BUCKET)?,
            same(REQUEST[0])?,
            same(REQUEST[1])?,
            same("kind")?,
            same("service_code")?,
            same("channel")?,
            same("applicant_kind")?,
            names_of("derivation", derivations, rows.iter().map(|row| row.derivation.map(IdxSize::from)).collect())?,
            text("precision", &|row| row.precision.map(Precision::name)),
            text("state", &|row| row.state),
            Column::new("closed".into(), rows.iter().map(|row| row.closed).collect::<Vec<bool>>()),
            text("result", &|row| row.result),
            at("submitted_at", &|row| row.submitted.map(|(at, _)| at))?,
            day("submitted_on", &|row| row.submitted.map(|(_, on)| on)),
            at("closed_at", &|row| row.closed_at.map(|(at, _)| at))?,
            day("closed_on", &|row| row.closed_at.map(|(_, on)| on)),
            day("due_on", &|row| row.due_on),
            large("elapsed_seconds", &|row| row.elapsed),
            large("working_seconds", &|row| row.working),
            small("elapsed_days", &|row| row.days),
            small("elapsed_months", &|row| row.months),
            small("working_days", &|row| row.working_days),
            large("waiting_seconds", &|row| Some(row.waiting)),
            large("suspended_seconds", &|row| Some(row.suspended)),
            large("third_party_seconds", &|row| Some(row.third_party)),
            number("waits", &|row| row.waits),
            number("loops", &|row| row.loops),
            number("reopened", &|row| row.reopened),
            number("appeals", &|row| row.appeals),
            number("events", &|row| row.events),
            at("first_at", &|row| row.span.map(|(first, _)| first))?,
            at("last_at", &|row| row.span.map(|(_, last)| last))?,
            at("state_since", &|row| row.state_since.map(|(at, _)| at))?,
            day("state_since_on", &|row| row.state_since.map(|(_, on)| on)),
        ];
        checked(LakeTable::RequestTimeline, rows.len(), columns)
    }
}

/// Texts by their place in a list.
fn names_of(name: &str, list: &[String], places: Vec<Option<IdxSize>>) -> PolarsResult<Column> {
    let names = StringChunked::from_iter_values(name.into(), list.iter().map(String::as_str)).into_column();
    names.take(&places.into_iter().collect::<IdxCa>())
}

fn times(name: &str, values: Int64Chunked) -> PolarsResult<Column> {
    values.with_name(name.into()).into_column().cast(&time())
}

fn days(name: &str, values: Int32Chunked) -> Column {
    values.with_name(name.into()).into_date().into_column()
}

/// The frame, with exactly the columns of its table.
fn checked(table: LakeTable, rows: usize, columns: Vec<Column>) -> PolarsResult<DataFrame> {
    let schema = table.schema();
    let columns = columns.into_iter().zip(schema.iter()).map(|(column, (name, dtype))| {
        polars_ensure!(column.name() == name, SchemaMismatch: "{} of {}: {name} expected", column.name(), table.name());
        if column.dtype() == dtype { Ok(column) } else { column.cast(dtype) }
    });
    DataFrame::new(rows, columns.collect::<PolarsResult<_>>()?)
}
