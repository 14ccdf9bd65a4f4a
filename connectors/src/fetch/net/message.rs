//! What is asked of a server and what it answers.

use reqwest::{Method, Url};

/// A request as its kind sees it: the conversation adds what identifies us.
#[derive(Debug, Clone)]
pub(in crate::fetch) struct Request {
    /// GET, POST, …
    pub(in crate::fetch) method: Method,
    /// Whole address, from [`super::Conversation::url`]; without secrets.
    pub(in crate::fetch) url: Url,
    /// Headers besides those of the server's options; without secrets.
    pub(in crate::fetch) headers: Vec<(String, String)>,
    /// Body; JSON as bytes.
    pub(in crate::fetch) body: Option<Vec<u8>>,
    /// Whether asking twice does no harm: a search by POST, say. GET and HEAD always are.
    pub(in crate::fetch) safe: bool,
    /// Statuses from 300 up that are no fault (404 of a record that may be gone, 304); they come back as an answer.
    pub(in crate::fetch) accept: Vec<u16>,
    /// What the answer has to be.
    pub(in crate::fetch) expect: Expect,
}

/// What an answer has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fetch) enum Expect {
    /// JSON: anything else (a login page, a proxy's regrets) is N006.
    Json,
    /// JSON about our own account, of which nothing is used but that it came: a recording leaves it out.
    Account,
    /// Any bytes.
    Anything,
}

impl Request {
    /// A GET that wants JSON.
    pub(in crate::fetch) const fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: Vec::new(),
            body: None,
            safe: true,
            accept: Vec::new(),
            expect: Expect::Json,
        }
    }

    /// A search by POST with a JSON body, which may be asked again.
    pub(in crate::fetch) fn search(url: Url, body: Vec<u8>) -> Self {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Self { method: Method::POST, headers, body: Some(body), ..Self::get(url) }
    }

    /// Whether it may be sent again though the server may have acted on it.
    pub(super) fn may_repeat(&self) -> bool {
        self.safe || self.method.is_safe()
    }
}

/// A whole answer.
#[derive(Debug, Clone)]
pub(in crate::fetch) struct Answer {
    /// HTTP status.
    pub(in crate::fetch) status: u16,
    /// Its headers.
    pub(in crate::fetch) headers: Headers,
    /// Its body, inflated.
    pub(in crate::fetch) body: Vec<u8>,
    /// Where it came from, after redirects; without secrets.
    pub(in crate::fetch) url: Url,
    /// Number of the login it was asked with, for [`super::Conversation::renew`].
    pub(super) login: u64,
}

/// Headers of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::fetch) struct Headers(pub(super) Vec<(String, String)>);

impl Headers {
    /// The first header of that name; case does not matter.
    pub(in crate::fetch) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Every header of that name, in order.
    pub(in crate::fetch) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}
