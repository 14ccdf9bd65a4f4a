//! Status events of requests: what a delivery does to the lake and to the timelines of its requests.

use std::fs;

use vienkop_connectors::lake::LakeError;
use vienkop_connectors::registry::{Difference, GateKind, Mode, RegistryError, Rows};
use vienkop_transforms::records::Records;
use vienkop_transforms::status::tables::LakeTable;

use crate::bench::{Bench, How, counts, delta, give, snapshot};
use crate::lake_model::{
    events, files, given, lake, listed, part, requests, rules, seen, sound, whole, with_services, with_uids,
};

const REQUESTS: [&str; 3] = ["1 S1 e-adrese 2024-07-01", "2 S2", "3"];
const EVENTS: [&str; 9] = [
    "1 iesniegts 2024-06-03T08:00 id=a",
    "1 izpildē 2024-06-04T08:00 id=b role=lietvedis",
    "1 gaida_klientu 2024-06-10T08:00 id=c",
    "1 izpildē 2024-07-02T08:00 id=d",
    "1 pabeigts 2024-07-05T08:00 id=e",
    "2 iesniegts 2024-05-31",
    "2 atteikts 2024-06-30",
    "3 melnraksts 2024-06-01T10:00 seq=1",
    "3 iesniegts 2024-06-01T10:00 seq=2",
];

/// Codes that merging events found, with how often.
fn found(difference: &Difference) -> Vec<(&'static str, u64)> {
    difference.found.iter().map(|(finding, count)| (finding.code, *count)).collect()
}

async fn check(bench: &Bench) {
    sound(bench, &rules(&[])).await;
}

async fn events_come_in_once(bench: Bench) {
    let bench = with_services(bench).await;
    let first = bench.deliver("a", &whole(), &given("a", &REQUESTS, &EVENTS)).await;
    assert_eq!(counts(&first, "status_event"), [9, 0, 0, 0, 0, 0]);
    check(&bench).await;
    assert_eq!(lake(&bench, LakeTable::StatusEvent).await.len(), 9);
    let steps = lake(&bench, LakeTable::RequestStep).await;
    assert_eq!(steps.iter().filter(|step| step.contains("|1|")).count(), steps.len(), "{steps:#?}");
    let current = "SELECT request_no, state, closed, elapsed_days, waits, loops, events, due_on
        FROM service_request_current ORDER BY request_no";
    let now = ["1|pabeigts|1|32|1|1|5|2024-07-01", "2|atteikts|1|30|0|0|2|NULL", "3|iesniegts|0|NULL|0|0|2|NULL"];
    assert_eq!(bench.ask(current).await, now);
    assert_eq!(bench.ask("SELECT holds FROM source_state WHERE source = 'a'").await, ["3"]);
    assert_eq!(
        bench.ask("SELECT DISTINCT month FROM lake_file WHERE kind = 'status_event' ORDER BY month").await,
        ["2024-05", "2024-06", "2024-07"]
    );

    let (before, on_disk) = (listed(&bench).await, files(&bench));
    let versions = bench.ask("SELECT count(*) FROM source_service_request").await;
    let again = bench.deliver("a", &whole(), &given("a", &REQUESTS, &EVENTS)).await;
    assert_eq!(counts(&again, "status_event"), [0, 0, 0, 9, 0, 0]);
    assert_eq!(counts(&again, "service_request"), [0, 0, 0, 3, 0, 0]);
    assert_eq!(listed(&bench).await, before);
    assert_eq!(files(&bench), on_disk);
    assert_eq!(bench.ask("SELECT count(*) FROM source_service_request").await, versions);
    assert_eq!(bench.ask("SELECT DISTINCT run FROM request_timeline").await, ["2"], "nothing was worked out again");
}

