//! What a CSV file does not say of itself: line ends, delimiter, and where the header is.

use std::collections::{BTreeMap, BTreeSet};

use super::records::{Dialect, Item, Records, Row};
use crate::format::lines::{Lines, Terminator};

/// How many records are looked at.
pub(super) const HEAD_RECORDS: usize = 200;
/// How much text is looked at in search of the header.
pub(super) const HEAD_BYTES: usize = 1 << 20;

/// In order of preference.
const DELIMITERS: [u8; 4] = [b';', b'\t', b'|', b','];

/// What ends the lines of this text.
pub(super) fn terminator(text: &str) -> Terminator {
    let (mut feeds, mut returns, mut quoted) = (0, 0, false);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => feeds += 1,
            b'\r' if !quoted && bytes.peek() != Some(&b'\n') => returns += 1,
            _ => {}
        }
    }
    if feeds == 0 && returns > 0 { Terminator::Cr } else { Terminator::Lf }
}

/// `sep=;` in the first line, as Excel understands it.
pub(super) fn declared_in_file(text: &str) -> Option<u8> {
    let line = text.lines().next()?.trim_matches(|c| c == '\r' || c == '"');
    match line.as_bytes() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter] if delimiter.is_ascii() => Some(*delimiter),
        _ => None,
    }
}

/// The delimiter that cuts the records from line `from` on most alike; none when none does.
pub(super) fn delimiter(text: &str, terminator: Terminator, quote: Option<u8>, from: i64) -> Option<u8> {
    let mut best: Option<((u64, usize), u8)> = None;
    for delimiter in DELIMITERS {
        let Some(score) = evenness(&widths(text, terminator, Dialect { delimiter, quote }, from)) else { continue };
        if best.is_none_or(|(highest, _)| score > highest) {
            best = Some((score, delimiter));
        }
    }
    best.map(|(_, delimiter)| delimiter)
}

/// Cells of each record that is not blank.
fn widths(text: &str, terminator: Terminator, dialect: Dialect, from: i64) -> Vec<usize> {
    let mut records = Records::new(Lines::new(text.as_bytes(), terminator, HEAD_BYTES), dialect, HEAD_BYTES);
    let mut widths = Vec::new();
    while let Ok(Some(item)) = records.read() {
        match item {
            Item::Row(row) if row.line >= from && !row.is_blank() => widths.push(row.len()),
            _ => {}
        }
        if widths.len() >= HEAD_RECORDS {
            break;
        }
    }
    widths
}

/// How evenly records are cut: the share of the commonest width among those that are cut at all, and the share of
/// those among all, in thousandths; then that width.
fn evenness(widths: &[usize]) -> Option<(u64, usize)> {
    let cut: Vec<usize> = widths.iter().copied().filter(|width| *width > 1).collect();
    let (width, rows) = commonest(&cut)?;
    let (rows, cut, all) = (rows as u64, cut.len() as u64, widths.len() as u64);
    let even = rows * 2 >= cut && rows * 10 >= all && (rows >= 2 || all <= 2);
    even.then_some((rows * 1000 / cut + cut * 1000 / all, width))
}

/// The commonest number and how often it occurs; of equally common ones the largest.
fn commonest(numbers: &[usize]) -> Option<(usize, usize)> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for number in numbers {
        *counts.entry(*number).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(number, count)| (*count, *number))
}

/// Finds the header among the first rows (none of them blank): the first about as wide as most rows, whose cells
/// are filled with different texts; else the first of that width.
pub(super) fn header(items: &[Item]) -> Option<usize> {
    let rows: Vec<(usize, &Row)> = items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| match item {
            Item::Row(row) => Some((index, row)),
            _ => None,
        })
        .collect();
    let (mut width, _) = commonest(&rows.iter().map(|(_, row)| row.len()).collect::<Vec<_>>())?;
    let ends_in_delimiter = |row: &Row| row.cells().last().is_some_and(str::is_empty);
    if width > 1 && rows.iter().filter(|(_, row)| row.len() == width).all(|(_, row)| ends_in_delimiter(row)) {
        width -= 1;
    }
    let found = rows.iter().find(|(_, row)| looks_like_header(row, width));
    let found = found.or_else(|| rows.iter().find(|(_, row)| row.len() >= width)).or(rows.first());
    found.map(|(index, _)| *index)
}

