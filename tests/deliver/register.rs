//! Another register, played on loopback: it keeps records, remembers idempotency keys, gives out ids, and fails when it is
//! told to.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{Asked, Reply, Server};
use crate::support::checkout;

/// The sample's target, with the register's address in the place of its own and no patience.
pub(crate) fn target(url: &str) -> String {
    let text = fs::read_to_string(checkout().join("config/targets/registra-paraugs.toml")).unwrap();
    let here = text
        .replace("\"registra-paraugs\"", "\"registrs\"")
        .replace("https://registrs.example/api/v1/", url)
        .replace(
            "concurrent = 4\n",
            "concurrent = 4\ntimeout_seconds = 1\nanswer_seconds = 2\nattempts = 4\nwait_seconds = 0\n",
        )
        .replace("requests_per_second = 50", "requests_per_second = 1000");
    assert_ne!(here, text);
    here
}

/// What goes wrong with a request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Nothing is done, and this is answered.
    Before(Reply),
    /// It is done, and this is answered.
    After(Reply),
}

impl Fault {
    /// It is done, and the answer never comes.
    pub(crate) fn silence() -> Self {
        Self::After(Reply::Hang(Duration::from_millis(1_500)))
    }

    /// It is done, and the connection breaks within the answer.
    pub(crate) fn broken() -> Self {
        Self::After(Reply::Break(200, Vec::new(), b"{\"id\": \"1\"}".to_vec(), 3))
    }
}

/// What the register holds.
#[derive(Default)]
pub(crate) struct Held {
    /// Path of each record (`needs/V-01`, `services/s-3`) and its content.
    pub(crate) records: BTreeMap<String, Value>,
    /// What was asked with each idempotency key, and answered: the same is answered again, and nothing done.
    keys: BTreeMap<String, (String, u16, Value)>,
    /// How often each record was written.
    pub(crate) writes: BTreeMap<String, u32>,
    given: u32,
    /// Whether idempotency keys mean nothing to it.
    pub(crate) forgets: bool,
}

type Decide = dyn Fn(&Asked, usize) -> Option<Fault> + Send + Sync;
type Refuse = dyn Fn(&str, &Value) -> Option<(u16, Value)> + Send + Sync;

/// A register and its server.
pub(crate) struct Register {
    pub(crate) server: Server,
    pub(crate) held: Arc<Mutex<Held>>,
    decide: Arc<Mutex<Box<Decide>>>,
    refuse: Arc<Mutex<Box<Refuse>>>,
}

impl Register {
    pub(crate) fn start() -> Self {
        let held: Arc<Mutex<Held>> = Arc::default();
        let decide: Arc<Mutex<Box<Decide>>> = Arc::new(Mutex::new(Box::new(|_, _| None)));
        let refuse: Arc<Mutex<Box<Refuse>>> = Arc::new(Mutex::new(Box::new(|_, _| None)));
        let (kept, decides, refuses) = (Arc::clone(&held), Arc::clone(&decide), Arc::clone(&refuse));
        let count = Mutex::new(0);
        let server = Server::start(move |asked| {
            let number = {
                let mut count = count.lock().unwrap();
                *count += 1;
                *count
            };
            let fault = decides.lock().unwrap()(asked, number);
            if let Some(Fault::Before(reply)) = fault {
                return reply;
            }
            let reply = kept.lock().unwrap().answer(asked, &**refuses.lock().unwrap());
            match fault {
                Some(Fault::After(reply)) => reply,
                _ => reply,
            }
        });
        Self { server, held, decide, refuse }
    }

    /// From now on this goes wrong: of each request, and its number from 1.
    pub(crate) fn fails(&self, decide: impl Fn(&Asked, usize) -> Option<Fault> + Send + Sync + 'static) {
        *self.decide.lock().unwrap() = Box::new(decide);
    }

    /// From now on this is not taken: of the path of a record and its content, status and answer.
    pub(crate) fn refuses(&self, refuse: impl Fn(&str, &Value) -> Option<(u16, Value)> + Send + Sync + 'static) {
        *self.refuse.lock().unwrap() = Box::new(refuse);
    }

    pub(crate) fn records(&self) -> BTreeMap<String, Value> {
        self.held.lock().unwrap().records.clone()
    }

