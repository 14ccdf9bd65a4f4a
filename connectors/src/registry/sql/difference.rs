//! What was staged against what is held: duplicates, references, changes, children, identity, examples.

use std::collections::BTreeSet;

use vienkop_transforms::finding::{self, Rule};
use vienkop_transforms::model::{self, Entity, Field, Kept};

use super::dialect::as_text;
use super::staging::Staged;
use super::{Dialect, LIVE, SAMPLES, any, of_alias, raw, references};

/// The text that leads a person to a staged row.
fn place(s: &str) -> String {
    format!(
        r#"CASE WHEN {s}."_sheet" IS NOT NULL THEN {s}."_sheet" || '!' || {s}."_row"
        ELSE coalesce((SELECT mark FROM stage_file WHERE landed = {s}."_landed"), 'L') || {s}."_row" || coalesce('.' || {s}."_part", '') END"#
    )
}

/// Inserts findings of a rule about staged rows `s`; `rest` is FROM and WHERE.
pub(super) fn finding(
    rule: &Rule,
    label: &str,
    field: &str,
    value: &str,
    expected: &str,
    hint: &str,
    rest: &str,
) -> String {
    format!(
        r#"INSERT INTO stage_finding (code, severity, entity, record_key, field, landed, sheet, "row", part, cell, value, expected, hint)
        SELECT '{}', '{}', '{label}', s."_key", {field}, s."_landed", s."_sheet", s."_row", s."_part", {}, {value}, {expected}, {hint}
        {rest}"#,
        rule.code,
        rule.severity.as_str(),
        place("s")
    )
}

impl Staged {
    pub(super) fn names(&self) -> (String, String, &'static str) {
        (self.table.name(), self.table.label(), self.table.entity.name)
    }

