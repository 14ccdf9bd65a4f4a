//! What contradicts: decisions and keys, decisions and later decisions, runs at the same time, rows that cannot be
//! read, texts that a database cannot hold.

use polars::prelude::Column;
use vienkop_connectors::format::Rejected;
use vienkop_connectors::registry::{Decision, GateKind, Mode, ReviewPair, Reviewed, Rows};
use vienkop_transforms::finding::{self, Finding};

use crate::bench::{Bench, How, OWNER, counts, one, priority, records, services, snapshot, steps};

const NAME: &str = "Dzīvesvietas deklarēšana";
const OTHER: &str = "90000000002";
const THIRD: &str = "90000000003";

async fn deliver(bench: &Bench, source: &str, rows: &[(&str, &str, &str)]) {
    let cells: Vec<[&str; 5]> = rows
        .iter()
        .map(|(owner, code, name)| [*owner, *code, *name, r#"["iedzivotajs"]"#, r#"["klatiene"]"#])
        .collect();
    let cells: Vec<&[&str]> = cells.iter().map(<[&str; 5]>::as_slice).collect();
    let given = records(source, "service", &["owner_reg_no", "code", "name", "audience", "request_channels"], &cells);
    bench.deliver(source, &How { matching: true, ..snapshot(&["service"]) }, &[given]).await;
}

async fn decide(bench: &Bench, decision: Decision) -> Reviewed {
    bench.registry.decide(&decision, &bench.start().started_at, "2025-01-01").await.unwrap()
}

async fn done(bench: &Bench, decision: Decision) {
    let reviewed = decide(bench, decision.clone()).await;
    assert!(matches!(reviewed, Reviewed::Done { .. }), "{decision:?}: {reviewed:?}");
    bench.sound().await;
}

const CODES: &str = "SELECT code FROM service_current ORDER BY code";
const UIDS: &str = "SELECT code, count(DISTINCT uid) FROM service GROUP BY code ORDER BY code";

/// One service as three sources (and owners) know it, the pairs waiting.
async fn three(bench: &Bench) {
    deliver(bench, "a", &[(OWNER, "A", NAME)]).await;
    deliver(bench, "b", &[(OTHER, "B", NAME)]).await;
    deliver(bench, "c", &[(THIRD, "C", NAME)]).await;
    assert_eq!(bench.ask(CODES).await, ["A", "B", "C"]);
}

async fn again(bench: &Bench) {
    deliver(bench, "a", &[(OWNER, "A", "Deklarēšana")]).await;
    deliver(bench, "b", &[(OTHER, "B", "Deklarēšana")]).await;
    deliver(bench, "c", &[(THIRD, "C", "Deklarēšana")]).await;
    bench.sound().await;
    deliver(bench, "a", &[(OWNER, "A", NAME)]).await;
    deliver(bench, "b", &[(OTHER, "B", NAME)]).await;
    deliver(bench, "c", &[(THIRD, "C", NAME)]).await;
    bench.sound().await;
}

async fn pair(bench: &Bench, left: &str, right: &str) -> ReviewPair {
    let all = bench.registry.review_list(true, 10).await.unwrap();
    let of = |pair: &ReviewPair| (pair.left.code.clone().unwrap(), pair.right.code.clone().unwrap());
    all.into_iter().find(|pair| of(pair) == (left.into(), right.into())).unwrap()
}

async fn a_service_known_by_key_is_not_matched_to_another_record_of_the_delivery(bench: Bench) {
    deliver(&bench, "a", &[(OWNER, "A", NAME)]).await;
    deliver(&bench, "b", &[(OWNER, "A", NAME), (OWNER, "17", NAME)]).await;
    assert_eq!(bench.ask(CODES).await, ["17", "A"]);
    bench.sound().await;
}

async fn a_rejected_pair_accepted_late_follows_what_was_merged_meanwhile(bench: Bench) {
    three(&bench).await;
    let late = pair(&bench, "C", "B").await;
    let other = pair(&bench, "C", "A").await;
    done(&bench, Decision::Reject(late.id)).await;
    done(&bench, Decision::Reject(other.id)).await;
    done(&bench, Decision::Accept(pair(&bench, "B", "A").await.id)).await;
    assert_eq!(bench.ask(CODES).await, ["A", "C"]);
    done(&bench, Decision::Accept(late.id)).await;
    assert_eq!(bench.ask(CODES).await, ["A"]);
    again(&bench).await;
    assert_eq!(bench.ask(CODES).await, ["A"]);
    let contradicting =
        bench.ask("SELECT uid FROM match_decision WHERE status = 'accepted' GROUP BY uid HAVING count(*) > 1");
    assert_eq!(contradicting.await, Vec::<String>::new());
}

async fn a_merge_is_taken_back_after_a_further_one(bench: Bench) {
    three(&bench).await;
    done(&bench, Decision::Accept(pair(&bench, "C", "B").await.id)).await;
    done(&bench, Decision::Accept(pair(&bench, "B", "A").await.id)).await;
    assert_eq!(bench.ask(CODES).await, ["A"]);
    done(&bench, Decision::Undo(pair(&bench, "C", "B").await.id)).await;
    assert_eq!(bench.ask(CODES).await, ["A", "C"]);
    again(&bench).await;
    assert_eq!(bench.ask(CODES).await, ["A", "C"]);
    done(&bench, Decision::Undo(pair(&bench, "B", "A").await.id)).await;
    again(&bench).await;
    assert_eq!(bench.ask(CODES).await, ["A", "B", "C"]);
    assert_eq!(bench.ask(UIDS).await, ["A|1", "B|1", "C|1"]);
}

async fn what_is_separated_becomes_what_it_was_before_all_merges(bench: Bench) {
    three(&bench).await;
    done(&bench, Decision::Accept(pair(&bench, "C", "B").await.id)).await;
    done(&bench, Decision::Accept(pair(&bench, "B", "A").await.id)).await;
    let uid = bench.ask("SELECT uid FROM service_current").await.remove(0);
    done(&bench, Decision::Separate { uid: uid.clone(), source: "c".into() }).await;
    assert_eq!(bench.ask(CODES).await, ["A", "C"]);
    again(&bench).await;
    assert_eq!(bench.ask(CODES).await, ["A", "C"]);
    done(&bench, Decision::Separate { uid, source: "b".into() }).await;
    again(&bench).await;
    assert_eq!(bench.ask(CODES).await, ["A", "B", "C"]);
    assert_eq!(bench.ask(UIDS).await, ["A|1", "B|1", "C|1"]);
}

async fn what_came_after_a_merge_is_given_back_with_it(bench: Bench) {
    deliver(&bench, "a", &[(OWNER, "A", NAME)]).await;
    deliver(&bench, "b", &[(OTHER, "B", NAME)]).await;
    done(&bench, Decision::Accept(pair(&bench, "B", "A").await.id)).await;
    // Another source brings the service that was merged, by its own key.
    deliver(&bench, "d", &[(OTHER, "B", "Deklarēšana")]).await;
    assert_eq!(bench.ask(CODES).await, ["A"]);
    done(&bench, Decision::Undo(pair(&bench, "B", "A").await.id)).await;
    assert_eq!(bench.ask(CODES).await, ["A", "B"]);
    deliver(&bench, "b", &[]).await;
    assert_eq!(bench.ask(CODES).await, ["A", "B"]);
    deliver(&bench, "d", &[]).await;
    assert_eq!(bench.ask(CODES).await, ["A"]);
    bench.sound().await;
}

async fn two_records_of_a_source_are_separated_each_to_its_own(bench: Bench) {
    deliver(&bench, "a", &[(OWNER, "A", NAME)]).await;
    deliver(&bench, "b", &[(OTHER, "B", NAME), (THIRD, "C", NAME)]).await;
    done(&bench, Decision::Accept(pair(&bench, "B", "A").await.id)).await;
    done(&bench, Decision::Accept(pair(&bench, "C", "A").await.id)).await;
    assert_eq!(bench.ask(CODES).await, ["A"]);
    let uid = bench.ask("SELECT uid FROM service_current").await.remove(0);
    done(&bench, Decision::Separate { uid, source: "b".into() }).await;
    assert_eq!(bench.ask(CODES).await, ["A", "B", "C"]);
    assert_eq!(bench.ask(UIDS).await, ["A|1", "B|1", "C|1"]);
}

async fn groups_are_of_services_that_are_there(bench: Bench) {
    deliver(&bench, "a", &[(OWNER, "A", NAME)]).await;
    let uid = bench.ask("SELECT uid FROM service_current").await.remove(0);
    let unknown = Decision::Group { uids: vec![uid.clone(), "nothing".into()], code: "G".into() };
    assert_eq!(decide(&bench, unknown).await, Reviewed::Unknown);
    assert_eq!(bench.ask("SELECT count(*) FROM decided_value").await, ["0"]);
    done(&bench, Decision::Group { uids: vec![uid.clone(), uid], code: "G".into() }).await;
    assert_eq!(bench.ask("SELECT group_code FROM service_current").await, ["G"]);
}

async fn runs_that_overlap_leave_one_version_each(mut bench: Bench) {
    bench.priorities = vec![priority("a", 1), priority("b", 2), priority("c", 3), priority("d", 4)];
    let how = snapshot(&["service", "service.steps"]);
    let given = |source: &'static str| {
        [services(source, &["code", "name"], &[&["1", source]]), steps(source, &[("1", 1, source)])]
    };
    bench.deliver("a", &how, &given("a")).await;
    let (first, second) = (bench.begin(Mode::Run).await, bench.begin(Mode::Run).await);
    one(&second, "b", &how, &given("b")).await;
    one(&first, "c", &how, &given("c")).await;
    bench.sound().await;
    one(&second, "d", &how, &given("d")).await;
    bench.sound().await;
    let versions = "SELECT v.run, v.name, c.name, v.run_to FROM service v JOIN service_steps c
        ON c.uid = v.uid AND c.run = v.run ORDER BY v.valid_from, v.run";
    assert_eq!(bench.ask(versions).await, ["1|a|a|3", "2|c|c|3", "3|d|d|NULL"]);
    first.finish("clean", "2030-01-01T00:00:00Z").await.unwrap();
    second.finish("clean", "2030-01-01T00:00:00Z").await.unwrap();
}

async fn changed_priorities_go_for_what_was_not_delivered_too(mut bench: Bench) {
    bench.priorities = vec![priority("a", 1), priority("b", 2)];
    let both = snapshot(&["service", "need"]);
    let given = |source: &'static str| {
        [
            services(source, &["code", "name"], &[&["1", source]]),
            records(source, "need", &["code", "name"], &[&["V", source]]),
        ]
    };
    bench.deliver("a", &both, &given("a")).await;
    bench.deliver("b", &both, &given("b")).await;
    let names = "SELECT s.name, n.name FROM service_current s CROSS JOIN need_current n";
    assert_eq!(bench.ask(names).await, ["b|b"]);
    // The sheet of needs is missing this time.
    bench.priorities[0].priority = 3;
    bench.deliver("a", &snapshot(&["service"]), &given("a")[..1]).await;
    assert_eq!(bench.ask(names).await, ["a|a"]);
    bench.sound().await;
}

