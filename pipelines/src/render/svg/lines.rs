//! Lines over time: a point a row, joined; what a point is stands as text at its ends and at its highest place.
//!
//! Places across are shares of the width, so a line is drawn in pieces; each column has a dash of its own.

use maud::{Markup, html};
use vienkop_transforms::assess::report::{Drawn, MeasureRow, Measures};

const HEIGHT: usize = 160;
const TOP: usize = 24;
const FOOT: usize = 24;
const LEGEND: usize = 18;
/// Room on both sides in hundredths of a per cent, so that texts at the ends stay inside.
const SIDE: usize = 400;
/// Dashes of lines in their order.
const DASHES: [&str; 4] = ["none", "6 4", "2 3", "10 3 2 3"];

pub(super) fn picture(table: &Measures, rows: &[&MeasureRow], drawn: &Drawn, whole: u64) -> (usize, Markup) {
    let several = drawn.columns.len() > 1;
    let top = TOP + if several { drawn.columns.len() * LEGEND } else { 0 };
    let base = top + HEIGHT;
    let last = rows.len().saturating_sub(1);
    let across = |at: usize| {
        let hundredths = SIDE + ((10_000 - 2 * SIDE) * at).checked_div(last).unwrap_or(0);
        format!("{}.{:02}%", hundredths / 100, hundredths % 100)
    };
    let up = |amount: u64| base - (HEIGHT as u128 * u128::from(amount) / u128::from(whole)) as usize;
    let amount = |row: &MeasureRow, column: usize| row.cells.get(column).map_or(0, |cell| cell.amount);
    let label = |at: usize| rows.get(at).and_then(|row| row.labels.first()).map_or("", String::as_str);
    let anchor = |at: usize| {
        if at == 0 {
            "start"
        } else if at == last {
            "end"
        } else {
            "middle"
        }
    };
    let picture = html! {
        @for (line, column) in drawn.columns.iter().enumerate() {
            @let dash = DASHES[line % DASHES.len()];
            @if several {
                @let y = line * LEGEND + 10;
                line class="stroke" x1="0" y1=(y) x2="24" y2=(y) stroke-dasharray=(dash) {}
                text class="number" x="32" y=(y + 4) { (table.columns.get(*column).map_or("", |c| c.label.as_str())) }
            }
            @for at in 1..rows.len() {
                line class="stroke" x1=(across(at - 1)) y1=(up(amount(rows[at - 1], *column)))
                    x2=(across(at)) y2=(up(amount(rows[at], *column))) stroke-dasharray=(dash) {}
            }
            @let peak = (0..rows.len()).rev().max_by_key(|at| amount(rows[*at], *column));
            @for (at, row) in rows.iter().enumerate() {
                circle class="solid" cx=(across(at)) cy=(up(amount(row, *column))) r="3" {}
                @if at == 0 || at == last || Some(at) == peak {
                    text class="number" x=(across(at)) y=(up(amount(row, *column)).saturating_sub(8)) text-anchor=(anchor(at)) {
                        (row.cells.get(*column).map_or("", |cell| cell.text.as_str()))
                    }
                }
            }
        }
        line class="axis" x1="0" y1=(base) x2="100%" y2=(base) {}
        text class="label" x=(across(0)) y=(base + 18) text-anchor="start" { (label(0)) }
        @if last > 0 { text class="label" x=(across(last)) y=(base + 18) text-anchor="end" { (label(last)) } }
    };
    (base + FOOT, picture)
}
