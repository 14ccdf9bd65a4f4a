//! What earlier runs said of a source: until when it stands, and for how long it is kept.
//!
//! A finding or a record in quarantine stands until it is taken back (`closed_run`). A delivery of all that there is takes
//! back whatever was said before. One of changes takes back what it speaks of again: what was said of a record that comes
//! again, accepted or not; of rows whose record cannot be told, those that come again as they were; and what was said of
//! the delivery itself. Of status events see `registry/lake.rs`. Rows of a correction workbook name what they mend by its
//! number, so that a record whose key was what was wrong is taken back too.

use super::Staged;

/// What stands of earlier runs, of the table at hand.
const EARLIER: &str = "source = $2 AND closed_run IS NULL AND run <> $1";

/// Whether a record in quarantine `q` stands where the finding does.
const SAME_PLACE: &str = r#"q.run = finding.run AND q.source = finding.source
    AND q.landed IS NOT DISTINCT FROM finding.landed AND q."row" IS NOT DISTINCT FROM finding."row"
    AND q.sheet IS NOT DISTINCT FROM finding.sheet AND q.part IS NOT DISTINCT FROM finding.part
    AND q.entity = finding.entity"#;

/// Stands between cells and is in none of them.
const BETWEEN: char = '\u{1F}';

/// Whether the finding is of a run that failed: what it said was of that run only.
const OF_FAILED: &str = "run IN (SELECT r.run FROM run_source r WHERE r.source = $2 AND r.status = 'failed')";

/// Marks of the source's status events that stand in quarantine.
pub(in crate::registry) const STANDING_MARKS: &str = "SELECT DISTINCT record_uid FROM quarantine
    WHERE source = $2 AND closed_run IS NULL AND entity = 'status_event' AND record_uid IS NOT NULL";

/// Keys of status events about which something stands.
pub(in crate::registry) const STANDING_KEYS: &str = "SELECT DISTINCT record_key FROM finding
    WHERE source = $2 AND closed_run IS NULL AND entity = 'status_event' AND record_key IS NOT NULL";

/// Notes that one of them was delivered again.
pub(in crate::registry) const SEE_MARK: &str = "INSERT INTO seen_mark (mark) VALUES ($1) ON CONFLICT (mark) DO NOTHING";

/// The same by its key.
pub(in crate::registry) const SEE_KEY: &str =
    "INSERT INTO seen_key (record_key) VALUES ($1) ON CONFLICT (record_key) DO NOTHING";

/// A delivery of all that there is: whatever was said before is taken back.
pub(in crate::registry) fn close_all() -> [String; 2] {
    ["quarantine", "finding"].map(|table| format!("UPDATE {table} SET closed_run = $1 WHERE {EARLIER}"))
}

/// A run that failed takes back what earlier ones that failed had said of themselves.
pub(in crate::registry) fn close_failed() -> String {
    format!("UPDATE finding SET closed_run = $1 WHERE {EARLIER} AND {OF_FAILED}")
}

