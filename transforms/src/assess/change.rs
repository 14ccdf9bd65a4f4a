//! Section 7, change since the previous assessment: its numbers beside those of today, joined by their ids.
//!
//! What is compared is `report.json` as it was written then, or the previous wave of the survey counted anew.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::performance::Style;
use super::report::{Author, Cell, CellKind, Column, MeasureRow, Measures, Report, RowKey, Section, Table, selector};
use super::sentence::upper_first;
use super::survey::date_text;

/// What `report.json` of an earlier assessment says; fields that came later may be missing.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Previous {
    /// Day that it was made for.
    pub as_of: String,
    /// Sections.
    #[serde(default)]
    sections: Vec<OldSection>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct OldSection {
    #[serde(default)]
    tables: Vec<OldTable>,
    #[serde(default)]
    measures: Vec<OldMeasures>,
}

#[derive(Debug, Clone, Deserialize)]
struct OldTable {
    id: String,
    n: u64,
    rows: Vec<OldRow>,
}

#[derive(Debug, Clone, Deserialize)]
struct OldRow {
    key: String,
    label: String,
    count: u64,
    percent: String,
}

#[derive(Debug, Clone, Deserialize)]
struct OldMeasures {
    id: String,
    rows: Vec<OldMeasureRow>,
}

#[derive(Debug, Clone, Deserialize)]
struct OldMeasureRow {
    cells: Vec<OldCell>,
}

#[derive(Debug, Clone, Deserialize)]
struct OldCell {
    id: String,
    value: Option<String>,
}

/// How many parts of one a number has: those of a percentage.
const HUNDREDTHS: u64 = 100;

impl Previous {
    /// Reads `report.json`.
    ///
    /// # Errors
    /// It is no report.
    pub fn read(json: &str) -> serde_json::Result<Self> {
        serde_json::from_str(json)
    }

    /// The same of a report in hand.
    ///
    /// # Errors
    /// None: a report is its own JSON.
    pub fn of(report: &Report) -> serde_json::Result<Self> {
        serde_json::from_value(serde_json::to_value(report)?)
    }

    fn tables(&self) -> BTreeMap<&str, &OldTable> {
        self.sections.iter().flat_map(|section| &section.tables).map(|table| (table.id.as_str(), table)).collect()
    }

    fn cells(&self) -> BTreeMap<&str, &OldCell> {
        let measures = self.sections.iter().flat_map(|section| &section.measures);
        let cells =
            measures.filter(|table| !is_change(&table.id)).flat_map(|table| &table.rows).flat_map(|row| &row.cells);
        cells.map(|cell| (cell.id.as_str(), cell)).collect()
    }

    /// The value that a cell had.
    pub(super) fn value(&self, id: &str) -> Option<String> {
        self.cells().get(id).and_then(|cell| cell.value.clone())
    }
}

fn is_change(id: &str) -> bool {
    id.starts_with("change-")
}

/// The section: a table for each table of the survey that both have, and for each other table whose numbers changed;
/// nothing where the two have nothing in common. `waves`: the two are waves of the survey, named by these days or years.
pub(super) fn sections(current: &[Section], previous: &Previous, since: &str, style: &Style<'_>) -> Vec<Section> {
    let texts = style.texts;
    let old = previous.tables();
    let tables = current.iter().flat_map(|section| &section.tables);
    let survey: Vec<Measures> =
        tables.filter_map(|table| Some(of_table(table, old.get(table.id.as_str())?, previous, style))).collect();
    let cells = previous.cells();
    let (mut others, mut same) = (Vec::new(), 0_u64);
    for table in current.iter().flat_map(|section| &section.measures) {
        let (changed, unchanged) = of_measures(table, &cells, previous, style);
        same += unchanged;
        others.extend(changed);
    }
    if survey.is_empty() && others.is_empty() && same == 0 {
        return Vec::new();
    }
    let day = date_text(&previous.as_of, texts);
    let head = Section {
        id: "change".to_owned(),
        number: Some("7".to_owned()),
        title: texts.get("change-title", &[]),
        paragraphs: vec![texts.get(&format!("change-{since}"), &[("day", &day)]), texts.get("change-text", &[])],
        ..Section::default()
    };
    let chapter = |id: &str, number: &str, measures: Vec<Measures>, text: String| Section {
        id: format!("change-{id}"),
        number: Some(number.to_owned()),
        title: texts.get(&format!("change-{id}-title"), &[]),
        paragraphs: vec![text],
        measures,
        ..Section::default()
    };
    let mut sections = vec![head];
    if !survey.is_empty() {
        sections.push(chapter("survey", "7.1", survey, texts.get("change-survey-text", &[])));
    }
    if !others.is_empty() || same > 0 {
        let number = if sections.len() > 1 { "7.2" } else { "7.1" };
        sections.push(chapter("other", number, others, texts.count("change-other-text", &[("count", same)])));
    }
    sections
}

/// Hundredths of a decimal with at most two places.
fn hundredths(text: &str) -> Option<i64> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let rest: i64 = format!("{rest:0<2}").get(..2)?.parse().ok()?;
    Some(sign * (whole.parse::<i64>().ok()?.checked_mul(100)? + rest))
}

