//! How a list goes on from page to page, when it is at its end, and when it goes round in circles.
//!
//! What the server says of itself is not trusted: it may give fewer records than asked for (the size that counts is
//! that of the page received), pass over parameters (the same page comes again), promise a total that moves, send
//! links in a circle. The end is an empty page, a missing link, or as many records as the greatest total promised.

use std::borrow::Cow;
use std::collections::HashSet;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::super::OptionError;
use super::notes::Digest;
use super::options::{Paging, Place};
use super::template::{RequestTemplate, Template};
use super::tree::{Node, pointer};

/// Pages without a new record in a row, after which the list counts as endless.
const IDLE: u32 = 3;

/// A way of paging, compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pager {
    way: Way,
    total: Option<Vec<String>>,
    size: u64,
    most_pages: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    /// One answer.
    Whole,
    Offset {
        overlap: u64,
    },
    Page {
        first: u64,
    },
    Cursor(Vec<String>),
    Next(Vec<String>),
    Link,
    Odata,
}

/// What the next page is asked by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Step {
    /// As the request stands: the first page.
    First,
    /// Records to pass over.
    Offset(u64),
    /// Number of the page.
    Page(u64),
    /// Text from the answer before.
    Cursor(String),
    /// Address from the answer before.
    Link(String),
}

impl Step {
    /// A link may be written as seen from the page that it stands on.
    pub(super) fn resolve(&mut self, page: &Url) {
        if let Self::Link(link) = self
            && let Ok(whole) = page.join(link)
        {
            *link = whole.into();
        }
    }
}

/// How far a list has been walked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Walk {
    /// What comes next.
    pub(super) step: Step,
    /// Pages so far.
    pub(super) pages: u64,
    /// Records so far, those that came twice counted twice.
    pub(super) received: u64,
    /// Records so far, each counted once.
    pub(super) distinct: u64,
    /// The greatest total promised, and the last one.
    pub(super) totals: Option<(u64, u64)>,
    /// Pages without a new record in a row.
    idle: u32,
    /// Digests of the last records, which the next page begins with.
    tail: Vec<Digest>,
    /// Whether the list has moved under the walk.
    pub(super) moved: bool,
    /// Whether the total has changed under it.
    #[serde(default)]
    shifted: bool,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            step: Step::First,
            pages: 0,
            received: 0,
            distinct: 0,
            totals: None,
            idle: 0,
            tail: Vec::new(),
            moved: false,
            shifted: false,
        }
    }
}

/// Digests of the pages and links that a walk has met.
#[derive(Debug, Default)]
pub(super) struct Met {
    all: HashSet<u128>,
    new: Vec<u128>,
}

impl Met {
    /// False when it has been met before.
    pub(super) fn insert(&mut self, digest: u128) -> bool {
        let new = self.all.insert(digest);
        if new {
            self.new.push(digest);
        }
        new
    }

    /// Those met since this was asked last.
    pub(super) fn news(&mut self) -> Vec<Digest> {
        self.new.drain(..).map(Digest).collect()
    }

    /// Another walk begins.
    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.new.clear();
    }
}

/// A page that came.
pub(super) struct Page<'a> {
    /// The whole answer.
    pub(super) document: &'a Node,
    /// Headers `Link` of the answer.
    pub(super) links: &'a [String],
    /// Records on it.
    pub(super) received: u64,
    /// Those of them that this walk had not met.
    pub(super) fresh: u64,
    /// What tells it from other pages.
    pub(super) digest: u128,
    /// Digests of the records on it: of what each is, and of its state.
    pub(super) keys: &'a [u128],
}

/// What comes after a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// Another one.
    More,
    /// Nothing.
    End,
    /// The list goes round in circles.
    Circle(Circle),
}

/// How a list goes round in circles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Circle {
    /// The page has come before.
    Page,
    /// The link or text that leads to the next page has come before.
    Link,
    /// Page after page holds nothing new.
    Idle,
    /// More pages than allowed.
    Pages(u64),
}

