//! Gaps filled from columns: JSON and addresses written for one row after another.

use std::borrow::Cow;
use std::collections::BTreeMap;

use polars::prelude::*;
use serde::Deserialize;

use super::template::{Holds, Node, Piece, Source, Wanted};
use crate::gaps::segment;

/// The register's id of a record: of that entity and uid.
pub type IdOf<'f> = dyn Fn(&str, &str) -> Option<String> + Sync + 'f;

/// What fills gaps that no column does.
#[derive(Clone, Copy)]
pub struct Fill<'f> {
    /// The idempotency key.
    pub key: &'f str,
    /// Number of contents of the record that were sent, this one among them.
    pub sequence: i64,
    /// The register's id of the record.
    pub id: Option<&'f str>,
    /// The register's id of another record.
    pub id_of: &'f IdOf<'f>,
}

/// A column and how its values are written.
#[derive(Debug, Clone)]
pub(super) struct Filler {
    values: Values,
    codes: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
enum Values {
    Text(StringChunked),
    List(StringChunked),
    Integer(Int64Chunked),
    Boolean(BooleanChunked),
}

/// A value on its way into a text or a member.
enum Value<'v> {
    Text(Cow<'v, str>),
    List(Vec<Cow<'v, str>>),
    Integer(i64),
    Boolean(bool),
}

impl Filler {
    pub(super) fn of(frame: &DataFrame, name: &str, wanted: &Wanted) -> PolarsResult<Self> {
        let column = frame.column(name)?;
        let values = match wanted.holds {
            Holds::Text => Values::Text(column.str()?.rechunk().into_owned()),
            Holds::List => Values::List(column.str()?.rechunk().into_owned()),
            Holds::Integer => Values::Integer(column.i64()?.rechunk().into_owned()),
            Holds::Boolean => Values::Boolean(column.bool()?.rechunk().into_owned()),
        };
        Ok(Self { values, codes: wanted.codes.clone() })
    }

    /// The text of a row; none where it has none, or is no text.
    pub(super) fn text(&self, row: usize) -> Option<&str> {
        match &self.values {
            Values::Text(column) => column.get(row),
            _ => None,
        }
    }

    fn value(&self, row: usize) -> Option<Value<'_>> {
        let coded = |text| match self.codes.get(text as &str) {
            Some(code) => Cow::Borrowed(code.as_str()),
            None => Cow::Borrowed(text),
        };
        Some(match &self.values {
            Values::Text(column) => Value::Text(coded(column.get(row)?)),
            Values::List(column) => {
                let texts: Vec<Borrowed<'_>> = serde_json::from_str(column.get(row)?).ok()?;
                let texts = texts.into_iter().map(|Borrowed(text)| match self.codes.get(text.as_ref()) {
                    Some(code) => Cow::Borrowed(code.as_str()),
                    None => text,
                });
                Value::List(texts.collect())
            }
            Values::Integer(column) => Value::Integer(column.get(row)?),
            Values::Boolean(column) => Value::Boolean(column.get(row)?),
        })
    }
}

/// A text of a JSON array, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

/// A record to be written.
pub(super) struct Row<'r> {
    pub(super) uid: &'r str,
    pub(super) at: usize,
    pub(super) fillers: &'r [Filler],
    pub(super) fill: Fill<'r>,
    /// Whether a member without a value is left out, else it is `null`.
    pub(super) omits: bool,
    /// Rows of the lists, in the order in which they stand in the body.
    pub(super) lists: &'r [super::requests::Below],
}

/// An item of a list: its columns, its row, its number.
#[derive(Clone, Copy)]
struct Item<'r> {
    fillers: &'r [Filler],
    row: usize,
    ordinal: i64,
}

