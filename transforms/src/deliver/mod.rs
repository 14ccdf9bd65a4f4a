//! load -> deliver: records of the registry as the requests that another register takes them by.
//!
//! A source in reverse: what a source's file says of columns, a target's file says of the members of a body
//! ([`RecordSettings`]). [`Template`] is what of it can be checked before data move; [`Requests`] are the current records
//! in it, written from columns one after another; [`Plan`] is what of them the other register lacks.

mod fill;
mod plan;
mod requests;
mod settings;
mod template;
#[cfg(test)]
mod tests;

pub use fill::{Fill, IdOf};
pub use plan::{Action, Due, Held, Plan, Removal};
pub use requests::{Referred, Requests};
pub use settings::{Batch, Call, Empty, Find, Method, RecordSettings, Results};
pub use template::{Fault, Template};
