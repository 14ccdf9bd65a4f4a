//! One source file: its schema, the options of its kinds, then what only the whole can tell.

use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value, json};
use vienkop_connectors::fetch::{self, FetchKind};
use vienkop_connectors::format::{self, FormatKind, OptionError};
use vienkop_transforms::mapping::TableMapping;
use vienkop_transforms::model;

use super::document::Document;
use super::fields::{Reporter, is_reg_no};
use super::problem::{Problem, Sentence, known};
use super::schema;
use super::settings::{Kinded, Place, Source};
use super::tables::{Context, check_tables};
use super::validate::{Schema, SchemaError, prune};

/// The schemas of a source's parts, made ready once.
pub(super) struct SourceCheck {
    whole: Schema,
    fetch: Vec<(&'static dyn FetchKind, Schema)>,
    /// Kind, `[format]`, `[table.read]`.
    format: Vec<(&'static dyn FormatKind, Schema, Schema)>,
}

impl SourceCheck {
    pub(super) fn new() -> Result<Self, SchemaError> {
        let fetch = fetch::KINDS.iter().map(|kind| {
            let options = Schema::new(schema::of_options(|generator| kind.options_schema(generator)))?;
            Ok((*kind, options))
        });
        let format = format::KINDS.iter().map(|kind| {
            let options = Schema::new(schema::of_options(|generator| kind.options_schema(generator)))?;
            let table = Schema::new(schema::of_options(|generator| kind.table_schema(generator)))?;
            Ok((*kind, options, table))
        });
        Ok(Self {
            whole: Schema::new(schema::of::<Source>())?,
            fetch: fetch.collect::<Result<_, SchemaError>>()?,
            format: format.collect::<Result<_, SchemaError>>()?,
        })
    }

    /// Checks a source; it comes back when nothing is wrong with it.
    pub(super) fn check(
        &self,
        document: &Document,
        place: &Place,
        context: &Context<'_>,
    ) -> (Option<Source>, Vec<Problem>) {
        let mut value = document.value.clone();
        let faults = self.whole.faults(&value, &[]);
        prune(&mut value, &faults);
        let mut reporter = Reporter::new(document).with_faults(&faults);
        let mut problems: Vec<Problem> = faults.into_iter().map(|fault| fault.problem(document)).collect();
        check_identity(&mut reporter, &value, place);
        check_inbox(&mut reporter, &value, place);
        problems.extend(self.check_fetch(&mut reporter, document, &value, place));
        problems.extend(self.check_format(&mut reporter, document, &value));
        belong(&mut value);
        check_tables(&mut reporter, &tables(&value), context);
        check_priorities(&mut reporter, &value);
        problems.extend(reporter.into_problems());
        if !problems.is_empty() {
            return (None, problems);
        }
        match serde_json::from_value::<Source>(value) {
            Ok(source) => (Some(Source { place: place.clone(), ..source }), problems),
            Err(error) => {
                let sentence = Sentence::new("config-invalid").arg("reason", error.to_string());
                (None, vec![Problem::whole(&document.file, sentence)])
            }
        }
    }

    /// What is wrong with a preset by itself: kinds that there are not, options that they do not have. What is missing
    /// is for the sources that extend it.
    pub(super) fn preset(&self, document: &Document) -> Vec<Problem> {
        let mut reporter = Reporter::new(document);
        let mut faults = Vec::new();
        if let Some((name, options)) = kind_and_options(&document.value, "fetch") {
            match self.fetch.iter().find(|(kind, _)| kind.name() == name) {
                Some((_, schema)) => faults.extend(schema.faults(&options, &["fetch"])),
                None => unknown_kind(&mut reporter, "fetch", &name, self.fetch.iter().map(|(kind, _)| kind.name())),
            }
        }
        if let Some((name, options)) = kind_and_options(&document.value, "format") {
            match self.format.iter().find(|(kind, ..)| kind.name() == name) {
                Some((_, schema, _)) => faults.extend(schema.faults(&options, &["format"])),
                None => unknown_kind(&mut reporter, "format", &name, self.format.iter().map(|(kind, ..)| kind.name())),
            }
        }
        let faults = faults.into_iter().filter(|fault| !fault.missing);
        faults.map(|fault| fault.problem(document)).chain(reporter.into_problems()).collect()
    }

    fn check_fetch(
        &self,
        reporter: &mut Reporter<'_>,
        document: &Document,
        value: &Value,
        place: &Place,
    ) -> Vec<Problem> {
        let Some((name, options)) = kind_and_options(value, "fetch") else { return Vec::new() };
        let Some((kind, schema)) = self.fetch.iter().find(|(kind, _)| kind.name() == name) else {
            unknown_kind(reporter, "fetch", &name, self.fetch.iter().map(|(kind, _)| kind.name()));
            return Vec::new();
        };
        // The demonstration asks nobody: neither a newcomer's first run nor the tests may need a network.
        let networked = ["server", "url"].iter().any(|option| options.get(option).is_some());
        if place.is_sample() && networked && options.get("recorded").is_none() {
            reporter.value(&["fetch"], Sentence::new("config-sample-network"), None);
        }
        let kinded = serde_json::from_value::<Kinded>(value.get("fetch").cloned().unwrap_or_default());
        for (at, path) in kinded.map(|kinded| kinded.paths()).unwrap_or_default() {
            let at: Vec<&str> = ["fetch"].into_iter().chain(at.iter().map(String::as_str)).collect();
            check_path(reporter, &at, &path, place);
        }
        let faults = schema.faults(&options, &["fetch"]);
        if faults.is_empty() {
            match kind.fetcher(&options) {
                Err(error) => refused(reporter, &error, &[&["fetch"]], value),
                // What did not change would look as if it were gone.
                Ok(fetcher) if fetcher.incremental() && value.get("delivers") == Some(&json!("snapshot")) => {
                    reporter.value(&["delivers"], Sentence::new("config-changes-are-no-snapshot"), None);
                }
                Ok(_) => {}
            }
        }
        faults.into_iter().map(|fault| fault.problem(document)).collect()
    }

    fn check_format(&self, reporter: &mut Reporter<'_>, document: &Document, value: &Value) -> Vec<Problem> {
        let Some((name, options)) = kind_and_options(value, "format") else { return Vec::new() };
        let Some((kind, schema, table_schema)) = self.format.iter().find(|(kind, ..)| kind.name() == name) else {
            unknown_kind(reporter, "format", &name, self.format.iter().map(|(kind, ..)| kind.name()));
            return Vec::new();
        };
        let mut faults = schema.faults(&options, &["format"]);
        let sound = faults.is_empty();
        let mut told = Vec::new();
        for (index, table) in value.get("table").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let index = index.to_string();
            let path = ["table", &index, "read"];
            let read = table.get("read").cloned().unwrap_or_else(|| json!({}));
            let table_faults = table_schema.faults(&read, &path);
            if sound
                && table_faults.is_empty()
                && let Err(error) = kind.reader(&options, &read)
                && !told.contains(&error)
            {
                refused(reporter, &error, &[&path, &["format"]], value);
                told.push(error);
            }
            faults.extend(table_faults);
        }
        faults.into_iter().map(|fault| fault.problem(document)).collect()
    }
}

fn check_identity(reporter: &mut Reporter<'_>, value: &Value, place: &Place) {
    let stem = Path::new(&place.file).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if let Some(id) = value.get("id").and_then(Value::as_str) {
        if !is_name(id) {
            reporter.value(&["id"], Sentence::new("config-id-characters").arg("value", id), None);
        } else if id != stem {
            let sentence = Sentence::new("config-id-file").arg("id", id).arg("file", format!("{stem}.toml"));
            reporter.value(&["id"], sentence, None);
        }
    }
    if let Some(reg_no) = value.get("institution").and_then(Value::as_str)
        && !is_reg_no(reg_no)
    {
        reporter.value(&["institution"], Sentence::new("config-reg-no").arg("value", reg_no), None);
    }
}

/// An inbox is a folder like others, no place that the source fetches from, and all that `kind = "inbox"` has.
fn check_inbox(reporter: &mut Reporter<'_>, value: &Value, place: &Place) {
    let fetch = serde_json::from_value::<Kinded>(value.get("fetch").cloned().unwrap_or_default()).unwrap_or_default();
    let Some(inbox) = value.get("inbox").and_then(Value::as_str) else {
        if fetch.kind == "inbox" && reporter.is_whole(&["inbox"]) {
            reporter.value(&["fetch", "kind"], Sentence::new("config-inbox-none"), Sentence::new("config-hint-inbox"));
        }
        return;
    };
    check_path(reporter, &["inbox"], inbox, place);
    // `./dati/` is `dati`.
    let plain =
        |path: &str| -> PathBuf { Path::new(path).components().filter(|part| *part != Component::CurDir).collect() };
    let same = |path: &str| plain(path) == plain(inbox);
    let below = |path: &str| plain(path).starts_with(plain(inbox));
    if let Some((_, path)) = fetch.paths().into_iter().find(|(_, path)| same(path) || below(path)) {
        let sentence = Sentence::new("config-inbox-fetched").arg("path", path);
        reporter.value(&["inbox"], sentence, Sentence::new("config-hint-inbox-fetched"));
    }
}

/// Requests and events belong to the institution that delivers, unless a table says otherwise.
fn belong(value: &mut Value) {
    const FIELD: &str = "institution_reg_no";
    let Some(institution) = value.get("institution").filter(|institution| institution.is_string()).cloned() else {
        return;
    };
    for table in value.get_mut("table").and_then(Value::as_array_mut).into_iter().flatten() {
        let entity = table.get("entity").and_then(Value::as_str).and_then(model::entity);
        if !entity.is_some_and(|entity| entity.fields.iter().any(|field| field.name == FIELD)) {
            continue;
        }
        let fields = table.as_object_mut().map(|table| table.entry("fields").or_insert_with(|| json!({})));
        if let Some(Value::Object(fields)) = fields {
            fields.entry(FIELD).or_insert_with(|| json!({ "value": institution }));
        }
    }
}

/// Fields and lists that a source has priorities of its own for must be there.
fn check_priorities(reporter: &mut Reporter<'_>, value: &Value) {
    let priorities = value.pointer("/policy/field_priority").and_then(Value::as_object);
    for name in priorities.into_iter().flatten().map(|(name, _)| name) {
        let (entity, field) = name.split_once('.').unwrap_or((name, ""));
        let sentence = || Sentence::new("config-priority-field").arg("value", name);
        let path = ["policy", "field_priority", name];
        let Some(entity) = model::entity(entity) else {
            reporter.key(&path, sentence(), known(entity, model::ENTITIES.iter().map(|entity| entity.name)));
            continue;
        };
        let names = || entity.fields.iter().map(|f| f.name).chain(entity.children.iter().map(|child| child.name));
        if !names().any(|known| known == field) {
            reporter.key(&path, sentence(), known(field, names()));
        }
    }
}

/// Ids and names of files: small Latin letters, digits and hyphens.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('-')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// A path may be absolute for a real source, but never leads out of its folder by `..`; samples stay below `config`'s.
fn check_path(reporter: &mut Reporter<'_>, at: &[&str], path: &str, place: &Place) {
    let slashes = path.replace('\\', "/");
    let escapes = Path::new(&slashes).components().any(|part| part == Component::ParentDir);
    let absolute = slashes.starts_with('/') || slashes.as_bytes().get(1) == Some(&b':');
    if escapes || (absolute && place.is_sample()) {
        reporter.value(at, Sentence::new("config-path").arg("path", path), Sentence::new("config-hint-path"));
    }
}

fn kind_and_options(value: &Value, table: &str) -> Option<(String, Value)> {
    let mut options: Map<String, Value> = value.get(table)?.as_object()?.clone();
    let kind = options.remove("kind")?;
    Some((kind.as_str()?.to_owned(), Value::Object(options)))
}

fn unknown_kind(
    reporter: &mut Reporter<'_>,
    table: &'static str,
    name: &str,
    names: impl Iterator<Item = &'static str>,
) {
    let sentence = Sentence::new("config-unknown-kind").arg("value", name).arg("table", table);
    reporter.value(&[table, "kind"], sentence, known(name, names));
}

/// An option that its kind refuses: told where the option stands, or at the first of the places it could stand.
fn refused(reporter: &mut Reporter<'_>, error: &OptionError, places: &[&[&str]], value: &Value) {
    let sentence = Sentence::new("config-option-refused").arg("option", &error.option);
    let sentence = sentence.with(Sentence::refused(error.reason).arg("value", &error.value));
    let holds = |place: &&&[&str]| {
        let pointer = format!("/{}/{}", place.join("/"), error.option);
        value.pointer(&pointer).is_some()
    };
    let place = places.iter().find(holds).or(places.first()).copied().unwrap_or_default();
    let option: Vec<&str> = error.option.split('/').collect();
    reporter.value(&[place, &option].concat(), sentence, None);
}

/// The tables that can be read, each with its place in the file.
fn tables(value: &Value) -> Vec<(usize, TableMapping)> {
    let items = value.get("table").and_then(Value::as_array).into_iter().flatten().enumerate();
    items.filter_map(|(index, item)| Some((index, serde_json::from_value(item.clone()).ok()?))).collect()
}
