//! Delivery: records to another register over HTTP, each with a key by which the register knows it again.
//!
//! What is sent is the affair of `vienkop_transforms::deliver`; here is one request and what the register says to it. A
//! request may be sent again: the register takes it once, by its address or by its idempotency key.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use reqwest::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::normalise::personal::mask;

use crate::fetch::FetchError;
use crate::format::OptionError;
use crate::net::{self, Answer, Around, Conversation, Expect, Request, Server};

/// `[deliver]`: the other register, how it knows us, and when something is wrong.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliverSettings {
    /// The server.
    pub(crate) server: Server,
    /// Header that carries the key by which the register takes a request once
    /// (draft-ietf-httpapi-idempotency-key-header): uid, content hash and sequence of the record.
    #[serde(default = "idempotency_header")]
    pub(crate) idempotency_header: String,
    /// JSON Pointer to the register's words in an answer that refuses something: `/error/message`; by default `detail` or
    /// `title` (RFC 9457), else the beginning of the answer.
    #[serde(default)]
    pub(crate) message: Option<String>,
    /// Path that `vienkop check` asks for, to see whether the register is there and knows us: its answer is JSON. Without it
    /// the base address is asked, which tells less.
    #[serde(default)]
    pub(crate) probe: Option<String>,
    /// Share of the records that the register has which a delivery may take away without approval, 0 to 1.
    #[serde(default = "max_removed_share")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_removed_share: f64,
    /// Share of the records to be sent that may be left, refused or not sent, before the delivery counts as failed, 0 to 1.
    #[serde(default = "max_undelivered_share")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_undelivered_share: f64,
}

fn idempotency_header() -> String {
    "Idempotency-Key".to_owned()
}

const fn max_removed_share() -> f64 {
    0.2
}

const fn max_undelivered_share() -> f64 {
    0.1
}

impl DeliverSettings {
    /// What no schema can say.
    ///
    /// # Errors
    /// The option below `[deliver]` with `/` between its parts, and the reason.
    pub fn check(&self) -> Result<(), OptionError> {
        self.server.check()?;
        if reqwest::header::HeaderName::from_bytes(self.idempotency_header.as_bytes()).is_err() {
            return Err(OptionError::new("idempotency_header", "header", &self.idempotency_header));
        }
        match &self.message {
            Some(pointer) if !pointer.starts_with('/') => Err(OptionError::new("message", "pointer", pointer)),
            _ => Ok(()),
        }
    }

    /// The server's address, for people.
    pub fn url(&self) -> &str {
        &self.server.url
    }

    /// The whole address of a path, for people.
    pub fn address(&self, path: &str) -> String {
        let joined = net::base(&self.server.url).and_then(|base| base.join(path).ok());
        joined.map_or_else(|| format!("{}{path}", self.server.url), |address| mask(address.as_str()).into_owned())
    }

    /// How many requests may be under way at the same time.
    pub fn concurrent(&self) -> usize {
        self.server.concurrent.max(1)
    }
}

/// One request to the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// Method: `PUT`.
    pub method: &'static str,
    /// Path, joined to the server's address.
    pub path: String,
    /// The idempotency key; none: it asks, and changes nothing.
    pub key: Option<String>,
    /// JSON.
    pub body: Option<Vec<u8>>,
    /// Whether it is sent but once where nobody knows whether the register has acted: whoever sends it asks first.
    pub once: bool,
}

/// Bytes of an answer, at most: it is a word on records, not a document.
const ANSWER_BYTES: u64 = 8 << 20;
/// Bytes of an answer that are looked at for why something is refused.
const WORDS_BYTES: usize = 64 << 10;

/// What the register says.
#[derive(Debug, Clone)]
pub enum Said {
    /// It is done: status, and the answer, if it is JSON.
    Accepted(u16, Option<Value>),
    /// It is not there (404, 410).
    Absent(Refusal),
    /// It is not taken.
    Refused(Refusal),
}

/// Why the register does not take something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The register's words, without personal codes and secrets.
    pub words: String,
}

/// A conversation with a register.
pub struct Register<'a> {
    conversation: Conversation<'a>,
    settings: &'a DeliverSettings,
}

impl<'a> Register<'a> {
    /// Begins a conversation; nothing is sent yet. `base`: the folder that holds `config/`.
    ///
    /// # Errors
    /// A secret or certificate that is not there (N013).
    pub fn open(settings: &'a DeliverSettings, base: &'a Path, cancel: &'a AtomicBool) -> Result<Self, FetchError> {
        let around = Around { base, record: None, cancel };
        let server = Server { answer_bytes: settings.server.answer_bytes.min(ANSWER_BYTES), ..settings.server.clone() };
        Ok(Self { conversation: Conversation::open(&server, None, around)?, settings })
    }

