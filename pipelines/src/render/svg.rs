//! Charts as SVG: horizontal bars with the label above and the number as text beside each bar.
//!
//! No view box: widths are shares of the space there is and texts keep their size, so a chart reads the same on a phone
//! and on paper. What a bar means stands beside it; patterns, not colours, tell bars apart.

use maud::{Markup, html};
use vienkop_transforms::assess::report::{Chart, Measures, Row, Table, percent_text};
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
            @if bars.iter().any(|(_, fill, ..)| *fill != "solid" && *fill != "open") {
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

/// The rows of a table of measures as bars of one column, as many as the page shows; nothing where the column is empty.
pub(super) fn measures(table: &Measures, column: usize, texts: &Texts) -> Option<Markup> {
    let cells = || table.rows.iter().take(table.shown).filter_map(|row| Some((row, row.cells.get(column)?)));
    let whole = cells().map(|(_, cell)| cell.amount).max().filter(|most| *most > 0)?;
    let mut top = 0;
    let mut bars = Vec::new();
    for (row, cell) in cells() {
        let label = wrapped(row.labels.first().map_or("", String::as_str), LABEL_WIDTH);
        let bar = top + label.len() * LINE + 2;
        bars.push((cell, label, top, bar));
        top = bar + BAR + GAP;
    }
    let header = table.columns.get(column).map_or("", |column| column.label.as_str());
    let name = format!("{}: {header}", table.title);
    let told = cells().map(|(row, cell)| format!("{}: {}", row.labels.join(", "), cell.text)).collect::<Vec<_>>();
    let (title, description) = (format!("c-{}", table.id), format!("d-{}", table.id));
    Some(html! {
        svg class="chart" xmlns="http://www.w3.org/2000/svg" width="100%" height=(top.saturating_sub(GAP) + 2) role="img"
            aria-labelledby={ (title) " " (description) } {
            title id=(title) { (texts.get("report-chart", &[("title", &name)])) }
            desc id=(description) { (told.join("; ")) }
            @for (cell, label, top, bar) in &bars {
                @for (number, line) in label.iter().enumerate() {
                    text class="label" x="0" y=(top + number * LINE + 14) { (line) }
                }
                @if cell.amount > 0 {
                    rect class="solid" x="0.5" y=(bar) width=(width(cell.amount, whole)) height=(BAR) {}
                }
                text class="number" x=(width(cell.amount, whole)) dx="8" y=(bar + 14) { (cell.text) }
            }
        }
    })
}

/// How a bar is filled: the answer itself solid, others patterned, what says nothing on the question open.
fn fill(chart: Chart, index: usize, row: &Row) -> &'static str {
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

fn told(rows: &[Row], language: Language) -> String {
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
