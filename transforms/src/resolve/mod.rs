//! Resolving: checked rows to records with stable ids.
//!
//! An id is a `UUIDv5` over a tuple whose parts are length-prefixed, so that no two tuples share one however
//! their parts are cut. Matching by score ([`matching`]) comes on top of this; the ids stay.

mod findings;
pub mod matching;

use std::collections::BTreeSet;

use polars::prelude::*;
use uuid::Uuid;

use crate::batch::{self, Origin};
use crate::finding::Severity;
use crate::mapping::TablePlan;
use crate::model::{Entity, Kept, Kind};
use crate::normalise::{Normalised, NormalisedChild, NormalisedField, personal};
use crate::records::{self, QuarantinedCells, Records};

pub use findings::{Paths, delivery_findings, missing_required};

/// Namespace of vienkop's ids: `UUIDv5` of the DNS namespace and `vienkop.gov.lv`.
const NAMESPACE: Uuid = Uuid::from_u128(0xe585_42e0_77ea_586e_be9d_487b_390f_7764);

/// The id of a tuple.
pub fn uid(parts: &[&str]) -> Uuid {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&NAMESPACE, &bytes)
}

/// The id of a source's record.
pub fn record_uid(source: &str, entity: &Entity, key: &[&str]) -> Uuid {
    let mut parts = vec!["record", source, entity.name];
    parts.extend_from_slice(key);
    uid(&parts)
}

/// The id minted from a natural key; `source` counts only where each source gives out its own keys.
pub fn entity_uid(source: &str, entity: &Entity, key_names: &[&str], key: &[&str]) -> Uuid {
    let mut parts = vec!["entity", entity.name];
    if entity.kept == Kept::PerSource {
        parts.push(source);
    }
    parts.extend_from_slice(key_names);
    parts.extend_from_slice(key);
    uid(&parts)
}

/// What a batch became.
#[derive(Debug)]
pub struct Resolved {
    /// Records of the entity, then of its children.
    pub records: Vec<Records>,
    /// Findings, see [`crate::finding::COLUMNS`].
    pub findings: DataFrame,
    /// Original cells of the quarantined records.
    pub cells: QuarantinedCells,
}

/// Makes records of checked rows. `first_seq` numbers the first of them; the numbers count on.
/// `hidden` are the columns that identify persons in any table of the source: their cells are never shown.
pub fn resolve(
    plan: &TablePlan,
    batch: &Normalised,
    first_seq: i64,
    hidden: &BTreeSet<String>,
) -> PolarsResult<Resolved> {
    let rows = batch.rows.height();
    let mut accepted = vec![true; rows];
    for issue in &batch.issues {
        if issue.severity == Severity::Error {
            accepted[issue.row as usize] = false;
        }
    }
    let keys = keys(plan, batch)?;
    let expansion = expand(plan, batch, &mut accepted);
    let seq: Vec<i64> = (0..expansion.rows.len() as i64).map(|n| first_seq + n).collect();
    // Number of the first record of each row; findings and quarantined cells point at it.
    let mut seq_of_row = vec![None; rows];
    for (index, row) in expansion.rows.iter().enumerate() {
        seq_of_row[*row as usize].get_or_insert(seq[index]);
    }
    let mut records = vec![entity_records(plan, batch, &keys, &expansion, &seq, &accepted)?];
    if plan.repeats {
        records[0].frame = one_a_record(&records[0].frame)?;
    }
    let children = batch
        .children
        .iter()
        .filter(|child| child.present)
        .map(|child| child_records(plan, batch, child, &keys, &accepted, &seq_of_row));
    let records = records.into_iter().map(Ok).chain(children).collect::<PolarsResult<Vec<_>>>()?;
    let findings = findings::of_issues(plan, batch, &keys.display, &expansion.unanswered)?;
    let cells = quarantined_cells(batch, &accepted, &seq_of_row, hidden)?;
    Ok(Resolved { records, findings, cells })
}

/// Key of every row: its parts (null where one is missing) and how people read it.
struct Keys {
    parts: Vec<Option<Vec<String>>>,
    display: Vec<Option<String>>,
}

fn keys(plan: &TablePlan, batch: &Normalised) -> PolarsResult<Keys> {
    let fields = if plan.child.is_some() { &batch.parent } else { &batch.fields };
    let columns = key_columns(fields, plan.key.iter().map(String::as_str))?;
    let rows = batch.rows.height();
    let mut parts = Vec::with_capacity(rows);
    let mut display = Vec::with_capacity(rows);
    for row in 0..rows {
        let shown: Vec<&str> = columns.iter().flatten().filter_map(|column| column.get(row)).collect();
        display.push((!shown.is_empty()).then(|| personal::mask_hyphenated(&shown.join(" / ")).into_owned()));
        parts.push(key_at(&columns, row));
    }
    Ok(Keys { parts, display })
}

