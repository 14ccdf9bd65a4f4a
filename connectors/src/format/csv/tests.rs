#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! CSV through the public door.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Kind;
use crate::format::testing::{Collected, Reading, tell};
use crate::format::{FormatKind, ReadError};
use crate::limits::Limits;

fn reading(options: Value, table: Value) -> Reading<'static> {
    Reading { options, table, ..Reading::new(&Kind) }
}

/// Reads with `;` declared, so that the story holds no guess of it.
fn check(table: Value, bytes: &[u8], story: &[&str]) {
    let read = reading(json!({ "delimiter": ";" }), table).good(bytes);
    assert_eq!(read.story(), story, "{}", String::from_utf8_lossy(bytes));
    assert!(read.findings.iter().all(|finding| finding.landed == Some(7) && finding.entity.is_empty()));
}

#[test]
fn rows() {
    for (text, story) in [
        ("Kods;Nosaukums\n1;Atļauja\n2;\n", &["Kods|Nosaukums", "2 1|Atļauja", "3 2|"][..]),
        ("Kods;Nosaukums\r\n1;\"a;\"\"b\"\"\r\nc\"\r\n2;d", &["Kods|Nosaukums", "2 1|a;\"b\"\r\nc", "4 2|d"]),
        ("Kods;Nosaukums\r1;a\r2;b\r", &["Kods|Nosaukums", "2 1|a", "3 2|b"]),
        // No value is changed: spaces and zeros stay.
        ("Kods;X\n 007 ;\u{a0}x\n", &["Kods|X", "2  007 |\u{a0}x"]),
        // Blank rows, the end mark of MS-DOS, the header again.
        (
            "\nKods;X\n1;a\n;\n\n  ; \nKods;X\n2;b\n\u{1A}",
            &["Kods|X", "3 1|a", "8 2|b", "skipped Blank 5", "skipped RepeatedHeader 1"],
        ),
        // Ragged.
        (
            "A;B;C\n1;2\n1;2;3;4\n1;2;3;;\n",
            &["A|B|C", "2 1|2|-", "4 1|2|3", "rejected R002 L3 4 3 1;2;3;4", "R001 L2 2 3"],
        ),
        // Names.
        ("A;;A;B;\n1;x;2;;\n3;;4;;\n", &["A|Kolonna B|A (2)|B", "2 1|x|2|", "3 3||4|"]),
        ("A;B;\n1;2;x\n", &["A|B|Kolonna C", "2 1|2|x"]),
        ("\"Pakalpojuma\n nosaukums\";B\n1;2\n", &["Pakalpojuma nosaukums|B", "3 1|2"]),
        // Quotes that are not closed properly cost one line.
        ("A;B\n1;\"x\n2;y\n3;\"z\"\n", &["A|B", "3 2|y", "4 3|z", "rejected R003 L2 1;\"x"]),
        (
            "A;B\n1;\"Biedrība \"Saule\" rīts\"\n2;SIA \"Saule\"\n",
            &["A|B", "3 2|SIA \"Saule\"", "rejected R003 L2 1;\"Biedrība \"Saule\" rīts\""],
        ),
        // Control characters.
        (
            "A;B\n1;x\0y\n2;a\u{1F}b\n3;\t\n4;c\rd\n",
            &["A|B", "4 3|\t", "rejected R004 L2 1;x\0y", "rejected R004 L3 2;a\u{1F}b", "rejected R004 L5 4;c\rd"],
        ),
        ("ā\n", &["ā", "F003 L1"]),
        ("A;B\n", &["A|B", "F003 L1"]),
    ] {
        check(Value::Null, text.as_bytes(), story);
    }
}

