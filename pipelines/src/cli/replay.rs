//! `vienkop replay`: samples offline, against a scratch registry, compared with what is expected.
//!
//! The expectation is a folder of text files that people review: `outcome.json` (rows, records and findings of every
//! source, and the as-of day), `registry/<entity>.ndjson`, `lake/<table>.tsv` (the requests' events and
//! what was worked out of them), `findings/<source>.tsv`, `links.tsv` (what the registry as a whole lacks) and `report.json`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use polars::prelude::{DataFrame, DataType, Expr, PlSmallStr, SortMultipleOptions, col};
use serde::{Deserialize, Serialize};
use similar::TextDiff;
use vienkop_connectors::registry::{LinkCounts, Mode, Registry, RunKind};
use vienkop_transforms::finding::COLUMNS;
use vienkop_transforms::model::registered;
use vienkop_transforms::status::tables::{BUCKET, LakeTable, REQUEST};

use super::approval::Approval;
use super::findings::LISTED;
use super::interrupt::Interrupt;
use super::run::{Executed, Job, execute};
use super::session::Session;
use super::{Exit, Options, output};
use crate::assess;
use crate::outcome::{Counts, Rows, SourceOutcome, Status};

const OUTCOME: &str = "outcome.json";

/// What a replay is expected to come to, without what differs from run to run.
#[derive(Serialize)]
struct Expected<'a> {
    as_of: String,
    sources: Vec<ExpectedSource<'a>>,
    links: &'a LinkCounts,
}

#[derive(Serialize)]
struct ExpectedSource<'a> {
    id: &'a str,
    status: Status,
    rows: Rows,
    records: &'a BTreeMap<String, Counts>,
    findings: &'a BTreeMap<String, u64>,
    error: &'a Option<String>,
}

#[derive(Deserialize)]
struct AsOf {
    as_of: String,
}

/// Runs a pipeline whose sources all lie below `samples` and compares.
pub(super) async fn replay(
    options: &Options,
    now: Timestamp,
    samples: &Path,
    expect: &Path,
    pipeline: Option<&str>,
    accept: bool,
) -> anyhow::Result<Exit> {
    let scratch = tempfile::tempdir()?;
    let mut options = options.clone();
    options.work = Some(scratch.path().to_owned());
    options.registry = Some(format!("sqlite://{}", scratch.path().join("registry.db").display()));
    if let (None, Ok(known)) = (&options.as_of, fs_err::read_to_string(expect.join(OUTCOME))) {
        let known: AsOf = serde_json::from_str(&known).with_context(|| expect.join(OUTCOME).display().to_string())?;
        options.as_of = Some(known.as_of);
    }
    let session = Session::open(&options, now)?;
    let results = results(&session, samples, pipeline, options.quiet).await?;
    let known = read_below(expect)?;
    let same = known == results;
    let texts = session.texts();
    let shown = expect.display().to_string();
    if same {
        output::text(&format!("{}\n", texts.get("cli-replay-same", &[])))?;
        return Ok(Exit::Done);
    }
    if accept {
        for name in known.keys().filter(|name| !results.contains_key(*name)) {
            fs_err::remove_file(expect.join(name))?;
        }
        for (name, content) in &results {
            let path = expect.join(name);
            fs_err::create_dir_all(path.parent().unwrap_or(expect))?;
            fs_err::write(path, content)?;
        }
        output::text(&format!("{}\n", texts.get("cli-replay-accepted", &[("dir", &shown)])))?;
        return Ok(Exit::Done);
    }
    let (difference, files) = difference(&known, &results);
    output::text(&difference)?;
    output::text(&format!("{}\n", texts.count("cli-replay-differs", &[("files", files)])))?;
    Ok(Exit::GateFailed)
}

/// Everything a replay is compared by: file name -> content.
async fn results(
    session: &Session,
    samples: &Path,
    pipeline: Option<&str>,
    quiet: bool,
) -> anyhow::Result<BTreeMap<String, String>> {
    let (name, pipeline) = session.pipeline(pipeline)?;
    let sources = session.config.sources_of(pipeline);
    let folder = samples.canonicalize().with_context(|| samples.display().to_string())?;
    for source in &sources {
        let path = source.fetch.paths().into_iter().next().map(|(_, path)| path).unwrap_or_default();
        let fixed = path.split(['*', '?', '[', '!']).next().unwrap_or_default();
        let inside = session.config.base.join(fixed).canonicalize().is_ok_and(|path| path.starts_with(&folder));
        if !inside {
            let shown = samples.display().to_string();
            let args = [("dir", shown.as_str()), ("source", source.id.as_str()), ("path", &path)];
            bail!(session.texts().get("cli-replay-outside", &args));
        }
    }
    let landing = session.work.join("landed");
    let (cancel, approve) = (Interrupt::listen().flag(), Approval::None);
    let (mode, kind, arrivals) = (Mode::Run, RunKind::Replay, BTreeMap::new());
    let job = Job { name, sources, mode, kind, landing, approve, record: None, quiet, cancel, arrivals };
    let registry = session.open_registry().await?;
    let Executed { outcome: done, broken } = execute(session, &registry, &job).await?;
    if let Some(error) = broken {
        return Err(error);
    }
    let (run, outcomes, lacking) = (done.run.unwrap_or_default(), done.sources, done.links);

    let mut results = BTreeMap::new();
    results.insert(OUTCOME.to_owned(), outcome(session, &outcomes, &lacking)?);
    for entity in registered() {
        let records = registry.dump(entity).await?;
        if !records.is_empty() {
            let lines: Vec<String> = records.iter().map(ToString::to_string).collect();
            results.insert(format!("registry/{}.ndjson", entity.name), lines.join("\n") + "\n");
        }
    }
    for kept in LakeTable::ALL {
        let rows = lake_rows(&registry, kept).await?;
        if !rows.is_empty() {
            results.insert(format!("lake/{}.tsv", kept.name()), rows);
        }
    }
    for source in &outcomes {
        let findings = findings(&registry, run, &source.id).await?;
        if !findings.is_empty() {
            results.insert(format!("findings/{}.tsv", source.id), findings);
        }
    }
    let listed = table(&registry.findings_of_links(None, LISTED).await?.list, &["source", "file", "owner"])?;
    if !listed.is_empty() {
        results.insert("links.tsv".to_owned(), listed);
    }
    if let Some(assessment) = &pipeline.assess {
        let questionnaires = assess::answered(&registry, &session.config, &assessment.questionnaires).await?;
        let asked = assess::Asked { questionnaires, pipeline: Some(name), previous: None };
        let report = assess::make(session, &registry, &asked).await?.report;
        results.insert("report.json".to_owned(), serde_json::to_string_pretty(&report)? + "\n");
    }
    Ok(results)
}

