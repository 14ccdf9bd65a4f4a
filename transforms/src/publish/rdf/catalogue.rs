//! The catalogue: data sets, data services and other resources, and a record for each of them and for each service.

use std::io::Write;

use polars::prelude::*;

use super::address::web;
use super::codes::language;
use super::fields::Describer;
use super::registry::Known;
use super::triples::{Document, Object, Triples};
use super::vocabulary::{CATALOGUE, LATVIA, LATVIAN};
use super::{RdfError, Settings, modified, typed};
use crate::model;

/// Code of resources that are data.
const DATA: &str = "informācijas resurss";
/// Code of resources that are technology: services, where they can be called.
const TECHNOLOGY: &str = "digitālo tehnoloģiju resurss";

/// Records that are written in one go.
const BATCH: usize = 5_000;

/// What a resource is published as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Published {
    Dataset,
    DataService,
    Other,
}

impl Published {
    /// The property by which a catalogue lists it.
    const fn listed(self) -> &'static str {
        match self {
            Self::Dataset => "dcat:dataset",
            Self::DataService => "dcat:service",
            Self::Other => "dcat:resource",
        }
    }
}

pub(super) fn write<T: Write, J: Write>(
    describer: &mut Describer<'_>,
    document: &mut Document<'_, T, J>,
    known: &Known,
    settings: &Settings<'_>,
) -> Result<(), RdfError> {
    let catalogue = format!("{}catalogue", settings.base);
    // All that is said of the catalogue itself.
    let mut out = Triples::new();
    agents(document, describer, known, settings)?;
    resources(describer, document, known, (&catalogue, &mut out))?;
    services(document, known, (&catalogue, &mut out))?;
    records(document, describer, known, (&catalogue, &mut out))?;

    out.class(&catalogue, "dcat:Catalog");
    for (term, language, text) in CATALOGUE {
        out.push(&catalogue, term, Object::Text(text, language));
    }
    out.push(&catalogue, "dct:language", Object::Iri(LATVIAN));
    out.push(&catalogue, "dct:spatial", Object::Iri(LATVIA));
    let publisher = known.targets.get("institution").ok_or(RdfError::Model("institution"))?.clone().lazy();
    let publisher = publisher.filter(col("key").eq(lit(settings.publisher))).collect()?;
    for iri in publisher.column("iri")?.str()?.iter().flatten().take(1) {
        out.push(&catalogue, "dct:publisher", Object::Iri(iri));
    }
    let dates =
        [&known.resources, &known.services].map(|rows| rows.column("changed_at").and_then(|c| c.str().cloned()));
    let [resources, services] = dates;
    let (resources, services) = (resources?, services?);
    if let Some(last) = resources.iter().chain(services.iter()).flatten().max() {
        out.push(&catalogue, "dct:modified", Object::Typed(last, "xsd:dateTime"));
    }
    document.put(out)?;
    document.put(language())
}

/// Institutions as publishers: who answers for a resource or a service, and for the catalogue.
fn agents<T: Write, J: Write>(
    document: &mut Document<'_, T, J>,
    describer: &mut Describer<'_>,
    known: &Known,
    settings: &Settings<'_>,
) -> Result<(), RdfError> {
    let owners = |rows: &DataFrame| rows.clone().lazy().select([col("owner_reg_no").alias("reg_no")]);
    let publisher = df!("reg_no" => [settings.publisher])?.lazy();
    let asked = concat([owners(&known.resources), owners(&known.services), publisher], UnionArgs::default())?;
    let rows = known.institutions.clone().lazy();
    let rows = rows.join(asked, [col("reg_no")], [col("reg_no")], JoinArgs::new(JoinType::Semi)).collect()?;
    let institution = model::entity("institution").ok_or(RdfError::Model("institution"))?;
    let mut out = Triples::new();
    typed(&mut out, &rows, &["foaf:Agent"])?;
    // An agent has a name; the rest stands with the services.
    let others: Vec<&str> =
        institution.fields.iter().map(|field| field.name).filter(|name| !matches!(*name, "reg_no" | "name")).collect();
    describer.describe(&mut out, institution, &rows, &others)?;
    document.put(out)
}

