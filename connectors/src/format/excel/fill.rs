//! Merged cells, and blank ones, that take the value from above, where the source's file declares it.

use super::cells::Row;
use super::scan::Merged;
use super::value::Kind;

/// The columns to fill down. In a column with merged regions only their cells are filled, in a column without any
/// every blank cell.
pub(super) struct FillDown(Vec<Filled>);

struct Filled {
    column: u32,
    /// Regions of several rows that cover the column, from the top.
    regions: Vec<Merged>,
    /// The first of them that does not end above the row.
    next: usize,
    /// The value from above and the region it belongs to.
    value: String,
    region: Option<usize>,
    /// Whether it is valid in this row.
    valid: bool,
}

impl FillDown {
    /// For columns of the sheet, in a table whose header ends at `header`.
    pub(super) fn new(columns: &[u32], merged: &[Merged], header: u32) -> Self {
        let filled = columns.iter().map(|column| {
            let covers = |region: &&Merged| {
                let here = (region.first.1..=region.last.1).contains(column);
                here && region.first.0 > header && region.last.0 > region.first.0
            };
            let mut regions: Vec<Merged> = merged.iter().filter(covers).copied().collect();
            regions.sort_by_key(|region| region.first);
            Filled { column: *column, regions, next: 0, value: String::new(), region: None, valid: false }
        });
        Self(filled.collect())
    }

    /// Goes on to the next row.
    pub(super) fn advance(&mut self, row: &Row) {
        for filled in &mut self.0 {
            filled.advance(row);
        }
    }

    /// What a blank cell of this column takes in this row.
    pub(super) fn value(&self, column: u32) -> Option<&str> {
        self.0.iter().find(|filled| filled.column == column && filled.valid).map(|filled| filled.value.as_str())
    }
}

impl Filled {
    fn advance(&mut self, row: &Row) {
        if self.regions.is_empty() {
            self.valid = true;
            self.take(row, self.column, false);
            return;
        }
        while self.regions.get(self.next).is_some_and(|region| region.last.0 < row.index) {
            self.next += 1;
        }
        let Some(region) = self.regions.get(self.next).copied() else {
            self.valid = false;
            return;
        };
        if region.first.0 == row.index {
            self.take(row, region.first.1, true);
            self.region = Some(self.next);
        }
        self.valid = region.first.0 <= row.index && self.region == Some(self.next);
    }

    /// Remembers the value at a column; a blank one only when asked to.
    fn take(&mut self, row: &Row, column: u32, blank: bool) {
        let (kind, text) = row.cell_at(column).unwrap_or((Kind::Text, ""));
        let text = if matches!(kind, Kind::Text | Kind::Number) { text.trim() } else { "" };
        // An error value is not carried down; neither is the value above it.
        let broken = !matches!(kind, Kind::Text | Kind::Number);
        if blank || broken || !text.is_empty() {
            text.clone_into(&mut self.value);
        }
    }
}