impl Pager {
    /// Compiles the options and adds their parameters to the request; `at` names their table.
    pub(super) fn new(options: Option<&Paging>, request: &mut RequestTemplate, at: &str) -> Result<Self, OptionError> {
        let fault = |option: &str, reason, value: &str| OptionError::new(&format!("{at}/{option}"), reason, value);
        let pointed = |option: &str, text: &str| match pointer(text) {
            Some(steps) if !steps.is_empty() => Ok(steps),
            _ => Err(fault(option, "pointer", text)),
        };
        let mut add = |place: Place, parameters: &[(&str, Template)]| {
            let in_body = place == Place::Body;
            if in_body && !request.takes_members() {
                return Err(fault("in", "body-of-get", ""));
            }
            for (name, template) in parameters.iter().filter(|(name, _)| !name.is_empty()) {
                request.add(in_body, name, template.clone());
            }
            Ok(())
        };
        let Some(options) = options else { return Ok(Self { way: Way::Whole, total: None, size: 0, most_pages: 1 }) };
        Ok(match options {
            Paging::Offset { offset, limit, size, total, overlap, place, pages } => {
                add(*place, &[(offset, Template::gap("offset")), (limit, Template::number(*size))])?;
                let total = total.as_deref().map(|text| pointed("total", text)).transpose()?;
                Self { way: Way::Offset { overlap: *overlap }, total, size: *size, most_pages: *pages }
            }
            Paging::Page { page, first, limit, size, total, place, pages } => {
                add(*place, &[(page, Template::gap("page")), (limit, Template::number(*size))])?;
                let total = total.as_deref().map(|text| pointed("total", text)).transpose()?;
                Self { way: Way::Page { first: *first }, total, size: *size, most_pages: *pages }
            }
            Paging::Cursor { pointer, parameter, place, pages } => {
                add(*place, &[(parameter, Template::gap("cursor"))])?;
                Self { way: Way::Cursor(pointed("pointer", pointer)?), total: None, size: 0, most_pages: *pages }
            }
            Paging::Next { pointer, pages } => {
                Self { way: Way::Next(pointed("pointer", pointer)?), total: None, size: 0, most_pages: *pages }
            }
            Paging::Link { pages } => Self { way: Way::Link, total: None, size: 0, most_pages: *pages },
            Paging::Odata { pages } => {
                add(Place::Query, &[("$skip", Template::gap("offset"))])?;
                Self { way: Way::Odata, total: None, size: 0, most_pages: *pages }
            }
        })
    }

