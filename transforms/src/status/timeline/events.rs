//! Events as a kernel wants them: numbers instead of texts, those of one request together and in order.

use std::cmp::Ordering;
use std::collections::HashMap;

use polars::prelude::*;

use super::rules::{State, TimelineRules};
use crate::status::tables::REQUEST;

/// How exactly a time is known; what is coarser is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precision {
    Second,
    Minute,
    Day,
}

impl Precision {
    fn of(text: Option<&str>) -> Self {
        match text {
            Some("day") => Self::Day,
            Some("minute") => Self::Minute,
            _ => Self::Second,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Day => "day",
        }
    }
}

/// Derivation that the code list does not know.
pub(super) const NO_DERIVATION: u8 = u8::MAX;

/// One event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    /// Microseconds since 1970, UTC.
    pub(super) at: i64,
    /// Number in the source; the greatest where it has none.
    seq: i64,
    /// Row in the frame of events.
    pub(super) row: u32,
    /// Local day since 1970.
    pub(super) day: i32,
    /// Place in [`Grouped::states`].
    pub(super) state: u16,
    pub(super) precision: Precision,
    /// Place in the list of derivations, or [`NO_DERIVATION`].
    pub(super) derivation: u8,
}

/// Columns of the frame that are looked at again, row by row.
pub(super) struct EventColumns<'a> {
    frame: &'a DataFrame,
    event_id: &'a StringChunked,
    state: &'a StringChunked,
    state_raw: &'a StringChunked,
    pub(super) at_raw: &'a StringChunked,
    pub(super) landed: &'a Int64Chunked,
    pub(super) sheet: &'a StringChunked,
    pub(super) row: &'a Int64Chunked,
    pub(super) part: &'a Int64Chunked,
}

impl<'a> EventColumns<'a> {
    pub(super) fn of(frame: &'a DataFrame) -> PolarsResult<Self> {
        Ok(Self {
            frame,
            event_id: frame.column("event_id")?.str()?,
            state: frame.column("state")?.str()?,
            state_raw: frame.column("state_raw")?.str()?,
            at_raw: frame.column("at_raw")?.str()?,
            landed: frame.column("landed")?.i64()?,
            sheet: frame.column("sheet")?.str()?,
            row: frame.column("row")?.i64()?,
            part: frame.column("part")?.i64()?,
        })
    }
}

/// The events of all requests, those of one request together (not in order yet).
pub(super) struct Grouped {
    pub(super) events: Vec<Event>,
    /// Where the events of each request begin, and the end of the last.
    pub(super) starts: Vec<usize>,
    /// The states of the code list, and after them those that only the events know.
    pub(super) states: Vec<State>,
}

