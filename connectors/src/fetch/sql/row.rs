//! Rows as they land: a JSON object a line, each value in the database's own letters.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::value::RawValue;
use tokio::sync::mpsc::Sender;
use vienkop_transforms::finding::{self, Finding};

use super::cursor::{Mark, Watch};
use super::deliver::{End, Message};
use super::fault::Fault;
use super::options::{ByteEncoding, CursorOption};
use super::statement::Statement;
use crate::format::encoding::decode;

/// How much is gathered before it goes on.
const PORTION: usize = 128 << 10;

/// A query on its way to the database.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Name of what lands.
    pub(super) name: String,
    pub(super) statement: Statement,
    /// Tells it from other queries.
    pub(super) digest: String,
    pub(super) watched: Option<CursorOption>,
    /// What `:cursor` stands for.
    pub(super) from: Option<Mark>,
    pub(super) encodings: BTreeMap<String, ByteEncoding>,
    /// Whether no query comes after it.
    pub(super) last: bool,
    /// The moment that the run is about.
    pub(super) now: jiff::Timestamp,
    /// Rows that are enough; none: all of them.
    pub(super) sample: Option<usize>,
}

/// Whether a query's rows are wanted to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// They are.
    More,
    /// Those that came do.
    Enough,
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Null,
    /// A number; letters that are none (`NaN`, `00012`) land as a text.
    Number(Cow<'a, str>),
    Boolean(bool),
    /// A JSON value.
    Json(Cow<'a, str>),
    /// A date or a time, `2024-07-08 10:00:00`; lands as ISO 8601.
    Time(Cow<'a, str>, Zone),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
}

/// What a time says of its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    /// Nothing.
    None,
    /// It is UTC: its letters end in `+00`, or do not say so.
    Utc,
}

/// Rows of the queries, on their way to the landing zone.
pub(super) struct Rows {
    sender: Sender<Message>,
    stop: Arc<AtomicBool>,
    /// What people call the database.
    shown: String,
    asked: Option<Asked>,
    columns: Vec<Column>,
    /// Columns of all results so far.
    named: BTreeSet<String>,
    watch: Watch,
    /// Place of the cursor's column.
    watched: Option<usize>,
    /// Rows of this query so far.
    number: u64,
    portion: Vec<u8>,
}

struct Column {
    name: String,
    /// The name as JSON, with its colon.
    key: String,
    encoding: Option<ByteEncoding>,
}

impl Rows {
    pub(super) fn new(sender: Sender<Message>, stop: Arc<AtomicBool>, shown: String) -> Self {
        Self {
            sender,
            stop,
            shown,
            asked: None,
            columns: Vec::new(),
            named: BTreeSet::new(),
            watch: Watch::default(),
            watched: None,
            number: 0,
            portion: Vec::with_capacity(2 * PORTION),
        }
    }

    /// Where we are, for people: the database, and the query under way.
    pub(super) fn place(&self) -> String {
        self.asked.as_ref().map_or_else(|| self.shown.clone(), |asked| format!("{}, {}", self.shown, asked.name))
    }

    /// A query begins.
    pub(super) fn begin(&mut self, asked: &Asked) {
        self.asked = Some(asked.clone());
        self.columns.clear();
        self.watch = Watch::default();
        self.watched = None;
        self.number = 0;
    }

    /// Whether the columns have been told.
    pub(super) fn has_columns(&self) -> bool {
        !self.columns.is_empty()
    }

    /// The columns of the result, before its first row; of one without rows, before its end.
    pub(super) fn columns<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Result<(), Fault> {
        let mut columns: Vec<Column> = Vec::new();
        let encodings = self.asked.as_ref().map(|asked| asked.encodings.clone()).unwrap_or_default();
        for name in names {
            if name.trim().is_empty() || columns.iter().any(|column| column.name == name) {
                let finding = Finding::of(&finding::SQL_COLUMNS);
                let column = Some(name.to_owned());
                return Err(Finding { value: Some(self.place()), column, ..finding }.into());
            }
            let key = format!("{}:", json(name));
            columns.push(Column { name: name.to_owned(), key, encoding: encodings.get(name).copied() });
        }
        self.named.extend(columns.iter().map(|column| column.name.clone()));
        // An encoding is that of a column of any of the queries.
        let last = self.asked.as_ref().is_some_and(|asked| asked.last);
        let missing = encodings.keys().find(|name| last && !self.named.contains(*name));
        if let Some(watched) = self.asked.as_ref().and_then(|asked| asked.watched.as_ref()) {
            self.watched = columns.iter().position(|column| column.name == watched.column);
            if self.watched.is_none() {
                return Err(self.cursor_fault(&watched.column, &columns));
            }
        }
        if let Some(name) = missing {
            let finding = Finding::of(&finding::SQL_COLUMN_MISSING);
            let hint = crate::fetch::file::nearest(name, self.named.iter().map(String::as_str));
            return Err(Finding { value: Some(self.place()), column: Some(name.clone()), hint, ..finding }.into());
        }
        self.columns = columns;
        Ok(())
    }

    fn cursor_fault(&self, name: &str, columns: &[Column]) -> Fault {
        let hint = crate::fetch::file::nearest(name, columns.iter().map(|column| column.name.as_str()));
        let finding = Finding::of(&finding::SQL_CURSOR);
        let expected = Some(name.to_owned());
        Finding { value: Some(self.place()), column: Some(name.to_owned()), expected, hint, ..finding }.into()
    }

    /// Whether the bytes of a column are a text that is decoded here.
    pub(super) fn decodes(&self, column: usize) -> bool {
        self.columns.get(column).is_some_and(|column| column.encoding.is_some())
    }

    /// The fault of a value that cannot be carried.
    pub(super) fn unfit(&self, column: usize, kind: &str) -> Fault {
        let name = self.columns.get(column).map(|column| column.name.clone());
        let cell = Some(format!("#{}", self.number + 1));
        let finding = Finding::of(&finding::SQL_TYPE);
        Finding { value: Some(self.place()), column: name, cell, expected: Some(kind.to_owned()), ..finding }.into()
    }

    /// Takes a row.
    pub(super) fn row<'a>(&mut self, values: impl Iterator<Item = Result<Value<'a>, Fault>>) -> Result<(), Fault> {
        let last = self.last_day();
        self.portion.push(b'{');
        for (index, value) in values.enumerate() {
            let mut value = value?;
            if index > 0 {
                self.portion.push(b',');
            }
            let Some(column) = self.columns.get(index) else { break };
            self.portion.extend_from_slice(column.key.as_bytes());
            if let (Value::Bytes(bytes), Some(encoding)) = (&value, column.encoding) {
                let text = encoding.decode(bytes).ok_or_else(|| self.unfit(index, encoding.name()))?;
                value = Value::Text(Cow::Owned(text));
            }
            if self.watched == Some(index) && self.watch.see(&value, last).is_err() {
                let name = column.name.clone();
                return Err(self.cursor_fault(&name, &self.columns));
            }
            write(&mut self.portion, &value);
        }
        self.portion.extend_from_slice(b"}\n");
        self.number += 1;
        Ok(())
    }

    /// The last day that a cursor's value may be of: one more than the run's, since values have no zone.
    fn last_day(&self) -> Date {
        let now = self.asked.as_ref().map_or(jiff::Timestamp::UNIX_EPOCH, |asked| asked.now);
        let today = now.to_zoned(TimeZone::UTC).date();
        today.checked_add(1.day()).unwrap_or(today)
    }

    /// Hands on what has been gathered, if that is a portion. Waits while what was handed on before is not landed. Says
    /// whether the query's further rows are wanted.
    pub(super) async fn pass(&mut self) -> Result<Wanted, Fault> {
        if self.portion.len() >= PORTION {
            self.hand_on().await?;
        } else {
            self.going_on()?;
        }
        let most = self.asked.as_ref().and_then(|asked| asked.sample);
        Ok(if most.is_some_and(|most| self.number >= most as u64) { Wanted::Enough } else { Wanted::More })
    }

    /// Whether somebody still wants rows.
    fn going_on(&self) -> Result<(), Fault> {
        if self.stop.load(Ordering::Relaxed) { Err(Fault::Unwanted) } else { Ok(()) }
    }

    async fn hand_on(&mut self) -> Result<(), Fault> {
        let portion = std::mem::replace(&mut self.portion, Vec::with_capacity(2 * PORTION));
        self.send(Message::Rows(portion)).await
    }

    async fn send(&self, message: Message) -> Result<(), Fault> {
        self.sender.send(message).await.map_err(|_| Fault::Unwanted)
    }

    /// The query has come to its end.
    pub(super) async fn end(&mut self) -> Result<(), Fault> {
        if !self.portion.is_empty() {
            self.hand_on().await?;
        }
        let End { greatest, ahead } = std::mem::take(&mut self.watch).end();
        self.send(Message::End(End { greatest, ahead })).await
    }

    /// What went wrong is the last that is said.
    pub(super) async fn fail(&self, finding: Finding) {
        // Nobody there any more: nobody to be told.
        let _ = self.send(Message::Failed(Box::new(finding))).await;
    }
}

