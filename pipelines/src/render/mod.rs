//! Renders a [`Report`] into a folder. Every form shows the same numbers; the same report gives the same bytes.
//!
//! | file | for |
//! |---|---|
//! | `report.html` | people: one self-contained file, for a screen, a phone and paper |
//! | `report.json` | machines: the whole value |
//! | `report.xlsx` | spreadsheets: a sheet a table, with its chart, and the records that the numbers count |
//! | `tables/<id>.csv` | spreadsheets: a file a table, its follow-up question and list |

mod csv;
mod html;
mod json;
mod measures;
mod svg;
mod xlsx;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use polars::prelude::DataFrame;
use vienkop_connectors::kill::kill_point;
use vienkop_transforms::assess::report::Report;
use vienkop_transforms::texts::Texts;

/// Records that numbers of the report count.
pub(crate) struct Behind {
    /// Name, by which selectors call them (`service?…`).
    pub(crate) name: &'static str,
    /// A row a record, columns by which selectors pick.
    pub(crate) rows: DataFrame,
}

/// Writes the report and gives the paths written, `report.html` first.
///
/// Files appear whole or not at all; tables of an earlier report in the same folder that this one lacks are removed.
pub(crate) fn render(report: &Report, behind: &[Behind], texts: &Texts, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let tables = folder.join("tables");
    kill_point("report: make folder");
    fs_err::create_dir_all(&tables)?;
    let mut files = vec![
        (folder.join("report.html"), html::render(report, texts).into_bytes()),
        (folder.join("report.json"), json::render(report).context("report.json")?),
        (folder.join("report.xlsx"), xlsx::render(report, behind, texts).context("report.xlsx")?),
    ];
    for (name, content) in csv::render(report)? {
        files.push((tables.join(name), content));
    }
    for (path, content) in &files {
        write_whole(path, content)?;
    }
    let written: BTreeSet<&PathBuf> = files.iter().map(|(path, _)| path).collect();
    for entry in fs_err::read_dir(&tables)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "csv") && !written.contains(&path) {
            kill_point("report: remove");
            fs_err::remove_file(path)?;
        }
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// Under another name first, so that nobody ever opens half a file.
fn write_whole(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    kill_point("report: write");
    fs_err::write(&part, content)?;
    kill_point("report: rename");
    fs_err::rename(part, path)
}

#[cfg(test)]
mod tests;
