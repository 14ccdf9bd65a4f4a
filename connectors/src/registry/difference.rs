//! The plan: what a source's delivery would do to the registry, found by comparing sets, nothing written.

use std::collections::BTreeMap;
use std::sync::Arc;

use vienkop_transforms::finding;
use vienkop_transforms::model::{self, Kept};
use vienkop_transforms::resolve::matching::MatchSettings;
use vienkop_transforms::status::timeline::TimelineRules;

use super::drift::Schemas;
use super::error::RegistryError;
use super::gate::Gate;
use super::lake::STATUS_EVENT;
use super::session::Row;
use super::sql::{self, Staged, Table};
use super::stage::Stage;

/// How a source delivers, and what it may not do unasked.
#[derive(Debug, Clone)]
pub struct Delivery<'a> {
    /// Whether what is absent is retired; otherwise it stays as it is.
    pub snapshot: bool,
    /// What the delivery speaks of, `service` or `service.steps`, even where no row came. Leave out what the
    /// delivery lacked altogether (a sheet that was not found): it is then unchanged.
    pub mapped: &'a [&'a str],
    /// Share of records (and unreadable rows) in quarantine from which on nothing is loaded.
    pub max_quarantined_share: f64,
    /// Share of the held records that may be retired unasked.
    pub max_retired_share: f64,
    /// Whether a person has approved retiring more.
    pub approve: bool,
    /// Entities of which a record may stand in several rows: of each field the last filled value counts.
    pub repeats: &'a [&'a str],
    /// How timelines of requests are worked out; none: they are not, and no event is taken in.
    pub timelines: Option<&'a Arc<TimelineRules>>,
    /// How services are recognised that no key tells; none: they are not.
    pub matching: Option<&'a Arc<MatchSettings>>,
    /// Where the next fetch goes on; none: where this one did.
    pub cursor: Option<&'a str>,
    /// Whether it is only what stood in quarantine, gone through again: what was said of earlier deliveries as such stands.
    pub again: bool,
    /// What is remembered of how the delivery looks; none: what was.
    pub schemas: Option<&'a Schemas>,
    /// Changes of the schema that the source's policy does not let in: with any, nothing is loaded.
    pub drifted: usize,
}

/// What a delivery does to one entity, or one child (`service.steps`).
///
/// `mapped = accepted + quarantined + duplicates`, `accepted = inserted + changed + unchanged`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntityDifference {
    /// Its name.
    pub entity: String,
    /// Records that came.
    pub mapped: i64,
    /// Records that count.
    pub accepted: i64,
    /// Records not accepted.
    pub quarantined: i64,
    /// Records that came again.
    pub duplicates: i64,
    /// New ones.
    pub inserted: i64,
    /// Held ones that are different now.
    pub changed: i64,
    /// Held ones that came no more.
    pub retired: i64,
    /// Held ones that are the same.
    pub unchanged: i64,
}

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// New.
    Inserted,
    /// Different.
    Changed,
    /// No longer there.
    Retired,
    /// The same as what another source delivered.
    Merged,
}

/// An example of a change; at most five records an entity and kind of change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The entity.
    pub entity: String,
    /// What becomes of it.
    pub change: Change,
    /// Its key, as people read it.
    pub key: Option<String>,
    /// Uid of the entity.
    pub uid: String,
    /// A field that changes, or the name of a list of structures that does.
    pub field: Option<String>,
    /// Its value before, as text.
    pub old: Option<String>,
    /// Its value after.
    pub new: Option<String>,
}

/// What a delivery would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// By entity and child, in the order of the model.
    pub entities: Vec<EntityDifference>,
    /// Examples.
    pub samples: Vec<Sample>,
    /// What was recognised by score.
    pub matched: Matched,
    /// What merging the status events and working out timelines found: the first finding of each code and how many
    /// there are.
    pub found: Vec<(finding::Finding, u64)>,
    /// The gate that holds, if one does: then nothing of this is loaded.
    pub gate: Option<Gate>,
}

/// New services that are, or may be, ones that other sources have delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Matched {
    /// Merged.
    pub merged: i64,
    /// Pairs that wait for a person.
    pub review: i64,
}

/// A delivery compared with the registry, which no other writer can change until it is applied or dropped.
pub struct Planned {
    pub(super) stage: Stage,
    pub(super) difference: Difference,
    pub(super) timelines: Option<Arc<TimelineRules>>,
    pub(super) cursor: Option<String>,
    pub(super) schemas: Option<Schemas>,
    /// Whether it is all that there is.
    pub(super) snapshot: bool,
    /// Whether it is only what stood in quarantine.
    pub(super) again: bool,
}

impl Planned {
    /// What it would do.
    pub fn difference(&self) -> &Difference {
        &self.difference
    }

