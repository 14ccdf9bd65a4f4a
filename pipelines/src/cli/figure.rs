//! `vienkop explain FIGURE`: what stands behind a number of the report.
//!
//! The report is made anew from the registry, the number is found by its id, its selector is run again by itself, and what
//! it finds is told: records, the sources that feed them, the cells of the first of them. A selector can be given as it
//! stands in the report, too.

use std::collections::BTreeMap;

use polars::prelude::*;
use serde::Serialize;
use vienkop_connectors::registry::Registry;
use vienkop_transforms::assess::performance::Time;
use vienkop_transforms::assess::report::{Measures, Report, Row, Table, parse_selector, percent_text};
use vienkop_transforms::assess::{behind, pack, performance};
use vienkop_transforms::model;
use vienkop_transforms::status::indicators::{Indicators, Query};
use vienkop_transforms::status::tables::{LakeTable, REQUEST};

use super::session::Session;
use super::{Exit, Options, output, record};
use crate::assess::{self, Asked};

/// Records whose cells are told.
const CITED: usize = 20;

/// A number of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) id: String,
    pub(crate) label: String,
    /// As people read it.
    pub(crate) text: String,
    /// What the selector must come to; none where the number is no count of anything.
    pub(crate) count: Option<u64>,
    pub(crate) select: String,
}

/// What a selector finds.
#[derive(Serialize)]
pub(crate) struct Found {
    /// What it comes to; of a time, how many stand behind it.
    pub(crate) number: u64,
    /// Of a time, what it comes to, as people read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time: Option<String>,
    /// Records of the registry, or things that are none.
    pub(crate) records: Vec<FoundRecord>,
}

/// A thing that was counted.
#[derive(Serialize)]
pub(crate) struct FoundRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sources: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<String>,
}

#[derive(Serialize)]
struct Told<'a> {
    id: &'a str,
    label: &'a str,
    value: &'a str,
    select: &'a str,
    agrees: bool,
    #[serde(flatten)]
    found: &'a Found,
}

/// Whether an id is one of a figure, a table, or a selector, and not that of a record.
pub(super) fn is_figure(session: &Session, id: &str) -> bool {
    if id.contains('?') {
        return true;
    }
    let table = id.split('/').next().unwrap_or_default();
    let table = table.strip_suffix("-follow-up").unwrap_or(table);
    pack::ids(session.config.questionnaires.values())
        .iter()
        .any(|known| known == table || *known == table.trim_start_matches("change-"))
}

/// Prints what stands behind a number, or the numbers of a table.
pub(super) async fn explain(session: &Session, options: &Options, id: &str) -> anyhow::Result<Exit> {
    let texts = session.texts();
    if Registry::is_missing(&session.registry).await? {
        anyhow::bail!(texts.get("cli-record-no-registry", &[("registry", &Registry::shown(&session.registry))]));
    }
    let registry = session.open_registry().await?;
    let sight = Sight::new(session, &registry).await?;
    let number = if id.contains('?') {
        Number { id: id.to_owned(), label: String::new(), text: String::new(), count: None, select: id.to_owned() }
    } else {
        let numbers = numbers(&sight.report);
        let Some(number) = numbers.iter().find(|number| number.id == id) else {
            let below = format!("{id}/");
            let of_table: Vec<&Number> = numbers.iter().filter(|number| number.id.starts_with(&below)).collect();
            if of_table.is_empty() {
                let near = vienkop_transforms::fold::nearest(id, numbers.iter().map(|number| number.id.as_str()), 3);
                anyhow::bail!(texts.get("cli-figure-none", &[("id", id), ("nearest", &near.join(", "))]));
            }
            return table(session, options, &of_table);
        };
        number.clone()
    };
    let Some(mut found) = sight.find(&number.select).await? else {
        let all = numbers(&sight.report);
        let row = number.id.rsplit_once('/').map(|(row, _)| format!("{row}/")).unwrap_or_default();
        let others = all.iter().filter(|other| !row.is_empty() && other.id.starts_with(&row) && other.id != number.id);
        let others: Vec<&Number> = others.collect();
        if others.is_empty() {
            let why = texts.get("cli-figure-unresolved", &[]);
            anyhow::bail!(texts.get("cli-figure-not", &[("id", id), ("value", &number.text), ("why", &why)]));
        }
        if !options.json {
            let told = texts.get("cli-figure-derived", &[]);
            output::text(&format!("{}: {}\n{told}\n\n", number.label, number.text))?;
        }
        return table(session, options, &others);
    };
    let agrees = agrees(&number, &found);
    sight.cite(&mut found).await?;
    if options.json {
        let told = Told {
            id: &number.id,
            label: &number.label,
            value: &number.text,
            select: &number.select,
            agrees,
            found: &found,
        };
        output::json(&told)?;
    } else {
        output::text(&text(session, &number, &found, agrees))?;
    }
    // A registry that changed meanwhile, or a mistake of the program.
    Ok(if agrees { Exit::Done } else { Exit::GateFailed })
}

