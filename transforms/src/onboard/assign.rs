//! Which column feeds which field: the best pairs of a header and values with a field, each of both once.

use std::collections::BTreeMap;

use super::codes::{CodeProposal, Overlap};
use super::fit::{self, Fit, fit};
use super::profile::{Looks, Profile};
use super::propose::{FieldProposal, Found, Proposer, Reason};
use super::words::match_phrase;
use crate::fold::fold;
use crate::mapping::{Columns, FieldRule, Function, Invalid};
use crate::model::{Field, Kind, Presence};

/// A field is proposed from this confidence on.
const PROPOSED: f64 = 0.45;
/// A header that says less than this says nothing.
const SAID: f64 = 0.35;

/// A column for a field.
pub(super) struct Candidate {
    pub(super) field: usize,
    pub(super) column: usize,
    pub(super) score: f64,
    pub(super) phrase: Option<String>,
    pub(super) fit: Fit,
}

/// Last parts of a path that only say in which language, or that it is the value: `nosaukums/lv`.
const VALUES: &[&str] = &["lv", "lav", "lv-lv", "value", "text", "#text", "vertiba", "teksts"];

impl Proposer<'_> {
    /// Columns for fields, the best pairs first; each column and each field once.
    pub(super) fn assign(
        &self,
        prefix: &str,
        of: &str,
        fields: &[&'static Field],
        found: Found<'_>,
    ) -> (Vec<FieldProposal>, Vec<usize>) {
        let neutral: Vec<String> = self.neutral(prefix, of);
        let mut candidates: Vec<Candidate> = Vec::new();
        for (at, field) in fields.iter().enumerate() {
            let key = format!("{prefix}.{}", field.name);
            let phrases = match found.explode {
                // Beside the fields of a record, `name` alone is not that of a step.
                None if prefix.contains('.') => self.settings.fields.get(&key).cloned().unwrap_or_default(),
                Some(_) if prefix.contains('.') => {
                    // In a list of its own, what is called as the record's own field is: the name of a step.
                    let entity = prefix.split('.').next().unwrap_or_default();
                    let alike = self.settings.fields.get(&format!("{entity}.{}", field.name)).into_iter().flatten();
                    self.phrases(&key, field).into_iter().chain(alike.cloned()).collect()
                }
                _ => self.phrases(&key, field),
            };
            let is_key =
                field.presence == Presence::Required && matches!(field.name, "code" | "request_no" | "entry_id");
            let is_key = is_key && found.explode.is_none();
            for (column, profile) in found.columns.iter().enumerate() {
                if found.explode.is_some() && !within(found, profile) && !leads_to_record(field) {
                    continue;
                }
                if !self.may_take(prefix, field, profile) {
                    continue;
                }
                let Some(fit) = fit(self.settings, self.codelists, field, profile, is_key) else { continue };
                let (said, phrase) = self.said(&profile.name, &phrases, &neutral);
                let score = if said >= SAID {
                    0.35f64.mul_add(fit.score, 0.65 * said)
                } else if fit.sure {
                    // By its values alone: a column of registration numbers, of channels.
                    0.1f64.mul_add(said, 0.55 * fit.score)
                } else {
                    continue;
                };
                if score >= PROPOSED {
                    let phrase = phrase.filter(|_| said >= SAID);
                    candidates.push(Candidate { field: at, column, score, phrase, fit });
                }
            }
        }
        candidates
            .sort_by(|a, b| b.score.total_cmp(&a.score).then(a.column.cmp(&b.column)).then(a.field.cmp(&b.field)));
        let mut taken: Vec<usize> = Vec::new();
        let mut chosen: BTreeMap<usize, FieldProposal> = BTreeMap::new();
        for candidate in candidates {
            if chosen.contains_key(&candidate.field) || taken.contains(&candidate.column) {
                continue;
            }
            taken.push(candidate.column);
            let profile = &found.columns[candidate.column];
            chosen.insert(candidate.field, proposal(fields[candidate.field], profile, candidate));
        }
        for proposal in chosen.values_mut().filter(|proposal| proposal.unit_assumed) {
            // A column of units stands right behind that of the numbers, where there is one.
            let at = found.columns.iter().position(|column| Some(&column.name) == proposal.column.as_ref());
            let Some((next, units)) = at.and_then(|at| Some((at + 1, found.columns.get(at + 1)?))) else { continue };
            if !taken.contains(&next) && fit::is_unit(units) {
                taken.push(next);
                proposal.unit_assumed = false;
                let numbers = proposal.column.clone().unwrap_or_default();
                proposal.rule = FieldRule { columns: vec![numbers, units.name.clone()], ..FieldRule::default() };
            }
        }
        (chosen.into_values().collect(), taken)
    }

    /// Personal data go nowhere but where the model has a place for them: applicants' codes into a pseudonym, the
    /// names and addresses of those who are responsible for a service into its description.
    pub(super) fn may_take(&self, prefix: &str, field: &Field, profile: &Profile) -> bool {
        let requests = matches!(prefix, "service_request" | "status_event");
        if field.kind == Kind::Pseudonym {
            return self.is_personal(profile, requests);
        }
        match profile.personal() {
            None => !requests || !self.header_is_personal(profile),
            Some(Looks::PersonalCode) => false,
            Some(_) if requests => false,
            Some(Looks::PersonName) => matches!(field.name, "manager_name" | "portfolio_manager"),
            Some(Looks::Email) => field.kind == Kind::Email || field.name == "e_address",
            Some(Looks::Phone) => field.name == "support_l2_phone",
            Some(_) => false,
        }
    }

    pub(super) fn is_personal(&self, profile: &Profile, requests: bool) -> bool {
        profile.personal().is_some() || (requests && self.header_is_personal(profile))
    }

    fn header_is_personal(&self, profile: &Profile) -> bool {
        let phrases = self.settings.personal.headers.clone();
        self.said(&profile.name, &phrases, &[]).0 >= 0.75
    }

    /// Words that say what the rows are, not what the column is.
    fn neutral(&self, prefix: &str, of: &str) -> Vec<String> {
        let entity = prefix.split('.').next().unwrap_or(prefix);
        let words = self.settings.entities.get(entity).into_iter().flatten();
        words.flat_map(|phrase| self.vocabulary.words(phrase)).chain(self.vocabulary.words(of)).collect()
    }

    fn phrases(&self, key: &str, field: &Field) -> Vec<String> {
        let own = self.settings.fields.get(key).into_iter().flatten().cloned();
        own.chain([field.label_lv.to_owned(), field.label_en.to_owned(), field.name.replace('_', " ")]).collect()
    }

    /// How well a header says one of the phrases, and which. Of a path, or of a header of two rows, the last part must
    /// say something.
    pub(super) fn said(&self, header: &str, phrases: &[String], neutral: &[String]) -> (f64, Option<String>) {
        let header = match header.rsplit_once('/') {
            Some((before, last)) if VALUES.contains(&last.to_lowercase().as_str()) => before,
            _ => header,
        };
        let last = header.rsplit(['/', '@']).map(str::trim).find(|part| !part.is_empty()).unwrap_or(header);
        let whole = self.vocabulary.words(header);
        let tail = self.vocabulary.words(last);
        let mut best = (0.0, None);
        for phrase in phrases {
            let words = self.vocabulary.words(phrase);
            let by_tail = match_phrase(&tail, &words, neutral) * if tail.len() == whole.len() { 1.0 } else { 0.97 };
            let touches = words.iter().any(|word| match_phrase(&tail, std::slice::from_ref(word), neutral) > 0.0);
            let by_whole = match_phrase(&whole, &words, neutral) * if touches { 1.0 } else { 0.3 };
            let score = by_tail.max(by_whole);
            if score > best.0 {
                best = (score, Some(phrase.clone()));
            }
        }
        best
    }
}

