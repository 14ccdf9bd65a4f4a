//! What a delivery came to: JSON for machines, a summary for people.

use serde::Serialize;
use serde_json::value::RawValue;
use vienkop_connectors::deliver::DeliverSettings;
use vienkop_transforms::deliver::{Action, Fill, Plan, RecordSettings, Removal, Requests};
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::model;
use vienkop_transforms::texts::Texts;

use super::super::outcome::by_rule;
use super::away::{can_remove, known_path};
use crate::cli::session::Session;
use crate::cli::{Exit, output};
use crate::config::Target;
use crate::tell;

/// A delivery to one target.
#[derive(Debug, Serialize)]
pub(crate) struct Delivery {
    /// The target.
    pub(crate) target: String,
    /// Its title.
    pub(crate) title: String,
    /// Its server's address.
    pub(crate) url: String,
    /// Whom to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<String>,
    /// Whether anything was sent; else it is told what would be.
    pub(crate) written: bool,
    /// Entities in the order in which they are sent.
    pub(crate) entities: Vec<EntityDelivery>,
    /// Why it did not come to its end.
    pub(crate) stopped: Option<String>,
    /// That it waits for approval.
    pub(crate) held: Option<HeldDelivery>,
    /// Records that the registry no longer holds, and that the target has no request to take away.
    pub(crate) staying: u64,
    /// Records that were not taken, or not sent.
    pub(crate) findings: Vec<Undelivered>,
    /// What would be sent; only where nothing was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) requests: Vec<WouldSend>,
    /// Whether somebody asked to stop.
    #[serde(skip)]
    pub(super) cancelled: bool,
    /// Share of those to be sent that may be left.
    #[serde(skip)]
    max_undelivered_share: f64,
}

/// Records of an entity: what became of them, or would.
#[derive(Debug, Default, Serialize)]
pub(crate) struct EntityDelivery {
    /// The entity.
    pub(crate) entity: &'static str,
    /// New at the register.
    pub(crate) created: u64,
    /// With another content there.
    pub(crate) updated: u64,
    /// Taken away there.
    pub(crate) removed: u64,
    /// There as they are.
    pub(crate) unchanged: u64,
    /// Not taken.
    pub(crate) refused: u64,
    /// Sent, and nobody knows whether it was taken.
    pub(crate) unknown: u64,
    /// Left for the next delivery.
    pub(crate) waiting: u64,
    #[serde(skip)]
    planned: u64,
}

/// A delivery that would take away too much.
#[derive(Debug, Serialize)]
pub(crate) struct HeldDelivery {
    /// The entity.
    pub(crate) entity: &'static str,
    /// Records that the register has.
    pub(crate) there: u64,
    /// How many of them would go.
    pub(crate) removed: u64,
}

/// A request that would be sent.
#[derive(Debug, Serialize)]
pub(crate) struct WouldSend {
    entity: &'static str,
    uid: String,
    /// `create`, `update`, `again` (it was sent, and nobody knows whether it was taken), `remove`.
    action: &'static str,
    method: &'static str,
    /// The whole address; where it takes an id that the register has yet to give, the record's uid stands for it.
    url: String,
    /// As joined to the server's address.
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
}

/// A record that a finding is about.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Record {
    uid: String,
    /// Registration number of the institution that can act.
    owner: Option<String>,
    key: Option<String>,
    name: Option<String>,
    /// Whether it is to be taken away.
    #[serde(skip)]
    is_gone: bool,
}

impl Record {
    /// One that the registry no longer holds: people know it by where it is.
    pub(super) fn gone(uid: &str, removal: &Removal) -> Self {
        Self { uid: uid.to_owned(), key: removal.held.place.clone(), is_gone: true, ..Self::default() }
    }
}

/// A finding on a record that was not taken, or not sent.
#[derive(Debug, Serialize)]
pub(crate) struct Undelivered {
    code: &'static str,
    severity: &'static str,
    entity: &'static str,
    #[serde(flatten)]
    record: Record,
    field: Option<String>,
    /// The register's words.
    value: Option<String>,
    message: String,
    remedy: String,
}

