//! From rows of a sheet to batches: titles, header, blank rows, repeated headers, merged cells filled down.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::Arc;

use polars::prelude::*;
use vienkop_transforms::batch::{BATCH_ROWS, BYTE, Batch, LocatorKind, Origin, PART, ROW, SourceColumn};
use vienkop_transforms::finding::{self, Finding, Rule};
use vienkop_transforms::fold::nearest;

use super::ExcelTable;
use super::cells::Row;
use super::fault;
use super::fill::FillDown;
use super::header::{self, Covered, SEARCHED_ROWS, one_line};
use super::scan::SheetScan;
use super::value::Kind;
use crate::format::{Input, Output, ReadError, Rejected, Skip};
use crate::limits::Limits;

/// Bytes of text in one batch, about.
const BATCH_BYTES: usize = 16 << 20;
/// Findings of one rule in one sheet, at most; the last one says how many more there are.
const FINDINGS: u64 = 1_000;
/// Bytes of a rejected row that are kept.
const REJECTED_BYTES: usize = 4_096;

/// What reading a sheet needs to know besides its rows.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) input: &'a Input,
    pub(super) sheet: &'a str,
    pub(super) scan: &'a SheetScan,
    pub(super) table: &'a ExcelTable,
    pub(super) wanted: &'a [String],
    pub(super) limits: &'a Limits,
    /// Whether the source's file names the sheet.
    pub(super) declared: bool,
}

impl Context<'_> {
    fn finding(&self, rule: &Rule) -> Finding {
        Finding { landed: Some(self.input.landed), sheet: Some(self.sheet.to_owned()), ..Finding::of(rule) }
    }
}

/// Takes the rows of one sheet.
pub(super) struct Sheet<'a> {
    context: Context<'a>,
    output: &'a mut dyn Output,
    /// Rows seen before the header was known.
    first: Vec<Row>,
    body: Option<Body<'a>>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(context: Context<'a>, output: &'a mut dyn Output) -> Self {
        Self { context, output, first: Vec::new(), body: None }
    }

    /// The next row; rows come in order, those without cells not at all.
    pub(super) fn row(&mut self, row: &Row) -> Result<(), ReadError> {
        if let Some(body) = &mut self.body {
            return body.row(row, self.output);
        }
        if is_blank(row) {
            return Ok(());
        }
        let pinned = self.context.table.header_row.map(|first| first + self.context.table.header_rows.unwrap_or(1) - 1);
        self.first.push(row.clone());
        let enough = match pinned {
            Some(last) => row.index + 1 >= last,
            None => self.first.len() >= SEARCHED_ROWS,
        };
        // Titles may be long, but not without end.
        let bytes: usize = self.first.iter().map(Row::bytes).sum();
        if bytes > 4 * self.context.limits.record_bytes {
            let most = self.context.limits.record_bytes;
            return Err(fault::limit(self.context.sheet, most, "record_bytes").into());
        }
        if enough { self.begin() } else { Ok(()) }
    }

    /// The end of the sheet; says whether it held anything at all.
    pub(super) fn finish(mut self) -> Result<bool, ReadError> {
        if self.body.is_none() {
            if self.first.is_empty() {
                return Ok(false);
            }
            self.begin()?;
        }
        if let Some(body) = self.body {
            body.finish(self.output)?;
        }
        Ok(true)
    }

    /// Settles the header and hands on what was read so far.
    fn begin(&mut self) -> Result<(), ReadError> {
        let rows = std::mem::take(&mut self.first);
        let table = self.context.table;
        let last = rows.last().map_or(0, |row| row.index);
        let covered = Covered::new(self.context.scan, last);
        let (at, count) = if let Some(first) = table.header_row {
            let end = first - 1 + table.header_rows.unwrap_or(1);
            let at = rows.partition_point(|row| row.index + 1 < first);
            let count = rows.iter().skip(at).filter(|row| row.index < end).count();
            if count == 0 {
                return Err(self.no_header(first).into());
            }
            (at, count)
        } else {
            let (at, count) = header::find(&rows, &covered, self.context.wanted).unwrap_or((0, 1));
            let count = match table.header_rows {
                Some(declared) => {
                    let end = rows.get(at).map_or(0, |row| row.index) + declared;
                    rows.iter().skip(at).filter(|row| row.index < end).count()
                }
                None => count,
            };
            (at, count)
        };
        let (titles, rest) = rows.split_at(at);
        let (header, data) = rest.split_at(count);
        let mut body = Body::new(self.context, header, &covered)?;
        // Blank rows among the titles are in the used range as well.
        if let (Some(first), Some(header)) = (titles.first(), header.first()) {
            body.blank = u64::from(header.index - first.index) - titles.len() as u64;
            self.output.skipped(Skip::Title, titles.len() as u64);
        }
        if table.header_row.is_none() {
            self.output.finding(guess(self.context, header, &body));
        }
        body.announce_missing(self.output);
        for row in data {
            body.row(row, self.output)?;
        }
        self.body = Some(body);
        Ok(())
    }

    fn no_header(&self, row: u32) -> Finding {
        Finding {
            row: Some(row.into()),
            cell: Some(format!("{}!{row}", self.context.sheet)),
            value: Some(format!("header_row = {row}")),
            ..self.context.finding(&finding::NOT_FOUND)
        }
    }
}

