//! Rows put aside until they are needed: little stays in memory, much goes to one Parquet file that is soon removed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;
use polars::prelude::*;

use super::LakeError;
use super::file::ParquetFile;
use super::run::{ALL, Offsets, Parquet, Run, ranges};
use crate::kill::kill_point;
use crate::landing::make_private_folder;

/// Rows of a row group: a reader of few buckets decodes what it does not need of no more than two of them.
const ROW_GROUP: usize = 8 << 10;

/// A folder for one delivery, made when the first file is, removed with everything in it at the end.
pub(super) struct Workspace {
    /// Folder that is private, with all in it.
    root: PathBuf,
    folder: PathBuf,
}

impl Workspace {
    /// Removes what a process that died left in it.
    pub(super) fn begin(root: &Path, folder: PathBuf) -> Result<Self, LakeError> {
        if fs::symlink_metadata(&folder).is_ok() {
            kill_point("lake: remove leftovers");
            fs::remove_dir_all(&folder)?;
        }
        Ok(Self { root: root.to_owned(), folder })
    }

    /// Path of a file in it; from now on the folder exists.
    pub(super) fn file(&self, name: &str) -> Result<PathBuf, LakeError> {
        make_private_folder(&self.root, "lake: make folder")?;
        make_private_folder(&self.folder, "lake: make folder")?;
        Ok(self.folder.join(name))
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.folder).is_ok() {
            kill_point("lake: remove staging");
            // What cannot be removed now is by the next run of the source.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Runs of rows by key.
pub(super) struct Shelf<K> {
    workspace: Arc<Workspace>,
    name: &'static str,
    schema: Arc<Schema>,
    /// Rows that may stay in memory.
    most: usize,
    waiting: Vec<(K, DataFrame)>,
    rows_waiting: usize,
    file: Option<ParquetFile>,
    written: usize,
    parts: Vec<(K, usize, Offsets)>,
}

impl<K: Ord> Shelf<K> {
    pub(super) fn new(workspace: &Arc<Workspace>, name: &'static str, schema: Arc<Schema>, most: usize) -> Self {
        let workspace = workspace.clone();
        Self {
            workspace,
            name,
            schema,
            most,
            waiting: Vec::new(),
            rows_waiting: 0,
            file: None,
            written: 0,
            parts: Vec::new(),
        }
    }

    /// Puts rows aside, which are sorted by bucket.
    pub(super) fn put(&mut self, key: K, frame: DataFrame) -> Result<(), LakeError> {
        self.rows_waiting += frame.height();
        self.waiting.push((key, frame));
        if self.rows_waiting <= self.most {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(ParquetFile::passing(&self.workspace.file(self.name)?, &self.schema)?),
        };
        for (key, frame) in self.waiting.drain(..) {
            let offsets = Offsets::of(&frame)?;
            for buckets in ranges(&ALL, ROW_GROUP, |bucket| offsets.count(&(bucket..=bucket))) {
                file.write(frame.slice(offsets.begin(&buckets) as i64, offsets.count(&buckets)))?;
            }
            self.parts.push((key, self.written, offsets));
            self.written += frame.height();
        }
        self.rows_waiting = 0;
        Ok(())
    }

    /// The runs of each key in the order in which they were put.
    pub(super) fn seal(self) -> Result<BTreeMap<K, Vec<Run>>, LakeError> {
        let mut runs: BTreeMap<K, Vec<Run>> = BTreeMap::new();
        if let Some(file) = self.file {
            file.finish()?;
            let file = Arc::new(Parquet::open(&self.workspace.file(self.name)?)?);
            for (key, start, offsets) in self.parts {
                runs.entry(key).or_default().push(Run::part(file.clone(), start, offsets));
            }
        }
        for (key, frame) in self.waiting {
            runs.entry(key).or_default().push(Run::memory(frame)?);
        }
        Ok(runs)
    }
}
