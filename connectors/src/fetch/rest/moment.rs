//! Moments as a server writes and reads them.

use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use vienkop_transforms::normalise::moment::{self, Moment};

/// How moments are written in requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    format: String,
    /// None: the zone of the installation.
    zone: Option<TimeZone>,
}

impl Default for Written {
    fn default() -> Self {
        Self { format: "%Y-%m-%dT%H:%M:%SZ".to_owned(), zone: Some(TimeZone::UTC) }
    }
}

impl Written {
    /// `None` when there is no such format or zone; the text that is to blame.
    pub(super) fn new<'t>(format: Option<&'t str>, zone: Option<&'t str>) -> Result<Self, (&'static str, &'t str)> {
        let named = zone.map(zone_of).transpose().map_err(|zone| ("zone", zone))?;
        let Some(format) = format else {
            let Some(zone) = named else { return Ok(Self::default()) };
            return Ok(Self { format: "%Y-%m-%dT%H:%M:%S%:z".to_owned(), zone: Some(zone) });
        };
        let written = Self { format: format.to_owned(), zone: named };
        let tried = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        match jiff::fmt::strtime::format(format, &tried) {
            Ok(text) if !text.is_empty() => Ok(written),
            _ => Err(("format", format)),
        }
    }

    /// The moment as a text. In the hour that occurs twice a text without offset could mean the later one: an earlier
    /// moment is written then, that can only mean itself.
    pub(super) fn write(&self, moment: Timestamp, installation: &TimeZone) -> String {
        let zone = self.zone.as_ref().unwrap_or(installation);
        let mut moment = moment;
        let says_offset = self.format.contains("%z") || self.format.contains("%:z") || self.format.contains("%s");
        for _ in 0..3 {
            let local = zone.to_datetime(moment);
            let twice = matches!(zone.to_ambiguous_timestamp(local).offset(), AmbiguousOffset::Fold { .. });
            if says_offset || !twice {
                break;
            }
            moment = moment.checked_sub(SignedDuration::from_hours(1)).unwrap_or(moment);
        }
        let zoned = moment.to_zoned(zone.clone());
        jiff::fmt::strtime::format(&self.format, &zoned).unwrap_or_else(|_| moment.to_string())
    }
}

/// Seconds since 1970, which are no format of local times.
const SECONDS: &str = "%s";

/// How moments are read from answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Read {
    formats: Vec<String>,
    /// None: the zone of the installation.
    zone: Option<TimeZone>,
}

impl Read {
    /// The text that is to blame when there is no such format or zone.
    pub(super) fn new<'t>(format: Option<&'t str>, zone: Option<&'t str>) -> Result<Self, (&'static str, &'t str)> {
        let zone = zone.map(zone_of).transpose().map_err(|zone| ("zone", zone))?;
        match format {
            Some(format) if format != SECONDS && !moment::format_is_usable(format) => Err(("field_format", format)),
            format => Ok(Self { formats: format.map(str::to_owned).into_iter().collect(), zone }),
        }
    }

    /// The moment that a text says; of several possible ones the earliest.
    pub(super) fn read(&self, text: &str, installation: &TimeZone) -> Option<Timestamp> {
        let zone = self.zone.as_ref().unwrap_or(installation);
        let text = text.trim();
        if self.formats.iter().any(|format| format == SECONDS) {
            return Timestamp::from_second(text.parse().ok()?).ok();
        }
        let local = match moment::parse(text, &self.formats) {
            Some(Moment::Instant(instant)) => return Some(instant),
            Some(Moment::Local(local)) => local,
            Some(Moment::Day(day)) => day.to_datetime(jiff::civil::Time::midnight()),
            None => return milliseconds(text).filter(|_| self.formats.is_empty()),
        };
        zone.to_ambiguous_timestamp(local).earlier().ok()
    }
}

/// `/Date(1700000000000)/`, as OData 2 writes it.
fn milliseconds(text: &str) -> Option<Timestamp> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    Timestamp::from_millisecond(inner.split('+').next()?.parse().ok()?).ok()
}

/// A day or a moment in the configuration; a day begins at midnight.
pub(super) fn first(text: &str) -> Option<Moment> {
    moment::parse(text, &[])
}

/// The moment in UTC.
pub(super) fn in_utc(moment: Moment, installation: &TimeZone) -> Option<Timestamp> {
    let local = match moment {
        Moment::Instant(instant) => return Some(instant),
        Moment::Local(local) => local,
        Moment::Day(day) => day.to_datetime(jiff::civil::Time::midnight()),
    };
    installation.to_ambiguous_timestamp(local).earlier().ok()
}

