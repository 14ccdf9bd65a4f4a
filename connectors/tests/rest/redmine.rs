//! Redmine 5: `limit` is clamped without a word, the list knows no journals and, unless told otherwise, no closed
//! issues; `updated_on` counts its second, many issues share one; a page beyond the end is empty. A key that is not good
//! makes a stranger, who sees what is public.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::server::{Asked, Reply, Server};
use crate::support::{Place, preset, query, secret};

const STATUSES: [(u32, &str, bool); 4] =
    [(1, "Jauns", false), (2, "Izpildē", false), (3, "Gaida", false), (5, "Slēgts", true)];

#[derive(Debug, Clone)]
pub(crate) struct Issue {
    pub(crate) id: u32,
    /// Seconds of 4 June 2024.
    pub(crate) created: u32,
    pub(crate) updated: u32,
    pub(crate) status: u32,
    /// Second, old and new status.
    pub(crate) journals: Vec<(u32, u32, u32)>,
}

pub(crate) struct Redmine {
    pub(crate) issues: Mutex<Vec<Issue>>,
    /// What `limit` is clamped to.
    pub(crate) clamp: usize,
    /// Whether the time is told.
    pub(crate) tells_time: bool,
    pub(crate) second: Mutex<u32>,
}

pub(crate) fn time(second: u32) -> String {
    format!("2024-06-04T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

fn status(id: u32) -> Value {
    let (_, name, closed) = STATUSES.into_iter().find(|(known, ..)| *known == id).unwrap();
    json!({ "id": id, "name": name, "is_closed": closed })
}

impl Issue {
    pub(crate) fn new(id: u32, created: u32) -> Self {
        Self { id, created, updated: created, status: 1, journals: Vec::new() }
    }

    pub(crate) fn to(mut self, second: u32, status: u32) -> Self {
        self.journals.push((second, self.status, status));
        self.status = status;
        self.updated = second;
        self
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id, "project": { "id": 1, "name": "Pakalpojumi" }, "status": status(self.status),
            "created_on": time(self.created), "updated_on": time(self.updated), "estimated_hours": 1.5,
        })
    }

    fn journals(&self) -> Value {
        let details = |old: u32, new: u32| {
            json!([
                { "property": "attr", "name": "done_ratio", "old_value": "0", "new_value": "10" },
                { "property": "attr", "name": "status_id", "old_value": old.to_string(), "new_value": new.to_string() },
            ])
        };
        let journals = self.journals.iter().enumerate().map(|(index, (second, old, new))| {
            json!({
                "id": self.id * 100 + index as u32, "user": { "id": 7, "name": "Operators" }, "notes": "",
                "created_on": time(*second), "details": details(*old, *new),
            })
        });
        journals.collect()
    }
}

impl Redmine {
    pub(crate) fn new(issues: Vec<Issue>, clamp: usize) -> Arc<Self> {
        let second = issues.iter().map(|issue| issue.updated).max().unwrap_or(0);
        Arc::new(Self { issues: Mutex::new(issues), clamp, tells_time: false, second: Mutex::new(second) })
    }

    pub(crate) fn answer(&self, asked: &Asked) -> Reply {
        let known = asked.header("x-redmine-api-key") == Some("atslega");
        let reply = match asked.path() {
            // The only question that a stranger is refused: public projects are for everybody.
            "/users/current.json" if !known => return Reply::status(401),
            "/users/current.json" => Reply::json(json!({ "user": { "id": 7, "login": "vienkop" } }).to_string()),
            "/issues.json" => Reply::json(self.list(asked).to_string()),
            "/issue_statuses.json" => {
                let all: Vec<Value> = STATUSES.iter().map(|(id, ..)| status(*id)).collect();
                Reply::json(json!({ "issue_statuses": all }).to_string())
            }
            path => {
                let id = path.strip_prefix("/issues/").and_then(|rest| rest.strip_suffix(".json")?.parse().ok());
                let issues = self.issues.lock().unwrap();
                match issues.iter().find(|issue| Some(issue.id) == id) {
                    None => Reply::status(404),
                    Some(issue) => {
                        let mut json = issue.json();
                        if query(asked).get("include").is_some_and(|include| include == "journals") {
                            json["journals"] = issue.journals();
                        }
                        Reply::json(json!({ "issue": json }).to_string())
                    }
                }
            }
        };
        let second = *self.second.lock().unwrap();
        let date = format!("Tue, 04 Jun 2024 {:02}:{:02}:{:02} GMT", second / 3600, second / 60 % 60, second % 60);
        if self.tells_time { reply.with("Date", date) } else { reply }
    }

