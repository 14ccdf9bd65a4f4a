//! Status data from end to end: an export with a column for each time, its indicators, its report and its explanation.

use std::fs;

use serde_json::Value;

use crate::support::{Project, assert_conservation, count};

/// Numbers that can be checked by hand: one closed within its term of 10 days, one late and after waiting for the
/// client, one refused the day it came, one open.
const REQUESTS: &str = "nr;pakalpojums;kanāls;saņemts;darbā;precizēšana;saņemta informācija;pabeigts;atteikts
A-1;0001;e-adrese;02.01.2024 09:00;03.01.2024 09:00;;;05.01.2024 09:00;
A-2;0001;klātienē;02.01.2024 09:00;03.01.2024 09:00;04.01.2024 09:00;14.01.2024 09:00;22.01.2024 09:00;
A-3;0001;e-adrese;01.02.2024 09:00;;;;;01.02.2024 10:00
A-4;0001;e-adrese;01.07.2024 09:00;02.07.2024 09:00;;;;
";

fn project(requests: &str) -> Project {
    let project = Project::new();
    project.services("pakalpojumi", "code,name,description\n0001,Izziņa,Izziņas izsniegšana\n");
    let services = project.path("config/sources/pakalpojumi.toml");
    let mapped = fs::read_to_string(&services).unwrap();
    let mapped = mapped.replace("[table.fields]\n", "[table.fields]\nexpected_time = { value = \"10 dienas\" }\n");
    fs::write(&services, mapped).unwrap();
    project.file("pieteikumi.csv", requests);
    let table = r#"
delivers = "delta"
[fetch]
kind = "file"
path = "pieteikumi.csv"
[format]
kind = "csv"
delimiter = ";"
[[table]]
entity = "service_request"
[table.fields]
institution_reg_no = { value = "90000270634" }
request_no = "nr"
kind = { value = "pakalpojuma pieprasījums" }
service_code = "pakalpojums"
channel = "kanāls"
[[table]]
entity = "status_event"
[table.fields]
institution_reg_no = { value = "90000270634" }
request_no = "nr"
derivation = { value = "timestamp_column" }
[table.unpivot.columns]
"saņemts" = "iesniegts"
"darbā" = "izpildē"
"precizēšana" = "gaida klientu"
"saņemta informācija" = "izpildē"
"pabeigts" = "pabeigts"
"atteikts" = "atteikts"
[policy]
max_quarantined_share = 0.6
"#;
    project.source("pieteikumi", table.trim_start());
    project.pipeline(&["pakalpojumi", "pieteikumi"]);
    let pipeline = project.path("config/pipelines/all.toml");
    let with_report = fs::read_to_string(&pipeline).unwrap() + "[assess]\nquestionnaires = []\n";
    fs::write(&pipeline, with_report).unwrap();
    project
}

fn kpi(project: &Project, more: &[&str]) -> Value {
    project.vienkop(&[&["kpi", "--json", "--as-of", "2024-07-08"], more].concat()).ends(0).json()
}

