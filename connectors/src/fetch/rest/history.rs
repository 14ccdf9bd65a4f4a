//! A record's own log of its states as a list of states, oldest first.
//!
//! Logs hold changes; the state that a record was made in stands in none of them: it is the one that the first change
//! leads away from, or the present one where there was no change.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use regex::Regex;
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::normalise::personal::mask;

use super::super::OptionError;
use super::lookups::{Only, Place};
use super::moment::Read;
use super::options::{Extract, HistoryOptions};
use super::tree::{Node, Path};

/// Id of the first state, which no log has an entry of; systems count theirs from 1.
const FIRST_ID: &str = "0";

/// How the log is read.
#[derive(Debug, Clone)]
pub(super) struct History {
    entries: Path,
    changes: Option<Path>,
    only: Only,
    from: Option<Value>,
    to: Value,
    at: Value,
    id: Option<Value>,
    actor: Option<Value>,
    created: Path,
    current: Option<Path>,
    moments: Read,
    /// Whether times are handed on in UTC.
    in_utc: bool,
}

/// A value of the log.
#[derive(Debug, Clone)]
struct Value {
    place: Place,
    part: Option<Regex>,
}

/// A change of state.
struct Change {
    id: Option<String>,
    at: Option<String>,
    moment: Option<Timestamp>,
    from: Option<String>,
    to: Option<String>,
    actor: Option<String>,
}

impl History {
    pub(super) fn new(options: &HistoryOptions) -> Result<Self, OptionError> {
        let fault = |option: &str, reason, value: &str| OptionError::new(&format!("history/{option}"), reason, value);
        let path = |option: &str, text: &str| Path::parse(text).ok_or_else(|| fault(option, "path", text));
        let value = |option: &str, extract: &Extract| {
            let (text, part) = match extract {
                Extract::Path(path) => (path, None),
                Extract::Part(part) => {
                    let regex = Regex::new(&part.extract).ok().filter(|regex| regex.captures_len() > 1);
                    (&part.path, Some(regex.ok_or_else(|| fault(option, "extract", &part.extract))?))
                }
            };
            Ok::<_, OptionError>(Value { place: Place::parse(text).ok_or_else(|| fault(option, "path", text))?, part })
        };
        Ok(Self {
            entries: path("entries", &options.entries)?,
            changes: options.changes.as_deref().map(|text| path("changes", text)).transpose()?,
            only: Only::new(&options.only, "history/where")?,
            from: options.from.as_ref().map(|extract| value("from", extract)).transpose()?,
            to: value("to", &options.to)?,
            at: value("at", &options.at)?,
            id: options.id.as_ref().map(|extract| value("id", extract)).transpose()?,
            actor: options.actor.as_ref().map(|extract| value("actor", extract)).transpose()?,
            created: path("created", &options.created)?,
            current: options.current.as_deref().map(|text| path("current", text)).transpose()?,
            moments: Read::new(options.format.as_deref(), options.zone.as_deref()).map_err(|(option, text)| {
                if option == "zone" { fault("zone", "time-zone", text) } else { fault("format", "time-format", text) }
            })?,
            in_utc: options.zone.is_some(),
        })
    }

    /// Adds the list `history` to a record; a finding where the log has gaps.
    pub(super) fn add(&self, record: &mut Node, key: &str, installation: &TimeZone) -> Option<Finding> {
        let changes = self.changes(record, installation);
        let current = self.current.as_ref().and_then(|path| record.find(path)).map(std::borrow::Cow::into_owned);
        let created = record.find(&self.created).map(|at| self.told(at.into_owned(), installation).0);
        let gap = self.gap(&changes, current.as_deref());
        let first = match changes.first() {
            Some(change) => change.from.clone(),
            None => current,
        };
        let mut states = Vec::with_capacity(changes.len() + 1);
        if first.is_some() {
            let id = self.id.is_some().then_some(FIRST_ID);
            states.push(state(id, created.as_deref(), first.as_deref(), None, None));
        }
        for change in &changes {
            let Change { id, at, from, to, actor, .. } = change;
            states.push(state(id.as_deref(), at.as_deref(), to.as_deref(), from.as_deref(), actor.as_deref()));
        }
        record.set("history", Node::Array(states));
        gap.map(|(value, expected)| Finding {
            record_key: Some(mask(key).into_owned()),
            value: Some(mask(&value).into_owned()),
            expected: Some(mask(&expected).into_owned()),
            ..Finding::of(&finding::HISTORY_GAPS)
        })
    }

