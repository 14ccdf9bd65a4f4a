//! Loading: what was planned becomes versions, in the same transaction as its evidence and its run record.

use super::difference::{Difference, EntityDifference, Matched, Planned};
use super::error::RegistryError;
use super::lake::STATUS_EVENT;
use super::merge::{Affected, merge};
use super::session::Value;
use super::sql::{self, Staged, Table};
use super::stage::Stage;

/// Rows of a source's delivery: `read = mapped + skipped + rejected`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rows {
    /// Rows of the files.
    pub read: u64,
    /// Rows that became records.
    pub mapped: u64,
    /// Rows left out by a declared rule.
    pub skipped: u64,
    /// Rows that could not be read as rows.
    pub rejected: u64,
}

impl Planned {
    /// Loads the delivery: versions, identities, the merged view, findings, quarantine, run record. Where a gate
    /// holds, everything but the first three.
    ///
    /// # Errors
    /// The registry cannot be written; then nothing of this is kept.
    pub async fn apply(self, rows: Rows, seconds: f64) -> Result<Difference, RegistryError> {
        let Self { mut stage, mut difference, timelines, cursor, schemas, snapshot, again } = self;
        let status = match &difference.gate {
            None => "ok",
            Some(gate) if gate.asks_approval() => "approval",
            Some(_) => "gate",
        };
        let mut worked_out_by = None;
        if difference.gate.is_none() {
            let staged = stage.staged.clone();
            let stale = stage.session.number(sql::STALE, &stage.scope).await? > 0;
            let affected = if stale { Affected::AllOfSource } else { Affected::OfDelivery };
            for one in staged.iter().filter(|one| one.table.child.is_none()) {
                let children: Vec<&Staged> = staged
                    .iter()
                    .filter(|other| other.table.child.is_some() && other.table.entity.name == one.table.entity.name)
                    .collect();
                let counts = difference.entities.iter().filter(|counts| concerns(counts, one));
                // Children make their parents `changed`, or `touched` where the parent itself was not delivered.
                let changes = counts.map(|counts| counts.inserted + counts.changed + counts.retired).sum::<i64>();
                if changes > 0 {
                    stage.load(one, &children).await?;
                }
                if changes > 0 || stale {
                    let Stage { session, scope, .. } = &mut stage;
                    merge(session, scope, one.table, &affected).await?;
                }
            }
            if stale {
                stage.merge_what_was_not_delivered(&staged).await?;
            }
            if let Some(rules) = timelines {
                worked_out_by = stage.load_events(&staged, &rules, &mut difference).await?;
            }
            if difference.matched != Matched::default() {
                stage.session.scoped(sql::matching::REMEMBER, &stage.scope).await?;
            }
        }
        stage.record(status, rows, seconds, None).await?;
        let closing = if snapshot {
            sql::closing::close_all().to_vec()
        } else {
            sql::closing::close_delivered(&stage.staged, difference.gate.is_none(), again)
        };
        for statement in closing {
            stage.session.scoped(statement, &stage.scope).await?;
        }
        for statement in sql::load_evidence() {
            stage.session.scoped(statement, &stage.scope).await?;
        }
        for statement in sql::closing::prune_evidence() {
            stage.session.scoped(statement, &stage.scope).await?;
        }
        for counts in &difference.entities {
            stage.count(counts).await?;
        }
        if difference.gate.is_none() {
            // Events are never retired: the share of what is concerns what may be.
            let records = |counts: &&EntityDifference| !counts.entity.contains('.') && counts.entity != STATUS_EVENT;
            let parents = difference.entities.iter().filter(records);
            let gained: i64 = parents.map(|counts| counts.inserted - counts.retired).sum();
            stage
                .session
                .bound(
                    "INSERT INTO source_state (source, last_run, last_delivery_at, holds) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (source) DO UPDATE SET last_run = excluded.last_run,
                    last_delivery_at = excluded.last_delivery_at, holds = source_state.holds + excluded.holds, stale = 0",
                    &[
                        stage.scope.source.as_str().into(),
                        stage.scope.run.into(),
                        stage.scope.at.as_str().into(),
                        gained.into(),
                    ],
                )
                .await?;
        }
        if let Some(schemas) = schemas.filter(|_| difference.gate.is_none()) {
            stage.remember_schemas(&schemas).await?;
        }
        if let Some(cursor) = cursor.filter(|_| difference.gate.is_none()) {
            let values = [cursor.as_str().into(), stage.scope.source.as_str().into()];
            stage.session.bound("UPDATE source_state SET cursor = $1 WHERE source = $2", &values).await?;
        }
        if let Some(rules) = worked_out_by {
            let values = [rules.as_str().into(), stage.scope.source.as_str().into()];
            stage.session.bound(sql::lake::REMEMBER_RULES, &values).await?;
        }
        stage.session.commit().await?;
        stage.session.tidy().await?;
        Ok(difference)
    }
}