    /// What comparing with the whole delivery and the registry found (codes `K` and `S`): the first finding of each
    /// code and how many there are.
    ///
    /// # Errors
    /// The temporary tables cannot be read.
    pub async fn findings_of_the_set(&mut self) -> Result<Vec<(finding::Finding, u64)>, RegistryError> {
        let session = &mut self.stage.session;
        let rows = session.rows(sql::findings_of_the_set(), &[]).await?;
        let mut found = Vec::new();
        for row in &rows {
            let read = || -> Result<Option<(finding::Finding, u64)>, sqlx::Error> {
                let code: String = row.try_get("code")?;
                let Some(rule) = finding::rule(&code) else { return Ok(None) };
                let finding = finding::Finding {
                    entity: row.try_get("entity")?,
                    record_key: row.try_get("record_key")?,
                    field: row.try_get("field")?,
                    landed: row.try_get("landed")?,
                    sheet: row.try_get("sheet")?,
                    row: row.try_get("row")?,
                    part: row.try_get("part")?,
                    cell: row.try_get("cell")?,
                    column: row.try_get("column")?,
                    value: row.try_get("value")?,
                    expected: row.try_get("expected")?,
                    hint: row.try_get("hint")?,
                    ..finding::Finding::of(rule)
                };
                Ok(Some((finding, row.try_get::<i64, _>("found")?.unsigned_abs())))
            };
            found.extend(read().map_err(|error| session.site.error(error))?);
        }
        Ok(found)
    }
}

/// How many records the registry holds of the source.
pub(super) const HOLDS: &str = "SELECT holds FROM source_state WHERE source = $2";

impl Stage {
    /// Compares what was staged with what the registry holds.
    ///
    /// # Errors
    /// Another writer keeps the registry locked for too long, or temporary tables cannot be written.
    pub async fn difference(mut self, delivery: &Delivery<'_>) -> Result<Planned, RegistryError> {
        for name in delivery.mapped {
            if let Some((entity, child)) = model::target(name).filter(|(entity, _)| entity.kept != Kept::Lake) {
                self.staged(Table { entity, child }).await?;
            }
        }
        for table in self.staged.iter().map(|staged| staged.table.parent()).collect::<Vec<_>>() {
            self.staged(table).await?;
        }
        self.staged.iter_mut().for_each(Staged::settle);
        self.staged.sort_by_key(|staged| (model::rank(staged.table.entity), staged.table.child.is_some()));
        self.session.begin().await?;
        let after = "SELECT max(effective_at) FROM run_source WHERE effective_at > $3";
        let rows = self.session.scoped_rows(after, &self.scope).await?;
        let site = &self.session.site;
        if let Some(later) = rows.first().and_then(|row| row.try_get::<Option<String>, _>(0).transpose()) {
            self.scope.at = later.map_err(|error| site.error(error))?;
        }

        let staged = self.staged.clone();
        for one in &staged {
            for statement in one.create_delta().into_iter().chain(one.index_referred(&staged)) {
                self.session.define(statement).await?;
            }
            self.session.filled_columns(&format!("stage_{}", one.table.name()), sql::JOINED).await?;
        }
        let (mut entities, mut matched) = (Vec::new(), Matched::default());
        for one in staged.iter().filter(|one| one.table.child.is_none()) {
            let (counts, found) = self.compare_entity(one, &staged, delivery).await?;
            entities.extend(counts);
            matched = Matched { merged: matched.merged + found.merged, review: matched.review + found.review };
        }
        if delivery.mapped.contains(&STATUS_EVENT) {
            let (mapped, quarantined) = (self.events.mapped, self.events.quarantined);
            let accepted = mapped - quarantined;
            let entity = STATUS_EVENT.to_owned();
            entities.push(EntityDifference { entity, mapped, accepted, quarantined, ..EntityDifference::default() });
        }
        let gate = self.gate(&entities, &staged, delivery).await?;
        if let Some(gate) = &gate {
            self.findings(&finding::frame(&[gate.finding()])?).await?;
        }
        let mut samples = Vec::new();
        for one in staged.iter().filter(|one| one.table.child.is_none()) {
            samples.extend(self.samples(one, &staged).await?);
        }
        samples.extend(self.merged_samples(matched).await?);
        let timelines = delivery.timelines.cloned();
        Ok(Planned {
            cursor: delivery.cursor.map(str::to_owned),
            schemas: delivery.schemas.cloned(),
            stage: self,
            difference: Difference { entities, samples, matched, found: Vec::new(), gate },
            timelines,
            snapshot: delivery.snapshot,
            again: delivery.again,
        })
    }

