//! Field texts as expressions over the source's columns.

use polars::prelude::*;

use super::MappedField;
use super::config::{FieldRule, Function, SkipRule};
use super::plan::FieldPlan;
use crate::batch::{LocatorKind, Origin};
use crate::model::Presence;

/// White space of every kind met at the ends of cells, the no-break and the zero-width ones too.
const WHITE: &str = " \t\r\n\u{a0}\u{2007}\u{202f}\u{2009}\u{200b}\u{feff}";

/// Rows that no skip rule leaves out.
pub(super) fn without_skipped(rules: &[SkipRule], frame: DataFrame, origin: &Origin) -> PolarsResult<DataFrame> {
    let has = |name: &str| origin.columns.iter().any(|column| column.name == name);
    let mut keep: Option<Expr> = None;
    for rule in rules.iter().filter(|rule| has(&rule.column) || rule.unless.is_some()) {
        let value = || if has(&rule.column) { cleaned(&rule.column) } else { lit("") };
        let mut leave = match (&rule.matches, &rule.unless) {
            (Some(pattern), _) => value().str().contains(lit(pattern.as_str()), true),
            (None, Some(pattern)) => value().str().contains(lit(pattern.as_str()), true).not(),
            (None, None) => value().neq(lit("")),
        };
        if rule.others_empty {
            for column in origin.columns.iter().filter(|column| column.name != rule.column) {
                leave = leave.and(cleaned(&column.name).eq(lit("")));
            }
        }
        let stay = leave.not();
        keep = Some(keep.map_or(stay.clone(), |so_far| so_far.and(stay)));
    }
    match keep {
        Some(keep) => frame.lazy().filter(keep).collect(),
        None => Ok(frame),
    }
}

/// Rows in which the column is filled; a column that the frame lacks is filled nowhere.
///
/// In a workbook a cell that could not be read (null) is not empty: it is told of.
pub(super) fn filled(column: Option<&str>, rows: DataFrame, locator: LocatorKind) -> PolarsResult<DataFrame> {
    let Some(column) = column else { return Ok(rows) };
    if rows.column(column).is_err() {
        return Ok(rows.slice(0, 0));
    }
    let broken = col(PlSmallStr::from_str(column)).is_null().and(lit(locator == LocatorKind::Cell));
    rows.lazy().filter(broken.or(cleaned(column).neq(lit("")))).collect()
}

/// A field whose column the frame lacks, and the headers looked for.
pub(super) type Absent = (FieldPlan, String);

/// A source column without white space at its ends; empty for null.
fn cleaned(column: &str) -> Expr {
    col(PlSmallStr::from_str(column)).fill_null(lit("")).str().strip_chars(lit(WHITE))
}

/// The texts of fields whose columns the frame has; the others with the headers looked for.
///
/// `by_header`: a column is there when the file has its header. Otherwise (XML, JSON, where readers deliver what the
/// mapping names) a path that no record of the batch has may still stand in another batch of the delivery: its texts
/// are empty, it counts as absent too, and the field is marked as not seen. What every record needs (`key`, required)
/// and has a default is there in any case.
pub(super) fn texts(
    plans: &[FieldPlan],
    rows: &DataFrame,
    by_header: bool,
    key: &[String],
) -> PolarsResult<(Vec<MappedField>, Vec<Absent>)> {
    let has = |name: &str| rows.column(name).is_ok();
    let seen = |name: &str| is_there(rows, name, by_header);
    let mut expressions = Vec::new();
    let mut found = Vec::new();
    let mut absent = Vec::new();
    for plan in plans {
        let rule = &plan.rule;
        let named: Vec<&str> = rule.column.iter().flat_map(super::Columns::headers).filter(|name| has(name)).collect();
        let joined: Vec<&str> = rule.columns.iter().map(String::as_str).filter(|header| has(header)).collect();
        let source = named.iter().chain(&joined).find(|header| seen(header)).or(named.first()).or(joined.first());
        let base = if let Some(header) = named.first() {
            // Without headers each record has its own first of the alternatives.
            Some(if by_header { cleaned(header) } else { first_of(&named) })
        } else if !joined.is_empty() {
            Some(join(&joined, rule.join.as_deref().unwrap_or(" ")))
        } else {
            // A default fills empty cells; it says nothing of a column that is not there.
            let of_columns = rule.column.is_some() || !rule.columns.is_empty();
            rule.value.as_deref().or(rule.default.as_deref().filter(|_| !of_columns)).map(lit)
        };
        let needed = plan.field.presence == Presence::Required || key.iter().any(|part| part == plan.field.name);
        let unseen = source.is_some_and(|header| !seen(header)) && !(needed && rule.default.is_some());
        if base.is_none() || unseen {
            let looked_for: Vec<&str> = rule.column.iter().flat_map(super::Columns::headers).collect();
            let looked_for = if looked_for.is_empty() { rule.columns.join(", ") } else { looked_for.join(", ") };
            absent.push((plan.clone(), looked_for));
        }
        let Some(base) = base else { continue };
        let name = format!("\u{1}{}", expressions.len());
        expressions.push(refined(rule, base).alias(PlSmallStr::from_str(&name)));
        found.push((plan, source.map(|header| (*header).to_owned()), !unseen, name));
    }
    let frame = rows.clone().lazy().with_columns(expressions).collect()?;
    let fields = found
        .into_iter()
        .map(|(plan, column, seen, name)| {
            Ok(MappedField {
                plan: plan.clone(),
                column,
                text: frame.column(&name)?.str()?.clone(),
                broken: Vec::new(),
                seen,
            })
        })
        .collect::<PolarsResult<Vec<_>>>()?;
    Ok((fields, absent))
}

