//! The first records of a source as they would load: every step from the map to the resolve, and nothing written.

use std::collections::BTreeSet;

use polars::prelude::*;
use vienkop_transforms::batch::Batch;
use vienkop_transforms::check::check;
use vienkop_transforms::finding::Finding;
use vienkop_transforms::mapping::map;
use vienkop_transforms::normalise::{Context, PseudonymKey, normalise};
use vienkop_transforms::resolve::{delivery_findings, missing_required, resolve};

use super::{Prepared, Table};
use crate::cli::session::Session;
use crate::config::Source;
use crate::tell;

/// Stands in for the key of pseudonyms while nothing is kept.
const NO_KEY: &[u8] = b"vienkop: nothing of this is kept";

impl<'a> Prepared<'a> {
    /// Compiles a source to look at its first records: the key of pseudonyms need not be there yet.
    pub(crate) fn for_preview(session: &Session, source: &'a Source) -> anyhow::Result<Self> {
        Self::compiled(session, source, |source| {
            session.pseudonym_key(source).ok().or_else(|| PseudonymKey::new("preview", NO_KEY))
        })
    }

    /// Its tables.
    pub(crate) fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// What a batch of a table would become: to `take`, for each of the plans that make records of it, a frame of
    /// records ([`vienkop_transforms::records::Records`]) and the findings.
    pub(crate) fn first_records(
        &self,
        session: &Session,
        table: usize,
        batch: &Batch,
        take: &mut dyn FnMut(&DataFrame, &[Finding]) -> PolarsResult<()>,
    ) -> PolarsResult<()> {
        let context = Context {
            codelists: &session.config.codelists,
            time_zone: &session.time_zone,
            until: session.end_of_day(),
            pseudonym_key: self.key.as_ref(),
        };
        for plan in self.tables[table].plan.parts() {
            let mapped = map(plan, batch.clone())?;
            if let Some(finding) = missing_required(plan, &mapped) {
                take(&DataFrame::empty(), &[finding])?;
                continue;
            }
            // Which columns nothing is read from, whoever looks at the draft sees there.
            let mut findings = delivery_findings(plan, &mapped, &self.wanted, &mut BTreeSet::new());
            findings.retain(|finding| finding.code != vienkop_transforms::finding::UNMAPPED_COLUMN.code);
            let mut normalised = normalise(mapped, &context);
            check(plan, &mut normalised)?;
            let resolved = resolve(plan, &normalised, 1, &self.hidden)?;
            for row in 0..resolved.findings.height() {
                findings.extend(tell::at(&resolved.findings, row)?);
            }
            if let Some(records) = resolved.records.first() {
                take(&records.frame, &findings)?;
            }
        }
        Ok(())
    }
}
