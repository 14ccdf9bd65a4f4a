//! Which entity the rows of a table are, and which column each of its fields is read from.

use super::assign::{Candidate, formats, proposal, within};
use super::codes::CodeProposal;
use super::fit::{Fit, fit};
use super::profile::{Looks, Profile};
use super::settings::OnboardSettings;
use super::words::{Vocabulary, match_phrase};
use crate::codelist::CodeLists;
use crate::mapping::FieldRule;
use crate::model::{Child, ENTITIES, Entity, Field, Kind, Presence};

/// Rows are an entity from this sum on.
const RECOGNISED: f64 = 1.2;

/// A table as it was found.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// What it is called: names of file, sheet, table, path of its records.
    pub name: &'a str,
    /// Path of the elements that are rows of their own, where it is a list within records.
    pub explode: Option<&'a str>,
    /// Its columns.
    pub columns: &'a [Profile],
}

/// Why a column is proposed for a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// The header says so: the phrase that it says.
    Header(String),
    /// Its values look so: what like, and the share that do.
    Looks(Looks, f64),
    /// A code list knows the share of its values.
    Codes(&'static str, f64),
    /// Nobody said anything else.
    Assumed,
    /// A person said so.
    Chosen,
}

/// A field and what it would be read from.
#[derive(Debug, Clone)]
pub struct FieldProposal {
    /// The field.
    pub field: &'static Field,
    /// Its name in `[table.fields]`: `parent.code` for a field of the parent.
    pub name: String,
    /// The column; none for a constant.
    pub column: Option<String>,
    /// How its value is made.
    pub rule: FieldRule,
    /// How sure that is, 0 to 1.
    pub confidence: f64,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Spellings that the field's code list does not know.
    pub codes: Vec<CodeProposal>,
    /// Whether the unit of a duration was assumed.
    pub unit_assumed: bool,
}

/// A list of structures made of columns of the row itself.
#[derive(Debug, Clone)]
pub struct ChildProposal {
    /// The list.
    pub child: &'static Child,
    /// Its fields; the first is the one that an item cannot do without.
    pub fields: Vec<FieldProposal>,
    /// Texts that mean that there is none ("bez maksas").
    pub empty: Vec<String>,
}

/// A column of times at which requests came into a state.
#[derive(Debug, Clone, PartialEq)]
pub struct EventProposal {
    /// The column.
    pub column: String,
    /// The state.
    pub state: String,
    /// How sure that is, 0 to 1.
    pub confidence: f64,
    /// Formats of the times, where no form that is understood undeclared fits.
    pub formats: Vec<String>,
}

/// What the rows of a table would become.
#[derive(Debug, Clone)]
pub struct TableProposal {
    /// The entity.
    pub entity: &'static Entity,
    /// The list of the entity, when the rows are items of one.
    pub child: Option<&'static Child>,
    /// How sure that is, 0 to 1.
    pub confidence: f64,
    /// Its fields, in the order of the model.
    pub fields: Vec<FieldProposal>,
    /// Lists made of columns.
    pub children: Vec<ChildProposal>,
    /// Columns of times that become events (requests).
    pub events: Vec<EventProposal>,
    /// Whether a record stands in several rows.
    pub repeats: bool,
    /// Required fields that nothing was found for.
    pub missing: Vec<&'static Field>,
    /// Due fields that nothing was found for.
    pub due: Vec<&'static Field>,
    /// Columns about persons that no field takes.
    pub personal: Vec<String>,
    /// Columns that nothing was found for.
    pub left: Vec<String>,
}

/// Why a table is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// It has no rows.
    Empty,
    /// Nothing of the registry's model was recognised in it.
    Unknown,
}

/// Proposes mappings.
#[derive(Debug)]
pub struct Proposer<'a> {
    pub(super) settings: &'a OnboardSettings,
    pub(super) codelists: &'a CodeLists,
    pub(super) vocabulary: Vocabulary,
    /// Registration number of the institution that the register is of, where it is known.
    institution: Option<&'a str>,
}

/// Fields that an installation gives a value to where no column does: the institution that the register is of.
pub fn given_by_installation(field: &Field) -> bool {
    matches!(field.name, "owner_reg_no" | "institution_reg_no") && field.presence == Presence::Required
}

