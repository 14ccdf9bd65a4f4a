//! Linked data: what a registry becomes by CPSV-AP and DCAT-AP, read back from both forms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod hostile;
mod shapes;
mod world;

use oxrdf::vocab::rdf;
use oxrdf::{Graph, NamedNode, TermRef};
use shapes::{CPSV, DCAT, count, iri, is_a, violations};
use world::{BASE, Record, World};

/// Everything that a service can say, and what it is linked to.
fn world() -> World {
    let owner = ("owner_reg_no", "90000000001");
    let mut world = World::default();
    world.add(
        "institution",
        &[
            ("reg_no", "90000000001"),
            ("name", "Alfas dome"),
            ("kind", "pašvaldība"),
            ("atvk", "0001000"),
            ("email", "pasts@alfa.example"),
            ("website", "https://alfa.example/"),
            ("short_name", "AD"),
            ("parent_reg_no", "90000000009"),
            ("portfolio_manager", "Persona Anna"),
            ("support_l2_phone", "67000000"),
        ],
    );
    world.add(
        "institution",
        &[("reg_no", "90000000002"), ("name", "Beta"), ("kind", "ministrija"), ("website", "beta")],
    );
    world.add("life_event", &[("code", "DS1"), ("name", "Dzimšana"), ("audience", r#"["iedzīvotājs"]"#)]);
    world.add("life_event", &[("code", "DS2"), ("name", "Uzņēmuma dibināšana"), ("audience", r#"["uzņēmējs"]"#)]);
    world.add("life_event", &[("code", "DS3"), ("name", "Abiem"), ("audience", r#"["iedzīvotājs","uzņēmējs"]"#)]);
    world.add("need", &[("code", "V1"), ("name", "Reģistrēt bērnu"), ("life_event_code", "DS1")]);
    world.add(
        "service",
        &[
            ("code", "01"),
            ("name", "Reģistrācija"),
            ("name_en", "Registration"),
            ("virsis_id", "PAK-1"),
            ("ep_id", "EP1"),
            ("short_name", "Reģ."),
            ("deep_link", "https://alfa.example/01"),
            ("kind", "publisks individuāla labuma"),
            ("audience", r#"["iedzīvotājs"]"#),
            ("themes", r#"["veselība"]"#),
            ("cofog", "10.4"),
            ("keywords", r#"["bērns","dzimšana"]"#),
            ("digital_level", "e-pakalpojums"),
            ("lifecycle", "sniegts"),
            owner,
            ("manager_name", "Persona Zane"),
            ("manager_email", "zane@alfa.example"),
            ("provider_reg_nos", r#"["90000000002"]"#),
            ("support_l2_phone", "67000001"),
            ("request_channels", r#"["e-lietotne","klātienē iestādē"]"#),
            ("receive_channels", r#"["e-lietotne","pasts"]"#),
            ("eligibility", "Vecāki"),
            ("inputs", r#"["Iesniegums","Pase"]"#),
            ("forms", r#"["https://alfa.example/f.pdf","javascript:alert(1)"]"#),
            ("expected_time_value", "10"),
            ("expected_time_unit", "working d"),
            ("statutory_time_value", "1"),
            ("statutory_time_unit", "month"),
            ("outputs", r#"["Apliecība"]"#),
            ("territory_atvk", r#"["0001000"]"#),
            ("auth_levels", r#"["kvalificēts"]"#),
            ("description", "Bērna dzimšanas reģistrācija"),
            ("suggestion_link", "https://alfa.example/ideja"),
        ],
    );
    world.add("service", &[("code", "02"), ("name", "Bez apraksta"), owner]);
    world.add(
        "service",
        &[
            ("code", "03"),
            ("name", "Turētāju neviens nezina"),
            ("owner_reg_no", "90000000077"),
            ("lifecycle", "apturēts"),
        ],
    );
    world.add("service", &[("code", "04"), ("name", "Plānots"), owner, ("lifecycle", "plānots")]);
    world.add("service", &[("code", "05"), ("name", "Likvidēts"), owner, ("phase", "likvidēšana")]);
    world.child(
        "legal_acts",
        "01",
        &[
            ("title", "Civilstāvokļa aktu reģistrācijas likums"),
            ("url", "https://likumi.lv/ta/id/253442"),
            ("clause", "12. pants"),
        ],
    );
    world.child(
        "legal_acts",
        "02",
        &[("title", "Civilstāvokļa aktu reģistrācijas likums"), ("url", "https://likumi.lv/ta/id/253442")],
    );
    world.child("legal_acts", "05", &[("title", "Neviena likums")]);
    world.child("fees", "01", &[("amount", "2.85"), ("currency", "EUR"), ("note", "par apliecību")]);
    world.child("fees", "01", &[("amount", "10"), ("currency", "LVL")]);
    world.add(
        "application",
        &[
            ("code", "L1"),
            ("service_code", "01"),
            owner,
            ("kind", "e-lietotne"),
            ("url", "https://alfa.example/l1"),
            ("api_url", "https://alfa.example/api"),
        ],
    );
    world.add("application", &[("code", "L2"), ("service_code", "05"), ("kind", "e-forma")]);
    world.add("application", &[("code", "L3"), ("service_code", "03"), ("kind", "e-forma")]);
    for (code, kind, endpoint) in [
        ("R1", "informācijas resurss", "https://dati.example/r1"),
        ("R2", "informācijas resurss", ""),
        ("R3", "digitālo tehnoloģiju resurss", "https://dati.example/wfs"),
        ("R4", "digitālo tehnoloģiju resurss", "nezināms"),
        ("R5", "cits", ""),
    ] {
        world.add("resource", &[("code", code), ("name", code), ("kind", kind), owner, ("endpoint_url", endpoint)]);
    }
    world.add("need_service", &[("need_code", "V1"), owner, ("service_code", "01")]);
    world.add("need_service", &[("need_code", "V1"), owner, ("service_code", "05")]);
    world.add("service_resource", &[owner, ("service_code", "01"), ("resource_code", "R1")]);
    for (to, of, kind) in
        [("02", "90000000001", "prasa"), ("03", "90000000077", "aizstāj"), ("05", "90000000001", "saistīts")]
    {
        world.add(
            "service_service",
            &[owner, ("service_code", "01"), ("related_owner_reg_no", of), ("related_code", to), ("kind", kind)],
        );
    }
    world
}

/// The only thing of a class with this identifier.
fn thing(graph: &Graph, class: &str, identifier: &str) -> NamedNode {
    let found = graph.subjects_for_predicate_object(rdf::TYPE, &iri(class)).filter_map(|subject| {
        let said = graph.object_for_subject_predicate(subject, &iri("dct:identifier"))?;
        matches!(said, TermRef::Literal(literal) if literal.value() == identifier).then(|| subject.into_owned())
    });
    let found: Vec<_> = found.collect();
    assert_eq!(found.len(), 1, "{class} {identifier}: {found:?}");
    NamedNode::new(found[0].to_string().trim_matches(['<', '>'])).unwrap()
}

/// What is said of a thing by a property, sorted; addresses without the base.
fn said(graph: &Graph, subject: &NamedNode, term: &str) -> Vec<String> {
    let text = |object: TermRef<'_>| object.to_string().replace(BASE, "");
    let mut all: Vec<String> = graph.objects_for_subject_predicate(subject, &iri(term)).map(text).collect();
    all.sort();
    all
}

#[test]
fn shapes_hold_and_both_forms_say_the_same() {
    let world = world();
    let (cpsv, dcat) = (world.cpsv(), world.dcat());
    for out in [&cpsv, &dcat] {
        assert_eq!(out.turtle(), out.json_ld());
        // Each profile holds for what is written by the other, and for both together.
        assert_eq!(violations(&out.turtle(), CPSV), Vec::<String>::new());
        assert_eq!(violations(&out.turtle(), DCAT), Vec::<String>::new());
    }
    let both: Graph = cpsv.turtle().iter().chain(dcat.turtle().iter()).map(oxrdf::TripleRef::into_owned).collect();
    assert_eq!(violations(&both, CPSV), Vec::<String>::new());
    assert_eq!(violations(&both, DCAT), Vec::<String>::new());
}

#[test]
fn the_shapes_find_what_is_missing() {
    let graph = world().cpsv().turtle();
    for (class, property, least, ..) in CPSV {
        let subjects: Vec<_> = graph.subjects_for_predicate_object(rdf::TYPE, &iri(class)).collect();
        assert!(!subjects.is_empty(), "nothing of {class}");
        let without = graph.iter().filter(|t| t.predicate != iri(property).as_ref());
        let without: Graph = without.map(oxrdf::TripleRef::into_owned).collect();
        assert!(without.len() < graph.len() || *least == 0, "{class} {property} was never there");
        let found = violations(&without, CPSV);
        let told = found.iter().any(|found| found.starts_with(class) && found.ends_with(&format!("0 {property}")));
        assert_eq!(told, *least > 0, "{class} {property}: {found:?}");
    }
}

#[test]
fn counts_are_those_of_the_registry() {
    let world = world();
    let (cpsv, dcat) = (world.cpsv(), world.dcat());
    for (out, class, expected) in [
        (&cpsv, "cpsv:PublicService", 3),
        // Two that are known, the parent of one and the owner of a service, and whoever publishes.
        (&cpsv, "cv:PublicOrganisation", 5),
        (&cpsv, "cv:Event", 3),
        (&cpsv, "cv:LifeEvent", 2),
        (&cpsv, "cv:BusinessEvent", 2),
        (&cpsv, "vk:Need", 1),
        (&cpsv, "cv:Cost", 2),
        (&cpsv, "cv:Evidence", 2),
        (&cpsv, "cv:Output", 1),
        (&cpsv, "cv:Requirement", 1),
        // Three of the service (one both to ask and to receive), two applications.
        (&cpsv, "cv:Channel", 5),
        // One law for two services; that of a service which has ended is not there.
        (&cpsv, "eli:LegalResource", 1),
        (&cpsv, "cpsv:Rule", 1),
        (&dcat, "dcat:Dataset", 2),
        (&dcat, "dcat:DataService", 1),
        (&dcat, "vk:Resource", 2),
        (&dcat, "dcat:Resource", 8),
        (&dcat, "dcat:CatalogRecord", 8),
        (&dcat, "dcat:Catalog", 1),
    ] {
        assert_eq!(count(&out.turtle(), class), expected, "{class}");
        assert_eq!(out.written.classes[class], expected as u64, "{class}");
    }
}

#[test]
fn a_service_says_what_its_fields_say() {
    let graph = world().cpsv().turtle();
    let service = thing(&graph, "cpsv:PublicService", "01");
    for (term, expected) in [
        ("dct:title", vec!["\"Registration\"@en", "\"Reģistrācija\"@lv"]),
        ("dct:alternative", vec!["\"Reģ.\"@lv"]),
        ("dct:description", vec!["\"Bērna dzimšanas reģistrācija\"@lv"]),
        ("dcat:keyword", vec!["\"bērns\"@lv", "\"dzimšana\"@lv"]),
        // Ten working days are two weeks; how many working days stands beside it.
        ("cv:processingTime", vec!["\"P14D\"^^<http://www.w3.org/2001/XMLSchema#duration>"]),
        ("vk:expectedWorkingDays", vec!["\"10\"^^<http://www.w3.org/2001/XMLSchema#decimal>"]),
        ("vk:statutoryTime", vec!["\"P1M\"^^<http://www.w3.org/2001/XMLSchema#duration>"]),
        ("dct:audience", vec!["<code/audiences/iedz%C4%ABvot%C4%81js>"]),
        ("dct:type", vec!["<code/cofog/10.4>"]),
        ("adms:status", vec!["<code/lifecycle/sniegts>"]),
        ("dct:spatial", vec!["<place/0001000>"]),
        ("foaf:page", vec!["<https://alfa.example/01>"]),
        ("vk:form", vec!["<https://alfa.example/f.pdf>"]),
    ] {
        assert_eq!(said(&graph, &service, term), expected, "{term}");
    }
    let event = thing(&graph, "cv:Event", "DS1");
    assert_eq!(said(&graph, &service, "cv:isGroupedBy"), [event.to_string().replace(BASE, "")]);
    assert_eq!(said(&graph, &event, "cv:hasRelatedService"), [service.to_string().replace(BASE, "")]);
    let second = thing(&graph, "cpsv:PublicService", "02").to_string().replace(BASE, "");
    let third = thing(&graph, "cpsv:PublicService", "03").to_string().replace(BASE, "");
    assert_eq!(said(&graph, &service, "dct:requires"), [second]);
    assert_eq!(said(&graph, &service, "dct:replaces"), [third]);
    // The related service has ended: nothing leads to it.
    assert_eq!(said(&graph, &service, "cv:relatedService"), Vec::<String>::new());
    let need = graph.subject_for_predicate_object(rdf::TYPE, &iri("vk:Need")).unwrap().to_string().replace(BASE, "");
    assert!(said(&graph, &service, "cv:isClassifiedBy").contains(&need));
    let costs = graph.subjects_for_predicate_object(rdf::TYPE, &iri("cv:Cost"));
    let currencies =
        costs.map(|cost| graph.object_for_subject_predicate(cost, &iri("cv:currency")).unwrap().to_string());
    let mut currencies: Vec<String> = currencies.collect();
    currencies.sort();
    let euro = "<http://publications.europa.eu/resource/authority/currency/EUR>".to_owned();
    assert_eq!(currencies, [euro, format!("<{BASE}code/currency/LVL>")]);
}

#[test]
fn what_the_registry_lacks_is_stood_in_for_and_told() {
    let out = world().cpsv();
    let graph = out.turtle();
    let second = thing(&graph, "cpsv:PublicService", "02");
    assert_eq!(said(&graph, &second, "dct:description"), ["\"Bez apraksta\"@lv"]);
    let owner = thing(&graph, "cv:PublicOrganisation", "90000000077");
    assert_eq!(said(&graph, &owner, "skos:prefLabel"), ["\"90000000077\"@lv"]);
    assert_eq!(said(&graph, &owner, "dct:spatial"), ["<http://publications.europa.eu/resource/authority/country/LVA>"]);
    let notes: Vec<(&str, u64, &str)> =
        out.written.notes.iter().map(|(key, (count, example))| (*key, *count, example.as_str())).collect();
    assert_eq!(
        notes,
        [
            // A form and a website.
            ("rdf-address-left-out", 2, "beta"),
            ("rdf-description-missing", 2, "Turētāju neviens nezina"),
            ("rdf-institution-unknown", 3, "90000000009"),
        ]
    );
}

#[test]
fn a_record_of_the_catalogue_names_publisher_and_day() {
    let graph = world().dcat().turtle();
    let owner = thing(&graph, "foaf:Agent", "90000000001");
    for record in graph.subjects_for_predicate_object(rdf::TYPE, &iri("dcat:CatalogRecord")) {
        let of = |term: &str| graph.object_for_subject_predicate(record, &iri(term)).unwrap().to_string();
        assert_eq!(of("dct:modified"), "\"2025-03-01T08:00:00Z\"^^<http://www.w3.org/2001/XMLSchema#dateTime>");
        let TermRef::NamedNode(topic) = graph.object_for_subject_predicate(record, &iri("foaf:primaryTopic")).unwrap()
        else {
            panic!("{record}")
        };
        assert!(is_a(&graph, topic, "dcat:Resource"));
        let third = said(&graph, &topic.into_owned(), "dct:identifier") == ["\"03\""];
        assert_eq!(of("dct:publisher") == owner.to_string(), !third, "{record}");
    }
}

/// What belongs to the management of a service is not for the public.
#[test]
fn managers_are_not_published() {
    let world = world();
    for out in [world.cpsv(), world.dcat()] {
        for text in ["Persona", "zane@"] {
            assert!(!String::from_utf8_lossy(&out.turtle).contains(text), "{text}");
            assert!(!String::from_utf8_lossy(&out.json).contains(text), "{text}");
        }
    }
}

#[test]
fn the_same_registry_gives_the_same_bytes() {
    let (world, mut other) = (world(), world());
    other.reverse();
    for (one, two) in [(world.cpsv(), other.cpsv()), (world.dcat(), other.dcat())] {
        assert_eq!(one.turtle, two.turtle);
        assert_eq!(one.json, two.json);
    }
}

/// Addresses of things inside a service stay when others come before them.
#[test]
fn addresses_stay_when_lists_grow() {
    let with = |inputs: &str| {
        let mut world = World::default();
        let record: Record = &[("code", "1"), ("name", "A"), ("owner_reg_no", "90000000001"), ("inputs", inputs)];
        world.add("service", record);
        let graph = world.cpsv().turtle();
        let title = oxrdf::Literal::new_language_tagged_literal("Pase", "lv").unwrap();
        graph.subject_for_predicate_object(&iri("dct:title"), &title).unwrap().to_string()
    };
    assert_eq!(with(r#"["Pase"]"#), with(r#"["Iesniegums","Pase","Cits"]"#));
}

#[test]
fn turtle_is_readable() {
    let mut world = World::default();
    world.add("institution", &[("reg_no", "90000000001"), ("name", "Alfas \"dome\"\nun citi"), ("kind", "ministrija")]);
    let record: Record =
        &[("code", "1"), ("name", "Pakalpojums"), ("owner_reg_no", "90000000001"), ("audience", r#"["iedzīvotājs"]"#)];
    world.add("service", record);
    insta::assert_snapshot!("cpsv", String::from_utf8(world.cpsv().turtle).unwrap());
    insta::assert_snapshot!("dcat", String::from_utf8(world.dcat().turtle).unwrap());
}