    /// One entity with its children.
    async fn compare_entity(
        &mut self,
        one: &Staged,
        staged: &[Staged],
        delivery: &Delivery<'_>,
    ) -> Result<(Vec<EntityDifference>, Matched), RegistryError> {
        // A row that names no record may be any of those that seem absent; of some rows it is known which.
        let unknown = self.session.number(one.count_unidentified(), &self.scope).await? + self.rejected_rows();
        let snapshot = delivery.snapshot && delivery.mapped.contains(&one.table.entity.name);
        if snapshot && unknown > 0 && self.session.number(HOLDS, &self.scope).await? > 0 {
            let finding = finding::Finding {
                entity: one.table.label(),
                value: Some(unknown.to_string()),
                ..finding::Finding::of(&finding::RETIREMENTS_HELD_BACK)
            };
            self.findings(&finding::frame(&[finding])?).await?;
        }
        let whole = snapshot && unknown == 0;
        let children: Vec<&Staged> = staged
            .iter()
            .filter(|other| other.table.child.is_some() && other.table.entity.name == one.table.entity.name)
            .collect();
        let mut counts = self.count_staged(one).await?;
        let repeats = delivery.repeats.contains(&one.table.entity.name);
        if repeats {
            let [index, complete] = one.complete();
            self.session.define(index).await?;
            self.session.run(complete).await?;
        }
        self.session.run(one.winners()).await?;
        self.filled("delta", one).await?;
        if repeats {
            // Several rows are one record here, and it was mapped once.
            let winners = self.states(one).await?.get("accepted").copied().unwrap_or_default();
            counts.mapped = counts.quarantined + winners;
        }
        self.drop_duplicates(one, &mut counts, 0).await?;
        let refuses = one.table.entity.link || one.table.entity.fields.iter().any(|field| field.binding);
        if refuses {
            self.check_references(one, staged).await?;
        }
        self.session.run(one.compare()).await?;
        // Before, every row said `accepted`.
        self.filled("delta", one).await?;
        if whole {
            self.session.scoped(one.retire(), &self.scope).await?;
            self.filled("retire", one).await?;
        }
        let mut child_counts = Vec::new();
        for child in children {
            child_counts.push(self.compare_child(child, whole, counts.duplicates > 0).await?);
        }
        for statement in one.resolve() {
            self.session.run(statement).await?;
        }
        self.filled("uid", one).await?;
        let matched = self.recognise(one, staged, delivery.matching).await?;
        self.session.run(one.gone()).await?;
        if !refuses {
            self.check_references(one, staged).await?;
        }
        for statement in one.quarantine() {
            self.session.run(statement).await?;
        }
        self.count_delta(one, &mut counts).await?;
        Ok((std::iter::once(counts).chain(child_counts).collect(), matched))
    }

    /// One child, after its parent was compared.
    async fn compare_child(
        &mut self,
        child: &Staged,
        whole: bool,
        echoes: bool,
    ) -> Result<EntityDifference, RegistryError> {
        let mut counts = self.count_staged(child).await?;
        self.session.run(child.orphans(whole)).await?;
        let orphans = self.session.number(child.count("orphan"), &self.scope).await?;
        if orphans > 0 {
            self.session.run(child.orphan_findings()).await?;
            for statement in child.refused_cells() {
                self.session.run(statement).await?;
            }
        }
        counts.quarantined += orphans;
        let mut repeated = 0;
        if echoes {
            self.session.define(child.index_children()).await?;
            self.session.run(child.echoes()).await?;
            repeated = self.session.number(child.count("echo"), &self.scope).await?;
        }
        self.session.run(child.winners()).await?;
        self.filled("delta", child).await?;
        self.drop_duplicates(child, &mut counts, repeated).await?;
        self.session.run(child.compare()).await?;
        self.filled("delta", child).await?;
        // A row that could not be read, or names no place in a list, may be any of those that seem absent.
        let unknown = self.session.number(child.count_unknown_children(), &self.scope).await?;
        if unknown > 0 && self.session.scoped(child.hold_children(), &self.scope).await? > 0 {
            let finding = finding::Finding {
                entity: child.table.label(),
                value: Some(unknown.to_string()),
                ..finding::Finding::of(&finding::RETIREMENTS_HELD_BACK)
            };
            self.findings(&finding::frame(&[finding])?).await?;
        }
        self.session.scoped(child.retire_children(), &self.scope).await?;
        for statement in child.touch_parents() {
            self.session.run(statement).await?;
        }
        for statement in child.quarantine() {
            self.session.run(statement).await?;
        }
        self.count_delta(child, &mut counts).await?;
        Ok(counts)
    }

    /// Counts staged rows and those that came rejected; numbers children that came without a number.
    async fn count_staged(&mut self, one: &Staged) -> Result<EntityDifference, RegistryError> {
        let rows = self.session.scoped_rows(one.count_staged(), &self.scope).await?;
        let [mapped, quarantined, unnumbered] = self.numbers(rows.first())?;
        if one.table.child.is_some() && unnumbered > 0 {
            self.session.run(one.number_children()).await?;
        }
        Ok(EntityDifference { entity: one.table.label(), mapped, quarantined, ..EntityDifference::default() })
    }

