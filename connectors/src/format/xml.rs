//! `kind = "xml"`: records at a path of an XML document, read as a stream; the whole tree is never in memory.
//!
//! Columns are paths below the record, by local names: `nosaukums`, `@id`, `adrese/pilseta`, `adrese/@tips`, `.` for
//! the text of the record itself; `../@id` and `../kods` reach attributes and texts of the elements around the record
//! (texts, when they stand before it). `p:name` asks for a namespace too, whatever its prefix in the document.
//! Only columns that the mapping wants are delivered; other paths are named once (F013).
//!
//! A column's value is the text of the element itself; where no column is wanted from within the element, the texts
//! of the elements in it belong to it too (a description with `<b>` and `<p>` in it). Space at the ends is dropped.
//! An element that is there and empty, or `xsi:nil`, is an empty text; one that is not there is null.

mod discover;
mod paths;
mod rows;
mod source;
mod tell;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeMap;

use encoding_rs::Encoding;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use vienkop_transforms::batch::REPEATED;
use vienkop_transforms::finding::{self, Finding};

use self::paths::{Layout, NoPath, steps};
use super::discover::Discovered;
use super::{FormatKind, Input, OptionError, Output, ReadError, TableReader};
use crate::limits::Limits;

const AUTO: &str = "auto";

/// Options of `[format]` with `kind = "xml"`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct XmlOptions {
    /// Encoding of the file when it does not say so rightly itself: `windows-1257`, `iso-8859-13`, `utf-8`, …;
    /// `auto` takes the byte order mark, then the XML declaration, then UTF-8. A byte order mark always counts.
    encoding: String,
}

impl Default for XmlOptions {
    fn default() -> Self {
        Self { encoding: AUTO.to_owned() }
    }
}

/// Options of `[table.read]` with `kind = "xml"`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct XmlTable {
    /// Path of the records from the root: `/registrs/pakalpojumi/pakalpojums`. `*` stands for any one element.
    record: String,
    /// Path of a repeated element below the record (`soli/solis`): a row for each of them instead of one for the
    /// record. Its columns are written with this path (`soli/solis/nosaukums`), those of the record are repeated.
    #[serde(default)]
    explode: Option<String>,
    /// Namespaces that the paths name: prefix (any, need not be the document's) and URI.
    #[serde(default)]
    namespaces: BTreeMap<String, String>,
    /// What stands between the texts of an element that is repeated within a record; default: a mark at which list
    /// fields are split.
    #[serde(default)]
    join: Option<String>,
}

pub(super) struct Kind;

impl FormatKind for Kind {
    fn name(&self) -> &'static str {
        "xml"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["xml"]
    }

    fn locator(&self) -> vienkop_transforms::batch::LocatorKind {
        vienkop_transforms::batch::LocatorKind::Record
    }

    fn options_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        XmlOptions::json_schema(generator)
    }

    fn table_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        XmlTable::json_schema(generator)
    }

    fn reader(
        &self,
        options: &serde_json::Value,
        table: &serde_json::Value,
    ) -> Result<Box<dyn TableReader>, OptionError> {
        let other = |option: &str, error: serde_json::Error| OptionError::new(option, "other", error.to_string());
        let options: XmlOptions = serde_json::from_value(options.clone()).map_err(|e| other("encoding", e))?;
        let table: XmlTable = serde_json::from_value(table.clone()).map_err(|e| other("record", e))?;

        let encoding = match options.encoding.as_str() {
            AUTO => None,
            label => Some(
                Encoding::for_label(label.as_bytes()).ok_or_else(|| OptionError::new("encoding", "encoding", label))?,
            ),
        };
        let record = table.record.strip_prefix('/');
        let record = record.ok_or_else(|| OptionError::new("record", "root", table.record.as_str()))?;
        let no_path = |option: &'static str| move |fault: NoPath| OptionError::new(option, fault.reason, fault.value);
        let record = steps(record, &table.namespaces).map_err(no_path("record"))?;
        let explode = table.explode.as_deref().map(|path| steps(path, &table.namespaces)).transpose();
        Ok(Box::new(XmlReader {
            encoding,
            layout: Layout {
                record_path: table.record,
                record,
                explode: explode.map_err(no_path("explode"))?,
                explode_path: table.explode,
                namespaces: table.namespaces,
            },
            join: table.join.unwrap_or_else(|| REPEATED.to_string()),
        }))
    }

    fn discover(&self, input: &Input, limits: &Limits) -> Result<Option<Discovered>, ReadError> {
        discover::discover(input, limits)
    }
}

struct XmlReader {
    encoding: Option<&'static Encoding>,
    layout: Layout,
    join: String,
}

impl TableReader for XmlReader {
    fn read(
        &self,
        input: &Input,
        wanted: &[String],
        limits: &Limits,
        output: &mut dyn Output,
    ) -> Result<(), ReadError> {
        let about = About { landed: input.landed };
        let paths = paths::Paths::new(&self.layout, wanted, limits.columns).map_err(|(column, fault)| Finding {
            hint: Some(fault.value).filter(|value| !value.is_empty() && *value != column),
            column: Some(column),
            ..about.finding(&finding::NOT_FOUND)
        })?;
        let file = fs_err::File::open(&input.path)?;
        let source = source::Source::new(file, self.encoding, limits.record_bytes as u64, about)?;
        let rows = rows::Rows::new(input, paths.columns(), self.join.clone());
        walk::Walk::new(&self.layout, paths, rows, limits, about, output).run(source)
    }
}

/// Which file findings are about.
#[derive(Debug, Clone, Copy)]
struct About {
    landed: i64,
}

impl About {
    fn finding(self, rule: &finding::Rule) -> Finding {
        Finding { landed: Some(self.landed), ..Finding::of(rule) }
    }
}
