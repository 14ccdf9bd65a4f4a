//! Ways of paging besides that of Redmine, and lists that go round in circles.

use serde_json::{Value, json};

use crate::server::{Asked, Reply, Server};
use crate::support::{Delivered, Place, options, query, text};

fn list(url: &str, paging: Value) -> Value {
    options(url, json!({ "request": { "path": "api/items", "records": "/items", "id": "id" }, "paging": paging }))
}

fn items(range: std::ops::Range<u64>) -> Value {
    range.map(|id| json!({ "id": id, "cena": format!("{id}.10") })).collect()
}

fn number(asked: &Asked, name: &str) -> Option<u64> {
    query(asked).get(name).and_then(|text| text.parse().ok())
}

fn check(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static, paging: &Value, count: u64) -> Vec<String> {
    let server = Server::start(handler);
    let delivered = Place::new().fetch(&list(&server.url(), paging.clone()), None).unwrap();
    assert_eq!(delivered.ids(), (0..count).map(|id| id.to_string()).collect::<Vec<_>>(), "{paging}");
    server.asked()
}

#[test]
fn by_cursor() {
    let handler = |asked: &Asked| {
        let from = number(asked, "after").unwrap_or(0);
        let next = if from + 3 < 8 { json!((from + 3).to_string()) } else { Value::Null };
        Reply::json(json!({ "items": items(from..(from + 3).min(8)), "meta": { "next": next } }).to_string())
    };
    let asked = check(handler, &json!({ "kind": "cursor", "pointer": "/meta/next", "parameter": "after" }), 8);
    assert_eq!(asked, ["GET /api/items", "GET /api/items?after=3", "GET /api/items?after=6"]);
}

#[test]
fn by_the_link_header() {
    let handler = |asked: &Asked| {
        let page = number(asked, "page").unwrap_or(1);
        let reply = Reply::json(json!({ "items": items((page - 1) * 3..(page * 3).min(8)) }).to_string());
        match page {
            1 | 2 => reply.with("Link", format!("</api/items>; rel=\"first\", <?page={}>; rel=\"next\"", page + 1)),
            _ => reply.with("Link", "</api/items>; rel=\"first\""),
        }
    };
    let asked = check(handler, &json!({ "kind": "link" }), 8);
    assert_eq!(asked, ["GET /api/items", "GET /api/items?page=2", "GET /api/items?page=3"]);
}

#[test]
fn by_page_number() {
    let handler = |asked: &Asked| {
        let page = number(asked, "p").unwrap();
        assert_eq!(number(asked, "per_page"), Some(50));
        Reply::json(json!({ "items": items((page * 3).min(8)..(page * 3 + 3).min(8)) }).to_string())
    };
    let paging = json!({ "kind": "page", "page": "p", "first": 0, "limit": "per_page", "size": 50 });
    assert_eq!(check(handler, &paging, 8).len(), 4);
}

/// The address of the server itself stands in its answers.
fn odata(base: impl Fn(&Asked) -> String + Send + Sync + 'static) -> Server {
    Server::start(move |asked| {
        let skip = number(asked, "$skip").unwrap_or(0);
        let mut answer = json!({ "@odata.context": "$metadata#Incidents", "value": items(skip..(skip + 3).min(8)) });
        if skip + 3 < 8 {
            answer["@odata.nextLink"] = json!(format!("{}odata/Incidents?$skip={}", base(asked), skip + 3));
        }
        Reply::json(answer.to_string())
    })
}

fn odata_options(url: &str) -> Value {
    let mut options = list(url, json!({ "kind": "odata" }));
    options["request"] = json!({ "path": "odata/Incidents", "records": "/value", "id": "id" });
    options
}

#[test]
fn by_odata_links_to_the_own_host_only() {
    let server = odata(|asked| format!("http://{}/", asked.header("host").unwrap()));
    let delivered = Place::new().fetch(&odata_options(&server.url()), None).unwrap();
    assert_eq!(delivered.ids().len(), 8);
    let server = odata(|_| "http://169.254.169.254/".to_owned());
    assert_eq!(Place::new().fault(&odata_options(&server.url())).code, "N009");
    let other = odata(|_| String::new());
    let elsewhere = other.url();
    let server = odata(move |_| elsewhere.clone());
    assert_eq!(Place::new().fault(&odata_options(&server.url())).code, "N009");
    assert_eq!(other.asked(), Vec::<String>::new());
}

#[test]
fn by_a_search_with_a_body() {
    let server = Server::start(|asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        assert_eq!((asked.method.as_str(), &body["jql"]), ("POST", &json!("project = A")));
        let from = body["startAt"].as_u64().unwrap();
        Reply::json(json!({ "items": items(from..(from + 3).min(8)), "total": 8 }).to_string())
    });
    let mut options = list(
        &server.url(),
        json!({
            "kind": "offset", "offset": "startAt", "limit": "maxResults", "in": "body", "total": "/total",
        }),
    );
    options["request"]["method"] = json!("POST");
    options["request"]["body"] = json!({ "jql": "project = A" });
    assert_eq!(Place::new().fetch(&options, None).unwrap().ids().len(), 8);
    assert_eq!(server.log()[1].body, r#"{"jql":"project = A","startAt":3,"maxResults":100}"#);
}

