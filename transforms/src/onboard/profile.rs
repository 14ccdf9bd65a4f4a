//! What the values of a column look like.

use std::sync::LazyLock;

use polars::prelude::*;
use regex::Regex;

use super::settings::Personal;
use crate::batch::{Origin, REPEATED};
use crate::fold::fold;
use crate::normalise::moment::{self, Moment};
use crate::normalise::{personal, value};

/// Values of a column that are shown, and that code lists are compared with.
const SHOWN: usize = 3;
/// A column with more distinct values than this holds no codes of a list.
const CODES: usize = 60;
/// Characters of a shown value.
const SHOWN_CHARACTERS: usize = 60;

/// Something that a text can look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Looks {
    /// A person's code.
    PersonalCode,
    /// A person's first name and surname.
    PersonName,
    /// A telephone number.
    Phone,
    /// A postal address.
    Address,
    /// An e-mail address.
    Email,
    /// A registration number of 11 digits.
    RegNo,
    /// A territory code of 7 digits.
    Atvk,
    /// A web address.
    Url,
    /// A day.
    Date,
    /// A day and a time.
    Moment,
    /// Seconds or milliseconds since 1970.
    Epoch,
    /// A value with a unit of time.
    Duration,
    /// A whole number.
    Integer,
    /// A number.
    Decimal,
    /// Yes or no.
    Boolean,
    /// A law or regulation.
    LegalAct,
    /// An amount of money, or that there is nothing to pay.
    Fee,
    /// A hash in hexadecimal digits.
    Hash,
}

impl Looks {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::PersonalCode,
        Self::PersonName,
        Self::Phone,
        Self::Address,
        Self::Email,
        Self::RegNo,
        Self::Atvk,
        Self::Url,
        Self::Date,
        Self::Moment,
        Self::Epoch,
        Self::Duration,
        Self::Integer,
        Self::Decimal,
        Self::Boolean,
        Self::LegalAct,
        Self::Fee,
        Self::Hash,
    ];

    /// Its name in texts: `onboard-looks-<name>`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PersonalCode => "personal-code",
            Self::PersonName => "person-name",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::Email => "email",
            Self::RegNo => "reg-no",
            Self::Atvk => "atvk",
            Self::Url => "url",
            Self::Date => "date",
            Self::Moment => "moment",
            Self::Epoch => "epoch",
            Self::Duration => "duration",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::LegalAct => "legal-act",
            Self::Fee => "fee",
            Self::Hash => "hash",
        }
    }
}

/// A column of a register nobody has described yet.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name, as the reader gives it.
    pub name: String,
    /// Rows looked at.
    pub rows: usize,
    /// Rows with a value.
    pub filled: usize,
    /// Distinct values.
    pub distinct: usize,
    /// Share of the filled rows that look like each, greatest first, without those that none does.
    pub looks: Vec<(Looks, f64)>,
    /// Formats of the days and times, where no form that is understood undeclared fits.
    pub formats: Vec<String>,
    /// Whether epochs are in milliseconds.
    pub milliseconds: bool,
    /// Mean number of characters of a value.
    pub characters: f64,
    /// Share of the filled rows with two words or more.
    pub worded: f64,
    /// Share of the filled rows in which the column holds several values.
    pub repeated: f64,
    /// Distinct values with their number of rows, most frequent first; empty when there are too many to be codes.
    pub values: Vec<(String, usize)>,
    /// Some values, personal codes masked.
    pub samples: Vec<String>,
}

impl Profile {
    /// Share of the filled rows that look like it, 0 to 1.
    pub fn share(&self, looks: Looks) -> f64 {
        self.looks.iter().find(|(known, _)| *known == looks).map_or(0.0, |(_, share)| *share)
    }

    /// What most of the values look like.
    pub fn mostly(&self) -> Option<(Looks, f64)> {
        self.looks.iter().copied().find(|(_, share)| *share >= 0.6)
    }

    /// Share of the rows with a value, 0 to 1.
    pub fn filled_share(&self) -> f64 {
        ratio(self.filled, self.rows)
    }

    /// Share of the filled rows that have a value of their own, 0 to 1.
    pub fn unique(&self) -> f64 {
        ratio(self.distinct, self.filled)
    }

