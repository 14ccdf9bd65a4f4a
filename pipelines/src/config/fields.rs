//! Checks of one field's rule against the field: options that contradict, do not apply, or cannot be used.

use regex::Regex;
use vienkop_transforms::codelist::CodeLists;
use vienkop_transforms::fold::{fold, nearest};
use vienkop_transforms::mapping::FieldRule;
use vienkop_transforms::model::{Field, Kind};
use vienkop_transforms::normalise::moment::format_is_usable;
use vienkop_transforms::normalise::value::duration;

use super::document::Document;
use super::problem::{Problem, Sentence, known};
use super::validate::Fault;

/// Units that a hint names.
const UNITS: [&str; 5] = ["min", "h", "d", "working d", "month"];

/// Collects the problems of one document.
pub(super) struct Reporter<'a> {
    document: &'a Document,
    /// Paths of what the schema has found fault with.
    faulty: Vec<Vec<String>>,
    problems: Vec<Problem>,
}

impl<'a> Reporter<'a> {
    pub(super) const fn new(document: &'a Document) -> Self {
        Self { document, faulty: Vec::new(), problems: Vec::new() }
    }

    /// Remembers what was found faulty already.
    pub(super) fn with_faults(self, faults: &[Fault]) -> Self {
        Self { faulty: faults.iter().map(|fault| fault.path.clone()).collect(), ..self }
    }

    /// Whether all below a path could be read, so that what is missing there is missing indeed.
    pub(super) fn is_whole(&self, path: &[&str]) -> bool {
        !self.faulty.iter().any(|faulty| faulty.iter().zip(path).all(|(a, b)| a == b))
    }

    /// A problem of the value at a path.
    pub(super) fn value(&mut self, path: &[&str], sentence: Sentence, hint: impl Into<Option<Sentence>>) {
        self.problems.push(Problem::in_place(self.document.value_at(path), sentence).hint(hint));
    }

    /// A problem of the key at a path.
    pub(super) fn key(&mut self, path: &[&str], sentence: Sentence, hint: impl Into<Option<Sentence>>) {
        self.problems.push(Problem::in_place(self.document.key_at(path), sentence).hint(hint));
    }

    /// A problem of what is missing below a path: told in the file of the source, whatever its preset says.
    pub(super) fn missing(&mut self, path: &[&str], sentence: Sentence) {
        self.problems.push(Problem::in_place(self.document.missing_at(path), sentence));
    }

    /// A regular expression that is none; the expression when it is one.
    pub(super) fn regex(&mut self, path: &[&str], pattern: &str) -> Option<Regex> {
        match Regex::new(pattern) {
            Ok(regex) => Some(regex),
            Err(error) => {
                self.value(path, Sentence::new("config-regex").with(regex_reason(&error.to_string())), None);
                None
            }
        }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

/// What the library says is wrong with an expression, and our sentence for it.
const REGEX_REASONS: [(&str, &str); 10] = [
    ("unclosed group", "brackets"),
    ("unopened group", "brackets"),
    ("unclosed character class", "class"),
    ("invalid character class range", "range"),
    ("unrecognized escape sequence", "escape"),
    ("incomplete escape sequence", "escape"),
    ("repetition operator missing expression", "repetition"),
    ("repetition quantifier", "repetition"),
    ("look-around", "unsupported"),
    ("backreferences", "unsupported"),
];

/// The sentence for the library's message; what is rare stays in its words.
fn regex_reason(message: &str) -> Sentence {
    // The last line says what is wrong; the lines before draw what we underline.
    let last = message.lines().last().unwrap_or_default().trim_start_matches("error: ");
    match REGEX_REASONS.iter().find(|(start, _)| last.starts_with(start)) {
        Some((_, reason)) => Sentence::new(&format!("config-regex-{reason}")),
        None => Sentence::refused("other").arg("value", last),
    }
}

/// The hint for a field that does not exist; people write labels too.
pub(super) fn known_field<'f>(text: &str, fields: impl IntoIterator<Item = &'f Field>) -> Option<Sentence> {
    let fields: Vec<&Field> = fields.into_iter().collect();
    let labels = || fields.iter().flat_map(|field| [(field.label_lv, field.name), (field.label_en, field.name)]);
    let labelled = |label: &str| labels().find(|(known, _)| *known == label).map(|(_, name)| name);
    let meant = |name: &str| Some(Sentence::new("config-hint-nearest").arg("names", name));
    if let Some((_, name)) = labels().find(|(label, _)| fold(label) == fold(text)) {
        return meant(name);
    }
    if nearest(text, fields.iter().map(|field| field.name), 1).is_empty()
        && let Some(name) = nearest(text, labels().map(|(label, _)| label), 1).first().and_then(|label| labelled(label))
    {
        return meant(name);
    }
    known(text, fields.iter().map(|field| field.name))
}

/// Whether the rule itself must say where the value comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// It must.
    Rule,
    /// An item of a child list may give it.
    Item,
}

