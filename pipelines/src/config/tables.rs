//! Checks of `[[table]]`s against the registry model: entities, fields, children, keys, unpivot.

use std::collections::{BTreeMap, BTreeSet};

use vienkop_transforms::codelist::CodeLists;
use vienkop_transforms::mapping::{ChildSource, FieldRule, FieldSource, TableMapping, Unpivot};
use vienkop_transforms::model::{self, Child, ENTITIES, Entity, Field, Kept, Presence};

use super::fields::{Reporter, Source, check_rule, known_field};
use super::problem::{Sentence, known};

/// What tables refer to.
pub(super) struct Context<'a> {
    /// The code lists.
    pub(super) codelists: &'a CodeLists,
    /// Ids of questionnaires and of their questions; none where the file could not be read.
    pub(super) questionnaires: &'a BTreeMap<String, Option<Vec<String>>>,
}

/// Checks the tables of one source (with their places in the file).
pub(super) fn check_tables(reporter: &mut Reporter<'_>, tables: &[(usize, TableMapping)], context: &Context<'_>) {
    for (index, table) in tables {
        let index = index.to_string();
        check_table(reporter, &["table", &index], table, tables, context);
    }
    if reporter.is_whole(&["table"]) {
        check_events(reporter, tables);
        check_required(reporter, tables);
    }
}

fn check_table(
    reporter: &mut Reporter<'_>,
    path: &[&str],
    table: &TableMapping,
    tables: &[(usize, TableMapping)],
    context: &Context<'_>,
) {
    for (index, skip) in table.skip.iter().enumerate() {
        let index = index.to_string();
        let path = [path, &["skip", &index]].concat();
        let patterns = [("matches", &skip.matches), ("unless", &skip.unless)];
        for (option, pattern) in patterns.into_iter().filter_map(|(name, of)| Some((name, of.as_ref()?))) {
            reporter.regex(&[&path[..], &[option]].concat(), pattern);
        }
        if skip.matches.is_some() && skip.unless.is_some() {
            let sentence = Sentence::new("config-contradiction").arg("first", "matches").arg("second", "unless");
            reporter.key(&[&path[..], &["unless"]].concat(), sentence, None);
        }
        if skip.matches.is_none() && skip.unless.is_none() && !skip.others_empty {
            reporter.value(&path, Sentence::new("config-skip"), None);
        }
    }
    for (index, name) in table.files.iter().enumerate() {
        if glob::Pattern::new(name).is_err() {
            let sentence = Sentence::new("config-glob").arg("value", name);
            reporter.value(&[path, &["files", &index.to_string()]].concat(), sentence, None);
        }
    }
    let Some((entity, child)) = model::target(&table.entity) else {
        let targets: Vec<String> = targets().collect();
        let sentence = Sentence::new("config-unknown-entity").arg("value", &table.entity);
        let hint = known(&table.entity, targets.iter().map(String::as_str));
        reporter.value(&[path, &["entity"]].concat(), sentence, hint);
        return;
    };
    match child {
        Some(child) => check_child_table(reporter, path, table, (entity, child), tables, context),
        None => check_entity_table(reporter, path, table, entity, context),
    }
}

fn check_entity_table(
    reporter: &mut Reporter<'_>,
    path: &[&str],
    table: &TableMapping,
    entity: &Entity,
    context: &Context<'_>,
) {
    for (name, source) in &table.fields {
        let path = [path, &["fields", name]].concat();
        if let Some(field) = entity.field(name) {
            check_rule(reporter, &path, &source.rule(), field, Source::Rule, context.codelists);
        } else {
            let children = entity.children.iter().find(|child| child.name == name);
            let hint = match children {
                Some(child) => Some(Sentence::new("config-hint-child").arg("child", child.name)),
                None => known_field(name, entity.fields),
            };
            let sentence = Sentence::new("config-unknown-field").arg("value", name).arg("entity", entity.name);
            reporter.key(&path, sentence, hint);
        }
    }
    for (name, source) in &table.children {
        let path = [path, &["children", name]].concat();
        if let Some(child) = entity.child(name) {
            check_child(reporter, &path, source, child, context.codelists);
        } else {
            let sentence = Sentence::new("config-unknown-child").arg("value", name).arg("entity", entity.name);
            reporter.key(&path, sentence, known(name, entity.children.iter().map(|child| child.name)));
        }
    }
    check_unpivot(reporter, path, table, context);
    for (index, name) in table.key.iter().enumerate() {
        if entity.field(name).is_none() {
            let index = index.to_string();
            let sentence = Sentence::new("config-unknown-field").arg("value", name).arg("entity", entity.name);
            reporter.value(&[path, &["key", &index]].concat(), sentence, known_field(name, entity.fields));
        }
    }
    // Events name their request by it.
    if entity.kept == Kept::PerSource && source_key(table, entity) != entity.default_key() {
        let key = entity.default_key().join(", ");
        let sentence = Sentence::new("config-key-fixed").arg("entity", entity.name).arg("key", key);
        reporter.key(&[path, &["key"]].concat(), sentence, None);
    }
    if reporter.is_whole(path) {
        for name in source_key(table, entity).into_iter().filter(|name| entity.field(name).is_some()) {
            if !mapped(table).contains(name) {
                let sentence = Sentence::new("config-key-unmapped").arg("field", name).arg("entity", entity.name);
                reporter.missing(&[path, &["entity"]].concat(), sentence);
            }
        }
    }
}

