//! A run: its number, its sources one after the other or side by side, its end.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::Registry;
use super::error::RegistryError;
use super::lake::Events;
use super::queries::{SourceState, source_states};
use super::session::{Scope, Session, Value};
use super::stage::Stage;

/// Whether anything stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What the sources deliver is loaded.
    Run,
    /// The same, in a transaction that is rolled back in the end. Other writers wait meanwhile.
    Plan,
}

/// What the run record calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// Sources were fetched.
    Run,
    /// Landed or recorded inputs were used.
    Replay,
}

impl RunKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Replay => "replay",
        }
    }
}

/// What is known when a run begins.
#[derive(Debug, Clone)]
pub struct RunStart {
    /// Name of the pipeline.
    pub pipeline: String,
    /// Run or replay.
    pub kind: RunKind,
    /// The time; versions carry it.
    pub started_at: String,
    /// The date that reports are about, `YYYY-MM-DD`.
    pub as_of: String,
    /// Sources and their priorities: the higher wins a field that several fill. Remembered for sources that do not
    /// take part in later runs.
    pub priorities: Vec<Priority>,
}

/// What a source's word counts for where several speak of one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priority {
    /// The source.
    pub source: String,
    /// For all fields but those below.
    pub priority: i64,
    /// Entity, field (or list), priority.
    pub fields: Vec<(String, String, i64)>,
}

/// A run in progress.
pub struct Run {
    registry: Registry,
    start: RunStart,
    number: i64,
    /// The one connection of a plan.
    plan: Option<Arc<Mutex<Session>>>,
    /// Whether it follows another run, which ends the plan.
    follows: bool,
}

/// The connection that a source's work has to itself.
pub(super) enum Held {
    Own(Session),
    Plan(OwnedMutexGuard<Session>),
}

impl Deref for Held {
    type Target = Session;
    fn deref(&self) -> &Session {
        match self {
            Self::Own(session) => session,
            Self::Plan(guard) => guard,
        }
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Session {
        match self {
            Self::Own(session) => session,
            Self::Plan(guard) => guard,
        }
    }
}

impl Registry {
    /// Begins a run, or a plan of one.
    ///
    /// # Errors
    /// The registry cannot be written, or another program keeps it locked.
    pub async fn begin(&self, mode: Mode, start: RunStart) -> Result<Run, RegistryError> {
        let mut session = self.connect().await?;
        session.begin_writing().await?;
        let RunStart { pipeline, kind, started_at, as_of, .. } = &start;
        let number = number_run(&mut session, pipeline, kind.as_str(), started_at, as_of).await?;
        for priority in &start.priorities {
            prioritise(&mut session, priority).await?;
        }
        let plan = match mode {
            Mode::Run => {
                session.commit().await?;
                session.close().await?;
                None
            }
            Mode::Plan => {
                session.nest();
                Some(Arc::new(Mutex::new(session)))
            }
        };
        Ok(Run { registry: self.clone(), start, number, plan, follows: false })
    }
}

/// Makes the record of a run; its number.
pub(super) async fn number_run(
    session: &mut Session,
    pipeline: &str,
    kind: &str,
    at: &str,
    as_of: &str,
) -> Result<i64, RegistryError> {
    session
        .bound(
            "INSERT INTO run (id, pipeline, kind, started_at, as_of, status)
            SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4, 'running' FROM run",
            &[pipeline.into(), kind.into(), at.into(), as_of.into()],
        )
        .await?;
    session.number("SELECT max(id) FROM run", &Scope::default()).await
}

/// Remembers a source's priorities; when they are others than before, what it feeds is merged anew.
async fn prioritise(session: &mut Session, priority: &Priority) -> Result<(), RegistryError> {
    let source: Value<'_> = priority.source.as_str().into();
    let site = session.site.clone();
    let text = "SELECT entity, field, priority FROM source_field_priority WHERE source = $1 ORDER BY entity, field";
    let rows = session.rows(text, &[source]).await?;
    let held: Result<Vec<(String, String, i64)>, sqlx::Error> =
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect();
    let mut wanted = priority.fields.clone();
    wanted.sort();
    let changed = held.map_err(|error| site.error(error))? != wanted;
    if changed {
        session.bound("DELETE FROM source_field_priority WHERE source = $1", &[source]).await?;
        for (entity, field, number) in &wanted {
            let values = [source, entity.as_str().into(), field.as_str().into(), (*number).into()];
            let text = "INSERT INTO source_field_priority (source, entity, field, priority) VALUES ($1, $2, $3, $4)";
            session.bound(text, &values).await?;
        }
    }
    session
        .bound(
            "INSERT INTO source_state (source, priority) VALUES ($1, $2) ON CONFLICT (source) DO UPDATE SET
            stale = CASE WHEN source_state.priority <> excluded.priority OR $3 = 1 THEN 1 ELSE source_state.stale END,
            priority = excluded.priority",
            &[source, priority.priority.into(), i64::from(changed).into()],
        )
        .await?;
    Ok(())
}

impl Run {
    /// Number of the run. A plan's number is given again to the next run.
    pub fn number(&self) -> i64 {
        self.number
    }

