//! What belongs to services, a frame a kind of thing: `uid` of the service first, sorted by it.

use polars::prelude::*;

use super::catalogues::applications;
use crate::holdings::Holdings;

/// Applications of services, in an order that does not depend on that of the registry.
pub(super) fn sorted_applications(held: &Holdings, services: &DataFrame) -> PolarsResult<DataFrame> {
    let order = ["uid", "kind", "platform", "url", "auth_levels"];
    applications(held, services)?.sort(order, SortMultipleOptions::default())
}

/// `uid` of the service, then of each need that it is linked to `code`, `name`, `life_event_code`, `life_event`.
pub(super) fn needs(held: &Holdings, services: &DataFrame) -> PolarsResult<DataFrame> {
    let events = held.entity("life_event")?.lazy().select([col("code"), col("name").alias("life_event")]);
    let needs = held.entity("need")?.lazy().select([col("code"), col("name"), col("life_event_code")]);
    let services = services.clone().lazy().select([col("uid"), col("owner_reg_no"), col("code").alias("service_code")]);
    let links =
        held.entity("need_service")?.lazy().select([col("need_code"), col("owner_reg_no"), col("service_code")]);
    let on = [col("owner_reg_no"), col("service_code")];
    let inner = || JoinArgs::new(JoinType::Inner);
    links
        .join(services, on.clone(), on, inner())
        .join(needs, [col("need_code")], [col("code")], inner())
        .join(events, [col("life_event_code")], [col("code")], JoinArgs::new(JoinType::Left))
        .select([col("uid"), col("need_code").alias("code"), col("name"), col("life_event_code"), col("life_event")])
        .sort(["uid", "code"], SortMultipleOptions::default())
        .collect()
}

/// `uid` of the service, then of each service that it is linked to `related_uid`, `kind`, `related_owner_reg_no`,
/// `related_code`, `related_name`.
pub(super) fn related(held: &Holdings, services: &DataFrame) -> PolarsResult<DataFrame> {
    let all = || services.clone().lazy();
    let ends = all().select([
        col("uid").alias("related_uid"),
        col("owner_reg_no").alias("related_owner_reg_no"),
        col("code").alias("related_code"),
        col("name").alias("related_name"),
    ]);
    let begins = all().select([col("uid"), col("owner_reg_no"), col("code").alias("service_code")]);
    let links = ["owner_reg_no", "service_code", "related_owner_reg_no", "related_code", "kind"].map(col);
    let (from, to) = (["owner_reg_no", "service_code"].map(col), ["related_owner_reg_no", "related_code"].map(col));
    let inner = || JoinArgs::new(JoinType::Inner);
    held.entity("service_service")?
        .lazy()
        .select(links)
        .join(begins, from.clone(), from, inner())
        .join(ends, to.clone(), to, inner())
        .select(["uid", "related_uid", "kind", "related_owner_reg_no", "related_code", "related_name"].map(col))
        .sort(["uid", "kind", "related_uid"], SortMultipleOptions::default())
        .collect()
}
