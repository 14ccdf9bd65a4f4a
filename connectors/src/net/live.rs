//! The server itself: connections, attempts, redirects, bodies.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Certificate, Client, Method, Response, StatusCode, Url};
use tokio::sync::Semaphore;

use super::auth::{Access, Granted, Keys, LoginRequest, missing};
use super::hosts::{Hosts, Names};
use super::inflate::Inflate;
use super::message::{Headers, Request};
use super::server::Server;
use super::tell::{Fault, Tell, Way, classify, place, refused, too_large, words};
use super::wait::{Pace, retry_after, waits};
use crate::fetch::FetchError;

/// Redirects that are followed for one request.
const HOPS: usize = 10;
/// Bytes of an answer that is no success that are read for what it says.
const WORDS_BYTES: usize = 64 << 10;
/// Bytes of an answer to a login, at most.
const LOGIN_BYTES: u64 = 1 << 20;
/// Seconds to wait for a connection, at most; a machine that is there takes one at once.
const CONNECT_SECONDS: u64 = 20;

/// A server that is spoken to.
pub(super) struct Live {
    client: Client,
    base: Url,
    hosts: Hosts,
    headers: HeaderMap,
    access: Access,
    pace: Pace,
    turns: Semaphore,
    attempts: u32,
    longest_wait: Duration,
    answer_time: Duration,
    pub(super) answer_bytes: u64,
}

/// An answer whose body is still to come.
pub(super) struct Opened {
    pub(super) response: Response,
    pub(super) url: Url,
    pub(super) login: u64,
}

impl Opened {
    pub(super) fn headers(&self) -> Headers {
        headers(&self.response)
    }
}

