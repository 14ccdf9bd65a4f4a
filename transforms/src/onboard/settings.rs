//! `config/onboarding.toml`: the words by which columns of unknown registers are known.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::codelist::CodeLists;
use crate::fold::{fold, nearest};
use crate::model;

/// The settings that the program was built with; an installation without the file goes by them.
pub const SHIPPED: &str = include_str!("../../../config/onboarding.toml");

/// `config/onboarding.toml`: how `vienkop onboard` understands registers that nobody has described.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnboardSettings {
    /// Words that tell what the rows of a table are, by entity (`service`) or list of one (`service.steps`): in the name of
    /// a file, sheet, table or list.
    pub entities: BTreeMap<String, Vec<String>>,
    /// Headers of a field (`service.name`) or of an item of a list (`service.fees.amount`); labels of the model count
    /// without being listed. Letter case, diacritics, endings and short forms need not be listed either.
    pub fields: BTreeMap<String, Vec<String>>,
    /// Headers of columns that hold the time at which a request came into a state, by state.
    pub states: BTreeMap<String, Vec<String>>,
    /// What tells that a column is about a person.
    pub personal: Personal,
    /// Spellings of codes that other programs use, by code list and code. They are proposed to the source that has them;
    /// spellings that mean the same everywhere belong into the code list itself.
    pub codes: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// What tells that a column is about a person.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Personal {
    /// Headers of columns about applicants.
    pub headers: Vec<String>,
    /// First names, folded: a value with one of them and a further capitalised word is a person's name.
    pub first_names: BTreeSet<String>,
}

/// What is wrong with the settings: the path of the value, the name, the nearest known ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName {
    /// Keys down to the name.
    pub path: Vec<String>,
    /// The name that there is not.
    pub name: String,
    /// Known names like it.
    pub nearest: Vec<String>,
}

impl OnboardSettings {
    /// The settings that the program was built with.
    ///
    /// # Errors
    /// None in a program that was tested: a test reads the shipped file.
    pub fn shipped() -> Result<Self, toml::de::Error> {
        toml::from_str(SHIPPED)
    }

    /// Names of entities, fields, states and code lists that there are not.
    pub fn check(&self, codelists: &CodeLists) -> Vec<UnknownName> {
        let lists = |entity: &model::Entity| {
            let own = std::iter::once(entity.name.to_owned());
            own.chain(entity.children.iter().map(|child| format!("{}.{}", entity.name, child.name))).collect::<Vec<_>>()
        };
        let entities: Vec<String> = model::ENTITIES.iter().flat_map(|entity| lists(entity)).collect();
        let mut unknown = Vec::new();
        let mut look = |path: &[&str], name: &str, known: &[String]| {
            if !known.iter().any(|one| one == name) {
                unknown.push(UnknownName {
                    path: path.iter().map(|step| (*step).to_owned()).collect(),
                    name: name.to_owned(),
                    nearest: nearest(name, known.iter().map(String::as_str), 3)
                        .into_iter()
                        .map(str::to_owned)
                        .collect(),
                });
            }
        };
        let codes = |list: &str| -> Vec<String> {
            codelists
                .get(list)
                .map(|list| list.codes.iter().map(|code| code.code.clone()).collect())
                .unwrap_or_default()
        };
        for entity in self.entities.keys() {
            look(&["entities", entity], entity, &entities);
        }
        let fields = field_names();
        for field in self.fields.keys() {
            look(&["fields", field], field, &fields);
        }
        let states = codes("states");
        for state in self.states.keys() {
            look(&["states", state], state, &states);
        }
        let lists: Vec<String> = codelists.names().into_iter().map(str::to_owned).collect();
        for (list, spellings) in &self.codes {
            look(&["codes", list], list, &lists);
            let known = codes(list);
            for code in spellings.keys().filter(|_| !known.is_empty()) {
                look(&["codes", list, code], code, &known);
            }
        }
        unknown
    }

    /// The code that a spelling of another program stands for.
    pub(super) fn code(&self, list: &str, text: &str) -> Option<&str> {
        let text = fold(&split_camel(text));
        let spellings = self.codes.get(list)?;
        spellings.iter().find(|(_, known)| known.iter().any(|one| fold(one) == text)).map(|(code, _)| code.as_str())
    }
}

/// `service.name`, `service.fees.amount`, … of every entity.
fn field_names() -> Vec<String> {
    let mut names = Vec::new();
    for entity in model::ENTITIES {
        names.extend(entity.fields.iter().map(|field| format!("{}.{}", entity.name, field.name)));
        for child in entity.children {
            names.extend(child.fields.iter().map(|field| format!("{}.{}.{}", entity.name, child.name, field.name)));
        }
    }
    names
}

/// `requestedAt` becomes `requested At`.
pub(super) fn split_camel(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut before = ' ';
    for c in text.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            out.push(' ');
        }
        out.push(c);
        before = c;
    }
    out
}
