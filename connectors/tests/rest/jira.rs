//! Jira. Data Center: `maxResults` is clamped without a word, a search gives its first records only. Cloud: pages by
//! token, no total, ids alone unless fields are named, no search without limits, changes in pages of their own. Both:
//! moments of JQL are the account's local time, to the minute. A bad token makes a stranger in Cloud, who finds nothing.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::server::{Asked, Reply, Server};
use crate::support::{Delivered, Place, conversation, preset, query, secret};

#[derive(Debug, Clone)]
pub(crate) struct Issue {
    id: u32,
    /// Seconds of 4 June 2024, UTC.
    created: u32,
    pub(crate) updated: u32,
    states: Vec<(u32, &'static str)>,
}

pub(crate) struct Jira {
    pub(crate) issues: Mutex<Vec<Issue>>,
    /// What `maxResults` is clamped to.
    clamp: usize,
    /// How many issues of a search can be had (Data Center).
    most: usize,
    /// Time zone in the account's profile.
    zone: &'static str,
}

const MIDNIGHT: &str = "2024-06-04T00:00:00Z";

fn moment(second: u32) -> Timestamp {
    let midnight: Timestamp = MIDNIGHT.parse().unwrap();
    midnight + jiff::SignedDuration::from_secs(i64::from(second))
}

impl Issue {
    pub(crate) fn new(id: u32, created: u32) -> Self {
        Self { id, created, updated: created, states: vec![(created, "To Do")] }
    }

    pub(crate) fn to(mut self, second: u32, state: &'static str) -> Self {
        self.states.push((second, state));
        self.updated = second;
        self
    }

    fn key(&self) -> String {
        format!("PAK-{}", self.id)
    }

    /// The fields that were asked for, and nothing else.
    fn json(&self, fields: &str, zone: &str) -> Value {
        let all = json!({
            "summary": "Jānis Paraugs, 010190-12345", "reporter": { "displayName": "Jānis Paraugs" },
            "status": { "name": self.states.last().unwrap().1 }, "duedate": null,
            "created": told(self.created, zone), "updated": told(self.updated, zone),
        });
        let named = |name: &&str| fields == "*all" || fields.split(',').any(|field| field == *name);
        let fields: serde_json::Map<String, Value> = ["summary", "reporter", "status", "duedate", "created", "updated"]
            .into_iter()
            .filter(named)
            .map(|name| (name.to_owned(), all[name].clone()))
            .collect();
        json!({ "id": self.id.to_string(), "key": self.key(), "fields": fields })
    }

    fn changes(&self, zone: &str) -> Vec<Value> {
        let pairs = self.states.windows(2).enumerate();
        pairs
            .map(|(index, pair)| {
                json!({
                    "id": (self.id * 100 + index as u32).to_string(), "author": { "displayName": "Anna Zariņa" },
                    "created": told(pair[1].0, zone),
                    "items": [
                        { "field": "assignee", "fieldtype": "jira", "fromString": null, "toString": "Anna Zariņa" },
                        { "field": "status", "fieldtype": "custom", "fromString": "a", "toString": "b" },
                        { "field": "status", "fieldtype": "jira", "fromString": pair[0].1, "toString": pair[1].1 },
                    ],
                })
            })
            .collect()
    }
}

/// As Jira writes moments: `2024-06-04T13:05:06.000+0300`.
fn told(second: u32, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap();
    moment(second).to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S.000%z").to_string()
}

fn refused(said: &str) -> Reply {
    Reply::text(400, &json!({ "errorMessages": [said], "errors": {} }).to_string())
}

impl Jira {
    pub(crate) fn new(issues: Vec<Issue>, clamp: usize) -> Self {
        Self { issues: Mutex::new(issues), clamp, most: 10_000, zone: "Europe/Riga" }
    }

    fn serve(self) -> (Arc<Self>, Server) {
        let jira = Arc::new(self);
        let shared = Arc::clone(&jira);
        (jira, Server::start(move |asked| shared.answer(asked)))
    }

