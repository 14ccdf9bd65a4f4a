//! Delivery to another register: each record there once, with the last content, whatever goes wrong on the way.

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
fn samples_reach_a_register_that_fails_again_and_again() {
    let project = Project::samples();
    let register = Register::start();
    let pipeline = project.path("config/pipelines/samples.toml");
    let text = fs::read_to_string(&pipeline).unwrap();
    fs::write(pipeline, text.split_once("[publish]").unwrap().0).unwrap();
    project.file("config/targets/registrs.toml", target(&register.server.url()));
    project.run(&[]).ends(0);
    let deliver = |more: &[&str]| {
        let words = [&TO[..], &["--as-of", "2024-07-08", "--json"], more].concat();
        Ran::of(&project.command(&words).env("REGISTRA_PARAUGA_ATSLEGA", "atslega").output().unwrap())
    };
    let planned = deliver(&["--dry-run"]).ends(0).json()["deliveries"][0].clone();
    assert_eq!((planned["written"].clone(), register.asked()), (Value::from(false), 0), "a dry run asks nobody");

    // Every third request meets something: an error, a conflict, silence or a break after it was taken.
    register.fails(|asked, number| match number % 15 {
        0 => Some(Fault::Before(Reply::text(500, "kļūda"))),
        3 => Some(Fault::Before(Reply::text(409, "jau strādājam"))),
        6 if asked.method != "GET" => Some(Fault::broken()),
        9 => Some(Fault::Before(Reply::status(429).with("Retry-After", "0"))),
        12 if number < 100 => Some(Fault::silence()),
        _ => None,
    });
    let delivery = deliver(&[]).ends(0).json()["deliveries"][0].clone();
    assert_eq!(delivery["stopped"], Value::Null, "{delivery}");
    for entity in ["institution", "life_event", "need", "service", "need_service"] {
        let [created, updated, removed, ..] = counts(&planned, entity);
        assert_eq!(counts(&delivery, entity), [created, updated, removed, 0, 0, 0], "{entity}: {delivery}");
    }
    register.fails(|_, _| None);
    let after = deliver(&[]).ends(0).json()["deliveries"][0].clone();
    for entity in ["institution", "service", "need_service"] {
        let [created, ..] = counts(&planned, entity);
        assert_eq!(counts(&after, entity), [0, 0, 0, created, 0, 0], "{entity}");
    }

    // What it holds is what the dry run showed, a record a request, but for the ids that it gave itself.
    let records = register.records();
    let requests = planned["requests"].as_array().unwrap();
    assert_eq!(records.len(), requests.len());
    for request in requests {
        // Of many together each is shown alone.
        let body = request["body"].pointer("/items/0").unwrap_or(&request["body"]);
        let path = request["path"].as_str().unwrap();
        let found = match body["externalId"].as_str() {
            Some(id) => records.values().find(|record| record["externalId"] == id).unwrap(),
            None => &records[path],
        };
        for (name, value) in body.as_object().unwrap().iter().filter(|(name, _)| *name != "serviceId") {
            assert_eq!(&found[name], value, "{path}");
        }
    }
}

#[test]
fn a_stopped_delivery_goes_on() {
    // Stopped with the n-th request taken and not answered.
    for stop_at in [1, 3, 6, 8, 11] {
        let place = Place::new();
        let (tell, told) = mpsc::channel();
        let tell = std::sync::Mutex::new(tell);
        place.register.fails(move |_, number| {
            (number == stop_at).then(|| {
                tell.lock().unwrap().send(()).unwrap();
                Fault::After(Reply::Hang(std::time::Duration::from_secs(3)))
            })
        });
        let words = [&TO[..], &["--as-of", "2024-07-08"]].concat();
        let mut command = place.project.command(&words);
        command.env("REGISTRA_PARAUGA_ATSLEGA", "atslega").stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        told.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        place.register.fails(|_, _| None);
        // Something else to say next time.
        csv(&place.project, "pakalpojumi", "P-1;Izziņa\n", "P-1;Izziņa par zemi\n");
        place.import();
        let last = place.delivered(0);
        assert_eq!(last["stopped"], Value::Null);
        assert_same(&place, 11);
        let name = &place.services()[&("90000270634".to_owned(), "P-1".to_owned())].1;
        assert_eq!(name, "Izziņa par zemi", "request {stop_at}");
        assert_eq!(counts(&place.delivered(0), "service"), [0, 0, 0, 3, 0, 0]);
    }
}

