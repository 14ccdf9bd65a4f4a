//! A small report in every form.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod performance;

use vienkop_transforms::assess::report::{
    Author, ByKind, Chart, FollowUp, Kind, KindName, List, Row, Section, Table, Unmatched, percent,
};
use vienkop_transforms::texts::Language;

use super::*;

fn texts(language: Language) -> Texts {
    let source = match language {
        Language::Lv => include_str!("../../../config/texts/lv.ftl"),
        Language::En => include_str!("../../../config/texts/en.ftl"),
    };
    Texts::parse(language, source).unwrap()
}

fn rows(n: u64, counts: &[(&str, &str, u64)]) -> Vec<Row> {
    let row = |(key, label, count): &(&str, &str, u64)| Row {
        key: (*key).to_owned(),
        label: (*label).to_owned(),
        count: *count,
        percent: percent(*count, n),
        select: format!("survey_response?wave=2024&question=q&option={key}"),
    };
    counts.iter().map(row).collect()
}

fn kind(code: &str, n: u64, counts: &[(&str, &str, u64)]) -> (KindName, Kind) {
    (KindName { code: code.to_owned(), label: code.to_owned() }, Kind { n, rows: rows(n, counts) })
}

fn report(language: Language) -> Report {
    let table = |id: &str, number: u32, title: &str, chart, rows, by_kind| Table {
        id: id.to_owned(),
        number,
        title: title.to_owned(),
        caption: format!("{number}. attēls. {title}"),
        question: "Vai Jūsu iestāde?".to_owned(),
        sentence: "Vairums respondentu (3 no 4 jeb 75,00\u{a0}%) reģistrē.".to_owned(),
        author: Author::Draft,
        note: None,
        chart,
        n: 4,
        rows,
        by_kind,
        follow_up: None,
        unmatched: Vec::new(),
        no_system: Vec::new(),
    };
    let yes_no = |yes, no| [("yes", "Jā", yes), ("no", "Nē", no)];
    let share = table(
        "1.1-6",
        6,
        "Pakalpojumu reģistrēšana VIRSIS",
        Chart::Share,
        rows(4, &yes_no(3, 1)),
        ByKind(vec![kind("ministrija", 1, &yes_no(1, 0)), kind("pašvaldība", 3, &yes_no(2, 1))]),
    );
    let named = |namejs, odd, none| {
        [("Namejs", "Namejs", namejs), ("odd", "<script>=1</script>", odd), ("none", "Nav atbildes", none)]
    };
    let mut ranking = table(
        "1.1-7",
        7,
        "Sistēmas",
        Chart::Ranking,
        rows(4, &named(2, 1, 1)),
        ByKind(vec![kind("ministrija", 1, &named(1, 0, 0)), kind("pašvaldība", 3, &named(1, 1, 1))]),
    );
    ranking.note = Some("Respondents var nosaukt vairākas sistēmas.".to_owned());
    ranking.unmatched = vec![Unmatched { text: "Nameis".to_owned(), count: 1, nearest: vec!["Namejs".to_owned()] }];
    ranking.follow_up = Some(FollowUp {
        id: "which".to_owned(),
        question: "Kāda?".to_owned(),
        n: 4,
        rows: rows(4, &[("-", "-", 1)]),
        unmatched: Vec::new(),
        no_system: Vec::new(),
    });
    let part = Section {
        id: "survey".to_owned(),
        number: Some("1".to_owned()),
        title: "Iestāžu aptauja".to_owned(),
        paragraphs: vec!["Aptaujā piedalījās 4 respondenti.".to_owned()],
        lists: vec![List {
            id: "respondents".to_owned(),
            title: "Respondenti".to_owned(),
            note: String::new(),
            columns: vec!["Veids".to_owned(), "Respondenti".to_owned()],
            rows: vec![vec!["ministrija".to_owned(), "1".to_owned()], vec!["=cmd()".to_owned(), "3".to_owned()]],
        }],
        ..Section::default()
    };
    let chapter = Section {
        id: "1.1".to_owned(),
        number: Some("1.1".to_owned()),
        title: "Valsts reģistri".to_owned(),
        tables: vec![share, ranking],
        ..Section::default()
    };
    Report {
        title: "Esošās situācijas novērtējums".to_owned(),
        as_of: "2024-07-08".to_owned(),
        language,
        sections: vec![part, chapter],
    }
}

/// All forms but the PDF, which is no text and has its own tests.
const PLAIN: [ReportFormat; 4] = [ReportFormat::Html, ReportFormat::Json, ReportFormat::Xlsx, ReportFormat::Csv];

fn written(language: Language, folder: &Path) -> Vec<(String, Vec<u8>)> {
    written_as(&PLAIN, language, folder)
}

