//! Sources over the network through the program: what `check` says of a server, a recording and its replay, and that a
//! secret appears nowhere.

use serde_json::{Value, json};

use crate::http::{Asked, Reply, Server};
use crate::support::{Project, count, source};

const SECRET: &str = "Slepens-9f3a7c51d2";
/// Letters that a URL writes otherwise.
const PASSWORD: &str = "Parole/7+q ā&x";
const PERSON: &str = "Jānis Paraudziņš";
const LOGIN: &str = "jparaudzins";
const CODE: &str = "151285-12345";

const TABLES: &str = r#"
[format]
kind = "json"
lines = true
[[table]]
entity = "service_request"
[table.fields]
request_no = "id"
kind = { value = "pakalpojuma pieprasījums" }
institution_reg_no = { value = "90000270634" }
applicant_hash = { column = "author/login", pseudonymise = true }
"#;

fn issues(asked: &Asked) -> String {
    let at = |name: &str| asked.target.split(['?', '&']).find_map(|part| part.strip_prefix(&format!("{name}=")));
    let offset: usize = at("offset").map_or(0, |offset| offset.parse().unwrap());
    let issue = |id: usize| {
        json!({
            "id": id,
            "subject": format!("Zvanīt {CODE}"),
            "author": { "id": 7000 + id, "login": format!("{LOGIN}{id}"), "name": PERSON },
        })
    };
    let page: Vec<Value> = (offset + 1..=5).take(2).map(issue).collect();
    json!({ "issues": page, "total_count": 5, "offset": offset }).to_string()
}

/// A server of issues that wants a key, and says everything that it was told in its answers.
fn server() -> Server {
    Server::start(|asked: &Asked| {
        let key = asked.header("x-key").unwrap_or_default();
        let said = format!("you said {} and {key} and {}", asked.target, asked.body);
        match asked.path() {
            _ if asked.path().starts_with("/closed/") => Reply::text(403, &said),
            _ if asked.path().starts_with("/broken/") => Reply::text(404, &said).with("X-Said", key),
            "/login" => Reply::json(json!({ "token": SECRET, "said": asked.body }).to_string()),
            "/page/issues.json" => Reply::text(200, &format!("<html>{said}</html>")),
            _ if asked.target.contains("key=") || asked.target.contains("token=") || key == SECRET => {
                Reply::json(issues(asked)).with("X-Said", key).with("Link", format!("<{}>; rel=\"self\"", asked.target))
            }
            _ => Reply::text(401, &said),
        }
    })
}

fn rest(server: &str, below: &str, more: &str, auth: &str) -> String {
    format!(
        "delivers = \"delta\"\n[fetch]\nkind = \"rest\"\n{more}\n[fetch.server]\nurl = \"{server}{below}\"\nattempts = 1\n\
         auth = {auth}\n[fetch.request]\npath = \"issues.json\"\nrecords = \"/issues\"\nid = \"id\"\n[fetch.paging]\n\
         kind = \"offset\"\ntotal = \"/total_count\"\nsize = 2\n{TABLES}"
    )
}

const HEADER: &str = r#"{ kind = "header", name = "X-Key", secret = { env = "TESTA_ATSLEGA" } }"#;

/// The program, with the secrets where the sources look for them.
fn vienkop(project: &Project, arguments: &[&str]) -> crate::support::Ran {
    let mut command = project.command(arguments);
    command.env("TESTA_ATSLEGA", SECRET);
    let address = format!("postgres://testa:{SECRET}@127.0.0.1:1/registrs");
    command.env("TESTA_DATUBAZE", address);
    crate::support::Ran::of(&command.output().unwrap())
}

