//! Looking at a delivery: columns, how their values are written, which codes they use. In bounded memory, and at the cost
//! of a bounded number of values a batch.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use polars::prelude::*;

use super::{Policy, Schema, SeenColumn, Shape};
use crate::batch::{self, LocatorKind, Origin};
use crate::codelist::{CodeList, CodeLists};
use crate::fold::fold;
use crate::mapping::{FieldPlan, Mapped, MappedField, TablePlan, items};
use crate::model::Kind;
use crate::normalise::personal;

/// Values of a column that are looked at in one batch, evenly over its rows.
const SAMPLE: usize = 2_048;
/// Columns of a part that are remembered. A list of more is no table that anybody made.
pub(super) const COLUMNS: usize = 2_000;
/// Codes of a column that are remembered; a column with more holds no codes.
const CODES: usize = 200;
/// Values of a column that are kept while it is compared with one that was lost.
const VALUES: usize = 50;
/// Letters of a code.
const LETTERS: usize = 200;
/// Values of a hundred from which on a form is no accident.
const NOTABLE: u64 = 10;

/// Which fields a source's tables fill from which column.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    /// Column (header or path): fields, `parent.code` and `steps.name` too.
    by_column: BTreeMap<String, BTreeSet<String>>,
    /// Columns of dates and times.
    dates: BTreeSet<String>,
    /// Folded headers of survey questions.
    questions: BTreeSet<String>,
}

impl Fields {
    /// Adds those of a table.
    pub fn add(&mut self, plan: &TablePlan) {
        for part in std::iter::once(plan).chain(&plan.events) {
            part.fields.iter().for_each(|field| self.field(field, ""));
            part.parent.iter().for_each(|field| self.field(field, "parent."));
            self.questions.extend(part.unpivot.iter().flat_map(|unpivot| unpivot.questions.keys().cloned()));
        }
        for child in &plan.children {
            let name = child.child.name;
            let numbered = child.numbered_headers().into_iter().flatten().map(|(_, header)| header);
            for column in child.source.column.iter().cloned().chain(numbered) {
                self.by_column.entry(column).or_default().insert(name.to_owned());
            }
        }
    }

    fn field(&mut self, plan: &FieldPlan, prefix: &str) {
        let headers = plan.rule.column.iter().flat_map(|columns| columns.headers());
        for column in headers.chain(plan.rule.columns.iter().map(String::as_str)) {
            let name = format!("{prefix}{}", plan.field.name);
            self.by_column.entry(column.to_owned()).or_default().insert(name);
            if matches!(plan.field.kind, Kind::Date | Kind::Timestamp | Kind::Moment) {
                self.dates.insert(column.to_owned());
            }
        }
    }

    /// Fields that the column fills.
    pub fn of(&self, column: &str) -> Vec<&str> {
        self.by_column.get(column).into_iter().flatten().map(String::as_str).collect()
    }

    /// Whether the column fills a field or answers a question.
    pub fn maps(&self, column: &str) -> bool {
        self.by_column.contains_key(column) || self.questions.contains(&fold(column))
    }

    /// Whether the column is read as dates or times.
    pub fn is_date(&self, column: &str) -> bool {
        self.dates.contains(column)
    }

    /// Columns that fill the same field as this one.
    pub(super) fn alternatives<'a>(&'a self, column: &'a str) -> impl Iterator<Item = &'a str> {
        let fields = self.by_column.get(column);
        let same = move |others: &BTreeSet<String>| fields.is_some_and(|fields| !fields.is_disjoint(others));
        self.by_column
            .iter()
            .filter(move |(name, others)| *name != column && same(others))
            .map(|(name, _)| name.as_str())
    }
}

/// Where a value was met first.
#[derive(Debug, Clone, Default)]
pub(super) struct Met {
    pub(super) landed: i64,
    pub(super) sheet: Option<String>,
    pub(super) row: Option<i64>,
    pub(super) part: Option<i64>,
    pub(super) cell: Option<String>,
}

/// A text of a code list that no list knows.
#[derive(Debug, Clone)]
pub(super) struct Code {
    /// Name of the list.
    pub(super) list: String,
    /// Field that it fills.
    pub(super) field: String,
    /// Whether the list, or the source's own `codes`, know it.
    pub(super) known: bool,
    /// The nearest spellings known.
    pub(super) hint: Option<String>,
    pub(super) met: Met,
}

