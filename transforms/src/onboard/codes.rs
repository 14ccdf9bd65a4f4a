//! Spellings of a column and the codes of a list that they may stand for.

use super::profile::Profile;
use super::settings::OnboardSettings;
use crate::batch::REPEATED;
use crate::codelist::CodeList;
use crate::fold::fold;

/// What separates several codes in one cell.
const SEPARATORS: &[&str] = &[";", ",", "|", "/", "+", " un ", " and ", " & "];

/// Likeness of spellings from which a code is proposed.
const ALIKE: f64 = 0.88;

/// A spelling that the code list does not know.
#[derive(Debug, Clone, PartialEq)]
pub struct CodeProposal {
    /// The spelling of the source.
    pub text: String,
    /// The code that it may stand for; none: a person must say.
    pub code: Option<String>,
    /// How sure that is, 0 to 1.
    pub confidence: f64,
    /// Rows that have it.
    pub rows: usize,
}

/// What of a column a code list knows.
#[derive(Debug, Clone, Default)]
pub(super) struct Overlap {
    /// Share of the pieces that the list knows itself, 0 to 1.
    pub(super) known: f64,
    /// Share of the pieces that it knows or a proposal names a code for.
    pub(super) understood: f64,
    /// What cells with several codes are cut at.
    pub(super) split: Vec<String>,
    /// Spellings that the list does not know, most frequent first.
    pub(super) proposals: Vec<CodeProposal>,
}

/// Compares a column with a list.
pub(super) fn overlap(settings: &OnboardSettings, list: &CodeList, profile: &Profile, is_list: bool) -> Overlap {
    let values: Vec<(&str, usize)> = profile.values.iter().map(|(text, rows)| (text.as_str(), *rows)).collect();
    let understands = |piece: &str| list.find(piece).is_some() || settings.code(&list.name, piece).is_some();
    // A separator is one where it makes pieces that the list knows of cells that it does not.
    let mut split: Vec<String> = Vec::new();
    for separator in SEPARATORS.iter().filter(|_| is_list) {
        let helps = values.iter().any(|(text, _)| {
            text.contains(separator)
                && !understands(text)
                && text.split(separator).map(str::trim).filter(|piece| !piece.is_empty()).any(understands)
        });
        if helps {
            split.push((*separator).to_owned());
        }
    }
    let mut pieces: Vec<(String, usize)> = Vec::new();
    for (text, rows) in values {
        for piece in cut(text, &split) {
            // Letter case and punctuation make no other spelling.
            match pieces.iter_mut().find(|(known, _)| fold(known) == fold(piece)) {
                Some((_, count)) => *count += rows,
                None => pieces.push((piece.to_owned(), rows)),
            }
        }
    }
    let all: usize = pieces.iter().map(|(_, rows)| rows).sum();
    let (mut known, mut understood, mut proposals) = (0, 0, Vec::new());
    for (text, rows) in pieces {
        if list.find(&text).is_some() {
            known += rows;
            understood += rows;
            continue;
        }
        let found = propose(settings, list, &text);
        if found.is_some() {
            understood += rows;
        }
        let (code, confidence) = found.map_or((None, 0.0), |(code, confidence)| (Some(code), confidence));
        proposals.push(CodeProposal { text, code, confidence, rows });
    }
    let share = |part: usize| if all == 0 { 0.0 } else { part as f64 / all as f64 };
    Overlap { known: share(known), understood: share(understood), split, proposals }
}

fn cut<'a>(text: &'a str, separators: &[String]) -> Vec<&'a str> {
    let mut pieces = vec![text];
    for separator in separators {
        pieces = pieces.into_iter().flat_map(|piece| piece.split(separator.as_str())).collect();
    }
    let pieces = pieces.into_iter().flat_map(|piece| piece.split([REPEATED, '\n']));
    pieces.map(str::trim).filter(|piece| !piece.is_empty()).collect()
}

/// The code that a spelling may stand for: by what other programs call it, by its beginning, by its letters.
fn propose(settings: &OnboardSettings, list: &CodeList, text: &str) -> Option<(String, f64)> {
    if let Some(code) = settings.code(&list.name, text) {
        return list.get(code).map(|code| (code.code.clone(), 0.8));
    }
    let folded = fold(text);
    if folded.len() < 3 {
        return None;
    }
    let mut best: Option<(f64, &str)> = None;
    let mut tied = false;
    for code in &list.codes {
        let spellings = [&code.code, &code.label_lv, &code.label_en].into_iter().chain(&code.aliases);
        let score = spellings.map(|spelling| alike(&folded, &fold(spelling))).fold(0.0, f64::max);
        match best {
            Some((most, _)) if score < most => {}
            Some((most, _)) if (score - most).abs() < 1e-9 => tied = true,
            _ => {
                best = Some((score, code.code.as_str()));
                tied = false;
            }
        }
    }
    // Two codes as near as each other: a person must say.
    best.filter(|(score, _)| *score >= ALIKE && !tied).map(|(score, code)| (code.to_owned(), score * 0.75))
}

fn alike(text: &str, spelling: &str) -> f64 {
    if spelling.is_empty() {
        return 0.0;
    }
    if text.len() >= 4 && spelling.starts_with(text) {
        return 0.95;
    }
    // `jur personas` for `juridiskas personas`.
    let (words, whole): (Vec<&str>, Vec<&str>) = (text.split(' ').collect(), spelling.split(' ').collect());
    let short = |(word, whole): (&&str, &&str)| word.len() >= 3 && whole.starts_with(*word);
    if words.len() > 1 && words.len() == whole.len() && words.iter().zip(&whole).all(short) {
        return 0.95;
    }
    strsim::jaro_winkler(text, spelling)
}
