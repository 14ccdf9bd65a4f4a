//! Every statement generated from the model, in one place: tables, staging, difference, load.
//!
//! Written so that `SQLite` and `PostgreSQL` both understand it, where the two agree; what only `SQLite` says stands in
//! [`dialect`]. Parameters: `$1` run, `$2` source, `$3` time of the versions. Names come from the model, never from
//! data. `CROSS JOIN` is used where the small table must lead: `SQLite` keeps that order, `PostgreSQL` does not mind.
//!
//! Tables of a source's work in one run, all temporary (`x` = the entity's or child's name):
//!
//! | table | rows |
//! |---|---|
//! | `stage_x` | what was delivered, every row, columns as delivered |
//! | `delta_x` | one row a record (child: record and ordinal): which staged row counts, what becomes of it |
//! | `dropped_x` | staged rows that came twice, and the row that counts instead |
//! | `orphan_x`, `echo_x` | staged child rows without parent, and of a dropped parent |
//! | `retire_x` | held, no longer delivered |
//! | `uid_x`, `gone_x` | the entity of each affected record; entities that lose their last record |
//! | `affected_x`, `feed_x`, `merge_x`, `outcome_x`, `pick_x` | the merged view of affected entities |

use std::collections::BTreeSet;

use vienkop_transforms::finding::{self, Rule};
use vienkop_transforms::model::{self, Child, Entity, Field, Storage};

/// What `SQLite` says in its own way.
pub(super) mod dialect {
    use vienkop_transforms::model::Storage;

    /// Parameters of one statement, at most.
    pub(in super::super) const PARAMETERS: usize = 32_766;
    /// A number for every staged row.
    pub(super) const ROW_ID: &str = r#""_rid" INTEGER PRIMARY KEY"#;
    /// Only the key is stored, in its order.
    pub(super) const KEY_ORDERED: &str = " WITHOUT ROWID";
    /// Values keep to their column's type.
    pub(super) const STRICT: &str = " STRICT";

    pub(super) fn column_type(storage: Storage) -> &'static str {
        match storage {
            Storage::Text => "TEXT",
            Storage::Integer | Storage::Boolean => "INTEGER",
        }
    }

    /// Items of a list column `s.column` as `item.value`.
    pub(super) fn items(column: &str) -> String {
        format!(r#"json_each(s."{column}") item"#)
    }
}

/// Names of the columns of the main database: table, column.
pub(super) const COLUMNS: &str = "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c \
     WHERE t.type = 'table' ORDER BY t.name, c.cid";
/// Views of the main database with their text.
pub(super) const VIEWS: &str = "SELECT name, sql FROM sqlite_master WHERE type = 'view' ORDER BY name";
/// Temporary tables of the connection.
pub(super) const TEMPORARY_TABLES: &str = "SELECT name FROM sqlite_temp_master WHERE type = 'table' ORDER BY name";

/// Removes a temporary table.
pub(super) fn drop_temporary(name: &str) -> String {
    format!(r#"DROP TABLE temp."{name}""#)
}

/// States of a delta row that end in the entity tables.
const LIVE: &str = "('accepted', 'inserted', 'changed', 'unchanged')";
/// How many examples a kind of change is shown with.
const SAMPLES: usize = 5;

/// An entity's or a child's tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) entity: &'static Entity,
    pub(super) child: Option<&'static Child>,
}

impl Table {
    pub(super) fn of(entity: &'static Entity) -> Self {
        Self { entity, child: None }
    }

    /// Tables of the entity's children.
    pub(super) fn children(self) -> impl Iterator<Item = Self> {
        let entity = self.entity;
        entity.children.iter().map(move |child| Self { entity, child: Some(child) })
    }

    /// Every table of the model, parents first.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        model::ENTITIES
            .iter()
            .map(|entity| Self::of(entity))
            .flat_map(|table| std::iter::once(table).chain(table.children()))
    }

    pub(super) fn parent(self) -> Self {
        Self::of(self.entity)
    }

    /// `service_steps`: the merged table, and what the others' names end in.
    pub(super) fn name(self) -> String {
        match self.child {
            Some(child) => format!("{}_{}", self.entity.name, child.name),
            None => self.entity.name.to_owned(),
        }
    }

    /// `service.steps`: as findings and summaries say it.
    pub(super) fn label(self) -> String {
        match self.child {
            Some(child) => format!("{}.{}", self.entity.name, child.name),
            None => self.entity.name.to_owned(),
        }
    }

    pub(super) fn fields(self) -> &'static [Field] {
        self.child.map_or(self.entity.fields, |child| child.fields)
    }

    /// Columns of the fields, in both layers.
    pub(super) fn columns(self) -> Vec<(String, Storage)> {
        self.fields().iter().flat_map(Field::storage).collect()
    }

    /// Columns that keep the texts values were made from, in the source layer.
    pub(super) fn raw_columns(self) -> Vec<String> {
        self.fields().iter().filter(|field| field.keeps_raw()).map(|field| raw(field.name)).collect()
    }

    /// Fields and raw texts together.
    fn source_columns(self) -> Vec<(String, Storage)> {
        let raws = self.raw_columns().into_iter().map(|name| (name, Storage::Text));
        self.columns().into_iter().chain(raws).collect()
    }
}

pub(super) fn raw(field: &str) -> String {
    format!("{field}{}", vienkop_transforms::records::RAW_SUFFIX)
}

