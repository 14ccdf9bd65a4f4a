//! `config/catalogues.toml`: what its schema cannot tell.

use vienkop_transforms::codelist::CodeLists;
use vienkop_transforms::publish::catalogues::CatalogueSettings;

use super::Loaded;
use super::fields::Reporter;
use super::problem::{Problem, Sentence, known};
use super::source::is_name;

/// Checks the codes, and that feeds do not lie in one folder.
pub(super) fn check(loaded: &Loaded<CatalogueSettings>, lists: &CodeLists) -> Vec<Problem> {
    let (Some(settings), Some(document), true) = (&loaded.item, &loaded.document, loaded.whole) else {
        return Vec::new();
    };
    let mut reporter = Reporter::new(document);
    // A list that is missing or broken is told by itself.
    let mut code = |path: &[&str], list: &str, value: &str| {
        let Some(known_codes) = lists.get(list).filter(|list| list.get(value).is_none()) else { return };
        let sentence = Sentence::new("config-unknown-code").arg("list", list).arg("value", value);
        reporter.value(path, sentence, known(value, known_codes.codes.iter().map(|code| code.code.as_str())));
    };
    for (at, catalogue) in settings.catalogue.iter().enumerate() {
        let at = at.to_string();
        code(&["catalogue", &at, "code"], "catalogues", &catalogue.code);
        for (rule, shown) in catalogue.services.iter().enumerate() {
            let rule = rule.to_string();
            for (list, option, values) in
                [("service_kinds", "kinds", &shown.kinds), ("audiences", "audience", &shown.audience)]
            {
                for (item, value) in values.iter().enumerate() {
                    code(&["catalogue", &at, "services", &rule, option, &item.to_string()], list, value);
                }
            }
        }
    }
    for (at, catalogue) in settings.catalogue.iter().enumerate() {
        let before = &settings.catalogue[..at];
        let at = at.to_string();
        if !is_name(&catalogue.folder) {
            let sentence = Sentence::new("config-id-characters").arg("value", &catalogue.folder);
            reporter.value(&["catalogue", &at, "folder"], sentence, None);
        }
        for (option, value, twice) in [
            ("code", &catalogue.code, before.iter().any(|other| other.code == catalogue.code)),
            ("folder", &catalogue.folder, before.iter().any(|other| other.folder == catalogue.folder)),
        ] {
            if twice {
                reporter.value(&["catalogue", &at, option], Sentence::new("config-twice").arg("value", value), None);
            }
        }
    }
    reporter.into_problems()
}
