//! Deliveries of requests and their status events, what the lake holds of them, and what must be so at any time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use jiff::tz::TimeZone;
use polars::prelude::*;
use vienkop_transforms::codelist::{Code, CodeList, CodeLists};
use vienkop_transforms::model;
use vienkop_transforms::records::Records;
use vienkop_transforms::resolve::entity_uid;
use vienkop_transforms::status::calendar::{DayKind, SpecialDay, WorkingCalendar, WorkingHours};
use vienkop_transforms::status::events::{bucket, request_uid};
use vienkop_transforms::status::tables::LakeTable;
use vienkop_transforms::status::timeline::{TimelineRules, timelines};

use crate::bench::{Bench, Given, How, OWNER, delta, records_from, services, snapshot};

/// The code lists of the checkout, and a calendar of these days off.
pub(crate) fn rules(off: &[&str]) -> Arc<TimelineRules> {
    static LISTS: OnceLock<CodeLists> = OnceLock::new();
    let lists = LISTS.get_or_init(|| {
        CodeLists::new(["states", "derivations"].map(|name| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../config/codelists/{name}.csv"));
            let mut reader = csv::Reader::from_path(path).unwrap();
            let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
            let code = |row: csv::StringRecord| Code {
                code: row[0].to_owned(),
                label_lv: row[1].to_owned(),
                label_en: row[2].to_owned(),
                aliases: Vec::new(),
                extra: header.iter().cloned().zip(row.iter().map(str::to_owned)).skip(4).collect(),
            };
            CodeList::new(name, reader.records().map(|row| code(row.unwrap())).collect()).0
        }))
    });
    let day = |day: &&str| SpecialDay { date: day.parse().unwrap(), kind: DayKind::Off };
    let days: Vec<SpecialDay> = ["2024-01-01"].iter().chain(off).map(day).collect();
    let zone = TimeZone::get("Europe/Riga").unwrap();
    Arc::new(TimelineRules::new(lists, Arc::new(WorkingCalendar::new(&days, WorkingHours::default(), &zone))))
}

/// A source of requests and events that delivers all it has.
pub(crate) fn whole() -> How {
    How { timelines: Some(rules(&[])), ..snapshot(&["service_request", "status_event"]) }
}

/// One that delivers what is new.
pub(crate) fn part() -> How {
    How { timelines: Some(rules(&[])), ..delta(&["service_request", "status_event"]) }
}

/// Fields of a delivered request.
pub(crate) const REQUEST: [&str; 5] = ["request_no", "kind", "service_code", "channel", "due_at"];

/// Requests, a line each: `1 S1 e-adrese 2024-07-01`, number, service, channel and day it is due, `-` for none. With a
/// `!` in front it is not accepted. Rows count from `first`.
pub(crate) fn requests(source: &str, lines: &[&str], first: i64) -> Records {
    let rows: Vec<(bool, Vec<String>)> = lines
        .iter()
        .map(|line| {
            let words = line.trim_start_matches('!').split(' ').chain(["-"; 4]).take(4);
            let mut words = words.map(|word| if word == "-" { String::new() } else { word.to_owned() });
            let number = words.next().unwrap();
            let mut cells = vec![OWNER.to_owned(), number, "pakalpojuma pieprasījums".to_owned()];
            cells.extend(words);
            if let Some(due) = cells.last_mut().filter(|due| !due.is_empty()) {
                due.push_str("T09:00:00Z");
            }
            (!line.starts_with('!'), cells)
        })
        .collect();
    let columns: Vec<&str> = ["institution_reg_no"].into_iter().chain(REQUEST).collect();
    let given: Vec<Given<'_>> = rows
        .iter()
        .map(|(accepted, cells)| Given { accepted: *accepted, cells: cells.iter().map(String::as_str).collect() })
        .collect();
    with_uids(source, records_from(source, "service_request", &columns, &given, first))
}

/// With the ids that the program gives to requests.
pub(crate) fn with_uids(source: &str, mut records: Records) -> Records {
    let numbers = records.frame.column("request_no").unwrap().str().unwrap().clone();
    let entity = records.entity;
    let record = numbers.iter().map(|number| Some(request_uid(source, OWNER, number?)));
    let record: StringChunked = record.collect();
    let minted = numbers
        .iter()
        .map(|number| Some(entity_uid(source, entity, entity.default_key(), &[OWNER, number?]).to_string()));
    let minted: StringChunked = minted.collect();
    records.frame.with_column(record.with_name("_record_uid".into()).into_column()).unwrap();
    records.frame.with_column(minted.with_name("_entity_uid".into()).into_column()).unwrap();
    records
}

