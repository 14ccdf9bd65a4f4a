//! How the first records of a source would load, and what would be found in them.

use std::collections::BTreeMap;

use polars::prelude::*;
use serde::Serialize;
use vienkop_connectors::format::{Input, Output, ReadError, Rejected, Skip, Stopped};
use vienkop_connectors::landing::Landed;
use vienkop_transforms::batch::Batch;
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::records::{ACCEPTED, RAW_SUFFIX};

use super::survey::ROWS;
use crate::cli::session::Session;
use crate::config::Source;
use crate::import::Prepared;
use crate::tell;

/// Records that are shown.
pub(crate) const SHOWN: usize = 10;
/// Findings that are told in full.
const TOLD: usize = 10;
/// Characters of a value that are shown.
const CHARACTERS: usize = 32;

/// How a table would load.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Preview {
    /// `service`, `service.steps`.
    pub(crate) entity: String,
    /// Rows looked at.
    pub(crate) rows: usize,
    /// Records of them that would be accepted.
    pub(crate) accepted: usize,
    /// Records of them that would be quarantined.
    pub(crate) quarantined: usize,
    /// Names of what `records` shows.
    pub(crate) fields: Vec<String>,
    /// The first records, a value a field.
    pub(crate) records: Vec<Vec<String>>,
    /// How often each rule was met.
    pub(crate) findings: BTreeMap<String, u64>,
    /// The first findings.
    pub(crate) told: Vec<String>,
}

/// Reads the first rows of every table of a source and takes them through every step before the load.
///
/// # Errors
/// Polars refuses a frame, or the disk fails.
pub(crate) fn preview(session: &Session, source: &Source, files: &[Landed]) -> anyhow::Result<Vec<Preview>> {
    let prepared = Prepared::for_preview(session, source)?;
    let limits = &session.config.vienkop.limits;
    let mut previews: Vec<Preview> = Vec::new();
    for (at, table) in prepared.tables().iter().enumerate() {
        let mut preview = Preview { entity: table.plan.name(), ..Preview::default() };
        for file in files.iter().filter(|file| table.is_in(&file.name)) {
            let input = Input { landed: 0, path: file.path.clone(), name: file.name.clone() };
            let mut first = First { batches: Vec::new(), rows: 0, findings: Vec::new() };
            match table.reader.read(&input, &table.plan.wanted(), limits, &mut first) {
                Ok(()) | Err(ReadError::Stopped(_)) => {}
                Err(ReadError::File(finding)) => first.findings.push(*finding),
                Err(ReadError::Io(error)) => return Err(error.into()),
                Err(ReadError::Frame(error)) => return Err(error.into()),
            }
            // What columns are not mapped, the draft says itself.
            let said = first.findings.iter().filter(|one| one.code != finding::UNMAPPED_COLUMN.code);
            said.for_each(|finding| preview.tell(session, finding, &file.name));
            for batch in first.batches {
                prepared.first_records(session, at, &batch, &mut |records, findings| {
                    preview.take(session, records, findings, &file.name)
                })?;
            }
        }
        previews.push(preview);
    }
    Ok(previews)
}

impl Preview {
    fn tell(&mut self, session: &Session, finding: &Finding, file: &str) {
        *self.findings.entry(finding.code.to_owned()).or_default() += 1;
        if self.told.len() < TOLD {
            let texts = session.texts();
            let sentence = tell::sentence(texts, finding, Some(file));
            self.told.push(format!("{} {sentence} {}", finding.code, tell::remedy(texts, finding)));
        }
    }

    fn take(&mut self, session: &Session, records: &DataFrame, findings: &[Finding], file: &str) -> PolarsResult<()> {
        for finding in findings {
            self.tell(session, finding, file);
        }
        // A table without its key or a required column makes no records at all.
        if records.width() == 0 {
            return Ok(());
        }
        let accepted = records.column(ACCEPTED)?.bool()?;
        let count = accepted.sum().unwrap_or(0) as usize;
        self.rows += records.height();
        self.accepted += count;
        self.quarantined += records.height() - count;
        let shown = records.head(Some(SHOWN.saturating_sub(self.records.len())));
        let names: Vec<String> = shown
            .get_column_names()
            .into_iter()
            .map(PlSmallStr::to_string)
            .filter(|name| !name.starts_with('_') && !name.ends_with(RAW_SUFFIX))
            .collect();
        let columns: Vec<Column> =
            names.iter().map(|name| shown.column(name)?.cast(&DataType::String)).collect::<PolarsResult<_>>()?;
        let accepted = shown.column(ACCEPTED)?.bool()?;
        if self.fields.is_empty() {
            self.fields = names;
        }
        for row in 0..shown.height() {
            // A record that would be put aside is marked; its values stay where they are.
            let mark = if accepted.get(row) == Some(true) { "" } else { "✗" };
            let values = columns.iter().map(|column| Ok(short(column.str()?.get(row).unwrap_or_default())));
            let values: Vec<String> =
                std::iter::once(Ok(mark.to_owned())).chain(values).collect::<PolarsResult<_>>()?;
            self.records.push(values);
        }
        Ok(())
    }
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Takes the first rows of a table.
struct First {
    batches: Vec<Batch>,
    rows: usize,
    findings: Vec<Finding>,
}

impl Output for First {
    fn batch(&mut self, mut batch: Batch) -> Result<(), Stopped> {
        let left = ROWS.saturating_sub(self.rows);
        batch.frame = batch.frame.head(Some(left));
        self.rows += batch.frame.height();
        self.batches.push(batch);
        if self.rows >= ROWS { Err(Stopped) } else { Ok(()) }
    }

    fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn skipped(&mut self, _: Skip, _: u64) {}

    fn rejected(&mut self, row: Rejected) {
        self.findings.push(row.finding);
    }
}
