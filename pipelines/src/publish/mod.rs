//! load -> publish: what others get of the registry, into `<work>/publish/<as-of>/`.
//!
//! One reading of the registry ([`Holdings`]) becomes every form that is asked for: a file of this folder a form, each
//! writing into the same [`Draft`], which takes the place of the day's earlier publication when all of it is there.
//! Delivery to other registers ([`delivery`]) comes after that, from the same reading.

mod delivery;
mod draft;
mod feeds;
mod outcome;
mod rdf;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::bail;
use jiff::civil::Date;
use vienkop_connectors::registry::Registry;
use vienkop_transforms::holdings::Holdings;

use crate::assess::holdings;
use crate::cli::session::Session;
use crate::config::{Publish, PublishedForm, Target};
use draft::Draft;
pub(crate) use outcome::Publication;

/// How long a publication waits for another.
const PATIENCE: Duration = Duration::from_secs(5);

/// Entities that the forms read.
const READ: [&str; 9] = [
    "institution",
    "life_event",
    "need",
    "service",
    "application",
    "resource",
    "need_service",
    "service_resource",
    "service_service",
];

/// What is to be published, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// `[publish]` of the pipeline.
    pub(crate) settings: &'a Publish,
    /// Changes are told since the last publication of this day or before it; none: since the last before today.
    pub(crate) since: Option<Date>,
    /// Whether it is written; else it is only told what would be.
    pub(crate) write: bool,
    /// Whether it goes on where it would take away too much.
    pub(crate) approved: bool,
    /// Whether, where nothing is written, every request to a register is told with its body.
    pub(crate) whole: bool,
    /// Registers that records are delivered to.
    pub(crate) targets: &'a [String],
    /// Set to stop between two requests to a register.
    pub(crate) cancel: &'a AtomicBool,
}

/// Where publications lie.
pub(crate) fn root(session: &Session) -> PathBuf {
    session.work.join("publish")
}

/// Publishes what the registry holds.
///
/// # Errors
/// The registry cannot be read, or the work folder takes no more: then the earlier publication stays.
pub(crate) async fn publish(session: &Session, registry: &Registry, asked: &Asked<'_>) -> anyhow::Result<Publication> {
    // Two at once would write one folder.
    let lock = if asked.write { Some(registry.lock("publish", PATIENCE).await?) } else { None };
    let targets: Vec<&Target> = session.config.targets_of(asked.targets).collect();
    let wanted: BTreeSet<&'static str> = READ.into_iter().chain(delivery::entities(&targets)).collect();
    let held = holdings(registry, &wanted.into_iter().collect::<Vec<_>>()).await?;
    let changed = rdf::changed(registry).await?;
    let mut publication = tokio::task::block_in_place(|| emit(session, &held, &changed, asked))?;
    drop(lock);
    if !publication.waits() {
        let (send, whole, approved, cancel) = (asked.write, asked.whole, asked.approved, asked.cancel);
        let way = delivery::Way { send, whole, approved, cancel };
        for target in targets {
            publication.deliveries.push(delivery::deliver(session, registry, target, &held, way).await);
        }
    }
    Ok(publication)
}

fn emit(session: &Session, held: &Holdings, changed: &rdf::Changed, asked: &Asked<'_>) -> anyhow::Result<Publication> {
    let (root, today) = (root(session), session.as_of_day());
    let before = draft::days(&root)?;
    let until = asked.since.unwrap_or(today);
    let since = before.iter().rfind(|day| **day <= until && **day < today).copied();
    if asked.since.is_some() && since.is_none() {
        let known: Vec<String> = before.iter().map(ToString::to_string).collect();
        let known = if known.is_empty() { "–".to_owned() } else { known.join(", ") };
        bail!(session.texts().get("cli-publish-since", &[("day", &until.to_string()), ("known", &known)]));
    }
    // What stands published now: what goes of it is told before it goes.
    let latest = before.iter().rfind(|day| **day <= today).copied();
    let mut draft = Draft::begin(&root, today, asked.write)?;
    let mut publication = Publication { as_of: today, since, written: asked.write, ..Publication::default() };
    for form in &asked.settings.emit {
        match form {
            PublishedForm::Feeds => feeds::emit(session, held, &root, latest, &mut draft, &mut publication)?,
            PublishedForm::Cpsv | PublishedForm::Dcat => {
                rdf::emit(session, held, changed, *form, &mut draft, &mut publication)?;
            }
        }
    }
    publication.gate(asked);
    if publication.waits() {
        publication.written = false;
        return Ok(publication);
    }
    let (folder, files) = draft.finish()?;
    (publication.folder, publication.files) = (folder, files);
    if asked.write {
        draft::prune(&root, asked.settings.keep as usize, &[today])?;
    }
    Ok(publication)
}
