//! Requests with all the oddities that exports have.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use polars::prelude::*;
use vienkop_transforms::status::tables::{LakeTable, time};

use super::riga;

/// Small numbers that only the seed decides (splitmix64).
pub struct Dice(u64);

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True so many times of a hundred.
    pub fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Puts things in any order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for end in (1..things.len()).rev() {
            things.swap(end, self.below(end + 1));
        }
    }
}

const STATES: [&str; 16] = [
    "melnraksts",
    "iesniegts",
    "reģistrēts",
    "izpildē",
    "gaida klientu",
    "gaida trešo pusi",
    "apturēts",
    "lēmums pieņemts",
    "gatavs saņemšanai",
    "atkārtoti atvērts",
    "pabeigts",
    "atteikts",
    "atsaukts",
    "pārsūtīts",
    "anulēts",
    "apstrīdēts",
];

/// What usually follows a state; nothing: the request may end here.
fn following(state: &str) -> &'static [&'static str] {
    match state {
        "" => &["iesniegts", "iesniegts", "melnraksts", "reģistrēts"],
        "melnraksts" => &["iesniegts", "iesniegts", "melnraksts", ""],
        "iesniegts" => &["reģistrēts", "izpildē", "iesniegts", "atsaukts", ""],
        "reģistrēts" => &["izpildē", "izpildē", "gaida klientu", "pārsūtīts", ""],
        "izpildē" => {
            &["gaida klientu", "gaida trešo pusi", "apturēts", "lēmums pieņemts", "pabeigts", "pabeigts", "atteikts"]
        }
        "gaida klientu" => &["izpildē", "izpildē", "atsaukts", ""],
        "gaida trešo pusi" | "apturēts" => &["izpildē", "gaida klientu", "lēmums pieņemts", ""],
        "lēmums pieņemts" => &["gatavs saņemšanai", "pabeigts", "atteikts", "pabeigts"],
        "gatavs saņemšanai" => &["pabeigts", "pabeigts", "pabeigts", "anulēts", ""],
        "atkārtoti atvērts" => &["izpildē", "pabeigts", "reģistrēts"],
        "apstrīdēts" => &["", "izpildē", "pabeigts", "apstrīdēts"],
        _ => &["", "", "", "", "atkārtoti atvērts", "apstrīdēts", "pabeigts"],
    }
}

const KINDS: [Option<&str>; 6] = [
    Some("pakalpojuma pieprasījums"),
    Some("pakalpojuma pieprasījums"),
    Some("pakalpojuma pieprasījums"),
    Some("sūdzība"),
    Some("informācijas pieprasījums"),
    None,
];
const SERVICES: [Option<&str>; 6] = [Some("P-1"), Some("P-1"), Some("P-2"), Some("P-3"), Some("Ē/4"), None];
const CHANNELS: [Option<&str>; 6] =
    [Some("e-lietotne"), Some("e-forma"), Some("klātienē iestādē"), Some("klātienē VPVKAC"), Some("pasts"), None];
const APPLICANTS: [Option<&str>; 4] = [Some("iedzīvotājs"), Some("iedzīvotājs"), Some("uzņēmējs"), None];
const RESULTS: [Option<&str>; 6] = [None, None, None, Some("piešķirts"), Some("daļēji piešķirts"), Some("atteikts")];
const DERIVATIONS: [&str; 4] = ["source_log", "timestamp_column", "snapshot_diff", "manual"];
const INSTITUTIONS: [&str; 3] = ["90000000001", "90000000022", "90009115222"];

/// A time of day, mostly of office hours.
fn clock(dice: &mut Dice, day: Date) -> DateTime {
    let hour = if dice.percent(80) { 7 + dice.below(12) } else { dice.below(24) };
    day.at(hour as i8, dice.below(60) as i8, dice.below(60) as i8, 0)
}

/// Days that are likely to go wrong: changes of the clock, holidays, moved days, ends of months, years without holidays.
fn day(dice: &mut Dice) -> Date {
    let special = [
        "2024-03-29",
        "2024-03-30",
        "2024-03-31",
        "2023-10-28",
        "2023-10-29",
        "2024-10-26",
        "2025-03-30",
        "2024-02-29",
        "2024-12-13",
        "2024-12-14",
        "2024-12-23",
        "2024-12-28",
        "2023-05-04",
        "2023-05-20",
        "2025-11-08",
        "2024-01-31",
        "2015-12-30",
        "2015-12-31",
        "2016-01-01",
        "2014-06-24",
        "2023-08-31",
    ];
    if dice.percent(30) {
        return dice.pick(&special).parse().unwrap();
    }
    jiff::civil::date(2023, 1, 1).saturating_add((dice.below(1000) as i64).days())
}

