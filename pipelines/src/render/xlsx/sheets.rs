//! Sheets: a heading, what a reader must know, the table from [`TOP`] on, its chart beside it.

use rust_xlsxwriter::{
    Chart as Picture, ChartDataLabel, ChartFont, ChartLegendPosition, ChartPatternFill, ChartPatternFillType,
    ChartSolidFill, ChartType, Format, Worksheet,
};
use vienkop_transforms::assess::report::{Cell, CellKind, Chart, Drawn, FollowUp, List, Measures, Row, Shape, Table};
use vienkop_transforms::texts::Texts;

use super::{FIRST, Look};

/// Row of the headers: above it stands what the table is.
pub(super) const TOP: u32 = 6;
/// Width of columns of numbers, in characters.
pub(super) const NUMBERS: f64 = 13.0;
/// Width of columns of text, at most.
pub(super) const WIDEST: usize = 60;
/// Seconds of a day.
const DAY: f64 = 86_400.0;
/// Parts of a pie, at most; more cannot be told apart.
const PIE: usize = 5;
/// Colour of bars and lines, and the patterns and greys of further parts: they stay apart when printed without colour.
const COLOUR: u32 = 0x001D_4A73;

/// A table of the survey: all respondents, then each kind of institution.
pub(super) fn table(name: &str, table: &Table, texts: &Texts, look: &Look) -> anyhow::Result<Worksheet> {
    let mut sheet = named(name)?;
    let note = table.note.as_deref();
    heading(&mut sheet, &table.caption, &[Some(&table.question), Some(&table.sentence), note], look)?;
    let n = |n: u64| texts.get("report-n", &[("n", &n.to_string())]);
    let mut heads = vec![
        texts.get("report-answer", &[]),
        texts.get("report-count", &[]),
        format!("{}, {}", texts.get("report-share-header", &[]), n(table.n)),
    ];
    for (kind, part) in &table.by_kind.0 {
        let args = [("kind", kind.label.as_str()), ("n", &part.n.to_string())];
        heads.push(format!("{}: {}", texts.get("report-kind-n", &args), texts.get("report-count", &[])));
        heads.push(format!("{}: {}", texts.get("report-kind-n", &args), texts.get("report-share-header", &[])));
    }
    header(&mut sheet, &heads, look)?;
    for (at, row) in (TOP + 1..).zip(&table.rows) {
        sheet.write_string_with_format(at, 0, &row.label, &look.label)?;
        lines(&mut sheet, at, std::iter::once((row.label.as_str(), FIRST as usize)))?;
        let kinds = table.by_kind.0.iter().filter_map(|(_, part)| part.rows.iter().find(|one| one.key == row.key));
        for (pair, row) in std::iter::once(row).chain(kinds).enumerate() {
            pair_of(&mut sheet, at, 1 + 2 * pair as u16, row, look)?;
        }
    }
    finish(&mut sheet, heads.len(), table.rows.len())?;
    if table.rows.iter().any(|row| row.count > 0) {
        let pie = table.chart == Chart::Share && table.rows.len() <= PIE;
        let kind = if pie { ChartType::Pie } else { ChartType::Bar };
        let mut picture = Picture::new(kind);
        series(&mut picture, &sheet.name(), &Area { label: 0, values: 1, rows: table.rows.len() }, 0, pie);
        if !pie {
            picture.legend().set_hidden();
        }
        place(&mut sheet, picture, &table.title, heads.len(), table.rows.len(), kind)?;
    }
    Ok(sheet)
}

/// The question that asks for more.
pub(super) fn follow_up(name: &str, follow_up: &FollowUp, texts: &Texts, look: &Look) -> anyhow::Result<Worksheet> {
    let mut sheet = named(name)?;
    heading(&mut sheet, &follow_up.question, &[], look)?;
    let n = texts.get("report-n", &[("n", &follow_up.n.to_string())]);
    let share = format!("{}, {n}", texts.get("report-share-header", &[]));
    header(&mut sheet, &[texts.get("report-answer", &[]), texts.get("report-count", &[]), share], look)?;
    for (at, row) in (TOP + 1..).zip(&follow_up.rows) {
        sheet.write_string_with_format(at, 0, &row.label, &look.label)?;
        lines(&mut sheet, at, std::iter::once((row.label.as_str(), FIRST as usize)))?;
        pair_of(&mut sheet, at, 1, row, look)?;
    }
    finish(&mut sheet, 3, follow_up.rows.len())?;
    Ok(sheet)
}

