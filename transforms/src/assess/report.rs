//! The report as a value: text, tables and figures. Every renderer shows the same numbers from it.
//!
//! It holds no clock, run number or path: the same data and the same as-of date give the same bytes.

use std::fmt::Write as _;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::texts::Language;

/// A report pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Title.
    pub title: String,
    /// Day that the report is made for, `2024-07-08`.
    pub as_of: String,
    /// Language of all texts in it.
    pub language: Language,
    /// Sections in order; the dots of a section's number say how deep it stands.
    pub sections: Vec<Section>,
}

/// A section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Id, unique within the report; an anchor.
    pub id: String,
    /// Number before the title (`1.1`).
    pub number: Option<String>,
    /// Title.
    pub title: String,
    /// Text before the tables.
    pub paragraphs: Vec<String>,
    /// Tables with their figures.
    pub tables: Vec<Table>,
    /// Tables of measures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measures>,
    /// Lists of text without a figure.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<List>,
}

/// A table with its figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Id, unique within the report: `1.1-6`.
    pub id: String,
    /// Number of the figure.
    pub number: u32,
    /// Title.
    pub title: String,
    /// Number and title as printed: `6. attēls. Pakalpojumu reģistrēšana VIRSIS`.
    pub caption: String,
    /// The question asked, or the questions taken together.
    pub question: String,
    /// Conclusion.
    pub sentence: String,
    /// Who wrote the conclusion.
    #[serde(skip_serializing_if = "Author::is_draft")]
    pub author: Author,
    /// What a reader must know about the counting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How it is drawn.
    pub chart: Chart,
    /// Respondents; the whole that percentages are of.
    pub n: u64,
    /// Rows in the order of the table.
    pub rows: Vec<Row>,
    /// The same rows of each institution kind, in the order of the code list.
    pub by_kind: ByKind,
    /// Answers to the question that asks for more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<FollowUp>,
    /// Answers that no alias matches, or that are neither yes nor no.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmatched: Vec<Unmatched>,
    /// Answers that name no system (`nav`, telephone, a journal).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub no_system: Vec<Listed>,
}

/// Who wrote a conclusion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// Drafted from thresholds.
    #[default]
    Draft,
    /// An analyst, in the file of texts of the pipeline; shown as such.
    Analyst,
}

impl Author {
    /// Whether nobody has put a text in the draft's place.
    pub fn is_draft(&self) -> bool {
        *self == Self::Draft
    }
}

/// How a table is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Chart {
    /// The rows are parts that make up all respondents.
    Share,
    /// A respondent may be in several rows.
    Ranking,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Key, unique within the table: `yes`, an option's code, a system, or one of [`RowKey`].
    pub key: String,
    /// Label.
    pub label: String,
    /// Respondents.
    pub count: u64,
    /// Share of n in per cent, two decimals, half up: `66.21`.
    pub percent: String,
    /// Query and parameters that find what stands behind the number.
    pub select: String,
}

/// Keys of rows that every question may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKey {
    /// Names or options that are not known.
    Unmatched,
    /// The answer names no system.
    NoSystem,
    /// Neither yes nor no.
    Unclear,
    /// Answers that no row of a cross describes.
    Other,
    /// No answer.
    None,
}

impl RowKey {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Unmatched, Self::NoSystem, Self::Unclear, Self::Other, Self::None];

    /// The key.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unmatched => "unmatched",
            Self::NoSystem => "no-system",
            Self::Unclear => "unclear",
            Self::Other => "other",
            Self::None => "none",
        }
    }
}

impl Row {
    /// Whether the row counts answers that say nothing on the question, and stands below the others.
    pub fn is_remainder(&self) -> bool {
        RowKey::ALL.iter().any(|key| key.code() == self.key)
    }
}

/// Rows of one institution kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kind {
    /// Respondents of the kind.
    pub n: u64,
    /// Rows with the keys and the order of the table's.
    pub rows: Vec<Row>,
}

/// Institution kind -> its rows, in order. An object in JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ByKind(pub Vec<(KindName, Kind)>);

/// An institution kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindName {
    /// Code of the code list, or `nezināms`; the key in JSON.
    pub code: String,
    /// Label in the language of the report.
    pub label: String,
}

impl Serialize for ByKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, kind) in &self.0 {
            map.serialize_entry(&name.code, kind)?;
        }
        map.end()
    }
}

/// Answers to a question that asks for more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FollowUp {
    /// Id of the question.
    pub id: String,
    /// The question.
    pub question: String,
    /// Respondents.
    pub n: u64,
    /// Rows; for a free text, its different wordings.
    pub rows: Vec<Row>,
    /// Names that no alias matches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmatched: Vec<Unmatched>,
    /// Answers that name no system.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub no_system: Vec<Listed>,
}

/// An answer that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unmatched {
    /// As written.
    pub text: String,
    /// Respondents who wrote it.
    pub count: u64,
    /// The nearest known names, best first.
    pub nearest: Vec<String>,
}

/// An answer with the number of respondents who gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// As written.
    pub text: String,
    /// Respondents who wrote it.
    pub count: u64,
}

/// A table of measures: rows of named things, columns of numbers of several kinds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Measures {
    /// Id, unique within the report.
    pub id: String,
    /// Title.
    pub title: String,
    /// What must be said before anything else, shown so that nobody misses it: the method is not approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// Conclusion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentence: Option<String>,
    /// Who wrote the conclusion.
    #[serde(skip_serializing_if = "Author::is_draft")]
    pub author: Author,
    /// What a reader must know about the counting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Headers of the columns that name a row.
    pub heads: Vec<String>,
    /// The measures.
    pub columns: Vec<Column>,
    /// Rows in the order of the table.
    pub rows: Vec<MeasureRow>,
    /// How many rows a page shows at first; the others can be opened there.
    #[serde(skip)]
    pub shown: usize,
    /// How it is drawn, if at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawn: Option<Drawn>,
}