/// What was taken for the header, and how it is pinned.
fn guess(context: Context<'_>, header: &[Row], body: &Body<'_>) -> Finding {
    let first = header.first().map_or(0, |row| row.index) + 1;
    let last = body.last + 1;
    let columns = &body.origin.columns;
    let (left, right) = match (columns.first(), columns.last()) {
        (Some(left), Some(right)) => (left.place.as_str(), right.place.as_str()),
        _ => ("A", "A"),
    };
    let mut pin = String::new();
    if !context.declared {
        let _ = writeln!(pin, "sheet = {:?}", context.sheet);
    }
    let _ = write!(pin, "header_row = {first}");
    if last > first {
        let _ = write!(pin, "\nheader_rows = {}", last - first + 1);
    }
    Finding {
        row: Some(first.into()),
        cell: Some(format!("{}!{left}{first}", context.sheet)),
        value: Some(format!("{left}{first}:{right}{last}")),
        hint: Some(pin),
        ..context.finding(&finding::GUESS)
    }
}

/// The table below its header.
struct Body<'a> {
    context: Context<'a>,
    origin: Arc<Origin>,
    /// Columns of the sheet that make up the table.
    places: Vec<u32>,
    builders: Vec<StringChunkedBuilder>,
    numbers: Vec<i64>,
    bytes: usize,
    /// What the rows of the header say, to know them again.
    header: Vec<BTreeMap<u32, String>>,
    fill: FillDown,
    /// Columns to fill down that the sheet does not have.
    missing: Vec<String>,
    /// Last row of the header, later the last row with anything in it.
    last: u32,
    blank: u64,
    repeated: u64,
    rows: u64,
    errors: u64,
    without_value: u64,
}

impl<'a> Body<'a> {
    fn new(context: Context<'a>, header: &[Row], covered: &Covered) -> Result<Self, ReadError> {
        let first = header.first().map_or(0, |row| row.index);
        // The second row of a header may hold nothing, all its cells being merged into the first.
        let declared = context.table.header_rows.map_or(0, |rows| first + rows - 1);
        let last = header.last().map_or(0, |row| row.index).max(declared);
        let mut names = header::names(header, covered);
        // Columns without a name that hold something below the header.
        for (column, depth) in (0u32..).zip(&context.scan.depths) {
            if *depth > last + 1 {
                names.entry(column).or_insert_with(|| format!("Kolonna {}", letters(column)));
            }
        }
        if names.len() > context.limits.columns {
            return Err(fault::limit(names.len().to_string(), context.limits.columns, "columns").into());
        }
        let columns = columns(&names);
        let places: Vec<u32> = names.into_keys().collect();
        let mut missing = Vec::new();
        let mut filled = Vec::new();
        for wanted in &context.table.fill_down {
            match columns.iter().zip(&places).find(|(column, _)| column.name == one_line(wanted)) {
                Some((_, place)) => filled.push(*place),
                None => missing.push(wanted.clone()),
            }
        }
        let origin = Origin {
            landed: context.input.landed,
            file: context.input.name.clone(),
            sheet: Some(context.sheet.to_owned()),
            locator: LocatorKind::Cell,
            columns,
        };
        Ok(Self {
            context,
            builders: builders(&origin),
            origin: Arc::new(origin),
            places,
            numbers: Vec::new(),
            bytes: 0,
            header: header
                .iter()
                .map(|row| texts(row).map(|(column, text)| (column, one_line(text))).collect())
                .collect(),
            fill: FillDown::new(&filled, &context.scan.merged, last),
            missing,
            last,
            blank: 0,
            repeated: 0,
            rows: 0,
            errors: 0,
            without_value: 0,
        })
    }

