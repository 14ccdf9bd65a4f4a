//! What a workbook is and what reading it would cost, found out before calamine sees it.
//!
//! calamine keeps shared texts and styles, and whole sheets of xls and ods files, in memory and trusts the sizes that
//! a file declares. So every part is looked through here first: sizes as they inflate, document types, positions and
//! counts of cells. On the way we note what calamine does not tell: merged regions (they stand behind the cells),
//! formulas that were never calculated, and which columns hold values.

mod ods;
mod package;
mod xls;
mod xlsb;
mod xlsx;
mod xml;

use std::io::{Read, Seek};
use std::path::Path;

use fs_err::File;

use super::fault;
use crate::format::ReadError;
use crate::limits::Limits;
use package::Package;

/// Rows of a sheet, at most, in every variant.
pub(super) const MAX_ROWS: u32 = 1 << 20;
/// Columns of a sheet, at most, in every variant.
pub(super) const MAX_COLUMNS: u32 = 1 << 14;

/// A workbook that is safe to read.
#[derive(Debug)]
pub(super) struct Scanned {
    /// How it is stored.
    pub(super) variant: Variant,
    /// Its sheets in the workbook's order, charts among them; only those asked for were looked through.
    pub(super) sheets: Vec<SheetScan>,
}

/// How a workbook is stored.
#[derive(Debug)]
pub(super) enum Variant {
    /// XML parts in a zip.
    Xlsx,
    /// Binary parts in a zip.
    Xlsb,
    /// One `content.xml` in a zip.
    Ods,
    /// A stream of records, which is handed on as scanned: an OLE file could show its next reader another one.
    Xls(Vec<u8>),
}

/// What the scan noted of a sheet. Rows and columns count from 0.
#[derive(Debug, Default)]
pub(super) struct SheetScan {
    /// Merged regions in the order of the file.
    pub(super) merged: Vec<Merged>,
    /// Cells that calamine does not tell as they are, by row.
    pub(super) special: Vec<SpecialCell>,
    /// By column: how many rows from the top reach down to its last value; 0 = no value.
    pub(super) depths: Vec<u32>,
    columns: usize,
}

/// A merged region, first and last cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Merged {
    pub(super) first: (u32, u32),
    pub(super) last: (u32, u32),
}

/// A cell that calamine does not tell as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpecialCell {
    pub(super) row: u32,
    pub(super) column: u32,
    pub(super) special: Special,
}

/// What such a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Special {
    /// A formula whose value was never calculated.
    NoValue,
    /// An error value that calamine passes over.
    Error(&'static str),
    /// An error value that calamine takes for a text.
    ErrorText,
}

impl SheetScan {
    /// Notes a cell with a value.
    fn value_at(&mut self, (row, column): (u32, u32), limits: &Limits) -> Result<(), ReadError> {
        check_position((row, column), limits)?;
        let index = column as usize;
        if self.depths.len() <= index {
            self.depths.resize(index + 1, 0);
        }
        let Some(depth) = self.depths.get_mut(index) else { return Ok(()) };
        if *depth == 0 {
            self.columns += 1;
            if self.columns > limits.columns {
                return Err(fault::limit(format!("> {}", limits.columns), limits.columns, "columns").into());
            }
        }
        *depth = (*depth).max(row + 1);
        Ok(())
    }

    fn special_at(&mut self, (row, column): (u32, u32), special: Special, limits: &Limits) -> Result<(), ReadError> {
        self.value_at((row, column), limits)?;
        if self.special.len() as u64 >= limits.dense_cells {
            return Err(fault::limit("=", limits.dense_cells, "dense_cells").into());
        }
        self.special.push(SpecialCell { row, column, special });
        Ok(())
    }

    fn merge(&mut self, merged: Merged, limits: &Limits) -> Result<(), ReadError> {
        if self.merged.len() as u64 >= limits.dense_cells {
            return Err(fault::limit("mergeCells", limits.dense_cells, "dense_cells").into());
        }
        let last = (merged.last.0.min(MAX_ROWS - 1), merged.last.1.min(MAX_COLUMNS - 1));
        // A region the wrong way round covers nothing.
        if merged.first.0 <= last.0 && merged.first.1 <= last.1 && merged.first != last {
            self.merged.push(Merged { last, ..merged });
        }
        Ok(())
    }
}

