//! The sending: window after window of records, each remembered before it goes out and after the register has answered.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::Value;
use vienkop_connectors::deliver::{Refusal, Register, Said, Sending};
use vienkop_connectors::fetch::FetchError;
use vienkop_connectors::registry::{DeliveredRecord, Delivering};
use vienkop_transforms::deliver::{Action, Batch, Due, Fill, Held, Method, Plan, Removal, Requests, Results};
use vienkop_transforms::digest::sha256;
use vienkop_transforms::finding::{self, Finding};

use super::outcome::{Delivery, Record};
use crate::cli::session::Session;
use crate::config::Target;

/// Requests of one window for each that may be under way: so often at most is the registry written.
const WINDOW: usize = 8;
/// Failures one after another after which the register counts as broken.
const FAILURES: u32 = 3;
/// Characters of the hash in an idempotency key.
const KEY_HASH: usize = 32;

/// The register's ids: entity and uid -> id.
type Ids = BTreeMap<(&'static str, String), String>;

/// A delivery under way.
pub(super) struct Courier<'c> {
    session: &'c Session,
    target: &'c Target,
    register: &'c Register<'c>,
    delivering: &'c mut Delivering,
    delivery: &'c mut Delivery,
    cancel: &'c AtomicBool,
    all: &'c [Requests<'c>],
    ids: Ids,
    /// Records that are to be sent and that the register is not known to have: entity and uid.
    missing: BTreeSet<(&'static str, String)>,
    failures: u32,
}

/// A record on its way.
struct Parcel<'p> {
    due: &'p Due,
    uid: &'p str,
    sequence: i64,
    key: String,
    /// The path of `send`; none where it takes the register's id, which is not known yet.
    path: Option<String>,
}

/// What became of a record.
enum Became {
    Accepted {
        id: Option<String>,
    },
    Refused(Refusal),
    /// Nobody knows; none: told of another record of the same request.
    Unknown(Option<FetchError>),
}

