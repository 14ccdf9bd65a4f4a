//! CPSV-AP 3.2.0 and DCAT-AP 3: the registry's services and resources as linked data, in Turtle and JSON-LD.
//!
//! Records are columns; each field that has a term in the model becomes triples by its kind (`fields`). What the model
//! cannot say (costs, legal acts, links) stands in `services`, the catalogue in `catalogue`. Triples are columns too,
//! sorted within each part of a document and written batch by batch, so that memory holds no document as a whole. There
//! are no blank nodes: whatever is spoken of has an address that stays.
//!
//! `docs/cpsv-ap.md` tells which field becomes what.

mod address;
mod catalogue;
mod codes;
mod fields;
mod registry;
mod services;
mod triples;
mod vocabulary;

use std::collections::BTreeMap;
use std::io::Write;

use polars::prelude::*;

use crate::codelist::CodeLists;
use crate::holdings::Holdings;
use crate::model;
use address::Base;
pub use fields::Notes;
use fields::{Describer, Seen, both};
use registry::Known;
use triples::{Document, Object, Triples};
use vocabulary::Names;
pub use vocabulary::PREFIXES;

/// Entities of which it is told when they last changed.
pub const DATED: [&str; 2] = ["service", "resource"];

/// Services that are described in one go.
const BATCH: usize = 2_000;

/// What the registry says.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Current records: institutions, life events, needs, services with their legal acts and fees, applications,
    /// resources, links.
    pub held: &'a Holdings,
    /// Entity -> `uid`, `changed_at` (UTC) of its current records, of all [`DATED`].
    pub changed: &'a BTreeMap<&'static str, DataFrame>,
}

/// Where and for whom it is published.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// What every address begins with; ends in `/`.
    pub base: &'a str,
    /// Registration number of the institution that publishes the catalogue.
    pub publisher: &'a str,
    /// Labels of codes.
    pub lists: &'a CodeLists,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Class (a term with a prefix) -> how many things of it.
    pub classes: BTreeMap<String, u64>,
    /// What could not be said as the registry has it: a key of the texts, how often, the first case.
    pub notes: Notes,
}

/// Why nothing could be written.
#[derive(Debug, thiserror::Error)]
pub enum RdfError {
    /// The file cannot be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Frames that are not what [`Inputs`] says.
    #[error(transparent)]
    Frame(#[from] PolarsError),
    /// Something that is no IRI would have been written; nothing from outside gets so far.
    #[error("not an IRI: {0}")]
    Address(String),
    /// An entity or list that is published was not read, or is not in the model.
    #[error("not among what was read: {0}")]
    Model(&'static str),
}

/// Writes services, institutions, life events, needs, applications, legal acts and rules, with the codes and places they
/// refer to, by CPSV-AP 3.2.0. Services that are planned or have ended are left out, with what only they lead to.
///
/// # Errors
/// See [`RdfError`].
pub fn cpsv<T: Write, J: Write>(
    inputs: &Inputs<'_>,
    settings: &Settings<'_>,
    turtle: T,
    json: J,
) -> Result<Written, RdfError> {
    let known = Known::new(inputs, settings)?;
    let names = Names::new(settings.base);
    let mut document = Document::new(&names, turtle, json)?;
    let mut describer = describer(settings, &known);

    institutions(&mut describer, &mut document, &known.institutions)?;
    events(&mut describer, &mut document, &known)?;
    needs(&mut describer, &mut document, &known)?;

    let entity = model::entity("service").ok_or(RdfError::Model("service"))?;
    for from in (0..known.services.height()).step_by(BATCH) {
        let rows = known.services.slice(from as i64, BATCH);
        let mut out = Triples::new();
        typed(&mut out, &rows, &["cpsv:PublicService"])?;
        describer.describe(&mut out, entity, &rows, &[])?;
        modified(&mut out, &rows)?;
        let of_these = |links: &DataFrame, key: &str| -> PolarsResult<DataFrame> {
            let these = rows.clone().lazy().select([col("uid").alias(key), col("iri")]);
            links.clone().lazy().join(these, [col(key)], [col(key)], JoinArgs::new(JoinType::Inner)).collect()
        };
        services::legal_basis(&mut out, &of_these(&known.legal_acts, "uid")?)?;
        services::costs(&mut describer, &mut out, &of_these(&known.fees, "uid")?)?;
        for (term, links) in &known.links {
            services::linked(&mut out, &of_these(links, "uid")?, term, "iri", "to")?;
        }
        document.put(out)?;
    }
    describer.fallback(&known);

    let mut out = Triples::new();
    typed(&mut out, &known.applications, &["cv:Channel"])?;
    let entity = model::entity("application").ok_or(RdfError::Model("application"))?;
    describer.describe(&mut out, entity, &known.applications, &[])?;
    document.put(out)?;

    let (acts, rules) = services::acts(&mut describer, &known.legal_acts)?;
    document.put(acts)?;
    document.put(rules)?;
    rest(&describer, &mut document, settings)?;
    Ok(Written { classes: document.finish()?, notes: describer.notes })
}

/// Writes the catalogue by DCAT-AP 3: resources as data sets and data services, and a record of the catalogue for each of
/// them and for each service, which tells who answers for it and when it last changed.
///
/// # Errors
/// See [`RdfError`].
pub fn dcat<T: Write, J: Write>(
    inputs: &Inputs<'_>,
    settings: &Settings<'_>,
    turtle: T,
    json: J,
) -> Result<Written, RdfError> {
    let known = Known::new(inputs, settings)?;
    let names = Names::new(settings.base);
    let mut document = Document::new(&names, turtle, json)?;
    let mut describer = describer(settings, &known);
    catalogue::write(&mut describer, &mut document, &known, settings)?;
    rest(&describer, &mut document, settings)?;
    Ok(Written { classes: document.finish()?, notes: describer.notes })
}

fn describer<'a>(settings: &Settings<'a>, known: &Known) -> Describer<'a> {
    Describer { base: Base(settings.base), targets: known.targets.clone(), seen: Seen::default(), notes: Notes::new() }
}

