//! Counting a survey: cases as data, and a comparison with a naive counter on random answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::report::{Row, Table};
use super::*;
use crate::codelist::{Code, CodeList};
use crate::texts::Language;

const QUESTIONNAIRE: &str = r#"
id = "t"
wave = "t"
title_lv = "Aptauja"
title_en = "Survey"
opened = "2024-06-17"
closed = "2024-07-05"

[[section]]
id = "1.1"
title_lv = "Reģistri"
title_en = "Registers"

[[question]]
id = "virsis"
text_lv = "Vai reģistrē VIRSIS?"
text_en = "Registered in VIRSIS?"
type = "yes-no"

[[question]]
id = "other"
text_lv = "Vai izmanto citu?"
text_en = "Another one?"
type = "yes-no"

[[question]]
id = "which"
text_lv = "Kādu?"
text_en = "Which?"
type = "text"

[[question]]
id = "systems"
text_lv = "Kādas sistēmas?"
text_en = "Which systems?"
type = "systems"

[[question]]
id = "aspects"
text_lv = "Kādi aspekti?"
text_en = "Which aspects?"
type = "options"

[[question.option]]
code = "time"
label_lv = "Izpildes laiks"
label_en = "Time"

[[question.option]]
code = "costs"
label_lv = "Izmaksas, kas rodas"
label_en = "Costs"

[[figure]]
id = "1.1-6"
section = "1.1"
number = 6
title_lv = "VIRSIS"
title_en = "VIRSIS"
kind = "choice"
question = "virsis"
predicate_lv = "reģistrē pakalpojumus VIRSIS"
predicate_en = "register services in VIRSIS"

[[figure]]
id = "1.1-7"
section = "1.1"
number = 7
title_lv = "Cits"
title_en = "Other"
kind = "choice"
question = "other"
follow_up = "which"

[[figure]]
id = "1.1-8"
section = "1.1"
number = 8
title_lv = "Kopā"
title_en = "Together"
kind = "cross"
questions = ["virsis", "other"]

[[figure.row]]
key = "both"
label_lv = "Izmanto abus"
label_en = "Uses both"
when = { virsis = "yes", other = "yes" }

[[figure.row]]
key = "no-virsis"
label_lv = "Neizmanto VIRSIS"
label_en = "Does not use VIRSIS"
when = { virsis = "no" }

[[figure]]
id = "1.1-9"
section = "1.1"
number = 9
title_lv = "Sistēmas"
title_en = "Systems"
kind = "systems"
question = "systems"

[[figure]]
id = "1.1-10"
section = "1.1"
number = 10
title_lv = "Izmanto kādu"
title_en = "Uses any"
kind = "uses-any"
question = "systems"
yes_lv = "Izmanto"
no_lv = "Neizmanto"

[[figure]]
id = "1.1-11"
section = "1.1"
number = 11
title_lv = "Aspekti"
title_en = "Aspects"
kind = "options"
question = "aspects"
"#;

fn questionnaire() -> Questionnaire {
    toml::from_str(QUESTIONNAIRE).unwrap()
}

fn texts(language: Language) -> Texts {
    let source = match language {
        Language::Lv => include_str!("../../../config/texts/lv.ftl"),
        Language::En => include_str!("../../../config/texts/en.ftl"),
    };
    Texts::parse(language, source).unwrap()
}

fn codelists() -> CodeLists {
    let list = |name: &str, rows: &[(&str, &str, &str)]| {
        let codes = rows.iter().map(|(code, label, alias)| Code {
            code: (*code).to_owned(),
            label_lv: (*label).to_owned(),
            label_en: (*label).to_owned(),
            aliases: vec![(*alias).to_owned()],
            extra: Vec::new(),
        });
        CodeList::new(name, codes.collect()).0
    };
    CodeLists::new([
        list(
            "systems",
            &[
                ("Namejs", "Namejs", "DVS Namejs"),
                ("Jira", "Jira", "Atlassian Jira"),
                ("Ivanti", "Ivanti Service Manager", "Ivanti Service Desk"),
                ("Wiki", "Wiki", "viki"),
                ("Excel", "Microsoft Excel", "MS Excel"),
            ],
        ),
        list("no_system_answers", &[("none", "Nav", "-"), ("telephone", "Tālrunis", "telefons")]),
        list("institution_kinds", &[("ministrija", "ministrija", ""), ("pašvaldība", "pašvaldība", "novads")]),
    ])
}

