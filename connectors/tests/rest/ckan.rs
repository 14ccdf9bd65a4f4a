//! A CKAN portal: a table comes in fewer rows than asked for, without a word, and is published anew at any time, and
//! failures come as 200, 404 or 409 with `success: false`.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::server::{Asked, Reply, Server};
use crate::support::{Place, preset, query};

/// A portal with one table.
struct Portal {
    /// Codes and states.
    rows: Mutex<Vec<(String, String)>>,
    /// `ckan.datastore.search.rows_max`.
    rows_max: usize,
}

fn failed(status: u16, error: &Value) -> Reply {
    let body = json!({ "help": "https://data.example/api/3/action/help_show", "success": false, "error": error });
    let Reply::Answer(_, headers, body) = Reply::json(body.to_string()) else { unreachable!() };
    Reply::Answer(status, headers, body)
}

fn done(result: &Value) -> Reply {
    Reply::json(json!({ "help": "https://data.example/help", "success": true, "result": result }).to_string())
}

impl Portal {
    fn new(rows: usize, rows_max: usize) -> Self {
        Self { rows: Mutex::new(edition(rows, "Saņemts")), rows_max }
    }

    fn answer(&self, asked: &Asked) -> Reply {
        let query = query(asked);
        let number = |name: &str, other: usize| query.get(name).map_or(other, |text| text.parse().unwrap());
        let page = |all: &[Value], offset: &str, limit: &str, most: usize| -> Vec<Value> {
            all.iter().skip(number(offset, 0)).take(number(limit, 100).min(most)).cloned().collect()
        };
        match asked.path() {
            "/api/3/action/datastore_search" => {
                if query.get("resource_id").is_none_or(|id| id != "statusi") {
                    return failed(404, &json!({ "__type": "Not Found Error", "message": "Resource was not found." }));
                }
                if query.get("sort").is_none_or(|sort| sort != "_id") {
                    return failed(409, &json!({ "__type": "Validation Error", "sort": ["no such field"] }));
                }
                let rows = self.rows.lock().unwrap();
                let rows: Vec<Value> = rows
                    .iter()
                    .enumerate()
                    .map(|(n, (code, state))| json!({ "_id": n + 1, "kods": code, "statuss": state }))
                    .collect();
                done(&json!({
                    "resource_id": "statusi", "fields": [{ "id": "_id", "type": "int" }, { "id": "kods", "type": "text" }],
                    "records": page(&rows, "offset", "limit", self.rows_max), "total": rows.len(),
                    "_links": { "start": "/api/3/action/datastore_search?resource_id=statusi" },
                }))
            }
            "/api/3/action/organization_list" => {
                assert_eq!((query["all_fields"].as_str(), query["sort"].as_str()), ("true", "name asc"));
                let all: Vec<Value> =
                    (0..60).map(|n| json!({ "id": format!("o{n:02}"), "title": "Iestāde" })).collect();
                done(&json!(page(&all, "offset", "limit", 25)))
            }
            "/api/3/action/package_search" => {
                assert_eq!(query["sort"], "metadata_modified asc");
                let all: Vec<Value> = (0..12).map(|n| json!({ "id": format!("p{n:02}") })).collect();
                done(&json!({ "count": 12, "results": page(&all, "start", "rows", 5) }))
            }
            _ => failed(400, &json!("Bad request - Action name not known")),
        }
    }
}

fn edition(rows: usize, state: &str) -> Vec<(String, String)> {
    (0..rows).map(|n| (format!("K{n:02}"), state.to_owned())).collect()
}

fn ckan(url: &str, own: Value) -> Value {
    preset("ckan", &format!("{url}api/3/action/"), own)
}

fn table(url: &str) -> Value {
    ckan(url, json!({ "request": { "query": { "resource_id": "statusi" } } }))
}

