//! Cuts one answer into the names or options that it holds, known spellings first.
//!
//! An answer is cut at every separator into segments; then the longest run of segments that is a known
//! spelling *with the same separators* is taken as one. So `Izmaksas, kas rodas …` stays whole, `OTRS / Znuny`
//! is one system, and `Horizon, HoP` is two although `Horizon HoP` is a spelling of one.

use std::collections::HashMap;

use super::questionnaire::AnswerOption;
use crate::batch::REPEATED;
use crate::codelist::CodeList;
use crate::fold::fold;

/// What a piece of an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// A known system or option.
    Named,
    /// Not known.
    Unmatched,
    /// Names no system.
    NoSystem,
    /// Yes, no or neither.
    Choice,
    /// Free text.
    Text,
}

impl Mark {
    /// The word in frames.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Unmatched => "unmatched",
            Self::NoSystem => "no-system",
            Self::Choice => "choice",
            Self::Text => "text",
        }
    }
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// As written.
    pub text: String,
    /// Code of the system or option; the folded text where none is known.
    pub key: String,
    /// What it is.
    pub mark: Mark,
}

/// Which separators cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// `;` line break, comma.
    Options,
    /// These, and `/`, ` + `, `&`, ` un `, ` and `, which are often part of a name too.
    Systems,
}

/// Jaro-Winkler similarity above which a name may well be meant.
const LIKELY: f64 = 0.85;

/// A separator as it stands in keys; the weak ones cut only beside a known name.
const STRONG: char = ';';
const COMMA: char = ',';
const SLASH: char = '/';
const PLUS: char = '+';
const AND: char = '&';

/// Names that answers may hold, with the way they are cut.
#[derive(Debug)]
pub struct Lexicon {
    cut: Cut,
    known: HashMap<String, (String, Mark)>,
    /// Most segments in one spelling.
    longest: usize,
    /// Folded spellings with their labels, for hints.
    spellings: Vec<(String, String)>,
}

impl Lexicon {
    /// Systems by their aliases, and the answers that name none. Of two equal spellings the system has it.
    pub fn systems(systems: &CodeList, no_system: &CodeList) -> Self {
        let mut lexicon = Self::empty(Cut::Systems);
        for (list, mark) in [(systems, Mark::Named), (no_system, Mark::NoSystem)] {
            for code in &list.codes {
                let spellings = [&code.code, &code.label_lv, &code.label_en].into_iter().chain(&code.aliases);
                for spelling in spellings {
                    lexicon.add(spelling, &code.code, mark);
                }
                if mark == Mark::Named {
                    lexicon.hint(&code.label_lv, std::iter::once(&code.code).chain(&code.aliases));
                }
            }
        }
        lexicon
    }

    /// The options of a question.
    pub fn options(options: &[AnswerOption]) -> Self {
        let mut lexicon = Self::empty(Cut::Options);
        for option in options {
            for spelling in [&option.code, &option.label_lv, &option.label_en].into_iter().chain(&option.aliases) {
                lexicon.add(spelling, &option.code, Mark::Named);
            }
            lexicon.hint(&option.label_lv, &option.aliases);
        }
        lexicon
    }

    fn empty(cut: Cut) -> Self {
        Self { cut, known: HashMap::new(), longest: 1, spellings: Vec::new() }
    }

    fn add(&mut self, spelling: &str, code: &str, mark: Mark) {
        let segments = segments(spelling, self.cut);
        if !segments.is_empty() {
            self.longest = self.longest.max(segments.len());
            self.known.entry(key(&segments)).or_insert_with(|| (code.to_owned(), mark));
        }
    }

