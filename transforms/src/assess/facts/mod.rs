//! What the sections of the assessment count: a frame a subject, a row a thing counted, columns that say what it is.
//!
//! Every number of the sections on coverage, readiness, technology and data quality is the number of rows of one frame
//! that meet conditions `column = value`, or the sum of one of its columns over them. The conditions are the number's
//! selector (`service?owner_reg_no=90000000001&has_need=no`), so that `vienkop explain` filters the same frame and finds
//! what stands behind the number.
//!
//! Columns that every frame has: `entity` and `uid` (the record of the registry; null where there is none), `name`.

mod catalogues;
mod expected;
mod listings;
mod readiness;
pub(super) mod services;
mod technology;

use std::collections::BTreeMap;

use jiff::civil::Date;
use polars::prelude::*;

pub(super) use readiness::IN_PERSON;
pub use readiness::{Level, REQUIREMENTS, Requirement, Why};
pub use technology::{Decided, GROUPS as TECHNOLOGY_GROUPS};
pub(super) use technology::{decided, needs};

use super::report::selector;
use super::score::ScoreSettings;
use crate::codelist::CodeLists;
use crate::holdings::Holdings;
use crate::publish::catalogues::CatalogueSettings;

/// What the registry says.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Current records.
    pub held: Holdings,
    /// Hashes of what is published of services: `uid`, `hash`. Without columns where nothing is compared with them.
    pub hashes: DataFrame,
    /// What the registry lacks: `code`, `entity`, `uid`, `owner_reg_no`.
    pub lacking: DataFrame,
    /// Freshness of services: `uid`, `changed_at`, `delivered_at`.
    pub freshness: DataFrame,
    /// What each source delivered last: `source`, `title`, `institution`, `status`, `as_of`, `last_new_at`, `late`, and
    /// numbers of rows and records.
    pub deliveries: DataFrame,
    /// `source`, `code`, `severity`, `findings`.
    pub findings: DataFrame,
    /// What institutions say in a survey that they use: `reg_no`, `purpose`, `uses` (Boolean).
    pub uses: DataFrame,
    /// How the requests for a service are recorded: `owner_reg_no`, `code`, `requests`, `with_events`, `in_person`,
    /// `in_person_with_events`, `drafts` (Int64).
    pub recorded: DataFrame,
}

/// A condition: column and value. `yes` and `no` are the values of a Boolean column; nothing means a null.
pub type Condition = (String, String);

/// The frames.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    frames: BTreeMap<&'static str, DataFrame>,
    catalogues: Vec<String>,
}

/// A parameter that names the column to add up instead of counting rows.
pub const SUM: &str = "sum";

impl Facts {
    /// Works the frames out.
    ///
    /// # Errors
    /// A column is missing, or a code list.
    pub fn new(
        inputs: &Inputs,
        lists: &CodeLists,
        settings: &ScoreSettings,
        catalogue_settings: &CatalogueSettings,
        as_of: Date,
    ) -> PolarsResult<Self> {
        let institutions = inputs.entity("institution")?;
        let service = services::facts(inputs, settings, as_of)?;
        let matched = catalogues::matched(inputs, &service, &catalogue_settings.codes())?;
        let (placement, offer) = catalogues::facts(inputs, &service, &matched, catalogue_settings)?;
        let (technology, condition) = technology::facts(inputs, lists)?;
        let expected = expected::facts(inputs, &service, settings, as_of)?;
        let mut frames = BTreeMap::new();
        frames.insert("institution", institution(&institutions, &service, &expected)?);
        frames.insert("expected", expected);
        frames.insert("readiness", readiness::facts(inputs, &service)?);
        frames.insert("placement", placement);
        frames.insert("offer", offer);
        frames.insert("listed", listings::facts(inputs, &matched, catalogue_settings)?);
        frames.insert("technology", technology);
        frames.insert("condition", condition);
        frames.insert("service", service);
        frames.insert("need", need(inputs)?);
        frames.insert("lack", lack(inputs)?);
        frames.insert("delivery", without_record(inputs.deliveries.clone(), "source")?);
        frames.insert("finding", without_record(inputs.findings.clone(), "source")?);
        Ok(Self { frames, catalogues: catalogue_settings.codes().into_iter().map(str::to_owned).collect() })
    }

    /// Codes of the catalogues, in the order of their settings.
    pub fn catalogues(&self) -> &[String] {
        &self.catalogues
    }

