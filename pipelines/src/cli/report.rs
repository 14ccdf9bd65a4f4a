//! `vienkop assess`.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::session::Session;
use super::{Exit, Options, output};
use crate::assess::{self, Asked};

#[derive(Serialize)]
struct Written {
    reports: Vec<PathBuf>,
}

/// Writes the report pack from what the registry holds.
pub(super) async fn assess(
    options: &Options,
    now: Timestamp,
    questionnaires: &[String],
    previous: Option<&str>,
) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let mut ids = questionnaires.to_vec();
    let name = session.config.vienkop.default_pipeline.as_deref();
    if ids.is_empty() {
        let (_, pipeline) = session.pipeline(None)?;
        ids = pipeline.assess.as_ref().map(|assess| assess.questionnaires.clone()).unwrap_or_default();
    }
    let known = &session.config.questionnaires;
    if let Some(unknown) = ids.iter().find(|id| !known.contains_key(*id)) {
        anyhow::bail!(session.unknown("cli-source-unknown", unknown, known.keys().map(String::as_str)));
    }
    let registry = session.open_registry().await?;
    let questionnaires = assess::answered(&registry, &session.config, &ids).await?;
    let previous = previous.map(|named| assess::previous(&session, named)).transpose()?;
    let reports = assess::write(&session, &registry, &Asked { questionnaires, pipeline: name, previous }).await?;
    if reports.is_empty() {
        anyhow::bail!(session.texts().get("cli-assess-empty", &[("wave", &ids.join(", "))]));
    }
    if options.json {
        output::json(&Written { reports })?;
    } else {
        for path in reports {
            output::text(&format!("{}\n", path.display()))?;
        }
    }
    Ok(Exit::Done)
}