/// Whether a column belongs to the items of a list rather than to the record around them.
pub(super) fn within(found: Found<'_>, column: &Profile) -> bool {
    found
        .explode
        .is_none_or(|path| column.name.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Fields of an item by which the record around it is known.
fn leads_to_record(field: &Field) -> bool {
    matches!(field.name, "request_no" | "institution_reg_no")
}

/// Formats of the times, where no form that is understood undeclared fits.
pub(super) fn formats(profile: &Profile) -> Vec<String> {
    if profile.share(Looks::Epoch) >= 0.6 {
        return vec![if profile.milliseconds { "unix-ms" } else { "unix" }.to_owned()];
    }
    profile.formats.clone()
}

/// Texts among times and numbers that only say that there is none: "-", "nav".
fn nothings(profile: &Profile) -> Vec<String> {
    let says_nothing =
        |text: &str| matches!(fold(text).as_str(), "" | "nav" | "n a" | "nav noteikts" | "nav zinams" | "none");
    let texts = profile.values.iter().map(|(text, _)| text).filter(|text| says_nothing(text));
    texts.cloned().collect()
}

/// What becomes of records whose spelling nobody has placed yet: where the field may be empty, they do without it.
pub fn without_codes(field: &Field, codes: &[CodeProposal]) -> Invalid {
    let open = codes.iter().any(|code| code.code.is_none());
    if open && field.presence != Presence::Required { Invalid::Empty } else { Invalid::Quarantine }
}

/// What a column for a field makes of it: formats, units, codes.
pub(super) fn proposal(field: &'static Field, profile: &Profile, candidate: Candidate) -> FieldProposal {
    let Candidate { score, phrase, fit, .. } = candidate;
    let mut rule = FieldRule { column: Some(Columns::One(profile.name.clone())), ..FieldRule::default() };
    let mut reasons: Vec<Reason> = phrase.map(Reason::Header).into_iter().collect();
    reasons.extend(fit.looks.map(|(looks, share)| Reason::Looks(looks, share)));
    let mut codes = Vec::new();
    if let (Kind::CodeList(list), Some(Overlap { understood, split, proposals, .. })) = (field.kind, fit.codes) {
        reasons.push(Reason::Codes(list, understood));
        rule.split = split;
        let proposed = proposals.iter().filter_map(|one| Some((one.text.clone(), one.code.clone()?)));
        rule.codes = proposed.collect();
        rule.invalid = without_codes(field, &proposals);
        codes = proposals;
    }
    let mut unit_assumed = false;
    if matches!(field.kind, Kind::Date | Kind::Timestamp | Kind::Decimal | Kind::Integer | Kind::Duration) {
        rule.empty = nothings(profile);
    }
    match field.kind {
        Kind::Date | Kind::Timestamp | Kind::Moment => rule.formats = formats(profile),
        Kind::Duration if profile.share(Looks::Integer) > 0.0 => {
            let named = fit::unit(&profile.name);
            unit_assumed = named.is_none();
            rule.unit = Some(named.unwrap_or("d").to_owned());
        }
        Kind::Text if !field.list && profile.repeated > 0.3 => rule.functions = vec![Function::FirstLine],
        Kind::Pseudonym => rule.pseudonymise = true,
        _ => {}
    }
    FieldProposal {
        field,
        name: field.name.to_owned(),
        column: Some(profile.name.clone()),
        rule,
        confidence: score.clamp(0.0, 0.99),
        reasons,
        codes,
        unit_assumed,
    }
}
