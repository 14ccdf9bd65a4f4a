//! A plan writes nothing and says what the run then does.

use crate::bench::{Bench, OWNER, counts, one, records, services, snapshot};
use vienkop_connectors::registry::{Change, Mode};

async fn a_plan_is_the_run_without_its_traces(bench: Bench) {
    let how = snapshot(&["service"]);
    bench.deliver("a", &how, &[services("a", &["code", "name"], &[&["1", "Viens"], &["2", "Divi"]])]).await;
    let before = everything(&bench).await;
    let given = || services("a", &["code", "name"], &[&["1", "Cits"], &["3", "Trīs"]]);
    let planned = bench.plan("a", &how, &[given()]).await;
    assert_eq!(everything(&bench).await, before);
    let done = bench.deliver("a", &how, &[given()]).await;
    assert_eq!(planned, done);
    assert_eq!(counts(&done, "service"), [1, 1, 1, 0, 0, 0]);
    let kinds: Vec<_> = done.samples.iter().map(|sample| (sample.change, sample.key.clone().unwrap())).collect();
    let key = |code: &str| format!("{OWNER}/{code}");
    assert_eq!(kinds, [(Change::Inserted, key("3")), (Change::Changed, key("1")), (Change::Retired, key("2"))]);
}

async fn later_sources_of_a_plan_see_the_earlier_ones(bench: Bench) {
    let run = bench.begin(Mode::Plan).await;
    one(&run, "services", &snapshot(&["service"]), &[services("services", &["code", "name"], &[&["1", "Viens"]])])
        .await;
    // Given up half-way: the next source does not see it.
    let mut stage = run.stage("broken").await.unwrap();
    stage.records(&services("broken", &["code", "name"], &[&["2", "Divi"]])).await.unwrap();
    drop(stage.difference(&snapshot(&["service"]).delivery()).await.unwrap());
    let resources = records("links", "resource", &["code", "name", "owner_reg_no"], &[&["R1", "Resurss", OWNER]]);
    let links = |code| {
        records(
            "links",
            "service_resource",
            &["owner_reg_no", "service_code", "resource_code"],
            &[&[OWNER, code, "R1"]],
        )
    };
    let how = snapshot(&["resource", "service_resource"]);
    let difference = one(&run, "links", &how, &[resources, links("1"), links("2")]).await;
    assert_eq!(counts(&difference, "service_resource"), [1, 0, 0, 0, 1, 0]);
    run.finish("clean", "2030-01-01T00:00:00Z").await.unwrap();
    assert_eq!(everything(&bench).await, "");
}

/// Every row of the tables that these tests could touch.
async fn everything(bench: &Bench) -> String {
    let mut all = String::new();
    for text in [
        "SELECT uid, run, valid_from, valid_to, code, name FROM service ORDER BY uid, run",
        "SELECT record_uid, run, valid_to, name FROM source_service ORDER BY record_uid, run",
        "SELECT id, status FROM run",
        "SELECT run, source, status FROM run_source",
        "SELECT id, code FROM finding",
        "SELECT id FROM quarantine",
        "SELECT record_uid, entity_uid FROM identity ORDER BY record_uid",
        "SELECT source, holds, last_run FROM source_state",
        "SELECT id FROM landed_file",
        "SELECT uid FROM resource",
    ] {
        all.push_str(&bench.ask(text).await.join("\n"));
    }
    all
}

battery! {
    a_plan_is_the_run_without_its_traces,
    later_sources_of_a_plan_see_the_earlier_ones,
}