/// A child in a table of its own: its fields, and the parent's key as `parent.<field>`.
fn check_child_table(
    reporter: &mut Reporter<'_>,
    path: &[&str],
    table: &TableMapping,
    (entity, child): (&Entity, &Child),
    tables: &[(usize, TableMapping)],
    context: &Context<'_>,
) {
    let parent = tables.iter().map(|(_, table)| table).find(|table| table.entity == entity.name);
    let key: Vec<&str> = parent.map_or_else(|| entity.default_key().to_vec(), |parent| source_key(parent, entity));
    for (name, source) in &table.fields {
        let path = [path, &["fields", name]].concat();
        let field = match name.strip_prefix("parent.") {
            Some(parent) => entity.field(parent).filter(|field| key.contains(&field.name)),
            None => child.fields.iter().find(|field| field.name == name),
        };
        if let Some(field) = field {
            check_rule(reporter, &path, &source.rule(), field, Source::Rule, context.codelists);
        } else {
            let parents: Vec<String> = key.iter().map(|name| format!("parent.{name}")).collect();
            let names = child.fields.iter().map(|field| field.name).chain(parents.iter().map(String::as_str));
            let sentence = Sentence::new("config-unknown-field").arg("value", name).arg("entity", &table.entity);
            reporter.key(&path, sentence, known(name, names));
        }
    }
    let misplaced = [
        ("children", !table.children.is_empty()),
        ("unpivot", table.unpivot.is_some()),
        ("key", !table.key.is_empty()),
    ];
    for (option, _) in misplaced.into_iter().filter(|(_, given)| *given) {
        let sentence = Sentence::new("config-not-for-child").arg("option", option).arg("entity", &table.entity);
        reporter.key(&[path, &[option]].concat(), sentence, None);
    }
    if reporter.is_whole(path) {
        let missing = key.iter().map(|name| format!("parent.{name}")).chain(required(child.fields).map(str::to_owned));
        for name in missing.filter(|name| !table.fields.contains_key(name)) {
            let sentence = Sentence::new("config-required-unmapped").arg("field", name).arg("entity", &table.entity);
            reporter.missing(&[path, &["entity"]].concat(), sentence);
        }
    }
}