/// Whether a selector comes to the number of the report. One that was given by itself has none.
fn agrees(number: &Number, found: &Found) -> bool {
    let same_time = found.time.as_ref().is_none_or(|time| number.text.is_empty() || *time == number.text);
    number.count.is_none_or(|count| count == found.number) && same_time
}

/// The numbers of a table, each with the id that explains it.
fn table(session: &Session, options: &Options, numbers: &[&Number]) -> anyhow::Result<Exit> {
    #[derive(Serialize)]
    struct Line<'a> {
        id: &'a str,
        label: &'a str,
        value: &'a str,
        select: &'a str,
    }
    if options.json {
        let line = |number: &&Number| {
            serde_json::json!(Line {
                id: &number.id,
                label: &number.label,
                value: &number.text,
                select: &number.select
            })
        };
        output::json(&numbers.iter().map(line).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> =
        numbers.iter().map(|number| vec![number.id.clone(), number.label.clone(), number.text.clone()]).collect();
    let header = ["id", "label", "value"].map(|name| session.texts().get(&format!("cli-figure-{name}"), &[]));
    output::text(&output::table(&header, &rows, &[2]))?;
    Ok(Exit::Done)
}

fn text(session: &Session, number: &Number, found: &Found, agrees: bool) -> String {
    let texts = session.texts();
    let mut out = if number.label.is_empty() { String::new() } else { format!("{}\n", number.label) };
    let count = match &found.time {
        Some(time) => format!("{time}, {}", texts.count("cli-figure-records", &[("count", found.number)])),
        None => found.number.to_string(),
    };
    for (id, value) in [("id", &number.id), ("value", &number.text), ("select", &number.select), ("found", &count)] {
        if !value.is_empty() {
            out.push_str(&format!("{}: {value}\n", texts.get(&format!("cli-figure-{id}"), &[])));
        }
    }
    if !agrees {
        out.push_str(&format!("{}\n", texts.get("cli-figure-differs", &[])));
    }
    let mut sources: BTreeMap<&str, u64> = BTreeMap::new();
    for source in found.records.iter().flat_map(|record| &record.sources) {
        *sources.entry(source).or_default() += 1;
    }
    if !sources.is_empty() {
        out.push_str(&format!("\n{}\n", texts.get("cli-figure-sources", &[])));
        for (source, count) in sources {
            out.push_str(&format!("  {source}: {}\n", texts.count("cli-figure-records", &[("count", count)])));
        }
    }
    if !found.records.is_empty() {
        out.push_str(&format!("\n{}\n", texts.get("cli-figure-list", &[])));
    }
    for record in found.records.iter().take(CITED) {
        let key = record.uid.as_deref().map(|uid| format!(" {}", uid.get(..8).unwrap_or(uid))).unwrap_or_default();
        let entity = record.entity.as_deref().map(|entity| format!(" ({entity}{key})")).unwrap_or_default();
        out.push_str(&format!("  {}{entity}\n", record.name));
        if let Some(cell) = &record.cell {
            out.push_str(&format!("    {cell}\n"));
        }
    }
    let left = found.records.len().saturating_sub(CITED);
    if left > 0 {
        out.push_str(&format!("  {}\n", texts.count("cli-figure-left", &[("count", left as u64)])));
    }
    out
}

/// Every number of a report, in its order: rows of tables (`1.1-6/yes`, of a kind `1.1-6/pašvaldība/yes`), of follow-up questions
/// (`1.1-7-follow-up/…`), cells of tables of measures.
pub(crate) fn numbers(report: &Report) -> Vec<Number> {
    let of_row = |table: &str, title: &str, row: &Row| Number {
        id: format!("{table}/{}", row.key),
        label: format!("{title}: {}", row.label),
        text: format!("{} ({})", row.count, percent_text(&row.percent, report.language)),
        count: Some(row.count),
        select: row.select.clone(),
    };
    let of_table = |table: &Table| {
        let mut numbers: Vec<Number> = table.rows.iter().map(|row| of_row(&table.id, &table.title, row)).collect();
        for (name, kind) in &table.by_kind.0 {
            let title = format!("{}, {}", table.title, name.label);
            numbers.extend(kind.rows.iter().map(|row| of_row(&format!("{}/{}", table.id, name.code), &title, row)));
        }
        if let Some(follow_up) = &table.follow_up {
            let id = format!("{}-follow-up", table.id);
            numbers.extend(follow_up.rows.iter().map(|row| of_row(&id, &follow_up.question, row)));
        }
        numbers
    };
    let of_measures = |table: &Measures| {
        let cells = table.rows.iter().flat_map(|row| {
            row.cells.iter().zip(&table.columns).map(|(cell, column)| Number {
                id: cell.id.clone(),
                label: format!("{}: {}, {}", table.title, row.labels.join(", "), column.label),
                text: cell.text.clone(),
                count: match cell.kind {
                    vienkop_transforms::assess::report::CellKind::Count => cell.value.as_deref(),
                    vienkop_transforms::assess::report::CellKind::Share => cell.count.as_deref(),
                    _ => None,
                }
                .and_then(|count| count.parse().ok()),
                select: cell.select.clone(),
            })
        });
        cells.collect::<Vec<_>>()
    };
    let sections = report.sections.iter();
    sections
        .flat_map(|section| {
            let tables = section.tables.iter().flat_map(of_table);
            tables.chain(section.measures.iter().flat_map(of_measures)).collect::<Vec<_>>()
        })
        .collect()
}

/// The report and what its numbers were counted from.
pub(crate) struct Sight<'a> {
    session: &'a Session,
    registry: &'a Registry,
    pub(crate) report: Report,
    facts: vienkop_transforms::assess::facts::Facts,
    answers: DataFrame,
    institutions: DataFrame,
}

