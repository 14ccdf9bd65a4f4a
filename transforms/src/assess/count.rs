//! How many respondents stand behind each row, by institution kind. Set-based; no loop over the answers.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::lexicon::Mark;
use super::questionnaire::{QuestionType, Questionnaire};
use super::reading::Reader;
use super::report::{KindName, RowKey};
use crate::codelist::CodeLists;
use crate::texts::Texts;

/// Respondents by institution kind, in the order of [`Counted::kinds`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally(Vec<u64>);

impl Tally {
    /// All respondents.
    pub(super) fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Those of one kind.
    pub(super) fn of(&self, kind: usize) -> u64 {
        self.0.get(kind).copied().unwrap_or(0)
    }

    /// The whole without the respondents of another tally, who are all part of it.
    pub(super) fn without(&self, part: &Self) -> Self {
        Self((0..self.0.len().max(part.0.len())).map(|kind| self.of(kind).saturating_sub(part.of(kind))).collect())
    }

    /// Both together.
    pub(super) fn with(&self, other: &Self) -> Self {
        Self((0..self.0.len().max(other.0.len())).map(|kind| self.of(kind) + other.of(kind)).collect())
    }

    fn add(&mut self, kind: usize, count: u64) {
        if self.0.len() <= kind {
            self.0.resize(kind + 1, 0);
        }
        self.0[kind] += count;
    }
}

type Tallies = BTreeMap<Vec<Option<String>>, Tally>;

/// What was counted.
#[derive(Debug)]
pub(super) struct Counted {
    /// Institution kinds in the order of the code list, `nezināms` last.
    pub(super) kinds: Vec<KindName>,
    /// Respondents.
    pub(super) n: Tally,
    /// Respondents who answered more than once.
    pub(super) again: u64,
    /// Respondents that the list of institutions does not hold.
    pub(super) not_listed: Vec<String>,
    /// Questions that the questionnaire does not hold, with the respondents who answer them.
    pub(super) strange_questions: Vec<(String, u64)>,
    rows: Tallies,
    marks: Tallies,
    answered: Tallies,
    users: Tallies,
    keys: Tallies,
    pieces: Tallies,
    /// `respondent`, `kind` (place among the kinds).
    pub(super) respondents: DataFrame,
    /// Answers to yes/no questions: `respondent`, `kind`, `question`, `key`.
    pub(super) choices: DataFrame,
    /// What answers were read as, a row a piece: `respondent`, `kind`, `question`, `text`, `mark`, `key`, `piece`.
    pub(super) read: DataFrame,
    /// Answers that count: `respondent`, `question`, `text`, `submitted_at`, and `uid` where the answers have it.
    pub(super) latest: DataFrame,
}

pub(super) const RESPONDENT: &str = "respondent";
pub(super) const QUESTION: &str = "question";
pub(super) const KIND: &str = "kind";

/// Key of respondents that the list of institutions does not hold.
pub(super) const KIND_UNKNOWN: &str = "nezināms";

