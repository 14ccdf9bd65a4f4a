//! What was delivered to other registers, and what they said to it.

use polars::prelude::*;

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
    /// `sent`, `removing` (the answer was never received), `accepted`, `refused`.
    pub state: &'static str,
    /// Hash of the content that was sent last.
    pub hash: Option<String>,
    /// Hash of the content that the register is known to have.
    pub held: Option<String>,
    /// The register's id of it.
    pub register_id: Option<String>,
    /// Path of the request that takes it away.
    pub place: Option<String>,
    /// Number of contents of it that were sent.
    pub sequence: i64,
    /// HTTP status of the register's last answer.
    pub http_status: Option<i64>,
    /// Its words.
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
    /// What is known of the records at a register: `entity`, `uid`, `state`, `hash`, `held`, `register_id`, `place`,
    /// `words` (`String`), `sequence` (`Int64`), a row a record; by entity and uid.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn delivered(&self, target: &str) -> Result<DataFrame, RegistryError> {
        let text = "SELECT entity, uid, state, hash, held, register_id, place, words, sequence FROM delivered_record
            WHERE target = $1";
        let texts = ["entity", "uid", "state", "hash", "held", "register_id", "place", "words"];
        self.texts_and_numbers(text, &[target.into()], &texts, &["sequence"]).await
    }

    /// What is known of a record at all registers: `target`, `state`, `at` (the day or moment that its last delivery is about),
    /// `words` (of the register, where it said something), all `String`; by target.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn delivered_to(&self, uid: &str) -> Result<DataFrame, RegistryError> {
        let text =
            "SELECT r.target, r.state, d.as_of, r.words FROM delivered_record r JOIN delivery d ON d.id = r.delivery
            WHERE r.uid = $1";
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
                "INSERT INTO delivered_record (target, entity, uid, state, hash, held, register_id, place, sequence,
                http_status, words, delivery) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                ON CONFLICT (target, entity, uid) DO UPDATE SET state = excluded.state, hash = excluded.hash,
                held = excluded.held, register_id = excluded.register_id, place = excluded.place,
                sequence = excluded.sequence, http_status = excluded.http_status, words = excluded.words,
                delivery = excluded.delivery";
            let values = [
                target,
                record.entity.as_str().into(),
                record.uid.as_str().into(),
                record.state.into(),
                record.hash.as_deref().into(),
                record.held.as_deref().into(),
                record.register_id.as_deref().into(),
                record.place.as_deref().into(),
                record.sequence.into(),
                record.http_status.into(),
                record.words.as_deref().into(),
                self.number.into(),
            ];
            self.session.bound(text, &values).await?;
        }
        self.session.commit().await
    }

    /// Forgets records of an entity: the register has them no more, or never had them.
    ///
    /// # Errors
    /// The registry cannot be written.
    pub async fn forget(&mut self, entity: &str, uids: &[String]) -> Result<(), RegistryError> {
        if uids.is_empty() {
            return Ok(());
        }
        self.session.begin_writing().await?;
        let (target, entity): (Value<'_>, Value<'_>) = (self.target.as_str().into(), entity.into());
        for uid in uids {
            let text = "DELETE FROM delivered_record WHERE target = $1 AND entity = $2 AND uid = $3";
            self.session.bound(text, &[target, entity, uid.as_str().into()]).await?;
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