    fn announce_missing(&mut self, output: &mut dyn Output) {
        for column in std::mem::take(&mut self.missing) {
            let names = self.origin.columns.iter().map(|column| column.name.as_str());
            let hint = nearest(&column, names, 1).first().map(|name| (*name).to_owned());
            output.finding(Finding { column: Some(column), hint, ..self.context.finding(&finding::MISSING_COLUMN) });
        }
    }

    fn row(&mut self, row: &Row, output: &mut dyn Output) -> Result<(), ReadError> {
        if is_blank(row) {
            return Ok(());
        }
        self.blank += u64::from((row.index - self.last).saturating_sub(1));
        self.last = row.index;
        if self.header.iter().any(|header| is_same(header, row)) {
            self.repeated += 1;
            return Ok(());
        }
        self.rows += 1;
        self.fill.advance(row);
        if let Some(rejected) = self.unreadable(row) {
            output.rejected(rejected);
            return Ok(());
        }
        let mut faults = Vec::new();
        let mut cells = row.cells().peekable();
        for (place, builder) in self.places.iter().zip(&mut self.builders) {
            // Columns without a name hold nothing but white space.
            while cells.next_if(|(column, ..)| column < place).is_some() {}
            let text = match cells.next_if(|(column, ..)| column == place) {
                Some((_, kind @ (Kind::Error | Kind::NoValue), text)) => {
                    faults.push((*place, kind, text));
                    builder.append_null();
                    continue;
                }
                Some((_, _, text)) if !text.trim().is_empty() => text,
                Some((_, _, text)) => self.fill.value(*place).unwrap_or(text),
                None => self.fill.value(*place).unwrap_or_default(),
            };
            self.bytes += text.len();
            builder.append_value(text);
        }
        self.numbers.push(number(row));
        for (place, kind, text) in faults {
            self.tell(place, kind, text, number(row), output);
        }
        if self.numbers.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES { self.flush(output) } else { Ok(()) }
    }

