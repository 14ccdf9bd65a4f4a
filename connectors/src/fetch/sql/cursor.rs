//! How far a query came: the greatest value of its cursor column, kept with the query that it is of.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use vienkop_transforms::digest::hex;

use super::deliver::End;
use super::options::CursorOption;
use super::row::{Asked, Value};

/// A place reached, in the database's own letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mark {
    /// A number, whole or not.
    Number(String),
    /// A date, a time, a text: they sort by their characters.
    Text(String),
}

impl Mark {
    pub(super) fn letters(&self) -> &str {
        match self {
            Self::Number(letters) | Self::Text(letters) => letters,
        }
    }

    /// Which is further; none when they are of different kinds.
    fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Some(compare_numbers(a, b)),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}

/// What the registry keeps of a source: by query, what was asked and how far it came.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept(BTreeMap<String, KeptMark>);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct KeptMark {
    asked: String,
    #[serde(flatten)]
    mark: Mark,
}

impl Kept {
    /// What an earlier fetch kept; what cannot be read (another kind of fetch wrote it) is nothing.
    pub(super) fn read(cursor: Option<&str>) -> Self {
        cursor.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// How far this query came; none when it is another one now.
    pub(super) fn mark(&self, name: &str, digest: &str) -> Option<Mark> {
        self.0.get(name).filter(|kept| kept.asked == digest).map(|kept| kept.mark.clone())
    }

    /// What is to be kept after a delivery; none when no query has a cursor.
    pub(super) fn moved(self, queries: &[Asked], ends: &[End]) -> Option<String> {
        let mut moved = BTreeMap::new();
        for (asked, end) in queries.iter().zip(ends).filter(|(asked, _)| asked.watched.is_some()) {
            let held = self.mark(&asked.name, &asked.digest);
            let further = match (held, end.greatest.clone()) {
                (Some(held), Some(seen)) if held.compare(&seen) == Some(Ordering::Greater) => Some(held),
                (held, seen) => seen.or(held),
            };
            if let Some(mark) = further {
                moved.insert(asked.name.clone(), KeptMark { asked: asked.digest.clone(), mark });
            }
        }
        if moved.is_empty() { None } else { serde_json::to_string(&Self(moved)).ok() }
    }
}

/// Tells queries apart: another database, text or cursor begins anew.
pub(super) fn digest(place: &str, text: &str, cursor: Option<&CursorOption>) -> String {
    let mut hash = Sha256::new();
    for part in [place, text, cursor.map_or("", |cursor| &cursor.column)] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex(&hash.finalize()[..8])
}

/// Watches the cursor column while rows go by.
#[derive(Debug, Default)]
pub(super) struct Watch {
    greatest: Option<Mark>,
    ahead: Option<String>,
}

/// A value that a place cannot be told by.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unfit;

impl Watch {
    /// Takes the value of one row; `last` is the last day that a value may be of. A later one is a slip of the pen: with
    /// it as the place reached, nothing would come any more until that day.
    pub(super) fn see(&mut self, value: &Value<'_>, last: Date) -> Result<(), Unfit> {
        let mark = match value {
            Value::Null => return Ok(()),
            Value::Number(letters) if is_number(letters) => Mark::Number(letters.clone().into_owned()),
            Value::Time(letters, _) | Value::Text(letters) => {
                let day = day(letters);
                let usable = day.map_or(!matches!(value, Value::Time(..)), |day| day <= last);
                if !usable {
                    if self.ahead.as_deref().is_none_or(|known| known < letters.as_ref()) {
                        self.ahead = Some(letters.clone().into_owned());
                    }
                    return Ok(());
                }
                Mark::Text(letters.clone().into_owned())
            }
            _ => return Err(Unfit),
        };
        match self.greatest.as_ref().map(|greatest| greatest.compare(&mark)) {
            Some(None) => return Err(Unfit),
            Some(Some(Ordering::Greater | Ordering::Equal)) => {}
            Some(Some(Ordering::Less)) | None => self.greatest = Some(mark),
        }
        Ok(())
    }

