//! Conversations as the kinds hold them, with a server on loopback that also misbehaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::dns::{Name, Resolve, Resolving};
use serde_json::{Value, json};
use vienkop_transforms::finding::Finding;
use vienkop_transforms::normalise::PseudonymKey;

use self::server::{Asked, Reply};
use super::hosts::reachable;
use super::tell::{Fault, classify};
use super::{Answer, Around, Conversation, Recorder, Request, Server};
use crate::fetch::FetchError;

#[path = "../../tests/net/server.rs"]
mod server;

/// What a conversation needs around it.
struct Place {
    folder: tempfile::TempDir,
    cancel: AtomicBool,
    recorder: Option<Recorder>,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("atslega"), "noslepums").unwrap();
        Self { folder, cancel: AtomicBool::new(false), recorder: None }
    }

    fn open(&self, options: &Value, recorded: Option<&str>) -> Conversation<'_> {
        let mut table = json!({ "wait_seconds": 0, "requests_per_second": 1000.0, "timeout_seconds": 2 });
        table.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let server: Server = serde_json::from_value(table).unwrap();
        server.check().unwrap();
        let around = Around { base: self.folder.path(), record: self.recorder.as_ref(), cancel: &self.cancel };
        Conversation::open(&server, recorded, around).unwrap()
    }
}

fn fault<T: std::fmt::Debug>(result: Result<T, FetchError>) -> Finding {
    match result {
        Err(FetchError::File(finding)) => *finding,
        other => panic!("{other:?}"),
    }
}

fn text(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.body).unwrap()
}

fn get(conversation: &Conversation<'_>, path: &str) -> Request {
    Request::get(conversation.url(path).unwrap())
}

#[tokio::test]
async fn json_is_wanted_and_nothing_else() {
    let server = server::Server::start(|asked| {
        assert_eq!(asked.header("accept"), Some("application/json"));
        assert_eq!(asked.header("accept-encoding"), Some("gzip"));
        match asked.path() {
            "/labs" => Reply::json("\u{feff} \n{\"a\": 1.10}"),
            "/lapa" => Reply::text(200, "<!DOCTYPE html><html><title>Pieteikšanās 010190-12345</title></html>"),
            "/vards" => Reply::text(200, "OK"),
            "/tukss" => Reply::json(""),
            "/nekas" => Reply::status(204),
            "/dzests" => Reply::text(404, "<html>nav</html>"),
            _ => Reply::json("[]").with("Link", "<a>; rel=\"next\"").with("link", "<b>; rel=\"last\""),
        }
    });
    let place = Place::new();
    let conversation = place.open(&json!({ "url": server.url() }), None);
    let answer = conversation.send(get(&conversation, "labs")).await.unwrap();
    assert_eq!((answer.status, text(&answer)), (200, "\u{feff} \n{\"a\": 1.10}"));
    assert_eq!(answer.headers.get("CONTENT-TYPE"), Some("application/json"));
    assert_eq!(answer.url.as_str(), format!("{}labs", server.url()));
    for (path, value) in [("lapa", Some("Pieteikšanās ******-*****")), ("vards", Some("OK")), ("tukss", None)] {
        let finding = fault(conversation.send(get(&conversation, path)).await);
        let request = format!("GET {}{path}", server.url());
        assert_eq!((finding.code, finding.cell, finding.value.as_deref()), ("N006", Some(request), value), "{path}");
    }
    assert_eq!(conversation.send(get(&conversation, "nekas")).await.unwrap().status, 204);
    let gone = Request { accept: vec![404], ..get(&conversation, "dzests") };
    assert_eq!(conversation.send(gone).await.unwrap().status, 404);
    assert_eq!(fault(conversation.send(get(&conversation, "dzests")).await).code, "N005");
    let answer = conversation.send(get(&conversation, "cits")).await.unwrap();
    assert_eq!(answer.headers.all("link").collect::<Vec<_>>(), ["<a>; rel=\"next\"", "<b>; rel=\"last\""]);
}

