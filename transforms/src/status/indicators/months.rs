//! The month of a day as a number: 202407.

use std::sync::LazyLock;

use jiff::ToSpan;
use jiff::civil::Date;
use polars::prelude::*;

/// Months of the days from 1900 to 2100. Looking a day up costs a fraction of what reckoning its year and its month does, and
/// each row of the lake is asked for its month several times.
static MONTHS: LazyLock<Vec<i32>> = LazyLock::new(|| (FIRST_DAY..=LAST_DAY).map(reckoned).collect());

/// 1900-01-01, in days since 1970-01-01.
const FIRST_DAY: i32 = -25_567;

/// 2100-12-31.
const LAST_DAY: i32 = 47_846;

/// The month of a column of days, Int32; null where there is none.
pub(super) fn month(day: &str) -> Expr {
    let months = |days: Column| {
        let months = days.date()?.physical().apply_values(month_of);
        Ok(months.into_column())
    };
    col(day).map(months, |_, field| Ok(Field::new(field.name.clone(), DataType::Int32)))
}

fn month_of(day: i32) -> i32 {
    let known = usize::try_from(day - FIRST_DAY).ok().and_then(|at| MONTHS.get(at));
    known.copied().unwrap_or_else(|| reckoned(day))
}

/// 0 for a day that no calendar has.
fn reckoned(day: i32) -> i32 {
    let day = Date::constant(1970, 1, 1).checked_add(day.days());
    day.map_or(0, |day| i32::from(day.year()) * 100 + i32::from(day.month()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_that_polars_reckons() {
        let days: Vec<Option<i32>> =
            (FIRST_DAY - 40_000..LAST_DAY + 40_000).map(Some).chain([None, Some(FIRST_DAY), Some(LAST_DAY)]).collect();
        let year = col("day").dt().year() * lit(100) + col("day").dt().month().cast(DataType::Int32);
        let days = df!("day" => days).unwrap().lazy().with_column(col("day").cast(DataType::Date));
        let found = days.select([month("day").alias("found"), year.alias("polars")]).collect().unwrap();
        let of = |name: &str| found.column(name).unwrap().i32().unwrap().clone();
        assert!(of("found").into_series().equals_missing(&of("polars").into_series()));
        assert_eq!(of("found").get(0), Some(179_006));
        assert_eq!(of("found").iter().rev().take(3).collect::<Vec<_>>(), [Some(210_012), Some(190_001), None]);
    }
}
