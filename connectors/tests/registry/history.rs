//! Versions: insert, change, retire, return; absent and empty; children.

use crate::bench::{Bench, counts, delta, services, snapshot, steps};

const VERSIONS: &str = "SELECT code, name, description, run, run_to FROM service ORDER BY code, run";

async fn insert_change_retire_return(bench: Bench) {
    let how = snapshot(&["service"]);
    let first = bench.deliver("a", &how, &[services("a", &["code", "name"], &[&["1", "Viens"], &["2", "Divi"]])]).await;
    assert_eq!(counts(&first, "service"), [2, 0, 0, 0, 0, 0]);
    let again = bench.deliver("a", &how, &[services("a", &["code", "name"], &[&["2", "Divi"], &["1", "Viens"]])]).await;
    assert_eq!(counts(&again, "service"), [0, 0, 0, 2, 0, 0]);
    let third = bench.deliver("a", &how, &[services("a", &["code", "name"], &[&["1", "Pirmais"]])]).await;
    assert_eq!(counts(&third, "service"), [0, 1, 1, 0, 0, 0]);
    let back =
        bench.deliver("a", &how, &[services("a", &["code", "name"], &[&["1", "Pirmais"], &["2", "Divi"]])]).await;
    assert_eq!(counts(&back, "service"), [1, 0, 0, 1, 0, 0]);
    let versions = ["1|Viens|NULL|1|3", "1|Pirmais|NULL|3|NULL", "2|Divi|NULL|1|3", "2|Divi|NULL|4|NULL"];
    assert_eq!(bench.ask(VERSIONS).await, versions);
    assert_eq!(
        bench.ask("SELECT count(DISTINCT uid) FROM service").await,
        ["2"],
        "a record that returns keeps its uid"
    );
    assert_eq!(bench.registry.counts().await.unwrap()[3], ("service".to_owned(), 2));
    bench.sound().await;
}

async fn absent_column_is_unchanged_and_empty_cell_is_cleared(bench: Bench) {
    let how = snapshot(&["service"]);
    let full = ["code", "name", "description", "delegated", "annual_requests"];
    bench.deliver("a", &how, &[services("a", &full, &[&["1", "Viens", "Apraksts", "jā", "7"]])]).await;
    let narrow = bench.deliver("a", &how, &[services("a", &["code", "name"], &[&["1", "Viens"]])]).await;
    assert_eq!(counts(&narrow, "service"), [0, 0, 0, 1, 0, 0]);
    let renamed = bench.deliver("a", &how, &[services("a", &["code", "name"], &[&["1", "Cits"]])]).await;
    assert_eq!(counts(&renamed, "service"), [0, 1, 0, 0, 0, 0]);
    let all = "SELECT name, description, delegated, annual_requests FROM service_current";
    assert_eq!(bench.ask(all).await, ["Cits|Apraksts|1|7"]);
    let cleared = bench.deliver("a", &how, &[services("a", &full, &[&["1", "Cits", "", "nē", ""]])]).await;
    assert_eq!(counts(&cleared, "service"), [0, 1, 0, 0, 0, 0]);
    assert_eq!(bench.ask(all).await, ["Cits|NULL|0|NULL"]);
    assert_eq!(cleared.samples.len(), 3);
    assert_eq!(cleared.samples[0].field.as_deref(), Some("delegated"));
    assert_eq!((cleared.samples[0].old.as_deref(), cleared.samples[0].new.as_deref()), (Some("true"), Some("false")));
}

async fn tables_of_one_delivery_may_bring_different_columns(bench: Bench) {
    let how = snapshot(&["service"]);
    let wide = |text| services("a", &["code", "name", "description"], &[&["1", "Viens", text]]);
    let mut narrow = services("a", &["code", "name"], &[&["2", "Divi"]]);
    narrow.frame.with_column(polars::prelude::Column::new("_seq".into(), vec![9_i64])).unwrap();
    let second = services("a", &["code", "name", "description"], &[&["1", "Viens", "A"], &["2", "Divi", "B"]]);
    bench.deliver("a", &how, &[second]).await;
    let mixed = bench.deliver("a", &how, &[wide("C"), narrow]).await;
    assert_eq!(counts(&mixed, "service"), [0, 1, 0, 1, 0, 0]);
    assert_eq!(bench.ask("SELECT code, description FROM service_current ORDER BY code").await, ["1|C", "2|B"]);
}

async fn a_delta_retires_nothing(bench: Bench) {
    bench
        .deliver("a", &snapshot(&["service"]), &[services("a", &["code", "name"], &[&["1", "Viens"], &["2", "Divi"]])])
        .await;
    let change = bench.deliver("a", &delta(&["service"]), &[services("a", &["code", "name"], &[&["2", "Otrs"]])]).await;
    assert_eq!(counts(&change, "service"), [0, 1, 0, 0, 0, 0]);
    assert_eq!(bench.ask("SELECT name FROM service_current ORDER BY code").await, ["Viens", "Otrs"]);
}

