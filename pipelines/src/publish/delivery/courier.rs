//! The sending: window after window of records, each remembered before it goes out and after the register has answered.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::Value;
use vienkop_connectors::deliver::{Refusal, Register, Said, Sending};
use vienkop_connectors::fetch::FetchError;
use vienkop_connectors::registry::{DeliveredRecord, Delivering};
use vienkop_transforms::deliver::{Batch, Due, Fill, Held, Method, Plan, Removal, Requests, Results, Template};
use vienkop_transforms::digest::sha256;
use vienkop_transforms::finding::{self, Finding};

use super::outcome::{Delivery, Record};
use crate::cli::session::Session;
use crate::config::Target;
use crate::tell;

/// Requests of one window for each that may be under way: so often at most is the registry written.
const WINDOW: usize = 8;
/// Records of one window, at most.
const WINDOW_RECORDS: usize = 4_000;
/// Failures one after another after which an entity is left for the next delivery.
const FAILURES: u32 = 3;
/// Characters of the hash in an idempotency key.
const KEY_HASH: usize = 32;
/// Characters of an id that a register gives out, at most.
const ID_CHARS: usize = 200;

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

/// How the register does.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Whether it has ever answered.
    spoken: AtomicBool,
    /// Whether it has taken anything.
    taken: AtomicBool,
    /// Failures one after another.
    failures: AtomicU32,
    /// Nothing more is sent of this entity.
    halted: AtomicBool,
    /// Nothing more is sent at all.
    ended: AtomicBool,
}

/// A record on its way.
struct Parcel<'p> {
    due: &'p Due,
    uid: &'p str,
    hash: String,
    sequence: i64,
    key: String,
    /// Path of `send`; none where it takes the register's id, which is not known yet.
    path: Option<String>,
}

/// What became of a record.
enum Became {
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
enum Ended {
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
    fn ended(&self, last: Option<Finding>) -> Option<Ended> {
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

    fn id_of(&self, entity: &str, uid: &str) -> Option<String> {
        self.ids.get(entity)?.get(uid).cloned()
    }

    fn is_missing(&self, entity: &str, uid: &str) -> bool {
        self.missing.get(entity).is_some_and(|missing| missing.contains(uid))
    }

    async fn one_by_one(&self, requests: &Requests<'_>, parcels: &[Parcel<'_>]) -> std::io::Result<Vec<Became>> {
        let each = parcels.iter().map(|parcel| async {
            if self.line.stops() || self.cancel.load(Ordering::Relaxed) {
                return Ok(Became::Unsent);
            }
            let became = self.one(requests, parcel).await;
            self.heard(became)
        });
        let all: Vec<std::io::Result<Became>> =
            stream::iter(each).buffered(self.target.deliver.concurrent()).collect().await;
        all.into_iter().collect()
    }

    /// Notes how the register does.
    fn heard(&self, became: Result<Became, FetchError>) -> std::io::Result<Became> {
        Ok(match became {
            Ok(became) => {
                match &became {
                    Became::Accepted { .. } => self.line.took(),
                    // It knows us and does not let us: mostly true of any other record too.
                    Became::Refused(refusal) if refusal.status == 403 && !self.line.taken.load(Ordering::Relaxed) => {
                        self.line.fails(false);
                    }
                    _ => self.line.failures.store(0, Ordering::Relaxed),
                }
                became
            }
            Err(FetchError::File(fault)) => {
                self.line.fails(ends(&fault));
                Became::Unknown(fault)
            }
            // It may have gone out.
            Err(FetchError::Cancelled) => Became::Likewise,
            Err(FetchError::Io(error)) => return Err(error),
        })
    }