/// Says of all rows what they are.
fn typed(out: &mut Triples, rows: &DataFrame, classes: &[&str]) -> Result<(), RdfError> {
    for iri in rows.column("iri")?.str()?.iter().flatten() {
        for class in classes {
            out.class(iri, class);
        }
    }
    Ok(())
}

/// Says when rows last changed.
fn modified(out: &mut Triples, rows: &DataFrame) -> Result<(), RdfError> {
    let (iri, changed) = (rows.column("iri")?.str()?, rows.column("changed_at")?.str()?);
    for (iri, changed) in iri.iter().zip(changed.iter()) {
        if let (Some(iri), Some(changed)) = (iri, changed) {
            out.push(iri, "dct:modified", Object::Typed(changed, "xsd:dateTime"));
        }
    }
    Ok(())
}

fn institutions<T: Write, J: Write>(
    describer: &mut Describer<'_>,
    document: &mut Document<'_, T, J>,
    rows: &DataFrame,
) -> Result<(), RdfError> {
    let entity = model::entity("institution").ok_or(RdfError::Model("institution"))?;
    let mut out = Triples::new();
    typed(&mut out, rows, &["cv:PublicOrganisation", "org:Organization", "foaf:Agent"])?;
    describer.describe(&mut out, entity, rows, &[])?;
    Describer::somewhere(&mut out, rows)?;
    document.put(out)
}

/// What concerns entrepreneurs is a business event; what concerns others, or nobody in particular, a life event.
fn events<T: Write, J: Write>(
    describer: &mut Describer<'_>,
    document: &mut Document<'_, T, J>,
    known: &Known,
) -> Result<(), RdfError> {
    let entity = model::entity("life_event").ok_or(RdfError::Model("life_event"))?;
    let rows = &known.events;
    let mut out = Triples::new();
    typed(&mut out, rows, &["cv:Event"])?;
    let field = entity.field("audience").ok_or(RdfError::Model("audience"))?;
    let business = col("value").eq(lit("uzņēmējs"));
    let audiences = fields::pairs(rows, field)?.lazy();
    let kinds =
        audiences.group_by([col("s")]).agg([business.clone().any(true), business.not().any(true).alias("other")]);
    let kinds =
        rows.clone().lazy().select([col("iri")]).join(kinds, [col("iri")], [col("s")], JoinArgs::new(JoinType::Left));
    let kinds = kinds.collect()?;
    let (iri, business, other) =
        (kinds.column("iri")?.str()?, kinds.column("value")?.bool()?, kinds.column("other")?.bool()?);
    for ((iri, business), other) in iri.iter().zip(business.iter()).zip(other.iter()) {
        let Some(iri) = iri else { continue };
        if business == Some(true) {
            out.class(iri, "cv:BusinessEvent");
        }
        if other != Some(false) {
            out.class(iri, "cv:LifeEvent");
        }
    }
    describer.describe(&mut out, entity, rows, &[])?;
    services::linked(&mut out, &known.event_services, "cv:hasRelatedService", "event", "service")?;
    document.put(out)
}

fn needs<T: Write, J: Write>(
    describer: &mut Describer<'_>,
    document: &mut Document<'_, T, J>,
    known: &Known,
) -> Result<(), RdfError> {
    let entity = model::entity("need").ok_or(RdfError::Model("need"))?;
    let mut out = Triples::new();
    typed(&mut out, &known.needs, &["skos:Concept", "vk:Need"])?;
    describer.describe(&mut out, entity, &known.needs, &[])?;
    let scheme = format!("{}need", describer.base.0);
    for iri in known.needs.column("iri")?.str()?.iter().flatten() {
        out.push(iri, "skos:inScheme", Object::Iri(&scheme));
    }
    out.class(&scheme, "skos:ConceptScheme");
    both(&mut out, &scheme, "dct:title", "Vajadzības", "Needs");
    document.put(out)
}

/// What turned up while the rest was written.
fn rest<T: Write, J: Write>(
    describer: &Describer<'_>,
    document: &mut Document<'_, T, J>,
    settings: &Settings<'_>,
) -> Result<(), RdfError> {
    let (base, seen) = (&describer.base, &describer.seen);
    document.put(codes::codes(base, settings.lists, seen))?;
    document.put(codes::places(base, seen))?;
    document.put(codes::pages(seen))?;
    document.put(codes::terms(base))
}
