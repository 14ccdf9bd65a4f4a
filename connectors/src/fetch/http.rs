//! `kind = "http"`: one document by its address, in any format.
//!
//! What the server says of its version (`ETag`, `Last-Modified`) is the cursor, together with the hash under which the
//! document landed: an unchanged document is not sent again, and is taken from the landing zone as if it had been.

use std::cell::Cell;
use std::io::{self, Read};
use std::time::Duration;

use reqwest::Url;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use vienkop_transforms::finding;

use super::{Cancellable, Fetch, FetchContext, FetchError, FetchKind, Fetched, Fetching, OptionError, Recordable};
use crate::landing::Landed;
use crate::net::{Conversation, Download, Expect, Headers, Request, Server};

/// A connection that brought so much since it last broke is as good as new: attempts are counted from one again.
const PROGRESS: u64 = 256 << 10;
/// Characters of a name that a server gives.
const NAME_CHARS: usize = 100;

/// Options of `[fetch]` with `kind = "http"`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpOptions {
    /// The server.
    server: Server,
    /// Address of the document, joined to the server's `url`: `export/register.xlsx`.
    path: String,
    /// The name that people know the document by; its ending may tell the variant of a format. By default the last part
    /// of the address, or the name that the server gives.
    #[serde(default)]
    name: Option<String>,
    /// A folder of recorded exchanges that stands in for the server, relative to the folder that holds `config/`.
    #[serde(default)]
    recorded: Option<String>,
    /// Members of the answers that identify persons, as paths (`author/name`; arrays are passed through; a path is met
    /// wherever it stands, with everything below it): `vienkop run --record` writes pseudonyms in their place. Without it
    /// nothing is recorded.
    #[serde(default)]
    personal: Option<Vec<String>>,
}

pub(super) struct Kind;

impl FetchKind for Kind {
    fn name(&self) -> &'static str {
        "http"
    }

    fn options_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        HttpOptions::json_schema(generator)
    }

    fn fetcher(&self, options: &serde_json::Value) -> Result<Box<dyn Fetch>, OptionError> {
        let options: HttpOptions = serde_json::from_value(options.clone())
            .map_err(|error| OptionError::new("server", "other", error.to_string()))?;
        options.server.check()?;
        if options.path.trim().is_empty() {
            return Err(OptionError::new("path", "empty", ""));
        }
        Ok(Box::new(options))
    }
}

/// The version of a document that was loaded last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// The address that it is of.
    url: String,
    etag: Option<String>,
    modified: Option<String>,
    /// What landed of it.
    sha256: String,
    name: String,
}

impl Seen {
    /// What is remembered of that address, if the document still lies whole in the landing zone.
    fn of(context: &FetchContext<'_>, url: &Url) -> Option<Self> {
        // What is recorded has to be whole.
        let cursor = context.cursor.filter(|_| context.record.is_none())?;
        let seen: Self = serde_json::from_str(cursor).ok()?;
        let kept = seen.url == url.as_str() && context.landing.verify(&seen.sha256).unwrap_or(false);
        kept.then_some(seen)
    }

    fn conditions(&self) -> Vec<(String, String)> {
        let etag = self.etag.iter().map(|etag| ("If-None-Match".to_owned(), etag.clone()));
        // RFC 9110, 13.1.3: not looked at where there is an entity tag.
        let modified = self.modified.iter().map(|date| ("If-Modified-Since".to_owned(), date.clone()));
        etag.chain(modified).collect()
    }
}

impl Fetch for HttpOptions {
    fn asks_server(&self) -> bool {
        self.recorded.is_none()
    }

