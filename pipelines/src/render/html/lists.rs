//! Lists of text.

use maud::{Markup, html};
use vienkop_transforms::assess::report::List;
use vienkop_transforms::texts::Texts;

use super::{LONG, SHOWN, article, opened, sorted};

/// A list; lines beyond the first can be opened where it is long.
pub(super) fn list(list: &List, depth: usize, texts: &Texts) -> Markup {
    let anchor = format!("l-{}", list.id);
    // A few lines more are sooner read than opened.
    let shown = if list.rows.len() > LONG { SHOWN } else { list.rows.len() };
    let parts = list.rows.split_at(shown);
    article(
        &anchor,
        "list",
        depth,
        &list.title,
        list.rows.len(),
        &html! {
            @if !list.note.is_empty() { p { (list.note) } }
            (opened(&anchor, &list.title, parts, texts, |part, caption, more| lines(list, part, caption, more, texts)))
        },
    )
}

fn lines(list: &List, rows: &[Vec<String>], caption: &str, more: &str, texts: &Texts) -> Markup {
    let class = |column: usize| is_number(list, column).then_some("num");
    let total = texts.get("report-total", &[]);
    let is_total = |row: &[String]| row.first() == Some(&total);
    html! {
        table class={ (sorted("lines", list.rows.len())) (more) } {
            caption class="unseen" { (caption) }
            thead {
                tr { @for (at, column) in list.columns.iter().enumerate() { th scope="col" class=[class(at)] { (column) } } }
            }
            tbody {
                @for row in rows {
                    tr class=[is_total(row).then_some("total")] {
                        @for (at, cell) in row.iter().enumerate() {
                            @if at == 0 { th scope="row" { (cell) } } @else { td class=[class(at)] { (cell) } }
                        }
                    }
                }
            }
        }
    }
}

/// Whether a column of a list holds counts or shares, which stand right; a registration number is longer.
pub(in crate::render) fn is_number(list: &List, column: usize) -> bool {
    let cells = || list.rows.iter().filter_map(|row| row.get(column));
    cells().all(|cell| cell.len() < 10 && cell.starts_with(|c: char| c.is_ascii_digit()) && !cell.contains(". "))
}
