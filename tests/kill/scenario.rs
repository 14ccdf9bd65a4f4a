//! An installation whose second delivery does a little of everything: new, changed, retired and returning records,
//! children, links, one service fed by two sources, requests with their events, quarantine, rejected rows, personal
//! data that expires, reports.

use crate::support::Project;

/// Days of the two deliveries. In between the evidence of `pieteikumi` expires.
pub(crate) const FIRST: &str = "2024-05-02";
pub(crate) const SECOND: &str = "2024-07-08";

/// Sources, in the order that the program takes them in: each either comes in whole or not at all.
pub(crate) const SOURCES: [&str; 6] = ["portals", "novads", "saites", "pieteikumi", "notikumi", "aptauja"];

/// The source whose requests have events, and the pipeline of it alone.
pub(crate) const EVENTS: &str = "notikumi";

/// The source whose landed files expire.
pub(crate) const EXPIRES: &str = "pieteikumi";

pub(crate) fn installation() -> Project {
    let project = Project::new();
    project.file(
        "config/vienkop.toml",
        "language = \"en\"\ntime_zone = \"Europe/Riga\"\nwork = \"var\"\ndefault_pipeline = \"all\"\n\
         [personal_data]\nlanded_days = 30\n",
    );
    // One question instead of the real thirty: a report of few files is enough, and each run reads its configuration.
    std::fs::remove_dir_all(project.path("config/questionnaires")).unwrap();
    project.file("config/questionnaires/maza.toml", QUESTIONNAIRE);
    // Without the PDF: typesetting it some seven hundred times would take longer than all the rest, and the code that puts
    // a file in its place is the same for every form.
    let assess = "[assess]\nquestionnaires = [\"maza\"]\nformats = [\"html\", \"json\", \"xlsx\", \"csv\"]\n";
    project.file("config/pipelines/all.toml", pipeline(SOURCES.len(), assess));
    for sources in 1..=SOURCES.len() {
        project.file(format!("config/pipelines/first-{sources}.toml").as_str(), pipeline(sources, ""));
    }
    project.file("config/pipelines/notikumi.toml", format!("title = \"t\"\nsources = [\"{EVENTS}\"]\n"));
    project
        .source("portals", PORTAL)
        .source("novads", MUNICIPALITY)
        .source("saites", LINKS)
        .source("pieteikumi", REQUESTS)
        .source(EVENTS, STATUS_EVENTS)
        .source("aptauja", SURVEY);
    project
}

/// The first sources, as a pipeline.
fn pipeline(sources: usize, more: &str) -> String {
    let list: Vec<String> = SOURCES[..sources].iter().map(|source| format!("\"{source}\"")).collect();
    format!("title = \"t\"\nsources = [{}]\n{more}", list.join(", "))
}

/// What the sources deliver first.
pub(crate) fn deliver_first(project: &Project) {
    let services = [["P1", "Alfa"], ["P2", "Beta"], ["P3", "Gamma"], ["K1", "Kopīgs"]];
    let steps = [["P1", "1", "Pieņem"], ["P1", "2", "Izskata"], ["P2", "1", "Izsniedz"]];
    project.file("portals.xlsx", workbook(&services, &steps));
    project.file(
        "novads.csv",
        "kods;nosaukums;apraksts;soļi\nN1;Nams;Viens;Sāk|Beidz\nN2;Ceļš;Divi;\nN3;Mežs;Trīs;Cērt\nN4;Upe;Četri;\n\
         K1;Kopīgs;Novada apraksts;\nN5;;Bez nosaukuma;\n",
    );
    project.file("saites.csv", "no;uz\nP1;P2\nP1;N1\nP2;P3\n");
    project.file("pieteikumi.csv", "nr;pk;laiks\n1;151285-12345;04.04.2024 10:00\n2;151285-12346;05.04.2024 10:00\n");
    project.file("notikumi.csv", events(&FIRST_EVENTS));
    project.file("aptauja.csv", survey(&["jā", "nē"]));
}

