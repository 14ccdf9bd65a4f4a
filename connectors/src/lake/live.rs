//! A live file of the lake: looked into, and what of it has to go.

use std::path::PathBuf;

use polars::prelude::*;
use vienkop_transforms::status::tables::BUCKET;

use super::identity::{FILE, POSITION};
use super::merge::{REQUEST_KEY, matching};
use super::run::{Buckets, Run, ranges};
use super::{LakeError, LakeFile};

/// Rows looked into at a time.
const LOOK: usize = 128 << 10;

/// A live file. Its rows are opened when they are needed first.
pub(super) struct Live {
    pub(super) file: LakeFile,
    path: PathBuf,
    run: Option<Run>,
    /// A bit a row; none as long as every row stays.
    removed: Vec<bool>,
}

impl Live {
    pub(super) fn new(file: LakeFile, path: PathBuf) -> Self {
        Self { file, path, run: None, removed: Vec::new() }
    }

    fn run(&mut self) -> Result<&Run, LakeError> {
        Ok(match &mut self.run {
            Some(run) => run,
            empty => empty.insert(Run::whole(&self.path)?),
        })
    }

    /// Rows in these buckets.
    pub(super) fn count(&mut self, buckets: &Buckets) -> Result<usize, LakeError> {
        Ok(self.run()?.count(buckets))
    }

    /// Rows of these buckets that stay.
    pub(super) fn staying(&mut self, buckets: &Buckets) -> Result<DataFrame, LakeError> {
        let run = self.run()?;
        let begin = run.begin(buckets);
        let rows = run.read(buckets)?;
        let Some(removed) = self.removed.get(begin..begin + rows.height()) else { return Ok(rows) };
        let stays: BooleanChunked = removed.iter().map(|removed| !removed).collect();
        Ok(rows.filter(&stays)?)
    }

    /// Whether some row has to go.
    pub(super) fn loses(&self) -> bool {
        !self.removed.is_empty()
    }

    /// A row has to go.
    pub(super) fn remove(&mut self, position: usize) {
        if self.removed.is_empty() {
            self.removed = vec![false; self.file.rows as usize];
        }
        if let Some(removed) = self.removed.get_mut(position) {
            *removed = true;
        }
    }

    /// All rows of some requests have to go.
    pub(super) fn remove_requests(&mut self, buckets: &Buckets, requests: &DataFrame) -> Result<(), LakeError> {
        for (_, _, positions) in self.find(buckets, requests)? {
            for position in positions {
                self.remove(position as usize);
            }
        }
        Ok(())
    }

    /// All rows of some requests, with `number` and their place in the file.
    pub(super) fn of_requests(
        &mut self,
        buckets: &Buckets,
        requests: &DataFrame,
        number: u32,
    ) -> Result<Vec<DataFrame>, LakeError> {
        let mut found = Vec::new();
        for (begin, rows, positions) in self.find(buckets, requests)? {
            let within: IdxCa = positions.iter().map(|position| Some(*position - begin as u32)).collect_ca("".into());
            let mut rows = self.run()?.slice(begin, rows, None)?.take(&within)?;
            rows.with_column(Column::new_scalar(FILE.into(), Scalar::from(number), rows.height()))?;
            rows.with_column(Column::new(POSITION.into(), positions))?;
            found.push(rows);
        }
        Ok(found)
    }

    /// Where rows of some requests stand: beginning and length of a part of the file, and positions in the file.
    fn find(&mut self, buckets: &Buckets, requests: &DataFrame) -> Result<Vec<(usize, usize, Vec<u32>)>, LakeError> {
        let mut found = Vec::new();
        let mut wanted = [false; 256];
        for bucket in requests.column(BUCKET)?.i32()?.into_no_null_iter() {
            if let Some(wanted) = wanted.get_mut(bucket as usize) {
                *wanted = true;
            }
        }
        let run = self.run()?;
        for buckets in ranges(buckets, LOOK, |bucket| run.count(&(bucket..=bucket))) {
            let (begin, rows) = (run.begin(&buckets), run.count(&buckets));
            if rows == 0 || !wanted[*buckets.start() as usize..=*buckets.end() as usize].contains(&true) {
                continue;
            }
            let keys =
                run.slice(begin, rows, Some(&REQUEST_KEY))?.with_row_index(POSITION.into(), Some(begin as u32))?;
            let positions = matching(keys, requests, JoinType::Semi)?;
            let mut positions: Vec<u32> = positions.column(POSITION)?.u32()?.into_no_null_iter().collect();
            positions.sort_unstable();
            if let (Some(first), Some(last)) = (positions.first(), positions.last()) {
                found.push((*first as usize, (last - first) as usize + 1, positions));
            }
        }
        Ok(found)
    }
}
