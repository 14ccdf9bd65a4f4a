//! assess -> render: from what the registry holds to the files of the report pack.

use std::path::PathBuf;

use polars::prelude::*;
use vienkop_connectors::registry::Registry;
use vienkop_transforms::assess::questionnaire::Questionnaire;
use vienkop_transforms::assess::{report, survey};
use vienkop_transforms::model;

use crate::cli::session::Session;
use crate::config::Config;
use crate::render;

/// The questionnaires among these ids that the registry holds answers of.
pub(crate) async fn answered<'a>(
    registry: &Registry,
    config: &'a Config,
    ids: &[String],
) -> anyhow::Result<Vec<&'a Questionnaire>> {
    let answers = entity_frame(registry, "survey_response").await?;
    let waves = answers.column("wave")?.str()?.unique()?;
    let has = |wave: &str| waves.iter().flatten().any(|known| known == wave);
    Ok(ids.iter().filter_map(|id| config.questionnaires.get(id)).filter(|q| has(&q.wave)).collect())
}

/// Makes the report and writes it to `<work>/reports/<as-of>/`; gives the files written, the one to open first.
pub(crate) async fn write(
    session: &Session,
    registry: &Registry,
    questionnaires: &[&Questionnaire],
) -> anyhow::Result<Vec<PathBuf>> {
    let report = make(session, registry, questionnaires).await?;
    let folder = session.work.join("reports").join(session.as_of_day().to_string());
    render::render(&report, session.texts(), &folder)
}

/// Makes the report.
pub(crate) async fn make(
    session: &Session,
    registry: &Registry,
    questionnaires: &[&Questionnaire],
) -> anyhow::Result<report::Report> {
    let answers = entity_frame(registry, "survey_response").await?;
    let institutions = entity_frame(registry, "institution").await?;
    let mut sections = Vec::new();
    for questionnaire in questionnaires {
        let codelists = &session.config.codelists;
        let assessed = survey::assess(&answers, &institutions, questionnaire, codelists, session.texts())?;
        for finding in &assessed.findings {
            tracing::warn!(code = finding.code, "{}", crate::tell::sentence(session.texts(), finding, None));
        }
        sections.extend(assessed.sections);
    }
    Ok(survey::report(session.as_of_day(), session.texts(), sections))
}

async fn entity_frame(registry: &Registry, name: &str) -> anyhow::Result<DataFrame> {
    let entity = model::entity(name).ok_or_else(|| anyhow::anyhow!("no entity {name}"))?;
    Ok(registry.current_frame(entity).await?)
}
