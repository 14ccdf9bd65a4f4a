//! `report.html`: tables, charts and what is told of charts, as the browser has them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Compared, list, same_time, text};
use crate::browser;
use crate::support::checkout;

/// Every article of the page. A cell is its text, and what stands small below it.
const READ: &str = "
    const said = node => node.textContent.replace(/\\s+/g, ' ').trim();
    const cell = cell => {
        const under = cell.querySelector('.under');
        const own = [...cell.childNodes].filter(node => node !== under).map(node => node.textContent).join('');
        return [own.replace(/\\s+/g, ' ').trim(), under ? said(under) : ''];
    };
    const rows = part => [...part.rows].map(row => [...row.cells].map(cell));
    return Object.fromEntries([...document.querySelectorAll('article')].map(article => [article.id, {
        heading: said(article.querySelector('h3, h4')),
        tables: [...article.querySelectorAll('table')].map(table => ({ caption: said(table.caption), rows: rows(table.tBodies[0]) })),
        numbers: [...article.querySelectorAll('svg .number')].map(said),
        labels: [...article.querySelectorAll('svg .label')].map(said),
        told: [...article.querySelectorAll('svg desc')].map(said).join(' '),
    }]));";

type Row = Vec<(String, String)>;

#[derive(serde::Deserialize)]
struct Article {
    heading: String,
    tables: Vec<Table>,
    numbers: Vec<String>,
    labels: Vec<String>,
    told: String,
}

#[derive(serde::Deserialize)]
struct Table {
    caption: String,
    rows: Vec<Row>,
}

/// How numbers are written.
#[derive(Clone, Copy)]
struct Style {
    comma: bool,
}

/// Kinds of institutions by their labels, whose codes the report has.
fn kinds(style: Style) -> BTreeMap<String, String> {
    let file = checkout().join("config/codelists/institution_kinds.csv");
    let mut reader = csv::Reader::from_path(file).unwrap();
    let label = if style.comma { 1 } else { 2 };
    let mut kinds: BTreeMap<String, String> =
        reader.records().map(|row| row.unwrap()).map(|row| (row[label].to_owned(), row[0].to_owned())).collect();
    let unknown = if style.comma { "veids nav zināms" } else { "kind not known" };
    kinds.insert(unknown.to_owned(), "nezināms".to_owned());
    kinds
}

impl Style {
    fn decimal(self, value: &str) -> String {
        if self.comma { value.replace('.', ",") } else { value.to_owned() }
    }

    fn share(self, percent: &str) -> String {
        if self.comma { format!("{} %", self.decimal(percent)) } else { format!("{percent}%") }
    }
}

/// Digits in threes from five on.
fn grouped(value: &str) -> String {
    if value.len() < 5 {
        return value.to_owned();
    }
    let mut digits: Vec<String> = value.chars().map(String::from).collect();
    let mut at = digits.len();
    while at > 3 {
        at -= 3;
        digits.insert(at, " ".to_owned());
    }
    digits.concat()
}

