//! Which groups of technology (T1 to T10) institutions have, and which conditions of service management they support
//! (S2, annex 2).

use polars::prelude::*;

use super::Inputs;
use crate::codelist::{Code, CodeList, CodeLists};

/// The groups.
pub const GROUPS: [&str; 10] = ["T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10"];

/// What can be said of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// At least one institution is known with all the groups that it needs.
    Yes,
    /// Groups that nothing is known of.
    Lacks(Vec<String>),
    /// Each group is known of somebody, all of them together of nobody.
    Apart,
    /// S2 maps no group to it.
    NotMapped,
}

/// `technology`: a row an institution of which anything is known: `owner_reg_no`, `name`, `kind`, and a column a group:
/// `yes`, `no`, or `unknown`. `condition`: the same with a column a condition: `fully` (all its groups are there),
/// `not` (none is), `partly` (some are, some are not), `unknown`.
///
/// A group is there where a survey answer, a record `technology`, or a resource of the institution says so; it is not
/// where an institution was asked and uses nothing of the group.
pub(super) fn facts(inputs: &Inputs, lists: &CodeLists) -> PolarsResult<(DataFrame, DataFrame)> {
    let purposes = list(lists, "purposes")?;
    let (codes, groups): (Vec<&str>, Vec<&str>) = purposes
        .codes
        .iter()
        .map(|code| (code.code.as_str(), code.extra("technology_group")))
        .filter(|(_, group)| !group.is_empty())
        .unzip();
    let group_of = df!("purpose" => codes, "group" => groups)?.lazy();
    let said = if inputs.uses.height() > 0 {
        inputs.uses.clone().lazy().select([col("reg_no"), col("purpose"), col("uses")])
    } else {
        df!("reg_no" => Vec::<String>::new(), "purpose" => Vec::<String>::new(), "uses" => Vec::<bool>::new())?.lazy()
    };
    let recorded = inputs.entity("technology")?.lazy().select([col("reg_no"), col("purpose"), lit(true).alias("uses")]);
    let by_purpose = said.collect()?.vstack(&recorded.collect()?)?.lazy();
    let on = [col("purpose")];
    let by_purpose = by_purpose.join(group_of, on.clone(), on, JoinArgs::new(JoinType::Inner)).select([
        col("reg_no"),
        col("group"),
        col("uses"),
    ]);
    let owned = inputs.entity("resource")?.lazy().filter(col("technology_group").is_not_null()).select([
        col("owner_reg_no").alias("reg_no"),
        col("technology_group").alias("group"),
        lit(true).alias("uses"),
    ]);
    let known = by_purpose
        .collect()?
        .vstack(&owned.collect()?)?
        .lazy()
        .group_by([col("reg_no"), col("group")])
        .agg([col("uses").any(true)])
        .collect()?;
    let institutions =
        inputs.entity("institution")?.lazy().select([col("uid"), col("name"), col("reg_no"), col("kind")]);
    let mut rows = known.clone().lazy().select([col("reg_no")]).unique(None, UniqueKeepStrategy::Any).join(
        institutions,
        [col("reg_no")],
        [col("reg_no")],
        JoinArgs::new(JoinType::Left),
    );
    for group in GROUPS {
        let of_group = known.clone().lazy().filter(col("group").eq(lit(group))).select([col("reg_no"), col("uses")]);
        let value =
            when(col("uses")).then(lit("yes")).when(col("uses").not()).then(lit("no")).otherwise(lit("unknown"));
        rows = rows
            .join(of_group, [col("reg_no")], [col("reg_no")], JoinArgs::new(JoinType::Left))
            .with_column(value.alias(group))
            .drop(by_name(["uses"], true, false));
    }
    let technology = rows
        .with_columns([lit("institution").alias("entity"), col("reg_no").alias("owner_reg_no")])
        .drop(by_name(["reg_no"], true, false))
        .sort(["owner_reg_no"], SortMultipleOptions::default())
        .collect()?;
    let conditions = list(lists, "conditions")?;
    let values = conditions.codes.iter().map(|code| value(&needs(code)).alias(code.code.as_str()));
    let head = ["entity", "uid", "name", "owner_reg_no", "kind"].map(col);
    let condition = technology.clone().lazy().select(head.into_iter().chain(values).collect::<Vec<_>>()).collect()?;
    Ok((technology, condition))
}

/// Groups that a condition needs.
pub(in crate::assess) fn needs(condition: &Code) -> Vec<&str> {
    condition.extra("technology_groups").split_whitespace().collect()
}

/// Whether the data can decide a condition.
pub(in crate::assess) fn decided(technology: &DataFrame, condition: &Code) -> PolarsResult<Decided> {
    let needs = needs(condition);
    if needs.is_empty() {
        return Ok(Decided::NotMapped);
    }
    let is_known = |group: &str| col(group).neq(lit("unknown"));
    let known = needs.iter().map(|group| is_known(group).any(true).alias(*group));
    let whole = needs.iter().fold(lit(true), |all, group| all.and(is_known(group))).any(true).alias("whole");
    let known = technology.clone().lazy().select(known.chain([whole]).collect::<Vec<_>>()).collect()?;
    let is = |name: &str| -> PolarsResult<bool> { Ok(known.column(name)?.bool()?.get(0) == Some(true)) };
    if is("whole")? {
        return Ok(Decided::Yes);
    }
    let mut lacking = Vec::new();
    for group in &needs {
        if !is(group)? {
            lacking.push((*group).to_owned());
        }
    }
    Ok(if lacking.is_empty() { Decided::Apart } else { Decided::Lacks(lacking) })
}

fn value(needs: &[&str]) -> Expr {
    let is = |value: &'static str| needs.iter().map(move |group| col(*group).eq(lit(value)));
    let all = |value| is(value).fold(lit(!needs.is_empty()), Expr::and);
    let any = |value| is(value).fold(lit(false), Expr::or);
    when(all("yes"))
        .then(lit("fully"))
        .when(all("no"))
        .then(lit("not"))
        .when(any("yes").and(any("no")))
        .then(lit("partly"))
        .otherwise(lit("unknown"))
}

fn list<'a>(lists: &'a CodeLists, name: &str) -> PolarsResult<&'a CodeList> {
    lists.get(name).ok_or_else(|| polars_err!(ComputeError: "there is no code list \"{name}\""))
}
