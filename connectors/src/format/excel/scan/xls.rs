//! Scan of xls: a stream of records (BIFF5, BIFF8, [MS-XLS]) in an OLE file.
//!
//! calamine makes whole sheets of it at once, with the shared texts copied into every cell. So the records are walked
//! here as calamine walks them: extent and number of cells, length of their texts.

use std::io::{BufReader, Cursor, Read, Write};

use fs_err::File;

use super::{Merged, Scanned, SheetScan, Variant};
use crate::format::ReadError;
use crate::format::excel::fault;
use crate::limits::Limits;

const CONTINUE: u16 = 0x003C;
const BOF: u16 = 0x0809;
const EOF: u16 = 0x000A;

/// Looks through the stream and hands it on in an OLE file of its own.
pub(super) fn scan(file: File, limits: &Limits) -> Result<Scanned, ReadError> {
    let bytes = file.metadata()?.len();
    if bytes > limits.shared_text_bytes {
        return Err(fault::limit(bytes.to_string(), limits.shared_text_bytes, "shared_text_bytes").into());
    }
    let mut ole = cfb::CompoundFile::open(BufReader::new(file)).map_err(|error| fault::from_io(&error))?;
    if ole.exists("/EncryptedPackage") {
        return Err(fault::password().into());
    }
    let Some(name) = ["/Workbook", "/Book"].into_iter().find(|name| ole.is_stream(name)) else {
        let found = if ole.exists("/WordDocument") { "Word (doc)" } else { "OLE" };
        return Err(fault::wrong_content(found, None).into());
    };
    let mut stream = Vec::new();
    let mut reader = ole.open_stream(name).map_err(|error| fault::from_io(&error))?;
    reader.by_ref().take(bytes).read_to_end(&mut stream).map_err(|error| fault::from_io(&error))?;
    let sheets = walk(&stream, limits)?;
    Ok(Scanned { variant: Variant::Xls(packed(name, &stream)?), sheets })
}

fn packed(name: &str, stream: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut ole = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new()))?;
    ole.create_stream(name)?.write_all(stream)?;
    ole.flush()?;
    Ok(ole.into_inner().into_inner())
}

fn walk(stream: &[u8], limits: &Limits) -> Result<Vec<SheetScan>, ReadError> {
    let mut starts = Vec::new();
    let mut texts = Vec::new();
    let mut ended = false;
    for record in (Records { rest: stream }) {
        let record = record?;
        match record.kind {
            // FilePass
            0x002F => return Err(fault::password().into()),
            // BoundSheet8
            0x0085 => starts.push(record.u32(0)? as usize),
            // SST
            0x00FC => texts = shared_text_lengths(&record, limits)?,
            EOF => {
                ended = true;
                break;
            }
            _ => (),
        }
    }
    if !ended {
        return Err(fault::damaged("EOF").into());
    }
    let mut sheets = Vec::new();
    let mut all = Cost::default();
    for start in starts {
        let sheet = stream.get(start..).ok_or_else(|| fault::damaged("BoundSheet8"))?;
        sheets.push(walk_sheet(sheet, &texts, &mut all, limits)?);
    }
    Ok(sheets)
}

/// What all sheets together take.
#[derive(Default)]
struct Cost {
    cells: u64,
    text: u64,
}

