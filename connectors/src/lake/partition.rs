//! Partitions (table, source, month): a new file beside those that lie there, or one in their place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;
use polars::prelude::*;
use vienkop_transforms::status::tables::LakeTable;

use super::file::LastingFile;
use super::identity::{ascending, order};
use super::live::Live;
use super::merge::EventCounts;
use super::run::{ALL, Run, ranges, stack};
use super::shelf::Workspace;
use super::{Lake, LakeChange, LakeError, LakeFile};
use crate::kill::kill_point;
use crate::landing::{make_private_folder, sync_folder};

/// Files on their way into the lake.
pub(super) struct Partitions<'a> {
    lake: &'a Lake,
    source: &'a str,
    workspace: &'a Workspace,
    added: Vec<LakeFile>,
    retired: Vec<LakeFile>,
    folders: BTreeSet<PathBuf>,
}

impl<'a> Partitions<'a> {
    pub(super) fn new(lake: &'a Lake, source: &'a str, workspace: &'a Workspace) -> Self {
        Self { lake, source, workspace, added: Vec::new(), retired: Vec::new(), folders: BTreeSet::new() }
    }

    /// Writes what is new in a table's partitions.
    pub(super) fn write(
        &mut self,
        table: LakeTable,
        new: BTreeMap<i32, Vec<Run>>,
        live: Vec<Live>,
    ) -> Result<(), LakeError> {
        let mut months: BTreeMap<String, (Vec<Run>, Vec<Live>)> = BTreeMap::new();
        for (month, runs) in new {
            months.entry(month_name(month)).or_default().0.extend(runs);
        }
        for live in live {
            months.entry(live.file.month.clone()).or_default().1.push(live);
        }
        for (month, (new, live)) in months {
            let loses = live.iter().any(Live::loses);
            if loses || (!new.is_empty() && live.len() >= self.lake.limits.partition_files) {
                self.one(table, &month, &new, live)?;
            } else if !new.is_empty() {
                self.one(table, &month, &new, Vec::new())?;
            }
        }
        Ok(())
    }

    /// One file of new rows and those rows of `live` that stay; `live` is retired.
    fn one(&mut self, table: LakeTable, month: &str, new: &[Run], mut live: Vec<Live>) -> Result<(), LakeError> {
        let schema = Arc::new(table.schema());
        let path = self.workspace.file("file")?;
        let mut file = LastingFile::create(&path, &schema)?;
        let mut sizes = Vec::new();
        for bucket in ALL {
            let buckets = bucket..=bucket;
            let mut size: usize = new.iter().map(|run| run.count(&buckets)).sum();
            for live in &mut live {
                size += live.count(&buckets)?;
            }
            sizes.push(size);
        }
        for buckets in ranges(&ALL, self.lake.limits.portion_rows, |bucket| sizes[bucket as usize]) {
            let mut parts: Vec<DataFrame> = new.iter().map(|run| run.read(&buckets)).collect::<Result<_, _>>()?;
            for live in &mut live {
                parts.push(live.staying(&buckets)?);
            }
            parts.retain(|part| part.height() > 0);
            let mut rows = stack(parts, &schema)?;
            // New rows alone came in their order.
            if !live.is_empty() {
                rows = rows.sort(order(table).iter().copied(), ascending())?;
            }
            file.push(rows)?;
        }
        let rows = file.rows;
        let (bytes, sha256) = file.finish()?;
        if rows > 0 {
            let name = format!("{}/{}/{month}/{}.parquet", table.name(), self.source, &sha256[..16]);
            let file = LakeFile {
                table,
                source: self.source.to_owned(),
                month: month.to_owned(),
                path: name,
                rows,
                bytes,
                sha256,
            };
            // The same rows again: nothing happens.
            if let Some(same) = live.iter().position(|live| live.file.path == file.path) {
                live.remove(same);
            } else {
                self.keep(&path, &file)?;
                self.added.push(file);
            }
        }
        self.retired.extend(live.into_iter().map(|live| live.file));
        Ok(())
    }

    fn keep(&mut self, from: &Path, file: &LakeFile) -> Result<(), LakeError> {
        let to = self.lake.locate(file)?;
        let mut folder = to.parent();
        if let Some(folder) = folder {
            make_private_folder(folder, "lake: make folder")?;
        }
        kill_point("lake: rename");
        fs::rename(from, &to)?;
        while let Some(one) = folder.filter(|one| one.starts_with(&self.lake.folder)) {
            self.folders.insert(one.to_owned());
            folder = one.parent();
        }
        Ok(())
    }

    /// The new files are on the disk, and their names too. All are synced when all are written: one after the other,
    /// each would wait for the disk alone.
    pub(super) fn finish(self, counts: EventCounts) -> Result<LakeChange, LakeError> {
        for file in &self.added {
            kill_point("lake: sync");
            fs::File::open(self.lake.locate(file)?)?.sync_all()?;
        }
        for folder in self.folders.iter().rev() {
            kill_point("lake: sync folder");
            sync_folder(folder)?;
        }
        Ok(LakeChange { added: self.added, retired: self.retired, counts })
    }
}

/// `2024-06`, `none`.
fn month_name(month: i32) -> String {
    if month < 0 { super::NO_MONTH.to_owned() } else { format!("{:04}-{:02}", month / 12, month % 12 + 1) }
}
