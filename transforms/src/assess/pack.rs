//! The report pack: all sections put together, an analyst's texts put in the place of drafts.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::change::{self, Previous};
use super::facts::Facts;
use super::grid::Grid;
use super::performance::{Names, Style};
use super::questionnaire::Questionnaire;
use super::report::{Author, Column, Section};
use super::score::ScoreSettings;
use super::{coverage, league, quality, readiness, technology};
use crate::codelist::CodeLists;

/// Tables of measures that a conclusion can be written for, beside the figures of the survey.
pub const TABLES: &[&str] = &[
    "performance-total",
    "portfolio-total",
    "portfolio-kind",
    "portfolio-institution",
    "completeness-group",
    "completeness-institution",
    "completeness-field",
    "links-total",
    "links-institution",
    "catalogue-placement",
    "catalogue-institution",
    "catalogue-offer",
    "catalogue-listing",
    "catalogue-mending",
    "freshness-institution",
    "volume-service",
    "volume-institution",
    "volume-channel",
    "volume-month",
    "time-service",
    "time-institution",
    "time-channel",
    "time-month",
    "outcome-service",
    "outcome-institution",
    "outcome-channel",
    "outcome-month",
    "steps-total",
    "steps-service",
    "forecast-total",
    "forecast-service",
    "clause-3-1",
    "other-kinds",
    "readiness-requirement",
    "readiness-institution",
    "technology-group",
    "technology-institution",
    "condition-support",
    "quality-source",
    "quality-rule",
    "quality-institution",
    league::TABLE,
];

/// What the sections beside survey and performance are made with.
pub struct Pack<'a> {
    /// What is counted.
    pub facts: &'a Facts,
    /// Names of institutions and services.
    pub names: &'a Names,
    /// Code lists.
    pub lists: &'a CodeLists,
    /// How values are written.
    pub style: &'a Style<'a>,
    /// Weights and limits.
    pub settings: &'a ScoreSettings,
}

/// Sections that were made elsewhere.
pub struct Made {
    /// Section 1.
    pub survey: Vec<Section>,
    /// Section 3.
    pub performance: Vec<Section>,
}

/// What today is compared with.
pub struct Compared<'a> {
    /// The earlier numbers.
    pub previous: &'a Previous,
    /// Whether they are those of the survey's previous wave, and not of an earlier assessment.
    pub wave: bool,
}

impl Pack<'_> {
    /// All sections, in the order of the report.
    ///
    /// # Errors
    /// A frame lacks a column.
    pub fn sections(&self, made: Made, compared: Option<&Compared<'_>>) -> PolarsResult<Vec<Section>> {
        let grid = Grid { facts: self.facts, names: self.names, lists: self.lists, style: self.style };
        let mut sections = made.survey;
        sections.extend(coverage::sections(&grid)?);
        sections.extend(made.performance);
        sections.extend(readiness::sections(&grid)?);
        sections.extend(technology::sections(&grid)?);
        sections.extend(quality::sections(&grid)?);
        let mut scores = league::sections(&grid, self.settings)?;
        let all: Vec<Section> = sections.iter().chain(&scores).cloned().collect();
        if let Some(Compared { previous, wave }) = compared {
            let since = if *wave { "since-wave" } else { "since-assessment" };
            sections.extend(change::sections(&all, previous, since, self.style));
            if !wave {
                trend(&mut scores, previous, self.style);
            }
        }
        sections.extend(scores);
        Ok(sections)
    }
}

/// How scores changed, as a column of the league table.
fn trend(scores: &mut [Section], previous: &Previous, style: &Style<'_>) {
    for table in scores.iter_mut().flat_map(|section| &mut section.measures) {
        let Some(at) = table.columns.iter().position(|column| column.key == "score") else { continue };
        let label = style.texts.get("measure-trend", &[]);
        table.columns.insert(at + 1, Column { key: "trend".to_owned(), label });
        for row in &mut table.rows {
            let Some(score) = row.cells.get(at) else { continue };
            let tenths = |text: &str| text.replace('.', "").parse::<i64>().ok();
            let then = previous.value(&score.id).as_deref().and_then(tenths);
            let change = score.value.as_deref().and_then(tenths).zip(then).map(|(now, then)| now - then);
            let mut cell = style.number(change, 10, true);
            cell.id = format!("{}/{}/trend", table.id, row.key);
            row.cells.insert(at + 1, cell);
        }
    }
}

/// Ids that an analyst's text may have: figures of these questionnaires, their changes, and [`TABLES`].
pub fn ids<'a>(questionnaires: impl IntoIterator<Item = &'a Questionnaire>) -> Vec<String> {
    let figures = questionnaires.into_iter().flat_map(|questionnaire| &questionnaire.figures);
    let figures = figures.flat_map(|figure| [figure.id.clone(), format!("change-{}", figure.id)]);
    let mut ids: Vec<String> = figures.chain(TABLES.iter().map(|id| (*id).to_owned())).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// Puts an analyst's texts in the place of the drafted conclusions of their tables; gives the ids that no table has.
pub fn put(sections: &mut [Section], texts: &BTreeMap<String, String>) -> Vec<String> {
    let mut left: BTreeMap<&str, &String> = texts.iter().map(|(id, text)| (id.as_str(), text)).collect();
    for section in sections {
        for table in &mut section.tables {
            if let Some(text) = left.remove(table.id.as_str()) {
                (table.sentence, table.author) = (text.clone(), Author::Analyst);
            }
        }
        for table in &mut section.measures {
            if let Some(text) = left.remove(table.id.as_str()) {
                (table.sentence, table.author) = (Some(text.clone()), Author::Analyst);
            }
        }
    }
    left.into_keys().map(str::to_owned).collect()
}
