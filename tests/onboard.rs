//! `vienkop onboard`: registers that nobody has described, from the file to the first accepted records.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::support::{Project, checkout};

/// The registers of `tests/onboarding`, whose right mappings were written before `onboard` was.
const REGISTERS: [&str; 6] = [
    "kulturas-centrs.xlsx",
    "SRVREG97.TXT",
    "ServiceCatalogueExport.xml",
    "Žurnāls 2023.txt",
    "tickets.ndjson",
    "registrs.sqlite",
];

/// The institution of those that name none.
const INSTITUTION: &str = "90000054163";

/// An installation as it is before its first source.
fn installation() -> Project {
    let project = Project::new();
    project.file("config/vienkop.toml", "language = \"en\"\ntime_zone = \"Europe/Riga\"\nwork = \"var\"\n");
    project
}

fn register(name: &str) -> Project {
    let project = installation();
    let bytes = fs::read(checkout().join("tests/onboarding").join(name)).unwrap();
    project.file(name, bytes);
    project
}

/// What is right: entity and field of each column, columns about persons, columns that no field fits.
struct Right {
    fields: BTreeMap<(String, String), String>,
    persons: Vec<String>,
    ignored: Vec<String>,
}

fn right(name: &str) -> Right {
    let stem = name.rsplit_once('.').unwrap().0;
    let text = fs::read_to_string(checkout().join("tests/onboarding").join(format!("{stem}.toml"))).unwrap();
    let toml: Value = toml::from_str(&text).unwrap();
    let mut fields = BTreeMap::new();
    for table in ["table", "child"].iter().flat_map(|key| toml[*key].as_array().into_iter().flatten()) {
        let entity = table["entity"].as_str().unwrap();
        for (column, field) in table["fields"].as_object().unwrap() {
            fields.insert((entity.to_owned(), column.clone()), field.as_str().unwrap().to_owned());
        }
    }
    for (column, state) in toml["events"].as_object().into_iter().flatten() {
        fields.insert(("status_event".to_owned(), column.clone()), state.as_str().unwrap().to_owned());
    }
    let list = |key: &str| {
        let items = toml["columns"][key].as_array().into_iter().flatten();
        items.map(|item| item.as_str().unwrap().to_owned()).collect()
    };
    Right { fields, persons: list("person"), ignored: list("ignored") }
}

/// The lower part of a header of two rows.
fn lower(column: &str) -> &str {
    column.rsplit(" / ").next().unwrap()
}

/// Entity and field of each column, as `onboard --json` tells it.
fn proposed(told: &Value) -> BTreeMap<(String, String), String> {
    let mut proposed = BTreeMap::new();
    for table in told["tables"].as_array().unwrap() {
        let entity = table["entity"].as_str().unwrap();
        for field in table["fields"].as_array().unwrap() {
            let Some(column) = field["column"].as_str() else { continue };
            let name = field["field"].as_str().unwrap();
            if name.starts_with("parent.") {
                continue;
            }
            // Lists made of columns are told as `fees.amount`.
            let (entity, name) = match name.split_once('.') {
                Some((list, name)) => (format!("{entity}.{list}"), name),
                None => (entity.to_owned(), name),
            };
            proposed.insert((entity, lower(column).to_owned()), name.to_owned());
        }
        for (column, state) in table["events"].as_object().unwrap() {
            proposed.insert(("status_event".to_owned(), column.clone()), state.as_str().unwrap().to_owned());
        }
    }
    proposed
}

#[test]
fn six_unknown_registers_are_understood() {
    let mut table = String::new();
    let (mut all, mut rightly) = (0, 0);
    for name in REGISTERS {
        let project = register(name);
        let told = project.vienkop(&["onboard", name, "--yes", "--json", "--institution", INSTITUTION]).ends(0).json();
        let (right, proposed) = (right(name), proposed(&told));
        let wrong: Vec<String> = right
            .fields
            .iter()
            .filter(|(column, field)| proposed.get(column) != Some(field))
            .map(|((entity, column), field)| {
                let found = proposed.get(&(entity.clone(), column.clone())).map_or("-", String::as_str);
                format!("{entity} {column} = {field}, found {found}")
            })
            .collect();
        let found = right.fields.len() - wrong.len();
        let needless: Vec<&String> = proposed
            .iter()
            .filter(|((_, column), _)| right.ignored.contains(column))
            .map(|((_, column), _)| column)
            .collect();
        // Columns about persons: a pseudonym, or nothing.
        let misused: Vec<(&String, &String)> = proposed
            .iter()
            .filter(|((_, column), field)| right.persons.contains(column) && *field != "applicant_hash")
            .map(|((_, column), field)| (column, field))
            .collect();
        assert!(misused.is_empty(), "{name}: {misused:?}");
        for table in told["tables"].as_array().unwrap() {
            for field in table["fields"].as_array().unwrap() {
                if field["field"] == "applicant_hash" {
                    assert_eq!(field["pseudonymised"], true, "{name}");
                }
            }
        }
        writeln!(table, "{name}: {found} of {} right; needless {needless:?}; wrong {wrong:?}", right.fields.len())
            .unwrap();
        assert!(found * 10 >= right.fields.len() * 8, "{table}");
        all += right.fields.len();
        rightly += found;
    }
    writeln!(table, "all: {rightly} of {all}").unwrap();
    insta::assert_snapshot!("six_registers", table);
}

