//! The past of an entity as people ask for it: found by uid and key, told event by event.

use crate::bench::{Bench, OWNER, delta, priority, services, snapshot, steps};
use EventKind::{Changed, Inserted, Retired, Returned};
use vienkop_connectors::registry::{EventKind, FieldValue, Found, ItemChangeKind, Past};

async fn past(bench: &Bench, id: &str) -> Past {
    match bench.registry.find(id).await.unwrap() {
        Found::One(subject) => bench.registry.past(*subject).await.unwrap(),
        other => panic!("{id}: {other:?}"),
    }
}

fn text(value: Option<&FieldValue>) -> &str {
    match value {
        Some(FieldValue::Text(text)) => text,
        other => panic!("{other:?}"),
    }
}

async fn events_of_two_sources(mut bench: Bench) {
    bench.priorities = vec![priority("strong", 10), priority("weak", 1)];
    let how = snapshot(&["service", "service.steps"]);
    let weak = |name| services("weak", &["code", "name"], &[&["1", name]]);
    let strong = |name| services("strong", &["code", "name"], &[&["1", name]]);
    bench.deliver("weak", &how, &[weak("Vājais"), steps("weak", &[("1", 1, "A"), ("1", 2, "B")])]).await;
    bench.deliver("strong", &how, &[strong("Stiprais")]).await;
    bench.deliver("weak", &how, &[weak("Cits"), steps("weak", &[("1", 1, "B"), ("1", 2, "A"), ("1", 3, "C")])]).await;
    bench.deliver("strong", &how, &[]).await;
    bench.deliver("weak", &how, &[]).await;
    bench.deliver("strong", &how, &[strong("Atkal")]).await;
    let past = past(&bench, &format!("service:{OWNER}/1")).await;
    let events = past.events();
    let kinds: Vec<(EventKind, i64)> = events.iter().map(|event| (event.kind, event.at.run)).collect();
    assert_eq!(kinds, [(Inserted, 1), (Changed, 2), (Changed, 3), (Changed, 4), (Retired, 5), (Returned, 6)]);
    let name = |n: usize| events[n].changes.iter().find(|change| change.field.name == "name").unwrap();
    let change = name(1);
    assert_eq!((text(change.old), text(change.new.value)), ("Vājais", "Stiprais"));
    assert_eq!(change.new.from.unwrap().record.place.source, "strong");
    assert_eq!(change.new.lost.iter().map(|said| text(said.value)).collect::<Vec<_>>(), ["Vājais"]);
    // The third run changed only the list; the value that lost there comes through in the fourth.
    assert!(events[2].changes.is_empty());
    let list = &events[2].lists[0];
    assert!(list.reordered);
    assert_eq!(list.items.iter().map(|item| item.kind).collect::<Vec<_>>(), [ItemChangeKind::Added]);
    let change = name(3);
    assert_eq!((text(change.new.value), change.new.from.unwrap().record.place.run), ("Cits", 3));
    assert_eq!((&events[3].gone[..], &events[4].gone[..]), (&["strong"][..], &["weak"][..]));
}

async fn a_value_comes_from_the_delivery_that_had_its_column(bench: Bench) {
    let how = delta(&["service"]);
    bench.deliver("a", &how, &[services("a", &["code", "name", "description"], &[&["1", "Viens", "Teksts"]])]).await;
    bench.deliver("a", &how, &[services("a", &["code", "name"], &[&["1", "Cits"]])]).await;
    let past = past(&bench, "1").await;
    let (version, at) = past.latest().unwrap();
    let from = |name: &str| {
        let field = past.subject.entity.fields.iter().position(|field| field.name == name).unwrap();
        past.worth(version, field, &at).from.unwrap().record.place.run
    };
    assert_eq!((from("description"), from("name")), (1, 2));
}

async fn found_by_key_while_there_and_afterwards(bench: Bench) {
    let rows: [&[&str]; 2] = [&["1", "Viens"], &["2", "Divi"]];
    bench.deliver("a", &snapshot(&["service"]), &[services("a", &["code", "name"], &rows)]).await;
    // Uids of this bench are no UUIDs: finding by them is tested end to end.
    for id in ["1", "service:1", "Pakalpojums: 1", &format!("service: {OWNER} / 1"), &format!("{OWNER}/1")] {
        assert_eq!(past(&bench, id).await.subject.key, format!("{OWNER}/1"), "{id}");
    }
    for id in ["", "00000000", "service:9", "service:"] {
        assert!(matches!(bench.registry.find(id).await.unwrap(), Found::Nothing), "{id}");
    }
    // A retired entity is still found.
    bench.deliver("a", &snapshot(&["service"]), &[services("a", &["code", "name"], &rows[1..])]).await;
    assert!(!past(&bench, "service:1").await.subject.current);
}

battery! {
    events_of_two_sources,
    a_value_comes_from_the_delivery_that_had_its_column,
    found_by_key_while_there_and_afterwards,
}
