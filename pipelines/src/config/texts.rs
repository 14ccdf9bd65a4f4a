//! `config/texts/{lv,en}.ftl`, with the texts built into the program behind them.

use vienkop_transforms::texts::{Language, Texts, TextsError};

use super::problem::{Problem, Sentence};

const BUILT_IN_LV: &str = include_str!("../../../config/texts/lv.ftl");
const BUILT_IN_EN: &str = include_str!("../../../config/texts/en.ftl");

/// The texts of both languages.
#[derive(Debug)]
pub(crate) struct Catalogue {
    lv: Texts,
    en: Texts,
}

impl Catalogue {
    /// The texts of a language.
    pub(crate) const fn of(&self, language: Language) -> &Texts {
        match language {
            Language::Lv => &self.lv,
            Language::En => &self.en,
        }
    }

    /// The texts that the program was built with.
    ///
    /// # Errors
    /// Never in a program whose tests passed.
    pub(super) fn built_in() -> Result<Self, TextsError> {
        Ok(Self { lv: Texts::parse(Language::Lv, BUILT_IN_LV)?, en: Texts::parse(Language::En, BUILT_IN_EN)? })
    }

    /// Puts the texts of a file (`None`: there is none) over the built-in ones. A file that cannot be used is told
    /// about in English, since its own sentences cannot be trusted.
    pub(super) fn read(&mut self, language: Language, file: &str, content: Option<&str>) -> Option<Problem> {
        let content = content?;
        let built_in = language.of(BUILT_IN_LV, BUILT_IN_EN);
        let texts = Texts::parse(language, content).and_then(|_| Texts::parse_over(language, built_in, content));
        match texts {
            Ok(texts) => {
                match language {
                    Language::Lv => self.lv = texts,
                    Language::En => self.en = texts,
                }
                None
            }
            Err(error) => {
                if let Ok(english) = Texts::parse(Language::En, BUILT_IN_EN) {
                    self.lv = english;
                }
                Some(Problem::whole(file, Sentence::new("config-texts-broken").arg("reason", error.to_string())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::{BTreeMap, BTreeSet};

    use regex::Regex;
    use vienkop_transforms::finding::RULES;

    use super::*;

    /// Message ids with the variables each uses.
    fn messages(source: &str) -> BTreeMap<String, BTreeSet<String>> {
        let id = Regex::new(r"^([A-Za-z][A-Za-z0-9_-]*) =").unwrap();
        let variable = Regex::new(r"\$([A-Za-z][A-Za-z0-9_-]*)").unwrap();
        let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut current = String::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if let Some(found) = id.captures(line) {
                found[1].clone_into(&mut current);
                assert!(!messages.contains_key(&current), "{current} twice");
                messages.insert(current.clone(), BTreeSet::new());
            }
            for found in variable.captures_iter(line) {
                messages.get_mut(&current).unwrap().insert(found[1].to_owned());
            }
        }
        messages
    }

    #[test]
    fn languages_say_the_same() {
        let (lv, en) = (messages(BUILT_IN_LV), messages(BUILT_IN_EN));
        assert_eq!(lv.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>());
        for (id, variables) in &lv {
            assert_eq!(variables, &en[id], "{id}");
        }
    }

    #[test]
    fn every_rule_has_its_texts() {
        let catalogue = Catalogue::built_in().unwrap();
        for rule in RULES {
            for part in ["title", "message", "remedy", "explain"] {
                let id = format!("{}-{part}", rule.code);
                assert!(catalogue.of(Language::Lv).has(&id) && catalogue.of(Language::En).has(&id), "{id}");
            }
        }
    }

    #[test]
    fn own_wording_counts_and_the_rest_stays() {
        let mut catalogue = Catalogue::built_in().unwrap();
        assert_eq!(catalogue.read(Language::En, "en.ftl", Some("config-error = mistake\n")), None);
        assert_eq!(catalogue.of(Language::En).get("config-error", &[]), "mistake");
        assert_eq!(catalogue.of(Language::En).get("config-help", &[]), "help");
    }

    #[test]
    fn broken_texts_are_told_in_english() {
        let mut catalogue = Catalogue::built_in().unwrap();
        let problem = catalogue.read(Language::Lv, "config/texts/lv.ftl", Some("config-error = { $open\n"));
        assert!(problem.is_some());
        assert_eq!(catalogue.of(Language::Lv).get("config-error", &[]), "error");
    }
}
