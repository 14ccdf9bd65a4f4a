//! `vienkop quarantine retry`: what stands in quarantine goes through again, from the landed files and by today's mapping and
//! code lists. No source is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fs_err as fs;
use vienkop_connectors::landing::{Landed, LandingZone};
use vienkop_connectors::registry::{Mode, Registry, RunKind, Standing};

use super::approval::Approval;
use super::interrupt::Interrupt;
use super::run::{Executed, Job, execute, summary};
use super::session::Session;
use super::{Exit, Options, output, quarantine};
use crate::config::Source;
use crate::import::{Arrival, Retry};
use crate::outcome::{GoneFile, Outcome, Retried, SourceOutcome, Status};

/// What the run record calls it, as all that is done by hand to the quarantine.
const NAME: &str = "quarantine";

/// How long it waits for another.
const PATIENCE: Duration = Duration::from_secs(5);

/// Records of one source.
struct Again<'a> {
    source: &'a Source,
    files: Vec<Landed>,
    standing: Vec<Standing>,
    /// What cannot go through.
    left: Retried,
}

/// Goes through what stands in quarantine of `what`: sources, or records as listed; none: everything.
pub(super) async fn retry(
    session: &Session,
    options: &Options,
    registry: &Registry,
    what: &[String],
    dry: bool,
) -> anyhow::Result<Exit> {
    let texts = session.texts();
    let standing = asked(session, registry, what).await?;
    let landed = session.work.join("landed");
    let zone = LandingZone::at(&landed);
    let (mut again, mut notes) = (Vec::new(), Vec::new());
    for (id, standing) in standing {
        match session.config.source(&id) {
            Some(source) => again.push(sorted(&zone, source, standing)?),
            None => notes.push(texts.get("cli-retry-no-source", &[("source", &id)])),
        }
    }
    let lock = if dry { None } else { Some(registry.lock(&format!("pipeline {NAME}"), PATIENCE).await?) };
    let scratch = tempfile::tempdir()?;
    let mut job = Job {
        name: NAME,
        sources: Vec::new(),
        mode: if dry { Mode::Plan } else { Mode::Run },
        kind: RunKind::Replay,
        landing: if dry { scratch.path().join("landed") } else { landed },
        approve: Approval::None,
        record: None,
        quiet: options.quiet,
        cancel: Interrupt::listen().flag(),
        arrivals: BTreeMap::new(),
    };
    let mut left: BTreeMap<&str, Retried> = BTreeMap::new();
    for Again { source, files, standing, left: of_source } in again {
        if !standing.is_empty() {
            job.sources.push(source);
            let arrival = Arrival::Again(files, Box::new(Retry::new(standing)));
            job.arrivals.insert(source.id.clone(), arrival);
        }
        left.insert(&source.id, of_source);
    }
    let Executed { mut outcome, broken } = if job.sources.is_empty() {
        // Nothing goes through: that is no run.
        Executed { outcome: Outcome::new(None, Vec::new(), Vec::new(), None), broken: None }
    } else {
        execute(session, registry, &job).await?
    };
    drop(lock);
    add(&mut outcome, left);
    outcome.notes.extend(notes);
    if dry {
        outcome.run = None;
    }
    let exit = outcome.exit(options.strict);
    if options.json {
        output::json(&outcome)?;
    } else if outcome.sources.is_empty() && outcome.notes.is_empty() {
        output::text(&format!("{}\n", texts.get("cli-quarantine-empty", &[])))?;
    } else if job.sources.is_empty() {
        output::text(&outcome.attention(texts))?;
    } else {
        let title = if dry { "cli-retry-plan-title" } else { "cli-retry-title" };
        output::text(&summary(session, title, NAME, &outcome, exit))?;
    }
    broken.map_or(Ok(exit), Err)
}

/// What was asked for and stands, by source.
async fn asked(
    session: &Session,
    registry: &Registry,
    what: &[String],
) -> anyhow::Result<BTreeMap<String, Vec<Standing>>> {
    let (mut sources, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for name in what {
        if name.contains('#') {
            ids.insert(quarantine::standing_number(session, registry, name).await?);
        } else {
            sources.insert(session.source(name)?.id.clone());
        }
    }
    let mut found: BTreeMap<String, Vec<Standing>> = BTreeMap::new();
    for one in registry.standing(None).await? {
        if what.is_empty() || sources.contains(&one.source) || ids.contains(&one.id) {
            found.entry(one.source.clone()).or_default().push(one);
        }
    }
    Ok(found)
}

/// Files that are still what they were, the records in them, and what cannot go through.
fn sorted<'a>(zone: &LandingZone, source: &'a Source, standing: Vec<Standing>) -> anyhow::Result<Again<'a>> {
    let mut again = Again { source, files: Vec::new(), standing: Vec::new(), left: Retried::default() };
    let mut files: BTreeMap<i64, bool> = BTreeMap::new();
    for one in standing {
        let Some((number, name, sha256, landed_at)) = one.file.clone() else {
            again.left.unread.push(format!("{}#{}", one.source, one.id));
            continue;
        };
        if one.held {
            again.left.held += 1;
            continue;
        }
        let whole = if let Some(whole) = files.get(&number) {
            *whole
        } else {
            let whole = zone.verify(&sha256).unwrap_or(false);
            if whole {
                let path = zone.path(&sha256)?;
                let bytes = fs::metadata(&path)?.len();
                again.files.push(Landed { sha256, path, bytes, name: name.clone(), new: false });
            } else {
                let landed = landed_at.get(..10).unwrap_or(&landed_at).to_owned();
                again.left.gone.push(GoneFile { file: name.clone(), landed, records: 0 });
            }
            files.insert(number, whole);
            whole
        };
        if whole {
            again.standing.push(one);
        } else if let Some(gone) = again.left.gone.last_mut() {
            // They come by file.
            gone.records += 1;
        }
    }
    Ok(again)
}

/// What could not go through joins what the run found.
fn add(outcome: &mut Outcome, left: BTreeMap<&str, Retried>) {
    for (id, before) in left {
        let at = outcome.sources.iter().position(|source| source.id == id).unwrap_or_else(|| {
            outcome.sources.push(SourceOutcome::not_loaded(id, Status::Ok, None));
            outcome.sources.len() - 1
        });
        let Some(source) = outcome.sources.get_mut(at) else { continue };
        let retried = source.retried.get_or_insert_default();
        retried.gone.extend(before.gone);
        retried.held += before.held;
        retried.unread.extend(before.unread);
    }
}
