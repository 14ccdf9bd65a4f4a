//! assess -> render: from what the registry holds to the files of the report pack.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use jiff::civil::Date;
use polars::prelude::*;
use vienkop_connectors::registry::Registry;
use vienkop_transforms::assess::change::Previous;
use vienkop_transforms::assess::facts::{self, Facts};
use vienkop_transforms::assess::pack::{self, Compared, Made, Pack};
use vienkop_transforms::assess::performance::{self, Names, Style};
use vienkop_transforms::assess::questionnaire::Questionnaire;
use vienkop_transforms::assess::{behind, recorded, report, survey};
use vienkop_transforms::holdings::Holdings;
use vienkop_transforms::model;
use vienkop_transforms::publish::Wording;
use vienkop_transforms::publish::sorted::content_hashes;
use vienkop_transforms::status::indicators::{Indicators, Inputs, Query, channels};
use vienkop_transforms::status::tables::LakeTable;
use vienkop_transforms::texts::Language;

use crate::cli::session::Session;
use crate::config::{Config, ReportFormat};
use crate::late;
use crate::render::{self, Behind};

/// What a report is asked for.
#[derive(Default)]
pub(crate) struct Asked<'a> {
    /// Questionnaires that the registry holds answers of, as [`answered`] gives them.
    pub(crate) questionnaires: Vec<&'a Questionnaire>,
    /// The pipeline whose analyst's texts count.
    pub(crate) pipeline: Option<&'a str>,
    /// An earlier assessment to compare with, instead of the previous wave of the survey.
    pub(crate) previous: Option<Previous>,
}

/// The questionnaires among these ids that the registry holds answers of, the earlier waves first.
pub(crate) async fn answered<'a>(
    registry: &Registry,
    config: &'a Config,
    ids: &[String],
) -> anyhow::Result<Vec<&'a Questionnaire>> {
    let answers = entity_frame(registry, "survey_response").await?;
    let waves = answers.column("wave")?.str()?.unique()?;
    let has = |wave: &str| waves.iter().flatten().any(|known| known == wave);
    let mut found: Vec<_> =
        ids.iter().filter_map(|id| config.questionnaires.get(id)).filter(|q| has(&q.wave)).collect();
    found.sort_by(|a, b| (&a.opened, &a.id).cmp(&(&b.opened, &b.id)));
    Ok(found)
}

/// The wave that is reported, the latest that had begun by this day (or the first of all), and the one before it.
pub(crate) fn waves<'a>(
    questionnaires: &[&'a Questionnaire],
    day: Date,
) -> (Option<&'a Questionnaire>, Option<&'a Questionnaire>) {
    let day = day.to_string();
    let at = questionnaires.iter().rposition(|questionnaire| questionnaire.opened <= day).unwrap_or(0);
    let before = at.checked_sub(1).and_then(|before| questionnaires.get(before));
    (questionnaires.get(at).copied(), before.copied())
}

/// Reads the earlier assessment of that day below the work folder, or of that folder or file.
pub(crate) fn previous(session: &Session, named: &str) -> anyhow::Result<Previous> {
    let mut path = match named.parse::<Date>() {
        Ok(day) => session.work.join("reports").join(day.to_string()),
        Err(_) => PathBuf::from(named),
    };
    if path.extension().is_none_or(|ending| ending != "json") {
        path = path.join("report.json");
    }
    let shown = path.display().to_string();
    let Ok(json) = fs_err::read_to_string(&path) else {
        bail!(session.texts().get("cli-previous-missing", &[("path", &shown)]))
    };
    match Previous::read(&json) {
        Ok(previous) => Ok(previous),
        Err(error) => {
            let reason = error.to_string();
            bail!(session.texts().get("cli-previous-broken", &[("path", &shown), ("reason", &reason)]))
        }
    }
}

/// Makes the report and writes it in these forms to `<work>/reports/<as-of>/`; gives the files written, the one to open
/// first. Of a registry that holds nothing there is none.
pub(crate) async fn write(
    session: &Session,
    registry: &Registry,
    asked: &Asked<'_>,
    formats: &[ReportFormat],
) -> anyhow::Result<Vec<PathBuf>> {
    let Assessment { report, facts, answers } = make(session, registry, asked).await?;
    if report.sections.is_empty() {
        return Ok(Vec::new());
    }
    let answers = answers.map(|rows| Behind { name: "survey_response", rows });
    let behind: Vec<Behind> = answers.into_iter().chain(counted_in(&report, &facts)?).collect();
    let folder = session.work.join("reports").join(session.as_of_day().to_string());
    // Typesetting takes seconds, in which the threads of the runtime have other things to do.
    tokio::task::block_in_place(|| render::render(&report, &behind, session.texts(), formats, &folder))
}

/// Columns that say which record it is.
const WHICH: [&str; 11] =
    ["entity", "uid", "source", "title", "owner_reg_no", "code", "item", "catalogue", "entry_id", "name", "kind"];

