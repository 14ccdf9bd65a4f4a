//! The performance section of a made-up lake in every form.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Unit};
use polars::prelude::*;
use std::collections::BTreeMap;
use vienkop_transforms::assess::pack;
use vienkop_transforms::assess::performance::{self, Names, Style};
use vienkop_transforms::assess::report::{Report, parse_selector};
use vienkop_transforms::codelist::{Code, CodeList, CodeLists};
use vienkop_transforms::status::indicators::{Indicators, Inputs, Query};
use vienkop_transforms::status::tables::{LakeTable, time};

use super::*;

const SERVICES: [(&str, &str, &str); 4] = [
    ("90000000001", "01", "Bērna piedzimšanas pabalsta piešķiršana"),
    ("90000000001", "02", "Deklarētās dzīvesvietas maiņa"),
    ("90000000002", "S-17", "Atļauja koku ciršanai ārpus meža"),
    ("90000000002", "S-18", "<b>Uzziņa</b>"),
];

fn code_list(name: &str) -> CodeList {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/codelists");
    let mut reader = ::csv::Reader::from_path(folder.join(format!("{name}.csv"))).unwrap();
    let header = reader.headers().unwrap().clone();
    let code = |row: ::csv::StringRecord| Code {
        code: row[0].to_owned(),
        label_lv: row[1].to_owned(),
        label_en: row[2].to_owned(),
        aliases: Vec::new(),
        extra: header.iter().zip(&row).skip(4).map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    };
    CodeList::new(name, reader.records().map(|row| code(row.unwrap())).collect()).0
}

fn days(day: Date) -> i32 {
    date(1970, 1, 1).until((Unit::Day, day)).unwrap().get_days()
}

/// Fills the columns that no request here has.
fn lake(frame: &DataFrame, table: LakeTable) -> LazyFrame {
    let schema = table.schema();
    let columns = schema.iter().map(|(name, dtype)| {
        if frame.get_column_names().contains(&name) {
            col(name.clone()).cast(dtype.clone())
        } else {
            lit(NULL).cast(dtype.clone()).alias(name.clone())
        }
    });
    frame.clone().lazy().select(columns.collect::<Vec<_>>())
}

/// Requests of half a year, a few a day, in a fixed pattern.
pub(super) fn indicators(count: i32) -> Indicators {
    Indicators::new(inputs(count), Query::all(date(2024, 7, 1), TimeZone::get("Europe/Riga").unwrap())).unwrap()
}