    /// Sends one record.
    async fn one(&self, requests: &Requests<'_>, parcel: &Parcel<'_>) -> Result<Became, FetchError> {
        let settings = &requests.template().settings;
        if settings.create.is_none() {
            return Ok(match self.put(requests, parcel, parcel.due.held.register_id.as_deref()).await? {
                Said::Accepted(_, answer) => {
                    let id = settings.id.as_ref().and_then(|pointer| answer?.pointer(pointer).and_then(id_of_value));
                    Became::Accepted { id }
                }
                Said::Absent(refusal) | Said::Refused(refusal) => Became::Refused(refusal),
            });
        }
        if let Some(id) = &parcel.due.held.register_id {
            match self.put(requests, parcel, Some(id)).await? {
                Said::Accepted(..) => return Ok(Became::Accepted { id: Some(id.clone()) }),
                Said::Refused(refusal) => return Ok(Became::Refused(refusal)),
                // Somebody has taken it away there.
                Said::Absent(_) => {}
            }
        }
        let mut waits = self.register.waits();
        loop {
            // Whatever is known here, from a backup maybe, and each time before it is made: it may be there already.
            match self.find(requests, parcel.due.row, parcel.uid).await? {
                Err(refusal) => return Ok(Became::Refused(refusal)),
                Ok(Some(id)) => {
                    return Ok(match self.put(requests, parcel, Some(&id)).await? {
                        Said::Accepted(..) => Became::Accepted { id: Some(id) },
                        Said::Absent(refusal) | Said::Refused(refusal) => Became::Refused(refusal),
                    });
                }
                Ok(None) => {}
            }
            match self.create(requests, parcel).await {
                // Where the connection broke, the next question says whether anybody is there.
                Err(FetchError::File(fault)) if !ends(&fault) || fault.code == finding::UNREACHABLE.code => {
                    match waits.next() {
                        Some(wait) => self.register.wait(wait).await?,
                        None => return Err(FetchError::File(fault)),
                    }
                }
                other => return other,
            }
        }
    }

    async fn put(&self, requests: &Requests<'_>, parcel: &Parcel<'_>, id: Option<&str>) -> Result<Said, FetchError> {
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let fill = Fill { key: &parcel.key, sequence: parcel.sequence, id, id_of: &id_of };
        let path = requests.send_path(parcel.due.row, fill).ok_or_else(|| no_path(requests))?;
        let method = requests.template().settings.send.method.as_str();
        let body = Some(requests.body(parcel.due.row, fill));
        self.register.send(&Sending { method, path, key: Some(parcel.key.clone()), body, once: false }).await
    }

    /// The register's id of a record; none where it does not have it.
    async fn find(
        &self,
        requests: &Requests<'_>,
        row: usize,
        uid: &str,
    ) -> Result<Result<Option<String>, Refusal>, FetchError> {
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let fill = Fill { key: "", sequence: 0, id: None, id_of: &id_of };
        let path = requests.find_path(row, fill).ok_or_else(|| no_path(requests))?;
        self.found(requests.template(), path, uid).await
    }

    /// What the register answers to `find`.
    async fn found(
        &self,
        template: &Template,
        path: String,
        uid: &str,
    ) -> Result<Result<Option<String>, Refusal>, FetchError> {
        let Some(find) = &template.settings.find else { return Ok(Ok(None)) };
        let answer = match self.register.ask(&path).await? {
            Said::Accepted(_, answer) => answer,
            Said::Absent(_) => return Ok(Ok(None)),
            Said::Refused(refusal) => return Ok(Err(refusal)),
        };
        let Some(value) = answer.as_ref().and_then(|answer| answer.pointer(&find.id)).filter(|id| !id.is_null()) else {
            return Ok(Ok(None));
        };
        let of_it = answer.as_ref().and_then(|answer| answer.pointer(&find.uid)).and_then(Value::as_str) == Some(uid);
        let id = id_of_value(value).filter(|_| of_it);
        let others = self.ids.get(template.entity.name);
        let is_anothers =
            |id: &String| others.is_some_and(|ids| ids.iter().any(|(of, known)| known == id && of != uid));
        if let Some(id) = id.filter(|id| !is_anothers(id)) {
            return Ok(Ok(Some(id)));
        }
        let sending = Sending { method: "GET", path, key: None, body: None, once: false };
        let wanted = format!("find.id = \"{}\", find.uid = \"{}\"", find.id, find.uid);
        Err(self.register.unclear(&sending, answer.as_ref(), &wanted).into())
    }

