//! Small registries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::{Date, date};
use polars::prelude::*;
use proptest::prelude::*;
use vienkop_transforms::assess::facts::{Facts, Inputs};
use vienkop_transforms::assess::pack::{Compared, Made, Pack};
use vienkop_transforms::assess::performance::{Names, Style};
use vienkop_transforms::assess::report::{Report, Section};
use vienkop_transforms::assess::score::ScoreSettings;
use vienkop_transforms::assess::survey;
use vienkop_transforms::codelist::{Code, CodeList, CodeLists};
use vienkop_transforms::holdings::Holdings;
use vienkop_transforms::publish::catalogues::CatalogueSettings;
use vienkop_transforms::texts::{Language, Texts};

pub(crate) const DAY: Date = date(2024, 7, 8);

/// Registration numbers with kinds: three municipalities, an agency, one that has nothing.
pub(crate) const OWNERS: [(&str, &str, &str); 5] = [
    ("90000000001", "Ērgļupes novads", "pašvaldība"),
    ("90000000002", "Viesturciems", "pašvaldība"),
    ("90000000003", "Mežmala", "pašvaldība"),
    ("90000000004", "Zemes dienests", "ministrijas padotības iestāde"),
    ("90000000005", "Klusā iestāde", "cita valsts iestāde"),
];

pub(crate) const KINDS: [&str; 4] = [
    "publisks individuāla labuma",
    "publisks vispārēja labuma",
    "starpiestāžu koplietošanas",
    "starpiestāžu individuālas lietošanas",
];
pub(crate) const AUDIENCES: [&str; 3] = ["iedzīvotājs", "uzņēmējs", "iestāde"];
pub(crate) const CODES: [&str; 4] = ["01", "02", "A \"x\"", "03\\1"];
pub(crate) const GROUPS: [&str; 3] = ["SPP-01", "SPP-02", "SPP-03"];
pub(crate) const CATALOGUES: [&str; 5] =
    ["latvija.gov.lv", "business.gov.lv", "virsis.gov.lv", "iestādes tīmekļvietne", "cits"];

#[expect(clippy::struct_excessive_bools, reason = "what is filled, each by itself")]
#[derive(Debug, Clone, Default)]
pub(crate) struct Service {
    pub(crate) owner: usize,
    pub(crate) code: usize,
    pub(crate) kind: Option<usize>,
    pub(crate) audience: Vec<usize>,
    pub(crate) group: Option<usize>,
    pub(crate) ep_id: Option<usize>,
    /// `sniegts`, `plānots`, `likvidēts`, or nothing.
    pub(crate) stage: usize,
    pub(crate) manager: bool,
    pub(crate) channels: bool,
    pub(crate) expected: bool,
    pub(crate) statutory: bool,
    pub(crate) description: bool,
    pub(crate) acts: bool,
    pub(crate) kpis: bool,
    pub(crate) faq: bool,
    pub(crate) rating: bool,
    pub(crate) resource: bool,
    pub(crate) application: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    pub(crate) catalogue: usize,
    pub(crate) number: usize,
    pub(crate) codes: Vec<usize>,
    /// The institution, where the catalogue names it.
    pub(crate) owner: Option<usize>,
    /// The content that it shows: not told, that of its first service, another.
    pub(crate) seen: usize,
}

/// What the registry holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registry {
    pub(crate) services: Vec<Service>,
    /// Institution, and a code or a group.
    pub(crate) portfolio: Vec<(usize, Result<usize, usize>)>,
    pub(crate) entries: Vec<Entry>,
    /// Institution, purpose, whether it uses something.
    pub(crate) uses: Vec<(usize, usize, bool)>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) registry: Registry,
}

pub(crate) const PURPOSES: [(&str, &str); 4] = [
    ("registration-of-services", "T1"),
    ("self-service-website", "T2"),
    ("self-service-app", "T2"),
    ("request-management", "T3"),
];

