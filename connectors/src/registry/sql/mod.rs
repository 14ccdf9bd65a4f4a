//! Every statement generated from the model, in one place: tables, staging, difference, load, merged view.
//!
//! Written so that SQLite and PostgreSQL both understand it; what each says in its own way stands in [`dialect`]. Parameters: `$1` run, `$2` source, `$3` time of the versions. Names come from the model, never from
//! data. `CROSS JOIN` is used where the small table must lead: SQLite keeps that order,
//! PostgreSQL finds its own.
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

pub(super) mod closing;
mod dialect;
mod difference;
pub(super) mod history;
pub(super) mod lake;
mod links;
mod load;
pub(super) mod matching;
mod merge;
pub(super) mod review;
mod staging;
mod tables;

use std::collections::BTreeSet;

use vienkop_transforms::model::{self, Child, Entity, Field, Storage};

pub(super) use dialect::{Dialect, PARAMETERS};
pub(super) use difference::findings_of_the_set;
pub(super) use links::checks as link_checks;
pub(super) use load::load_evidence;
pub(super) use merge::{DECIDED_FIELDS, FIELDS_WITH_PRIORITIES, OVERLAPS, STALE};
pub(super) use staging::{JOINED, Shape, Staged, copy, create_stage_common, insert};
pub(super) use tables::{views, wanted};

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
        model::registered().map(Self::of).flat_map(|table| std::iter::once(table).chain(table.children()))
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

/// A page of current entities (or of their children) after a uid (and ordinal): `$1`, `$2`.
pub(super) fn page(table: Table, rows: usize) -> String {
    let columns = quoted(table.columns().iter().map(|(column, _)| column));
    let parent = table.entity.name;
    if table.child.is_none() {
        return format!(
            r#"SELECT uid, CAST(0 AS BIGINT) AS ordinal, {columns} FROM "{parent}" WHERE valid_to IS NULL AND uid > $1
            ORDER BY uid LIMIT {rows}"#
        );
    }
    let columns = of_alias("c", table.columns().iter().map(|(column, _)| column));
    format!(
        r#"SELECT c.uid, c.ordinal, {columns} FROM "{}" c CROSS JOIN "{parent}" v
        WHERE v.uid = c.uid AND v.run = c.run AND v.valid_to IS NULL AND (c.uid, c.ordinal) > ($1, $2)
        ORDER BY c.uid, c.ordinal LIMIT {rows}"#,
        table.name()
    )
}

/// Number of current entities of each kind.
pub(super) fn counts() -> String {
    let each = model::registered().map(|entity| {
        format!(r#"SELECT '{0}' AS entity, count(*) AS records FROM "{0}" WHERE valid_to IS NULL"#, entity.name)
    });
    each.collect::<Vec<_>>().join(" UNION ALL ")
}

/// Fields of an entity that refer to others, without those that only complete another reference (the owner of the
/// service a link points to).
fn references(entity: &'static Entity) -> impl Iterator<Item = &'static Field> {
    let completing: BTreeSet<&str> =
        entity.fields.iter().filter_map(|field| entity.owner_beside(field)).map(|(own, _)| own).collect();
    entity
        .fields
        .iter()
        .filter(move |field| field.refers.is_some() && !(entity.link && completing.contains(field.name)))
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
    fn names_that_postgres_cuts_stay_apart() {
        const KEPT: usize = 63;
        let mut relations = HashSet::new();
        for wanted in Table::all().flat_map(wanted) {
            // The longest are those of the temporary tables, `outcome_…`; columns keep their raw texts.
            assert!(wanted.name.len() + "affected_".len() <= KEPT, "{}", wanted.name);
            assert!(wanted.columns.iter().all(|(column, _)| column.len() <= KEPT), "{}", wanted.name);
            for statement in wanted.create() {
                let name = statement.split('"').nth(1).unwrap();
                let kept = &name[..name.len().min(KEPT)];
                assert!(relations.insert(kept.to_owned()), "{name}");
            }
        }
    }

    #[test]
    fn links_end_in_services_of_their_owner() {
        let ends = |name: &str| -> Vec<(&str, Option<(&str, &str)>)> {
            let entity = model::entity(name).unwrap();
            references(entity).map(|field| (field.name, entity.owner_beside(field))).collect()
        };
        let owner = Some(("owner_reg_no", "owner_reg_no"));
        assert_eq!(ends("need_service"), [("need_code", None), ("service_code", owner)]);
        assert_eq!(
            ends("service_service"),
            [("service_code", owner), ("related_code", Some(("related_owner_reg_no", "owner_reg_no")))]
        );
        assert_eq!(ends("application"), [("service_code", owner), ("owner_reg_no", None)]);
        assert_eq!(ends("catalogue_entry"), [("service_codes", None), ("owner_reg_no", None)]);
    }
}