async fn halves_in_any_order_come_to_the_same(bench: Bench) {
    let mut all = Vec::new();
    for order in [&[0..9, 0..0][..], &[0..4, 4..9], &[4..9, 0..4], &[6..9, 2..7, 0..3]] {
        let bench = with_services(bench.another().await).await;
        for range in order {
            bench.deliver("a", &part(), &given("a", &REQUESTS, &EVENTS[range.clone()])).await;
            check(&bench).await;
        }
        all.push(seen(&bench).await);
    }
    // Rows of one delivery in another order, in several batches.
    let mut backwards = EVENTS;
    backwards.reverse();
    let bench = with_services(bench).await;
    let batches = [
        requests("a", &REQUESTS[2..], 1),
        events("a", &backwards[..4], 1001),
        requests("a", &REQUESTS[..2], 11),
        events("a", &backwards[4..], 1011),
    ];
    bench.deliver("a", &whole(), &batches).await;
    all.push(seen(&bench).await);
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{all:#?}");
}

async fn one_event_twice_counts_once(bench: Bench) {
    let lines = [
        "3 iesniegts 2024-06-01T10:00",
        "3 iesniegts 2024-06-01T10:00",
        "3 izpildē 2024-06-02T10:00 id=x",
        "3 izpildē 2024-06-03T10:00 id=x",
    ];
    let done = bench.deliver("a", &whole(), &given("a", &["3"], &lines)).await;
    assert_eq!(counts(&done, "status_event"), [2, 0, 0, 0, 0, 2]);
    assert_eq!(found(&done), [("K001", 1), ("K002", 1)]);
    assert_eq!(
        bench.ask("SELECT code, \"row\", hint FROM finding WHERE entity = 'status_event' ORDER BY code").await,
        ["K001|1001|Lapa!1002", "K002|1003|Lapa!1004"]
    );
    let held = lake(&bench, LakeTable::StatusEvent).await;
    assert!(held.iter().any(|event| event.contains("|x|") && event.contains("2024-06-03T")), "the later: {held:#?}");
    check(&bench).await;
}

async fn events_of_an_unknown_request_are_withheld(bench: Bench) {
    let lines = ["3 iesniegts 2024-06-01T10:00", "4 iesniegts 2024-06-01T10:00 id=z", "!3 pabeigts 2024-06-02T10:00"];
    let planned = bench.plan("a", &whole(), &given("a", &["3"], &lines)).await;
    let done = bench.deliver("a", &whole(), &given("a", &["3"], &lines)).await;
    assert_eq!(planned, done);
    assert_eq!(counts(&done, "status_event"), [1, 0, 0, 0, 2, 0]);
    assert_eq!(found(&done), [("K008", 1)]);
    let listed = "SELECT entity, \"row\", record_key FROM quarantine ORDER BY \"row\"";
    assert_eq!(
        bench.ask(listed).await,
        ["status_event|1002|90000000001 / 4", "status_event|1003|90000000001/3/2024-06-02T10:00:00Z/pabeigts"]
    );
    let cells = "SELECT c.\"column\", c.value FROM quarantine_cell c ORDER BY c.ordinal";
    assert_eq!(
        bench.ask(cells).await,
        [
            "institution_reg_no|90000000001",
            "request_no|4",
            "event_id|z",
            "state_raw|iesniegts",
            "at_raw|2024-06-01T10:00"
        ]
    );
    check(&bench).await;
    // Once the request is known they come in.
    let done = bench.deliver("a", &part(), &given("a", &["4"], &lines[1..2])).await;
    assert_eq!(counts(&done, "status_event"), [1, 0, 0, 0, 0, 0]);
    check(&bench).await;
}

async fn an_unknown_service_keeps_a_request_and_its_events_out(bench: Bench) {
    let bench = with_services(bench).await;
    let lines = ["1 iesniegts 2024-06-01T10:00", "1 pabeigts 2024-06-02T10:00", "2 iesniegts 2024-06-01T10:00"];
    let done = bench.deliver("a", &whole(), &given("a", &["1 S9", "2 S1"], &lines)).await;
    assert_eq!(counts(&done, "service_request"), [1, 0, 0, 0, 1, 0]);
    assert_eq!(counts(&done, "status_event"), [1, 0, 0, 0, 2, 0]);
    assert_eq!(found(&done), [("K008", 2)]);
    assert_eq!(bench.ask("SELECT count(*) FROM finding WHERE code = 'K007'").await, ["1"]);
    check(&bench).await;
    // Mended.
    let done = bench.deliver("a", &whole(), &given("a", &["1 S2", "2 S1"], &lines)).await;
    assert_eq!(counts(&done, "service_request"), [1, 0, 0, 1, 0, 0]);
    assert_eq!(counts(&done, "status_event"), [2, 0, 0, 1, 0, 0]);
    check(&bench).await;
    // Broken again: what is held stays, and what happens to it comes in.
    let more = [lines.as_slice(), &["1 atkārtoti_atvērts 2024-06-03T10:00"]].concat();
    let done = bench.deliver("a", &whole(), &given("a", &["1 S9", "2 S1"], &more)).await;
    assert_eq!(counts(&done, "service_request"), [0, 0, 0, 1, 1, 0]);
    assert_eq!(counts(&done, "status_event"), [1, 0, 0, 3, 0, 0]);
    check(&bench).await;
}

async fn a_request_that_changes_changes_in_the_lake(bench: Bench) {
    let bench = with_services(bench).await;
    bench.deliver("a", &whole(), &given("a", &REQUESTS, &EVENTS)).await;
    let events_before = lake(&bench, LakeTable::StatusEvent).await;
    // The same events come, then only the requests.
    bench.deliver("a", &whole(), &given("a", &["1 S2 API", REQUESTS[1], REQUESTS[2]], &EVENTS)).await;
    check(&bench).await;
    // As a delta and as a snapshot; events that do not come stay.
    for (how, line) in [(delta(&["service_request"]), "1 S2 e-pasts"), (snapshot(&["service_request"]), "1 S1 API")] {
        let how = How { timelines: Some(rules(&[])), ..how };
        let lines = [line, REQUESTS[1], REQUESTS[2]];
        let lines = if how.snapshot { &lines[..] } else { &lines[..1] };
        let done = bench.deliver("a", &how, &[requests("a", lines, 1)]).await;
        assert_eq!(counts(&done, "service_request")[..3], [0, 1, 0]);
        check(&bench).await;
        let service = format!("|pakalpojuma pieprasījums|{}|", line[2..].replace(' ', "|"));
        for table in [LakeTable::RequestStep, LakeTable::RequestTimeline] {
            let rows = lake(&bench, table).await;
            assert!(rows.iter().any(|row| row.contains(&service)), "{rows:#?}");
        }
    }
    assert_eq!(lake(&bench, LakeTable::StatusEvent).await, events_before);
    // Only events come.
    let how = How { timelines: Some(rules(&[])), ..delta(&["status_event"]) };
    let done = bench.deliver("a", &how, &[events("a", &["3 anulēts 2024-08-01T10:00"], 1)]).await;
    assert_eq!(counts(&done, "status_event"), [1, 0, 0, 0, 0, 0]);
    check(&bench).await;
    // As a snapshot too: events are never retired.
    let how = How { timelines: Some(rules(&[])), ..snapshot(&["status_event"]) };
    let done = bench.deliver("a", &how, &[events("a", &["3 anulēts 2024-08-01T10:00"], 1)]).await;
    assert_eq!(counts(&done, "status_event"), [0, 0, 0, 1, 0, 0]);
    assert_eq!(lake(&bench, LakeTable::StatusEvent).await.len(), 10);
    check(&bench).await;
}

async fn a_retired_request_leaves_its_events(bench: Bench) {
    let bench = with_services(bench).await;
    bench.deliver("a", &whole(), &given("a", &REQUESTS, &EVENTS)).await;
    let before = seen(&bench).await;
    let done = bench.deliver("a", &whole(), &given("a", &REQUESTS[1..], &EVENTS)).await;
    assert_eq!(counts(&done, "service_request"), [0, 0, 1, 2, 0, 0]);
    assert_eq!(counts(&done, "status_event"), [0, 0, 0, 4, 5, 0], "events of a request that is gone");
    assert_eq!(lake(&bench, LakeTable::StatusEvent).await, before[0]);
    for table in [LakeTable::RequestStep, LakeTable::RequestTimeline] {
        assert!(lake(&bench, table).await.iter().all(|row| !row.contains("|90000000001|1|")), "{}", table.name());
    }
    check(&bench).await;
    let done = bench.deliver("a", &whole(), &[requests("a", &REQUESTS, 1)]).await;
    assert_eq!(counts(&done, "service_request"), [1, 0, 0, 2, 0, 0]);
    check(&bench).await;
    assert_eq!(seen(&bench).await, before);
}

async fn a_changed_event_replaces(bench: Bench) {
    let bench = with_services(bench).await;
    bench.deliver("a", &whole(), &given("a", &REQUESTS, &EVENTS)).await;
    let mut changed = EVENTS;
    // Another month, another state.
    changed[4] = "1 atteikts 2024-08-05T08:00 id=e";
    let planned = bench.plan("a", &whole(), &given("a", &REQUESTS, &changed)).await;
    let done = bench.deliver("a", &whole(), &given("a", &REQUESTS, &changed)).await;
    assert_eq!(planned, done);
    assert_eq!(counts(&done, "status_event"), [0, 1, 0, 8, 0, 0]);
    check(&bench).await;
    let after = seen(&bench).await;
    let other = with_services(bench.another().await).await;
    other.deliver("a", &whole(), &given("a", &REQUESTS, &changed)).await;
    assert_eq!(after, seen(&other).await);
    // Back again.
    bench.deliver("a", &whole(), &given("a", &REQUESTS, &EVENTS)).await;
    check(&bench).await;
}

async fn a_gate_leaves_the_lake_alone(bench: Bench) {
    let bench = with_services(bench).await;
    bench.deliver("a", &whole(), &given("a", &REQUESTS, &EVENTS)).await;
    let (before, list, on_disk) = (seen(&bench).await, listed(&bench).await, files(&bench));
    let gates = [
        (How { quarantined: 0.1, ..whole() }, GateKind::Quarantined, vec!["!3 pabeigts 2024-09-01T10:00"; 2]),
        (How { retired: 0.1, approve: false, ..whole() }, GateKind::Retires, vec!["3 pabeigts 2024-09-01T10:00"]),
    ];
    for (how, kind, lines) in gates {
        let done = bench.deliver("a", &how, &given("a", &REQUESTS[1..], &lines)).await;
        assert_eq!(done.gate.map(|gate| gate.kind), Some(kind));
        assert_eq!(seen(&bench).await, before);
        assert_eq!(listed(&bench).await, list);
        assert_eq!(files(&bench), on_disk);
    }
    check(&bench).await;
}

async fn a_plan_writes_nothing_and_comes_true(bench: Bench) {
    let bench = with_services(bench).await;
    let deliveries = [given("a", &REQUESTS[1..], &EVENTS), given("a", &REQUESTS[..2], &EVENTS[3..])];
    for delivery in deliveries {
        let (list, on_disk) = (listed(&bench).await, everything(&bench));
        let planned = bench.plan("a", &whole(), &delivery).await;
        assert_eq!(listed(&bench).await, list);
        assert_eq!(everything(&bench), on_disk);
        let done = bench.deliver("a", &whole(), &delivery).await;
        assert_eq!(planned, done);
        check(&bench).await;
    }
}

/// Names of all files and folders of the lake.
fn everything(bench: &Bench) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![bench.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path.clone());
            }
            found.push(path);
        }
    }
    found.retain(|path| !path.to_string_lossy().contains("registry.db"));
    found.sort();
    found
}

