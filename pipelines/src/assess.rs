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
    sections.extend(performance_sections(session, registry, &institutions).await?);
    Ok(survey::report(session.as_of_day(), session.texts(), sections))
}

/// Section 3; nothing where the lake is empty.
async fn performance_sections(
    session: &Session,
    registry: &Registry,
    institutions: &DataFrame,
) -> anyhow::Result<Vec<report::Section>> {
    let requests = lake_table(registry, LakeTable::RequestTimeline).await?;
    let Some(requests) = requests else { return Ok(Vec::new()) };
    let services = entity_frame(registry, "service").await?;
    let query = Query::all(session.as_of_day(), session.time_zone.clone());
    let measured = indicators(session, registry, requests, services.clone(), query).await?;
    let names = Names::new(institutions, &services)?;
    Ok(performance::sections(&measured, &names, &session.config.codelists, &style(session))?)
}

/// The indicators of what the lake holds.
pub(crate) async fn indicators(
    session: &Session,
    registry: &Registry,
    requests: LazyFrame,
    services: DataFrame,
    query: Query,
) -> anyhow::Result<Indicators> {
    let steps = lake_table(registry, LakeTable::RequestStep).await?;
    let empty = || DataFrame::empty_with_schema(&LakeTable::RequestStep.schema()).lazy();
    let list = session.config.codelists.get("channels").context("channels")?;
    let inputs = Inputs {
        requests,
        steps: steps.unwrap_or_else(empty),
        services,
        calendar: session.config.calendar.all_days()?,
        channels: channels(list)?,
    };
    // Polars reads on threads of its own and waits for them, which a thread of the runtime must not.
    Ok(tokio::task::block_in_place(|| Indicators::new(inputs, query))?)
}

/// How values are written.
pub(crate) fn style(session: &Session) -> Style<'_> {
    Style { texts: session.texts(), working_day: session.config.calendar.working_day_seconds() }
}

/// A table of the lake over all sources; none while it holds no row.
pub(crate) async fn lake_table(registry: &Registry, table: LakeTable) -> anyhow::Result<Option<LazyFrame>> {
    let files = registry.lake_files(table).await?;
    let scans: Vec<LazyFrame> = files
        .iter()
        .filter(|file| file.rows > 0)
        .map(|file| LazyFrame::scan_parquet(PlRefPath::try_from_path(&file.path)?, ScanArgsParquet::default()))
        .collect::<PolarsResult<_>>()?;
    Ok(if scans.is_empty() { None } else { Some(concat(scans, UnionArgs::default())?) })
}

pub(crate) async fn entity_frame(registry: &Registry, name: &str) -> anyhow::Result<DataFrame> {
    let entity = model::entity(name).ok_or_else(|| anyhow::anyhow!("no entity {name}"))?;
    Ok(registry.current_frame(entity).await?)
}
