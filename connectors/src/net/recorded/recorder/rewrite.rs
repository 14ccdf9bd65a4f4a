//! Pseudonyms for persons in JSON, every other letter as it was.

use std::collections::BTreeMap;
use std::fmt;

use reqwest::Url;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use vienkop_transforms::normalise::PseudonymKey;
use vienkop_transforms::normalise::personal::{MASK, mask};

/// Shorter values mean too many other things to be replaced in addresses.
const SHORTEST: usize = 3;

/// Nesting that is followed; what is deeper is taken for no JSON.
const DEEPEST: usize = 128;

pub(super) struct Rewrite<'a> {
    pub(super) personal: &'a [String],
    pub(super) key: Option<&'a PseudonymKey>,
    pub(super) replaced: &'a mut BTreeMap<String, String>,
}

/// JSON whose numbers keep their spelling, and objects the order of their members.
enum Tree {
    Object(Members),
    Array(Vec<Tree>),
    Leaf(Box<RawValue>),
}

struct Members(Vec<(String, Tree)>);

impl Rewrite<'_> {
    /// A JSON document, set out over lines; none where it is no JSON.
    pub(super) fn json(&mut self, bytes: &[u8]) -> Option<String> {
        let mut tree = Tree::read(std::str::from_utf8(bytes).ok()?)?;
        self.tree(&mut tree, &mut Vec::new());
        let mut text = serde_json::to_string_pretty(&tree).ok()?;
        text.push('\n');
        Some(text)
    }

    /// The body of a request: what was replaced before is replaced in it too.
    pub(super) fn request(&mut self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        let Some(mut tree) = Tree::read(&text) else { return mask(&text).into_owned() };
        self.tree(&mut tree, &mut Vec::new());
        self.known(&mut tree);
        serde_json::to_string(&tree).unwrap_or_default()
    }

    /// An address relative to the server's where it lies below, with what was replaced before.
    pub(super) fn address(&self, base: &Url, url: &Url) -> String {
        let mut url = url.clone();
        let pairs: Vec<(String, String)> = url.query_pairs().map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
        let written: Vec<(String, String)> = pairs.iter().map(|(n, v)| (n.clone(), self.text(v))).collect();
        // What need not change keeps the spelling that the server was asked with.
        if written != pairs {
            url.query_pairs_mut().clear().extend_pairs(written);
        }
        let segments: Vec<String> = url.path_segments().into_iter().flatten().map(decode).collect();
        let written: Vec<String> = segments.iter().map(|segment| self.segment(segment)).collect();
        if written != segments
            && let Ok(mut path) = url.path_segments_mut()
        {
            path.clear().extend(written);
        }
        match url.as_str().strip_prefix(base.as_str()) {
            // A relative address that begins so would be read as another scheme or host.
            Some(below)
                if !below.starts_with('/') && !below.split(['/', '?']).next().unwrap_or_default().contains(':') =>
            {
                below.to_owned()
            }
            _ => url.to_string(),
        }
    }

    /// A part of a path, decoded; an ending (`7.json`) stays.
    fn segment(&self, decoded: &str) -> String {
        let (stem, ending) = decoded.split_once('.').unwrap_or((decoded, ""));
        match self.replaced.get(stem) {
            Some(pseudonym) if ending.is_empty() => pseudonym.clone(),
            Some(pseudonym) => format!("{pseudonym}.{ending}"),
            None => self.text(decoded),
        }
    }

    fn text(&self, text: &str) -> String {
        self.replaced.get(text).cloned().unwrap_or_else(|| self.masked(text))
    }

    fn tree(&mut self, tree: &mut Tree, path: &mut Vec<String>) {
        match tree {
            Tree::Array(items) => items.iter_mut().for_each(|item| self.tree(item, path)),
            Tree::Object(Members(members)) => {
                for (name, value) in members {
                    path.push(name.clone());
                    self.tree(value, path);
                    path.pop();
                }
            }
            Tree::Leaf(leaf) => {
                let personal = self.personal.iter().any(|wanted| ends_so(path, wanted));
                if let Some(text) = scalar(leaf) {
                    let written = match self.key.filter(|_| personal && !text.is_empty()) {
                        Some(key) => {
                            let pseudonym = key.pseudonym(&text);
                            // A bare number is the id of a record, too, and that one has to stay what it is.
                            let number = text.bytes().all(|b| b.is_ascii_digit());
                            if !number && text.chars().count() >= SHORTEST {
                                self.replaced.insert(text.clone(), pseudonym.clone());
                            }
                            pseudonym
                        }
                        None => self.masked(&text),
                    };
                    if written != text {
                        *leaf = quoted(&written);
                    }
                }
            }
        }
    }

    /// A text without personal codes. One that is nothing but a code may be a key that others refer to: it stays different
    /// from others where there is a key of pseudonyms.
    fn masked(&self, text: &str) -> String {
        match (mask(text), self.key) {
            (masked, Some(key)) if masked == MASK && text != MASK => key.pseudonym(text),
            (masked, _) => masked.into_owned(),
        }
    }

    fn known(&self, tree: &mut Tree) {
        match tree {
            Tree::Array(items) => items.iter_mut().for_each(|item| self.known(item)),
            Tree::Object(Members(members)) => members.iter_mut().for_each(|(_, value)| self.known(value)),
            Tree::Leaf(leaf) => {
                if let Some(pseudonym) = scalar(leaf).and_then(|text| self.replaced.get(&text)) {
                    *leaf = quoted(pseudonym);
                }
            }
        }
    }
}

