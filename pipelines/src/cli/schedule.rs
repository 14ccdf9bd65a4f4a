//! `vienkop schedule`: stays up and runs pipelines by their cron lines.
//!
//! What is due when stands in `timetable/`; a run is the one that `vienkop run` makes. Here is what lies between: the
//! clock, the configuration read anew for every run, trying failed sources again, telling, stopping. Pipelines that are
//! due at once run one after another, since the registry has one writer at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::bail;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use vienkop_connectors::registry::RegistryError;

use super::approval::Approve;
use super::interrupt::Interrupt;
use super::run::{Ask, Executed, run_pipeline, summary};
use super::session::Session;
use super::{Exit, Options, output};
use crate::config::{ConfigError, MissedRun, RetryPolicy, Told};
use crate::fault;
use crate::import::timestamp;
use crate::outcome::{Counts, Outcome, SourceOutcome, Status};
use crate::timetable::{Agenda, Missed, Plan, Retry, Task, duration};

/// The longest sleep: then clock and configuration are looked at again.
const LOOK: Duration = Duration::from_secs(30);

/// Having slept longer than meant by this much, the machine was suspended: nobody was there.
const SUSPENDED: SignedDuration = SignedDuration::from_mins(5);

/// `vienkop schedule`.
pub(super) async fn schedule(options: &Options, clock: fn() -> Timestamp, once: bool) -> anyhow::Result<Exit> {
    let now = clock();
    let session = Session::open(&Options { as_of: None, ..options.clone() }, now)?;
    if let Some(value) = &options.as_of {
        bail!(session.texts().get("cli-schedule-as-of", &[("value", value)]));
    }
    let plans = plans(&session);
    if plans.is_empty() {
        bail!(session.texts().get("cli-schedule-none", &[]));
    }
    let interrupt = Interrupt::listen();
    let mut since = BTreeMap::new();
    for (name, ran) in session.open_registry().await?.last_runs(&timestamp(now)).await? {
        since.insert(name, ran.parse()?);
    }
    if once {
        // What never ran is due since the last time that it should have.
        for (name, plan) in plans.iter().filter(|(name, _)| !since.contains_key(*name)).collect::<Vec<_>>() {
            if let Some(due) = plan.timetable.until(now) {
                since.insert(name.clone(), due.saturating_sub(SignedDuration::from_secs(1))?);
            }
        }
    }
    let mut agenda = Agenda::default();
    agenda.renew(plans, &since, now);
    drop(session);
    let present = if once { Timestamp::MIN } else { now };
    let scheduler = Scheduler { options, clock, once, interrupt, agenda, present, exits: BTreeMap::new(), sound: true };
    scheduler.stay().await
}

/// The pipelines that have a schedule.
fn plans(session: &Session) -> BTreeMap<String, Plan> {
    let pipelines = session.config.pipelines.iter();
    pipelines
        .filter_map(|(name, pipeline)| {
            let make_up = pipeline.missed == MissedRun::Run;
            Some((name.clone(), Plan { timetable: session.timetable(pipeline)?, make_up }))
        })
        .collect()
}

/// What `vienkop schedule` holds while it is up.
struct Scheduler<'a> {
    options: &'a Options,
    clock: fn() -> Timestamp,
    once: bool,
    interrupt: Interrupt,
    agenda: Agenda,
    /// Since when somebody has been there to run what is due.
    present: Timestamp,
    /// How each source of each pipeline ended last; the pipeline itself where it could not run.
    exits: BTreeMap<(String, Option<String>), Exit>,
    /// Whether the configuration could be read when it was last looked at.
    sound: bool,
}

/// A task as machines read it, a line each.
#[derive(Serialize)]
struct Ran<'a> {
    pipeline: &'a str,
    /// When it was due, UTC.
    due: String,
    /// Which time it was tried again; 0: the first time.
    attempt: u32,
    /// How many times passed without a run, before it and during it.
    missed: usize,
    /// When failed sources are tried again, UTC.
    retry_at: Option<String>,
    /// Why it did not run to its end.
    error: Option<String>,
    /// Mistakes in the configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Told>,
    /// As `vienkop run --json`.
    #[serde(flatten)]
    outcome: Option<&'a Outcome>,
}

