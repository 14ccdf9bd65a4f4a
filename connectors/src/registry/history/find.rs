//! Which entity a person means: by uid, the beginning of one, a source's record, or a natural key.

use vienkop_transforms::fold::fold;
use vienkop_transforms::model::{self, Entity, Storage};

use super::super::Registry;
use super::super::error::RegistryError;
use super::super::session::{Session, Value};
use super::super::sql::Table;
use super::super::sql::history as statements;
use super::{FieldValue, field_values, lines, shape};

/// The shortest beginning of a uid that is looked for.
const PREFIX: usize = 8;
/// How many candidates are listed at most.
const MOST: usize = 20;

/// An entity.
#[derive(Debug, Clone)]
pub struct Subject {
    /// What it is.
    pub entity: &'static Entity,
    /// Its uid.
    pub uid: String,
    /// Its name, as of its latest version.
    pub name: Option<String>,
    /// Its natural key, `90000000001/P-12`, as of its latest version.
    pub key: String,
    /// Whether it is there now; otherwise it was retired.
    pub current: bool,
}

/// What was found.
#[derive(Debug, Clone)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// Nothing but a record that was never accepted: its number in quarantine and its source.
    Quarantined(i64, String),
    /// The entity.
    One(Box<Subject>),
    /// Several that it could be; true: there are more than these.
    Several(Vec<Subject>, bool),
}

impl Registry {
    /// Finds the entity that `text` means: a uid, at least the first eight characters of one, the uid of a source's
    /// record, `entity:key`, or a key alone.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn find(&self, text: &str) -> Result<Found, RegistryError> {
        let text = text.trim();
        let mut session = self.connect().await?;
        let mut found: Vec<(&'static Entity, String)> = Vec::new();
        if let Some((entity, key)) = named(text) {
            found = by_key(&mut session, entity, key).await?;
        } else {
            let prefix = text.to_lowercase();
            if prefix.len() >= PREFIX && prefix.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
                found = by_uid(&mut session, &prefix).await?;
                if found.is_empty()
                    && let Some(row) = self.quarantined(&prefix).await?
                {
                    return Ok(Found::Quarantined(row.id, row.source));
                }
            }
            if found.is_empty() && !text.is_empty() {
                for entity in model::registered() {
                    found.extend(by_key(&mut session, entity, text).await?);
                }
            }
        }
        let more = found.len() > MOST;
        let mut subjects = Vec::new();
        for (entity, uid) in found.into_iter().take(MOST) {
            subjects.extend(subject(&mut session, entity, uid).await?);
        }
        Ok(match subjects.pop() {
            None => Found::Nothing,
            Some(one) if subjects.is_empty() => Found::One(Box::new(one)),
            Some(last) => {
                subjects.push(last);
                Found::Several(subjects, more)
            }
        })
    }
}

/// `service:P-12`, `pakalpojums:P-12`.
fn named(text: &str) -> Option<(&'static Entity, &str)> {
    let (name, key) = text.split_once(':')?;
    let folded = fold(name);
    let same =
        |entity: &&'static Entity| [entity.name, entity.label_lv, entity.label_en].iter().any(|n| fold(n) == folded);
    model::registered().find(same).map(|entity| (entity, key.trim()))
}

async fn by_uid(session: &mut Session, prefix: &str) -> Result<Vec<(&'static Entity, String)>, RegistryError> {
    // What follows a prefix in a uid is a hexadecimal digit or a hyphen; `g` comes after all of them.
    let end = format!("{prefix}g");
    let values: [Value<'_>; 2] = [prefix.into(), end.as_str().into()];
    let rows = lines(session, statements::by_uid(MOST + 1), &values, &[Storage::Text; 2]).await?;
    let pair = |mut line: super::Line| Some((model::entity(&line.text(0)?)?, line.text(1)?));
    Ok(rows.into_iter().filter_map(pair).collect())
}

/// By a natural key (all its parts with `/` between, the last part alone for what is no link), else by the key that a
/// source knows the record by. What is there now goes before what was retired.
async fn by_key(
    session: &mut Session,
    entity: &'static Entity,
    key: &str,
) -> Result<Vec<(&'static Entity, String)>, RegistryError> {
    let mut asked: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for names in entity.keys {
        let parts: Vec<&str> = key.splitn(names.len(), '/').map(str::trim).collect();
        if parts.len() == names.len() {
            asked.push((names.to_vec(), parts));
        } else if let (Some(last), 1, false) = (names.last(), parts.len(), entity.link) {
            asked.push((vec![last], parts));
        }
    }
    for current in [true, false] {
        let mut found: Vec<String> = Vec::new();
        for (names, parts) in &asked {
            let values: Vec<Value<'_>> = parts.iter().map(|part| (*part).into()).collect();
            let statement = statements::by_fields(entity, names, current, MOST + 1);
            found.extend(uids(session, statement, &values).await?);
        }
        if !found.is_empty() {
            found.sort();
            found.dedup();
            return Ok(found.into_iter().map(|uid| (entity, uid)).collect());
        }
    }
    let found = uids(session, statements::by_source_key(entity, MOST + 1), &[key.into()]).await?;
    Ok(found.into_iter().map(|uid| (entity, uid)).collect())
}

async fn uids(session: &mut Session, statement: String, values: &[Value<'_>]) -> Result<Vec<String>, RegistryError> {
    let rows = lines(session, statement, values, &[Storage::Text]).await?;
    Ok(rows.into_iter().filter_map(|mut line| line.text(0)).collect())
}

/// What people know the entity by.
async fn subject(
    session: &mut Session,
    entity: &'static Entity,
    uid: String,
) -> Result<Option<Subject>, RegistryError> {
    let table = Table::of(entity);
    let head = [Storage::Integer, Storage::Text, Storage::Text, Storage::Integer];
    let shape = shape(&head, table, false);
    let rows = lines(session, statements::versions(table), &[uid.as_str().into()], &shape).await?;
    let Some(mut line) = rows.into_iter().next_back() else { return Ok(None) };
    let current = line.text(2).is_none();
    let values = field_values(&mut line, 4, entity.fields);
    let value = |name: &str| {
        let at = entity.fields.iter().position(|field| field.name == name)?;
        match values[at].as_ref()? {
            FieldValue::Text(text) => Some(text.clone()),
            _ => None,
        }
    };
    let key: Vec<String> = entity.default_key().iter().filter_map(|name| value(name)).collect();
    Ok(Some(Subject { entity, uid, name: value("name"), key: key.join("/"), current }))
}
