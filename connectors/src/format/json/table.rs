//! Records become rows: nested values flattened into columns by path, exploded arrays into rows of their own.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use vienkop_transforms::batch::{LocatorKind, Origin, REPEATED, SourceColumn};
use vienkop_transforms::finding::{self, Finding};

use super::step;
use crate::format::encoding::MojibakeWatch;
use crate::format::rows::{Place, Rows, beginning, has_control_characters, limit, row_finding};
use crate::format::{Input, Output, ReadError, Rejected, Skip};
use crate::limits::Limits;

/// How much of a rejected record's text is kept.
const KEPT_TEXT: usize = 4 << 10;
/// Deeper than this nothing is followed, whatever the limits say: the stack is finite.
const DEEPEST: usize = 100;

/// The nesting that is followed.
pub(super) fn depth(limits: &Limits) -> usize {
    limits.depth.min(DEEPEST)
}

/// The table while it is read.
pub(super) struct Table<'a> {
    origin: Arc<Origin>,
    limits: &'a Limits,
    explode: Option<&'a str>,
    /// Wanted paths and their columns.
    columns: HashMap<String, usize>,
    /// Paths above wanted ones.
    above: HashSet<String>,
    /// Paths met that nobody wants.
    unknown: HashSet<String>,
    rows: Rows,
    watch: MojibakeWatch,
    /// Records so far.
    number: i64,
    blank: u64,
}

/// Why a record is rejected.
enum Bad {
    NoRecord,
    Deep,
    Control(String),
    Long(String, usize),
}

/// Values of a record (or of one exploded part of it), by column, and what is to be exploded.
struct Values<'r> {
    cells: Vec<Option<String>>,
    parts: Vec<&'r RawValue>,
    /// Unwanted paths met.
    unwanted: Vec<String>,
}

impl<'a> Table<'a> {
    pub(super) fn new(input: &Input, wanted: &[String], explode: Option<&'a str>, limits: &'a Limits) -> Self {
        let mut columns = HashMap::new();
        let mut named = Vec::new();
        let mut above = HashSet::new();
        for name in wanted {
            if columns.contains_key(name) {
                continue;
            }
            columns.insert(name.clone(), named.len());
            named.push(SourceColumn { name: name.clone(), place: name.clone() });
            above.extend(name.match_indices('/').map(|(at, _)| name[..at].to_owned()));
        }
        let origin = Arc::new(Origin {
            landed: input.landed,
            file: input.name.clone(),
            sheet: None,
            locator: LocatorKind::Pointer,
            columns: named,
        });
        Self {
            rows: Rows::new(Arc::clone(&origin)),
            origin,
            limits,
            explode,
            columns,
            above,
            unknown: HashSet::new(),
            watch: MojibakeWatch::default(),
            number: 0,
            blank: 0,
        }
    }

    /// A line with nothing in it.
    pub(super) fn blank_line(&mut self) {
        self.blank += 1;
    }

    /// Text that is no JSON at all.
    pub(super) fn not_json(&mut self, text: &str, output: &mut dyn Output) {
        self.number += 1;
        self.reject(Bad::NoRecord, text, output);
    }

    /// A record that is longer than a record may be.
    pub(super) fn too_long(&mut self, text: &str, length: u64, output: &mut dyn Output) {
        self.number += 1;
        let finding = row_finding(&finding::LIMIT, &self.origin, self.number);
        let finding = limit(finding, "record_bytes", length, self.limits.record_bytes as u64);
        output.rejected(Rejected { finding, text: beginning(text, KEPT_TEXT) });
    }

    /// Takes a record; `byte` is where it begins.
    pub(super) fn record(
        &mut self,
        raw: &RawValue,
        byte: Option<u64>,
        output: &mut dyn Output,
    ) -> Result<(), ReadError> {
        self.number += 1;
        let mut own = self.values();
        let read = if raw.get().starts_with('{') {
            self.walk(raw, &mut String::new(), 1, self.explode, &mut own)
        } else {
            Err(Bad::NoRecord)
        };
        let parts = read.and_then(|()| self.parts(&own.parts));
        let parts = match parts {
            Ok(parts) => parts,
            Err(bad) => {
                self.reject(bad, raw.get(), output);
                return Ok(());
            }
        };
        self.tell_unwanted(own.unwanted.iter().chain(parts.iter().flat_map(|part| &part.unwanted)), output)?;
        let byte = byte.map(|byte| byte as i64);
        if self.explode.is_none() {
            if own.cells.iter().all(Option::is_none) && raw.get()[1..].trim_start().starts_with('}') {
                self.blank += 1;
                return Ok(());
            }
            return self.push(Place { row: self.number, part: None, byte }, &own.cells, &[], output);
        }
        if parts.is_empty() {
            self.blank += 1;
        }
        for (index, part) in parts.iter().enumerate() {
            let place = Place { row: self.number, part: Some(index as i64 + 1), byte };
            self.push(place, &part.cells, &own.cells, output)?;
        }
        Ok(())
    }

    fn push(
        &mut self,
        place: Place,
        cells: &[Option<String>],
        otherwise: &[Option<String>],
        output: &mut dyn Output,
    ) -> Result<(), ReadError> {
        let otherwise = otherwise.iter().map(Option::as_deref).chain(std::iter::repeat(None));
        let cells = || cells.iter().map(Option::as_deref).zip(otherwise.clone()).map(|(cell, other)| cell.or(other));
        for cell in cells().flatten() {
            self.watch.row(cell, place.row);
        }
        self.rows.push(place, cells(), output)
    }

    fn values<'r>(&self) -> Values<'r> {
        Values { cells: vec![None; self.columns.len()], parts: Vec::new(), unwanted: Vec::new() }
    }