async fn children_are_part_of_their_parents_version(bench: Bench) {
    let how = snapshot(&["service", "service.steps"]);
    let parents = || services("a", &["code", "name"], &[&["1", "Viens"], &["2", "Divi"]]);
    let current = "SELECT v.code, v.run, c.ordinal, c.name FROM service_current v
        LEFT JOIN service_steps c ON c.uid = v.uid AND c.run = v.run ORDER BY v.code, c.ordinal";
    let first = bench.deliver("a", &how, &[parents(), steps("a", &[("1", 1, "Sākt"), ("1", 2, "Beigt")])]).await;
    assert_eq!(counts(&first, "service.steps"), [2, 0, 0, 0, 0, 0]);
    let same = bench.deliver("a", &how, &[parents(), steps("a", &[("1", 1, "Sākt"), ("1", 2, "Beigt")])]).await;
    assert_eq!(counts(&same, "service"), [0, 0, 0, 2, 0, 0]);
    assert_eq!(counts(&same, "service.steps"), [0, 0, 0, 2, 0, 0]);
    let changed = bench
        .deliver("a", &how, &[parents(), steps("a", &[("1", 1, "Sākt"), ("1", 2, "Pabeigt"), ("2", 1, "Viss")])])
        .await;
    assert_eq!(counts(&changed, "service"), [0, 2, 0, 0, 0, 0]);
    assert_eq!(counts(&changed, "service.steps"), [1, 1, 0, 1, 0, 0]);
    assert!(changed.samples.iter().all(|sample| sample.field.as_deref() == Some("steps")));
    assert_eq!(bench.ask(current).await, ["1|3|1|Sākt", "1|3|2|Pabeigt", "2|3|1|Viss"]);
    let cleared = bench.deliver("a", &how, &[parents(), steps("a", &[("1", 1, "Sākt")])]).await;
    assert_eq!(counts(&cleared, "service.steps"), [0, 0, 2, 1, 0, 0]);
    assert_eq!(bench.ask(current).await, ["1|4|1|Sākt", "2|4|NULL|NULL"]);
    bench.sound().await;
}

async fn lists_that_a_delivery_does_not_speak_of_stay(bench: Bench) {
    let full = snapshot(&["service", "service.steps"]);
    bench
        .deliver("a", &full, &[services("a", &["code", "name"], &[&["1", "Viens"]]), steps("a", &[("1", 1, "Sākt")])])
        .await;
    let renamed =
        bench.deliver("a", &snapshot(&["service"]), &[services("a", &["code", "name"], &[&["1", "Cits"]])]).await;
    assert_eq!(counts(&renamed, "service"), [0, 1, 0, 0, 0, 0]);
    assert_eq!(
        bench.dump("service").await[0],
        r#"{"code":"1","name":"Cits","owner_reg_no":"90000000001","steps":[{"name":"Sākt"}]}"#
    );
    let only_steps =
        bench.deliver("a", &delta(&["service.steps"]), &[steps("a", &[("1", 1, "Sākt"), ("1", 2, "Beigt")])]).await;
    assert_eq!(counts(&only_steps, "service"), [0; 6]);
    assert_eq!(counts(&only_steps, "service.steps"), [1, 0, 0, 1, 0, 0]);
    assert!(bench.dump("service").await[0].contains("Beigt"));
    bench.sound().await;
}

async fn children_without_parent_are_quarantined(bench: Bench) {
    let how = snapshot(&["service", "service.steps"]);
    let orphan = bench
        .deliver(
            "a",
            &how,
            &[services("a", &["code", "name"], &[&["1", "Viens"]]), steps("a", &[("1", 1, "Sākt"), ("9", 1, "Kur?")])],
        )
        .await;
    assert_eq!(counts(&orphan, "service.steps"), [1, 0, 0, 0, 1, 0]);
    let found = "SELECT code, entity, record_key, cell FROM finding WHERE code <> 'K003'";
    assert_eq!(bench.ask(found).await, ["K005|service.steps|90000000001/9|Lapa!102"]);
    let listed = bench.registry.quarantine_list(None, 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].codes.as_deref(), Some("K005"));
    let detail = bench.registry.quarantine_show(listed[0].id).await.unwrap().unwrap();
    assert_eq!(detail.cells, [("name".to_owned(), Some("Kur?".to_owned()))]);
    assert_eq!(detail.findings.height(), 1);
}

battery! {
    insert_change_retire_return,
    absent_column_is_unchanged_and_empty_cell_is_cleared,
    tables_of_one_delivery_may_bring_different_columns,
    a_delta_retires_nothing,
    children_are_part_of_their_parents_version,
    lists_that_a_delivery_does_not_speak_of_stay,
    children_without_parent_are_quarantined,
}