async fn other_rules_make_timelines_anew(bench: Bench) {
    let bench = with_services(bench).await;
    bench.deliver("a", &whole(), &given("a", &REQUESTS, &EVENTS)).await;
    let before = seen(&bench).await;
    // A holiday more; nothing new is delivered.
    let how = How { timelines: Some(rules(&["2024-06-05"])), ..part() };
    let planned = bench.plan("a", &how, &[]).await;
    let done = bench.deliver("a", &how, &[]).await;
    assert_eq!(planned, done);
    sound(&bench, &rules(&["2024-06-05"])).await;
    let after = seen(&bench).await;
    assert_eq!(before[0], after[0]);
    assert!(before[1..4].iter().zip(&after[1..4]).all(|(before, after)| before != after), "{after:#?}");
    let list = listed(&bench).await;
    bench.deliver("a", &how, &[]).await;
    assert_eq!(listed(&bench).await, list, "once is enough");
    bench.deliver("a", &part(), &[]).await;
    check(&bench).await;
    assert_eq!(seen(&bench).await, before);
}

async fn replaced_files_stay_for_a_run(bench: Bench) {
    let bench = with_services(bench).await;
    let first = ["3 iesniegts 2024-06-01T10:00 id=a"];
    bench.deliver("a", &whole(), &given("a", &["3"], &first)).await;
    let live = bench.ask("SELECT path FROM lake_file WHERE retired_run IS NULL ORDER BY path").await;
    let orphan = files(&bench)[0].0.with_file_name("0123456789abcdef.parquet");
    fs::write(&orphan, "x").unwrap();
    let replaced = ["3 iesniegts 2024-06-01T11:00 id=a"];
    bench.deliver("a", &whole(), &given("a", &["3"], &replaced)).await;
    assert!(!orphan.exists(), "orphans are swept");
    let retired = bench.ask("SELECT path FROM lake_file WHERE retired_run IS NOT NULL ORDER BY path").await;
    assert_eq!(retired, live, "readers may still be at it");
    check(&bench).await;
    // Another source's run is nothing to this one, nor is its next: whoever began to read before may not be done.
    bench.deliver("b", &whole(), &given("b", &["9"], &[])).await;
    bench.deliver("a", &whole(), &given("a", &["3"], &["3 iesniegts 2024-06-01T12:00 id=a"])).await;
    let left = bench.ask("SELECT path FROM lake_file WHERE retired_run IS NOT NULL ORDER BY path").await;
    assert!(left.len() == 2 * live.len() && live.iter().all(|path| left.contains(path)), "{left:?}");
    bench.deliver("a", &whole(), &given("a", &["3"], &["3 iesniegts 2024-06-01T13:00 id=a"])).await;
    let left = bench.ask("SELECT path FROM lake_file WHERE retired_run IS NOT NULL ORDER BY path").await;
    assert!(left.len() == 2 * live.len() && live.iter().all(|path| !left.contains(path)), "{left:?}");
    // What was is again: a file of the same name is live once more.
    bench.deliver("a", &whole(), &given("a", &["3"], &replaced)).await;
    check(&bench).await;
}