/// Checks a rule for a field; `path` is where the rule stands.
pub(super) fn check_rule(
    reporter: &mut Reporter<'_>,
    path: &[&str],
    rule: &FieldRule,
    field: &Field,
    source: Source,
    lists: &CodeLists,
) {
    let option = |name: &'static str| -> Vec<&str> { [path, &[name]].concat() };
    check_origin(reporter, path, rule, field, source);
    check_applies(reporter, path, rule, field);
    if let Some(pattern) = &rule.extract
        && let Some(regex) = reporter.regex(&option("extract"), pattern)
        && regex.captures_len() < 2
    {
        reporter.value(&option("extract"), Sentence::new("config-regex-group"), None);
    }
    if let Some(pattern) = &rule.pattern {
        reporter.regex(&option("pattern"), pattern);
    }
    if matches!(field.kind, Kind::Date | Kind::Timestamp | Kind::Moment) {
        for (index, format) in rule.formats.iter().enumerate() {
            if !format_is_usable(format) {
                let index = index.to_string();
                let sentence = Sentence::new("config-time-format").arg("value", format);
                reporter.value(&[path, &["formats", &index]].concat(), sentence, None);
            }
        }
    }
    if let Some(unit) = &rule.unit
        && field.kind == Kind::Duration
        && duration("1", Some(unit)).is_none()
    {
        let sentence = Sentence::new("config-unknown-unit").arg("value", unit);
        reporter.value(&option("unit"), sentence, known(unit, UNITS));
    }
    check_constants(reporter, path, rule, field, lists);
}

fn check_origin(reporter: &mut Reporter<'_>, path: &[&str], rule: &FieldRule, field: &Field, source: Source) {
    let origins: Vec<&str> =
        [("column", rule.column.is_some()), ("columns", !rule.columns.is_empty()), ("value", rule.value.is_some())]
            .into_iter()
            .filter_map(|(name, given)| given.then_some(name))
            .collect();
    if let [first, second, ..] = origins[..] {
        let sentence = Sentence::new("config-contradiction").arg("first", first).arg("second", second);
        reporter.key(&[path, &[second]].concat(), sentence, None);
    }
    if origins.is_empty() && source == Source::Rule && reporter.is_whole(path) {
        reporter.key(path, Sentence::new("config-no-origin").arg("field", field.name), None);
    }
}

/// Options that mean nothing for this field.
fn check_applies(reporter: &mut Reporter<'_>, path: &[&str], rule: &FieldRule, field: &Field) {
    let code_list = matches!(field.kind, Kind::CodeList(_));
    let time = matches!(field.kind, Kind::Date | Kind::Timestamp | Kind::Moment);
    let computed =
        time || matches!(field.kind, Kind::Decimal | Kind::Integer | Kind::Boolean | Kind::Duration | Kind::Url);
    let misplaced = [
        ("codes", !rule.codes.is_empty() && !code_list),
        ("split", !rule.split.is_empty() && !field.list),
        ("formats", !rule.formats.is_empty() && !time),
        ("unit", rule.unit.is_some() && field.kind != Kind::Duration),
        ("pad", rule.pad.is_some() && computed),
        ("pseudonymise", rule.pseudonymise && !matches!(field.kind, Kind::Pseudonym | Kind::Text)),
        ("join", rule.join.is_some() && rule.columns.is_empty()),
    ];
    for (name, wrong) in misplaced {
        if wrong {
            let sentence = Sentence::new("config-misplaced").arg("option", name).arg("field", field.name);
            reporter.key(&[path, &[name]].concat(), sentence, None);
        }
    }
}

/// Codes and constants that the field would refuse in every record.
fn check_constants(reporter: &mut Reporter<'_>, path: &[&str], rule: &FieldRule, field: &Field, lists: &CodeLists) {
    let constants = [("value", &rule.value), ("default", &rule.default)];
    if field.kind == Kind::RegNo && !field.list {
        for (name, text) in constants.into_iter().filter_map(|(name, text)| text.as_deref().map(|text| (name, text))) {
            if !is_reg_no(text) {
                reporter.value(&[path, &[name]].concat(), Sentence::new("config-reg-no").arg("value", text), None);
            }
        }
    }
    let Kind::CodeList(list_name) = field.kind else { return };
    // A list that is missing is told once, as a file.
    let Some(list) = lists.get(list_name) else { return };
    let mut unknown = |path: &[&str], text: &str| {
        // Another spelling of a code is understood in data; the file of a source names the code itself.
        let spellings = if list.find(text).is_some() { vec![text] } else { list.nearest(text, 3) };
        let mut near: Vec<&str> = spellings.into_iter().filter_map(|s| Some(list.find(s)?.code.as_str())).collect();
        near.dedup();
        let hint = if near.is_empty() {
            known(text, list.codes.iter().map(|code| code.code.as_str()))
        } else {
            Some(Sentence::new("config-hint-nearest").arg("names", near.join(", ")))
        };
        let sentence = Sentence::new("config-unknown-code").arg("value", text).arg("list", list_name);
        reporter.value(path, sentence, hint);
    };
    for (text, code) in &rule.codes {
        if list.get(code).is_none() {
            unknown(&[path, &["codes", text]].concat(), code);
        }
    }
    for (name, text) in constants.into_iter().filter_map(|(name, text)| text.as_deref().map(|text| (name, text))) {
        let mut items = vec![text];
        if field.list {
            for separator in rule.split.iter().map(String::as_str).chain(["\n"]) {
                items = items.into_iter().flat_map(|item| item.split(separator)).collect();
            }
        }
        for item in items.into_iter().map(str::trim).filter(|item| !item.is_empty()) {
            if !rule.codes.contains_key(item) && list.find(item).is_none() {
                unknown(&[path, &[name]].concat(), item);
            }
        }
    }
}

/// Eleven digits; spaces between them do not matter.
pub(super) fn is_reg_no(text: &str) -> bool {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    digits.len() == 11 && digits.iter().all(char::is_ascii_digit)
}
