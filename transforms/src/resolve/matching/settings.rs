//! `config/matching.toml`: thresholds, weights and words of the comparison, and what can be wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fold::fold;

use super::names::Stemmer;

/// The file that the program ships with; the one place where the settings' values stand.
pub const SHIPPED: &str = include_str!("../../../../config/matching.toml");

/// `config/matching.toml`: how one and the same service is recognised where no key says so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchSettings {
    /// From which likeness on two services are one, and from which a person decides.
    pub thresholds: Thresholds,
    /// How much each field counts.
    pub weights: Weights,
    /// How names are read.
    pub names: NameSettings,
    /// Actions: names with different actions never are one service.
    #[serde(default)]
    pub actions: Vec<Action>,
    /// Features: names with different features of one group never are one service.
    #[serde(default)]
    pub qualifiers: Vec<Qualifier>,
    /// Municipalities and places.
    pub municipalities: Municipalities,
    /// How legal acts are compared.
    pub legal_acts: LegalActs,
}

/// `[thresholds]`: likeness from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// From here on up two services of one owner are one.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub merge: f64,
    /// From here up to `merge` a person decides.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub review: f64,
}

/// `[weights]`: how much each field counts, in any unit; a field missing on either side is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// Words of the name.
    #[schemars(range(min = 0.0))]
    pub name: f64,
    /// Legal acts that both cite.
    #[schemars(range(min = 0.0))]
    pub legal_acts: f64,
    /// Whom the services are for.
    #[schemars(range(min = 0.0))]
    pub audience: f64,
    /// Channels of the request.
    #[schemars(range(min = 0.0))]
    pub request_channels: f64,
    /// Kind of service.
    #[schemars(range(min = 0.0))]
    pub kind: f64,
}

/// `[names]`: how names are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NameSettings {
    /// Words that say nothing about a service.
    #[serde(default)]
    pub stop_words: Vec<String>,
    /// Endings of inflection, which are cut off.
    pub endings: Vec<String>,
    /// What is cut off after the ending.
    #[serde(default)]
    pub inner_endings: Vec<String>,
    /// How a softened stem ends, and how it does otherwise.
    #[serde(default)]
    pub softened: Vec<(String, String)>,
    /// Forms of one word, and words with one meaning.
    #[serde(default)]
    pub same_words: Vec<Vec<String>>,
    /// Abbreviations.
    #[serde(default)]
    pub abbreviations: Vec<Abbreviation>,
}

/// `[[names.abbreviations]]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Abbreviation {
    /// One word.
    pub short: String,
    /// The words that it stands for.
    pub means: String,
}

/// `[[actions]]`: what is done, in all its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// The action's noun.
    pub name: String,
    /// Further words for it.
    #[serde(default)]
    pub words: Vec<String>,
    /// Whether a name without any action means this one.
    #[serde(default)]
    pub usual: bool,
}

/// `[[qualifiers]]`: a group of features that exclude each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Qualifier {
    /// What the group is about.
    pub name: String,
    /// The features; each is a list of words with one meaning.
    pub values: Vec<Vec<String>>,
}

/// `[municipalities]`: whose services are grouped, and the words for places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Municipalities {
    /// Codes of `config/codelists/institution_kinds.csv` that are municipalities or institutions of theirs.
    pub owner_kinds: Vec<String>,
    /// Words of a name that do not count.
    #[serde(default)]
    pub words: Vec<String>,
    /// Words before which the name of a place stands.
    #[serde(default)]
    pub after_name: Vec<String>,
    /// Names of places.
    #[serde(default)]
    pub names: Vec<String>,
}

/// `[legal_acts]`: how legal acts are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LegalActs {
    /// Words that say nothing about a legal act.
    #[serde(default)]
    pub stop_words: Vec<String>,
    /// Acts that almost every service cites: they are not compared.
    #[serde(default)]
    pub everywhere: Vec<String>,
}

/// What is wrong with a value of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingsProblem {
    /// A threshold is not between 0 and 1.
    NotAShare,
    /// `review` is above `merge`.
    ReviewAboveMerge,
    /// A weight is negative or not a number.
    NegativeWeight,
    /// The name has no weight: nothing could be compared.
    NoNameWeight,
    /// A word without any letter or digit.
    Empty,
    /// A word stands at another place too (its path), where it says something else or the same again.
    Repeated {
        /// The word.
        word: String,
        /// Path of its first place.
        first: String,
    },
}

impl fmt::Display for SettingsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAShare => f.write_str("must be between 0 and 1"),
            Self::ReviewAboveMerge => f.write_str("must not be above `merge`"),
            Self::NegativeWeight => f.write_str("must be 0 or more"),
            Self::NoNameWeight => f.write_str("must be more than 0"),
            Self::Empty => f.write_str("holds no letter or digit"),
            Self::Repeated { word, first } => write!(f, "`{word}` stands in {first} already"),
        }
    }
}

impl MatchSettings {
    /// The settings that the program ships with.
    ///
    /// # Errors
    /// None in a program that was tested: the shipped file is checked by a test.
    pub fn shipped() -> Result<Self, toml::de::Error> {
        toml::from_str(SHIPPED)
    }

