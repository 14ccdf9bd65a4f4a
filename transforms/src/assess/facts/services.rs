//! Services that have not ended: what is described of each, what they are linked to, how fresh the description is.

use jiff::ToSpan as _;
use jiff::civil::Date;
use polars::prelude::*;

use super::{Inputs, lacks};
use crate::assess::score::ScoreSettings;
use crate::check::{GENERAL_BENEFIT, NOT_DUE_FOR_GENERAL_BENEFIT};
use crate::finding;
use crate::holdings::with_flag;
use crate::model::{Child, ENTITIES, Entity, Field, Group, Presence};

/// The description groups of S3 (PU2-7), in their order.
pub(in crate::assess) const GROUPS: [Group; 8] = [
    Group::Identification,
    Group::Classification,
    Group::LegalBasis,
    Group::Responsible,
    Group::Process,
    Group::Related,
    Group::Performance,
    Group::Information,
];

/// Fields and lists of a description group.
pub(in crate::assess) fn of_group(
    group: Group,
) -> (impl Iterator<Item = &'static Field>, impl Iterator<Item = &'static Child>) {
    let (fields, children) = service().map_or((&[][..], &[][..]), |entity| (entity.fields, entity.children));
    (
        fields.iter().filter(move |field| field.group == Some(group)),
        children.iter().filter(move |child| child.group == Some(group)),
    )
}

fn service() -> Option<&'static Entity> {
    ENTITIES.iter().copied().find(|entity| entity.name == "service")
}

/// Column that says whether a field or list is filled.
pub(in crate::assess) fn filled(name: &str) -> String {
    format!("filled_{name}")
}

/// A row a service that has not ended: `owner_reg_no`, `code`, `name`, `kind`, `group_code`, `ep_id`, `audience`,
/// `request_channels`; Boolean: `planned`, `filled_<field or list>`, `group_1` … `group_8` (described), `has_need`,
/// `resource_due`, `has_resource`, `stale`; `described` (how many groups, a number); `changed_on`, `delivered_on` (days as
/// texts).
///
/// A group is described where all its required and due fields and lists are filled; one that has none of these, where
/// any of its fields is. Group 6 has no fields but links: to a resource or another service. What is not due for services
/// of general benefit is as good as filled there.
pub(super) fn facts(inputs: &Inputs, settings: &ScoreSettings, as_of: Date) -> PolarsResult<DataFrame> {
    let Some(entity) = service() else { polars_bail!(ComputeError: "no entity service") };
    let mut rows = inputs.held.services()?;
    for child in entity.children {
        let has = inputs.held.service_children.get(child.name).cloned().unwrap_or_default();
        rows = with_flag(rows, &has, &filled(child.name));
    }
    for (name, visible) in [("filled_visible_steps", true), ("filled_hidden_steps", false)] {
        rows = with_flag(rows, &steps(inputs, visible)?, name);
    }
    rows = with_flag(rows, &linked_services(inputs)?, "has_service_link");
    for (rule, name) in
        [(&finding::SERVICE_WITHOUT_NEED, "lacks_need"), (&finding::SERVICE_WITHOUT_RESOURCE, "lacks_resource")]
    {
        rows = with_flag(rows, &lacks(inputs, rule).collect()?, name);
    }
    let flags = entity.fields.iter().map(|field| {
        let column = field.storage().first().map_or(field.name.to_owned(), |(name, _)| name.clone());
        col(column).is_not_null().alias(filled(field.name))
    });
    let general = col("kind").eq(lit(GENERAL_BENEFIT)).fill_null(lit(false));
    rows = rows.with_columns(flags.collect::<Vec<_>>()).with_columns([
        col("lacks_need").not().alias("has_need"),
        col("planned").not().alias("resource_due"),
        col("planned").not().and(col("lacks_resource").not()).alias("has_resource"),
    ]);
    // What a planned service has no resource for is not told as lacking, and it has none all the same.
    rows = with_flag(rows, &linked_resources(inputs)?, "has_resource_link");
    let described =
        GROUPS.iter().enumerate().map(|(at, group)| is_described(*group, &general).alias(format!("group_{}", at + 1)));
    rows = rows.with_columns(described.collect::<Vec<_>>());
    let number = (1..=GROUPS.len()).map(|at| col(format!("group_{at}")).cast(DataType::UInt32));
    let number = number.reduce(|sum, one| sum + one).unwrap_or_else(|| lit(0_u32));
    rows = rows.with_columns([number.alias("described"), lit(GROUPS.len() as u32).alias("groups")]);
    if inputs.freshness.height() > 0 {
        let how = JoinArgs::new(JoinType::Left);
        rows = rows.join(inputs.freshness.clone().lazy(), [col("uid")], [col("uid")], how);
    } else {
        let nothing = |name: &str| lit(NULL).cast(DataType::String).alias(name);
        rows = rows.with_columns([nothing("changed_at"), nothing("delivered_at")]);
    }
    let limit = as_of.saturating_sub(i64::from(settings.stale_after_days).days()).to_string();
    let day = |name: &str| col(name).str().slice(lit(0), lit(10));
    let rows = rows
        .with_columns([day("changed_at").alias("changed_on"), day("delivered_at").alias("delivered_on")])
        .with_columns([
            col("delivered_on").lt(lit(limit)).alias("stale"),
            col("delivered_on").is_not_null().alias("dated"),
            lit("service").alias("entity"),
        ]);
    let kept = ["lacks_need", "lacks_resource", "changed_at", "delivered_at"];
    rows.drop(by_name(kept, true, false))
        .sort(["owner_reg_no", "code", "uid"], SortMultipleOptions::default())
        .collect()
}

