//! Recognising services that no key tells: the new ones of a delivery against those that other sources hold, page by
//! page; what people decided earlier comes first.

use std::sync::Arc;

use polars::prelude::*;
use vienkop_transforms::model::Storage;
use vienkop_transforms::resolve::matching::{self, MatchSettings};

use super::bulk::Cells;
use super::difference::{Change, Matched, Sample};
use super::error::RegistryError;
use super::queries::Builders;
use super::session::{Scope, Session, Value};
use super::sql::{self, Staged};
use super::stage::Stage;

/// Services of a page.
pub(super) const PAGE: usize = 20_000;

/// A chain of merges (a into b, b into c) is followed this far.
pub(super) const CHAIN: usize = 32;

impl Stage {
    /// Decides which new services of the delivery are ones that others hold (their records then stand for those), and
    /// which may be.
    pub(super) async fn recognise(
        &mut self,
        one: &Staged,
        staged: &[Staged],
        settings: Option<&Arc<MatchSettings>>,
    ) -> Result<Matched, RegistryError> {
        let entity = one.table.entity.name;
        if entity != "service" {
            return Ok(Matched::default());
        }
        for _ in 0..CHAIN {
            if self.session.run(sql::matching::follow_decisions(entity)).await? == 0 {
                break;
            }
        }
        let Some(settings) = settings else { return Ok(Matched::default()) };
        if !one.delivers("name") || self.session.number(sql::matching::OTHERS_HOLD, &self.scope).await? == 0 {
            return Ok(Matched::default());
        }
        for statement in sql::matching::create_matching() {
            self.session.define(statement).await?;
        }
        if self.session.run(sql::matching::minted(entity)).await? == 0 {
            return Ok(Matched::default());
        }
        self.session.filled("minted").await?;
        let acts = staged.iter().find(|other| other.table.name() == "service_legal_acts");
        let minted = sql::matching::minted_page(one, acts, PAGE);
        let held = sql::matching::held_page(true, "", PAGE);
        let mut pairs: Option<DataFrame> = None;
        let mut after_held = String::new();
        while let Some(held) = page(&mut self.session, &held, &mut after_held, &self.scope).await? {
            let mut after_minted = String::new();
            while let Some(minted) = page(&mut self.session, &minted, &mut after_minted, &self.scope).await? {
                let (held, settings) = (held.clone(), Arc::clone(settings));
                let compare = move || matching::match_services(&minted, &held, &settings);
                let found = tokio::task::spawn_blocking(compare).await.map_err(RegistryError::Broken)??;
                pairs = Some(match pairs.take() {
                    Some(all) => all.vstack(&found)?,
                    None => found,
                });
            }
        }
        let Some(pairs) = pairs else { return Ok(Matched::default()) };
        self.keep(&matching::settle(&pairs)?).await
    }

    /// Puts pairs with a verdict where the load finds them, and lets records of merged services stand for those.
    async fn keep(&mut self, pairs: &DataFrame) -> Result<Matched, RegistryError> {
        let score = pairs.column("score")?.f64()?;
        let columns = [
            ("uid".to_owned(), Cells::of(pairs, "left", Storage::Text)?),
            ("into_uid".to_owned(), Cells::of(pairs, "right", Storage::Text)?),
            ("score".to_owned(), Cells::Real(score)),
            ("verdict".to_owned(), Cells::of(pairs, "verdict", Storage::Text)?),
            ("explanation".to_owned(), Cells::of(pairs, "explanation", Storage::Text)?),
        ];
        self.bulk.insert(&mut self.session, "stage_match", pairs.height(), &columns).await?;
        self.session.run(sql::matching::DROP_REJECTED).await?;
        self.session.run(sql::matching::MERGE_MINTED).await?;
        self.session.run(sql::matching::review_findings()).await?;
        let count = |verdict: &str| format!("SELECT count(*) FROM stage_match WHERE verdict = '{verdict}'");
        Ok(Matched {
            merged: self.session.number(count(matching::MERGE), &self.scope).await?,
            review: self.session.number(count(matching::REVIEW), &self.scope).await?,
        })
    }

    /// Examples of what is merged.
    pub(super) async fn merged_samples(&mut self, matched: Matched) -> Result<Vec<Sample>, RegistryError> {
        if matched.merged == 0 {
            return Ok(Vec::new());
        }
        let rows = self.session.rows(sql::matching::MERGED_SAMPLES, &[]).await?;
        let site = &self.session.site;
        let sample = |row: &super::session::Row| -> Result<Sample, sqlx::Error> {
            Ok(Sample {
                entity: "service".to_owned(),
                change: Change::Merged,
                key: row.try_get(0)?,
                uid: row.try_get(1)?,
                field: None,
                old: row.try_get(2)?,
                new: row.try_get(3)?,
            })
        };
        rows.iter().map(sample).collect::<Result<_, _>>().map_err(|error| site.error(error))
    }
}

/// The next page of services; none after the last.
async fn page(
    session: &mut Session,
    statement: &str,
    after: &mut String,
    scope: &Scope,
) -> Result<Option<DataFrame>, RegistryError> {
    let values: [Value<'_>; 2] = [after.as_str().into(), scope.source.as_str().into()];
    let rows = session.rows(statement, &values).await?;
    let Some(last) = rows.last() else { return Ok(None) };
    let site = session.site.clone();
    *after = last.try_get(0).map_err(|error| site.error(error))?;
    let mut frame = Builders::new(sql::matching::SERVICE_COLUMNS.into_iter().map(|name| (name, Storage::Text)));
    for row in &rows {
        frame.push(row, 0, &site)?;
    }
    frame.finish().map(Some)
}