#[test]
fn letters_stay_and_a_list_may_be_the_whole_answer() {
    let server = Server::start(|_| {
        Reply::json("[{\"id\":1,\"cena\":1.10,\"kods\":\"00123\",\"liels\":123456789012345678901234567890}]")
    });
    let mut options = options(&server.url(), json!({ "request": { "path": "items" } }));
    let delivered = Place::new().fetch(&options, None).unwrap();
    assert_eq!(delivered.lines(), [r#"{"id":1,"cena":1.10,"kods":"00123","liels":123456789012345678901234567890}"#]);
    options["request"]["records"] = json!("/items");
    let finding = Place::new().fault(&options);
    assert_eq!((finding.code, finding.expected.as_deref()), ("N006", Some("/items")));
}

fn circle(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static, paging: Value) -> (String, Option<String>) {
    let server = Server::start(handler);
    let finding = Place::new().fault(&list(&server.url(), paging));
    (finding.code.to_owned(), finding.value)
}

#[test]
fn circles_are_seen() {
    let told = |code: &str, value: &str| (code.to_owned(), Some(value.to_owned()));
    let same = |_: &Asked| Reply::json(json!({ "items": items(0..3) }).to_string());
    assert_eq!(circle(same, json!({ "kind": "offset" })), told("N007", "page"));
    assert_eq!(circle(same, json!({ "kind": "page" })), told("N007", "page"));
    let link = |asked: &Asked| {
        let page = number(asked, "page").unwrap_or(1);
        let reply = Reply::json(json!({ "items": items(page * 3..page * 3 + 3) }).to_string());
        reply.with("Link", format!("</api/items?page={}>; rel=next", page % 2 + 1))
    };
    assert_eq!(circle(link, json!({ "kind": "link" })).0, "N007");
    let turning = |asked: &Asked| {
        let offset = number(asked, "offset").unwrap();
        Reply::json(
            json!({ "items": [{ "id": offset % 3 }, { "id": (offset + 1) % 3 }, { "n": 1, "id": 2, "x": offset }] })
                .to_string(),
        )
    };
    assert_eq!(circle(turning, json!({ "kind": "offset", "pages": 50 })).0, "N007");
    let endless = |asked: &Asked| {
        let offset = number(asked, "offset").unwrap();
        Reply::json(json!({ "items": items(offset..offset + 3) }).to_string())
    };
    assert_eq!(circle(endless, json!({ "kind": "offset", "pages": 5 })), told("N007", "pages"));
}

#[test]
fn fewer_than_promised_is_no_delivery() {
    let server = Server::start(|asked| {
        let offset = number(asked, "offset").unwrap();
        Reply::json(json!({ "items": items(offset.min(8)..(offset + 3).min(8)), "total": 9 }).to_string())
    });
    let finding = Place::new().fault(&list(&server.url(), json!({ "kind": "offset", "total": "/total" })));
    assert_eq!((finding.code, finding.value.as_deref(), finding.expected.as_deref()), ("N011", Some("8"), Some("9")));
}

#[test]
fn children_have_pages_too() {
    let server = Server::start(|asked| match asked.path() {
        "/api/items" => Reply::json(json!({ "items": items(0..2) }).to_string()),
        path => {
            let of = path.rsplit('/').next().unwrap().to_owned();
            let at = number(asked, "startAt").unwrap();
            let values: Vec<Value> = (at..(at + 2).min(5)).map(|n| json!(format!("{of}.{n}"))).collect();
            Reply::json(json!({ "values": values, "total": 5 }).to_string())
        }
    });
    let mut options = list(&server.url(), Value::Null);
    options["children"] = json!([{
        "name": "log", "path": "api/log/{id}", "records": "/values",
        "paging": { "kind": "offset", "offset": "startAt", "limit": "", "total": "/total" },
    }]);
    let delivered: Delivered = Place::new().fetch(&options, None).unwrap();
    assert_eq!(delivered.records()[1]["log"], json!(["1.0", "1.1", "1.2", "1.3", "1.4"]));
}

#[test]
fn options_that_no_schema_refuses() {
    let kind = vienkop_connectors::fetch::kind("rest").unwrap();
    let refused = |more: Value| {
        let base = options("https://a.lv/", json!({ "request": { "path": "items", "id": "id" } }));
        let mut with = base;
        for (name, value) in more.as_object().unwrap() {
            with[name] = value.clone();
        }
        let error = kind.fetcher(&with).err().unwrap();
        (error.option, text(&json!(error.reason)))
    };
    for (more, option, reason) in [
        (json!({ "request": { "path": "i/{x}" } }), "request", "placeholder"),
        (json!({ "request": { "path": "i", "records": "items" } }), "request/records", "pointer"),
        (json!({ "paging": { "kind": "offset", "in": "body" } }), "paging/in", "body-of-get"),
        (json!({ "paging": { "kind": "next", "pointer": "next" } }), "paging/pointer", "pointer"),
        (json!({ "incremental": { "field": "c", "format": "%!" } }), "incremental/format", "time-format"),
        (json!({ "incremental": { "field": "c", "zone": "X/Y" } }), "incremental/zone", "time-zone"),
        (json!({ "incremental": { "field": "c", "overlap": "x" } }), "incremental/overlap", "length"),
        (json!({ "incremental": { "field": "/c" } }), "incremental/field", "path"),
        (json!({ "windows": { "most": 5 } }), "windows/to", "window-parameters"),
        (json!({ "detail": { "path": "d", "records": "/d", "id": "id" } }), "detail", "no-ids"),
        (
            json!({ "request": { "path": "i" }, "children": [{ "name": "c", "path": "{id}" }] }),
            "request/id",
            "id-needed",
        ),
    ] {
        assert_eq!(refused(more.clone()), (option.to_owned(), reason.to_owned()), "{more}");
    }
}
