//! From a batch to records: what a source's mapping makes of rows, and what it says of the bad ones.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::sync::Arc;

use polars::prelude::*;
use vienkop_transforms::batch::{BYTE, Batch, LocatorKind, Origin, PART, ROW, SourceColumn};
use vienkop_transforms::codelist::{Code, CodeList, CodeLists};
use vienkop_transforms::mapping::{TableMapping, TablePlan, map};
use vienkop_transforms::normalise::{Context, PseudonymKey, normalise};
use vienkop_transforms::{check, resolve};

fn code(code: &str, aliases: &[&str]) -> Code {
    Code {
        code: code.into(),
        label_lv: code.into(),
        label_en: code.into(),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        extra: Vec::new(),
    }
}

fn codelists() -> CodeLists {
    let list = |name: &str, codes: Vec<Code>| CodeList::new(name, codes).0;
    CodeLists::new([
        list("audiences", vec![code("iedzīvotājs", &["fiziska persona"]), code("uzņēmējs", &["komersants"])]),
        list("channels", vec![code("klātienē iestādē", &["klātiene"]), code("e-pasts", &[])]),
        list(
            "service_kinds",
            vec![code("publisks individuāla labuma", &[]), code("publisks vispārēja labuma", &["vispārējs"])],
        ),
    ])
}

/// A table as text: a header line and rows, cells separated by `|`.
fn batch(table: &str) -> Batch {
    let mut lines = table.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let rows: Vec<Vec<&str>> = lines.collect();
    let mut columns: Vec<Column> = header
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let cells: Vec<String> = rows.iter().map(|row| row[index].replace("\\n", "\n")).collect();
            Column::new((*name).into(), cells)
        })
        .collect();
    columns.push(Column::new(ROW.into(), (0..rows.len() as i64).map(|n| n + 5).collect::<Vec<_>>()));
    columns.push(Column::full_null(PART.into(), rows.len(), &DataType::Int64));
    columns.push(Column::full_null(BYTE.into(), rows.len(), &DataType::Int64));
    let letters = ('A'..='Z').map(String::from);
    let origin = Origin {
        landed: 1,
        file: "registrs.xlsx".into(),
        sheet: Some("Pakalpojumi".into()),
        locator: LocatorKind::Cell,
        columns: header.iter().zip(letters).map(|(name, place)| SourceColumn { name: (*name).into(), place }).collect(),
    };
    Batch { origin: Arc::new(origin), frame: DataFrame::new(rows.len(), columns).unwrap() }
}

fn print(frame: &DataFrame) -> String {
    let mut out = String::new();
    for row in 0..frame.height() {
        let cells: Vec<String> = frame
            .columns()
            .iter()
            .filter(|column| !matches!(column.name().as_str(), "_record_uid" | "_entity_uid" | "landed" | "_landed"))
            .filter_map(|column| match column.get(row).unwrap() {
                AnyValue::Null => None,
                AnyValue::String(text) => Some(format!("{}={text}", column.name())),
                other => Some(format!("{}={other}", column.name())),
            })
            .collect();
        out.push_str(&cells.join("  "));
        out.push('\n');
    }
    out
}

/// Everything that a mapping makes of a table, as text.
fn run(mapping: &str, wordings: &[(String, Vec<String>)], table: &str) -> String {
    let mapping: TableMapping = toml::from_str(mapping).unwrap();
    let plan = TablePlan::new("test", &mapping, wordings).unwrap();
    let codelists = codelists();
    let zone = jiff::tz::TimeZone::get("Europe/Riga").unwrap();
    let key = PseudonymKey::new("test", b"a key only for this test").unwrap();
    let until = "2030-01-01T00:00:00Z".parse().unwrap();
    let context = Context { codelists: &codelists, time_zone: &zone, until, pseudonym_key: Some(&key) };
    let mapped = map(&plan, batch(table)).unwrap();
    let mut out = format!("skipped {}\n", mapped.skipped);
    let told = resolve::delivery_findings(&plan, &mapped, &BTreeSet::new(), &mut BTreeSet::new());
    for finding in told {
        let column = finding.column.or(finding.field).unwrap_or_default();
        out.push_str(&format!("{} {column} {}\n", finding.code, finding.hint.unwrap_or_default()));
    }
    let mut normalised = normalise(mapped, &context);
    check::check(&plan, &mut normalised).unwrap();
    let resolved = resolve::resolve(&plan, &normalised, 1, &plan.personal_columns().into_iter().collect()).unwrap();
    for records in &resolved.records {
        out.push_str(&format!("\n[{}] {}\n{}", records.name(), records.present.join(" "), print(&records.frame)));
    }
    out.push_str(&format!("\n[findings]\n{}", print(&resolved.findings)));
    out.push_str(&format!("\n[cells]\n{}", print(&resolved.cells)));
    out
}

