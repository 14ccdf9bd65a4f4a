//! `report.xlsx` says what `report.json` says, number by number.

use std::collections::BTreeSet;
use std::fs;

use calamine::{Data, Range, Reader as _, Xlsx};
use serde_json::Value;

use crate::support::Project;

/// Row of the headers.
const TOP: u32 = 6;

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

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

#[test]
fn the_workbook_says_what_the_report_says() {
    let project = Project::samples_without_pdf();
    project.run(&[]).ends(0);
    let folder = project.path("var/reports/2024-07-08");
    let report: Value = serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap();
    let bytes = fs::read(folder.join("report.xlsx")).unwrap();
    let mut workbook = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
    let names = workbook.sheet_names();
    assert_eq!(names.iter().map(|name| name.to_lowercase()).collect::<BTreeSet<_>>().len(), names.len());
    let (mut tables, mut numbers) = (0, 0);
    for section in report["sections"].as_array().unwrap() {
        for table in section["tables"].as_array().unwrap() {
            let sheet = workbook.worksheet_range(text(&table["id"])).unwrap();
            tables += 1;
            let kinds = table["by_kind"].as_object().unwrap();
            let heads = heads_of(&sheet);
            for (row, at) in table["rows"].as_array().unwrap().iter().zip(TOP + 1..) {
                let place = format!("{} {}", table["id"], row["key"]);
                assert_eq!(sheet.get_value((at, 0)).unwrap().to_string(), text(&row["label"]), "{place}");
                // Labels of kinds are their codes in Latvian.
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
        for table in section["measures"].as_array().into_iter().flatten() {
            let sheet = workbook.worksheet_range(text(&table["id"])).unwrap();
            tables += 1;
            let heads = heads_of(&sheet);
            for (row, at) in table["rows"].as_array().unwrap().iter().zip(TOP + 1..) {
                let mut from = table["heads"].as_array().unwrap().len();
                let cells = row["cells"].as_array().unwrap();
                for (column, cell) in table["columns"].as_array().unwrap().iter().zip(cells) {
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
        for list in section["lists"].as_array().into_iter().flatten() {
            let sheet = workbook.worksheet_range(text(&list["id"])).unwrap();
            tables += 1;
            let rows = list["rows"].as_array().unwrap().len();
            assert_eq!(sheet.get_size().0, TOP as usize + 1 + rows, "{}", list["id"]);
        }
    }
    assert!(tables > 60 && numbers > 3_000, "{tables} tables, {numbers} numbers");
    // A sheet more leads to them, and follow-up questions have theirs.
    assert!(names.len() > tables, "{} sheets of {tables} tables", names.len());
}
