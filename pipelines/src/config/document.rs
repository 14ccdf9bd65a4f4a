//! A TOML file as a JSON value, with the place of every key and value.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::problem::{Problem, Sentence};

/// A parsed file.
#[derive(Debug)]
pub(super) struct Document {
    /// The file, as people are told.
    pub(super) file: String,
    /// What it says.
    pub(super) value: Value,
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    span: Range<usize>,
    below: Below,
}

#[derive(Debug, Default)]
enum Below {
    #[default]
    Nothing,
    /// Key, its place, and what stands there.
    Table(BTreeMap<String, (Range<usize>, Node)>),
    List(Vec<Node>),
}

impl Document {
    /// Parses a file; every syntax error the parser can tell apart comes back.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut problems: Vec<Problem> = Vec::new();
        let mut lines = Vec::new();
        for error in &errors {
            let span = error.span().unwrap_or(0..0);
            let line = text.get(..span.start).map_or(0, |before| before.matches('\n').count());
            // What follows on the same line is mostly the same mistake again.
            if !lines.contains(&line) {
                lines.push(line);
                problems.push(Problem::at(file, span, syntax(error.message())));
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let (value, mut root) =
            convert(file, &Spanned::new(table.span(), DeValue::Table(table.into_inner())), &mut problems);
        root.span = 0..0;
        if problems.is_empty() { Ok(Self { file: file.to_owned(), value, root }) } else { Err(problems) }
    }

    /// Place of the value at a path; of the nearest thing around it where it does not exist.
    pub(super) fn value_at(&self, path: &[&str]) -> Range<usize> {
        self.walk(path).1
    }

    /// Place of the key at a path; of the value where it is an item of a list.
    pub(super) fn key_at(&self, path: &[&str]) -> Range<usize> {
        self.walk(path).0
    }

    fn walk(&self, path: &[&str]) -> (Range<usize>, Range<usize>) {
        let mut node = &self.root;
        let mut key = node.span.clone();
        for part in path {
            match &node.below {
                Below::Table(entries) => {
                    let Some((span, below)) = entries.get(*part) else { break };
                    key = span.clone();
                    node = below;
                }
                Below::List(items) => {
                    let Some(item) = part.parse::<usize>().ok().and_then(|index| items.get(index)) else { break };
                    key = item.span.clone();
                    node = item;
                }
                Below::Nothing => break,
            }
        }
        (key, node.span.clone())
    }
}

/// What the parser says most often, in words that both languages have.
const SYNTAX: [(&str, &str); 10] = [
    ("duplicate key", "config-duplicate-key"),
    ("string values must be quoted", "config-syntax-unquoted"),
    ("invalid basic string, expected `\"`", "config-syntax-quote"),
    ("invalid literal string, expected `'`", "config-syntax-quote"),
    ("unclosed", "config-syntax-unclosed"),
    ("missing comma", "config-syntax-comma"),
    ("key with no value", "config-syntax-no-value"),
    ("missing value", "config-syntax-no-value"),
    ("invalid unquoted key", "config-syntax-key"),
    ("missing escaped value", "config-syntax-escape"),
];

fn syntax(message: &str) -> Sentence {
    match SYNTAX.iter().find(|(start, _)| message.starts_with(start)) {
        Some((_, id)) => Sentence::new(id),
        None => Sentence::new("config-syntax").arg("reason", message),
    }
}

fn convert(file: &str, value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> (Value, Node) {
    let span = value.span();
    let mut unusable = |text: &str| {
        problems.push(Problem::at(file, span.clone(), Sentence::new("config-number").arg("value", text)));
        Value::Null
    };
    let leaf = match value.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(moment) => Value::String(moment.to_string()),
        DeValue::Integer(number) => integer(number).map_or_else(|| unusable(number.as_str()), Value::Number),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .map_or_else(|| unusable(number.as_str()), Value::Number),
        DeValue::Array(items) => {
            let (values, nodes) = items.iter().map(|item| convert(file, item, problems)).unzip();
            return (Value::Array(values), Node { span, below: Below::List(nodes) });
        }
        DeValue::Table(entries) => {
            let mut object = Map::new();
            let mut nodes = BTreeMap::new();
            for (key, value) in entries {
                let (value, node) = convert(file, value, problems);
                object.insert(key.get_ref().to_string(), value);
                nodes.insert(key.get_ref().to_string(), (key.span(), node));
            }
            return (Value::Object(object), Node { span, below: Below::Table(nodes) });
        }
    };
    (leaf, Node { span, below: Below::Nothing })
}

fn integer(number: &DeInteger<'_>) -> Option<Number> {
    let (text, radix) = (number.as_str(), number.radix());
    i64::from_str_radix(text, radix)
        .map(Number::from)
        .or_else(|_| u64::from_str_radix(text, radix).map(Number::from))
        .ok()
}
