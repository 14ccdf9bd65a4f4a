//! The sending: window after window of records, each remembered before it goes out and after the register has answered.
//!
//! One request is the affair of [`super::single`] and [`super::lists`], what goes away that of [`super::away`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use vienkop_connectors::deliver::{Refusal, Register};
use vienkop_connectors::fetch::FetchError;
use vienkop_connectors::registry::{DeliveredRecord, Delivering};
use vienkop_transforms::deliver::{Due, Fill, Held, Method, Plan, Removal, Requests};
use vienkop_transforms::finding::{self, Finding};

use super::line::{Line, ends};
use super::outcome::Delivery;
use crate::cli::session::Session;
use crate::config::Target;
use crate::tell;

/// Requests of one window for each that may be under way: so often at most is the registry written.
const WINDOW: usize = 8;
/// Records of one window, at most.
const WINDOW_RECORDS: usize = 4_000;
/// Characters of the hash in an idempotency key.
pub(super) const KEY_HASH: usize = 32;
/// The register's ids: entity -> uid -> id.
pub(super) type Ids = BTreeMap<&'static str, BTreeMap<String, String>>;

/// A delivery under way.
pub(super) struct Courier<'c> {
    pub(super) session: &'c Session,
    pub(super) target: &'c Target,
    pub(super) register: &'c Register<'c>,
    pub(super) delivering: &'c mut Delivering,
    pub(super) delivery: &'c mut Delivery,
    pub(super) all: &'c [Requests<'c>],
    pub(super) cancel: &'c AtomicBool,
    pub(super) ids: Ids,
    /// Records that are to be sent and that the register is not known to have: entity -> uids.
    pub(super) missing: BTreeMap<&'static str, BTreeSet<String>>,
    /// Records that are still to be taken away from where they were.
    pub(super) moved: Vec<(usize, Removal)>,
    pub(super) line: Line,
}

/// A record on its way.
pub(super) struct Parcel<'p> {
    pub(super) due: &'p Due,
    pub(super) uid: &'p str,
    pub(super) hash: String,
    pub(super) sequence: i64,
    pub(super) key: String,
    /// Path of `send`; none where it takes the register's id, which is not known yet.
    pub(super) path: Option<String>,
}

/// What became of a record.
pub(super) enum Became {
    Accepted {
        id: Option<String>,
    },
    Refused(Refusal),
    /// Nobody knows.
    Unknown(Box<Finding>),
    /// Nobody knows, and it is told of another record of the same request.
    Likewise,
    /// It was not sent.
    Unsent,
}

/// Why a part of the delivery ended early.
pub(super) enum Ended {
    /// The register fails again and again.
    Entity(Box<Finding>),
    /// It is not there, does not know us, or somebody asked to stop.
    All(FetchError),
}

