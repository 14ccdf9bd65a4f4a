//! Until when what was said of a delivery stands: of sources that deliver changes, nothing is lost by the next delivery.

use polars::prelude::*;

use crate::bench::{Bench, Given, How, OWNER, delta, give, records_from, snapshot};
use crate::lake_model::{given, part, with_services};
use vienkop_connectors::registry::{Mode, Rows};
use vienkop_transforms::finding::{self, Finding, Rule};
use vienkop_transforms::records::Records;

/// Services, a line each: `1`, or `!2` where it is not accepted, `?` without a code.
fn of(lines: &[&str]) -> Records {
    let given: Vec<Given<'_>> = lines
        .iter()
        .map(|line| {
            let code = line.trim_start_matches(['!', '?']);
            Given { accepted: line.len() == code.len(), cells: vec![OWNER, code, "Nosaukums"] }
        })
        .collect();
    records_from("a", "service", &["owner_reg_no", "code", "name"], &given, 1)
}

fn changes() -> How {
    delta(&["service"])
}

/// A delivery with findings: a rule, the code of the service that it is about (none: the delivery), its row.
async fn deliver(bench: &Bench, how: &How, records: &[Records], told: &[(&Rule, Option<&str>, Option<i64>)]) {
    let run = bench.begin(Mode::Run).await;
    let mut stage = run.stage("a").await.unwrap();
    give(&mut stage, records).await;
    let findings = told.iter().map(|(rule, code, row)| Finding {
        entity: "service".into(),
        record_key: code.map(|code| format!("{OWNER}/{code}")),
        landed: row.map(|_| 1),
        sheet: row.map(|_| "Lapa".into()),
        row: *row,
        ..Finding::of(rule)
    });
    stage.findings(&finding::frame(&findings.collect::<Vec<_>>()).unwrap()).await.unwrap();
    stage.difference(&how.delivery()).await.unwrap().apply(Rows::default(), 0.1).await.unwrap();
    run.finish("clean", "2030-01-01T00:00:00Z").await.unwrap();
}

/// Codes of the services that stand in quarantine; of events their rows.
async fn quarantined(bench: &Bench) -> Vec<String> {
    let listed = bench.registry.quarantine_list(Some("a"), 100).await.unwrap();
    let name = |key: Option<String>| key.unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
    let mut names: Vec<String> = listed
        .into_iter()
        .map(|row| if row.entity == "status_event" { row.row.unwrap().to_string() } else { name(row.record_key) })
        .collect();
    names.sort();
    names
}

/// Rules of which findings stand, and of which record.
async fn standing(bench: &Bench) -> Vec<String> {
    let findings = bench.registry.standing_findings(Some("a")).await.unwrap();
    let text =
        |name: &str, row: usize| findings.column(name).unwrap().str().unwrap().get(row).unwrap_or("-").to_owned();
    let mut told: Vec<String> = (0..findings.height())
        .filter(|row| text("code", *row) != "K003")
        .map(|row| format!("{} {}", text("code", row), text("record_key", row).rsplit('/').next().unwrap()))
        .collect();
    told.sort();
    told
}

async fn what_a_delivery_of_changes_rejects_stands_until_it_comes_again(bench: Bench) {
    let bad = (&finding::REQUIRED_MISSING, Some("2"), Some(2));
    let doubtful = (&finding::DUE_MISSING, Some("1"), Some(1));
    let whole = (&finding::MISSING_COLUMN, None, None);
    deliver(&bench, &changes(), &[of(&["1", "!2", "!3"])], &[bad, doubtful, whole]).await;
    assert_eq!(quarantined(&bench).await, ["2", "3"]);
    assert_eq!(standing(&bench).await, ["F014 -", "V001 2", "V002 1"]);
    // A night on which nothing changed, and one on which something else did.
    for lines in [&[][..], &["4"], &["!5"]] {
        deliver(&bench, &changes(), &[of(lines)], &[]).await;
    }
    assert_eq!(quarantined(&bench).await, ["2", "3", "5"]);
    assert_eq!(standing(&bench).await, ["V001 2", "V002 1"], "but of the delivery itself nothing is left");
    deliver(&bench, &changes(), &[of(&["1", "!2", "3"])], &[bad]).await;
    assert_eq!(quarantined(&bench).await, ["2", "5"], "rejected again it stands once");
    assert_eq!(standing(&bench).await, ["V001 2"]);
    deliver(&bench, &changes(), &[of(&["2"])], &[]).await;
    assert_eq!(quarantined(&bench).await, ["5"]);
    assert_eq!(standing(&bench).await, Vec::<String>::new());
    assert_eq!(
        bench.ask("SELECT count(*) FROM quarantine WHERE closed_run IS NOT NULL").await,
        ["3"],
        "it is remembered"
    );
    deliver(&bench, &snapshot(&["service"]), &[of(&["1", "2", "3", "4"])], &[]).await;
    assert_eq!(quarantined(&bench).await, Vec::<String>::new(), "all that there is takes the place of all that was");
}

