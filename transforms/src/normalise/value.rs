//! Single values: numbers, yes and no, durations, registration numbers, addresses.

use crate::fold::fold;

/// `1 234,50 €` -> `1234.5`: canonical decimal text, no exponent, no superfluous zeros.
pub fn decimal(text: &str) -> Option<String> {
    let bare: String = text
        .trim()
        .trim_end_matches("EUR")
        .trim_start_matches("EUR")
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '€' | '\u{200b}' | '\''))
        .collect();
    let (sign, digits) = match bare.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("-", rest),
        None => ("", bare.as_str()),
    };
    let last_separator = digits.rfind([',', '.']);
    let (whole, fraction) = match last_separator {
        None => (digits.to_owned(), ""),
        Some(at) => {
            let (whole, fraction) = (&digits[..at], &digits[at + 1..]);
            let separator = &digits[at..=at];
            // Two different separators: the first groups thousands. The same one twice is no number.
            let grouping = if separator == "," { "." } else { "," };
            if whole.contains(separator) || whole.split(grouping).skip(1).any(|group| group.len() != 3) {
                return None;
            }
            (whole.replace(grouping, ""), fraction)
        }
    };
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || !all_digits(&whole)
        || !all_digits(fraction)
        || (last_separator.is_some() && fraction.is_empty())
    {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = fraction.trim_end_matches('0');
    let number = if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
    Some(if number == "0" { number } else { format!("{sign}{number}") })
}

/// A whole number; `1 234` and `12,0` too.
pub fn integer(text: &str) -> Option<i64> {
    decimal(text)?.parse().ok()
}

/// Yes or no.
pub fn boolean(text: &str) -> Option<bool> {
    match fold(text).as_str() {
        "ja" | "j" | "ir" | "yes" | "y" | "true" | "1" | "x" | "var" => Some(true),
        "ne" | "nav" | "no" | "n" | "false" | "0" | "nevar" => Some(false),
        _ if text.trim() == "+" || text.trim() == "✓" => Some(true),
        _ if text.trim() == "-" || text.trim() == "–" => Some(false),
        _ => None,
    }
}

/// Units of durations, as codes of the list `duration_units`.
const UNITS: &[(&str, &str, u32)] = &[
    ("min", "min", 1),
    ("m", "min", 1),
    ("stund", "h", 1),
    ("st", "h", 1),
    ("h", "h", 1),
    ("hour", "h", 1),
    ("darba dien", "working d", 1),
    ("darbdien", "working d", 1),
    ("d d", "working d", 1),
    ("dd", "working d", 1),
    ("working day", "working d", 1),
    ("kalendara dien", "d", 1),
    ("dien", "d", 1),
    ("d", "d", 1),
    ("day", "d", 1),
    ("nedel", "d", 7),
    ("week", "d", 7),
    ("menes", "month", 1),
    ("men", "month", 1),
    ("month", "month", 1),
    ("gad", "month", 12),
    ("year", "month", 12),
];

/// `10 darba dienas` -> (`10`, `working d`); a bare number takes `unit`. `līdz` and `ne vairāk kā` may stand in front.
pub fn duration(text: &str, unit: Option<&str>) -> Option<(String, &'static str)> {
    let text = text.trim();
    if let Some(iso) = text.strip_prefix('P') {
        return iso_duration(iso);
    }
    let start = text.find(|c: char| c.is_ascii_digit());
    let Some(start) = start else {
        let folded = fold(text);
        return matches!(folded.as_str(), "nekavejoties" | "uzreiz" | "tulit").then(|| ("0".to_owned(), "min"));
    };
    let lead = fold(&text[..start]);
    if !matches!(lead.as_str(), "" | "lidz" | "ne vairak ka" | "ne ilgak ka" | "up to" | "max") {
        return None;
    }
    let rest = &text[start..];
    let end = rest.find(|c: char| c.is_alphabetic() || c == '(').unwrap_or(rest.len());
    let amount = decimal(rest[..end].trim())?;
    let named = fold(&rest[end..]);
    if named.is_empty() {
        let known = UNITS.iter().find(|(_, code, factor)| Some(*code) == unit && *factor == 1)?;
        return Some((amount, known.1));
    }
    // Short forms must match whole words, stems may be followed by any ending (dienas, dienu, dienām).
    let (_, code, factor) = UNITS.iter().find(|(stem, _, _)| {
        named == *stem || (stem.len() > 2 && named.starts_with(stem) && !named[stem.len()..].trim_start().contains(' '))
    })?;
    if *factor == 1 {
        return Some((amount, code));
    }
    let whole: i64 = amount.parse().ok()?;
    Some((whole.checked_mul(i64::from(*factor))?.to_string(), code))
}

