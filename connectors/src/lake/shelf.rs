//! Rows put aside until they are needed: little stays in memory, much goes to Parquet files that are soon removed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;
use polars::prelude::*;

use super::LakeError;
use super::file::ParquetFile;
use super::run::{Footers, Offsets, Parquet, Run, stack};
use crate::kill::kill_point;
use crate::landing::make_private_folder;

/// Rows of a row group: a reader of few buckets decodes what it does not need of no more than two of them.
const ROW_GROUP: usize = 8 << 10;
/// Row groups of a file. What the writer and a reader of Parquet keep of each row group takes some 50 KB while they have
/// its file in hands, so a file must end for memory to be bounded.
const FILE_GROUPS: usize = 128;

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
    /// The file that is being written, with its row groups and rows.
    file: Option<(ParquetFile, usize, usize)>,
    /// Files that are complete.
    files: Vec<PathBuf>,
    parts: Vec<Part<K>>,
}

/// A run in a file.
struct Part<K> {
    key: K,
    /// Number of the file.
    file: usize,
    start: usize,
    offsets: Offsets,
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
            files: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// Puts rows aside, which are sorted by bucket.
    pub(super) fn put(&mut self, key: K, frame: DataFrame) -> Result<(), LakeError> {
        self.rows_waiting += frame.height();
        self.waiting.push((key, frame));
        if self.rows_waiting > self.most { self.write() } else { Ok(()) }
    }

    /// Writes what waits, by key, in row groups that do not mind where a key ends: there may be many of few rows.
    fn write(&mut self) -> Result<(), LakeError> {
        self.rows_waiting = 0;
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by(|(one, _), (other, _)| one.cmp(other));
        let (mut file, mut groups, before) = match self.file.take() {
            Some(file) => file,
            None => (ParquetFile::passing(&self.path(self.files.len())?, &self.schema)?, 0, 0),
        };
        let (mut frames, mut rows) = (Vec::new(), before);
        for (key, frame) in waiting {
            let offsets = Offsets::of(&frame)?;
            self.parts.push(Part { key, file: self.files.len(), start: rows, offsets });
            rows += frame.height();
            frames.push(frame);
        }
        let frame = stack(frames, &self.schema)?;
        for begin in (0..frame.height()).step_by(ROW_GROUP) {
            file.write(frame.slice(begin as i64, ROW_GROUP))?;
            groups += 1;
        }
        self.file = Some((file, groups, rows));
        if groups >= FILE_GROUPS { self.end_file() } else { Ok(()) }
    }

    fn end_file(&mut self) -> Result<(), LakeError> {
        if let Some((file, ..)) = self.file.take() {
            file.finish()?;
            self.files.push(self.path(self.files.len())?);
        }
        Ok(())
    }

    fn path(&self, number: usize) -> Result<PathBuf, LakeError> {
        self.workspace.file(&format!("{}-{number}", self.name))
    }

    /// The runs of each key in the order in which they were put.
    pub(super) fn seal(mut self) -> Result<BTreeMap<K, Vec<Run>>, LakeError> {
        self.end_file()?;
        let footers = Arc::new(Footers::default());
        let files: Vec<_> = self.files.into_iter().map(|path| Arc::new(Parquet::among(path, &footers))).collect();
        let mut runs: BTreeMap<K, Vec<Run>> = BTreeMap::new();
        for Part { key, file, start, offsets } in self.parts {
            runs.entry(key).or_default().push(Run::part(files[file].clone(), start, offsets));
        }
        for (key, frame) in self.waiting {
            runs.entry(key).or_default().push(Run::memory(frame)?);
        }
        Ok(runs)
    }
}