    /// Records whose path begins so.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        self.held.lock().unwrap().records.keys().filter(|path| path.starts_with(prefix)).count()
    }

    /// It holds these records, and remembers no keys.
    pub(crate) fn begin_with(&self, records: BTreeMap<String, Value>) {
        let mut held = self.held.lock().unwrap();
        *held = Held { records, given: held.given, ..Held::default() };
    }

    /// How many requests came.
    pub(crate) fn asked(&self) -> usize {
        self.server.log().len()
    }
}

impl Held {
    fn answer(&mut self, asked: &Asked, refuse: &Refuse) -> Reply {
        if asked.header("authorization") != Some("Bearer atslega") {
            return Reply::status(401);
        }
        let path = asked.path().trim_start_matches('/').to_owned();
        if asked.method == "GET" {
            let wanted = asked.target.split_once("externalId=").map(|(_, id)| id.to_owned());
            let found = self.records.iter().filter(|(_, record)| record["externalId"].as_str() == wanted.as_deref());
            let items: Vec<Value> =
                found.map(|(path, record)| json!({ "id": path.split('/').next_back().unwrap(), "externalId": record["externalId"] })).collect();
            return Reply::json(json!({ "items": items }).to_string());
        }
        let Some(key) = asked.header("idempotency-key") else { return Reply::status(400) };
        let request = format!("{} {path} {}", asked.method, asked.body);
        let known = self.keys.get(key).filter(|_| !self.forgets).cloned();
        let (status, answer) = match known {
            // The same key with something else: draft-ietf-httpapi-idempotency-key-header, 2.7.
            Some((known, ..)) if known != request => (422, json!({ "detail": format!("cits pieprasījums: {key}") })),
            Some((_, status, answer)) => (status, answer),
            None => {
                let (status, answer) = self.act(&asked.method, &path, &asked.body, refuse);
                self.keys.insert(key.to_owned(), (request, status, answer.clone()));
                (status, answer)
            }
        };
        let reply = Reply::json(answer.to_string());
        match reply {
            Reply::Answer(_, headers, body) => Reply::Answer(status, headers, body),
            other => other,
        }
    }

    fn write(&mut self, path: &str, body: Value, refuse: &Refuse) -> (u16, Value) {
        if let Some(refused) = refuse(path, &body) {
            return refused;
        }
        *self.writes.entry(path.to_owned()).or_default() += 1;
        let before = self.records.insert(path.to_owned(), body);
        (if before.is_some() { 200 } else { 201 }, json!({ "id": path.split('/').next_back().unwrap() }))
    }

    fn act(&mut self, method: &str, path: &str, body: &str, refuse: &Refuse) -> (u16, Value) {
        let body = || serde_json::from_str::<Value>(body).unwrap();
        match (method, path) {
            ("POST", "need-services/batch") => {
                let items = body()["items"].as_array().unwrap().clone();
                let results = items.into_iter().map(|item| {
                    let id = item["externalId"].as_str().unwrap().to_owned();
                    let (status, said) = self.write(&format!("need-services/{id}"), item, refuse);
                    json!({ "externalId": id, "status": status, "error": said["detail"] })
                });
                (207, json!({ "results": results.collect::<Vec<_>>() }))
            }
            // The whole list or nothing.
            ("POST", "plain/batch") => {
                let items = body().as_array().unwrap().clone();
                let of = |item: &Value| format!("plain/{}", item["code"].as_str().unwrap());
                if let Some(refused) = items.iter().find_map(|item| refuse(&of(item), item)) {
                    return refused;
                }
                for item in items {
                    self.write(&of(&item), item, &|_, _| None);
                }
                (200, Value::Null)
            }
            ("POST", list) => {
                let body = body();
                let twin = self.records.values().any(|known| known["externalId"] == body["externalId"]);
                assert!(!twin, "made twice: {body}");
                self.given += 1;
                self.write(&format!("{list}/s-{}", self.given), body, refuse)
            }
            ("PUT", path) if path.starts_with("services/") && !self.records.contains_key(path) => {
                (404, json!({ "detail": "Nav tāda pakalpojuma" }))
            }
            ("PUT", path) => self.write(path, body(), refuse),
            ("DELETE", path) => match self.records.remove(path) {
                Some(_) => (204, Value::Null),
                None => (404, json!({ "detail": "Nav" })),
            },
            _ => (405, Value::Null),
        }
    }
}
