//! Findings: what is wrong, where, by which rule, and how it is mended.
//!
//! The catalogue of rules stands in [`RULES`]; the sentences a person reads are in
//! `config/texts/*.ftl` under `<code>-title`, `<code>-message`, `<code>-remedy`, `<code>-explain`.
//! Findings travel as a frame ([`frame`]), never as values one by one, except the few that concern a whole file.

use polars::prelude::*;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Told, nothing to mend (a guess, an unmapped column).
    Info,
    /// The record is accepted; somebody should look.
    Warning,
    /// The record (or row) is quarantined, or the file cannot be read.
    Error,
}

impl Severity {
    /// The word stored in the registry and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A rule that a finding names.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Stable code: `F` files, `R` rows as read, `N` the network, `Q` queries on databases, `V` values, `K` keys and
    /// references, `T` timelines of requests, `S` a source's delivery, `I` its inbox, `L` the registry as a whole, `D` what has
    /// changed since the source's last delivery, `P` what is published.
    pub code: &'static str,
    /// Severity unless the source's file softens it.
    pub severity: Severity,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $code:literal $severity:ident;)*) => {
        $($(#[$doc])* pub const $name: Rule = Rule { code: $code, severity: Severity::$severity };)*
        /// Every rule, in the order of the codes.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    /// No file where the source says one is.
    FILE_MISSING = "F001" Error;
    /// The file has no bytes.
    FILE_EMPTY = "F002" Error;
    /// A header and nothing below it.
    HEADER_ONLY = "F003" Warning;
    /// The content is not what the name or the source says (HTML named .xlsx).
    WRONG_CONTENT = "F004" Error;
    /// The file breaks off or is damaged.
    DAMAGED = "F005" Error;
    /// The XML has a document type declaration.
    DOCTYPE = "F006" Error;
    /// A safety limit is exceeded.
    LIMIT = "F007" Error;
    /// The bytes do not fit the declared or detected encoding.
    ENCODING = "F008" Error;
    /// Text that was decoded wrongly before it reached us (mojibake).
    MOJIBAKE = "F009" Warning;
    /// The declared sheet, record path or header was not found.
    NOT_FOUND = "F010" Error;
    /// The workbook is protected with a password.
    PASSWORD = "F011" Error;
    /// A guess that the source file can pin.
    GUESS = "F012" Info;
    /// A column that no field is mapped from.
    UNMAPPED_COLUMN = "F013" Info;
    /// A mapped column that the delivery lacks.
    MISSING_COLUMN = "F014" Warning;
    /// Reading broke off by a fault that is not the file's.
    READING_BROKE = "F015" Error;
    /// The file or folder is there, but may not be read.
    NO_ACCESS = "F016" Error;
    /// The row has fewer cells than the header.
    ROW_SHORT = "R001" Warning;
    /// The row has more cells than the header.
    ROW_LONG = "R002" Error;
    /// A quote is opened and never closed.
    QUOTE_OPEN = "R003" Error;
    /// NUL bytes or other control characters in the row.
    CONTROL_CHARACTERS = "R004" Error;
    /// An Excel error value (#REF!, #N/A) in a cell.
    ERROR_CELL = "R005" Warning;
    /// A formula whose value was never calculated.
    FORMULA_WITHOUT_VALUE = "R006" Warning;
    /// Not a record: a line that is no JSON, an array element that is no object.
    NOT_A_RECORD = "R007" Error;
    /// A server that cannot be reached, or does not answer in time.
    UNREACHABLE = "N001" Error;
    /// A server whose certificate does not prove who it is.
    CERTIFICATE = "N002" Error;
    /// A server that does not know us.
    LOGIN_REFUSED = "N003" Error;
    /// A server that knows us and does not let us.
    FORBIDDEN = "N004" Error;
    /// A server that answers with another failure, however often it is asked.
    STATUS = "N005" Error;
    /// An answer that is not what was asked for: a page for people instead of data.
    NOT_DATA = "N006" Error;
    /// Pages that do not end, or come again and again.
    ENDLESS = "N007" Error;
    /// An answer larger than allowed, maybe only after it was inflated.
    ANSWER_TOO_LARGE = "N008" Error;
    /// A redirect or a link to a host that the configuration does not name, or to a link-local address.
    HOST_NOT_ALLOWED = "N009" Error;
    /// A record that was in the list and is there no more, or cannot be had.
    RECORD_GONE = "N010" Warning;
    /// Fewer records than the server says that there are.
    FEWER_THAN_PROMISED = "N011" Error;
    /// A failure that the system tells in words of its own.
    SYSTEM_FAILURE = "N012" Error;
    /// A secret or certificate that is not where the configuration says.
    SECRET_MISSING = "N013" Error;
    /// A request of which no answer is recorded.
    NOT_RECORDED = "N014" Error;
    /// A log of changes in which some are missing.
    HISTORY_GAPS = "N015" Warning;
    /// A window of time that is full and cannot be made smaller.
    WINDOW_FULL = "N016" Error;
    /// An id that its look-up list does not have.
    LOOKUP_LACKS = "N017" Warning;
    /// A server whose clock is wrong.
    CLOCK_SKEW = "N018" Warning;
    /// An answer that cannot be recorded without the personal data in it.
    NOT_RECORDABLE = "N019" Error;
    /// An answer in which that is not found which the configuration looks for.
    ANSWER_UNCLEAR = "N020" Error;
    /// A required field is empty.
    REQUIRED_MISSING = "V001" Error;
    /// A due field is empty.
    DUE_MISSING = "V002" Warning;
    /// Not a value of the code list.
    UNKNOWN_CODE = "V003" Error;
    /// Not a date of the declared or settled format.
    BAD_DATE = "V004" Error;
    /// Not a number.
    BAD_NUMBER = "V005" Error;
    /// Not yes or no.
    BAD_BOOLEAN = "V006" Error;
    /// Not a duration with a unit.
    BAD_DURATION = "V007" Error;
    /// A registration number that is not 11 digits.
    REG_NO_FORM = "V008" Error;
    /// A registration number whose check digit fails.
    REG_NO_CHECKSUM = "V009" Warning;
    /// A territory code that is not 7 digits.
    ATVK_FORM = "V010" Error;
    /// Not a web address.
    BAD_URL = "V011" Warning;
    /// Not an e-mail address.
    BAD_EMAIL = "V012" Warning;
    /// Below or above what the field allows.
    OUT_OF_RANGE = "V013" Error;
    /// An end before its start.
    END_BEFORE_START = "V014" Error;
    /// A time longer than the one it must keep within.
    LONGER_THAN_STATUTORY = "V015" Warning;
    /// Two durations whose units do not compare.
    UNITS_DO_NOT_COMPARE = "V016" Warning;
    /// A personal code in a free text; masked.
    PERSONAL_CODE = "V017" Warning;
    /// A code does not fit the declared pattern.
    PATTERN = "V018" Error;
    /// A text longer than the limit.
    TEXT_TOO_LONG = "V019" Error;
    /// A local time that the change to summer time skips.
    SKIPPED_HOUR = "V020" Error;
    /// A local time in the hour that occurs twice; the earlier is taken.
    DOUBLE_HOUR = "V021" Warning;
    /// Several values where the field takes one.
    SEVERAL_VALUES = "V022" Error;
    /// An Excel error, or a formula never calculated, where a value should be.
    BROKEN_CELL = "V023" Error;
    /// Something that happened after the day that the run is about.
    IN_FUTURE = "V024" Error;
    /// The same record twice, alike.
    DUPLICATE = "K001" Info;
    /// The same record twice with different content; the later counts.
    DUPLICATE_DIFFERS = "K002" Warning;
    /// Refers to a record that the registry does not hold.
    REFERENCE = "K003" Warning;
    /// A link to a record that the registry does not hold.
    LINK_TARGET = "K004" Error;
    /// A child row whose parent was not delivered.
    ORPHAN = "K005" Error;
    /// A new service that may be one that another source has delivered: a person decides.
    MAY_BE_THE_SAME = "K006" Warning;
    /// A request for a service that the registry does not hold.
    UNKNOWN_SERVICE = "K007" Error;
    /// An event of a request that is not in the registry, or in quarantine.
    EVENT_WITHOUT_REQUEST = "K008" Error;
    /// A request goes on after a closing state, neither reopened nor appealed.
    AFTER_CLOSING = "T001" Warning;
    /// Reopened, but never closed before.
    REOPENED_UNCLOSED = "T002" Warning;
    /// Appealed before any decision.
    APPEAL_BEFORE_DECISION = "T003" Warning;
    /// A draft again after it was submitted.
    DRAFT_AFTER_SUBMISSION = "T004" Warning;
    /// Back from work to submitted, not reopened.
    BACK_TO_SUBMITTED = "T005" Warning;
    /// The first event that counts is closing already.
    CLOSED_AT_ONCE = "T006" Warning;
    /// Working time was measured in a year of which no holidays are known.
    HOLIDAYS_UNKNOWN = "T007" Warning;
    /// Too many records quarantined: a gate failed.
    GATE = "S001" Error;
    /// A snapshot without records: waits for approval.
    EMPTY_SNAPSHOT = "S002" Error;
    /// A snapshot that would retire too much: waits for approval.
    RETIRES_TOO_MUCH = "S003" Error;
    /// The source delivered nothing.
    NOTHING_DELIVERED = "S004" Warning;
    /// Rows whose record cannot be told: nothing is retired this time.
    RETIREMENTS_HELD_BACK = "S005" Warning;
    /// A need that no service is linked to.
    UNMET_NEED = "L001" Warning;
    /// A service that no need is linked to.
    SERVICE_WITHOUT_NEED = "L002" Warning;
    /// A service that no resource is linked to.
    SERVICE_WITHOUT_RESOURCE = "L003" Warning;
    /// A reference of a record in the registry to one that is not (any more).
    DANGLING = "L004" Warning;
    /// Nothing new for longer than `expected_every`.
    LATE = "S006" Warning;
    /// The schema has changed, and the source's policy lets nothing in that has.
    DRIFT_HOLDS = "S007" Error;
    /// A column that the last delivery did not have.
    COLUMN_NEW = "D001" Warning;
    /// A column that the last delivery had.
    COLUMN_LOST = "D002" Warning;
    /// A column that seems to have another name than in the last delivery.
    COLUMN_RENAMED = "D003" Warning;
    /// A column whose values are written otherwise than in the last delivery.
    COLUMN_RETYPED = "D004" Warning;
    /// A code that the column did not have so far.
    CODE_NEW = "D005" Warning;
    /// A value in a form that its column did not have; quarantined by the source's policy.
    VALUE_DRIFTED = "D006" Error;
    /// The database cannot be reached, or is none.
    SQL_UNREACHABLE = "Q001" Error;
    /// The database does not let this user in.
    SQL_LOGIN = "Q002" Error;
    /// The database refuses the query.
    SQL_REFUSED = "Q003" Error;
    /// The user may not read what the query asks for.
    SQL_PERMISSION = "Q004" Error;
    /// A value that cannot be carried as it is.
    SQL_TYPE = "Q005" Error;
    /// The query is not one statement that only reads.
    SQL_STATEMENT = "Q006" Error;
    /// The queries take longer than they may.
    SQL_TOO_SLOW = "Q007" Error;
    /// The cursor's column is not there, or its values do not say how far it came.
    SQL_CURSOR = "Q008" Error;
    /// The connection was lost half-way.
    SQL_LOST = "Q009" Error;
    /// Columns of a result without a name, or two with the same.
    SQL_COLUMNS = "Q010" Error;
    /// The secret that holds the address is not there.
    SQL_SECRET = "Q011" Error;
    /// The address in the secret cannot be used.
    SQL_ADDRESS = "Q012" Error;
    /// A column that the options name is not in the result.
    SQL_COLUMN_MISSING = "Q013" Error;
    /// The cursor's column has days to come, which do not move the cursor.
    SQL_CURSOR_AHEAD = "Q014" Warning;
    /// The database's server is at a link-local address.
    SQL_LINK_LOCAL = "Q015" Error;
    /// A correction workbook that was made for another source.
    CORRECTION_OF_OTHER = "I001" Error;
    /// A correction workbook that lacks what tells its sheets apart, or lies where no inbox is.
    CORRECTION_UNKNOWN = "I002" Error;
    /// The source's tables are no longer those that the correction workbook was made for.
    CORRECTION_OUTDATED = "I003" Error;
    /// A row of a correction workbook that mends nothing that stands in quarantine: it is left out.
    MENDED_ALREADY = "I004" Warning;
    /// A service that may not be published: it has neither an application nor an e-form, and is not in person only.
    NOT_REQUESTABLE = "P001" Error;
    /// A service of which it cannot be told in which catalogues it belongs.
    NO_CATALOGUE = "P002" Warning;
    /// An address that is left out of what is published: no web page opens by it.
    LINK_LEFT_OUT = "P003" Warning;
    /// A record that another register does not take.
    NOT_TAKEN = "P004" Error;
    /// A record that is not delivered, since the other register does not have what it refers to.
    REFERENCE_NOT_DELIVERED = "P005" Warning;
    /// A record that is not delivered, since a field of its address is empty.
    NO_ADDRESS = "P006" Error;
    /// A record of which nobody knows whether the other register has taken it.
    TAKEN_UNKNOWN = "P007" Warning;
    /// A record that is not delivered, since another one has the same address at the register.
    ADDRESS_TWICE = "P008" Error;
}

/// The rule with this code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(code)).copied()
}

/// One finding; used where few arise (whole files, rows that could not be read).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// Code of the rule.
    pub code: &'static str,
    /// Severity, `info`, `warning` or `error`.
    pub severity: &'static str,
    /// Entity or `entity.child`; empty for a whole file.
    pub entity: String,
    /// Key of the record, for people.
    pub record_key: Option<String>,
    /// Field of the entity.
    pub field: Option<String>,
    /// Number of the landed file.
    pub landed: Option<i64>,
    /// Sheet of the workbook.
    pub sheet: Option<String>,
    /// Row, see [`crate::batch::ROW`].
    pub row: Option<i64>,
    /// Part, see [`crate::batch::PART`].
    pub part: Option<i64>,
    /// Where a person finds the value: `Pakalpojumi!D17`.
    pub cell: Option<String>,
    /// Header of the column.
    pub column: Option<String>,
    /// The value found; masked where it may be personal.
    pub value: Option<String>,
    /// What the rule wants.
    pub expected: Option<String>,
    /// The nearest known value, or how to pin a guess.
    pub hint: Option<String>,
}

