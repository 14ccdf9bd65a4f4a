//! A conversation with one server over HTTP: for what is fetched (`http`, `rest`) and for what is delivered.
//!
//! What is common to every system stands here: which hosts may be reached, how the server knows us, what is tried again
//! and when, how much an answer may hold, what is recorded and played. What is asked and what the answers mean is the
//! affair of the kinds. A fault of the server or of the way to it is a finding N001…; none of them ever shows a secret.

mod auth;
mod download;
mod hosts;
mod inflate;
mod live;
mod message;
mod recorded;
mod server;
mod tell;
#[cfg(test)]
mod tests;
mod wait;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{StatusCode, Url};
use vienkop_transforms::finding::{self, Finding, Rule};
use vienkop_transforms::normalise::personal::mask;

pub(crate) use self::download::Download;
use self::hosts::Hosts;
pub(crate) use self::hosts::is_link_local;
use self::live::Live;
pub(crate) use self::message::{Answer, Expect, Headers, Request};
pub use self::recorded::Recorder;
use self::recorded::{Played, Player};
use self::server::Auth;
pub(crate) use self::server::{Server, base};
use self::tell::{Fault, Tell};
use self::wait::unless_cancelled;
use crate::fetch::{FetchContext, FetchError};

/// Characters of a text that are looked at to show its first words.
const LOOKED_AT: usize = 64 << 10;

/// What a conversation needs beside its server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around<'a> {
    /// The folder that relative paths start from: the one that holds `config/`.
    pub(crate) base: &'a Path,
    /// Where answers are recorded; none: nowhere.
    pub(crate) record: Option<&'a Recorder>,
    /// Set from outside to stop.
    pub(crate) cancel: &'a AtomicBool,
}

impl<'a> From<&FetchContext<'a>> for Around<'a> {
    fn from(context: &FetchContext<'a>) -> Self {
        Self { base: context.base, record: context.record, cancel: context.cancel }
    }
}

/// A conversation with one server, or with what was recorded of it. Requests may be sent at the same time.
pub(crate) struct Conversation<'a> {
    around: Around<'a>,
    base: Url,
    hosts: Hosts,
    concurrent: usize,
    /// Whether tokens are got by logging in.
    logs_in: bool,
    /// The parameter of addresses that holds a secret.
    parameter: Option<String>,
    tell: Tell,
    line: Line,
}

enum Line {
    Live(Box<Live>),
    Played(Player),
}

impl<'a> Conversation<'a> {
    /// Begins a conversation; nothing is sent yet. `recorded` is a folder of exchanges that stands in for the server; no
    /// secret is read then.
    ///
    /// # Errors
    /// A secret or certificate that is not there (N013), a folder that is not (F001) or holds what is no exchange (F004).
    pub(crate) fn open(server: &Server, recorded: Option<&str>, around: Around<'a>) -> Result<Self, FetchError> {
        // The options have been checked; an address that is none is never asked.
        let wrong =
            || FetchError::from(Finding { value: Some(server.url.clone()), ..Finding::of(&finding::UNREACHABLE) });
        let base = server::base(&server.url).ok_or_else(wrong)?;
        let hosts = Hosts::new(&base, &server.hosts);
        let tell = Tell::default();
        let line = match recorded {
            Some(folder) => Line::Played(Player::open(around.base, folder, &base)?),
            None => Line::Live(Box::new(Live::new(server, &base, &hosts, around.base, &tell)?)),
        };
        let logs_in = matches!(server.auth, Some(Auth::OAuth2 { .. } | Auth::Session { .. }));
        let parameter = server.parameter().map(str::to_owned);
        Ok(Self { around, base, hosts, concurrent: server.concurrent, logs_in, parameter, tell, line })
    }

    /// An address joined to the server's own, from the configuration or from an answer.
    ///
    /// # Errors
    /// It is none, or its host is not allowed (N009).
    pub(crate) fn url(&self, path: &str) -> Result<Url, FetchError> {
        let mut url = self.base.join(path).map_err(|_| {
            let expected = Some(hosts::Refused::Scheme.as_str());
            FetchError::from(tell::about(&finding::HOST_NOT_ALLOWED, self.base.as_str(), &self.quote(path), expected))
        })?;
        url.set_fragment(None);
        let _ = url.set_username("");
        let _ = url.set_password(None);
        // Servers repeat the parameters that they were asked with, secrets too, in their links.
        if let Some(name) = &self.parameter {
            live::remove(&mut url, name);
        }
        self.hosts.check(&url).map_err(|why| tell::refused(self.base.as_str(), &url, why))?;
        Ok(url)
    }

