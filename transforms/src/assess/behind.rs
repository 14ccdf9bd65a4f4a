//! Who and what stands behind a number of the survey: its selector run again over the answers.

use polars::prelude::*;

use super::count::{Counted, KIND, QUESTION, RESPONDENT, count};
use super::lexicon::Mark;
use super::questionnaire::{Figure, FigureKind, QuestionType, Questionnaire};
use super::reading::Reader;
use super::report::RowKey;
use crate::codelist::CodeLists;
use crate::texts::Texts;

/// What stands behind a number of the survey.
#[derive(Debug, Clone)]
pub struct Behind {
    /// Respondents: the number itself.
    pub number: u64,
    /// Their answers to the questions asked, a row an answer: `respondent`, `question`, `text`, `uid` (where the answers
    /// given have one); a respondent who did not answer has one row without question. By respondent and question.
    pub answers: DataFrame,
}

/// Runs a selector `survey_response?…` again. `parameters`: `question` or `figure`, `option`, maybe `institution_kind`; the
/// wave is the questionnaire's. None where they name nothing.
///
/// # Errors
/// As [`super::survey::assess`].
pub fn behind(
    answers: &DataFrame,
    institutions: &DataFrame,
    questionnaire: &Questionnaire,
    codelists: &CodeLists,
    texts: &Texts,
    parameters: &[(String, String)],
) -> PolarsResult<Option<Behind>> {
    let reader = Reader::new(questionnaire, codelists)?;
    let counted = count(answers, institutions, questionnaire, codelists, &reader, texts)?;
    let given = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let Some(option) = given("option") else { return Ok(None) };
    let (who, questions) = match (given("question"), given("figure")) {
        (Some(id), _) => {
            let Some(question) = questionnaire.question(id) else { return Ok(None) };
            (counted.who_answers(id, question.kind, option), vec![id.to_owned()])
        }
        (None, Some(id)) => {
            let Some(figure) = questionnaire.figures.iter().find(|figure| figure.id == id) else { return Ok(None) };
            let questions = figure.question.iter().chain(&figure.questions).cloned().collect();
            (counted.who_is_in(figure, option), questions)
        }
        (None, None) => return Ok(None),
    };
    let mut who = who.select([col(RESPONDENT)]).unique(None, UniqueKeepStrategy::Any);
    if let Some(kind) = given("institution_kind") {
        let Some(at) = counted.kinds.iter().position(|name| name.code == kind) else { return Ok(None) };
        let of_kind = counted.respondents.clone().lazy().filter(col(KIND).eq(lit(at as u32)));
        who = who.join(of_kind, [col(RESPONDENT)], [col(RESPONDENT)], JoinArgs::new(JoinType::Semi));
    }
    let who = who.collect()?;
    let asked = questions.iter().fold(lit(false), |any, id| any.or(col(QUESTION).eq(lit(id.as_str()))));
    let answered = counted.latest.clone().lazy().filter(asked.and(col("text").is_not_null()));
    let answers = who
        .clone()
        .lazy()
        .join(answered, [col(RESPONDENT)], [col(RESPONDENT)], JoinArgs::new(JoinType::Left))
        .drop(by_name(["submitted_at"], true, false))
        .sort([RESPONDENT, QUESTION], SortMultipleOptions::default())
        .collect()?;
    Ok(Some(Behind { number: who.height() as u64, answers }))
}

/// Every answer that counts, as it was read: `wave`, `respondent`, `institution_kind` (code), `question`, `option` (the
/// key of the row that it counts in; several rows where it names several, null where it counts in none), `text`. By
/// respondent, question and option.
///
/// # Errors
/// As [`super::survey::assess`].
pub fn answers(
    answers: &DataFrame,
    institutions: &DataFrame,
    questionnaire: &Questionnaire,
    codelists: &CodeLists,
    texts: &Texts,
) -> PolarsResult<DataFrame> {
    let reader = Reader::new(questionnaire, codelists)?;
    let counted = count(answers, institutions, questionnaire, codelists, &reader, texts)?;
    let on = [col(RESPONDENT), col(QUESTION)];
    let named =
        counted.read.lazy().filter(col("mark").eq(lit(Mark::Named.code())).or(col("mark").eq(lit(Mark::Text.code()))));
    let option = [on[0].clone(), on[1].clone(), col("key").alias("option")];
    let options = concat([counted.choices.lazy().select(option.clone()), named.select(option)], UnionArgs::default())?;
    let options = options.unique(None, UniqueKeepStrategy::Any);
    let codes: Vec<&str> = counted.kinds.iter().map(|kind| kind.code.as_str()).collect();
    let places: Vec<u32> = (0..codes.len() as u32).collect();
    let kinds = df!(KIND => places, "institution_kind" => codes)?.lazy();
    let kinds = counted.respondents.lazy().join(kinds, [col(KIND)], [col(KIND)], JoinArgs::new(JoinType::Left));
    let answered = counted.latest.lazy().filter(col("text").is_not_null());
    let answered = answered.join(options, on.clone(), on, JoinArgs::new(JoinType::Left));
    let answered = answered.join(kinds, [col(RESPONDENT)], [col(RESPONDENT)], JoinArgs::new(JoinType::Left));
    let columns =
        [lit(questionnaire.wave.as_str()).alias("wave"), col(RESPONDENT), col("institution_kind"), col(QUESTION)];
    answered
        .select([&columns[..], &[col("option"), col("text")]].concat())
        .sort([RESPONDENT, QUESTION, "option", "text"], SortMultipleOptions::default())
        .collect()
}

