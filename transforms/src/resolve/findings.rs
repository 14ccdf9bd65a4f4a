//! Issues to findings: the row's place in its file, the record's key.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;

use crate::batch::{self, LocatorKind};
use crate::finding::{self, Finding};
use crate::mapping::{Mapped, TablePlan};
use crate::model::Presence;
use crate::normalise::{Normalised, personal};

/// Findings of a batch's issues.
pub(super) fn of_issues(
    plan: &TablePlan,
    batch: &Normalised,
    keys: &[Option<String>],
    unanswered: &[u32],
) -> PolarsResult<DataFrame> {
    let numbers = batch.rows.column(batch::ROW)?.i64()?;
    let parts = batch.rows.column(batch::PART)?.i64()?;
    let place = |row: u32, column: Option<&str>| {
        let number = numbers.get(row as usize);
        let part = parts.get(row as usize);
        (number, part, number.map(|number| batch.origin.locate(number, part, column)))
    };
    let with_place = |finding: Finding, row: u32, column: Option<&str>| {
        let (number, part, cell) = place(row, column);
        Finding {
            entity: plan.name(),
            record_key: keys[row as usize].as_deref().map(|key| personal::mask_hyphenated(key).into_owned()),
            landed: Some(batch.origin.landed),
            sheet: batch.origin.sheet.clone(),
            row: number,
            part,
            cell,
            column: column.map(|column| personal::mask(column).into_owned()),
            ..finding
        }
    };
    let mut findings: Vec<Finding> = batch
        .issues
        .iter()
        .map(|issue| {
            let finding = Finding {
                severity: issue.severity.as_str(),
                field: Some(issue.field.clone()),
                value: issue.value.clone(),
                expected: issue.expected.clone(),
                hint: issue.hint.clone(),
                ..Finding::of(issue.rule)
            };
            with_place(finding, issue.row, issue.column.as_deref())
        })
        .collect();
    findings.extend(unanswered.iter().map(|row| {
        let finding = Finding { field: Some("value_raw".into()), ..Finding::of(&finding::REQUIRED_MISSING) };
        with_place(finding, *row, None)
    }));
    finding::frame(&findings)
}

/// A table with headers that lacks the column of a key or of another required field: no record of it could be
/// accepted, so the file is not what the source describes.
pub fn missing_required(plan: &TablePlan, mapped: &Mapped) -> Option<Finding> {
    if !has_header(mapped) {
        return None;
    }
    let (field, looked_for) = mapped.absent.iter().find(|(field, looked_for)| {
        let of_key = plan.child.is_some() && plan.key.iter().any(|part| part == field.field.name);
        !looked_for.is_empty() && (of_key || field.field.presence == Presence::Required)
    })?;
    let names = mapped.origin.columns.iter().map(|column| column.name.as_str());
    let nearest = crate::fold::nearest(looked_for, names, 3).join(" | ");
    Some(Finding {
        entity: plan.name(),
        field: Some(field.field.name.to_owned()),
        landed: Some(mapped.origin.landed),
        sheet: mapped.origin.sheet.clone(),
        cell: mapped.origin.sheet.as_ref().map(|sheet| format!("{sheet}!")),
        value: Some(looked_for.clone()),
        hint: (!nearest.is_empty()).then_some(nearest),
        ..Finding::of(&finding::NOT_FOUND)
    })
}

/// Whether the file names its columns apart from its records.
fn has_header(mapped: &Mapped) -> bool {
    matches!(mapped.origin.locator, LocatorKind::Cell | LocatorKind::Line)
}