    /// Names of the gaps that it fills.
    pub(super) const fn gaps(&self) -> &'static [&'static str] {
        match self.way {
            Way::Offset { .. } => &["offset", "limit"],
            Way::Page { .. } => &["page", "limit"],
            Way::Cursor(_) => &["cursor"],
            Way::Odata => &["offset"],
            Way::Whole | Way::Next(_) | Way::Link => &[],
        }
    }

    /// What fills a gap of the request at this step.
    pub(super) fn value(&self, step: &Step, name: &str) -> Option<Node> {
        match (name, step, &self.way) {
            ("offset", Step::First, Way::Offset { .. }) => Some(Node::number(0)),
            ("offset", Step::Offset(offset), _) => Some(Node::number(*offset)),
            ("page", Step::First, Way::Page { first }) => Some(Node::number(*first)),
            ("page", Step::Page(page), _) => Some(Node::number(*page)),
            ("limit", _, Way::Offset { .. } | Way::Page { .. }) => Some(Node::number(self.size)),
            ("cursor", Step::Cursor(cursor), _) => Some(Node::text_of(cursor)),
            _ => None,
        }
    }

    /// Whether there is one page only.
    pub(super) const fn is_whole(&self) -> bool {
        matches!(self.way, Way::Whole)
    }

    /// Whether the next page is known by a word of the server's, which may not be good for ever.
    pub(super) const fn leans_on_server(&self) -> bool {
        matches!(self.way, Way::Cursor(_) | Way::Next(_) | Way::Link | Way::Odata)
    }

    /// Goes on after a page.
    pub(super) fn advance(&self, walk: &mut Walk, page: &Page<'_>, met: &mut Met) -> After {
        walk.pages += 1;
        let again = overlapping(walk);
        let begins = page.keys.iter().take(walk.tail.len());
        walk.moved |= again > 0 && !begins.eq(walk.tail.iter().map(|digest| &digest.0));
        walk.received += page.received.saturating_sub(again);
        walk.distinct += page.fresh;
        let total = self.total(page.document);
        // Records that came in above push those of a page into a later one: that is no circle.
        walk.shifted |= walk.totals.is_some_and(|(_, last)| total.is_some_and(|total| total != last));
        // A total of nothing on a page that holds something is no total.
        if let Some(total) = total.filter(|total| *total > 0 || page.received == 0) {
            let (most, _) = walk.totals.unwrap_or_default();
            walk.totals = Some((most.max(total), total));
        }
        let Some(next) = self.next(walk, page, again) else { return After::End };
        if page.received > 0 && !met.insert(page.digest) && !walk.shifted {
            return After::Circle(Circle::Page);
        }
        if let Step::Cursor(text) | Step::Link(text) = &next
            && !met.insert(super::digest(&[b"link", text.as_bytes()]))
        {
            return After::Circle(Circle::Link);
        }
        walk.idle = if page.received > 0 && page.fresh == 0 { walk.idle + 1 } else { 0 };
        if walk.idle >= IDLE {
            return After::Circle(Circle::Idle);
        }
        walk.step = next;
        let again = overlapping(walk) as usize;
        walk.tail = page.keys[page.keys.len().saturating_sub(again)..].iter().copied().map(Digest).collect();
        if walk.pages >= self.most_pages {
            return After::Circle(Circle::Pages(self.most_pages));
        }
        After::More
    }

    /// The number of all records, where the answer tells it.
    fn total(&self, document: &Node) -> Option<u64> {
        let told = match (&self.total, &self.way) {
            (Some(steps), _) => document.pointed(steps)?.text(),
            (None, Way::Odata) => first(document, &COUNTS),
            (None, _) => None,
        };
        told?.trim().parse().ok()
    }

    /// What the next page is asked by; none at the end.
    fn next(&self, walk: &Walk, page: &Page<'_>, again: u64) -> Option<Step> {
        let all = walk.totals.is_some_and(|(most, _)| walk.received >= most);
        let counted = page.received > 0 && !all;
        let told = |steps: &[String]| Some(page.document.pointed(steps)?.text()?.into_owned());
        let link = match &self.way {
            Way::Whole => return None,
            Way::Offset { overlap } => {
                // A page with nothing beyond the overlap may be the last one: the next one tells.
                let overlap = if page.received > again { (*overlap).min(page.received - 1) } else { 0 };
                return counted.then(|| Step::Offset(walk.received.saturating_sub(overlap)));
            }
            Way::Page { first } => return counted.then_some(Step::Page(first + walk.pages)),
            Way::Cursor(steps) => return told(steps).filter(|text| !text.is_empty()).map(Step::Cursor),
            Way::Next(steps) => told(steps),
            Way::Link => page.links.iter().find_map(|header| next_link(header)),
            Way::Odata => match first(page.document, &LINKS).filter(|link| !link.trim().is_empty()) {
                Some(link) => Some(link.into_owned()),
                // A server that does not page by itself gives as many as it likes, and says only how many there are.
                None => return (counted && walk.totals.is_some()).then_some(Step::Offset(walk.received)),
            },
        };
        link.filter(|text| !text.trim().is_empty()).map(Step::Link)
    }
}

