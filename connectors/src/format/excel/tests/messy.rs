//! Workbooks as people make them.

use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, Formula, Workbook, Worksheet};
use serde_json::json;

use super::*;

fn saved(book: &mut Workbook) -> Vec<u8> {
    book.save_to_buffer().unwrap()
}

fn write(sheet: &mut Worksheet, row: u32, cells: &[&str]) {
    for (column, text) in (0u16..).zip(cells) {
        if !text.is_empty() {
            sheet.write(row, column, *text).unwrap();
        }
    }
}

fn book(rows: &[&[&str]]) -> Case {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("Lapa").unwrap();
    for (row, cells) in (0u32..).zip(rows) {
        write(sheet, row, cells);
    }
    Case::of(&saved(&mut book))
}

/// Title, merged header of two rows, merged cells, dates, zeros, errors, a blank row, the header again, ghosts.
pub(super) fn register() -> Vec<u8> {
    let mut book = Workbook::new();
    let middle = Format::new().set_align(FormatAlign::Center);
    let sheet = book.add_worksheet().set_name("Pakalpojumi").unwrap();
    sheet.merge_range(0, 0, 0, 6, "Pakalpojumu reģistrs 2024. gadam", &middle).unwrap();
    sheet.write(1, 0, "Iestāde: Lauku dienests").unwrap();
    for (column, name) in [(0, "Nr."), (1, "Pakalpojuma\nnosaukums"), (4, "Publicēts"), (5, "Kods"), (6, "Piezīmes")]
    {
        sheet.merge_range(3, column, 4, column, name, &middle).unwrap();
    }
    sheet.merge_range(3, 2, 3, 3, "Termiņš", &middle).unwrap();
    write(sheet, 4, &["", "", "Paredzamais", "Normatīvais"]);
    let date = Format::new().set_num_format("dd.mm.yyyy");
    let stamp = Format::new().set_num_format("dd.mm.yyyy hh:mm");
    let zeros = Format::new().set_num_format("0000");
    sheet.merge_range(5, 1, 6, 1, "Bērna reģistrācija", &middle).unwrap();
    sheet.write(5, 0, 1).unwrap();
    sheet.write(5, 2, "30 dienas").unwrap();
    sheet.write(5, 3, 30).unwrap();
    sheet.write_with_format(5, 4, ExcelDateTime::from_ymd(2024, 6, 4).unwrap(), &date).unwrap();
    sheet.write_with_format(5, 5, 17, &zeros).unwrap();
    sheet.write(6, 0, 2).unwrap();
    sheet.write(6, 3, 30.5).unwrap();
    let at = ExcelDateTime::from_ymd(2024, 6, 4).unwrap().and_hms(13, 5, 0).unwrap();
    sheet.write_with_format(6, 4, at, &stamp).unwrap();
    sheet.write(6, 5, "0018").unwrap();
    sheet.write(8, 0, 3).unwrap();
    sheet.write(8, 1, "Adreses piešķiršana").unwrap();
    sheet.write(8, 2, Formula::new("1/0").set_result("#DIV/0!")).unwrap();
    sheet.write(8, 3, Formula::new("A6+29").set_result("30")).unwrap();
    sheet.write(8, 6, true).unwrap();
    write(sheet, 9, &["", "", "Paredzamais", "Normatīvais"]);
    write(sheet, 10, &["4", "Zemes nomas līgums"]);
    sheet.write(10, 8, "bez virsraksta").unwrap();
    // Formatting only, down to the last cell there is.
    sheet.write_blank(1_048_575, 16_383, &date).unwrap();
    saved(&mut book)
}

#[test]
fn a_messy_register() {
    let seen =
        Case::of(&register()).table(json!({ "fill_down": ["Pakalpojuma nosaukums", "Pakalpojuma nosukums"] })).read();
    assert_eq!(
        seen.table("Pakalpojumi"),
        [
            "Nr. | Pakalpojuma nosaukums | Termiņš / Paredzamais | Termiņš / Normatīvais | Publicēts | Kods | Piezīmes | Kolonna I",
            "6: 1 | Bērna reģistrācija | 30 dienas | 30 | 2024-06-04 | 0017 |  | ",
            "7: 2 | Bērna reģistrācija |  | 30.5 | 2024-06-04T13:05:00 | 0018 |  | ",
            "9: 3 | Adreses piešķiršana | ∅ | 30 |  |  | true | ",
            "11: 4 | Zemes nomas līgums |  |  |  |  |  | bez virsraksta",
        ]
    );
    assert_eq!(
        seen.told(),
        [
            "F012 Pakalpojumi!A4 A4:I5 sheet = \"Pakalpojumi\"\nheader_row = 4\nheader_rows = 2",
            "F014 Pakalpojumi Pakalpojuma nosukums Pakalpojuma nosaukums",
            "R005 Pakalpojumi!C9 Termiņš / Paredzamais #DIV/0!",
        ]
    );
    assert_eq!((seen.skipped(Skip::Title), seen.skipped(Skip::Blank), seen.skipped(Skip::RepeatedHeader)), (2, 2, 1));
    let origin = &seen.batches[0].origin;
    assert_eq!(origin.locate(17, None, Some("Termiņš / Normatīvais")), "Pakalpojumi!D17");
    assert_eq!((origin.landed, origin.file.as_str()), (7, "registrs.xlsx"));
}