#[test]
fn what_went_and_came_back_is_there() {
    let place = Place::new();
    place.delivered(0);
    let without = "need;owner;code\nV-1;90000270634;P-1\nV-1;90000069281;P-1\n";
    // Twice the same way, and once with a removal whose answer was never received.
    for silent in [false, false, true] {
        place.project.file("saites.csv", without);
        place.import();
        if silent {
            place.register.fails(|asked, _| (asked.method == "DELETE").then(Fault::silence));
        }
        let gone = place.publish(&["--json", "--approve"]).json()["deliveries"][0].clone();
        assert_eq!(place.register.count("need-services/"), 2, "{gone}");
        place.register.fails(|_, _| None);
        place.project.file("saites.csv", NEEDS);
        place.import();
        let back = place.delivered(0);
        assert_eq!(place.register.count("need-services/"), 3, "{back}");
        assert_same(&place, 11);
    }
}

#[test]
fn an_address_that_moves_is_left_clean_and_another_record_there_is_let_be() {
    let place = Place::new();
    place.delivered(0);
    let codes = |place: &Place| {
        let records = place.register.records().into_iter().filter(|(path, _)| path.starts_with("needs/"));
        records.map(|(path, body)| format!("{path} {}", body["name"].as_str().unwrap())).collect::<Vec<_>>()
    };
    // The register does not answer to the removal of the old address, nor is the program there to hear it.
    place.project.file("vajadzibas.csv", "code;name\nV-1;Reģistrēt\nV-3;Mainīt\n");
    place.import();
    place.register.fails(|asked, _| (asked.method == "DELETE").then(|| Fault::Before(Reply::text(500, "kļūda"))));
    place.publish(&["--approve"]);
    place.register.fails(|_, _| None);
    place.publish(&["--approve"]).ends(0);
    assert_eq!(codes(&place), ["needs/V-1 Reģistrēt", "needs/V-3 Mainīt"]);

    // Two services of one code: neither may write over the other.
    place.project.file("saites.csv", "need;owner;code\nV-1;90000270634;P-1\n");
    place.import();
    let (server, _) = target(&place.register.server.url())
        .split_once("# Iestādes")
        .map(|(server, rest)| (server.to_owned(), rest.to_owned()))
        .unwrap();
    let record = "[[record]]\nentity = \"service\"\nsend = { method = \"PUT\", path = \"codes/{code}\" }\n\
        remove = { method = \"DELETE\", path = \"codes/{code}\" }\nbody = { code = \"{code}\", name = \"{name}\" }\n";
    place.project.file("config/targets/registrs.toml", format!("{server}{record}"));
    let twins = place.publish(&["--approve", "--json"]).ends(1).json()["deliveries"][0].clone();
    assert_eq!(counts(&twins, "service"), [0, 1, 0, 0, 0, 2], "{twins}");
    assert!(codes_of(&twins).iter().all(|code| code == "P008"), "{twins}");
    // One gives up the code: then it is the other's alone, and what is taken away is not what stands there now.
    csv(&place.project, "pakalpojumi", "90000069281;P-1;Licence", "90000069281;P-2a;Licence");
    place.import();
    place.publish(&["--approve"]).ends(0);
    csv(&place.project, "pakalpojumi", "90000270634;P-2;Atļauja", "90000270634;P-4;Atļauja");
    csv(&place.project, "pakalpojumi", "90000069281;P-2a;Licence", "90000069281;P-2;Licence");
    place.import();
    place.publish(&["--approve"]).ends(0);
    let held: Vec<String> =
        place.register.records().keys().filter(|path| path.starts_with("codes/")).cloned().collect();
    assert_eq!(held, ["codes/P-1", "codes/P-2", "codes/P-4"]);
    assert_eq!(place.register.records()["codes/P-2"]["name"], "Licence");
}