/// respondent, question, answer, submitted
type Answer = (String, &'static str, Option<String>, String);

fn frame(answers: &[Answer]) -> DataFrame {
    let wave = vec!["t"; answers.len()];
    df!(
        "wave" => wave,
        "respondent_reg_no" => answers.iter().map(|a| a.0.as_str()).collect::<Vec<_>>(),
        "question" => answers.iter().map(|a| a.1).collect::<Vec<_>>(),
        "option" => vec![None::<&str>; answers.len()],
        "value_raw" => answers.iter().map(|a| a.2.as_deref()).collect::<Vec<_>>(),
        "submitted_at" => answers.iter().map(|a| a.3.as_str()).collect::<Vec<_>>(),
    )
    .unwrap()
}

fn institutions() -> DataFrame {
    df!("reg_no" => ["r0", "r1", "r2", "r3", "r4"], "kind" => ["pašvaldība", "ministrija", "pašvaldība", "ministrija", "pašvaldība"]).unwrap()
}

fn assessed(answers: &[Answer], language: Language) -> Assessed {
    assess(&frame(answers), &institutions(), &questionnaire(), &codelists(), &texts(language)).unwrap()
}

fn table<'a>(assessed: &'a Assessed, id: &str) -> &'a Table {
    assessed.sections.iter().flat_map(|s| &s.tables).find(|t| t.id == id).unwrap()
}

fn counts(rows: &[Row]) -> BTreeMap<String, u64> {
    rows.iter().filter(|row| row.count > 0).map(|row| (row.key.clone(), row.count)).collect()
}

fn answer(respondent: &str, question: &'static str, text: &str) -> Answer {
    let text = (!text.is_empty()).then(|| text.to_owned());
    (respondent.to_owned(), question, text, "2024-06-20T09:00:00Z".to_owned())
}

fn small_survey() -> Vec<Answer> {
    let mut answers = vec![
        answer("r0", "virsis", "Jā"),
        answer("r0", "other", "nē"),
        answer("r0", "systems", "DVS Namejs; Jira"),
        answer("r0", "aspects", "Izmaksas, kas rodas, Izpildes laiks"),
        answer("r1", "virsis", "jā"),
        answer("r1", "other", "JĀ"),
        answer("r1", "which", "Žurnāls"),
        answer("r1", "systems", "NAMEJS un Klientu portāls"),
        answer("r1", "aspects", "Cits"),
        answer("r2", "virsis", "NĒ"),
        answer("r2", "other", "daļēji"),
        answer("r2", "systems", "telefons, -"),
        answer("r9", "virsis", "Jā"),
        answer("r9", "other", ""),
        answer("r9", "systems", "Nameijs"),
        answer("r9", "secret", "x"),
    ];
    // An earlier submission, of which nothing counts.
    answers.push(("r2".to_owned(), "virsis", Some("Jā".to_owned()), "2024-06-18T09:00:00Z".to_owned()));
    answers.push(("r2".to_owned(), "aspects", Some("Izpildes laiks".to_owned()), "2024-06-18T09:00:00Z".to_owned()));
    answers
}

