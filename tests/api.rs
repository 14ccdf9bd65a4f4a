//! A new paged API, connected by a source's file alone: the one that CONTRIBUTING shows.

use std::fs;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::http::{Asked, Reply, Server};
use crate::support::{Project, Ran, assert_conservation, checkout, count, source};

/// An application: number, change time, and its log.
type Application = (&'static str, &'static str, Vec<(&'static str, &'static str)>);

/// The system that the example is about. It gives two records a page, whatever is asked for.
struct System {
    applications: Mutex<Vec<Application>>,
}

impl System {
    fn answer(&self, asked: &Asked) -> Reply {
        if asked.header("authorization") != Some("Bearer atslega") {
            return Reply::status(401);
        }
        let applications = self.applications.lock().unwrap();
        if let Some(number) = asked.path().strip_prefix("/api/v2/applications/").and_then(|p| p.strip_suffix("/events"))
        {
            let Some((.., log)) = applications.iter().find(|(known, ..)| *known == number) else {
                return Reply::status(404);
            };
            let events: Vec<Value> = log
                .iter()
                .enumerate()
                .map(|(n, (state, at))| json!({ "id": format!("{number}/{n}"), "status": state, "time": at }))
                .collect();
            return Reply::json(json!({ "events": events }).to_string());
        }
        let parameter = |name: &str| {
            let query = asked.target.split_once('?').map_or("", |(_, query)| query);
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(known, _)| *known == name).map(|(_, value)| value.replace("%3A", ":"))
        };
        assert_eq!((asked.path(), parameter("sort").as_deref()), ("/api/v2/applications", Some("changed_at")));
        assert_eq!(parameter("per_page").as_deref(), Some("200"));
        let since = parameter("changed_since").unwrap_or_default();
        let mut found: Vec<&Application> =
            applications.iter().filter(|(_, changed, _)| *changed >= since.as_str()).collect();
        found.sort_by_key(|(number, changed, _)| (*changed, *number));
        let page: usize = parameter("page").unwrap().parse().unwrap();
        let data: Vec<Value> = found
            .iter()
            .skip((page - 1) * 2)
            .take(2)
            .map(|(number, changed, _)| {
                json!({ "number": number, "changed_at": changed, "via": "web", "service": { "code": "P-1" } })
            })
            .collect();
        Reply::json(json!({ "data": data, "total": found.len() }).to_string())
    }
}

fn run(project: &Project, key: &str) -> Ran {
    let mut command = project.command(&["run", "--json", "--as-of", "2024-07-08"]);
    Ran::of(&command.env("PIETEIKUMU_SISTEMAS_ATSLEGA", key).output().unwrap())
}

#[test]
fn the_example_of_an_api_needs_no_code() {
    let system = Arc::new(System {
        applications: Mutex::new(vec![
            (
                "24-1",
                "2024-06-03T09:00:00Z",
                vec![("received", "2024-06-03T08:00:00Z"), ("work", "2024-06-03T09:00:00Z")],
            ),
            ("24-2", "2024-06-04T07:30:00Z", vec![("received", "2024-06-04T07:30:00Z")]),
            (
                "24-3",
                "2024-06-05T12:00:00Z",
                vec![("received", "2024-06-04T10:00:00Z"), ("closed", "2024-06-05T12:00:00Z")],
            ),
        ]),
    });
    let behind = Arc::clone(&system);
    let server = Server::start(move |asked| behind.answer(asked));
    let text = fs::read_to_string(checkout().join("CONTRIBUTING.md")).unwrap();
    let example = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(example.starts_with("# config/sources/pieteikumu-sistema.toml\n"));
    let here = example.replace("https://pieteikumi.agentura.example/", &server.url());
    assert_ne!(here, example);
    let project = Project::new();
    project.services("pakalpojumi", "code;name;description\nP-1;Izziņa;Izziņas izsniegšana\n");
    project.file("config/sources/pieteikumu-sistema.toml", here).pipeline(&["pakalpojumi", "pieteikumu-sistema"]);

    let refused = run(&project, "cita-atslega").ends(1).json();
    let error = source(&refused, "pieteikumu-sistema")["error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("N003") && !error.contains("cita-atslega"), "{error}");

    let first = run(&project, "atslega").ends(0).json();
    assert_conservation(&first);
    let counts = |outcome: &Value, entity: &str| {
        ["inserted", "changed", "quarantined"].map(|what| count(outcome, "pieteikumu-sistema", entity, what))
    };
    assert_eq!((counts(&first, "service_request"), counts(&first, "status_event")), ([3, 0, 0], [5, 0, 0]));

    {
        let mut applications = system.applications.lock().unwrap();
        applications[1].1 = "2024-06-06T10:00:00Z";
        applications[1].2.push(("closed", "2024-06-06T10:00:00Z"));
        applications.push(("24-4", "2024-06-06T11:00:00Z", vec![("received", "2024-06-06T11:00:00Z")]));
    }
    let second = run(&project, "atslega").ends(0).json();
    // The last one of the first fetch again: two minutes of overlap.
    assert_eq!(source(&second, "pieteikumu-sistema")["records"]["service_request"]["mapped"], 3);
    assert_eq!((counts(&second, "service_request"), counts(&second, "status_event")), ([1, 0, 0], [2, 0, 0]));
    assert!(server.asked().iter().any(|asked| asked.contains("changed_since=2024-06-05T11%3A58%3A00Z")));
}