    /// A row with a text too long to keep, or with control characters, which no person typed.
    fn unreadable(&self, row: &Row) -> Option<Rejected> {
        let most = self.context.limits.field_bytes;
        let (column, rule) = row.cells().find_map(|(column, _, text)| {
            if text.len() > most {
                Some((column, &finding::LIMIT))
            } else if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
                Some((column, &finding::CONTROL_CHARACTERS))
            } else {
                None
            }
        })?;
        let mut text = String::new();
        for (_, _, cell) in row.cells() {
            let room = REJECTED_BYTES.saturating_sub(text.len());
            text.extend(cell.chars().chain(['\t']).take(room));
        }
        let limit = (rule.code == finding::LIMIT.code).then(|| (most.to_string(), "field_bytes".to_owned()));
        let (expected, hint) = limit.unzip();
        Some(Rejected { finding: Finding { expected, hint, ..self.at(rule, column, number(row)) }, text })
    }

    fn tell(&mut self, place: u32, kind: Kind, text: &str, row: i64, output: &mut dyn Output) {
        let (rule, told) = match kind {
            Kind::Error => (&finding::ERROR_CELL, &mut self.errors),
            _ => (&finding::FORMULA_WITHOUT_VALUE, &mut self.without_value),
        };
        *told += 1;
        if *told <= FINDINGS {
            let value = (!text.is_empty()).then(|| text.to_owned());
            output.finding(Finding { value, ..self.at(rule, place, row) });
        }
    }

    fn at(&self, rule: &Rule, place: u32, row: i64) -> Finding {
        let column = self.places.binary_search(&place).ok().and_then(|slot| self.origin.columns.get(slot));
        let column = column.map(|column| column.name.clone());
        let cell = match &column {
            Some(column) => self.origin.locate(row, None, Some(column)),
            None => format!("{}!{}{row}", self.context.sheet, letters(place)),
        };
        Finding { row: Some(row), cell: Some(cell), column, ..self.context.finding(rule) }
    }

    fn flush(&mut self, output: &mut dyn Output) -> Result<(), ReadError> {
        let rows = self.numbers.len();
        if rows == 0 {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.builders, builders(&self.origin));
        let mut columns: Vec<Column> = full.into_iter().map(|builder| builder.finish().into_column()).collect();
        columns.push(Column::new(ROW.into(), std::mem::take(&mut self.numbers)));
        columns.push(Column::full_null(PART.into(), rows, &DataType::Int64));
        columns.push(Column::full_null(BYTE.into(), rows, &DataType::Int64));
        self.bytes = 0;
        output.batch(Batch { origin: Arc::clone(&self.origin), frame: DataFrame::new(rows, columns)? })?;
        Ok(())
    }

    fn finish(mut self, output: &mut dyn Output) -> Result<(), ReadError> {
        self.flush(output)?;
        for (reason, rows) in [(Skip::Blank, self.blank), (Skip::RepeatedHeader, self.repeated)] {
            if rows > 0 {
                output.skipped(reason, rows);
            }
        }
        for (rule, told) in [(&finding::ERROR_CELL, self.errors), (&finding::FORMULA_WITHOUT_VALUE, self.without_value)]
        {
            if told > FINDINGS {
                let value = Some(format!("+{}", told - FINDINGS));
                output.finding(Finding { value, ..self.context.finding(rule) });
            }
        }
        if self.rows == 0 {
            output.finding(self.context.finding(&finding::HEADER_ONLY));
        }
        Ok(())
    }
}

/// Unique names; the second `Piezīmes` becomes `Piezīmes (2)`.
fn columns(names: &BTreeMap<u32, String>) -> Vec<SourceColumn> {
    let mut taken: HashMap<String, usize> = [ROW, PART, BYTE].map(|name| (name.to_owned(), 1)).into();
    let unique = |(column, name): (&u32, &String)| {
        let mut unique = name.clone();
        while taken.contains_key(&unique) {
            let count = taken.entry(name.clone()).or_insert(1);
            *count += 1;
            unique = format!("{name} ({count})");
        }
        taken.insert(unique.clone(), 1);
        SourceColumn { name: unique, place: letters(*column) }
    };
    names.iter().map(unique).collect()
}

fn builders(origin: &Origin) -> Vec<StringChunkedBuilder> {
    origin.columns.iter().map(|column| StringChunkedBuilder::new(column.name.as_str().into(), 0)).collect()
}

/// Row number as Excel counts.
fn number(row: &Row) -> i64 {
    i64::from(row.index) + 1
}

fn is_blank(row: &Row) -> bool {
    row.cells().all(|(_, kind, text)| kind == Kind::Text && text.trim().is_empty())
}

/// Column and text of the cells that are not blank.
fn texts(row: &Row) -> impl Iterator<Item = (u32, &str)> {
    row.cells().map(|(column, _, text)| (column, text)).filter(|(_, text)| !text.trim().is_empty())
}

/// Whether the row says what a row of the header says.
fn is_same(header: &BTreeMap<u32, String>, row: &Row) -> bool {
    let mut cells = texts(row);
    let same = header.iter().all(|(column, name)| {
        cells.next().is_some_and(|(at, text)| at == *column && text.split_whitespace().eq(name.split(' ')))
    });
    same && !header.is_empty() && cells.next().is_none()
}

/// `D` for 3.
fn letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        letters.push(char::from(b'A' + ((rest - 1) % 26) as u8));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}
