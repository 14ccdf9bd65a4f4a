//! `vienkop history` and `vienkop explain` of a record: what people read, and what machines do.

use std::fs;

use crate::support::{Project, Ran};

/// A source of services with steps in numbered columns; `reg` wins over `web`.
fn services(project: &Project, id: &str, priority: i32, csv: &str) {
    project.file(&format!("{id}.csv"), csv);
    project.source(
        id,
        &format!(
            r#"
[fetch]
kind = "file"
path = "{id}.csv"
[format]
kind = "csv"
[[table]]
entity = "service"
[table.fields]
code = "Kods"
name = {{ column = ["Nosaukums", "Pakalpojums"] }}
description = "Apraksts"
audience = {{ column = "Saņēmēji", split = [","] }}
expected_time = {{ column = "Termiņš", unit = "d" }}
owner_reg_no = {{ value = "90000270634" }}
[table.children.steps]
numbered = {{ name = "{{n}}. solis", expected_time = "{{n}}. soļa laiks" }}
most = 3
[policy]
priority = {priority}
max_quarantined_share = 1.0
max_retired_share = 1.0
"#
        ),
    );
}

const REG: &str = "Kods;Nosaukums;Apraksts;Saņēmēji;Termiņš;1. solis;1. soļa laiks;2. solis;2. soļa laiks\n\
    01;Alfa;Pirmais;Iedzīvotāji, uzņēmēji;10 dienas;Reģistrēšana;1 d;Lēmums;5 d\n\
    02;Beta;Otrais;Iedzīvotāji;;;;;\n";
const WEB: &str = "Kods;Pakalpojums;Apraksts\n01;Alfa tīmeklī;Tīmekļa apraksts\n";

/// Delivered by two sources, changed, retired, returned; run 5 is the last.
fn told() -> Project {
    let project = Project::new();
    project.pipeline(&["reg", "web"]);
    services(&project, "reg", 10, REG);
    services(&project, "web", 1, WEB);
    run(&project, "2024-07-01");
    let changed = REG.replace("Alfa;Pirmais", "Alfa jaunā;").replace("Lēmums;5 d", "Lēmums;7 d");
    services(&project, "reg", 10, &changed);
    run(&project, "2024-07-02");
    // The winning source gives the service up, then the other one does.
    services(&project, "reg", 10, "Kods;Nosaukums;Apraksts\n02;Beta;Otrais\n");
    run(&project, "2024-07-03");
    services(&project, "web", 1, "Kods;Pakalpojums;Apraksts\n02;Beta;Otrais\n");
    run(&project, "2024-07-04");
    services(&project, "reg", 10, REG);
    run(&project, "2024-07-05");
    project
}

fn run(project: &Project, day: &str) -> Ran {
    project.vienkop(&["run", "--json", "--as-of", day]).ends(0)
}

/// When a file was received is told by the clock, whatever day counts as now.
fn without_clock() -> impl Drop {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"(received|saņemts) \d{4}-\d\d-\d\d \d\d:\d\d", "$1 [clock]");
    settings.add_filter(r#""landed_at": "[^"]*""#, r#""landed_at": "[clock]""#);
    settings.bind_to_scope()
}

#[test]
fn a_service_changes_loses_its_sources_and_returns() {
    let _clock = without_clock();
    let project = told();
    let told = project.vienkop(&["history", "service:90000270634/01"]).ends(0).stdout;
    insta::assert_snapshot!("history", told);
    insta::assert_snapshot!(
        "history_lv",
        project.vienkop(&["history", "pakalpojums:01", "--lang", "lv"]).ends(0).stdout
    );
    let json = project.vienkop(&["history", "service:01", "--json"]).ends(0).json();
    let kinds: Vec<_> = json["versions"].as_array().unwrap().iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["inserted", "changed", "changed", "retired", "returned"]);
    let change = &json["versions"][1];
    insta::assert_snapshot!("history_json", serde_json::to_string_pretty(change).unwrap());
    // By uid, by its beginning, by the uid of a source's record.
    let uid = json["uid"].as_str().unwrap().to_owned();
    let record = project.vienkop(&["explain", &uid, "--json"]).ends(0).json();
    let record = record["records"][0]["record_uid"].as_str().unwrap().to_owned();
    for id in [&uid[..], &uid[..8], &uid[..13], &record, "01", "90000270634 / 01"] {
        assert_eq!(project.vienkop(&["history", id]).ends(0).stdout, told, "{id}");
    }
}

