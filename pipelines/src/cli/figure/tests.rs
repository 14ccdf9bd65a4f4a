//! Every number of a small report comes to itself again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use clap::Parser as _;

use super::*;
use crate::cli::{Cli, execute};

const SOURCES: [(&str, &str, &str, &str); 4] = [
    (
        "iestades",
        "institution",
        "reg_no = \"reg_no\"\nname = \"name\"\nkind = \"kind\"\n",
        "reg_no,name,kind\n90000270634,Ērgļupes novads,pašvaldība\n90009173103,Viesturciems,pašvaldība\n\
         90000069281,Zemes dienests,ministrijas padotības iestāde\n",
    ),
    (
        "pakalpojumi",
        "service",
        "owner_reg_no = \"owner\"\ncode = \"code\"\nname = \"name\"\nkind = \"kind\"\naudience = { column = \"audience\", split = [\"|\"] }\n\
         group_code = \"group\"\ndescription = \"description\"\nmanager_name = \"manager\"\n",
        "owner,code,name,kind,audience,group,description,manager\n\
         90000270634,01,Pabalsts,publisks individuāla labuma,iedzīvotājs|uzņēmējs,SPP-01,Apraksts,Ilze\n\
         90000270634,02,Apgaismojums,publisks vispārēja labuma,,,Apraksts,\n\
         90009173103,01,Pabalsti,publisks individuāla labuma,iedzīvotājs,SPP-01,,\n\
         90000069281,Z1,Kartes,starpiestāžu koplietošanas,iestāde,,Apraksts,Anna\n",
    ),
    (
        "portfelis",
        "portfolio",
        "reg_no = \"reg_no\"\nitem = \"item\"\nservice_code = \"item\"\n",
        "reg_no,item\n90000069281,Z1\n90000069281,Z2\n",
    ),
    (
        "aptauja",
        "survey_response",
        "wave = { value = \"2025\" }\nrespondent_reg_no = \"reg_no\"\nsubmitted_at = { column = \"at\", formats = [\"%Y-%m-%d\"] }\n\
         [table.unpivot]\nquestionnaire = \"2025\"\n",
        "reg_no,at,Vai Jūsu iestāde ir reģistrējusi savus pakalpojumus VIRSIS?,\
         Vai bez VIRSIS tiek izmantots kāds risinājums pakalpojumu uzskaitei?,Vai tiek mērīti pakalpojumu darbības rādītāji?\n\
         90000270634,2025-06-03,Jā,Nē,Jā\n90009173103,2025-06-04,Jā,Jā,\n90000069281,2025-06-05,Nē,,varbūt\n",
    ),
];

fn installation(folder: &Path) {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    for below in ["codelists", "questionnaires"] {
        fs_err::create_dir_all(folder.join("config").join(below)).unwrap();
        for entry in fs_err::read_dir(config.join(below)).unwrap() {
            let entry = entry.unwrap();
            fs_err::copy(entry.path(), folder.join("config").join(below).join(entry.file_name())).unwrap();
        }
    }
    for below in ["pipelines", "sources"] {
        fs_err::create_dir_all(folder.join("config").join(below)).unwrap();
    }
    let write = |name: &str, text: String| fs_err::write(folder.join(name), text).unwrap();
    write(
        "config/vienkop.toml",
        "language = \"lv\"\ntime_zone = \"Europe/Riga\"\nwork = \"var\"\ndefault_pipeline = \"all\"\n".to_owned(),
    );
    let ids: Vec<String> = SOURCES.iter().map(|(id, ..)| format!("\"{id}\"")).collect();
    write(
        "config/pipelines/all.toml",
        format!("title = \"all\"\nsources = [{}]\n[assess]\nquestionnaires = [\"2025\"]\n", ids.join(", ")),
    );
    for (id, entity, fields, csv) in SOURCES {
        write(
            &format!("config/sources/{id}.toml"),
            format!(
                "id = \"{id}\"\ntitle = \"{id}\"\ndelivers = \"snapshot\"\n[fetch]\nkind = \"file\"\npath = \"{id}.csv\"\n\
                 [format]\nkind = \"csv\"\n[[table]]\nentity = \"{entity}\"\n[table.fields]\n{fields}\
                 [policy]\nmax_quarantined_share = 0.5\n"
            ),
        );
        write(&format!("{id}.csv"), csv.to_owned());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_of_a_small_report_comes_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    installation(folder.path());
    let config = folder.path().join("config").display().to_string();
    let work = folder.path().join("var").display().to_string();
    let arguments = |command: &str| {
        Cli::parse_from(["vienkop", command, "--config", &config, "--work", &work, "--as-of", "2025-07-01", "-q"])
    };
    let ran = Box::pin(execute(arguments("run"), jiff::Timestamp::now)).await.unwrap();
    assert_eq!(ran, Exit::Done);

    let session = Session::open(&arguments("assess").options, jiff::Timestamp::now()).unwrap();
    let registry = session.open_registry().await.unwrap();
    let sight = Sight::new(&session, &registry).await.unwrap();
    let (mut explained, mut survey, mut records) = (0, 0, 0);
    for number in numbers(&sight.report) {
        let found = sight.find(&number.select).await.unwrap();
        let Some(found) = found else {
            // Worked out from other numbers, or of two frames together.
            let derived = number.select.is_empty() || number.select.starts_with("score?");
            assert!(derived, "{} {}", number.id, number.select);
            continue;
        };
        let Some(count) = number.count else { continue };
        assert_eq!(found.number, count, "{} {}", number.id, number.select);
        explained += 1;
        survey += usize::from(number.select.starts_with("survey_response"));
        records += found.records.iter().filter(|record| !record.sources.is_empty()).count();
    }
    assert!(explained > 300 && survey > 50 && records > 100, "{explained} {survey} {records}");

    // Down to the cell, for people and machines.
    for (id, cell) in [("1.1-6/yes", "aptauja.csv"), ("links-total/service-need/not_linked", "pakalpojumi.csv")] {
        assert!(is_figure(&session, id));
        let number = numbers(&sight.report).into_iter().find(|number| number.id == id).unwrap();
        let mut found = sight.find(&number.select).await.unwrap().unwrap();
        sight.cite(&mut found).await.unwrap();
        let told = text(&session, &number, &found, true);
        assert!(told.contains(cell) && told.contains("rinda"), "{told}");
        let english = Session::open(
            &Options { lang: Some(crate::cli::Lang::En), ..arguments("assess").options },
            jiff::Timestamp::now(),
        );
        let both = format!("{told}\n---\n{}", text(&english.unwrap(), &number, &found, false));
        insta::assert_snapshot!(id.replace('/', "_"), both);
    }
    for id in ["V001", "service:90000270634/01", "7c4cada3"] {
        assert!(!is_figure(&session, id), "{id}");
    }
}