fn resources<T: Write, J: Write>(
    describer: &mut Describer<'_>,
    document: &mut Document<'_, T, J>,
    known: &Known,
    (catalogue, listed): (&str, &mut Triples),
) -> Result<(), RdfError> {
    let entity = model::entity("resource").ok_or(RdfError::Model("resource"))?;
    let endpoint_field = entity.field("endpoint_url").ok_or(RdfError::Model("resource"))?;
    for from in (0..known.resources.height()).step_by(BATCH) {
        let rows = known.resources.slice(from as i64, BATCH);
        let mut out = Triples::new();
        typed(&mut out, &rows, &["dcat:Resource"])?;
        describer.describe(&mut out, entity, &rows, &["endpoint_url"])?;
        modified(&mut out, &rows)?;
        let columns = ["iri", "kind", "endpoint_url"].map(|name| rows.column(name).and_then(|c| c.str().cloned()));
        let [iri, kind, endpoint] = columns;
        let (iri, kind, endpoint) = (iri?, kind?, endpoint?);
        for ((iri, kind), endpoint) in iri.iter().zip(kind.iter()).zip(endpoint.iter()) {
            let Some(iri) = iri else { continue };
            let endpoint = endpoint.unwrap_or_default();
            let published = published(kind.unwrap_or_default(), endpoint);
            listed.push(catalogue, published.listed(), Object::Iri(iri));
            match published {
                Published::Dataset => {
                    out.class(iri, "dcat:Dataset");
                    let at = format!("{iri}/distribution");
                    if describer.value(&mut out, endpoint_field, &at, "dcat:accessURL", endpoint) {
                        out.class(&at, "dcat:Distribution");
                        out.push(iri, "dcat:distribution", Object::Iri(&at));
                    }
                }
                Published::DataService => {
                    out.class(iri, "dcat:DataService");
                    describer.value(&mut out, endpoint_field, iri, endpoint_field.term, endpoint);
                }
                Published::Other => {
                    out.class(iri, "vk:Resource");
                    describer.value(&mut out, endpoint_field, iri, "foaf:page", endpoint);
                }
            }
        }
        document.put(out)?;
    }
    Ok(())
}

fn published(kind: &str, endpoint: &str) -> Published {
    match kind {
        DATA => Published::Dataset,
        TECHNOLOGY if web(endpoint) => Published::DataService,
        _ => Published::Other,
    }
}

/// Services as the catalogue lists them; what else is said of them stands with CPSV-AP.
fn services<T: Write, J: Write>(
    document: &mut Document<'_, T, J>,
    known: &Known,
    (catalogue, listed): (&str, &mut Triples),
) -> Result<(), RdfError> {
    for from in (0..known.services.height()).step_by(BATCH) {
        let rows = known.services.slice(from as i64, BATCH);
        let mut out = Triples::new();
        typed(&mut out, &rows, &["dcat:Resource"])?;
        let columns = ["iri", "name", "code"].map(|name| rows.column(name).and_then(|c| c.str().cloned()));
        let [iri, name, code] = columns;
        let (iri, name, code) = (iri?, name?, code?);
        for ((iri, name), code) in iri.iter().zip(name.iter()).zip(code.iter()) {
            let (Some(iri), Some(name), Some(code)) = (iri, name, code) else { continue };
            out.push(iri, "dct:title", Object::Text(name, "lv"));
            out.push(iri, "dct:identifier", Object::Plain(code));
            listed.push(catalogue, "dcat:resource", Object::Iri(iri));
        }
        document.put(out)?;
    }
    Ok(())
}

/// A record for each resource and service: who answers for it, and when it last changed.
fn records<T: Write, J: Write>(
    document: &mut Document<'_, T, J>,
    describer: &Describer<'_>,
    known: &Known,
    (catalogue, listed): (&str, &mut Triples),
) -> Result<(), RdfError> {
    let agents = known.targets.get("institution").ok_or(RdfError::Model("institution"))?;
    let agents = agents.clone().lazy().select([col("key"), col("iri").alias("publisher")]);
    for rows in [&known.resources, &known.services] {
        let rows = rows
            .clone()
            .lazy()
            .select([col("uid"), col("iri"), col("name"), col("owner_reg_no"), col("changed_at")])
            .join(agents.clone(), [col("owner_reg_no")], [col("key")], JoinArgs::new(JoinType::Left))
            .sort(["uid"], SortMultipleOptions::default())
            .collect()?;
        for from in (0..rows.height()).step_by(BATCH) {
            let rows = rows.slice(from as i64, BATCH);
            let columns = ["uid", "iri", "name", "publisher", "changed_at"]
                .map(|name| rows.column(name).and_then(|c| c.str().cloned()));
            let [uid, iri, name, publisher, changed] = columns;
            let (uid, iri, name, publisher, changed) = (uid?, iri?, name?, publisher?, changed?);
            let mut out = Triples::new();
            for n in 0..rows.height() {
                let (Some(uid), Some(iri)) = (uid.get(n), iri.get(n)) else { continue };
                let at = describer.base.iri("catalogue/record", uid);
                listed.push(catalogue, "dcat:record", Object::Iri(&at));
                out.class(&at, "dcat:CatalogRecord");
                out.push(&at, "foaf:primaryTopic", Object::Iri(iri));
                out.push(&at, "dct:title", Object::Text(name.get(n).unwrap_or_default(), "lv"));
                out.push(&at, "dct:language", Object::Iri(LATVIAN));
                if let Some(publisher) = publisher.get(n) {
                    out.push(&at, "dct:publisher", Object::Iri(publisher));
                }
                if let Some(changed) = changed.get(n) {
                    out.push(&at, "dct:modified", Object::Typed(changed, "xsd:dateTime"));
                }
            }
            document.put(out)?;
        }
    }
    Ok(())
}
