//! Values of cells as text.
//!
//! True dates become `2024-06-04` or `2024-06-04T13:05:00`, times without a date `13:05:00`, durations hours, minutes
//! and seconds (`36:30:00`); numbers are written without an exponent and with a point, whole ones without decimals;
//! booleans are `true` and `false`.

use std::fmt::Write;

use calamine::{DataType, ExcelDateTime, ExcelDateTimeType};

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text.
    Text,
    /// A number, date or boolean.
    Number,
    /// An Excel error value.
    Error,
    /// A formula without its value.
    NoValue,
}

/// Days from 9999-12-31 on are no dates.
const END_OF_DATES: f64 = 2_958_466.0;
const DAY: i64 = 86_400;

/// Writes the value to `text`, which is cleared first; none for an empty cell.
/// `zeros`: digits of the number format `0000`, 0 for every other format.
pub(super) fn write(value: &impl DataType, zeros: usize, text: &mut String) -> Option<Kind> {
    text.clear();
    // Writing to a string does not fail.
    if let Some(string) = value.get_string() {
        text.push_str(string);
        return Some(Kind::Text);
    }
    if let Some(int) = value.get_int() {
        let _ = write!(text, "{int}");
    } else if let Some(float) = value.get_float() {
        number(float, zeros, text);
    } else if let Some(bool) = value.get_bool() {
        text.push_str(if bool { "true" } else { "false" });
    } else if let Some(error) = value.get_error() {
        let _ = write!(text, "{error}");
        return Some(Kind::Error);
    } else if let Some(at) = value.get_datetime() {
        moment(&at, text);
    } else if let Some(iso) = value.get_datetime_iso() {
        iso_moment(iso, text);
    } else if let Some(iso) = value.get_duration_iso() {
        match iso_duration(iso) {
            Some(seconds) => clock(seconds, text),
            None => text.push_str(iso),
        }
    } else {
        return None;
    }
    Some(Kind::Number)
}

/// Digits that a number format of zeros only asks for: 4 for `0000`.
pub(super) fn zeros(format: &str) -> usize {
    let format = format.split(';').next().unwrap_or_default();
    // A language in front: `[$-426]0000`.
    let format = format.split_once(']').filter(|(tag, _)| tag.starts_with("[$")).map_or(format, |(_, rest)| rest);
    // Longer than any number that Excel keeps exactly is none of a code.
    let digits = format.len();
    if (2..=32).contains(&digits) && format.bytes().all(|byte| byte == b'0') { digits } else { 0 }
}

fn number(number: f64, zeros: usize, text: &mut String) {
    let whole = number.fract() == 0.0 && number.abs() < 1e15;
    let _ = if whole && number >= 0.0 {
        write!(text, "{:0zeros$}", number as i64)
    } else if whole {
        write!(text, "{}", number as i64)
    } else {
        write!(text, "{number}")
    };
}

fn moment(at: &ExcelDateTime, text: &mut String) {
    let serial = at.as_f64();
    let seconds = (serial * DAY as f64).round();
    if at.is_duration() && seconds.abs() < 1e12 {
        return clock(seconds as i64, text);
    }
    if !(0.0..END_OF_DATES).contains(&serial) {
        return number(serial, 0, text);
    }
    let (days, seconds) = (seconds as i64 / DAY, seconds as i64 % DAY);
    if days == 0 {
        return clock(seconds, text);
    }
    // calamine knows which day a number means, by either of Excel's calendars; the time was rounded above.
    let day = at.to_ymd_hms_milli();
    let rounded_up = days as f64 > serial;
    let (year, month, day, ..) = if rounded_up { next_day(at, days) } else { day };
    let _ = write!(text, "{year:04}-{month:02}-{day:02}");
    if seconds != 0 {
        text.push('T');
        clock(seconds, text);
    }
}

/// The day that a time just before midnight was rounded to.
fn next_day(at: &ExcelDateTime, days: i64) -> (u16, u8, u8, u8, u8, u8, u16) {
    // Whether the workbook counts from 1904 shows only in the dates that come out.
    let same = |is_1904| ExcelDateTime::new(at.as_f64(), ExcelDateTimeType::DateTime, is_1904).to_ymd_hms_milli();
    let is_1904 = same(true) == at.to_ymd_hms_milli();
    ExcelDateTime::new(days as f64, ExcelDateTimeType::DateTime, is_1904).to_ymd_hms_milli()
}