#[test]
fn drafts_say_why() {
    for (name, id) in [("SRVREG97.TXT", "srvreg97"), ("Žurnāls 2023.txt", "zurnals-2023")] {
        let project = register(name);
        project.vienkop(&["onboard", name, "--yes", "--institution", INSTITUTION, "--lang", "lv"]).ends(0);
        let draft = fs::read_to_string(project.path(&format!("config/sources/{id}.toml"))).unwrap();
        insta::assert_snapshot!(format!("draft_{id}"), draft);
    }
}

#[test]
fn what_a_person_sees() {
    let project = register("kulturas-centrs.xlsx");
    let told = |lang: &str| {
        let words =
            ["onboard", "kulturas-centrs.xlsx", "--yes", "--replace", "--institution", INSTITUTION, "--lang", lang];
        project.vienkop(&words).ends(0).stdout
    };
    insta::assert_snapshot!("onboarded_lv", told("lv"));
    insta::assert_snapshot!("onboarded_en", told("en"));
}

/// From the file to accepted records: two commands.
#[test]
fn a_draft_runs_as_it_is() {
    let institutions = "reģ nr;nosaukums;veids\n90000054163;Upmalas novada pašvaldība;pašvaldība\n\
                        90009116327;A;pašvaldība\n90002067769;B;pašvaldība\n40900022399;C;pašvaldība\n";
    for (name, id, entity, records) in [
        ("SRVREG97.TXT", "srvreg97", "service", 40),
        ("ServiceCatalogueExport.xml", "servicecatalogueexport", "service", 24),
        ("registrs.sqlite", "registrs", "service", 30),
        ("tickets.ndjson", "tickets", "status_event", 200),
        ("Žurnāls 2023.txt", "zurnals-2023", "service_request", 60),
    ] {
        let project = register(name);
        project.file("iestades.csv", institutions);
        project.vienkop(&["onboard", "iestades.csv", "--yes"]).ends(0);
        project.vienkop(&["run", "iestades", "--json"]).ends(0);
        project.vienkop(&["onboard", name, "--yes", "--institution", INSTITUTION]).ends(0);
        project.vienkop(&["check", id]).ends(0);
        let outcome = project.vienkop(&["plan", id, "--json"]).json();
        let mapped = crate::support::count(&outcome, id, entity, "mapped");
        assert_eq!(mapped, records, "{name}: {outcome:#}");
        if entity == "service" {
            let accepted = crate::support::count(&outcome, id, entity, "accepted");
            assert_eq!(accepted, records, "{name}: {outcome:#}");
        }
    }
}

/// What is known of applicants stands nowhere: not on the screen, not in the draft, not in quarantine.
#[test]
fn personal_data_go_nowhere() {
    let secrets = ["Vītoliņa", "Krūmiņš", "Ozola-Bērza", "Liepu iela", "+371 2", "@pasts.example"];
    let code = regex::Regex::new(r"\d{6}-\d{5}").unwrap();
    for (name, id) in [("Žurnāls 2023.txt", "zurnals-2023"), ("tickets.ndjson", "tickets")] {
        let project = register(name);
        let ran = project.vienkop(&["onboard", name, "--yes", "--institution", INSTITUTION]).ends(0);
        let json =
            project.vienkop(&["onboard", name, "--yes", "--replace", "--json", "--institution", INSTITUTION]).ends(0);
        let draft = fs::read_to_string(project.path(&format!("config/sources/{id}.toml"))).unwrap();
        // No service that the requests could be for: every record goes to quarantine, with its cells.
        project.vienkop(&["run", id]);
        let quarantined: String = project
            .everything_below("var")
            .into_iter()
            .filter(|(path, _)| !path.starts_with(project.path("var/landed")))
            .map(|(_, content)| String::from_utf8_lossy(&content).into_owned())
            .collect();
        assert!(quarantined.contains("SQLite format 3"));
        for (what, text) in
            [("screen", &ran.stdout), ("json", &json.stdout), ("draft", &draft), ("registry", &quarantined)]
        {
            for secret in secrets {
                assert!(!text.contains(secret), "{name}: {secret} on {what}");
            }
            assert!(!code.is_match(text), "{name}: a personal code on {what}");
        }
    }
}

