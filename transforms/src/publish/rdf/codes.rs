//! Code lists as concept schemes, territories as places, and what else is referred to.

use std::collections::BTreeSet;

use super::address::Base;
use super::fields::{PROVIDER, Seen, both, concept};
use super::triples::{Object, Triples};
use super::vocabulary::{CURRENCIES, LATVIA, LATVIAN, TERMS};
use crate::codelist::CodeLists;
use crate::model::{ENTITIES, Field, Kind};

/// Every code that was used, with those of its list; the schemes they are in.
pub(super) fn codes(base: &Base<'_>, lists: &CodeLists, seen: &Seen) -> Triples {
    let mut out = Triples::new();
    for (name, used) in &seen.codes {
        let scheme = if *name == "currency" { CURRENCIES.to_owned() } else { format!("{}code/{name}", base.0) };
        let (lv, en) = title(name);
        out.class(&scheme, "skos:ConceptScheme");
        both(&mut out, &scheme, "dct:title", lv, en);
        let list = lists.get(name);
        let known = list.iter().flat_map(|list| &list.codes).map(|code| code.code.as_str());
        for code in used.iter().map(String::as_str).chain(known).collect::<BTreeSet<_>>() {
            // Another currency than the euro is not of the EU's table as far as we know.
            let at = concept(base, name, code);
            let own = at.starts_with(base.0);
            let scheme = if own && *name == "currency" { format!("{}code/{name}", base.0) } else { scheme.clone() };
            if own && *name == "currency" {
                out.class(&scheme, "skos:ConceptScheme");
                both(&mut out, &scheme, "dct:title", lv, en);
            }
            out.class(&at, "skos:Concept");
            out.push(&at, "skos:inScheme", Object::Iri(&scheme));
            out.push(&at, "skos:notation", Object::Plain(code));
            match list.and_then(|list| list.get(code)) {
                Some(known) if !known.label_lv.trim().is_empty() => {
                    both(&mut out, &at, "skos:prefLabel", &known.label_lv, &known.label_en);
                }
                _ if (*name, code) == PROVIDER => {
                    both(&mut out, &at, "skos:prefLabel", "Pakalpojuma sniedzējs", "Service provider");
                }
                _ => out.push(&at, "skos:prefLabel", Object::Text(code, "lv")),
            }
        }
    }
    out
}

/// What a list is called: as the field that its codes stand in.
fn title(list: &str) -> (&'static str, &'static str) {
    let of_list = |field: &&Field| {
        field.kind == Kind::CodeList(list_name(list)) || matches!(field.kind, Kind::Code) && field.name == list
    };
    let fields = ENTITIES
        .iter()
        .flat_map(|entity| entity.fields.iter().chain(entity.children.iter().flat_map(|child| child.fields)));
    if list == PROVIDER.0 {
        return ("Dalībnieku lomas", "Roles of participants");
    }
    fields.into_iter().find(of_list).map_or(("Kodi", "Codes"), |field| (field.label_lv, field.label_en))
}

/// The name of a list as the model has it.
fn list_name(list: &str) -> &'static str {
    let fields = ENTITIES.iter().flat_map(|entity| entity.fields);
    let mut names = fields.filter_map(|field| if let Kind::CodeList(name) = field.kind { Some(name) } else { None });
    names.find(|name| *name == list).unwrap_or_default()
}

/// Territories, and the country they are in.
pub(super) fn places(base: &Base<'_>, seen: &Seen) -> Triples {
    let mut out = Triples::new();
    out.class(LATVIA, "dct:Location");
    both(&mut out, LATVIA, "skos:prefLabel", "Latvija", "Latvia");
    for code in &seen.places {
        let at = base.iri("place", code);
        out.class(&at, "dct:Location");
        out.push(&at, "dct:identifier", Object::Plain(code));
        out.push(&at, "dct:isPartOf", Object::Iri(LATVIA));
    }
    out
}

/// The language of what is published.
pub(super) fn language() -> Triples {
    let mut out = Triples::new();
    out.class(LATVIAN, "dct:LinguisticSystem");
    both(&mut out, LATVIAN, "skos:prefLabel", "latviešu", "Latvian");
    out
}

/// Web pages that were linked.
pub(super) fn pages(seen: &Seen) -> Triples {
    let mut out = Triples::new();
    for page in &seen.pages {
        out.class(page, "foaf:Document");
    }
    out
}

/// The terms of our own.
pub(super) fn terms(base: &Base<'_>) -> Triples {
    let mut out = Triples::new();
    for term in TERMS {
        let at = format!("{}ns#{}", base.0, term.name.trim_start_matches("vk:"));
        out.class(&at, term.class);
        both(&mut out, &at, "rdfs:label", term.label_lv, term.label_en);
    }
    out
}
