//! Where the table of a sheet begins: titles, then the header, pinned or found. The rows below are `table`'s.

use std::fmt::Write;

use vienkop_transforms::finding::{self, Finding, Rule};

use super::ExcelTable;
use super::cells::Row;
use super::fault;
use super::header::{self, Covered, SEARCHED_ROWS};
use super::scan::SheetScan;
use super::table::{Body, is_blank};
use crate::format::{Input, Output, ReadError, Skip};
use crate::limits::Limits;

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
    /// A finding about the sheet.
    pub(super) fn finding(&self, rule: &Rule) -> Finding {
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
        expected: Some("header_row".to_owned()),
        hint: Some(pin),
        ..context.finding(&finding::GUESS)
    }
}
