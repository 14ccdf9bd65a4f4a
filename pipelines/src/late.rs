//! Sources that are silent for longer than they should be.
//!
//! What counts is the last time that a source did something: that a file came whose content had not been met before. The
//! same file in the same place is read by every run and is no sign of life.

use jiff::Timestamp;
use serde::Serialize;
use vienkop_connectors::registry::SourceState;
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::texts::Texts;

use crate::cli::session::Session;
use crate::config::Source;
use crate::tell;
use crate::timetable::duration;

/// A source that is late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Late {
    /// Id of the source.
    pub(crate) source: String,
    /// When something new last came, UTC; none: never.
    pub(crate) last_new_at: Option<String>,
    /// How often something new is expected, as configured.
    pub(crate) expected_every: String,
    /// The local day of `last_new_at`.
    #[serde(skip)]
    day: Option<String>,
}

/// The sources among these that, as of the session's moment, have given nothing new for longer than they should.
pub(crate) fn late<'a>(
    session: &Session,
    sources: impl IntoIterator<Item = &'a Source>,
    states: &[SourceState],
) -> Vec<Late> {
    let mut late = Vec::new();
    for source in sources {
        let Some(every) = &source.policy.expected_every else { continue };
        let last = states.iter().find(|state| state.source == source.id).and_then(|state| state.last_new_at.clone());
        let at: Option<Timestamp> = last.as_ref().and_then(|at| at.parse().ok());
        let silent = at.map(|at| session.as_of.duration_since(at));
        if silent.is_none_or(|silent| duration(every).is_some_and(|every| silent > every)) {
            late.push(Late {
                source: source.id.clone(),
                last_new_at: last,
                expected_every: every.clone(),
                day: at.map(|at| at.to_zoned(session.time_zone.clone()).date().to_string()),
            });
        }
    }
    late
}

impl Late {
    /// What a person reads of it: code, what is so, what is to be done.
    pub(crate) fn sentence(&self, texts: &Texts) -> String {
        let finding = Finding {
            value: Some(self.day.clone().unwrap_or_else(|| texts.get("cli-late-never", &[]))),
            expected: Some(self.expected_every.clone()),
            ..Finding::of(&finding::LATE)
        };
        format!("{} {} {}", finding.code, tell::sentence(texts, &finding, None), tell::remedy(texts, &finding))
    }

    /// A line for each, as summaries have them.
    pub(crate) fn lines(late: &[Self], texts: &Texts) -> String {
        late.iter().fold(String::new(), |lines, late| lines + &format!("  {}: {}\n", late.source, late.sentence(texts)))
    }
}