/// A column so far.
#[derive(Debug, Clone, Default)]
pub(super) struct ColumnProfile {
    pub(super) name: String,
    /// Rows looked at.
    rows: u64,
    /// Of these, with a value.
    pub(super) filled: u64,
    pub(super) shapes: BTreeMap<Shape, (u64, Met)>,
    /// A few of its values, to be compared and forgotten.
    pub(super) values: BTreeSet<String>,
    pub(super) codes: BTreeMap<String, Code>,
    too_many_codes: bool,
    /// Where its header is.
    pub(super) met: Met,
    /// Only its name is known: a path that the reader passed by.
    pub(super) passed: bool,
}

/// What was seen of one part of a source.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Entity of its first table.
    pub(super) entity: String,
    /// Whether the file names its columns apart from its records.
    pub(super) by_header: bool,
    pub(super) columns: Vec<ColumnProfile>,
    places: HashMap<String, usize>,
    pub(super) too_many: bool,
    /// Whether anything came of it at all.
    looked: bool,
}

impl Profile {
    /// Whether anything was seen.
    pub const fn looked(&self) -> bool {
        self.looked
    }

    /// Whether no record of it came.
    pub(super) fn is_empty(&self) -> bool {
        self.columns.iter().all(|column| column.rows == 0)
    }

    /// Looks at a batch. Where the `policy` quarantines rows by what is known of their column, no form is overlooked.
    ///
    /// # Errors
    /// A column of the batch holds no texts.
    pub fn look(
        &mut self,
        plan: &TablePlan,
        mapped: &Mapped,
        fields: &Fields,
        codelists: &CodeLists,
        policy: Policy,
    ) -> PolarsResult<()> {
        let origin = &mapped.origin;
        if !self.looked {
            self.looked = true;
            self.entity = plan.name();
            self.by_header = matches!(origin.locator, LocatorKind::Cell | LocatorKind::Line);
        }
        let hidden: BTreeSet<String> = plan.personal_columns().into_iter().collect();
        for column in &origin.columns {
            let texts = mapped.rows.column(&column.name)?.str()?;
            // Where records have no header, a path that none of them has is not there.
            if !self.by_header && texts.null_count() == texts.len() {
                continue;
            }
            let met = Met {
                landed: origin.landed,
                sheet: origin.sheet.clone(),
                cell: origin.sheet.as_ref().map(|sheet| format!("{sheet}!{}", column.place)),
                ..Met::default()
            };
            let Some(profile) = self.column(&column.name, met) else { continue };
            let date = fields.is_date(&column.name);
            let sample = if policy == Policy::Quarantine { usize::MAX } else { SAMPLE };
            let keep = !hidden.contains(&column.name);
            profile.values_of(texts, &mapped.rows, origin, &column.name, date, sample, keep)?;
        }
        for field in mapped.fields.iter().chain(&mapped.parent) {
            self.codes_of(field, "", None, mapped, codelists)?;
        }
        for child in &mapped.children {
            for field in &child.fields {
                self.codes_of(field, child.child.name, Some(&child.parent), mapped, codelists)?;
            }
        }
        Ok(())
    }

    /// A path that the reader of a format without headers passed by: no field is filled from it.
    pub fn passes(&mut self, column: &str) {
        let known = self.places.contains_key(&*personal::mask(column));
        if let Some(profile) = self.column(column, Met::default()).filter(|_| !known) {
            profile.passed = true;
        }
    }

    pub(super) fn named(&self, name: &str) -> Option<&ColumnProfile> {
        self.places.get(name).map(|at| &self.columns[*at])
    }

    fn column(&mut self, name: &str, met: Met) -> Option<&mut ColumnProfile> {
        let name = personal::mask(name).into_owned();
        let at = match self.places.get(&name) {
            Some(at) => *at,
            None if self.columns.len() == COLUMNS => {
                self.too_many = true;
                return None;
            }
            None => {
                self.places.insert(name.clone(), self.columns.len());
                self.columns.push(ColumnProfile { name, met, ..ColumnProfile::default() });
                self.columns.len() - 1
            }
        };
        self.columns.get_mut(at)
    }

