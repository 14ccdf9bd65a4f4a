//! Records of the registry as people ask for them: `vienkop history` and `vienkop explain UID`.
//!
//! Here: which record is meant. Where its values came from stands in `cite.rs`, how long texts are set in `layout.rs`.

mod cite;
pub(super) mod explain;
pub(super) mod history;
mod layout;
mod timeline;

use jiff::Timestamp;
use serde::Serialize;
use vienkop_connectors::registry::{FieldValue, Found, Item, Past, Registry, Subject};
use vienkop_transforms::fold::nearest;
use vienkop_transforms::model::{self, Child, Entity, Field, Presence};
use vienkop_transforms::texts::Language;

use super::output;
use super::session::Session;

/// The head of what is told of a record.
#[derive(Serialize)]
struct Head {
    entity: &'static str,
    name: Option<String>,
    key: String,
    uid: String,
    /// `current` or `retired`.
    state: &'static str,
    /// Since when, UTC.
    since: Option<String>,
    /// The run that made it so.
    run: Option<i64>,
}

impl Head {
    fn new(past: &Past) -> Self {
        let subject = &past.subject;
        let last = past.versions.last().map(|version| &version.span);
        let moment = last.map(|span| span.to.as_ref().unwrap_or(&span.from));
        Self {
            entity: subject.entity.name,
            name: subject.name.clone(),
            key: subject.key.clone(),
            uid: subject.uid.clone(),
            state: if subject.current { "current" } else { "retired" },
            since: moment.map(|moment| moment.at.clone()),
            run: moment.map(|moment| moment.run),
        }
    }

    fn text(&self, session: &Session, entity: &Entity) -> String {
        let texts = session.texts();
        let kind = label(session.language, entity.label_lv, entity.label_en);
        let title = match &self.name {
            Some(name) => texts.get("cli-record-title", &[("entity", kind), ("name", name)]),
            None => kind.to_owned(),
        };
        let at = self.since.as_deref().map(|at| local(session, at)).unwrap_or_default();
        let run = self.run.map(|run| run.to_string()).unwrap_or_default();
        let state = texts.get(&format!("cli-record-{}", self.state), &[("at", &at), ("run", &run)]);
        let rows = [("key", self.key.as_str()), ("uid", &self.uid), ("state", &state)];
        let names = rows.map(|(name, _)| texts.get(&format!("cli-record-{name}"), &[]));
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        let mut out = format!("{title}\n");
        for (name, (_, value)) in names.iter().zip(rows) {
            out.push_str(&format!("{}  {value}\n", layout::pad(name, width)));
        }
        out
    }
}

/// Uid of the record that `id` means; otherwise what to do, as an error.
pub(super) async fn uid_of(session: &Session, id: &str) -> anyhow::Result<String> {
    Ok(find(session, id).await?.1.subject.uid)
}

/// The record that `id` means; otherwise what to do, as an error.
async fn find(session: &Session, id: &str) -> anyhow::Result<(Registry, Past)> {
    let texts = session.texts();
    if Registry::is_missing(&session.registry).await? {
        anyhow::bail!(texts.get("cli-record-no-registry", &[("registry", &Registry::shown(&session.registry))]));
    }
    let registry = session.open_registry().await?;
    match registry.find(id).await? {
        Found::One(subject) => {
            let past = registry.past(*subject).await?;
            Ok((registry, past))
        }
        Found::Quarantined(number, source) => {
            let number = format!("{source}#{number}");
            anyhow::bail!(texts.get("cli-record-quarantined", &[("id", id), ("number", &number)]))
        }
        Found::Several(subjects, more) => {
            let told = texts.get("cli-record-several", &[("id", id)]);
            let more = if more { "…\n" } else { "" };
            anyhow::bail!("{told}\n{}{more}", candidates(session, &subjects).trim_end())
        }
        Found::Nothing => {
            let kind = id.split_once(':').map(|(kind, _)| kind.trim());
            let unknown = kind.filter(|kind| {
                let names = |entity: &&Entity| [entity.name, entity.label_lv, entity.label_en];
                let same = |name: &str| vienkop_transforms::fold::fold(name) == vienkop_transforms::fold::fold(kind);
                !model::ENTITIES.iter().any(|entity| names(entity).into_iter().any(same))
            });
            if let Some(kind) = unknown {
                let names = || model::ENTITIES.iter().map(|entity| entity.name);
                let near = nearest(kind, names(), 3);
                let near = if near.is_empty() { names().collect() } else { near };
                anyhow::bail!(texts.get("cli-record-kind", &[("kind", kind), ("nearest", &near.join(", "))]))
            }
            anyhow::bail!(texts.get("cli-record-none", &[("id", id)]))
        }
    }
}

