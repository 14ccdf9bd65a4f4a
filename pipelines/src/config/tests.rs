//! The configuration as a whole: the one of this repository, and ones with mistakes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod pipelines;
mod presets;
mod tables;

use std::path::Path;

use super::*;

/// A folder with these files below `config`, where `vienkop.toml` and some code lists are as they should be.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let defaults = [
        ("vienkop.toml", ""),
        ("codelists/institution_kinds.csv", "code,label_lv,label_en,aliases\nministrija,Ministrija,Ministry,resors\n"),
        ("codelists/audiences.csv", "code,label_lv,label_en,aliases\niedzīvotājs,Iedzīvotājs,Resident,cilvēks\n"),
    ];
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/codelists"), &folder.path().join("config/codelists"));
    for (name, content) in defaults.iter().chain(files) {
        let path = folder.path().join("config").join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, content).unwrap();
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs_err::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn load(files: &[(&str, &str)]) -> Result<Config, Box<Problems>> {
    match Config::load(&folder(files).path().join("config")) {
        Ok(config) => Ok(config),
        Err(ConfigError::Problems(problems)) => Err(problems),
        Err(error) => panic!("{error}"),
    }
}

/// Checks a source `x` with this body; what is told is `line:column message (hint)`.
fn check(body: &str, expected: &[&str]) {
    let text = format!("id = \"x\"\ntitle = \"X\"\ndelivers = \"delta\"\n{body}");
    let told: Vec<String> = match load(&[("sources/x.toml", &text)]) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .told(Some(Language::En))
            .into_iter()
            .map(|told| {
                let hint = told.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                let (line, column) = (told.line.unwrap_or_default(), told.column.unwrap_or_default());
                format!("{line}:{column} {}{hint}", told.message)
            })
            .collect(),
    };
    assert_eq!(told, expected, "{text}");
}

/// The lines of a file source up to its first table; the table begins on line 9.
const FILE: &str = "[fetch]\nkind = \"file\"\npath = \"a.csv\"\n[format]\nkind = \"csv\"\n";

#[test]
fn this_repository() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let config = match Config::load(&dir) {
        Ok(config) => config,
        Err(ConfigError::Problems(problems)) => panic!("{}", problems.render(Some(Language::En), false)),
        Err(error) => panic!("{error}"),
    };
    let samples = config.pipeline("samples").unwrap();
    assert_eq!(config.sources_of(samples).len(), samples.sources.len());
    assert!(config.sources_of(samples).iter().all(|source| source.place.is_sample()));
    let schema = validate::Schema::new(schema::source()).unwrap();
    for source in &config.sources {
        let text = fs_err::read_to_string(dir.join("..").join(&source.place.file)).unwrap();
        let document = Document::parse(&source.place.file, &text).unwrap();
        let told = schema.faults(&document.value, &[]).len();
        assert_eq!(told, 0, "{}: what an editor is told differs from what the program tells", source.id);
    }
}

