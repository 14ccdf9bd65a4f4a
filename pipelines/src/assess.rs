//! assess -> render: from what the registry holds to the files of the report pack.

use std::path::PathBuf;

use anyhow::Context as _;
use polars::prelude::*;
use vienkop_connectors::registry::Registry;
use vienkop_transforms::assess::performance::{self, Names, Style};
use vienkop_transforms::assess::questionnaire::Questionnaire;
use vienkop_transforms::assess::{report, survey};
use vienkop_transforms::model;
use vienkop_transforms::status::indicators::{Indicators, Inputs, Query, channels};
use vienkop_transforms::status::tables::LakeTable;

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

/// Makes the report and writes it to `<work>/reports/<as-of>/`; gives the files written, the one to open first. Of a
/// registry that holds neither answers nor requests there is none.
pub(crate) async fn write(
    session: &Session,
    registry: &Registry,
    questionnaires: &[&Questionnaire],
) -> anyhow::Result<Vec<PathBuf>> {
    let report = make(session, registry, questionnaires).await?;
    if report.sections.is_empty() {
        return Ok(Vec::new());
    }
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
    sections.extend(performance_sections(session, registry, &institutions).await?);
    Ok(survey::report(session.as_of_day(), session.texts(), sections))
}

/// Section 3; nothing where the lake is empty.
async fn performance_sections(
    session: &Session,
    registry: &Registry,
    institutions: &DataFrame,
) -> anyhow::Result<Vec<report::Section>> {
    let services = entity_frame(registry, "service").await?;
    let names = Names::new(institutions, &services)?;
    let inputs = inputs(session, registry, services).await?;
    let query = Query::all(session.as_of_day(), session.time_zone.clone());
    apart(|| {
        let measured = Indicators::new(inputs, query)?;
        performance::sections(&measured, &names, &session.config.codelists, &style(session))
    })
}

/// What indicators are worked out from: the lake, and the services of the registry.
pub(crate) async fn inputs(session: &Session, registry: &Registry, services: DataFrame) -> anyhow::Result<Inputs> {
    let list = session.config.codelists.get("channels").context("channels")?;
    Ok(Inputs {
        requests: registry.lake_table(LakeTable::RequestTimeline).await?,
        steps: registry.lake_table(LakeTable::RequestStep).await?,
        services,
        calendar: session.config.calendar.all_days()?,
        channels: channels(list)?,
    })
}

/// Work that takes long and waits for Polars' own threads, which a thread of the runtime must not.
pub(crate) fn apart<T>(work: impl FnOnce() -> PolarsResult<T>) -> anyhow::Result<T> {
    Ok(tokio::task::block_in_place(work)?)
}

/// How values are written.
pub(crate) fn style(session: &Session) -> Style<'_> {
    Style { texts: session.texts(), working_day: session.config.calendar.hours().length() as u32 }
}

/// The current records of an entity.
pub(crate) async fn entity_frame(registry: &Registry, name: &str) -> anyhow::Result<DataFrame> {
    let entity = model::entity(name).ok_or_else(|| anyhow::anyhow!("no entity {name}"))?;
    Ok(registry.current_frame(entity).await?)
}
