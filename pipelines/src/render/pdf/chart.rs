//! Figures of the pages: bars and lines as shares of their room; the template draws them.

use serde::Serialize;
use vienkop_transforms::assess::report::{Chart as Kind, Measures, Shape, Table as Survey, percent_text};

use super::letters::Face;
use super::pages::Writer;
use crate::render::svg;

/// Bars of a figure, at most: more do not fit on a page.
const MOST: usize = 30;
/// Letters of a label, at most; the table has it whole.
const LABEL: usize = 110;

/// A figure.
#[derive(Debug, Serialize)]
pub(super) struct Figure {
    caption: String,
    /// What it shows, in words.
    alt: String,
    /// Which rows of the table it shows, where not all.
    part: Option<String>,
    chart: Chart,
}

impl Figure {
    pub(super) fn titled(self, caption: String) -> Self {
        Self { caption, ..self }
    }
}

/// A chart. Lengths and places are shares of the room that there is.
#[derive(Debug, Serialize)]
#[serde(tag = "shape", rename_all = "lowercase")]
enum Chart {
    Bars { legend: Vec<(&'static str, String)>, bars: Vec<Bar> },
    Lines { lines: Vec<Line>, from: String, to: String },
}

#[derive(Debug, Serialize)]
struct Bar {
    label: String,
    number: String,
    /// Whether the whole is drawn behind it.
    track: bool,
    /// Fill, beginning, length.
    parts: Vec<(&'static str, f64, f64)>,
}

#[derive(Debug, Serialize)]
struct Line {
    label: String,
    /// Height of each moment.
    points: Vec<f64>,
    /// Moments whose number stands at the point.
    told: Vec<(usize, String)>,
}

/// The figure of a question; none where nobody answered.
pub(super) fn survey(writer: &Writer<'_>, table: &Survey) -> Option<Figure> {
    let most = table.rows.iter().map(|row| row.count).max().filter(|most| *most > 0)?;
    let whole = if table.chart == Kind::Share { table.n } else { most };
    let language = writer.texts.language();
    let bars = table.rows.iter().enumerate().take(MOST).map(|(at, row)| Bar {
        label: label(writer, &row.label),
        number: format!("{} ({})", row.count, percent_text(&row.percent, language)),
        track: table.chart == Kind::Share,
        parts: vec![(svg::fill(table.chart, at, row), 0.0, share(row.count, whole))],
    });
    let chart = Chart::Bars { legend: Vec::new(), bars: bars.collect() };
    let name = writer.texts.get("report-chart", &[("title", &table.title)]);
    let alt = format!("{name}. {}", svg::told(&table.rows, language));
    Some(figure(writer, &alt, table.rows.len(), MOST, chart))
}

/// The figure of a table of measures, of as many rows as a page of HTML shows; none where its columns are empty.
pub(super) fn measures(writer: &Writer<'_>, table: &Measures) -> Option<Figure> {
    let drawn = table.drawn.as_ref()?;
    let shown = if drawn.shape == Shape::Lines { table.shown } else { table.shown.min(MOST) };
    let svg::Picture { rows, whole, name, told } = svg::picture(table, drawn, shown, writer.texts)?;
    let column = |at: &usize| table.columns.get(*at).map_or("", |column| column.label.as_str());
    let shown_text = |text: &str| writer.letters.shown(text);
    let chart = if drawn.shape == Shape::Lines {
        let line = |at: &usize| {
            let cells: Vec<_> = rows.iter().filter_map(|row| row.cells.get(*at)).collect();
            let peak = (0..cells.len()).rev().max_by_key(|moment| cells.get(*moment).map(|cell| cell.amount));
            let ends = [Some(0), cells.len().checked_sub(1), peak];
            let told = cells.iter().enumerate().filter(|(moment, _)| ends.contains(&Some(*moment)));
            Line {
                label: if drawn.columns.len() > 1 { shown_text(column(at)) } else { String::new() },
                points: cells.iter().map(|cell| share(cell.amount, whole)).collect(),
                told: told.map(|(moment, cell)| (moment, shown_text(&cell.text))).collect(),
            }
        };
        let moment = |row: Option<&&_>| row.map_or_else(String::new, |row| first(writer, row));
        Chart::Lines {
            lines: drawn.columns.iter().map(line).collect(),
            from: moment(rows.first()),
            to: moment(rows.last()),
        }
    } else {
        let bars = rows.iter().map(|row| Bar {
            label: first(writer, row),
            number: shown_text(&svg::numbers(row, drawn)),
            track: false,
            parts: svg::laid(row, drawn)
                .into_iter()
                .filter(|(.., amount)| *amount > 0)
                .map(|(at, before, amount)| (svg::part_fill(at), share(before, whole), share(amount, whole)))
                .collect(),
        });
        let legend =
            drawn.columns.iter().enumerate().map(|(at, column_at)| (svg::part_fill(at), shown_text(column(column_at))));
        let legend = if drawn.shape == Shape::Stacked { legend.collect() } else { Vec::new() };
        Chart::Bars { legend, bars: bars.collect() }
    };
    Some(figure(writer, &format!("{name}. {told}"), table.rows.len(), shown, chart))
}

fn figure(writer: &Writer<'_>, alt: &str, all: usize, shown: usize, chart: Chart) -> Figure {
    let numbers = [("shown", shown as u64), ("all", all as u64)];
    let part = (shown < all).then(|| writer.texts.count("report-pdf-first", &numbers));
    Figure { caption: String::new(), alt: writer.letters.shown(alt), part, chart }
}

/// What names a row first.
fn first(writer: &Writer<'_>, row: &vienkop_transforms::assess::report::MeasureRow) -> String {
    label(writer, row.labels.first().map_or("", String::as_str))
}

fn label(writer: &Writer<'_>, text: &str) -> String {
    let cut: String = text.chars().take(LABEL).collect();
    let cut = if cut.len() < text.len() { format!("{}…", cut.trim_end()) } else { cut };
    // Beside the bars there is room for some 20 ems.
    writer.letters.broken(&writer.letters.shown(&cut), Face::Regular, 18.0)
}

/// A part of a whole, in ten thousandths, so that the file does not hang on the last bit of a division.
fn share(amount: u64, whole: u64) -> f64 {
    let parts = (u128::from(amount) * 10_000).checked_div(u128::from(whole)).unwrap_or(0);
    parts as f64 / 10_000.0
}
