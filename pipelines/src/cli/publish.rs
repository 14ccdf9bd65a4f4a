//! `vienkop publish`.

use anyhow::bail;
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use vienkop_connectors::registry::Registry;

use super::interrupt::Interrupt;
use super::session::Session;
use super::{Exit, Options, output};
use crate::publish::{self, Asked, Publication};

/// What is asked of `vienkop publish`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Wanted {
    /// Only say what would be published
    #[arg(long)]
    dry_run: bool,
    /// Tell changes since the last publication of this day or before it [default: the last before today]
    #[arg(long, value_name = "DATE")]
    since: Option<Date>,
    /// Go on where a catalogue would lose more than `max_removed_share` of what it shows
    #[arg(long)]
    approve: bool,
    /// Deliver to these registers (files of config/targets) in the place of those of the pipeline
    #[arg(long, value_name = "TARGET", value_delimiter = ',')]
    to: Vec<String>,
}

/// Publishes what the registry holds, as the default pipeline says.
pub(super) async fn publish(options: &Options, now: Timestamp, wanted: &Wanted) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let settings = match session.pipeline(None) {
        Ok((_, pipeline)) => pipeline.publish.clone().unwrap_or_default(),
        Err(error) if session.config.vienkop.default_pipeline.is_some() => return Err(error),
        // An installation without a default pipeline publishes everything.
        Err(_) => crate::config::Publish::default(),
    };
    if let Some(unknown) = wanted.to.iter().find(|id| !session.config.targets.contains_key(*id)) {
        let known = session.config.targets.keys().map(String::as_str);
        bail!(session.unknown("cli-target-unknown", unknown, known));
    }
    if Registry::is_missing(&session.registry).await? {
        let shown = Registry::shown(&session.registry);
        bail!(session.texts().get("cli-publish-no-registry", &[("registry", &shown)]));
    }
    let registry = if wanted.dry_run {
        Registry::open_as_it_is(&session.registry).await?
    } else {
        session.open_registry().await?
    };
    let interrupt = Interrupt::listen().flag();
    let asked = Asked {
        settings: &settings,
        since: wanted.since,
        write: !wanted.dry_run,
        approved: wanted.approve,
        whole: options.json,
        targets: if wanted.to.is_empty() { &settings.deliver } else { &wanted.to },
        cancel: &interrupt,
    };
    let publication = publish::publish(&session, &registry, &asked).await?;
    let exit = publication.exit(options.strict);
    if options.json {
        output::json(&publication)?;
    } else {
        let as_of = session.as_of_day().to_string();
        let title = session.texts().get("cli-publish-title", &[("as_of", &as_of)]);
        output::text(&format!("{title}\n\n{}", summary(&session, &publication)))?;
    }
    Ok(exit)
}

/// What a person reads of a publication.
pub(super) fn summary(session: &Session, publication: &Publication) -> String {
    let command = session.command(&["publish", "--approve"]);
    let deliver = |target: &str| session.command(&["publish", "--to", target, "--approve"]);
    publication.summary(session.texts(), &session.config.codelists, &command, &deliver)
}
