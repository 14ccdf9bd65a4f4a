//! What a `[[record]]` says, checked and made ready: every gap is known to be a column, a reference or one of ours.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fill::{Fill, Row};
use super::settings::{Empty, Method, RecordSettings};
use crate::codelist::CodeLists;
use crate::gaps::{self, Part};
use crate::model::{self, Child, Entity, Field, Kept, Kind, Storage};

/// Something that a `[[record]]` cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands below `[[record]]`.
    pub at: Vec<String>,
    /// Why, as in the texts `config-deliver-…`.
    pub reason: &'static str,
    /// What stands there.
    pub value: String,
    /// What could stand there.
    pub known: Vec<String>,
}

/// A `[[record]]` made ready.
#[derive(Debug, Clone)]
pub struct Template {
    /// What it says.
    pub settings: RecordSettings,
    /// The entity.
    pub entity: &'static Entity,
    /// Columns that gaps are filled from, in the order of their first use.
    pub(super) columns: Vec<Wanted>,
    /// Fields whose references are followed, each with the column that holds the uid of what it leads to.
    pub(super) followed: Vec<(&'static Field, usize)>,
    /// References of which the register's id is wanted, with the column of the uid: without it a record cannot be sent.
    pub(super) ids: Vec<(&'static Field, usize)>,
    pub(super) send: Vec<Piece>,
    pub(super) create: Vec<Piece>,
    pub(super) find: Vec<Piece>,
    pub(super) remove: Vec<Piece>,
    pub(super) body: Node,
}

/// A column that a gap is filled from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Field that is followed, if it is a column of what that refers to.
    pub(super) through: Option<&'static str>,
    /// Name of the column there.
    pub(super) name: String,
    pub(super) holds: Holds,
    /// Codes that stand for others.
    pub(super) codes: BTreeMap<String, String>,
}

impl Wanted {
    /// As it stands in a gap.
    pub(super) fn shown(&self) -> String {
        self.through.map_or_else(|| self.name.clone(), |field| format!("{field}.{}", self.name))
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    /// A JSON array of texts.
    List,
    Integer,
    Boolean,
}

/// Part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Gap(Source, Option<String>),
}

/// What fills a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Uid,
    IdempotencyKey,
    Sequence,
    RegisterId,
    /// Of the record that a field refers to: the entity, and the column of its uid.
    RegisterIdOf(&'static str, usize),
    Column(usize),
    Ordinal,
}

/// A value of the body.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// JSON as it stands.
    Literal(String),
    Text(Vec<Piece>),
    /// Names as they stand in JSON.
    Object(Vec<(String, Node)>),
    Array(Vec<Node>),
    /// A list of the record: its columns, and what an item is.
    Each(&'static Child, Vec<Wanted>, Box<Node>),
}

/// Names of gaps that are no columns.
const OWN: [&str; 4] = ["uid", "register_id", "idempotency_key", "sequence"];

impl Template {
    /// Entities whose records can be delivered: those that the registry merges. Requests and events belong to their
    /// source, and are about persons.
    pub fn entities() -> impl Iterator<Item = &'static Entity> {
        model::ENTITIES.iter().copied().filter(|entity| entity.kept == Kept::Merged && entity.name != "survey_response")
    }

