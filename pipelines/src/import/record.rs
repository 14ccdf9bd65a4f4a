//! `run --record`: what servers answer is written into a folder a source, to be played later in their place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, bail};
use vienkop_connectors::fetch::{Recordable, Recorder};

use super::Prepared;
use crate::cli::session::Session;

/// A recorder for each source that asks a server, all made before anything is asked.
///
/// # Errors
/// None asks a server; some do not say which members of the answers identify persons; a folder holds a recording
/// already or cannot be made.
pub(crate) fn recorders(
    session: &Session,
    prepared: &[Prepared<'_>],
    folder: &Path,
) -> anyhow::Result<BTreeMap<String, Recorder>> {
    let texts = session.texts();
    let (mut undeclared, mut asked) = (Vec::new(), Vec::new());
    for source in prepared {
        match source.fetcher.recordable() {
            Recordable::No => {}
            Recordable::Undeclared => undeclared.push(source.id()),
            Recordable::Without(personal) => asked.push((source, personal)),
        }
    }
    if !undeclared.is_empty() {
        bail!(texts.get("cli-record-undeclared", &[("sources", &undeclared.join(", "))]));
    }
    if asked.is_empty() {
        bail!(texts.get("cli-record-nothing", &[]));
    }
    let mut recorders = BTreeMap::new();
    for (source, declared) in asked {
        // What tables make pseudonyms of identifies persons whether it is declared or not.
        let personal: BTreeSet<String> = source.hidden.iter().chain(declared).cloned().collect();
        let key = if personal.is_empty() { None } else { Some(session.pseudonym_key(source.source)?) };
        let folder = folder.join(source.id());
        let recorder = Recorder::new(&folder, personal.into_iter().collect(), key)
            .with_context(|| texts.get("cli-record-folder", &[("folder", &folder.display().to_string())]))?;
        recorders.insert(source.id().to_owned(), recorder);
    }
    Ok(recorders)
}
