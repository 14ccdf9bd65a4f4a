//! Which catalogue each service must stand in, whether it does, and whether what stands there can be requested.
//!
//! Where services must stand is the rule of `config/catalogues.toml` (S4). S2 P2: an offer has an application or an
//! e-form, unless the service is in person only.

use polars::prelude::*;

use super::Inputs;
use crate::holdings::{one_of, with_flag};
use crate::publish::catalogues::{CatalogueSettings, applications};

/// `placement`: a row a service (that is no longer merely planned) and catalogue that it must stand in: `owner_reg_no`,
/// `code`, `catalogue`, `placed` (`yes`, `no`, or `unknown`: an offer names the code, and several institutions have a
/// service of that code), `told` (not `unknown`). `offer`: a row an offer in one of these catalogues: `catalogue`, `entry_id`, `operable` (`yes`,
/// `in person`, `no`, or `unknown`: no service can be told of it).
pub(super) fn facts(
    inputs: &Inputs,
    service: &DataFrame,
    matched: &DataFrame,
    settings: &CatalogueSettings,
) -> PolarsResult<(DataFrame, DataFrame)> {
    let obligatory: Vec<&str> = settings.obligatory().map(|catalogue| catalogue.code.as_str()).collect();
    let how = JoinArgs::new(JoinType::Left);
    let best = matched
        .clone()
        .lazy()
        .group_by([col("service_uid"), col("catalogue")])
        .agg([col("sure").cast(DataType::UInt32).max().alias("sure")]);
    let mut due: Option<DataFrame> = None;
    for catalogue in settings.obligatory() {
        let rows = service.clone().lazy().filter(catalogue.must_show().and(col("planned").not())).select([
            col("entity"),
            col("uid"),
            col("name"),
            col("owner_reg_no"),
            col("code"),
            lit(catalogue.code.as_str()).alias("catalogue"),
        ]);
        let rows = rows.collect()?;
        due = Some(match due {
            Some(all) => all.vstack(&rows)?,
            None => rows,
        });
    }
    let on = [col("uid"), col("catalogue")];
    let placed = when(col("sure").eq(lit(1_u32)))
        .then(lit("yes"))
        .when(col("sure").eq(lit(0_u32)))
        .then(lit("unknown"))
        .otherwise(lit("no"));
    let placement = due
        .unwrap_or_default()
        .lazy()
        .join(best, on, [col("service_uid"), col("catalogue")], how)
        .with_column(placed.alias("placed"))
        .with_column(col("placed").neq(lit("unknown")).alias("told"))
        .drop(by_name(["sure"], true, false))
        .sort(["catalogue", "owner_reg_no", "code"], SortMultipleOptions::default())
        .collect()?;
    Ok((placement, offers(inputs, service, matched, &obligatory)?))
}

/// Offers in catalogues, a row a code that they name: `entry` (uid), `catalogue`, `entry_id`, `name`, `of` (the owner that
/// the catalogue names), `seen` (content hash), `named` (how many codes the offer names), `code` (null: none).
pub(super) fn entries(inputs: &Inputs, catalogues: &[&str]) -> PolarsResult<LazyFrame> {
    let code = col("code")
        .str()
        .strip_prefix(lit("\""))
        .str()
        .strip_suffix(lit("\""))
        .str()
        .replace_all(lit("\\\""), lit("\""), true)
        .str()
        .replace_all(lit("\\\\"), lit("\\"), true);
    let entries = inputs
        .entity("catalogue_entry")?
        .lazy()
        .filter(one_of(&col("catalogue"), catalogues))
        .select([
            col("uid").alias("entry"),
            col("catalogue"),
            col("entry_id"),
            col("name"),
            col("owner_reg_no").alias("of"),
            col("content_hash_seen").alias("seen"),
            // A list is a JSON array of texts.
            col("service_codes").str().extract_all(lit(r#""(?:[^"\\]|\\.)*""#)).alias("code"),
        ])
        .explode(by_name(["code"], true, false), ExplodeOptions { empty_as_null: true, keep_nulls: true })
        .with_columns([code.alias("code"), len().over([col("entry")])?.alias("named")]);
    Ok(entries)
}

/// Offers in catalogues: which services they may be about. `entry` (uid), `catalogue`, `code`, `service_uid`,
/// `service_owner`, `sure`: the service has the number of the offer, or is the only one of that code (of the owner that
/// the catalogue names, where it does).
pub(super) fn matched(inputs: &Inputs, service: &DataFrame, catalogues: &[&str]) -> PolarsResult<DataFrame> {
    let services = service.clone().lazy().select([
        col("uid").alias("service_uid"),
        col("owner_reg_no").alias("service_owner"),
        col("code"),
        col("ep_id"),
    ]);
    let numbered = col("ep_id").eq(col("entry_id")).fill_null(lit(false));
    let each = || [col("entry"), col("code")];
    entries(inputs, catalogues)?
        .join(services, [col("code")], [col("code")], JoinArgs::new(JoinType::Inner))
        .filter(col("of").is_null().or(col("of").eq(col("service_owner"))))
        .with_columns([numbered.alias("numbered"), len().over(each())?.alias("of_this_code")])
        .with_column(col("numbered").any(true).over(each())?.alias("told"))
        .filter(col("numbered").or(col("told").not()))
        .with_column(col("numbered").or(col("of_this_code").eq(lit(1_u32))).alias("sure"))
        .select(["entry", "catalogue", "code", "service_uid", "service_owner", "sure"].map(col))
        .collect()
}

fn offers(inputs: &Inputs, service: &DataFrame, matched: &DataFrame, catalogues: &[&str]) -> PolarsResult<DataFrame> {
    let electronic = electronic(inputs, service)?;
    let with = with_flag(service.clone().lazy(), &electronic, "electronic");
    let with = with.select([
        col("uid").alias("service_uid"),
        col("electronic").or(col("filled_forms")).alias("electronic"),
        col("in_person_only").fill_null(lit(false)).alias("in_person_only"),
    ]);
    let on = [col("service_uid")];
    let each = matched
        .clone()
        .lazy()
        .filter(col("sure"))
        .join(with, on.clone(), on, JoinArgs::new(JoinType::Inner))
        .group_by([col("entry")])
        .agg([col("electronic").any(true), col("in_person_only").all(true)]);
    let operable = when(col("electronic"))
        .then(lit("yes"))
        .when(col("in_person_only"))
        .then(lit("in person"))
        .when(col("electronic").is_null())
        .then(lit("unknown"))
        .otherwise(lit("no"));
    inputs
        .entity("catalogue_entry")?
        .lazy()
        .filter(one_of(&col("catalogue"), catalogues))
        .join(each, [col("uid")], [col("entry")], JoinArgs::new(JoinType::Left))
        .select([
            lit("catalogue_entry").alias("entity"),
            col("uid"),
            col("name"),
            col("catalogue"),
            col("entry_id"),
            operable.alias("operable"),
        ])
        .sort(["catalogue", "entry_id"], SortMultipleOptions::default())
        .collect()
}

fn electronic(inputs: &Inputs, service: &DataFrame) -> PolarsResult<DataFrame> {
    applications(&inputs.held, service)?.select(["uid"])
}