async fn a_missing_file_is_named_and_nothing_is_half_loaded(bench: Bench) {
    let bench = with_services(bench).await;
    bench.deliver("a", &whole(), &given("a", &["3"], &["3 iesniegts 2024-06-01T10:00"])).await;
    let of_events =
        files(&bench).into_iter().find(|(path, _)| path.to_string_lossy().contains("status_event")).unwrap();
    fs::remove_file(&of_events.0).unwrap();
    let before = bench.ask("SELECT count(*) FROM source_service_request").await;
    let run = bench.begin(Mode::Run).await;
    let mut stage = run.stage("a").await.unwrap();
    give(&mut stage, &given("a", &["3 - e-pasts"], &["3 pabeigts 2024-06-03T10:00"])).await;
    let planned = stage.difference(&whole().delivery()).await.unwrap();
    let error = planned.apply(Rows::default(), 0.1).await.unwrap_err();
    let named = matches!(&error, RegistryError::Lake(LakeError::Missing { path }) if *path == of_events.0);
    assert!(named, "{error:?}");
    assert_eq!(bench.ask("SELECT count(*) FROM source_service_request").await, before);
    // The other sources of the run go on.
    crate::bench::one(&run, "b", &whole(), &given("b", &["9"], &["9 iesniegts 2024-06-01T10:00"])).await;
    run.finish("attention", "2030-01-01T00:00:00Z").await.unwrap();
    assert!(bench.registry.lake_table(LakeTable::StatusEvent).await.is_err());
    // Put back, all is well.
    fs::write(&of_events.0, &of_events.1).unwrap();
    let done = bench.deliver("a", &whole(), &given("a", &["3"], &["3 pabeigts 2024-06-03T10:00"])).await;
    assert_eq!(counts(&done, "status_event"), [1, 0, 0, 0, 0, 0]);
    assert_eq!(lake(&bench, LakeTable::StatusEvent).await.len(), 3);
}

