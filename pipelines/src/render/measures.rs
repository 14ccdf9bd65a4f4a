//! Tables of measures: on the page, and as lines for a spreadsheet.

use maud::{Markup, html};
use vienkop_transforms::assess::report::{Cell, CellKind, MeasureRow, Measures};
use vienkop_transforms::texts::{Language, Texts};

use super::html::{article, conclusion, opened, sorted};
use super::svg;

/// Columns of the lines.
const HEADER: [&str; 11] =
    ["table", "table_title", "key", "label", "measure", "measure_label", "value", "unit", "count", "of", "select"];

/// The table with its note and chart; rows beyond the first can be opened.
pub(super) fn table(table: &Measures, depth: usize, texts: &Texts) -> Markup {
    let anchor = format!("m-{}", table.id);
    let parts = table.rows.split_at(table.shown.min(table.rows.len()));
    article(
        &anchor,
        "measures",
        depth,
        &table.title,
        table.rows.len(),
        &html! {
            @if let Some(mark) = &table.mark { p class="mark" { strong { (mark) } } }
            @if let Some(sentence) = &table.sentence { (conclusion(sentence, table.author, texts)) }
            @if let Some(note) = &table.note { p class="note" { (note) } }
            @if let Some(chart) = table.drawn.as_ref().and_then(|drawn| svg::measures(table, drawn, texts)) { (chart) }
            (opened(&anchor, &table.title, parts, texts, |part, caption, more| rows(table, part, caption, more, texts)))
        },
    )
}

/// Whether the rows can be put in the order of a column: not where it holds times beside shares.
fn comparable(table: &Measures) -> bool {
    (0..table.columns.len()).all(|column| {
        let kinds = table.rows.iter().filter_map(|row| row.cells.get(column)).map(|cell| cell.kind);
        let mut kinds = kinds.filter(|kind| *kind != CellKind::Text);
        let first = kinds.next();
        kinds.all(|kind| Some(kind) == first)
    })
}

/// Seconds of a time, which is not written as a plain number.
fn sort_by(cell: &Cell) -> Option<u64> {
    (cell.kind == CellKind::Duration && cell.value.is_some()).then_some(cell.amount)
}

/// The label that stands below the first one, in its cell, so that a phone has room for numbers; none where there is one only.
fn under(table: &Measures) -> usize {
    if table.heads.len() > 1 { 1 } else { usize::MAX }
}

fn rows(table: &Measures, rows: &[MeasureRow], caption: &str, more: &str, texts: &Texts) -> Markup {
    let is_number =
        |column: usize| rows.iter().any(|row| row.cells.get(column).is_some_and(|c| c.kind != CellKind::Text));
    let class = |column: usize| is_number(column).then_some("num");
    let class_of_table = if comparable(table) { sorted("measures", table.rows.len()) } else { "measures".to_owned() };
    html! {
        table class={ (class_of_table) (more) } {
            caption class="unseen" { (caption) }
            thead {
                tr {
                    @for (at, head) in table.heads.iter().enumerate() {
                        @if at != under(table) { th scope="col" { (head) " " @if at + 1 == under(table) { span class="under" { (table.heads[at + 1]) } } } }
                    }
                    @for (at, column) in table.columns.iter().enumerate() { th scope="col" class=[class(at)] { (column.label) } }
                }
            }
            tbody {
                @for row in rows {
                    tr {
                        @for (at, label) in row.labels.iter().enumerate() {
                            @if at != under(table) { th scope="row" { (label) " " @if at + 1 == under(table) { span class="under" { (row.labels[at + 1]) } } } }
                        }
                        @for (at, cell) in row.cells.iter().enumerate() {
                            td class=[class(at)] data-sort=[sort_by(cell)] {
                                (cell.text)
                                @if let Some(of) = cell.of.as_ref().filter(|_| cell.value.is_some()) {
                                    " "
                                    span class="under" { (texts.get("report-of", &[("of", of)])) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A line a number, with a header.
pub(super) fn lines(table: &Measures, language: Language) -> Vec<Vec<String>> {
    let decimal = |value: &Option<String>, kind: CellKind| match (value, kind, language) {
        (None, ..) => String::new(),
        (Some(value), CellKind::Share | CellKind::Number | CellKind::Duration, Language::Lv) => value.replace('.', ","),
        (Some(value), ..) => value.clone(),
    };
    let mut lines = vec![HEADER.map(ToOwned::to_owned).to_vec()];
    for row in &table.rows {
        for (column, cell) in table.columns.iter().zip(&row.cells) {
            lines.push(vec![
                table.id.clone(),
                table.title.clone(),
                row.key.clone(),
                row.labels.join(" · "),
                column.key.clone(),
                column.label.clone(),
                decimal(&cell.value, cell.kind),
                cell.unit.unwrap_or_default().to_owned(),
                cell.count.clone().unwrap_or_default(),
                cell.of.clone().unwrap_or_default(),
                cell.select.clone(),
            ]);
        }
    }
    lines
}
