//! Presets: what is known of a system, for sources to extend. `config/presets/<system>.toml` has title, documentation and
//! the fetch, format and tables that every source of the system begins with.
//!
//! A source that says `extends = "<system>"` is checked as a whole, after both were put together ([`merged`]). What each
//! of the two files said stays known, so that a fault is told in the file where it stands (`document.rs`).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use vienkop_transforms::mapping::TableMapping;

use super::document::Document;
use super::problem::{Problem, Sentence, known};
use super::settings::{Delivers, Kinded};

/// `config/presets/<system>.toml`: what sources of one system have in common. A source takes it by
/// `extends = "<system>"`; whatever the source says itself counts more.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Preset {
    /// What the system is called.
    pub(crate) title: String,
    /// Address of the documentation that the preset was made from.
    #[schemars(regex(pattern = r"^https?://"))]
    pub(crate) documentation: String,
    /// Whether it has met a real server of the system; otherwise it was made from the documentation alone.
    pub(crate) verified: bool,
    /// What a delivery is, unless the source says otherwise.
    #[serde(default)]
    pub(crate) delivers: Option<Delivers>,
    /// How the bytes are fetched; further options depend on the kind. What differs from server to server is left to the
    /// source.
    pub(crate) fetch: Kinded,
    /// How the bytes are read; further options depend on the kind.
    pub(crate) format: Kinded,
    /// Tables that the system always has. A source's own table of the same entity, `read` and `files` adds to one.
    #[serde(default)]
    pub(crate) table: Vec<TableMapping>,
}

/// Presets by name: what could be read of each, and its file for what goes wrong in a source that extends it.
pub(super) struct Presets {
    pub(super) known: BTreeMap<String, Preset>,
    /// Of every preset whose syntax is right.
    pub(super) documents: BTreeMap<String, Document>,
    /// Every preset that there is a file of.
    pub(super) names: Vec<String>,
}

impl Presets {
    /// A source with what it extends; itself when it extends nothing. What is wrong with the preset itself has been told.
    pub(super) fn extended(&self, document: Document) -> Result<Document, Option<Box<Problem>>> {
        let Some(name) = document.value.get("extends").and_then(Value::as_str).map(str::to_owned) else {
            if document.value.get("without").is_none() {
                return Ok(document);
            }
            let sentence = Sentence::new("config-missing-key").arg("key", "extends");
            return Err(Some(Box::new(Problem::in_place(document.key_at(&["without"]), sentence))));
        };
        match self.documents.get(&name) {
            Some(preset) => match unknown_part(&preset.value, &document) {
                Some(problem) => Err(Some(Box::new(problem))),
                None => Ok(document.extending(preset)),
            },
            None if self.names.contains(&name) => Err(None),
            None => {
                let sentence = Sentence::new("config-unknown-preset").arg("value", &name);
                let hint = known(&name, self.names.iter().map(String::as_str));
                Err(Some(Box::new(Problem::in_place(document.value_at(&["extends"]), sentence).hint(hint))))
            }
        }
    }
}

/// Keys of a preset that a source has no use for.
const OWN: [&str; 3] = ["title", "documentation", "verified"];

/// Where each table of a source and its preset came from: place in the source's list, place in the preset's.
pub(super) type Origins = Vec<(Option<usize>, Option<usize>)>;

