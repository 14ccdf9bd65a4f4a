//! However a year's events are cut into deliveries, the lake holds the same.

use proptest::prelude::*;
use vienkop_connectors::lake::LakeLimits;
use vienkop_transforms::status::tables::LakeTable;

use crate::bench::{Bench, DAY, Event, SMALL};

fn some_event() -> impl Strategy<Value = Event> {
    let state = prop::sample::select(vec!["Iesniegts", "Izpildē", "Gaida klientu", "Pabeigts"]);
    (0_u32..25, state, 0_i64..120, prop::option::of(0_i64..3), any::<bool>()).prop_map(
        |(request, state, day, seq, named)| {
            // An id goes with its content, so that no delivery contradicts another.
            let id = named.then(|| format!("{request} {state} {day} {seq:?}"));
            Event { request, id, state, at: day * DAY, seq, derivation: "source_log", role: None }
        },
    )
}

/// Events, how often each is delivered at which of five times.
fn deliveries() -> impl Strategy<Value = (Vec<Event>, Vec<Vec<Event>>)> {
    prop::collection::vec((some_event(), prop::collection::vec(0_usize..5, 1..3)), 1..80).prop_flat_map(|events| {
        let mut parts = vec![Vec::new(); 5];
        for (event, times) in &events {
            for time in times {
                parts[*time].push(event.clone());
            }
        }
        let all = events.into_iter().map(|(event, _)| event).collect::<Vec<_>>();
        let shuffled: Vec<_> = parts.into_iter().map(|part| Just(part).prop_shuffle()).collect();
        (Just(all), shuffled)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_any_order_any_repetition((all, parts) in deliveries(), files in 1_usize..4) {
        let mut whole = Bench::new(LakeLimits::default());
        whole.deliver(&all);
        whole.check();
        let mut cut = Bench::new(LakeLimits { partition_files: files, ..SMALL });
        for part in &parts {
            cut.deliver(part);
            cut.check();
        }
        for table in LakeTable::ALL {
            prop_assert_eq!(whole.content(table), cut.content(table));
        }
        let again = cut.deliver(&all);
        prop_assert!(again.added.is_empty() && again.retired.is_empty());
    }

    #[test]
    fn one_delivery_gives_the_same_bytes((all, _) in deliveries()) {
        let files = [SMALL, LakeLimits::default()].map(|limits| {
            let mut bench = Bench::new(limits);
            bench.deliver(&all);
            bench.live
        });
        prop_assert_eq!(&files[0], &files[1]);
    }
}
