//! Timelines, request by request.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use polars::prelude::*;

use super::calendar::Calendar;
use super::lines;

/// What `states.csv` says of a state.
#[derive(Debug, Clone)]
pub struct State {
    pub place: usize,
    pub closing: bool,
    pub draft: bool,
    pub appeal: bool,
}

/// One event, as read from the frame.
#[derive(Debug, Clone)]
pub struct Event {
    pub state: String,
    pub at: Timestamp,
    pub day: Date,
    pub precision: String,
    pub derivation: String,
    pub seq: Option<i64>,
    pub event_id: Option<String>,
    pub state_raw: String,
    /// What else tells two events apart.
    rest: (Option<i64>, i64),
}

/// A stay in a state.
#[derive(Debug, Clone)]
pub struct Step {
    pub ordinal: i32,
    pub precision: String,
    pub state: String,
    pub visit: i32,
    pub counted: bool,
    pub from: Timestamp,
    pub to: Option<Timestamp>,
    pub from_on: Date,
    pub to_on: Option<Date>,
    pub elapsed_seconds: Option<i64>,
    pub working_seconds: Option<i64>,
    pub to_close_seconds: Option<i64>,
}

/// A request and all that is known of it.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub bucket: i32,
    pub institution_reg_no: String,
    pub request_no: String,
    pub kind: Option<String>,
    pub service_code: Option<String>,
    pub channel: Option<String>,
    pub applicant_kind: Option<String>,
    pub derivation: Option<String>,
    pub precision: Option<String>,
    pub state: Option<String>,
    pub closed: bool,
    pub result: Option<String>,
    pub submitted_at: Option<Timestamp>,
    pub submitted_on: Option<Date>,
    pub closed_at: Option<Timestamp>,
    pub closed_on: Option<Date>,
    pub due_on: Option<Date>,
    pub elapsed_seconds: Option<i64>,
    pub working_seconds: Option<i64>,
    pub elapsed_days: Option<i64>,
    pub elapsed_months: Option<i64>,
    pub working_days: Option<i64>,
    pub waiting_seconds: i64,
    pub suspended_seconds: i64,
    pub third_party_seconds: i64,
    pub waits: i64,
    pub loops: i64,
    pub reopened: i64,
    pub appeals: i64,
    pub events: i64,
    pub first_at: Option<Timestamp>,
    pub last_at: Option<Timestamp>,
    pub state_since: Option<Timestamp>,
    pub state_since_on: Option<Date>,
    pub steps: Vec<Step>,
}

fn text(frame: &DataFrame, column: &str, row: usize) -> Option<String> {
    frame.column(column).unwrap().str().unwrap().get(row).map(str::to_owned)
}

fn number(frame: &DataFrame, column: &str, row: usize) -> Option<i64> {
    frame.column(column).unwrap().i64().unwrap().get(row)
}

/// The states of `states.csv` by code.
pub fn states() -> BTreeMap<String, State> {
    let rows = lines("states").into_iter().skip(1).enumerate();
    let state = |(place, row): (usize, Vec<String>)| {
        let appeal = row[0] == "apstrīdēts";
        (row[0].clone(), State { place, closing: row[5] == "yes", draft: row[6] == "no" && !appeal, appeal })
    };
    rows.map(state).collect()
}

