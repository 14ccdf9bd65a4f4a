//! The merged view: what several sources say of one entity becomes one version.

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

    /// Affected entities and the open records that feed them, in order of precedence: those just loaded (whose
    /// versions need not be looked up), and others'.
    pub(in crate::registry) fn feeds(self) -> [String; 2] {
        let x = self.name();
        [
            format!(r#"INSERT INTO "affected_{x}" SELECT DISTINCT uid FROM "uid_{x}" ORDER BY uid"#),
            format!(
                r#"INSERT INTO "feed_{x}" SELECT r.uid, row_number() OVER (PARTITION BY r.uid
                ORDER BY coalesce(p.priority, 0) DESC, r.source, r.record_uid), count(*) OVER (PARTITION BY r.uid),
                r.record_uid, r.run
                FROM (SELECT u.uid, u.record_uid, $1 AS run, $2 AS source FROM "uid_{x}" u CROSS JOIN "delta_{x}" d
                WHERE d.record_uid = u.record_uid AND d.state IN ('inserted', 'changed', 'touched')
                UNION ALL SELECT a.uid, v.record_uid, v.run, v.source
                FROM "affected_{x}" a CROSS JOIN identity i CROSS JOIN "source_{x}" v
                WHERE i.entity_uid = a.uid AND v.record_uid = i.record_uid AND v.valid_to IS NULL
                AND NOT EXISTS (SELECT 1 FROM "uid_{x}" u WHERE u.record_uid = i.record_uid)) r
                LEFT JOIN source_state p ON p.source = r.source"#
            ),
        ]
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

    /// Whether anything of this child is or was held (most lists of most sources are empty).
    pub(in crate::registry) fn holds_any(self) -> String {
        let x = self.name();
        format!(
            r#"SELECT CASE WHEN EXISTS (SELECT 1 FROM "source_{x}") OR EXISTS (SELECT 1 FROM "{x}") THEN CAST(1 AS BIGINT) ELSE 0 END"#
        )
    }

    /// Children come from the first record that has any.
    pub(in crate::registry) fn pick_children(self) -> String {
        let (x, parent) = (self.name(), self.entity.name);
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
