//! What another register lacks of an entity's records, or has too much.

use polars::prelude::*;

use super::requests::Requests;
use crate::holdings::one_of;

/// What is known of a record at the other register.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
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
}

/// What is to be done with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The register does not have it.
    Create,
    /// The register has another content of it.
    Update,
    /// It was sent, and the answer never received: the register may have it or not.
    Again,
}

/// A record that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its row.
    pub row: usize,
    /// Hash of its content.
    pub hash: String,
    /// What is to be done.
    pub action: Action,
    /// What is known of it.
    pub held: Held,
}

/// A record that the registry no longer holds, and the other register has or may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Its uid.
    pub uid: String,
    /// What is known of it.
    pub held: Held,
}

/// What is to be done for one entity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Records to send, by uid.
    pub due: Vec<Due>,
    /// Records to take away, by uid.
    pub removals: Vec<Removal>,
    /// Records that the register never took and that are gone here too.
    pub forgotten: Vec<String>,
    /// Records that the register has as they are.
    pub unchanged: u64,
    /// Records that the register has or may have, whatever their content.
    pub there: u64,
}

/// States in which nobody knows what the register has.
const UNKNOWN: [&str; 2] = ["sent", "removing"];

/// Columns of what is known of the records at the register: `uid`, then these texts, then `sequence`.
const KNOWN: [&str; 5] = ["hash", "held", "state", "register_id", "place"];

impl Plan {
    /// Compares the records with what was delivered: `uid`, `state` (`sent`: the answer was never received, `removing`: the
    /// same of its removal, `accepted`, `refused`), `hash`, `held`, `register_id`, `place` (`String`), `sequence` (`Int64`).
    ///
    /// # Errors
    /// A column is missing.
    pub fn new(requests: &Requests<'_>, delivered: &DataFrame) -> PolarsResult<Self> {
        let uids: StringChunked = (0..requests.len()).map(|row| Some(requests.uid(row))).collect();
        let rows: Int64Chunked = (0..requests.len()).map(|row| Some(row as i64)).collect();
        let now = DataFrame::new(
            requests.len(),
            vec![
                uids.with_name("uid".into()).into_series().into(),
                rows.with_name("row".into()).into_series().into(),
                requests.hashes().with_name("now".into()).into_series().into(),
            ],
        )?;
        let on = || [col("uid")];
        let known = delivered.clone().lazy();
        let there = col("held").is_not_null().or(one_of(&col("state"), &UNKNOWN));
        let same = col("state").eq(lit("accepted")).and(col("held").eq(col("now"))).fill_null(lit(false));
        let all = now.clone().lazy().join(known.clone(), on(), on(), JoinArgs::new(JoinType::Left)).collect()?;
        let count = |frame: LazyFrame| -> PolarsResult<u64> { Ok(frame.collect()?.height() as u64) };
        let sends = all.lazy().filter(same.not()).sort(["uid"], SortMultipleOptions::default()).collect()?;
        let gone = known.clone().join(now.lazy(), on(), on(), JoinArgs::new(JoinType::Anti));
        let gone = gone.with_column(there.clone().alias("there")).sort(["uid"], SortMultipleOptions::default());
        let removals = gone.clone().filter(col("there")).collect()?;
        let forgotten = gone.filter(col("there").not()).select([col("uid")]).collect()?;
        let mut plan = Self {
            unchanged: (requests.len() - sends.height()) as u64,
            there: count(known.filter(there))?,
            forgotten: forgotten.column("uid")?.str()?.iter().flatten().map(str::to_owned).collect(),
            ..Self::default()
        };
        let (columns, rows, hashes) = (Columns::of(&sends)?, sends.column("row")?.i64()?, sends.column("now")?.str()?);
        for at in 0..sends.height() {
            let held = columns.held(at);
            let action = match (&held.held, columns.is_unknown(at)) {
                (_, true) => Action::Again,
                (Some(_), false) => Action::Update,
                (None, false) => Action::Create,
            };
            let row = usize::try_from(rows.get(at).unwrap_or_default()).unwrap_or_default();
            plan.due.push(Due { row, hash: hashes.get(at).unwrap_or_default().to_owned(), action, held });
        }
        let (columns, uids) = (Columns::of(&removals)?, removals.column("uid")?.str()?);
        for at in 0..removals.height() {
            let uid = uids.get(at).unwrap_or_default().to_owned();
            plan.removals.push(Removal { uid, held: columns.held(at) });
        }
        Ok(plan)
    }
}

struct Columns {
    texts: [StringChunked; 5],
    sequence: Int64Chunked,
}

impl Columns {
    fn of(frame: &DataFrame) -> PolarsResult<Self> {
        let text =
            |name: &str| -> PolarsResult<StringChunked> { Ok(frame.column(name)?.str()?.rechunk().into_owned()) };
        let [hash, held, state, id, place] = KNOWN;
        let texts = [text(hash)?, text(held)?, text(state)?, text(id)?, text(place)?];
        Ok(Self { texts, sequence: frame.column("sequence")?.i64()?.rechunk().into_owned() })
    }

    fn is_unknown(&self, at: usize) -> bool {
        self.texts[2].get(at).is_some_and(|state| UNKNOWN.contains(&state))
    }

    fn held(&self, at: usize) -> Held {
        let text = |n: usize| self.texts[n].get(at).map(str::to_owned);
        let sequence = self.sequence.get(at).unwrap_or_default();
        Held { hash: text(0), held: text(1), register_id: text(3), place: text(4), sequence }
    }
}