#[test]
fn headers_under_titles() {
    let guess = |line: i64| format!("F012 L{line} {line} header_row header_row = {line}");
    for (text, story) in [
        (
            "Lauku dienests;;\nPakalpojumi uz 01.01.2024;;\n\nKods;Nosaukums;Cena\n1;Atļauja;2,50\n",
            &["Kods|Nosaukums|Cena", "5 1|Atļauja|2,50", "skipped Blank 1", "skipped Title 2", &guess(4)][..],
        ),
        ("Reģistrs\nA;B;C\n1;2;3\n4;5;6\n", &["A|B|C", "3 1|2|3", "4 4|5|6", "skipped Title 1", &guess(2)]),
        (
            "SIA \"Re\"\n\"Nosaukums\nA;B;C\n1;2;3\n4;5;6\n",
            &["A|B|C", "4 1|2|3", "5 4|5|6", "skipped Title 2", &guess(3)],
        ),
        // The data end in a delimiter, the header does not.
        ("A;B;C\n1;2;3;\n4;5;6;\n", &["A|B|C", "2 1|2|3", "3 4|5|6"]),
        // The header is wider than most rows.
        ("A;B;C;D\n1;x;y\n2;x;y\n", &["A|B|C|D", "2 1|x|y|-", "3 2|x|y|-", "R001 L2 3 4", "R001 L3 3 4"]),
        // Nothing looks like a header: the first row, with a word about it.
        ("1;2;3\n4;5;6\n", &["1|2|3", "2 4|5|6", &guess(1)]),
    ] {
        check(Value::Null, text.as_bytes(), story);
    }
    let titled = b"Re\xC4\xA3istrs;a;b\n\"\nKods;X\n1;a\n";
    check(json!({ "header_row": 3 }), titled, &["Kods|X", "4 1|a", "skipped Title 2"]);
    check(json!({ "columns": ["Kods", "X"] }), b"1;a\n2;b\n", &["Kods|X", "1 1|a", "2 2|b"]);
}

#[test]
fn delimiters_and_quotes() {
    for (options, text, story) in [
        (json!({}), "A,B\n1,2\n", &["A|B", "2 1|2", "F012 , delimiter delimiter = \",\""][..]),
        (json!({}), "A\tB\n1\t2\n", &["A|B", "2 1|2", "F012 \\t delimiter delimiter = \"\\t\""]),
        (json!({ "delimiter": "\t" }), "A\tB\n1\t2\n", &["A|B", "2 1|2"]),
        (json!({}), "sep=|\nA|B\n1|2\n", &["A|B", "3 1|2", "skipped Title 1", "F012 L2 2 header_row header_row = 2"]),
        (json!({ "delimiter": ";", "quote": "" }), "A;B\n1;\"x\" y\n", &["A|B", "2 1|\"x\" y"]),
        (json!({ "delimiter": ";", "quote": "'" }), "A;B\n1;'x;y'\n", &["A|B", "2 1|x;y"]),
        (json!({}), "Nosaukums\nViens\n", &["Nosaukums", "2 Viens"]),
    ] {
        assert_eq!(reading(options, Value::Null).good(text.as_bytes()).story(), story, "{text}");
    }
}

fn utf16(text: &str) -> Vec<u8> {
    "\u{FEFF}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn encodings() {
    let story = ["Kods|Nosaukums", "2 1|Dzīvesvietas deklarēšana", "3 2|Ūdens"];
    let text = "Kods;Nosaukums\n1;Dzīvesvietas deklarēšana\n2;Ūdens\n";
    let windows = encoding_rs::WINDOWS_1257.encode(text).0.into_owned();
    let dos: Vec<u8> = b"Kods;Nosaukums\n1;Dz\x8Cvesvietas deklar\x89\xD5ana\n2;\xC7dens\n".to_vec();
    for (declared, bytes, guess) in [
        ("auto", text.as_bytes().to_vec(), None),
        ("auto", format!("\u{FEFF}{text}").into_bytes(), None),
        ("utf-8", format!("\u{FEFF}{text}").into_bytes(), None),
        ("auto", utf16(text), None),
        ("auto", utf16(text)[2..].to_vec(), Some("utf-16le")),
        ("auto", windows.clone(), Some("windows-1257")),
        ("windows-1257", windows.clone(), None),
        ("iso-8859-13", windows, None),
        ("auto", dos.clone(), Some("cp775")),
        ("cp775", dos, None),
    ] {
        let read = reading(json!({ "encoding": declared, "delimiter": ";" }), Value::Null).good(&bytes);
        let mut story: Vec<String> = story.iter().map(|line| (*line).to_owned()).collect();
        story.extend(guess.map(|name| format!("F012 {name} encoding encoding = \"{name}\"")));
        assert_eq!(read.story(), story, "{declared} {guess:?}");
    }
}

#[test]
fn a_late_letter_settles_the_encoding_too() {
    let mut bytes = b"Kods;X\n".to_vec();
    bytes.extend(b"1;a\n".repeat(100_000));
    bytes.extend(b"2;Atz\xEEme\n");
    let read = reading(json!({}), Value::Null).good(&bytes);
    assert_eq!(read.rows.last().unwrap()[1].as_deref(), Some("Atzīme"));
    assert_eq!(read.batches, [65_536, 34_465]);
}

