//! Random deliveries of two sources against a naive model: the same counts, the same current state, a history
//! without gap or overlap, and a plan that says what the run does.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::bench::{Bench, How, counts, delta, priority, services, snapshot, steps};

const CODES: [&str; 4] = ["A", "B", "C", "D"];
const NAMES: [&str; 3] = ["Viens", "Divi", "Trīs"];
const TEXTS: [&str; 3] = ["", "Teksts", "Cits teksts"];

#[derive(Debug, Clone)]
struct Row {
    code: usize,
    name: usize,
    text: usize,
    steps: Vec<usize>,
    accepted: bool,
}

#[derive(Debug, Clone)]
struct Step {
    source: usize,
    snapshot: bool,
    /// Whether the delivery has the column of descriptions, and the list of steps.
    with_text: bool,
    with_steps: bool,
    rows: Vec<Row>,
    /// Days by which its time is before that of deliveries already loaded.
    late: u32,
    /// How often it comes.
    times: u32,
}

fn row() -> impl Strategy<Value = Row> {
    let steps = prop::collection::vec(0..NAMES.len(), 0..3);
    (0..CODES.len(), 0..NAMES.len(), 0..TEXTS.len(), steps, prop::bool::weighted(0.85))
        .prop_map(|(code, name, text, steps, accepted)| Row { code, name, text, steps, accepted })
}

