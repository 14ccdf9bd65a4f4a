//! Status data: what happened to requests, how long it took, and the indicators measured from it (S2 P8, P11, P12, 4.3.4).
//!
//! [`timeline`] works out, for the requests that a delivery touched, the steps of each and its duration; [`calendar`]
//! knows Latvian working time; [`indicators`] are SQL files over the lake. [`tables`] says what the lake's tables hold.

pub mod calendar;
pub mod events;
pub mod indicators;
pub mod tables;
pub mod timeline;
