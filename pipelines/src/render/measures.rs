//! Tables of measures: on the page, and as lines for a spreadsheet.

use maud::{Markup, html};
use vienkop_transforms::assess::report::{CellKind, MeasureRow, Measures};
use vienkop_transforms::texts::{Language, Texts};

use super::html::{conclusion, scroll};
use super::svg;

/// Columns of the lines.
const HEADER: [&str; 11] =
    ["table", "table_title", "key", "label", "measure", "measure_label", "value", "unit", "count", "of", "select"];

/// The table with its note and chart; rows beyond the first can be opened.
pub(super) fn table(table: &Measures, texts: &Texts) -> Markup {
    let shown = table.shown.min(table.rows.len());
    let (first, rest) = table.rows.split_at(shown);
    html! {
        @if let Some(mark) = &table.mark { p class="mark" { strong { (mark) } } }
        @if let Some(sentence) = &table.sentence { (conclusion(sentence, table.author, texts)) }
        @if let Some(note) = &table.note { p class="note" { (note) } }
        @if let Some(chart) = table.drawn.as_ref().and_then(|drawn| svg::measures(table, drawn, texts)) { (chart) }
        (scroll(&table.title, &rows(table, first, texts)))
        @if !rest.is_empty() {
            details {
                summary { (texts.count("report-measures-more", &[("count", rest.len() as u64)])) }
                (scroll(&table.title, &rows(table, rest, texts)))
            }
        }
    }
}

/// The label that stands below the first one, in its cell, so that a phone has room for numbers; none where there is one only.
fn under(table: &Measures) -> usize {
    if table.heads.len() > 1 { 1 } else { usize::MAX }
}

fn rows(table: &Measures, rows: &[MeasureRow], texts: &Texts) -> Markup {
    let is_number =
        |column: usize| rows.iter().any(|row| row.cells.get(column).is_some_and(|c| c.kind != CellKind::Text));
    let class = |column: usize| is_number(column).then_some("num");
    html! {
        table class="measures" {
            thead {
                tr {
                    @for (at, head) in table.heads.iter().enumerate() {
                        @if at != under(table) { th scope="col" { (head) @if at + 1 == under(table) { span class="under" { (table.heads[at + 1]) } } } }
                    }
                    @for (at, column) in table.columns.iter().enumerate() { th scope="col" class=[class(at)] { (column.label) } }
                }
            }
            tbody {
                @for row in rows {
                    tr {
                        @for (at, label) in row.labels.iter().enumerate() {
                            @if at != under(table) { th scope="row" { (label) @if at + 1 == under(table) { span class="under" { (row.labels[at + 1]) } } } }
                        }
                        @for (at, cell) in row.cells.iter().enumerate() {
                            td class=[class(at)] {
                                (cell.text)
                                @if let Some(of) = cell.of.as_ref().filter(|_| cell.value.is_some()) {
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