    /// How far it came, and the latest value that was left out.
    pub(super) fn end(self) -> End {
        End { greatest: self.greatest, ahead: self.ahead }
    }
}

/// The day that a text begins with, as databases write it.
fn day(letters: &str) -> Option<Date> {
    let (day, rest) = (letters.get(..10)?, letters.get(10..)?);
    let ends = rest.chars().next().is_none_or(|next| next == ' ' || next == 'T');
    // Years before ours are written the same way and told by what follows.
    if !ends || rest.ends_with("BC") {
        return None;
    }
    day.parse().ok()
}

/// A number in decimal letters, perhaps with an exponent.
fn is_number(letters: &str) -> bool {
    letters.chars().any(|c| c.is_ascii_digit())
        && letters.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'))
}

/// Compares numbers by their letters, whatever their size: databases have more digits than any type of ours.
fn compare_numbers(a: &str, b: &str) -> Ordering {
    let (a, b) = (Decimal::of(a), Decimal::of(b));
    match (a.negative, b.negative) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => a.size(&b),
        (true, true) => b.size(&a),
    }
}

/// `0.digits × 10^exponent`.
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn of(letters: &str) -> Self {
        let (negative, rest) = match letters.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, letters.strip_prefix('+').unwrap_or(letters)),
        };
        let (number, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let all = format!("{whole}{part}");
        let digits = all.trim_start_matches('0');
        let zeros = (all.len() - digits.len()) as i64;
        let exponent = exponent.parse::<i64>().unwrap_or(0) + whole.len() as i64 - zeros;
        let digits = digits.trim_end_matches('0').to_owned();
        // Zero has one size and no sign.
        if digits.is_empty() {
            Self { negative: false, digits, exponent: i64::MIN }
        } else {
            Self { negative, digits, exponent }
        }
    }

    fn size(&self, other: &Self) -> Ordering {
        self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::super::row::Zone;
    use super::*;

    const LAST: Date = jiff::civil::date(2024, 7, 9);

    fn end(values: &[Value<'_>]) -> Result<(Option<Mark>, Option<String>), Unfit> {
        let mut watch = Watch::default();
        for value in values {
            watch.see(value, LAST)?;
        }
        let end = watch.end();
        Ok((end.greatest, end.ahead))
    }

    fn time(letters: &str) -> Value<'_> {
        Value::Time(Cow::Borrowed(letters), Zone::None)
    }

    #[test]
    fn the_greatest_counts_whatever_the_order() {
        let number = |letters: &'static str| Value::Number(Cow::Borrowed(letters));
        let found = end(&[number("9"), number("10"), Value::Null, number("-11"), number("9.99")]);
        assert_eq!(found, Ok((Some(Mark::Number("10".into())), None)));
        let found = end(&[time("2024-07-08 10:00:00.5"), time("2024-07-08 10:00:00"), time("2023-12-31 23:59:59")]);
        assert_eq!(found, Ok((Some(Mark::Text("2024-07-08 10:00:00.5".into())), None)));
    }

    #[test]
    fn a_day_to_come_is_no_place_reached() {
        for slip in ["2042-07-08 10:00:00", "infinity", "20244-07-08", "0044-03-15 BC"] {
            let found = end(&[time("2024-07-08"), time(slip)]);
            assert_eq!(found, Ok((Some(Mark::Text("2024-07-08".into())), Some(slip.to_owned()))));
        }
    }

    #[test]
    fn what_cannot_be_ordered_is_refused() {
        let text = Value::Text(Cow::Borrowed("a"));
        assert_eq!(end(&[text, Value::Number(Cow::Borrowed("1"))]), Err(Unfit));
        assert_eq!(end(&[Value::Boolean(true)]), Err(Unfit));
        assert_eq!(end(&[Value::Bytes(Cow::Borrowed(b"a"))]), Err(Unfit));
    }

    #[test]
    fn numbers_of_any_size_compare() {
        for (a, b, order) in [
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            ("0.10", "0.1", Ordering::Equal),
            ("1e3", "999.99", Ordering::Greater),
            ("-0", "0.00", Ordering::Equal),
            ("-2", "-1", Ordering::Less),
            ("0.001", "0.0009", Ordering::Greater),
        ] {
            assert_eq!(compare_numbers(a, b), order, "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn numbers_compare_as_they_do(a in -1_000_000_000_i64..1_000_000_000, b in -1_000_000_000_i64..1_000_000_000, scale in 0_u32..4) {
            let letters = |n: i64| {
                let divisor = 10_i64.pow(scale);
                let sign = if n < 0 { "-" } else { "" };
                format!("{sign}{}.{:0width$}", n.abs() / divisor, n.abs() % divisor, width = scale as usize + 1 )
            };
            // One digit more than the divisor has shifts both alike.
            prop_assert_eq!(compare_numbers(&letters(a), &letters(b)), (a / 10_i64.pow(scale), a % 10_i64.pow(scale)).cmp(&(b / 10_i64.pow(scale), b % 10_i64.pow(scale))));
        }
    }
}
