//! Options of `[fetch]` with `kind = "rest"`, as they are written. What they mean is worked out in `plan.rs`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::net::Server;

/// Options of `[fetch]` with `kind = "rest"`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RestOptions {
    /// Folder of recorded answers that stand in for the server, relative to the folder that holds `config/`.
    #[serde(default)]
    pub(super) recorded: Option<String>,
    /// Members of the answers that identify persons, as paths (`author/name`; arrays are passed through; a path is met
    /// wherever it stands, with everything below it): `vienkop run --record` writes pseudonyms in their place. Without it
    /// nothing is recorded.
    #[serde(default)]
    pub(super) personal: Option<Vec<String>>,
    /// The server and how it is spoken to.
    pub(super) server: Server,
    /// Path of a question that only those are answered whom the server knows (`users/current.json`); asked first. Some
    /// servers take a key that is no longer good for none, and show what is public.
    #[serde(default)]
    pub(super) account: Option<String>,
    /// The list of records.
    pub(super) request: ListOptions,
    /// How the system tells failures with status 200.
    #[serde(default)]
    pub(super) errors: Option<ErrorOptions>,
    /// How the list goes on; by default it comes in one answer.
    #[serde(default)]
    pub(super) paging: Option<Paging>,
    /// The list is asked for in windows of change time.
    #[serde(default)]
    pub(super) windows: Option<WindowOptions>,
    /// Only what has changed since the last delivery is asked for.
    #[serde(default)]
    pub(super) incremental: Option<IncrementalOptions>,
    /// The list gives ids only; the records themselves are asked for in batches.
    #[serde(default)]
    pub(super) detail: Option<DetailOptions>,
    /// Further requests for each record.
    #[serde(default)]
    pub(super) children: Vec<ChildOptions>,
    /// Lists that ids are looked up in.
    #[serde(default)]
    pub(super) lookups: Vec<LookupOptions>,
    /// Values out of lists of named ones (custom fields), each as a member of the record.
    #[serde(default)]
    pub(super) pick: Vec<PickOptions>,
    /// Paths below the record to what is not to land: names and texts of people (`description`, `journals/notes`). Taken
    /// away last, when values have been picked and the history is there.
    #[serde(default)]
    pub(super) drop: Vec<String>,
    /// The record's own log of its states, added as the list `history`.
    #[serde(default)]
    pub(super) history: Option<HistoryOptions>,
}

/// What a request is, wherever one is declared. Texts may have gaps: `{since}`, `{until}`, `{offset}`, `{page}`,
/// `{cursor}`, `{limit}` in the list, `{ids}` in the batches of `detail`, `{id}` and paths below the record in
/// `children`; `{since|1970-01-01}` says what stands there where there is no value.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestOptions {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: BTreeMap<String, Value>,
    pub(super) body: Option<Value>,
}

/// The list of records.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListOptions {
    /// `GET`, or `POST` for a search that has a body.
    #[serde(default = "get")]
    pub(super) method: String,
    /// Path, joined to the server's address.
    pub(super) path: String,
    /// Parameters of the address; a list repeats the parameter.
    #[serde(default)]
    pub(super) query: BTreeMap<String, Value>,
    /// JSON body of a `POST`.
    #[serde(default)]
    pub(super) body: Option<Value>,
    /// JSON Pointer to the array of records in the answer: `/issues`; "" is the whole answer. An answer without it has
    /// to be empty (`{}`).
    #[serde(default)]
    pub(super) records: String,
    /// Path below the record to what tells it from the others. A record met twice in one fetch is taken once, unless
    /// it has changed. Where the list gives ids only, the record is the id.
    #[serde(default)]
    pub(super) id: Option<String>,
}

fn get() -> String {
    "GET".to_owned()
}

/// How the system tells failures with status 200.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorOptions {
    /// JSON Pointer to the code; where it leads somewhere, the answer is a failure: `/Error/ErrorCode`.
    pub(super) pointer: String,
    /// JSON Pointer to the message for people.
    #[serde(default)]
    pub(super) message: Option<String>,
    /// Codes that mean that the login is no longer good: it is made anew, once.
    #[serde(default)]
    pub(super) login: Vec<String>,
    /// Codes that mean that a record is no longer there.
    #[serde(default)]
    pub(super) gone: Vec<String>,
}

