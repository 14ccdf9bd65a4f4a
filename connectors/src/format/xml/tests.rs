#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Cases are written as they read best; their speed does not matter.
#![allow(clippy::format_collect, clippy::format_push_string, clippy::needless_pass_by_value, clippy::type_complexity)]

use std::io::Write as _;

use encoding_rs::{Encoding, WINDOWS_1257};
use proptest::prelude::*;
use serde_json::{Value, json};
use vienkop_transforms::batch::{BYTE, Batch, PART, ROW};
use vienkop_transforms::finding::Finding;

use super::super::{Input, Output, ReadError, Rejected, Skip, Stopped};
use crate::limits::Limits;

type Row = Vec<Option<String>>;

#[derive(Default)]
struct Collected {
    batches: Vec<Batch>,
    findings: Vec<Finding>,
    rejected: Vec<Rejected>,
    stop: bool,
}

impl Output for Collected {
    fn batch(&mut self, batch: Batch) -> Result<(), Stopped> {
        self.batches.push(batch);
        if self.stop { Err(Stopped) } else { Ok(()) }
    }
    fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
    fn skipped(&mut self, _: Skip, _: u64) {}
    fn rejected(&mut self, row: Rejected) {
        self.rejected.push(row);
    }
}

impl Collected {
    fn numbers(&self, column: &str) -> Vec<Option<i64>> {
        let all = self.batches.iter().flat_map(|b| b.frame.column(column).unwrap().i64().unwrap().iter());
        all.collect()
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for batch in &self.batches {
            for row in 0..batch.frame.height() {
                let texts =
                    batch.origin.columns.iter().map(|column| {
                        batch.frame.column(&column.name).unwrap().str().unwrap().get(row).map(str::to_owned)
                    });
                rows.push(texts.collect());
            }
        }
        rows
    }

    fn told(&self) -> Vec<(&str, &str)> {
        self.findings.iter().map(|f| (f.code, f.column.as_deref().unwrap_or_default())).collect()
    }
}

fn read_bytes(
    bytes: &[u8],
    options: Value,
    table: Value,
    wanted: &[&str],
    limits: &Limits,
) -> (Result<(), ReadError>, Collected) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let input = Input { landed: 7, path: file.path().to_path_buf(), name: "registrs.xml".to_owned() };
    let wanted: Vec<String> = wanted.iter().map(|&name| name.to_owned()).collect();
    let mut collected = Collected::default();
    let reader = super::super::kind("xml").unwrap().reader(&options, &table).unwrap();
    let result = reader.read(&input, &wanted, limits, &mut collected);
    (result, collected)
}

fn read(xml: &str, table: Value, wanted: &[&str]) -> Collected {
    let (result, collected) = read_bytes(xml.as_bytes(), json!({}), table, wanted, &Limits::default());
    result.unwrap();
    collected
}

fn fault(bytes: &[u8], limits: &Limits) -> Finding {
    let (result, _) = read_bytes(bytes, json!({}), json!({"record": "/r/p"}), &["a", "@id", "b/c"], limits);
    match result {
        Err(ReadError::File(finding)) => *finding,
        other => panic!("{other:?}"),
    }
}

fn row(cells: &[Option<&str>]) -> Row {
    cells.iter().map(|cell| cell.map(str::to_owned)).collect()
}

const REGISTER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- reģistrs -->
<registrs izdevums="3">
  <iestade kods="90000000000"><nosaukums>Lauku dienests</nosaukums>
    <pakalpojumi>
      <pakalpojums id="P-1">
        <nosaukums> Zvejas  atļauja
        </nosaukums>
        <kanali><kanals>e-adrese</kanals><kanals>pasts</kanals></kanali>
        <adrese tips="jur"><pilseta>Rīga</pilseta></adrese>
        <soli><solis nr="1"><nosaukums>Iesniegt</nosaukums></solis><solis nr="2"><nosaukums/></solis></soli>
        <beigas>2030</beigas>
      </pakalpojums>
      <pakalpojums id="P-2"><nosaukums><![CDATA[A & B <1>]]> &amp; C&#x101;</nosaukums><adrese/></pakalpojums>
    </pakalpojumi>
  </iestade>
  <iestade kods="90000000001">
    <pakalpojumi><pakalpojums id="P-3"/></pakalpojumi>
  </iestade>
</registrs>"#;

