//! Rows of a sheet as calamine reads them: xlsx and xlsb cell by cell, xls and ods from the whole sheet.

use std::io::{BufReader, Cursor};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use calamine::{DataType, Ods, OdsError, Range, Reader, Xls, XlsError, Xlsb, XlsbError, Xlsx, XlsxError};
use fs_err::File;

use super::fault;
use super::scan::{MAX_COLUMNS, Special, SpecialCell, Variant};
use super::value::{self, Kind};
use crate::format::ReadError;
use crate::limits::Limits;

/// A row with the cells that hold anything, by column.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// From 0.
    pub(super) index: u32,
    cells: Vec<Cell>,
    text: String,
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    column: u32,
    kind: Kind,
    start: usize,
    end: usize,
}

impl Row {
    /// Column, kind and text of each cell, by column.
    pub(super) fn cells(&self) -> impl Iterator<Item = (u32, Kind, &str)> {
        self.cells.iter().map(|cell| (cell.column, cell.kind, self.text.get(cell.start..cell.end).unwrap_or_default()))
    }

    /// Kind and text of the cell at a column.
    pub(super) fn cell_at(&self, column: u32) -> Option<(Kind, &str)> {
        let at = self.cells.binary_search_by_key(&column, |cell| cell.column).ok()?;
        self.cells.get(at).map(|cell| (cell.kind, self.text.get(cell.start..cell.end).unwrap_or_default()))
    }

    /// Bytes of all texts.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    fn push(&mut self, column: u32, kind: Kind, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        self.cells.push(Cell { column, kind, start, end: self.text.len() });
    }

    fn clear(&mut self, index: u32) {
        self.index = index;
        self.cells.clear();
        self.text.clear();
    }

    /// Puts the cells in order; the last of two in one place counts.
    fn settle(&mut self) {
        if !self.cells.is_sorted_by(|a, b| a.column < b.column) {
            self.cells.reverse();
            self.cells.sort_by_key(|cell| cell.column);
            self.cells.dedup_by_key(|cell| cell.column);
        }
    }
}

/// A workbook open in calamine.
pub(super) enum Workbook {
    Xlsx(Box<Xlsx<BufReader<File>>>),
    Xlsb(Box<Xlsb<BufReader<File>>>),
    Xls(Box<Xls<Cursor<Vec<u8>>>>),
    Ods(Box<Ods<BufReader<File>>>),
}

impl Workbook {
    /// Opens what the scan found safe.
    pub(super) fn open(path: &Path, variant: Variant) -> Result<Self, ReadError> {
        let file = || File::open(path).map(BufReader::new);
        Ok(match variant {
            Variant::Xlsx => {
                let file = file()?;
                Self::Xlsx(Box::new(guarded(|| Xlsx::new(file))?))
            }
            Variant::Xlsb => {
                let file = file()?;
                Self::Xlsb(Box::new(guarded(|| Xlsb::new(file))?))
            }
            Variant::Ods => {
                let file = file()?;
                Self::Ods(Box::new(guarded(|| Ods::new(file))?))
            }
            Variant::Xls(bytes) => Self::Xls(Box::new(guarded(|| Xls::new(Cursor::new(bytes)))?)),
        })
    }

    /// The sheets in the workbook's order, charts among them.
    pub(super) fn sheets(&self) -> Vec<calamine::Sheet> {
        match self {
            Self::Xlsx(book) => book.sheets_metadata(),
            Self::Xlsb(book) => book.sheets_metadata(),
            Self::Xls(book) => book.sheets_metadata(),
            Self::Ods(book) => book.sheets_metadata(),
        }
        .to_vec()
    }

    /// Reads the rows of a sheet from the first to the last; `special` are the scan's cells, by row.
    pub(super) fn rows(
        &mut self,
        sheet: &str,
        special: &[SpecialCell],
        limits: &Limits,
        each: &mut dyn FnMut(&Row) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let mut rows = Rows { row: Row::default(), special, limits, each };
        let mut text = String::new();
        match self {
            Self::Xlsx(book) => {
                let mut cells = guarded(|| book.worksheet_cells_reader(sheet))?;
                let zeros: Vec<usize> = cells
                    .styles()
                    .iter()
                    .map(|style| style.number_format.as_ref().map_or(0, |format| value::zeros(&format.format_code)))
                    .collect();
                while let Some((cell, style)) = guarded(|| cells.next_cell_with_style_id())? {
                    let zeros = zeros.get(style).copied().unwrap_or(0);
                    if let Some(kind) = value::write(cell.get_value(), zeros, &mut text) {
                        rows.cell(cell.get_position(), kind, &text)?;
                    }
                }
            }
            Self::Xlsb(book) => {
                let mut cells = guarded(|| book.worksheet_cells_reader(sheet))?;
                while let Some(cell) = guarded(|| cells.next_cell())? {
                    if let Some(kind) = value::write(cell.get_value(), 0, &mut text) {
                        rows.cell(cell.get_position(), kind, &text)?;
                    }
                }
            }
            Self::Xls(book) => rows.range(&guarded(|| book.worksheet_range(sheet))?)?,
            Self::Ods(book) => rows.range(&guarded(|| book.worksheet_range(sheet))?)?,
        }
        rows.finish()
    }
}