#[test]
fn many_blank_lines_do_not_make_a_file_empty() {
    let text = format!("{}A;B\n1;2\n", ";\n".repeat(300_000));
    check(Value::Null, text.as_bytes(), &["A|B", "300002 1|2", "skipped Blank 300000"]);
    let text = format!("{}A;B\n1;2\n", "\n".repeat(300_000));
    check(Value::Null, text.as_bytes(), &["A|B", "300002 1|2", "skipped Blank 300000"]);
}

#[test]
fn bad_files() {
    let long = format!("{};x\n1;2\n", "A;".repeat(3_000));
    for (options, bytes, finding) in [
        (json!({}), &b""[..], "F002"),
        (json!({}), b"\xEF\xBB\xBF", "F002"),
        (json!({}), b" \r\n\n", "F002"),
        (json!({ "delimiter": ";" }), b";;\n;\n", "F002"),
        (json!({}), b"<!DOCTYPE html><html><body>", "F004 HTML CSV"),
        (json!({}), b"PK\x03\x04abc", "F004 ZIP / XLSX CSV kind = \"excel\""),
        (json!({}), b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1abc", "F004 XLS / OLE CSV kind = \"excel\""),
        (json!({}), b"%PDF-1.4", "F004 PDF CSV"),
        (
            json!({ "encoding": "utf-8" }),
            b"Kods;X\n1;Atz\xEEme\n",
            "F008 L2 0xEE @ 12 utf-8 encoding = \"windows-1257\"",
        ),
        (
            json!({ "encoding": "windows-1257" }),
            "A;B\n1;ā\n".as_bytes(),
            "F008 windows-1257 utf-8 encoding = \"utf-8\"",
        ),
        (json!({ "encoding": "utf-16le" }), b"A;B\n1;2\n", "F008 utf-16le utf-8 encoding = \"utf-8\""),
        (json!({ "encoding": "utf-8" }), &utf16("A;B\n1;2\n"), "F008 utf-8 utf-16le encoding = \"utf-16le\""),
        // Damaged in one place: no other encoding would help.
        (
            json!({}),
            &["A;B\n1;ā\n".repeat(50_000).as_bytes(), b"2;\xC4;\n"].concat(),
            "F008 L100001 0xC4 @ 450002 utf-8",
        ),
        (json!({}), long.as_bytes(), "F007 3002 columns <= 2000 [limits] columns = 3002"),
    ] {
        assert_eq!(tell(&reading(options, Value::Null).bad(bytes)), finding, "{}", String::from_utf8_lossy(bytes));
    }
    for line in [3, 9] {
        let finding = reading(json!({ "delimiter": ";" }), json!({ "header_row": line })).bad(b"A;B\n1;2\n\n3;4\n");
        assert_eq!(tell(&finding), format!("F010 {line} header_row"));
    }
}

#[test]
fn limits_reject_the_row_alone() {
    let limits = Limits { field_bytes: 10, record_bytes: 40, ..Limits::default() };
    let text = format!("A;B\n1;{}\n2;{}\n3;ok\n", "x".repeat(11), "y".repeat(60));
    let read = Reading { limits, ..reading(json!({ "delimiter": ";" }), Value::Null) }.good(text.as_bytes());
    assert_eq!(
        read.story(),
        [
            "A|B",
            "4 3|ok",
            "rejected F007 L2 11 field_bytes <= 10 [limits] field_bytes = 11 1;xxxxxxxxxxx",
            &format!("rejected F007 L3 63 record_bytes <= 40 [limits] record_bytes = 63 2;{}", "y".repeat(39)),
        ]
    );
}

#[test]
fn mojibake_is_told_once() {
    for (text, finding) in [
        ("Kods;Nosaukums\n1;Atïauja\n2;Paðvaldîba\n", "F009 L2 windows-1257 -> windows-1252"),
        ("Kods;AtzÄ«me\n1;IestÄ\u{81}de\n", "F009 L1 utf-8 -> windows-1252"),
    ] {
        let read = reading(json!({ "delimiter": ";" }), Value::Null).good(text.as_bytes());
        assert_eq!(read.findings.iter().map(tell).collect::<Vec<_>>(), [finding], "{text}");
    }
    let foreign = "Kods;Iestāde\n1;Alliance Française\n".to_owned() + &"2;Dzīve\n".repeat(10);
    assert!(reading(json!({ "delimiter": ";" }), Value::Null).good(foreign.as_bytes()).findings.is_empty());
}