    pub(crate) fn answer(&self, asked: &Asked) -> Reply {
        let authorized = ["Bearer zetons", "Basic dmllbmtvcEBhZ2VudHVyYS5leGFtcGxlOnpldG9ucw=="];
        let known = asked.header("authorization").is_some_and(|told| authorized.contains(&told));
        match asked.path() {
            "/rest/api/2/myself" | "/rest/api/3/myself" if known => return Reply::json(r#"{"name":"vienkop"}"#),
            // Whoever is not known sees what is for everybody: here, nothing.
            "/rest/api/3/search/jql" if !known => return Reply::json(r#"{"issues":[],"isLast":true}"#),
            _ if !known => return Reply::text(401, "Client must be authenticated to access this resource."),
            _ => {}
        }
        let query = query(asked);
        let text = |name: &str| query.get(name).map(String::as_str);
        let number = |name: &str| text(name).and_then(|text| text.parse::<usize>().ok());
        let size = number("maxResults").unwrap_or(50).min(self.clamp);
        let child = asked.path().strip_prefix("/rest/api/3/issue/").and_then(|rest| rest.strip_suffix("/changelog"));
        if let Some(id) = child {
            let issues = self.issues.lock().unwrap();
            let Some(issue) = issues.iter().find(|issue| issue.id.to_string() == id) else { return Reply::status(404) };
            let (changes, from) = (issue.changes(self.zone), number("startAt").unwrap_or(0));
            let page: Vec<&Value> = changes.iter().skip(from).take(size).collect();
            let is_last = from + page.len() >= changes.len();
            let page = json!({ "startAt": from, "maxResults": size, "total": changes.len(), "isLast": is_last, "values": page });
            return Reply::json(page.to_string());
        }
        let found = match self.search(text("jql").unwrap_or_default()) {
            Ok(found) => found,
            Err(said) => return refused(&said),
        };
        match asked.path() {
            "/rest/api/2/search" => {
                let from = number("startAt").unwrap_or(0);
                if from + size > self.most.max(size) {
                    return refused("Search limit exceeded.");
                }
                let issues: Vec<Value> = found
                    .iter()
                    .skip(from)
                    .take(size)
                    .map(|issue| {
                        let mut json = issue.json(text("fields").unwrap_or("*all"), self.zone);
                        if text("expand") == Some("changelog") {
                            let changes = issue.changes(self.zone);
                            let count = changes.len();
                            json["changelog"] =
                                json!({ "startAt": 0, "maxResults": count, "total": count, "histories": changes });
                        }
                        json
                    })
                    .collect();
                let page = json!({ "startAt": from, "maxResults": size, "total": found.len(), "issues": issues });
                Reply::json(page.to_string())
            }
            "/rest/api/3/search/jql" => {
                let from = match text("nextPageToken") {
                    None => 0,
                    Some(token) => match token.strip_prefix("zeton:").and_then(|from| from.parse::<usize>().ok()) {
                        Some(from) => from,
                        None => return refused("The provided next page token is invalid or expired."),
                    },
                };
                let issues = found.iter().skip(from).take(size);
                let issues: Vec<Value> = match text("fields") {
                    None => issues.map(|issue| json!({ "id": issue.id.to_string() })).collect(),
                    Some(fields) => issues.map(|issue| issue.json(fields, self.zone)).collect(),
                };
                let next = from + issues.len();
                let mut page = json!({ "issues": issues, "isLast": next >= found.len() });
                if next < found.len() {
                    page["nextPageToken"] = json!(format!("zeton:{next}"));
                }
                Reply::json(page.to_string())
            }
            _ => Reply::status(404),
        }
    }

    /// What a JQL of the one form that the presets use finds.
    fn search(&self, jql: &str) -> Result<Vec<Issue>, String> {
        let (limits, order) = jql.split_once(" ORDER BY ").ok_or("no order")?;
        if order != "updated ASC, key ASC" {
            return Err(format!("order by {order}"));
        }
        let zone = TimeZone::get(self.zone).unwrap();
        let mut issues = self.issues.lock().unwrap().clone();
        for limit in limits.split(" AND ") {
            let (comparison, written) = limit.trim_end_matches('"').split_once(" \"").ok_or(limit)?;
            let local =
                jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M", written).map_err(|error| error.to_string())?;
            let at = zone.to_timestamp(local).unwrap();
            match comparison {
                "updated >=" => issues.retain(|issue| moment(issue.updated) >= at),
                "updated <=" => issues.retain(|issue| moment(issue.updated) <= at),
                other => return Err(format!("Unbounded JQL queries are not allowed: {other}")),
            }
        }
        issues.sort_by_key(|issue| (issue.updated, issue.id));
        Ok(issues)
    }
}

/// What a source with the preset for Data Center says.
pub(crate) fn data_center(url: &str) -> Value {
    preset("jira-dc", url, json!({ "server": { "auth": { "secret": secret("zetons") } } }))
}

/// What a source with the preset for Cloud says.
pub(crate) fn cloud(url: &str) -> Value {
    let auth = json!({ "kind": "basic", "user": "vienkop@agentura.example", "password": secret("zetons") });
    preset("jira-cloud", url, json!({ "server": { "auth": auth } }))
}

fn ids(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    numbers.into_iter().map(|id| id.to_string()).collect()
}

fn sorted(delivered: &Delivered) -> Vec<String> {
    let mut ids: Vec<u32> = delivered.ids().iter().map(|id| id.parse().unwrap()).collect();
    ids.sort_unstable();
    self::ids(ids)
}

fn states(record: &Value) -> Vec<(&str, &str, &str)> {
    let text = |state: &Value, name: &str| -> &'static str { state[name].as_str().unwrap().to_owned().leak() };
    record["history"].as_array().unwrap().iter().map(|s| (text(s, "id"), text(s, "at"), text(s, "state"))).collect()
}

fn issues() -> Vec<Issue> {
    vec![
        Issue::new(1, 100).to(7_000, "In Progress").to(7_200, "Waiting for customer").to(9_000, "Done"),
        Issue::new(2, 100),
        Issue::new(3, 300).to(300, "In Progress"),
        Issue::new(4, 400)
            .to(500, "In Progress")
            .to(600, "To Do")
            .to(700, "In Progress")
            .to(800, "Done")
            .to(900, "To Do"),
        Issue::new(5, 500),
    ]
}

#[test]
fn everything_comes_with_its_history_and_without_persons() {
    for options in [data_center as fn(&str) -> Value, cloud] {
        let (_, server) = Jira::new(issues(), 2).serve();
        let delivered = Place::new().fetch(&options(&server.url()), None).unwrap();
        assert_eq!((delivered.ids(), delivered.codes()), (ids([2, 3, 5, 4, 1]), vec![]));
        assert_eq!(delivered.until().as_deref(), Some("2024-06-04T02:30:00Z"));
        let records = delivered.by_id();
        let expected = [
            ("0", "2024-06-04T03:01:40.000+0300", "To Do"),
            ("100", "2024-06-04T04:56:40.000+0300", "In Progress"),
            ("101", "2024-06-04T05:00:00.000+0300", "Waiting for customer"),
            ("102", "2024-06-04T05:30:00.000+0300", "Done"),
        ];
        assert_eq!(states(&records["1"]), expected);
        assert_eq!(states(&records["2"]), expected[..1]);
        assert_eq!(states(&records["4"]).len(), 6);
        let fields: Vec<&String> = records["1"]["fields"].as_object().unwrap().keys().collect();
        assert_eq!(fields, ["created", "duedate", "status", "updated"]);
        assert!(delivered.lines().iter().all(|line| !line.contains("Zariņa") && !line.contains("Paraugs")));
    }
}

#[test]
fn more_than_a_search_gives_comes_in_windows() {
    let mut jira = Jira::new((1..=35).map(|id| Issue::new(id, id * 600)).collect(), 4);
    jira.most = 10;
    let (_, server) = jira.serve();
    let mut options = data_center(&server.url());
    options["windows"]["most"] = json!(10);
    let delivered = Place::new().fetch(&options, None).unwrap();
    assert_eq!((sorted(&delivered), delivered.codes()), (ids(1..=35), vec![]));
    delivered.by_id();
    assert_eq!(delivered.until().as_deref(), Some("2024-06-04T05:50:00Z"));
    // Without windows the search limit is met, and told in the system's words.
    options.as_object_mut().unwrap().remove("windows");
    options["request"]["query"]["jql"] = json!("updated >= \"{since|1970-01-01 00:00}\" ORDER BY updated ASC, key ASC");
    options["incremental"]["format"] = json!("%Y-%m-%d %H:%M");
    let finding = Place::new().fault(&options);
    assert!(finding.value.as_deref().unwrap().contains("Search limit exceeded"), "{finding:?}");
}

#[test]
fn a_minute_with_more_than_a_search_gives_is_told() {
    let (_, server) = Jira::new((1..=12).map(|id| Issue::new(id, 600 + id)).collect(), 4).serve();
    let mut options = data_center(&server.url());
    options["windows"]["most"] = json!(10);
    assert_eq!(Place::new().fault(&options).code, "N016");
}

#[test]
fn what_has_changed_is_asked_for_to_the_minute() {
    for (options, path) in [(data_center as fn(&str) -> Value, "/rest/api/2/search"), (cloud, "/rest/api/3/search/jql")]
    {
        let late: Vec<Issue> = (1..=6).map(|id| Issue::new(id, 36_000 + id * 7)).collect();
        let (jira, server) = Jira::new(late, 100).serve();
        let place = Place::new();
        let mut options = options(&server.url());
        options["incremental"]["overlap"] = json!("0s");
        let first = place.fetch(&options, None).unwrap();
        assert_eq!(first.until().as_deref(), Some("2024-06-04T10:00:42Z"));
        {
            let mut issues = jira.issues.lock().unwrap();
            issues[0] = issues[0].clone().to(36_043, "Done");
            issues.retain(|issue| issue.id != 6);
        }
        let second = place.fetch(&options, first.fetching.cursor.as_deref()).unwrap();
        // All of that minute: 13:00 in Riga.
        assert_eq!(second.ids(), ids([2, 3, 4, 5, 1]));
        let asked = server.log().into_iter().rev().find(|asked| asked.path() == path).unwrap();
        assert!(query(&asked)["jql"].starts_with("updated >= \"2024-06-04 13:00\""), "{}", asked.target);
        assert_eq!(second.until().as_deref(), Some("2024-06-04T10:00:43Z"));
    }
}

#[test]
fn an_account_in_another_time_zone_loses_nothing() {
    for options in [data_center as fn(&str) -> Value, cloud] {
        for zone in ["UTC", "Pacific/Auckland", "America/Los_Angeles"] {
            let mut jira = Jira::new((1..=6).map(|id| Issue::new(id, 36_000 + id * 7)).collect(), 4);
            jira.zone = zone;
            let (jira, server) = jira.serve();
            let (place, options) = (Place::new(), options(&server.url()));
            let first = place.fetch(&options, None).unwrap();
            assert_eq!(first.ids().len(), 6);
            {
                let mut issues = jira.issues.lock().unwrap();
                issues[2] = issues[2].clone().to(36_100, "Done");
            }
            let second = place.fetch(&options, first.fetching.cursor.as_deref()).unwrap();
            assert!(second.ids().contains(&"3".to_owned()), "{zone}: {:?}", second.ids());
            assert_eq!(states(&second.by_id()["3"]).len(), 2);
        }
    }
}

#[test]
fn issues_that_change_between_pages_come_whole() {
    for (options, path) in [(data_center as fn(&str) -> Value, "/rest/api/2/search"), (cloud, "/rest/api/3/search/jql")]
    {
        let jira = Arc::new(Jira::new((1..=9).map(|id| Issue::new(id, id * 60)).collect(), 3));
        let shared = Arc::clone(&jira);
        let server = Server::start(move |asked| {
            let reply = shared.answer(asked);
            let mut issues = shared.issues.lock().unwrap();
            // After the first page its second issue moves to the end, and those behind it move up by one.
            if asked.path() == path && issues[1].states.len() == 1 {
                issues[1] = issues[1].clone().to(5_000, "In Progress");
            }
            reply
        });
        let place = Place::new();
        let options = options(&server.url());
        let first = place.fetch(&options, None).unwrap();
        let mut held = std::collections::BTreeMap::new();
        let second = place.fetch(&options, first.fetching.cursor.as_deref()).unwrap();
        for record in first.records().into_iter().chain(second.records()) {
            held.insert(record["id"].as_str().unwrap().to_owned(), record);
        }
        assert_eq!(held.len(), 9);
        assert_eq!(states(&held["2"]).len(), 2);
    }
}

#[test]
fn a_bad_token_and_a_bad_search_are_told() {
    for options in [data_center as fn(&str) -> Value, cloud] {
        let (_, server) = Jira::new(issues(), 2).serve();
        let good = options(&server.url());
        let mut bad = good.clone();
        bad["server"]["auth"] = json!({ "kind": "bearer", "secret": secret("cits") });
        let finding = Place::new().fault(&bad);
        assert_eq!(finding.code, "N003");
        assert!(finding.cell.as_deref().unwrap().ends_with("/myself"), "{finding:?}");
        let mut bad = good;
        bad["request"]["query"]["jql"] = json!(
            "project = X AND updated >= \"{since|1970-01-01 00:00}\" AND updated <= \"{until|2199-12-31 23:59}\" ORDER BY updated ASC, key ASC"
        );
        bad["windows"] = json!({ "most": 100, "format": "%Y-%m-%d %H:%M" });
        let finding = Place::new().fault(&bad);
        assert_eq!(finding.code, "N005");
        assert!(finding.value.as_deref().unwrap().contains("project = X"), "{finding:?}");
    }
}

#[test]
fn a_recorded_conversation_with_cloud() {
    let mut options = cloud("https://agentura-paraugs.atlassian.net/");
    options["recorded"] = conversation("jira-cloud");
    let place = Place::new();
    let first = place.fetch(&options, None).unwrap();
    assert_eq!((first.ids(), first.codes()), (ids([10101, 10102, 10103]), vec![]));
    assert_eq!(first.until().as_deref(), Some("2024-06-03T07:45:00Z"));
    let records = first.by_id();
    let expected = [
        ("0", "2024-05-20T09:15:00.000+0300", "To Do"),
        ("101010", "2024-05-20T13:40:00.000+0300", "In Progress"),
        ("101011", "2024-05-24T10:05:00.000+0300", "Done"),
    ];
    assert_eq!(states(&records["10101"]), expected);
    assert!(first.lines().iter().all(|line| !line.contains("Paraudziņa")));
    let second = place.fetch(&options, first.fetching.cursor.as_deref()).unwrap();
    assert_eq!((second.ids(), second.codes()), (ids([10103]), vec![]));
}
