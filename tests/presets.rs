//! Presets from end to end: sources that extend them, from recorded answers to events of the lake.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Project, assert_conservation, checkout, count, source};

/// An installation with presets and the services of one institution.
fn project() -> Project {
    let project = Project::new();
    for preset in fs::read_dir(checkout().join("config/presets")).unwrap() {
        let preset = preset.unwrap();
        let name = format!("config/presets/{}", preset.file_name().to_str().unwrap());
        project.file(&name, fs::read(preset.path()).unwrap());
    }
    project.services("pakalpojumi", "code,name,description\n0001,Izziņa,Izziņas izsniegšana\n");
    let institution = "delivers = \"delta\"\n[fetch]\nkind = \"file\"\npath = \"iestades.csv\"\n[format]\nkind = \"csv\"\n[[table]]\n\
                       entity = \"institution\"\nfields = { reg_no = \"r\", name = \"n\", kind = \"k\" }\n";
    project.file("iestades.csv", "r,n,k\n90000270634,Aģentūra,ministrijas padotības iestāde\n");
    project.source("iestades", institution);
    project
}

const IVANTI: &str = r#"
id = "pieteikumi"
title = "Pieteikumi"
extends = "ivanti"
institution = "90000270634"
[fetch]
recorded = "ieraksts"
[fetch.server]
url = "https://tenant.example/"
auth = { secret = { env = "NO_SUCH_VARIABLE" } }
[[table]]
entity = "service_request"
[table.fields]
service_code = { value = "0001" }
"#;

/// What the system holds the next time: number, created, changed, state.
fn delivery(project: &Project, first: bool, requests: &[(u32, &str, &str, &str)]) {
    let records: Vec<Value> = requests
        .iter()
        .map(|(number, created, changed, state)| {
            json!({
                "RecId": format!("{number:032X}"), "ServiceReqNumber": number, "Status": state,
                "CreatedDateTime": created, "LastModDateTime": changed,
            })
        })
        .collect();
    let answer = json!({ "@odata.count": records.len(), "value": records });
    project.file("ieraksts/0001.json", answer.to_string());
    let path = "api/odata/businessobject/servicereqs?$orderby=LastModDateTime asc&$select=RecId,ServiceReqNumber,Status,\
                CreatedDateTime,LastModDateTime&$skip=0&$top=100";
    let since = if first { "" } else { "&$filter=LastModDateTime ge 2024-06-01T00:00:00Z" };
    let exchange = format!("path = '{path}{since}'\nany = [\"$filter\"]\nfile = \"0001.json\"\n");
    project.file("ieraksts/0001.toml", exchange);
}

/// State, time and derivation of every event of a request.
fn events(project: &Project, number: u32) -> Vec<String> {
    let told = project.vienkop(&["explain", &format!("service_request:90000270634/{number}"), "--json"]).ends(0).json();
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or("–").to_owned();
    let events = told["events"].as_array().unwrap().iter();
    events.map(|event| ["state", "at", "derivation"].map(|name| text(event, name)).join(" ")).collect()
}

#[test]
fn states_that_are_polled_become_events() {
    let project = project();
    project.file("config/sources/pieteikumi.toml", IVANTI).pipeline(&["iestades", "pakalpojumi", "pieteikumi"]);
    let run = |inserted: u64, unchanged: u64| {
        let outcome = project.run(&[]).ends(0).json();
        assert_conservation(&outcome);
        let of = |what| count(&outcome, "pieteikumi", "status_event", what);
        assert_eq!((of("inserted"), of("unchanged"), of("duplicates")), (inserted, unchanged, 0), "{outcome:#}");
        let findings = source(&outcome, "pieteikumi")["findings"].as_object().unwrap().keys().cloned();
        // RecId is not mapped.
        assert_eq!(findings.collect::<Vec<_>>(), ["F013"]);
    };
    let (early, late) = ("2024-06-01T08:00:00Z", "2024-06-02T09:00:00Z");
    // One as it was submitted, one that somebody has begun to work on since.
    delivery(&project, true, &[(1, early, early, "Submitted"), (2, early, late, "Active")]);
    run(3, 1);
    let submitted = format!("iesniegts {early} timestamp_column");
    assert_eq!(events(&project, 1), std::slice::from_ref(&submitted));
    assert_eq!(events(&project, 2), [submitted.clone(), format!("izpildē {late} snapshot_diff")]);
    // The second one was changed, but not its state; the first one was begun, and waits.
    let (begun, touched) = ("2024-06-03T10:00:00Z", "2024-06-03T12:00:00Z");
    let second = [(1, early, begun, "Waiting for Customer"), (2, early, touched, "Active")];
    delivery(&project, false, &second);
    run(1, 3);
    // The same again is nothing new.
    run(0, 4);
    let (answered, closed) = ("2024-06-04T10:00:00Z", "2024-06-05T12:00:00Z");
    delivery(&project, false, &[(1, early, answered, "Active"), (2, early, closed, "Closed")]);
    run(2, 2);
    assert_eq!(
        events(&project, 1),
        [
            submitted.clone(),
            format!("gaida klientu {begun} snapshot_diff"),
            format!("izpildē {answered} snapshot_diff"),
        ]
    );
    assert_eq!(
        events(&project, 2),
        [submitted, format!("izpildē {late} snapshot_diff"), format!("pabeigts {closed} snapshot_diff")]
    );
    let measured = project.vienkop(&["kpi", "--json", "--as-of", "2024-07-08"]).ends(0).json();
    let total = &measured["requests"]["total"][0];
    assert_eq!((&total["received"], &total["closed"], &total["open"]), (&json!(2), &json!(1), &json!(1)), "{total:#}");
}

/// Every complete source that the page of presets shows is one that the program understands.
#[test]
fn the_examples_of_sources_are_right() {
    let text = fs::read_to_string(checkout().join("docs/presets.md")).unwrap();
    let examples: Vec<&str> = text
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .filter(|e| e.starts_with("id = "))
        .collect();
    assert!(examples.len() >= 5, "{}", examples.len());
    let project = project();
    for example in examples {
        let id = example.lines().next().unwrap().trim_start_matches("id = ").trim_matches('"');
        project.file(&format!("config/sources/{id}.toml"), example);
        project.pipeline(&["pakalpojumi", id]);
        // Whatever is not right would be told for every source; the servers are not there.
        let told = project.vienkop(&["list", "sources", "--json"]).ends(0).json();
        assert!(told.to_string().contains(id), "{told:#}");
    }
}

/// The page lists every preset, and says of each whether it has met a real server.
#[test]
fn every_preset_is_described() {
    let text = fs::read_to_string(checkout().join("docs/presets.md")).unwrap();
    for preset in fs::read_dir(checkout().join("config/presets")).unwrap() {
        let path = preset.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let verified = fs::read_to_string(&path).unwrap().contains("\nverified = true\n");
        let row = text.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/presets.md says nothing of {name}"));
        let told = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        assert_eq!(told, if verified { "yes" } else { "no" }, "{row}");
    }
}
