//! Narrowing down comes to what Polars' own quantiles do, however little memory there is, and takes no more than it may.

use std::cell::Cell;

use polars::sql::SQLContext;
use proptest::prelude::*;

use super::*;

/// Values of an item, of one of the kinds that the lake has or could have.
fn values() -> impl Strategy<Value = Vec<Option<f64>>> {
    let seconds = (0_i64..30_000_000).prop_map(|seconds| seconds as f64);
    let days = (0_i64..40).prop_map(|days| (days * 86_400) as f64);
    let close = (0_i64..60).prop_map(|more| (777_000 + more) as f64);
    let any = -1e18..1e18_f64;
    let small = -2.0..2.0_f64;
    let huge = (0_i64..i64::MAX).prop_map(|huge| huge as f64);
    let one = prop_oneof![Just(0.0), Just(-0.0), Just(5.5), Just(-1e15), Just(4_294_967_296.0)];
    let length = || prop_oneof![Just(1_usize), Just(2), 0..300_usize];
    prop_oneof![
        (any.clone(), length()).prop_map(|(value, length)| vec![Some(value); length]),
        length().prop_map(|length| vec![None; length]),
        length()
            .prop_flat_map(move |length| prop::collection::vec(prop::option::weighted(0.9, seconds.clone()), length)),
        length().prop_flat_map(move |length| prop::collection::vec(prop::option::weighted(0.9, days.clone()), length)),
        length().prop_flat_map(move |length| prop::collection::vec(close.clone().prop_map(Some), length)),
        length().prop_flat_map(move |length| prop::collection::vec(any.clone().prop_map(Some), length)),
        length().prop_flat_map(move |length| prop::collection::vec(small.clone().prop_map(Some), length)),
        length().prop_flat_map(move |length| prop::collection::vec(huge.clone().prop_map(Some), length)),
        length().prop_flat_map(move |length| prop::collection::vec(prop::option::weighted(0.5, one.clone()), length)),
    ]
}

/// A row a value; the second column is the first in another order.
fn frame(items: &[Vec<Option<f64>>]) -> DataFrame {
    let of = |item: usize| std::iter::repeat_n(item as i32, items[item].len());
    let first: Vec<Option<f64>> = items.iter().flatten().copied().collect();
    let second: Vec<Option<f64>> =
        items.iter().flat_map(|item| item.iter().rev().map(|value| value.filter(|value| *value > 0.0))).collect();
    let item: Vec<i32> = (0..items.len()).flat_map(of).collect();
    df!("item" => item, "value_0" => first, "value_1" => second).unwrap()
}

/// Measures a frame; how many scans it took, too.
fn narrowed(frame: &DataFrame, rows: &[u64], wanted: &[Quantile], memory: u64) -> (Measured, usize) {
    let scans = Cell::new(0);
    let scan = |items: &[IdxSize], taker: Taker| {
        assert!(items.is_sorted_by(|one, next| one < next), "{items:?}");
        scans.set(scans.get() + 1);
        let of: BooleanChunked =
            frame.column("item")?.i32()?.iter().map(|item| Some(items.contains(&(item.unwrap() as IdxSize)))).collect();
        let rows = frame.filter(&of)?;
        // In pieces, the last ones first: the order does not matter.
        for piece in (0..rows.height().div_ceil(100)).rev() {
            taker(&rows.slice(piece as i64 * 100, 100))?;
        }
        Ok(())
    };
    (quantiles(rows, 2, wanted, memory, scan).unwrap(), scans.get())
}

/// Median and others of both columns; not in the order of the columns.
fn wanted() -> Vec<Quantile> {
    [(0, 0.5), (1, 0.9), (0, 0.9), (1, 0.5), (0, 0.0), (0, 1.0)].map(|(column, at)| Quantile { column, at }).into()
}

