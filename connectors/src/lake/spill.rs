//! The spill: a delivery's accepted events put aside as they are read, to be merged bucket by bucket.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;
use vienkop_transforms::records::SEQ;
use vienkop_transforms::status::tables::{BUCKET, LakeTable};

use super::LakeError;
use super::run::{Buckets, Run, stack};
use super::shelf::{Shelf, Workspace};

/// Accepted events of one delivery. Dropped, it leaves nothing behind.
pub struct Spill {
    pub(super) source: String,
    shelf: Shelf<()>,
    workspace: Arc<Workspace>,
    schema: Arc<Schema>,
    most: usize,
    waiting: Vec<DataFrame>,
    rows_waiting: usize,
    rows: u64,
}

impl Spill {
    /// `folder` is this spill's alone; what lies in it is removed. `most` rows may stay in memory.
    pub(super) fn begin(source: &str, root: &Path, folder: PathBuf, most: usize) -> Result<Self, LakeError> {
        let schema = Arc::new(delivered_schema());
        let workspace = Arc::new(Workspace::begin(root, folder)?);
        let shelf = Shelf::new(&workspace, "spill", schema.clone(), 0);
        let source = source.to_owned();
        Ok(Self { source, shelf, workspace, schema, most, waiting: Vec::new(), rows_waiting: 0, rows: 0 })
    }

    /// Takes events: columns of [`LakeTable::StatusEvent`] and [`SEQ`] (`Int64`, place in the delivery, none twice),
    /// in any order.
    ///
    /// # Errors
    /// Other columns or types, a bucket out of range, or the disk.
    pub fn add(&mut self, events: &DataFrame) -> Result<(), LakeError> {
        let events = conform(events, &self.schema)?;
        self.rows += events.height() as u64;
        self.rows_waiting += events.height();
        self.waiting.push(events);
        if self.rows_waiting >= self.most {
            let run = self.take()?;
            self.shelf.put((), run)?;
        }
        Ok(())
    }

    /// Events taken so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn take(&mut self) -> PolarsResult<DataFrame> {
        self.rows_waiting = 0;
        let rows = stack(std::mem::take(&mut self.waiting), &self.schema)?;
        rows.sort([BUCKET], SortMultipleOptions::default().with_maintain_order(true))
    }

    /// No more events; the folder lives as long as the result.
    pub(super) fn seal(mut self) -> Result<Sealed, LakeError> {
        let rest = Run::memory(self.take()?)?;
        let mut runs = self.shelf.seal()?.remove(&()).unwrap_or_default();
        runs.push(rest);
        Ok(Sealed { runs, schema: self.schema, workspace: self.workspace })
    }
}

/// A spill that is complete.
pub(super) struct Sealed {
    runs: Vec<Run>,
    schema: Arc<Schema>,
    pub(super) workspace: Arc<Workspace>,
}

impl Sealed {
    /// Events in these buckets.
    pub(super) fn count(&self, buckets: &Buckets) -> usize {
        self.runs.iter().map(|run| run.count(buckets)).sum()
    }

    /// The events of these buckets.
    pub(super) fn read(&self, buckets: &Buckets) -> Result<DataFrame, LakeError> {
        let frames: Vec<DataFrame> = self.runs.iter().map(|run| run.read(buckets)).collect::<Result<_, _>>()?;
        Ok(stack(frames, &self.schema)?)
    }
}

/// Columns of a delivery's events.
pub(super) fn delivered_schema() -> Schema {
    let mut schema = LakeTable::StatusEvent.schema();
    schema.with_column(SEQ.into(), DataType::Int64);
    schema
}

/// The columns of `schema` in their order, if the types are those too.
pub(super) fn conform(frame: &DataFrame, schema: &Arc<Schema>) -> PolarsResult<DataFrame> {
    let frame = frame.select(schema.iter_names().cloned())?;
    if frame.schema() == schema {
        return Ok(frame);
    }
    let wrong = schema.iter_fields().find(|field| frame.schema().get(field.name()) != Some(field.dtype()));
    polars_bail!(SchemaMismatch: "a column should be {:?}, columns are {:?}", wrong, frame.schema())
}
