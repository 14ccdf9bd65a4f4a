//! `config/onboarding.toml`: what its schema cannot tell.

use vienkop_transforms::codelist::CodeLists;
use vienkop_transforms::onboard::OnboardSettings;
pub(super) use vienkop_transforms::onboard::SHIPPED;

use super::Loaded;
use super::fields::Reporter;
use super::problem::{Problem, Sentence, known};

/// Checks that the words are of entities, fields and codes that there are.
pub(super) fn check(loaded: &Loaded<OnboardSettings>, codelists: &CodeLists) -> Vec<Problem> {
    let (Some(settings), Some(document), true) = (&loaded.item, &loaded.document, loaded.whole) else {
        return Vec::new();
    };
    let mut reporter = Reporter::new(document);
    for unknown in settings.check(codelists) {
        let path: Vec<&str> = unknown.path.iter().map(String::as_str).collect();
        let sentence = Sentence::new("config-onboarding-name").arg("value", &unknown.name);
        let hint = known(&unknown.name, unknown.nearest.iter().map(String::as_str));
        reporter.key(&path, sentence, hint);
    }
    reporter.into_problems()
}
