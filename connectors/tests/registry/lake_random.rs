//! Random deliveries of requests and events against a naive model: a map of what is held.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use vienkop_connectors::lake::LakeLimits;
use vienkop_transforms::status::tables::LakeTable;

use crate::bench::{Bench, counts};
use crate::lake_model::{events, lake, part, requests, rules, seen, sound, whole, with_services};

const NUMBERS: [&str; 5] = ["1", "2", "3", "4", "5"];
const SERVICES: [&str; 4] = ["-", "S1", "S2", "S9"];
const CHANNELS: [&str; 2] = ["e-adrese", "API"];
const STATES: [&str; 6] = ["melnraksts", "iesniegts", "izpildē", "gaida_klientu", "pabeigts", "apstrīdēts"];
const TIMES: [&str; 8] = [
    "2024-01-31T22:00",
    "2024-01-31T22:30",
    "2024-02-01T08:00",
    "2024-02-01T08:01",
    "2024-02-01",
    "2024-02-29T21:59",
    "2024-02-29T22:00",
    "2023-12-31T22:00",
];
const IDS: [&str; 4] = ["", "", "a", "b"];
const SEQS: [&str; 3] = ["", "1", "2"];

#[derive(Debug, Clone)]
struct Request {
    number: usize,
    service: usize,
    channel: usize,
    accepted: bool,
}

#[derive(Debug, Clone)]
struct Event {
    request: usize,
    id: usize,
    seq: usize,
    state: usize,
    time: usize,
    accepted: bool,
}

#[derive(Debug, Clone)]
struct Delivery {
    snapshot: bool,
    requests: Vec<Request>,
    events: Vec<Event>,
    /// How many batches the rows come in.
    batches: usize,
    times: u32,
    /// A holiday more.
    holiday: bool,
}

fn request() -> impl Strategy<Value = Request> {
    let service = prop_oneof![6 => 0..3_usize, 1 => Just(3)];
    (0..4_usize, service, 0..CHANNELS.len(), prop::bool::weighted(0.9))
        .prop_map(|(number, service, channel, accepted)| Request { number, service, channel, accepted })
}

fn event() -> impl Strategy<Value = Event> {
    let request = prop_oneof![12 => 0..4_usize, 1 => Just(4)];
    (request, 0..IDS.len(), 0..SEQS.len(), 0..STATES.len(), 0..TIMES.len(), prop::bool::weighted(0.9))
        .prop_map(|(request, id, seq, state, time, accepted)| Event { request, id, seq, state, time, accepted })
}

fn delivery() -> impl Strategy<Value = Delivery> {
    let requests = prop::collection::vec(request(), 0..6);
    let events = prop::collection::vec(event(), 0..12);
    let times = prop_oneof![3 => Just(1_u32), 1 => Just(2)];
    (prop::bool::weighted(0.3), requests, events, 1..4_usize, times, prop::bool::weighted(0.15)).prop_map(
        |(snapshot, requests, events, batches, times, holiday)| Delivery {
            snapshot,
            requests,
            events,
            batches,
            times,
            holiday,
        },
    )
}

impl Request {
    fn line(&self) -> String {
        let bad = if self.accepted { "" } else { "!" };
        format!("{bad}{} {} {}", NUMBERS[self.number], SERVICES[self.service], CHANNELS[self.channel])
    }
}

impl Event {
    fn line(&self) -> String {
        let bad = if self.accepted { "" } else { "!" };
        let mut line = format!("{bad}{} {} {}", NUMBERS[self.request], STATES[self.state], TIMES[self.time]);
        for (name, value) in [("id", IDS[self.id]), ("seq", SEQS[self.seq])] {
            if !value.is_empty() {
                line += &format!(" {name}={value}");
            }
        }
        line
    }

    /// What tells it apart.
    fn identity(&self) -> (usize, String) {
        let by = if IDS[self.id].is_empty() {
            // A day alone is known as its local midnight.
            let at = if TIMES[self.time].contains('T') { TIMES[self.time] } else { "2024-01-31T22:00" };
            format!("{at} {} {}", STATES[self.state], SEQS[self.seq])
        } else {
            IDS[self.id].to_owned()
        };
        (self.request, by)
    }

    fn content(&self) -> [usize; 3] {
        [self.seq, self.state, self.time]
    }
}

/// What should be held.
#[derive(Default)]
struct Model {
    requests: BTreeMap<usize, (usize, usize)>,
    events: BTreeMap<(usize, String), Event>,
}