    /// Numbers the children that came without a place in their parent's list.
    pub(in crate::registry) fn number_children(&self) -> String {
        let x = self.table.name();
        format!(
            r#"UPDATE "stage_{x}" SET "_ordinal" = n.ordinal FROM (SELECT "_rid" AS rid,
            row_number() OVER (PARTITION BY "_record_uid" ORDER BY "_seq", "_rid") AS ordinal FROM "stage_{x}"
            WHERE "_ordinal" IS NULL) n WHERE n.rid = "stage_{x}"."_rid""#
        )
    }

    /// One row a record: the accepted one before a rejected one, then the later.
    pub(in crate::registry) fn winners(&self) -> String {
        let (x, _, _) = self.names();
        if self.table.child.is_none() {
            format!(
                r#"INSERT INTO "delta_{x}" (record_uid, rid, state)
                SELECT "_record_uid", "_rid", CASE WHEN "_accepted" IS TRUE THEN 'accepted' ELSE 'held' END
                FROM (SELECT "_record_uid", "_rid", "_accepted", row_number() OVER
                    (PARTITION BY "_record_uid" ORDER BY "_accepted" DESC, "_seq" DESC, "_rid" DESC) AS n
                    FROM "stage_{x}" WHERE "_record_uid" IS NOT NULL) ranked
                WHERE n = 1 ORDER BY "_record_uid""#
            )
        } else {
            format!(
                r#"INSERT INTO "delta_{x}" (record_uid, ordinal, rid, state)
                SELECT "_record_uid", "_ordinal", "_rid", CASE WHEN "_accepted" IS TRUE THEN 'accepted' ELSE 'held' END
                FROM (SELECT "_record_uid", "_ordinal", "_rid", "_accepted", row_number() OVER
                    (PARTITION BY "_record_uid", "_ordinal" ORDER BY "_accepted" DESC, "_seq" DESC, "_rid" DESC) AS n
                    FROM "stage_{x}" s WHERE "_record_uid" IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM "orphan_{x}" y WHERE y.rid = s."_rid")
                    AND NOT EXISTS (SELECT 1 FROM "echo_{x}" y WHERE y.rid = s."_rid")) ranked
                WHERE n = 1 ORDER BY "_record_uid", "_ordinal""#
            )
        }
    }

    /// What rows of one record leave empty is filled from its other rows, the last first; and an index that finds them.
    pub(in crate::registry) fn complete(&self) -> [String; 2] {
        let (x, _, _) = self.names();
        // A column, and the one that is filled where it is given.
        let mut columns: Vec<(String, String)> =
            self.delivered().into_iter().map(|(column, _)| (column.clone(), column)).collect();
        // What was read goes with the value that was made of it.
        let raws = self.table.fields().iter().filter(|field| field.keeps_raw());
        let raws =
            raws.flat_map(|field| field.storage().into_iter().take(1).map(|(value, _)| (raw(field.name), value)));
        columns.extend(raws.filter(|(column, value)| self.columns.contains(column) && self.columns.contains(value)));
        let filled = columns.iter().map(|(column, value)| {
            format!(
                r#""{column}" = CASE WHEN "{value}" IS NOT NULL THEN "{column}" ELSE (SELECT o."{column}"
                FROM "stage_{x}" o WHERE o."_record_uid" = "stage_{x}"."_record_uid" AND o."_accepted" IS TRUE
                AND o."{value}" IS NOT NULL ORDER BY o."_seq" DESC, o."_rid" DESC LIMIT 1) END"#
            )
        });
        [
            format!(r#"CREATE INDEX temp."stage_{x}_record" ON "stage_{x}" ("_record_uid")"#),
            format!(
                r#"UPDATE "stage_{x}" SET {} WHERE "_accepted" IS TRUE AND "_record_uid" IN (SELECT "_record_uid"
                FROM "stage_{x}" WHERE "_accepted" IS TRUE GROUP BY "_record_uid" HAVING count(*) > 1)"#,
                filled.collect::<Vec<_>>().join(", ")
            ),
        ]
    }

    /// Accepted rows that do not count because another of the same record does.
    pub(in crate::registry) fn dropped(&self) -> String {
        let (x, _, _) = self.names();
        let (same, not) = if self.table.child.is_none() {
            ("", String::new())
        } else {
            (
                r#" AND d.ordinal = s."_ordinal""#,
                format!(
                    r#" AND NOT EXISTS (SELECT 1 FROM "orphan_{x}" y WHERE y.rid = s."_rid")
                    AND NOT EXISTS (SELECT 1 FROM "echo_{x}" y WHERE y.rid = s."_rid")"#
                ),
            )
        };
        format!(
            r#"INSERT INTO "dropped_{x}" SELECT s."_rid", d.rid FROM "stage_{x}" s CROSS JOIN "delta_{x}" d
            WHERE d.record_uid = s."_record_uid"{same} AND s."_accepted" IS TRUE AND d.rid <> s."_rid"{not}"#
        )
    }

    /// K001 and K002 for them.
    pub(in crate::registry) fn duplicate_findings(&self) -> [String; 2] {
        let (x, label, _) = self.names();
        let mut conditions: Vec<String> = self.shapes_differ("s", "w").into_iter().collect();
        let columns = self.delivered();
        conditions.extend(columns.iter().map(|(c, _)| format!(r#"s."{c}" IS DISTINCT FROM w."{c}""#)));
        let differs = any(&conditions);
        let of = |rule: &Rule, condition: &str| {
            let rest = format!(
                r#"FROM "dropped_{x}" y CROSS JOIN "stage_{x}" s CROSS JOIN "stage_{x}" w
                WHERE s."_rid" = y.rid AND w."_rid" = y.counted AND {condition} ORDER BY s."_seq", s."_rid""#
            );
            finding(rule, &label, "NULL", r#"s."_key""#, "NULL", &place("w"), &rest)
        };
        [of(&finding::DUPLICATE, &format!("NOT {differs}")), of(&finding::DUPLICATE_DIFFERS, &differs)]
    }

    /// Condition that what field `field` of `s` (or `item.value` of a list) refers to is nowhere: neither in the
    /// registry (unless this delivery retires it) nor in this delivery.
    fn missing(&self, field: &Field, others: &[Staged]) -> Option<String> {
        let (to, to_field) = field.refers?;
        let target = model::entity(to)?;
        let value = if field.list { "item.value".to_owned() } else { format!(r#"s."{}""#, field.name) };
        let pair = self.table.entity.owner_beside(field).filter(|(own, _)| self.delivers(own));
        let same = |alias: &str| {
            let owner =
                pair.map(|(own, theirs)| format!(r#" AND (s."{own}" IS NULL OR {alias}."{theirs}" = s."{own}")"#));
            format!(r#"{alias}."{to_field}" = {value}{}"#, owner.unwrap_or_default())
        };
        let other = others.iter().find(|other| other.is(target));
        let gone = other.map(|_| format!(r#" AND NOT EXISTS (SELECT 1 FROM "gone_{to}" g WHERE g.uid = c.uid)"#));
        let comes =
            other.filter(|other| other.delivers(to_field) && pair.is_none_or(|(_, theirs)| other.delivers(theirs)));
        let comes = comes.map(|_| {
            format!(
                r#" AND NOT EXISTS (SELECT 1 FROM "stage_{to}" c CROSS JOIN "delta_{to}" t
                WHERE t.record_uid = c."_record_uid" AND t.rid = c."_rid" AND t.state IN {LIVE} AND {})"#,
                same("c")
            )
        });
        Some(format!(
            r#"{value} IS NOT NULL AND NOT EXISTS
            (SELECT 1 FROM "{to}" c WHERE c.valid_to IS NULL AND {}{}){}"#,
            same("c"),
            gone.unwrap_or_default(),
            comes.unwrap_or_default()
        ))
    }

    fn is(&self, entity: &Entity) -> bool {
        self.table.child.is_none() && self.table.entity.name == entity.name
    }

    /// Fields of other entities' rows that this delivery refers to by, to be indexed before they are looked up.
    pub(in crate::registry) fn index_referred(&self, others: &[Staged]) -> Vec<String> {
        let fields = others.iter().filter(|other| other.table.child.is_none()).flat_map(|other| {
            other.table.fields().iter().filter(|field| other.delivers(field.name)).filter_map(|field| field.refers)
        });
        let fields: BTreeSet<&str> = fields.filter(|(to, _)| *to == self.table.entity.name).map(|(_, f)| f).collect();
        let x = self.table.name();
        let fields = fields.into_iter().filter(|field| self.delivers(field));
        fields.map(|field| format!(r#"CREATE INDEX temp."stage_{x}_{field}" ON "stage_{x}" ("{field}")"#)).collect()
    }

    /// References of this entity that the delivery carries: findings of those that lead nowhere, K004 for links, K007
    /// for requests' services, K003 for others.
    pub(in crate::registry) fn reference_findings(&self, others: &[Staged], dialect: Dialect) -> Vec<String> {
        let (x, label, _) = self.names();
        let entity = self.table.entity;
        let mut statements = Vec::new();
        for field in references(entity).filter(|field| self.delivers(field.name)) {
            let Some(missing) = self.missing(field, others) else { continue };
            let rule = match (entity.link, field.binding) {
                (true, _) => &finding::LINK_TARGET,
                (false, true) => &finding::UNKNOWN_SERVICE,
                (false, false) => &finding::REFERENCE,
            };
            let (items, value) = if field.list {
                (format!(" CROSS JOIN {}", dialect.items(field.name)), "item.value".to_owned())
            } else {
                (String::new(), format!(r#"s."{}""#, field.name))
            };
            let rest = format!(
                r#"FROM "delta_{x}" d CROSS JOIN "stage_{x}" s{items}
                WHERE s."_rid" = d.rid AND d.state IN {LIVE} AND {missing} ORDER BY s."_seq", s."_rid""#
            );
            let expected = field.refers.map_or("NULL".into(), |(to, to_field)| format!("'{to}.{to_field}'"));
            statements.push(finding(rule, &label, &format!("'{}'", field.name), &value, &expected, "NULL", &rest));
        }
        statements
    }

    /// Quarantines records with a reference that they cannot do without (an end of a link) and that leads nowhere.
    pub(in crate::registry) fn refuse_references(&self, others: &[Staged]) -> Option<String> {
        let (x, _, _) = self.names();
        let entity = self.table.entity;
        let ends = references(entity).filter(|field| entity.link || field.binding);
        let ends = ends.filter(|field| self.delivers(field.name));
        let missing: Vec<String> =
            ends.filter_map(|field| self.missing(field, others)).map(|end| format!("({end})")).collect();
        (!missing.is_empty()).then(|| {
            format!(
                r#"UPDATE "delta_{x}" SET state = 'refused' WHERE state = 'accepted' AND EXISTS
                (SELECT 1 FROM "stage_{x}" s WHERE s."_rid" = "delta_{x}".rid AND {})"#,
                any(&missing)
            )
        })
    }

    /// Compares delivered records with the versions held, field by field.
    pub(in crate::registry) fn compare(&self) -> String {
        let (x, _, parent) = self.names();
        let differs = self.differs();
        let (join, old_run) = if self.table.child.is_none() {
            (
                format!(r#"LEFT JOIN "source_{x}" o ON o.record_uid = s."_record_uid" AND o.valid_to IS NULL"#),
                ", old_run = o.run",
            )
        } else {
            (
                format!(
                    r#"LEFT JOIN "source_{parent}" v ON v.record_uid = s."_record_uid" AND v.valid_to IS NULL
                    LEFT JOIN "source_{x}" o ON o.record_uid = v.record_uid AND o.run = v.run AND o.ordinal = s."_ordinal""#
                ),
                "",
            )
        };
        format!(
            r#"UPDATE "delta_{x}" AS d SET state = CASE WHEN o.record_uid IS NULL THEN 'inserted'
            WHEN {differs} THEN 'changed' ELSE 'unchanged' END{old_run}
            FROM "stage_{x}" s {join} WHERE s."_rid" = d.rid AND d.state = 'accepted'"#
        )
    }

    /// Held by this source and delivered in no form, not even quarantined: neither as itself nor as a row that may be
    /// it.
    pub(in crate::registry) fn retire(&self) -> String {
        let (x, _, _) = self.names();
        let known_by = self.known_by();
        let may_be = if known_by.is_empty() {
            String::new()
        } else {
            format!(
                r#" AND ({}) NOT IN (SELECT {} FROM "stage_{x}" s WHERE s."_record_uid" IS NULL AND {})"#,
                of_alias("v", &known_by),
                of_alias("s", &known_by),
                self.is_known("s")
            )
        };
        format!(
            r#"INSERT INTO "retire_{x}" SELECT v.record_uid, v.run FROM "source_{x}" v
            WHERE v.valid_to IS NULL AND v.source = $2
            AND NOT EXISTS (SELECT 1 FROM "delta_{x}" d WHERE d.record_uid = v.record_uid){may_be}
            ORDER BY v.record_uid"#
        )
    }

    /// Condition that of a row `s` without record it is known which records it may be.
    fn is_known(&self, s: &str) -> String {
        let known_by = self.known_by();
        if known_by.is_empty() {
            return "(1 = 0)".to_owned();
        }
        known_by.iter().map(|field| format!(r#"{s}."{field}" IS NOT NULL"#)).collect::<Vec<_>>().join(" AND ")
    }

    // -- children

    /// Child rows of a parent row that does not count: they came twice with it.
    pub(in crate::registry) fn echoes(&self) -> String {
        let (x, _, parent) = self.names();
        format!(
            r#"INSERT INTO "echo_{x}" SELECT DISTINCT c."_rid"
            FROM "dropped_{parent}" y CROSS JOIN "stage_{parent}" s CROSS JOIN "stage_{x}" c
            WHERE s."_rid" = y.rid AND c."_record_uid" = s."_record_uid" AND c."_accepted" IS TRUE
            AND c."_landed" IS NOT DISTINCT FROM s."_landed" AND c."_sheet" IS NOT DISTINCT FROM s."_sheet"
            AND c."_row" IS NOT DISTINCT FROM s."_row" AND c."_part" IS NOT DISTINCT FROM s."_part""#
        )
    }

    /// Index for the search of children by parent.
    pub(in crate::registry) fn index_children(&self) -> String {
        let (x, _, _) = self.names();
        format!(r#"CREATE INDEX temp."stage_{x}_parent" ON "stage_{x}" ("_record_uid")"#)
    }

    /// Accepted child rows whose parent is neither delivered nor held, or is quarantined itself.
    /// `whole`: the delivery is a snapshot of the parents too, so that a parent not delivered is on its way out.
    pub(in crate::registry) fn orphans(&self, whole: bool) -> String {
        let (x, _, parent) = self.names();
        let held = if whole {
            String::new()
        } else {
            format!(
                r#" AND NOT EXISTS (SELECT 1 FROM "source_{parent}" o
                WHERE o.record_uid = s."_record_uid" AND o.valid_to IS NULL)"#
            )
        };
        format!(
            r#"INSERT INTO "orphan_{x}" SELECT s."_rid" FROM "stage_{x}" s
            LEFT JOIN "delta_{parent}" d ON d.record_uid = s."_record_uid"
            WHERE s."_accepted" IS TRUE AND (d.state NOT IN {LIVE} OR (d.record_uid IS NULL{held}))"#
        )
    }

    /// K005 for them; where parent and child are one row, the parent's findings say it all.
    pub(in crate::registry) fn orphan_findings(&self) -> String {
        let (x, label, parent) = self.names();
        let rest = format!(
            r#"FROM "orphan_{x}" y CROSS JOIN "stage_{x}" s WHERE s."_rid" = y.rid AND NOT EXISTS
            (SELECT 1 FROM "delta_{parent}" d CROSS JOIN "stage_{parent}" p WHERE d.record_uid = s."_record_uid"
            AND p."_rid" = d.rid AND p."_landed" IS NOT DISTINCT FROM s."_landed"
            AND p."_sheet" IS NOT DISTINCT FROM s."_sheet" AND p."_row" IS NOT DISTINCT FROM s."_row")
            ORDER BY s."_seq", s."_rid""#
        );
        finding(&finding::ORPHAN, &label, "NULL", r#"s."_key""#, &format!("'{parent}'"), "NULL", &rest)
    }

    /// Rows of a list that may be any of its items: unreadable ones, and rejected ones whose parent cannot be told.
    pub(in crate::registry) fn count_unknown_children(&self) -> String {
        let (x, label, _) = self.names();
        format!(
            r#"SELECT (SELECT count(*) FROM stage_quarantine WHERE seq < 0 AND entity IN ('{label}', ''))
            + (SELECT count(*) FROM "stage_{x}" WHERE "_accepted" IS NOT TRUE AND "_record_uid" IS NULL)"#
        )
    }

    /// Held children that the delivery of their parent, or of its list, no longer has.
    fn absent_children(&self) -> String {
        let (x, _, parent) = self.names();
        format!(
            r#"FROM "source_{parent}" v CROSS JOIN "source_{x}" o
            WHERE v.valid_to IS NULL AND v.source = $2 AND o.record_uid = v.record_uid AND o.run = v.run
            AND NOT EXISTS (SELECT 1 FROM "delta_{x}" d WHERE d.record_uid = o.record_uid AND d.ordinal = o.ordinal)"#
        )
    }

    /// Condition that the delivery tells of the children of parent `v`.
    fn told_of(&self) -> String {
        let (x, _, parent) = self.names();
        format!(
            r#"(EXISTS (SELECT 1 FROM "delta_{parent}" p WHERE p.record_uid = v.record_uid AND p.state IN {LIVE})
            OR EXISTS (SELECT 1 FROM "delta_{x}" d WHERE d.record_uid = v.record_uid AND d.state IN {LIVE}))"#
        )
    }

    /// They stay as they are.
    pub(in crate::registry) fn hold_children(&self) -> String {
        format!(
            r#"INSERT INTO "delta_{}" (record_uid, ordinal, rid, state) SELECT o.record_uid, o.ordinal, NULL, 'held' {}
            AND {}"#,
            self.table.name(),
            self.absent_children(),
            self.told_of()
        )
    }

    /// They are retired, and so are those of retired parents.
    pub(in crate::registry) fn retire_children(&self) -> String {
        let (x, _, parent) = self.names();
        format!(
            r#"INSERT INTO "retire_{x}" SELECT o.record_uid, o.ordinal {} AND ({}
            OR EXISTS (SELECT 1 FROM "retire_{parent}" r WHERE r.record_uid = v.record_uid))"#,
            self.absent_children(),
            self.told_of()
        )
    }

    /// How many items of the list stand to be retired though their parents are not, and how many the source holds.
    pub(in crate::registry) fn count_retired_items(&self) -> String {
        let (x, _, parent) = self.names();
        format!(
            r#"SELECT (SELECT count(*) FROM "retire_{x}" c WHERE NOT EXISTS
            (SELECT 1 FROM "retire_{parent}" r WHERE r.record_uid = c.record_uid)),
            (SELECT count(*) FROM "source_{parent}" v CROSS JOIN "source_{x}" o WHERE v.valid_to IS NULL
            AND v.source = $2 AND o.record_uid = v.record_uid AND o.run = v.run)"#
        )
    }

    /// A change in the children is a change of the parent; `touched`: of a parent that was not delivered itself.
    pub(in crate::registry) fn touch_parents(&self) -> [String; 2] {
        let (x, _, parent) = self.names();
        let affected = format!(
            r#"(SELECT record_uid FROM "delta_{x}" WHERE state IN ('inserted', 'changed')
            UNION SELECT record_uid FROM "retire_{x}")"#
        );
        [
            format!(
                r#"UPDATE "delta_{parent}" SET state = 'changed' WHERE state = 'unchanged' AND record_uid IN {affected}"#
            ),
            format!(
                r#"INSERT INTO "delta_{parent}" (record_uid, rid, state, old_run)
                SELECT v.record_uid, NULL, 'touched', v.run FROM {affected} a CROSS JOIN "source_{parent}" v
                WHERE v.record_uid = a.record_uid AND v.valid_to IS NULL
                AND NOT EXISTS (SELECT 1 FROM "delta_{parent}" d WHERE d.record_uid = v.record_uid)
                AND NOT EXISTS (SELECT 1 FROM "retire_{parent}" r WHERE r.record_uid = v.record_uid)"#
            ),
        ]
    }

    // -- counts, quarantine, samples

    /// Rows staged, and how many of them were rejected before they came here.
    /// A child without parent is an orphan, counted with those.
    pub(in crate::registry) fn count_staged(&self) -> String {
        let (x, _, _) = self.names();
        let keyed = if self.table.child.is_none() { r#" AND "_record_uid" IS NOT NULL"# } else { "" };
        format!(
            r#"SELECT count(*), coalesce(sum(CASE WHEN "_accepted" IS TRUE{keyed} THEN 0 ELSE 1 END), 0),
            coalesce(sum(CASE WHEN "_ordinal" IS NULL THEN 1 ELSE 0 END), 0) FROM "stage_{x}""#
        )
    }

    /// How many staged rows may be any record.
    pub(in crate::registry) fn count_unidentified(&self) -> String {
        let (x, _, _) = self.names();
        format!(r#"SELECT count(*) FROM "stage_{x}" s WHERE s."_record_uid" IS NULL AND NOT ({})"#, self.is_known("s"))
    }

    /// Delta rows by state.
    pub(in crate::registry) fn count_delta(&self) -> String {
        format!(r#"SELECT state, count(*) FROM "delta_{}" GROUP BY state"#, self.table.name())
    }

    /// Rows of another table of the difference (`retire`, `orphan`, …).
    pub(in crate::registry) fn count(&self, prefix: &str) -> String {
        format!(r#"SELECT count(*) FROM "{prefix}_{}""#, self.table.name())
    }

    /// Quarantine heads of what came rejected and of what was refused here.
    pub(in crate::registry) fn quarantine(&self) -> [String; 2] {
        let (x, label, _) = self.names();
        let head = format!(
            r#"INSERT INTO stage_quarantine (seq, entity, record_key, record_uid, landed, sheet, "row", part)
            SELECT s."_seq", '{label}', s."_key", s."_record_uid", s."_landed",
            s."_sheet", s."_row", s."_part""#
        );
        [
            format!(
                r#"{head} FROM "stage_{x}" s WHERE s."_accepted" IS NOT TRUE{} ORDER BY s."_seq", s."_rid""#,
                if self.table.child.is_none() { r#" OR s."_record_uid" IS NULL"# } else { "" }
            ),
            format!(r#"{head} {} ORDER BY s."_seq", s."_rid""#, self.refused()),
        ]
    }

    fn refused(&self) -> String {
        let (x, _, _) = self.names();
        match self.table.child {
            None => {
                format!(r#"FROM "delta_{x}" d CROSS JOIN "stage_{x}" s WHERE s."_rid" = d.rid AND d.state = 'refused'"#)
            }
            Some(_) => format!(r#"FROM "orphan_{x}" y CROSS JOIN "stage_{x}" s WHERE s."_rid" = y.rid"#),
        }
    }

    /// Their values as cells, since the transforms kept none.
    pub(in crate::registry) fn refused_cells(&self) -> Vec<String> {
        let columns = self.delivered().into_iter().enumerate();
        columns
            .map(|(n, (column, storage))| {
                let value = format!(r#"s."{column}""#);
                format!(
                    r#"INSERT INTO stage_cell (seq, ordinal, "column", value) SELECT s."_seq", {}, '{column}', {} {} AND {value} IS NOT NULL"#,
                    n + 1,
                    as_text(&value, storage),
                    self.refused()
                )
            })
            .collect()
    }

    /// Examples of what is inserted (or changed): key, uid, then old and new value of each delivered column as text.
    pub(in crate::registry) fn samples(&self, state: &str) -> String {
        let (x, _, _) = self.names();
        let values = self.values();
        let columns = self.delivered().into_iter().map(|(column, storage)| {
            let new = values.iter().find(|(name, _)| *name == column).map_or("NULL", |(_, value)| value.as_str());
            format!(", {}, {}", as_text(&format!(r#"o."{column}""#), storage), as_text(new, storage))
        });
        let columns: String = columns.collect();
        format!(
            r#"SELECT s."_key", u.uid, d.record_uid{columns} FROM (SELECT record_uid, rid, old_run FROM "delta_{x}"
            WHERE state = '{state}' ORDER BY rid LIMIT {SAMPLES}) d CROSS JOIN "stage_{x}" s
            CROSS JOIN "uid_{x}" u LEFT JOIN "source_{x}" o ON o.record_uid = d.record_uid AND o.run = d.old_run
            WHERE s."_rid" = d.rid AND u.record_uid = d.record_uid ORDER BY d.rid"#
        )
    }

    /// Whether the children of record `$1` change.
    pub(in crate::registry) fn children_change(&self) -> String {
        let (x, _, _) = self.names();
        format!(
            r#"SELECT (SELECT count(*) FROM "delta_{x}" WHERE record_uid = $1 AND state IN ('inserted', 'changed'))
            + (SELECT count(*) FROM "retire_{x}" WHERE record_uid = $1)"#
        )
    }

    /// Examples of what is retired: key and uid.
    pub(in crate::registry) fn retired_samples(&self) -> String {
        let (x, _, _) = self.names();
        format!(
            r#"SELECT v.key, u.uid FROM "retire_{x}" r CROSS JOIN "source_{x}" v CROSS JOIN "uid_{x}" u
            WHERE v.record_uid = r.record_uid AND v.run = r.old_run AND u.record_uid = r.record_uid
            ORDER BY v.key, v.record_uid LIMIT {SAMPLES}"#
        )
    }

    // -- identity

    /// The entity of every affected record: the known one, else a current one with the same natural key (that does
    /// not give the key away in this very delivery), else the minted one, unless it has become another's.
    pub(in crate::registry) fn resolve(&self) -> [String; 2] {
        let (x, _, _) = self.names();
        let entity = self.table.entity;
        // Numbers that each source gives out itself name nothing of another source.
        let keys = entity.keys.iter().filter(|_| entity.kept != Kept::PerSource);
        let keys: Vec<String> = keys
            .filter(|key| key.iter().all(|field| self.delivers(field)))
            .map(|key| {
                let same: Vec<String> = key.iter().map(|field| format!(r#"c."{field}" = s."{field}""#)).collect();
                let moved = any(&key
                    .iter()
                    .map(|field| format!(r#"t."{field}" IS DISTINCT FROM s."{field}""#))
                    .collect::<Vec<_>>());
                format!(
                    r#"(SELECT min(c.uid) FROM "{x}" c WHERE c.valid_to IS NULL AND {} AND NOT EXISTS
                    (SELECT 1 FROM identity i CROSS JOIN "delta_{x}" e CROSS JOIN "stage_{x}" t
                    WHERE i.entity_uid = c.uid AND e.record_uid = i.record_uid AND e.state = 'changed'
                    AND t."_rid" = e.rid AND {moved}))"#,
                    same.join(" AND ")
                )
            })
            .collect();
        let keys = keys.iter().fold(String::new(), |all, key| all + key + ", ");
        [
            format!(
                r#"INSERT INTO "uid_{x}" (record_uid, uid) SELECT r.record_uid, i.entity_uid
                FROM (SELECT record_uid FROM "delta_{x}" WHERE state IN ('inserted', 'changed', 'touched')
                UNION ALL SELECT record_uid FROM "retire_{x}") r CROSS JOIN identity i
                WHERE i.record_uid = r.record_uid"#
            ),
            format!(
                r#"INSERT INTO "uid_{x}" (record_uid, uid) SELECT d.record_uid, coalesce({keys}CASE WHEN EXISTS
                (SELECT 1 FROM "{x}" c WHERE c.uid = s."_entity_uid" AND c.valid_to IS NULL)
                THEN NULL ELSE s."_entity_uid" END, d.record_uid)
                FROM "delta_{x}" d CROSS JOIN "stage_{x}" s WHERE s."_rid" = d.rid AND d.state = 'inserted'
                AND NOT EXISTS (SELECT 1 FROM identity i WHERE i.record_uid = d.record_uid) ORDER BY d.record_uid"#
            ),
        ]
    }

    /// Entities that lose their last record and gain none.
    pub(in crate::registry) fn gone(&self) -> String {
        let (x, _, _) = self.names();
        format!(
            r#"INSERT INTO "gone_{x}" SELECT DISTINCT u.uid FROM "retire_{x}" r CROSS JOIN "uid_{x}" u
            WHERE u.record_uid = r.record_uid
            AND NOT EXISTS (SELECT 1 FROM identity i CROSS JOIN "source_{x}" v WHERE i.entity_uid = u.uid
            AND v.record_uid = i.record_uid AND v.valid_to IS NULL
            AND NOT EXISTS (SELECT 1 FROM "retire_{x}" z WHERE z.record_uid = v.record_uid))
            AND NOT EXISTS (SELECT 1 FROM "uid_{x}" n CROSS JOIN "delta_{x}" d
            WHERE n.uid = u.uid AND d.record_uid = n.record_uid AND d.state = 'inserted')"#
        )
    }
}

/// The first finding of each code that concerns the whole set, and how many there are.
pub(in crate::registry) fn findings_of_the_set() -> &'static str {
    r#"SELECT f.*, g.found FROM stage_finding f JOIN (SELECT min("_rid") AS first, count(*) AS found FROM stage_finding
    WHERE code LIKE 'K%' OR code LIKE 'S%' GROUP BY code) g ON f."_rid" = g.first ORDER BY f.code"#
}