fn written_as(formats: &[ReportFormat], language: Language, folder: &Path) -> Vec<(String, Vec<u8>)> {
    let paths = render(&report(language), &[], &texts(language), formats, folder).unwrap();
    let name = |path: &PathBuf| path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs_err::read(path).unwrap())).collect()
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let all = |folder: &tempfile::TempDir| written_as(&ReportFormat::ALL, Language::Lv, folder.path());
    assert!(all(&first) == all(&second));
    assert!(all(&first) == all(&first));
    let names: Vec<String> = all(&first).into_iter().map(|(name, _)| name).collect();
    insta::assert_snapshot!(names.join("\n"), @"
    report.html
    report.pdf
    report.json
    report.xlsx
    tables/respondents.csv
    tables/1.1-6.csv
    tables/1.1-7.csv
    tables/1.1-7-follow-up.csv
    ");
}

#[test]
fn only_the_forms_that_are_asked_for_stay() {
    let folder = tempfile::tempdir().unwrap();
    let left = || -> BTreeSet<String> {
        let below =
            |folder: &Path| fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
        let files =
            below(folder.path()).into_iter().chain(below(&folder.path().join("tables"))).filter(|path| path.is_file());
        files.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    };
    written_as(&ReportFormat::ALL, Language::Lv, folder.path());
    assert_eq!(left().len(), 8);
    for (format, file) in [(ReportFormat::Pdf, "report.pdf"), (ReportFormat::Json, "report.json")] {
        let paths = written_as(&[format], Language::Lv, folder.path());
        assert_eq!(paths.iter().map(|(name, _)| name).collect::<Vec<_>>(), [file]);
        assert_eq!(left(), BTreeSet::from([file.to_owned()]), "what an earlier report had is gone");
    }
    written_as(&[ReportFormat::Csv], Language::Lv, folder.path());
    assert_eq!(left().len(), 4);
}

#[test]
fn tables_of_an_earlier_report_go_and_other_files_stay() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::create_dir_all(folder.path().join("tables")).unwrap();
    for name in ["tables/9.9-99.csv", "tables/notes.txt", "notes.csv"] {
        fs_err::write(folder.path().join(name), "x").unwrap();
    }
    written(Language::Lv, folder.path());
    assert!(!folder.path().join("tables/9.9-99.csv").exists());
    assert!(folder.path().join("tables/notes.txt").exists());
    assert!(folder.path().join("notes.csv").exists());
}

#[test]
fn the_page_is_whole_and_safe() {
    let page = html::render(&report(Language::Lv), &texts(Language::Lv), &PLAIN);
    let (before, rest) = page.split_once("<script>").unwrap();
    let (script, after) = rest.split_once("</script>").unwrap();
    assert_eq!(script, include_str!("report.js"));
    assert!(![before, script, after].concat().contains("<script"), "labels are escaped");
    assert!(!include_str!("report.css").contains("</"));
    let addresses = page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "");
    assert!(
        !addresses.contains("http") && !addresses.contains("src=") && !addresses.contains("@import"),
        "nothing from outside"
    );
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let different: BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(ids.len(), different.len(), "{ids:?}");
    for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(&link), "{link} leads nowhere");
    }
}

/// The sources of the PDF that use texts.
const PDF: &str = concat!(include_str!("pdf/pages.rs"), include_str!("pdf/table.rs"), include_str!("pdf/chart.rs"));

#[test]
fn every_text_of_the_page_exists() {
    let parts = [include_str!("html/lists.rs"), include_str!("html/search.rs"), PDF];
    for source in
        parts.into_iter().chain([include_str!("html.rs"), include_str!("measures.rs"), include_str!("svg.rs")])
    {
        for id in source.split('"').filter(|text| text.starts_with("report-")) {
            assert!(texts(Language::Lv).has(id) && texts(Language::En).has(id), "{id}");
        }
    }
}

#[test]
fn pages_and_tables_look_like_this() {
    for language in [Language::Lv, Language::En] {
        let folder = tempfile::tempdir().unwrap();
        let mut text = String::new();
        for (name, content) in written(language, folder.path()) {
            if name == "report.xlsx" {
                continue;
            }
            let content = String::from_utf8(content).unwrap();
            if name == "report.html" {
                let (before, rest) = content.split_once("<style>").unwrap();
                let (_, after) = rest.split_once("</style>").unwrap();
                let (between, rest) = after.split_once("<script>").unwrap();
                let (_, after) = rest.split_once("</script>").unwrap();
                // Hashes change with every letter of styles and script.
                let page = format!("{before}{between}{after}");
                let page = page.split("sha256-").enumerate().map(|(at, part)| if at == 0 { part } else { &part[44..] });
                text.push_str(&page.collect::<Vec<_>>().join("sha256-…").replace("><", ">\n<"));
            } else if name.starts_with("tables/") {
                assert!(content.starts_with('\u{feff}') && content.ends_with("\r\n"));
                let lines = content.trim_start_matches('\u{feff}').replace("\r\n", "\n");
                text.extend(["\n--- ", &name, "\n", &lines]);
            }
        }
        insta::assert_snapshot!(format!("small_report_{}", language.code()), text);
    }
}