impl<'a> Sight<'a> {
    pub(crate) async fn new(session: &'a Session, registry: &'a Registry) -> anyhow::Result<Self> {
        let name = session.config.vienkop.default_pipeline.as_deref();
        let pipeline = name.and_then(|name| session.config.pipeline(name));
        let assessment = pipeline.and_then(|pipeline| pipeline.assess.as_ref());
        let ids = assessment.map(|assess| assess.questionnaires.clone()).unwrap_or_default();
        let questionnaires = assess::answered(registry, &session.config, &ids).await?;
        let answers = assess::entity_frame(registry, "survey_response").await?;
        let institutions = assess::entity_frame(registry, "institution").await?;
        let asked = Asked { questionnaires, pipeline: name, previous: None };
        let assess::Assessment { report, facts, .. } = assess::make(session, registry, &asked).await?;
        Ok(Self { session, registry, report, facts, answers, institutions })
    }

    /// Runs a selector; none where it is of a kind that cannot be run by itself.
    pub(crate) async fn find(&self, select: &str) -> anyhow::Result<Option<Found>> {
        let (query, parameters) = parse_selector(select);
        if query == "survey_response" {
            return self.answers_behind(&parameters).await;
        }
        for table in [LakeTable::RequestTimeline, LakeTable::RequestStep] {
            if query == table.name() {
                return self.requests_behind(table, &parameters).await;
            }
        }
        let Some((number, rows)) = self.facts.number(&query, &parameters)? else { return Ok(None) };
        let mut records = records(&rows)?;
        // A finding is no record of the registry, and each of them can be told.
        if query == "finding" {
            records = self.findings(&rows).await?;
        }
        self.with_sources(&mut records).await?;
        Ok(Some(Found { number, time: None, records }))
    }

