//! Recorded conversations: a folder that stands in for a server.
//!
//! One exchange is a file `<name>.toml` (see [`Exchange`]) and, where the answer has a body, a file beside it, named by
//! `file`. Names are free: the exchanges of one request answer in the order of their names, and the last of them again
//! and again. Everything is plain text, to be made, read and mended by hand.

mod player;
mod recorder;

use serde::{Deserialize, Serialize};

pub(super) use self::player::{Played, Player};
pub use self::recorder::Recorder;
use super::message::Headers;

/// One request and its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    /// `GET` unless said.
    #[serde(default = "get", skip_serializing_if = "is_get")]
    method: String,
    /// Path and parameters below the server's base address (`issues.json?limit=100`), or a whole address. The order of
    /// parameters does not matter, and none of them is a secret.
    path: String,
    /// Body of the request, JSON or any text; where it is left out, any body is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// Parameters and members of the request's JSON body that may have any value: the time of asking, say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    any: Vec<String>,
    /// Status of the answer; 200 unless said.
    #[serde(default = "ok", skip_serializing_if = "is_ok")]
    status: u16,
    /// File with the body of the answer, beside this one; none: no body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// Headers of the answer that matter.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    headers: toml::Table,
}

fn get() -> String {
    "GET".to_owned()
}

fn is_get(method: &str) -> bool {
    method == "GET"
}

const fn ok() -> u16 {
    200
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_ok(status: &u16) -> bool {
    *status == 200
}

impl Exchange {
    fn headers(&self) -> Headers {
        let text = |value: &toml::Value| match value {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Headers(self.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect())
    }
}

#[cfg(test)]
mod tests;
