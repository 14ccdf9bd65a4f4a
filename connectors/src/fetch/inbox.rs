//! `kind = "inbox"`: nothing is fetched; the source delivers only what people put into its inbox ([`crate::inbox`]).

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{Fetch, FetchContext, FetchError, FetchKind, Fetched, Fetching, OptionError};
use crate::landing::Landed;

/// Options of `[fetch]` with `kind = "inbox"`: none. The folder is `inbox` of the source, since other sources may have one
/// too.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InboxOptions {}

pub(super) struct Kind;

impl FetchKind for Kind {
    fn name(&self) -> &'static str {
        "inbox"
    }

    fn options_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        InboxOptions::json_schema(generator)
    }

    fn paths(&self) -> &'static [&'static str] {
        &[]
    }

    fn fetcher(&self, _: &serde_json::Value) -> Result<Box<dyn Fetch>, OptionError> {
        Ok(Box::new(Nothing))
    }
}

struct Nothing;

impl Fetch for Nothing {
    fn asks(&self) -> bool {
        false
    }

    fn fetch(
        &self,
        _: &FetchContext<'_>,
        _: &mut dyn FnMut(Fetched<'_>) -> Result<Landed, FetchError>,
    ) -> Result<Fetching, FetchError> {
        Ok(Fetching::default())
    }
}
