//! Every form of the report says what `report.json` says, number by number.
//!
//! The page is read in the browser that shows it, so no parser of our tests' own stands between: what counts is the DOM
//! that people see. Texts are worked out here from the values, not by the program's own functions.

mod page;
mod tables;
mod workbook;

use std::fs;

use serde_json::Value;

use crate::support::Project;

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// What was compared, so that nobody takes nothing for agreement.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    tables: usize,
    numbers: usize,
}

#[test]
fn every_form_says_what_the_report_says() {
    let project = Project::samples_without_pdf();
    project.run(&["--lang", "lv"]).ends(0);
    project.vienkop(&["assess", "--as-of", "2025-07-01", "--previous", "2024-07-08", "--lang", "en"]).ends(0);
    for (day, comma) in [("2024-07-08", true), ("2025-07-01", false)] {
        let folder = project.path("var/reports").join(day);
        let report: Value = serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap();
        if comma {
            let compared = workbook::compare(&report, &folder);
            assert!(compared.tables > 60 && compared.numbers > 3_000, "workbook of {day}: {compared:?}");
        }
        let compared = page::compare(&report, &folder, comma);
        assert!(compared.tables > 60 && compared.numbers > 6_000, "page of {day}: {compared:?}");
        let compared = tables::compare(&report, &folder, comma);
        assert!(compared.tables > 60 && compared.numbers > 6_000, "CSV of {day}: {compared:?}");
    }
}

/// Hours of a time as people read it: `3 d 4 h`, `25 min`, `22,8 darba d.` (of eight hours).
pub(crate) fn hours(shown: &str) -> f64 {
    parts(shown).iter().map(|(number, unit)| number * length(unit)).sum()
}

/// Numbers of a time with their units.
fn parts(shown: &str) -> Vec<(f64, String)> {
    let mut parts: Vec<(f64, String)> = Vec::new();
    for word in shown.split_whitespace() {
        match (word.replace(',', ".").parse(), parts.last_mut()) {
            (Ok(number), _) => parts.push((number, String::new())),
            (Err(_), Some((_, unit))) => unit.push_str(word),
            (Err(_), None) => panic!("{shown} is no time"),
        }
    }
    parts
}

fn length(unit: &str) -> f64 {
    match unit {
        "d" => 24.0,
        "h" => 1.0,
        "min" => 1.0 / 60.0,
        "s" => 1.0 / 3600.0,
        "darbad." | "workingd" | "workingdays" => 8.0,
        _ => panic!("{unit} is no unit of time"),
    }
}

/// Whether a time says what its value says: to a tenth where it has a decimal, else to the next smaller unit.
fn same_time(shown: &str, value: f64, unit: &str) -> bool {
    let seconds = match unit {
        "s" | "working s" => value,
        "d" => value * 86_400.0,
        "working d" => value * 28_800.0,
        _ => panic!("{unit} is no unit of a value"),
    };
    let parts = parts(shown);
    let (_, unit) = &parts[0];
    // `6,0 d` is rounded, `3 d 4 h` cut.
    let least = match unit.as_str() {
        unit if shown.split_whitespace().next().unwrap().contains([',', '.']) => 0.051 * length(unit) * 3600.0,
        "d" => 3600.0,
        "h" | "min" => 60.0,
        _ => 1.0,
    };
    (hours(shown) * 3600.0 - seconds).abs() <= least
}