impl Delivery {
    /// What is planned. `stray`: records that the register has of entities that the target no longer speaks of.
    pub(super) fn new(target: &Target, requests: &[Requests<'_>], plans: &[Plan], stray: u64) -> Self {
        let mut staying = stray;
        let entities = requests.iter().zip(plans).map(|(of, plan)| {
            let removed = plan.removals.iter().filter(|removal| can_remove(of.template(), removal)).count() as u64;
            staying += plan.removals.len() as u64 - removed;
            let created = plan.due.iter().filter(|due| due.held.held.is_none()).count() as u64;
            let updated = plan.due.len() as u64 - created;
            let (unchanged, planned) = (plan.unchanged, created + updated + removed);
            EntityDelivery {
                entity: of.entity(),
                created,
                updated,
                removed,
                unchanged,
                planned,
                refused: 0,
                unknown: 0,
                waiting: 0,
            }
        });
        let entities = entities.collect();
        Self {
            target: target.id.clone(),
            title: target.title.clone(),
            url: target.deliver.url().to_owned(),
            contact: target.contact.clone(),
            written: false,
            entities,
            stopped: None,
            held: None,
            staying,
            findings: Vec::new(),
            requests: Vec::new(),
            cancelled: false,
            max_undelivered_share: target.deliver.max_undelivered_share,
        }
    }

    /// One that did not begin, or broke off for a reason of ours.
    pub(super) fn broken(target: &Target, reason: String) -> Self {
        Self { stopped: Some(reason), ..Self::new(target, &[], &[], 0) }
    }

    /// Whether something of it is left.
    pub(crate) fn is_left(&self) -> bool {
        !self.findings.is_empty() || self.stopped.is_some() || self.held.is_some()
    }

    /// Holds it back where it would take away too much of the records of an entity.
    pub(super) fn hold(&mut self, target: &Target, plans: &[Plan]) {
        let too_much = |(entity, plan): &(&EntityDelivery, &Plan)| {
            entity.removed as f64 > target.deliver.max_removed_share * plan.there as f64
        };
        let held = self.entities.iter().zip(plans).find(too_much);
        self.held = held.map(|(entity, plan)| HeldDelivery {
            entity: entity.entity,
            there: plan.there,
            removed: entity.removed,
        });
    }

    /// From now on numbers are of what was done.
    pub(super) fn begin(&mut self) {
        self.written = true;
        for entity in &mut self.entities {
            (entity.created, entity.updated, entity.removed) = (0, 0, 0);
        }
        self.settle();
    }

    /// What was not done is left; findings stand in the order of their records.
    pub(super) fn settle(&mut self) {
        let place = |finding: &Undelivered| self.entities.iter().position(|entity| entity.entity == finding.entity);
        self.findings.sort_by_cached_key(|finding| (finding.code, place(finding), finding.record.key.clone()));
        for entity in &mut self.entities {
            let done = entity.created + entity.updated + entity.removed + entity.refused + entity.unknown;
            entity.waiting = entity.planned.saturating_sub(done);
        }
    }

    /// Tells of a record.
    pub(super) fn tell(&mut self, session: &Session, requests: &Requests<'_>, row: usize, finding: Finding) {
        let record = Record {
            uid: requests.uid(row).to_owned(),
            owner: requests.owner(row).map(str::to_owned),
            key: Some(requests.key(row)),
            name: requests.name(row).map(str::to_owned),
            is_gone: false,
        };
        self.tell_of(session, requests.entity(), record, finding);
    }

    /// Tells of a record of which little is known any more.
    pub(super) fn tell_of(&mut self, session: &Session, entity: &'static str, record: Record, finding: Finding) {
        let texts = session.texts();
        let label = model::entity(entity).map_or(entity, |found| texts.language().of(found.label_lv, found.label_en));
        let (key, name) = (record.key.as_deref().unwrap_or(&record.uid), record.name.as_deref().unwrap_or("–"));
        let which = match (record.is_gone, record.name.is_some()) {
            (true, _) => "deliver-record-gone",
            (false, true) => "deliver-record-named",
            (false, false) => "deliver-record",
        };
        let hint = texts.get(which, &[("entity", label), ("key", key), ("name", name)]);
        let finding =
            Finding { entity: entity.to_owned(), record_key: record.key.clone(), hint: Some(hint), ..finding };
        self.findings.push(Undelivered {
            code: finding.code,
            severity: finding.severity,
            entity,
            field: finding.field.clone(),
            value: finding.value.clone(),
            message: tell::message(texts, &finding),
            remedy: tell::remedy(texts, &finding),
            record,
        });
    }

    /// Notes what would be sent: every request, or the first of each entity.
    pub(super) fn would_send(
        &mut self,
        session: &Session,
        server: &DeliverSettings,
        requests: &[Requests<'_>],
        plans: &[Plan],
        whole: bool,
    ) {
        let id_of = |_: &str, uid: &str| Some(uid.to_owned());
        for (of, plan) in requests.iter().zip(plans) {
            let mut shown = false;
            for due in &plan.due {
                let uid = of.uid(due.row);
                let id = due.held.register_id.as_deref().or(Some(uid));
                let fill = Fill { key: "", sequence: due.held.sequence + 1, id, id_of: &id_of };
                let missing = of.missing(due.row, fill);
                if !missing.is_empty() {
                    let (field, expected) = (Some(missing.join(", ")), Some(self.title.clone()));
                    let finding = Finding { field, expected, ..Finding::of(&finding::NO_ADDRESS) };
                    self.tell(session, of, due.row, finding);
                    continue;
                }
                if shown && !whole {
                    continue;
                }
                shown = true;
                let settings = &of.template().settings;
                let made = of.create(due.row, fill).filter(|_| due.held.register_id.is_none());
                let sent = || Some((settings.send.method, of.send_path(due.row, fill)?));
                let Some((method, path)) = made.or_else(sent) else { continue };
                let body = String::from_utf8(of.body(due.row, fill)).ok().map(|body| as_sent(settings, body));
                let action = match due.action {
                    Action::Create => "create",
                    Action::Update => "update",
                    Action::Again => "again",
                };
                self.requests.push(WouldSend {
                    entity: of.entity(),
                    uid: uid.to_owned(),
                    action,
                    method: method.as_str(),
                    url: server.address(&path),
                    path,
                    body: body.and_then(|body| RawValue::from_string(body).ok()),
                });
            }
        }
        for (of, plan) in requests.iter().zip(plans).rev().filter(|_| whole) {
            let method = of.template().settings.remove.as_ref().map(|call| call.method.as_str());
            for removal in &plan.removals {
                let (Some(method), Some(path)) = (method, known_path(of.template(), removal)) else { continue };
                let (uid, url) = (removal.uid.clone(), server.address(&path));
                let entity = of.entity();
                self.requests.push(WouldSend { entity, uid, action: "remove", method, url, path, body: None });
            }
        }
    }

    /// How the program ends.
    pub(crate) fn exit(&self, strict: bool) -> Exit {
        let sum = |of: fn(&EntityDelivery) -> u64| self.entities.iter().map(of).sum::<u64>();
        let left = sum(|entity| entity.refused + entity.unknown + entity.waiting);
        let all = sum(|entity| entity.planned + entity.unchanged);
        if self.cancelled {
            Exit::CouldNotRun
        } else if self.held.is_some() {
            Exit::ApprovalNeeded
        } else if self.stopped.is_some()
            || left as f64 > self.max_undelivered_share * all as f64
            || (strict && self.findings.iter().any(|finding| finding.severity == "error"))
        {
            Exit::GateFailed
        } else {
            Exit::Done
        }
    }

    /// What a person reads of it. `command`: the one that approves, where it waits.
    pub(crate) fn summary(&self, texts: &Texts, command: &str) -> String {
        let args = [("title", self.title.as_str()), ("url", &self.url)];
        let head = if self.written { "cli-deliver-head" } else { "cli-deliver-head-dry" };
        let mut out = format!("{}\n{}", texts.get(head, &args), self.table(texts));
        out.push_str(&self.told(texts));
        if self.staying > 0 {
            out.push_str(&format!("\n{}\n", texts.count("cli-deliver-staying", &[("count", self.staying)])));
        }
        let mut shown: Vec<&WouldSend> = Vec::new();
        for request in &self.requests {
            if !shown.iter().any(|other| other.entity == request.entity) {
                shown.push(request);
            }
        }
        if !shown.is_empty() {
            out.push_str(&format!("\n{}\n", texts.get("cli-deliver-example", &[])));
        }
        for request in shown {
            let mut body = String::new();
            if let Some(raw) = &request.body {
                let value = serde_json::from_str::<serde_json::Value>(raw.get()).unwrap_or_default();
                let pretty = serde_json::to_string_pretty(&value).unwrap_or_default();
                pretty.lines().for_each(|line| body.push_str(&format!("  {line}\n")));
            }
            let path = format!("{} {}", request.method, request.url);
            out.push_str(&format!("  {path}\n{body}"));
        }
        if let Some(held) = &self.held {
            let (there, removed) = (held.there.to_string(), held.removed.to_string());
            let found = model::entity(held.entity);
            let label = found.map_or(held.entity, |found| texts.language().of(found.label_lv, found.label_en));
            let args = [("entity", label), ("there", there.as_str()), ("removed", &removed), ("command", command)];
            out.push_str(&format!("\n{}\n", texts.get("cli-deliver-held", &args)));
        }
        if let Some(reason) = &self.stopped {
            out.push_str(&format!("\n{}\n", texts.get("cli-deliver-stopped", &[("reason", reason)])));
        }
        out
    }

    /// A line an entity.
    fn table(&self, texts: &Texts) -> String {
        let names = ["entity", "created", "updated", "removed", "unchanged", "refused", "unknown", "waiting"];
        let header: Vec<String> = names.iter().map(|name| texts.get(&format!("cli-deliver-col-{name}"), &[])).collect();
        let rows: Vec<Vec<String>> = self
            .entities
            .iter()
            .map(|entity| {
                let found = model::entity(entity.entity);
                let label = found.map_or(entity.entity, |found| texts.language().of(found.label_lv, found.label_en));
                let numbers = [
                    entity.created,
                    entity.updated,
                    entity.removed,
                    entity.unchanged,
                    entity.refused,
                    entity.unknown,
                    entity.waiting,
                ];
                let numbers = numbers.iter().map(ToString::to_string);
                std::iter::once(label.to_owned()).chain(numbers).collect()
            })
            .collect();
        output::table(&header, &rows, &[1, 2, 3, 4, 5, 6, 7])
    }

    /// A line a rule, below it some of what it found.
    fn told(&self, texts: &Texts) -> String {
        let found =
            self.findings.iter().map(|finding| (finding.code, finding.message.as_str(), finding.remedy.as_str()));
        let mut out = by_rule(texts, found);
        if !out.is_empty() {
            out.insert(0, '\n');
        }
        if let Some(contact) = self.contact.as_ref().filter(|_| !self.findings.is_empty()) {
            out.push_str(&format!("    {}\n", texts.get("cli-deliver-contact", &[("contact", contact)])));
        }
        out
    }
}

/// The body as it goes out: where many records go together, this one alone.
fn as_sent(settings: &RecordSettings, body: String) -> String {
    match settings.batch.as_ref().map(|batch| batch.member.as_deref()) {
        None => body,
        Some(None) => format!("[{body}]"),
        Some(Some(member)) => format!("{{{}:[{body}]}}", serde_json::Value::from(member)),
    }
}
