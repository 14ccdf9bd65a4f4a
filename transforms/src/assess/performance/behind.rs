//! Requests behind a number of the performance section: those of its selector, sought without the indicators' SQL.

use polars::prelude::*;

use crate::status::indicators::SERVICE_REQUEST;
use crate::status::tables::{LakeTable, REQUEST};

/// What stands behind a number.
pub struct Behind {
    /// A row a request (of steps, a stay): `institution_reg_no`, `request_no` String; of a time also `seconds` Int64 and
    /// `precision` String, the shortest first.
    pub rows: DataFrame,
    /// Of a time, what it comes to.
    pub time: Option<Time>,
}

/// A quantile of the seconds of rows.
pub struct Time {
    /// Seconds; none of no rows.
    pub seconds: Option<f64>,
    /// Of any of them only the day is known.
    pub by_day: bool,
    /// Of working time.
    pub working: bool,
}

/// The column of a time, its quantile, and whether it is working time.
fn time(measure: &str) -> Option<(&'static str, f64, bool)> {
    Some(match measure {
        "median_seconds" => ("elapsed_seconds", 0.5, false),
        "p90_seconds" => ("elapsed_seconds", 0.9, false),
        "median_working_seconds" => ("working_seconds", 0.5, true),
        "p90_working_seconds" => ("working_seconds", 0.9, true),
        "waiting_median_seconds" => ("waiting_seconds", 0.5, false),
        "suspended_median_seconds" => ("suspended_seconds", 0.5, false),
        _ => return None,
    })
}

/// What the outcome of a closed request is: by the closing state, else by its result (closed.sql).
fn outcome(is: &str) -> Expr {
    let any = |column: &str, codes: &[&str]| {
        codes.iter().fold(lit(false), |any, code| any.or(col(column).eq_missing(lit((*code).to_owned()))))
    };
    let undecided = any("state", &["pārsūtīts", "anulēts"]);
    let said = any("result", &["piešķirts", "daļēji piešķirts", "atteikts", "atsaukts"]);
    let by = |result: &str| any("result", &[result]).and(undecided.clone().not());
    let by_state = |state: &str| any("state", &[state]).and(said.clone().not());
    match is {
        "forwarded" => any("state", &["pārsūtīts"]),
        "cancelled" => any("state", &["anulēts"]),
        "granted" => by("piešķirts"),
        "partly_granted" => by("daļēji piešķirts"),
        "refused" => by("atteikts").or(by_state("atteikts")),
        "withdrawn" => by("atsaukts").or(by_state("atsaukts")),
        _ => undecided.or(said).or(any("state", &["atteikts", "atsaukts"])).not(),
    }
}

/// What a selector `request_timeline?measure=…` or `request_step?measure=…` finds in its table of the lake; nothing for a
/// comparison with a term or a forecast, or where the selector speaks of anything else. `channels` is as
/// [`crate::status::indicators::channels`] makes it.
///
/// # Errors
/// The lake cannot be read.
pub fn behind(
    table: LakeTable,
    rows: LazyFrame,
    channels: &DataFrame,
    parameters: &[(String, String)],
) -> PolarsResult<Option<Behind>> {
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
    let closed = || col("closed").and(within("closed_on"));
    let above = |column: &str| closed().and(col(column).gt(lit(0)));
    let steps = table == LakeTable::RequestStep;
    let (counted, dated) = match measure {
        "stays" if steps => (stays(&within), "to_on"),
        measure if steps && time(measure).is_some() => (stays(&within), "to_on"),
        _ if steps => return Ok(None),
        "received" => (received(), "submitted_on"),
        "electronic_share" => (received().and(by("electronic")?), "submitted_on"),
        "in_person" => (received().and(by("in_person")?), "submitted_on"),
        "in_person_share" => (received().and(by("in_person")?).and(col("events").gt(lit(0))), "submitted_on"),
        "open" => {
            let still = col("closed").not().or(col("closed_on").gt(day(end)));
            (col("submitted_on").lt_eq(day(end)).and(still), "submitted_on")
        }
        "closed" => (closed(), "closed_on"),
        "timed" => (closed().and(col("elapsed_seconds").is_not_null()), "closed_on"),
        "reopened" => (above("reopened"), "closed_on"),
        "appealed" => (above("appeals"), "closed_on"),
        "waited" | "waiting_median_seconds" => (above("waiting_seconds"), "closed_on"),
        "suspended" | "suspended_median_seconds" => (above("suspended_seconds"), "closed_on"),
        "first_time_right_share" => (above("events").and(col("waits").eq(lit(0))), "closed_on"),
        "refusal_share" => (closed().and(outcome("refused")), "closed_on"),
        "granted" | "partly_granted" | "refused" | "withdrawn" | "forwarded" | "cancelled" | "completed" => {
            (closed().and(outcome(measure)), "closed_on")
        }
        measure if time(measure).is_some() => (closed(), "closed_on"),
        _ => return Ok(None),
    };
    let of_kind = match given("kind").unwrap_or(SERVICE_REQUEST) {
        "" => col("kind").is_null(),
        kind => col("kind").eq(lit(kind)),
    };
    let mut wanted = of_kind.and(counted);
    for (name, value) in parameters {
        let is = match name.as_str() {
            "measure" | "kind" | "from" | "to" => continue,
            "state" if steps => col("state").eq(lit(value.as_str())),
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
    let found = rows.filter(wanted.fill_null(lit(false)));
    let order = SortMultipleOptions::default();
    let Some((column, share, working)) = time(measure) else {
        let rows = found.select(REQUEST.map(col)).sort(REQUEST, order).collect()?;
        return Ok(Some(Behind { rows, time: None }));
    };
    let seconds = col(column).cast(DataType::Int64).alias("seconds");
    let known =
        found.filter(col(column).is_not_null()).select([col(REQUEST[0]), col(REQUEST[1]), seconds, col("precision")]);
    let rows = known.sort(["seconds", REQUEST[0], REQUEST[1]], order).collect()?;
    let values: Vec<i64> = rows.column("seconds")?.i64()?.iter().flatten().collect();
    let by_day = rows.column("precision")?.str()?.iter().any(|precision| precision == Some("day"));
    Ok(Some(Behind { rows, time: Some(Time { seconds: quantile(&values, share), by_day, working }) }))
}

/// Stays that count: those that ended in the period, not in drafts, in closing states or under appeal.
fn stays(within: &impl Fn(&str) -> Expr) -> Expr {
    col("counted").and(col("elapsed_seconds").is_not_null()).and(within("to_on"))
}

/// Between the two nearest of values in order, in proportion.
fn quantile(values: &[i64], share: f64) -> Option<f64> {
    let place = values.len().checked_sub(1)? as f64 * share;
    let (below, above) = (values[place.floor() as usize] as f64, values[place.ceil() as usize] as f64);
    Some(below + (above - below) * place.fract())
}