fn walk_sheet(stream: &[u8], texts: &[u32], all: &mut Cost, limits: &Limits) -> Result<SheetScan, ReadError> {
    let mut sheet = SheetScan::default();
    // First and last row, first and last column.
    let mut extent: Option<(u32, u32, u32, u32)> = None;
    let mut nested = 0usize;
    let mut begun = false;
    let mut ended = false;
    let mut formula = (0, 0);
    for record in (Records { rest: stream }) {
        let record = record?;
        // An embedded chart has cells of its own, which are none of the sheet's.
        match record.kind {
            BOF if begun => nested += 1,
            BOF => begun = true,
            EOF if nested > 0 => nested -= 1,
            EOF => {
                ended = true;
                break;
            }
            _ => (),
        }
        if nested > 0 {
            continue;
        }
        let mut cells = None;
        match record.kind {
            // Dimensions: calamine sets aside room for as many cells as they say.
            0x0200 => check_dimensions(&record)?,
            // Number, Label, BoolErr, RK, RString
            0x0203 | 0x0204 | 0x0205 | 0x027E | 0x00D6 => {
                all.text += record.data.len() as u64;
                cells = Some((record.at()?, 1));
            }
            // LabelSst
            0x00FD => {
                all.text += u64::from(texts.get(record.u32(6)? as usize).copied().unwrap_or(0));
                cells = Some((record.at()?, 1));
            }
            // MulRk
            0x00BD => cells = Some((record.at()?, (record.data.len().saturating_sub(6) / 6) as u32)),
            // Formula, and the text it gave
            0x0006 => {
                formula = record.at()?;
                cells = Some((formula, 1));
            }
            0x0207 => {
                all.text += record.data.len() as u64;
                cells = Some((formula, 1));
            }
            // MergeCells
            0x00E5 => {
                for region in record.data.get(2..).unwrap_or_default().chunks_exact(8) {
                    let number = |at: usize| u32::from(u16_at(region, at).unwrap_or(0));
                    let (first, last) = ((number(0), number(4)), (number(2), number(6)));
                    sheet.merge(Merged { first, last }, limits)?;
                }
            }
            _ => (),
        }
        let Some(((row, column), count)) = cells.filter(|(_, count)| *count > 0) else { continue };
        for column in column..column + count {
            sheet.value_at((row, column), limits)?;
        }
        all.cells += u64::from(count);
        let last = column + count - 1;
        let (top, bottom, left, right) = extent.unwrap_or((row, row, column, last));
        extent = Some((top.min(row), bottom.max(row), left.min(column), right.max(last)));
        check_cost(all, limits)?;
    }
    if !ended {
        return Err(fault::damaged("EOF").into());
    }
    if let Some((top, bottom, left, right)) = extent {
        all.cells += u64::from(bottom - top + 1) * u64::from(right - left + 1);
    }
    check_cost(all, limits)?;
    Ok(sheet)
}

fn check_cost(all: &Cost, limits: &Limits) -> Result<(), ReadError> {
    // The cells as delivered and the sheet that is made of them stand in memory at once.
    if all.cells > limits.dense_cells.saturating_mul(2) {
        return Err(fault::limit((all.cells / 2).to_string(), limits.dense_cells, "dense_cells").into());
    }
    if all.text > limits.shared_text_bytes {
        return Err(fault::limit(all.text.to_string(), limits.shared_text_bytes, "shared_text_bytes").into());
    }
    Ok(())
}

fn check_dimensions(record: &Record<'_>) -> Result<(), ReadError> {
    let number = |at: usize| u16_at(record.data, at).map_or(u32::MAX, u32::from);
    let (top, bottom, right) = if record.data.len() == 10 {
        (number(0), number(2), number(6))
    } else {
        (record.u32(0)?, record.u32(4)?, number(10))
    };
    // One past the last; both 0 in an empty sheet.
    if (bottom > 0 && right > 0 && top >= bottom) || top > 0xFFFF || bottom > 0x1_0000 || right > 0x100 {
        return Err(fault::damaged("Dimensions").into());
    }
    Ok(())
}

/// Bytes of each shared text, which calamine copies into every cell that refers to it.
fn shared_text_lengths(record: &Record<'_>, limits: &Limits) -> Result<Vec<u32>, ReadError> {
    let mut pieces = Pieces { current: record.data, rest: record.continued.iter() };
    pieces.skip(8);
    let mut lengths = Vec::new();
    while let Some(characters) = pieces.u16() {
        let flags = pieces.u8().unwrap_or(0);
        let runs = if flags & 0x08 == 0 { 0 } else { usize::from(pieces.u16().unwrap_or(0)) };
        let extension = if flags & 0x04 == 0 { 0 } else { pieces.u32().unwrap_or(0) as usize };
        let bytes = pieces.text(usize::from(characters), flags & 0x01 != 0);
        pieces.skip(runs * 4);
        pieces.skip(extension);
        lengths.push(bytes as u32);
        if lengths.len() as u64 > limits.dense_cells {
            return Err(fault::limit("SST", limits.dense_cells, "dense_cells").into());
        }
    }
    Ok(lengths)
}