    /// Texts of a field of codes: each is looked at once a batch.
    fn codes_of(
        &mut self,
        field: &MappedField,
        child: &str,
        parents: Option<&[u32]>,
        mapped: &Mapped,
        codelists: &CodeLists,
    ) -> PolarsResult<()> {
        let (Kind::CodeList(list), Some(column)) = (field.plan.field.kind, &field.column) else { return Ok(()) };
        if field.plan.rule.pseudonymise {
            return Ok(());
        }
        let Some(at) = self.places.get(&*personal::mask(column)).copied() else { return Ok(()) };
        let list = codelists.get(list);
        let own: BTreeSet<String> = field.plan.rule.codes.keys().map(|text| fold(text)).collect();
        let name = if child.is_empty() {
            field.plan.field.name.to_owned()
        } else {
            format!("{child}.{}", field.plan.field.name)
        };
        let profile = &mut self.columns[at];
        for text in field.text.unique()?.iter().flatten().filter(|text| !text.trim().is_empty()) {
            if profile.too_many_codes {
                return Ok(());
            }
            let parts = if field.plan.field.list { items(text, &field.plan.rule.split) } else { vec![text] };
            for part in parts.into_iter().map(str::trim).filter(|part| fold(part) != "nav attiecinams") {
                let code: String = personal::mask(part).chars().take(LETTERS).collect();
                if code.is_empty() || profile.codes.contains_key(&code) {
                    continue;
                }
                if profile.codes.len() == CODES {
                    profile.codes.clear();
                    profile.too_many_codes = true;
                    return Ok(());
                }
                let known = own.contains(&fold(part)) || list.is_some_and(|list| list.find(part).is_some());
                let row = (!known).then(|| field.text.iter().position(|other| other == Some(text))).flatten();
                let row = row.map(|row| parents.map_or(row, |parents| parents[row] as usize));
                let met = row.map(|row| met(&mapped.origin, &mapped.rows, row, column)).transpose()?;
                let hint = list.filter(|_| !known).map(|list: &CodeList| list.nearest(part, 3).join(" | "));
                profile.codes.insert(
                    code,
                    Code {
                        list: list.map_or_else(String::new, |list| list.name.clone()),
                        field: name.clone(),
                        known,
                        hint: hint.filter(|hint| !hint.is_empty()),
                        met: met.unwrap_or_default(),
                    },
                );
            }
        }
        Ok(())
    }

    /// What was seen, as the registry keeps it.
    pub(super) fn schema(&self) -> Schema {
        Schema { columns: self.columns.iter().map(ColumnProfile::seen).collect() }
    }
}

/// The place of a row.
fn met(origin: &Origin, rows: &DataFrame, row: usize, column: &str) -> PolarsResult<Met> {
    let number = rows.column(batch::ROW)?.i64()?.get(row);
    let part = rows.column(batch::PART)?.i64()?.get(row);
    let cell = number.map(|number| origin.locate(number, part, Some(column)));
    Ok(Met { landed: origin.landed, sheet: origin.sheet.clone(), row: number, part, cell })
}

impl ColumnProfile {
    #[allow(clippy::too_many_arguments, reason = "one column of one batch")]
    fn values_of(
        &mut self,
        texts: &StringChunked,
        rows: &DataFrame,
        origin: &Origin,
        name: &str,
        date: bool,
        sample: usize,
        keep: bool,
    ) -> PolarsResult<()> {
        let step = texts.len().div_ceil(sample).max(1);
        for row in (0..texts.len()).step_by(step) {
            self.rows += 1;
            let Some(text) = texts.get(row) else { continue };
            let Some(shape) = Shape::of(text, date) else { continue };
            self.filled += 1;
            if let Some((count, _)) = self.shapes.get_mut(&shape) {
                *count += 1;
            } else {
                self.shapes.insert(shape, (1, met(origin, rows, row, name)?));
            }
            if keep && self.values.len() < VALUES && !self.values.contains(text.trim()) {
                self.values.insert(text.trim().to_owned());
            }
        }
        Ok(())
    }

    /// Forms of a notable share of its values.
    pub(super) fn notable(&self) -> BTreeSet<Shape> {
        let notable = |(_, (count, _)): &(&Shape, &(u64, Met))| count * 100 >= self.filled * NOTABLE;
        self.shapes.iter().filter(notable).map(|(shape, _)| *shape).collect()
    }

    fn seen(&self) -> SeenColumn {
        let shapes = self.notable();
        SeenColumn {
            name: self.name.clone(),
            rare: self.shapes.keys().filter(|shape| !shapes.contains(shape)).copied().collect(),
            shapes,
            filled: if self.rows == 0 { 0 } else { (self.filled * 100).div_ceil(self.rows) as u8 },
            codes: self.codes.keys().cloned().collect(),
        }
    }
}