#[test]
fn an_id_of_somebody_elses_record_is_not_ours() {
    let place = Place::new();
    let foreign = json!({ "items": [{ "id": "s-77", "externalId": "cits" }] }).to_string();
    place.register.fails(move |asked, _| (asked.method == "GET").then(|| Fault::Before(Reply::json(foreign.clone()))));
    let delivery = place.delivered(1);
    assert_eq!(counts(&delivery, "service"), [0, 0, 0, 0, 0, 3], "{delivery}");
    assert_eq!(place.register.count("services/"), 0);
    assert!(place.register.server.asked().iter().all(|asked| !asked.starts_with("PUT /services")));
    // An answer cut short does not say that it is not there, and one that says nothing neither.
    for answer in ["{\"items\": [", "", "null "] {
        place.register.fails(move |asked, _| (asked.method == "GET").then(|| Fault::Before(Reply::json(answer))));
        place.publish(&[]);
        let made = place.register.count("services/");
        assert_eq!(made, if answer == "null " { 3 } else { 0 }, "{answer:?}");
    }
    place.register.fails(|_, _| None);
    place.delivered(0);
    assert_same(&place, 11);
}

#[test]
fn a_register_that_knows_no_keys_has_each_record_once_too() {
    let place = Place::new();
    place.register.held.lock().unwrap().forgets = true;
    // Every other service is made, and nobody hears of it.
    place.register.fails(|asked, number| match (asked.method.as_str(), number % 4) {
        ("POST", 0) => Some(Fault::After(Reply::text(500, "kļūda"))),
        ("POST", 1) => Some(Fault::broken()),
        ("POST", 2) => Some(Fault::silence()),
        _ => None,
    });
    place.publish(&[]);
    place.register.fails(|_, _| None);
    place.delivered(0);
    assert_same(&place, 11);
}