fn outcome(session: &Session, outcomes: &[SourceOutcome], links: &LinkCounts) -> anyhow::Result<String> {
    let sources = outcomes
        .iter()
        .map(|source| ExpectedSource {
            id: &source.id,
            status: source.status,
            rows: source.rows,
            records: &source.records,
            findings: &source.findings,
            error: &source.error,
        })
        .collect();
    Ok(serde_json::to_string_pretty(&Expected { as_of: session.as_of_day().to_string(), sources, links })? + "\n")
}

/// Findings of a source, in the order found.
async fn findings(registry: &Registry, run: i64, source: &str) -> anyhow::Result<String> {
    table(&registry.findings(run, Some(source)).await?, &["file"])
}

/// A line an event, a stay in a state, or a request with where it stands and how long it took; without what tells where
/// rows lie, and the number of the landed file.
async fn lake_rows(registry: &Registry, kept: LakeTable) -> anyhow::Result<String> {
    let schema = kept.schema();
    let shown = schema.iter().filter(|(name, _)| !matches!(name.as_str(), BUCKET | "landed"));
    let (names, texts): (Vec<&str>, Vec<Expr>) =
        shown.map(|(name, dtype)| (name.as_str(), text_of(name, dtype))).unzip();
    let order = match kept {
        LakeTable::StatusEvent => &[REQUEST[0], REQUEST[1], "at", "seq", "event_id", "state_raw"][..],
        LakeTable::RequestStep => &[REQUEST[0], REQUEST[1], "ordinal"],
        LakeTable::RequestTimeline => &REQUEST,
    };
    let order = order.iter().copied().map(PlSmallStr::from_str).collect::<Vec<_>>();
    let rows = registry.lake_table(kept).await?.sort(order, SortMultipleOptions::default()).select(texts);
    lines(&tokio::task::block_in_place(|| rows.collect())?, &names)
}

/// A column as people read it: `2024-07-08T09:30:00Z`, `2024-07-08`, `12`.
fn text_of(name: &PlSmallStr, dtype: &DataType) -> Expr {
    match dtype {
        DataType::Datetime(..) => col(name.clone()).dt().strftime("%Y-%m-%dT%H:%M:%SZ"),
        _ => col(name.clone()).cast(DataType::String),
    }
}

/// A line a finding: these columns, then those of all findings but what only machines read.
fn table(frame: &DataFrame, first: &[&'static str]) -> anyhow::Result<String> {
    let names: Vec<&str> = first
        .iter()
        .copied()
        .chain(COLUMNS)
        .filter(|name| !matches!(*name, "landed" | "row" | "part" | "sheet"))
        .collect();
    lines(frame, &names)
}

/// These columns of a frame of texts; nothing of one without rows.
fn lines(frame: &DataFrame, names: &[&str]) -> anyhow::Result<String> {
    let mut out = names.join("\t") + "\n";
    for row in 0..frame.height() {
        let mut cells = Vec::new();
        for name in names {
            let cell = frame.column(name)?.str()?.get(row).unwrap_or_default();
            cells.push(cell.replace(['\t', '\n', '\r'], " "));
        }
        out.push_str(cells.join("\t").trim_end());
        out.push('\n');
    }
    Ok(if frame.height() == 0 { String::new() } else { out })
}

fn read_below(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = fs_err::read_dir(&next) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(folder) {
                let name = name.to_string_lossy().replace('\\', "/");
                found.insert(name, fs_err::read_to_string(&path)?);
            }
        }
    }
    Ok(found)
}

/// Differences by file, in the form that people know from version control, and how many files differ.
fn difference(known: &BTreeMap<String, String>, results: &BTreeMap<String, String>) -> (String, u64) {
    let mut out = String::new();
    let mut files = 0;
    let names: std::collections::BTreeSet<&String> = known.keys().chain(results.keys()).collect();
    for name in names {
        let (old, new) = (known.get(name), results.get(name));
        if old != new {
            files += 1;
            let (old, new) = (old.map_or("", String::as_str), new.map_or("", String::as_str));
            let diff = TextDiff::from_lines(old, new);
            let header = (format!("expected/{name}"), format!("found/{name}"));
            out.push_str(&diff.unified_diff().context_radius(1).header(&header.0, &header.1).to_string());
        }
    }
    (out, files)
}
