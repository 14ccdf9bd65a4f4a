//! What goes wrong on the way, as findings: the request in `cell`, what came in `value`, what was wanted in `expected`.
//!
//! What is said never holds a secret: addresses are shown as they are before [`super::auth`] adds anything, and in words
//! of a server every secret in use is replaced.

use std::error::Error as _;
use std::io;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::{StatusCode, Url};
use vienkop_transforms::finding::{self, Finding, Rule};
use vienkop_transforms::normalise::personal::mask;

use super::hosts::{LinkLocalName, Refused, UnknownName};
use crate::fetch::FetchError;
use crate::secret::Secret;

/// Characters of a server's words that are shown.
const WORDS: usize = 200;
/// Shorter secrets are not looked for: they would be found everywhere.
const SHORTEST: usize = 4;

/// Why one attempt failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nothing that another attempt would change.
    Last(FetchError),
    /// The connection was not made: nothing was asked yet.
    NotReached(Way),
    /// The connection broke, or the answer did not come in time.
    Broken(Way),
    /// A status that is no success, what the server says with it, and how long it asks to wait.
    Status(StatusCode, String, Option<Duration>),
}

/// Why there is no answer; the word by which the sentence of N001 tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The name is not known.
    Name,
    /// Nobody takes the connection.
    Connect,
    /// Nothing came in time.
    Time,
    /// No agreement about the encryption, or none is spoken there.
    Tls,
    /// The connection broke off.
    Broke,
}

impl Way {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Connect => "connect",
            Self::Time => "time",
            Self::Tls => "tls",
            Self::Broke => "broke",
        }
    }
}

impl From<FetchError> for Fault {
    fn from(error: FetchError) -> Self {
        Self::Last(error)
    }
}

impl From<io::Error> for Fault {
    /// Of inflating: what came is not what was sent.
    fn from(_: io::Error) -> Self {
        Self::Broken(Way::Broke)
    }
}

/// Makes findings for one conversation.
#[derive(Default)]
pub(super) struct Tell {
    secrets: Mutex<Vec<Secret>>,
}

impl Tell {
    /// From now on this is in no text, nor is it as an address would write it.
    pub(super) fn hide(&self, secret: &Secret) {
        let mut address = Url::parse("http://a/").ok();
        if let Some(address) = &mut address {
            address.query_pairs_mut().append_key_only(secret.expose());
        }
        let written = address.and_then(|address| address.query().map(|text| Secret::new(text.to_owned())));
        let written = written.filter(|written| written.expose() != secret.expose());
        if let Ok(mut secrets) = self.secrets.lock()
            && secret.expose().len() >= SHORTEST
        {
            secrets.push(secret.clone());
            secrets.extend(written);
        }
    }

    /// A text without secrets.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        let secrets = self.secrets.lock();
        let secrets = secrets.iter().flat_map(|secrets| secrets.iter());
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret.expose(), "***"))
    }

    /// The first words of a text from outside on one line, with neither personal codes nor secrets.
    pub(super) fn quote(&self, text: &str) -> String {
        let mut line = String::new();
        for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            // Enough that no secret is cut in two by what is shown.
            if line.len() > 20 * WORDS {
                break;
            }
        }
        let line = self.without_secrets(&line);
        let line = mask(&line);
        match line.char_indices().nth(WORDS) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line.into_owned(),
        }
    }

    /// What a failed attempt at `request` is to people, when no other follows.
    pub(super) fn fault(&self, request: &str, fault: Fault) -> FetchError {
        match fault {
            Fault::Last(error) => error,
            Fault::NotReached(way) | Fault::Broken(way) => {
                about(&finding::UNREACHABLE, request, way.as_str(), None).into()
            }
            Fault::Status(status, words, _) => {
                let rule = match status.as_u16() {
                    401 => &finding::LOGIN_REFUSED,
                    403 => &finding::FORBIDDEN,
                    _ => &finding::STATUS,
                };
                about(rule, request, &self.status(status, &words), None).into()
            }
        }
    }

    /// `500 Internal Server Error: the words`.
    pub(super) fn status(&self, status: StatusCode, words: &str) -> String {
        let words = self.quote(words);
        if words.is_empty() { status.to_string() } else { format!("{status}: {words}") }
    }

    /// Not JSON.
    pub(super) fn not_data(&self, request: &str, body: &[u8]) -> FetchError {
        let start = String::from_utf8_lossy(&body[..body.len().min(4_000)]);
        about(&finding::NOT_DATA, request, &self.quote(&words(&start)), None).into()
    }
}

/// A finding about a request.
pub(super) fn about(rule: &Rule, request: &str, value: &str, expected: Option<&str>) -> Finding {
    Finding {
        cell: Some(request.to_owned()),
        value: Some(value.to_owned()).filter(|value| !value.is_empty()),
        expected: expected.map(str::to_owned),
        ..Finding::of(rule)
    }
}

