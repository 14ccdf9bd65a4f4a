//! Comparing a result with what the oracle says.

use std::collections::BTreeMap;

use polars::prelude::*;

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// A count.
    Count(i64),
    /// A quantile.
    Number(Option<f64>),
    /// A text.
    Text(Option<String>),
    /// Yes or no.
    Flag(bool),
}

/// Values of the keys -> column -> cell.
pub(crate) type Expected = BTreeMap<Vec<Option<String>>, BTreeMap<&'static str, Cell>>;

/// Every row and every cell, and the order of rows.
pub(crate) fn compare(what: &str, frame: &DataFrame, keys: &[&str], expected: &Expected) {
    let names: Vec<&str> = frame.get_column_names().into_iter().map(PlSmallStr::as_str).collect();
    assert_eq!(names[..keys.len()], *keys, "{what}: key columns");
    let key = |row: usize| -> Vec<Option<String>> {
        keys.iter()
            .map(|key| match frame.column(key).unwrap().get(row).unwrap() {
                AnyValue::Null => None,
                other => Some(other.get_str().map_or_else(|| other.to_string(), str::to_owned)),
            })
            .collect()
    };
    let found: Vec<Vec<Option<String>>> = (0..frame.height()).map(key).collect();
    let wanted: Vec<Vec<Option<String>>> = expected.keys().cloned().collect();
    assert_eq!(found, wanted, "{what}: rows");
    for (row, (key, cells)) in expected.iter().enumerate() {
        assert_eq!(cells.len(), names.len() - keys.len(), "{what}: columns {names:?} and {:?}", cells.keys());
        for (column, cell) in cells {
            let value = frame.column(column).unwrap().get(row).unwrap();
            let same = match (cell, &value) {
                (Cell::Count(count), value) => {
                    value.dtype() == DataType::Int64 && value.try_extract::<i64>().unwrap() == *count
                }
                (Cell::Number(None) | Cell::Text(None), AnyValue::Null) => true,
                (Cell::Number(Some(number)), AnyValue::Float64(value)) => {
                    (number - value).abs() <= 1e-6 + number.abs() * 1e-14
                }
                (Cell::Text(Some(text)), value) => value.get_str() == Some(text),
                (Cell::Flag(flag), AnyValue::Boolean(value)) => flag == value,
                _ => false,
            };
            assert!(same, "{what}: {key:?} {column}: {value:?}, the oracle says {cell:?}");
        }
    }
}
