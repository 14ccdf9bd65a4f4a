//! `vienkop publish`: feeds of catalogues, what changed since, and what is kept back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::support::{Project, checkout};

const OWNER: &str = "90000270634";
const OTHER: &str = "90000069281";

/// A feed, as somebody reads it who has only the description of the form.
#[derive(Deserialize)]
struct Feed {
    digest: String,
    count: usize,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Changes {
    digest: String,
    since: Since,
    inserted: Vec<Entry>,
    changed: Vec<Entry>,
    removed: Vec<Removed>,
}

#[derive(Deserialize)]
struct Since {
    digest: String,
}

#[derive(Deserialize)]
struct Entry {
    uid: String,
    hash: String,
    service: Box<RawValue>,
}

#[derive(Deserialize)]
struct Removed {
    uid: String,
    code: String,
    reason: String,
}

impl Entry {
    fn service(&self) -> Value {
        serde_json::from_str(self.service.get()).unwrap()
    }

    fn key(&self) -> (String, String) {
        let service = self.service();
        (service["owner"]["reg_no"].as_str().unwrap().to_owned(), service["code"].as_str().unwrap().to_owned())
    }
}

fn hashed(text: &str) -> String {
    Sha256::digest(text).iter().fold("sha256:".to_owned(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn digest(entries: &BTreeMap<String, String>) -> String {
    hashed(&entries.iter().fold(String::new(), |lines, (uid, hash)| lines + uid + " " + hash + "\n"))
}

/// Reads a feed and holds it to what its form promises.
fn feed(path: &Path) -> Feed {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let feed: Feed = serde_json::from_str(&text).unwrap();
    assert_eq!(feed.count, feed.entries.len());
    assert!(feed.entries.is_sorted_by(|a, b| a.uid < b.uid));
    for entry in &feed.entries {
        assert_eq!(entry.hash, hashed(entry.service.get()), "{}", entry.service);
    }
    let held = feed.entries.iter().map(|entry| (entry.uid.clone(), entry.hash.clone())).collect();
    assert_eq!(feed.digest, digest(&held));
    feed
}

/// Every file below a folder.
fn files(project: &Project, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let top = project.path(folder);
    let found = project.everything_below(folder).into_iter();
    found.map(|(path, content)| (path.strip_prefix(&top).unwrap().to_owned(), content)).collect()
}

fn records(entity: &str) -> Vec<Value> {
    let path = checkout().join(format!("data-samples/expected/registry/{entity}.ndjson"));
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn feeds_of_the_samples_are_what_the_registry_holds_and_fit_their_schemas() {
    let project = Project::samples();
    let pipeline = project.path("config/pipelines/samples.toml");
    let text = fs::read_to_string(&pipeline).unwrap();
    let (without_report, _) = text.split_once("[assess]").unwrap();
    fs::write(pipeline, without_report).unwrap();
    let run = project.run(&["--lang", "lv"]).ends(0).json();
    let first = &run["publication"];
    assert_eq!(first["written"], true);
    let second = project.vienkop(&["publish", "--as-of", "2024-07-09", "--json"]).ends(0).json();
    assert_eq!(second["since"], "2024-07-08");

    let root = project.path("var/publish/2024-07-09");
    let schema = |name: &str| {
        let text = fs::read_to_string(root.join("schema").join(name)).unwrap();
        assert_eq!(text, fs::read_to_string(checkout().join("config/schema").join(name)).unwrap());
        jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
    };
    let (whole, changes) = (schema("feed.schema.json"), schema("changes.schema.json"));
    let mut validated = 0;
    for (path, content) in files(&project, "var/publish/2024-07-09/feeds") {
        let value: Value = serde_json::from_slice(&content).unwrap();
        let validator = if path.ends_with("feed.json") { &whole } else { &changes };
        let faults: Vec<String> = validator.iter_errors(&value).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{}: {faults:?}", path.display());
        validated += 1;
        // A schema that takes anything would find no fault with this either.
        let mut broken = value.clone();
        broken["digest"] = Value::from("none");
        assert!(!validator.is_valid(&broken));
    }
    assert_eq!(validated, 2 * second["feeds"].as_array().unwrap().len());

    // Where services belong, counted by hand from the records.
    let applications: BTreeSet<(String, String)> = records("application")
        .iter()
        .map(|record| (record["owner_reg_no"].as_str().unwrap().to_owned(), record["service_code"].to_string()))
        .collect();
    let mut wanted: BTreeMap<&str, BTreeSet<(String, String)>> = BTreeMap::new();
    let mut kept_back = BTreeSet::new();
    for service in records("service") {
        let text = |name: &str| service[name].as_str().unwrap_or_default().to_owned();
        if matches!(text("lifecycle").as_str(), "plānots" | "likvidēts") {
            continue;
        }
        let key = (text("owner_reg_no"), text("code"));
        let electronic = applications.contains(&(key.0.clone(), service["code"].to_string()))
            || service["forms"].is_array()
            || service["in_person_only"] == true;
        let individual = text("kind") == "publisks individuāla labuma";
        let is_for = |whom: &str| service["audience"].as_array().is_some_and(|all| all.contains(&Value::from(whom)));
        let between = text("kind").starts_with("starpiestāžu");
        let places = [
            ("latvija-gov-lv", individual && is_for("iedzīvotājs"), individual),
            ("business-gov-lv", individual && is_for("uzņēmējs"), individual),
            ("virsis-gov-lv", between, false),
            ("iestades", !text("kind").is_empty(), individual),
        ];
        for (folder, shown, needs_application) in places {
            match shown {
                true if needs_application && !electronic => _ = kept_back.insert(format!("{}/{}", key.0, key.1)),
                true => _ = wanted.entry(folder).or_default().insert(key.clone()),
                false => {}
            }
        }
    }
    let mut found: BTreeMap<&str, BTreeSet<(String, String)>> = BTreeMap::new();
    for outcome in second["feeds"].as_array().unwrap() {
        let feed = feed(&root.join(outcome["file"].as_str().unwrap()));
        assert_eq!(outcome["entries"], feed.count);
        assert_eq!((&outcome["inserted"], &outcome["changed"], &outcome["removed"]), (&0.into(), &0.into(), &0.into()));
        let folder = outcome["file"].as_str().unwrap().split('/').nth(1).unwrap();
        let folder = *wanted.keys().find(|known| **known == folder).unwrap();
        for entry in &feed.entries {
            let key = entry.key();
            assert!(outcome.get("institution").is_none_or(|institution| *institution == key.0.as_str()));
            assert!(found.entry(folder).or_default().insert(key));
        }
    }
    assert_eq!(found, wanted);
    let told: BTreeSet<String> = second["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["code"] == "P001")
        .map(|finding| finding["key"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, kept_back);

    // What is needed to manage a service is nobody else's business.
    let all: Vec<u8> = files(&project, "var/publish").into_values().flatten().collect();
    let all = String::from_utf8(all).unwrap();
    for service in records("service") {
        for name in ["manager_name", "manager_email"] {
            assert!(service[name].as_str().is_none_or(|text| !all.contains(text)), "{}", service[name]);
        }
    }
    assert!(!all.contains("annual_requests") && !all.contains("kpis"));
}

/// Institutions, services (rows of CSV) and applications (codes of services), published with everything allowed.
fn project(services: &[&str], applications: &[&str]) -> Project {
    let project = Project::new();
    let institutions = format!("reg_no;name;kind\n{OWNER};Alfas dome;pašvaldība\n{OTHER};Betas dome;pašvaldība\n");
    table(&project, "iestades", "institution", &institutions);
    hold(&project, services, applications);
    let sources = r#"["iestades", "pakalpojumi", "lietotnes"]"#;
    let pipeline = format!("title = \"all\"\nsources = {sources}\n[publish]\nmax_removed_share = 1.0\n");
    project.file("config/pipelines/all.toml", pipeline);
    project
}

fn hold(project: &Project, services: &[&str], applications: &[&str]) {
    let rows = services.iter().fold(String::new(), |all, row| all + row + "\n");
    let head = "code;name;owner_reg_no;kind;audience;lifecycle;expected_time;deep_link;manager_name";
    table(project, "pakalpojumi", "service", &format!("{head}\n{rows}"));
    let rows = applications.iter().fold(String::new(), |all, code| all + &format!("L{code};{code};{OWNER};e-forma\n"));
    table(project, "lietotnes", "application", &format!("code;service_code;owner_reg_no;kind\n{rows}"));
}

/// A source of one entity in one CSV file whose columns are named as the fields.
fn table(project: &Project, id: &str, entity: &str, csv: &str) {
    project.file(&format!("{id}.csv"), csv);
    let columns = csv.lines().next().unwrap().split(';');
    let fields = columns.fold(String::new(), |all, column| all + column + " = \"" + column + "\"\n");
    let toml = format!(
        "[fetch]\nkind = \"file\"\npath = \"{id}.csv\"\n[format]\nkind = \"csv\"\ndelimiter = \";\"\n[[table]]\n\
         entity = \"{entity}\"\n[table.fields]\n{fields}[policy]\nmax_retired_share = 1.0\n"
    );
    project.source(id, &toml);
}

fn service(code: &str, more: &str) -> String {
    format!("{code};Pakalpojums {code};{OWNER};publisks individuāla labuma;{more}")
}

fn day_one() -> Project {
    let rows = [
        service("01", "iedzīvotājs;sniegts;5 darba dienas;https://alfa.example/01;Ilze Slepena"),
        service("02", "iedzīvotājs;sniegts;5 dienas;;"),
        service("03", "iedzīvotājs;sniegts;1.5 h;;"),
        service("04", "iedzīvotājs;;;;"),
        service("05", "iedzīvotājs;;;;"),
        service("06", "iedzīvotājs;;;javascript:alert(1);"),
        service("07", ";;;;"),
        service("08", "iedzīvotājs;plānots;;;"),
    ];
    project(&rows.each_ref().map(String::as_str), &["01", "02", "03", "04", "05", "06", "08"])
}

#[test]
fn changes_make_of_the_earlier_feed_todays() {
    let project = day_one();
    let run = project.run(&[]).ends(0).json();
    let codes = |findings: &Value| -> Vec<String> {
        let told = |finding: &Value| format!("{} {}", finding["code"], finding["key"]).replace('"', "");
        findings.as_array().unwrap().iter().map(told).collect()
    };
    let key = |code: &str| format!("{OWNER}/{code}");
    let kept_back = ["P001 07", "P002 07", "P003 06"].map(|told| told.replace(' ', &format!(" {OWNER}/")));
    assert_eq!(codes(&run["publication"]["findings"]), kept_back);
    let path = |day: &str, name: &str| project.path(&format!("var/publish/{day}/feeds/latvija-gov-lv/{name}"));
    let before = feed(&path("2024-07-08", "feed.json"));
    assert_eq!(before.count, 6);
    let first = before.entries.iter().find(|entry| entry.key().1 == "01").unwrap().service();
    let time = &first["delivery"]["expected_time"];
    assert_eq!((time["value"].as_str(), time["unit"].as_str()), (Some("5"), Some("working d")));
    assert_eq!((&time["text"]["lv"], &time["text"]["en"]), (&"5 darba dienas".into(), &"5 working days".into()));
    assert!(time.get("iso8601").is_none(), "{time}");
    let third = before.entries.iter().find(|entry| entry.key().1 == "03").unwrap().service();
    assert_eq!(third["delivery"]["expected_time"]["iso8601"], "PT1.5H");
    assert_eq!(third["delivery"]["expected_time"]["text"]["lv"], "1,5 stundas");
    let text = fs::read_to_string(path("2024-07-08", "feed.json")).unwrap();
    assert!(!text.contains("javascript") && !text.contains("Slepena"), "{text}");

    // 01 stays, 02 changes, 03 has ended, 04 is gone, 05 has lost its application, 06 is for entrepreneurs, 09 is new.
    let rows = [
        service("01", "iedzīvotājs;sniegts;5 darba dienas;https://alfa.example/01;Cita Slepena"),
        service("02", "iedzīvotājs;sniegts;10 dienas;;"),
        service("03", "iedzīvotājs;likvidēts;1.5 h;;"),
        service("05", "iedzīvotājs;;;;"),
        service("06", "uzņēmējs;;;;"),
        service("09", "iedzīvotājs;;;;"),
    ];
    hold(&project, &rows.each_ref().map(String::as_str), &["01", "02", "03", "06", "09"]);
    let run = project.vienkop(&["run", "--json", "--as-of", "2024-07-10"]).ends(0).json();
    let of = |catalogue: &str| {
        let feeds = run["publication"]["feeds"].as_array().unwrap();
        feeds.iter().find(|feed| feed["catalogue"] == catalogue).unwrap().clone()
    };
    let numbers = |feed: &Value| ["entries", "inserted", "changed", "removed"].map(|name| feed[name].as_u64().unwrap());
    assert_eq!(numbers(&of("latvija.gov.lv")), [3, 1, 1, 4]);
    assert_eq!(numbers(&of("business.gov.lv")), [1, 1, 0, 0]);
    assert_eq!(numbers(&of("iestādes tīmekļvietne")), [4, 1, 2, 3]);
    assert_eq!(of("iestādes tīmekļvietne")["institution"], OWNER);
    assert!(codes(&run["publication"]["findings"]).contains(&format!("P001 {}", key("05"))));

    let changes = fs::read_to_string(path("2024-07-10", "changes-since-2024-07-08.json")).unwrap();
    let changes: Changes = serde_json::from_str(&changes).unwrap();
    assert_eq!(changes.since.digest, before.digest);
    let reasons: BTreeMap<&str, &str> =
        changes.removed.iter().map(|gone| (gone.code.as_str(), gone.reason.as_str())).collect();
    let wanted = [("03", "withdrawn"), ("04", "withdrawn"), ("05", "unpublishable"), ("06", "elsewhere")];
    assert_eq!(reasons, BTreeMap::from(wanted));
    let mut held: BTreeMap<String, String> = before.entries.into_iter().map(|entry| (entry.uid, entry.hash)).collect();
    for gone in &changes.removed {
        assert!(held.remove(&gone.uid).is_some());
    }
    for entry in &changes.changed {
        assert!(held.insert(entry.uid.clone(), entry.hash.clone()).is_some());
    }
    for entry in &changes.inserted {
        assert!(held.insert(entry.uid.clone(), entry.hash.clone()).is_none());
    }
    let today = feed(&path("2024-07-10", "feed.json"));
    assert_eq!((digest(&held), &changes.digest), (today.digest.clone(), &today.digest));

    // The same again is the same, byte by byte, and tells the same changes.
    let whole = files(&project, "var/publish/2024-07-10");
    project.vienkop(&["publish", "--as-of", "2024-07-10"]).ends(0);
    assert_eq!(files(&project, "var/publish/2024-07-10"), whole);
    // Since a day in between: since the publication before it.
    let since =
        project.vienkop(&["publish", "--as-of", "2024-07-10", "--since", "2024-07-09", "--json"]).ends(0).json();
    assert_eq!(since["since"], "2024-07-08");
    let none = project.vienkop(&["publish", "--as-of", "2024-07-10", "--since", "2024-07-01"]).ends(2);
    assert!(none.stderr.contains("2024-07-08, 2024-07-10"), "{}", none.stderr);
}

#[test]
fn what_would_take_away_too_much_waits_and_a_dry_run_writes_nothing() {
    let project = day_one();
    let pipeline = fs::read_to_string(project.path("config/pipelines/all.toml")).unwrap();
    project.file("config/pipelines/all.toml", pipeline.replace("max_removed_share = 1.0", "max_removed_share = 0.5"));
    let missing = project.vienkop(&["publish"]).ends(2);
    assert!(missing.stderr.contains("vienkop run"), "{}", missing.stderr);
    assert!(!project.path("var").exists());
    project.run(&[]).ends(0);
    let published = files(&project, "var/publish");

    let dry = project.vienkop(&["publish", "--dry-run", "--json", "--as-of", "2024-07-09"]).ends(0).json();
    assert_eq!((&dry["written"], dry["feeds"].as_array().unwrap().len()), (&false.into(), 4));
    assert_eq!(files(&project, "var/publish"), published);

    hold(&project, &[&service("01", "iedzīvotājs;;;;")], &["01"]);
    let run = project.vienkop(&["run", "--as-of", "2024-07-08"]).ends(3);
    assert!(run.stdout.contains("latvija.gov.lv would lose 5 of its 6 services"), "{}", run.stdout);
    assert!(run.stdout.contains("vienkop publish --approve"), "{}", run.stdout);
    assert_eq!(files(&project, "var/publish"), published, "the good one stays");
    let lv = project.vienkop(&["publish", "--lang", "lv", "--as-of", "2024-07-09"]).ends(3);
    assert!(lv.stdout.contains("Katalogs latvija.gov.lv zaudētu 5 no 6 pakalpojumiem"), "{}", lv.stdout);
    assert_eq!(files(&project, "var/publish"), published);
    project.vienkop(&["publish", "--approve", "--as-of", "2024-07-09"]).ends(0);
    assert_eq!(feed(&project.path("var/publish/2024-07-09/feeds/latvija-gov-lv/feed.json")).count, 1);
}

#[test]
fn an_unfinished_publication_never_takes_the_place_of_a_good_one() {
    let project = day_one();
    project.run(&[]).ends(0);
    let published = files(&project, "var/publish");
    let day = |name: &str| project.path(&format!("var/publish/{name}"));
    // Stopped while it was written: half of it lies beside the good one.
    project.file("var/publish/.2024-07-08.part/feeds/latvija-gov-lv/feed.json", "{\"format\":\"vien");
    project.vienkop(&["publish", "--as-of", "2024-07-08"]).ends(0);
    assert_eq!(files(&project, "var/publish"), published);
    // Stopped between the two renames: the earlier one comes back, and changes begin with it.
    fs::rename(day("2024-07-08"), day(".2024-07-08.old")).unwrap();
    let second = project.vienkop(&["publish", "--json", "--as-of", "2024-07-09"]).ends(0).json();
    assert_eq!(second["written"], true);
    assert!(day("2024-07-08/publication.json").is_file() && !day(".2024-07-08.old").exists());
    // An earlier feed that somebody has changed is told, and nothing is taken for unchanged by it.
    let path = day("2024-07-09/feeds/latvija-gov-lv/feed.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"hash\":\"sha256:", "\"hash\":\"sha256:0", 1)).unwrap();
    let third = project.vienkop(&["publish", "--approve", "--json", "--as-of", "2024-07-10"]).ends(0).json();
    assert!(third["notes"][0].as_str().unwrap().contains("2024-07-09/feeds/latvija-gov-lv/feed.json"), "{third}");
    assert_eq!((&third["feeds"][0]["inserted"], &third["feeds"][0]["removed"]), (&6.into(), &0.into()));
}

#[test]
fn only_so_many_publications_are_kept() {
    let project = day_one();
    let pipeline = fs::read_to_string(project.path("config/pipelines/all.toml")).unwrap();
    project.file("config/pipelines/all.toml", pipeline + "keep = 2\n");
    project.run(&[]).ends(0);
    for day in ["2024-07-09", "2024-07-11", "2024-07-12"] {
        project.vienkop(&["publish", "--as-of", day]).ends(0);
    }
    let entries = fs::read_dir(project.path("var/publish")).unwrap();
    let days: BTreeSet<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(days, BTreeSet::from(["2024-07-11".to_owned(), "2024-07-12".to_owned()]));
}

#[test]
fn catalogues_are_data() {
    let project = day_one();
    project.run(&[]).ends(0);
    project.file(
        "config/catalogues.toml",
        "[[catalogue]]\ncode = \"cits\"\nfolder = \"musu-portals\"\n[[catalogue.services]]\n\
         kinds = [\"publisks individuāla labuma\"]\n",
    );
    let published = project.vienkop(&["publish", "--json", "--approve", "--as-of", "2024-07-09"]).ends(0).json();
    assert_eq!(published["feeds"].as_array().unwrap().len(), 1);
    // Nothing needs an application there, nobody has to be there, and planned services are nowhere.
    assert_eq!((&published["feeds"][0]["catalogue"], &published["feeds"][0]["entries"]), (&"cits".into(), &7.into()));
    assert!(project.path("var/publish/2024-07-09/feeds/musu-portals/feed.json").is_file());

    let wrong = |text: &str| -> Vec<String> {
        project.file("config/catalogues.toml", text);
        let problems = project.vienkop(&["check", "--json"]).ends(2).json();
        let told = |told: &Value| format!("{}:{} {} [{}]", told["file"], told["line"], told["message"], told["hint"]);
        problems["problems"].as_array().unwrap().iter().map(told).collect()
    };
    let codes = wrong(
        "[[catalogue]]\ncode = \"latvija.gov.l\"\nfolder = \"Mūsu\"\n[[catalogue.services]]\n\
         kinds = [\"publisks individuala labuma\"]\naudience = [\"iedzivotajs\"]\n[[catalogue]]\ncode = \"cits\"\n\
         folder = \"Mūsu\"\n[[catalogue.services]]\nkinds = [\"starpiestāžu koplietošanas\"]\n",
    );
    let keys = wrong("[[catalogue]]\ncode = \"cits\"\nfolder = \"cits\"\nby_instituton = true\nservices = []\n");
    insta::assert_snapshot!([codes, keys].concat().join("\n"));
}
