//! What CPSV-AP 3.2.0 and DCAT-AP 3 demand of a graph, stated here as the profiles have it: which properties things of a
//! class must have, how many at most, and what they lead to. The official shapes say the same and are no part of the
//! repository.

use std::collections::HashSet;

use oxrdf::vocab::rdf;
use oxrdf::{Graph, NamedNode, NamedNodeRef, TermRef, Triple};

/// What a property leads to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Range {
    /// A thing of this class.
    A(&'static str),
    /// A text in a language.
    Text,
    /// A value of this datatype.
    Of(&'static str),
    /// Any literal.
    Literal,
    /// Anything that has an address.
    Iri,
}
use Range::{A, Iri, Literal, Of, Text};

/// A class, a property, how many at least and at most, what it leads to.
type Shape = (&'static str, &'static str, usize, usize, Range);

const MANY: usize = usize::MAX;

pub(crate) const CPSV: &[Shape] = &[
    ("cpsv:PublicService", "dct:identifier", 1, 1, Literal),
    ("cpsv:PublicService", "dct:title", 1, MANY, Text),
    ("cpsv:PublicService", "dct:description", 1, MANY, Text),
    ("cpsv:PublicService", "cv:hasCompetentAuthority", 1, MANY, A("cv:PublicOrganisation")),
    ("cpsv:PublicService", "adms:status", 0, 1, A("skos:Concept")),
    ("cpsv:PublicService", "cpsv:follows", 0, MANY, A("cpsv:Rule")),
    ("cpsv:PublicService", "cpsv:hasInput", 0, MANY, A("cv:Evidence")),
    ("cpsv:PublicService", "cpsv:produces", 0, MANY, A("cv:Output")),
    ("cpsv:PublicService", "cv:contactPoint", 0, MANY, A("cv:ContactPoint")),
    ("cpsv:PublicService", "cv:hasChannel", 0, MANY, A("cv:Channel")),
    ("cpsv:PublicService", "cv:hasCost", 0, MANY, A("cv:Cost")),
    ("cpsv:PublicService", "cv:hasLegalResource", 0, MANY, A("eli:LegalResource")),
    ("cpsv:PublicService", "cv:hasParticipation", 0, MANY, A("cv:Participation")),
    ("cpsv:PublicService", "cv:holdsRequirement", 0, MANY, A("cv:Requirement")),
    ("cpsv:PublicService", "cv:isClassifiedBy", 0, MANY, A("skos:Concept")),
    ("cpsv:PublicService", "cv:isGroupedBy", 0, MANY, A("cv:Event")),
    ("cpsv:PublicService", "cv:processingTime", 0, 1, Of("xsd:duration")),
    ("cpsv:PublicService", "cv:relatedService", 0, MANY, A("cpsv:PublicService")),
    ("cpsv:PublicService", "cv:thematicArea", 0, MANY, A("skos:Concept")),
    ("cpsv:PublicService", "dcat:keyword", 0, MANY, Text),
    ("cpsv:PublicService", "dct:audience", 0, MANY, A("skos:Concept")),
    ("cpsv:PublicService", "dct:requires", 0, MANY, A("cpsv:PublicService")),
    ("cpsv:PublicService", "dct:replaces", 0, MANY, A("cpsv:PublicService")),
    ("cpsv:PublicService", "dct:spatial", 0, MANY, A("dct:Location")),
    ("cpsv:PublicService", "dct:type", 0, MANY, A("skos:Concept")),
    ("cpsv:PublicService", "dct:modified", 0, 1, Of("xsd:dateTime")),
    ("cpsv:PublicService", "foaf:page", 0, MANY, A("foaf:Document")),
    ("cpsv:PublicService", "adms:identifier", 0, MANY, A("adms:Identifier")),
    ("cpsv:Rule", "dct:identifier", 1, 1, Literal),
    ("cpsv:Rule", "dct:title", 1, MANY, Text),
    ("cpsv:Rule", "dct:description", 1, MANY, Text),
    ("cpsv:Rule", "cpsv:implements", 0, MANY, A("eli:LegalResource")),
    ("cv:PublicOrganisation", "skos:prefLabel", 1, MANY, Text),
    ("cv:PublicOrganisation", "dct:spatial", 1, MANY, A("dct:Location")),
    ("cv:PublicOrganisation", "dct:type", 0, MANY, A("skos:Concept")),
    ("cv:PublicOrganisation", "foaf:homepage", 0, MANY, A("foaf:Document")),
    ("cv:PublicOrganisation", "org:subOrganizationOf", 0, MANY, A("org:Organization")),
    ("foaf:Agent", "dct:identifier", 1, 1, Literal),
    ("foaf:Agent", "dct:title", 1, MANY, Text),
    ("cv:Channel", "dct:identifier", 1, 1, Literal),
    ("cv:Channel", "dct:type", 0, 1, A("skos:Concept")),
    ("cv:Channel", "cv:ownedBy", 0, MANY, A("org:Organization")),
    ("cv:ContactPoint", "cv:contactPage", 0, MANY, A("foaf:Document")),
    ("cv:Cost", "dct:identifier", 1, 1, Literal),
    ("cv:Cost", "cv:hasValue", 0, 1, Of("xsd:double")),
    ("cv:Cost", "cv:currency", 0, 1, A("skos:Concept")),
    ("cv:Cost", "dct:description", 0, MANY, Text),
    ("cv:Event", "dct:identifier", 1, 1, Literal),
    ("cv:Event", "dct:title", 1, MANY, Text),
    ("cv:Event", "dct:description", 0, MANY, Text),
    ("cv:Event", "cv:hasRelatedService", 0, MANY, A("cpsv:PublicService")),
    ("cv:Evidence", "dct:identifier", 1, 1, Literal),
    ("cv:Evidence", "dct:title", 1, MANY, Text),
    ("cv:Output", "dct:identifier", 1, 1, Literal),
    ("cv:Output", "dct:title", 1, MANY, Text),
    ("cv:Participation", "dct:identifier", 1, 1, Literal),
    ("cv:Participation", "dct:description", 1, MANY, Text),
    ("cv:Participation", "cv:hasParticipant", 1, 1, A("foaf:Agent")),
    ("cv:Participation", "cv:role", 1, MANY, A("skos:Concept")),
    ("cv:Requirement", "dct:identifier", 1, 1, Literal),
    ("cv:Requirement", "dct:title", 1, MANY, Text),
    ("eli:LegalResource", "foaf:page", 0, MANY, A("foaf:Document")),
];

pub(crate) const DCAT: &[Shape] = &[
    ("dcat:Catalog", "dct:title", 1, MANY, Literal),
    ("dcat:Catalog", "dct:description", 1, MANY, Literal),
    ("dcat:Catalog", "dct:publisher", 1, 1, A("foaf:Agent")),
    ("dcat:Catalog", "dct:modified", 0, 1, Of("xsd:dateTime")),
    ("dcat:Catalog", "dct:language", 0, MANY, A("dct:LinguisticSystem")),
    ("dcat:Catalog", "dct:spatial", 0, MANY, A("dct:Location")),
    ("dcat:Catalog", "dcat:dataset", 0, MANY, A("dcat:Dataset")),
    ("dcat:Catalog", "dcat:service", 0, MANY, A("dcat:DataService")),
    ("dcat:Catalog", "dcat:resource", 0, MANY, A("dcat:Resource")),
    ("dcat:Catalog", "dcat:record", 0, MANY, A("dcat:CatalogRecord")),
    ("dcat:CatalogRecord", "dct:modified", 1, 1, Of("xsd:dateTime")),
    ("dcat:CatalogRecord", "foaf:primaryTopic", 1, 1, A("dcat:Resource")),
    ("dcat:CatalogRecord", "dct:publisher", 1, 1, A("foaf:Agent")),
    ("dcat:CatalogRecord", "dct:language", 0, MANY, A("dct:LinguisticSystem")),
    ("dcat:Dataset", "dct:title", 1, MANY, Text),
    ("dcat:Dataset", "dct:description", 1, MANY, Text),
    ("dcat:Dataset", "dct:publisher", 1, 1, A("foaf:Agent")),
    ("dcat:Dataset", "dct:modified", 0, 1, Of("xsd:dateTime")),
    ("dcat:Dataset", "dcat:distribution", 0, MANY, A("dcat:Distribution")),
    ("dcat:Dataset", "dct:type", 0, MANY, A("skos:Concept")),
    ("dcat:Distribution", "dcat:accessURL", 1, MANY, Iri),
    ("dcat:DataService", "dct:title", 1, MANY, Literal),
    ("dcat:DataService", "dcat:endpointURL", 1, MANY, Iri),
    ("dcat:DataService", "dct:publisher", 0, 1, A("foaf:Agent")),
    ("foaf:Agent", "foaf:name", 1, MANY, Literal),
    ("foaf:Agent", "dct:type", 0, 1, A("skos:Concept")),
    ("adms:Identifier", "skos:notation", 1, 1, Literal),
    ("skos:Concept", "skos:prefLabel", 1, MANY, Literal),
    ("skos:Concept", "skos:inScheme", 1, MANY, A("skos:ConceptScheme")),
    ("skos:ConceptScheme", "dct:title", 1, MANY, Literal),
];

/// A term written out.
pub(crate) fn iri(term: &str) -> NamedNode {
    let (prefix, name) = term.split_once(':').unwrap();
    let space = match prefix {
        "adms" => "http://www.w3.org/ns/adms#",
        "cpsv" => "http://purl.org/vocab/cpsv#",
        "cv" => "http://data.europa.eu/m8g/",
        "dcat" => "http://www.w3.org/ns/dcat#",
        "dct" => "http://purl.org/dc/terms/",
        "eli" => "http://data.europa.eu/eli/ontology#",
        "foaf" => "http://xmlns.com/foaf/0.1/",
        "org" => "http://www.w3.org/ns/org#",
        "rdf" => "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "skos" => "http://www.w3.org/2004/02/skos/core#",
        "vk" => "https://registrs.example/id/ns#",
        "xsd" => "http://www.w3.org/2001/XMLSchema#",
        _ => panic!("{term}"),
    };
    NamedNode::new(format!("{space}{name}")).unwrap()
}

/// Everything in a graph that these shapes do not allow.
pub(crate) fn violations(graph: &Graph, shapes: &[Shape]) -> Vec<String> {
    let mut found = Vec::new();
    for (class, property, least, most, range) in shapes {
        let (class_iri, property_iri) = (iri(class), iri(property));
        for subject in graph.subjects_for_predicate_object(rdf::TYPE, &class_iri) {
            let objects: Vec<TermRef<'_>> = graph.objects_for_subject_predicate(subject, &property_iri).collect();
            if objects.len() < *least || objects.len() > *most {
                found.push(format!("{class} {subject}: {} {property}", objects.len()));
            }
            for object in objects {
                if !fits(graph, object, *range) {
                    found.push(format!("{class} {subject}: {property} {object} is not {range:?}"));
                }
            }
        }
    }
    found
}

fn fits(graph: &Graph, object: TermRef<'_>, range: Range) -> bool {
    match (object, range) {
        (TermRef::Literal(literal), Text) => literal.language().is_some(),
        (TermRef::Literal(literal), Of(datatype)) => {
            literal.datatype() == iri(datatype).as_ref() && is_value(literal.value(), datatype)
        }
        (TermRef::Literal(_), Literal) | (TermRef::NamedNode(_), Iri) => true,
        (TermRef::NamedNode(node), A(class)) => is_a(graph, node, class),
        _ => false,
    }
}

/// Whether a text is written as values of the datatype are.
fn is_value(text: &str, datatype: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match datatype {
        "xsd:double" => text.parse::<f64>().is_ok(),
        "xsd:duration" => {
            let part = |text: &str, units: &[char]| text.strip_suffix(units).is_some_and(digits);
            match text.strip_prefix('P') {
                Some(rest) => {
                    rest.strip_prefix('T').map_or_else(|| part(rest, &['D', 'M']), |rest| part(rest, &['H', 'M']))
                }
                None => false,
            }
        }
        "xsd:dateTime" => {
            let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            shape == "0000-00-00T00:00:00Z"
        }
        _ => true,
    }
}

pub(crate) fn is_a(graph: &Graph, node: NamedNodeRef<'_>, class: &str) -> bool {
    graph.contains(oxrdf::TripleRef::new(node, rdf::TYPE, iri(class).as_ref()))
}

/// How many things of a class there are.
pub(crate) fn count(graph: &Graph, class: &str) -> usize {
    graph.subjects_for_predicate_object(rdf::TYPE, &iri(class)).collect::<HashSet<_>>().len()
}

/// Reads Turtle.
pub(crate) fn turtle(bytes: &[u8]) -> Graph {
    oxttl::TurtleParser::new().for_slice(bytes).map(|triple| triple.unwrap()).collect()
}

/// Reads JSON-LD.
pub(crate) fn json_ld(bytes: &[u8]) -> Graph {
    oxjsonld::JsonLdParser::new().for_slice(bytes).map(|quad| Triple::from(quad.unwrap())).collect()
}
