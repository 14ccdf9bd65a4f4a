//! Charts as SVG: horizontal bars with the label above and the number as text beside each bar.
//!
//! No view box: widths are shares of the space there is and texts keep their size, so a chart reads the same on a phone
//! and on paper. What a bar means stands beside it; patterns, not colours, tell bars apart.

mod lines;

use maud::{Markup, html};
use vienkop_transforms::assess::report::{Chart, Drawn, MeasureRow, Measures, Row, Shape, Table, percent_text};
use vienkop_transforms::texts::{Language, Texts};

/// Space for bars, in per cent of the width; the number needs the rest (some 105 of 300 pixels).
const BARS: u64 = 63;
/// Characters in a line of a label.
const LABEL_WIDTH: usize = 40;
const LINE: usize = 18;
const BAR: usize = 18;
const GAP: usize = 14;

/// The chart of a table.
pub(super) fn chart(table: &Table, texts: &Texts) -> Markup {
    let whole = match table.chart {
        Chart::Share => table.n,
        Chart::Ranking => table.rows.iter().map(|row| row.count).max().unwrap_or(0),
    };
    let mut top = 0;
    let mut bars = Vec::new();
    for (index, row) in table.rows.iter().enumerate() {
        let label = wrapped(&row.label, LABEL_WIDTH);
        let bar = top + label.len() * LINE + 2;
        bars.push((row, fill(table.chart, index, row), label, top, bar));
        top = bar + BAR + GAP;
    }
    let (title, description) = (format!("c-{}", table.id), format!("d-{}", table.id));
    let pattern = |name: &str| format!("p-{}-{name}", table.id);
    html! {
        svg class="chart" xmlns="http://www.w3.org/2000/svg" width="100%" height=(top.saturating_sub(GAP) + 2) role="img"
            aria-labelledby={ (title) " " (description) } {
            title id=(title) { (texts.get("report-chart", &[("title", &table.title)])) }
            desc id=(description) { (told(&table.rows, texts.language())) }
            @if bars.iter().any(|(_, fill, ..)| *fill != "solid" && *fill != "open") { (patterns(&table.id)) }
            @for (row, fill, label, top, bar) in &bars {
                @for (number, line) in label.iter().enumerate() {
                    text class="label" x="0" y=(top + number * LINE + 14) { (line) }
                }
                @if table.chart == Chart::Share {
                    rect class="track" x="0.5" y=(bar) width={ (BARS) "%" } height=(BAR) {}
                }
                @if row.count > 0 {
                    @match *fill {
                        "solid" => rect class="solid" x="0.5" y=(bar) width=(width(row.count, whole)) height=(BAR) {},
                        "open" => rect class="open" x="0.5" y=(bar) width=(width(row.count, whole)) height=(BAR) {},
                        name => rect class="patterned" x="0.5" y=(bar) width=(width(row.count, whole)) height=(BAR)
                            fill={ "url(#" (pattern(name)) ")" } {},
                    }
                }
                text class="number" x=(number_at(table.chart, row.count, whole)) dx="8" y=(bar + 14) {
                    (row.count) " (" (percent_text(&row.percent, texts.language())) ")"
                }
            }
        }
    }
}

/// Fills that tell parts apart without colour; those of one chart have its id.
fn patterns(id: &str) -> Markup {
    let pattern = |name: &str| format!("p-{id}-{name}");
    html! {
        defs {
            pattern id=(pattern("hatch")) width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                rect width="7" height="7" fill="#fff" {}
                rect width="3" height="7" fill="#1d4a73" {}
            }
            pattern id=(pattern("dots")) width="7" height="7" patternUnits="userSpaceOnUse" {
                rect width="7" height="7" fill="#fff" {}
                circle cx="3.5" cy="3.5" r="1.7" fill="#1d4a73" {}
            }
            pattern id=(pattern("grid")) width="7" height="7" patternUnits="userSpaceOnUse" {
                rect width="7" height="7" fill="#fff" {}
                path d="M0 3.5H7M3.5 0V7" stroke="#1d4a73" stroke-width="1.2" {}
            }
        }
    }
}

/// What the figure of a table of measures shows.
pub(super) struct Picture<'a> {
    /// Its rows.
    pub(super) rows: Vec<&'a MeasureRow>,
    /// The amount that takes all the room.
    pub(super) whole: u64,
    /// What it is.
    pub(super) name: String,
    /// Its numbers, in words.
    pub(super) told: String,
}

