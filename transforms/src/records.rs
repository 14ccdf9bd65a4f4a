//! What the transforms hand to the registry: records of one entity (or child) as columns.

use polars::prelude::*;

use crate::model::{Child, Entity};

/// Number of the record within the source's delivery, `i64` from 1; unique over all its tables.
pub const SEQ: &str = "_seq";
/// UUID of the source's record: `UUIDv5` of (source, entity, source key); null when the key is missing. `String`.
pub const RECORD_UID: &str = "_record_uid";
/// UUID minted from the record's natural key, used where no known record matches; null when the key is missing. `String`.
pub const ENTITY_UID: &str = "_entity_uid";
/// The key as a person reads it. `String`.
pub const KEY: &str = "_key";
/// False = quarantined. `Boolean`.
pub const ACCEPTED: &str = "_accepted";
/// Number of the landed file. `i64`.
pub const LANDED: &str = "_landed";
/// Sheet of the workbook. `String`.
pub const SHEET: &str = "_sheet";
/// Place of a child in its parent's list, from 1; only in children's frames. `i64`.
pub const ORDINAL: &str = "_ordinal";
/// Ending of the column that keeps the text a value was made from, where it differs.
pub const RAW_SUFFIX: &str = "_raw";

/// Records of one entity, or of one of its children, made from one batch.
///
/// `frame`: [`SEQ`], [`RECORD_UID`] (of the parent, for children), [`ENTITY_UID`] (entities only), [`KEY`],
/// [`ACCEPTED`], [`LANDED`], [`SHEET`], [`crate::batch::ROW`], [`crate::batch::PART`], [`ORDINAL`] (children
/// only), the storage columns of `present` (see [`crate::model::Field::storage`]; `String`, `Int64` or
/// `Boolean`, times and decimals as canonical text) and their `…_raw` columns where the field keeps one.
#[derive(Debug, Clone)]
pub struct Records {
    /// The entity.
    pub entity: &'static Entity,
    /// The child, when the rows are children.
    pub child: Option<&'static Child>,
    /// Names of the fields that this batch delivers: an absent column means "unchanged", an empty cell "cleared".
    pub present: Vec<&'static str>,
    /// Those of `present` whose path no record of the batch has. Only where records have no header (XML, JSON): what
    /// any record of the whole delivery has is delivered, and then empty in the records that lack it.
    pub unseen: Vec<&'static str>,
    /// What is known of rows whose record cannot be told ([`RECORD_UID`] null): the record that such a row may be has
    /// the same values in these fields. None: it may be any record.
    pub known_by: Vec<&'static str>,
    /// The rows.
    pub frame: DataFrame,
}

impl Records {
    /// `service` or `service.steps`.
    pub fn name(&self) -> String {
        match self.child {
            Some(child) => format!("{}.{}", self.entity.name, child.name),
            None => self.entity.name.to_owned(),
        }
    }
}

/// Original cells of quarantined records, personal data masked: `_seq` (`i64`), `ordinal` (`i64`), `column`, `value` (`String`).
pub type QuarantinedCells = DataFrame;