/// The frames that numbers of the report count in, with the columns that their selectors pick by and those that say which
/// record it is; no others, since a description has people in it.
fn counted_in(report: &report::Report, facts: &Facts) -> anyhow::Result<Vec<Behind>> {
    let cells = report.sections.iter().flat_map(|section| &section.measures);
    let cells = cells.flat_map(|table| &table.rows).flat_map(|row| &row.cells);
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for cell in cells {
        let (name, conditions) = report::parse_selector(&cell.select);
        let columns = conditions.into_iter().map(|(column, value)| if column == facts::SUM { value } else { column });
        used.entry(name).or_default().extend(columns);
    }
    let mut found = Vec::new();
    for name in facts.names() {
        let (frame, Some(used)) = (facts.frame(name), used.get(name)) else { continue };
        let columns = frame.get_column_names().into_iter().map(PlSmallStr::as_str);
        let (which, further): (Vec<&str>, Vec<&str>) =
            columns.filter(|column| WHICH.contains(column) || used.contains(*column)).partition(|c| WHICH.contains(c));
        let rows = frame.select(WHICH.into_iter().filter(|column| which.contains(column)).chain(further))?;
        if rows.height() > 0 {
            found.push(Behind { name, rows });
        }
    }
    Ok(found)
}

/// A report and what its numbers were counted in.
pub(crate) struct Assessment {
    pub(crate) report: report::Report,
    pub(crate) facts: Facts,
    /// The answers of the wave that is reported, as [`behind::answers`] gives them.
    pub(crate) answers: Option<DataFrame>,
}

/// Makes the report.
pub(crate) async fn make(session: &Session, registry: &Registry, asked: &Asked<'_>) -> anyhow::Result<Assessment> {
    let answers = entity_frame(registry, "survey_response").await?;
    let institutions = entity_frame(registry, "institution").await?;
    let (codelists, texts) = (&session.config.codelists, session.texts());
    let (wave, before) = waves(&asked.questionnaires, session.as_of_day());
    let count =
        |questionnaire: &Questionnaire| survey::assess(&answers, &institutions, questionnaire, codelists, texts);
    let assessed = wave.map(count).transpose()?;
    for finding in assessed.iter().flat_map(|assessed| &assessed.findings) {
        tracing::warn!(code = finding.code, "{}", crate::tell::sentence(texts, finding, None));
    }
    let wave_before = match (before, &asked.previous) {
        (Some(before), None) => {
            let day = before.closed.parse().unwrap_or_else(|_| session.as_of_day());
            Some(Previous::of(&survey::report(day, texts, count(before)?.sections))?)
        }
        _ => None,
    };
    let uses = uses(session, &asked.questionnaires, &answers, &institutions)?;
    let facts = facts(session, registry, uses).await?;
    let services = entity_frame(registry, "service").await?;
    let names = Names::new(&institutions, &services)?;
    let performance = performance_sections(session, registry, services, &names).await?;
    let style = style(session);
    let settings = &session.config.assessment;
    let pack = Pack { facts: &facts, names: &names, lists: codelists, style: &style, settings };
    let made = Made { survey: assessed.map(|assessed| assessed.sections).unwrap_or_default(), performance };
    let compared = match (&asked.previous, &wave_before) {
        (Some(previous), _) => Some(Compared { previous, wave: false }),
        (None, Some(previous)) => Some(Compared { previous, wave: true }),
        (None, None) => None,
    };
    let mut sections = pack.sections(made, compared.as_ref())?;
    if let Some(own) = asked.pipeline.and_then(|name| session.config.conclusions.get(name)) {
        for id in pack::put(&mut sections, own.of(session.language)) {
            tracing::warn!("{}", texts.get("report-conclusion-unused", &[("id", &id)]));
        }
    }
    let read = |wave| behind::answers(&answers, &institutions, wave, codelists, texts);
    let answers = wave.map(read).transpose()?;
    Ok(Assessment { report: survey::report(session.as_of_day(), texts, sections), facts, answers })
}

/// What institutions say that they use, in any wave that had begun by the day; where they were asked again, the later
/// answer counts.
pub(crate) fn uses(
    session: &Session,
    questionnaires: &[&Questionnaire],
    answers: &DataFrame,
    institutions: &DataFrame,
) -> anyhow::Result<DataFrame> {
    let (last, _) = waves(questionnaires, session.as_of_day());
    let mut all: Option<DataFrame> = None;
    for questionnaire in questionnaires {
        let counted =
            survey::assess(answers, institutions, questionnaire, &session.config.codelists, session.texts())?.uses;
        all = Some(match all {
            Some(earlier) => earlier.vstack(&counted)?,
            None => counted,
        });
        if last.is_some_and(|last| last.id == questionnaire.id) {
            break;
        }
    }
    let Some(all) = all else { return Ok(DataFrame::default()) };
    let columns = vec!["reg_no".to_owned(), "purpose".to_owned()];
    Ok(all.unique_stable(Some(&columns), UniqueKeepStrategy::Last, None)?)
}

