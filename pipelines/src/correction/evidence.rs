//! Evidence: the rows in quarantine, read again from the landed files with all their columns.
//!
//! Of a list (steps of a service) and of a record that stands in several rows, the rows that belong to the same record come
//! along: a list is delivered as a whole, so that a mended row alone would take the others away.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use polars::prelude::*;
use vienkop_connectors::format::{Input, Output, ReadError, Rejected, Skip, Stopped, TableReader};
use vienkop_transforms::batch::{Batch, LocatorKind, Origin, PART, ROW};
use vienkop_transforms::check::check;
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::mapping::{TablePlan, map};
use vienkop_transforms::normalise::{Context, normalise};
use vienkop_transforms::records::RECORD_UID;
use vienkop_transforms::resolve::{missing_required, resolve};

use super::Made;
use crate::cli::session::Session;
use crate::import::Prepared;

/// Where a row stands in a sheet: row, part.
pub(super) type Spot = (i64, Option<i64>);
/// Where a row stands in a file: sheet, spot.
pub(super) type Place = (Option<String>, Spot);
/// Numbers in quarantine of the rows of a file, by sheet.
pub(super) type Places = HashMap<Option<String>, HashMap<Spot, i64>>;

/// Tables of a source that are read alike: a row is a row of all of them.
pub(super) struct Group {
    /// Place in the source's file, entity or child.
    pub(super) tables: Vec<(usize, String)>,
    plans: Vec<TablePlan>,
    reader: Arc<dyn TableReader>,
}

/// A row that goes into the workbook.
pub(super) struct Row<'a> {
    /// Where it comes from.
    pub(super) origin: &'a Origin,
    /// Where it stands in the sheet.
    pub(super) spot: Spot,
    /// A cell a column of the origin.
    pub(super) cells: &'a [Option<&'a str>],
    /// Number in quarantine; of a row that only comes along, that of the one it belongs to.
    pub(super) number: i64,
    /// Whether it is in quarantine itself.
    pub(super) rejected: bool,
}