/// Too much in one answer.
pub(super) fn too_large(request: &str, limit: u64) -> FetchError {
    let hint = Some("answer_bytes".to_owned());
    Finding { hint, ..about(&finding::ANSWER_TOO_LARGE, request, "", Some(&limit.to_string())) }.into()
}

/// A host that may not be reached.
pub(super) fn refused(request: &str, to: &Url, why: Refused) -> FetchError {
    about(&finding::HOST_NOT_ALLOWED, request, &place(to), Some(why.as_str())).into()
}

/// An address as it may be shown: what a server put among its parameters may be a key.
pub(super) fn place(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), mask(url.path()))
}

/// What a page for people says, without its markup; any other text as it is.
pub(super) fn words(text: &str) -> String {
    if !text.trim_start().starts_with('<') {
        return text.to_owned();
    }
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        out.push(' ');
        // What stands in these is no text.
        let skipped = ["script", "style"].iter().find_map(|name| {
            let begins = after.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
            let end = format!("</{name}");
            begins.then(|| after.to_ascii_lowercase().find(&end).map(|at| &after[at + 1..])).flatten()
        });
        rest = skipped.unwrap_or(after).split_once('>').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

/// What a failure of the HTTP library means.
pub(super) fn classify(error: &reqwest::Error, request: &str, to: &Url) -> Fault {
    let mut cause = error.source();
    while let Some(error) = cause {
        // The source of an I/O error is that of the error that it holds, which itself would be missed.
        let mut held = error;
        while let Some(inner) = held.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            held = inner;
        }
        if held.is::<LinkLocalName>() {
            return Fault::Last(refused(request, to, Refused::LinkLocal));
        }
        if held.is::<UnknownName>() {
            return Fault::NotReached(Way::Name);
        }
        if let Some(error) = held.downcast_ref::<rustls::Error>() {
            return match certificate(error) {
                Some(why) => Fault::Last(about(&finding::CERTIFICATE, request, &place(to), Some(why)).into()),
                None => Fault::NotReached(Way::Tls),
            };
        }
        cause = held.source();
    }
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => Fault::NotReached(Way::Time),
        (true, false) => Fault::NotReached(Way::Connect),
        (false, true) => Fault::Broken(Way::Time),
        (false, false) => Fault::Broken(Way::Broke),
    }
}

/// What is wrong with a certificate, by the word of N002.
fn certificate(error: &rustls::Error) -> Option<&'static str> {
    use rustls::{CertificateError as Wrong, Error};
    let Error::InvalidCertificate(wrong) = error else {
        return matches!(error, Error::NoCertificatesPresented).then_some("other");
    };
    Some(match wrong {
        Wrong::Expired | Wrong::ExpiredContext { .. } => "expired",
        Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => "early",
        // A signature that does not fit is that of an authority which only has the same name.
        Wrong::UnknownIssuer | Wrong::BadSignature => "issuer",
        Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => "name",
        _ => "other",
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn words_of_a_server_hold_neither_secrets_nor_personal_codes() {
        let tell = Tell::default();
        tell.hide(&Secret::new("s3cr3t-k3y".to_owned()));
        tell.hide(&Secret::new("abc".to_owned()));
        tell.hide(&Secret::new("a+b/c=".to_owned()));
        for (text, shown) in [
            ("  bad\r\n key  s3cr3t-k3y abc ", "bad key *** abc"),
            ("no user 010190-12345", "no user ******-*****"),
            ("a\u{1b}[31mb\u{0}c", "a [31mb c"),
            ("?key=a%2Bb%2Fc%3D&x a+b/c=", "?key=***&x ***"),
            ("", ""),
        ] {
            assert_eq!(tell.quote(text), shown);
        }
        let long = format!("{}s3cr3t-k3y", "x".repeat(WORDS - 4));
        assert_eq!(tell.quote(&long), format!("{}***", "x".repeat(WORDS - 4)));
        assert_eq!(tell.quote(&"ā".repeat(WORDS + 1)), format!("{}…", "ā".repeat(WORDS)));
    }

    #[test]
    fn what_a_page_says() {
        let page = "<!DOCTYPE html><html><head><style>a{b:c}</style><title>Log in</title><SCRIPT>x<y</SCRIPT></head>";
        assert_eq!(Tell::default().quote(&words(page)), "Log in");
        assert_eq!(Tell::default().quote(&words("a < b")), "a < b");
        assert_eq!(Tell::default().quote(&words("<unended")), "");
    }

    #[test]
    fn addresses_are_shown_without_parameters() {
        let url = Url::parse("https://u:p@files.agentura.lv:8443/a/010190-12345?token=x#y").unwrap();
        assert_eq!(place(&url), "https://files.agentura.lv:8443/a/******-*****");
    }
}
