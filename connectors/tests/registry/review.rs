//! Services that no key joins: merged or asked about by score, decided by people, taken back.

use crate::bench::{Bench, How, counts, records, snapshot};
use vienkop_connectors::registry::{Change, Decision, Difference, Mode, Reviewed};
use vienkop_transforms::records::Records;
use vienkop_transforms::resolve::matching::Explanation;

const OWNER: &str = "90000000001";
const OTHER: &str = "90000000002";

/// Owner, code, name.
fn given(source: &str, rows: &[(&str, &str, &str)]) -> Records {
    let cells: Vec<[&str; 5]> = rows
        .iter()
        .map(|(owner, code, name)| [*owner, *code, *name, r#"["iedzivotajs"]"#, r#"["klatiene"]"#])
        .collect();
    let cells: Vec<&[&str]> = cells.iter().map(<[&str; 5]>::as_slice).collect();
    records(source, "service", &["owner_reg_no", "code", "name", "audience", "request_channels"], &cells)
}

fn how() -> How {
    How { matching: true, ..snapshot(&["service"]) }
}

async fn deliver(bench: &Bench, source: &str, rows: &[(&str, &str, &str)]) -> Difference {
    bench.deliver(source, &how(), &[given(source, rows)]).await
}

async fn decide(bench: &Bench, decision: &Decision) -> Reviewed {
    bench.registry.decide(decision, &bench.start().started_at, "2025-01-01").await.unwrap()
}

async fn done(bench: &Bench, decision: Decision) -> Vec<String> {
    match decide(bench, &decision).await {
        Reviewed::Done { uids, .. } => uids,
        other => panic!("{decision:?}: {other:?}"),
    }
}

const CURRENT: &str = "SELECT owner_reg_no, code FROM service_current ORDER BY owner_reg_no, code";
const SAME: (&str, &str, &str) = (OWNER, "P-1", "Dzīvesvietas deklarēšana");

async fn one_owners_service_under_two_codes_is_merged(bench: Bench) {
    deliver(&bench, "virsis", &[SAME]).await;
    let plan = bench
        .work(Mode::Plan, "register", &how(), &[given("register", &[(OWNER, "17", "Dzīvesvietas deklarēšana")])])
        .await;
    let merged = deliver(&bench, "register", &[(OWNER, "17", "Dzīvesvietas deklarēšana")]).await;
    assert_eq!(plan, merged);
    assert_eq!((merged.matched.merged, merged.matched.review), (1, 0));
    assert_eq!(counts(&merged, "service"), [1, 0, 0, 0, 0, 0]);
    let sample = merged.samples.iter().find(|sample| sample.change == Change::Merged).unwrap();
    assert_eq!(sample.key.as_deref(), Some("90000000001/17"));
    assert_eq!(bench.ask(CURRENT).await, ["90000000001|17"]);
    assert_eq!(bench.ask("SELECT count(DISTINCT uid) FROM service").await, ["1"]);
    // Delivered again, changed, gone and back: it stays the same one.
    deliver(&bench, "register", &[(OWNER, "17", "Dzīvesvietas deklarēšana")]).await;
    deliver(&bench, "register", &[]).await;
    let back = deliver(&bench, "register", &[(OWNER, "17", "Deklarēšana")]).await;
    assert_eq!(back.matched.merged, 0);
    assert_eq!(bench.ask("SELECT count(DISTINCT uid) FROM service").await, ["1"]);
    bench.sound().await;
    // Taken back: the later one becomes what it would have been, the other stays what it was.
    let [pair] = bench.registry.review_list(true, 10).await.unwrap().try_into().unwrap();
    assert_eq!((pair.status.as_str(), pair.run), ("accepted", 2));
    let uids = done(&bench, Decision::Undo(pair.id)).await;
    assert_eq!(uids, [pair.right.uid.clone(), pair.left.uid.clone()]);
    assert_eq!(bench.ask(CURRENT).await, ["90000000001|17", "90000000001|P-1"]);
    // And stays apart.
    deliver(&bench, "register", &[]).await;
    let again = deliver(&bench, "register", &[(OWNER, "17", "Dzīvesvietas deklarēšana")]).await;
    assert_eq!((again.matched.merged, again.matched.review), (0, 0));
    assert_eq!(bench.ask(CURRENT).await, ["90000000001|17", "90000000001|P-1"]);
    bench.sound().await;
}

async fn two_owners_services_wait_for_a_person(bench: Bench) {
    deliver(&bench, "a", &[SAME]).await;
    let asked = deliver(&bench, "b", &[(OTHER, "7", "Dzīvesvietas deklarēšana"), (OTHER, "8", "Cita lieta")]).await;
    assert_eq!((asked.matched.merged, asked.matched.review), (0, 1));
    assert_eq!(bench.ask(CURRENT).await, ["90000000001|P-1", "90000000002|7", "90000000002|8"]);
    assert_eq!(
        bench.ask("SELECT code, field, value, expected FROM finding WHERE code = 'K006'").await,
        ["K006|name|Dzīvesvietas deklarēšana|Dzīvesvietas deklarēšana"]
    );
    let [pair] = bench.registry.review_list(false, 10).await.unwrap().try_into().unwrap();
    let explanation = Explanation::parse(pair.explanation.as_deref().unwrap()).unwrap();
    assert_eq!(explanation.fields[0].field, "name");
    assert_eq!((pair.left.sources.join("+"), pair.right.sources.join("+")), ("b".into(), "a".into()));
    let uids = done(&bench, Decision::Accept(pair.id)).await;
    assert_eq!(uids, [pair.right.uid.clone(), pair.left.uid.clone()]);
    assert_eq!(bench.ask(CURRENT).await, ["90000000001|P-1", "90000000002|8"]);
    assert_eq!(bench.registry.review_list(false, 10).await.unwrap(), []);
    // The next deliveries keep it merged; each source's word is kept.
    deliver(&bench, "b", &[(OTHER, "7", "Dzīvesvietas deklarēšana (jauns)"), (OTHER, "8", "Cita lieta")]).await;
    deliver(&bench, "a", &[(OWNER, "P-1", "Deklarēšana")]).await;
    assert_eq!(bench.ask(CURRENT).await, ["90000000001|P-1", "90000000002|8"]);
    deliver(&bench, "b", &[(OTHER, "8", "Cita lieta")]).await;
    assert_eq!(bench.ask("SELECT name FROM service_current WHERE code = 'P-1'").await, ["Deklarēšana"]);
    deliver(&bench, "b", &[(OTHER, "7", "Dzīvesvietas deklarēšana"), (OTHER, "8", "Cita lieta")]).await;
    assert_eq!(bench.ask(CURRENT).await, ["90000000001|P-1", "90000000002|8"]);
    bench.sound().await;
    let accepted = decide(&bench, &Decision::Accept(pair.id)).await;
    assert_eq!(accepted, Reviewed::Already("accepted".into()));
    // What source b says becomes a service of its own again, under the uid it had.
    let separated = Decision::Separate { uid: pair.right.uid.clone(), source: "b".into() };
    assert_eq!(done(&bench, separated).await, [pair.right.uid.clone(), pair.left.uid.clone()]);
    assert_eq!(bench.ask(CURRENT).await, ["90000000001|P-1", "90000000002|7", "90000000002|8"]);
    let uids = "SELECT count(DISTINCT uid) FROM service WHERE code = '7' AND owner_reg_no = '90000000002'";
    assert_eq!(bench.ask(uids).await, ["1"]);
    bench.sound().await;
}

async fn a_rejected_pair_is_not_asked_again(bench: Bench) {
    deliver(&bench, "a", &[SAME]).await;
    deliver(&bench, "b", &[(OTHER, "7", "Dzīvesvietas deklarēšana")]).await;
    let [pair] = bench.registry.review_list(false, 10).await.unwrap().try_into().unwrap();
    done(&bench, Decision::Reject(pair.id)).await;
    assert_eq!(bench.registry.review_list(false, 10).await.unwrap(), []);
    // The same service from yet another source: the decision holds for it too.
    deliver(&bench, "b", &[]).await;
    let other = deliver(&bench, "c", &[(OTHER, "7", "Dzīvesvietas deklarēšana")]).await;
    assert_eq!((other.matched.merged, other.matched.review), (0, 0));
    assert_eq!(decide(&bench, &Decision::Accept(99)).await, Reviewed::Unknown);
    bench.sound().await;
}

async fn a_decision_that_changes_nothing_leaves_no_run(bench: Bench) {
    deliver(&bench, "a", &[SAME]).await;
    let runs = bench.ask("SELECT count(*) FROM run").await;
    for decision in [
        Decision::Accept(1),
        Decision::Undo(1),
        Decision::Separate { uid: "nothing".into(), source: "a".into() },
        Decision::Group { uids: Vec::new(), code: "X".into() },
    ] {
        let reviewed = decide(&bench, &decision).await;
        assert!(matches!(reviewed, Reviewed::Unknown | Reviewed::Nothing), "{decision:?}: {reviewed:?}");
    }
    assert_eq!(bench.ask("SELECT count(*) FROM run").await, runs);
}

async fn a_group_code_fills_what_no_source_says(bench: Bench) {
    deliver(&bench, "a", &[SAME]).await;
    deliver(&bench, "b", &[(OTHER, "7", "Bērna reģistrācija bērnudārzā")]).await;
    let uids = bench.ask("SELECT uid FROM service_current ORDER BY uid").await;
    done(&bench, Decision::Group { uids: uids.clone(), code: "G-1".into() }).await;
    assert_eq!(bench.ask("SELECT code, group_code FROM service_current ORDER BY code").await, ["7|G-1", "P-1|G-1"]);
    // It lasts through later deliveries, and gives way to a source that says one.
    let own =
        records("a", "service", &["owner_reg_no", "code", "name", "group_code"], &[&[OWNER, "P-1", "Cits", "G-2"]]);
    deliver(&bench, "b", &[(OTHER, "7", "Bērna uzņemšana bērnudārzā")]).await;
    bench.deliver("a", &snapshot(&["service"]), &[own]).await;
    assert_eq!(bench.ask("SELECT code, group_code FROM service_current ORDER BY code").await, ["7|G-1", "P-1|G-2"]);
    deliver(&bench, "b", &[]).await;
    assert_eq!(bench.ask("SELECT code FROM service_current").await, ["P-1"], "a decision keeps nothing alive");
    bench.sound().await;
}

battery! {
    one_owners_service_under_two_codes_is_merged,
    two_owners_services_wait_for_a_person,
    a_rejected_pair_is_not_asked_again,
    a_decision_that_changes_nothing_leaves_no_run,
    a_group_code_fills_what_no_source_says,
}
