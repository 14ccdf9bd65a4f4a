//! Tables with their figures, from what was counted.

use polars::prelude::PolarsResult;

use super::count::{Counted, Tally};
use super::lexicon::Mark;
use super::questionnaire::{CrossRow, Figure, FigureKind, Question, QuestionType, Questionnaire, YesNo};
use super::reading::Reader;
use super::report::{Author, ByKind, Chart, FollowUp, Kind, Listed, Row, RowKey, Table, Unmatched, percent, selector};
use super::sentence;
use crate::codelist::{CodeList, CodeLists};
use crate::fold::fold;
use crate::texts::{Language, Texts};

/// What tables are made from.
pub(super) struct Maker<'a> {
    pub(super) questionnaire: &'a Questionnaire,
    pub(super) counted: &'a Counted,
    pub(super) codelists: &'a CodeLists,
    pub(super) reader: &'a Reader,
    pub(super) texts: &'a Texts,
}

/// A row before it is shared out to the kinds.
struct Line {
    key: String,
    label: String,
    tally: Tally,
}

/// What the parameters of a row's selector begin with.
enum Subject<'a> {
    Question(&'a str),
    Figure(&'a str),
}

impl Maker<'_> {
    /// The table of a figure.
    pub(super) fn table(&self, figure: &Figure) -> PolarsResult<Table> {
        let language = self.texts.language();
        let question = figure.question.as_deref().and_then(|id| self.questionnaire.question(id));
        let question_id = question.map_or("", |q| q.id.as_str());
        let (lines, subject, chart) = match figure.kind {
            FigureKind::Choice => (self.choice(figure, question_id), Subject::Question(question_id), Chart::Share),
            FigureKind::UsesAny => (self.uses_any(figure, question_id), Subject::Figure(&figure.id), Chart::Share),
            FigureKind::Cross => (self.cross(figure)?, Subject::Figure(&figure.id), Chart::Share),
            FigureKind::Options | FigureKind::Systems => {
                (question.map(|q| self.ranking(q)).unwrap_or_default(), Subject::Question(question_id), Chart::Ranking)
            }
        };
        let title = language.of(&figure.title_lv, &figure.title_en);
        let number = figure.number.to_string();
        let rows = self.rows(&lines, &subject, None, self.n());
        let follow_up = figure.follow_up.as_deref().and_then(|id| self.questionnaire.question(id));
        // Figures that count users list nothing: the ranking of the same question does.
        let listed = question.filter(|_| figure.kind != FigureKind::UsesAny);
        Ok(Table {
            id: figure.id.clone(),
            number: figure.number,
            title: title.to_owned(),
            caption: self.texts.get("report-caption", &[("number", &number), ("title", title)]),
            question: self.question_text(figure),
            sentence: sentence::of(figure, &rows, self.n(), self.texts),
            author: Author::Draft,
            note: self.note(figure, question_id),
            chart,
            n: self.n(),
            by_kind: self.by_kind(&lines, &subject),
            rows,
            follow_up: follow_up.map(|q| self.follow_up(q)),
            unmatched: listed.map(|q| self.unmatched(q)).unwrap_or_default(),
            no_system: listed.map(|q| self.no_system(q)).unwrap_or_default(),
        })
    }

    fn n(&self) -> u64 {
        self.counted.n.total()
    }

    fn question_text(&self, figure: &Figure) -> String {
        let ids = figure.question.iter().chain(&figure.questions);
        let questions = ids.filter_map(|id| self.questionnaire.question(id));
        questions.map(|q| self.wording(q)).collect::<Vec<_>>().join(" ")
    }

    fn wording<'q>(&self, question: &'q Question) -> &'q str {
        self.texts.language().of(&question.text_lv, &question.text_en)
    }

    fn note(&self, figure: &Figure, question: &str) -> Option<String> {
        match figure.kind {
            FigureKind::Choice | FigureKind::Cross => None,
            FigureKind::Options => Some(self.texts.get("report-note-options", &[])),
            FigureKind::Systems => Some(self.texts.get("report-note-systems", &[])),
            FigureKind::UsesAny => {
                let silent = self.n() - self.counted.answered(question).total();
                let label = self.answer_label(figure, YesNo::No);
                let note = self.texts.get("report-note-uses-any", &[("no", &label), ("count", &silent.to_string())]);
                (silent > 0).then_some(note)
            }
        }
    }

    fn answer_label(&self, figure: &Figure, answer: YesNo) -> String {
        let (lv, en, id) = match answer {
            YesNo::Yes => (&figure.yes_lv, &figure.yes_en, "report-row-yes"),
            YesNo::No => (&figure.no_lv, &figure.no_en, "report-row-no"),
        };
        let own = if self.texts.language() == Language::Lv { lv } else { en };
        own.clone().unwrap_or_else(|| self.texts.get(id, &[]))
    }

    /// A remainder row, unless nobody is in it.
    fn remainder(&self, key: RowKey, text: &str, tally: Tally) -> Option<Line> {
        let label = self.texts.get(text, &[]);
        (tally.total() > 0).then(|| Line { key: key.code().to_owned(), label, tally })
    }

    fn no_answer(&self, question: &str) -> Option<Line> {
        let tally = self.counted.n.without(&self.counted.answered(question));
        self.remainder(RowKey::None, "report-row-none", tally)
    }

    fn choice(&self, figure: &Figure, question: &str) -> Vec<Line> {
        let answers = [YesNo::Yes, YesNo::No].map(|answer| Line {
            key: answer.code().to_owned(),
            label: self.answer_label(figure, answer),
            tally: self.counted.row(question, answer.code()),
        });
        let unclear = self.counted.row(question, RowKey::Unclear.code());
        let unclear = self.remainder(RowKey::Unclear, "report-row-unclear", unclear);
        answers.into_iter().chain(unclear).chain(self.no_answer(question)).collect()
    }

    /// Who names no system does not use one; that holds for the unanswered question too.
    fn uses_any(&self, figure: &Figure, question: &str) -> Vec<Line> {
        let users = self.counted.users(question);
        let others = self.counted.n.without(&users);
        [(YesNo::Yes, users), (YesNo::No, others)]
            .map(|(answer, tally)| Line {
                key: answer.code().to_owned(),
                label: self.answer_label(figure, answer),
                tally,
            })
            .into()
    }

    fn cross(&self, figure: &Figure) -> PolarsResult<Vec<Line>> {
        let language = self.texts.language();
        let mut lines: Vec<Line> = figure
            .rows
            .iter()
            .map(|row| Line {
                key: row.key.clone(),
                label: language.of(&row.label_lv, &row.label_en).to_owned(),
                tally: Tally::default(),
            })
            .collect();
        let (mut none, mut unclear, mut other) = (Tally::default(), Tally::default(), Tally::default());
        for (answers, tally) in self.counted.cross(&figure.questions)? {
            let fits = |row: &CrossRow| {
                row.when.iter().all(|(question, answer)| {
                    let at = figure.questions.iter().position(|id| id == question);
                    at.and_then(|at| answers.get(at)).is_some_and(|given| given.as_deref() == Some(answer.code()))
                })
            };
            let place = match figure.rows.iter().position(fits) {
                Some(at) => &mut lines[at].tally,
                None if answers.iter().any(Option::is_none) => &mut none,
                None if answers.iter().flatten().any(|key| key == RowKey::Unclear.code()) => &mut unclear,
                None => &mut other,
            };
            *place = place.with(&tally);
        }
        lines.extend(self.remainder(RowKey::Other, "report-row-other", other));
        lines.extend(self.remainder(RowKey::Unclear, "report-row-unclear", unclear));
        lines.extend(self.remainder(RowKey::None, "report-row-none", none));
        Ok(lines)
    }

    /// Known names by the number of respondents, then by label; below them what is not known, and who names nothing.
    fn ranking(&self, question: &Question) -> Vec<Line> {
        let id = question.id.as_str();
        let language = self.texts.language();
        let mut lines: Vec<Line> = match question.kind {
            QuestionType::Options => question
                .options
                .iter()
                .map(|option| Line {
                    key: option.code.clone(),
                    label: language.of(&option.label_lv, &option.label_en).to_owned(),
                    tally: self.counted.row(id, &option.code),
                })
                .collect(),
            QuestionType::Systems => {
                let systems = self.codelists.get("systems");
                let label = |key: &str| system_label(systems, key, language);
                let rows = self.counted.rows_of(id);
                rows.map(|(key, tally)| Line { key: key.to_owned(), label: label(key), tally: tally.clone() }).collect()
            }
            QuestionType::YesNo => Vec::new(),
            QuestionType::Text => {
                let spelled = self.counted.pieces(id, Mark::Text).into_iter();
                spelled.map(|(key, label, _)| Line { tally: self.counted.row(id, &key), key, label }).collect()
            }
        };
        lines.sort_by_cached_key(|line| (u64::MAX - line.tally.total(), fold(&line.label), line.label.clone()));
        let unmatched = self.counted.mark(id, Mark::Unmatched);
        let unmatched_label = match question.kind {
            QuestionType::Systems => "report-row-unmatched",
            _ => "report-row-unmatched-options",
        };
        lines.extend(self.remainder(RowKey::Unmatched, unmatched_label, unmatched));
        if question.kind == QuestionType::Systems {
            let nothing = self.counted.answered(id).without(&self.counted.users(id));
            lines.extend(self.remainder(RowKey::NoSystem, "report-row-no-system", nothing));
        }
        lines.extend(self.no_answer(id));
        lines
    }

    fn follow_up(&self, question: &Question) -> FollowUp {
        let lines = self.ranking(question);
        FollowUp {
            id: question.id.clone(),
            question: self.wording(question).to_owned(),
            n: self.n(),
            rows: self.rows(&lines, &Subject::Question(&question.id), None, self.n()),
            unmatched: self.unmatched(question),
            no_system: self.no_system(question),
        }
    }

    fn unmatched(&self, question: &Question) -> Vec<Unmatched> {
        let pieces = match question.kind {
            QuestionType::YesNo => {
                let mut pieces = self.counted.pieces(&question.id, Mark::Choice);
                pieces.retain(|(key, ..)| key == RowKey::Unclear.code());
                pieces
            }
            _ => self.counted.pieces(&question.id, Mark::Unmatched),
        };
        let told = pieces.into_iter().map(|(_, text, count)| {
            let nearest = self.reader.nearest(question, &text);
            Unmatched { text, count, nearest }
        });
        told.collect()
    }

    fn no_system(&self, question: &Question) -> Vec<Listed> {
        let pieces = self.counted.pieces(&question.id, Mark::NoSystem);
        pieces.into_iter().map(|(_, text, count)| Listed { text, count }).collect()
    }

    fn rows(&self, lines: &[Line], subject: &Subject<'_>, kind: Option<usize>, n: u64) -> Vec<Row> {
        let row = |line: &Line| {
            let count = kind.map_or_else(|| line.tally.total(), |kind| line.tally.of(kind));
            let mut parameters = vec![("wave", self.questionnaire.wave.as_str())];
            parameters.push(match subject {
                Subject::Question(id) => ("question", id),
                Subject::Figure(id) => ("figure", id),
            });
            parameters.push(("option", &line.key));
            if let Some(name) = kind.and_then(|kind| self.counted.kinds.get(kind)) {
                parameters.push(("institution_kind", &name.code));
            }
            Row {
                key: line.key.clone(),
                label: line.label.clone(),
                count,
                percent: percent(count, n),
                select: selector("survey_response", &parameters),
            }
        };
        lines.iter().map(row).collect()
    }

    fn by_kind(&self, lines: &[Line], subject: &Subject<'_>) -> ByKind {
        let kinds = self.counted.kinds.iter().enumerate().map(|(index, name)| {
            let n = self.counted.n.of(index);
            (name.clone(), Kind { n, rows: self.rows(lines, subject, Some(index), n) })
        });
        ByKind(kinds.filter(|(_, kind)| kind.n > 0).collect())
    }
}

fn system_label(systems: Option<&CodeList>, key: &str, language: Language) -> String {
    let code = systems.and_then(|list| list.get(key));
    code.map_or_else(|| key.to_owned(), |code| language.of(&code.label_lv, &code.label_en).to_owned())
}
