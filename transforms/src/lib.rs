//! The registry model and everything that happens to records between reading and loading.
//!
//! Pure functions: no input or output, clock, environment or randomness. What comes in is a
//! [`batch::Batch`] of text columns; what goes out are [`records::Records`], findings and the
//! `Report` value of an assessment.

pub mod assess;
pub mod batch;
pub mod check;
pub mod codelist;
pub mod deliver;
pub mod digest;
pub mod drift;
pub mod finding;
pub mod fold;
pub mod gaps;
pub mod holdings;
pub mod mapping;
pub mod model;
pub mod normalise;
pub mod onboard;
pub mod publish;
pub mod records;
pub mod resolve;
pub mod status;
pub mod texts;
