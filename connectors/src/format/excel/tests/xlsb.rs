//! xlsb, record by record: nothing at hand writes it.

use serde_json::json;

use super::*;

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = if kind < 0x80 { vec![kind as u8] } else { vec![(kind & 0x7F) as u8 | 0x80, (kind >> 7) as u8] };
    let mut length = data.len();
    loop {
        let more = length >= 0x80;
        bytes.push((length & 0x7F) as u8 | if more { 0x80 } else { 0 });
        length >>= 7;
        if !more {
            break;
        }
    }
    [bytes, data.to_vec()].concat()
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    [numbers(&[units.len() as u32]), units.iter().flat_map(|unit| unit.to_le_bytes()).collect()].concat()
}

fn row(index: u32) -> Vec<u8> {
    record(0, &numbers(&[index, 0, 0, 0]))
}

fn cell(kind: u16, column: u32, style: u32, value: &[u8]) -> Vec<u8> {
    record(kind, &[numbers(&[column, style]), value.to_vec()].concat())
}

pub(super) fn book(cells: &[Vec<u8>]) -> Vec<u8> {
    let rels = r#"<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.bin"/></Relationships>"#;
    let bundle = [numbers(&[0, 1]), wide("rId1"), wide("Lapa")].concat();
    let workbook =
        [record(0x0099, &[0; 8]), record(0x009C, &bundle), record(0x0090, &[]), record(0x009D, &[])].concat();
    let item = |text: &str| record(0x0013, &[vec![0], wide(text)].concat());
    let texts = [record(0x009F, &numbers(&[2, 2])), item("Kods"), item("Nosaukums")].concat();
    // Two cell formats: general and date.
    let formats = |format: u16| record(0x002F, &[0u16.to_le_bytes(), format.to_le_bytes()].concat());
    let styles = [record(0x0269, &numbers(&[2])), formats(0), formats(14), record(0x026A, &[])].concat();
    let merged = [record(0x00B0, &numbers(&[2, 3, 1, 1])), record(0x00B0, &numbers(&[0, 0, 2, u32::MAX]))].concat();
    let sheet = [
        record(0x0081, &[]),
        record(0x0094, &numbers(&[0, 9, 0, 2])),
        record(0x0091, &[]),
        cells.concat(),
        record(0x0092, &[]),
        merged,
        record(0x0082, &[]),
    ]
    .concat();
    zipped(&[
        ("xl/workbook.bin", &workbook),
        ("xl/_rels/workbook.bin.rels", rels.as_bytes()),
        ("xl/sharedStrings.bin", &texts),
        ("xl/styles.bin", &styles),
        ("xl/worksheets/sheet1.bin", &sheet),
    ])
}

pub(super) fn cells() -> Vec<Vec<u8>> {
    vec![
        row(0),
        cell(7, 0, 0, &numbers(&[0])),
        cell(7, 1, 0, &numbers(&[1])),
        cell(6, 2, 0, &wide("Datums")),
        row(2),
        cell(2, 0, 0, &numbers(&[17 << 2 | 2])),
        cell(6, 1, 0, &wide("Bērna reģistrācija")),
        cell(5, 2, 1, &45_447f64.to_le_bytes()),
        row(3),
        cell(5, 0, 0, &1.5f64.to_le_bytes()),
        cell(1, 1, 0, &[]),
        cell(3, 2, 0, &[0x2A]),
        row(4),
        // Only a formula that came to an error, which calamine passes over.
        cell(0x0B, 2, 0, &[0x17, 0, 0, 0, 0, 0, 0]),
    ]
}

#[test]
fn values() {
    let seen = Case::of(&book(&cells())).table(json!({ "fill_down": ["Nosaukums"], "header_row": 1 })).read();
    assert_eq!(
        seen.table("Lapa"),
        [
            "Kods | Nosaukums | Datums",
            "3: 17 | Bērna reģistrācija | 2024-06-04",
            "4: 1.5 | Bērna reģistrācija | ∅",
            "5:  |  | ∅",
        ]
    );
    assert_eq!(seen.told(), ["R005 Lapa!C4 Datums #N/A", "R005 Lapa!C5 Datums #REF!"]);
    assert_eq!(seen.skipped(Skip::Blank), 1);
}

#[test]
fn bad_records() {
    let with = |last: Vec<u8>| {
        let mut cells = cells();
        cells.push(last);
        Case::of(&book(&cells)).limits(|limits| limits.record_bytes = 1 << 16).read().error()
    };
    // A shared text that is not there: calamine panics.
    assert!(with(cell(7, 0, 0, &numbers(&[99]))).starts_with("F005"));
    assert_eq!(with(cell(5, 0, 0, &vec![0; 100_000])), "F007 Lapa 100008 record_bytes");
    assert_eq!(with([vec![5, 0xFF, 0xFF, 0xFF, 0x7F]].concat()), "F007 Lapa 268435455 record_bytes");
    assert_eq!(with(cell(5, 100_000, 0, &1f64.to_le_bytes())), "F007 Lapa > 16384 columns");
    assert_eq!(with([row(1), cell(5, 0, 0, &1f64.to_le_bytes())].concat()), "F005 Lapa row 2 after 4");
}
