//! What a questionnaire finds wrong with itself, at its place in the file; and its references to code lists.

use serde_json::Value;
use vienkop_transforms::assess::questionnaire::{Problem as Fault, Questionnaire};
use vienkop_transforms::codelist::CodeLists;

use super::Loaded;
use super::fields::Reporter;
use super::problem::{Problem, Sentence, known};

/// Checks a questionnaire that could be read.
pub(super) fn check(loaded: &Loaded<Questionnaire>, lists: &CodeLists) -> Vec<Problem> {
    let (Some(questionnaire), Some(document)) = (&loaded.item, &loaded.document) else { return Vec::new() };
    // What a schema took out would be missed again here.
    if !loaded.whole {
        return Vec::new();
    }
    let mut reporter = Reporter::new(document);
    let all = texts(&document.value);
    for fault in questionnaire.check() {
        let (path, sentence, hint) = told(&fault, &all);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        reporter.value(&path, sentence, hint);
    }
    if let Some(list) = lists.get("purposes") {
        for (index, question) in questionnaire.questions.iter().enumerate() {
            if let Some(purpose) = question.purpose.as_ref().filter(|purpose| list.get(purpose).is_none()) {
                let index = index.to_string();
                let sentence = Sentence::new("config-unknown-code").arg("value", purpose).arg("list", "purposes");
                let hint = known(purpose, list.codes.iter().map(|code| code.code.as_str()));
                reporter.value(&["question", &index, "purpose"], sentence, hint);
            }
        }
    }
    reporter.into_problems()
}

/// Every text of a value with its path; keys count as texts at their own path.
fn texts(value: &Value) -> Vec<(Vec<String>, &str)> {
    let below = |name: &str, value| {
        let mut texts: Vec<(Vec<String>, &str)> = texts(value);
        for (path, _) in &mut texts {
            path.insert(0, name.to_owned());
        }
        texts
    };
    match value {
        Value::String(text) => vec![(Vec::new(), text)],
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, item)| below(&index.to_string(), item)).collect()
        }
        Value::Object(entries) => entries
            .iter()
            .flat_map(|(key, value)| {
                let mut texts = below(key, value);
                texts.push((vec![key.clone()], key.as_str()));
                texts
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Where a fault stands, and what is said of it.
fn told(fault: &Fault, texts: &[(Vec<String>, &str)]) -> (Vec<String>, Sentence, Option<Sentence>) {
    let is_id = |path: &[String]| path.last().is_some_and(|last| matches!(last.as_str(), "id" | "code" | "key"));
    let named = |what: &str, id: &str| {
        let fits = |path: &[String]| is_id(path) && path.iter().rev().nth(2).is_some_and(|list| list == what);
        texts.iter().filter(|(path, text)| *text == id && fits(path)).map(|(path, _)| path.clone()).collect::<Vec<_>>()
    };
    let figure = |id: &str| named("figure", id).pop().unwrap_or_default();
    match fault {
        Fault::Twice { what, id } => {
            let path = named(what, id).pop().unwrap_or_default();
            (path, Sentence::new("config-twice").arg("value", id), None)
        }
        Fault::Unknown { from, id, nearest, .. } => {
            let owner = from.split('"').nth(1).map(figure).unwrap_or_default();
            let within = &owner[..owner.len().saturating_sub(1)];
            let found = texts.iter().find(|(path, text)| text == id && path.starts_with(within) && !is_id(path));
            let path = found.map_or_else(|| owner.clone(), |(path, _)| path.clone());
            let hint = nearest.as_ref().map(|nearest| Sentence::new("config-hint-nearest").arg("names", nearest));
            (path, Sentence::new("config-unknown-reference").arg("value", id), hint)
        }
        Fault::Unfit { figure: id, needs } => {
            (figure(id), Sentence::new("config-figure").arg("figure", id).arg("reason", *needs), None)
        }
        Fault::Overlap { figure: id, first, second } => {
            let sentence = Sentence::new("config-overlap").arg("first", first).arg("second", second);
            (named("row", second).pop().unwrap_or_else(|| figure(id)), sentence, None)
        }
        Fault::Day { field, value } => {
            (vec![(*field).to_owned()], Sentence::new("config-day").arg("value", value), None)
        }
    }
}
