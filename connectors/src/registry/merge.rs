//! The merged view of affected entities, after what their sources say of them has changed.

use super::error::RegistryError;
use super::session::{Scope, Session};
use super::sql::{self, Table};

/// Whose merged view is made anew.
pub(super) enum Affected {
    /// Entities that the delivery's changes concern.
    OfDelivery,
    /// Those and all others that the source feeds: its priorities have changed.
    AllOfSource,
    /// These; no delivery is under way. `anew`: they get a new version even if no field changes.
    These {
        /// Their uids.
        uids: Vec<String>,
        /// What they are made of has changed.
        anew: bool,
    },
}

/// New versions of affected entities of a kind; those without records are retired. Needs the tables of a difference.
pub(super) async fn merge(
    session: &mut Session,
    scope: &Scope,
    table: Table,
    affected: &Affected,
) -> Result<(), RegistryError> {
    for statement in table.create_merge() {
        session.define(statement).await?;
    }
    let filled = |prefix: &str| format!("{prefix}_{}", table.name());
    match affected {
        Affected::OfDelivery => {
            session.scoped(table.affected(), scope).await?;
        }
        Affected::AllOfSource => {
            session.scoped(table.affected(), scope).await?;
            session.scoped(table.affected_of_source(), scope).await?;
        }
        Affected::These { uids, .. } => {
            for uid in uids {
                session.bound(table.affect(), &[uid.as_str().into()]).await?;
            }
        }
    }
    session.filled(&filled("affected")).await?;
    session.scoped(table.feeds(), scope).await?;
    session.filled(&filled("feed")).await?;
    let most = session.number(table.most_feeds(), scope).await?;
    let own = fields_with_priorities(session, table).await?;
    if most > 1 {
        session.run(table.merge_first()).await?;
        for place in 2..=most {
            session.run(table.merge_next(place)).await?;
        }
        for (column, field) in own.iter().flat_map(|field| table.columns_of(field).map(move |c| (c, field))) {
            session.run(table.merge_field(&column, field)).await?;
        }
        for (column, field) in decided_fields(session, table).await? {
            session.run(table.merge_decided(&column, &field)).await?;
        }
    }
    session.filled(&filled("merge")).await?;
    for statement in table.outcomes() {
        session.run(statement).await?;
    }
    if let Affected::These { anew: true, .. } = affected {
        session.run(table.anew()).await?;
    }
    session.filled(&filled("outcome")).await?;
    let mut children = Vec::new();
    for child in table.children() {
        if session.number(child.holds_any(), scope).await? == 0 {
            continue;
        }
        for statement in child.create_merge() {
            session.define(statement).await?;
        }
        let by_priority = child.child.is_some_and(|child| own.iter().any(|field| field == child.name));
        session.run(child.pick_children(by_priority)).await?;
        session.filled(&format!("pick_{}", child.name())).await?;
        session.run(child.child_outcomes()).await?;
        children.push(child);
    }
    for child in &children {
        session.scoped(child.replace(), scope).await?;
    }
    if session.number(sql::OVERLAPS, scope).await? > 0 {
        for child in &children {
            session.scoped(child.forget_absorbed(), scope).await?;
        }
        for statement in table.absorb() {
            session.scoped(statement, scope).await?;
        }
    }
    for statement in [table.replace(), table.close()] {
        session.scoped(statement, scope).await?;
    }
    let mut opened = 0;
    for statement in table.open() {
        opened += session.scoped(statement, scope).await?;
    }
    // What comes after reads the merged view: other sources, and the findings of the whole registry.
    session.grown(&table.name(), opened).await?;
    for child in &children {
        let opened = session.scoped(child.open_children(), scope).await?;
        session.grown(&child.name(), opened).await?;
    }
    Ok(())
}

/// Fields and lists for which some source has a priority of their own.
async fn fields_with_priorities(session: &mut Session, table: Table) -> Result<Vec<String>, RegistryError> {
    names(session, sql::FIELDS_WITH_PRIORITIES, table).await
}

/// Fields for which people decided values, and their columns.
async fn decided_fields(session: &mut Session, table: Table) -> Result<Vec<(String, String)>, RegistryError> {
    let fields = names(session, sql::DECIDED_FIELDS, table).await?;
    Ok(fields
        .into_iter()
        .flat_map(|field| table.columns_of(&field).map(move |c| (c, field.clone())).collect::<Vec<_>>())
        .collect())
}

async fn names(session: &mut Session, text: &str, table: Table) -> Result<Vec<String>, RegistryError> {
    let rows = session.rows(text, &[table.entity.name.into()]).await?;
    let names = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>();
    names.map_err(|error| session.site.error(error))
}
