//! What tests of readers need: a file from bytes, and an output that keeps everything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use vienkop_transforms::batch::{BYTE, Batch, PART, ROW};
use vienkop_transforms::finding::Finding;

use super::{FormatKind, Input, Output, ReadError, Rejected, Skip, Stopped};
use crate::limits::Limits;

/// Keeps what a reader hands out.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// Names of the columns, of the last batch.
    pub(super) columns: Vec<String>,
    /// Cells of all rows, without locators.
    pub(super) rows: Vec<Vec<Option<String>>>,
    /// Row, part and byte of all rows.
    pub(super) places: Vec<(i64, Option<i64>, Option<i64>)>,
    /// Rows of each batch.
    pub(super) batches: Vec<usize>,
    pub(super) findings: Vec<Finding>,
    pub(super) skipped: Vec<(Skip, u64)>,
    pub(super) rejected: Vec<Rejected>,
    /// The reader is told to stop after so many batches.
    pub(super) stop_after: Option<usize>,
}

impl Collected {
    /// All of it as lines of text: columns, rows (`row[.part] cell|cell`, `-` for null), what was rejected, skipped, found.
    pub(super) fn story(&self) -> Vec<String> {
        let cell = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "-".to_owned());
        let mut story = vec![self.columns.join("|")];
        story.extend(self.rows.iter().zip(&self.places).map(|(cells, (row, part, _))| {
            let part = part.map(|part| format!(".{part}")).unwrap_or_default();
            format!("{row}{part} {}", cells.iter().map(cell).collect::<Vec<_>>().join("|"))
        }));
        story.extend(self.rejected.iter().map(|r| format!("rejected {} {}", tell(&r.finding), r.text)));
        story.extend(self.skipped.iter().map(|(reason, rows)| format!("skipped {reason:?} {rows}")));
        story.extend(self.findings.iter().map(tell));
        story
    }

    /// Row numbers.
    pub(super) fn numbers(&self) -> Vec<i64> {
        self.places.iter().map(|place| place.0).collect()
    }
}

/// A finding in short: code, place, value, expectation, hint.
pub(super) fn tell(finding: &Finding) -> String {
    let parts = [&finding.cell, &finding.value, &finding.expected, &finding.hint];
    let parts = parts.into_iter().flatten().map(|part| format!(" {part}"));
    format!("{}{}", finding.code, parts.collect::<String>())
}

impl Output for Collected {
    fn batch(&mut self, batch: Batch) -> Result<(), Stopped> {
        let names: Vec<String> = batch.origin.columns.iter().map(|column| column.name.clone()).collect();
        let texts: Vec<_> = names.iter().map(|name| batch.frame.column(name).unwrap().str().unwrap()).collect();
        let number = |name: &str| batch.frame.column(name).unwrap().i64().unwrap().iter().collect::<Vec<_>>();
        let (row, part, byte) = (number(ROW), number(PART), number(BYTE));
        for i in 0..batch.frame.height() {
            self.rows.push(texts.iter().map(|column| column.get(i).map(str::to_owned)).collect());
            self.places.push((row[i].unwrap(), part[i], byte[i]));
        }
        self.columns = names;
        self.batches.push(batch.frame.height());
        if self.stop_after.is_some_and(|most| self.batches.len() >= most) { Err(Stopped) } else { Ok(()) }
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

/// A table of a kind with its options, read from bytes.
pub(super) struct Reading<'a> {
    pub(super) kind: &'a dyn FormatKind,
    pub(super) options: Value,
    pub(super) table: Value,
    pub(super) wanted: &'a [&'a str],
    pub(super) limits: Limits,
}

impl<'a> Reading<'a> {
    /// With default options and limits.
    pub(super) fn new(kind: &'a dyn FormatKind) -> Self {
        Self { kind, options: empty(), table: empty(), wanted: &[], limits: Limits::default() }
    }

    /// Reads; what was handed out and how it ended.
    pub(super) fn read(&self, bytes: &[u8]) -> (Collected, Result<(), ReadError>) {
        self.read_into(bytes, Collected::default())
    }

    /// Reads into an output.
    pub(super) fn read_into(&self, bytes: &[u8], mut output: Collected) -> (Collected, Result<(), ReadError>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("landed");
        fs_err::write(&path, bytes).unwrap();
        let input = Input { landed: 7, path, name: format!("test.{}", self.kind.extensions()[0]) };
        let wanted: Vec<String> = self.wanted.iter().map(|name| (*name).to_owned()).collect();
        let reader = self.kind.reader(&self.options, &self.table).unwrap();
        let result = reader.read(&input, &wanted, &self.limits, &mut output);
        (output, result)
    }

    /// Reads what must be readable to its end.
    pub(super) fn good(&self, bytes: &[u8]) -> Collected {
        let (output, result) = self.read(bytes);
        result.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(bytes)));
        output
    }

    /// Reads what must not; the finding.
    pub(super) fn bad(&self, bytes: &[u8]) -> Finding {
        match self.read(bytes).1 {
            Err(ReadError::File(finding)) => *finding,
            other => panic!("{other:?}: {}", String::from_utf8_lossy(&bytes[..bytes.len().min(200)])),
        }
    }
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}
