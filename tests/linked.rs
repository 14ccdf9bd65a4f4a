//! `vienkop publish`: CPSV-AP and DCAT-AP of the samples, against the shapes and the registry.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use oxrdf::Graph;
use serde_json::Value;

use crate::support::{Project, checkout};
use shapes::{CPSV, DCAT, count, json_ld, turtle, violations};

#[path = "../transforms/tests/linked/shapes.rs"]
mod shapes;

const FORMS: [&str; 4] = ["cpsv.jsonld", "cpsv.ttl", "dcat.jsonld", "dcat.ttl"];

/// The samples, of which only linked data is published, and no report is written.
fn samples() -> Project {
    let project = Project::samples();
    let pipeline = project.path("config/pipelines/samples.toml");
    let text = fs::read_to_string(&pipeline).unwrap();
    let (sources, _) = text.split_once("[publish]").unwrap();
    fs::write(pipeline, format!("{sources}[publish]\nemit = [\"cpsv\", \"dcat\"]\n")).unwrap();
    project
}

/// The files that are published, without the list of them.
fn published(project: &Project, day: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let folder = format!("var/publish/{day}");
    let top = project.path(&folder);
    let found = project.everything_below(&folder).into_iter();
    let named = found.map(|(path, content)| (path.strip_prefix(&top).unwrap().to_owned(), content));
    named.filter(|(path, _)| !path.ends_with("publication.json")).collect()
}

fn records(entity: &str) -> Vec<Value> {
    let path = checkout().join(format!("data-samples/expected/registry/{entity}.ndjson"));
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_samples_are_published_as_the_registry_has_them() {
    let project = samples();
    let run = project.run(&["--lang", "lv"]).ends(0).json();
    let told = &run["publication"]["linked"];
    let files = published(&project, "2024-07-08");
    let names: Vec<&str> = files.keys().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(names, FORMS);
    let read = |profile: &str| {
        let graph = turtle(&files[&PathBuf::from(format!("{profile}.ttl"))]);
        assert_eq!(graph, json_ld(&files[&PathBuf::from(format!("{profile}.jsonld"))]), "{profile}");
        graph
    };
    let (cpsv, dcat) = (read("cpsv"), read("dcat"));
    let both: Graph = cpsv.iter().chain(dcat.iter()).map(oxrdf::TripleRef::into_owned).collect();
    for graph in [&cpsv, &dcat, &both] {
        assert_eq!(violations(graph, CPSV), Vec::<String>::new());
        assert_eq!(violations(graph, DCAT), Vec::<String>::new());
    }

    let text = |record: &Value, name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let provided = |service: &&Value| {
        let stage = match text(service, "lifecycle").as_str() {
            "" => text(service, "phase"),
            lifecycle => lifecycle.to_owned(),
        };
        !matches!(stage.as_str(), "plānots" | "likvidēts" | "plānošana" | "likvidēšana")
    };
    let (services, resources) = (records("service"), records("resource"));
    let services: Vec<&Value> = services.iter().filter(provided).collect();
    let data = resources.iter().filter(|record| text(record, "kind") == "informācijas resurss").count();
    let costs: usize = services.iter().map(|service| service["fees"].as_array().map_or(0, Vec::len)).sum();
    // All of them name owners that the list of institutions has, and so does the publisher.
    for (graph, profile, class, expected) in [
        (&cpsv, "cpsv", "cpsv:PublicService", services.len()),
        (&cpsv, "cpsv", "cv:PublicOrganisation", records("institution").len()),
        (&cpsv, "cpsv", "cv:Event", records("life_event").len()),
        (&cpsv, "cpsv", "vk:Need", records("need").len()),
        (&cpsv, "cpsv", "cv:Cost", costs),
        (&dcat, "dcat", "dcat:Dataset", data),
        (&dcat, "dcat", "dcat:CatalogRecord", services.len() + resources.len()),
    ] {
        assert!(expected > 0, "{class}");
        assert_eq!(count(graph, class), expected, "{class}");
        assert_eq!(told[profile][class], expected, "{class}");
    }

    // Nothing of it depends on the hour.
    let again = project.vienkop(&["publish", "--as-of", "2024-07-09", "--json"]).ends(0).json();
    assert_eq!(again["linked"], *told);
    assert_eq!(published(&project, "2024-07-09"), files);
}

#[test]
fn without_an_address_of_its_own_an_installation_publishes_the_rest() {
    let project = Project::new();
    project.services("pakalpojumi", "code;name;owner_reg_no\n1;Viens;90000270634\n");
    project.pipeline(&["pakalpojumi"]);
    project.run(&[]).ends(0);
    let said = project.vienkop(&["publish", "--as-of", "2024-07-08"]).ends(0).stdout;
    assert!(said.contains("CPSV-AP is not published: config/vienkop.toml needs, in [publish], base_iri"), "{said}");
    assert!(said.contains("DCAT-AP is not published"), "{said}");
    assert!(FORMS.iter().all(|name| !project.path("var/publish/2024-07-08").join(name).exists()));

    let config = project.path("config/vienkop.toml");
    let text = fs::read_to_string(&config).unwrap();
    let with = |more: &str| fs::write(&config, format!("{text}[publish]\n{more}\n")).unwrap();
    for bad in [
        "https://registrs.example",
        "ftp://registrs.example/",
        "https://registrs.example/a b/",
        "https://x/?q=/",
        "id/",
    ] {
        with(&format!("base_iri = \"{bad}\"\npublisher = \"90000270634\""));
        let refused = project.vienkop(&["check"]).ends(2);
        assert!(refused.stderr.contains("config/vienkop.toml:6"), "{bad}: {}", refused.stderr);
    }

    with("base_iri = \"https://registrs.example/id/\"\npublisher = \"90000270634\"");
    let said = project.vienkop(&["publish", "--as-of", "2024-07-08"]).ends(0).stdout;
    for line in [
        "CPSV-AP: services 1, institutions 1, life events 0 (cpsv.ttl, cpsv.jsonld)",
        "DCAT-AP: data sets 0, data services 0, catalogue records 1 (dcat.ttl, dcat.jsonld)",
        "CPSV-AP: 1 service has its name in place of a description, since there is none and the standard demands one: \"Viens\".",
        "CPSV-AP: 1 institution has its registration number in place of a name, since the registry does not know them: 90000270634.",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(FORMS.iter().all(|name| project.path("var/publish/2024-07-08").join(name).exists()));
}