async fn rows_of_one_request_complete_each_other(bench: Bench) {
    let bench = with_services(bench).await;
    let how = How { repeats: vec!["service_request"], ..whole() };
    // Over two batches: the last filled value of each field counts.
    let batches = |source: &str| -> Vec<Records> {
        vec![
            requests(source, &["1 S1 e-adrese", "1 - e-pasts", "2 S1"], 1),
            requests(source, &["1 - - 2024-07-01", "!1 S2", "3"], 11),
            events(source, &["1 iesniegts 2024-06-01T10:00"], 1001),
        ]
    };
    let done = bench.deliver("a", &how, &batches("a")).await;
    assert_eq!(counts(&done, "service_request"), [3, 0, 0, 0, 1, 0]);
    let held = "SELECT request_no, service_code, channel, due_at FROM source_service_request
        WHERE source = 'a' AND valid_to IS NULL ORDER BY request_no";
    assert_eq!(bench.ask(held).await, ["1|S1|e-pasts|2024-07-01T09:00:00Z", "2|S1|NULL|NULL", "3|NULL|NULL|NULL"]);
    assert_eq!(bench.ask("SELECT count(*) FROM finding WHERE code IN ('K001', 'K002')").await, ["0"]);
    check(&bench).await;
    let again = bench.deliver("a", &how, &batches("a")).await;
    assert_eq!(counts(&again, "service_request"), [0, 0, 0, 3, 1, 0]);
}