type KeyColumns = Vec<Option<StringChunked>>;

fn key_columns<'a>(fields: &[NormalisedField], names: impl Iterator<Item = &'a str>) -> PolarsResult<KeyColumns> {
    names
        .map(|name| {
            let Some(field) = fields.iter().find(|field| field.plan.field.name == name) else { return Ok(None) };
            let values = field.values().cast(&DataType::String)?;
            Ok(Some(values.str()?.clone()))
        })
        .collect()
}

fn key_at(columns: &KeyColumns, row: usize) -> Option<Vec<String>> {
    columns.iter().map(|column| column.as_ref()?.get(row).map(str::to_owned)).collect()
}

/// Question and answer of each record of an unpivoted table.
type Answers = (Vec<Option<String>>, Vec<Option<String>>);

/// Which row each record comes from; for an unpivoted table also the question and the answer.
struct Expansion {
    rows: Vec<u32>,
    answers: Option<Answers>,
    /// Rows of an unpivoted table in which no question is answered.
    unanswered: Vec<u32>,
}

fn expand(plan: &TablePlan, batch: &Normalised, accepted: &mut [bool]) -> Expansion {
    let rows = 0..batch.rows.height() as u32;
    let (Some(answers), true) = (&batch.answers, plan.unpivot.is_some()) else {
        return Expansion { rows: rows.collect(), answers: None, unanswered: Vec::new() };
    };
    let mut expansion = Expansion { rows: Vec::new(), answers: None, unanswered: Vec::new() };
    let (mut questions, mut texts) = (Vec::new(), Vec::new());
    for row in rows {
        let before = expansion.rows.len();
        if accepted[row as usize] {
            for answer in answers {
                if let Some(text) = answer.text.get(row as usize) {
                    expansion.rows.push(row);
                    questions.push(Some(answer.question.clone()));
                    texts.push(Some(text.to_owned()));
                }
            }
            if expansion.rows.len() == before {
                accepted[row as usize] = false;
                expansion.unanswered.push(row);
            }
        }
        // A row that cannot be accepted is one quarantined record, not one a question.
        if expansion.rows.len() == before {
            expansion.rows.push(row);
            questions.push(None);
            texts.push(None);
        }
    }
    expansion.answers = Some((questions, texts));
    expansion
}

fn entity_records(
    plan: &TablePlan,
    batch: &Normalised,
    keys: &Keys,
    expansion: &Expansion,
    seq: &[i64],
    accepted: &[bool],
) -> PolarsResult<Records> {
    let take = IdxCa::from_vec(PlSmallStr::EMPTY, expansion.rows.clone());
    let count = expansion.rows.len();
    let mut columns = vec![Column::new(records::SEQ.into(), seq)];
    let mut present: Vec<&'static str> = batch.fields.iter().map(|field| field.plan.field.name).collect();
    let mut known_by = Vec::new();
    if let Some((questions, texts)) = &expansion.answers {
        columns.push(Column::new("question".into(), questions));
        columns.push(Column::new("value_raw".into(), texts));
        present.extend(["question", "value_raw"]);
        // A row without a question may be any answer, but only of its own respondent.
        known_by.extend(plan.entity.default_key().iter().copied().filter(|part| *part != "question"));
    }
    for field in &batch.fields {
        for column in &field.storage {
            columns.push(column.take(&take)?);
        }
    }
    let mut record_uids = StringChunkedBuilder::new(records::RECORD_UID.into(), count);
    let mut entity_uids = StringChunkedBuilder::new(records::ENTITY_UID.into(), count);
    let mut display = StringChunkedBuilder::new(records::KEY.into(), count);
    let mut ordinals: Vec<Option<i64>> = Vec::new();
    let naturals = if plan.child.is_none() { naturals(plan.entity, &batch.fields)? } else { Vec::new() };
    for (index, row) in expansion.rows.iter().enumerate() {
        let row = *row as usize;
        let mut key = keys.parts[row].clone();
        if let Some((questions, _)) = &expansion.answers {
            key = questions[index].as_ref().and_then(|question| with_question(plan, batch, row, question));
        }
        let shown = match (&keys.display[row], &expansion.answers) {
            (Some(shown), Some((questions, _))) => {
                Some(format!("{shown} / {}", questions[index].as_deref().unwrap_or("-")))
            }
            (shown, _) => shown.clone(),
        };
        if plan.entity.kept == Kept::Lake && accepted[row] {
            // The lake tells events apart by more than a key.
            record_uids.append_null();
            entity_uids.append_null();
            display.append_option(shown);
            ordinals.push(None);
            continue;
        }
        let parts: Option<Vec<&str>> = key.as_ref().map(|key| key.iter().map(String::as_str).collect());
        record_uids.append_option(parts.as_ref().map(|parts| record_uid(&plan.source, plan.entity, parts).to_string()));
        let natural = match &expansion.answers {
            Some(_) => {
                parts.as_ref().map(|parts| entity_uid(&plan.source, plan.entity, plan.entity.default_key(), parts))
            }
            None => naturals.iter().find_map(|(names, columns)| {
                let key = key_at(columns, row)?;
                let parts: Vec<&str> = key.iter().map(String::as_str).collect();
                Some(entity_uid(&plan.source, plan.entity, names, &parts))
            }),
        };
        entity_uids.append_option(natural.map(|uid| uid.to_string()));
        display.append_option(shown);
        ordinals.push(None);
    }
    columns.push(record_uids.finish().into_column());
    if plan.child.is_none() {
        columns.push(entity_uids.finish().into_column());
    } else {
        columns.push(Column::new(records::ORDINAL.into(), ordinals));
    }
    columns.push(display.finish().into_column());
    let flags: Vec<bool> = expansion.rows.iter().map(|row| accepted[*row as usize]).collect();
    columns.push(Column::new(records::ACCEPTED.into(), flags));
    columns.extend(locators(batch, &take)?);
    let unseen = unseen(&batch.fields);
    let frame = DataFrame::new(count, columns)?;
    Ok(Records { entity: plan.entity, child: plan.child, present, unseen, known_by, frame })
}

