//! `vienkop run` and `vienkop plan`: one way through, with or without writing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::anyhow;
use jiff::Timestamp;
use vienkop_connectors::inbox;
use vienkop_connectors::landing::LandingZone;
use vienkop_connectors::registry::{LinkCounts, Mode, Registry, Run, RunKind, RunStart};

use super::approval::{Approval, Approve};
use super::interrupt::Interrupt;
use super::session::Session;
use super::{Exit, Options, output, publish as publish_command};
use crate::assess;
use crate::config::{Pipeline, Source};
use crate::fault::told;
use crate::import::{Arrival, Halt, Importer, Prepared, recorders, timestamp, watch};
use crate::late::{Late, late};
use crate::outcome::{Outcome, SourceOutcome, Status};
use crate::progress::{Event, subscriber};
use crate::publish;

/// How long a run waits for another of the same pipeline.
const PATIENCE: Duration = Duration::from_secs(5);

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
    /// Sources that go on where they would wait.
    pub(crate) approve: Approval,
    /// Folder in which what servers answer is recorded.
    pub(crate) record: Option<PathBuf>,
    /// No progress.
    pub(crate) quiet: bool,
    /// Set to stop between two batches.
    pub(crate) cancel: Arc<AtomicBool>,
    /// Sources that are not asked, and what goes through instead.
    pub(crate) arrivals: BTreeMap<String, Arrival>,
}

/// What became of a job.
pub(crate) struct Executed {
    /// What is told of it.
    pub(crate) outcome: Outcome,
    /// Why the run ended before its last source.
    pub(crate) broken: Option<anyhow::Error>,
}

/// What is to run, and how.
pub(super) struct Ask<'a> {
    /// A pipeline, or a source alone; none: the default pipeline.
    pub(super) target: Option<&'a str>,
    /// Only these of its sources; none: all.
    pub(super) only: Option<&'a BTreeSet<String>>,
    /// Sources that go on where they would wait.
    pub(super) approve: &'a Approve,
    /// Folder in which what servers answer is recorded.
    pub(super) record: Option<&'a Path>,
    /// No progress.
    pub(super) quiet: bool,
    /// Told to stop.
    pub(super) interrupt: &'a Interrupt,
}

/// `vienkop run`.
pub(super) async fn run(
    options: &Options,
    now: Timestamp,
    target: Option<&str>,
    approve: &Approve,
    record: Option<&Path>,
) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let interrupt = Interrupt::listen();
    let ask = Ask { target, only: None, approve, record, quiet: options.quiet, interrupt: &interrupt };
    let (name, _, _) = targeted(&session, target)?;
    let executed = run_pipeline(&session, &ask).await?;
    finish(&session, options, "cli-summary-title", name, executed)
}

/// One run of a pipeline, whoever asked for it: import, resolve, load, then publish and assess as the pipeline says.
pub(super) async fn run_pipeline(session: &Session, ask: &Ask<'_>) -> anyhow::Result<Executed> {
    let (name, pipeline, mut sources) = targeted(session, ask.target)?;
    sources.retain(|source| ask.only.is_none_or(|only| only.contains(&source.id)));
    let approve = ask.approve.among(session, &sources)?;
    let registry = session.open_registry().await?;
    // Nobody else runs the same pipeline meanwhile; whoever tries is told who does.
    let _lock = registry.lock(&format!("pipeline {name}"), PATIENCE).await?;
    let job = Job {
        name,
        sources,
        mode: Mode::Run,
        kind: RunKind::Run,
        landing: session.work.join("landed"),
        approve,
        record: ask.record.map(Path::to_owned),
        quiet: ask.quiet,
        cancel: ask.interrupt.flag(),
        arrivals: BTreeMap::new(),
    };
    let mut executed = execute(session, &registry, &job).await?;
    if let Some(settings) =
        pipeline.and_then(|pipeline| pipeline.publish.as_ref()).filter(|_| executed.broken.is_none())
    {
        let approved = job.approve == Approval::All;
        let (targets, cancel) = (&settings.deliver, &job.cancel);
        let asked = publish::Asked { settings, since: None, write: true, approved, whole: false, targets, cancel };
        match publish::publish(session, &registry, &asked).await {
            Ok(publication) => executed.outcome.published(publication),
            // What the sources came to is told all the same.
            Err(error) => {
                executed.outcome.error = Some(told(session.texts(), &error));
                executed.broken = Some(error);
            }
        }
    }
    let assessment = pipeline.and_then(|pipeline| pipeline.assess.as_ref());
    if let Some(assessment) = assessment.filter(|_| executed.broken.is_none()) {
        let questionnaires = assess::answered(&registry, &session.config, &assessment.questionnaires).await?;
        let asked = assess::Asked { questionnaires, pipeline: Some(name), previous: None };
        executed.outcome.reports = assess::write(session, &registry, &asked, &assessment.formats).await?;
        if executed.outcome.reports.is_empty() {
            let named = assessment.questionnaires.join(", ");
            executed.outcome.notes.push(session.texts().get("cli-no-report", &[("questionnaires", &named)]));
        }
    }
    Ok(executed)
}

