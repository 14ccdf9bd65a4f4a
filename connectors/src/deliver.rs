//! Delivery: records to another register over HTTP, each with a key by which the register knows it again.
//!
//! What is sent is the affair of `vienkop_transforms::deliver`; here is one request and what the register says to it. A
//! request may be sent again: the register takes it once, by its address or by its idempotency key.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use reqwest::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vienkop_transforms::finding::{self, Finding};

use crate::fetch::FetchError;
use crate::format::OptionError;
use crate::net::{Answer, Around, Conversation, Request, Server};

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

    /// The header of keys.
    pub fn idempotency_header(&self) -> &str {
        &self.idempotency_header
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
}

/// What the register says.
#[derive(Debug, Clone)]
pub enum Said {
    /// It is done. The answer, if it is JSON.
    Accepted(Option<Value>),
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
        Ok(Self { conversation: Conversation::open(&settings.server, None, around)?, settings })
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
        let mut waits = self.conversation.waits();
        loop {
            let answer = self.conversation.send(request.clone()).await?;
            let again = (answer.status == 409).then(|| waits.next()).flatten();
            let Some(wait) = again else { return self.said(&request, &answer) };
            self.conversation.wait(wait).await?;
        }
    }

    /// Asks whether the register is there and knows us; changes nothing.
    ///
    /// # Errors
    /// A finding N001… if not.
    pub async fn reach(&self) -> Result<(), FetchError> {
        let url = self.conversation.url("")?;
        match self.conversation.send(Request::write(Method::GET, url, Vec::new(), None)).await {
            // What stands at the base address, and who may see it, is the register's own affair.
            Err(FetchError::File(finding)) if finding.code == finding::NOT_DATA.code => Ok(()),
            other => other.map(|_| ()),
        }
    }

    fn said(&self, request: &Request, answer: &Answer) -> Result<Said, FetchError> {
        let value = serde_json::from_slice::<Value>(&answer.body).ok();
        match answer.status {
            200..=299 => Ok(Said::Accepted(value)),
            // It knows us and does not let us: true of any other record too, and no fault of this one.
            403 => {
                let words = self.refusal(answer, value.as_ref()).words;
                Err(self.conversation.finding(&finding::FORBIDDEN, request, &format!("403 {words}")).into())
            }
            404 | 410 => Ok(Said::Absent(self.refusal(answer, value.as_ref()))),
            _ => Ok(Said::Refused(self.refusal(answer, value.as_ref()))),
        }
    }

    fn refusal(&self, answer: &Answer, value: Option<&Value>) -> Refusal {
        let told = value.and_then(|value| match &self.settings.message {
            Some(pointer) => value.pointer(pointer),
            None => ["detail", "title"].iter().find_map(|name| value.get(name)),
        });
        let words = told.map_or_else(|| String::from_utf8_lossy(&answer.body).into_owned(), shown);
        Refusal { status: answer.status, words: self.quote(&words) }
    }

    /// The first words of a text from the register, for people: personal codes masked, our secrets taken out.
    pub fn quote(&self, text: &str) -> String {
        self.conversation.quote(text)
    }

    /// A finding about an answer that does not say what became of the records it is about.
    pub fn unclear(&self, sending: &Sending, answer: Option<&Value>) -> Finding {
        let value = answer.map_or_else(String::new, ToString::to_string);
        Finding {
            cell: Some(format!("{} {}{}", sending.method, self.settings.url(), sending.path)),
            value: Some(self.quote(&value)).filter(|value| !value.is_empty()),
            ..Finding::of(&finding::NOT_DATA)
        }
    }
}

/// A value as words.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