    /// Makes a `[[record]]` ready. `ids`: entities of the target whose records have an id of the register's.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(settings: &RecordSettings, ids: &[&str], lists: &CodeLists) -> Result<Self, Vec<Fault>> {
        let Some(entity) = Self::entities().find(|entity| entity.name == settings.entity) else {
            let known = Self::entities().map(|entity| entity.name.to_owned()).collect();
            return Err(vec![fault(&["entity"], "entity", &settings.entity, known)]);
        };
        let mut maker = Maker {
            entity,
            settings,
            ids,
            within: None,
            columns: Vec::new(),
            followed: Vec::new(),
            wanted_ids: Vec::new(),
            faults: Vec::new(),
        };
        maker.check_when(lists);
        maker.check_codes(lists);
        let send = maker.path("send", &settings.send.path);
        let create = settings.create.as_ref().map_or(Vec::new(), |call| maker.path("create", &call.path));
        let find = settings.find.as_ref().map_or(Vec::new(), |find| maker.path("find", &find.path));
        let remove = settings.remove.as_ref().map_or(Vec::new(), |call| maker.path("remove", &call.path));
        let body = maker.node(&Value::Object(settings.body.clone()), &mut vec!["body".to_owned()]);
        maker.check_calls(&send, [&create, &find]);
        maker.check_remove(&remove);
        let Maker { columns, followed, wanted_ids, faults, .. } = maker;
        if !faults.is_empty() {
            return Err(faults);
        }
        let ids = wanted_ids;
        Ok(Self { settings: settings.clone(), entity, columns, followed, ids, send, create, find, remove, body })
    }

    /// Entities that it is filled from.
    pub fn reads(&self) -> impl Iterator<Item = &'static str> {
        let followed = self.followed.iter().filter_map(|(field, _)| field.refers.map(|(entity, _)| entity));
        std::iter::once(self.entity.name).chain(followed)
    }

    /// Path of the request that takes away a record of which nothing is known but these; none where it takes more.
    pub fn removal(&self, uid: &str, register_id: Option<&str>) -> Option<String> {
        self.settings.remove.as_ref()?;
        bare(&self.remove, uid, register_id)
    }

    /// Path by which the register is asked for a record of which nothing is known but its uid; none where it takes more.
    pub fn question(&self, uid: &str) -> Option<String> {
        self.settings.find.as_ref()?;
        bare(&self.find, uid, None)
    }

    /// Whether a member without a value is left out.
    pub(super) fn omits(&self) -> bool {
        self.settings.empty == Empty::Omit
    }
}

fn is_gap(piece: &Piece) -> bool {
    matches!(piece, Piece::Gap(..))
}

/// A path that takes nothing but these.
fn bare(pieces: &[Piece], uid: &str, register_id: Option<&str>) -> Option<String> {
    let known = |piece: &Piece| match piece {
        Piece::Text(_) | Piece::Gap(Source::Uid, _) => true,
        Piece::Gap(Source::RegisterId, _) => register_id.is_some(),
        Piece::Gap(..) => false,
    };
    let fill = Fill { key: "", sequence: 0, id: register_id, id_of: &|_, _| None };
    let row = Row { uid, at: 0, fillers: &[], fill, omits: true, lists: &[] };
    pieces.iter().all(known).then(|| row.path(pieces)).flatten()
}

fn fault(at: &[&str], reason: &'static str, value: &str, known: Vec<String>) -> Fault {
    Fault { at: at.iter().map(|step| (*step).to_owned()).collect(), reason, value: value.to_owned(), known }
}

/// Columns of fields and what they hold.
fn columns_of(fields: &'static [Field]) -> impl Iterator<Item = (String, Holds)> {
    fields.iter().flat_map(|field| {
        let holds = move |storage| match storage {
            Storage::Text if field.list => Holds::List,
            Storage::Text => Holds::Text,
            Storage::Integer => Holds::Integer,
            Storage::Boolean => Holds::Boolean,
        };
        field.storage().into_iter().map(move |(name, storage)| (name, holds(storage)))
    })
}

