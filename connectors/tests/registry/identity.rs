//! One entity, several records: of one source, of several, of sources that come and go.

use crate::bench::{Bench, counts, one, records, services, snapshot, steps};
use vienkop_connectors::registry::Mode;

async fn several_sources_feed_one_entity_by_priority(mut bench: Bench) {
    bench.priorities = vec![("strong".into(), 10), ("weak".into(), 1)];
    let how = snapshot(&["service", "service.steps"]);
    let columns = ["code", "name", "description"];
    let weak = |name, text| services("weak", &columns, &[&["1", name, text]]);
    bench.deliver("weak", &how, &[weak("Vājais", "Apraksts"), steps("weak", &[("1", 1, "Vāji")])]).await;
    bench.deliver("strong", &how, &[services("strong", &columns, &[&["1", "Stiprais", ""]])]).await;
    let current =
        "SELECT name, description, (SELECT count(*) FROM service_steps c WHERE c.uid = v.uid AND c.run = v.run)
        FROM service_current v";
    assert_eq!(bench.ask(current).await, ["Stiprais|Apraksts|1"]);
    // A value that loses is kept with its source, the entity stays as it is.
    let lost = bench.deliver("weak", &how, &[weak("Cits", "Apraksts"), steps("weak", &[("1", 1, "Vāji")])]).await;
    assert_eq!(counts(&lost, "service"), [0, 1, 0, 0, 0, 0]);
    assert_eq!(bench.ask("SELECT count(*), max(run) FROM service").await, ["2|2"]);
    // The strong source retires its record: the weak one's values come through.
    bench.deliver("strong", &how, &[]).await;
    assert_eq!(bench.ask(current).await, ["Cits|Apraksts|1"]);
    bench.deliver("weak", &how, &[]).await;
    assert_eq!(bench.ask(current).await, Vec::<String>::new());
    assert_eq!(bench.ask("SELECT count(*), count(valid_to) FROM service").await, ["3|3"]);
    bench.sound().await;
}

async fn sources_of_one_run_make_one_version(bench: Bench) {
    let how = snapshot(&["service"]);
    let run = bench.begin(Mode::Run).await;
    for (source, name) in [("b", "No b"), ("a", "No a")] {
        one(&run, source, &how, &[services(source, &["code", "name"], &[&["1", name]])]).await;
    }
    run.finish("clean", "2030-01-01T00:00:00Z").await.unwrap();
    assert_eq!(bench.ask("SELECT name, run FROM service").await, ["No a|1"]);
    assert_eq!(bench.ask("SELECT count(*) FROM source_service").await, ["2"]);
    bench.sound().await;
}

async fn a_new_source_takes_over_by_natural_key(bench: Bench) {
    let how = snapshot(&["service"]);
    let columns = ["virsis_id", "code", "name"];
    bench.deliver("excel", &how, &[services("excel", &columns, &[&["V1", "1", "Viens"], &["", "2", "Divi"]])]).await;
    // V1 under another code, 2 now with a register number: both are known.
    bench.deliver("csv", &how, &[services("csv", &columns, &[&["V1", "1b", "Viens"], &["V2", "2", "Divi"]])]).await;
    assert_eq!(bench.ask("SELECT count(DISTINCT uid) FROM service").await, ["2"]);
    bench.deliver("excel", &how, &[]).await;
    assert_eq!(bench.ask("SELECT virsis_id, code FROM service_current ORDER BY code").await, ["V1|1b", "V2|2"]);
    assert_eq!(bench.ask("SELECT count(DISTINCT uid) FROM service").await, ["2"]);
    bench.sound().await;
}

async fn a_minted_uid_that_is_anothers_is_not_taken(bench: Bench) {
    let how = snapshot(&["service"]);
    let columns = ["virsis_id", "code", "name"];
    bench.deliver("a", &how, &[services("a", &columns, &[&["V1", "1", "Viens"]])]).await;
    // The register number moves from one service to another.
    bench.deliver("a", &how, &[services("a", &columns, &[&["V9", "1", "Viens"], &["V1", "2", "Divi"]])]).await;
    assert_eq!(
        bench.ask("SELECT virsis_id, code, name FROM service_current ORDER BY code").await,
        ["V9|1|Viens", "V1|2|Divi"]
    );
    bench.sound().await;
}

async fn records_of_one_delivery_may_share_an_entity(bench: Bench) {
    let columns = ["virsis_id", "owner_reg_no", "code", "name", "description"];
    let rows: [&[&str]; 2] = [&["V1", "90000000001", "1", "Viens", ""], &["V1", "90000000002", "1", "Cits", "Teksts"]];
    let both = bench.deliver("a", &snapshot(&["service"]), &[records("a", "service", &columns, &rows)]).await;
    assert_eq!(counts(&both, "service"), [2, 0, 0, 0, 0, 0]);
    assert_eq!(bench.ask("SELECT name, description FROM service_current").await, ["Viens|Teksts"]);
    bench.sound().await;
}

battery! {
    several_sources_feed_one_entity_by_priority,
    sources_of_one_run_make_one_version,
    a_new_source_takes_over_by_natural_key,
    a_minted_uid_that_is_anothers_is_not_taken,
    records_of_one_delivery_may_share_an_entity,
}