    /// What the values themselves tell of a person, whatever the header says.
    pub fn personal(&self) -> Option<Looks> {
        let sure = [(Looks::PersonalCode, 0.1), (Looks::PersonName, 0.5), (Looks::Phone, 0.6), (Looks::Address, 0.5)];
        let found = sure.into_iter().find(|(looks, most)| self.share(*looks) >= *most).map(|(looks, _)| looks);
        found.or_else(|| (self.share(Looks::Email) >= 0.6).then_some(Looks::Email))
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Formats tried on days and times that no undeclared form fits; of two that differ in day and month alone the whole
/// column decides.
const FORMATS: &[&str] = &[
    "%Y%m%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%d.%m.%y",
    "%Y/%m/%d",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%Y%m%d%H%M%S",
    "%Y%m%dT%H%M%S",
    "%d.%m.%y %H:%M",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
];

#[allow(clippy::unwrap_used, reason = "constant patterns; the tests run them")]
static PHONE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:\+?371)?[\s-]?[26789]\d(?:[\s-]?\d){6}$|^\+\d(?:[\s-]?\d){8,14}$").unwrap());
#[allow(clippy::unwrap_used, reason = "constant patterns; the tests run them")]
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\bLV-?\s?\d{4}\b|\b(?:iela|ielā|prospekts|bulvāris|gatve|šoseja)\b\s*\d|\b(?:pag|nov)\.\s*(?:,|$)")
        .unwrap()
});

#[allow(clippy::unwrap_used, reason = "constant patterns; the tests run them")]
static LEGAL_ACT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\blikum[sau]\b|\bnoteikum[iu]|\bMK\b.*\bNr|\bregul[aā]\w*\b.*\d|\blaw\b|\bact\b").unwrap()
});
#[allow(clippy::unwrap_used, reason = "constant patterns; the tests run them")]
static FEE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\d\s?(?:EUR|€|eiro)\b|\d\s?€|^bez\s?maksas$|^free$").unwrap());

/// Profiles of every column of a frame, in the order of the file.
pub fn profiles(origin: &Origin, rows: &DataFrame, personal: &Personal) -> PolarsResult<Vec<Profile>> {
    origin.columns.iter().map(|column| profile(&column.name, rows.column(&column.name)?.str()?, personal)).collect()
}

fn profile(name: &str, texts: &StringChunked, words: &Personal) -> PolarsResult<Profile> {
    // Distinct values in the order in which they come: few columns have many of them, and each is looked at once.
    let counted = distinct_values(texts)?;
    let (values, rows) = (counted.column("value")?.str()?, counted.column("rows")?.cast(&DataType::UInt64)?);
    let counts: Vec<(&str, usize)> =
        values.iter().flatten().zip(rows.u64()?.iter().flatten().map(|rows| rows as usize)).collect();
    let filled: usize = counts.iter().map(|(_, count)| count).sum();
    let share = |test: &dyn Fn(&str) -> bool| -> f64 {
        ratio(counts.iter().filter(|(text, _)| test(text)).map(|(_, count)| count).sum(), filled)
    };
    let mut looks: Vec<(Looks, f64)> =
        Looks::ALL.into_iter().map(|one| (one, share(&|text| is(one, text, words)))).collect();
    let mut formats = Vec::new();
    let dated = |looks: &[(Looks, f64)]| looks.iter().any(|(one, share)| is_time(*one) && *share >= 0.9);
    let coded = looks.iter().any(|(one, share)| matches!(one, Looks::PersonalCode | Looks::RegNo) && *share > 0.5);
    if filled > 0 && !dated(&looks) && !coded {
        let fits = |format: &str| share(&|text| declared(text, format).is_some());
        let best = FORMATS.iter().map(|format| (fits(format), *format)).filter(|(fit, _)| *fit >= 0.9);
        let best: Vec<(f64, &str)> = best.collect();
        let most = best.iter().map(|(fit, _)| *fit).fold(0.0, f64::max);
        let best: Vec<&str> = best.into_iter().filter(|(fit, _)| *fit >= most).map(|(_, format)| format).collect();
        // `04/06/2024` alone leaves open which is the month: no format is better than the wrong one.
        if let [format] = best.as_slice() {
            let timed = format.contains("%H");
            let form = if timed { Looks::Moment } else { Looks::Date };
            looks.retain(|(one, _)| !matches!(one, Looks::Date | Looks::Moment | Looks::Atvk | Looks::Phone));
            looks.push((form, most));
            formats.push((*format).to_owned());
        }
    }
    looks.retain(|(_, share)| *share > 0.0);
    looks.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let characters = counts.iter().map(|(text, count)| text.chars().count() * count).sum();
    let milliseconds = share(&|text| text.len() >= 12 && is(Looks::Epoch, text, words)) > 0.5;
    let (worded, repeated) =
        (share(&|text| text.contains(char::is_whitespace)), share(&|text| text.contains(REPEATED)));
    let samples = counts.iter().take(SHOWN).map(|(text, _)| shown(text)).collect();
    let distinct = counts.len();
    let mut values = Vec::new();
    if distinct <= CODES {
        values = counts.into_iter().map(|(text, count)| (text.to_owned(), count)).collect();
        values.sort_by_key(|(_, count): &(String, usize)| std::cmp::Reverse(*count));
    }
    Ok(Profile {
        name: name.to_owned(),
        rows: texts.len(),
        filled,
        distinct,
        looks,
        formats,
        milliseconds,
        characters: ratio(characters, filled),
        worded,
        repeated,
        values,
        samples,
    })
}