impl<'a> Proposer<'a> {
    /// Makes the words ready.
    pub fn new(settings: &'a OnboardSettings, codelists: &'a CodeLists, institution: Option<&'a str>) -> Self {
        let mut vocabulary = Vocabulary::default();
        for phrase in
            settings.entities.values().chain(settings.fields.values()).chain(settings.states.values()).flatten()
        {
            vocabulary.add(phrase);
        }
        settings.personal.headers.iter().for_each(|phrase| vocabulary.add(phrase));
        for entity in ENTITIES {
            let children = entity.children.iter().flat_map(|child| child.fields);
            for field in entity.fields.iter().chain(children) {
                vocabulary.add(field.label_lv);
                vocabulary.add(field.label_en);
            }
        }
        Self { settings, codelists, vocabulary, institution }
    }

    /// What a table would become: the entity of which most was recognised.
    ///
    /// # Errors
    /// Why it is left out.
    pub fn table(&self, found: Found<'_>) -> Result<TableProposal, LeftOut> {
        if found.columns.iter().all(|column| column.filled == 0) {
            return Err(LeftOut::Empty);
        }
        let entities = ENTITIES.iter().filter(|entity| {
            !entity.link
                && entity.name != "survey_response"
                && (found.explode.is_none() || entity.name == "status_event")
        });
        let scored = entities.map(|entity| self.of_entity(entity, found));
        let best = scored.max_by(|a, b| a.0.total_cmp(&b.0));
        best.filter(|(sum, _)| *sum >= RECOGNISED).map(|(_, proposal)| proposal).ok_or(LeftOut::Unknown)
    }

    /// What the items of a list within records of an entity would become.
    ///
    /// # Errors
    /// Why it is left out.
    pub fn items(&self, parent: &TableProposal, found: Found<'_>) -> Result<TableProposal, LeftOut> {
        let scored = parent.entity.children.iter().filter_map(|child| self.of_child(parent, child, found));
        let best = scored.max_by(|a, b| a.0.total_cmp(&b.0));
        best.filter(|(sum, _)| *sum >= 1.0).map(|(_, proposal)| proposal).ok_or(LeftOut::Unknown)
    }

    /// What a person's choice of a column for a field makes of it: units, formats and codes are found as for any other.
    /// None: the field can never be made of the column.
    pub fn choose(&self, table: &TableProposal, field: &'static Field, profile: &Profile) -> Option<FieldProposal> {
        if !self.may_take(table.entity.name, field, profile) {
            return None;
        }
        let fit = fit(self.settings, self.codelists, field, profile, false);
        let fit = fit.unwrap_or(Fit { score: 0.0, sure: false, looks: None, codes: None });
        let chosen = proposal(field, profile, Candidate { field: 0, column: 0, score: 1.0, phrase: None, fit });
        Some(FieldProposal { reasons: vec![Reason::Chosen], unit_assumed: false, ..chosen })
    }