async fn a_row_that_names_no_record_stands_until_it_comes_as_it_was(bench: Bench) {
    let deliver = async |text: &str| {
        let run = bench.begin(Mode::Run).await;
        let mut stage = run.stage("a").await.unwrap();
        stage.records(&of(&["?"])).await.unwrap();
        let cells = df!("_seq" => [1_i64, 1], "ordinal" => [1_i64, 2], "column" => ["Kods", "Nosaukums"],
            "value" => [None, Some(text)]);
        stage.quarantine(&cells.unwrap()).await.unwrap();
        let found = Finding {
            entity: "service".into(),
            landed: Some(1),
            sheet: Some("Lapa".into()),
            row: Some(1),
            ..Finding::of(&finding::REQUIRED_MISSING)
        };
        stage.findings(&finding::frame(&[found]).unwrap()).await.unwrap();
        stage.difference(&changes().delivery()).await.unwrap().apply(Rows::default(), 0.1).await.unwrap();
        run.finish("clean", "2030-01-01T00:00:00Z").await.unwrap();
    };
    deliver("Viens").await;
    deliver("Divi").await;
    deliver("Viens").await;
    assert_eq!(bench.registry.quarantine_list(None, 9).await.unwrap().len(), 2);
    assert_eq!(standing(&bench).await, ["V001 -", "V001 -"]);
}

async fn a_delivery_that_waits_mends_nothing(bench: Bench) {
    deliver(&bench, &changes(), &[of(&["1", "!2", "!3"])], &[(&finding::REQUIRED_MISSING, Some("2"), Some(2))]).await;
    let strict = How { quarantined: 0.1, ..changes() };
    deliver(&bench, &strict, &[of(&["2", "!3", "!4"])], &[]).await;
    assert_eq!(bench.registry.runs(1).await.unwrap()[0].sources[0].status, "gate");
    assert_eq!(quarantined(&bench).await, ["2", "3", "4"]);
    assert_eq!(standing(&bench).await, ["S001 -", "V001 2"]);
}

async fn what_a_failed_run_says_stands_until_the_next(bench: Bench) {
    deliver(&bench, &changes(), &[of(&["1", "!2"])], &[(&finding::REQUIRED_MISSING, Some("2"), Some(2))]).await;
    for rule in [&finding::DAMAGED, &finding::LIMIT] {
        let run = bench.begin(Mode::Run).await;
        let mut stage = run.stage("a").await.unwrap();
        let found = Finding { landed: Some(1), row: Some(7), ..Finding::of(rule) };
        stage.findings(&finding::frame(&[found]).unwrap()).await.unwrap();
        stage.fail("bojāts", Rows::default(), 0.1).await.unwrap();
        run.finish("failed", "2030-01-01T00:00:00Z").await.unwrap();
    }
    assert_eq!(standing(&bench).await, ["F007 -", "V001 2"]);
    deliver(&bench, &changes(), &[of(&[])], &[]).await;
    assert_eq!(standing(&bench).await, ["V001 2"]);
    assert_eq!(quarantined(&bench).await, ["2"]);
}

async fn what_stands_outlives_the_evidence_of_other_runs(bench: Bench) {
    deliver(&bench, &changes(), &[of(&["!2"])], &[(&finding::REQUIRED_MISSING, Some("2"), Some(1))]).await;
    for _ in 0..35 {
        deliver(&bench, &changes(), &[of(&["!3"])], &[]).await;
    }
    assert_eq!(quarantined(&bench).await, ["2", "3"]);
    assert_eq!(standing(&bench).await, ["V001 2"]);
    assert_eq!(bench.ask("SELECT count(*), min(run) FROM quarantine").await, ["31|1"]);
}

