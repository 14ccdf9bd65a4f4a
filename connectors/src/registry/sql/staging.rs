//! Temporary tables of a source's work, and what its staged columns mean.

use std::collections::BTreeSet;

use vienkop_transforms::finding;
use vienkop_transforms::model::{Field, Storage};

use super::{Table, any, dialect, quoted, raw};

/// Which staged rows carry a field.
enum Delivery {
    All,
    /// Only rows of these shapes.
    Some(String),
    None,
}

/// The fields that came together in a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::registry) struct Shape {
    /// Fields that the mapping fills.
    pub(in crate::registry) fields: BTreeSet<&'static str>,
    /// Those of them that no record of the batch had (XML, JSON), until [`Staged::settle`] those that no record of
    /// the whole delivery had.
    pub(in crate::registry) unseen: BTreeSet<&'static str>,
}

impl Shape {
    fn delivers(&self, field: &str) -> bool {
        self.fields.contains(field) && !self.unseen.contains(field)
    }
}

/// What was staged for one entity or child.
#[derive(Debug, Clone)]
pub(in crate::registry) struct Staged {
    pub(in crate::registry) table: Table,
    /// Columns that the staging table has beside its head.
    pub(in crate::registry) columns: BTreeSet<String>,
    /// The sets of fields that came together; a row's `_shape` is a place in this list.
    pub(in crate::registry) shapes: Vec<Shape>,
    /// Fields in which a row without record agrees with the record that it may be; see
    /// [`vienkop_transforms::records::Records::known_by`].
    pub(in crate::registry) known_by: Option<BTreeSet<&'static str>>,
}

impl Staged {
    pub(in crate::registry) fn new(table: Table) -> Self {
        Self { table, columns: BTreeSet::new(), shapes: Vec::new(), known_by: None }
    }

    /// The whole delivery has come: what any record of it has is delivered, and empty in the records that lack it.
    pub(in crate::registry) fn settle(&mut self) {
        let seen: BTreeSet<&str> =
            self.shapes.iter().flat_map(|shape| shape.fields.difference(&shape.unseen)).copied().collect();
        for shape in &mut self.shapes {
            shape.unseen.retain(|field| !seen.contains(field));
        }
    }

