//! Why two services were thought to be one: a line a field, kept as text beside the decision.

use serde::{Deserialize, Serialize};

/// Why a pair got its score and verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// The fields that both sides have, heaviest first as the settings list them.
    pub fields: Vec<FieldLikeness>,
    /// What held the verdict back, or decided it.
    pub notes: Vec<Note>,
}

/// How alike a field is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldLikeness {
    /// Field of the service.
    pub field: String,
    /// The new service's value; items of a list separated by `; `.
    pub left: String,
    /// The held service's value.
    pub right: String,
    /// 0 to 1, rounded to 4 places.
    pub similarity: f64,
    /// Share of the score, 0 to 1, rounded to 4 places; over all fields 1.
    pub weight: f64,
}

/// What held a verdict back, or decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// The owners differ: two institutions' services are never merged without a person.
    OtherOwner,
    /// Both owners are municipalities or institutions of theirs: one kind of service, not one service.
    Municipalities,
    /// A word of one name has no counterpart in the other.
    UnmatchedWords,
    /// The names are not quite the same, and no other field confirms it.
    NameAlone,
    /// A service on either side has several counterparts above the threshold of merging.
    SeveralCandidates,
}

impl Explanation {
    /// Reads the text of the column `explanation`.
    ///
    /// # Errors
    /// The text is not one.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}