/// A delivery of changes. Where it was not `loaded`, what was said of records that it would have mended stands.
/// `only_again`: nothing but what stood in quarantine came, which is no delivery that earlier ones could be judged by.
pub(in crate::registry) fn close_delivered(staged: &[Staged], loaded: bool, only_again: bool) -> Vec<String> {
    let mut statements = Vec::new();
    let closing = |condition: &str| format!("UPDATE quarantine SET closed_run = $1 WHERE {EARLIER} AND {condition}");
    for (label, x) in spoken_of(staged).filter(|_| loaded) {
        statements.push(closing(&format!(
            r#"entity = '{label}' AND EXISTS (SELECT 1 FROM "delta_{x}" d
            WHERE d.record_uid = quarantine.record_uid AND d.state <> 'touched')"#
        )));
    }
    if loaded {
        statements.push(closing(MENDED));
    }
    statements.push(closing("(entity, record_uid) IN (SELECT s.entity, s.record_uid FROM stage_quarantine s)"));
    statements.push(closing("entity = 'status_event' AND record_uid IN (SELECT mark FROM seen_mark)"));
    let (old, new) = (
        content("quarantine_cell", "quarantine", " AND o.run = quarantine.run AND o.source = quarantine.source"),
        content("stage_cell", "s", ""),
    );
    statements.push(closing(&format!(
        "record_uid IS NULL AND (entity, {old}) IN (SELECT s.entity, {new} FROM stage_quarantine s
        WHERE s.record_uid IS NULL)"
    )));
    let of_delivery = ["record_key IS NULL", OF_FAILED].map(str::to_owned);
    let mut again: Vec<String> = of_delivery.into_iter().filter(|_| !only_again).collect();
    // What timelines say is said anew where they are worked out anew.
    again.extend(spoken_of(staged).filter(|_| loaded).map(|(label, x)| {
        format!(r#"(entity = '{label}' AND code NOT LIKE 'T%' AND record_key IN (SELECT s."_key" FROM "stage_{x}" s))"#)
    }));
    again.push("(entity = 'status_event' AND record_key IN (SELECT k.record_key FROM seen_key k))".to_owned());
    statements.push(format!(
        "UPDATE finding SET closed_run = $1 WHERE {EARLIER}
        AND (EXISTS (SELECT 1 FROM quarantine q WHERE {SAME_PLACE} AND q.closed_run = $1)
        OR ({} AND ({})))",
        stands_alone(),
        again.join(" OR ")
    ));
    statements
}

/// Whether a record in quarantine is mended by a row of this delivery, whatever became of that row.
const MENDED: &str = "id IN (SELECT m.entry FROM stage_mends m CROSS JOIN stage_mended d
    WHERE d.number = m.number AND d.entity = m.entity)";

/// Records that stand in quarantine and name no record, with their cells: by these their like is found again.
pub(in crate::registry) fn standing_cells() -> [String; 2] {
    let cells = content("quarantine_cell", "q", " AND o.run = q.run AND o.source = q.source");
    [
        format!(
            "INSERT INTO stage_standing (entry, entity, cells) SELECT q.id, q.entity, {cells} FROM quarantine q
            WHERE q.source = $2 AND q.closed_run IS NULL AND q.record_uid IS NULL"
        ),
        r#"CREATE INDEX temp."stage_standing_cells" ON "stage_standing" ("entity", "cells")"#.to_owned(),
    ]
}

/// What the numbers in `stage_asked` stand for: what stands in quarantine of the same row of the source, and what later
/// deliveries have brought again as it was. What a person closed stands for nothing.
pub(in crate::registry) fn find_mended() -> [String; 3] {
    // Records in quarantine `e` of the row of which the number `n` names one.
    let of_row = r#"FROM stage_asked n CROSS JOIN quarantine a CROSS JOIN quarantine e WHERE a.id = n.number AND a.source = $2
        AND e.run = a.run AND e.source = a.source AND e.landed IS NOT DISTINCT FROM a.landed
        AND e."row" IS NOT DISTINCT FROM a."row" AND e.sheet IS NOT DISTINCT FROM a.sheet
        AND e.part IS NOT DISTINCT FROM a.part"#;
    let gone = "e.closed_run IS NOT NULL AND e.closed_because IS NULL";
    let cells = content("quarantine_cell", "e", " AND o.run = e.run AND o.source = e.source");
    [
        format!(
            "INSERT INTO stage_mends (number, entry, entity) SELECT n.number, e.id, e.entity {of_row}
            AND e.closed_run IS NULL"
        ),
        format!(
            "INSERT INTO stage_mends (number, entry, entity) SELECT g.number, q.id, q.entity
            FROM (SELECT n.number, e.source, e.entity, e.record_uid {of_row} AND {gone}) g CROSS JOIN quarantine q
            WHERE q.source = g.source AND q.entity = g.entity AND q.record_uid = g.record_uid AND q.closed_run IS NULL"
        ),
        format!(
            "INSERT INTO stage_mends (number, entry, entity) SELECT g.number, s.entry, s.entity
            FROM (SELECT n.number, e.entity, {cells} AS cells {of_row} AND {gone} AND e.record_uid IS NULL) g
            CROSS JOIN stage_standing s WHERE s.entity = g.entity AND s.cells = g.cells"
        ),
    ]
}

