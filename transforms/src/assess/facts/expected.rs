//! What each institution should offer, and whether it has registered it.

use jiff::civil::Date;
use polars::prelude::*;

use super::Inputs;
use crate::assess::score::ScoreSettings;

/// The kind of institution that portfolios are derived for.
const MUNICIPALITY: &str = "pašvaldība";

/// A row an item that an institution should offer: `owner_reg_no`, `item` (service or group code), `basis` (`declared`:
/// its portfolio says so; `derived`: a municipality that declares nothing is expected to offer the kinds of service,
/// known by their group code, that at least the share `shared_by` of the municipalities with such services offers),
/// `registered` (a service of the institution has the code, or is of the group).
pub(super) fn facts(
    inputs: &Inputs,
    service: &DataFrame,
    settings: &ScoreSettings,
    as_of: Date,
) -> PolarsResult<DataFrame> {
    let day = as_of.to_string();
    let began = col("since").is_null().or(col("since").lt_eq(lit(day.clone())));
    let goes_on = col("until").is_null().or(col("until").gt_eq(lit(day)));
    let declared = inputs.entity("portfolio")?.lazy().filter(began.and(goes_on)).select([
        lit("portfolio").alias("entity"),
        col("uid"),
        col("reg_no").alias("owner_reg_no"),
        col("item"),
        col("service_code"),
        col("group_code"),
        lit("declared").alias("basis"),
    ]);
    let declared = declared.collect()?;
    let derived = derived(inputs, service, &declared, settings)?;
    let all = declared.vstack(&derived)?.lazy();
    let how = JoinArgs::new(JoinType::Left);
    let offered = |column: &str, flag: &str| {
        service
            .clone()
            .lazy()
            .filter(col(column).is_not_null())
            .select([col("owner_reg_no"), col(column)])
            .unique(None, UniqueKeepStrategy::Any)
            .with_column(lit(true).alias(flag))
    };
    let by = |column: &str| [col("owner_reg_no"), col(column)];
    all.join(offered("code", "by_code"), by("service_code"), by("code"), how.clone())
        .join(offered("group_code", "by_group"), by("group_code"), by("group_code"), how)
        .select([
            col("entity"),
            col("uid"),
            col("item").alias("name"),
            col("owner_reg_no"),
            col("item"),
            col("basis"),
            col("by_code").or(col("by_group")).fill_null(lit(false)).alias("registered"),
        ])
        .sort(["owner_reg_no", "item"], SortMultipleOptions::default())
        .collect()
}

fn derived(
    inputs: &Inputs,
    service: &DataFrame,
    declared: &DataFrame,
    settings: &ScoreSettings,
) -> PolarsResult<DataFrame> {
    let municipalities = inputs
        .entity("institution")?
        .lazy()
        .filter(col("kind").eq(lit(MUNICIPALITY)))
        .select([col("reg_no").alias("owner_reg_no")]);
    let on = || [col("owner_reg_no")];
    let offers = service
        .clone()
        .lazy()
        .filter(col("group_code").is_not_null())
        .select([col("owner_reg_no"), col("group_code")])
        .unique(None, UniqueKeepStrategy::Any)
        .join(municipalities.clone(), on(), on(), JoinArgs::new(JoinType::Semi))
        .collect()?;
    let offering = offers.column("owner_reg_no")?.n_unique()? as u32;
    let least = (f64::from(offering) * settings.shared_by).ceil().max(2.0);
    let shared = offers
        .lazy()
        .group_by([col("group_code")])
        .agg([len().cast(DataType::Float64).alias("municipalities")])
        .filter(col("municipalities").gt_eq(lit(least)))
        .select([col("group_code"), lit(1).alias("one")]);
    let silent = municipalities
        .join(declared.clone().lazy(), on(), on(), JoinArgs::new(JoinType::Anti))
        .with_column(lit(1).alias("one"));
    let nothing = |name: &str| lit(NULL).cast(DataType::String).alias(name);
    silent
        .join(shared, [col("one")], [col("one")], JoinArgs::new(JoinType::Inner))
        .select([
            nothing("entity"),
            nothing("uid"),
            col("owner_reg_no"),
            col("group_code").alias("item"),
            nothing("service_code"),
            col("group_code"),
            lit("derived").alias("basis"),
        ])
        .collect()
}