fn quoted<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    names.into_iter().map(|name| format!(r#""{}""#, name.as_ref())).collect::<Vec<_>>().join(", ")
}

fn of_alias<S: AsRef<str>>(alias: &str, names: impl IntoIterator<Item = S>) -> String {
    names.into_iter().map(|name| format!(r#"{alias}."{}""#, name.as_ref())).collect::<Vec<_>>().join(", ")
}

fn any(conditions: &[String]) -> String {
    if conditions.is_empty() { "(1 = 0)".to_owned() } else { format!("({})", conditions.join(" OR ")) }
}

fn differs(a: &str, b: &str, columns: &[(String, Storage)]) -> String {
    any(&columns.iter().map(|(c, _)| format!(r#"{a}."{c}" IS DISTINCT FROM {b}."{c}""#)).collect::<Vec<_>>())
}

// ---------------------------------------------------------------- tables of the registry

/// Columns of the source layer beside the fields.
fn source_head(table: Table) -> &'static [(&'static str, &'static str)] {
    if table.child.is_none() {
        &[
            ("record_uid", "TEXT NOT NULL"),
            ("source", "TEXT NOT NULL"),
            ("key", "TEXT"),
            ("landed", "INTEGER"),
            ("sheet", "TEXT"),
            ("row", "INTEGER"),
            ("part", "INTEGER"),
            ("run", "INTEGER NOT NULL"),
            ("valid_from", "TEXT NOT NULL"),
            ("valid_to", "TEXT"),
            ("run_to", "INTEGER"),
        ]
    } else {
        &[
            ("record_uid", "TEXT NOT NULL"),
            ("run", "INTEGER NOT NULL"),
            ("ordinal", "INTEGER NOT NULL"),
            ("landed", "INTEGER"),
            ("sheet", "TEXT"),
            ("row", "INTEGER"),
            ("part", "INTEGER"),
        ]
    }
}

/// Columns of the merged layer beside the fields.
fn merged_head(table: Table) -> &'static [(&'static str, &'static str)] {
    if table.child.is_none() {
        &[
            ("uid", "TEXT NOT NULL"),
            ("run", "INTEGER NOT NULL"),
            ("valid_from", "TEXT NOT NULL"),
            ("valid_to", "TEXT"),
            ("run_to", "INTEGER"),
        ]
    } else {
        &[("uid", "TEXT NOT NULL"), ("run", "INTEGER NOT NULL"), ("ordinal", "INTEGER NOT NULL")]
    }
}

/// A table the registry must have.
pub(super) struct Wanted {
    pub(super) name: String,
    /// Column and its declaration.
    pub(super) columns: Vec<(String, String)>,
    key: &'static str,
    indexes: Vec<String>,
}

impl Wanted {
    /// Statements that make it.
    pub(super) fn create(&self) -> Vec<String> {
        let columns: Vec<String> = self.columns.iter().map(|(name, kind)| format!(r#""{name}" {kind}"#)).collect();
        let table = format!(
            r#"CREATE TABLE "{}" ({}, PRIMARY KEY ({})){}"#,
            self.name,
            columns.join(", "),
            self.key,
            dialect::STRICT
        );
        std::iter::once(table).chain(self.indexes.iter().cloned()).collect()
    }

    /// Statement that adds a column a newer model has.
    pub(super) fn add(&self, column: &(String, String)) -> String {
        format!(r#"ALTER TABLE "{}" ADD COLUMN "{}" {}"#, self.name, column.0, column.1)
    }
}

/// The two tables of an entity or child.
pub(super) fn wanted(table: Table) -> [Wanted; 2] {
    let declare = |head: &[(&str, &str)], fields: Vec<(String, Storage)>| -> Vec<(String, String)> {
        let head = head.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()));
        head.chain(fields.into_iter().map(|(name, kind)| (name, dialect::column_type(kind).to_owned()))).collect()
    };
    let name = table.name();
    let source = format!("source_{name}");
    let mut source_indexes = Vec::new();
    let mut merged_indexes = Vec::new();
    if table.child.is_none() {
        source_indexes
            .push(format!(r#"CREATE UNIQUE INDEX "{source}_open" ON "{source}" (record_uid) WHERE valid_to IS NULL"#));
        source_indexes
            .push(format!(r#"CREATE INDEX "{source}_held" ON "{source}" (source, record_uid) WHERE valid_to IS NULL"#));
        merged_indexes.push(format!(r#"CREATE UNIQUE INDEX "{name}_open" ON "{name}" (uid) WHERE valid_to IS NULL"#));
        for columns in searched(table.entity) {
            merged_indexes.push(format!(
                r#"CREATE INDEX "{name}_by_{}" ON "{name}" ({}) WHERE valid_to IS NULL"#,
                columns.join("_"),
                quoted(&columns)
            ));
        }
    }
    let (source_key, merged_key) = match table.child {
        None => ("record_uid, run", "uid, run"),
        Some(_) => ("record_uid, run, ordinal", "uid, run, ordinal"),
    };
    [
        Wanted {
            columns: declare(source_head(table), table.source_columns()),
            key: source_key,
            indexes: source_indexes,
            name: source,
        },
        Wanted {
            columns: declare(merged_head(table), table.columns()),
            key: merged_key,
            indexes: merged_indexes,
            name,
        },
    ]
}

/// Column lists by which current entities are looked up: natural keys and what others refer to.
fn searched(entity: &Entity) -> BTreeSet<Vec<&'static str>> {
    let mut lists: BTreeSet<Vec<&'static str>> = entity.keys.iter().map(|key| key.to_vec()).collect();
    let fields = model::ENTITIES.iter().flat_map(|other| other.fields);
    let referred: BTreeSet<&'static str> =
        fields.filter_map(|field| field.refers).filter(|(to, _)| *to == entity.name).map(|(_, field)| field).collect();
    for field in referred {
        if !lists.iter().any(|list| list.first() == Some(&field)) {
            lists.insert(vec![field]);
        }
    }
    lists
}

/// Views: name and the whole statement.
pub(super) fn views() -> Vec<(String, String)> {
    let mut views: Vec<(String, String)> = model::ENTITIES
        .iter()
        .map(|entity| {
            let table = Table::of(entity);
            let name = format!("{}_current", entity.name);
            let columns = merged_head(table).iter().map(|(c, _)| (*c).to_owned());
            let columns = quoted(columns.chain(table.columns().into_iter().map(|(c, _)| c)));
            let text =
                format!(r#"CREATE VIEW "{name}" AS SELECT {columns} FROM "{}" WHERE valid_to IS NULL"#, entity.name);
            (name, text)
        })
        .collect();
    let records: Vec<String> = model::ENTITIES
        .iter()
        .map(|entity| {
            let columns = quoted(source_head(Table::of(entity)).iter().map(|(c, _)| *c));
            format!(r#"SELECT '{0}' AS entity, {columns} FROM "source_{0}""#, entity.name)
        })
        .collect();
    views.push(("source_record".into(), format!("CREATE VIEW source_record AS {}", records.join(" UNION ALL "))));
    views
}

// ---------------------------------------------------------------- staging

/// Which staged rows carry a field.
enum Delivery {
    All,
    /// Only rows of these shapes.
    Some(String),
    None,
}

/// What was staged for one entity or child.
#[derive(Debug, Clone)]
pub(super) struct Staged {
    pub(super) table: Table,
    /// Columns that the staging table has beside its head.
    pub(super) columns: BTreeSet<String>,
    /// The sets of fields that came together; a row's `_shape` is a place in this list.
    pub(super) shapes: Vec<BTreeSet<&'static str>>,
}

impl Staged {
    pub(super) fn new(table: Table) -> Self {
        Self { table, columns: BTreeSet::new(), shapes: Vec::new() }
    }

    fn delivery(&self, field: &str) -> Delivery {
        let with: Vec<String> =
            (0..self.shapes.len()).filter(|n| self.shapes[*n].contains(field)).map(|n| n.to_string()).collect();
        if with.is_empty() {
            Delivery::None
        } else if with.len() == self.shapes.len() {
            Delivery::All
        } else {
            Delivery::Some(with.join(", "))
        }
    }

    pub(super) fn delivers(&self, field: &str) -> bool {
        !matches!(self.delivery(field), Delivery::None)
    }

    /// Columns of the fields that any row carries.
    pub(super) fn delivered(&self) -> Vec<(String, Storage)> {
        let fields = self.table.fields().iter().filter(|field| self.delivers(field.name));
        fields.flat_map(Field::storage).collect()
    }

    /// Columns of the source layer with their new values: `s` the staged row, `o` the version held.
    fn values(&self) -> Vec<(String, String)> {
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
    fn differs(&self) -> String {
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

    pub(super) fn create(&self) -> String {
        format!(
            r#"CREATE TEMP TABLE "stage_{}" ({}, "_seq" INTEGER, "_record_uid" TEXT, "_entity_uid" TEXT, "_key" TEXT,
            "_accepted" INTEGER NOT NULL, "_landed" INTEGER, "_sheet" TEXT, "_row" INTEGER, "_part" INTEGER,
            "_ordinal" INTEGER, "_shape" INTEGER NOT NULL)"#,
            self.table.name(),
            dialect::ROW_ID
        )
    }

    pub(super) fn add_column(&self, column: &str, storage: Storage) -> String {
        format!(r#"ALTER TABLE "stage_{}" ADD COLUMN "{column}" {}"#, self.table.name(), dialect::column_type(storage))
    }

    /// Tables that the difference fills.
    pub(super) fn create_delta(&self) -> Vec<String> {
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
                    r#"CREATE TEMP TABLE "uid_{x}" (record_uid TEXT NOT NULL PRIMARY KEY, uid TEXT NOT NULL){end}"#
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

/// Columns of the staged findings.
pub(super) fn create_stage_common() -> Vec<String> {
    let finding: Vec<String> = finding::COLUMNS
        .iter()
        .map(|c| format!(r#""{c}" {}"#, if matches!(*c, "landed" | "row" | "part") { "INTEGER" } else { "TEXT" }))
        .collect();
    vec![
        format!("CREATE TEMP TABLE stage_finding ({})", finding.join(", ")),
        "CREATE TEMP TABLE stage_quarantine (seq INTEGER, entity TEXT, record_key TEXT, record_uid TEXT, \
         landed INTEGER, sheet TEXT, \"row\" INTEGER, part INTEGER)"
            .into(),
        "CREATE TEMP TABLE stage_cell (seq INTEGER, ordinal INTEGER, \"column\" TEXT, value TEXT)".into(),
        "CREATE TEMP TABLE stage_file (landed INTEGER PRIMARY KEY, mark TEXT NOT NULL)".into(),
    ]
}

/// Multi-row insert into a staging table.
pub(super) fn insert(table: &str, columns: &[String], rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns.len()].join(","));
    format!(r#"INSERT INTO "{table}" ({}) VALUES {}"#, quoted(columns), vec![row; rows].join(","))
}

// ---------------------------------------------------------------- difference

/// The text that leads a person to a staged row.
fn place(s: &str) -> String {
    format!(
        r#"CASE WHEN {s}."_sheet" IS NOT NULL THEN {s}."_sheet" || '!' || {s}."_row"
        ELSE coalesce((SELECT mark FROM stage_file WHERE landed = {s}."_landed"), 'L') || {s}."_row" || coalesce('.' || {s}."_part", '') END"#
    )
}

/// Inserts findings of a rule about staged rows `s`; `rest` is FROM and WHERE.
fn finding(rule: &Rule, label: &str, field: &str, value: &str, expected: &str, hint: &str, rest: &str) -> String {
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
    fn names(&self) -> (String, String, &'static str) {
        (self.table.name(), self.table.label(), self.table.entity.name)
    }

    /// Numbers the children that came without a place in their parent's list.
    pub(super) fn number_children(&self) -> String {
        let x = self.table.name();
        format!(
            r#"UPDATE "stage_{x}" SET "_ordinal" = n.ordinal FROM (SELECT "_rid" AS rid,
            row_number() OVER (PARTITION BY "_record_uid" ORDER BY "_seq", "_rid") AS ordinal FROM "stage_{x}"
            WHERE "_ordinal" IS NULL) n WHERE n.rid = "stage_{x}"."_rid""#
        )
    }

    /// One row a record: the accepted one before a rejected one, then the later.
    pub(super) fn winners(&self) -> String {
        let (x, _, _) = self.names();
        if self.table.child.is_none() {
            format!(
                r#"INSERT INTO "delta_{x}" (record_uid, rid, state)
                SELECT "_record_uid", "_rid", CASE WHEN "_accepted" = 1 THEN 'accepted' ELSE 'held' END
                FROM (SELECT "_record_uid", "_rid", "_accepted", row_number() OVER
                    (PARTITION BY "_record_uid" ORDER BY "_accepted" DESC, "_seq" DESC, "_rid" DESC) AS n
                    FROM "stage_{x}" WHERE "_record_uid" IS NOT NULL) ranked
                WHERE n = 1 ORDER BY "_record_uid""#
            )
        } else {
            format!(
                r#"INSERT INTO "delta_{x}" (record_uid, ordinal, rid, state)
                SELECT "_record_uid", "_ordinal", "_rid", CASE WHEN "_accepted" = 1 THEN 'accepted' ELSE 'held' END
                FROM (SELECT "_record_uid", "_ordinal", "_rid", "_accepted", row_number() OVER
                    (PARTITION BY "_record_uid", "_ordinal" ORDER BY "_accepted" DESC, "_seq" DESC, "_rid" DESC) AS n
                    FROM "stage_{x}" s WHERE "_record_uid" IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM "orphan_{x}" y WHERE y.rid = s."_rid")
                    AND NOT EXISTS (SELECT 1 FROM "echo_{x}" y WHERE y.rid = s."_rid")) ranked
                WHERE n = 1 ORDER BY "_record_uid", "_ordinal""#
            )
        }
    }

    /// Accepted rows that do not count because another of the same record does.
    pub(super) fn dropped(&self) -> String {
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
            WHERE d.record_uid = s."_record_uid"{same} AND s."_accepted" = 1 AND d.rid <> s."_rid"{not}"#
        )
    }

    /// K001 and K002 for them.
    pub(super) fn duplicate_findings(&self) -> [String; 2] {
        let (x, label, _) = self.names();
        let mut conditions: Vec<String> = vec![r#"s."_shape" <> w."_shape""#.into()];
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
        let pair = pair(self.table.entity, field).filter(|(own, _)| self.delivers(own));
        let same = |alias: &str| {
            let mut same = format!(r#"{alias}."{to_field}" = {value}"#);
            if let Some((own, theirs)) = pair {
                same.push_str(&format!(r#" AND (s."{own}" IS NULL OR {alias}."{theirs}" = s."{own}")"#));
            }
            same
        };
        let mut missing = format!(
            r#"{value} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "{to}" c WHERE c.valid_to IS NULL AND {}"#,
            same("c")
        );
        if let Some(other) = others.iter().find(|other| other.is(target)) {
            missing.push_str(&format!(r#" AND NOT EXISTS (SELECT 1 FROM "gone_{to}" g WHERE g.uid = c.uid))"#));
            if other.delivers(to_field) && pair.is_none_or(|(_, theirs)| other.delivers(theirs)) {
                missing.push_str(&format!(
                    r#" AND NOT EXISTS (SELECT 1 FROM "stage_{to}" c CROSS JOIN "delta_{to}" t
                    WHERE t.record_uid = c."_record_uid" AND t.rid = c."_rid" AND t.state IN {LIVE} AND {})"#,
                    same("c")
                ));
            }
        } else {
            missing.push(')');
        }
        Some(missing)
    }

    fn is(&self, entity: &Entity) -> bool {
        self.table.child.is_none() && self.table.entity.name == entity.name
    }

    /// Fields of other entities' rows that this delivery refers to by, to be indexed before they are looked up.
    pub(super) fn index_referred(&self, others: &[Staged]) -> Vec<String> {
        let fields = others.iter().filter(|other| other.table.child.is_none()).flat_map(|other| {
            other.table.fields().iter().filter(|field| other.delivers(field.name)).filter_map(|field| field.refers)
        });
        let fields: BTreeSet<&str> = fields.filter(|(to, _)| *to == self.table.entity.name).map(|(_, f)| f).collect();
        let x = self.table.name();
        let fields = fields.into_iter().filter(|field| self.delivers(field));
        fields.map(|field| format!(r#"CREATE INDEX temp."stage_{x}_{field}" ON "stage_{x}" ("{field}")"#)).collect()
    }

    /// References of this entity that the delivery carries: findings of those that lead nowhere, K004 for links,
    /// K003 for others.
    pub(super) fn reference_findings(&self, others: &[Staged]) -> Vec<String> {
        let (x, label, _) = self.names();
        let entity = self.table.entity;
        let rule = if entity.link { &finding::LINK_TARGET } else { &finding::REFERENCE };
        let mut statements = Vec::new();
        for field in references(entity).filter(|field| self.delivers(field.name)) {
            let Some(missing) = self.missing(field, others) else { continue };
            let (items, value) = if field.list {
                (format!(" CROSS JOIN {}", dialect::items(field.name)), "item.value".to_owned())
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

    /// Quarantines links with an end that leads nowhere.
    pub(super) fn refuse_links(&self, others: &[Staged]) -> Option<String> {
        let (x, _, _) = self.names();
        let ends = references(self.table.entity).filter(|field| self.delivers(field.name));
        let missing: Vec<String> =
            ends.filter_map(|field| self.missing(field, others)).map(|end| format!("({end})")).collect();
        (self.table.entity.link && !missing.is_empty()).then(|| {
            format!(
                r#"UPDATE "delta_{x}" SET state = 'refused' WHERE state = 'accepted' AND EXISTS
                (SELECT 1 FROM "stage_{x}" s WHERE s."_rid" = "delta_{x}".rid AND {})"#,
                any(&missing)
            )
        })
    }

    /// Compares delivered records with the versions held, field by field.
    pub(super) fn compare(&self) -> String {
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

    /// Held by this source and delivered in no form, not even quarantined.
    pub(super) fn retire(&self) -> String {
        let (x, _, _) = self.names();
        format!(
            r#"INSERT INTO "retire_{x}" SELECT v.record_uid, v.run FROM "source_{x}" v
            WHERE v.valid_to IS NULL AND v.source = $2
            AND NOT EXISTS (SELECT 1 FROM "delta_{x}" d WHERE d.record_uid = v.record_uid) ORDER BY v.record_uid"#
        )
    }

    // -- children

    /// Child rows of a parent row that does not count: they came twice with it.
    pub(super) fn echoes(&self) -> String {
        let (x, _, parent) = self.names();
        format!(
            r#"INSERT INTO "echo_{x}" SELECT DISTINCT c."_rid"
            FROM "dropped_{parent}" y CROSS JOIN "stage_{parent}" s CROSS JOIN "stage_{x}" c
            WHERE s."_rid" = y.rid AND c."_record_uid" = s."_record_uid" AND c."_accepted" = 1
            AND c."_landed" IS NOT DISTINCT FROM s."_landed" AND c."_sheet" IS NOT DISTINCT FROM s."_sheet"
            AND c."_row" IS NOT DISTINCT FROM s."_row" AND c."_part" IS NOT DISTINCT FROM s."_part""#
        )
    }

    /// Index for the search of children by parent.
    pub(super) fn index_children(&self) -> String {
        let (x, _, _) = self.names();
        format!(r#"CREATE INDEX temp."stage_{x}_parent" ON "stage_{x}" ("_record_uid")"#)
    }

    /// Accepted child rows whose parent is neither delivered nor held, or is quarantined itself.
    /// `whole`: the delivery is a snapshot of the parents too, so that a parent not delivered is on its way out.
    pub(super) fn orphans(&self, whole: bool) -> String {
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
            WHERE s."_accepted" = 1 AND (d.state NOT IN {LIVE} OR (d.record_uid IS NULL{held}))"#
        )
    }

    /// K005 for them; where parent and child are one row, the parent's findings say it all.
    pub(super) fn orphan_findings(&self) -> String {
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

    /// Held children that the delivery of their parent, or of its list, no longer has.
    pub(super) fn retire_children(&self) -> String {
        let (x, _, parent) = self.names();
        format!(
            r#"INSERT INTO "retire_{x}" SELECT o.record_uid, o.ordinal FROM "source_{parent}" v CROSS JOIN "source_{x}" o
            WHERE v.valid_to IS NULL AND v.source = $2 AND o.record_uid = v.record_uid AND o.run = v.run
            AND NOT EXISTS (SELECT 1 FROM "delta_{x}" d WHERE d.record_uid = o.record_uid AND d.ordinal = o.ordinal)
            AND (EXISTS (SELECT 1 FROM "delta_{parent}" p WHERE p.record_uid = v.record_uid AND p.state IN {LIVE})
            OR EXISTS (SELECT 1 FROM "delta_{x}" d WHERE d.record_uid = v.record_uid AND d.state IN {LIVE})
            OR EXISTS (SELECT 1 FROM "retire_{parent}" r WHERE r.record_uid = v.record_uid))"#
        )
    }

    /// A change in the children is a change of the parent; `touched`: of a parent that was not delivered itself.
    pub(super) fn touch_parents(&self) -> [String; 2] {
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
    pub(super) fn count_staged(&self) -> String {
        let (x, _, _) = self.names();
        let keyed = if self.table.child.is_none() { r#" AND "_record_uid" IS NOT NULL"# } else { "" };
        format!(
            r#"SELECT count(*), coalesce(sum(CASE WHEN "_accepted" = 1{keyed} THEN 0 ELSE 1 END), 0),
            coalesce(sum(CASE WHEN "_ordinal" IS NULL THEN 1 ELSE 0 END), 0) FROM "stage_{x}""#
        )
    }

    /// Delta rows by state.
    pub(super) fn count_delta(&self) -> String {
        format!(r#"SELECT state, count(*) FROM "delta_{}" GROUP BY state"#, self.table.name())
    }

    /// Rows of another table of the difference (`retire`, `orphan`, …).
    pub(super) fn count(&self, prefix: &str) -> String {
        format!(r#"SELECT count(*) FROM "{prefix}_{}""#, self.table.name())
    }

    /// Quarantine heads of what came rejected and of what was refused here.
    pub(super) fn quarantine(&self) -> [String; 2] {
        let (x, label, _) = self.names();
        let head = format!(
            r#"INSERT INTO stage_quarantine SELECT s."_seq", '{label}', s."_key", s."_record_uid", s."_landed",
            s."_sheet", s."_row", s."_part""#
        );
        [
            format!(
                r#"{head} FROM "stage_{x}" s WHERE s."_accepted" = 0{} ORDER BY s."_seq", s."_rid""#,
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
    pub(super) fn refused_cells(&self) -> Vec<String> {
        let columns = self.delivered().into_iter().enumerate();
        columns
            .map(|(n, (column, _))| {
                format!(
                    r#"INSERT INTO stage_cell SELECT s."_seq", {}, '{column}', CAST(s."{column}" AS TEXT)
                    {} AND s."{column}" IS NOT NULL"#,
                    n + 1,
                    self.refused()
                )
            })
            .collect()
    }

    /// Examples of what is inserted (or changed): key, uid, then old and new value of each delivered column as text.
    pub(super) fn samples(&self, state: &str) -> String {
        let (x, _, _) = self.names();
        let mut columns = String::new();
        let values = self.values();
        for (column, _) in self.delivered() {
            let new = values.iter().find(|(name, _)| *name == column).map_or("NULL", |(_, value)| value);
            columns.push_str(&format!(r#", CAST(o."{column}" AS TEXT), CAST({new} AS TEXT)"#));
        }
        format!(
            r#"SELECT s."_key", u.uid, d.record_uid{columns} FROM (SELECT record_uid, rid, old_run FROM "delta_{x}"
            WHERE state = '{state}' ORDER BY rid LIMIT {SAMPLES}) d CROSS JOIN "stage_{x}" s
            CROSS JOIN "uid_{x}" u LEFT JOIN "source_{x}" o ON o.record_uid = d.record_uid AND o.run = d.old_run
            WHERE s."_rid" = d.rid AND u.record_uid = d.record_uid ORDER BY d.rid"#
        )
    }

    /// Whether the children of record `$1` change.
    pub(super) fn children_change(&self) -> String {
        let (x, _, _) = self.names();
        format!(
            r#"SELECT (SELECT count(*) FROM "delta_{x}" WHERE record_uid = $1 AND state IN ('inserted', 'changed'))
            + (SELECT count(*) FROM "retire_{x}" WHERE record_uid = $1)"#
        )
    }

    /// Examples of what is retired: key and uid.
    pub(super) fn retired_samples(&self) -> String {
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
    pub(super) fn resolve(&self) -> [String; 2] {
        let (x, _, _) = self.names();
        let keys: Vec<String> = self
            .table
            .entity
            .keys
            .iter()
            .filter(|key| key.iter().all(|field| self.columns.contains(*field)))
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
                r#"INSERT INTO "uid_{x}" SELECT r.record_uid, i.entity_uid
                FROM (SELECT record_uid FROM "delta_{x}" WHERE state IN ('inserted', 'changed', 'touched')
                UNION ALL SELECT record_uid FROM "retire_{x}") r CROSS JOIN identity i
                WHERE i.record_uid = r.record_uid"#
            ),
            format!(
                r#"INSERT INTO "uid_{x}" SELECT d.record_uid, coalesce({keys}CASE WHEN EXISTS
                (SELECT 1 FROM "{x}" c WHERE c.uid = s."_entity_uid" AND c.valid_to IS NULL)
                THEN NULL ELSE s."_entity_uid" END, d.record_uid)
                FROM "delta_{x}" d CROSS JOIN "stage_{x}" s WHERE s."_rid" = d.rid AND d.state = 'inserted'
                AND NOT EXISTS (SELECT 1 FROM identity i WHERE i.record_uid = d.record_uid) ORDER BY d.record_uid"#
            ),
        ]
    }

    /// Entities that lose their last record and gain none.
    pub(super) fn gone(&self) -> String {
        let (x, _, _) = self.names();
        format!(
            r#"INSERT INTO "gone_{x}" SELECT DISTINCT u.uid FROM "retire_{x}" r CROSS JOIN "uid_{x}" u
            WHERE u.record_uid = r.record_uid
            AND NOT EXISTS (SELECT 1 FROM identity i CROSS JOIN "source_{x}" v WHERE i.entity_uid = u.uid
            AND v.record_uid = i.record_uid AND v.valid_to IS NULL
            AND NOT EXISTS (SELECT 1 FROM "retire_{x}" z WHERE z.record_uid = v.record_uid))
            AND u.uid NOT IN (SELECT n.uid FROM "uid_{x}" n CROSS JOIN "delta_{x}" d
            WHERE d.record_uid = n.record_uid AND d.state = 'inserted')"#
        )
    }

    // ------------------------------------------------------------ load: what the source delivered

    /// Closes the versions that something follows.
    pub(super) fn close(&self) -> [String; 2] {
        let (x, _, _) = self.names();
        let close = |which: &str| {
            format!(
                r#"UPDATE "source_{x}" SET valid_to = $3, run_to = $1 WHERE (record_uid, run) IN (SELECT record_uid, old_run FROM {which})"#
            )
        };
        [close(&format!(r#""delta_{x}" WHERE state IN ('changed', 'touched')"#)), close(&format!(r#""retire_{x}""#))]
    }

    /// Writes the new versions; of records that only their children changed, the fields as they were.
    pub(super) fn open(&self) -> [String; 2] {
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
    pub(super) fn open_children(&self) -> [String; 2] {
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
    pub(super) fn keep_children(&self, staged: bool) -> String {
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

    /// Remembers which entities new records stand for.
    pub(super) fn identify(&self) -> String {
        let (x, _, _) = self.names();
        format!(
            r#"INSERT INTO identity (entity, entity_uid, record_uid, since_run) SELECT '{x}', u.uid, u.record_uid, $1
            FROM "uid_{x}" u WHERE NOT EXISTS (SELECT 1 FROM identity i WHERE i.record_uid = u.record_uid)
            ORDER BY u.record_uid"#
        )
    }
}

/// Fields of an entity that refer to others, without those that only complete another reference (the owner of the
/// service a link points to).
fn references(entity: &'static Entity) -> impl Iterator<Item = &'static Field> {
    let completing: BTreeSet<&str> =
        entity.fields.iter().filter_map(|field| pair(entity, field)).map(|(own, _)| own).collect();
    entity
        .fields
        .iter()
        .filter(move |field| field.refers.is_some() && !(entity.link && completing.contains(field.name)))
}

/// A service's code is unique only within its owner: the field that completes such a reference, and its counterpart.
fn pair(entity: &'static Entity, field: &Field) -> Option<(&'static str, &'static str)> {
    if field.refers != Some(("service", "code")) {
        return None;
    }
    let prefix = field.name.strip_suffix("service_code").or_else(|| field.name.strip_suffix("code"))?;
    let own = format!("{prefix}owner_reg_no");
    entity.field(&own).map(|own| (own.name, "owner_reg_no"))
}

// ---------------------------------------------------------------- load: the merged view

/// Where the values of affected entities are read from.
#[derive(Debug, Clone, Copy)]
enum Values {
    /// Entities fed by one record: from that record.
    Single,
    /// Entities fed by several: from what was merged of them.
    Merged,
}

impl Table {
    fn from(self, values: Values) -> String {
        let x = self.name();
        match values {
            Values::Single => format!(
                r#"FROM "feed_{x}" f CROSS JOIN "source_{x}" m
                ON f.n = 1 AND m.record_uid = f.record_uid AND m.run = f.run"#
            ),
            Values::Merged => {
                format!(r#"FROM "feed_{x}" f CROSS JOIN "merge_{x}" m ON f.n > 1 AND f.place = 1 AND m.uid = f.uid"#)
            }
        }
    }

    /// Tables of the merge.
    pub(super) fn create_merge(self) -> Vec<String> {
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

    /// Affected entities and the open records that feed them, in order of precedence.
    pub(super) fn feeds(self) -> [String; 2] {
        let x = self.name();
        [
            format!(r#"INSERT INTO "affected_{x}" SELECT DISTINCT uid FROM "uid_{x}" ORDER BY uid"#),
            format!(
                r#"INSERT INTO "feed_{x}" SELECT a.uid, row_number() OVER (PARTITION BY a.uid
                ORDER BY coalesce(p.priority, 0) DESC, v.source, v.record_uid), count(*) OVER (PARTITION BY a.uid),
                v.record_uid, v.run
                FROM "affected_{x}" a CROSS JOIN identity i CROSS JOIN "source_{x}" v
                LEFT JOIN source_state p ON p.source = v.source
                WHERE i.entity_uid = a.uid AND v.record_uid = i.record_uid AND v.valid_to IS NULL"#
            ),
        ]
    }

    /// The greatest number of records that feed one entity.
    pub(super) fn most_feeds(self) -> String {
        format!(r#"SELECT max(n) FROM "feed_{}""#, self.name())
    }

    /// The first record's values for entities fed by several.
    pub(super) fn merge_first(self) -> String {
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
    pub(super) fn merge_next(self, place: i64) -> String {
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
    pub(super) fn outcomes(self) -> [String; 3] {
        let x = self.name();
        let differs = differs("m", "v", &self.columns());
        let live = |values: Values| {
            format!(
                r#"INSERT INTO "outcome_{x}" SELECT f.uid, v.run, CASE WHEN v.uid IS NULL THEN 'inserted' ELSE 'changed' END
                {} LEFT JOIN "{x}" v ON v.uid = f.uid AND v.valid_to IS NULL WHERE v.uid IS NULL OR {differs}"#,
                self.from(values)
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
    pub(super) fn holds_any(self) -> String {
        let x = self.name();
        format!(
            r#"SELECT CASE WHEN EXISTS (SELECT 1 FROM "source_{x}") OR EXISTS (SELECT 1 FROM "{x}") THEN 1 ELSE 0 END"#
        )
    }

    /// Children come from the first record that has any.
    pub(super) fn pick_children(self) -> String {
        let (x, parent) = (self.name(), self.entity.name);
        format!(
            r#"INSERT INTO "pick_{x}" SELECT f.uid, f.record_uid, f.run FROM
            (SELECT g.uid, min(g.place) AS place FROM "feed_{parent}" g WHERE EXISTS
            (SELECT 1 FROM "source_{x}" c WHERE c.record_uid = g.record_uid AND c.run = g.run) GROUP BY g.uid) b
            CROSS JOIN "feed_{parent}" f WHERE f.uid = b.uid AND f.place = b.place"#
        )
    }

    /// Entities whose children change while their fields do not.
    pub(super) fn child_outcomes(self) -> String {
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
    pub(super) fn replace(self) -> String {
        format!(
            r#"DELETE FROM "{}" WHERE (uid, run) IN (SELECT uid, old_run FROM "outcome_{}" WHERE old_run = $1)"#,
            self.name(),
            self.entity.name
        )
    }

    /// Closes the versions that something follows.
    pub(super) fn close(self) -> String {
        let x = self.name();
        format!(
            r#"UPDATE "{x}" SET valid_to = $3, run_to = $1 WHERE (uid, run) IN
            (SELECT uid, old_run FROM "outcome_{x}" WHERE old_run <> $1)"#
        )
    }

    /// Writes the new versions.
    pub(super) fn open(self) -> [String; 2] {
        let x = self.name();
        let columns = self.columns();
        let names = columns.iter().map(|(column, _)| column);
        [Values::Single, Values::Merged].map(|values| {
            format!(
                r#"INSERT INTO "{x}" (uid, run, valid_from, {}) SELECT f.uid, $1, $3, {} {}
                CROSS JOIN "outcome_{x}" y WHERE y.uid = f.uid AND y.state IN ('inserted', 'changed') ORDER BY f.uid"#,
                quoted(names.clone()),
                of_alias("m", names.clone()),
                self.from(values)
            )
        })
    }

    /// Writes the children of the new versions.
    pub(super) fn open_children(self) -> String {
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

// ---------------------------------------------------------------- load: bookkeeping

/// Findings, quarantine and its cells of the source in this run.
pub(super) fn load_evidence() -> [String; 3] {
    let columns = quoted(finding::COLUMNS);
    [
        format!(r"INSERT INTO finding (run, source, {columns}) SELECT $1, $2, {columns} FROM stage_finding"),
        r#"INSERT INTO quarantine (run, source, seq, entity, record_key, record_uid, landed, sheet, "row", part)
        SELECT $1, $2, seq, entity, record_key, record_uid, landed, sheet, "row", part FROM stage_quarantine"#
            .into(),
        r#"INSERT INTO quarantine_cell (run, source, seq, ordinal, "column", value)
        SELECT $1, $2, seq, ordinal, "column", value FROM stage_cell"#
            .into(),
    ]
}

// ---------------------------------------------------------------- reading

/// A page of current entities (or of their children) after a uid (and ordinal): `$1`, `$2`.
pub(super) fn page(table: Table, rows: usize) -> String {
    let columns = quoted(table.columns().iter().map(|(column, _)| column));
    let parent = table.entity.name;
    if let None = table.child {
        format!(
            r#"SELECT uid, 0 AS ordinal, {columns} FROM "{parent}" WHERE valid_to IS NULL AND uid > $1 ORDER BY uid LIMIT {rows}"#
        )
    } else {
        let columns = of_alias("c", table.columns().iter().map(|(column, _)| column));
        format!(
            r#"SELECT c.uid, c.ordinal, {columns} FROM "{}" c CROSS JOIN "{parent}" v
            WHERE v.uid = c.uid AND v.run = c.run AND v.valid_to IS NULL AND (c.uid, c.ordinal) > ($1, $2)
            ORDER BY c.uid, c.ordinal LIMIT {rows}"#,
            table.name()
        )
    }
}

/// Number of current entities of each kind.
pub(super) fn counts() -> String {
    let each = model::ENTITIES.iter().map(|entity| {
        format!(r#"SELECT '{0}' AS entity, count(*) AS records FROM "{0}" WHERE valid_to IS NULL"#, entity.name)
    });
    each.collect::<Vec<_>>().join(" UNION ALL ")
}

/// The first finding of each code that concerns the whole set, and how many there are.
pub(super) fn findings_of_the_set() -> &'static str {
    "SELECT f.*, g.found FROM stage_finding f JOIN (SELECT min(rowid) AS first, count(*) AS found FROM stage_finding
    WHERE code LIKE 'K%' OR code LIKE 'S%' GROUP BY code) g ON f.rowid = g.first ORDER BY f.code"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_do_not_clash() {
        let mut tables = HashSet::new();
        for wanted in Table::all().flat_map(wanted) {
            assert!(tables.insert(wanted.name.clone()), "table {} twice", wanted.name);
            let mut columns = HashSet::new();
            for (column, _) in &wanted.columns {
                assert!(columns.insert(column.clone()), "{}.{column} twice", wanted.name);
            }
        }
        for (name, _) in views() {
            assert!(tables.insert(name.clone()), "view {name} twice");
        }
    }

    #[test]
    fn links_end_in_services_of_their_owner() {
        let ends = |name: &str| -> Vec<(&str, Option<(&str, &str)>)> {
            let entity = model::entity(name).unwrap();
            references(entity).map(|field| (field.name, pair(entity, field))).collect()
        };
        let owner = Some(("owner_reg_no", "owner_reg_no"));
        assert_eq!(ends("need_service"), [("need_code", None), ("service_code", owner)]);
        assert_eq!(
            ends("service_service"),
            [("service_code", owner), ("related_code", Some(("related_owner_reg_no", "owner_reg_no")))]
        );
        assert_eq!(ends("application"), [("service_code", owner), ("owner_reg_no", None)]);
        assert_eq!(ends("catalogue_entry"), [("service_codes", None)]);
    }
}
