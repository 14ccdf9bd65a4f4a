//! References: ends of links must exist, other references should; links have history; what the whole set lacks.

use vienkop_connectors::registry::{LinkFindings, Mode};

use crate::bench::{Bench, OWNER, counts, one, priority, records, services, snapshot};

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

/// Versions of the links: critical, run, `run_to`, whether it begins when the one it replaces ends, number of uids.
const VERSIONS: [(&str, &str); 2] = [
    (
        "service_resource",
        "SELECT critical, run, run_to, CASE WHEN lag(run_to) OVER w = run THEN lag(valid_to) OVER w = valid_from END,
         (SELECT count(DISTINCT uid) FROM service_resource) FROM service_resource WINDOW w AS (ORDER BY run) ORDER BY run",
    ),
    (
        "service_service",
        "SELECT critical, run, run_to, CASE WHEN lag(run_to) OVER w = run THEN lag(valid_to) OVER w = valid_from END,
         (SELECT count(DISTINCT uid) FROM service_service) FROM service_service WINDOW w AS (ORDER BY run) ORDER BY run",
    ),
];

async fn links_have_history(bench: Bench) {
    let resource = ["owner_reg_no", "service_code", "resource_code", "critical"];
    let service = ["owner_reg_no", "service_code", "related_owner_reg_no", "related_code", "kind", "critical"];
    let uses = |critical: &'static str| vec![OWNER, "1", "R1", critical];
    let needs = |critical: &'static str| vec![OWNER, "1", OWNER, "2", "prasa", critical];
    let (uses, needs): (&dyn Fn(_) -> _, &dyn Fn(_) -> _) = (&uses, &needs);
    let links = [(&resource[..], uses), (&service[..], needs)];
    for ((entity, versions), (columns, link)) in VERSIONS.into_iter().zip(links) {
        let bench = bench.another().await;
        let ends = [
            records("ends", "institution", &["reg_no", "name"], &[&[OWNER, "Iestāde"]]),
            services("ends", &["code", "name"], &[&["1", "Viens"], &["2", "Divi"]]),
            records("ends", "resource", &["code", "name", "owner_reg_no"], &[&["R1", "Reģistrs", OWNER]]),
        ];
        bench.deliver("ends", &snapshot(&["institution", "service", "resource"]), &ends).await;
        let how = snapshot(&[entity]);
        let deliver = async |rows: &[Vec<&str>]| {
            let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
            counts(&bench.deliver("a", &how, &[records("a", entity, columns, &rows)]).await, entity)
        };
        assert_eq!(deliver(&[link("jā")]).await, [1, 0, 0, 0, 0, 0]);
        assert_eq!(deliver(&[link("jā")]).await, [0, 0, 0, 1, 0, 0]);
        assert_eq!(deliver(&[link("nē")]).await, [0, 1, 0, 0, 0, 0]);
        assert_eq!(deliver(&[]).await, [0, 0, 1, 0, 0, 0]);
        assert_eq!(deliver(&[link("nē")]).await, [1, 0, 0, 0, 0, 0]);
        // Gapless where it stayed, away between runs 5 and 6, one uid throughout.
        assert_eq!(bench.ask(versions).await, ["1|2|4|NULL|1", "0|4|5|1|1", "0|6|NULL|NULL|1"], "{entity}");
    }
}

/// A line a finding: the columns that are not empty.
fn lines(found: &LinkFindings) -> Vec<String> {
    let text =
        |name: &str, row: usize| found.list.column(name).unwrap().str().unwrap().get(row).unwrap_or("-").to_owned();
    let names =
        ["code", "source", "file", "owner", "entity", "record_key", "field", "cell", "value", "expected", "hint"];
    (0..found.list.height()).map(|row| names.map(|name| text(name, row)).join("|")).collect()
}

fn of(found: &LinkFindings) -> [u64; 4] {
    ["L001", "L002", "L003", "L004"].map(|code| found.counts[code])
}

const WHOLE: [&str; 7] =
    ["institution", "life_event", "need", "service", "resource", "need_service", "service_resource"];