async fn steps_are_mended_with_their_service(bench: Bench) {
    let how = delta(&["service", "service.steps"]);
    let orphan = crate::bench::steps("a", &[("9", 1, "Solis")]);
    bench.deliver("a", &how, &[of(&["1"]), orphan]).await;
    assert_eq!(quarantined(&bench).await, ["9"]);
    bench.deliver("a", &how, &[of(&["1"])]).await;
    assert_eq!(quarantined(&bench).await, ["9"]);
    bench.deliver("a", &how, &[of(&["9"]), crate::bench::steps("a", &[("9", 1, "Solis")])]).await;
    assert_eq!(quarantined(&bench).await, Vec::<String>::new());
    assert_eq!(standing(&bench).await, Vec::<String>::new());
}

/// Events that are not accepted: `at` and `state` as far as they could be read.
fn unreadable(mut records: Vec<Records>, row: usize, column: &str) -> Vec<Records> {
    let events = &mut records[1].frame;
    let texts = events.column(column).unwrap().str().unwrap();
    let texts: Vec<Option<String>> =
        texts.iter().enumerate().map(|(n, text)| text.filter(|_| n != row).map(str::to_owned)).collect();
    events.with_column(Column::new(column.into(), texts)).unwrap();
    records
}

async fn status_events_are_known_again_by_what_could_be_read(bench: Bench) {
    let bench = with_services(bench).await;
    let lines = ["1 iesniegts 2024-06-01T10:00", "!1 izpildē 2024-06-02T10:00", "!1 pabeigts 2024-06-03T10:00 id=e3"];
    let first = unreadable(given("a", &["1"], &lines), 1, "at");
    bench.deliver("a", &part(), &unreadable(first, 2, "state")).await;
    assert_eq!(quarantined(&bench).await, ["1002", "1003"]);
    // Another event of the request says nothing of them.
    let other = ["1 gaida_klientu 2024-06-02T12:00"];
    bench.deliver("a", &part(), &given("a", &[], &other)).await;
    assert_eq!(quarantined(&bench).await, ["1002", "1003"]);
    // Mended: the time of the one, known by its state; the state of the other, known by its id.
    bench.deliver("a", &part(), &given("a", &[], &["1 izpildē 2024-06-02T11:00"])).await;
    assert_eq!(quarantined(&bench).await, ["1003"]);
    bench.deliver("a", &part(), &given("a", &[], &["1 atteikts 2024-06-03T11:00 id=e3"])).await;
    assert_eq!(quarantined(&bench).await, Vec::<String>::new());
    // An event that waits for its request.
    let waiting = ["2 iesniegts 2024-06-01T10:00"];
    bench.deliver("a", &part(), &given("a", &[], &waiting)).await;
    bench.deliver("a", &part(), &given("a", &["2"], &[])).await;
    assert_eq!(quarantined(&bench).await, ["1001"], "its request alone brings no event");
    bench.deliver("a", &part(), &given("a", &[], &waiting)).await;
    assert_eq!(quarantined(&bench).await, Vec::<String>::new());
}

async fn what_a_sequence_says_stands_until_it_is_worked_out_anew(bench: Bench) {
    let bench = with_services(bench).await;
    let impossible = ["1 pabeigts 2024-06-01T10:00", "2 iesniegts 2024-06-01T10:00", "2 iesniegts 2024-06-01T10:00"];
    bench.deliver("a", &part(), &given("a", &["1", "2"], &impossible)).await;
    let told = standing(&bench).await;
    assert!(
        told.iter().any(|told| told.starts_with('T')) && told.iter().any(|told| told.starts_with("K001")),
        "{told:?}"
    );
    bench.deliver("a", &part(), &given("a", &["3"], &["3 iesniegts 2024-06-01T10:00"])).await;
    assert_eq!(standing(&bench).await, told);
    bench.deliver("a", &part(), &given("a", &[], &["1 iesniegts 2024-05-30T10:00"])).await;
    assert!(standing(&bench).await.iter().all(|told| told.starts_with("K001")), "{:?}", standing(&bench).await);
    bench.deliver("a", &part(), &given("a", &[], &["2 iesniegts 2024-06-01T10:00"])).await;
    assert_eq!(standing(&bench).await, Vec::<String>::new());
}

/// Numbers in quarantine, those that stand first.
async fn numbers(bench: &Bench) -> Vec<i64> {
    let rows = bench.ask("SELECT id FROM quarantine ORDER BY closed_run IS NOT NULL, id").await;
    rows.iter().map(|id| id.parse().unwrap()).collect()
}

