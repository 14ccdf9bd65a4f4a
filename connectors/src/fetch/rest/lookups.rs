//! Lists that ids are looked up in: `status_id` 5 is "Closed".

use std::collections::{BTreeMap, BTreeSet, HashMap};

use vienkop_transforms::finding::{self, Finding};

use super::super::OptionError;
use super::options::ApplyOptions;
use super::tree::{Node, Path};

/// A place in the records where ids are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Apply {
    /// Path to the objects that hold the id.
    objects: Vec<String>,
    /// Member with the id.
    id: String,
    only: Only,
    member: String,
}

impl Apply {
    pub(super) fn new(options: &ApplyOptions, at: &str) -> Result<Self, OptionError> {
        let fault = |option: &str, value: &str| OptionError::new(&format!("{at}/{option}"), "path", value);
        let Path(mut objects) = Path::parse(&options.path).ok_or_else(|| fault("path", &options.path))?;
        let id = objects.pop().unwrap_or_default();
        if options.member.is_empty() {
            return Err(OptionError::new(&format!("{at}/as"), "empty", ""));
        }
        Ok(Self {
            objects,
            id,
            only: Only::new(&options.only, &format!("{at}/where"))?,
            member: options.member.clone(),
        })
    }

    /// Writes what the ids stand for beside them. An id that the list lacks stands for itself; it is returned.
    pub(super) fn apply(&self, record: &mut Node, list: &HashMap<String, String>) -> BTreeSet<String> {
        let mut lacking = BTreeSet::new();
        record.each_object(&self.objects, &mut |object| {
            if !self.only.holds(object, None) {
                return;
            }
            let Some(id) = object.member(&self.id).and_then(Node::text).filter(|id| !id.is_empty()) else { return };
            let found = list.get(&*id).cloned().unwrap_or_else(|| {
                lacking.insert(id.to_string());
                id.into_owned()
            });
            object.set(&self.member, Node::text_of(&found));
        });
        lacking
    }
}

/// N017, for an id that a list lacks.
pub(super) fn lacking(list: &str, id: &str) -> Finding {
    Finding { field: Some(list.to_owned()), value: Some(id.to_owned()), ..Finding::of(&finding::LOOKUP_LACKS) }
}

/// Conditions on the members of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Only(Vec<(Place, String)>);

impl Only {
    pub(super) fn new(options: &BTreeMap<String, serde_json::Value>, at: &str) -> Result<Self, OptionError> {
        let conditions = options.iter().map(|(path, value)| {
            let place = Place::parse(path).ok_or_else(|| OptionError::new(at, "path", path))?;
            let text = match value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            Ok((place, text))
        });
        conditions.collect::<Result<_, _>>().map(Self)
    }

    /// Whether all of them hold.
    pub(super) fn holds(&self, object: &Node, entry: Option<&Node>) -> bool {
        self.0.iter().all(|(place, text)| place.text(object, entry).is_some_and(|found| found == *text))
    }
}

/// A path below an object, or, where it begins with `^/`, below the entry that the object is part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    path: Path,
    of_entry: bool,
}

impl Place {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("^/") {
            Some(path) => Some(Self { path: Path::parse(path)?, of_entry: true }),
            None => Some(Self { path: Path::parse(text)?, of_entry: false }),
        }
    }

    pub(super) fn text(&self, object: &Node, entry: Option<&Node>) -> Option<String> {
        let node = if self.of_entry { entry? } else { object };
        node.find(&self.path).map(std::borrow::Cow::into_owned)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_looked_up_where_declared() {
        let options: ApplyOptions = serde_json::from_value(json!({
            "path": "journals/details/new", "where": {"name": "status_id"}, "as": "new_name",
        }))
        .unwrap();
        let apply = Apply::new(&options, "lookups").unwrap();
        let text = r#"{"journals":[{"details":[{"name":"status_id","new":"5"},{"name":"status_id","new":9},{"name":"other","new":"5"},{"name":"status_id","new":null}]}]}"#;
        let mut record = Node::parse(text.as_bytes(), 9).unwrap();
        let list = HashMap::from([("5".to_owned(), "Pabeigts".to_owned())]);
        assert_eq!(apply.apply(&mut record, &list), BTreeSet::from(["9".to_owned()]));
        let expected = r#"{"journals":[{"details":[{"name":"status_id","new":"5","new_name":"Pabeigts"},{"name":"status_id","new":9,"new_name":"9"},{"name":"other","new":"5"},{"name":"status_id","new":null}]}]}"#;
        assert_eq!(String::from_utf8(record.bytes()).unwrap(), expected);
        let mut flat = Node::parse(br#"{"status_id":5}"#, 9).unwrap();
        let options: ApplyOptions = serde_json::from_value(json!({"path": "status_id", "as": "status"})).unwrap();
        Apply::new(&options, "lookups").unwrap().apply(&mut flat, &list);
        assert_eq!(flat.bytes(), br#"{"status_id":5,"status":"Pabeigts"}"#);
    }
}