#[test]
fn a_small_survey_is_counted() {
    let assessed = assessed(&small_survey(), Language::Lv);
    let cases: &[(&str, &[(&str, u64)])] = &[
        ("1.1-6", &[("no", 1), ("yes", 3)]),
        ("1.1-7", &[("no", 1), ("none", 1), ("unclear", 1), ("yes", 1)]),
        ("1.1-8", &[("both", 1), ("no-virsis", 1), ("none", 1), ("other", 1)]),
        ("1.1-9", &[("Jira", 1), ("Namejs", 2), ("no-system", 1), ("unmatched", 2)]),
        ("1.1-10", &[("no", 1), ("yes", 3)]),
        ("1.1-11", &[("costs", 1), ("none", 2), ("time", 1), ("unmatched", 1)]),
    ];
    for (id, expected) in cases {
        let expected: BTreeMap<String, u64> = expected.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect();
        assert_eq!(counts(&table(&assessed, id).rows), expected, "{id}");
    }
    let keys: Vec<&str> = table(&assessed, "1.1-9").rows.iter().map(|row| row.key.as_str()).collect();
    assert_eq!(keys, ["Namejs", "Jira", "unmatched", "no-system"]);
    let values: Vec<_> = assessed.findings.iter().filter_map(|f| f.value.as_deref()).collect();
    assert_eq!(values, ["r9", "secret"]);
}

#[test]
fn a_small_survey_is_told() {
    for language in [Language::Lv, Language::En] {
        let assessed = assessed(&small_survey(), language);
        let report = report("2024-07-08".parse().unwrap(), &texts(language), assessed.sections);
        let json = serde_json::to_string_pretty(&report).unwrap();
        insta::assert_snapshot!(format!("small_survey_{}", language.code()), json);
    }
}

#[test]
fn a_wave_without_answers_has_its_tables() {
    let assessed = assessed(&[], Language::Lv);
    let all = table(&assessed, "1.1-6");
    assert_eq!((all.n, all.rows[0].percent.as_str(), all.by_kind.0.len()), (0, "0.00", 0));
}

#[test]
fn every_text_that_reports_use_exists_in_both_languages() {
    let ids = |source: &'static str| -> BTreeSet<&str> {
        source.lines().filter(|l| l.starts_with("report-")).filter_map(|l| l.split(" =").next()).collect()
    };
    let lv = ids(include_str!("../../../config/texts/lv.ftl"));
    assert_eq!(lv, ids(include_str!("../../../config/texts/en.ftl")));
    for source in
        [include_str!("survey.rs"), include_str!("figures.rs"), include_str!("sentence.rs"), include_str!("lists.rs")]
    {
        let used = source.split('"').filter(|s| s.starts_with("report-") && !s.contains(['{', ' ', '\n']));
        for id in used {
            assert!(lv.contains(id), "{id}");
        }
    }
}

#[test]
fn a_questionnaire_tells_all_its_problems() {
    assert_eq!(questionnaire().check(), []);
    let broken = QUESTIONNAIRE
        .replace("question = \"virsis\"", "question = \"virsi\"")
        .replace("when = { virsis = \"no\" }", "when = { other = \"yes\" }")
        .replace("section = \"1.1\"\nnumber = 11", "section = \"1.3\"\nnumber = 11")
        .replace("id = \"1.1-10\"", "id = \"1.1-9\"")
        .replace("kind = \"options\"\nquestion = \"aspects\"", "kind = \"systems\"\nquestion = \"aspects\"")
        .replace("2024-07-05", "5.07.2024");
    let broken: Questionnaire = toml::from_str(&broken).unwrap();
    let told: Vec<String> = broken.check().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"));
}

/// One respondent's submission: yes/no answers, systems with their way of being joined, when.
#[derive(Debug, Clone)]
struct Submission {
    respondent: u8,
    day: u8,
    virsis: Option<bool>,
    other: Option<bool>,
    systems: Vec<usize>,
    separator: usize,
}

const SPELLINGS: [(&str, &str); 9] = [
    ("Namejs", "Namejs"),
    ("Namejs", "dvs \"NAMEJS\""),
    ("Jira", "jira"),
    ("Ivanti", "Ivanti Service Desk"),
    ("Wiki", "viki"),
    ("Excel", "MS Excel"),
    ("?", "Rēķinvedis"),
    ("~", "nav"),
    ("~", "Telefons"),
];
const SEPARATORS: [&str; 6] = [", ", ";", "\n", " un ", "/", " / "];

fn submission() -> impl Strategy<Value = Submission> {
    let systems = prop::collection::vec(0..SPELLINGS.len(), 0..4);
    (0..8_u8, any::<Option<bool>>(), any::<Option<bool>>(), systems, 0..SEPARATORS.len()).prop_map(
        |(respondent, virsis, other, systems, separator)| Submission {
            respondent,
            day: 0,
            virsis,
            other,
            systems,
            separator,
        },
    )
}

