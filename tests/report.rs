//! The whole report: an analyst's texts, change since an earlier assessment and between waves, explanations.

use std::fs;

use serde_json::Value;

use crate::support::Project;

fn report(project: &Project, day: &str) -> Value {
    let path = project.path("var/reports").join(day).join("report.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Tables of the sections whose id begins so.
fn measures<'a>(report: &'a Value, section: &str) -> Vec<&'a Value> {
    let sections = report["sections"].as_array().unwrap().iter();
    let of = sections.filter(|found| found["id"].as_str().unwrap().starts_with(section));
    of.flat_map(|section| section["measures"].as_array().into_iter().flatten()).collect()
}

#[test]
fn from_one_assessment_to_the_next() {
    let project = Project::samples_without_pdf();
    project.run(&[]).ends(0);
    let first = report(&project, "2024-07-08");
    let numbers: Vec<&str> =
        first["sections"].as_array().unwrap().iter().filter_map(|s| s["number"].as_str()).collect();
    for part in ["1", "2", "3", "4", "5", "6", "8"] {
        assert!(numbers.contains(&part), "{numbers:?}");
    }
    assert!(measures(&first, "change").is_empty(), "the wave of 2025 had not begun");
    assert_eq!(measures(&first, "score")[0]["mark"], "Metodika nav apstiprināta");

    // An analyst's text stands instead of the draft.
    project.file(
        "config/pipelines/samples/conclusions.toml",
        "[lv]\n\"1.1-6\" = \"Divas trešdaļas jau reģistrē.\"\n\"links-total\" = \"Gandrīz viss ir sasaistīts.\"\n",
    );
    let again = project.vienkop(&["assess", "--as-of", "2024-07-08", "--json"]).ends(0).json();
    assert!(again["reports"][0].as_str().unwrap().ends_with("report.html"));
    let own = report(&project, "2024-07-08");
    let links = measures(&own, "coverage-links")[0];
    assert_eq!(
        (links["sentence"].as_str(), links["author"].as_str()),
        (Some("Gandrīz viss ir sasaistīts."), Some("analyst"))
    );
    let html = fs::read_to_string(project.path("var/reports/2024-07-08/report.html")).unwrap();
    assert_eq!(html.matches("analītiķa teksts").count(), 2);
    project.file("config/pipelines/samples/conclusions.toml", "[lv]\n\"1.1-60\" = \"Nekam.\"\n");
    let refused = project.vienkop(&["assess", "--as-of", "2024-07-08"]).ends(2).stderr;
    assert!(refused.contains("conclusions.toml:2") && refused.contains("1.1-6"), "{refused}");
    fs::remove_dir_all(project.path("config/pipelines/samples")).unwrap();

    // A year later another wave is there: it is compared with the one before, or with the report of then.
    project.vienkop(&["assess", "--as-of", "2025-07-01"]).ends(0);
    let second = report(&project, "2025-07-01");
    let change = measures(&second, "change");
    let of = |id: &str| *change.iter().find(|table| table["id"] == id).unwrap();
    let points = |table: &Value| table["rows"][0]["cells"][2]["value"].as_str().unwrap().to_owned();
    assert_eq!(points(of("change-1.1-6")), "11.29", "66.21 -> 77.50");
    assert_eq!(change.len(), 7, "the figures that both waves have, and nothing else");

    let day = ["assess", "--as-of", "2025-07-01", "--previous", "2024-07-08"];
    project.vienkop(&day).ends(0);
    let third = report(&project, "2025-07-01");
    assert!(measures(&third, "change").len() > 7, "numbers of other sections, too");
    let league = measures(&third, "score")[0];
    assert!(league["columns"].as_array().unwrap().iter().any(|column| column["key"] == "trend"));
    let folder = project.path("var/reports/2024-07-08").display().to_string();
    project.vienkop(&["assess", "--as-of", "2025-07-01", "--previous", &folder]).ends(0);
    assert_eq!(report(&project, "2025-07-01"), third);
    let none = project.vienkop(&["assess", "--as-of", "2025-07-01", "--previous", "2001-01-01"]).ends(2).stderr;
    assert!(none.contains("2001-01-01"), "{none}");
}

#[test]
fn a_number_is_explained() {
    let project = Project::samples_without_pdf();
    project.run(&[]).ends(0);
    let explain = |id: &str| project.vienkop(&["explain", id, "--as-of", "2024-07-08", "--json"]).ends(0).json();
    let yes = explain("1.1-6/yes");
    assert_eq!((&yes["number"], &yes["agrees"]), (&96.into(), &true.into()));
    let records = yes["records"].as_array().unwrap();
    assert_eq!(records.len(), 96);
    assert!(records[..20].iter().all(|record| record["cell"].as_str().is_some_and(|cell| cell.contains("VIRSIS"))));
    assert!(records.iter().all(|record| record["sources"][0].as_str().unwrap().starts_with("aptauja-2024")));
    let needs = explain("need?met=no");
    assert_eq!(
        (&needs["number"], needs["records"][0]["name"].as_str().unwrap().contains("DS05-V03")),
        (&1.into(), true)
    );
    let volumes = report(&project, "2024-07-08");
    let channels = measures(&volumes, "performance-volume").into_iter().find(|table| table["id"] == "volume-channel");
    for cell in channels.unwrap()["rows"][0]["cells"].as_array().unwrap().iter().take(3) {
        let found = explain(cell["id"].as_str().unwrap());
        assert_eq!(found["number"].to_string(), cell["value"].as_str().unwrap(), "{cell}");
        assert_eq!(found["agrees"], true);
    }
    let table = explain("1.1-6");
    assert_eq!(table[0]["id"], "1.1-6/yes");
    // A median is that of the requests with their times, the shortest first; steps, that of stays.
    for id in ["time-channel/pasts/median_seconds", "steps-total/izpildē/p90_working_seconds"] {
        let found = explain(id);
        let records = found["records"].as_array().unwrap();
        assert_eq!((&found["agrees"], &found["time"]), (&true.into(), &found["value"]), "{id}");
        assert!(records.len() > 10 && found["number"] == records.len(), "{id}: {found:#}");
        let times = records.iter().map(|record| record["name"].as_str().unwrap().rsplit_once(": ").unwrap().1);
        let hours: Vec<f64> = times.map(crate::forms::hours).collect();
        let shown = crate::forms::hours(found["value"].as_str().unwrap());
        assert!(hours[0] <= shown && shown <= hours[hours.len() - 1] + 0.5, "{id}: {shown} of {hours:?}");
    }
    let within = explain("time-channel/pasts/expected_share");
    assert_eq!(
        (&within["agrees"], within["number"] == within["records"].as_array().unwrap().len()),
        (&true.into(), true)
    );
    let forecast = explain("forecast-total/izpildē/remaining_median_seconds");
    assert_eq!((&forecast["agrees"], &forecast["time"]), (&true.into(), &forecast["value"]));
    // What is worked out from other numbers leads to them.
    let score = measures(&volumes, "score")[0]["rows"][0]["cells"][1]["id"].as_str().unwrap().to_owned();
    let parts = explain(&score);
    let parts: Vec<&str> = parts.as_array().unwrap().iter().map(|part| part["id"].as_str().unwrap()).collect();
    assert!(parts.len() > 5 && parts.iter().any(|part| part.ends_with("/part_needs")), "{score}: {parts:?}");
    let said = project.vienkop(&["explain", "1.1-6/maybe", "--as-of", "2024-07-08"]).ends(2).stderr;
    assert!(said.contains("1.1-6/yes"), "{said}");
}
