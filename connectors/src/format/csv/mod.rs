//! Delimited text: encoding, delimiter and header declared or found; a bad row is rejected alone.

mod detect;
mod reader;
mod records;
mod table;
#[cfg(test)]
mod tests;

use std::io;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use vienkop_transforms::batch::{BYTE, PART, ROW};
use vienkop_transforms::finding;

use self::reader::CsvReader;
use super::discover::{Discovered, DiscoveredTable, settled};
use super::encoding::EncodingOption;
use super::{FormatKind, Input, OptionError, ReadError, TableReader};
use crate::limits::Limits;

/// Delimited text.
pub(super) struct Kind;

/// How the file is written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct CsvOptions {
    /// Encoding of the text; default: found from the content and reported.
    encoding: EncodingOption,
    /// What separates the cells: one ASCII character, or "auto" (`;`, tab, `|` or `,`, found and reported).
    delimiter: String,
    /// What cells are quoted with: one ASCII character; empty when quotes are plain text.
    quote: String,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { encoding: EncodingOption::Auto, delimiter: "auto".to_owned(), quote: "\"".to_owned() }
    }
}

/// Where the table is in the file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct CsvTable {
    /// Physical line of the header, from 1; default: found under title lines and reported.
    header_row: Option<u64>,
    /// Names of the columns, when the file has no header.
    columns: Vec<String>,
}

impl FormatKind for Kind {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv", "tsv", "txt"]
    }

    fn locator(&self) -> vienkop_transforms::batch::LocatorKind {
        vienkop_transforms::batch::LocatorKind::Line
    }

    fn options_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        CsvOptions::json_schema(generator)
    }

    fn table_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        CsvTable::json_schema(generator)
    }

    fn reader(&self, options: &Value, table: &Value) -> Result<Box<dyn TableReader>, OptionError> {
        let options: CsvOptions = parse(options, "format")?;
        let table: CsvTable = parse(table, "read")?;
        let delimiter = match options.delimiter.as_str() {
            "auto" => None,
            text => Some(single(text, "delimiter")?),
        };
        let quote = match options.quote.as_str() {
            "" => None,
            text => Some(single(text, "quote")?),
        };
        if quote.is_some() && quote == delimiter {
            return Err(refused("quote", "quote"));
        }
        if table.header_row == Some(0) {
            return Err(refused("header_row", "from-one"));
        }
        if table.header_row.is_some() && !table.columns.is_empty() {
            return Err(refused("columns", "columns-and-header"));
        }
        if detect::names(table.columns.iter().map(String::as_str), &[ROW, PART, BYTE]) != table.columns {
            return Err(refused("columns", "column-names"));
        }
        Ok(Box::new(CsvReader { encoding: options.encoding, delimiter, quote, table }))
    }

    fn discover(&self, input: &Input, limits: &Limits) -> Result<Option<Discovered>, ReadError> {
        let reader = self.reader(&Value::Null, &Value::Null).map_err(io::Error::other)?;
        match settled(reader.as_ref(), input, limits, &["encoding", "delimiter"]) {
            Ok((options, read)) => {
                let table = DiscoveredTable { read, ..DiscoveredTable::default() };
                Ok(Some(Discovered { options, tables: vec![table] }))
            }
            // Not a table of text.
            Err(ReadError::File(wrong)) if wrong.code == finding::WRONG_CONTENT.code => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn parse<T: DeserializeOwned + Default>(value: &Value, option: &str) -> Result<T, OptionError> {
    if value.is_null() {
        return Ok(T::default());
    }
    T::deserialize(value).map_err(|error| OptionError::new(option, "other", error.to_string()))
}

fn single(text: &str, option: &str) -> Result<u8, OptionError> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'\n' | b'\r' | 0) => Ok(*byte),
        _ => Err(OptionError::new(option, "one-character", text)),
    }
}

fn refused(option: &str, reason: &'static str) -> OptionError {
    OptionError::new(option, reason, "")
}
