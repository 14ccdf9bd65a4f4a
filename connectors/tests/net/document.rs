//! `kind = "http"` where all goes well in the end: names, versions, ways in, broken connections, recordings.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use vienkop_connectors::fetch::Recorder;

use crate::server::{Reply, Server};
use crate::support::{Place, at, options};

#[test]
fn a_document_lands_under_the_name_people_know() {
    let server = Server::start(|asked| match asked.path() {
        "/eksports/re%C4%A3istrs.csv" => Reply::bytes("a;b\n"),
        "/eksports/fails" => {
            Reply::bytes("x").with("Content-Disposition", "attachment; filename=\"C:\\dati\\registrs.xlsx\"")
        }
        "/" => Reply::bytes("/"),
        _ => Reply::status(404),
    });
    let place = Place::new();
    for (path, name, expected) in [
        ("eksports/reģistrs.csv", Value::Null, "reģistrs.csv"),
        ("/eksports/reģistrs.csv?gads=2024", Value::Null, "reģistrs.csv"),
        ("eksports/fails", Value::Null, "registrs.xlsx"),
        ("eksports/fails", json!("mans.ods"), "mans.ods"),
        (".", Value::Null, "127.0.0.1"),
    ] {
        let mut options = options(&server, path, json!({}));
        options["name"] = name;
        let (files, fetching) = place.fetch(&options, None).unwrap();
        assert_eq!(files[0].0, expected, "{path}");
        assert_eq!((files.len(), fetching.cursor, fetching.findings.len()), (1, None, 0), "{path}");
    }
}

#[test]
fn an_unchanged_document_is_not_sent_again_and_still_delivered() {
    let version = Arc::new(AtomicUsize::new(1));
    let now = Arc::clone(&version);
    let server = Server::start(move |asked| {
        let tag = format!("\"v{}\"", now.load(Ordering::SeqCst));
        if asked.header("if-none-match") == Some(&tag) {
            return Reply::status(304);
        }
        Reply::bytes(format!("saturs {tag}")).with("ETag", tag)
    });
    let mut place = Place::new();
    let options = options(&server, "a.csv", json!({}));
    let (first, fetching) = place.fetch(&options, None).unwrap();
    let cursor = fetching.cursor.unwrap();
    let (again, fetching) = place.fetch(&options, Some(&cursor)).unwrap();
    // No cursor means that it stays as it is.
    assert_eq!((&again, fetching.cursor), (&first, None));
    assert_eq!(server.log()[1].header("if-none-match"), Some("\"v1\""));

    // What does not lie in the landing zone any more is asked for without a condition.
    let elsewhere = Place::new();
    assert_eq!(elsewhere.fetch(&options, Some(&cursor)).unwrap().0, first);
    assert_eq!(server.log()[2].header("if-none-match"), None);

    // So is the document at another address, and one that is to be recorded.
    let other = at(&server.url(), "b.csv", json!({}));
    place.fetch(&other, Some(&cursor)).unwrap();
    assert_eq!(server.log()[3].header("if-none-match"), None);
    let folder = place.folder.path().join("ieraksts");
    place.recorder = Some(Recorder::new(&folder, Vec::new(), None).unwrap());
    place.fetch(&options, Some(&cursor)).unwrap();
    assert_eq!(server.log()[4].header("if-none-match"), None);
    place.recorder = None;

    version.store(2, Ordering::SeqCst);
    let (changed, fetching) = place.fetch(&options, Some(&cursor)).unwrap();
    assert_eq!(changed[0].1, b"saturs \"v2\"");
    assert_ne!(fetching.cursor, Some(cursor));
    assert!(fetching.cursor.is_some());
}