#[test]
fn paths_below_and_above_the_record() {
    let wanted = [
        "@id",
        "nosaukums",
        "kanali/kanals",
        "adrese/pilseta",
        "adrese/@tips",
        "adrese",
        "../../@kods",
        "../../nosaukums",
        "../../../@izdevums",
        "nav",
    ];
    let read = read(REGISTER, json!({"record": "/registrs/iestade/pakalpojumi/pakalpojums"}), &wanted);
    let first =
        ["P-1", "Zvejas  atļauja", "e-adrese\u{1f}pasts", "Rīga", "jur", "", "90000000000", "Lauku dienests", "3"];
    let mut expected: Row = first.iter().map(|&text| Some(text.to_owned())).collect();
    expected.push(None);
    assert_eq!(
        read.rows(),
        [
            expected,
            row(&[
                Some("P-2"),
                Some("A & B <1> & Cā"),
                None,
                None,
                None,
                Some(""),
                Some("90000000000"),
                Some("Lauku dienests"),
                Some("3"),
                None
            ]),
            row(&[Some("P-3"), None, None, None, None, None, Some("90000000001"), None, Some("3"), None]),
        ]
    );
    assert_eq!(read.numbers(ROW), [Some(1), Some(2), Some(3)]);
    assert_eq!(read.numbers(PART), [None, None, None]);
    let start = REGISTER.find("<pakalpojums id=\"P-2\"").unwrap() as i64;
    assert_eq!(read.numbers(BYTE)[1], Some(start));
    assert_eq!(read.told(), [("F013", "soli/solis/@nr"), ("F013", "soli/solis/nosaukums"), ("F013", "beigas")]);
    let origin = &read.batches[0].origin;
    assert_eq!(origin.locate(2, None, Some("adrese/@tips")), "#2/adrese/@tips");
}

#[test]
fn explodes_into_a_row_per_child_with_columns_that_come_later() {
    let table = json!({"record": "/*/*/pakalpojumi/pakalpojums", "explode": "soli/solis"});
    let wanted = ["soli/solis/nosaukums", "soli/solis/@nr", "@id", "beigas", "../../@kods"];
    let read = read(REGISTER, table, &wanted);
    assert_eq!(
        read.rows(),
        [
            row(&[Some("Iesniegt"), Some("1"), Some("P-1"), Some("2030"), Some("90000000000")]),
            row(&[Some(""), Some("2"), Some("P-1"), Some("2030"), Some("90000000000")]),
        ]
    );
    assert_eq!(read.numbers(PART), [Some(1), Some(2)]);
    assert_eq!(read.told(), []);
}