    fn list(&self, asked: &Asked) -> Value {
        let query = query(asked);
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
        let mut issues = self.issues.lock().unwrap().clone();
        if query.get("status_id").is_none_or(|status| status != "*") {
            issues.retain(|issue| issue.status != 5);
        }
        if let Some(since) = query.get("updated_on") {
            let since = since.strip_prefix(">=").unwrap();
            issues.retain(|issue| time(issue.updated).as_str() >= since);
        }
        match query.get("sort").map(String::as_str) {
            Some("updated_on,id" | "updated_on") => issues.sort_by_key(|issue| (issue.updated, issue.id)),
            Some("id") => issues.sort_by_key(|issue| issue.id),
            _ => issues.sort_by_key(|issue| std::cmp::Reverse(issue.id)),
        }
        let (offset, limit) = (number("offset").unwrap_or(0), number("limit").unwrap_or(25).min(self.clamp));
        let page: Vec<Value> = issues.iter().skip(offset).take(limit).map(Issue::json).collect();
        json!({ "issues": page, "total_count": issues.len(), "offset": offset, "limit": limit })
    }

    pub(crate) fn serve(self: &Arc<Self>) -> Server {
        let redmine = Arc::clone(self);
        Server::start(move |asked| redmine.answer(asked))
    }
}

/// What a source with the preset says.
pub(crate) fn redmine(url: &str) -> Value {
    let auth = json!({ "kind": "header", "name": "X-Redmine-API-Key", "secret": secret("atslega") });
    preset("redmine", url, json!({ "server": { "auth": auth } }))
}

#[test]
fn everything_comes_with_its_history() {
    let issues = vec![
        Issue::new(1, 100).to(200, 2).to(300, 5),
        Issue::new(2, 100),
        Issue::new(3, 300).to(300, 2),
        Issue::new(4, 300),
        Issue::new(5, 400),
    ];
    let redmine_server = Redmine::new(issues, 2);
    let server = redmine_server.serve();
    let place = Place::new();
    let delivered = place.fetch(&redmine(&server.url()), None).unwrap();
    assert_eq!(delivered.ids(), ["2", "1", "3", "4", "5"]);
    let names: Vec<&str> = delivered.documents.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["1", "2", "3", "4"].map(|number| format!("issues.json page {number}")));
    assert_eq!(delivered.codes(), Vec::<&str>::new());
    assert_eq!(delivered.until().as_deref(), Some("2024-06-04T00:06:40Z"));
    let history = &delivered.by_id()["1"]["history"];
    let expected = json!([
        { "id": "0", "at": time(100), "state": "Jauns", "from": null, "actor": null },
        { "id": "100", "at": time(200), "state": "Izpildē", "from": "Jauns", "actor": null },
        { "id": "101", "at": time(300), "state": "Slēgts", "from": "Izpildē", "actor": null },
    ]);
    assert_eq!(*history, expected);
    // What people wrote and who they are does not land.
    assert!(delivered.lines().iter().all(|line| !line.contains("Operators") && !line.contains("journals")));
    assert_eq!(delivered.by_id()["2"]["history"][0]["state"], "Jauns");
    // The list is asked for from the last record that came, not from what was asked for; the total ends it.
    let lists: Vec<String> = server.asked().into_iter().filter(|asked| asked.contains("/issues.json")).collect();
    let offsets: Vec<&str> =
        lists.iter().map(|asked| asked.split(['?', '&']).find(|p| p.starts_with("offset")).unwrap()).collect();
    assert_eq!(offsets, ["offset=0", "offset=1", "offset=2", "offset=3"]);
    assert!(!place.notes().exists());
}

