//! What the registry as a whole lacks: needs without a service, services without a need or a resource, references
//! that lead nowhere now. Everything is generated from the model and reads current versions only.
//!
//! `s` is the record looked at, `l` a link, `t0`, `t1` its ends. Needs, services and resources are sought by set
//! difference that starts from the links, references by the index of what they refer to, so that no table is gone
//! through more than once.

use vienkop_transforms::finding::{self, Rule};
use vienkop_transforms::model::{self, Entity, Field};

use super::{Dialect, any, references};

/// A service that has ended satisfies no need and needs neither need nor resource. Its life-cycle status decides;
/// where there is none, its phase does (S3, the sixth phase: *likvidēšana*).
fn ended() -> String {
    codes(model::ENDED)
}

/// Resources are what a service needs to be *provided* (S2 P3): due once it is no longer merely planned.
fn not_provided() -> String {
    codes(&[model::ENDED, model::PLANNED].concat())
}

fn codes(codes: &[&str]) -> String {
    format!("('{}')", codes.join("', '"))
}

/// What one rule looks for in the records of one entity.
pub(in crate::registry) struct Check {
    pub(in crate::registry) rule: &'static Rule,
    entity: &'static Entity,
    /// The reference it is about.
    field: Option<&'static Field>,
    /// A query of `uid` and, where it is about a reference, `value`.
    found: String,
}

