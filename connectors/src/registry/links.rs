//! Findings of the whole registry (codes `L`): computed from what it holds now, never stored.

use std::collections::BTreeMap;

use polars::prelude::*;
use vienkop_transforms::finding;
use vienkop_transforms::model::Storage;

use super::Registry;
use super::error::RegistryError;
use super::queries::Builders;
use super::run::Run;
use super::session::{Session, Value};
use super::sql;

/// Number of findings by code; every `L` rule is there, with 0 where all is well.
pub type LinkCounts = BTreeMap<&'static str, u64>;

/// What the registry as a whole lacks.
#[derive(Debug, Clone)]
pub struct LinkFindings {
    /// How many findings of each rule there are.
    pub counts: LinkCounts,
    /// The findings themselves: columns `source` (all that feed the record, `a, b`), `file`, `owner` (registration
    /// number), then those of [`finding::COLUMNS`]; by code, entity, field, owner, key and value. The place is that of
    /// the source with the highest priority; `value` the record's name, or where a reference leads; `hint` the
    /// institution (of a need: the life event) by name, or the record's own name where neither is known.
    pub list: DataFrame,
}

/// Columns of the list beside those of findings.
const HEAD: [&str; 3] = ["source", "file", "owner"];

impl Registry {
    /// What the registry as a whole lacks, of one institution or of all: at most `most` findings of each rule.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn findings_of_links(&self, owner: Option<&str>, most: usize) -> Result<LinkFindings, RegistryError> {
        let mut session = self.connect().await?;
        let values: Vec<Value<'_>> = owner.into_iter().map(Into::into).collect();
        let number = |name: &str| matches!(name, "landed" | "row" | "part");
        let names = || HEAD.into_iter().chain(finding::COLUMNS);
        let mut list = Builders::new(names().map(|n| (n, if number(n) { Storage::Integer } else { Storage::Text })));
        let mut counts = LinkCounts::new();
        for check in sql::link_checks(session.dialect()) {
            let count = counts.entry(check.rule.code).or_default();
            let before = *count;
            let Some(text) = check.count(owner.is_some()) else { continue };
            let found = number_of(&mut session, text, &values).await?;
            *count += found;
            let room = most.saturating_sub(usize::try_from(before).unwrap_or(usize::MAX));
            if found == 0 || room == 0 {
                continue;
            }
            let Some(text) = check.list(owner.is_some(), room) else { continue };
            for row in &session.rows(text, &values).await? {
                list.push(row, 0, &session.site)?;
            }
        }
        let order = ["code", "entity", "field", "owner", "record_key", "value"];
        let stable = SortMultipleOptions::default().with_maintain_order(true);
        Ok(LinkFindings { counts, list: list.finish()?.sort(order, stable)? })
    }
}

impl Run {
    /// What the registry as a whole lacks after what the run has loaded, or would load: in a plan it is counted
    /// within the plan's transaction.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn links(&self) -> Result<LinkCounts, RegistryError> {
        let mut session = self.held().await?;
        let mut counts = LinkCounts::new();
        for check in sql::link_checks(session.dialect()) {
            let Some(text) = check.count(false) else { continue };
            *counts.entry(check.rule.code).or_default() += number_of(&mut session, text, &[]).await?;
        }
        Ok(counts)
    }
}

/// The number that a query gives.
async fn number_of(session: &mut Session, text: String, values: &[Value<'_>]) -> Result<u64, RegistryError> {
    let rows = session.rows(text, values).await?;
    let number: i64 = match rows.first() {
        Some(row) => row.try_get(0).map_err(|error| session.site.error(error))?,
        None => 0,
    };
    Ok(number.unsigned_abs())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    /// Each record is looked at once; whatever is looked up for it is found by an index.
    #[tokio::test]
    async fn nothing_is_scanned_for_each_record() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&format!("sqlite://{}", folder.path().join("r.db").display())).await.unwrap();
        let mut session = registry.connect().await.unwrap();
        for check in sql::link_checks(session.dialect()) {
            for text in [check.count(false), check.list(false, 10), check.count(true)].into_iter().flatten() {
                let text = text.replace("$1", "'90000000001'");
                let rows = session.rows(format!("EXPLAIN QUERY PLAN {text}"), &[]).await.unwrap();
                let steps: Vec<String> = rows.iter().map(|row| row.try_get(3).unwrap()).collect();
                // Scans of what a correlated subquery looks up stand right below it.
                for pair in steps.windows(2) {
                    let scanned = pair[0].starts_with("CORRELATED") && pair[1].starts_with("SCAN");
                    assert!(!scanned, "{text}\n{steps:#?}");
                }
                let scans =
                    steps.iter().filter(|step| ["SCAN s", "SCAN l", "SCAN t"].iter().any(|s| step.starts_with(s)));
                assert!(scans.count() <= 2, "{text}\n{steps:#?}");
                assert!(
                    !steps.iter().any(|step| step.starts_with("SCAN t") || step.starts_with("SCAN c")),
                    "{steps:#?}"
                );
            }
        }
    }
}