#[test]
fn check_says_how_far_it_came() {
    let server = server();
    let project = Project::new();
    let wrong = HEADER.replace("TESTA_ATSLEGA", "HOME");
    project
        .source("good", &rest(&server.url(), "", "", HEADER))
        .source("unknown", &rest(&server.url(), "", "", &wrong))
        .source("closed", &rest(&server.url(), "closed/", "", HEADER))
        .source("page", &rest(&server.url(), "page/", "", HEADER))
        .source("dead", &rest("http://127.0.0.1:1/", "", "", HEADER))
        .services("file", "code;name;description\n1;Viens;x\n")
        .pipeline(&["good", "unknown", "closed", "page", "dead", "file"]);
    let checked = vienkop(&project, &["check", "--json"]).ends(1).json();
    let access = |id: &str| {
        let found = checked["sources"].as_array().unwrap().iter().find(|one| one["source"] == id).unwrap();
        (
            found["access"].clone(),
            found["errors"].as_array().unwrap().iter().map(|e| e.as_str().unwrap()[..4].to_owned()).collect::<Vec<_>>(),
        )
    };
    let of = |reached: bool, authenticated: Value, permitted: Value| json!({ "reached": reached, "authenticated": authenticated, "permitted": permitted });
    let (yes, no, open) = (json!(true), json!(false), Value::Null);
    assert_eq!(access("good"), (of(true, yes.clone(), yes.clone()), vec![]));
    assert_eq!(access("unknown"), (of(true, no.clone(), open.clone()), vec!["N003".to_owned()]));
    assert_eq!(access("closed"), (of(true, yes, no), vec!["N004".to_owned()]));
    assert_eq!(access("page"), (of(true, open.clone(), open.clone()), vec!["N006".to_owned()]));
    assert_eq!(access("dead"), (of(false, open.clone(), open.clone()), vec!["N001".to_owned()]));
    assert_eq!(access("file"), (Value::Null, vec![]));
    let good = checked["sources"].as_array().unwrap().iter().find(|one| one["source"] == "good").unwrap();
    assert_eq!(good["first"], json!([{ "entity": "service_request", "fields": 4, "of": 4 }]));
    // A look is a look: one page of the three.
    let asked = server.asked();
    assert_eq!(asked.iter().filter(|asked| asked.starts_with("GET /issues.json")).count(), 2, "{asked:#?}");

    let told = vienkop(&project, &["check", "good"]).ends(0).stdout;
    insta::assert_snapshot!("check_server", told.replace(&project.path("").display().to_string(), "…/"));
}

#[test]
fn a_recording_is_played_without_persons_and_secrets() {
    let server = server();
    let project = Project::new();
    project.source("r", &rest(&server.url(), "", "", HEADER)).pipeline(&["r"]);
    let refused = vienkop(&project, &["run", "--record", "ieraksts"]).ends(2);
    assert!(refused.stderr.contains("personal = ["), "{}", refused.stderr);
    assert!(server.asked().is_empty() && !project.path("var/registry.db").exists() || server.asked().is_empty());

    let personal = "personal = [\"author/name\", \"author/id\"]";
    project.source("r", &rest(&server.url(), "", personal, HEADER));
    let live = vienkop(&project, &["run", "--json", "--as-of", "2024-07-08", "--record", "ieraksts"]).ends(0).json();
    assert_eq!(count(&live, "r", "service_request", "inserted"), 5);
    let recorded = project.everything_below("ieraksts");
    assert!(recorded.len() >= 6, "three pages, each with its answer");
    for (path, content) in &recorded {
        let text = String::from_utf8_lossy(content);
        for planted in [SECRET, PERSON, LOGIN, CODE, "7001"] {
            assert!(!text.contains(planted), "{planted} in {}:\n{text}", path.display());
        }
    }
    // Nothing is written over.
    let again = vienkop(&project, &["run", "--record", "ieraksts"]).ends(2);
    assert!(again.stderr.contains("ieraksts"), "{}", again.stderr);

    // Without the server, its key and its address.
    drop(server);
    let offline = Project::new();
    for (path, content) in recorded {
        offline.file(&format!("ieraksts/{}", path.file_name().unwrap().to_str().unwrap()), content);
    }
    let source_file = rest("http://127.0.0.1:1/", "", "recorded = \"ieraksts\"", HEADER);
    offline.source("r", &source_file).pipeline(&["r"]);
    let played = offline.run(&[]).ends(0).json();
    assert_eq!(source(&played, "r")["records"], source(&live, "r")["records"]);
    let nothing = offline.vienkop(&["run", "--record", "cits"]).ends(2);
    assert!(nothing.stderr.contains("nothing to record"), "{}", nothing.stderr);
}

