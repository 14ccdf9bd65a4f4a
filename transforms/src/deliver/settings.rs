//! `[[record]]` of a target's file: how the records of an entity are sent.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How the current records of an entity are sent. In paths and in the body stand gaps that a record fills: `{name}` a
/// field, `{expected_time_value}` and `{expected_time_unit}` a length of time, `{uid}` the record's permanent id,
/// `{owner_reg_no.name}` a field of the record that a field refers to (`.uid`, `.register_id` too), `{register_id}` the id
/// that the other register gave it, `{idempotency_key}`, `{sequence}` the number of contents of it that were sent,
/// `{name|–}` what stands there without a value.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordSettings {
    /// The entity: `service`, `institution`. Entities are sent in such an order that what is referred to goes first.
    pub entity: String,
    /// Which of its records: field -> the values that count. One that no longer counts is removed like one that is gone.
    #[serde(default)]
    pub when: BTreeMap<String, Vec<String>>,
    /// The request that makes the record there what it is here, whether or not it was there: sent twice, it changes
    /// nothing the second time.
    pub send: Call,
    /// The request that makes a new record, where the register gives out ids of its own; `send` is for those that it
    /// has. Needs `find`, and `id` or a path of `send` that does without.
    #[serde(default)]
    pub create: Option<Call>,
    /// JSON Pointer to the register's id in its answer: `/id`.
    #[serde(default)]
    pub id: Option<String>,
    /// How the register is asked whether it has a record. Asked where a request to make it was sent and the answer was
    /// never received.
    #[serde(default)]
    pub find: Option<Find>,
    /// The request that takes away a record which the registry no longer holds; without it such records stay, and are
    /// told.
    #[serde(default)]
    pub remove: Option<Call>,
    /// Many records in one request of `send`.
    #[serde(default)]
    pub batch: Option<Batch>,
    /// Codes that the register has others for: field -> code here -> code there. All codes of the list have to be named.
    #[serde(default)]
    pub codes: BTreeMap<String, BTreeMap<String, String>>,
    /// What a member is without a value.
    #[serde(default)]
    pub empty: Empty,
    /// The body: tables, lists and texts with gaps. A text that is nothing but a gap keeps the type of what fills it
    /// (number, yes or no, list of texts). `{ each = "steps", item = { … } }` is a list with an item for each step, whose
    /// gaps are the fields of steps, and `{ordinal}`.
    pub body: Map<String, Value>,
}

/// A request: method and path.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Method.
    pub method: Method,
    /// Path, joined to the server's `url`; parameters may follow after `?`: `services/{uid}?source=vienkop`.
    pub path: String,
}

/// Methods that write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE: without a body.
    Delete,
}

impl Method {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// How the register is asked whether it has a record: by GET.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// Path: `services?external_id={uid}`.
    pub path: String,
    /// JSON Pointer to the register's id in the answer: `/items/0/id`. Where nothing is there, or the answer is 404, the
    /// register does not have the record.
    pub id: String,
    /// JSON Pointer to the `uid` that the record was sent with: `/items/0/externalId`. An answer about another record (from
    /// a register that does not know the parameter, say) is none.
    pub uid: String,
}

/// Many records in one request.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Records of one request, at most.
    #[schemars(range(min = 2, max = 1000))]
    pub size: u32,
    /// The member of the request that holds the list of bodies; without it the request is the list.
    #[serde(default)]
    pub member: Option<String>,
    /// Where the answer says what became of each record. Without it the status of the answer goes for all, and a batch that
    /// is refused is sent again in halves until the record is found that is to blame.
    #[serde(default)]
    pub results: Option<Results>,
}

/// Where an answer says what became of each record of a batch.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// JSON Pointer to the list; empty where the answer is the list.
    pub at: String,
    /// JSON Pointer within an item to the `uid` that was sent; without it the items stand in the order of the records.
    #[serde(default)]
    pub uid: Option<String>,
    /// JSON Pointer within an item to what became of the record.
    pub status: String,
    /// What it says of a record that was accepted; by default an HTTP status from 200 to 299.
    #[serde(default)]
    pub accepted: Vec<String>,
    /// JSON Pointer within an item to the register's words.
    #[serde(default)]
    pub message: Option<String>,
}

/// What a member is without a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Empty {
    /// Left out.
    #[default]
    Omit,
    /// `null`.
    Null,
}