#[test]
fn pinned_is_not_guessed() {
    let table = json!({ "sheet": "pakalpojumi", "header_row": 4, "header_rows": 2 });
    let seen = Case::of(&register()).table(table).read();
    assert_eq!(seen.table("Pakalpojumi").len(), 5);
    assert_eq!(seen.table("Pakalpojumi")[2], "7: 2 |  |  | 30.5 | 2024-06-04T13:05:00 | 0018 |  | ");
    assert_eq!(seen.told(), ["R005 Pakalpojumi!C9 Termiņš / Paredzamais #DIV/0!"]);
    let seen = Case::of(&register()).table(json!({ "header_row": 3 })).read();
    assert_eq!(seen.error(), "F010 Pakalpojumi!3 header_row = 3");
}

#[test]
fn the_second_row_of_a_declared_header_may_hold_nothing() {
    let seen = book(&[&["Kods", "Nosaukums"], &[], &["1", "Viens"]])
        .table(json!({ "header_row": 1, "header_rows": 2 }))
        .read();
    assert_eq!(seen.table("Lapa"), ["Kods | Nosaukums", "3: 1 | Viens"]);
    assert_eq!(seen.skipped(Skip::Blank), 0);
}

#[test]
fn headers_are_found() {
    let names = |rows: &[&[&str]], wanted: &[&str]| {
        let seen = book(rows).wanted(wanted).read();
        (seen.table("Lapa")[0].clone(), seen.findings[0].value.clone().unwrap())
    };
    // Groups that nobody merged.
    let groups: &[&[&str]] = &[
        &["Nr.", "Nosaukums", "Termiņš", "", "Kods"],
        &["", "", "Paredzamais", "Maksimālais", ""],
        &["1", "Viens", "30", "60", "A"],
        &["2", "Divi", "30", "60", "B"],
    ];
    let joined = "Nr. | Nosaukums | Termiņš / Paredzamais | Termiņš / Maksimālais | Kods";
    assert_eq!(names(groups, &[]), (joined.to_owned(), "A1:E2".to_owned()));
    // A title as wide as the table, until the mapping says what it wants.
    let title: &[&[&str]] =
        &[&["Iestāde", "Lauku dienests", "Gads"], &["Kods", "Nosaukums", "Veids"], &["1", "Viens", "a"]];
    assert_eq!(names(title, &[]).1, "A1:C1");
    assert_eq!(names(title, &["kods", "Nosaukums", "Apraksts"]).1, "A2:C2");
    // Codes only in the first data row: still no header.
    let sparse: &[&[&str]] = &[
        &["Reģistrs"],
        &["Kods", "Nosaukums", "Apraksts", "Veids"],
        &["1", "Viens"],
        &["2", "Divi", "x"],
        &["3", "Trīs"],
    ];
    assert_eq!(names(sparse, &[]).1, "A2:D2");
    // Twice the same name, and a name that is ours.
    let twice: &[&[&str]] = &[&["Kods", "Piezīmes", "Piezīmes", "_row"], &["1", "a", "b", "c"]];
    assert_eq!(names(twice, &[]).0, "Kods | Piezīmes | Piezīmes (2) | _row (2)");
    // One column.
    assert_eq!(names(&[&["Kods"], &["1"], &["2"]], &[]).1, "A1:A1");
}

