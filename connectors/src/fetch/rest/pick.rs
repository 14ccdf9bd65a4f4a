//! Values out of lists of named ones: `custom_fields: [{ name: "Pakalpojums", value: "0010" }]` -> `pakalpojums: "0010"`.

use super::super::OptionError;
use super::lookups::Only;
use super::options::PickOptions;
use super::tree::{Node, Path};

/// A value that becomes a member of its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pick {
    list: Path,
    only: Only,
    value: Path,
    member: String,
}

impl Pick {
    pub(super) fn new(options: &PickOptions) -> Result<Self, OptionError> {
        let path = |option: &str, text: &str| {
            Path::parse(text).ok_or_else(|| OptionError::new(&format!("pick/{option}"), "path", text))
        };
        if options.member.is_empty() {
            return Err(OptionError::new("pick/as", "empty", ""));
        }
        Ok(Self {
            list: path("list", &options.list)?,
            only: Only::new(&options.only, "pick/where")?,
            value: path("value", &options.value)?,
            member: options.member.clone(),
        })
    }

    /// Sets the member; of several entries that fit, the first counts. Where there is none, neither is the member: it
    /// is absent, not empty.
    pub(super) fn apply(&self, record: &mut Node) {
        let mut entries = Vec::new();
        record.each(&self.list, &mut entries);
        let fits = entries.into_iter().find(|entry| self.only.holds(entry, None));
        let found = fits.and_then(|entry| self.value.0.iter().try_fold(entry, |node, step| node.member(step)).cloned());
        if let Some(found) = found {
            record.set(&self.member, found);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::{Value, json};

    use super::*;

    fn picked(options: Value, record: &Value) -> Value {
        let pick = Pick::new(&serde_json::from_value(options).unwrap()).unwrap();
        let mut node = Node::parse(record.to_string().as_bytes(), 9).unwrap();
        pick.apply(&mut node);
        serde_json::from_slice::<Value>(&node.bytes()).unwrap()["p"].clone()
    }

    #[test]
    fn the_first_that_fits_becomes_a_member() {
        let record = json!({
            "id": 1, "fields": [
                { "id": 3, "name": "Kanāls", "value": "pasts" },
                { "id": 4, "name": "Pakalpojums", "value": { "code": "0010" } },
                { "id": 5, "name": "Vairāki", "value": ["a", "b"] },
                { "id": 6, "name": "Tukšs", "value": null },
                { "id": 3, "value": "tālrunis" },
            ],
        });
        let of = |only: Value, value: &str| {
            picked(json!({ "list": "fields", "where": only, "value": value, "as": "p" }), &record)
        };
        assert_eq!(of(json!({ "id": 3 }), "value"), "pasts");
        assert_eq!(of(json!({ "name": "Pakalpojums" }), "value/code"), "0010");
        assert_eq!(of(json!({ "name": "Vairāki" }), "value"), json!(["a", "b"]));
        assert_eq!(of(json!({ "name": "Nav" }), "value"), Value::Null);
        assert_eq!(picked(json!({ "list": "nav", "where": {}, "as": "p" }), &record), Value::Null);
    }

    #[test]
    fn options_are_checked() {
        let refused = |options: Value| {
            let error = Pick::new(&serde_json::from_value(options).unwrap()).unwrap_err();
            (error.option, error.reason)
        };
        assert_eq!(refused(json!({ "list": "", "as": "p" })), ("pick/list".to_owned(), "path"));
        assert_eq!(refused(json!({ "list": "a", "value": "/b", "as": "p" })), ("pick/value".to_owned(), "path"));
        assert_eq!(refused(json!({ "list": "a", "as": "" })), ("pick/as".to_owned(), "empty"));
    }
}