#[tokio::test]
async fn an_answer_may_hold_so_much_inflated() {
    let pack = |bytes: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    };
    let (bomb, fits) = (pack(&vec![b' '; 50 << 20]), pack(format!("[{}]", " ".repeat(998)).as_bytes()));
    assert!(bomb.len() < 60_000);
    let damaged = fits[..fits.len() - 5].to_vec();
    let server = server::Server::start(move |asked| match asked.path() {
        "/bumba" => Reply::json("").with("Content-Encoding", "gzip").body(&bomb),
        "/der" => Reply::json("").with("Content-Encoding", "gzip").body(&fits),
        "/bojats" => Reply::json("").with("Content-Encoding", "gzip").body(&damaged),
        "/garums" => Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n[".to_vec()),
        "/bez" => Reply::Raw([b"HTTP/1.1 200 OK\r\n\r\n[".as_slice(), &[b' '; 2_000]].concat()),
        "/cits" => Reply::json("[]").with("Content-Encoding", "br"),
        _ => Reply::json("x".repeat(1_001)),
    });
    let place = Place::new();
    let options = json!({ "url": server.url(), "answer_bytes": 1_000, "attempts": 2 });
    let conversation = place.open(&options, None);
    for path in ["bumba", "liels", "garums", "bez"] {
        let finding = fault(conversation.send(get(&conversation, path)).await);
        assert_eq!(
            (finding.code, finding.expected.as_deref(), finding.hint.as_deref()),
            ("N008", Some("1000"), Some("answer_bytes")),
            "{path}"
        );
    }
    assert_eq!(conversation.send(get(&conversation, "der")).await.unwrap().body.len(), 1_000);
    let finding = fault(conversation.send(get(&conversation, "bojats")).await);
    assert_eq!((finding.code, finding.value.as_deref()), ("N001", Some("broke")));
    let finding = fault(conversation.send(get(&conversation, "cits")).await);
    assert_eq!((finding.code, finding.value.as_deref()), ("N006", Some("br")));
    // Only what may pass was asked for twice.
    let repeated: Vec<_> = server.asked().into_iter().filter(|asked| asked.ends_with("/bojats")).collect();
    assert_eq!((server.log().len(), repeated.len()), (8, 2));
}

#[tokio::test]
async fn only_what_does_no_harm_is_asked_twice() {
    for (first, safe, requests) in [
        (Reply::status(500), false, 1),
        (Reply::status(500), true, 2),
        (Reply::Raw(Vec::new()), false, 1),
        (Reply::Raw(Vec::new()), true, 2),
        // Not taken in at all.
        (Reply::status(429), false, 2),
    ] {
        let name = format!("{first:?} {safe}");
        let server = server::Server::start(move |asked| match asked.before {
            0 => first.clone(),
            _ => Reply::json(&*asked.body),
        });
        let place = Place::new();
        let conversation = place.open(&json!({ "url": server.url() }), None);
        let request = Request::search(conversation.url("meklet").unwrap(), b"{\"n\": 1.10}".to_vec());
        let result = conversation.send(Request { safe, ..request }).await;
        assert_eq!(result.is_ok(), requests == 2, "{name}");
        if let Ok(answer) = result {
            assert_eq!(text(&answer), "{\"n\": 1.10}", "{name}");
        }
        assert_eq!(server.log().len(), requests, "{name}");
        assert_eq!(server.log()[0].header("content-type"), Some("application/json"), "{name}");
    }
}

