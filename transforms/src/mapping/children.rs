//! Children made from the row itself: one cell cut into items, or numbered columns.

use std::collections::{BTreeMap, HashMap};

use polars::prelude::*;

use super::MappedField;
use super::columns::is_there;
use super::plan::ChildPlan;
use crate::batch::REPEATED;
use crate::model::Child;

/// Items of one kind of child, over all rows of a batch.
#[derive(Debug, Clone)]
pub struct MappedChild {
    /// The child.
    pub child: &'static Child,
    /// Row of the batch each item belongs to.
    pub parent: Vec<u32>,
    /// Place of the item among its parent's, from 1.
    pub ordinal: Vec<i64>,
    /// Fields of the items.
    pub fields: Vec<MappedField>,
    /// Whether the batch has a column for it at all.
    pub present: bool,
    /// Header of the cell that holds the items.
    pub column: Option<String>,
    /// Items that the pattern does not fit: row and text.
    pub misfits: Vec<(u32, String)>,
}

/// Cuts the items out of the rows.
pub(super) fn map(plan: &ChildPlan, rows: &DataFrame, by_header: bool) -> PolarsResult<MappedChild> {
    let mut found = Items::default();
    let mut present = false;
    // Fields that the items have, empty or not, and whether any record of the batch has their path.
    let mut declared: BTreeMap<&str, bool> = BTreeMap::new();
    if let Some((name, column)) = plan.source.column.as_deref().and_then(|name| Some((name, rows.column(name).ok()?))) {
        present = is_there(rows, name, by_header);
        let groups = plan.pattern.iter().flat_map(|pattern| pattern.capture_names().flatten());
        declared.extend(groups.chain(plan.source.field.as_deref()).map(|field| (field, true)));
        for (row, cell) in column.str()?.iter().enumerate() {
            let mut parts = items(cell.unwrap_or_default(), &plan.source.split);
            parts.retain(|part| !plan.source.empty.iter().any(|empty| empty == part));
            for (ordinal, part) in parts.into_iter().enumerate() {
                found.add_text(plan, row as u32, ordinal as i64 + 1, part);
            }
        }
    }
    let numbered = plan.numbered_headers();
    for (n, headers) in numbered.iter().enumerate() {
        let mut columns: Vec<(&str, &StringChunked)> = Vec::new();
        for (field, header) in headers {
            if let Ok(column) = rows.column(header) {
                columns.push((field.as_str(), column.str()?));
                *declared.entry(field.as_str()).or_default() |= is_there(rows, header, by_header);
            }
        }
        if columns.is_empty() {
            break;
        }
        present |= headers.iter().any(|(_, header)| is_there(rows, header, by_header));
        for row in 0..rows.height() {
            let values: HashMap<&str, &str> = columns
                .iter()
                .filter_map(|(field, texts)| texts.get(row).map(|text| (*field, text.trim())))
                .filter(|(_, text)| !text.is_empty())
                .collect();
            if !values.is_empty() {
                found.add(row as u32, n as i64 + 1, &values);
            }
        }
    }
    Ok(found.into_mapped(plan, present, &declared))
}

#[derive(Default)]
struct Items {
    parent: Vec<u32>,
    ordinal: Vec<i64>,
    values: HashMap<String, Vec<(usize, String)>>,
    misfits: Vec<(u32, String)>,
}

impl Items {
    fn add(&mut self, row: u32, ordinal: i64, values: &HashMap<&str, &str>) {
        let index = self.parent.len();
        self.parent.push(row);
        self.ordinal.push(ordinal);
        for (field, value) in values {
            self.values.entry((*field).to_owned()).or_default().push((index, (*value).to_owned()));
        }
    }

    fn add_text(&mut self, plan: &ChildPlan, row: u32, ordinal: i64, text: &str) {
        let mut values = HashMap::new();
        if let Some(pattern) = &plan.pattern {
            let Some(captures) = pattern.captures(text) else {
                self.misfits.push((row, text.to_owned()));
                return;
            };
            for name in pattern.capture_names().flatten() {
                if let Some(value) = captures.name(name) {
                    values.insert(name, value.as_str().trim());
                }
            }
        }
        if let Some(field) = &plan.source.field {
            values.insert(field.as_str(), text);
        }
        self.add(row, ordinal, &values);
    }

    fn into_mapped(mut self, plan: &ChildPlan, present: bool, declared: &BTreeMap<&str, bool>) -> MappedChild {
        let mut fields = Vec::new();
        for field in &plan.fields {
            let constant = field.rule.value.as_deref();
            let default = constant.or(field.rule.default.as_deref());
            let given = self.values.remove(field.field.name);
            let seen = declared.get(field.field.name).copied();
            if given.is_none() && default.is_none() && seen.is_none() {
                continue;
            }
            let numbered = |ordinal: &i64| default.map(|text| text.replace("{n}", &ordinal.to_string()));
            let mut texts: Vec<Option<String>> = self.ordinal.iter().map(numbered).collect();
            for (index, value) in given.into_iter().flatten() {
                texts[index] = Some(value);
            }
            fields.push(MappedField {
                plan: field.clone(),
                column: plan.source.column.clone(),
                text: StringChunked::from_iter_options(PlSmallStr::from_static(field.field.name), texts.into_iter()),
                broken: Vec::new(),
                seen: seen.unwrap_or(true),
            });
        }
        MappedChild {
            child: plan.child,
            parent: self.parent,
            ordinal: self.ordinal,
            fields,
            present,
            column: plan.source.column.clone(),
            misfits: self.misfits,
        }
    }
}

/// The items of a text: what stands between separators; line breaks and [`REPEATED`] always separate.
pub(crate) fn items<'a>(text: &'a str, separators: &[String]) -> Vec<&'a str> {
    const ALWAYS: [char; 2] = ['\n', REPEATED];
    let mut parts: Vec<&str> = text.split(ALWAYS).collect();
    for separator in separators {
        parts = parts.into_iter().flat_map(|part| part.split(separator.as_str())).collect();
    }
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}
