//! What has changed since the last delivery that was loaded, and what is remembered of this one.

use std::collections::BTreeSet;

use super::likeness::renamed;
use super::profile::{COLUMNS, Code, ColumnProfile, Fields, Met, Profile};
use super::shape::examples;
use super::{Policy, Schema, SeenColumn, Shape, takes};
use crate::finding::{self, Finding, Rule, Severity};

/// New codes of a column that are told one by one.
const TOLD: usize = 20;
/// Values that a column needs for what is *not* among them to mean something.
const ENOUGH: u64 = 10;
/// Of a hundred records, how many had a path whose absence means something (records without a header leave out what is
/// empty).
const COMMON: u8 = 10;

/// How two schemas are compared.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// What becomes of drift.
    pub policy: Policy,
    /// Whether a person has approved it.
    pub approved: bool,
    /// Whether the delivery is all that there is: what only changes holds lacks many a thing.
    pub whole: bool,
    /// What the source's tables fill from which column.
    pub fields: &'a Fields,
}

/// What comparing came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    /// What has changed (rules `D`), columns in their order.
    pub findings: Vec<Finding>,
    /// How many of the changes keep the delivery from being loaded.
    pub holding: usize,
    /// What is remembered once the delivery is loaded.
    pub schema: Schema,
}

/// Compares a delivery with what was seen last.
pub fn compare(old: &Schema, new: &Profile, terms: &Terms<'_>) -> Drift {
    let mut drift = Drift::default();
    // A list without a record has no paths.
    if !new.by_header && new.is_empty() {
        return Drift { schema: old.clone(), ..drift };
    }
    let known: BTreeSet<&str> = old.columns.iter().map(|column| column.name.as_str()).collect();
    // Where there are more columns than are remembered, none can be said to be new or lost.
    let countable = !new.too_many && old.columns.len() < COLUMNS;
    let added = new.columns.iter().filter(|column| countable && !known.contains(column.name.as_str()));
    let mut added: Vec<&ColumnProfile> = added.collect();
    let absent = |column: &&SeenColumn| new.named(&column.name).is_none() && (new.by_header || column.filled >= COMMON);
    let lost = old.columns.iter().filter(absent);
    let mut lost: Vec<&SeenColumn> = lost.filter(|_| countable && (new.by_header || terms.whole)).collect();
    for (before, after) in renamed(old, &lost, new, &added, terms.fields) {
        lost.retain(|column| column.name != before.name);
        added.retain(|column| column.name != after.name);
        drift.tell(terms, renaming(before, after, new, terms), terms.fields.maps(&before.name));
    }
    for column in lost.iter().filter(|_| terms.whole) {
        let grave = terms.fields.maps(&column.name) && !replaced(column, new, terms.fields);
        let finding = about(&finding::COLUMN_LOST, &column.name, new, terms.fields, None);
        let told = if grave { finding } else { informing(finding) };
        drift.tell(terms, told, grave);
    }
    for column in &added {
        let finding = Finding {
            value: Some(examples(column.notable())).filter(|shapes| !shapes.is_empty()),
            ..about(&finding::COLUMN_NEW, &column.name, new, terms.fields, Some(&column.met))
        };
        // A column that the mapping names was waited for.
        let told = if terms.fields.maps(&column.name) { informing(finding) } else { finding };
        drift.tell(terms, told, false);
    }
    for (before, after) in old.columns.iter().filter_map(|column| Some((column, new.named(&column.name)?))) {
        if terms.fields.maps(&before.name)
            && let Some(finding) = retyped(before, after, new, terms)
        {
            drift.tell(terms, finding, false);
        }
        for finding in unknown_codes(before, after, new) {
            drift.tell(terms, finding, false);
        }
    }
    drift.schema = remembered(old, new, terms);
    drift
}

impl Drift {
    /// Takes a finding of a change with the weight that the policy gives it. `of_all`: it concerns every row.
    fn tell(&mut self, terms: &Terms<'_>, finding: Finding, of_all: bool) {
        let grave = finding.severity != Severity::Info.as_str();
        let holds = match terms.policy {
            Policy::Evolve | Policy::Warn => false,
            Policy::Quarantine => of_all,
            Policy::Fail => true,
        };
        self.holding += usize::from(grave && holds && !terms.approved);
        self.findings.push(if terms.policy == Policy::Evolve { informing(finding) } else { finding });
    }
}

fn informing(finding: Finding) -> Finding {
    Finding { severity: Severity::Info.as_str(), ..finding }
}

fn about(rule: &Rule, column: &str, new: &Profile, fields: &Fields, met: Option<&Met>) -> Finding {
    let fields = fields.of(column);
    Finding {
        entity: new.entity.clone(),
        column: Some(column.to_owned()),
        field: (!fields.is_empty()).then(|| fields.join(", ")),
        landed: met.map(|met| met.landed).filter(|landed| *landed > 0),
        sheet: met.and_then(|met| met.sheet.clone()),
        row: met.and_then(|met| met.row),
        part: met.and_then(|met| met.part),
        cell: met.and_then(|met| met.cell.clone()),
        ..Finding::of(rule)
    }
}

