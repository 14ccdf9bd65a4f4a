//! Checks of pipelines and of `vienkop.toml` against the other files.

use std::collections::BTreeMap;

use glob::Pattern;
use jiff::tz::TimeZone;

use super::Loaded;
use super::fields::Reporter;
use super::files::stem;
use super::problem::{Problem, Sentence, known};
use super::settings::{Pipeline, Place, Vienkop};
use crate::timetable::{CronFault, Timetable};

/// Whether a pipeline's entry (`id`, `folder/id`, `folder/*`) names the source at this place.
pub(super) fn names(entry: &str, place: &Place) -> bool {
    let id = stem(&place.file);
    let full = if place.folder.is_empty() { id.clone() } else { format!("{}/{id}", place.folder) };
    if entry == id || entry == full {
        return true;
    }
    is_pattern(entry) && Pattern::new(entry).is_ok_and(|pattern| pattern.matches(&full))
}

fn is_pattern(entry: &str) -> bool {
    entry.contains(['*', '?', '['])
}

/// Checks the sources and questionnaires that a pipeline names.
pub(super) fn check(
    loaded: &Loaded<Pipeline>,
    places: &[Place],
    questionnaires: &BTreeMap<String, Option<Vec<String>>>,
) -> Vec<Problem> {
    let (Some(pipeline), Some(document)) = (&loaded.item, &loaded.document) else { return Vec::new() };
    let mut reporter = Reporter::new(document);
    if pipeline.sources.is_empty() && loaded.whole {
        reporter.value(&["sources"], Sentence::new("config-empty"), None);
    }
    let named: Vec<Vec<&Place>> =
        pipeline.sources.iter().map(|entry| places.iter().filter(|place| names(entry, place)).collect()).collect();
    let real = named.iter().flatten().any(|place| !place.is_sample());
    for (index, (entry, found)) in pipeline.sources.iter().zip(&named).enumerate() {
        let (index_of, index) = (index, index.to_string());
        let path = ["sources", &index];
        if is_pattern(entry) && Pattern::new(entry).is_err() {
            reporter.value(&path, Sentence::new("config-glob").arg("value", entry), None);
        } else if found.is_empty() {
            // Beside a folder that is right, only what is in it is worth naming.
            let (folder, id) = entry.rsplit_once('/').unwrap_or(("", entry));
            let inside: Vec<&Place> = places.iter().filter(|place| place.folder == folder).collect();
            let candidates: Vec<String> = if inside.is_empty() || folder.is_empty() {
                places.iter().map(|place| stem(&place.file)).collect()
            } else {
                inside.iter().map(|place| stem(&place.file)).collect()
            };
            let sentence = Sentence::new("config-unknown-source").arg("value", entry);
            reporter.value(&path, sentence, known(id, candidates.iter().map(String::as_str)));
        } else if real && found.iter().any(|place| place.is_sample()) {
            reporter.value(&path, Sentence::new("config-sample-mixed").arg("value", entry), None);
        } else if !is_pattern(entry) || pipeline.sources[..index_of].contains(entry) {
            // A pattern may take in what is named beside it; the same name, or the same pattern, twice is a mistake.
            let before = pipeline.sources.iter().zip(&named).take(index_of);
            let mut twice = before.filter(|(other, places)| {
                *other == entry || (!is_pattern(other) && places.iter().any(|place| found.contains(place)))
            });
            if let Some((other, _)) = twice.next() {
                let sentence = Sentence::new("config-source-twice").arg("value", entry);
                reporter.value(&path, sentence, Sentence::new("config-hint-source-twice").arg("other", other));
            }
        }
    }
    for (index, id) in pipeline.assess.iter().flat_map(|assess| &assess.questionnaires).enumerate() {
        if !questionnaires.contains_key(id) {
            let index = index.to_string();
            let sentence = Sentence::new("config-unknown-questionnaire").arg("value", id);
            let hint = known(id, questionnaires.keys().map(String::as_str));
            reporter.value(&["assess", "questionnaires", &index], sentence, hint);
        }
    }
    reporter.into_problems()
}

/// Checks the cron line of a pipeline. Whether it is one does not depend on the time zone.
pub(super) fn check_schedule(loaded: &Loaded<Pipeline>) -> Vec<Problem> {
    let (Some(pipeline), Some(document)) = (&loaded.item, &loaded.document) else { return Vec::new() };
    let mut reporter = Reporter::new(document);
    if let Some(line) = &pipeline.schedule
        && let Err(fault) = Timetable::new(line, TimeZone::UTC)
    {
        let sentence = match fault {
            CronFault::Fields(found) => Sentence::new("config-cron-fields").arg("found", found.to_string()),
            CronFault::Field(name, text) => {
                Sentence::new("config-cron-field").arg("field", name).arg("value", text.as_str())
            }
            CronFault::Never => Sentence::new("config-cron-never").arg("value", line),
        };
        reporter.value(&["schedule"], sentence, Sentence::new("config-hint-cron"));
    } else if pipeline.schedule.is_none() && loaded.whole {
        for option in ["missed", "retry"] {
            if document.value.get(option).is_some() {
                reporter.key(&[option], Sentence::new("config-no-schedule").arg("option", option), None);
            }
        }
    }
    reporter.into_problems()
}

/// Checks what `vienkop.toml` refers to.
pub(super) fn check_vienkop(loaded: &Loaded<Vienkop>, pipelines: &BTreeMap<String, Loaded<Pipeline>>) -> Vec<Problem> {
    let (Some(vienkop), Some(document)) = (&loaded.item, &loaded.document) else { return Vec::new() };
    let mut reporter = Reporter::new(document);
    if let Some(name) = &vienkop.default_pipeline
        && !pipelines.contains_key(name)
    {
        let sentence = Sentence::new("config-unknown-pipeline").arg("value", name);
        reporter.value(&["default_pipeline"], sentence, known(name, pipelines.keys().map(String::as_str)));
    }
    if TimeZone::get(&vienkop.time_zone).is_err() {
        let sentence = Sentence::new("config-time-zone").arg("value", &vienkop.time_zone);
        reporter.value(&["time_zone"], sentence, Sentence::new("config-hint-nearest").arg("names", "Europe/Riga"));
    }
    for (option, text) in [("work", &vienkop.work), ("key_env", &vienkop.personal_data.key_env)] {
        if text.trim().is_empty() {
            let path = if option == "work" { vec![option] } else { vec!["personal_data", option] };
            reporter.value(&path, Sentence::new("config-empty"), None);
        }
    }
    reporter.into_problems()
}
