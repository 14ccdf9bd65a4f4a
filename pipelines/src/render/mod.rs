//! Renders a [`Report`] into a folder. Every form shows the same numbers; the same report gives the same bytes.
//!
//! | file | for |
//! |---|---|
//! | `report.html` | people: one self-contained file, for a screen, a phone and paper |
//! | `report.pdf` | paper and archives: typeset, tagged for readers that speak (PDF/UA-1) |
//! | `report.json` | machines: the whole value |
//! | `report.xlsx` | spreadsheets: a sheet a table, with its chart, and the records that the numbers count |
//! | `tables/<id>.csv` | spreadsheets: a file a table, its follow-up question and list |

mod csv;
mod html;
mod json;
mod measures;
mod pdf;
mod svg;
pub(crate) mod xlsx;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use polars::prelude::DataFrame;
use vienkop_connectors::kill::kill_point;
use vienkop_transforms::assess::report::Report;
use vienkop_transforms::texts::Texts;

use crate::config::ReportFormat;

/// Records that numbers of the report count.
pub(crate) struct Behind {
    /// Name, by which selectors call them (`service?…`).
    pub(crate) name: &'static str,
    /// A row a record, columns by which selectors pick.
    pub(crate) rows: DataFrame,
}

/// Files of a form, beside those in `tables/`.
const FILES: [(ReportFormat, &str); 4] = [
    (ReportFormat::Html, "report.html"),
    (ReportFormat::Pdf, "report.pdf"),
    (ReportFormat::Json, "report.json"),
    (ReportFormat::Xlsx, "report.xlsx"),
];

/// Writes the report in these forms and gives the paths written, the one to open first in front.
///
/// Files appear whole or not at all; what an earlier report in the same folder had and this one lacks (forms, tables) is
/// removed.
pub(crate) fn render(
    report: &Report,
    behind: &[Behind],
    texts: &Texts,
    formats: &[ReportFormat],
    folder: &Path,
) -> anyhow::Result<Vec<PathBuf>> {
    let tables = folder.join("tables");
    kill_point("report: make folder");
    fs_err::create_dir_all(&tables)?;
    let mut files = Vec::new();
    for (format, name) in FILES.into_iter().filter(|(format, _)| formats.contains(format)) {
        let content = match format {
            ReportFormat::Html => html::render(report, texts, formats).into_bytes(),
            ReportFormat::Pdf => pdf::render(report, texts, formats).context(name)?,
            ReportFormat::Json => json::render(report).context(name)?,
            ReportFormat::Xlsx => xlsx::render(report, behind, texts).context(name)?,
            ReportFormat::Csv => continue,
        };
        files.push((folder.join(name), content));
    }
    if formats.contains(&ReportFormat::Csv) {
        files.extend(csv::render(report)?.into_iter().map(|(name, content)| (tables.join(name), content)));
    }
    for (path, content) in &files {
        write_whole(path, content)?;
    }
    let written: BTreeSet<&PathBuf> = files.iter().map(|(path, _)| path).collect();
    let mut earlier: Vec<PathBuf> = FILES.iter().map(|(_, name)| folder.join(name)).collect();
    for entry in fs_err::read_dir(&tables)? {
        earlier.push(entry?.path());
    }
    let ours =
        |path: &PathBuf| path.parent() != Some(&tables) || path.extension().is_some_and(|ending| ending == "csv");
    for path in earlier.into_iter().filter(|path| ours(path) && !written.contains(path) && path.exists()) {
        kill_point("report: remove");
        fs_err::remove_file(path)?;
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