#[test]
fn every_value_is_explained_and_losing_ones_stay_visible() {
    let _clock = without_clock();
    let project = Project::new();
    project.pipeline(&["reg", "web"]);
    services(&project, "reg", 10, &REG.replace("Pirmais", ""));
    services(&project, "web", 1, WEB);
    run(&project, "2024-07-01");
    insta::assert_snapshot!("explain", project.vienkop(&["explain", "service:01"]).ends(0).stdout);
    insta::assert_snapshot!("explain_lv", project.vienkop(&["explain", "service:01", "--lang", "lv"]).ends(0).stdout);
    let json = project.vienkop(&["explain", "service:01", "--json"]).ends(0).json();
    let name = json["fields"].as_array().unwrap().iter().find(|field| field["field"] == "name").unwrap();
    insta::assert_snapshot!("explain_json", serde_json::to_string_pretty(name).unwrap());
    // A later delivery without a column says nothing of it: the value still comes from the file that had it.
    services(&project, "web", 1, "Kods;Pakalpojums\n01;Alfa cits\n");
    run(&project, "2024-07-02");
    let json = project.vienkop(&["explain", "service:01", "--json"]).ends(0).json();
    let description = json["fields"].as_array().unwrap().iter().find(|field| field["field"] == "description").unwrap();
    assert_eq!((&description["value"], &description["from"]["run"]), (&"Tīmekļa apraksts".into(), &1.into()));
    let name = json["fields"].as_array().unwrap().iter().find(|field| field["field"] == "name").unwrap();
    assert_eq!((&name["lost"][0]["value"], &name["lost"][0]["from"]["run"]), (&"Alfa cits".into(), &2.into()));
}

#[test]
fn what_is_wrong_with_a_record_is_told_with_it() {
    let project = Project::new();
    project.pipeline(&["reg"]);
    services(&project, "reg", 1, REG);
    run(&project, "2024-07-01");
    let bad = REG.replace("Alfa", "").replace("02;Beta", "03;") + "04;Gamma;Trešais;Iedzīvotāji;;;;;\n";
    services(&project, "reg", 1, &bad);
    run(&project, "2024-07-02");
    let told = project.vienkop(&["explain", "service:01"]).ends(0).stdout;
    assert!(told.contains("V001 (error)") && told.contains("vienkop quarantine show reg#"), "{told}");
    // A record that was never accepted leads to the quarantine.
    let number = told.split("reg#").nth(1).unwrap().split_whitespace().next().unwrap().parse::<u32>().unwrap();
    let other = project.vienkop(&["quarantine", "list", "--json"]).ends(0).json();
    let other = other.as_array().unwrap().iter().find(|row| row["id"] != format!("reg#{number}")).unwrap().clone();
    assert_eq!(other["key"], "90000270634 / 03");
}

#[test]
fn what_cannot_be_found_says_what_to_do() {
    let project = told();
    let none = project.vienkop(&["history", "00000000"]).ends(2);
    insta::assert_snapshot!("unknown", none.stderr);
    let kind = project.vienkop(&["history", "servise:01"]).ends(2);
    assert!(kind.stderr.contains("Similar: service"), "{}", kind.stderr);
    let code = project.vienkop(&["explain", "V999"]).ends(2);
    assert!(code.stderr.contains("V999"), "{}", code.stderr);
    let fresh = Project::new();
    fresh.pipeline(&["reg"]);
    services(&fresh, "reg", 1, REG);
    let fresh_told = fresh.vienkop(&["history", "service:01"]).ends(2);
    assert!(fresh_told.stderr.contains("vienkop run") && !fresh.path("var").exists(), "{}", fresh_told.stderr);
}