/// A child made from the row itself.
fn check_child(reporter: &mut Reporter<'_>, path: &[&str], source: &ChildSource, child: &Child, lists: &CodeLists) {
    let option = |name: &'static str| -> Vec<&str> { [path, &[name]].concat() };
    let mut given: BTreeSet<String> = BTreeSet::new();
    let field = |name: &str| child.fields.iter().find(|field| field.name == name);
    let unknown = |name: &str| Sentence::new("config-unknown-field").arg("value", name).arg("entity", child.name);
    match (&source.column, source.numbered.is_empty()) {
        (Some(_), false) => {
            let sentence = Sentence::new("config-contradiction").arg("first", "column").arg("second", "numbered");
            reporter.key(&option("numbered"), sentence, None);
        }
        (None, true) => reporter.key(path, Sentence::new("config-child-origin").arg("child", child.name), None),
        (Some(_), true) => match (&source.pattern, &source.field) {
            (Some(_), Some(_)) => {
                let sentence = Sentence::new("config-contradiction").arg("first", "pattern").arg("second", "field");
                reporter.key(&option("field"), sentence, None);
            }
            (None, None) => reporter.key(path, Sentence::new("config-child-item").arg("child", child.name), None),
            _ => {}
        },
        (None, false) => {}
    }
    if let Some(pattern) = &source.pattern
        && let Some(regex) = reporter.regex(&option("pattern"), pattern)
    {
        for name in regex.capture_names().flatten() {
            if field(name).is_none() {
                reporter.value(&option("pattern"), unknown(name), known_field(name, child.fields));
            }
            given.insert(name.to_owned());
        }
    }
    if let Some(name) = &source.field {
        if field(name).is_none() {
            reporter.value(&option("field"), unknown(name), known_field(name, child.fields));
        }
        given.insert(name.clone());
    }
    for (name, header) in &source.numbered {
        let path = [path, &["numbered", name]].concat();
        if field(name).is_none() {
            reporter.key(&path, unknown(name), known_field(name, child.fields));
        }
        if !header.contains("{n}") {
            reporter.value(&path, Sentence::new("config-numbered").arg("value", header), None);
        }
        given.insert(name.clone());
    }
    for (name, rule) in &source.fields {
        let path = [path, &["fields", name]].concat();
        match field(name) {
            Some(field) => check_rule(reporter, &path, rule, field, Source::Item, lists),
            None => reporter.key(&path, unknown(name), known_field(name, child.fields)),
        }
        if has_origin(rule) {
            given.insert(name.clone());
        }
    }
    let whole = reporter.is_whole(path);
    for name in required(child.fields).filter(|name| whole && !given.contains(*name)) {
        let sentence = Sentence::new("config-required-unmapped").arg("field", name).arg("entity", child.name);
        reporter.key(path, sentence, None);
    }
}

fn check_unpivot(reporter: &mut Reporter<'_>, path: &[&str], table: &TableMapping, context: &Context<'_>) {
    let Some(unpivot) = &table.unpivot else { return };
    if unpivots_events(table) {
        check_event_columns(reporter, path, table, unpivot, context);
        return;
    }
    if !can_unpivot(&table.entity) {
        reporter.key(
            &[path, &["unpivot"]].concat(),
            Sentence::new("config-unpivot").arg("entity", &table.entity),
            None,
        );
        return;
    }
    if !table.key.is_empty() {
        let key = model::entity(&table.entity).map_or_else(String::new, |entity| entity.default_key().join(", "));
        let sentence = Sentence::new("config-unpivot-key").arg("entity", &table.entity);
        reporter.key(&[path, &["key"]].concat(), sentence, Sentence::new("config-hint-unpivot-key").arg("key", key));
    }
    let Some(id) = &unpivot.questionnaire else { return };
    match context.questionnaires.get(id) {
        None => {
            let sentence = Sentence::new("config-unknown-questionnaire").arg("value", id);
            let hint = known(id, context.questionnaires.keys().map(String::as_str));
            reporter.value(&[path, &["unpivot", "questionnaire"]].concat(), sentence, hint);
        }
        Some(None) => {}
        Some(Some(questions)) => {
            for (header, question) in unpivot.columns.iter().filter(|(_, question)| !questions.contains(question)) {
                let sentence = Sentence::new("config-unknown-question").arg("value", question).arg("questionnaire", id);
                let hint = known(question, questions.iter().map(String::as_str));
                reporter.value(&[path, &["unpivot", "columns", header]].concat(), sentence, hint);
            }
        }
    }
}

