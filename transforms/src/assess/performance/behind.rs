//! Requests behind a number of the performance section: those of its selector, sought without the indicators' SQL.

use polars::prelude::*;

use crate::status::indicators::SERVICE_REQUEST;
use crate::status::tables::REQUEST;

/// The requests that a selector `request_timeline?measure=…` counts: `institution_reg_no`, `request_no`, in that order;
/// none for a measure that is no plain count (a time, a comparison with a term), or where the selector speaks of anything
/// else. `requests` is the table of the lake, `channels` as [`crate::status::indicators::channels`] makes it.
///
/// # Errors
/// The lake cannot be read.
pub fn behind(
    requests: LazyFrame,
    channels: &DataFrame,
    parameters: &[(String, String)],
) -> PolarsResult<Option<DataFrame>> {
    let given = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let day = |text: &str| lit(text.to_owned()).cast(DataType::Date);
    let (Some(measure), Some(end)) = (given("measure"), given("to")) else { return Ok(None) };
    let within = |column: &str| {
        let until = col(column).lt_eq(day(end));
        given("from").map_or_else(|| until.clone(), |from| until.clone().and(col(column).gt_eq(day(from))))
    };
    let by = |flag: &str| {
        let codes = channels.clone().lazy().filter(col(flag)).select([col("channel_code")]).collect()?;
        let codes = codes.column("channel_code")?.str()?.clone();
        let any = codes.iter().flatten().fold(lit(false), |any, code| any.or(col("channel").eq(lit(code.to_owned()))));
        PolarsResult::Ok(any)
    };
    let received = || within("submitted_on");
    let (counted, dated) = match measure {
        "received" => (received(), "submitted_on"),
        "electronic_share" => (received().and(by("electronic")?), "submitted_on"),
        "in_person" => (received().and(by("in_person")?), "submitted_on"),
        "in_person_share" => (received().and(by("in_person")?).and(col("events").gt(lit(0))), "submitted_on"),
        "open" => {
            let still = col("closed").not().or(col("closed_on").gt(day(end)));
            (col("submitted_on").lt_eq(day(end)).and(still), "submitted_on")
        }
        "closed" => (col("closed").and(within("closed_on")), "closed_on"),
        _ => return Ok(None),
    };
    let mut wanted = col("kind").eq(lit(SERVICE_REQUEST)).and(counted);
    for (name, value) in parameters {
        let is = match name.as_str() {
            "measure" | "from" | "to" => continue,
            "institution_reg_no" | "service_code" | "channel" | "derivation" if value.is_empty() => {
                col(name.as_str()).is_null()
            }
            "institution_reg_no" | "service_code" | "channel" | "derivation" => {
                col(name.as_str()).eq(lit(value.as_str()))
            }
            "month" => col(dated).cast(DataType::String).str().starts_with(lit(value.as_str())),
            _ => return Ok(None),
        };
        wanted = wanted.and(is);
    }
    let found = requests.filter(wanted.fill_null(lit(false))).select(REQUEST.map(col));
    Ok(Some(found.sort(REQUEST, SortMultipleOptions::default()).collect()?))
}