    async fn create(&self, requests: &Requests<'_>, parcel: &Parcel<'_>) -> Result<Became, FetchError> {
        // Another request than the one that writes over a record: some registers compare what a key came with.
        let key = format!("{}-create", parcel.key);
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let fill = Fill { key: &key, sequence: parcel.sequence, id: None, id_of: &id_of };
        let (method, path) = requests.create(parcel.due.row, fill).ok_or_else(|| no_path(requests))?;
        let body = Some(requests.body(parcel.due.row, fill));
        let sending = Sending { method: method.as_str(), path, key: Some(key.clone()), body, once: true };
        let answer = match self.register.send(&sending).await? {
            Said::Accepted(_, answer) => answer,
            Said::Refused(refusal) | Said::Absent(refusal) => return Ok(Became::Refused(refusal)),
        };
        let pointer = requests.template().settings.id.as_deref().unwrap_or_default();
        if let Some(id) = answer.as_ref().and_then(|answer| answer.pointer(pointer)).and_then(id_of_value) {
            return Ok(Became::Accepted { id: Some(id) });
        }
        match self.find(requests, parcel.due.row, parcel.uid).await? {
            Ok(Some(id)) => Ok(Became::Accepted { id: Some(id) }),
            _ => Err(self.register.unclear(&sending, answer.as_ref(), &format!("id = \"{pointer}\"")).into()),
        }
    }

