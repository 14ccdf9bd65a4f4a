//! `vienkop runs`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use vienkop_connectors::registry::{Registry, RunRow};

use super::session::Session;
use super::{Exit, Options, output};
use crate::config::Source;
use crate::import::timestamp;
use crate::late::{Late, late};
use crate::outcome::{Counts, Rows};

#[derive(Serialize)]
struct Listed {
    runs: Vec<Shown>,
    late: Vec<Late>,
}

#[derive(Serialize)]
struct Shown {
    run: i64,
    pipeline: String,
    kind: String,
    started_at: String,
    as_of: String,
    status: String,
    sources: Vec<ShownSource>,
}

#[derive(Serialize)]
struct ShownSource {
    id: String,
    status: String,
    rows: Rows,
    records: BTreeMap<String, Counts>,
    error: Option<String>,
    seconds: f64,
}

impl From<RunRow> for Shown {
    fn from(run: RunRow) -> Self {
        let sources = run
            .sources
            .into_iter()
            .map(|source| ShownSource {
                rows: source.rows.into(),
                records: source.entities.iter().map(|entity| (entity.entity.clone(), entity.into())).collect(),
                id: source.source,
                status: source.status,
                error: source.error,
                seconds: source.seconds,
            })
            .collect();
        Self {
            run: run.number,
            pipeline: run.pipeline,
            kind: run.kind,
            started_at: run.started_at,
            as_of: run.as_of,
            status: run.status,
            sources,
        }
    }
}

/// Prints what ran and what each source delivered, the latest first.
pub(super) async fn runs(options: &Options, now: Timestamp, number: u32) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let registry = session.open_registry().await?;
    let runs: Vec<Shown> = registry.runs(number as usize).await?.into_iter().map(Shown::from).collect();
    let late = late_of_what_runs(&session, &registry).await?;
    if options.json {
        output::json(&Listed { runs, late })?;
        return Ok(Exit::Done);
    }
    let texts = session.texts();
    if runs.is_empty() {
        output::text(&format!("{}\n", texts.get("cli-runs-empty", &[])))?;
        return Ok(Exit::Done);
    }
    let names =
        ["run", "started", "pipeline", "source", "read", "accepted", "quarantined", "inserted", "changed", "status"];
    let header: Vec<String> = names.iter().map(|name| texts.get(&format!("cli-col-{name}"), &[])).collect();
    let mut rows = Vec::new();
    for run in &runs {
        let head = vec![run.run.to_string(), run.started_at.clone(), run.pipeline.clone()];
        rows.push([head, vec![String::new(); 6], vec![texts.get(&format!("cli-run-{}", run.status), &[])]].concat());
        for source in &run.sources {
            // Children (`service.steps`) are parts of their records and not counted again.
            let records = || source.records.iter().filter(|(name, _)| !name.contains('.'));
            let sum = |of: fn(&Counts) -> u64| records().map(|(_, counts)| of(counts)).sum::<u64>().to_string();
            let all: u64 = source.records.values().map(|counts| counts.quarantined).sum();
            let quarantined = source.rows.rejected + all;
            let state = if source.status == "ok" && quarantined > 0 { "attention" } else { source.status.as_str() };
            let counts = vec![
                source.rows.read.to_string(),
                sum(|c| c.accepted),
                quarantined.to_string(),
                sum(|c| c.inserted),
                sum(|c| c.changed),
                texts.get(&format!("cli-state-{state}"), &[]),
            ];
            rows.push([vec![String::new(); 3], vec![source.id.clone()], counts].concat());
        }
    }
    let mut out = output::table(&header, &rows, &[0, 4, 5, 6, 7, 8]);
    if !late.is_empty() {
        out.push_str(&format!("\n{}\n{}", texts.get("cli-attention", &[]), Late::lines(&late, texts)));
    }
    output::text(&out)?;
    Ok(Exit::Done)
}

/// Late sources of the pipelines that have run on this registry; of the others nothing was ever expected here.
async fn late_of_what_runs(session: &Session, registry: &Registry) -> anyhow::Result<Vec<Late>> {
    let ran = registry.last_runs(&timestamp(session.as_of)).await?;
    let config = &session.config;
    let pipelines = config.pipelines.iter().filter(|(name, _)| ran.contains_key(*name));
    let mut sources: Vec<&Source> = pipelines.flat_map(|(_, pipeline)| config.sources_of(pipeline)).collect();
    sources.sort_by_key(|source| &source.id);
    sources.dedup_by_key(|source| &source.id);
    Ok(late(session, sources, &registry.source_states().await?))
}