impl<'c> Courier<'c> {
    #[allow(clippy::too_many_arguments, reason = "once, of what the delivery has")]
    pub(super) fn new(
        session: &'c Session,
        target: &'c Target,
        register: &'c Register<'c>,
        delivering: &'c mut Delivering,
        delivery: &'c mut Delivery,
        all: &'c [Requests<'c>],
        ids: Ids,
        cancel: &'c AtomicBool,
    ) -> Self {
        let missing = BTreeSet::new();
        Self { session, target, register, delivering, delivery, cancel, all, ids, missing, failures: 0 }
    }

    /// Sends everything; gives back why it could not, if so.
    pub(super) async fn carry(&mut self, plans: &[Plan]) -> anyhow::Result<Option<FetchError>> {
        let requests = self.all;
        for (of, plan) in requests.iter().zip(plans) {
            let due = plan.due.iter().filter(|due| due.held.held.is_none());
            self.missing.extend(due.map(|due| (of.entity(), of.uid(due.row).to_owned())));
        }
        for (at, (of, plan)) in requests.iter().zip(plans).enumerate() {
            if let Some(stopped) = self.entity(at, of, plan).await? {
                return Ok(Some(stopped));
            }
        }
        // What refers goes before what it refers to.
        for (at, (of, plan)) in requests.iter().zip(plans).enumerate().rev() {
            self.delivering.forget(of.entity(), &plan.forgotten).await?;
            for removal in &plan.removals {
                if let Some(stopped) = self.remove(at, of, removal).await? {
                    return Ok(Some(stopped));
                }
            }
        }
        Ok(None)
    }

    /// Sends the records of an entity: those first that others of them refer to.
    async fn entity(&mut self, at: usize, requests: &Requests<'_>, plan: &Plan) -> anyhow::Result<Option<FetchError>> {
        let own = requests.entity();
        let mut rest: Vec<&Due> = plan.due.iter().collect();
        while !rest.is_empty() {
            let pending: BTreeSet<&str> = rest.iter().map(|due| requests.uid(due.row)).collect();
            let waits = |due: &&Due| {
                let uid = requests.uid(due.row);
                requests.referred(due.row).any(|to| {
                    let after = to.entity == own && to.uid != uid && pending.contains(to.uid);
                    after && self.missing.contains(&(own, to.uid.to_owned()))
                })
            };
            let (mut later, mut now): (Vec<&Due>, Vec<&Due>) = rest.into_iter().partition(waits);
            let circle = now.is_empty();
            if circle {
                // They refer to each other: somebody has to be the first.
                std::mem::swap(&mut later, &mut now);
            }
            let ready = self.ready(requests, now, circle);
            let window = self.register_window(requests);
            for window in ready.chunks(window) {
                if self.cancel.load(Ordering::Relaxed) {
                    return Ok(Some(FetchError::Cancelled));
                }
                if let Some(stopped) = self.window(at, requests, window).await? {
                    return Ok(Some(stopped));
                }
            }
            rest = later;
        }
        Ok(None)
    }

    /// Records of one window: what may be under way at the same time, some times over.
    fn register_window(&self, requests: &Requests<'_>) -> usize {
        let size = requests.template().settings.batch.as_ref().map_or(1, |batch| batch.size as usize);
        self.target.deliver.concurrent() * size.max(if size == 1 { WINDOW } else { 1 })
    }

    /// Those that can be sent: what they refer to is there, and their address can be written.
    fn ready<'p>(&mut self, requests: &Requests<'_>, sends: Vec<&'p Due>, circle: bool) -> Vec<&'p Due> {
        let own = requests.entity();
        let mut ready = Vec::new();
        for due in sends {
            let mut absent = requests.referred(due.row).filter(|to| {
                let of_circle = circle && to.entity == own;
                !of_circle && to.uid != requests.uid(due.row) && self.missing.contains(&(to.entity, to.uid.to_owned()))
            });
            let finding = if let Some(to) = absent.next() {
                let value = self.known_as(to.entity, to.uid).unwrap_or_else(|| to.uid.to_owned());
                Some(Finding {
                    field: Some(to.field.to_owned()),
                    value: Some(value),
                    ..Finding::of(&finding::REFERENCE_NOT_DELIVERED)
                })
            } else {
                let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
                let fill = Fill { key: "-", sequence: 0, id: Some("-"), id_of: &id_of };
                let missing = requests.missing(due.row, fill);
                (!missing.is_empty())
                    .then(|| Finding { field: Some(missing.join(", ")), ..Finding::of(&finding::NO_ADDRESS) })
            };
            match finding {
                None => ready.push(due),
                Some(finding) => {
                    let finding = Finding { expected: Some(self.target.title.clone()), ..finding };
                    self.delivery.tell(self.session, requests, due.row, finding);
                }
            }
        }
        ready
    }

    /// Sends records at the same time.
    async fn window(
        &mut self,
        at: usize,
        requests: &Requests<'_>,
        sends: &[&Due],
    ) -> anyhow::Result<Option<FetchError>> {
        let parcels: Vec<Parcel<'_>> = sends.iter().map(|due| self.parcel(requests, due)).collect();
        let sent: Vec<DeliveredRecord> = parcels.iter().map(|parcel| noted(requests, parcel, "sent")).collect();
        self.delivering.remember(&sent).await?;
        let results = match &requests.template().settings.batch {
            None => self.one_by_one(requests, &parcels).await,
            Some(batch) => self.in_batches(requests, batch, &parcels).await,
        };
        let mut notes = Vec::new();
        let mut moved = Vec::new();
        let mut stopped = None;
        for (parcel, became) in parcels.iter().zip(results) {
            let mut note = noted(requests, parcel, "sent");
            let counts = &mut self.delivery.entities[at];
            match became {
                Became::Accepted { id } => {
                    self.failures = 0;
                    self.missing.remove(&(requests.entity(), parcel.uid.to_owned()));
                    match parcel.due.held.held {
                        None => counts.created += 1,
                        Some(_) => counts.updated += 1,
                    }
                    if let Some(id) = id {
                        self.ids.insert((requests.entity(), parcel.uid.to_owned()), id.clone());
                        note.register_id = Some(id);
                    }
                    let before = note.place.take();
                    let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
                    let id = note.register_id.as_deref();
                    let fill = Fill { key: &parcel.key, sequence: parcel.sequence, id, id_of: &id_of };
                    note.place = requests.remove_path(parcel.due.row, fill);
                    (note.state, note.held) = ("accepted", note.hash.clone());
                    if let Some(before) = before.filter(|before| Some(before) != note.place.as_ref()) {
                        moved.push((parcel, before));
                    }
                }
                Became::Refused(refusal) => {
                    self.failures = 0;
                    counts.refused += 1;
                    note.state = "refused";
                    note.http_status = Some(i64::from(refusal.status));
                    note.words = Some(refusal.words.clone()).filter(|words| !words.is_empty());
                    let finding = self.refused(&refusal);
                    self.delivery.tell(self.session, requests, parcel.due.row, finding);
                }
                Became::Unknown(None) => {}
                Became::Unknown(Some(FetchError::Io(error))) => return Err(error.into()),
                Became::Unknown(Some(error)) => {
                    if let FetchError::File(fault) = &error {
                        self.failures += 1;
                        note.words = Some(crate::tell::message(self.session.texts(), fault));
                        if ends(fault) || self.failures >= FAILURES {
                            stopped = Some(stopped.unwrap_or(error));
                        } else {
                            let finding = self.unknown(note.words.clone());
                            self.delivery.tell(self.session, requests, parcel.due.row, finding);
                        }
                    } else {
                        stopped = Some(error);
                    }
                }
            }
            notes.push(note);
        }
        self.delivering.remember(&notes).await?;
        for (parcel, before) in moved {
            self.move_away(requests, parcel, before).await?;
        }
        Ok(stopped)
    }

    fn parcel<'p>(&self, requests: &'p Requests<'_>, due: &'p Due) -> Parcel<'p> {
        let uid = requests.uid(due.row);
        let same = due.held.hash.as_ref() == Some(&due.hash);
        // The same again only where nobody knows what became of it: a register that remembers keys would say of any other
        // what it said before.
        let sequence = due.held.sequence + i64::from(!(same && due.action == Action::Again));
        let key = format!("{uid}-{}-{sequence}", due.hash.get(..KEY_HASH).unwrap_or(&due.hash));
        let mut parcel = Parcel { due, uid, sequence, key, path: None };
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let id = due.held.register_id.as_deref();
        let fill = Fill { key: &parcel.key, sequence, id, id_of: &id_of };
        let path = requests.send_path(due.row, fill);
        parcel.path = path;
        parcel
    }

    /// What people know another record by.
    fn known_as(&self, entity: &str, uid: &str) -> Option<String> {
        let requests = self.all.iter().find(|requests| requests.entity() == entity)?;
        Some(requests.key(requests.row_of(uid)?))
    }

    fn id_of(&self, entity: &str, uid: &str) -> Option<String> {
        let entity = vienkop_transforms::model::entity(entity)?.name;
        self.ids.get(&(entity, uid.to_owned())).cloned()
    }

    async fn one_by_one(&self, requests: &Requests<'_>, parcels: &[Parcel<'_>]) -> Vec<Became> {
        let each = parcels.iter().map(|parcel| async {
            self.one(requests, parcel).await.unwrap_or_else(|error| Became::Unknown(Some(error)))
        });
        stream::iter(each).buffered(self.target.deliver.concurrent()).collect().await
    }

    /// Sends one record.
    async fn one(&self, requests: &Requests<'_>, parcel: &Parcel<'_>) -> Result<Became, FetchError> {
        let settings = &requests.template().settings;
        if settings.create.is_none() {
            return Ok(match self.put(requests, parcel, parcel.due.held.register_id.as_deref()).await? {
                Said::Accepted(answer) => Became::Accepted { id: id_in(settings.id.as_deref(), answer.as_ref()) },
                Said::Absent(refusal) | Said::Refused(refusal) => Became::Refused(refusal),
            });
        }
        // An id that the register gave is asked for again where it is not known for certain that there is none.
        let known: Option<String> = match &parcel.due.held.register_id {
            Some(id) => Some(id.clone()),
            None => match self.find(requests, parcel).await? {
                Ok(found) => found,
                Err(refusal) => return Ok(Became::Refused(refusal)),
            },
        };
        if let Some(id) = known {
            match self.put(requests, parcel, Some(&id)).await? {
                Said::Accepted(_) => return Ok(Became::Accepted { id: Some(id) }),
                Said::Refused(refusal) => return Ok(Became::Refused(refusal)),
                // Somebody has taken it away there. A register that remembers keys would say so again to the same.
                Said::Absent(_) => return self.create(requests, parcel, &format!("{}-new", parcel.key)).await,
            }
        }
        self.create(requests, parcel, &parcel.key).await
    }

    async fn put(&self, requests: &Requests<'_>, parcel: &Parcel<'_>, id: Option<&str>) -> Result<Said, FetchError> {
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let fill = Fill { key: &parcel.key, sequence: parcel.sequence, id, id_of: &id_of };
        let Some(path) = requests.send_path(parcel.due.row, fill).or_else(|| parcel.path.clone()) else {
            return Ok(Said::Refused(Refusal { status: 0, words: String::new() }));
        };
        let method = requests.template().settings.send.method.as_str();
        let body = Some(requests.body(parcel.due.row, fill));
        self.register.send(&Sending { method, path, key: Some(parcel.key.clone()), body }).await
    }

    /// The register's id of a record; none where it has none.
    async fn find(
        &self,
        requests: &Requests<'_>,
        parcel: &Parcel<'_>,
    ) -> Result<Result<Option<String>, Refusal>, FetchError> {
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let fill = Fill { key: &parcel.key, sequence: parcel.sequence, id: None, id_of: &id_of };
        let (Some(path), Some(find)) = (requests.find_path(parcel.due.row, fill), &requests.template().settings.find)
        else {
            return Ok(Ok(None));
        };
        Ok(match self.register.send(&Sending { method: "GET", path, key: None, body: None }).await? {
            Said::Accepted(answer) => Ok(id_in(Some(&find.id), answer.as_ref())),
            Said::Absent(_) => Ok(None),
            Said::Refused(refusal) => Err(refusal),
        })
    }

    async fn create(&self, requests: &Requests<'_>, parcel: &Parcel<'_>, key: &str) -> Result<Became, FetchError> {
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let fill = Fill { key, sequence: parcel.sequence, id: None, id_of: &id_of };
        let Some((method, path)) = requests.create(parcel.due.row, fill) else {
            return Ok(Became::Refused(Refusal { status: 0, words: String::new() }));
        };
        let body = Some(requests.body(parcel.due.row, fill));
        let sending = Sending { method: method.as_str(), path, key: Some(key.to_owned()), body };
        let answer = match self.register.send(&sending).await? {
            Said::Accepted(answer) => answer,
            Said::Refused(refusal) | Said::Absent(refusal) => return Ok(Became::Refused(refusal)),
        };
        let pointer = requests.template().settings.id.as_deref();
        let mut id = id_in(pointer, answer.as_ref());
        if pointer.is_some() && id.is_none() {
            id = self.find(requests, parcel).await?.unwrap_or_default();
            if id.is_none() {
                return Err(self.register.unclear(&sending, answer.as_ref()).into());
            }
        }
        Ok(Became::Accepted { id })
    }

    async fn in_batches(&self, requests: &Requests<'_>, batch: &Batch, parcels: &[Parcel<'_>]) -> Vec<Became> {
        let each = parcels.chunks(batch.size as usize).map(|parcels| self.batch(requests, batch, parcels));
        let all: Vec<Vec<Became>> = stream::iter(each).buffered(self.target.deliver.concurrent()).collect().await;
        all.into_iter().flatten().collect()
    }

    /// Sends many records in one request; in halves, where they are refused without saying which.
    async fn batch(&self, requests: &Requests<'_>, batch: &Batch, parcels: &[Parcel<'_>]) -> Vec<Became> {
        let mut done: Vec<Option<Became>> = parcels.iter().map(|_| None).collect();
        let mut open: Vec<Range<usize>> = std::iter::once(0..parcels.len()).collect();
        while let Some(range) = open.pop() {
            let some = &parcels[range.clone()];
            match self.together(requests, batch, some).await {
                Err(Together::Refused(_)) if some.len() > 1 => {
                    let middle = range.start + some.len() / 2;
                    open.extend([middle..range.end, range.start..middle]);
                }
                Err(Together::Refused(refusal)) => done[range.start] = Some(Became::Refused(refusal)),
                Err(Together::Unknown(error)) => {
                    done[range.start] = Some(Became::Unknown(Some(error)));
                    break;
                }
                Ok(results) => {
                    for (at, became) in range.zip(results) {
                        done[at] = Some(became);
                    }
                }
            }
        }
        done.into_iter().map(|became| became.unwrap_or(Became::Unknown(None))).collect()
    }

    async fn together(
        &self,
        requests: &Requests<'_>,
        batch: &Batch,
        parcels: &[Parcel<'_>],
    ) -> Result<Vec<Became>, Together> {
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let mut list = vec![b'['];
        let mut key = String::new();
        for parcel in parcels {
            if list.len() > 1 {
                list.push(b',');
            }
            let fill = Fill { key: &parcel.key, sequence: parcel.sequence, id: None, id_of: &id_of };
            list.extend(requests.body(parcel.due.row, fill));
            key.push_str(&parcel.key);
            key.push('\n');
        }
        list.push(b']');
        let body = match &batch.member {
            Some(member) => [format!("{{{}:", Value::from(member.as_str())).as_bytes(), &list, b"}"].concat(),
            None => list,
        };
        let settings = &requests.template().settings;
        let (method, path) = (settings.send.method.as_str(), parcels.first().and_then(|parcel| parcel.path.clone()));
        let sending = Sending { method, path: path.unwrap_or_default(), key: Some(sha256(&key)), body: Some(body) };
        let answer = match self.register.send(&sending).await.map_err(Together::Unknown)? {
            Said::Accepted(answer) => answer,
            Said::Refused(refusal) | Said::Absent(refusal) => return Err(Together::Refused(refusal)),
        };
        let Some(results) = &batch.results else {
            return Ok(parcels.iter().map(|_| Became::Accepted { id: None }).collect());
        };
        let found = answer.as_ref().and_then(|answer| self.results(results, answer, parcels));
        found.ok_or_else(|| Together::Unknown(self.register.unclear(&sending, answer.as_ref()).into()))
    }

    /// What an answer says of each record; none where it does not speak of all of them.
    fn results(&self, results: &Results, answer: &Value, parcels: &[Parcel<'_>]) -> Option<Vec<Became>> {
        let items = answer.pointer(&results.at)?.as_array()?;
        let of = |at: usize, parcel: &Parcel<'_>| match &results.uid {
            Some(pointer) => {
                items.iter().find(|item| item.pointer(pointer).and_then(Value::as_str) == Some(parcel.uid))
            }
            None => items.get(at).filter(|_| items.len() == parcels.len()),
        };
        parcels
            .iter()
            .enumerate()
            .map(|(at, parcel)| {
                let item = of(at, parcel)?;
                let status = shown(item.pointer(&results.status)?);
                let number = status.parse::<u16>().ok();
                let is_accepted = match results.accepted.as_slice() {
                    [] => number.is_some_and(|number| (200..300).contains(&number)),
                    accepted => accepted.contains(&status),
                };
                if is_accepted {
                    return Some(Became::Accepted { id: None });
                }
                let words = results.message.as_ref().and_then(|pointer| item.pointer(pointer));
                let words = words.map_or_else(|| item.to_string(), shown);
                let words = if number.is_some() { words } else { format!("{status}: {words}") };
                Some(Became::Refused(Refusal { status: number.unwrap_or(0), words: self.register.quote(&words) }))
            })
            .collect()
    }

    /// Takes a record away from an address that it no longer has.
    async fn move_away(&mut self, requests: &Requests<'_>, parcel: &Parcel<'_>, path: String) -> anyhow::Result<()> {
        let Some(method) = requests.template().settings.remove.as_ref().map(|call| call.method) else { return Ok(()) };
        let key = format!("{}-moved-{}", parcel.uid, parcel.sequence);
        let said = self.register.send(&removing(method, path, key)).await;
        let finding = match said {
            Ok(Said::Accepted(_) | Said::Absent(_)) => return Ok(()),
            Ok(Said::Refused(refusal)) => self.refused(&refusal),
            Err(FetchError::File(fault)) => self.unknown(Some(crate::tell::message(self.session.texts(), &fault))),
            Err(FetchError::Io(error)) => return Err(error.into()),
            Err(FetchError::Cancelled) => self.unknown(None),
        };
        self.delivery.tell(self.session, requests, parcel.due.row, finding);
        Ok(())
    }

    /// Takes away a record that the registry no longer holds.
    async fn remove(
        &mut self,
        at: usize,
        requests: &Requests<'_>,
        removal: &Removal,
    ) -> anyhow::Result<Option<FetchError>> {
        let Some((method, path)) = removal_call(requests, removal) else { return Ok(None) };
        if self.cancel.load(Ordering::Relaxed) {
            return Ok(Some(FetchError::Cancelled));
        }
        let Removal { uid, held } = removal;
        let mut note = DeliveredRecord {
            entity: requests.entity().to_owned(),
            uid: uid.clone(),
            state: "removing",
            hash: held.hash.clone(),
            held: held.held.clone(),
            register_id: held.register_id.clone(),
            place: Some(path.clone()),
            sequence: held.sequence,
            ..DeliveredRecord::default()
        };
        self.delivering.remember(std::slice::from_ref(&note)).await?;
        let key = format!("{uid}-removed-{}", held.sequence);
        match self.register.send(&removing(method, path, key)).await {
            Ok(Said::Accepted(_) | Said::Absent(_)) => {
                self.failures = 0;
                self.delivery.entities[at].removed += 1;
                self.delivering.forget(requests.entity(), std::slice::from_ref(uid)).await?;
            }
            Ok(Said::Refused(refusal)) => {
                self.failures = 0;
                self.delivery.entities[at].refused += 1;
                note.state = "refused";
                note.http_status = Some(i64::from(refusal.status));
                note.words = Some(refusal.words.clone()).filter(|words| !words.is_empty());
                self.delivering.remember(std::slice::from_ref(&note)).await?;
                let finding = self.refused(&refusal);
                let record = Record::of(uid);
                self.delivery.tell_of(self.session, requests.entity(), record, finding);
            }
            Err(FetchError::Io(error)) => return Err(error.into()),
            Err(error) => {
                let FetchError::File(fault) = &error else { return Ok(Some(error)) };
                self.failures += 1;
                if ends(fault) || self.failures >= FAILURES {
                    return Ok(Some(error));
                }
                let finding = self.unknown(Some(crate::tell::message(self.session.texts(), fault)));
                let record = Record::of(uid);
                self.delivery.tell_of(self.session, requests.entity(), record, finding);
            }
        }
        Ok(None)
    }

    fn refused(&self, refusal: &Refusal) -> Finding {
        let status = if refusal.status == 0 { String::new() } else { refusal.status.to_string() };
        let parts = [status, refusal.words.clone()];
        let value = parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ");
        Finding { value: Some(value), expected: Some(self.target.title.clone()), ..Finding::of(&finding::NOT_TAKEN) }
    }

    fn unknown(&self, value: Option<String>) -> Finding {
        Finding { value, expected: Some(self.target.title.clone()), ..Finding::of(&finding::TAKEN_UNKNOWN) }
    }
}

