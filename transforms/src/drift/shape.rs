//! What a text looks like, not what it means: `04.06.2024` and `31.02.2024` are both a day with dots.

use std::fmt;

use crate::batch::REPEATED;
use crate::normalise::value;

/// Longer texts are texts.
const LONGEST: usize = 40;

macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $example:literal;)*) => {
        /// How a text is written.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Shape { $($(#[$doc])* $name),* }

        impl Shape {
            /// The word that the registry and JSON keep.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// What people are shown: a text of this shape, the same in every language.
            pub const fn example(self) -> &'static str {
                match self { $(Self::$name => $example),* }
            }

            /// The shape of that word.
            pub fn of_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }
        }
    };
}

shapes! {
    /// A day with dots; a dot or `g.` may follow.
    DateDotted = "date-dotted", "31.12.2024";
    /// A day as ISO 8601 writes it, and as a true date of a workbook is read.
    DateIso = "date-iso", "2024-12-31";
    /// A day with slashes, whichever number is the month.
    DateSlashed = "date-slashed", "31/12/2024";
    /// A day with the month as a word.
    DateWorded = "date-worded", "2024. gada 31. decembris";
    /// The number of a day, as Excel counts; only in a column that is mapped to a date.
    DateSerial = "date-serial", "45657";
    /// A day with dots and a time.
    TimeDotted = "time-dotted", "31.12.2024 13:05";
    /// A day as ISO 8601 writes it, and a time.
    TimeIso = "time-iso", "2024-12-31 13:05";
    /// A day with slashes and a time.
    TimeSlashed = "time-slashed", "31/12/2024 13:05";
    /// A day with the month as a word, and a time.
    TimeWorded = "time-worded", "2024. gada 31. decembris 13:05";
    /// A time of day.
    Clock = "clock", "13:05";
    /// A whole number.
    Integer = "integer", "123";
    /// A whole number with zeros in front: a code.
    Padded = "padded", "0123";
    /// A number with a decimal comma.
    DecimalComma = "decimal-comma", "12,5";
    /// A number with a decimal point.
    DecimalPoint = "decimal-point", "12.5";
    /// A number and a unit of time.
    Duration = "duration", "30 dienas";
    /// Anything else.
    Text = "text", "abc";
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.example())
    }
}

impl Shape {
    /// The shape of a text; none where it is empty. `date`: the column is mapped to a date or time.
    pub fn of(text: &str, date: bool) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let numeric = text.bytes().any(|byte| byte.is_ascii_digit());
        if text.len() > LONGEST || !numeric || text.contains(REPEATED) {
            return Some(Self::Text);
        }
        if let Some(day) = day(text) {
            return Some(day);
        }
        if clock(text).is_some_and(str::is_empty) {
            return Some(Self::Clock);
        }
        if value::decimal(text).is_some() {
            return Some(number(text, date));
        }
        // A bare number was one above: here the text names its unit.
        Some(if value::duration(text, None).is_some() { Self::Duration } else { Self::Text })
    }
}

/// Shapes of a column, as people are shown them.
pub(super) fn examples(shapes: impl IntoIterator<Item = Shape>) -> String {
    shapes.into_iter().map(Shape::example).collect::<Vec<_>>().join(" | ")
}

fn number(text: &str, date: bool) -> Shape {
    match text.rfind([',', '.']).map(|at| text.as_bytes()[at]) {
        Some(b',') => Shape::DecimalComma,
        _ if date && serial(text) => Shape::DateSerial,
        Some(_) => Shape::DecimalPoint,
        None if text.len() > 1 && text.starts_with('0') => Shape::Padded,
        None => Shape::Integer,
    }
}

/// Days that Excel counts from 1954 to 2119, as [`crate::normalise::moment`] takes them.
fn serial(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|number| (20_000.0..80_000.0).contains(&number))
}

/// Digits at the beginning, between `least` and `most` of them, and what follows.
fn digits(text: &str, least: usize, most: usize) -> Option<&str> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    (least..=most).contains(&count).then(|| &text[count..])
}

/// What follows a mark and the spaces after it.
fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    Some(text.strip_prefix(mark)?.trim_start())
}

/// What follows a time of day.
fn clock(text: &str) -> Option<&str> {
    let rest = digits(digits(text, 1, 2)?.strip_prefix([':', '.'])?, 2, 2)?;
    Some(rest.strip_prefix(':').and_then(|seconds| digits(seconds, 2, 2)).unwrap_or(rest))
}

