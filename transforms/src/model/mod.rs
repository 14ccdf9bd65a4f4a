//! The registry model, once: entities, their fields, children and keys.
//!
//! From these descriptions come the registry's tables, the mapping targets, the checks of type and presence,
//! the JSON schema, the completeness groups and the CPSV-AP terms. A field is added in `entities.rs`, nowhere else.

mod entities;

pub use entities::ENTITIES;

/// What a field holds; decides how its text is read, checked and stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Free text; personal codes in it are masked.
    Text,
    /// A code, number or identifier kept letter for letter (leading zeros too).
    Code,
    /// A code of the named list in `config/codelists`.
    CodeList(&'static str),
    /// Registration number: 11 digits with a check digit.
    RegNo,
    /// Territory code: 7 digits.
    Atvk,
    /// Calendar date, stored `YYYY-MM-DD`.
    Date,
    /// Moment, stored in UTC as `YYYY-MM-DDTHH:MM:SSZ`.
    Timestamp,
    /// Moment of which it is kept how exactly it was written: like a [`Kind::Timestamp`], and a column `…_precision`
    /// (`day`, `minute`, `second`). It cannot lie after the day that the run is about.
    Moment,
    /// Decimal number, stored as canonical text (`66.21`).
    Decimal,
    /// Whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// Value and unit (min, h, d, working d, month), stored as two columns `…_value`, `…_unit`.
    Duration,
    /// Web address.
    Url,
    /// E-mail address.
    Email,
    /// Keyed hash of a person's identifier; the only field a `pseudonymise` column may feed beside texts.
    Pseudonym,
}

/// Whether a record can do without the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// `*`: the record cannot exist without it; missing = quarantined.
    Required,
    /// `+`: due by rule or good practice; missing = a finding, the record counts as incomplete.
    Due,
    /// May be missing.
    Optional,
}

/// The eight description groups of a service (S3, PU2-7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// 1 Identifikācija.
    Identification,
    /// 2 Klasifikācija.
    Classification,
    /// 3 Sniegšanas pamatojums.
    LegalBasis,
    /// 4 Atbildīgie.
    Responsible,
    /// 5 Pieprasīšanas un saņemšanas nosacījumi un process.
    Process,
    /// 6 Saistītie pakalpojumi un resursi.
    Related,
    /// 7 Galvenie darbības rādītāji.
    Performance,
    /// 8 Informācija saņēmējiem un iesaistītajiem.
    Information,
}

/// How a value is stored in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Text.
    Text,
    /// 64-bit whole number.
    Integer,
    /// True or false.
    Boolean,
}

/// A field of an entity or of a child structure.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Name, as in the registry's tables and in a source's `[table.fields]`.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it is a list (stored as a JSON array of texts, in the order delivered).
    pub list: bool,
    /// Required, due or optional.
    pub presence: Presence,
    /// Latvian label.
    pub label_lv: &'static str,
    /// English label.
    pub label_en: &'static str,
    /// Description group (services).
    pub group: Option<Group>,
    /// Property that the field is published as: a term of CPSV-AP, of a vocabulary it uses, or of ours (`vk:`), with the
    /// prefixes of [`crate::publish::rdf::PREFIXES`]; `a/b`: property `b` of a node of its own that `a` leads to. Empty:
    /// not published.
    pub term: &'static str,
    /// Entity and field this one refers to.
    pub refers: Option<(&'static str, &'static str)>,
    /// Whether a record whose reference leads nowhere is quarantined (model.md, "Rules of counting").
    pub binding: bool,
}

impl Field {
    /// Columns of the registry that hold the field.
    pub fn storage(&self) -> Vec<(String, Storage)> {
        if self.list {
            return vec![(self.name.to_owned(), Storage::Text)];
        }
        match self.kind {
            Kind::Duration => {
                vec![(format!("{}_value", self.name), Storage::Text), (format!("{}_unit", self.name), Storage::Text)]
            }
            Kind::Moment => {
                vec![(self.name.to_owned(), Storage::Text), (format!("{}_precision", self.name), Storage::Text)]
            }
            Kind::Integer => vec![(self.name.to_owned(), Storage::Integer)],
            Kind::Boolean => vec![(self.name.to_owned(), Storage::Boolean)],
            _ => vec![(self.name.to_owned(), Storage::Text)],
        }
    }

    /// Whether the source layer keeps the text the value was made from (column `<name>_raw`) where it differs.
    pub const fn keeps_raw(&self) -> bool {
        self.list
            || !matches!(
                self.kind,
                Kind::Text | Kind::Code | Kind::RegNo | Kind::Atvk | Kind::Url | Kind::Email | Kind::Pseudonym
            )
    }
}

/// A list of structures below an entity (steps, fees): a child table keyed by parent and ordinal.
#[derive(Debug, Clone, Copy)]
pub struct Child {
    /// Name; the table is `<entity>_<name>`.
    pub name: &'static str,
    /// Latvian label.
    pub label_lv: &'static str,
    /// English label.
    pub label_en: &'static str,
    /// Whether the parent is incomplete without any.
    pub presence: Presence,
    /// Description group (services).
    pub group: Option<Group>,
    /// Property that leads to each item where the list is published; empty: it is not.
    pub term: &'static str,
    /// Fields of the structure.
    pub fields: &'static [Field],
}