#[test]
fn texts() {
    let cases: &[(&str, &[&str], &[Option<&str>])] = &[
        // Empty, nil, missing.
        ("<a/>", &["a", "b"], &[Some(""), None]),
        ("<a>  </a>", &["a"], &[Some("")]),
        (r#"<a xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:nil="true">-</a>"#, &["a"], &[Some("")]),
        (r#"<a nil="true">-</a>"#, &["a"], &[Some("-")]),
        // Text in several pieces.
        ("<a>1<!-- c -->2<?pi x?>3<![CDATA[ 4]]></a>", &["a"], &[Some("123 4")]),
        ("<a>x &lt;&gt;&quot;&apos;&#65;&#x10D;</a>", &["a"], &[Some("x <>\"'Ač")]),
        ("<a>r1\r\nr2</a>", &["a"], &[Some("r1\nr2")]),
        (r#"<a k=" &amp;&#10;x "/>"#, &["a/@k"], &[Some("&\nx")]),
        // Mark-up within a text.
        ("<a>Viens <b>divi</b>, <i>tr<u>ī</u>s</i>.</a>", &["a"], &[Some("Viens divi, trīs.")]),
        ("<a><p>Viens</p><p>divi</p>trīs<br/>četri</a>", &["a"], &[Some("Viens\ndivitrīs\nčetri")]),
        // A wanted path within: each its own.
        ("<a>x<b>y</b>z</a>", &["a", "a/b"], &[Some("xz"), Some("y")]),
        // The record's own text.
        ("teksts <a>1</a> vēl", &[".", "a"], &[Some("teksts  vēl"), Some("1")]),
        // Repeated, some empty.
        ("<a>1</a><a/><a>3</a>", &["a"], &[Some("1\u{1f}\u{1f}3")]),
        ("<s><x><a>1</a></x><x><a>2</a></x></s>", &["s/x/a"], &[Some("1\u{1f}2")]),
        ("<x><a>1</a></x><y><a>2</a></y>", &["*/a"], &[Some("1\u{1f}2")]),
    ];
    for (xml, wanted, expected) in cases {
        let read = read(&format!("<r><p>{xml}</p></r>"), json!({"record": "/r/p"}), wanted);
        assert_eq!(read.rows(), [row(expected)], "{xml}");
    }
    let joined = read("<r><p><a>1</a><a>2</a></p></r>", json!({"record": "/r/p", "join": "; "}), &["a"]);
    assert_eq!(joined.rows(), [row(&[Some("1; 2")])]);
}

#[test]
fn namespaces_count_only_when_the_path_names_one() {
    let xml = r#"<q:r xmlns:q="urn:a"><p xmlns="urn:a" xmlns:z="urn:b" z:id="b" id="-"><a>1</a><z:a>2</z:a></p></q:r>"#;
    let any = read(xml, json!({"record": "/r/p"}), &["a", "@id"]);
    assert_eq!(any.rows(), [row(&[Some("1\u{1f}2"), Some("b\u{1f}-")])]);
    let namespaces = json!({"n": "urn:a", "m": "urn:b"});
    let table = json!({"record": "/n:r/n:p", "namespaces": namespaces});
    let named = read(xml, table, &["n:a", "m:a", "@m:id"]);
    assert_eq!(named.rows(), [row(&[Some("1"), Some("2"), Some("b")])]);
    assert_eq!(named.told(), [("F013", "@id")]);
    let wrong = json!({"record": "/m:r/n:p", "namespaces": namespaces});
    let (result, _) = read_bytes(xml.as_bytes(), json!({}), wrong, &["a"], &Limits::default());
    assert!(matches!(result, Err(ReadError::File(finding)) if finding.code == "F010"));
}

#[test]
fn unwanted_paths_are_told_once() {
    let xml = "<r><p x='1'><a>1</a><b><c>2</c><d/></b>vārdi</p><p x='1'><a>1</a><b><c>2</c>w</b></p></r>";
    let read = read(xml, json!({"record": "/r/p"}), &["a"]);
    let expected = ["@x", "b/c", "b/d", ".", "b"].map(|path| ("F013", path));
    assert_eq!(read.told(), expected);
    assert_eq!(read.findings[1].cell.as_deref(), Some("#1/b/c"));
}

#[test]
fn a_text_around_the_records_that_comes_late_is_told() {
    let xml = "<r><p/><kods>1</kods><p/><kods>2</kods></r>";
    let read = read(xml, json!({"record": "/r/p"}), &["../kods"]);
    assert_eq!(read.rows(), [row(&[None]), row(&[Some("1")])]);
    assert_eq!(read.told(), [("F014", "../kods")]);
}

#[test]
fn a_bad_record_is_rejected_alone() {
    for (bad, code, value) in [
        ("<a>Rīga&nbsp;1</a>", "F005", "&nbsp;"),
        ("<a>Jānis & Co</a>", "F005", "&"),
        ("<a>&#0;</a>", "F005", "&#0;"),
        ("<a b='&x;'/>", "F005", "&x;"),
        ("<a>x\u{1}y</a>", "R004", "U+0001"),
        ("<a>x&#31;y</a>", "R004", "U+001F"),
    ] {
        let xml = format!("<r><p><a>1</a></p><p><k>K-2</k>{bad}</p><p><a>3</a></p></r>");
        let read = read(&xml, json!({"record": "/r/p"}), &["k", "a", "a/@b"]);
        assert_eq!(read.rows().len(), 2, "{bad}");
        assert_eq!(read.numbers(ROW), [Some(1), Some(3)], "{bad}");
        let rejected = &read.rejected[0];
        let told = (rejected.finding.code, rejected.finding.value.as_deref(), rejected.finding.cell.as_deref());
        assert_eq!(told, (code, Some(value), Some("#2")), "{bad}");
        assert!(rejected.text.starts_with("k: K-2\n"), "{bad}: {}", rejected.text);
    }
}

#[test]
fn files_that_cannot_be_read() {
    let laughs =
        r#"<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><lolz>&lol2;</lolz>"#;
    let outside = r#"<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>"#;
    let cases: &[(&str, &str, &str)] = &[
        ("", "F002", ""),
        (" \r\n\t", "F002", ""),
        (laughs, "F006", "<!DOCTYPE lolz>"),
        (outside, "F006", "<!DOCTYPE r>"),
        ("<!DOCTYPE html><html><body/></html>", "F004", "HTML"),
        ("\n<HTML><body>404<br></body></HTML>", "F004", "HTML"),
        ("{\"items\": []}", "F004", ""),
        ("kods;nosaukums\n1;2\n", "F004", ""),
        ("PK\u{3}\u{4}", "F004", ""),
        ("<r><p><a>1</a>", "F005", ""),
        ("<r><p><a>1</a", "F005", ""),
        ("<r><p><a>1</a></p></r", "F005", ""),
        ("<r><p><a>1</b></p></r>", "F005", "</b>"),
        ("<r><p/></r></r>", "F005", "</r>"),
        ("<r><p/></r><r/>", "F005", "<r>"),
        ("<r><p/></r>beigas", "F005", "beigas"),
        ("<r><p id='1' id='2'/></r>", "F005", ""),
        ("<r><p id=1/></r>", "F005", ""),
        ("<r>&x;<p/></r>", "F005", "&x;"),
        ("<!-- tikai -->", "F005", ""),
        ("<r><p><a>1</a></p><!-- ", "F005", ""),
        ("<r><q/><z/></r>", "F010", "/r/p"),
        ("<?xml version='1.0' encoding='nav-tada'?><r/>", "F008", "nav-tada"),
    ];
    for (xml, code, value) in cases {
        let finding = fault(xml.as_bytes(), &Limits::default());
        assert_eq!((finding.code, finding.value.as_deref().unwrap_or_default()), (*code, *value), "{xml}: {finding:?}");
        assert_eq!(finding.landed, Some(7));
    }
    // Every beginning of a good file is a bad file, and says where it ends.
    for end in 1..REGISTER.trim_end().len() {
        let (result, _) = read_bytes(
            &REGISTER.as_bytes()[..end],
            json!({}),
            json!({"record": "/registrs/iestade/pakalpojumi/pakalpojums"}),
            &["@id"],
            &Limits::default(),
        );
        assert!(matches!(result, Err(ReadError::File(_))), "{end}");
    }
}

#[test]
fn errors_name_the_place_and_the_nearest_paths() {
    let wrong = fault("<r>\n  <p>\n    <a>ēē</b></p></r>".as_bytes(), &Limits::default());
    assert_eq!((wrong.cell.as_deref(), wrong.expected.as_deref(), wrong.row), (Some("L3:10"), Some("</a>"), Some(1)));
    let broken = fault(b"<r>\n  <p>\n <a>1", &Limits::default());
    assert_eq!((broken.cell.as_deref(), broken.expected.as_deref()), (Some("L3:6"), Some("</a>")));
    let (result, _) = read_bytes(
        REGISTER.as_bytes(),
        json!({}),
        json!({"record": "/registrs/pakalpojumi/pakalpojums"}),
        &["@id"],
        &Limits::default(),
    );
    let Err(ReadError::File(finding)) = result else { panic!("{result:?}") };
    let hint = finding.hint.unwrap();
    assert!(hint.contains("/registrs/iestade/pakalpojumi/pakalpojums"), "{hint}");
    let (result, _) = read_bytes(
        REGISTER.as_bytes(),
        json!({}),
        json!({"record": "/registrs/iestade"}),
        &["kods", "a//b"],
        &Limits::default(),
    );
    assert!(matches!(result, Err(ReadError::File(finding)) if finding.column.as_deref() == Some("a//b")));
    let steps = read("<r><p><soli><solis/></soli></p></r>", json!({"record": "/r/p", "explode": "soli/soļi"}), &["a"]);
    assert_eq!((steps.told()[0], steps.findings[0].hint.as_deref()), (("F014", "soli/soļi"), Some("soli/solis, soli")));
}

#[test]
fn an_empty_register_is_no_wrong_path() {
    for xml in ["<r/>", "<r> <!-- nav --> </r>"] {
        let read = read(xml, json!({"record": "/r/p"}), &["a"]);
        assert_eq!((read.told(), read.rows().len()), (vec![("F003", "")], 0));
    }
}

#[test]
fn limits_hold() {
    let small = Limits { depth: 8, field_bytes: 1000, record_bytes: 300_000, columns: 20, ..Limits::default() };
    let cases = [
        ("depth", "<a>".repeat(100_000)),
        ("depth", format!("<r><p>{}", "<x>".repeat(100_000))),
        ("field_bytes", format!("<r><p><a>{}</a></p></r>", "x".repeat(1001))),
        ("field_bytes", format!("<r><p><a>{}</a></p></r>", "<i>x</i>".repeat(1001))),
        ("field_bytes", format!("<r><p>{}</p></r>", "<a>x</a>".repeat(501))),
        ("field_bytes", format!("<r><p id='{}'/></r>", "x".repeat(1001))),
        ("field_bytes", format!("<r><p><{}/></p></r>", "x".repeat(1001))),
        ("record_bytes", format!("<r><p>{}</p></r>", "<n/>".repeat(100_000))),
        ("record_bytes", format!("<r><!--{}--><p/></r>", "x".repeat(700_000))),
        ("record_bytes", format!("<r><p id='{}'/></r>", "x".repeat(700_000))),
        ("columns", format!("<r><p {}/></r>", (0..21).map(|n| format!("a{n}='' ")).collect::<String>())),
        ("xmlns", format!("<r {}/>", (0..5000).map(|n| format!("xmlns:a{n}='u' ")).collect::<String>())),
    ];
    for (setting, xml) in cases {
        let finding = fault(xml.as_bytes(), &small);
        assert_eq!((finding.code, finding.hint.as_deref()), ("F007", Some(setting)), "{}", &xml[..60.min(xml.len())]);
    }
    // Unknown names without end are told up to a limit and cost no more.
    let names: String = (0..5000).map(|n| format!("<n{n}/>")).collect();
    let xml = format!("<r><p>{names}<a>1</a></p></r>");
    let (result, read) = read_bytes(xml.as_bytes(), json!({}), json!({"record": "/r/p"}), &["a"], &small);
    result.unwrap();
    assert_eq!((read.rows(), read.findings.len()), (vec![row(&[Some("1")])], 20));
}

#[test]
fn encodings() {
    let body = "<r><p><a>Ķēķa šļūteņu žagari — ģērbtuve</a></p></r>";
    let utf16 = |little: bool, mark: bool| {
        let text = format!("{}<?xml version='1.0' encoding='utf-16'?>{body}", if mark { "\u{feff}" } else { "" });
        let units = text.encode_utf16();
        units.flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect::<Vec<u8>>()
    };
    let declared = |label: &str| format!("<?xml version=\"1.0\" encoding = '{label}' ?>{body}");
    let encoded = |label: &str| {
        Encoding::for_label(label.as_bytes()).unwrap().encode(&declared(label).replace('—', "-")).0.into_owned()
    };
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        ("utf-8", "auto", body.into()),
        ("bom", "auto", format!("\u{feff}{body}").into()),
        ("bom counts", "windows-1257", format!("\u{feff}{body}").into()),
        ("utf-16le bom", "auto", utf16(true, true)),
        ("utf-16be bom", "auto", utf16(false, true)),
        ("utf-16le", "auto", utf16(true, false)),
        ("utf-16be", "auto", utf16(false, false)),
        ("utf-16 said in utf-8", "auto", declared("UTF-16").into()),
        ("windows-1257", "auto", encoded("windows-1257")),
        ("iso-8859-13", "auto", encoded("ISO-8859-13")),
        ("pinned", "windows-1257", WINDOWS_1257.encode(body).0.into_owned()),
        ("pinned against the declaration", "windows-1257", WINDOWS_1257.encode(&declared("utf-8")).0.into_owned()),
    ];
    for (case, encoding, bytes) in cases {
        let (result, read) =
            read_bytes(&bytes, json!({"encoding": encoding}), json!({"record": "/r/p"}), &["a"], &Limits::default());
        assert!(result.is_ok(), "{case}: {result:?}");
        assert_eq!(read.rows()[0][0].as_ref().unwrap().replace('—', "-"), "Ķēķa šļūteņu žagari - ģērbtuve", "{case}");
    }
    let wrong = fault(&WINDOWS_1257.encode(body).0, &Limits::default());
    assert_eq!((wrong.code, wrong.expected.as_deref(), wrong.hint.as_deref()), ("F008", Some("UTF-8"), Some("@9")));
    let half = fault(&body.as_bytes()[..10], &Limits::default());
    assert_eq!(half.code, "F008");
}

#[test]
fn batches_are_cut_and_reading_stops_when_told() {
    let xml = format!("<r>{}</r>", "<p><a>1</a></p>".repeat(150_000));
    let table = json!({"record": "/r/p"});
    let many = read(&xml, table.clone(), &["a"]);
    assert_eq!(many.batches.iter().map(|b| b.frame.height()).collect::<Vec<_>>(), [65_536, 65_536, 18_928]);
    assert_eq!(many.numbers(ROW).last(), Some(&Some(150_000)));
    let xml = format!("<r>{}</r>", format!("<p><a>{}</a></p>", "x".repeat(500_000)).repeat(100));
    let large = read(&xml, table.clone(), &["a"]);
    assert_eq!(large.batches.iter().map(|b| b.frame.height()).collect::<Vec<_>>(), [17, 17, 17, 17, 17, 15]);

    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(xml.as_bytes()).unwrap();
    let input = Input { landed: 1, path: file.path().to_path_buf(), name: "a.xml".to_owned() };
    let mut stopped = Collected { stop: true, ..Collected::default() };
    let reader = super::super::kind("xml").unwrap().reader(&json!({}), &table).unwrap();
    let result = reader.read(&input, &["a".to_owned()], &Limits::default(), &mut stopped);
    assert!(matches!(result, Err(ReadError::Stopped(_))));
    assert_eq!(stopped.batches.len(), 1);
}

#[test]
fn options_are_checked() {
    let kind = super::super::kind("xml").unwrap();
    for (options, table, option) in [
        (json!({"encoding": "nav"}), json!({"record": "/r"}), "encoding"),
        (json!({}), json!({"record": "r/p"}), "record"),
        (json!({}), json!({"record": "/r//p"}), "record"),
        (json!({}), json!({"record": "/q:r"}), "record"),
        (json!({}), json!({"record": "/r", "explode": "/x"}), "explode"),
    ] {
        let error = kind.reader(&options, &table).err().unwrap();
        assert_eq!(error.option, option, "{table}");
    }
}

/// How one value is written: plain, with references, as CDATA, or cut by comments.
fn write_value(text: &str, style: u8) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    match style % 4 {
        0 => escaped(text),
        1 => text.chars().map(|c| format!("&#x{:X};", u32::from(c))).collect(),
        2 => format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>")),
        _ => text.chars().map(|c| format!("{}<!-- - -->", escaped(&c.to_string()))).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn what_is_written_is_read(
        records in prop::collection::vec(prop::collection::vec(
            prop::option::of(("[ -~āčēģīķļņšūž\u{1F600}\u{2028}\n\t]{0,12}", any::<u8>())), 3), 1..20),
        prefix in "[a-zā]{0,3}", comments in any::<bool>(),
    ) {
        let names = ["kods", "apraksts", "piezīme"];
        let tag = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}:{name}") };
        let declaration =
            if prefix.is_empty() { "xmlns='urn:x'".to_owned() } else { format!("xmlns:{prefix}='urn:x'") };
        let mut xml = format!("<{} {declaration}>", tag("r"));
        for record in &records {
            if comments { xml.push_str("<!-- <p> -->\n<?pi <p>?>"); }
            xml.push_str(&format!("<{}>", tag("p")));
            for (name, value) in names.iter().zip(record) {
                if let Some((text, style)) = value {
                    xml.push_str(&format!("<{0}>{1}</{0}>", tag(name), write_value(text, *style)));
                }
            }
            xml.push_str(&format!("</{}>", tag("p")));
        }
        xml.push_str(&format!("</{}>", tag("r")));
        let expected: Vec<Row> = records.iter()
            .map(|record| record.iter().map(|v| v.as_ref().map(|(text, _)| text.trim().to_owned())).collect())
            .collect();
        let table = json!({"record": "/n:r/n:p", "namespaces": {"n": "urn:x"}});
        prop_assert_eq!(read(&xml, table, &names).rows(), expected.clone());
        let table = json!({"record": "/r/p"});
        prop_assert_eq!(read(&xml, table, &names).rows(), expected);
    }

    /// Whatever the bytes, reading ends, with rows or a finding.
    #[test]
    fn no_bytes_break_it(bytes in prop::collection::vec(prop::sample::select(b"<>/!?[]-=\"'& ;#xrpaCDT\n\x00\xff".to_vec()), 0..200)) {
        let mut xml = b"<r><p>".to_vec();
        xml.extend(&bytes);
        let (result, _) = read_bytes(&xml, json!({}), json!({"record": "/r/p", "explode": "a"}), &["a", "a/@x"], &Limits::default());
        let told = matches!(result, Ok(()) | Err(ReadError::File(_)));
        prop_assert!(told, "{:?}", result);
    }
}
