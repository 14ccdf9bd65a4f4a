//! The configuration as a whole: the one of this repository, and ones with mistakes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

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
fn fields() {
    let table = |fields: &str| {
        format!(
            "{FILE}[[table]]\nentity = \"service\"\n[table.fields]\n{fields}code = \"K\"\nname = \"N\"\nowner_reg_no = \"O\"\n"
        )
    };
    for (fields, expected) in [
        ("", &[][..]),
        (
            "keywords = { column = \"A\", split = [\",\"] }\nannual_requests = { column = \"A\", split = [\",\"] }\n",
            &[r#"13:35 "split" means nothing for the field "annual_requests": it is no list"#],
        ),
        (
            "expected_time = { column = \"A\", unit = \"working_d\" }\n",
            &[r#"12:40 "working_d" is not a unit of durations (perhaps: working d)"#],
        ),
        (
            "rating_count = { column = \"A\", unit = \"d\", pad = 3, formats = [\"%Y\"], pseudonymise = true, join = \"x\" }\n",
            &[
                r#"12:32 "unit" means nothing for the field "rating_count": it is no duration"#,
                r#"12:44 "pad" means nothing for the field "rating_count": only codes and numbers have leading zeros"#,
                r#"12:53 "formats" means nothing for the field "rating_count": it is no date or time"#,
                r#"12:71 "pseudonymise" means nothing for the field "rating_count": only texts and fields made for it become pseudonyms"#,
                r#"12:92 "join" means nothing for the field "rating_count": "columns" is not given"#,
            ],
        ),
        (
            "audience = { value = \"cilvēks, iedzivotaji\", split = [\",\"] }\ndescription = { functions = [\"lower\"] }\n",
            &[
                r#"12:22 the code list "audiences" has no value "iedzivotaji" (perhaps: iedzīvotājs)"#,
                r#"13:1 nothing says where the field "description" comes from: it needs "column", "columns" or "value""#,
            ],
        ),
        (
            "group_code = { columns = [\"A\", \"B\"], column = \"C\", extract = \"\\\\d+\", pattern = \"[\" }\n",
            &[
                r#"12:16 "column" and "columns" exclude each other"#,
                "12:62 the expression needs a group in parentheses: what is in it is the value",
                "12:80 the regular expression is not valid: a set of characters [ ] is not closed",
            ],
        ),
        (
            "steps = \"A\"\nAprakstss = \"A\"\nApraksts = 3\n",
            &[
                r#"12:1 "service" has no field "steps" (structures go into [table.children.steps] or a table of their own)"#,
                r#"13:1 "service" has no field "Aprakstss" (perhaps: description)"#,
                "14:12 a text or a table belongs here, not a number",
            ],
        ),
    ] {
        check(&table(fields), expected);
    }
    check(
        &format!(
            "{FILE}[[table]]\nentity = \"portfolio\"\nfields = {{ reg_no = {{ value = \"123\" }}, since = {{ column = \"A\", formats = [\"%d.%m.\", \"%d.%m.%Y\"] }} }}\n"
        ),
        &[
            r#"10:10 nothing in this table says where the key field "item" of "portfolio" comes from"#,
            r#"11:31 "123" is not a registration number (11 digits)"#,
            r#"11:75 no date can be read by the format "%d.%m.": it needs day, month and year, such as %d.%m.%Y"#,
        ],
    );
}

#[test]
fn children_and_keys() {
    let service = "[[table]]\nentity = \"service\"\nkey = [\"virsis_id\"]\nfields = { virsis_id = \"V\", code = \"K\", name = \"N\", owner_reg_no = \"O\" }\n";
    for (tables, expected) in [
        ("[table.children.steps]\ncolumn = \"Soļi\"\npattern = '^(?P<no>\\d+)\\. (?P<name>.+)$'\n", &[][..]),
        (
            "[table.children.steps]\ncolumn = \"Soļi\"\npattern = '^(?P<nr>\\d+)\\. (?P<name>.+)$'\n[table.children.stesp]\n",
            &[
                r#"15:11 "steps" has no field "nr" (perhaps: no)"#,
                r#"16:17 "service" has no structures "stesp" (perhaps: steps)"#,
            ],
        ),
        (
            "[table.children.steps]\nnumbered = { name = \"Solis {n}\", expected_time = \"Laiks\" }\n[table.children.fees]\ncolumn = \"Maksa\"\n",
            &[
                r#"14:50 the header "Laiks" has no "{n}" for 1, 2, 3 …"#,
                r#"15:17 the structures "fees" need "pattern" or "field": what is what in an item"#,
                r#"15:17 nothing says where the required field "amount" of "fees" comes from"#,
            ],
        ),
        (
            "[table.children.fees]\ncolumn = \"Maksa\"\nfield = \"note\"\nfields = { currency = { value = \"EUR\" } }\n",
            &[r#"13:17 nothing says where the required field "amount" of "fees" comes from"#],
        ),
        ("[[table]]\nentity = \"service.steps\"\nfields = { \"parent.virsis_id\" = \"V\", name = \"S\" }\n", &[]),
        (
            "[[table]]\nentity = \"service.steps\"\nfields = { \"parent.code\" = \"V\" }\n[table.unpivot]\n",
            &[
                r#"14:10 nothing says where the required field "parent.virsis_id" of "service.steps" comes from"#,
                r#"14:10 nothing says where the required field "name" of "service.steps" comes from"#,
                r#"15:12 "service.steps" has no field "parent.code" (perhaps: parent.virsis_id)"#,
                r#"16:8 "unpivot" has no place in a table of structures ("service.steps")"#,
            ],
        ),
        (
            "[[table]]\nentity = \"service\"\nkey = [\"virsis\"]\nfields = { code = \"K\" }\n[[table.skip]]\ncolumn = \"A\"\n",
            &[
                r#"15:8 "service" has no field "virsis" (perhaps: virsis_id)"#,
                r#"17:1 "matches", "unless" or "others_empty = true" is needed"#,
            ],
        ),
    ] {
        check(&format!("{FILE}{service}{tables}"), expected);
    }
    check(
        &format!("{FILE}[[table]]\nentity = \"need\"\nfields = {{ name = \"A\" }}\n"),
        &[
            r#"10:10 nothing in this table says where the key field "code" of "need" comes from"#,
            r#"10:10 nothing says where the required field "life_event_code" of "need" comes from"#,
        ],
    );
}

#[test]
fn unpivot() {
    let table = "[[table]]\nentity = \"survey_response\"\nfields = { wave = { value = \"2024\" }, respondent_reg_no = \"A\", submitted_at = \"B\" }\n";
    check(&format!("{FILE}{table}[table.unpivot]\nquestionnaire = \"2023\"\n"), &[r#"13:17 no questionnaire "2023""#]);
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

/// Records of an unpivoted table are known by the entity's own key.
#[test]
fn a_key_beside_unpivot() {
    check(
        &format!(
            "{FILE}[[table]]\nentity = \"survey_response\"\nkey = [\"wave\"]\n[table.unpivot]\ncolumns = {{ a = \"q1\" }}\n\
             [table.fields]\nwave = \"A\"\nrespondent_reg_no = \"R\"\nsubmitted_at = \"S\"\n"
        ),
        &[
            r#"11:1 "key" has no meaning here: with "unpivot", a record of survey_response is known by the entity's own key (that key is: wave, respondent_reg_no, submitted_at, question; delete "key")"#,
        ],
    );
}

/// Events could not tell which request is theirs.
#[test]
fn a_key_of_requests() {
    for (key, expected) in [
        (
            "key = [\"request_no\", \"institution_reg_no\"]\n",
            &[
                r#"11:1 records of "service_request" are told apart by institution_reg_no, request_no: status events name their request by these; leave "key" out"#,
            ][..],
        ),
        ("key = [\"institution_reg_no\", \"request_no\"]\n", &[]),
    ] {
        check(
            &format!(
                "{FILE}[[table]]\nentity = \"service_request\"\n{key}[table.fields]\nrequest_no = \"N\"\n\
                 institution_reg_no = \"I\"\nkind = \"V\"\n"
            ),
            expected,
        );
    }
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

/// Requests and events belong to the institution that delivers, unless a table says otherwise.
#[test]
fn the_institution_of_requests() {
    let body = |institution: &str, field: &str| {
        format!(
            "{institution}{FILE}[[table]]\nentity = \"service_request\"\n[table.fields]\nrequest_no = \"N\"\nkind = \"V\"\n{field}"
        )
    };
    let source = |body: &str| format!("id = \"x\"\ntitle = \"X\"\ndelivers = \"delta\"\n{body}");
    let of = |body: &str| {
        let config = load(&[("sources/x.toml", &source(body))]).unwrap();
        config.sources[0].table[0].fields["institution_reg_no"].rule().value
    };
    assert_eq!(of(&body("institution = \"90000270634\"\n", "")).as_deref(), Some("90000270634"));
    let own = "institution_reg_no = { value = \"90000069281\" }\n";
    assert_eq!(of(&body("institution = \"90000270634\"\n", own)).as_deref(), Some("90000069281"));
    let lacking = told(&[("sources/x.toml", &source(&body("", "")))]);
    assert!(lacking.len() == 1 && lacking[0].contains("institution_reg_no"), "{lacking:#?}");
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

const PRESET: &str = r#"title = "Sistēma"
documentation = "https://sistema.example/docs"
verified = false
delivers = "delta"
[fetch]
kind = "file"
path = "a.json"
[format]
kind = "json"
[[table]]
entity = "service"
[table.fields]
code = "id"
name = "title"
owner_reg_no = "owner"
audience = { column = "kam", codes = { "C" = "iedzīvotājs" } }
"#;

#[test]
fn a_source_extends_a_preset() {
    let source = "id = \"x\"\ntitle = \"X\"\nextends = \"sistema\"\n[fetch]\npath = \"b.json\"\n\
        [[table]]\nentity = \"service\"\n[table.fields]\nowner_reg_no = { value = \"90000270634\" }\n\
        audience = { codes = { \"J\" = \"iedzīvotājs\" } }\n";
    let config = load(&[("presets/sistema.toml", PRESET), ("sources/x.toml", source)]).unwrap();
    let x = config.source("x").unwrap();
    assert_eq!((x.title.as_str(), x.delivers, x.fetch.kind.as_str()), ("X", Delivers::Delta, "file"));
    assert_eq!(x.fetch.options["path"], "b.json");
    assert_eq!(x.table.len(), 1);
    assert_eq!(x.table[0].fields.keys().collect::<Vec<_>>(), ["audience", "code", "name", "owner_reg_no"]);
    assert_eq!(x.table[0].fields["owner_reg_no"].rule().value.as_deref(), Some("90000270634"));
    assert!(x.table[0].fields["owner_reg_no"].rule().column.is_none());
    assert_eq!(x.table[0].fields["audience"].rule().codes.keys().collect::<Vec<_>>(), ["C", "J"]);
    assert!(!config.presets["sistema"].verified);
    // Nothing of its own but what tells it apart.
    let bare = "id = \"x\"\ntitle = \"X\"\nextends = \"sistema\"\n";
    assert!(load(&[("presets/sistema.toml", PRESET), ("sources/x.toml", bare)]).is_ok());
}

#[test]
fn a_fault_is_told_in_the_file_where_it_stands() {
    let source = |more: &str| format!("id = \"x\"\ntitle = \"X\"\nextends = \"sistema\"\n{more}");
    let with = |preset: &str, more: &str| {
        told(&[
            ("presets/sistema.toml", preset),
            ("sources/x.toml", &source(more)),
            ("sources/y.toml", &source(more).replace("\"x\"", "\"y\"")),
        ])
    };
    // In the preset: told there, once, though two sources extend it.
    let bad = PRESET.replace("name = \"title\"", "nam = \"title\"");
    assert_eq!(
        with(&bad, ""),
        [
            r#"config/presets/sistema.toml:14:1 "service" has no field "nam" (perhaps: name)"#,
            r#"config/sources/x.toml:3:11 nothing says where the required field "name" of "service" comes from"#,
            r#"config/sources/y.toml:3:11 nothing says where the required field "name" of "service" comes from"#,
        ]
    );
    assert_eq!(
        with(&PRESET.replace("\"file\"", "\"fail\"").replace("verified = false\n", ""), "")[..2],
        [
            r#"config/presets/sistema.toml:1:1 the key "verified" is missing"#,
            r#"config/presets/sistema.toml:5:8 unknown kind of [fetch]: "fail" (perhaps: file)"#,
        ]
    );
    // In the source, amid what the preset says.
    let more = "[fetch]\npaht = \"b\"\n[[table]]\nentity = \"need\"\nfields = { code = \"a\", name = \"b\", life_event_code = \"c\" }\n\
        [[table]]\nentity = \"service\"\n[table.fields]\naudience = { codes = { \"X\" = \"iedzivotajs\" } }\n";
    let told_of = with(PRESET, more);
    assert_eq!(told_of.len(), 4, "{told_of:#?}");
    assert!(told_of[0].starts_with(r#"config/sources/x.toml:5:1 unknown key "paht""#), "{told_of:#?}");
    assert!(told_of[1].starts_with("config/sources/x.toml:12:"), "{told_of:#?}");
    // What the preset leaves to the source is missing there.
    let partial = PRESET.replace("path = \"a.json\"\n", "").replace("owner_reg_no = \"owner\"\n", "");
    assert_eq!(
        told(&[("presets/sistema.toml", &partial), ("sources/x.toml", &source(""))]),
        [
            r#"config/sources/x.toml:3:11 the key "path" is missing"#,
            r#"config/sources/x.toml:3:11 nothing in this table says where the key field "owner_reg_no" of "service" comes from"#,
        ]
    );
    assert_eq!(told(&[("presets/sistema.toml", &partial)]), [""; 0]);
}

#[test]
fn an_unknown_preset_is_told_with_the_nearest() {
    let source = "id = \"x\"\ntitle = \"X\"\nextends = \"redmin\"\n";
    assert_eq!(
        told(&[("presets/redmine.toml", PRESET), ("presets/znuny.toml", PRESET), ("sources/x.toml", source)]),
        [r#"config/sources/x.toml:3:11 there is no preset "redmin" (perhaps: redmine)"#]
    );
    // A preset that cannot be read is told once, not at each source.
    assert_eq!(
        told(&[("presets/redmine.toml", "title = \n"), ("sources/x.toml", &source.replace("redmin", "redmine"))]).len(),
        1
    );
}

#[test]
fn a_preset_may_say_a_part_of_how_a_server_knows_us() {
    let preset = |auth: &str| {
        PRESET.replace("kind = \"file\"\npath = \"a.json\"", &format!("kind = \"rest\"\n[fetch.server.auth]\n{auth}"))
    };
    let told_of = |auth: &str| told(&[("presets/sistema.toml", &preset(auth))]);
    assert_eq!(told_of("kind = \"oauth2\"\nscope = \"a\""), [""; 0]);
    assert_eq!(told_of("kind = \"header\"\nname = \"A\""), [""; 0]);
    let wrong = told_of("kind = \"oauth2\"\nscopes = \"a\"");
    assert!(wrong.len() == 1 && wrong[0].contains("unknown key \"scopes\" (perhaps: scope"), "{wrong:?}");
}

#[test]
fn a_source_does_without_a_part_that_there_is() {
    let source = |without: &str| format!("id = \"x\"\ntitle = \"X\"\nextends = \"sistema\"\nwithout = [{without}]\n");
    let with = |without: &str| told(&[("presets/sistema.toml", PRESET), ("sources/x.toml", &source(without))]);
    // What the preset no longer says is missing in the source.
    assert_eq!(with("\"fetch/path\""), [r#"config/sources/x.toml:3:11 the key "path" is missing"#]);
    assert_eq!(
        with("\"format\", \"fetch/paht\""),
        [r#"config/sources/x.toml:4:22 the preset has no "fetch/paht" to do without (perhaps: path)"#]
    );
    let alone = source("\"fetch/path\"").replace("extends = \"sistema\"\n", "");
    assert_eq!(told(&[("sources/x.toml", &alone)]), [r#"config/sources/x.toml:3:1 the key "extends" is missing"#]);
}

#[test]
fn secrets_are_refused_and_never_shown() {
    let preset = PRESET.replace("path = \"a.json\"", "path = \"a.json?api_key=noslepums1\"");
    let sql = "id = \"y\"\ntitle = \"Y\"\ndelivers = \"snapshot\"\n[fetch]\nkind = \"sql\"\nurl = \"postgres://a:noslepums2@b/c\"\n\
        query = \"SELECT 1\"\n[format]\nkind = \"json\"\n[[table]]\nentity = \"service\"\nfields = { code = \"a\", name = \"b\", owner_reg_no = \"c\" }\n";
    let source =
        "id = \"x\"\ntitle = \"X\"\nextends = \"sistema\"\n[fetch.headers]\nAuthorization = \"Bearer noslepums3\"\n";
    let files = [("presets/sistema.toml", preset.as_str()), ("sources/x.toml", source), ("sources/y.toml", sql)];
    let Err(problems) = load(&files) else { panic!("taken") };
    let secret = "the secret itself stands in the configuration; it does not belong here, and should now be taken for known and be changed";
    let told = told(&files);
    let of_secrets: Vec<&String> = told.iter().filter(|told| told.contains(secret)).collect();
    assert_eq!(
        of_secrets,
        [
            &format!(
                r#"config/presets/sistema.toml:7:8 {secret} (headers and parameters that are a secret are given by auth: {{ kind = "header" or "query", name = "api_key", secret = {{ env = "NAME" }} }})"#
            ),
            &format!(
                r#"config/sources/x.toml:5:17 {secret} (headers and parameters that are a secret are given by auth: {{ kind = "header" or "query", name = "Authorization", secret = {{ env = "NAME" }} }})"#
            ),
            &format!(
                r#"config/sources/y.toml:6:7 {secret} (say where it is kept: {{ env = "NAME" }} or {{ file = "path" }})"#
            ),
        ]
    );
    for language in [Language::Lv, Language::En] {
        let shown = problems.render(Some(language), false);
        assert!(!shown.contains("noslepums"), "{shown}");
        let told = serde_json::to_string(&problems.told(Some(language))).unwrap();
        assert!(!told.contains("noslepums"), "{told}");
    }
    assert!(problems.render(Some(Language::Lv), false).contains("konfigurācijā stāv pats noslēpums"));
}