/// Of each number: what it stands for, and the run that closed it.
async fn mends(stage: &mut vienkop_connectors::registry::Stage, numbers: &[i64]) -> Vec<(i64, bool, Option<i64>)> {
    let known = stage.mends(&Int64Chunked::from_slice("number".into(), numbers)).await.unwrap();
    let number = known.column("number").unwrap().i64().unwrap().iter().flatten();
    let stands = known.column("stands").unwrap().bool().unwrap().iter().flatten();
    let closed = known.column("closed_run").unwrap().i64().unwrap().iter();
    number.zip(stands).zip(closed).map(|((number, stands), closed)| (number, stands, closed)).collect()
}

async fn a_correction_closes_what_its_numbers_stand_for(bench: Bench) {
    // One that names no record, known again by its cells, and one that does.
    let rejected = async |how: &How| {
        let run = bench.begin(Mode::Run).await;
        let mut stage = run.stage("a").await.unwrap();
        stage.records(&of(&["1", "!2", "?"])).await.unwrap();
        let cells = df!("_seq" => [3_i64], "ordinal" => [2_i64], "column" => ["Nosaukums"], "value" => ["Trīs"]);
        stage.quarantine(&cells.unwrap()).await.unwrap();
        stage.difference(&how.delivery()).await.unwrap().apply(Rows::default(), 0.1).await.unwrap();
        run.finish("clean", "2030-01-01T00:00:00Z").await.unwrap();
    };
    let correct = async |asked: &[i64], mended: &[i64], lines: &[&str], quarantined: f64| {
        let run = bench.begin(Mode::Run).await;
        let mut stage = run.stage("a").await.unwrap();
        let known = mends(&mut stage, asked).await;
        stage.records(&of(lines)).await.unwrap();
        stage.mended(&Int64Chunked::from_slice("number".into(), mended), "service").await.unwrap();
        let how = How { quarantined, ..changes() };
        stage.difference(&how.delivery()).await.unwrap().apply(Rows::default(), 0.1).await.unwrap();
        run.finish("clean", "2030-01-01T00:00:00Z").await.unwrap();
        known
    };
    rejected(&changes()).await;
    let first = numbers(&bench).await;
    assert_eq!(first.len(), 2);
    // All comes again as it was, under new numbers.
    rejected(&snapshot(&["service"])).await;
    let stand: Vec<i64> = numbers(&bench).await[..2].to_vec();
    assert_ne!(first, stand);
    let all = [first.as_slice(), &stand, &[999]].concat();
    let known = correct(&all, &[], &["1"], 1.0).await;
    let expected: Vec<(i64, bool, Option<i64>)> = vec![
        (first[0], true, Some(2)),
        (first[1], true, Some(2)),
        (stand[0], true, None),
        (stand[1], true, None),
        (999, false, None),
    ];
    assert_eq!(known, expected);
    assert_eq!(numbers(&bench).await[..2], stand, "asking closes nothing");
    // A delivery that is held back mends nothing; an old number closes what stands in its place, under whatever key.
    correct(&first, &first, &["!8", "!9"], 0.1).await;
    assert!(numbers(&bench).await.starts_with(&stand));
    assert_eq!(bench.ask("SELECT count(*) FROM quarantine WHERE closed_run IS NULL").await, ["4"]);
    correct(&first[..1], &first[..1], &["7"], 1.0).await;
    assert_eq!(quarantined(&bench).await.len(), 3);
    correct(&first, &first, &["6"], 1.0).await;
    assert_eq!(quarantined(&bench).await, ["8", "9"]);
    // What is closed stands for nothing, and what another source has is nobody else's.
    let run = bench.begin(Mode::Run).await;
    let known = mends(&mut run.stage("a").await.unwrap(), &first).await;
    assert!(known.iter().all(|(_, stands, closed)| !stands && closed.is_some()), "{known:?}");
    let known = mends(&mut run.stage("b").await.unwrap(), &stand).await;
    assert!(known.iter().all(|(_, stands, closed)| !stands && closed.is_none()), "{known:?}");
}

battery! {
    a_correction_closes_what_its_numbers_stand_for,
    what_a_delivery_of_changes_rejects_stands_until_it_comes_again,
    a_row_that_names_no_record_stands_until_it_comes_as_it_was,
    a_delivery_that_waits_mends_nothing,
    what_a_failed_run_says_stands_until_the_next,
    what_stands_outlives_the_evidence_of_other_runs,
    steps_are_mended_with_their_service,
    status_events_are_known_again_by_what_could_be_read,
    what_a_sequence_says_stands_until_it_is_worked_out_anew,
}