#[test]
fn indicators_are_those_counted_by_hand() {
    let project = project(REQUESTS);
    let outcome = project.run(&[]).ends(0).json();
    assert_conservation(&outcome);
    assert_eq!(count(&outcome, "pieteikumi", "status_event", "inserted"), 12);
    let measured = kpi(&project, &[]);
    let total = &measured["requests"]["total"][0];
    let day = 86_400.0;
    for (measure, expected) in [
        ("received", 4),
        ("closed", 3),
        ("open", 1),
        ("refused", 1),
        ("electronic", 3),
        ("in_person", 1),
        ("expected_of", 3),
        ("expected_within", 2),
        ("with_history", 3),
        ("first_time_right", 2),
        ("waited", 1),
    ] {
        assert_eq!(total[measure], expected, "{measure} of {total:#}");
    }
    let seconds = |measure: &str| total[measure]["value"].as_str().unwrap().parse::<f64>().unwrap();
    // Of 1 hour, 3 days and 20 days.
    assert!((seconds("median") - 3.0 * day).abs() < 0.5, "{total:#}");
    assert!((seconds("p90") - (3.0 + 0.8 * 17.0) * day).abs() < 0.5, "{total:#}");
    // 3 January 9:00 to 5 January 9:00: two working days of eight hours, and the one before.
    assert!((seconds("median_working") - 3.0 * 8.0 * 3600.0).abs() < 0.5, "{total:#}");
    assert!((seconds("waiting_median") - 10.0 * day).abs() < 0.5, "{total:#}");

    let february = kpi(&project, &["--from", "2024-02-01", "--to", "2024-02-29", "--service", "0001"]);
    assert_eq!(february["requests"]["total"][0]["received"], 1);
    let unknown = project.vienkop(&["kpi", "--service", "0002"]).ends(2);
    assert!(unknown.stderr.contains("0001"), "{}", unknown.stderr);
    let csv = project.vienkop(&["kpi", "--csv", "--as-of", "2024-07-08"]).ends(0).stdout;
    assert!(csv.lines().any(|line| line.starts_with("90000270634,0001,klātienē iestādē,2024-01,1,")), "{csv}");

    let report = fs::read_to_string(project.path("var/reports/2024-07-08/report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(report["sections"].as_array().unwrap().iter().any(|section| section["measures"].is_array()), "{report:#}");
}

#[test]
fn an_event_is_explained_down_to_its_row() {
    let project = project(REQUESTS);
    project.run(&[]).ends(0);
    let told = project.vienkop(&["explain", "service_request:90000270634/A-2", "--json"]).ends(0).json();
    let events = told["events"].as_array().unwrap();
    assert_eq!(events.len(), 5, "{told:#}");
    assert_eq!(events[2]["state"], "gaida klientu");
    assert_eq!(events[2]["file"], "pieteikumi.csv");
    assert_eq!(events[2]["cell"], "L3");
    assert_eq!(told["steps"][2]["elapsed_seconds"], 10 * 86_400);
    let text = project.vienkop(&["explain", "service_request:90000270634/A-2", "--lang", "lv"]).ends(0).stdout;
    assert!(text.contains("Gaida klientu") && text.contains("3. rinda"), "{text}");
}

#[test]
fn a_changed_export_changes_only_what_it_tells_anew() {
    let project = project(REQUESTS);
    project.run(&[]).ends(0);
    let files = |project: &Project| -> Vec<_> { project.everything_below("var/registry.lake").into_iter().collect() };
    let before = files(&project);
    let again = project.run(&[]).ends(0).json();
    assert_eq!(count(&again, "pieteikumi", "status_event", "unchanged"), 12);
    assert!(before == files(&project), "the same export changed the lake");
    let closed = REQUESTS.replace("02.07.2024 09:00;;;;\n", "02.07.2024 09:00;;;05.07.2024 09:00;\n");
    project.file("pieteikumi.csv", closed);
    let plan = project.vienkop(&["plan", "--json", "--as-of", "2024-07-08"]).ends(0).json();
    assert_eq!(count(&plan, "pieteikumi", "status_event", "inserted"), 1);
    assert!(before == files(&project), "a plan changed the lake");
    let third = project.run(&[]).ends(0).json();
    assert_eq!(count(&third, "pieteikumi", "status_event", "inserted"), 1);
    assert_eq!(kpi(&project, &[])["requests"]["total"][0]["closed"], 4);
}

#[test]
fn without_requests_there_is_nothing_to_measure() {
    let project = Project::new();
    project.services("pakalpojumi", "code,name,description\n0001,Izziņa,Izziņas izsniegšana\n");
    project.pipeline(&["pakalpojumi"]);
    project.run(&[]).ends(0);
    let told = project.vienkop(&["kpi"]).ends(0);
    assert!(!told.stdout.trim().is_empty() || !told.stderr.trim().is_empty());
}

#[test]
fn mistakes_in_tables_of_events_are_told_at_once() {
    let project = project(REQUESTS);
    let source = project.path("config/sources/pieteikumi.toml");
    let text = fs::read_to_string(&source).unwrap();
    for (old, new, told) in [
        ("\"saņemts\" = \"iesniegts\"", "\"saņemts\" = \"iesniegtz\"", "iesniegtz"),
        ("entity = \"service_request\"", "entity = \"service_request\"\nkey = [\"request_no\"]", "key"),
    ] {
        fs::write(&source, text.replace(old, new)).unwrap();
        let refused = project.vienkop(&["check"]).ends(2);
        assert!(refused.stderr.contains(told), "{told}: {}", refused.stderr);
    }
}