async fn priorities_stay_changed_until_a_delivery_is_loaded(mut bench: Bench) {
    bench.priorities = vec![priority("a", 1), priority("b", 2)];
    let how = snapshot(&["service"]);
    let given = |source: &'static str| [services(source, &["code", "name"], &[&["1", source]])];
    bench.deliver("a", &how, &given("a")).await;
    bench.deliver("b", &how, &given("b")).await;
    bench.priorities[0].priority = 3;
    bench.plan("a", &how, &given("a")).await;
    let held = bench.deliver("a", &How { approve: false, ..how.clone() }, &[]).await;
    assert!(held.gate.is_some());
    let run = bench.begin(Mode::Run).await;
    run.stage("a").await.unwrap().fail("nolasīt nevar\0", Rows::default(), 0.1).await.unwrap();
    assert_eq!(bench.ask("SELECT name FROM service_current").await, ["b"]);
    bench.deliver("a", &how, &given("a")).await;
    assert_eq!(bench.ask("SELECT name FROM service_current").await, ["a"]);
    bench.sound().await;
}

/// A row of the sheet of steps that could not be read.
fn unreadable() -> Rejected {
    let finding = Finding { entity: "service.steps".into(), row: Some(9), ..Finding::of(&finding::DAMAGED) };
    Rejected { finding, text: "1;\0".into() }
}

