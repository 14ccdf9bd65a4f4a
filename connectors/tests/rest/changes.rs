//! A system that people work in while it is read: whatever they do at whichever moment, what two fetches bring is what the
//! system holds in the end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::{Value, json};
use vienkop_connectors::fetch::FetchError;

use crate::redmine::{Issue, Redmine, redmine};
use crate::server::Server;
use crate::support::Place;

#[derive(Debug, Clone)]
enum Change {
    Add,
    Remove(usize),
    Status(usize, u32),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Add),
        (0_usize..30).prop_map(Change::Remove),
        ((0_usize..30), 1_u32..4).prop_map(|(which, status)| Change::Status(which, status)),
    ]
}

impl Redmine {
    fn change(&self, change: &Change, pause: u32) {
        let mut second = self.second.lock().unwrap();
        *second += pause;
        let mut issues = self.issues.lock().unwrap();
        match change {
            Change::Add => {
                let id = issues.iter().map(|issue| issue.id).max().unwrap_or(0) + 1;
                issues.push(Issue::new(id, *second));
            }
            Change::Remove(which) if !issues.is_empty() => {
                let which = which % issues.len();
                issues.remove(which);
            }
            Change::Status(which, status) if !issues.is_empty() => {
                let which = which % issues.len();
                issues[which] = issues[which].clone().to(*second, *status);
            }
            Change::Remove(_) | Change::Status(..) => {}
        }
    }
}

/// What the registry would hold: the later state of each record.
fn load(held: &mut BTreeMap<String, Value>, records: Vec<Value>) {
    for record in records {
        held.insert(record["id"].to_string(), record);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    // Pages of one record cannot overlap: one record out and one in between two of them leaves no trace.
    #[test]
    fn nothing_is_lost_between_pages(
        count in 0_u32..24, clamp in 2_usize..7, sort in prop_oneof![Just("updated_on"), Just("id"), Just("newest")],
        changes in proptest::collection::btree_map(0_usize..40, (change(), 0_u32..400), 0..8),
    ) {
        let mut system = Redmine::new((1..=count).map(|id| Issue::new(id, id * 3 / 2)).collect(), clamp);
        Arc::get_mut(&mut system).unwrap().tells_time = true;
        let (shared, changes) = (Arc::clone(&system), Arc::new(Mutex::new(changes)));
        let pending = Arc::clone(&changes);
        let number = Mutex::new(0);
        let server = Server::start(move |asked| {
            let mut number = number.lock().unwrap();
            if let Some((change, pause)) = pending.lock().unwrap().remove(&*number) {
                shared.change(&change, pause);
            }
            *number += 1;
            shared.answer(asked)
        });
        let mut options = redmine(&server.url());
        options["request"]["query"]["sort"] = json!(sort);
        options["paging"]["overlap"] = json!(1);
        options["incremental"]["overlap"] = json!("0s");
        let (place, mut held) = (Place::new(), BTreeMap::new());
        let first = loop {
            match place.fetch(&options, None) {
                Ok(delivered) => break delivered,
                // Too busy to be read whole: nothing is loaded, and the next run tries again. One record in and one out
                // at every page looks like a server that passes over the offset.
                Err(FetchError::File(finding)) => prop_assert!(["N011", "N007"].contains(&finding.code), "{finding:?}"),
                Err(error) => panic!("{error:?}"),
            }
        };
        load(&mut held, first.records());
        // Whatever was to happen later has happened, and everybody has gone home.
        let rest = std::mem::take(&mut *changes.lock().unwrap());
        for (change, pause) in rest.values() {
            system.change(change, *pause);
        }
        let second = place.fetch(&options, first.fetching.cursor.as_deref()).unwrap();
        load(&mut held, second.records());
        for issue in system.issues.lock().unwrap().iter() {
            let record = held.get(&issue.id.to_string());
            prop_assert!(record.is_some(), "{} is lost", issue.id);
            let states = record.unwrap()["history"].as_array().unwrap().len();
            prop_assert_eq!(states, issue.journals.len() + 1, "{:?}", issue);
        }
    }
}