/// `30d`, `2min`: an exact length; days have 24 hours.
pub(super) fn length(text: &str) -> Option<SignedDuration> {
    let span: jiff::Span = text.trim().parse().ok()?;
    let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
    (!length.is_negative()).then_some(length)
}

/// A date of HTTP (RFC 9110, 5.6.7): `Tue, 15 Nov 1994 08:12:31 GMT`.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::strtime::parse("%a, %d %b %Y %H:%M:%S GMT", text.trim()).ok()?;
    TimeZone::UTC.to_timestamp(parsed.to_datetime().ok()?).ok()
}

fn zone_of(name: &str) -> Result<TimeZone, &str> {
    if name == "UTC" {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).map_err(|_| name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    fn riga() -> TimeZone {
        TimeZone::get("Europe/Riga").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn moments_are_written() {
        let moment = at("2024-06-04T10:05:06.7Z");
        for (format, zone, text) in [
            (None, None, "2024-06-04T10:05:06Z"),
            (None, Some("Europe/Riga"), "2024-06-04T13:05:06+03:00"),
            (Some("%Y/%m/%d %H:%M"), None, "2024/06/04 13:05"),
            (Some("%Y-%m-%d %H:%M:%S"), Some("UTC"), "2024-06-04 10:05:06"),
            (Some("%s"), None, "1717495506"),
        ] {
            assert_eq!(Written::new(format, zone).unwrap().write(moment, &riga()), text);
        }
        assert_eq!(Written::new(Some("%Q%"), None), Err(("format", "%Q%")));
        assert_eq!(Written::new(None, Some("Mars/Base")), Err(("zone", "Mars/Base")));
    }

    #[test]
    fn the_hour_that_occurs_twice_loses_nothing() {
        let written = Written::new(Some("%Y-%m-%d %H:%M:%S"), None).unwrap();
        // 03:00 to 04:00 occurs twice on 27 October 2024.
        for (moment, text) in [
            ("2024-10-26T23:59:00Z", "2024-10-27 02:59:00"),
            ("2024-10-27T00:30:00Z", "2024-10-27 02:30:00"),
            ("2024-10-27T01:30:00Z", "2024-10-27 02:30:00"),
            ("2024-10-27T02:00:00Z", "2024-10-27 04:00:00"),
        ] {
            assert_eq!(written.write(at(moment), &riga()), text);
        }
        let exact = Written::new(Some("%Y-%m-%dT%H:%M:%S%:z"), None).unwrap();
        assert_eq!(exact.write(at("2024-10-27T01:30:00Z"), &riga()), "2024-10-27T03:30:00+02:00");
        assert_eq!(Read::default().read("2024-10-27 03:30:00", &riga()), Some(at("2024-10-27T00:30:00Z")));
    }

    #[test]
    fn moments_are_read() {
        for (text, moment) in [
            ("2024-06-04T10:05:06Z", "2024-06-04T10:05:06Z"),
            ("2024-06-04T13:05:06.700+0300", "2024-06-04T10:05:06.7Z"),
            ("2024-06-04 13:05:06", "2024-06-04T10:05:06Z"),
            ("04.06.2024 13:05", "2024-06-04T10:05:00Z"),
            ("2024-06-04", "2024-06-03T21:00:00Z"),
            ("/Date(1717495506000)/", "2024-06-04T10:05:06Z"),
        ] {
            assert_eq!(Read::default().read(text, &riga()), Some(at(moment)), "{text}");
        }
        for text in ["", "vakar", "/Date(x)/", "1717495506"] {
            assert_eq!(Read::default().read(text, &riga()), None, "{text}");
        }
        let seconds = Read::new(Some("%s"), None).unwrap();
        assert_eq!(seconds.read("1717495506", &riga()), Some(at("2024-06-04T10:05:06Z")));
        assert_eq!(http_date("Tue, 04 Jun 2024 10:05:06 GMT"), Some(at("2024-06-04T10:05:06Z")));
        assert_eq!(length("30d"), Some(SignedDuration::from_hours(720)));
        assert_eq!((length("-1s"), length("soon")), (None, None));
    }

    proptest! {
        #[test]
        fn what_is_written_never_means_later(second in 1_500_000_000_i64..1_900_000_000) {
            let moment = Timestamp::from_second(second).unwrap();
            let written = Written::new(Some("%Y-%m-%d %H:%M:%S"), None).unwrap().write(moment, &riga());
            let read = Read::default().read(&written, &riga()).unwrap();
            prop_assert!(read <= moment && moment.duration_since(read) <= SignedDuration::from_hours(2));
        }
    }
}
