//! Services that no key joins, as people see them: the queue with its reasons, decisions, what later runs and the
//! history say.

use serde_json::Value;

use crate::support::Project;

/// Two agencies that describe one service, and two municipalities that have one kind of it.
fn project() -> Project {
    let project = Project::new();
    for (id, owner, rows) in [
        ("reg", "90000270634", "A1;Dzīvesvietas deklarēšana\nA2;Pases izsniegšana\n"),
        ("vid", "90000069281", "100;Deklarēšana (dzīvesvietas)\n101;Pases anulēšana\n"),
    ] {
        let toml = format!(
            "institution = \"{owner}\"\n[fetch]\nkind = \"file\"\npath = \"{id}.csv\"\n[format]\nkind = \"csv\"\n\
             [[table]]\nentity = \"service\"\n[table.fields]\nowner_reg_no = {{ value = \"{owner}\" }}\ncode = \"Kods\"\n\
             name = \"Nosaukums\"\naudience = {{ value = \"iedzīvotājs\" }}\n"
        );
        project.source(id, &toml);
        project.file(&format!("{id}.csv"), format!("Kods;Nosaukums\n{rows}"));
    }
    project.pipeline(&["reg", "vid"]);
    project
}

fn run(project: &Project, day: &str) -> Value {
    project.vienkop(&["run", "--json", "--as-of", day]).ends(0).json()
}

fn current(project: &Project, id: &str) -> Value {
    project.vienkop(&["history", id, "--json"]).ends(0).json()["state"].clone()
}

#[test]
fn two_names_of_one_service_wait_for_a_person_and_stay_merged() {
    let project = project();
    let first = run(&project, "2024-07-01");
    assert_eq!(first["sources"][1]["matches"], serde_json::json!({ "merged": 0, "review": 1 }));
    assert_eq!(first["sources"][1]["findings"]["K006"], 1);
    insta::assert_snapshot!("review_list", project.vienkop(&["review", "list"]).ends(0).stdout);
    insta::assert_snapshot!("review_list_lv", project.vienkop(&["review", "list", "--lang", "lv"]).ends(0).stdout);
    let queue = project.vienkop(&["review", "list", "--json"]).ends(0).json();
    let [pair] = queue["pairs"].as_array().unwrap().as_slice() else { panic!("{queue}") };
    assert_eq!((&pair["left"]["sources"][0], &pair["right"]["code"]), (&"vid".into(), &"A1".into()));

    insta::assert_snapshot!(
        "review_accept",
        project.vienkop(&["review", "accept", "#1", "--as-of", "2024-07-02"]).ends(0).stdout
    );
    assert_eq!(
        (current(&project, "service:A1"), current(&project, "service:100")),
        ("current".into(), "retired".into())
    );
    // The next runs keep it merged, whatever the sources say.
    project.file("vid.csv", "Kods;Nosaukums\n100;Dzīvesvietas deklarēšana internetā\n101;Pases anulēšana\n");
    let next = run(&project, "2024-07-03");
    assert_eq!(next["sources"][1]["records"]["service"]["changed"], 1);
    assert_eq!(current(&project, "service:A1"), "current");
    let explained = project.vienkop(&["explain", "service:A1", "--json"]).ends(0).json();
    let name = explained["fields"].as_array().unwrap().iter().find(|field| field["field"] == "name").unwrap();
    assert_eq!(name["lost"][0]["value"], "Dzīvesvietas deklarēšana internetā", "the losing value stays visible");

    project.vienkop(&["review", "split", "1", "--as-of", "2024-07-04"]).ends(0);
    insta::assert_snapshot!("review_history", project.vienkop(&["history", "service:100"]).ends(0).stdout);
    insta::assert_snapshot!("review_history_kept", project.vienkop(&["history", "service:A1"]).ends(0).stdout);
    let last = run(&project, "2024-07-05");
    assert_eq!(last["sources"][1]["matches"], serde_json::json!({ "merged": 0, "review": 0 }));
    let empty = project.vienkop(&["review", "list"]).ends(0).stdout;
    assert!(empty.contains("No pair waits"), "{empty}");
}

