//! A TOML file as a JSON value, with the place of every key and value.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::presets::{Origins, merged};
use super::problem::{Problem, Sentence};

/// A parsed file.
#[derive(Debug)]
pub(super) struct Document {
    /// The file, as people are told.
    pub(super) file: String,
    /// What it says; of a source that extends a preset, both together.
    pub(super) value: Value,
    root: Node,
    /// What it extends.
    base: Option<Base>,
}

/// What a document extends: where things stand that it does not say itself.
#[derive(Debug)]
struct Base {
    file: String,
    root: Node,
    /// Where each `[[table]]` came from.
    origins: Origins,
}

#[derive(Debug, Clone, Default)]
struct Node {
    span: Range<usize>,
    below: Below,
}

#[derive(Debug, Clone, Default)]
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
        if problems.is_empty() { Ok(Self { file: file.to_owned(), value, root, base: None }) } else { Err(problems) }
    }

    /// The document with what it extends.
    pub(super) fn extending(self, preset: &Self) -> Self {
        let (value, origins) = merged(&preset.value, &self.value);
        Self { value, base: Some(Base { file: preset.file.clone(), root: preset.root.clone(), origins }), ..self }
    }

    /// Place of the value at a path; of the nearest thing around it where it does not exist.
    pub(super) fn value_at(&self, path: &[&str]) -> Place<'_> {
        let (file, found) = self.find(path);
        Place { file, span: found.value }
    }

    /// Place of the key at a path; of the value where it is an item of a list.
    pub(super) fn key_at(&self, path: &[&str]) -> Place<'_> {
        let (file, found) = self.find(path);
        Place { file, span: found.key }
    }

    /// Place in this very file where something is missing: what a preset leaves out is for the source to say.
    pub(super) fn missing_at(&self, path: &[&str]) -> Place<'_> {
        let found = self.root.walk(&self.own(path));
        // Nothing of what is around it stands in this file: that it extends something does.
        let nowhere = self.base.is_some() && found.left == path.len();
        let span = if nowhere { self.root.walk(&["extends".into()]).value } else { found.value };
        Place { file: &self.file, span }
    }

    /// Places of every text of this very file, with the path that leads there.
    pub(super) fn texts(&self) -> Vec<(Vec<String>, Range<usize>)> {
        let mut found = Vec::new();
        self.root.spans(&mut Vec::new(), &mut found);
        found
    }

    fn find(&self, path: &[&str]) -> (&str, Found) {
        let own = self.root.walk(&self.own(path));
        if own.left == 0 {
            return (&self.file, own);
        }
        let Some(base) = &self.base else { return (&self.file, own) };
        let found = base.root.walk(&translated(path, &base.origins, |(_, base)| *base));
        // Where neither has it, it is missing in the source.
        if found.left == 0 { (&base.file, found) } else { (&self.file, own) }
    }

    /// A path of the whole as one of this file.
    fn own<'p>(&self, path: &[&'p str]) -> Vec<Cow<'p, str>> {
        match &self.base {
            Some(base) => translated(path, &base.origins, |(own, _)| *own),
            None => path.iter().map(|step| Cow::Borrowed(*step)).collect(),
        }
    }
}

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// The file, as people are told.
    pub(super) file: &'a str,
    /// In bytes.
    pub(super) span: Range<usize>,
}

/// What a walk along a path came to.
struct Found {
    key: Range<usize>,
    value: Range<usize>,
    /// Steps of the path that lead nowhere.
    left: usize,
}

/// `table/2/…` of the whole, in the counting of one of its files; a table that the file lacks leads nowhere.
fn translated<'p>(
    path: &[&'p str],
    origins: &Origins,
    of: impl Fn(&(Option<usize>, Option<usize>)) -> Option<usize>,
) -> Vec<Cow<'p, str>> {
    let mut steps: Vec<Cow<'p, str>> = path.iter().map(|step| Cow::Borrowed(*step)).collect();
    if let ["table", index, ..] = path
        && let Some(origin) = index.parse::<usize>().ok().and_then(|index| origins.get(index))
    {
        steps[1] = of(origin).map_or(Cow::Borrowed("-"), |index| Cow::Owned(index.to_string()));
    }
    steps
}

impl Node {
    fn walk(&self, path: &[Cow<'_, str>]) -> Found {
        let mut node = self;
        let mut key = node.span.clone();
        let mut left = path.len();
        for part in path {
            match &node.below {
                Below::Table(entries) => {
                    let Some((span, below)) = entries.get(part.as_ref()) else { break };
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
            left -= 1;
        }
        Found { key, value: node.span.clone(), left }
    }

    fn spans(&self, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, Range<usize>)>) {
        let below: Vec<(String, &Self)> = match &self.below {
            Below::Nothing => {
                found.push((path.clone(), self.span.clone()));
                return;
            }
            Below::Table(entries) => entries.iter().map(|(key, (_, node))| (key.clone(), node)).collect(),
            Below::List(items) => items.iter().enumerate().map(|(n, node)| (n.to_string(), node)).collect(),
        };
        for (step, node) in below {
            path.push(step);
            node.spans(path, found);
            path.pop();
        }
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