/// A day, or a day and a time.
fn day(text: &str) -> Option<Shape> {
    let (alone, timed, rest) = if let Some(rest) = digits(text, 4, 4) {
        if let Some(rest) = rest.strip_prefix('-') {
            let rest = digits(digits(rest, 2, 2)?.strip_prefix('-')?, 2, 2)?;
            (Shape::DateIso, Shape::TimeIso, rest)
        } else {
            // `2024. gada 4. jūnijs`
            let rest = rest.strip_prefix('.').unwrap_or(rest).trim_start();
            let rest = after(rest, "gada").or_else(|| after(rest, "g."))?;
            let rest = digits(rest, 1, 2)?.strip_prefix('.').map(str::trim_start)?;
            let month = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
            (Shape::DateWorded, Shape::TimeWorded, if month == 0 { return None } else { &rest[month..] })
        }
    } else {
        let rest = digits(text, 1, 2)?;
        if let Some(rest) = after(rest, ".") {
            let rest = digits(after(digits(rest, 1, 2)?, ".")?, 4, 4)?;
            let rest = rest.strip_prefix('.').unwrap_or(rest).trim_start();
            let rest = rest.strip_prefix('g').map_or(rest, |more| more.strip_prefix('.').unwrap_or(more));
            (Shape::DateDotted, Shape::TimeDotted, rest)
        } else {
            let rest = digits(digits(rest.strip_prefix('/')?, 1, 2)?.strip_prefix('/')?, 4, 4)?;
            (Shape::DateSlashed, Shape::TimeSlashed, rest)
        }
    };
    let rest = rest.trim_start_matches(['.', ',', 'T', ' ']);
    if rest.is_empty() {
        return Some(alone);
    }
    let rest = rest.strip_prefix("plkst").map_or(rest, |rest| rest.trim_start_matches(['.', ' ']));
    clock(rest).map(|_| timed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_of_the_wild() {
        for (text, shape) in [
            ("", None),
            ("  ", None),
            ("04.06.2024.", Some(Shape::DateDotted)),
            ("4. 6. 2024", Some(Shape::DateDotted)),
            ("04.06.2024. g.", Some(Shape::DateDotted)),
            ("31.02.2024", Some(Shape::DateDotted)),
            ("04.06.2024 13:05", Some(Shape::TimeDotted)),
            ("04.06.2024. 13.05", Some(Shape::TimeDotted)),
            ("2024-06-04", Some(Shape::DateIso)),
            ("2024-06-04T13:05:00Z", Some(Shape::TimeIso)),
            ("04/06/2024", Some(Shape::DateSlashed)),
            ("6/4/2024 9:05 PM", Some(Shape::TimeSlashed)),
            ("2024. gada 4. jūnijs", Some(Shape::DateWorded)),
            ("2024.g. 4.jūnijā plkst. 9:30", Some(Shape::TimeWorded)),
            ("13:05", Some(Shape::Clock)),
            ("13:05:59", Some(Shape::Clock)),
            ("45447", Some(Shape::Integer)),
            ("90000270634", Some(Shape::Integer)),
            ("0", Some(Shape::Integer)),
            ("007", Some(Shape::Padded)),
            ("1 234,50 €", Some(Shape::DecimalComma)),
            ("12.5", Some(Shape::DecimalPoint)),
            ("1,234.50", Some(Shape::DecimalPoint)),
            ("-3", Some(Shape::Integer)),
            ("30 dienas", Some(Shape::Duration)),
            ("līdz 10 darba dienām", Some(Shape::Duration)),
            ("P30D", Some(Shape::Duration)),
            ("A-12", Some(Shape::Text)),
            ("1.2.3", Some(Shape::Text)),
            ("2024-1", Some(Shape::Text)),
            ("nav", Some(Shape::Text)),
            ("12\u{1F}13", Some(Shape::Text)),
            ("Brīvības iela 12, Rīga, dzīvoklis ar ļoti garu adresi", Some(Shape::Text)),
        ] {
            assert_eq!(Shape::of(text, false), shape, "{text}");
        }
        assert_eq!(Shape::of("45447", true), Some(Shape::DateSerial));
        assert_eq!(Shape::of("45447.5", true), Some(Shape::DateSerial));
        assert_eq!(Shape::of("2024", true), Some(Shape::Integer));
    }

    #[test]
    fn every_example_is_of_its_shape_and_every_word_leads_back() {
        use Shape::*;
        for shape in [
            DateDotted,
            DateIso,
            DateSlashed,
            DateWorded,
            DateSerial,
            TimeDotted,
            TimeIso,
            TimeSlashed,
            TimeWorded,
            Clock,
            Integer,
            Padded,
            DecimalComma,
            DecimalPoint,
            Duration,
            Text,
        ] {
            assert_eq!(Shape::of(shape.example(), shape == DateSerial), Some(shape), "{shape}");
            assert_eq!(Shape::of_word(shape.as_str()), Some(shape));
        }
    }
}