/// All requests of `requests`, in the order of bucket, institution and number.
pub fn timelines(events: &DataFrame, requests: &DataFrame) -> Vec<Request> {
    let calendar = Calendar::new();
    let states = states();
    let mut by_request: BTreeMap<(String, String), Vec<Event>> = BTreeMap::new();
    for row in 0..events.height() {
        let key = (text(events, "institution_reg_no", row).unwrap(), text(events, "request_no", row).unwrap());
        let at = events.column("at").unwrap().datetime().unwrap().physical().get(row).unwrap();
        let at = Timestamp::from_microsecond(at).unwrap();
        by_request.entry(key).or_default().push(Event {
            state: text(events, "state", row).unwrap(),
            at,
            day: calendar.local_day(at),
            precision: text(events, "precision", row).unwrap(),
            derivation: text(events, "derivation", row).unwrap(),
            seq: number(events, "seq", row),
            event_id: text(events, "event_id", row),
            state_raw: text(events, "state_raw", row).unwrap(),
            rest: (number(events, "landed", row), number(events, "row", row).unwrap()),
        });
    }
    let mut made: Vec<Request> = (0..requests.height())
        .map(|row| {
            let institution = text(requests, "institution_reg_no", row).unwrap();
            let request_no = text(requests, "request_no", row).unwrap();
            let mut own = by_request.get(&(institution.clone(), request_no.clone())).cloned().unwrap_or_default();
            in_order(&mut own, &states);
            let due_at = text(requests, "due_at", row).map(|at| at.parse().unwrap());
            let mut request = Request {
                bucket: requests.column("bucket").unwrap().i32().unwrap().get(row).unwrap(),
                institution_reg_no: institution,
                request_no,
                kind: text(requests, "kind", row),
                service_code: text(requests, "service_code", row),
                channel: text(requests, "channel", row),
                applicant_kind: text(requests, "applicant_kind", row),
                result: text(requests, "result", row),
                due_on: due_at.map(|at| calendar.local_day(at)),
                ..Request::default()
            };
            if own.is_empty() {
                as_delivered(&mut request, requests, row, &calendar, &states);
            } else {
                from_events(&mut request, &own, &calendar, &states);
            }
            if request.result.is_none() && request.closed {
                let last = own.iter().rev().find(|event| event.state != "apstrīdēts").map(|event| event.state.clone());
                let state = last.or_else(|| request.state.clone());
                request.result = state.filter(|state| state == "atteikts" || state == "atsaukts");
            }
            request
        })
        .collect();
    made.sort_by_key(|request| (request.bucket, request.institution_reg_no.clone(), request.request_no.clone()));
    made
}

/// By day; within the day by time, number, state; by number, state, time if a time of that day is not known.
fn in_order(events: &mut [Event], states: &BTreeMap<String, State>) {
    let dated: Vec<Date> = events.iter().filter(|event| event.precision == "day").map(|event| event.day).collect();
    let nulls_last = |a: &Option<String>, b: &Option<String>| match (a, b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => a.cmp(b),
    };
    let exactness = |event: &Event| ["second", "minute", "day"].iter().position(|name| *name == event.precision);
    events.sort_by(|a, b| {
        let seq = a.seq.unwrap_or(i64::MAX).cmp(&b.seq.unwrap_or(i64::MAX));
        let rank = states[&a.state].place.cmp(&states[&b.state].place);
        let within = if dated.contains(&a.day) {
            seq.then(rank).then(a.at.cmp(&b.at))
        } else {
            a.at.cmp(&b.at).then(seq).then(rank)
        };
        a.day
            .cmp(&b.day)
            .then(within)
            .then(nulls_last(&a.event_id, &b.event_id))
            .then(a.state_raw.cmp(&b.state_raw))
            .then(exactness(a).cmp(&exactness(b)))
            .then(a.rest.cmp(&b.rest))
    });
}

fn as_delivered(
    request: &mut Request,
    requests: &DataFrame,
    row: usize,
    calendar: &Calendar,
    states: &BTreeMap<String, State>,
) {
    let time = |column: &str| text(requests, column, row).map(|at| at.parse::<Timestamp>().unwrap());
    request.state = text(requests, "state", row);
    request.submitted_at = time("submitted_at");
    request.submitted_on = request.submitted_at.map(|at| calendar.local_day(at));
    request.closed_at = time("closed_at");
    request.closed_on = request.closed_at.map(|at| calendar.local_day(at));
    let closing = request.state.as_ref().is_some_and(|state| states[state].closing);
    request.closed = request.closed_at.is_some() || closing;
}

/// Elapsed seconds, working seconds and the precision of both.
fn between(from: &Event, to: &Event, calendar: &Calendar) -> (i64, i64, String) {
    if from.precision == "day" || to.precision == "day" {
        let days = i64::from((to.day - from.day).get_days()).max(0);
        return (days * 86_400, calendar.working_days(from.day, to.day) * 8 * 3600, "day".to_owned());
    }
    let minute = from.precision == "minute" || to.precision == "minute";
    let elapsed = (to.at.as_second() - from.at.as_second()).max(0);
    (elapsed, calendar.working_seconds(from.at, to.at), if minute { "minute" } else { "second" }.to_owned())
}

