//! `vienkop run` and `vienkop plan`: one way through, with or without writing.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use vienkop_connectors::landing::LandingZone;
use vienkop_connectors::registry::{Mode, Registry, RunKind, RunStart};

use super::session::Session;
use super::{Exit, Options, output};
use crate::assess;
use crate::config::Source;
use crate::import::{Importer, Prepared, timestamp};
use crate::outcome::{Outcome, SourceOutcome};
use crate::progress::{Event, subscriber};

/// Age from which on a half-landed file belongs to no run under way.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// What a run is to do.
pub(crate) struct Job<'a> {
    /// Name for the run record: a pipeline, or a source that is planned alone.
    pub(crate) name: &'a str,
    /// The sources.
    pub(crate) sources: Vec<&'a Source>,
    /// Run or plan.
    pub(crate) mode: Mode,
    /// What the run record calls it.
    pub(crate) kind: RunKind,
    /// Folder of the landed files.
    pub(crate) landing: PathBuf,
    /// Go on where a source would wait.
    pub(crate) approve: bool,
    /// No progress.
    pub(crate) quiet: bool,
}

/// `vienkop run`.
pub(super) async fn run(
    options: &Options,
    now: Timestamp,
    pipeline: Option<&str>,
    approve: bool,
) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let (name, pipeline) = session.pipeline(pipeline)?;
    let job = Job {
        name,
        sources: session.config.sources_of(pipeline),
        mode: Mode::Run,
        kind: RunKind::Run,
        landing: session.work.join("landed"),
        approve,
        quiet: options.quiet,
    };
    let registry = Registry::open(&session.registry).await?;
    let (run, sources) = execute(&session, &registry, &job).await?;
    let (mut reports, mut notes) = (Vec::new(), Vec::new());
    if let Some(assessment) = &pipeline.assess {
        let answered = assess::answered(&registry, &session.config, &assessment.questionnaires).await?;
        if answered.is_empty() {
            let named = assessment.questionnaires.join(", ");
            notes.push(session.texts().get("cli-no-report", &[("questionnaires", &named)]));
        } else {
            reports = assess::write(&session, &registry, &answered).await?;
        }
    }
    finish(
        &session,
        options,
        "cli-summary-title",
        name,
        &Outcome { notes, ..Outcome::new(Some(run), sources, reports) },
    )
}

/// `vienkop plan`.
pub(super) async fn plan(
    options: &Options,
    now: Timestamp,
    target: Option<&str>,
    approve: bool,
) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let known = |name: &str| session.config.pipeline(name).is_some();
    let (name, sources) = match target.filter(|name| !known(name)) {
        Some(source) => (source, vec![session.source(source)?]),
        None => session.pipeline(target).map(|(name, pipeline)| (name, session.config.sources_of(pipeline)))?,
    };
    // A plan writes nothing: its files land in a folder that goes with it, and so does a registry that is not there yet.
    let scratch = tempfile::tempdir()?;
    let landing = scratch.path().join("landed");
    let job = Job { name, sources, mode: Mode::Plan, kind: RunKind::Run, landing, approve, quiet: options.quiet };
    let (mut url, mut notes) = (session.registry.clone(), Vec::new());
    if Registry::is_missing(&url).await? {
        notes.push(session.texts().get("cli-plan-no-registry", &[("registry", &url)]));
        url = format!("sqlite://{}", scratch.path().join("registry.db").display());
    }
    let registry = Registry::open(&url).await?;
    let (_, sources) = execute(&session, &registry, &job).await?;
    let outcome = Outcome { notes, ..Outcome::new(None, sources, Vec::new()) };
    finish(&session, options, "cli-plan-title", name, &outcome)
}

/// Imports the sources of a job, those that others refer to first; gives the run's number and what came of each.
pub(crate) async fn execute(
    session: &Session,
    registry: &Registry,
    job: &Job<'_>,
) -> anyhow::Result<(i64, Vec<SourceOutcome>)> {
    let mut prepared: Vec<Prepared<'_>> =
        job.sources.iter().map(|source| Prepared::new(session, source)).collect::<anyhow::Result<_>>()?;
    prepared.sort_by_key(Prepared::rank);
    let start = RunStart {
        pipeline: job.name.to_owned(),
        kind: job.kind,
        started_at: timestamp(session.as_of),
        as_of: session.as_of_day().to_string(),
        priorities: prepared.iter().map(Prepared::priority).collect(),
    };
    let run = registry.begin(job.mode, start).await?;
    let number = run.number();
    let subscriber = subscriber(job.quiet);
    let landing = LandingZone::new(&job.landing)?;
    landing.sweep(STALE)?;
    let importer = Importer {
        session,
        run: &run,
        landing,
        subscriber: subscriber.as_ref(),
        keep_samples: job.mode == Mode::Plan,
        approve: job.approve,
        cancel: stop_on_interrupt(),
        landed: Mutex::default(),
    };
    let mut outcomes = Vec::new();
    let mut broken = None;
    for (index, source) in prepared.iter().enumerate() {
        subscriber.event(&Event::Source { id: source.id(), place: index + 1, of: prepared.len() });
        match importer.import(source).await {
            Ok(outcome) => outcomes.push(outcome),
            Err(error) => {
                broken = Some(error);
                break;
            }
        }
    }
    let status = if broken.is_some() { "broken" } else { Outcome::status(&outcomes) };
    let (landing, landed) = (importer.landing, importer.landed);
    run.finish(status, &timestamp(session.as_of)).await?;
    if job.mode == Mode::Run {
        expire(session, registry, &landing, &landed.into_inner().unwrap_or_default(), &prepared).await?;
    }
    match broken {
        Some(error) => Err(error),
        None => Ok((number, outcomes)),
    }
}

/// Removes the landed files of sources with personal data when their days are over; the registry keeps that they were.
async fn expire(
    session: &Session,
    registry: &Registry,
    landing: &LandingZone,
    of_this_run: &BTreeSet<String>,
    prepared: &[Prepared<'_>],
) -> anyhow::Result<()> {
    let days = i64::from(session.config.vienkop.personal_data.landed_days);
    let before = timestamp(session.as_of.saturating_sub(jiff::SignedDuration::from_hours(24 * days))?);
    for source in prepared.iter().filter(|source| source.holds_personal_data()) {
        for hash in registry.landed_before(source.id(), &before).await? {
            // A file that came again today is today's evidence.
            if !of_this_run.contains(&hash) && landing.remove(&hash)? {
                tracing::info!(source = source.id(), hash, "landed file expired");
            }
        }
    }
    Ok(())
}

fn finish(session: &Session, options: &Options, title: &str, name: &str, outcome: &Outcome) -> anyhow::Result<Exit> {
    let exit = outcome.exit(options.strict);
    if options.json {
        output::json(outcome)?;
    } else {
        let as_of = session.as_of_day().to_string();
        let title = session.texts().get(title, &[("pipeline", name), ("as_of", &as_of)]);
        output::text(&outcome.summary(session.texts(), &title, exit))?;
    }
    Ok(exit)
}

/// Ctrl-C (and SIGTERM) stop between two batches; what is under way is not loaded.
fn stop_on_interrupt() -> Arc<AtomicBool> {
    let cancel = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&cancel);
    tokio::spawn(async move {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
        set.store(true, Ordering::Relaxed);
    });
    cancel
}
