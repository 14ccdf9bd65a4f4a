//! Mapping: source columns to fields of an entity, as the source's file declares.
//!
//! [`map`] takes a batch and gives, for every field of the plan, a column of texts; what the texts mean is
//! [`crate::normalise`]'s business.

mod children;
mod columns;
mod config;
mod plan;

use std::sync::Arc;

use polars::prelude::*;

pub use children::MappedChild;
pub(crate) use children::items;
pub use config::{ChildSource, Columns, FieldRule, FieldSource, Function, Invalid, SkipRule, TableMapping, Unpivot};
pub use plan::{ChildPlan, FieldPlan, PlanError, TablePlan, UnpivotPlan};

use crate::batch::{Batch, LocatorKind, Origin};
use crate::fold::fold;

/// A field's texts, one a row.
#[derive(Debug, Clone)]
pub struct MappedField {
    /// The field and its rule.
    pub plan: FieldPlan,
    /// Header of the column it came from; none for constants and joined columns.
    pub column: Option<String>,
    /// The texts; empty and null both mean "empty".
    pub text: StringChunked,
    /// Rows of a workbook whose cell holds an error or a formula never calculated (null as read): not empty, unknown.
    pub broken: Vec<u32>,
    /// False where no record of the batch has the path (XML, JSON): whether the delivery has it, its other batches say.
    pub seen: bool,
}

/// Answers to one question of a survey, one a row.
#[derive(Debug, Clone)]
pub struct MappedAnswers {
    /// Id of the question.
    pub question: String,
    /// Header of the column.
    pub column: String,
    /// The answers.
    pub text: StringChunked,
}

/// A batch with its fields as texts.
#[derive(Debug, Clone)]
pub struct Mapped {
    /// Where the rows come from.
    pub origin: Arc<Origin>,
    /// The rows as read, without those left out: source columns and locators.
    pub rows: DataFrame,
    /// Fields that the batch delivers.
    pub fields: Vec<MappedField>,
    /// Fields of the parent (children in a table of their own).
    pub parent: Vec<MappedField>,
    /// Children made from the rows.
    pub children: Vec<MappedChild>,
    /// Answers, for a table that is unpivoted.
    pub answers: Option<Vec<MappedAnswers>>,
    /// Rows left out by `[[table.skip]]`.
    pub skipped: u64,
    /// Fields whose column (or path) the batch lacks, with the headers looked for.
    pub absent: Vec<(FieldPlan, String)>,
    /// Source columns that no field is mapped from.
    pub unmapped: Vec<String>,
}

/// Applies a plan to a batch.
pub fn map(plan: &TablePlan, batch: Batch) -> PolarsResult<Mapped> {
    let Batch { origin, frame } = batch;
    let before = frame.height();
    let rows = columns::without_skipped(&plan.skip, frame, &origin)?;
    let skipped = (before - rows.height()) as u64;
    let rows = columns::filled(plan.filled.as_deref(), rows, origin.locator)?;
    let by_header = matches!(origin.locator, LocatorKind::Cell | LocatorKind::Line);
    let (mut fields, mut absent) = columns::texts(&plan.fields, &rows, by_header, &plan.key)?;
    let (parent, absent_parent) = columns::texts(&plan.parent, &rows, by_header, &plan.key)?;
    absent.extend(absent_parent);
    if origin.locator == LocatorKind::Cell {
        for field in &mut fields {
            field.broken = columns::nulls(field.column.as_deref(), &rows);
        }
    }
    let children =
        plan.children.iter().map(|child| children::map(child, &rows, by_header)).collect::<PolarsResult<Vec<_>>>()?;
    let answers = plan.unpivot.as_ref().map(|unpivot| answers(unpivot, &origin, &rows)).transpose()?;
    let wanted = plan.wanted();
    let unmapped = origin
        .columns
        .iter()
        .map(|column| &column.name)
        .filter(|name| !wanted.contains(name))
        .filter(|name| !answers.iter().flatten().any(|answer| &answer.column == *name))
        .cloned()
        .collect();
    Ok(Mapped { origin, rows, fields, parent, children, answers, skipped, absent, unmapped })
}

fn answers(unpivot: &UnpivotPlan, origin: &Origin, rows: &DataFrame) -> PolarsResult<Vec<MappedAnswers>> {
    let mut answers = Vec::new();
    for column in &origin.columns {
        let Some(question) = unpivot.questions.get(&fold(&column.name)) else { continue };
        let text = rows.column(&column.name)?.str()?.clone();
        answers.push(MappedAnswers { question: question.clone(), column: column.name.clone(), text });
    }
    Ok(answers)
}