/// The figure of a table of measures, of as many rows as the page shows; nothing where its columns are empty.
pub(super) fn measures(table: &Measures, drawn: &Drawn, texts: &Texts) -> Option<Markup> {
    let Picture { rows, whole, name, told } = picture(table, drawn, table.shown, texts)?;
    let (height, picture) = match drawn.shape {
        Shape::Lines => lines::picture(table, &rows, drawn, whole),
        _ => bars(table, &rows, drawn, whole),
    };
    let (title, description) = (format!("c-{}", table.id), format!("d-{}", table.id));
    Some(html! {
        svg class="chart" xmlns="http://www.w3.org/2000/svg" width="100%" height=(height) role="img"
            aria-labelledby={ (title) " " (description) } {
            title id=(title) { (name) }
            desc id=(description) { (told) }
            (picture)
        }
    })
}

/// What the figure of the first rows shows, for every form that draws it; nothing where its columns are empty.
pub(super) fn picture<'a>(table: &'a Measures, drawn: &Drawn, shown: usize, texts: &Texts) -> Option<Picture<'a>> {
    let rows: Vec<&MeasureRow> = table.rows.iter().take(shown).collect();
    let whole = match drawn.shape {
        Shape::Bars | Shape::Lines => {
            let cells = rows.iter().flat_map(|row| drawn.columns.iter().filter_map(|at| row.cells.get(*at)));
            cells.map(|cell| cell.amount).max()
        }
        Shape::Stacked => rows.iter().map(|row| parts(row, drawn).map(|(_, amount)| amount).sum()).max(),
    };
    let whole = whole.filter(|most| *most > 0)?;
    let headers = drawn.columns.iter().filter_map(|at| table.columns.get(*at)).map(|column| column.label.as_str());
    let name = format!("{}: {}", table.title, headers.collect::<Vec<_>>().join(", "));
    let told = rows.iter().map(|row| {
        let cells = drawn.columns.iter().filter_map(|at| row.cells.get(*at)).map(|cell| cell.text.as_str());
        format!("{}: {}", row.labels.join(", "), cells.collect::<Vec<_>>().join(", "))
    });
    let told = told.collect::<Vec<_>>().join("; ");
    let chart = match drawn.shape {
        Shape::Lines => "report-chart-lines",
        _ => "report-chart",
    };
    Some(Picture { rows, whole, name: texts.get(chart, &[("title", &name)]), told })
}

/// Columns of a row that are drawn, with their amounts.
fn parts<'a>(row: &'a MeasureRow, drawn: &'a Drawn) -> impl Iterator<Item = (usize, u64)> + 'a {
    drawn.columns.iter().enumerate().filter_map(|(at, column)| Some((at, row.cells.get(*column)?.amount)))
}

/// A bar a row: of one column, or with a part for each column.
fn bars(table: &Measures, rows: &[&MeasureRow], drawn: &Drawn, whole: u64) -> (usize, Markup) {
    let stacked = drawn.shape == Shape::Stacked;
    let mut top = if stacked { drawn.columns.len() * LINE + GAP } else { 0 };
    let mut placed = Vec::new();
    for row in rows {
        let label = wrapped(row.labels.first().map_or("", String::as_str), LABEL_WIDTH);
        let bar = top + label.len() * LINE + 2;
        placed.push((*row, label, top, bar));
        top = bar + BAR + GAP;
    }
    let picture = html! {
        @if stacked { (patterns(&table.id)) (legend(table, drawn)) }
        @for (row, label, top, bar) in &placed {
            @for (number, line) in label.iter().enumerate() {
                text class="label" x="0" y=(top + number * LINE + 14) { (line) }
            }
            @for (at, before, amount) in laid(row, drawn) {
                @if amount > 0 { (part(&table.id, at, &width(before, whole), *bar, &width(amount, whole))) }
            }
            @let total: u64 = parts(row, drawn).map(|(_, amount)| amount).sum();
            text class="number" x=(width(total, whole)) dx="8" y=(bar + 14) { (numbers(row, drawn)) }
        }
    };
    (top.saturating_sub(GAP) + 2, picture)
}