/// Several rows of a record as one: of each column the last filled value, the number of the first row. Rows that are
/// not accepted, or name no record, stay as they are.
fn one_a_record(frame: &DataFrame) -> PolarsResult<DataFrame> {
    let is_record = || col(records::ACCEPTED).and(col(records::RECORD_UID).is_not_null());
    let columns: Vec<Expr> = frame.get_column_names().into_iter().map(|name| col(name.clone())).collect();
    let values = frame.get_column_names().into_iter().filter(|name| *name != records::RECORD_UID).map(|name| {
        if name == records::SEQ { col(name.clone()).first() } else { col(name.clone()).drop_nulls().last() }
    });
    let grouped = frame.clone().lazy().filter(is_record()).group_by_stable([col(records::RECORD_UID)]);
    let one = grouped.agg(values.collect::<Vec<_>>()).select(&columns);
    let others = frame.clone().lazy().filter(is_record().not());
    concat([one, others], UnionArgs::default())?.sort([records::SEQ], SortMultipleOptions::default()).collect()
}

/// Fields whose path no record of the batch has.
fn unseen(fields: &[NormalisedField]) -> Vec<&'static str> {
    fields.iter().filter(|field| !field.seen).map(|field| field.plan.field.name).collect()
}

/// Key of a survey answer: the entity's key, of which the question stands in the column's header.
fn with_question(plan: &TablePlan, batch: &Normalised, row: usize, question: &str) -> Option<Vec<String>> {
    plan.entity
        .default_key()
        .iter()
        .map(|part| {
            if *part == "question" {
                return Some(question.to_owned());
            }
            let field = batch.fields.iter().find(|field| field.plan.field.name == *part)?;
            field.values().str().ok()?.get(row).map(str::to_owned)
        })
        .collect()
}

type Naturals = Vec<(&'static [&'static str], KeyColumns)>;

fn naturals(entity: &'static Entity, fields: &[NormalisedField]) -> PolarsResult<Naturals> {
    entity.keys.iter().map(|names| Ok((*names, key_columns(fields, names.iter().copied())?))).collect()
}

fn locators(batch: &Normalised, take: &IdxCa) -> PolarsResult<Vec<Column>> {
    let origin: &Origin = &batch.origin;
    let count = take.len();
    Ok(vec![
        Column::new_scalar(records::LANDED.into(), Scalar::from(origin.landed), count),
        match &origin.sheet {
            Some(sheet) => Column::new(records::SHEET.into(), vec![sheet.as_str(); count]),
            None => Column::full_null(records::SHEET.into(), count, &DataType::String),
        },
        batch.rows.column(batch::ROW)?.take(take)?,
        batch.rows.column(batch::PART)?.take(take)?,
    ])
}

