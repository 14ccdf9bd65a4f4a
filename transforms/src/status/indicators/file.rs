//! A file with quantiles taken apart: what only counts, and the values that quantiles are of.

use polars::prelude::*;
use sqlparser::ast::{
    Expr as Sql, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Ident, Query, SelectItem,
    SetExpr, Statement,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::narrow::Quantile;

/// A file `SELECT item, … GROUP BY item` whose quantiles are found apart from the rest, as they would need all their values.
pub(super) struct Parts {
    /// Columns of the result but the item, in order.
    pub(super) columns: Vec<String>,
    /// The same statement without quantiles and numbers of rows; none if nothing is left.
    pub(super) counts: Option<String>,
    /// `item` and what quantiles are of, a row each row that the statement groups.
    pub(super) values: String,
    /// How many columns `values` has beside the item.
    pub(super) width: usize,
    /// Column of the result and the quantile that it holds.
    pub(super) quantiles: Vec<(String, Quantile)>,
    /// Columns of the result that hold the number of rows: `COUNT(*)`.
    pub(super) rows: Vec<String>,
}

impl Parts {
    /// Takes a statement apart.
    ///
    /// # Errors
    ///
    /// It is no grouped aggregation of that shape.
    pub(super) fn of(sql: &str) -> PolarsResult<Self> {
        let wrong = |told: &str| polars_err!(SQLInterface: "{told} in {sql}");
        // The dialect of Polars' own SQL.
        let statements = Parser::parse_sql(&GenericDialect, sql).map_err(|error| wrong(&error.to_string()))?;
        let [Statement::Query(query)] = statements.as_slice() else { return Err(wrong("not one query")) };
        let SetExpr::Select(select) = query.body.as_ref() else { return Err(wrong("no SELECT")) };
        let GroupByExpr::Expressions(by, _) = &select.group_by else { return Err(wrong("GROUP BY ALL")) };
        if by.iter().map(ToString::to_string).ne(["item".to_owned()]) {
            return Err(wrong("not GROUP BY item"));
        }
        let mut parts = Self {
            columns: Vec::new(),
            counts: None,
            values: String::new(),
            width: 0,
            quantiles: Vec::new(),
            rows: Vec::new(),
        };
        let mut counts = Vec::new();
        let mut values: Vec<Sql> = Vec::new();
        for column in &select.projection {
            let (expression, name) = match column {
                SelectItem::UnnamedExpr(Sql::Identifier(name)) if name.value == "item" => continue,
                SelectItem::ExprWithAlias { expr, alias } => (expr, alias.value.clone()),
                other => return Err(wrong(&format!("{other} without a name"))),
            };
            parts.columns.push(name.clone());
            if let Some((of, at)) = quantile(expression) {
                let column = values.iter().position(|value| value == of).unwrap_or(values.len());
                if column == values.len() {
                    values.push(of.clone());
                }
                parts.quantiles.push((name, Quantile { column, at }));
            } else if expression.to_string() == "COUNT(*)" {
                parts.rows.push(name);
            } else {
                counts.push(column.clone());
            }
        }
        let item = || SelectItem::UnnamedExpr(Sql::Identifier(Ident::new("item")));
        let with = |columns: Vec<SelectItem>, grouped: bool| {
            let mut select = select.clone();
            select.projection = std::iter::once(item()).chain(columns).collect();
            if !grouped {
                select.group_by = GroupByExpr::Expressions(Vec::new(), Vec::new());
            }
            Query { body: Box::new(SetExpr::Select(select)), ..query.as_ref().clone() }.to_string()
        };
        parts.width = values.len();
        if !counts.is_empty() {
            parts.counts = Some(with(counts, true));
        }
        let named = |(number, expr)| SelectItem::ExprWithAlias { expr, alias: Ident::new(format!("value_{number}")) };
        parts.values = with(values.into_iter().enumerate().map(named).collect(), false);
        Ok(parts)
    }
}

/// Of what an expression is a quantile, and which.
fn quantile(expression: &Sql) -> Option<(&Sql, f64)> {
    let Sql::Function(Function { name, args: FunctionArguments::List(list), filter: None, over: None, .. }) =
        expression
    else {
        return None;
    };
    let argument = |number: usize| match list.args.get(number) {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))) => Some(argument),
        _ => None,
    };
    match (name.to_string().as_str(), list.args.len()) {
        ("MEDIAN", 1) => Some((argument(0)?, 0.5)),
        ("QUANTILE_CONT", 2) => Some((argument(0)?, argument(1)?.to_string().parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "-- What it says.
WITH dated AS (SELECT item, CASE WHEN closed THEN seconds END AS taken, closed FROM requests WHERE day >= CAST(5 AS DATE))
SELECT
    item,
    COUNT(*) FILTER (WHERE closed) AS closed,
    -- Of those that were closed.
    MEDIAN(taken) AS median_seconds,
    COUNT(*) AS all_of_them,
    QUANTILE_CONT(taken, 0.9) AS p90_seconds,
    MEDIAN(CASE WHEN taken < 0 THEN 0.0 ELSE taken END) AS other
FROM dated
WHERE closed IS NOT NULL
GROUP BY item";

    #[test]
    fn counts_and_values_are_taken_apart() {
        let parts = Parts::of(FILE).unwrap();
        assert_eq!(parts.columns, ["closed", "median_seconds", "all_of_them", "p90_seconds", "other"]);
        let with = "WITH dated AS (SELECT item, CASE WHEN closed THEN seconds END AS taken, closed FROM requests \
            WHERE day >= CAST(5 AS DATE)) SELECT item";
        assert_eq!(
            parts.counts.unwrap(),
            format!(
                "{with}, COUNT(*) FILTER (WHERE closed) AS closed FROM dated WHERE closed IS NOT NULL GROUP BY item"
            )
        );
        assert_eq!(
            parts.values,
            format!(
                "{with}, taken AS value_0, CASE WHEN taken < 0 THEN 0.0 ELSE taken END AS value_1 FROM dated \
                WHERE closed IS NOT NULL"
            )
        );
        let quantiles: Vec<_> =
            parts.quantiles.iter().map(|(name, quantile)| (name.as_str(), quantile.column, quantile.at)).collect();
        assert_eq!(quantiles, [("median_seconds", 0, 0.5), ("p90_seconds", 0, 0.9), ("other", 1, 0.5)]);
        assert_eq!((parts.rows, parts.width), (vec!["all_of_them".to_owned()], 2));
    }

    #[test]
    fn nothing_is_left_of_quantiles_alone() {
        let parts = Parts::of("SELECT item, MEDIAN(a) AS b, COUNT(*) AS c FROM t GROUP BY item").unwrap();
        assert_eq!(parts.counts, None);
    }

    #[test]
    fn other_shapes_are_refused() {
        for (sql, told) in [
            ("SELECT item, MEDIAN(a) AS b FROM t GROUP BY item, c", "not GROUP BY item"),
            ("SELECT item, MEDIAN(a) AS b FROM t", "not GROUP BY item"),
            ("SELECT item, MEDIAN(a) FROM t GROUP BY item", "without a name"),
            ("SELECT item FROM t GROUP BY item; SELECT item FROM t GROUP BY item", "not one query"),
            ("SELECT item FROM t GROUP BY item UNION ALL SELECT item FROM t GROUP BY item", "no SELECT"),
            ("SELECT item FROM", "Expected"),
        ] {
            let error = Parts::of(sql).err().unwrap().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
