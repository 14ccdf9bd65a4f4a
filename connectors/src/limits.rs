//! Safety limits: every input is hostile. Safe defaults; `[limits]` of `config/vienkop.toml` overrides them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Limits on what one file may ask of memory, disk and time.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of one fetched file, at most.
    pub file_bytes: u64,
    /// Bytes that all members of one archive or workbook may inflate to, at most.
    pub inflated_bytes: u64,
    /// How many times larger than its compressed form an archive member may inflate, at most
    /// (members below 10 MB are let through).
    pub inflation_ratio: u64,
    /// Members of one archive, at most.
    pub archive_members: usize,
    /// Columns of one table, at most.
    pub columns: usize,
    /// Bytes of one field, at most.
    pub field_bytes: usize,
    /// Bytes of one record (one CSV row, one XML or JSON record), at most.
    pub record_bytes: usize,
    /// Nesting of XML elements or JSON values, at most.
    pub depth: usize,
    /// Cells (rows times columns) of all sheets of an xls or ods file, which cannot be streamed, at most.
    pub dense_cells: u64,
    /// Bytes of the shared texts of a workbook, which stay in memory while it is read, at most; also of all texts of
    /// an ods file and of an xls file altogether.
    pub shared_text_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 20 << 30,
            inflated_bytes: 20 << 30,
            inflation_ratio: 1_000,
            archive_members: 10_000,
            columns: 2_000,
            field_bytes: 1 << 20,
            record_bytes: 16 << 20,
            depth: 64,
            dense_cells: 5_000_000,
            shared_text_bytes: 128 << 20,
        }
    }
}
