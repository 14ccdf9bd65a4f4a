//! Which event is which, and what stays.

use vienkop_connectors::lake::{EventCounts, LakeLimits};
use vienkop_transforms::status::tables::LakeTable;

use crate::bench::{Bench, DAY, Event, MINUTE, SMALL, event};

const NONE: EventCounts =
    EventCounts { inserted: 0, changed: 0, unchanged: 0, duplicates: 0, differing: 0, withheld: 0, retired: 0 };

fn some(requests: u32) -> Vec<Event> {
    let events = |request: u32| {
        let at = i64::from(request) * 3 * DAY;
        let named = |event: Event, id: &str| Event { id: Some(format!("{id}{request}")), ..event };
        [
            named(event(request, "Iesniegts", at), "a"),
            event(request, "Izpildē", at + 5 * MINUTE),
            Event { seq: Some(3), ..event(request, "Pabeigts", at + 40 * DAY) },
        ]
    };
    (0..requests).flat_map(events).collect()
}

/// Counts of the last of some deliveries.
fn check(deliveries: &[&[Event]], expected: EventCounts) -> Bench {
    let mut bench = Bench::new(SMALL);
    let (last, before) = deliveries.split_last().unwrap();
    for delivery in before {
        bench.deliver(delivery);
        bench.check();
    }
    let planned = bench.plan(last);
    assert!(planned.added.is_empty() && planned.retired.is_empty());
    let change = bench.deliver(last);
    assert_eq!(change.counts, expected);
    assert_eq!(planned.counts, expected, "a plan counts what a run does");
    bench.check();
    bench
}

#[test]
fn the_same_delivery_again_changes_nothing() {
    let events = some(30);
    let mut bench = check(&[&events], EventCounts { inserted: 90, ..NONE });
    assert!(bench.portions > 3, "{}", bench.portions);
    let before = bench.live.clone();
    let change = bench.deliver(&events);
    assert_eq!(change.counts, EventCounts { unchanged: 90, ..NONE });
    assert!(change.added.is_empty() && change.retired.is_empty(), "{change:?}");
    assert_eq!(bench.live, before);
}

#[test]
fn timelines_that_come_out_the_same_write_nothing() {
    let mut bench = Bench::new(SMALL);
    bench.deliver(&some(10));
    let before = bench.live.clone();
    let change = bench.deliver_also(&[], &(0..10).collect::<Vec<_>>());
    assert!(change.added.is_empty() && change.retired.is_empty(), "{change:?}");
    assert_eq!(bench.live, before);
    bench.check();
}

#[test]
fn a_known_event_with_other_content_is_replaced() {
    let first = Event { id: Some("a".into()), ..event(1, "Iesniegts", 40 * DAY) };
    let moved = Event { at: 2 * DAY, ..first.clone() };
    let bench = check(&[&[first.clone(), event(1, "Izpildē", 50 * DAY)], &[moved]], EventCounts { changed: 1, ..NONE });
    for table in LakeTable::ALL {
        assert_eq!(bench.files(table, "2024-01").len(), 1, "{table:?}");
    }
    // Of the request's first month nothing is left but the other event.
    assert_eq!(bench.files(LakeTable::StatusEvent, "2024-02").len(), 1);
    assert_eq!(bench.content(LakeTable::StatusEvent).height(), 2);
    assert!(bench.files(LakeTable::RequestTimeline, "2024-02").is_empty());
}

#[test]
fn without_an_id_an_event_is_time_state_and_sequence() {
    let one = Event { seq: Some(1), ..event(1, "Iesniegts", DAY) };
    let others = [
        Event { seq: Some(2), ..one.clone() },
        Event { seq: None, ..one.clone() },
        Event { state: "IESNIEGTS", ..one.clone() },
        Event { at: DAY + 1, ..one.clone() },
        Event { request: 2, ..one.clone() },
        Event { id: Some("a".into()), ..one.clone() },
    ];
    check(&[std::slice::from_ref(&one), &others], EventCounts { inserted: 6, ..NONE });
    let role = Event { role: Some("vadītājs"), ..one.clone() };
    check(&[&[one], &[role]], EventCounts { changed: 1, ..NONE });
}