#[test]
fn what_cannot_be_decided_says_why() {
    let project = project();
    let none = project.vienkop(&["review", "list"]).ends(2).stderr;
    assert!(none.contains("vienkop run"), "{none}");
    run(&project, "2024-07-01");
    for (args, said) in [
        (&["accept", "7"][..], "no such pair"),
        (&["accept", "nav-tada"], "No group"),
        (&["reject", "7"], "no such pair"),
        (&["split", "1"], "not decided yet"),
        (&["split", "service:A1"], "--source"),
        (&["split", "service:A1", "--source", "vid"], "nothing to separate"),
        (&["split", "service:A1", "--source", "vidd"], "vid"),
    ] {
        let ended = project.vienkop(&[&["review"], args].concat()).ends(2);
        assert!(ended.stderr.contains(said), "{args:?}: {}", ended.stderr);
    }
    project.vienkop(&["review", "reject", "1"]).ends(0);
    let again = project.vienkop(&["review", "accept", "1", "--as-of", "2024-07-02"]).ends(0);
    assert!(again.stdout.contains("Merged"), "a person may change their mind");
}

#[test]
fn municipalities_services_of_one_kind_get_a_group_code() {
    let project = Project::new();
    let owners = [("erglupes", "90000000112"), ("mezmalas", "90000000120")];
    project.file(
        "iestades.csv",
        owners.iter().fold("Nr;Nosaukums;Veids\n".to_owned(), |all, (name, owner)| {
            format!("{all}{owner};{name} novada pašvaldība;pašvaldība\n")
        }),
    );
    project.source(
        "iestades",
        "[fetch]\nkind = \"file\"\npath = \"iestades.csv\"\n[format]\nkind = \"csv\"\n[[table]]\nentity = \"institution\"\n\
         [table.fields]\nreg_no = \"Nr\"\nname = \"Nosaukums\"\nkind = \"Veids\"\n",
    );
    for (id, owner) in owners {
        let toml = format!(
            "institution = \"{owner}\"\n[fetch]\nkind = \"file\"\npath = \"{id}.csv\"\n[format]\nkind = \"csv\"\n\
             [[table]]\nentity = \"service\"\n[table.fields]\nowner_reg_no = {{ value = \"{owner}\" }}\ncode = \"Kods\"\n\
             name = \"Nosaukums\"\n"
        );
        project.source(id, &toml);
    }
    project.file("erglupes.csv", "Kods;Nosaukums\n1;Bērna reģistrācija pirmsskolas iestādē\n");
    project.file("mezmalas.csv", "Kods;Nosaukums\n9;Bērnu reģistrācija pirmsskolas iestādēs\n");
    project.pipeline(&["iestades", "erglupes", "mezmalas"]);
    let first = run(&project, "2024-07-01");
    assert_eq!(first["sources"][2]["matches"], serde_json::json!({ "merged": 0, "review": 0 }));
    insta::assert_snapshot!("review_groups", project.vienkop(&["review", "list"]).ends(0).stdout);
    let listed = project.vienkop(&["review", "list", "--json"]).ends(0).json();
    let code = listed["groups"][0]["group_code"].as_str().unwrap().to_owned();
    project.vienkop(&["review", "accept", &code, "--as-of", "2024-07-02"]).ends(0);
    let listed = project.vienkop(&["review", "list", "--json"]).ends(0).json();
    assert_eq!(listed["groups"], serde_json::json!([]));
    let explained = project.vienkop(&["explain", "service:9", "--json"]).ends(0).json();
    let field = explained["fields"].as_array().unwrap().iter().find(|field| field["field"] == "group_code").unwrap();
    assert_eq!(field["value"], Value::from(code));
}
