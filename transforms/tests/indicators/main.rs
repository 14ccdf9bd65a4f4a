//! The indicators agree with an independent, slow, obvious computation (`oracle.rs`) over generated requests with all oddities
//! (`generate.rs`): counts exactly, quantiles to a millionth.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::float_cmp)]

mod frames;
mod generate;
mod oracle;
#[path = "../oracle/mod.rs"]
mod timelines;
mod world;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use vienkop_transforms::status::indicators::{Dimension, Indicators, MEMORY, Query};

use generate::World;

fn queries() -> Vec<(&'static str, Query)> {
    queries_of("01", generate::INSTITUTIONS[1])
}

fn queries_of(service: &str, institution: &str) -> Vec<(&'static str, Query)> {
    let all = Query::all(date(2025, 3, 31), TimeZone::get("Europe/Riga").unwrap());
    let period = |from: Option<Date>, to: Option<Date>| Query { from, to, ..all.clone() };
    vec![
        ("everything", all.clone()),
        ("a year", period(Some(date(2024, 1, 1)), Some(date(2024, 12, 31)))),
        ("a month that ends on a Sunday", period(Some(date(2024, 6, 1)), Some(date(2024, 6, 30)))),
        ("until a day", period(None, Some(date(2024, 2, 29)))),
        ("beyond today", period(Some(date(2025, 1, 1)), Some(date(2030, 1, 1)))),
        ("a service", Query { service: Some(service.to_owned()), ..all.clone() }),
        (
            "an institution in a period",
            Query { institution: Some(institution.to_owned()), ..period(Some(date(2024, 5, 1)), None) },
        ),
        ("nothing", Query { service: Some("none".to_owned()), ..all }),
    ]
}

fn check(world: &World, memory: u64, queries: Vec<(&'static str, Query)>) {
    for (number, (name, query)) in queries.into_iter().enumerate() {
        let oracle = oracle::Oracle { world, query: &query };
        let measured = Indicators::new(world.inputs(), query.clone()).unwrap().with_memory(memory);
        // All dimensions for the first question; the others differ in which requests they are about.
        let dimensions = if number == 0 { &Dimension::ALL[..] } else { &[Dimension::Finest] };
        for dimension in dimensions {
            for by_derivation in [false, true] {
                if number > 0 && by_derivation {
                    continue;
                }
                let told = format!("{name}, {}, derivation {by_derivation}", dimension.name());
                let mut keys = dimension.keys().to_vec();
                if by_derivation {
                    keys.push("derivation");
                }
                frames::compare(
                    &format!("requests, {told}"),
                    &measured.requests(*dimension, by_derivation).unwrap(),
                    &keys,
                    &oracle.requests(&keys),
                );
                keys.push("state");
                frames::compare(
                    &format!("steps, {told}"),
                    &measured.steps(*dimension, by_derivation).unwrap(),
                    &keys,
                    &oracle.steps(&keys),
                );
            }
            let mut keys: Vec<&str> = dimension.keys().iter().copied().filter(|key| *key != "month").collect();
            keys.push("state");
            let told = format!("forecast, {name}, {}", dimension.name());
            frames::compare(&told, &measured.forecast(*dimension).unwrap(), &keys, &oracle.forecast(&keys));
        }
        frames::compare(
            &format!("other kinds, {name}"),
            &measured.other_kinds().unwrap(),
            &["kind"],
            &oracle.other_kinds(),
        );
        let keys = ["institution_reg_no", "service_code", "year"];
        frames::compare(&format!("clause 3.1, {name}"), &measured.clause_3_1().unwrap(), &keys, &oracle.clause_3_1());
    }
}

#[test]
fn sql_agrees_with_the_oracle() {
    check(&World::generate(1, 4000), MEMORY, queries());
}

/// From what sources said: events through `timelines()` and SQL, against two slow computations one after the other.
#[test]
fn sql_over_timelines_of_events_agrees_with_both_oracles() {
    check(&world::from_events(7, 2500), MEMORY, queries_of("P-1", "90000000022"));
}

#[test]
fn little_memory_changes_nothing() {
    check(&World::generate(2, 400), 2_000, queries().drain(..1).collect());
}

/// What a duration becomes.
type Duration = fn(usize, i64) -> Option<i64>;

/// Kinds of durations that narrowing down has to get right: many items, each with few values in a little memory.
#[test]
fn durations_of_every_kind_in_a_little_memory() {
    let kinds: [(&str, usize, Duration); 7] = [
        ("all alike", 150, |_, _| Some(864_000)),
        ("days only", 150, |_, seconds| Some(seconds / 86_400 * 86_400)),
        ("mostly unknown", 150, |number, seconds| (number % 7 == 0).then_some(seconds)),
        ("none known", 60, |_, _| None),
        ("huge", 150, |number, seconds| Some(seconds * 1_000_000_000 + number as i64)),
        ("one request", 1, |_, seconds| Some(seconds)),
        ("two requests", 2, |_, seconds| Some(seconds)),
    ];
    for (name, count, duration) in kinds {
        let mut world = World::generate(11, count);
        for (number, request) in world.requests.iter_mut().enumerate() {
            request.elapsed_seconds = request.elapsed_seconds.and_then(|seconds| duration(number, seconds));
            request.working_seconds = request.working_seconds.and_then(|seconds| duration(number, seconds));
        }
        for (number, step) in world.steps.iter_mut().enumerate() {
            step.elapsed_seconds = step.elapsed_seconds.and_then(|seconds| duration(number, seconds));
            step.working_seconds = step.working_seconds.and_then(|seconds| duration(number, seconds));
            step.to_close_seconds = step.to_close_seconds.and_then(|seconds| duration(number, seconds));
        }
        let (_, everything) = queries().swap_remove(0);
        check(&world, 2_000, vec![(name, everything)]);
    }
}

/// Polars takes into memory what its streaming engine has no way for, whole tables and without a word, unless it is asked to
/// tell what it does.
#[test]
fn nothing_is_taken_into_memory_as_a_whole() {
    let told = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "little_memory_changes_nothing", "--nocapture"])
        .env("POLARS_VERBOSE", "1")
        .output()
        .unwrap();
    assert!(told.status.success());
    let told = String::from_utf8_lossy(&told.stderr);
    let runs = |node: &str| told.lines().filter(|line| line.contains(&format!("running {node} in subgraph"))).count();
    assert!(runs("group-by") > 0, "Polars tells something else than expected");
    assert_eq!(runs("in-memory-map"), 0);
    assert_eq!(runs("in-memory-join"), 0);
}

#[test]
fn an_empty_lake_gives_empty_results() {
    check(&World::generate(3, 0), 100, queries().drain(..1).collect());
}
