//! The same numbers, record by record, from what model.md and the sources say.

use std::collections::{BTreeMap, BTreeSet};

use super::world::{CATALOGUES, OWNERS, PURPOSES, Service, World};

fn at(owner: &str) -> usize {
    OWNERS.iter().position(|(number, ..)| *number == owner).unwrap()
}

fn open(world: &World) -> impl Iterator<Item = &Service> {
    world.registry.services.iter().filter(|service| service.stage != 2)
}

fn provided(world: &World) -> impl Iterator<Item = &Service> {
    open(world).filter(|service| service.stage != 1)
}

pub(crate) fn services<'a>(world: &'a World, owner: &str) -> Vec<&'a Service> {
    open(world).filter(|service| service.owner == at(owner)).collect()
}

/// Expected, registered.
pub(crate) fn portfolio(world: &World, owner: &str) -> (u64, u64) {
    let owner = at(owner);
    let declared: Vec<_> =
        world.registry.portfolio.iter().filter(|(of, _)| *of == owner).map(|(_, item)| *item).collect();
    let items = if declared.is_empty() && OWNERS[owner].2 == "pašvaldība" {
        let mut offering: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut municipalities = BTreeSet::new();
        for service in open(world).filter(|service| OWNERS[service.owner].2 == "pašvaldība") {
            if let Some(group) = service.group {
                offering.entry(group).or_default().insert(service.owner);
                municipalities.insert(service.owner);
            }
        }
        let shared = |by: &BTreeSet<usize>| by.len() >= 2 && by.len() * 2 >= municipalities.len();
        offering.iter().filter(|(_, by)| shared(by)).map(|(group, _)| Err(*group)).collect()
    } else {
        declared
    };
    let has = |item: &&Result<usize, usize>| {
        open(world).filter(|service| service.owner == owner).any(|service| match item {
            Ok(code) => service.code == *code,
            Err(group) => service.group == Some(*group),
        })
    };
    (items.len() as u64, items.iter().filter(has).count() as u64)
}

/// Described groups of a service.
pub(crate) fn described(_world: &World, service: &Service) -> u64 {
    let general = service.kind == Some(1);
    let groups = [
        true,
        service.kind.is_some() && (general || !service.audience.is_empty()),
        service.acts,
        service.manager,
        general || (service.channels && service.expected && service.statutory),
        service.resource,
        service.kpis || service.rating,
        service.description,
    ];
    groups.iter().filter(|described| **described).count() as u64
}

/// Placed, due, unknown.
pub(crate) fn placements(world: &World, owner: Option<&str>, catalogue: Option<&str>) -> (u64, u64, u64) {
    let (mut placed, mut due, mut unknown) = (0, 0, 0);
    for service in provided(world).filter(|service| owner.is_none_or(|owner| service.owner == at(owner))) {
        let wanted = [
            (0, service.kind == Some(0) && service.audience.contains(&0)),
            (1, service.kind == Some(0) && service.audience.contains(&1)),
            (2, matches!(service.kind, Some(2 | 3))),
        ];
        for (at, _) in
            wanted.iter().filter(|(at, wanted)| *wanted && catalogue.is_none_or(|only| CATALOGUES[*at] == only))
        {
            due += 1;
            let mut best = None;
            for entry in world.registry.entries.iter().filter(|entry| entry.catalogue == *at) {
                if !entry.codes.contains(&service.code) {
                    continue;
                }
                if entry.owner.is_some_and(|owner| owner != service.owner) {
                    continue;
                }
                let of_code = || {
                    open(world)
                        .filter(|other| other.code == service.code && entry.owner.is_none_or(|o| o == other.owner))
                };
                let numbered = |other: &Service| other.ep_id == Some(entry.number);
                let told = of_code().any(numbered);
                if told && !numbered(service) {
                    continue;
                }
                let sure = numbered(service) || of_code().count() == 1;
                best = best.max(Some(sure));
            }
            placed += u64::from(best == Some(true));
            unknown += u64::from(best == Some(false));
        }
    }
    (placed, due, unknown)
}

