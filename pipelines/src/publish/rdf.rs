//! Linked data: `cpsv.ttl`, `cpsv.jsonld`, `dcat.ttl`, `dcat.jsonld`.

use std::collections::BTreeMap;

use anyhow::Context as _;
use polars::prelude::DataFrame;
use vienkop_connectors::registry::Registry;
use vienkop_transforms::holdings::Holdings;
use vienkop_transforms::model;
use vienkop_transforms::publish::rdf::{self, Inputs, Settings};

use super::draft::Draft;
use super::outcome::Publication;
use crate::cli::session::Session;
use crate::config::PublishedForm;

/// Entity -> `uid`, `changed_at` of its current records.
pub(super) type Changed = BTreeMap<&'static str, DataFrame>;

/// When what is published last changed.
pub(super) async fn changed(registry: &Registry) -> anyhow::Result<Changed> {
    let mut changed = Changed::new();
    for name in rdf::DATED {
        changed.insert(name, registry.freshness(model::entity(name).context(name)?).await?);
    }
    Ok(changed)
}

/// Writes a profile in both of its forms. An installation that does not say under which addresses it publishes does
/// without, and is told so.
pub(super) fn emit(
    session: &Session,
    held: &Holdings,
    changed: &Changed,
    form: PublishedForm,
    draft: &mut Draft,
    publication: &mut Publication,
) -> anyhow::Result<()> {
    let (name, profile) = if form == PublishedForm::Cpsv { ("cpsv", "CPSV-AP") } else { ("dcat", "DCAT-AP") };
    let texts = session.texts();
    let ours = &session.config.vienkop.publish;
    let (Some(base), Some(publisher)) = (&ours.base_iri, &ours.publisher) else {
        publication.notes.push(texts.get("cli-publish-no-base", &[("profile", profile)]));
        return Ok(());
    };
    let inputs = Inputs { held, changed };
    let settings = Settings { base, publisher, lists: &session.config.codelists };
    let mut turtle = draft.file(&format!("{name}.ttl"))?;
    let mut json = draft.file(&format!("{name}.jsonld"))?;
    let written = match form {
        PublishedForm::Cpsv => rdf::cpsv(&inputs, &settings, &mut turtle, &mut json)?,
        _ => rdf::dcat(&inputs, &settings, &mut turtle, &mut json)?,
    };
    draft.end(turtle)?;
    draft.end(json)?;
    for (key, (count, example)) in &written.notes {
        publication.notes.push(texts.count_with(key, *count, &[("profile", profile), ("example", example)]));
    }
    publication.linked.insert(name, written.classes);
    Ok(())
}