fn inputs(count: i32) -> Inputs {
    let first = date(2024, 1, 1);
    let numbers: Vec<i32> = (0..count).collect();
    let on = |number: i32| first.checked_add((number * 180 / count.max(1)).days()).unwrap();
    let length = |number: i32| 1 + (number * 7) % 40;
    let closed =
        |number: i32| number % 9 != 0 && on(number).checked_add(length(number).days()).unwrap() < date(2024, 6, 30);
    let ended = |number: i32| closed(number).then(|| days(on(number)) + length(number));
    let of = |number: i32| SERVICES[[0, 0, 0, 1, 1, 2, 3][number as usize % 7]];
    // What the second service reports has no time of the day.
    let precision = |number: i32| if of(number).1 == "02" { "day" } else { "second" };
    let channel = |number: i32| ["e-lietotne", "klātienē iestādē", "e-pasts", "pasts"][number as usize % 4];
    let derivation = |number: i32| if of(number).1 == "02" { "timestamp_column" } else { "source_log" };
    macro_rules! column {
        ($made:expr) => {
            numbers.iter().map(|number| $made(*number)).collect::<Vec<_>>()
        };
    }
    let requests = df!(
        "institution_reg_no" => column!(|n| of(n).0), "request_no" => column!(|n: i32| n.to_string()),
        "kind" => column!(|n| if n % 11 == 10 { "sūdzība" } else { "pakalpojuma pieprasījums" }),
        "service_code" => column!(|n| of(n).1), "channel" => column!(channel), "derivation" => column!(derivation),
        "precision" => column!(precision),
        "state" => column!(|n: i32| if !closed(n) { "izpildē" } else if n % 5 == 0 { "atteikts" } else { "pabeigts" }),
        "closed" => column!(closed),
        "result" => column!(|n: i32| if !closed(n) { None } else if n % 5 == 0 { Some("atteikts") } else { Some("piešķirts") }),
        "submitted_at" => column!(|n| i64::from(days(on(n))) * 86_400_000_000 + 28_800_000_000),
        "submitted_on" => column!(|n| days(on(n))), "closed_on" => column!(ended),
        "elapsed_seconds" => column!(|n| closed(n).then(|| i64::from(length(n)) * 86_400 + i64::from(n % 8) * 3000)),
        "working_seconds" => column!(|n| closed(n).then(|| i64::from(length(n)) * 20_000)),
        "elapsed_days" => column!(|n| closed(n).then(|| length(n))),
        "elapsed_months" => column!(|n| closed(n).then(|| 1 + length(n) / 31)),
        "working_days" => column!(|n| closed(n).then(|| length(n) * 5 / 7)),
        "waiting_seconds" => column!(|n: i32| i64::from(n % 6 == 0) * 200_000),
        "suspended_seconds" => column!(|n: i32| i64::from(n % 16 == 1) * 900_000),
        "waits" => column!(|n: i32| i32::from(n % 6 == 0)), "reopened" => column!(|n: i32| i32::from(n % 17 == 1)),
        "appeals" => column!(|n: i32| i32::from(n % 23 == 1)), "events" => column!(|_: i32| 4),
        "state_since_on" => column!(|n| days(on(n)) + 1),
    )
    .unwrap();
    let requests = requests.lazy().with_column(col("submitted_at").cast(time())).collect().unwrap();
    let states = ["reģistrēts", "izpildē"];
    let stays: Vec<(i32, usize)> = numbers.iter().flat_map(|n| [(*n, 0), (*n, 1)]).collect();
    let left = |n: i32, at: usize| if at == 0 { Some(days(on(n)) + 1) } else { ended(n) };
    macro_rules! stay {
        ($made:expr) => {
            stays.iter().map(|(number, at)| $made(*number, *at)).collect::<Vec<_>>()
        };
    }
    let steps = df!(
        "institution_reg_no" => stay!(|n, _| of(n).0), "service_code" => stay!(|n, _| of(n).1),
        "kind" => stay!(|n, _| if n % 11 == 10 { "sūdzība" } else { "pakalpojuma pieprasījums" }),
        "channel" => stay!(|n, _| channel(n)), "derivation" => stay!(|n, _| derivation(n)),
        "precision" => stay!(|n, _| precision(n)), "state" => stay!(|_, at: usize| states[at]),
        "counted" => stay!(|_, _| true), "to_on" => stay!(left),
        "elapsed_seconds" => stay!(|n, at| left(n, at).map(|_| if at == 0 { 5400 } else { i64::from(length(n)) * 86_400 })),
        "working_seconds" => stay!(|n, at| left(n, at).map(|_| if at == 0 { 5400 } else { i64::from(length(n)) * 20_000 })),
        "closed_on" => stay!(|n, _| ended(n)),
        "to_close_seconds" => stay!(|n, _| closed(n).then(|| i64::from(length(n)) * 86_400)),
    )
    .unwrap();
    let calendar: Vec<i32> = (0..1500).map(|day| days(date(2022, 1, 1)) + day).collect();
    let index: Vec<i32> = (0..1500).map(|day| day * 5 / 7).collect();
    Inputs {
        requests: lake(&requests, LakeTable::RequestTimeline),
        steps: lake(&steps, LakeTable::RequestStep),
        services: services(),
        calendar: df!("day" => calendar, "working_day_index" => index)
            .unwrap()
            .lazy()
            .with_column(col("day").cast(DataType::Date))
            .collect()
            .unwrap(),
        channels: vienkop_transforms::status::indicators::channels(&code_list("channels")).unwrap(),
    }
}

fn services() -> DataFrame {
    df!(
        "owner_reg_no" => SERVICES.map(|service| service.0).to_vec(), "code" => SERVICES.map(|service| service.1).to_vec(),
        "name" => SERVICES.map(|service| service.2).to_vec(),
        "expected_time_value" => ["10", "5", "20", "2"], "expected_time_unit" => ["d", "working d", "d", "h"],
        "statutory_time_value" => [Some("1"), Some("1"), Some("30"), None],
        "statutory_time_unit" => [Some("month"), Some("month"), Some("d"), None],
        "digital_level" => [Some("e-pakalpojums"), Some("klātienē"), None, Some("vienkāršots e-pakalpojums")],
    )
    .unwrap()
}

fn report(language: Language, count: i32) -> Report {
    let institutions = df!("reg_no" => ["90000000001", "90000000002"], "name" => ["Ērgļupes novada pašvaldība", "Zemes un ūdens dienests"]);
    let names = Names::new(&institutions.unwrap(), &services()).unwrap();
    let lists = ["channels", "states", "derivations", "request_kinds", "digital_levels"].map(code_list);
    let texts = texts(language);
    let style = Style { texts: &texts, working_day: 8 * 3600 };
    let sections = performance::sections(&indicators(count), &names, &CodeLists::new(lists), &style).unwrap();
    Report { title: "Pārskats".to_owned(), as_of: "2024-07-01".to_owned(), language, sections }
}

#[test]
fn an_empty_lake_makes_no_section() {
    assert_eq!(report(Language::Lv, 0).sections, []);
}