pub(crate) fn world() -> impl Strategy<Value = World> {
    let bits = prop::collection::vec(any::<bool>(), 11);
    let service = (
        (0..4_usize, 0..CODES.len(), prop::option::of(0..KINDS.len()), prop::collection::btree_set(0..3_usize, 0..3)),
        (prop::option::of(0..GROUPS.len()), prop::option::of(0..4_usize), 0..4_usize, bits),
    );
    let service = service.prop_map(|((owner, code, kind, audience), (group, ep_id, stage, bits))| Service {
        owner,
        code,
        kind,
        audience: audience.into_iter().collect(),
        group,
        ep_id,
        stage,
        manager: bits[0],
        channels: bits[1],
        expected: bits[2],
        statutory: bits[3],
        description: bits[4],
        acts: bits[5],
        kpis: bits[6],
        faq: bits[7],
        rating: bits[8],
        resource: bits[9],
        application: bits[10],
    });
    let item = prop_oneof![(0..CODES.len()).prop_map(Ok), (0..GROUPS.len()).prop_map(Err)];
    let codes = prop::collection::btree_set(0..CODES.len(), 0..3);
    let entry = (0..CATALOGUES.len(), 0..6_usize, codes, prop::option::of(0..4_usize), 0..3_usize);
    let entry = entry.prop_map(|(catalogue, number, codes, owner, seen)| {
        let codes = codes.into_iter().collect();
        Entry { catalogue, number, codes, owner, seen }
    });
    (
        prop::collection::vec(service, 1..9),
        prop::collection::vec((0..4_usize, item), 0..6),
        prop::collection::vec(entry, 0..6),
        prop::collection::vec((0..5_usize, 0..PURPOSES.len(), any::<bool>()), 0..8),
    )
        .prop_map(|(services, portfolio, entries, uses)| World {
            registry: Registry { services, portfolio, entries, uses }.without_twins(),
        })
}

impl Registry {
    /// A key is there once.
    fn without_twins(mut self) -> Self {
        let mut seen = std::collections::BTreeSet::new();
        self.services.retain(|service| seen.insert((service.owner, service.code)));
        let mut seen = std::collections::BTreeSet::new();
        self.portfolio.retain(|item| seen.insert(*item));
        let mut seen = std::collections::BTreeSet::new();
        self.entries.retain(|entry| seen.insert((entry.catalogue, entry.number)));
        let mut seen = std::collections::BTreeSet::new();
        self.uses.retain(|(owner, purpose, _)| seen.insert((*owner, *purpose)));
        self
    }
}

impl World {
    /// One of everything.
    pub(crate) fn full() -> Self {
        let whole = Service {
            kind: Some(0),
            audience: vec![0, 1],
            group: Some(0),
            ep_id: Some(1),
            manager: true,
            channels: true,
            expected: true,
            statutory: true,
            description: true,
            acts: true,
            kpis: true,
            faq: true,
            rating: true,
            resource: true,
            application: true,
            ..Service::default()
        };
        let services = vec![
            whole.clone(),
            Service { code: 1, kind: Some(1), group: Some(1), ep_id: None, faq: false, rating: false, ..whole.clone() },
            Service { owner: 1, kind: Some(0), group: Some(0), ..Service::default() },
            Service { owner: 1, code: 2, kind: Some(2), stage: 1, ..whole.clone() },
            Service {
                owner: 3,
                code: 3,
                kind: Some(3),
                audience: vec![2],
                group: None,
                resource: false,
                ..whole.clone()
            },
            Service { owner: 3, code: 1, stage: 2, ..whole },
        ];
        let entry = |catalogue, number, code| Entry { catalogue, number, codes: vec![code], owner: None, seen: 0 };
        let registry = Registry {
            services,
            portfolio: vec![(0, Err(0)), (0, Err(2)), (3, Ok(3)), (3, Ok(0))],
            entries: vec![
                entry(0, 1, 0),
                Entry { owner: Some(0), seen: 1, ..entry(1, 2, 0) },
                Entry { seen: 2, ..entry(2, 3, 3) },
                entry(0, 4, 1),
                Entry { owner: Some(3), ..entry(0, 5, 1) },
                Entry { owner: Some(1), ..entry(3, 1, 3) },
            ],
            uses: vec![(0, 0, true), (0, 1, true), (0, 3, false), (1, 0, false), (1, 1, false), (3, 2, true)],
        };
        Self { registry }
    }

