//! Tables of the pages: cells as they are printed, columns as wide as they need.

use serde::Serialize;
use vienkop_transforms::assess::report::{CellKind, List, Measures, Row, Table as Survey, percent_text};

use super::fit::{Fitted, Needs, fit};
use super::letters::{Face, Letters};
use super::pages::Writer;
use crate::config::ReportFormat;
use crate::render::html;

/// Rows of a table of measures, at most: what fills more than some twenty pages is looked up, not read.
const MEASURES: usize = 500;
/// Rows of a list, where it has more than [`LONG`].
const LIST: usize = 20;
const LONG: usize = 40;
/// A text of more bytes might not fit on a page in a narrow column.
const LONG_TEXT: usize = 800;
/// What a column of text takes at least and at most, in ems, if its words let it.
const TEXT: (f64, f64) = (9.5, 26.0);
/// What a column of numbers takes at most, unless its words need more.
const NUMBER: f64 = 8.0;
/// A word (or a number) longer than this is broken, in ems.
const WORD: f64 = 15.0;
/// How much of the width a second line in a cell takes, which is in smaller type.
const SMALL: f64 = 0.88;

/// A table.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    caption: String,
    /// Size of the type and widths of the columns, in points.
    size: f64,
    widths: Vec<f64>,
    /// Whether it needs a page that lies.
    wide: bool,
    /// Whether rows may go on on the next page: only where one could be longer than a page.
    breakable: bool,
    /// Columns at the left that are headers of their row.
    labels: usize,
    /// Which columns hold numbers.
    numbers: Vec<bool>,
    heads: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
    /// What it leaves out and where that is.
    rest: Option<String>,
}

/// A cell: a text, or one with a smaller one below.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Cell {
    One(String),
    Two(String, String),
}

impl Cell {
    fn new(text: impl Into<String>, under: Option<String>) -> Self {
        match under {
            Some(under) => Self::Two(text.into(), under),
            None => Self::One(text.into()),
        }
    }

    /// Texts with the share of the size in which they are set.
    fn lines(&self) -> impl Iterator<Item = (&str, f64)> {
        let (text, under) = match self {
            Self::One(text) => (text, None),
            Self::Two(text, under) => (text, Some((under.as_str(), SMALL))),
        };
        std::iter::once((text.as_str(), 1.0)).chain(under)
    }

    fn map(&self, change: impl Fn(&str, f64) -> String) -> Self {
        match self {
            Self::One(text) => Self::One(change(text, 1.0)),
            Self::Two(text, under) => Self::Two(change(text, 1.0), change(under, SMALL)),
        }
    }
}

/// A table before it is measured.
struct Draft {
    caption: String,
    labels: usize,
    numbers: Vec<bool>,
    heads: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
    rest: Option<String>,
}

/// A question of the survey: all respondents, then each kind of institution; counts with their shares below.
pub(super) fn survey(writer: &mut Writer<'_>, survey: &Survey) -> Table {
    let kinds: Vec<(String, u64, &[Row])> =
        std::iter::once((writer.texts.get("report-total", &[]), survey.n, &survey.rows[..]))
            .chain(survey.by_kind.0.iter().map(|(name, kind)| (name.label.clone(), kind.n, &kind.rows[..])))
            .collect();
    let title = if survey.by_kind.0.is_empty() {
        survey.title.clone()
    } else {
        writer.texts.get("report-pdf-by-kind", &[("title", &survey.title)])
    };
    counted(writer, &title, &kinds)
}

/// The question that asks for more.
pub(super) fn follow_up(writer: &mut Writer<'_>, title: &str, n: u64, rows: &[Row]) -> Table {
    let all = (writer.texts.get("report-total", &[]), n, rows);
    counted(writer, title, &[all])
}

/// A row an answer, a column a group of respondents; the first group has every row.
fn counted(writer: &mut Writer<'_>, title: &str, groups: &[(String, u64, &[Row])]) -> Table {
    let texts = writer.texts;
    let mut heads = vec![Cell::new(texts.get("report-answer", &[]), None)];
    let n = |n: u64| texts.get("report-n", &[("n", &n.to_string())]).replace(' ', "\u{a0}");
    heads.extend(groups.iter().map(|(name, number, _)| Cell::new(name, Some(n(*number)))));
    let cell = |row: Option<&Row>| match row {
        Some(row) => Cell::new(row.count.to_string(), Some(percent_text(&row.percent, texts.language()))),
        None => Cell::new("", None),
    };
    let line = |row: &Row| {
        let of = |rows: &[Row]| cell(rows.iter().find(|one| one.key == row.key));
        let numbers = groups.iter().map(|(.., rows)| of(rows));
        std::iter::once(Cell::new(&row.label, None)).chain(numbers).collect()
    };
    let rows = groups.first().map_or_else(Vec::new, |(.., rows)| rows.iter().map(line).collect());
    let numbers = std::iter::once(false).chain(groups.iter().map(|_| true)).collect();
    Draft { caption: writer.table_caption(title), labels: 1, numbers, heads, rows, rest: None }.measured(writer.letters)
}

