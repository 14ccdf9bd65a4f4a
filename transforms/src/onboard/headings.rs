//! Rows that are headings or notes amid the data: one cell is filled, in a table of many columns.

use polars::prelude::*;

use crate::batch::Origin;

/// A table of fewer columns may have records of one cell.
const COLUMNS: usize = 4;
/// More rows than this share are no headings.
const MOST: f64 = 0.1;

/// Columns in which such rows are filled, in the order of the file: what `[[table.skip]]` with `others_empty` names.
pub fn headings(origin: &Origin, rows: &DataFrame) -> PolarsResult<Vec<String>> {
    if origin.columns.len() < COLUMNS || rows.height() == 0 {
        return Ok(Vec::new());
    }
    let filled = |name: &str| {
        let text = col(PlSmallStr::from_str(name)).fill_null(lit(""));
        text.str().strip_chars(lit(NULL)).neq(lit("")).cast(DataType::Int64)
    };
    let sum = origin.columns.iter().map(|column| filled(&column.name)).reduce(|a, b| a + b).unwrap_or_else(|| lit(0));
    let alone = |name: &str| filled(name).eq(lit(1)).and(col("_filled").eq(lit(1)));
    let counted: Vec<Expr> = origin
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| alone(&column.name).cast(DataType::Int64).sum().alias(format!("{at}")))
        .collect();
    let counted = rows.clone().lazy().with_column(sum.alias("_filled")).select(counted).collect()?;
    let mut headings = Vec::new();
    for (at, column) in origin.columns.iter().enumerate() {
        let count = counted.column(&at.to_string())?.i64()?.get(0).unwrap_or(0);
        if count > 0 && count as f64 <= MOST * rows.height() as f64 {
            headings.push(column.name.clone());
        }
    }
    Ok(headings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{LocatorKind, SourceColumn};

    #[test]
    fn a_row_of_one_cell_is_a_heading() {
        let columns = ["a", "b", "c", "d"];
        let column = |name: &str| SourceColumn { name: name.to_owned(), place: String::new() };
        let origin = Origin {
            landed: 0,
            file: String::new(),
            sheet: None,
            locator: LocatorKind::Cell,
            columns: columns.iter().map(|name| column(name)).collect(),
        };
        let text =
            |name: &str, at: usize| (0..20).map(|row| (row != at).then(|| format!("{name}{row}"))).collect::<Vec<_>>();
        let whole = |name: &str| (0..20).map(|row| Some(format!("{name}{row}"))).collect::<Vec<_>>();
        let frame = DataFrame::new(
            20,
            vec![
                Column::new("a".into(), whole("a")),
                Column::new("b".into(), text("b", 7)),
                Column::new("c".into(), text("c", 7)),
                Column::new("d".into(), text("d", 7)),
            ],
        );
        assert_eq!(headings(&origin, &frame.unwrap()).unwrap(), ["a"]);
    }
}
