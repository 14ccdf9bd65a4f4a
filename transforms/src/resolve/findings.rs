//! Issues to findings: the row's place in its file, the record's key.

use std::collections::BTreeSet;

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
    if !matches!(mapped.origin.locator, LocatorKind::Cell | LocatorKind::Line) {
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

/// Findings of a table's delivery as a whole, from its first batch of each file and sheet: columns that the
/// mapping names and the file lacks, due fields that nothing fills, columns that nothing is mapped from.
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
    for (field, looked_for) in &mapped.absent {
        if !looked_for.is_empty() && once(&format!("absent {}", field.field.name)) {
            let names = mapped.origin.columns.iter().map(|column| column.name.as_str());
            let nearest = crate::fold::nearest(looked_for, names, 3).join(" | ");
            findings.push(Finding {
                field: Some(field.field.name.to_owned()),
                column: Some(looked_for.clone()),
                hint: (!nearest.is_empty()).then_some(nearest),
                ..place(&finding::MISSING_COLUMN)
            });
        }
    }
    for child in mapped.children.iter().filter(|child| !child.present) {
        if let Some(column) = child.column.clone().filter(|_| once(&format!("absent {}", child.child.name))) {
            let field = Some(child.child.name.to_owned());
            findings.push(Finding { field, column: Some(column), ..place(&finding::MISSING_COLUMN) });
        }
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
