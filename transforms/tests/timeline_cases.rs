//! Timelines of single requests, as people read them: events in, steps and durations and findings out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod oracle;

use jiff::Timestamp;
use jiff::civil::DateTime;
use polars::prelude::*;
use vienkop_transforms::finding::Finding;
use vienkop_transforms::status::tables::time;
use vienkop_transforms::status::timeline::{holidays_unknown, timelines};

/// Events of one request, a line each: `2024-06-03 09:00 iesniegts #1`. Without a clock only the day is known, without
/// seconds the minute; `#1` is the number in the source, `(teksts)` the state's text there.
fn events(lines: &[&str]) -> DataFrame {
    let zone = oracle::riga();
    let mut columns: Vec<Vec<Option<String>>> = vec![Vec::new(); 5];
    let (mut seq, mut at) = (Vec::new(), Vec::new());
    for line in lines {
        let (line, raw) = line.split_once(" (").map_or((*line, None), |(line, raw)| (line, raw.strip_suffix(')')));
        let (line, number) = line.split_once(" #").map_or((line, None), |(line, number)| (line, Some(number)));
        let (day, rest) = line.split_once(' ').unwrap();
        let (clock, state) = match rest.split_once(' ') {
            Some((clock, state)) if clock.contains(':') => (Some(clock), state),
            _ => (None, rest),
        };
        let precision = match clock {
            None => "day",
            Some(clock) if clock.len() > 5 => "second",
            Some(_) => "minute",
        };
        let local: DateTime = format!("{day}T{}", clock.unwrap_or("00:00")).parse().unwrap();
        let raw_time = clock.map_or_else(|| day.to_owned(), |clock| format!("{day} {clock}"));
        at.push(zone.to_timestamp(local).unwrap().as_microsecond());
        seq.push(number.map(|number| number.parse::<i64>().unwrap()));
        let raw = raw.unwrap_or(state);
        for (column, text) in columns.iter_mut().zip([state, raw, &raw_time, precision, "source_log"]) {
            column.push(Some(text.to_owned()));
        }
    }
    let rows = lines.len();
    let mut columns = columns.into_iter();
    let mut text = |name: &str| Column::new(name.into(), columns.next().unwrap());
    let same = |name: &str, value: &str| Column::new(name.into(), vec![value; rows]);
    let none = |name: &str, dtype: DataType| Column::full_null(name.into(), rows, &dtype);
    let all = vec![
        Column::new("bucket".into(), vec![7_i32; rows]),
        same("institution_reg_no", "90000000001"),
        same("request_no", "2024/1"),
        none("event_id", DataType::String),
        Column::new("seq".into(), seq),
        text("state"),
        text("state_raw"),
        Column::new("at".into(), at).cast(&time()).unwrap(),
        text("at_raw"),
        text("precision"),
        none("step_no", DataType::String),
        none("actor_role", DataType::String),
        text("derivation"),
        Column::new("landed".into(), vec![3_i64; rows]),
        same("sheet", "Notikumi"),
        Column::new("row".into(), (0..rows).map(|row| row as i64 + 2).collect::<Vec<_>>()),
        none("part", DataType::Int64),
    ];
    DataFrame::new(rows, all).unwrap()
}

/// What the request itself says, beside its key.
#[derive(Default, Clone, Copy)]
struct Delivered {
    result: Option<&'static str>,
    state: Option<&'static str>,
    due_at: Option<&'static str>,
    submitted_at: Option<&'static str>,
    closed_at: Option<&'static str>,
}

fn request(delivered: Delivered) -> DataFrame {
    let text = |name: &str, value: Option<&str>| Column::new(name.into(), vec![value]);
    let columns = vec![
        Column::new("bucket".into(), vec![7_i32]),
        text("institution_reg_no", Some("90000000001")),
        text("request_no", Some("2024/1")),
        text("kind", Some("pakalpojuma pieprasījums")),
        text("service_code", Some("P-1")),
        text("channel", None),
        text("applicant_kind", None),
        text("result", delivered.result),
        text("state", delivered.state),
        text("due_at", delivered.due_at),
        text("submitted_at", delivered.submitted_at),
        text("closed_at", delivered.closed_at),
    ];
    DataFrame::new(1, columns).unwrap()
}

/// Seconds as people read them.
fn span(seconds: i64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", rest / 3600, rest % 3600 / 60, rest % 60);
    if days == 0 { clock } else { format!("{days}d {clock}") }
}

fn cell(frame: &DataFrame, column: &str, row: usize) -> String {
    let value = frame.column(column).unwrap().get(row).unwrap();
    let seconds = column.ends_with("_seconds");
    match value {
        AnyValue::Null => "-".to_owned(),
        AnyValue::Datetime(at, ..) | AnyValue::DatetimeOwned(at, ..) => {
            let local = Timestamp::from_microsecond(at).unwrap().to_zoned(oracle::riga());
            local.strftime("%Y-%m-%d %H:%M:%S").to_string()
        }
        AnyValue::Int64(seconds_of) if seconds => span(seconds_of),
        AnyValue::String(text) => text.to_owned(),
        AnyValue::StringOwned(text) => text.to_string(),
        other => other.to_string(),
    }
}