fn child_records(
    plan: &TablePlan,
    batch: &Normalised,
    child: &NormalisedChild,
    keys: &Keys,
    accepted: &[bool],
    seq_of_row: &[Option<i64>],
) -> PolarsResult<Records> {
    // Items of a rejected row are part of it: they come again with it, or not at all.
    let items: Vec<u32> =
        (0..child.parent.len() as u32).filter(|item| accepted[child.parent[*item as usize] as usize]).collect();
    let parents: Vec<u32> = items.iter().map(|item| child.parent[*item as usize]).collect();
    let ordinals: Vec<i64> = items.iter().map(|item| child.ordinal[*item as usize]).collect();
    let count = items.len();
    let items = IdxCa::from_vec(PlSmallStr::EMPTY, items);
    let take = IdxCa::from_vec(PlSmallStr::EMPTY, parents.clone());
    let of_parent = |index: usize| parents[index] as usize;
    let uids: Vec<Option<String>> = (0..count)
        .map(|index| {
            let key = keys.parts[of_parent(index)].as_ref()?;
            let parts: Vec<&str> = key.iter().map(String::as_str).collect();
            Some(record_uid(&plan.source, plan.entity, &parts).to_string())
        })
        .collect();
    let seq: Vec<Option<i64>> = (0..count).map(|index| seq_of_row[of_parent(index)]).collect();
    let display: Vec<Option<&str>> = (0..count).map(|index| keys.display[of_parent(index)].as_deref()).collect();
    let mut columns = vec![
        Column::new(records::SEQ.into(), seq),
        Column::new(records::RECORD_UID.into(), uids),
        Column::new(records::KEY.into(), display),
        Column::new(records::ACCEPTED.into(), vec![true; count]),
        Column::new(records::ORDINAL.into(), ordinals),
    ];
    columns.extend(locators(batch, &take)?);
    for field in &child.fields {
        for column in &field.storage {
            columns.push(column.take(&items)?);
        }
    }
    let present = child.fields.iter().map(|field| field.plan.field.name).collect();
    let (unseen, known_by) = (unseen(&child.fields), Vec::new());
    let frame = DataFrame::new(count, columns)?;
    Ok(Records { entity: plan.entity, child: Some(child.child), present, unseen, known_by, frame })
}

/// The original cells of quarantined rows, one row a cell, personal codes masked.
fn quarantined_cells(
    batch: &Normalised,
    accepted: &[bool],
    seq_of_row: &[Option<i64>],
    hidden: &BTreeSet<String>,
) -> PolarsResult<QuarantinedCells> {
    let rows: Vec<usize> = (0..accepted.len()).filter(|row| !accepted[*row]).collect();
    let (mut seq, mut ordinal) = (Vec::new(), Vec::new());
    let (mut names, mut values): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let all = || batch.fields.iter().chain(&batch.parent);
    for (index, column) in batch.origin.columns.iter().enumerate() {
        let feeds: Vec<&NormalisedField> = all().filter(|field| names_column(field, &column.name)).collect();
        let hidden = hidden.contains(&column.name);
        let code = !feeds.is_empty()
            && feeds.iter().all(|field| {
                matches!(field.plan.field.kind, Kind::Code | Kind::RegNo | Kind::Atvk | Kind::Decimal | Kind::Integer)
            });
        let texts = batch.rows.column(&column.name)?.str()?;
        let name = personal::mask(&column.name).into_owned();
        for row in &rows {
            let Some(number) = seq_of_row[*row] else { continue };
            let Some(text) = texts.get(*row).filter(|text| !text.is_empty()) else { continue };
            seq.push(number);
            ordinal.push(index as i64 + 1);
            names.push(name.clone());
            values.push(match (hidden, code) {
                (true, _) => "***".to_owned(),
                (false, true) => shown(&personal::mask_hyphenated(text)),
                (false, false) => shown(&personal::mask(text)),
            });
        }
    }
    DataFrame::new(
        seq.len(),
        vec![
            Column::new(records::SEQ.into(), seq),
            Column::new("ordinal".into(), ordinal),
            Column::new("column".into(), names),
            Column::new("value".into(), values),
        ],
    )
}

/// A cell as people read it: repeated values apart, no control characters.
fn shown(text: &str) -> String {
    text.replace(batch::REPEATED, "; ").replace(|c: char| c.is_control() && !matches!(c, '\n' | '\t'), "\u{FFFD}")
}

fn names_column(field: &NormalisedField, name: &str) -> bool {
    let rule = &field.plan.rule;
    rule.column.iter().any(|columns| columns.headers().contains(&name)) || rule.columns.iter().any(|c| c == name)
}
