//! read -> map -> normalise -> check -> resolve -> temporary tables: the rows of one table of one file.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use polars::error::PolarsResult;
use vienkop_connectors::format::{Input, ReadError, Rejected, TableReader};
use vienkop_connectors::registry::Stage;
use vienkop_transforms::batch::Batch;
use vienkop_transforms::check::check;
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::mapping::{Mapped, TablePlan, map};
use vienkop_transforms::model::Kept;
use vienkop_transforms::normalise::personal::mask;
use vienkop_transforms::normalise::{Context, normalise};
use vienkop_transforms::resolve::{delivery_findings, missing_required, resolve};

use super::feed::{Fed, feed};
use super::stop::{Refusal, Stop};
use super::tally::Tally;
use super::{Importer, Prepared, inbox};
use crate::progress::Event;

/// Findings and rejected rows that wait to be written together.
const PORTION: usize = 1_000;

impl Importer<'_> {
    #[allow(clippy::too_many_arguments, reason = "one table of one file of one source")]
    pub(super) async fn stage_table(
        &self,
        prepared: &Prepared<'_>,
        plan: &TablePlan,
        reader: &Arc<dyn TableReader>,
        input: &Input,
        stage: &mut Stage,
        tally: &mut Tally,
        told: &mut BTreeSet<String>,
    ) -> Result<(), Stop> {
        // Of a file that goes through again only some rows are wanted, and all that is to be said of it was said.
        if let Some(retry) = &mut tally.retry
            && !self.choose(prepared, plan, reader, input, stage, retry).await?
        {
            return Ok(());
        }
        let limits = self.session.config.vienkop.limits.clone();
        let mut fed = feed(Arc::clone(reader), input.clone(), plan.wanted(), limits);
        let mut rejected = Vec::new();
        let mut ended = false;
        while let Some(next) = fed.recv().await {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(Stop::Cancelled);
            }
            match next {
                Fed::Batch(batch) => {
                    let batch = match &mut tally.retry {
                        Some(retry) => tokio::task::block_in_place(|| {
                            retry.pick(plan, batch, &self.context(prepared), &prepared.hidden)
                        })?,
                        None => Some(batch),
                    };
                    let Some(batch) = batch else { continue };
                    tally.write_waiting(stage).await?;
                    self.stage_batch(prepared, plan, batch, stage, tally, told).await?;
                    self.subscriber.event(&Event::Rows(tally.rows.read));
                }
                Fed::Finding(finding) if tally.retry.as_ref().is_some_and(|retry| !retry.takes(&finding)) => {}
                Fed::Rejected(row) if tally.retry.as_ref().is_some_and(|retry| !retry.takes(&row.finding)) => {}
                Fed::Skipped(_) if tally.retry.is_some() => {}
                Fed::Finding(finding) if prepared.maps(&finding) => {}
                Fed::Finding(finding) => {
                    tally.drift.passes(&finding);
                    // Several tables may read one sheet; what the reader says of it is said once, and of the columns of
                    // a list once, however many pages it has.
                    let of_list = finding.code == finding::UNMAPPED_COLUMN.code && prepared.fetcher.paged();
                    let said = if of_list {
                        format!("{} {:?}", finding.code, finding.column)
                    } else {
                        format!(
                            "{} {} {:?} {:?} {:?}",
                            finding.code, input.landed, finding.cell, finding.column, finding.expected
                        )
                    };
                    let first = (prepared.tables.len() == 1 && !of_list) || told.insert(said);
                    if first && tally.drift.leaves(&finding) {
                        let finding = of_table(finding, plan, input);
                        tally.finding(&finding);
                        tally.waiting.push(finding);
                    }
                }
                Fed::Skipped(rows) => {
                    tally.rows.read += rows;
                    tally.rows.skipped += rows;
                }
                Fed::Rejected(row) => {
                    if let Some(retry) = &mut tally.retry {
                        retry.meets(&row.finding);
                    }
                    tally.rows.read += 1;
                    tally.rows.rejected += 1;
                    let row = Rejected { finding: of_table(row.finding, plan, input), text: prepared.shown(&row.text) };
                    tally.finding(&row.finding);
                    rejected.push(row);
                }
                Fed::End(end) => {
                    ended = true;
                    end.map_err(|error| match error {
                        ReadError::File(finding) => Stop::Delivery(Box::new(Refusal {
                            finding: of_table(*finding, plan, input),
                            file: Some(input.name.clone()),
                        })),
                        ReadError::Stopped(_) => Stop::Cancelled,
                        ReadError::Io(error) => Stop::from(error).of_file(plan, input),
                        ReadError::Frame(error) => Stop::from(error).of_file(plan, input),
                    })?;
                }
            }
            if tally.waiting.len() >= PORTION {
                tally.write_waiting(stage).await?;
            }
            if rejected.len() >= PORTION {
                stage.rejected(&std::mem::take(&mut rejected)).await?;
            }
        }
        stage.rejected(&rejected).await?;
        if let Some(retry) = &tally.retry {
            Self::taken(stage, retry).await?;
        }
        if ended {
            return Ok(());
        }
        // The reader broke down (its thread is gone without a word): what came of it is no delivery.
        let finding = of_table(Finding::of(&finding::DAMAGED), plan, input);
        Err(Stop::Delivery(Box::new(Refusal { finding, file: Some(input.name.clone()) })))
    }

    async fn stage_batch(
        &self,
        prepared: &Prepared<'_>,
        plan: &TablePlan,
        batch: Batch,
        stage: &mut Stage,
        tally: &mut Tally,
        told: &mut BTreeSet<String>,
    ) -> Result<(), Stop> {
        let context = self.context(prepared);
        let name = batch.origin.file.clone();
        let Some(batch) = self.still_in_quarantine(plan, batch, stage, tally, told).await? else { return Ok(()) };
        let rows = batch.frame.height();
        tally.rows.read += rows as u64;
        for (n, part) in plan.parts().iter().enumerate() {
            let batch = batch.clone();
            let mapped = tokio::task::block_in_place(|| -> PolarsResult<_> {
                let mapped = map(part, batch)?;
                if n == 0 {
                    tally.drift.look(plan, &mapped, &self.session.config.codelists)?;
                }
                Ok(mapped)
            })?;
            if let Some(finding) = missing_required(part, &mapped) {
                // A header without rows that is not this table's: a sheet of explanations, say. It lacks nothing.
                if rows == 0 {
                    return Ok(());
                }
                return Err(Stop::Delivery(Box::new(Refusal { finding, file: Some(name) })));
            }
            // Rows of which several columns make records are the same rows.
            if n == 0 {
                tally.rows.skipped += mapped.skipped;
                tally.rows.mapped += rows as u64 - mapped.skipped;
            }
            self.stage_mapped(prepared, part, mapped, &context, stage, tally, told).await?;
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "one batch of one table of one source")]
    async fn stage_mapped(
        &self,
        prepared: &Prepared<'_>,
        plan: &TablePlan,
        mapped: Mapped,
        context: &Context<'_>,
        stage: &mut Stage,
        tally: &mut Tally,
        told: &mut BTreeSet<String>,
    ) -> Result<(), Stop> {
        let mends = inbox::mended_by(&mapped.rows)?;
        let resolved = tokio::task::block_in_place(|| -> PolarsResult<_> {
            tally.paths.look(plan, &mapped);
            let mut delivery = delivery_findings(plan, &mapped, &prepared.wanted, told);
            // Columns that nothing is mapped from were told of when they were first delivered.
            delivery.retain(|finding| mends.is_none() || finding.code != finding::UNMAPPED_COLUMN.code);
            delivery.retain(|finding| tally.retry.is_none() && tally.drift.leaves(finding));
            let delivery = finding::frame(&delivery)?;
            let mut normalised = normalise(mapped, context);
            tally.drift.withhold(&mut normalised)?;
            check(plan, &mut normalised)?;
            let resolved = resolve(plan, &normalised, tally.next_seq, &prepared.hidden)?;
            tally.next_seq += resolved.records.first().map_or(0, |records| records.frame.height() as i64);
            tally.frame(&delivery)?;
            tally.frame(&resolved.findings)?;
            Ok((resolved, delivery))
        });
        let (resolved, delivery) = resolved?;
        if let Some(mends) = &mends {
            stage.mended(mends, &plan.name()).await?;
            for records in resolved.records.iter().filter(|records| records.name() != plan.name()) {
                stage.mended(mends, &records.name()).await?;
            }
        }
        for records in &resolved.records {
            if plan.entity.kept == Kept::Lake {
                stage.events(records).await?;
                continue;
            }
            if records.child.is_none() || plan.child.is_none() || records.frame.height() > 0 {
                tally.delivered.insert(records.name());
            } else {
                tally.empty_children.insert(records.name());
                continue;
            }
            stage.records(records).await?;
        }
        stage.findings(&delivery).await?;
        stage.findings(&resolved.findings).await?;
        stage.quarantine(&resolved.cells).await?;
        Ok(())
    }

    /// What normalising goes by.
    pub(super) fn context<'a>(&'a self, prepared: &'a Prepared<'_>) -> Context<'a> {
        Context {
            codelists: &self.session.config.codelists,
            time_zone: &self.session.time_zone,
            until: self.session.end_of_day(),
            pseudonym_key: prepared.key.as_ref(),
        }
    }
}

/// A finding of the reader becomes one of the table it was reading.
pub(super) fn of_table(finding: Finding, plan: &TablePlan, input: &Input) -> Finding {
    let masked = |text: Option<String>| text.map(|text| mask(&text).into_owned());
    Finding {
        entity: plan.name(),
        landed: finding.landed.or(Some(input.landed)),
        value: masked(finding.value),
        column: masked(finding.column),
        hint: masked(finding.hint),
        ..finding
    }
}