    async fn answers_behind(&self, parameters: &[(String, String)]) -> anyhow::Result<Option<Found>> {
        let wave = parameters.iter().find(|(name, _)| name == "wave").map_or("", |(_, value)| value.as_str());
        let config = &self.session.config;
        let Some(questionnaire) = config.questionnaires.values().find(|known| known.wave == wave) else {
            return Ok(None);
        };
        let texts = self.session.texts();
        let (answers, institutions) = (&self.answers, &self.institutions);
        let found = behind::behind(answers, institutions, questionnaire, &config.codelists, texts, parameters)?;
        let Some(found) = found else { return Ok(None) };
        let column = |name: &str| found.answers.column(name).and_then(|column| column.str().cloned());
        let (who, what, uids) = (column("respondent")?, column("text")?, column("uid")?);
        let names = self.names()?;
        let record = |row: usize| {
            let respondent = who.get(row).unwrap_or_default();
            let name = names.get(respondent).map_or(respondent, String::as_str);
            let answer = what.get(row).map(|answer| format!(": {answer}")).unwrap_or_default();
            FoundRecord {
                entity: uids.get(row).map(|_| "survey_response".to_owned()),
                uid: uids.get(row).map(str::to_owned),
                name: format!("{name} ({respondent}){answer}"),
                sources: Vec::new(),
                cell: None,
            }
        };
        let mut records: Vec<FoundRecord> = (0..found.answers.height()).map(record).collect();
        self.with_sources(&mut records).await?;
        Ok(Some(Found { number: found.number, time: None, records }))
    }

    async fn requests_behind(
        &self,
        table: LakeTable,
        parameters: &[(String, String)],
    ) -> anyhow::Result<Option<Found>> {
        let services = assess::entity_frame(self.registry, "service").await?;
        let inputs = assess::inputs(self.session, self.registry, services).await?;
        let query = Query::all(self.session.as_of_day(), self.session.time_zone.clone());
        let find = || performance::behind(&Indicators::new(inputs, query)?, table, parameters);
        let found = assess::apart(find)?;
        let Some(found) = found else { return Ok(None) };
        let column = |name: &str| found.rows.column(name).and_then(|column| column.str().cloned());
        let (owners, numbers) = (column(REQUEST[0])?, column(REQUEST[1])?);
        let style = assess::style(self.session);
        let mut lengths = Vec::new();
        if let Some(time) = &found.time {
            let (seconds, precisions) = (found.rows.column("seconds")?.i64()?, column("precision")?);
            lengths.extend(seconds.iter().zip(precisions.iter()).map(|(seconds, precision)| {
                let seconds = seconds.map(|seconds| seconds as f64);
                style.time(&Time { seconds, by_day: precision == Some("day"), working: time.working })
            }));
        }
        // What explains a request is its key: its record is sought only by who asks for it.
        let record = |row: usize| FoundRecord {
            entity: None,
            uid: None,
            name: format!(
                "service_request:{}/{}{}",
                owners.get(row).unwrap_or_default(),
                numbers.get(row).unwrap_or_default(),
                lengths.get(row).map(|length| format!(": {length}")).unwrap_or_default()
            ),
            sources: Vec::new(),
            cell: None,
        };
        let records = (0..found.rows.height()).map(record).collect();
        let time = found.time.map(|time| style.time(&time));
        Ok(Some(Found { number: found.rows.height() as u64, time, records }))
    }

