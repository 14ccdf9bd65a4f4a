//! What stands on the pages: every text as it is printed, numbered, in order. The template only lays it out.

use serde::Serialize;
use vienkop_transforms::assess::report::{Author, FollowUp, Report, Section, Table as Survey};
use vienkop_transforms::assess::survey::date_text;
use vienkop_transforms::texts::Texts;

use super::chart::{self, Figure};
use super::letters::Letters;
use super::table::{self, Table};
use crate::config::ReportFormat;

/// The whole document.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    language: &'static str,
    title: String,
    /// The day.
    as_of: String,
    /// What it is made from.
    about: String,
    /// What must be said before anything else.
    marks: Vec<String>,
    /// Title of the contents.
    contents: String,
    /// Titles of the lists of figures and tables.
    figures: String,
    tables: String,
    sections: Vec<Part>,
}

/// A section.
#[derive(Debug, Serialize)]
struct Part {
    /// 1 at the top.
    level: usize,
    heading: String,
    blocks: Vec<Block>,
}

/// What stands below a heading.
#[derive(Debug, Serialize)]
#[serde(tag = "is", rename_all = "lowercase")]
enum Block {
    /// A paragraph; `look` is one of those that the template knows.
    Text {
        look: Look,
        text: String,
    },
    Figure(Figure),
    Table(Table),
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Look {
    Plain,
    /// A question of the survey.
    Question,
    /// How was counted.
    Note,
    /// What nobody may miss.
    Mark,
}

/// Puts the pages together; `formats` are the forms beside this one.
pub(super) fn document(report: &Report, texts: &Texts, formats: &[ReportFormat], letters: &Letters) -> Document {
    let tables = report.sections.iter().flat_map(|section| &section.tables);
    let mut writer =
        Writer { texts, formats, letters, tables: 0, figures: tables.map(|table| table.number).max().unwrap_or(0) };
    let marks = report.sections.iter().filter_map(|section| {
        let mark = section.measures.iter().find_map(|table| table.mark.as_ref())?;
        Some(letters.shown(&format!("{}: {mark}", heading(section))))
    });
    Document {
        language: report.language.code(),
        title: letters.shown(&report.title),
        as_of: texts.get("report-as-of", &[("date", &date_text(&report.as_of, texts))]),
        about: texts.get("report-pdf-about", &[]),
        marks: marks.collect(),
        contents: texts.get("report-contents", &[]),
        figures: texts.get("report-pdf-figures", &[]),
        tables: texts.get("report-pdf-tables", &[]),
        sections: report.sections.iter().map(|section| writer.part(section)).collect(),
    }
}

/// `1.1. Title`.
fn heading(section: &Section) -> String {
    let number = section.number.as_ref().map(|number| format!("{number}. "));
    format!("{}{}", number.unwrap_or_default(), section.title)
}

/// Counts figures and tables while it goes through the report.
pub(super) struct Writer<'a> {
    pub(super) texts: &'a Texts,
    pub(super) formats: &'a [ReportFormat],
    pub(super) letters: &'a Letters,
    tables: u32,
    figures: u32,
}

impl Writer<'_> {
    fn part(&mut self, section: &Section) -> Part {
        let mut blocks: Vec<Block> = Vec::new();
        // What stands framed above a table is not said twice.
        let marks = |text: &&String| section.measures.iter().any(|table| table.mark.as_ref() == Some(*text));
        for paragraph in section.paragraphs.iter().filter(|text| !marks(text)) {
            blocks.extend(self.text(Look::Plain, Some(paragraph)));
        }
        for survey in &section.tables {
            self.survey(survey, &mut blocks);
        }
        for measures in &section.measures {
            blocks.extend(self.text(Look::Mark, measures.mark.as_ref()));
            blocks.extend(self.conclusion(measures.sentence.as_deref(), measures.author));
            blocks.extend(self.text(Look::Note, measures.note.as_ref()));
            if let Some(drawn) = chart::measures(self, measures) {
                // Of one column only that one is drawn, and nothing else in the figure names it.
                let columns = measures.drawn.iter().flat_map(|drawn| &drawn.columns);
                let named: Vec<&str> =
                    columns.filter_map(|at| Some(measures.columns.get(*at)?.label.as_str())).collect();
                let caption = match named[..] {
                    [one] => self.figure_caption(&format!("{}: {one}", measures.title)),
                    _ => self.figure_caption(&measures.title),
                };
                blocks.push(Block::Figure(drawn.titled(caption)));
            }
            blocks.push(Block::Table(table::measures(self, measures)));
        }
        for list in &section.lists {
            blocks.push(Block::Table(table::list(self, list)));
            blocks.extend(self.text(Look::Note, Some(&list.note)));
        }
        let depth = section.number.as_deref().map_or(0, |number| number.matches('.').count());
        Part { level: depth + 1, heading: self.letters.shown(&heading(section)), blocks }
    }

    /// A figure of the survey: its conclusion, question and chart, the numbers by kind of institution, the question that
    /// asks for more.
    fn survey(&mut self, survey: &Survey, blocks: &mut Vec<Block>) {
        blocks.extend(self.conclusion(Some(&survey.sentence), survey.author));
        blocks.extend(self.text(Look::Question, Some(&survey.question)));
        if let Some(drawn) = chart::survey(self, survey) {
            blocks.push(Block::Figure(drawn.titled(self.letters.shown(&survey.caption))));
        }
        blocks.extend(self.text(Look::Note, survey.note.as_ref()));
        blocks.push(Block::Table(table::survey(self, survey)));
        if let Some(FollowUp { question, n, rows, .. }) = &survey.follow_up {
            let title = format!("{}: {question}", self.texts.get("report-follow-up", &[]));
            blocks.push(Block::Table(table::follow_up(self, &title, *n, rows)));
        }
    }

    fn text(&self, look: Look, text: Option<&String>) -> Option<Block> {
        let text = text.filter(|text| !text.is_empty())?;
        Some(Block::Text { look, text: self.letters.shown(text) })
    }

    /// A conclusion; an analyst's own is marked as such.
    fn conclusion(&self, sentence: Option<&str>, author: Author) -> Option<Block> {
        let mark = match author {
            Author::Draft => String::new(),
            Author::Analyst => format!(" ({})", self.texts.get("report-analyst", &[])),
        };
        self.text(Look::Plain, Some(&format!("{}{mark}", sentence?)))
    }

    fn figure_caption(&mut self, title: &str) -> String {
        self.figures += 1;
        self.letters
            .shown(&self.texts.get("report-caption", &[("number", &self.figures.to_string()), ("title", title)]))
    }

    pub(super) fn table_caption(&mut self, title: &str) -> String {
        self.tables += 1;
        self.letters
            .shown(&self.texts.get("report-pdf-table", &[("number", &self.tables.to_string()), ("title", title)]))
    }
}
