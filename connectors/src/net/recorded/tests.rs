#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Url;

use super::super::message::Request;
use super::Player;

fn player(files: &[(&str, &str)]) -> (tempfile::TempDir, Player) {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs_err::write(folder.path().join(name), content).unwrap();
    }
    let player = Player::open(folder.path(), ".", &Url::parse("https://a.lv/x/").unwrap()).unwrap();
    (folder, player)
}

fn get(path: &str) -> Request {
    Request::get(Url::parse("https://a.lv/x/").unwrap().join(path).unwrap())
}

fn search(path: &str, body: &str) -> Request {
    Request::search(get(path).url, body.as_bytes().to_vec())
}

/// The status tells which exchange answered.
fn played(player: &Player, request: &Request) -> Option<u16> {
    player.play(request, "x").ok().map(|played| played.status)
}

#[test]
fn exchanges_of_one_request_answer_in_order_and_the_last_again() {
    let (_folder, player) = player(&[
        ("b.toml", "path = 'a?x=1&y=2'\nstatus = 202"),
        ("a.toml", "path = 'a?y=2&x=1'\nstatus = 201"),
        ("c.toml", "path = 'a?y=2&x=1&x=3'\nstatus = 203"),
        ("d.toml", "path = 'https://b.lv/a'\nstatus = 204"),
        ("README.md", "not an exchange"),
    ]);
    let asked = [
        ("a?x=1&y=2", Some(201)),
        ("a?x=1&x=3&y=2", Some(203)),
        ("a?x=3&x=1&y=2", None),
        ("a?y=2&x=1", Some(202)),
        ("a?y=2&x=1", Some(202)),
        ("a?y=2", None),
        ("/a?y=2&x=1", None),
        ("https://b.lv/a", Some(204)),
    ];
    for (path, status) in asked {
        assert_eq!(played(&player, &get(path)), status, "{path}");
    }
    assert_eq!(played(&player, &search("a?x=1&y=2", "{}")), None);
}

#[test]
fn bodies_are_compared_as_json_and_what_may_be_any_is_left_out() {
    let (_folder, player) = player(&[
        ("1.toml", "method = 'POST'\npath = 'a'\nstatus = 201\nbody = '{\"x\": 1, \"y\": [\"b\"]}'"),
        ("2.toml", "method = 'POST'\npath = 'a'\nstatus = 202\nbody = '{\"x\": 2, \"y\": []}'"),
        ("3.toml", "method = 'POST'\npath = 'a'\nstatus = 203"),
        ("4.toml", "method = 'POST'\npath = 'b'\nstatus = 204\nbody = 'a=b'"),
        (
            "5.toml",
            "method = 'POST'\npath = 'c?until=2024'\nany = ['until']\nstatus = 205\nbody = '{\"f\": {\"until\": 1}}'",
        ),
    ]);
    for (request, status) in [
        (search("a", "{\"y\":[\"b\"],\"x\":1}"), Some(201)),
        (search("a", "{\"x\": 2, \"y\": []}"), Some(202)),
        (search("a", "{\"x\": 3}"), Some(203)),
        (search("b", "a=b\n"), Some(204)),
        (search("b", "a=c"), None),
        (search("c?until=2025-01-01", "{\"f\":{\"until\":\"x\"}}"), Some(205)),
        (search("c", "{\"f\":{\"until\":\"x\"}}"), None),
        (search("c?until=2025", "{\"f\":{\"since\":1}}"), None),
        (get("a"), None),
    ] {
        assert_eq!(played(&player, &request), status, "{request:?}");
    }
}