/// Lines of cells, the columns under one another.
fn table(rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> =
        (0..rows[0].len()).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap()).collect();
    let padded = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(padded).collect()
}

fn told(finding: &Finding) -> String {
    let part = |name: &str, value: &Option<String>| {
        value.as_ref().map(|value| format!(", {name}: {value}")).unwrap_or_default()
    };
    let place = finding.row.map(|row| format!(" {}!{row}", finding.sheet.as_deref().unwrap_or("-")));
    format!(
        "{} {}{}{}{}\n",
        finding.code,
        finding.record_key.as_deref().unwrap_or("-"),
        place.unwrap_or_default(),
        part("value", &finding.value),
        part("expected", &finding.expected)
    )
}

/// What comes of a request: the columns that say something, the steps, the findings.
fn shown(lines: &[&str], delivered: Delivered) -> String {
    let (events, request) = (events(lines), request(delivered));
    let found = timelines(&events, &request, &oracle::rules()).unwrap();
    let mut out = String::new();
    let idle = ["-", "0", "00:00:00"];
    let of_request = found.requests.columns().iter().skip(6).map(|column| column.name().as_str());
    for column in of_request {
        let value = cell(&found.requests, column, 0);
        if !idle.contains(&value.as_str()) {
            out.push_str(&format!("{column}: {value}\n"));
        }
    }
    if found.steps.height() > 0 {
        let columns = [
            "ordinal",
            "state",
            "visit",
            "counted",
            "precision",
            "from_at",
            "to_at",
            "elapsed_seconds",
            "working_seconds",
            "to_close_seconds",
        ];
        let mut rows = vec![columns.map(|name| name.trim_end_matches("_seconds").to_owned()).to_vec()];
        rows.extend((0..found.steps.height()).map(|row| columns.map(|name| cell(&found.steps, name, row)).to_vec()));
        out.push_str(&table(&rows));
    }
    out.extend(found.findings.iter().chain(&holidays_unknown(&found.unknown_years)).map(told));
    out
}

