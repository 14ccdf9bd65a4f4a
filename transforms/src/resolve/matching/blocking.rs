//! Which pairs are worth comparing: services that share two words (by their first letters), or the whole name.
//!
//! Never quadratic: a new service meets at most [`BLOCK`] held ones by each of its keys.

use polars::prelude::*;

use super::names::Name;

/// Held services that one key may lead to. A key of more is told apart by the owner, too.
const BLOCK: u32 = 256;
/// Words of one name that make keys, the longest first: long words tell more.
const WORDS: usize = 8;
/// First letters of a word that make its key: what follows may be inflection, derivation or a slip.
const LETTERS: usize = 5;

const KEY: &str = "key";
const OWNER: &str = "owner";
const WHOLE: &str = "whole";
/// Row of the new service.
pub(super) const LEFT: &str = "left_row";
/// Row of the held service.
pub(super) const RIGHT: &str = "right_row";

/// Keys of the names: `key`, `whole` (the key is the whole name), `owner`, and the row under the given name.
fn keys(names: &[Name], owners: &StringChunked, row: &'static str) -> PolarsResult<DataFrame> {
    let (mut texts, mut whole, mut rows): (Vec<String>, Vec<bool>, Vec<u32>) = (Vec::new(), Vec::new(), Vec::new());
    for (index, name) in names.iter().enumerate() {
        let signature = name.signature();
        if signature.is_empty() {
            continue;
        }
        let mut push = |key: String, is_whole: bool| {
            texts.push(key);
            whole.push(is_whole);
            rows.push(index as u32);
        };
        for key in word_keys(&name.words) {
            push(key, false);
        }
        push(format!("={signature}"), true);
    }
    let owners = owners.take(&IdxCa::from_slice(PlSmallStr::EMPTY, &rows))?.with_name(OWNER.into());
    DataFrame::new(
        rows.len(),
        vec![
            Column::new(KEY.into(), texts),
            Column::new(WHOLE.into(), whole),
            owners.into_column(),
            Column::new(row.into(), rows),
        ],
    )
}

fn word_keys(words: &[String]) -> Vec<String> {
    let mut longest: Vec<&String> = words.iter().collect();
    longest.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    let mut starts: Vec<String> =
        longest.into_iter().take(WORDS).map(|word| word.chars().take(LETTERS).collect()).collect();
    starts.sort_unstable();
    starts.dedup();
    if let [only] = starts.as_slice() {
        return vec![only.clone()];
    }
    let pairs = starts
        .iter()
        .enumerate()
        .flat_map(|(index, first)| starts[index + 1..].iter().map(move |second| format!("{first} {second}")));
    pairs.collect()
}

/// Pairs of rows to compare: `left_row` and `right_row`, `u32`, sorted, each pair once.
/// The rows of both sides must be sorted by their ids: a full block keeps the first.
pub(super) fn candidates(new: (&[Name], &StringChunked), held: (&[Name], &StringChunked)) -> PolarsResult<DataFrame> {
    let new = keys(new.0, new.1, LEFT)?.lazy();
    let held = keys(held.0, held.1, RIGHT)?.lazy();
    let first = || col(RIGHT).sort(SortOptions::default()).head(Some(BLOCK as usize));
    let blocks = held.clone().group_by([col(KEY)]).agg([len().alias("count"), col(WHOLE).first(), first()]);
    let small = blocks.clone().filter(col("count").lt_eq(lit(BLOCK)).or(col(WHOLE)));
    let large = blocks.filter(col("count").gt(lit(BLOCK))).select([col(KEY)]);
    let by_key = new
        .clone()
        .join(explode(small.select([col(KEY), col(RIGHT)])), [col(KEY)], [col(KEY)], JoinArgs::new(JoinType::Inner))
        .select([col(LEFT), col(RIGHT)]);
    let of_owner = held
        .join(large, [col(KEY)], [col(KEY)], JoinArgs::new(JoinType::Semi))
        .group_by([col(KEY), col(OWNER)])
        .agg([first()]);
    let on = [col(KEY), col(OWNER)];
    let by_owner =
        new.join(explode(of_owner), on.clone(), on, JoinArgs::new(JoinType::Inner)).select([col(LEFT), col(RIGHT)]);
    concat([by_key, by_owner], UnionArgs::default())?
        .group_by([col(LEFT), col(RIGHT)])
        .agg([])
        .sort([LEFT, RIGHT], SortMultipleOptions::default())
        .collect()
}

fn explode(frame: LazyFrame) -> LazyFrame {
    frame.explode(by_name([RIGHT], true, false), ExplodeOptions { empty_as_null: false, keep_nulls: false })
}
