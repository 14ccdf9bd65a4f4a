//! What the typeset document may not do, whatever stands in the report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;

use typst::World as _;
use typst::diag::FileError;
use typst::layout::{Frame, FrameItem};
use typst::syntax::{FileId, VirtualPath};
use vienkop_transforms::assess::report::{List, Section};
use vienkop_transforms::texts::Language;

use super::*;

fn texts() -> Texts {
    Texts::parse(Language::Lv, include_str!("../../../../config/texts/lv.ftl")).unwrap()
}

/// A report whose only table is a list of these texts, which are its title and heading, too.
fn report(listed: &[String]) -> Report {
    let first = listed.first().cloned().unwrap_or_default();
    let list = List {
        id: "list".to_owned(),
        title: first.clone(),
        note: first.clone(),
        columns: vec![first.clone(), "Otrā".to_owned()],
        rows: listed.iter().map(|text| vec![text.clone(), "1".to_owned()]).collect(),
    };
    let section = Section {
        id: "section".to_owned(),
        number: Some("1".to_owned()),
        title: first.clone(),
        paragraphs: vec![first.clone()],
        lists: vec![list],
        ..Section::default()
    };
    Report { title: first, as_of: "2024-07-08".to_owned(), language: Language::Lv, sections: vec![section] }
}

fn world(report: &Report) -> World {
    let letters = Letters::embedded().unwrap();
    let pages = pages::document(report, &texts(), &[], &letters);
    World::new(letters.faces(), serde_json::to_vec(&pages).unwrap())
}

/// All that is printed, without what is between lines and words.
fn printed(report: &Report) -> String {
    let document = typst::compile::<PagedDocument>(&world(report)).output.unwrap();
    let mut out = String::new();
    for page in &document.pages {
        collect(&page.frame, &mut out);
    }
    out.retain(|c| !c.is_whitespace() && c != '\u{200b}');
    out
}

fn collect(frame: &Frame, out: &mut String) {
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => collect(&group.frame, out),
            FrameItem::Text(text) => write!(out, "{} ", text.text).unwrap(),
            _ => {}
        }
    }
}

#[test]
fn texts_are_never_taken_for_markup() {
    let hostile = [
        "#panic(\"x\")",
        "= Nav virsraksts",
        "$x^2$ *treknā* _slīpā_ `kods`",
        "#import \"@preview/cetz:0.3.0\"",
        "#read(\"/etc/passwd\") @mērķis <iezīme>",
        "\\u{41} ~ -- --- ... // nav piezīme",
        "/* arī nav */ [saturs] {kods} \"pēdiņas\" 'viena'",
        "https://example.lv/?a=b&c=d#e",
        "- saraksts\n+ numurs / termins: jā",
    ];
    let listed: Vec<String> = hostile.map(str::to_owned).to_vec();
    let printed = printed(&report(&listed));
    for text in listed {
        let bare: String = text.split_whitespace().collect();
        assert!(printed.contains(&bare), "{text}\n{printed}");
    }
}

/// PDF/UA-1 refuses letters without a glyph or a meaning, so that whatever a register holds must be exported.
#[test]
fn every_letter_is_shown_or_told_unknown() {
    let letters = Letters::embedded().unwrap();
    let latvian = "aābcčdeēfgģhiījkķlļmnņoprsštuūvzžAĀBCČDEĒFGĢHIĪJKĶLĻMNŅOPRSŠTUŪVZŽ„”“–—€0123456789−≥…\u{a0}";
    assert_eq!(letters.shown(latvian), latvian);
    assert_eq!(letters.shown("a\u{202e}b\u{ad}c\u{200b}d\u{feff}"), "abcd");
    assert_eq!(letters.shown("a\tb\nc\u{0}d\u{2028}e"), "a b c d e");
    assert_eq!(letters.shown("字😀\u{e000}"), "□□□");
    let known: Vec<char> = (' '..=char::MAX).filter(|c| letters.has(*c)).collect();
    assert!(known.len() > 1500 && known.contains(&'□'), "{} letters", known.len());
    // Each beside others, and marks on letters that have no sign of their own for both.
    let mut listed: Vec<String> = known.chunks(60).map(|chunk| chunk.iter().collect()).collect();
    listed.push("e\u{304}\u{323}x\u{301} ﬁ ffi שלום مرحبا \u{301} 字😀\u{e000}\u{10ffff}".to_owned());
    let report = report(&listed);
    typeset(&world(&report), &report).unwrap();
}

#[test]
fn nothing_leaves_the_page() {
    let long = vec!["Vārds".to_owned(), "ā".repeat(9_000), "W".repeat(400), "vārds ".repeat(3000)];
    let mut report = report(&long);
    let list = report.sections[0].lists[0].clone();
    // Too many columns for a page that stands, and for any page.
    for columns in [14, 40] {
        let cells = |text: &str| (0..columns).map(|at| format!("{text} {at}")).collect::<Vec<_>>();
        let rows = vec![cells("Pabeigti bez norādīta rezultāta"); 3];
        report.sections[0].lists.push(List {
            id: columns.to_string(),
            columns: cells("Klātienes, kuru statusi"),
            rows,
            ..list.clone()
        });
    }
    let document = typst::compile::<PagedDocument>(&world(&report)).output.unwrap();
    let lying = document.pages.iter().filter(|page| page.frame.width() > page.frame.height());
    assert!(document.pages.len() > 5 && lying.count() > 1);
    for page in &document.pages {
        let (right, size) = (rightmost(&page.frame, 0.0), page.frame.width().to_pt());
        // The margin is 51 points.
        assert!(right <= size - 50.0, "{right} of {size}");
    }
}

/// How far to the right texts reach, in points.
fn rightmost(frame: &Frame, from: f64) -> f64 {
    let ends = frame.items().map(|(place, item)| match item {
        FrameItem::Group(group) => rightmost(&group.frame, from + place.x.to_pt()),
        FrameItem::Text(text) => from + place.x.to_pt() + text.width().to_pt(),
        _ => 0.0,
    });
    ends.fold(0.0, f64::max)
}

#[test]
fn nothing_else_can_be_read() {
    let world = world(&report(&["x".to_owned()]));
    for path in ["/etc/passwd", "report.toml", "tables/1.1-6.csv"] {
        let id = FileId::new(None, VirtualPath::new(path));
        let refused = world.file(id).err().or(world.source(id).err());
        assert_eq!(refused, Some(FileError::AccessDenied), "{path}");
    }
    let package = FileId::new(Some("@preview/x:1.0.0".parse().unwrap()), VirtualPath::new("lib.typ"));
    assert_eq!(world.source(package).err(), Some(FileError::AccessDenied));
    assert!(world.today(None).is_none(), "no clock");
}