    fn hint<'a>(&mut self, label: &str, others: impl IntoIterator<Item = &'a String>) {
        self.spellings.push((fold(label), label.to_owned()));
        self.spellings.extend(others.into_iter().map(|spelling| (fold(spelling), label.to_owned())));
    }

    /// Labels of the nearest known names, best first; only such as may well be meant.
    pub fn nearest(&self, text: &str, most: usize) -> Vec<String> {
        let text = fold(text);
        let scored = self.spellings.iter().map(|(spelling, label)| (strsim::jaro_winkler(&text, spelling), label));
        let mut scored: Vec<(f64, &String)> = scored.filter(|(score, _)| *score > LIKELY).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let mut labels: Vec<String> = Vec::new();
        for (_, label) in scored {
            if !labels.contains(label) {
                labels.push(label.clone());
            }
        }
        labels.truncate(most);
        labels
    }

    /// The pieces of an answer, in its order.
    pub fn read(&self, text: &str) -> Vec<Piece> {
        self.pieces(text, true)
    }

    fn pieces(&self, text: &str, look_inside: bool) -> Vec<Piece> {
        let segments = segments(text, self.cut);
        let mut pieces = Vec::new();
        // Segments not known that only weak separators part: they are one name.
        let mut open: Option<(usize, usize)> = None;
        let mut index = 0;
        while index < segments.len() {
            let last = segments.len().min(index + self.longest);
            let run = (index + 1..=last).rev().find_map(|end| self.lookup(&segments[index..end], end, text));
            let (found, end) = run.unwrap_or_else(|| {
                let found = if look_inside { self.inside(segments[index].text) } else { Vec::new() };
                (found, index + 1)
            });
            if found.is_empty() {
                let joins = matches!(segments[index].before, SLASH | PLUS | AND);
                open = match open {
                    Some((start, _)) if joins => Some((start, index)),
                    before => {
                        self.close(before, &segments, text, &mut pieces);
                        Some((index, index))
                    }
                };
            } else {
                self.close(open.take(), &segments, text, &mut pieces);
                pieces.extend(found);
            }
            index = end;
        }
        self.close(open, &segments, text, &mut pieces);
        pieces
    }

    fn lookup(&self, run: &[Segment<'_>], end: usize, text: &str) -> Option<(Vec<Piece>, usize)> {
        let (code, mark) = self.known.get(&key(run))?;
        let text = span(run, text).to_owned();
        Some((vec![Piece { text, key: code.clone(), mark: *mark }], end))
    }

    /// Known names of a segment with brackets: `Jira (Atlassian)`, `dokumentu vadības sistēma (Namejs)`.
    fn inside(&self, segment: &str) -> Vec<Piece> {
        let Some((before, rest)) = segment.split_once('(') else { return Vec::new() };
        let inner = rest.rsplit_once(')').map_or(rest, |(inner, _)| inner);
        let pieces = [before, inner].into_iter().flat_map(|part| self.pieces(part, false));
        pieces.filter(|p| p.mark == Mark::Named).collect()
    }

    fn close(&self, open: Option<(usize, usize)>, segments: &[Segment<'_>], text: &str, pieces: &mut Vec<Piece>) {
        let Some((start, end)) = open else { return };
        let run = &segments[start..=end];
        let key = key(run);
        // "un citi", "u.c." after other names add none.
        if self.cut == Cut::Systems && segments.len() > 1 && FILLERS.contains(&key.as_str()) {
            return;
        }
        let text = span(run, text);
        // Question marks or dashes alone name nothing.
        let names_none = self.cut == Cut::Systems && fold(text).is_empty();
        let mark = if names_none { Mark::NoSystem } else { Mark::Unmatched };
        pieces.push(Piece { text: text.to_owned(), key, mark });
    }
}

/// What people add after a list of names.
const FILLERS: [&str; 9] = ["citi", "citas", "cits", "cita", "others", "other", "utt", "etc", "u c"];
/// The same as the ending of a name: `Lietvaris u.c.`
const ENDINGS: [&str; 7] = [" u.c.", " u. c.", " u.c", " utt.", " utt", " etc.", " u.tml."];

/// A part of an answer between two separators.
#[derive(Debug, Clone, Copy)]
struct Segment<'a> {
    text: &'a str,
    before: char,
}