#[tokio::test]
async fn a_whole_answer_has_to_come_in_time() {
    // Something comes again and again, but never the end.
    let server = server::Server::start(|_| Reply::Drip(Duration::from_millis(200), 100));
    let place = Place::new();
    let options = json!({ "url": server.url(), "attempts": 2, "timeout_seconds": 60, "answer_seconds": 1 });
    let conversation = place.open(&options, None);
    let begun = Instant::now();
    let finding = fault(conversation.send(get(&conversation, "a")).await);
    assert_eq!((finding.code, finding.value.as_deref()), ("N001", Some("time")));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn redirects_keep_or_change_the_method_as_the_standard_says() {
    for (status, seen) in
        [(301, "GET /b "), (302, "GET /b "), (303, "GET /b "), (307, "POST /b {}"), (308, "POST /b {}")]
    {
        let server = server::Server::start(move |asked| match asked.path() {
            "/a" => Reply::to(status, "/b"),
            _ => Reply::json("[]"),
        });
        let place = Place::new();
        let conversation = place.open(&json!({ "url": server.url() }), None);
        let request = Request::search(conversation.url("a").unwrap(), b"{}".to_vec());
        let answer = conversation.send(request).await.unwrap();
        assert_eq!(answer.url.path(), "/b");
        let Asked { method, target, body, .. } = server.log()[1].clone();
        assert_eq!(format!("{method} {target} {body}"), seen, "{status}");
    }
}

#[test]
fn addresses_are_joined_below_the_server() {
    let place = Place::new();
    let conversation = place.open(&json!({ "url": "https://redmine.agentura.lv/redmine" }), None);
    for (path, expected) in [
        ("issues.json?status_id=*", Some("https://redmine.agentura.lv/redmine/issues.json?status_id=*")),
        ("/issues.json", Some("https://redmine.agentura.lv/issues.json")),
        ("https://u:p@redmine.agentura.lv/a#b", Some("https://redmine.agentura.lv/a")),
        ("https://evil.example/a", None),
        ("//evil.example/a", None),
        ("\\\\evil.example\\a", None),
        ("http://redmine.agentura.lv/a", None),
        ("https://redmine.agentura.lv:8443/a", None),
        ("https://[", None),
    ] {
        match (conversation.url(path), expected) {
            (Ok(url), Some(expected)) => assert_eq!(url.as_str(), expected, "{path}"),
            (Err(FetchError::File(finding)), None) => assert_eq!(finding.code, "N009", "{path}"),
            (other, _) => panic!("{path}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_link_that_repeats_the_secret_is_used_without_it() {
    let server = server::Server::start(|asked| match asked.path() {
        "/sakums" => Reply::to(302, format!("/talak?{}", asked.target.split('?').nth(1).unwrap())),
        "/beigas" => Reply::text(404, &asked.target),
        _ => Reply::json("[]"),
    });
    let place = Place::new();
    fs_err::write(place.folder.path().join("plus"), "nosl+pums").unwrap();
    let auth = json!({ "kind": "query", "name": "key", "secret": { "file": "plus" } });
    let conversation = place.open(&json!({ "url": server.url(), "auth": auth }), None);
    let link = format!("{}a?x=1%20b&key=nosl%2Bpums&y=*", server.url());
    let request = get(&conversation, &link);
    assert_eq!(conversation.name(&request), format!("GET {}a?x=1%20b&y=*", server.url()));
    conversation.send(request).await.unwrap();
    conversation.send(get(&conversation, "sakums?x=1")).await.unwrap();
    let finding = fault(conversation.send(get(&conversation, "beigas?key=nosl%2Bpums")).await);
    assert_eq!(finding.value.as_deref(), Some("404 Not Found: /beigas?key=***"));
    assert_eq!(
        server.asked(),
        [
            "GET /a?x=1%20b&y=*&key=nosl%2Bpums",
            "GET /sakums?x=1&key=nosl%2Bpums",
            "GET /talak?x=1&key=nosl%2Bpums",
            "GET /beigas?key=nosl%2Bpums",
        ]
    );
}

/// Every name leads to this address.
struct Fixed(&'static str);

impl Resolve for Fixed {
    fn resolve(&self, _: Name) -> Resolving {
        let address = SocketAddr::new(self.0.parse().unwrap(), 0);
        Box::pin(std::future::ready(reachable(std::iter::once(address))))
    }
}

#[tokio::test]
async fn a_name_that_leads_to_a_link_local_address_is_not_connected_to() {
    for address in ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254"] {
        let client = reqwest::Client::builder().dns_resolver(Arc::new(Fixed(address))).build().unwrap();
        let url = reqwest::Url::parse("http://redmine.agentura.lv/a?x=1").unwrap();
        let error = client.get(url.clone()).send().await.unwrap_err();
        let Fault::Last(told) = classify(&error, "GET a", &url) else { panic!("{error:?}") };
        let told = fault::<()>(Err(told));
        assert_eq!((told.code, told.expected.as_deref()), ("N009", Some("link-local")), "{address}");
        assert_eq!(told.value.as_deref(), Some("http://redmine.agentura.lv/a"));
    }
}

#[tokio::test]
async fn a_token_in_the_body_and_a_login_that_has_run_out() {
    let server = server::Server::start(|asked| match asked.path() {
        "/Session" => Reply::json(format!("{{\"SessionID\": \"zetons{}\"}}", asked.before)),
        _ => Reply::json(&*asked.body),
    });
    let place = Place::new();
    let auth = json!({
        "kind": "session", "path": "Session", "take": "/SessionID", "in": "body", "name": "SessionID",
        "body": { "UserLogin": "vienkop", "Password": { "file": "atslega" } },
    });
    let conversation = place.open(&json!({ "url": server.url(), "auth": auth }), None);
    let ask = |body: &str| Request::search(conversation.url("a").unwrap(), body.as_bytes().to_vec());
    let first = conversation.send(ask(" { \"TicketID\": [1.10] }")).await.unwrap();
    assert_eq!(text(&first), "{\"SessionID\":\"zetons0\", \"TicketID\": [1.10] }");
    assert_eq!(text(&conversation.send(ask("{}")).await.unwrap()), "{\"SessionID\":\"zetons0\"}");
    // Two that see at the same time that the login has run out log in once.
    assert!(conversation.renew(&first).await);
    let (one, two) = tokio::join!(conversation.send(ask("{}")), conversation.send(ask("{}")));
    assert!(conversation.renew(&first).await);
    let third = conversation.send(ask("{}")).await.unwrap();
    for answer in [one.unwrap(), two.unwrap(), third] {
        assert_eq!(text(&answer), "{\"SessionID\":\"zetons1\"}");
    }
    let logins = server.asked().iter().filter(|asked| asked.contains("Session")).count();
    assert_eq!(logins, 2);
    assert_eq!(conversation.quote("zetons0 un zetons1, noslepums"), "*** un ***, ***");
    let fixed = place.open(&json!({ "url": server.url() }), None);
    assert!(!fixed.renew(&first).await);
}

#[tokio::test]
async fn a_token_is_got_anew_before_it_ends() {
    let server = server::Server::start(|asked| match asked.path() {
        // Ends within the spare time.
        "/token" => Reply::json(format!("{{\"access_token\": \"zetons{}\", \"expires_in\": \"30\"}}", asked.before)),
        _ => Reply::json(format!("\"{}\"", asked.header("authorization").unwrap())),
    });
    let place = Place::new();
    let auth = json!({
        "kind": "oauth2", "token_url": format!("{}token", server.url()), "client_id": "vienkop",
        "client_secret": { "file": "atslega" },
    });
    let conversation = place.open(&json!({ "url": server.url(), "auth": auth }), None);
    for n in 0..2 {
        let answer = conversation.send(get(&conversation, "a")).await.unwrap();
        assert_eq!(text(&answer), format!("\"Bearer zetons{n}\""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_at_once_and_in_a_second_than_allowed() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (running, highest) = (Arc::clone(&now), Arc::clone(&most));
    let server = server::Server::start(move |_| {
        highest.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(60));
        running.fetch_sub(1, Ordering::SeqCst);
        Reply::json("[]")
    });
    let place = Place::new();
    let conversation = place.open(&json!({ "url": server.url(), "concurrent": 3, "requests_per_second": 50.0 }), None);
    assert_eq!(conversation.concurrent(), 3);
    let begun = Instant::now();
    let send = || conversation.send(get(&conversation, "a"));
    let answers = tokio::join!(send(), send(), send(), send(), send(), send());
    let answers = <[_; 6]>::from(answers);
    assert!(answers.iter().all(Result::is_ok));
    assert!(begun.elapsed() >= Duration::from_millis(100), "{:?}", begun.elapsed());
    assert!((2..=3).contains(&most.load(Ordering::SeqCst)), "{most:?}");
}

#[tokio::test]
async fn a_recorded_conversation_holds_neither_persons_nor_secrets() {
    let server = server::Server::start(|asked| {
        match asked.path() {
        "/Session" => Reply::json("{\"SessionID\": \"zetons-7\"}").with("Set-Cookie", "sid=noslepums"),
        "/issues.json" => Reply::json(
            "{\"issues\":[{\"id\":00.10e1,\"author\":{\"login\":\"anna-b\",\"name\":\"Anna Bērziņa\"},\"pk\":\"010190-12345\",\"done\":null}],\"total\":1.10}"
                .replace("00.10e1", "1.0e1"),
        )
        .with("X-Next", "Anna Bērziņa")
        .with("Date", "Wed, 21 Oct 2015 07:28:00 GMT"),
        "/users/anna-b.json" => Reply::json("{\"user\":{\"login\":\"anna-b\"}}"),
        "/search" => Reply::json("[]"),
        "/gone" => Reply::text(404, "no user 010190-12345"),
        _ => Reply::text(200, "<a>Anna</a>"),
    }
    });
    let mut place = Place::new();
    let folder = place.folder.path().join("ieraksts");
    let key = || PseudonymKey::new("k1", b"0123456789abcdef").unwrap();
    let personal = vec!["login".to_owned(), "author/name".to_owned()];
    assert!(Recorder::new(&folder, personal.clone(), None).is_err());
    place.recorder = Some(Recorder::new(&folder, personal.clone(), Some(key())).unwrap());
    let auth = json!({
        "kind": "session", "path": "Session", "take": "/SessionID", "in": "query", "name": "SessionID",
        "body": { "Password": { "file": "atslega" } },
    });
    let options = json!({ "url": server.url(), "auth": auth });
    let anna = key().pseudonym("Anna Bērziņa");
    let id = key().pseudonym("anna-b");
    let ask = async |conversation: &Conversation<'_>, [user, person, code]: [&str; 3]| {
        let user = get(conversation, &format!("users/{user}.json"));
        let body = format!("{{\"author\": \"{person}\", \"text\": \"{code}\"}}").into_bytes();
        let gone = Request { accept: vec![404], ..get(conversation, "gone") };
        let mut answers = Vec::new();
        for request in [
            get(conversation, &format!("issues.json?limit=1&q={code}")),
            user,
            Request::search(conversation.url("search").unwrap(), body),
            gone,
        ] {
            answers.push(conversation.send(request).await.unwrap());
        }
        answers
    };
    let live = place.open(&options, None);
    let asked = ask(&live, ["anna-b", "Anna Bērziņa", "010190-12345"]).await;
    // What cannot be rid of persons is not recorded, and told.
    let finding = fault(live.send(Request { expect: super::Expect::Anything, ..get(&live, "page") }).await);
    assert_eq!((finding.code, finding.value.as_deref()), ("N019", Some("text/plain")));
    drop(live);
    assert!(Recorder::new(&folder, Vec::new(), None).is_err(), "a folder with exchanges is not written over");

    let mut all = String::new();
    for entry in fs_err::read_dir(&folder).unwrap() {
        all += &fs_err::read_to_string(entry.unwrap().path()).unwrap();
    }
    for hidden in ["noslepums", "zetons", "Anna", "anna-b", "010190", "Set-Cookie", "X-Next", "Session"] {
        assert!(!all.contains(hidden), "{hidden}: {all}");
    }
    let first = fs_err::read_to_string(folder.join("0001.json")).unwrap();
    for kept in ["1.0e1", "1.10", "\"done\": null", &format!("\"name\": \"{anna}\""), &format!("\"login\": \"{id}\"")] {
        assert!(first.contains(kept), "{kept}: {first}");
    }

    place.recorder = None;
    drop(server);
    let played = place.open(&options, Some("ieraksts"));
    let answers = ask(&played, [&id, &anna, &key().pseudonym("010190-12345")]).await;
    let statuses = |answers: &[Answer]| answers.iter().map(|answer| answer.status).collect::<Vec<_>>();
    assert_eq!(statuses(&answers), statuses(&asked));
    assert_eq!(answers[0].headers.get("date"), Some("Wed, 21 Oct 2015 07:28:00 GMT"));
    assert_eq!(text(&answers[3]), "");
}
