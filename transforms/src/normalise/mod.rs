//! Normalising: texts to typed values and codes, column by column.
//!
//! What does not fit its type becomes an [`Issue`]; the text it was made from stays beside a changed value.

mod column;
pub mod mojibake;
pub mod moment;
pub mod personal;
pub mod value;

use std::sync::Arc;

use jiff::tz::TimeZone;
use polars::prelude::*;

pub use column::NormalisedField;
pub use personal::PseudonymKey;

use crate::batch::Origin;
use crate::codelist::CodeLists;
use crate::finding::{self, Rule, Severity};
use crate::mapping::{Mapped, MappedChild};
use crate::model::Child;

/// What normalising needs to know beside the batch.
pub struct Context<'a> {
    /// Code lists of the configuration.
    pub codelists: &'a CodeLists,
    /// Zone of local times.
    pub time_zone: &'a TimeZone,
    /// The end of the day that the run is about: what happened cannot lie after it.
    pub until: jiff::Timestamp,
    /// Key of pseudonyms; without one a source that needs it does not run.
    pub pseudonym_key: Option<&'a PseudonymKey>,
}

/// Something wrong with one value of one row.
#[derive(Debug, Clone)]
pub struct Issue {
    /// Row of the batch.
    pub row: u32,
    /// The rule.
    pub rule: &'static Rule,
    /// Severity: the rule's, unless the source's file softens it.
    pub severity: Severity,
    /// Field, `steps.expected_time` for a child's.
    pub field: String,
    /// Header of the source column.
    pub column: Option<String>,
    /// The value, personal codes masked.
    pub value: Option<String>,
    /// What the rule wants.
    pub expected: Option<String>,
    /// The nearest known value.
    pub hint: Option<String>,
}

/// Items of a child as values.
#[derive(Debug, Clone)]
pub struct NormalisedChild {
    /// The child.
    pub child: &'static Child,
    /// Row of the batch each item belongs to.
    pub parent: Vec<u32>,
    /// Place among its parent's items.
    pub ordinal: Vec<i64>,
    /// Fields of the items.
    pub fields: Vec<NormalisedField>,
    /// Whether the batch has a column for it.
    pub present: bool,
    /// Header of the cell.
    pub column: Option<String>,
}

/// Answers of a survey as values.
#[derive(Debug, Clone)]
pub struct NormalisedAnswers {
    /// Id of the question.
    pub question: String,
    /// Header of the column.
    pub column: String,
    /// The answers, personal codes masked; null where there is none.
    pub text: StringChunked,
}

/// A batch as values.
#[derive(Debug, Clone)]
pub struct Normalised {
    /// Where the rows come from.
    pub origin: Arc<Origin>,
    /// The rows as read.
    pub rows: DataFrame,
    /// Fields.
    pub fields: Vec<NormalisedField>,
    /// Fields that lead to the parent.
    pub parent: Vec<NormalisedField>,
    /// Children made from the rows.
    pub children: Vec<NormalisedChild>,
    /// Answers, for a table that is unpivoted.
    pub answers: Option<Vec<NormalisedAnswers>>,
    /// What is wrong.
    pub issues: Vec<Issue>,
}

/// Turns the texts of a batch into values.
pub fn normalise(mapped: Mapped, context: &Context<'_>) -> Normalised {
    let mut issues = Vec::new();
    let fields = mapped.fields.iter().map(|f| column::normalise(f, "", context, &mut issues)).collect();
    let parent = mapped.parent.iter().map(|f| column::normalise(f, "parent.", context, &mut issues)).collect();
    let children = mapped.children.into_iter().map(|child| normalise_child(child, context, &mut issues)).collect();
    let answers = mapped.answers.map(|answers| {
        answers
            .into_iter()
            .map(|answer| {
                let text = column::free_text(&answer.text, "value_raw", Some(&answer.column), &mut issues);
                NormalisedAnswers { question: answer.question, column: answer.column, text }
            })
            .collect()
    });
    Normalised { origin: mapped.origin, rows: mapped.rows, fields, parent, children, answers, issues }
}

fn normalise_child(child: MappedChild, context: &Context<'_>, issues: &mut Vec<Issue>) -> NormalisedChild {
    let prefix = format!("{}.", child.child.name);
    let mut own = Vec::new();
    let fields = child.fields.iter().map(|f| column::normalise(f, &prefix, context, &mut own)).collect();
    // An item's fault is its row's fault: the record is quarantined with all its items.
    issues.extend(own.into_iter().map(|issue| Issue { row: child.parent[issue.row as usize], ..issue }));
    issues.extend(child.misfits.iter().map(|(row, text)| Issue {
        row: *row,
        rule: &finding::PATTERN,
        severity: finding::PATTERN.severity,
        field: child.child.name.to_owned(),
        column: child.column.clone(),
        value: Some(personal::mask(text).into_owned()),
        expected: None,
        hint: None,
    }));
    NormalisedChild {
        child: child.child,
        parent: child.parent,
        ordinal: child.ordinal,
        fields,
        present: child.present,
        column: child.column,
    }
}