/// Where the records of an entity are kept, and what makes two of them one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// In the registry, merged over the sources by natural key.
    Merged,
    /// In the registry; the source is part of the key, since numbers are given out by each source's system (model.md).
    PerSource,
    /// In the event lake; nothing is ever retired (architecture.md).
    Lake,
}

/// An entity of the registry.
#[derive(Debug, Clone, Copy)]
pub struct Entity {
    /// Name, also of its table.
    pub name: &'static str,
    /// Latvian label.
    pub label_lv: &'static str,
    /// English label.
    pub label_en: &'static str,
    /// Class of CPSV-AP; empty where ours.
    pub class: &'static str,
    /// Natural keys, the surest first; the last one consists of required fields and is the default source key.
    pub keys: &'static [&'static [&'static str]],
    /// Fields in the order people see them.
    pub fields: &'static [Field],
    /// Lists of structures.
    pub children: &'static [Child],
    /// Whether each record is a link between two others: an end that does not exist quarantines it.
    pub link: bool,
    /// Where its records are kept.
    pub kept: Kept,
}

impl Entity {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The child of that name.
    pub fn child(&self, name: &str) -> Option<&'static Child> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The field that names the institution which can act on a record: its own number for an institution, else the first
    /// one that the record names.
    pub fn owner_field(&self) -> Option<&'static str> {
        let institution = ("institution", "reg_no");
        if self.name == institution.0 {
            return Some(institution.1);
        }
        self.fields.iter().find(|field| !field.list && field.refers == Some(institution)).map(|field| field.name)
    }

    /// A service's code is unique only within its owner: the field of this entity that completes such a reference, and its
    /// counterpart in the service.
    pub fn owner_beside(&self, field: &Field) -> Option<(&'static str, &'static str)> {
        if field.refers != Some(("service", "code")) {
            return None;
        }
        let prefix = field.name.strip_suffix("service_code").or_else(|| field.name.strip_suffix("code"))?;
        let own = format!("{prefix}owner_reg_no");
        self.field(&own).map(|own| (own.name, "owner_reg_no"))
    }

    /// Fields that identify a record within its source unless the source says otherwise.
    pub fn default_key(&self) -> &'static [&'static str] {
        self.keys.last().copied().unwrap_or_default()
    }
}

/// Entities that the registry has tables of, in the order of [`ENTITIES`].
pub fn registered() -> impl Iterator<Item = &'static Entity> {
    ENTITIES.iter().copied().filter(|entity| entity.kept != Kept::Lake)
}

/// Codes of `service.lifecycle` or, where it is empty, `service.phase` that say that a service has ended (S3, the sixth
/// phase: *likvidēšana*).
pub const ENDED: &[&str] = &["likvidēts", "likvidēšana"];

/// The same for a service that is merely planned: nothing can be asked of it that providing it needs.
pub const PLANNED: &[&str] = &["plānots", "plānošana"];

/// The entity of that name.
pub fn entity(name: &str) -> Option<&'static Entity> {
    ENTITIES.iter().copied().find(|entity| entity.name == name)
}

/// Entity and child of a target such as `service` or `service.steps`.
pub fn target(name: &str) -> Option<(&'static Entity, Option<&'static Child>)> {
    match name.split_once('.') {
        None => entity(name).map(|entity| (entity, None)),
        Some((parent, child)) => {
            let entity = entity(parent)?;
            entity.child(child).map(|child| (entity, Some(child)))
        }
    }
}

/// Position of an entity in [`ENTITIES`]: what is referred to stands before what refers to it.
pub fn rank(entity: &Entity) -> usize {
    ENTITIES.iter().position(|other| other.name == entity.name).unwrap_or(ENTITIES.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn model_is_sound() {
        let mut names = HashSet::new();
        for entity in ENTITIES {
            assert!(names.insert(entity.name), "{} twice", entity.name);
            assert!(!entity.keys.is_empty(), "{} has no key", entity.name);
            for key in entity.keys {
                for part in *key {
                    assert!(entity.field(part).is_some(), "{}: key field {part}", entity.name);
                }
            }
            for part in entity.default_key() {
                let field = entity.field(part).unwrap();
                assert_eq!(field.presence, Presence::Required, "{}.{part}", entity.name);
            }
            let fields = entity.fields.iter().chain(entity.children.iter().flat_map(|child| child.fields));
            for field in fields {
                assert!(!field.label_lv.is_empty() && !field.label_en.is_empty(), "{}.{}", entity.name, field.name);
                if let Some((target, target_field)) = field.refers {
                    let target = super::entity(target).unwrap_or_else(|| panic!("{}.{}", entity.name, field.name));
                    assert!(target.field(target_field).is_some(), "{}.{}", entity.name, field.name);
                    assert!(rank(target) <= rank(entity), "{} refers ahead", entity.name);
                }
            }
            let mut columns = HashSet::new();
            for (column, _) in entity.fields.iter().flat_map(Field::storage) {
                assert!(columns.insert(column.clone()), "{}.{column} twice", entity.name);
            }
        }
    }
}