async fn an_unreadable_step_retires_no_step(bench: Bench) {
    let how = snapshot(&["service", "service.steps"]);
    let given = || services("a", &["code", "name"], &[&["1", "Viens"], &["2", "Divi"]]);
    let all = steps("a", &[("1", 1, "A"), ("1", 2, "B"), ("2", 1, "C")]);
    bench.deliver("a", &how, &[given(), all]).await;
    let run = bench.begin(Mode::Run).await;
    let mut stage = run.stage("a").await.unwrap();
    stage.records(&given()).await.unwrap();
    stage.records(&steps("a", &[("1", 1, "A2"), ("2", 1, "C")])).await.unwrap();
    stage.rejected(&[unreadable()]).await.unwrap();
    let difference = stage.difference(&how.delivery()).await.unwrap().apply(Rows::default(), 0.1).await.unwrap();
    run.finish("clean", "2030-01-01T00:00:00Z").await.unwrap();
    assert_eq!(counts(&difference, "service.steps")[..4], [0, 1, 0, 1]);
    let current = "SELECT v.code, c.ordinal, c.name FROM service_current v JOIN service_steps c
        ON c.uid = v.uid AND c.run = v.run ORDER BY v.code, c.ordinal";
    assert_eq!(bench.ask(current).await, ["1|1|A2", "1|2|B", "2|1|C"]);
    assert_eq!(
        bench.ask("SELECT DISTINCT entity, value FROM finding WHERE code = 'S005' AND entity LIKE '%.%'").await,
        ["service.steps|1"]
    );
    // Once every row can be read, what is absent is gone.
    bench.deliver("a", &how, &[given(), steps("a", &[("1", 1, "A2"), ("2", 1, "C")])]).await;
    assert_eq!(bench.ask(current).await, ["1|1|A2", "2|1|C"]);
    bench.sound().await;
}

