//! Running a file: items, quantiles, parameters.

use jiff::civil::Date;
use polars::prelude::*;
use polars::sql::SQLContext;

use super::file::Parts;
use super::months::month;
use super::narrow::{self, Taker};
use super::{INSTITUTION, Indicators, MONTH, SERVICE};

/// A part of what names an item.
#[derive(Clone)]
pub(super) struct Key {
    /// Column of the result.
    name: &'static str,
    /// The same from the columns of the lake, so that a filter on it reaches the files.
    from: Expr,
    /// The day whose month it is; none: it is a text.
    month_of: Option<&'static str>,
}

impl Key {
    /// Keys by name; a month is that of `day`. `more` is a column of the lake.
    pub(super) fn of(names: &[&'static str], more: Option<&'static str>, day: &'static str) -> Vec<Self> {
        let key = |name: &'static str| match name {
            // 202407: a number is cheaper than a text on the way through the lake.
            MONTH => Self { name, from: month(day), month_of: Some(day) },
            name => Self::column(name),
        };
        names.iter().copied().map(key).chain(more.map(Self::column)).collect()
    }

    /// A column of the lake.
    pub(super) fn column(name: &'static str) -> Self {
        Self { name, from: col(name), month_of: None }
    }

    /// Name in the table of items, where it meets the lake's own columns.
    fn in_items(&self) -> String {
        format!("item_{}", self.name)
    }

    /// From its value in the first item to that in the last, unless the first has none.
    fn between(&self, items: &DataFrame) -> PolarsResult<Option<Expr>> {
        let column = items.column(&self.in_items())?;
        let last = items.height().saturating_sub(1);
        if let Some(day) = self.month_of {
            let months = column.i32()?;
            let (Some(first), Some(last)) = (months.get(0), months.get(last)) else { return Ok(None) };
            let date = |month: i32| {
                let first_day = Date::new((month / 100) as i16, (month % 100) as i8, 1);
                let first_day = first_day.map_err(|error| polars_err!(ComputeError: "{error}"))?;
                PolarsResult::Ok(lit(days(first_day)).cast(DataType::Date))
            };
            let after = if last % 100 == 12 { last + 89 } else { last + 1 };
            return Ok(Some(col(day).gt_eq(date(first)?).and(col(day).lt(date(after)?))));
        }
        let texts = column.str()?;
        let (Some(first), Some(last)) = (texts.get(0), texts.get(last)) else { return Ok(None) };
        Ok(Some(self.from.clone().gt_eq(lit(first)).and(self.from.clone().lt_eq(lit(last)))))
    }

    fn nothing(&self) -> Expr {
        if self.month_of.is_none() { lit("") } else { lit(0) }
    }
}

/// A table of the lake with what its items are.
pub(super) struct Table {
    /// Name in the SQL.
    pub(super) name: &'static str,
    /// Its rows.
    pub(super) rows: LazyFrame,
    /// What names an item.
    pub(super) keys: Vec<Key>,
    /// A row an item: `item` Int32 from 0, `rows`, and the keys under other names; sorted.
    pub(super) items: DataFrame,
}

impl Table {
    /// Finds the items of the rows.
    pub(super) fn new(name: &'static str, rows: LazyFrame, keys: Vec<Key>) -> PolarsResult<Self> {
        let parts: Vec<Expr> = keys.iter().map(|key| key.from.clone().alias(key.in_items())).collect();
        let counted = if parts.is_empty() {
            rows.clone().select([len().alias("rows")])
        } else {
            rows.clone().group_by(parts).agg([len().alias("rows")])
        };
        let names: Vec<String> = keys.iter().map(Key::in_items).collect();
        let sorted = collect(counted)?.lazy().sort(names, SortMultipleOptions::default());
        let items = sorted.with_row_index("item", None).with_column(col("item").cast(DataType::Int32)).collect()?;
        Ok(Self { name, rows, keys, items })
    }

    /// The rows of some items, with `item`. The filter is wider than the items at its ends at most, and can be answered by
    /// the scan; the join picks exactly.
    fn of(&self, items: &DataFrame) -> PolarsResult<LazyFrame> {
        if self.keys.is_empty() {
            return Ok(self.rows.clone().with_column(lit(0).alias("item")));
        }
        let all = items.height() == self.items.height();
        let rows = if all { self.rows.clone() } else { self.rows.clone().filter(self.between(items)?) };
        let wanted = items.clone().lazy().drop(by_name(["rows"], true, false));
        let left: Vec<Expr> = self.keys.iter().map(|key| key.from.clone()).collect();
        let right: Vec<Expr> = self.keys.iter().map(|key| col(key.in_items())).collect();
        let how = JoinArgs { nulls_equal: true, ..JoinArgs::new(JoinType::Inner) };
        Ok(rows.join(wanted, left, right, how))
    }

