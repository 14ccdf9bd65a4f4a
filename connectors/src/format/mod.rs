//! Reading: landed files into batches of text columns, whatever the format.
//!
//! A new kind is one file here and its line in [`KINDS`]. Everything special to a kind (options, detection,
//! limits, tests) stands in its file.

mod content;
mod csv;
pub mod discover;
pub(crate) mod encoding;
mod excel;
mod json;
mod lines;
mod rows;
#[cfg(test)]
mod testing;
mod xml;

use std::path::{Path, PathBuf};

use schemars::{Schema, SchemaGenerator};
use vienkop_transforms::batch::{Batch, LocatorKind};
use vienkop_transforms::finding::Finding;

use crate::limits::Limits;

/// Every kind of format.
pub static KINDS: &[&dyn FormatKind] = &[&csv::Kind, &excel::Kind, &xml::Kind, &json::Kind];

/// The kind of that name.
pub fn kind(name: &str) -> Option<&'static dyn FormatKind> {
    KINDS.iter().copied().find(|kind| kind.name() == name)
}

/// A kind of format: its options and how a reader is made from them.
pub trait FormatKind: Sync {
    /// Name, as in `[format] kind`.
    fn name(&self) -> &'static str;
    /// File name endings without the dot.
    fn extensions(&self) -> &'static [&'static str];
    /// What its row numbers count.
    fn locator(&self) -> LocatorKind;
    /// Schema of `[format]` without `kind`: an object that denies unknown properties.
    fn options_schema(&self, generator: &mut SchemaGenerator) -> Schema;
    /// Schema of `[table.read]`: an object that denies unknown properties.
    fn table_schema(&self, generator: &mut SchemaGenerator) -> Schema;
    /// Makes the reader of one table; both values have passed their schemas.
    ///
    /// # Errors
    /// What no schema can say (a pattern that is no pattern): the option's name and the reason.
    fn reader(
        &self,
        options: &serde_json::Value,
        table: &serde_json::Value,
    ) -> Result<Box<dyn TableReader>, OptionError>;

    /// How a file nobody has described is written and where tables may be in it; none when its content is of another
    /// kind.
    ///
    /// # Errors
    /// [`ReadError::File`] when it is of this kind and cannot be read.
    fn discover(&self, input: &Input, limits: &Limits) -> Result<Option<discover::Discovered>, ReadError>;
}

/// An option whose value cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{option}: {reason} {value}")]
pub struct OptionError {
    /// Name of the option in `[fetch]`, `[format]` or `[table.read]`.
    pub option: String,
    /// Why its value cannot be used: the sentence `config-refused-<reason>` of `config/texts`.
    pub reason: &'static str,
    /// What the sentence quotes; empty where it quotes nothing.
    pub value: String,
}

impl OptionError {
    /// Why the value of an option cannot be used, and the part of it that is to blame.
    pub(crate) fn new(option: &str, reason: &'static str, value: impl Into<String>) -> Self {
        Self { option: option.to_owned(), reason, value: value.into() }
    }
}

/// A file to read.
#[derive(Debug, Clone)]
pub struct Input {
    /// Number of the landed file in the registry.
    pub landed: i64,
    /// Where its bytes are (the landed copy).
    pub path: PathBuf,
    /// The name a person knows it by; its ending may tell the variant (`.xls`, `.ods`).
    pub name: String,
}

impl Input {
    /// Ending of the name in lower case, without the dot.
    pub fn extension(&self) -> String {
        Path::new(&self.name).extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default()
    }
}

/// Why rows were left out on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// Nothing in the row.
    Blank,
    /// Above the header.
    Title,
    /// The header again, amid the data.
    RepeatedHeader,
    /// Hidden in the workbook.
    Hidden,
}

/// Takes what a reader finds. A reader stops when told so.
pub trait Output {
    /// Rows.
    ///
    /// # Errors
    /// The receiver is gone: stop reading.
    fn batch(&mut self, batch: Batch) -> Result<(), Stopped>;
    /// Something to tell; `entity` is left empty.
    fn finding(&mut self, finding: Finding);
    /// Rows left out by a declared rule.
    fn skipped(&mut self, reason: Skip, rows: u64);
    /// A row that could not be read as one; the finding says why.
    fn rejected(&mut self, row: Rejected);
}

/// A row that could not be read as a row: goes to quarantine alone, with its original text.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// Why, and where.
    pub finding: Finding,
    /// The original text, at most a few kilobytes of it.
    pub text: String,
}

/// Nobody wants the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped")]
pub struct Stopped;

/// Reads one table of one file.
pub trait TableReader: Send + Sync {
    /// Reads the table from the first row to the last, in bounded memory. A table that has a header and no row is
    /// one batch without rows (CSV, workbooks): it is there, unlike one that is not.
    ///
    /// `wanted`: the columns that the mapping names; XML and JSON readers deliver at least these (null where a
    /// record lacks one) and report other paths they pass through [`Output::finding`] (F013, once each).
    ///
    /// # Errors
    /// [`ReadError::File`] when the file cannot be read to its end (nothing of it may be loaded then).
    fn read(&self, input: &Input, wanted: &[String], limits: &Limits, output: &mut dyn Output)
    -> Result<(), ReadError>;
}

/// Why a file cannot be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file's fault: a finding of severity error (F…), for the person who delivers it.
    #[error("{0:?}")]
    File(Box<Finding>),
    /// The environment's fault.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Polars refused to make a frame.
    #[error(transparent)]
    Frame(#[from] polars::error::PolarsError),
    /// The receiver is gone.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl From<Finding> for ReadError {
    fn from(finding: Finding) -> Self {
        Self::File(Box::new(finding))
    }
}
