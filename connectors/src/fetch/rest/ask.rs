//! One request and what its answer says: the document, that the record is gone, or a failure in the system's own words.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::normalise::personal::mask;

use super::super::{FetchContext, FetchError};
use super::moment::http_date;
use super::plan::Errors;
use super::tree::{Node, TreeError};
use crate::net::{Answer, Conversation, Request};

/// How wrong the server's clock may be before it is told.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A conversation in documents.
pub(super) struct Asker<'a> {
    pub(super) conversation: Conversation<'a>,
    errors: Option<&'a Errors>,
    depth: usize,
    live: bool,
    /// When the fetch began by the server's clock, and what is to be told of it.
    began: Mutex<Option<(Timestamp, Option<Finding>)>>,
}

/// An answer.
pub(super) struct Reply {
    pub(super) document: Node,
    /// Headers `Link`.
    pub(super) links: Vec<String>,
    /// Where it came from.
    pub(super) url: Url,
    /// What people know the request by.
    pub(super) request: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Refusal {
    /// What was asked for is not there (any more).
    Gone,
    /// The system failed by its own word; the code is one of its own.
    Own(Box<Finding>),
    /// Everything else.
    Fetch(FetchError),
}

impl From<FetchError> for Refusal {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}

impl From<Refusal> for FetchError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Fetch(error) => error,
            Refusal::Own(finding) => Self::File(finding),
            Refusal::Gone => Finding::of(&finding::SYSTEM_FAILURE).into(),
        }
    }
}

impl<'a> Asker<'a> {
    /// `live`: answers come from the server itself, not from a recording.
    pub(super) fn new(
        conversation: Conversation<'a>,
        errors: Option<&'a Errors>,
        context: &FetchContext<'a>,
        live: bool,
    ) -> Self {
        Self { conversation, errors, depth: context.limits.depth, live, began: Mutex::default() }
    }

    /// Asks for a document.
    ///
    /// # Errors
    /// [`Refusal::Gone`] for a code of `errors.gone` and, where the request accepts them, for status 404 and 410.
    pub(super) async fn ask(&self, request: Request) -> Result<Reply, Refusal> {
        let name = self.conversation.name(&request);
        let (mut waits, mut renewed) = (self.conversation.waits(), false);
        loop {
            let answer = self.conversation.send(request.clone()).await?;
            self.look_at_clock(&answer);
            if matches!(answer.status, 404 | 410) {
                return Err(Refusal::Gone);
            }
            if matches!(answer.status, 400 | 422) {
                let said = format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body));
                return Err(Refusal::Own(Box::new(self.conversation.finding(&finding::STATUS, &request, &said))));
            }
            // Nothing at all, where that is what is said.
            let body = if matches!(answer.status, 204 | 205) { b"{}".as_slice() } else { answer.body.as_slice() };
            let document = match Node::parse(body, self.depth) {
                Ok(document) => document,
                Err(TreeError::Deep) => return Err(Refusal::Fetch(self.too_deep(name))),
                // What broke off on its way may come whole the next time.
                Err(TreeError::Json(_)) => {
                    if let Some(wait) = waits.next() {
                        self.conversation.wait(wait).await?;
                        continue;
                    }
                    let text = String::from_utf8_lossy(&answer.body);
                    let finding = self.conversation.finding(&finding::NOT_DATA, &request, &text);
                    return Err(Refusal::Fetch(finding.into()));
                }
            };
            let Some((errors, code)) = self.errors.and_then(|errors| Some((errors, errors.code(&document)?))) else {
                let links = answer.headers.all("link").map(str::to_owned).collect();
                return Ok(Reply { document, links, url: answer.url, request: name });
            };
            let login = errors.login.contains(&code);
            if login && !renewed && self.conversation.renew(&answer).await {
                renewed = true;
                continue;
            }
            if errors.gone.contains(&code) {
                return Err(Refusal::Gone);
            }
            let said = errors.message(&document).filter(|message| *message != code);
            let told = said.map_or_else(|| code.clone(), |message| format!("{code}: {message}"));
            let rule = if login { &finding::LOGIN_REFUSED } else { &finding::SYSTEM_FAILURE };
            let finding = self.conversation.finding(rule, &request, &told);
            return Err(if login { Refusal::Fetch(finding.into()) } else { Refusal::Own(Box::new(finding)) });
        }
    }

    fn too_deep(&self, request: String) -> FetchError {
        let finding = Finding {
            cell: Some(request),
            expected: Some(self.depth.to_string()),
            hint: Some("depth".to_owned()),
            ..Finding::of(&finding::LIMIT)
        };
        finding.into()
    }

    /// The first answer tells what time it is there.
    fn look_at_clock(&self, answer: &Answer) {
        let Ok(mut began) = self.began.lock() else { return };
        if began.is_some() || !self.live {
            return;
        }
        let here = Timestamp::now();
        let Some(there) = answer.headers.get("date").and_then(http_date) else {
            *began = Some((here, None));
            return;
        };
        let off = there.duration_since(here);
        let finding = (off.abs() > SKEW).then(|| Finding {
            value: Some(format!("{:#}", SignedDuration::from_secs(off.abs().as_secs()))),
            expected: Some(here.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
            hint: Some(there.to_string()),
            ..Finding::of(&finding::CLOCK_SKEW)
        });
        *began = Some((there, finding));
    }

    /// When the fetch began by the server's clock (by ours where it does not tell); none for a recording.
    pub(super) fn began(&self) -> Option<Timestamp> {
        self.began.lock().ok().and_then(|began| began.as_ref().map(|(moment, _)| *moment))
    }

    /// N018, if the server's clock is wrong.
    pub(super) fn skew(&self) -> Option<Finding> {
        self.began.lock().ok().and_then(|mut began| began.as_mut()?.1.take())
    }
}

/// Takes the records out of an answer, from where a pointer leads; a single object is one record.
///
/// # Errors
/// N006: the answer is another than was to be expected. What says nothing at all (`{}`, `null`) holds no records.
pub(super) fn records(reply: &mut Reply, pointer: &[String], written: &str) -> Result<Vec<Node>, FetchError> {
    let nothing = reply.document.is_empty();
    match reply.document.pointed_mut(pointer) {
        Some(Node::Array(items)) => return Ok(std::mem::take(items)),
        Some(node) if node.is_empty() => return Ok(Vec::new()),
        Some(node @ Node::Object(_)) => return Ok(vec![std::mem::replace(node, Node::null())]),
        None if nothing => return Ok(Vec::new()),
        Some(Node::Scalar(_)) | None => {}
    }
    let members: Vec<&str> = match &reply.document {
        Node::Object(members) => members.iter().map(|(name, _)| name.as_str()).take(8).collect(),
        Node::Array(_) | Node::Scalar(_) => Vec::new(),
    };
    Err(Finding {
        cell: Some(reply.request.clone()),
        value: quoted(&members),
        expected: Some(written.to_owned()),
        hint: Some(format!("records = \"{written}\"")),
        ..Finding::of(&finding::NOT_DATA)
    }
    .into())
}

/// Names of members, as they would stand in the answer.
fn quoted(members: &[&str]) -> Option<String> {
    let names: Vec<String> = members.iter().map(|name| format!("\"{}\"", mask(name))).collect();
    (!names.is_empty()).then(|| format!("{{{}}}", names.join(", ")))
}