    /// Asks, again where that helps, and returns a whole answer: of status 2xx, or one that `request.accept` names.
    ///
    /// # Errors
    /// Everything else is a finding N001…; [`FetchError::Cancelled`] within a second of being asked.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, FetchError> {
        let name = self.name(&request);
        let answer = match &self.line {
            Line::Live(live) => {
                let whole = async |opened: live::Opened| {
                    let (status, headers) = (opened.response.status().as_u16(), opened.headers());
                    let (url, login) = (opened.url.clone(), opened.login);
                    let body = live.whole(opened, &name, &self.tell).await?;
                    Ok(Answer { status, headers, body, url, login })
                };
                unless_cancelled(self.around.cancel, live.ask(&request, &name, &self.tell, whole)).await??
            }
            Line::Played(player) => {
                self.check_cancelled()?;
                let Played { status, headers, file } = player.play(&request, &name)?;
                let body = file.map(fs_err::read).transpose()?.unwrap_or_default();
                let answer = Answer { status, headers, body, url: request.url.clone(), login: 0 };
                self.judge(&request, &name, answer)?
            }
        };
        let said_nothing = request.expect == Expect::Receipt && answer.body.trim_ascii().is_empty();
        let wanted = request.expect != Expect::Anything && (200..300).contains(&answer.status) && !said_nothing;
        if wanted && !is_json(&answer) {
            return Err(self.tell.not_data(&name, &answer.body));
        }
        if let Some(recorder) = self.around.record {
            let body = if request.expect == Expect::Account { b"{}" } else { answer.body.as_slice() };
            recorder.keep(&self.base, &self.tell, &request, &name, (answer.status, &answer.headers), body)?;
        }
        Ok(answer)
    }

    /// Asks for a document whose bytes are handed over as they come.
    ///
    /// # Errors
    /// As of [`Self::send`].
    pub(crate) async fn download(&self, request: &Request) -> Result<Download<'_>, FetchError> {
        let name = self.name(request);
        match &self.line {
            Line::Live(live) => {
                let begin = async |opened: live::Opened| Download::live(self, opened, &name);
                unless_cancelled(self.around.cancel, live.ask(request, &name, &self.tell, begin)).await?
            }
            Line::Played(player) => {
                self.check_cancelled()?;
                let Played { status, headers, file } = player.play(request, &name)?;
                let answer = Answer { status, headers, body: Vec::new(), url: request.url.clone(), login: 0 };
                let answer = self.judge(request, &name, answer)?;
                Download::played(self, answer, file, &name)
            }
        }
    }

    /// Logs in again after an answer whose content says that the login is no longer good (`session` and `oauth2`),
    /// unless that has been done since. False where there is no login to be made anew: the answer is the last word.
    pub(crate) async fn renew(&self, answer: &Answer) -> bool {
        match &self.line {
            Line::Live(live) => live.renew(answer.login).await,
            Line::Played(_) => self.logs_in,
        }
    }

    /// How many requests may be under way at the same time.
    pub(crate) const fn concurrent(&self) -> usize {
        self.concurrent
    }

    /// What a person knows a request by, without secrets: `GET https://redmine.agentura.lv/issues.json?offset=100`.
    #[allow(clippy::unused_self, reason = "stands with the other words for people")]
    pub(crate) fn name(&self, request: &Request) -> String {
        mask(&format!("{} {}", request.method, request.url)).into_owned()
    }

    /// The first words of a text from the server, for people: personal codes masked, our secrets taken out, of a page
    /// for people only what it says.
    pub(crate) fn quote(&self, text: &str) -> String {
        let text = text.char_indices().nth(LOOKED_AT).map_or(text, |(end, _)| &text[..end]);
        self.tell.quote(&tell::words(text))
    }

    /// A finding about a request: `cell` names it, `value` is what came, `expected` what was wanted.
    pub(crate) fn finding(&self, rule: &Rule, request: &Request, value: &str) -> Finding {
        tell::about(rule, &self.name(request), &self.quote(value), None)
    }

    /// The waits between the attempts that the options allow, for what [`Self::send`] cannot try again itself.
    pub(crate) fn waits(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        // What was recorded comes the same each time.
        let (attempts, longest) = if let Line::Live(live) = &self.line { live.patience() } else { (1, Duration::ZERO) };
        wait::waits(attempts, longest)
    }

    /// Whether somebody asked to stop.
    fn check_cancelled(&self) -> Result<(), FetchError> {
        if self.around.cancel.load(Ordering::Relaxed) { Err(FetchError::Cancelled) } else { Ok(()) }
    }

    /// Waits so long.
    ///
    /// # Errors
    /// Somebody asked to stop.
    pub(crate) async fn wait(&self, wait: Duration) -> Result<(), FetchError> {
        unless_cancelled(self.around.cancel, tokio::time::sleep(wait)).await
    }

    /// Records a document that was downloaded, where that is asked for.
    ///
    /// # Errors
    /// It cannot be done without the personal data in it (N019), or the disk takes no more.
    pub(crate) fn record(
        &self,
        request: &Request,
        status: u16,
        headers: &Headers,
        body: &Path,
    ) -> Result<(), FetchError> {
        let Some(recorder) = self.around.record else { return Ok(()) };
        recorder.keep(&self.base, &self.tell, request, &self.name(request), (status, headers), &fs_err::read(body)?)
    }

    /// A recorded status counts as one of a server does.
    fn judge(&self, request: &Request, name: &str, answer: Answer) -> Result<Answer, FetchError> {
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_success() || request.accept.contains(&answer.status) {
            return Ok(answer);
        }
        let words = tell::words(&String::from_utf8_lossy(&answer.body));
        Err(self.tell.fault(name, Fault::Status(status, words, None)))
    }
}

/// Whether the body may be JSON: it begins so. Whether it is to its end is seen when it is read.
fn is_json(answer: &Answer) -> bool {
    let body = answer.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&answer.body);
    match body.trim_ascii_start().first() {
        // 204 and 205 have no body.
        None => matches!(answer.status, 204 | 205),
        Some(first) => first.is_ascii_digit() || matches!(first, b'{' | b'[' | b'"' | b'-' | b't' | b'f' | b'n'),
    }
}