/// Where a parameter is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Place {
    /// Among the parameters of the address.
    #[default]
    Query,
    /// As a member of the JSON body.
    Body,
}

/// How a list goes on. The end is an empty page or a missing link, never a short page: servers give fewer records
/// than asked for without a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Paging {
    /// By the number of records to pass over.
    Offset {
        /// Parameter with the number of records to pass over.
        #[serde(default = "offset")]
        offset: String,
        /// Parameter with the size of a page; "" for none.
        #[serde(default = "limit")]
        limit: String,
        /// Size of a page that is asked for.
        #[serde(default = "size")]
        #[schemars(range(min = 1))]
        size: u64,
        /// JSON Pointer to the number of all records.
        #[serde(default)]
        total: Option<String>,
        /// Records of the page before that are asked for again: where they are others, or say something else, the list
        /// has moved meanwhile, and it is walked again for what slipped through. Records need an `id`.
        #[serde(default)]
        overlap: u64,
        /// Where both parameters are sent.
        #[serde(default, rename = "in")]
        place: Place,
        /// Pages of one list, at most.
        #[serde(default = "pages")]
        #[schemars(range(min = 1))]
        pages: u64,
    },
    /// By the number of the page.
    Page {
        /// Parameter with the number of the page.
        #[serde(default = "page")]
        page: String,
        /// Number of the first page.
        #[serde(default = "one")]
        first: u64,
        /// Parameter with the size of a page; "" for none.
        #[serde(default = "limit")]
        limit: String,
        /// Size of a page that is asked for.
        #[serde(default = "size")]
        #[schemars(range(min = 1))]
        size: u64,
        /// JSON Pointer to the number of all records.
        #[serde(default)]
        total: Option<String>,
        /// Where both parameters are sent.
        #[serde(default, rename = "in")]
        place: Place,
        /// Pages of one list, at most.
        #[serde(default = "pages")]
        #[schemars(range(min = 1))]
        pages: u64,
    },
    /// By a text from the answer before.
    Cursor {
        /// JSON Pointer to the text: `/nextPageToken`; the list ends where there is none.
        pointer: String,
        /// Parameter that it is sent in.
        parameter: String,
        /// Where it is sent.
        #[serde(default, rename = "in")]
        place: Place,
        /// Pages of one list, at most.
        #[serde(default = "pages")]
        #[schemars(range(min = 1))]
        pages: u64,
    },
    /// By the address of the next page in the answer.
    Next {
        /// JSON Pointer to the address: `/links/next`; the list ends where there is none.
        pointer: String,
        /// Pages of one list, at most.
        #[serde(default = "pages")]
        #[schemars(range(min = 1))]
        pages: u64,
    },
    /// By the header `Link` with `rel="next"` (RFC 8288).
    Link {
        /// Pages of one list, at most.
        #[serde(default = "pages")]
        #[schemars(range(min = 1))]
        pages: u64,
    },
    /// By `@odata.nextLink` (OData 4), `odata.nextLink` (OData 3) or `/d/__next` (OData 2). Where there is none though
    /// more were promised (`@odata.count`, asked for by `$count=true`), by `$skip`.
    Odata {
        /// Pages of one list, at most.
        #[serde(default = "pages")]
        #[schemars(range(min = 1))]
        pages: u64,
    },
}

fn offset() -> String {
    "offset".to_owned()
}

fn limit() -> String {
    "limit".to_owned()
}

fn page() -> String {
    "page".to_owned()
}

const fn size() -> u64 {
    100
}

const fn one() -> u64 {
    1
}

const fn pages() -> u64 {
    100_000
}

