//! Makes a folder of exchanges out of a real conversation, without the persons and the secrets in it.
//!
//! What identifies us is added to a request behind the recorder's back ([`super::super::auth`]), and logins never pass it,
//! so there is nothing of them to leave out but what the server repeats. Members that a source declares as personal become pseudonyms, and where
//! a value that was replaced is asked for later (a person's id in an address), its pseudonym is what is recorded as asked
//! for. Personal codes are masked in every other text.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use fs_err as fs;
use reqwest::Url;
use vienkop_transforms::finding;
use vienkop_transforms::normalise::PseudonymKey;
use vienkop_transforms::normalise::personal::mask;

use self::rewrite::Rewrite;
use super::super::message::{Headers, Request};
use super::super::tell::{Tell, about};
use super::Exchange;
use crate::fetch::FetchError;
use crate::kill::kill_point;

mod rewrite;

/// Headers of answers that the kinds look at; all others may tell of sessions and persons.
const KEPT: [&str; 6] = ["Content-Type", "ETag", "Last-Modified", "Link", "Date", "X-Total-Count"];

/// Records what servers answer into a folder, to be played later by `recorded = "folder"`.
pub struct Recorder {
    folder: PathBuf,
    personal: Vec<String>,
    key: Option<PseudonymKey>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    number: u32,
    /// Values that were replaced, each with its pseudonym.
    replaced: BTreeMap<String, String>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Recorder").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Recorder {
    /// Records into `folder`, which is made if need be and may hold no exchange yet. `personal` are paths of members
    /// that identify persons (`author/name`; arrays are passed through; the path is met wherever it ends so), whose
    /// values become pseudonyms made with `key`.
    ///
    /// # Errors
    /// The folder cannot be made, or holds exchanges; personal members without a key.
    pub fn new(folder: &Path, personal: Vec<String>, key: Option<PseudonymKey>) -> io::Result<Self> {
        if !personal.is_empty() && key.is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "personal data and no key of pseudonyms"));
        }
        kill_point("recorder: make folder");
        fs::create_dir_all(folder)?;
        for entry in fs::read_dir(folder)? {
            if entry?.path().extension().is_some_and(|ending| ending == "toml") {
                let told = format!("{} holds exchanges already", folder.display());
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, told));
            }
        }
        Ok(Self { folder: folder.to_owned(), personal, key, state: Mutex::default() })
    }

    /// Keeps an exchange. `base` is the server's address, `tell` knows the secrets, `body` is the answer's, inflated.
    pub(in crate::net) fn keep(
        &self,
        base: &Url,
        tell: &Tell,
        request: &Request,
        name: &str,
        (status, headers): (u16, &Headers),
        body: &[u8],
    ) -> Result<(), FetchError> {
        let Ok(mut state) = self.state.lock() else { return Err(FetchError::Cancelled) };
        let mut rewrite = Rewrite { personal: &self.personal, key: self.key.as_ref(), replaced: &mut state.replaced };
        let path = tell.without_secrets(&rewrite.address(base, &request.url));
        let asked = request.body.as_ref().map(|body| tell.without_secrets(&rewrite.request(body)));
        let (body, ending) = match rewrite.json(body) {
            Some(json) => (tell.without_secrets(&json).into_bytes(), "json"),
            // What a failure says to people is of no use to anybody later.
            None if body.is_empty() || status >= 300 => (Vec::new(), ""),
            // Where the persons are in anything but JSON nobody has told.
            None if !self.personal.is_empty() => {
                let kind = headers.get("Content-Type").unwrap_or("–");
                return Err(about(&finding::NOT_RECORDABLE, name, kind, None).into());
            }
            None => other(body, headers, tell),
        };
        state.number += 1;
        let number = format!("{:04}", state.number);
        let file = (!body.is_empty()).then(|| format!("{number}.{ending}"));
        let mut kept = toml::Table::new();
        for name in KEPT {
            if let Some(value) = headers.get(name) {
                kept.insert(name.to_owned(), tell.without_secrets(&mask(value)).into());
            }
        }
        let exchange = Exchange {
            method: request.method.to_string(),
            path,
            body: asked,
            any: Vec::new(),
            status,
            file: file.clone(),
            headers: kept,
        };
        let text = toml::to_string_pretty(&exchange).map_err(io::Error::other)?;
        if let Some(file) = file {
            kill_point("recorder: body");
            fs::write(self.folder.join(file), body)?;
        }
        kill_point("recorder: exchange");
        fs::write(self.folder.join(format!("{number}.toml")), text)?;
        Ok(())
    }
}

/// A body that is no JSON: text with its personal codes masked, anything else as it is.
fn other(body: &[u8], headers: &Headers, tell: &Tell) -> (Vec<u8>, &'static str) {
    let kind = headers.get("Content-Type").unwrap_or_default().to_ascii_lowercase();
    match std::str::from_utf8(body) {
        Ok(text) => {
            let ending = match () {
                () if kind.contains("html") => "html",
                () if kind.contains("xml") => "xml",
                () if kind.contains("csv") => "csv",
                () => "txt",
            };
            (tell.without_secrets(&mask(text)).into_bytes(), ending)
        }
        Err(_) => (body.to_vec(), "bin"),
    }
}
