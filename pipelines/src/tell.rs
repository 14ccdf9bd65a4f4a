//! Findings as sentences: where, what, and how it is mended.

use polars::prelude::*;
use vienkop_transforms::finding::Finding;
use vienkop_transforms::texts::Texts;

/// What a person reads of a finding: `registrs.xlsx Pakalpojumi!D17: …`.
pub(crate) fn sentence(texts: &Texts, finding: &Finding, file: Option<&str>) -> String {
    let place = finding.cell.as_deref().map(|cell| place(texts, cell, finding.column.as_deref()));
    let place: Vec<&str> = file.into_iter().chain(place.as_deref()).collect();
    let message = message(texts, finding);
    if place.is_empty() { message } else { format!("{}: {message}", place.join(" ")) }
}

/// The message, with the hint where it does not say it already.
pub(crate) fn message(texts: &Texts, finding: &Finding) -> String {
    let message = texts.get(&format!("{}-message", finding.code), &arguments(finding));
    match finding.hint.as_deref() {
        Some(hint) if !hint.is_empty() && !message.contains(hint) => {
            let hint = place(texts, hint, None);
            format!("{message} {}", texts.get("finding-hint", &[("hint", &hint)]))
        }
        _ => message,
    }
}

/// A place as people say it: `Pakalpojumi!D17` stays, `L32:10` becomes "row 32, column …", `#9.2/nosaukums`
/// "record 9.2, nosaukums".
pub(crate) fn place(texts: &Texts, cell: &str, column: Option<&str>) -> String {
    if let Some((line, position)) = cell.strip_prefix('L').and_then(|rest| numbers(rest, ':')) {
        return match column.or(position) {
            Some(column) => texts.get("cli-place-line-column", &[("line", line), ("column", column)]),
            None => texts.get("cli-place-line", &[("line", line)]),
        };
    }
    if let Some((record, path)) = cell.strip_prefix('#').and_then(|rest| numbers(rest, '/')) {
        return match path {
            Some(path) => texts.get("cli-place-record-path", &[("record", record), ("path", path)]),
            None => texts.get("cli-place-record", &[("record", record)]),
        };
    }
    cell.trim().to_owned()
}

/// `32:10` -> (`32`, `10`), when what stands first is a number such as `32` or `9.2`.
fn numbers(text: &str, separator: char) -> Option<(&str, Option<&str>)> {
    let (number, rest) = match text.split_once(separator) {
        Some((number, rest)) => (number, Some(rest)),
        None => (text, None),
    };
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')).then_some((number, rest))
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
    let text =
        |name: &str| -> PolarsResult<Option<String>> { Ok(findings.column(name)?.str()?.get(row).map(str::to_owned)) };
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
