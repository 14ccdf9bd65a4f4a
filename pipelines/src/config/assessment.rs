//! `config/assessment.toml`: what its schema cannot tell.

use vienkop_transforms::assess::score::{ScoreProblem, ScoreSettings};

use super::Loaded;
use super::fields::Reporter;
use super::problem::{Problem, Sentence};

/// Checks the settings of the score.
pub(super) fn check(loaded: &Loaded<ScoreSettings>) -> Vec<Problem> {
    let (Some(settings), Some(document), true) = (&loaded.item, &loaded.document, loaded.whole) else {
        return Vec::new();
    };
    let mut reporter = Reporter::new(document);
    for (path, problem) in settings.check() {
        match problem {
            ScoreProblem::NotAShare => reporter.value(&[path], Sentence::new("config-matching-share"), None),
            ScoreProblem::NoWeight => {
                reporter.key(
                    &[path],
                    Sentence::new("config-score-weights"),
                    Sentence::new("config-hint-score-weights"),
                );
            }
            ScoreProblem::NobodyApproved => {
                reporter.value(
                    &[path],
                    Sentence::new("config-score-approved"),
                    Sentence::new("config-hint-score-approved"),
                );
            }
        }
    }
    reporter.into_problems()
}
