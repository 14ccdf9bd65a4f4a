//! Generated requests and stays, with the oddities that the lake can hold.

use jiff::civil::{Date, date};
use jiff::{ToSpan, Unit};
use polars::prelude::*;
use vienkop_transforms::status::indicators::Inputs;
use vienkop_transforms::status::tables::{LakeTable, time};

pub(crate) const INSTITUTIONS: [&str; 4] = ["40000000001", "40000000002", "40000000003", "40000000004"];
pub(crate) const KINDS: [&str; 3] = ["pakalpojuma pieprasījums", "incidenta pieteikums", "sūdzība"];
pub(crate) const DERIVATIONS: [&str; 4] = ["source_log", "timestamp_column", "snapshot_diff", "manual"];
pub(crate) const CLOSING: [&str; 5] = ["pabeigts", "atteikts", "atsaukts", "pārsūtīts", "anulēts"];
pub(crate) const OPEN: [&str; 4] = ["iesniegts", "izpildē", "gaida klientu", "apturēts"];

/// Code, whether electronic, whether in person.
pub(crate) const CHANNELS: [(&str, Option<bool>, Option<bool>); 4] = [
    ("e-lietotne", Some(true), Some(false)),
    ("klātienē iestādē", Some(false), Some(true)),
    ("pasts", Some(false), Some(false)),
    ("proaktīvi", None, Some(false)),
];

/// A row of `request_timeline`; what no indicator reads is left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) institution: String,
    pub(crate) number: String,
    pub(crate) kind: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) channel: Option<String>,
    pub(crate) derivation: Option<String>,
    pub(crate) precision: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) closed: bool,
    pub(crate) result: Option<String>,
    pub(crate) submitted_at: Option<i64>,
    pub(crate) submitted_on: Option<Date>,
    pub(crate) closed_on: Option<Date>,
    pub(crate) due_on: Option<Date>,
    pub(crate) elapsed_seconds: Option<i64>,
    pub(crate) working_seconds: Option<i64>,
    pub(crate) elapsed_days: Option<i32>,
    pub(crate) elapsed_months: Option<i32>,
    pub(crate) working_days: Option<i32>,
    pub(crate) waiting_seconds: i64,
    pub(crate) suspended_seconds: i64,
    pub(crate) waits: i32,
    pub(crate) reopened: i32,
    pub(crate) appeals: i32,
    pub(crate) events: i32,
    pub(crate) state_since_on: Option<Date>,
}

/// A row of `request_step`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Step {
    pub(crate) institution: String,
    pub(crate) kind: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) channel: Option<String>,
    pub(crate) derivation: Option<String>,
    pub(crate) precision: String,
    pub(crate) state: String,
    pub(crate) counted: bool,
    pub(crate) to_on: Option<Date>,
    pub(crate) elapsed_seconds: Option<i64>,
    pub(crate) working_seconds: Option<i64>,
    pub(crate) closed_on: Option<Date>,
    pub(crate) to_close_seconds: Option<i64>,
}

/// A service of the registry.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) owner: &'static str,
    pub(crate) code: &'static str,
    pub(crate) expected: Option<(f64, &'static str)>,
    pub(crate) statutory: Option<(f64, &'static str)>,
    pub(crate) digital_level: Option<&'static str>,
}

/// Everything that indicators are worked out from.
pub(crate) struct World {
    /// The frames of the lake where they are not to be made from requests and stays.
    pub(crate) lake: Option<(DataFrame, DataFrame)>,
    /// Days that are worked.
    pub(crate) is_working_day: fn(Date) -> bool,
    pub(crate) requests: Vec<Request>,
    pub(crate) steps: Vec<Step>,
    pub(crate) services: Vec<Service>,
}

/// A small generator of the same numbers every time.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % most
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }
}

pub(crate) fn is_working_day(day: Date) -> bool {
    day.weekday().to_monday_one_offset() <= 5 && !(day.month() == 12 && day.day() >= 24 && day.day() <= 26)
}

