//! Microsoft Graph before a list: a token by client credentials, columns only where `$expand` asks for them,
//! pages of any size with a link to the next one, a filter only for those who know that it may fail, 429 at any time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::server::{Asked, Reply, Server};
use crate::support::{Delivered, Place, preset, query, secret};

const LIST: &str = "/v1.0/sites/dienests.sharepoint.example,5f7,9ab/lists/Pieteikumi";

struct Item {
    id: u32,
    state: &'static str,
    /// Seconds of 4 June 2024.
    modified: u32,
}

struct SharePoint {
    items: Mutex<Vec<Item>>,
    /// Items of a page, whatever is asked for.
    clamp: usize,
    /// Requests for items that one token is good for.
    token_lasts: usize,
    logins: AtomicUsize,
    asked: AtomicUsize,
    /// The request for items that is throttled.
    throttled: Option<usize>,
}

fn time(second: u32) -> String {
    format!("2024-06-04T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

fn failure(status: u16, code: &str, message: &str) -> Reply {
    let body =
        json!({ "error": { "code": code, "message": message, "innerError": { "date": "2024-06-04T12:00:00" } } });
    let Reply::Answer(_, headers, body) = Reply::json(body.to_string()) else { unreachable!() };
    Reply::Answer(status, headers, body)
}

impl SharePoint {
    fn new(items: u32, clamp: usize) -> Self {
        let items = (1..=items).map(|id| Item { id, state: "Jauns", modified: 600 * id }).collect();
        let (logins, asked) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { items: Mutex::new(items), clamp, token_lasts: usize::MAX, logins, asked, throttled: None }
    }

    fn serve(self) -> (Arc<Self>, Server) {
        let shared = Arc::new(self);
        let behind = Arc::clone(&shared);
        (shared, Server::start(move |asked| behind.answer(asked)))
    }

    fn answer(&self, asked: &Asked) -> Reply {
        match asked.path() {
            "/nomnieks/oauth2/v2.0/token" => self.token(asked),
            path if path == format!("{LIST}/items") => self.items(asked),
            _ => failure(404, "itemNotFound", "The resource could not be found."),
        }
    }

    fn token(&self, asked: &Asked) -> Reply {
        let form = query(&Asked { target: format!("?{}", asked.body), ..asked.clone() });
        assert_eq!(form["grant_type"], "client_credentials");
        assert_eq!(form["scope"], "https://graph.microsoft.com/.default");
        if (form["client_id"].as_str(), form["client_secret"].as_str()) != ("vienkop", "noslepums") {
            let body =
                json!({ "error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret." });
            let Reply::Answer(_, headers, body) = Reply::json(body.to_string()) else { unreachable!() };
            return Reply::Answer(401, headers, body);
        }
        let number = self.logins.fetch_add(1, Ordering::SeqCst) + 1;
        Reply::json(
            json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": format!("t{number}") }).to_string(),
        )
    }

    fn items(&self, asked: &Asked) -> Reply {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        let login = format!("Bearer t{}", self.logins.load(Ordering::SeqCst));
        if asked.header("authorization") != Some(&login) || number == self.token_lasts {
            return failure(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.");
        }
        if self.throttled == Some(number) {
            return failure(429, "activityLimitReached", "The request has been throttled").with("Retry-After", "1");
        }
        let query = query(asked);
        let since = query.get("$filter").map(|filter| {
            let moment = filter.strip_prefix("fields/Modified ge '").and_then(|rest| rest.strip_suffix('\''));
            moment.expect("a filter on the column").to_owned()
        });
        if since.is_some() && asked.header("prefer") != Some("HonorNonIndexedQueriesWarningMayFailRandomly") {
            return failure(
                400,
                "invalidRequest",
                "Field 'Modified' cannot be referenced in filter as it is not indexed.",
            );
        }
        let after = query.get("$skiptoken").map_or(0, |token| token.strip_prefix("p_ID=").unwrap().parse().unwrap());
        let items = self.items.lock().unwrap();
        let left: Vec<&Item> = items
            .iter()
            .filter(|item| item.id > after && since.as_ref().is_none_or(|since| time(item.modified) >= *since))
            .collect();
        let size = query.get("$top").map_or(200, |top| top.parse().unwrap()).min(self.clamp);
        let fields = query.get("$expand").is_some_and(|expand| expand == "fields");
        let page: Vec<Value> = left.iter().take(size).map(|item| item.json(fields)).collect();
        let mut answer = json!({ "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#items", "value": page });
        if left.len() > size {
            let kept: Vec<String> = asked
                .target
                .split_once('?')
                .map_or("", |(_, query)| query)
                .split('&')
                .filter(|part| !part.contains("skiptoken"))
                .map(str::to_owned)
                .collect();
            let (host, last) = (asked.header("host").unwrap(), left[size - 1].id);
            let link = format!("http://{host}{LIST}/items?{}&%24skiptoken=p_ID%3D{last}", kept.join("&"));
            answer["@odata.nextLink"] = json!(link);
        }
        Reply::json(answer.to_string())
    }
}

impl Item {
    fn json(&self, fields: bool) -> Value {
        let mut item = json!({ "id": self.id.to_string(), "lastModifiedDateTime": time(self.modified) });
        if fields {
            item["fields"] = json!({
                "id": self.id.to_string(), "Title": format!("P-{:03}", self.id), "Statuss": self.state,
                "Modified": time(self.modified),
            });
        }
        item
    }
}

fn sharepoint(server: &Server, secret: &Value) -> Value {
    let own = json!({ "server": {
        "requests_per_second": 10_000.0,
        "auth": {
            "token_url": format!("{}nomnieks/oauth2/v2.0/token", server.url()), "client_id": "vienkop",
            "client_secret": secret,
        },
    } });
    preset("sharepoint", &format!("{}{}/", server.url().trim_end_matches('/'), LIST), own)
}

fn numbers(delivered: &Delivered) -> Vec<String> {
    let records = delivered.records();
    records.iter().map(|record| record["fields"]["Title"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_list_changes_while_it_is_read() {
    let (list, server) = SharePoint::new(7, 3).serve();
    let behind = Arc::clone(&list);
    let changing = Server::start(move |asked| {
        let reply = behind.answer(asked);
        if asked.path().ends_with("/items") && !asked.target.contains("skiptoken") {
            let mut items = behind.items.lock().unwrap();
            // One that was read and one that was not are deleted, another is changed, and one is added.
            items.retain(|item| item.id != 2 && item.id != 5);
            items.iter_mut().find(|item| item.id == 6).unwrap().state = "Slēgts";
            items.push(Item { id: 8, state: "Jauns", modified: 600 * 8 });
        }
        reply
    });
    let (place, secret) = (Place::new(), secret("noslepums"));
    let delivered = place.fetch(&sharepoint(&changing, &secret), None).unwrap();
    assert_eq!(numbers(&delivered), ["P-001", "P-002", "P-003", "P-004", "P-006", "P-007", "P-008"]);
    assert_eq!(delivered.by_id()["6"]["fields"]["Statuss"], "Slēgts");
    assert_eq!(delivered.codes(), [""; 0]);
    let asked = changing.asked();
    assert_eq!(asked.len(), 1 + 3, "{asked:?}");
    assert!(asked[1].ends_with("/items?%24expand=fields&%24top=200"), "{}", asked[1]);
    drop(server);
}

#[test]
fn only_what_has_changed_is_asked_for_the_next_time() {
    let (list, server) = SharePoint::new(7, 3).serve();
    let (place, secret) = (Place::new(), secret("noslepums"));
    let options = sharepoint(&server, &secret);
    let first = place.fetch(&options, None).unwrap();
    assert_eq!((first.ids().len(), first.until().as_deref()), (7, Some("2024-06-04T01:10:00Z")));
    list.items.lock().unwrap()[1].modified = 5_000;
    let second = place.fetch(&options, first.fetching.cursor.as_deref()).unwrap();
    // The last one of the first fetch again: two minutes of overlap.
    assert_eq!(numbers(&second), ["P-002", "P-007"]);
    let filter = "%24filter=fields%2FModified+ge+%272024-06-04T01%3A08%3A00Z%27";
    assert!(server.asked().last().unwrap().contains(filter), "{:?}", server.asked());
}

#[test]
fn the_server_says_when_to_come_again() {
    let (place, secret) = (Place::new(), secret("noslepums"));
    let throttled = || SharePoint { throttled: Some(1), ..SharePoint::new(7, 3) };
    let (_, server) = throttled().serve();
    let mut options = sharepoint(&server, &secret);
    options["server"]["wait_seconds"] = 1.into();
    let begin = std::time::Instant::now();
    assert_eq!(place.fetch(&options, None).unwrap().ids().len(), 7);
    assert!(begin.elapsed() >= std::time::Duration::from_secs(1));
    let (_, server) = throttled().serve();
    let mut impatient = sharepoint(&server, &secret);
    impatient["server"]["attempts"] = 1.into();
    let finding = place.fault(&impatient);
    assert_eq!(finding.code, "N005");
    assert!(finding.value.as_ref().unwrap().contains("activityLimitReached"), "{finding:?}");
    // What had come is not asked for again.
    let before = server.asked().len();
    assert_eq!(place.fetch(&impatient, None).unwrap().ids().len(), 7);
    let again: Vec<String> = server.asked().split_off(before).into_iter().filter(|a| a.contains("/items")).collect();
    assert!(again.len() == 2 && again.iter().all(|asked| asked.contains("skiptoken")), "{again:?}");
}

#[test]
fn a_token_ends_and_a_secret_is_wrong() {
    let (list, server) = SharePoint { token_lasts: 1, ..SharePoint::new(7, 3) }.serve();
    let right = secret("noslepums");
    assert_eq!(Place::new().fetch(&sharepoint(&server, &right), None).unwrap().ids().len(), 7);
    assert_eq!(list.logins.load(Ordering::SeqCst), 2);
    let wrong = secret("nepareizs-noslepums");
    let finding = Place::new().fault(&sharepoint(&server, &wrong));
    assert_eq!(finding.code, "N003");
    assert!(finding.value.as_ref().unwrap().contains("AADSTS7000215"), "{finding:?}");
    assert!(!format!("{finding:?}").contains("nepareizs"), "{finding:?}");
}

#[test]
fn a_list_that_is_not_there_and_one_without_permission() {
    let server = Server::start(|asked| match asked.path() {
        "/nomnieks/oauth2/v2.0/token" => Reply::json(r#"{"access_token":"t1","expires_in":3599}"#),
        _ => failure(403, "accessDenied", "Access denied"),
    });
    let right = secret("noslepums");
    let finding = Place::new().fault(&sharepoint(&server, &right));
    assert!(finding.code == "N004" && finding.value.as_ref().unwrap().contains("accessDenied"), "{finding:?}");
    let (_, server) = SharePoint::new(1, 1).serve();
    let mut options = sharepoint(&server, &right);
    options["server"]["url"] = json!(format!("{}v1.0/sites/cita/lists/Pieteikumi/", server.url()));
    let finding = Place::new().fault(&options);
    assert!(finding.code == "N005" && finding.value.as_ref().unwrap().contains("itemNotFound"), "{finding:?}");
}
