//! `tables/<id>.csv`: a line a number, as a spreadsheet of the language opens it.

use std::path::Path;

use serde_json::Value;

use super::{Compared, list, text};

/// Lines of a file with their header.
fn lines(folder: &Path, id: &str, comma: bool) -> Vec<Vec<String>> {
    let bytes = std::fs::read(folder.join("tables").join(format!("{id}.csv"))).unwrap();
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").expect("a byte order mark");
    let delimiter = if comma { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).from_reader(bytes);
    reader.records().map(|line| line.unwrap().iter().map(ToOwned::to_owned).collect()).collect()
}

/// A number in the language of the report.
fn decimal(value: &Value, comma: bool) -> String {
    let value = value.as_str().unwrap_or_default();
    if comma { value.replace('.', ",") } else { value.to_owned() }
}

/// A text as it is written: what a spreadsheet would take for a formula has an apostrophe before it.
fn written(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() }
}

/// Compares every file.
pub(super) fn compare(report: &Value, folder: &Path, comma: bool) -> Compared {
    let mut compared = Compared::default();
    for section in list(&report["sections"]) {
        for table in list(&section["tables"]) {
            let id = text(&table["id"]);
            let mut expected = rows("", &table["n"], &table["rows"], comma);
            for (code, kind) in table["by_kind"].as_object().unwrap() {
                expected.extend(rows(code, &kind["n"], &kind["rows"], comma));
            }
            same(&lines(folder, id, comma), expected, id, &mut compared);
            if let Some(follow_up) = table.get("follow_up") {
                let id = format!("{id}-follow-up");
                let expected = rows("", &follow_up["n"], &follow_up["rows"], comma);
                same(&lines(folder, &id, comma), expected, &id, &mut compared);
            }
        }
        for table in list(&section["measures"]) {
            let id = text(&table["id"]);
            let found = lines(folder, id, comma);
            let mut left = found[1..].iter();
            for row in list(&table["rows"]) {
                for (column, cell) in list(&table["columns"]).zip(list(&row["cells"])) {
                    let line = left.next().unwrap();
                    let value = if cell["kind"] == "text" || cell["kind"] == "count" {
                        cell["value"].as_str().map(written).unwrap_or_default()
                    } else {
                        decimal(&cell["value"], comma)
                    };
                    let of = |name: &str| cell.get(name).and_then(Value::as_str).unwrap_or_default();
                    let expected = [
                        text(&row["key"]),
                        text(&column["key"]),
                        &value,
                        of("unit"),
                        of("count"),
                        of("of"),
                        of("select"),
                    ];
                    assert_eq!(
                        [2, 4, 6, 7, 8, 9, 10].map(|at| line[at].trim_start_matches('\'')),
                        expected.map(|cell| cell.trim_start_matches('\'')),
                        "{id}"
                    );
                    assert!(!line[6].starts_with("'-") || cell["kind"] == "text", "{} is no number any more", line[6]);
                    compared.numbers += 1;
                }
            }
            assert!(left.next().is_none(), "{id}");
            compared.tables += 1;
        }
        for table in list(&section["lists"]) {
            let found = lines(folder, text(&table["id"]), comma);
            let rows = std::iter::once(&table["columns"]).chain(list(&table["rows"]));
            let expected: Vec<Vec<String>> =
                rows.map(|row| list(row).map(|cell| written(text(cell))).collect()).collect();
            assert_eq!(found, expected, "{}", table["id"]);
            compared.tables += 1;
        }
    }
    compared
}

/// Kind, n, key, count, share, selector of rows.
fn rows(kind: &str, n: &Value, rows: &Value, comma: bool) -> Vec<[String; 6]> {
    let line = |row: &Value| {
        let (key, select) = (text(&row["key"]).to_owned(), text(&row["select"]).to_owned());
        [kind.to_owned(), n.to_string(), key, row["count"].to_string(), decimal(&row["percent"], comma), select]
    };
    list(rows).map(line).collect()
}

/// `report.json` as it is read here has no order of kinds.
fn same(found: &[Vec<String>], mut expected: Vec<[String; 6]>, id: &str, compared: &mut Compared) {
    let mut found: Vec<[String; 6]> = found[1..]
        .iter()
        .map(|line| [1, 3, 4, 6, 7, 8].map(|at| line[at].trim_start_matches('\'').to_owned()))
        .collect();
    found.sort_by(|a, b| a[0].cmp(&b[0]));
    expected.sort_by(|a, b| a[0].cmp(&b[0]));
    assert_eq!(found, expected, "{id}");
    compared.tables += 1;
    compared.numbers += 2 * expected.len();
}
