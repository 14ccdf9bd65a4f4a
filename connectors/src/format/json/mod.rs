//! stub
use super::{FormatKind, OptionError, TableReader};
pub(super) struct Kind;
impl FormatKind for Kind {
    fn name(&self) -> &'static str {
        "json"
    }
    fn extensions(&self) -> &'static [&'static str] {
        &[]
    }
    fn locator(&self) -> vienkop_transforms::batch::LocatorKind {
        vienkop_transforms::batch::LocatorKind::Pointer
    }

    fn options_schema(&self, _: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::Schema::default()
    }
    fn table_schema(&self, _: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::Schema::default()
    }
    fn reader(&self, _: &serde_json::Value, _: &serde_json::Value) -> Result<Box<dyn TableReader>, OptionError> {
        Err(OptionError { option: String::new(), reason: String::new() })
    }
}