#[test]
fn a_key_of_several_owners_lists_them() {
    let project = Project::new();
    project.pipeline(&["a"]);
    services(&project, "a", 1, "Turētājs;Kods;Nosaukums\n90000270634;01;Alfa\n90000028300;01;Beta\n");
    let path = "config/sources/a.toml";
    let toml = fs::read_to_string(project.path(path)).unwrap();
    project.file(path, toml.replace("{ value = \"90000270634\" }", "\"Turētājs\""));
    run(&project, "2024-07-01");
    let several = project.vienkop(&["history", "service:01"]).ends(2);
    insta::assert_snapshot!("several", several.stderr);
    project.vienkop(&["history", "service:90000028300/01"]).ends(0);
}

#[test]
fn cells_of_a_workbook_are_found_again() {
    let project = Project::new();
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name("Pakalpojumi").unwrap();
    for (row, cells) in [["Reģistrs", "", ""], ["Nr.", "Nosaukums", "Kods"], ["1", "Alfa", "A-1"]].iter().enumerate() {
        for (column, text) in cells.iter().enumerate() {
            sheet.write(row as u32, column as u16, *text).unwrap();
        }
    }
    workbook.save(project.path("reg.xlsx")).unwrap();
    let toml = "[fetch]\nkind = \"file\"\npath = \"reg.xlsx\"\n[format]\nkind = \"excel\"\n[[table]]\n\
        entity = \"service\"\n[table.fields]\ncode = \"Kods\"\nname = \"Nosaukums\"\nowner_reg_no = { value = \"90000270634\" }\n";
    project.source("reg", toml).pipeline(&["reg"]);
    run(&project, "2024-07-01");
    for command in ["explain", "history"] {
        let told = project.vienkop(&[command, "A-1"]).ends(0).stdout;
        assert!(told.contains("Pakalpojumi!B3, column \"Nosaukums\""), "{told}");
    }
    // Without the file only its letter is missing, and that is said.
    fs::remove_dir_all(project.path("var/landed")).unwrap();
    for command in ["explain", "history"] {
        let told = project.vienkop(&[command, "A-1"]).ends(0).stdout;
        assert!(told.contains("Pakalpojumi!3, column \"Nosaukums\""), "{told}");
        assert!(told.contains("the file is no longer kept"), "{told}");
    }
    assert!(!project.path("var/landed").exists(), "looking makes nothing");
}

#[test]
fn persons_stay_hidden_and_expired_files_are_said_to_be() {
    const CODE: &str = "151285-12345";
    let project = Project::new();
    let toml = "delivers = \"delta\"\ninstitution = \"90000270634\"\n[fetch]\nkind = \"file\"\npath = \"a.csv\"\n[format]\nkind = \"csv\"\n\
        [[table]]\nentity = \"service_request\"\n[table.fields]\nrequest_no = \"nr\"\n\
        institution_reg_no = { value = \"90000270634\" }\nkind = { value = \"sūdzība\" }\nstate = { value = \"iesniegts\" }\n\
        applicant_hash = { column = \"pk\", pseudonymise = true }\nsubmitted_at = \"laiks\"\n";
    project.source("csv", toml).pipeline(&["csv"]);
    project.file("a.csv", format!("nr;pk;laiks\n1;{CODE};04.06.2024\n"));
    run(&project, "2024-07-01");
    project.file("a.csv", format!("nr;pk;laiks\n2;{CODE};05.06.2024\n"));
    let config = std::fs::read_to_string(project.path("config/vienkop.toml")).unwrap();
    project.file("config/vienkop.toml", format!("{config}[personal_data]\nlanded_days = 0\n"));
    // The days are counted by the clock, in seconds.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    run(&project, "2024-11-20");
    for command in ["history", "explain"] {
        for more in [&[][..], &["--json"]] {
            let told = project.vienkop(&[&[command, "service_request:1"], more].concat()).ends(0).stdout;
            assert!(!told.contains(CODE) && told.contains("k1:"), "{told}");
            if more.is_empty() {
                assert!(told.contains("the file is no longer kept: files with personal data"), "{told}");
            } else {
                assert!(told.contains("\"kept\": false"), "{told}");
            }
        }
    }
}
