//! Delivery: the records that another register lacks, sent to it in the order of their references.
//!
//! What is to be sent is a comparison of the registry with what was delivered ([`Plan`]); the sending itself stands in
//! [`courier`]. A record is remembered as sent before it goes out, and as accepted or refused when the register has said
//! so: a program that is stopped in between sends it again, with the same key.

mod away;
mod courier;
mod line;
mod lists;
mod outcome;
mod single;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use polars::prelude::*;
use vienkop_connectors::deliver::Register;
use vienkop_connectors::fetch::FetchError;
use vienkop_connectors::registry::{Deliveries, Registry};
use vienkop_transforms::deliver::{Plan, Requests, Template};
use vienkop_transforms::holdings::Holdings;
use vienkop_transforms::model;

use crate::cli::session::Session;
use crate::config::Target;
use crate::fault::told;
use crate::import::timestamp;
use courier::{Courier, Ids};
use line::Line;
pub(crate) use outcome::Delivery;
use outcome::EntityDelivery;

/// How it is delivered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way<'a> {
    /// Whether anything is sent; else it is only told what would be.
    pub(super) send: bool,
    /// Whether, where nothing is sent, every request is told with its body.
    pub(super) whole: bool,
    /// Whether it goes on where it would take away too much.
    pub(super) approved: bool,
    /// Set to stop between two requests.
    pub(super) cancel: &'a AtomicBool,
}

/// Entities that targets want beside those that are published.
pub(super) fn entities(targets: &[&Target]) -> Vec<&'static str> {
    targets.iter().flat_map(|target| &target.templates).flat_map(Template::reads).collect()
}

/// How long a delivery waits for another to the same target.
const PATIENCE: Duration = Duration::from_secs(5);

/// Delivers to one target. What is wrong with the register, or with our own, is told in the outcome: the other targets go
/// on.
pub(super) async fn deliver(
    session: &Session,
    registry: &Registry,
    target: &Target,
    held: &Holdings,
    way: Way<'_>,
) -> Delivery {
    let locked = async {
        // A delivery may take long; what is published does not wait for it.
        let what = format!("deliver {}", target.id);
        let _lock = if way.send { Some(registry.lock(&what, PATIENCE).await?) } else { None };
        to_target(session, registry, target, held, way).await
    };
    match locked.await {
        Ok(delivery) => delivery,
        Err(error) => Delivery::broken(target, told(session.texts(), &error)),
    }
}

async fn to_target(
    session: &Session,
    registry: &Registry,
    target: &Target,
    held: &Holdings,
    way: Way<'_>,
) -> anyhow::Result<Delivery> {
    let delivered = registry.delivered(&target.id).await?;
    let ids = known_ids(&delivered)?;
    let (requests, plans) = tokio::task::block_in_place(|| planned(target, held, &delivered, &ids))?;
    let mut delivery = Delivery::new(target, &requests, &plans, stray(target, &delivered)?);
    if !way.approved {
        delivery.hold(target, &plans);
    }
    if !way.send {
        delivery.would_send(session, &target.deliver, &requests, &plans, way.whole);
        return Ok(delivery);
    }
    if delivery.held.is_some() {
        return Ok(delivery);
    }
    delivery.begin();
    let register = match Register::open(&target.deliver, &session.config.base, way.cancel) {
        Ok(register) => register,
        Err(error) => {
            delivery.stop(session, error)?;
            return Ok(delivery);
        }
    };
    if plans.iter().all(|plan| plan.due.is_empty() && plan.removals.is_empty() && plan.moved.is_empty()) {
        return Ok(delivery);
    }
    let times = [timestamp(session.as_of), timestamp(session.now)];
    let mut delivering = registry.begin_delivery(&target.id, &times[0], &times[1]).await?;
    let started = Instant::now();
    let mut courier = Courier {
        session,
        target,
        register: &register,
        delivering: &mut delivering,
        delivery: &mut delivery,
        all: &requests,
        cancel: way.cancel,
        ids,
        missing: BTreeMap::new(),
        moved: Vec::new(),
        line: Line::default(),
    };
    let stopped = match courier.carry(&plans).await {
        Ok(stopped) => stopped,
        // What was taken is told all the same.
        Err(error) => {
            delivery.settle();
            delivery.stopped = Some(told(session.texts(), &error));
            return Ok(delivery);
        }
    };
    delivery.settle();
    if let Some(error) = stopped {
        delivery.stop(session, error)?;
    }
    let status = if delivery.stopped.is_some() { "failed" } else { "done" };
    let sum = |of: fn(&EntityDelivery) -> u64| delivery.entities.iter().map(of).sum::<u64>();
    let counts = Deliveries {
        accepted: sum(|entity| entity.created + entity.updated),
        refused: sum(|entity| entity.refused),
        removed: sum(|entity| entity.removed),
        unchanged: sum(|entity| entity.unchanged),
        remaining: sum(|entity| entity.waiting),
    };
    let finished = session.now.checked_add(started.elapsed()).unwrap_or(session.now);
    delivering.finish(status, &timestamp(finished), &counts).await?;
    Ok(delivery)
}

/// The records of a target, and what is to be done with them; both in the order of the entities.
fn planned<'t>(
    target: &'t Target,
    held: &Holdings,
    delivered: &DataFrame,
    ids: &Ids,
) -> anyhow::Result<(Vec<Requests<'t>>, Vec<Plan>)> {
    let id_of = |entity: &str, uid: &str| ids.get(entity)?.get(uid).cloned();
    let mut requests = Vec::new();
    let mut plans = Vec::new();
    for template in &target.templates {
        let of = Requests::new(template, held)?;
        let known = delivered.clone().lazy().filter(col("entity").eq(lit(template.entity.name))).collect()?;
        plans.push(Plan::new(&of, &known, &id_of)?);
        requests.push(of);
    }
    Ok((requests, plans))
}

/// How many records the register has of entities that the target no longer speaks of.
fn stray(target: &Target, delivered: &DataFrame) -> anyhow::Result<u64> {
    let spoken = |name: &str| target.templates.iter().any(|template| template.entity.name == name);
    let (entities, held) = (delivered.column("entity")?.str()?, delivered.column("held")?.str()?);
    let stray = entities.iter().zip(held.iter()).filter(|(entity, held)| held.is_some() && !entity.is_some_and(spoken));
    Ok(stray.count() as u64)
}

/// The register's ids.
fn known_ids(delivered: &DataFrame) -> anyhow::Result<Ids> {
    let text = |name: &str| delivered.column(name).and_then(|column| column.str().cloned());
    let (entities, uids, ids) = (text("entity")?, text("uid")?, text("register_id")?);
    let mut known = Ids::new();
    for ((entity, uid), id) in entities.iter().zip(uids.iter()).zip(ids.iter()) {
        if let (Some(entity), Some(uid), Some(id)) = (entity.and_then(model::entity), uid, id) {
            known.entry(entity.name).or_default().insert(uid.to_owned(), id.to_owned());
        }
    }
    Ok(known)
}

impl Delivery {
    /// Notes why it did not come to its end.
    fn stop(&mut self, session: &Session, error: FetchError) -> anyhow::Result<()> {
        let texts = session.texts();
        self.stopped = Some(match error {
            FetchError::File(finding) => crate::tell::sentence(texts, &finding, None),
            FetchError::Cancelled => {
                self.cancelled = true;
                texts.get("cli-deliver-cancelled", &[])
            }
            FetchError::Io(error) => return Err(error.into()),
        });
        Ok(())
    }
}