fn iso_duration(text: &str) -> Option<(String, &'static str)> {
    let (time, body) = match text.strip_prefix('T') {
        Some(body) => (true, body),
        None => (false, text),
    };
    let (amount, unit) = body.split_at_checked(body.len().checked_sub(1)?)?;
    let amount = decimal(amount)?;
    let times = |factor: i64| amount.parse::<i64>().ok().and_then(|n| n.checked_mul(factor)).map(|n| n.to_string());
    match (time, unit) {
        (true, "M") => Some((amount, "min")),
        (true, "H") => Some((amount, "h")),
        (false, "D") => Some((amount, "d")),
        (false, "W") => times(7).map(|n| (n, "d")),
        (false, "M") => Some((amount, "month")),
        (false, "Y") => times(12).map(|n| (n, "month")),
        _ => None,
    }
}

/// Minutes of a duration where its unit is calendar time of fixed length; `None` for working days and months.
pub fn minutes(amount: &str, unit: &str) -> Option<f64> {
    let factor = match unit {
        "min" => 1.0,
        "h" => 60.0,
        "d" => 1440.0,
        _ => return None,
    };
    amount.parse::<f64>().ok().map(|n| n * factor)
}

/// The digits of a registration number (spaces and an `LV` in front are dropped); `None` unless there are 11.
pub fn reg_no(text: &str) -> Option<String> {
    if super::personal::mask_hyphenated(text) != text {
        // A person's code in the place of an institution's number.
        return None;
    }
    let bare: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let bare = bare.strip_prefix("LV").or_else(|| bare.strip_prefix("lv")).unwrap_or(&bare);
    (bare.len() == 11 && bare.bytes().all(|b| b.is_ascii_digit())).then(|| bare.to_owned())
}

/// Check digit of a registration number: weights 9,1,4,8,3,10,2,5,7,6,1, sum mod 11 = 3 (model.md).
pub fn reg_no_checks(reg_no: &str) -> bool {
    const WEIGHTS: [u32; 11] = [9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1];
    let sum: u32 =
        reg_no.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit.wrapping_sub(b'0')) * weight).sum();
    sum % 11 == 3
}

/// A territory code: 7 digits.
pub fn atvk(text: &str) -> bool {
    text.len() == 7 && text.bytes().all(|b| b.is_ascii_digit())
}

/// A web address with scheme http or https and a host with a dot.
pub fn url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    !text.contains(char::is_whitespace)
        && host.contains('.')
        && host.split('.').all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-'))
}

/// An e-mail address: one @, a dot in the host, no white space.
pub fn email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    !name.is_empty()
        && !text.contains(char::is_whitespace)
        && host.contains('.')
        && host.split('.').all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals() {
        for (text, expected) in [
            ("66,21", Some("66.21")),
            ("1 234,50 €", Some("1234.5")),
            ("1\u{a0}234\u{2009}567", Some("1234567")),
            ("1.234,50", Some("1234.5")),
            ("1,234.50", Some("1234.5")),
            ("EUR 12", Some("12")),
            ("007,0", Some("7")),
            ("-3,20", Some("-3.2")),
            ("-0", Some("0")),
            ("1.234.567,8", Some("1234567.8")),
            ("1.2.3", None),
            ("12,", None),
            ("", None),
            ("bez maksas", None),
            ("1e5", None),
        ] {
            assert_eq!(decimal(text).as_deref(), expected, "{text}");
        }
        assert_eq!(integer("1 234"), Some(1234));
        assert_eq!(integer("12,5"), None);
    }

    #[test]
    fn durations() {
        for (text, unit, expected) in [
            ("30 dienas", None, Some(("30", "d"))),
            ("1 mēnesis", None, Some(("1", "month"))),
            ("10 darba dienas", None, Some(("10", "working d"))),
            ("10 darba dienu laikā", None, None),
            ("2 stundas", None, Some(("2", "h"))),
            ("līdz 15 min.", None, Some(("15", "min"))),
            ("1,5 h", None, Some(("1.5", "h"))),
            ("5 d.d.", None, Some(("5", "working d"))),
            ("2 nedēļas", None, Some(("14", "d"))),
            ("1 gads", None, Some(("12", "month"))),
            ("30", Some("d"), Some(("30", "d"))),
            ("30", None, None),
            ("P10D", None, Some(("10", "d"))),
            ("PT2H", None, Some(("2", "h"))),
            ("nekavējoties", None, Some(("0", "min"))),
            ("5–10 dienas", None, None),
            ("saskaņā ar likumu", None, None),
        ] {
            let found = duration(text, unit);
            assert_eq!(found.as_ref().map(|(n, u)| (n.as_str(), *u)), expected, "{text}");
        }
    }

    #[test]
    fn registration_numbers() {
        assert_eq!(reg_no("LV 4000 3000 005").as_deref(), Some("40003000005"));
        assert_eq!(reg_no("4000300000"), None);
        assert_eq!(reg_no("010190-12345"), None);
        // A public one: the Register of Enterprises prints it on its own pages.
        assert!(reg_no_checks("90000270634"));
        assert!(!reg_no_checks("90000270635"));
    }

    #[test]
    fn addresses() {
        assert!(url("https://latvija.gov.lv/pakalpojumi?id=1"));
        assert!(!url("latvija.gov.lv"));
        assert!(!url("https://lo cal"));
        assert!(email("info@iestade.gov.lv"));
        assert!(!email("info(at)iestade.lv"));
        assert!(!email("info@iestade"));
    }
}
