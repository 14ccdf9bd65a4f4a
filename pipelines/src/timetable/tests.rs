//! Timetables across the changes of the clocks, and the agenda under a clock of our own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;

fn riga(line: &str) -> Timetable {
    Timetable::new(line, TimeZone::get("Europe/Riga").unwrap()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The moments of a line after `from`, as local time with offset.
fn check(line: &str, from: &str, expected: &[&str]) {
    let timetable = riga(line);
    let moments = std::iter::successors(timetable.after(at(from)), |moment| timetable.after(*moment));
    let zone = TimeZone::get("Europe/Riga").unwrap();
    let told: Vec<String> = moments
        .take(expected.len())
        .map(|moment| moment.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string())
        .collect();
    assert_eq!(told, expected, "{line}");
}

#[test]
fn working_days() {
    let expected = ["2024-07-05 03:15 +03:00", "2024-07-08 03:15 +03:00", "2024-07-09 03:15 +03:00"];
    check("15 3 * * 1-5", "2024-07-04T12:00:00Z", &expected);
}

/// On 31 March 2024 the clock goes from 03:00 to 04:00: 03:30 is not there, the run is at 04:00; the day after at 03:30.
#[test]
fn a_time_that_summer_time_skips() {
    let expected = ["2024-03-30 03:30 +02:00", "2024-03-31 04:00 +03:00", "2024-04-01 03:30 +03:00"];
    check("30 3 * * *", "2024-03-29T12:00:00Z", &expected);
    check("30 3 * * 0", "2024-03-29T12:00:00Z", &["2024-03-31 04:00 +03:00", "2024-04-07 03:30 +03:00"]);
    let quarters = ["2024-03-31 02:40 +02:00", "2024-03-31 04:00 +03:00", "2024-03-31 04:20 +03:00"];
    check("*/20 * * * *", "2024-03-31T00:30:00Z", &quarters);
}

/// On 27 October 2024 the clock goes back from 04:00 to 03:00: 03:30 is there twice, the run is at the first.
#[test]
fn a_time_that_occurs_twice() {
    let expected = ["2024-10-26 03:30 +03:00", "2024-10-27 03:30 +03:00", "2024-10-28 03:30 +02:00"];
    check("30 3 * * *", "2024-10-25T12:00:00Z", &expected);
    let both = ["2024-10-27 03:30 +03:00", "2024-10-27 03:00 +02:00", "2024-10-27 03:30 +02:00"];
    check("*/30 * * * *", "2024-10-27T00:00:00Z", &both);
}

#[test]
fn the_last_time_before_is_one_that_comes() {
    for (line, now, expected) in [
        ("15 3 * * 1-5", "2024-07-08T00:14:59Z", "2024-07-05T00:15:00Z"),
        ("15 3 * * 1-5", "2024-07-08T00:15:00Z", "2024-07-08T00:15:00Z"),
        ("30 3 * * *", "2024-03-31T12:00:00Z", "2024-03-31T01:00:00Z"),
        ("30 3 * * *", "2024-10-27T12:00:00Z", "2024-10-27T00:30:00Z"),
        ("0 0 29 2 *", "2027-01-01T00:00:00Z", "2024-02-28T22:00:00Z"),
    ] {
        assert_eq!(riga(line).until(at(now)), Some(at(expected)), "{line} {now}");
    }
}

#[test]
fn lines_that_are_none() {
    let fault = |line: &str| Timetable::new(line, TimeZone::UTC).unwrap_err();
    assert_eq!(fault("15 3 * *"), CronFault::Fields(4));
    assert_eq!(fault(""), CronFault::Fields(0));
    assert_eq!(fault("15 3 * * 1-5 2024 x"), CronFault::Fields(7));
    assert_eq!(fault("75 3 * * *"), CronFault::Field("minute", "75".to_owned()));
    assert_eq!(fault("15 3 * * pirmd"), CronFault::Field("weekday", "pirmd".to_owned()));
    assert_eq!(fault("x 15 3 * * *"), CronFault::Field("second", "x".to_owned()));
    assert_eq!(fault("0 0 31 2 *"), CronFault::Never);
}

#[test]
fn durations() {
    assert_eq!(duration("90d"), Some(SignedDuration::from_hours(90 * 24)));
    assert_eq!(duration("10min"), Some(SignedDuration::from_mins(10)));
    assert_eq!(duration("2w"), Some(SignedDuration::from_hours(14 * 24)));
    assert_eq!((duration("10"), duration("min"), duration("10m"), duration("")), (None, None, None, None));
}

fn plan(line: &str, make_up: bool) -> Plan {
    Plan { timetable: riga(line), make_up }
}

/// An agenda of these pipelines, done up to `since`.
fn agenda(plans: &[(&str, Plan)], since: &str) -> Agenda {
    let plans: BTreeMap<String, Plan> = plans.iter().map(|(name, plan)| ((*name).to_owned(), plan.clone())).collect();
    let since = plans.keys().map(|name| (name.clone(), at(since))).collect();
    let mut agenda = Agenda::default();
    agenda.renew(plans, &since, at("2024-07-08T12:00:00Z"));
    agenda
}

#[test]
fn due_at_once_runs_in_order_and_meanwhile_is_missed() {
    let plans = [("b", plan("0 * * * *", true)), ("a", plan("0 * * * *", true)), ("c", plan("30 * * * *", true))];
    let mut agenda = agenda(&plans, "2024-07-08T09:45:00Z");
    let present = at("2024-07-08T09:45:00Z");
    assert_eq!(agenda.next().unwrap(), (at("2024-07-08T10:00:00Z"), "a"));
    assert_eq!(agenda.take(at("2024-07-08T09:59:59Z"), present), None);
    let now = at("2024-07-08T10:00:00Z");
    let task = agenda.take(now, present).unwrap();
    assert_eq!((task.pipeline.as_str(), task.due, task.missed, task.run), ("a", now, None, true));
    // It takes over two hours: its own times of 11 and 12 are missed, b's of 11 too, c's of 10:30 and 11:30 one of two.
    let now = at("2024-07-08T12:10:00Z");
    let missed = agenda.finished("a", now).unwrap();
    assert_eq!((missed.number, missed.first), (2, at("2024-07-08T11:00:00Z")));
    let task = agenda.take(now, present).unwrap();
    assert_eq!((task.pipeline.as_str(), task.due), ("b", at("2024-07-08T12:00:00Z")));
    assert_eq!(task.missed.map(|missed| missed.number), Some(2));
    let task = agenda.take(now, present).unwrap();
    assert_eq!((task.pipeline.as_str(), task.due), ("c", at("2024-07-08T11:30:00Z")));
    assert_eq!(task.missed.map(|missed| missed.number), Some(1));
    assert_eq!(agenda.take(now, present), None);
}

#[test]
fn what_was_due_while_nobody_was_there() {
    let now = at("2024-07-08T12:00:00Z");
    let plans = [("made-up", plan("0 * * * *", true)), ("told", plan("0 * * * *", false))];
    let mut agenda = agenda(&plans, "2024-07-08T09:30:00Z");
    let present = at("2024-07-08T12:00:01Z");
    let tasks: Vec<Task> = std::iter::from_fn(|| agenda.take(now, present)).collect();
    let told: Vec<_> = tasks.iter().map(|t| (t.pipeline.as_str(), t.run, t.missed.unwrap().number)).collect();
    assert_eq!(told, [("made-up", true, 3), ("told", false, 3)]);
    let next = at("2024-07-08T13:00:00Z");
    let task = agenda.take(next, present).unwrap();
    assert_eq!((task.missed, task.run), (None, true));
}

#[test]
fn a_retry_waits_and_a_full_run_takes_its_place() {
    let mut agenda = agenda(&[("a", plan("0 * * * *", true))], "2024-07-08T10:00:00Z");
    let present = at("2024-07-08T10:00:00Z");
    let retry = |text: &str| Retry { at: at(text), attempt: 1, sources: Some(BTreeSet::from(["x".to_owned()])) };
    agenda.again("a", retry("2024-07-08T10:10:00Z"));
    assert!(agenda.retries());
    assert_eq!(agenda.take(at("2024-07-08T10:09:59Z"), present), None);
    let task = agenda.take(at("2024-07-08T10:10:00Z"), present).unwrap();
    assert_eq!((task.retry, task.run), (Some(retry("2024-07-08T10:10:00Z")), true));
    assert!(!agenda.retries());
    agenda.again("a", retry("2024-07-08T11:10:00Z"));
    let task = agenda.take(at("2024-07-08T11:00:00Z"), present).unwrap();
    assert_eq!((task.retry, task.due), (None, at("2024-07-08T11:00:00Z")));
    assert!(!agenda.retries());
    agenda.again("gone", retry("2024-07-08T11:10:00Z"));
    assert!(!agenda.retries());
}

#[test]
fn another_timetable_begins_when_it_is_read() {
    let mut agenda = agenda(&[("a", plan("0 * * * *", true))], "2024-07-08T10:00:00Z");
    let now = at("2024-07-08T10:30:00Z");
    let renewed =
        BTreeMap::from([("a".to_owned(), plan("*/5 * * * *", true)), ("b".to_owned(), plan("0 * * * *", true))]);
    agenda.renew(renewed, &BTreeMap::new(), now);
    assert_eq!(agenda.take(now, now), None);
    assert_eq!(agenda.next().unwrap(), (at("2024-07-08T10:35:00Z"), "a"));
    agenda.renew(BTreeMap::new(), &BTreeMap::new(), now);
    assert_eq!(agenda.next(), None);
}

#[test]
fn a_clock_set_back_repeats_nothing_and_one_far_ahead_is_not_waited_for() {
    let mut agenda = agenda(&[("a", plan("0 * * * *", true))], "2024-07-08T10:00:00Z");
    let plans = || BTreeMap::from([("a".to_owned(), plan("0 * * * *", true))]);
    assert!(agenda.take(at("2024-07-08T11:00:00Z"), Timestamp::MIN).is_some());
    let back = at("2024-07-08T10:59:00Z");
    agenda.renew(plans(), &BTreeMap::new(), back);
    assert_eq!(agenda.next().unwrap().0, at("2024-07-08T12:00:00Z"));
    assert!(agenda.take(at("2030-01-01T00:00:00Z"), Timestamp::MIN).is_some());
    agenda.renew(plans(), &BTreeMap::new(), back);
    assert_eq!(agenda.next().unwrap().0, at("2024-07-08T11:00:00Z"));
}

const LINES: [&str; 5] = ["*/7 * * * *", "30 3 * * *", "0 */6 * * 1-5", "15,45 2-4 * * *", "0 0 1 * *"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever is run and however long it takes, around both changes of the clocks: each time of each pipeline is run or
    /// told as missed, exactly once.
    #[test]
    fn nothing_is_forgotten_and_nothing_done_twice(
        autumn: bool,
        lines in proptest::collection::vec(0..LINES.len(), 1..4),
        steps in proptest::collection::vec((1_i64..20_000, 0_i64..30_000), 1..30),
    ) {
        let start = at(if autumn { "2024-10-26T12:00:00Z" } else { "2024-03-30T12:00:00Z" });
        let names: Vec<String> = (0..lines.len()).map(|n| format!("p{n}")).collect();
        let plans: BTreeMap<String, Plan> =
            names.iter().zip(&lines).map(|(name, line)| (name.clone(), plan(LINES[*line], true))).collect();
        let mut agenda = Agenda::default();
        agenda.renew(plans.clone(), &BTreeMap::new(), start);
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        let mut now = start;
        let mut add = |name: &str, number: usize| *counted.entry(name.to_owned()).or_default() += number;
        for (idle, took) in steps {
            now += SignedDuration::from_secs(idle);
            for _ in &names {
                let Some(task) = agenda.take(now, start) else { break };
                prop_assert!(task.due <= now && task.run);
                add(&task.pipeline, 1 + task.missed.map_or(0, |missed| missed.number));
                now += SignedDuration::from_secs(took);
                add(&task.pipeline, agenda.finished(&task.pipeline, now).map_or(0, |missed| missed.number));
            }
        }
        while let Some(task) = agenda.take(now, start) {
            add(&task.pipeline, 1 + task.missed.map_or(0, |missed| missed.number));
        }
        for (name, plan) in &plans {
            let all = std::iter::successors(plan.timetable.after(start), |moment| plan.timetable.after(*moment));
            let expected = all.take_while(|moment| *moment <= now).count();
            prop_assert_eq!(counted.get(name).copied().unwrap_or(0), expected, "{}", name);
        }
    }
}
