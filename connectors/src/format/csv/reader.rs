//! Reads one table of a file: settles encoding, delimiter, header and columns, then hands row after row on.

use std::io::{self, BufRead, Cursor, Read};

use vienkop_transforms::batch::{BYTE, LocatorKind, Origin, PART, ROW, SourceColumn};
use vienkop_transforms::finding::{self, Finding, Rule};

use super::CsvTable;
use super::detect::{self, HEAD_BYTES, HEAD_RECORDS};
use super::records::{Dialect, Item, Records, Row};
use super::table::{Skipped, Table};
use crate::format::encoding::{EncodingOption, Text, read_error};
use crate::format::lines::{Lines, Terminator};
use crate::format::rows::limit;
use crate::format::{Input, Output, ReadError, TableReader};
use crate::limits::Limits;

/// How much decoded text is looked at before the first row is read.
const LOOK_AHEAD: u64 = 256 << 10;

pub(super) struct CsvReader {
    pub(super) encoding: EncodingOption,
    pub(super) delimiter: Option<u8>,
    pub(super) quote: Option<u8>,
    pub(super) table: CsvTable,
}

impl TableReader for CsvReader {
    fn read(
        &self,
        input: &Input,
        _wanted: &[String],
        limits: &Limits,
        output: &mut dyn Output,
    ) -> Result<(), ReadError> {
        let failed = |error| read_error(error, input);
        let text = Text::of(input, self.encoding.declared(), "CSV", None)?;
        if let Some(guess) = text.guess(input) {
            output.finding(guess);
        }
        let mut decoder = text.open(input)?;
        let mut ahead = Vec::new();
        decoder.by_ref().take(LOOK_AHEAD).read_to_end(&mut ahead).map_err(failed)?;
        let (dialect, terminator) = self.dialect(&ahead, input, output);
        let lines = Lines::new(Cursor::new(ahead).chain(decoder), terminator, limits.record_bytes);
        let mut records = Records::new(lines, dialect, limits.record_bytes);
        let mut skipped = Skipped::default();
        if !self.skip_titles(&mut records, &mut skipped).map_err(failed)? {
            return Err(self.no_header(input).into());
        }
        let mut head = head(&mut records, &mut skipped).map_err(failed)?;
        let mut table = self.table(&mut head, skipped, input, limits, output)?;
        for item in head {
            table.take(item, output)?;
        }
        while let Some(item) = records.read().map_err(failed)? {
            table.take(item, output)?;
        }
        table.end(output)
    }
}

impl CsvReader {
    /// Delimiter and line ends: declared or found.
    fn dialect(&self, ahead: &[u8], input: &Input, output: &mut dyn Output) -> (Dialect, Terminator) {
        let text = String::from_utf8_lossy(ahead);
        let whole = (ahead.len() as u64) < LOOK_AHEAD;
        // The last line may be cut off.
        let text = if whole { &*text } else { text.rfind(['\n', '\r']).map_or(&*text, |end| &text[..=end]) };
        let terminator = detect::terminator(text);
        let declared = self.delimiter.or_else(|| detect::declared_in_file(text));
        let from = self.table.header_row.map_or(1, |row| row as i64);
        let found = declared.or_else(|| detect::delimiter(text, terminator, self.quote, from));
        if let (None, Some(delimiter)) = (declared, found) {
            let shown = if delimiter == b'\t' { "\\t".to_owned() } else { char::from(delimiter).to_string() };
            output.finding(Finding {
                hint: Some(format!("delimiter = \"{shown}\"")),
                value: Some(shown),
                expected: Some("delimiter".to_owned()),
                ..of_file(&finding::GUESS, input)
            });
        }
        (Dialect { delimiter: found.unwrap_or(b';'), quote: self.quote }, terminator)
    }

    /// Skips the lines above a declared header; false when the file ends before it.
    fn skip_titles<R: BufRead>(&self, records: &mut Records<R>, skipped: &mut Skipped) -> io::Result<bool> {
        for _ in 1..self.table.header_row.unwrap_or(1) {
            let Some(line) = records.line()? else { return Ok(false) };
            *(if line.text.trim().is_empty() { &mut skipped.blank } else { &mut skipped.title }) += 1;
        }
        Ok(true)
    }

