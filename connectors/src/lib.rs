//! All file, network and database input and output of vienkop.
//!
//! `fetch` brings bytes, `deliver` takes records to other registers, `net` is how both speak over HTTP, `inbox` takes files that people drop, `landing` keeps them as evidence, `format` reads them into batches of text columns,
//! `registry` stores what the transforms made of them, `lake` the events and what is worked out of them.

pub mod deliver;
pub mod fetch;
pub mod format;
pub mod inbox;
pub mod kill;
pub mod lake;
pub mod landing;
pub mod limits;
mod net;
pub mod registry;
pub mod secret;