/// Whether a batch has a column, see [`texts`].
pub(super) fn is_there(rows: &DataFrame, name: &str, by_header: bool) -> bool {
    rows.column(name).is_ok_and(|column| by_header || column.null_count() < column.len())
}

/// Rows in which a column has no cell that could be read.
pub(super) fn nulls(column: Option<&str>, rows: &DataFrame) -> Vec<u32> {
    let Some(column) = column.and_then(|name| rows.column(name).ok()).filter(|column| column.null_count() > 0) else {
        return Vec::new();
    };
    column.is_null().iter().enumerate().filter(|(_, null)| *null == Some(true)).map(|(row, _)| row as u32).collect()
}

/// The first of these paths that the record has.
fn first_of(paths: &[&str]) -> Expr {
    let texts: Vec<Expr> = paths.iter().map(|path| col(PlSmallStr::from_str(path))).collect();
    coalesce(&texts).fill_null(lit("")).str().strip_chars(lit(WHITE))
}

fn join(headers: &[&str], separator: &str) -> Expr {
    let parts: Vec<Expr> = headers
        .iter()
        .map(|header| {
            let text = cleaned(header);
            when(text.clone().neq(lit(""))).then(text).otherwise(lit(NULL).cast(DataType::String))
        })
        .collect();
    concat_str(parts, separator, true)
}

/// What a rule does to the text of its column, in the order that [`FieldRule`] documents.
fn refined(rule: &FieldRule, base: Expr) -> Expr {
    let mut text = base;
    for empty in &rule.empty {
        text = when(text.clone().eq(lit(empty.as_str()))).then(lit("")).otherwise(text);
    }
    if let Some(pattern) = &rule.extract {
        text = text.str().extract(lit(pattern.as_str()), 1).fill_null(lit(""));
    }
    for function in &rule.functions {
        text = match function {
            Function::Lower => text.str().to_lowercase(),
            Function::Upper => text.str().to_uppercase(),
            Function::Digits => text.str().replace_all(lit(r"\D"), lit(""), false),
            Function::FirstLine => text.str().extract(lit(r"^([^\r\n]*)"), 1),
            Function::LastWord => text.str().extract(lit(r"(\S+)\s*$"), 1).fill_null(lit("")),
            Function::NoSpaces => text.str().replace_all(lit(r"\s"), lit(""), false),
        };
    }
    if let Some(width) = rule.pad {
        let padded = text.clone().str().zfill(lit(u64::from(width)));
        text = when(text.clone().eq(lit(""))).then(text).otherwise(padded);
    }
    if let Some(default) = &rule.default {
        let empty = text.clone().is_null().or(text.clone().eq(lit("")));
        text = when(empty).then(lit(default.as_str())).otherwise(text);
    }
    text
}