struct Maker<'s> {
    entity: &'static Entity,
    settings: &'s RecordSettings,
    ids: &'s [&'s str],
    /// The list whose item is looked at, and its columns.
    within: Option<(&'static Child, Vec<Wanted>)>,
    columns: Vec<Wanted>,
    followed: Vec<(&'static Field, usize)>,
    wanted_ids: Vec<(&'static Field, usize)>,
    faults: Vec<Fault>,
}

impl Maker<'_> {
    fn check_when(&mut self, lists: &CodeLists) {
        for (name, values) in &self.settings.when {
            let single = |field: &&Field| !field.list && field.kind != Kind::Duration;
            let Some(field) = self.entity.field(name).filter(single) else {
                let known = self.entity.fields.iter().filter(single).map(|field| field.name.to_owned()).collect();
                self.faults.push(fault(&["when", name], "when", name, known));
                continue;
            };
            let Some(list) = list_of(field, lists) else { continue };
            for (at, value) in values.iter().enumerate().filter(|(_, value)| list.get(value).is_none()) {
                let known = list.codes.iter().map(|code| code.code.clone()).collect();
                self.faults.push(fault(&["when", name, &at.to_string()], "code", value, known));
            }
        }
    }

    fn check_codes(&mut self, lists: &CodeLists) {
        for (name, codes) in &self.settings.codes {
            let coded = |field: &&Field| matches!(field.kind, Kind::CodeList(_));
            let Some(field) = self.entity.field(name).filter(coded) else {
                let known = self.entity.fields.iter().filter(coded).map(|field| field.name.to_owned()).collect();
                self.faults.push(fault(&["codes", name], "codes", name, known));
                continue;
            };
            let Some(list) = list_of(field, lists) else { continue };
            for code in codes.keys().filter(|code| list.get(code).is_none()) {
                let known = list.codes.iter().map(|code| code.code.clone()).collect();
                self.faults.push(fault(&["codes", name, code], "code", code, known));
            }
            let missing: Vec<String> = list
                .codes
                .iter()
                .filter(|code| !codes.contains_key(&code.code))
                .map(|code| code.code.clone())
                .collect();
            if !missing.is_empty() {
                self.faults.push(fault(&["codes", name], "codes-missing", &missing.join(", "), Vec::new()));
            }
        }
    }

    /// What no single part can tell.
    fn check_calls(&mut self, send: &[Piece], before: [&[Piece]; 2]) {
        let settings = self.settings;
        let has_id = |pieces: &[Piece]| pieces.iter().any(|piece| matches!(piece, Piece::Gap(Source::RegisterId, _)));
        if settings.body.is_empty() {
            self.faults.push(fault(&["body"], "body", "", Vec::new()));
        }
        for (name, call) in [("send", Some(&settings.send)), ("create", settings.create.as_ref())] {
            if call.is_some_and(|call| call.method == Method::Delete) {
                self.faults.push(fault(&[name, "method"], "method", "DELETE", Vec::new()));
            }
        }
        let writes_over = matches!(settings.send.method, Method::Put | Method::Patch);
        if writes_over && settings.batch.is_none() && !send.iter().any(is_gap) {
            self.faults.push(fault(&["send", "path"], "path-same", &settings.send.path, Vec::new()));
        }
        match (&settings.create, &settings.find) {
            (Some(_), None) => self.faults.push(fault(&["create"], "find", "", Vec::new())),
            (None, Some(_)) => self.faults.push(fault(&["find"], "find-alone", "", Vec::new())),
            _ => {}
        }
        if settings.create.is_none() && settings.id.is_some() && has_id(send) {
            self.faults.push(fault(&["send", "path"], "no-create", "register_id", Vec::new()));
        }
        for (name, pieces) in ["create", "find"].into_iter().zip(before) {
            if settings.id.is_some() && has_id(pieces) {
                self.faults.push(fault(&[name, "path"], "no-id", "register_id", Vec::new()));
            }
        }
        if settings.create.is_some() && settings.id.is_none() {
            self.faults.push(fault(&["create"], "id", "", Vec::new()));
        }
        for (at, pointer) in
            [(&["id"][..], settings.id.as_ref()), (&["find", "id"], settings.find.as_ref().map(|find| &find.id))]
        {
            if let Some(pointer) = pointer.filter(|pointer| !pointer.starts_with('/')) {
                self.faults.push(fault(at, "pointer", pointer, Vec::new()));
            }
        }
        if let Some(batch) = &settings.batch {
            if settings.create.is_some() {
                self.faults.push(fault(&["batch"], "batch-create", "", Vec::new()));
            }
            if send.iter().any(is_gap) {
                self.faults.push(fault(&["send", "path"], "batch-path", &settings.send.path, Vec::new()));
            }
            if settings.id.is_some() {
                self.faults.push(fault(&["id"], "batch-id", "", Vec::new()));
            }
            let pointers = batch.results.iter().flat_map(|results| {
                let at = Some(("at", &results.at)).filter(|(_, at)| !at.is_empty());
                let uid = results.uid.as_ref().map(|uid| ("uid", uid));
                let message = results.message.as_ref().map(|message| ("message", message));
                at.into_iter().chain([("status", &results.status)]).chain(uid).chain(message)
            });
            for (name, pointer) in pointers.filter(|(_, pointer)| !pointer.starts_with('/')) {
                self.faults.push(fault(&["batch", "results", name], "pointer", pointer, Vec::new()));
            }
        }
    }

    /// The address that takes a record away says which record, and nothing else.
    fn check_remove(&mut self, remove: &[Piece]) {
        if self.settings.remove.is_some() && !remove.iter().any(is_gap) {
            self.faults.push(fault(&["remove", "path"], "path-same", "", Vec::new()));
        }
        for piece in remove {
            let name = match piece {
                Piece::Gap(Source::Sequence, _) => "sequence",
                Piece::Gap(Source::IdempotencyKey, _) => "idempotency_key",
                _ => continue,
            };
            self.faults.push(fault(&["remove", "path"], "remove-gap", name, Vec::new()));
        }
    }

    fn path(&mut self, call: &str, text: &str) -> Vec<Piece> {
        if text.trim().is_empty() {
            self.faults.push(fault(&[call, "path"], "path", "", Vec::new()));
        }
        let pieces = self.pieces(text, &[call.to_owned(), "path".to_owned()]);
        let plain = |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains(['{', '}']));
        if pieces.iter().any(plain) {
            self.faults.push(fault(&[call, "path"], "path-brace", text, Vec::new()));
        }
        // Joined to the server's address it would lead out of it.
        if text.starts_with('/') || text.contains("://") {
            self.faults.push(fault(&[call, "path"], "path-begins", text, Vec::new()));
        }
        pieces
    }

    fn pieces(&mut self, text: &str, at: &[String]) -> Vec<Piece> {
        let parts = gaps::parse(text).into_iter();
        let pieces = parts.filter_map(|part| match part {
            Part::Text(text) => Some(Piece::Text(text)),
            Part::Gap { name, otherwise } => {
                let found = self.source(&name);
                match &found {
                    None => self.unknown_gap(&name, at),
                    Some(Source::RegisterIdOf(_, column)) if otherwise.is_none() => self.want_id(*column),
                    // Without this the register gives out no ids.
                    Some(Source::RegisterId) if self.settings.id.is_none() => {
                        self.faults.push(Fault { at: at.to_vec(), reason: "no-id", value: name, known: Vec::new() });
                    }
                    Some(_) => {}
                }
                Some(Piece::Gap(found?, otherwise))
            }
        });
        pieces.collect()
    }

    /// What fills a gap of that name.
    fn source(&mut self, name: &str) -> Option<Source> {
        if let Some((child, columns)) = &mut self.within {
            if name == "ordinal" {
                return Some(Source::Ordinal);
            }
            let (name, holds) = columns_of(child.fields).find(|(known, _)| known == name)?;
            let wanted = Wanted { through: None, name, holds, codes: BTreeMap::new() };
            return Some(Source::Column(place_of(columns, wanted)));
        }
        match name {
            "uid" => return Some(Source::Uid),
            "register_id" => return Some(Source::RegisterId),
            "idempotency_key" => return Some(Source::IdempotencyKey),
            "sequence" => return Some(Source::Sequence),
            _ => {}
        }
        if let Some((field, column)) = name.split_once('.') {
            let field = self.entity.field(field).filter(|field| !field.list)?;
            let to = model::entity(field.refers?.0)?;
            let uid = self.follow(field);
            return match column {
                "uid" => Some(Source::Column(uid)),
                "register_id" => self.ids.contains(&to.name).then_some(Source::RegisterIdOf(to.name, uid)),
                _ => {
                    let (name, holds) = columns_of(to.fields).find(|(known, _)| known == column)?;
                    Some(Source::Column(self.column(Some(field.name), name, holds)))
                }
            };
        }
        let (name, holds) = columns_of(self.entity.fields).find(|(known, _)| known == name)?;
        if let Some(field) = self.entity.field(&name).filter(|field| field.refers.is_some() && !field.list) {
            self.follow(field);
        }
        Some(Source::Column(self.column(None, name, holds)))
    }

    fn want_id(&mut self, column: usize) {
        let field = self.followed.iter().find(|(_, uid)| *uid == column).map(|(field, _)| *field);
        if let Some(field) = field.filter(|field| !self.ids_wanted(field)) {
            self.wanted_ids.push((field, column));
        }
    }

    fn ids_wanted(&self, field: &Field) -> bool {
        self.wanted_ids.iter().any(|(known, _)| known.name == field.name)
    }

    /// The column of the uid that a reference leads to.
    fn follow(&mut self, field: &'static Field) -> usize {
        let uid = self.column(Some(field.name), "uid".to_owned(), Holds::Text);
        if !self.followed.iter().any(|(known, _)| known.name == field.name) {
            self.followed.push((field, uid));
        }
        uid
    }

    fn column(&mut self, through: Option<&'static str>, name: String, holds: Holds) -> usize {
        let codes = self.settings.codes.get(&name).filter(|_| through.is_none()).cloned().unwrap_or_default();
        place_of(&mut self.columns, Wanted { through, name, holds, codes })
    }

    fn node(&mut self, value: &Value, at: &mut Vec<String>) -> Node {
        match value {
            Value::String(text) => {
                let at = at.clone();
                Node::Text(self.pieces(text, &at))
            }
            Value::Object(members) if members.contains_key("each") => self.each(members, at),
            Value::Object(members) => Node::Object(
                members
                    .iter()
                    .map(|(name, value)| (Value::from(name.as_str()).to_string(), self.below(name, value, at)))
                    .collect(),
            ),
            Value::Array(items) => {
                Node::Array(items.iter().enumerate().map(|(n, item)| self.below(&n.to_string(), item, at)).collect())
            }
            other => Node::Literal(other.to_string()),
        }
    }

    fn below(&mut self, step: &str, value: &Value, at: &mut Vec<String>) -> Node {
        at.push(step.to_owned());
        let node = self.node(value, at);
        at.pop();
        node
    }

    fn each(&mut self, members: &serde_json::Map<String, Value>, at: &mut Vec<String>) -> Node {
        let nothing = Node::Array(Vec::new());
        let steps = |at: &[String], step: &str| [at, &[step.to_owned()]].concat();
        if let Some(other) = members.keys().find(|name| !matches!(name.as_str(), "each" | "item")) {
            let known = vec!["each".to_owned(), "item".to_owned()];
            self.faults.push(Fault { at: steps(at, other), reason: "each-member", value: other.clone(), known });
            return nothing;
        }
        let name = members.get("each").and_then(Value::as_str).unwrap_or_default();
        let Some(child) = self.entity.child(name).filter(|_| self.within.is_none()) else {
            let known = self.entity.children.iter().map(|child| child.name.to_owned()).collect();
            self.faults.push(Fault { at: steps(at, "each"), reason: "each", value: name.to_owned(), known });
            return nothing;
        };
        let Some(item) = members.get("item") else {
            self.faults.push(Fault { at: at.clone(), reason: "each-item", value: name.to_owned(), known: Vec::new() });
            return nothing;
        };
        self.within = Some((child, Vec::new()));
        let node = self.below("item", item, at);
        let columns = self.within.take().map(|(_, columns)| columns).unwrap_or_default();
        Node::Each(child, columns, Box::new(node))
    }

    fn unknown_gap(&mut self, name: &str, at: &[String]) {
        let within = self.within.as_ref().map(|(child, _)| child.fields);
        let own: &[&str] = if within.is_some() { &["ordinal"] } else { &OWN };
        let columns = columns_of(within.unwrap_or(self.entity.fields)).map(|(name, _)| name);
        let known: Vec<String> = own.iter().map(|name| (*name).to_owned()).chain(columns).collect();
        let reason = if name.ends_with(".register_id") { "no-id" } else { "gap" };
        self.faults.push(Fault { at: at.to_vec(), reason, value: name.to_owned(), known });
    }
}

/// Place of a column among those that are wanted.
fn place_of(columns: &mut Vec<Wanted>, wanted: Wanted) -> usize {
    columns.iter().position(|known| *known == wanted).unwrap_or_else(|| {
        columns.push(wanted);
        columns.len() - 1
    })
}

fn list_of<'l>(field: &Field, lists: &'l CodeLists) -> Option<&'l crate::codelist::CodeList> {
    match field.kind {
        Kind::CodeList(list) => lists.get(list),
        _ => None,
    }
}
