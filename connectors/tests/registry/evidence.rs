//! Findings, quarantine, landed files, duplicates, run records.

use polars::prelude::*;

use crate::bench::{Bench, Given, OWNER, counts, records_from, services, snapshot, steps_from};
use vienkop_connectors::format::Rejected;
use vienkop_connectors::registry::{LandedFile, Mode, RegistryError, Rows};
use vienkop_transforms::batch::LocatorKind;
use vienkop_transforms::finding::{self, Finding};

fn file(name: &str) -> LandedFile {
    LandedFile {
        sha256: "00ff".into(),
        name: name.into(),
        bytes: 10,
        landed_at: "2025-01-01T00:00:00Z".into(),
        locator: LocatorKind::Line,
    }
}

async fn the_later_of_two_counts(bench: Bench) {
    let given = services("a", &["code", "name"], &[&["1", "Vecs"], &["2", "Divi"], &["1", "Jauns"], &["2", "Divi"]]);
    let difference = bench.deliver("a", &snapshot(&["service"]), &[given]).await;
    assert_eq!(counts(&difference, "service"), [2, 0, 0, 0, 0, 2]);
    assert_eq!(bench.ask("SELECT name FROM service_current ORDER BY code").await, ["Jauns", "Divi"]);
    let found = bench.ask("SELECT code, severity, cell, hint FROM finding WHERE code <> 'K003' ORDER BY code").await;
    assert_eq!(found, ["K001|info|Lapa!2|Lapa!4", "K002|warning|Lapa!1|Lapa!3"]);
    let codes = "SELECT code, count(*) FROM finding GROUP BY code ORDER BY code";
    assert_eq!(bench.ask(codes).await, ["K001|1", "K002|1", "K003|2"]);
}

async fn steps_of_a_row_that_does_not_count_do_not_either(bench: Bench) {
    let given = services("a", &["code", "name"], &[&["1", "Vecs"], &["1", "Jauns"]]);
    // Rows 1 and 2 of the same table: three steps in the first, one in the second.
    let mut old = steps_from("a", &[("1", 1, "A"), ("1", 2, "B"), ("1", 3, "C")], 11);
    old.frame.with_column(Column::new("_row".into(), vec![1_i64; 3])).unwrap();
    let mut new = steps_from("a", &[("1", 1, "X")], 21);
    new.frame.with_column(Column::new("_row".into(), vec![2_i64])).unwrap();
    let difference = bench.deliver("a", &snapshot(&["service", "service.steps"]), &[given, old, new]).await;
    assert_eq!(counts(&difference, "service.steps"), [1, 0, 0, 0, 0, 3]);
    assert_eq!(bench.ask("SELECT ordinal, name FROM service_steps").await, ["1|X"]);
}

async fn quarantine_keeps_record_cells_and_findings_together(bench: Bench) {
    let run = bench.begin(Mode::Run).await;
    let mut stage = run.stage("a").await.unwrap();
    let landed = stage.landed(&file("registrs.csv")).await.unwrap();
    assert_eq!(stage.landed(&file("registrs.csv")).await.unwrap(), landed);
    let rows = [
        Given { accepted: true, cells: vec![OWNER, "1", "Viens"] },
        Given { accepted: false, cells: vec![OWNER, "2", ""] },
    ];
    stage.records(&records_from("a", "service", &["owner_reg_no", "code", "name"], &rows, 1)).await.unwrap();
    let finding = Finding {
        entity: "service".into(),
        field: Some("name".into()),
        landed: Some(landed),
        sheet: Some("Lapa".into()),
        row: Some(2),
        ..Finding::of(&finding::REQUIRED_MISSING)
    };
    stage.findings(&finding::frame(&[finding]).unwrap()).await.unwrap();
    let cells = df!("_seq" => [2_i64, 2], "ordinal" => [1_i64, 2], "column" => ["Kods", "Nosaukums"], "value" => [Some("2"), None]).unwrap();
    stage.quarantine(&cells).await.unwrap();
    let broken =
        Finding { entity: "service".into(), landed: Some(landed), row: Some(7), ..Finding::of(&finding::QUOTE_OPEN) };
    stage.rejected(&[Rejected { finding: broken, text: "\"3;Trīs".into() }]).await.unwrap();
    let planned = stage.difference(&snapshot(&["service"]).delivery()).await.unwrap();
    let rows = Rows { read: 3, mapped: 2, skipped: 0, rejected: 1 };
    planned.apply(rows, 1.5).await.unwrap();
    run.finish("attention", "2025-01-01T00:01:00Z").await.unwrap();

    let listed = bench.registry.quarantine_list(Some("a"), 10).await.unwrap();
    let brief: Vec<_> = listed.iter().map(|row| (row.seq, row.codes.as_deref(), row.file.as_deref())).collect();
    assert_eq!(brief, [(-1, Some("R003"), Some("registrs.csv")), (2, Some("V001"), Some("registrs.csv"))]);
    let shown = bench.registry.quarantine_show(listed[1].id).await.unwrap().unwrap();
    assert_eq!(shown.cells, [("Kods".to_owned(), Some("2".to_owned())), ("Nosaukums".to_owned(), None)]);
    let broken = bench.registry.quarantine_show(listed[0].id).await.unwrap().unwrap();
    assert_eq!(broken.cells, [(String::new(), Some("\"3;Trīs".to_owned()))]);
    assert!(bench.registry.quarantine_show(99).await.unwrap().is_none());

    let findings = bench.registry.findings(run_number(&bench).await, Some("a")).await.unwrap();
    let codes: Vec<_> = findings.column("code").unwrap().str().unwrap().iter().flatten().collect();
    assert_eq!(codes, ["V001", "R003", "K003"]);
    assert_eq!(findings.column("file").unwrap().str().unwrap().get(0), Some("registrs.csv"));
    let runs = bench.registry.runs(5).await.unwrap();
    assert_eq!((runs[0].status.as_str(), runs[0].sources[0].rows), ("attention", rows));
    assert!((runs[0].sources[0].seconds - 1.5).abs() < f64::EPSILON);
}

