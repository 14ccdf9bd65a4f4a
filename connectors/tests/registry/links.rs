//! References: ends of links must exist, other references should.

use crate::bench::{Bench, OWNER, counts, records, services, snapshot};

fn needs() -> [vienkop_transforms::records::Records; 2] {
    [
        records("a", "life_event", &["code", "name"], &[&["D1", "Dzimšana"]]),
        records(
            "a",
            "need",
            &["code", "name", "life_event_code"],
            &[&["N1", "Vajadzība", "D1"], &["N2", "Cita", "D9"]],
        ),
    ]
}

fn links(rows: &[&[&str]]) -> vienkop_transforms::records::Records {
    records("a", "need_service", &["need_code", "owner_reg_no", "service_code"], rows)
}

const FOUND: &str =
    "SELECT code, entity, field, value, expected FROM finding WHERE run = (SELECT max(run) FROM finding)
    ORDER BY id";

async fn ends_are_sought_in_the_delivery_and_in_the_registry(bench: Bench) {
    let owner = records("a", "institution", &["reg_no", "name"], &[&[OWNER, "Iestāde"]]);
    bench
        .deliver("services", &snapshot(&["service"]), &[services("services", &["code", "name"], &[&["1", "Viens"]])])
        .await;
    let [life_event, need] = needs();
    let other = "90000000009";
    let given = [
        owner,
        life_event,
        need,
        links(&[&["N1", OWNER, "1"], &["N1", OWNER, "2"], &["N9", OWNER, "1"], &["N1", other, "1"]]),
    ];
    let how = snapshot(&["institution", "life_event", "need", "need_service"]);
    let difference = bench.deliver("a", &how, &given).await;
    assert_eq!(counts(&difference, "need"), [2, 0, 0, 0, 0, 0], "a dangling reference is told, the record accepted");
    assert_eq!(counts(&difference, "need_service"), [1, 0, 0, 0, 3, 0]);
    let found = [
        "K003|need|life_event_code|D9|life_event.code",
        "K004|need_service|need_code|N9|need.code",
        "K004|need_service|service_code|2|service.code",
        "K004|need_service|service_code|1|service.code",
    ];
    assert_eq!(bench.ask(FOUND).await, found);
    assert_eq!(bench.registry.quarantine_list(Some("a"), 10).await.unwrap().len(), 3);
    let again = bench.deliver("a", &how, &given).await;
    assert_eq!(counts(&again, "need_service"), [0, 0, 0, 1, 3, 0]);
}

async fn a_link_to_what_this_delivery_retires_leads_nowhere(bench: Bench) {
    let how = snapshot(&["life_event", "need", "service", "need_service"]);
    let given = |rows: &[&[&str]]| {
        let [life_event, need] = needs();
        [life_event, need, services("a", &["code", "name"], rows), links(&[&["N1", OWNER, "1"]])]
    };
    bench.deliver("a", &how, &given(&[&["1", "Viens"], &["2", "Divi"]])).await;
    let retired = bench.deliver("a", &how, &given(&[&["2", "Divi"]])).await;
    assert_eq!(counts(&retired, "service"), [0, 0, 1, 1, 0, 0]);
    assert_eq!(counts(&retired, "need_service"), [0, 0, 0, 0, 1, 0], "and the version held stays");
    assert_eq!(bench.ask("SELECT count(*) FROM need_service_current").await, ["1"]);
}

async fn items_of_lists_are_references_too(bench: Bench) {
    bench
        .deliver("services", &snapshot(&["service"]), &[services("services", &["code", "name"], &[&["1", "Viens"]])])
        .await;
    let columns = ["catalogue", "entry_id", "name", "service_codes"];
    let entry = records("a", "catalogue_entry", &columns, &[&["cits", "E1", "Piedāvājums", r#"["1","7"]"#]]);
    let difference = bench.deliver("a", &snapshot(&["catalogue_entry"]), &[entry]).await;
    assert_eq!(counts(&difference, "catalogue_entry"), [1, 0, 0, 0, 0, 0]);
    assert_eq!(bench.ask(FOUND).await, ["K003|catalogue_entry|service_codes|7|service.code"]);
    assert!(bench.dump("catalogue_entry").await[0].contains(r#""service_codes":["1","7"]"#));
}

async fn an_institution_may_refer_to_one_of_its_own_delivery(bench: Bench) {
    let columns = ["reg_no", "name", "parent_reg_no"];
    let rows: [&[&str]; 3] = [
        &["90000000001", "Ministrija", ""],
        &["90000000002", "Aģentūra", "90000000001"],
        &["90000000003", "Cita", "90000000004"],
    ];
    bench.deliver("a", &snapshot(&["institution"]), &[records("a", "institution", &columns, &rows)]).await;
    assert_eq!(bench.ask(FOUND).await, ["K003|institution|parent_reg_no|90000000004|institution.reg_no"]);
}

battery! {
    ends_are_sought_in_the_delivery_and_in_the_registry,
    a_link_to_what_this_delivery_retires_leads_nowhere,
    items_of_lists_are_references_too,
    an_institution_may_refer_to_one_of_its_own_delivery,
}
