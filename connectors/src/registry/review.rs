//! The review queue: pairs of services that may be one, and what a person decides about them.
//!
//! A decision is a run of its own (pipeline `review`): merges and splits are versions, ids stay. What was decided holds
//! for later deliveries: a record keeps the entity it was given, and a decided pair is not asked again.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::DataFrame;
use vienkop_transforms::model::Storage;

use super::Registry;
use super::error::RegistryError;
use super::matching::{CHAIN, PAGE};
use super::merge::{Affected, merge};
use super::queries::Builders;
use super::run::number_run;
use super::session::{Row, Scope, Session, Value};
use super::sql::{self, Staged, Table};

/// Name of the run and source that decisions stand under.
const REVIEW: &str = "review";

/// A pair of services.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewPair {
    /// Its number.
    pub id: i64,
    /// `open`, `accepted` or `rejected`.
    pub status: String,
    /// Likeness, 0 to 1; none for a split by hand.
    pub score: Option<f64>,
    /// Why, as `vienkop_transforms::resolve::matching::Explanation` reads it.
    pub explanation: Option<String>,
    /// The run that found it.
    pub run: i64,
    /// The run that decided it.
    pub decided_run: Option<i64>,
    /// The one that came later; accepted, it becomes the other.
    pub left: ReviewSide,
    /// The one that stays.
    pub right: ReviewSide,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewSide {
    /// Uid of the entity.
    pub uid: String,
    /// Code that the owner uses; none when the entity no longer stands for itself.
    pub code: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Registration number of the owner.
    pub owner_reg_no: Option<String>,
    /// Name of the owner.
    pub owner: Option<String>,
    /// Sources that deliver it.
    pub sources: Vec<String>,
}

/// What a person decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The two of a pair are one.
    Accept(i64),
    /// They are not.
    Reject(i64),
    /// A merge is taken back.
    Undo(i64),
    /// What this source says of an entity becomes an entity of its own.
    Separate {
        /// Uid of the entity.
        uid: String,
        /// The source.
        source: String,
    },
    /// Entities get this group code where no source says one.
    Group {
        /// Their uids.
        uids: Vec<String>,
        /// The code.
        code: String,
    },
}

/// What came of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reviewed {
    /// It is done.
    Done {
        /// The run that it is.
        run: i64,
        /// Entities concerned, those that stay first.
        uids: Vec<String>,
        /// Records that stand for another entity now.
        records: u64,
    },
    /// There is no such pair or entity.
    Unknown,
    /// It was decided before: `accepted` or `rejected`.
    Already(String),
    /// There is nothing to separate: no record of this source, or no other.
    Nothing,
}

impl Registry {
    /// Pairs that wait for a decision, or all, likeliest first.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn review_list(&self, decided: bool, most: usize) -> Result<Vec<ReviewPair>, RegistryError> {
        let mut session = self.connect().await?;
        let rows = session.rows(sql::review::list(decided), &[(most as i64).into()]).await?;
        let pairs = rows.iter().map(pair).collect::<Result<Vec<_>, _>>();
        let mut pairs = pairs.map_err(|error| self.site.error(error))?;
        for side in pairs.iter_mut().flat_map(|pair| [&mut pair.left, &mut pair.right]) {
            let rows = session.rows(sql::review::SOURCES, &[side.uid.as_str().into()]).await?;
            let sources = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>();
            side.sources = sources.map_err(|error| self.site.error(error))?;
        }
        session.close().await?;
        Ok(pairs)
    }

    /// The current services as `vienkop_transforms::resolve::matching::propose_groups` takes them.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn services(&self) -> Result<DataFrame, RegistryError> {
        let mut session = self.connect().await?;
        let statement = sql::matching::held_page(false, ", s.group_code", PAGE);
        let columns = sql::matching::SERVICE_COLUMNS.into_iter().chain(["group_code"]);
        let mut frame = Builders::new(columns.map(|name| (name, Storage::Text)));
        let mut after = String::new();
        loop {
            let rows = session.rows(statement.as_str(), &[after.as_str().into()]).await?;
            for row in &rows {
                frame.push(row, 0, &self.site)?;
            }
            match rows.last() {
                Some(last) if rows.len() == PAGE => after = last.try_get(0).map_err(|error| self.site.error(error))?,
                _ => break,
            }
        }
        session.close().await?;
        frame.finish()
    }

    /// Carries out a decision. `at`: UTC; `as_of`: the day.
    ///
    /// # Errors
    /// The registry cannot be written; then nothing is changed.
    pub async fn decide(&self, decision: &Decision, at: &str, as_of: &str) -> Result<Reviewed, RegistryError> {
        let mut session = self.connect().await?;
        session.begin_writing().await?;
        let rows =
            session.rows("SELECT max(effective_at) FROM run_source WHERE effective_at > $1", &[at.into()]).await?;
        let later = rows.first().map(|row| row.try_get::<Option<String>, _>(0)).transpose();
        let at = later.map_err(|error| self.site.error(error))?.flatten().unwrap_or_else(|| at.to_owned());
        let run = number_run(&mut session, REVIEW, "run", &at, as_of).await?;
        let mut desk = Desk { session, scope: Scope { run, source: REVIEW.to_owned(), at } };
        let reviewed = desk.carry_out(decision).await?;
        if matches!(reviewed, Reviewed::Done { .. }) {
            desk.record().await?;
            desk.session.commit().await?;
        }
        desk.session.tidy().await?;
        desk.session.close().await?;
        Ok(reviewed)
    }
}