/// Takes the rows in the order of the file.
pub(super) trait Sink {
    fn row(&mut self, group: &Group, row: &Row<'_>) -> anyhow::Result<()>;
    /// A row that could not be cut into cells.
    fn uncut(&mut self, place: &Place, number: i64, text: &str) -> anyhow::Result<()>;
}

/// The tables that a landed file holds, by how they are read.
pub(super) fn groups(session: &Session, prepared: &Prepared<'_>, input: &Input) -> Result<Vec<Group>, Box<Finding>> {
    if let Some(made) = Made::of(input, &session.config.vienkop.limits) {
        let mut tables = made.tables(prepared)?.into_iter();
        let group = |sheet: super::Mended| -> Option<Group> {
            let read: Vec<_> = tables.by_ref().take(sheet.tables.len()).collect();
            let reader = Arc::clone(&read.first()?.reader);
            Some(Group { tables: sheet.tables, plans: read.into_iter().map(|table| table.plan).collect(), reader })
        };
        return Ok(made.sheets.into_iter().filter_map(group).collect());
    }
    let mut groups: Vec<(usize, Group)> = Vec::new();
    for (at, table) in prepared.tables.iter().enumerate().filter(|(_, table)| table.is_in(&input.name)) {
        let of = |at: usize| prepared.source.table.get(at).map(|table| (&table.read, &table.files));
        let named = (at, table.plan.name());
        if let Some((_, group)) = groups.iter_mut().find(|(first, _)| of(*first) == of(at)) {
            group.tables.push(named);
            group.plans.push(table.plan.clone());
        } else {
            let (plans, reader) = (vec![table.plan.clone()], Arc::clone(&table.reader));
            groups.push((at, Group { tables: vec![named], plans, reader }));
        }
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

impl Group {
    /// Whether a record in quarantine is of one of its tables; `entity`: as quarantine calls it.
    pub(super) fn holds(&self, entity: &str) -> bool {
        self.plans.iter().any(|plan| {
            let child =
                |name: &str| entity.strip_prefix(plan.entity.name).and_then(|e| e.strip_prefix('.')) == Some(name);
            plan.name() == entity || plan.children.iter().any(|of| child(of.child.name))
        })
    }

    /// Plans of which several rows are one record, each taken for itself.
    fn lists(&self) -> Vec<TablePlan> {
        let several = |plan: &&TablePlan| (plan.child.is_some() || plan.repeats) && plan.events.is_empty();
        self.plans.iter().filter(several).map(|plan| TablePlan { repeats: false, ..plan.clone() }).collect()
    }

    /// Reads the rows at these places (each with its number in quarantine) and those that belong to the same records.
    /// Returns the places that were found.
    pub(super) fn read(
        &self,
        session: &Session,
        prepared: &Prepared<'_>,
        input: &Input,
        places: &Places,
        sink: &mut dyn Sink,
    ) -> anyhow::Result<HashSet<Place>> {
        let limits = &session.config.vienkop.limits;
        let mut wanted: Vec<String> = self.plans.iter().flat_map(TablePlan::wanted).collect();
        let context = Context {
            codelists: &session.config.codelists,
            time_zone: &session.time_zone,
            until: session.end_of_day(),
            pseudonym_key: prepared.key.as_ref(),
        };
        let mut look = Look {
            context,
            prepared,
            lists: self.lists(),
            places,
            uids: HashMap::new(),
            further: Vec::new(),
            fault: None,
        };
        // What records have beside what is mapped is told by a reader of records; a table has all its columns anyway.
        if !look.lists.is_empty() || matches!(prepared.locator, LocatorKind::Record | LocatorKind::Pointer) {
            ended(self.reader.read(input, &wanted, limits, &mut look))?;
            if let Some(fault) = look.fault.take() {
                return Err(fault);
            }
            let further = std::mem::take(&mut look.further);
            wanted.extend(further);
        }
        let mut take = Take { look, group: self, sink, found: HashSet::new() };
        ended(self.reader.read(input, &wanted, limits, &mut take))?;
        match take.look.fault {
            Some(fault) => Err(fault),
            None => Ok(take.found),
        }
    }
}

/// A file that was read once and cannot be now gives what it gives: what is not found is told as expired.
fn ended(read: Result<(), ReadError>) -> anyhow::Result<()> {
    match read {
        Ok(()) | Err(ReadError::Stopped(_) | ReadError::File(_) | ReadError::Io(_)) => Ok(()),
        Err(ReadError::Frame(error)) => Err(error.into()),
    }
}

/// Which records the rows in quarantine belong to.
struct Look<'a> {
    context: Context<'a>,
    prepared: &'a Prepared<'a>,
    lists: Vec<TablePlan>,
    places: &'a Places,
    /// Number in quarantine by table and record.
    uids: HashMap<(usize, String), i64>,
    /// Columns that nothing is mapped from.
    further: Vec<String>,
    fault: Option<anyhow::Error>,
}

impl Look<'_> {
    /// Records of the rows of a batch in one of the tables: spot, id.
    fn records(&self, at: usize, batch: &Batch) -> PolarsResult<Vec<(Spot, String)>> {
        let plan = &self.lists[at];
        let mapped = map(plan, batch.clone())?;
        if missing_required(plan, &mapped).is_some() {
            return Ok(Vec::new());
        }
        let mut normalised = normalise(mapped, &self.context);
        check(plan, &mut normalised)?;
        let resolved = resolve(plan, &normalised, 1, &self.prepared.hidden)?;
        let Some(records) = resolved.records.first() else { return Ok(Vec::new()) };
        let uids = records.frame.column(RECORD_UID)?.str()?;
        let spots = spots(&records.frame)?;
        Ok(spots.into_iter().zip(uids.iter()).filter_map(|(spot, uid)| Some((spot?, uid?.to_owned()))).collect())
    }

    fn learn(&mut self, batch: &Batch) -> PolarsResult<()> {
        let Some(numbers) = self.places.get(&batch.origin.sheet) else { return Ok(()) };
        for at in 0..self.lists.len() {
            for (spot, uid) in self.records(at, batch)? {
                if let Some(number) = numbers.get(&spot) {
                    let known = self.uids.entry((at, uid)).or_insert(*number);
                    *known = (*known).min(*number);
                }
            }
        }
        Ok(())
    }
}

impl Output for Look<'_> {
    fn batch(&mut self, batch: Batch) -> Result<(), Stopped> {
        self.learn(&batch).map_err(|error| {
            self.fault = Some(error.into());
            Stopped
        })
    }

