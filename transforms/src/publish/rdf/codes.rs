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
        let (lv, en) = title(name);
        let list = lists.get(name);
        let known = list.iter().flat_map(|list| &list.codes).map(|code| code.code.as_str());
        for code in used.iter().map(String::as_str).chain(known).collect::<BTreeSet<_>>() {
            let at = concept(base, name, code);
            let scheme =
                if at.starts_with(CURRENCIES) { CURRENCIES.to_owned() } else { format!("{}code/{name}", base.0) };
            out.class(&scheme, "skos:ConceptScheme");
            both(&mut out, &scheme, "dct:title", &lv, &en);
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

/// What a list is called: as the first field that holds its codes, with the entity that has it.
fn title(list: &str) -> (String, String) {
    let ours = match list {
        "currency" => Some(("Valūtas", "Currencies")),
        _ => (list == PROVIDER.0).then_some(("Dalībnieku lomas", "Roles of participants")),
    };
    if let Some((lv, en)) = ours {
        return (lv.to_owned(), en.to_owned());
    }
    let of_list = |field: &&Field| match field.kind {
        Kind::CodeList(name) => name == list,
        kind => kind == Kind::Code && field.name == list,
    };
    let found = ENTITIES.iter().find_map(|entity| {
        let children = entity.children.iter().flat_map(|child| child.fields);
        Some((entity, entity.fields.iter().chain(children).filter(|field| !field.term.is_empty()).find(of_list)?))
    });
    let said = |entity: &str, field: &str| format!("{entity}: {}", field.to_lowercase());
    found.map_or_else(
        || (list.to_owned(), list.to_owned()),
        |(entity, field)| (said(entity.label_lv, field.label_lv), said(entity.label_en, field.label_en)),
    )
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
