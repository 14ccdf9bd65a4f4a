//! Behaviour of scored identity through its two functions, and its properties.

use polars::prelude::*;
use proptest::prelude::*;

use super::*;

/// A service: id, owner, kind of owner, name, legal acts, group code.
#[derive(Debug, Clone)]
struct Row(&'static str, &'static str, &'static str, String, Option<&'static str>, Option<&'static str>);

const STATE: &str = "ministrijas padotības iestāde";
const MUNICIPALITY: &str = "pašvaldība";

fn row(uid: &'static str, owner: &'static str, kind: &'static str, name: &str) -> Row {
    Row(uid, owner, kind, name.to_owned(), None, None)
}

fn page(rows: &[Row]) -> DataFrame {
    let text = |name: &str, cells: Vec<Option<String>>| Column::new(name.into(), cells);
    let of = |cell: fn(&Row) -> Option<&str>| rows.iter().map(|row| cell(row).map(str::to_owned)).collect();
    let columns = vec![
        text("uid", of(|row| Some(row.0))),
        text("owner_reg_no", of(|row| Some(row.1))),
        text("owner_kind", of(|row| Some(row.2))),
        text("code", of(|_| None)),
        text("name", of(|row| Some(&row.3))),
        text("kind", of(|_| None)),
        text("legal_acts", of(|row| row.4)),
        text("audience", of(|_| Some(r#"["iedzīvotājs"]"#))),
        text("request_channels", of(|_| None)),
        text("group_code", of(|row| row.5)),
    ];
    DataFrame::new(rows.len(), columns).unwrap()
}

fn shipped() -> MatchSettings {
    MatchSettings::shipped().unwrap()
}

/// `left right verdict` of every pair.
fn verdicts(new: &[Row], held: &[Row]) -> Vec<String> {
    let found = match_services(&page(new), &page(held), &shipped()).unwrap();
    let column = |name: &str| found.column(name).unwrap().str().unwrap().clone();
    let (left, right, verdict) = (column("left"), column("right"), column("verdict"));
    (0..found.height())
        .map(|row| [&left, &right, &verdict].map(|column| column.get(row).unwrap_or_default().to_owned()).join(" "))
        .collect()
}

#[test]
fn shipped_settings_are_sound() {
    assert_eq!(shipped().check(), []);
}

#[test]
fn every_mistake_of_settings_is_told() {
    let mut settings = shipped();
    settings.thresholds = Thresholds { merge: 0.5, review: 1.5 };
    settings.weights.kind = -1.0;
    settings.weights.name = 0.0;
    settings.names.stop_words.push("anulēšanai".to_owned());
    settings.names.same_words.push(vec!["—".to_owned()]);
    let told: Vec<String> = settings.check().iter().map(|(path, problem)| format!("{path}: {problem}")).collect();
    let word = settings.names.stop_words.len() - 1;
    let same = settings.names.same_words.len() - 1;
    let repeated = settings.actions.iter().position(|action| action.name == "anulēšana").unwrap();
    assert_eq!(
        told,
        [
            "thresholds.review: must be between 0 and 1".to_owned(),
            "thresholds.review: must not be above `merge`".to_owned(),
            "weights.kind: must be 0 or more".to_owned(),
            "weights.name: must be more than 0".to_owned(),
            format!("actions.{repeated}.name: `anulēšana` stands in names.stop_words.{word} already"),
            format!("names.same_words.{same}.0: holds no letter or digit"),
        ]
    );
}

#[test]
fn owners_decide_the_verdict() {
    let new = [row("n", "1", STATE, "Zvejas licences izsniegšana")];
    assert_eq!(verdicts(&new, &[row("h", "1", STATE, "Zvejas licence")]), ["n h merge"]);
    assert_eq!(verdicts(&new, &[row("h", "2", STATE, "Zvejas licence")]), ["n h review"]);
    assert_eq!(verdicts(&new, &[row("h", "1", STATE, "Zvejas licences anulēšana")]), [""; 0]);
    let new = [row("n", "1", MUNICIPALITY, "Zvejas licences izsniegšana")];
    assert_eq!(verdicts(&new, &[row("h", "2", MUNICIPALITY, "Zvejas licence")]), ["n h group"]);
}

#[test]
fn several_candidates_go_to_a_person() {
    let one = [row("n", "1", STATE, "Zvejas licence")];
    let two = [row("h1", "1", STATE, "Zvejas licences izsniegšana"), row("h2", "1", STATE, "Zvejas licences")];
    assert_eq!(verdicts(&one, &two), ["n h1 review", "n h2 review"]);
    assert_eq!(verdicts(&two, &one), ["h1 n review", "h2 n review"]);
}

/// The same as several pages, a held service a page.
fn settled(new: &[Row], held: &[Row]) -> Vec<String> {
    let pages =
        held.iter().map(|row| match_services(&page(new), &page(std::slice::from_ref(row)), &shipped()).unwrap());
    let all = pages.reduce(|all, found| all.vstack(&found).unwrap()).unwrap();
    let found = settle(&all).unwrap();
    let column = |name: &str| found.column(name).unwrap().str().unwrap().clone();
    let (left, right, verdict) = (column("left"), column("right"), column("verdict"));
    let line = |n: usize| [&left, &right, &verdict].map(|column| column.get(n).unwrap()).join(" ");
    (0..found.height()).map(line).collect()
}

#[test]
fn pages_are_settled_together() {
    let one = [row("n", "1", STATE, "Zvejas licence")];
    let two = [row("h1", "1", STATE, "Zvejas licences izsniegšana"), row("h2", "1", STATE, "Zvejas licences")];
    assert_eq!(settled(&one, &two[..1]), ["n h1 merge"]);
    assert_eq!(settled(&one, &two), ["n h1 review", "n h2 review"]);
    // A name that everybody uses asks about a few, whoever else has it.
    let owners = ["2", "3", "4", "5", "6", "7", "8"];
    let many: Vec<Row> = ["a", "b", "c", "d", "e", "f", "g"]
        .iter()
        .zip(owners)
        .map(|(uid, o)| row(uid, o, STATE, "Zvejas licence"))
        .collect();
    assert_eq!(settled(&one, &many).len(), 5);
    // Kinds of service are no pairs to decide about.
    let here = [row("n", "1", MUNICIPALITY, "Zvejas licence")];
    assert_eq!(settled(&here, &[row("h", "2", MUNICIPALITY, "Zvejas licence")]), Vec::<String>::new());
}

#[test]
fn a_slip_alone_does_not_merge() {
    let mut new = row("n", "1", STATE, "Meliorācijas sistēmas pārbūve");
    let mut held = row("h", "1", STATE, "Meliroācijas sistēmas pārbūve");
    let strip = |rows: &[Row]| {
        let mut page = page(rows);
        page.with_column(Column::full_null("audience".into(), rows.len(), &DataType::String)).unwrap();
        page
    };
    let verdict = |new: &Row, held: &Row| {
        let found =
            match_services(&strip(std::slice::from_ref(new)), &strip(std::slice::from_ref(held)), &shipped()).unwrap();
        found.column("verdict").unwrap().str().unwrap().get(0).unwrap().to_owned()
    };
    assert_eq!(verdict(&new, &held), "review");
    new.4 = Some("Meliorācijas likums");
    held.4 = Some("Meliorācijas likums\nAdministratīvā procesa likums");
    assert_eq!(verdict(&new, &held), "merge");
}

#[test]
fn groups_take_the_code_that_members_carry() {
    let services = [
        row("a", "1", MUNICIPALITY, "Dzīvesvietas deklarēšana Ērgļupes novadā"),
        row("b", "2", MUNICIPALITY, "Deklarēt dzīvesvietu"),
        row("c", "3", STATE, "Dzīvesvietas deklarēšana"),
        row("d", "1", MUNICIPALITY, "Suņa reģistrācija"),
        Row("e", "2", MUNICIPALITY, "Suņu reģistrācija".to_owned(), None, Some("SUNI")),
        row("f", "1", MUNICIPALITY, "Kaķa reģistrācija"),
        row("g", "1", MUNICIPALITY, "Kaķu reģistrācija"),
    ];
    let found = propose_groups(&page(&services), &shipped()).unwrap();
    let column = |name: &str| -> Vec<String> {
        let column = found.column(name).unwrap().str().unwrap().clone();
        (0..column.len()).map(|row| column.get(row).unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(column("uid"), ["a", "b", "d"]);
    assert_eq!(column("group_code"), ["deklaret-dzivesvietu", "deklaret-dzivesvietu", "SUNI"]);
    assert_eq!(column("name_of_group")[2], "Suņa reģistrācija");
}

const WORDS: [&str; 14] = [
    "Zvejas",
    "licences",
    "licencēm",
    "anulēšana",
    "izsniegšanu",
    "laivas",
    "Ērgļupes",
    "novadā",
    "fiziskām",
    "juridiskai",
    "personām",
    "2.",
    "piedzimstot",
    "piedzimšanas",
];

fn any_name() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&WORDS[..]), 0..6).prop_map(|words| words.join(" "))
}

fn any_row(uid: &'static str) -> impl Strategy<Value = Row> {
    let owner = prop::sample::select(vec!["1", "2"]);
    let kind = prop::sample::select(vec![STATE, MUNICIPALITY]);
    let acts = prop::option::of(prop::sample::select(vec!["Zvejniecības likums", "Meža likums\nMK noteikumi Nr. 5"]));
    (owner, kind, any_name(), acts).prop_map(move |(owner, kind, name, acts)| Row(uid, owner, kind, name, acts, None))
}

fn any_page(uids: [&'static str; 4]) -> impl Strategy<Value = Vec<Row>> {
    Vec::from(uids.map(any_row))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sides_may_be_swapped(left in any_row("l"), right in any_row("r")) {
        let (left, right) = (page(&[left]), page(&[right]));
        let there = match_services(&left, &right, &shipped()).unwrap();
        let back = match_services(&right, &left, &shipped()).unwrap();
        prop_assert_eq!(there.height(), back.height());
        for name in ["score", "verdict"] {
            prop_assert!(there.column(name).unwrap().equals(back.column(name).unwrap()));
        }
    }

    #[test]
    fn identical_services_score_one(service in any_row("l")) {
        let mut other = service.clone();
        other.0 = "r";
        let found = match_services(&page(std::slice::from_ref(&service)), &page(&[other]), &shipped()).unwrap();
        let says_something = !Lexicon::new(&shipped()).read(&service.3).signature().is_empty();
        prop_assert_eq!(found.height(), usize::from(says_something));
        if says_something {
            prop_assert_eq!(found.column("score").unwrap().f64().unwrap().get(0), Some(1.0));
            prop_assert_eq!(found.column("verdict").unwrap().str().unwrap().get(0), Some(MERGE));
        }
    }

    #[test]
    fn order_of_rows_does_not_matter(
        new in any_page(["a", "b", "c", "d"]),
        held in any_page(["e", "f", "g", "h"]),
    ) {
        let reversed = |rows: &[Row]| rows.iter().rev().cloned().collect::<Vec<_>>();
        prop_assert_eq!(verdicts(&new, &held), verdicts(&reversed(&new), &reversed(&held)));
        let groups = |rows: &[Row]| propose_groups(&page(rows), &shipped()).unwrap();
        prop_assert!(groups(&held).equals_missing(&groups(&reversed(&held))));
    }
}
