//! Runs one after another: what changes, what stays, what waits for approval.

use crate::support::{Project, assert_conservation, count, source};

const THREE: &str = "code;name;description\n01;Alfa;Pirmais\n02;Beta;Otrais\n03;Gamma;Trešais\n";

#[test]
fn the_same_again_changes_nothing_and_one_cell_exactly_that() {
    let project = Project::new();
    project.services("reg", THREE).pipeline(&["reg"]);
    let first = project.run(&[]).ends(0).json();
    assert_conservation(&first);
    assert_eq!(count(&first, "reg", "service", "inserted"), 3);
    let second = project.run(&[]).ends(0).json();
    assert_conservation(&second);
    assert_eq!(count(&second, "reg", "service", "inserted"), 0);
    assert_eq!(count(&second, "reg", "service", "changed"), 0);
    assert_eq!(count(&second, "reg", "service", "unchanged"), 3);
    project.services("reg", &THREE.replace("Beta", "Bēta"));
    let plan = project.vienkop(&["plan", "--json"]).ends(0).json();
    assert_eq!(count(&plan, "reg", "service", "changed"), 1);
    let change = &source(&plan, "reg")["samples"][0];
    assert_eq!(
        (change["field"].as_str(), change["old"].as_str(), change["new"].as_str()),
        (Some("name"), Some("Beta"), Some("Bēta"))
    );
    let third = project.run(&[]).ends(0).json();
    assert_eq!(count(&third, "reg", "service", "changed"), 1);
    assert_eq!(count(&third, "reg", "service", "unchanged"), 2);
    assert_eq!(third["run"], 3, "a plan is no run");
}

#[test]
fn absent_column_is_unchanged_and_empty_cell_is_cleared() {
    let project = Project::new();
    project.services("reg", THREE).pipeline(&["reg"]);
    project.run(&[]).ends(0);
    project.services("reg", "code;name\n01;Alfa\n02;Beta\n03;Gamma\n");
    let without = project.run(&[]).ends(0).json();
    assert_eq!(count(&without, "reg", "service", "unchanged"), 3);
    project.services("reg", &THREE.replace("Otrais", ""));
    let cleared = project.run(&[]).ends(0).json();
    assert_eq!(count(&cleared, "reg", "service", "changed"), 1);
}

#[test]
fn retiring_too_much_waits_for_approval() {
    let project = Project::new();
    project.services("reg", THREE).services("other", "code;name;description\n9;Cits;X\n").pipeline(&["reg", "other"]);
    project.run(&[]).ends(0);
    project.services("reg", "code;name;description\n01;Alfa;Pirmais\n");
    let waits = project.run(&[]).ends(3).json();
    assert_eq!(source(&waits, "reg")["status"], "approval");
    assert_eq!(source(&waits, "reg")["findings"]["S003"], 1);
    assert_eq!(source(&waits, "other")["status"], "ok");
    let approved = project.run(&["--approve"]).ends(0).json();
    assert_eq!(count(&approved, "reg", "service", "retired"), 2);
    project.services("reg", THREE);
    let back = project.run(&[]).ends(0).json();
    assert_eq!(count(&back, "reg", "service", "inserted"), 2);
}

#[test]
fn an_empty_snapshot_waits_and_an_empty_delta_does_not() {
    let project = Project::new();
    project.services("reg", THREE).pipeline(&["reg"]);
    project.run(&[]).ends(0);
    project.services("reg", "code;name;description\n");
    let waits = project.run(&[]).ends(3).json();
    assert_eq!(source(&waits, "reg")["findings"]["S002"], 1);
}

#[test]
fn quarantine_keeps_what_the_registry_holds_and_the_gate_stops_a_bad_delivery() {
    let project = Project::new();
    project.services("reg", THREE).pipeline(&["reg"]);
    project.run(&[]).ends(0);
    project.services("reg", &THREE.replace("Beta", ""));
    let one = project.run(&[]).ends(0).json();
    assert_conservation(&one);
    assert_eq!(count(&one, "reg", "service", "quarantined"), 1);
    assert_eq!(count(&one, "reg", "service", "retired"), 0);
    assert_eq!(one["status"], "attention");
    project.run(&["--strict"]).ends(1);
    let shown = project.vienkop(&["quarantine", "list"]).ends(0);
    assert!(shown.stdout.contains("reg.csv") && shown.stdout.contains("V001"), "{}", shown.stdout);
    let id = shown.stdout.split_whitespace().find(|word| word.starts_with("reg#")).unwrap().to_owned();
    let record = project.vienkop(&["quarantine", "show", &id]).ends(0);
    assert!(record.stdout.contains("Otrais"), "{}", record.stdout);
    project.services("reg", "code;name;description\n01;;x\n02;;y\n03;;z\n");
    let gate = project.run(&[]).ends(1).json();
    assert_eq!(source(&gate, "reg")["status"], "gate");
    project.services("reg", THREE);
    let healed = project.run(&[]).ends(0).json();
    assert_eq!(count(&healed, "reg", "service", "unchanged"), 3);
}

