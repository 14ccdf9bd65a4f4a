//! All file, network and database input and output of vienkop.
//!
//! `fetch` brings bytes, `inbox` takes files that people drop, `landing` keeps them as evidence, `format` reads them into batches of text columns,
//! `registry` stores what the transforms made of them, `lake` the events and what is worked out of them.

pub mod fetch;
pub mod format;
pub mod inbox;
pub mod kill;
pub mod lake;
pub mod landing;
pub mod limits;
pub mod registry;
pub mod secret;
