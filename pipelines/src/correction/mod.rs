//! Correction workbooks: what a source's deliveries had wrong goes to the agency as a workbook, and comes back mended.
//!
//! ```text
//! quarantine + landed files -> evidence -> workbook -> (a person) -> inbox -> reader -> import, as changes
//! ```
//!
//! Whatever the source's own format, a row of it is a row of a sheet here, in the columns that its reader gave, so that the
//! source's own mapping reads it again. Three columns in front are ours ([`cells::OWN`]); the first is the number of a record
//! in quarantine, by which what is mended is taken back even where the key was what was wrong. What tells the sheets apart
//! stands as text in the sheet [`HOW`], since that is what every spreadsheet program keeps.

pub(crate) mod cells;
mod evidence;
mod reader;
mod sheets;
mod workbook;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;

use polars::prelude::StringChunked;
use serde::{Deserialize, Serialize};
use serde_json::json;
use vienkop_connectors::format::{self, Input, Output, Rejected, Skip, Stopped, TableReader};
use vienkop_connectors::limits::Limits;
use vienkop_transforms::batch::Batch;
use vienkop_transforms::finding::{self, Finding};

use crate::import::{Prepared, Table};
use reader::CorrectionReader;
pub(crate) use workbook::export;

/// The sheet that says how to send the workbook back, and what the other sheets are.
pub(crate) const HOW: &str = "vienkop";

/// What a correction workbook says it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    /// Version of the form: 1.
    pub(crate) vienkop: u32,
    /// Id of the source that it is for.
    pub(crate) source: String,
    /// The latest run that the quarantine knew of.
    pub(crate) run: i64,
    /// Its sheets that can come back; each stands in a line of its own.
    #[serde(skip)]
    pub(crate) sheets: Vec<Mended>,
}

/// A sheet of rows to mend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mended {
    /// Name of the sheet.
    pub(crate) sheet: String,
    /// The source's tables that its rows are of: place in the source's file, entity or child.
    pub(crate) tables: Vec<(usize, String)>,
}

impl Made {
    /// The lines that say it, to be read by [`Made::of`].
    pub(crate) fn lines(&self) -> serde_json::Result<Vec<String>> {
        let head = serde_json::to_string(self);
        std::iter::once(head).chain(self.sheets.iter().map(serde_json::to_string)).collect()
    }

    /// What a file says it is; none where it is no correction workbook.
    pub(crate) fn of(input: &Input, limits: &Limits) -> Option<Self> {
        let mut magic = [0_u8; 2];
        File::open(&input.path).ok()?.read_exact(&mut magic).ok()?;
        if &magic != b"PK" {
            return None;
        }
        let mut said = Said(Vec::new());
        // A workbook that has no such sheet, or cannot be read, is not ours; what is wrong with it is told as of any other.
        excel(HOW)?.read(input, &[], limits, &mut said).ok()?;
        let mut made: Self = said.0.iter().find_map(|line| serde_json::from_str(line).ok())?;
        made.sheets = said.0.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        (made.vienkop == 1).then_some(made)
    }

    /// Whether a file that does not say what it is has our columns all the same, in any of its sheets.
    pub(crate) fn is_lost(input: &Input, limits: &Limits) -> bool {
        let Some(reader) =
            format::kind("excel").and_then(|kind| kind.reader(&json!({}), &json!({"header_row": 1})).ok())
        else {
            return false;
        };
        let mut stray = Stray(false);
        // What cannot be read is told of as any other file.
        let _ = reader.read(input, &[], limits, &mut stray);
        stray.0
    }

    /// The tables of the source as they stand in the workbook's sheets.
    ///
    /// # Errors
    /// It is for another source (I001), has no sheet (I002), or the source has no such table any more (I003).
    pub(crate) fn tables(&self, prepared: &Prepared<'_>) -> Result<Vec<Table>, Box<Finding>> {
        let of = |rule, value: &str| Finding { value: Some(value.to_owned()), ..Finding::of(rule) };
        if self.source != prepared.id() {
            let expected = Some(prepared.id().to_owned());
            return Err(Box::new(Finding { expected, ..of(&finding::CORRECTION_OF_OTHER, &self.source) }));
        }
        if self.sheets.is_empty() {
            return Err(Box::new(of(&finding::CORRECTION_UNKNOWN, HOW)));
        }
        let mut tables = Vec::new();
        for sheet in &self.sheets {
            for (at, name) in &sheet.tables {
                let is = |table: &&Table| table.plan.name() == *name;
                let known = prepared.tables.get(*at).filter(is).or_else(|| prepared.tables.iter().find(is));
                let known = known.ok_or_else(|| of(&finding::CORRECTION_OUTDATED, name))?;
                let inner = excel(&sheet.sheet).ok_or_else(|| of(&finding::CORRECTION_UNKNOWN, &sheet.sheet))?;
                tables.push(Table::of(known.plan.clone(), Arc::new(CorrectionReader::new(inner))));
            }
        }
        Ok(tables)
    }
}

/// Who reads a sheet of a file as rows of the source; none where the file is no correction workbook.
pub(crate) fn reader_of(input: &Input, sheet: &str, limits: &Limits) -> Option<Arc<dyn TableReader>> {
    Made::of(input, limits)?;
    Some(Arc::new(CorrectionReader::new(excel(sheet)?)))
}

/// Reads a sheet with its header in the first row.
fn excel(sheet: &str) -> Option<Box<dyn TableReader>> {
    format::kind("excel")?.reader(&json!({}), &json!({ "sheet": sheet, "header_row": 1 })).ok()
}

/// Whether a delivery that is none has our columns: a correction workbook that lost its sheet [`HOW`], or lies where other
/// deliveries do.
pub(crate) fn is_stray(batch: &Batch) -> bool {
    let names: BTreeSet<&str> = batch.origin.columns.iter().map(|column| column.name.as_str()).collect();
    names.contains(cells::NUMBER)
}

/// Whether any sheet has our columns.
struct Stray(bool);

impl Output for Stray {
    fn batch(&mut self, batch: Batch) -> Result<(), Stopped> {
        self.0 |= is_stray(&batch);
        if self.0 { Err(Stopped) } else { Ok(()) }
    }

    fn finding(&mut self, _: Finding) {}

    fn skipped(&mut self, _: Skip, _: u64) {}

    fn rejected(&mut self, _: Rejected) {}
}

/// The lines of the sheet [`HOW`].
struct Said(Vec<String>);

impl Output for Said {
    fn batch(&mut self, batch: Batch) -> Result<(), Stopped> {
        let first = batch.frame.columns().first().and_then(|column| column.str().ok());
        let lines = first.into_iter().flat_map(StringChunked::iter).flatten();
        self.0.extend(lines.filter(|text| text.starts_with('{')).map(str::to_owned));
        Ok(())
    }

    fn finding(&mut self, _: Finding) {}

    fn skipped(&mut self, _: Skip, _: u64) {}

    fn rejected(&mut self, _: Rejected) {}
}