/// A decision under way.
struct Desk {
    session: Session,
    scope: Scope,
}

impl Desk {
    async fn carry_out(&mut self, decision: &Decision) -> Result<Reviewed, RegistryError> {
        match decision {
            Decision::Accept(id) => self.accept(*id).await,
            Decision::Reject(id) => self.reject(*id).await,
            Decision::Undo(id) => self.undo(*id).await,
            Decision::Separate { uid, source } => self.separate(uid, source).await,
            Decision::Group { uids, code } => self.group(uids, code).await,
        }
    }

    async fn accept(&mut self, id: i64) -> Result<Reviewed, RegistryError> {
        let Some(found) = self.found(id).await? else { return Ok(Reviewed::Unknown) };
        if found.status == "accepted" {
            return Ok(Reviewed::Already(found.status));
        }
        // Since the pair was asked or rejected, either may have become part of another.
        let uid = self.stands_for(&found.uid).await?;
        let into = self.stands_for(&found.into_uid).await?;
        if uid == into {
            return Ok(Reviewed::Already("accepted".to_owned()));
        }
        let mut found = Found { id, uid, into_uid: into, ..found };
        let pair = [found.uid.as_str().into(), found.into_uid.as_str().into()];
        let rows = self.session.rows(sql::review::PAIR, &pair).await?;
        let asked: Option<i64> = rows.first().map(|row| row.try_get(0)).transpose().map_err(|e| self.error(e))?;
        match asked {
            Some(other) if other != id => {
                self.session.bound(sql::review::FORGET, &[id.into()]).await?;
                found = self.found(other).await?.unwrap_or(found);
            }
            Some(_) => {}
            None => {
                self.session.bound(sql::review::ASK_ABOUT, &[id.into(), pair[0], pair[1]]).await?;
            }
        }
        let [run, at] = [Value::from(self.scope.run), Value::from(self.scope.at.as_str())];
        let [uid, into] = [Value::from(found.uid.as_str()), Value::from(found.into_uid.as_str())];
        self.session.bound(sql::review::REMEMBER_PAST, &[run, uid]).await?;
        let records = self.session.bound(sql::review::REBIND_ALL, &[run, uid, into]).await?;
        self.session.bound(sql::review::DECIDE, &[run, at, found.id.into(), "accepted".into()]).await?;
        // Other pairs ask about what stays.
        for statement in sql::review::FOLLOW {
            self.session.bound(*statement, &[uid, into]).await?;
        }
        self.merge(vec![found.into_uid, found.uid], records, true).await
    }

    /// What an entity has become by merges.
    async fn stands_for(&mut self, uid: &str) -> Result<String, RegistryError> {
        let mut uid = uid.to_owned();
        for _ in 0..CHAIN {
            let rows = self.session.rows(sql::review::MERGED_INTO, &[uid.as_str().into()]).await?;
            match self.texts(&rows)?.into_iter().next() {
                Some(into) => uid = into,
                None => break,
            }
        }
        Ok(uid)
    }

    async fn reject(&mut self, id: i64) -> Result<Reviewed, RegistryError> {
        let Some(found) = self.found(id).await? else { return Ok(Reviewed::Unknown) };
        if found.status != "open" {
            return Ok(Reviewed::Already(found.status));
        }
        let values = [self.scope.run.into(), self.scope.at.as_str().into(), id.into(), "rejected".into()];
        self.session.bound(sql::review::DECIDE, &values).await?;
        Ok(Reviewed::Done { run: self.scope.run, uids: vec![found.into_uid, found.uid], records: 0 })
    }

    /// Gives the records of a merge back to the entity that they stood for before, or would have.
    async fn undo(&mut self, id: i64) -> Result<Reviewed, RegistryError> {
        let Some(found) = self.found(id).await? else { return Ok(Reviewed::Unknown) };
        if found.status != "accepted" {
            return Ok(Reviewed::Already(found.status));
        }
        // What the two became may have been merged on.
        let now = self.stands_for(&found.into_uid).await?;
        let values = [id.into(), found.uid.as_str().into(), now.as_str().into()];
        let rows = self.session.rows(sql::review::RECORDS_OF_MERGE, &values).await?;
        let records = self.texts(&rows)?;
        if records.is_empty() {
            return Ok(Reviewed::Nothing);
        }
        self.give(&records, &now, &found.uid).await?;
        self.merge(vec![now, found.uid], records.len() as u64, true).await
    }