async fn a_list_that_lost_its_rows_asks(bench: Bench) {
    let how = How { retired: 0.4, approve: false, ..snapshot(&["service", "service.steps"]) };
    let given = || services("a", &["code", "name"], &[&["1", "Viens"], &["2", "Divi"]]);
    let all = || steps("a", &[("1", 1, "A"), ("1", 2, "B"), ("2", 1, "C"), ("2", 2, "D")]);
    assert_eq!(bench.deliver("a", &how, &[given(), all()]).await.gate, None);
    let lost = bench.deliver("a", &how, &[given()]).await;
    let gate = lost.gate.unwrap();
    assert_eq!(
        (gate.kind, gate.entity.as_deref(), gate.records, gate.of),
        (GateKind::Retires, Some("service.steps"), 4, 4)
    );
    assert_eq!(bench.ask("SELECT count(*) FROM service_steps").await, ["4"]);
    // One of four is work as usual, and so are those that go with their service.
    let one_less = steps("a", &[("1", 1, "A"), ("2", 1, "C"), ("2", 2, "D")]);
    assert_eq!(bench.deliver("a", &how, &[given(), one_less]).await.gate, None);
    let one_left = services("a", &["code", "name"], &[&["1", "Viens"]]);
    let with_parent = How { retired: 0.5, ..how.clone() };
    assert_eq!(bench.deliver("a", &with_parent, &[one_left, steps("a", &[("1", 1, "A")])]).await.gate, None);
    assert_eq!(bench.deliver("a", &How { approve: true, ..how }, &[given()]).await.gate, None);
    assert_eq!(bench.ask("SELECT count(*) FROM service_current").await, ["2"]);
    bench.sound().await;
}

