//! Going through again with what stands in quarantine: which rows that are, and what came after them.

use std::collections::BTreeMap;

use vienkop_transforms::model::Entity;

use super::Registry;
use super::error::RegistryError;
use super::session::{Row, Value};
use super::sql::PARAMETERS;
use super::stage::Stage;

/// A record that stands in quarantine, and where it was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its number.
    pub id: i64,
    /// The run that put it there.
    pub run: i64,
    /// Whether nothing of its delivery was loaded: a gate held it, or it waits for approval.
    pub held: bool,
    /// The source.
    pub source: String,
    /// Entity or `entity.child`.
    pub entity: String,
    /// Uid of the record (of a list: of its parent); none where it could not be told.
    pub record_uid: Option<String>,
    /// The landed file: its number, name, hash, and when it landed (UTC).
    pub file: Option<(i64, String, String, String)>,
    /// Sheet of the workbook.
    pub sheet: Option<String>,
    /// Row.
    pub row: Option<i64>,
    /// Part of the row.
    pub part: Option<i64>,
}

const STANDING: &str = r#"SELECT q.id, q.run, CASE WHEN s.status = 'ok' THEN 0 ELSE 1 END AS held, q.source, q.entity,
    q.record_uid, q.landed, l.name, l.sha256, l.landed_at, q.sheet, q."row", q.part
    FROM quarantine q LEFT JOIN landed_file l ON l.id = q.landed
    LEFT JOIN run_source s ON s.run = q.run AND s.source = q.source
    WHERE q.closed_run IS NULL AND ($1 IS NULL OR q.source = $1) ORDER BY q.source, q.landed, q.id"#;

impl Registry {
    /// Records that stand in quarantine, of one source or all; by source and file.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn standing(&self, source: Option<&str>) -> Result<Vec<Standing>, RegistryError> {
        let mut session = self.connect().await?;
        let rows = session.rows(STANDING, &[source.into()]).await?;
        session.close().await?;
        rows.iter().map(standing).collect::<Result<_, _>>().map_err(|error| self.site.error(error))
    }
}

fn standing(row: &Row) -> Result<Standing, sqlx::Error> {
    let landed: Option<i64> = row.try_get(6)?;
    let file = match landed {
        Some(landed) => row
            .try_get::<Option<String>, _>(7)?
            .map(|name| Ok::<_, sqlx::Error>((landed, name, row.try_get(8)?, row.try_get(9)?)))
            .transpose()?,
        None => None,
    };
    Ok(Standing {
        id: row.try_get(0)?,
        run: row.try_get(1)?,
        held: number(row, 2)? != 0,
        source: row.try_get(3)?,
        entity: row.try_get(4)?,
        record_uid: row.try_get(5)?,
        file,
        sheet: row.try_get(10)?,
        row: row.try_get(11)?,
        part: row.try_get(12)?,
    })
}

fn number(row: &Row, at: usize) -> Result<i64, sqlx::Error> {
    // PostgreSQL makes a small integer of a constant.
    match row.try_get::<i64, _>(at) {
        Ok(number) => Ok(number),
        Err(_) => row.try_get::<i32, _>(at).map(i64::from),
    }
}

impl Stage {
    /// The run that made the latest version of each of some records of the source, retired or not, and the landed file that
    /// it came from. Records that the registry never held are not in it.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn latest(
        &mut self,
        entity: &Entity,
        uids: &[String],
    ) -> Result<BTreeMap<String, (i64, Option<i64>)>, RegistryError> {
        let mut latest = BTreeMap::new();
        for some in uids.chunks(PARAMETERS.min(500)) {
            let places: Vec<String> = (1..=some.len()).map(|n| format!("${n}")).collect();
            let text = format!(
                r#"SELECT v.record_uid, v.run, v.landed FROM "source_{x}" v WHERE v.record_uid IN ({places})
                AND v.run = (SELECT max(o.run) FROM "source_{x}" o WHERE o.record_uid = v.record_uid)"#,
                x = entity.name,
                places = places.join(", ")
            );
            let values: Vec<Value<'_>> = some.iter().map(|uid| uid.as_str().into()).collect();
            for row in self.session.rows(text, &values).await? {
                let read = || Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?)));
                let (uid, version) = read().map_err(|error: sqlx::Error| self.session.site.error(error))?;
                latest.insert(uid, version);
            }
        }
        Ok(latest)
    }
}
