//! What each different answer text means. A text is read once, however many respondents wrote it.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::lexicon::{Lexicon, Mark, Piece};
use super::questionnaire::{FigureKind, Question, QuestionType, Questionnaire};
use super::report::RowKey;
use crate::codelist::CodeLists;
use crate::fold::fold;

/// Lexicons of a questionnaire's questions.
#[derive(Debug)]
pub(super) struct Reader {
    systems: Lexicon,
    options: BTreeMap<String, Lexicon>,
    yes_no: BTreeMap<String, &'static str>,
}

/// Spellings of yes and no, folded.
const YES: [&str; 7] = ["ja", "j", "yes", "y", "true", "1", "ir"];
const NO: [&str; 7] = ["ne", "n", "no", "false", "0", "nav", "aplams"];

impl Reader {
    /// Lexicons from the questionnaire and the code lists `systems` and `no_system_answers`.
    pub(super) fn new(questionnaire: &Questionnaire, codelists: &CodeLists) -> PolarsResult<Self> {
        let list = |name: &str| {
            codelists.get(name).ok_or_else(|| polars_err!(ComputeError: "there is no code list \"{name}\""))
        };
        let options = questionnaire.questions.iter().filter(|q| q.kind == QuestionType::Options);
        let mut yes_no: BTreeMap<String, &'static str> = BTreeMap::new();
        yes_no.extend(YES.map(|text| (text.to_owned(), "yes")));
        yes_no.extend(NO.map(|text| (text.to_owned(), "no")));
        for figure in questionnaire.figures.iter().filter(|f| f.kind == FigureKind::Choice) {
            let labels =
                [(&figure.yes_lv, "yes"), (&figure.yes_en, "yes"), (&figure.no_lv, "no"), (&figure.no_en, "no")];
            for (label, answer) in labels {
                if let Some(label) = label {
                    yes_no.entry(fold(label)).or_insert(answer);
                }
            }
        }
        Ok(Self {
            systems: Lexicon::systems(list("systems")?, list("no_system_answers")?),
            options: options.map(|q| (q.id.clone(), Lexicon::options(&q.options))).collect(),
            yes_no,
        })
    }

    /// Labels of the names nearest to one that is not known.
    pub(super) fn nearest(&self, question: &Question, text: &str) -> Vec<String> {
        match question.kind {
            QuestionType::Systems => self.systems.nearest(text, 3),
            QuestionType::Options => self.options.get(&question.id).map(|o| o.nearest(text, 3)).unwrap_or_default(),
            QuestionType::YesNo | QuestionType::Text => Vec::new(),
        }
    }

    fn read(&self, question: &Question, text: &str) -> Vec<Piece> {
        let whole = |key: String, mark| vec![Piece { text: text.to_owned(), key, mark }];
        match question.kind {
            QuestionType::Systems => self.systems.read(text),
            QuestionType::Options => self.options.get(&question.id).map(|o| o.read(text)).unwrap_or_default(),
            QuestionType::Text => whole(fold(text), Mark::Text),
            QuestionType::YesNo => {
                let answer = self.yes_no.get(&fold(text)).copied();
                whole(answer.unwrap_or(RowKey::Unclear.code()).to_owned(), Mark::Choice)
            }
        }
    }

    /// Reads the different texts: `texts` holds `question`, `text`; the result `question`, `text`, `mark`
    /// (see [`Mark::code`]), `key`, `piece`, all `String`, a row a piece. A text of separators alone (`;`) is a piece too.
    pub(super) fn readings(&self, questionnaire: &Questionnaire, texts: &DataFrame) -> PolarsResult<DataFrame> {
        let mut columns: [Vec<String>; 5] = Default::default();
        for (question, text) in texts.column("question")?.str()?.iter().zip(texts.column("text")?.str()?.iter()) {
            let (Some(id), Some(text)) = (question, text) else { continue };
            let Some(question) = questionnaire.question(id) else { continue };
            let mut pieces = self.read(question, text);
            if pieces.is_empty() {
                let mark = if question.kind == QuestionType::Systems { Mark::NoSystem } else { Mark::Unmatched };
                pieces.push(Piece { text: text.to_owned(), key: text.to_owned(), mark });
            }
            for piece in pieces {
                let cells = [id.to_owned(), text.to_owned(), piece.mark.code().to_owned(), piece.key, piece.text];
                for (column, cell) in columns.iter_mut().zip(cells) {
                    column.push(cell);
                }
            }
        }
        let height = columns[0].len();
        let names = ["question", "text", "mark", "key", "piece"];
        DataFrame::new(
            height,
            names.into_iter().zip(columns).map(|(name, cells)| Column::new(name.into(), cells)).collect(),
        )
    }
}
