#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! JSON through the public door.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Kind;
use crate::format::testing::{Collected, Reading, tell};
use crate::format::{FormatKind, ReadError};
use crate::limits::Limits;

fn reading<'a>(options: Value, table: Value, wanted: &'a [&'a str]) -> Reading<'a> {
    Reading { options, table, wanted, ..Reading::new(&Kind) }
}

#[test]
fn layouts() {
    let rows = ["kods|nosaukums", "1 1|Atļauja", "2 2|-"];
    let guess = "F012 NDJSON lines lines = true";
    for (options, table, text, guess) in [
        (json!({}), json!({}), r#"[{"kods":"1","nosaukums":"Atļauja"},{"kods":"2"}]"#, None),
        (
            json!({}),
            json!({ "records": "" }),
            " [ {\"kods\":\"1\",\n\"nosaukums\":\"Atļauja\"} , {\"kods\":\"2\"} ]\n",
            None,
        ),
        (
            json!({}),
            json!({ "records": "/d/a~1b/1" }),
            r#"{"x":[1,{"y":null}],"d":{"n":1.5,"a/b":[0,[{"kods":"1","nosaukums":"Atļauja"},{"kods":"2"}],true]},"z":"x"}"#,
            None,
        ),
        (json!({}), json!({}), "{\"kods\":\"1\",\"nosaukums\":\"Atļauja\"}\n{\"kods\":\"2\"}\n", Some(guess)),
        (
            json!({ "lines": true }),
            json!({}),
            "\u{FEFF}{\"kods\":\"1\",\"nosaukums\":\"Atļauja\"}\r\n{\"kods\":\"2\"}",
            None,
        ),
    ] {
        let read = reading(options, table, &["kods", "nosaukums"]).good(text.as_bytes());
        let story: Vec<&str> = rows.into_iter().chain(guess).collect();
        assert_eq!(read.story(), story, "{text}");
        for (place, begins) in read.places.iter().zip(["{\"kods\":\"1\"", "{\"kods\":\"2\""]) {
            let text = text.trim_start_matches('\u{FEFF}');
            assert!(text[place.2.unwrap() as usize..].starts_with(begins), "{text} {place:?}");
        }
    }
    let one = "{\"kods\":\"1\",\n\"nosaukums\":\"Atļauja\"}";
    for table in [json!({}), json!({ "records": "" })] {
        assert_eq!(reading(json!({}), table, &["kods", "nosaukums"]).good(one.as_bytes()).story(), rows[..2]);
    }
}

#[test]
fn values_keep_their_letters() {
    let wanted = ["a", "b", "b/c", "b/c/d", "e"];
    for (record, cells) in [
        (r#"{"a":"00123","e":" x "}"#, "00123|-|-|-| x "),
        (r#"{"a":1.10,"e":123456789012345678901234567890}"#, "1.10|-|-|-|123456789012345678901234567890"),
        (r#"{"a":-0.0,"e":1E+3}"#, "-0.0|-|-|-|1E+3"),
        (r#"{"a":true,"e":false}"#, "true|-|-|-|false"),
        (r#"{"a":null,"e":""}"#, "|-|-|-|"),
        (r#"{"a":"\u0101\n\"","e":"\ud83d\ude00"}"#, "ā\n\"|-|-|-|😀"),
        (r#"{"a":["x",1,null],"e":[]}"#, "x\u{1F}1\u{1F}|-|-|-|"),
        (r#"{"a":[["x"],[["y"]]],"b":{"c":{"d":"z"}}}"#, "x\u{1F}y|-|-|z|-"),
        (r#"{"b":[{"c":1},{"c":{"d":2}},{"c":3}]}"#, "-|-|1\u{1F}3|2|-"),
        // Empty above what is wanted: all below is empty.
        (r#"{"b":null}"#, "-||||-"),
        (r#"{"b":{"c":[]}}"#, "-|-|||-"),
        (r#"{"b":{}}"#, "-|-|-|-|-"),
        // A name given twice: nothing is lost.
        (r#"{"a":1,"a":2}"#, "1\u{1F}2|-|-|-|-"),
    ] {
        let read = reading(json!({}), json!({}), &wanted).good(format!("[{record}]").as_bytes());
        assert_eq!(read.story(), [wanted.join("|"), format!("1 {cells}")], "{record}");
    }
}

#[test]
fn explodes() {
    let table = json!({ "explode": "p/soli" });
    let text = r#"[
        {"kods":"A","p":{"soli":[{"nr":1,"n":"x"},{"nr":2}],"z":"q"}},
        {"kods":"B","p":{"soli":[]}},
        {"kods":"C"},
        {"kods":"D","p":[{"soli":{"nr":3}},{"soli":null}]},
        {"kods":"E","p":{"soli":["s"]}}
    ]"#;
    let read = reading(json!({}), table, &["kods", "p/soli", "p/soli/nr", "p/soli/n"]).good(text.as_bytes());
    assert_eq!(
        read.story(),
        [
            "kods|p/soli|p/soli/nr|p/soli/n",
            "1.1 A|-|1|x",
            "1.2 A|-|2|-",
            "4.1 D|-|3|-",
            "5.1 E|s|-|-",
            "skipped Blank 2",
            "F013 #1/p/z",
        ]
    );
}

#[test]
fn unwanted_paths_are_told_once() {
    let text = r#"[{"a":1,"b":{"c":2},"x/y":3},{"a":1,"b":{"c":2},"d":[{"e":1}]},{}]"#;
    let read = reading(json!({}), json!({}), &["a"]).good(text.as_bytes());
    assert_eq!(read.story(), ["a", "1 1", "2 1", "skipped Blank 1", "F013 #1/b/c", "F013 #1/x~1y", "F013 #2/d/e"]);
    assert_eq!(read.findings[0].column.as_deref(), Some("b/c"));
    assert_eq!(reading(json!({}), json!({}), &["x~1y"]).good(text.as_bytes()).rows[0][0].as_deref(), Some("3"));
}

#[test]
fn bad_records_are_rejected_alone() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(70), "]".repeat(70));
    let very_deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(50));
    let limits = Limits { field_bytes: 40, ..Limits::default() };
    for (bad, rejected) in [
        ("7", "rejected R007 #2 7"),
        (r#""x""#, "rejected R007 #2 \"x\""),
        ("[1]", "rejected R007 #2 [1]"),
        (r#"{"a":"x\u0000y"}"#, r#"rejected R004 #2/a {"a":"x\u0000y"}"#),
        (r#"{"a":"x\u001fy"}"#, r#"rejected R004 #2/a {"a":"x\u001fy"}"#),
        (r#"{"a":"\ud83d"}"#, r#"rejected R007 #2 {"a":"\ud83d"}"#),
        (&deep, &format!("rejected F007 #2 depth <= 64 {deep}")),
        (&very_deep, &format!("rejected R007 #2 {}", &very_deep[..4096])),
        (&long, &format!("rejected F007 #2/a 50 field_bytes <= 40 [limits] field_bytes = 50 {long}")),
    ] {
        for text in [format!("[{{\"a\":1}},{bad},{{\"a\":3}}]"), format!("{{\"a\":1}}\n{bad}\n{{\"a\":3}}\n")] {
            let read =
                Reading { limits: limits.clone(), ..reading(json!({}), json!({}), &["a"]) }.good(text.as_bytes());
            assert_eq!(read.story()[..4], ["a", "1 1", "3 3", rejected], "{}", &text[..text.len().min(99)]);
        }
    }
    let lines = "{\"a\":1}\n{\"a\":\n\n{\"a\":3}\nx\n";
    let read = reading(json!({ "lines": true }), json!({}), &["a"]).good(lines.as_bytes());
    assert_eq!(read.story(), ["a", "1 1", "3 3", "rejected R007 #2 {\"a\":", "rejected R007 #4 x", "skipped Blank 1"]);
}

#[test]
fn bad_files() {
    let limits = Limits { record_bytes: 100, columns: 5, ..Limits::default() };
    let long = format!("[{{\"a\":\"{}\"}}]", "x".repeat(200));
    let long_name = format!("{{\"{}\":1}}", "x".repeat(200));
    let deep = format!("{{\"x\":{}1{},\"a\":[]}}", "[".repeat(5_000), "]".repeat(5_000));
    let wide = r#"[{"a":1,"b":1,"c":1},{"d":1,"e":1,"f":1}]"#;
    for (table, text, finding) in [
        (json!({}), "", "F002"),
        (json!({}), "Kods;Nosaukums\n1;x\n", "F004 JSON"),
        (json!({}), "\"x\"", "F004 JSON"),
        (json!({}), "<!doctype html><html>", "F004 HTML JSON"),
        (json!({}), "<?xml version=\"1.0\"?><a/>", "F004 XML JSON kind = \"xml\""),
        (json!({}), "[{\"a\":1},\n{\"a\":2", "F005 L2:6"),
        (json!({}), "[{\"a\":1}\n{\"a\":2}]", "F005 L2:1"),
        (json!({}), "[{\"a\":1}] x", "F005 L1:11"),
        (json!({ "records": "/a" }), "{\"a\":[],\"b\":", "F005 L1:12"),
        (json!({}), &long, "F007 L1:101 101 record_bytes <= 100 [limits] record_bytes = 101"),
        (json!({ "records": "/a" }), &long_name, "F007 L1:101 101 record_bytes <= 100 [limits] record_bytes = 101"),
        (json!({ "records": "/a" }), &deep, "F007 L1:69 65 depth <= 64 [limits] depth = 65"),
        (json!({}), wide, "F007 6 columns <= 5 [limits] columns = 6"),
        (json!({}), r#"{"d":{"r":[{"a":1}]},"n":[1]}"#, "F010 records records = \"/d/r\""),
        (json!({ "records": "/x" }), r#"{"r":[{"a":1}],"n":[1]}"#, "F010 /x records records = \"/r\""),
        (json!({ "records": "/r/0/a" }), r#"{"r":[{"a":1}]}"#, "F010 /r/0/a records records = \"/r\""),
    ] {
        let found = Reading { limits: limits.clone(), ..reading(json!({}), table, &["a"]) }.bad(text.as_bytes());
        assert_eq!(tell(&found), finding, "{}", &text[..text.len().min(99)]);
    }
    let found = reading(json!({ "encoding": "utf-8" }), json!({}), &["a"]).bad(b"[{\"a\":\"Atz\xEEme\"}]");
    assert_eq!(tell(&found), "F008 L1 0xEE @ 10 utf-8 encoding = \"windows-1257\"");
}

#[test]
fn a_long_line_is_rejected_alone() {
    let limits = Limits { record_bytes: 30, ..Limits::default() };
    let text = format!("{{\"a\":1}}\n{{\"a\":\"{}\"}}\n{{\"a\":3}}\n", "x".repeat(100));
    let read = Reading { limits, ..reading(json!({ "lines": true }), json!({}), &["a"]) }.good(text.as_bytes());
    assert_eq!(read.numbers(), [1, 3]);
    assert_eq!(tell(&read.rejected[0].finding), "F007 #2 109 record_bytes <= 30 [limits] record_bytes = 109");
}

#[test]
fn other_encodings_and_mojibake() {
    let text = r#"[{"a":"Dzīvesvietas deklarēšana"}]"#;
    let bytes = encoding_rs::WINDOWS_1257.encode(text).0.into_owned();
    let read = reading(json!({}), json!({}), &["a"]).good(&bytes);
    assert_eq!(
        read.story(),
        ["a", "1 Dzīvesvietas deklarēšana", "F012 windows-1257 encoding encoding = \"windows-1257\""]
    );
    let read = reading(json!({}), json!({}), &["a"]).good(r#"[{"a":"Paðvald\u00eeba"}]"#.as_bytes());
    assert_eq!(read.findings.iter().map(tell).collect::<Vec<_>>(), ["F009 #1 windows-1257 -> windows-1252"]);
}

#[test]
fn options_that_no_schema_refuses() {
    for (options, table, option) in [
        (json!({ "lines": "yes" }), json!({}), "format"),
        (json!({ "lines": true }), json!({ "records": "/a" }), "records"),
        (json!({}), json!({ "records": "items" }), "records"),
        (json!({}), json!({ "explode": "/soli" }), "explode"),
        (json!({}), json!({ "exploded": "soli" }), "read"),
    ] {
        assert_eq!(Kind.reader(&options, &table).err().unwrap().option, option);
    }
    assert!(Kind.reader(&json!({ "lines": "auto" }), &Value::Null).is_ok());
}

#[test]
fn many_records_come_in_batches() {
    let text = format!("[{}{{\"a\":1}}]", "{\"a\":1},".repeat(70_000));
    assert_eq!(reading(json!({}), json!({}), &["a"]).good(text.as_bytes()).batches, [65_536, 4_465]);
    let stop = Collected { stop_after: Some(1), ..Collected::default() };
    let (read, result) = reading(json!({}), json!({}), &["a"]).read_into(text.as_bytes(), stop);
    assert!(matches!(result, Err(ReadError::Stopped(_))));
    assert_eq!(read.batches, [65_536]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Texts come back as they were written, in an array and line by line.
    #[test]
    fn reads_what_serde_json_writes(rows in prop::collection::vec(prop::collection::vec("[ -~ā-žА-я\n\t\"\\\\]{0,8}", 2), 2..30)) {
        let records: Vec<Value> = rows.iter().map(|row| json!({ "a": row[0], "b": { "c": row[1] } })).collect();
        let lines: String = records.iter().flat_map(|record| [record.to_string(), "\n".to_owned()]).collect();
        let expected: Vec<Vec<Option<String>>> = rows.iter().map(|row| row.iter().cloned().map(Some).collect()).collect();
        for text in [serde_json::to_string_pretty(&records).unwrap(), lines] {
            let read = reading(json!({}), json!({}), &["a", "b/c"]).good(text.as_bytes());
            prop_assert_eq!(&read.rows, &expected);
            prop_assert_eq!(read.numbers(), (1..=rows.len() as i64).collect::<Vec<_>>());
        }
    }

    /// Whatever the text is, nothing panics.
    #[test]
    fn any_text(text in "[\\[\\]{}:,\"a1\\\\n\n ]{0,60}", lines in any::<bool>(), pointer in any::<bool>()) {
        let table = if pointer && !lines { json!({ "records": "/a" }) } else { json!({ "explode": "a" }) };
        let _ = reading(json!({ "lines": lines }), table, &["a", "a/a"]).read(text.as_bytes());
    }
}
