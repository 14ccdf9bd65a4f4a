//! Reads one table of a JSON file: settles encoding and layout, then hands record after record on.

use std::io::{BufRead, Cursor, Read};
use std::rc::Rc;

use serde::de::DeserializeSeed;
use serde_json::value::RawValue;
use vienkop_transforms::finding::{self, Finding, Rule};

use super::document::{Descend, Left, Meter, Metered, Pass, Records};
use super::table::{Table, depth};
use crate::format::encoding::{EncodingOption, Text, read_error};
use crate::format::lines::{Lines, Terminator};
use crate::format::rows::limit;
use crate::format::{Input, Output, ReadError, TableReader};
use crate::limits::Limits;

/// How much decoded text is looked at before the first record is read.
const LOOK_AHEAD: u64 = 256 << 10;
/// How many lines tell whether each is a record.
const LOOK_LINES: usize = 20;

pub(super) struct JsonReader {
    pub(super) encoding: EncodingOption,
    /// A record a line; none: found.
    pub(super) lines: Option<bool>,
    /// Steps to the records; none: the array at the top.
    pub(super) pointer: Option<Vec<String>>,
    pub(super) explode: Option<String>,
}

impl TableReader for JsonReader {
    fn read(
        &self,
        input: &Input,
        wanted: &[String],
        limits: &Limits,
        output: &mut dyn Output,
    ) -> Result<(), ReadError> {
        let text = Text::of(input, self.encoding.declared(), "JSON", None)?;
        if let Some(guess) = text.guess(input) {
            output.finding(guess);
        }
        let mut decoder = text.open(input)?;
        let mut ahead = Vec::new();
        decoder.by_ref().take(LOOK_AHEAD).read_to_end(&mut ahead).map_err(|error| read_error(error, input))?;
        let layout = self.layout(&String::from_utf8_lossy(&ahead), input)?;
        if layout == Layout::Lines && self.lines.is_none() {
            output.finding(Finding {
                value: Some("NDJSON".to_owned()),
                expected: Some("lines".to_owned()),
                hint: Some("lines = true".to_owned()),
                ..of_file(&finding::GUESS, input)
            });
        }
        let mut table = Table::new(input, wanted, self.explode.as_deref(), limits);
        let whole = Cursor::new(ahead).chain(decoder);
        match (layout, &self.pointer) {
            (Layout::Lines, _) => lines(whole, &mut table, input, limits, output)?,
            (_, Some(pointer)) => {
                if !document(whole, pointer, &mut table, input, limits, output)? {
                    return Err(self.not_found(&text, input, limits)?.into());
                }
            }
            (Layout::Array, None) => {
                document(whole, &[], &mut table, input, limits, output)?;
            }
            // One object and nothing declared: it is the record, unless it holds arrays that may be meant.
            (Layout::Object, None) => {
                let not_found = self.not_found(&text, input, limits)?;
                if not_found.hint.is_some() {
                    return Err(not_found.into());
                }
                document(whole, &[], &mut table, input, limits, output)?;
            }
        }
        table.end(output)
    }
}

/// How the file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Lines,
    Array,
    Object,
}

impl JsonReader {
    /// The layout, from the beginning of the text.
    fn layout(&self, ahead: &str, input: &Input) -> Result<Layout, ReadError> {
        let is_object = |line: &&str| line.starts_with('{') && serde_json::from_str::<&RawValue>(line).is_ok();
        let lines: Vec<&str> = ahead.lines().map(str::trim).filter(|line| !line.is_empty()).take(LOOK_LINES).collect();
        let objects = lines.iter().filter(|line| is_object(line)).count();
        let found = self.pointer.is_none() && lines.len() > 1 && objects > 0 && objects * 2 >= lines.len();
        let start = ahead.trim_start();
        match self.lines {
            Some(true) if lines.iter().any(|line| line.starts_with('{')) => Ok(Layout::Lines),
            None if found => Ok(Layout::Lines),
            Some(false) | None if start.starts_with('[') => Ok(Layout::Array),
            Some(false) | None if start.starts_with('{') => Ok(Layout::Object),
            _ => Err(Finding { expected: Some("JSON".to_owned()), ..of_file(&finding::WRONG_CONTENT, input) }.into()),
        }
    }