/// Reads the events and puts those of one request together; `requests` give the order.
pub(super) fn group(columns: &EventColumns<'_>, requests: &DataFrame, rules: &TimelineRules) -> PolarsResult<Grouped> {
    let frame = columns.frame;
    let mut numbers: HashMap<(&str, &str), u32> = HashMap::with_capacity(requests.height());
    let keys = requests.column(REQUEST[0])?.str()?.iter().zip(requests.column(REQUEST[1])?.str()?.iter());
    for (number, (institution, request)) in keys.enumerate() {
        if let (Some(institution), Some(request)) = (institution, request) {
            numbers.entry((institution, request)).or_insert(number as u32);
        }
    }
    let mut states = rules.states.clone();
    let mut state_ids: HashMap<&str, u16> = rules.state_by_code.iter().map(|(code, id)| (code.as_str(), *id)).collect();
    let derivation_of = |text: Option<&str>| {
        let found = text.and_then(|text| rules.derivations.iter().position(|code| code == text));
        found.map_or(NO_DERIVATION, |place| place as u8)
    };

    let mut keys = frame.column(REQUEST[0])?.str()?.iter().zip(frame.column(REQUEST[1])?.str()?.iter());
    let mut state = columns.state.iter();
    let mut at = frame.column("at")?.datetime()?.physical().iter();
    let mut seq = frame.column("seq")?.i64()?.iter();
    let mut precision = frame.column("precision")?.str()?.iter();
    let mut derivation = frame.column("derivation")?.str()?.iter();
    let mut last: Option<((&str, &str), Option<u32>)> = None;
    let mut read: Vec<(u32, Event)> = Vec::with_capacity(frame.height());
    let mut counts = vec![0_usize; requests.height() + 1];
    for row in 0..frame.height() {
        // All columns go on together, whether or not the row is wanted.
        let (key, state, at) = (keys.next(), state.next().flatten(), at.next().flatten());
        let (seq, precision) = (seq.next().flatten(), precision.next().flatten());
        let derivation = derivation.next().flatten();
        let (Some((Some(institution), Some(request))), Some(state), Some(at)) = (key, state, at) else { continue };
        let key = (institution, request);
        // Files have the events of a request together.
        let number = match last {
            Some((same, number)) if same == key => number,
            _ => numbers.get(&key).copied(),
        };
        last = Some((key, number));
        let Some(number) = number else { continue };
        let state = *state_ids.entry(state).or_insert_with(|| {
            states.push(State::unknown(state));
            (states.len() - 1) as u16
        });
        counts[number as usize] += 1;
        let event = Event {
            at,
            seq: seq.unwrap_or(i64::MAX),
            row: row as u32,
            day: rules.calendar.local_day(at),
            state,
            precision: Precision::of(precision),
            derivation: derivation_of(derivation),
        };
        read.push((number, event));
    }
    // From counts to starts; then every event to its place.
    let mut starts = Vec::with_capacity(counts.len());
    let mut next = 0;
    for count in counts {
        starts.push(next);
        next += count;
    }
    let mut places = starts.clone();
    let mut events: Vec<Event> = match read.first() {
        Some((_, event)) => vec![*event; read.len()],
        None => Vec::new(),
    };
    for (number, event) in read {
        let place = &mut places[number as usize];
        events[*place] = event;
        *place += 1;
    }
    Ok(Grouped { events, starts, states })
}

/// Puts the events of one request in their order, see the head of [`super`].
pub(super) fn order(events: &mut [Event], known_states: usize, columns: &EventColumns<'_>) {
    // Of states that the list has lost none is before the other.
    let rank = |event: &Event| usize::from(event.state).min(known_states);
    events.sort_unstable_by_key(|event| event.day);
    for day in events.chunk_by_mut(|a, b| a.day == b.day) {
        if day.len() < 2 {
            continue;
        }
        let dated = day.iter().any(|event| event.precision == Precision::Day);
        day.sort_unstable_by(|a, b| {
            let by_time = a.at.cmp(&b.at);
            let by_number = a.seq.cmp(&b.seq);
            let by_state = rank(a).cmp(&rank(b));
            let first =
                if dated { by_number.then(by_state).then(by_time) } else { by_time.then(by_number).then(by_state) };
            first.then_with(|| tie(a, b, columns))
        });
    }
}

/// What the rule leaves open is decided by the rest of the event, so that the order of delivery never matters.
fn tie(a: &Event, b: &Event, columns: &EventColumns<'_>) -> Ordering {
    let text = |column: &StringChunked| {
        let (a, b) = (column.get(a.row as usize), column.get(b.row as usize));
        a.is_none().cmp(&b.is_none()).then_with(|| a.cmp(&b))
    };
    let number = |column: &Int64Chunked| column.get(a.row as usize).cmp(&column.get(b.row as usize));
    text(columns.event_id)
        .then_with(|| text(columns.state_raw))
        .then_with(|| text(columns.state))
        .then_with(|| a.precision.cmp(&b.precision))
        .then_with(|| a.derivation.cmp(&b.derivation))
        .then_with(|| number(columns.landed))
        .then_with(|| text(columns.sheet))
        .then_with(|| number(columns.row))
        .then_with(|| number(columns.part))
        .then_with(|| text(columns.at_raw))
}