/// N1 is met by service 1, N2 by an ended service only, N3 by none; 3 is planned, 4 has ended, 5 has nothing.
fn whole(services_of: &[&[&str]]) -> Vec<vienkop_transforms::records::Records> {
    vec![
        records("a", "institution", &["reg_no", "name"], &[&[OWNER, "Iestāde"]]),
        records("a", "life_event", &["code", "name"], &[&["D1", "Dzimšana"]]),
        records(
            "a",
            "need",
            &["code", "name", "life_event_code"],
            &[&["N1", "Pirmā", "D1"], &["N2", "Otrā", "D1"], &["N3", "Trešā", "D1"]],
        ),
        services("a", &["code", "name", "lifecycle", "phase"], services_of),
        records(
            "a",
            "resource",
            &["code", "name", "owner_reg_no"],
            &[&["R1", "Reģistrs", OWNER], &["R2", "Cits", OWNER]],
        ),
        records(
            "a",
            "need_service",
            &["need_code", "owner_reg_no", "service_code"],
            &[&["N1", OWNER, "1"], &["N2", OWNER, "4"]],
        ),
        records("a", "service_resource", &["owner_reg_no", "service_code", "resource_code"], &[&[OWNER, "1", "R1"]]),
    ]
}

const SERVICES: [&[&str]; 5] = [
    &["1", "Viens", "sniegts", ""],
    &["3", "Trīs", "plānots", ""],
    &["4", "Četri", "likvidēts", "sniegšana vai lietošana"],
    &["5", "Pieci", "", "sniegšana vai lietošana"],
    &["6", "Seši", "", "likvidēšana"],
];

async fn what_the_whole_set_lacks(bench: Bench) {
    let nothing = bench.registry.findings_of_links(None, 10).await.unwrap();
    assert_eq!((of(&nothing), nothing.list.height()), ([0; 4], 0));
    bench.deliver("a", &snapshot(&WHOLE), &whole(&SERVICES)).await;
    let found = bench.registry.findings_of_links(None, 10).await.unwrap();
    assert_eq!(of(&found), [2, 2, 1, 0]);
    let owner = OWNER;
    assert_eq!(
        lines(&found),
        [
            "L001|a|-|-|need|N2|-|Lapa!2|Otrā|-|Dzimšana".to_owned(),
            "L001|a|-|-|need|N3|-|Lapa!3|Trešā|-|Dzimšana".to_owned(),
            format!("L002|a|-|{owner}|service|{owner}/3|-|Lapa!2|Trīs|-|Iestāde"),
            format!("L002|a|-|{owner}|service|{owner}/5|-|Lapa!4|Pieci|-|Iestāde"),
            format!("L003|a|-|{owner}|service|{owner}/5|-|Lapa!4|Pieci|-|Iestāde"),
        ]
    );
    let bounded = bench.registry.findings_of_links(None, 1).await.unwrap();
    assert_eq!((of(&bounded), bounded.list.height()), ([2, 2, 1, 0], 3), "the list is bounded, the counts are not");
    let own = bench.registry.findings_of_links(Some(OWNER), 10).await.unwrap();
    assert_eq!((of(&own), own.list.height()), ([0, 2, 1, 0], 3), "a need is no institution's");
    assert_eq!(of(&bench.registry.findings_of_links(Some("90000000009"), 10).await.unwrap()), [0; 4]);
}

