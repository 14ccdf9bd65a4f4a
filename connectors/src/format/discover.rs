//! Where tables may be in a file that nobody has described, and how it is written.
//!
//! Each kind finds its own ([`FormatKind::discover`]); what is common to them stands here: what a reader settled by
//! itself comes as findings whose hints are lines of a source's file, and these become options.

use polars::prelude::*;
use serde_json::{Map, Value};
use vienkop_transforms::batch::{Batch, Origin};
use vienkop_transforms::finding::{self, Finding};

use super::{FormatKind, Input, KINDS, Output, ReadError, Rejected, Skip, Stopped, TableReader};
use crate::limits::Limits;

/// How a file nobody has described can be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Discovered {
    /// `[format]` without `kind`.
    pub options: Map<String, Value>,
    /// Tables that may be in it, in the order of the file.
    pub tables: Vec<DiscoveredTable>,
}

/// A table that may be in a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DiscoveredTable {
    /// What the file calls it: a sheet, the path of records; empty where the file is the table.
    pub name: String,
    /// `[table.read]`.
    pub read: Map<String, Value>,
    /// Path below the record of the elements that are its rows, where it is a list within the records of another table.
    pub explode: Option<String>,
    /// Which of [`Discovered::tables`] holds those records.
    pub within: Option<usize>,
}

/// The rows that were looked at.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Where they are from.
    pub origin: Origin,
    /// Columns of texts and locators, as every reader gives them.
    pub frame: DataFrame,
    /// Whether there are more.
    pub more: bool,
}

/// The kind of a file, by its content, and how it can be read; none: it holds nothing that can be.
///
/// # Errors
/// [`ReadError::File`] when its kind is known and it cannot be read (damaged, above a limit).
pub fn discover(input: &Input, limits: &Limits) -> Result<Option<(&'static dyn FormatKind, Discovered)>, ReadError> {
    // What is text may be anything: CSV, which stands first, is looked for last.
    for kind in KINDS.iter().rev() {
        if let Some(discovered) = kind.discover(input, limits)? {
            return Ok(Some((*kind, discovered)));
        }
    }
    Ok(None)
}

/// The first rows of a table, at most `most`, with every column that they have; none when there are none.
///
/// # Errors
/// As the reader's.
pub fn sample(
    kind: &dyn FormatKind,
    discovered: &Discovered,
    table: &DiscoveredTable,
    input: &Input,
    limits: &Limits,
    most: usize,
) -> Result<Option<Sample>, ReadError> {
    let reader = |read: &Map<String, Value>| {
        let options = Value::Object(discovered.options.clone());
        kind.reader(&options, &Value::Object(read.clone()))
            .map_err(|error| ReadError::Io(std::io::Error::new(std::io::ErrorKind::InvalidInput, error.to_string())))
    };
    // XML and JSON deliver the columns that are asked for, and name the others.
    let mut columns: Vec<String> = Vec::new();
    if let Some(parent) = table.within.and_then(|index| discovered.tables.get(index)) {
        columns = named(reader(&parent.read)?.as_ref(), input, limits, most)?;
        let explode = table.explode.as_deref().unwrap_or_default();
        let inside =
            |name: &String| name.strip_prefix(explode).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        columns.retain(|name| !inside(name));
    }
    let reader = reader(&table.read)?;
    columns.extend(named(reader.as_ref(), input, limits, most)?);
    let look = look(reader.as_ref(), input, &columns, limits, most)?;
    Ok(look.sample())
}

/// Columns that a reader names when none is asked for.
fn named(reader: &dyn TableReader, input: &Input, limits: &Limits, most: usize) -> Result<Vec<String>, ReadError> {
    let look = look(reader, input, &[], limits, most)?;
    let of_path = look.findings.iter().filter(|finding| finding.code == finding::UNMAPPED_COLUMN.code);
    Ok(of_path.filter_map(|finding| finding.column.clone()).collect())
}

/// Options of `[format]` and of `[table.read]`.
type Settled = (Map<String, Value>, Map<String, Value>);

/// What a reader settled by itself, as options of `[format]` and of `[table.read]`.
pub(super) fn settled(
    reader: &dyn TableReader,
    input: &Input,
    limits: &Limits,
    of_format: &[&str],
) -> Result<Settled, ReadError> {
    let look = look(reader, input, &[], limits, 1)?;
    let (mut options, mut read) = (Map::new(), Map::new());
    for finding in look.findings.iter().filter(|finding| finding.code == finding::GUESS.code) {
        let hint = finding.hint.as_deref().unwrap_or_default();
        let Ok(Value::Object(lines)) = toml::from_str::<Value>(hint) else { continue };
        for (name, value) in lines {
            let of_format = of_format.contains(&name.as_str());
            (if of_format { &mut options } else { &mut read }).insert(name, value);
        }
    }
    Ok((options, read))
}

fn look(
    reader: &dyn TableReader,
    input: &Input,
    wanted: &[String],
    limits: &Limits,
    most: usize,
) -> Result<Look, ReadError> {
    let mut look = Look { batches: Vec::new(), findings: Vec::new(), rows: 0, most, passed: 0, more: false };
    match reader.read(input, wanted, limits, &mut look) {
        Ok(()) | Err(ReadError::Stopped(_)) => Ok(look),
        // A file that breaks off below the rows that were looked at is for the import to tell.
        Err(ReadError::File(_)) if look.rows > 0 => {
            look.more = true;
            Ok(look)
        }
        Err(error) => Err(error),
    }
}

/// Takes the first rows of a table.
struct Look {
    batches: Vec<Batch>,
    findings: Vec<Finding>,
    rows: usize,
    most: usize,
    /// Rows without columns that went by: XML and JSON give none where none is asked for.
    passed: usize,
    more: bool,
}

impl Look {
    fn sample(self) -> Option<Sample> {
        let mut batches = self.batches.into_iter();
        let Batch { origin, mut frame } = batches.next()?;
        for batch in batches {
            // The next sheet, when a pattern names several, has columns of its own.
            if batch.frame.schema() == frame.schema() {
                frame.vstack_mut(&batch.frame).ok()?;
            }
        }
        let more = self.more || frame.height() > self.most;
        (frame.height() > 0).then(|| Sample {
            origin: Origin::clone(&origin),
            frame: frame.head(Some(self.most)),
            more,
        })
    }
}

impl Output for Look {
    fn batch(&mut self, batch: Batch) -> Result<(), Stopped> {
        self.passed += batch.frame.height().max(1);
        if batch.frame.height() > 0 || self.batches.is_empty() {
            self.rows += batch.frame.height();
            self.batches.push(batch);
        }
        if self.rows > self.most || self.passed > self.most {
            self.more = true;
            return Err(Stopped);
        }
        Ok(())
    }

    fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn skipped(&mut self, _: Skip, _: u64) {}

    fn rejected(&mut self, _: Rejected) {}
}