fn from_events(request: &mut Request, events: &[Event], calendar: &Calendar, states: &BTreeMap<String, State>) {
    let state = |event: &Event| &states[&event.state];
    request.events = events.len() as i64;
    request.first_at = events.iter().map(|event| event.at).min();
    request.last_at = events.iter().map(|event| event.at).max();
    let sequence: Vec<&Event> = events.iter().filter(|event| !state(event).appeal).collect();
    let counting: Vec<&Event> = sequence.iter().copied().skip_while(|event| state(event).draft).collect();
    let end = counting.last().copied().filter(|event| state(event).closing);
    request.reopened = sequence.windows(2).filter(|two| state(two[0]).closing && !state(two[1]).closing).count() as i64;

    let least = |events: Vec<&Event>| {
        let order = ["source_log", "timestamp_column", "snapshot_diff", "manual"];
        let place = |event: &&Event| order.iter().position(|name| *name == event.derivation);
        events.into_iter().max_by_key(place).map(|event| event.derivation.clone())
    };
    let no_drafts = events.iter().filter(|event| !state(event).draft).collect();
    request.derivation = least(no_drafts).or_else(|| least(events.iter().collect()));

    if let Some(first) = counting.first() {
        request.submitted_at = Some(first.at);
        request.submitted_on = Some(first.day);
        request.precision = Some(first.precision.clone());
        if let Some(end) = end {
            let (elapsed, working, precision) = between(first, end, calendar);
            request.closed = true;
            request.closed_at = Some(end.at);
            request.closed_on = Some(end.day);
            request.precision = Some(precision);
            request.elapsed_seconds = Some(elapsed);
            request.working_seconds = Some(working);
            request.elapsed_days = Some(i64::from((end.day - first.day).get_days()));
            request.working_days = Some(calendar.working_days(first.day, end.day));
            let reached = |months: &i64| first.day.checked_add(months.months()).unwrap() >= end.day;
            request.elapsed_months = (0..10_000).find(reached);
        }
    }

    let mut stays: Vec<&Event> = Vec::new();
    for event in events {
        if stays.last().is_none_or(|stay| stay.state != event.state) {
            stays.push(event);
        }
    }
    for (index, stay) in stays.iter().enumerate() {
        let left = stays.get(index + 1);
        let measured = left.map(|left| between(stay, left, calendar));
        let visit = stays[..=index].iter().filter(|other| other.state == stay.state).count();
        let counted = !state(stay).draft && !state(stay).closing && !state(stay).appeal;
        request.steps.push(Step {
            ordinal: index as i32 + 1,
            precision: measured.as_ref().map_or(stay.precision.clone(), |(_, _, precision)| precision.clone()),
            state: stay.state.clone(),
            visit: visit as i32,
            counted,
            from: stay.at,
            to: left.map(|left| left.at),
            from_on: stay.day,
            to_on: left.map(|left| left.day),
            elapsed_seconds: measured.as_ref().map(|(elapsed, _, _)| *elapsed),
            working_seconds: measured.as_ref().map(|(_, working, _)| *working),
            to_close_seconds: end.filter(|_| counted).map(|end| between(stay, end, calendar).0),
        });
    }
    let current = stays.last().unwrap();
    request.state = Some(current.state.clone());
    request.state_since = Some(current.at);
    request.state_since_on = Some(current.day);
    let spent = |name: &str| {
        request.steps.iter().filter(|step| step.state == name).filter_map(|step| step.elapsed_seconds).sum::<i64>()
    };
    request.waiting_seconds = spent("gaida klientu");
    request.suspended_seconds = spent("apturēts");
    request.third_party_seconds = spent("gaida trešo pusi");
    request.waits = request.steps.iter().filter(|step| step.state == "gaida klientu").count() as i64;
    request.appeals = request.steps.iter().filter(|step| step.state == "apstrīdēts").count() as i64;
    request.loops = request.steps.iter().filter(|step| step.counted && step.visit > 1).count() as i64;
}
