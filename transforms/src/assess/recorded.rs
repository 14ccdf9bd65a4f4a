//! How requests are recorded, service by service: what readiness asks of the lake.

use polars::prelude::*;

use super::facts::IN_PERSON;

/// Requests by service: `owner_reg_no`, `code`, `requests`, `with_events`, `in_person`, `in_person_with_events`, `drafts`
/// (requests that were a draft), all Int64. `requests` and `steps` are the tables of the lake.
///
/// # Errors
/// The lake cannot be read.
pub fn recorded(requests: LazyFrame, steps: LazyFrame) -> PolarsResult<DataFrame> {
    let key = || [col("institution_reg_no").alias("owner_reg_no"), col("service_code").alias("code")];
    let has_events = col("events").gt(lit(0)).fill_null(lit(false));
    let in_person = IN_PERSON.iter().fold(lit(false), |any, code| any.or(col("channel").eq(lit(*code))));
    let in_person = in_person.fill_null(lit(false));
    let number = |expr: Expr, name: &str| expr.cast(DataType::Int64).sum().alias(name);
    let of_service =
        || col("kind").eq(lit(crate::status::indicators::SERVICE_REQUEST)).and(col("service_code").is_not_null());
    let drafts = steps
        .filter(of_service().and(col("state").eq(lit("melnraksts"))))
        .group_by(key())
        .agg([len().cast(DataType::Int64).alias("drafts")])
        .collect()?;
    requests
        .filter(of_service())
        .group_by(key())
        .agg([
            len().cast(DataType::Int64).alias("requests"),
            number(has_events.clone(), "with_events"),
            number(in_person.clone(), "in_person"),
            number(in_person.and(has_events), "in_person_with_events"),
        ])
        .join(
            drafts.lazy(),
            [col("owner_reg_no"), col("code")],
            [col("owner_reg_no"), col("code")],
            JoinArgs::new(JoinType::Left),
        )
        .with_column(col("drafts").fill_null(lit(0_i64)))
        .sort(["owner_reg_no", "code"], SortMultipleOptions::default())
        .collect()
}