#[test]
fn tells_every_mistake_of_every_file() {
    let files = [
        ("vienkop.toml", "languge = \"lv\"\ndefault_pipeline = \"paraug\"\n\n[limits]\ndepth = \"dziļi\"\n"),
        ("pipelines/paraugi.toml", "title = \"Paraugi\"\nsources = [\"samples/novads\", \"samples/pilseta\"]\n"),
        (
            "sources/samples/novads.toml",
            r#"id = "novads"
title = "Ērgļupes novads"
delivers = "snapshots"

[fetch]
kind = "file"
path = "../citur/registrs.csv"

[format]
kind = "exel"

[[table]]
entity = "institution"

[[table.skip]]
column = "Nr."
matches = "^(Kopā"

[table.fields]
reg_no = { column = "Numurs", value = "90000000000" }
nosaukums = "Nosaukums"
kind = { column = "Veids", codes = { "M" = "ministrij" } }
atvk = { colum = "ATVK", pad = 7 }
"#,
        ),
    ];
    let problems = load(&files).unwrap_err();
    insta::assert_snapshot!(problems.render(None, false), @r#"
kļūda: nav avota „samples/pilseta”
 --> config/pipelines/paraugi.toml:2:30
  |
2 | sources = ["samples/novads", "samples/pilseta"]
  |                              ^^^^^^^^^^^^^^^^^
  |
  = padoms: zināmie: novads

kļūda: „snapshots” te neder
 --> config/sources/samples/novads.toml:3:12
  |
3 | delivers = "snapshots"
  |            ^^^^^^^^^^^
  |
  = padoms: varbūt domāts: snapshot

kļūda: ceļš „../citur/registrs.csv” ved ārā no atļautās mapes
 --> config/sources/samples/novads.toml:7:8
  |
7 | path = "../citur/registrs.csv"
  |        ^^^^^^^^^^^^^^^^^^^^^^^
  |
  = padoms: ceļu raksta no mapes, kurā ir config; paraugi paliek tajā

kļūda: [format] veids „exel” nav zināms
  --> config/sources/samples/novads.toml:10:8
   |
10 | kind = "exel"
   |        ^^^^^^
   |
   = padoms: varbūt domāts: excel

kļūda: regulārā izteiksme nav derīga: iekavas nav pa pāriem
  --> config/sources/samples/novads.toml:17:11
   |
17 | matches = "^(Kopā"
   |           ^^^^^^^^

kļūda: „column” un „value” reizē nav lietojami
  --> config/sources/samples/novads.toml:20:31
   |
20 | reg_no = { column = "Numurs", value = "90000000000" }
   |                               ^^^^^

kļūda: entītijai „institution” nav lauka „nosaukums”
  --> config/sources/samples/novads.toml:21:1
   |
21 | nosaukums = "Nosaukums"
   | ^^^^^^^^^
   |
   = padoms: varbūt domāts: name

kļūda: klasifikatorā „institution_kinds” nav vērtības „ministrij”
  --> config/sources/samples/novads.toml:22:44
   |
22 | kind = { column = "Veids", codes = { "M" = "ministrij" } }
   |                                            ^^^^^^^^^^^
   |
   = padoms: varbūt domāts: ministrija

kļūda: nezināma atslēga „colum”
  --> config/sources/samples/novads.toml:23:10
   |
23 | atvk = { colum = "ATVK", pad = 7 }
   |          ^^^^^
   |
   = padoms: varbūt domāts: column, columns

kļūda: nezināma atslēga „languge”
 --> config/vienkop.toml:1:1
  |
1 | languge = "lv"
  | ^^^^^^^
  |
  = padoms: varbūt domāts: language

kļūda: nav plūsmas „paraug”
 --> config/vienkop.toml:2:20
  |
2 | default_pipeline = "paraug"
  |                    ^^^^^^^^
  |
  = padoms: varbūt domāts: paraugi

kļūda: te jābūt veselam skaitlim, bet ir teksts
 --> config/vienkop.toml:5:9
  |
5 | depth = "dziļi"
  |         ^^^^^^^

12 kļūdu 3 konfigurācijas failos
"#);
    insta::assert_snapshot!(problems.render(Some(Language::En), false), @r#"
error: no source "samples/pilseta"
 --> config/pipelines/paraugi.toml:2:30
  |
2 | sources = ["samples/novads", "samples/pilseta"]
  |                              ^^^^^^^^^^^^^^^^^
  |
  = help: known: novads

error: "snapshots" does not fit here
 --> config/sources/samples/novads.toml:3:12
  |
3 | delivers = "snapshots"
  |            ^^^^^^^^^^^
  |
  = help: perhaps: snapshot

error: the path "../citur/registrs.csv" leads out of the folder it may use
 --> config/sources/samples/novads.toml:7:8
  |
7 | path = "../citur/registrs.csv"
  |        ^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: write the path from the folder that holds config; samples stay within it

error: unknown kind of [format]: "exel"
  --> config/sources/samples/novads.toml:10:8
   |
10 | kind = "exel"
   |        ^^^^^^
   |
   = help: perhaps: excel

error: the regular expression is not valid: the parentheses do not pair
  --> config/sources/samples/novads.toml:17:11
   |
17 | matches = "^(Kopā"
   |           ^^^^^^^^

error: "column" and "value" exclude each other
  --> config/sources/samples/novads.toml:20:31
   |
20 | reg_no = { column = "Numurs", value = "90000000000" }
   |                               ^^^^^

error: "institution" has no field "nosaukums"
  --> config/sources/samples/novads.toml:21:1
   |
21 | nosaukums = "Nosaukums"
   | ^^^^^^^^^
   |
   = help: perhaps: name

error: the code list "institution_kinds" has no value "ministrij"
  --> config/sources/samples/novads.toml:22:44
   |
22 | kind = { column = "Veids", codes = { "M" = "ministrij" } }
   |                                            ^^^^^^^^^^^
   |
   = help: perhaps: ministrija

error: unknown key "colum"
  --> config/sources/samples/novads.toml:23:10
   |
23 | atvk = { colum = "ATVK", pad = 7 }
   |          ^^^^^
   |
   = help: perhaps: column, columns

error: unknown key "languge"
 --> config/vienkop.toml:1:1
  |
1 | languge = "lv"
  | ^^^^^^^
  |
  = help: perhaps: language

error: no pipeline "paraug"
 --> config/vienkop.toml:2:20
  |
2 | default_pipeline = "paraug"
  |                    ^^^^^^^^
  |
  = help: perhaps: paraugi

error: a whole number belongs here, not a text
 --> config/vienkop.toml:5:9
  |
5 | depth = "dziļi"
  |         ^^^^^^^

12 errors in 3 configuration files
"#);
}

#[test]
fn syntax() {
    let problems =
        load(&[("sources/x.toml", "id = \"x\ntitle = X\n[fetch\nkind = \"file\"\nkind = \"file\"\n")]).unwrap_err();
    let lines: Vec<Option<usize>> = problems.told(None).iter().map(|told| told.line).collect();
    let twice = load(&[("sources/x.toml", "id = \"x\"\nid = \"y\"\nid2 = '\\d'\nid3 = \"\\d\"\n")]).unwrap_err();
    let told: Vec<String> = twice.told(Some(Language::En)).into_iter().map(|told| told.message).collect();
    let escape = r#"unknown character after "\"; write regular expressions in single quotes: '\d+'"#;
    assert_eq!(told, ["this key is given already", escape]);
    assert_eq!(lines, [Some(1), Some(2), Some(3)], "{}", problems.render(Some(Language::En), false));
}

#[test]
fn kinds_and_options() {
    let table = "[[table]]\nentity = \"institution\"\nfields = { reg_no = \"A\", name = \"B\", kind = \"C\" }\n";
    check(&format!("{FILE}{table}"), &[]);
    check(
        &format!("[fetch]\nkind = \"fiel\"\npaht = \"a\"\n[format]\nkind = \"cvs\"\n{table}"),
        &[
            r#"5:8 unknown kind of [fetch]: "fiel" (perhaps: file)"#,
            r#"8:8 unknown kind of [format]: "cvs" (known: csv, excel, json, xml)"#,
        ],
    );
    check(
        &format!("{FILE}encodin = \"utf-8\"\nencoding = \"utf-9\"\n{table}[table.read]\nheader_rov = 3\n"),
        &[
            r#"9:1 unknown key "encodin" (perhaps: encoding)"#,
            r#"10:12 "utf-9" does not fit here (perhaps: utf-8)"#,
            r#"15:1 unknown key "header_rov" (perhaps: header_row)"#,
        ],
    );
    check(
        &format!("{FILE}delimiter = \";;\"\n{table}"),
        &[
            r#"9:13 the value of "delimiter" cannot be used: ";;" is not one ASCII character that is neither letter nor digit"#,
        ],
    );
    check(
        &format!("[fetch]\nkind = \"file\"\npath = \"a[.csv\"\n[format]\nkind = \"xml\"\n{table}"),
        &[
            r#"6:8 the value of "path" cannot be used: "a[.csv" is not a pattern of names"#,
            r#"9:1 the key "record" is missing"#,
        ],
    );
}

#[test]
fn pipelines_and_ids() {
    let source = |id: &str| {
        format!(
            "id = \"{id}\"\ntitle = \"X\"\ndelivers = \"delta\"\n{FILE}[[table]]\nentity = \"life_event\"\nfields = {{ code = \"K\", name = \"N\" }}\n"
        )
    };
    let problems = load(&[
        (
            "pipelines/Dienas.toml",
            "title = \"D\"\nsources = [\"samples/*\", \"a\", \"[\", \"bb\"]\n[assess]\nquestionnaires = [\"2024\"]\n",
        ),
        ("sources/a.toml", &source("a")),
        ("sources/b.toml", &source("B")),
        ("sources/samples/a.toml", &source("a")),
        ("texts/lv.ftl", "config-error = { $atvērta\n"),
    ])
    .unwrap_err();
    let told: Vec<String> = problems
        .told(Some(Language::En))
        .into_iter()
        .map(|told| format!("{}:{} {}", told.file, told.line.unwrap_or_default(), told.message))
        .collect();
    assert_eq!(
        told,
        [
            r#"config/pipelines/Dienas.toml:0 "Dienas" is no name: small Latin letters, digits and hyphens are allowed"#,
            r#"config/pipelines/Dienas.toml:2 the sample "samples/*" cannot be in one pipeline with real sources"#,
            r#"config/pipelines/Dienas.toml:2 the sample "a" cannot be in one pipeline with real sources"#,
            r#"config/pipelines/Dienas.toml:2 "[" is not a pattern of names"#,
            r#"config/pipelines/Dienas.toml:2 no source "bb""#,
            r#"config/pipelines/Dienas.toml:4 no questionnaire "2024""#,
            r#"config/sources/b.toml:1 "B" is no name: small Latin letters, digits and hyphens are allowed"#,
            r#"config/sources/samples/a.toml:1 the source "a" stands in config/sources/a.toml already"#,
            r#"config/texts/lv.ftl:0 the texts cannot be read: 1 error(s) in the text file, the first: Expected a token starting with "}""#,
        ]
    );
}

#[test]
fn assessments_and_conclusions() {
    let questionnaire = fs_err::read_to_string("../config/questionnaires/2025.toml").unwrap();
    let weights =
        "coverage = 0\ncompleteness = 0\nneeds = 0\nresources = 0\ncatalogues = 0\nreadiness = 0\nfreshness = 0\n";
    let problems = load(&[
        ("pipelines/diena.toml", "title = \"D\"\nsources = []\n[assess]\nquestionnaires = [\"2025\"]\n"),
        (
            "pipelines/diena/conclusions.toml",
            "[lv]\n\"1.1-6\" = \"Labi.\"\n\"1.1-66\" = \"Nav.\"\n[en]\n\"links-total\" = \" \"\n",
        ),
        ("pipelines/diena/teksti.toml", ""),
        ("pipelines/dienas/conclusions.toml", "[lv]\n"),
        ("questionnaires/2025.toml", &questionnaire),
        (
            "assessment.toml",
            &format!(
                "approved = true\nleast_known = 1.5\nshared_by = 0.5\nstale_after_days = 365\n[weights]\n{weights}"
            ),
        ),
    ])
    .unwrap_err();
    let told: Vec<String> = problems
        .told(Some(Language::En))
        .into_iter()
        .map(|told| {
            let hint = told.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
            format!("{}:{} {}{hint}", told.file, told.line.unwrap_or_default(), told.message)
        })
        .filter(|told| !told.contains("no code list"))
        .collect();
    insta::assert_snapshot!(told.join("\n"));

    let weights = weights.replacen('0', "1", 1);
    let problems = load(&[(
        "assessment.toml",
        &format!("approved = true\nleast_known = 0.5\nshared_by = 0.5\nstale_after_days = 365\n[weights]\n{weights}"),
    )])
    .unwrap_err();
    let told = problems.told(Some(Language::Lv));
    assert_eq!((told[0].file.as_str(), told[0].line), ("config/assessment.toml", Some(1)));
    assert!(told[0].message.contains("kas to apstiprinājis"), "{}", told[0].message);
}

#[test]
fn a_wrong_folder() {
    let folder = tempfile::tempdir().unwrap();
    let Err(ConfigError::Problems(problems)) = Config::load(&folder.path().join("config")) else { panic!() };
    insta::assert_snapshot!(problems.render(Some(Language::En), false), @r#"
error: no such file
--> config/vienkop.toml
 = help: --config names the folder of the configuration

1 error in 1 configuration file
"#);
}

/// A list that a field of the model needs is missed even where no source fills the field.
#[test]
fn a_missing_code_list() {
    let folder = folder(&[]);
    fs_err::remove_file(folder.path().join("config/codelists/phases.csv")).unwrap();
    let Err(ConfigError::Problems(problems)) = Config::load(&folder.path().join("config")) else {
        panic!("not missed")
    };
    let told = problems.told(Some(Language::En));
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].file, "config/codelists/phases.csv");
    assert!(told[0].message.contains("\"phase\""), "{told:?}");
}

/// A name that another number stands in is no slip of the pen.
#[test]
fn encodings() {
    for (encoding, hint) in [
        ("cp1252", "known: auto, cp775, iso-8859-13, utf-16be, utf-16le, utf-8, windows-1257"),
        ("cp1257", "perhaps: windows-1257"),
        ("utf8", "perhaps: utf-8"),
        ("windows1257", "perhaps: windows-1257"),
    ] {
        let file = FILE.replace("kind = \"csv\"", &format!("kind = \"csv\"\nencoding = \"{encoding}\""));
        let body = format!(
            "{file}[[table]]\nentity = \"service\"\n[table.fields]\ncode = \"K\"\nname = \"N\"\nowner_reg_no = \"O\"\n"
        );
        check(&body, &[&format!(r#"9:12 "{encoding}" does not fit here ({hint})"#)]);
    }
}

/// The demonstration asks nobody: neither a newcomer's first run nor the tests may need a network.
#[test]
fn samples_do_not_reach_the_network() {
    let rest = "path = \"a.json\"\n[server]\nurl = \"https://a.example/\"\n";
    let body = |id: &str, more: &str, fetch: &str| {
        format!(
            "id = \"{id}\"\ntitle = \"X\"\ndelivers = \"delta\"\n[fetch]\n{more}{}\n[format]\nkind = \"json\"\n[[table]]\n\
             entity = \"life_event\"\nfields = {{ code = \"K\", name = \"N\" }}\n",
            fetch.replace("[server]", "[fetch.server]")
        )
    };
    let told_of =
        |place: &str, more: &str, fetch: &str| told(&[(&format!("sources/{place}.toml"), &body("x", more, fetch))]);
    let said =
        r#"a sample must not reach the network: say recorded = "data-samples/<id>", a folder of recorded answers"#;
    let sql = "url = { env = \"A\" }\nquery = \"SELECT 1\"\n";
    for (more, fetch) in [("kind = \"http\"\n", rest), ("kind = \"sql\"\n", sql)] {
        let refused = told_of("samples/x", more, fetch);
        assert!(refused.len() == 1 && refused[0].ends_with(said), "{refused:#?}");
        assert_eq!(told_of("x", more, fetch), [""; 0]);
    }
    assert_eq!(told_of("samples/x", "kind = \"http\"\nrecorded = \"data-samples/x\"\n", rest), [""; 0]);
    // What a preset says counts too.
    let preset = "title = \"S\"\ndocumentation = \"https://s.example\"\nverified = false\n[fetch]\nkind = \"http\"\npath = \"a.json\"\n[fetch.server]\n\
        url = \"https://a.example/\"\n[format]\nkind = \"json\"\n";
    let source = "id = \"x\"\ntitle = \"X\"\nextends = \"s\"\ndelivers = \"delta\"\n[[table]]\nentity = \"life_event\"\n\
        fields = { code = \"K\", name = \"N\" }\n";
    let refused = told(&[("presets/s.toml", preset), ("sources/samples/x.toml", source)]);
    assert!(refused.len() == 1 && refused[0].ends_with(said), "{refused:#?}");
}

/// What a kind refuses, and what is wrong with an expression, is told in the language asked for.
#[test]
fn reasons_in_latvian() {
    let body = "id = \"x\"\ntitle = \"X\"\ndelivers = \"delta\"\n[fetch]\nkind = \"file\"\npath = \"a[.csv\"\n[format]\n\
                kind = \"csv\"\nquote = \"ab\"\n[[table]]\nentity = \"service\"\n[table.fields]\ncode = { column = \"K\", \
                pattern = \"(a\" }\nname = \"N\"\nowner_reg_no = \"O\"\n";
    let problems = load(&[("sources/x.toml", body)]).unwrap_err();
    let told: Vec<String> = problems.told(Some(Language::Lv)).into_iter().map(|told| told.message).collect();
    for part in ["„a[.csv” nav derīgs nosaukumu paraugs", "nav viena ASCII zīme", "iekavas nav pa pāriem"] {
        assert!(told.iter().any(|told| told.contains(part)), "{part}: {told:?}");
    }
}

/// An inbox is a folder of one source alone, and of none that fetches from it.
#[test]
fn inboxes() {
    let source = |id: &str, more: &str, fetch: &str| {
        format!(
            "id = \"{id}\"\ntitle = \"X\"\ndelivers = \"delta\"\n{more}\n[fetch]\n{fetch}\n[format]\nkind = \"csv\"\n\
             [[table]]\nentity = \"life_event\"\nfields = {{ code = \"K\", name = \"N\" }}\n"
        )
    };
    let file = "kind = \"file\"\npath = \"dati\"";
    for (more, fetch, expected) in [
        ("", "kind = \"inbox\"", "the source's inbox, but none is named"),
        ("inbox = \"../x\"", "kind = \"inbox\"", "leads out of the folder"),
        ("inbox = \"./dati/\"", file, "is also where the source is fetched from"),
        ("inbox = \"\"", "kind = \"inbox\"", "must not be empty"),
        ("inbox = 5", "kind = \"inbox\"", "a text belongs here"),
        ("inbox = \"x\"", "kind = \"inbox\"\npath = \"y\"", "path"),
    ] {
        let told = told(&[("sources/x.toml", &source("x", more, fetch))]);
        assert!(told.len() == 1 && told[0].contains(expected), "{more} {fetch}: {told:#?}");
    }
    let (x, y) = (source("x", "inbox = \"in\"", "kind = \"inbox\""), source("y", "inbox = \"in/.\"", file));
    let shared = told(&[("sources/x.toml", &x), ("sources/y.toml", &y)]);
    assert!(shared.len() == 1 && shared[0].contains("is that of the source \"x\" already"), "{shared:#?}");
    assert!(load(&[("sources/x.toml", &x), ("sources/y.toml", &y.replace("in/.", "in/y"))]).is_ok());
}

/// What is told of these files, in order: `file:line:column message (hint)`.
fn told(files: &[(&str, &str)]) -> Vec<String> {
    let Err(problems) = load(files) else { return Vec::new() };
    let told = problems.told(Some(Language::En)).into_iter();
    told.map(|told| {
        let hint = told.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        let (line, column) = (told.line.unwrap_or_default(), told.column.unwrap_or_default());
        format!("{}:{line}:{column} {}{hint}", told.file, told.message)
    })
    .collect()
}
