//! Rows that policy `quarantine` keeps out: their value is written otherwise than the column's values were so far.

use std::collections::BTreeSet;

use polars::prelude::*;

use super::profile::Fields;
use super::shape::examples;
use super::{Schema, Shape, takes};
use crate::finding::{self, Severity};
use crate::model::Kind;
use crate::normalise::{Issue, Normalised, NormalisedField, personal};

/// Letters of a value that a finding shows.
const SHOWN: usize = 200;

/// Adds an issue of severity error (D006) for each value of a mapped column in a form that `known` does not have for it,
/// and for each code that neither the list nor the column knew where the source takes records without such a value.
///
/// # Errors
/// A column of the batch holds no texts.
pub fn withhold(known: &Schema, fields: &Fields, batch: &mut Normalised) -> PolarsResult<()> {
    // A value that cannot be read has its own error.
    let told = batch.issues.iter().filter(|issue| issue.severity == Severity::Error);
    let told: BTreeSet<(u32, String)> = told.filter_map(|issue| Some((issue.row, issue.column.clone()?))).collect();
    let mut issues = Vec::new();
    for column in batch.origin.columns.iter().filter(|column| fields.maps(&column.name)) {
        let Some(before) = known.column(&personal::mask(&column.name)).filter(|before| !before.shapes.is_empty())
        else {
            continue;
        };
        let date = fields.is_date(&column.name);
        let hidden = is_hidden(batch, &column.name);
        let texts = batch.rows.column(&column.name)?.str()?;
        for (row, text) in texts.iter().enumerate() {
            let Some((text, shape)) = text.and_then(|text| Some((text, Shape::of(text, date)?))) else { continue };
            let told = || told.contains(&(row as u32, column.name.clone()));
            if takes(&before.shapes, shape) || before.rare.contains(&shape) || told() {
                continue;
            }
            let value: String = personal::mask(text).chars().take(SHOWN).collect();
            issues.push(Issue {
                row: row as u32,
                rule: &finding::VALUE_DRIFTED,
                severity: Severity::Error,
                field: fields.of(&column.name).first().copied().unwrap_or_default().to_owned(),
                column: Some(column.name.clone()),
                value: Some(if hidden { "***".to_owned() } else { value }),
                expected: Some(examples(before.shapes.iter().copied())),
                hint: None,
            });
        }
    }
    // A code that no list knows is an error by itself, unless the source softens it.
    for issue in &mut batch.issues {
        let softened = issue.rule.code == finding::UNKNOWN_CODE.code && issue.severity != Severity::Error;
        let column = issue.column.as_deref().and_then(|column| known.column(&personal::mask(column)));
        let (true, Some(before), Some(value)) = (softened, column, &issue.value) else { continue };
        if !before.codes.is_empty() && !before.codes.contains(value) {
            issue.severity = Severity::Error;
        }
    }
    batch.issues.extend(issues);
    Ok(())
}

fn is_hidden(batch: &Normalised, column: &str) -> bool {
    let personal = |field: &NormalisedField| field.plan.rule.pseudonymise || field.plan.field.kind == Kind::Pseudonym;
    batch.fields.iter().chain(&batch.parent).any(|field| field.column.as_deref() == Some(column) && personal(field))
}
