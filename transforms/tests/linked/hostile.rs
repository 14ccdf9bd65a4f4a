//! Whatever texts a registry holds: what is published is sound, says the same in both forms, and leads nowhere bad.

use oxrdf::vocab::rdf;
use oxrdf::{Term, TermRef};
use proptest::prelude::*;
use vienkop_transforms::model::{self, Field, Kind, Storage};

use crate::shapes::{CPSV, DCAT, iri, violations};
use crate::world::{BASE, World};

/// Texts that break out of quotes, brackets, lines and addresses, and any others.
fn text() -> impl Strategy<Value = String> {
    let bad = [
        "\"",
        "'",
        "\\",
        "\\\"",
        "\"\"\"",
        "<",
        ">",
        "<>",
        "\n",
        "\r\n",
        "\t",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
        "\u{feff}",
        "\u{fffe}",
        "\u{202e}",
        "𝄞",
        "é",
        "e\u{301}",
        "%",
        "%zz",
        "%2F",
        "{",
        "}",
        "^^",
        "@en",
        "@prefix x: <y> .",
        ". a b",
        "#",
        "?",
        "/",
        "..",
        "./",
        "_:b",
        "rdf:type",
        "@id",
        "@context",
        "javascript:alert(1)",
        "data:text/html,<b>",
        "https://a.example/",
        "http://a.example/ b",
        "https://u:p@a.example",
        "mailto:a@b.example",
        "urn:x",
        " ",
        "",
        "https://registrs.example/id/service/x",
        "http://www.w3.org/2004/02/skos/core#Concept",
        "1e400",
        "-5",
        "PT1H",
    ];
    let piece = prop_oneof![
        4 => prop::sample::select(bad.to_vec()).prop_map(str::to_owned),
        2 => any::<String>(),
        1 => (any::<char>(), 1_usize..3_000).prop_map(|(c, times)| c.to_string().repeat(times)),
    ];
    prop::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat())
}

fn borrowed(record: &[(String, String)]) -> Vec<(&str, &str)> {
    record.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A row of hostile texts; keys of references may be right.
fn record(fields: &'static [Field]) -> impl Strategy<Value = Vec<(String, String)>> {
    let columns = fields.iter().flat_map(|field| {
        field.storage().into_iter().filter(|(_, storage)| *storage == Storage::Text).map(move |(name, _)| (field, name))
    });
    let columns: Vec<_> = columns
        .map(|(field, name)| {
            let known = match (field.kind, name.as_str()) {
                (Kind::RegNo, _) => "90000000001",
                (_, "code" | "service_code" | "need_code" | "life_event_code" | "resource_code") => "1",
                (_, name) if name.ends_with("_unit") => "working d",
                (_, name) if name.ends_with("_value") => "2.5",
                (Kind::Decimal, _) => "1.50",
                (_, "kind") => "digitālo tehnoloģiju resurss",
                _ => "",
            };
            let value = prop_oneof![2 => text(), 1 => Just(known.to_owned())];
            let list = field.list;
            let stored = prop::collection::vec(value, 1..4)
                .prop_map(move |texts| if list { serde_json::to_string(&texts).unwrap() } else { texts[0].clone() });
            // What must be there is there; decimals are checked when they are read.
            let required = field.presence == model::Presence::Required;
            let stored = if field.kind == Kind::Decimal { Just("1.50".to_owned()).boxed() } else { stored.boxed() };
            stored.prop_map(move |stored| {
                let stored = if required && stored.trim().is_empty() { "1".to_owned() } else { stored };
                (name.clone(), stored)
            })
        })
        .collect();
    columns
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn nothing_breaks_out(
        institution in record(model::entity("institution").unwrap().fields),
        event in record(model::entity("life_event").unwrap().fields),
        need in record(model::entity("need").unwrap().fields),
        service in record(model::entity("service").unwrap().fields),
        application in record(model::entity("application").unwrap().fields),
        resource in record(model::entity("resource").unwrap().fields),
        act in record(model::entity("service").unwrap().child("legal_acts").unwrap().fields),
        fee in record(model::entity("service").unwrap().child("fees").unwrap().fields),
    ) {
        let mut world = World::default();
        let named = [("institution", &institution), ("life_event", &event), ("need", &need), ("service", &service),
            ("application", &application), ("resource", &resource)];
        for (entity, record) in named {
            world.add(entity, &borrowed(record));
        }
        let code = service.iter().find(|(name, _)| name == "code").unwrap().1.clone();
        for (child, record) in [("legal_acts", &act), ("fees", &fee)] {
            world.child(child, &code, &borrowed(record));
        }
        for out in [world.cpsv(), world.dcat()] {
            let graph = out.turtle();
            prop_assert_eq!(&graph, &out.json_ld());
            prop_assert_eq!(violations(&graph, CPSV), Vec::<String>::new());
            prop_assert_eq!(violations(&graph, DCAT), Vec::<String>::new());
            for triple in &graph {
                let subject = triple.subject.to_string();
                let ours = |iri: &str| iri.starts_with(BASE) || iri.starts_with("http://publications.europa.eu/");
                let subject = subject.trim_matches(['<', '>']);
                if !ours(subject) {
                    // Of what is elsewhere it is only said that it is a page.
                    prop_assert_eq!(triple.predicate, rdf::TYPE);
                    prop_assert_eq!(triple.object.into_owned(), Term::from(iri("foaf:Document")));
                }
                if let TermRef::NamedNode(object) = triple.object {
                    let object = object.as_str();
                    prop_assert!(object.starts_with("http://") || object.starts_with("https://"), "{}", object);
                    prop_assert!(!object.contains([' ', '<', '>', '"']), "{}", object);
                }
            }
        }
    }
}