#[test]
fn services() {
    let out = run(
        r#"
        entity = "service"
        [[skip]]
        column = "Kods"
        matches = "^Kopā"
        [[skip]]
        column = "Kods"
        others_empty = true
        [fields]
        code = "Kods"
        name = { column = ["Pakalpojums", "Nosaukums"] }
        kind = "Veids"
        audience = { column = "Kam", split = [","] }
        owner_reg_no = { value = "90000270634" }
        expected_time = { column = "Laiks", unit = "d" }
        statutory_time = "Termiņš"
        description = { columns = ["Apraksts", "Piezīmes"], join = " — " }
        manager_email = "E-pasts"
        [children.steps]
        column = "Soļi"
        pattern = '^(?P<no>\d+)\.\s*(?P<name>.+?)(?: \((?P<expected_time>[^)]+)\))?$'
        "#,
        &[],
        "Kods|Nosaukums|Veids|Kam|Laiks|Termiņš|Apraksts|Piezīmes|E-pasts|Soļi|Lieka
         001|Deklarēšana|Publisks individuāla labuma|Fiziska persona, komersants|10|1 mēnesis|Apraksts||a@b.lv|1. Pieņem (2 stundas)\\n2. Izskata|x
         002||publisks individuāla labuma|fiziska persona|10 dienas|5 dienas|Zvanīt 010190-12345|piezīme|||x
         003|Izziņa|nezināms veids|iedzīvotajs|drīz|30 dienas|||nav e-pasts|viens solis|x
         004|Parks|vispārējs||nav attiecināms||Visiem||||x
         Kopā: 4||||||||||
         * piezīme||||||||||",
    );
    insta::assert_snapshot!(out);
}

#[test]
fn rows_are_left_out_unless_they_match() {
    let mapping = |skip: &str| {
        format!("entity = \"service\"\n{skip}\n[fields]\ncode = \"Kods\"\nowner_reg_no = {{ value = \"90000270634\" }}")
    };
    let table = "Kods|Veids
         001|statuss
         002| Statuss
         003|piezīme
         004|";
    let left = |skip: &str| run(&mapping(skip), &[], table).lines().next().unwrap_or_default().to_owned();
    assert_eq!(left("skip = [{ column = \"Veids\", unless = \"(?i)^statuss$\" }]"), "skipped 2");
    assert_eq!(left("skip = [{ column = \"Veids\", unless = \"^statuss$\" }]"), "skipped 3");
    assert_eq!(
        left("skip = [{ column = \"Veids\", unless = \".\" }, { column = \"Kods\", matches = \"1$\" }]"),
        "skipped 2"
    );
    // Nothing tells the rows of a column that is not there from others.
    assert_eq!(left("skip = [{ column = \"Cits\", unless = \"^statuss$\" }]"), "skipped 4");
    assert_eq!(left("skip = [{ column = \"Cits\", matches = \"^statuss$\" }]"), "skipped 0");
}

#[test]
fn survey_answers() {
    let questions = [
        ("virsis".to_owned(), vec!["Vai reģistrēts VIRSIS?".to_owned()]),
        ("systems".to_owned(), vec!["Kādas sistēmas?".to_owned(), "Sistēmas".to_owned()]),
    ];
    let out = run(
        r#"
        entity = "survey_response"
        [fields]
        wave = { value = "2024" }
        respondent_reg_no = "Reģ. nr."
        submitted_at = "Laiks"
        [unpivot]
        questionnaire = "2024"
        "#,
        &questions,
        "Reģ. nr.|Laiks|Vai reģistrēts VIRSIS?|Sistēmas|E-pasts
         90000270634|18.06.2024 10:00|Jā|Namejs, 010190-12345|anonymous
         90000270634|19.06.2024 10:00||Namejs|anonymous
         000|19.06.2024 10:00|Jā|test|anonymous
         90000270634|27.10.2024 03:30|||anonymous",
    );
    insta::assert_snapshot!(out);
}

#[test]
fn children_in_their_own_table_and_pseudonyms() {
    let steps = run(
        r#"
        entity = "service.steps"
        [fields]
        "parent.code" = { column = "Kods", pad = 3 }
        "parent.owner_reg_no" = { value = "90000270634" }
        no = "Nr."
        name = "Solis"
        "#,
        &[],
        "Kods|Nr.|Solis
         1|1|Pieņem
         1|divi|Izskata
         |3|Nosūta",
    );
    insta::assert_snapshot!("steps", steps);
    let requests = run(
        r#"
        entity = "service_request"
        [fields]
        institution_reg_no = { value = "90000270634" }
        request_no = "Numurs"
        kind = { value = "x", codes = { x = "pakalpojuma pieprasījums" } }
        applicant_hash = { column = "Personas kods", pseudonymise = true }
        submitted_at = "No"
        closed_at = "Līdz"
        "#,
        &[],
        "Numurs|Personas kods|No|Līdz
         20120617001|010190-12345|04.06.2024|05.06.2024 12:00
         20120617002|010190-12345|31.02.2024|05.06.2024
         20120617003|010190-12345|06.06.2024|05.06.2024",
    );
    assert!(!requests.contains("12345"), "{requests}");
    insta::assert_snapshot!("requests", requests);
}
