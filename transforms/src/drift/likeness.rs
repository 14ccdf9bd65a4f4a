//! Which of the new columns a lost one has become: a guess, by name, content and place.

use std::collections::BTreeSet;

use super::profile::{ColumnProfile, Fields, Profile};
use super::{Schema, SeenColumn, Shape};
use crate::fold::fold;

/// What name, content and place weigh.
const WEIGHTS: [f64; 3] = [0.5, 0.3, 0.2];
/// From here on two columns are taken for one,
const ALIKE: f64 = 0.65;
/// where their names are as alike as this,
const NAMES: f64 = 0.6;
/// or their content as this.
const CONTENT: f64 = 0.9;
/// What it says that both hold any texts.
const ONLY_TEXT: f64 = 0.5;

/// Pairs of a lost and a new column that seem to be one, the surest first; each column in one pair at most.
pub(super) fn renamed<'a>(
    old: &'a Schema,
    lost: &[&'a SeenColumn],
    new: &'a Profile,
    added: &[&'a ColumnProfile],
    fields: &Fields,
) -> Vec<(&'a SeenColumn, &'a ColumnProfile)> {
    let mut pairs: Vec<(f64, &SeenColumn, &ColumnProfile)> = Vec::new();
    for before in lost {
        for after in added {
            // Two headers that the mapping names for one field are one column without a guess.
            let declared = fields.alternatives(&before.name).any(|other| other == after.name).then_some(1.0);
            let score = declared.or_else(|| likeness(old, before, new, after));
            pairs.extend(score.map(|score| (score, *before, *after)));
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (&a.1.name, &a.2.name).cmp(&(&b.1.name, &b.2.name))));
    let (mut gone, mut come) = (BTreeSet::new(), BTreeSet::new());
    pairs.retain(|(_, before, after)| {
        let free = !gone.contains(&before.name) && !come.contains(&after.name);
        if free {
            gone.insert(before.name.clone());
            come.insert(after.name.clone());
        }
        free
    });
    pairs.into_iter().map(|(_, before, after)| (before, after)).collect()
}

/// How alike two columns are, where that is enough.
fn likeness(old: &Schema, before: &SeenColumn, new: &Profile, after: &ColumnProfile) -> Option<f64> {
    let name = names(&before.name, &after.name);
    let content = content(before, after);
    let place = (new.by_header && !after.passed).then(|| place(old, before, new, after));
    let parts = [Some(name), content, place];
    let told = || parts.iter().zip(WEIGHTS).filter_map(|(part, weight)| Some((part.as_ref()?, weight)));
    let score = told().map(|(part, weight)| part * weight).sum::<f64>() / told().map(|(_, weight)| weight).sum::<f64>();
    (score >= ALIKE && (name >= NAMES || content.is_some_and(|content| content >= CONTENT))).then_some(score)
}

/// A name that holds all words of the other is nearly the same.
fn names(one: &str, other: &str) -> f64 {
    let (one, other) = (fold(one), fold(other));
    let words = |text: &str| -> BTreeSet<String> { text.split(' ').map(str::to_owned).collect() };
    let (first, second) = (words(&one), words(&other));
    let holds = first.is_subset(&second) || second.is_subset(&first);
    let spelt = strsim::jaro_winkler(&one, &other);
    if holds && !one.is_empty() && !other.is_empty() { spelt.max(0.9) } else { spelt }
}

/// Codes in common say most, forms less; none where either holds nothing.
fn content(before: &SeenColumn, after: &ColumnProfile) -> Option<f64> {
    if after.values.is_empty() && after.shapes.is_empty() {
        return None;
    }
    if !before.codes.is_empty() && !after.values.is_empty() {
        let codes: BTreeSet<String> = before.codes.iter().map(|code| fold(code)).collect();
        let known = after.values.iter().filter(|value| codes.contains(&fold(value))).count();
        return Some(known as f64 / after.values.len() as f64);
    }
    let (first, second) = (&before.shapes, after.notable());
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let alike = first.intersection(&second).count() as f64 / first.union(&second).count() as f64;
    let typed = first.intersection(&second).any(|shape| *shape != Shape::Text);
    Some(if typed { alike } else { alike * ONLY_TEXT })
}

/// Whether they stand between the same columns.
fn place(old: &Schema, before: &SeenColumn, new: &Profile, after: &ColumnProfile) -> f64 {
    let was: Vec<&str> = old.columns.iter().map(|column| column.name.as_str()).collect();
    let is: Vec<&str> = new.columns.iter().map(|column| column.name.as_str()).collect();
    let around = |names: &[&str], name: &str| {
        let at = names.iter().position(|other| *other == name).unwrap_or_default();
        let before = at.checked_sub(1).and_then(|at| names.get(at)).map(|name| (*name).to_owned());
        (before, names.get(at + 1).map(|name| (*name).to_owned()), at)
    };
    let (left, right, at) = around(&was, &before.name);
    let (new_left, new_right, new_at) = around(&is, &after.name);
    let same = |one: &Option<String>, other: &Option<String>| if one == other { 0.5 } else { 0.0 };
    let between: f64 = same(&left, &new_left) + same(&right, &new_right);
    if at == new_at { between.max(0.5) } else { between }
}
