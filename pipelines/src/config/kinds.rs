//! The kinds of fetch and format as the configuration sees them.

use vienkop_connectors::fetch::{self, FetchKind};
use vienkop_connectors::format::{self, FormatKind};

/// The kinds that a configuration may name.
#[derive(Clone, Copy)]
pub(crate) struct Kinds {
    /// Kinds of `[fetch]`.
    pub(crate) fetch: &'static [&'static dyn FetchKind],
    /// Kinds of `[format]`.
    pub(crate) format: &'static [&'static dyn FormatKind],
}

impl Kinds {
    /// Those that the program has.
    pub(crate) const fn built_in() -> Self {
        Self { fetch: fetch::KINDS, format: format::KINDS }
    }
}
