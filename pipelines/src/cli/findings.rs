//! `vienkop findings`: everything that was said of the latest delivery of each source, or of one, and of the registry
//! as a whole.

use std::collections::BTreeMap;

use jiff::Timestamp;
use polars::prelude::DataFrame;
use serde::Serialize;

use super::session::Session;
use super::{Exit, Options, output};
use crate::tell;

/// How many runs back a source's latest delivery is looked for.
const RUNS: usize = 1_000;

/// How many findings of each rule about the registry as a whole are listed; all are counted.
pub(super) const LISTED: usize = 10_000;

#[derive(Serialize)]
struct Found {
    /// Of the registry as a whole: every source that feeds the record.
    source: String,
    /// None for the registry as a whole.
    run: Option<i64>,
    code: &'static str,
    severity: &'static str,
    entity: String,
    key: Option<String>,
    file: Option<String>,
    cell: Option<String>,
    column: Option<String>,
    field: Option<String>,
    value: Option<String>,
    /// Registration number of the institution that can act (the registry as a whole).
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    message: String,
}

/// Prints the findings. `links`: only those of the registry as a whole; they are left out where a source is named.
pub(super) async fn findings(
    options: &Options,
    now: Timestamp,
    source: Option<&str>,
    links: bool,
    institution: Option<&str>,
) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let wanted = source.map(|name| session.source(name)).transpose()?.map(|source| source.id.as_str());
    let registry = session.open_registry().await?;
    let mut found = Vec::new();
    if !links {
        let mut latest = BTreeMap::new();
        for run in registry.runs(RUNS).await? {
            for source in run.sources {
                latest.entry(source.source).or_insert(run.number);
            }
        }
        for (source, run) in latest.into_iter().filter(|(source, _)| wanted.is_none_or(|wanted| wanted == source)) {
            collect(&session, &registry.findings(run, Some(&source)).await?, Some(run), &mut found)?;
        }
    }
    let mut more = 0;
    if wanted.is_none() {
        let whole = registry.findings_of_links(institution, LISTED).await?;
        more = whole.counts.values().sum::<u64>().saturating_sub(whole.list.height() as u64);
        collect(&session, &whole.list, None, &mut found)?;
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
    if more > 0 {
        output::text(&format!("{}\n", session.texts().count("cli-plan-more", &[("count", more)])))?;
    }
    Ok(Exit::Done)
}

/// Findings of a frame as people and machines are told them.
fn collect(session: &Session, frame: &DataFrame, run: Option<i64>, found: &mut Vec<Found>) -> anyhow::Result<()> {
    let owners = frame.column("owner").ok().map(|column| column.str()).transpose()?;
    for row in 0..frame.height() {
        let Some(finding) = tell::at(frame, row)? else { continue };
        let text = |name: &str| -> anyhow::Result<Option<String>> {
            Ok(frame.column(name)?.str()?.get(row).map(str::to_owned))
        };
        let file = text("file")?;
        found.push(Found {
            message: tell::sentence(session.texts(), &finding, file.as_deref()),
            source: text("source")?.unwrap_or_default(),
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
            owner: owners.and_then(|owners| owners.get(row)).map(str::to_owned),
        });
    }
    Ok(())
}
