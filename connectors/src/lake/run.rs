//! Rows sorted by bucket, in memory or in a part of a Parquet file, read bucket range by bucket range.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;
use polars::prelude::*;
use vienkop_transforms::status::tables::{BUCKET, BUCKETS};

use super::LakeError;

/// Buckets from 0 to 255, one after the other.
pub type Buckets = RangeInclusive<i32>;

/// Every bucket.
pub(super) const ALL: Buckets = 0..=BUCKETS - 1;

/// A Parquet file that is read in slices; its footer is read once.
pub(super) struct Parquet {
    path: PathBuf,
    metadata: Arc<FileMetadata>,
}

impl Parquet {
    pub(super) fn open(path: &Path) -> Result<Self, LakeError> {
        let mut reader = ParquetReader::new(open(path)?);
        let metadata = reader.get_metadata().map_err(|error| LakeError::reading(path, error))?.clone();
        Ok(Self { path: path.to_owned(), metadata })
    }

    /// Rows `offset` to `offset + length`, of some columns in the order of the file, or of all.
    pub(super) fn read(&self, offset: usize, length: usize, columns: Option<&[&str]>) -> Result<DataFrame, LakeError> {
        let mut reader = ParquetReader::new(open(&self.path)?);
        reader.set_metadata(self.metadata.clone());
        let columns = columns.map(|columns| columns.iter().map(|&name| name.to_owned()).collect());
        let frame = reader.with_columns(columns).with_slice(Some((offset, length))).finish();
        let frame = frame.map_err(|error| LakeError::reading(&self.path, error))?;
        if frame.height() == length {
            return Ok(frame);
        }
        let reason = format!("it ends at row {} of {}", offset + frame.height(), offset + length);
        Err(LakeError::Damaged { path: self.path.clone(), reason })
    }
}

/// Polars wants the file of the standard library, whose errors name no path.
fn open(path: &Path) -> Result<std::fs::File, LakeError> {
    match fs::File::open(path) {
        Ok(file) => Ok(file.into_parts().0),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(LakeError::Missing { path: path.to_owned() }),
        Err(error) => Err(error.into()),
    }
}

/// Where each bucket begins in a run, and behind the last its length.
pub(super) struct Offsets(Vec<usize>);

impl Offsets {
    /// Of a frame sorted by bucket.
    pub(super) fn of(frame: &DataFrame) -> PolarsResult<Self> {
        let mut offsets = vec![0; BUCKETS as usize + 1];
        let mut last = 0;
        for bucket in frame.column(BUCKET)?.i32()?.iter() {
            let bucket = bucket.filter(|bucket| (last..BUCKETS).contains(bucket));
            last = bucket.ok_or_else(|| polars_err!(ComputeError: "rows are not sorted by bucket"))?;
            offsets[last as usize + 1] += 1;
        }
        for bucket in 0..BUCKETS as usize {
            offsets[bucket + 1] += offsets[bucket];
        }
        Ok(Self(offsets))
    }

    /// Place of their first row.
    pub(super) fn begin(&self, buckets: &Buckets) -> usize {
        self.0[*buckets.start() as usize]
    }

    /// Rows in these buckets.
    pub(super) fn count(&self, buckets: &Buckets) -> usize {
        self.0[*buckets.end() as usize + 1] - self.begin(buckets)
    }
}

enum Rows {
    Memory(DataFrame),
    File { file: Arc<Parquet>, start: usize },
}

/// Rows sorted by bucket.
pub(super) struct Run {
    rows: Rows,
    offsets: Offsets,
}

impl Run {
    /// Of a frame sorted by bucket.
    pub(super) fn memory(frame: DataFrame) -> PolarsResult<Self> {
        Ok(Self { offsets: Offsets::of(&frame)?, rows: Rows::Memory(frame) })
    }

    /// Of rows that stand in a file from `start` on.
    pub(super) fn part(file: Arc<Parquet>, start: usize, offsets: Offsets) -> Self {
        Self { rows: Rows::File { file, start }, offsets }
    }

    /// Of a file.
    pub(super) fn whole(path: &Path) -> Result<Self, LakeError> {
        let file = Parquet::open(path)?;
        let buckets = file.read(0, file.metadata.num_rows, Some(&[BUCKET]))?;
        let offsets = Offsets::of(&buckets).map_err(|error| LakeError::reading(path, error))?;
        Ok(Self::part(Arc::new(file), 0, offsets))
    }

    /// Rows in these buckets.
    pub(super) fn count(&self, buckets: &Buckets) -> usize {
        self.offsets.count(buckets)
    }

    /// Place in the run of the first row of these buckets.
    pub(super) fn begin(&self, buckets: &Buckets) -> usize {
        self.offsets.begin(buckets)
    }

    /// Rows of these buckets.
    pub(super) fn read(&self, buckets: &Buckets) -> Result<DataFrame, LakeError> {
        self.slice(self.begin(buckets), self.count(buckets), None)
    }

    /// Some rows, of some columns.
    pub(super) fn slice(&self, begin: usize, rows: usize, columns: Option<&[&str]>) -> Result<DataFrame, LakeError> {
        match &self.rows {
            Rows::Memory(frame) => {
                let frame = frame.slice(begin as i64, rows);
                Ok(columns.map_or_else(|| Ok(frame.clone()), |columns| frame.select(columns.iter().copied()))?)
            }
            Rows::File { file, start } => file.read(start + begin, rows, columns),
        }
    }
}

/// Cuts buckets into ranges of at most about `most` rows (a bucket is never cut).
pub(super) fn ranges(within: &Buckets, most: usize, rows: impl Fn(i32) -> usize) -> Vec<Buckets> {
    let mut ranges = Vec::new();
    let (mut first, mut sum) = (*within.start(), 0);
    for bucket in within.clone() {
        let more = rows(bucket);
        if sum > 0 && sum + more > most {
            ranges.push(first..=bucket - 1);
            (first, sum) = (bucket, 0);
        }
        sum += more;
    }
    ranges.push(first..=*within.end());
    ranges
}

/// Frames below one another; `schema` where there are none.
pub(super) fn stack(frames: impl IntoIterator<Item = DataFrame>, schema: &Schema) -> PolarsResult<DataFrame> {
    let mut frames = frames.into_iter();
    let mut all = frames.next().unwrap_or_else(|| DataFrame::empty_with_schema(schema));
    for frame in frames {
        all.vstack_mut_owned(frame)?;
    }
    Ok(all)
}
