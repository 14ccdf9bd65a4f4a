//! Code lists: what `config/codelists/*.csv` holds, matched by folded text.

use std::collections::HashMap;

use crate::fold::{fold, nearest};

/// One value of a code list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The stored code.
    pub code: String,
    /// Official Latvian label.
    pub label_lv: String,
    /// English label.
    pub label_en: String,
    /// Other spellings.
    pub aliases: Vec<String>,
    /// Further columns of the list, by header.
    pub extra: Vec<(String, String)>,
}

impl Code {
    /// Value of a further column; empty when the list has none of that name.
    pub fn extra(&self, column: &str) -> &str {
        self.extra.iter().find(|(name, _)| name == column).map_or("", |(_, value)| value.as_str())
    }
}

/// A code list in the order of its file.
#[derive(Debug, Clone)]
pub struct CodeList {
    /// Name: the file's name without its ending.
    pub name: String,
    /// Its values.
    pub codes: Vec<Code>,
    by_folded: HashMap<String, usize>,
}

/// Two values of a list that would match the same text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The spelling.
    pub spelling: String,
    /// The code that has it first.
    pub first: String,
    /// The code that claims it again.
    pub second: String,
}

impl CodeList {
    /// Makes the list; spellings that two codes claim come back as clashes (the first keeps it).
    pub fn new(name: impl Into<String>, codes: Vec<Code>) -> (Self, Vec<Clash>) {
        let mut by_folded: HashMap<String, usize> = HashMap::new();
        let mut clashes = Vec::new();
        for (index, code) in codes.iter().enumerate() {
            let spellings = [&code.code, &code.label_lv, &code.label_en].into_iter().chain(&code.aliases);
            for spelling in spellings.filter(|s| !s.is_empty()) {
                let first = *by_folded.entry(Self::folded(spelling)).or_insert(index);
                if first != index {
                    clashes.push(Clash {
                        spelling: spelling.clone(),
                        first: codes[first].code.clone(),
                        second: code.code.clone(),
                    });
                }
            }
        }
        (Self { name: name.into(), codes, by_folded }, clashes)
    }

    /// A text of punctuation alone (`-`) folds to nothing; such a spelling matches as it stands.
    fn folded(text: &str) -> String {
        let folded = fold(text);
        if folded.is_empty() { text.trim().to_owned() } else { folded }
    }

    /// The value that a text means.
    pub fn find(&self, text: &str) -> Option<&Code> {
        self.by_folded.get(&Self::folded(text)).map(|index| &self.codes[*index])
    }

    /// The value with exactly this code.
    pub fn get(&self, code: &str) -> Option<&Code> {
        self.codes.iter().find(|c| c.code == code)
    }

    /// The nearest spellings of the list to a text that it does not know.
    pub fn nearest(&self, text: &str, most: usize) -> Vec<&str> {
        let spellings = self.codes.iter().flat_map(|c| {
            [c.code.as_str(), c.label_lv.as_str()].into_iter().chain(c.aliases.iter().map(String::as_str))
        });
        nearest(text, spellings, most)
    }
}

/// All code lists by name.
#[derive(Debug, Clone, Default)]
pub struct CodeLists(HashMap<String, CodeList>);

impl CodeLists {
    /// Collects lists.
    pub fn new(lists: impl IntoIterator<Item = CodeList>) -> Self {
        Self(lists.into_iter().map(|list| (list.name.clone(), list)).collect())
    }

    /// The list of that name.
    pub fn get(&self, name: &str) -> Option<&CodeList> {
        self.0.get(name)
    }

    /// Names, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}