    /// Begins the work of one source. In a plan, waits for the source before it.
    ///
    /// # Errors
    /// The source has delivered in this run already, another run is importing it, or the registry cannot be reached.
    pub async fn stage(&self, source: &str) -> Result<Stage, RegistryError> {
        let mut session = self.held().await?;
        // A plan writes nothing and waits for nobody but a writer.
        let lock = match &self.plan {
            Some(_) => None,
            None => Some(self.registry.lock(&format!("source {source}"), self.registry.site.wait).await?),
        };
        let scope = Scope { run: self.number, source: source.to_owned(), at: self.start.started_at.clone() };
        let rows =
            session.scoped_rows("SELECT count(*) FROM run_source WHERE run = $1 AND source = $2", &scope).await?;
        let before: i64 = match rows.first() {
            Some(row) => row.try_get(0).map_err(|error| session.site.error(error))?,
            None => 0,
        };
        if before > 0 {
            return Err(RegistryError::Twice { name: source.to_owned(), run: self.number });
        }
        let plan = self.plan.is_some().then(tempfile::tempdir).transpose()?;
        Stage::begin(session, scope, lock, Events::new(self.registry.lake.clone(), plan)).await
    }

    /// A connection that sees what the run has done so far, tidy. In a plan, waits for the source that has it.
    pub(super) async fn held(&self) -> Result<Held, RegistryError> {
        let mut session = match &self.plan {
            Some(plan) => Held::Plan(Arc::clone(plan).lock_owned().await),
            None => Held::Own(self.registry.connect().await?),
        };
        session.tidy().await?;
        Ok(session)
    }

    /// A run after this one, since a source delivers once in a run: a number more, all else alike. In a plan it sees what
    /// the runs before it would have done.
    ///
    /// # Errors
    /// The registry cannot be written.
    pub async fn next(&self) -> Result<Self, RegistryError> {
        let RunStart { pipeline, kind, started_at, as_of, .. } = &self.start;
        let number = if let Some(plan) = &self.plan {
            number_run(&mut *plan.lock().await, pipeline, kind.as_str(), started_at, as_of).await?
        } else {
            let mut session = self.registry.connect().await?;
            session.begin_writing().await?;
            let number = number_run(&mut session, pipeline, kind.as_str(), started_at, as_of).await?;
            session.commit().await?;
            session.close().await?;
            number
        };
        let (registry, start, plan) = (self.registry.clone(), self.start.clone(), self.plan.clone());
        Ok(Self { registry, start, number, plan, follows: true })
    }

    /// What is known of each source, by name; in a plan, as it would be after the run.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn source_states(&self) -> Result<Vec<SourceState>, RegistryError> {
        match &self.plan {
            Some(plan) => source_states(&mut *plan.lock().await).await,
            None => self.registry.source_states().await,
        }
    }

    /// Ends the run; a plan is forgotten.
    ///
    /// # Errors
    /// The registry cannot be written.
    pub async fn finish(self, status: &str, finished_at: &str) -> Result<(), RegistryError> {
        if let Some(plan) = self.plan {
            if self.follows {
                return Ok(());
            }
            let mut session = plan.lock_owned().await;
            session.tidy().await?;
            session.run("ROLLBACK").await?;
            return Ok(());
        }
        let mut session = self.registry.connect().await?;
        session
            .bound(
                "UPDATE run SET status = $1, finished_at = $2 WHERE id = $3",
                &[status.into(), finished_at.into(), self.number.into()],
            )
            .await?;
        session.close().await
    }
}
