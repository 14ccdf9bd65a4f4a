//! Finds the header among the first rows of a sheet, and names the columns by it.
//!
//! Columns that the mapping names decide; where it names none that are there, the shape of the rows does: titles are
//! short, the header is the first row as wide as most rows below it, and consists of differing texts. A header may
//! take two rows, the upper one holding what several columns of the lower one have in common.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use vienkop_transforms::fold::fold;

use super::cells::Row;
use super::scan::{Merged, SheetScan};
use super::value::Kind;

/// How many rows with values are looked at to find the header.
pub(super) const SEARCHED_ROWS: usize = 50;
/// Joins the names of an upper and a lower row.
const JOINT: &str = " / ";
/// Cells under merged regions that are looked at, at most.
const COVERED_CELLS: usize = 200_000;

/// Columns that an upper name is shared by without being merged, at most.
const WIDEST_GROUP: u32 = 64;

/// Which merged region covers a cell of the first rows, its own first cell included.
pub(super) struct Covered(HashMap<(u32, u32), Merged>);

impl Covered {
    /// Of the rows down to `last`.
    pub(super) fn new(scan: &SheetScan, last: u32) -> Self {
        let mut covered = HashMap::new();
        for region in scan.merged.iter().filter(|region| region.first.0 <= last) {
            for row in region.first.0..=region.last.0.min(last) {
                for column in region.first.1..=region.last.1 {
                    if covered.len() >= COVERED_CELLS {
                        return Self(covered);
                    }
                    covered.insert((row, column), *region);
                }
            }
        }
        Self(covered)
    }

    fn region(&self, row: u32, column: u32) -> Option<&Merged> {
        self.0.get(&(row, column))
    }
}

/// Where the header begins among `rows`, and how many of them it takes. None when there are no rows.
pub(super) fn find(rows: &[Row], covered: &Covered, wanted: &[String]) -> Option<(usize, usize)> {
    by_names(rows, covered, wanted).or_else(|| by_shape(rows, covered))
}

/// The rows that give most of the names that the mapping wants.
fn by_names(rows: &[Row], covered: &Covered, wanted: &[String]) -> Option<(usize, usize)> {
    let wanted: BTreeSet<String> = wanted.iter().map(|name| fold(name)).filter(|name| !name.is_empty()).collect();
    let matches = |header: &[Row]| {
        let names: BTreeSet<String> = names(header, covered, []).values().map(|name| fold(name)).collect();
        names.intersection(&wanted).count()
    };
    let mut best: Option<(usize, (usize, usize))> = None;
    for (at, window) in (0..rows.len()).filter_map(|at| Some((at, rows.get(at..)?))) {
        let pair = window.get(..2).filter(|pair| is_pair(pair, covered));
        for header in [pair, window.get(..1)].into_iter().flatten() {
            let count = matches(header);
            if best.is_none_or(|(most, _)| count > most) {
                best = Some((count, (at, header.len())));
            }
        }
    }
    // One name alone may stand in a title.
    best.filter(|(count, _)| *count >= wanted.len().clamp(1, 2)).map(|(_, header)| header)
}

fn by_shape(rows: &[Row], covered: &Covered) -> Option<(usize, usize)> {
    let usual = usual_width(rows);
    for (at, window) in (0..rows.len()).filter_map(|at| Some((at, rows.get(at..)?))) {
        if let Some(pair) = window.get(..2).filter(|pair| is_pair(pair, covered))
            && pair.iter().flat_map(texts).map(|(column, _)| column).collect::<BTreeSet<_>>().len() >= usual
        {
            return Some((at, 2));
        }
        if window.first().is_some_and(|row| looks_like_header(row, usual)) {
            return Some((at, 1));
        }
    }
    let widest = rows.iter().map(width).max()?;
    rows.iter().position(|row| width(row) == widest).map(|at| (at, 1))
}

/// The number of cells that most rows have; rows with a single one are titles and notes unless nearly all are so.
fn usual_width(rows: &[Row]) -> usize {
    let widths: Vec<usize> = rows.iter().map(width).collect();
    let several = widths.iter().filter(|width| **width > 1).count() > 1;
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for width in widths.into_iter().filter(|width| !several || *width > 1) {
        *counts.entry(width).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(width, count)| (*count, *width)).map_or(1, |(width, _)| width)
}

fn looks_like_header(row: &Row, usual: usize) -> bool {
    let width = width(row);
    let words = row.cells().filter(|(_, kind, text)| is_word(*kind, text)).count();
    let distinct = texts(row).map(|(_, text)| text).collect::<HashSet<_>>().len();
    width >= usual && words * 2 >= width && distinct * 10 >= width * 6
}