#[test]
fn a_date_is_a_version_too_and_a_broken_cursor_is_none() {
    const DATE: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
    let server = Server::start(|asked| {
        if asked.header("if-modified-since") == Some(DATE) {
            return Reply::status(304);
        }
        Reply::bytes("x").with("Last-Modified", DATE)
    });
    let place = Place::new();
    let options = options(&server, "a.csv", json!({}));
    let cursor = place.fetch(&options, Some("cits")).unwrap().1.cursor.unwrap();
    assert_eq!(place.fetch(&options, Some(&cursor)).unwrap().0[0].1, b"x");
    let conditions: Vec<_> =
        server.log().iter().map(|asked| asked.header("if-modified-since").map(str::to_owned)).collect();
    assert_eq!(conditions, [None, Some(DATE.to_owned())]);
}

/// 3 MB in which every place looks different.
fn large(seed: u32) -> Vec<u8> {
    (0..750_000_u32).flat_map(|n| (n ^ seed).to_le_bytes()).collect()
}

#[test]
fn a_broken_connection_goes_on_where_it_broke() {
    let server = Server::start(|asked| {
        let body = large(0);
        let from = asked.header("range").map_or(0, |range| {
            assert_eq!(asked.header("if-range"), Some("\"v1\""));
            range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap()
        });
        let rest = body[from..].to_vec();
        let mut headers = vec![("ETag", "\"v1\"".to_owned()), ("Accept-Ranges", "bytes".to_owned())];
        let status = if from > 0 { 206 } else { 200 };
        headers.push(("Content-Range", format!("bytes {from}-{}/{}", body.len() - 1, body.len())));
        // Six times, which is more than there are attempts, but something comes each time.
        if asked.before < 6 {
            let sent = rest.len().min(400_000);
            return Reply::Break(status, headers, rest, sent);
        }
        Reply::Answer(status, headers, rest)
    });
    let place = Place::new();
    let (files, fetching) = place.fetch(&options(&server, "a.bin", json!({ "attempts": 4 })), None).unwrap();
    assert_eq!(files[0].1, large(0));
    assert!(fetching.cursor.is_some());
    assert_eq!(server.log().len(), 7);
    assert!(server.log()[1..].iter().all(|asked| asked.header("range").is_some()));
}

#[test]
fn a_broken_connection_begins_anew_where_parts_cannot_be_had() {
    for headers in [
        vec![],
        vec![("ETag", "W/\"v1\"".to_owned()), ("Accept-Ranges", "bytes".to_owned())],
        vec![("ETag", "\"v1\"".to_owned())],
    ] {
        let server = Server::start(move |asked| {
            assert_eq!(asked.header("range"), None);
            match asked.before {
                0 | 1 => Reply::Break(200, headers.clone(), large(0), 1_000_000 * asked.before),
                _ => Reply::Answer(200, headers.clone(), large(0)),
            }
        });
        let place = Place::new();
        let (files, _) = place.fetch(&options(&server, "a.bin", json!({})), None).unwrap();
        assert_eq!((files.len(), &files[0].1), (1, &large(0)));
        assert_eq!(Place::files(&place.folder.path().join("landed/arriving")), Vec::<String>::new());
    }
}

#[test]
fn a_document_that_changes_while_the_connection_is_broken_is_never_mixed() {
    for status in [200, 206] {
        let server = Server::start(move |asked| {
            let tag = |version: &str| vec![("ETag", version.to_owned()), ("Accept-Ranges", "bytes".to_owned())];
            match asked.before {
                0 => Reply::Break(200, tag("\"v1\""), large(0), 1_000_000),
                // Honest, or wrong about the part that it sends.
                1 if status == 200 => Reply::Answer(200, tag("\"v2\""), large(7)),
                1 => Reply::Answer(206, vec![("Content-Range", "bytes 5-9/10".to_owned())], b"abcde".to_vec()),
                _ => Reply::Answer(200, tag("\"v2\""), large(7)),
            }
        });
        let (files, _) = Place::new().fetch(&options(&server, "a.bin", json!({})), None).unwrap();
        assert!(files[0].1 == large(7), "{status}");
    }
}

#[test]
fn a_document_that_comes_compressed_all_the_same_is_inflated() {
    use std::io::Write as _;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&large(0)).unwrap();
    let packed = gzip.finish().unwrap();
    let server = Server::start(move |_| Reply::bytes(packed.clone()).with("Content-Encoding", "gzip"));
    let (files, _) = Place::new().fetch(&options(&server, "a.bin", json!({})), None).unwrap();
    assert!(files[0].1 == large(0));
}

