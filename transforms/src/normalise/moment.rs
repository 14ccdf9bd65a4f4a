//! Dates and times as the wild writes them. Day and month are never swapped and never guessed.
//!
//! Understood without a declared format: `04.06.2024.`, `4.6.2024 13:05[:59]`, `2024. gada 4. jūnijs [plkst. 13:05]`,
//! ISO 8601 (with an offset or `Z` too) and the serial numbers of Excel. `04/06/2024` says not which is the
//! month: it needs a declared format.

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};
use regex::Regex;

/// What a text says of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A day.
    Day(Date),
    /// A local time.
    Local(DateTime),
    /// A moment with its offset.
    Instant(Timestamp),
}

const MONTHS: [&str; 12] = ["janv", "febr", "mart", "apr", "mai", "jun", "jul", "aug", "sept", "okt", "nov", "dec"];

#[allow(clippy::unwrap_used, reason = "constant patterns; the tests run them")]
static DOTTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\.?(?:\s*g\.?)?(?:[\sT,]+(.+))?$").unwrap());
#[allow(clippy::unwrap_used, reason = "constant patterns; the tests run them")]
static WORDED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\d{4})\.?\s*(?:gada|g\.?)\s*(\d{1,2})\.?\s*([\p{L}]+)\.?(?:[\s,]+(?:plkst\.?\s*)?(.+))?$").unwrap()
});
#[allow(clippy::unwrap_used, reason = "constant patterns; the tests run them")]
static CLOCK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?$").unwrap());

/// Reads a text; `formats` (strftime) replace the known forms when there are any.
pub fn parse(text: &str, formats: &[String]) -> Option<Moment> {
    let text = text.trim();
    if formats.is_empty() { known(text) } else { formats.iter().find_map(|format| declared(text, format)) }
}

/// Formats of moments counted since 1970 (UTC), which strftime has none for.
pub const EPOCHS: [(&str, i64); 2] = [("unix", 1_000), ("unix-ms", 1)];

/// Whether a format can be parsed at all: tried on a moment printed with it.
pub fn format_is_usable(format: &str) -> bool {
    if EPOCHS.iter().any(|(name, _)| *name == format) {
        return true;
    }
    let sample = jiff::civil::date(2024, 11, 21).at(13, 5, 59, 0);
    jiff::fmt::strtime::format(format, sample).is_ok_and(|printed| declared(&printed, format).is_some())
}

fn declared(text: &str, format: &str) -> Option<Moment> {
    if let Some((_, milliseconds)) = EPOCHS.iter().find(|(name, _)| *name == format) {
        let moment = text.parse::<i64>().ok()?.checked_mul(*milliseconds)?;
        return Timestamp::from_millisecond(moment).ok().map(Moment::Instant);
    }
    let broken = jiff::fmt::strtime::parse(format, text).ok()?;
    if broken.offset().is_some() {
        return broken.to_timestamp().ok().map(Moment::Instant);
    }
    let date = broken.to_date().ok()?;
    if broken.hour().is_none() {
        return Some(Moment::Day(date));
    }
    broken.to_datetime().ok().map(Moment::Local)
}

fn known(text: &str) -> Option<Moment> {
    if let Some(parts) = DOTTED.captures(text) {
        return at(date(&parts[3], &parts[2], &parts[1])?, parts.get(4).map(|m| m.as_str()));
    }
    if let Some(parts) = WORDED.captures(text) {
        let name = crate::fold::fold(&parts[3]);
        let month = MONTHS.iter().position(|stem| name.starts_with(stem))? + 1;
        return at(date(&parts[1], &month.to_string(), &parts[2])?, parts.get(4).map(|m| m.as_str()));
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits == text.len() || text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return serial(text);
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(Moment::Instant(instant));
    }
    if text.len() <= 10 {
        return text.parse::<Date>().ok().map(Moment::Day);
    }
    text.replacen(' ', "T", 1).parse::<DateTime>().ok().map(Moment::Local)
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn at(day: Date, clock: Option<&str>) -> Option<Moment> {
    let Some(clock) = clock.map(str::trim).filter(|clock| !clock.is_empty()) else { return Some(Moment::Day(day)) };
    let parts = CLOCK.captures(clock)?;
    let number = |index: usize| parts.get(index).map_or(Some(0), |m| m.as_str().parse::<i8>().ok());
    Some(Moment::Local(day.to_datetime(Time::new(number(1)?, number(2)?, number(3)?, 0).ok()?)))
}

/// Days since 30.12.1899, as Excel counts after February 1900; only numbers that mean 1954 to 2119.
fn serial(text: &str) -> Option<Moment> {
    let number: f64 = text.parse().ok()?;
    if !(20_000.0..80_000.0).contains(&number) {
        return None;
    }
    let day = jiff::civil::date(1899, 12, 30).checked_add(Span::new().days(number.trunc() as i64)).ok()?;
    let seconds = (number.fract() * 86_400.0).round() as i64;
    if seconds == 0 {
        return Some(Moment::Day(day));
    }
    day.to_datetime(Time::midnight()).checked_add(Span::new().seconds(seconds)).ok().map(Moment::Local)
}

/// How exactly a moment was written: `day`, `minute` or `second` (code list `precisions`).
pub fn precision(moment: Moment, text: &str) -> &'static str {
    let seconds = match moment {
        Moment::Day(_) => return "day",
        Moment::Local(local) => local.second(),
        Moment::Instant(instant) => (instant.as_second() % 60) as i8,
    };
    let clock = text.split_once(':').map_or("", |(_, minutes)| minutes);
    let with_seconds = clock
        .get(2..)
        .is_some_and(|rest| rest.starts_with([':', '.']) && rest[1..].starts_with(|c: char| c.is_ascii_digit()));
    // The number of a day with a fraction has no form that could leave seconds out.
    let serial = !text.contains([':', 'T', 't', ' ']) && text.contains('.');
    // Counted since 1970.
    let epoch = text.len() >= 9 && text.bytes().all(|b| b.is_ascii_digit());
    if seconds != 0 || with_seconds || serial || epoch { "second" } else { "minute" }
}