fn check(name: &str, lines: &[&str]) {
    let text = format!("{}\n---\n{}", lines.join("\n"), shown(lines, Delivered::default()));
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "snapshots/timeline", omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn sequences() {
    for (name, lines) in [
        (
            "simple",
            &[
                "2024-06-03 09:15 iesniegts",
                "2024-06-03 11:00 reģistrēts",
                "2024-06-04 10:00 izpildē",
                "2024-06-10 16:30 lēmums pieņemts",
                "2024-06-11 12:00 pabeigts",
            ][..],
        ),
        (
            "draft_first",
            &[
                "2024-05-20 20:00 melnraksts",
                "2024-05-28 21:30 melnraksts",
                "2024-06-03 22:00 iesniegts",
                "2024-06-05 10:00 atsaukts",
            ],
        ),
        ("draft_only", &["2024-05-20 20:00 melnraksts"]),
        (
            "waiting_and_loops",
            &[
                "2024-06-03 09:00:00 iesniegts",
                "2024-06-03 10:00:00 izpildē",
                "2024-06-04 10:00:00 gaida klientu",
                "2024-06-14 10:00:00 izpildē",
                "2024-06-14 15:00:00 gaida klientu",
                "2024-06-17 15:00:00 gaida trešo pusi",
                "2024-06-18 15:00:00 apturēts",
                "2024-06-19 15:00:00 izpildē",
                "2024-06-20 09:00:30 pabeigts",
            ],
        ),
        (
            "reopened",
            &[
                "2024-06-03 09:00 iesniegts",
                "2024-06-04 09:00 pabeigts",
                "2024-06-10 09:00 atkārtoti atvērts",
                "2024-06-10 09:30 reģistrēts",
                "2024-06-11 09:00 atteikts",
            ],
        ),
        (
            "appeal_after_closing",
            &["2024-06-03 09:00 iesniegts", "2024-06-04 09:00 atteikts", "2024-06-20 09:00 apstrīdēts"],
        ),
        (
            "appeal_and_a_new_decision",
            &[
                "2024-06-03 09:00 iesniegts",
                "2024-06-04 09:00 atteikts",
                "2024-06-20 09:00 apstrīdēts",
                "2024-06-21 09:00 izpildē",
                "2024-07-01 09:00 pabeigts",
            ],
        ),
        ("days_only", &["2024-06-20 iesniegts", "2024-06-21 izpildē", "2024-07-01 pabeigts"]),
        (
            "date_only_mixed_with_exact_on_one_day",
            &["2024-06-03 11:00 iesniegts", "2024-06-03 izpildē", "2024-06-03 10:00 pabeigts"],
        ),
        (
            "date_only_mixed_but_numbered",
            &["2024-06-03 11:00 izpildē #2", "2024-06-03 iesniegts #1", "2024-06-04 10:00 pabeigts #3"],
        ),
        ("closed_at_once", &["2024-06-03 11:00 pabeigts"]),
        ("open", &["2024-06-03 11:00 iesniegts", "2024-06-04 09:00 gaida klientu"]),
        (
            "duplicates_in_the_same_second",
            &[
                "2024-06-03 11:00:07 izpildē (Darbā)",
                "2024-06-03 11:00:07 iesniegts (Jauns)",
                "2024-06-03 11:00:07 iesniegts (Jauns)",
                "2024-06-03 11:00:07 izpildē (Darbā)",
                "2024-06-03 12:00:00 pabeigts",
            ],
        ),
        ("closed_twice", &["2024-06-03 11:00 iesniegts", "2024-06-04 11:00 atteikts", "2024-06-05 11:00 atsaukts"]),
        (
            "goes_on_after_closing",
            &[
                "2024-06-03 11:00 iesniegts",
                "2024-06-04 11:00 pabeigts",
                "2024-06-05 11:00 reģistrēts",
                "2024-06-06 11:00 izpildē",
            ],
        ),
        ("reopened_unclosed", &["2024-06-03 11:00 iesniegts", "2024-06-05 11:00 atkārtoti atvērts"]),
        ("appeal_before_decision", &["2024-06-03 11:00 iesniegts", "2024-06-05 11:00 apstrīdēts"]),
        ("appeal_after_decision", &["2024-06-03 11:00 lēmums pieņemts", "2024-06-05 11:00 apstrīdēts"]),
        (
            "draft_after_submission",
            &["2024-06-03 11:00 iesniegts", "2024-06-04 11:00 melnraksts", "2024-06-05 11:00 pabeigts"],
        ),
        (
            "back_to_submitted",
            &[
                "2024-06-03 11:00 iesniegts",
                "2024-06-04 11:00 izpildē",
                "2024-06-05 11:00 iesniegts",
                "2024-06-05 12:00 reģistrēts",
                "2024-06-06 11:00 izpildē",
            ],
        ),
        (
            "state_that_the_list_lost",
            &["2024-06-03 11:00 iesniegts", "2024-06-04 11:00 sen zudis", "2024-06-05 11:00 pabeigts"],
        ),
        (
            "spring",
            &[
                "2024-03-29 15:00:00 iesniegts",
                "2024-03-31 02:30:00 izpildē",
                "2024-03-31 04:30:00 lēmums pieņemts",
                "2024-04-02 10:00:00 pabeigts",
            ],
        ),
        (
            "autumn",
            &[
                "2024-10-25 15:00:00 iesniegts",
                "2024-10-27 02:30:00 izpildē",
                "2024-10-27 04:30:00 lēmums pieņemts",
                "2024-10-28 10:00:00 pabeigts",
            ],
        ),
        ("moved_working_day", &["2024-12-13 16:00 iesniegts", "2024-12-14 10:00 izpildē", "2024-12-27 10:00 pabeigts"]),
        ("months", &["2024-01-31 iesniegts", "2024-02-29 pabeigts"]),
        ("year_without_holidays", &["2014-12-31 iesniegts", "2015-01-05 pabeigts"]),
    ] {
        check(name, lines);
    }
}

#[test]
fn what_the_request_says_itself() {
    let times = Delivered {
        due_at: Some("2024-06-30T21:00:00Z"),
        submitted_at: Some("2024-06-03T06:00:00Z"),
        closed_at: Some("2024-06-04T06:00:00Z"),
        ..Delivered::default()
    };
    let refused =
        Delivered { state: Some("atteikts"), submitted_at: Some("2024-06-03T06:00:00Z"), ..Delivered::default() };
    let open = Delivered { state: Some("izpildē"), ..Delivered::default() };
    let said = Delivered { result: Some("daļēji piešķirts"), ..times };
    let lines = ["2024-06-05 09:00 iesniegts", "2024-06-06 09:00 atteikts"];
    let mut text = String::new();
    for (name, lines, delivered) in [
        ("no events, times", &[][..], times),
        ("no events, closing state", &[], refused),
        ("no events, open", &[], open),
        ("no events, nothing", &[], Delivered::default()),
        ("events count", &lines, times),
        ("the result delivered counts", &lines, said),
    ] {
        text.push_str(&format!("== {name}\n{}\n", shown(lines, delivered)));
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "snapshots/timeline", omit_expression => true }, {
        insta::assert_snapshot!("delivered", text);
    });
}
