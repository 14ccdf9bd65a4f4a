//! The situation assessment: from what the registry holds to a [`report::Report`]; a pure function of data and day.
//!
//! [`survey`] counts a survey wave. Its answers go through [`lexicon`] (one text -> what it names), `reading` (all
//! different texts, once), `count` (respondents per row, in Polars) and `figures` (rows -> tables with a sentence).

pub mod lexicon;
pub mod performance;
pub mod questionnaire;
pub mod report;
pub mod survey;

mod count;
mod figures;
mod lists;
mod reading;
mod sentence;