/// Every check, in the order of the rules.
///
/// S3 (PU2-7, results and benefits) asks a need of *every* service in the register and a service of every need; S2 P3
/// asks one or more resources of every service, of whichever of the four kinds, and says that resources may stand
/// alone. So no kind is left out; services that have ended are, and planned ones where it is about resources.
pub(in crate::registry) fn checks(dialect: Dialect) -> Vec<Check> {
    let unlinked = |rule, name: &str, link: &str, among: String| {
        let (entity, link) = (model::entity(name)?, model::entity(link)?);
        let found =
            format!(r#"SELECT s.uid FROM "{name}" s WHERE s.valid_to IS NULL{among} EXCEPT {}"#, linked(link, entity));
        Some(Check { rule, entity, field: None, found })
    };
    let service = |states: &str| format!(" AND {} NOT IN {states}", state("s"));
    let due = [
        unlinked(&finding::UNMET_NEED, "need", "need_service", String::new()),
        unlinked(&finding::SERVICE_WITHOUT_NEED, "service", "need_service", service(&ended())),
        unlinked(&finding::SERVICE_WITHOUT_RESOURCE, "service", "service_resource", service(&not_provided())),
    ];
    let dangling = model::registered().flat_map(|entity| {
        references(entity).filter_map(move |field| {
            let found = dangling(entity, field, dialect)?;
            Some(Check { rule: &finding::DANGLING, entity, field: Some(field), found })
        })
    });
    due.into_iter().flatten().chain(dangling).collect()
}

/// Life-cycle status of a service, or its phase.
fn state(alias: &str) -> String {
    format!(r#"coalesce({alias}."lifecycle", {alias}."phase", '')"#)
}

/// Condition that `alias` is what `field` of record `from` refers to by `value`.
fn same(entity: &'static Entity, field: &Field, from: &str, value: &str, alias: &str) -> Option<String> {
    let (_, to_field) = field.refers?;
    let owner = entity.owner_beside(field).map(|(own, theirs)| format!(r#" AND {alias}."{theirs}" = {from}."{own}""#));
    Some(format!(r#"{alias}.valid_to IS NULL AND {alias}."{to_field}" = {value}{}"#, owner.unwrap_or_default()))
}

/// Ends of links `link` that are records of `of`, where all ends are there and no service at the other end has ended.
fn linked(link: &'static Entity, of: &Entity) -> String {
    let mut tables = format!(r#""{}" l"#, link.name);
    let mut conditions = vec!["l.valid_to IS NULL".to_owned()];
    let mut wanted = String::from("NULL");
    for (n, field) in references(link).enumerate() {
        let Some((to, _)) = field.refers else { continue };
        let end = format!("t{n}");
        tables.push_str(&format!(r#" CROSS JOIN "{to}" {end}"#));
        conditions.extend(same(link, field, "l", &format!(r#"l."{}""#, field.name), &end));
        if to == of.name {
            wanted = format!("{end}.uid");
        } else if to == "service" {
            conditions.push(format!("{} NOT IN {}", state(&end), ended()));
        }
    }
    format!("SELECT {wanted} FROM {tables} WHERE {}", conditions.join(" AND "))
}

/// References of an entity that lead nowhere: `uid` and `value`.
fn dangling(entity: &'static Entity, field: &'static Field, dialect: Dialect) -> Option<String> {
    let (to, to_field) = field.refers?;
    let (items, value) = if field.list {
        (format!(" CROSS JOIN {}", dialect.items(field.name)), "item.value".to_owned())
    } else {
        (String::new(), format!(r#"s."{}""#, field.name))
    };
    let exact = same(entity, field, "s", &value, "t")?;
    let mut missing = format!(r#"NOT EXISTS (SELECT 1 FROM "{to}" t WHERE {exact})"#);
    // Without its owner a code may be anybody's. Said apart, so that each lookup has the whole index to itself.
    if let Some((own, _)) = entity.owner_beside(field) {
        let anybody =
            format!(r#"NOT EXISTS (SELECT 1 FROM "{to}" t WHERE t.valid_to IS NULL AND t."{to_field}" = {value})"#);
        let owned = format!(r#"s."{own}" IS NOT NULL"#);
        missing = format!("{missing} AND {}", any(&[owned, anybody]));
    }
    Some(format!(
        r#"SELECT DISTINCT s.uid, {value} AS value FROM "{}" s{items}
        WHERE s.valid_to IS NULL AND {value} IS NOT NULL AND {missing}"#,
        entity.name
    ))
}

impl Check {
    /// All of them: code, entity, uid, the institution that can act.
    pub(in crate::registry) fn uids(&self) -> String {
        let (name, found) = (self.entity.name, &self.found);
        let owner = self.entity.owner_field().map_or("NULL".into(), |owner| format!(r#"c."{owner}""#));
        format!(
            r#"SELECT '{}', '{name}', x.uid, {owner} FROM ({found}) x CROSS JOIN "{name}" c
            WHERE c.uid = x.uid AND c.valid_to IS NULL"#,
            self.rule.code
        )
    }

    /// How many there are. `of_one`: only those of institution `$1`; none where the entity has no owner.
    pub(in crate::registry) fn count(&self, of_one: bool) -> Option<String> {
        let found = &self.found;
        if !of_one {
            return Some(format!("SELECT count(*) FROM ({found}) x"));
        }
        Some(format!(
            r#"SELECT count(*) FROM ({found}) x CROSS JOIN "{}" c
            WHERE c.uid = x.uid AND c.valid_to IS NULL AND c."{}" = $1"#,
            self.entity.name,
            self.entity.owner_field()?
        ))
    }

    /// At most `most` of them, with the columns of [`crate::registry::LinkFindings::list`]: the place is that of the
    /// source with the highest priority, the sources are all that feed the record. Nothing that is worked out here is
    /// joined with another such: a database that misjudges how much it is would go through it for each record.
    pub(in crate::registry) fn list(&self, of_one: bool, most: usize) -> Option<String> {
        let (name, found) = (self.entity.name, &self.found);
        let owner = self.entity.owner_field();
        let among = if of_one { format!(r#" AND c."{}" = $1"#, owner?) } else { String::new() };
        let (picked, value) = match self.field {
            Some(_) => ("y.uid, y.value", "x.value"),
            None => ("y.uid, NULL AS value", r#"c."name""#),
        };
        let field = self.field.map_or("NULL".into(), |field| format!("'{}'", field.name));
        let expected = self.field.and_then(|field| field.refers);
        let expected = expected.map_or("NULL".into(), |(to, to_field)| format!("'{to}.{to_field}'"));
        let owner_column = owner.map_or("NULL".into(), |owner| format!(r#"c."{owner}""#));
        let rule = self.rule;
        Some(format!(
            r#"WITH x AS (SELECT {picked} FROM ({found}) y CROSS JOIN "{name}" c
                WHERE c.uid = y.uid AND c.valid_to IS NULL{among} ORDER BY 1, 2 LIMIT {most}),
            held AS (SELECT x.uid, x.value, v.source, v.key, v.landed, v.sheet, v."row", v.part, row_number() OVER
                (PARTITION BY x.uid, x.value ORDER BY CASE WHEN v.source IS NULL THEN 1 ELSE 0 END,
                coalesce(p.priority, 0) DESC, v.source, v.record_uid) AS place, row_number() OVER
                (PARTITION BY x.uid, x.value, v.source ORDER BY v.record_uid) AS again
                FROM x LEFT JOIN identity i ON i.entity_uid = x.uid
                LEFT JOIN "source_{name}" v ON v.record_uid = i.record_uid AND v.valid_to IS NULL
                LEFT JOIN source_state p ON p.source = v.source),
            told AS (SELECT h.*, string_agg(CASE WHEN again = 1 THEN source END, ', ') OVER
                (PARTITION BY uid, value ORDER BY source
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS sources FROM held h)
            SELECT x.sources, f.name, {owner_column}, '{}', '{}', '{name}', x.key, {field}, x.landed, x.sheet,
            x."row", x.part, CASE WHEN x.sheet IS NOT NULL THEN x.sheet || '!' || x."row" END, NULL, {value},
            {expected}, {}
            FROM told x JOIN "{name}" c ON c.uid = x.uid AND c.valid_to IS NULL
            LEFT JOIN landed_file f ON f.id = x.landed WHERE x.place = 1 ORDER BY x.uid, {value}"#,
            rule.code,
            rule.severity.as_str(),
            self.whose(owner)
        ))
    }

    /// Who or what a record belongs to, by name: its institution, or the life event of a need; else its own name.
    fn whose(&self, owner: Option<&str>) -> String {
        let itself = if self.entity.field("name").is_some() { r#"c."name""# } else { "NULL" };
        let named = |entity: &str, by: &str, own: &str| {
            format!(
                r#"coalesce((SELECT min(o.name) FROM "{entity}" o WHERE o.valid_to IS NULL AND o."{by}" = c."{own}"),
                c."{own}", {itself})"#
            )
        };
        if let Some(owner) = owner {
            return named("institution", "reg_no", owner);
        }
        let above = self.entity.fields.iter().find(|field| !field.list && field.refers.is_some());
        let above = above.and_then(|field| field.refers.map(|(to, to_field)| named(to, to_field, field.name)));
        above.unwrap_or_else(|| itself.into())
    }
}