    /// From the first item to the last, in the order of the keys. What the first key allows stands in front by itself, in
    /// a form by which files and their parts can be left out.
    fn between(&self, items: &DataFrame) -> PolarsResult<Expr> {
        let widely = self.keys.first().map(|key| key.between(items)).transpose()?.flatten();
        let widely = match widely {
            // There is nothing more to say.
            Some(widely) if self.keys.len() == 1 => return Ok(widely),
            widely => widely.unwrap_or_else(|| lit(true)),
        };
        let bound = |row: usize, less: bool| -> PolarsResult<Expr> {
            let mut found = lit(true);
            for key in self.keys.iter().rev() {
                let value = items.column(&key.in_items())?.get(row)?;
                let value = match value {
                    AnyValue::Null => key.nothing(),
                    AnyValue::String(text) => lit(text.to_owned()),
                    AnyValue::StringOwned(text) => lit(text.to_string()),
                    number => lit(number.try_extract::<i32>()?),
                };
                let column = key.from.clone().fill_null(key.nothing());
                let beyond = if less { column.clone().lt(value.clone()) } else { column.clone().gt(value.clone()) };
                found = beyond.or(column.eq(value).and(found));
            }
            Ok(found)
        };
        Ok(widely.and(bound(0, false)?).and(bound(items.height() - 1, true)?))
    }
}

