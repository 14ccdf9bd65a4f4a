//! The merged view: what several sources say of one entity becomes one version.

use vienkop_transforms::model::Field;

use super::{Table, dialect, differs, of_alias, quoted};

/// Where the values of affected entities are read from.
#[derive(Debug, Clone, Copy)]
enum Values {
    /// Entities fed by one record: from that record.
    Single,
    /// Entities fed by several: from what was merged of them.
    Merged,
}

impl Table {
    /// FROM and what WHERE has to say of it.
    fn from(self, values: Values) -> (String, &'static str) {
        let x = self.name();
        match values {
            Values::Single => (
                format!(r#"FROM "feed_{x}" f CROSS JOIN "source_{x}" m"#),
                "f.n = 1 AND m.record_uid = f.record_uid AND m.run = f.run",
            ),
            Values::Merged => {
                (format!(r#"FROM "feed_{x}" f CROSS JOIN "merge_{x}" m"#), "f.n > 1 AND f.place = 1 AND m.uid = f.uid")
            }
        }
    }

    /// Tables of the merge.
    pub(in crate::registry) fn create_merge(self) -> Vec<String> {
        let x = self.name();
        let end = dialect::KEY_ORDERED;
        if self.child.is_some() {
            return vec![format!(
                r#"CREATE TEMP TABLE "pick_{x}" (uid TEXT NOT NULL PRIMARY KEY, record_uid TEXT NOT NULL, run INTEGER NOT NULL){end}"#
            )];
        }
        let columns: Vec<String> = self
            .columns()
            .iter()
            .map(|(column, storage)| format!(r#""{column}" {}"#, dialect::column_type(*storage)))
            .collect();
        vec![
            format!(r#"CREATE TEMP TABLE "affected_{x}" (uid TEXT NOT NULL PRIMARY KEY){end}"#),
            format!(
                r#"CREATE TEMP TABLE "feed_{x}" (uid TEXT NOT NULL, place INTEGER NOT NULL, n INTEGER NOT NULL,
                record_uid TEXT NOT NULL, run INTEGER NOT NULL, PRIMARY KEY (uid, place)){end}"#
            ),
            format!(r#"CREATE TEMP TABLE "merge_{x}" (uid TEXT NOT NULL PRIMARY KEY, {})"#, columns.join(", ")),
            format!(
                r#"CREATE TEMP TABLE "outcome_{x}" (uid TEXT NOT NULL PRIMARY KEY, old_run INTEGER, state TEXT NOT NULL){end}"#
            ),
        ]
    }

    /// Entities of the records that the delivery changes.
    pub(in crate::registry) fn affected(self) -> String {
        let x = self.name();
        format!(r#"INSERT INTO "affected_{x}" SELECT DISTINCT uid FROM "uid_{x}" ORDER BY uid"#)
    }

    /// All others that the source feeds.
    pub(in crate::registry) fn affected_of_source(self) -> String {
        let x = self.name();
        format!(
            r#"INSERT INTO "affected_{x}" SELECT DISTINCT i.entity_uid FROM "source_{x}" v CROSS JOIN identity i
            WHERE v.source = $2 AND v.valid_to IS NULL AND i.record_uid = v.record_uid
            AND NOT EXISTS (SELECT 1 FROM "affected_{x}" a WHERE a.uid = i.entity_uid)"#
        )
    }

    /// Whether the source holds any.
    pub(in crate::registry) fn holds_of_source(self) -> String {
        format!(
            r#"SELECT CASE WHEN EXISTS (SELECT 1 FROM "source_{}" WHERE source = $2 AND valid_to IS NULL)
            THEN CAST(1 AS BIGINT) ELSE 0 END"#,
            self.name()
        )
    }

    /// Entity `$1`.
    pub(in crate::registry) fn affect(self) -> String {
        format!(r#"INSERT INTO "affected_{}" (uid) VALUES ($1)"#, self.name())
    }

    /// Open records that feed affected entities, in order of precedence: those just loaded (whose versions need not
    /// be looked up), and others'. `n`: how many say something of the entity, a person's decision among them.
    pub(in crate::registry) fn feeds(self) -> String {
        let x = self.name();
        format!(
            r#"INSERT INTO "feed_{x}" (uid, place, n, record_uid, run) SELECT r.uid, row_number() OVER (PARTITION BY r.uid
            ORDER BY coalesce(p.priority, 0) DESC, r.source, r.record_uid),
            count(*) OVER (PARTITION BY r.uid) + CASE WHEN t.uid IS NULL THEN 0 ELSE 1 END, r.record_uid, r.run
            FROM (SELECT u.uid, u.record_uid, $1 AS run, $2 AS source FROM "uid_{x}" u CROSS JOIN "delta_{x}" d
            WHERE d.record_uid = u.record_uid AND d.state IN ('inserted', 'changed', 'touched')
            UNION ALL SELECT a.uid, v.record_uid, v.run, v.source
            FROM "affected_{x}" a CROSS JOIN identity i CROSS JOIN "source_{x}" v
            WHERE i.entity_uid = a.uid AND v.record_uid = i.record_uid AND v.valid_to IS NULL
            AND NOT EXISTS (SELECT 1 FROM "uid_{x}" u WHERE u.record_uid = i.record_uid)) r
            LEFT JOIN source_state p ON p.source = r.source
            LEFT JOIN (SELECT DISTINCT uid FROM decided_value WHERE entity = '{x}') t ON t.uid = r.uid"#
        )
    }

    /// The greatest number of records that feed one entity.
    pub(in crate::registry) fn most_feeds(self) -> String {
        format!(r#"SELECT max(n) FROM "feed_{}""#, self.name())
    }

    /// The first record's values for entities fed by several.
    pub(in crate::registry) fn merge_first(self) -> String {
        let x = self.name();
        let columns = self.columns();
        let names = columns.iter().map(|(column, _)| column);
        format!(
            r#"INSERT INTO "merge_{x}" (uid, {}) SELECT f.uid, {} FROM "feed_{x}" f CROSS JOIN "source_{x}" v
            WHERE f.n > 1 AND f.place = 1 AND v.record_uid = f.record_uid AND v.run = f.run"#,
            quoted(names.clone()),
            of_alias("v", names)
        )
    }

    /// Fills what is still empty from the record at this place.
    pub(in crate::registry) fn merge_next(self, place: i64) -> String {
        let x = self.name();
        let columns = self.columns();
        let set: Vec<String> =
            columns.iter().map(|(c, _)| format!(r#""{c}" = coalesce("merge_{x}"."{c}", v."{c}")"#)).collect();
        format!(
            r#"UPDATE "merge_{x}" SET {} FROM "feed_{x}" f CROSS JOIN "source_{x}" v
            WHERE f.uid = "merge_{x}".uid AND f.place = {place} AND v.record_uid = f.record_uid AND v.run = f.run"#,
            set.join(", ")
        )
    }

    /// Columns of a field in the entity tables.
    pub(in crate::registry) fn columns_of(self, field: &str) -> impl Iterator<Item = String> + use<> {
        let field = self.fields().iter().find(|known| known.name == field);
        field.into_iter().flat_map(Field::storage).map(|(column, _)| column)
    }

    /// A field for which some source has a priority of its own: the first value in that order.
    pub(in crate::registry) fn merge_field(self, column: &str, field: &str) -> String {
        let x = self.name();
        format!(
            r#"UPDATE "merge_{x}" SET "{column}" = (SELECT v."{column}" FROM "feed_{x}" f CROSS JOIN "source_{x}" v
            LEFT JOIN source_state p ON p.source = v.source LEFT JOIN source_field_priority q
            ON q.source = v.source AND q.entity = '{x}' AND q.field = '{field}'
            WHERE f.uid = "merge_{x}".uid AND v.record_uid = f.record_uid AND v.run = f.run AND v."{column}" IS NOT NULL
            ORDER BY coalesce(q.priority, p.priority, 0) DESC, v.source, v.record_uid LIMIT 1)"#
        )
    }

    /// A field that people decided where no source says anything.
    pub(in crate::registry) fn merge_decided(self, column: &str, field: &str) -> String {
        let x = self.name();
        format!(
            r#"UPDATE "merge_{x}" SET "{column}" = (SELECT t.value FROM decided_value t
            WHERE t.uid = "merge_{x}".uid AND t.field = '{field}') WHERE "{column}" IS NULL"#
        )
    }

    /// What becomes of the affected entities.
    pub(in crate::registry) fn outcomes(self) -> [String; 3] {
        let x = self.name();
        let differs = differs("m", "v", &self.columns());
        let live = |values: Values| {
            let (from, joined) = self.from(values);
            format!(
                r#"INSERT INTO "outcome_{x}" SELECT f.uid, v.run, CASE WHEN v.uid IS NULL THEN 'inserted' ELSE 'changed' END
                {from} LEFT JOIN "{x}" v ON v.uid = f.uid AND v.valid_to IS NULL
                WHERE {joined} AND (v.uid IS NULL OR {differs})"#
            )
        };
        [
            format!(
                r#"INSERT INTO "outcome_{x}" SELECT a.uid, v.run, 'retired' FROM "affected_{x}" a CROSS JOIN "{x}" v
                WHERE v.uid = a.uid AND v.valid_to IS NULL
                AND NOT EXISTS (SELECT 1 FROM "feed_{x}" f WHERE f.uid = a.uid)"#
            ),
            live(Values::Single),
            live(Values::Merged),
        ]
    }

    /// Current entities that are the same but made of other records.
    pub(in crate::registry) fn anew(self) -> String {
        let x = self.name();
        format!(
            r#"INSERT INTO "outcome_{x}" (uid, old_run, state) SELECT v.uid, v.run, 'changed'
            FROM "affected_{x}" a CROSS JOIN "{x}" v WHERE v.uid = a.uid AND v.valid_to IS NULL
            AND EXISTS (SELECT 1 FROM "feed_{x}" f WHERE f.uid = v.uid)
            AND NOT EXISTS (SELECT 1 FROM "outcome_{x}" y WHERE y.uid = v.uid)"#
        )
    }

    /// Whether anything of this child is or was held (most lists of most sources are empty).
    pub(in crate::registry) fn holds_any(self) -> String {
        let x = self.name();
        format!(
            r#"SELECT CASE WHEN EXISTS (SELECT 1 FROM "source_{x}") OR EXISTS (SELECT 1 FROM "{x}") THEN CAST(1 AS BIGINT) ELSE 0 END"#
        )
    }

    /// Children come from the first record that has any; `by_priority`: some source has a priority of its own for them.
    pub(in crate::registry) fn pick_children(self, by_priority: bool) -> String {
        let (x, parent) = (self.name(), self.entity.name);
        if by_priority {
            let list = self.child.map_or("", |child| child.name);
            return format!(
                r#"INSERT INTO "pick_{x}" SELECT uid, record_uid, run FROM (SELECT g.uid, g.record_uid, g.run,
                row_number() OVER (PARTITION BY g.uid ORDER BY coalesce(q.priority, p.priority, 0) DESC, g.place) AS n
                FROM "feed_{parent}" g CROSS JOIN "source_{parent}" v LEFT JOIN source_state p ON p.source = v.source
                LEFT JOIN source_field_priority q
                ON q.source = v.source AND q.entity = '{parent}' AND q.field = '{list}'
                WHERE v.record_uid = g.record_uid AND v.run = g.run AND EXISTS
                (SELECT 1 FROM "source_{x}" c WHERE c.record_uid = g.record_uid AND c.run = g.run)) ranked
                WHERE n = 1"#
            );
        }
        format!(
            r#"INSERT INTO "pick_{x}" SELECT f.uid, f.record_uid, f.run FROM
            (SELECT g.uid, min(g.place) AS place FROM "feed_{parent}" g WHERE EXISTS
            (SELECT 1 FROM "source_{x}" c WHERE c.record_uid = g.record_uid AND c.run = g.run) GROUP BY g.uid) b
            CROSS JOIN "feed_{parent}" f WHERE f.uid = b.uid AND f.place = b.place"#
        )
    }

    /// Entities whose children change while their fields do not.
    pub(in crate::registry) fn child_outcomes(self) -> String {
        let (x, parent) = (self.name(), self.entity.name);
        let differs = differs("n", "o", &self.columns());
        format!(
            r#"INSERT INTO "outcome_{parent}" SELECT v.uid, v.run, 'changed' FROM "affected_{parent}" a CROSS JOIN "{parent}" v
            WHERE v.uid = a.uid AND v.valid_to IS NULL
            AND NOT EXISTS (SELECT 1 FROM "outcome_{parent}" y WHERE y.uid = v.uid)
            AND (EXISTS (SELECT 1 FROM "pick_{x}" p CROSS JOIN "source_{x}" n
                LEFT JOIN "{x}" o ON o.uid = p.uid AND o.run = v.run AND o.ordinal = n.ordinal
                WHERE p.uid = v.uid AND n.record_uid = p.record_uid AND n.run = p.run AND (o.uid IS NULL OR {differs}))
            OR EXISTS (SELECT 1 FROM "{x}" o WHERE o.uid = v.uid AND o.run = v.run AND NOT EXISTS
                (SELECT 1 FROM "pick_{x}" p CROSS JOIN "source_{x}" n WHERE p.uid = v.uid
                AND n.record_uid = p.record_uid AND n.run = p.run AND n.ordinal = o.ordinal)))"#
        )
    }

    /// Takes back what another source of the same run made of these entities.
    pub(in crate::registry) fn replace(self) -> String {
        format!(
            r#"DELETE FROM "{}" WHERE (uid, run) IN (SELECT uid, old_run FROM "outcome_{}" WHERE old_run = $1)"#,
            self.name(),
            self.entity.name
        )
    }

    /// Runs may overlap: what this run wrote here before another wrote over it, and now writes over again, becomes
    /// part of the version that followed it. A run leaves one version of an entity.
    pub(in crate::registry) fn absorb(self) -> [String; 2] {
        let x = self.name();
        let again = "c.run = $1 AND c.valid_to IS NOT NULL AND y.uid = c.uid AND y.state IN ('inserted', 'changed')
            AND y.old_run IS DISTINCT FROM $1";
        [
            format!(
                r#"UPDATE "{x}" SET valid_from = (SELECT c.valid_from FROM "{x}" c WHERE c.uid = "{x}".uid AND c.run = $1)
                WHERE (uid, run) IN (SELECT c.uid, c.run_to FROM "outcome_{x}" y CROSS JOIN "{x}" c WHERE {again})
                AND valid_from = (SELECT c.valid_to FROM "{x}" c WHERE c.uid = "{x}".uid AND c.run = $1)"#
            ),
            self.forget_absorbed(),
        ]
    }

    /// Removes it, or its children.
    pub(in crate::registry) fn forget_absorbed(self) -> String {
        let (x, parent) = (self.name(), self.entity.name);
        let of_parent = if self.child.is_some() { "" } else { " AND valid_to IS NOT NULL" };
        format!(
            r#"DELETE FROM "{x}" WHERE run = $1{of_parent} AND uid IN (SELECT uid FROM "outcome_{parent}"
            WHERE state IN ('inserted', 'changed') AND old_run IS DISTINCT FROM $1)"#
        )
    }

    /// Closes the versions that something follows.
    pub(in crate::registry) fn close(self) -> String {
        let x = self.name();
        format!(
            r#"UPDATE "{x}" SET valid_to = $3, run_to = $1 WHERE (uid, run) IN
            (SELECT uid, old_run FROM "outcome_{x}" WHERE old_run <> $1)"#
        )
    }

    /// Writes the new versions.
    pub(in crate::registry) fn open(self) -> [String; 2] {
        let x = self.name();
        let columns = self.columns();
        let names = columns.iter().map(|(column, _)| column);
        [Values::Single, Values::Merged].map(|values| {
            let (from, joined) = self.from(values);
            format!(
                r#"INSERT INTO "{x}" (uid, run, valid_from, {}) SELECT f.uid, $1, $3, {} {from}
                CROSS JOIN "outcome_{x}" y
                WHERE {joined} AND y.uid = f.uid AND y.state IN ('inserted', 'changed') ORDER BY f.uid"#,
                quoted(names.clone()),
                of_alias("m", names.clone())
            )
        })
    }

    /// Writes the children of the new versions.
    pub(in crate::registry) fn open_children(self) -> String {
        let (x, parent) = (self.name(), self.entity.name);
        let columns = self.columns();
        let names = columns.iter().map(|(column, _)| column);
        format!(
            r#"INSERT INTO "{x}" (uid, run, ordinal, {}) SELECT p.uid, $1, n.ordinal, {}
            FROM "pick_{x}" p CROSS JOIN "outcome_{parent}" y CROSS JOIN "source_{x}" n
            WHERE y.uid = p.uid AND y.state IN ('inserted', 'changed')
            AND n.record_uid = p.record_uid AND n.run = p.run ORDER BY p.uid, n.ordinal"#,
            quoted(names.clone()),
            of_alias("n", names)
        )
    }
}

/// Whether priorities have changed since source `$2` was merged last.
pub(in crate::registry) const STALE: &str = "SELECT coalesce(max(stale), 0) FROM source_state WHERE source = $2";
/// Whether another run may have written since run `$1` first did.
pub(in crate::registry) const OVERLAPS: &str =
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM run_source s WHERE s.run <> $1 AND s.effective_at >=
    (SELECT min(o.effective_at) FROM run_source o WHERE o.run = $1)) THEN CAST(1 AS BIGINT) ELSE 0 END";
/// Fields of entity `$1` for which some source has a priority of its own.
pub(in crate::registry) const FIELDS_WITH_PRIORITIES: &str =
    "SELECT DISTINCT field FROM source_field_priority WHERE entity = $1 ORDER BY field";
/// Fields of entity `$1` that people decided.
pub(in crate::registry) const DECIDED_FIELDS: &str =
    "SELECT DISTINCT field FROM decided_value WHERE entity = $1 ORDER BY field";
