//! `vienkop findings`: everything that stands of what was said of each source's deliveries, or of one's, and of the
//! registry as a whole.

use jiff::Timestamp;
use polars::prelude::DataFrame;
use serde::Serialize;

use super::session::Session;
use super::{Exit, Options, output};
use crate::tell;

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
        collect(&session, &registry.standing_findings(wanted).await?, &mut found)?;
        // Of a source, what was found first comes first.
        found.sort_by(|a, b| a.source.cmp(&b.source));
    }
    let mut more = 0;
    if wanted.is_none() {
        let whole = registry.findings_of_links(institution, LISTED).await?;
        more = whole.counts.values().sum::<u64>().saturating_sub(whole.list.height() as u64);
        collect(&session, &whole.list, &mut found)?;
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
fn collect(session: &Session, frame: &DataFrame, found: &mut Vec<Found>) -> anyhow::Result<()> {
    let runs = frame.column("run").ok().map(|column| column.i64()).transpose()?;
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
            run: runs.and_then(|runs| runs.get(row)),
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
