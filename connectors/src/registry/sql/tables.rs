//! Tables, indexes and views of the registry.

use std::collections::BTreeSet;

use vienkop_transforms::model::{self, Entity, Kept, Storage};

use super::{Table, dialect, lake, quoted};

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
pub(in crate::registry) struct Wanted {
    pub(in crate::registry) name: String,
    /// Column and its declaration.
    pub(in crate::registry) columns: Vec<(String, String)>,
    key: &'static str,
    indexes: Vec<String>,
}

impl Wanted {
    /// Statements that make it.
    pub(in crate::registry) fn create(&self) -> Vec<String> {
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
    pub(in crate::registry) fn add(&self, column: &(String, String)) -> String {
        format!(r#"ALTER TABLE "{}" ADD COLUMN "{}" {}"#, self.name, column.0, column.1)
    }
}

/// The two tables of an entity or child.
pub(in crate::registry) fn wanted(table: Table) -> [Wanted; 2] {
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
    let fields = model::registered().flat_map(|other| other.fields);
    let referred: BTreeSet<&'static str> =
        fields.filter_map(|field| field.refers).filter(|(to, _)| *to == entity.name).map(|(_, field)| field).collect();
    let mut lists = BTreeSet::new();
    for key in entity.keys {
        // What others refer to leads: one index serves both.
        let mut key = key.to_vec();
        key.sort_by_key(|field| !referred.contains(field));
        lists.insert(key);
    }
    for field in referred {
        if !lists.iter().any(|list| list.first() == Some(&field)) {
            lists.insert(vec![field]);
        }
    }
    lists
}

/// Requests as they stand: what was worked out from their events, else what their source says, and how long they took.
fn with_timelines(name: &str, table: Table) -> String {
    let head = merged_head(table).iter().map(|(column, _)| format!(r#"m."{column}""#));
    let fields = table.columns().into_iter().map(|(column, _)| {
        if lake::TIMELINE.iter().any(|(worked_out, _)| *worked_out == column) {
            format!(r#"CASE WHEN t.uid IS NULL THEN m."{column}" ELSE t."{column}" END AS "{column}""#)
        } else {
            format!(r#"m."{column}""#)
        }
    });
    let own: BTreeSet<String> = table.columns().into_iter().map(|(column, _)| column).collect();
    let further = lake::TIMELINE.iter().filter(|(column, _)| !own.contains(*column));
    let columns: Vec<String> =
        head.chain(fields).chain(further.map(|(column, _)| format!(r#"t."{column}""#))).collect();
    format!(
        r#"CREATE VIEW "{name}" AS SELECT {} FROM "{}" m LEFT JOIN request_timeline t ON t.uid = m.uid
        WHERE m.valid_to IS NULL"#,
        columns.join(", "),
        table.name()
    )
}

/// Views: name and the whole statement.
pub(in crate::registry) fn views() -> Vec<(String, String)> {
    let mut views: Vec<(String, String)> = model::registered()
        .map(|entity| {
            let table = Table::of(entity);
            let name = format!("{}_current", entity.name);
            if entity.kept == Kept::PerSource {
                return (name.clone(), with_timelines(&name, table));
            }
            let columns = merged_head(table).iter().map(|(c, _)| (*c).to_owned());
            let columns = quoted(columns.chain(table.columns().into_iter().map(|(c, _)| c)));
            let text =
                format!(r#"CREATE VIEW "{name}" AS SELECT {columns} FROM "{}" WHERE valid_to IS NULL"#, entity.name);
            (name, text)
        })
        .collect();
    let records: Vec<String> = model::registered()
        .map(|entity| {
            let columns = quoted(source_head(Table::of(entity)).iter().map(|(c, _)| *c));
            format!(r#"SELECT '{0}' AS entity, {columns} FROM "source_{0}""#, entity.name)
        })
        .collect();
    views.push(("source_record".into(), format!("CREATE VIEW source_record AS {}", records.join(" UNION ALL "))));
    views
}
