//! What was delivered to other registers, and what they said to it.

use polars::prelude::*;
use vienkop_transforms::deliver::Held;

use super::Registry;
use super::error::RegistryError;
use super::session::{Session, Value};

/// What is known of a record at another register (table `delivered_record`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveredRecord {
    /// Entity.
    pub entity: String,
    /// Uid.
    pub uid: String,
    /// What is known.
    pub held: Held,
    /// HTTP status of the answer that refused it.
    pub http_status: Option<i64>,
    /// The register's words in that answer.
    pub words: Option<String>,
}

/// How many records of a delivery became what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// Sent and taken.
    pub accepted: u64,
    /// Sent and refused.
    pub refused: u64,
    /// Taken away.
    pub removed: u64,
    /// There already.
    pub unchanged: u64,
    /// Left for the next delivery.
    pub remaining: u64,
}

/// A delivery under way.
pub struct Delivering {
    session: Session,
    target: String,
    number: i64,
}

impl Registry {
    /// What is known of the records at a register: `entity`, `uid`, and the members of [`Held`] as columns (`String`; `maybe`,
    /// 0 or 1, and `sequence` `Int64`), a row a record; by entity and uid.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn delivered(&self, target: &str) -> Result<DataFrame, RegistryError> {
        let text = "SELECT entity, uid, state, hash, held, register_id, address, place, former, maybe, sequence
            FROM delivered_record WHERE target = $1";
        let texts = ["entity", "uid", "state", "hash", "held", "register_id", "address", "place", "former"];
        self.texts_and_numbers(text, &[target.into()], &texts, &["maybe", "sequence"]).await
    }

    /// What is known of a record at all registers: `target`, `state`, `at` (the day or moment that its last delivery is about),
    /// `words` (of the register, where it said something), all `String`; by target.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn delivered_to(&self, uid: &str) -> Result<DataFrame, RegistryError> {
        let text =
            "SELECT r.target, r.state, d.as_of, r.words FROM delivered_record r JOIN delivery d ON d.id = r.delivery
            WHERE r.uid = $1 AND r.state NOT IN ('due', 'removed')";
        self.texts_and_numbers(text, &[uid.into()], &["target", "state", "at", "words"], &[]).await
    }

    /// Begins a delivery. Times are UTC.
    ///
    /// # Errors
    /// The registry cannot be written.
    pub async fn begin_delivery(
        &self,
        target: &str,
        as_of: &str,
        started_at: &str,
    ) -> Result<Delivering, RegistryError> {
        let mut session = self.connect().await?;
        session.begin_writing().await?;
        let number = 1 + session.number("SELECT max(id) FROM delivery", &super::session::Scope::default()).await?;
        let text = "INSERT INTO delivery
            (id, target, as_of, started_at, status, accepted, refused, removed, unchanged, remaining)
            VALUES ($1, $2, $3, $4, 'running', 0, 0, 0, 0, 0)";
        session.bound(text, &[number.into(), target.into(), as_of.into(), started_at.into()]).await?;
        session.commit().await?;
        Ok(Delivering { session, target: target.to_owned(), number })
    }
}

impl Delivering {
    /// Remembers what became of records, all or none of them.
    ///
    /// # Errors
    /// The registry cannot be written.
    pub async fn remember(&mut self, records: &[DeliveredRecord]) -> Result<(), RegistryError> {
        if records.is_empty() {
            return Ok(());
        }
        self.session.begin_writing().await?;
        let target: Value<'_> = self.target.as_str().into();
        for record in records {
            let text =
                "INSERT INTO delivered_record (target, entity, uid, state, hash, held, maybe, register_id, address,
                place, former, sequence, http_status, words, delivery)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
                ON CONFLICT (target, entity, uid) DO UPDATE SET state = excluded.state, hash = excluded.hash,
                held = excluded.held, maybe = excluded.maybe, register_id = excluded.register_id,
                address = excluded.address, place = excluded.place, former = excluded.former,
                sequence = excluded.sequence, http_status = excluded.http_status, words = excluded.words,
                delivery = excluded.delivery";
            let held = &record.held;
            let values = [
                target,
                record.entity.as_str().into(),
                record.uid.as_str().into(),
                held.state.as_deref().unwrap_or("due").into(),
                held.hash.as_deref().into(),
                held.held.as_deref().into(),
                i64::from(held.maybe).into(),
                held.register_id.as_deref().into(),
                held.address.as_deref().into(),
                held.place.as_deref().into(),
                held.former.as_deref().into(),
                held.sequence.into(),
                record.http_status.into(),
                record.words.as_deref().into(),
                self.number.into(),
            ];
            self.session.bound(text, &values).await?;
        }
        self.session.commit().await
    }

    /// Ends the delivery: `done` or `failed`.
    ///
    /// # Errors
    /// The registry cannot be written.
    pub async fn finish(mut self, status: &str, finished_at: &str, counts: &Deliveries) -> Result<(), RegistryError> {
        let number = |count: u64| Value::from(i64::try_from(count).unwrap_or(i64::MAX));
        let text = "UPDATE delivery SET status = $2, finished_at = $3, accepted = $4, refused = $5, removed = $6,
            unchanged = $7, remaining = $8 WHERE id = $1";
        let values = [
            self.number.into(),
            status.into(),
            finished_at.into(),
            number(counts.accepted),
            number(counts.refused),
            number(counts.removed),
            number(counts.unchanged),
            number(counts.remaining),
        ];
        self.session.begin_writing().await?;
        self.session.bound(text, &values).await?;
        self.session.commit().await?;
        self.session.close().await
    }
}
