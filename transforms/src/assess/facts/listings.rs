//! What catalogues show, against what is registered: shown without being registered, and shown otherwise than the
//! registry has it (S4, PU2-8: catalogues use what is registered).

use polars::prelude::*;

use super::Inputs;
use super::catalogues::entries;
use crate::publish::catalogues::CatalogueSettings;

/// `listed`: a row an offer in a catalogue and service that it names: `catalogue`, `entry_id`, `code`, `owner_reg_no` (that of
/// the service, else the one that the catalogue names; none where neither is known), `registered` (`yes`; `ended`; `no`;
/// `unknown`: several institutions have a service of that code, or the offer names none), `current` (whether the content
/// that the catalogue says it shows is that of the registry: `yes`, `no`, or `unknown`: it does not say, or the offer is
/// about several services); Boolean: `unregistered` (`no` or `ended`), `compared` (`current` is not `unknown`).
pub(super) fn facts(inputs: &Inputs, matched: &DataFrame, settings: &CatalogueSettings) -> PolarsResult<DataFrame> {
    let catalogues = settings.codes();
    let each = || [col("entry"), col("code")];
    let left = || JoinArgs::new(JoinType::Left);
    // Where several have the number of the offer, it is about none of them in particular.
    let only = |name: &str| when(col("candidates").eq(lit(1_u32))).then(col(name)).otherwise(lit(NULL)).alias(name);
    let found = matched
        .clone()
        .lazy()
        .group_by(each())
        .agg([
            col("sure").any(true).alias("sure"),
            col("service_uid").first(),
            col("service_owner").first(),
            len().cast(DataType::UInt32).alias("candidates"),
        ])
        .with_columns([only("service_uid"), only("service_owner")]);
    let ended = inputs.entity("service")?.lazy().select([
        col("owner_reg_no").alias("of"),
        col("code"),
        lit(true).alias("ended"),
    ]);
    let anybodys = ended.clone().select([col("code"), lit(true).alias("somewhere")]);
    let any = || UniqueKeepStrategy::Any;
    let hashes = if inputs.hashes.width() == 0 {
        df!("uid" => Vec::<String>::new(), "hash" => Vec::<String>::new())?
    } else {
        inputs.hashes.clone()
    };
    let bare = |name: &str| col(name).str().to_lowercase().str().strip_prefix(lit("sha256:"));
    let hashes = hashes.lazy().select([col("uid").alias("service_uid"), bare("hash").alias("hash")]);
    let had = when(col("of").is_null()).then(col("somewhere")).otherwise(col("ended")).fill_null(lit(false));
    let registered = when(col("sure").eq(lit(true)))
        .then(lit("yes"))
        .when(col("sure").is_not_null().or(col("code").is_null()))
        .then(lit("unknown"))
        .when(had)
        .then(lit("ended"))
        .otherwise(lit("no"));
    let comparable = col("registered").eq(lit("yes")).and(col("named").eq(lit(1_u32)));
    let same = bare("seen").eq(col("hash"));
    let current = when(comparable.and(same.clone().is_not_null()))
        .then(when(same).then(lit("yes")).otherwise(lit("no")))
        .otherwise(lit("unknown"));
    let owner = coalesce(&[col("service_owner"), col("of")]);
    entries(inputs, &catalogues)?
        .join(found, each(), each(), left())
        .join(ended.unique(None, any()), [col("of"), col("code")], [col("of"), col("code")], left())
        .join(anybodys.unique(None, any()), [col("code")], [col("code")], left())
        .join(hashes, [col("service_uid")], [col("service_uid")], left())
        .with_column(registered.alias("registered"))
        .with_column(current.alias("current"))
        .select([
            lit("catalogue_entry").alias("entity"),
            col("entry").alias("uid"),
            col("name"),
            col("catalogue"),
            col("entry_id"),
            col("code"),
            owner.alias("owner_reg_no"),
            col("registered"),
            col("current"),
            col("registered").eq(lit("no")).or(col("registered").eq(lit("ended"))).alias("unregistered"),
            col("current").neq(lit("unknown")).alias("compared"),
        ])
        .sort(["catalogue", "entry_id", "code", "uid"], SortMultipleOptions::default())
        .collect()
}