/// The text from the first to the last segment, as written.
fn span<'a>(run: &[Segment<'_>], text: &'a str) -> &'a str {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return "" };
    let base = text.as_ptr() as usize;
    let start = first.text.as_ptr() as usize - base;
    let end = last.text.as_ptr() as usize - base + last.text.len();
    text.get(start..end).unwrap_or_default()
}

/// Folded segments with the separators between them; what folds to nothing (`-`) stands as it is.
fn key(run: &[Segment<'_>]) -> String {
    let mut key = String::new();
    for segment in run {
        if !key.is_empty() {
            key.push(segment.before);
        }
        let folded = fold(segment.text);
        key.push_str(if folded.is_empty() { segment.text } else { &folded });
    }
    key
}

/// Cuts at separators; empty segments fall away. Separators in balanced brackets do not cut.
fn segments(text: &str, cut: Cut) -> Vec<Segment<'_>> {
    let balanced = is_balanced(text);
    let mut found: Vec<Segment<'_>> = Vec::new();
    let (mut start, mut depth, mut before) = (0, 0_usize, STRONG);
    let mut push = |from: usize, to: usize, before: char| {
        let segment = trimmed(&text[from..to]);
        let filled = !segment.is_empty();
        if filled {
            found.push(Segment { text: segment, before });
        }
        filled
    };
    let mut skip = 0;
    for (at, c) in text.char_indices() {
        if at < skip {
            continue;
        }
        match c {
            '(' if balanced => depth += 1,
            ')' if balanced => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > 0 {
            continue;
        }
        if let Some((separator, length)) = separator(text, at, c, cut) {
            let filled = push(start, at, before);
            // Of several separators in a row the strongest counts.
            if filled || strength(separator) > strength(before) {
                before = separator;
            }
            start = at + length;
            skip = start;
        }
    }
    push(start, text.len(), before);
    found
}

fn separator(text: &str, at: usize, c: char, cut: Cut) -> Option<(char, usize)> {
    let rest = &text[at..];
    match c {
        ';' | '\n' | '\r' | '\u{2028}' | REPEATED => return Some((STRONG, c.len_utf8())),
        ',' => return Some((COMMA, 1)),
        _ if cut == Cut::Options => return None,
        '&' => return Some((AND, 1)),
        '/' => {
            // Not the slashes of a web address.
            let address = rest[1..].starts_with('/') || text[..at].ends_with(['/', ':']);
            return (!address).then_some((SLASH, 1));
        }
        _ if !c.is_whitespace() => return None,
        _ => {}
    }
    let word = &rest[c.len_utf8()..];
    [("un", AND), ("and", AND), ("+", PLUS)].into_iter().find_map(|(joiner, symbol)| {
        let head = word.get(..joiner.len())?;
        let followed = word[joiner.len()..].chars().next().is_some_and(char::is_whitespace);
        // The white space after the word stays: it may begin the next joiner.
        (head.eq_ignore_ascii_case(joiner) && followed).then_some((symbol, c.len_utf8() + joiner.len()))
    })
}

const fn strength(separator: char) -> u8 {
    match separator {
        STRONG => 2,
        COMMA => 1,
        _ => 0,
    }
}

fn is_balanced(text: &str) -> bool {
    let mut depth = 0_i64;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

/// Without white space, a list's number or bullet before it and `u.c.` after it.
fn trimmed(segment: &str) -> &str {
    let mut text = segment.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let after = &text[digits..];
    let mark = match digits {
        0 => after.strip_prefix(['-', '–', '•', '*', '·']),
        1 | 2 => after.strip_prefix(['.', ')']),
        _ => None,
    };
    if let Some(rest) = mark.filter(|rest| rest.starts_with(char::is_whitespace) && !rest.trim().is_empty()) {
        text = rest.trim_start();
    }
    for ending in ENDINGS {
        if let Some(rest) = text.strip_suffix(ending).filter(|rest| !rest.trim().is_empty()) {
            return rest.trim_end();
        }
    }
    text
}

#[cfg(test)]
#[path = "lexicon_tests.rs"]
mod tests;
