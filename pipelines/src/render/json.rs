//! `report.json`: the report as it is, indented.

use vienkop_transforms::assess::report::Report;

/// The bytes of the file.
pub(super) fn render(report: &Report) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(report)?;
    bytes.push(b'\n');
    Ok(bytes)
}