/// In UTC; where the clock skips an hour the time after it, where it comes twice either.
fn utc(dice: &mut Dice, local: DateTime, zone: &TimeZone) -> Timestamp {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    if dice.percent(50) { ambiguous.earlier().unwrap() } else { ambiguous.later().unwrap() }
}

struct Event {
    request: usize,
    event_id: Option<String>,
    seq: Option<i64>,
    state: &'static str,
    state_raw: String,
    at: Timestamp,
    at_raw: String,
    precision: &'static str,
    derivation: &'static str,
}

struct Request {
    bucket: i32,
    institution: &'static str,
    number: String,
    kind: Option<&'static str>,
    service: Option<&'static str>,
    channel: Option<&'static str>,
    applicant: Option<&'static str>,
    result: Option<&'static str>,
    state: Option<&'static str>,
    due_at: Option<String>,
    submitted_at: Option<String>,
    closed_at: Option<String>,
}

/// `count` requests and their events, always the same for a seed.
///
/// `events` has the columns of the lake's table, rows in no order, with some of requests that are not in `requests`;
/// `requests` has those that `timelines` takes. About one request in twenty has no events.
pub fn generate(seed: u64, count: usize) -> (DataFrame, DataFrame) {
    let mut dice = Dice::new(seed);
    let zone = riga();
    let mut requests = Vec::with_capacity(count);
    let mut events = Vec::new();
    for number in 0..count {
        let request = request(&mut dice, number, &zone);
        if !dice.percent(5) {
            history(&mut dice, number, &zone, &mut events);
        }
        requests.push(request);
    }
    let mut delivered: Vec<usize> = (0..count).filter(|_| !dice.percent(3)).collect();
    dice.shuffle(&mut delivered);
    dice.shuffle(&mut events);
    (event_frame(&events, &requests, &mut dice), request_frame(&requests, &delivered))
}

