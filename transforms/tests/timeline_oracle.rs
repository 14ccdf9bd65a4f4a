//! Timelines against an independent computation of them (see `oracle/`), over generated requests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod oracle;

use jiff::Timestamp;
use jiff::civil::Date;
use oracle::requests::{Request, Step};
use polars::prelude::*;
use proptest::prelude::*;
use vienkop_transforms::finding;
use vienkop_transforms::status::tables::LakeTable;
use vienkop_transforms::status::timeline::{Timelines, timelines};

/// A frame as lines of cells, times and days as people write them.
fn cells(frame: &DataFrame) -> Vec<Vec<String>> {
    let cell = |value: AnyValue<'_>| match value {
        AnyValue::Null => "-".to_owned(),
        AnyValue::Datetime(at, ..) | AnyValue::DatetimeOwned(at, ..) => {
            Timestamp::from_microsecond(at).unwrap().to_string()
        }
        AnyValue::String(text) => text.to_owned(),
        AnyValue::StringOwned(text) => text.to_string(),
        other => other.to_string(),
    };
    let columns = frame.columns();
    (0..frame.height()).map(|row| columns.iter().map(|column| cell(column.get(row).unwrap())).collect()).collect()
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn request_cells(request: &Request) -> Vec<String> {
    let text = |value: &Option<String>| shown(value.clone());
    let at = |value: Option<Timestamp>| shown(value);
    let on = |value: Option<Date>| shown(value);
    vec![
        request.bucket.to_string(),
        request.institution_reg_no.clone(),
        request.request_no.clone(),
        text(&request.kind),
        text(&request.service_code),
        text(&request.channel),
        text(&request.applicant_kind),
        text(&request.derivation),
        text(&request.precision),
        text(&request.state),
        request.closed.to_string(),
        text(&request.result),
        at(request.submitted_at),
        on(request.submitted_on),
        at(request.closed_at),
        on(request.closed_on),
        on(request.due_on),
        shown(request.elapsed_seconds),
        shown(request.working_seconds),
        shown(request.elapsed_days),
        shown(request.elapsed_months),
        shown(request.working_days),
        request.waiting_seconds.to_string(),
        request.suspended_seconds.to_string(),
        request.third_party_seconds.to_string(),
        request.waits.to_string(),
        request.loops.to_string(),
        request.reopened.to_string(),
        request.appeals.to_string(),
        request.events.to_string(),
        at(request.first_at),
        at(request.last_at),
        at(request.state_since),
        on(request.state_since_on),
    ]
}

fn step_cells(request: &Request, step: &Step) -> Vec<String> {
    let text = |value: &Option<String>| shown(value.clone());
    vec![
        request.bucket.to_string(),
        request.institution_reg_no.clone(),
        request.request_no.clone(),
        step.ordinal.to_string(),
        text(&request.kind),
        text(&request.service_code),
        text(&request.channel),
        text(&request.derivation),
        step.precision.clone(),
        step.state.clone(),
        step.visit.to_string(),
        step.counted.to_string(),
        step.from.to_string(),
        shown(step.to),
        step.from_on.to_string(),
        shown(step.to_on),
        shown(step.elapsed_seconds),
        shown(step.working_seconds),
        shown(request.closed_on.filter(|_| request.closed)),
        shown(step.to_close_seconds),
    ]
}

fn check(found: &DataFrame, expected: &[Vec<String>]) {
    let found = cells(found);
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found, expected, "row {index}");
    }
    assert_eq!(found.len(), expected.len());
}

fn compare(seed: u64, count: usize) -> Timelines {
    let (events, requests) = oracle::generate(seed, count);
    let found = timelines(&events, &requests, &oracle::rules()).unwrap();
    assert_eq!(**found.requests.schema(), LakeTable::RequestTimeline.schema());
    assert_eq!(**found.steps.schema(), LakeTable::RequestStep.schema());
    let expected = oracle::requests::timelines(&events, &requests);
    check(&found.requests, &expected.iter().map(request_cells).collect::<Vec<_>>());
    let steps = |request: &Request| request.steps.iter().map(|step| step_cells(request, step)).collect::<Vec<_>>();
    check(&found.steps, &expected.iter().flat_map(steps).collect::<Vec<_>>());
    found
}

#[test]
fn generated_requests() {
    let found = compare(2024, 4000);
    // The generator makes every kind of oddity, or the comparison would say little.
    for rule in finding::RULES.iter().filter(|rule| rule.code.starts_with('T') && rule.code != "T007") {
        let count = found.findings.iter().filter(|finding| finding.code == rule.code).count();
        assert!(count > 20, "{}: {count}", rule.code);
    }
    assert!(found.unknown_years.contains(&2014), "{:?}", found.unknown_years);
    let counted = |column: &str| found.requests.column(column).unwrap().i32().unwrap().sum().unwrap();
    for column in ["waits", "loops", "reopened", "appeals"] {
        assert!(counted(column) > 100, "{column}: {}", counted(column));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_requests(seed in any::<u64>(), count in 0_usize..60) {
        compare(seed, count);
    }

    #[test]
    fn the_order_of_rows_never_matters(seed in any::<u64>(), other in any::<u64>()) {
        let (events, requests) = oracle::generate(seed, 30);
        let shuffled = |frame: &DataFrame| {
            let mut rows: Vec<IdxSize> = (0..frame.height() as IdxSize).collect();
            oracle::generate::Dice::new(other).shuffle(&mut rows);
            frame.take(&IdxCa::from_vec("row".into(), rows)).unwrap()
        };
        let rules = oracle::rules();
        let found = timelines(&events, &requests, &rules).unwrap();
        let again = timelines(&shuffled(&events), &shuffled(&requests), &rules).unwrap();
        prop_assert!(found.requests.equals_missing(&again.requests));
        prop_assert!(found.steps.equals_missing(&again.steps));
        prop_assert_eq!(found.findings, again.findings);
        prop_assert_eq!(found.unknown_years, again.unknown_years);
    }

    #[test]
    fn portions_come_to_the_same(seed in any::<u64>(), half in 0_usize..30) {
        let (events, requests) = oracle::generate(seed, 30);
        let rules = oracle::rules();
        let whole = timelines(&events, &requests, &rules).unwrap();
        let (one, other) = requests.split_at(half as i64);
        let one = timelines(&events, &one, &rules).unwrap();
        let other = timelines(&events, &other, &rules).unwrap();
        let mut rows = [cells(&one.steps), cells(&other.steps)].concat();
        let mut all = cells(&whole.steps);
        rows.sort();
        all.sort();
        prop_assert!(rows == all);
    }
}