/// Whether another column that the mapping names for the same fields is there.
fn replaced(column: &SeenColumn, new: &Profile, fields: &Fields) -> bool {
    fields.alternatives(&column.name).any(|other| new.named(other).is_some_and(|column| !column.passed))
}

fn renaming(before: &SeenColumn, after: &ColumnProfile, new: &Profile, terms: &Terms<'_>) -> Finding {
    let fields = terms.fields.of(&before.name);
    let hint = fields.iter().map(|field| {
        let field = if field.contains('.') { format!("{field:?}") } else { (*field).to_owned() };
        format!("{field} = {{ column = [{:?}, {:?}] }}", before.name, after.name)
    });
    let hint = hint.collect::<Vec<_>>().join("; ");
    let finding = Finding {
        value: Some(after.name.clone()),
        hint: (!hint.is_empty() && !replaced(before, new, terms.fields)).then_some(hint),
        ..about(&finding::COLUMN_RENAMED, &before.name, new, terms.fields, Some(&after.met))
    };
    let understood = !terms.fields.maps(&before.name) || replaced(before, new, terms.fields);
    if understood { informing(finding) } else { finding }
}

/// A column that is written otherwise than before.
fn retyped(before: &SeenColumn, after: &ColumnProfile, new: &Profile, terms: &Terms<'_>) -> Option<Finding> {
    let now = after.notable();
    let known = &before.shapes;
    let strange = now.iter().copied().find(|shape| !takes(known, *shape));
    // What is no longer there tells as much: zeros in front of codes, texts where there are only numbers now.
    let enough = terms.whole && after.filled >= ENOUGH;
    let gone = |shape: Shape| enough && known.contains(&shape) && !after.shapes.contains_key(&shape);
    let unpadded = gone(Shape::Padded) && now.contains(&Shape::Integer);
    let no_texts = known.len() == 1 && gone(Shape::Text);
    let shape = strange.or_else(|| now.iter().copied().find(|_| unpadded || no_texts))?;
    let met = after.shapes.get(&shape).map(|(_, met)| met);
    Some(Finding {
        expected: Some(examples(known.iter().copied())),
        value: Some(examples(now)),
        ..about(&finding::COLUMN_RETYPED, &before.name, new, terms.fields, met)
    })
}

/// Codes that the column did not have and no list knows. One that a list knows is what the list is for.
fn unknown_codes(before: &SeenColumn, after: &ColumnProfile, new: &Profile) -> Vec<Finding> {
    if before.codes.is_empty() {
        return Vec::new();
    }
    let fresh = |(text, code): &(&String, &Code)| !code.known && !before.codes.contains(*text);
    let told = after.codes.iter().filter(fresh).take(TOLD).map(|(text, code)| Finding {
        field: Some(code.field.clone()),
        value: Some(text.clone()),
        expected: Some(code.list.clone()).filter(|list| !list.is_empty()),
        hint: code.hint.clone(),
        ..about(&finding::CODE_NEW, &before.name, new, &Fields::default(), Some(&code.met))
    });
    told.collect()
}

/// What is remembered of a delivery that is loaded.
fn remembered(old: &Schema, new: &Profile, terms: &Terms<'_>) -> Schema {
    let withheld = terms.policy == Policy::Quarantine && !terms.approved;
    let mut schema = new.schema();
    for column in &mut schema.columns {
        let too_many = column.codes.is_empty();
        let Some(before) = old.column(&column.name) else { continue };
        if withheld {
            // Rows in another form were not taken: the form stays what it was, and they are told of again.
            let known = |code: &String| {
                let of = new.named(&column.name).and_then(|profile| profile.codes.get(code));
                before.codes.contains(code) || of.is_some_and(|code| code.known)
            };
            if !before.codes.is_empty() {
                column.codes.retain(known);
            }
            let admitted = |shape: &Shape| takes(&before.shapes, *shape) || before.rare.contains(shape);
            column.shapes.retain(admitted);
            column.rare.retain(admitted);
        }
        if column.shapes.is_empty() {
            column.shapes.clone_from(&before.shapes);
            column.rare.clone_from(&before.rare);
        }
        if !terms.whole {
            column.shapes.extend(&before.shapes);
            column.rare.extend(before.rare.difference(&column.shapes.clone()));
            column.filled = column.filled.max(before.filled);
        }
        if !too_many || new.named(&column.name).is_some_and(|profile| profile.filled == 0) {
            column.codes.extend(before.codes.iter().cloned());
        }
    }
    // What changes do not speak of stays, and so does a path that few records ever had.
    let kept = |column: &&SeenColumn| {
        new.named(&column.name).is_none() && (!terms.whole || (!new.by_header && column.filled < COMMON))
    };
    let kept: Vec<SeenColumn> = old.columns.iter().filter(kept).cloned().collect();
    schema.columns.extend(kept);
    if !terms.whole {
        // Their order is that of the whole.
        let place = |name: &str| old.columns.iter().position(|column| column.name == name).unwrap_or(usize::MAX);
        schema.columns.sort_by_key(|column| place(&column.name));
    }
    schema.columns.truncate(COLUMNS);
    schema
}
