//! The survey part of the assessment: a wave's answers counted and told.

use jiff::civil::Date;
use polars::prelude::*;

use super::count::{Counted, count};
use super::figures::Maker;
use super::lists;
use super::questionnaire::Questionnaire;
use super::reading::Reader;
use super::report::{List, Report, Section, percent, percent_text};
use crate::codelist::CodeLists;
use crate::finding::{Finding, REFERENCE};
use crate::texts::Texts;

/// What an assessment gives.
#[derive(Debug, Clone)]
pub struct Assessed {
    /// Sections of the report: an overview, one for each section of the questionnaire, and what an analyst should look at.
    pub sections: Vec<Section>,
    /// Respondents that the list of institutions does not hold, questions that the questionnaire does not hold.
    pub findings: Vec<Finding>,
    /// What respondents say that they use: `reg_no`, `purpose`, `uses`.
    pub uses: DataFrame,
}

/// Counts a survey wave.
///
/// `answers`: `wave`, `respondent_reg_no`, `question`, `option`, `value_raw`, `submitted_at` (UTC, ISO 8601), all
/// `String`; one row an answer (or, where a tool delivers them so, one row a chosen option). Rows of other waves are
/// left out. `institutions`: `reg_no`, `kind`, both `String`.
///
/// Each respondent's latest submission counts, as a whole. Percentages are of all respondents.
///
/// # Errors
/// A column that is missing, or the code lists `systems`, `no_system_answers` or `institution_kinds` missing.
pub fn assess(
    answers: &DataFrame,
    institutions: &DataFrame,
    questionnaire: &Questionnaire,
    codelists: &CodeLists,
    texts: &Texts,
) -> PolarsResult<Assessed> {
    let reader = Reader::new(questionnaire, codelists)?;
    let counted = count(answers, institutions, questionnaire, codelists, &reader, texts)?;
    let maker = Maker { questionnaire, counted: &counted, codelists, reader: &reader, texts };

    let mut sections = vec![overview(questionnaire, &counted, texts)];
    for definition in &questionnaire.sections {
        let figures = questionnaire.figures.iter().filter(|figure| figure.section == definition.id);
        let tables = figures.map(|figure| maker.table(figure)).collect::<PolarsResult<Vec<_>>>()?;
        sections.push(Section {
            id: definition.id.clone(),
            number: Some(definition.id.clone()),
            title: texts.language().of(&definition.title_lv, &definition.title_en).to_owned(),
            tables,
            ..Section::default()
        });
    }
    let tables: Vec<_> = sections.iter().flat_map(|section| &section.tables).collect();
    let review = lists::review(&tables, &counted, texts);
    sections.extend(review);
    let uses = counted.uses(questionnaire)?;
    Ok(Assessed { sections, findings: findings(questionnaire, &counted), uses })
}

/// The report of these sections.
pub fn report(as_of: Date, texts: &Texts, sections: Vec<Section>) -> Report {
    Report { title: texts.get("report-title", &[]), as_of: as_of.to_string(), language: texts.language(), sections }
}

/// When it was asked and who answered.
fn overview(questionnaire: &Questionnaire, counted: &Counted, texts: &Texts) -> Section {
    let n = counted.n.total();
    let respondents = texts.count("report-respondents", &[("count", n)]);
    let (opened, closed) = (date_text(&questionnaire.opened, texts), date_text(&questionnaire.closed, texts));
    let when = [("opened", opened.as_str()), ("closed", &closed), ("respondents", &respondents)];
    let mut paragraphs = vec![texts.get("report-survey-when", &when), texts.get("report-survey-counting", &[])];
    if counted.again > 0 {
        paragraphs.push(texts.get("report-survey-again", &[("count", &counted.again.to_string())]));
    }
    let kinds = counted.kinds.iter().enumerate().map(|(index, kind)| (kind, counted.n.of(index)));
    let row = |label: String, count: u64| {
        let share = percent_text(&percent(count, n), texts.language());
        vec![label, count.to_string(), share]
    };
    let mut rows: Vec<Vec<String>> =
        kinds.filter(|(_, count)| *count > 0).map(|(kind, count)| row(kind.label.clone(), count)).collect();
    rows.push(row(texts.get("report-total", &[]), n));
    let columns = ["report-kind", "report-respondents-header", "report-share-header"];
    Section {
        id: "survey".to_owned(),
        number: Some("1".to_owned()),
        title: texts.language().of(&questionnaire.title_lv, &questionnaire.title_en).to_owned(),
        paragraphs,
        lists: vec![List {
            id: "respondents".to_owned(),
            title: texts.get("report-respondents-title", &[]),
            note: String::new(),
            columns: columns.map(|id| texts.get(id, &[])).into(),
            rows,
        }],
        ..Section::default()
    }
}

/// A day as people write it: `2024. gada 17. jūnijs`, `17 June 2024`; a text that is no day stays as it is.
pub fn date_text(day: &str, texts: &Texts) -> String {
    let Ok(date) = day.parse::<Date>() else { return day.to_owned() };
    let month = texts.get("report-month", &[("month", &format!("m{:02}", date.month()))]);
    let (year, day) = (date.year().to_string(), date.day().to_string());
    texts.get("report-date", &[("year", &year), ("month", &month), ("day", &day)])
}

fn findings(questionnaire: &Questionnaire, counted: &Counted) -> Vec<Finding> {
    let respondents = counted.not_listed.iter().map(|reg_no| Finding {
        entity: "survey_response".to_owned(),
        record_key: Some(format!("{} {reg_no}", questionnaire.wave)),
        field: Some("respondent_reg_no".to_owned()),
        value: Some(reg_no.clone()),
        expected: Some("institution.reg_no".to_owned()),
        ..Finding::of(&REFERENCE)
    });
    let questions = counted.strange_questions.iter().map(|(id, _)| Finding {
        entity: "survey_response".to_owned(),
        record_key: Some(format!("{} {id}", questionnaire.wave)),
        field: Some("question".to_owned()),
        value: Some(id.clone()),
        expected: Some(format!("questionnaire {}", questionnaire.id)),
        hint: crate::fold::nearest(id, questionnaire.questions.iter().map(|q| q.id.as_str()), 1)
            .first()
            .map(|nearest| (*nearest).to_owned()),
        ..Finding::of(&REFERENCE)
    });
    respondents.chain(questions).collect()
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;
