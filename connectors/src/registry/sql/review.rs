//! The review queue, and what a decision does to identities.

/// Pairs with both services: open ones, or all.
pub(in crate::registry) fn list(decided: bool) -> String {
    let open = if decided { "" } else { "WHERE d.status = 'open'" };
    let side = |alias: &str, uid: &str| {
        format!(
            "d.{uid}, {alias}.code, {alias}.name, {alias}.owner_reg_no,
            (SELECT i.name FROM institution i WHERE i.reg_no = {alias}.owner_reg_no AND i.valid_to IS NULL)"
        )
    };
    // Where one of the two is no longer current, its latest version tells what it was.
    let latest = |alias: &str, uid: &str| {
        format!(
            "LEFT JOIN service {alias} ON {alias}.uid = d.{uid}
            AND {alias}.run = (SELECT max(x.run) FROM service x WHERE x.uid = d.{uid})"
        )
    };
    format!(
        "SELECT d.id, d.status, d.score, d.explanation, d.run, d.decided_run, {}, {} FROM match_decision d {} {} {open}
        ORDER BY CASE WHEN d.status = 'open' THEN 0 ELSE 1 END, coalesce(d.score, 0) DESC, d.id LIMIT $1",
        side("l", "uid"),
        side("r", "into_uid"),
        latest("l", "uid"),
        latest("r", "into_uid"),
    )
}

/// Sources that feed entity `$1`.
pub(in crate::registry) const SOURCES: &str = "SELECT DISTINCT r.source FROM identity i CROSS JOIN source_service r
    WHERE i.entity_uid = $1 AND r.record_uid = i.record_uid AND r.valid_to IS NULL ORDER BY r.source";

/// In run `$1` all records of entity `$2` cease to stand for it.
pub(in crate::registry) const REMEMBER_PAST: &str =
    "INSERT INTO identity_past (entity, entity_uid, record_uid, since_run, until_run)
    SELECT entity, entity_uid, record_uid, since_run, $1 FROM identity WHERE entity_uid = $2";
/// They stand for `$3`.
pub(in crate::registry) const REBIND_ALL: &str =
    "UPDATE identity SET entity_uid = $3, since_run = $1 WHERE entity_uid = $2";
/// In run `$1` record `$2` ceases to stand for its entity.
pub(in crate::registry) const REMEMBER_PAST_OF: &str =
    "INSERT INTO identity_past (entity, entity_uid, record_uid, since_run, until_run)
    SELECT entity, entity_uid, record_uid, since_run, $1 FROM identity WHERE record_uid = $2";
/// It stands for `$3`.
pub(in crate::registry) const REBIND: &str =
    "UPDATE identity SET entity_uid = $3, since_run = $1 WHERE record_uid = $2";

/// Decision of run `$1` at `$2` about pair `$3`: `$4`.
pub(in crate::registry) const DECIDE: &str =
    "UPDATE match_decision SET decided_run = $1, decided_at = $2, status = $4 WHERE id = $3";

/// Open pairs with entity `$1`, which has become `$2`: they ask about `$2`, once.
pub(in crate::registry) const FOLLOW: &[&str] = &[
    "DELETE FROM match_decision WHERE status = 'open' AND ((uid = $1 AND into_uid = $2) OR (uid = $2 AND into_uid = $1)
    OR (uid = $1 AND EXISTS (SELECT 1 FROM match_decision o WHERE (o.uid = $2 AND o.into_uid = match_decision.into_uid)
        OR (o.into_uid = $2 AND o.uid = match_decision.into_uid)))
    OR (into_uid = $1 AND EXISTS (SELECT 1 FROM match_decision o WHERE (o.into_uid = $2 AND o.uid = match_decision.uid)
        OR (o.uid = $2 AND o.into_uid = match_decision.uid))))",
    "UPDATE match_decision SET uid = $2 WHERE status = 'open' AND uid = $1",
    "UPDATE match_decision SET into_uid = $2 WHERE status = 'open' AND into_uid = $1",
];