async fn findings_of_old_runs_go_but_for_the_current_ones(bench: Bench) {
    let how = snapshot(&["service"]);
    let given = || {
        let mut given = services("a", &["code", "name"], &[&["1", "Viens"], &["2", "Divi"]]);
        given.frame.with_column(Column::new("_accepted".into(), vec![true, false])).unwrap();
        [given]
    };
    let kept = "SELECT count(DISTINCT run), min(run), max(run) FROM finding WHERE source = 'a'";
    let bad = "SELECT count(DISTINCT run), min(run), max(run) FROM quarantine WHERE source = 'a'";
    bench.deliver("other", &how, &[services("other", &["code", "name"], &[&["9", "Cits"]])]).await;
    for _ in 0..32 {
        bench.deliver("a", &how, &given()).await;
    }
    assert_eq!(bench.ask(kept).await, ["30|4|33"]);
    assert_eq!(bench.ask(bad).await, ["30|4|33"]);
    let failing = async || {
        let run = bench.begin(Mode::Run).await;
        let mut stage = run.stage("a").await.unwrap();
        stage.findings(&finding::frame(&[Finding::of(&finding::DAMAGED)]).unwrap()).await.unwrap();
        stage.fail("bojāts", Rows::default(), 0.1).await.unwrap();
        run.finish("clean", "2030-01-01T00:00:00Z").await.unwrap();
    };
    for _ in 0..40 {
        failing().await;
    }
    // The quarantine of the last delivery that was read is still the current one.
    assert_eq!(bench.ask(bad).await, ["1|33|33"]);
    assert_eq!(bench.ask(kept).await, ["31|33|73"]);
    assert_eq!(bench.registry.quarantine_list(Some("a"), 10).await.unwrap().len(), 1);
    bench.deliver("a", &how, &given()).await;
    assert_eq!(bench.ask(bad).await, ["1|74|74"]);
    assert_eq!(bench.ask("SELECT count(*) > 0 FROM finding WHERE source = 'other'").await, ["1"]);
    assert_eq!(bench.ask("SELECT count(*) FROM run_source_entity WHERE source = 'a'").await, ["33"]);
}

async fn texts_come_back_as_they_were_delivered(bench: Bench) {
    let long = "garš ".repeat(100_000);
    let texts = ["\\N", "\\", "\\.", "a\tb\nc\rd", "", "\u{1F600}\u{7f}\u{1}", long.as_str(), "'\"$1"];
    let codes: Vec<String> = (0..texts.len()).map(|n| n.to_string()).collect();
    let rows: Vec<[&str; 3]> = codes.iter().zip(texts).map(|(code, text)| [code.as_str(), "Vārds", text]).collect();
    let rows: Vec<&[&str]> = rows.iter().map(<[&str; 3]>::as_slice).collect();
    let given = || services("a", &["code", "name", "description"], &rows);
    bench.deliver("a", &snapshot(&["service"]), &[given()]).await;
    let again = bench.deliver("a", &snapshot(&["service"]), &[given()]).await;
    assert_eq!(counts(&again, "service"), [0, 0, 0, texts.len() as i64, 0, 0]);
    let held = bench.ask("SELECT description FROM service_current ORDER BY code").await;
    let expected: Vec<&str> = texts.iter().map(|text| if text.is_empty() { "NULL" } else { *text }).collect();
    assert_eq!(held, expected);
}

async fn zeros_in_texts_stop_nothing(bench: Bench) {
    let entry = records(
        "a",
        "catalogue_entry",
        &["catalogue", "entry_id", "name", "service_codes"],
        &[&["k", "1", "No\0saukums", r#"["a\u0000b"]"#]],
    );
    let how = snapshot(&["catalogue_entry"]);
    assert_eq!(counts(&bench.deliver("a", &how, std::slice::from_ref(&entry)).await, "catalogue_entry")[0], 1);
    assert_eq!(counts(&bench.deliver("a", &how, &[entry]).await, "catalogue_entry")[3], 1);
}

battery! {
    a_service_known_by_key_is_not_matched_to_another_record_of_the_delivery,
    a_rejected_pair_accepted_late_follows_what_was_merged_meanwhile,
    a_merge_is_taken_back_after_a_further_one,
    what_is_separated_becomes_what_it_was_before_all_merges,
    what_came_after_a_merge_is_given_back_with_it,
    two_records_of_a_source_are_separated_each_to_its_own,
    groups_are_of_services_that_are_there,
    runs_that_overlap_leave_one_version_each,
    changed_priorities_go_for_what_was_not_delivered_too,
    priorities_stay_changed_until_a_delivery_is_loaded,
    an_unreadable_step_retires_no_step,
    a_list_that_lost_its_rows_asks,
    findings_of_old_runs_go_but_for_the_current_ones,
    texts_come_back_as_they_were_delivered,
    zeros_in_texts_stop_nothing,
}
