//! The form of feeds: whole, and as what changed since an earlier one. Their JSON schemas are made of these structures.
//!
//! The **content hash** of an entry is `sha256:` and the SHA-256, in lower-case hex, of the UTF-8 text of its `service` as
//! it stands in the feed: JSON without white space between its parts. It depends on nothing but what is published of the
//! service, so that it is the same in every catalogue, and a catalogue that gives it back
//! (`catalogue_entry.content_hash_seen`) says what it shows. The **digest** of a feed is made the same way of the lines
//! `<uid> <hash>\n` of its entries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::service::Service;
use crate::digest::hex;

/// `feed.json`: everything that a catalogue shows.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Feed<'a> {
    /// What the feed is about.
    #[serde(flatten)]
    pub head: Head<'a>,
    /// How many entries there are.
    pub count: usize,
    /// Services, by uid.
    pub entries: Vec<Entry<'a>>,
}

/// `changes-since-<day>.json`: what makes the feed of that day the feed of today.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Changes<'a> {
    /// What the feed is about.
    #[serde(flatten)]
    pub head: Head<'a>,
    /// The feed that the changes begin with. Whoever holds another one takes the whole feed.
    pub since: Since<'a>,
    /// Services that were not there, by uid.
    pub inserted: Vec<Entry<'a>>,
    /// Services whose content is another, by uid.
    pub changed: Vec<Entry<'a>>,
    /// Services that are not there any more, by uid.
    pub removed: Vec<Removed<'a>>,
}

/// What a feed is about.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Head<'a> {
    /// The form of the file, and its version.
    pub format: &'a str,
    /// The catalogue (code list `catalogues`).
    pub catalogue: &'a str,
    /// Registration number of the institution whose website it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub institution: Option<&'a str>,
    /// The day that the feed is about.
    pub as_of: &'a str,
    /// Digest of the feed.
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub digest: &'a str,
}

/// An earlier feed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Since<'a> {
    /// Its day.
    pub as_of: &'a str,
    /// Its digest.
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub digest: &'a str,
}

/// A service in a feed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Entry<'a> {
    /// What the service is known by, whatever its codes.
    pub uid: &'a str,
    /// Hash of its content: `sha256:` and the SHA-256 of the text of `service`.
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub hash: &'a str,
    /// The service.
    pub service: Service<'a>,
}

/// A service that is not in a feed any more.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Removed<'a> {
    /// What it is known by.
    pub uid: &'a str,
    /// Hash of the content that was shown.
    pub hash: &'a str,
    /// Registration number of its owner, as shown.
    pub owner_reg_no: &'a str,
    /// Its owner's code, as shown.
    pub code: &'a str,
    /// Its name, as shown.
    pub name: &'a str,
    /// Why it is not there any more.
    pub reason: Reason,
}

/// Why a service is not in a feed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It has ended, is planned anew, or the registry does not hold it any more.
    Withdrawn,
    /// It is provided, but not one of this catalogue any more: its kind, audience or owner is another.
    Elsewhere,
    /// It is provided, but may not be shown until it is mended.
    Unpublishable,
}

/// Name and version of the form of a whole feed.
pub const FEED: &str = "vienkop-feed/1";

/// The same of changes.
pub const CHANGES: &str = "vienkop-changes/1";

/// A feed that was written earlier, as far as changes need it.
#[derive(Debug, Clone, Deserialize)]
pub struct Earlier {
    /// Its day.
    pub as_of: String,
    /// Its digest.
    pub digest: String,
    /// Its entries, by uid.
    pub entries: Vec<EarlierEntry>,
}

/// An entry of it.
#[derive(Debug, Clone, Deserialize)]
pub struct EarlierEntry {
    /// What the service is known by.
    pub uid: String,
    /// Hash of its content.
    pub hash: String,
    pub(super) service: EarlierService,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct EarlierService {
    pub(super) owner: EarlierOwner,
    pub(super) code: String,
    pub(super) name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct EarlierOwner {
    pub(super) reg_no: String,
}

impl Earlier {
    /// A feed without entries: what a catalogue had that was not published yet.
    pub fn nothing(as_of: &str) -> Self {
        Self { as_of: as_of.to_owned(), digest: digest(std::iter::empty()), entries: Vec::new() }
    }

    /// Reads a feed; none where it is not one that was written whole.
    pub fn read(text: &str) -> Option<Self> {
        let earlier: Self = serde_json::from_str(text).ok()?;
        let found = digest(earlier.entries.iter().map(|entry| (entry.uid.as_str(), entry.hash.as_str())));
        let sorted = earlier.entries.is_sorted_by(|a, b| a.uid < b.uid);
        (found == earlier.digest && sorted).then_some(earlier)
    }
}

/// Digest of a feed: of the uids and hashes of its entries.
pub(super) fn digest<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut hash = Sha256::new();
    for (uid, content) in entries {
        hash.update(format!("{uid} {content}\n"));
    }
    shown(&hash.finalize())
}

/// Hash of a content.
pub(super) fn sha256(bytes: &[u8]) -> String {
    shown(&Sha256::digest(bytes))
}

fn shown(hash: &[u8]) -> String {
    format!("sha256:{}", hex(hash))
}
