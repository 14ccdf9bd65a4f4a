//! Sweeping: files that no transaction made live, or that a later one retired.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fs_err as fs;
use vienkop_transforms::status::tables::LakeTable;

use super::{Lake, LakeError, is_file_name, is_month, is_source};
use crate::kill::kill_point;

impl Lake {
    /// Removes files of the lake that are not in `keep` (paths as in [`super::LakeFile::path`]), of one source or of
    /// all, and folders that are empty then. Symbolic links, staging and what the lake has not named itself stay.
    /// Returns how many files were removed.
    ///
    /// To be called with the source's lock (without a source: with all of them), since a run writes its files before
    /// they are listed; and after the transaction that retired files, for files of this very moment's readers.
    ///
    /// # Errors
    /// A folder cannot be read, a file cannot be removed.
    pub fn sweep(&self, source: Option<&str>, keep: &BTreeSet<String>) -> Result<u64, LakeError> {
        let mut removed = 0;
        for table in LakeTable::ALL {
            let of_table = self.folder.join(table.name());
            for (name, of_source) in folders(&of_table, |name| is_source(name) && source.is_none_or(|one| one == name))?
            {
                for (month, of_month) in folders(&of_source, is_month)? {
                    let within = format!("{}/{name}/{month}", table.name());
                    for (file, path) in entries(&of_month, |kind| kind.is_file(), is_file_name)? {
                        if !keep.contains(&format!("{within}/{file}")) {
                            kill_point("lake: sweep");
                            fs::remove_file(path)?;
                            removed += 1;
                        }
                    }
                    remove_if_empty(&of_month)?;
                }
                remove_if_empty(&of_source)?;
            }
            remove_if_empty(&of_table)?;
        }
        Ok(removed)
    }
}

fn folders(folder: &Path, named: impl Fn(&str) -> bool) -> Result<Vec<(String, PathBuf)>, LakeError> {
    entries(folder, |kind| kind.is_dir(), named)
}

/// What lies in a folder that is there and no link, sorted by name; nothing else.
fn entries(
    folder: &Path,
    kind: impl Fn(std::fs::FileType) -> bool,
    named: impl Fn(&str) -> bool,
) -> Result<Vec<(String, PathBuf)>, LakeError> {
    if !std::fs::symlink_metadata(folder).is_ok_and(|here| here.is_dir()) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(name) = entry.file_name().to_str().filter(|name| named(name))
            && kind(entry.file_type()?)
        {
            found.push((name.to_owned(), entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

fn remove_if_empty(folder: &Path) -> Result<(), LakeError> {
    let is_folder = std::fs::symlink_metadata(folder).is_ok_and(|here| here.is_dir());
    if is_folder && fs::read_dir(folder)?.next().is_none() {
        kill_point("lake: remove folder");
        fs::remove_dir(folder)?;
    }
    Ok(())
}