async fn run_number(bench: &Bench) -> i64 {
    bench.registry.runs(1).await.unwrap()[0].number
}

async fn places_are_told_as_the_file_counts_them(bench: Bench) {
    for (locator, place) in [(LocatorKind::Line, "L1"), (LocatorKind::Record, "#1")] {
        let bench = bench.another().await;
        let run = bench.begin(Mode::Run).await;
        let mut stage = run.stage("a").await.unwrap();
        let landed = stage.landed(&LandedFile { locator, ..file("registrs") }).await.unwrap();
        let mut given = services("a", &["code", "name"], &[&["1", "Viens"]]);
        given.frame.with_column(Column::new("_landed".into(), vec![landed])).unwrap();
        given.frame.with_column(Column::new("_sheet".into(), vec![None::<String>])).unwrap();
        stage.records(&given).await.unwrap();
        let planned = stage.difference(&snapshot(&["service"]).delivery()).await.unwrap();
        planned.apply(Rows::default(), 0.0).await.unwrap();
        assert_eq!(bench.ask("SELECT code, cell FROM finding").await, [format!("K003|{place}")]);
    }
}

async fn a_failed_source_leaves_the_good_data_and_its_quarantine(bench: Bench) {
    let rows = [
        Given { accepted: true, cells: vec![OWNER, "1", "Viens"] },
        Given { accepted: false, cells: vec![OWNER, "2", ""] },
    ];
    let given = || records_from("a", "service", &["owner_reg_no", "code", "name"], &rows, 1);
    bench.deliver("a", &snapshot(&["service"]), &[given()]).await;
    let run = bench.begin(Mode::Run).await;
    let mut stage = run.stage("a").await.unwrap();
    stage.records(&given()).await.unwrap();
    stage.findings(&finding::frame(&[Finding::of(&finding::DAMAGED)]).unwrap()).await.unwrap();
    stage.fail("the file breaks off", Rows { read: 1, ..Rows::default() }, 0.2).await.unwrap();
    run.finish("failed", "2025-01-01T00:01:00Z").await.unwrap();
    assert_eq!(bench.ask("SELECT code, name FROM service_current").await, ["1|Viens"]);
    assert_eq!(bench.registry.quarantine_list(None, 10).await.unwrap().len(), 1, "of the delivery before");
    let run = &bench.registry.runs(1).await.unwrap()[0];
    assert_eq!(run.sources[0].error.as_deref(), Some("the file breaks off"));
    assert_eq!(bench.registry.findings(run.number, None).await.unwrap().height(), 1);
}

async fn a_source_delivers_once_a_run(bench: Bench) {
    let run = bench.begin(Mode::Run).await;
    crate::bench::one(&run, "a", &snapshot(&["service"]), &[]).await;
    let again = run.stage("a").await.err().unwrap();
    assert!(matches!(again, RegistryError::Twice { .. }), "{again}");
}

async fn a_frame_without_its_columns_is_refused(bench: Bench) {
    let run = bench.begin(Mode::Run).await;
    let mut stage = run.stage("a").await.unwrap();
    let mut given = services("a", &["code", "name"], &[&["1", "Viens"]]);
    given.frame = given.frame.drop("name").unwrap();
    assert!(matches!(stage.records(&given).await, Err(RegistryError::Frame(_))));
}

battery! {
    places_are_told_as_the_file_counts_them,
    the_later_of_two_counts,
    steps_of_a_row_that_does_not_count_do_not_either,
    quarantine_keeps_record_cells_and_findings_together,
    a_failed_source_leaves_the_good_data_and_its_quarantine,
    a_source_delivers_once_a_run,
    a_frame_without_its_columns_is_refused,
}
