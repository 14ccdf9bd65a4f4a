//! Fills a lake with generated status events for the benchmark of the indicators (`pipelines/benches/status.sh`).
//!
//! `fill_lake REGISTRY CODELISTS EVENTS`: the SQLite file of a registry in which the institutions and services of
//! `generate_status.py` are loaded, a folder of code lists, and how many events. They come from as many sources as make
//! 5,000,000 events each, every source that of an institution, and go the way that a run's events go: spilled, merged portion by portion, their timelines
//! worked out, written, listed. Requests are made from their number alone, so that what is known of them need not be
//! kept; the registry is not told of them.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use polars::prelude::*;
use sqlx::Connection as _;
use vienkop_connectors::lake::{Lake, LakeFile, MergeScope};
use vienkop_transforms::codelist::{Code, CodeList, CodeLists};
use vienkop_transforms::records::SEQ;
use vienkop_transforms::status::calendar::{DayKind, SpecialDay, WorkingCalendar, WorkingHours};
use vienkop_transforms::status::events::{bucket, request_uid};
use vienkop_transforms::status::tables::{BUCKET, LakeTable, REQUEST};
use vienkop_transforms::status::timeline::{TimelineRules, timelines};

const EVENTS_OF_A_SOURCE: u64 = 5_000_000;
const REQUESTS_AT_ONCE: u64 = 50_000;
/// As in `generate_status.py`.
const SERVICES: u64 = 200;
const INSTITUTIONS: u64 = 20;
/// 36 months of requests begin on 2021-07-01.
const FIRST: i64 = 1_625_086_800;
const DAYS: u64 = 1096;

type Fault = Box<dyn Error>;

/// Ways that requests go, and how many of a hundred go each.
const WAYS: [(u64, &[&str]); 11] = [
    (38, &["iesniegts", "reģistrēts", "izpildē", "pabeigts"]),
    (22, &["iesniegts", "reģistrēts", "izpildē", "lēmums pieņemts", "pabeigts"]),
    (12, &["iesniegts", "reģistrēts", "izpildē", "gaida klientu", "izpildē", "pabeigts"]),
    (8, &["iesniegts", "pabeigts"]),
    (6, &["melnraksts", "iesniegts", "izpildē", "lēmums pieņemts", "atteikts"]),
    (5, &["iesniegts", "reģistrēts", "izpildē"]),
    (4, &["iesniegts", "reģistrēts", "gaida trešo pusi", "izpildē", "pabeigts"]),
    (2, &["iesniegts", "reģistrēts", "izpildē", "pabeigts", "atkārtoti atvērts", "izpildē", "pabeigts", "apstrīdēts"]),
    (1, &["iesniegts", "reģistrēts", "apturēts", "izpildē", "gatavs saņemšanai", "pabeigts"]),
    (1, &["iesniegts", "pārsūtīts"]),
    (1, &["iesniegts", "atsaukts"]),
];
const KINDS: [&str; 4] = ["pakalpojuma pieprasījums", "sūdzība", "informācijas pieprasījums", "incidenta pieteikums"];
const CHANNELS: [&str; 8] = [
    "e-lietotne",
    "e-lietotne",
    "e-adrese",
    "klātienē iestādē",
    "klātienē iestādē",
    "klātienē VPVKAC",
    "e-pasts",
    "tālrunis",
];

/// What a request's number says of it.
struct Request {
    service: u64,
    way: &'static [&'static str],
    kind: &'static str,
    channel: &'static str,
    /// Seconds since 1970 of its first event.
    begins: i64,
    /// Seconds between its events.
    gap: i64,
}

impl Request {
    fn of(source: u64, number: u64, requests: u64) -> Self {
        let bits = mixed(source << 40 | number);
        let mut share = (bits >> 16) % 100;
        let mut way = WAYS[0].1;
        for (of_hundred, states) in WAYS {
            if share < of_hundred {
                way = states;
                break;
            }
            share -= of_hundred;
        }
        let kind = KINDS[((bits >> 24) % 32).saturating_sub(28) as usize];
        let day = (number * DAYS / requests).min(DAYS - 1) as i64;
        let begins = FIRST + day * 86_400 + 28_800 + ((bits >> 32) % 28_800) as i64;
        Self {
            service: bits % (SERVICES / INSTITUTIONS) * INSTITUTIONS + source % INSTITUTIONS,
            way,
            kind,
            channel: CHANNELS[((bits >> 40) % 8) as usize],
            begins,
            gap: 3_600 + ((bits >> 44) % 700_000) as i64,
        }
    }
}

