//! `vienkop list …` and `vienkop schema`.

use serde::Serialize;
use vienkop_connectors::{fetch, format};
use vienkop_transforms::model::{ENTITIES, Entity, Field, Kind, Presence};

use super::session::Session;
use super::{Exit, ListOf, Options, output};
use crate::config::{Pipeline, schema};
use crate::timetable::NEXT;

/// A line of a list: what it is called and what it is.
#[derive(Serialize)]
struct Item {
    name: String,
    title: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<Item>,
}

impl Item {
    fn new(name: impl Into<String>, title: impl Into<String>) -> Self {
        Self { name: name.into(), title: title.into(), details: Vec::new() }
    }
}

/// Prints what there is of something.
pub(super) fn list(options: &Options, what: ListOf, now: jiff::Timestamp) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let config = &session.config;
    let items: Vec<Item> = match what {
        ListOf::Presets => return presets(options, &session),
        ListOf::Targets => config.targets.values().map(|target| Item::new(&target.id, &target.title)).collect(),
        ListOf::Sources => config.sources.iter().map(|s| Item::new(&s.id, &s.title)).collect(),
        ListOf::Pipelines => {
            config.pipelines.iter().map(|(name, pipeline)| pipeline_item(name, pipeline, &session)).collect()
        }
        ListOf::Kinds => fetch::KINDS
            .iter()
            .map(|kind| Item::new(kind.name(), "fetch"))
            .chain(
                format::KINDS
                    .iter()
                    .map(|kind| Item::new(kind.name(), format!("format ({})", kind.extensions().join(", ")))),
            )
            .collect(),
        ListOf::Entities => ENTITIES.iter().map(|entity| entity_item(entity, &session)).collect(),
        ListOf::Codelists => config
            .codelists
            .names()
            .into_iter()
            .filter_map(|name| config.codelists.get(name))
            .map(|list| Item {
                details: list
                    .codes
                    .iter()
                    .map(|code| Item::new(&code.code, session.language.of(&code.label_lv, &code.label_en)))
                    .collect(),
                ..Item::new(&list.name, list.codes.len().to_string())
            })
            .collect(),
    };
    if options.json {
        output::json(&items)?;
    } else {
        let mut out = String::new();
        let width = items.iter().map(|item| item.name.chars().count()).max().unwrap_or(0);
        for item in &items {
            out.push_str(&format!("{:width$}  {}\n", item.name, item.title));
            let width = item.details.iter().map(|detail| detail.name.chars().count()).max().unwrap_or(0);
            for detail in &item.details {
                out.push_str(&format!("    {:width$}  {}\n", detail.name, detail.title));
            }
        }
        output::text(&out)?;
    }
    Ok(Exit::Done)
}

/// A preset, as machines read it.
#[derive(Serialize)]
struct PresetItem<'a> {
    name: &'a str,
    title: &'a str,
    /// Kind of fetch.
    kind: &'a str,
    /// Whether it has met a real server of the system.
    verified: bool,
    documentation: &'a str,
}

/// Presets with their kind, and whether they have met a real server.
fn presets(options: &Options, session: &Session) -> anyhow::Result<Exit> {
    let items: Vec<PresetItem<'_>> = session
        .config
        .presets
        .iter()
        .map(|(name, preset)| PresetItem {
            name,
            title: &preset.title,
            kind: &preset.fetch.kind,
            verified: preset.verified,
            documentation: &preset.documentation,
        })
        .collect();
    if options.json {
        output::json(&items)?;
        return Ok(Exit::Done);
    }
    let texts = session.texts();
    let width = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let names = width(&mut items.iter().map(|item| item.name));
    let titles = width(&mut items.iter().map(|item| item.title));
    let kinds = width(&mut items.iter().map(|item| item.kind));
    let mut out = String::new();
    for item in &items {
        let word = if item.verified { "cli-preset-verified" } else { "cli-preset-unverified" };
        let verified = texts.get(word, &[]);
        out.push_str(&format!("{:names$}  {:titles$}  {:kinds$}  {verified}\n", item.name, item.title, item.kind));
    }
    if items.is_empty() {
        out.push_str(&format!("{}\n", texts.get("cli-presets-none", &[])));
    }
    output::text(&out)?;
    Ok(Exit::Done)
}

/// A pipeline; below it the next times that it runs by itself.
fn pipeline_item(name: &str, pipeline: &Pipeline, session: &Session) -> Item {
    let next = session.timetable(pipeline).map(|timetable| timetable.next_local(session.as_of, NEXT));
    let line = pipeline.schedule.clone().unwrap_or_default();
    let details = next.into_iter().flatten().map(|time| Item::new(time, line.clone())).collect();
    Item { details, ..Item::new(name, &pipeline.title) }
}

fn entity_item(entity: &Entity, session: &Session) -> Item {
    let label = |field: &Field| session.language.of(field.label_lv, field.label_en).to_owned();
    let details = entity
        .fields
        .iter()
        .map(|field| Item::new(described(field), label(field)))
        .chain(entity.children.iter().map(|child| {
            let fields: Vec<String> = child.fields.iter().map(described).collect();
            let name = format!("{}[]{{{}}}", child.name, fields.join(", "));
            Item::new(name, session.language.of(child.label_lv, child.label_en))
        }))
        .collect();
    Item { details, ..Item::new(entity.name, session.language.of(entity.label_lv, entity.label_en)) }
}

/// `audience+[]: audiences`: presence and type as model.md writes them.
fn described(field: &Field) -> String {
    let presence = match field.presence {
        Presence::Required => "*",
        Presence::Due => "+",
        Presence::Optional => "",
    };
    let kind = match field.kind {
        Kind::CodeList(list) => format!(": {list}"),
        Kind::Text | Kind::Code => String::new(),
        Kind::RegNo => ": reg_no".to_owned(),
        other => format!(": {}", format!("{other:?}").to_lowercase()),
    };
    format!("{}{presence}{}{kind}", field.name, if field.list { "[]" } else { "" })
}

/// Prints the JSON schemas of the configuration, or writes them to `config/schema/`.
pub(super) fn schema(options: &Options, write: bool) -> anyhow::Result<Exit> {
    let schemas = schema::schemas();
    if !write {
        let parsed: serde_json::Map<String, serde_json::Value> = schemas
            .into_iter()
            .map(|(name, text)| Ok((name, serde_json::from_str(&text)?)))
            .collect::<anyhow::Result<_>>()?;
        output::json(&parsed)?;
        return Ok(Exit::Done);
    }
    for (name, text) in schemas {
        let path = options.config.join("schema").join(name);
        fs_err::create_dir_all(options.config.join("schema"))?;
        fs_err::write(&path, text)?;
        output::text(&format!("{}\n", path.display()))?;
    }
    Ok(Exit::Done)
}
