//! A survey wave: its questions, and the figures made of them (`config/questionnaires/<id>.toml`).

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The questionnaire of one survey wave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Questionnaire {
    /// Id; the name of the file.
    pub id: String,
    /// Value of `survey_response.wave` that belongs to it.
    pub wave: String,
    /// Title in Latvian.
    pub title_lv: String,
    /// Title in English.
    pub title_en: String,
    /// First day on which answers were taken, `2024-06-17`.
    pub opened: String,
    /// Last day on which answers were taken.
    pub closed: String,
    /// Sections of the report, in its order.
    #[serde(rename = "section")]
    pub sections: Vec<SectionDef>,
    /// Questions.
    #[serde(rename = "question")]
    pub questions: Vec<Question>,
    /// Tables and figures, in the order of the report.
    #[serde(rename = "figure")]
    pub figures: Vec<Figure>,
}

/// A section of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SectionDef {
    /// Number that stands before the title: `1.1`.
    pub id: String,
    /// Title in Latvian.
    pub title_lv: String,
    /// Title in English.
    pub title_en: String,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Id, as stored in `survey_response.question`.
    pub id: String,
    /// Wording in Latvian.
    pub text_lv: String,
    /// Wording in English.
    pub text_en: String,
    /// Other wordings, as survey tools print them in headers.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What an answer is.
    #[serde(rename = "type")]
    pub kind: QuestionType,
    /// What the systems named serve (code list `purposes`).
    pub purpose: Option<String>,
    /// Answers to choose from, for type `options`.
    #[serde(default, rename = "option")]
    pub options: Vec<AnswerOption>,
}

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QuestionType {
    /// Yes or no.
    YesNo,
    /// Several of the question's options.
    Options,
    /// Names of systems in free text.
    Systems,
    /// Free text.
    Text,
}

/// An answer to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerOption {
    /// Code; the key of its row.
    pub code: String,
    /// Wording in Latvian.
    pub label_lv: String,
    /// Wording in English.
    pub label_en: String,
    /// Other wordings.
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// What a figure shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FigureKind {
    /// Yes and no of a yes/no question.
    Choice,
    /// Ranking of the options chosen.
    Options,
    /// Ranking of the systems named.
    Systems,
    /// Several yes/no questions taken together.
    Cross,
    /// Who names at least one system, and who none.
    UsesAny,
}

/// A table with its figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Id, section and number: `1.1-6`.
    pub id: String,
    /// Section that it stands in.
    pub section: String,
    /// Number of the figure.
    pub number: u32,
    /// Title in Latvian.
    pub title_lv: String,
    /// Title in English.
    pub title_en: String,
    /// What it shows.
    pub kind: FigureKind,
    /// The question; every kind but `cross`.
    pub question: Option<String>,
    /// The yes/no questions of a `cross`.
    #[serde(default)]
    pub questions: Vec<String>,
    /// Question that asks for more (which, with what); listed below the table.
    pub follow_up: Option<String>,
    /// Label of "yes" in Latvian (default `Jā`).
    pub yes_lv: Option<String>,
    /// Label of "no" in Latvian (default `Nē`).
    pub no_lv: Option<String>,
    /// Label of "yes" in English (default `Yes`).
    pub yes_en: Option<String>,
    /// Label of "no" in English (default `No`).
    pub no_en: Option<String>,
    /// What those who say yes do, in Latvian, so that "Lielākā daļa respondentu ..." can go on with it:
    /// `reģistrē savus pakalpojumus VIRSIS`. Without it the sentence speaks of the answer.
    pub predicate_lv: Option<String>,
    /// The same in English, in the plural: `register their services in VIRSIS`.
    pub predicate_en: Option<String>,
    /// Rows of a `cross`; their labels say what the respondents of the row do.
    #[serde(default, rename = "row")]
    pub rows: Vec<CrossRow>,
}

/// A row of a figure that takes several questions together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossRow {
    /// Key of the row.
    pub key: String,
    /// Label in Latvian.
    pub label_lv: String,
    /// Label in English.
    pub label_en: String,
    /// Question -> answer; a question left out may have any answer.
    pub when: BTreeMap<String, YesNo>,
}

/// An answer to a yes/no question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum YesNo {
    /// Yes.
    Yes,
    /// No.
    No,
}

impl YesNo {
    /// `yes` or `no`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
        }
    }
}

/// What is wrong with a questionnaire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Two things of one kind with the same id.
    #[error("{what} \"{id}\" stands twice")]
    Twice {
        /// What it is: `section`, `question`, `option`, `figure`, `row`.
        what: &'static str,
        /// The id.
        id: String,
    },
    /// A reference to something that is not there.
    #[error("{from}: no {what} \"{id}\"{}", nearest.as_ref().map(|n| format!("; the nearest is \"{n}\"")).unwrap_or_default())]
    Unknown {
        /// Where the reference stands.
        from: String,
        /// What it refers to.
        what: &'static str,
        /// The id that is not known.
        id: String,
        /// The nearest known id.
        nearest: Option<String>,
    },
    /// A figure that does not fit its question or lacks what its kind needs.
    #[error("figure \"{figure}\": {needs}")]
    Unfit {
        /// The figure.
        figure: String,
        /// What it needs.
        needs: &'static str,
    },
    /// One set of answers fits two rows.
    #[error("figure \"{figure}\": rows \"{first}\" and \"{second}\" overlap")]
    Overlap {
        /// The figure.
        figure: String,
        /// A row.
        first: String,
        /// The other row.
        second: String,
    },
    /// A day that is none.
    #[error("{field}: \"{value}\" is not a day written as 2024-06-17")]
    Day {
        /// `opened` or `closed`.
        field: &'static str,
        /// The value.
        value: String,
    },
}