    fn recordable(&self) -> Recordable<'_> {
        Recordable::of(self.recorded.as_deref(), self.personal.as_ref())
    }

    fn fetch(
        &self,
        context: &FetchContext<'_>,
        out: &mut dyn FnMut(Fetched<'_>) -> Result<Landed, FetchError>,
    ) -> Result<Fetching, FetchError> {
        let runtime = Handle::try_current().map_err(|error| FetchError::Io(io::Error::other(error)))?;
        let conversation = Conversation::open(&self.server, self.recorded.as_deref(), context.into())?;
        let url = conversation.url(&self.path)?;
        let seen = Seen::of(context, &url);
        let mut request = Request { expect: Expect::Anything, ..Request::get(url.clone()) };
        // Parts of a compressed document cannot be asked for.
        request.headers.push(("Accept-Encoding".to_owned(), "identity".to_owned()));
        let plain = request.headers.len();
        if let Some(seen) = &seen {
            request.headers.extend(seen.conditions());
            request.accept.push(304);
        }
        let mut attempts = Attempts { conversation: &conversation, runtime: &runtime, waits: None };
        loop {
            let download = runtime.block_on(conversation.download(&request))?;
            let (status, headers) = (download.status, download.headers.clone());
            if let (304, Some(seen)) = (status, &seen) {
                let file = context.landing.open(&seen.sha256)?;
                let reader = Box::new(Cancellable { inner: file, context: *context });
                out(Fetched { name: seen.name.clone(), reader })?;
                return Ok(Fetching::default());
            }
            let name = self.document_name(&url, &headers);
            let broke = Cell::new(false);
            let base = Request { headers: request.headers[..plain].to_vec(), accept: Vec::new(), ..request.clone() };
            let reader = Document::new(&mut attempts, base, download, &broke);
            match out(Fetched { name: name.clone(), reader: Box::new(reader) }) {
                Ok(landed) => {
                    conversation.record(&request, status, &headers, &landed.path)?;
                    return Ok(Fetching { cursor: cursor(&url, &headers, landed.sha256, name), ..Fetching::default() });
                }
                Err(error) if broke.get() => attempts.wait_or(error, 0)?,
                Err(error) => return Err(error),
            }
        }
    }
}

impl HttpOptions {
    fn document_name(&self, url: &Url, headers: &Headers) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let last = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
        if last.contains('.') {
            return decoded(last);
        }
        let given = headers.get("Content-Disposition").and_then(given_name);
        given.unwrap_or_else(|| {
            if last.is_empty() { url.host_str().unwrap_or_default().to_owned() } else { decoded(last) }
        })
    }
}

/// The cursor of a document whose version the server tells.
fn cursor(url: &Url, headers: &Headers, sha256: String, name: String) -> Option<String> {
    let told = |name| headers.get(name).map(str::to_owned);
    let (etag, modified) = (told("ETag"), told("Last-Modified"));
    if etag.is_none() && modified.is_none() {
        return None;
    }
    serde_json::to_string(&Seen { url: url.to_string(), etag, modified, sha256, name }).ok()
}

/// The name in `Content-Disposition` (RFC 6266), without any folder.
fn given_name(header: &str) -> Option<String> {
    let parameters = header.split(';').skip(1).filter_map(|part| part.split_once('='));
    let mut plain = None;
    for (name, value) in parameters.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim())) {
        match name.as_str() {
            "filename*" => {
                if let Some(encoded) = value.get(..7).filter(|kind| kind.eq_ignore_ascii_case("utf-8''")) {
                    plain = Some(decoded(&value[encoded.len()..]));
                    break;
                }
            }
            "filename" => plain = Some(value.trim_matches('"').to_owned()),
            _ => {}
        }
    }
    let name = plain?;
    let name: String = name.rsplit(['/', '\\']).next()?.chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect();
    (!name.trim_matches(['.', ' ']).is_empty()).then_some(name)
}

/// A part of a path without its percent signs.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = || u8::from_str_radix(std::str::from_utf8(after.get(..2)?).ok()?, 16).ok();
        if let (b'%', Some(byte)) = (first, hex()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How often it is tried again when the connection breaks in the middle of a document.
struct Attempts<'a> {
    conversation: &'a Conversation<'a>,
    runtime: &'a Handle,
    waits: Option<Box<dyn Iterator<Item = Duration> + Send>>,
}