    /// Everything wrong with the settings: path (`actions.3.words.0`) and problem, in the order of the file's structures.
    pub fn check(&self) -> Vec<(String, SettingsProblem)> {
        let mut problems = Vec::new();
        let Thresholds { merge, review } = self.thresholds;
        for (name, value) in [("merge", merge), ("review", review)] {
            if !(0.0..=1.0).contains(&value) {
                problems.push((format!("thresholds.{name}"), SettingsProblem::NotAShare));
            }
        }
        if review > merge {
            problems.push(("thresholds.review".to_owned(), SettingsProblem::ReviewAboveMerge));
        }
        for (name, weight) in self.weights.all() {
            if weight.is_nan() || weight < 0.0 || weight.is_infinite() {
                problems.push((format!("weights.{name}"), SettingsProblem::NegativeWeight));
            }
        }
        if self.weights.name == 0.0 {
            problems.push(("weights.name".to_owned(), SettingsProblem::NoNameWeight));
        }
        self.check_words(&mut problems);
        problems
    }

    fn check_words(&self, problems: &mut Vec<(String, SettingsProblem)>) {
        let stemmer = Stemmer::new(&self.names);
        let names = &self.names;
        // Endings are compared as they are cut off: folded.
        let mut seen = Seen::default();
        seen.list("names.endings", &names.endings, fold, problems);
        Seen::default().list("names.inner_endings", &names.inner_endings, fold, problems);
        // A word has one role in a name.
        let mut roles = Seen::default();
        let stem = |word: &str| stemmer.stem(&fold(word));
        roles.list("names.stop_words", &names.stop_words, stem, problems);
        for (index, action) in self.actions.iter().enumerate() {
            roles.word(&format!("actions.{index}.name"), &action.name, stem, problems);
            roles.forms(&format!("actions.{index}.words"), &action.words, stem, problems);
        }
        for (group, qualifier) in self.qualifiers.iter().enumerate() {
            for (value, words) in qualifier.values.iter().enumerate() {
                roles.forms(&format!("qualifiers.{group}.values.{value}"), words, stem, problems);
            }
        }
        for (path, words) in [
            ("municipalities.words", &self.municipalities.words),
            ("municipalities.after_name", &self.municipalities.after_name),
            ("municipalities.names", &self.municipalities.names),
        ] {
            roles.list(path, words, stem, problems);
        }
        let mut same = Seen::default();
        for (index, words) in names.same_words.iter().enumerate() {
            same.forms(&format!("names.same_words.{index}"), words, stem, problems);
        }
        let mut short = Seen::default();
        for (index, abbreviation) in names.abbreviations.iter().enumerate() {
            short.word(&format!("names.abbreviations.{index}.short"), &abbreviation.short, fold, problems);
            if fold(&abbreviation.means).is_empty() {
                problems.push((format!("names.abbreviations.{index}.means"), SettingsProblem::Empty));
            }
        }
    }
}

impl Weights {
    /// Names and weights of the fields, in the order in which they are explained.
    pub(super) fn all(&self) -> [(&'static str, f64); 5] {
        [
            ("name", self.name),
            ("legal_acts", self.legal_acts),
            ("audience", self.audience),
            ("request_channels", self.request_channels),
            ("kind", self.kind),
        ]
    }
}

/// Which words stand where.
#[derive(Default)]
struct Seen(BTreeMap<String, String>);

impl Seen {
    fn word(
        &mut self,
        path: &str,
        word: &str,
        key: impl Fn(&str) -> String,
        problems: &mut Vec<(String, SettingsProblem)>,
    ) {
        let key = key(word);
        if key.is_empty() {
            problems.push((path.to_owned(), SettingsProblem::Empty));
        } else if let Some(first) = self.0.get(&key) {
            let problem = SettingsProblem::Repeated { word: word.to_owned(), first: first.clone() };
            problems.push((path.to_owned(), problem));
        } else {
            self.0.insert(key, path.to_owned());
        }
    }

    /// A list of different words.
    fn list(
        &mut self,
        path: &str,
        words: &[String],
        key: impl Fn(&str) -> String,
        problems: &mut Vec<(String, SettingsProblem)>,
    ) {
        let mut folded = BTreeSet::new();
        for (index, word) in words.iter().enumerate() {
            // Endings that differ in diacritics only may both stand there, for the reader's sake.
            if folded.insert(word.to_lowercase()) && self.own(path, &key(word)) {
                continue;
            }
            self.word(&format!("{path}.{index}"), word, &key, problems);
        }
    }

    /// Forms of one word, or words with one meaning: they may share a stem among themselves.
    fn forms(
        &mut self,
        path: &str,
        words: &[String],
        key: impl Fn(&str) -> String,
        problems: &mut Vec<(String, SettingsProblem)>,
    ) {
        for (index, word) in words.iter().enumerate() {
            let item = format!("{path}.{index}");
            let owner = path.rsplit_once('.').map_or(path, |(owner, _)| owner);
            if self.own(path, &key(word)) || (path.ends_with(".words") && self.own(owner, &key(word))) {
                continue;
            }
            self.word(&item, word, &key, problems);
        }
    }

    /// Whether the word was first seen below the same path.
    fn own(&self, path: &str, key: &str) -> bool {
        self.0.get(key).is_some_and(|first| first.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    }
}
