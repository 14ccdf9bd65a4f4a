//! `[[table]]` of a source file: which entity its rows become and how.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How rows of one table become records of one entity.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableMapping {
    /// The entity (`service`), or a child of one (`service.steps`).
    pub entity: String,
    /// Where in the file the table is; its options depend on `format.kind`.
    #[serde(default)]
    pub read: serde_json::Map<String, serde_json::Value>,
    /// Names of the files of a delivery that the table is in, or patterns of them (`pakalpojumi`, `2024/*.csv`); default:
    /// all of them. Where a query lands under a name of its own, this is its name.
    #[serde(default)]
    pub files: Vec<String>,
    /// Rows left out on purpose: totals, footnotes.
    #[serde(default)]
    pub skip: Vec<SkipRule>,
    /// Fields of the entity and where their values come from.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldSource>,
    /// Lists of structures made from the row itself.
    #[serde(default)]
    pub children: BTreeMap<String, ChildSource>,
    /// Columns that become records of their own (survey answers).
    #[serde(default)]
    pub unpivot: Option<Unpivot>,
    /// Columns that identify persons and that no field takes: wherever a row is shown, they are hidden, and landed files
    /// are kept for `personal_data.landed_days` only.
    #[serde(default)]
    pub personal: Vec<String>,
    /// Fields that identify a record within this source; default: the entity's own key.
    #[serde(default)]
    pub key: Vec<String>,
    /// Whether a record may stand in several rows (a row an event, its request repeated in each): of each field the last
    /// filled cell counts, and no row is told of as a duplicate.
    #[serde(default)]
    pub repeats: bool,
}

/// Rows left out on purpose; counted as skipped.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SkipRule {
    /// The column looked at.
    pub column: String,
    /// Left out when the value matches this regular expression.
    #[serde(default)]
    pub matches: Option<String>,
    /// Left out unless the value matches this regular expression (an empty one, or a column that is not there, is no
    /// match): of a log of all kinds of changes, say, only those of one kind are records.
    #[serde(default)]
    pub unless: Option<String>,
    /// Left out when every other column is empty (footnotes).
    #[serde(default)]
    pub others_empty: bool,
}

/// Where a field's value comes from: a column, or more than that.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FieldSource {
    /// The column with this header (XML, JSON: path below the record).
    Column(String),
    /// With options.
    Rule(Box<FieldRule>),
}

impl FieldSource {
    /// The options, spelled out.
    pub fn rule(&self) -> FieldRule {
        match self {
            Self::Column(column) => FieldRule { column: Some(Columns::One(column.clone())), ..FieldRule::default() },
            Self::Rule(rule) => (**rule).clone(),
        }
    }
}

/// One header, or several of which the first present counts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Columns {
    /// One header.
    One(String),
    /// Alternative headers, the first present counts.
    FirstOf(Vec<String>),
}

impl Columns {
    /// The headers in order.
    pub fn headers(&self) -> Vec<&str> {
        match self {
            Self::One(header) => vec![header],
            Self::FirstOf(headers) => headers.iter().map(String::as_str).collect(),
        }
    }
}

/// How a field's value is made. Order: column(s) or constant, `empty`, `extract`, `functions`, `pad`, `default`;
/// then what the field's type asks for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldRule {
    /// The column, or alternatives of which the first present counts.
    #[serde(default)]
    pub column: Option<Columns>,
    /// Several columns joined; empty ones are left out.
    #[serde(default)]
    pub columns: Vec<String>,
    /// What stands between joined columns; default: a space.
    #[serde(default)]
    pub join: Option<String>,
    /// The same value for every record.
    #[serde(default)]
    pub value: Option<String>,
    /// The value where the column is empty.
    #[serde(default)]
    pub default: Option<String>,
    /// Texts that mean "empty" ("-", "nav").
    #[serde(default)]
    pub empty: Vec<String>,
    /// Regular expression; its first group is the value.
    #[serde(default)]
    pub extract: Option<String>,
    /// Applied one after the other.
    #[serde(default)]
    pub functions: Vec<Function>,
    /// Digits that Excel dropped: zeros are put in front up to this length.
    #[serde(default)]
    pub pad: Option<u8>,
    /// What separates the items of a list field; line breaks always do.
    #[serde(default)]
    pub split: Vec<String>,
    /// This source's own spellings of a code list: text -> code.
    #[serde(default)]
    pub codes: BTreeMap<String, String>,
    /// Date or time formats (strftime; `unix` and `unix-ms` for seconds and milliseconds since 1970), tried in this
    /// order; default: the forms met in the wild that leave no doubt which is the day and which the month, each value for
    /// itself.
    #[serde(default)]
    pub formats: Vec<String>,
    /// Unit of a duration whose text has none: min, h, d, working d, month.
    #[serde(default)]
    pub unit: Option<String>,
    /// Regular expression that the value must match.
    #[serde(default)]
    pub pattern: Option<String>,
    /// The column identifies a person: only a keyed hash goes on.
    #[serde(default)]
    pub pseudonymise: bool,
    /// What happens to a record with a bad value here.
    #[serde(default)]
    pub invalid: Invalid,
}

/// What happens to a record with a bad value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Invalid {
    /// The record is quarantined, what the registry holds of it stays.
    #[default]
    Quarantine,
    /// The record is accepted without the value, with a warning.
    Empty,
}

/// Small repairs of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
    /// Only the digits.
    Digits,
    /// The first line.
    FirstLine,
    /// The last word.
    LastWord,
    /// Without spaces.
    NoSpaces,
}

/// Structures made from the row itself: one cell cut into items, or numbered columns.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChildSource {
    /// The cell that holds all items.
    #[serde(default)]
    pub column: Option<String>,
    /// What separates the items; default: line breaks.
    #[serde(default)]
    pub split: Vec<String>,
    /// Items that mean "none" ("-", "bez maksas").
    #[serde(default)]
    pub empty: Vec<String>,
    /// Regular expression whose named groups are the child's fields.
    #[serde(default)]
    pub pattern: Option<String>,
    /// The child's field that the whole item fills.
    #[serde(default)]
    pub field: Option<String>,
    /// The child's fields from numbered columns, `{n}` standing for 1, 2, …
    #[serde(default)]
    pub numbered: BTreeMap<String, String>,
    /// How many numbered columns there are at most.
    #[serde(default)]
    pub most: Option<u8>,
    /// Fields that have the same value for every item (`{n}` in it is the item's number), or more options (`unit`,
    /// `codes`).
    #[serde(default)]
    pub fields: BTreeMap<String, FieldRule>,
}

/// Columns that become records of their own: answers of a survey (one row gives one record an answered question), or
/// times at which a request came into a state (one row gives one event a filled column).
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unpivot {
    /// Questionnaire whose wordings are the headers.
    #[serde(default)]
    pub questionnaire: Option<String>,
    /// Headers and the question (events: the state) each stands for.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
}
