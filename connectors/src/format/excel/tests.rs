#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod hostile;
mod messy;
mod xlsb;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use vienkop_transforms::batch::{Batch, ROW};
use vienkop_transforms::finding::Finding;
use zip::write::SimpleFileOptions;

use super::Kind;
use crate::format::{FormatKind, Input, Output, ReadError, Rejected, Skip, Stopped};
use crate::limits::Limits;

/// All that a reader says.
#[derive(Default)]
struct Seen {
    batches: Vec<Batch>,
    findings: Vec<Finding>,
    skipped: Vec<(Skip, u64)>,
    rejected: Vec<Rejected>,
    error: Option<Finding>,
}

impl Output for Seen {
    fn batch(&mut self, batch: Batch) -> Result<(), Stopped> {
        self.batches.push(batch);
        Ok(())
    }
    fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
    fn skipped(&mut self, reason: Skip, rows: u64) {
        self.skipped.push((reason, rows));
    }
    fn rejected(&mut self, row: Rejected) {
        self.rejected.push(row);
    }
}

impl Seen {
    /// Header and rows of a sheet; the row number in front, null as `∅`.
    fn table(&self, sheet: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for batch in self.batches.iter().filter(|batch| batch.origin.sheet.as_deref() == Some(sheet)) {
            let names: Vec<&str> = batch.origin.columns.iter().map(|column| column.name.as_str()).collect();
            if lines.is_empty() {
                lines.push(names.join(" | "));
            }
            let numbers = batch.frame.column(ROW).unwrap().i64().unwrap().clone();
            for row in 0..batch.frame.height() {
                let cells: Vec<&str> = names
                    .iter()
                    .map(|name| batch.frame.column(name).unwrap().str().unwrap().get(row).unwrap_or("∅"))
                    .collect();
                lines.push(format!("{}: {}", numbers.get(row).unwrap(), cells.join(" | ")));
            }
        }
        lines
    }

    /// Findings as `code cell value hint`.
    fn told(&self) -> Vec<String> {
        self.findings.iter().map(told).collect()
    }

    fn skipped(&self, reason: Skip) -> u64 {
        self.skipped.iter().filter(|(r, _)| *r == reason).map(|(_, rows)| rows).sum()
    }

    fn error(&self) -> String {
        self.error.as_ref().map(told).expect("no error")
    }

    /// Code of the error.
    fn code(&self) -> &str {
        self.error.as_ref().expect("no error").code
    }
}

fn told(finding: &Finding) -> String {
    let cell = finding.cell.as_deref().or(finding.sheet.as_deref());
    [Some(finding.code), cell, finding.column.as_deref(), finding.value.as_deref(), finding.hint.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ")
}

/// A file to read, and how.
struct Case {
    _folder: TempDir,
    path: PathBuf,
    options: Value,
    table: Value,
    wanted: Vec<String>,
    limits: Limits,
}

impl Case {
    fn of(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("landed");
        std::fs::write(&path, bytes).unwrap();
        let (options, table) = (json!({}), json!({}));
        Self { _folder: folder, path, options, table, wanted: Vec::new(), limits: Limits::default() }
    }

    fn fixture(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        Self::of(&std::fs::read(path).unwrap())
    }

    fn table(mut self, table: Value) -> Self {
        self.table = table;
        self
    }

    fn options(mut self, options: Value) -> Self {
        self.options = options;
        self
    }

    fn wanted(mut self, wanted: &[&str]) -> Self {
        self.wanted = wanted.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    fn limits(mut self, set: impl FnOnce(&mut Limits)) -> Self {
        set(&mut self.limits);
        self
    }

    fn read(&self) -> Seen {
        let reader = Kind.reader(&self.options, &self.table).unwrap();
        let input = Input { landed: 7, path: self.path.clone(), name: "registrs.xlsx".to_owned() };
        let mut seen = Seen::default();
        match reader.read(&input, &self.wanted, &self.limits, &mut seen) {
            Ok(()) => (),
            Err(ReadError::File(finding)) => {
                assert_eq!(finding.landed, Some(7));
                seen.error = Some(*finding);
            }
            Err(other) => panic!("{other:?}"),
        }
        seen
    }
}

/// A zip of these parts.
fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// An xlsx with one sheet; the parts given replace or add to the usual ones.
fn raw_xlsx(sheet: &str, parts: &[(&str, &[u8])]) -> Vec<u8> {
    let rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let root = format!(
        r#"<Relationships><Relationship Id="rId1" Type="{rels}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
    );
    let book_rels = format!(
        r#"<Relationships><Relationship Id="rId1" Type="{rels}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#
    );
    let usual: [(&str, &[u8]); 4] = [
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", br#"<workbook><sheets><sheet name="Lapa" sheetId="1" r:id="rId1"/></sheets></workbook>"#),
        ("xl/_rels/workbook.xml.rels", book_rels.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ];
    let kept = usual.into_iter().filter(|(name, _)| !parts.iter().any(|(other, _)| other == name));
    zipped(&kept.chain(parts.iter().copied()).collect::<Vec<_>>())
}

/// A sheet of rows of XML.
fn sheet_xml(rows: &str) -> String {
    format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")
}

/// A text cell.
fn inline(cell: &str, text: &str) -> String {
    format!(r#"<c r="{cell}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}