    async fn in_batches(
        &self,
        requests: &Requests<'_>,
        batch: &Batch,
        parcels: &[Parcel<'_>],
    ) -> std::io::Result<Vec<Became>> {
        let each = parcels.chunks(batch.size as usize).map(|parcels| self.batch(requests, batch, parcels));
        let all: Vec<std::io::Result<Vec<Became>>> =
            stream::iter(each).buffered(self.target.deliver.concurrent()).collect().await;
        Ok(all.into_iter().collect::<std::io::Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// Sends many records in one request; in halves, where they are refused without saying which.
    async fn batch(
        &self,
        requests: &Requests<'_>,
        batch: &Batch,
        parcels: &[Parcel<'_>],
    ) -> std::io::Result<Vec<Became>> {
        let mut done: Vec<Option<Became>> = parcels.iter().map(|_| None).collect();
        let mut open: Vec<Range<usize>> = std::iter::once(0..parcels.len()).collect();
        while let Some(range) = open.pop() {
            if self.line.stops() || self.cancel.load(Ordering::Relaxed) {
                break;
            }
            let some = &parcels[range.clone()];
            match self.together(requests, batch, some).await {
                Ok(Err(_)) if some.len() > 1 => {
                    let middle = range.start + some.len() / 2;
                    open.extend([middle..range.end, range.start..middle]);
                }
                Ok(Err(refusal)) => done[range.start] = Some(self.heard(Ok(Became::Refused(refusal)))?),
                Ok(Ok(results)) => {
                    for (at, became) in range.zip(results) {
                        done[at] = Some(self.heard(Ok(became))?);
                    }
                }
                Err(error) => {
                    let first = range.start;
                    for at in range {
                        done[at] = Some(Became::Likewise);
                    }
                    done[first] = Some(self.heard(Err(error))?);
                }
            }
        }
        Ok(done.into_iter().map(|became| became.unwrap_or(Became::Unsent)).collect())
    }

    /// Sends many records in one request: what became of each, or why all of them are refused.
    async fn together(
        &self,
        requests: &Requests<'_>,
        batch: &Batch,
        parcels: &[Parcel<'_>],
    ) -> Result<Result<Vec<Became>, Refusal>, FetchError> {
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
        let method = requests.template().settings.send.method.as_str();
        let path = parcels.first().and_then(|parcel| parcel.path.clone()).ok_or_else(|| no_path(requests))?;
        let sending = Sending { method, path, key: Some(sha256(&key)), body: Some(body), once: false };
        let (status, answer) = match self.register.send(&sending).await? {
            Said::Accepted(status, answer) => (status, answer),
            Said::Refused(refusal) | Said::Absent(refusal) => return Ok(Err(refusal)),
        };
        let found = match &batch.results {
            // 207: of some of them something else is true.
            None => (status != 207).then(|| parcels.iter().map(|_| Became::Accepted { id: None }).collect()),
            Some(results) => answer.as_ref().and_then(|answer| self.results(results, answer, parcels)),
        };
        let wanted = match &batch.results {
            Some(results) => format!("batch.results.at = \"{}\", status = \"{}\"", results.at, results.status),
            None => "batch.results (207)".to_owned(),
        };
        found.map(Ok).ok_or_else(|| self.register.unclear(&sending, answer.as_ref(), &wanted).into())
    }

    /// What an answer says of each record; none where it does not speak of all of them.
    fn results(&self, results: &Results, answer: &Value, parcels: &[Parcel<'_>]) -> Option<Vec<Became>> {
        let items = answer.pointer(&results.at)?.as_array().filter(|items| items.len() == parcels.len())?;
        let by_uid: Option<BTreeMap<&str, &Value>> = results
            .uid
            .as_ref()
            .map(|pointer| items.iter().filter_map(|item| Some((item.pointer(pointer)?.as_str()?, item))).collect());
        let each = parcels.iter().enumerate().map(|(at, parcel)| {
            let item = match &by_uid {
                Some(items) => *items.get(parcel.uid)?,
                None => items.get(at)?,
            };
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
        });
        each.collect()
    }

    /// Takes away what the registry no longer holds, and what stands under an address that it no longer has.
    async fn away(&mut self, at: usize, requests: &Requests<'_>, plan: &Plan) -> anyhow::Result<Option<Ended>> {
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
        let gone = match path.filter(|path| !taken.contains(path)) {
            // It never was there, or another record stands in its place.
            None => true,
            Some(path) => {
                self.delivering.remember(std::slice::from_ref(&note)).await?;
                let (gone, finding, fault) =
                    self.take_away(&removing(method, path, format!("{uid}-removed-{sequence}"))).await?;
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
                true
            }
        };
        debug_assert!(gone);
        self.delivery.entities[at].removed += 1;
        // The number is kept: what comes back has another key.
        note.held = Held { state: Some("removed".to_owned()), sequence, ..Held::default() };
        self.delivering.remember(std::slice::from_ref(&note)).await?;
        Ok(None)
    }

    fn refused(&self, refusal: &Refusal) -> Finding {
        let status = if refusal.status == 0 { String::new() } else { refusal.status.to_string() };
        let parts = [status, refusal.words.clone()];
        let value = parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ");
        Finding { value: Some(value), expected: Some(self.target.title.clone()), ..Finding::of(&finding::NOT_TAKEN) }
    }

    fn unknown(&self, fault: &Finding) -> Finding {
        let value = Some(tell::message(self.session.texts(), fault));
        Finding { value, expected: Some(self.target.title.clone()), ..Finding::of(&finding::TAKEN_UNKNOWN) }
    }
}

impl Line {
    fn took(&self) {
        self.taken.store(true, Ordering::Relaxed);
        self.failures.store(0, Ordering::Relaxed);
    }

    /// A failure; `ends`: true of every other request too.
    fn fails(&self, ends: bool) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if ends {
            self.ended.store(true, Ordering::Relaxed);
        } else if failures >= FAILURES {
            self.halted.store(true, Ordering::Relaxed);
        }
    }

    fn stops(&self) -> bool {
        self.halted.load(Ordering::Relaxed) || self.ended.load(Ordering::Relaxed)
    }

    /// Another entity begins.
    fn begin(&self) {
        self.failures.store(0, Ordering::Relaxed);
        self.halted.store(false, Ordering::Relaxed);
    }
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

/// An id that can be one.
fn id_of_value(value: &Value) -> Option<String> {
    let id = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let is_sound = !id.is_empty() && id.chars().count() <= ID_CHARS && !id.chars().any(char::is_control);
    // A value of dots alone would lead to another address.
    (is_sound && !id.bytes().all(|byte| byte == b'.')).then_some(id)
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Status and words of a refusal, as they are remembered.
fn said(refusal: &Refusal) -> (Option<i64>, Option<String>) {
    let words = Some(refusal.words.clone()).filter(|words| !words.is_empty());
    (Some(i64::from(refusal.status)).filter(|status| *status > 0), words)
}

/// Looked at before anything is sent; so it does not happen.
fn no_path(requests: &Requests<'_>) -> FetchError {
    Finding { entity: requests.entity().to_owned(), ..Finding::of(&finding::NO_ADDRESS) }.into()
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