    /// F010, with the pointers that could be meant.
    fn not_found(&self, text: &Text, input: &Input, limits: &Limits) -> Result<Finding, ReadError> {
        let meter = Meter::new(limits.record_bytes, depth(limits));
        let mut found = Vec::new();
        let mut json =
            serde_json::Deserializer::from_reader(Metered { inner: text.open(input)?, meter: Rc::clone(&meter) });
        let search = Pass { level: 1, meter: &meter, found: Some(&mut found), path: String::new() };
        search.deserialize(&mut json).map_err(|error| json_error(error, &meter, input, limits))?;
        let pointer = self.pointer.as_ref().map(|steps| steps.iter().map(|step| format!("/{}", super::step(step))));
        let hints: Vec<String> = found.iter().map(|pointer| format!("records = \"{pointer}\"")).collect();
        Ok(Finding {
            value: pointer.map(Iterator::collect),
            expected: Some("records".to_owned()),
            hint: (!hints.is_empty()).then(|| hints.join(" | ")),
            ..of_file(&finding::NOT_FOUND, input)
        })
    }
}

/// A record a line.
fn lines(
    text: impl BufRead,
    table: &mut Table<'_>,
    input: &Input,
    limits: &Limits,
    output: &mut dyn Output,
) -> Result<(), ReadError> {
    let mut lines = Lines::new(text, Terminator::Lf, limits.record_bytes);
    while let Some(line) = lines.read().map_err(|error| read_error(error, input))? {
        let record = line.text.trim();
        if line.is_cut() {
            table.too_long(record, line.length, output);
        } else if record.is_empty() {
            table.blank_line();
        } else if let Ok(raw) = serde_json::from_str::<&RawValue>(record) {
            let indent = line.text.len() - line.text.trim_start().len();
            table.record(raw, Some(line.byte as u64 + indent as u64), output)?;
        } else {
            table.not_json(record, output);
        }
    }
    Ok(())
}

/// One document; whether the pointer led to records.
fn document(
    text: impl Read,
    pointer: &[String],
    table: &mut Table<'_>,
    input: &Input,
    limits: &Limits,
    output: &mut dyn Output,
) -> Result<bool, ReadError> {
    let meter = Meter::new(limits.record_bytes, depth(limits));
    let mut json = serde_json::Deserializer::from_reader(Metered { inner: text, meter: Rc::clone(&meter) });
    let mut taker = Taker { table, output, failure: None };
    let descend = Descend { pointer, level: 1, records: &mut taker, meter: &meter };
    let read = descend.deserialize(&mut json).and_then(|found| json.end().map(|()| found));
    if let Some(failure) = taker.failure {
        return Err(failure);
    }
    read.map_err(|error| json_error(error, &meter, input, limits))
}

/// Hands records to the table and keeps what goes wrong there.
struct Taker<'t, 'a> {
    table: &'t mut Table<'a>,
    output: &'t mut dyn Output,
    failure: Option<ReadError>,
}

impl Records for Taker<'_, '_> {
    fn record(&mut self, raw: &RawValue, byte: Option<u64>) -> bool {
        self.failure = self.table.record(raw, byte, self.output).err();
        self.failure.is_none()
    }
}

/// What an error met in a document means.
fn json_error(error: serde_json::Error, meter: &Meter, input: &Input, limits: &Limits) -> ReadError {
    let place = Some(format!("L{}:{}", error.line(), error.column()));
    let about = |rule| Finding { cell: place, ..of_file(rule, input) };
    match meter.left() {
        Some(Left::TooLong(found)) => {
            limit(about(&finding::LIMIT), "record_bytes", found, limits.record_bytes as u64).into()
        }
        Some(Left::TooDeep(found)) => limit(about(&finding::LIMIT), "depth", found as u64, depth(limits) as u64).into(),
        Some(Left::Stopped) | None if error.is_io() => read_error(error.into(), input),
        Some(Left::Stopped) | None => about(&finding::DAMAGED).into(),
    }
}

fn of_file(rule: &Rule, input: &Input) -> Finding {
    Finding { landed: Some(input.landed), ..Finding::of(rule) }
}