/// Gathers cells into rows.
struct Rows<'a> {
    row: Row,
    special: &'a [SpecialCell],
    limits: &'a Limits,
    each: &'a mut dyn FnMut(&Row) -> Result<(), ReadError>,
}

impl Rows<'_> {
    fn cell(&mut self, (row, column): (u32, u32), kind: Kind, text: &str) -> Result<(), ReadError> {
        if row != self.row.index {
            self.advance(row)?;
        }
        self.row.push(column, kind, text);
        // A row of the file may come in many pieces.
        if self.row.bytes() > self.limits.record_bytes || self.row.cells.len() > 2 * MAX_COLUMNS as usize {
            return Err(fault::limit((row + 1).to_string(), self.limits.record_bytes, "record_bytes").into());
        }
        Ok(())
    }

    fn range<T: DataType + calamine::CellType>(&mut self, range: &Range<T>) -> Result<(), ReadError> {
        let Some((top, left)) = range.start() else { return Ok(()) };
        let mut text = String::new();
        for (row, column, value) in range.used_cells() {
            if let Some(kind) = value::write(value, 0, &mut text) {
                self.cell((top + row as u32, left + column as u32), kind, &text)?;
            }
        }
        Ok(())
    }

    /// Hands on the row, and those after it that consist of the scan's cells only, up to `next`.
    fn advance(&mut self, next: u32) -> Result<(), ReadError> {
        if next < self.row.index {
            return Err(fault::damaged(format!("row {} after {}", next + 1, self.row.index + 1)).into());
        }
        self.hand_on()?;
        while let Some(index) = self.special.first().map(|cell| cell.row).filter(|row| *row < next) {
            self.row.clear(index);
            self.hand_on()?;
        }
        self.row.clear(next);
        Ok(())
    }

    fn hand_on(&mut self) -> Result<(), ReadError> {
        let count = self.special.partition_point(|cell| cell.row <= self.row.index);
        let (here, after) = self.special.split_at(count);
        self.special = after;
        self.row.settle();
        let texts: Vec<String> = here
            .iter()
            .map(|cell| match cell.special {
                Special::NoValue => String::new(),
                Special::Error(text) => text.to_owned(),
                Special::ErrorText => self.row.cell_at(cell.column).map_or("", |(_, text)| text).to_owned(),
            })
            .collect();
        for (cell, text) in here.iter().zip(texts) {
            let kind = if cell.special == Special::NoValue { Kind::NoValue } else { Kind::Error };
            self.row.push(cell.column, kind, &text);
        }
        self.row.settle();
        if self.row.cells.is_empty() { Ok(()) } else { (self.each)(&self.row) }
    }

    fn finish(mut self) -> Result<(), ReadError> {
        self.advance(u32::MAX)
    }
}

/// Runs calamine. It indexes into what it reads without asking, so a hostile file can make it panic; that is the
/// file's fault and must not take the other sources down with it. Nothing of ours runs in here, so no panic of ours is
/// hidden, and a workbook that panicked is read no further.
fn guarded<T, E: Into<ReadError>>(read: impl FnOnce() -> Result<T, E>) -> Result<T, ReadError> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(Into::into),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
            Err(fault::damaged(said).into())
        }
    }
}

impl From<XlsxError> for ReadError {
    fn from(error: XlsxError) -> Self {
        match error {
            XlsxError::Io(error) => fault::from_io(&error),
            XlsxError::Password => fault::password().into(),
            other => fault::damaged(other.to_string()).into(),
        }
    }
}

impl From<XlsbError> for ReadError {
    fn from(error: XlsbError) -> Self {
        match error {
            XlsbError::Io(error) => fault::from_io(&error),
            XlsbError::Password => fault::password().into(),
            other => fault::damaged(other.to_string()).into(),
        }
    }
}

impl From<XlsError> for ReadError {
    fn from(error: XlsError) -> Self {
        match error {
            XlsError::Io(error) => fault::from_io(&error),
            XlsError::Password => fault::password().into(),
            other => fault::damaged(other.to_string()).into(),
        }
    }
}

impl From<OdsError> for ReadError {
    fn from(error: OdsError) -> Self {
        match error {
            OdsError::Io(error) => fault::from_io(&error),
            OdsError::Password => fault::password().into(),
            other => fault::damaged(other.to_string()).into(),
        }
    }
}
