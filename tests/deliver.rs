//! Delivery to another register: each record there once, with the last content, whatever goes wrong on the way.

mod failing;
mod moving;
mod register;

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use insta::assert_snapshot;
use serde_json::{Value, json};
use vienkop_test_cluster::Cluster;

use crate::http::Reply;
use crate::support::{Project, Ran};
use register::{Fault, Register, target};

const TO: [&str; 3] = ["publish", "--to", "registrs"];

/// An installation with a register of institutions, services and needs, and a target that takes them.
struct Place {
    project: Project,
    register: Register,
    registry: String,
}

const INSTITUTIONS: &str = "reg_no;name;parent\n90000270634;Zemes dienests;90000069281\n90000069281;Ministrija;\n";
const SERVICES: &str = "owner;code;name\n90000270634;P-1;Izziņa\n90000270634;P-2;Atļauja\n90000069281;P-1;Licence\n";
const NEEDS: &str = "need;owner;code\nV-1;90000270634;P-1\nV-1;90000069281;P-1\nV-2;90000270634;P-2\n";

fn table(id: &str, entity: &str, fields: &str) -> String {
    format!(
        "[fetch]\nkind = \"file\"\npath = \"{id}.csv\"\n[format]\nkind = \"csv\"\n[[table]]\nentity = \"{entity}\"\n\
         [table.fields]\n{fields}\n[policy]\nmax_quarantined_share = 0.6\nmax_retired_share = 0.9\n"
    )
}

impl Place {
    fn new() -> Self {
        Self::at("sqlite://var/registry.db".to_owned())
    }

    fn at(registry: String) -> Self {
        let (project, register) = (Project::new(), Register::start());
        let kind = "kind = { value = \"ministrija\" }";
        project
            .source("iestades", &table("iestades", "institution", &format!("reg_no = \"reg_no\"\nname = \"name\"\nparent_reg_no = \"parent\"\n{kind}")))
            .source("pakalpojumi", &table("pakalpojumi", "service", "owner_reg_no = \"owner\"\ncode = \"code\"\nname = \"name\"\ndescription = { value = \"Apraksts\" }"))
            .source("saites", &table("saites", "need_service", "need_code = \"need\"\nowner_reg_no = \"owner\"\nservice_code = \"code\""))
            .source("vajadzibas", &table("vajadzibas", "need", "code = \"code\"\nname = \"name\"\nlife_event_code = { value = \"DZ-1\" }"))
            .source("situacijas", &table("situacijas", "life_event", "code = \"code\"\nname = \"name\""))
            .pipeline(&["iestades", "situacijas", "vajadzibas", "pakalpojumi", "saites"])
            .file("iestades.csv", INSTITUTIONS)
            .file("pakalpojumi.csv", SERVICES)
            .file("saites.csv", NEEDS)
            .file("vajadzibas.csv", "code;name\nV-1;Reģistrēt\nV-2;Mainīt\n")
            .file("situacijas.csv", "code;name\nDZ-1;Zeme\n")
            .file("config/targets/registrs.toml", target(&register.server.url()));
        let place = Self { project, register, registry };
        place.import();
        place
    }

    fn import(&self) {
        self.project.run(&["--registry", &self.registry, "--approve"]).ends(0);
    }

    fn publish(&self, more: &[&str]) -> Ran {
        let words = [&TO[..], &["--registry", &self.registry, "--as-of", "2024-07-08"], more].concat();
        Ran::of(&self.project.command(&words).env("REGISTRA_PARAUGA_ATSLEGA", "atslega").output().unwrap())
    }

    fn delivered(&self, code: i32) -> Value {
        self.publish(&["--json"]).ends(code).json()["deliveries"][0].clone()
    }

    /// Records of services at the register by owner and code: path, name.
    fn services(&self) -> BTreeMap<(String, String), (String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let records = self.register.records().into_iter().filter(|(path, _)| path.starts_with("services/"));
        records
            .map(|(path, body)| ((text(&body["owner"]), text(&body["code"])), (path, text(&body["name"]["lv"]))))
            .collect()
    }
}

/// What is told of the delivery.
fn from_delivery(said: &str) -> String {
    said.lines().skip_while(|line| !line.contains("registrs/")).collect::<Vec<_>>().join("\n")
}