/// Where a measure stands.
struct Place {
    column: u16,
    /// Two columns more: how many, and of how many.
    share: bool,
    /// A column more: in what a time is counted, where that is not days in every row.
    unit: bool,
}

/// A table of measures.
pub(super) fn measures(name: &str, table: &Measures, texts: &Texts, look: &Look) -> anyhow::Result<Worksheet> {
    let mut sheet = named(name)?;
    heading(&mut sheet, &table.title, &[table.sentence.as_deref(), table.note.as_deref()], look)?;
    if let Some(mark) = &table.mark {
        sheet.write_string_with_format(TOP - 1, 0, mark, &look.mark)?;
    }
    let mut heads = table.heads.clone();
    let mut places = Vec::new();
    for (at, column) in table.columns.iter().enumerate() {
        let cells = || table.rows.iter().filter_map(|row| row.cells.get(at));
        let times = || cells().filter(|cell| cell.kind == CellKind::Duration && cell.value.is_some());
        let of_days = |cell: &Cell| matches!(cell.unit, Some("s" | "d"));
        let share = cells().any(|cell| cell.kind == CellKind::Share && cell.of.is_some());
        let unit = !times().all(of_days);
        places.push(Place { column: heads.len() as u16, share, unit });
        let days = times().next().is_some() && !unit;
        let days = if days { format!(" ({})", texts.get("report-unit-d", &[])) } else { String::new() };
        heads.push(format!("{}{days}", column.label));
        let mut further = |text: &str| heads.push(format!("{}: {}", column.label, texts.get(text, &[])));
        if share {
            further("report-share-count");
            further("report-share-of");
        }
        if unit {
            further("report-unit");
        }
    }
    header(&mut sheet, &heads, look)?;
    for (at, row) in (TOP + 1..).zip(&table.rows) {
        for (column, label) in row.labels.iter().enumerate() {
            sheet.write_string_with_format(at, column as u16, label, &look.label)?;
        }
        let widths = std::iter::once(FIRST as usize).chain(std::iter::repeat(NUMBERS as usize));
        lines(&mut sheet, at, row.labels.iter().map(String::as_str).zip(widths))?;
        for (place, cell) in places.iter().zip(&row.cells) {
            value(&mut sheet, at, place.column, cell, look)?;
            if place.share {
                number(&mut sheet, at, place.column + 1, cell.count.as_deref(), 1.0, &look.count)?;
                number(&mut sheet, at, place.column + 2, cell.of.as_deref(), 1.0, &look.count)?;
            }
            if place.unit && cell.kind == CellKind::Duration && cell.value.is_some() {
                let unit = match cell.unit {
                    Some("working s") => "report-unit-working-s",
                    Some("working d") => "report-unit-working-d",
                    _ => "report-unit-d",
                };
                let column = place.column + if place.share { 3 } else { 1 };
                sheet.write_string_with_format(at, column, texts.get(unit, &[]), &look.label)?;
            }
        }
    }
    finish(&mut sheet, heads.len(), table.rows.len())?;
    if let Some(drawn) = &table.drawn {
        draw(&mut sheet, table, drawn, &places, heads.len())?;
    }
    Ok(sheet)
}

/// A list of text.
pub(super) fn list(name: &str, list: &List, look: &Look) -> anyhow::Result<Worksheet> {
    let mut sheet = named(name)?;
    heading(&mut sheet, &list.title, &[Some(&list.note)], look)?;
    header(&mut sheet, &list.columns, look)?;
    let longest = |column: usize| {
        let cells = list.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0).clamp(NUMBERS as usize, WIDEST)
    };
    let widths: Vec<usize> = (0..list.columns.len()).map(longest).collect();
    for (column, width) in widths.iter().enumerate() {
        sheet.set_column_width(column as u16, *width as f64 + 2.0)?;
    }
    for (at, row) in (TOP + 1..).zip(&list.rows) {
        for (column, cell) in row.iter().enumerate() {
            sheet.write_string_with_format(at, column as u16, cell, &look.label)?;
        }
        lines(&mut sheet, at, row.iter().map(String::as_str).zip(widths.iter().copied()))?;
    }
    finish(&mut sheet, list.columns.len(), list.rows.len())?;
    Ok(sheet)
}

