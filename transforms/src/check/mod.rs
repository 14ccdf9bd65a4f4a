//! Checking: what a record must have and what its fields must mean together.
//!
//! Every problem of every record, not the first. Type and form were checked while normalising; uniqueness and
//! references need the whole delivery and the registry, so the difference checks them.

use std::collections::HashMap;

use polars::prelude::*;

use crate::finding::{self, Severity};
use crate::mapping::TablePlan;
use crate::model::{Field, Kind, Presence};
use crate::normalise::value::minutes;
use crate::normalise::{Issue, Normalised, NormalisedField};

/// Pairs of times of which the second must not come before the first: entity, start, end.
const START_AND_END: &[(&str, &str, &str)] =
    &[("portfolio", "since", "until"), ("service_request", "submitted_at", "closed_at")];

/// Pairs of durations of which the first must keep within the second: entity, promised, allowed (S2 P12).
const WITHIN: &[(&str, &str, &str)] = &[("service", "expected_time", "statutory_time")];

/// Fields that a service of general benefit need not have: its recipients cannot be told (model.md).
pub(crate) const NOT_DUE_FOR_GENERAL_BENEFIT: &[&str] =
    &["audience", "request_channels", "receive_channels", "expected_time", "statutory_time"];
pub(crate) const GENERAL_BENEFIT: &str = "publisks vispārēja labuma";

/// Checks the records of a batch; adds what it finds to `issues`.
pub fn check(plan: &TablePlan, batch: &mut Normalised) -> PolarsResult<()> {
    let mut found = Vec::new();
    let rows = batch.rows.height();
    let fields = plan.child.map_or(plan.entity.fields, |child| child.fields);
    let general = general_benefit(&batch.fields)?;
    // True where the fault quarantines the record, false where the source accepts it without the value.
    let unreadable: HashMap<(u32, &str), bool> = batch
        .issues
        .iter()
        .filter(|issue| issue.rule.severity == Severity::Error)
        .map(|issue| {
            let field = issue.field.strip_prefix("parent.").unwrap_or(&issue.field);
            ((issue.row, field), issue.severity == Severity::Error)
        })
        .collect();
    for field in fields {
        let known = batch.fields.iter().find(|known| known.plan.field.name == field.name);
        let in_unpivot = plan.unpivot.is_some() && matches!(field.name, "question" | "value_raw");
        // What the delivery does not speak of is not missing in its records.
        let spoken_of = known.is_some_and(|known| known.seen);
        if in_unpivot || (!spoken_of && field.presence != Presence::Required) {
            continue;
        }
        presence(field, known, rows, general.as_ref(), &unreadable, &mut found);
    }
    for part in plan.key.iter().filter(|_| plan.child.is_some()) {
        let Some(field) = plan.entity.field(part) else { continue };
        let known = batch.parent.iter().find(|known| known.plan.field.name == *part);
        presence(field, known, rows, None, &unreadable, &mut found);
    }
    for child in &batch.children {
        for field in child.child.fields.iter().filter(|field| field.presence == Presence::Required) {
            let known = child.fields.iter().find(|known| known.plan.field.name == field.name);
            let mut own = Vec::new();
            presence(field, known, child.parent.len(), None, &HashMap::new(), &mut own);
            let name = child.child.name;
            found.extend(own.into_iter().map(|issue| Issue {
                row: child.parent[issue.row as usize],
                field: format!("{name}.{}", field.name),
                ..issue
            }));
        }
        if child.child.presence == Presence::Due && child.present {
            let mut has = vec![false; rows];
            child.parent.iter().for_each(|row| has[*row as usize] = true);
            found.extend(
                has.iter()
                    .enumerate()
                    .filter(|(_, has)| !**has)
                    .map(|(row, _)| missing(row, child.child.name, child.column.clone(), &finding::DUE_MISSING)),
            );
        }
    }
    for (_, start, end) in START_AND_END.iter().filter(|(entity, ..)| *entity == plan.name()) {
        order(batch, start, end, &mut found)?;
    }
    for (_, promised, allowed) in WITHIN.iter().filter(|(entity, ..)| *entity == plan.name()) {
        within(batch, promised, allowed, &mut found)?;
    }
    batch.issues.extend(found);
    batch.issues.sort_by(|a, b| (a.row, &a.field, a.rule.code).cmp(&(b.row, &b.field, b.rule.code)));
    Ok(())
}

fn missing(row: usize, field: &str, column: Option<String>, rule: &'static finding::Rule) -> Issue {
    Issue {
        row: row as u32,
        rule,
        severity: rule.severity,
        field: field.to_owned(),
        column,
        value: None,
        expected: None,
        hint: None,
    }
}

