//! What a source delivers has changed since its last delivery: who is told what, and what is let in.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use crate::support::{Project, Ran, assert_conservation, count, source};

const SOURCE: &str = r#"
contact = "Rita Paraudziņa, rita@iestade.example"
[fetch]
kind = "file"
path = "reg.csv"
[format]
kind = "csv"
[[table]]
entity = "service_request"
[table.fields]
institution_reg_no = { value = "90000270634" }
request_no = "Numurs"
kind = { value = "pakalpojuma pieprasījums" }
channel = "Kanāls"
submitted_at = "Iesniegts"
due_at = "Termiņš"
[policy]
max_quarantined_share = 0.6
"#;

const HEADER: &str = "Numurs;Iesniegts;Kanāls;Termiņš;Piezīmes";

/// Requests: a line of the header, then numbered rows.
fn requests(header: &str, row: &dyn Fn(usize) -> String) -> String {
    let mut csv = format!("{header}\n");
    for n in 1..=12 {
        writeln!(csv, "24-{n};{}", row(n)).unwrap();
    }
    csv
}

fn usual(n: usize) -> String {
    let channel = if n.is_multiple_of(2) { "klātienē" } else { "e-pasts" };
    format!("{n:02}.02.2024;{channel};{n:02}.03.2024;piezīme {n}")
}

fn first() -> String {
    requests(HEADER, &usual)
}

/// An installation in which the usual delivery was loaded.
fn loaded(policy: &str) -> Project {
    let project = Project::new();
    let policy = if policy.is_empty() { String::new() } else { format!("drift = \"{policy}\"\n") };
    project.source("reg", &format!("delivers = \"snapshot\"\n{}{policy}", SOURCE.trim_start())).pipeline(&["reg"]);
    project.file("reg.csv", first());
    let ran = project.run(&[]).ends(0).json();
    assert_eq!(count(&ran, "reg", "service_request", "inserted"), 12, "{ran:#}");
    assert!(source(&ran, "reg")["drift"].is_null(), "a first delivery is as it is");
    project
}

