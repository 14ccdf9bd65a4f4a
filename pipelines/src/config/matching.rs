//! `config/matching.toml`: what its schema cannot tell.

use vienkop_transforms::resolve::matching::{MatchSettings, SettingsProblem};

use super::Loaded;
use super::fields::Reporter;
use super::problem::{Problem, Sentence};

/// Checks the settings of matching.
pub(super) fn check(loaded: &Loaded<MatchSettings>) -> Vec<Problem> {
    let (Some(settings), Some(document), true) = (&loaded.item, &loaded.document, loaded.whole) else {
        return Vec::new();
    };
    let mut reporter = Reporter::new(document);
    for (path, problem) in settings.check() {
        let path: Vec<&str> = path.split('.').collect();
        let sentence = match problem {
            SettingsProblem::NotAShare => Sentence::new("config-matching-share"),
            SettingsProblem::ReviewAboveMerge => Sentence::new("config-matching-review"),
            SettingsProblem::NegativeWeight => Sentence::new("config-matching-weight"),
            SettingsProblem::NoNameWeight => Sentence::new("config-matching-name"),
            SettingsProblem::Empty => Sentence::new("config-empty"),
            SettingsProblem::Repeated { word, first } => {
                Sentence::new("config-matching-repeated").arg("value", word).arg("first", first)
            }
        };
        reporter.value(&path, sentence, None);
    }
    reporter.into_problems()
}
