//! Sheets of the records that numbers count: filtered by a number's selector, a sheet shows as many rows as the number says.

use polars::prelude::*;
use rust_xlsxwriter::Worksheet;
use vienkop_transforms::texts::Texts;

use super::Look;
use super::sheets::{NUMBERS, TOP, WIDEST, finish, header, heading, named};
use crate::render::Behind;

/// Records of a sheet, at most.
const MOST: usize = 20_000;
/// Characters of a cell, at most.
const LONGEST: usize = 32_767;
/// Records by whose values the width of a column is chosen.
const LOOKED_AT: usize = 200;

/// The sheet: columns by the names that selectors use, `yes` and `no` as they do.
pub(super) fn sheet(name: &str, title: &str, behind: &Behind, texts: &Texts, look: &Look) -> anyhow::Result<Worksheet> {
    let mut sheet = named(name)?;
    let shown = behind.rows.head(Some(MOST));
    let count = behind.rows.height().to_string();
    let most = MOST.to_string();
    let id = if shown.height() < behind.rows.height() { "report-behind-first" } else { "report-behind-all" };
    let said = texts.get(id, &[("count", &count), ("most", &most)]);
    let how = texts.get("report-behind-how", &[("name", behind.name)]);
    heading(&mut sheet, title, &[Some(&said), Some(&how)], look)?;
    let heads: Vec<String> = shown.get_column_names().into_iter().map(ToString::to_string).collect();
    header(&mut sheet, &heads, look)?;
    for (column, (values, head)) in (0..).zip(shown.columns().iter().zip(&heads)) {
        let mut widest = head.chars().count();
        for (row, at) in (0..values.len()).zip(TOP + 1..) {
            let value = values.get(row)?;
            if let Some(text) = value.get_str() {
                widest = widest.max(if row < LOOKED_AT { text.chars().count() } else { 0 });
                sheet.write_string(at, column, text.chars().take(LONGEST).collect::<String>())?;
            } else if let AnyValue::Boolean(flag) = value {
                sheet.write_string(at, column, if flag { "yes" } else { "no" })?;
            } else if value.is_primitive_numeric() {
                sheet.write_number_with_format(at, column, value.try_extract::<f64>()?, &look.count)?;
            } else if !value.is_null() {
                sheet.write_string(at, column, value.to_string())?;
            }
        }
        sheet.set_column_width(column, (widest.clamp(NUMBERS as usize, WIDEST) + 2) as f64)?;
    }
    finish(&mut sheet, heads.len(), shown.height())?;
    Ok(sheet)
}