/// Refuses cells where no spreadsheet has any.
fn check_position((row, column): (u32, u32), limits: &Limits) -> Result<(), ReadError> {
    if column >= MAX_COLUMNS {
        return Err(fault::limit(format!("> {MAX_COLUMNS}"), limits.columns, "columns").into());
    }
    if row >= MAX_ROWS {
        return Err(fault::damaged(format!("row {}", u64::from(row) + 1)).into());
    }
    Ok(())
}

/// Looks through the file; `taken` says of a sheet's name and whether it is visible if it will be read.
pub(super) fn scan(path: &Path, limits: &Limits, taken: &dyn Fn(&str, bool) -> bool) -> Result<Scanned, ReadError> {
    let mut file = File::open(path)?;
    let mut start = Vec::new();
    file.by_ref().take(4096).read_to_end(&mut start)?;
    file.rewind()?;
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return package(Package::open(file, limits)?, taken);
    }
    if start.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        return xls::scan(file, limits);
    }
    Err(what_else(&start).into())
}

fn package(mut package: Package<'_>, taken: &dyn Fn(&str, bool) -> bool) -> Result<Scanned, ReadError> {
    let mimetype = package.small("mimetype")?;
    let scanned = if mimetype.starts_with(b"application/vnd.oasis.opendocument.spreadsheet") {
        ods::scan(&mut package)?
    } else if package.has("xl/workbook.bin") {
        xlsb::scan(&mut package, taken)?
    } else if package.has("_rels/.rels") && !package.has("word/document.xml") && !package.has("ppt/presentation.xml") {
        xlsx::scan(&mut package, taken)?
    } else {
        let found = match () {
            () if package.has("word/document.xml") => "Word (docx)",
            () if package.has("ppt/presentation.xml") => "PowerPoint (pptx)",
            () if mimetype.starts_with(b"application/vnd.oasis.opendocument.text") => "OpenDocument (odt)",
            () => "ZIP",
        };
        return Err(fault::wrong_content(found, None).into());
    };
    package.finish()?;
    Ok(scanned)
}

/// Adds the sheet's name to what is said about the file.
pub(super) fn at_sheet(error: ReadError, sheet: &str) -> ReadError {
    match error {
        ReadError::File(mut finding) => {
            finding.sheet = Some(sheet.to_owned());
            ReadError::File(finding)
        }
        other => other,
    }
}

/// Names what is no workbook by its first bytes.
fn what_else(start: &[u8]) -> vienkop_transforms::finding::Finding {
    if start.is_empty() {
        return vienkop_transforms::finding::Finding::of(&vienkop_transforms::finding::FILE_EMPTY);
    }
    let (found, kind) = if start.starts_with(b"%PDF") {
        ("PDF", None)
    } else if start.starts_with(b"{\\rtf") {
        ("RTF", None)
    } else if matches!(start, [0x09, 0x00 | 0x02 | 0x04, ..]) {
        ("Excel 2.0–4.0", None)
    } else {
        let (text, _, _) = encoding_rs::UTF_8.decode(start);
        let text = if start.starts_with(b"\xFF\xFE") || start.starts_with(b"\xFE\xFF") {
            text.replace('\0', "").to_lowercase()
        } else {
            text.to_lowercase()
        };
        let text = text.trim_start();
        if text.starts_with("<!doctype html") || ["<html", "<table", "<meta", "<style"].iter().any(|t| text.contains(t))
        {
            ("HTML", None)
        } else if text.contains("urn:schemas-microsoft-com:office:spreadsheet") {
            ("Excel 2003 XML", Some("xml"))
        } else if text.starts_with('<') {
            ("XML", Some("xml"))
        } else if text.starts_with(['{', '[']) {
            ("JSON", Some("json"))
        } else if text.contains('\0') || text.contains('\u{1}') {
            ("?", None)
        } else {
            ("CSV", Some("csv"))
        }
    };
    fault::wrong_content(found, kind)
}