/// The list is asked for in windows of change time: `{since}` and `{until}`, or the parameters `from` and `to`. Next to
/// each other windows share their limit; a window that comes back full is halved. The first one begins at the cursor
/// (or `first`), the last one has no end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowOptions {
    /// Parameter with the beginning of the window.
    #[serde(default)]
    pub(super) from: Option<String>,
    /// Parameter with its end.
    #[serde(default)]
    pub(super) to: Option<String>,
    /// Where both are sent.
    #[serde(default, rename = "in")]
    pub(super) place: Place,
    /// How moments are written (strftime): `%Y-%m-%d %H:%M:%S`; by default `%Y-%m-%dT%H:%M:%SZ`.
    #[serde(default)]
    pub(super) format: Option<String>,
    /// Time zone of these moments; by default that of the installation, without `format` UTC.
    #[serde(default)]
    pub(super) zone: Option<String>,
    /// Length of a window: `30d`; by default there is one window until it comes back full.
    #[serde(default)]
    pub(super) step: Option<String>,
    /// How much earlier than the end of the window before each one begins, for servers that leave out both limits.
    #[serde(default)]
    pub(super) overlap: Option<String>,
    /// How many records the server gives at most; a window with as many is full.
    #[schemars(range(min = 2))]
    pub(super) most: u64,
}

/// Only what has changed since the last delivery is asked for. The cursor is the greatest change time seen in the
/// records, never later than what the server called the time when the fetch began, and never the clock of this
/// machine.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IncrementalOptions {
    /// Parameter that asks for what has changed; none where `{since}` stands in the request itself.
    #[serde(default)]
    pub(super) parameter: Option<String>,
    /// Its value: `>={since}`.
    #[serde(default = "since")]
    pub(super) value: String,
    /// Where it is sent.
    #[serde(default, rename = "in")]
    pub(super) place: Place,
    /// How `{since}` is written (strftime); by default `%Y-%m-%dT%H:%M:%SZ`.
    #[serde(default)]
    pub(super) format: Option<String>,
    /// Time zone of `{since}` and of change times that name none; by default that of the installation, for `{since}`
    /// without `format` UTC.
    #[serde(default)]
    pub(super) zone: Option<String>,
    /// Path below the record to its change time.
    pub(super) field: String,
    /// How the change time is written (strftime), where it is not one of the forms that vienkop knows.
    #[serde(default)]
    pub(super) field_format: Option<String>,
    /// How much earlier than the cursor is asked for: what was being saved while the last fetch ran.
    #[serde(default = "overlap")]
    pub(super) overlap: String,
    /// Where the first fetch begins (`2020-01-01`, or a moment); by default it asks for everything, and parameters with
    /// `{since}` are left out.
    #[serde(default)]
    pub(super) first: Option<String>,
}

fn since() -> String {
    "{since}".to_owned()
}

fn overlap() -> String {
    "2min".to_owned()
}

/// The records of a list that gives ids only.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DetailOptions {
    /// `GET` or `POST`.
    #[serde(default = "get")]
    pub(super) method: String,
    /// Path, joined to the server's address.
    pub(super) path: String,
    /// Parameters of the address.
    #[serde(default)]
    pub(super) query: BTreeMap<String, Value>,
    /// JSON body of a `POST`; a text that is nothing but `{ids}` becomes an array unless `join` says otherwise.
    #[serde(default)]
    pub(super) body: Option<Value>,
    /// JSON Pointer to the array of records in the answer.
    pub(super) records: String,
    /// Path below the record to its id.
    pub(super) id: String,
    /// Ids of one request, at most.
    #[serde(default = "batch")]
    #[schemars(range(min = 1, max = 10_000))]
    pub(super) batch: usize,
    /// What joins the ids to one text: `,`.
    #[serde(default)]
    pub(super) join: Option<String>,
}

const fn batch() -> usize {
    50
}

/// A further request for each record.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChildOptions {
    /// Member of the record that the answer becomes.
    pub(super) name: String,
    /// `GET` or `POST`.
    #[serde(default = "get")]
    pub(super) method: String,
    /// Path with gaps: `issues/{id}.json`; a record that lacks what the gap names has no such children.
    pub(super) path: String,
    /// Parameters of the address.
    #[serde(default)]
    pub(super) query: BTreeMap<String, Value>,
    /// JSON body of a `POST`.
    #[serde(default)]
    pub(super) body: Option<Value>,
    /// JSON Pointer to the array (or the object) in the answer; "" is the whole answer.
    #[serde(default)]
    pub(super) records: String,
    /// How the list of children goes on.
    #[serde(default)]
    pub(super) paging: Option<Paging>,
}