    async fn filled(&mut self, prefix: &str, one: &Staged) -> Result<(), RegistryError> {
        self.session.filled(&format!("{prefix}_{}", one.table.name())).await
    }

    pub(super) fn numbers<const N: usize>(&self, row: Option<&Row>) -> Result<[i64; N], RegistryError> {
        let mut numbers = [0; N];
        if let Some(row) = row {
            for (n, number) in numbers.iter_mut().enumerate() {
                *number = row.try_get(n).map_err(|error| self.session.site.error(error))?;
            }
        }
        Ok(numbers)
    }

    /// Tells of the rows that came twice, if any did; `others` are counted as such already.
    async fn drop_duplicates(
        &mut self,
        one: &Staged,
        counts: &mut EntityDifference,
        others: i64,
    ) -> Result<(), RegistryError> {
        let winners = self.states(one).await?.get("accepted").copied().unwrap_or_default();
        counts.duplicates = counts.mapped - counts.quarantined - winners;
        if counts.duplicates > others {
            self.session.run(one.dropped()).await?;
            self.filled("dropped", one).await?;
            for statement in one.duplicate_findings() {
                self.session.run(statement).await?;
            }
        }
        Ok(())
    }

    async fn check_references(&mut self, one: &Staged, staged: &[Staged]) -> Result<(), RegistryError> {
        for statement in one.reference_findings(staged, self.session.dialect()) {
            self.session.run(statement).await?;
        }
        if let Some(statement) = one.refuse_references(staged)
            && self.session.run(statement).await? > 0
        {
            for statement in one.refused_cells() {
                self.session.run(statement).await?;
            }
        }
        Ok(())
    }

    async fn states(&mut self, one: &Staged) -> Result<BTreeMap<String, i64>, RegistryError> {
        let rows = self.session.scoped_rows(one.count_delta(), &self.scope).await?;
        let pair = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(pair).collect::<Result<_, _>>().map_err(|error| self.session.site.error(error))
    }

    async fn count_delta(&mut self, one: &Staged, counts: &mut EntityDifference) -> Result<(), RegistryError> {
        let states = self.states(one).await?;
        let of = |state: &str| states.get(state).copied().unwrap_or_default();
        counts.inserted = of("inserted");
        counts.changed = of("changed");
        counts.unchanged = of("unchanged");
        counts.quarantined += of("refused");
        counts.accepted = counts.inserted + counts.changed + counts.unchanged;
        counts.retired = self.session.number(one.count("retire"), &self.scope).await?;
        Ok(())
    }

    /// Examples of what happens to one entity.
    async fn samples(&mut self, one: &Staged, staged: &[Staged]) -> Result<Vec<Sample>, RegistryError> {
        let entity = one.table.label();
        let site = self.session.site.clone();
        let bare = |row: &Row, change: Change| -> Result<Sample, sqlx::Error> {
            let (entity, key, uid) = (entity.clone(), row.try_get(0)?, row.try_get(1)?);
            Ok(Sample { entity, change, key, uid, field: None, old: None, new: None })
        };
        let mut samples = Vec::new();
        for row in self.session.scoped_rows(one.samples("inserted"), &self.scope).await? {
            samples.push(bare(&row, Change::Inserted).map_err(|error| site.error(error))?);
        }
        let columns = one.delivered();
        for row in self.session.scoped_rows(one.samples("changed"), &self.scope).await? {
            let sample = bare(&row, Change::Changed).map_err(|error| site.error(error))?;
            for (n, (column, _)) in columns.iter().enumerate() {
                let values = || Ok((row.try_get(3 + 2 * n)?, row.try_get(4 + 2 * n)?));
                let (old, new): (Option<String>, Option<String>) = values().map_err(|error| site.error(error))?;
                if old != new {
                    samples.push(Sample { field: Some(column.clone()), old, new, ..sample.clone() });
                }
            }
            let record: String = row.try_get(2).map_err(|error| site.error(error))?;
            for child in staged.iter().filter(|child| child.table.entity.name == one.table.entity.name) {
                let Some(list) = child.table.child else { continue };
                let rows = self.session.rows(child.children_change(), &[record.as_str().into()]).await?;
                if self.numbers::<1>(rows.first())? != [0] {
                    samples.push(Sample { field: Some(list.name.to_owned()), ..sample.clone() });
                }
            }
        }
        for row in self.session.scoped_rows(one.retired_samples(), &self.scope).await? {
            samples.push(bare(&row, Change::Retired).map_err(|error| site.error(error))?);
        }
        Ok(samples)
    }
}