#[test]
fn a_secret_appears_nowhere() {
    let server = server();
    let project = Project::new();
    let query = r#"{ kind = "query", name = "key", secret = { env = "TESTA_ATSLEGA" } }"#;
    let basic = r#"{ kind = "basic", user = "testa", password = { file = "parole" } }"#;
    let session = r#"{ kind = "session", path = "login", body = { user = "testa", password = { file = "parole" } }, take = "/token", in = "query", name = "token" }"#;
    project
        .file("parole", PASSWORD)
        .source("header", &rest(&server.url(), "", "personal = []", HEADER))
        .source("query", &rest(&server.url(), "", "personal = []", query))
        .source("session", &rest(&server.url(), "", "personal = []", session))
        .source("basic", &rest(&server.url(), "", "personal = []", basic))
        .source("closed", &rest(&server.url(), "closed/", "personal = []", HEADER))
        .source("broken", &rest(&server.url(), "broken/", "personal = []", query))
        .source("page", &rest(&server.url(), "page/", "personal = []", query))
        .source("dead", &rest("http://127.0.0.1:1/", "", "personal = []", query))
        .source(
            "database",
            "[fetch]\nkind = \"sql\"\nurl = { env = \"TESTA_DATUBAZE\" }\nquery = \"SELECT 1 AS id\"\n\
             [format]\nkind = \"json\"\nlines = true\n[[table]]\nentity = \"service\"\n[table.fields]\ncode = \"id\"\n\
             name = \"id\"\nowner_reg_no = { value = \"90000270634\" }\n",
        )
        .pipeline(&["header", "query", "session", "basic", "closed", "broken", "page", "dead", "database"]);
    let mut said = String::new();
    for arguments in [
        &["check"][..],
        &["check", "--json"],
        &["plan", "-vvv"],
        &["run", "-vvv", "--as-of", "2024-07-08", "--record", "ieraksts"],
        &["run", "--json", "-vvv", "--log-format", "json"],
        &["findings", "broken"],
        &["findings", "closed", "--json"],
        &["runs", "--json"],
        &["runs", "1"],
        &["quarantine", "list", "--json"],
        &["explain", "service_request:90000270634/1"],
    ] {
        let ran = vienkop(&project, arguments);
        said += &format!("\n== {arguments:?} {}\n{}{}", ran.code, ran.stdout, ran.stderr);
    }
    for code in ["N001", "N003", "N004", "N005", "N006", "Q001"] {
        assert!(said.contains(code), "{code} did not come, so the test tests nothing:\n{said}");
    }
    assert!(said.contains("***"), "no server repeated a secret:\n{said}");
    let mut written = vec![("what was said".to_owned(), said.clone().into_bytes())];
    for folder in ["var", "ieraksts"] {
        written.extend(
            project.everything_below(folder).into_iter().map(|(path, bytes)| (path.display().to_string(), bytes)),
        );
    }
    assert!(written.iter().any(|(name, _)| name.contains("ieraksts")));
    let spellings = [SECRET, PASSWORD, "Parole%2F7", "Parole/7+q", "UGFyb2xl"];
    for (name, content) in &written {
        for spelling in spellings {
            let found = content.windows(spelling.len()).any(|window| window == spelling.as_bytes());
            assert!(!found, "{spelling} in {name}:\n{}", String::from_utf8_lossy(content));
        }
    }
}
