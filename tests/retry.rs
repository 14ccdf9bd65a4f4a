//! `vienkop quarantine retry`: what was rejected goes through again from what had landed, whatever has become of the source.

use std::fs;

use serde_json::Value;
use vienkop_test_cluster::Cluster;

use crate::support::{Project, Ran, assert_conservation, count, source};

/// An installation and where its registry is.
struct Place {
    project: Project,
    registry: String,
}

impl Place {
    fn new() -> Self {
        Self { project: Project::new(), registry: "sqlite://var/registry.db".to_owned() }
    }

    /// One with each backend.
    fn both() -> [Self; 2] {
        [Self::new(), Self { project: Project::new(), registry: Cluster::shared().fresh_database() }]
    }

    fn vienkop(&self, words: &[&str]) -> Ran {
        self.project.vienkop(&[words, &["--registry", &self.registry, "--as-of", "2024-07-08"]].concat())
    }

    /// What a run, or going through the quarantine again, came to.
    fn json(&self, words: &[&str], code: i32) -> Value {
        let outcome = self.vienkop(&[words, &["--json"]].concat()).ends(code).json();
        assert_conservation(&outcome);
        outcome
    }

    fn run(&self) -> Value {
        self.json(&["run"], 0)
    }

    fn retry(&self) -> Value {
        self.json(&["quarantine", "retry"], 0)
    }

    /// Numbers and rules of what stands in quarantine.
    fn standing(&self) -> Vec<(String, String)> {
        let list = self.vienkop(&["quarantine", "list", "--json"]).ends(0).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let codes = |one: &Value| one["codes"].as_array().unwrap().iter().map(text).collect::<Vec<_>>().join(" ");
        list.as_array().unwrap().iter().map(|one| (text(&one["id"]), codes(one))).collect()
    }

    fn codes(&self) -> Vec<String> {
        self.standing().into_iter().map(|(_, codes)| codes).collect()
    }