/// Distinct values without space at their ends and how many rows have each, in the order in which they come: columns
/// `value` (`String`), `rows`.
fn distinct_values(texts: &StringChunked) -> PolarsResult<DataFrame> {
    let value = || col("value");
    let frame = DataFrame::new(texts.len(), vec![texts.clone().with_name("value".into()).into_column()])?;
    let filled = frame.lazy().with_column(value().str().strip_chars(lit(NULL))).filter(value().neq(lit("")));
    filled.group_by_stable([value()]).agg([len().alias("rows")]).collect()
}

/// A value for people: one line, not long, without a person's code.
fn shown(text: &str) -> String {
    let line = personal::mask(text).replace(REPEATED, "; ");
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

const fn is_time(looks: Looks) -> bool {
    matches!(looks, Looks::Date | Looks::Moment | Looks::Epoch)
}

fn is(looks: Looks, text: &str, words: &Personal) -> bool {
    match looks {
        Looks::PersonalCode => personal::mask(text).as_ref() == personal::MASK,
        Looks::PersonName => is_name(text, words),
        Looks::Phone => PHONE.is_match(text) && undeclared(text).is_none(),
        Looks::Address => ADDRESS.is_match(text),
        Looks::Email => value::email(text),
        // A wrong check digit is a mistake in a number; eleven digits that begin like a person's code are none.
        Looks::RegNo => {
            let begins = |number: &String| number.starts_with(['4', '5', '9']) || value::reg_no_checks(number);
            value::reg_no(text).is_some_and(|number| begins(&number) && personal::mask(&number) == number)
        }
        Looks::Atvk => value::atvk(text) && text.starts_with('0'),
        Looks::Url => value::url(text),
        Looks::Date => matches!(undeclared(text), Some(Moment::Day(_))),
        Looks::Moment => matches!(undeclared(text), Some(Moment::Local(_) | Moment::Instant(_))),
        Looks::Epoch => is_epoch(text),
        Looks::Duration => text.chars().any(char::is_alphabetic) && value::duration(text, None).is_some(),
        Looks::Integer => value::integer(text).is_some(),
        Looks::Decimal => value::decimal(text).is_some(),
        Looks::LegalAct => LEGAL_ACT.is_match(text),
        Looks::Fee => FEE.is_match(text),
        Looks::Hash => matches!(text.len(), 32 | 40 | 64 | 128) && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
        Looks::Boolean => value::boolean(text).is_some() || matches!(text, "T" | "F" | "t" | "f"),
    }
}

/// A serial number of Excel is a number until somebody says otherwise.
fn undeclared(text: &str) -> Option<Moment> {
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && !text.contains("..") {
        let dots = text.bytes().filter(|byte| *byte == b'.').count();
        if dots < 2 {
            return None;
        }
    }
    moment::parse(text, &[])
}

fn declared(text: &str, format: &str) -> Option<Moment> {
    // Without the year in four digits only where the format says so.
    let moment = moment::parse(text, &[format.to_owned()])?;
    let year = match moment {
        Moment::Day(day) => day.year(),
        Moment::Local(local) => local.year(),
        Moment::Instant(_) => return Some(moment),
    };
    (1900..2100).contains(&year).then_some(moment)
}

/// 2000 to 2100, in seconds or milliseconds.
fn is_epoch(text: &str) -> bool {
    let Ok(number) = text.parse::<i64>() else { return false };
    (946_684_800..4_102_444_800).contains(&number) || (946_684_800_000..4_102_444_800_000).contains(&number)
}

/// `Ilze Vītoliņa`, `ILZE VĪTOLIŅA`, `Vītoliņa Ilze`, `I. Vītoliņa`: two to four capitalised words, one of them a
/// first name.
fn is_name(text: &str, words: &Personal) -> bool {
    let parts: Vec<&str> = text.split([' ', '\u{a0}']).filter(|part| !part.is_empty()).collect();
    let capital = |part: &&str| part.chars().next().is_some_and(char::is_uppercase);
    let letters = |part: &&str| part.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '.' | '\''));
    if !(2..=4).contains(&parts.len()) || !parts.iter().all(|part| capital(part) && letters(part)) {
        return false;
    }
    parts.iter().any(|part| words.first_names.contains(&fold(part)))
}

