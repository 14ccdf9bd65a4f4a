//! How alike two services are: a kernel over candidate pairs, symmetric in its two sides.

use super::names::{Act, Name};
use super::settings::Weights;

/// Letters that two words must begin with before a slip in one of them is thought of: Latvian prefixes
/// (`ie-`, `iz-`, `pār-`, `ne-`) turn a word into its opposite.
const START: usize = 3;
/// Letters of the shorter word from which one slip is forgiven: shorter words one letter apart are mostly two words.
const SLIP: usize = 7;
/// Jaro-Winkler similarity from which words of one root count in part (`piedzimšana`, `piedzimstot`).
const RELATED: f64 = 0.85;
/// How much of its similarity a word of one root keeps.
const RELATED_SHARE: f64 = 0.8;

/// What is compared of one service.
pub(super) struct Compared<'a> {
    pub(super) name: &'a Name,
    pub(super) acts: &'a [Act],
    pub(super) audience: &'a [String],
    pub(super) channels: &'a [String],
    pub(super) kind: Option<&'a str>,
}

/// How alike two services are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Likeness {
    /// 0 to 1, rounded to 4 places.
    pub(super) score: f64,
    /// Similarity of each field of [`Weights::all`]; none where a side has no value.
    pub(super) fields: [Option<f64>; 5],
    /// The names are the same but for inflection, order and stop words.
    pub(super) same_name: bool,
    /// Every word has its counterpart, but for slips.
    pub(super) whole: bool,
}

impl Likeness {
    /// Whether a field other than the name says the same.
    pub(super) fn confirmed(&self) -> bool {
        self.fields[1..].iter().flatten().any(|similarity| *similarity >= 0.5)
    }

    /// Whether both sides cite legal acts, and none in common.
    pub(super) fn other_acts(&self) -> bool {
        self.fields[1] == Some(0.0)
    }
}

/// Compares; none when the names differ in a word that matters.
pub(super) fn compare(left: &Compared<'_>, right: &Compared<'_>, weights: &Weights) -> Option<Likeness> {
    if opposed(left.name, right.name) {
        return None;
    }
    let (name, whole) = names(left.name, right.name);
    let fields = [
        Some(name),
        acts(left.acts, right.acts),
        lists(left.audience, right.audience),
        lists(left.channels, right.channels),
        left.kind.zip(right.kind).map(|(left, right)| f64::from(u8::from(left == right))),
    ];
    let (mut sum, mut total) = (0.0, 0.0);
    for ((_, weight), similarity) in weights.all().into_iter().zip(fields) {
        if let Some(similarity) = similarity {
            sum += weight * similarity;
            total += weight;
        }
    }
    let score = if total > 0.0 { round(sum / total) } else { 0.0 };
    let same_name = left.name.words == right.name.words && left.name.marks == right.name.marks;
    Some(Likeness { score, fields, same_name, whole })
}

/// To 4 places.
pub(super) fn round(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// Whether the names differ in an action, a feature or a mark.
fn opposed(left: &Name, right: &Name) -> bool {
    let marks = !left.marks.is_empty() && !right.marks.is_empty() && left.marks != right.marks;
    let values = |name: &Name, group: usize| -> Vec<usize> {
        name.features.iter().filter(|(of, _)| *of == group).map(|(_, value)| *value).collect()
    };
    let features = left.features.iter().any(|(group, _)| {
        let other = values(right, *group);
        !other.is_empty() && other != values(left, *group)
    });
    left.actions != right.actions || marks || features
}

/// Share of the words with a counterpart, and whether all have one.
fn names(left: &Name, right: &Name) -> (f64, bool) {
    let total = left.words.len() + right.words.len() + left.marks.len() + right.marks.len();
    let without = |words: &[String], others: &[String]| -> Vec<String> {
        words.iter().filter(|word| others.binary_search(word).is_err()).cloned().collect()
    };
    let (mut lonely, mut others) = (without(&left.words, &right.words), without(&right.words, &left.words));
    let common = left.words.len() - lonely.len();
    let common_marks = left.marks.len() - without(&left.marks, &right.marks).len();
    let mut sum = 2.0 * (common + common_marks) as f64;
    let mut whole = left.marks == right.marks;
    // The most alike first; among equals by their letters, so that the sides may be swapped.
    while let Some(best) = best_pair(&lonely, &others) {
        sum += 2.0 * best.similarity;
        whole &= best.slip;
        lonely.remove(best.left);
        others.remove(best.right);
    }
    whole &= lonely.is_empty() && others.is_empty();
    (if total == 0 { 0.0 } else { sum / total as f64 }, whole)
}

struct Best {
    left: usize,
    right: usize,
    similarity: f64,
    slip: bool,
}

fn best_pair(left: &[String], right: &[String]) -> Option<Best> {
    let order = |best: &Best| {
        let (l, r) = (&left[best.left], &right[best.right]);
        (l.min(r).clone(), l.max(r).clone())
    };
    let mut found: Option<Best> = None;
    for (l, word) in left.iter().enumerate() {
        for (r, other) in right.iter().enumerate() {
            let (similarity, slip) = words(word, other);
            let next = Best { left: l, right: r, similarity, slip };
            let better = similarity > 0.0
                && found.as_ref().is_none_or(|best| {
                    similarity.total_cmp(&best.similarity).then_with(|| order(best).cmp(&order(&next))).is_gt()
                });
            if better {
                found = Some(next);
            }
        }
    }
    found
}

/// Similarity of two different stems, and whether they are one word with a slip.
fn words(left: &str, right: &str) -> (f64, bool) {
    let (left, right) = (left.min(right), left.max(right));
    if !left.chars().take(START).eq(right.chars().take(START)) {
        return (0.0, false);
    }
    let (shorter, longer) = (left.chars().count(), right.chars().count());
    let (shorter, longer) = (shorter.min(longer), shorter.max(longer));
    // One word that continues the other is derived from it (`zvejniek`, `zvejniecib`), not misspelt.
    let derived = right.starts_with(left);
    if !derived && shorter >= SLIP && strsim::osa_distance(left, right) == 1 {
        return (1.0 - 1.0 / longer as f64, true);
    }
    let similarity = strsim::jaro_winkler(left, right);
    if similarity >= RELATED { (RELATED_SHARE * similarity, false) } else { (0.0, false) }
}

/// Share of the acts of the shorter list that the other cites too.
fn acts(left: &[Act], right: &[Act]) -> Option<f64> {
    if left.is_empty() || right.is_empty() {
        return None;
    }
    let among =
        |acts: &[Act], others: &[Act]| acts.iter().filter(|act| others.iter().any(|other| act.same(other))).count();
    let common = among(left, right).min(among(right, left));
    Some(common as f64 / left.len().min(right.len()) as f64)
}

/// Dice coefficient of two sorted lists.
fn lists(left: &[String], right: &[String]) -> Option<f64> {
    if left.is_empty() || right.is_empty() {
        return None;
    }
    let common = left.iter().filter(|item| right.binary_search(item).is_ok()).count();
    Some(2.0 * common as f64 / (left.len() + right.len()) as f64)
}
