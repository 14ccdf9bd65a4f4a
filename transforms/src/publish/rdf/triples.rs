//! Triples as columns, and their way into a file in Turtle and in JSON-LD.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::Write;

use oxjsonld::{JsonLdSerializer, WriterJsonLdSerializer};
use oxrdf::{GraphNameRef, LiteralRef, NamedNode, NamedNodeRef, QuadRef, TermRef, TripleRef};
use oxttl::TurtleSerializer;
use oxttl::turtle::WriterTurtleSerializer;
use polars::prelude::*;

use super::RdfError;
use super::vocabulary::Names;

/// Subject, order of the predicate, predicate, kind of object, object, language or datatype.
const COLUMNS: [&str; 6] = ["s", "first", "p", "kind", "o", "tag"];

/// What a triple says of its subject.
#[derive(Debug, Clone, Copy)]
pub(super) enum Object<'a> {
    /// A thing, by its address.
    Iri(&'a str),
    /// A thing, by a term with a prefix.
    Name(&'a str),
    /// A text in a language.
    Text(&'a str, &'a str),
    /// A value of a datatype, given as a term.
    Typed(&'a str, &'a str),
    /// A text in no language.
    Plain(&'a str),
}

const IRI: u32 = 0;
const NAME: u32 = 1;
const TEXT: u32 = 2;
const TYPED: u32 = 3;
const PLAIN: u32 = 4;

/// The predicate that says what a thing is; it comes first.
const TYPE: &str = "rdf:type";

/// Triples, in any order and maybe several times.
pub(super) struct Triples {
    s: StringChunkedBuilder,
    p: StringChunkedBuilder,
    kind: PrimitiveChunkedBuilder<UInt32Type>,
    o: StringChunkedBuilder,
    tag: StringChunkedBuilder,
    first: PrimitiveChunkedBuilder<UInt32Type>,
}

impl Triples {
    pub(super) fn new() -> Self {
        let text = |name: &str| StringChunkedBuilder::new(name.into(), 0);
        let number = |name: &str| PrimitiveChunkedBuilder::new(name.into(), 0);
        Self {
            s: text("s"),
            p: text("p"),
            kind: number("kind"),
            o: text("o"),
            tag: text("tag"),
            first: number("first"),
        }
    }

    pub(super) fn push(&mut self, subject: &str, predicate: &str, object: Object<'_>) {
        let (kind, o, tag) = match object {
            Object::Iri(iri) => (IRI, Cow::Borrowed(iri), ""),
            Object::Name(name) => (NAME, Cow::Borrowed(name), ""),
            Object::Text(text, language) => (TEXT, printable(text), language),
            Object::Typed(value, datatype) => (TYPED, printable(value), datatype),
            Object::Plain(text) => (PLAIN, printable(text), ""),
        };
        if kind >= TEXT && o.trim().is_empty() {
            return;
        }
        self.s.append_value(subject);
        self.first.append_value(u32::from(predicate != TYPE));
        self.p.append_value(predicate);
        self.kind.append_value(kind);
        self.o.append_value(o);
        self.tag.append_value(tag);
    }

    pub(super) fn class(&mut self, subject: &str, class: &str) {
        self.push(subject, TYPE, Object::Name(class));
    }

    /// By subject; what a thing is before what is said of it.
    fn sorted(self) -> PolarsResult<DataFrame> {
        let columns: Vec<Column> = vec![
            self.s.finish().into_series().into(),
            self.first.finish().into_series().into(),
            self.p.finish().into_series().into(),
            self.kind.finish().into_series().into(),
            self.o.finish().into_series().into(),
            self.tag.finish().into_series().into(),
        ];
        let height = columns.first().map_or(0, Column::len);
        DataFrame::new(height, columns)?.sort(COLUMNS, SortMultipleOptions::default())
    }
}

/// A text without control characters, which neither readers of XML nor people can do anything with: U+FFFD stands for
/// them, so that no text becomes empty. Line ends stay.
fn printable(text: &str) -> Cow<'_, str> {
    let odd = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    if !text.contains(odd) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n").replace(odd, "\u{FFFD}"))
}

/// One document in its two forms.
pub(super) struct Document<'a, T: Write, J: Write> {
    names: &'a Names,
    known: HashMap<String, NamedNode>,
    turtle: WriterTurtleSerializer<T>,
    json: WriterJsonLdSerializer<J>,
    classes: BTreeMap<String, u64>,
}

