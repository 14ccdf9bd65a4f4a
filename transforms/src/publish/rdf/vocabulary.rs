//! The vocabularies: prefixes, what classes the properties of the model lead to, and the few terms of our own.

use std::collections::BTreeMap;

/// Prefixes of the terms in the model and in both files, with what they stand for; `vk:` is ours, below the base.
pub const PREFIXES: &[(&str, &str)] = &[
    ("adms", "http://www.w3.org/ns/adms#"),
    ("cpsv", "http://purl.org/vocab/cpsv#"),
    ("cv", "http://data.europa.eu/m8g/"),
    ("dcat", "http://www.w3.org/ns/dcat#"),
    ("dct", "http://purl.org/dc/terms/"),
    ("eli", "http://data.europa.eu/eli/ontology#"),
    ("foaf", "http://xmlns.com/foaf/0.1/"),
    ("org", "http://www.w3.org/ns/org#"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("skos", "http://www.w3.org/2004/02/skos/core#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

/// The prefix of our own terms.
pub(super) const OWN: &str = "vk";

/// What a property leads to where that is a node of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// The property.
    pub(super) term: &'static str,
    /// Classes of the node.
    pub(super) classes: &'static [&'static str],
    /// What the node's address has after that of its subject.
    pub(super) path: &'static str,
    /// The property of the node that holds the value.
    pub(super) value: &'static str,
}

/// Values of these properties become nodes, as the shapes of CPSV-AP 3.2.0 have it.
const NODES: &[Node] = &[
    Node { term: "adms:identifier", classes: &["adms:Identifier"], path: "identifier", value: "skos:notation" },
    Node { term: "cpsv:hasInput", classes: &["cv:Evidence"], path: "input", value: "dct:title" },
    Node { term: "cpsv:produces", classes: &["cv:Output"], path: "output", value: "dct:title" },
    Node { term: "cv:contactPoint", classes: &["cv:ContactPoint"], path: "contact", value: "" },
    Node { term: "cv:hasChannel", classes: &["cv:Channel"], path: "channel", value: "dct:type" },
    Node { term: "cv:hasCost", classes: &["cv:Cost"], path: "cost", value: "" },
    Node { term: "cv:hasParticipation", classes: &["cv:Participation"], path: "provider", value: "cv:hasParticipant" },
    Node {
        term: "cv:holdsRequirement",
        classes: &["cv:Requirement", "cv:Criterion"],
        path: "requirement",
        value: "dct:description",
    },
];

/// The node that a property leads to.
pub(super) fn node(term: &str) -> Option<&'static Node> {
    NODES.iter().find(|node| node.term == term)
}

/// Classes whose members need an identifier: not contact points, nor identifiers themselves.
pub(super) fn identified(node: &Node) -> bool {
    !matches!(node.term, "adms:identifier" | "cv:contactPoint")
}

/// Properties whose addresses are no web pages.
pub(super) const NO_PAGES: &[&str] = &["dcat:endpointURL", "vk:api"];

/// The same value said again, for readers of another vocabulary: an institution is an agent, too.
pub(super) fn said_again(entity: &str, term: &str) -> &'static [&'static str] {
    match (entity, term) {
        ("institution", "skos:prefLabel") => &["foaf:name", "dct:title"],
        _ => &[],
    }
}

/// A term of our own.
pub(super) struct Term {
    pub(super) name: &'static str,
    pub(super) class: &'static str,
    pub(super) label_lv: &'static str,
    pub(super) label_en: &'static str,
}

/// All of them; what is here has no counterpart in CPSV-AP or DCAT-AP.
pub(super) const TERMS: &[Term] = &[
    Term { name: "vk:Need", class: "rdfs:Class", label_lv: "Vajadzība", label_en: "Need" },
    Term { name: "vk:Resource", class: "rdfs:Class", label_lv: "Resurss", label_en: "Resource" },
    Term { name: "vk:api", class: "rdf:Property", label_lv: "API adrese", label_en: "API address" },
    Term {
        name: "vk:expectedWorkingDays",
        class: "rdf:Property",
        label_lv: "Paredzamais izpildes laiks darba dienās",
        label_en: "Expected time in working days",
    },
    Term { name: "vk:form", class: "rdf:Property", label_lv: "Veidlapa", label_en: "Form" },
    Term {
        name: "vk:statutoryTime",
        class: "rdf:Property",
        label_lv: "Normatīvajos aktos noteiktais laiks",
        label_en: "Statutory time",
    },
    Term {
        name: "vk:statutoryWorkingDays",
        class: "rdf:Property",
        label_lv: "Normatīvajos aktos noteiktais laiks darba dienās",
        label_en: "Statutory time in working days",
    },
];

/// Title of the catalogue, and what it is, each in Latvian and English.
pub(super) const CATALOGUE: [(&str, &str, &str); 4] = [
    ("dct:title", "lv", "Publisko pakalpojumu un to resursu katalogs"),
    ("dct:title", "en", "Catalogue of public services and their resources"),
    (
        "dct:description",
        "lv",
        "Publiskie pakalpojumi un resursi, kas to sniegšanai vajadzīgi, kā tos apraksta turētāji.",
    ),
    (
        "dct:description",
        "en",
        "Public services and the resources needed to provide them, as described by those responsible.",
    ),
];

/// Latvia in the table of countries of the EU.
pub(super) const LATVIA: &str = "http://publications.europa.eu/resource/authority/country/LVA";
/// Latvian in the table of languages of the EU.
pub(super) const LATVIAN: &str = "http://publications.europa.eu/resource/authority/language/LAV";
/// Currencies of the EU's table.
pub(super) const CURRENCIES: &str = "http://publications.europa.eu/resource/authority/currency";

/// Terms written out.
pub(super) struct Names(BTreeMap<&'static str, String>);

impl Names {
    pub(super) fn new(base: &str) -> Self {
        let known = PREFIXES.iter().map(|(prefix, iri)| (*prefix, (*iri).to_owned()));
        Self(known.chain([(OWN, format!("{base}ns#"))]).collect())
    }

    /// Prefixes and what they stand for.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(prefix, iri)| (*prefix, iri.as_str()))
    }

    /// A term written out; none where its prefix is not known.
    pub(super) fn iri(&self, term: &str) -> Option<String> {
        let (prefix, name) = term.split_once(':')?;
        Some(format!("{}{name}", self.0.get(prefix)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ENTITIES;

    #[test]
    fn every_term_of_the_model_can_be_written_out() {
        let names = Names::new("https://registrs.example/id/");
        for entity in ENTITIES {
            let fields = entity.fields.iter().chain(entity.children.iter().flat_map(|child| child.fields));
            let terms = fields.map(|field| field.term).chain(entity.children.iter().map(|child| child.term));
            for term in terms.chain([entity.class]).flat_map(|term| term.split('/')).filter(|term| !term.is_empty()) {
                assert!(names.iri(term).is_some(), "{}: {term}", entity.name);
                let own = term.starts_with("vk:");
                assert_eq!(own, TERMS.iter().any(|known| known.name == term), "{}: {term}", entity.name);
            }
        }
    }
}
