//! Records taken away: those that the registry no longer holds, and those that stand where they no longer belong.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use vienkop_connectors::deliver::{Said, Sending};
use vienkop_connectors::fetch::FetchError;
use vienkop_connectors::registry::DeliveredRecord;
use vienkop_transforms::deliver::{Fill, Held, Method, Plan, Removal, Requests, Template};
use vienkop_transforms::digest::sha256;
use vienkop_transforms::finding::Finding;

use super::courier::{Courier, Ended, KEY_HASH};
use super::line::ends;
use super::outcome::Record;

impl Courier<'_> {
    /// Takes away what the registry no longer holds, and what stands under an address that it no longer has.
    pub(super) async fn away(
        &mut self,
        at: usize,
        requests: &Requests<'_>,
        plan: &Plan,
    ) -> anyhow::Result<Option<Ended>> {
        let fresh = self.moved.iter().filter(|(of, _)| *of == at).map(|(_, removal)| removal.clone());
        let moved: Vec<Removal> = fresh.chain(plan.moved.iter().cloned()).collect();
        if plan.removals.is_empty() && moved.is_empty() {
            return Ok(None);
        }
        let taken = self.places(requests);
        for removal in moved {
            if let Some(ended) = self.move_away(requests, removal, &taken).await? {
                return Ok(Some(ended));
            }
        }
        for removal in &plan.removals {
            if let Some(ended) = self.remove(at, requests, removal, &taken).await? {
                return Ok(Some(ended));
            }
        }
        Ok(None)
    }

    /// Addresses at which records stand that the registry holds: nothing is taken away from these.
    fn places(&self, requests: &Requests<'_>) -> BTreeSet<String> {
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let places = (0..requests.len()).filter_map(|row| {
            let id = self.id_of(requests.entity(), requests.uid(row));
            requests.remove_path(row, Fill { key: "", sequence: 0, id: id.as_deref(), id_of: &id_of })
        });
        places.collect()
    }

    /// Takes a record away from addresses that it no longer has.
    async fn move_away(
        &mut self,
        requests: &Requests<'_>,
        removal: Removal,
        taken: &BTreeSet<String>,
    ) -> anyhow::Result<Option<Ended>> {
        let Removal { uid, mut held } = removal;
        let Some(method) = requests.template().settings.remove.as_ref().map(|call| call.method) else {
            return Ok(None);
        };
        let former = held.former.take().unwrap_or_default();
        let mut left = Vec::new();
        let mut last = None;
        for path in former.lines() {
            if taken.contains(path) {
                continue;
            }
            if self.stopping() {
                left.push(path.to_owned());
                continue;
            }
            let key = format!("{uid}-moved-{}-{}", held.sequence, &sha256(path)[..KEY_HASH]);
            let (gone, finding, fault) = self.take_away(&removing(method, path.to_owned(), key)).await?;
            if !gone {
                left.push(path.to_owned());
            }
            if let (Some(finding), Some(row)) = (finding, requests.row_of(&uid)) {
                self.delivery.tell(self.session, requests, row, finding);
            }
            last = fault.or(last);
        }
        held.former = Some(left.join("\n")).filter(|left| !left.is_empty());
        let note = DeliveredRecord { entity: requests.entity().to_owned(), uid, held, ..Default::default() };
        self.delivering.remember(std::slice::from_ref(&note)).await?;
        Ok(self.ended(last))
    }

    /// Sends a request that takes something away: whether it is gone, what is to be told of it, and a fault.
    async fn take_away(&self, sending: &Sending) -> anyhow::Result<(bool, Option<Finding>, Option<Finding>)> {
        Ok(match self.register.send(sending).await {
            Ok(Said::Accepted(..) | Said::Absent(_)) => {
                self.line.took();
                (true, None, None)
            }
            Ok(Said::Refused(refusal)) => {
                self.line.failures.store(0, Ordering::Relaxed);
                (false, Some(self.refused(&refusal)), None)
            }
            Err(FetchError::File(fault)) => {
                self.line.fails(ends(&fault));
                (false, Some(self.unknown(&fault)), Some(*fault))
            }
            Err(FetchError::Cancelled) => (false, None, None),
            Err(FetchError::Io(error)) => return Err(error.into()),
        })
    }

    fn stopping(&self) -> bool {
        self.line.stops() || self.cancel.load(Ordering::Relaxed)
    }

    /// Takes away a record that the registry no longer holds.
    async fn remove(
        &mut self,
        at: usize,
        requests: &Requests<'_>,
        removal: &Removal,
        taken: &BTreeSet<String>,
    ) -> anyhow::Result<Option<Ended>> {
        let template = requests.template();
        let Some(method) = template.settings.remove.as_ref().map(|call| call.method) else { return Ok(None) };
        if !can_remove(template, removal) {
            return Ok(None);
        }
        if self.cancel.load(Ordering::Relaxed) {
            return Ok(Some(Ended::All(FetchError::Cancelled)));
        }
        let Removal { uid, held: before } = removal;
        let path = match (known_path(template, removal), template.question(uid)) {
            (Some(path), _) => Some(path),
            // It was sent, and what id it got was never heard.
            (None, Some(question)) => match self.found(template, question, uid).await {
                Ok(Ok(found)) => found.and_then(|id| template.removal(uid, Some(&id))),
                Ok(Err(refusal)) => {
                    let finding = self.refused(&refusal);
                    self.delivery.tell_of(self.session, requests.entity(), Record::gone(uid, removal), finding);
                    self.delivery.entities[at].refused += 1;
                    return Ok(None);
                }
                Err(FetchError::File(fault)) => {
                    self.line.fails(ends(&fault));
                    let finding = self.unknown(&fault);
                    self.delivery.tell_of(self.session, requests.entity(), Record::gone(uid, removal), finding);
                    return Ok(self.ended(Some(*fault)));
                }
                Err(FetchError::Cancelled) => return Ok(Some(Ended::All(FetchError::Cancelled))),
                Err(FetchError::Io(error)) => return Err(error.into()),
            },
            (None, None) => None,
        };
        // The same number only where nobody knows what became of the same removal.
        let again = before.state.as_deref() == Some("removing");
        let sequence = before.sequence + i64::from(!again);
        let mut note = DeliveredRecord {
            entity: requests.entity().to_owned(),
            uid: uid.clone(),
            held: Held {
                state: Some("removing".to_owned()),
                maybe: true,
                sequence,
                place: path.clone(),
                ..before.clone()
            },
            ..Default::default()
        };
        // Without a path it never was there; in one that is taken stands another record.
        if let Some(path) = path.filter(|path| !taken.contains(path)) {
            self.delivering.remember(std::slice::from_ref(&note)).await?;
            let key = format!("{uid}-removed-{sequence}");
            let (gone, finding, fault) = self.take_away(&removing(method, path, key)).await?;
            if let Some(finding) = finding {
                if fault.is_none() {
                    self.delivery.entities[at].refused += 1;
                    note.held.state = Some("refused".to_owned());
                    note.held.maybe = before.maybe;
                    note.words.clone_from(&finding.value);
                }
                self.delivery.tell_of(self.session, requests.entity(), Record::gone(uid, removal), finding);
            }
            if !gone {
                self.delivering.remember(std::slice::from_ref(&note)).await?;
                return Ok(self.ended(fault));
            }
        }
        self.delivery.entities[at].removed += 1;
        // The number is kept: what comes back has another key.
        note.held = Held { state: Some("removed".to_owned()), sequence, ..Held::default() };
        self.delivering.remember(std::slice::from_ref(&note)).await?;
        Ok(None)
    }
}

fn removing(method: Method, path: String, key: String) -> Sending {
    let body = (method != Method::Delete).then(|| b"{}".to_vec());
    Sending { method: method.as_str(), path, key: Some(key), body, once: false }
}

/// Path of the request that takes a record away, as far as it is known.
pub(super) fn known_path(template: &Template, removal: &Removal) -> Option<String> {
    let Held { place, register_id, .. } = &removal.held;
    place.clone().or_else(|| template.removal(&removal.uid, register_id.as_deref()))
}

/// Whether a record can be taken away.
pub(super) fn can_remove(template: &Template, removal: &Removal) -> bool {
    let known = || known_path(template, removal).is_some() || template.question(&removal.uid).is_some();
    template.settings.remove.is_some() && known()
}