impl Live {
    pub(super) fn new(
        server: &Server,
        base: &Url,
        hosts: &Hosts,
        folder: &Path,
        tell: &Tell,
    ) -> Result<Self, FetchError> {
        let timeout = Duration::from_secs(server.timeout_seconds);
        let mut builder = Client::builder()
            .user_agent(concat!("vienkop/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would resolve names for us, out of our sight.
            .no_proxy()
            .dns_resolver(Arc::new(Names))
            // Other crates may have switched these on; bodies are inflated here, under our limits.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .http1_only()
            .referer(false)
            .connect_timeout(timeout.min(Duration::from_secs(CONNECT_SECONDS)))
            .read_timeout(timeout)
            .pool_idle_timeout(Duration::from_secs(30));
        if let Some(file) = &server.ca_file {
            for certificate in certificates(&folder.join(file)).ok_or_else(|| missing(file, "certificate"))? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        let client = builder.build().map_err(|_| missing(server.ca_file.as_deref().unwrap_or("TLS"), "certificate"))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &server.headers {
            insert(&mut headers, name, value);
        }
        Ok(Self {
            client,
            base: base.clone(),
            hosts: hosts.clone(),
            headers,
            access: Access::open(server, base, folder, tell)?,
            pace: Pace::new(server.requests_per_second),
            turns: Semaphore::new(server.concurrent.max(1)),
            attempts: server.attempts,
            longest_wait: Duration::from_secs(server.wait_seconds),
            answer_time: Duration::from_secs(server.answer_seconds),
            answer_bytes: server.answer_bytes,
        })
    }

    /// How many attempts there are, and the longest wait between two of them.
    pub(super) const fn patience(&self) -> (u32, Duration) {
        (self.attempts, self.longest_wait)
    }

    /// Logs in again after that login, if there is one.
    pub(super) async fn renew(&self, login: u64) -> bool {
        self.access.renew(login).await
    }

    /// Asks until an answer is whole: until `finish` has made something of it.
    pub(super) async fn ask<T>(
        &self,
        request: &Request,
        name: &str,
        tell: &Tell,
        finish: impl AsyncFn(Opened) -> Result<T, Fault>,
    ) -> Result<T, FetchError> {
        let mut waits = waits(self.attempts, self.longest_wait);
        let mut renewed = false;
        loop {
            let mut login = 0;
            let turn = self.turns.acquire().await;
            self.pace.turn().await;
            let attempt = async {
                let keys = self.access.keys(tell, async |request| self.login(request, tell).await).await?;
                login = keys.login;
                finish(self.once(request, name, &keys).await?).await
            };
            let fault = match tokio::time::timeout(self.answer_time, attempt).await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(fault)) => fault,
                Err(_) => Fault::Broken(Way::Time),
            };
            drop(turn);
            let again = match &fault {
                Fault::Last(_) => false,
                Fault::NotReached(_) | Fault::Status(StatusCode::TOO_MANY_REQUESTS, ..) => true,
                Fault::Broken(_) => request.may_repeat(),
                Fault::Status(StatusCode::UNAUTHORIZED, ..) if !renewed && self.access.renew(login).await => {
                    renewed = true;
                    continue;
                }
                // RFC 9110, 15.5.9 and 15.6; RFC 8470 (425).
                Fault::Status(status, ..) => {
                    matches!(status.as_u16(), 408 | 425 | 500 | 502 | 503 | 504) && request.may_repeat()
                }
            };
            let Some(wait) = again.then(|| waits.next()).flatten() else {
                return Err(tell.fault(name, fault));
            };
            let asked = if let Fault::Status(_, _, asked) = &fault { *asked } else { None };
            if let Some(asked) = asked.map(|asked| asked.min(self.longest_wait)) {
                // The others need not ask meanwhile either.
                self.pace.hold(asked);
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// One attempt: an answer that is a success or one that the request accepts, after redirects.
    async fn once(&self, request: &Request, name: &str, keys: &Keys) -> Result<Opened, Fault> {
        let (mut url, mut method, mut body) = (request.url.clone(), request.method.clone(), request.body.clone());
        for _ in 0..=HOPS {
            self.hosts.check(&url).map_err(|why| refused(name, &url, why))?;
            let built = self.build(request, &method, &url, body.clone(), keys);
            let response = built.send().await.map_err(|error| classify(&error, name, &url))?;
            let status = response.status();
            if status.is_success() || request.accept.contains(&status.as_u16()) {
                return Ok(Opened { response, url, login: keys.login });
            }
            let Some(next) = redirect(&response, &url) else {
                return Err(refusal(response).await);
            };
            // RFC 9110, 15.4: 303 asks to GET what is there; after 301 and 302 every client does so after a POST.
            let get = status == StatusCode::SEE_OTHER && method != Method::HEAD;
            if get || (method == Method::POST && matches!(status.as_u16(), 301 | 302)) {
                if request.writes() {
                    return Err(Fault::Status(status, place(&next), None));
                }
                (method, body) = (Method::GET, None);
            }
            url = next;
        }
        let words = format!("{HOPS} × {}", place(&url));
        Err(Fault::Status(StatusCode::LOOP_DETECTED, words, None))
    }

    fn build(
        &self,
        request: &Request,
        method: &Method,
        url: &Url,
        body: Option<Vec<u8>>,
        keys: &Keys,
    ) -> reqwest::RequestBuilder {
        let (mut url, mut body) = (url.clone(), body);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        if request.expect != super::Expect::Anything {
            headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        }
        // What identifies us is for the server itself, and for nobody that it sends us to.
        let own = url.origin() == self.base.origin();
        if own {
            headers.extend(self.headers.clone());
        }
        for (name, value) in &request.headers {
            if body.is_some() || !name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()) {
                insert(&mut headers, name, value);
            }
        }
        if own {
            body = keys.added_to(body);
            if let Some((name, value)) = &keys.header {
                headers.insert(name.clone(), value.clone());
            }
            if let Some((name, value)) = &keys.parameter {
                remove(&mut url, name);
                url.query_pairs_mut().append_pair(name, value.expose());
            }
        }
        let builder = self.client.request(method.clone(), url).headers(headers);
        match body {
            Some(body) => builder.body(body),
            None => builder,
        }
    }

    /// The whole body, within the limit of one answer.
    pub(super) async fn whole(&self, opened: Opened, name: &str, tell: &Tell) -> Result<Vec<u8>, Fault> {
        read(opened.response, &opened.url, name, self.answer_bytes, tell).await
    }

    async fn login(&self, request: &LoginRequest, tell: &Tell) -> Result<Granted, Fault> {
        let name = request.name();
        // Of all addresses this one is certain to stand in the configuration.
        Hosts::new(&request.url, &[]).check(&request.url).map_err(|why| refused(&name, &request.url, why))?;
        let sent = request.build(&self.client).send().await;
        let response = sent.map_err(|error| classify(&error, &name, &request.url))?;
        if response.status().is_success() {
            let body = read(response, &request.url, &name, LOGIN_BYTES, tell).await?;
            return Ok(Granted { body });
        }
        let fault = refusal(response).await;
        if let Fault::Status(status, words, _) = &fault {
            // RFC 6749, 5.2: an unknown client is 400 or 401.
            if matches!(status.as_u16(), 400 | 401 | 403) {
                let said = Fault::Status(StatusCode::UNAUTHORIZED, words.clone(), None);
                return Err(Fault::Last(tell.fault(&name, said)));
            }
            if status.is_redirection() || status.is_client_error() && status.as_u16() != 429 {
                return Err(Fault::Last(tell.fault(&name, fault)));
            }
        }
        Err(fault)
    }
}

async fn read(mut response: Response, url: &Url, name: &str, limit: u64, tell: &Tell) -> Result<Vec<u8>, Fault> {
    if response.content_length().is_some_and(|bytes| bytes > limit) {
        return Err(too_large(name, limit).into());
    }
    let mut inflate = inflate(&response, name, tell)?;
    let mut body = Vec::new();
    let mut keep = |bytes: &[u8]| {
        if (body.len() + bytes.len()) as u64 > limit {
            return Err(Fault::Last(too_large(name, limit)));
        }
        body.extend_from_slice(bytes);
        Ok(())
    };
    while let Some(bytes) = response.chunk().await.map_err(|error| classify(&error, name, url))? {
        inflate.push(&bytes, &mut keep)?;
    }
    inflate.finish(&mut keep)?;
    Ok(body)
}

/// How the body of an answer is inflated.
pub(super) fn inflate(response: &Response, name: &str, tell: &Tell) -> Result<Inflate, Fault> {
    let encoding = headers(response).get("Content-Encoding").map(str::to_owned);
    let told = encoding.as_deref().unwrap_or_default();
    Inflate::of(encoding.as_deref()).ok_or_else(|| tell.not_data(name, told.as_bytes()).into())
}

/// Where a redirect leads; none for an answer that is no redirect.
fn redirect(response: &Response, from: &Url) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let to = response.headers().get(LOCATION)?.to_str().ok()?;
    let mut to = from.join(to).ok()?;
    // A name and a password in a link are none of ours.
    let _ = to.set_username("");
    let _ = to.set_password(None);
    Some(to)
}

/// What an answer that is no success says.
async fn refusal(mut response: Response) -> Fault {
    let (status, asked) = (response.status(), retry_after(&headers(&response)));
    let mut body = Vec::new();
    if let Some(mut inflate) = Inflate::of(headers(&response).get("Content-Encoding")) {
        // Words that do not come, or not whole, are no fault of their own.
        while let Ok(Some(bytes)) = response.chunk().await {
            let kept = inflate.push(&bytes, |bytes| {
                body.extend_from_slice(&bytes[..bytes.len().min(WORDS_BYTES - body.len())]);
                if body.len() < WORDS_BYTES { Ok(()) } else { Err(std::io::Error::other("enough")) }
            });
            if kept.is_err() {
                break;
            }
        }
    }
    Fault::Status(status, words(&String::from_utf8_lossy(&body)), asked)
}

fn headers(response: &Response) -> Headers {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Headers(response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect())
}

/// Takes a parameter out of an address; the others keep their spelling.
pub(super) fn remove(url: &mut Url, name: &str) {
    if !url.query_pairs().any(|(known, _)| known == name) {
        return;
    }
    let Some(query) = url.query().map(str::to_owned) else { return };
    let is_other = |part: &&str| {
        let mut alone = url.clone();
        alone.set_query(Some(part));
        alone.query_pairs().all(|(known, _)| known != name)
    };
    let kept: Vec<&str> = query.split('&').filter(is_other).collect();
    let kept = kept.join("&");
    url.set_query(Some(&kept).filter(|kept| !kept.is_empty()).map(String::as_str));
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

fn certificates(file: &Path) -> Option<Vec<Certificate>> {
    let found = Certificate::from_pem_bundle(&fs_err::read(file).ok()?).ok()?;
    (!found.is_empty()).then_some(found)
}
