//! A batch: what a reader hands on. Text columns and, per row, where a person finds it.

use std::sync::Arc;

use polars::prelude::*;

/// Row number as a person counts: Excel row, physical line, record number. `i64`, from 1.
pub const ROW: &str = "_row";
/// Which of several rows made from one record (explode), from 1; null where the record gave one row. `i64`.
pub const PART: &str = "_part";
/// Byte offset of the record in the (decoded) file; null where the format has none. `i64`.
pub const BYTE: &str = "_byte";

/// Number of the record in quarantine that the row mends, in the rows of a correction workbook; null where it mends none.
/// `i64`; other deliveries have no such column.
pub const MENDS: &str = "_mends";

/// Joins repeated values of one column (repeated XML children, JSON arrays of scalars).
/// List fields always split at it; text fields show it as `; `.
pub const REPEATED: char = '\u{1F}';

/// How many rows a reader puts into one batch at most.
pub const BATCH_ROWS: usize = 65_536;

/// How many bytes of text a reader puts into one batch at most. A run holds a handful of batches at a time, each in
/// several forms (as read, mapped, normalised): this decides its memory.
pub const BATCH_BYTES: usize = 8 << 20;

/// How rows of a file are found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocatorKind {
    /// Sheet, column letter and row: `Pakalpojumi!D17`.
    Cell,
    /// Physical line of a text file.
    Line,
    /// Record number in an XML document.
    Record,
    /// Record number in a JSON document.
    Pointer,
}

/// Where a batch comes from; the same for all its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Number of the landed file in the registry (`landed_file.id`).
    pub landed: i64,
    /// Name that a person knows: file name, or `archive.zip!member.csv`.
    pub file: String,
    /// Sheet of a workbook.
    pub sheet: Option<String>,
    /// What the row numbers count.
    pub locator: LocatorKind,
    /// Columns of the batch with their place in the file: column letter for a workbook
    /// (`D`), the path below the record for XML and JSON, the position (from 1) for CSV.
    pub columns: Vec<SourceColumn>,
}

/// A column of the source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceColumn {
    /// Header, unique within the batch (`Piezīmes (2)` for the second of two).
    pub name: String,
    /// Its place, see [`Origin::columns`].
    pub place: String,
}

impl Origin {
    /// The text that leads a person to a value: `Pakalpojumi!D17`, `17. rinda, "Kods"` and so on;
    /// `column` is a name of [`Origin::columns`]. Language-neutral: `L17`, `#17` stand for line and record.
    pub fn locate(&self, row: i64, part: Option<i64>, column: Option<&str>) -> String {
        let place = column.and_then(|name| self.columns.iter().find(|c| c.name == name)).map(|c| c.place.as_str());
        let part = part.map(|p| format!(".{p}")).unwrap_or_default();
        match (self.locator, place) {
            (LocatorKind::Cell, place) => {
                let sheet = self.sheet.as_deref().unwrap_or_default();
                format!("{sheet}!{}{row}", place.unwrap_or_default())
            }
            (LocatorKind::Line, Some(place)) => format!("L{row}:{place}"),
            (LocatorKind::Line, None) => format!("L{row}"),
            (LocatorKind::Record | LocatorKind::Pointer, Some(place)) => format!("#{row}{part}/{place}"),
            (LocatorKind::Record | LocatorKind::Pointer, None) => format!("#{row}{part}"),
        }
    }
}

/// Up to [`BATCH_ROWS`] rows as text columns.
///
/// `frame` holds one `String` column a source column (null = no such cell in the row, empty text = empty
/// cell) and the locator columns [`ROW`], [`PART`], [`BYTE`].
#[derive(Debug, Clone)]
pub struct Batch {
    /// Where the rows come from.
    pub origin: Arc<Origin>,
    /// The rows.
    pub frame: DataFrame,
}
