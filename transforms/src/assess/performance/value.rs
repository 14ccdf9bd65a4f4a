//! Values of measures: what machines get and what people read.

use polars::prelude::*;

use crate::assess::report::{Cell, CellKind, percent, percent_text};
use crate::status::indicators::{Unit, unit};
use crate::texts::Texts;

/// What stands for nothing.
const NOTHING: &str = "–";
const DAY: f64 = 86_400.0;

/// Shares: measure, how many, of how many.
const SHARES: [(&str, &str, &str); 7] = [
    ("electronic_share", "electronic", "channel_known"),
    ("in_person_share", "in_person_recorded", "in_person"),
    ("expected_share", "expected_within", "expected_of"),
    ("statutory_share", "statutory_within", "statutory_of"),
    ("refusal_share", "refused", "decided"),
    ("first_time_right_share", "first_time_right", "with_history"),
    ("holder_share", "requests", "holder_requests"),
];

/// How values are written.
pub struct Style<'a> {
    /// Language.
    pub texts: &'a Texts,
    /// Seconds of a working day.
    pub working_day: u32,
}

impl Style<'_> {
    /// A measure of a row of a result of the indicators: one of its columns, or a share (`refusal_share`).
    ///
    /// # Errors
    ///
    /// There is no such column.
    pub fn cell(&self, frame: &DataFrame, row: usize, measure: &str) -> PolarsResult<Cell> {
        if let Some((_, count, of)) = SHARES.iter().find(|(share, ..)| *share == measure) {
            return Ok(self.share(counted(frame, row, count)?, counted(frame, row, of)?));
        }
        Ok(match unit(measure) {
            Unit::Count => Self::count(counted(frame, row, measure)?),
            Unit::Seconds(precision) => {
                let by_day = text(frame, row, precision)?.as_deref() == Some("day");
                self.duration(seconds(frame, row, measure)?, by_day, false)
            }
            Unit::WorkingSeconds(precision) => {
                let by_day = text(frame, row, precision)?.as_deref() == Some("day");
                self.duration(seconds(frame, row, measure)?, by_day, true)
            }
            Unit::Days => self.duration(seconds(frame, row, measure)?, true, false),
            Unit::Text => Self::word(text(frame, row, measure)?),
        })
    }

    pub(in crate::assess) fn count(count: u64) -> Cell {
        let text = grouped(count);
        Cell { kind: CellKind::Count, value: Some(count.to_string()), text, amount: count, ..Cell::default() }
    }

    /// Nothing of nothing is no share.
    pub(in crate::assess) fn share(&self, count: u64, of: u64) -> Cell {
        let (value, text) = if of == 0 {
            (None, NOTHING.to_owned())
        } else {
            let share = percent(count, of);
            let text = percent_text(&share, self.texts.language());
            (Some(share), text)
        };
        Cell {
            kind: CellKind::Share,
            value,
            unit: Some("percent"),
            count: Some(count.to_string()),
            of: Some(of.to_string()),
            text,
            amount: hundredths(count, of),
            ..Cell::default()
        }
    }

    /// A number of parts of one (10: tenths, 100: hundredths): `73,4`; with its sign where it is a difference.
    pub(in crate::assess) fn number(&self, parts: Option<i64>, of_one: u64, signed: bool) -> Cell {
        let digits = if of_one == 100 { 2 } else { 1 };
        let value = parts.map(|parts| {
            let sign = if parts < 0 { "-" } else { "" };
            let (whole, rest) = (parts.unsigned_abs() / of_one, parts.unsigned_abs() % of_one);
            format!("{sign}{whole}.{rest:0digits$}")
        });
        let text = value.as_ref().map_or_else(
            || NOTHING.to_owned(),
            |value| {
                let plus = if signed && parts.is_some_and(|parts| parts > 0) { "+" } else { "" };
                format!("{plus}{}", self.decimal(value).replace('-', "\u{2212}"))
            },
        );
        let amount = parts.map_or(0, i64::unsigned_abs);
        Cell { kind: CellKind::Number, value, unit: Some("points"), text, amount, ..Cell::default() }
    }

    /// A value that stood in the place of a cell, as people read it.
    pub(in crate::assess) fn shown(&self, value: &str, cell: &Cell) -> String {
        match cell.kind {
            CellKind::Count => value.parse().map_or_else(|_| value.to_owned(), grouped),
            CellKind::Share => percent_text(value, self.texts.language()),
            CellKind::Number => self.decimal(value).replace('-', "\u{2212}"),
            CellKind::Duration => match (value.parse::<f64>(), cell.unit) {
                (Ok(number), Some("d")) => self.duration_text(number * DAY, true, false),
                (Ok(number), Some("working d")) => self.duration_text(number * self.day(true), true, true),
                (Ok(number), unit) => self.duration_text(number, false, unit == Some("working s")),
                (Err(_), _) => value.to_owned(),
            },
            CellKind::Text => value.to_owned(),
        }
    }

    /// A difference, in hundredths, of two values of a cell's kind: of percentages in points, of times in their unit.
    pub(in crate::assess) fn difference(&self, hundredths: Option<i64>, cell: &Cell) -> Cell {
        let mut difference = self.number(hundredths, 100, true);
        match (cell.kind, hundredths) {
            (CellKind::Count, Some(hundredths)) => {
                let sign = if hundredths > 0 { "+" } else { "\u{2212}" };
                difference.text = format!("{sign}{}", grouped(hundredths.unsigned_abs() / 100));
                difference.value = Some((hundredths / 100).to_string());
                difference.unit = None;
            }
            (CellKind::Duration, Some(hundredths)) => {
                let sign = if hundredths > 0 { "+" } else { "\u{2212}" };
                let size = format!("{:.2}", hundredths.unsigned_abs() as f64 / 100.0);
                difference.text = format!("{sign}{}", self.shown(&size, cell));
                difference.unit = cell.unit;
            }
            _ => {}
        }
        difference
    }

    /// A time as a cell shows it.
    pub fn time(&self, time: &super::Time) -> String {
        self.duration(time.seconds, time.by_day, time.working).text
    }

    /// Known by the day only: in days with one decimal, never in hours.
    fn duration(&self, seconds: Option<f64>, by_day: bool, working: bool) -> Cell {
        let unit = match (by_day, working) {
            (true, false) => "d",
            (true, true) => "working d",
            (false, false) => "s",
            (false, true) => "working s",
        };
        let value = seconds.map(|seconds| if by_day { tenths(seconds / self.day(working)) } else { plain(seconds) });
        Cell {
            kind: CellKind::Duration,
            value,
            unit: Some(unit),
            text: seconds.map_or_else(|| NOTHING.to_owned(), |seconds| self.duration_text(seconds, by_day, working)),
            amount: seconds.map_or(0, |seconds| seconds.round().max(0.0) as u64),
            ..Cell::default()
        }
    }

    pub(in crate::assess) fn word(word: Option<String>) -> Cell {
        let shown = word.clone().unwrap_or_else(|| NOTHING.to_owned());
        Cell { kind: CellKind::Text, value: word, text: shown, ..Cell::default() }
    }

    fn day(&self, working: bool) -> f64 {
        if working { f64::from(self.working_day.max(1)) } else { DAY }
    }

    /// `3 d 4 h`, `25 min`, `12,5 d`; working time in working days from one on.
    pub fn duration_text(&self, seconds: f64, by_day: bool, working: bool) -> String {
        let day = self.day(working);
        let unit = |name: &str| self.texts.get(&format!("duration-{name}"), &[]);
        if by_day || (working && seconds >= day) {
            let days = self.decimal(&tenths(seconds / day));
            return format!("{days}\u{a0}{}", unit(if working { "working-d" } else { "d" }));
        }
        let whole = seconds.round() as u64;
        let (days, hours, minutes) = (whole / 86_400, whole % 86_400 / 3600, whole % 3600 / 60);
        let parts = match (days, hours, minutes) {
            (0, 0, 0) => [(whole, "s"), (0, "")],
            (0, 0, _) => [(minutes, "min"), (0, "")],
            (0, ..) => [(hours, "h"), (minutes, "min")],
            _ => [(days, "d"), (hours, "h")],
        };
        let said = parts.iter().enumerate().filter(|(at, (number, _))| *at == 0 || *number > 0);
        let said = said.map(|(_, (number, name))| format!("{number}\u{a0}{}", unit(name)));
        said.collect::<Vec<_>>().join("\u{a0}")
    }

    fn decimal(&self, number: &str) -> String {
        match self.texts.language() {
            crate::texts::Language::Lv => number.replace('.', ","),
            crate::texts::Language::En => number.to_owned(),
        }
    }
}