impl Courier<'_> {
    /// Sends everything; gives back why it could not, if so.
    pub(super) async fn carry(&mut self, plans: &[Plan]) -> anyhow::Result<Option<FetchError>> {
        let all = self.all;
        for (of, plan) in all.iter().zip(plans) {
            let due = plan.due.iter().filter(|due| due.held.held.is_none());
            let missing = self.missing.entry(of.entity()).or_default();
            missing.extend(due.map(|due| of.uid(due.row).to_owned()));
        }
        let mut failed = None;
        for (at, (of, plan)) in all.iter().zip(plans).enumerate() {
            match self.entity(at, of, plan).await? {
                None => {}
                Some(Ended::Entity(finding)) => failed = failed.or(Some(FetchError::File(finding))),
                Some(Ended::All(error)) => return Ok(Some(error)),
            }
            self.line.begin();
        }
        // What refers goes before what it refers to.
        for (at, (of, plan)) in all.iter().zip(plans).enumerate().rev() {
            match self.away(at, of, plan).await? {
                None => {}
                Some(Ended::Entity(finding)) => failed = failed.or(Some(FetchError::File(finding))),
                Some(Ended::All(error)) => return Ok(Some(error)),
            }
            self.line.begin();
        }
        Ok(failed)
    }

    /// Sends the records of an entity: those first that others of them refer to.
    async fn entity(&mut self, at: usize, requests: &Requests<'_>, plan: &Plan) -> anyhow::Result<Option<Ended>> {
        let own = requests.entity();
        let twins = self.twins(requests, plan);
        let mut rest: Vec<&Due> = plan.due.iter().collect();
        while !rest.is_empty() {
            let pending: BTreeSet<&str> = rest.iter().map(|due| requests.uid(due.row)).collect();
            let waits = |due: &&Due| {
                let uid = requests.uid(due.row);
                requests.referred(due.row).any(|to| {
                    let after = to.entity == own && to.uid != uid && pending.contains(to.uid);
                    after && self.is_missing(own, to.uid)
                })
            };
            let (mut later, mut now): (Vec<&Due>, Vec<&Due>) = rest.into_iter().partition(waits);
            let circle = now.is_empty();
            if circle {
                // They refer to each other: somebody has to be the first.
                std::mem::swap(&mut later, &mut now);
            }
            let ready = self.ready(requests, now, circle, &twins);
            let mut open = ready.as_slice();
            while !open.is_empty() {
                if self.cancel.load(Ordering::Relaxed) {
                    return Ok(Some(Ended::All(FetchError::Cancelled)));
                }
                let (window, after) = open.split_at(self.window_of(requests).min(open.len()));
                if let Some(ended) = self.window(at, requests, window).await? {
                    return Ok(Some(ended));
                }
                open = after;
            }
            rest = later;
        }
        Ok(None)
    }

    /// How many records go out before the registry is written again: what may be under way at the same time, some times
    /// over. The first of all is one request, in case nobody there knows us.
    fn window_of(&self, requests: &Requests<'_>) -> usize {
        let size = requests.template().settings.batch.as_ref().map(|batch| batch.size as usize);
        if !self.line.spoken.load(Ordering::Relaxed) {
            return size.unwrap_or(1);
        }
        let concurrent = self.target.deliver.concurrent();
        size.map_or(concurrent * WINDOW, |size| (concurrent * size).min(WINDOW_RECORDS.max(size)))
    }

    /// Addresses that several records have.
    fn twins(&self, requests: &Requests<'_>, plan: &Plan) -> BTreeSet<String> {
        let settings = &requests.template().settings;
        let writes_over = matches!(settings.send.method, Method::Put | Method::Patch);
        if plan.due.is_empty() || settings.batch.is_some() || settings.create.is_some() || !writes_over {
            return BTreeSet::new();
        }
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let (mut seen, mut twins) = (BTreeSet::new(), BTreeSet::new());
        for row in 0..requests.len() {
            let path = requests.send_path(row, Fill { key: "", sequence: 0, id: None, id_of: &id_of });
            if let Some(path) = path.filter(|path| !seen.insert(path.clone())) {
                twins.insert(path);
            }
        }
        twins
    }

    /// Those that can be sent: what they refer to is there, and their address can be written and is theirs alone.
    fn ready<'p>(
        &mut self,
        requests: &Requests<'_>,
        due: Vec<&'p Due>,
        circle: bool,
        twins: &BTreeSet<String>,
    ) -> Vec<&'p Due> {
        let mut ready = Vec::new();
        for due in due {
            match self.hindrance(requests, due.row, circle, twins) {
                None => ready.push(due),
                Some(finding) => {
                    let finding = Finding { expected: Some(self.target.title.clone()), ..finding };
                    self.delivery.tell(self.session, requests, due.row, finding);
                }
            }
        }
        ready
    }

    fn hindrance(
        &self,
        requests: &Requests<'_>,
        row: usize,
        circle: bool,
        twins: &BTreeSet<String>,
    ) -> Option<Finding> {
        let (own, uid) = (requests.entity(), requests.uid(row));
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let absent = requests.referred(row).find(|to| {
            let of_circle = circle && to.entity == own;
            !of_circle && to.uid != uid && self.is_missing(to.entity, to.uid)
        });
        if let Some(to) = absent.or_else(|| requests.without_id(row, &id_of).next()) {
            let value = self.known_as(to.entity, to.uid).unwrap_or_else(|| to.uid.to_owned());
            let field = Some(to.field.to_owned());
            return Some(Finding { field, value: Some(value), ..Finding::of(&finding::REFERENCE_NOT_DELIVERED) });
        }
        let fill = Fill { key: "-", sequence: 0, id: Some("-"), id_of: &id_of };
        let missing = requests.missing(row, fill);
        if !missing.is_empty() {
            return Some(Finding { field: Some(missing.join(", ")), ..Finding::of(&finding::NO_ADDRESS) });
        }
        let path = requests.send_path(row, fill).filter(|path| twins.contains(path))?;
        Some(Finding { value: Some(path), ..Finding::of(&finding::ADDRESS_TWICE) })
    }

    /// Sends records at the same time.
    async fn window(&mut self, at: usize, requests: &Requests<'_>, due: &[&Due]) -> anyhow::Result<Option<Ended>> {
        let parcels: Vec<Parcel<'_>> = due.iter().map(|due| self.parcel(requests, due)).collect();
        let sent: Vec<DeliveredRecord> = parcels.iter().map(|parcel| self.sent(requests, parcel)).collect();
        self.delivering.remember(&sent).await?;
        let results = match &requests.template().settings.batch {
            None => self.one_by_one(requests, &parcels).await,
            Some(batch) => self.in_batches(requests, batch, &parcels).await,
        };
        self.line.spoken.store(true, Ordering::Relaxed);
        let mut notes = Vec::new();
        let mut last = None;
        for ((parcel, mut note), became) in parcels.iter().zip(sent).zip(results?) {
            let before = &parcel.due.held;
            let counts = &mut self.delivery.entities[at];
            match became {
                Became::Accepted { id } => {
                    match before.held {
                        None => counts.created += 1,
                        Some(_) => counts.updated += 1,
                    }
                    self.accepted(at, requests, parcel, &mut note, id);
                }
                Became::Refused(refusal) => {
                    counts.refused += 1;
                    note.held.state = Some("refused".to_owned());
                    // What was not heard of before stays so; and some refusals say that it may have been taken.
                    note.held.maybe = before.maybe || matches!(refusal.status, 409 | 429 | 500..);
                    (note.http_status, note.words) = said(&refusal);
                    let finding = self.refused(&refusal);
                    self.delivery.tell(self.session, requests, parcel.due.row, finding);
                }
                Became::Unknown(fault) => {
                    if ends(&fault) && fault.code != finding::UNREACHABLE.code {
                        // Nobody looked at it.
                        note.held = before.clone();
                    } else {
                        counts.unknown += 1;
                        // What stops all of it is told as that.
                        if !ends(&fault) {
                            let finding = self.unknown(&fault);
                            self.delivery.tell(self.session, requests, parcel.due.row, finding);
                        }
                    }
                    last = Some(*fault);
                }
                Became::Likewise => counts.unknown += 1,
                Became::Unsent => note.held = before.clone(),
            }
            notes.push(note);
        }
        self.delivering.remember(&notes).await?;
        Ok(self.ended(last))
    }

    /// Whether the last failure was one too many.
    pub(super) fn ended(&self, last: Option<Finding>) -> Option<Ended> {
        if self.cancel.load(Ordering::Relaxed) {
            return Some(Ended::All(FetchError::Cancelled));
        }
        if !self.line.stops() {
            return None;
        }
        // Refusals alone stop it where they are of no record, but of us.
        let last =
            last.unwrap_or_else(|| Finding { value: Some("403".to_owned()), ..Finding::of(&finding::FORBIDDEN) });
        let all = self.line.ended.load(Ordering::Relaxed);
        Some(if all { Ended::All(last.into()) } else { Ended::Entity(Box::new(last)) })
    }

    fn parcel<'p>(&self, requests: &'p Requests<'_>, due: &'p Due) -> Parcel<'p> {
        let uid = requests.uid(due.row);
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        // Ids of others may have become known since the plan was made.
        let hash = requests.hash(due.row, &id_of);
        // The same number only for the same content of which nobody knows what became: a register that remembers keys would
        // say of any other what it said before.
        let again = due.held.state.as_deref() == Some("sent") && due.held.hash.as_ref() == Some(&hash);
        let sequence = due.held.sequence + i64::from(!again);
        let key = format!("{uid}-{}-{sequence}", hash.get(..KEY_HASH).unwrap_or(&hash));
        let fill = Fill { key: &key, sequence, id: due.held.register_id.as_deref(), id_of: &id_of };
        let path = requests.send_path(due.row, fill);
        Parcel { due, uid, hash, sequence, key, path }
    }

    /// What is remembered of a record that goes out.
    fn sent(&self, requests: &Requests<'_>, parcel: &Parcel<'_>) -> DeliveredRecord {
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let before = &parcel.due.held;
        let fill = Fill { key: "", sequence: 0, id: before.register_id.as_deref(), id_of: &id_of };
        let held = Held {
            state: Some("sent".to_owned()),
            hash: Some(parcel.hash.clone()),
            maybe: true,
            // Where it is until it is known to be elsewhere.
            place: before.place.clone().or_else(|| requests.remove_path(parcel.due.row, fill)),
            sequence: parcel.sequence,
            ..before.clone()
        };
        DeliveredRecord { entity: requests.entity().to_owned(), uid: parcel.uid.to_owned(), held, ..Default::default() }
    }

    /// What is remembered of a record that was taken.
    fn accepted(
        &mut self,
        at: usize,
        requests: &Requests<'_>,
        parcel: &Parcel<'_>,
        note: &mut DeliveredRecord,
        id: Option<String>,
    ) {
        if let Some(missing) = self.missing.get_mut(requests.entity()) {
            missing.remove(parcel.uid);
        }
        if let Some(id) = id {
            self.ids.entry(requests.entity()).or_default().insert(parcel.uid.to_owned(), id.clone());
            note.held.register_id = Some(id);
        }
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let fill = Fill { key: "", sequence: 0, id: note.held.register_id.as_deref(), id_of: &id_of };
        let template = &requests.template().settings;
        let written = requests.send_path(parcel.due.row, fill).map(|path| format!("{}\n{path}", template.send.path));
        let place = requests.remove_path(parcel.due.row, fill);
        let before = &parcel.due.held;
        // Elsewhere only by the same words of the target's file: whoever edits these moves nothing.
        let moved = match (&before.address, &written) {
            (Some(before), Some(now)) => before != now && before.lines().next() == now.lines().next(),
            _ => false,
        };
        if let Some(old) = before.place.as_ref().filter(|old| moved && Some(*old) != place.as_ref()) {
            let former = note.held.former.take().into_iter().chain([old.clone()]).collect::<Vec<_>>();
            note.held.former = Some(former.join("\n"));
        }
        note.held.state = Some("accepted".to_owned());
        (note.held.held, note.held.maybe) = (note.held.hash.clone(), false);
        (note.held.address, note.held.place) = (written, place);
        if note.held.former.is_some() {
            self.moved.push((at, Removal { uid: parcel.uid.to_owned(), held: note.held.clone() }));
        }
    }

    /// What people know another record by.
    fn known_as(&self, entity: &str, uid: &str) -> Option<String> {
        let requests = self.all.iter().find(|requests| requests.entity() == entity)?;
        Some(requests.key(requests.row_of(uid)?))
    }

    pub(super) fn id_of(&self, entity: &str, uid: &str) -> Option<String> {
        self.ids.get(entity)?.get(uid).cloned()
    }

    fn is_missing(&self, entity: &str, uid: &str) -> bool {
        self.missing.get(entity).is_some_and(|missing| missing.contains(uid))
    }

    pub(super) fn refused(&self, refusal: &Refusal) -> Finding {
        let status = if refusal.status == 0 { String::new() } else { refusal.status.to_string() };
        let parts = [status, refusal.words.clone()];
        let value = parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ");
        Finding { value: Some(value), expected: Some(self.target.title.clone()), ..Finding::of(&finding::NOT_TAKEN) }
    }

    pub(super) fn unknown(&self, fault: &Finding) -> Finding {
        let value = Some(tell::message(self.session.texts(), fault));
        Finding { value, expected: Some(self.target.title.clone()), ..Finding::of(&finding::TAKEN_UNKNOWN) }
    }
}

/// Status and words of a refusal, as they are remembered.
fn said(refusal: &Refusal) -> (Option<i64>, Option<String>) {
    let words = Some(refusal.words.clone()).filter(|words| !words.is_empty());
    (Some(i64::from(refusal.status)).filter(|status| *status > 0), words)
}
