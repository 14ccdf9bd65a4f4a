//! `kind = "http"` where something is wrong: each fault is a finding that names the request, and shows no secret.

use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vienkop_connectors::fetch::{self, FetchError};
use vienkop_transforms::finding::Finding;

use crate::server::{Authority, Reply, Server};
use crate::support::{Place, at, options};

/// Code, place, value and expectation of a finding.
fn told(finding: &Finding) -> (&str, &str, &str, &str) {
    let text = |part: &'static str, value: &Option<String>| value.clone().map_or(part, |value| value.leak());
    (finding.code, text("", &finding.cell), text("", &finding.value), text("", &finding.expected))
}

#[test]
fn a_dead_host() {
    let place = Place::new();
    // A port that nobody listens at: it was ours a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/");
    let finding = place.fault(&at(&url, "a.csv?gads=2024", json!({})));
    assert_eq!(told(&finding), ("N001", &*format!("GET {url}a.csv?gads=2024"), "connect", ""));

    let finding = place.fault(&at("http://nav-tada.invalid/", "a.csv", json!({ "attempts": 2 })));
    assert_eq!(told(&finding), ("N001", "GET http://nav-tada.invalid/a.csv", "name", ""));

    let server = Server::start(|_| Reply::Hang(Duration::from_secs(5)));
    let finding = place.fault(&options(&server, "a.csv", json!({ "timeout_seconds": 1, "attempts": 2 })));
    assert_eq!((finding.code, finding.value.as_deref()), ("N001", Some("time")));
    assert_eq!(server.log().len(), 2);

    for body in
        ["", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "garbage\r\n\r\n"]
    {
        let server = Server::start(move |_| Reply::Raw(body.as_bytes().to_vec()));
        let finding = place.fault(&options(&server, "a.csv", json!({ "attempts": 3 })));
        assert_eq!((finding.code, finding.value.as_deref()), ("N001", Some("broke")), "{body}");
    }
    assert!(Place::files(&place.folder.path().join("landed/arriving")).is_empty());

    // TLS where none is spoken.
    let server = Server::start(|_| Reply::status(400));
    let url = server.url().replace("http:", "https:");
    let finding = place.fault(&at(&url, "a.csv", json!({ "attempts": 1 })));
    assert_eq!((finding.code, finding.value.as_deref()), ("N001", Some("tls")));
}

#[test]
fn certificates_are_checked() {
    let place = Place::new();
    let authority = Authority::new();
    place.write("config/ca.pem", &authority.pem());
    place.write("config/other.pem", &Authority::new().pem());
    place.write("config/none.pem", "nothing of the kind");
    let good = || authority.certify("localhost", 2020..2100);
    for (config, ca_file, expected) in [
        (good(), Some("config/ca.pem"), None),
        (good(), None, Some(("N002", "issuer"))),
        (good(), Some("config/other.pem"), Some(("N002", "issuer"))),
        (authority.certify("localhost", 2020..2021), Some("config/ca.pem"), Some(("N002", "expired"))),
        (authority.certify("localhost", 2099..2100), Some("config/ca.pem"), Some(("N002", "early"))),
        (authority.certify("cits.lv", 2020..2100), Some("config/ca.pem"), Some(("N002", "name"))),
        (good(), Some("config/none.pem"), Some(("N013", "certificate"))),
        (good(), Some("config/nav.pem"), Some(("N013", "certificate"))),
    ] {
        let server = Server::start_tls(config, |_| Reply::bytes("x"));
        let options = options(&server, "a.csv", json!({ "ca_file": ca_file }));
        match expected {
            None => assert_eq!(place.fetch(&options, None).unwrap().0[0].1, b"x"),
            Some((code, why)) => {
                let finding = place.fault(&options);
                assert_eq!((finding.code, finding.expected.as_deref()), (code, Some(why)));
                // Nothing was asked: not even the first time.
                assert_eq!(server.log().len(), 0);
            }
        }
    }
}

