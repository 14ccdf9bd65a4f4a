//! Working time: `config/codelists/holidays.csv` and `[working_time]` of `vienkop.toml`.
//!
//! The list of days is no code list, though it lies among them: its labels repeat, and a day is looked up, not a text.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use vienkop_transforms::status::calendar::{DayKind, SpecialDay, WorkingCalendar, WorkingHours, YEARS};

use super::Loaded;
use super::codelists::Lines;
use super::fields::Reporter;
use super::problem::{Problem, Sentence, known};
use super::settings::{Vienkop, WorkingTime};

/// Name of the list: the file's name without its ending.
pub(super) const NAME: &str = "holidays";

const HEADER: [&str; 5] = ["date", "kind", "label_lv", "label_en", "source"];

const KINDS: [(&str, DayKind); 2] = [("brīvdiena", DayKind::Off), ("darbdiena", DayKind::Working)];

/// Reads the list of days; every mistake is told at its line.
pub(super) fn read(file: &str, text: &str) -> (Vec<SpecialDay>, Vec<Problem>) {
    let mut lines = Lines::new(file, text);
    let Some(records) = lines.records() else { return (Vec::new(), lines.problems) };
    let Some((header, rows)) = records.split_first() else {
        return (Vec::new(), vec![Problem::whole(file, Sentence::new("config-csv-empty"))]);
    };
    if !lines.check_header(&HEADER, header) {
        return (Vec::new(), lines.problems);
    }
    let mut days = Vec::new();
    let mut seen = BTreeSet::new();
    for row in rows {
        if !lines.check_cells(header, row) {
            continue;
        }
        let cell = |index: usize| row.get(index).unwrap_or_default().trim();
        let (day, kind) = (cell(0), cell(1));
        let date = parse_day(day);
        match date {
            None => lines.tell(row, Some(day), Sentence::new("config-day").arg("value", day), None),
            Some(date) if !YEARS.contains(&date.year()) => {
                let sentence = Sentence::new("config-calendar-year")
                    .arg("value", day)
                    .arg("from", YEARS.start().to_string())
                    .arg("to", YEARS.end().to_string());
                lines.tell(row, Some(day), sentence, None);
            }
            Some(date) if !seen.insert(date) => {
                let hint = Sentence::new("config-hint-calendar-twice");
                lines.tell(row, Some(day), Sentence::new("config-calendar-twice").arg("value", day), Some(hint));
            }
            Some(_) => {}
        }
        let Some((_, known_kind)) = KINDS.iter().find(|(name, _)| *name == kind) else {
            let hint = known(kind, KINDS.map(|(name, _)| name));
            // An empty cell has no place of its own: the row is meant.
            lines.tell(row, Some(kind), Sentence::new("config-wrong-choice").arg("value", kind), hint);
            continue;
        };
        let Some(date) = date else { continue };
        if *known_kind == DayKind::Working && !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
            let hint = Sentence::new("config-hint-calendar-weekday");
            lines.tell(row, Some(day), Sentence::new("config-calendar-weekday").arg("value", day), Some(hint));
        }
        days.push(SpecialDay { date, kind: *known_kind });
    }
    (days, lines.problems)
}

/// `2024-06-24` and nothing else: the library understands `20240624` too, which Excel makes a number of.
fn parse_day(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|date| date.to_string() == text)
}

fn parse_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

fn hours(times: &WorkingTime) -> Option<WorkingHours> {
    WorkingHours::new(parse_time(&times.from)?, parse_time(&times.to)?)
}

/// Checks that the working day ends after it begins.
pub(super) fn check(loaded: &Loaded<Vienkop>) -> Vec<Problem> {
    let (Some(vienkop), Some(document), true) = (&loaded.item, &loaded.document, loaded.whole) else {
        return Vec::new();
    };
    let mut reporter = Reporter::new(document);
    if hours(&vienkop.working_time).is_none() {
        let sentence = Sentence::new("config-working-time")
            .arg("from", &vienkop.working_time.from)
            .arg("to", &vienkop.working_time.to);
        let given = |option: &str| document.value.pointer(&format!("/working_time/{option}")).is_some();
        let option = if given("to") { "to" } else { "from" };
        reporter.value(&["working_time", option], sentence, None);
    }
    reporter.into_problems()
}