/// A count of a row, nothing where it has none.
pub(super) fn counted(frame: &DataFrame, row: usize, column: &str) -> PolarsResult<u64> {
    Ok(frame.column(column)?.get(row)?.extract::<u64>().unwrap_or_default())
}

/// A text of a row.
pub(super) fn text(frame: &DataFrame, row: usize, column: &str) -> PolarsResult<Option<String>> {
    Ok(match frame.column(column)?.get(row)? {
        AnyValue::Null => None,
        // Polars has texts of two kinds, one of which its own text form puts into quotes.
        other => Some(other.get_str().map_or_else(|| other.to_string(), str::to_owned)),
    })
}

fn seconds(frame: &DataFrame, row: usize, column: &str) -> PolarsResult<Option<f64>> {
    Ok(frame.column(column)?.get(row)?.extract::<f64>())
}

/// A share in hundredths of a per cent.
fn hundredths(count: u64, of: u64) -> u64 {
    (u128::from(count) * 10_000).checked_div(u128::from(of)).unwrap_or(0) as u64
}

/// `12.5`.
fn tenths(number: f64) -> String {
    format!("{:.1}", (number * 10.0).round() / 10.0)
}

/// `5400`, `5400.5`.
fn plain(seconds: f64) -> String {
    let text = tenths(seconds);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Thousands apart: `12 345`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let lead = digits.len() % 3;
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        // Four digits are read at a glance.
        if at > 0 && digits.len() > 4 && at % 3 == lead {
            out.push('\u{a0}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_a_single_row_is_without_quotes() {
        // What Polars makes of a result of one row.
        let repeated = Column::new_scalar("precision".into(), Scalar::from(PlSmallStr::from("day")), 1);
        let listed = Column::new("state".into(), ["izpildē"]);
        let frame = DataFrame::new_infer_height(vec![repeated, listed]).unwrap();
        assert_eq!(text(&frame, 0, "precision").unwrap().as_deref(), Some("day"));
        assert_eq!(text(&frame, 0, "state").unwrap().as_deref(), Some("izpildē"));
    }
}