/// Events, a line each: `1 iesniegts 2024-06-03T08:00`, the request, the state (`_` for a space) and when in UTC; then
/// `id=e1`, `seq=2`, `role=x`. A day alone is a date-only event. With a `!` in front it is not accepted. Rows count from
/// `first`.
pub(crate) fn events(source: &str, lines: &[&str], first: i64) -> Records {
    let mut rows = Vec::new();
    let (mut raw, mut precision) = (Vec::new(), Vec::new());
    for line in lines {
        let words: Vec<&str> = line.trim_start_matches('!').split(' ').collect();
        let more = |name: &str| {
            let value = words.iter().skip(3).find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            value.unwrap_or_default().to_owned()
        };
        let at = if words[2].contains('T') { format!("{}:00Z", words[2]) } else { midnight(words[2]) };
        precision.push(if words[2].contains('T') { "minute" } else { "day" });
        raw.push(words[2].to_owned());
        let cells = vec![
            OWNER.to_owned(),
            words[0].to_owned(),
            more("id"),
            more("seq"),
            words[1].replace('_', " "),
            at,
            more("role"),
            "source_log".to_owned(),
        ];
        rows.push((!line.starts_with('!'), cells));
    }
    let columns = ["institution_reg_no", "request_no", "event_id", "seq", "state", "at", "actor_role", "derivation"];
    let given: Vec<Given<'_>> = rows
        .iter()
        .map(|(accepted, cells)| Given { accepted: *accepted, cells: cells.iter().map(String::as_str).collect() })
        .collect();
    let mut records = records_from(source, "status_event", &columns, &given, first);
    records.frame.with_column(Column::new("at_raw".into(), raw)).unwrap();
    records.frame.with_column(Column::new("at_precision".into(), precision)).unwrap();
    records
}

/// When a day begins in Riga.
fn midnight(day: &str) -> String {
    let day: jiff::civil::Date = day.parse().unwrap();
    day.to_zoned(TimeZone::get("Europe/Riga").unwrap()).unwrap().timestamp().to_string()
}

/// Requests and events as one delivery.
pub(crate) fn given(source: &str, of_requests: &[&str], of_events: &[&str]) -> Vec<Records> {
    vec![requests(source, of_requests, 1), events(source, of_events, 1001)]
}

/// A registry in which the services `S1` and `S2` are known.
pub(crate) async fn with_services(bench: Bench) -> Bench {
    let known = services("services", &["code", "name"], &[&["S1", "Viens"], &["S2", "Divi"]]);
    bench.deliver("services", &snapshot(&["service"]), &[known]).await;
    bench
}

/// Live rows of a table of the lake, `a|b|`, without the columns that say where an event stood.
pub(crate) async fn lake(bench: &Bench, table: LakeTable) -> Vec<String> {
    lines(&frame(bench, table).await)
}

pub(crate) async fn frame(bench: &Bench, table: LakeTable) -> DataFrame {
    bench.registry.lake_table(table).await.unwrap().collect().unwrap()
}

/// Rows in the order of the lake.
pub(crate) fn lines(frame: &DataFrame) -> Vec<String> {
    let columns: Vec<Column> = frame
        .columns()
        .iter()
        .filter(|one| !["landed", "sheet", "row", "part"].contains(&one.name().as_str()))
        .cloned()
        .collect();
    let cell = |column: &Column, row: usize| match column.get(row).unwrap() {
        AnyValue::Null => String::new(),
        AnyValue::String(text) => text.to_owned(),
        AnyValue::StringOwned(text) => text.to_string(),
        other => other.to_string(),
    };
    let line = |row| columns.iter().map(|column| cell(column, row)).collect::<Vec<_>>().join("|");
    let mut lines: Vec<String> = (0..frame.height()).map(line).collect();
    lines.sort();
    lines
}

/// Everything that a reader of requests and events can see: rows of the lake, timelines, the view.
pub(crate) async fn seen(bench: &Bench) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for table in LakeTable::ALL {
        all.push(lake(bench, table).await);
    }
    for text in [TIMELINES, CURRENT] {
        all.push(bench.ask(text).await);
    }
    all
}

const TIMELINES: &str = "SELECT uid, record_uid, derivation, \"precision\", state, closed, result, submitted_at, \
    closed_at, elapsed_seconds, working_seconds, elapsed_days, elapsed_months, working_days, waiting_seconds, \
    suspended_seconds, third_party_seconds, waits, loops, reopened, appeals, events, first_at, last_at, state_since, \
    due_on FROM request_timeline ORDER BY uid";

