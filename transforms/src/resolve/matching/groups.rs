//! Groups (šabloni): one kind of service in many municipalities, recognised by its name.

use std::collections::HashMap;

use polars::prelude::*;

use super::names::Lexicon;
use super::services::{municipal, text};
use super::settings::MatchSettings;

const SIGNATURE: &str = "signature";
const READABLE: &str = "readable";
const OWNER: &str = "owner_reg_no";
const CODE: &str = "group_code";

/// Group codes for services of municipalities that have none, where at least two owners have a service of that kind.
///
/// `services` as [`super::match_services`] takes them, and `group_code` (`String`, nullable). Gives `uid`,
/// `group_code` (the one that most services of the kind carry already, else one made of the name: it stays the same
/// once a service carries it) and `name_of_group`, sorted by id; only services without a group code are in it.
/// Services are of one kind when their names are the same but for inflection, order, stop words and places; words
/// that matter tell them apart.
///
/// # Errors
/// A column is missing or of another type.
pub fn propose_groups(services: &DataFrame, settings: &MatchSettings) -> PolarsResult<DataFrame> {
    let members = members(services, settings)?.lazy();
    let kinds = members
        .clone()
        .group_by([col(SIGNATURE)])
        .agg([col(OWNER).n_unique().alias("owners")])
        .filter(col("owners").gt_eq(lit(2)));
    // Most frequent first, then by text: the order of rows must not matter.
    let most = |by: &str, frame: LazyFrame| {
        let frequent = ["count", by];
        frame
            .group_by([col(SIGNATURE), col(by)])
            .agg([len().alias("count")])
            .sort(frequent, SortMultipleOptions::default().with_order_descending_multi([true, false]))
            .group_by_stable([col(SIGNATURE)])
            .agg([col(by).first()])
    };
    let join = |left: LazyFrame, right: LazyFrame| {
        left.join(right, [col(SIGNATURE)], [col(SIGNATURE)], JoinArgs::new(JoinType::Left))
    };
    let carried = most(CODE, members.clone().filter(col(CODE).is_not_null()));
    let readable = most(READABLE, members.clone());
    let names = most("name", members.clone());
    let groups = join(join(join(kinds, carried), readable), names)
        .sort([SIGNATURE], SortMultipleOptions::default())
        .collect()?;
    let coded = with_codes(groups, services)?.lazy();
    members
        .filter(col(CODE).is_null())
        .select([col("uid"), col(SIGNATURE)])
        .join(coded, [col(SIGNATURE)], [col(SIGNATURE)], JoinArgs::new(JoinType::Inner))
        .select([col("uid"), col(CODE), col("name").alias("name_of_group")])
        .sort(["uid"], SortMultipleOptions::default())
        .collect()
}

/// Services of municipalities whose names say something, with `signature` and `readable`.
fn members(services: &DataFrame, settings: &MatchSettings) -> PolarsResult<DataFrame> {
    let lexicon = Lexicon::new(settings);
    let (mut signatures, mut readable) = (Vec::new(), Vec::new());
    for name in text(services, "name")?.iter() {
        let name = lexicon.read(name.unwrap_or_default());
        signatures.push(name.signature());
        readable.push(name.readable);
    }
    let counts: BooleanChunked = municipal(services, settings)?
        .into_iter()
        .zip(&signatures)
        .map(|(municipal, signature)| municipal && !signature.is_empty())
        .collect();
    let mut members = services.select(["uid", OWNER, "name", CODE])?;
    members.with_column(Column::new(SIGNATURE.into(), signatures))?;
    members.with_column(Column::new(READABLE.into(), readable))?;
    members.filter(&counts)
}

/// Fills the code of groups that carry none; a code that another service carries already gets a number.
fn with_codes(mut groups: DataFrame, services: &DataFrame) -> PolarsResult<DataFrame> {
    let mut taken: HashMap<String, u32> =
        text(services, CODE)?.iter().flatten().map(|code| (code.to_owned(), 1)).collect();
    let codes: StringChunked = {
        let carried = text(&groups, CODE)?;
        let readable = text(&groups, READABLE)?;
        carried
            .iter()
            .zip(readable.iter())
            .map(|(carried, readable)| match carried {
                Some(code) => code.to_owned(),
                None => free(&readable.unwrap_or_default().replace(' ', "-"), &mut taken),
            })
            .collect()
    };
    groups.with_column(codes.with_name(CODE.into()).into_column())?;
    groups.select([SIGNATURE, CODE, "name"])
}

fn free(slug: &str, taken: &mut HashMap<String, u32>) -> String {
    let mut code = slug.to_owned();
    while taken.contains_key(&code) {
        let count = taken.entry(slug.to_owned()).or_insert(1);
        *count += 1;
        code = format!("{slug}-{count}");
    }
    taken.insert(code.clone(), 1);
    code
}
