//! The lake's part of a source's transaction: which requests are worked out again, what the registry knows of them, where
//! they stand afterwards, and which files are live.

use vienkop_transforms::model::Storage;

use super::staging::Staged;
use super::{dialect, of_alias, quoted};

/// Requests whose timelines are worked out in this run, and those of the portion at hand.
pub(in crate::registry) fn create() -> Vec<String> {
    let key = "(record_uid TEXT NOT NULL PRIMARY KEY, institution_reg_no TEXT NOT NULL, request_no TEXT NOT NULL)";
    let row: Vec<String> =
        TIMELINE.iter().map(|(column, storage)| format!(r#""{column}" {}"#, dialect::column_type(*storage))).collect();
    vec![
        format!("CREATE TEMP TABLE lake_touched {key}{}", dialect::KEY_ORDERED),
        format!("CREATE TEMP TABLE lake_portion {key}{}", dialect::KEY_ORDERED),
        format!("CREATE TEMP TABLE lake_row (record_uid TEXT NOT NULL PRIMARY KEY, {})", row.join(", ")),
    ]
}

/// Columns of `request_timeline` that come from the lake's table of the same name.
pub(in crate::registry) const TIMELINE: [(&str, Storage); 24] = [
    ("derivation", Storage::Text),
    ("precision", Storage::Text),
    ("state", Storage::Text),
    ("closed", Storage::Boolean),
    ("result", Storage::Text),
    ("submitted_at", Storage::Text),
    ("closed_at", Storage::Text),
    ("elapsed_seconds", Storage::Integer),
    ("working_seconds", Storage::Integer),
    ("elapsed_days", Storage::Integer),
    ("elapsed_months", Storage::Integer),
    ("working_days", Storage::Integer),
    ("waiting_seconds", Storage::Integer),
    ("suspended_seconds", Storage::Integer),
    ("third_party_seconds", Storage::Integer),
    ("waits", Storage::Integer),
    ("loops", Storage::Integer),
    ("reopened", Storage::Integer),
    ("appeals", Storage::Integer),
    ("events", Storage::Integer),
    ("first_at", Storage::Text),
    ("last_at", Storage::Text),
    ("state_since", Storage::Text),
    ("due_on", Storage::Text),
];

/// Fields of a request that its timeline needs, all texts.
pub(in crate::registry) const REQUEST_FIELDS: [&str; 9] =
    ["kind", "service_code", "channel", "applicant_kind", "result", "state", "due_at", "submitted_at", "closed_at"];

impl Staged {
    /// Requests that this delivery brought, changed or took away.
    pub(in crate::registry) fn touched_requests(&self) -> [String; 2] {
        let (x, _, _) = self.names();
        let columns = "v.record_uid, v.institution_reg_no, v.request_no";
        [
            format!(
                r#"INSERT INTO lake_touched SELECT {columns} FROM "delta_{x}" d CROSS JOIN "source_{x}" v
                WHERE v.record_uid = d.record_uid AND v.run = $1 AND d.state IN ('inserted', 'changed')"#
            ),
            format!(
                r#"INSERT INTO lake_touched SELECT {columns} FROM "retire_{x}" d CROSS JOIN "source_{x}" v
                WHERE v.record_uid = d.record_uid AND v.run = d.old_run"#
            ),
        ]
    }
}

/// Every request that the source holds: what timelines are made by has changed.
pub(in crate::registry) const TOUCH_ALL: &str = "INSERT INTO lake_touched
    SELECT v.record_uid, v.institution_reg_no, v.request_no FROM source_service_request v
    WHERE v.source = $2 AND v.valid_to IS NULL
    AND NOT EXISTS (SELECT 1 FROM lake_touched t WHERE t.record_uid = v.record_uid)";

/// Adds the touched requests of a range of uids, `$1` to before `$2`, to those that the portion's events name.
pub(in crate::registry) const JOIN_TOUCHED: &str = "INSERT INTO lake_portion SELECT * FROM lake_touched t
    WHERE t.record_uid >= $1 AND t.record_uid < $2
    AND NOT EXISTS (SELECT 1 FROM lake_portion p WHERE p.record_uid = t.record_uid)";

/// The portion's requests: institution, number, uid, whether the registry knows them, whether they are touched, their
/// fields.
pub(in crate::registry) fn portion() -> String {
    format!(
        "SELECT p.institution_reg_no, p.request_no, p.record_uid, CAST(v.run AS BIGINT) AS known,
        t.record_uid AS touched, {}
        FROM lake_portion p LEFT JOIN source_service_request v
        ON v.record_uid = p.record_uid AND v.valid_to IS NULL AND v.source = $2
        LEFT JOIN lake_touched t ON t.record_uid = p.record_uid ORDER BY p.record_uid",
        of_alias("v", REQUEST_FIELDS)
    )
}

/// Puts the rows of `lake_row` in the place of those held; timelines of the portion's requests that are retired go.
pub(in crate::registry) fn store_timelines() -> [String; 2] {
    let columns = || TIMELINE.iter().map(|(column, _)| column);
    [
        "DELETE FROM request_timeline WHERE record_uid IN (SELECT record_uid FROM lake_row UNION
        SELECT p.record_uid FROM lake_portion p WHERE NOT EXISTS (SELECT 1 FROM source_service_request v
        WHERE v.record_uid = p.record_uid AND v.valid_to IS NULL))"
            .to_owned(),
        format!(
            "INSERT INTO request_timeline (uid, record_uid, run, {}) SELECT i.entity_uid, r.record_uid, $1, {}
            FROM lake_row r CROSS JOIN identity i WHERE i.record_uid = r.record_uid ORDER BY i.entity_uid",
            quoted(columns()),
            of_alias("r", columns())
        ),
    ]
}

/// What the timelines of the source were worked out by.
pub(in crate::registry) const WORKED_OUT_BY: &str = "SELECT timelines FROM source_state WHERE source = $2";

/// Remembers it.
pub(in crate::registry) const REMEMBER_RULES: &str = "UPDATE source_state SET timelines = $1 WHERE source = $2";

/// Live files of the source.
pub(in crate::registry) const LIVE_OF_SOURCE: &str = "SELECT kind, source, month, path, rows, bytes, sha256
    FROM lake_file WHERE source = $2 AND retired_run IS NULL ORDER BY kind, month, path";

/// Live files of a kind.
pub(in crate::registry) const LIVE_OF_KIND: &str = "SELECT kind, source, month, path, rows, bytes, sha256
    FROM lake_file WHERE kind = $1 AND retired_run IS NULL ORDER BY source, month, path";

/// Lists a file; content that was there before is live again.
pub(in crate::registry) const ADD_FILE: &str = "INSERT INTO lake_file
    (kind, source, month, path, rows, bytes, sha256, run) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (path) DO UPDATE SET run = excluded.run, retired_run = NULL";

/// A file is live no more.
pub(in crate::registry) const RETIRE_FILE: &str = "UPDATE lake_file SET retired_run = $2 WHERE path = $1";

/// Forgets files that were replaced before the source's last run: whoever was reading them then has read them by now.
/// Before the run's own record.
pub(in crate::registry) const FORGET_FILES: &str = "DELETE FROM lake_file WHERE source = $2
    AND retired_run < (SELECT max(run) FROM run_source WHERE source = $2 AND run < $1)";

/// Files of the source that stay on the disk.
pub(in crate::registry) const KEPT_FILES: &str = "SELECT path FROM lake_file WHERE source = $2 ORDER BY path";
