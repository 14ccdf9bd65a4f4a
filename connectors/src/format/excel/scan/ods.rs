//! Scan of ods: `content.xml` in a zip ([ODF 1.2] part 1, chapter 9).
//!
//! calamine makes whole sheets of it at once, repeated cells and rows written out. So the tables are walked here as
//! calamine walks them: extent and number of cells, length of their texts.

use std::io::BufRead;

use quick_xml::events::{BytesStart, Event};

use super::package::Package;
use super::xml::{Lexer, attribute, attribute_text};
use super::{MAX_COLUMNS, MAX_ROWS, Merged, Scanned, SheetScan, Special, Variant};
use crate::format::ReadError;
use crate::format::excel::fault;
use crate::limits::Limits;

/// Looks through all that calamine will read.
pub(super) fn scan(package: &mut Package<'_>) -> Result<Scanned, ReadError> {
    check_manifest(package)?;
    let limits = package.limits;
    let name = "content.xml";
    let Some(part) = package.part(name)? else { return Err(fault::damaged(name).into()) };
    let mut xml = Lexer::new(part, name, limits);
    let mut all = Cost::default();
    let mut sheets = Vec::new();
    loop {
        let named = match xml.next()? {
            Event::Start(e) if e.name().as_ref() == "table:table" => attribute(&e, "table:name").is_some(),
            Event::Eof => break,
            _ => false,
        };
        if named {
            let mut table = Table { sheet: SheetScan::default(), row: 0, extent: None, all: &mut all, limits };
            table.read(&mut xml)?;
            // Repeated cells come column by column.
            table.sheet.special.sort_unstable_by_key(|cell| (cell.row, cell.column));
            sheets.push(table.sheet);
        }
    }
    Ok(Scanned { variant: Variant::Ods, sheets })
}

/// An encrypted file says so in its manifest.
fn check_manifest(package: &mut Package<'_>) -> Result<(), ReadError> {
    let limits = package.limits;
    let name = "META-INF/manifest.xml";
    package.check_kept(name)?;
    let Some(part) = package.part(name)? else { return Err(fault::damaged(name).into()) };
    let mut xml = Lexer::new(part, name, limits);
    loop {
        match xml.next()? {
            Event::Start(e) if e.local_name().as_ref() == "encryption-data" => return Err(fault::password().into()),
            Event::Eof => return Ok(()),
            _ => (),
        }
    }
}

/// What all tables together take.
#[derive(Default)]
struct Cost {
    cells: u64,
    text: u64,
}

struct Table<'a> {
    sheet: SheetScan,
    /// Rows read, repetitions counted.
    row: u32,
    /// First and last row, first and last column.
    extent: Option<(u32, u32, u32, u32)>,
    all: &'a mut Cost,
    limits: &'a Limits,
}

/// A cell as it is written, before it is repeated.
struct Cell {
    repeated: u32,
    kind: Kind,
    /// Calamine keeps a place for it.
    stored: bool,
    bytes: u64,
    /// Columns and rows that it spans.
    spans: (u32, u32),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Empty,
    Value,
    Special(Special),
}

