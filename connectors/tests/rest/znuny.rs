//! Znuny 6.5: a session by login, ids as texts, no pages (`Offset` is passed over), failures with status 200, `{}` where
//! there is nothing, a batch that one bad id fails as a whole, times without zone, states in a text of the log.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::server::{Asked, Reply, Server};
use crate::support::{Place, preset, secret};

#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(crate) id: u32,
    /// Second of 4 June 2024 by the system's clock.
    pub(crate) created: u32,
    pub(crate) changed: u32,
    pub(crate) states: Vec<(u32, &'static str)>,
}

pub(crate) struct Znuny {
    pub(crate) tickets: Mutex<Vec<Ticket>>,
    /// The ceiling of a search.
    pub(crate) most: usize,
    pub(crate) sessions: Mutex<u32>,
    /// In the search's list, and not to be had.
    pub(crate) forbidden: Vec<u32>,
}

pub(crate) fn local(second: u32) -> String {
    format!("2024-06-04 {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

fn error(code: &str, message: &str) -> Reply {
    Reply::json(json!({ "Error": { "ErrorCode": code, "ErrorMessage": message } }).to_string())
}

impl Ticket {
    pub(crate) fn new(id: u32, created: u32) -> Self {
        Self { id, created, changed: created, states: vec![(created, "new")] }
    }

    pub(crate) fn to(mut self, second: u32, state: &'static str) -> Self {
        self.changed = second;
        self.states.push((second, state));
        self
    }

    fn json(&self) -> Value {
        json!({
            "TicketID": self.id.to_string(), "TicketNumber": format!("20240604{:08}", self.id),
            "State": self.states.last().unwrap().1, "Created": local(self.created), "Changed": local(self.changed),
            // Seconds since it was made: never the same twice.
            "Age": 12345,
        })
    }

    fn history(&self) -> Value {
        let mut entries = vec![json!({
            "HistoryType": "NewTicket", "Name": format!("%%20240604{:08}%%Raw%%3 normal%%new%%{}", self.id, self.id),
            "CreateTime": local(self.created),
        })];
        for pair in self.states.windows(2) {
            entries.push(json!({
                "HistoryType": "StateUpdate", "Name": format!("%%{}%%{}%%", pair[0].1, pair[1].1),
                "CreateTime": local(pair[1].0),
            }));
            entries.push(json!({ "HistoryType": "Misc", "Name": "%%", "CreateTime": local(pair[1].0) }));
        }
        json!({ "TicketHistory": [{ "TicketID": self.id.to_string(), "History": entries }] })
    }
}

impl Znuny {
    pub(crate) fn new(tickets: Vec<Ticket>, most: usize) -> Self {
        Self { tickets: Mutex::new(tickets), most, sessions: Mutex::new(0), forbidden: Vec::new() }
    }

    pub(crate) fn serve(self) -> (Arc<Self>, Server) {
        let znuny = Arc::new(self);
        let shared = Arc::clone(&znuny);
        (znuny, Server::start(move |asked| shared.answer(asked)))
    }

    pub(crate) fn answer(&self, asked: &Asked) -> Reply {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        if asked.path() == "/Session" {
            if body["Password"] != "parole" {
                return error("SessionCreate.AuthFail", "SessionCreate: Authorization failing!");
            }
            let mut sessions = self.sessions.lock().unwrap();
            *sessions += 1;
            return Reply::json(json!({ "SessionID": format!("sesija-{sessions}") }).to_string());
        }
        let operation = asked.path().trim_start_matches('/').to_owned();
        if body["SessionID"] != format!("sesija-{}", self.sessions.lock().unwrap()) {
            return error(&format!("{operation}.AuthFail"), "Authorization failing!");
        }
        let tickets = self.tickets.lock().unwrap();
        let ids = |value: &Value| -> Vec<u32> {
            let texts = value.as_str().map_or_else(
                || value.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect(),
                |text| text.split(',').map(str::to_owned).collect::<Vec<_>>(),
            );
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        match operation.as_str() {
            "TicketSearch" => {
                let bound = |name: &str| body[name].as_str().map(str::to_owned);
                let mut found: Vec<&Ticket> = tickets
                    .iter()
                    .filter(|ticket| {
                        bound("TicketLastChangeTimeNewerDate").is_none_or(|from| local(ticket.changed) >= from)
                    })
                    .filter(|ticket| {
                        bound("TicketLastChangeTimeOlderDate").is_none_or(|to| local(ticket.changed) <= to)
                    })
                    .collect();
                found.sort_by_key(|ticket| std::cmp::Reverse(ticket.id));
                let ids: Vec<String> = found.iter().take(self.most).map(|ticket| ticket.id.to_string()).collect();
                if ids.is_empty() { Reply::json("{}") } else { Reply::json(json!({ "TicketID": ids }).to_string()) }
            }
            "TicketGet" => {
                let mut found = Vec::new();
                for id in ids(&body["TicketID"]) {
                    match tickets.iter().find(|ticket| ticket.id == id && !self.forbidden.contains(&id)) {
                        Some(ticket) => found.push(ticket.json()),
                        None => {
                            return error(
                                "TicketGet.AccessDenied",
                                "TicketGet: User does not have access to the ticket!",
                            );
                        }
                    }
                }
                Reply::json(json!({ "Ticket": found }).to_string())
            }
            "TicketHistoryGet" => {
                match tickets.iter().find(|ticket| json!(ticket.id.to_string()) == body["TicketID"]) {
                    Some(ticket) => Reply::json(ticket.history().to_string()),
                    None => error("TicketHistoryGet.AccessDenied", "no access"),
                }
            }
            _ => Reply::status(404),
        }
    }
}

/// What a source with the preset says; the ceiling is one that tests can reach.
pub(crate) fn znuny(url: &str) -> Value {
    let auth = json!({ "body": { "UserLogin": "vienkop", "Password": secret("parole") } });
    let more = json!({
        "server": { "auth": auth }, "request": { "body": { "Limit": 5 } }, "windows": { "most": 5 },
        "incremental": { "overlap": "2min" }, "detail": { "batch": 4 },
    });
    preset("znuny", url, more)
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_by_key(|id| id.parse::<u32>().unwrap());
    ids
}

fn all(range: std::ops::RangeInclusive<u32>) -> Vec<String> {
    range.map(|id| id.to_string()).collect()
}

#[test]
fn full_windows_are_halved_until_everything_has_come() {
    let (_, server) = Znuny::new((1..=40).map(|id| Ticket::new(id, 30_000 + id * 7)).collect(), 5).serve();
    let place = Place::new();
    let delivered = place.fetch(&znuny(&server.url()), None).unwrap();
    assert_eq!((sorted(delivered.ids()), delivered.codes()), (all(1..=40), vec![]));
    delivered.by_id();
    assert_eq!(delivered.until().as_deref(), Some("2024-06-04T08:24:40Z"));
}

#[test]
fn states_come_from_the_log() {
    let ticket = Ticket::new(1, 100).to(200, "open").to(200, "closed successful");
    let (_, server) = Znuny::new(vec![ticket, Ticket::new(2, 100)], 5).serve();
    let delivered = Place::new().fetch(&znuny(&server.url()), None).unwrap();
    let records = delivered.by_id();
    let states = |id: &str| -> Vec<(String, String)> {
        let history = records[id]["history"].as_array().unwrap().clone();
        history
            .iter()
            .map(|s| (s["at"].as_str().unwrap().to_owned(), s["state"].as_str().unwrap().to_owned()))
            .collect()
    };
    let utc = |second: u32| format!("{}Z", local(second).replace(' ', "T"));
    let expected = [(utc(100), "new"), (utc(200), "open"), (utc(200), "closed successful")];
    assert_eq!(states("1"), expected.map(|(at, state)| (at, state.to_owned())));
    assert_eq!(states("2"), [(utc(100), "new".to_owned())]);
    assert_eq!(records["1"]["TicketNumber"], "2024060400000001");
}

#[test]
fn one_bad_id_does_not_cost_its_batch() {
    let mut znuny_server = Znuny::new((1..=4).map(|id| Ticket::new(id, id)).collect(), 5);
    znuny_server.forbidden = vec![3];
    let (_, server) = znuny_server.serve();
    let delivered = Place::new().fetch(&znuny(&server.url()), None).unwrap();
    assert_eq!((sorted(delivered.ids()), delivered.codes()), (vec!["1".into(), "2".into(), "4".into()], vec!["N010"]));
    assert!(delivered.until().is_some());
    // A code that does not say that the record is gone: it may come yet, the cursor stays before it.
    let mut options = znuny(&server.url());
    options["errors"]["gone"] = json!([]);
    let delivered = Place::new().fetch(&options, None).unwrap();
    assert_eq!((sorted(delivered.ids()), delivered.codes()), (vec!["1".into(), "2".into(), "4".into()], vec!["N010"]));
    assert_eq!(delivered.until(), None);
    assert!(delivered.fetching.findings[0].value.as_deref().unwrap().contains("TicketGet.AccessDenied"));
}

#[test]
fn nothing_is_an_empty_object() {
    let (_, server) = Znuny::new(Vec::new(), 5).serve();
    let delivered = Place::new().fetch(&znuny(&server.url()), None).unwrap();
    assert_eq!((delivered.documents.len(), delivered.fetching.cursor.is_none()), (0, true));
}

#[test]
fn a_session_that_ends_is_begun_anew() {
    let znuny_server = Arc::new(Znuny::new((1..=3).map(|id| Ticket::new(id, id)).collect(), 5));
    let shared = Arc::clone(&znuny_server);
    let server = Server::start(move |asked| {
        let reply = shared.answer(asked);
        if asked.path() == "/TicketGet" && asked.before == 0 {
            *shared.sessions.lock().unwrap() += 1;
        }
        reply
    });
    let delivered = Place::new().fetch(&znuny(&server.url()), None).unwrap();
    assert_eq!(sorted(delivered.ids()), all(1..=3));
    assert_eq!(server.asked().iter().filter(|asked| asked.ends_with("/Session")).count(), 2);
}

#[test]
fn failures_of_its_own_are_told() {
    let server = Server::start(|asked| match asked.path() {
        "/Session" => Reply::json(r#"{"SessionID":"1"}"#),
        _ => error("TicketSearch.ServerError", "no user 010190-12345"),
    });
    let finding = Place::new().fault(&znuny(&server.url()));
    assert_eq!(
        (finding.code, finding.value.as_deref()),
        ("N012", Some("TicketSearch.ServerError: no user ******-*****"))
    );
    assert!(finding.cell.unwrap().starts_with("POST http://127.0.0.1"));
}

#[test]
fn a_second_with_more_than_the_ceiling_is_told() {
    let (_, server) = Znuny::new((1..=9).map(|id| Ticket::new(id, 100)).collect(), 5).serve();
    let finding = Place::new().fault(&znuny(&server.url()));
    assert_eq!((finding.code, finding.expected.as_deref()), ("N016", Some("5")));
}

#[test]
fn what_changed_since_is_asked_in_the_systems_time() {
    let (znuny_server, server) = Znuny::new((1..=3).map(|id| Ticket::new(id, 36_000 + id)).collect(), 5).serve();
    let (place, mut options) = (Place::new(), znuny(&server.url()));
    for table in ["windows", "incremental", "history"] {
        options[table]["zone"] = json!("Europe/Riga");
    }
    let first = place.fetch(&options, None).unwrap();
    assert_eq!(first.until().as_deref(), Some("2024-06-04T07:00:03Z"));
    {
        let mut tickets = znuny_server.tickets.lock().unwrap();
        tickets[0] = tickets[0].clone().to(37_000, "open");
    }
    let second = place.fetch(&options, first.fetching.cursor.as_deref()).unwrap();
    assert_eq!(sorted(second.ids()), all(1..=3));
    let asked = server.log().into_iter().rev().find(|asked| asked.path() == "/TicketSearch").unwrap();
    assert!(asked.body.contains(r#""TicketLastChangeTimeNewerDate":"2024-06-04 09:58:03""#), "{}", asked.body);
    let third = place.fetch(&options, second.fetching.cursor.as_deref()).unwrap();
    assert_eq!(third.ids(), ["1"]);
}
