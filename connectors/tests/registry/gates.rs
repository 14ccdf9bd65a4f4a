//! Gates: what a delivery may not do unasked, and what is kept of it all the same.

use crate::bench::{Bench, Given, How, counts, delta, records_from, services, snapshot};
use vienkop_connectors::registry::GateKind;
use vienkop_transforms::records::Records;

fn strict() -> How {
    How { quarantined: 0.25, retired: 0.3, approve: false, ..snapshot(&["service"]) }
}

fn ten(skip: usize) -> Records {
    let codes: Vec<String> = (skip..10).map(|n| n.to_string()).collect();
    let rows: Vec<[&str; 2]> = codes.iter().map(|code| [code.as_str(), "Nosaukums"]).collect();
    let rows: Vec<&[&str]> = rows.iter().map(<[&str; 2]>::as_slice).collect();
    services("a", &["code", "name"], &rows)
}

async fn a_snapshot_that_retires_too_much_asks(bench: Bench) {
    assert_eq!(bench.deliver("a", &strict(), &[ten(0)]).await.gate, None);
    assert_eq!(bench.deliver("a", &strict(), &[ten(3)]).await.gate, None, "three of ten are allowed");
    let much = bench.deliver("a", &strict(), &[ten(6)]).await;
    let gate = much.gate.clone().unwrap();
    assert_eq!((gate.kind, gate.records, gate.of, gate.asks_approval()), (GateKind::Retires, 3, 7, true));
    assert_eq!(counts(&much, "service"), [0, 0, 3, 4, 0, 0]);
    assert_eq!(bench.ask("SELECT count(*) FROM service_current").await, ["7"]);
    assert_eq!(bench.ask("SELECT code, value, expected FROM finding WHERE code <> 'K003'").await, ["S003|3/7|0.3"]);
    assert_eq!(bench.registry.runs(1).await.unwrap()[0].sources[0].status, "approval");
    let approved = bench.deliver("a", &How { approve: true, ..strict() }, &[ten(6)]).await;
    assert_eq!(approved.gate, None);
    assert_eq!(bench.ask("SELECT count(*) FROM service_current").await, ["4"]);
    bench.sound().await;
}

async fn an_empty_snapshot_always_asks(bench: Bench) {
    bench.deliver("a", &strict(), &[ten(0)]).await;
    let how = How { retired: 1.0, ..strict() };
    let empty = bench.deliver("a", &how, &[]).await;
    assert_eq!(empty.gate.unwrap().kind, GateKind::Empty);
    assert_eq!(bench.ask("SELECT count(*) FROM service_current").await, ["10"]);
    let nothing_new = bench.deliver("a", &How { snapshot: false, ..how }, &[]).await;
    assert_eq!(nothing_new.gate, None);
    let unmapped = bench.deliver("a", &delta(&[]), &[]).await;
    assert!(unmapped.entities.is_empty());
}

async fn too_much_in_quarantine_loads_nothing_but_the_evidence(bench: Bench) {
    bench.deliver("a", &strict(), &[ten(0)]).await;
    let rows = |bad: usize| {
        let given: Vec<Given<'_>> = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
            .into_iter()
            .enumerate()
            .map(|(n, code)| Given { accepted: n >= bad, cells: vec![crate::bench::OWNER, code, "Jauns"] })
            .collect();
        records_from("a", "service", &["owner_reg_no", "code", "name"], &given, 1)
    };
    let much = bench.deliver("a", &strict(), &[rows(3)]).await;
    assert_eq!(much.gate.as_ref().unwrap().kind, GateKind::Quarantined);
    assert_eq!(counts(&much, "service"), [0, 7, 0, 0, 3, 0]);
    assert_eq!(bench.ask("SELECT DISTINCT name FROM service_current").await, ["Nosaukums"]);
    assert_eq!(bench.registry.quarantine_list(Some("a"), 10).await.unwrap().len(), 3);
    assert_eq!(bench.registry.runs(1).await.unwrap()[0].sources[0].entities[0].quarantined, 3);
    // Within the gate the good ones are loaded, the bad ones stay as they were.
    let few = bench.deliver("a", &strict(), &[rows(2)]).await;
    assert_eq!(few.gate, None);
    assert_eq!(counts(&few, "service"), [0, 8, 0, 0, 2, 0]);
    let names = "SELECT name, count(*) FROM service_current GROUP BY name ORDER BY name";
    assert_eq!(bench.ask(names).await, ["Jauns|8", "Nosaukums|2"]);
    assert_eq!(bench.registry.quarantine_list(Some("a"), 10).await.unwrap().len(), 2);
    bench.sound().await;
}

battery! {
    a_snapshot_that_retires_too_much_asks,
    an_empty_snapshot_always_asks,
    too_much_in_quarantine_loads_nothing_but_the_evidence,
}
