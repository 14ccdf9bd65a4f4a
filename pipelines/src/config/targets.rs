//! `config/targets/*.toml`: what their schema cannot tell.

use std::collections::BTreeMap;

use serde_json::Value;
use vienkop_connectors::deliver::DeliverSettings;
use vienkop_transforms::codelist::CodeLists;
use vienkop_transforms::deliver::{Fault, RecordSettings, Template};
use vienkop_transforms::model;

use super::Loaded;
use super::fields::Reporter;
use super::problem::{Problem, Sentence, known};
use super::settings::{Pipeline, Target};

/// Checks a target and makes its records ready. A part that the schema finds fault with is passed over, the others are
/// looked at all the same.
pub(super) fn check(loaded: &mut Loaded<Target>, lists: &CodeLists) -> Vec<Problem> {
    let Some(document) = &loaded.document else { return Vec::new() };
    let mut reporter = Reporter::new(document);
    let deliver = document.value.get("deliver").cloned().unwrap_or_default();
    if let Some(Err(error)) = serde_json::from_value::<DeliverSettings>(deliver).ok().map(|deliver| deliver.check()) {
        let sentence = Sentence::new("config-option-refused").arg("option", &error.option);
        let sentence = sentence.with(Sentence::refused(error.reason).arg("value", &error.value));
        let option: Vec<&str> = std::iter::once("deliver").chain(error.option.split('/')).collect();
        reporter.value(&option, sentence, None);
    }
    let records = document.value.get("record").and_then(Value::as_array).into_iter().flatten().enumerate();
    let records: Vec<(usize, RecordSettings)> =
        records.filter_map(|(at, record)| Some((at, serde_json::from_value(record.clone()).ok()?))).collect();
    // Of those with mistakes too: what refers to them is none.
    let written = document.value.get("record").and_then(Value::as_array).into_iter().flatten();
    let with_id = written.filter(|record| record.get("id").is_some());
    let ids: Vec<&str> = with_id.filter_map(|record| record.get("entity")?.as_str()).collect();
    let mut templates: Vec<Template> = Vec::new();
    for (at, record) in &records {
        let place = at.to_string();
        if records.iter().any(|(before, other)| before < at && other.entity == record.entity) {
            let sentence = Sentence::new("config-twice").arg("value", &record.entity);
            reporter.value(&["record", &place, "entity"], sentence, None);
        }
        match Template::new(record, &ids, lists) {
            Ok(template) => templates.push(template),
            Err(faults) => faults.iter().for_each(|fault| tell(&mut reporter, &place, fault)),
        }
    }
    templates.sort_by_key(|template| model::rank(template.entity));
    let problems = reporter.into_problems();
    if let Some(target) = &mut loaded.item {
        target.templates = templates;
    }
    problems
}

fn tell(reporter: &mut Reporter<'_>, place: &str, fault: &Fault) {
    let at: Vec<&str> = ["record", place].into_iter().chain(fault.at.iter().map(String::as_str)).collect();
    let sentence = Sentence::new(&format!("config-deliver-{}", fault.reason)).arg("value", &fault.value);
    let hint = known(&fault.value, fault.known.iter().map(String::as_str));
    if matches!(fault.reason, "when" | "codes" | "each-member") {
        reporter.key(&at, sentence, hint);
    } else {
        reporter.value(&at, sentence, hint);
    }
}

/// Checks the targets that a pipeline names.
pub(super) fn check_pipeline(loaded: &Loaded<Pipeline>, targets: &BTreeMap<String, Loaded<Target>>) -> Vec<Problem> {
    let (Some(pipeline), Some(document)) = (&loaded.item, &loaded.document) else { return Vec::new() };
    let mut reporter = Reporter::new(document);
    let named = pipeline.publish.as_ref().map_or(&[][..], |publish| &publish.deliver);
    for (at, id) in named.iter().enumerate() {
        let path = at.to_string();
        let path = ["publish", "deliver", &path];
        if !targets.contains_key(id) {
            let sentence = Sentence::new("config-unknown-target").arg("value", id);
            reporter.value(&path, sentence, known(id, targets.keys().map(String::as_str)));
        } else if named[..at].contains(id) {
            reporter.value(&path, Sentence::new("config-twice").arg("value", id), None);
        }
    }
    reporter.into_problems()
}
