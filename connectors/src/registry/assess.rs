//! What the situation assessment asks of the registry beside its records: what lacks a link, how fresh descriptions
//! are, what each source delivered last and what was said of it. Set-based; nothing here is stored.

use polars::prelude::*;
use vienkop_transforms::model::{Entity, Storage};

use super::Registry;
use super::error::RegistryError;
use super::queries::Builders;
use super::session::Value;
use super::sql;

/// Each source's latest run that was a delivery, whatever became of it: what went through again from the quarantine is none.
const LATEST: &str = "r.run = (SELECT max(l.run) FROM run_source l JOIN run n ON n.id = l.run
    WHERE l.source = r.source AND n.pipeline <> 'quarantine')";

impl Registry {
    /// What the registry as a whole lacks: a row a finding of the `L` rules: `code`, `entity`, `uid`, `owner_reg_no` (none
    /// where the record has no institution), all `String`; by code, entity and uid.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn lacking(&self) -> Result<DataFrame, RegistryError> {
        let mut session = self.connect().await?;
        let names = ["code", "entity", "uid", "owner_reg_no"];
        let mut found = Builders::new(names.into_iter().map(|name| (name, Storage::Text)));
        for check in sql::link_checks(session.dialect()) {
            for row in &session.rows(check.uids(), &[]).await? {
                found.push(row, 0, &session.site)?;
            }
        }
        let stable = SortMultipleOptions::default().with_maintain_order(true);
        Ok(found.finish()?.sort(["code", "entity", "uid"], stable)?)
    }

    /// How fresh the current records of an entity are: `uid`; `changed_at`, since when the record is as it is;
    /// `delivered_at`, when one of the sources that feed it last brought a file that had not been met before (none: it
    /// never did). UTC texts; by uid.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn freshness(&self, entity: &'static Entity) -> Result<DataFrame, RegistryError> {
        let name = entity.name;
        let text = format!(
            r#"SELECT c.uid, max(c.valid_from), max(n.at) FROM "{name}" c
            LEFT JOIN identity i ON i.entity_uid = c.uid
            LEFT JOIN "source_{name}" v ON v.record_uid = i.record_uid AND v.valid_to IS NULL
            LEFT JOIN (SELECT l.source, max(r.started_at) AS at FROM landed_file l JOIN run r ON r.id = l.run
                GROUP BY l.source) n ON n.source = v.source
            WHERE c.valid_to IS NULL GROUP BY c.uid"#
        );
        self.texts_and_numbers(&text, &[], &["uid", "changed_at", "delivered_at"], &[]).await
    }

    /// Which sources feed the current records of an entity: `uid`, `source`, a row a pair; by uid and source.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn feeding(&self, entity: &'static Entity) -> Result<DataFrame, RegistryError> {
        let name = entity.name;
        let text = format!(
            r#"SELECT DISTINCT c.uid, v.source FROM "{name}" c JOIN identity i ON i.entity_uid = c.uid
            JOIN "source_{name}" v ON v.record_uid = i.record_uid AND v.valid_to IS NULL
            WHERE c.valid_to IS NULL"#
        );
        self.texts_and_numbers(&text, &[], &["uid", "source"], &[]).await
    }

    /// What each source did in its latest run: `source`, `status`, `as_of` (the run's), `last_new_at` (when a file of it
    /// was last met that had not been met before), then numbers: `read`, `skipped`, `rejected` rows, `mapped`,
    /// `accepted`, `quarantined`, `duplicates`, `inserted`, `changed`, `retired`, `unchanged` records, and `standing`, those
    /// of this and earlier deliveries that stand in quarantine; by source.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn deliveries(&self) -> Result<DataFrame, RegistryError> {
        let numbers = [
            "standing",
            "read",
            "skipped",
            "rejected",
            "mapped",
            "accepted",
            "quarantined",
            "duplicates",
            "inserted",
            "changed",
            "retired",
            "unchanged",
        ];
        let sums: Vec<String> =
            numbers[4..].iter().map(|name| format!("CAST(coalesce(sum(e.{name}), 0) AS BIGINT)")).collect();
        let text = format!(
            "SELECT r.source, r.status, min(u.as_of), (SELECT max(o.started_at) FROM landed_file l JOIN run o ON o.id = l.run
                WHERE l.source = r.source),
            (SELECT count(*) FROM quarantine q WHERE q.source = r.source AND q.closed_run IS NULL), r.rows_read, r.rows_skipped, r.rows_rejected, {}
            FROM run_source r JOIN run u ON u.id = r.run
            LEFT JOIN run_source_entity e ON e.run = r.run AND e.source = r.source
            WHERE {LATEST} GROUP BY r.source, r.status, r.rows_read, r.rows_skipped, r.rows_rejected",
            sums.join(", ")
        );
        self.texts_and_numbers(&text, &[], &["source", "status", "as_of", "last_new_at"], &numbers).await
    }

    /// How often each rule is found broken in what each source delivered, as far as it stands: `source`, `code`,
    /// `severity`, and the number `findings`; by source and code. What a run did with a delivery (rules `S`), and how it
    /// differs from the one before (D001 to D005), is not counted: it is no fault of the data, and the same delivery met again would be told otherwise.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn finding_counts(&self) -> Result<DataFrame, RegistryError> {
        let text = "SELECT f.source, f.code, f.severity, count(*) FROM finding f
            WHERE f.closed_run IS NULL AND f.code NOT LIKE 'S%' AND (f.code NOT LIKE 'D%' OR f.code = 'D006') GROUP BY f.source, f.code, f.severity";
        self.texts_and_numbers(text, &[], &["source", "code", "severity"], &["findings"]).await
    }

    /// The findings that [`Registry::finding_counts`] counts, of one source and rule: columns as [`Registry::findings`].
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn findings_of_rule(&self, source: &str, code: &str) -> Result<DataFrame, RegistryError> {
        let mut session = self.connect().await?;
        let condition = "f.closed_run IS NULL AND f.source = $1 AND f.code = $2";
        self.finding_frame(&mut session, condition, &[source.into(), code.into()]).await
    }

    /// What a query gives, in the order of its texts: databases order texts each in its own way.
    pub(super) async fn texts_and_numbers(
        &self,
        statement: &str,
        values: &[Value<'_>],
        texts: &[&str],
        numbers: &[&str],
    ) -> Result<DataFrame, RegistryError> {
        let mut session = self.connect().await?;
        let columns = texts.iter().map(|name| (*name, Storage::Text));
        let mut frame = Builders::new(columns.chain(numbers.iter().map(|name| (*name, Storage::Integer))));
        for row in &session.rows(statement, values).await? {
            frame.push(row, 0, &session.site)?;
        }
        let order: Vec<PlSmallStr> = texts.iter().map(|name| (*name).into()).collect();
        Ok(frame.finish()?.sort(order, SortMultipleOptions::default())?)
    }
}