#[test]
fn the_next_fetch_asks_for_what_has_changed() {
    let redmine_server = Redmine::new((1..=9).map(|id| Issue::new(id, id * 60)).collect(), 3);
    let server = redmine_server.serve();
    let (place, options) = (Place::new(), redmine(&server.url()));
    let first = place.fetch(&options, None).unwrap();
    assert_eq!(first.ids().len(), 9);
    {
        let mut issues = redmine_server.issues.lock().unwrap();
        issues[0] = issues[0].clone().to(1_000, 5);
        issues.push(Issue::new(10, 1_000));
        issues.push(Issue::new(11, 1_000));
    }
    let second = place.fetch(&options, first.fetching.cursor.as_deref()).unwrap();
    // Two minutes of overlap bring 7, 8 and 9 again.
    assert_eq!(second.ids(), ["7", "8", "9", "1", "10", "11"]);
    assert_eq!(second.until().as_deref(), Some("2024-06-04T00:16:40Z"));
    assert!(server.asked().iter().any(|asked| asked.contains("updated_on=%3E%3D2024-06-04T00%3A07%3A00Z")));
    let third = place.fetch(&options, second.fetching.cursor.as_deref()).unwrap();
    assert_eq!((third.ids(), third.until()), (vec!["1".into(), "10".into(), "11".into()], second.until()));
    // Something else is asked: from the beginning.
    let mut other = options.clone();
    other["request"]["query"]["project_id"] = json!("1");
    assert_eq!(place.fetch(&other, second.fetching.cursor.as_deref()).unwrap().ids().len(), 11);
}

#[test]
fn a_record_that_goes_between_list_and_journals_is_left_out() {
    let redmine_server = Redmine::new((1..=3).map(|id| Issue::new(id, 60)).collect(), 100);
    let shared = Arc::clone(&redmine_server);
    let server = Server::start(move |asked| {
        let reply = shared.answer(asked);
        if asked.path() == "/issues.json" {
            shared.issues.lock().unwrap().retain(|issue| issue.id != 2);
        }
        reply
    });
    let delivered = Place::new().fetch(&redmine(&server.url()), None).unwrap();
    assert_eq!((delivered.ids(), delivered.codes()), (vec!["1".to_owned(), "3".to_owned()], vec!["N010"]));
    let finding = &delivered.fetching.findings[0];
    assert_eq!((finding.record_key.as_deref(), finding.severity), (Some("2"), "warning"));
    assert!(delivered.until().is_some());
}

#[test]
fn a_bad_key_and_a_status_that_the_list_lacks() {
    let redmine_server = Redmine::new(vec![Issue::new(1, 60).to(70, 2)], 100);
    let shared = Arc::clone(&redmine_server);
    let server = Server::start(move |asked| {
        if asked.path() == "/issue_statuses.json" {
            return Reply::json(r#"{"issue_statuses":[{"id":1,"name":"Jauns"}]}"#);
        }
        shared.answer(asked)
    });
    let mut options = redmine(&server.url());
    let delivered = Place::new().fetch(&options, None).unwrap();
    // The log then ends with another word than the record.
    assert_eq!(delivered.codes(), ["N017", "N015"]);
    assert_eq!(delivered.by_id()["1"]["history"][1]["state"], "2");
    options["server"]["auth"]["name"] = json!("X-Other");
    let finding = Place::new().fault(&options);
    assert_eq!(finding.code, "N003");
    assert!(finding.cell.as_deref().unwrap().ends_with("users/current.json"), "{finding:?}");
}