/// `D003 warning Kanāls -> Saziņas kanāls`, one for each change.
fn changes(outcome: &Value) -> Vec<String> {
    let told = source(outcome, "reg")["drift"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    told.iter()
        .map(|one| {
            let [code, severity, column, value] = ["code", "severity", "column", "value"].map(|key| text(&one[key]));
            format!("{code} {severity} {column} -> {value}")
        })
        .collect()
}

fn iso(n: usize) -> String {
    usual(n).replacen(&format!("{n:02}.02.2024"), &format!("2024-02-{n:02}"), 1)
}

fn unknown_code(n: usize) -> String {
    if n == 3 { usual(n).replace("e-pasts", "dūmu signāli") } else { usual(n) }
}

/// A delivery that has changed: what it is, its content, what is told of it.
fn deliveries() -> Vec<(&'static str, String, Vec<&'static str>)> {
    vec![
        (
            "renamed",
            requests(&HEADER.replace("Kanāls", "Saziņas kanāls"), &usual),
            vec!["D003 warning Kanāls -> Saziņas kanāls"],
        ),
        (
            "lost",
            requests("Numurs;Iesniegts;Kanāls;Piezīmes", &|n| usual(n).replacen(&format!(";{n:02}.03.2024"), "", 1)),
            vec!["D002 warning Termiņš -> -"],
        ),
        (
            "new",
            requests(&format!("{HEADER};Prioritāte"), &|n| format!("{};{n}", usual(n))),
            vec!["D001 warning Prioritāte -> 123"],
        ),
        ("date", requests(HEADER, &iso), vec!["D004 warning Iesniegts -> 2024-12-31"]),
        ("code", requests(HEADER, &unknown_code), vec!["D005 warning Kanāls -> dūmu signāli"]),
    ]
}

#[test]
fn each_change_is_told_once_and_in_both_languages() {
    let mut said = String::new();
    for (name, csv, expected) in deliveries() {
        let project = loaded("");
        project.file("reg.csv", &csv);
        let plan = project.vienkop(&["plan", "--json", "--as-of", "2024-07-08"]).ends(0).json();
        assert_eq!(changes(&plan), expected, "{name}: plan");
        let check = |lang: &str| project.vienkop(&["check", "reg", "--lang", lang]).ends(0).stdout;
        for lang in ["lv", "en"] {
            writeln!(said, "--- {name}, {lang}: check\n{}", check(lang).lines().skip(1).collect::<Vec<_>>().join("\n"))
                .unwrap();
            let ran = project.vienkop(&["plan", "--lang", lang, "--as-of", "2024-07-08"]).ends(0).stdout;
            let ran = ran.lines().filter(|line| line.contains("D00") || line.contains("Rita") || line.contains("F014"));
            writeln!(said, "--- {name}, {lang}: plan\n{}", ran.collect::<Vec<_>>().join("\n")).unwrap();
        }
        let ran = project.run(&[]).ends(0).json();
        assert_conservation(&ran);
        assert_eq!(changes(&ran), expected, "{name}: run");
        for (of_mapping, of_drift) in [("F014", "D002"), ("F014", "D003"), ("F013", "D001"), ("F013", "D003")] {
            let told = |code: &str| source(&ran, "reg")["findings"][code].as_u64().unwrap_or_default();
            let others = u64::from(of_mapping == "F013");
            assert!(told(of_drift) == 0 || told(of_mapping) == others, "{name}: told once, {ran:#}");
        }
        let again = project.run(&[]).ends(0).json();
        assert_eq!(changes(&again), Vec::<String>::new(), "{name}: once");
        let same = project.vienkop(&["check", "reg", "--json"]).ends(0).json();
        assert_eq!(
            (&same["sources"][0]["seen"], &same["sources"][0]["drift"]),
            (&true.into(), &Value::Array(vec![])),
            "{name}"
        );
    }
    let said = said.replace(std::env::temp_dir().to_str().unwrap(), "");
    insta::with_settings!({ filters => vec![(r"sqlite://\S+", "sqlite://…")] }, { insta::assert_snapshot!("drift_told", said) });
}

#[test]
fn policy_evolve_takes_over() {
    for (name, csv, expected) in deliveries() {
        let project = loaded("evolve");
        project.file("reg.csv", &csv);
        let ran = project.run(&[]).ends(0).json();
        let expected: Vec<String> = expected.iter().map(|change| change.replace("warning", "info")).collect();
        assert_eq!(changes(&ran), expected, "{name}");
        assert_eq!(changes(&project.run(&[]).ends(0).json()), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn policy_fail_holds_until_mended_or_approved() {
    for (name, csv, expected) in deliveries() {
        let project = loaded("fail");
        project.file("reg.csv", csv.replace("piezīme 5", "piezīme pieci").replace("05.03.2024", "06.03.2024"));
        for _ in 0..2 {
            let ran = project.run(&[]).ends(1).json();
            assert_eq!(changes(&ran), expected, "{name}: told until mended");
            assert_eq!(
                (&source(&ran, "reg")["status"], &source(&ran, "reg")["findings"]["S007"]),
                (&"gate".into(), &1.into())
            );
            let error = source(&ran, "reg")["error"].as_str().unwrap();
            assert!(error.contains("vienkop run reg --approve"), "{error}");
        }
        project.file("reg.csv", first());
        let mended = project.run(&[]).ends(0).json();
        assert_eq!(changes(&mended), Vec::<String>::new(), "{name}: mended");
        assert_eq!(count(&mended, "reg", "service_request", "unchanged"), 12, "{name}: nothing was loaded meanwhile");
        project.file("reg.csv", &csv);
        project.run(&[]).ends(1);
        let approved = project.run(&["--approve=reg"]).ends(0).json();
        assert_eq!(changes(&approved), expected, "{name}: approved");
        assert_eq!(changes(&project.run(&[]).ends(0).json()), Vec::<String>::new(), "{name}: and known");
    }
}

#[test]
fn policy_quarantine_keeps_out_the_rows_concerned() {
    let of = |name: &str| deliveries().into_iter().find(|(other, ..)| *other == name).unwrap().1;
    for name in ["renamed", "lost"] {
        let project = loaded("quarantine");
        project.file("reg.csv", of(name));
        let ran = project.run(&[]).ends(1).json();
        assert_eq!(source(&ran, "reg")["findings"]["S007"], 1, "what concerns all rows holds the delivery: {ran:#}");
    }
    let project = loaded("quarantine");
    project.file("reg.csv", of("new"));
    project.run(&[]).ends(0);

    let project = loaded("quarantine");
    let partly = requests(HEADER, &|n| if n < 4 { iso(n) } else { usual(n) });
    project.file("reg.csv", &partly);
    for _ in 0..2 {
        let ran = project.run(&[]).ends(0).json();
        assert_conservation(&ran);
        assert_eq!(changes(&ran), ["D004 warning Iesniegts -> 31.12.2024 | 2024-12-31"]);
        assert_eq!(count(&ran, "reg", "service_request", "quarantined"), 3);
        assert_eq!(source(&ran, "reg")["findings"]["D006"], 3);
    }
    let list = project.vienkop(&["quarantine", "list"]).ends(0).stdout;
    assert!(list.contains("D006") && list.contains("24-1"), "{list}");
    let approved = project.run(&["--approve"]).ends(0).json();
    assert_eq!(count(&approved, "reg", "service_request", "quarantined"), 0);
    let after = project.run(&[]).ends(0).json();
    assert_eq!((changes(&after), count(&after, "reg", "service_request", "quarantined")), (Vec::new(), 0));

    let project = loaded("quarantine");
    project.file("reg.csv", of("code"));
    for _ in 0..2 {
        let ran = project.run(&[]).ends(0).json();
        assert_eq!(changes(&ran), ["D005 warning Kanāls -> dūmu signāli"], "told until mended");
        assert_eq!(count(&ran, "reg", "service_request", "quarantined"), 1);
    }
}

#[test]
fn a_delivery_that_lacks_a_required_column_is_told_what_became_of_it() {
    let project = loaded("");
    project.file("reg.csv", requests(&HEADER.replace("Numurs", "Pieteikuma numurs"), &usual));
    for _ in 0..2 {
        let ran = project.run(&[]).ends(1).json();
        assert_eq!(changes(&ran), ["D003 warning Numurs -> Pieteikuma numurs"]);
        assert_eq!(source(&ran, "reg")["findings"]["F010"], 1);
    }
}

#[test]
fn what_only_changes_hold_lacks_columns_without_drift() {
    let project = loaded("");
    let path = project.path("config/sources/reg.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("delivers = \"snapshot\"", "delivers = \"delta\"")).unwrap();
    project.file("reg.csv", "Numurs;Kanāls\n24-1;klātienē\n");
    assert_eq!(changes(&project.run(&[]).ends(0).json()), Vec::<String>::new());
    project.file("reg.csv", first());
    assert_eq!(changes(&project.run(&[]).ends(0).json()), Vec::<String>::new(), "all of them are still known");
}

#[test]
fn a_changed_configuration_is_no_drift() {
    let project = loaded("fail");
    let path = project.path("config/sources/reg.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("due_at = \"Termiņš\"", "url = \"Piezīmes\"")).unwrap();
    let ran: Ran = project.run(&[]);
    assert_eq!(changes(&ran.ends(0).json()), Vec::<String>::new());
}

#[test]
fn right_after_a_run_a_check_sees_no_drift() {
    let project = Project::samples();
    let pipeline = project.path("config/pipelines/samples.toml");
    let text = fs::read_to_string(&pipeline).unwrap();
    fs::write(pipeline, text.split_once("[publish]").unwrap().0).unwrap();
    project.run(&[]).ends(0);
    let checked = project.vienkop(&["check", "--json"]).ends(0).json();
    let sources = checked["sources"].as_array().unwrap();
    assert!(sources.len() > 20);
    for source in sources {
        assert_eq!((&source["seen"], source["drift"].as_array().unwrap().len()), (&json!(true), 0), "{source}");
    }
}