/// A draft without a required field cannot stop the other sources: it waits under another name.
#[test]
fn an_incomplete_draft_stops_nobody() {
    let project = register("kulturas-centrs.xlsx");
    let ran = project.vienkop(&["onboard", "kulturas-centrs.xlsx", "--yes"]).ends(1);
    assert!(ran.stdout.contains("owner_reg_no"), "{}", ran.stdout);
    assert!(project.path("config/sources/kulturas-centrs.toml.draft").exists());
    project.vienkop(&["check"]).ends(0);
    let words = ["onboard", "kulturas-centrs.xlsx", "--yes", "--institution", INSTITUTION];
    project.vienkop(&words).ends(0);
    assert!(project.path("config/sources/kulturas-centrs.toml").exists());
    // Nothing is written over unasked.
    let again = project.vienkop(&words).ends(2);
    assert!(again.stderr.contains("--replace"), "{}", again.stderr);
}

#[test]
fn what_cannot_be_understood_is_said() {
    let project = installation();
    project.file("bilde.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice());
    project.file("mape/tukss.csv", "");
    project.file("skaitli.csv", "a;b\n1;2\n3;4\n");
    project.file("lapa.html", "<!doctype html><html><body>Pieteikties</body></html>");
    let cases = [
        ("nav.xlsx", "nav.xlsx"),
        ("bilde.png", "bilde.png"),
        ("mape", "tukss.csv"),
        ("skaitli.csv", "skaitli.csv"),
        ("lapa.html", "lapa.html"),
        ("http://127.0.0.1:1/x.csv", "127.0.0.1"),
        ("env:NAV_TADA_MAINIGA", "NAV_TADA_MAINIGA"),
        ("postgres://x:slepena@127.0.0.1:1/db", "postgres"),
    ];
    let mut all = String::new();
    for (input, named) in cases {
        let ran = project.vienkop(&["onboard", input, "--yes", "--institution", INSTITUTION]).ends(2);
        assert!(ran.stderr.contains(named), "{input}: {}", ran.stderr);
        assert!(!ran.stderr.contains("slepena"), "{}", ran.stderr);
        writeln!(all, "{input}\n  {}", ran.stderr.trim()).unwrap();
    }
    insta::with_settings!({filters => vec![(r"os error \d+", "os error …")]}, {
        insta::assert_snapshot!("not_understood", all);
    });
    assert!(!project.path("config/sources").exists() || project.everything_below("config/sources").is_empty());
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let project = register("SRVREG97.TXT");
    let ran = project.vienkop(&["onboard", "SRVREG97.TXT"]).ends(2);
    assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);
}

/// On a terminal of its own: a wrong answer is asked again, a column is taken away from a field, a spelling gets its code.
#[test]
fn a_person_is_asked() {
    let project = installation();
    project.file(
        "saraksts.csv",
        "kods;nosaukums;kanāls;saite\n1;Viens;klātienē;a\n2;Otrs;pa radio;b\n3;Trešais;pasts;c\n",
    );
    let answers = serde_json::json!([
        ["Id of the source", "\r"],
        ["What summaries call", "\r"],
        ["Registration number", "123\r"],
        ["has 11 digits", "90000054163\r"],
        ["understood rightly?", "\u{1b}[B\r"],
        ["Which field", "name_en\r"],
        ["From which column", "saite\r"],
        ["understood rightly?", "\r"],
        ["mean in request_channels", "pasts\r"],
        ["Write the file", "y"],
    ]);
    let mut command = std::process::Command::new("python3");
    command.arg(checkout().join("tests/onboarding/answer.py")).arg(answers.to_string());
    command.arg(env!("CARGO_BIN_EXE_vienkop")).args(["onboard", "saraksts.csv"]).current_dir(project.path(""));
    let ran = crate::support::Ran::of(&command.output().unwrap()).ends(0);
    assert!(ran.stdout.contains("Wrote config/sources/saraksts.toml"), "{}", ran.stdout);
    let draft = fs::read_to_string(project.path("config/sources/saraksts.toml")).unwrap();
    insta::assert_snapshot!("asked", draft);
    project.vienkop(&["check", "saraksts"]).ends(0);
}

/// Files of one kind and the same columns are one table; others stay outside and are named.
#[test]
fn a_folder_of_files() {
    let project = installation();
    project.file("mape/a.csv", "kods;nosaukums\n1;Viens pakalpojums\n");
    project.file("mape/b.csv", "kods;nosaukums\n2;Otrs pakalpojums\n");
    project.file("mape/lasi-mani.json", "[{\"x\":1},{\"x\":2}]");
    let words = ["onboard", "mape", "--yes", "--json", "--institution", INSTITUTION];
    let told = project.vienkop(&words).ends(0).json();
    assert_eq!(told["tables"].as_array().unwrap().len(), 1, "{told:#}");
    assert!(told["left_out"].as_array().unwrap().iter().any(|left| left["name"] == "lasi-mani.json"), "{told:#}");
    let outcome = project.vienkop(&["plan", "mape", "--json"]).json();
    assert_eq!(crate::support::count(&outcome, "mape", "service", "mapped"), 2, "{outcome:#}");
}