#[test]
fn sheets_are_taken_by_name_pattern_or_all() {
    let mut book = Workbook::new();
    for (name, hidden) in
        [("Reģistrs 2023", false), ("Reģistrs 2024", false), ("Soļi", false), ("Vecais reģistrs", true)]
    {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        write(sheet, 0, &["Kods", "Nosaukums"]);
        write(sheet, 1, &["1", name]);
        sheet.set_hidden(hidden);
    }
    book.add_worksheet().set_name("Sheet5").unwrap();
    let bytes = saved(&mut book);
    let sheets = |options, table| {
        let seen = Case::of(&bytes).options(options).table(table).read();
        seen.batches.iter().map(|batch| batch.origin.sheet.clone().unwrap()).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(sheets(json!({}), json!({})), "Reģistrs 2023, Reģistrs 2024, Soļi");
    assert_eq!(sheets(json!({ "hidden": true }), json!({})), "Reģistrs 2023, Reģistrs 2024, Soļi, Vecais reģistrs");
    assert_eq!(sheets(json!({}), json!({ "sheet": "Reģistrs*" })), "Reģistrs 2023, Reģistrs 2024");
    assert_eq!(sheets(json!({}), json!({ "sheet": "*reģistrs*" })), "Reģistrs 2023, Reģistrs 2024");
    assert_eq!(sheets(json!({}), json!({ "sheet": "soļi" })), "Soļi");
    assert_eq!(sheets(json!({}), json!({ "sheet": "Vecais reģistrs" })), "Vecais reģistrs");
    let seen = Case::of(&bytes).table(json!({ "sheet": "Registrs 2025" })).read();
    assert_eq!(seen.error(), "F010 Registrs 2025 Reģistrs 2023, Reģistrs 2024");
    // What was left out is told; the sheet that came with the program is not.
    let seen = Case::of(&bytes).read();
    assert_eq!(seen.told()[0], "F012 Vecais reģistrs Vecais reģistrs hidden = true");
    assert!(!seen.findings.iter().any(|finding| finding.code == "F003"));
    let seen = Case::of(&bytes).table(json!({ "sheet": "Sheet5" })).read();
    assert_eq!(seen.told(), ["F003 Sheet5"]);
}

#[test]
fn header_only() {
    let seen = book(&[&["Kods", "Nosaukums"]]).table(json!({ "header_row": 1 })).read();
    assert_eq!(seen.told(), ["F003 Lapa"]);
    let rows: Vec<usize> = seen.batches.iter().map(|batch| batch.frame.height()).collect();
    assert_eq!(rows, [0], "the table is there, with its header");
    let empty = book(&[]).read();
    assert_eq!(empty.told(), ["F003 Lapa"]);
    assert!(empty.batches.is_empty(), "nothing is there");
}

#[test]
fn blanks_are_filled_down_where_nothing_is_merged() {
    let rows: &[&[&str]] = &[&["Grupa", "Kods"], &["A", "1"], &["", "2"], &[], &["", "3"], &["B", "4"], &["  ", "5"]];
    let seen = book(rows).table(json!({ "fill_down": ["Grupa"], "header_row": 1 })).read();
    assert_eq!(seen.table("Lapa"), ["Grupa | Kods", "2: A | 1", "3: A | 2", "5: A | 3", "6: B | 4", "7: B | 5"]);
    assert_eq!(seen.told(), [] as [&str; 0]);
}

#[test]
fn formulas_without_value() {
    let rows = [
        format!(r#"<row r="1">{}{}{}</row>"#, inline("A1", "Kods"), inline("B1", "Summa"), inline("C1", "Teksts")),
        r#"<row r="2"><c r="A2"><v>1</v></c><c r="B2"><f>A2+1</f></c><c r="C2" t="str"><f>""</f><v></v></c></row>"#
            .to_owned(),
        r#"<row r="3"><c r="B3"><f>A2+1</f><v/></c><c r="A3"><v>2</v></c></row>"#.to_owned(),
        r#"<row r="4"><c><v>3</v></c><c><f>A2+1</f><v>5</v></c></row>"#.to_owned(),
    ];
    let seen = Case::of(&raw_xlsx(&sheet_xml(&rows.concat()), &[])).table(json!({ "header_row": 1 })).read();
    assert_eq!(seen.table("Lapa"), ["Kods | Summa | Teksts", "2: 1 | ∅ | ", "3: 2 | ∅ | ", "4: 3 | 5 | "]);
    assert_eq!(seen.told(), ["R006 Lapa!B2 Summa", "R006 Lapa!B3 Summa"]);
}

#[test]
fn dates_of_1904() {
    let rows =
        format!(r#"<row r="1">{}</row><row r="2"><c r="A2" s="1"><v>43985.5</v></c></row>"#, inline("A1", "Datums"));
    let rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let styles = r#"<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>"#;
    let book = format!(
        r#"<workbook xmlns:r="{rels}"><workbookPr date1904="1"/><sheets><sheet name="Lapa" r:id="rId1"/></sheets></workbook>"#
    );
    let parts: [(&str, &[u8]); 2] = [("xl/styles.xml", styles.as_bytes()), ("xl/workbook.xml", book.as_bytes())];
    let seen = Case::of(&raw_xlsx(&sheet_xml(&rows), &parts)).table(json!({ "header_row": 1 })).read();
    assert_eq!(seen.table("Lapa"), ["Datums", "2: 2024-06-04T12:00:00"]);
}

#[test]
fn xls() {
    let seen = Case::fixture("registrs.xls").table(json!({ "fill_down": ["Nosaukums"] })).read();
    let long = "x".repeat(300);
    assert_eq!(
        seen.table("Pakalpojumi"),
        [
            "Nr. | Nosaukums | Termiņš / Paredzamais | Termiņš / Normatīvais | Publicēts | Kods".to_owned(),
            "5: 1 | Bērna reģistrācija | 30 dienas | 30 | 2024-06-04 | 0017".to_owned(),
            "6: 2 | Bērna reģistrācija | 1 mēnesis | 30.5 | 2024-06-04T13:05:00 | true".to_owned(),
            format!("8: 3 | Adreses piešķiršana |  |  |  | {long}"),
        ]
    );
    assert_eq!(
        seen.told(),
        [
            "F012 Slēpta Slēpta hidden = true",
            "F012 Pakalpojumi!A3 A3:F4 sheet = \"Pakalpojumi\"\nheader_row = 3\nheader_rows = 2",
        ]
    );
    assert_eq!((seen.skipped(Skip::Title), seen.skipped(Skip::Blank)), (1, 2));
}

#[test]
fn ods() {
    let seen = Case::fixture("registrs.ods").table(json!({ "fill_down": ["Nosaukums"] })).read();
    assert_eq!(
        seen.table("Pakalpojumi"),
        [
            "Nr. | Nosaukums | Publicēts | Laiks | Kods",
            "4: 1 | Bērna reģistrācija | 2024-06-04 | 13:05:00 | 0017",
            "5: 2.5 | Bērna reģistrācija | 2024-06-04T13:05:00 |  | true",
            "8: 3 | Adreses piešķiršana | ∅ | ∅ | B",
        ]
    );
    assert_eq!(
        seen.told(),
        [
            "F012 Slēpta Slēpta hidden = true",
            "F012 Pakalpojumi!A3 A3:E3 sheet = \"Pakalpojumi\"\nheader_row = 3",
            "R005 Pakalpojumi!C8 Publicēts #DIV/0!",
            "R006 Pakalpojumi!D8 Laiks",
        ]
    );
    assert_eq!((seen.skipped(Skip::Title), seen.skipped(Skip::Blank)), (1, 3));
}

#[test]
fn rows_that_cannot_be_kept() {
    let rows: &[&[&str]] = &[&["Kods", "Nosaukums"], &["1", "garš teksts"], &["2", "zvans\u{7}"], &["3", "labs"]];
    let seen = book(rows).limits(|limits| limits.field_bytes = 10).read();
    assert_eq!(seen.table("Lapa"), ["Kods | Nosaukums", "4: 3 | labs"]);
    let rejected: Vec<String> = seen.rejected.iter().map(|row| told(&row.finding)).collect();
    assert_eq!(rejected, ["F007 Lapa!B2 Nosaukums field_bytes", "R004 Lapa!B3 Nosaukums"]);
    assert_eq!(seen.rejected[0].text, "1\tgarš teksts\t");
}

#[test]
fn many_rows_come_in_batches() {
    let text = "ā".repeat(30_000);
    let row = |row: usize| format!("<row r=\"{row}\">{}</row>", inline(&format!("A{row}"), &text));
    let rows: String = (2..=600).map(row).collect();
    let sheet = sheet_xml(&format!("<row r=\"1\">{}</row>{rows}", inline("A1", "Apraksts")));
    let seen = Case::of(&raw_xlsx(&sheet, &[])).limits(|limits| limits.inflation_ratio = 1_000_000).read();
    assert_eq!(seen.batches.iter().map(|batch| batch.frame.height()).collect::<Vec<_>>(), [140, 140, 140, 140, 39]);
    assert_eq!(seen.batches[4].frame.column(ROW).unwrap().i64().unwrap().get(38), Some(600));
}
