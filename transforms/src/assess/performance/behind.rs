//! Requests behind a number of the performance section: those of its selector, sought without the indicators' SQL.

use jiff::civil::Date;
use polars::prelude::*;

use crate::status::indicators::{Indicators, SERVICE_REQUEST};
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

/// Fewer stays than these forecast nothing (forecast.sql).
const ENOUGH: usize = 5;

/// What a selector `request_timeline?measure=…` or `request_step?measure=…` finds in its table of the lake; nothing for what
/// is no number of requests, or where the selector speaks of anything else.
///
/// # Errors
/// The lake cannot be read.
pub fn behind(
    indicators: &Indicators,
    table: LakeTable,
    parameters: &[(String, String)],
) -> PolarsResult<Option<Behind>> {
    let inputs = indicators.inputs();
    let (rows, channels) = match table {
        LakeTable::RequestStep => (inputs.steps.clone(), &inputs.channels),
        _ => (inputs.requests.clone(), &inputs.channels),
    };
    let given = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let (Some(measure), Some(end)) = (given("measure"), given("to")) else { return Ok(None) };
    let within = |column: &str| {
        let until = col(column).lt_eq(date(end));
        given("from").map_or_else(|| until.clone(), |from| until.clone().and(col(column).gt_eq(date(from))))
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
    if !steps && (given("state").is_some() || given("year").is_some()) {
        return forecast_or_year(indicators, parameters);
    }
    let end_on: Date = end.parse().map_err(|error| polars_err!(ComputeError: "{error}"))?;
    let still_open = || {
        let still = col("closed").not().or(col("closed_on").gt(date(end)));
        col("submitted_on").lt_eq(date(end)).and(still)
    };
    // What compares with a term needs the terms beside the requests.
    let judged = |measure: &str| measure.starts_with("expected") || measure.starts_with("statutory");
    let rows = match measure {
        "overdue" | "due_unknown" => late(with_terms(rows, indicators), indicators, end_on)?,
        measure if judged(measure) => with_terms(rows, indicators),
        _ => rows,
    };
    let (counted, dated) = match measure {
        "stays" if steps => (stays(&within), "to_on"),
        measure if steps && time(measure).is_some() => (stays(&within), "to_on"),
        _ if steps => return Ok(None),
        "received" => (received(), "submitted_on"),
        "electronic_share" => (received().and(by("electronic")?), "submitted_on"),
        "in_person" => (received().and(by("in_person")?), "submitted_on"),
        "in_person_share" => (received().and(by("in_person")?).and(col("events").gt(lit(0))), "submitted_on"),
        "open" => (still_open(), "submitted_on"),
        "overdue" => (still_open().and(col("late")), "submitted_on"),
        "due_unknown" => (still_open().and(col("late").is_null()), "submitted_on"),
        "undated" => {
            let draft = col("state").eq_missing(lit("melnraksts".to_owned()));
            let unknown = col("submitted_on").is_null().and(draft.not());
            (unknown.or(col("closed").and(col("closed_on").is_null())), "submitted_on")
        }
        "expected_share" | "statutory_share" => (closed().and(within_term(term(measure))), "closed_on"),
        "expected_of" | "statutory_of" => (closed().and(within_term(term(measure)).is_not_null()), "closed_on"),
        "expected_undecidable" | "statutory_undecidable" => {
            let value = col(format!("{}_value", term(measure)));
            (closed().and(value.is_not_null()).and(within_term(term(measure)).is_null()), "closed_on")
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
    let Some(mine) = named(parameters, dated) else { return Ok(None) };
    let wanted = counted.and(mine);
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

/// The condition that parameters other than the measure and the period make; none where they speak of anything else.
/// `dated`: the column of the day by which a month counts.
fn named(parameters: &[(String, String)], dated: &str) -> Option<Expr> {
    let kind = parameters.iter().find(|(name, _)| name == "kind").map_or(SERVICE_REQUEST, |(_, kind)| kind.as_str());
    let mut wanted = if kind.is_empty() { col("kind").is_null() } else { col("kind").eq(lit(kind.to_owned())) };
    for (name, value) in parameters {
        let is = match name.as_str() {
            "measure" | "kind" | "from" | "to" => continue,
            "institution_reg_no" | "service_code" | "channel" | "derivation" if value.is_empty() => {
                col(name.as_str()).is_null()
            }
            "institution_reg_no" | "service_code" | "channel" | "derivation" | "state" => {
                col(name.as_str()).eq(lit(value.as_str()))
            }
            "month" if value.is_empty() => col(dated).is_null(),
            "month" => col(dated).cast(DataType::String).str().starts_with(lit(value.as_str())),
            "year" => col(dated).cast(DataType::String).str().starts_with(lit(format!("{value}-"))),
            _ => return None,
        };
        wanted = wanted.and(is);
    }
    Some(wanted)
}

/// Forecasts of the open requests that stand in a state, and requests of a calendar year (MK 402 clause 3.1).
fn forecast_or_year(indicators: &Indicators, parameters: &[(String, String)]) -> PolarsResult<Option<Behind>> {
    let given = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let (Some(measure), Some(end)) = (given("measure"), given("to")) else { return Ok(None) };
    let until = || date(end);
    let order = SortMultipleOptions::default();
    let inputs = indicators.inputs();
    let keys = |rows: LazyFrame| rows.select(REQUEST.map(col)).sort(REQUEST, order.clone()).collect();
    if given("year").is_some() {
        // The share is that of the service's requests among the holder's.
        let of_holder = measure == "holder_requests";
        if !matches!(measure, "requests" | "holder_requests" | "holder_share") {
            return Ok(None);
        }
        let those: Vec<_> =
            parameters.iter().filter(|(name, _)| !of_holder || name != "service_code").cloned().collect();
        let Some(wanted) = named(&those, "submitted_on") else { return Ok(None) };
        let wanted = wanted.and(col("submitted_on").lt_eq(until()));
        return Ok(Some(Behind {
            rows: keys(inputs.requests.clone().filter(wanted.fill_null(lit(false))))?,
            time: None,
        }));
    }
    let (Some(open), Some(ended)) = (named(parameters, "submitted_on"), named(parameters, "closed_on")) else {
        return Ok(None);
    };
    let standing = open
        .and(col("closed").not())
        .and(col("submitted_on").lt_eq(until()))
        .and(col("state_since_on").lt_eq(until()))
        .fill_null(lit(false));
    let standing = inputs.requests.clone().filter(standing);
    if measure == "open" {
        return Ok(Some(Behind { rows: keys(standing)?, time: None }));
    }
    // What others took from there until they were closed.
    let mut ended = ended.and(col("to_close_seconds").is_not_null()).and(col("closed_on").lt_eq(until()));
    if let Some(from) = given("from") {
        ended = ended.and(col("closed_on").gt_eq(date(from)));
    }
    let stays = inputs.steps.clone().filter(ended.fill_null(lit(false)));
    let seconds = |of: Expr| of.cast(DataType::Int64).alias("seconds");
    let day = lit("day").alias("precision");
    let listed = |rows: LazyFrame, of: Expr| {
        rows.select([col(REQUEST[0]), col(REQUEST[1]), seconds(of), day.clone()])
            .sort(["seconds", REQUEST[0], REQUEST[1]], order.clone())
            .collect()
    };
    let stays = listed(stays, col("to_close_seconds"))?;
    if measure == "behind" {
        return Ok(Some(Behind { rows: stays.select(REQUEST)?, time: None }));
    }
    let values: Vec<i64> = stays.column("seconds")?.i64()?.iter().flatten().collect();
    let enough = values.len() >= ENOUGH;
    let typical = |share: f64| quantile(&values, share).filter(|_| enough);
    let time = |seconds| Some(Time { seconds, by_day: true, working: false });
    let whole = match measure {
        "typical_seconds" => return Ok(Some(Behind { rows: stays, time: time(typical(0.5)) })),
        "remaining_median_seconds" => typical(0.5),
        "remaining_p90_seconds" => typical(0.9),
        _ => return Ok(None),
    };
    let stood = (until() - col("state_since_on")).dt().total_days(false).cast(DataType::Float64);
    let left = lit(whole.unwrap_or_default()) - lit(86_400.0) * stood;
    let left = when(left.clone().lt(lit(0.0))).then(lit(0.0)).otherwise(left);
    let exact = standing.clone().select([left.clone().alias("left")]).sort(["left"], order.clone()).collect()?;
    let exact: Vec<f64> = exact.column("left")?.f64()?.iter().flatten().collect();
    let rows = listed(standing, left)?;
    Ok(Some(Behind { rows, time: time(between(&exact, 0.5).filter(|_| whole.is_some())) }))
}

/// A day, as selectors write it.
fn date(day: &str) -> Expr {
    let written = StrptimeOptions { format: Some("%Y-%m-%d".into()), ..StrptimeOptions::default() };
    lit(day.to_owned()).str().to_date(written)
}

/// Expected or statutory, of a measure.
fn term(measure: &str) -> &'static str {
    if measure.starts_with("expected") { "expected" } else { "statutory" }
}

/// The requests with the terms of their services.
fn with_terms(rows: LazyFrame, indicators: &Indicators) -> LazyFrame {
    let on = [col("service_holder"), col("service_key")];
    let names = [col(REQUEST[0]), col("service_code")];
    rows.join(indicators.terms().clone().lazy(), names, on, JoinArgs::new(JoinType::Left))
}

/// A comparison with a term in its unit; null where there is none, or where minutes and hours are compared with what is
/// known by the day. `lengths`: of days, months, working days and seconds.
fn compared(term: &str, by_day: Expr, lengths: [Expr; 4], holds: impl Fn(Expr, Expr) -> Expr) -> Expr {
    let value = || col(format!("{term}_value"));
    let unit = |unit: &'static str| col(format!("{term}_unit")).eq(lit(unit));
    let [days, months, working_days, seconds] = lengths.map(|length| length.cast(DataType::Float64));
    when(unit("d"))
        .then(holds(days, value()))
        .when(unit("month"))
        .then(holds(months, value()))
        .when(unit("working d"))
        .then(holds(working_days, value()))
        .when(by_day)
        .then(lit(NULL))
        .when(unit("h"))
        .then(holds(seconds.clone(), value() * lit(3600.0)))
        .when(unit("min"))
        .then(holds(seconds, value() * lit(60.0)))
        .otherwise(lit(NULL))
}

/// Whether a closed request kept within the term.
fn within_term(term: &str) -> Expr {
    let lengths = ["elapsed_days", "elapsed_months", "working_days", "elapsed_seconds"].map(col);
    compared(term, col("precision").eq(lit("day")), lengths, Expr::lt_eq)
}

/// The requests with `late`: whether an open one would be late if it were closed in the first moment of the day; null where
/// nobody can tell.
fn late(rows: LazyFrame, indicators: &Indicators, end: Date) -> PolarsResult<LazyFrame> {
    let calendar = indicators.inputs().calendar.clone().lazy();
    let index = calendar.clone().filter(col("day").eq(date(&end.to_string()))).collect()?;
    let index = index.column("working_day_index")?.i32()?.get(0);
    let submissions =
        calendar.select([col("day").alias("submission_day"), col("working_day_index").alias("submission_index")]);
    let rows = rows.join(submissions, [col("submitted_on")], [col("submission_day")], JoinArgs::new(JoinType::Left));
    let moment = end.to_zoned(indicators.query().zone.clone()).map_err(|error| polars_err!(ComputeError: "{error}"))?;
    let until = date(&end.to_string());
    let on = || col("submitted_on").dt();
    let days = (until.clone() - col("submitted_on")).dt().total_days(false);
    // Begun months.
    let months = lit(i32::from(end.year()) * 12 + i32::from(end.month()))
        - (on().year() * lit(12) + on().month().cast(DataType::Int32))
        + lit(i32::from(end.day())).gt(on().day().cast(DataType::Int32)).cast(DataType::Int32);
    let working = index.map_or(lit(NULL), lit) - col("submission_index");
    let seconds = (lit(moment.timestamp().as_microsecond()) - col("submitted_at").cast(DataType::Int64))
        .floor_div(lit(1_000_000_i64));
    let by_day = col("precision").is_null().or(col("precision").eq(lit("day")));
    let beyond = compared("statutory", by_day, [days, months, working, seconds], Expr::gt);
    let late = when(col("due_on").is_not_null()).then(col("due_on").lt(until)).otherwise(beyond);
    Ok(rows.with_column(late.alias("late")))
}

/// Stays that count: those that ended in the period, not in drafts, in closing states or under appeal.
fn stays(within: &impl Fn(&str) -> Expr) -> Expr {
    col("counted").and(col("elapsed_seconds").is_not_null()).and(within("to_on"))
}

fn quantile(values: &[i64], share: f64) -> Option<f64> {
    between(&values.iter().map(|value| *value as f64).collect::<Vec<_>>(), share)
}

/// Between the two nearest of values in order, in proportion.
fn between(values: &[f64], share: f64) -> Option<f64> {
    let place = values.len().checked_sub(1)? as f64 * share;
    let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}
