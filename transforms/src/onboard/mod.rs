//! Onboarding: what a register that nobody has described is about, and how it would be mapped.
//!
//! A frame of texts as a reader gives it becomes [`Profile`]s (what the values of each column look like), and these a
//! [`TableProposal`]: an entity and, for each of its fields, a column with the rule that fills it, how sure that is and
//! why. Headers are compared with the words of `config/onboarding.toml`, values with the very kernels that normalising
//! uses, and with the code lists. Nothing is decided here for good: a person reads, corrects, confirms.

mod assign;
mod codes;
mod fit;
mod headings;
mod profile;
mod propose;
mod settings;
mod words;

pub use assign::without_codes;
pub use codes::CodeProposal;
pub use headings::headings;
pub use profile::{Looks, Profile, profiles};
pub use propose::{
    ChildProposal, EventProposal, FieldProposal, Found, LeftOut, Proposer, Reason, TableProposal, given_by_installation,
};
pub use settings::{OnboardSettings, Personal, SHIPPED, UnknownName};