    fn no_header(&self, input: &Input) -> Finding {
        Finding {
            value: self.table.header_row.map(|row| row.to_string()),
            expected: Some("header_row".to_owned()),
            ..of_file(&finding::NOT_FOUND, input)
        }
    }

    /// Settles header and columns; takes the header, and what is above it, from the head.
    fn table<'a>(
        &self,
        head: &mut Vec<Item>,
        mut skipped: Skipped,
        input: &Input,
        limits: &'a Limits,
        output: &mut dyn Output,
    ) -> Result<Table<'a>, ReadError> {
        if head.is_empty() {
            return Err(of_file(&finding::FILE_EMPTY, input).into());
        }
        let header = if self.table.columns.is_empty() {
            Some(self.header(head, &mut skipped, input, limits, output)?)
        } else {
            None
        };
        let names = match &header {
            Some(row) => detect::names(row.cells().take(width(row, head)), &[ROW, PART, BYTE]),
            None => self.table.columns.clone(),
        };
        if names.len() > limits.columns {
            let finding = of_file(&finding::LIMIT, input);
            return Err(limit(finding, "columns", names.len() as u64, limits.columns as u64).into());
        }
        let place = |index: usize| (index + 1).to_string();
        let columns = names.into_iter().enumerate().map(|(i, name)| SourceColumn { name, place: place(i) }).collect();
        let origin =
            Origin { landed: input.landed, file: input.name.clone(), sheet: None, locator: LocatorKind::Line, columns };
        Ok(Table::new(origin, header.as_ref(), skipped, limits, output))
    }

    /// The header: the first row where its line is declared, else found.
    fn header(
        &self,
        head: &mut Vec<Item>,
        skipped: &mut Skipped,
        input: &Input,
        limits: &Limits,
        output: &mut dyn Output,
    ) -> Result<Row, ReadError> {
        let index = match (self.table.header_row, head.first()) {
            // Blank rows are not in the head: the declared line must hold the header.
            (Some(declared), Some(Item::Row(row))) => (row.line == declared as i64).then_some(0),
            (Some(_), _) => None,
            (None, _) => detect::header(head),
        };
        let above = index.unwrap_or_default();
        let mut items = head.drain(..=above);
        skipped.title += above as u64;
        match (items.nth(above), index) {
            (Some(Item::Row(row)), Some(_)) => {
                if self.table.header_row.is_none() && (above > 0 || !detect::looks_like_header(&row, 1)) {
                    output.finding(Finding {
                        row: Some(row.line),
                        cell: Some(format!("L{}", row.line)),
                        value: Some(row.line.to_string()),
                        expected: Some("header_row".to_owned()),
                        hint: Some(format!("header_row = {}", row.line)),
                        ..of_file(&finding::GUESS, input)
                    });
                }
                Ok(row)
            }
            (Some(Item::TooLong(line)), _) => {
                let finding = of_file(&finding::LIMIT, input);
                Err(limit(finding, "record_bytes", line.length, limits.record_bytes as u64).into())
            }
            _ => Err(self.no_header(input).into()),
        }
    }
}

/// The first records that are not blank.
fn head<R: BufRead>(records: &mut Records<R>, skipped: &mut Skipped) -> io::Result<Vec<Item>> {
    let mut head = Vec::new();
    let mut bytes = 0;
    while head.len() < HEAD_RECORDS && bytes < HEAD_BYTES {
        let Some(item) = records.read()? else { break };
        bytes += match &item {
            Item::Row(row) if row.is_blank() => {
                skipped.blank += 1;
                continue;
            }
            Item::Row(row) => row.text.len(),
            Item::QuoteOpen(line) | Item::TooLong(line) => line.text.len(),
        };
        head.push(item);
    }
    Ok(head)
}

/// How many columns the table has: up to the last with a header, or with data below an empty one.
fn width(header: &Row, below: &[Item]) -> usize {
    let used = |row: &Row| {
        let filled = row.cells().take(header.len()).enumerate().filter(|(_, cell)| !cell.trim().is_empty());
        filled.last().map_or(0, |(index, _)| index + 1)
    };
    let rows = below.iter().filter_map(|item| match item {
        Item::Row(row) => Some(row),
        _ => None,
    });
    rows.map(used).max().unwrap_or_default().max(used(header))
}

fn of_file(rule: &Rule, input: &Input) -> Finding {
    Finding { landed: Some(input.landed), ..Finding::of(rule) }
}