fn empty(id: String, title: &str, heads: Vec<String>, columns: &[&str], style: &Style<'_>) -> Measures {
    let label = |key: &&str| style.texts.get(&format!("measure-{}", key.replace('_', "-")), &[]);
    Measures {
        id,
        title: title.to_owned(),
        mark: None,
        sentence: None,
        author: Author::Draft,
        note: None,
        heads,
        columns: columns.iter().map(|key| Column { key: (*key).to_owned(), label: label(key) }).collect(),
        rows: Vec::new(),
        shown: usize::MAX,
        drawn: None,
    }
}

fn before(previous: &Previous, id: &str) -> String {
    selector("report", &[("as_of", &previous.as_of), ("id", id)])
}

/// Answers then and now, in the order of today's; those that nobody gives any more at the end.
fn of_table(table: &Table, old: &OldTable, previous: &Previous, style: &Style<'_>) -> Measures {
    let texts = style.texts;
    let columns = ["before_share", "now_share", "change_points"];
    let mut made =
        empty(format!("change-{}", table.id), &table.caption, vec![texts.get("report-answer", &[])], &columns, style);
    let today = table.rows.iter().map(|row| (row.key.as_str(), row.label.as_str()));
    let gone = old.rows.iter().filter(|row| !table.rows.iter().any(|now| now.key == row.key));
    let mut largest: Option<(i64, String)> = None;
    for (key, label) in today.chain(gone.map(|row| (row.key.as_str(), row.label.as_str()))) {
        let now = table.rows.iter().find(|row| row.key == key);
        let then = old.rows.iter().find(|row| row.key == key);
        let points = |percent: Option<&str>| percent.map_or(Some(0), hundredths);
        let change = match (points(now.map(|row| row.percent.as_str())), points(then.map(|row| row.percent.as_str()))) {
            (Some(now), Some(then)) if table.n > 0 && old.n > 0 => Some(now - then),
            _ => None,
        };
        let of_table = format!("{}/{key}", table.id);
        let id = |column: &str| format!("{}/{key}/{column}", made.id);
        let cells = vec![
            Cell {
                id: id("before_share"),
                select: before(previous, &of_table),
                ..style.share(then.map_or(0, |row| row.count), old.n)
            },
            Cell {
                id: id("now_share"),
                select: now.map(|row| row.select.clone()).unwrap_or_default(),
                ..style.share(now.map_or(0, |row| row.count), table.n)
            },
            Cell { id: id("change_points"), ..style.number(change, HUNDREDTHS, true) },
        ];
        if let Some(change) = change.filter(|_| !RowKey::ALL.iter().any(|rest| rest.code() == key))
            && largest.as_ref().is_none_or(|(most, _)| change.unsigned_abs() > most.unsigned_abs())
        {
            largest = Some((change, label.to_owned()));
        }
        made.rows.push(MeasureRow { key: key.to_owned(), labels: vec![label.to_owned()], cells });
    }
    made.sentence = largest.map(|(change, label)| {
        let id = match change {
            0 => "conclusion-change-none",
            more if more > 0 => "conclusion-change-more",
            _ => "conclusion-change-less",
        };
        let points = style.number(Some(change.abs()), HUNDREDTHS, false).text;
        upper_first(&texts.get(id, &[("label", &label), ("points", &points)]))
    });
    made
}

/// The numbers that are not what they were, and how many are.
fn of_measures(
    table: &Measures,
    cells: &BTreeMap<&str, &OldCell>,
    previous: &Previous,
    style: &Style<'_>,
) -> (Option<Measures>, u64) {
    let mut heads = table.heads.clone();
    heads.push(style.texts.get("head-measure", &[]));
    let mut made = empty(format!("change-{}", table.id), &table.title, heads, &["before", "now", "change"], style);
    made.shown = 20;
    let mut same = 0;
    for row in &table.rows {
        for (column, cell) in table.columns.iter().zip(&row.cells) {
            let Some(old) = cells.get(cell.id.as_str()) else { continue };
            if old.value == cell.value {
                same += 1;
                continue;
            }
            let key = format!("{}/{}", row.key, column.key);
            let id = |column: &str| format!("{}/{key}/{column}", made.id);
            let then = Cell {
                kind: cell.kind,
                unit: cell.unit,
                text: old.value.as_deref().map_or_else(|| "–".to_owned(), |value| style.shown(value, cell)),
                value: old.value.clone(),
                ..Cell::default()
            };
            let is_number =
                matches!(cell.kind, CellKind::Count | CellKind::Share | CellKind::Number | CellKind::Duration);
            let change = old.value.as_deref().zip(cell.value.as_deref()).filter(|_| is_number);
            let change = change.and_then(|(old, now)| Some(hundredths(now)? - hundredths(old)?));
            let mut difference = style.difference(change, cell);
            difference.id = id("change");
            let mut labels = row.labels.clone();
            labels.push(column.label.clone());
            let cells = vec![
                Cell { id: id("before"), select: before(previous, &cell.id), ..then },
                Cell { id: id("now"), ..cell.clone() },
                difference,
            ];
            made.rows.push(MeasureRow { key, labels, cells });
        }
    }
    ((!made.rows.is_empty()).then_some(made), same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_in_hundredths() {
        for (text, number) in [
            ("66.21", Some(6621)),
            ("5", Some(500)),
            ("-0.5", Some(-50)),
            ("12.345", Some(1234)),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(hundredths(text), number, "{text}");
        }
    }
}
