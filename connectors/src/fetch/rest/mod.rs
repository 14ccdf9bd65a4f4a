//! `kind = "rest"`: records of a system's API, page by page, landed as NDJSON.
//!
//! What is special to a system is said by its options (or its preset), never here. A page of records is asked for
//! ([`paging`], [`windows`]), what of it is new ([`run`], [`state`]) is made whole by its detail, its children, look-up lists and
//! its history ([`gather`], [`lookups`], [`pick`], [`history`]), and lands as a document with a record a line. Every scalar keeps
//! its own letters ([`tree`]). [`notes`] let the next fetch go on where this one broke off, a [`cursor`] lets it begin
//! where the last one that was loaded ended. How a server is spoken to is the affair of [`crate::net`].
//!
//! Nothing that a server says is trusted to be all or in order: neither the size of a page, nor a total, nor a status.

mod ask;
mod cursor;
mod gather;
mod history;
mod lookups;
mod moment;
mod notes;
mod options;
mod paging;
mod pick;
mod plan;
mod run;
mod state;
mod template;
mod tree;
mod walk;
mod windows;

use schemars::{JsonSchema as _, Schema, SchemaGenerator};
use sha2::{Digest as _, Sha256};

use self::options::RestOptions;
use self::plan::Plan;
use super::{Fetch, FetchContext, FetchError, FetchKind, Fetched, Fetching, OptionError, Recordable};
use crate::landing::Landed;

/// Records of a system's API.
pub(super) struct Kind;

/// Lands a document.
type Out<'o> = dyn FnMut(Fetched<'_>) -> Result<Landed, FetchError> + 'o;

impl FetchKind for Kind {
    fn name(&self) -> &'static str {
        "rest"
    }

    fn options_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        RestOptions::json_schema(generator)
    }

    fn fetcher(&self, options: &serde_json::Value) -> Result<Box<dyn Fetch>, OptionError> {
        let parsed: RestOptions = serde_json::from_value(options.clone())
            .map_err(|error| OptionError::new("request", "other", error.to_string()))?;
        let plan = Plan::new(&parsed)?;
        // Another server or request, other children: what was loaded of the one is no ground to go on with the other.
        let of = |names: &[&str]| {
            let parts: Vec<String> =
                names.iter().map(|name| options.pointer(name).map(ToString::to_string).unwrap_or_default()).collect();
            let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
            format!("{:032x}", digest(&parts))
        };
        let asked = ["/server/url", "/request", "/detail", "/children", "/lookups", "/pick", "/history"];
        let whole = [&asked[..], &["/paging", "/windows", "/incremental", "/errors"]].concat();
        Ok(Box::new(RestFetch { asked: of(&asked), whole: of(&whole), options: parsed, plan }))
    }
}

/// Fetches from one system.
struct RestFetch {
    options: RestOptions,
    plan: Plan,
    /// Digest of what a cursor goes on with.
    asked: String,
    /// Digest of what notes go on with.
    whole: String,
}

impl Fetch for RestFetch {
    fn incremental(&self) -> bool {
        self.options.incremental.is_some()
    }

    fn asks_server(&self) -> bool {
        self.options.recorded.is_none()
    }

    fn recordable(&self) -> Recordable<'_> {
        Recordable::of(self.options.recorded.as_deref(), self.options.personal.as_ref())
    }

    fn paged(&self) -> bool {
        true
    }

    fn fetch(
        &self,
        context: &FetchContext<'_>,
        out: &mut dyn FnMut(Fetched<'_>) -> Result<Landed, FetchError>,
    ) -> Result<Fetching, FetchError> {
        let runtime =
            tokio::runtime::Handle::try_current().map_err(|error| FetchError::Io(std::io::Error::other(error)))?;
        runtime.block_on(run::run(self, context, out))
    }
}

/// The first half of the SHA-256 of some texts, each with its length before it.
fn digest(parts: &[&[u8]]) -> u128 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    u128::from_be_bytes(half)
}
