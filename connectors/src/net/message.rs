//! What is asked of a server and what it answers.

use reqwest::{Method, Url};

/// A request as its kind sees it: the conversation adds what identifies us.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// GET, POST, …
    pub(crate) method: Method,
    /// Whole address, from [`super::Conversation::url`]; without secrets.
    pub(crate) url: Url,
    /// Headers besides those of the server's options; without secrets.
    pub(crate) headers: Vec<(String, String)>,
    /// Body; JSON as bytes.
    pub(crate) body: Option<Vec<u8>>,
    /// Whether asking twice does no harm: a search by POST, say. GET and HEAD always are.
    pub(crate) safe: bool,
    /// Statuses from 300 up that are no fault (404 of a record that may be gone, 304); they come back as an answer.
    pub(crate) accept: Vec<u16>,
    /// What the answer has to be.
    pub(crate) expect: Expect,
}

/// What an answer has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// JSON: anything else (a login page, a proxy's regrets) is N006.
    Json,
    /// The word on something written: JSON or nothing. A page for people is no word.
    Receipt,
    /// JSON about our own account, of which nothing is used but that it came: a recording leaves it out.
    Account,
    /// Any bytes.
    Anything,
}

impl Request {
    /// A GET that wants JSON.
    pub(crate) const fn get(url: Url) -> Self {
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
    pub(crate) fn search(url: Url, body: Vec<u8>) -> Self {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Self { method: Method::POST, headers, body: Some(body), ..Self::get(url) }
    }

    /// Something to be written, which may be sent again: the server knows it by its key or its address. Every status of
    /// the class 4xx but those that say that nobody looked at it (401, 408, 425, 429) comes back as an answer.
    pub(crate) fn write(method: Method, url: Url, headers: Vec<(String, String)>, body: Option<Vec<u8>>) -> Self {
        let accept = (400..500).filter(|status| !matches!(status, 401 | 408 | 425 | 429)).collect();
        Self { method, headers, body, accept, expect: Expect::Receipt, ..Self::get(url) }
    }

    /// Whether it writes: then a redirect that would make a GET of it has not written anything.
    pub(super) fn writes(&self) -> bool {
        self.expect == Expect::Receipt
    }

    /// Whether it may be sent again though the server may have acted on it.
    pub(super) fn may_repeat(&self) -> bool {
        self.safe || self.method.is_safe()
    }
}

/// A whole answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Its headers.
    pub(crate) headers: Headers,
    /// Its body, inflated.
    pub(crate) body: Vec<u8>,
    /// Where it came from, after redirects; without secrets.
    pub(crate) url: Url,
    /// Number of the login it was asked with, for [`super::Conversation::renew`].
    pub(super) login: u64,
}

/// Headers of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Headers(pub(super) Vec<(String, String)>);

impl Headers {
    /// The first header of that name; case does not matter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Every header of that name, in order.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}