fn step() -> impl Strategy<Value = Step> {
    let rows = prop::collection::vec(row(), 0..5);
    let late = prop_oneof![2 => Just(0_u32), 1 => 1..5_u32];
    let times = prop_oneof![4 => Just(1_u32), 1 => Just(2)];
    (0..2_usize, prop::bool::weighted(0.7), any::<bool>(), any::<bool>(), rows, late, times).prop_map(
        |(source, snapshot, with_text, with_steps, rows, late, times)| Step {
            source,
            snapshot,
            with_text,
            with_steps,
            rows,
            late,
            times,
        },
    )
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Held {
    name: String,
    text: String,
    steps: Vec<String>,
}

/// What the registry should hold: by source and code.
#[derive(Default)]
struct Model {
    sources: [BTreeMap<&'static str, Held>; 2],
    /// Codes of what stands in quarantine, a row an entry.
    rejected: [Vec<&'static str>; 2],
}

impl Model {
    /// Applies a delivery; inserted, changed, retired, unchanged.
    fn deliver(&mut self, step: &Step) -> [i64; 4] {
        let held = &mut self.sources[step.source];
        let mut counted = [0; 4];
        let mut last: BTreeMap<&str, &Row> = BTreeMap::new();
        for row in step.rows.iter().filter(|row| row.accepted) {
            last.insert(CODES[row.code], row);
        }
        for (code, row) in last {
            let before = held.get(code).cloned();
            let mut after = before.clone().unwrap_or_default();
            after.name = NAMES[row.name].into();
            if step.with_text {
                after.text = TEXTS[row.text].into();
            }
            if step.with_steps {
                after.steps = row.steps.iter().map(|name| NAMES[*name].to_owned()).collect();
            }
            counted[match &before {
                None => 0,
                Some(before) if *before != after => 1,
                Some(_) => 3,
            }] += 1;
            held.insert(code, after);
        }
        let seen: BTreeSet<&str> = step.rows.iter().map(|row| CODES[row.code]).collect();
        let rejected = &mut self.rejected[step.source];
        rejected.retain(|code| !step.snapshot && !seen.contains(code));
        rejected.extend(step.rows.iter().filter(|row| !row.accepted).map(|row| CODES[row.code]));
        if step.snapshot {
            let before = held.len();
            held.retain(|code, _| seen.contains(code));
            counted[2] = (before - held.len()) as i64;
        }
        counted
    }

    /// The merged view: the second source has the higher priority.
    fn merged(&self) -> Vec<String> {
        let [weak, strong] = &self.sources;
        let codes: BTreeSet<&str> = weak.keys().chain(strong.keys()).copied().collect();
        let line = |code: &str| {
            let fed: Vec<&Held> = [strong.get(code), weak.get(code)].into_iter().flatten().collect();
            let first = |text: fn(&Held) -> &str| fed.iter().map(|held| text(held)).find(|text| !text.is_empty());
            let steps = fed.iter().map(|held| held.steps.join("+")).find(|steps| !steps.is_empty());
            format!(
                "{code}|{}|{}|{}",
                first(|held| &held.name).unwrap_or("NULL"),
                first(|held| &held.text).unwrap_or("NULL"),
                steps.as_deref().unwrap_or("NULL")
            )
        };
        codes.into_iter().map(line).collect()
    }
}

const MERGED: &str = "SELECT code, name, description, (SELECT string_agg(name, '+') FROM
    (SELECT name FROM service_steps c WHERE c.uid = v.uid AND c.run = v.run ORDER BY ordinal) s) FROM service_current v
    ORDER BY code";

fn frames(step: &Step) -> (How, Vec<vienkop_transforms::records::Records>) {
    let source = ["weak", "strong"][step.source];
    let mut mapped = vec!["service"];
    let mut columns = vec!["code", "name"];
    if step.with_text {
        columns.push("description");
    }
    let rows: Vec<Vec<&str>> = step
        .rows
        .iter()
        .map(|row| [CODES[row.code], NAMES[row.name], TEXTS[row.text]].into_iter().take(columns.len()).collect())
        .collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let mut given = services(source, &columns, &rows);
    let accepted: Vec<bool> = step.rows.iter().map(|row| row.accepted).collect();
    given.frame.with_column(polars::prelude::Column::new("_accepted".into(), accepted)).unwrap();
    let mut records = vec![given];
    if step.with_steps {
        mapped.push("service.steps");
        // Steps stand in the row of their service.
        for (n, row) in step.rows.iter().enumerate().filter(|(_, row)| row.accepted) {
            let list: Vec<(&str, i64, &str)> =
                row.steps.iter().zip(1..).map(|(name, no)| (CODES[row.code], no, NAMES[*name])).collect();
            let mut list = steps(source, &list);
            let place = vec![n as i64 + 1; row.steps.len()];
            list.frame.with_column(polars::prelude::Column::new("_row".into(), place)).unwrap();
            records.push(list);
        }
    }
    (if step.snapshot { snapshot(&mapped) } else { delta(&mapped) }, records)
}

fn sorted<'a>(codes: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut codes: Vec<&str> = codes.collect();
    codes.sort_unstable();
    codes
}

async fn follow(mut bench: Bench, deliveries: &[Step]) {
    bench.priorities = vec![priority("weak", 1), priority("strong", 2)];
    let mut model = Model::default();
    for step in deliveries {
        let (how, records) = frames(step);
        let source = ["weak", "strong"][step.source];
        bench.late.set(step.late);
        let planned = bench.plan(source, &how, &records).await;
        let done = bench.deliver(source, &how, &records).await;
        assert_eq!(planned, done);
        let expected = model.deliver(step);
        assert_eq!(counts(&done, "service")[..4], expected, "{step:?}");
        assert_eq!(bench.ask(MERGED).await, model.merged(), "{step:?}");
        let listed = bench.registry.quarantine_list(Some(source), 100).await.unwrap();
        let listed = listed.iter().map(|row| row.record_key.as_deref().unwrap().rsplit('/').next().unwrap());
        assert_eq!(sorted(listed), sorted(model.rejected[step.source].iter().copied()), "{step:?}");
        if step.times > 1 {
            let again = counts(&bench.deliver(source, &how, &records).await, "service");
            assert_eq!(again[..3], [0; 3], "the same again changes nothing: {step:?}");
            assert_eq!(bench.ask(MERGED).await, model.merged(), "{step:?}");
        }
        bench.sound().await;
    }
    // A record keeps its uid through every retirement and return.
    let uids =
        "SELECT count(DISTINCT entity_uid) - count(DISTINCT replace(replace(record_uid, 'weak', ''), 'strong', ''))
        FROM identity";
    assert_eq!(bench.ask(uids).await, ["0"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn deliveries_agree_with_the_model_on_sqlite(deliveries in prop::collection::vec(step(), 1..7)) {
        block_on(async { follow(Bench::sqlite().await, &deliveries).await });
    }

    #[test]
    fn deliveries_agree_with_the_model_on_postgres(deliveries in prop::collection::vec(step(), 1..7)) {
        block_on(async { follow(Bench::postgres().await, &deliveries).await });
    }
}

pub(crate) fn block_on(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(work);
}