/// What the source of events delivers alone before the second time: an event is another one, so files are replaced.
pub(crate) fn deliver_between(project: &Project) {
    let mut between = FIRST_EVENTS;
    between[1] = "A1;;;izpildē;15.03.2024 12:00;a2";
    project.file("notikumi.csv", events(&between));
}

/// What they deliver the second time.
pub(crate) fn deliver_second(project: &Project) {
    let services = [["P1", "Alfa"], ["P2", "Beta, labota"], ["K1", "Kopīgs"], ["P4", "Delta"], ["P5", ""]];
    let steps = [["P1", "1", "Pieņem"], ["P1", "2", "Izvērtē"], ["P4", "1", "Sāk"]];
    project.file("portals.xlsx", workbook(&services, &steps));
    project.file(
        "novads.csv",
        "kods;nosaukums;apraksts;soļi\nN1;Nams;Viens;Sāk\nN2;Ceļš;Divi, citādi;Mēra\nN3;Mežs;Trīs;Cērt\nN4;Upe;;\n\
         K1;Kopīgs;Novada jaunais apraksts;\nN5;Sils;Tagad ar nosaukumu;\nN6;Pļava;Seši;;par daudz\n",
    );
    project.file("saites.csv", "no;uz\nP1;P2\nP2;P4\nN1;P1\n");
    project.file("pieteikumi.csv", "nr;pk;laiks\n1;151285-12345;04.04.2024 10:00\n3;151285-12347;31.02.2024\n");
    project.file("notikumi.csv", events(&SECOND_EVENTS));
    project.file("aptauja.csv", survey(&["jā", "jā", "nē"]));
}

/// Number, service, channel, state, time, id of the event: a row an event, which says of its request what is known.
fn events(rows: &[&str]) -> String {
    format!("nr;pakalpojums;kanāls;stāvoklis;laiks;id\n{}\n", rows.join("\n"))
}

const FIRST_EVENTS: [&str; 6] = [
    "A1;P1;e-pasts;iesniegts;14.03.2024 10:00;a1",
    "A1;;;izpildē;15.03.2024 10:00;a2",
    "A1;;;pabeigts;03.04.2024 10:00;a3",
    "A2;N1;;iesniegts;02.04.2024 10:00;b1",
    "A3;;;iesniegts;02.04.2024;c1",
    "A4;NAV;;iesniegts;02.04.2024 10:00;d1",
];

/// New, changed and repeated events; a request that is another one, one that is gone, one that may come in now.
const SECOND_EVENTS: [&str; 7] = [
    "A1;P1;API;iesniegts;14.03.2024 10:00;a1",
    "A1;;;atteikts;05.05.2024 10:00;a3",
    "A2;N1;;iesniegts;02.04.2024 10:00;b1",
    "A2;;;iesniegts;02.04.2024 10:00;b1",
    "A2;;;gaida klientu;03.04.2024 10:00;b2",
    "A4;P2;;iesniegts;02.04.2024 10:00;d1",
    "A5;P9;;iesniegts;02.05.2024 10:00;e1",
];

fn workbook(services: &[[&str; 2]], steps: &[[&str; 3]]) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    // Without it the time of writing would make every content a new one.
    let made = rust_xlsxwriter::ExcelDateTime::from_ymd(2024, 1, 1).unwrap();
    workbook.set_properties(&rust_xlsxwriter::DocProperties::new().set_creation_datetime(&made));
    let mut sheet = |name: &str, header: &[&str], rows: Vec<&[&str]>| {
        let sheet = workbook.add_worksheet().set_name(name).unwrap();
        for (row, cells) in std::iter::once(header).chain(rows).enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                sheet.write_string(row as u32, column as u16, *cell).unwrap();
            }
        }
    };
    sheet("Pakalpojumi", &["Kods", "Nosaukums"], services.iter().map(|row| &row[..]).collect());
    sheet("Soļi", &["Pakalpojums", "Nr.", "Solis"], steps.iter().map(|row| &row[..]).collect());
    workbook.save_to_buffer().unwrap()
}