/// Counts a wave; shapes of `answers` and `institutions` as [`super::survey::assess`] describes.
pub(super) fn count(
    answers: &DataFrame,
    institutions: &DataFrame,
    questionnaire: &Questionnaire,
    codelists: &CodeLists,
    reader: &Reader,
    texts: &Texts,
) -> PolarsResult<Counted> {
    let wave = of_wave(answers, &questionnaire.wave)?;
    let again = wave
        .clone()
        .lazy()
        .group_by([col(RESPONDENT)])
        .agg([col("submitted_at").n_unique().alias("times")])
        .filter(col("times").gt(lit(1)))
        .collect()?
        .height() as u64;
    let (kinds, kind_index) = kinds(institutions, codelists, texts)?;
    let respondents = respondents(&wave, institutions, kind_index, kinds.len() - 1)?;
    let not_listed =
        respondents.clone().lazy().filter(col("listed").not()).sort([RESPONDENT], SortMultipleOptions::default());
    let not_listed = texts_of(&not_listed.collect()?, RESPONDENT)?;
    let respondents = respondents.select([RESPONDENT, KIND])?;

    let latest = latest(&wave)?;
    let answered = latest.clone().lazy().filter(col("text").is_not_null());
    let different =
        answered.clone().select([col(QUESTION), col("text")]).unique(None, UniqueKeepStrategy::Any).collect()?;
    let readings = reader.readings(questionnaire, &different)?;
    let answered = answered
        .select([col(RESPONDENT), col(QUESTION), col("text")])
        .join(respondents.clone().lazy(), [col(RESPONDENT)], [col(RESPONDENT)], JoinArgs::new(JoinType::Inner))
        .collect()?
        .lazy();
    let on = [col(QUESTION), col("text")];
    let read = answered.clone().join(readings.lazy(), on.clone(), on, JoinArgs::new(JoinType::Inner)).collect()?;
    let marks = read.clone().lazy();
    let marked = |mark: Mark| col("mark").eq(lit(mark.code()));

    // Two answers to one question in one submission that do not agree are neither yes nor no.
    let choices = marks
        .clone()
        .filter(marked(Mark::Choice))
        .group_by([col(RESPONDENT), col(KIND), col(QUESTION)])
        .agg([col("key").min(), col("key").n_unique().alias("different")])
        .with_column(
            when(col("different").gt(lit(1))).then(lit(RowKey::Unclear.code())).otherwise(col("key")).alias("key"),
        )
        .select([col(RESPONDENT), col(KIND), col(QUESTION), col("key")])
        .collect()?;
    let others = marks.clone().filter(marked(Mark::Choice).not());
    let mut rows = tallies(others.clone().filter(marked(Mark::Named).or(marked(Mark::Text))), &[QUESTION, "key"])?;
    rows.extend(tallies(choices.clone().lazy(), &[QUESTION, "key"])?);

    let known = questionnaire.questions.iter().map(|q| q.id.as_str());
    let strange = tallies(answered.clone(), &[QUESTION])?;
    let strange = strange.iter().filter_map(|(id, tally)| Some((id.first()?.clone()?, tally.total())));
    let known: Vec<&str> = known.collect();
    Ok(Counted {
        n: tallies(respondents.clone().lazy(), &[])?.remove(&Vec::new()).unwrap_or_default(),
        again,
        not_listed,
        strange_questions: strange.filter(|(id, _)| !known.contains(&id.as_str())).collect(),
        rows,
        marks: tallies(marks.clone(), &[QUESTION, "mark"])?,
        answered: tallies(answered, &[QUESTION])?,
        users: tallies(marks.clone().filter(marked(Mark::Named).or(marked(Mark::Unmatched))), &[QUESTION])?,
        keys: tallies(marks.clone().filter(marked(Mark::Named).not()), &[QUESTION, "mark", "key"])?,
        pieces: tallies(marks.filter(marked(Mark::Named).not()), &[QUESTION, "mark", "key", "piece"])?,
        kinds,
        respondents,
        choices,
        read,
        latest,
    })
}

impl Counted {
    /// Respondents whose answer to a question has this key.
    pub(super) fn row(&self, question: &str, key: &str) -> Tally {
        find(&self.rows, &[question, key])
    }

    /// Keys of a question's known answers with their tallies.
    pub(super) fn rows_of<'a>(&'a self, question: &'a str) -> impl Iterator<Item = (&'a str, &'a Tally)> {
        self.rows.iter().filter_map(move |(key, tally)| match key.as_slice() {
            [Some(of), Some(key)] if of == question => Some((key.as_str(), tally)),
            _ => None,
        })
    }

    /// Respondents with at least one piece of this mark.
    pub(super) fn mark(&self, question: &str, mark: Mark) -> Tally {
        find(&self.marks, &[question, mark.code()])
    }

    /// Respondents who answered.
    pub(super) fn answered(&self, question: &str) -> Tally {
        find(&self.answered, &[question])
    }

    /// Respondents who name at least one system (or option), known or not.
    pub(super) fn users(&self, question: &str) -> Tally {
        find(&self.users, &[question])
    }

    /// Pieces of a mark: key, the spelling that most use, respondents; the most frequent first.
    pub(super) fn pieces(&self, question: &str, mark: Mark) -> Vec<(String, String, u64)> {
        let mut by_key: BTreeMap<&str, (&str, u64)> = BTreeMap::new();
        for (key, tally) in &self.pieces {
            let [Some(of), Some(of_mark), Some(key), Some(piece)] = key.as_slice() else { continue };
            if of == question && of_mark == mark.code() {
                let spelling = by_key.entry(key).or_insert((piece, 0));
                if tally.total() > spelling.1 {
                    *spelling = (piece, tally.total());
                }
            }
        }
        let respondents = |key: &str| find(&self.keys, &[question, mark.code(), key]).total();
        let named = by_key.into_iter().map(|(key, (piece, _))| (key.to_owned(), piece.to_owned(), respondents(key)));
        let mut found: Vec<_> = named.collect();
        found.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
        found
    }

    /// Answers to several yes/no questions together -> respondents; null where one was not answered.
    pub(super) fn cross(&self, questions: &[String]) -> PolarsResult<Vec<(Vec<Option<String>>, Tally)>> {
        let mut frame = self.respondents.clone().lazy();
        let names: Vec<String> = (0..questions.len()).map(|index| format!("answer_{index}")).collect();
        for (question, name) in questions.iter().zip(&names) {
            let answers = self.choices.clone().lazy().filter(col(QUESTION).eq(lit(question.as_str())));
            let answers = answers.select([col(RESPONDENT), col("key").alias(name.as_str())]);
            frame = frame.join(answers, [col(RESPONDENT)], [col(RESPONDENT)], JoinArgs::new(JoinType::Left));
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Ok(tallies(frame, &names)?.into_iter().collect())
    }
}