pub(super) fn named(name: &str) -> anyhow::Result<Worksheet> {
    let mut sheet = Worksheet::new();
    sheet.set_name(name)?.set_landscape().set_print_fit_to_pages(1, 0);
    Ok(sheet)
}

/// Makes a row as high as its texts need in columns so wide: not every program does that by itself.
fn lines<'t>(sheet: &mut Worksheet, at: u32, texts: impl Iterator<Item = (&'t str, usize)>) -> anyhow::Result<()> {
    let lines = texts.map(|(text, width)| text.chars().count().div_ceil(width.max(1))).max().unwrap_or(1);
    if lines > 1 {
        sheet.set_row_height(at, 15.0 * lines as f64)?;
    }
    Ok(())
}

/// The title and what stands between it and the table.
pub(super) fn heading(sheet: &mut Worksheet, title: &str, said: &[Option<&str>], look: &Look) -> anyhow::Result<()> {
    sheet.write_string_with_format(0, 0, title, &look.title)?;
    for (at, text) in (1..).zip(said.iter().flatten()) {
        // Merged, since a cell would be as narrow as its column.
        sheet.merge_range(at, 0, at, 6, text, &look.text)?;
        sheet.set_row_height(at, 15.0 * (1 + text.chars().count() / 110) as f64)?;
    }
    Ok(())
}

pub(super) fn header(sheet: &mut Worksheet, heads: &[String], look: &Look) -> anyhow::Result<()> {
    sheet.set_column_width(0, FIRST)?;
    let further = heads.iter().skip(1).map(|head| head.chars().count().div_ceil(NUMBERS as usize - 2));
    sheet.set_row_height(TOP, 15.0 * further.max().unwrap_or(1).max(1) as f64)?;
    for (column, head) in heads.iter().enumerate() {
        sheet.write_string_with_format(TOP, column as u16, head, &look.head)?;
        if column > 0 {
            sheet.set_column_width(column as u16, NUMBERS)?;
        }
    }
    Ok(())
}

/// The headers stay in sight, and rows can be picked by them.
pub(super) fn finish(sheet: &mut Worksheet, columns: usize, rows: usize) -> anyhow::Result<()> {
    sheet.set_freeze_panes(TOP + 1, 1)?;
    sheet.set_repeat_rows(TOP, TOP)?;
    if rows > 0 && columns > 0 {
        sheet.autofilter(TOP, 0, TOP + rows as u32, columns as u16 - 1)?;
    }
    Ok(())
}

/// Number and share of a row.
fn pair_of(sheet: &mut Worksheet, at: u32, column: u16, row: &Row, look: &Look) -> anyhow::Result<()> {
    sheet.write_number_with_format(at, column, row.count as f64, &look.count)?;
    number(sheet, at, column + 1, Some(&row.percent), 100.0, &look.percent)
}

fn value(sheet: &mut Worksheet, at: u32, column: u16, cell: &Cell, look: &Look) -> anyhow::Result<()> {
    let (part, format) = match (cell.kind, cell.unit) {
        (CellKind::Text, _) => {
            sheet.write_string_with_format(at, column, &cell.text, &look.label)?;
            return Ok(());
        }
        (CellKind::Share, _) | (_, Some("percent")) => (100.0, &look.percent),
        (CellKind::Count, _) => (1.0, &look.count),
        // A column may have times of requests that are known by the day beside times to the second.
        (CellKind::Duration, Some("s")) => (DAY, &look.decimal),
        (CellKind::Number | CellKind::Duration, _) => (1.0, &look.decimal),
    };
    number(sheet, at, column, cell.value.as_deref(), part, format)
}

/// A number as a part of `part`; nothing where there is none.
fn number(
    sheet: &mut Worksheet,
    at: u32,
    column: u16,
    text: Option<&str>,
    part: f64,
    format: &Format,
) -> anyhow::Result<()> {
    if let Some(number) = text.and_then(|text| text.parse::<f64>().ok()) {
        // Divided by 100 first, 66.21 would be 0.6620999999999999.
        let rounded = (number / part * 1e8).round() / 1e8;
        sheet.write_number_with_format(at, column, rounded, format)?;
    }
    Ok(())
}

