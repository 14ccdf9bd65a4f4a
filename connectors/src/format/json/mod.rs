//! JSON: an array of records, an object that holds one, or a record a line (NDJSON); never the whole document.
//!
//! Columns are paths below the record (`adrese/pilseta`; `~1` stands for a `/` in a name, `~0` for a `~`, as in JSON
//! Pointer). Values keep their letters: `1.10`, `00123` and big numbers stay as they are written; `null` is an empty
//! text. Repeated values (arrays, names given twice) are joined with U+001F.

mod discover;
mod document;
mod reader;
mod table;
#[cfg(test)]
mod tests;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::reader::JsonReader;
use super::discover::Discovered;
use super::encoding::EncodingOption;
use super::{FormatKind, Input, OptionError, ReadError, TableReader};
use crate::limits::Limits;

/// JSON and NDJSON.
pub(super) struct Kind;

/// How the file is written.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct JsonOptions {
    /// Encoding of the text; default: found from the content and reported.
    encoding: EncodingOption,
    /// Whether every line is a record of its own (NDJSON); "auto": found and reported.
    lines: LinesOption,
}

/// Whether every line is a record of its own.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(untagged)]
enum LinesOption {
    /// It is, or it is not.
    Declared(bool),
    /// Found from the content.
    Found(Auto),
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
enum Auto {
    #[serde(rename = "auto")]
    Auto,
}

impl Default for LinesOption {
    fn default() -> Self {
        Self::Found(Auto::Auto)
    }
}

/// Where the records are in the document.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct JsonTable {
    /// JSON Pointer to the array of records, or to the one record: `/items`; "" is the whole document.
    /// Default: the array at the top, or the lines.
    records: Option<String>,
    /// Path below the record to an array of objects (`soli`): each of them becomes a row, with the record's own columns.
    explode: Option<String>,
}

impl FormatKind for Kind {
    fn name(&self) -> &'static str {
        "json"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json", "ndjson", "jsonl", "geojson"]
    }

    fn locator(&self) -> vienkop_transforms::batch::LocatorKind {
        vienkop_transforms::batch::LocatorKind::Pointer
    }

    fn options_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        JsonOptions::json_schema(generator)
    }

    fn table_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        JsonTable::json_schema(generator)
    }

    fn reader(&self, options: &Value, table: &Value) -> Result<Box<dyn TableReader>, OptionError> {
        let options: JsonOptions = parse(options, "format")?;
        let table: JsonTable = parse(table, "read")?;
        let lines = match options.lines {
            LinesOption::Declared(lines) => Some(lines),
            LinesOption::Found(Auto::Auto) => None,
        };
        if table.records.is_some() && lines == Some(true) {
            return Err(refused("records", "records-of-lines"));
        }
        let pointer = table.records.as_deref().map(pointer).transpose()?;
        if table.explode.as_deref().is_some_and(|path| path.is_empty() || path.starts_with('/') || path.ends_with('/'))
        {
            return Err(refused("explode", "explode"));
        }
        Ok(Box::new(JsonReader { encoding: options.encoding, lines, pointer, explode: table.explode }))
    }

    fn discover(&self, input: &Input, limits: &Limits) -> Result<Option<Discovered>, ReadError> {
        discover::discover(input, limits)
    }
}

fn parse<T: DeserializeOwned + Default>(value: &Value, option: &str) -> Result<T, OptionError> {
    if value.is_null() {
        return Ok(T::default());
    }
    T::deserialize(value).map_err(|error| OptionError::new(option, "other", error.to_string()))
}

fn refused(option: &str, reason: &'static str) -> OptionError {
    OptionError::new(option, reason, "")
}

/// The steps of a JSON Pointer (RFC 6901).
fn pointer(text: &str) -> Result<Vec<String>, OptionError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let Some(steps) = text.strip_prefix('/') else {
        return Err(refused("records", "pointer"));
    };
    Ok(steps.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

/// A name as a step of a path.
fn step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