impl Counted {
    /// What respondents say that they use: `reg_no`, `purpose`, `uses` (Boolean; any question with that purpose answered
    /// with yes or a system). Who does not answer, or neither with yes nor with no, has no row.
    pub(super) fn uses(&self, questionnaire: &Questionnaire) -> PolarsResult<DataFrame> {
        let with_purpose = |kind: QuestionType| -> PolarsResult<LazyFrame> {
            let questions = questionnaire.questions.iter().filter(|question| question.kind == kind);
            let pairs = questions.filter_map(|question| Some((question.id.as_str(), question.purpose.as_deref()?)));
            let (ids, purposes): (Vec<&str>, Vec<&str>) = pairs.unzip();
            Ok(df!(QUESTION => ids, "purpose" => purposes)?.lazy())
        };
        let on = || [col(QUESTION)];
        let inner = || JoinArgs::new(JoinType::Inner);
        let is = |key: &'static str| col("key").eq(lit(key));
        let chosen = self
            .choices
            .clone()
            .lazy()
            .filter(is("yes").or(is("no")))
            .join(with_purpose(QuestionType::YesNo)?, on(), on(), inner())
            .select([col(RESPONDENT), col("purpose"), is("yes").alias("uses")]);
        let named = col("mark").eq(lit(Mark::Named.code())).or(col("mark").eq(lit(Mark::Unmatched.code())));
        let systems = self.read.clone().lazy().join(with_purpose(QuestionType::Systems)?, on(), on(), inner());
        let systems = systems.select([col(RESPONDENT), col("purpose"), named.alias("uses")]);
        chosen
            .collect()?
            .vstack(&systems.collect()?)?
            .lazy()
            .group_by([col(RESPONDENT), col("purpose")])
            .agg([col("uses").any(true)])
            .rename([RESPONDENT], ["reg_no"], true)
            .sort(["reg_no", "purpose"], SortMultipleOptions::default())
            .collect()
    }
}

fn find(tallies: &Tallies, key: &[&str]) -> Tally {
    let key: Vec<Option<String>> = key.iter().map(|part| Some((*part).to_owned())).collect();
    tallies.get(&key).cloned().unwrap_or_default()
}

/// Answers of the wave: `respondent`, `question`, `text` (null = no answer), `submitted_at` (empty when not known).
fn of_wave(answers: &DataFrame, wave: &str) -> PolarsResult<DataFrame> {
    let filled = |column: Expr| {
        let column = column.cast(DataType::String).str().strip_chars(lit(NULL));
        when(column.clone().eq(lit(""))).then(lit(NULL)).otherwise(column)
    };
    let mut columns = vec![
        col("respondent_reg_no").alias(RESPONDENT),
        col(QUESTION),
        coalesce(&[filled(col("option")), filled(col("value_raw"))]).alias("text"),
        col("submitted_at").fill_null(lit("")),
    ];
    columns.extend(answers.column("uid").is_ok().then(|| col("uid")));
    let of_wave = col("wave").eq(lit(wave)).and(col("respondent_reg_no").is_not_null());
    answers.clone().lazy().filter(of_wave).select(columns).collect()
}