/// What a value was made of stays with the value that it was made of.
async fn raw_texts_stay_with_their_values(bench: Bench) {
    let how = How { repeats: vec!["service_request"], ..whole() };
    let columns = ["institution_reg_no", "request_no", "kind", "channel"];
    let rows: [&[&str]; 2] =
        [&["90000000001", "1", "sūdzība", "e-pasts"], &["90000000001", "1", "sūdzība", "tālrunis"]];
    let mut records = with_uids("a", crate::bench::records("a", "service_request", &columns, &rows));
    let raw = polars::prelude::Column::new("channel_raw".into(), [Some("E-PASTS"), None::<&str>]);
    records.frame.with_column(raw).unwrap();
    bench.deliver("a", &how, &[records]).await;
    assert_eq!(bench.ask("SELECT channel, channel_raw FROM source_service_request").await, ["tālrunis|NULL"]);
}

battery!(
    events_come_in_once,
    halves_in_any_order_come_to_the_same,
    one_event_twice_counts_once,
    events_of_an_unknown_request_are_withheld,
    an_unknown_service_keeps_a_request_and_its_events_out,
    a_request_that_changes_changes_in_the_lake,
    a_retired_request_leaves_its_events,
    a_changed_event_replaces,
    a_gate_leaves_the_lake_alone,
    a_plan_writes_nothing_and_comes_true,
    other_rules_make_timelines_anew,
    replaced_files_stay_for_a_run,
    a_missing_file_is_named_and_nothing_is_half_loaded,
    rows_of_one_request_complete_each_other,
    raw_texts_stay_with_their_values,
);
