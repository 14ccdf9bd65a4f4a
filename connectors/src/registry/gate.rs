//! Gates: why a delivery is not loaded unasked.

use vienkop_transforms::finding::{self, Rule};

use super::difference::{Delivery, EntityDifference, HOLDS};
use super::error::RegistryError;
use super::sql::Staged;
use super::stage::Stage;

/// Why a delivery is not loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateKind {
    /// S001: too much in quarantine.
    Quarantined,
    /// S002: a snapshot without records of something that is held.
    Empty,
    /// S003: a snapshot that would retire too much.
    Retires,
    /// S007: the schema has changed.
    Drifted,
}

/// A gate that holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// Which.
    pub kind: GateKind,
    /// The entity, where it is about one.
    pub entity: Option<String>,
    /// Records it is about.
    pub records: i64,
    /// Of how many.
    pub of: i64,
    /// The share that is allowed.
    pub limit: f64,
}

impl Gate {
    /// Whether it is about what a person must look at before it is loaded (`--approve`); otherwise it is a failure.
    pub fn asks_approval(&self) -> bool {
        matches!(self.kind, GateKind::Empty | GateKind::Retires)
    }

    /// The rule of its finding.
    pub fn rule(&self) -> &'static Rule {
        match self.kind {
            GateKind::Quarantined => &finding::GATE,
            GateKind::Empty => &finding::EMPTY_SNAPSHOT,
            GateKind::Retires => &finding::RETIRES_TOO_MUCH,
            GateKind::Drifted => &finding::DRIFT_HOLDS,
        }
    }

    /// Its finding.
    pub(super) fn finding(&self) -> finding::Finding {
        finding::Finding {
            entity: self.entity.clone().unwrap_or_default(),
            value: Some(match self.kind {
                GateKind::Drifted => self.records.to_string(),
                _ => format!("{}/{}", self.records, self.of),
            }),
            expected: (self.kind != GateKind::Drifted).then(|| self.limit.to_string()),
            ..finding::Finding::of(self.rule())
        }
    }
}

impl Stage {
    /// The gate that holds, if one does.
    pub(super) async fn gate(
        &mut self,
        entities: &[EntityDifference],
        staged: &[Staged],
        delivery: &Delivery<'_>,
    ) -> Result<Option<Gate>, RegistryError> {
        let rejected = self.rejected_rows();
        // First: what is quarantined may be so since the columns are others.
        if delivery.drifted > 0 {
            let changes = delivery.drifted as i64;
            return Ok(Some(Gate { kind: GateKind::Drifted, entity: None, records: changes, of: changes, limit: 0.0 }));
        }
        let quarantined = rejected + entities.iter().map(|entity| entity.quarantined).sum::<i64>();
        let mapped = rejected + entities.iter().map(|entity| entity.mapped).sum::<i64>();
        if quarantined > 0 && quarantined as f64 > delivery.max_quarantined_share * mapped as f64 {
            return Ok(Some(Gate {
                kind: GateKind::Quarantined,
                entity: None,
                records: quarantined,
                of: mapped,
                limit: delivery.max_quarantined_share,
            }));
        }
        if delivery.approve {
            return Ok(None);
        }
        let parents = || entities.iter().filter(|entity| !entity.entity.contains('.'));
        if let Some(empty) = parents().find(|entity| entity.accepted == 0 && entity.retired > 0) {
            return Ok(Some(Gate {
                kind: GateKind::Empty,
                entity: Some(empty.entity.clone()),
                records: empty.retired,
                of: empty.retired,
                limit: 0.0,
            }));
        }
        let retired: i64 = parents().map(|entity| entity.retired).sum();
        let held = self.session.number(HOLDS, &self.scope).await?;
        let too_much_of = |entity: Option<String>, retired: i64, held: i64| {
            let too_much = retired > 0 && retired as f64 > delivery.max_retired_share * held as f64;
            let limit = delivery.max_retired_share;
            too_much.then_some(Gate { kind: GateKind::Retires, entity, records: retired, of: held, limit })
        };
        if let Some(gate) = too_much_of(None, retired, held) {
            return Ok(Some(gate));
        }
        // A list is asked about where it shrinks by itself, over all its parents: one service with a step less is
        // work as usual, all services without their steps is a sheet that lost its rows.
        let lists = staged.iter().filter(|one| one.table.child.is_some() && delivery.snapshot);
        for list in lists {
            let label = list.table.label();
            if !entities.iter().any(|counts| counts.entity == label && counts.retired > 0) {
                continue;
            }
            let rows = self.session.scoped_rows(list.count_retired_items(), &self.scope).await?;
            let [retired, held] = self.numbers(rows.first())?;
            if let Some(gate) = too_much_of(Some(label), retired, held) {
                return Ok(Some(gate));
            }
        }
        Ok(None)
    }
}