/// The calendar of a configuration that was checked.
pub(super) fn make(vienkop: &Vienkop, days: &[SpecialDay]) -> WorkingCalendar {
    let zone = TimeZone::get(&vienkop.time_zone).unwrap_or(TimeZone::UTC);
    WorkingCalendar::new(days, hours(&vienkop.working_time).unwrap_or_default(), &zone)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::BTreeMap;

    use jiff::civil::date;
    use vienkop_transforms::texts::Language;

    use super::super::problem::Problems;
    use super::super::texts::Catalogue;
    use super::super::{Config, ConfigError};
    use super::*;

    /// What is told of a list with these lines below the header: `line:column message (hint)`.
    fn told(lines: &str) -> Vec<String> {
        let file = "config/codelists/holidays.csv".to_owned();
        let text = format!("date,kind,label_lv,label_en,source\n{lines}");
        let (_, problems) = read(&file, &text);
        let sources = BTreeMap::from([(file, text)]);
        let problems = Problems::new(problems, sources, Catalogue::built_in().unwrap(), Language::En);
        let place = |place: Option<usize>| place.unwrap_or_default();
        let told = problems.told(None).into_iter();
        told.map(|told| {
            let hint = told.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
            format!("{}:{} {}{hint}", place(told.line), place(told.column), told.message)
        })
        .collect()
    }

    #[test]
    fn tells_every_mistake_with_its_line() {
        for (lines, expected) in [
            ("2024-06-24,brīvdiena,Jāņi,,\n2024-12-14,darbdiena,,,\n", &[][..]),
            ("24.06.2024.,brīvdiena,,,\n", &["2:1 \"24.06.2024.\" is not a day written as 2024-06-17"]),
            ("20240624,brīvdiena,,,\n", &["2:1 \"20240624\" is not a day written as 2024-06-17"]),
            ("2024-02-30,brīvdiena,,,\n", &["2:1 \"2024-02-30\" is not a day written as 2024-06-17"]),
            ("1024-06-24,brīvdiena,,,\n", &["2:1 the day 1024-06-24 is not in the years 1990 to 2100"]),
            ("2024-06-24,brivdiena,,,\n", &["2:12 \"brivdiena\" does not fit here (perhaps: brīvdiena)"]),
            ("2024-06-24,,,,\n", &["2:1 \"\" does not fit here (known: brīvdiena, darbdiena)"]),
            (
                "2024-06-24,brīvdiena,,,\n2024-06-23,brīvdiena,,,\n2024-06-24,brīvdiena,Jāņi,,\n",
                &["4:1 the day 2024-06-24 occurs twice (name both reasons in one line)"],
            ),
            (
                "2024-12-13,darbdiena,,,\n",
                &[
                    "2:1 2024-12-13 is worked anyway: only a Saturday or Sunday becomes a working day (what is moved has two lines: the day off with \"brīvdiena\", the day worked instead with \"darbdiena\")",
                ],
            ),
            ("2024-06-24,brīvdiena\n", &["2:1 2 cells, the first line has 5"]),
        ] {
            assert_eq!(told(lines), expected, "{lines}");
        }
    }

    #[test]
    fn the_hours_are_checked() {
        for (hours, expected) in [
            ("from = \"08:30\"", &[][..]),
            ("from = \"18:00\"", &["2:8 the working day has to end (\"17:00\") after it begins (\"18:00\")"]),
            (
                "from = \"10:00\"\nto = \"10:00\"",
                &["3:6 the working day has to end (\"10:00\") after it begins (\"10:00\")"],
            ),
            ("to = \"9:00\"", &["2:6 \"9:00\" does not match ^([01][0-9]|2[0-3]):[0-5][0-9]$"]),
            ("til = \"10:00\"", &["2:1 unknown key \"til\""]),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let dir = folder.path().join("config");
            fs_err::create_dir_all(&dir).unwrap();
            fs_err::write(dir.join("vienkop.toml"), format!("[working_time]\n{hours}\n")).unwrap();
            let Err(ConfigError::Problems(problems)) = Config::load(&dir) else { panic!("no code lists are there") };
            let told = problems.told(Some(Language::En)).into_iter().filter(|told| told.file == "config/vienkop.toml");
            let told: Vec<String> = told
                .map(|told| {
                    let (line, column) = (told.line.unwrap_or_default(), told.column.unwrap_or_default());
                    format!("{line}:{column} {}", told.message)
                })
                .collect();
            assert_eq!(told, expected, "{hours}");
        }
    }

    #[test]
    fn the_header_is_checked() {
        let (_, problems) = read("holidays.csv", "code,label_lv,label_en,aliases\n");
        assert_eq!(problems.len(), 1);
        let (_, problems) = read("holidays.csv", "");
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn the_list_of_this_repository() {
        let text = include_str!("../../../config/codelists/holidays.csv");
        let (days, problems) = read("holidays.csv", text);
        assert_eq!(problems, []);
        let calendar = make(&Vienkop::default(), &days);
        assert_eq!(*calendar.known_years(), (2016..=2027).collect());
        for (day, worked) in [
            (date(2018, 9, 24), false),
            (date(2023, 5, 29), false),
            (date(2024, 12, 14), true),
            (date(2024, 12, 23), false),
            (date(2025, 5, 5), false),
            (date(2025, 5, 6), true),
        ] {
            assert_eq!(calendar.is_working_day(day), worked, "{day}");
        }
        // Every working day moved has a day off, so a year has as many working days as without the moves.
        let moved = |kind: &str| text.lines().filter(|line| line.contains(kind) && line.contains("pārcelta")).count();
        assert_eq!(moved(",brīvdiena,"), moved(",darbdiena,"));
    }
}
