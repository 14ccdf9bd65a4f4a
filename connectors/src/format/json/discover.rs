//! Which arrays of a document hold records, and which lists are within these.

use std::collections::BTreeSet;
use std::io::{BufReader, Read as _};

use serde::de::DeserializeSeed as _;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use vienkop_transforms::finding;

use super::document::{Descend, Meter, Metered, Pass, Records};
use super::table::depth;
use crate::format::discover::{Discovered, DiscoveredTable};
use crate::format::encoding::Text;
use crate::format::lines::{Lines, Terminator};
use crate::format::{Input, ReadError};
use crate::limits::Limits;

/// Records that are looked into for lists.
const RECORDS: usize = 500;
/// Bytes by which a record a line is told from one document.
const LOOK_AHEAD: u64 = 64 << 10;

/// Tables of a JSON document or of lines of records; none when it is neither.
pub(super) fn discover(input: &Input, limits: &Limits) -> Result<Option<Discovered>, ReadError> {
    let text = match Text::of(input, None, "JSON", None) {
        Ok(text) => text,
        Err(ReadError::File(wrong)) if wrong.code == finding::WRONG_CONTENT.code => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut ahead = Vec::new();
    text.open(input)?.take(LOOK_AHEAD).read_to_end(&mut ahead)?;
    let ahead = String::from_utf8_lossy(&ahead);
    let start = ahead.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if !start.starts_with(['{', '[']) {
        return Ok(None);
    }
    let mut options = Map::new();
    if let Some(guess) = text.guess(input).and_then(|guess| guess.value) {
        options.insert("encoding".to_owned(), Value::from(guess));
    }
    let record = |line: &&str| serde_json::from_str::<&RawValue>(line).is_ok();
    let mut lines = start.lines().map(str::trim).filter(|line| !line.is_empty());
    let one = lines.next().is_some_and(|line| line.starts_with('{') && record(&line));
    let mut discovered = Discovered { options, tables: Vec::new() };
    if one && lines.next().is_some() {
        discovered.options.insert("lines".to_owned(), Value::from(true));
        let mut lists = Lists::default();
        let mut lines = Lines::new(BufReader::new(text.open(input)?), Terminator::Lf, limits.record_bytes);
        while let Some(line) = lines.read()? {
            if let Ok(raw) = serde_json::from_str::<&RawValue>(line.text.trim())
                && !lists.record(raw, None)
            {
                break;
            }
        }
        tables(&mut discovered, None, lists);
        return Ok(Some(discovered));
    }
    let pointers = if start.starts_with('[') { vec![String::new()] } else { arrays(&text, input, limits)? };
    let single = pointers.is_empty();
    for pointer in pointers.iter().map(String::as_str).chain(single.then_some("")) {
        let steps: Vec<String> =
            pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
        let mut lists = Lists::default();
        let meter = Meter::new(limits.record_bytes, depth(limits));
        let mut json = serde_json::Deserializer::from_reader(Metered {
            inner: text.open(input)?,
            meter: std::rc::Rc::clone(&meter),
        });
        // What breaks below the records that were looked at is for the import to tell.
        let _ = Descend { pointer: &steps, level: 1, records: &mut lists, meter: &meter }.deserialize(&mut json);
        tables(&mut discovered, (!start.starts_with('[')).then_some(pointer), lists);
    }
    Ok(Some(discovered))
}

/// Pointers of the arrays of objects in an object.
fn arrays(text: &Text, input: &Input, limits: &Limits) -> Result<Vec<String>, ReadError> {
    let meter = Meter::new(limits.record_bytes, depth(limits));
    let mut found = Vec::new();
    let mut json =
        serde_json::Deserializer::from_reader(Metered { inner: text.open(input)?, meter: std::rc::Rc::clone(&meter) });
    let _ = Pass { level: 1, meter: &meter, found: Some(&mut found), path: String::new() }.deserialize(&mut json);
    Ok(found)
}

/// The records at a pointer, and the lists in them.
fn tables(discovered: &mut Discovered, pointer: Option<&str>, lists: Lists) {
    let mut read = Map::new();
    if let Some(pointer) = pointer.filter(|pointer| !pointer.is_empty()) {
        read.insert("records".to_owned(), Value::from(pointer));
    }
    let within = discovered.tables.len();
    let name = pointer.unwrap_or_default().trim_start_matches('/').to_owned();
    discovered.tables.push(DiscoveredTable { name, read: read.clone(), ..DiscoveredTable::default() });
    for list in lists.found {
        let explode = list.trim_start_matches('/').to_owned();
        let mut read = read.clone();
        read.insert("explode".to_owned(), Value::from(explode.as_str()));
        let table = DiscoveredTable { name: explode.clone(), read, explode: Some(explode), within: Some(within) };
        discovered.tables.push(table);
    }
}

/// Pointers of the arrays of objects in records.
#[derive(Default)]
struct Lists {
    found: BTreeSet<String>,
    records: usize,
}

impl Records for Lists {
    fn record(&mut self, raw: &RawValue, _: Option<u64>) -> bool {
        let mut found = Vec::new();
        let meter = Meter::new(raw.get().len() + 1, usize::MAX);
        let pass = Pass { level: 1, meter: &meter, found: Some(&mut found), path: String::new() };
        let _ = pass.deserialize(&mut serde_json::Deserializer::from_str(raw.get()));
        self.found.extend(found);
        self.records += 1;
        self.records < RECORDS
    }
}