impl Row<'_> {
    /// The whole body.
    pub(super) fn body(&self, node: &Node) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.node(node, None, &mut 0, &mut out) {
            out = b"{}".to_vec();
        }
        out
    }

    /// An address; none where a gap of it has no value.
    pub(super) fn path(&self, pieces: &[Piece]) -> Option<String> {
        let mut path = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => path.push_str(text),
                Piece::Gap(source, otherwise) => {
                    let value = self.value(source, None).map(plain).or_else(|| otherwise.clone());
                    path.push_str(&segment(&value?)?);
                }
            }
        }
        Some(path)
    }

    fn value<'v>(&'v self, source: &Source, item: Option<Item<'v>>) -> Option<Value<'v>> {
        let owned = |text: String| Value::Text(Cow::Owned(text));
        Some(match (source, item) {
            (Source::Uid, _) => Value::Text(Cow::Borrowed(self.uid)),
            (Source::IdempotencyKey, _) => Value::Text(Cow::Borrowed(self.fill.key)),
            (Source::Sequence, _) => Value::Integer(self.fill.sequence),
            (Source::RegisterId, _) => Value::Text(Cow::Borrowed(self.fill.id?)),
            (Source::RegisterIdOf(entity, column), _) => {
                owned((self.fill.id_of)(entity, self.fillers.get(*column)?.text(self.at)?)?)
            }
            (Source::Column(column), Some(item)) => item.fillers.get(*column)?.value(item.row)?,
            (Source::Column(column), None) => self.fillers.get(*column)?.value(self.at)?,
            (Source::Ordinal, item) => Value::Integer(item?.ordinal),
        })
    }

    /// Writes a value; false where it has none. `list`: number of the next list of the body.
    fn node(&self, node: &Node, item: Option<Item<'_>>, list: &mut usize, out: &mut Vec<u8>) -> bool {
        match node {
            Node::Literal(json) => out.extend_from_slice(json.as_bytes()),
            Node::Text(pieces) => return self.text(pieces, item, out),
            Node::Object(members) => {
                let start = out.len();
                out.push(b'{');
                for (name, value) in members {
                    let before = out.len();
                    if before > start + 1 {
                        out.push(b',');
                    }
                    out.extend_from_slice(name.as_bytes());
                    out.push(b':');
                    if !self.node(value, item, list, out) {
                        if self.omits {
                            out.truncate(before);
                        } else {
                            out.extend_from_slice(b"null");
                        }
                    }
                }
                // A table of which nothing is known is left out like a text.
                if out.len() == start + 1 && !members.is_empty() {
                    return false;
                }
                out.push(b'}');
            }
            Node::Array(items) => {
                out.push(b'[');
                let begin = out.len();
                for value in items {
                    let before = out.len();
                    if before > begin {
                        out.push(b',');
                    }
                    if !self.node(value, item, list, out) {
                        out.truncate(before);
                    }
                }
                out.push(b']');
            }
            Node::Each(_, _, node) => {
                let Some(below) = self.lists.get(*list) else { return false };
                *list += 1;
                out.push(b'[');
                for (number, row) in below.rows(self.at).enumerate() {
                    if number > 0 {
                        out.push(b',');
                    }
                    let item = Item { fillers: &below.fillers, row, ordinal: number as i64 + 1 };
                    let before = out.len();
                    if !self.node(node, Some(item), list, out) {
                        out.truncate(before);
                        out.extend_from_slice(if matches!(**node, Node::Object(_)) { b"{}" } else { b"null" });
                    }
                }
                out.push(b']');
            }
        }
        true
    }

    fn text(&self, pieces: &[Piece], item: Option<Item<'_>>, out: &mut Vec<u8>) -> bool {
        if let [Piece::Gap(source, otherwise)] = pieces {
            match (self.value(source, item), otherwise) {
                (Some(Value::Text(text)), _) => write_text(&text, out),
                (Some(Value::Integer(number)), _) => out.extend_from_slice(number.to_string().as_bytes()),
                (Some(Value::Boolean(flag)), _) => out.extend_from_slice(if flag { b"true" } else { b"false" }),
                (Some(Value::List(texts)), _) => {
                    out.push(b'[');
                    for (number, text) in texts.iter().enumerate() {
                        if number > 0 {
                            out.push(b',');
                        }
                        write_text(text, out);
                    }
                    out.push(b']');
                }
                (None, Some(otherwise)) => write_text(otherwise, out),
                (None, None) => return false,
            }
            return true;
        }
        let mut whole = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => whole.push_str(text),
                Piece::Gap(source, otherwise) => {
                    match self.value(source, item).map(plain).or_else(|| otherwise.clone()) {
                        Some(text) => whole.push_str(&text),
                        None => return false,
                    }
                }
            }
        }
        write_text(&whole, out);
        true
    }
}

/// What a value is within a text; several are joined with commas.
fn plain(value: Value<'_>) -> String {
    match value {
        Value::Text(text) => text.into_owned(),
        Value::List(texts) => texts.join(","),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
    }
}

/// A JSON text.
fn write_text(text: &str, out: &mut Vec<u8>) {
    // Writing a text into memory does not fail.
    let _ = serde_json::to_writer(out, text);
}