const CURRENT: &str = "SELECT uid, request_no, kind, service_code, channel, state, result, submitted_at, closed_at, \
    due_at, closed, elapsed_seconds, working_days, events, state_since FROM service_request_current ORDER BY uid";

/// Files of the lake, with their content.
pub(crate) fn files(bench: &Bench) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![bench.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "parquet") {
                found.push((path.clone(), std::fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// Rows of the list of files, and when each became live and was replaced.
pub(crate) async fn listed(bench: &Bench) -> Vec<String> {
    bench.ask("SELECT path, rows, bytes, sha256, run, retired_run FROM lake_file ORDER BY path").await
}

/// What must be so after every run: listed files are there and no others, their rows are as many as the list says, and
/// timelines are those of the events held.
pub(crate) async fn sound(bench: &Bench, rules: &TimelineRules) {
    bench.sound().await;
    let paths: BTreeSet<String> = bench.ask("SELECT path FROM lake_file ORDER BY path").await.into_iter().collect();
    let found: BTreeSet<String> = files(bench)
        .iter()
        .map(|(path, _)| {
            let parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap()).collect();
            parts[parts.len() - 4..].join("/")
        })
        .collect();
    assert_eq!(found, paths, "files and their list");
    for (table, text) in LakeTable::ALL.into_iter().zip([
        "SELECT CAST(coalesce(sum(rows), 0) AS BIGINT) FROM lake_file WHERE kind = 'status_event' AND retired_run IS NULL",
        "SELECT CAST(coalesce(sum(rows), 0) AS BIGINT) FROM lake_file WHERE kind = 'request_step' AND retired_run IS NULL",
        "SELECT CAST(coalesce(sum(rows), 0) AS BIGINT) FROM lake_file WHERE kind = 'request_timeline' AND retired_run IS NULL",
    ]) {
        let rows = frame(bench, table).await.height();
        assert_eq!(bench.ask(text).await, [rows.to_string()], "rows of {}", table.name());
    }
    let requests = known(bench).await;
    let events = frame(bench, LakeTable::StatusEvent).await;
    let made = timelines(&events, &requests, rules).unwrap();
    assert_eq!(lake(bench, LakeTable::RequestStep).await, lines(&made.steps), "steps");
    assert_eq!(lake(bench, LakeTable::RequestTimeline).await, lines(&made.requests), "timelines");
    let in_registry = bench.ask("SELECT count(*) FROM request_timeline").await;
    assert_eq!(in_registry, [made.requests.height().to_string()], "timelines in the registry");
    let stray = "SELECT t.uid FROM request_timeline t WHERE NOT EXISTS (SELECT 1 FROM source_service_request v
        JOIN identity i ON i.record_uid = v.record_uid
        WHERE v.valid_to IS NULL AND v.record_uid = t.record_uid AND i.entity_uid = t.uid)";
    assert_eq!(bench.ask(stray).await, Vec::<String>::new(), "timelines of requests that are not held");
}

/// Requests of one source as `timelines` wants them.
async fn known(bench: &Bench) -> DataFrame {
    let text = "SELECT source, institution_reg_no, request_no, coalesce(kind, ''), coalesce(service_code, ''),
        coalesce(channel, ''), coalesce(applicant_kind, ''), coalesce(result, ''), coalesce(state, ''),
        coalesce(due_at, ''), coalesce(submitted_at, ''), coalesce(closed_at, '')
        FROM source_service_request WHERE valid_to IS NULL ORDER BY record_uid";
    let rows: Vec<Vec<String>> =
        bench.ask(text).await.iter().map(|row| row.split('|').map(str::to_owned).collect()).collect();
    let buckets: Vec<i32> = rows.iter().map(|row| bucket(&request_uid(&row[0], &row[1], &row[2]))).collect();
    let mut columns = vec![Column::new("bucket".into(), buckets)];
    let names = [
        "institution_reg_no",
        "request_no",
        "kind",
        "service_code",
        "channel",
        "applicant_kind",
        "result",
        "state",
        "due_at",
        "submitted_at",
        "closed_at",
    ];
    for (n, name) in names.into_iter().enumerate() {
        let values: StringChunked =
            rows.iter().map(|row| Some(row[n + 1].as_str()).filter(|v| !v.is_empty())).collect();
        columns.push(values.with_name(name.into()).into_column());
    }
    assert!(model::entity("service_request").is_some());
    DataFrame::new(rows.len(), columns).unwrap()
}
