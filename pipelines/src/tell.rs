//! Findings as sentences: where, what, and how it is mended.

use polars::prelude::*;
use vienkop_transforms::finding::Finding;
use vienkop_transforms::texts::Texts;

/// What a person reads of a finding: `registrs.xlsx Pakalpojumi!D17: …`.
pub(crate) fn sentence(texts: &Texts, finding: &Finding, file: Option<&str>) -> String {
    let place: Vec<&str> = file.into_iter().chain(finding.cell.as_deref().map(str::trim)).collect();
    let message = message(texts, finding);
    if place.is_empty() { message } else { format!("{}: {message}", place.join(" ")) }
}

/// The message alone.
pub(crate) fn message(texts: &Texts, finding: &Finding) -> String {
    texts.get(&format!("{}-message", finding.code), &arguments(finding))
}

/// What the person who delivers the file does about it.
pub(crate) fn remedy(texts: &Texts, finding: &Finding) -> String {
    texts.get(&format!("{}-remedy", finding.code), &arguments(finding))
}

fn arguments(finding: &Finding) -> [(&'static str, &str); 7] {
    fn or_dash(text: Option<&String>) -> &str {
        text.map(String::as_str).filter(|text| !text.is_empty()).unwrap_or("–")
    }
    [
        ("value", or_dash(finding.value.as_ref())),
        ("expected", or_dash(finding.expected.as_ref())),
        ("field", or_dash(finding.field.as_ref())),
        ("column", or_dash(finding.column.as_ref())),
        ("cell", or_dash(finding.cell.as_ref())),
        ("key", or_dash(finding.record_key.as_ref())),
        ("hint", or_dash(finding.hint.as_ref())),
    ]
}

/// A row of a findings frame as a finding; for the few that people are shown.
pub(crate) fn at(findings: &DataFrame, row: usize) -> PolarsResult<Option<Finding>> {
    let text = |name: &str| -> PolarsResult<Option<String>> {
        Ok(findings.column(name)?.str()?.get(row).map(str::to_owned))
    };
    let number = |name: &str| -> PolarsResult<Option<i64>> { Ok(findings.column(name)?.i64()?.get(row)) };
    let Some(rule) = text("code")?.as_deref().and_then(vienkop_transforms::finding::rule) else { return Ok(None) };
    Ok(Some(Finding {
        entity: text("entity")?.unwrap_or_default(),
        record_key: text("record_key")?,
        field: text("field")?,
        landed: number("landed")?,
        sheet: text("sheet")?,
        row: number("row")?,
        part: number("part")?,
        cell: text("cell")?,
        column: text("column")?,
        value: text("value")?,
        expected: text("expected")?,
        hint: text("hint")?,
        ..Finding::of(rule)
    }))
}