#[test]
fn every_way_to_be_known() {
    let server = Server::start(|asked| match (asked.path(), asked.before) {
        ("/token", _) => {
            assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));
            Reply::json(r#"{"access_token": "zete-1", "token_type": "Bearer", "expires_in": 3600}"#)
        }
        ("/Session", _) => Reply::json(r#"{"SessionID": 12345, "Me": {}}"#),
        _ => Reply::bytes("x"),
    });
    let place = Place::new();
    place.write("noslepumi/atslega", "s3kr3ts+&\r\n");
    let secret = json!({ "file": "noslepumi/atslega" });
    let session = |at: &str, more: Value| {
        let mut auth = json!({
            "kind": "session", "path": "Session", "body": { "UserLogin": "vienkop", "Password": secret },
            "take": "/SessionID", "in": at, "name": "SessionID",
        });
        auth.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        auth
    };
    let header = |name: &str, value: &str| (Some((name.to_owned(), value.to_owned())), "GET /a.csv".to_owned());
    for (auth, (sent, target), login) in [
        (
            json!({ "kind": "header", "name": "X-Redmine-API-Key", "secret": secret }),
            header("x-redmine-api-key", "s3kr3ts+&"),
            None,
        ),
        (
            json!({ "kind": "header", "name": "Authorization", "prefix": "Token ", "secret": secret }),
            header("authorization", "Token s3kr3ts+&"),
            None,
        ),
        (
            json!({ "kind": "query", "name": "key", "secret": secret }),
            (None, "GET /a.csv?key=s3kr3ts%2B%26".to_owned()),
            None,
        ),
        // "vienkop:s3kr3ts+&"
        (
            json!({ "kind": "basic", "user": "vienkop", "password": secret }),
            header("authorization", "Basic dmllbmtvcDpzM2tyM3RzKyY="),
            None,
        ),
        (json!({ "kind": "bearer", "secret": secret }), header("authorization", "Bearer s3kr3ts+&"), None),
        (
            json!({
                "kind": "oauth2", "token_url": format!("{}token", server.url()), "client_id": "vienkop",
                "client_secret": secret, "scope": "read all", "parameters": { "audience": "api" },
            }),
            header("authorization", "Bearer zete-1"),
            Some(
                "grant_type=client_credentials&scope=read+all&audience=api&client_id=vienkop&client_secret=s3kr3ts%2B%26",
            ),
        ),
        (
            json!({
                "kind": "oauth2", "token_url": format!("{}token", server.url()), "client_id": secret,
                "client_secret": secret, "basic": true,
            }),
            header("authorization", "Bearer zete-1"),
            Some("grant_type=client_credentials"),
        ),
        (
            session("header", json!({ "name": "X-Session", "prefix": "id=" })),
            header("x-session", "id=12345"),
            Some(r#"{"Password":"s3kr3ts+&","UserLogin":"vienkop"}"#),
        ),
        (
            session("query", json!({ "method": "PUT" })),
            (None, "GET /a.csv?SessionID=12345".to_owned()),
            Some(r#"{"Password":"s3kr3ts+&","UserLogin":"vienkop"}"#),
        ),
    ] {
        let before = server.log().len();
        place.fetch(&options(&server, "a.csv", json!({ "auth": auth })), None).unwrap();
        let log = server.log();
        let asked = log.last().unwrap();
        assert_eq!(format!("{} {}", asked.method, asked.target), target, "{auth}");
        if let Some((name, value)) = sent {
            assert_eq!(asked.header(&name), Some(value.as_str()), "{auth}");
        }
        let logged_in = (log.len() - before == 2).then(|| log[before].body.clone());
        assert_eq!(logged_in.as_deref(), login, "{auth}");
    }
}

#[test]
fn a_token_that_is_no_longer_good_is_got_anew_once() {
    let server = Server::start(|asked| match asked.path() {
        "/token" => Reply::json(format!(r#"{{"access_token": "zete-{}"}}"#, asked.before)),
        _ if asked.header("authorization") == Some("Bearer zete-1") => Reply::bytes("x"),
        _ => Reply::status(401),
    });
    let place = Place::new();
    place.write("atslega", "noslepums");
    let auth = json!({
        "kind": "oauth2", "token_url": format!("{}token", server.url()), "client_id": "vienkop",
        "client_secret": { "file": "atslega" },
    });
    place.fetch(&options(&server, "a.csv", json!({ "auth": auth })), None).unwrap();
    assert_eq!(server.asked(), ["POST /token", "GET /a.csv", "POST /token", "GET /a.csv"]);
}

#[test]
fn redirects_are_followed_to_allowed_hosts_and_only_the_server_itself_gets_the_secret() {
    let files = Server::start(|_| Reply::bytes("faili"));
    let there = format!("{}a.csv?paraksts=1", files.url());
    let server = Server::start(move |asked| match asked.path() {
        "/viens" => Reply::to(301, "/divi"),
        "/divi" => Reply::to(307, "tris?x=1"),
        "/tris" => Reply::to(302, there.clone()),
        _ => Reply::status(404),
    });
    let place = Place::new();
    place.write("atslega", "noslepums");
    let auth = json!({ "kind": "header", "name": "X-Key", "secret": { "file": "atslega" } });
    let hosts = [format!("127.0.0.1:{}", files.port())];
    let more = json!({ "auth": auth, "hosts": hosts, "headers": { "X-Own": "vienkop" } });
    let (found, _) = place.fetch(&options(&server, "viens", more), None).unwrap();
    assert_eq!(found[0].1, b"faili");
    assert_eq!(server.asked(), ["GET /viens", "GET /divi", "GET /tris?x=1"]);
    assert!(server.log().iter().all(|asked| asked.header("x-key") == Some("noslepums")));
    assert!(server.log().iter().all(|asked| asked.header("x-own") == Some("vienkop")));
    let asked = &files.log()[0];
    assert_eq!((asked.header("x-key"), asked.header("x-own")), (None, None));
    assert!(!format!("{asked:?}").contains("noslepums"));
}

#[test]
fn what_was_recorded_is_played_without_server_and_secret() {
    let server = Server::start(|asked| {
        assert_eq!(asked.header("x-key"), Some("noslepums"));
        Reply::bytes("vārds;kods\nAnna;010190-12345\n")
            .with("Content-Type", "text/csv")
            .with("ETag", "\"v1\"")
            .with("Set-Cookie", "sid=noslepums")
    });
    let mut place = Place::new();
    place.write("atslega", "noslepums");
    let folder = place.folder.path().join("ieraksts");
    place.recorder = Some(Recorder::new(&folder, Vec::new(), None).unwrap());
    let auth = |file: &str| json!({ "auth": { "kind": "header", "name": "X-Key", "secret": { "file": file } } });
    let mut options = options(&server, "a.csv?gads=2024&daļa=1", auth("atslega"));
    place.fetch(&options, None).unwrap();
    drop(server);
    assert_eq!(Place::files(&folder), ["0001.csv", "0001.toml"]);
    let exchange = fs_err::read_to_string(folder.join("0001.toml")).unwrap();
    assert_eq!(
        exchange,
        "path = \"a.csv?gads=2024&da%C4%BCa=1\"\nfile = \"0001.csv\"\n\n[headers]\nContent-Type = \"text/csv\"\nETag = '\"v1\"'\n"
    );

    place.recorder = None;
    options["recorded"] = json!("ieraksts");
    options["server"]["auth"]["secret"]["file"] = json!("nav");
    // The order of parameters does not matter, and a recorded answer comes as often as it is asked for.
    options["path"] = json!("a.csv?daļa=1&gads=2024");
    for _ in 0..2 {
        let (files, _) = place.fetch(&options, None).unwrap();
        assert_eq!(files[0].0, "a.csv");
        assert_eq!(String::from_utf8(files[0].1.clone()).unwrap(), "vārds;kods\nAnna;******-*****\n");
    }
}
