//! `vienkop assess`.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::session::Session;
use super::{Exit, Options, output};
use crate::assess::{self, Asked};
use crate::config::{Assess, ReportFormat};

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
    formats: &[ReportFormat],
) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let name = session.config.vienkop.default_pipeline.as_deref();
    let usual = match session.pipeline(None) {
        Ok((_, pipeline)) => pipeline.assess.clone().unwrap_or_default(),
        // Where questionnaires are named, no pipeline is needed.
        Err(_) if !questionnaires.is_empty() => Assess::default(),
        Err(error) => return Err(error),
    };
    let ids = if questionnaires.is_empty() { usual.questionnaires } else { questionnaires.to_vec() };
    let formats = if formats.is_empty() { usual.formats } else { formats.to_vec() };
    let known = &session.config.questionnaires;
    if let Some(unknown) = ids.iter().find(|id| !known.contains_key(*id)) {
        anyhow::bail!(session.unknown("cli-source-unknown", unknown, known.keys().map(String::as_str)));
    }
    let registry = session.open_registry().await?;
    let questionnaires = assess::answered(&registry, &session.config, &ids).await?;
    let previous = previous.map(|named| assess::previous(&session, named)).transpose()?;
    let asked = Asked { questionnaires, pipeline: name, previous };
    let reports = assess::write(&session, &registry, &asked, &formats).await?;
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
