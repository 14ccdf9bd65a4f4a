//! Statements that read the past of one entity, in both layers.

use vienkop_transforms::model::{self, Entity};

use super::{Table, of_alias, quoted};

/// Columns of [`feeding`] before those of the fields.
pub(in crate::registry) const FED: usize = 14;
/// Columns of [`fed_children`] before those of the fields.
pub(in crate::registry) const FED_CHILD: usize = 7;

/// Ids of entities and of sources' records between `$1` and `$2`: entity's name, entity's uid, at most `most`.
pub(in crate::registry) fn by_uid(most: usize) -> String {
    let merged = model::registered().map(|entity| {
        let name = entity.name;
        format!(r#"SELECT '{name}' AS entity, uid FROM "{name}" WHERE uid >= $1 AND uid < $2"#)
    });
    let identity = ["entity_uid", "record_uid"]
        .map(|column| format!("SELECT entity, entity_uid AS uid FROM identity WHERE {column} >= $1 AND {column} < $2"));
    let all: Vec<String> = merged.chain(identity).collect();
    format!("SELECT DISTINCT entity, uid FROM ({}) found ORDER BY entity, uid LIMIT {most}", all.join(" UNION ALL "))
}

/// Entities whose fields hold `$1`, `$2`, …: uid, at most `most`. `current`: only those that are there now.
pub(in crate::registry) fn by_fields(entity: &Entity, fields: &[&str], current: bool, most: usize) -> String {
    let conditions = fields.iter().enumerate().map(|(n, field)| format!(r#""{field}" = ${}"#, n + 1));
    let mut conditions: Vec<String> = conditions.collect();
    if current {
        conditions.push("valid_to IS NULL".to_owned());
    }
    let name = entity.name;
    format!(r#"SELECT DISTINCT uid FROM "{name}" WHERE {} ORDER BY uid LIMIT {most}"#, conditions.join(" AND "))
}

/// Entities fed by a record whose key reads `$1`: uid, at most `most`.
pub(in crate::registry) fn by_source_key(entity: &Entity, most: usize) -> String {
    format!(
        r#"SELECT DISTINCT i.entity_uid FROM "source_{0}" v CROSS JOIN identity i WHERE v.key = $1
        AND i.record_uid = v.record_uid ORDER BY i.entity_uid LIMIT {most}"#,
        entity.name
    )
}

/// Versions of entity `$1` in order: run, `valid_from`, `valid_to`, `run_to`, then the fields' columns.
pub(in crate::registry) fn versions(table: Table) -> String {
    let columns = quoted(table.columns().iter().map(|(column, _)| column));
    format!(
        r#"SELECT run, valid_from, valid_to, run_to, {columns} FROM "{}" WHERE uid = $1 ORDER BY valid_from, run"#,
        table.name()
    )
}

/// Children of all versions of entity `$1`: run, ordinal, then the fields' columns.
pub(in crate::registry) fn children(table: Table) -> String {
    let columns = quoted(table.columns().iter().map(|(column, _)| column));
    format!(r#"SELECT run, ordinal, {columns} FROM "{}" WHERE uid = $1 ORDER BY run, ordinal"#, table.name())
}

/// Every version of the records that feed or fed entity `$1`, the most trusted record first, as `feeds` orders them:
/// [`FED`] columns, then those of the fields and of their raw texts.
pub(in crate::registry) fn feeding(table: Table) -> String {
    let columns = of_alias("v", table.source_columns().iter().map(|(column, _)| column));
    format!(
        r#"SELECT v.record_uid, v.source, coalesce(p.priority, 0), v.key, v.landed, v.sheet, v."row", v.part, v.run,
        v.valid_from, v.valid_to, v.run_to, i.since_run, i.until_run, {columns}
        FROM (SELECT record_uid, since_run, CAST(NULL AS BIGINT) AS until_run FROM identity WHERE entity_uid = $1
        UNION ALL SELECT record_uid, since_run, until_run FROM identity_past WHERE entity_uid = $1
        AND since_run < until_run) i
        CROSS JOIN "source_{}" v
        LEFT JOIN source_state p ON p.source = v.source WHERE v.record_uid = i.record_uid
        ORDER BY coalesce(p.priority, 0) DESC, v.source, v.record_uid, v.valid_from, v.run"#,
        table.name()
    )
}

/// Records that merges and splits brought to entity `$1` or took from it: run, 1 for brought, uid of the other.
pub(in crate::registry) const MOVES: &str = "SELECT DISTINCT p.until_run, CAST(1 AS BIGINT), p.entity_uid
    FROM identity_past p WHERE p.entity_uid <> $1 AND p.since_run < p.until_run AND (EXISTS (SELECT 1 FROM identity i
        WHERE i.entity_uid = $1 AND i.record_uid = p.record_uid AND i.since_run = p.until_run)
    OR EXISTS (SELECT 1 FROM identity_past i
        WHERE i.entity_uid = $1 AND i.record_uid = p.record_uid AND i.since_run = p.until_run))
    UNION SELECT p.until_run, CAST(0 AS BIGINT), i.entity_uid FROM identity_past p JOIN
    (SELECT entity_uid, record_uid, since_run FROM identity
    UNION ALL SELECT entity_uid, record_uid, since_run FROM identity_past) i
    ON i.record_uid = p.record_uid AND i.since_run = p.until_run
    WHERE p.entity_uid = $1 AND p.since_run < p.until_run ORDER BY 1, 2, 3";

/// Children of those versions: [`FED_CHILD`] columns, then those of the fields and of their raw texts.
pub(in crate::registry) fn fed_children(table: Table) -> String {
    let columns = of_alias("c", table.source_columns().iter().map(|(column, _)| column));
    format!(
        r#"SELECT c.record_uid, c.run, c.ordinal, c.landed, c.sheet, c."row", c.part, {columns}
        FROM (SELECT record_uid FROM identity WHERE entity_uid = $1
        UNION SELECT record_uid FROM identity_past WHERE entity_uid = $1
        AND since_run < until_run) i CROSS JOIN "source_{}" c
        WHERE c.record_uid = i.record_uid ORDER BY c.record_uid, c.run, c.ordinal"#,
        table.name()
    )
}