/// What the sections beside survey and performance count. `uses`: what institutions say in the survey that they use.
pub(crate) async fn facts(session: &Session, registry: &Registry, uses: DataFrame) -> anyhow::Result<Facts> {
    let asked = [
        "institution",
        "life_event",
        "need",
        "service",
        "application",
        "resource",
        "need_service",
        "service_resource",
        "service_service",
        "portfolio",
        "catalogue_entry",
        "technology",
    ];
    let held = holdings(registry, &asked).await?;
    let hashes = apart(|| hashes(session, &held))?;
    let service = model::entity("service").context("service")?;
    let requests = registry.lake_table(LakeTable::RequestTimeline).await?;
    let steps = registry.lake_table(LakeTable::RequestStep).await?;
    let inputs = facts::Inputs {
        held,
        hashes,
        lacking: registry.lacking().await?,
        freshness: local_days(session, registry.freshness(service).await?, &["changed_at", "delivered_at"])?,
        deliveries: deliveries(session, registry).await?,
        findings: registry.finding_counts().await?,
        uses,
        recorded: apart(|| recorded::recorded(requests, steps))?,
    };
    let config = &session.config;
    let day = session.as_of_day();
    apart(|| Facts::new(&inputs, &config.codelists, &config.assessment, &config.catalogues, day))
}

/// Moments (UTC, as the registry stores them) as local days; there are few different ones, however many rows.
fn local_days(session: &Session, frame: DataFrame, columns: &[&str]) -> anyhow::Result<DataFrame> {
    let mut frame = frame;
    for name in columns {
        let moments = frame.column(name)?.str()?.unique()?;
        let (moments, days): (Vec<&str>, Vec<String>) = moments
            .iter()
            .flatten()
            .map(|at| {
                let moment = at.parse::<jiff::Timestamp>().map(|moment| moment.to_zoned(session.time_zone.clone()));
                (at, moment.map_or_else(|_| at.to_owned(), |zoned| zoned.date().to_string()))
            })
            .unzip();
        let days = df!(*name => moments, "day" => days)?.lazy();
        let order: Vec<Expr> = frame.get_column_names().iter().map(|known| col((*known).clone())).collect();
        let joined = frame.lazy().join(days, [col(*name)], [col(*name)], JoinArgs::new(JoinType::Left));
        frame = joined.with_column(col("day").alias(*name)).select(order).collect()?;
    }
    Ok(frame)
}

/// What each source delivered last, with what the configuration says of the source.
async fn deliveries(session: &Session, registry: &Registry) -> anyhow::Result<DataFrame> {
    let mut found = local_days(session, registry.deliveries().await?, &["last_new_at"])?;
    let states = registry.source_states().await?;
    let late = late::late(session, &session.config.sources, &states);
    let sources: Vec<String> = found.column("source")?.str()?.iter().flatten().map(str::to_owned).collect();
    let of = |id: &str| session.config.source(id);
    let titles: Vec<Option<String>> = sources.iter().map(|id| Some(of(id)?.title.clone())).collect();
    let institutions: Vec<Option<String>> = sources.iter().map(|id| of(id)?.institution.clone()).collect();
    let lateness: Vec<Option<&str>> = sources
        .iter()
        .map(|id| {
            of(id)?.policy.expected_every.as_ref()?;
            Some(if late.iter().any(|late| late.source == *id) { "yes" } else { "no" })
        })
        .collect();
    found.with_column(Column::new("title".into(), titles))?;
    found.with_column(Column::new("institution".into(), institutions))?;
    found.with_column(Column::new("late".into(), lateness))?;
    Ok(found)
}

/// Section 3; nothing where the lake is empty.
async fn performance_sections(
    session: &Session,
    registry: &Registry,
    services: DataFrame,
    names: &Names,
) -> anyhow::Result<Vec<report::Section>> {
    let inputs = inputs(session, registry, services).await?;
    let query = Query::all(session.as_of_day(), session.time_zone.clone());
    apart(|| {
        let measured = Indicators::new(inputs, query)?;
        performance::sections(&measured, names, &session.config.codelists, &style(session))
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

/// Hashes of what is published of services, where any catalogue says what it shows.
fn hashes(session: &Session, held: &Holdings) -> PolarsResult<DataFrame> {
    let entries = held.entity("catalogue_entry")?;
    if entries.column("content_hash_seen")?.null_count() == entries.height() {
        return Ok(DataFrame::default());
    }
    content_hashes(held, wording(session))
}

/// What lengths of time are called in what is published.
pub(crate) fn wording(session: &Session) -> Wording<'_> {
    Wording { lv: session.config.texts(Language::Lv), en: session.config.texts(Language::En) }
}

/// The current records of these entities, and the lists of services.
pub(crate) async fn holdings(registry: &Registry, names: &[&'static str]) -> anyhow::Result<Holdings> {
    let mut held = Holdings::default();
    for name in names {
        held.entities.insert(name, entity_frame(registry, name).await?);
    }
    let service = model::entity("service").context("service")?;
    for child in service.children {
        held.service_children.insert(child.name, registry.current_children(service, child).await?);
    }
    Ok(held)
}

/// The current records of an entity.
pub(crate) async fn entity_frame(registry: &Registry, name: &str) -> anyhow::Result<DataFrame> {
    let entity = model::entity(name).ok_or_else(|| anyhow::anyhow!("no entity {name}"))?;
    Ok(registry.current_frame(entity).await?)
}