fn plain(value: &Value) -> String {
    text(value).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Compares the whole page.
pub(super) fn compare(report: &Value, folder: &Path, comma: bool) -> Compared {
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    let read = browser::ask(&page, 1280, &[], READ);
    let page: BTreeMap<String, Article> = serde_json::from_value(read).unwrap();
    let (style, mut compared) = (Style { comma }, Compared::default());
    let mut expected = 0;
    for section in list(&report["sections"]) {
        for table in list(&section["tables"]) {
            survey(table, &page[&format!("t-{}", text(&table["id"]))], style, &mut compared);
        }
        for table in list(&section["measures"]) {
            measures(table, &page[&format!("m-{}", text(&table["id"]))], style, &mut compared);
        }
        for table in list(&section["lists"]) {
            let found = &page[&format!("l-{}", text(&table["id"]))];
            assert_eq!(found.heading, plain(&table["title"]));
            let rows: Vec<Vec<&str>> =
                rows(found).map(|row| row.iter().map(|(cell, _)| cell.as_str()).collect()).collect();
            let cells = |row: &Value| list(row).map(plain).collect::<Vec<_>>();
            assert_eq!(rows, list(&table["rows"]).map(cells).collect::<Vec<_>>(), "{}", table["id"]);
            compared.tables += 1;
        }
        for part in ["tables", "measures", "lists"] {
            expected += list(&section[part]).count();
        }
    }
    assert_eq!(page.len(), expected, "the page has no table that the report lacks");
    compared
}

fn rows(article: &Article) -> impl Iterator<Item = &Row> {
    article.tables.iter().flat_map(|table| &table.rows)
}

/// Label, count and share of rows.
fn counted(found: &[Row], expected: &[&Value], style: Style, compared: &mut Compared, place: &str) {
    assert_eq!(found.len(), expected.len(), "{place}");
    for (found, row) in found.iter().zip(expected) {
        let cells = [plain(&row["label"]), row["count"].to_string(), style.share(text(&row["percent"]))];
        assert_eq!(found.iter().map(|(cell, _)| cell.clone()).collect::<Vec<_>>(), cells, "{place}");
        compared.numbers += 2;
    }
}

fn survey(table: &Value, found: &Article, style: Style, compared: &mut Compared) {
    let place = text(&table["id"]);
    let all: Vec<&Value> = list(&table["rows"]).collect();
    let caption = |n: &Value| format!("n = {n}");
    assert_eq!((&found.heading, &found.tables[0].caption), (&plain(&table["caption"]), &caption(&table["n"])));
    counted(&found.tables[0].rows, &all, style, compared, place);
    let beside: Vec<String> =
        all.iter().map(|row| format!("{} ({})", row["count"], style.share(text(&row["percent"])))).collect();
    assert_eq!(found.numbers, beside, "chart of {place}");
    for (row, number) in all.iter().zip(&beside) {
        assert!(found.told.contains(&format!("{}: {number}", plain(&row["label"]))), "what is told of {place}");
    }
    let labels = found.labels.concat().replace(' ', "");
    assert_eq!(
        labels,
        all.iter().map(|row| plain(&row["label"])).collect::<String>().replace(' ', ""),
        "chart of {place}"
    );
    let mut others = found.tables[1..].iter();
    if let Some(follow_up) = table.get("follow_up") {
        let part = others.next().unwrap();
        assert_eq!(part.caption, caption(&follow_up["n"]), "{place}");
        counted(&part.rows, &list(&follow_up["rows"]).collect::<Vec<_>>(), style, compared, place);
    }
    let (kinds, codes) = (table["by_kind"].as_object().unwrap(), kinds(style));
    if table["chart"] == "share" && !kinds.is_empty() {
        // One line a kind.
        let lines = &others.next().unwrap().rows;
        assert_eq!(lines.len(), kinds.len(), "{place}");
        for line in lines {
            let kind = &kinds[&codes[&line[0].0]];
            let pairs =
                list(&kind["rows"]).flat_map(|row| [row["count"].to_string(), style.share(text(&row["percent"]))]);
            let expected: Vec<String> = std::iter::once(kind["n"].to_string()).chain(pairs).collect();
            assert_eq!(line[1..].iter().map(|(cell, _)| cell.clone()).collect::<Vec<_>>(), expected, "{place}");
            compared.numbers += expected.len();
        }
    } else {
        for part in others.by_ref().take(kinds.len()) {
            let (label, n) = part.caption.rsplit_once(" (").unwrap();
            let kind = &kinds[&codes[label]];
            assert_eq!(n, format!("{})", caption(&kind["n"])), "{place}");
            let some: Vec<&Value> = list(&kind["rows"]).filter(|row| row["count"] != 0).collect();
            counted(&part.rows, &some, style, compared, place);
        }
    }
    assert_eq!(others.count(), 0, "{place}");
    compared.tables += 1;
}

fn measures(table: &Value, found: &Article, style: Style, compared: &mut Compared) {
    let (id, heads) = (text(&table["id"]), list(&table["heads"]).count());
    assert_eq!(found.heading, plain(&table["title"]));
    let lines: Vec<&Row> = rows(found).collect();
    assert_eq!(lines.len(), list(&table["rows"]).count(), "{id}");
    // The second label stands below the first.
    let first = heads - usize::from(heads > 1);
    for (line, row) in lines.iter().zip(list(&table["rows"])) {
        let labels: Vec<String> = list(&row["labels"]).map(plain).collect();
        let shown: Vec<&str> = line[..first]
            .iter()
            .flat_map(|(label, under)| [label.as_str(), under])
            .filter(|text| !text.is_empty())
            .collect();
        assert_eq!(shown, labels.iter().filter(|label| !label.is_empty()).collect::<Vec<_>>(), "{id}");
        assert_eq!(line.len() - first, list(&row["cells"]).count(), "{id}");
        for ((shown, under), cell) in line[first..].iter().zip(list(&row["cells"])) {
            let place = text(&cell["id"]);
            same(shown, cell, style, place);
            let of = cell.get("of").filter(|_| !cell["value"].is_null()).map(text);
            assert_eq!(under.rsplit(' ').next().filter(|text| !text.is_empty()), of, "{place}");
            compared.numbers += usize::from(cell["kind"] != "text");
        }
    }
    if let Some(drawn) = table.get("drawn") {
        let columns: Vec<usize> = list(&drawn["columns"]).map(|column| column.as_u64().unwrap() as usize).collect();
        let shown = &lines[..found.tables[0].rows.len()];
        let of_row = |line: &&Row| columns.iter().map(|column| line[first + column].0.clone()).collect::<Vec<_>>();
        let beside: Vec<String> = shown.iter().map(|line| of_row(line).join(" / ")).collect();
        let legend = if columns.len() > 1 { columns.len() } else { 0 };
        if drawn["shape"] == "lines" {
            for end in [&beside[0], &beside[beside.len() - 1]] {
                assert!(found.numbers.contains(end), "{end} of {id}: {:?}", found.numbers);
            }
        } else if !found.numbers.is_empty() {
            assert_eq!(found.numbers[legend..], beside, "chart of {id}");
        } else {
            assert!(shown.iter().flat_map(of_row).all(|cell| cell.starts_with(['0', '–'])), "{id} has no chart");
        }
        if !found.numbers.is_empty() {
            for line in shown {
                assert!(found.told.contains(&of_row(line).join(", ")), "what is told of {id}");
            }
        }
    } else {
        assert!(found.numbers.is_empty(), "{id}");
    }
    compared.tables += 1;
}

/// Asserts that a cell shows its value.
#[track_caller]
fn same(shown: &str, cell: &Value, style: Style, place: &str) {
    let Some(value) = cell["value"].as_str() else {
        assert!(shown == "–" || shown.chars().all(|c| !c.is_ascii_digit()), "{place}: {shown} stands for nothing");
        return;
    };
    let unit = cell["unit"].as_str();
    let unsigned = shown.strip_prefix(['+', '\u{2212}']).unwrap_or(shown);
    if shown != unsigned {
        assert_eq!(shown.starts_with('\u{2212}'), value.starts_with('-'), "{place}: {shown} is not {value}");
    }
    let size = value.trim_start_matches('-');
    match (text(&cell["kind"]), unit) {
        // A code shows as its label; a date or an amount as it is.
        ("text", _) if value.contains(|c: char| c.is_ascii_digit()) => assert_eq!(shown, value, "{place}"),
        ("text", _) => assert!(!shown.is_empty(), "{place}"),
        ("share", _) => assert_eq!(shown, style.share(value), "{place}"),
        (_, Some(unit @ ("s" | "d" | "working s" | "working d"))) => {
            let number = size.parse().unwrap();
            assert!(same_time(unsigned, number, unit), "{place}: {shown} is not {value} {unit}");
        }
        ("count", _) | ("number", None) => assert_eq!(unsigned, grouped(size), "{place}"),
        _ => assert_eq!(unsigned, style.decimal(size), "{place}"),
    }
}
