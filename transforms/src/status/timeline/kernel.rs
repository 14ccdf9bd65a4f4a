//! One pass over the requests: stays, durations, counts.

use std::collections::BTreeSet;

use jiff::Timestamp;
use polars::prelude::*;

use super::events::{Event, EventColumns, Grouped, NO_DERIVATION, Precision, order};
use super::output::{RequestRow, RequestRows, StepRow, StepRows};
use super::rules::{RESULTS, SUSPENDED, State, THIRD_PARTY, TimelineRules, WAITING};
use super::sequence::Sequence;
use super::{REQUEST, Timelines};
use crate::status::calendar::{DAY_SECONDS, MICROSECONDS, WorkingCalendar, civil, months};

/// A stay in a state: events of the same state one after another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stay {
    /// Its first event.
    pub(super) event: Event,
    /// The how manyth of the request in this state, from 1.
    pub(super) visit: i32,
}

/// What lies between two events.
struct Between {
    precision: Precision,
    elapsed: i64,
    working: i64,
}

/// Measures, and remembers the years in which it did.
struct Measure<'a> {
    calendar: &'a WorkingCalendar,
    unknown_years: BTreeSet<i16>,
    /// Days of the last year looked at, so that few are looked up.
    year: std::ops::Range<i32>,
}

impl Measure<'_> {
    fn elapsed(from: &Event, to: &Event) -> i64 {
        let seconds = if from.precision.max(to.precision) == Precision::Day {
            i64::from(to.day - from.day) * DAY_SECONDS
        } else {
            to.at.div_euclid(MICROSECONDS) - from.at.div_euclid(MICROSECONDS)
        };
        // Within a day of which an event has no time, the order need not be that of the times.
        seconds.max(0)
    }

    fn between(&mut self, from: &Event, to: &Event) -> Between {
        for day in [from.day, to.day] {
            if !self.year.contains(&day) {
                self.look_at_years(from.day, to.day);
            }
        }
        let precision = from.precision.max(to.precision);
        let working = if precision == Precision::Day {
            i64::from(self.calendar.working_days(from.day, to.day)) * self.calendar.hours().length()
        } else {
            self.calendar.worked_between(from.at, to.at)
        };
        Between { precision, elapsed: Self::elapsed(from, to), working }
    }

    fn look_at_years(&mut self, from: i32, to: i32) {
        let (first, last) = (civil(from).0, civil(to.max(from)).0);
        self.unknown_years.extend((first..=last).filter(|year| !self.calendar.known_years().contains(year)));
        let start = |year: i16| crate::status::calendar::day_number(jiff::civil::date(year, 1, 1));
        self.year = if first == last && (-9998..9999).contains(&last) { start(last)..start(last + 1) } else { 0..0 };
    }
}

/// Goes over the requests.
pub(super) fn run(
    columns: &EventColumns<'_>,
    grouped: Grouped,
    requests: &DataFrame,
    rules: &TimelineRules,
) -> PolarsResult<Timelines> {
    let Grouped { mut events, starts, states } = grouped;
    let delivered = Delivered::of(requests)?;
    let mut measure = Measure { calendar: &rules.calendar, unknown_years: BTreeSet::new(), year: 0..0 };
    let mut sequence = Sequence::new(columns, &states);
    let mut steps = StepRows::with_capacity(events.len());
    let mut rows = RequestRows::with_capacity(requests.height());
    let mut stays: Vec<Stay> = Vec::new();
    let mut visits = vec![0_i32; states.len()];
    for number in 0..requests.height() {
        let events = &mut events[starts[number]..starts[number + 1]];
        if events.is_empty() {
            rows.push(delivered.row(number, rules));
            continue;
        }
        order(events, rules.states.len(), columns);
        stays.clear();
        for event in events.iter() {
            if stays.last().is_none_or(|stay| stay.event.state != event.state) {
                let visit = &mut visits[usize::from(event.state)];
                *visit += 1;
                stays.push(Stay { event: *event, visit: *visit });
            }
        }
        for stay in &stays {
            visits[usize::from(stay.event.state)] = 0;
        }
        let request = Request { number, events, stays: &stays, states: &states, rules };
        sequence.look(&stays, || delivered.key(number));
        let row = request.row(&delivered, &mut measure, &mut steps);
        rows.push(row);
    }
    let findings = sequence.findings;
    Ok(Timelines {
        steps: steps.frame(requests, &states, &rules.derivations)?,
        requests: rows.frame(requests, &rules.derivations)?,
        findings,
        unknown_years: measure.unknown_years,
    })
}

/// A request with events.
struct Request<'r, 'a> {
    number: usize,
    events: &'r [Event],
    stays: &'r [Stay],
    states: &'a [State],
    rules: &'a TimelineRules,
}

