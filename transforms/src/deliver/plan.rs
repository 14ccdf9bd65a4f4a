//! What another register lacks of an entity's records, or has too much.

use polars::prelude::*;

use super::fill::IdOf;
use super::requests::Requests;

/// What is known of a record at the other register.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// What was heard of it last: `due` (not sent yet), `sent`, `removing` (no answer was received), `accepted`, `refused`,
    /// `removed`; none: nothing was ever sent of it.
    pub state: Option<String>,
    /// Hash of the content that was sent last.
    pub hash: Option<String>,
    /// Hash of the content that the register is known to have.
    pub held: Option<String>,
    /// Whether the register may have something that nobody heard of.
    pub maybe: bool,
    /// The register's id of it.
    pub register_id: Option<String>,
    /// Where it was sent to: the path of `send` as the target's file had it, and as it was written, a line each.
    pub address: Option<String>,
    /// Path of the request that takes it away.
    pub place: Option<String>,
    /// The same of addresses that it had before and that it is still to be taken away from, a line each.
    pub former: Option<String>,
    /// Number of contents of it that were sent, and of removals.
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

/// A record that is to be taken away, or away from where it was.
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
    /// Records that the registry no longer holds, and that the register has or may have, by uid.
    pub removals: Vec<Removal>,
    /// Records that the register has as they are, and maybe under an address that they had before, by uid.
    pub moved: Vec<Removal>,
    /// Records that the register has as they are.
    pub unchanged: u64,
    /// Records that the register has or may have, whatever their content.
    pub there: u64,
}

/// Columns of what is known of the records at the register: `uid`, then these texts, then these numbers.
const TEXTS: [&str; 7] = ["state", "hash", "held", "register_id", "address", "place", "former"];
const NUMBERS: [&str; 2] = ["maybe", "sequence"];

impl Plan {
    /// Compares the records with what was delivered: `uid` and the members of [`Held`] as columns (`String`; `maybe`, 0 or 1,
    /// and `sequence` `Int64`), a row a record.
    ///
    /// # Errors
    /// A column is missing.
    pub fn new(requests: &Requests<'_>, delivered: &DataFrame, id_of: &IdOf<'_>) -> PolarsResult<Self> {
        let uids: StringChunked = (0..requests.len()).map(|row| Some(requests.uid(row))).collect();
        let rows: Int64Chunked = (0..requests.len()).map(|row| Some(row as i64)).collect();
        let hashes: StringChunked = (0..requests.len()).map(|row| Some(requests.hash(row, id_of))).collect();
        let now = DataFrame::new(
            requests.len(),
            vec![
                uids.with_name("uid".into()).into_series().into(),
                rows.with_name("row".into()).into_series().into(),
                hashes.with_name("now".into()).into_series().into(),
            ],
        )?;
        let on = || [col("uid")];
        let by_uid = |frame: LazyFrame| frame.sort(["uid"], SortMultipleOptions::default()).collect();
        let known = delivered.clone().lazy();
        let there = || col("held").is_not_null().or(col("maybe").eq(lit(1)));
        let same = || col("state").eq(lit("accepted")).and(col("held").eq(col("now"))).fill_null(lit(false));
        let all = now.clone().lazy().join(known.clone(), on(), on(), JoinArgs::new(JoinType::Left)).collect()?;
        let due = by_uid(all.clone().lazy().filter(same().not()))?;
        let moved = by_uid(all.lazy().filter(same().and(col("former").is_not_null())))?;
        let gone = known.clone().join(now.lazy(), on(), on(), JoinArgs::new(JoinType::Anti));
        let gone = by_uid(gone.filter(there()))?;
        let mut plan = Self {
            unchanged: (requests.len() - due.height()) as u64,
            there: known.filter(there()).collect()?.height() as u64,
            removals: removals(&gone)?,
            moved: removals(&moved)?,
            ..Self::default()
        };
        let (columns, rows, hashes) = (Columns::of(&due)?, due.column("row")?.i64()?, due.column("now")?.str()?);
        for at in 0..due.height() {
            let held = columns.held(at);
            let action = match held.state.as_deref() {
                Some("sent" | "removing") => Action::Again,
                _ if held.held.is_some() => Action::Update,
                _ => Action::Create,
            };
            let row = usize::try_from(rows.get(at).unwrap_or_default()).unwrap_or_default();
            plan.due.push(Due { row, hash: hashes.get(at).unwrap_or_default().to_owned(), action, held });
        }
        Ok(plan)
    }
}

fn removals(frame: &DataFrame) -> PolarsResult<Vec<Removal>> {
    let (columns, uids) = (Columns::of(frame)?, frame.column("uid")?.str()?);
    let each = uids
        .iter()
        .enumerate()
        .map(|(at, uid)| Removal { uid: uid.unwrap_or_default().to_owned(), held: columns.held(at) });
    Ok(each.collect())
}

struct Columns {
    texts: [StringChunked; 7],
    numbers: [Int64Chunked; 2],
}

impl Columns {
    fn of(frame: &DataFrame) -> PolarsResult<Self> {
        let text =
            |name: &str| -> PolarsResult<StringChunked> { Ok(frame.column(name)?.str()?.rechunk().into_owned()) };
        let number =
            |name: &str| -> PolarsResult<Int64Chunked> { Ok(frame.column(name)?.i64()?.rechunk().into_owned()) };
        let [state, hash, held, id, address, place, former] = TEXTS;
        let [maybe, sequence] = NUMBERS;
        let (state, hash, held, id) = (text(state)?, text(hash)?, text(held)?, text(id)?);
        let texts = [state, hash, held, id, text(address)?, text(place)?, text(former)?];
        Ok(Self { texts, numbers: [number(maybe)?, number(sequence)?] })
    }

    fn held(&self, at: usize) -> Held {
        let [state, hash, held, register_id, address, place, former] =
            self.texts.each_ref().map(|column| column.get(at).map(str::to_owned));
        let [maybe, sequence] = self.numbers.each_ref().map(|column| column.get(at).unwrap_or_default());
        Held { state, hash, held, maybe: maybe == 1, register_id, address, place, former, sequence }
    }
}