/// Of each number asked for: whether it stands for anything, and the run that closed it.
pub(in crate::registry) const MENDS: &str = "SELECT n.number,
    EXISTS (SELECT 1 FROM stage_mends m WHERE m.number = n.number) AS stands,
    (SELECT a.closed_run FROM quarantine a WHERE a.id = n.number AND a.source = $2) AS closed_run
    FROM stage_asked n ORDER BY n.number";

/// The cells of a record in quarantine as one text; `more` ties them to it beside their number.
fn content(cells: &str, head: &str, more: &str) -> String {
    format!(
        r#"(SELECT string_agg(c.cell, '{BETWEEN}') FROM (SELECT o."column" || '{BETWEEN}' || coalesce(o.value, '') AS cell
        FROM {cells} o WHERE o.seq = {head}.seq{more} ORDER BY o.ordinal, o."column") c)"#
    )
}

/// What was said of the requests of the portion whose timelines are worked out: of their sequences, of events that came
/// twice. It is said anew.
pub(in crate::registry) fn close_worked_out() -> String {
    format!(
        "UPDATE finding SET closed_run = $1 WHERE {EARLIER} AND (code LIKE 'T%' OR entity = 'status_event')
        AND record_key IN (SELECT p.institution_reg_no || ' / ' || p.request_no FROM lake_portion p) AND {}",
        stands_alone()
    )
}

/// Condition that no record in quarantine holds the finding.
fn stands_alone() -> String {
    format!("NOT EXISTS (SELECT 1 FROM quarantine q WHERE {SAME_PLACE} AND q.closed_run IS NULL)")
}

/// Closes a record because a person says so.
pub(in crate::registry) const CLOSE_BY_HAND: &str = "UPDATE quarantine SET closed_run = $1, closed_because = $2
    WHERE id = $3 AND closed_run IS NULL";

/// And what was found wrong with what was so closed in run `$1`.
pub(in crate::registry) fn close_findings_by_hand() -> String {
    format!(
        "UPDATE finding SET closed_run = $1 WHERE closed_run IS NULL
        AND EXISTS (SELECT 1 FROM quarantine q WHERE {SAME_PLACE} AND q.closed_run = $1)"
    )
}

/// Names of what a delivery speaks of, with the table that holds its records: a list is spoken of by its parents too.
fn spoken_of(staged: &[Staged]) -> impl Iterator<Item = (String, String)> {
    staged.iter().flat_map(|one| {
        let parent = one.table.child.map(|_| one.table.parent().name());
        std::iter::once(one.table.name()).chain(parent).map(|table| (one.table.label(), table))
    })
}

/// Runs of a source whose findings and quarantine are kept though they are taken back: a month of nights. Every bad row of
/// every night would soon outweigh the registry itself; how many there were stays with each run.
const KEPT_RUNS: usize = 30;

/// Removes what was taken back and is older than [`KEPT_RUNS`] runs. After the run's own record.
pub(in crate::registry) fn prune_evidence() -> [String; 3] {
    let old = format!(
        "source = $2 AND run IN (SELECT o.run FROM run_source o WHERE o.source = $2
        AND o.run < (SELECT min(k.run) FROM (SELECT r.run FROM run_source r WHERE r.source = $2
        ORDER BY r.run DESC LIMIT {KEPT_RUNS}) k))"
    );
    [
        format!("DELETE FROM finding WHERE {old} AND closed_run IS NOT NULL"),
        format!("DELETE FROM quarantine WHERE {old} AND closed_run IS NOT NULL"),
        format!(
            "DELETE FROM quarantine_cell WHERE {old} AND NOT EXISTS (SELECT 1 FROM quarantine q
            WHERE q.run = quarantine_cell.run AND q.source = quarantine_cell.source AND q.seq = quarantine_cell.seq)"
        ),
    ]
}
