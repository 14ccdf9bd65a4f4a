//! Comparing schemas: made of batches that go through the mapping, as a delivery does.

use std::collections::BTreeMap;
use std::sync::Arc;

use polars::prelude::*;

use super::{Drift, Fields, Policy, Profile, Schema, Terms, compare, withhold};
use crate::batch::{self, Batch, LocatorKind, Origin, SourceColumn};
use crate::codelist::{Code, CodeList, CodeLists};
use crate::mapping::{TableMapping, TablePlan, map};

const MAPPING: &str = r#"{
    "entity": "service_request",
    "fields": {
        "request_no": "Numurs", "submitted_at": "Iesniegts", "channel": "Kanāls",
        "service_code": "Pakalpojums", "url": { "column": ["Saite", "Adrese"] }
    }
}"#;

/// A column and its values.
type Values<'a> = (&'a str, &'a [&'a str]);

fn plan() -> TablePlan {
    let mapping: TableMapping = serde_json::from_str(MAPPING).unwrap();
    TablePlan::new("a", &mapping, &[]).unwrap()
}

fn lists() -> CodeLists {
    let code = |code: &str, alias: &str| Code {
        code: code.into(),
        label_lv: code.into(),
        label_en: code.into(),
        aliases: vec![alias.into()],
        extra: Vec::new(),
    };
    CodeLists::new([CodeList::new("channels", vec![code("tālrunis", "zvans"), code("e-pasts", "epasts")]).0])
}

/// Columns with their values, all of one length.
fn batch(columns: &[(&str, &[&str])], locator: LocatorKind) -> Batch {
    let rows = columns.first().map_or(0, |(_, values)| values.len());
    let texts = columns.iter().map(|(name, values)| Column::new((*name).into(), values.to_vec()));
    let number = Column::new(batch::ROW.into(), (2..rows as i64 + 2).collect::<Vec<_>>());
    let none = |name: &str| Column::full_null(name.into(), rows, &DataType::Int64);
    let frame = DataFrame::new(rows, texts.chain([number, none(batch::PART), none(batch::BYTE)]).collect()).unwrap();
    let place = |(n, (name, _)): (usize, &(&str, &[&str]))| SourceColumn {
        name: (*name).to_owned(),
        place: (n + 1).to_string(),
    };
    let origin = Origin {
        landed: 1,
        file: "a.csv".into(),
        sheet: None,
        locator,
        columns: columns.iter().enumerate().map(place).collect(),
    };
    Batch { origin: Arc::new(origin), frame }
}

fn fields() -> Fields {
    let mut fields = Fields::default();
    fields.add(&plan());
    fields
}

fn profile(columns: &[(&str, &[&str])], locator: LocatorKind) -> Profile {
    let (plan, mut profile) = (plan(), Profile::default());
    let mapped = map(&plan, batch(columns, locator)).unwrap();
    profile.look(&plan, &mapped, &fields(), &lists(), Policy::Warn).unwrap();
    profile
}

fn compared(old: &Schema, columns: &[(&str, &[&str])], policy: Policy) -> Drift {
    let fields = fields();
    compare(old, &profile(columns, LocatorKind::Line), &Terms { policy, approved: false, whole: true, fields: &fields })
}

/// What is remembered of a first delivery.
fn seen(columns: &[(&str, &[&str])]) -> Schema {
    compared(&Schema::default(), columns, Policy::Warn).schema
}

fn told(drift: &Drift) -> Vec<String> {
    let of = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let line = |f: &crate::finding::Finding| {
        let severity = &f.severity[..1];
        format!("{} {severity} {}: {} -> {}", f.code, of(&f.column), of(&f.expected), of(&f.value))
    };
    drift.findings.iter().map(line).collect()
}

const FIRST: &[(&str, &[&str])] = &[
    ("Numurs", &["24-1", "24-2", "24-3"]),
    ("Iesniegts", &["01.02.2024", "02.02.2024", "03.02.2024"]),
    ("Kanāls", &["zvans", "e-pasts", "zvans"]),
    ("Pakalpojums", &["0101", "0102", "0103"]),
    ("Saite", &["https://a.lv/1", "https://a.lv/2", ""]),
    ("Piezīmes", &["viens", "divi", ""]),
];