/// Where a series stands: columns of its labels and values, and how many rows.
struct Area {
    label: u16,
    values: u16,
    rows: usize,
}

/// Adds a series; `number` tells it from the others.
fn series(picture: &mut Picture, sheet: &str, area: &Area, number: usize, parts: bool) {
    let (first, last) = (TOP + 1, TOP + area.rows as u32);
    let series = picture.add_series();
    series.set_name((sheet, TOP, area.values));
    series.set_categories((sheet, first, area.label, last, area.label));
    series.set_values((sheet, first, area.values, last, area.values));
    if parts {
        let point = |number| rust_xlsxwriter::ChartPoint::new().set_format(&mut fill(number));
        series.set_points(&(0..area.rows).map(point).collect::<Vec<_>>());
        series.set_data_label(ChartDataLabel::new().show_percentage().show_value());
    } else {
        series.set_format(&mut fill(number));
        series.set_data_label(ChartDataLabel::new().show_value());
    }
}

/// Fills that stay apart without colour.
fn fill(number: usize) -> rust_xlsxwriter::ChartFormat {
    let mut format = rust_xlsxwriter::ChartFormat::new();
    let pattern = match number % PIE {
        0 => {
            format.set_solid_fill(ChartSolidFill::new().set_color(COLOUR));
            return format;
        }
        1 => ChartPatternFillType::DiagonalStripesWideUpwards,
        2 => ChartPatternFillType::SmallGrid,
        3 => ChartPatternFillType::Dotted20Percent,
        _ => ChartPatternFillType::HorizontalBrick,
    };
    let pattern = ChartPatternFill::new()
        .set_pattern(pattern)
        .set_foreground_color(COLOUR)
        .set_background_color(0x00FF_FFFF)
        .clone();
    format.set_pattern_fill(&pattern);
    format
}

/// The chart of a table of measures, of as many rows as a page shows.
fn draw(
    sheet: &mut Worksheet,
    table: &Measures,
    drawn: &Drawn,
    places: &[Place],
    columns: usize,
) -> anyhow::Result<()> {
    let rows = table.shown.min(table.rows.len());
    let amounts = |at: &usize| table.rows.iter().take(rows).any(|row| row.cells.get(*at).is_some_and(|c| c.amount > 0));
    if rows == 0 || !drawn.columns.iter().any(amounts) {
        return Ok(());
    }
    let kind = match drawn.shape {
        Shape::Bars => ChartType::Bar,
        Shape::Stacked => ChartType::BarStacked,
        Shape::Lines => ChartType::Line,
    };
    let mut picture = Picture::new(kind);
    let mut any = false;
    for (number, at) in drawn.columns.iter().enumerate() {
        // Lengths in different units are no figure.
        if let Some(Place { column, unit: false, .. }) = places.get(*at) {
            series(&mut picture, &sheet.name(), &Area { label: 0, values: *column, rows }, number, false);
            any = true;
        }
    }
    if !any {
        return Ok(());
    }
    if drawn.columns.len() < 2 {
        picture.legend().set_hidden();
    } else {
        picture.legend().set_position(ChartLegendPosition::Bottom);
    }
    place(sheet, picture, &table.title, columns, rows, kind)
}

/// Puts the chart right of the table, as high as its rows need.
fn place(
    sheet: &mut Worksheet,
    mut picture: Picture,
    title: &str,
    columns: usize,
    rows: usize,
    kind: ChartType,
) -> anyhow::Result<()> {
    let pie = kind == ChartType::Pie;
    let upright = matches!(kind, ChartType::Bar | ChartType::BarStacked);
    picture.title().set_name(title).set_font(ChartFont::new().set_size(12));
    if pie {
        picture.legend().set_position(ChartLegendPosition::Bottom);
    } else {
        picture.x_axis().set_major_gridlines(false);
    }
    if upright {
        // The first row on top, as in the table; numbers stand at the bars.
        picture.y_axis().set_reverse();
        picture.x_axis().set_hidden(true);
    }
    picture.set_alt_text(title);
    picture.set_width(640).set_height(if pie { 360 } else { 120 + 30 * rows.min(40) as u32 });
    sheet.insert_chart(TOP, columns as u16 + 1, &picture)?;
    Ok(())
}
