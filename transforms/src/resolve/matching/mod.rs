//! Scored identity: which services of two pages are one service, though no key says so.
//!
//! Blocking finds the pairs worth comparing (`blocking`), a kernel scores them (`score`) by names without
//! inflection (`names`) and the other fields, and this file gives the verdict. Nothing here knows the registry:
//! what a verdict leads to, and what people decided earlier, is the caller's.

mod blocking;
mod explain;
mod groups;
mod names;
mod score;
mod services;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use polars::prelude::*;

pub use explain::{Explanation, FieldLikeness, Note};
pub use groups::propose_groups;
pub use settings::{
    Abbreviation, Action, LegalActs, MatchSettings, Municipalities, NameSettings, Qualifier, SHIPPED, SettingsProblem,
    Thresholds, Weights,
};

use names::Lexicon;
use score::{Likeness, compare, round};
use services::Services;

/// The two are one service.
pub const MERGE: &str = "merge";
/// A person decides.
pub const REVIEW: &str = "review";
/// One kind of service in two municipalities.
pub const GROUP: &str = "group";

/// A pair with a verdict.
struct Pair {
    left: usize,
    right: usize,
    likeness: Likeness,
    verdict: &'static str,
    notes: Vec<Note>,
}

/// Pairs of the page `new` (services about to be minted, all of one source) and the page `held` (current services
/// that other sources feed) that are or may be one service, or one kind of service in two municipalities.
///
/// Both pages, one row a service, all columns `String`: `uid`, `owner_reg_no`, `owner_kind` (nullable, a code of
/// `institution_kinds`), `code` (nullable, not compared: other sources count otherwise), `name`, `kind` (nullable),
/// `legal_acts` (nullable, one title a line), `audience` and `request_channels` (nullable, lists as the registry
/// stores them). The order of rows does not matter.
///
/// Gives `left` (id of the new service), `right` (of the held), `score` (`Float64`, 0 to 1, 4 places), `verdict`
/// ([`MERGE`], [`REVIEW`] or [`GROUP`]) and `explanation` (see [`Explanation::parse`]), sorted by ids; no row for
/// pairs without a verdict. Every service is part of one `merge` at most: of several that could be, all are `review`.
///
/// # Errors
/// A column is missing or of another type.
pub fn match_services(new: &DataFrame, held: &DataFrame, settings: &MatchSettings) -> PolarsResult<DataFrame> {
    let lexicon = Lexicon::new(settings);
    let new = Services::read(new, &lexicon, settings)?;
    let held = Services::read(held, &lexicon, settings)?;
    let candidates = blocking::candidates((&new.names, new.owners()), (&held.names, held.owners()))?;
    let lefts = candidates.column(blocking::LEFT)?.u32()?;
    let rights = candidates.column(blocking::RIGHT)?.u32()?;
    let mut pairs: Vec<Pair> = lefts
        .into_no_null_iter()
        .zip(rights.into_no_null_iter())
        .filter_map(|(left, right)| judge(&new, left as usize, &held, right as usize, settings))
        .collect();
    one_merge_each(&new, &held, &mut pairs, settings);
    frame(&new, &held, &pairs, settings)
}

/// The verdict on one pair.
fn judge(new: &Services, left: usize, held: &Services, right: usize, settings: &MatchSettings) -> Option<Pair> {
    if new.uid(left) == held.uid(right) {
        return None;
    }
    let likeness = compare(&new.compared(left), &held.compared(right), &settings.weights)?;
    let thresholds = &settings.thresholds;
    if likeness.score < thresholds.review {
        return None;
    }
    let mut notes = Vec::new();
    let same_owner = new.owner(left) == held.owner(right);
    if !same_owner && new.is_municipal(left) && held.is_municipal(right) {
        let pair = Pair { left, right, likeness, verdict: GROUP, notes: vec![Note::Municipalities] };
        return likeness.whole.then_some(pair);
    }
    let (place, other_place) = (&new.names[left].places, &held.names[right].places);
    if !place.is_empty() && !other_place.is_empty() && place != other_place {
        return None;
    }
    // What state institutions do is laid down by law: two that cite other acts do other things.
    if !same_owner && likeness.other_acts() {
        return None;
    }
    if !same_owner {
        notes.push(Note::OtherOwner);
    }
    if !likeness.whole {
        notes.push(Note::UnmatchedWords);
    } else if !likeness.same_name && !likeness.confirmed() {
        notes.push(Note::NameAlone);
    }
    let verdict = if likeness.score >= thresholds.merge && notes.is_empty() { MERGE } else { REVIEW };
    Some(Pair { left, right, likeness, verdict, notes })
}

/// Takes merges back where a service on either side has another counterpart of its owner above the threshold.
fn one_merge_each(new: &Services, held: &Services, pairs: &mut [Pair], settings: &MatchSettings) {
    let (mut lefts, mut rights): (HashMap<usize, u32>, HashMap<usize, u32>) = (HashMap::new(), HashMap::new());
    let same_owner = |pair: &Pair| new.owner(pair.left) == held.owner(pair.right);
    for pair in pairs.iter() {
        if same_owner(pair) && pair.likeness.score >= settings.thresholds.merge {
            *lefts.entry(pair.left).or_default() += 1;
            *rights.entry(pair.right).or_default() += 1;
        }
    }
    for pair in pairs.iter_mut().filter(|pair| pair.verdict == MERGE) {
        if lefts.get(&pair.left).is_some_and(|count| *count > 1)
            || rights.get(&pair.right).is_some_and(|count| *count > 1)
        {
            pair.verdict = REVIEW;
            pair.notes.push(Note::SeveralCandidates);
        }
    }
}

