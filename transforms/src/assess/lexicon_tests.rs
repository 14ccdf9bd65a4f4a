//! Splitting and folding of answers, as data.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::codelist::Code;

fn list(name: &str, rows: &[(&str, &str, &[&str])]) -> CodeList {
    let codes = rows
        .iter()
        .map(|(code, label, aliases)| Code {
            code: (*code).to_owned(),
            label_lv: (*label).to_owned(),
            label_en: (*label).to_owned(),
            aliases: aliases.iter().map(|a| (*a).to_owned()).collect(),
            extra: Vec::new(),
        })
        .collect();
    CodeList::new(name, codes).0
}

fn systems() -> Lexicon {
    let systems = list(
        "systems",
        &[
            ("Namejs", "Namejs", &["DVS Namejs"]),
            ("Jira", "Jira", &["Jira Service Desk"]),
            ("Horizon", "Horizon", &["uzņēmumu resursu vadības un grāmatvedības sistēma Horizon"]),
            ("Visma HoP", "Visma HoP", &["HoP", "Horizon HoP"]),
            ("KADRI", "KADRI (VISVARIS)", &["Visvaris"]),
            ("OTRS", "OTRS / Znuny", &["Znuny"]),
            ("Google Forms", "Google Forms", &[]),
            ("Microsoft Forms", "Microsoft Forms", &["Forms"]),
            ("visidati.lv", "visidati.lv", &["www.visidati.lv"]),
        ],
    );
    let none = list(
        "no_system_answers",
        &[
            ("none", "Nav", &["-", "n/a"]),
            ("planned", "Tiek plānots", &["nav, tiek plānots"]),
            ("tel", "Tālrunis", &[]),
        ],
    );
    Lexicon::systems(&systems, &none)
}

/// Pieces as `code`, `?text` (unmatched), `~code` (no system).
fn told(lexicon: &Lexicon, text: &str) -> Vec<String> {
    lexicon
        .read(text)
        .into_iter()
        .map(|piece| match piece.mark {
            Mark::Named => piece.key,
            Mark::NoSystem => format!("~{}", piece.key),
            _ => format!("?{}", piece.text),
        })
        .collect()
}

#[test]
fn systems_are_split_and_folded() {
    let lexicon = systems();
    let cases: &[(&str, &[&str])] = &[
        ("Namejs", &["Namejs"]),
        ("  DVS \"NAMEJS\" ", &["Namejs"]),
        ("namejs; Jira", &["Namejs", "Jira"]),
        ("Namejs\nJira\r\n", &["Namejs", "Jira"]),
        ("Namejs/Jira, Znuny", &["Namejs", "Jira", "OTRS"]),
        ("Namejs un Jira", &["Namejs", "Jira"]),
        ("Namejs and JIRA + Forms", &["Namejs", "Jira", "Microsoft Forms"]),
        ("KADRI (VISVARIS)", &["KADRI"]),
        ("KADRI (VISVARIS), Horizon", &["KADRI", "Horizon"]),
        ("Google Forms, Microsoft Forms", &["Google Forms", "Microsoft Forms"]),
        ("OTRS / Znuny", &["OTRS"]),
        ("Horizon, HoP", &["Horizon", "Visma HoP"]),
        ("Horizon HoP", &["Visma HoP"]),
        ("uzņēmumu resursu vadības un grāmatvedības sistēma Horizon un Namejs", &["Horizon", "Namejs"]),
        ("Pilsētas pieteikumu un sūdzību portāls", &["?Pilsētas pieteikumu un sūdzību portāls"]),
        ("Namejs un Pieteikumu un sūdzību portāls", &["Namejs", "?Pieteikumu un sūdzību portāls"]),
        ("Rēķinvedis, KlientuPults", &["?Rēķinvedis", "?KlientuPults"]),
        ("Jira (Atlassian)", &["Jira"]),
        ("Horizon (grāmatvedība, personāls), Namejs", &["Horizon", "Namejs"]),
        ("dokumentu vadības sistēma (Namejs)", &["Namejs"]),
        ("Cits rīks (mājās)", &["?Cits rīks (mājās)"]),
        ("Horizon (grāmatvedība, Namejs", &["Horizon", "Namejs"]),
        ("1. Namejs\n2) Jira\n- Horizon", &["Namejs", "Jira", "Horizon"]),
        ("Namejs u.c.", &["Namejs"]),
        ("Namejs, Jira un citi", &["Namejs", "Jira"]),
        ("citi", &["?citi"]),
        ("nav", &["~none"]),
        ("-", &["~none"]),
        ("n/a", &["~none"]),
        ("nav, tiek plānots", &["~planned"]),
        ("tālrunis, Namejs", &["~tel", "Namejs"]),
        ("https://www.visidati.lv", &["?https://www.visidati.lv"]),
        ("www.visidati.lv", &["visidati.lv"]),
        ("Namejs;;, / Jira", &["Namejs", "Jira"]),
        ("Namejs\u{1F}Jira", &["Namejs", "Jira"]),
        ("??", &["~??"]),
        (" , ; ", &[]),
        ("", &[]),
    ];
    for (text, pieces) in cases {
        assert_eq!(told(&lexicon, text), *pieces, "{text:?}");
    }
}

#[test]
fn a_comma_inside_an_option_does_not_split_it() {
    let option = |code: &str, label: &str, aliases: &[&str]| AnswerOption {
        code: code.to_owned(),
        label_lv: label.to_owned(),
        label_en: format!("{code} in English"),
        aliases: aliases.iter().map(|a| (*a).to_owned()).collect(),
    };
    let lexicon = Lexicon::options(&[
        option("time", "Pakalpojuma izpildes laiks", &["izpildes laiks"]),
        option("costs", "Izmaksas, kas rodas pakalpojuma sniegšanā", &["izmaksas"]),
        option("review", "Laiks un kvalitāte", &[]),
    ]);
    let cases: &[(&str, &[&str])] = &[
        ("Pakalpojuma izpildes laiks;Izmaksas, kas rodas pakalpojuma sniegšanā;", &["time", "costs"]),
        ("Izmaksas, kas rodas pakalpojuma sniegšanā, Pakalpojuma izpildes laiks", &["costs", "time"]),
        ("izmaksas, izpildes laiks", &["costs", "time"]),
        ("Izmaksas, cits", &["costs", "?cits"]),
        ("LAIKS UN KVALITĀTE", &["review"]),
        ("Kas rodas, izpildes laiks", &["?Kas rodas", "time"]),
        ("time; costs", &["time", "costs"]),
    ];
    for (text, pieces) in cases {
        assert_eq!(told(&lexicon, text), *pieces, "{text:?}");
    }
}

#[test]
fn the_nearest_names_are_labels_without_repetition() {
    assert_eq!(systems().nearest("Nameis", 3), ["Namejs"]);
    assert_eq!(systems().nearest("Visvaars", 3), ["KADRI (VISVARIS)"]);
    assert!(systems().nearest("Rēķinvedis", 3).is_empty());
}
