//! Mapping: source columns to fields of an entity, as the source's file declares.

mod config;

pub use config::{ChildSource, Columns, FieldRule, FieldSource, Function, Invalid, SkipRule, TableMapping, Unpivot};