impl Model {
    /// Inserted, changed, retired, unchanged, quarantined, duplicates of requests and of events.
    fn deliver(&mut self, delivery: &Delivery) -> [[i64; 6]; 2] {
        let mut of_requests = [0; 6];
        let mut last = BTreeMap::new();
        for request in &delivery.requests {
            if !request.accepted {
                of_requests[4] += 1;
            } else if last.insert(request.number, (request.service, request.channel)).is_some() {
                of_requests[5] += 1;
            }
        }
        for (number, now) in last {
            if SERVICES[now.0] == "S9" {
                of_requests[4] += 1;
                continue;
            }
            let place = match self.requests.insert(number, now) {
                None => 0,
                Some(before) if before != now => 1,
                Some(_) => 3,
            };
            of_requests[place] += 1;
        }
        if delivery.snapshot {
            let seen: BTreeSet<usize> = delivery.requests.iter().map(|request| request.number).collect();
            let before = self.requests.len();
            self.requests.retain(|number, _| seen.contains(number));
            of_requests[2] = (before - self.requests.len()) as i64;
        }
        let mut of_events = [0; 6];
        let mut last = BTreeMap::new();
        for event in &delivery.events {
            if !event.accepted || !self.requests.contains_key(&event.request) {
                of_events[4] += 1;
            } else if last.insert(event.identity(), event.clone()).is_some() {
                of_events[5] += 1;
            }
        }
        for (identity, event) in last {
            let content = event.content();
            let place = match self.events.insert(identity, event) {
                None => 0,
                Some(before) if before.content() != content => 1,
                Some(_) => 3,
            };
            of_events[place] += 1;
        }
        [of_requests, of_events]
    }

    fn lines(&self) -> Vec<String> {
        let line = |event: &Event| {
            let at = TIMES[event.time];
            let id = IDS[event.id];
            let (state, seq) = (STATES[event.state].replace('_', " "), SEQS[event.seq]);
            format!("{}|{id}|{seq}|{state}|{at}", NUMBERS[event.request])
        };
        let mut lines: Vec<String> = self.events.values().map(line).collect();
        lines.sort();
        lines
    }
}

/// Events of the lake as [`Model::lines`] says them: by column, `bucket|institution|request|id|seq|state|raw|at|at_raw|…`.
async fn held(bench: &Bench) -> Vec<String> {
    let rows = lake(bench, LakeTable::StatusEvent).await;
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells: Vec<&str> = row.split('|').collect();
            [cells[2], cells[3], cells[4], cells[5], cells[8]].join("|")
        })
        .collect();
    lines.sort();
    lines
}

/// So small that little is merged at a time, most waits on the disk, and files are soon written into one.
const SMALL: LakeLimits = LakeLimits { portion_rows: 2, waiting_rows: 1, partition_files: 2 };

async fn follow(bench: Bench, small: bool, deliveries: &[Delivery]) {
    let mut bench = with_services(bench).await;
    if small {
        bench.registry = bench.registry.with_lake_limits(SMALL);
    }
    let mut model = Model::default();
    for delivery in deliveries {
        let mut how = if delivery.snapshot { whole() } else { part() };
        let rules = rules(if delivery.holiday { &["2024-02-05"] } else { &[] });
        how.timelines = Some(rules.clone());
        let request_lines: Vec<String> = delivery.requests.iter().map(Request::line).collect();
        let event_lines: Vec<String> = delivery.events.iter().map(Event::line).collect();
        let mut records = Vec::new();
        let mut first = 1;
        for batch in 0..delivery.batches {
            let part = |lines: &[String]| {
                let (from, to) = (lines.len() * batch, lines.len() * (batch + 1));
                lines[from / delivery.batches..to / delivery.batches].to_vec()
            };
            let lines = part(&request_lines);
            records.push(requests("a", &lines.iter().map(String::as_str).collect::<Vec<_>>(), first));
            first += lines.len() as i64;
            let lines = part(&event_lines);
            records.push(events("a", &lines.iter().map(String::as_str).collect::<Vec<_>>(), first));
            first += lines.len() as i64;
        }
        let planned = bench.plan("a", &how, &records).await;
        let done = bench.deliver("a", &how, &records).await;
        assert_eq!(planned, done);
        let [of_requests, of_events] = model.deliver(delivery);
        assert_eq!(counts(&done, "service_request"), of_requests, "{delivery:?}");
        assert_eq!(counts(&done, "status_event"), of_events, "{delivery:?}");
        assert_eq!(held(&bench).await, model.lines(), "{delivery:?}");
        sound(&bench, &rules).await;
        if delivery.times > 1 {
            let before = seen(&bench).await;
            let again = bench.deliver("a", &how, &records).await;
            assert_eq!(counts(&again, "service_request")[..3], [0; 3], "the same again changes nothing: {delivery:?}");
            assert_eq!(counts(&again, "status_event")[..3], [0; 3], "the same again changes nothing: {delivery:?}");
            assert_eq!(seen(&bench).await, before, "{delivery:?}");
            sound(&bench, &rules).await;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn events_agree_with_the_model_on_sqlite(small in any::<bool>(), deliveries in prop::collection::vec(delivery(), 1..8)) {
        crate::random::block_on(async { follow(Bench::sqlite().await, small, &deliveries).await });
    }

    #[test]
    fn events_agree_with_the_model_on_postgres(small in any::<bool>(), deliveries in prop::collection::vec(delivery(), 1..8)) {
        crate::random::block_on(async { follow(Bench::postgres().await, small, &deliveries).await });
    }
}
