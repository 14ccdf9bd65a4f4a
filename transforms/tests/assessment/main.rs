//! The sections on coverage, readiness, technology, data quality and scores, over small registries made up at random:
//! against a naive count, record by record; every number against its own selector; the same bytes whatever the order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod naive;
mod read;
mod world;

use proptest::prelude::*;
use vienkop_transforms::assess::change::Previous;
use vienkop_transforms::assess::pack::{self, Compared};
use vienkop_transforms::assess::report::{Author, CellKind, parse_selector};
use vienkop_transforms::texts::Language;
use world::{World, facts, sections, world};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn numbers_are_those_of_a_naive_count(world in world()) {
        let sections = sections(&world, Language::Lv, None);
        let table = |id: &str| read::Table::of(&sections, id);
        for owner in World::owners() {
            let (expected, registered) = naive::portfolio(&world, owner);
            let portfolio = table("portfolio-institution");
            prop_assert_eq!(portfolio.share(owner, "registered_share"), (registered, expected));
            prop_assert_eq!(portfolio.count(owner, "missing"), expected - registered);
            let services = naive::services(&world, owner);
            prop_assert_eq!(portfolio.count(owner, "services"), services.len() as u64);
            let described: u64 = services.iter().map(|service| naive::described(&world, service)).sum();
            let completeness = table("completeness-institution");
            prop_assert_eq!(completeness.share(owner, "groups_share"), (described, 8 * services.len() as u64));
            let (placed, due, unknown) = naive::placements(&world, Some(owner), None);
            let catalogues = table("catalogue-institution");
            prop_assert_eq!(catalogues.share(owner, "placed_share"), (placed, due));
            prop_assert_eq!(catalogues.count(owner, "placement_unknown"), unknown);
            let (_, stale, unregistered) = naive::listings(&world, Some(owner));
            let mending = table("catalogue-mending");
            prop_assert_eq!(mending.count(owner, "stale_listed"), stale);
            prop_assert_eq!(mending.count(owner, "unregistered"), unregistered);
            let (met, known, applicable) = naive::readiness(&world, owner);
            let readiness = table("readiness-institution");
            prop_assert_eq!(readiness.share(owner, "met_share"), (met, known));
            prop_assert_eq!(readiness.share(owner, "known_share"), (known, applicable));
        }
        for catalogue in ["latvija.gov.lv", "business.gov.lv", "virsis.gov.lv"] {
            let (placed, due, _) = naive::placements(&world, None, Some(catalogue));
            prop_assert_eq!(table("catalogue-placement").share(catalogue, "placed_share"), (placed, due));
        }
        let shown = ["latvija.gov.lv", "business.gov.lv", "virsis.gov.lv", "iestādes tīmekļvietne"];
        let sum = |key: &str| shown.iter().map(|code| table("catalogue-listing").count(code, key)).sum::<u64>();
        let found = (sum("listed"), sum("stale_listed"), sum("unregistered"));
        prop_assert_eq!(found, naive::listings(&world, None));
        for group in ["T1", "T2", "T3", "T7"] {
            let (has, has_not) = naive::technology(&world, group);
            let technology = table("technology-group");
            prop_assert_eq!((technology.count(group, "has"), technology.count(group, "has_not")), (has, has_not));
        }
    }

    #[test]
    fn every_number_is_what_its_selector_finds(world in world()) {
        let facts = facts(&world);
        let mut resolved = 0;
        for section in sections(&world, Language::En, None) {
            for cell in section.measures.iter().flat_map(|table| &table.rows).flat_map(|row| &row.cells) {
                let (query, parameters) = parse_selector(&cell.select);
                let wanted = match cell.kind {
                    CellKind::Count => cell.value.as_deref(),
                    CellKind::Share => cell.count.as_deref(),
                    _ => None,
                };
                let Some(wanted) = wanted.filter(|_| !query.is_empty()) else { continue };
                let (found, _) = facts.number(&query, &parameters).unwrap().expect(&cell.select);
                prop_assert_eq!(wanted, found.to_string(), "{} {}", cell.id, cell.select);
                resolved += 1;
            }
        }
        prop_assert!(resolved > 0);
    }

    #[test]
    fn the_order_of_the_registry_does_not_matter(world in world()) {
        let mut turned = world.clone();
        turned.turn();
        let json = |world: &World| serde_json::to_string(&sections(world, Language::Lv, None)).unwrap();
        prop_assert_eq!(json(&world), json(&turned));
    }

    #[test]
    fn scores_are_the_weighted_mean_of_their_parts(world in world()) {
        let settings = world::settings();
        let weights: Vec<f64> = settings.weights.all().iter().map(|(_, weight)| f64::from(*weight)).collect();
        let all: f64 = weights.iter().sum();
        for section in sections(&world, Language::Lv, None).iter().filter(|section| section.id == "score") {
            for row in &section.measures[0].rows {
                let (mut points, mut known) = (0.0, 0.0);
                for (cell, weight) in row.cells[3..].iter().zip(&weights) {
                    let number = |text: &Option<String>| text.as_ref().unwrap().parse::<f64>().unwrap();
                    let (count, of) = (number(&cell.count), number(&cell.of));
                    if of > 0.0 {
                        points += weight * count / of;
                        known += weight;
                    }
                }
                match &row.cells[1].value {
                    Some(score) => {
                        let wanted = 100.0 * points / known;
                        prop_assert!((score.parse::<f64>().unwrap() - wanted).abs() <= 0.0501, "{score} {wanted}");
                    }
                    None => prop_assert!(known < settings.least_known * all || known == 0.0),
                }
            }
        }
    }
}

