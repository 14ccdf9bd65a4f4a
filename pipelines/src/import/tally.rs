//! What a source's run has counted so far, and the few findings that the summary shows.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;
use vienkop_connectors::registry::{RegistryError, Stage};
use vienkop_transforms::finding::{self, Finding, Severity};
use vienkop_transforms::resolve::Paths;

use super::drift::Watch;
use super::retry::Retry;
use crate::outcome::Rows;
use crate::tell;

/// How many findings of one code are kept to be shown.
const SHOWN: usize = 2;

/// Counts of one source.
#[derive(Default)]
pub(super) struct Tally {
    /// Rows of its files.
    pub(super) rows: Rows,
    /// Findings per code.
    pub(super) findings: BTreeMap<String, u64>,
    /// The first findings of each code that is more than information.
    pub(super) notable: Vec<Finding>,
    /// Findings of the readers that are not written yet.
    pub(super) waiting: Vec<Finding>,
    /// Paths that no record has had so far.
    pub(super) paths: Paths,
    /// Entities and children that came.
    pub(super) delivered: BTreeSet<String>,
    /// Tables that were looked for in the delivery.
    pub(super) spoken_of: BTreeSet<String>,
    /// Whether a correction workbook came.
    pub(super) corrects: bool,
    /// Children whose table came without a row.
    pub(super) empty_children: BTreeSet<String>,
    /// Whether the fetch went on from where an earlier one had ended: only what has changed came.
    pub(super) goes_on: bool,
    /// Where the next fetch goes on.
    pub(super) cursor: Option<String>,
    /// What stood in quarantine and goes through again; none: a delivery of the source.
    pub(super) retry: Option<Retry>,
    /// How the source has changed.
    pub(super) drift: Watch,
    /// Number of the next record.
    pub(super) next_seq: i64,
}

impl Tally {
    /// Counts one finding.
    pub(super) fn finding(&mut self, finding: &Finding) {
        *self.findings.entry(finding.code.to_owned()).or_default() += 1;
        let kept = self.notable.iter().filter(|known| known.code == finding.code).count();
        if kept < SHOWN && finding.severity != Severity::Info.as_str() {
            self.notable.push(finding.clone());
        }
    }

    /// Counts findings of one code at once; one of them stands for all.
    pub(super) fn found(&mut self, finding: &Finding, count: u64) {
        self.finding(finding);
        *self.findings.entry(finding.code.to_owned()).or_default() += count - 1;
    }

    /// Hands on the findings that wait, all of them in one go.
    pub(super) async fn write_waiting(&mut self, stage: &mut Stage) -> Result<(), RegistryError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        stage.findings(&finding::frame(&std::mem::take(&mut self.waiting))?).await
    }

    /// Counts a frame of findings.
    pub(super) fn frame(&mut self, findings: &DataFrame) -> PolarsResult<()> {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for (row, code) in findings.column("code")?.str()?.iter().enumerate() {
            let Some(code) = code else { continue };
            let before = seen.entry(code).or_default();
            *before += 1;
            if *before > SHOWN {
                *self.findings.entry(code.to_owned()).or_default() += 1;
            } else if let Some(finding) = tell::at(findings, row)? {
                self.finding(&finding);
            }
        }
        Ok(())
    }
}