impl<'a> Ran<'a> {
    fn new(task: &'a Task) -> Self {
        Self {
            pipeline: &task.pipeline,
            due: timestamp(task.due),
            attempt: attempt(task),
            missed: task.missed.map_or(0, |missed| missed.number),
            retry_at: None,
            error: None,
            problems: Vec::new(),
            outcome: None,
        }
    }
}

fn attempt(task: &Task) -> u32 {
    task.retry.as_ref().map_or(0, |retry| retry.attempt)
}

impl Scheduler<'_> {
    /// Does what is due and sleeps until the next time, until somebody asks to stop.
    async fn stay(mut self) -> anyhow::Result<Exit> {
        tracing::info!(pid = std::process::id(), "schedule started");
        let mut announced = None;
        loop {
            while let Some(task) = self.agenda.take((self.clock)(), self.present) {
                let cut_off = self.perform(&task).await?;
                if self.interrupt.is_set() {
                    tracing::info!(cut_off, "schedule stopped");
                    return Ok(if cut_off { Exit::CouldNotRun } else { self.exit() });
                }
            }
            if self.once && !self.agenda.retries() {
                return Ok(self.exit());
            }
            let next = self.agenda.next().map(|(at, name)| (at, name.to_owned()));
            if let Some((at, name)) = next.as_ref().filter(|_| next != announced) {
                tracing::info!(pipeline = name, at = self.local(name, *at), "next due");
            }
            let begun = (self.clock)();
            let until = next.as_ref().map_or(LOOK, |(at, _)| {
                // What is due already is no reason to sleep.
                Duration::try_from(at.duration_since(begun)).unwrap_or_default()
            });
            announced = next;
            let nap = until.min(LOOK);
            tokio::select! {
                () = tokio::time::sleep(nap) => {}
                () = self.interrupt.wait() => {
                    tracing::info!(cut_off = false, "schedule stopped");
                    return Ok(self.exit());
                }
            }
            let now = (self.clock)();
            if !self.once {
                let meant = SignedDuration::try_from(nap).unwrap_or_default();
                if now.duration_since(begun) > meant.saturating_add(SUSPENDED) {
                    self.present = now;
                }
                self.look(now);
            }
        }
    }

    /// How the program ends when nothing was cut off: what `--once` ran counts, a service that is stopped ends well.
    fn exit(&self) -> Exit {
        if self.once { self.exits.values().copied().fold(Exit::Done, Exit::and) } else { Exit::Done }
    }

    /// Takes up the timetables of the configuration as it is now. Those known stay while it cannot be read: what is due
    /// is told as failed then, it is not forgotten.
    fn look(&mut self, now: Timestamp) {
        match Session::open(self.options, now) {
            Ok(session) => {
                if !std::mem::replace(&mut self.sound, true) {
                    tracing::info!("the configuration can be read again");
                }
                self.agenda.renew(plans(&session), &BTreeMap::new(), now);
            }
            Err(error) => {
                if std::mem::replace(&mut self.sound, false) {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "the configuration cannot be read: see vienkop check"
                    );
                }
            }
        }
    }

    /// Does one task and tells of it; whether it was cut off.
    async fn perform(&mut self, task: &Task) -> anyhow::Result<bool> {
        let (pipeline, now) = (task.pipeline.as_str(), (self.clock)());
        let (due, attempt) = (self.local(pipeline, task.due), attempt(task));
        tracing::info!(pipeline, due, attempt, "due");
        if let Some(missed) = task.missed {
            self.log_missed(pipeline, missed);
        }
        let session = match Session::open(self.options, now) {
            Ok(session) => session,
            Err(error) => {
                self.not_run(task, &error, None)?;
                return Ok(false);
            }
        };
        if !task.run {
            self.only_told(&session, task)?;
            return Ok(false);
        }
        tracing::info!(pipeline, attempt, "started");
        let only = task.retry.as_ref().and_then(|retry| retry.sources.as_ref());
        let quiet = self.options.quiet;
        // Nobody is there to approve: what waits is told and waits on.
        let approve = Approve::default();
        let ask =
            Ask { target: Some(pipeline), only, approve: &approve, record: None, quiet, interrupt: &self.interrupt };
        match run_pipeline(&session, &ask).await {
            Ok(Executed { outcome, broken: None }) => {
                self.done(&session, task, outcome)?;
                Ok(false)
            }
            Ok(Executed { broken: Some(error), .. }) | Err(error) => {
                let policy = session.config.pipeline(pipeline).map(|pipeline| &pipeline.retry);
                self.not_run(task, &error, policy)?;
                Ok(self.interrupt.is_set())
            }
        }
    }

    /// A run that came to its end, whatever came of its sources.
    fn done(&mut self, session: &Session, task: &Task, mut outcome: Outcome) -> anyhow::Result<()> {
        let (pipeline, attempt, texts) = (task.pipeline.as_str(), attempt(task), session.texts());
        let mut ran = Ran::new(task);
        if attempt == 0 {
            self.exits.retain(|(name, _), _| name != pipeline);
        }
        self.exits.remove(&(pipeline.to_owned(), None));
        for source in &outcome.sources {
            let key = (pipeline.to_owned(), Some(source.name()));
            self.exits.insert(key, source.exit(self.options.strict));
        }
        log_finished(pipeline, &outcome);
        let meanwhile = self.agenda.finished(pipeline, (self.clock)());
        if let Some(missed) = meanwhile {
            self.log_missed(pipeline, missed);
        }
        for missed in task.missed.into_iter().chain(meanwhile) {
            outcome.notes.push(self.told(session, pipeline, missed));
        }
        ran.missed += meanwhile.map_or(0, |missed| missed.number);
        let failed: BTreeSet<String> = outcome
            .sources
            .iter()
            // A file in an inbox that failed has been put away.
            .filter(|source| source.status == Status::Failed && source.file.is_none())
            .map(|source| source.id.clone())
            .collect();
        let policy = session.config.pipeline(pipeline).map(|pipeline| &pipeline.retry);
        if let Some(policy) = policy.filter(|_| !failed.is_empty()) {
            let sources = failed.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let attempts = policy.attempts.to_string();
            match self.again(task, policy, Some(failed)) {
                Some(at) => {
                    let (local, number) = (self.local(pipeline, at), (attempt + 1).to_string());
                    let args = [("at", local.as_str()), ("attempt", &number), ("attempts", &attempts)];
                    let args = [args.as_slice(), &[("sources", sources.as_str())]].concat();
                    outcome.notes.push(texts.get("cli-schedule-retry", &args));
                    ran.retry_at = Some(timestamp(at));
                }
                None if attempt > 0 => {
                    let args = [("attempts", attempts.as_str()), ("sources", &sources)];
                    outcome.notes.push(texts.get("cli-schedule-given-up", &args));
                }
                None => {}
            }
        }
        if self.options.json {
            output::json_line(&Ran { outcome: Some(&outcome), ..ran })
        } else {
            let exit = outcome.exit(self.options.strict);
            let text = summary(session, "cli-summary-title", pipeline, &outcome, exit);
            Ok(output::text(&format!("{text}\n"))?)
        }
    }

    /// What went wrong, in the language asked for. The log keeps to English.
    fn told_fault(&self, error: &anyhow::Error) -> String {
        fault::in_language(self.options, error).unwrap_or_else(|| format!("{error:#}"))
    }

    /// A run that could not begin, or broke off. A registry that cannot be reached may be back later.
    fn not_run(&mut self, task: &Task, error: &anyhow::Error, policy: Option<&RetryPolicy>) -> anyhow::Result<()> {
        let pipeline = task.pipeline.as_str();
        let mut ran = Ran { error: Some(self.told_fault(error)), ..Ran::new(task) };
        self.exits.insert((pipeline.to_owned(), None), Exit::CouldNotRun);
        tracing::error!(pipeline, error = format!("{error:#}"), "not run to its end");
        if let Some(ConfigError::Problems(problems)) = error.downcast_ref::<ConfigError>() {
            let language = self.options.lang.map(super::Lang::language);
            ran.problems = problems.told(language);
            output::error(&problems.render(language, output::is_styled()));
        }
        if let Some(missed) = self.agenda.finished(pipeline, (self.clock)()) {
            self.log_missed(pipeline, missed);
            ran.missed += missed.number;
        }
        if let Some(policy) = policy.filter(|_| may_pass(error) && !self.interrupt.is_set()) {
            let sources = task.retry.as_ref().and_then(|retry| retry.sources.clone());
            ran.retry_at = self.again(task, policy, sources).map(timestamp);
        }
        if self.options.json { output::json_line(&ran) } else { Ok(()) }
    }

    /// A time that was missed and is not made up for.
    fn only_told(&self, session: &Session, task: &Task) -> anyhow::Result<()> {
        let Some(missed) = task.missed else { return Ok(()) };
        if self.options.json {
            return output::json_line(&Ran::new(task));
        }
        let told = self.told(session, &task.pipeline, missed);
        let timetable = self.agenda.timetable(&task.pipeline);
        let next = timetable.map(|timetable| timetable.next_local((self.clock)(), 1).concat()).unwrap_or_default();
        let args = [("pipeline", task.pipeline.as_str()), ("missed", &told), ("next", &next)];
        Ok(output::text(&format!("{}\n", session.texts().get("cli-schedule-only-told", &args)))?)
    }

    /// Has failed sources (or all) tried again, if there is a time left; when.
    fn again(&mut self, task: &Task, policy: &RetryPolicy, sources: Option<BTreeSet<String>>) -> Option<Timestamp> {
        let attempt = attempt(task) + 1;
        let wait = duration(&policy.wait).filter(|_| attempt <= policy.attempts)?;
        let at = (self.clock)().saturating_add(wait).ok()?;
        let named = sources.as_ref().map(|sources| sources.iter().cloned().collect::<Vec<_>>().join(", "));
        let sources_told = named.as_deref().unwrap_or("all");
        tracing::warn!(
            pipeline = task.pipeline,
            at = self.local(&task.pipeline, at),
            attempt,
            of = policy.attempts,
            sources = sources_told,
            "retry"
        );
        self.agenda.again(&task.pipeline, Retry { at, attempt, sources });
        Some(at)
    }

    fn log_missed(&self, pipeline: &str, missed: Missed) {
        tracing::warn!(pipeline, number = missed.number, first = self.local(pipeline, missed.first), "missed");
    }

    fn told(&self, session: &Session, pipeline: &str, missed: Missed) -> String {
        let id = if missed.is_many() { "cli-schedule-missed-many" } else { "cli-schedule-missed" };
        let (number, first) = (missed.number.to_string(), self.local(pipeline, missed.first));
        session.texts().get(id, &[("number", &number), ("first", &first)])
    }

    /// A moment in the zone of the configuration.
    fn local(&self, pipeline: &str, at: Timestamp) -> String {
        self.agenda.timetable(pipeline).map_or_else(|| timestamp(at), |timetable| timetable.local(at))
    }
}