/// Each respondent's latest submission, whole: an answer left out in it is not taken from an earlier one.
fn latest(wave: &DataFrame) -> PolarsResult<DataFrame> {
    let last = wave.clone().lazy().group_by([col(RESPONDENT)]).agg([col("submitted_at").max()]);
    let on = [col(RESPONDENT), col("submitted_at")];
    wave.clone().lazy().join(last, on.clone(), on, JoinArgs::new(JoinType::Inner)).collect()
}

/// Names of the kinds, and the frame `kind` (as stored, `String`) -> `index` (`UInt32`).
fn kinds(institutions: &DataFrame, codelists: &CodeLists, texts: &Texts) -> PolarsResult<(Vec<KindName>, DataFrame)> {
    let list = codelists
        .get("institution_kinds")
        .ok_or_else(|| polars_err!(ComputeError: "there is no code list \"institution_kinds\""))?;
    let mut names: Vec<KindName> = Vec::new();
    for code in &list.codes {
        let label = texts.language().of(&code.label_lv, &code.label_en).to_owned();
        names.push(KindName { code: code.code.clone(), label });
    }
    let stored = institutions.clone().lazy().select([col(KIND)]).unique(None, UniqueKeepStrategy::Any).collect()?;
    let stored = texts_of(&stored, KIND)?;
    let known = stored.into_iter().filter_map(|kind| {
        let code = &list.find(&kind)?.code;
        let index = names.iter().position(|name| &name.code == code)?;
        Some((kind, index as u32))
    });
    let (kind, index): (Vec<String>, Vec<u32>) = known.unzip();
    let frame = DataFrame::new(kind.len(), vec![Column::new(KIND.into(), kind), Column::new("index".into(), index)])?;
    names.push(KindName { code: KIND_UNKNOWN.to_owned(), label: texts.get("report-kind-unknown", &[]) });
    Ok((names, frame))
}

/// `respondent`, `kind` (index of the kind, `UInt32`), `listed` (in the list of institutions).
fn respondents(
    wave: &DataFrame,
    institutions: &DataFrame,
    kinds: DataFrame,
    unknown: usize,
) -> PolarsResult<DataFrame> {
    let institutions = institutions
        .clone()
        .lazy()
        .filter(col("reg_no").is_not_null())
        .group_by([col("reg_no")])
        .agg([col(KIND).min()])
        .join(kinds.lazy(), [col(KIND)], [col(KIND)], JoinArgs::new(JoinType::Left))
        .select([col("reg_no").alias(RESPONDENT), col("index").alias(KIND), lit(true).alias("listed")]);
    wave.clone()
        .lazy()
        .select([col(RESPONDENT)])
        .unique(None, UniqueKeepStrategy::Any)
        .join(institutions, [col(RESPONDENT)], [col(RESPONDENT)], JoinArgs::new(JoinType::Left))
        .with_columns([col(KIND).fill_null(lit(unknown as u32)), col("listed").fill_null(lit(false))])
        .collect()
}

/// Respondents by the columns of `by`; each respondent once a group.
fn tallies(frame: LazyFrame, by: &[&str]) -> PolarsResult<Tallies> {
    let groups: Vec<Expr> = by.iter().copied().chain([KIND]).map(col).collect();
    let each: Vec<Expr> = by.iter().copied().chain([KIND, RESPONDENT]).map(col).collect();
    let counted = frame
        .select(each)
        .unique(None, UniqueKeepStrategy::Any)
        .group_by(groups)
        .agg([len().cast(DataType::UInt64).alias("count")])
        .collect()?;
    let keys = by.iter().map(|name| counted.column(name)?.str().cloned()).collect::<PolarsResult<Vec<_>>>()?;
    let (kinds, counts) = (counted.column(KIND)?.u32()?, counted.column("count")?.u64()?);
    let mut found = Tallies::new();
    for row in 0..counted.height() {
        let key = keys.iter().map(|column| column.get(row).map(ToOwned::to_owned)).collect();
        let (kind, count) = (kinds.get(row).unwrap_or(0), counts.get(row).unwrap_or(0));
        found.entry(key).or_default().add(kind as usize, count);
    }
    Ok(found)
}

fn texts_of(frame: &DataFrame, column: &str) -> PolarsResult<Vec<String>> {
    Ok(frame.column(column)?.str()?.iter().flatten().map(ToOwned::to_owned).collect())
}