impl<'r, 'a> Request<'r, 'a> {
    fn state(&self, event: &Event) -> &'a State {
        &self.states[usize::from(event.state)]
    }

    /// The first event that counts and the last, appeals left out; none while there is only a draft.
    fn ends(&self) -> Option<(&'r Event, &'r Event)> {
        let first = self.events.iter().position(|event| !self.state(event).draft && !self.state(event).appeal)?;
        let last = self.events.iter().rev().find(|event| !self.state(event).appeal)?;
        Some((&self.events[first], last))
    }

    /// The row of the request; its stays go to `steps`.
    fn row(&self, delivered: &Delivered<'a>, measure: &mut Measure<'_>, steps: &mut StepRows) -> RequestRow<'a> {
        let ends = self.ends();
        let end = ends.map(|(_, last)| last).filter(|last| self.state(last).closing);
        let derivation = self.derivation();
        let mut row = RequestRow { derivation, events: self.events.len() as i32, ..RequestRow::default() };
        let mut closed_before = false;
        for (index, stay) in self.stays.iter().enumerate() {
            let (event, state) = (&stay.event, self.state(&stay.event));
            let left = self.stays.get(index + 1).map(|next| &next.event);
            let between = left.map(|left| measure.between(event, left));
            let counted = state.counted();
            if let Some(between) = &between {
                match state.code.as_str() {
                    WAITING => row.waiting += between.elapsed,
                    SUSPENDED => row.suspended += between.elapsed,
                    THIRD_PARTY => row.third_party += between.elapsed,
                    _ => {}
                }
            }
            row.waits += i32::from(state.code == WAITING);
            row.loops += i32::from(counted && stay.visit > 1);
            row.appeals += i32::from(state.appeal);
            if !state.appeal {
                row.reopened += i32::from(closed_before && !state.closing);
                closed_before = state.closing;
            }
            steps.push(&StepRow {
                request: self.number,
                ordinal: index as i32 + 1,
                derivation,
                precision: between.as_ref().map_or(event.precision, |between| between.precision),
                state: event.state,
                visit: stay.visit,
                counted,
                from: (event.at, event.day),
                to: left.map(|left| (left.at, left.day)),
                elapsed: between.as_ref().map(|between| between.elapsed),
                working: between.as_ref().map(|between| between.working),
                closed_on: end.map(|end| end.day),
                to_close: end.filter(|_| counted).map(|end| Measure::elapsed(event, end)),
            });
        }
        if let Some(last) = self.stays.last() {
            row.state = Some(self.state(&last.event).code.as_str());
            row.state_since = Some((last.event.at, last.event.day));
        }
        row.span = self.events.iter().map(|event| event.at).min().zip(self.events.iter().map(|event| event.at).max());
        row.submitted = ends.map(|(first, _)| (first.at, first.day));
        row.precision = ends.map(|(first, _)| first.precision);
        row.due_on = delivered.due_on(self.number, self.rules);
        row.result = delivered.result.get(self.number);
        if let (Some((first, _)), Some(end)) = (ends, end) {
            let between = measure.between(first, end);
            row.closed = true;
            row.closed_at = Some((end.at, end.day));
            row.precision = Some(between.precision);
            row.elapsed = Some(between.elapsed);
            row.working = Some(between.working);
            row.days = Some((end.day - first.day).max(0));
            row.months = Some(months(first.day, end.day));
            row.working_days = Some(self.rules.calendar.working_days(first.day, end.day));
            let state = self.state(end).code.as_str();
            row.result = row.result.or_else(|| RESULTS.contains(&state).then_some(state));
        }
        row
    }

    /// The least exact derivation of the events that count; of all, while there is only a draft.
    fn derivation(&self) -> Option<u8> {
        let of = |drafts: bool| {
            let events = self.events.iter().filter(|event| drafts || !self.state(event).draft);
            events.map(|event| event.derivation).filter(|derivation| *derivation != NO_DERIVATION).max()
        };
        of(false).or_else(|| of(true))
    }
}

/// What the records of the requests say themselves.
struct Delivered<'a> {
    institution: &'a StringChunked,
    request: &'a StringChunked,
    result: &'a StringChunked,
    state: &'a StringChunked,
    due_at: &'a StringChunked,
    submitted_at: &'a StringChunked,
    closed_at: &'a StringChunked,
}

impl<'a> Delivered<'a> {
    fn of(requests: &'a DataFrame) -> PolarsResult<Self> {
        let text = |name: &str| requests.column(name)?.str();
        Ok(Self {
            institution: text(REQUEST[0])?,
            request: text(REQUEST[1])?,
            result: text("result")?,
            state: text("state")?,
            due_at: text("due_at")?,
            submitted_at: text("submitted_at")?,
            closed_at: text("closed_at")?,
        })
    }

    /// The request as people name it.
    fn key(&self, number: usize) -> String {
        let part = |column: &StringChunked| column.get(number).unwrap_or_default().to_owned();
        format!("{} / {}", part(self.institution), part(self.request))
    }

    /// A time of the registry with its local day.
    fn time(column: &StringChunked, number: usize, rules: &TimelineRules) -> Option<(i64, i32)> {
        let at = column.get(number)?.parse::<Timestamp>().ok()?.as_microsecond();
        Some((at, rules.calendar.local_day(at)))
    }

    fn due_on(&self, number: usize, rules: &TimelineRules) -> Option<i32> {
        Self::time(self.due_at, number, rules).map(|(_, day)| day)
    }

    /// The row of a request without events.
    fn row(&self, number: usize, rules: &TimelineRules) -> RequestRow<'a> {
        let state = self.state.get(number);
        let known = state.and_then(|code| rules.states.iter().find(|state| state.code == code));
        let closed_at = Self::time(self.closed_at, number, rules);
        let closed = closed_at.is_some() || known.is_some_and(|state| state.closing);
        let of_state = state.filter(|state| closed && RESULTS.contains(state));
        RequestRow {
            state,
            closed,
            result: self.result.get(number).or(of_state),
            submitted: Self::time(self.submitted_at, number, rules),
            closed_at,
            due_on: self.due_on(number, rules),
            ..RequestRow::default()
        }
    }
}