    /// The changes of state, oldest first.
    fn changes(&self, record: &Node, installation: &TimeZone) -> Vec<Change> {
        let mut entries = Vec::new();
        record.each(&self.entries, &mut entries);
        let mut found = Vec::new();
        for entry in entries {
            let mut changes = Vec::new();
            match &self.changes {
                Some(path) => entry.each(path, &mut changes),
                None => changes.push(entry),
            }
            let wanted = changes.into_iter().filter(|change| self.only.holds(change, Some(entry)));
            for (index, change) in wanted.enumerate() {
                let text = |value: Option<&Value>| value.and_then(|value| value.of(change, entry));
                let (at, moment) = text(Some(&self.at)).map(|at| self.told(at, installation)).unzip();
                found.push(Change {
                    // Two changes of one entry are two events.
                    id: text(self.id.as_ref()).map(|id| if index == 0 { id } else { format!("{id}.{}", index + 1) }),
                    moment: moment.flatten(),
                    at,
                    from: text(self.from.as_ref()),
                    to: text(Some(&self.to)),
                    actor: text(self.actor.as_ref()),
                });
            }
        }
        // Some logs are told from the newest entry on. Within one moment the log's own order stands.
        if found.iter().all(|change| change.moment.is_some()) {
            if found.first().map(|change| change.moment) > found.last().map(|change| change.moment) {
                found.reverse();
            }
            found.sort_by_key(|change| change.moment);
        }
        found
    }

    /// A time of the log as it is handed on, and what moment it is.
    fn told(&self, at: String, installation: &TimeZone) -> (String, Option<Timestamp>) {
        match self.moments.read(&at, installation) {
            Some(moment) if self.in_utc => (moment.to_string(), Some(moment)),
            moment => (at, moment),
        }
    }

    /// What was found where something else was to be expected.
    fn gap(&self, changes: &[Change], current: Option<&str>) -> Option<(String, String)> {
        let told = |state: Option<&str>| state.unwrap_or("–").to_owned();
        if self.from.is_some() {
            for pair in changes.windows(2) {
                if pair[1].from != pair[0].to {
                    return Some((told(pair[1].from.as_deref()), told(pair[0].to.as_deref())));
                }
            }
        }
        let last = changes.last()?;
        let current = current?;
        (last.to.as_deref() != Some(current)).then(|| (current.to_owned(), told(last.to.as_deref())))
    }
}

impl Value {
    fn of(&self, change: &Node, entry: &Node) -> Option<String> {
        let text = self.place.text(change, Some(entry))?;
        match &self.part {
            None => Some(text),
            Some(part) => Some(part.captures(&text)?.get(1)?.as_str().to_owned()),
        }
    }
}

