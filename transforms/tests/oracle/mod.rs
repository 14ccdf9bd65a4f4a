//! An independent, slow, obvious computation of timelines, and requests to try it on.
//!
//! Nothing here is shared with the program but the names of columns: order, durations and working time are worked out
//! request by request, day by day. Other tests take [`generate`] for their requests and [`requests::timelines`] for what
//! ought to come of them.
#![allow(dead_code, unused_imports, unreachable_pub, reason = "each test takes a part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::struct_field_names, reason = "fields are named like the columns")]

pub mod calendar;
pub mod generate;
pub mod requests;

use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use vienkop_transforms::codelist::{Code, CodeList, CodeLists};
use vienkop_transforms::status::calendar::{DayKind, SpecialDay, WorkingCalendar, WorkingHours};
use vienkop_transforms::status::timeline::TimelineRules;

pub use generate::generate;

/// The time zone of all tests.
pub fn riga() -> TimeZone {
    TimeZone::get("Europe/Riga").unwrap()
}

/// Lines of `config/codelists/<name>.csv`, the header first.
pub fn lines(name: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../config/codelists/{name}.csv"));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap();
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// The code lists of this repository that timelines go by.
pub fn codelists() -> CodeLists {
    CodeLists::new(["states", "derivations"].map(|name| {
        let lines = lines(name);
        let (header, rows) = lines.split_first().unwrap();
        let code = |row: &Vec<String>| Code {
            code: row[0].clone(),
            label_lv: row[1].clone(),
            label_en: row[2].clone(),
            aliases: Vec::new(),
            extra: header.iter().cloned().zip(row.iter().cloned()).skip(4).collect(),
        };
        CodeList::new(name, rows.iter().map(code).collect()).0
    }))
}

/// The calendar of this repository: its holidays, 9 to 17.
pub fn working_calendar() -> WorkingCalendar {
    let day = |row: &Vec<String>| SpecialDay {
        date: row[0].parse().unwrap(),
        kind: if row[1] == "darbdiena" { DayKind::Working } else { DayKind::Off },
    };
    let days: Vec<SpecialDay> = lines("holidays").iter().skip(1).map(day).collect();
    WorkingCalendar::new(&days, WorkingHours::default(), &riga())
}

/// What the program goes by.
pub fn rules() -> TimelineRules {
    TimelineRules::new(&codelists(), Arc::new(working_calendar()))
}