    /// A field of a record as `explain` has it.
    fn value(&self, record: &str, field: &str) -> Option<String> {
        let told = self.vienkop(&["explain", record, "--json"]).ends(0).json();
        let fields = told["fields"].as_array().unwrap_or_else(|| panic!("{told:#}"));
        let found = fields.iter().find(|one| one["field"] == field || one["name"] == field)?;
        found["value"].as_str().map(str::to_owned)
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.project.path(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// A further line of a code list.
    fn alias(&self, list: &str, code: &str, alias: &str) {
        let path = self.project.path(&format!("config/codelists/{list}.csv"));
        let text = fs::read_to_string(&path).unwrap();
        let line = text.lines().find(|line| line.starts_with(&format!("{code},"))).unwrap_or_else(|| panic!("{text}"));
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        cells[3] = if cells[3].is_empty() { alias.to_owned() } else { format!("{}|{alias}", cells[3]) };
        fs::write(path, text.replace(line, &cells.join(","))).unwrap();
    }
}

const REQUESTS: &str = r#"
[fetch]
kind = "file"
path = "reg.csv"
[format]
kind = "csv"
[[table]]
entity = "service_request"
[table.fields]
institution_reg_no = { value = "90000270634" }
request_no = "nr"
kind = { value = "pakalpojuma pieprasījums" }
channel = "kanāls"
due_at = "termiņš"
url = "saite"
[policy]
max_quarantined_share = 0.9
"#;

const DELIVERED: &str = "nr;kanāls;termiņš;saite
A-1;e-pasts;01.03.2024;https://a.lv/1
A-2;dūmu signāli;02.03.2024;https://a.lv/2
A-3;e-pasts;03/04/2024;https://a.lv/3
A-4;e-pasts;drīz;https://a.lv/4
";

fn requests(place: &Place, delivers: &str, csv: &str) {
    place.project.source("reg", &format!("delivers = \"{delivers}\"{REQUESTS}")).pipeline(&["reg"]);
    place.project.file("reg.csv", csv);
}

#[test]
fn a_mended_code_list_and_mapping_let_in_what_landed_though_the_source_is_dead() {
    for place in Place::both() {
        for delivers in ["snapshot", "delta"] {
            let place = Place {
                project: Project::new(),
                registry: if place.registry.starts_with("sqlite") {
                    place.registry.clone()
                } else {
                    Cluster::shared().fresh_database()
                },
            };
            requests(&place, delivers, DELIVERED);
            let first = place.run();
            assert_eq!(count(&first, "reg", "service_request", "inserted"), 1);
            assert_eq!(place.codes(), ["V003", "V004", "V004"]);
            fs::remove_file(place.project.path("reg.csv")).unwrap();

            // Nothing is mended yet: the same three go through and stay.
            let before = place.standing();
            let still = place.retry();
            assert_eq!(count(&still, "reg", "service_request", "mapped"), 3);
            assert_eq!(count(&still, "reg", "service_request", "quarantined"), 3);
            assert_eq!(place.codes(), ["V003", "V004", "V004"]);
            assert!(place.standing().iter().all(|(id, _)| before.iter().all(|(old, _)| old != id)), "listed anew");

            place.alias("channels", "e-pasts", "dūmu signāli");
            place.edit(
                "config/sources/reg.toml",
                "due_at = \"termiņš\"",
                "due_at = { column = \"termiņš\", formats = [\"%d.%m.%Y\", \"%d/%m/%Y\"] }",
            );
            let plan = place.json(&["quarantine", "retry", "--dry-run"], 0);
            assert_eq!(count(&plan, "reg", "service_request", "inserted"), 2);
            assert_eq!(place.codes().len(), 3, "only told");
            let done = place.retry();
            assert_eq!(source(&done, "reg")["rows"]["read"], 3, "the row that was accepted stays out of it");
            assert_eq!(count(&done, "reg", "service_request", "inserted"), 2);
            assert_eq!(count(&done, "reg", "service_request", "retired"), 0);
            assert_eq!(place.codes(), ["V004"], "the one that is still wrong");
            assert_eq!(place.value("service_request:90000270634/A-2", "channel").as_deref(), Some("e-pasts"));

            let runs = place.vienkop(&["runs", "--json"]).ends(0).json();
            assert_eq!(
                (&runs["runs"][0]["pipeline"], &runs["runs"][0]["kind"]),
                (&"quarantine".into(), &"replay".into())
            );
            let nothing = place.vienkop(&["quarantine", "close", &place.standing()[0].0, "--because", "sen"]);
            nothing.ends(0);
            let empty = place.vienkop(&["quarantine", "retry"]).ends(0);
            assert!(empty.stdout.contains("empty") || empty.stdout.contains("Nothing"), "{}", empty.stdout);
        }
    }
}

#[test]
fn what_was_said_of_the_delivery_stands() {
    let place = Place::new();
    requests(&place, "snapshot", &DELIVERED.replace(";saite\n", ";adrese\n"));
    place.run();
    let told = |place: &Place| {
        let found = place.vienkop(&["findings", "reg", "--json"]).ends(0).json();
        let codes = found.as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned());
        codes.collect::<std::collections::BTreeSet<_>>()
    };
    let before = told(&place);
    assert!(before.contains("F013") && before.contains("F014"), "{before:?}");
    let ran = place.retry();
    assert!(source(&ran, "reg")["findings"]["F014"].is_null(), "nor is it said again: {ran:#}");
    assert_eq!(told(&place), before);
}

#[test]
fn single_records_and_sources_are_named() {
    let place = Place::new();
    requests(&place, "delta", DELIVERED);
    place.run();
    place.alias("channels", "e-pasts", "dūmu signāli");
    let coded = place.standing().into_iter().find(|(_, codes)| codes == "V003").unwrap().0;
    let done = place.json(&["quarantine", "retry", &coded], 0);
    assert_eq!(source(&done, "reg")["rows"]["read"], 1);
    assert_eq!(place.codes(), ["V004", "V004"]);
    assert_eq!(source(&place.json(&["quarantine", "retry", "reg"], 0), "reg")["rows"]["read"], 2);
    for unknown in ["reg#99", "other", &coded] {
        place.vienkop(&["quarantine", "retry", unknown]).ends(2);
    }
}

#[test]
fn evidence_that_is_gone_is_told() {
    let place = Place::new();
    requests(&place, "delta", DELIVERED);
    place.run();
    place
        .project
        .file("reg.csv", "nr;kanāls;termiņš;saite\nB-1;zvani;01.03.2024;https://a.lv/1\nB-2;e-pasts;01.03.2024;\n");
    place.run();
    for (path, content) in place.project.everything_below("var/landed") {
        if String::from_utf8_lossy(&content).contains("A-1") {
            fs::remove_file(path).unwrap();
        }
    }
    let before = place.standing();
    place.alias("channels", "tālrunis", "zvani");
    let said = place.vienkop(&["quarantine", "retry", "--dry-run", "--lang", "lv"]).ends(1);
    assert!(said.stdout.contains("reg.csv, saņemts") && said.stdout.contains("paliek karantīnā: 3"), "{}", said.stdout);
    let done = place.json(&["quarantine", "retry"], 1);
    assert_eq!(source(&done, "reg")["retried"]["gone"][0]["records"], 3);
    assert_eq!(count(&done, "reg", "service_request", "inserted"), 1);
    assert_eq!(place.standing(), before[..3], "these stay as they were");
    // Nothing that is left can go through: no run.
    let runs = |place: &Place| place.vienkop(&["runs", "--json"]).ends(0).json()["runs"].as_array().unwrap().len();
    let before = runs(&place);
    place.json(&["quarantine", "retry"], 1);
    assert_eq!(runs(&place), before);
}

#[test]
fn something_newer_is_not_overwritten() {
    for place in Place::both() {
        // Without a number it cannot be told whose row it is, until the mapping takes it from the address.
        requests(
            &place,
            "delta",
            "nr;kanāls;termiņš;saite\n;e-pasts;01.03.2024;https://a.lv/A-1\n;e-pasts;02.03.2024;https://a.lv/A-2\nA-9;e-pasts;;\n",
        );
        place.run();
        place.project.file("reg.csv", "nr;kanāls;termiņš;saite\nA-1;klātienē;05.05.2024;https://a.lv/A-1\n");
        place.run();
        assert_eq!(place.codes(), ["V001", "V001"]);
        place.edit(
            "config/sources/reg.toml",
            "request_no = \"nr\"",
            "request_no = { column = \"saite\", extract = \"a.lv/(.+)\" }",
        );
        let done = place.retry();
        assert_eq!(count(&done, "reg", "service_request", "inserted"), 1);
        assert_eq!(count(&done, "reg", "service_request", "mapped"), 1);
        let newer = source(&done, "reg")["retried"]["newer"].as_array().unwrap().clone();
        let left = place.standing();
        assert_eq!(newer, [Value::from(left[0].0.as_str())], "{done:#}");
        assert_eq!(left.len(), 1);
        let told = |text: &str| place.vienkop(&["explain", text]).ends(0).stdout;
        assert!(told("service_request:90000270634/A-1").contains("klātienē"));
        assert!(told("service_request:90000270634/A-2").contains("e-pasts"));
    }
}

#[test]
fn where_a_record_stands_twice_in_a_file_the_later_row_still_counts() {
    let place = Place::new();
    requests(
        &place,
        "delta",
        "nr;kanāls;termiņš;saite\nA-1;dūmi;01.03.2024;\nA-2;dūmi;01.03.2024;\nA-1;klātienē;02.03.2024;\n",
    );
    place.run();
    place.alias("channels", "e-pasts", "dūmi");
    let done = place.retry();
    assert_eq!(count(&done, "reg", "service_request", "inserted"), 1);
    assert_eq!(count(&done, "reg", "service_request", "duplicates"), 1);
    assert_eq!(count(&done, "reg", "service_request", "changed"), 0);
    assert_eq!(place.codes(), Vec::<String>::new());
}

#[test]
fn what_a_delivery_that_was_held_has_in_quarantine_waits_for_the_source() {
    let place = Place::new();
    requests(&place, "snapshot", DELIVERED);
    place.edit("config/sources/reg.toml", "= 0.9", "= 0.1");
    place.json(&["run"], 1);
    let done = place.vienkop(&["quarantine", "retry", "--lang", "lv"]).ends(1);
    assert!(done.stdout.contains("vienkop run reg"), "{}", done.stdout);
    assert_eq!(place.codes().len(), 3);
}

const SERVICES: &str = r#"
[fetch]
kind = "file"
path = "dati/*.csv"
[format]
kind = "csv"
[[table]]
entity = "service"
files = ["dati/pakalpojumi.csv"]
[table.fields]
code = "kods"
name = "nosaukums"
owner_reg_no = { value = "90000270634" }
[[table]]
entity = "service.steps"
files = ["dati/soli.csv"]
[table.fields]
"parent.code" = "kods"
"parent.owner_reg_no" = { value = "90000270634" }
no = "nr"
name = "solis"
expected_time = "laiks"
[policy]
max_quarantined_share = 0.9
"#;

#[test]
fn a_list_comes_as_a_whole() {
    for place in Place::both() {
        place.project.source("reg", &format!("delivers = \"delta\"{SERVICES}")).pipeline(&["reg"]);
        place.project.file("dati/pakalpojumi.csv", "kods;nosaukums\n01;Izziņa\n02;Atļauja\n");
        place.project.file(
            "dati/soli.csv",
            "kods;nr;solis;laiks\n01;1;Saņemt;1 diena\n01;2;Izskatīt;7\n01;3;Izsniegt;1 diena\n02;1;Saņemt;2 dienas\n",
        );
        let first = place.run();
        assert_eq!(count(&first, "reg", "service.steps", "quarantined"), 1);
        place.edit(
            "config/sources/reg.toml",
            "expected_time = \"laiks\"",
            "expected_time = { column = \"laiks\", unit = \"d\" }",
        );
        let done = place.retry();
        assert_eq!(place.codes(), Vec::<String>::new());
        assert_eq!(count(&done, "reg", "service.steps", "retired"), 0, "{done:#}");
        let told = place.vienkop(&["explain", "service:90000270634/01"]).ends(0).stdout;
        for step in ["Saņemt", "Izskatīt", "Izsniegt"] {
            assert!(told.contains(step), "{told}");
        }
    }
}

const EVENTS: &str = r#"
[fetch]
kind = "file"
path = "reg.ndjson"
[format]
kind = "json"
lines = true
[[table]]
entity = "service_request"
[table.fields]
institution_reg_no = { value = "90000270634" }
request_no = "nr"
kind = { value = "pakalpojuma pieprasījums" }
channel = "channel"
[[table]]
entity = "status_event"
[table.read]
explode = "log"
[table.fields]
institution_reg_no = { value = "90000270634" }
request_no = "nr"
event_id = "log/id"
state = "log/state"
at = "log/at"
derivation = { value = "source_log" }
[policy]
max_quarantined_share = 0.9
"#;

#[test]
fn status_events_too_and_those_whose_request_was_rejected() {
    for place in Place::both() {
        place.project.source("reg", &format!("delivers = \"delta\"{EVENTS}")).pipeline(&["reg"]);
        let event = |id: u32, state: &str, day: u32| {
            format!(r#"{{"id": "{id}", "state": "{state}", "at": "2024-02-{day:02}T09:00:00Z"}}"#)
        };
        let line = |nr: &str, channel: &str, events: &[String]| {
            format!("{{\"nr\": \"{nr}\", \"channel\": \"{channel}\", \"log\": [{}]}}\n", events.join(", "))
        };
        let one = line("A-1", "e-pasts", &[event(1, "iesniegts", 1), event(2, "čupā", 2), event(3, "pabeigts", 5)]);
        let two = line("A-2", "dūmi", &[event(4, "iesniegts", 1), event(5, "pabeigts", 3)]);
        place.project.file("reg.ndjson", one + &two);
        let first = place.run();
        assert_eq!(count(&first, "reg", "status_event", "quarantined"), 3, "{first:#}");
        assert_eq!(place.codes().len(), 4);
        fs::remove_file(place.project.path("reg.ndjson")).unwrap();
        place.alias("states", "izpildē", "čupā");
        place.alias("channels", "e-pasts", "dūmi");
        let done = place.retry();
        assert_eq!(place.codes(), Vec::<String>::new(), "{done:#}");
        assert_eq!(count(&done, "reg", "service_request", "inserted"), 1);
        assert_eq!(count(&done, "reg", "status_event", "inserted"), 3);
        // As if all had been right at once.
        let kpi = place.vienkop(&["kpi", "--json"]).ends(0).json();
        let right = Place::new();
        right.alias("states", "izpildē", "čupā");
        right.alias("channels", "e-pasts", "dūmi");
        right.project.source("reg", &format!("delivers = \"delta\"{EVENTS}")).pipeline(&["reg"]);
        let one = line("A-1", "e-pasts", &[event(1, "iesniegts", 1), event(2, "čupā", 2), event(3, "pabeigts", 5)]);
        let two = line("A-2", "dūmi", &[event(4, "iesniegts", 1), event(5, "pabeigts", 3)]);
        right.project.file("reg.ndjson", one + &two);
        right.run();
        assert_eq!(kpi, right.vienkop(&["kpi", "--json"]).ends(0).json());
    }
}

#[test]
fn going_through_again_is_no_delivery_and_no_drift() {
    let place = Place::new();
    requests(&place, "snapshot", DELIVERED);
    place.edit("config/sources/reg.toml", "= 0.9", "= 0.9\ndrift = \"fail\"");
    place.run();
    place.alias("channels", "e-pasts", "dūmu signāli");
    place.retry();
    // What the source looked like is still the whole of it.
    let again = place.run();
    assert!(source(&again, "reg")["drift"].is_null(), "{again:#}");
    assert_eq!(count(&again, "reg", "service_request", "unchanged"), 2);
}

/// Everything in quarantine, and everything said, without numbers.
fn state(place: &Place) -> (Vec<String>, Vec<String>) {
    let text =
        |value: &Value, keys: &[&str]| keys.iter().map(|key| value[key].to_string()).collect::<Vec<_>>().join(" ");
    let lines = |words: &[&str], keys: &[&str]| {
        let list = place.vienkop(words).ends(0).json();
        let mut lines: Vec<String> = list.as_array().unwrap().iter().map(|one| text(one, keys)).collect();
        lines.sort();
        lines
    };
    let keys = ["source", "entity", "key", "file", "sheet", "row", "part", "codes"];
    let said = ["source", "code", "severity", "entity", "key", "file", "cell", "message"];
    (lines(&["quarantine", "list", "--json"], &keys), lines(&["findings", "--json"], &said))
}

#[test]
fn of_every_format_what_is_not_mended_stays_as_it_was_and_what_is_mended_comes_in() {
    let place = Place { project: Project::samples_without_pdf(), registry: "sqlite://var/registry.db".to_owned() };
    place.edit(
        "config/pipelines/samples.toml",
        "formats = [\"html\", \"json\", \"xlsx\", \"csv\"]",
        "formats = [\"json\"]",
    );
    place.run();
    fs::remove_dir_all(place.project.path("data-samples")).unwrap();
    let before = state(&place);
    assert!(before.0.len() > 100);
    place.retry();
    let after = state(&place);
    assert_eq!(after.0, before.0);
    assert_eq!(after.1, before.1);

    // A survey's respondent, a code of a workbook, a state of an XML: each lets in its own.
    place.edit(
        "config/sources/samples/aptauja-2024-csv.toml",
        "functions = [\"no_spaces\"] }",
        "functions = [\"no_spaces\"], empty = [\"000\"], default = \"90000270634\" }",
    );
    place.alias("audiences", "iestāde", "pašvaldību iestādēm un citiem");
    place.alias("states", "izpildē", "Izskatīšna");
    let done = place.retry();
    assert_eq!(count(&done, "aptauja-2024-csv", "survey_response", "inserted"), 2, "{done:#}");
    assert_eq!(count(&done, "mezmalas-aprupes-centrs", "service", "inserted"), 1);
    assert_eq!(count(&done, "erglupes-novads-namejs", "status_event", "inserted"), 1);
    for source in done["sources"].as_array().unwrap() {
        for records in source["records"].as_object().unwrap().values() {
            assert_eq!(records["retired"], 0, "{source:#}");
            assert_eq!(records["changed"].as_u64().unwrap(), 0, "{source:#}");
        }
    }
    assert_eq!(state(&place).0.len(), before.0.len() - 3);
}
