//! The rows below a header, in batches: blank rows, repeated headers, merged cells filled down, error values.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use polars::prelude::*;
use vienkop_transforms::batch::{BATCH_BYTES, BATCH_ROWS, BYTE, Batch, LocatorKind, Origin, PART, ROW, SourceColumn};
use vienkop_transforms::finding::{self, Finding, Rule};
use vienkop_transforms::fold::nearest;

use super::cells::Row;
use super::fault;
use super::fill::FillDown;
use super::header::{self, Covered, one_line};
use super::layout::Context;
use super::value::Kind;
use crate::format::{Output, ReadError, Rejected, Skip};

/// Bytes that a cell takes in a batch besides its text.
const CELL_BYTES: usize = 16;
/// Findings of one rule in one sheet, at most; the last one says how many more there are.
const FINDINGS: u64 = 1_000;
/// Characters of a rejected row that are kept.
const REJECTED: usize = 2_048;

/// The table below its header.
pub(super) struct Body<'a> {
    context: Context<'a>,
    pub(super) origin: Arc<Origin>,
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
    pub(super) last: u32,
    pub(super) blank: u64,
    repeated: u64,
    rows: u64,
    errors: u64,
    without_value: u64,
}

impl<'a> Body<'a> {
    pub(super) fn new(context: Context<'a>, header: &[Row], covered: &Covered) -> Result<Self, ReadError> {
        let first = header.first().map_or(0, |row| row.index);
        // The second row of a header may hold nothing, all its cells being merged into the first.
        let declared = context.table.header_rows.map_or(0, |rows| first + rows - 1);
        let last = header.last().map_or(0, |row| row.index).max(declared);
        // Columns that hold something below the header, with a name or without.
        let depths = (0u32..).zip(&context.scan.depths);
        let filled: Vec<u32> = depths.filter(|(_, depth)| **depth > last + 1).map(|(column, _)| column).collect();
        let mut names = header::names(header, covered, filled.iter().copied());
        for column in filled {
            names.entry(column).or_insert_with(|| format!("Kolonna {}", letters(column)));
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

    pub(super) fn announce_missing(&mut self, output: &mut dyn Output) {
        for column in std::mem::take(&mut self.missing) {
            let names = self.origin.columns.iter().map(|column| column.name.as_str());
            let hint = nearest(&column, names, 1).first().map(|name| (*name).to_owned());
            output.finding(Finding { column: Some(column), hint, ..self.context.finding(&finding::MISSING_COLUMN) });
        }
    }

    pub(super) fn row(&mut self, row: &Row, output: &mut dyn Output) -> Result<(), ReadError> {
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
            self.bytes += text.len() + CELL_BYTES;
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
        let cells = row.cells().flat_map(|(_, _, cell)| cell.chars().chain(['\t']));
        let text = cells.take(REJECTED).collect();
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
        // A table without rows is one empty batch: it is there, with its header.
        if rows == 0 && self.rows > 0 {
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

    pub(super) fn finish(mut self, output: &mut dyn Output) -> Result<(), ReadError> {
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

/// Whether nothing can be read in the row.
pub(super) fn is_blank(row: &Row) -> bool {
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
