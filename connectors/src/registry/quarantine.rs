//! The quarantine: records that were not accepted, until they come again or a person closes them.
//!
//! Closing by hand is a run of its own (pipeline `quarantine`).

use polars::prelude::DataFrame;

use super::Registry;
use super::error::RegistryError;
use super::run::number_run;
use super::session::Row;
use super::sql::closing;

/// Name of the runs that close records by hand.
const QUARANTINE_RUN: &str = "quarantine";

/// A record in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Its number.
    pub id: i64,
    /// The run that put it there.
    pub run: i64,
    /// The source.
    pub source: String,
    /// Its number in the delivery; negative for a row that could not be read as one.
    pub seq: i64,
    /// Entity or `entity.child`.
    pub entity: String,
    /// Its key, as people read it.
    pub record_key: Option<String>,
    /// Name of the landed file.
    pub file: Option<String>,
    /// Number of the landed file.
    pub landed: Option<i64>,
    /// Sheet of the workbook.
    pub sheet: Option<String>,
    /// Row.
    pub row: Option<i64>,
    /// Part of the row.
    pub part: Option<i64>,
    /// The run that took it back; none: it stands.
    pub closed_run: Option<i64>,
    /// Why, where a person did.
    pub closed_because: Option<String>,
    /// Codes of the errors found in it, `V001, V004`.
    pub codes: Option<String>,
}

/// A record in quarantine with all that is known of it.
#[derive(Debug, Clone)]
pub struct QuarantineDetail {
    /// The record.
    pub head: QuarantineRow,
    /// Columns and values as delivered.
    pub cells: Vec<(String, Option<String>)>,
    /// What is wrong with it; a frame as [`Registry::findings`] gives.
    pub findings: DataFrame,
}

const QUARANTINE: &str = r#"SELECT q.id, q.run, q.source, q.seq, q.entity, q.record_key, l.name, q.landed, q.sheet, q."row",
    q.part, q.closed_run, q.closed_because, (SELECT string_agg(code, ', ') FROM (SELECT DISTINCT f.code FROM finding f WHERE f.run = q.run
    AND f.source = q.source AND f.landed IS NOT DISTINCT FROM q.landed AND f."row" IS NOT DISTINCT FROM q."row"
    AND f.sheet IS NOT DISTINCT FROM q.sheet AND f.part IS NOT DISTINCT FROM q.part AND f.entity = q.entity
    AND f.severity = 'error' ORDER BY f.code) c)
    FROM quarantine q LEFT JOIN landed_file l ON l.id = q.landed"#;

impl Registry {
    /// Records in quarantine that stand: not accepted, and not delivered again since. At most `most`, by source and number.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn quarantine_list(
        &self,
        source: Option<&str>,
        most: usize,
    ) -> Result<Vec<QuarantineRow>, RegistryError> {
        let mut session = self.connect().await?;
        let text = format!(
            "{QUARANTINE} WHERE q.closed_run IS NULL AND ($1 IS NULL OR q.source = $1) ORDER BY q.source, q.id LIMIT $2"
        );
        let rows = session.rows(text, &[source.into(), (most as i64).into()]).await?;
        rows.iter().map(quarantine_row).collect::<Result<_, _>>().map_err(|error| self.site.error(error))
    }

    /// One record in quarantine, by its number.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn quarantine_show(&self, id: i64) -> Result<Option<QuarantineDetail>, RegistryError> {
        let mut session = self.connect().await?;
        let rows = session.rows(format!("{QUARANTINE} WHERE q.id = $1"), &[id.into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let head = quarantine_row(row).map_err(|error| self.site.error(error))?;
        let cells = session
            .rows(
                r#"SELECT "column", value FROM quarantine_cell WHERE run = $1 AND source = $2 AND seq = $3
                ORDER BY ordinal, "column""#,
                &[head.run.into(), head.source.as_str().into(), head.seq.into()],
            )
            .await?;
        let cell = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
        let cells = cells.iter().map(cell).collect::<Result<_, _>>().map_err(|error| self.site.error(error))?;
        let place = r#"f.run = $1 AND f.source = $2 AND f.landed IS NOT DISTINCT FROM $3 AND f.sheet IS NOT DISTINCT FROM $4
            AND f."row" IS NOT DISTINCT FROM $5 AND f.part IS NOT DISTINCT FROM $6 AND f.entity = $7"#;
        let values = [
            head.run.into(),
            head.source.as_str().into(),
            head.landed.into(),
            head.sheet.as_deref().into(),
            head.row.into(),
            head.part.into(),
            head.entity.as_str().into(),
        ];
        let findings = self.finding_frame(&mut session, place, &values).await?;
        Ok(Some(QuarantineDetail { head, cells, findings }))
    }

    /// The record with this uid that stands in quarantine.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn quarantined(&self, record_uid: &str) -> Result<Option<QuarantineRow>, RegistryError> {
        let mut session = self.connect().await?;
        let text = format!("{QUARANTINE} WHERE q.closed_run IS NULL AND q.record_uid = $1 ORDER BY q.id LIMIT 1");
        let rows = session.rows(text, &[record_uid.into()]).await?;
        rows.first().map(quarantine_row).transpose().map_err(|error| self.site.error(error))
    }

    /// Closes records of the quarantine because a person says so, all of them or none. Gives the number of the run, or
    /// the first of the numbers that does not stand in quarantine. `at`: UTC; `because`: the reason, without personal data.
    ///
    /// # Errors
    /// The registry cannot be written.
    pub async fn quarantine_close(
        &self,
        ids: &[i64],
        because: &str,
        at: &str,
        as_of: &str,
    ) -> Result<Result<i64, i64>, RegistryError> {
        let mut session = self.connect().await?;
        session.begin_writing().await?;
        let run = number_run(&mut session, QUARANTINE_RUN, "run", at, as_of).await?;
        for id in ids {
            if session.bound(closing::CLOSE_BY_HAND, &[run.into(), because.into(), (*id).into()]).await? == 0 {
                session.tidy().await?;
                session.close().await?;
                return Ok(Err(*id));
            }
        }
        session.bound(closing::close_findings_by_hand(), &[run.into()]).await?;
        session
            .bound("UPDATE run SET finished_at = $2, status = 'clean' WHERE id = $1", &[run.into(), at.into()])
            .await?;
        session.commit().await?;
        session.close().await?;
        Ok(Ok(run))
    }
}

fn quarantine_row(row: &Row) -> Result<QuarantineRow, sqlx::Error> {
    Ok(QuarantineRow {
        id: row.try_get(0)?,
        run: row.try_get(1)?,
        source: row.try_get(2)?,
        seq: row.try_get(3)?,
        entity: row.try_get(4)?,
        record_key: row.try_get(5)?,
        file: row.try_get(6)?,
        landed: row.try_get(7)?,
        sheet: row.try_get(8)?,
        row: row.try_get(9)?,
        part: row.try_get(10)?,
        closed_run: row.try_get(11)?,
        closed_because: row.try_get(12)?,
        codes: row.try_get(13)?,
    })
}
