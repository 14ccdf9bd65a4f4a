//! Answers from a folder of exchanges, with no network at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use fs_err as fs;
use reqwest::Url;
use serde_json::Value;
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::fold;

use super::super::message::{Headers, Request};
use super::super::tell::about;
use super::Exchange;
use crate::fetch::FetchError;

/// A folder of exchanges, read.
pub(in crate::net) struct Player {
    /// As the configuration has it.
    name: String,
    folder: PathBuf,
    exchanges: Vec<Recorded>,
    /// How often each exchange has answered.
    played: Mutex<Vec<u64>>,
}

struct Recorded {
    exchange: Exchange,
    url: Url,
    query: Parameters,
    body: Option<Body>,
}

/// What was recorded as the answer.
pub(in crate::net) struct Played {
    pub(in crate::net) status: u16,
    pub(in crate::net) headers: Headers,
    /// Where the body is.
    pub(in crate::net) file: Option<PathBuf>,
}

type Parameters = BTreeMap<String, Vec<String>>;

#[derive(PartialEq)]
enum Body {
    Json(Value),
    Text(String),
}

impl Player {
    /// Reads the exchanges below `base`, relative to the address of the server that they stand in for.
    pub(in crate::net) fn open(base: &Path, name: &str, server: &Url) -> Result<Self, FetchError> {
        let folder = base.join(name);
        let fault = |rule, value: String| FetchError::from(Finding { value: Some(value), ..Finding::of(rule) });
        let entries = fs::read_dir(&folder).map_err(|_| fault(&finding::FILE_MISSING, name.to_owned()))?;
        let mut files = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "toml") {
                files.push(path);
            }
        }
        files.sort();
        let mut exchanges = Vec::new();
        for path in files {
            let file = path.file_name().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
            let wrong = |why: &str| fault(&finding::WRONG_CONTENT, format!("{name}/{file}: {why}"));
            let exchange: Exchange =
                toml::from_str(&fs::read_to_string(&path)?).map_err(|error| wrong(error.message()))?;
            let url = server.join(&exchange.path).map_err(|_| wrong("path"))?;
            // A body lies beside its exchange and nowhere else.
            if exchange.file.as_deref().is_some_and(|file| file.contains(['/', '\\']) || file.starts_with('.')) {
                return Err(wrong("file"));
            }
            let body = exchange.body.as_ref().map(|body| Body::of(body.as_bytes(), &exchange.any));
            let query = parameters(&url, &exchange.any);
            exchanges.push(Recorded { exchange, url, query, body });
        }
        let played = Mutex::new(vec![0; exchanges.len()]);
        Ok(Self { name: name.to_owned(), folder, exchanges, played })
    }

    /// The answer to a request: that of the next exchange recorded for it.
    pub(in crate::net) fn play(&self, request: &Request, name: &str) -> Result<Played, FetchError> {
        let fits: Vec<usize> = (0..self.exchanges.len()).filter(|n| self.exchanges[*n].fits(request)).collect();
        // Those that name this very body count before those that take any.
        let named = |n: &usize| self.exchanges[*n].body.is_some();
        let exact: Vec<usize> = fits.iter().copied().filter(named).collect();
        let fits = if exact.is_empty() { fits } else { exact };
        let Some(last) = fits.last().copied() else {
            return Err(self.nothing(request, name).into());
        };
        let Ok(mut played) = self.played.lock() else { return Err(FetchError::Cancelled) };
        let next = fits.into_iter().find(|n| played[*n] == 0).unwrap_or(last);
        played[next] += 1;
        let exchange = &self.exchanges[next].exchange;
        Ok(Played {
            status: exchange.status,
            headers: exchange.headers(),
            file: exchange.file.as_ref().map(|file| self.folder.join(file)),
        })
    }

    fn nothing(&self, request: &Request, name: &str) -> Finding {
        let told = |recorded: &Recorded| format!("{} {}", recorded.exchange.method, recorded.url);
        // The same path with other parameters says more than another path that happens to be spelt alike.
        let same_path = |recorded: &&Recorded| {
            recorded.url.path() == request.url.path() && recorded.exchange.method == request.method.as_str()
        };
        let near: Vec<String> = self.exchanges.iter().filter(same_path).map(told).collect();
        let all: Vec<String> = if near.is_empty() { self.exchanges.iter().map(told).collect() } else { near };
        let mut near = fold::nearest(name, all.iter().map(String::as_str), 1).join("");
        if near.is_empty() {
            near = all.into_iter().next().unwrap_or_default();
        }
        Finding {
            hint: Some(near).filter(|near| !near.is_empty()),
            ..about(&finding::NOT_RECORDED, name, &self.name, None)
        }
    }
}

impl Recorded {
    fn fits(&self, request: &Request) -> bool {
        let any = &self.exchange.any;
        let place = |url: &Url| (url.origin(), url.path().to_owned());
        self.exchange.method == request.method.as_str()
            && place(&self.url) == place(&request.url)
            && self.query == parameters(&request.url, any)
            && self
                .body
                .as_ref()
                .is_none_or(|body| request.body.as_ref().is_some_and(|asked| *body == Body::of(asked, any)))
    }
}

impl Body {
    fn of(bytes: &[u8], any: &[String]) -> Self {
        match serde_json::from_slice(bytes) {
            Ok(mut value) => {
                blank(&mut value, any);
                Self::Json(value)
            }
            Err(_) => Self::Text(String::from_utf8_lossy(bytes).trim().to_owned()),
        }
    }
}

/// Takes the values of those members away.
fn blank(value: &mut Value, any: &[String]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| blank(item, any)),
        Value::Object(members) => {
            for (name, value) in members {
                if any.contains(name) {
                    *value = Value::Null;
                } else {
                    blank(value, any);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn parameters(url: &Url, any: &[String]) -> Parameters {
    let mut parameters = Parameters::new();
    for (name, value) in url.query_pairs() {
        let value = if any.iter().any(|known| *known == name) { String::new() } else { value.into_owned() };
        parameters.entry(name.into_owned()).or_default().push(value);
    }
    parameters
}
