//! `config/assessment.toml`: what the score of an institution is made of, and the limits of the coverage section.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The file that the program ships with; the one place where the settings' values stand.
pub const SHIPPED: &str = include_str!("../../../config/assessment.toml");

/// `config/assessment.toml`: the score of institutions and the limits of the coverage section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreSettings {
    /// Whether the weights are approved. Until then scores and the league table say that the method is not.
    pub approved: bool,
    /// Who approved the weights and when, as people read it; required once they are approved.
    #[serde(default)]
    pub approved_by: Option<String>,
    /// Share of all weights whose parts must be known of an institution before it gets a score, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub least_known: f64,
    /// A kind of service that at least this share of the municipalities with such services offers is expected of each
    /// municipality that declares no portfolio, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub shared_by: f64,
    /// Days after which a description that no source has brought anew counts as old.
    #[schemars(range(min = 1, max = 36500))]
    pub stale_after_days: u32,
    /// How much each part counts, in whole numbers of any unit; 0 leaves it out.
    pub weights: ScoreWeights,
}

/// `[weights]`: the parts of the score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreWeights {
    /// Registered part of what the institution is expected to offer.
    #[schemars(range(max = 1000))]
    pub coverage: u32,
    /// Described part of the eight description groups of its services.
    #[schemars(range(max = 1000))]
    pub completeness: u32,
    /// Services linked to a need.
    #[schemars(range(max = 1000))]
    pub needs: u32,
    /// Services linked to a resource, of those that must be.
    #[schemars(range(max = 1000))]
    pub resources: u32,
    /// Services that stand in the catalogues that they must stand in.
    #[schemars(range(max = 1000))]
    pub catalogues: u32,
    /// Met requirements of the eGovernment Benchmark, of those of which it is known.
    #[schemars(range(max = 1000))]
    pub readiness: u32,
    /// Services whose description is not old.
    #[schemars(range(max = 1000))]
    pub freshness: u32,
}

/// What is wrong with the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScoreProblem {
    /// A share is not between 0 and 1.
    NotAShare,
    /// All weights are 0: there is nothing to score.
    NoWeight,
    /// Approved, and nobody says by whom.
    NobodyApproved,
}

impl ScoreSettings {
    /// The settings that the program ships with.
    ///
    /// # Errors
    /// None in a program that was tested: the shipped file is checked by a test.
    pub fn shipped() -> Result<Self, toml::de::Error> {
        toml::from_str(SHIPPED)
    }

    /// Everything that is wrong, with its path.
    pub fn check(&self) -> Vec<(&'static str, ScoreProblem)> {
        let mut problems = Vec::new();
        for (path, share) in [("least_known", self.least_known), ("shared_by", self.shared_by)] {
            if !(0.0..=1.0).contains(&share) {
                problems.push((path, ScoreProblem::NotAShare));
            }
        }
        if self.weights.all().iter().all(|(_, weight)| *weight == 0) {
            problems.push(("weights", ScoreProblem::NoWeight));
        }
        if self.approved && self.approved_by.as_ref().is_none_or(|by| by.trim().is_empty()) {
            problems.push(("approved", ScoreProblem::NobodyApproved));
        }
        problems
    }
}

impl ScoreWeights {
    /// Parts with their weights, in the order of the report.
    pub fn all(&self) -> [(&'static str, u32); 7] {
        [
            ("coverage", self.coverage),
            ("completeness", self.completeness),
            ("needs", self.needs),
            ("resources", self.resources),
            ("catalogues", self.catalogues),
            ("readiness", self.readiness),
            ("freshness", self.freshness),
        ]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn shipped_settings_are_sound_and_not_approved() {
        let settings = ScoreSettings::shipped().unwrap();
        assert_eq!(settings.check(), Vec::new());
        assert!(!settings.approved, "nobody has approved the method that the program ships with");
    }

    #[test]
    fn what_cannot_be_is_told() {
        let mut settings = ScoreSettings::shipped().unwrap();
        (settings.least_known, settings.approved) = (1.5, true);
        settings.weights = ScoreWeights {
            coverage: 0,
            completeness: 0,
            needs: 0,
            resources: 0,
            catalogues: 0,
            readiness: 0,
            freshness: 0,
        };
        let wanted = [
            ("least_known", ScoreProblem::NotAShare),
            ("weights", ScoreProblem::NoWeight),
            ("approved", ScoreProblem::NobodyApproved),
        ];
        assert_eq!(settings.check(), wanted);
    }
}