/// Services with a step that the client sees, or does not.
fn steps(inputs: &Inputs, visible: bool) -> PolarsResult<DataFrame> {
    let steps = inputs.held.service_children.get("steps").cloned().unwrap_or_default();
    if steps.column("client_visible").is_err() {
        return Ok(DataFrame::default());
    }
    steps.lazy().filter(col("client_visible").eq(lit(visible))).select([col("uid")]).collect()
}

/// Services that a link to another service begins with.
fn linked_services(inputs: &Inputs) -> PolarsResult<DataFrame> {
    uids(inputs, "service_service")
}

fn linked_resources(inputs: &Inputs) -> PolarsResult<DataFrame> {
    uids(inputs, "service_resource")
}

/// Uids of the services that links of an entity begin with.
fn uids(inputs: &Inputs, link: &str) -> PolarsResult<DataFrame> {
    let links = inputs.entity(link)?.lazy().select([col("owner_reg_no"), col("service_code").alias("code")]);
    let services = inputs.entity("service")?.lazy().select([col("uid"), col("owner_reg_no"), col("code")]);
    let on = [col("owner_reg_no"), col("code")];
    services.join(links, on.clone(), on, JoinArgs::new(JoinType::Semi)).select([col("uid")]).collect()
}

fn is_described(group: Group, general: &Expr) -> Expr {
    if group == Group::Related {
        return col("has_resource_link").or(col("has_service_link"));
    }
    let (fields, children) = of_group(group);
    let due: Vec<(&str, bool)> = fields
        .map(|field| (field.name, field.presence != Presence::Optional))
        .chain(children.map(|child| (child.name, child.presence != Presence::Optional)))
        .collect();
    let is_filled = |name: &str| {
        let is_filled = col(filled(name));
        if NOT_DUE_FOR_GENERAL_BENEFIT.contains(&name) { is_filled.or(general.clone()) } else { is_filled }
    };
    if due.iter().any(|(_, due)| *due) {
        let due = due.iter().filter(|(_, due)| *due);
        due.fold(lit(true), |all, (name, _)| all.and(is_filled(name)))
    } else {
        due.iter().fold(lit(false), |any, (name, _)| any.or(is_filled(name)))
    }
}
