//! Onboarding: from a file, folder or address that nobody has described to a source file with comments.
//!
//! `input` makes `[fetch]` of what was given and brings it here, `survey` reads what may be tables in it and asks
//! [`vienkop_transforms::onboard`] what they are, `ask` lets a person decide, `draft` writes the source file, `preview`
//! shows how the first records would load. `cli/onboard.rs` calls them in this order and tells.

pub(crate) mod ask;
pub(crate) mod draft;
pub(crate) mod input;
pub(crate) mod preview;
pub(crate) mod survey;