#[test]
fn of_rows_of_one_delivery_the_later_counts() {
    let a = Event { id: Some("a".into()), ..event(1, "Iesniegts", DAY) };
    let b = Event { at: 2 * DAY, ..a.clone() };
    let counts = EventCounts { inserted: 1, duplicates: 1, differing: 1, ..NONE };
    let bench = check(&[&[b.clone(), a.clone(), b.clone()]], counts);
    let duplicates = bench.last_duplicates.iter().find(|found| found.height() > 0).unwrap();
    let rows = |name: &str| duplicates.column(name).unwrap().i64().unwrap().to_vec_null_aware().left().unwrap();
    assert_eq!(rows("row"), [1, 2]);
    assert_eq!(rows("counts_row"), [3, 3]);
    let differs = duplicates.column("differs").unwrap().bool().unwrap();
    assert_eq!(differs.iter().collect::<Vec<_>>(), [Some(false), Some(true)]);
    // Compared with what is held is the row that counts.
    check(&[std::slice::from_ref(&b), &[a.clone(), b.clone()]], EventCounts { unchanged: 1, differing: 1, ..NONE });
    check(&[std::slice::from_ref(&b), &[b.clone(), a.clone()]], EventCounts { changed: 1, differing: 1, ..NONE });
    check(&[std::slice::from_ref(&b), &[b.clone(), b.clone()]], EventCounts { unchanged: 1, duplicates: 1, ..NONE });
}

#[test]
fn observing_the_same_state_again_is_no_event() {
    let seen = |state, day: i64| Event { derivation: "snapshot_diff", ..event(1, state, day * DAY) };
    let other = Event { request: 2, ..seen("Izpildē", 6) };
    let counts = EventCounts { inserted: 1, unchanged: 1, ..NONE };
    check(&[&[seen("Izpildē", 1)], &[seen("Izpildē", 5), other.clone()]], counts);
    check(
        &[&[seen("Izpildē", 1), seen("Izpildē", 2), seen("Izpildē", 3)]],
        EventCounts { inserted: 1, unchanged: 2, ..NONE },
    );
    check(&[&[seen("Izpildē", 1)], &[seen("Apturēts", 5)]], EventCounts { inserted: 1, ..NONE });
    // One that comes late takes the place of a later one.
    let bench = check(&[&[seen("Izpildē", 5)], &[seen("Izpildē", 1)]], EventCounts { inserted: 1, retired: 1, ..NONE });
    assert_eq!(bench.content(LakeTable::StatusEvent).height(), 1);
    // A log may say the same twice.
    check(&[&[event(1, "Izpildē", DAY)], &[event(1, "Izpildē", 2 * DAY)]], EventCounts { inserted: 1, ..NONE });
}

#[test]
fn events_of_unknown_requests_are_withheld() {
    let mut bench = Bench::new(SMALL);
    bench.unknown.insert(3);
    let change = bench.deliver(&some(5));
    assert_eq!(change.counts, EventCounts { inserted: 12, withheld: 3, ..NONE });
    assert_eq!(bench.last_withheld.iter().map(polars::prelude::DataFrame::height).sum::<usize>(), 3);
    bench.check();
    // Known now.
    bench.unknown.clear();
    assert_eq!(bench.deliver(&some(5)).counts, EventCounts { inserted: 3, unchanged: 12, ..NONE });
    bench.check();
    // Forgotten again: timelines go, events stay.
    bench.unknown.insert(3);
    let change = bench.deliver_also(&[], &[3]);
    assert_eq!(change.counts, NONE);
    assert_eq!(bench.content(LakeTable::StatusEvent).height(), 15);
    assert_eq!(bench.content(LakeTable::RequestStep).height(), 12);
    assert_eq!(bench.content(LakeTable::RequestTimeline).height(), 4);
}

#[test]
fn a_request_without_events_has_a_timeline_in_no_month() {
    let mut bench = Bench::new(LakeLimits::default());
    bench.deliver_also(&[], &[7]);
    assert_eq!(bench.files(LakeTable::RequestTimeline, "none").len(), 1);
    bench.deliver(&[event(7, "Iesniegts", DAY)]);
    assert!(bench.files(LakeTable::RequestTimeline, "none").is_empty());
    assert_eq!(bench.files(LakeTable::RequestTimeline, "2024-01").len(), 1);
    bench.check();
}
