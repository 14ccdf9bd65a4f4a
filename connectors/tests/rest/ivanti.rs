//! Ivanti Neurons for ITSM: at most 100 records a page, the last changed first unless told otherwise, 204 where there is
//! nothing, failures as a list of messages, no history.

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use crate::server::{Asked, Reply, Server};
use crate::support::{Place, preset, query, secret};

#[derive(Debug, Clone)]
pub(crate) struct Request {
    id: u32,
    /// Seconds of 4 June 2024, UTC.
    created: u32,
    changed: u32,
    status: &'static str,
}

pub(crate) struct Ivanti {
    pub(crate) requests: Mutex<Vec<Request>>,
    /// What `$top` is clamped to.
    clamp: usize,
}

fn time(second: u32) -> String {
    format!("2024-06-04T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

fn refused(status: u16, code: &str, said: &str) -> Reply {
    let said = json!({ "code": code, "description": "Invalid Request", "message": [said], "help": "" });
    Reply::text(status, &said.to_string())
}

impl Request {
    pub(crate) fn new(id: u32, created: u32) -> Self {
        Self { id, created, changed: created, status: "Submitted" }
    }

    pub(crate) fn to(self, second: u32, status: &'static str) -> Self {
        Self { changed: second, status, ..self }
    }

    /// What `$select` names.
    fn json(&self, select: Option<&str>) -> Value {
        let all = json!({
            "RecId": format!("{:032X}", self.id), "ServiceReqNumber": 10_000 + self.id, "Status": self.status,
            "CreatedDateTime": time(self.created), "LastModDateTime": time(self.changed),
            "ProfileFullName": "Jānis Paraugs", "Subject": "010190-12345",
        });
        let named = |name: &str| select.is_none_or(|select| select.split(',').any(|field| field.trim() == name));
        let chosen: Map<String, Value> = all
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| named(name))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        Value::Object(chosen)
    }
}

impl Ivanti {
    pub(crate) fn new(requests: Vec<Request>, clamp: usize) -> Self {
        Self { requests: Mutex::new(requests), clamp }
    }

    fn serve(self) -> (Arc<Self>, Server) {
        let ivanti = Arc::new(self);
        let shared = Arc::clone(&ivanti);
        (ivanti, Server::start(move |asked| shared.answer(asked)))
    }

    pub(crate) fn answer(&self, asked: &Asked) -> Reply {
        if asked.header("authorization") != Some("rest_api_key=ATSLEGA") {
            return refused(401, "ISM_4001", "Access denied");
        }
        if asked.path() != "/api/odata/businessobject/servicereqs" {
            return refused(404, "ISM_4004", "Requested resource not found");
        }
        let query = query(asked);
        let mut requests = self.requests.lock().unwrap().clone();
        match query.get("$orderby").map(String::as_str) {
            Some("LastModDateTime asc") => requests.sort_by_key(|request| (request.changed, request.id)),
            None => requests.sort_by_key(|request| std::cmp::Reverse((request.changed, request.id))),
            Some(other) => return refused(500, "ISM_5000", other),
        }
        if let Some(filter) = query.get("$filter") {
            let Some(since) = filter.strip_prefix("LastModDateTime ge ") else {
                return refused(400, "ISM_4000", filter);
            };
            requests.retain(|request| time(request.changed).as_str() >= since);
        }
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
        let (skip, top) = (number("$skip").unwrap_or(0), number("$top").unwrap_or(25).min(self.clamp));
        let select = query.get("$select").map(String::as_str);
        let page: Vec<Value> = requests.iter().skip(skip).take(top).map(|request| request.json(select)).collect();
        if page.is_empty() {
            return Reply::status(204);
        }
        let context = "https://tenant.example/api/odata/$metadata#servicereqs";
        Reply::json(json!({ "@odata.context": context, "@odata.count": requests.len(), "value": page }).to_string())
    }
}

/// What a source with the preset says.
pub(crate) fn ivanti(url: &str) -> Value {
    preset("ivanti", url, json!({ "server": { "auth": { "secret": secret("ATSLEGA") } } }))
}

fn id(number: u32) -> String {
    format!("{number:032X}")
}

fn all(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    numbers.into_iter().map(id).collect()
}

#[test]
fn everything_comes_and_no_person() {
    let requests = vec![Request::new(1, 100).to(900, "Active"), Request::new(2, 200), Request::new(3, 300)];
    let requests = requests.into_iter().chain((4..=10).map(|id| Request::new(id, id * 100))).collect();
    let (_, server) = Ivanti::new(requests, 4).serve();
    let delivered = Place::new().fetch(&ivanti(&server.url()), None).unwrap();
    assert_eq!((delivered.ids(), delivered.codes()), (all([2, 3, 4, 5, 6, 7, 8, 1, 9, 10]), vec![]));
    assert_eq!(delivered.until().as_deref(), Some("2024-06-04T00:16:40Z"));
    let first = &delivered.by_id()[&id(1)];
    let expected = json!({
        "RecId": id(1), "ServiceReqNumber": 10_001, "Status": "Active",
        "CreatedDateTime": time(100), "LastModDateTime": time(900),
    });
    assert_eq!(*first, expected);
    assert!(server.asked()[0].contains("%24top=100"), "{}", server.asked()[0]);
}

#[test]
fn what_has_changed_is_asked_for() {
    let (ivanti_server, server) = Ivanti::new((1..=9).map(|id| Request::new(id, id * 600)).collect(), 100).serve();
    let (place, options) = (Place::new(), ivanti(&server.url()));
    let first = place.fetch(&options, None).unwrap();
    assert_eq!(first.ids().len(), 9);
    {
        let mut requests = ivanti_server.requests.lock().unwrap();
        requests[0] = requests[0].clone().to(8_000, "Active");
    }
    let second = place.fetch(&options, first.fetching.cursor.as_deref()).unwrap();
    // Ten minutes of overlap bring 8 and 9 again.
    assert_eq!(second.ids(), all([8, 9, 1]));
    assert!(server.asked().last().unwrap().contains("LastModDateTime+ge+2024-06-04T01%3A20%3A00Z"));
    assert_eq!(second.until().as_deref(), Some("2024-06-04T02:13:20Z"));
}

#[test]
fn nothing_is_status_204() {
    let (_, server) = Ivanti::new(Vec::new(), 100).serve();
    let delivered = Place::new().fetch(&ivanti(&server.url()), None).unwrap();
    assert_eq!((delivered.documents.len(), delivered.codes(), delivered.fetching.cursor), (0, vec![], None));
}

#[test]
fn requests_that_change_or_go_between_pages() {
    let ivanti_server = Arc::new(Ivanti::new((1..=9).map(|id| Request::new(id, id * 60)).collect(), 3));
    let shared = Arc::clone(&ivanti_server);
    let server = Server::start(move |asked| {
        let reply = shared.answer(asked);
        let mut requests = shared.requests.lock().unwrap();
        if requests.len() == 9 {
            requests[1] = requests[1].clone().to(5_000, "Active");
            requests.remove(0);
        }
        reply
    });
    let (place, options) = (Place::new(), ivanti(&server.url()));
    let first = place.fetch(&options, None).unwrap();
    let second = place.fetch(&options, first.fetching.cursor.as_deref()).unwrap();
    let mut held = std::collections::BTreeMap::new();
    for record in first.records().into_iter().chain(second.records()) {
        held.insert(record["RecId"].as_str().unwrap().to_owned(), record["Status"].clone());
    }
    // The first one was there when the fetch began.
    assert_eq!(held.keys().cloned().collect::<Vec<_>>(), all(1..=9));
    assert_eq!(held[&id(2)], "Active");
}

#[test]
fn a_bad_key_and_a_field_that_there_is_not_are_told() {
    let (_, server) = Ivanti::new(vec![Request::new(1, 60)], 100).serve();
    let good = ivanti(&server.url());
    let mut bad = good.clone();
    bad["server"]["auth"]["secret"] = secret("CITA");
    assert_eq!(Place::new().fault(&bad).code, "N003");
    let mut bad = good;
    bad["request"]["query"]["$orderby"] = json!("Mainits asc");
    let finding = Place::new().fault(&bad);
    assert_eq!(finding.code, "N005");
    assert!(finding.value.as_deref().unwrap().contains("Mainits"), "{finding:?}");
}