    /// A frame by name; an empty one where there is none.
    pub fn frame(&self, name: &str) -> DataFrame {
        self.frames.get(name).cloned().unwrap_or_default()
    }

    /// Names of the frames.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.frames.keys().copied()
    }

    /// The rows that meet the conditions; none where a column is not there.
    pub fn behind(&self, name: &str, conditions: &[Condition]) -> PolarsResult<Option<DataFrame>> {
        let Some(frame) = self.frames.get(name) else { return Ok(None) };
        if conditions.iter().any(|(column, _)| column != SUM && frame.column(column).is_err()) {
            return Ok(None);
        }
        let rows = frame.clone().lazy().filter(all(frame, conditions)?).collect()?;
        Ok(Some(rows))
    }

    /// The number that a selector stands for, with the rows behind it; none where the selector is not about facts.
    pub fn number(&self, name: &str, conditions: &[Condition]) -> PolarsResult<Option<(u64, DataFrame)>> {
        let Some(rows) = self.behind(name, conditions)? else { return Ok(None) };
        let number = match conditions.iter().find(|(column, _)| column == SUM) {
            Some((_, column)) => {
                let Ok(column) = rows.column(column) else { return Ok(None) };
                column.cast(&DataType::UInt64)?.u64()?.sum().unwrap_or(0)
            }
            None => rows.height() as u64,
        };
        Ok(Some((number, rows)))
    }

    /// Numbers of one frame, all in one pass: for each set of conditions how many rows meet it (or their sum).
    pub(super) fn count(&self, name: &str, sets: &[Vec<Condition>]) -> PolarsResult<Vec<u64>> {
        let frame = self.frame(name);
        if frame.height() == 0 {
            return Ok(vec![0; sets.len()]);
        }
        let sums = sums(&frame, sets)?;
        let counted = frame.lazy().select(sums).collect()?;
        (0..sets.len()).map(|at| Ok(counted.column(&at.to_string())?.u64()?.get(0).unwrap_or(0))).collect()
    }

    /// The same for each value of a column: `by`, then a column a set, named by its place (`0`, `1`, …), unsorted. Rows
    /// without a value are left out.
    pub(super) fn count_by(&self, name: &str, by: &str, sets: &[Vec<Condition>]) -> PolarsResult<DataFrame> {
        let frame = self.frame(name);
        if frame.height() == 0 {
            let empty = (0..sets.len()).map(|at| Column::new(at.to_string().into(), Vec::<u64>::new()));
            let key = Column::new(by.into(), Vec::<String>::new());
            return DataFrame::new(0, std::iter::once(key).chain(empty).collect());
        }
        let sums = sums(&frame, sets)?;
        frame.lazy().filter(col(by).is_not_null()).group_by([col(by)]).agg(sums).collect()
    }
}

/// The selector of a number.
pub(super) fn select(name: &str, conditions: &[Condition]) -> String {
    let parameters: Vec<(&str, &str)> =
        conditions.iter().map(|(column, value)| (column.as_str(), value.as_str())).collect();
    selector(name, &parameters)
}

/// Conditions from pairs of texts.
pub(super) fn conditions(pairs: &[(&str, &str)]) -> Vec<Condition> {
    pairs.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect()
}

fn sums(frame: &DataFrame, sets: &[Vec<Condition>]) -> PolarsResult<Vec<Expr>> {
    let sum = |(at, set): (usize, &Vec<Condition>)| -> PolarsResult<Expr> {
        let holds = all(frame, set)?;
        let summed = match set.iter().find(|(column, _)| column == SUM) {
            Some((_, column)) => when(holds).then(col(column.as_str()).cast(DataType::UInt64)).otherwise(lit(0_u64)),
            None => holds.cast(DataType::UInt64),
        };
        Ok(summed.sum().cast(DataType::UInt64).alias(at.to_string()))
    };
    sets.iter().enumerate().map(sum).collect()
}

