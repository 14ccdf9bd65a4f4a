//! Scored identity of services: who is new, whom it may be, what follows from a verdict.

use vienkop_transforms::finding;

use super::Staged;
use super::difference::finding;

/// Columns of a page of services, as `vienkop_transforms::resolve::matching` compares them.
pub(in crate::registry) const SERVICE_COLUMNS: [&str; 9] =
    ["uid", "owner_reg_no", "owner_kind", "code", "name", "kind", "legal_acts", "audience", "request_channels"];

/// Tables of the matching.
pub(in crate::registry) fn create_matching() -> [&'static str; 2] {
    [
        "CREATE TEMP TABLE minted (uid TEXT NOT NULL PRIMARY KEY, record_uid TEXT NOT NULL, rid INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TEMP TABLE stage_match (uid TEXT NOT NULL, into_uid TEXT NOT NULL, score REAL NOT NULL, verdict TEXT NOT NULL, explanation TEXT NOT NULL)",
    ]
}

/// New records of entities that were merged into others before stand for those; run until nothing changes. What a
/// record is known to stand for stays: a person may have decided it.
pub(in crate::registry) fn follow_decisions(entity: &str) -> String {
    format!(
        r#"UPDATE "uid_{entity}" SET uid = m.into_uid, minted = coalesce(minted, "uid_{entity}".uid) FROM match_decision m
        WHERE m.uid = "uid_{entity}".uid AND m.entity = '{entity}' AND m.status = 'accepted'
        AND NOT EXISTS (SELECT 1 FROM identity i WHERE i.record_uid = "uid_{entity}".record_uid)"#
    )
}

/// Entities that this delivery would bring for the first time.
pub(in crate::registry) fn minted(entity: &str) -> String {
    format!(
        r#"INSERT INTO minted (uid, record_uid, rid) SELECT u.uid, min(u.record_uid), min(d.rid)
        FROM "uid_{entity}" u CROSS JOIN "delta_{entity}" d
        WHERE d.record_uid = u.record_uid AND d.state = 'inserted'
        AND NOT EXISTS (SELECT 1 FROM identity i WHERE i.record_uid = u.record_uid)
        AND NOT EXISTS (SELECT 1 FROM "{entity}" v WHERE v.uid = u.uid) GROUP BY u.uid"#
    )
}

/// Kind of the institution that owns service `s`.
const OWNER_KIND: &str =
    "(SELECT i.kind FROM institution i WHERE i.reg_no = s.owner_reg_no AND i.valid_to IS NULL) AS owner_kind";

/// A page of the minted services after uid `$1`.
pub(in crate::registry) fn minted_page(service: &Staged, acts: Option<&Staged>, rows: usize) -> String {
    let column = |name: &str| {
        if service.delivers(name) { format!(r#"s."{name}""#) } else { format!(r#"CAST(NULL AS TEXT) AS "{name}""#) }
    };
    let acts = match acts.filter(|acts| acts.delivers("title")) {
        Some(_) => {
            "(SELECT string_agg(c.title, '\n' ORDER BY c._ordinal) FROM stage_service_legal_acts c
            WHERE c._record_uid = m.record_uid)"
        }
        None => "CAST(NULL AS TEXT)",
    };
    let owner_kind = if service.delivers("owner_reg_no") { OWNER_KIND } else { "CAST(NULL AS TEXT) AS owner_kind" };
    format!(
        r#"SELECT m.uid, {}, {owner_kind}, {}, {}, {}, {acts} AS legal_acts, {}, {}
        FROM minted m CROSS JOIN stage_service s WHERE s."_rid" = m.rid AND m.uid > $1 ORDER BY m.uid LIMIT {rows}"#,
        column("owner_reg_no"),
        column("code"),
        column("name"),
        column("kind"),
        column("audience"),
        column("request_channels"),
    )
}

/// A page of the current services after uid `$1`; with a source `$2`: of those that others feed and it does not, nor
/// any record of this delivery: a source does not deliver one service twice.
pub(in crate::registry) fn held_page(of_others: bool, more: &str, rows: usize) -> String {
    let fed = "EXISTS (SELECT 1 FROM identity i CROSS JOIN source_service r WHERE i.entity_uid = s.uid
        AND r.record_uid = i.record_uid AND r.valid_to IS NULL AND r.source";
    let of_others = if of_others {
        format!("AND {fed} <> $2) AND NOT {fed} = $2) AND s.uid NOT IN (SELECT uid FROM uid_service)")
    } else {
        String::new()
    };
    format!(
        "SELECT s.uid, s.owner_reg_no, {OWNER_KIND}, s.code, s.name, s.kind,
        (SELECT string_agg(c.title, '{}' ORDER BY c.ordinal) FROM service_legal_acts c
        WHERE c.uid = s.uid AND c.run = s.run) AS legal_acts, s.audience, s.request_channels{more}
        FROM service s WHERE s.valid_to IS NULL AND s.uid > $1 {of_others} ORDER BY s.uid LIMIT {rows}",
        '\n'
    )
}

/// Whether any source but this one holds services.
pub(in crate::registry) const OTHERS_HOLD: &str =
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM source_service WHERE valid_to IS NULL AND source <> $2)
    THEN CAST(1 AS BIGINT) ELSE 0 END";

