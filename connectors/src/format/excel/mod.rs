//! Workbooks: xlsx, xls, xlsb and ods, through calamine.
//!
//! What a file is, its content says, not its name. Every file is scanned before calamine sees it (`scan`); xlsx and
//! xlsb are then read cell by cell (`cells`), xls and ods at once, within the scan's caps. `layout` and
//! `header` find where the table begins and name its columns, `table` makes batches of the rows below.
//!
//! Rows and columns that are only hidden are read like all others: a filter that somebody left on must not lose data.
//! Number formats are known for xlsx only (`0000` keeps the zeros in front); for the others `pad` in the mapping does
//! it. Formulas that were never calculated are told in xlsx and ods; xls and xlsb always hold a value.

mod cells;
mod fault;
mod fill;
mod header;
mod layout;
mod scan;
mod table;
#[cfg(test)]
mod tests;
mod value;

use calamine::{SheetType, SheetVisible};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::fold::nearest;

use super::discover::{Discovered, DiscoveredTable, settled};
use super::{FormatKind, Input, OptionError, Output, ReadError, TableReader};
use crate::limits::Limits;
use cells::Workbook;
use layout::{Context, Sheet};

/// `kind = "excel"`.
pub(super) struct Kind;

/// Options of `[format]` for workbooks.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ExcelOptions {
    /// Whether sheets hidden in the workbook are read too; a sheet that `sheet` names in full is read anyway.
    pub hidden: bool,
}

/// Options of `[table.read]` for workbooks.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ExcelTable {
    /// The sheet, or several by a pattern with `*`; absent: every visible sheet.
    pub sheet: Option<String>,
    /// Row of the header, as Excel counts, the upper one of several; absent: found and reported.
    #[schemars(range(min = 1, max = 1_048_576))]
    pub header_row: Option<u32>,
    /// How many rows the header takes, their names joined by ` / `; absent: one, or two where the header is found
    /// and looks so.
    #[schemars(range(min = 1, max = 10))]
    pub header_rows: Option<u32>,
    /// Columns whose merged cells take the value above; in a column without merged cells, every blank cell does.
    pub fill_down: Vec<String>,
}

impl FormatKind for Kind {
    fn name(&self) -> &'static str {
        "excel"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["xlsx", "xlsm", "xls", "xlsb", "ods"]
    }

    fn locator(&self) -> vienkop_transforms::batch::LocatorKind {
        vienkop_transforms::batch::LocatorKind::Cell
    }

    fn options_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        ExcelOptions::json_schema(generator)
    }

    fn table_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        ExcelTable::json_schema(generator)
    }

    fn reader(
        &self,
        options: &serde_json::Value,
        table: &serde_json::Value,
    ) -> Result<Box<dyn TableReader>, OptionError> {
        let wrong = |option: &str, value: String| OptionError::new(option, "other", value);
        let options: ExcelOptions =
            serde_json::from_value(options.clone()).map_err(|error| wrong("format", error.to_string()))?;
        let table: ExcelTable =
            serde_json::from_value(table.clone()).map_err(|error| wrong("read", error.to_string()))?;
        if table.header_row == Some(0) {
            return Err(wrong("header_row", "1 ≤ header_row".to_owned()));
        }
        if table.header_rows.is_some_and(|rows| !(1..=10).contains(&rows)) {
            return Err(wrong("header_rows", "1 ≤ header_rows ≤ 10".to_owned()));
        }
        Ok(Box::new(ExcelReader { options, table }))
    }

    fn discover(&self, input: &Input, limits: &Limits) -> Result<Option<Discovered>, ReadError> {
        let scanned = match scan::scan(&input.path, limits, &|_, visible| visible) {
            Ok(scanned) => scanned,
            Err(ReadError::File(wrong)) if wrong.code == finding::WRONG_CONTENT.code => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut tables = Vec::new();
        for sheet in Workbook::open(&input.path, scanned.variant)?.sheets() {
            if sheet.typ != SheetType::WorkSheet || sheet.visible != SheetVisible::Visible {
                continue;
            }
            let mut read = Map::from_iter([("sheet".to_owned(), Value::from(sheet.name.as_str()))]);
            let table = ExcelTable { sheet: Some(sheet.name.clone()), ..ExcelTable::default() };
            let reader = ExcelReader { options: ExcelOptions::default(), table };
            read.extend(settled(&reader, input, limits, &[])?.1);
            tables.push(DiscoveredTable { name: sheet.name, read, ..DiscoveredTable::default() });
        }
        Ok(Some(Discovered { options: Map::new(), tables }))
    }
}

