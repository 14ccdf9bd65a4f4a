//! `config/pipelines/<name>/conclusions.toml`: an analyst's own texts in the place of drafted conclusions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vienkop_transforms::texts::Language;

use super::Loaded;
use super::fields::Reporter;
use super::problem::{Problem, Sentence, known};

/// Name of the file without its ending.
pub(super) const NAME: &str = "conclusions";

/// `config/pipelines/<name>/conclusions.toml`: table id -> the conclusion that stands there instead of the drafted one, by
/// language, for example `"1.1-6" = "…"`. The report marks it as the analyst's.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Conclusions {
    /// In Latvian.
    lv: BTreeMap<String, String>,
    /// In English.
    en: BTreeMap<String, String>,
}

impl Conclusions {
    /// Those of a language.
    pub(crate) const fn of(&self, language: Language) -> &BTreeMap<String, String> {
        match language {
            Language::Lv => &self.lv,
            Language::En => &self.en,
        }
    }
}

/// Checks that each text has a table and says something. `ids`: of the tables that the report can have.
pub(super) fn check(loaded: &Loaded<Conclusions>, ids: &[String]) -> Vec<Problem> {
    let (Some(conclusions), Some(document)) = (&loaded.item, &loaded.document) else { return Vec::new() };
    let mut reporter = Reporter::new(document);
    for (language, texts) in [("lv", &conclusions.lv), ("en", &conclusions.en)] {
        for (id, text) in texts {
            if !ids.contains(id) {
                let sentence = Sentence::new("config-conclusion-id").arg("value", id);
                reporter.key(&[language, id], sentence, known(id, ids.iter().map(String::as_str)));
            }
            if text.trim().is_empty() {
                reporter.value(&[language, id], Sentence::new("config-empty"), None);
            }
        }
    }
    reporter.into_problems()
}