impl ByteEncoding {
    const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Windows1257 => "windows-1257",
            Self::Iso8859_13 => "iso-8859-13",
            Self::Cp775 => "cp775",
        }
    }

    fn decode(self, bytes: &[u8]) -> Option<String> {
        decode(self.name(), bytes)
    }
}

fn json(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// Writes a value as JSON.
fn write(out: &mut Vec<u8>, value: &Value<'_>) {
    let mut text = |text: &str| out.extend_from_slice(json(text).as_bytes());
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
        Value::Number(letters) if is_json_number(letters) => out.extend_from_slice(letters.as_bytes()),
        Value::Number(letters) | Value::Text(letters) => text(letters),
        // A line break stands between tokens only: inside a text it is written \n.
        Value::Json(letters) => match serde_json::from_str::<&RawValue>(letters) {
            Ok(raw) => {
                out.extend(raw.get().bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
            }
            Err(_) => text(letters),
        },
        Value::Time(letters, zone) => text(&iso(letters, *zone)),
        Value::Bytes(bytes) => {
            let mut digits = String::with_capacity(bytes.len() * 2);
            for byte in bytes.iter() {
                // Writing to a String cannot fail.
                let _ = write!(digits, "{byte:02x}");
            }
            text(&digits);
        }
    }
}

/// `2024-07-08 10:00:00+00` as ISO 8601; what is no date in letters (`infinity`, `0044-03-15 BC`) stays.
fn iso(letters: &str, zone: Zone) -> String {
    let date = letters.get(..10).is_some_and(|date| date.parse::<Date>().is_ok());
    let Some(rest) = letters.get(10..).filter(|rest| date && !rest.ends_with("BC")) else { return letters.to_owned() };
    let Some(clock) = rest.strip_prefix([' ', 'T']) else { return letters.to_owned() };
    let clock = clock.strip_suffix("+00").unwrap_or(clock);
    format!("{}T{clock}{}", &letters[..10], if zone == Zone::Utc { "Z" } else { "" })
}

/// Whether JSON takes these letters for a number.
fn is_json_number(letters: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = letters.strip_prefix('-').unwrap_or(letters);
    let (number, exponent) = match rest.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (rest, None),
    };
    let (whole, part) = match number.split_once('.') {
        Some((whole, part)) => (whole, Some(part)),
        None => (number, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && part.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &Value<'_>) -> String {
        let mut out = Vec::new();
        write(&mut out, value);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn values_keep_their_letters() {
        let number = |letters| Value::Number(Cow::Borrowed(letters));
        let time = |letters, zone| Value::Time(Cow::Borrowed(letters), zone);
        for (value, text) in [
            (number("1.10"), "1.10"),
            (number("123456789012345678901234567890.5"), "123456789012345678901234567890.5"),
            (number("1e+20"), "1e+20"),
            (number("00012"), "\"00012\""),
            (number("NaN"), "\"NaN\""),
            (number(".5"), "\".5\""),
            (time("2024-07-08 10:00:00.5", Zone::None), "\"2024-07-08T10:00:00.5\""),
            (time("2024-07-08 10:00:00+00", Zone::Utc), "\"2024-07-08T10:00:00Z\""),
            (time("2024-07-08", Zone::None), "\"2024-07-08\""),
            (time("0000-00-00 00:00:00", Zone::None), "\"0000-00-00 00:00:00\""),
            (time("infinity", Zone::Utc), "\"infinity\""),
            (time("0044-03-15 10:00:00 BC", Zone::None), "\"0044-03-15 10:00:00 BC\""),
            (Value::Json(Cow::Borrowed("{\"a\":\n 1.10}")), "{\"a\":  1.10}"),
            (Value::Json(Cow::Borrowed("{nav")), "\"{nav\""),
            (Value::Bytes(Cow::Borrowed(&[0, 255])), "\"00ff\""),
            (Value::Text(Cow::Borrowed("a\"\n\0ā")), "\"a\\\"\\n\\u0000ā\""),
            (Value::Boolean(true), "true"),
            (Value::Null, "null"),
        ] {
            assert_eq!(written(&value), text);
        }
    }
}
