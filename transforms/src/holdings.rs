//! The current records of the registry as frames: what assessing and publishing read.

use std::collections::BTreeMap;
use std::ops::Range;

use polars::prelude::*;

use crate::model::{self, Storage};

/// Current records, as the registry gives them.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    /// Entity -> its current records: `uid` and the columns of its fields.
    pub entities: BTreeMap<&'static str, DataFrame>,
    /// Child of a service -> `uid` of the service, maybe several times, then (where the registry gave it) `_ordinal` and the
    /// columns of the child's fields.
    pub service_children: BTreeMap<&'static str, DataFrame>,
}

impl Holdings {
    /// The current records of an entity; an empty frame with its columns where none were given.
    ///
    /// # Errors
    /// There is no such entity.
    pub fn entity(&self, name: &str) -> PolarsResult<DataFrame> {
        if let Some(frame) = self.entities.get(name) {
            return Ok(frame.clone());
        }
        let entity = model::entity(name).ok_or_else(|| polars_err!(ComputeError: "no entity {name}"))?;
        let storage = entity.fields.iter().flat_map(model::Field::storage);
        let columns = storage.map(|(name, storage)| Column::new_empty(name.into(), &dtype(storage)));
        let uid = Column::new_empty("uid".into(), &DataType::String);
        DataFrame::new(0, std::iter::once(uid).chain(columns).collect())
    }

    /// A list of services by uid of the service, in its order, with these fields; without rows where none were given.
    ///
    /// # Errors
    /// There is no such list.
    pub fn service_child(&self, name: &str, fields: &[&str]) -> PolarsResult<DataFrame> {
        let child = model::entity("service").and_then(|service| service.child(name));
        let child = child.ok_or_else(|| polars_err!(ComputeError: "no child {name}"))?;
        let storage = child.fields.iter().filter(|field| fields.contains(&field.name)).flat_map(model::Field::storage);
        let given = self.service_children.get(name).filter(|frame| frame.column("_ordinal").is_ok());
        let Some(frame) = given else {
            let columns = storage.map(|(name, storage)| Column::new_empty(name.into(), &dtype(storage)));
            let uid = Column::new_empty("uid".into(), &DataType::String);
            return DataFrame::new(0, std::iter::once(uid).chain(columns).collect());
        };
        let wanted: Vec<Expr> = storage.map(|(name, _)| col(name.as_str())).collect();
        let order = frame.clone().lazy().sort(["uid", "_ordinal"], SortMultipleOptions::default());
        order.select([vec![col("uid")], wanted].concat()).collect()
    }

    /// Services that have not ended, with a Boolean column `planned` beside those of the entity: merely planned, so that
    /// nothing can be asked of them that providing them needs.
    ///
    /// # Errors
    /// A column is missing.
    pub fn services(&self) -> PolarsResult<LazyFrame> {
        let stage = coalesce(&[col("lifecycle"), col("phase")]).fill_null(lit(""));
        let rows = self.entity("service")?.lazy().with_column(stage.alias("stage"));
        let rows = rows.filter(one_of(&col("stage"), model::ENDED).not());
        let rows = rows.with_column(one_of(&col("stage"), model::PLANNED).alias("planned"));
        Ok(rows.drop(by_name(["stage"], true, false)))
    }
}

const fn dtype(storage: Storage) -> DataType {
    match storage {
        Storage::Text => DataType::String,
        Storage::Integer => DataType::Int64,
        Storage::Boolean => DataType::Boolean,
    }
}

/// Rows that belong to each of these uids; both are sorted by uid.
pub fn ranges(uids: &StringChunked, of_rows: &StringChunked) -> Vec<Range<usize>> {
    let mut at = 0;
    let mut ranges = Vec::with_capacity(uids.len());
    for uid in uids.iter() {
        // Each row is passed once.
        while at < of_rows.len() && of_rows.get(at) < uid {
            at += 1;
        }
        let begin = at;
        while at < of_rows.len() && of_rows.get(at) == uid {
            at += 1;
        }
        ranges.push(begin..at);
    }
    ranges
}

/// The row of a uid among uids in their order.
pub fn row_of(uids: &StringChunked, uid: &str) -> Option<usize> {
    let (mut from, mut to) = (0, uids.len());
    while from < to {
        let middle = usize::midpoint(from, to);
        match uids.get(middle).unwrap_or_default().cmp(uid) {
            std::cmp::Ordering::Equal => return Some(middle),
            std::cmp::Ordering::Less => from = middle + 1,
            std::cmp::Ordering::Greater => to = middle,
        }
    }
    None
}

/// Whether a text is one of these.
pub fn one_of<T: AsRef<str>>(column: &Expr, codes: &[T]) -> Expr {
    codes.iter().fold(lit(false), |any, code| any.or(column.clone().eq(lit(code.as_ref()))))
}

/// Whether the uid of a row is among those of a frame, as a column of that name.
pub fn with_flag(rows: LazyFrame, among: &DataFrame, name: &str) -> LazyFrame {
    if among.height() == 0 {
        return rows.with_column(lit(false).alias(name));
    }
    let among = among.clone().lazy().select([col("uid")]).unique(None, UniqueKeepStrategy::Any);
    let among = among.with_column(lit(true).alias(name));
    let how = JoinArgs::new(JoinType::Left);
    rows.join(among, [col("uid")], [col("uid")], how).with_column(col(name).fill_null(lit(false)))
}