fn survey(answers: &[&str]) -> String {
    let mut csv = "Laiks;Iestāde;Vai uzskaitāt?\n".to_owned();
    for (number, answer) in answers.iter().enumerate() {
        csv += &format!("1{number}.06.2024 08:02;9000027063{};{answer}\n", number + 4);
    }
    csv
}

const PORTAL: &str = r#"
[fetch]
kind = "file"
path = "portals.xlsx"
[format]
kind = "excel"
[[table]]
entity = "service"
[table.read]
sheet = "Pakalpojumi"
[table.fields]
code = "Kods"
name = "Nosaukums"
owner_reg_no = { value = "90000270634" }
[[table]]
entity = "service.steps"
[table.read]
sheet = "Soļi"
[table.fields]
"parent.code" = "Pakalpojums"
"parent.owner_reg_no" = { value = "90000270634" }
no = "Nr."
name = "Solis"
[policy]
max_quarantined_share = 0.6
max_retired_share = 0.6
priority = 60
"#;

const MUNICIPALITY: &str = r#"
[fetch]
kind = "file"
path = "novads.csv"
[format]
kind = "csv"
[[table]]
entity = "service"
[table.fields]
code = "kods"
name = "nosaukums"
description = "apraksts"
owner_reg_no = { value = "90000270634" }
[table.children.steps]
column = "soļi"
split = ["|"]
field = "name"
[policy]
max_quarantined_share = 0.6
max_retired_share = 0.6
priority = 50
"#;

const LINKS: &str = r#"
[fetch]
kind = "file"
path = "saites.csv"
[format]
kind = "csv"
[[table]]
entity = "service_service"
[table.fields]
service_code = "no"
owner_reg_no = { value = "90000270634" }
related_code = "uz"
related_owner_reg_no = { value = "90000270634" }
kind = { value = "saistīts" }
[policy]
max_retired_share = 1.0
"#;

const REQUESTS: &str = r#"
[fetch]
kind = "file"
path = "pieteikumi.csv"
[format]
kind = "csv"
[[table]]
entity = "service_request"
[table.fields]
request_no = "nr"
kind = { value = "pakalpojuma pieprasījums" }
institution_reg_no = { value = "90000270634" }
applicant_hash = { column = "pk", pseudonymise = true }
submitted_at = "laiks"
[policy]
max_quarantined_share = 0.6
max_retired_share = 0.6
"#;

const STATUS_EVENTS: &str = r#"
[fetch]
kind = "file"
path = "notikumi.csv"
[format]
kind = "csv"
[[table]]
entity = "service_request"
repeats = true
[table.fields]
request_no = "nr"
kind = { value = "pakalpojuma pieprasījums" }
institution_reg_no = { value = "90000270634" }
service_code = "pakalpojums"
channel = "kanāls"
[[table]]
entity = "status_event"
[table.fields]
request_no = "nr"
institution_reg_no = { value = "90000270634" }
state = "stāvoklis"
at = "laiks"
event_id = "id"
derivation = { value = "source_log" }
[policy]
max_quarantined_share = 0.6
max_retired_share = 0.6
"#;

const SURVEY: &str = r#"
[fetch]
kind = "file"
path = "aptauja.csv"
[format]
kind = "csv"
[[table]]
entity = "survey_response"
[table.fields]
wave = { value = "2024" }
respondent_reg_no = "Iestāde"
submitted_at = { column = "Laiks", formats = ["%d.%m.%Y %H:%M"] }
[table.unpivot]
questionnaire = "maza"
"#;

const QUESTIONNAIRE: &str = r#"
id = "maza"
wave = "2024"
title_lv = "Maza aptauja"
title_en = "A small survey"
opened = "2024-06-01"
closed = "2024-07-05"
[[section]]
id = "1"
title_lv = "Uzskaite"
title_en = "Records"
[[question]]
id = "records"
text_lv = "Vai uzskaitāt?"
text_en = "Do you keep records?"
type = "yes-no"
[[figure]]
id = "1"
section = "1"
number = 1
title_lv = "Uzskaite"
title_en = "Records"
kind = "choice"
predicate_lv = "uzskaita"
predicate_en = "keep records"
question = "records"
"#;