/// Whether the row could head a table of that width.
pub(super) fn looks_like_header(row: &Row, width: usize) -> bool {
    let filled: Vec<&str> = row.cells().map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let texts = filled.iter().filter(|cell| cell.contains(char::is_alphabetic)).count();
    let different = filled.iter().collect::<BTreeSet<_>>().len();
    let wide = if row.len() >= width { filled.len() * 3 >= width * 2 } else { filled.len() * 4 >= width * 3 };
    wide && !filled.is_empty() && texts * 5 >= filled.len() * 4 && different * 5 >= filled.len() * 3
}

/// Names of columns: white space put in order, `Kolonna D` where the header is empty, ` (2)` where it came before.
pub(super) fn names<'a>(header: impl Iterator<Item = &'a str>, taken: &[&str]) -> Vec<String> {
    let mut used: BTreeSet<String> = taken.iter().map(|name| (*name).to_owned()).collect();
    let mut names = Vec::new();
    for (index, cell) in header.enumerate() {
        let clean: String = cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
        let base = if clean.is_empty() { format!("Kolonna {}", letters(index)) } else { clean };
        let mut name = base.clone();
        let mut count = 2;
        while !used.insert(name.clone()) {
            name = format!("{base} ({count})");
            count += 1;
        }
        names.push(name);
    }
    names
}

/// `A` for the first column, as Excel names it.
fn letters(mut index: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + (index % 26) as u8));
        if index < 26 {
            return letters.iter().rev().collect();
        }
        index = index / 26 - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_delimiter() {
        for (text, found) in [
            ("a;b\n1;2\n", Some(b';')),
            ("a,b\n1,2\n", Some(b',')),
            ("a\tb,c\n1\t2,5\n", Some(b'\t')),
            ("a|b\n1|2\n3|4\n", Some(b'|')),
            ("Kods;Cena\n1;66,21\n2;7,50\n", Some(b';')),
            ("Kods;Cena,min\n1;66,21\n2;7,50\n", Some(b';')),
            ("Kods,Nosaukums\n1,\"a;b\"\n2,\"c;d\"\n3,\"e;f\"\n", Some(b',')),
            ("Pakalpojumu reģistrs, 2024\n\nKods;Nosaukums;Piezīmes\n1;a, b, c;\n2;d;\n", Some(b';')),
            ("Nosaukums\nViens, divi\nTrīs\nČetri, pieci, seši\n", None),
            ("a;b;c", Some(b';')),
            ("Nosaukums\n", None),
        ] {
            let terminator = terminator(text);
            assert_eq!(delimiter(text, terminator, Some(b'"'), 1).map(char::from), found.map(char::from), "{text}");
        }
    }

    #[test]
    fn finds_line_ends() {
        for (text, found) in [
            ("a\nb\n", Terminator::Lf),
            ("a\r\nb\r\n", Terminator::Lf),
            ("a\rb\r", Terminator::Cr),
            ("a;\"b\nc\"\rd\r", Terminator::Cr),
            ("a;\"b\rc\"\nd\n", Terminator::Lf),
        ] {
            assert_eq!(terminator(text), found, "{text:?}");
        }
    }

    #[test]
    fn names_are_unique() {
        let header = ["Kods", "", " Piezīmes\n par  to", "Kods", "Kods (2)", "_row", ""];
        let names = names(header.into_iter(), &["_row"]);
        assert_eq!(
            names,
            ["Kods", "Kolonna B", "Piezīmes par to", "Kods (2)", "Kods (2) (2)", "_row (2)", "Kolonna G"]
        );
        assert_eq!([letters(25), letters(26), letters(701), letters(702)], ["Z", "AA", "ZZ", "AAA"]);
    }
}