/// New, changed, removed, unchanged, refused, and what is left or of which nobody knows.
fn counts(delivery: &Value, entity: &str) -> [u64; 6] {
    let found = delivery["entities"].as_array().unwrap().iter().find(|one| one["entity"] == entity).unwrap();
    let number = |name: &str| found[name].as_u64().unwrap();
    let [created, updated, removed] = ["created", "updated", "removed"].map(number);
    [created, updated, removed, number("unchanged"), number("refused"), number("waiting") + number("unknown")]
}

fn codes(delivery: &Value) -> Vec<(String, String)> {
    let findings = delivery["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings.map(|finding| (text(&finding["code"]), text(&finding["key"]))).collect()
}

fn codes_of(delivery: &Value) -> Vec<String> {
    codes(delivery).into_iter().map(|(code, _)| code).collect()
}

fn csv(project: &Project, name: &str, from: &str, to: &str) {
    let path = project.path(&format!("{name}.csv"));
    let text = fs::read_to_string(&path).unwrap();
    let changed = text.replace(from, to);
    assert_ne!(text, changed);
    fs::write(path, changed).unwrap();
}

/// The registry says what the other register has to hold: a record each, once.
fn assert_same(place: &Place, expected: usize) {
    let held = place.register.held.lock().unwrap();
    assert_eq!(held.records.len(), expected, "{:#?}", held.records.keys());
    let mut twins: Vec<_> = held.records.values().filter_map(|record| record["externalId"].as_str()).collect();
    let all = twins.len();
    twins.sort_unstable();
    twins.dedup();
    assert_eq!(twins.len(), all, "twice there");
}

#[test]
fn what_is_delivered_once_is_not_sent_again_and_changes_are() {
    for registry in ["sqlite://var/registry.db".to_owned(), Cluster::shared().fresh_database()] {
        let place = Place::at(registry);
        let first = place.delivered(0);
        assert_eq!(first["written"], true, "{first}");
        for (entity, number) in
            [("institution", 2), ("life_event", 1), ("need", 2), ("service", 3), ("need_service", 3)]
        {
            assert_eq!(counts(&first, entity), [number, 0, 0, 0, 0, 0], "{entity}");
        }
        assert_same(&place, 11);
        let asked = place.register.server.asked();
        let at = |what: &str| {
            asked.iter().position(|asked| asked.starts_with(what)).unwrap_or_else(|| panic!("{what}: {asked:?}"))
        };
        assert!(at("PUT /institutions/90000069281") < at("PUT /institutions/90000270634"), "the parent first");
        assert!(at("PUT /institutions/90000270634") < at("POST /services"));
        assert!(at("POST /services") < at("POST /need-services/batch"));
        // Ids that the register gave stand in what refers.
        let services = place.services();
        let links: Vec<Value> = place
            .register
            .records()
            .into_iter()
            .filter(|(path, _)| path.starts_with("need-services"))
            .map(|(_, body)| body)
            .collect();
        for link in links {
            let owner = link["owner"].as_str().unwrap().to_owned();
            let path = format!("services/{}", link["serviceId"].as_str().unwrap());
            assert!(services.iter().any(|((of, _), (at, _))| *of == owner && *at == path), "{link}");
        }

        let before = place.register.asked();
        let again = place.delivered(0);
        assert_eq!(counts(&again, "service"), [0, 0, 0, 3, 0, 0]);
        assert_eq!(place.register.asked(), before, "nothing is asked where nothing is to be sent");

        // There and back: the third content has the key of the first but for its number, and is taken all the same.
        for name in ["Izziņa par zemi", "Izziņa"] {
            let was = if name == "Izziņa" { "Izziņa par zemi" } else { "Izziņa" };
            csv(&place.project, "pakalpojumi", &format!("P-1;{was}\n"), &format!("P-1;{name}\n"));
            place.import();
            let changed = place.delivered(0);
            assert_eq!(counts(&changed, "service"), [0, 1, 0, 2, 0, 0]);
            assert_eq!(place.services()[&("90000270634".to_owned(), "P-1".to_owned())].1, name);
        }
        assert_same(&place, 11);
    }
}

#[test]
fn what_is_refused_is_told_in_the_registers_words_and_what_refers_to_it_waits() {
    let place = Place::new();
    place.register.refuses(|path, _| {
        let detail = "Iestāde 90000270634 nav aktīva; kontaktpersona 010190-12345";
        (path == "institutions/90000270634").then(|| (422, json!({ "title": "Kļūda", "detail": detail })))
    });
    let mut told = String::new();
    for lang in ["lv", "en"] {
        let said = place.publish(&["--lang", lang]).ends(1).stdout;
        let said = said.replace(&place.register.server.url(), "http://registrs/");
        told.push_str(&format!("--- {lang}\n{}\n", from_delivery(&said)));
    }
    assert!(!told.contains("010190-12345") && !told.contains("atslega"), "{told}");
    assert_snapshot!("refused", told);
    let delivery = place.delivered(1);
    assert_eq!(counts(&delivery, "institution"), [0, 0, 0, 1, 1, 0]);
    assert_eq!(counts(&delivery, "service"), [0, 0, 0, 1, 0, 2]);
    assert_eq!(counts(&delivery, "need_service"), [0, 0, 0, 1, 0, 2]);
    let expected = [("P004", "90000270634"), ("P005", "90000270634/P-1"), ("P005", "90000270634/P-2")];
    let found = codes(&delivery);
    for (code, key) in expected {
        assert!(found.contains(&(code.to_owned(), key.to_owned())), "{found:?}");
    }
    let history = |key: &str| {
        let found =
            place.project.vienkop(&["history", key, "--lang", "lv", "--registry", &place.registry]).ends(0).stdout;
        found.lines().skip_while(|line| !line.starts_with("Pie saņēmējiem")).nth(1).unwrap_or_default().to_owned()
    };
    assert!(history("90000270634").starts_with("  Reģistra paraugs: nav pieņemts"), "{}", history("90000270634"));
    assert!(history("90000270634").contains("nav aktīva"), "{}", history("90000270634"));
    assert!(history("90000069281").starts_with("  Reģistra paraugs: pieņemts"), "{}", history("90000069281"));
    place.register.refuses(|_, _| None);
    let mended = place.delivered(0);
    assert_eq!((counts(&mended, "institution"), counts(&mended, "service")), ([1, 0, 0, 1, 0, 0], [2, 0, 0, 1, 0, 0]));
    assert_same(&place, 11);
}

#[test]
fn many_at_a_time_are_halved_until_the_one_to_blame_is_found() {
    let place = Place::new();
    let services: Vec<String> = (1..=20).map(|n| format!("90000270634;A-{n:02};Pakalpojums {n}\n")).collect();
    let services = services.concat();
    place.project.file("pakalpojumi.csv", format!("owner;code;name\n{services}"));
    place.project.file("saites.csv", "need;owner;code\nV-1;90000270634;A-01\n");
    place.import();
    let (server, _) = target(&place.register.server.url())
        .split_once("# Iestādes")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let record = "[[record]]\nentity = \"service\"\nsend = { method = \"POST\", path = \"plain/batch\" }\nbatch = { size = 8 }\n\
        when = { owner_reg_no = [\"90000270634\"] }\nbody = { code = \"{code}\", name = \"{name}\", kind = \"{kind}\" }\nempty = \"null\"\n";
    place.project.file("config/targets/registrs.toml", format!("{server}{record}"));
    let bad = |path: &str| matches!(path, "plain/A-05" | "plain/A-17");
    place.register.refuses(move |path, _| bad(path).then(|| (400, json!({ "title": "Nederīgs kods" }))));
    let delivery = place.delivered(0);
    assert_eq!(counts(&delivery, "service"), [18, 0, 0, 0, 2, 0], "{delivery}");
    assert_eq!(codes(&delivery).len(), 2);
    assert_eq!(place.register.count("plain/"), 18);
    assert_eq!(place.register.records()["plain/A-01"]["kind"], Value::Null);
    let before = place.register.asked();
    // Two of twenty: within max_undelivered_share, the first time and each time after.
    let again = place.delivered(0);
    assert_eq!((counts(&again, "service"), place.register.asked() - before), ([0, 0, 0, 18, 2, 0], 3));
}

#[test]
fn a_run_delivers_what_its_pipeline_says_and_a_check_looks_whether_it_could() {
    let place = Place::new();
    let pipeline = place.project.path("config/pipelines/all.toml");
    let text = fs::read_to_string(&pipeline).unwrap();
    fs::write(&pipeline, format!("{text}[publish]\nemit = [\"feeds\"]\ndeliver = [\"registrs\"]\n")).unwrap();
    let words = ["run", "--json", "--as-of", "2024-07-08"];
    let with = |words: &[&str], key: &str| {
        Ran::of(&place.project.command(words).env("REGISTRA_PARAUGA_ATSLEGA", key).output().unwrap())
    };
    let check = with(&["check", "--lang", "lv"], "atslega").ends(0).stdout;
    assert!(check.contains("Reģistra paraugs"), "{check}");
    let refused = with(&["check", "--lang", "lv"], "nepareiza").ends(1).stdout;
    assert!(refused.contains("401") && !refused.contains("nepareiza"), "{refused}");
    assert!(place.register.records().is_empty(), "a check writes nothing");
    let run = with(&words, "atslega").ends(0).json();
    assert_eq!(
        (run["status"].clone(), counts(&run["publication"]["deliveries"][0], "service")),
        (json!("clean"), [3, 0, 0, 0, 0, 0])
    );
    place.register.refuses(|_, _| Some((422, json!({ "detail": "nē" }))));
    csv(&place.project, "situacijas", "Zeme", "Zeme un ūdens");
    // One of eleven: within max_undelivered_share, and something to look at.
    let run = with(&words, "atslega").ends(0).json();
    assert_eq!(run["status"], "attention");
    let said = with(&["run", "--lang", "lv", "--as-of", "2024-07-08"], "atslega").ends(0).stdout;
    assert!(said.contains("ne viss ir piegādāts"), "{said}");
}

#[test]
fn a_dry_run_shows_what_would_go() {
    let place = Place::new();
    let said = place.publish(&["--dry-run", "--lang", "lv"]).ends(0).stdout;
    let said = said.replace(&place.register.server.url(), "http://registrs/");
    let shown = from_delivery(&said);
    assert_snapshot!("dry_run", shown);
    assert_eq!(place.register.asked(), 0);
    let json = place.publish(&["--dry-run", "--json"]).ends(0).json();
    let requests = json["deliveries"][0]["requests"].as_array().unwrap().clone();
    assert_eq!(requests.len(), 11);
    let unknown = place.publish(&["--to", "cits", "--lang", "lv"]).ends(2).stderr;
    assert!(unknown.contains("cits") && unknown.contains("registrs"), "{unknown}");
}

#[test]
fn the_example_of_the_document_is_a_target() {
    let place = Place::new();
    let text = fs::read_to_string(crate::support::checkout().join("docs/delivery.md")).unwrap();
    let (_, file) = text.split_once("## A target's file").unwrap();
    let example = file.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    place.project.file("config/targets/vienotais-registrs.toml", example);
    let words = ["publish", "--to", "vienotais-registrs", "--dry-run", "--json", "--as-of", "2024-07-08"];
    let planned = place.project.vienkop(&words).ends(0).json()["deliveries"][0].clone();
    // No service of these has a life-cycle status.
    assert_eq!(counts(&planned, "service"), [0, 0, 0, 0, 0, 0], "{planned}");
}

#[test]
fn mistakes_of_a_target_are_told_before_anything_is_sent() {
    let place = Place::new();
    place.project.file(
        "config/targets/registrs.toml",
        r#"
id = "registrs"
title = "R"
[deliver]
message = "detail"
server = { url = "https://registrs.example/", auth = { kind = "bearer", secret = "slepens-teksts" } }
[[record]]
entity = "servis"
send = { method = "PUT", path = "a/{uid}" }
body = { a = "{uid}" }
[[record]]
entity = "service"
send = { method = "DELETE", path = "services/{register_id}" }
create = { method = "POST", path = "services" }
when = { audience = ["iedzīvotājs"], lifecycle = ["aktivs"] }
batch = { size = 10 }
[record.codes.kind]
"publisks individuāla labuma" = "A"
[record.body]
nosaukums = "{nme}"
soli = { each = "step", item = { n = "{no}" } }
maksas = { each = "fees", item = { n = "{amunt}" }, kas = 1 }
iestade = "{owner_reg_no.register_id}"
"#,
    );
    let pipeline = place.project.path("config/pipelines/all.toml");
    let text = fs::read_to_string(&pipeline).unwrap();
    fs::write(&pipeline, format!("{text}[publish]\ndeliver = [\"registri\", \"registrs\"]\n")).unwrap();
    let said = place.publish(&["--lang", "lv"]).ends(2).stderr;
    assert!(!said.contains("slepens-teksts"), "{said}");
    assert_snapshot!("mistakes", said);
    let english = place.publish(&["--lang", "en"]).ends(2).stderr;
    assert_eq!(english.matches("registrs.toml:").count(), said.matches("registrs.toml:").count());
}