/// Counterparts of one service that a person is asked about, at most: the likeliest.
const ASKED: usize = 5;

/// One answer out of the pairs of several pages: where a service on either side has several counterparts above the
/// threshold of merging, all of its merges become reviews. Of a new service's reviews only the likeliest few stay, so
/// that a name that everybody uses does not fill the queue; groups are proposed by [`propose_groups`] instead. Columns as
/// [`match_services`] gives them.
///
/// # Errors
/// A column is missing or of another type.
pub fn settle(pairs: &DataFrame) -> PolarsResult<DataFrame> {
    let verdicts = pairs.column("verdict")?.str()?;
    let explanations = pairs.column("explanation")?.str()?;
    let sides = [pairs.column("left")?.str()?, pairs.column("right")?.str()?];
    let several = Note::SeveralCandidates;
    let mut read = Vec::with_capacity(pairs.height());
    for text in explanations.iter() {
        let explanation = Explanation::parse(text.unwrap_or_default());
        read.push(explanation.map_err(|error| polars_err!(ComputeError: "{error}"))?);
    }
    let mut above: [HashMap<&str, u32>; 2] = [HashMap::new(), HashMap::new()];
    for (row, explanation) in read.iter().enumerate() {
        if verdicts.get(row) == Some(MERGE) || explanation.notes.contains(&several) {
            for (side, counts) in sides.iter().zip(&mut above) {
                *counts.entry(side.get(row).unwrap_or_default()).or_default() += 1;
            }
        }
    }
    let (mut settled, mut told) = (Vec::new(), Vec::new());
    for (row, mut explanation) in read.into_iter().enumerate() {
        let mut verdict = verdicts.get(row).unwrap_or_default();
        let several_of = |(side, counts): (&&StringChunked, &HashMap<&str, u32>)| {
            counts.get(side.get(row).unwrap_or_default()).is_some_and(|count| *count > 1)
        };
        if verdict == MERGE && sides.iter().zip(&above).any(several_of) {
            verdict = REVIEW;
            explanation.notes.push(several);
        }
        settled.push(verdict.to_owned());
        told.push(serde_json::to_string(&explanation).map_err(|error| polars_err!(ComputeError: "{error}"))?);
    }
    let mut pairs = pairs.clone();
    pairs.with_column(Column::new("verdict".into(), settled))?;
    pairs.with_column(Column::new("explanation".into(), told))?;
    let likeliest = SortMultipleOptions::default().with_order_descending_multi([false, true, false]);
    let pairs = pairs.sort(["left", "score", "right"], likeliest)?;
    let (lefts, verdicts) = (pairs.column("left")?.str()?, pairs.column("verdict")?.str()?);
    let mut asked: HashMap<&str, usize> = HashMap::new();
    let stays: BooleanChunked = lefts
        .iter()
        .zip(verdicts.iter())
        .map(|(left, verdict)| {
            let place = asked.entry(left.unwrap_or_default()).or_default();
            *place += usize::from(verdict == Some(REVIEW));
            verdict == Some(MERGE) || (verdict == Some(REVIEW) && *place <= ASKED)
        })
        .collect();
    pairs.filter(&stays)?.sort(["left", "right"], SortMultipleOptions::default())
}

fn frame(new: &Services, held: &Services, pairs: &[Pair], settings: &MatchSettings) -> PolarsResult<DataFrame> {
    let explanations = pairs
        .iter()
        .map(|pair| serde_json::to_string(&explain(new, held, pair, settings)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| polars_err!(ComputeError: "{error}"))?;
    let columns = vec![
        Column::new("left".into(), pairs.iter().map(|pair| new.uid(pair.left)).collect::<Vec<_>>()),
        Column::new("right".into(), pairs.iter().map(|pair| held.uid(pair.right)).collect::<Vec<_>>()),
        Column::new("score".into(), pairs.iter().map(|pair| pair.likeness.score).collect::<Vec<_>>()),
        Column::new("verdict".into(), pairs.iter().map(|pair| pair.verdict).collect::<Vec<_>>()),
        Column::new("explanation".into(), explanations),
    ];
    DataFrame::new(pairs.len(), columns)?.sort(["left", "right"], SortMultipleOptions::default())
}

fn explain(new: &Services, held: &Services, pair: &Pair, settings: &MatchSettings) -> Explanation {
    let weights = settings.weights.all();
    let compared = || weights.iter().zip(pair.likeness.fields).enumerate();
    let total: f64 = compared().filter_map(|(_, ((_, weight), similarity))| similarity.map(|_| weight)).sum();
    let fields = compared()
        .filter_map(|(number, ((field, weight), similarity))| {
            Some(FieldLikeness {
                field: (*field).to_owned(),
                left: new.shown(pair.left, number),
                right: held.shown(pair.right, number),
                similarity: round(similarity?),
                weight: round(weight / total),
            })
        })
        .collect();
    Explanation { fields, notes: pair.notes.clone() }
}