    async fn separate(&mut self, uid: &str, source: &str) -> Result<Reviewed, RegistryError> {
        let rows = self.session.rows(sql::review::RECORDS_OF_SOURCE, &[uid.into(), source.into()]).await?;
        let records = self.texts(&rows)?;
        let others = self.session.rows(sql::review::RECORDS_OF_OTHERS, &[uid.into(), source.into()]).await?;
        if records.is_empty() || others.is_empty() {
            return Ok(Reviewed::Nothing);
        }
        // Each becomes what it would be without the merges; those that were nothing else become one together.
        let mut apart: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut new = None;
        for record in &records {
            let own = match self.before(record, uid).await? {
                Some(own) => own,
                None => new.get_or_insert_with(|| record.clone()).clone(),
            };
            apart.entry(own).or_default().push(record.clone());
        }
        for (own, records) in &apart {
            self.give(records, uid, own).await?;
        }
        let uids = std::iter::once(uid.to_owned()).chain(apart.into_keys()).collect();
        self.merge(uids, records.len() as u64, true).await
    }

    /// The first entity that the record stood for and that became this one by merges.
    async fn before(&mut self, record: &str, uid: &str) -> Result<Option<String>, RegistryError> {
        let rows = self.session.rows(sql::review::UIDS_BEFORE, &[record.into(), uid.into()]).await?;
        for before in self.texts(&rows)? {
            if self.stands_for(&before).await? == uid {
                return Ok(Some(before));
            }
        }
        Ok(None)
    }

    /// Records cease to stand for one entity and stand for another, which is kept apart from it.
    async fn give(&mut self, records: &[String], from: &str, to: &str) -> Result<(), RegistryError> {
        let (run, at) = (self.scope.run, Value::from(self.scope.at.as_str()));
        for record in records {
            let values = [run.into(), record.as_str().into(), to.into()];
            self.session.bound(sql::review::REMEMBER_PAST_OF, &values[..2]).await?;
            self.session.bound(sql::review::REBIND, &values).await?;
        }
        self.session.bound(sql::review::REVIVE, &[to.into(), run.into(), at]).await?;
        self.session.bound(sql::review::KEEP_APART, &[to.into(), from.into(), run.into(), at]).await?;
        Ok(())
    }

    async fn group(&mut self, uids: &[String], code: &str) -> Result<Reviewed, RegistryError> {
        if uids.is_empty() {
            return Ok(Reviewed::Unknown);
        }
        for uid in uids {
            if self.session.rows(sql::review::IS_CURRENT, &[uid.as_str().into()]).await?.is_empty() {
                return Ok(Reviewed::Unknown);
            }
            self.session.bound(sql::review::GROUP, &[uid.as_str().into(), code.into(), self.scope.run.into()]).await?;
        }
        self.merge(uids.to_vec(), 0, false).await
    }

    /// New versions of the services concerned.
    async fn merge(&mut self, mut uids: Vec<String>, records: u64, anew: bool) -> Result<Reviewed, RegistryError> {
        let Some((service, _)) = vienkop_transforms::model::target("service") else { return Ok(Reviewed::Unknown) };
        let mut seen = BTreeSet::new();
        uids.retain(|uid| seen.insert(uid.clone()));
        let table = Table::of(service);
        for statement in Staged::new(table).create_delta() {
            self.session.define(statement).await?;
        }
        merge(&mut self.session, &self.scope, table, &Affected::These { uids: uids.clone(), anew }).await?;
        Ok(Reviewed::Done { run: self.scope.run, uids, records })
    }

    /// The run's record.
    async fn record(&mut self) -> Result<(), RegistryError> {
        let scope = &self.scope;
        let values = [scope.run.into(), scope.source.as_str().into(), scope.at.as_str().into()];
        for statement in sql::review::RECORD {
            self.session.bound(*statement, &values).await?;
        }
        Ok(())
    }

    async fn found(&mut self, id: i64) -> Result<Option<Found>, RegistryError> {
        let rows =
            self.session.rows("SELECT uid, into_uid, status FROM match_decision WHERE id = $1", &[id.into()]).await?;
        let found =
            |row: &Row| Ok(Found { id, uid: row.try_get(0)?, into_uid: row.try_get(1)?, status: row.try_get(2)? });
        rows.first().map(found).transpose().map_err(|error| self.session.site.error(error))
    }

    fn error(&self, error: sqlx::Error) -> RegistryError {
        self.session.site.error(error)
    }

    fn texts(&self, rows: &[Row]) -> Result<Vec<String>, RegistryError> {
        let texts = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>();
        texts.map_err(|error| self.session.site.error(error))
    }
}

struct Found {
    id: i64,
    uid: String,
    into_uid: String,
    status: String,
}

fn pair(row: &Row) -> Result<ReviewPair, sqlx::Error> {
    let side = |from: usize| -> Result<ReviewSide, sqlx::Error> {
        Ok(ReviewSide {
            uid: row.try_get(from)?,
            code: row.try_get(from + 1)?,
            name: row.try_get(from + 2)?,
            owner_reg_no: row.try_get(from + 3)?,
            owner: row.try_get(from + 4)?,
            sources: Vec::new(),
        })
    };
    Ok(ReviewPair {
        id: row.try_get(0)?,
        status: row.try_get(1)?,
        score: row.try_get(2)?,
        explanation: row.try_get(3)?,
        run: row.try_get(4)?,
        decided_run: row.try_get(5)?,
        left: side(6)?,
        right: side(11)?,
    })
}