fn presence(
    field: &Field,
    known: Option<&NormalisedField>,
    rows: usize,
    general_benefit: Option<&BooleanChunked>,
    unreadable: &HashMap<(u32, &str), bool>,
    found: &mut Vec<Issue>,
) {
    let rule = match field.presence {
        Presence::Required => &finding::REQUIRED_MISSING,
        Presence::Due => &finding::DUE_MISSING,
        Presence::Optional => return,
    };
    let nulls = known.map(|known| known.values().is_null());
    for row in 0..rows {
        if nulls.as_ref().is_some_and(|nulls| nulls.get(row) != Some(true)) {
            continue;
        }
        let due = field.presence == Presence::Required
            || !(known.is_some_and(|known| known.not_applicable.binary_search(&(row as u32)).is_ok())
                || (general_benefit.is_some_and(|general| general.get(row) == Some(true))
                    && NOT_DUE_FOR_GENERAL_BENEFIT.contains(&field.name)));
        // A value that could not be read has its own finding; it is missing as well only where the record would be
        // accepted without what it cannot do without.
        let told = unreadable
            .get(&(row as u32, field.name))
            .is_some_and(|quarantines| *quarantines || field.presence != Presence::Required);
        if due && !told {
            found.push(missing(row, field.name, known.and_then(|known| known.column.clone()), rule));
        }
    }
}

fn general_benefit(fields: &[NormalisedField]) -> PolarsResult<Option<BooleanChunked>> {
    let kind = fields.iter().find(|field| field.plan.field.kind == Kind::CodeList("service_kinds"));
    kind.map(|kind| Ok(kind.values().str()?.equal(GENERAL_BENEFIT))).transpose()
}

fn field<'a>(batch: &'a Normalised, name: &str) -> Option<&'a NormalisedField> {
    batch.fields.iter().find(|field| field.plan.field.name == name)
}

/// Canonical dates and times compare as texts.
fn order(batch: &Normalised, start: &str, end: &str, found: &mut Vec<Issue>) -> PolarsResult<()> {
    let (Some(first), Some(last)) = (field(batch, start), field(batch, end)) else { return Ok(()) };
    let (starts, ends) = (first.values().str()?, last.values().str()?);
    for (row, (from, to)) in starts.iter().zip(ends.iter()).enumerate() {
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            found.push(Issue {
                value: Some(to.to_owned()),
                expected: Some(format!("≥ {from}")),
                ..missing(row, end, last.column.clone(), &finding::END_BEFORE_START)
            });
        }
    }
    Ok(())
}

fn within(batch: &Normalised, promised: &str, allowed: &str, found: &mut Vec<Issue>) -> PolarsResult<()> {
    let (Some(promise), Some(limit)) = (field(batch, promised), field(batch, allowed)) else { return Ok(()) };
    let columns = [&promise.storage[0], &promise.storage[1], &limit.storage[0], &limit.storage[1]];
    let [promise_value, promise_unit, limit_value, limit_unit] = columns.map(Column::str);
    let rows = promise_value?.iter().zip(promise_unit?.iter()).zip(limit_value?.iter().zip(limit_unit?.iter()));
    for (row, ((value, unit), (most, most_unit))) in rows.enumerate() {
        let (Some(value), Some(unit), Some(most), Some(most_unit)) = (value, unit, most, most_unit) else { continue };
        let comparable = if unit == most_unit {
            value.parse::<f64>().ok().zip(most.parse::<f64>().ok())
        } else {
            minutes(value, unit).zip(minutes(most, most_unit))
        };
        let rule = match comparable {
            None => &finding::UNITS_DO_NOT_COMPARE,
            Some((value, most)) if value > most => &finding::LONGER_THAN_STATUTORY,
            Some(_) => continue,
        };
        found.push(Issue {
            value: Some(as_written(promise, row)?.unwrap_or_else(|| format!("{value} {unit}"))),
            expected: Some(as_written(limit, row)?.unwrap_or_else(|| format!("{most} {most_unit}"))),
            ..missing(row, promised, promise.column.clone(), rule)
        });
    }
    Ok(())
}

/// The text that a duration was made from, when it names its unit itself.
fn as_written(field: &NormalisedField, row: usize) -> PolarsResult<Option<String>> {
    let Some(raw) = field.storage.get(2) else { return Ok(None) };
    Ok(raw.str()?.get(row).filter(|text| text.contains(char::is_alphabetic)).map(str::to_owned))
}