    /// Sends a request, again where that helps: the way broke, the server failed, it asked to wait, or it said that
    /// something is in the way (409), which mostly is the same request that it still works at.
    ///
    /// # Errors
    /// A finding N001…: nobody knows whether the register has acted. [`FetchError::Cancelled`] likewise.
    pub async fn send(&self, sending: &Sending) -> Result<Said, FetchError> {
        let url = self.conversation.url(&sending.path)?;
        let method = Method::from_bytes(sending.method.as_bytes()).unwrap_or(Method::POST);
        let mut headers = Vec::new();
        if sending.body.is_some() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        if let Some(key) = &sending.key {
            headers.push((self.settings.idempotency_header.clone(), key.clone()));
        }
        let request = Request::write(method, url, headers, sending.body.clone());
        self.exchange(Request { safe: !sending.once, ..request }).await
    }

    async fn exchange(&self, request: Request) -> Result<Said, FetchError> {
        let mut waits = self.conversation.waits();
        loop {
            let answer = self.conversation.send(request.clone()).await?;
            let again = (answer.status == 409).then(|| waits.next()).flatten();
            let Some(wait) = again else { return Ok(self.said(&answer)) };
            self.conversation.wait(wait).await?;
        }
    }

    /// Asks for something; the answer has to be JSON.
    ///
    /// # Errors
    /// As of [`Self::send`].
    pub async fn ask(&self, path: &str) -> Result<Said, FetchError> {
        let url = self.conversation.url(path)?;
        let request = Request { expect: Expect::Json, ..Request::write(Method::GET, url, Vec::new(), None) };
        match self.exchange(request).await? {
            Said::Accepted(status, None) if status != 204 => {
                let sending = Sending { method: "GET", path: path.to_owned(), key: None, body: None, once: false };
                Err(self.unclear(&sending, None, "JSON").into())
            }
            said => Ok(said),
        }
    }

    /// The waits between the attempts that the options allow, for what is not simply sent again.
    pub fn waits(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        self.conversation.waits()
    }

    /// Waits so long.
    ///
    /// # Errors
    /// Somebody asked to stop.
    pub async fn wait(&self, wait: Duration) -> Result<(), FetchError> {
        self.conversation.wait(wait).await
    }

    /// Asks whether the register is there and knows us; changes nothing. Where the options name no `probe`, what stands at
    /// the base address, and who may see it, is the register's own affair.
    ///
    /// # Errors
    /// A finding N001… if not.
    pub async fn reach(&self) -> Result<(), FetchError> {
        if let Some(probe) = &self.settings.probe {
            return match self.ask(probe).await? {
                Said::Accepted(..) => Ok(()),
                Said::Absent(refusal) | Said::Refused(refusal) => {
                    let rule = if refusal.status == 403 { &finding::FORBIDDEN } else { &finding::STATUS };
                    let value = Some(format!("{} {}", refusal.status, refusal.words));
                    Err(Finding { cell: Some(self.settings.address(probe)), value, ..Finding::of(rule) }.into())
                }
            };
        }
        let url = self.conversation.url("")?;
        match self.conversation.send(Request::write(Method::GET, url, Vec::new(), None)).await {
            Err(FetchError::File(finding)) if finding.code == finding::NOT_DATA.code => Ok(()),
            other => other.map(|_| ()),
        }
    }

    fn said(&self, answer: &Answer) -> Said {
        let body = answer.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&answer.body);
        let value = || serde_json::from_slice::<Value>(body).ok();
        match answer.status {
            status @ 200..=299 => Said::Accepted(status, value()),
            404 | 410 => Said::Absent(self.refusal(answer.status, body)),
            status => Said::Refused(self.refusal(status, body)),
        }
    }

    fn refusal(&self, status: u16, body: &[u8]) -> Refusal {
        let body = &body[..body.len().min(WORDS_BYTES)];
        let value = serde_json::from_slice::<Value>(body).ok();
        let told = value.as_ref().and_then(|value| match &self.settings.message {
            Some(pointer) => value.pointer(pointer),
            None => ["detail", "title"].iter().find_map(|name| value.get(name)),
        });
        let words = told.map_or_else(|| String::from_utf8_lossy(body).into_owned(), shown);
        Refusal { status, words: self.quote(&words) }
    }

    /// The first words of a text from the register, for people: personal codes masked, our secrets taken out.
    pub fn quote(&self, text: &str) -> String {
        self.conversation.quote(text)
    }

    /// A finding about an answer that does not say what the target's file looks for: `wanted`, as it stands there.
    pub fn unclear(&self, sending: &Sending, answer: Option<&Value>, wanted: &str) -> Finding {
        let value = answer.map_or_else(String::new, ToString::to_string);
        Finding {
            expected: Some(wanted.to_owned()),
            cell: Some(format!("{} {}", sending.method, self.settings.address(&sending.path))),
            value: Some(self.quote(&value)).filter(|value| !value.is_empty()),
            ..Finding::of(&finding::ANSWER_UNCLEAR)
        }
    }
}

/// A value as words.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