fn concerns(counts: &EntityDifference, one: &Staged) -> bool {
    counts.entity.split('.').next() == Some(one.table.entity.name)
}

impl Stage {
    /// Ends a source's work that failed before its records could be compared: findings and run record stay, records
    /// are dropped.
    ///
    /// # Errors
    /// The registry cannot be written.
    pub async fn fail(mut self, error: &str, rows: Rows, seconds: f64) -> Result<(), RegistryError> {
        self.session.begin().await?;
        self.record("failed", rows, seconds, Some(error)).await?;
        let [findings, ..] = sql::load_evidence();
        self.session.scoped(sql::closing::close_failed(), &self.scope).await?;
        self.session.scoped(findings, &self.scope).await?;
        for statement in sql::closing::prune_evidence() {
            self.session.scoped(statement, &self.scope).await?;
        }
        self.session.commit().await?;
        self.session.tidy().await
    }

    /// The source's priorities have changed: that goes for what it holds but did not deliver this time too.
    async fn merge_what_was_not_delivered(&mut self, staged: &[Staged]) -> Result<(), RegistryError> {
        let delivered = |table: Table| staged.iter().any(|one| one.table.name() == table.name());
        for table in Table::all().filter(|table| table.child.is_none() && !delivered(*table)) {
            if self.session.number(table.holds_of_source(), &self.scope).await? == 0 {
                continue;
            }
            for statement in Staged::new(table).create_delta() {
                self.session.define(statement).await?;
            }
            merge(&mut self.session, &self.scope, table, &Affected::AllOfSource).await?;
        }
        Ok(())
    }

    /// New versions of what the source delivered.
    async fn load(&mut self, one: &Staged, children: &[&Staged]) -> Result<(), RegistryError> {
        for statement in one.close() {
            self.session.scoped(statement, &self.scope).await?;
        }
        let mut opened = 0;
        for statement in one.open() {
            opened += self.session.scoped(statement, &self.scope).await?;
        }
        self.session.grown(&format!("source_{}", one.table.name()), opened).await?;
        for table in one.table.children() {
            let delivered = children.iter().find(|child| child.table.name() == table.name());
            let mut opened = 0;
            for statement in delivered.iter().flat_map(|child| child.open_children()) {
                opened += self.session.scoped(statement, &self.scope).await?;
            }
            let keep = delivered.map_or_else(|| Staged::new(table), |child| (*child).clone());
            opened += self.session.scoped(keep.keep_children(delivered.is_some()), &self.scope).await?;
            self.session.grown(&format!("source_{}", table.name()), opened).await?;
        }
        self.session.scoped(one.remember_minted(), &self.scope).await?;
        let identified = self.session.scoped(one.identify(), &self.scope).await?;
        self.session.grown("identity", identified).await
    }

    async fn record(
        &mut self,
        status: &str,
        rows: Rows,
        seconds: f64,
        error: Option<&str>,
    ) -> Result<(), RegistryError> {
        let values: [Value<'_>; 10] = [
            self.scope.run.into(),
            self.scope.source.as_str().into(),
            status.into(),
            self.scope.at.as_str().into(),
            (rows.read as i64).into(),
            (rows.mapped as i64).into(),
            (rows.skipped as i64).into(),
            (rows.rejected as i64).into(),
            seconds.into(),
            error.into(),
        ];
        self.session
            .bound(
                "INSERT INTO run_source (run, source, status, effective_at, rows_read, rows_mapped, rows_skipped,
                rows_rejected, seconds, error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                &values,
            )
            .await?;
        Ok(())
    }

    async fn count(&mut self, counts: &EntityDifference) -> Result<(), RegistryError> {
        let values: [Value<'_>; 11] = [
            self.scope.run.into(),
            self.scope.source.as_str().into(),
            counts.entity.as_str().into(),
            counts.mapped.into(),
            counts.accepted.into(),
            counts.quarantined.into(),
            counts.duplicates.into(),
            counts.inserted.into(),
            counts.changed.into(),
            counts.retired.into(),
            counts.unchanged.into(),
        ];
        self.session
            .bound(
                "INSERT INTO run_source_entity (run, source, entity, mapped, accepted, quarantined, duplicates,
                inserted, changed, retired, unchanged) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                &values,
            )
            .await?;
        Ok(())
    }
}