impl<'a, T: Write, J: Write> Document<'a, T, J> {
    pub(super) fn new(names: &'a Names, turtle: T, json: J) -> Result<Self, RdfError> {
        let (mut in_turtle, mut in_json) = (TurtleSerializer::new(), JsonLdSerializer::new());
        for (prefix, iri) in names.prefixes() {
            let wrong = |_| RdfError::Address(iri.to_owned());
            in_turtle = in_turtle.with_prefix(prefix, iri).map_err(wrong)?;
            in_json = in_json.with_prefix(prefix, iri).map_err(wrong)?;
        }
        Ok(Self {
            names,
            known: HashMap::new(),
            turtle: in_turtle.for_writer(turtle),
            json: in_json.for_writer(json),
            classes: BTreeMap::new(),
        })
    }

    /// Writes triples, sorted, each once. No subject may come in two portions.
    pub(super) fn put(&mut self, triples: Triples) -> Result<(), RdfError> {
        let sorted = triples.sorted()?;
        let [s, p, o, tag] = ["s", "p", "o", "tag"].map(|name| sorted.column(name).and_then(|c| c.str().cloned()));
        let (s, p, o, tag, kind) = (s?, p?, o?, tag?, sorted.column("kind")?.u32()?.clone());
        let rows = s.iter().zip(p.iter()).zip(kind.iter()).zip(o.iter()).zip(tag.iter());
        let mut last = None;
        for ((((s, p), kind), o), tag) in rows {
            let (Some(s), Some(p), Some(kind), Some(o), Some(tag)) = (s, p, kind, o, tag) else { continue };
            let row = (s, p, kind, o, tag);
            if last == Some(row) {
                continue;
            }
            last = Some(row);
            self.write(row)?;
        }
        Ok(())
    }

    fn write(&mut self, (s, p, kind, o, tag): (&str, &str, u32, &str, &str)) -> Result<(), RdfError> {
        let subject = address(s)?;
        for name in
            [(true, p), (kind == NAME, o), (kind == TYPED, tag)].into_iter().filter_map(|(is, n)| is.then_some(n))
        {
            if !self.known.contains_key(name) {
                let iri = self.names.iri(name).ok_or_else(|| RdfError::Address(name.to_owned()))?;
                let node = NamedNode::new(iri).map_err(|_| RdfError::Address(name.to_owned()))?;
                self.known.insert(name.to_owned(), node);
            }
        }
        if p == TYPE {
            *self.classes.entry(o.to_owned()).or_default() += 1;
        }
        // Turtle's writer shortens what has a prefix by itself; that of JSON-LD writes what it is given, and a term with a
        // prefix of the context is what JSON-LD calls a compact IRI.
        let full =
            |name: &str| self.known.get(name).map(NamedNode::as_ref).ok_or_else(|| RdfError::Address(name.into()));
        let long = match kind {
            IRI => TermRef::from(address(o)?),
            NAME => full(o)?.into(),
            TEXT => LiteralRef::new_language_tagged_literal_unchecked(o, tag).into(),
            TYPED => LiteralRef::new_typed_literal(o, full(tag)?).into(),
            _ => LiteralRef::new_simple_literal(o).into(),
        };
        let compact = match kind {
            NAME => TermRef::from(NamedNodeRef::new_unchecked(o)),
            TYPED => LiteralRef::new_typed_literal(o, NamedNodeRef::new_unchecked(tag)).into(),
            _ => long,
        };
        self.turtle.serialize_triple(TripleRef::new(subject, full(p)?, long))?;
        let quad = QuadRef::new(subject, NamedNodeRef::new_unchecked(p), compact, GraphNameRef::DefaultGraph);
        self.json.serialize_quad(quad)?;
        Ok(())
    }

    /// Ends both files; gives how many things of each class they hold.
    pub(super) fn finish(self) -> Result<BTreeMap<String, u64>, RdfError> {
        let mut turtle = self.turtle.finish()?;
        let mut json = self.json.finish()?;
        json.write_all(b"\n")?;
        turtle.flush()?;
        json.flush()?;
        Ok(self.classes)
    }
}

fn address(iri: &str) -> Result<NamedNodeRef<'_>, RdfError> {
    NamedNodeRef::new(iri).map_err(|_| RdfError::Address(iri.to_owned()))
}