    pub(crate) fn owners() -> impl Iterator<Item = &'static str> {
        OWNERS.iter().map(|(number, ..)| *number)
    }

    /// Everything in another order.
    pub(crate) fn turn(&mut self) {
        self.registry.services.reverse();
        self.registry.portfolio.reverse();
        self.registry.entries.reverse();
        self.registry.uses.reverse();
    }
}

pub(crate) fn uid(service: &Service) -> String {
    format!("service-{}-{}", service.owner, service.code)
}

fn json(items: impl Iterator<Item = &'static str>) -> Option<String> {
    let items: Vec<&str> = items.collect();
    (!items.is_empty()).then(|| serde_json::to_string(&items).unwrap())
}

/// A frame with every column of an entity; those not given are empty.
fn frame(entity: &str, given: &DataFrame) -> DataFrame {
    let entity = vienkop_transforms::model::entity(entity).unwrap();
    let mut whole = given.clone();
    for (name, storage) in entity.fields.iter().flat_map(vienkop_transforms::model::Field::storage) {
        if given.column(&name).is_err() {
            let dtype = match storage {
                vienkop_transforms::model::Storage::Text => DataType::String,
                vienkop_transforms::model::Storage::Integer => DataType::Int64,
                vienkop_transforms::model::Storage::Boolean => DataType::Boolean,
            };
            whole.with_column(Column::full_null(name.into(), given.height(), &dtype)).unwrap();
        }
    }
    whole
}

