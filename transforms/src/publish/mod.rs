//! Publishing: what catalogues and other readers get of the registry, as pure functions of its records.

pub mod catalogues;
mod columns;
pub mod feed;
pub mod rdf;
mod joined;
mod lines;
pub mod service;
pub mod sorted;

pub use columns::Wording;
