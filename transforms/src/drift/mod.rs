//! Drift: how what a source delivers differs from the last delivery that was loaded.
//!
//! [`Profile`] looks at the batches of one part of a source (what one `[[table]]` reads), [`compare()`] holds it against the
//! [`Schema`] that the registry keeps. What is told is what has *changed*; what a delivery lacks beside its mapping is told
//! by the rules F010 and F014 at every delivery.

mod compare;
mod likeness;
mod profile;
mod shape;
mod withhold;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use compare::{Drift, Terms, compare};
pub use profile::{Fields, Profile};
pub use shape::Shape;
pub use withhold::withhold;

/// What becomes of a delivery whose schema has drifted: `[policy] drift`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// The new schema is taken over; what has changed is only information.
    Evolve,
    /// What has changed is told once, and the new schema is taken over.
    #[default]
    Warn,
    /// Rows with a value in a form that its column did not have, or with an unknown code, are quarantined; a mapped column
    /// that is lost or renamed concerns every row and holds the delivery. Until it is mended or approved.
    Quarantine,
    /// Nothing is loaded until it is mended or approved.
    Fail,
}

/// Columns of one part of a source as last seen, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// The columns.
    pub columns: Vec<SeenColumn>,
}

/// A column as last seen. No value of a record but those of code lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenColumn {
    /// Header (XML, JSON: path below the record), personal codes masked.
    pub name: String,
    /// Forms of a notable share of its values.
    pub shapes: BTreeSet<Shape>,
    /// Forms that were rare.
    pub rare: BTreeSet<Shape>,
    /// Of a hundred rows, how many had a value; rounded up.
    pub filled: u8,
    /// Texts that were looked up in a code list; none where there are too many to be codes.
    pub codes: BTreeSet<String>,
}

impl Schema {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&SeenColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// Whether a column that had the `known` shapes takes one more without having changed: texts are anything, a number may
/// come without its fraction, and a whole one with it.
fn takes(known: &BTreeSet<Shape>, shape: Shape) -> bool {
    let has = |shape: Shape| known.contains(&shape);
    known.is_empty()
        || has(shape)
        || has(Shape::Text)
        || match shape {
            Shape::Integer => has(Shape::DecimalComma) || has(Shape::DecimalPoint) || has(Shape::Padded),
            Shape::DecimalComma => has(Shape::Integer) && !has(Shape::DecimalPoint),
            Shape::DecimalPoint => has(Shape::Integer) && !has(Shape::DecimalComma),
            _ => false,
        }
}

#[cfg(test)]
mod tests;
