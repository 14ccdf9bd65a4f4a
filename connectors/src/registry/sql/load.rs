//! New versions of what a source delivered, and the evidence of its run.

use vienkop_transforms::finding;

use super::staging::Staged;
use super::{LIVE, of_alias, quoted};

impl Staged {
    /// Closes the versions that something follows.
    pub(in crate::registry) fn close(&self) -> [String; 2] {
        let (x, _, _) = self.names();
        let close = |which: &str| {
            format!(
                r#"UPDATE "source_{x}" SET valid_to = $3, run_to = $1 WHERE (record_uid, run) IN (SELECT record_uid, old_run FROM {which})"#
            )
        };
        [close(&format!(r#""delta_{x}" WHERE state IN ('changed', 'touched')"#)), close(&format!(r#""retire_{x}""#))]
    }

    /// Writes the new versions; of records that only their children changed, the fields as they were.
    pub(in crate::registry) fn open(&self) -> [String; 2] {
        let (x, _, _) = self.names();
        let values = self.values();
        let columns = quoted(values.iter().map(|(column, _)| column));
        let fresh: Vec<&str> = values.iter().map(|(_, value)| value.as_str()).collect();
        let head = r#"record_uid, source, key, landed, sheet, "row", part, run, valid_from"#;
        [
            format!(
                r#"INSERT INTO "source_{x}" ({head}, {columns}) SELECT d.record_uid, $2, s."_key", s."_landed",
                s."_sheet", s."_row", s."_part", $1, $3, {} FROM "delta_{x}" d CROSS JOIN "stage_{x}" s
                LEFT JOIN "source_{x}" o ON o.record_uid = d.record_uid AND o.run = d.old_run
                WHERE s."_rid" = d.rid AND d.state IN ('inserted', 'changed') ORDER BY d.record_uid"#,
                fresh.join(", ")
            ),
            format!(
                r#"INSERT INTO "source_{x}" ({head}, {columns}) SELECT d.record_uid, o.source, o.key, o.landed,
                o.sheet, o."row", o.part, $1, $3, {} FROM "delta_{x}" d CROSS JOIN "source_{x}" o
                WHERE o.record_uid = d.record_uid AND o.run = d.old_run AND d.state = 'touched' ORDER BY d.record_uid"#,
                of_alias("o", values.iter().map(|(column, _)| column))
            ),
        ]
    }

    /// Children of new versions that the delivery brings, and those kept because their new form is in quarantine.
    pub(in crate::registry) fn open_children(&self) -> [String; 2] {
        let (x, _, parent) = self.names();
        let values = self.values();
        let columns = quoted(values.iter().map(|(column, _)| column));
        let fresh: Vec<&str> = values.iter().map(|(_, value)| value.as_str()).collect();
        let head = r#"record_uid, run, ordinal, landed, sheet, "row", part"#;
        let covered = self.covered();
        [
            format!(
                r#"INSERT INTO "source_{x}" ({head}, {columns}) SELECT d.record_uid, $1, d.ordinal, s."_landed",
                s."_sheet", s."_row", s."_part", {} FROM "delta_{x}" d CROSS JOIN "delta_{parent}" p
                CROSS JOIN "stage_{x}" s LEFT JOIN "source_{x}" o
                ON o.record_uid = d.record_uid AND o.run = p.old_run AND o.ordinal = d.ordinal
                WHERE p.record_uid = d.record_uid AND p.state IN ('inserted', 'changed', 'touched')
                AND d.state IN {LIVE} AND s."_rid" = d.rid ORDER BY d.record_uid, d.ordinal"#,
                fresh.join(", ")
            ),
            format!(
                r#"INSERT INTO "source_{x}" ({head}, {columns}) SELECT o.record_uid, $1, o.ordinal, o.landed,
                o.sheet, o."row", o.part, {} FROM "delta_{x}" d CROSS JOIN "delta_{parent}" p CROSS JOIN "source_{x}" o
                WHERE p.record_uid = d.record_uid AND d.state = 'held' AND {covered}
                AND o.record_uid = d.record_uid AND o.run = p.old_run AND o.ordinal = d.ordinal"#,
                of_alias("o", values.iter().map(|(column, _)| column))
            ),
        ]
    }

    /// Whether the delivery tells the whole list of children of parent `p`.
    fn covered(&self) -> String {
        let (x, _, _) = self.names();
        format!(
            r#"(p.state IN ('inserted', 'changed') OR (p.state = 'touched' AND EXISTS
            (SELECT 1 FROM "delta_{x}" a WHERE a.record_uid = p.record_uid AND a.state IN {LIVE})))"#
        )
    }

    /// Children of new versions that the delivery does not speak of; `staged`: it does for some parents.
    pub(in crate::registry) fn keep_children(&self, staged: bool) -> String {
        let (x, _, parent) = self.names();
        let table = self.table;
        let columns = table.source_columns();
        let names = columns.iter().map(|(column, _)| column);
        let not = if staged { format!(" AND NOT {}", self.covered()) } else { String::new() };
        format!(
            r#"INSERT INTO "source_{x}" (record_uid, run, ordinal, landed, sheet, "row", part, {})
            SELECT o.record_uid, $1, o.ordinal, o.landed, o.sheet, o."row", o.part, {}
            FROM "delta_{parent}" p CROSS JOIN "source_{x}" o
            WHERE p.state IN ('changed', 'touched') AND o.record_uid = p.record_uid AND o.run = p.old_run{not}
            ORDER BY o.record_uid, o.ordinal"#,
            quoted(names.clone()),
            of_alias("o", names)
        )
    }

    /// Remembers which entities new records would have stood for, had these not been merged into others: what a
    /// person takes back gives them to those. Before [`Staged::identify`].
    pub(in crate::registry) fn remember_minted(&self) -> String {
        let (x, _, _) = self.names();
        format!(
            r#"INSERT INTO identity_past (entity, entity_uid, record_uid, since_run, until_run)
            SELECT '{x}', u.minted, u.record_uid, $1, $1 FROM "uid_{x}" u WHERE u.minted <> u.uid
            AND NOT EXISTS (SELECT 1 FROM identity i WHERE i.record_uid = u.record_uid) ORDER BY u.record_uid"#
        )
    }

    /// Remembers which entities new records stand for.
    pub(in crate::registry) fn identify(&self) -> String {
        let (x, _, _) = self.names();
        format!(
            r#"INSERT INTO identity (entity, entity_uid, record_uid, since_run) SELECT '{x}', u.uid, u.record_uid, $1
            FROM "uid_{x}" u WHERE NOT EXISTS (SELECT 1 FROM identity i WHERE i.record_uid = u.record_uid)
            ORDER BY u.record_uid"#
        )
    }
}

/// Findings, quarantine and its cells of the source in this run.
pub(in crate::registry) fn load_evidence() -> [String; 3] {
    let columns = quoted(finding::COLUMNS);
    [
        format!(
            "INSERT INTO finding (run, source, {columns}) SELECT $1, $2, {columns} FROM stage_finding ORDER BY \"_rid\""
        ),
        // The number is what people name the record by. A sequence would not take back what a plan has used up; of those
        // who load, one does so at a time.
        r#"INSERT INTO quarantine (id, run, source, seq, entity, record_key, record_uid, landed, sheet, "row", part)
        SELECT coalesce((SELECT max(id) FROM quarantine), 0) + row_number() OVER (ORDER BY "_rid"), $1, $2, seq, entity, record_key, record_uid, landed, sheet, "row", part FROM stage_quarantine
        ORDER BY "_rid""#
            .into(),
        r#"INSERT INTO quarantine_cell (run, source, seq, ordinal, "column", value)
        SELECT $1, $2, seq, ordinal, "column", value FROM stage_cell ORDER BY "_rid""#
            .into(),
    ]
}
