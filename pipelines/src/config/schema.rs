//! `config/schema/*.schema.json`: made from the structures and kinds, for editors and for people.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use vienkop_connectors::{fetch, format};
use vienkop_transforms::assess::questionnaire::Questionnaire;
use vienkop_transforms::assess::score::ScoreSettings;
use vienkop_transforms::onboard::OnboardSettings;
use vienkop_transforms::publish::catalogues::CatalogueSettings;
use vienkop_transforms::publish::feed::{Changes, Feed};
use vienkop_transforms::resolve::matching::MatchSettings;

use super::conclusions::Conclusions;
use super::presets::Preset;
use super::settings::{Pipeline, Source, Target, Vienkop};

/// Every schema: file name and content.
pub(crate) fn schemas() -> Vec<(String, String)> {
    [
        ("vienkop", of::<Vienkop>()),
        ("pipeline", of::<Pipeline>()),
        ("source", source()),
        ("target", of::<Target>()),
        ("preset", preset()),
        ("questionnaire", of::<Questionnaire>()),
        ("matching", of::<MatchSettings>()),
        ("onboarding", of::<OnboardSettings>()),
        ("assessment", of::<ScoreSettings>()),
        ("conclusions", of::<Conclusions>()),
        ("catalogues", of::<CatalogueSettings>()),
    ]
    .into_iter()
    .map(|(name, schema)| (format!("{name}.schema.json"), format!("{schema:#}\n")))
    .chain(published().map(|(name, content)| (name.to_owned(), content)))
    .collect()
}

/// Schemas of what is published: file name and content. They are about what is written, so that what may be absent is
/// told as such.
pub(crate) fn published() -> [(&'static str, String); 2] {
    let written = || SchemaSettings::draft2020_12().for_serialize().into_generator();
    [
        ("feed.schema.json", written().into_root_schema_for::<Feed<'_>>().to_value()),
        ("changes.schema.json", written().into_root_schema_for::<Changes<'_>>().to_value()),
    ]
    .map(|(name, schema)| (name, format!("{schema:#}\n")))
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().into_generator()
}

/// The schema of a structure.
pub(super) fn of<T: JsonSchema>() -> Value {
    generator().into_root_schema_for::<T>().to_value()
}

/// The schema that a kind's function gives, standing alone.
pub(super) fn of_options(options: impl FnOnce(&mut SchemaGenerator) -> Schema) -> Value {
    let mut generator = generator();
    let mut schema = inlined(&options(&mut generator), &generator);
    add_definitions(&mut schema, &mut generator);
    Value::Object(schema)
}

/// The schema of a source, with the options of each kind. One that extends a preset may leave out what that says.
pub(super) fn source() -> Value {
    let mut root = with_kinds::<Source>(false);
    let left = ["delivers", "fetch", "format", "table"];
    if let Some(Value::Array(required)) = root.get_mut("required") {
        required.retain(|key| !left.iter().any(|left| key == left));
    }
    let kind = json!({ "required": ["kind"] });
    let alone = json!({
        "if": { "not": { "required": ["extends"] } },
        "then": { "required": left, "properties": { "fetch": kind, "format": kind } },
    });
    if let Some(Value::Array(conditions)) = root.get_mut("allOf") {
        conditions.insert(0, alone);
    }
    if let Some(Value::Object(kinded)) = root.get_mut("$defs").and_then(|definitions| definitions.get_mut("Kinded")) {
        kinded.remove("required");
    }
    Value::Object(root)
}

/// The schema of a preset, with the options of each kind; none of them has to be there.
pub(super) fn preset() -> Value {
    Value::Object(with_kinds::<Preset>(true))
}

fn with_kinds<T: JsonSchema>(partial: bool) -> Map<String, Value> {
    let mut generator = generator();
    let mut root = inlined(&T::json_schema(&mut generator), &generator);
    let without_required = |mut schema: Map<String, Value>| {
        if partial {
            schema.remove("required");
        }
        schema
    };
    let mut conditions = Vec::new();
    for kind in fetch::KINDS {
        let options = without_required(inlined(&kind.options_schema(&mut generator), &generator));
        let options = with_kind(options, kind.name());
        conditions.push(condition("fetch", kind.name(), &json!({ "fetch": options })));
    }
    for kind in format::KINDS {
        let options = without_required(inlined(&kind.options_schema(&mut generator), &generator));
        let options = with_kind(options, kind.name());
        let read = kind.table_schema(&mut generator);
        let table = json!({ "items": { "properties": { "read": read } } });
        conditions.push(condition("format", kind.name(), &json!({ "format": options, "table": table })));
    }
    root.insert("allOf".to_owned(), Value::Array(conditions));
    if let Some(properties) = root.get_mut("properties") {
        let names = |names: Vec<&'static str>| json!({ "properties": { "kind": { "enum": names } } });
        for (table, known) in [
            ("fetch", names(fetch::KINDS.iter().map(|kind| kind.name()).collect())),
            ("format", names(format::KINDS.iter().map(|kind| kind.name()).collect())),
        ] {
            if let Some(Value::Object(property)) = properties.get_mut(table) {
                property.insert("allOf".to_owned(), json!([known]));
            }
        }
    }
    root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    add_definitions(&mut root, &mut generator);
    root
}

fn condition(table: &str, kind: &str, then: &Value) -> Value {
    json!({
        "if": {
            "properties": { table: { "properties": { "kind": { "const": kind } }, "required": ["kind"] } },
            "required": [table],
        },
        "then": { "properties": then },
    })
}

/// Options deny unknown properties; beside them stands `kind`.
fn with_kind(mut schema: Map<String, Value>, kind: &str) -> Value {
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    if let Value::Object(properties) = properties {
        properties.insert("kind".to_owned(), json!({ "const": kind }));
    }
    Value::Object(schema)
}

/// The schema itself where it only refers to a definition.
fn inlined(schema: &Schema, generator: &SchemaGenerator) -> Map<String, Value> {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    let target = name.and_then(|name| generator.definitions().get(name)).unwrap_or(schema.as_value());
    target.as_object().cloned().unwrap_or_default()
}

fn add_definitions(schema: &mut Map<String, Value>, generator: &mut SchemaGenerator) {
    let definitions = generator.take_definitions(true);
    if !definitions.is_empty() {
        schema.insert("$defs".to_owned(), Value::Object(definitions));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::path::Path;

    use super::*;

    #[test]
    fn committed_schemas_are_current() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/schema");
        for (name, content) in schemas() {
            let committed = fs_err::read_to_string(folder.join(&name)).unwrap_or_default();
            assert!(committed == content, "config/schema/{name} is stale: run `vienkop schema`");
        }
    }

    #[test]
    fn schemas_are_valid() {
        for (name, content) in schemas() {
            let schema: Value = serde_json::from_str(&content).unwrap();
            assert!(jsonschema::meta::is_valid(&schema), "{name}");
        }
    }
}
