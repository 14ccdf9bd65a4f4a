//! What is published of the registry: which records, under which addresses, linked how.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;

use super::address::Base;
use super::fields::{Describer, is_blank, pairs};
use super::services::{legal_acts, link_term, with_made};
use super::{Inputs, RdfError, Settings};
use crate::model;
use crate::resolve::entity_uid;

/// Records with their addresses (`iri`), and links between them.
pub(super) struct Known {
    /// Institutions; also those that are only referred to, whose name is their number.
    pub(super) institutions: DataFrame,
    /// How many of them are only referred to, and the first.
    pub(super) unknown: (u64, String),
    pub(super) events: DataFrame,
    pub(super) needs: DataFrame,
    /// Services that are neither planned nor ended, with `changed_at`; the name stands for a missing description.
    pub(super) services: DataFrame,
    /// How many services lack a description, and the first.
    pub(super) undescribed: (u64, String),
    /// Applications of these services.
    pub(super) applications: DataFrame,
    /// Resources, with `changed_at`; the name stands for a missing description.
    pub(super) resources: DataFrame,
    /// Legal acts of these services: `uid` (of the service), `act`, `rule` and the columns of the list.
    pub(super) legal_acts: DataFrame,
    /// Fees of these services.
    pub(super) fees: DataFrame,
    /// Property -> `uid` (of a service), `to` (what it leads to).
    pub(super) links: Vec<(&'static str, DataFrame)>,
    /// `event`, `service`: through the needs that belong to the event and the services that meet them.
    pub(super) event_services: DataFrame,
    /// What references lead to: entity -> `key`, `iri`.
    pub(super) targets: BTreeMap<&'static str, DataFrame>,
}

impl Known {
    pub(super) fn new(inputs: &Inputs<'_>, settings: &Settings<'_>) -> Result<Self, RdfError> {
        let base = Base(settings.base);
        // What was not read is not the same as nothing.
        let of = |name: &'static str| inputs.held.entities.get(name).cloned().ok_or(RdfError::Model(name));
        let child = |name: &'static str| inputs.held.service_children.get(name).cloned().ok_or(RdfError::Model(name));
        let with_iri =
            |rows: DataFrame, path: &str| with_made(rows, "iri", &["uid"], |of| base.iri(path, of.concat().as_str()));
        let dated = |rows: DataFrame, name: &'static str| -> Result<DataFrame, RdfError> {
            let changed = inputs.changed.get(name).cloned().ok_or(RdfError::Model(name))?.lazy();
            let changed = changed.select([col("uid"), col("changed_at")]);
            let described = when(is_blank("description")).then(col("name")).otherwise(col("description"));
            Ok(rows
                .lazy()
                .join(changed, [col("uid")], [col("uid")], JoinArgs::new(JoinType::Left))
                .with_columns([is_blank("description").alias("undescribed"), described.alias("description")])
                .sort(["uid"], SortMultipleOptions::default())
                .collect()?)
        };

        of("service")?;
        let services = inputs.held.services()?.filter(col("planned").not()).collect()?;
        let services = dated(with_iri(services, "service")?, "service")?;
        let undescribed = services.clone().lazy().filter(col("undescribed")).select([col("name")]).collect()?;
        let undescribed = counted(&undescribed, "name")?;

        let key =
            services.clone().lazy().select([col("uid"), col("owner_reg_no"), col("code"), col("iri").alias("service")]);
        let (events, needs) = (with_iri(of("life_event")?, "event")?, with_iri(of("need")?, "need")?);
        let resources = dated(with_iri(of("resource")?, "resource")?, "resource")?;
        let (institutions, unknown) = with_referred(&of("institution")?, inputs, settings)?;
        let institutions = with_iri(institutions, "institution")?;

        let owned = || [col("owner_reg_no"), col("service_code")];
        let of_service = |links: LazyFrame| {
            links.join(key.clone(), owned(), [col("owner_reg_no"), col("code")], JoinArgs::new(JoinType::Inner))
        };
        let keyed =
            |rows: &DataFrame, key: &str, name: &str| rows.clone().lazy().select([col(key), col("iri").alias(name)]);
        let joined = |links: LazyFrame, on: &str, with: LazyFrame, key: &str| {
            links.join(with, [col(on)], [col(key)], JoinArgs::new(JoinType::Inner))
        };

        // Needs that services meet, and through them events.
        let met = joined(
            of_service(of("need_service")?.lazy().drop(uid())),
            "need_code",
            keyed(&needs, "code", "need"),
            "code",
        );
        let of_event = needs.clone().lazy().select([col("iri").alias("need"), col("life_event_code")]);
        let of_event = joined(of_event, "life_event_code", keyed(&events, "code", "event"), "code");
        let grouped = met.clone().join(of_event, [col("need")], [col("need")], JoinArgs::new(JoinType::Inner));
        let grouped = grouped.select([col("uid"), col("service"), col("event")]).collect()?;
        let to = |links: LazyFrame, name: &str| links.select([col("uid"), col(name).alias("to")]).collect();
        let mut links =
            vec![("cv:isClassifiedBy", to(met, "need")?), ("cv:isGroupedBy", to(grouped.clone().lazy(), "event")?)];

        let uses = of_service(of("service_resource")?.lazy().drop(uid()));
        links.push((
            "dct:relation",
            to(joined(uses, "resource_code", keyed(&resources, "code", "resource"), "code"), "resource")?,
        ));

