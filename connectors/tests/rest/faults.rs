//! Every fault at every request of a conversation: the fetch recovers or fails with its finding, and afterwards comes to
//! what an undisturbed one comes to.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use vienkop_connectors::fetch::FetchError;

use crate::ivanti::{self, Ivanti, ivanti};
use crate::jira::{self, Jira, cloud, data_center};
use crate::redmine::{Issue, Redmine, redmine};
use crate::server::{Asked, Reply, Server};
use crate::support::{Delivered, Place};
use crate::znuny::{Ticket, Znuny, znuny};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Dead,
    Slow,
    Status500,
    Html,
    TooMany,
    Repeated,
    Gone,
    Truncated,
    Broken,
}

impl Fault {
    /// What comes instead of `reply`; `before` is what came before on the same path.
    fn reply(self, reply: Reply, before: Option<Reply>) -> Reply {
        let Reply::Answer(status, headers, body) = reply else { panic!("a server answers") };
        match self {
            Self::Dead => Reply::Raw(Vec::new()),
            Self::Slow => Reply::Hang(Duration::from_millis(1_500)),
            Self::Status500 => Reply::text(500, "Internal error"),
            Self::Html => Reply::Answer(
                200,
                vec![("Content-Type", "text/html".to_owned())],
                b"<html><title>Log in</title></html>".to_vec(),
            ),
            Self::TooMany => Reply::status(429).with("Retry-After", "1"),
            Self::Repeated => before.unwrap_or(Reply::Answer(status, headers, body)),
            Self::Gone => Reply::status(404),
            Self::Truncated => {
                let half = body.len() / 2;
                Reply::Break(status, headers, body, half)
            }
            Self::Broken => {
                let half = body[..body.len() / 2].to_vec();
                Reply::Answer(status, headers, half)
            }
        }
    }

    /// Codes that a fetch may fail with.
    fn codes(self) -> &'static [&'static str] {
        match self {
            Self::Dead | Self::Slow | Self::Truncated => &["N001", "N003"],
            Self::Status500 | Self::TooMany => &["N005", "N003"],
            Self::Html | Self::Broken => &["N006", "N003"],
            // A repeated answer to another question: its records are none of those asked for.
            Self::Repeated => &["N007", "N011", "N006"],
            Self::Gone => &["N005", "N012", "N003"],
        }
    }
}

/// A server that answers the n-th question wrongly, once or until it is mended.
struct Disturbed {
    number: AtomicUsize,
    at: usize,
    fault: Fault,
    lasting: bool,
    mended: AtomicBool,
    /// The question that is answered wrongly.
    question: Mutex<Option<String>>,
    before: Mutex<Vec<(String, Reply)>>,
}

impl Disturbed {
    fn answer(&self, asked: &Asked, reply: Reply) -> Reply {
        let question = format!("{} {} {}", asked.method, asked.target, asked.body);
        let number = self.number.fetch_add(1, Ordering::SeqCst);
        let mut chosen = self.question.lock().unwrap();
        if number == self.at {
            *chosen = Some(question.clone());
        }
        let strikes = if self.lasting {
            chosen.as_ref() == Some(&question) && !self.mended.load(Ordering::SeqCst)
        } else {
            number == self.at
        };
        let mut before = self.before.lock().unwrap();
        let last = before.iter().rev().find(|(path, _)| path == asked.path()).map(|(_, reply)| reply.clone());
        before.push((asked.path().to_owned(), reply.clone()));
        if strikes { self.fault.reply(reply, last) } else { reply }
    }
}

fn place() -> Place {
    let mut place = Place::new();
    place.now = "2024-06-04T20:00:00Z".parse().unwrap();
    place
}

/// Fetches from a disturbed server, and again once it is mended if need be.
fn disturbed(
    fault: Fault,
    at: usize,
    lasting: bool,
    answer: &Arc<dyn Fn(&Asked) -> Reply + Send + Sync>,
    options: fn(&str) -> Value,
) -> (Delivered, bool) {
    let shared = Arc::new(Disturbed {
        number: AtomicUsize::new(0),
        at,
        fault,
        lasting,
        mended: AtomicBool::new(false),
        question: Mutex::new(None),
        before: Mutex::new(Vec::new()),
    });
    let (answer, server_side) = (Arc::clone(answer), Arc::clone(&shared));
    let server = Server::start(move |asked| server_side.answer(asked, answer(asked)));
    let mut options = options(&server.url());
    // A machine that has much to do answers late, and that is no fault here.
    options["server"]["timeout_seconds"] = if fault == Fault::Slow { 1 } else { 60 }.into();
    let place = place();
    match place.fetch(&options, None) {
        Ok(delivered) => (delivered, false),
        Err(FetchError::File(finding)) => {
            assert!(fault.codes().contains(&finding.code), "{fault:?} at {at}, lasting {lasting}: {finding:?}");
            shared.mended.store(true, Ordering::SeqCst);
            let again = place.fetch(&options, None);
            let delivered = again.unwrap_or_else(|error| panic!("{fault:?} at {at}, lasting {lasting}: {error:?}"));
            assert!(!place.notes().exists());
            (delivered, true)
        }
        Err(error) => panic!("{fault:?} at {at}, lasting {lasting}: {error:?}"),
    }
}