impl Finding {
    /// A finding of a rule; the rest is filled in with struct update or the fields.
    pub fn of(rule: &Rule) -> Self {
        Self { code: rule.code, severity: rule.severity.as_str(), ..Self::default() }
    }
}

/// Columns of the findings frame, in order: all `String` but `landed`, `row`, `part` (`Int64`).
pub const COLUMNS: [&str; 14] = [
    "code",
    "severity",
    "entity",
    "record_key",
    "field",
    "landed",
    "sheet",
    "row",
    "part",
    "cell",
    "column",
    "value",
    "expected",
    "hint",
];

/// Makes the frame of findings.
pub fn frame(findings: &[Finding]) -> PolarsResult<DataFrame> {
    let text = |name: &str, get: &dyn Fn(&Finding) -> Option<String>| {
        Column::new(name.into(), findings.iter().map(get).collect::<Vec<Option<String>>>())
    };
    let number = |name: &str, get: &dyn Fn(&Finding) -> Option<i64>| {
        Column::new(name.into(), findings.iter().map(get).collect::<Vec<Option<i64>>>())
    };
    DataFrame::new(
        findings.len(),
        vec![
            text("code", &|f| Some(f.code.to_owned())),
            text("severity", &|f| Some(f.severity.to_owned())),
            text("entity", &|f| Some(f.entity.clone())),
            text("record_key", &|f| f.record_key.clone()),
            text("field", &|f| f.field.clone()),
            number("landed", &|f| f.landed),
            text("sheet", &|f| f.sheet.clone()),
            number("row", &|f| f.row),
            number("part", &|f| f.part),
            text("cell", &|f| f.cell.clone()),
            text("column", &|f| f.column.clone()),
            text("value", &|f| f.value.clone()),
            text("expected", &|f| f.expected.clone()),
            text("hint", &|f| f.hint.clone()),
        ],
    )
}