/// The finaliser of `SplitMix64`: alike numbers become numbers that have nothing in common.
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [registry, lists, events] = words.as_slice() else {
        return Err("fill_lake REGISTRY CODELISTS EVENTS".into());
    };
    let events: u64 = events.parse()?;
    let rules = rules(Path::new(lists))?;
    let owners: Vec<String> = (0..INSTITUTIONS).filter_map(reg_no).collect();
    // Beside the registry, as the program has it.
    let lake = Lake::at(Path::new(registry).with_extension("lake"));
    let mut registry = sqlx::SqliteConnection::connect(&format!("sqlite://{registry}")).await?;
    let run: i64 = sqlx::query_scalar("SELECT max(id) FROM run").fetch_one(&mut registry).await?;
    for source in 0..events.div_ceil(EVENTS_OF_A_SOURCE) {
        let count = EVENTS_OF_A_SOURCE.min(events - source * EVENTS_OF_A_SOURCE);
        let files = fill(&lake, &rules, &owners, source, count)?;
        let mut transaction = registry.begin().await?;
        for file in files {
            sqlx::query(
                "INSERT INTO lake_file (path, kind, source, month, rows, bytes, sha256, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(file.path)
            .bind(file.table.name())
            .bind(file.source)
            .bind(file.month)
            .bind(file.rows as i64)
            .bind(file.bytes as i64)
            .bind(file.sha256)
            .bind(run)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
    }
    Ok(())
}

/// The events of one source, written; the files are still to be listed.
fn fill(
    lake: &Lake,
    rules: &TimelineRules,
    owners: &[String],
    source: u64,
    events: u64,
) -> Result<Vec<LakeFile>, Fault> {
    let name = format!("generated-{source:03}");
    let shares: u64 = WAYS.iter().map(|(share, way)| share * way.len() as u64).sum();
    let requests = (events * 100).div_ceil(shares);
    let mut spill = lake.spill(&name)?;
    let mut number = 0;
    while number < requests {
        let until = (number + REQUESTS_AT_ONCE).min(requests);
        spill.add(&events_of(&name, owners, source, number..until, requests)?)?;
        number = until;
    }
    let mut merge = lake.merge(spill, &[], MergeScope { write: true, whole: false })?;
    while let Some(portion) = merge.next_portion()? {
        let known = known(&portion.requests, source, requests)?;
        let none = portion.requests.clear();
        let merged = merge.events(portion, &none, &known)?;
        let worked_out = timelines(&merged.events, &merged.known, rules)?;
        merge.put(&merged, &worked_out.steps, &worked_out.requests)?;
    }
    Ok(merge.finish()?.added)
}

/// Columns of the lake's events and [`SEQ`].
fn events_of(
    name: &str,
    owners: &[String],
    source: u64,
    numbers: std::ops::Range<u64>,
    requests: u64,
) -> PolarsResult<DataFrame> {
    let (mut buckets, mut institutions, mut request_nos, mut states) = (vec![], vec![], vec![], vec![]);
    let (mut at, mut seq) = (vec![], vec![]);
    for number in numbers {
        let request = Request::of(source, number, requests);
        let Some(owner) = owners.get((request.service % INSTITUTIONS) as usize) else { continue };
        let no = format!("R-{number:08}");
        let bucket = bucket(&request_uid(name, owner, &no));
        for (turn, state) in request.way.iter().enumerate() {
            buckets.push(bucket);
            institutions.push(owner.as_str());
            request_nos.push(no.clone());
            states.push(*state);
            at.push((request.begins + turn as i64 * request.gap) * 1_000_000);
            seq.push(turn as i64);
        }
    }
    let rows = seq.len();
    let whole = |name: &str, value: &str| StringChunked::full(name.into(), value, rows).into_column();
    let time = LakeTable::StatusEvent.schema().get("at").cloned().unwrap_or(DataType::Null);
    // No number of the delivery comes twice: requests have at most sixteen events.
    let places: Vec<i64> = request_nos.iter().zip(&seq).map(|(no, turn)| place(no) * 16 + turn).collect();
    let frame = DataFrame::new(
        rows,
        vec![
            Column::new(BUCKET.into(), buckets),
            Column::new(REQUEST[0].into(), institutions),
            Column::new("state_raw".into(), &states),
            Column::new("state".into(), states),
            Column::new("at".into(), at).cast(&time)?,
            Column::new("seq".into(), seq),
            whole("precision", "second"),
            whole("derivation", "source_log"),
            Column::new("landed".into(), vec![1_i64; rows]),
            Column::new("row".into(), &places),
            Column::new(SEQ.into(), places),
            Column::new(REQUEST[1].into(), request_nos),
        ],
    )?;
    let wanted = LakeTable::StatusEvent.schema();
    let columns = wanted.iter().map(|(name, dtype)| match frame.column(name) {
        Ok(_) => col(name.clone()),
        Err(_) if name == "at_raw" => col("at").dt().to_string("%Y-%m-%dT%H:%M:%SZ").alias(name.clone()),
        Err(_) => lit(NULL).cast(dtype.clone()).alias(name.clone()),
    });
    let columns: Vec<Expr> = columns.chain([col(SEQ)]).collect();
    frame.clone().lazy().select(columns).collect()
}

/// The number of the request `R-00000012`.
fn place(request_no: &str) -> i64 {
    request_no.trim_start_matches("R-").parse().unwrap_or_default()
}

/// What the registry would know of requests.
fn known(requests: &DataFrame, source: u64, of: u64) -> PolarsResult<DataFrame> {
    let numbers = requests.column(REQUEST[1])?.str()?.clone();
    let made: Vec<Request> =
        numbers.iter().map(|no| Request::of(source, place(no.unwrap_or_default()) as u64, of)).collect();
    let time = |seconds: i64| jiff::Timestamp::from_second(seconds).map(|at| at.to_string()).unwrap_or_default();
    let last = |request: &Request| request.way.last().copied().unwrap_or_default();
    let texts: [(&str, Vec<Option<String>>); 9] = [
        ("kind", made.iter().map(|r| Some(r.kind.to_owned())).collect()),
        ("service_code", made.iter().map(|r| Some(format!("P-{:03}", r.service))).collect()),
        ("channel", made.iter().map(|r| Some(r.channel.to_owned())).collect()),
        ("applicant_kind", made.iter().map(|_| Some("iedzīvotājs".to_owned())).collect()),
        ("result", made.iter().map(|r| (last(r) == "pabeigts").then(|| "piešķirts".to_owned())).collect()),
        ("state", made.iter().map(|r| Some(last(r).to_owned())).collect()),
        ("due_at", made.iter().map(|r| Some(time(r.begins + 30 * 86_400))).collect()),
        ("submitted_at", made.iter().map(|r| Some(time(r.begins))).collect()),
        ("closed_at", vec![None; made.len()]),
    ];
    let texts = texts.into_iter().map(|(name, values)| Column::new(name.into(), values));
    let mut columns = requests.select([BUCKET, REQUEST[0], REQUEST[1]])?.into_columns();
    columns.extend(texts);
    DataFrame::new(made.len(), columns)
}

/// Registration number of the n-th institution, as `generate.py` makes it: with its check digit.
fn reg_no(n: u64) -> Option<String> {
    const WEIGHTS: [u64; 11] = [9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1];
    let sum = |number: &str| -> u64 {
        number.bytes().zip(WEIGHTS).map(|(digit, weight)| u64::from(digit - b'0') * weight).sum()
    };
    (0..20).map(|more| (90_000_000_000 + 20 * n + more).to_string()).find(|number| sum(number) % 11 == 3)
}

fn rules(folder: &Path) -> Result<TimelineRules, Fault> {
    let lists = [code_list(folder, "states")?, code_list(folder, "derivations")?];
    let mut days = Vec::new();
    for record in csv::Reader::from_path(folder.join("holidays.csv"))?.deserialize::<BTreeMap<String, String>>() {
        let record = record?;
        let (Some(date), Some(kind)) = (record.get("date"), record.get("kind")) else { continue };
        let kind = if kind == "darbdiena" { DayKind::Working } else { DayKind::Off };
        days.push(SpecialDay { date: date.parse::<Date>()?, kind });
    }
    let hours = WorkingHours::new(Time::constant(9, 0, 0, 0), Time::constant(17, 0, 0, 0)).ok_or("no working hours")?;
    let calendar = WorkingCalendar::new(&days, hours, &TimeZone::get("Europe/Riga")?);
    Ok(TimelineRules::new(&CodeLists::new(lists), Arc::new(calendar)))
}

fn code_list(folder: &Path, name: &str) -> Result<CodeList, Fault> {
    let mut reader = csv::Reader::from_path(folder.join(format!("{name}.csv")))?;
    let mut codes = Vec::new();
    for record in reader.deserialize::<BTreeMap<String, String>>() {
        let mut record = record?;
        let mut take = |column: &str| record.remove(column).unwrap_or_default();
        let (code, label_lv, label_en) = (take("code"), take("label_lv"), take("label_en"));
        codes.push(Code { code, label_lv, label_en, aliases: Vec::new(), extra: record.into_iter().collect() });
    }
    Ok(CodeList::new(name, codes).0)
}
