//! How the program ends.

use std::process::ExitCode;

/// Exit codes; where several apply the gravest stands: 2, then 3, then 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done within every gate.
    Done,
    /// Done, but a gate failed or a source did.
    GateFailed,
    /// Could not run.
    CouldNotRun,
    /// A source waits for approval.
    ApprovalNeeded,
}

/// What `--help` says of them.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done within every gate (quarantined records are told, not an alarm)
  1  done, but a gate failed: a source failed, quarantined too much, or --strict and anything quarantined
  2  could not run: configuration or environment
  3  a source, or what would be published, waits for approval (--approve)";

impl Exit {
    /// The number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::GateFailed => 1,
            Self::CouldNotRun => 2,
            Self::ApprovalNeeded => 3,
        }
    }

    /// The graver of two.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        let rank = |exit| match exit {
            Self::Done => 0,
            Self::GateFailed => 1,
            Self::ApprovalNeeded => 2,
            Self::CouldNotRun => 3,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