fn inputs(world: &World) -> Inputs {
    let registry = &world.registry;
    let all = &registry.services;
    macro_rules! each {
        ($of:expr, $make:expr) => {
            $of.iter().map($make).collect::<Vec<_>>()
        };
    }
    let text = |is: bool| is.then_some("ir");
    let services = df!(
        "uid" => each!(all, uid),
        "owner_reg_no" => each!(all, |s: &Service| OWNERS[s.owner].0),
        "code" => each!(all, |s: &Service| CODES[s.code]),
        "name" => each!(all, |s: &Service| format!("Pakalpojums {}", s.code)),
        "kind" => each!(all, |s: &Service| s.kind.map(|kind| KINDS[kind])),
        "audience" => each!(all, |s: &Service| json(s.audience.iter().map(|at| AUDIENCES[*at]))),
        "group_code" => each!(all, |s: &Service| s.group.map(|group| GROUPS[group])),
        "ep_id" => each!(all, |s: &Service| s.ep_id.map(|id| format!("EP{id}"))),
        "lifecycle" => each!(all, |s: &Service| [None, Some("plānots"), Some("likvidēts"), Some("sniegts")][s.stage]),
        "manager_name" => each!(all, |s: &Service| text(s.manager)),
        "request_channels" => each!(all, |s: &Service| s.channels.then_some("[\"pasts\"]")),
        "expected_time_value" => each!(all, |s: &Service| text(s.expected)),
        "statutory_time_value" => each!(all, |s: &Service| text(s.statutory)),
        "description" => each!(all, |s: &Service| text(s.description)),
        "rating_avg" => each!(all, |s: &Service| s.rating.then_some("4.5")),
    )
    .unwrap();
    let have =
        |has: fn(&Service) -> bool| df!("uid" => all.iter().filter(|s| has(s)).map(uid).collect::<Vec<_>>()).unwrap();
    let children =
        BTreeMap::from([("legal_acts", have(|s| s.acts)), ("kpis", have(|s| s.kpis)), ("faq", have(|s| s.faq))]);
    let institutions = df!(
        "uid" => OWNERS.map(|(number, ..)| format!("institution-{number}")),
        "reg_no" => OWNERS.map(|(number, ..)| number), "name" => OWNERS.map(|(_, name, _)| name),
        "kind" => OWNERS.map(|(.., kind)| kind),
    )
    .unwrap();
    let linked: Vec<&Service> = all.iter().filter(|service| service.resource).collect();
    let resources = df!(
        "uid" => each!(linked, |s: &&Service| format!("link-{}", uid(s))),
        "owner_reg_no" => each!(linked, |s: &&Service| OWNERS[s.owner].0),
        "service_code" => each!(linked, |s: &&Service| CODES[s.code]),
    )
    .unwrap();
    let with_application: Vec<&Service> = all.iter().filter(|service| service.application).collect();
    let applications = df!(
        "uid" => each!(with_application, |s: &&Service| format!("application-{}", uid(s))),
        "owner_reg_no" => each!(with_application, |s: &&Service| OWNERS[s.owner].0),
        "service_code" => each!(with_application, |s: &&Service| CODES[s.code]),
        "kind" => each!(with_application, |_: &&Service| "e-lietotne"),
        "auth_levels" => each!(with_application, |_: &&Service| "[\"augsta\"]"),
    )
    .unwrap();
    let item = |item: &Result<usize, usize>| match item {
        Ok(code) => CODES[*code],
        Err(group) => GROUPS[*group],
    };
    let portfolio = df!(
        "uid" => each!(registry.portfolio, |(owner, of)| format!("portfolio-{owner}-{}", item(of))),
        "reg_no" => each!(registry.portfolio, |(owner, _)| OWNERS[*owner].0),
        "item" => each!(registry.portfolio, |(_, of)| item(of)),
        "service_code" => each!(registry.portfolio, |(_, of)| of.ok().map(|code| CODES[code])),
        "group_code" => each!(registry.portfolio, |(_, of)| of.err().map(|group| GROUPS[group])),
    )
    .unwrap();
    let entries = &registry.entries;
    let catalogue = df!(
        "uid" => each!(entries, |e: &Entry| format!("entry-{}-{}", e.catalogue, e.number)),
        "catalogue" => each!(entries, |e: &Entry| CATALOGUES[e.catalogue]),
        "entry_id" => each!(entries, |e: &Entry| format!("EP{}", e.number)),
        "name" => each!(entries, |e: &Entry| format!("Piedāvājums {}", e.number)),
        "service_codes" => each!(entries, |e: &Entry| json(e.codes.iter().map(|code| CODES[*code]))),
        "owner_reg_no" => each!(entries, |e: &Entry| e.owner.map(|owner| OWNERS[owner].0)),
        "content_hash_seen" => each!(entries, |e: &Entry| match e.seen {
            0 => None,
            1 => Some(format!("sha256:{}", e.codes.first().unwrap_or(&0))),
            _ => Some("SHA256:F00".to_owned()),
        }),
    )
    .unwrap();
    let open: Vec<&Service> = all.iter().filter(|s| s.stage != 2).collect();
    let lacking: Vec<&&Service> = open.iter().filter(|s| s.stage != 1 && !s.resource).collect();
    let entities = [
        ("institution", institutions),
        ("service", services),
        ("service_resource", resources),
        ("application", applications),
        ("portfolio", portfolio),
        ("catalogue_entry", catalogue),
    ];
    Inputs {
        held: Holdings {
            entities: entities.into_iter().map(|(name, given)| (name, frame(name, &given))).collect(),
            service_children: children,
        },
        hashes: df!(
            "uid" => each!(open, |s: &&Service| uid(s)),
            "hash" => each!(open, |s: &&Service| format!("sha256:{}", s.code)),
        )
        .unwrap(),
        lacking: df!(
            "code" => vec!["L003"; lacking.len()], "entity" => vec!["service"; lacking.len()],
            "uid" => each!(lacking, |s: &&&Service| uid(s)),
            "owner_reg_no" => each!(lacking, |s: &&&Service| OWNERS[s.owner].0),
        )
        .unwrap(),
        freshness: df!(
            "uid" => each!(open, |s: &&Service| uid(s)),
            "changed_at" => each!(open, |_: &&Service| "2023-01-01T00:00:00Z"),
            "delivered_at" => each!(open, |s: &&Service| if s.owner == 0 { "2024-07-01T10:00:00Z" } else { "2022-01-01T00:00:00Z" }),
        )
        .unwrap(),
        uses: df!(
            "reg_no" => each!(registry.uses, |(owner, ..)| OWNERS[*owner].0),
            "purpose" => each!(registry.uses, |(_, purpose, _)| PURPOSES[*purpose].0),
            "uses" => each!(registry.uses, |(.., uses)| *uses),
        )
        .unwrap(),
        deliveries: df!(
            "source" => ["a", "b"], "status" => ["ok", "failed"], "as_of" => ["2024-07-08"; 2],
            "last_new_at" => [Some("2024-07-08T00:00:00Z"), None], "title" => [Some("Avots A"), None],
            "institution" => [Some(OWNERS[0].0), None], "late" => [Some("no"), None],
            "standing" => [1_i64, 0], "read" => [12_i64, 0], "skipped" => [1_i64, 0], "rejected" => [1_i64, 0], "mapped" => [10_i64, 0],
            "accepted" => [8_i64, 0], "quarantined" => [1_i64, 0], "duplicates" => [1_i64, 0], "inserted" => [8_i64, 0],
            "changed" => [0_i64, 0], "retired" => [0_i64, 0], "unchanged" => [0_i64, 0],
        )
        .unwrap(),
        findings: df!(
            "source" => ["a", "a", "b"], "code" => ["V002", "V001", "F001"], "severity" => ["warning", "error", "error"],
            "findings" => [3_i64, 1, 1],
        )
        .unwrap(),
        recorded: DataFrame::default(),
    }
}

