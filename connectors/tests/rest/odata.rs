//! Services that speak OData: those that page by themselves, those that page as they are asked to, those that cut an
//! answer short, and those that count and page in the words of older versions.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::server::{Asked, Reply, Server};
use crate::support::{Place, conversation, preset, query};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Paging {
    /// By links with a token that says after which key the next page begins.
    Links,
    /// Only by `$skip`.
    Skip,
    /// An answer is cut short and nothing helps.
    Short,
}

struct Service {
    /// Ids and seconds of 4 June 2024.
    records: Mutex<Vec<(u32, u32)>>,
    size: usize,
    paging: Paging,
}

fn time(second: u32) -> String {
    format!("2024-06-04T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

impl Service {
    fn new(records: u32, size: usize, paging: Paging) -> Self {
        Self { records: Mutex::new((1..=records).map(|id| (id, 60 * id)).collect()), size, paging }
    }

    fn answer(&self, asked: &Asked) -> Reply {
        assert_eq!(asked.path(), "/odata/Pieteikumi");
        let query = query(asked);
        let number = |name: &str| query.get(name).map(|text| text.parse::<usize>().unwrap());
        let wanted = asked.header("prefer").and_then(|prefer| prefer.strip_prefix("odata.maxpagesize=")?.parse().ok());
        let size = self.size.min(wanted.unwrap_or(usize::MAX)).min(number("$top").unwrap_or(usize::MAX));
        let since = query.get("$filter").map(|filter| filter.strip_prefix("Mainits ge ").unwrap().to_owned());
        let records = self.records.lock().unwrap().clone();
        let all: Vec<(u32, u32)> =
            records.into_iter().filter(|(_, at)| since.as_ref().is_none_or(|since| time(*at) >= *since)).collect();
        let after = query.get("$skiptoken").map_or(0, |token| token.parse().unwrap());
        let skip = number("$skip").filter(|_| self.paging == Paging::Skip).unwrap_or(0);
        let page: Vec<(u32, u32)> = all.iter().filter(|(id, _)| *id > after).skip(skip).take(size).copied().collect();
        let values: Vec<Value> = page.iter().map(|(id, at)| json!({ "id": id, "Mainits": time(*at) })).collect();
        let mut answer = json!({ "@odata.context": "$metadata#Pieteikumi", "value": values });
        if query.get("$count").is_some_and(|count| count == "true") {
            answer["@odata.count"] = json!(all.len());
        }
        let more = page.last().is_some_and(|(last, _)| all.iter().any(|(id, _)| id > last));
        if self.paging == Paging::Links && more {
            // As seen from the page that the link stands on.
            let filter = query.get("$filter").map(|filter| format!("&$filter={filter}")).unwrap_or_default();
            let last = page[page.len() - 1].0;
            answer["@odata.nextLink"] = json!(format!("Pieteikumi?$count=true{filter}&$skiptoken={last}"));
        }
        Reply::json(answer.to_string())
    }

    fn serve(self) -> (Arc<Self>, Server) {
        let shared = Arc::new(self);
        let behind = Arc::clone(&shared);
        (shared, Server::start(move |asked| behind.answer(asked)))
    }
}

fn odata(server: &Server) -> Value {
    let own = json!({ "request": { "path": "Pieteikumi", "id": "id", "query": { "$orderby": "id" } } });
    preset("odata", &format!("{}odata/", server.url()), own)
}

fn ids(range: std::ops::RangeInclusive<u32>) -> Vec<String> {
    range.map(|id| id.to_string()).collect()
}

#[test]
fn by_the_links_of_a_service_that_pages_by_itself() {
    let (_, server) = Service::new(8, 3, Paging::Links).serve();
    let delivered = Place::new().fetch(&odata(&server), None).unwrap();
    assert_eq!(delivered.ids(), ids(1..=8));
    let asked = server.asked();
    assert_eq!(asked[0], "GET /odata/Pieteikumi?%24count=true&%24orderby=id");
    assert_eq!(
        asked[1..],
        ["GET /odata/Pieteikumi?$count=true&$skiptoken=3", "GET /odata/Pieteikumi?$count=true&$skiptoken=6"]
    );
    assert_eq!(server.log()[0].header("prefer"), Some("odata.maxpagesize=500"));
}

#[test]
fn by_skip_where_only_the_count_says_that_there_is_more() {
    let (_, server) = Service::new(8, 3, Paging::Skip).serve();
    assert_eq!(Place::new().fetch(&odata(&server), None).unwrap().ids(), ids(1..=8));
    let skips: Vec<bool> = server.asked().iter().map(|asked| asked.contains("%24skip=")).collect();
    assert_eq!(skips, [false, true, true]);
    // With as many as the source asks for.
    let (_, server) = Service::new(8, 100, Paging::Skip).serve();
    let mut options = odata(&server);
    options["request"]["query"]["$top"] = json!(5);
    assert_eq!(Place::new().fetch(&options, None).unwrap().ids(), ids(1..=8));
    assert!(server.asked()[1].ends_with("%24top=5&%24skip=5"), "{:?}", server.asked());
}

#[test]
fn a_record_goes_between_two_pages() {
    let (service, server) = Service::new(8, 3, Paging::Skip).serve();
    let behind = Arc::clone(&service);
    let changing = Server::start(move |asked| {
        let reply = behind.answer(asked);
        if !asked.target.contains("skip") && asked.before == 0 {
            // What stood on the second page moves to the first, which was read.
            behind.records.lock().unwrap().retain(|(id, _)| *id != 2);
        }
        reply
    });
    drop(server);
    let delivered = Place::new().fetch(&odata(&changing), None).unwrap();
    let mut found = delivered.by_id().into_keys().collect::<Vec<_>>();
    found.sort();
    assert_eq!(found, ids(1..=8));
}

#[test]
fn an_answer_that_is_cut_short_is_no_delivery() {
    let (_, server) = Service::new(8, 3, Paging::Short).serve();
    // The same page again and again.
    assert_eq!(Place::new().fault(&odata(&server)).code, "N007");
    let server = Server::start(|asked| {
        let rest: &[u32] = if asked.target.contains("skip") { &[] } else { &[1, 2, 3] };
        let values: Vec<Value> = rest.iter().map(|id| json!({ "id": id })).collect();
        Reply::json(json!({ "value": values, "@odata.count": 8 }).to_string())
    });
    let finding = Place::new().fault(&odata(&server));
    assert_eq!((finding.code, finding.value.as_deref(), finding.expected.as_deref()), ("N011", Some("3"), Some("8")));
}

#[test]
fn failures_with_another_status_and_with_200() {
    let server = Server::start(|_| Reply::text(501, r#"{"error":{"code":"501","message":"$count"}}"#));
    let finding = Place::new().fault(&odata(&server));
    assert!(finding.code == "N005" && finding.value.as_ref().unwrap().contains("$count"), "{finding:?}");
    let server = Server::start(|asked| {
        if asked.target.contains("count") {
            let body = br#"{"error":{"code":"","message":"The query option '$count' is not allowed."}}"#;
            return Reply::json("").body(body).with("OData-Version", "4.0");
        }
        Reply::json(r#"{"value":[{"id":1}]}"#)
    });
    let finding = Place::new().fault(&odata(&server));
    assert_eq!(finding.code, "N012");
    assert_eq!(finding.value.as_deref(), Some("The query option '$count' is not allowed."));
    // A source that does without.
    let mut options = odata(&server);
    options["request"]["query"].as_object_mut().unwrap().remove("$count");
    assert_eq!(Place::new().fetch(&options, None).unwrap().ids(), ["1"]);
}

#[test]
fn only_what_has_changed() {
    let (service, server) = Service::new(4, 3, Paging::Links).serve();
    let mut options = odata(&server);
    options["incremental"] = json!({ "parameter": "$filter", "value": "Mainits ge {since}", "field": "Mainits" });
    let place = Place::new();
    let first = place.fetch(&options, None).unwrap();
    assert_eq!(first.until().as_deref(), Some("2024-06-04T00:04:00Z"));
    service.records.lock().unwrap()[0].1 = 500;
    let second = place.fetch(&options, first.fetching.cursor.as_deref()).unwrap();
    assert_eq!(second.ids(), ["1", "2", "3", "4"].map(str::to_owned));
    let last = server.asked().pop().unwrap();
    assert!(
        server.asked().iter().any(|asked| asked.contains("%24filter=Mainits+ge+2024-06-04T00%3A02%3A00Z")),
        "{last}"
    );
}

#[test]
fn older_versions() {
    let server = Server::start(|asked| {
        let second = asked.target.contains("skip");
        let (ids, mut d) = (if second { 4..=5 } else { 1..=3 }, json!({ "__count": "5" }));
        d["results"] = ids.map(|id| json!({ "id": id, "Mainits": "/Date(1717459200000)/" })).collect();
        Reply::json(json!({ "d": d }).to_string())
    });
    let mut options = odata(&server);
    options["request"]["records"] = json!("/d/results");
    assert_eq!(Place::new().fetch(&options, None).unwrap().ids(), ids(1..=5));
}

/// What a conversation with such a service looks like when it is recorded.
#[test]
fn a_recorded_conversation() {
    let server = Server::start(|_| Reply::status(500));
    let mut options = odata(&server);
    options["server"]["url"] = json!("https://dati.agentura.example/odata/");
    options["recorded"] = conversation("odata");
    options["incremental"] = json!({ "parameter": "$filter", "value": "Mainits ge {since}", "field": "Mainits" });
    let place = Place::new();
    let first = place.fetch(&options, None).unwrap();
    assert_eq!((first.ids(), first.until().as_deref()), (ids(1..=5), Some("2024-06-04T09:30:00Z")));
    let second = place.fetch(&options, first.fetching.cursor.as_deref()).unwrap();
    assert_eq!(
        (second.ids(), second.until()),
        (vec!["2".to_owned(), "5".to_owned()], Some("2024-06-05T08:00:00Z".into()))
    );
    assert_eq!(server.asked(), [""; 0]);
}
