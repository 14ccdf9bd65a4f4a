//! Scan of xlsb: parts of binary records (BIFF12, [MS-XLSB]) in a zip.

use std::io::Read;

use quick_xml::events::Event;

use super::package::Package;
use super::xml::{Lexer, attribute, attribute_text};
use super::{Merged, Scanned, SheetScan, Special, Variant, at_sheet};
use crate::format::ReadError;
use crate::format::excel::fault;
use crate::limits::Limits;

/// Looks through all that calamine will read.
pub(super) fn scan(package: &mut Package<'_>, taken: &dyn Fn(&str, bool) -> bool) -> Result<Scanned, ReadError> {
    for part in ["xl/_rels/workbook.bin.rels", "xl/workbook.bin", "xl/sharedStrings.bin", "xl/styles.bin"] {
        package.check_kept(part)?;
    }
    let targets = relationships(package)?;
    let listed = listed_sheets(package)?;
    for part in ["xl/sharedStrings.bin", "xl/styles.bin"] {
        let limits = package.limits;
        if let Some(part) = package.part(part)? {
            let mut records = Records::new(part, limits);
            while records.next()?.is_some() {}
        }
    }
    let mut sheets = Vec::new();
    for (name, visible, relationship) in listed {
        let mut scanned = SheetScan::default();
        let target = targets.iter().rev().find(|(id, _)| *id == relationship).map(|(_, target)| target);
        if let Some(target) = target.filter(|target| target.starts_with("worksheets/") && taken(&name, visible)) {
            cells(package, &format!("xl/{target}"), &mut scanned).map_err(|error| at_sheet(error, &name))?;
        }
        sheets.push(scanned);
    }
    Ok(Scanned { variant: Variant::Xlsb, sheets })
}

fn relationships(package: &mut Package<'_>) -> Result<Vec<(String, String)>, ReadError> {
    let limits = package.limits;
    let name = "xl/_rels/workbook.bin.rels";
    let mut targets = Vec::new();
    let Some(part) = package.part(name)? else { return Ok(targets) };
    let mut xml = Lexer::new(part, name, limits);
    loop {
        match xml.next()? {
            Event::Start(e) if e.local_name().as_ref() == "Relationship" => {
                let id = attribute(&e, "Id").unwrap_or_default().to_owned();
                targets.push((id, attribute_text(&e, "Target").unwrap_or_default()));
            }
            Event::Eof => return Ok(targets),
            _ => (),
        }
    }
}

/// Name, visible, relationship.
fn listed_sheets(package: &mut Package<'_>) -> Result<Vec<(String, bool, String)>, ReadError> {
    let limits = package.limits;
    let mut sheets = Vec::new();
    let Some(part) = package.part("xl/workbook.bin")? else { return Ok(sheets) };
    let mut records = Records::new(part, limits);
    let mut ended = false;
    while let Some(kind) = records.next()? {
        match kind {
            // BrtBundleSh
            0x009C if !ended => {
                let visible = records.u32(0)? == 0;
                let (relationship, after) = records.wide(8)?;
                let (name, _) = records.wide(after)?;
                sheets.push((name, visible, relationship));
            }
            // BrtEndBundleShs
            0x0090 => ended = true,
            _ => (),
        }
    }
    Ok(sheets)
}

fn cells(package: &mut Package<'_>, name: &str, sheet: &mut SheetScan) -> Result<(), ReadError> {
    let limits = package.limits;
    let Some(part) = package.part(name)? else { return Err(fault::damaged(name).into()) };
    let mut records = Records::new(part, limits);
    let mut row = 0;
    let mut ended = false;
    while let Some(kind) = records.next()? {
        match kind {
            // BrtRowHdr
            0x0000 if !ended => row = records.u32(0)?,
            // Cells with a value; BrtCellBlank (1) has none.
            0x0002..=0x000A if !ended => sheet.value_at((row, records.u32(0)?), limits)?,
            // BrtFmlaError, which calamine passes over
            0x000B if !ended => {
                let special = Special::Error(error_text(records.u8(8)?));
                sheet.special_at((row, records.u32(0)?), special, limits)?;
            }
            // BrtEndSheetData
            0x0092 => ended = true,
            // BrtMergeCell
            0x00B0 => {
                let first = (records.u32(0)?, records.u32(8)?);
                let last = (records.u32(4)?, records.u32(12)?);
                sheet.merge(Merged { first, last }, limits)?;
            }
            _ => (),
        }
    }
    if ended { Ok(()) } else { Err(fault::damaged(name).into()) }
}

/// [MS-XLSB] 2.5.97.2 `BErr`.
fn error_text(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0F => "#VALUE!",
        0x17 => "#REF!",
        0x1D => "#NAME?",
        0x24 => "#NUM!",
        0x2A => "#N/A",
        0x2B => "#GETTING_DATA",
        _ => "#?",
    }
}

/// Records one by one, bounded in their length.
struct Records<'a, R> {
    part: R,
    data: Vec<u8>,
    limits: &'a Limits,
}

impl<'a, R: Read> Records<'a, R> {
    fn new(part: R, limits: &'a Limits) -> Self {
        Self { part, data: Vec::new(), limits }
    }

    /// Type of the next record, its data into `data`; none at the end.
    fn next(&mut self) -> Result<Option<u16>, ReadError> {
        let Some(low) = self.byte()? else { return Ok(None) };
        let mut kind = u16::from(low);
        if low & 0x80 != 0 {
            kind = u16::from(low & 0x7F) | u16::from(self.needed()? & 0x7F) << 7;
        }
        let mut length = 0usize;
        for shift in [0, 7, 14, 21] {
            let byte = self.needed()?;
            length |= usize::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        if length > self.limits.record_bytes {
            return Err(fault::limit(length.to_string(), self.limits.record_bytes, "record_bytes").into());
        }
        self.data.clear();
        let read = self.part.by_ref().take(length as u64).read_to_end(&mut self.data);
        if read.map_err(|error| fault::from_io(&error))? < length {
            return Err(fault::damaged("record").into());
        }
        Ok(Some(kind))
    }

    fn byte(&mut self) -> Result<Option<u8>, ReadError> {
        let mut byte = [0];
        let read = self.part.read(&mut byte).map_err(|error| fault::from_io(&error))?;
        Ok((read == 1).then_some(byte[0]))
    }

    fn needed(&mut self) -> Result<u8, ReadError> {
        self.byte()?.ok_or_else(|| fault::damaged("record").into())
    }

    fn u8(&self, at: usize) -> Result<u8, ReadError> {
        self.data.get(at).copied().ok_or_else(|| fault::damaged("record").into())
    }

    fn u32(&self, at: usize) -> Result<u32, ReadError> {
        let bytes = self.data.get(at..).and_then(|data| data.first_chunk::<4>());
        bytes.map(|bytes| u32::from_le_bytes(*bytes)).ok_or_else(|| fault::damaged("record").into())
    }

    /// A text with its length in front, and where it ends.
    fn wide(&self, at: usize) -> Result<(String, usize), ReadError> {
        let length = self.u32(at)? as usize;
        // No text at all.
        if length == 0xFFFF_FFFF {
            return Ok((String::new(), at + 4));
        }
        let end = length.saturating_mul(2).saturating_add(at + 4);
        let bytes = self.data.get(at + 4..end).ok_or_else(|| fault::damaged("record"))?;
        Ok((encoding_rs::UTF_16LE.decode_without_bom_handling(bytes).0.into_owned(), end))
    }
}
