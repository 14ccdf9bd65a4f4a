//! What stops a source, and what stops the run.
//!
//! A source's own trouble (a delivery that is not whole, a landed file that cannot be read, files of its event lake that are
//! missing or damaged, rows that Polars refuses) fails that source alone. Only what makes going on senseless stops the run:
//! the registry or our own disk takes no more, or somebody asked.

use std::io::{self, ErrorKind};

use polars::error::PolarsError;
use vienkop_connectors::fetch::FetchError;
use vienkop_connectors::format::Input;
use vienkop_connectors::lake::LakeError;
use vienkop_connectors::registry::RegistryError;
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::mapping::TablePlan;

use super::of_table;

/// What is wrong with a delivery as a whole, and the file it is about.
pub(super) struct Refusal {
    pub(super) finding: Finding,
    pub(super) file: Option<String>,
}

/// Why a source's data are not loaded.
pub(super) enum Stop {
    /// The delivery cannot be read; the other sources go on.
    Delivery(Box<Refusal>),
    /// Somebody asked to stop.
    Cancelled,
    /// The environment's fault: no source can go on.
    Broken(anyhow::Error),
}

/// Why a run ends before its last source.
pub(crate) enum Halt {
    /// Somebody asked to stop.
    Interrupted,
    /// The environment's fault.
    Broken(anyhow::Error),
}

impl Stop {
    /// The same about a table of a file.
    pub(super) fn of_file(self, plan: &TablePlan, input: &Input) -> Self {
        match self {
            Self::Delivery(refusal) => Self::Delivery(Box::new(Refusal {
                finding: of_table(refusal.finding, plan, input),
                file: Some(input.name.clone()),
            })),
            other => other,
        }
    }
}

/// A fault that is not the delivery's, in reading this delivery. `what` is technical and shows nothing of the data.
pub(super) fn broke_off(what: String) -> Finding {
    Finding { value: Some(what), ..Finding::of(&finding::READING_BROKE) }
}

/// The name of the error alone: its message may quote values.
fn kind_of(error: &PolarsError) -> String {
    let shown = format!("{error:?}");
    let name: String = shown.chars().take_while(char::is_ascii_alphanumeric).collect();
    format!("Polars {name}")
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // A disk of our own that takes no more stops the run.
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem => {
                Self::Broken(error.into())
            }
            kind => {
                tracing::warn!("{error}");
                Self::Delivery(Box::new(Refusal { finding: broke_off(kind.to_string()), file: None }))
            }
        }
    }
}

impl From<PolarsError> for Stop {
    fn from(error: PolarsError) -> Self {
        Self::Delivery(Box::new(Refusal { finding: broke_off(kind_of(&error)), file: None }))
    }
}

impl From<FetchError> for Stop {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::File(finding) => Self::Delivery(Box::new(Refusal { finding: *finding, file: None })),
            FetchError::Cancelled => Self::Cancelled,
            FetchError::Io(error) => error.into(),
        }
    }
}

impl From<RegistryError> for Stop {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Frame(error) => error.into(),
            error => Self::Broken(error.into()),
        }
    }
}

/// Whether other sources can go on: files of the lake that are missing or damaged are this source's.
pub(super) const fn concerns_source_alone(error: &RegistryError) -> bool {
    matches!(error, RegistryError::Lake(LakeError::Missing { .. } | LakeError::Damaged { .. }))
}

impl From<RegistryError> for Halt {
    fn from(error: RegistryError) -> Self {
        Self::Broken(error.into())
    }
}

impl From<PolarsError> for Halt {
    fn from(error: PolarsError) -> Self {
        Self::Broken(error.into())
    }
}