impl Counted {
    fn everybody(&self) -> LazyFrame {
        self.respondents.clone().lazy()
    }

    /// Pieces that answers to a question were read as.
    fn read_as(&self, question: &str, marks: &[Mark]) -> LazyFrame {
        let marked = marks.iter().fold(lit(false), |any, mark| any.or(col("mark").eq(lit(mark.code()))));
        self.read.clone().lazy().filter(col(QUESTION).eq(lit(question)).and(marked))
    }

    fn answers_to(&self, question: &str) -> LazyFrame {
        self.read.clone().lazy().filter(col(QUESTION).eq(lit(question)))
    }

    /// Respondents of a row of a question's table.
    fn who_answers(&self, question: &str, kind: QuestionType, option: &str) -> LazyFrame {
        let without = |whole: LazyFrame, part: LazyFrame| {
            whole.join(part, [col(RESPONDENT)], [col(RESPONDENT)], JoinArgs::new(JoinType::Anti))
        };
        let is_key = || col("key").eq(lit(option));
        if option == RowKey::None.code() {
            return without(self.everybody(), self.answers_to(question));
        }
        if kind == QuestionType::YesNo {
            return self.choices.clone().lazy().filter(col(QUESTION).eq(lit(question)).and(is_key()));
        }
        if option == RowKey::Unmatched.code() {
            return self.read_as(question, &[Mark::Unmatched]);
        }
        if option == RowKey::NoSystem.code() {
            return without(self.answers_to(question), self.read_as(question, &[Mark::Named, Mark::Unmatched]));
        }
        self.read_as(question, &[Mark::Named, Mark::Text]).filter(is_key())
    }

    /// Respondents of a row of a figure that is made of answers.
    fn who_is_in(&self, figure: &Figure, option: &str) -> LazyFrame {
        if figure.kind == FigureKind::UsesAny {
            let users = self.read_as(figure.question.as_deref().unwrap_or_default(), &[Mark::Named, Mark::Unmatched]);
            let how = if option == "yes" { JoinType::Semi } else { JoinType::Anti };
            return self.everybody().join(users, [col(RESPONDENT)], [col(RESPONDENT)], JoinArgs::new(how));
        }
        let mut frame = self.everybody();
        let name = |at: usize| format!("answer_{at}");
        for (at, question) in figure.questions.iter().enumerate() {
            let answers = self.choices.clone().lazy().filter(col(QUESTION).eq(lit(question.as_str())));
            let answers = answers.select([col(RESPONDENT), col("key").alias(name(at))]);
            frame = frame.join(answers, [col(RESPONDENT)], [col(RESPONDENT)], JoinArgs::new(JoinType::Left));
        }
        let fits = |key: &str| {
            let row = figure.rows.iter().find(|row| row.key == key);
            row.map_or_else(
                || lit(false),
                |row| {
                    row.when.iter().fold(lit(true), |all, (question, answer)| {
                        let at = figure.questions.iter().position(|id| id == question).unwrap_or_default();
                        all.and(col(name(at)).eq(lit(answer.code())).fill_null(lit(false)))
                    })
                },
            )
        };
        let in_no_row = figure.rows.iter().fold(lit(true), |none, row| none.and(fits(&row.key).not()));
        let any = |is: &dyn Fn(Expr) -> Expr| {
            (0..figure.questions.len()).fold(lit(false), |any, at| any.or(is(col(name(at)))))
        };
        let unanswered = || any(&|answer: Expr| answer.is_null());
        let unclear = || any(&|answer: Expr| answer.eq(lit(RowKey::Unclear.code())).fill_null(lit(false)));
        let wanted = if option == RowKey::None.code() {
            in_no_row.and(unanswered())
        } else if option == RowKey::Unclear.code() {
            in_no_row.and(unanswered().not()).and(unclear())
        } else if option == RowKey::Other.code() {
            in_no_row.and(unanswered().not()).and(unclear().not())
        } else {
            fits(option)
        };
        frame.filter(wanted)
    }
}