#[test]
fn options_that_no_schema_refuses() {
    for (options, table, option) in [
        (json!({ "delimiter": ";;" }), json!({}), "delimiter"),
        (json!({ "delimiter": "a" }), json!({}), "delimiter"),
        (json!({ "quote": "„" }), json!({}), "quote"),
        (json!({ "delimiter": "'", "quote": "'" }), json!({}), "quote"),
        (json!({ "encoding": "koi8-r" }), json!({}), "format"),
        (json!({}), json!({ "header_row": 0 }), "header_row"),
        (json!({}), json!({ "header_row": 1, "columns": ["A"] }), "columns"),
        (json!({}), json!({ "columns": ["A", "A"] }), "columns"),
        (json!({}), json!({ "colums": ["A"] }), "read"),
    ] {
        assert_eq!(Kind.reader(&options, &table).err().unwrap().option, option);
    }
}

#[test]
fn schemas_say_what_is_allowed() {
    let mut generator = schemars::SchemaGenerator::default();
    for (schema, properties) in [
        (Kind.options_schema(&mut generator), &["delimiter", "encoding", "quote"][..]),
        (Kind.table_schema(&mut generator), &["columns", "header_row"]),
    ] {
        let schema = schema.to_value();
        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(schema["properties"].as_object().unwrap().keys().collect::<Vec<_>>(), properties);
        assert!(schema["properties"].as_object().unwrap().values().all(|property| property["description"].is_string()));
    }
}

#[test]
fn stops_when_told() {
    let text = format!("A;B\n{}", "1;2\n".repeat(200_000));
    let (read, result) = reading(json!({}), Value::Null)
        .read_into(text.as_bytes(), Collected { stop_after: Some(1), ..Collected::default() });
    assert!(matches!(result, Err(ReadError::Stopped(_))));
    assert_eq!(read.batches, [65_536]);
}

#[test]
fn wide_cells_make_small_batches() {
    let text = format!("A;B\n{}", format!("1;{}\n", "x".repeat(500_000)).repeat(50));
    assert_eq!(reading(json!({}), Value::Null).good(text.as_bytes()).batches, [17, 17, 16]);
}

fn cell() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[a-cā\";,|\t\r\n '0-9]{0,8}").unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// What the csv crate writes is read back: the same cells, on the lines where they stand.
    #[test]
    fn reads_what_the_csv_crate_writes(
        width in 2..5_usize,
        cells in prop::collection::vec(cell(), 0..60),
        delimiter in prop::sample::select(vec![b';', b',', b'\t', b'|']),
        windows in any::<bool>(),
        always in any::<bool>(),
    ) {
        let mut writer = ::csv::WriterBuilder::new();
        writer.delimiter(delimiter);
        if windows { writer.terminator(::csv::Terminator::CRLF); }
        if always { writer.quote_style(::csv::QuoteStyle::Always); }
        let mut writer = writer.from_writer(Vec::new());
        let header: Vec<String> = (0..width).map(|i| format!("Kolonna nr. {i}")).collect();
        writer.write_record(&header).unwrap();
        let mut expected = Vec::new();
        let mut places = Vec::new();
        for row in cells.chunks_exact(width) {
            writer.flush().unwrap();
            let before = writer.get_ref();
            let place = (before.split(|b| *b == b'\n').count() as i64, before.len() as i64);
            writer.write_record(row).unwrap();
            if row.iter().any(|cell| !cell.trim().is_empty()) {
                expected.push(row.iter().cloned().map(Some).collect::<Vec<_>>());
                places.push((place.0, None, Some(place.1)));
            }
        }
        let bytes = writer.into_inner().unwrap();
        let options = json!({ "delimiter": char::from(delimiter).to_string() });
        let read = reading(options, json!({ "header_row": 1 })).good(&bytes);
        prop_assert_eq!(&read.rows, &expected);
        prop_assert_eq!(&read.places, &places);
        prop_assert!(read.rejected.is_empty());
    }

    /// Whatever the bytes are, nothing panics, and every line is accounted for.
    #[test]
    fn any_bytes(bytes in prop::collection::vec(prop::sample::select(b"ab1;;,\"\"\n\n\r\t \0\x1F\xE2\xC4\x81".to_vec()), 0..200)) {
        let (read, result) = reading(json!({ "encoding": "cp775", "delimiter": ";" }), json!({ "columns": ["A", "B"] })).read(&bytes);
        if result.is_ok() && !bytes.contains(&b'"') && !bytes.contains(&b'\r') {
            let lines = bytes.split_inclusive(|b| *b == b'\n').count();
            let left_out: u64 = read.skipped.iter().map(|(_, rows)| rows).sum();
            prop_assert_eq!(lines, read.rows.len() + read.rejected.len() + left_out as usize);
        }
    }
}