#[test]
fn every_text_is_there_in_both_languages() {
    for language in [Language::Lv, Language::En] {
        let json = serde_json::to_string_pretty(&sections(&World::full(), language, None)).unwrap();
        let looks_like_an_id = |text: &&str| {
            ["measure-", "table-", "list-", "head-", "coverage-", "conclusion-", "basis-", "why-", "level-", "noun-"]
                .iter()
                .any(|start| text.starts_with(start))
        };
        // Ids of sections and tables are ids, and not texts.
        for line in json.lines().filter(|line| !line.contains("\"id\": ") && !line.contains("\"select\": ")) {
            let text = line.split(": ").last().unwrap().trim_matches([' ', '"', ',']);
            assert!(!Some(text).as_ref().is_some_and(looks_like_an_id), "{language:?}: {line}");
        }
    }
}

#[test]
fn what_people_read() {
    for language in [Language::Lv, Language::En] {
        let mut before = World::full();
        before.registry.services.truncate(2);
        let before = world::report(&before, language);
        let previous = Previous::of(&before).unwrap();
        let compared = Compared { previous: &previous, wave: false };
        let text = read::text(&sections(&World::full(), language, Some(&compared)));
        insta::assert_snapshot!(format!("sections_{}", language.code()), text);
    }
}

#[test]
fn an_analysts_text_takes_the_place_of_a_draft() {
    let mut sections = sections(&World::full(), Language::Lv, None);
    let own = [("links-total", "Manis."), ("completeness-field", "Arī mans."), ("nav-tadas", "Nekam.")];
    let own = own.map(|(id, text)| (id.to_owned(), text.to_owned())).into_iter().collect();
    assert_eq!(pack::put(&mut sections, &own), ["nav-tadas"]);
    let tables = sections.iter().flat_map(|section| &section.measures);
    let by_analyst: Vec<_> = tables.filter(|table| table.author == Author::Analyst).collect();
    let told: Vec<_> = by_analyst.iter().map(|table| (table.id.as_str(), table.sentence.as_deref().unwrap())).collect();
    assert_eq!(told, [("completeness-field", "Arī mans."), ("links-total", "Manis.")]);
}

#[test]
fn every_table_can_have_an_analysts_text() {
    for section in sections(&World::full(), Language::Lv, None) {
        for table in section.measures {
            assert!(pack::TABLES.contains(&table.id.as_str()), "{}", table.id);
        }
    }
}
