//! DAGR, as far as its public documentation tells: a token in `Authorization`, the number of a permission beside it. Paths,
//! parameters and paging are this test's own, as a source would take them from the description of a data set.

use serde_json::{Value, json};

use crate::server::{Asked, Reply, Server};
use crate::support::{Place, conversation, preset, query, secret};

fn answer(asked: &Asked) -> Reply {
    if asked.header("authorization") != Some("Bearer talons-1") {
        return Reply::status(401);
    }
    if asked.header("x-dagr-permission") != Some("1321") {
        return Reply::text(403, "permission");
    }
    let (records, next) = match query(asked).get("pec").map(String::as_str) {
        None => (vec!["M-1", "M-2"], json!("2")),
        Some("2") => (vec!["M-3"], Value::Null),
        Some(other) => panic!("{other}"),
    };
    let records: Vec<Value> = records.iter().map(|code| json!({ "kods": code, "nosaukums": "Sils" })).collect();
    Reply::json(json!({ "ieraksti": records, "nakama": next }).to_string())
}

fn dagr(url: &str, token: Value) -> Value {
    let own = json!({
        "server": {
            "headers": { "X-DAGR-Permission": "1321" }, "auth": { "secret": token, "prefix": "Bearer " },
        },
        "request": { "path": "izmainas/mezu_registrs", "query": { "lapa": 1 }, "records": "/ieraksti", "id": "kods" },
        "paging": { "kind": "cursor", "pointer": "/nakama", "parameter": "pec" },
    });
    preset("dagr", url, own)
}

fn codes(options: &Value) -> Vec<String> {
    let records = Place::new().fetch(options, None).unwrap().records();
    records.iter().map(|record| record["kods"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_token_and_the_number_of_a_permission() {
    let server = Server::start(answer);
    let mut options = dagr(&server.url(), secret("talons-1"));
    assert_eq!(codes(&options), ["M-1", "M-2", "M-3"]);
    options["server"]["headers"]["X-DAGR-Permission"] = json!("7");
    assert_eq!(Place::new().fault(&options).code, "N004");
    // Whoever keeps the token good has not done so.
    assert_eq!(Place::new().fault(&dagr(&server.url(), secret("talons-0"))).code, "N003");
}

#[test]
fn a_recorded_conversation() {
    let mut options = dagr("https://dagr.gov.lv/", json!({ "env": "NAV" }));
    options["recorded"] = conversation("dagr");
    assert_eq!(codes(&options), ["M-1", "M-2", "M-3"]);
}
