//! What a source looked like is remembered with the load of its delivery, and with nothing else.

use std::collections::BTreeSet;

use vienkop_connectors::registry::{Mode, Rows, Schemas};
use vienkop_transforms::drift::{Schema, SeenColumn, Shape};

use crate::bench::{Bench, How, give, services, snapshot};

/// A column, by name, forms and codes.
fn column(name: &str, shapes: &[Shape], codes: &[&str]) -> SeenColumn {
    SeenColumn {
        name: name.into(),
        shapes: shapes.iter().copied().collect(),
        rare: BTreeSet::from([Shape::Text]),
        filled: 97,
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
    }
}

fn schemas(parts: &[(&str, &[SeenColumn])]) -> Schemas {
    let part = |(name, columns): &(&str, &[SeenColumn])| ((*name).to_owned(), Schema { columns: columns.to_vec() });
    parts.iter().map(part).collect()
}

/// A delivery of one service, whatever it looks like.
async fn deliver(bench: &Bench, mode: Mode, how: &How, seen: Option<&Schemas>, drifted: usize) {
    let run = bench.begin(mode).await;
    let mut stage = run.stage("a").await.unwrap();
    give(&mut stage, &[services("a", &["code", "name"], &[&["1", "Viens"]])]).await;
    let delivery = vienkop_connectors::registry::Delivery { schemas: seen, drifted, ..how.delivery() };
    stage.difference(&delivery).await.unwrap().apply(Rows::default(), 0.1).await.unwrap();
    run.finish("clean", "2030-01-01T00:00:00Z").await.unwrap();
}

async fn a_schema_comes_and_goes_with_the_load(bench: Bench) {
    let how = snapshot(&["service"]);
    let (dates, codes) = (&[Shape::DateDotted, Shape::DateIso][..], &["e-pasts", "zvans, Ķēniņš|\u{1F}"][..]);
    let first = schemas(&[
        ("", &[column("Kods", &[Shape::Padded], &[]), column("Kanāls", &[], codes), column("Datums", dates, &[])]),
        ("{\"read\":{\"sheet\":\"Soļi\"}}", &[column("Kods", &[Shape::Integer], &["x"])]),
    ]);
    assert_eq!(bench.registry.schemas("a").await.unwrap(), Schemas::new());
    for (mode, drifted) in [(Mode::Plan, 0), (Mode::Run, 2)] {
        deliver(&bench, mode, &How { approve: false, ..how.clone() }, Some(&first), drifted).await;
        assert_eq!(bench.registry.schemas("a").await.unwrap(), Schemas::new(), "{mode:?}, {drifted} changes");
    }
    deliver(&bench, Mode::Run, &how, Some(&first), 0).await;
    assert_eq!(bench.registry.schemas("a").await.unwrap(), first);
    assert_eq!(bench.registry.schemas("b").await.unwrap(), Schemas::new());
    deliver(&bench, Mode::Run, &how, None, 0).await;
    assert_eq!(bench.registry.schemas("a").await.unwrap(), first, "what goes through again leaves it");
    let since = "SELECT name, since_run FROM schema_column ORDER BY part, ordinal";
    assert_eq!(bench.ask(since).await, ["Kods|2", "Kanāls|2", "Datums|2", "Kods|2"]);

    // Another order, a column and a code less, others more, and a part that is no longer read.
    let other = [
        column("Jauna", &[Shape::Text], &[]),
        column("Kanāls", &[], &["e-pasts", "tālrunis"]),
        column("Kods", &[Shape::Padded], &[]),
    ];
    let second = schemas(&[("", &other)]);
    deliver(&bench, Mode::Run, &how, Some(&second), 0).await;
    assert_eq!(bench.registry.schemas("a").await.unwrap(), second);
    assert_eq!(bench.ask(since).await, ["Jauna|4", "Kanāls|2", "Kods|2"]);
    let codes = "SELECT code, since_run FROM schema_code ORDER BY code";
    assert_eq!(bench.ask(codes).await, ["e-pasts|2", "tālrunis|4"]);
}

battery!(a_schema_comes_and_goes_with_the_load);