/// Of what catalogues show of an institution (of any): shown, out of date, not registered.
pub(crate) fn listings(world: &World, owner: Option<&str>) -> (u64, u64, u64) {
    let (mut shown, mut stale, mut unregistered) = (0, 0, 0);
    for entry in world.registry.entries.iter().filter(|entry| CATALOGUES[entry.catalogue] != "cits") {
        let codes: Vec<Option<usize>> =
            if entry.codes.is_empty() { vec![None] } else { entry.codes.iter().copied().map(Some).collect() };
        for code in &codes {
            let theirs = |service: &&Service| {
                Some(service.code) == *code && entry.owner.is_none_or(|owner| owner == service.owner)
            };
            let candidates: Vec<&Service> = open(world).filter(theirs).collect();
            let numbered: Vec<&Service> =
                candidates.iter().copied().filter(|service| service.ep_id == Some(entry.number)).collect();
            let only = match (numbered.as_slice(), candidates.as_slice()) {
                ([one], _) | ([], [one]) => Some(*one),
                _ => None,
            };
            let whose = only.map(|service| service.owner).or(entry.owner);
            if owner.is_some_and(|owner| whose != Some(at(owner))) {
                continue;
            }
            shown += 1;
            unregistered += u64::from(code.is_some() && candidates.is_empty());
            stale += u64::from(only.is_some() && codes.len() == 1 && entry.seen == 2);
        }
    }
    (shown, stale, unregistered)
}

/// Met, known, applicable; of what these registries can say.
pub(crate) fn readiness(world: &World, owner: &str) -> (u64, u64, u64) {
    let (mut met, mut known, mut applicable) = (0, 0, 0);
    let own: Vec<&Service> = services(world, owner);
    let keeps = |has: fn(&Service) -> bool| own.iter().any(|service| has(service));
    let by_field = |is: bool, kept: bool| if is { Some(true) } else { kept.then_some(false) };
    for service in provided(world).filter(|service| service.owner == at(owner)) {
        if matches!(service.kind, Some(2 | 3)) {
            continue;
        }
        let general = service.kind == Some(1);
        let for_persons = service.audience.is_empty() || service.audience.contains(&0);
        // Some(x): known; None: unknown. Thirty requirements, without those that do not apply.
        let mut inapplicable = 0;
        let mut values = Vec::new();
        // Online: an application, else the channels say that there is none.
        if service.application {
            values.push(Some(true));
        } else if general {
            inapplicable += 1;
        } else {
            values.push(service.channels.then_some(false));
        }
        values.push(by_field(service.faq, keeps(|s| s.faq)));
        values.push(by_field(service.rating, keeps(|s| s.rating)));
        // No video among the channels that are known.
        values.push(service.channels.then_some(false));
        // Channels without a visit: nothing to be recorded in person.
        inapplicable += u64::from(service.channels);
        for is in [service.expected, service.statutory] {
            match (is, general) {
                (true, _) => values.push(Some(true)),
                (false, true) => inapplicable += 1,
                (false, false) => values.push(Some(false)),
            }
        }
        // Appeal: no such field here; not asked of general benefit.
        inapplicable += u64::from(general);
        values.push(service.application.then_some(true));
        inapplicable += if for_persons { 0 } else { 3 };
        met += values.iter().filter(|value| **value == Some(true)).count() as u64;
        known += values.iter().flatten().count() as u64;
        applicable += 30 - inapplicable;
    }
    (met, known, applicable)
}

/// Institutions that have a group, and that have it not.
pub(crate) fn technology(world: &World, group: &str) -> (u64, u64) {
    let mut by_owner: BTreeMap<usize, bool> = BTreeMap::new();
    for (owner, purpose, uses) in &world.registry.uses {
        if PURPOSES[*purpose].1 == group {
            *by_owner.entry(*owner).or_default() |= uses;
        }
    }
    let has = by_owner.values().filter(|uses| **uses).count();
    (has as u64, (by_owner.len() - has) as u64)
}