#[test]
fn a_link_waits_for_the_id_that_it_needs_and_follows_a_new_one() {
    let place = Place::new();
    let path = place.project.path("config/targets/registrs.toml");
    let whole = fs::read_to_string(&path).unwrap();
    let some =
        whole.replace("entity = \"service\"\n", "entity = \"service\"\nwhen = { owner_reg_no = [\"90000069281\"] }\n");
    assert_ne!(some, whole);
    fs::write(&path, some).unwrap();
    let delivery = place.publish(&["--json"]).json()["deliveries"][0].clone();
    assert_eq!((counts(&delivery, "service")[0], counts(&delivery, "need_service")), (1, [1, 0, 0, 0, 0, 2]));
    fs::write(&path, whole).unwrap();
    place.delivered(0);
    let linked = |place: &Place| {
        let records = place.register.records();
        let links = records.iter().filter(|(path, _)| path.starts_with("need-services/"));
        links
            .filter(|(_, link)| records.contains_key(&format!("services/{}", link["serviceId"].as_str().unwrap())))
            .count()
    };
    assert_eq!(linked(&place), 3);
    // Taken away there, and made anew with another id: the links say the new one in the end.
    place.register.held.lock().unwrap().records.retain(|path, _| !path.starts_with("services/"));
    csv(&place.project, "pakalpojumi", ";P-1;Izziņa", ";P-1;Izziņa par zemi");
    place.import();
    place.delivered(0);
    place.delivered(0);
    assert_eq!((linked(&place), place.register.count("services/")), (1, 1));
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
fn records_that_are_gone_are_taken_away_and_too_many_wait_for_approval() {
    let place = Place::new();
    place.delivered(0);
    csv(&place.project, "saites", "V-2;90000270634;P-2\n", "");
    csv(&place.project, "pakalpojumi", "90000270634;P-2;Atļauja\n", "");
    place.import();
    let gone = place.publish(&["--json", "--approve"]).ends(0).json()["deliveries"][0].clone();
    assert_eq!((counts(&gone, "service"), counts(&gone, "need_service")), ([0, 0, 1, 2, 0, 0], [0, 0, 1, 2, 0, 0]));
    assert_same(&place, 9);
    let asked = place.register.server.asked();
    let at = |what: &str| asked.iter().position(|asked| asked.starts_with(what)).unwrap();
    assert!(at("DELETE /need-services/") < at("DELETE /services/"), "what refers goes first");

    // A code is part of an address: under the old one nothing is left.
    csv(&place.project, "vajadzibas", "V-2;Mainīt", "V-9;Mainīt");
    place.import();
    let moved = place.publish(&["--json", "--approve"]).ends(0).json()["deliveries"][0].clone();
    assert_eq!(counts(&moved, "need"), [1, 0, 1, 1, 0, 0]);
    assert!(place.register.records().contains_key("needs/V-9") && !place.register.records().contains_key("needs/V-2"));

    fs::write(place.project.path("saites.csv"), "need;owner;code\nV-1;90000270634;P-1\n").unwrap();
    fs::write(place.project.path("vajadzibas.csv"), "code;name\nV-1;Reģistrēt\n").unwrap();
    fs::write(place.project.path("pakalpojumi.csv"), "owner;code;name\n90000270634;P-1;Izziņa\n").unwrap();
    place.import();
    let before = place.register.asked();
    let held = place.publish(&["--lang", "lv"]).ends(3).stdout;
    assert!(held.contains("max_removed_share") && held.contains("--approve"), "{held}");
    assert_eq!(place.register.asked(), before);
    place.publish(&["--approve"]).ends(0);
    assert_same(&place, 6);

    // Somebody took a service away at the register: it is made anew.
    place.register.held.lock().unwrap().records.retain(|path, _| !path.starts_with("services/"));
    csv(&place.project, "pakalpojumi", "Izziņa", "Cita izziņa");
    place.import();
    assert_eq!(counts(&place.delivered(0), "service"), [0, 1, 0, 0, 0, 0]);
    assert_eq!(place.register.count("services/"), 1);
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
fn a_register_that_is_not_there_or_does_not_know_us_leaves_everything_for_later() {
    let place = Place::new();
    let wrong_key = {
        let words = [&TO[..], &["--lang", "lv", "--as-of", "2024-07-08"]].concat();
        Ran::of(&place.project.command(&words).env("REGISTRA_PARAUGA_ATSLEGA", "cita-atslega").output().unwrap())
            .ends(1)
    };
    assert!(wrong_key.stdout.contains("401") && !wrong_key.stdout.contains("cita-atslega"), "{}", wrong_key.stdout);
    let words = [&TO[..], &["--lang", "lv", "--as-of", "2024-07-08"]].concat();
    let no_key = place.project.vienkop(&words).ends(1).stdout;
    assert!(no_key.contains("REGISTRA_PARAUGA_ATSLEGA"), "{no_key}");
    let broken = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&broken);
    place.register.fails(move |_, _| {
        seen.fetch_add(1, Ordering::SeqCst);
        Some(Fault::Before(Reply::text(503, "apkope")))
    });
    let failing = place.delivered(1);
    assert!(codes(&failing).contains(&("P007".to_owned(), "90000069281".to_owned())), "{failing}");
    assert_eq!(counts(&failing, "service"), [0, 0, 0, 0, 0, 3]);
    // Attempts of two records, since the others refer to these.
    assert_eq!(broken.load(Ordering::SeqCst), 4 * 2);

    // A page that lets people in is no word of what became of a record.
    place.register.fails(|_, _| Some(Fault::Before(Reply::bytes("<html>Piesakieties</html>"))));
    let page = place.delivered(1);
    assert_eq!(counts(&page, "institution"), [0, 0, 0, 0, 0, 2], "{page}");
    // Neither is a redirect that would make a GET of a request.
    place
        .register
        .fails(|asked, _| (asked.method != "GET").then(|| Fault::Before(Reply::to(303, "/services?externalId=x"))));
    assert_eq!(counts(&place.delivered(1), "institution"), [0, 0, 0, 0, 0, 2]);
    assert!(place.register.records().is_empty());

    place.register.fails(|_, _| None);
    place.delivered(0);
    assert_same(&place, 11);
    let Place { project, register, .. } = place;
    drop(register);
    csv(&project, "pakalpojumi", "Izziņa", "Cita izziņa");
    project.run(&[]).ends(0);
    let words = [&TO[..], &["--lang", "lv", "--as-of", "2024-07-09"]].concat();
    let dead = Ran::of(&project.command(&words).env("REGISTRA_PARAUGA_ATSLEGA", "atslega").output().unwrap()).ends(1);
    assert!(project.path("var/publish/2024-07-09/publication.json").exists(), "feeds do not wait for a register");
    assert!(dead.stdout.contains("Piegāde apturēta"), "{}", dead.stdout);
}

#[test]
fn a_register_that_fails_is_left_alone() {
    let place = Place::new();
    let needs: Vec<String> = (1..=200).map(|n| format!("V-{n};Vajadzība\n")).collect();
    place.project.file("vajadzibas.csv", format!("code;name\n{}", needs.concat()));
    place.import();
    // Some records, one after another: the others of the entity wait, and other entities are not held up.
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    place.register.fails(move |asked, _| {
        let bad = asked.path().starts_with("/needs/");
        counted.fetch_add(usize::from(bad), Ordering::SeqCst);
        bad.then(|| Fault::Before(Reply::text(503, "apkope")))
    });
    let failing = place.delivered(1);
    assert!(failing["stopped"].as_str().unwrap().contains("503"), "{failing}");
    assert_eq!((counts(&failing, "need"), counts(&failing, "service")), ([0, 0, 0, 0, 0, 200], [3, 0, 0, 0, 0, 0]));
    // Four attempts of three records and of those under way beside them: not of two hundred.
    assert!(seen.load(Ordering::SeqCst) <= 4 * 7, "{seen:?}");
    // Who is not known is not tried by every record.
    let before = place.register.asked();
    place.register.fails(|_, _| Some(Fault::Before(Reply::status(401))));
    place.delivered(1);
    assert_eq!(place.register.asked() - before, 1);
    place.register.fails(|_, _| None);
    place.delivered(0);
    assert_eq!(place.register.count("needs/"), 200);
}

#[test]
fn one_target_that_fails_does_not_hold_up_another() {
    let (place, other) = (Place::new(), Register::start());
    let theirs = target(&other.server.url()).replace("id = \"registrs\"", "id = \"otrs\"");
    place.project.file("config/targets/otrs.toml", theirs);
    // Whoever may not write is told so for a few records, not for all.
    let services: Vec<String> = (1..=100).map(|n| format!("90000270634;A-{n:02};Pakalpojums {n}\n")).collect();
    place.project.file("pakalpojumi.csv", format!("owner;code;name\n{}", services.concat()));
    place.project.file("saites.csv", "need;owner;code\nV-1;90000270634;A-01\n");
    place.import();
    place.register.refuses(|_, _| Some((403, json!({ "detail": "Nav tiesību rakstīt" }))));
    let words = ["publish", "--to", "registrs,otrs", "--as-of", "2024-07-08", "--json"];
    let both = place.project.command(&words).env("REGISTRA_PARAUGA_ATSLEGA", "atslega").output().unwrap();
    let both = Ran::of(&both).ends(1).json()["deliveries"].clone();
    assert_eq!(both[0]["target"], "registrs");
    assert!(codes(&both[0]).iter().any(|(code, _)| code == "P004"), "{}", both[0]);
    assert!(both[0]["findings"].to_string().contains("403 Nav tiesību rakstīt"));
    assert!(place.register.asked() < 20 && place.register.records().is_empty(), "{}", place.register.asked());
    assert_eq!((counts(&both[1], "service"), other.count("services/")), ([100, 0, 0, 0, 0, 0], 100));
}

#[test]
fn somebody_who_asks_to_stop_is_heard() {
    let place = Place::new();
    let (tell, told) = mpsc::channel();
    let tell = std::sync::Mutex::new(tell);
    place.register.fails(move |_, number| {
        (number == 5).then(|| {
            tell.lock().unwrap().send(()).unwrap();
            Fault::silence()
        })
    });
    let words = [&TO[..], &["--as-of", "2024-07-08", "--lang", "lv"]].concat();
    let mut command = place.project.command(&words);
    command.env("REGISTRA_PARAUGA_ATSLEGA", "atslega").stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    told.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
    let asked = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(asked.success());
    let stopped = Ran::of(&child.wait_with_output().unwrap()).ends(2).stdout;
    assert!(stopped.contains("pārtraukta"), "{stopped}");
    place.register.fails(|_, _| None);
    place.delivered(0);
    assert_same(&place, 11);
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