fn candidates(session: &Session, subjects: &[Subject]) -> String {
    let rows: Vec<Vec<String>> = subjects
        .iter()
        .map(|subject| {
            let state = if subject.current { String::new() } else { session.texts().get("cli-record-was", &[]) };
            let name = subject.name.clone().unwrap_or_default();
            vec![
                subject.uid.clone(),
                format!("{}:{}", subject.entity.name, subject.key),
                format!("{} {state}", layout::cut(&name, 60)).trim().to_owned(),
            ]
        })
        .collect();
    let header = ["uid", "key", "name"].map(|name| session.texts().get(&format!("cli-record-{name}"), &[]));
    output::table(&header, &rows, &[])
}

/// The one of two labels that is in the language.
fn label<'a>(language: Language, lv: &'a str, en: &'a str) -> &'a str {
    language.of(lv, en)
}

fn field_label(session: &Session, field: &'static Field) -> &'static str {
    label(session.language, field.label_lv, field.label_en)
}

/// UTC as the registry stores it, as local time to the minute.
fn local(session: &Session, at: &str) -> String {
    match at.parse::<Timestamp>() {
        Ok(moment) => moment.to_zoned(session.time_zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => at.to_owned(),
    }
}

/// A value as people read it, on one line.
fn shown(session: &Session, value: Option<&FieldValue>) -> String {
    let texts = session.texts();
    let text = match value {
        None => return texts.get("cli-plan-empty", &[]),
        // Moments are stored in UTC.
        Some(FieldValue::Text(text)) if text.len() == "2024-07-08T00:00:00Z".len() => local(session, text),
        Some(FieldValue::Text(text)) => text.clone(),
        Some(FieldValue::Number(number)) => number.to_string(),
        Some(FieldValue::Flag(flag)) => texts.get(if *flag { "cli-record-yes" } else { "cli-record-no" }, &[]),
        Some(FieldValue::List(items)) => items.join("; "),
        Some(FieldValue::Duration(value, unit)) => {
            let id = format!("cli-record-unit-{}", unit.replace(' ', "-"));
            let unit = if texts.has(&id) { texts.get(&id, &[]) } else { unit.clone() };
            format!("{value} {unit}").trim().to_owned()
        }
    };
    layout::one_line(&text)
}

/// The field that names an item of a list: the first that it cannot do without.
fn naming(child: &'static Child) -> Option<usize> {
    child.fields.iter().position(|field| field.presence == Presence::Required)
}

/// An item of a list: its name, the rest in brackets.
fn item_text(session: &Session, child: &'static Child, item: &Item) -> String {
    let name = naming(child);
    let rest: Vec<String> = child
        .fields
        .iter()
        .zip(&item.values)
        .enumerate()
        .filter(|(n, (_, value))| Some(*n) != name && value.is_some())
        .map(|(_, (field, value))| format!("{}: {}", field_label(session, field), shown(session, value.as_ref())))
        .collect();
    let name = name.and_then(|name| item.values[name].as_ref()).map(|value| shown(session, Some(value)));
    match (name, rest.join("; ")) {
        (Some(name), rest) if rest.is_empty() => name,
        (Some(name), rest) => format!("{name} ({rest})"),
        (None, rest) => rest,
    }
}

/// An item of a list for a machine: the fields that are filled.
fn item_json(child: &'static Child, item: &Item) -> serde_json::Value {
    let filled = child.fields.iter().zip(&item.values).filter_map(|(field, value)| Some((field.name, value.as_ref()?)));
    filled.map(|(name, value)| (name.to_owned(), serde_json::json!(value))).collect::<serde_json::Map<_, _>>().into()
}