/// How a local time became UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// One answer.
    Exact(Timestamp),
    /// The hour occurs twice; the earlier is taken.
    Earlier(Timestamp),
    /// The hour does not occur.
    Skipped,
}

/// A moment in UTC; a day begins at local midnight.
pub fn to_utc(moment: Moment, zone: &TimeZone) -> Option<Resolved> {
    let local = match moment {
        Moment::Instant(instant) => return Some(Resolved::Exact(instant)),
        Moment::Day(day) => day.to_datetime(Time::midnight()),
        Moment::Local(local) => local,
    };
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok().map(Resolved::Exact),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok().map(Resolved::Earlier),
        AmbiguousOffset::Gap { .. } => Some(Resolved::Skipped),
    }
}

/// The local day of a moment.
pub fn to_day(moment: Moment, zone: &TimeZone) -> Date {
    match moment {
        Moment::Day(day) => day,
        Moment::Local(local) => local.date(),
        Moment::Instant(instant) => instant.to_zoned(zone.clone()).date(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn riga() -> TimeZone {
        TimeZone::get("Europe/Riga").unwrap()
    }

    #[test]
    fn reads_what_the_wild_writes() {
        for (text, expected) in [
            ("04.06.2024.", Some("2024-06-04")),
            ("4.6.2024", Some("2024-06-04")),
            ("01.02.2024", Some("2024-02-01")),
            ("31.02.2024", None),
            ("04.06.2024 13:05", Some("2024-06-04T13:05:00")),
            ("04.06.2024. 13:05:59", Some("2024-06-04T13:05:59")),
            ("04.06.2024 13.05", Some("2024-06-04T13:05:00")),
            ("2024. gada 4. jūnijs", Some("2024-06-04")),
            ("2024.gada 4.jūnijā", Some("2024-06-04")),
            ("2024. gada 4. jūnijs plkst. 9:30", Some("2024-06-04T09:30:00")),
            ("2024-06-04", Some("2024-06-04")),
            ("2024-06-04T13:05:00", Some("2024-06-04T13:05:00")),
            ("2024-06-04 13:05", Some("2024-06-04T13:05:00")),
            ("45447", Some("2024-06-04")),
            ("45447.5", Some("2024-06-04T12:00:00")),
            ("04/06/2024", None),
            ("04.06.24", None),
            ("20240604", None),
            ("vakar", None),
            ("", None),
        ] {
            let found = parse(text, &[]).map(|moment| match moment {
                Moment::Day(day) => day.to_string(),
                Moment::Local(local) => local.to_string(),
                Moment::Instant(instant) => instant.to_string(),
            });
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn exactness_is_as_written() {
        for (text, expected) in [
            ("04.06.2024.", "day"),
            ("45447", "day"),
            ("04.06.2024 13:05", "minute"),
            ("04.06.2024 13.05", "minute"),
            ("2024-06-04T13:05+03:00", "minute"),
            ("2024-06-04T13:05:00", "second"),
            ("2024-06-04T13:05:00Z", "second"),
            ("04.06.2024 13:05:59", "second"),
            ("45447.5", "second"),
        ] {
            assert_eq!(precision(parse(text, &[]).unwrap(), text), expected, "{text}");
        }
    }

    #[test]
    fn declared_formats_replace_the_known() {
        let formats = ["%d/%m/%Y".to_owned()];
        assert_eq!(parse("04/06/2024", &formats), Some(Moment::Day(jiff::civil::date(2024, 6, 4))));
        assert_eq!(parse("04.06.2024", &formats), None);
        assert!(format_is_usable("%d/%m/%Y %H:%M"));
        assert!(!format_is_usable("%Q"));
        assert!(!format_is_usable("dd.mm.yyyy"));
    }

    #[test]
    fn summer_time() {
        let utc = |text: &str| to_utc(parse(text, &[]).unwrap(), &riga()).unwrap();
        assert_eq!(utc("31.03.2024 03:30"), Resolved::Skipped);
        let Resolved::Earlier(twice) = utc("27.10.2024 03:30") else { panic!("not twice") };
        assert_eq!(twice.to_string(), "2024-10-27T00:30:00Z");
        let Resolved::Exact(noon) = utc("04.06.2024 12:00") else { panic!("not exact") };
        assert_eq!(noon.to_string(), "2024-06-04T09:00:00Z");
    }

    proptest! {
        #[test]
        fn every_day_in_every_form(days in 0i64..59_900) {
            let day = jiff::civil::date(1955, 1, 1).checked_add(Span::new().days(days)).unwrap();
            let (y, m, d) = (day.year(), day.month(), day.day());
            let serial = day.since(jiff::civil::date(1899, 12, 30)).unwrap().get_days();
            for text in [format!("{d:02}.{m:02}.{y}."), format!("{d}.{m}.{y}"), day.to_string(), serial.to_string()] {
                prop_assert_eq!(parse(&text, &[]), Some(Moment::Day(day)), "{}", text);
            }
        }
    }
}
