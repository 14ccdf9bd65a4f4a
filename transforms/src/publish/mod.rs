//! Publishing: what catalogues and other readers get of the registry, as pure functions of its records.

pub mod catalogues;
mod columns;
pub mod feed;
mod joined;
mod lines;
pub mod rdf;
pub mod service;
pub mod sorted;

pub use columns::Wording;