fn width(row: &Row) -> usize {
    texts(row).count()
}

/// Column and text of the cells that hold anything to read.
fn texts(row: &Row) -> impl Iterator<Item = (u32, &str)> {
    row.cells()
        .filter(|(_, kind, text)| matches!(kind, Kind::Text | Kind::Number) && !text.trim().is_empty())
        .map(|(column, _, text)| (column, text))
}

fn is_word(kind: Kind, text: &str) -> bool {
    kind == Kind::Text && text.chars().any(char::is_alphabetic)
}

/// Whether two rows are the upper and the lower row of one header: the lower one has names only below what spans
/// several columns, or where the upper one is empty.
fn is_pair(pair: &[Row], covered: &Covered) -> bool {
    let [upper, lower] = pair else { return false };
    if lower.index != upper.index + 1 || lower.cells().any(|(_, kind, text)| !text.is_empty() && !is_word(kind, text)) {
        return false;
    }
    let above: BTreeMap<u32, &str> = texts(upper).collect();
    let below: BTreeSet<u32> = texts(lower).map(|(column, _)| column).collect();
    if above.len() < 2 {
        return false;
    }
    // For each column with a lower name: the upper cell that it belongs to.
    let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut merged = false;
    for column in &below {
        if let Some((owner, by_region)) = owner(*column, upper.index, &above, covered) {
            merged |= by_region && owner != *column;
            members.entry(owner).or_default().push(*column);
        }
    }
    let single = above.keys().any(|column| !members.contains_key(column));
    let groups = !members.is_empty() && members.values().all(|columns| columns.len() > 1);
    groups && (merged || single)
}

/// The upper cell that a column belongs to, and whether a merged region says so.
fn owner(column: u32, row: u32, above: &BTreeMap<u32, &str>, covered: &Covered) -> Option<(u32, bool)> {
    if let Some(region) = covered.region(row, column) {
        return above.contains_key(&region.first.1).then_some((region.first.1, true));
    }
    let (owner, _) = above.range(..=column).next_back()?;
    // A region ends where it ends; the empty cell after it is not its own.
    let free = *owner == column || covered.region(row, *owner).is_none();
    let near = column - owner <= WIDEST_GROUP;
    let between = near && (*owner + 1..column).all(|between| covered.region(row, between).is_none());
    (free && between).then_some((*owner, false))
}

/// Name of each column that the header rows name; `filled` are columns to name that hold something below.
pub(super) fn names(header: &[Row], covered: &Covered, filled: impl IntoIterator<Item = u32>) -> BTreeMap<u32, String> {
    let first = header.first().map_or(0, |row| row.index);
    let last = header.last().map_or(0, |row| row.index);
    let texts: Vec<BTreeMap<u32, &str>> = header.iter().map(|row| texts(row).collect()).collect();
    let columns: BTreeSet<u32> = texts.iter().flat_map(|row| row.keys().copied()).chain(filled).collect();
    let mut names = BTreeMap::new();
    for column in columns {
        let mut parts: Vec<String> = Vec::new();
        for (level, (row, own)) in header.iter().zip(&texts).enumerate() {
            let text = match (own.get(&column), covered.region(row.index, column)) {
                (Some(text), _) => Some(*text),
                (None, Some(region)) if region.first.0 == row.index => own.get(&region.first.1).copied(),
                // Names from above come down with the region; titles above the header do not.
                (None, Some(region)) if region.first.0 >= first => None,
                (None, _) if row.index < last => shared(column, row.index, own, texts.get(level + 1), covered),
                (None, _) => None,
            };
            let part = text.map(one_line).unwrap_or_default();
            if !part.is_empty() && parts.last() != Some(&part) {
                parts.push(part);
            }
        }
        if !parts.is_empty() {
            names.insert(column, parts.join(JOINT));
        }
    }
    names
}

/// The text to the left, when nothing but empty cells stand between and both have names below them.
fn shared<'t>(
    column: u32,
    row: u32,
    own: &BTreeMap<u32, &'t str>,
    lower: Option<&BTreeMap<u32, &str>>,
    covered: &Covered,
) -> Option<&'t str> {
    let (owner, by_region) = owner(column, row, own, covered)?;
    let lower = lower?;
    let both = lower.contains_key(&column) && lower.contains_key(&owner);
    own.get(&owner).copied().filter(|_| both && !by_region)
}

/// The text with every run of white space as one space.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