    fn finding(&mut self, finding: Finding) {
        if finding.code == finding::UNMAPPED_COLUMN.code {
            self.further.extend(finding.column);
        }
    }

    fn skipped(&mut self, _: Skip, _: u64) {}

    fn rejected(&mut self, _: Rejected) {}
}

/// Takes the rows.
struct Take<'a> {
    look: Look<'a>,
    group: &'a Group,
    sink: &'a mut dyn Sink,
    found: HashSet<Place>,
}

impl Take<'_> {
    fn take(&mut self, batch: &Batch) -> anyhow::Result<()> {
        let mut along: HashMap<Spot, i64> = HashMap::new();
        if !self.look.uids.is_empty() {
            for at in 0..self.look.lists.len() {
                for (spot, uid) in self.look.records(at, batch)? {
                    if let Some(number) = self.look.uids.get(&(at, uid)) {
                        along.entry(spot).or_insert(*number);
                    }
                }
            }
        }
        let columns: Vec<&StringChunked> = batch
            .origin
            .columns
            .iter()
            .map(|column| batch.frame.column(&column.name)?.str())
            .collect::<PolarsResult<_>>()?;
        let sheet = &batch.origin.sheet;
        let numbers = self.look.places.get(sheet);
        for (at, spot) in spots(&batch.frame)?.into_iter().enumerate() {
            let Some(spot) = spot else { continue };
            let rejected = numbers.and_then(|numbers| numbers.get(&spot));
            let Some(number) = rejected.or_else(|| along.get(&spot)) else { continue };
            let cells: Vec<Option<&str>> = columns.iter().map(|column| column.get(at)).collect();
            let (number, rejected) = (*number, rejected.is_some());
            self.sink.row(self.group, &Row { origin: &batch.origin, spot, cells: &cells, number, rejected })?;
            if rejected {
                self.found.insert((sheet.clone(), spot));
            }
        }
        Ok(())
    }

    fn note<T>(&mut self, done: anyhow::Result<T>) -> Result<(), Stopped> {
        done.map(|_| ()).map_err(|error| {
            self.look.fault = Some(error);
            Stopped
        })
    }
}

impl Output for Take<'_> {
    fn batch(&mut self, batch: Batch) -> Result<(), Stopped> {
        let taken = self.take(&batch);
        self.note(taken)
    }

    fn finding(&mut self, _: Finding) {}

    fn skipped(&mut self, _: Skip, _: u64) {}

    fn rejected(&mut self, row: Rejected) {
        let Some(at) = row.finding.row else { return };
        let (sheet, spot) = (row.finding.sheet.clone(), (at, row.finding.part));
        if let Some(number) = self.look.places.get(&sheet).and_then(|numbers| numbers.get(&spot)).copied() {
            let place = (sheet, spot);
            let written = self.sink.uncut(&place, number, &row.text);
            // A reader is not stopped by a row that it rejects; the next batch is.
            if self.note(written).is_ok() {
                self.found.insert(place);
            }
        }
    }
}

/// Where each row of a frame stands.
fn spots(frame: &DataFrame) -> PolarsResult<Vec<Option<Spot>>> {
    let (rows, parts) = (frame.column(ROW)?.i64()?, frame.column(PART)?.i64()?);
    Ok(rows.iter().zip(parts.iter()).map(|(row, part)| Some((row?, part))).collect())
}