/// Whether a row meets every condition; never null.
fn all(frame: &DataFrame, conditions: &[Condition]) -> PolarsResult<Expr> {
    // Literals alone would give one row instead of one a row.
    let first = frame.get_column_names().first().map_or_else(String::new, ToString::to_string);
    let mut holds = col(first.as_str()).is_null().or(col(first.as_str()).is_not_null());
    for (column, value) in conditions.iter().filter(|(column, _)| column != SUM) {
        let found = frame.column(column)?;
        let one = match (found.dtype(), value.as_str()) {
            (_, "") => col(column.as_str()).is_null(),
            (DataType::Boolean, value) => col(column.as_str()).eq(lit(value == "yes")),
            (DataType::String, value) => col(column.as_str()).eq(lit(value)),
            (_, value) => col(column.as_str()).cast(DataType::String).eq(lit(value)),
        };
        holds = holds.and(one.fill_null(lit(false)));
    }
    Ok(holds)
}

impl Inputs {
    /// The current records of an entity; an empty frame with its columns where none were given.
    pub(super) fn entity(&self, name: &str) -> PolarsResult<DataFrame> {
        self.held.entity(name)
    }
}

/// Needs: `uid`, `name`, `code`, `life_event_code`, `met` (a service that has not ended is linked to it).
fn need(inputs: &Inputs) -> PolarsResult<DataFrame> {
    let unmet = lacks(inputs, &crate::finding::UNMET_NEED);
    inputs
        .entity("need")?
        .lazy()
        .select([lit("need").alias("entity"), col("uid"), col("name"), col("code"), col("life_event_code")])
        .join(unmet, [col("uid")], [col("uid")], JoinArgs::new(JoinType::Left))
        .with_column(col("lacks").is_null().alias("met"))
        .drop(by_name(["lacks"], true, false))
        .collect()
}

/// `uid` of what a rule found, and a column `lacks`, true.
pub(super) fn lacks(inputs: &Inputs, rule: &crate::finding::Rule) -> LazyFrame {
    if inputs.lacking.height() == 0 {
        let none = df!("uid" => Vec::<String>::new(), "lacks" => Vec::<bool>::new());
        return none.unwrap_or_default().lazy();
    }
    let found = inputs.lacking.clone().lazy().filter(col("code").eq(lit(rule.code)));
    found.select([col("uid"), lit(true).alias("lacks")]).unique(None, UniqueKeepStrategy::Any)
}

/// Institutions: `uid`, `name`, `owner_reg_no` (their own number), `kind`; `with_services` and `with_portfolio`, whether any
/// service of theirs is registered and anything is expected of them.
fn institution(institutions: &DataFrame, services: &DataFrame, expected: &DataFrame) -> PolarsResult<DataFrame> {
    let owner = "owner_reg_no";
    let among = |frame: &DataFrame, called: &str| -> PolarsResult<LazyFrame> {
        let owners = if frame.width() == 0 { df!(owner => Vec::<String>::new())? } else { frame.select([owner])? };
        Ok(owners.lazy().unique(None, UniqueKeepStrategy::Any).with_column(lit(true).alias(called)))
    };
    let columns =
        [lit("institution").alias("entity"), col("uid"), col("name"), col("reg_no").alias(owner), col("kind")];
    let (on, how) = (|| [col(owner)], || JoinArgs::new(JoinType::Left));
    institutions
        .clone()
        .lazy()
        .select(columns)
        .join(among(services, "with_services")?, on(), on(), how())
        .join(among(expected, "with_portfolio")?, on(), on(), how())
        .with_columns([col("with_services").fill_null(lit(false)), col("with_portfolio").fill_null(lit(false))])
        .sort(["uid"], SortMultipleOptions::default())
        .collect()
}

/// Findings of the registry as a whole.
fn lack(inputs: &Inputs) -> PolarsResult<DataFrame> {
    if inputs.lacking.height() == 0 {
        let texts = ["entity", "uid", "name", "code", "owner_reg_no"];
        let columns = texts.map(|name| Column::new_empty(name.into(), &DataType::String));
        return DataFrame::new(0, columns.into());
    }
    let name = lit(NULL).cast(DataType::String).alias("name");
    inputs.lacking.clone().lazy().select([col("entity"), col("uid"), name, col("code"), col("owner_reg_no")]).collect()
}

/// A frame of things that are no records of the registry.
fn without_record(frame: DataFrame, name: &str) -> PolarsResult<DataFrame> {
    if frame.width() == 0 {
        return Ok(frame);
    }
    let nothing = |name: &str| lit(NULL).cast(DataType::String).alias(name);
    frame.lazy().with_columns([nothing("entity"), nothing("uid"), col(name).alias("name")]).collect()
}