fn naive(latest: &[&Submission], of: impl Fn(&Submission) -> Vec<String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for submission in latest {
        for key in of(submission).into_iter().collect::<BTreeSet<_>>() {
            *counts.entry(key).or_insert(0) += 1;
        }
    }
    counts
}

fn said(answer: Option<bool>) -> String {
    answer.map_or("none", |yes| if yes { "yes" } else { "no" }).to_owned()
}

fn system_keys(submission: &Submission) -> Vec<String> {
    let codes: Vec<&str> = submission.systems.iter().map(|index| SPELLINGS[*index].0).collect();
    if codes.is_empty() {
        return vec!["none".to_owned()];
    }
    let mut keys: Vec<String> = codes
        .iter()
        .filter(|code| **code != "~")
        .map(|code| if *code == "?" { "unmatched" } else { code }.to_owned())
        .collect();
    if keys.is_empty() {
        keys.push("no-system".to_owned());
    }
    keys
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn counts_agree_with_a_naive_counter(mut submissions in prop::collection::vec(submission(), 1..30)) {
        let yes_no = [["Jā", "Nē"], ["jā", "NĒ"], ["JĀ", "ne"]];
        let mut answers: Vec<Answer> = Vec::new();
        for (index, s) in submissions.iter_mut().enumerate() {
            s.day = index as u8 + 1;
            let (who, when) = (format!("r{}", s.respondent), format!("2024-06-{:02}T08:00:00Z", s.day));
            let spelled = |answer: Option<bool>| answer.map(|yes| yes_no[index % 3][usize::from(!yes)].to_owned());
            let names: Vec<&str> = s.systems.iter().map(|i| SPELLINGS[*i].1).collect();
            answers.push((who.clone(), "virsis", spelled(s.virsis), when.clone()));
            answers.push((who.clone(), "other", spelled(s.other), when.clone()));
            answers.push((who, "systems", Some(names.join(SEPARATORS[s.separator])), when));
        }
        let mut latest: BTreeMap<u8, &Submission> = BTreeMap::new();
        for s in &submissions {
            latest.insert(s.respondent, s);
        }
        let kind = |s: &Submission| match s.respondent {
            0 | 2 | 4 => "pašvaldība",
            1 | 3 => "ministrija",
            _ => "nezināms",
        };
        let assessed = assessed(&answers, Language::Lv);
        let check = |id: &str, of: &dyn Fn(&Submission) -> Vec<String>| -> Result<(), TestCaseError> {
            let table = table(&assessed, id);
            let all: Vec<&Submission> = latest.values().copied().collect();
            prop_assert_eq!(table.n, all.len() as u64);
            prop_assert_eq!(counts(&table.rows), naive(&all, of), "{}", id);
            for (name, of_kind) in &table.by_kind.0 {
                let some: Vec<&Submission> = all.iter().copied().filter(|s| kind(s) == name.code).collect();
                prop_assert_eq!(of_kind.n, some.len() as u64);
                prop_assert_eq!(counts(&of_kind.rows), naive(&some, of), "{} {}", id, &name.code);
            }
            prop_assert_eq!(table.by_kind.0.iter().map(|(_, k)| k.n).sum::<u64>(), table.n);
            Ok(())
        };
        check("1.1-6", &|s| vec![said(s.virsis)])?;
        check("1.1-7", &|s| vec![said(s.other)])?;
        check("1.1-9", &system_keys)?;
        check("1.1-10", &|s| {
            let uses = s.systems.iter().any(|index| SPELLINGS[*index].0 != "~");
            vec![if uses { "yes" } else { "no" }.to_owned()]
        })?;
        check("1.1-8", &|s| {
            vec![match (s.virsis, s.other) {
                (Some(true), Some(true)) => "both",
                (Some(false), _) => "no-virsis",
                (None, _) | (_, None) => "none",
                (Some(true), Some(false)) => "other",
            }
            .to_owned()]
        })?;
    }
}