/// Columns that hold the times of events: each stands for a state, and `at` and `state` come from nowhere else.
fn check_event_columns(
    reporter: &mut Reporter<'_>,
    path: &[&str],
    table: &TableMapping,
    unpivot: &Unpivot,
    context: &Context<'_>,
) {
    let option = |name: &'static str| [path, &["unpivot", name]].concat();
    if unpivot.questionnaire.is_some() {
        let sentence = Sentence::new("config-unpivot-questionnaire").arg("entity", &table.entity);
        reporter.key(&option("questionnaire"), sentence, None);
    }
    if unpivot.columns.is_empty() {
        reporter.key(&[path, &["unpivot"]].concat(), Sentence::new("config-unpivot-no-columns"), None);
    }
    let states = context.codelists.get("states");
    for (header, state) in &unpivot.columns {
        if states.is_some_and(|states| states.get(state).is_none()) {
            let names = states.iter().flat_map(|states| states.codes.iter().map(|code| code.code.as_str()));
            let sentence = Sentence::new("config-unknown-state").arg("value", state);
            reporter.value(&[&option("columns")[..], &[header]].concat(), sentence, known(state, names));
        }
    }
    if table.fields.contains_key("state") {
        let sentence = Sentence::new("config-contradiction").arg("first", "unpivot").arg("second", "state");
        reporter.key(&[path, &["fields", "state"]].concat(), sentence, None);
    }
    if table.fields.get("at").map(FieldSource::rule).is_some_and(|rule| has_origin(&rule)) {
        let sentence = Sentence::new("config-contradiction").arg("first", "unpivot").arg("second", "at");
        reporter.key(&[path, &["fields", "at"]].concat(), sentence, None);
    }
}

/// Events belong to requests, which the same source delivers and knows by institution and number.
fn check_events(reporter: &mut Reporter<'_>, tables: &[(usize, TableMapping)]) {
    let of = |name: &'static str| tables.iter().filter(move |(_, table)| table.entity == name);
    let Some((index, _)) = of("status_event").next() else { return };
    if of("service_request").next().is_none() {
        let sentence = Sentence::new("config-events-without-requests");
        reporter.value(&["table", &index.to_string(), "entity"], sentence, None);
    }
    for (index, _) in of("service_request").filter(|(_, table)| !table.key.is_empty()) {
        reporter.key(&["table", &index.to_string(), "key"], Sentence::new("config-events-key"), None);
    }
}

/// Required fields that no table of the source maps; told once an entity, at its first table.
fn check_required(reporter: &mut Reporter<'_>, tables: &[(usize, TableMapping)]) {
    let mut seen = BTreeSet::new();
    for (index, table) in tables {
        let Some(entity) = model::entity(&table.entity) else { continue };
        if !seen.insert(entity.name) {
            continue;
        }
        let same = tables.iter().filter(|(_, other)| other.entity == table.entity);
        let all: BTreeSet<&str> = same.flat_map(|(_, table)| mapped(table)).collect();
        let key = source_key(table, entity);
        for name in required(entity.fields).filter(|name| !all.contains(name) && !key.contains(name)) {
            let index = index.to_string();
            let sentence = Sentence::new("config-required-unmapped").arg("field", name).arg("entity", entity.name);
            reporter.missing(&["table", &index, "entity"], sentence);
        }
    }
}

/// Entities and children that a table may name.
fn targets() -> impl Iterator<Item = String> {
    ENTITIES.iter().flat_map(|entity| {
        let children = entity.children.iter().map(|child| format!("{}.{}", entity.name, child.name));
        std::iter::once(entity.name.to_owned()).chain(children)
    })
}

fn required(fields: &[Field]) -> impl Iterator<Item = &'static str> {
    fields.iter().filter(|field| field.presence == Presence::Required).map(|field| field.name)
}

fn has_origin(rule: &FieldRule) -> bool {
    rule.column.is_some() || !rule.columns.is_empty() || rule.value.is_some() || rule.default.is_some()
}

/// Answers come as columns only in surveys; unpivot then gives question and answer.
fn can_unpivot(entity: &str) -> bool {
    entity == "survey_response"
}

/// Times of events come as columns where a system keeps one date a state.
fn unpivots_events(table: &TableMapping) -> bool {
    table.unpivot.is_some() && model::entity(&table.entity).is_some_and(|entity| entity.kept == Kept::Lake)
}

/// Fields that a table gives values for.
fn mapped(table: &TableMapping) -> BTreeSet<&str> {
    let unpivoted = table.unpivot.is_some() && can_unpivot(&table.entity);
    let of_unpivot = ["question", "value_raw"].into_iter().filter(|_| unpivoted);
    let of_unpivot = of_unpivot.chain(["at", "state"].into_iter().filter(|_| unpivots_events(table)));
    table.fields.keys().map(String::as_str).chain(of_unpivot).collect()
}

/// Fields that identify a record within the source.
fn source_key<'t>(table: &'t TableMapping, entity: &Entity) -> Vec<&'t str> {
    if table.key.is_empty() { entity.default_key().to_vec() } else { table.key.iter().map(String::as_str).collect() }
}