fn clock(seconds: i64, text: &mut String) {
    let sign = if seconds < 0 { "-" } else { "" };
    let seconds = seconds.unsigned_abs();
    let _ = write!(text, "{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

/// `2024-06-04T00:00:00.000` as a date: ods and some xlsx files write dates out.
fn iso_moment(iso: &str, text: &mut String) {
    let (date, time) = iso.split_once('T').unwrap_or((iso, ""));
    let time = time.split('.').next().unwrap_or_default();
    text.push_str(date);
    if !time.is_empty() && time.bytes().any(|byte| matches!(byte, b'1'..=b'9')) {
        let _ = write!(text, "T{time}");
    }
}

/// Seconds of `PT13H05M00S`.
fn iso_duration(iso: &str) -> Option<i64> {
    let (negative, rest) = match iso.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, iso),
    };
    let mut rest = rest.strip_prefix('P')?;
    let (mut seconds, mut time) = (0.0, false);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            (time, rest) = (true, after);
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, after) = rest.split_at(end);
        let number: f64 = number.replace(',', ".").parse().ok()?;
        let unit = after.chars().next()?;
        seconds += number
            * match (unit, time) {
                ('D', false) => 86_400.0,
                ('H', true) => 3_600.0,
                ('M', true) => 60.0,
                ('S', true) => 1.0,
                _ => return None,
            };
        rest = after.get(1..)?;
    }
    let seconds: f64 = seconds;
    (seconds < 1e12).then(|| if negative { -(seconds.round() as i64) } else { seconds.round() as i64 })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use calamine::{Data, ExcelDateTime, ExcelDateTimeType};

    use super::*;

    fn date(serial: f64, is_1904: bool) -> Data {
        Data::DateTime(ExcelDateTime::new(serial, ExcelDateTimeType::DateTime, is_1904))
    }

    fn duration(serial: f64) -> Data {
        Data::DateTime(ExcelDateTime::new(serial, ExcelDateTimeType::TimeDelta, false))
    }

    #[test]
    fn values_as_text() {
        for (value, zeros, expected) in [
            (Data::Float(17.0), 0, "17"),
            (Data::Float(17.0), 4, "0017"),
            (Data::Float(17.5), 4, "17.5"),
            (Data::Float(-17.0), 4, "-17"),
            (Data::Float(0.1 + 0.2), 0, "0.30000000000000004"),
            (Data::Float(66.21), 0, "66.21"),
            (Data::Float(40_003_000_642.0), 0, "40003000642"),
            (Data::Float(1e21), 0, "1000000000000000000000"),
            (Data::Int(5), 0, "5"),
            (Data::Bool(true), 0, "true"),
            (Data::String("0017".to_owned()), 0, "0017"),
            (date(45447.0, false), 0, "2024-06-04"),
            (date(45_447.545_14, false), 0, "2024-06-04T13:05:00"),
            (date(45_447.999_999_9, false), 0, "2024-06-05"),
            (date(43_985.0, true), 0, "2024-06-04"),
            (date(43_985.999_999_9, true), 0, "2024-06-05"),
            (date(0.545_138_89, false), 0, "13:05:00"),
            (date(-1.0, false), 0, "-1"),
            (date(3e6, false), 0, "3000000"),
            (duration(1.520_833_333_333_333_3), 0, "36:30:00"),
            (Data::DateTimeIso("2024-06-04T00:00:00.000".to_owned()), 0, "2024-06-04"),
            (Data::DateTimeIso("2024-06-04T13:05:00.25".to_owned()), 0, "2024-06-04T13:05:00"),
            (Data::DurationIso("PT13H05M00S".to_owned()), 0, "13:05:00"),
            (Data::DurationIso("P1Y".to_owned()), 0, "P1Y"),
        ] {
            let mut text = "x".to_owned();
            assert!(write(&value, zeros, &mut text).is_some());
            assert_eq!(text, expected, "{value:?}");
        }
        assert_eq!(write(&Data::Empty, 0, &mut String::new()), None);
        assert_eq!(write(&Data::Error(calamine::CellErrorType::Ref), 0, &mut String::new()), Some(Kind::Error));
    }

    #[test]
    fn formats_of_zeros() {
        for (format, digits) in [
            ("0000", 4),
            ("0000000;@", 7),
            ("[$-426]0000", 4),
            ("0", 0),
            ("0.00", 0),
            ("General", 0),
            ("#000", 0),
            ("", 0),
        ] {
            assert_eq!(zeros(format), digits, "{format}");
        }
    }
}
