//! Rows of landed files that stand in quarantine go through again: these, and the rows of the same records in their file,
//! since a list is delivered as a whole, and where a record stands twice the later row counts.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use polars::prelude::*;
use vienkop_connectors::format::{Input, TableReader};
use vienkop_connectors::registry::{RegistryError, Stage, Standing};
use vienkop_transforms::batch::{Batch, MENDS, PART, ROW};
use vienkop_transforms::finding::{Finding, Severity};
use vienkop_transforms::mapping::{TablePlan, map};
use vienkop_transforms::model::Kept;
use vienkop_transforms::normalise::{Context, normalise};
use vienkop_transforms::records::RECORD_UID;
use vienkop_transforms::resolve::resolve;

use super::feed::{Fed, feed};
use super::stop::Stop;
use super::{Importer, Prepared};

/// Where a row stands in a file: sheet, row, part.
type Spot = (Option<String>, i64, Option<i64>);

/// What goes through again, and how far it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Retry {
    standing: Vec<Standing>,
    /// Places in `standing` by number of the landed file.
    by_file: HashMap<i64, Vec<usize>>,
    /// Of the table at hand: places in `standing`.
    spots: HashMap<Spot, Vec<usize>>,
    /// Of the table at hand: records of which all rows go through.
    uids: HashSet<String>,
    /// Places in `standing` of rows that were met.
    met: BTreeSet<usize>,
    /// Numbers in quarantine of which the registry has got something newer since.
    newer: BTreeSet<i64>,
}

impl Retry {
    /// Of these records.
    pub(crate) fn new(standing: Vec<Standing>) -> Self {
        let mut by_file: HashMap<i64, Vec<usize>> = HashMap::new();
        for (at, one) in standing.iter().enumerate() {
            if let Some((landed, ..)) = &one.file {
                by_file.entry(*landed).or_default().push(at);
            }
        }
        Self { standing, by_file, ..Self::default() }
    }

    /// Numbers of which the registry holds something newer: they were left out.
    pub(crate) fn newer(&self) -> Vec<i64> {
        self.newer.iter().copied().collect()
    }

    /// Numbers of rows that no table of the source reads any more.
    pub(crate) fn unread(&self) -> Vec<i64> {
        let unread = |(at, one): (usize, &Standing)| {
            (!self.met.contains(&at) && !self.newer.contains(&one.id)).then_some(one.id)
        };
        self.standing.iter().enumerate().filter_map(unread).collect()
    }

    /// A table of a file begins; whether anything of it goes through.
    fn turn_to(&mut self, plan: &TablePlan, landed: i64) -> bool {
        self.spots.clear();
        self.uids.clear();
        for at in self.by_file.get(&landed).into_iter().flatten() {
            let one = &self.standing[*at];
            let Some(row) = one.row else { continue };
            // A child of a record that was made from the record's own row comes with it.
            let of_row = || {
                let child = one.entity.strip_prefix(plan.entity.name).and_then(|rest| rest.strip_prefix('.'));
                plan.child.is_none() && plan.children.iter().any(|made| Some(made.child.name) == child)
            };
            if one.entity == plan.name() || of_row() {
                self.spots.entry((one.sheet.clone(), row, one.part)).or_default().push(*at);
            }
        }
        !self.spots.is_empty()
    }

    /// Whether a finding of the reader is about a row that goes through, and not about its file.
    pub(super) fn takes(&self, finding: &Finding) -> bool {
        let spot = |row| self.spots.contains_key(&(finding.sheet.clone(), row, finding.part));
        finding.severity != Severity::Info.as_str() && finding.row.is_some_and(spot)
    }

    /// Notes that a row was met that could not be cut into cells.
    pub(super) fn meets(&mut self, finding: &Finding) {
        if let Some(row) = finding.row {
            self.met.extend(self.spots.get(&(finding.sheet.clone(), row, finding.part)).into_iter().flatten());
        }
    }

    /// The rows of a batch that go through; none where it has none.
    pub(super) fn pick(
        &mut self,
        plan: &TablePlan,
        batch: Batch,
        context: &Context<'_>,
        hidden: &BTreeSet<String>,
    ) -> PolarsResult<Option<Batch>> {
        let mut wanted: HashSet<(i64, Option<i64>)> = HashSet::new();
        for (row, part) in spots(&batch)? {
            if let Some(at) = self.spots.get(&(batch.origin.sheet.clone(), row, part)) {
                self.met.extend(at);
                wanted.insert((row, part));
            }
        }
        if !self.uids.is_empty() {
            for (row, part, uid) in uids(plan, batch.clone(), context, hidden)? {
                if self.uids.contains(&uid) {
                    wanted.insert((row, part));
                }
            }
        }
        if wanted.is_empty() {
            return Ok(None);
        }
        // Which numbers rows of a correction workbook mended was settled when they came.
        let Batch { origin, frame } = among(batch, &wanted)?;
        Ok(Some(Batch { origin, frame: frame.drop_many([MENDS]) }))
    }

