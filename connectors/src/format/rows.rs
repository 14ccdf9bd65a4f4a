//! Rows become batches: text columns and locators, cut by number of rows and by size.

use std::sync::Arc;

use polars::prelude::*;
use vienkop_transforms::batch::{BATCH_BYTES, BATCH_ROWS, BYTE, Batch, Origin, PART, ROW};
use vienkop_transforms::finding::{Finding, Rule};

use super::{Output, ReadError};

/// Cells in one batch, at most: an empty cell costs 16 bytes too.
const BATCH_CELLS: usize = 4 << 20;

/// Where a row is found again.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) row: i64,
    pub(super) part: Option<i64>,
    pub(super) byte: Option<i64>,
}

/// Collects rows and hands on a batch when it is full.
pub(super) struct Rows {
    origin: Arc<Origin>,
    columns: Vec<StringChunkedBuilder>,
    places: Vec<Place>,
    bytes: usize,
    total: u64,
}

impl Rows {
    /// Rows with the columns of `origin`.
    pub(super) fn new(origin: Arc<Origin>) -> Self {
        let columns = builders(&origin);
        Self { origin, columns, places: Vec::new(), bytes: 0, total: 0 }
    }

    /// How many rows have been taken.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Takes a row: a cell a column, none where the row has no such cell.
    pub(super) fn push<'a>(
        &mut self,
        place: Place,
        cells: impl Iterator<Item = Option<&'a str>>,
        output: &mut dyn Output,
    ) -> Result<(), ReadError> {
        let mut cells = cells;
        for column in &mut self.columns {
            let cell = cells.next().flatten();
            self.bytes += cell.map_or(0, str::len);
            column.append_option(cell);
        }
        self.places.push(place);
        self.total += 1;
        let rows = self.places.len();
        if rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES || rows * self.columns.len() >= BATCH_CELLS {
            self.flush(output)?;
        }
        Ok(())
    }

    /// Hands on what is left.
    pub(super) fn flush(&mut self, output: &mut dyn Output) -> Result<(), ReadError> {
        if self.places.is_empty() { Ok(()) } else { self.hand_on(output) }
    }

    /// Hands on a batch without rows: a table that is there, with its header, and has none.
    pub(super) fn header_only(&mut self, output: &mut dyn Output) -> Result<(), ReadError> {
        self.hand_on(output)
    }

    fn hand_on(&mut self, output: &mut dyn Output) -> Result<(), ReadError> {
        let full = std::mem::replace(&mut self.columns, builders(&self.origin));
        let places = std::mem::take(&mut self.places);
        self.bytes = 0;
        let number = |name: &str, get: &dyn Fn(&Place) -> Option<i64>| {
            Column::new(name.into(), places.iter().map(get).collect::<Vec<Option<i64>>>())
        };
        let mut columns: Vec<Column> = full.into_iter().map(|builder| builder.finish().into_column()).collect();
        columns.push(number(ROW, &|place| Some(place.row)));
        columns.push(number(PART, &|place| place.part));
        columns.push(number(BYTE, &|place| place.byte));
        let frame = DataFrame::new(places.len(), columns)?;
        output.batch(Batch { origin: Arc::clone(&self.origin), frame })?;
        Ok(())
    }
}

fn builders(origin: &Origin) -> Vec<StringChunkedBuilder> {
    origin.columns.iter().map(|column| StringChunkedBuilder::new(column.name.as_str().into(), 256)).collect()
}

/// A finding about a row.
pub(super) fn row_finding(rule: &Rule, origin: &Origin, row: i64) -> Finding {
    Finding {
        landed: Some(origin.landed),
        sheet: origin.sheet.clone(),
        row: Some(row),
        cell: Some(origin.locate(row, None, None)),
        ..Finding::of(rule)
    }
}

/// A finding of a limit: what was found, the setting, and how to raise it.
pub(super) fn limit(finding: Finding, name: &str, found: u64, most: u64) -> Finding {
    Finding {
        value: Some(found.to_string()),
        expected: Some(format!("{name} <= {most}")),
        hint: Some(format!("[limits] {name} = {found}")),
        ..finding
    }
}

/// The beginning of a text, at most `most` bytes of it.
pub(super) fn beginning(text: &str, most: usize) -> String {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// Whether a text holds characters that no cell should: NUL and the like, but not tabs and line breaks.
pub(super) fn has_control_characters(text: &str) -> bool {
    text.bytes().any(|byte| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r') || byte == 0x7F)
}