fn state(id: Option<&str>, at: Option<&str>, state: Option<&str>, from: Option<&str>, actor: Option<&str>) -> Node {
    let member = |name: &str, value: Option<&str>| (name.to_owned(), value.map_or_else(Node::null, Node::text_of));
    Node::Object(vec![
        member("id", id),
        member("at", at),
        member("state", state),
        member("from", from),
        member("actor", actor),
    ])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::{Value as Json, json};

    use super::*;

    fn history(options: Json, record: &Json) -> (Json, Option<(String, String)>) {
        let history = History::new(&serde_json::from_value(options).unwrap()).unwrap();
        let mut node = Node::parse(record.to_string().as_bytes(), 20).unwrap();
        let gap = history.add(&mut node, "17", &TimeZone::UTC);
        let record: Json = serde_json::from_slice(&node.bytes()).unwrap();
        let told = gap.map(|finding| (finding.value.unwrap(), finding.expected.unwrap()));
        (record["history"].clone(), told)
    }

    fn states(history: &Json) -> Vec<String> {
        let text = |state: &Json, name: &str| state[name].as_str().unwrap_or("–").to_owned();
        let told = |state: &Json| ["id", "at", "state", "from", "actor"].map(|name| text(state, name)).join(" ");
        history.as_array().unwrap().iter().map(told).collect()
    }

    fn redmine() -> Json {
        json!({
            "entries": "journals", "changes": "details", "where": {"name": "status_id"},
            "from": "old", "to": "new", "at": "^/created_on", "id": "^/id", "actor": "^/user/name",
            "created": "created_on", "current": "status/name",
        })
    }

    #[test]
    fn changes_below_entries() {
        let record = json!({
            "created_on": "2024-01-01T08:00:00Z", "status": {"name": "Closed"},
            "journals": [
                {"id": 7, "created_on": "2024-01-02T08:00:00Z", "user": {"name": "A"}, "details": [
                    {"name": "priority_id", "old": "1", "new": "2"}, {"name": "status_id", "old": "New", "new": "Open"},
                ]},
                {"id": 8, "created_on": "2024-01-02T09:00:00Z", "details": []},
                {"id": 9, "created_on": "2024-01-03T08:00:00Z", "details": [
                    {"name": "status_id", "old": "Open", "new": "Closed"},
                ]},
            ],
        });
        let (found, gap) = history(redmine(), &record);
        let expected = [
            "0 2024-01-01T08:00:00Z New – –",
            "7 2024-01-02T08:00:00Z Open New A",
            "9 2024-01-03T08:00:00Z Closed Open –",
        ];
        assert_eq!((states(&found).as_slice(), gap), (expected.map(str::to_owned).as_slice(), None));
        let mut newest_first = record;
        newest_first["journals"].as_array_mut().unwrap().reverse();
        assert_eq!(history(redmine(), &newest_first), (found, None));
    }

    #[test]
    fn a_record_never_changed_has_its_present_state() {
        let record = json!({"created_on": "2024-01-01", "status": {"name": "New"}, "journals": []});
        let (found, gap) = history(redmine(), &record);
        assert_eq!((states(&found), gap), (vec!["0 2024-01-01 New – –".to_owned()], None));
    }

    #[test]
    fn gaps_are_told() {
        let change = |day: u8, old: &str, new: &str| {
            json!({"id": day, "created_on": format!("2024-01-0{day}"),
                "details": [{"name": "status_id", "old": old, "new": new}]})
        };
        let record = |journals: Vec<Json>, current: &str| json!({"created_on": "2024-01-01", "status": {"name": current}, "journals": journals});
        let told = |record: Json| history(redmine(), &record).1;
        assert_eq!(told(record(vec![change(2, "New", "Open"), change(3, "Open", "Done")], "Done")), None);
        assert_eq!(
            told(record(vec![change(2, "New", "Open"), change(3, "Waiting", "Done")], "Done")),
            Some(("Waiting".to_owned(), "Open".to_owned()))
        );
        assert_eq!(told(record(vec![change(2, "New", "Open")], "Done")), Some(("Done".to_owned(), "Open".to_owned())));
    }

    #[test]
    fn states_in_a_text() {
        let options = json!({
            "entries": "History", "where": {"HistoryType": "StateUpdate"},
            "from": {"path": "Name", "extract": "^%%(.*?)%%"}, "to": {"path": "Name", "extract": "^%%.*?%%(.*?)%%"},
            "at": "CreateTime", "created": "Created", "current": "State",
        });
        let record = json!({"Created": "2024-01-01 08:00:00", "State": "closed successful", "History": [
            {"HistoryType": "NewTicket", "Name": "%%2024010110000017%%Raw%%3 normal%%new%%17", "CreateTime": "2024-01-01 08:00:00"},
            {"HistoryType": "StateUpdate", "Name": "%%new%%open%%", "CreateTime": "2024-01-01 08:00:01"},
            {"HistoryType": "StateUpdate", "Name": "%%open%%closed successful%%", "CreateTime": "2024-01-01 08:00:01"},
        ]});
        let (found, gap) = history(options, &record);
        let expected = [
            "– 2024-01-01 08:00:00 new – –",
            "– 2024-01-01 08:00:01 open new –",
            "– 2024-01-01 08:00:01 closed successful open –",
        ];
        assert_eq!((states(&found).as_slice(), gap), (expected.map(str::to_owned).as_slice(), None));
    }

    #[test]
    fn times_of_another_zone_are_handed_on_in_utc() {
        let mut options = redmine();
        options["zone"] = json!("Europe/Riga");
        let change = json!({"id": 7, "created_on": "2024-07-01 10:00:00", "details": [{"name": "status_id", "old": "New", "new": "Open"}]});
        let record =
            json!({"created_on": "2024-01-01T08:00:00+01:00", "status": {"name": "Open"}, "journals": [change]});
        let expected = ["0 2024-01-01T07:00:00Z New – –", "7 2024-07-01T07:00:00Z Open New –"];
        assert_eq!(states(&history(options, &record).0), expected);
    }

    #[test]
    fn options_are_checked() {
        let refused = |name: &str, value: Json| {
            let mut options = redmine();
            options[name] = value;
            let error = History::new(&serde_json::from_value(options).unwrap()).unwrap_err();
            (error.option, error.reason)
        };
        assert_eq!(refused("entries", json!("")), ("history/entries".to_owned(), "path"));
        assert_eq!(refused("to", json!({"path": "n", "extract": "("})), ("history/to".to_owned(), "extract"));
        assert_eq!(refused("to", json!({"path": "n", "extract": "a"})), ("history/to".to_owned(), "extract"));
        assert_eq!(refused("format", json!("%Q")), ("history/format".to_owned(), "time-format"));
        assert_eq!(refused("zone", json!("Mars/Base")), ("history/zone".to_owned(), "time-zone"));
    }
}