    fn of_entity(&self, entity: &'static Entity, found: Found<'_>) -> (f64, TableProposal) {
        let fields: Vec<&'static Field> = entity.fields.iter().collect();
        let (mut fields, mut taken) = self.assign(entity.name, entity.name, &fields, found);
        let hinted = self.hint(entity, found);
        let children = if found.explode.is_none() { self.children(entity, found, &mut taken) } else { Vec::new() };
        self.assume(entity, &mut fields);
        let has = |name: &str| fields.iter().any(|field| field.name == name);
        let missing: Vec<&'static Field> = entity
            .fields
            .iter()
            .filter(|field| field.presence == Presence::Required && !has(field.name))
            .filter(|field| !(given_by_installation(field) && self.institution.is_some()))
            .collect();
        let due = entity.fields.iter().filter(|field| field.presence == Presence::Due && !has(field.name)).collect();
        let requests = matches!(entity.name, "service_request" | "status_event");
        let events = if entity.name == "service_request" { self.events(found) } else { Vec::new() };
        let mut sum: f64 = hinted;
        for field in fields.iter().filter(|field| field.column.is_some()) {
            sum += field.confidence * if field.field.presence == Presence::Required { 1.5 } else { 1.0 };
        }
        sum += children.iter().flat_map(|child| &child.fields).map(|field| field.confidence * 0.8).sum::<f64>();
        sum += events.iter().map(|event| event.confidence * 0.3).sum::<f64>();
        // A code that is the same for the whole register is often not in it.
        let weight = |field: &&&'static Field| match field.kind {
            _ if given_by_installation(field) => 0.0,
            Kind::CodeList(_) => 0.4,
            _ => 1.5,
        };
        sum -= missing.iter().map(|field| weight(&field)).sum::<f64>();
        // Without a name of its own no row is a record.
        let lacks = |field: &Field| !given_by_installation(field) && !matches!(field.kind, Kind::CodeList(_));
        let key = entity.default_key().iter().filter(|part| entity.field(part).is_some_and(lacks) && !has(part));
        sum -= key.count() as f64;
        let confidence = (sum / (sum + 3.0)).clamp(0.0, 0.99);
        let event_columns: Vec<&str> = events.iter().map(|event| event.column.as_str()).collect();
        let free: Vec<&Profile> = found
            .columns
            .iter()
            .enumerate()
            .filter(|(at, column)| !taken.contains(at) && !event_columns.contains(&column.name.as_str()))
            .filter(|(_, column)| within(found, column))
            .map(|(_, column)| column)
            .collect();
        let (personal, left): (Vec<&Profile>, Vec<&Profile>) =
            free.into_iter().partition(|column| self.is_personal(column, requests));
        let names = |columns: Vec<&Profile>| columns.into_iter().map(|column| column.name.clone()).collect();
        let repeats = entity.name == "service_request"
            && fields.iter().any(|field| field.name == "request_no" && Self::repeats(field, found));
        let proposal = TableProposal {
            entity,
            child: None,
            confidence,
            fields,
            children,
            events,
            repeats,
            missing,
            due,
            personal: names(personal),
            left: names(left),
        };
        (sum, proposal)
    }

    fn of_child(
        &self,
        parent: &TableProposal,
        child: &'static Child,
        found: Found<'_>,
    ) -> Option<(f64, TableProposal)> {
        let inside: Vec<Profile> = found.columns.iter().filter(|column| within(found, column)).cloned().collect();
        let fields: Vec<&'static Field> = child.fields.iter().collect();
        let prefix = format!("{}.{}", parent.entity.name, child.name);
        let (mut fields, taken) = self.assign(&prefix, child.name, &fields, Found { columns: &inside, ..found });
        let required: Vec<&'static Field> = child.fields.iter().filter(|f| f.presence == Presence::Required).collect();
        if required.iter().any(|field| !fields.iter().any(|one| one.name == field.name)) {
            return None;
        }
        let path = found.explode.unwrap_or_default();
        let header = self.vocabulary.words(path);
        let known = self.settings.entities.get(&prefix).into_iter().flatten().map(String::as_str);
        let named = [child.label_lv, child.label_en, child.name].into_iter().chain(known);
        let named = named.map(|label| match_phrase(&header, &self.vocabulary.words(label), &[])).fold(0.0, f64::max);
        let sum = fields.iter().map(|field| field.confidence).sum::<f64>() / fields.len().max(1) as f64 + named;
        let left = inside.iter().enumerate().filter(|(at, _)| !taken.contains(at)).map(|(_, one)| one.name.clone());
        let left = left.collect();
        for part in parent.entity.default_key() {
            let of_parent = parent.fields.iter().find(|field| field.name == *part)?;
            fields.push(FieldProposal { name: format!("parent.{part}"), ..of_parent.clone() });
        }
        let proposal = TableProposal {
            entity: parent.entity,
            child: Some(child),
            confidence: (sum / 2.0).clamp(0.0, 0.99),
            fields,
            children: Vec::new(),
            events: Vec::new(),
            repeats: false,
            missing: Vec::new(),
            due: Vec::new(),
            personal: Vec::new(),
            left,
        };
        Some((sum, proposal))
    }

    /// Whether the name of the table says that its rows are of the entity.
    fn hint(&self, entity: &Entity, found: Found<'_>) -> f64 {
        let header = self.vocabulary.words(found.name);
        let phrases = self.settings.entities.get(entity.name).into_iter().flatten();
        let said = phrases.map(|phrase| {
            let phrase = self.vocabulary.words(phrase);
            let sorts = match_phrase(&header, &phrase, &header);
            sorts * phrase.len() as f64
        });
        let of_name = said.fold(0.0, f64::max).min(2.0) * 0.6;
        // Headers name it too: `Pakalpojuma Nr.`, `pakalpojumaNumurs`.
        let words: Vec<Vec<String>> =
            phrases_of(self.settings, entity).map(|phrase| self.vocabulary.words(phrase)).collect();
        let named = found.columns.iter().filter(|column| {
            let header = self.vocabulary.words(&column.name);
            words
                .iter()
                .any(|phrase| phrase.len() == 1 && phrase[0].len() > 3 && match_phrase(&header, phrase, &header) >= 0.9)
        });
        of_name + 0.25 * (named.count().min(2) as f64)
    }

    /// Lists that columns of the row itself make.
    fn children(&self, entity: &'static Entity, found: Found<'_>, taken: &mut Vec<usize>) -> Vec<ChildProposal> {
        let mut children = Vec::new();
        for child in entity.children {
            let free: Vec<usize> = (0..found.columns.len()).filter(|at| !taken.contains(at)).collect();
            let columns: Vec<Profile> = free.iter().map(|at| found.columns[*at].clone()).collect();
            let fields: Vec<&'static Field> = child.fields.iter().collect();
            let prefix = format!("{}.{}", entity.name, child.name);
            let (mut fields, used) = self.assign(&prefix, child.name, &fields, Found { columns: &columns, ..found });
            let Some(main) = fields.iter().position(|field| field.field.presence == Presence::Required) else {
                continue;
            };
            // What refines an item must say so itself: `Piezīmes` beside a fee is a note on the service.
            fields.swap(0, main);
            let main = fields[0].clone();
            let beside = main.column.clone().unwrap_or_default();
            fields
                .retain(|one| one.name == main.name || one.column.as_ref().is_some_and(|own| own.starts_with(&beside)));
            taken.extend(
                used.iter()
                    .filter(|at| {
                        fields.iter().any(|field| field.column.as_deref() == Some(columns[**at].name.as_str()))
                    })
                    .map(|at| free[*at]),
            );
            let profile = columns.iter().find(|column| Some(&column.name) == main.column.as_ref());
            let empty = profile.filter(|_| main.field.kind == Kind::Decimal).map(no_numbers).unwrap_or_default();
            children.push(ChildProposal { child, fields, empty });
        }
        children
    }

    /// Columns of times whose headers name a state.
    fn events(&self, found: Found<'_>) -> Vec<EventProposal> {
        let mut events: Vec<EventProposal> = Vec::new();
        for profile in found.columns {
            let times =
                [Looks::Date, Looks::Moment, Looks::Epoch].map(|looks| profile.share(looks)).iter().sum::<f64>();
            if times < 0.6 {
                continue;
            }
            let mut best = (0.0, "");
            for (state, phrases) in &self.settings.states {
                let (said, _) = self.said(&profile.name, phrases, &[]);
                if said > best.0 {
                    best = (said, state);
                }
            }
            if best.0 >= 0.7 && !events.iter().any(|event| event.state == best.1) {
                events.push(EventProposal {
                    column: profile.name.clone(),
                    state: best.1.to_owned(),
                    confidence: 0.2f64.mul_add(times.min(1.0), 0.8 * best.0),
                    formats: formats(profile),
                });
            }
        }
        // One time alone is when a request came in; that is a field of the request.
        if events.len() > 1 { events } else { Vec::new() }
    }

    /// Values that hold where nobody says anything else.
    fn assume(&self, entity: &Entity, fields: &mut Vec<FieldProposal>) {
        let assumed: &[(&str, &str)] = match entity.name {
            "service_request" => &[("kind", "pakalpojuma pieprasījums")],
            "status_event" => &[("derivation", "source_log")],
            _ => &[],
        };
        for field in entity.fields {
            if fields.iter().any(|one| one.name == field.name) {
                continue;
            }
            let constant = assumed.iter().find(|(name, _)| *name == field.name).map(|(_, value)| (*value).to_owned());
            let institution = self.institution.filter(|_| given_by_installation(field)).map(str::to_owned);
            let Some(value) = constant.or(institution) else { continue };
            fields.push(FieldProposal {
                field,
                name: field.name.to_owned(),
                column: None,
                rule: FieldRule { value: Some(value), ..FieldRule::default() },
                confidence: 0.5,
                reasons: vec![Reason::Assumed],
                codes: Vec::new(),
                unit_assumed: false,
            });
        }
        fields.sort_by_key(|one| entity.fields.iter().position(|field| field.name == one.name));
    }

    fn repeats(field: &FieldProposal, found: Found<'_>) -> bool {
        let profile = found.columns.iter().find(|column| Some(&column.name) == field.column.as_ref());
        profile.is_some_and(|profile| profile.unique() < 0.9)
    }
}

fn phrases_of<'s>(settings: &'s OnboardSettings, entity: &Entity) -> impl Iterator<Item = &'s String> {
    settings.entities.get(entity.name).into_iter().flatten()
}

/// Texts of a column of numbers that are none and that several rows have: "bez maksas".
fn no_numbers(profile: &Profile) -> Vec<String> {
    let texts = profile.values.iter().filter(|(text, _)| crate::normalise::value::decimal(text).is_none());
    texts.take(5).map(|(text, _)| text.clone()).collect()
}