#[test]
fn the_page_is_whole_and_its_links_lead_somewhere() {
    let report = report(Language::Lv, 300);
    let page = html::render(&report, &texts(Language::Lv), &PLAIN);
    // `VIENKOP_SHOW=folder` leaves the page for a person to look at.
    if let Some(folder) = std::env::var_os("VIENKOP_SHOW") {
        render(&report, &[], &texts(Language::Lv), &ReportFormat::ALL, Path::new(&folder)).unwrap();
    }
    assert!(!page.contains("<b>"), "names are escaped");
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let different: BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(ids.len(), different.len(), "{ids:?}");
    for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(&link), "{link} leads nowhere");
    }
    // What only the day is known of is never told in hours.
    let rows: Vec<&str> = page.split("<tr>").filter_map(|rest| rest.split("</tr>").next()).collect();
    let by_day: Vec<&&str> = rows.iter().filter(|row| row.contains("Deklarētās")).collect();
    assert!(by_day.iter().any(|row| row.contains(",7\u{a0}d<")), "{by_day:?}");
    for row in by_day {
        assert!(!row.contains("\u{a0}h<") && !row.contains("\u{a0}min<"), "{row}");
    }
}

#[test]
fn numbers_have_ids_and_selectors_of_their_own() {
    let report = report(Language::En, 300);
    let cells = || {
        let tables = report.sections.iter().flat_map(|section| &section.measures);
        tables.flat_map(|table| &table.rows).flat_map(|row| &row.cells)
    };
    let ids: BTreeSet<&str> = cells().map(|cell| cell.id.as_str()).collect();
    assert_eq!(ids.len(), cells().count());
    assert!(
        cells().all(
            |cell| cell.select.starts_with("request_timeline?measure=") || cell.select.starts_with("request_step?")
        )
    );
    for table in report.sections.iter().flat_map(|section| &section.measures) {
        assert!(pack::TABLES.contains(&table.id.as_str()), "explain and analysts' texts do not know {}", table.id);
    }
    let texts = texts(Language::En);
    for label in report.sections.iter().flat_map(|section| &section.measures).flat_map(|table| {
        let columns = table.columns.iter().map(|column| &column.label);
        columns.chain(&table.heads).chain(table.rows.iter().flat_map(|row| &row.labels)).chain([&table.title])
    }) {
        let missing = ["measure-", "table-", "head-", "performance-"].iter().any(|id| label.starts_with(id));
        assert!(!missing && !texts.has(label), "{label} is no text");
    }
}

#[test]
fn numbers_are_what_their_selectors_find() {
    let texts = texts(Language::Lv);
    let style = Style { texts: &texts, working_day: 8 * 3600 };
    let report = report(Language::Lv, 300);
    let measured = indicators(300);
    let (mut counted, mut timed, mut left) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
    for cell in report.sections.iter().flat_map(|s| &s.measures).flat_map(|t| &t.rows).flat_map(|row| &row.cells) {
        let (query, parameters) = parse_selector(&cell.select);
        let table = if query == "request_step" { LakeTable::RequestStep } else { LakeTable::RequestTimeline };
        let measure = format!("{query} {}", parameters[0].1);
        let behind = performance::behind(&measured, table, &parameters).unwrap();
        match behind {
            None => drop(left.insert(measure)),
            Some(performance::Behind { rows, time: None }) => {
                let count = cell.count.as_ref().or(cell.value.as_ref()).unwrap();
                assert_eq!(*count, rows.height().to_string(), "{} {}", cell.id, cell.select);
                counted.insert(measure);
            }
            Some(performance::Behind { rows, time: Some(time) }) => {
                assert_eq!(style.time(&time), cell.text, "{} {}", cell.id, cell.select);
                assert_eq!(time.seconds.is_none(), cell.value.is_none(), "{}", cell.id);
                *timed.entry(measure).or_insert(0) += rows.height();
            }
        }
    }
    insta::assert_snapshot!(format!("{counted:#?}\n{:#?}\nnot listed: {left:#?}", timed.keys()));
    // Rows stand behind the times, so that these are no comparison of nothing with nothing.
    assert!(timed.iter().all(|(measure, rows)| *rows > 0 || measure.contains("suspended")), "{timed:#?}");
}

#[test]
fn tables_look_like_this() {
    for language in [Language::Lv, Language::En] {
        let mut text = String::new();
        for section in report(language, 300).sections {
            text.push_str(&format!("\n# {} {}\n", section.number.unwrap_or_default(), section.title));
            for table in section.measures {
                text.push_str(&format!("\n{} ({})\n", table.title, table.id));
                let header: Vec<&str> = table
                    .heads
                    .iter()
                    .map(String::as_str)
                    .chain(table.columns.iter().map(|c| c.label.as_str()))
                    .collect();
                text.push_str(&format!("{}\n", header.join(" | ")));
                for row in table.rows {
                    let cells = row.labels.iter().cloned().chain(row.cells.into_iter().map(|cell| cell.text));
                    text.push_str(&format!("{}\n", cells.collect::<Vec<_>>().join(" | ")));
                }
            }
        }
        insta::assert_snapshot!(format!("performance_{}", language.code()), text);
    }
}