/// Records that merge `$1` brought from `$2` and that stand for `$3` now.
pub(in crate::registry) const RECORDS_OF_MERGE: &str = "SELECT i.record_uid FROM identity i WHERE i.entity_uid = $3 AND
    (EXISTS (SELECT 1 FROM match_decision d WHERE d.id = $1 AND d.record_uid = i.record_uid)
    OR EXISTS (SELECT 1 FROM identity_past p WHERE p.record_uid = i.record_uid AND p.entity_uid = $2))
    ORDER BY i.record_uid";

/// Records by which source `$2` feeds entity `$1`.
pub(in crate::registry) const RECORDS_OF_SOURCE: &str =
    "SELECT i.record_uid FROM identity i CROSS JOIN source_service r
    WHERE i.entity_uid = $1 AND r.record_uid = i.record_uid AND r.valid_to IS NULL AND r.source = $2
    ORDER BY i.record_uid";
/// Records by which others do.
pub(in crate::registry) const RECORDS_OF_OTHERS: &str =
    "SELECT i.record_uid FROM identity i CROSS JOIN source_service r
    WHERE i.entity_uid = $1 AND r.record_uid = i.record_uid AND r.valid_to IS NULL AND r.source <> $2 LIMIT 1";
/// Other entities than `$2` that record `$1` stood for, or would have without a merge, the first one first.
pub(in crate::registry) const UIDS_BEFORE: &str = "SELECT b.uid FROM (SELECT p.entity_uid AS uid, p.until_run AS until,
    0 AS kind FROM identity_past p WHERE p.record_uid = $1 UNION ALL SELECT d.uid, d.run, 1 FROM match_decision d
    WHERE d.record_uid = $1 AND d.status = 'accepted') b WHERE b.uid <> $2 ORDER BY b.until, b.kind, b.uid";
/// What entity `$1` was merged into.
pub(in crate::registry) const MERGED_INTO: &str =
    "SELECT into_uid FROM match_decision WHERE uid = $1 AND status = 'accepted' ORDER BY id LIMIT 1";
/// The pair of `$1` and `$2`, whichever came first.
pub(in crate::registry) const PAIR: &str = "SELECT id FROM match_decision
    WHERE (uid = $1 AND into_uid = $2) OR (uid = $2 AND into_uid = $1) ORDER BY id LIMIT 1";
/// Pair `$1` is asked about `$2` and `$3` instead.
pub(in crate::registry) const ASK_ABOUT: &str = "UPDATE match_decision SET uid = $2, into_uid = $3 WHERE id = $1";
/// Pair `$1` is answered by another.
pub(in crate::registry) const FORGET: &str = "DELETE FROM match_decision WHERE id = $1";
/// Entity `$1` stands for itself again, decided in run `$2` at `$3`.
pub(in crate::registry) const REVIVE: &str = "UPDATE match_decision SET status = 'rejected', decided_run = $2,
    decided_at = $3 WHERE uid = $1 AND status = 'accepted'";
/// Whether there is a current service `$1`.
pub(in crate::registry) const IS_CURRENT: &str = "SELECT uid FROM service WHERE uid = $1 AND valid_to IS NULL";

/// `$1` and `$2` are two, decided in run `$3` at `$4`.
pub(in crate::registry) const KEEP_APART: &str =
    "INSERT INTO match_decision (id, entity, uid, into_uid, run, status, decided_run, decided_at)
    VALUES ((SELECT coalesce(max(id), 0) + 1 FROM match_decision), 'service', $1, $2, $3, 'rejected', $3, $4) ON CONFLICT (uid, into_uid) DO UPDATE SET
    status = 'rejected', decided_run = excluded.decided_run, decided_at = excluded.decided_at";

/// Service `$1` is of group `$2`, decided in run `$3`.
pub(in crate::registry) const GROUP: &str = "INSERT INTO decided_value (entity, uid, field, value, run)
    VALUES ('service', $1, 'group_code', $2, $3)
    ON CONFLICT (uid, field) DO UPDATE SET value = excluded.value, run = excluded.run";

/// Run `$1` of source `$2` at `$3`.
pub(in crate::registry) const RECORD: &[&str] = &[
    "INSERT INTO run_source (run, source, status, effective_at, rows_read, rows_mapped, rows_skipped, rows_rejected,
    seconds) VALUES ($1, $2, 'ok', $3, 0, 0, 0, 0, 0)",
    "UPDATE run SET status = 'clean', finished_at = $3 WHERE id = $1 AND $2 = $2",
];