/// Parts of the preset that a source does without.
fn without(source: &Value) -> impl Iterator<Item = &str> {
    source.get("without").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The first part that a source does without though the preset has none such.
fn unknown_part(preset: &Value, source: &Document) -> Option<Problem> {
    without(&source.value).enumerate().find_map(|(place, path)| {
        let (mut around, mut name) = (preset, "");
        let known_so_far = path.split('/').all(|step| {
            if !name.is_empty() {
                around = around.get(name).unwrap_or(&Value::Null);
            }
            name = step;
            around.get(step).is_some()
        });
        if known_so_far {
            return None;
        }
        let names: Vec<&str> = around.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let sentence = Sentence::new("config-without").arg("value", path);
        let place = source.value_at(&["without", &place.to_string()]);
        Some(Problem::in_place(place, sentence).hint(known(name, names)))
    })
}

/// A source with what it extends.
pub(super) fn merged(preset: &Value, source: &Value) -> (Value, Origins) {
    let mut base = preset.clone();
    for path in without(source) {
        let (around, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut steps = around.split('/').filter(|step| !step.is_empty());
        if let Some(Value::Object(members)) = steps.try_fold(&mut base, |value, step| value.get_mut(step)) {
            members.remove(name);
        }
    }
    if let Value::Object(base) = &mut base {
        base.retain(|key, _| !OWN.contains(&key.as_str()));
    }
    let list = |value: &Value| value.get("table").and_then(Value::as_array).cloned().unwrap_or_default();
    let (tables, origins) = tables(&list(&base), &list(source));
    // What stands there and is no list is for the schema to find fault with.
    let odd = source.get("table").is_some_and(|table| !table.is_array());
    let mut whole = over(&base, source);
    if let (Value::Object(whole), false, false) = (&mut whole, odd, tables.is_empty()) {
        whole.insert("table".to_owned(), Value::Array(tables));
    }
    (whole, origins)
}

/// Puts the source's value over the preset's: tables key by key, everything else as a whole.
fn over(base: &Value, own: &Value) -> Value {
    match (base, own) {
        (Value::Object(base), Value::Object(own)) if !replaces(base, own) => {
            let mut whole = base.clone();
            for (key, value) in own {
                let value = base.get(key).map_or_else(|| value.clone(), |below| over(below, value));
                whole.insert(key.clone(), value);
            }
            Value::Object(whole)
        }
        _ => own.clone(),
    }
}

/// Tables that mean something else as soon as one key differs: another kind has other options, a secret is in one place.
fn replaces(base: &Map<String, Value>, own: &Map<String, Value>) -> bool {
    let kind = |table: &Map<String, Value>| table.get("kind").and_then(Value::as_str).map(str::to_owned);
    let other_kind = kind(own).is_some_and(|own| kind(base).is_some_and(|base| base != own));
    let secret =
        |table: &Map<String, Value>| table.len() == 1 && ["env", "file"].iter().any(|key| table.contains_key(*key));
    other_kind || (secret(base) && secret(own))
}

/// The preset's tables, each with what the source's own table of the same place adds, then the source's further ones.
fn tables(base: &[Value], own: &[Value]) -> (Vec<Value>, Origins) {
    let mut taken = vec![false; own.len()];
    let mut whole = Vec::new();
    let mut origins = Origins::new();
    for (place, table) in base.iter().enumerate() {
        let fits = |(n, other): &(usize, &Value)| !taken[*n] && same_table(table, other);
        let found = own.iter().enumerate().find(fits).map(|(n, other)| (n, other.clone()));
        if let Some((n, other)) = found {
            taken[n] = true;
            whole.push(table_over(table, &other));
            origins.push((Some(n), Some(place)));
        } else {
            whole.push(table.clone());
            origins.push((None, Some(place)));
        }
    }
    for (n, table) in own.iter().enumerate().filter(|(n, _)| !taken[*n]) {
        whole.push(table.clone());
        origins.push((Some(n), None));
    }
    (whole, origins)
}

/// Whether a source's table is meant for the preset's: the same entity, and where it says where it is, the same place.
fn same_table(base: &Value, own: &Value) -> bool {
    base.get("entity").is_some_and(Value::is_string)
        && base.get("entity") == own.get("entity")
        && ["read", "files"].iter().all(|place| own.get(*place).is_none_or(|own| base.get(*place) == Some(own)))
}

/// A table's mapping: a field that gets its values from elsewhere in the source's file forgets where the preset had them.
fn table_over(base: &Value, own: &Value) -> Value {
    let mut base = base.clone();
    let fields = own.get("fields").and_then(Value::as_object);
    for (name, rule) in fields.into_iter().flatten() {
        let Some(Value::Object(known)) = base.get_mut("fields").and_then(|fields| fields.get_mut(name)) else {
            continue;
        };
        if ORIGINS.iter().any(|origin| rule.get(*origin).is_some()) {
            known.retain(|key, _| !ORIGINS.contains(&key.as_str()));
        }
    }
    over(&base, own)
}

/// Options of a rule that say where the value comes from.
const ORIGINS: [&str; 3] = ["column", "columns", "value"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_sources_word_counts_more() {
        let preset = json!({
            "title": "S", "documentation": "https://s.example", "verified": true, "delivers": "delta",
            "fetch": { "kind": "rest", "server": { "auth": { "kind": "header", "name": "X" }, "secret": { "env": "A" }, "headers": { "Accept": "a" } }, "list": [1, 2] },
            "table": [
                { "entity": "a", "read": { "records": "/a" }, "fields": { "x": "X", "y": { "column": "Y", "codes": { "1": "one" } }, "z": { "column": "Z" } }, "skip": [1] },
                { "entity": "b", "fields": { "x": "X" } },
            ],
        });
        let source = json!({
            "id": "x", "extends": "s",
            "fetch": { "server": { "url": "u", "auth": { "kind": "basic", "user": "u" }, "secret": { "file": "f" }, "headers": { "B": "b" } }, "list": [3] },
            "table": [
                { "entity": "c" },
                { "entity": "a", "fields": { "x": { "value": "v" }, "y": { "codes": { "2": "two" } }, "z": { "value": "0" } }, "skip": [] },
                { "entity": "b", "read": { "records": "/other" }, "fields": {} },
            ],
        });
        let (whole, origins) = merged(&preset, &source);
        assert_eq!(
            whole,
            json!({
                "id": "x", "extends": "s", "delivers": "delta",
                "fetch": { "kind": "rest", "list": [3], "server": { "url": "u", "auth": { "kind": "basic", "user": "u" }, "secret": { "file": "f" }, "headers": { "Accept": "a", "B": "b" } } },
                "table": [
                    { "entity": "a", "read": { "records": "/a" }, "fields": { "x": { "value": "v" }, "y": { "column": "Y", "codes": { "1": "one", "2": "two" } }, "z": { "value": "0" } }, "skip": [] },
                    { "entity": "b", "fields": { "x": "X" } },
                    { "entity": "c" },
                    { "entity": "b", "read": { "records": "/other" }, "fields": {} },
                ],
            })
        );
        assert_eq!(origins, [(Some(1), Some(0)), (None, Some(1)), (Some(0), None), (Some(2), None)]);
    }

    #[test]
    fn a_source_may_do_without() {
        let preset = json!({ "fetch": { "kind": "rest", "incremental": { "field": "f" }, "request": { "query": { "$count": true, "a": 1 } } } });
        let source = json!({ "without": ["fetch/incremental", "fetch/request/query/$count"], "fetch": { "incremental": { "field": "g" } } });
        let whole = merged(&preset, &source).0;
        // What it says itself is not taken away.
        assert_eq!(
            whole["fetch"],
            json!({ "kind": "rest", "incremental": { "field": "g" }, "request": { "query": { "a": 1 } } })
        );
    }

    #[test]
    fn another_kind_begins_anew() {
        let preset = json!({ "fetch": { "kind": "rest", "server": { "url": "u" } }, "table": [] });
        let source = json!({ "fetch": { "kind": "file", "path": "p" } });
        assert_eq!(merged(&preset, &source).0, json!({ "fetch": { "kind": "file", "path": "p" }, "table": [] }));
    }
}
