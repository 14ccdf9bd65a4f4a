//! `report.xlsx`: numbers of cells, and records that they count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use calamine::{Data, DataType as _, Range, Reader as _, Xlsx};
use serde_json::Value;

use super::{Compared, list, text};
use crate::support::Project;

/// Row of the headers.
const TOP: u32 = 6;

/// Asserts that a cell holds a number, or nothing where there is none.
#[track_caller]
fn holds(sheet: &Range<Data>, (row, column): (u32, u32), expected: Option<f64>, place: &str) {
    let found = match sheet.get_value((row, column)) {
        Some(Data::Float(number)) => Some(*number),
        Some(Data::Int(number)) => Some(*number as f64),
        None | Some(Data::Empty) => None,
        other => panic!("{place}: {other:?}"),
    };
    match (found, expected) {
        (Some(found), Some(expected)) => assert!((found - expected).abs() < 5e-9, "{place}: {found} is not {expected}"),
        (found, expected) => assert_eq!(found, expected, "{place}"),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn heads_of(sheet: &Range<Data>) -> Vec<String> {
    let width = sheet.get_size().1 as u32;
    (0..width).map(|c| sheet.get_value((TOP, c)).map(ToString::to_string).unwrap_or_default()).collect()
}

/// Column of a header, not before `from`.
fn column_of(heads: &[String], from: usize, label: &str) -> usize {
    let is = |head: &String| head == label || head.strip_prefix(label).is_some_and(|rest| rest.starts_with(" ("));
    from + heads[from..].iter().position(is).unwrap_or_else(|| panic!("{label} is not among {heads:?}"))
}

/// Compares every sheet of a Latvian report, whose kinds of institutions are labelled by their codes.
pub(super) fn compare(report: &Value, folder: &Path) -> Compared {
    let bytes = fs::read(folder.join("report.xlsx")).unwrap();
    let mut workbook = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
    let names = workbook.sheet_names();
    assert_eq!(names.iter().map(|name| name.to_lowercase()).collect::<BTreeSet<_>>().len(), names.len());
    let (mut tables, mut numbers) = (0, 0);
    for section in list(&report["sections"]) {
        for table in list(&section["tables"]) {
            let sheet = workbook.worksheet_range(text(&table["id"])).unwrap();
            tables += 1;
            let kinds = table["by_kind"].as_object().unwrap();
            let heads = heads_of(&sheet);
            for (row, at) in list(&table["rows"]).zip(TOP + 1..) {
                let place = format!("{} {}", table["id"], row["key"]);
                assert_eq!(sheet.get_value((at, 0)).unwrap().to_string(), text(&row["label"]), "{place}");
                let of_kinds = kinds.iter().map(|(code, kind)| {
                    let column = heads.iter().position(|head| head.starts_with(&format!("{code} ("))).unwrap();
                    let rows = kind["rows"].as_array().unwrap();
                    (column, rows.iter().find(|one| one["key"] == row["key"]).unwrap())
                });
                for (column, one) in std::iter::once((1, row)).chain(of_kinds) {
                    let column = column as u32;
                    holds(&sheet, (at, column), one["count"].as_f64(), &place);
                    holds(&sheet, (at, column + 1), number(&one["percent"]).map(|percent| percent / 100.0), &place);
                    numbers += 2;
                }
            }
        }
        for table in list(&section["measures"]) {
            let sheet = workbook.worksheet_range(text(&table["id"])).unwrap();
            tables += 1;
            let heads = heads_of(&sheet);
            for (row, at) in list(&table["rows"]).zip(TOP + 1..) {
                let mut from = table["heads"].as_array().unwrap().len();
                let cells = list(&row["cells"]);
                for (column, cell) in list(&table["columns"]).zip(cells) {
                    let place = text(&cell["id"]);
                    let found = column_of(&heads, from, text(&column["label"]));
                    from = found + 1;
                    let (kind, unit) = (text(&cell["kind"]), cell["unit"].as_str());
                    let part = match (kind, unit) {
                        ("text", _) => continue,
                        ("share", _) | (_, Some("percent")) => 100.0,
                        ("duration", Some("s")) => 86_400.0,
                        _ => 1.0,
                    };
                    let found = found as u32;
                    holds(&sheet, (at, found), number(&cell["value"]).map(|value| value / part), place);
                    numbers += 1;
                    if kind == "share" && cell.get("of").is_some() {
                        holds(&sheet, (at, found + 1), number(&cell["count"]), place);
                        holds(&sheet, (at, found + 2), number(&cell["of"]), place);
                    }
                }
            }
        }
        for list in list(&section["lists"]) {
            let sheet = workbook.worksheet_range(text(&list["id"])).unwrap();
            tables += 1;
            let rows = list["rows"].as_array().unwrap().len();
            assert_eq!(sheet.get_size().0, TOP as usize + 1 + rows, "{}", list["id"]);
        }
    }
    // A sheet more leads to them, and follow-up questions have theirs.
    assert!(names.len() > tables, "{} sheets of {tables} tables", names.len());
    Compared { tables, numbers }
}

/// Name and conditions of a selector.
fn selector(text: &str) -> (String, Vec<(String, String)>) {
    let (name, conditions) = text.split_once('?').unwrap_or((text, ""));
    let pairs = conditions.split('&').filter_map(|pair| pair.split_once('='));
    let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    (name.to_owned(), pairs.map(|(column, value)| (column.to_owned(), plain(value))).collect())
}

/// Rows of a sheet of records that a selector picks, by their numbers; none where it names what the sheet does not have.
fn picked(sheet: &Range<Data>, heads: &[String], conditions: &[(String, String)]) -> Option<Vec<u32>> {
    let wanted = conditions.iter().filter(|(column, _)| column != "sum");
    let wanted: Option<Vec<(u32, &String)>> =
        wanted.map(|(column, value)| Some((heads.iter().position(|head| head == column)? as u32, value))).collect();
    let wanted = wanted?;
    let cell = |at, column| sheet.get_value((at, column)).map(ToString::to_string).unwrap_or_default();
    let rows = TOP + 1..TOP + 1 + sheet.get_size().0.saturating_sub(TOP as usize + 1) as u32;
    Some(rows.filter(|at| wanted.iter().all(|(column, value)| cell(*at, *column) == **value)).collect())
}

#[test]
fn the_records_behind_a_number_are_as_many_as_it_says() {
    let project = Project::samples_without_pdf();
    project.run(&[]).ends(0);
    let folder = project.path("var/reports/2024-07-08");
    let report: Value = serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap();
    let bytes = fs::read(folder.join("report.xlsx")).unwrap();
    let mut workbook = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
    let names = workbook.sheet_names();
    let sheets: BTreeMap<String, (Range<Data>, Vec<String>)> = names
        .iter()
        .filter_map(|name| name.strip_prefix("ieraksti-"))
        .map(|name| {
            let sheet = workbook.worksheet_range(&format!("ieraksti-{name}")).unwrap();
            let heads = heads_of(&sheet);
            (name.to_owned(), (sheet, heads))
        })
        .collect();
    let mut checked: BTreeMap<String, usize> = BTreeMap::new();
    let mut check = |select: &str, number: f64| {
        let (name, conditions) = selector(select);
        let Some((sheet, heads)) = sheets.get(&name) else { return };
        let Some(rows) = picked(sheet, heads, &conditions) else { return };
        let column = |name: &str| heads.iter().position(|head| head == name).unwrap() as u32;
        let found = match conditions.iter().find(|(column, _)| column == "sum") {
            Some((_, sum)) => rows.iter().filter_map(|at| sheet.get_value((*at, column(sum)))?.as_f64()).sum(),
            None if name == "survey_response" => {
                // Who names two systems has two rows.
                let who = rows.iter().map(|at| sheet.get_value((*at, column("respondent"))).unwrap().to_string());
                who.collect::<BTreeSet<_>>().len() as f64
            }
            None => rows.len() as f64,
        };
        assert!((found - number).abs() < 1e-9, "{select}: {found} rows, {number} in the report");
        *checked.entry(name).or_default() += 1;
    };
    for section in report["sections"].as_array().unwrap() {
        for table in section["tables"].as_array().unwrap() {
            let kinds = table["by_kind"].as_object().unwrap().values();
            for row in std::iter::once(table).chain(kinds).flat_map(|part| part["rows"].as_array().unwrap()) {
                // What was answered unclearly, or not at all, counts in a row without an option of its own.
                if !["none", "unmatched", "no-system", "unclear", "other"].contains(&text(&row["key"])) {
                    check(text(&row["select"]), row["count"].as_f64().unwrap());
                }
            }
        }
        for cell in
            section["measures"].as_array().into_iter().flatten().flat_map(|table| {
                table["rows"].as_array().unwrap().iter().flat_map(|row| row["cells"].as_array().unwrap())
            })
        {
            let number = match text(&cell["kind"]) {
                "count" => number(&cell["value"]),
                "share" => number(&cell["count"]),
                _ => None,
            };
            if let Some(number) = number {
                check(text(&cell["select"]), number);
            }
        }
    }
    let least = [
        ("survey_response", 600),
        ("service", 300),
        ("expected", 100),
        ("readiness", 100),
        ("placement", 50),
        ("technology", 20),
        ("finding", 150),
        ("delivery", 100),
        ("lack", 20),
    ];
    for (name, least) in least {
        assert!(checked.get(name).is_some_and(|count| *count >= least), "{name}: {checked:?}");
    }
}