fn check(faults: &[Fault], answer: &Arc<dyn Fn(&Asked) -> Reply + Send + Sync>, options: fn(&str) -> Value) {
    let server = {
        let answer = Arc::clone(answer);
        Server::start(move |asked| answer(asked))
    };
    let undisturbed = place().fetch(&options(&server.url()), None).unwrap();
    let expected = undisturbed.by_id();
    let requests = server.asked().len();
    let mut broke_off = 0;
    for fault in faults {
        for at in 0..requests {
            for lasting in [false, true] {
                let (delivered, failed) = disturbed(*fault, at, lasting, answer, options);
                broke_off += usize::from(failed);
                let records = delivered.by_id();
                let context = format!("{fault:?} at {at}, lasting {lasting}");
                let left_out = delivered.codes().iter().filter(|code| **code == "N010").count();
                // A record that is gone, by what the server says, is left out, and nothing else.
                assert!(left_out == 0 || matches!(fault, Fault::Gone | Fault::Repeated), "{context}");
                assert_eq!(records.len() + left_out, expected.len(), "{context}");
                for (id, record) in &records {
                    assert_eq!(Some(record), expected.get(id), "{context}");
                }
                if left_out == 0 {
                    assert_eq!(delivered.until(), undisturbed.until(), "{context}");
                }
            }
        }
    }
    assert!(broke_off > requests, "{broke_off}");
}

fn issues() -> Arc<dyn Fn(&Asked) -> Reply + Send + Sync> {
    let issues = (1..=7).map(|id| Issue::new(id, 60 * id).to(1_000 + id / 2, 2)).collect();
    let redmine = Redmine::new(issues, 2);
    Arc::new(move |asked| redmine.answer(asked))
}

/// From the day on which there is something: fewer windows.
fn of_the_day(url: &str) -> Value {
    let mut options = znuny(url);
    options["incremental"]["first"] = "2024-06-04 08:00".into();
    options
}

fn tickets() -> Arc<dyn Fn(&Asked) -> Reply + Send + Sync> {
    let tickets = (1..=7).map(|id| Ticket::new(id, 30_000 + 60 * id).to(40_000 + 60 * id, "open")).collect();
    let znuny = Znuny::new(tickets, 5);
    Arc::new(move |asked| znuny.answer(asked))
}

fn jira_issues() -> Arc<dyn Fn(&Asked) -> Reply + Send + Sync> {
    let issues = (1..=5).map(|id| jira::Issue::new(id, 60 * id).to(1_000 + id / 2, "In Progress")).collect();
    let jira = Jira::new(issues, 2);
    Arc::new(move |asked| jira.answer(asked))
}

fn ivanti_requests() -> Arc<dyn Fn(&Asked) -> Reply + Send + Sync> {
    let requests = (1..=7).map(|id| ivanti::Request::new(id, 60 * id).to(1_000 + id / 2, "Active")).collect();
    let ivanti = Ivanti::new(requests, 2);
    Arc::new(move |asked| ivanti.answer(asked))
}

const ALL: [Fault; 8] = [
    Fault::Dead,
    Fault::Truncated,
    Fault::Status500,
    Fault::TooMany,
    Fault::Gone,
    Fault::Html,
    Fault::Broken,
    Fault::Repeated,
];

#[test]
fn everything_and_jira_data_center() {
    check(&ALL, &jira_issues(), data_center);
}

#[test]
fn everything_and_jira_cloud() {
    check(&ALL, &jira_issues(), cloud);
}

#[test]
fn everything_and_ivanti() {
    check(&ALL, &ivanti_requests(), ivanti);
}

#[test]
fn connections_and_redmine() {
    check(&[Fault::Dead, Fault::Truncated], &issues(), redmine);
}

#[test]
fn statuses_and_redmine() {
    check(&[Fault::Status500, Fault::TooMany, Fault::Gone], &issues(), redmine);
}

#[test]
fn contents_and_redmine() {
    check(&[Fault::Html, Fault::Broken, Fault::Repeated], &issues(), redmine);
}

#[test]
fn connections_and_znuny() {
    check(&[Fault::Dead, Fault::Truncated], &tickets(), of_the_day);
}

#[test]
fn statuses_and_znuny() {
    check(&[Fault::Status500, Fault::TooMany], &tickets(), of_the_day);
}

#[test]
fn contents_and_znuny() {
    check(&[Fault::Html, Fault::Broken], &tickets(), of_the_day);
}

#[test]
fn silence() {
    let answer = issues();
    for at in [0, 1, 4] {
        let (delivered, failed) = disturbed(Fault::Slow, at, true, &answer, redmine);
        assert!(failed && delivered.by_id().len() == 7);
    }
}