#[test]
fn duplicates_are_counted_and_the_later_content_counts() {
    let project = Project::new();
    project
        .services("reg", "code;name;description\n01;Alfa;x\n01;Alfa;x\n02;Beta;vecs\n02;Beta;jauns\n")
        .pipeline(&["reg"]);
    let run = project.run(&[]).ends(0).json();
    assert_conservation(&run);
    assert_eq!(count(&run, "reg", "service", "duplicates"), 2);
    assert_eq!(source(&run, "reg")["findings"]["K001"], 1);
    assert_eq!(source(&run, "reg")["findings"]["K002"], 1);
    project.services("reg", "code;name;description\n01;Alfa;x\n02;Beta;jauns\n");
    assert_eq!(count(&project.run(&[]).ends(0).json(), "reg", "service", "unchanged"), 2);
}

#[test]
fn a_plan_says_what_the_run_does_and_writes_nothing() {
    let project = Project::new();
    project
        .services("reg", THREE)
        .services("other", "code;name;description\n9;;X\n8;Y;Z\n")
        .pipeline(&["reg", "other"]);
    let plan = project.vienkop(&["plan", "--json", "--as-of", "2024-07-08"]).ends(0).json();
    assert!(!project.path("var").exists(), "a plan writes nothing");
    let again = project.vienkop(&["plan", "--json", "--as-of", "2024-07-08"]).ends(0).json();
    let run = project.run(&[]).ends(0).json();
    for id in ["reg", "other"] {
        assert_eq!(source(&plan, id)["records"], source(&run, id)["records"]);
        assert_eq!(source(&plan, id)["records"], source(&again, id)["records"]);
    }
    assert_eq!(run["run"], 1);
}

#[test]
fn nothing_is_retired_while_a_row_names_no_record() {
    let project = Project::new();
    project.services("reg", THREE).pipeline(&["reg"]);
    project.run(&[]).ends(0);
    for unreadable in ["02;Beta;Otrais;lieks\n", "02;\"Beta\" x;Otrais\n", ";Beta;Otrais\n"] {
        project.services("reg", &THREE.replace("02;Beta;Otrais\n", unreadable));
        let run = project.run(&[]).ends(0).json();
        assert_conservation(&run);
        assert_eq!(count(&run, "reg", "service", "retired"), 0, "{unreadable}");
        assert_eq!(source(&run, "reg")["findings"]["S005"], 1, "{unreadable}");
    }
    project.services("reg", &THREE.replace("02;Beta;Otrais\n", ""));
    let mended = project.run(&[]).ends(0).json();
    assert_eq!(count(&mended, "reg", "service", "retired"), 1);
}

#[test]
fn findings_and_a_missing_report_are_told() {
    let project = Project::new();
    project.services("reg", &THREE.replace("Beta", "")).pipeline(&["reg"]);
    let pipeline = project.path("config/pipelines/all.toml");
    let text = std::fs::read_to_string(&pipeline).unwrap();
    std::fs::write(&pipeline, text + "[assess]\nquestionnaires = [\"2024\"]\n").unwrap();
    let summary = project.vienkop(&["run", "--as-of", "2024-07-08"]).ends(0).stdout;
    assert!(summary.contains("No report was made"), "{summary}");
    let findings = project.vienkop(&["findings", "reg"]).ends(0).stdout;
    assert!(findings.contains("V001") && findings.contains("row 3, column \"name\""), "{findings}");
}

/// A renamed column leaves what the registry holds: no default is written over it, no list is emptied.
#[test]
fn a_renamed_column_changes_nothing() {
    let project = Project::new();
    let toml = "[fetch]\nkind = \"file\"\npath = \"reg.csv\"\n[format]\nkind = \"csv\"\n[[table]]\nentity = \"service\"\n\
                [table.fields]\ncode = \"code\"\nname = \"name\"\nlifecycle = { column = \"status\", default = \"sniegts\" }\n\
                owner_reg_no = { value = \"90000270634\" }\n[table.children.steps]\ncolumn = \"steps\"\nfield = \"name\"\n";
    project.source("reg", toml).pipeline(&["reg"]);
    let csv = "code;name;status;steps\n01;Alfa;apturēts;Pieņem\n02;Beta;;Izskata\n";
    project.file("reg.csv", csv);
    let first = project.run(&[]).ends(0).json();
    assert_eq!(count(&first, "reg", "service.steps", "inserted"), 2);
    project.file("reg.csv", csv.replace("status;steps", "stāvoklis;soļi"));
    let renamed = project.run(&[]).ends(0).json();
    assert_eq!(count(&renamed, "reg", "service", "unchanged"), 2);
    assert_eq!(source(&renamed, "reg")["findings"]["F014"], 2);
    project.file("reg.csv", csv);
    assert_eq!(count(&project.run(&[]).ends(0).json(), "reg", "service.steps", "unchanged"), 2);
}
