//! What the situation assessment asks beside records: both databases give the same.

use polars::prelude::*;
use vienkop_transforms::model;

use crate::bench::{Bench, OWNER, records, services, snapshot};

/// Rows as texts, null as `-`.
fn rows(frame: &DataFrame, columns: &[&str]) -> Vec<String> {
    let cell = |row: usize, name: &str| match frame.column(name).unwrap().get(row).unwrap() {
        AnyValue::Null => "-".to_owned(),
        AnyValue::String(text) => text.to_owned(),
        AnyValue::StringOwned(text) => text.to_string(),
        other => other.to_string(),
    };
    (0..frame.height()).map(|row| columns.iter().map(|name| cell(row, name)).collect::<Vec<_>>().join("|")).collect()
}

async fn what_the_assessment_asks(bench: Bench) {
    let registry = &bench.registry;
    for empty in [registry.lacking().await, registry.deliveries().await, registry.finding_counts().await] {
        assert_eq!(empty.unwrap().height(), 0);
    }
    let how = snapshot(&["institution", "service", "life_event", "need", "need_service"]);
    let institution = records("a", "institution", &["reg_no", "name"], &[&[OWNER, "Iestāde"]]);
    let life_event = records("a", "life_event", &["code", "name"], &[&["D1", "Dzimšana"]]);
    let need = records(
        "a",
        "need",
        &["code", "name", "life_event_code"],
        &[&["N1", "Vajadzība", "D1"], &["N2", "Cita", "D1"]],
    );
    let link = records(
        "a",
        "need_service",
        &["need_code", "owner_reg_no", "service_code"],
        &[&["N1", OWNER, "1"], &["N9", OWNER, "1"]],
    );
    let own = services("a", &["code", "name"], &[&["1", "Viens"], &["2", "Divi"], &["2", "Divi"]]);
    bench.deliver("a", &how, &[institution, own, life_event, need, link]).await;
    let more = snapshot(&["service"]);
    bench.deliver("b", &more, &[services("b", &["code", "name"], &[&["1", "Pirmais"]])]).await;

    let lacking = registry.lacking().await.unwrap();
    let counts = registry.findings_of_links(None, 100).await.unwrap().counts;
    assert_eq!(lacking.height() as u64, counts.values().sum::<u64>(), "{counts:?}");
    let told = rows(&lacking, &["code", "entity", "owner_reg_no"]);
    let service = |code: &str| format!("{code}|service|{OWNER}");
    assert_eq!(told, ["L001|need|-".to_owned(), service("L002"), service("L003"), service("L003")]);

    let service = model::entity("service").unwrap();
    let fed = registry.feeding(service).await.unwrap();
    let sources = rows(&fed, &["source"]);
    assert_eq!(sources.iter().filter(|source| *source == "a").count(), 2);
    assert_eq!(sources.iter().filter(|source| *source == "b").count(), 1);
    let fresh = registry.freshness(service).await.unwrap();
    assert_eq!(fresh.height(), 2);
    assert_eq!(fresh.column("changed_at").unwrap().null_count(), 0);

    let delivered = registry.deliveries().await.unwrap();
    let columns = ["source", "status", "mapped", "accepted", "quarantined", "duplicates", "inserted"];
    assert_eq!(rows(&delivered, &columns), ["a|ok|9|7|1|1|7", "b|ok|1|1|0|0|1"]);
    let found = registry.finding_counts().await.unwrap();
    assert_eq!(rows(&found, &["source", "code", "severity", "findings"]), ["a|K001|info|1", "a|K004|error|1"]);
    let listed = registry.findings_of_rule("a", "K004").await.unwrap();
    assert_eq!(rows(&listed, &["source", "code", "value"]), ["a|K004|N9"]);

    // Only the latest run of a source counts.
    bench.deliver("b", &more, &[services("b", &["code", "name"], &[&["1", "Pirmais"], &["3", "Trīs"]])]).await;
    let delivered = registry.deliveries().await.unwrap();
    assert_eq!(rows(&delivered, &columns), ["a|ok|9|7|1|1|7", "b|ok|2|2|0|0|1"]);
}

battery!(what_the_assessment_asks);
