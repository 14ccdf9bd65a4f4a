//! Reading a sheet of a correction workbook: our own columns are taken off, cells become the values they were written for.

use std::collections::BTreeMap;
use std::sync::Arc;

use polars::prelude::*;
use vienkop_connectors::format::{Input, Output, ReadError, Rejected, Skip, Stopped, TableReader};
use vienkop_connectors::limits::Limits;
use vienkop_transforms::batch::{BYTE, Batch, MENDS, Origin, PART, ROW, SourceColumn};
use vienkop_transforms::finding::{self, Finding};

use super::cells::{NUMBER, OWN, restored};

/// Reads one sheet.
pub(super) struct CorrectionReader {
    inner: Box<dyn TableReader>,
}

impl CorrectionReader {
    pub(super) fn new(inner: Box<dyn TableReader>) -> Self {
        Self { inner }
    }
}

impl TableReader for CorrectionReader {
    fn read(
        &self,
        input: &Input,
        wanted: &[String],
        limits: &Limits,
        output: &mut dyn Output,
    ) -> Result<(), ReadError> {
        let names = wanted.iter().map(|name| (one_line(name), name.as_str())).collect();
        let mut own = Own { output, names, fault: None };
        let read = self.inner.read(input, wanted, limits, &mut own);
        match own.fault {
            Some(fault) => Err(fault),
            None => read,
        }
    }
}

/// Headers of a workbook have every run of white space as one space.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

struct Own<'a> {
    output: &'a mut dyn Output,
    /// What the mapping calls the columns, by what a workbook makes of that.
    names: BTreeMap<String, &'a str>,
    fault: Option<ReadError>,
}

impl Own<'_> {
    /// The batch as the source's own reader would have given it, and how many of its rows hold nothing.
    fn without_own(&self, batch: &Batch) -> Result<(Batch, u64), ReadError> {
        let Batch { origin, frame } = batch;
        let lost = || Finding {
            landed: Some(origin.landed),
            sheet: origin.sheet.clone(),
            value: Some(NUMBER.to_owned()),
            ..Finding::of(&finding::CORRECTION_UNKNOWN)
        };
        let numbers = frame.column(NUMBER).map_err(|_| lost())?.str()?;
        // What is no number is the number of nothing.
        let numbers = numbers.iter().map(|text| {
            let text = text.map(str::trim).filter(|text| !text.is_empty());
            text.map(|text| text.parse::<i64>().unwrap_or(-1))
        });
        let numbers = Column::new(MENDS.into(), numbers.collect::<Vec<_>>());
        let (mut columns, mut taken) = (Vec::new(), Vec::new());
        let mut filled = vec![false; frame.height()];
        for column in origin.columns.iter().filter(|column| !column.name.starts_with(OWN)) {
            let header = restored(&column.name);
            let name = self.names.get(header.as_ref()).map_or_else(|| header.into_owned(), |name| (*name).to_owned());
            let texts = frame.column(&column.name)?.str()?;
            let texts: StringChunked = texts.iter().map(|text| text.map(restored)).collect();
            for (filled, text) in filled.iter_mut().zip(texts.iter()) {
                // What was read of a cell with an error value is null, and no empty cell.
                *filled |= text.is_none_or(|text| !text.trim().is_empty());
            }
            taken.push(texts.with_name(name.as_str().into()).into_column());
            columns.push(SourceColumn { name, place: column.place.clone() });
        }
        for locator in [ROW, PART, BYTE] {
            taken.push(frame.column(locator)?.clone());
        }
        taken.push(numbers);
        let blank = filled.iter().filter(|filled| !**filled).count() as u64;
        let filled: BooleanChunked = filled.into_iter().map(Some).collect();
        let frame = DataFrame::new(frame.height(), taken)?.filter(&filled)?;
        let origin = Arc::new(Origin { columns, ..origin.as_ref().clone() });
        Ok((Batch { origin, frame }, blank))
    }
}

impl Output for Own<'_> {
    fn batch(&mut self, batch: Batch) -> Result<(), Stopped> {
        match self.without_own(&batch) {
            Ok((batch, blank)) => {
                if blank > 0 {
                    self.output.skipped(Skip::Blank, blank);
                }
                self.output.batch(batch)
            }
            Err(fault) => {
                self.fault = Some(fault);
                Err(Stopped)
            }
        }
    }

    fn finding(&mut self, finding: Finding) {
        // The number and the note are ours: an empty one is nothing to tell of.
        if !finding.column.as_deref().is_some_and(|column| column.starts_with(OWN)) {
            self.output.finding(finding);
        }
    }

    fn skipped(&mut self, reason: Skip, rows: u64) {
        self.output.skipped(reason, rows);
    }

    fn rejected(&mut self, row: Rejected) {
        self.output.rejected(row);
    }
}