/// Findings of a table's delivery as a whole, from its first batch of each file and sheet: columns that the
/// mapping names and the file lacks (for XML and JSON see [`Paths`]), due fields that nothing fills, columns that
/// nothing is mapped from.
///
/// `wanted` are the columns that any table of the source names; `told` remembers what was said before, so that each
/// is said once a source.
pub fn delivery_findings(
    plan: &TablePlan,
    mapped: &Mapped,
    wanted: &BTreeSet<String>,
    told: &mut BTreeSet<String>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let place = |rule| Finding {
        entity: plan.name(),
        landed: Some(mapped.origin.landed),
        sheet: mapped.origin.sheet.clone(),
        ..Finding::of(rule)
    };
    let sheet = mapped.origin.sheet.as_deref().unwrap_or_default();
    let name = plan.name();
    let mut once = |what: &str| told.insert(format!("{name}\u{1F}{sheet}\u{1F}{what}"));
    if has_header(mapped) {
        let absent = absent(plan, mapped).into_iter();
        findings.extend(absent.filter(|(field, _)| once(&format!("absent {field}"))).map(|(_, finding)| finding));
    }
    let fields = plan.child.map_or(plan.entity.fields, |child| child.fields);
    for field in fields.iter().filter(|field| field.presence == Presence::Due) {
        let mapped_somewhere = plan.fields.iter().any(|known| known.field.name == field.name);
        if !mapped_somewhere && once(&format!("due {}", field.name)) {
            findings.push(Finding { field: Some(field.name.to_owned()), sheet: None, ..place(&finding::DUE_MISSING) });
        }
    }
    for column in mapped.unmapped.iter().filter(|column| !wanted.contains(*column)) {
        // Several tables may read one sheet; what none of them maps is said once.
        if told.insert(format!("unmapped\u{1F}{sheet}\u{1F}{column}")) {
            findings.push(Finding {
                column: Some(personal::mask(column).into_owned()),
                ..place(&finding::UNMAPPED_COLUMN)
            });
        }
    }
    findings
}

/// Fields and children that the batch lacks the column or path of, with the finding of each.
fn absent(plan: &TablePlan, mapped: &Mapped) -> Vec<(&'static str, Finding)> {
    let missing = |field: &str, looked_for: &str| Finding {
        entity: plan.name(),
        landed: Some(mapped.origin.landed),
        sheet: mapped.origin.sheet.clone(),
        field: Some(field.to_owned()),
        column: Some(looked_for.to_owned()),
        ..Finding::of(&finding::MISSING_COLUMN)
    };
    let fields = mapped.absent.iter().filter(|(_, looked_for)| !looked_for.is_empty()).map(|(field, looked_for)| {
        // A path that a reader was asked for is among its columns whether or not a record has it: no hint.
        let names = mapped.origin.columns.iter().map(|column| column.name.as_str());
        let nearest = crate::fold::nearest(looked_for, names.filter(|_| has_header(mapped)), 3).join(" | ");
        let hint = (!nearest.is_empty()).then_some(nearest);
        (field.field.name, Finding { hint, ..missing(field.field.name, looked_for) })
    });
    let children = mapped.children.iter().filter(|child| !child.present);
    let children =
        children.filter_map(|child| Some((child.child.name, missing(child.child.name, child.column.as_ref()?))));
    fields.chain(children).collect()
}

/// Paths that the mapping names, and whether any record of the whole delivery has them: records without a header (XML,
/// JSON) leave out what is empty, so one batch cannot tell.
#[derive(Debug, Default)]
pub struct Paths {
    /// By entity and field: the finding, as long as no record has the path.
    missing: BTreeMap<(String, &'static str), Option<Finding>>,
}

impl Paths {
    /// Looks at one batch; those of files with headers are of no interest.
    pub fn look(&mut self, plan: &TablePlan, mapped: &Mapped) {
        if has_header(mapped) {
            return;
        }
        for (field, finding) in absent(plan, mapped) {
            self.missing.entry((plan.name(), field)).or_insert(Some(finding));
        }
        let fields = mapped.fields.iter().chain(&mapped.parent).filter(|field| field.seen);
        let children = mapped.children.iter().filter(|child| child.present).map(|child| child.child.name);
        for field in fields.map(|field| field.plan.field.name).chain(children) {
            self.missing.insert((plan.name(), field), None);
        }
    }

    /// Findings of the paths that no record had.
    pub fn missing(self) -> Vec<Finding> {
        self.missing.into_values().flatten().collect()
    }
}