struct ExcelReader {
    options: ExcelOptions,
    table: ExcelTable,
}

impl TableReader for ExcelReader {
    fn read(
        &self,
        input: &Input,
        wanted: &[String],
        limits: &Limits,
        output: &mut dyn Output,
    ) -> Result<(), ReadError> {
        self.read_sheets(input, wanted, limits, output).map_err(|error| match error {
            ReadError::File(mut finding) => {
                finding.landed = Some(input.landed);
                ReadError::File(finding)
            }
            other => other,
        })
    }
}

impl ExcelReader {
    fn read_sheets(
        &self,
        input: &Input,
        wanted: &[String],
        limits: &Limits,
        output: &mut dyn Output,
    ) -> Result<(), ReadError> {
        let scanned = scan::scan(&input.path, limits, &|name, visible| self.takes(name, visible))?;
        let mut workbook = Workbook::open(&input.path, scanned.variant)?;
        let sheets = workbook.sheets();
        if sheets.len() != scanned.sheets.len() {
            return Err(fault::damaged(format!("{} / {}", sheets.len(), scanned.sheets.len())).into());
        }
        let is_table = |sheet: &calamine::Sheet| sheet.typ == SheetType::WorkSheet;
        let is_visible = |sheet: &calamine::Sheet| sheet.visible == SheetVisible::Visible;
        let tables: Vec<_> = sheets.iter().zip(&scanned.sheets).filter(|(sheet, _)| is_table(sheet)).collect();
        let (taken, left): (Vec<_>, Vec<_>) =
            tables.into_iter().partition(|(sheet, _)| self.takes(&sheet.name, is_visible(sheet)));
        if taken.is_empty() {
            return Err(self.not_found(&sheets).into());
        }
        if self.table.sheet.is_none() {
            for (sheet, _) in left {
                output.finding(Finding {
                    landed: Some(input.landed),
                    sheet: Some(sheet.name.clone()),
                    value: Some(sheet.name.clone()),
                    expected: Some("hidden".to_owned()),
                    hint: Some("hidden = true".to_owned()),
                    ..Finding::of(&finding::GUESS)
                });
            }
        }
        let mut held = Vec::new();
        for (sheet, scan) in &taken {
            let context = Context {
                input,
                sheet: &sheet.name,
                scan,
                table: &self.table,
                wanted,
                limits,
                declared: self.table.sheet.is_some(),
            };
            let mut rows = Sheet::new(context, output);
            workbook
                .rows(&sheet.name, &scan.special, limits, &mut |row| rows.row(row))
                .and_then(|()| rows.finish())
                .map_err(|error| scan::at_sheet(error, &sheet.name))
                .map(|any| held.push(any))?;
        }
        // Workbooks come with empty sheets that nobody meant; where one is asked for by name, or all are empty, it is
        // worth telling.
        let nothing = !held.contains(&true);
        for ((sheet, _), held) in taken.iter().zip(held) {
            if !held && (nothing || self.table.sheet.is_some()) {
                output.finding(Finding {
                    landed: Some(input.landed),
                    sheet: Some(sheet.name.clone()),
                    ..Finding::of(&finding::HEADER_ONLY)
                });
            }
        }
        Ok(())
    }

    /// Whether a sheet of this name is to be read.
    fn takes(&self, name: &str, visible: bool) -> bool {
        let visible = visible || self.options.hidden;
        match &self.table.sheet {
            None => visible,
            Some(pattern) if pattern.contains('*') => visible && is_match(&same(pattern), &same(name)),
            Some(declared) => same(declared) == same(name),
        }
    }

    fn not_found(&self, sheets: &[calamine::Sheet]) -> Finding {
        let names = || sheets.iter().map(|sheet| sheet.name.as_str());
        let declared = self.table.sheet.as_deref().unwrap_or("*");
        let mut hint = nearest(declared, names(), 3);
        if hint.is_empty() {
            hint = names().take(3).collect();
        }
        Finding {
            value: Some(declared.to_owned()),
            hint: Some(hint.join(", ")).filter(|hint| !hint.is_empty()),
            ..Finding::of(&finding::NOT_FOUND)
        }
    }
}

/// Excel itself does not tell apart names of sheets that differ in case only.
fn same(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Whether a name matches a pattern in which `*` stands for any characters.
fn is_match(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        let Some(found) = rest.find(piece) else { return false };
        rest = rest.get(found + piece.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}