/// A table of measures: what names a row, the second name below the first; of a share, of how many it is.
pub(super) fn measures(writer: &mut Writer<'_>, table: &Measures) -> Table {
    let of = |of: &str| writer.texts.get("report-of", &[("of", of)]);
    let heads = stacked(&table.heads);
    let labels = heads.len();
    let cells = |at: usize| table.rows.iter().filter_map(move |row| row.cells.get(at));
    let is_number = |at: usize| cells(at).any(|cell| cell.kind != CellKind::Text);
    let numbers = (0..labels).map(|_| false).chain((0..table.columns.len()).map(is_number)).collect();
    let line = |row: &vienkop_transforms::assess::report::MeasureRow| {
        let cells = row.cells.iter().map(|cell| {
            let whole = cell.of.as_deref().filter(|_| cell.value.is_some());
            Cell::new(&cell.text, whole.map(of))
        });
        stacked(&row.labels).into_iter().chain(cells).collect()
    };
    let rows: Vec<Vec<Cell>> = table.rows.iter().take(MEASURES).map(line).collect();
    let rest = rest(writer, table.rows.len(), rows.len(), &table.id);
    let heads = heads.into_iter().chain(table.columns.iter().map(|column| Cell::new(&column.label, None))).collect();
    Draft { caption: writer.table_caption(&table.title), labels, numbers, heads, rows, rest }.measured(writer.letters)
}

/// The second of several names stands below the first, so that there is room for numbers.
fn stacked(names: &[String]) -> Vec<Cell> {
    match names {
        [first, second, rest @ ..] => {
            let rest = rest.iter().map(|name| Cell::new(name, None));
            std::iter::once(Cell::new(first, Some(second.clone()))).chain(rest).collect()
        }
        names => names.iter().map(|name| Cell::new(name, None)).collect(),
    }
}

/// A list of text.
pub(super) fn list(writer: &mut Writer<'_>, list: &List) -> Table {
    let shown = if list.rows.len() > LONG { LIST } else { list.rows.len() };
    let cells = |row: &Vec<String>| row.iter().map(|cell| Cell::new(cell, None)).collect();
    let heads = cells(&list.columns);
    let rows = list.rows.iter().take(shown).map(cells).collect();
    let numbers = (0..list.columns.len()).map(|column| html::is_number(list, column)).collect();
    let rest = rest(writer, list.rows.len(), shown, &list.id);
    Draft { caption: writer.table_caption(&list.title), labels: 0, numbers, heads, rows, rest }.measured(writer.letters)
}

/// How many rows are left out, and which files have them.
fn rest(writer: &Writer<'_>, all: usize, shown: usize, id: &str) -> Option<String> {
    let left = all.checked_sub(shown).filter(|left| *left > 0)?;
    let files: Vec<String> = writer
        .formats
        .iter()
        .filter_map(|format| match format {
            ReportFormat::Html => Some("report.html".to_owned()),
            ReportFormat::Json => Some("report.json".to_owned()),
            ReportFormat::Xlsx => Some(writer.texts.get("report-pdf-sheet", &[("id", id)])),
            ReportFormat::Csv | ReportFormat::Pdf => None,
        })
        .collect();
    let left = left.to_string();
    let text = if files.is_empty() {
        writer.texts.get("report-pdf-left-out", &[("count", &left)])
    } else {
        writer.texts.get("report-pdf-elsewhere", &[("count", &left), ("files", &files.join(", "))])
    };
    Some(writer.letters.shown(&text))
}

impl Draft {
    fn measured(self, letters: &Letters) -> Table {
        let clean = |cells: &[Cell]| -> Vec<Cell> {
            cells.iter().map(|cell| cell.map(|text, _| letters.shown(text))).collect()
        };
        let mut heads = clean(&self.heads);
        let mut rows: Vec<Vec<Cell>> = self.rows.iter().map(|row| clean(row)).collect();
        let column = |at: usize| {
            let cells = rows.iter().filter_map(move |row| row.get(at));
            needs(heads.get(at), cells, self.numbers.get(at).copied().unwrap_or_default(), letters)
        };
        let needs: Vec<Needs> = (0..heads.len()).map(column).collect();
        let Fitted { size, wide, widths } = fit(&needs);
        let room = |at: usize| widths.get(at).map_or(0.0, |width| (width - super::fit::INSET) / size);
        let fit_in = |row: &mut Vec<Cell>, face: Face| {
            for (at, cell) in row.iter_mut().enumerate() {
                *cell = cell.map(|text, share| letters.broken(text, face, room(at) / share));
            }
        };
        fit_in(&mut heads, Face::Bold);
        for row in &mut rows {
            fit_in(row, Face::Regular);
        }
        let breakable = rows.iter().flatten().flat_map(Cell::lines).any(|(text, _)| text.len() > LONG_TEXT);
        let Self { caption, labels, numbers, rest, .. } = self;
        Table { caption, size, widths, wide, breakable, labels, numbers, heads, rows, rest }
    }
}

/// What a column needs: its longest word at least. A number is one word, a text gets room for a few.
fn needs<'a>(
    head: Option<&'a Cell>,
    cells: impl Iterator<Item = &'a Cell> + Clone,
    number: bool,
    letters: &Letters,
) -> Needs {
    let (mut longest, mut widest) = (0.0_f64, 0.0_f64);
    let of_cells = cells.map(|cell| (cell, Face::Regular));
    for (cell, face) in head.map(|head| (head, Face::Bold)).into_iter().chain(of_cells) {
        for (text, share) in cell.lines() {
            let is_head = matches!(face, Face::Bold);
            widest = widest.max(letters.width(text, face) * share);
            for word in text.split(' ') {
                let whole = letters.width(word, face) * share;
                longest = longest.max(if is_head { whole } else { whole.min(WORD) });
            }
        }
    }
    // Pairs of letters may stand a little further apart than each by itself.
    let (longest, widest) = (longest * 1.02, widest * 1.02);
    if number {
        Needs { least: longest, best: widest.min(NUMBER).max(longest) }
    } else {
        Needs { least: longest.max(widest.min(TEXT.0)), best: widest.min(TEXT.1).max(longest) }
    }
}
