//! JSON values whose scalars keep their own letters: `1.10`, `00123` and numbers of any size stay as they were written.
//!
//! Paths are those of the json format: names with `/` between them, `~1` for a `/` in a name, `~0` for a `~`. They lead
//! through arrays: `journals/details/name` is that of every detail of every journal.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A text, number, `true`, `false` or `null` with its own letters (a text with its quotes).
    Scalar(Box<str>),
    /// Members in the order they came.
    Object(Vec<(String, Node)>),
    /// Items.
    Array(Vec<Node>),
}

/// Why a document is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TreeError {
    /// Not JSON.
    #[error("{0}")]
    Json(String),
    /// Nested deeper than allowed.
    #[error("nested too deep")]
    Deep,
}

impl Node {
    /// Reads a document, nested at most `depth` levels.
    pub(super) fn parse(bytes: &[u8], depth: usize) -> Result<Self, TreeError> {
        // What some servers put before a document in UTF-8.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let raw: &RawValue = serde_json::from_slice(bytes).map_err(|error| TreeError::Json(error.to_string()))?;
        Self::of(raw, depth)
    }

    fn of(raw: &RawValue, depth: usize) -> Result<Self, TreeError> {
        let text = raw.get();
        let deeper = || depth.checked_sub(1).ok_or(TreeError::Deep);
        let broken = |error: serde_json::Error| TreeError::Json(error.to_string());
        match text.as_bytes().first() {
            Some(b'{') => {
                let depth = deeper()?;
                let Members(members) = serde_json::from_str(text).map_err(broken)?;
                let members = members.into_iter().map(|(name, value)| Ok((name.into_owned(), Self::of(value, depth)?)));
                members.collect::<Result<_, _>>().map(Self::Object)
            }
            Some(b'[') => {
                let depth = deeper()?;
                let Items(items) = serde_json::from_str(text).map_err(broken)?;
                items.into_iter().map(|item| Self::of(item, depth)).collect::<Result<_, _>>().map(Self::Array)
            }
            _ => Ok(Self::Scalar(text.into())),
        }
    }

    /// A text.
    pub(super) fn text_of(text: &str) -> Self {
        Self::Scalar(serde_json::Value::from(text).to_string().into())
    }

    /// `null`.
    pub(super) fn null() -> Self {
        Self::Scalar("null".into())
    }

    /// A number.
    pub(super) fn number(number: u64) -> Self {
        Self::Scalar(number.to_string().into())
    }