/// What is to run: a pipeline (the default one where nothing is named), or one source alone.
fn targeted<'a>(
    session: &'a Session,
    target: Option<&'a str>,
) -> anyhow::Result<(&'a str, Option<&'a Pipeline>, Vec<&'a Source>)> {
    if let Some(source) = target.filter(|name| session.config.pipeline(name).is_none()) {
        let source = session.source(source)?;
        return Ok((source.id.as_str(), None, vec![source]));
    }
    let (name, pipeline) = session.pipeline(target)?;
    Ok((name, Some(pipeline), session.config.sources_of(pipeline)))
}

/// `vienkop plan`.
pub(super) async fn plan(
    options: &Options,
    now: Timestamp,
    target: Option<&str>,
    approve: &Approve,
) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let (name, _, sources) = targeted(&session, target)?;
    let approve = approve.among(&session, &sources)?;
    // A plan writes nothing: its files land in a folder that goes with it, and so does a registry that is not there yet.
    let scratch = tempfile::tempdir()?;
    let landing = scratch.path().join("landed");
    let cancel = Interrupt::listen().flag();
    let (mode, kind, quiet) = (Mode::Plan, RunKind::Run, options.quiet);
    let arrivals = BTreeMap::new();
    let job = Job { name, sources, mode, kind, landing, approve, record: None, quiet, cancel, arrivals };
    let (mut url, mut notes) = (session.registry.clone(), Vec::new());
    if Registry::is_missing(&url).await? {
        notes.push(session.texts().get("cli-plan-no-registry", &[("registry", &Registry::shown(&url))]));
        url = format!("sqlite://{}", scratch.path().join("registry.db").display());
        Registry::open(&url).await?;
    }
    let registry = Registry::open_as_it_is(&url).await?.with_lake_below(&session.lake());
    let Executed { outcome, broken } = execute(&session, &registry, &job).await?;
    let notes = [notes, outcome.notes].concat();
    let outcome = Outcome { run: None, notes, ..outcome };
    finish(&session, options, "cli-plan-title", name, Executed { outcome, broken })
}

/// Imports the sources of a job, those that others refer to first. What stops the run takes nothing from the sources
/// before it.
pub(crate) async fn execute(session: &Session, registry: &Registry, job: &Job<'_>) -> anyhow::Result<Executed> {
    let mut prepared: Vec<Prepared<'_>> =
        job.sources.iter().map(|source| Prepared::new(session, source)).collect::<anyhow::Result<_>>()?;
    prepared.sort_by_key(Prepared::rank);
    let recorders = match &job.record {
        Some(folder) => recorders(session, &prepared, folder)?,
        None => BTreeMap::new(),
    };
    let folder = |source: &String| job.record.as_ref().map(|record| record.join(source).display().to_string());
    let recorded: Vec<String> = recorders.keys().filter_map(folder).collect();
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
        approve: job.approve.clone(),
        resume: (job.mode == Mode::Run).then(|| session.work.join("fetch")),
        recorders,
        cancel: Arc::clone(&job.cancel),
        landed: Arc::default(),
    };
    // A replay is about samples; nobody puts anything into their inboxes.
    let takes_in = job.kind == RunKind::Run;
    let mut inboxes = if takes_in { watch(session, &prepared, job.mode == Mode::Run) } else { BTreeMap::new() };
    let mut outcomes = Vec::new();
    let mut notes = Vec::new();
    let mut broken = None;
    for (index, source) in prepared.iter().enumerate() {
        if broken.is_some() {
            outcomes.push(SourceOutcome::not_loaded(source.id(), Status::NotRun, None));
            continue;
        }
        subscriber.event(&Event::Source { id: source.id(), place: index + 1, of: prepared.len() });
        let mut halt = None;
        let again = job.arrivals.get(source.id()).cloned();
        if again.is_some() || source.asks() {
            match Box::pin(importer.import(source, again.unwrap_or(Arrival::Source))).await {
                Ok(outcome) => outcomes.push(outcome),
                Err(stopped) => halt = Some(stopped),
            }
        }
        if let (None, Some(watched)) = (&halt, inboxes.remove(source.id())) {
            let registry = (job.mode == Mode::Run).then_some(registry);
            let (told, stopped) = Box::pin(importer.import_inbox(source, watched, registry)).await;
            if !source.asks() && told.outcomes.is_empty() {
                outcomes.push(SourceOutcome::not_loaded(source.id(), Status::Ok, None));
            }
            outcomes.extend(told.outcomes);
            notes.extend(told.notes);
            halt = stopped;
        }
        match halt {
            None => {}
            Some(Halt::Interrupted) => {
                outcomes.push(SourceOutcome::not_loaded(source.id(), Status::NotRun, None));
                broken = Some(anyhow!(session.texts().get("cli-interrupted", &[])));
            }
            Some(Halt::Broken(error)) => {
                outcomes.push(SourceOutcome::not_loaded(
                    source.id(),
                    Status::Failed,
                    Some(told(session.texts(), &error)),
                ));
                broken = Some(error);
            }
        }
    }
    let (mut late, mut links) = (Vec::new(), LinkCounts::new());
    if broken.is_none() {
        match after(session, &run, job).await {
            Ok(told) => (late, links) = told,
            Err(error) => broken = Some(error),
        }
    }
    let status = if broken.is_some() { "broken" } else { Outcome::status(&outcomes, &late) };
    let landing = importer.landing;
    let landed = importer.landed.lock().map(|landed| landed.clone()).unwrap_or_default();
    // What cannot be written now does not take away what the sources came to.
    if let Err(error) = run.finish(status, &timestamp(session.as_of)).await {
        broken.get_or_insert(error.into());
    }
    if job.mode == Mode::Run
        && broken.is_none()
        && let Err(error) = expire(session, registry, &landing, &landed, &prepared).await
    {
        broken = Some(error);
    }
    let why = broken.as_ref().map(|error| told(session.texts(), error));
    let mut outcome = Outcome { links, notes, ..Outcome::new(Some(number), outcomes, late, why) };
    if !recorded.is_empty() {
        outcome.notes.push(session.texts().get("cli-recorded", &[("folders", &recorded.join(", "))]));
    }
    Ok(Executed { outcome, broken })
}