fn request(dice: &mut Dice, number: usize, zone: &TimeZone) -> Request {
    let stored = |dice: &mut Dice, share: usize| {
        let day = day(dice);
        let local = if dice.percent(50) { day.at(0, 0, 0, 0) } else { clock(dice, day) };
        let at = utc(dice, local, zone);
        dice.percent(share).then(|| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    };
    Request {
        bucket: dice.below(256) as i32,
        institution: dice.pick(&INSTITUTIONS),
        number: format!("{}/{}-{number}", 2020 + dice.below(6), dice.pick(&["P", "Ž", "a b"])),
        kind: dice.pick(&KINDS),
        service: dice.pick(&SERVICES),
        channel: dice.pick(&CHANNELS),
        applicant: dice.pick(&APPLICANTS),
        result: dice.pick(&RESULTS),
        state: dice.percent(70).then(|| dice.pick(&STATES)),
        due_at: stored(dice, 60),
        submitted_at: stored(dice, 70),
        closed_at: stored(dice, 40),
    }
}

/// The events of one request.
fn history(dice: &mut Dice, request: usize, zone: &TimeZone, events: &mut Vec<Event>) {
    // How exactly the source knows times: always to the second, minute, day, or now so, now so.
    let style = dice.pick(&["second", "second", "minute", "day", "mixed"]);
    let numbered = dice.percent(30);
    let named = dice.percent(50);
    let derivation = dice.below(DERIVATIONS.len());
    let first = day(dice);
    let mut local = clock(dice, first);
    let mut state = "";
    let length = 1 + dice.below(12);
    for place in 0..length {
        let next = if dice.percent(6) { dice.pick(&STATES) } else { dice.pick(following(state)) };
        if next.is_empty() {
            break;
        }
        state = next;
        let precision = if style == "mixed" { dice.pick(&["second", "minute", "day"]) } else { style };
        let at = match precision {
            "day" => zone.to_timestamp(local.date().at(0, 0, 0, 0)).unwrap(),
            "minute" => utc(dice, local.with().second(0).build().unwrap(), zone),
            _ => utc(dice, local, zone),
        };
        let seq = (numbered && !dice.percent(10)).then_some(if dice.percent(90) { place as i64 } else { 3 });
        let event = Event {
            request,
            event_id: (named && !dice.percent(5)).then(|| format!("n{}", dice.below(1000))),
            seq,
            state,
            state_raw: if dice.percent(50) { state.to_uppercase() } else { state.to_owned() },
            at,
            at_raw: if precision == "day" {
                local.strftime("%d.%m.%Y.").to_string()
            } else {
                local.strftime("%d.%m.%Y %H:%M:%S").to_string()
            },
            precision,
            derivation: if dice.percent(90) { DERIVATIONS[derivation] } else { dice.pick(&DERIVATIONS) },
        };
        // The same once more, as a source writes that logs every saving.
        if dice.percent(5) {
            events.push(Event {
                event_id: None,
                state_raw: event.state_raw.clone(),
                at_raw: event.at_raw.clone(),
                ..event
            });
        }
        events.push(event);
        local = match dice.below(10) {
            0 => local,
            1 | 2 => local.saturating_add((dice.below(90) as i64).minutes()),
            3 | 4 => local.saturating_add((dice.below(20 * 3600) as i64).seconds()),
            5..=8 => {
                let date = local.date().saturating_add((dice.below(12) as i64).days());
                clock(dice, date)
            }
            _ => {
                let date = local.date().saturating_add((dice.below(120) as i64).days());
                clock(dice, date)
            }
        };
    }
}

fn event_frame(events: &[Event], requests: &[Request], dice: &mut Dice) -> DataFrame {
    let text = |name: &str, get: &dyn Fn(&Event) -> Option<String>| {
        Column::new(name.into(), events.iter().map(get).collect::<Vec<Option<String>>>())
    };
    let rows: Vec<i64> = (0..events.len()).map(|row| row as i64 + 2).collect();
    let sheets: Vec<Option<&str>> = events.iter().map(|_| dice.percent(50).then_some("Notikumi")).collect();
    let at: Vec<i64> = events.iter().map(|event| event.at.as_microsecond()).collect();
    let bucket: Vec<i32> = events.iter().map(|event| requests[event.request].bucket).collect();
    let columns = vec![
        Column::new("bucket".into(), bucket),
        text("institution_reg_no", &|event| Some(requests[event.request].institution.to_owned())),
        text("request_no", &|event| Some(requests[event.request].number.clone())),
        text("event_id", &|event| event.event_id.clone()),
        Column::new("seq".into(), events.iter().map(|event| event.seq).collect::<Vec<_>>()),
        text("state", &|event| Some(event.state.to_owned())),
        text("state_raw", &|event| Some(event.state_raw.clone())),
        Column::new("at".into(), at).cast(&time()).unwrap(),
        text("at_raw", &|event| Some(event.at_raw.clone())),
        text("precision", &|event| Some(event.precision.to_owned())),
        text("step_no", &|_| None),
        text("actor_role", &|_| None),
        text("derivation", &|event| Some(event.derivation.to_owned())),
        Column::new("landed".into(), vec![1_i64; events.len()]),
        Column::new("sheet".into(), sheets),
        Column::new("row".into(), rows),
        Column::new("part".into(), vec![None::<i64>; events.len()]),
    ];
    let frame = DataFrame::new(events.len(), columns).unwrap();
    assert_eq!(**frame.schema(), LakeTable::StatusEvent.schema());
    frame
}

fn request_frame(requests: &[Request], delivered: &[usize]) -> DataFrame {
    let text = |name: &str, get: &dyn Fn(&Request) -> Option<&str>| {
        Column::new(name.into(), delivered.iter().map(|row| get(&requests[*row])).collect::<Vec<Option<&str>>>())
    };
    let bucket: Vec<i32> = delivered.iter().map(|row| requests[*row].bucket).collect();
    let columns = vec![
        Column::new("bucket".into(), bucket),
        text("institution_reg_no", &|request| Some(request.institution)),
        text("request_no", &|request| Some(&request.number)),
        text("kind", &|request| request.kind),
        text("service_code", &|request| request.service),
        text("channel", &|request| request.channel),
        text("applicant_kind", &|request| request.applicant),
        text("result", &|request| request.result),
        text("state", &|request| request.state),
        text("due_at", &|request| request.due_at.as_deref()),
        text("submitted_at", &|request| request.submitted_at.as_deref()),
        text("closed_at", &|request| request.closed_at.as_deref()),
    ];
    DataFrame::new(delivered.len(), columns).unwrap()
}