/// Working days after one day, up to and including another.
pub(crate) fn working_days_between(is_working_day: fn(Date) -> bool, from: Date, to: Date) -> i32 {
    let mut count = 0;
    let mut day = from;
    while day < to {
        day = day.tomorrow().unwrap();
        count += i32::from(is_working_day(day));
    }
    count
}

/// The smallest number of months that reaches from one day to another.
pub(crate) fn months_between(from: Date, to: Date) -> i32 {
    (0..10_000).find(|months| from.checked_add((*months).months()).unwrap() >= to).unwrap()
}

impl World {
    pub(crate) fn generate(seed: u64, count: usize) -> Self {
        let dice = &mut Dice::new(seed);
        let (a, b, c) = (INSTITUTIONS[0], INSTITUTIONS[1], INSTITUTIONS[2]);
        let service = |owner, code, expected, statutory, digital_level| Service {
            owner,
            code,
            expected,
            statutory,
            digital_level,
        };
        let services = vec![
            service(a, "01", Some((10.0, "d")), Some((1.0, "month")), Some("klātienē")),
            service(a, "02", Some((5.0, "working d")), Some((10.0, "working d")), Some("e-pakalpojums")),
            service(b, "01", Some((48.0, "h")), Some((72.0, "h")), None),
            service(b, "03", Some((90.0, "min")), Some((30.0, "d")), Some("vienkāršots e-pakalpojums")),
            service(c, "01", None, Some((2.0, "month")), Some("digitāls pakalpojums")),
            // Of one owner only: requests to others for it go by its times.
            service(c, "04", Some((2.5, "d")), None, Some("klātienē")),
        ];
        let mut world = Self { lake: None, is_working_day, requests: Vec::new(), steps: Vec::new(), services };
        for number in 0..count {
            world.add(dice, number);
        }
        world
    }