#[cfg(test)]
mod tests {
    use super::super::settings::OnboardSettings;
    use super::*;

    fn of(values: &[&str]) -> Profile {
        let texts = StringChunked::from_iter_values("x".into(), values.iter());
        profile("x", &texts, &OnboardSettings::shipped().expect("settings").personal).expect("profile")
    }

    #[test]
    fn tells_what_values_look_like() {
        for (values, looks) in [
            (&["010180-11234", "320000-12345"][..], Looks::PersonalCode),
            (&["Ilze Vītoliņa", "JĀNIS KRŪMIŅŠ", "Ozola-Bērza Dace"], Looks::PersonName),
            (&["+371 28000000", "67012345", "2 6000311"], Looks::Phone),
            (&["Liepu iela 4, Upmala, LV-3401"], Looks::Address),
            (&["pasts@iestade.lv"], Looks::Email),
            (&["90000054163"], Looks::RegNo),
            (&["0001000"], Looks::Atvk),
            (&["https://latvija.lv/x"], Looks::Url),
            (&["04.06.2024.", "2024-06-04", "19.11.2023"], Looks::Date),
            (&["04.06.2024. 13:05"], Looks::Moment),
            (&["1709280000000", "1709287300000"], Looks::Epoch),
            (&["P5D", "10 darba dienas"], Looks::Duration),
            (&["Būvniecības likums", "MK 19.08.2014. noteikumi Nr. 500"], Looks::LegalAct),
            (&["7,11 EUR", "bezmaksas", "14 €"], Looks::Fee),
            (&["19970301", "20011224"], Looks::Date),
            (&["12/31/2024", "01/02/2024"], Looks::Date),
        ] {
            assert_eq!(of(values).mostly().map(|(looks, _)| looks), Some(looks), "{values:?}");
        }
    }

    #[test]
    fn does_not_guess_between_day_and_month() {
        assert_eq!(of(&["01/02/2024", "03/04/2024"]).formats, Vec::<String>::new());
        assert_eq!(of(&["01/02/2024", "13/04/2024"]).formats, ["%d/%m/%Y"]);
        assert_eq!(of(&["01/02/2024", "03/14/2024"]).formats, ["%m/%d/%Y"]);
    }

    #[test]
    fn services_are_no_persons() {
        let profile = of(&["Būvatļaujas izsniegšana", "Dzīvesvietas Deklarācija", "NODOKĻU IZZIŅA"]);
        assert_eq!(profile.personal(), None);
    }

    #[test]
    fn samples_hold_no_personal_code() {
        assert_eq!(of(&["010180-11234"]).samples, ["******-*****"]);
    }
}