fn log_finished(pipeline: &str, outcome: &Outcome) {
    let totals: Vec<Counts> = outcome.sources.iter().map(SourceOutcome::total).collect();
    let sum = |of: fn(&Counts) -> u64| totals.iter().map(of).sum::<u64>();
    tracing::info!(
        pipeline,
        run = outcome.run,
        status = outcome.status,
        sources = outcome.sources.len(),
        failed = outcome.sources.iter().filter(|source| source.status != Status::Ok).count(),
        read = outcome.sources.iter().map(|source| source.rows.read).sum::<u64>(),
        accepted = sum(|counts| counts.accepted),
        quarantined = outcome.sources.iter().map(SourceOutcome::quarantined).sum::<u64>(),
        inserted = sum(|counts| counts.inserted),
        changed = sum(|counts| counts.changed),
        retired = sum(|counts| counts.retired),
        unchanged = sum(|counts| counts.unchanged),
        late = outcome.late.len(),
        "finished"
    );
}

/// Whether waiting may help: the registry could not be reached or was busy, and nothing is wrong with it otherwise.
fn may_pass(error: &anyhow::Error) -> bool {
    error.chain().find_map(|cause| cause.downcast_ref::<RegistryError>()).is_some_and(|error| {
        !matches!(
            error,
            RegistryError::Url { .. }
                | RegistryError::Newer { .. }
                | RegistryError::Older { .. }
                | RegistryError::Corrupt { .. }
                | RegistryError::ReadOnly { .. }
                | RegistryError::Migration { .. }
                | RegistryError::Twice { .. }
                | RegistryError::Frame(_)
        )
    })
}