impl Table<'_> {
    fn read<R: BufRead>(&mut self, xml: &mut Lexer<'_, R>) -> Result<(), ReadError> {
        loop {
            let repeated = match xml.next()? {
                Event::Start(e) if e.name().as_ref() == "table:table-row" => number(&e, "table:number-rows-repeated"),
                Event::End(e) if e.name().as_ref() == "table:table" => break,
                Event::Eof => return Err(fault::damaged("content.xml").into()),
                _ => continue,
            };
            let repeated = repeated.min(MAX_ROWS - self.row);
            self.row(xml, repeated)?;
            self.row += repeated;
        }
        self.check_cost()?;
        self.all.cells += self.area();
        Ok(())
    }

    fn row<R: BufRead>(&mut self, xml: &mut Lexer<'_, R>, repeated: u32) -> Result<(), ReadError> {
        let mut column = 0u32;
        loop {
            let (mut cell, text) = match xml.next()? {
                Event::Start(e) if matches!(e.name().as_ref(), "table:table-cell" | "table:covered-table-cell") => {
                    start(&e)
                }
                Event::End(e) if e.name().as_ref() == "table:table-row" => return Ok(()),
                Event::Eof => return Err(fault::damaged("content.xml").into()),
                _ => continue,
            };
            content(xml, &mut cell, text, self.limits)?;
            let columns = cell.repeated.min(MAX_COLUMNS - column);
            if columns > 0 && repeated > 0 {
                self.cell(&cell, column, columns, repeated)?;
            }
            column += columns;
        }
    }

    fn cell(&mut self, cell: &Cell, column: u32, columns: u32, rows: u32) -> Result<(), ReadError> {
        let (row, limits) = (self.row, self.limits);
        if cell.spans != (1, 1) {
            let last = (row.saturating_add(cell.spans.1 - 1), column.saturating_add(cell.spans.0 - 1));
            self.sheet.merge(Merged { first: (row, column), last }, limits)?;
        }
        if !cell.stored {
            return Ok(());
        }
        let (bottom, right) = (row + rows - 1, column + columns - 1);
        let (top, low, left, far) = self.extent.unwrap_or((row, bottom, column, right));
        self.extent = Some((top.min(row), low.max(bottom), left.min(column), far.max(right)));
        // A row is kept from its first column on.
        self.all.cells += u64::from(right + 1);
        self.all.text = self.all.text.saturating_add(cell.bytes.saturating_mul(u64::from(columns) * u64::from(rows)));
        self.check_cost()?;
        for at in (column..=right).map(|column| (bottom, column)) {
            match cell.kind {
                Kind::Empty => (),
                Kind::Value => self.sheet.value_at(at, limits)?,
                Kind::Special(special) => {
                    for row in row..=bottom {
                        self.sheet.special_at((row, at.1), special, limits)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Cells of the sheet that is made in the end.
    fn area(&self) -> u64 {
        let Some((top, bottom, left, right)) = self.extent else { return 0 };
        u64::from(bottom - top + 1) * u64::from(right - left + 1)
    }

    fn check_cost(&self) -> Result<(), ReadError> {
        let limits = self.limits;
        // The cells as delivered and the sheet that is made of them stand in memory at once.
        let cells = self.all.cells + self.area();
        if cells > limits.dense_cells.saturating_mul(2) {
            return Err(fault::limit((cells / 2).to_string(), limits.dense_cells, "dense_cells").into());
        }
        if self.all.text > limits.shared_text_bytes {
            return Err(fault::limit(self.all.text.to_string(), limits.shared_text_bytes, "shared_text_bytes").into());
        }
        Ok(())
    }
}

/// What the start of a cell says; its text, where it is one, is still to come.
fn start(e: &BytesStart<'_>) -> (Cell, bool) {
    let value_type = attribute(e, "office:value-type");
    let formula = attribute(e, "table:formula");
    let given =
        ["office:value", "office:string-value", "office:date-value", "office:time-value", "office:boolean-value"]
            .iter()
            .find_map(|name| attribute(e, name));
    let error = attribute(e, "calcext:value-type") == Some("error");
    let kind = if error {
        Kind::Special(Special::ErrorText)
    } else if formula.is_some() && value_type.is_none() {
        Kind::Special(Special::NoValue)
    } else if given.is_some_and(|value| !value.is_empty()) {
        Kind::Value
    } else {
        Kind::Empty
    };
    let cell = Cell {
        repeated: number(e, "table:number-columns-repeated"),
        kind,
        stored: kind != Kind::Empty || value_type.is_some() || formula.is_some(),
        bytes: (formula.map_or(0, str::len) + given.map_or(0, str::len)) as u64,
        spans: (number(e, "table:number-columns-spanned"), number(e, "table:number-rows-spanned")),
    };
    (cell, value_type == Some("string"))
}

/// Reads a cell to its end.
fn content<R: BufRead>(xml: &mut Lexer<'_, R>, cell: &mut Cell, text: bool, limits: &Limits) -> Result<(), ReadError> {
    let mut note = false;
    let mut written = false;
    xml.hold(true);
    loop {
        match xml.next()? {
            Event::Start(e) => match e.name().as_ref() {
                "office:annotation" => note = true,
                // Spaces that calamine writes out.
                "text:s" => {
                    let spaces = number(&e, "text:c");
                    if spaces as usize > limits.field_bytes {
                        return Err(fault::limit(spaces.to_string(), limits.field_bytes, "field_bytes").into());
                    }
                    cell.bytes += u64::from(spaces);
                }
                _ => cell.bytes += 1,
            },
            Event::Text(text) => {
                written |= !note && !text.trim().is_empty();
                cell.bytes += text.len() as u64;
            }
            Event::GeneralRef(_) | Event::CData(_) => {
                written |= !note;
                cell.bytes += 4;
            }
            Event::End(e) => match e.name().as_ref() {
                "office:annotation" => note = false,
                "table:table-cell" | "table:covered-table-cell" => break,
                _ => (),
            },
            Event::Eof => return Err(fault::damaged("content.xml").into()),
            _ => (),
        }
    }
    xml.hold(false);
    if text && written && cell.kind == Kind::Empty {
        cell.kind = Kind::Value;
    }
    Ok(())
}

/// A positive number, 1 unless given; too large a one is as large as can be.
fn number(e: &BytesStart<'_>, name: &str) -> u32 {
    attribute_text(e, name).map_or(1, |text| text.parse::<u64>().map_or(1, |n| n.clamp(1, u64::from(u32::MAX)) as u32))
}