/// The text of a string or a number; none of `null`, `true`, `false`.
fn scalar(leaf: &RawValue) -> Option<String> {
    match leaf.get().as_bytes().first()? {
        b'"' => serde_json::from_str(leaf.get()).ok(),
        b'n' | b't' | b'f' => None,
        _ => Some(leaf.get().to_owned()),
    }
}

fn quoted(text: &str) -> Box<RawValue> {
    serde_json::value::to_raw_value(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Whether the path of a member, or of one that it lies in, ends with the names of `wanted`.
fn ends_so(path: &[String], wanted: &str) -> bool {
    let names: Vec<String> =
        wanted.trim_matches('/').split('/').map(|name| name.replace("~1", "/").replace("~0", "~")).collect();
    path.windows(names.len()).any(|part| part == names)
}

/// A part of a path without its percent signs.
fn decode(segment: &str) -> String {
    // Parameters are decoded the same way, but for `+`, which is a blank only there.
    let query = format!("a={}", segment.replace('+', "%2B"));
    let url = Url::parse(&format!("http://a/?{query}"));
    url.ok().and_then(|url| url.query_pairs().next().map(|(_, value)| value.into_owned())).unwrap_or_default()
}

impl Tree {
    fn read(text: &str) -> Option<Self> {
        let raw: Box<RawValue> = serde_json::from_str(text).ok()?;
        Self::open(raw, DEEPEST)
    }

    fn open(raw: Box<RawValue>, depth: usize) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        Some(match raw.get().as_bytes().first()? {
            b'{' => {
                let members: Opened = serde_json::from_str(raw.get()).ok()?;
                let open = |(name, raw)| Some((name, Self::open(raw, depth)?));
                Self::Object(Members(members.0.into_iter().map(open).collect::<Option<_>>()?))
            }
            b'[' => {
                let items: Vec<Box<RawValue>> = serde_json::from_str(raw.get()).ok()?;
                Self::Array(items.into_iter().map(|raw| Self::open(raw, depth)).collect::<Option<_>>()?)
            }
            _ => Self::Leaf(raw),
        })
    }
}

/// Members of one object, their values as they are written.
struct Opened(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Opened {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Opened;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Opened, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Opened(members))
            }
        }
        deserializer.deserialize_map(Walk)
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Leaf(raw) => raw.serialize(serializer),
            Self::Array(items) => items.serialize(serializer),
            Self::Object(Members(members)) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}