const SQL: &str = "SELECT item, COUNT(*) AS rows, MEDIAN(value_0) AS a, QUANTILE_CONT(value_1, 0.9) AS b,
    QUANTILE_CONT(value_0, 0.9) AS c, MEDIAN(value_1) AS d, QUANTILE_CONT(value_0, 0.0) AS e, QUANTILE_CONT(value_0, 1.0) AS f
    FROM lake GROUP BY item";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_values_come_to_the_quantiles_of_polars(
        items in prop::collection::vec(values(), 1..6),
        memory in prop_oneof![Just(0_u64), Just(200), Just(1_000), Just(10_000), Just(super::super::MEMORY)],
        // What is known before the scan is an upper bound: a file may leave rows out.
        more in 0_u64..500,
    ) {
        let rows: Vec<u64> = items.iter().map(|item| item.len() as u64 + more).collect();
        let frame = frame(&items);
        let (found, _) = narrowed(&frame, &rows, &wanted(), memory);
        let mut context = SQLContext::new();
        context.register("lake", frame.lazy());
        let told = context.execute(SQL).unwrap().collect().unwrap();
        for (at, item) in told.column("item").unwrap().i32().unwrap().iter().enumerate() {
            let item = item.unwrap() as usize;
            let widest = items[item].iter().flatten().fold(0.0_f64, |widest, value| widest.max(value.abs()));
            let count = told.column("rows").unwrap().get(at).unwrap().try_extract::<u64>().unwrap();
            prop_assert_eq!(found.rows[item], count);
            for (name, quantile) in ["a", "b", "c", "d", "e", "f"].iter().zip(&found.quantiles) {
                let polars = told.column(name).unwrap().f64().unwrap().get(at);
                let same = match (polars, quantile[item]) {
                    // Polars adds the number of nulls to the position, which costs a bit of the part between two values.
                    (Some(polars), Some(own)) => (polars - own).abs() <= 1e-13 * widest,
                    (polars, own) => polars == own,
                };
                prop_assert!(same, "{} of item {}: {:?}, Polars says {:?}", name, item, quantile[item], polars);
            }
        }
        let without: Vec<usize> = (0..items.len()).filter(|item| items[*item].is_empty()).collect();
        prop_assert!(without.iter().all(|item| found.rows[*item] == 0));
    }
}

/// Bytes of what a round looks for.
fn bytes(round: &Round) -> u64 {
    let of = |search: &Search| match &search.seen {
        Seen::Held(keys) => search.most.max(keys.len() as u64) * HELD,
        Seen::Binned { bins, .. } => bins.len() as u64 * BIN,
    };
    round.searches.iter().map(of).sum()
}

#[test]
fn it_takes_no_more_memory_than_it_may_however_many_rows_there_are() {
    let memory = 100_000;
    for count in [1_000_u64, 100_000, 400_000] {
        let mut round = Round::first(0, &[count], 1, memory);
        assert!(bytes(&round) <= memory);
        for number in 0..count {
            // All different, and all over the range of a duration.
            let seconds = number.wrapping_mul(2_654_435_761) % 30_000_000;
            let batch = df!("item" => [0_i32], "value_0" => [seconds as f64]).unwrap();
            if number % 1_000 == 0 {
                round.take(&batch).unwrap();
            } else {
                round.searches[0].seen.take(key(seconds as f64));
            }
        }
        let mut places = round.places(&[Quantile { column: 0, at: 0.5 }, Quantile { column: 0, at: 0.9 }]);
        if let Some(next) = round.settle(&mut places, memory).unwrap() {
            assert!(bytes(&next) <= memory, "{} of {memory} for {count} rows", bytes(&next));
        }
    }
}

#[test]
fn many_rows_take_two_scans_and_whole_days_one() {
    let rows = 50_000;
    let of = |value: fn(i64) -> i64| -> Vec<Option<f64>> { (0..rows).map(|row| Some(value(row) as f64)).collect() };
    for (value, scans) in
        [((|row| row * 7_919 % 10_000_000) as fn(i64) -> i64, 2), (|row| row % 40 * 86_400, 1), (|_| 86_400, 1)]
    {
        let items = [of(value)];
        let (found, taken) = narrowed(&frame(&items), &[rows as u64], &wanted(), 400_000);
        assert_eq!(taken, scans);
        let mut sorted: Vec<f64> = items[0].iter().flatten().copied().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        assert_eq!(found.quantiles[0][0], Some(f64::midpoint(sorted[24_999], sorted[25_000])));
        assert_eq!(found.quantiles[5][0], Some(sorted[49_999]));
    }
}

#[test]
fn other_values_in_a_second_scan_are_an_error() {
    let scans = Cell::new(0);
    let scan = |_: &[IdxSize], taker: Taker| {
        scans.set(scans.get() + 1);
        let values: Vec<f64> = if scans.get() == 1 { (0..5_000).map(f64::from).collect() } else { Vec::new() };
        taker(&df!("item" => vec![0_i32; values.len()], "value_0" => values)?)
    };
    let found = quantiles(&[5_000], 1, &[Quantile { column: 0, at: 0.5 }], 1_000, scan);
    assert!(found.err().unwrap().to_string().contains("read again"));
}

#[test]
fn a_row_of_an_item_that_was_not_asked_for_is_an_error() {
    let scan = |_: &[IdxSize], taker: Taker| taker(&df!("item" => [7_i32], "value_0" => [1.0])?);
    let found = quantiles(&[5], 1, &[Quantile { column: 0, at: 0.5 }], 1_000, scan);
    assert!(found.err().unwrap().to_string().contains("not asked for"));
}