/// The figure of a table of measures: which columns, in which shape. Labels are those of the rows and columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drawn {
    /// Shape.
    pub shape: Shape,
    /// Places of the columns drawn, in the order of the parts or lines; their lengths are [`Cell::amount`].
    pub columns: Vec<usize>,
}

impl Drawn {
    /// Bars of one column.
    pub fn bars(column: usize) -> Self {
        Self { shape: Shape::Bars, columns: vec![column] }
    }
}

/// Shapes of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// A horizontal bar a row, of the first column.
    Bars,
    /// A horizontal bar a row, made of a part for each column; the columns make up a whole.
    Stacked,
    /// A line for each column over the rows, which are moments in order.
    Lines,
}

/// A measure of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Key, unique within the table.
    pub key: String,
    /// Header.
    pub label: String,
}

/// A row of a table of measures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MeasureRow {
    /// Key, unique within the table.
    pub key: String,
    /// A label for each head of the table.
    pub labels: Vec<String>,
    /// A cell for each column.
    pub cells: Vec<Cell>,
}

/// A measured value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// Id, unique within the report: table, row, column.
    pub id: String,
    /// What it is.
    pub kind: CellKind,
    /// The value: a whole number, or a decimal with a point; none where nothing stands behind it.
    pub value: Option<String>,
    /// What the value counts, where that is not records: `percent`, `points`, `s`, `d`, `working s`, `working d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
    /// Of a share: how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<String>,
    /// Of a share: of how many; those of which nothing can be said are in neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Query and parameters that find what stands behind the number.
    pub select: String,
    /// As people read it.
    #[serde(skip)]
    pub text: String,
    /// Length of its bar, in any unit.
    #[serde(skip)]
    pub amount: u64,
}

/// What a cell of a table of measures is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CellKind {
    /// A number of records, requests or stays.
    Count,
    /// A share.
    Share,
    /// A decimal number: points of a score, a difference (with its sign).
    Number,
    /// A time.
    Duration,
    /// A word.
    #[default]
    Text,
}

/// A list of text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct List {
    /// Id, unique within the report.
    pub id: String,
    /// Title.
    pub title: String,
    /// What it is and what to do with it.
    pub note: String,
    /// Headers.
    pub columns: Vec<String>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
}

/// Share of `n` in per cent with two decimals, half up, in whole numbers: `66.21`. Of nothing: `0.00`.
pub fn percent(count: u64, n: u64) -> String {
    if n == 0 {
        return "0.00".to_owned();
    }
    let (count, n) = (u128::from(count), u128::from(n));
    let hundredths = (count * 20_000 + n) / (2 * n);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// A percentage as people read it: `66,21 %` with a no-break space in Latvian, `66.21%` in English.
pub fn percent_text(percent: &str, language: Language) -> String {
    match language {
        Language::Lv => format!("{}\u{a0}%", percent.replace('.', ",")),
        Language::En => format!("{percent}%"),
    }
}

/// A selector: the name of a query and its parameters, `survey_response?wave=2024&question=virsis-registered&option=yes`.
///
/// What would be read as a separator is written as `%` and two hexadecimal digits; letters stay.
pub fn selector(query: &str, parameters: &[(&str, &str)]) -> String {
    let mut text = query.to_owned();
    for (index, (name, value)) in parameters.iter().enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        for c in value.chars() {
            match c {
                '&' | '=' | '%' | '?' | '#' | '+' | '\0'..=' ' | '\u{7f}' => {
                    // Writing to a String does not fail.
                    let _ = write!(text, "%{:02X}", u32::from(c));
                }
                c => text.push(c),
            }
        }
    }
    text
}

/// Takes a selector apart: the query and its parameters; what is written wrongly stays as it is.
pub fn parse_selector(text: &str) -> (String, Vec<(String, String)>) {
    let (query, rest) = text.split_once('?').unwrap_or((text, ""));
    let pairs = rest.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), unescaped(value))
    });
    (query.to_owned(), pairs.collect())
}

fn unescaped(text: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok()).filter(u8::is_ascii);
        if let (Some(code), Some(rest)) = (code, part.get(2..)) {
            out.push(char::from(code));
            out.push_str(rest);
        } else {
            out.push('%');
            out.push_str(part);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_half_up() {
        for (count, n, text) in [
            (96, 145, "66.21"),
            (49, 145, "33.79"),
            (72, 145, "49.66"),
            (1, 800, "0.13"),
            (1, 3, "33.33"),
            (0, 145, "0.00"),
            (145, 145, "100.00"),
            (0, 0, "0.00"),
        ] {
            assert_eq!(percent(count, n), text, "{count} of {n}");
        }
        assert_eq!(percent_text("66.21", Language::Lv), "66,21\u{a0}%");
        assert_eq!(percent_text("66.21", Language::En), "66.21%");
    }

    #[test]
    fn selectors_keep_letters_and_escape_separators() {
        assert_eq!(
            selector("survey_response", &[("wave", "2024"), ("option", "A & B"), ("kind", "pašvaldība")]),
            "survey_response?wave=2024&option=A%20%26%20B&kind=pašvaldība"
        );
        let pairs = [("wave", "2024"), ("option", "A & B = 50 % + ē?#"), ("none", "")];
        let (query, parsed) = parse_selector(&selector("survey_response", &pairs));
        assert_eq!(query, "survey_response");
        assert_eq!(parsed, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(parse_selector("score"), ("score".to_owned(), Vec::new()));
        assert_eq!(parse_selector("x?a=%zz%").1, [("a".to_owned(), "%zz%".to_owned())]);
    }
}