impl Attempts<'_> {
    /// Waits before the next attempt; `progress` is what came since the last.
    ///
    /// # Errors
    /// `error`, when no attempt is left.
    fn wait_or(&mut self, error: FetchError, progress: u64) -> Result<(), FetchError> {
        if progress >= PROGRESS {
            self.waits = None;
        }
        let conversation = self.conversation;
        let waits = self.waits.get_or_insert_with(|| Box::new(conversation.waits()));
        let Some(wait) = waits.next() else { return Err(error) };
        self.runtime.block_on(conversation.wait(wait))
    }
}

/// The bytes of a document; where the connection breaks it goes on from there, if the server can do that.
struct Document<'a, 'b> {
    attempts: &'a mut Attempts<'b>,
    request: Request,
    download: Download<'b>,
    bytes: Vec<u8>,
    read: usize,
    /// Bytes that came so far, and when the connection broke last.
    came: u64,
    broke_at: u64,
    /// The strong entity tag (RFC 9110, 8.8.1) of a document of which parts can be asked for.
    tag: Option<String>,
    /// Set when the document has to be fetched again from its start.
    broke: &'a Cell<bool>,
}

impl<'a, 'b> Document<'a, 'b> {
    fn new(attempts: &'a mut Attempts<'b>, request: Request, download: Download<'b>, broke: &'a Cell<bool>) -> Self {
        let headers = &download.headers;
        let parts = headers.get("Accept-Ranges").is_some_and(|unit| unit.eq_ignore_ascii_case("bytes"));
        let plain = headers.get("Content-Encoding").is_none_or(|name| name.eq_ignore_ascii_case("identity"));
        let tag = headers.get("ETag").filter(|tag| parts && plain && tag.starts_with('"')).map(str::to_owned);
        Self { attempts, request, download, bytes: Vec::new(), read: 0, came: 0, broke_at: 0, tag, broke }
    }

    /// Asks for the rest.
    fn resume(&mut self, error: FetchError) -> Result<(), FetchError> {
        let Some(tag) = &self.tag else {
            self.broke.set(true);
            return Err(error);
        };
        self.attempts.wait_or(error, self.came - self.broke_at)?;
        self.broke_at = self.came;
        let mut request = self.request.clone();
        request.headers.push(("Range".to_owned(), format!("bytes={}-", self.came)));
        request.headers.push(("If-Range".to_owned(), tag.clone()));
        let download = self.attempts.runtime.block_on(self.attempts.conversation.download(&request))?;
        let goes_on = format!("bytes {}-", self.came);
        if download.status != 206 || !download.headers.get("Content-Range").is_some_and(|at| at.starts_with(&goes_on)) {
            // Another version by now: none of what came is of use.
            self.broke.set(true);
            return Err(self.attempts.conversation.finding(&finding::UNREACHABLE, &self.request, "broke").into());
        }
        self.download = download;
        Ok(())
    }
}

impl Read for Document<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.bytes.len() {
            match self.attempts.runtime.block_on(self.download.chunk()) {
                Ok(Some(bytes)) => {
                    self.came += bytes.len() as u64;
                    (self.bytes, self.read) = (bytes, 0);
                }
                Ok(None) => return Ok(0),
                Err(FetchError::File(told)) if told.code == finding::UNREACHABLE.code => {
                    self.resume(FetchError::File(told))?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        let bytes = &self.bytes[self.read..];
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        self.read += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn names_that_servers_give() {
        for (header, expected) in [
            ("attachment; filename=\"registrs.xlsx\"", Some("registrs.xlsx")),
            ("attachment; filename=registrs.xlsx", Some("registrs.xlsx")),
            ("attachment; filename=\"x.xlsx\"; filename*=UTF-8''re%C4%A3istrs.xlsx", Some("reģistrs.xlsx")),
            ("attachment; filename=\"../../etc/passwd\"", Some("passwd")),
            ("attachment; filename=\"C:\\a\\b.csv\"", Some("b.csv")),
            ("attachment; filename=\"..\"", None),
            ("attachment", None),
        ] {
            assert_eq!(given_name(header).as_deref(), expected, "{header}");
        }
        assert_eq!(decoded("a%20b%zz%C4%81%"), "a b%zzā%");
    }
}