    fn parts<'r>(&self, raw: &[&'r RawValue]) -> Result<Vec<Values<'r>>, Bad> {
        let path = self.explode.unwrap_or_default();
        let part = |raw: &&'r RawValue| {
            let mut values = self.values();
            self.walk(raw, &mut path.to_owned(), 2, None, &mut values).map(|()| values)
        };
        raw.iter().map(part).collect()
    }

    /// Follows a value down to its scalars.
    fn walk<'r>(
        &self,
        raw: &'r RawValue,
        path: &mut String,
        level: usize,
        explode: Option<&str>,
        values: &mut Values<'r>,
    ) -> Result<(), Bad> {
        if level > depth(self.limits) {
            return Err(Bad::Deep);
        }
        let exploded = explode == Some(path.as_str());
        match raw.get().as_bytes().first() {
            Some(b'[') => {
                let items: Vec<&'r RawValue> = serde_json::from_str(raw.get()).map_err(|_| Bad::NoRecord)?;
                if exploded {
                    values.parts.extend(items);
                } else if items.is_empty() {
                    self.clear(path, values);
                } else {
                    for item in items {
                        self.walk(item, path, level + 1, explode, values)?;
                    }
                }
            }
            Some(b'n') if exploded => {}
            _ if exploded => values.parts.push(raw),
            Some(b'{') => {
                let Members(members) = serde_json::from_str(raw.get()).map_err(|_| Bad::NoRecord)?;
                let length = path.len();
                for (name, value) in members {
                    if !path.is_empty() {
                        path.push('/');
                    }
                    path.push_str(&step(&name));
                    self.walk(value, path, level + 1, explode, values)?;
                    path.truncate(length);
                }
            }
            Some(b'n') => self.clear(path, values),
            Some(b'"') => {
                let text: String = serde_json::from_str(raw.get()).map_err(|_| Bad::NoRecord)?;
                self.set(path, &text, values)?;
            }
            _ => self.set(path, raw.get(), values)?,
        }
        Ok(())
    }

    fn set(&self, path: &str, text: &str, values: &mut Values<'_>) -> Result<(), Bad> {
        if has_control_characters(text) {
            return Err(Bad::Control(path.to_owned()));
        }
        if text.len() > self.limits.field_bytes {
            return Err(Bad::Long(path.to_owned(), text.len()));
        }
        match self.columns.get(path).and_then(|column| values.cells.get_mut(*column)) {
            Some(Some(before)) => {
                before.push(REPEATED);
                before.push_str(text);
            }
            Some(empty) => *empty = Some(text.to_owned()),
            None if !self.unknown.contains(path) => values.unwanted.push(path.to_owned()),
            None => {}
        }
        Ok(())
    }

    /// `null` or an empty array: the path is empty, and all that could stand below it.
    fn clear(&self, path: &str, values: &mut Values<'_>) {
        if !self.above.contains(path) {
            // An empty text breaks no limit.
            drop(self.set(path, "", values));
            return;
        }
        for (name, column) in &self.columns {
            let below = name.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            if let Some(cell) = values.cells.get_mut(*column).filter(|cell| below && cell.is_none()) {
                *cell = Some(String::new());
            }
        }
    }

    /// F013, once a path.
    fn tell_unwanted<'p>(
        &mut self,
        paths: impl Iterator<Item = &'p String>,
        output: &mut dyn Output,
    ) -> Result<(), ReadError> {
        for path in paths {
            if !self.unknown.insert(path.clone()) {
                continue;
            }
            let finding = |rule| Finding { landed: Some(self.origin.landed), ..Finding::of(rule) };
            let met = self.columns.len() + self.unknown.len();
            if met > self.limits.columns {
                let most = self.limits.columns as u64;
                return Err(limit(finding(&finding::LIMIT), "columns", met as u64, most).into());
            }
            output.finding(Finding {
                row: Some(self.number),
                cell: Some(format!("#{}/{path}", self.number)),
                column: Some(path.clone()),
                ..finding(&finding::UNMAPPED_COLUMN)
            });
        }
        Ok(())
    }

    fn reject(&mut self, bad: Bad, text: &str, output: &mut dyn Output) {
        let about = |rule, path: &str| Finding {
            column: Some(path.to_owned()).filter(|path| !path.is_empty()),
            cell: Some(if path.is_empty() { format!("#{}", self.number) } else { format!("#{}/{path}", self.number) }),
            ..row_finding(rule, &self.origin, self.number)
        };
        let finding = match bad {
            Bad::NoRecord => about(&finding::NOT_A_RECORD, ""),
            Bad::Deep => {
                Finding { expected: Some(format!("depth <= {}", depth(self.limits))), ..about(&finding::LIMIT, "") }
            }
            Bad::Control(path) => about(&finding::CONTROL_CHARACTERS, &path),
            Bad::Long(path, length) => {
                limit(about(&finding::LIMIT, &path), "field_bytes", length as u64, self.limits.field_bytes as u64)
            }
        };
        output.rejected(Rejected { finding, text: beginning(text, KEPT_TEXT) });
    }

    /// Hands on what is left, and what can be told only now.
    pub(super) fn end(mut self, output: &mut dyn Output) -> Result<(), ReadError> {
        self.rows.flush(output)?;
        if self.blank > 0 {
            output.skipped(Skip::Blank, self.blank);
        }
        if let Some(spoiled) = self.watch.end(&self.origin) {
            output.finding(spoiled);
        }
        Ok(())
    }
}

/// Members of an object in their order; a name may come twice.
struct Members<'r>(Vec<(String, &'r RawValue)>);

impl<'r> Deserialize<'r> for Members<'r> {
    fn deserialize<D: Deserializer<'r>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'r> Visitor<'r> for InOrder {
            type Value = Members<'r>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'r>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
