//! Corrections: which records in quarantine the rows of a correction workbook mend, and what such a workbook is made of.

use polars::prelude::*;
use vienkop_transforms::model::Storage;

use super::Registry;
use super::bulk::Cells;
use super::error::RegistryError;
use super::queries::Builders;
use super::session::Scope;
use super::sql::closing;
use super::stage::Stage;

impl Stage {
    /// What numbers in quarantine, as rows of a correction workbook name them (each once), stand for: columns `number`
    /// (`Int64`), `stands` (`Boolean`: it, or its like of a later delivery, is still in quarantine) and `closed_run`
    /// (`Int64`; null where nothing of the source has that number).
    ///
    /// # Errors
    /// The temporary tables cannot be written, the registry cannot be read.
    pub async fn mends(&mut self, numbers: &Int64Chunked) -> Result<DataFrame, RegistryError> {
        if !self.seen_standing {
            let [cells, index] = closing::standing_cells();
            self.session.scoped(cells, &self.scope).await?;
            self.session.define(index).await?;
            self.seen_standing = true;
        }
        self.session.run("DELETE FROM stage_asked").await?;
        let columns = [("number".to_owned(), Cells::Number(numbers))];
        self.bulk.insert(&mut self.session, "stage_asked", numbers.len(), &columns).await?;
        self.session.filled("stage_asked").await?;
        for statement in closing::find_mended() {
            self.session.scoped(statement, &self.scope).await?;
        }
        let rows = self.session.scoped_rows(closing::MENDS, &self.scope).await?;
        let columns =
            [("number", Storage::Integer), ("stands", Storage::Boolean), ("closed_run", Storage::Integer)].into_iter();
        let mut frame = Builders::new(columns);
        for row in &rows {
            frame.push(row, 0, &self.session.site)?;
        }
        frame.finish()
    }

    /// Rows that mend these numbers were taken as records of an entity (or child): when the delivery is loaded, what the
    /// numbers stand for is taken back.
    ///
    /// # Errors
    /// The temporary tables cannot be written.
    pub async fn mended(&mut self, numbers: &Int64Chunked, entity: &str) -> Result<(), RegistryError> {
        let entities = StringChunked::full("entity".into(), entity, numbers.len());
        let columns = [("number".to_owned(), Cells::Number(numbers)), ("entity".to_owned(), Cells::Text(&entities))];
        self.bulk.insert(&mut self.session, "stage_mended", numbers.len(), &columns).await
    }
}

/// Records of a source that stand in quarantine, where they were delivered and by what content.
const STANDING: &str = r#"SELECT q.id, q.entity, q.record_key, q.landed, l.name, l.sha256, q.sheet, q."row", q.part
    FROM quarantine q LEFT JOIN landed_file l ON l.id = q.landed WHERE q.source = $1 AND q.closed_run IS NULL
    ORDER BY q.landed, q.sheet, q."row", q.part, q.id"#;

/// Their cells, personal data masked.
const CELLS: &str = r#"SELECT q.id, c.ordinal, c."column", c.value FROM quarantine q CROSS JOIN quarantine_cell c
    WHERE q.source = $1 AND q.landed IS NOT DISTINCT FROM $2 AND q.closed_run IS NULL
    AND c.run = q.run AND c.source = q.source AND c.seq = q.seq ORDER BY q.id, c.ordinal, c."column""#;

impl Registry {
    /// Records of a source that stand in quarantine, as they were delivered: columns `id`, `entity`, `record_key`, `landed`,
    /// `file`, `sha256`, `sheet`, `row`, `part` (`String`; `id`, `landed`, `row`, `part` `Int64`).
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn standing_quarantine(&self, source: &str) -> Result<DataFrame, RegistryError> {
        let columns = ["id", "entity", "record_key", "landed", "file", "sha256", "sheet", "row", "part"];
        self.frame_of(STANDING, &[source.into()], &columns).await
    }

    /// What quarantine itself keeps of the cells of those that came with one landed file: columns `id`, `ordinal` (`Int64`),
    /// `column`, `value` (`String`).
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn standing_cells(&self, source: &str, landed: Option<i64>) -> Result<DataFrame, RegistryError> {
        self.frame_of(CELLS, &[source.into(), landed.into()], &["id", "ordinal", "column", "value"]).await
    }

    /// How many records of a source a run took off the quarantine.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn closed_by(&self, source: &str, run: i64) -> Result<u64, RegistryError> {
        let mut session = self.connect().await?;
        let scope = Scope { run, source: source.to_owned(), at: String::new() };
        let text = "SELECT count(*) FROM quarantine WHERE closed_run = $1 AND source = $2";
        let count = session.number(text, &scope).await?;
        session.close().await?;
        Ok(count.unsigned_abs())
    }

    async fn frame_of(
        &self,
        text: &str,
        values: &[super::session::Value<'_>],
        columns: &[&str],
    ) -> Result<DataFrame, RegistryError> {
        let number = |name: &str| matches!(name, "id" | "landed" | "row" | "part" | "ordinal");
        let storage = |name: &&str| if number(name) { Storage::Integer } else { Storage::Text };
        let mut session = self.connect().await?;
        let mut frame = Builders::new(columns.iter().map(|name| (*name, storage(name))));
        for row in &session.rows(text, values).await? {
            frame.push(row, 0, &self.site)?;
        }
        session.close().await?;
        frame.finish()
    }
}