/// The first delivery with one column another.
fn with<'a>(at: usize, column: (&'a str, &'a [&'a str])) -> Vec<(&'a str, &'a [&'a str])> {
    let mut columns = FIRST.to_vec();
    columns[at] = column;
    columns
}

#[test]
fn what_has_changed_is_told_and_then_known() {
    let old = seen(FIRST);
    let cases: Vec<(&str, Vec<Values<'_>>, Vec<&str>)> = vec![
        ("the same", FIRST.to_vec(), vec![]),
        ("other order", FIRST.iter().rev().copied().collect(), vec![]),
        (
            "a mapped column renamed",
            with(1, ("Iesniegšanas datums", FIRST[1].1)),
            vec!["D003 w Iesniegts: - -> Iesniegšanas datums"],
        ),
        ("renamed to what the mapping names too", with(4, ("Adrese", FIRST[4].1)), vec!["D003 i Saite: - -> Adrese"]),
        ("codes tell", with(2, ("Kā", FIRST[2].1)), vec!["D003 w Kanāls: - -> Kā"]),
        ("a mapped column lost", FIRST[..4].to_vec(), vec!["D002 w Saite: - -> -", "D002 i Piezīmes: - -> -"]),
        (
            "one text column for another",
            with(5, ("E-pasts", &["a@b.lv", "", "c@d.lv"])),
            vec!["D002 i Piezīmes: - -> -", "D001 w E-pasts: - -> abc"],
        ),
        (
            "another date format",
            with(1, ("Iesniegts", &["2024-02-01", "2024-02-02", "2024-02-03"])),
            vec!["D004 w Iesniegts: 31.12.2024 -> 2024-12-31"],
        ),
        (
            "in part",
            with(1, ("Iesniegts", &["01.02.2024", "02/02/2024", "03.02.2024"])),
            vec!["D004 w Iesniegts: 31.12.2024 -> 31.12.2024 | 31/12/2024"],
        ),
        (
            "numbers of Excel",
            with(1, ("Iesniegts", &["45323", "45324", "45325"])),
            vec!["D004 w Iesniegts: 31.12.2024 -> 45657"],
        ),
        (
            "dates became texts",
            with(1, ("Iesniegts", &["vakar", "šodien", "rīt"])),
            vec!["D004 w Iesniegts: 31.12.2024 -> abc"],
        ),
        ("no values", with(1, ("Iesniegts", &["", "", ""])), vec![]),
        (
            "an unknown code",
            with(2, ("Kanāls", &["zvans", "epats", "tālrunis"])),
            vec!["D005 w Kanāls: channels -> epats"],
        ),
        ("notes are anything", with(5, ("Piezīmes", &["1", "2", "3"])), vec![]),
    ];
    for (name, columns, expected) in cases {
        let drift = compared(&old, &columns, Policy::Warn);
        assert_eq!(told(&drift), expected, "{name}");
        assert_eq!(drift.holding, 0, "{name}");
        let again = compared(&drift.schema, &columns, Policy::Warn);
        assert_eq!(told(&again), Vec::<String>::new(), "{name}: once");
    }
}

#[test]
fn zeros_in_front_that_are_gone() {
    let codes: Vec<String> = (1..=12).map(|n| format!("{n:04}")).collect();
    let numbers: Vec<String> = (1..=12).map(|n| n.to_string()).collect();
    let of = |codes: &[String]| codes.to_vec();
    let texts = |list: &Vec<String>| -> Vec<&'static str> { list.iter().map(|s| &*s.clone().leak()).collect() };
    let (padded, bare) = (texts(&of(&codes)), texts(&of(&numbers)));
    let old = seen(&[("Numurs", &padded), ("Pakalpojums", &padded)]);
    let drift = compared(&old, &[("Numurs", &bare), ("Pakalpojums", &padded)], Policy::Warn);
    assert_eq!(told(&drift), ["D004 w Numurs: 0123 -> 123"]);
}

#[test]
fn policies() {
    let old = seen(FIRST);
    let renamed = with(1, ("Iesniegšanas datums", FIRST[1].1));
    let retyped = with(1, ("Iesniegts", &["2024-02-01", "02.02.2024", "2024-02-03"]));
    let coded = with(2, ("Kanāls", &["zvans", "epats", "e-pasts"]));
    let unmapped: Vec<(&str, &[&str])> = FIRST.iter().copied().chain([("Jauna", FIRST[5].1)]).collect();
    let holding = |columns: &[(&str, &[&str])]| {
        [Policy::Evolve, Policy::Warn, Policy::Quarantine, Policy::Fail]
            .map(|policy| compared(&old, columns, policy).holding)
    };
    assert_eq!(holding(&renamed), [0, 0, 1, 1]);
    assert_eq!(holding(&retyped), [0, 0, 0, 1]);
    assert_eq!(holding(&coded), [0, 0, 0, 1]);
    assert_eq!(holding(&unmapped), [0, 0, 0, 1]);
    for columns in [&renamed, &retyped, &coded, &unmapped] {
        let drift = compared(&old, columns, Policy::Evolve);
        assert!(drift.findings.iter().all(|finding| finding.severity == "info"), "{:?}", told(&drift));
    }
    // Rows kept out leave the schema as it was.
    for (columns, column) in [(&retyped, "Iesniegts"), (&coded, "Kanāls")] {
        let drift = compared(&old, columns, Policy::Quarantine);
        assert_eq!(drift.schema.column(column), old.column(column));
        assert_eq!(told(&compared(&drift.schema, columns, Policy::Quarantine)), told(&drift), "told until mended");
        let fields = fields();
        let terms = Terms { policy: Policy::Quarantine, approved: true, whole: true, fields: &fields };
        let approved = compare(&old, &profile(columns, LocatorKind::Line), &terms);
        assert_eq!(approved.holding, 0);
        assert_eq!(told(&compared(&approved.schema, columns, Policy::Quarantine)), Vec::<String>::new());
    }
}

#[test]
fn what_only_changes_hold_says_nothing_of_what_is_absent() {
    let old = seen(FIRST);
    let fields = fields();
    let part = [("Numurs", FIRST[0].1), ("Kanāls", &["e-pasts", "", ""] as &[&str])];
    let terms = Terms { policy: Policy::Fail, approved: false, whole: false, fields: &fields };
    let drift = compare(&old, &profile(&part, LocatorKind::Line), &terms);
    assert_eq!(told(&drift), Vec::<String>::new());
    assert_eq!(drift.schema, old);
    // The same again comes to the same: what is remembered does not grow.
    let other = [("Numurs", &["1", "2"] as &[&str]), ("Kanāls", &["fakss", "zvans"])];
    let terms = Terms { policy: Policy::Warn, ..terms };
    let once = compare(&old, &profile(&other, LocatorKind::Line), &terms);
    assert_eq!(told(&once), ["D005 w Kanāls: channels -> fakss"]);
    let twice = compare(&once.schema, &profile(&other, LocatorKind::Line), &terms);
    assert_eq!((told(&twice), &twice.schema), (Vec::new(), &once.schema));
}

#[test]
fn records_without_a_header_leave_out_what_is_empty() {
    let (plan, fields) = (plan(), fields());
    let terms = Terms { policy: Policy::Warn, approved: false, whole: true, fields: &fields };
    let of = |columns: &[(&str, &[&str])], passed: &[&str]| {
        let mut profile = profile(columns, LocatorKind::Record);
        for path in passed {
            profile.passes(path);
        }
        profile
    };
    let rows: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    let numbers: Vec<&str> = rows.iter().map(String::as_str).collect();
    let mut rare = vec![None; 40];
    rare[7] = Some("https://a.lv");
    let mut first = batch(&[("Numurs", &numbers), ("Kanāls", &numbers)], LocatorKind::Record);
    let mut origin = (*first.origin).clone();
    origin.columns.push(SourceColumn { name: "Saite".into(), place: "Saite".into() });
    first.origin = Arc::new(origin);
    first.frame.with_column(Column::new("Saite".into(), rare)).unwrap();
    let mut profile = Profile::default();
    profile.look(&plan, &map(&plan, first).unwrap(), &fields, &lists(), Policy::Warn).unwrap();
    profile.passes("sveiki");
    let old = compare(&Schema::default(), &profile, &terms).schema;
    assert_eq!(
        old.columns.iter().map(|c| (c.name.as_str(), c.filled)).collect::<BTreeMap<_, _>>(),
        BTreeMap::from([("Numurs", 100), ("Kanāls", 100), ("Saite", 3), ("sveiki", 0)])
    );
    // Neither the rare path nor the one passed by is missed; one that all records had is.
    let drift = compare(&old, &of(&[("Numurs", &numbers)], &["Kanals"]), &terms);
    assert_eq!(told(&drift), ["D003 w Kanāls: - -> Kanals"]);
    assert!(drift.schema.column("Saite").is_some(), "remembered");
    let drift = compare(&old, &of(&[("Numurs", &numbers)], &["sveiki", "cits"]), &terms);
    assert_eq!(told(&drift), ["D002 w Kanāls: - -> -", "D001 w cits: - -> -"]);
    // Once mapped, a path that was passed by is nothing new.
    let drift = compare(&old, &of(&[("Numurs", &numbers), ("Kanāls", &numbers), ("sveiki", &numbers)], &[]), &terms);
    assert_eq!(told(&drift), Vec::<String>::new());
}

#[test]
fn rows_in_another_form_are_withheld() {
    let known = seen(FIRST);
    let columns = [
        ("Numurs", &["24-4", "24-5", "24-6"] as &[&str]),
        ("Iesniegts", &["2024-02-04", "05.02.2024", "vakar"]),
        ("Kanāls", &["zvans", "zvans", "zvans"]),
        ("Piezīmes", &["1", "2", "3"]),
    ];
    let lists = lists();
    let context = crate::normalise::Context {
        codelists: &lists,
        time_zone: &jiff::tz::TimeZone::UTC,
        until: jiff::Timestamp::MAX,
        pseudonym_key: None,
    };
    let mut normalised =
        crate::normalise::normalise(map(&plan(), batch(&columns, LocatorKind::Line)).unwrap(), &context);
    withhold(&known, &fields(), &mut normalised).unwrap();
    let issues: Vec<_> = normalised.issues.iter().map(|issue| (issue.rule.code, issue.row)).collect();
    assert_eq!(issues, [("V004", 2), ("D006", 0)], "what cannot be read is told once");
}

/// Column names that resemble each other, and values of every form.
const NAMES: [&str; 6] = ["Numurs", "Iesniegts", "Kanāls", "Kanals", "Piezīmes", "Saite"];
const VALUES: [&str; 8] = ["01.02.2024", "2024-02-01", "12,5", "007", "30 dienas", "zvans", "dūmi", ""];

fn slices<'a>(table: &'a [(&'a str, Vec<&'a str>)]) -> Vec<Values<'a>> {
    table.iter().map(|(name, values)| (*name, values.as_slice())).collect()
}