/// What is told of a run beside its sources, late ones and what the registry lacks: asked of the run, not of the
/// registry, since a plan sees what it would have delivered.
async fn after(session: &Session, run: &Run, job: &Job<'_>) -> anyhow::Result<(Vec<Late>, LinkCounts)> {
    let states = run.source_states().await?;
    Ok((late(session, job.sources.iter().copied(), &states), run.links().await?))
}

/// Removes the landed files of sources with personal data when their days are over; the registry keeps that they were.
/// The days are counted by the clock, whatever day the run is about.
async fn expire(
    session: &Session,
    registry: &Registry,
    landing: &LandingZone,
    of_this_run: &BTreeSet<String>,
    prepared: &[Prepared<'_>],
) -> anyhow::Result<()> {
    let days = i64::from(session.config.vienkop.personal_data.landed_days);
    let before = timestamp(session.now.saturating_sub(jiff::SignedDuration::from_hours(24 * days))?);
    for source in prepared.iter().filter(|source| source.holds_personal_data()) {
        for hash in registry.landed_before(source.id(), &before).await? {
            // A file that came again today is today's evidence.
            if !of_this_run.contains(&hash) && landing.remove(&hash)? {
                tracing::info!(source = source.id(), hash, "landed file expired");
            }
        }
        if let Some(inbox) = source.inbox(session) {
            // What was put away there is the same evidence.
            let before = session.now.saturating_sub(jiff::SignedDuration::from_hours(24 * days))?;
            let before = before.to_zoned(session.time_zone.clone()).strftime("%Y-%m-%dT%H%M%S").to_string();
            inbox::expire(&inbox, &before)?;
        }
    }
    Ok(())
}

fn finish(session: &Session, options: &Options, title: &str, name: &str, executed: Executed) -> anyhow::Result<Exit> {
    let Executed { outcome, broken } = executed;
    let exit = outcome.exit(options.strict);
    if options.json {
        output::json(&outcome)?;
    } else {
        output::text(&summary(session, title, name, &outcome, exit))?;
    }
    broken.map_or(Ok(exit), Err)
}

/// What a person reads of a run or plan; `title`: id of the title's text.
pub(super) fn summary(session: &Session, title: &str, name: &str, outcome: &Outcome, exit: Exit) -> String {
    let as_of = session.as_of_day().to_string();
    let title = session.texts().get(title, &[("pipeline", name), ("as_of", &as_of)]);
    let publication = outcome.publication.as_ref().map(|publication| publish_command::summary(session, publication));
    outcome.summary(session.texts(), &title, publication.as_deref(), exit)
}