#[test]
fn what_a_server_refuses() {
    let place = Place::new();
    place.write("atslega", "noslepums");
    let auth = json!({ "kind": "header", "name": "X-Key", "secret": { "file": "atslega" } });
    for (status, code, said, requests) in [
        (401, "N003", "401 Unauthorized: key *** of ******-***** is bad", 1),
        (403, "N004", "403 Forbidden: key *** of ******-***** is bad", 1),
        (404, "N005", "404 Not Found: key *** of ******-***** is bad", 1),
        (400, "N005", "400 Bad Request: key *** of ******-***** is bad", 1),
        (304, "N005", "304 Not Modified", 1),
        (500, "N005", "500 Internal Server Error: key *** of ******-***** is bad", 3),
        (501, "N005", "501 Not Implemented: key *** of ******-***** is bad", 1),
        (502, "N005", "502 Bad Gateway: key *** of ******-***** is bad", 3),
        (503, "N005", "503 Service Unavailable: key *** of ******-***** is bad", 3),
        (504, "N005", "504 Gateway Timeout: key *** of ******-***** is bad", 3),
        (429, "N005", "429 Too Many Requests: key *** of ******-***** is bad", 3),
    ] {
        let page =
            "<html><head><style>a{}</style></head><body><p>key\nnoslepums</p> of 010190-12345 is bad</body></html>";
        let server = Server::start(move |_| Reply::text(status, page));
        let options = options(&server, "a.csv?persona=010190-12345", json!({ "auth": auth, "attempts": 3 }));
        let finding = place.fault(&options);
        let request = format!("GET {}a.csv?persona=******-*****", server.url());
        assert_eq!(told(&finding), (code, &*request, said, ""), "{status}");
        assert_eq!(server.log().len(), requests, "{status}");
    }
}

#[test]
fn failures_that_pass() {
    for first in [
        Reply::status(500),
        Reply::status(503).with("Retry-After", "0"),
        Reply::status(429),
        Reply::Raw(Vec::new()),
        Reply::Break(200, Vec::new(), b"abcdef".to_vec(), 3),
        Reply::Hang(Duration::from_millis(1_500)),
    ] {
        let name = format!("{first:?}");
        let server = Server::start(move |asked| if asked.before < 2 { first.clone() } else { Reply::bytes("x") });
        let options = options(&server, "a.csv", json!({ "timeout_seconds": 1 }));
        let (files, _) = Place::new().fetch(&options, None).unwrap();
        assert_eq!(files, [("a.csv".to_owned(), b"x".to_vec())], "{name}");
        assert_eq!(server.log().len(), 3, "{name}");
    }
}