/// Parts of a bar: which, what stands before it, how much.
pub(super) fn laid(row: &MeasureRow, drawn: &Drawn) -> Vec<(usize, u64, u64)> {
    let mut before = 0;
    let placed = parts(row, drawn).map(|(at, amount)| {
        let start = before;
        before += amount;
        (at, start, amount)
    });
    placed.collect()
}

/// What stands beside a bar.
pub(super) fn numbers(row: &MeasureRow, drawn: &Drawn) -> String {
    let cells = drawn.columns.iter().filter_map(|at| row.cells.get(*at)).map(|cell| cell.text.as_str());
    cells.collect::<Vec<_>>().join(" / ")
}

/// What each part of the bars is.
fn legend(table: &Measures, drawn: &Drawn) -> Markup {
    html! {
        @for (at, column) in drawn.columns.iter().filter_map(|at| table.columns.get(*at)).enumerate() {
            (part(&table.id, at, "0", at * LINE, "16"))
            text class="number" x="24" y=(at * LINE + 14) { (column.label) }
        }
    }
}

/// A part of a bar, filled as the others of its column.
fn part(id: &str, at: usize, x: &str, y: usize, width: &str) -> Markup {
    let height = if width.ends_with('%') { BAR } else { LINE - 4 };
    html! {
        @match part_fill(at) {
            name @ ("solid" | "open") => rect class=(name) x=(x) y=(y) width=(width) height=(height) {},
            name => rect class="patterned" x=(x) y=(y) width=(width) height=(height) fill={ "url(#p-" (id) "-" (name) ")" } {},
        }
    }
}

/// Fills of parts in their order; what comes after them is open.
const PARTS: [&str; 5] = ["solid", "hatch", "dots", "grid", "open"];

/// How a part is filled.
pub(super) fn part_fill(at: usize) -> &'static str {
    PARTS.get(at).copied().unwrap_or("open")
}

/// How a bar is filled: the answer itself solid, others patterned, what says nothing on the question open.
pub(super) fn fill(chart: Chart, index: usize, row: &Row) -> &'static str {
    match (chart, index) {
        _ if row.is_remainder() => "open",
        (Chart::Ranking, _) | (Chart::Share, 0) => "solid",
        (Chart::Share, 1) => "hatch",
        (Chart::Share, 2) => "dots",
        (Chart::Share, _) => "grid",
    }
}

/// Per cent of the width, in whole numbers.
fn width(count: u64, whole: u64) -> String {
    let hundredths = (u128::from(count) * u128::from(BARS) * 100).checked_div(u128::from(whole)).unwrap_or(0);
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

/// Beside the bar; beside the track where there is one.
fn number_at(chart: Chart, count: u64, whole: u64) -> String {
    match chart {
        Chart::Share => format!("{BARS}%"),
        Chart::Ranking => width(count, whole),
    }
}

/// Rows in words.
pub(super) fn told(rows: &[Row], language: Language) -> String {
    let rows =
        rows.iter().map(|row| format!("{}: {} ({})", row.label, row.count, percent_text(&row.percent, language)));
    rows.collect::<Vec<_>>().join("; ")
}

/// Lines of at most `most` characters, cut between words; a longer word stands alone and is cut.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        if length > 0 && length + 1 + rest.len() > most {
            lines.push(String::new());
            length = 0;
        }
        while rest.len() > most {
            let tail = rest.split_off(most);
            if let Some(last) = lines.last_mut() {
                last.extend(rest.iter());
            }
            lines.push(String::new());
            rest = tail;
        }
        if let Some(last) = lines.last_mut() {
            if length > 0 {
                last.push(' ');
                length += 1;
            }
            length += rest.len();
            last.extend(rest);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_wrap_between_words() {
        assert_eq!(wrapped("Jā", 10), ["Jā"]);
        assert_eq!(wrapped("Izmanto VIRSIS un citus", 14), ["Izmanto VIRSIS", "un citus"]);
        assert_eq!(wrapped("abcdefghijkl mn", 5), ["abcde", "fghij", "kl mn"]);
        assert_eq!(wrapped("", 5), [""]);
    }

    #[test]
    fn bars_never_leave_their_space() {
        assert_eq!(width(145, 145), "63.00%");
        assert_eq!(width(1, 3), "21.00%");
        assert_eq!(width(0, 0), "0.00%");
    }
}
