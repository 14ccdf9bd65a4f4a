//! `report.pdf`: the report typeset by Typst, tagged for readers that speak (PDF/UA-1).
//!
//! Rust says what stands on the pages and how wide columns are ([`pages`], [`fit`]); `pdf/report.typ` says how it looks. The
//! template reads the pages as a file of JSON, so that no name or text of a record is ever taken for markup. Fonts come
//! with the program; nothing is read from the machine or the network. The same report gives the same bytes: the only moment
//! in the file is the report's day.

mod chart;
mod fit;
mod letters;
mod pages;
mod table;
mod world;

use anyhow::{Context as _, anyhow};
use jiff::civil::Date;
use typst::diag::SourceDiagnostic;
use typst::foundations::{Datetime, Smart};
use typst::layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};
use vienkop_transforms::assess::report::Report;
use vienkop_transforms::texts::Texts;

use self::letters::Letters;
use self::world::World;
use crate::config::ReportFormat;

/// The document. `formats`: the forms that are written beside it, where a reader finds what its pages leave out.
pub(super) fn render(report: &Report, texts: &Texts, formats: &[ReportFormat]) -> anyhow::Result<Vec<u8>> {
    let letters = Letters::embedded()?;
    let pages = pages::document(report, texts, formats, &letters);
    let world = World::new(letters.faces(), serde_json::to_vec(&pages)?);
    let bytes = typeset(&world, report);
    // What Typst remembers of a document is of no use to the next, and is large.
    typst::comemo::evict(0);
    bytes
}

fn typeset(world: &World, report: &Report) -> anyhow::Result<Vec<u8>> {
    let compiled = typst::compile::<PagedDocument>(world);
    for warning in &compiled.warnings {
        tracing::warn!("report.pdf: {}", warning.message);
    }
    let document = compiled.output.map_err(|faults| told(&faults))?;
    let day: Date = report.as_of.parse()?;
    let part = |number: i8| number.unsigned_abs();
    let moment = Datetime::from_ymd_hms(i32::from(day.year()), part(day.month()), part(day.day()), 0, 0, 0)
        .context("the day of the report")?;
    let ident = format!("vienkop {} {} {}", report.title, report.as_of, report.language.code());
    let options = PdfOptions {
        ident: Smart::Custom(&ident),
        timestamp: Some(Timestamp::new_utc(moment)),
        page_ranges: None,
        standards: PdfStandards::new(&[PdfStandard::Ua_1]).map_err(|fault| anyhow!("{fault}"))?,
        tagged: true,
    };
    typst_pdf::pdf(&document, &options).map_err(|faults| told(&faults))
}

/// What Typst refuses is a mistake of ours or a letter that no face has: said in its own words.
fn told(faults: &[SourceDiagnostic]) -> anyhow::Error {
    let messages: Vec<String> = faults
        .iter()
        .map(|fault| {
            std::iter::once(&fault.message).chain(&fault.hints).map(ToString::to_string).collect::<Vec<_>>().join("; ")
        })
        .collect();
    anyhow!(messages.join("\n"))
}

#[cfg(test)]
mod tests;
