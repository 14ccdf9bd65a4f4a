//! The situation assessment: from what the registry holds to a [`report::Report`]; a pure function of data and day.
//!
//! [`survey`] counts a survey wave. Its answers go through [`lexicon`] (one text -> what it names), `reading` (all
//! different texts, once), `count` (respondents per row, in Polars) and `figures` (rows -> tables with a sentence).

pub mod behind;
pub mod change;
pub mod facts;
pub mod lexicon;
pub mod pack;
pub mod performance;
pub mod questionnaire;
pub mod recorded;
pub mod report;
pub mod score;
pub mod survey;

mod count;
mod coverage;
mod figures;
mod grid;
mod league;
mod lists;
mod quality;
mod readiness;
mod reading;
mod sentence;
mod technology;