    fn names(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let (numbers, names) = (self.institutions.column("reg_no")?.str()?, self.institutions.column("name")?.str()?);
        let pairs = numbers.iter().zip(names.iter());
        Ok(pairs.filter_map(|(number, name)| Some((number?.to_owned(), name?.to_owned()))).collect())
    }

    /// The findings that rows count.
    async fn findings(&self, rows: &DataFrame) -> anyhow::Result<Vec<FoundRecord>> {
        let (sources, codes) = (rows.column("source")?.str()?.clone(), rows.column("code")?.str()?.clone());
        let severities = rows.column("severity")?.str()?.clone();
        let mut records = Vec::new();
        for row in 0..rows.height() {
            let (source, code) = (sources.get(row).unwrap_or_default(), codes.get(row).unwrap_or_default());
            let found = self.registry.findings_of_rule(source, code).await?;
            for at in 0..found.height() {
                // Its severity is that of the rule, or softer where the source says so.
                if found.column("severity")?.str()?.get(at) != severities.get(row) {
                    continue;
                }
                let Some(finding) = crate::tell::at(&found, at)? else { continue };
                let file = found.column("file")?.str()?.get(at);
                records.push(FoundRecord {
                    entity: None,
                    uid: None,
                    name: format!("{code} {}", crate::tell::sentence(self.session.texts(), &finding, file)),
                    sources: vec![source.to_owned()],
                    cell: None,
                });
            }
        }
        Ok(records)
    }

    async fn with_sources(&self, records: &mut [FoundRecord]) -> anyhow::Result<()> {
        let mut entities: Vec<String> = records.iter().filter_map(|record| record.entity.clone()).collect();
        entities.sort();
        entities.dedup();
        for name in entities {
            let Some(entity) = model::entity(&name) else { continue };
            let feeding = self.registry.feeding(entity).await?;
            let (uids, sources) = (feeding.column("uid")?.str()?, feeding.column("source")?.str()?);
            let uids: Vec<&str> = uids.iter().map(Option::unwrap_or_default).collect();
            for record in records.iter_mut().filter(|record| record.entity.as_deref() == Some(name.as_str())) {
                let Some(uid) = record.uid.as_deref() else { continue };
                let first = uids.partition_point(|known| *known < uid);
                let own = uids[first..].iter().take_while(|known| **known == uid).count();
                record.sources = (first..first + own).filter_map(|at| sources.get(at)).map(str::to_owned).collect();
            }
        }
        Ok(())
    }

    /// Tells the cells of the first records.
    async fn cite(&self, found: &mut Found) -> anyhow::Result<()> {
        for told in found.records.iter_mut().take(CITED) {
            if let Some(uid) = &told.uid {
                told.cell = record::explain::cell(self.session, self.registry, uid).await?;
            }
        }
        Ok(())
    }
}

/// Rows of facts as records.
fn records(rows: &DataFrame) -> anyhow::Result<Vec<FoundRecord>> {
    let column = |name: &str| rows.column(name).and_then(|column| column.str().cloned());
    let (entities, uids, names) = (column("entity")?, column("uid")?, column("name")?);
    let codes =
        ["code", "item", "owner_reg_no"].map(|name| rows.column(name).and_then(|column| column.str().cloned()).ok());
    let record = |row: usize| {
        let code: Vec<&str> = codes.iter().flatten().filter_map(|column| column.get(row)).collect();
        let name = names.get(row).unwrap_or_default();
        let name = if code.is_empty() { name.to_owned() } else { format!("{name} [{}]", code.join(", ")) };
        FoundRecord {
            entity: uids.get(row).and(entities.get(row)).map(str::to_owned),
            uid: uids.get(row).map(str::to_owned),
            name: name.trim().to_owned(),
            sources: Vec::new(),
            cell: None,
        }
    };
    Ok((0..rows.height()).map(record).collect())
}

#[cfg(test)]
mod tests;