fn config(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config").join(file)
}

fn code_list(name: &str) -> CodeList {
    let mut reader = csv::Reader::from_path(config(&format!("codelists/{name}.csv"))).unwrap();
    let header = reader.headers().unwrap().clone();
    let code = |row: csv::StringRecord| Code {
        code: row[0].to_owned(),
        label_lv: row[1].to_owned(),
        label_en: row[2].to_owned(),
        aliases: Vec::new(),
        extra: header.iter().zip(&row).skip(4).map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    };
    CodeList::new(name, reader.records().map(|row| code(row.unwrap())).collect()).0
}

fn lists() -> CodeLists {
    CodeLists::new(["purposes", "conditions", "technology_groups", "catalogues", "institution_kinds"].map(code_list))
}

pub(crate) fn settings() -> ScoreSettings {
    ScoreSettings::shipped().unwrap()
}

pub(crate) fn facts(world: &World) -> Facts {
    Facts::new(&inputs(world), &lists(), &settings(), &CatalogueSettings::shipped().unwrap(), DAY).unwrap()
}

fn texts(language: Language) -> Texts {
    let source = std::fs::read_to_string(config(&format!("texts/{}.ftl", language.code()))).unwrap();
    Texts::parse(language, &source).unwrap()
}

pub(crate) fn sections(world: &World, language: Language, compared: Option<&Compared<'_>>) -> Vec<Section> {
    let (facts, lists, settings, texts) = (facts(world), lists(), settings(), texts(language));
    let inputs = inputs(world);
    let names = Names::new(&inputs.held.entities["institution"], &inputs.held.entities["service"]).unwrap();
    let style = Style { texts: &texts, working_day: 28_800 };
    let pack = Pack { facts: &facts, names: &names, lists: &lists, style: &style, settings: &settings };
    pack.sections(Made { survey: Vec::new(), performance: Vec::new() }, compared).unwrap()
}

pub(crate) fn report(world: &World, language: Language) -> Report {
    survey::report(date(2023, 7, 1), &texts(language), sections(world, language, None))
}
