//! Files that are no workbooks, are broken, or mean harm.

use std::io::Read as _;

use serde_json::json;

use super::*;

fn header(rest: &str) -> String {
    sheet_xml(&format!(r#"<row r="1">{}{}</row>{rest}"#, inline("A1", "Kods"), inline("B1", "Nosaukums")))
}

fn ods(table: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"Lapa\">{table}</table:table>\
         </office:spreadsheet></office:body></office:document-content>"
    );
    zipped(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest:manifest/>"),
        ("content.xml", content.as_bytes()),
    ])
}

fn ole(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).unwrap();
    for (name, content) in streams {
        file.create_stream(name).unwrap().write_all(content).unwrap();
    }
    file.into_inner().into_inner()
}

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes(), &(data.len() as u16).to_le_bytes(), data].concat()
}

#[test]
fn what_it_is_instead() {
    let docx = zipped(&[("_rels/.rels", b"<Relationships/>"), ("word/document.xml", b"<document/>")]);
    let zip = zipped(&[("registrs.csv", b"a;b")]);
    for (bytes, error) in [
        (b"".as_slice(), "F002"),
        (b"<!DOCTYPE html><html><table>", "F004 HTML"),
        (b"\xEF\xBB\xBF\r\n<HTML xmlns:x=\"urn:schemas-microsoft-com:office:excel\">", "F004 HTML"),
        (
            b"<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
            "F004 Excel 2003 XML kind = \"xml\"",
        ),
        (b"Kods;Nosaukums\r\n1;Viens", "F004 CSV kind = \"csv\""),
        (b"{\"a\": 1}", "F004 JSON kind = \"json\""),
        (b"%PDF-1.7", "F004 PDF"),
        (b"\x7FELF\x00\x01", "F004 ?"),
        (&docx, "F004 Word (docx)"),
        (&zip, "F004 ZIP"),
        (&ole(&[("/WordDocument", b"x")]), "F004 Word (doc)"),
        (&ole(&[("/EncryptedPackage", b"x")]), "F011"),
        (&ole(&[("/Workbook", &record(0x2F, &[1, 0]))]), "F011"),
        (&ole(&[("/Workbook", &record(0x85, &[0; 4]))]), "F005 EOF"),
    ] {
        let seen = Case::of(bytes).read();
        assert_eq!(seen.error(), error);
        assert!(seen.batches.is_empty());
    }
}

#[test]
fn truncated() {
    let whole = raw_xlsx(&header(r#"<row r="2"><c r="A2"><v>1</v></c></row>"#), &[]);
    assert_eq!(Case::of(&whole).read().batches.len(), 1);
    let fixtures = ["registrs.xls", "registrs.ods"]
        .map(|name| std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap());
    for bytes in [&whole, &fixtures[0], &fixtures[1]] {
        // Wherever it breaks off: an error, never a panic.
        for length in (8..bytes.len()).step_by(37) {
            assert_eq!(Case::of(&bytes[..length]).read().code(), "F005", "{length} of {}", bytes.len());
        }
    }
    let broken = raw_xlsx("<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row>", &[]);
    assert_eq!(Case::of(&broken).read().code(), "F005");
}

/// Parts with bytes changed, cut out and doubled: whatever comes of it, no panic, no abort and no endless loop.
#[test]
fn damaged() {
    let mut state = 88_172_645_463_325_252u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize % below.max(1)
    };
    let unzipped = |bytes: Vec<u8>| -> Vec<(String, Vec<u8>)> {
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        (0..zip.len())
            .map(|index| {
                let mut content = Vec::new();
                zip.by_index(index).unwrap().read_to_end(&mut content).unwrap();
                (zip.name_for_index(index).unwrap().unwrap().into_owned(), content)
            })
            .collect()
    };
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut stream = Vec::new();
    let mut xls = cfb::open(fixtures.join("registrs.xls")).unwrap();
    xls.open_stream("/Workbook").unwrap().read_to_end(&mut stream).unwrap();
    let whole = [
        vec![("/Workbook".to_owned(), stream)],
        unzipped(std::fs::read(fixtures.join("registrs.ods")).unwrap()),
        unzipped(messy::register()),
        unzipped(xlsb::book(&xlsb::cells())),
    ];
    for round in 0..400 {
        let mut parts = whole[round % whole.len()].clone();
        for _ in 0..=random(3) {
            let part = random(parts.len());
            let bytes = &mut parts[part].1;
            let at = random(bytes.len());
            let end = (at + 1 + random(50)).min(bytes.len());
            match random(4) {
                0 if !bytes.is_empty() => bytes[at] = random(256) as u8,
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let doubled = bytes[at..end].to_vec();
                    bytes.splice(at..at, doubled);
                }
                _ => drop(bytes.splice(
                    at..(at + 4).min(end),
                    if round % 4 == 0 || round % 4 == 3 { [0xFF; 4] } else { *b"9999" },
                )),
            }
        }
        let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        let bytes = if parts[0].0 == "/Workbook" { ole(&parts) } else { zipped(&parts) };
        let _ = Case::of(&bytes).read();
    }
}