    fn add(&mut self, dice: &mut Dice, number: usize) {
        let start = date(2023, 1, 1);
        let submitted = start.checked_add((dice.below(830) as i64).days()).unwrap();
        let length = if dice.chance(20) { dice.below(3) } else { dice.below(90) } as i64;
        let closed_on = submitted.checked_add(length.days()).unwrap();
        let closed = dice.chance(75) && closed_on <= date(2025, 3, 31);
        let day_only = dice.chance(10);
        let events = if dice.chance(7) { 0 } else { 1 + dice.below(6) as i32 };
        let undated = dice.chance(2);
        let draft = undated && dice.chance(50);
        let text = |text: &str| Some(text.to_owned());
        let state = match (draft, closed) {
            (true, _) => "melnraksts",
            (_, true) if dice.chance(5) => "apstrīdēts",
            (_, true) => dice.one(&CLOSING),
            _ => dice.one(&OPEN),
        };
        let result = match state {
            "atteikts" | "atsaukts" if dice.chance(90) => text(state),
            _ if dice.chance(60) => text(dice.one(&["piešķirts", "daļēji piešķirts", "atteikts", "atsaukts"])),
            _ => None,
        };
        let closed = closed && !draft;
        let moment = dice.below(86400) as i64;
        let at = |day: Date| {
            let zone = jiff::tz::TimeZone::get("Europe/Riga").unwrap();
            day.to_zoned(zone).unwrap().timestamp().as_microsecond() + moment * 1_000_000
        };
        let elapsed =
            (length * 86400 + if day_only { 0 } else { dice.below(7200) as i64 }) * i64::from(!dice.chance(3));
        let timed = closed && events > 0;
        let mut request = Request {
            institution: dice.one(&INSTITUTIONS).to_owned(),
            number: format!("N{number}"),
            kind: if dice.chance(85) {
                text(KINDS[0])
            } else if dice.chance(5) {
                None
            } else {
                text(dice.one(&KINDS))
            },
            service: if dice.chance(6) { None } else { text(dice.one(&["01", "01", "02", "03", "04", "99"])) },
            channel: if dice.chance(8) {
                None
            } else {
                text(dice.one(&[CHANNELS[0].0, CHANNELS[1].0, CHANNELS[2].0, CHANNELS[3].0, "dūmu signāls"]))
            },
            derivation: (events > 0).then(|| dice.one(&DERIVATIONS).to_owned()),
            precision: (events > 0)
                .then(|| if day_only { "day".to_owned() } else { dice.one(&["minute", "second"]).to_owned() }),
            state: text(state),
            closed,
            result: result.filter(|_| closed),
            submitted_at: (!undated).then(|| at(submitted)),
            submitted_on: (!undated).then_some(submitted),
            closed_on: (closed && !dice.chance(2)).then_some(closed_on),
            due_on: dice.chance(40).then(|| submitted.checked_add((dice.below(60) as i64).days()).unwrap()),
            elapsed_seconds: timed.then_some(elapsed),
            working_seconds: timed.then_some(elapsed / 4),
            elapsed_days: timed.then_some(length as i32),
            elapsed_months: timed.then(|| months_between(submitted, closed_on)),
            working_days: timed.then(|| working_days_between(is_working_day, submitted, closed_on)),
            waits: i32::from(dice.chance(25)) * (1 + dice.below(3) as i32),
            reopened: i32::from(dice.chance(6)),
            appeals: i32::from(state == "apstrīdēts") + i32::from(dice.chance(3)),
            events,
            state_since_on: (!undated).then(|| closed_on.min(date(2025, 3, 31)).max(submitted)),
            ..Request::default()
        };
        if events == 0 {
            request.waits = 0;
        }
        request.waiting_seconds = i64::from(request.waits) * dice.below(500_000) as i64;
        request.suspended_seconds = if dice.chance(10) { dice.below(900_000) as i64 } else { 0 };
        let mut entered = submitted;
        for stay in 0..events {
            let (state, counted) = match dice.below(20) {
                0 => ("melnraksts", false),
                1 => ("pabeigts", false),
                _ => (dice.one(&OPEN), true),
            };
            let left = entered.checked_add((dice.below(9) as i64).days()).unwrap();
            let is_left = closed || stay + 1 < events;
            self.steps.push(Step {
                institution: request.institution.clone(),
                kind: request.kind.clone(),
                service: request.service.clone(),
                channel: request.channel.clone(),
                derivation: request.derivation.clone(),
                precision: if dice.chance(5) { "day".to_owned() } else { dice.one(&["minute", "second"]).to_owned() },
                state: state.to_owned(),
                counted,
                to_on: is_left.then_some(left),
                elapsed_seconds: is_left.then(|| dice.below(800_000) as i64),
                working_seconds: is_left.then(|| dice.below(200_000) as i64),
                closed_on: request.closed_on,
                to_close_seconds: (counted && request.closed_on.is_some()).then(|| dice.below(4_000_000) as i64),
            });
            entered = left;
        }
        self.requests.push(request);
    }