        let other = services.clone().lazy().select([col("owner_reg_no"), col("code"), col("iri").alias("other")]);
        let related = of_service(of("service_service")?.lazy().drop(uid()))
            .join(
                other,
                [col("related_owner_reg_no"), col("related_code")],
                [col("owner_reg_no"), col("code")],
                JoinArgs::new(JoinType::Inner),
            )
            .collect()?;
        let kinds: BTreeSet<&str> = related.column("kind")?.str()?.iter().flatten().collect();
        for kind in kinds {
            links.push((link_term(kind), to(related.clone().lazy().filter(col("kind").eq(lit(kind))), "other")?));
        }

        let applications = applications(of("application")?, key)?;
        let applications = with_iri(applications, "application")?;
        let led = applications.clone().lazy().select([col("service_uid").alias("uid"), col("iri").alias("to")]);
        links.push(("cv:hasChannel", led.collect()?));
        let target =
            |rows: &DataFrame, key: &str| rows.clone().lazy().select([col(key).alias("key"), col("iri")]).collect();
        let targets = BTreeMap::from([
            ("institution", target(&institutions, "reg_no")?),
            ("life_event", target(&events, "code")?),
        ]);
        let of_these = |rows: DataFrame| {
            let uids = services.clone().lazy().select([col("uid")]);
            rows.lazy().join(uids, [col("uid")], [col("uid")], JoinArgs::new(JoinType::Semi)).collect()
        };
        let event_services = grouped.lazy().select([col("event"), col("service")]).collect()?;
        Ok(Self {
            institutions,
            unknown,
            events,
            needs,
            undescribed,
            applications,
            resources,
            legal_acts: legal_acts(&base, of_these(child("legal_acts")?)?)?,
            fees: of_these(child("fees")?)?,
            links,
            event_services,
            targets,
            services,
        })
    }
}

impl Describer<'_> {
    /// Notes what stands in for something that the registry lacks.
    pub(super) fn fallback(&mut self, known: &Known) {
        for (key, (count, first)) in
            [("rdf-description-missing", &known.undescribed), ("rdf-institution-unknown", &known.unknown)]
        {
            if *count > 0 {
                self.notes.insert(key, (*count, first.clone()));
            }
        }
    }
}

fn uid() -> Selector {
    by_name(["uid"], true, false)
}

fn counted(rows: &DataFrame, column: &str) -> PolarsResult<(u64, String)> {
    let first = rows.column(column)?.str()?.iter().flatten().next().unwrap_or_default().to_owned();
    Ok((rows.height() as u64, first))
}

/// Applications with the service they are of (`service_uid`); one that does not name the owner goes with the only
/// service of that code.
fn applications(rows: DataFrame, key: LazyFrame) -> Result<DataFrame, RdfError> {
    let of_owner = rows.clone().lazy().filter(col("owner_reg_no").is_not_null()).join(
        key.clone().select([col("owner_reg_no"), col("code").alias("service_code"), col("uid").alias("service_uid")]),
        [col("owner_reg_no"), col("service_code")],
        [col("owner_reg_no"), col("service_code")],
        JoinArgs::new(JoinType::Inner),
    );
    let only = key.group_by([col("code")]).agg([col("uid").first().alias("service_uid"), len().alias("services")]);
    let only =
        only.filter(col("services").eq(lit(1_u32))).select([col("code").alias("service_code"), col("service_uid")]);
    let of_nobody = rows.lazy().filter(col("owner_reg_no").is_null()).join(
        only,
        [col("service_code")],
        [col("service_code")],
        JoinArgs::new(JoinType::Inner),
    );
    let all = concat([of_owner, of_nobody], UnionArgs::default())?;
    Ok(all.sort(["uid"], SortMultipleOptions::default()).collect()?)
}

/// Institutions, with those that something published refers to and the registry does not know: an authority must be
/// named. Their addresses are those that they get when they become known.
fn with_referred(
    rows: &DataFrame,
    inputs: &Inputs<'_>,
    settings: &Settings<'_>,
) -> Result<(DataFrame, (u64, String)), RdfError> {
    let institution = model::entity("institution").ok_or(RdfError::Model("institution"))?;
    let known: BTreeSet<&str> = rows.column("reg_no")?.str()?.iter().flatten().collect();
    let mut unknown = BTreeSet::new();
    if !known.contains(settings.publisher) {
        unknown.insert(settings.publisher.to_owned());
    }
    for name in ["institution", "service", "application", "resource"] {
        let Some(entity) = model::entity(name) else { continue };
        let frame = inputs.held.entity(name)?;
        let fields =
            entity.fields.iter().filter(|field| field.refers.is_some_and(|(target, _)| target == "institution"));
        for field in fields {
            let frame = frame.clone().lazy().select([col("uid").alias("iri"), col(field.name)]).collect()?;
            let values = pairs(&frame, field)?;
            let values = values.column("value")?.str()?;
            unknown.extend(values.iter().flatten().filter(|value| !known.contains(value)).map(str::to_owned));
        }
    }
    let first = unknown.first().cloned().unwrap_or_default();
    let numbers: Vec<String> = unknown.into_iter().collect();
    let uids =
        numbers.iter().map(|number| entity_uid("", institution, &["reg_no"], &[number]).hyphenated().to_string());
    let uids: Vec<String> = uids.collect();
    let columns = rows.columns().iter().map(|column| match column.name().as_str() {
        "uid" => Column::new("uid".into(), &uids),
        name @ ("reg_no" | "name") => Column::new(name.into(), &numbers),
        name => Column::full_null(name.into(), numbers.len(), column.dtype()),
    });
    let count = numbers.len();
    let added = DataFrame::new(count, columns.collect())?;
    Ok((rows.vstack(&added)?, (count as u64, first)))
}
