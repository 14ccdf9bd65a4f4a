//! `--approve`: which sources go on where they would wait.

use std::collections::BTreeSet;

use anyhow::bail;
use clap::Args;

use super::session::Session;
use crate::config::Source;

/// What `--approve` without a name stands for.
const ALL: &str = "*";

/// The option as written.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Approve {
    /// Go on where a source waits for approval (an empty snapshot, too much retired): every source, or only those
    /// named (`--approve=reg,other`)
    #[arg(
        long,
        value_name = "SOURCE",
        num_args = 0..=1,
        require_equals = true,
        value_delimiter = ',',
        default_missing_value = ALL
    )]
    approve: Vec<String>,
}

/// Sources that a person has approved beforehand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Approval {
    /// None: whatever asks for approval waits.
    #[default]
    None,
    /// All of the run.
    All,
    /// These.
    Of(BTreeSet<String>),
}

impl Approve {
    /// The sources meant, all of them among those that are to run.
    ///
    /// # Errors
    /// A name that is none of theirs.
    pub(crate) fn among(&self, session: &Session, sources: &[&Source]) -> anyhow::Result<Approval> {
        if self.approve.is_empty() {
            return Ok(Approval::None);
        }
        if self.approve.iter().any(|name| name == ALL) {
            return Ok(Approval::All);
        }
        let mut approved = BTreeSet::new();
        for name in &self.approve {
            let id = name.rsplit('/').next().unwrap_or(name);
            if !sources.iter().any(|source| source.id == id) {
                let known = sources.iter().map(|source| source.id.as_str());
                bail!(session.unknown("cli-approve-unknown", name, known));
            }
            approved.insert(id.to_owned());
        }
        Ok(Approval::Of(approved))
    }
}

impl Approval {
    /// Whether the source goes on.
    pub(crate) fn of(&self, source: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Of(approved) => approved.contains(source),
        }
    }
}
