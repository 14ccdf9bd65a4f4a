//! Rows sorted by bucket, in memory or in a part of a Parquet file, read bucket range by bucket range.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fs_err as fs;
use polars::prelude::*;
use vienkop_transforms::status::tables::{BUCKET, BUCKETS};

use super::LakeError;

/// Buckets from 0 to 255, one after the other.
pub type Buckets = RangeInclusive<i32>;

/// Every bucket.
pub(super) const ALL: Buckets = 0..=BUCKETS - 1;

/// A Parquet file that is read in slices.
pub(super) struct Parquet {
    path: PathBuf,
    footers: Arc<Footers>,
}

/// The footer of the file that was read last: it grows with the file, so not every file's can stay in memory.
#[derive(Default)]
pub(super) struct Footers(Mutex<Option<(PathBuf, Arc<FileMetadata>)>>);

impl Footers {
    fn of(&self, path: &Path) -> Result<Arc<FileMetadata>, LakeError> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, footer)) = last.as_ref().filter(|(of, _)| of == path) {
            return Ok(footer.clone());
        }
        let mut reader = ParquetReader::new(open(path)?);
        let footer = reader.get_metadata().map_err(|error| LakeError::reading(path, error))?.clone();
        *last = Some((path.to_owned(), footer.clone()));
        Ok(footer)
    }
}

impl Parquet {
    /// A file whose footer is remembered with those of others.
    pub(super) fn among(path: PathBuf, footers: &Arc<Footers>) -> Self {
        Self { path, footers: footers.clone() }
    }

    /// Rows `offset` to `offset + length`, of some columns in the order of the file, or of all.
    pub(super) fn read(&self, offset: usize, length: usize, columns: Option<&[&str]>) -> Result<DataFrame, LakeError> {
        let mut reader = ParquetReader::new(open(&self.path)?);
        reader.set_metadata(self.footers.of(&self.path)?);
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

/// Where each bucket begins in a run, from the first that has rows to the last, and behind that the run's length: runs
/// are many and hold few buckets each.
pub(super) struct Offsets {
    first: i32,
    begins: Vec<usize>,
}

impl Offsets {
    /// Of a frame sorted by bucket.
    pub(super) fn of(frame: &DataFrame) -> PolarsResult<Self> {
        let buckets = frame.column(BUCKET)?.i32()?;
        let first = buckets.iter().flatten().next().unwrap_or(0);
        let (mut last, mut begins) = (first, Vec::new());
        for (row, bucket) in buckets.iter().enumerate() {
            let bucket = bucket.filter(|bucket| (last.max(0)..BUCKETS).contains(bucket));
            last = bucket.ok_or_else(|| polars_err!(ComputeError: "rows are not sorted by bucket"))?;
            begins.resize((last - first) as usize + 1, row);
        }
        begins.push(frame.height());
        begins.shrink_to_fit();
        Ok(Self { first, begins })
    }

    /// Place of the first row of a bucket or, where it has none, of one after it.
    fn place(&self, bucket: i32) -> usize {
        let at = usize::try_from(bucket - self.first).unwrap_or(0).min(self.begins.len() - 1);
        self.begins[at]
    }

    /// Place of their first row.
    pub(super) fn begin(&self, buckets: &Buckets) -> usize {
        self.place(*buckets.start())
    }

    /// Rows in these buckets.
    pub(super) fn count(&self, buckets: &Buckets) -> usize {
        self.place(buckets.end() + 1) - self.begin(buckets)
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
        let file = Parquet::among(path.to_owned(), &Arc::default());
        let buckets = file.read(0, file.footers.of(path)?.num_rows, Some(&[BUCKET]))?;
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