/// Where OData 4, 3 and 2 say what the next page is, and how many records there are.
const LINKS: [&[&str]; 3] = [&["@odata.nextLink"], &["odata.nextLink"], &["d", "__next"]];
const COUNTS: [&[&str]; 3] = [&["@odata.count"], &["odata.count"], &["d", "__count"]];

/// The first of several places in an answer where there is a text.
fn first<'d>(document: &'d Node, places: &[&[&str]]) -> Option<Cow<'d, str>> {
    places.iter().find_map(|steps| document.pointed(steps)?.text())
}

/// The target of `rel="next"` in a header `Link` (RFC 8288): `<…>; rel="next", <…>; rel="last"`.
fn next_link(header: &str) -> Option<String> {
    let mut rest = header;
    loop {
        let (target, after) = rest[rest.find('<')? + 1..].split_once('>')?;
        // Parameters go on to the comma outside of quotes.
        let mut quoted = false;
        let end = after.find(|c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        });
        let parameters = &after[..end.unwrap_or(after.len())];
        let is_next = parameters.split(';').any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            let relations = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel")
                && relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(target.trim().to_owned());
        }
        rest = &after[end?..];
    }
}

/// Records of the page before that the next page begins with.
fn overlapping(walk: &Walk) -> u64 {
    match walk.step {
        Step::Offset(offset) => walk.received.saturating_sub(offset),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;
    use serde_json::json;

    use super::super::options::{ListOptions, RequestOptions};
    use super::*;

    fn pager(options: serde_json::Value) -> Pager {
        let list: ListOptions = serde_json::from_value(json!({"path": "list", "method": "POST"})).unwrap();
        let mut request = RequestTemplate::new(&RequestOptions::from(&list), "request").unwrap();
        Pager::new(Some(&serde_json::from_value(options).unwrap()), &mut request, "paging").unwrap()
    }

    /// A server with a list, and what it does with what it is asked.
    struct Listing {
        records: u64,
        clamp: u64,
        total: bool,
        ignores_offset: bool,
    }

    impl Listing {
        fn page(&self, pager: &Pager, step: &Step) -> Vec<u64> {
            let number = |name| pager.value(step, name).and_then(|node| node.text()?.parse::<u64>().ok());
            let page = |number: u64| (number - 1) * self.clamp;
            let offset = number("offset").or_else(|| number("page").map(page)).unwrap_or(0);
            let offset = if self.ignores_offset { 0 } else { offset };
            (offset..self.records.min(offset + self.clamp)).collect()
        }
    }

    fn walk(pager: &Pager, listing: &Listing) -> (Vec<u64>, After, Walk) {
        let (mut walk, mut met, mut taken) = (Walk::default(), Met::default(), Vec::new());
        loop {
            let page = listing.page(pager, &walk.step);
            let document = if listing.total { json!({"total": listing.records}) } else { json!({}) };
            let document = Node::parse(document.to_string().as_bytes(), 9).unwrap();
            let fresh: Vec<u64> = page.iter().copied().filter(|record| !taken.contains(record)).collect();
            let after = pager.advance(
                &mut walk,
                &Page {
                    document: &document,
                    links: &[],
                    received: page.len() as u64,
                    fresh: fresh.len() as u64,
                    digest: super::super::digest(&[format!("{page:?}").as_bytes()]),
                    keys: &page.iter().map(|id| u128::from(*id)).collect::<Vec<_>>(),
                },
                &mut met,
            );
            taken.extend(fresh);
            if after != After::More {
                return (taken, after, walk);
            }
        }
    }

    proptest! {
        #[test]
        fn every_record_comes_once_whatever_the_server_clamps_to(
            records in 0_u64..500, clamp in 1_u64..60, total in any::<bool>(), by_page in any::<bool>(), overlap in 0..4,
        ) {
            let options = if by_page { json!({"kind": "page", "total": "/total"}) } else {
                json!({"kind": "offset", "total": "/total", "overlap": overlap})
            };
            let listing = Listing { records, clamp, total, ignores_offset: false };
            let (taken, after, walked) = walk(&pager(options), &listing);
            prop_assert_eq!((after, walked.moved), (After::End, false));
            prop_assert_eq!(taken, (0..records).collect::<Vec<_>>());
            let needed = records.div_ceil(clamp);
            if by_page || overlap == 0 {
                prop_assert_eq!(walked.pages, if total && records > 0 { needed } else { needed + 1 });
            }
        }

        #[test]
        fn a_page_that_repeats_is_seen(records in 1_u64..500, clamp in 1_u64..60) {
            let listing = Listing { records, clamp, total: false, ignores_offset: true };
            let (taken, after, walked) = walk(&pager(json!({"kind": "offset"})), &listing);
            prop_assert_eq!((after, walked.pages), (After::Circle(Circle::Page), 2));
            prop_assert_eq!(taken.len() as u64, records.min(clamp));
        }
    }

    #[test]
    fn pages_are_limited() {
        let listing = Listing { records: 100, clamp: 10, total: false, ignores_offset: false };
        let (_, after, walked) = walk(&pager(json!({"kind": "offset", "pages": 4})), &listing);
        assert_eq!((after, walked.pages), (After::Circle(Circle::Pages(4)), 4));
    }

    fn follow(pager: &Pager, documents: &[&str]) -> Vec<String> {
        let (mut walk, mut met) = (Walk::default(), Met::default());
        documents
            .iter()
            .enumerate()
            .map(|(index, text)| {
                let document = Node::parse(text.as_bytes(), 9).unwrap();
                let digest = index as u128;
                let page = Page { document: &document, links: &[], received: 1, fresh: 1, digest, keys: &[] };
                match pager.advance(&mut walk, &page, &mut met) {
                    After::More => format!("{:?}", walk.step),
                    after => format!("{after:?}"),
                }
            })
            .collect()
    }

    #[test]
    fn words_of_the_server_lead_on() {
        let next = pager(json!({"kind": "next", "pointer": "/links/next"}));
        let told = follow(&next, &[r#"{"links":{"next":"/b"}}"#, r#"{"links":{"next":"/c"}}"#, r#"{"links":{}}"#]);
        assert_eq!(told, [r#"Link("/b")"#, r#"Link("/c")"#, "End"]);
        let told = follow(&next, &[r#"{"links":{"next":"/b"}}"#, r#"{"links":{"next":"/b"}}"#]);
        assert_eq!(told[1], "Circle(Link)");
        let cursor = pager(json!({"kind": "cursor", "pointer": "/next", "parameter": "cursor"}));
        let told = follow(&cursor, &[r#"{"next":12}"#, r#"{"next":""}"#]);
        assert_eq!(told, [r#"Cursor("12")"#, "End"]);
        assert_eq!(follow(&cursor, &[r#"{"next":null}"#]), ["End"]);
        let odata = pager(json!({"kind": "odata"}));
        for link in [r#"{"@odata.nextLink":"l"}"#, r#"{"odata.nextLink":"l"}"#, r#"{"d":{"__next":"l"}}"#] {
            assert_eq!(follow(&odata, &[link]), [r#"Link("l")"#]);
        }
    }

    #[test]
    fn link_headers() {
        for (header, next) in [
            (
                "<https://a.lv/x?page=2>; rel=\"next\", <https://a.lv/x?page=9>; rel=\"last\"",
                Some("https://a.lv/x?page=2"),
            ),
            ("<https://a.lv/x?a=1,2>; title=\"a, b\"; rel=prev, <y>; Rel=\"last NEXT\"", Some("y")),
            ("<https://a.lv/x>; rel=\"nextish\"", None),
            ("<https://a.lv/x", None),
            ("", None),
        ] {
            assert_eq!(next_link(header).as_deref(), next, "{header}");
        }
    }
}