proptest::proptest! {
    /// Whatever comes: nothing is told of what was taken over a moment ago, each column is told of once at most, and a
    /// held delivery is held again.
    #[test]
    fn taken_over_is_known(
        first in proptest::collection::vec((0..NAMES.len(), proptest::collection::vec(0..VALUES.len(), 6)), 1..6),
        second in proptest::collection::vec((0..NAMES.len(), proptest::collection::vec(0..VALUES.len(), 6)), 1..6),
        whole: bool,
    ) {
        let table = |columns: &[(usize, Vec<usize>)]| -> Vec<(&'static str, Vec<&'static str>)> {
            let unique: BTreeMap<usize, &Vec<usize>> = columns.iter().map(|(name, values)| (*name, values)).collect();
            unique.into_iter().map(|(name, values)| (NAMES[name], values.iter().map(|v| VALUES[*v]).collect())).collect()
        };
        let (first, second) = (table(&first), table(&second));
        let fields = fields();
        for locator in [LocatorKind::Line, LocatorKind::Record] {
            let old = compared(&Schema::default(), &slices(&first), Policy::Warn).schema;
            let new = profile(&slices(&second), locator);
            let terms = Terms { policy: Policy::Warn, approved: false, whole, fields: &fields };
            let drift = compare(&old, &new, &terms);
            let mut columns: Vec<_> = drift.findings.iter().filter(|f| !["D004", "D005"].contains(&f.code)).map(|f| (&f.column, f.code)).collect();
            columns.sort();
            let count = columns.len();
            columns.dedup();
            proptest::prop_assert_eq!(columns.len(), count);
            let again = compare(&drift.schema, &new, &terms);
            proptest::prop_assert_eq!(told(&again), Vec::<String>::new());
            proptest::prop_assert_eq!(&again.schema, &drift.schema);
            for policy in [Policy::Quarantine, Policy::Fail] {
                let terms = Terms { policy, ..terms };
                let held = compare(&old, &new, &terms);
                proptest::prop_assert_eq!(told(&held), told(&drift), "the same is told, whatever becomes of it");
                let approved = compare(&old, &new, &Terms { approved: true, ..terms });
                proptest::prop_assert_eq!((approved.holding, &approved.schema), (0, &drift.schema));
            }
        }
    }
}