impl Questionnaire {
    /// The question with this id.
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|q| q.id == id)
    }

    /// Every wording of every question: what headers of survey tools are matched with.
    pub fn wordings(&self) -> Vec<(String, Vec<String>)> {
        let of = |q: &Question| [q.text_lv.clone(), q.text_en.clone()].into_iter().chain(q.aliases.clone()).collect();
        self.questions.iter().map(|q| (q.id.clone(), of(q))).collect()
    }

    /// Everything that is wrong, not the first only.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (field, value) in [("opened", &self.opened), ("closed", &self.closed)] {
            if value.parse::<jiff::civil::Date>().is_err() {
                problems.push(Problem::Day { field, value: value.clone() });
            }
        }
        twice("section", self.sections.iter().map(|s| s.id.as_str()), &mut problems);
        twice("question", self.questions.iter().map(|q| q.id.as_str()), &mut problems);
        twice("figure", self.figures.iter().map(|f| f.id.as_str()), &mut problems);
        for question in &self.questions {
            twice("option", question.options.iter().map(|o| o.code.as_str()), &mut problems);
        }
        for figure in &self.figures {
            self.check_figure(figure, &mut problems);
        }
        problems
    }

    fn check_figure(&self, figure: &Figure, problems: &mut Vec<Problem>) {
        let from = format!("figure \"{}\"", figure.id);
        if !self.sections.iter().any(|s| s.id == figure.section) {
            let known = self.sections.iter().map(|s| s.id.as_str());
            problems.push(unknown(&from, "section", &figure.section, known));
        }
        let asked = figure.question.iter().chain(&figure.questions).chain(&figure.follow_up);
        let conditions = figure.rows.iter().flat_map(|row| row.when.keys());
        for id in asked.chain(conditions).collect::<BTreeSet<_>>() {
            if self.question(id).is_none() {
                let known = self.questions.iter().map(|q| q.id.as_str());
                problems.push(unknown(&from, "question", id, known));
            }
        }
        let mut unfit = |needs| problems.push(Problem::Unfit { figure: figure.id.clone(), needs });
        let type_of = |id: &String| self.question(id).map(|q| q.kind);
        let wanted = match figure.kind {
            FigureKind::Choice => (QuestionType::YesNo, "this kind needs a question of type yes-no"),
            FigureKind::Options => (QuestionType::Options, "this kind needs a question of type options"),
            FigureKind::Systems | FigureKind::UsesAny => {
                (QuestionType::Systems, "this kind needs a question of type systems")
            }
            FigureKind::Cross => (QuestionType::YesNo, "all questions of a cross are of type yes-no"),
        };
        if figure.kind == FigureKind::Cross {
            if figure.questions.is_empty() || figure.rows.is_empty() {
                unfit("a cross needs questions and rows");
            }
            if figure.rows.iter().flat_map(|row| row.when.keys()).any(|id| !figure.questions.contains(id)) {
                unfit("a row's condition names a question that is not among the questions of the figure");
            }
            if figure.questions.iter().filter_map(type_of).any(|kind| kind != wanted.0) {
                unfit(wanted.1);
            }
        } else {
            match &figure.question {
                None => unfit("this kind needs a question"),
                Some(id) if type_of(id).is_some_and(|kind| kind != wanted.0) => unfit(wanted.1),
                Some(_) => {}
            }
        }
        if figure.follow_up.as_ref().and_then(type_of).is_some_and(|kind| kind == QuestionType::YesNo) {
            unfit("a follow-up is of type systems, options or text");
        }
        twice("row", figure.rows.iter().map(|r| r.key.as_str()), problems);
        for (index, first) in figure.rows.iter().enumerate() {
            for second in &figure.rows[index + 1..] {
                let apart = first.when.iter().any(|(q, a)| second.when.get(q).is_some_and(|other| other != a));
                if !apart {
                    let (first, second) = (first.key.clone(), second.key.clone());
                    problems.push(Problem::Overlap { figure: figure.id.clone(), first, second });
                }
            }
        }
    }
}

fn twice<'a>(what: &'static str, ids: impl Iterator<Item = &'a str>, problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            problems.push(Problem::Twice { what, id: id.to_owned() });
        }
    }
}

fn unknown<'a>(from: &str, what: &'static str, id: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let nearest = crate::fold::nearest(id, known, 1).first().map(|n| (*n).to_owned());
    Problem::Unknown { from: from.to_owned(), what, id: id.to_owned(), nearest }
}
