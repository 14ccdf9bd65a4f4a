//! `vienkop findings`: everything that was said of the latest delivery of each source, or of one.

use jiff::Timestamp;
use serde::Serialize;
use vienkop_connectors::registry::Registry;

use super::session::Session;
use super::{Exit, Options, output};
use crate::tell;

/// How many runs back a source's latest delivery is looked for.
const RUNS: usize = 1_000;

#[derive(Serialize)]
struct Found {
    source: String,
    run: i64,
    code: &'static str,
    severity: &'static str,
    entity: String,
    key: Option<String>,
    file: Option<String>,
    cell: Option<String>,
    column: Option<String>,
    field: Option<String>,
    value: Option<String>,
    message: String,
}

/// Prints the findings.
pub(super) async fn findings(options: &Options, now: Timestamp, source: Option<&str>) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let wanted = source.map(|name| session.source(name)).transpose()?.map(|source| source.id.as_str());
    let registry = Registry::open(&session.registry).await?;
    let mut latest = std::collections::BTreeMap::new();
    for run in registry.runs(RUNS).await? {
        for source in run.sources {
            latest.entry(source.source).or_insert(run.number);
        }
    }
    let mut found = Vec::new();
    for (source, run) in latest.into_iter().filter(|(source, _)| wanted.is_none_or(|wanted| wanted == source)) {
        let frame = registry.findings(run, Some(&source)).await?;
        for row in 0..frame.height() {
            let Some(finding) = tell::at(&frame, row)? else { continue };
            let file = frame.column("file")?.str()?.get(row).map(str::to_owned);
            found.push(Found {
                message: tell::sentence(session.texts(), &finding, file.as_deref()),
                source: source.clone(),
                run,
                code: finding.code,
                severity: finding.severity,
                entity: finding.entity,
                key: finding.record_key,
                file,
                cell: finding.cell,
                column: finding.column,
                field: finding.field,
                value: finding.value,
            });
        }
    }
    if options.json {
        output::json(&found)?;
        return Ok(Exit::Done);
    }
    if found.is_empty() {
        output::text(&format!("{}\n", session.texts().get("cli-findings-empty", &[])))?;
    }
    for finding in &found {
        output::text(&format!("{}  {}  {}\n", finding.source, finding.code, finding.message))?;
    }
    Ok(Exit::Done)
}