    /// Leaves out records of which the registry has got a version since they were put into quarantine: theirs is older.
    /// `named`: places in `standing` and the records that their rows are by today's mapping.
    fn settle(&mut self, plan: &TablePlan, named: Vec<(usize, String)>, latest: &BTreeMap<String, (i64, Option<i64>)>) {
        for (at, uid) in &named {
            let one = &self.standing[*at];
            // A list that came again since would have taken its rows out of quarantine; its parent may have come alone.
            let of_list = plan.child.is_some() && one.record_uid.as_ref() == Some(uid);
            let file = one.file.as_ref().map(|(landed, ..)| *landed);
            let newer = |(run, landed): &(i64, Option<i64>)| *run > one.run || (*run == one.run && *landed != file);
            if !of_list && latest.get(uid).is_some_and(newer) {
                self.newer.insert(one.id);
            }
        }
        let left: HashSet<usize> =
            named.iter().map(|(at, _)| *at).filter(|at| self.newer.contains(&self.standing[*at].id)).collect();
        self.spots.retain(|_, at| {
            at.retain(|at| !left.contains(at));
            !at.is_empty()
        });
        self.uids.extend(named.into_iter().filter(|(at, _)| !left.contains(at)).map(|(_, uid)| uid));
    }

    /// Numbers in quarantine of rows of the table at hand that went through, by what they were of.
    fn gone_through(&self) -> BTreeMap<String, Vec<i64>> {
        let mut ids: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for at in self.spots.values().flatten().filter(|at| self.met.contains(at)) {
            let one = &self.standing[*at];
            ids.entry(one.entity.clone()).or_default().push(one.id);
        }
        ids
    }
}

impl Importer<'_> {
    /// Settles which rows of a table of a landed file go through again; whether any do.
    pub(super) async fn choose(
        &self,
        prepared: &Prepared<'_>,
        plan: &TablePlan,
        reader: &Arc<dyn TableReader>,
        input: &Input,
        stage: &mut Stage,
        retry: &mut Retry,
    ) -> Result<bool, Stop> {
        if !retry.turn_to(plan, input.landed) {
            return Ok(false);
        }
        // Events are told apart by more than a key, and one that is held already stays as it is.
        if plan.entity.kept == Kept::Lake {
            return Ok(true);
        }
        let context = self.context(prepared);
        let mut fed =
            feed(Arc::clone(reader), input.clone(), plan.wanted(), self.session.config.vienkop.limits.clone());
        let mut named = Vec::new();
        while let Some(next) = fed.recv().await {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(Stop::Cancelled);
            }
            // Whatever else it says it says again.
            let Fed::Batch(batch) = next else { continue };
            tokio::task::block_in_place(|| -> PolarsResult<()> {
                let sheet = batch.origin.sheet.clone();
                let spot = |row, part| retry.spots.get(&(sheet.clone(), row, part));
                let wanted = spots(&batch)?.into_iter().filter(|(row, part)| spot(*row, *part).is_some()).collect();
                for (row, part, uid) in uids(plan, among(batch, &wanted)?, &context, &prepared.hidden)? {
                    named.extend(spot(row, part).into_iter().flatten().map(|at| (*at, uid.clone())));
                }
                Ok(())
            })?;
        }
        let uids: BTreeSet<String> = named.iter().map(|(_, uid)| uid.clone()).collect();
        let latest = stage.latest(plan.entity, &uids.into_iter().collect::<Vec<_>>()).await?;
        retry.settle(plan, named, &latest);
        Ok(!retry.spots.is_empty())
    }

    /// What went through of a table is taken out of quarantine when it is loaded; what is still wrong goes there anew.
    pub(super) async fn taken(stage: &mut Stage, retry: &Retry) -> Result<(), RegistryError> {
        for (entity, mut ids) in retry.gone_through() {
            ids.sort_unstable();
            let numbers = Int64Chunked::from_vec("number".into(), ids);
            stage.mends(&numbers).await?;
            stage.mended(&numbers, &entity).await?;
        }
        Ok(())
    }
}

/// Places of the rows of a batch.
fn spots(batch: &Batch) -> PolarsResult<Vec<(i64, Option<i64>)>> {
    places(&batch.frame)
}

fn places(frame: &DataFrame) -> PolarsResult<Vec<(i64, Option<i64>)>> {
    let (rows, parts) = (frame.column(ROW)?.i64()?, frame.column(PART)?.i64()?);
    Ok(rows.iter().zip(parts.iter()).map(|(row, part)| (row.unwrap_or_default(), part)).collect())
}

/// The batch with these rows only.
fn among(batch: Batch, wanted: &HashSet<(i64, Option<i64>)>) -> PolarsResult<Batch> {
    let keep: BooleanChunked = spots(&batch)?.iter().map(|spot| Some(wanted.contains(spot))).collect();
    Ok(Batch { frame: batch.frame.filter(&keep)?, origin: batch.origin })
}

/// The records that rows of a batch are by today's mapping: row, part, uid (of a list: of its parent). A row may be several
/// records; one whose key cannot be told is none.
fn uids(
    plan: &TablePlan,
    batch: Batch,
    context: &Context<'_>,
    hidden: &BTreeSet<String>,
) -> PolarsResult<Vec<(i64, Option<i64>, String)>> {
    // Each row by itself.
    let plan = TablePlan { repeats: false, ..plan.clone() };
    let resolved = resolve(&plan, &normalise(map(&plan, batch)?, context), 1, hidden)?;
    let Some(records) = resolved.records.first() else { return Ok(Vec::new()) };
    let uids = records.frame.column(RECORD_UID)?.str()?;
    let spots = places(&records.frame)?;
    Ok(spots.into_iter().zip(uids.iter()).filter_map(|((row, part), uid)| Some((row, part, uid?.to_owned()))).collect())
}