#[test]
fn a_portal_gives_fewer_rows_than_asked_for() {
    let portal = Portal::new(8, 3);
    let server = Server::start(move |asked| portal.answer(asked));
    let delivered = Place::new().fetch(&table(&server.url()), None).unwrap();
    let codes: Vec<Value> = delivered.records().iter().map(|record| record["kods"].clone()).collect();
    assert_eq!(codes, ["K00", "K01", "K02", "K03", "K04", "K05", "K06", "K07"]);
    assert_eq!((delivered.codes(), delivered.fetching.cursor), (vec![], None));
    let asked = server.asked();
    // Each page begins with the last row of the one before.
    let from = |offset: u32| {
        format!("GET /api/3/action/datastore_search?resource_id=statusi&sort=_id&offset={offset}&limit=5000")
    };
    assert_eq!(asked, [from(0), from(2), from(4), from(6)]);
}

#[test]
fn a_table_is_published_anew_between_two_pages() {
    for rows in [8, 9, 5] {
        let portal = Arc::new(Portal::new(8, 3));
        let behind = Arc::clone(&portal);
        let server = Server::start(move |asked| {
            let reply = behind.answer(asked);
            if asked.target.contains("offset=2") && asked.before == 0 {
                *behind.rows.lock().unwrap() = edition(rows, "Pabeigts");
            }
            reply
        });
        let delivered = Place::new().fetch(&table(&server.url()), None).unwrap();
        let last: std::collections::BTreeMap<String, String> = delivered
            .records()
            .iter()
            .map(|record| (record["kods"].as_str().unwrap().to_owned(), record["statuss"].as_str().unwrap().to_owned()))
            .collect();
        let new = last.values().filter(|state| *state == "Pabeigts").count();
        assert_eq!(new, rows, "{rows}: {last:?}");
    }
}

#[test]
fn failures_of_every_form() {
    let portal = Portal::new(1, 3);
    let server = Server::start(move |asked| portal.answer(asked));
    let mut options = table(&server.url());
    options["request"]["query"]["resource_id"] = json!("cits");
    let finding = Place::new().fault(&options);
    assert!(
        finding.code == "N005" && finding.value.as_ref().unwrap().contains("Resource was not found"),
        "{finding:?}"
    );
    options = table(&server.url());
    options["request"]["query"]["sort"] = json!("x");
    let finding = Place::new().fault(&options);
    assert!(finding.code == "N005" && finding.value.as_ref().unwrap().contains("no such field"), "{finding:?}");
    // The same with status 200, and the portal's page that it is being mended.
    let server = Server::start(|_| failed(200, &json!({ "__type": "Validation Error", "limit": ["Invalid integer"] })));
    let finding = Place::new().fault(&table(&server.url()));
    assert_eq!(finding.code, "N012");
    assert_eq!(
        finding.value.as_deref(),
        Some(r#"Validation Error: {"__type":"Validation Error","limit":["Invalid integer"]}"#)
    );
    let server =
        Server::start(|_| Reply::bytes("<html><title>Apkope</title></html>").with("Content-Type", "text/html"));
    assert_eq!(Place::new().fault(&table(&server.url())).code, "N006");
}

/// With the words that the preset's comments name.
#[test]
fn institutions_and_data_sets_of_the_catalogue() {
    let portal = Portal::new(1, 3);
    let server = Server::start(move |asked| portal.answer(asked));
    let institutions = json!({
        "request": {
            "path": "organization_list", "query": { "all_fields": true, "sort": "name asc" }, "records": "/result",
            "id": "id",
        },
        "paging": { "size": 25 },
    });
    assert_eq!(Place::new().fetch(&ckan(&server.url(), institutions), None).unwrap().by_id().len(), 60);
    let data_sets = json!({
        "request": {
            "path": "package_search", "query": { "sort": "metadata_modified asc" }, "records": "/result/results",
            "id": "id",
        },
        "paging": { "offset": "start", "limit": "rows", "size": 1000, "total": "/result/count" },
    });
    assert_eq!(Place::new().fetch(&ckan(&server.url(), data_sets), None).unwrap().by_id().len(), 12);
}