#[test]
fn bombs() {
    let bomb = header(&format!(r#"<row r="2"><c r="A2"><v>1</v></c></row>{}"#, " ".repeat(11_000_000)));
    let bytes = raw_xlsx(&bomb, &[]);
    assert!(bytes.len() < 100_000);
    let error = |set: fn(&mut Limits)| Case::of(&bytes).limits(set).read().error();
    assert_eq!(error(|l| l.inflated_bytes = 1_000_000), "F007 Lapa xl/worksheets/sheet1.xml inflated_bytes");
    assert_eq!(error(|l| l.inflation_ratio = 10), "F007 Lapa xl/worksheets/sheet1.xml inflation_ratio");
    assert_eq!(error(|l| l.archive_members = 3), "F007 > 3 archive_members");
    // One text without end.
    let long = raw_xlsx(&header(&format!("<row r=\"2\">{}</row>", inline("A2", &"a".repeat(5_000_000)))), &[]);
    let seen = Case::of(&long).limits(|limits| limits.record_bytes = 1 << 20).read();
    assert_eq!(seen.error(), "F007 Lapa xl/worksheets/sheet1.xml record_bytes");
    // Part not looked at otherwise.
    let media = raw_xlsx(&header(""), &[("xl/media/image1.png", &vec![0; 20_000_000])]);
    let seen = Case::of(&media).limits(|limits| limits.inflation_ratio = 100).read();
    assert_eq!(seen.error(), "F007 xl/media/image1.png inflation_ratio");
    let deep = raw_xlsx(&header(&"<a>".repeat(100)), &[]);
    assert_eq!(Case::of(&deep).read().error(), "F007 Lapa xl/worksheets/sheet1.xml depth");
}

#[test]
fn shared_texts_and_styles() {
    let texts = |content: &str| {
        let parts: [(&str, &[u8]); 1] = [("xl/sharedStrings.xml", content.as_bytes())];
        Case::of(&raw_xlsx(&header(""), &parts)).limits(|limits| limits.shared_text_bytes = 10_000).read().error()
    };
    let part = "xl/sharedStrings.xml";
    assert_eq!(
        texts(&format!("<sst>{}</sst>", "<si><t>a</t></si>".repeat(1_000))),
        format!("F007 {part} shared_text_bytes")
    );
    assert_eq!(texts(r#"<sst uniqueCount="999999999999"></sst>"#), format!("F005 {part}: uniqueCount = 999999999999"));
    let styles = format!(
        "<styleSheet><fonts><font><name val=\"{}\"/></font></fonts><cellXfs>{}</cellXfs></styleSheet>",
        "a".repeat(1_000),
        "<xf fontId=\"0\"/>".repeat(100)
    );
    let parts: [(&str, &[u8]); 1] = [("xl/styles.xml", styles.as_bytes())];
    let seen = Case::of(&raw_xlsx(&header(""), &parts)).limits(|limits| limits.shared_text_bytes = 10_000).read();
    assert_eq!(seen.error(), "F007 xl/styles.xml shared_text_bytes");
}

#[test]
fn doctypes() {
    let doctype = r#"<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a "aaaa">]>"#;
    for (part, rest) in [
        ("xl/sharedStrings.xml", "<sst></sst>".to_owned()),
        ("xl/styles.xml", "<styleSheet/>".to_owned()),
        ("xl/worksheets/sheet1.xml", header("")),
        ("xl/workbook.xml", "<workbook/>".to_owned()),
        ("docProps/app.xml", "<Properties/>".to_owned()),
    ] {
        let content = format!("{doctype}{rest}");
        let seen = Case::of(&raw_xlsx(&header(""), &[(part, content.as_bytes())])).read();
        assert_eq!(seen.code(), "F006", "{part}");
        assert_eq!(seen.error.unwrap().value.as_deref(), Some(part));
    }
}

/// A value in the last cell there is costs one row and one column.
#[test]
fn the_last_cell() {
    let far = header(&format!("<row r=\"1048576\">{}</row>", inline("XFD1048576", "x")));
    let seen = Case::of(&raw_xlsx(&far, &[])).table(json!({ "header_row": 1 })).read();
    assert_eq!(seen.table("Lapa"), ["Kods | Nosaukums | Kolonna XFD", "1048576:  |  | x"]);
    assert_eq!(seen.skipped(Skip::Blank), 1_048_574);
    let beyond = header(&format!("<row r=\"2\">{}</row>", inline("XFE2", "x")));
    assert_eq!(Case::of(&raw_xlsx(&beyond, &[])).read().error(), "F007 Lapa > 16384 columns");
    let below = header(&format!("<row r=\"1048577\">{}</row>", inline("A1048577", "x")));
    assert_eq!(Case::of(&raw_xlsx(&below, &[])).read().code(), "F005");
}

#[test]
fn columns() {
    let wide = |count: usize, cell: &str| {
        Case::of(&raw_xlsx(&sheet_xml(&format!("<row>{}</row>", cell.repeat(count))), &[])).read()
    };
    assert_eq!(wide(100_000, "<c><v>1</v></c>").error(), "F007 Lapa > 2000 columns");
    assert_eq!(wide(2_001, "<c><v>1</v></c>").error(), "F007 Lapa > 2000 columns");
    assert_eq!(wide(2_000, "<c><v>1</v></c>").told()[1], "F003 Lapa");
    // Formatting only.
    assert_eq!(wide(16_000, "<c s=\"0\"/>").told(), ["F003 Lapa"]);
}

#[test]
fn rows_in_disorder() {
    let rows = r#"<row r="9"><c r="A9"><v>1</v></c></row><row r="3"><c r="A3"><v>2</v></c></row>"#;
    assert_eq!(Case::of(&raw_xlsx(&header(rows), &[])).read().code(), "F005");
    // Columns in disorder are no harm; of two cells in one place the last counts.
    let cells = r#"<row r="2"><c r="B2"><v>2</v></c><c r="A2"><v>1</v></c><c r="B2"><v>3</v></c></row>"#;
    let seen = Case::of(&raw_xlsx(&header(cells), &[])).read();
    assert_eq!(seen.table("Lapa"), ["Kods | Nosaukums", "2: 1 | 3"]);
}

#[test]
fn a_shared_text_that_is_not_there() {
    let cells = r#"<row r="2"><c r="A2" t="s"><v>5</v></c></row>"#;
    assert_eq!(Case::of(&raw_xlsx(&header(cells), &[])).read().code(), "F005");
}

#[test]
fn two_parts_of_one_name() {
    let sheet = header("");
    let bytes = raw_xlsx(&sheet, &[("XL/Worksheets/sheet1.xml", sheet.as_bytes())]);
    assert_eq!(Case::of(&bytes).read().code(), "F005");
}

#[test]
fn xls_caps() {
    let seen = Case::fixture("wide.xls").read();
    assert_eq!(seen.error(), "F007 8388609 dense_cells");
    let seen = Case::fixture("registrs.xls").limits(|limits| limits.dense_cells = 30).read();
    assert!(seen.error().ends_with("dense_cells"), "{}", seen.error());
    let seen = Case::fixture("registrs.xls").limits(|limits| limits.shared_text_bytes = 5_000).read();
    assert!(seen.error().ends_with("shared_text_bytes"), "{}", seen.error());
    // Room for more cells than a sheet has.
    let bof = record(0x0809, &[0, 6, 0x10, 0, 0, 0, 0, 0]);
    let bound = [56u32.to_le_bytes().as_slice(), &[0, 0, 4, 0], b"Lapa"].concat();
    let globals = [record(0x0809, &[0, 6, 5, 0, 0, 0, 0, 0]), record(0x85, &bound), record(0x0A, &[])].concat();
    let dimensions = [0u32, 0xFFFF_FFFF, 0xFFFF_0000, 0].map(u32::to_le_bytes).concat();
    let stream =
        [globals.clone(), vec![0; 56 - globals.len()], bof, record(0x0200, &dimensions[..14]), record(0x0A, &[])]
            .concat();
    assert_eq!(Case::of(&ole(&[("/Workbook", &stream)])).read().error(), "F005 Dimensions");
}

#[test]
fn ods_caps() {
    let text = |attributes: &str, text: &str| {
        format!(
            "<table:table-cell office:value-type=\"string\" {attributes}><text:p>{text}</text:p></table:table-cell>"
        )
    };
    let row = |attributes: &str, cells: &str| format!("<table:table-row {attributes}>{cells}</table:table-row>");
    let seen = Case::of(&ods(&(row("", &text("", "Kods")) + &row("", &text("", "1"))))).read();
    assert_eq!(seen.table("Lapa"), ["Kods", "2: 1"]);
    for (table, setting) in [
        (
            row("table:number-rows-repeated=\"1048576\"", &text("table:number-columns-repeated=\"1000\"", "x")),
            "dense_cells",
        ),
        (
            row("table:number-rows-repeated=\"&#49;048576\"", &text("table:number-columns-repeated=\"1000\"", "x")),
            "dense_cells",
        ),
        (row("", &text("table:number-columns-repeated=\"16384\"", "x")), "columns"),
        (row("", &text("table:number-columns-repeated=\"1000\"", &"x".repeat(1_000_000))), "shared_text_bytes"),
        (row("", &text("", "<text:s text:c=\"99999999999\"/>")), "field_bytes"),
        // Rows that end far to the right, each kept from the first column on.
        (
            row("", &format!("<table:table-cell table:number-columns-repeated=\"16000\"/>{}", text("", "x")))
                .repeat(700),
            "dense_cells",
        ),
    ] {
        let error = Case::of(&ods(&table)).read().error();
        assert!(error.ends_with(setting), "{error} / {setting}");
    }
    let encrypted = zipped(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>"),
        ("content.xml", b"?"),
    ]);
    assert_eq!(Case::of(&encrypted).read().error(), "F011");
}
