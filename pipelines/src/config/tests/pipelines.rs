//! Pipelines: what they name, when they run, what they write.

use super::*;

#[test]
fn schedules() {
    let told = |language: Language, lines: &str| -> Vec<String> {
        let text = format!("title = \"P\"\nsources = [\"x\"]\n{lines}\n");
        let body = "[[table]]\nentity = \"institution\"\n[table.fields]\nreg_no = \"a\"\nname = \"b\"\n\
                    kind = { value = \"ministrija\" }\n";
        let source = format!("id = \"x\"\ntitle = \"X\"\ndelivers = \"delta\"\n{FILE}{body}");
        match load(&[("sources/x.toml", &source), ("pipelines/p.toml", &text)]) {
            Ok(_) => Vec::new(),
            Err(problems) => problems
                .told(Some(language))
                .into_iter()
                .map(|told| {
                    let hint = told.hint.map(|_| " (hint)").unwrap_or_default();
                    format!(
                        "{}:{} {}{hint}",
                        told.line.unwrap_or_default(),
                        told.column.unwrap_or_default(),
                        told.message
                    )
                })
                .collect(),
        }
    };
    let all = "schedule = \"15 3 * * 1-5\"\nmissed = \"tell\"\n[retry]\nattempts = 0\nwait = \"30s\"";
    assert_eq!(told(Language::En, all), [""; 0]);
    assert_eq!(
        told(Language::En, "schedule = \"15 25 * * *\"\n[retry]\nwait = \"10m\""),
        [
            "3:12 \"25\" cannot be the hours of a cron line (hint)",
            r#"5:8 "10m" does not match ^[1-9][0-9]{0,3}(s|min|h)$"#
        ]
    );
    assert_eq!(
        told(Language::Lv, "schedule = \"15 3 * *\""),
        ["3:12 cron rindā ir pieci lauki (vai seši, ja sākumā ir sekundes), nevis 4 (hint)"]
    );
    assert_eq!(
        told(Language::Lv, "schedule = \"15 3 31 2 *\""),
        ["3:12 cron rindai „15 3 31 2 *” neatbilst neviena diena (hint)"]
    );
    assert_eq!(told(Language::En, "missed = \"run\""), ["3:1 \"missed\" means nothing without \"schedule\""]);
}

#[test]
fn forms_of_the_report() {
    let source = format!(
        "id = \"x\"\ntitle = \"X\"\ndelivers = \"delta\"\n{FILE}[[table]]\nentity = \"life_event\"\nfields = {{ code = \"K\", name = \"N\" }}\n"
    );
    let with = |assess: &str| {
        let pipeline = format!("title = \"P\"\nsources = [\"x\"]\n{assess}\n");
        load(&[("sources/x.toml", &source), ("pipelines/p.toml", &pipeline)])
    };
    let formats = |assess: &str| with(assess).unwrap().pipeline("p").unwrap().assess.clone().unwrap().formats;
    assert_eq!(formats("[assess]"), ReportFormat::ALL);
    assert_eq!(formats("[assess]\nformats = [\"csv\", \"pdf\"]"), [ReportFormat::Csv, ReportFormat::Pdf]);
    for (assess, message, hint) in [
        ("[assess]\nformats = [\"pfd\"]", "pfd", "pdf"),
        ("[assess]\nformats = []", "empty", ""),
        ("[assess]\nformat = [\"pdf\"]", "format", "formats"),
    ] {
        let Err(problems) = with(assess) else { panic!("{assess}") };
        let told = problems.render(Some(Language::En), false);
        assert!(told.contains("config/pipelines/p.toml:4:") && told.contains(message) && told.contains(hint), "{told}");
    }
}

#[test]
fn patterns_name_sources_once() {
    let source = |id: &str| {
        format!(
            "id = \"{id}\"\ntitle = \"X\"\ndelivers = \"delta\"\n{FILE}[[table]]\nentity = \"life_event\"\nfields = {{ code = \"K\", name = \"N\" }}\n"
        )
    };
    let config = load(&[
        ("pipelines/p.toml", "title = \"P\"\nsources = [\"novadi/b\", \"novadi/*\", \"a\"]\n"),
        ("sources/novadi/a.toml", &source("a")),
        ("sources/novadi/b.toml", &source("b")),
        ("sources/c.toml", &source("c")),
    ])
    .unwrap();
    let ids: Vec<&str> = config.sources_of(config.pipeline("p").unwrap()).iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["b", "a"]);
    assert_eq!(config.texts(Language::En).get("config-help", &[]), "help");
}

/// One source named twice, by its name or with its folder; a pattern may take in what is named beside it.
#[test]
fn a_source_named_twice() {
    let source = format!(
        "id = \"x\"\ntitle = \"X\"\ndelivers = \"delta\"\n{FILE}[[table]]\nentity = \"service\"\n[table.fields]\ncode = \"K\"\n\
         name = \"N\"\nowner_reg_no = \"O\"\n"
    );
    for (sources, twice) in
        [(r#""a/x", "x""#, 1), (r#""x", "x", "x""#, 2), (r#""a/*", "a/*""#, 1), (r#""x", "a/*""#, 0), (r#""a/x""#, 0)]
    {
        let pipeline = format!("title = \"P\"\nsources = [{sources}]\n");
        let told = match load(&[("sources/a/x.toml", &source), ("pipelines/p.toml", &pipeline)]) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.told(Some(Language::En)),
        };
        assert_eq!(told.len(), twice, "{sources}: {told:?}");
        assert!(told.iter().all(|told| told.message.contains("a second time") && told.line == Some(2)), "{told:?}");
    }
}
