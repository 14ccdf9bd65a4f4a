//! What happened to a request: its events with the cells they came from, and its stays in states, for `explain`.

use polars::prelude::*;
use serde::Serialize;
use vienkop_connectors::format;
use vienkop_connectors::registry::{FieldValue, Past, Registry};
use vienkop_transforms::batch::LocatorKind;
use vienkop_transforms::status::tables::LakeTable;

use super::layout::{self, Entry};
use super::local;
use crate::assess;
use crate::cli::session::Session;
use crate::tell;

/// Events and stays of one request.
#[derive(Serialize)]
pub(super) struct Timeline {
    events: Vec<StatusEvent>,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct StatusEvent {
    state: String,
    /// As its source wrote it.
    raw: Option<String>,
    /// UTC.
    at: String,
    precision: String,
    derivation: Option<String>,
    event_id: Option<String>,
    file: Option<String>,
    /// Where in the file.
    cell: String,
}

#[derive(Serialize)]
struct Step {
    state: String,
    from: String,
    to: Option<String>,
    precision: String,
    elapsed_seconds: Option<i64>,
    working_seconds: Option<i64>,
}

/// The timeline of a record that is a request and has events.
pub(super) async fn of(session: &Session, registry: &Registry, past: &Past) -> anyhow::Result<Option<Timeline>> {
    let Some(record) = past.delivered.last().filter(|_| past.subject.entity.name == "service_request") else {
        return Ok(None);
    };
    let source = record.place.source.as_str();
    let entity = past.subject.entity;
    let value = |name: &str| {
        let place = entity.fields.iter().position(|field| field.name == name)?;
        match &record.values[place] {
            Some(FieldValue::Text(text)) => Some(text.clone()),
            _ => None,
        }
    };
    let (Some(institution), Some(number)) = (value("institution_reg_no"), value("request_no")) else { return Ok(None) };
    let events = registry.lake_rows(LakeTable::StatusEvent, source, &institution, &number).await?;
    if events.height() == 0 {
        return Ok(None);
    }
    let steps = registry.lake_rows(LakeTable::RequestStep, source, &institution, &number).await?;
    let names = registry.landed_names(source).await?;
    let kind = session.config.source(source).and_then(|source| format::kind(&source.format.kind));
    let locator = kind.map_or(LocatorKind::Line, format::FormatKind::locator);
    let (texts, numbers) = (shown(&events)?, |name: &str| PolarsResult::Ok(events.column(name)?.i64()?.clone()));
    let (landed, rows, parts) = (numbers("landed")?, numbers("row")?, numbers("part")?);
    let text = |frame: &DataFrame, name: &str, row: usize| -> PolarsResult<Option<String>> {
        Ok(frame.column(name)?.str()?.get(row).map(str::to_owned))
    };
    let mut timeline = Timeline { events: Vec::new(), steps: Vec::new() };
    for row in 0..events.height() {
        let number = rows.get(row).unwrap_or_default();
        let sheet = text(&texts, "sheet", row)?;
        let state = text(&texts, "state", row)?.unwrap_or_default();
        timeline.events.push(StatusEvent {
            raw: text(&texts, "state_raw", row)?.filter(|raw| *raw != state),
            state,
            at: text(&texts, "at", row)?.unwrap_or_default(),
            precision: text(&texts, "precision", row)?.unwrap_or_default(),
            derivation: text(&texts, "derivation", row)?,
            event_id: text(&texts, "event_id", row)?,
            file: landed.get(row).and_then(|landed| names.get(&landed)).cloned(),
            cell: match (locator, sheet) {
                (LocatorKind::Cell, sheet) => format!("{}!{number}", sheet.unwrap_or_default()),
                (LocatorKind::Line, _) => format!("L{number}"),
                (LocatorKind::Record | LocatorKind::Pointer, _) => {
                    let within = parts.get(row).map(|part| format!(".{part}")).unwrap_or_default();
                    format!("#{number}{within}")
                }
            },
        });
    }
    let (texts, seconds) = (shown(&steps)?, |name: &str| PolarsResult::Ok(steps.column(name)?.i64()?.clone()));
    let (elapsed, worked) = (seconds("elapsed_seconds")?, seconds("working_seconds")?);
    for row in 0..steps.height() {
        timeline.steps.push(Step {
            state: text(&texts, "state", row)?.unwrap_or_default(),
            from: text(&texts, "from_at", row)?.unwrap_or_default(),
            to: text(&texts, "to_at", row)?,
            precision: text(&texts, "precision", row)?.unwrap_or_default(),
            elapsed_seconds: elapsed.get(row),
            working_seconds: worked.get(row),
        });
    }
    Ok(Some(timeline))
}

/// Times as the registry writes them.
fn shown(rows: &DataFrame) -> PolarsResult<DataFrame> {
    let times = rows.schema().iter().filter(|(_, dtype)| matches!(dtype, DataType::Datetime(..)));
    let times = times.map(|(name, _)| col(name.clone()).dt().strftime("%Y-%m-%dT%H:%M:%SZ")).collect::<Vec<_>>();
    rows.clone().lazy().with_columns(times).collect()
}

impl Timeline {
    /// As people read it: what happened when and where it is written, then how long each state lasted.
    pub(super) fn text(&self, session: &Session) -> String {
        let texts = session.texts();
        let label = |list: &str, code: &str| {
            let code_of = session.config.codelists.get(list).and_then(|list| list.get(code));
            code_of.map_or(code, |code| session.language.of(&code.label_lv, &code.label_en)).to_owned()
        };
        let style = assess::style(session);
        let moment = |at: &str, precision: &str| {
            let local = local(session, at);
            if precision == "day" { local.split(' ').next().unwrap_or_default().to_owned() } else { local }
        };
        let events = self.events.iter().map(|event| {
            let raw = event.raw.as_ref().map(|raw| texts.get("cli-record-raw", &[("text", &layout::one_line(raw))]));
            let derivation = event.derivation.as_deref().map(|code| label("derivations", code)).unwrap_or_default();
            let file = event.file.as_deref().unwrap_or("–");
            Entry {
                label: moment(&event.at, &event.precision),
                value: label("states", &event.state),
                from: Some(format!("{file}: {} ({derivation})", tell::place(texts, &event.cell, None))),
                notes: raw.into_iter().collect(),
            }
        });
        let steps = self.steps.iter().map(|step| {
            let until = step.to.as_deref().map_or_else(|| "…".to_owned(), |to| moment(to, &step.precision));
            let lasted = match (step.elapsed_seconds, step.working_seconds) {
                (Some(elapsed), Some(worked)) => {
                    let by_day = step.precision == "day";
                    let elapsed = style.duration_text(elapsed as f64, by_day, false);
                    let worked = style.duration_text(worked as f64, by_day, true);
                    Some(texts.get("cli-record-lasted", &[("elapsed", &elapsed), ("worked", &worked)]))
                }
                _ => None,
            };
            Entry {
                label: label("states", &step.state),
                value: format!("{} – {until}", moment(&step.from, &step.precision)),
                from: lasted,
                notes: Vec::new(),
            }
        });
        let (events, steps) = (events.collect::<Vec<_>>(), steps.collect::<Vec<_>>());
        let (title, below) = (texts.get("cli-record-events", &[]), texts.get("cli-record-steps", &[]));
        format!("{title}\n{}\n{below}\n{}", layout::entries(&events, 2), layout::entries(&steps, 2))
    }
}