/// A list that ids are looked up in, asked for once a fetch.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LookupOptions {
    /// What people call it.
    pub(super) name: String,
    /// `GET` or `POST`.
    #[serde(default = "get")]
    pub(super) method: String,
    /// Path, joined to the server's address.
    pub(super) path: String,
    /// Parameters of the address.
    #[serde(default)]
    pub(super) query: BTreeMap<String, Value>,
    /// JSON body of a `POST`.
    #[serde(default)]
    pub(super) body: Option<Value>,
    /// JSON Pointer to the array in the answer.
    #[serde(default)]
    pub(super) records: String,
    /// How the list goes on.
    #[serde(default)]
    pub(super) paging: Option<Paging>,
    /// Path to the id.
    #[serde(default = "id")]
    pub(super) key: String,
    /// Path to what stands for it.
    #[serde(default = "name")]
    pub(super) value: String,
    /// Where in the records ids are looked up.
    pub(super) apply: Vec<ApplyOptions>,
}

fn id() -> String {
    "id".to_owned()
}

fn name() -> String {
    "name".to_owned()
}

/// A place in the records where ids are looked up.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplyOptions {
    /// Path below the record to the id: `journals/details/new_value`.
    pub(super) path: String,
    /// Only where the members beside it have these values: `{ name = "status_id" }`.
    #[serde(default, rename = "where")]
    pub(super) only: BTreeMap<String, Value>,
    /// Member beside it that what was found is written to.
    #[serde(rename = "as")]
    pub(super) member: String,
}

/// A value out of a list of named ones: `{ list = "custom_fields", where = { name = "Pakalpojums" }, as = "pakalpojums" }`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PickOptions {
    /// Path below the record to the list: `custom_fields`.
    pub(super) list: String,
    /// Which entry: the first whose members have these values.
    #[serde(default, rename = "where")]
    pub(super) only: BTreeMap<String, Value>,
    /// Path below the entry to the value.
    #[serde(default = "value")]
    pub(super) value: String,
    /// Member of the record that it becomes.
    #[serde(rename = "as")]
    pub(super) member: String,
}

fn value() -> String {
    "value".to_owned()
}

/// The record's own log of its states, added to the record as the list `history` with `id`, `at`, `state`, `from` and
/// `actor`, oldest first, with the first state, which logs leave out. Paths lead from the change; a path that begins
/// with `^/` leads from its entry.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryOptions {
    /// Path below the record to the entries of the log: `journals`.
    pub(super) entries: String,
    /// Path below the entry to its changes: `details`; by default the entry is the change.
    #[serde(default)]
    pub(super) changes: Option<String>,
    /// Only changes with these values: `{ name = "status_id" }`.
    #[serde(default, rename = "where")]
    pub(super) only: BTreeMap<String, Value>,
    /// The state before.
    #[serde(default)]
    pub(super) from: Option<Extract>,
    /// The state after.
    pub(super) to: Extract,
    /// When.
    pub(super) at: Extract,
    /// What tells the entry from the others.
    #[serde(default)]
    pub(super) id: Option<Extract>,
    /// Who.
    #[serde(default)]
    pub(super) actor: Option<Extract>,
    /// Path below the record to the time that it was made at.
    pub(super) created: String,
    /// Path below the record to its present state.
    #[serde(default)]
    pub(super) current: Option<String>,
    /// How times of the log are written (strftime), where it is not one of the forms that vienkop knows.
    #[serde(default)]
    pub(super) format: Option<String>,
    /// Time zone of times that name none (`UTC`); they are handed on in UTC then. By default they stay as they are, and
    /// count as those of the installation.
    #[serde(default)]
    pub(super) zone: Option<String>,
}

/// A value: where it is and, where it is part of a text, which part.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Extract {
    /// The whole value of a path.
    Path(String),
    /// A part of it.
    Part(ExtractPart),
}

/// A part of a text.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExtractPart {
    /// Path to the text.
    pub(super) path: String,
    /// Regular expression; its first group is the value: `^%%(.*?)%%`.
    pub(super) extract: String,
}

/// The request of a table of options.
macro_rules! requests {
    ($($options:ty),*) => {
        $(impl From<&$options> for RequestOptions {
            fn from(options: &$options) -> Self {
                Self {
                    method: options.method.clone(),
                    path: options.path.clone(),
                    query: options.query.clone(),
                    body: options.body.clone(),
                }
            }
        })*
    };
}

requests!(ListOptions, DetailOptions, ChildOptions, LookupOptions);