#[test]
fn the_server_says_how_long_to_wait() {
    let server = Server::start(|asked| match asked.before {
        0 => Reply::status(503).with("Retry-After", "1"),
        1 => Reply::status(429)
            .with("Date", "Wed, 21 Oct 2015 07:28:00 GMT")
            .with("Retry-After", "Wed, 21 Oct 2015 07:28:01 GMT"),
        // So long that it is cut short.
        2 => Reply::status(503).with("Retry-After", "86400"),
        _ => Reply::bytes("x"),
    });
    let begun = Instant::now();
    Place::new().fetch(&options(&server, "a.csv", json!({ "wait_seconds": 1 })), None).unwrap();
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(3) && took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn logins_that_bring_nothing() {
    let place = Place::new();
    place.write("atslega", "noslepums");
    for (status, body, code, value) in [
        (401, "no such client", "N003", "401 Unauthorized: no such client"),
        (400, r#"{"error": "invalid_client"}"#, "N003", r#"401 Unauthorized: {"error": "invalid_client"}"#),
        (403, "", "N003", "401 Unauthorized"),
        (200, r#"{"Error": {"ErrorCode": "AuthFail"}}"#, "N003", r#"{"Error": {"ErrorCode": "AuthFail"}}"#),
        (200, "<html>noslepums</html>", "N003", "<html>***</html>"),
        (404, "", "N005", "404 Not Found"),
        (302, "", "N005", "302 Found"),
        (500, "down", "N005", "500 Internal Server Error: down"),
    ] {
        let server = Server::start(move |_| Reply::text(status, body).with("Location", "http://169.254.169.254/"));
        let auth = json!({
            "kind": "session", "path": "Session?v=1", "body": { "Password": { "file": "atslega" } }, "take": "/SessionID",
            "in": "header", "name": "X-Session",
        });
        let finding = place.fault(&options(&server, "a.csv", json!({ "auth": auth, "attempts": 2 })));
        assert_eq!((finding.code, finding.value.as_deref()), (code, Some(value)), "{status} {body}");
        assert!(server.log().iter().all(|asked| asked.method == "POST"), "{status} {body}");
    }
    // A token that is refused at once is asked for a second time, and no more.
    let server = Server::start(|asked| match asked.path() {
        "/Session" => Reply::json(r#"{"SessionID": "zetons-7"}"#),
        _ => Reply::text(401, "zetons-7 is unknown"),
    });
    let auth = json!({
        "kind": "session", "path": "Session", "body": {}, "take": "/SessionID", "in": "query", "name": "SessionID",
    });
    let finding = place.fault(&options(&server, "a.csv", json!({ "auth": auth })));
    let request = format!("GET {}a.csv", server.url());
    assert_eq!(told(&finding), ("N003", &*request, "401 Unauthorized: *** is unknown", ""));
    assert_eq!(server.log().len(), 4);
}

#[test]
fn hosts_that_may_not_be_reached() {
    let place = Place::new();
    place.write("atslega", "noslepums");
    let other = Server::start(|_| Reply::bytes("x"));
    for (target, shown, why) in [
        (format!("{}a?x=1", other.url()), format!("{}a", other.url()), "host"),
        (
            "http://169.254.169.254/latest/meta-data?x=1".to_owned(),
            "http://169.254.169.254/latest/meta-data".to_owned(),
            "link-local",
        ),
        ("http://[::ffff:a9fe:a9fe]/".to_owned(), "http://[::ffff:a9fe:a9fe]/".to_owned(), "link-local"),
        ("//evil.example/".to_owned(), "http://evil.example/".to_owned(), "host"),
        ("http://u:p@evil.example:81/".to_owned(), "http://evil.example:81/".to_owned(), "host"),
        ("ftp://127.0.0.1/a".to_owned(), "ftp://127.0.0.1/a".to_owned(), "scheme"),
        ("file:///etc/passwd".to_owned(), "file:///etc/passwd".to_owned(), "scheme"),
    ] {
        let server = Server::start(move |_| Reply::to(302, target.clone()));
        let auth = json!({ "kind": "query", "name": "key", "secret": { "file": "atslega" } });
        let finding = place.fault(&options(&server, "a.csv", json!({ "auth": auth })));
        let request = format!("GET {}a.csv", server.url());
        assert_eq!(told(&finding), ("N009", &*request, &*shown, why));
        assert_eq!(server.log().len(), 1);
    }
    assert_eq!(other.log().len(), 0);
    // Not even where the configuration itself leads there.
    for (url, path, why) in [
        ("http://169.254.169.254/", "latest", "link-local"),
        ("http://127.0.0.1:1/", "http://127.0.0.1:2/a.csv", "host"),
        ("https://127.0.0.1:1/", "http://127.0.0.1:1/a.csv", "scheme"),
    ] {
        let finding = place.fault(&at(url, path, json!({})));
        assert_eq!((finding.code, finding.expected.as_deref()), ("N009", Some(why)), "{url} {path}");
    }
}

#[test]
fn redirects_in_a_circle() {
    let server = Server::start(|asked| Reply::to(302, if asked.path() == "/a" { "/b" } else { "/a" }));
    let finding = Place::new().fault(&options(&server, "a", json!({})));
    assert_eq!(finding.code, "N005");
    assert_eq!(server.log().len(), 11);
}

#[test]
fn a_document_larger_than_allowed() {
    use std::io::Write as _;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        gzip.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 100_000);
    let server = Server::start(move |asked| match asked.path() {
        "/bumba" => Reply::bytes(bomb.clone()).with("Content-Encoding", "gzip"),
        "/cits" => Reply::bytes("x").with("Content-Encoding", "br"),
        _ => Reply::bytes(vec![7; 1_000_001]),
    });
    let mut place = Place::new();
    place.limits.file_bytes = 1_000_000;
    for path in ["bumba", "liels"] {
        assert_eq!(place.fault(&options(&server, path, json!({}))).code, "F007", "{path}");
    }
    assert_eq!(place.fault(&options(&server, "cits", json!({}))).code, "N006");
    assert!(Place::files(&place.folder.path().join("landed/arriving")).is_empty());
}

#[test]
fn secrets_that_are_not_there() {
    let place = Place::new();
    place.write("tukss", "\n");
    place.write("rindas", "a\nb");
    let server = Server::start(|_| Reply::bytes("x"));
    for (secret, value, why) in [
        (json!({ "env": "VIENKOP_NAV_TADA" }), "VIENKOP_NAV_TADA", "env"),
        (json!({ "file": "nav" }), "nav", "file"),
        (json!({ "file": "tukss" }), "tukss", "file"),
        (json!({ "file": "rindas" }), "rindas", "letters"),
    ] {
        let auth = json!({ "kind": "bearer", "secret": secret });
        let finding = place.fault(&options(&server, "a.csv", json!({ "auth": auth })));
        assert_eq!(told(&finding), ("N013", "", value, why));
    }
    assert_eq!(server.log().len(), 0);
}

#[test]
fn nothing_recorded() {
    let place = Place::new();
    place.write("ieraksts/1.toml", "path = 'a.csv?gads=2024'\nfile = 'a.csv'\n");
    place.write("ieraksts/a.csv", "x");
    place.write("ieraksts/2.toml", "path = 'slikts'\nstatus = 500\nfile = 'a.csv'\n");
    let play = |path: &str| {
        let mut options = at("http://127.0.0.1:1/", path, json!({}));
        options["recorded"] = json!("ieraksts");
        options
    };
    assert_eq!(place.fetch(&play("a.csv?gads=2024"), None).unwrap().0[0].1, b"x");
    let finding = place.fault(&play("a.csv?gads=2023"));
    assert_eq!(told(&finding), ("N014", "GET http://127.0.0.1:1/a.csv?gads=2023", "ieraksts", ""));
    assert_eq!(finding.hint.as_deref(), Some("GET http://127.0.0.1:1/a.csv?gads=2024"));
    assert_eq!(place.fault(&play("slikts")).code, "N005");

    for (name, content, why) in [
        ("3.toml", "path = 7\n", "invalid type"),
        ("3.toml", "path = 'a'\nfile = '../../etc/passwd'\n", "file"),
        ("3.toml", "path = 'a'\nstatuss = 200\n", "unknown field"),
    ] {
        place.write(&format!("ieraksts/{name}"), content);
        let finding = place.fault(&play("a.csv?gads=2024"));
        let value = finding.value.unwrap();
        assert!(finding.code == "F004" && value.starts_with("ieraksts/3.toml: ") && value.contains(why), "{value}");
    }
    let mut options = play("a");
    options["recorded"] = json!("nav");
    assert_eq!(place.fault(&options).code, "F001");
}

#[test]
fn whoever_asks_to_stop_is_heard_within_a_second() {
    let waiting: [fn(&crate::server::Asked) -> Reply; 3] = [
        |_| Reply::Hang(Duration::from_secs(20)),
        |_| Reply::status(503).with("Retry-After", "60"),
        |_| Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc".to_vec()),
    ];
    for (n, handler) in waiting.into_iter().enumerate() {
        let server = Server::start(handler);
        let place = Place::new();
        let options = options(&server, "a.csv", json!({ "timeout_seconds": 60, "wait_seconds": 60 }));
        std::thread::scope(|scope| {
            let fetched = scope.spawn(|| place.fetch(&options, None));
            std::thread::sleep(Duration::from_millis(700));
            place.cancel.store(true, Ordering::SeqCst);
            let asked = Instant::now();
            let result = fetched.join().unwrap();
            assert!(matches!(result, Err(FetchError::Cancelled)), "{n} {result:?}");
            assert!(asked.elapsed() < Duration::from_secs(1), "{n} {:?}", asked.elapsed());
        });
    }
}

#[test]
fn options_that_cannot_be_used() {
    let secret = json!({ "env": "X" });
    let session = |body: Value, method: &str, take: &str| {
        json!({
            "kind": "session", "path": "Session", "method": method, "body": body, "take": take, "in": "body", "name": "S",
        })
    };
    for (server, option, reason) in [
        (json!({ "url": "redmine.lv" }), "server/url", "url"),
        (json!({ "url": "ftp://redmine.lv" }), "server/url", "url"),
        (json!({ "url": "https://u:p@redmine.lv" }), "server/url", "url-secret"),
        (json!({ "url": "https://redmine.lv/?key=1" }), "server/url", "url-secret"),
        (json!({ "hosts": ["https://a.lv/"] }), "server/hosts", "host"),
        (json!({ "headers": { "a b": "c" } }), "server/headers", "header"),
        (json!({ "headers": { "a": "c\n" } }), "server/headers", "header"),
        (json!({ "headers": { "Authorization": "Basic x" } }), "server/headers", "secret-header"),
        (json!({ "headers": { "X-Api-Key": "x" } }), "server/headers", "secret-header"),
        (json!({ "auth": { "kind": "header", "name": "a b", "secret": secret } }), "server/auth", "header"),
        (json!({ "auth": session(json!({ "Password": "x" }), "POST", "/S") }), "server/auth", "secret-text"),
        (json!({ "auth": session(json!({}), "DELETE", "/S") }), "server/auth", "method"),
        (json!({ "auth": session(json!({}), "POST", "S") }), "server/auth", "pointer"),
        (
            json!({ "auth": {
                "kind": "oauth2", "token_url": "http://a.lv/t", "client_id": "x", "client_secret": secret } }),
            "server/auth",
            "url",
        ),
        // What the schema refuses is refused here too.
        (json!({ "auth": { "kind": "bearer", "secret": "x" } }), "server", "other"),
        (json!({ "auth": { "kind": "cits" } }), "server", "other"),
    ] {
        let mut table = json!({ "url": "https://redmine.lv/x" });
        table.as_object_mut().unwrap().extend(server.as_object().unwrap().clone());
        let result = fetch::kind("http").unwrap().fetcher(&json!({ "server": table, "path": "a.csv" }));
        let error = result.err().unwrap();
        assert_eq!((error.option.as_str(), error.reason), (option, reason), "{server}");
        assert!(!error.value.contains("u:p"), "{error:?}");
    }
    let error = fetch::kind("http").unwrap().fetcher(&json!({ "server": { "url": "https://a.lv" }, "path": " " }));
    assert_eq!(error.err().unwrap().reason, "empty");
}