    /// Condition that the staged rows `a` and `b` carry different fields; none where all rows carry the same.
    pub(super) fn shapes_differ(&self, a: &str, b: &str) -> Option<String> {
        let first = |shape: &Shape| self.shapes.iter().position(|other| other == shape).unwrap_or_default();
        let same: Vec<usize> = self.shapes.iter().map(first).collect();
        if same.iter().all(|n| *n == 0) {
            return None;
        }
        let changed = same.iter().enumerate().filter(|(n, first)| n != *first);
        let cases: Vec<String> = changed.map(|(n, first)| format!("WHEN {n} THEN {first}")).collect();
        let of = |alias: &str| {
            if cases.is_empty() {
                format!(r#"{alias}."_shape""#)
            } else {
                format!(r#"CASE {alias}."_shape" {} ELSE {alias}."_shape" END"#, cases.join(" "))
            }
        };
        Some(format!("{} <> {}", of(a), of(b)))
    }

    /// Fields that tell which records a row without record may be; none: any.
    pub(super) fn known_by(&self) -> Vec<&'static str> {
        let known_by: Vec<&'static str> = self.known_by.iter().flatten().copied().collect();
        if known_by.iter().all(|field| self.columns.contains(*field)) { known_by } else { Vec::new() }
    }

    fn delivery(&self, field: &str) -> Delivery {
        let with: Vec<String> =
            (0..self.shapes.len()).filter(|n| self.shapes[*n].delivers(field)).map(|n| n.to_string()).collect();
        if with.is_empty() {
            Delivery::None
        } else if with.len() == self.shapes.len() {
            Delivery::All
        } else {
            Delivery::Some(with.join(", "))
        }
    }

    pub(in crate::registry) fn delivers(&self, field: &str) -> bool {
        !matches!(self.delivery(field), Delivery::None)
    }

    /// Columns of the fields that any row carries.
    pub(in crate::registry) fn delivered(&self) -> Vec<(String, Storage)> {
        let fields = self.table.fields().iter().filter(|field| self.delivers(field.name));
        fields.flat_map(Field::storage).collect()
    }

    /// Columns of the source layer with their new values: `s` the staged row, `o` the version held.
    pub(super) fn values(&self) -> Vec<(String, String)> {
        let value = |field: &Field, column: String| {
            let staged = if self.columns.contains(&column) { format!(r#"s."{column}""#) } else { "NULL".to_owned() };
            let value = match self.delivery(field.name) {
                Delivery::All => staged,
                Delivery::Some(shapes) => {
                    format!(r#"CASE WHEN s."_shape" IN ({shapes}) THEN {staged} ELSE o."{column}" END"#)
                }
                Delivery::None => format!(r#"o."{column}""#),
            };
            (column, value)
        };
        let fields = self.table.fields();
        let columns = fields.iter().flat_map(|f| f.storage().into_iter().map(move |(column, _)| (f, column)));
        let raws = fields.iter().filter(|field| field.keeps_raw()).map(|field| (field, raw(field.name)));
        columns.chain(raws).map(|(field, column)| value(field, column)).collect()
    }

    /// Whether a delivered field of `s` differs from `o`.
    pub(super) fn differs(&self) -> String {
        let mut conditions = Vec::new();
        for field in self.table.fields() {
            let shapes = match self.delivery(field.name) {
                Delivery::All => None,
                Delivery::Some(shapes) => Some(shapes),
                Delivery::None => continue,
            };
            for (column, _) in field.storage() {
                let differs = format!(r#"s."{column}" IS DISTINCT FROM o."{column}""#);
                conditions.push(match &shapes {
                    Some(shapes) => format!(r#"(s."_shape" IN ({shapes}) AND {differs})"#),
                    None => differs,
                });
            }
        }
        any(&conditions)
    }

    // -- tables

    pub(in crate::registry) fn create(&self) -> String {
        format!(
            r#"CREATE TEMP TABLE "stage_{}" ({}, "_seq" INTEGER, "_record_uid" TEXT, "_entity_uid" TEXT, "_key" TEXT,
            "_accepted" BOOLEAN NOT NULL, "_landed" INTEGER, "_sheet" TEXT, "_row" INTEGER, "_part" INTEGER,
            "_ordinal" INTEGER, "_shape" INTEGER NOT NULL)"#,
            self.table.name(),
            dialect::ROW_ID
        )
    }

    pub(in crate::registry) fn add_column(&self, column: &str, storage: Storage) -> String {
        format!(r#"ALTER TABLE "stage_{}" ADD COLUMN "{column}" {}"#, self.table.name(), dialect::column_type(storage))
    }

    /// Tables that the difference fills.
    pub(in crate::registry) fn create_delta(&self) -> Vec<String> {
        let x = self.table.name();
        let end = dialect::KEY_ORDERED;
        if self.table.child.is_none() {
            vec![
                format!(
                    r#"CREATE TEMP TABLE "delta_{x}" (record_uid TEXT NOT NULL PRIMARY KEY, rid INTEGER, state TEXT NOT NULL, old_run INTEGER){end}"#
                ),
                format!(
                    r#"CREATE TEMP TABLE "retire_{x}" (record_uid TEXT NOT NULL PRIMARY KEY, old_run INTEGER NOT NULL){end}"#
                ),
                format!(r#"CREATE TEMP TABLE "dropped_{x}" (rid INTEGER PRIMARY KEY, counted INTEGER NOT NULL)"#),
                format!(
                    r#"CREATE TEMP TABLE "uid_{x}" (record_uid TEXT NOT NULL PRIMARY KEY, uid TEXT NOT NULL, minted TEXT){end}"#
                ),
                format!(r#"CREATE TEMP TABLE "gone_{x}" (uid TEXT NOT NULL PRIMARY KEY){end}"#),
            ]
        } else {
            vec![
                format!(
                    r#"CREATE TEMP TABLE "delta_{x}" (record_uid TEXT NOT NULL, ordinal INTEGER NOT NULL, rid INTEGER, state TEXT NOT NULL, PRIMARY KEY (record_uid, ordinal)){end}"#
                ),
                format!(
                    r#"CREATE TEMP TABLE "retire_{x}" (record_uid TEXT NOT NULL, ordinal INTEGER NOT NULL, PRIMARY KEY (record_uid, ordinal)){end}"#
                ),
                format!(r#"CREATE TEMP TABLE "dropped_{x}" (rid INTEGER PRIMARY KEY, counted INTEGER NOT NULL)"#),
                format!(r#"CREATE TEMP TABLE "orphan_{x}" (rid INTEGER PRIMARY KEY)"#),
                format!(r#"CREATE TEMP TABLE "echo_{x}" (rid INTEGER PRIMARY KEY)"#),
            ]
        }
    }
}

/// Tables of what is no record: findings, quarantine, landed files, and of status events that were delivered again the marks
/// of those in quarantine and the keys by which findings name them; of correction workbooks the numbers in quarantine that
/// their rows name (`stage_asked`: those of a batch), what these stand for, and those whose rows were taken in.
pub(in crate::registry) fn create_stage_common() -> Vec<String> {
    let finding: Vec<String> = finding::COLUMNS
        .iter()
        .map(|c| format!(r#""{c}" {}"#, if matches!(*c, "landed" | "row" | "part") { "INTEGER" } else { "TEXT" }))
        .collect();
    vec![
        format!("CREATE TEMP TABLE stage_finding ({}, {})", dialect::ROW_ID, finding.join(", ")),
        format!(
            r#"CREATE TEMP TABLE stage_quarantine ({}, seq INTEGER, entity TEXT, record_key TEXT, record_uid TEXT,
            landed INTEGER, sheet TEXT, "row" INTEGER, part INTEGER)"#,
            dialect::ROW_ID
        ),
        format!(
            r#"CREATE TEMP TABLE stage_cell ({}, seq INTEGER, ordinal INTEGER, "column" TEXT, value TEXT)"#,
            dialect::ROW_ID
        ),
        "CREATE TEMP TABLE stage_file (landed INTEGER PRIMARY KEY, mark TEXT NOT NULL)".into(),
        "CREATE TEMP TABLE seen_mark (mark TEXT NOT NULL PRIMARY KEY)".into(),
        "CREATE TEMP TABLE seen_key (record_key TEXT NOT NULL PRIMARY KEY)".into(),
        "CREATE TEMP TABLE stage_asked (number INTEGER NOT NULL)".into(),
        "CREATE TEMP TABLE stage_standing (entry INTEGER NOT NULL, entity TEXT NOT NULL, cells TEXT)".into(),
        "CREATE TEMP TABLE stage_mends (number INTEGER NOT NULL, entry INTEGER NOT NULL, entity TEXT NOT NULL)".into(),
        "CREATE TEMP TABLE stage_mended (number INTEGER NOT NULL, entity TEXT NOT NULL)".into(),
    ]
}

/// Columns of a staging table by which it is joined and filtered.
pub(in crate::registry) const JOINED: &str = r#""_rid", "_seq", "_record_uid", "_accepted", "_ordinal", "_shape""#;

/// `COPY` into a staging table.
pub(in crate::registry) fn copy<'a>(table: &str, columns: impl Iterator<Item = &'a String>) -> String {
    format!(r#"COPY "{table}" ({}) FROM STDIN"#, quoted(columns))
}

/// Multi-row insert into a staging table.
pub(in crate::registry) fn insert(table: &str, columns: &[String], rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns.len()].join(","));
    format!(r#"INSERT INTO "{table}" ({}) VALUES {}"#, quoted(columns), vec![row; rows].join(","))
}