/// Pairs that a person decided not to be one are not asked again.
pub(in crate::registry) const DROP_REJECTED: &str = "DELETE FROM stage_match WHERE EXISTS
    (SELECT 1 FROM match_decision d WHERE d.status = 'rejected'
    AND ((d.uid = stage_match.uid AND d.into_uid = stage_match.into_uid)
    OR (d.uid = stage_match.into_uid AND d.into_uid = stage_match.uid)))";

/// Records of merged services stand for the ones they are.
pub(in crate::registry) const MERGE_MINTED: &str = r#"UPDATE "uid_service" SET uid = m.into_uid,
    minted = coalesce(minted, "uid_service".uid) FROM stage_match m
    WHERE m.uid = "uid_service".uid AND m.verdict = 'merge'"#;

/// What was merged: key, uid and name of what it became, its own name.
pub(in crate::registry) const MERGED_SAMPLES: &str = r#"SELECT s."_key", m.into_uid, v.name, s.name FROM stage_match m
    CROSS JOIN minted n CROSS JOIN stage_service s CROSS JOIN service v
    WHERE m.verdict = 'merge' AND n.uid = m.uid AND s."_rid" = n.rid AND v.uid = m.into_uid AND v.valid_to IS NULL
    ORDER BY s."_seq", m.into_uid LIMIT 5"#;

/// K006 for pairs that a person should look at.
pub(in crate::registry) fn review_findings() -> String {
    let rest = r#"FROM stage_match m CROSS JOIN minted n CROSS JOIN stage_service s CROSS JOIN service v
        LEFT JOIN institution i ON i.reg_no = v.owner_reg_no AND i.valid_to IS NULL
        WHERE m.verdict = 'review' AND n.uid = m.uid AND s."_rid" = n.rid AND v.uid = m.into_uid AND v.valid_to IS NULL
        ORDER BY s."_seq", m.into_uid"#;
    let owner = "coalesce(i.name, v.owner_reg_no)";
    finding(&finding::MAY_BE_THE_SAME, "service", "'name'", "s.name", "v.name", owner, rest)
}

/// Remembers the pairs: what was merged as decided, the rest for a person.
pub(in crate::registry) const REMEMBER: &str =
    "INSERT INTO match_decision (id, entity, uid, into_uid, record_uid, score, explanation, run, status, decided_run,
    decided_at)
    SELECT coalesce((SELECT max(id) FROM match_decision), 0) + row_number() OVER (ORDER BY m.uid, m.into_uid),
    'service', m.uid, m.into_uid, n.record_uid, m.score, m.explanation, $1,
    CASE WHEN m.verdict = 'merge' THEN 'accepted' ELSE 'open' END,
    CASE WHEN m.verdict = 'merge' THEN $1 END, CASE WHEN m.verdict = 'merge' THEN $3 END
    FROM stage_match m CROSS JOIN minted n WHERE n.uid = m.uid ORDER BY m.uid, m.into_uid
    ON CONFLICT (uid, into_uid) DO NOTHING";