/// A record's data that goes on in records after it.
struct Pieces<'r, 's> {
    current: &'s [u8],
    rest: std::slice::Iter<'r, &'s [u8]>,
}

impl Pieces<'_, '_> {
    fn turn(&mut self) -> bool {
        while self.current.is_empty() {
            let Some(next) = self.rest.next() else { return false };
            self.current = next;
        }
        true
    }

    fn u8(&mut self) -> Option<u8> {
        self.turn();
        let (byte, rest) = self.current.split_first()?;
        self.current = rest;
        Some(*byte)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.u8()?, self.u8()?]))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from(self.u16()?) | u32::from(self.u16()?) << 16)
    }

    fn skip(&mut self, mut bytes: usize) {
        while bytes > 0 && self.turn() {
            let step = bytes.min(self.current.len());
            self.current = self.current.get(step..).unwrap_or_default();
            bytes -= step;
        }
    }

    /// Passes over the characters of a text; a text that goes on in the next record says anew how wide they are.
    fn text(&mut self, mut characters: usize, mut wide: bool) -> usize {
        let mut bytes = 0;
        while characters > 0 {
            if self.current.is_empty() {
                let Some(flags) = self.u8() else { break };
                wide = flags & 0x01 != 0;
            }
            let width = if wide { 2 } else { 1 };
            let here = (self.current.len() / width).min(characters);
            self.current = if here == 0 { &[] } else { self.current.get(here * width..).unwrap_or_default() };
            characters -= here;
            bytes += here * width;
        }
        bytes
    }
}

struct Record<'s> {
    kind: u16,
    data: &'s [u8],
    continued: Vec<&'s [u8]>,
}

impl Record<'_> {
    fn u32(&self, at: usize) -> Result<u32, ReadError> {
        let bytes = self.data.get(at..).and_then(|data| data.first_chunk::<4>());
        bytes.map(|bytes| u32::from_le_bytes(*bytes)).ok_or_else(|| fault::damaged("record").into())
    }

    /// Row and column of a cell.
    fn at(&self) -> Result<(u32, u32), ReadError> {
        match (u16_at(self.data, 0), u16_at(self.data, 2)) {
            (Some(row), Some(column)) => Ok((row.into(), column.into())),
            _ => Err(fault::damaged("record").into()),
        }
    }
}

struct Records<'s> {
    rest: &'s [u8],
}

impl<'s> Records<'s> {
    fn piece(&mut self) -> Result<(u16, &'s [u8]), ReadError> {
        let piece = u16_at(self.rest, 0).zip(u16_at(self.rest, 2)).and_then(|(kind, length)| {
            let (data, rest) = self.rest.get(4..)?.split_at_checked(length.into())?;
            self.rest = rest;
            Some((kind, data))
        });
        piece.ok_or_else(|| fault::damaged("record").into())
    }
}

impl<'s> Iterator for Records<'s> {
    type Item = Result<Record<'s>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (kind, data) = match self.piece() {
            Ok(piece) => piece,
            Err(error) => {
                self.rest = &[];
                return Some(Err(error));
            }
        };
        let mut continued = Vec::new();
        while u16_at(self.rest, 0) == Some(CONTINUE) {
            match self.piece() {
                Ok((_, data)) => continued.push(data),
                Err(error) => {
                    self.rest = &[];
                    return Some(Err(error));
                }
            }
        }
        Some(Ok(Record { kind, data, continued }))
    }
}

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..).and_then(|data| data.first_chunk::<2>()).map(|bytes| u16::from_le_bytes(*bytes))
}