impl Indicators {
    /// Runs a file that only counts over a table of the lake; gives keys and measures, unsorted. All items are counted on
    /// the way, in one scan.
    pub(super) fn count(
        &self,
        sql: &str,
        table: &Table,
        others: &[(&'static str, DataFrame)],
    ) -> PolarsResult<DataFrame> {
        let counted = collect(self.over(sql, table, &table.items, others)?)?;
        named(&[counted], table)
    }

    /// Runs a file with quantiles. What only counts streams as in [`Self::count`]; quantiles are narrowed down.
    pub(super) fn measure(
        &self,
        sql: &str,
        table: &Table,
        others: &[(&'static str, DataFrame)],
    ) -> PolarsResult<DataFrame> {
        let parts = Parts::of(sql)?;
        let counted = parts.counts.as_deref().map(|counts| collect(self.over(counts, table, &table.items, others)?));
        let scan = |items: &[IdxSize], taker: Taker| {
            let items = table.items.take(&IdxCa::new("item".into(), items))?;
            let number = |column: usize| col(format!("value_{column}")).cast(DataType::Float64);
            let columns: Vec<Expr> = std::iter::once(col("item")).chain((0..parts.width).map(number)).collect();
            let values = self.over(&parts.values, table, &items, others)?.select(columns);
            let take = PlanCallback::new(move |batch: DataFrame| taker(&batch).map(|()| false));
            collect(values.sink_batches(take, false, None)?).map(drop)
        };
        let rows: Vec<u64> = table.items.column("rows")?.cast(&DataType::UInt64)?.u64()?.iter().flatten().collect();
        let (names, wanted): (Vec<String>, Vec<_>) = parts.quantiles.into_iter().unzip();
        let measured = narrow::quantiles(&rows, parts.width, &wanted, self.memory, scan)?;
        let mut columns = vec![table.items.column("item")?.clone()];
        columns.extend(parts.rows.iter().map(|name| Column::new(name.into(), &measured.rows)));
        columns.extend(names.iter().zip(&measured.quantiles).map(|(name, found)| Column::new(name.into(), found)));
        let some: BooleanChunked = measured.rows.iter().map(|rows| Some(*rows > 0)).collect();
        let found = DataFrame::new_infer_height(columns)?.filter(&some)?;
        let whole = named(&counted.transpose()?.into_iter().chain([found]).collect::<Vec<_>>(), table)?;
        let keys = table.keys.iter().map(|key| key.name);
        whole.select(keys.chain(parts.columns.iter().map(String::as_str)))
    }

    /// A file over some items of a table.
    fn over(
        &self,
        sql: &str,
        table: &Table,
        items: &DataFrame,
        others: &[(&'static str, DataFrame)],
    ) -> PolarsResult<LazyFrame> {
        let others = others.iter().map(|(name, frame)| (*name, frame.clone().lazy()));
        self.planned(sql, std::iter::once((table.name, table.of(items)?)).chain(others).collect())
    }

    /// Runs a file over tables.
    pub(super) fn execute(&self, sql: &str, tables: Vec<(&str, LazyFrame)>) -> PolarsResult<DataFrame> {
        collect(self.planned(sql, tables)?)
    }

    fn planned(&self, sql: &str, tables: Vec<(&str, LazyFrame)>) -> PolarsResult<LazyFrame> {
        let mut context = SQLContext::new();
        for (name, rows) in tables {
            context.register(name, rows);
        }
        context.execute(&self.filled(sql)?)
    }

    /// The file with its parameters as literals, so that what they filter reaches the files of the lake.
    fn filled(&self, sql: &str) -> PolarsResult<String> {
        let (query, end) = (&self.query, self.query.end());
        let from = query.from.unwrap_or(Date::constant(1, 1, 1));
        let at = end.to_zoned(query.zone.clone()).map_err(|error| polars_err!(ComputeError: "{error}"))?;
        let index = working_days(&self.inputs.calendar, end)?;
        // A date written as text would be a cast that Polars gives up; the days are those of its own dates.
        let date = |day| format!("CAST({} AS DATE)", days(day));
        // A name that begins with another one stands before it.
        let values = [
            (":from_on", date(from)),
            (":end_on", date(end)),
            (":end_at", at.timestamp().as_microsecond().to_string()),
            (":end_day", days(end).to_string()),
            (":end_month_day", end.day().to_string()),
            (":end_month", (i32::from(end.year()) * 12 + i32::from(end.month())).to_string()),
            (":end_index", index.map_or_else(|| "NULL".to_owned(), |index| index.to_string())),
            (":first_year", date(Date::constant(from.year(), 1, 1))),
        ];
        Ok(values.iter().fold(sql.to_owned(), |sql, (name, value)| sql.replace(name, value)))
    }

    /// The calendar as `open.sql` reads it.
    pub(super) fn working_days(&self) -> PolarsResult<(&'static str, DataFrame)> {
        let columns = [col("day").alias("submission_day"), col("working_day_index").alias("submission_index")];
        Ok(("working_days", self.inputs.calendar.clone().lazy().select(columns).collect()?))
    }

    /// Times and digital level for each institution and code that requests name: `service_holder`, `service_key`,
    /// `expected_value` Float64, `expected_unit`, `statutory_value` Float64, `statutory_unit`, `digital_level`.
    pub(super) fn service_times(&self) -> PolarsResult<DataFrame> {
        let times = |what: &str| {
            let value = col(format!("{what}_time_value")).cast(DataType::Float64).alias(format!("{what}_value"));
            [value, col(format!("{what}_time_unit")).alias(format!("{what}_unit"))]
        };
        let mut known = vec![col("owner_reg_no"), col("code"), col("digital_level")];
        known.extend(times("expected").into_iter().chain(times("statutory")));
        // A value without a unit, or the reverse, is no time.
        let whole = |what: &str| {
            let [value, unit] = [format!("{what}_value"), format!("{what}_unit")];
            let both = col(&value).is_not_null().and(col(&unit).is_not_null());
            [(&value, both.clone()), (&unit, both)]
                .map(|(name, both)| when(both).then(col(name)).otherwise(lit(NULL)).alias(name))
        };
        let services = self.inputs.services.clone().lazy().select(known);
        let services =
            services.with_columns(whole("expected").into_iter().chain(whole("statutory")).collect::<Vec<_>>());
        let order = ["code", "owner_reg_no", "expected_unit", "expected_value", "statutory_unit", "statutory_value"];
        let services =
            services.filter(col("code").is_not_null()).sort(order, SortMultipleOptions::default()).collect()?;
        let own = services.clone().lazy().unique_stable(Some(by(&["owner_reg_no", "code"])), UniqueKeepStrategy::First);
        let only = own.clone().unique_stable(Some(by(&["code"])), UniqueKeepStrategy::None);
        let pair = [INSTITUTION, SERVICE].map(col);
        let named = self.of_institution(&self.inputs.requests).filter(col(SERVICE).is_not_null());
        let named = collect(named.group_by(pair.clone()).agg([len().alias("rows")]))?.lazy();
        let matched =
            named.clone().join(own, pair.clone(), ["owner_reg_no", "code"].map(col), JoinArgs::new(JoinType::Inner));
        let rest = named.join(services.lazy(), pair, ["owner_reg_no", "code"].map(col), JoinArgs::new(JoinType::Anti));
        let rest = rest.join(only, [col(SERVICE)], [col("code")], JoinArgs::new(JoinType::Inner));
        let columns = [
            col(INSTITUTION).alias("service_holder"),
            col(SERVICE).alias("service_key"),
            col("expected_value"),
            col("expected_unit"),
            col("statutory_value"),
            col("statutory_unit"),
            col("digital_level"),
        ];
        let both = concat([matched.select(columns.clone()), rest.select(columns)], UnionArgs::default())?;
        both.sort(["service_holder", "service_key"], SortMultipleOptions::default()).collect()
    }
}

/// Results by item beside each other, all with the same items, under the keys of the items.
fn named(parts: &[DataFrame], table: &Table) -> PolarsResult<DataFrame> {
    let how = || JoinArgs::new(JoinType::Inner);
    let mut whole = table.items.clone().lazy().drop(by_name(["rows"], true, false));
    for part in parts {
        whole = whole.join(part.clone().lazy(), [col("item")], [col("item")], how());
    }
    let old: Vec<String> = table.keys.iter().map(Key::in_items).collect();
    whole.rename(old, table.keys.iter().map(|key| key.name), true).drop(by_name(["item"], true, false)).collect()
}

/// The parts of a result beside each other: a row for every item that any of them has.
pub(super) fn side_by_side<const N: usize>(parts: [DataFrame; N], keys: &[Key]) -> PolarsResult<DataFrame> {
    let names: Vec<Expr> = keys.iter().map(|key| col(key.name)).collect();
    let mut parts = parts.into_iter();
    let mut whole = parts.next().unwrap_or_default();
    for part in parts {
        let joined = if keys.is_empty() {
            let one = |frame: DataFrame| frame.lazy().with_column(lit(0).alias("one"));
            let how = JoinArgs { coalesce: JoinCoalesce::CoalesceColumns, ..JoinArgs::new(JoinType::Full) };
            one(whole).join(one(part), [col("one")], [col("one")], how).drop(by_name(["one"], true, false))
        } else {
            let how = JoinArgs {
                nulls_equal: true,
                coalesce: JoinCoalesce::CoalesceColumns,
                ..JoinArgs::new(JoinType::Full)
            };
            whole.lazy().join(part.lazy(), names.clone(), names.clone(), how)
        };
        whole = joined.collect()?;
    }
    Ok(whole)
}

/// A result with the items of another table instead of its keys.
pub(super) fn with_items(result: DataFrame, items: &DataFrame, keys: &[Key]) -> PolarsResult<DataFrame> {
    let left: Vec<Expr> = keys.iter().map(|key| col(key.name)).collect();
    let right: Vec<Expr> = keys.iter().map(|key| col(key.in_items())).collect();
    let how = JoinArgs { nulls_equal: true, ..JoinArgs::new(JoinType::Inner) };
    let wanted = items.clone().lazy().drop(by_name(["rows"], true, false));
    let joined = result.lazy().join(wanted, left, right, how);
    joined.drop(by_name(keys.iter().map(|key| key.name), false, false)).collect()
}

/// Sorted by the keys, months as people write them, counts as Int64, keys first.
pub(super) fn finish(result: LazyFrame, keys: &[Key]) -> PolarsResult<DataFrame> {
    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
    let mut frame = result.sort(names.clone(), SortMultipleOptions::default()).collect()?;
    let counts: Vec<Expr> = super::columns::counts(&frame).map(|name| col(name).cast(DataType::Int64)).collect();
    if names.contains(&MONTH) {
        let text: StringChunked = frame.column(MONTH)?.i32()?.iter().map(|month| Some(month_text(month?))).collect();
        frame.with_column(text.with_name(MONTH.into()).into_column())?;
    }
    frame.lazy().with_columns(counts).collect()
}

fn month_text(month: i32) -> String {
    format!("{:04}-{:02}", month / 100, month % 100)
}

/// Days since 1970-01-01.
fn days(day: Date) -> i32 {
    Date::constant(1970, 1, 1).until(day).map_or(0, |span| span.get_days())
}

fn working_days(calendar: &DataFrame, day: Date) -> PolarsResult<Option<i32>> {
    let found = calendar.clone().lazy().filter(col("day").cast(DataType::Int32).eq(lit(days(day))));
    Ok(found.collect()?.column("working_day_index")?.i32()?.iter().next().flatten())
}

fn by(names: &[&str]) -> Selector {
    by_name(names.iter().copied(), true, false)
}

/// In a stream, which keeps no rows.
fn collect(rows: LazyFrame) -> PolarsResult<DataFrame> {
    Ok(rows.collect_with_engine(Engine::Streaming)?.unwrap_single())
}
