//! The rows of the table: what goes on, what is left out, what is rejected.

use std::sync::Arc;

use vienkop_transforms::batch::Origin;
use vienkop_transforms::finding::{self, Finding, Rule};

use super::records::{Item, Row};
use crate::format::encoding::MojibakeWatch;
use crate::format::lines::Line;
use crate::format::rows::{Place, Rows, beginning, has_control_characters, limit, row_finding};
use crate::format::{Output, ReadError, Rejected, Skip};
use crate::limits::Limits;

/// How much of a rejected row's text is kept.
const KEPT_TEXT: usize = 4 << 10;

/// Rows left out, by reason.
#[derive(Debug, Default)]
pub(super) struct Skipped {
    pub(super) blank: u64,
    pub(super) title: u64,
    repeated_header: u64,
}

/// The table while it is read.
pub(super) struct Table<'a> {
    origin: Arc<Origin>,
    /// The header's cells, trimmed; empty when there is none.
    header: Vec<String>,
    header_line: Option<i64>,
    rows: Rows,
    watch: MojibakeWatch,
    rejected: u64,
    skipped: Skipped,
    limits: &'a Limits,
}

impl<'a> Table<'a> {
    pub(super) fn new(
        origin: Origin,
        header: Option<&Row>,
        skipped: Skipped,
        limits: &'a Limits,
        output: &mut dyn Output,
    ) -> Self {
        let origin = Arc::new(origin);
        let mut watch = MojibakeWatch::default();
        if let Some(found) = header.and_then(|row| watch.header(&row.text, row.line, &origin)) {
            output.finding(found);
        }
        Self {
            header: header.map(|row| row.cells().map(|cell| cell.trim().to_owned()).collect()).unwrap_or_default(),
            header_line: header.map(|row| row.line),
            rows: Rows::new(Arc::clone(&origin)),
            origin,
            watch,
            rejected: 0,
            skipped,
            limits,
        }
    }

    /// Takes what stands next below the header.
    pub(super) fn take(&mut self, item: Item, output: &mut dyn Output) -> Result<(), ReadError> {
        match item {
            Item::Row(row) => self.row(&row, output),
            Item::QuoteOpen(line) => {
                let finding = Finding { hint: None, ..row_finding(&finding::QUOTE_OPEN, &self.origin, line.number) };
                self.reject(finding, &line.text, output);
                Ok(())
            }
            Item::TooLong(Line { number, length, text, .. }) => {
                let finding = row_finding(&finding::LIMIT, &self.origin, number);
                self.reject(limit(finding, "record_bytes", length, self.limits.record_bytes as u64), &text, output);
                Ok(())
            }
        }
    }

    fn reject(&mut self, finding: Finding, text: &str, output: &mut dyn Output) {
        self.rejected += 1;
        output.rejected(Rejected { finding, text: beginning(text.trim_end_matches(['\n', '\r']), KEPT_TEXT) });
    }

    fn row(&mut self, row: &Row, output: &mut dyn Output) -> Result<(), ReadError> {
        let width = self.origin.columns.len();
        if row.is_blank() {
            self.skipped.blank += 1;
            return Ok(());
        }
        if !self.header.is_empty() && row.cells().map(str::trim).eq(self.header.iter().map(String::as_str)) {
            self.skipped.repeated_header += 1;
            return Ok(());
        }
        let about = |rule: &Rule| row_finding(rule, &self.origin, row.line);
        let counted = |rule: &Rule| Finding {
            value: Some(row.len().to_string()),
            expected: Some(width.to_string()),
            ..about(rule)
        };
        let bad = if has_control_characters(&row.text) || row.has_bare_return() {
            Some(about(&finding::CONTROL_CHARACTERS))
        } else if let Some(long) = row.cells().map(str::len).find(|length| *length > self.limits.field_bytes) {
            Some(limit(about(&finding::LIMIT), "field_bytes", long as u64, self.limits.field_bytes as u64))
        } else if row.cells().skip(width).any(|cell| !cell.trim().is_empty()) {
            Some(counted(&finding::ROW_LONG))
        } else {
            None
        };
        if let Some(finding) = bad {
            self.reject(finding, &row.text, output);
            return Ok(());
        }
        if row.len() < width {
            output.finding(counted(&finding::ROW_SHORT));
        }
        self.watch.row(&row.text, row.line);
        let place = Place { row: row.line, part: None, byte: Some(row.byte) };
        self.rows.push(place, row.cells().map(Some), output)
    }

    /// Hands on what is left, and what can be told only now.
    pub(super) fn end(mut self, output: &mut dyn Output) -> Result<(), ReadError> {
        self.rows.flush(output)?;
        for (reason, rows) in [
            (Skip::Blank, self.skipped.blank),
            (Skip::Title, self.skipped.title),
            (Skip::RepeatedHeader, self.skipped.repeated_header),
        ] {
            if rows > 0 {
                output.skipped(reason, rows);
            }
        }
        if let Some(spoiled) = self.watch.end(&self.origin) {
            output.finding(spoiled);
        }
        if self.rows.total() == 0 && self.rejected == 0 {
            self.rows.header_only(output)?;
            let row = self.header_line.unwrap_or(1);
            output.finding(row_finding(&finding::HEADER_ONLY, &self.origin, row));
        }
        Ok(())
    }
}