    /// What a scalar says: a text without its quotes, a number or boolean as it is written; nothing for `null`.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Scalar(raw) if &**raw == "null" => None,
            Self::Scalar(raw) if raw.starts_with('"') => serde_json::from_str(raw).ok().map(Cow::Owned),
            Self::Scalar(raw) => Some(Cow::Borrowed(raw)),
            Self::Object(_) | Self::Array(_) => None,
        }
    }

    /// Whether there is nothing in it: `null`, `{}`, `[]`.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Scalar(raw) => &**raw == "null",
            Self::Object(members) => members.is_empty(),
            Self::Array(items) => items.is_empty(),
        }
    }

    /// The member of that name.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            Self::Scalar(_) | Self::Array(_) => None,
        }
    }

    /// Sets a member; what is no object stays as it is.
    pub(super) fn set(&mut self, name: &str, value: Self) {
        let Self::Object(members) = self else { return };
        match members.iter_mut().find(|(known, _)| known == name) {
            Some((_, held)) => *held = value,
            None => members.push((name.to_owned(), value)),
        }
    }

    /// What a JSON Pointer leads to; the steps of [`pointer`].
    pub(super) fn pointed<S: AsRef<str>>(&self, steps: &[S]) -> Option<&Self> {
        steps.iter().try_fold(self, |node, step| match node {
            Self::Object(_) => node.member(step.as_ref()),
            Self::Array(items) => items.get(step.as_ref().parse::<usize>().ok()?),
            Self::Scalar(_) => None,
        })
    }

    /// The same, to be changed.
    pub(super) fn pointed_mut(&mut self, steps: &[String]) -> Option<&mut Self> {
        steps.iter().try_fold(self, |node, step| match node {
            Self::Object(members) => members.iter_mut().find(|(name, _)| name == step).map(|(_, value)| value),
            Self::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
            Self::Scalar(_) => None,
        })
    }

    /// Every value that a path leads to.
    pub(super) fn each<'n>(&'n self, path: &Path, found: &mut Vec<&'n Self>) {
        self.each_below(&path.0, found);
    }

    fn each_below<'n>(&'n self, path: &[String], found: &mut Vec<&'n Self>) {
        match (self, path.split_first()) {
            (Self::Array(items), _) => items.iter().for_each(|item| item.each_below(path, found)),
            (node, None) => found.push(node),
            (Self::Object(_), Some((first, rest))) => {
                if let Some(member) = self.member(first) {
                    member.each_below(rest, found);
                }
            }
            (Self::Scalar(_), Some(_)) => {}
        }
    }

    /// The first text that a path leads to.
    pub(super) fn find(&self, path: &Path) -> Option<Cow<'_, str>> {
        let mut found = Vec::new();
        self.each(path, &mut found);
        found.first().and_then(|node| node.text())
    }

    /// Every object that a path leads to, to be changed.
    pub(super) fn each_object(&mut self, path: &[String], change: &mut dyn FnMut(&mut Self)) {
        match self {
            Self::Array(items) => items.iter_mut().for_each(|item| item.each_object(path, change)),
            Self::Object(members) => match path.split_first() {
                None => change(self),
                Some((first, rest)) => {
                    if let Some((_, member)) = members.iter_mut().find(|(name, _)| name == first) {
                        member.each_object(rest, change);
                    }
                }
            },
            Self::Scalar(_) => {}
        }
    }

    /// Takes away every member that a path leads to.
    pub(super) fn remove(&mut self, path: &Path) {
        let Some((last, objects)) = path.0.split_last() else { return };
        self.each_object(objects, &mut |object| {
            if let Self::Object(members) = object {
                members.retain(|(name, _)| name != last);
            }
        });
    }

    /// Writes the value on one line.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Scalar(raw) => out.extend_from_slice(raw.as_bytes()),
            Self::Object(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    out.push(if index == 0 { b'{' } else { b',' });
                    Self::text_of(name).write(out);
                    out.push(b':');
                    value.write(out);
                }
                out.extend_from_slice(if members.is_empty() { b"{}" } else { b"}" });
            }
            Self::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    out.push(if index == 0 { b'[' } else { b',' });
                    item.write(out);
                }
                out.extend_from_slice(if items.is_empty() { b"[]" } else { b"]" });
            }
        }
    }

    /// The value on one line.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }
}

/// A path below a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path(pub(super) Vec<String>);

impl Path {
    /// Reads a path; `None` when it is empty or begins or ends with `/`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let steps: Vec<String> = text.split('/').map(unescape).collect();
        steps.iter().all(|step| !step.is_empty()).then_some(Self(steps))
    }
}

/// The steps of a JSON Pointer (RFC 6901); `None` when it is none.
pub(super) fn pointer(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    Some(text.strip_prefix('/')?.split('/').map(unescape).collect())
}

fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// The members of an object, names given twice too.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<Text<'de>>()? {
                    members.push((name.0, map.next_value::<&'de RawValue>().map_err(A::Error::custom)?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

/// A text, borrowed where it needs no unescaping.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The items of an array.
struct Items<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor;
        impl<'de> Visitor<'de> for ItemsVisitor {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    fn node(text: &str) -> Node {
        Node::parse(text.as_bytes(), 64).unwrap()
    }

    #[test]
    fn members_are_taken_away() {
        let mut node = Node::parse(br#"{"a":1,"b":[{"c":1,"d":2},{"c":3},4],"e":{"c":5}}"#, 9).unwrap();
        for path in ["a", "b/c", "e/x", "y/z"] {
            node.remove(&Path::parse(path).unwrap());
        }
        assert_eq!(node.bytes(), br#"{"b":[{"d":2},{},4],"e":{"c":5}}"#);
    }

    #[test]
    fn letters_stay() {
        for text in [
            r#"{"a":1.10,"b":"00123","c":123456789012345678901234567890,"d":1E+2,"e":null,"f":true,"g":[],"h":{}}"#,
            r#"[[1,[2.0]],{"a":{"b":"\u0101\n"},"a":2}]"#,
            r#""ā""#,
            "0",
        ] {
            assert_eq!(String::from_utf8(node(text).bytes()).unwrap(), text);
        }
        assert_eq!(node(" { \"a\" : [ 1 , 2 ] } ").bytes(), br#"{"a":[1,2]}"#);
        assert_eq!(node("\u{feff}{}"), Node::Object(Vec::new()));
    }

    #[test]
    fn what_is_no_document() {
        for text in ["", "{", "{\"a\":1", "<html>", "{} {}", "{\"a\":01}", "\"\u{1}\""] {
            assert!(matches!(Node::parse(text.as_bytes(), 64), Err(TreeError::Json(_))), "{text}");
        }
        let nested = format!("{}{}", "[".repeat(65), "]".repeat(65));
        assert_eq!(Node::parse(nested.as_bytes(), 64), Err(TreeError::Deep));
        let hostile = "[".repeat(1_000_000);
        assert!(Node::parse(hostile.as_bytes(), 64).is_err());
    }

    #[test]
    fn paths_lead_through_arrays() {
        let record = node(
            r#"{"id":7,"a/b":{"c":"x"},"journals":[{"details":[{"n":"1"},{"n":2}]},{"details":[]},{"details":[{"n":null}]}]}"#,
        );
        let mut found = Vec::new();
        record.each(&Path::parse("journals/details/n").unwrap(), &mut found);
        let texts: Vec<_> = found.iter().map(|node| node.text()).collect();
        assert_eq!(texts, [Some("1".into()), Some("2".into()), None]);
        assert_eq!(record.find(&Path::parse("a~1b/c").unwrap()).unwrap(), "x");
        assert_eq!(record.pointed(&pointer("/journals/0/details/1/n").unwrap()).unwrap().text().unwrap(), "2");
        assert_eq!(record.pointed(&pointer("/journals/9").unwrap()), None);
        assert_eq!((Path::parse(""), Path::parse("/a"), Path::parse("a/"), pointer("a")), (None, None, None, None));
    }

    #[test]
    fn members_are_set() {
        let mut record = node(r#"{"journals":[{"details":[{"n":"1"},{"n":"2"}]}]}"#);
        record.each_object(&["journals".to_owned(), "details".to_owned()], &mut |detail| {
            let told = detail.member("n").unwrap().text().unwrap().into_owned();
            detail.set("name", Node::text_of(&format!("\"{told}\"")));
            detail.set("n", Node::null());
        });
        let expected = r#"{"journals":[{"details":[{"n":null,"name":"\"1\""},{"n":null,"name":"\"2\""}]}]}"#;
        assert_eq!(String::from_utf8(record.bytes()).unwrap(), expected);
    }

    proptest! {
        #[test]
        fn any_document_means_the_same_afterwards(value in json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
            let written = node(&text).bytes();
            prop_assert!(!written.contains(&b'\n'));
            prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(&written).unwrap(), value);
        }

        #[test]
        fn any_bytes_are_taken_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Node::parse(&bytes, 8);
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let scalar = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            ".{0,12}".prop_map(serde_json::Value::from),
        ];
        scalar.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
                proptest::collection::btree_map(".{0,6}", inner, 0..5)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }
}