async fn what_is_retired_later_leaves_references_dangling(bench: Bench) {
    bench.deliver("a", &snapshot(&WHOLE), &whole(&SERVICES)).await;
    let application = records(
        "b",
        "application",
        &["code", "service_code", "owner_reg_no", "kind"],
        &[&["L1", "1", OWNER, "e-forma"], &["L2", "1", "", "e-forma"], &["L3", "5", OWNER, "e-forma"]],
    );
    let offer = records(
        "b",
        "catalogue_entry",
        &["catalogue", "entry_id", "name", "service_codes"],
        &[&["cits", "E1", "Piedāvājums", r#"["1","5","7"]"#]],
    );
    bench.deliver("b", &snapshot(&["application", "catalogue_entry"]), &[application, offer]).await;
    let before = bench.registry.findings_of_links(None, 10).await.unwrap();
    assert_eq!(of(&before), [2, 2, 1, 1], "an offer names a service that never came");
    // Service 1 goes; the links to it are refused, so the versions held stay, and dangle.
    let gone = whole(&SERVICES[1..]);
    let run = bench.begin(Mode::Plan).await;
    one(&run, "a", &snapshot(&WHOLE), &gone).await;
    let planned = run.links().await.unwrap();
    run.finish("clean", "2030-01-01T00:00:00Z").await.unwrap();
    assert_eq!(of(&bench.registry.findings_of_links(None, 0).await.unwrap()), of(&before), "a plan is forgotten");
    bench.deliver("a", &snapshot(&WHOLE), &gone).await;
    let found = bench.registry.findings_of_links(None, 10).await.unwrap();
    assert_eq!(found.counts, planned, "a plan counts what the run then comes to");
    assert_eq!(of(&found), [3, 2, 1, 6]);
    let dangling: Vec<String> = lines(&found).into_iter().filter(|line| line.starts_with("L004")).collect();
    let owner = OWNER;
    assert_eq!(
        dangling,
        [
            "L004|b|-|-|application|L2|service_code|Lapa!2|1|service.code|-".to_owned(),
            format!("L004|b|-|{owner}|application|L1|service_code|Lapa!1|1|service.code|Iestāde"),
            "L004|b|-|-|catalogue_entry|cits/E1|service_codes|Lapa!1|1|service.code|Piedāvājums".to_owned(),
            "L004|b|-|-|catalogue_entry|cits/E1|service_codes|Lapa!1|7|service.code|Piedāvājums".to_owned(),
            format!("L004|a|-|{owner}|need_service|N1/{owner}/1|service_code|Lapa!1|1|service.code|Iestāde"),
            format!("L004|a|-|{owner}|service_resource|{owner}/1/R1|service_code|Lapa!1|1|service.code|Iestāde"),
        ]
    );
    bench.deliver("a", &snapshot(&WHOLE), &whole(&SERVICES)).await;
    assert_eq!(
        of(&bench.registry.findings_of_links(None, 0).await.unwrap()),
        of(&before),
        "and when it returns, they hold"
    );
}

async fn a_code_is_its_owners_and_a_record_may_have_several_sources(mut bench: Bench) {
    bench.priorities = vec![priority("low", 1), priority("high", 5)];
    let other = "90000000009";
    let columns = ["code", "name"];
    bench.deliver("low", &snapshot(&["service"]), &[services("low", &columns, &[&["1", "Zemais"]])]).await;
    bench
        .deliver("high", &snapshot(&["service"]), &[services("high", &columns, &[&["0", "Cits"], &["1", "Augstais"]])])
        .await;
    let given = [
        records("a", "institution", &["reg_no", "name"], &[&[OWNER, "Iestāde"], &[other, "Cita"]]),
        records("a", "application", &["code", "service_code", "owner_reg_no"], &[&["L1", "1", other]]),
    ];
    bench.deliver("a", &snapshot(&["institution", "application"]), &given).await;
    let found = bench.registry.findings_of_links(None, 10).await.unwrap();
    assert_eq!(of(&found), [0, 2, 2, 1]);
    let lines = lines(&found);
    assert_eq!(lines[1], format!("L002|high, low|-|{OWNER}|service|{OWNER}/1|-|Lapa!2|Augstais|-|Iestāde"));
    assert_eq!(lines[4], format!("L004|a|-|{other}|application|L1|service_code|Lapa!1|1|service.code|Cita"));
}

battery! {
    ends_are_sought_in_the_delivery_and_in_the_registry,
    a_link_to_what_this_delivery_retires_leads_nowhere,
    items_of_lists_are_references_too,
    an_institution_may_refer_to_one_of_its_own_delivery,
    what_the_whole_set_lacks,
    what_is_retired_later_leaves_references_dangling,
    a_code_is_its_owners_and_a_record_may_have_several_sources,
    links_have_history,
}