/// What is remembered of a record on its way.
fn noted(requests: &Requests<'_>, parcel: &Parcel<'_>, state: &'static str) -> DeliveredRecord {
    let held = &parcel.due.held;
    DeliveredRecord {
        entity: requests.entity().to_owned(),
        uid: parcel.uid.to_owned(),
        state,
        hash: Some(parcel.due.hash.clone()),
        held: held.held.clone(),
        register_id: held.register_id.clone(),
        place: held.place.clone(),
        sequence: parcel.sequence,
        http_status: None,
        words: None,
    }
}

/// Why many records together were not taken.
enum Together {
    Refused(Refusal),
    Unknown(FetchError),
}

/// Whether a fault is true of every other request too.
fn ends(fault: &Finding) -> bool {
    let all = [
        &finding::UNREACHABLE,
        &finding::CERTIFICATE,
        &finding::LOGIN_REFUSED,
        &finding::HOST_NOT_ALLOWED,
        &finding::SECRET_MISSING,
    ];
    all.iter().any(|rule| rule.code == fault.code)
}

/// The register's id at a place of an answer.
fn id_in(pointer: Option<&str>, answer: Option<&Value>) -> Option<String> {
    let value = answer?.pointer(pointer?)?;
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn removing(method: Method, path: String, key: String) -> Sending {
    let body = (method != Method::Delete).then(|| b"{}".to_vec());
    Sending { method: method.as_str(), path, key: Some(key), body }
}

/// The request that takes a record away; none where the target has none, or nobody knows its address.
pub(super) fn removal_call(requests: &Requests<'_>, removal: &Removal) -> Option<(Method, String)> {
    let Held { place, register_id, .. } = &removal.held;
    let template = requests.template();
    let method = template.settings.remove.as_ref()?.method;
    let path = place.clone().or_else(|| template.removal(&removal.uid, register_id.as_deref()))?;
    Some((method, path))
}
