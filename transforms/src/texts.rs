//! The sentences people read, in Latvian or English, from `config/texts/*.ftl` (Fluent).

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use serde::{Deserialize, Serialize};

/// Language of output for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Latvian.
    #[default]
    Lv,
    /// English.
    En,
}

impl Language {
    /// `lv` or `en`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Lv => "lv",
            Self::En => "en",
        }
    }

    /// The one of two texts that is in this language.
    pub const fn of<'a>(self, lv: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Lv => lv,
            Self::En => en,
        }
    }
}

/// Why a text file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TextsError {
    /// The Fluent syntax is broken.
    #[error("{} error(s) in the text file, the first: {}", .0.len(), .0.first().map(String::as_str).unwrap_or_default())]
    Syntax(Vec<String>),
    /// The language tag is not understood.
    #[error("language tag: {0}")]
    Language(String),
}

/// Texts of one language.
pub struct Texts {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Texts").field("language", &self.language).finish_non_exhaustive()
    }
}

impl Texts {
    /// Parses the content of one `.ftl` file.
    pub fn parse(language: Language, source: &str) -> Result<Self, TextsError> {
        let resource = FluentResource::try_new(source.to_owned())
            .map_err(|(_, errors)| TextsError::Syntax(errors.iter().map(ToString::to_string).collect()))?;
        let tag = language.code().parse().map_err(|e| TextsError::Language(format!("{e}")))?;
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        bundle.set_use_isolating(false);
        bundle
            .add_resource(resource)
            .map_err(|errors| TextsError::Syntax(errors.iter().map(ToString::to_string).collect()))?;
        Ok(Self { language, bundle })
    }

    /// Parses two files: what `source` does not say, `base` does.
    pub fn parse_over(language: Language, base: &str, source: &str) -> Result<Self, TextsError> {
        let mut texts = Self::parse(language, base)?;
        let resource = FluentResource::try_new(source.to_owned())
            .map_err(|(_, errors)| TextsError::Syntax(errors.iter().map(ToString::to_string).collect()))?;
        texts.bundle.add_resource_overriding(resource);
        Ok(texts)
    }

    /// Language of the texts.
    pub const fn language(&self) -> Language {
        self.language
    }

    /// Whether a text with this id exists.
    pub fn has(&self, id: &str) -> bool {
        self.bundle.has_message(id)
    }

    /// A text with its arguments filled in; the id itself when there is no such text (a test keeps that from happening).
    pub fn get(&self, id: &str, args: &[(&str, &str)]) -> String {
        let values: Vec<(&str, FluentValue<'_>)> =
            args.iter().map(|(name, value)| (*name, FluentValue::from(*value))).collect();
        self.format(id, values)
    }

    /// The same with numbers, which choose the plural form.
    pub fn count(&self, id: &str, numbers: &[(&str, u64)]) -> String {
        let values = numbers.iter().map(|(name, value)| (*name, FluentValue::from(*value))).collect();
        self.format(id, values)
    }

    /// A message about a number (`count`, which chooses the form of words) with further values.
    pub fn count_with(&self, id: &str, count: u64, values: &[(&str, &str)]) -> String {
        let values = values.iter().map(|(name, value)| (*name, FluentValue::from(*value)));
        self.format(id, values.chain([("count", FluentValue::from(count))]).collect())
    }

    fn format(&self, id: &str, values: Vec<(&str, FluentValue<'_>)>) -> String {
        let Some(pattern) = self.bundle.get_message(id).and_then(|message| message.value()) else {
            return id.to_owned();
        };
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(name.to_owned(), value);
        }
        let mut errors = Vec::new();
        self.bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned()
    }
}