    /// As frames of the lake's shape.
    pub(crate) fn inputs(&self) -> Inputs {
        let days = |day: Option<Date>| day.map(|day| date(1970, 1, 1).until((Unit::Day, day)).unwrap().get_days());
        let made = |frame: DataFrame, table: LakeTable| {
            let schema = table.schema();
            let columns = schema.iter().map(|(name, dtype)| {
                let known = frame.get_column_names().contains(&name);
                if known {
                    col(name.clone()).cast(dtype.clone())
                } else {
                    lit(NULL).cast(dtype.clone()).alias(name.clone())
                }
            });
            frame.clone().lazy().select(columns.collect::<Vec<_>>()).collect().unwrap().lazy()
        };
        macro_rules! column {
            ($rows:expr, $field:ident) => {
                $rows.iter().map(|row| row.$field.clone()).collect::<Vec<_>>()
            };
        }
        macro_rules! day {
            ($rows:expr, $field:ident) => {
                $rows.iter().map(|row| days(row.$field)).collect::<Vec<_>>()
            };
        }
        let (requests, steps) = (&self.requests, &self.steps);
        let request_frame = df!(
            "institution_reg_no" => column!(requests, institution), "request_no" => column!(requests, number),
            "kind" => column!(requests, kind), "service_code" => column!(requests, service),
            "channel" => column!(requests, channel), "derivation" => column!(requests, derivation),
            "precision" => column!(requests, precision), "state" => column!(requests, state),
            "closed" => column!(requests, closed), "result" => column!(requests, result),
            "submitted_at" => column!(requests, submitted_at), "submitted_on" => day!(requests, submitted_on),
            "closed_on" => day!(requests, closed_on), "due_on" => day!(requests, due_on),
            "elapsed_seconds" => column!(requests, elapsed_seconds),
            "working_seconds" => column!(requests, working_seconds), "elapsed_days" => column!(requests, elapsed_days),
            "elapsed_months" => column!(requests, elapsed_months), "working_days" => column!(requests, working_days),
            "waiting_seconds" => column!(requests, waiting_seconds),
            "suspended_seconds" => column!(requests, suspended_seconds), "waits" => column!(requests, waits),
            "reopened" => column!(requests, reopened), "appeals" => column!(requests, appeals),
            "events" => column!(requests, events), "state_since_on" => day!(requests, state_since_on),
        )
        .unwrap();
        let request_frame = request_frame.lazy().with_column(col("submitted_at").cast(time())).collect().unwrap();
        let step_frame = df!(
            "institution_reg_no" => column!(steps, institution), "kind" => column!(steps, kind),
            "service_code" => column!(steps, service), "channel" => column!(steps, channel),
            "derivation" => column!(steps, derivation), "precision" => column!(steps, precision),
            "state" => column!(steps, state), "counted" => column!(steps, counted), "to_on" => day!(steps, to_on),
            "elapsed_seconds" => column!(steps, elapsed_seconds), "working_seconds" => column!(steps, working_seconds),
            "closed_on" => day!(steps, closed_on), "to_close_seconds" => column!(steps, to_close_seconds),
        )
        .unwrap();
        let services = &self.services;
        let time_of = |time: fn(&Service) -> Option<(f64, &'static str)>| {
            let values: Vec<Option<String>> =
                services.iter().map(|s| time(s).map(|(value, _)| value.to_string())).collect();
            let units: Vec<Option<&str>> = services.iter().map(|s| time(s).map(|(_, unit)| unit)).collect();
            (values, units)
        };
        let (expected, statutory) = (time_of(|service| service.expected), time_of(|service| service.statutory));
        let service_frame = df!(
            "code" => column!(services, code), "owner_reg_no" => column!(services, owner),
            "expected_time_value" => expected.0, "expected_time_unit" => expected.1,
            "statutory_time_value" => statutory.0, "statutory_time_unit" => statutory.1,
            "digital_level" => column!(services, digital_level),
        )
        .unwrap();
        let first = date(2014, 1, 1);
        let calendar: Vec<Date> = (0..5000).map(|n| first.checked_add(n.days()).unwrap()).collect();
        let mut index: Vec<i32> = Vec::new();
        for day in &calendar {
            index.push(index.last().copied().unwrap_or_default() + i32::from((self.is_working_day)(*day)));
        }
        let calendar: Vec<i32> = calendar.iter().map(|day| days(Some(*day)).unwrap()).collect();
        let calendar = df!("day" => calendar, "working_day_index" => index).unwrap();
        let made = (made(request_frame, LakeTable::RequestTimeline), made(step_frame, LakeTable::RequestStep));
        let (requests, steps) = match &self.lake {
            Some((requests, steps)) => (requests.clone().lazy(), steps.clone().lazy()),
            None => made,
        };
        Inputs {
            requests,
            steps,
            services: service_frame,
            calendar: calendar.lazy().with_column(col("day").cast(DataType::Date)).collect().unwrap(),
            channels: df!(
                "channel_code" => CHANNELS.map(|channel| channel.0).to_vec(),
                "electronic" => CHANNELS.map(|channel| channel.1).to_vec(),
                "in_person" => CHANNELS.map(|channel| channel.2).to_vec(),
            )
            .unwrap(),
        }
    }
}
