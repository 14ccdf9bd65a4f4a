//! The samples as a newcomer runs them.

use std::fs;

use crate::support::{Project, assert_conservation};

#[test]
fn a_newcomers_first_three_runs() {
    let project = Project::samples();
    let first = project.run(&[]).ends(0).json();
    assert_conservation(&first);
    assert_eq!(first["status"], "attention", "the samples' flaws are told");
    for source in first["sources"].as_array().unwrap() {
        assert_eq!(source["status"], "ok", "{source:#}");
        assert_ne!(source["rows"]["mapped"], 0, "{source:#}");
    }
    let report = project.path("var/reports/2024-07-08");
    let files = ["report.html", "report.json", "report.xlsx", "report.pdf", "tables/1.1-6.csv"];
    let read = || -> Vec<Vec<u8>> { files.iter().map(|name| fs::read(report.join(name)).unwrap()).collect() };
    let before = read();
    project.vienkop(&["assess", "--as-of", "2024-07-08"]).ends(0);
    assert!(before == read(), "the report is not reproducible");

    let lists =
        || [&["quarantine", "list", "--json"][..], &["findings", "--json"]].map(|list| of_records(&project, list));
    let listed = lists();
    let second = project.run(&[]).ends(0).json();
    assert_conservation(&second);
    for source in second["sources"].as_array().unwrap() {
        for (entity, counts) in source["records"].as_object().unwrap() {
            for what in ["inserted", "changed", "retired"] {
                assert_eq!(counts[what], 0, "{} {entity} {what}", source["id"]);
            }
        }
    }
    // Nothing is new, so the report says the same; but section 6 is about deliveries too, and the second one of a source
    // that delivers changes holds next to none.
    let sections = |json: &[u8]| -> Vec<serde_json::Value> {
        let report: serde_json::Value = serde_json::from_slice(json).unwrap();
        let sections = report["sections"].as_array().unwrap().iter();
        sections.filter(|section| !section["id"].as_str().unwrap().starts_with("quality")).cloned().collect()
    };
    for (now, then) in sections(&read()[1]).iter().zip(&sections(&before[1])) {
        assert!(now == then, "{}", now["id"]);
    }
    // Of no record anything is forgotten.
    assert_eq!(lists(), listed);

    let csv = project.path("data-samples/portfeli/portfelis.csv");
    let edited = fs::read_to_string(&csv).unwrap().replacen("01.07.2021.", "02.07.2021.", 1);
    assert_ne!(edited, fs::read_to_string(&csv).unwrap());
    fs::write(&csv, edited).unwrap();
    let third = project.run(&[]).ends(0).json();
    let changed: u64 = third["sources"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|source| source["records"].as_object().unwrap().values())
        .map(|counts| counts["changed"].as_u64().unwrap() + counts["inserted"].as_u64().unwrap())
        .sum();
    assert_eq!(changed, 1);
}

/// What a list says of records, a line each; not the run that found it.
fn of_records(project: &Project, list: &[&str]) -> Vec<String> {
    let found = project.vienkop(list).ends(0).json();
    let records = found.as_array().unwrap().iter().filter(|one| !one["key"].is_null());
    let name = |one: &serde_json::Value| {
        ["source", "entity", "key", "code", "codes", "message"].map(|name| one[name].to_string()).join(" ")
    };
    let mut lines: Vec<String> = records.map(name).collect();
    lines.sort();
    assert!(!lines.is_empty());
    lines
}

#[test]
fn the_report_is_self_contained() {
    let project = Project::samples();
    project.run(&[]).ends(0);
    let html = fs::read_to_string(project.path("var/reports/2024-07-08/report.html")).unwrap();
    for outside in ["src=\"http", "href=\"http", "@import", "<script src", "<link", "url(http"] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert!(html.contains("66,21\u{a0}%"));
}
