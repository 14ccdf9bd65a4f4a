//! The walk through the document: from tags and texts to the values of records.

use std::io::Read;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, NamespaceResolver, PrefixDeclaration, ResolveResult};
use quick_xml::reader::NsReader;
use vienkop_transforms::finding::{self, Finding};

use super::About;
use super::paths::{Layout, Level, NodeId, Paths, Place, ROOT, SKIP};
use super::rows::Rows;
use super::source::{Position, Source};
use super::tell::nearest;
use crate::format::{Output, ReadError, Rejected};
use crate::limits::Limits;

const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// What XML itself names; all others need a document type, and that is refused.
const REFERENCES: &str = "&amp; &lt; &gt; &quot; &apos; &#…;";

pub(super) struct Walk<'a> {
    pub(super) layout: &'a Layout,
    pub(super) paths: Paths,
    pub(super) rows: Rows,
    pub(super) limits: &'a Limits,
    pub(super) about: About,
    pub(super) output: &'a mut dyn Output,
    frames: Vec<Frame>,
    /// Texts of the open elements that are wanted; `spare` keeps those that are done with.
    texts: Vec<String>,
    spare: Vec<String>,
    has_root: bool,
    pub(super) records: i64,
    parts: u64,
    pub(super) record: Option<Record>,
    /// How many records there had been when the element at that depth around the records began.
    records_before: Vec<i64>,
    late: Vec<usize>,
    /// The last tag closed an element within a text.
    after_inline: bool,
    pub(super) position: Position,
}

/// An open element.
struct Frame {
    node: NodeId,
    /// Which of the texts its text goes to.
    text: Option<usize>,
    role: Role,
    has_children: bool,
    has_words: bool,
    nil: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Its text is a value of its own.
    Value,
    /// Its text belongs to the value of an element around it, which had this many bytes before.
    Inline(usize),
    /// Its text is not wanted.
    Plain,
}

pub(super) struct Record {
    start: u64,
    pub(super) fault: Option<Finding>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        layout: &'a Layout,
        paths: Paths,
        rows: Rows,
        limits: &'a Limits,
        about: About,
        output: &'a mut dyn Output,
    ) -> Self {
        Self {
            records_before: vec![0; layout.record.len() + 1],
            layout,
            paths,
            rows,
            limits,
            about,
            output,
            frames: Vec::new(),
            texts: Vec::new(),
            spare: Vec::new(),
            has_root: false,
            records: 0,
            parts: 0,
            record: None,
            late: Vec::new(),
            after_inline: false,
            position: Position::default(),
        }
    }

    /// Reads the document from its first tag to its last.
    pub(super) fn run<R: Read>(mut self, source: Source<R>) -> Result<(), ReadError> {
        let mut reader = NsReader::from_reader(source);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        // A lone `&` spoils one record, not the file.
        config.allow_dangling_amp = true;
        let mut token = Vec::new();
        loop {
            token.clear();
            let byte = reader.buffer_position();
            reader.get_mut().next_token();
            let event = reader.read_event_into(&mut token);
            self.position = reader.get_ref().token();
            if let Some(record) = &self.record
                && reader.buffer_position().saturating_sub(record.start) > self.limits.record_bytes as u64
            {
                return Err(self.limit("record_bytes", self.limits.record_bytes));
            }
            match event {
                Ok(Event::Start(tag)) => self.start(&tag, reader.resolver(), byte)?,
                Ok(Event::End(_)) => self.end()?,
                Ok(Event::Text(text)) if text.starts_with('&') => self.bad_reference("&")?,
                Ok(Event::Text(text)) => self.text(&text.xml10_content())?,
                Ok(Event::CData(text)) => self.text(&text.xml10_content())?,
                Ok(Event::GeneralRef(reference)) => self.reference(&reference)?,
                Ok(Event::DocType(text)) => return Err(self.doctype(&text)),
                // An empty element comes as its start and its end, so says the configuration.
                Ok(Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::Empty(_)) => {}
                Ok(Event::Eof) => {
                    self.position = reader.get_ref().position();
                    return self.finish();
                }
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>, resolver: &NamespaceResolver, byte: u64) -> Result<(), ReadError> {
        let depth = self.frames.len() + 1;
        if depth > self.limits.depth {
            return Err(self.limit("depth", self.limits.depth));
        }
        if tag.name().as_ref().len() > self.limits.field_bytes {
            return Err(self.limit("field_bytes", self.limits.field_bytes));
        }
        let (namespace, name) = if self.paths.with_namespaces() {
            let (namespace, name) = resolver.resolve_element(tag.name());
            (bound(&namespace), name.into_inner())
        } else {
            (None, tag.local_name().into_inner())
        };
        let outer = self.frames.last();
        if outer.is_none() {
            if self.has_root {
                return Err(self.damaged(Some(format!("<{name}>")), None, None));
            }
            if name.eq_ignore_ascii_case("html") {
                return Err(self.html());
            }
            self.has_root = true;
        }
        let (outer_node, outer_text) = outer.map_or((ROOT, None), |frame| (frame.node, frame.inner_text(&self.paths)));
        if let Some(outer) = self.frames.last_mut() {
            outer.has_children = true;
        }
        if let Some(text) = outer_text {
            // `<p>a</p><p>b</p>` is not the word `ab`.
            if self.after_inline {
                new_line(&mut self.texts[text]);
            }
            let role = Role::Inline(self.texts[text].len());
            self.frames.push(Frame { node: SKIP, text: Some(text), role, ..Frame::plain(SKIP) });
            self.after_inline = false;
            return Ok(());
        }
        self.after_inline = false;
        let id = self.paths.child(outer_node, name, namespace);
        let mut frame = Frame::plain(id);
        let mut attributes_wanted = false;
        if let Some(node) = self.paths.node(id) {
            attributes_wanted = node.attributes_wanted || node.place.in_record() || !node.columns.is_empty();
            match node.place {
                Place::Leads => {
                    self.rows.clear(Level::Above(depth));
                    if let Some(before) = self.records_before.get_mut(depth) {
                        *before = self.records;
                    }
                }
                Place::Record => {
                    self.records += 1;
                    self.record = Some(Record { start: byte, fault: None });
                    self.rows.start_record();
                }
                Place::Part => self.parts += 1,
                Place::Outside | Place::Inside | Place::InPart => {}
            }
            if !node.columns.is_empty() {
                frame.role = Role::Value;
                frame.text = Some(self.texts.len());
                self.texts.push(self.spare.pop().unwrap_or_default());
            }
        }
        if attributes_wanted {
            frame.nil = self.attributes(id, tag, resolver)?;
        }
        self.frames.push(frame);
        Ok(())
    }

    /// Takes the attributes that are wanted; returns whether the element says that it has no value.
    fn attributes(
        &mut self,
        id: NodeId,
        tag: &BytesStart<'_>,
        resolver: &NamespaceResolver,
    ) -> Result<bool, ReadError> {
        let mut nil = false;
        for (index, attribute) in tag.attributes().enumerate() {
            // Also keeps the search for an attribute that is there twice from growing with the square of their number.
            if index >= self.limits.columns {
                return Err(self.limit("columns", self.limits.columns));
            }
            let attribute = attribute.map_err(|error| self.damaged(None, None, Some(error.to_string())))?;
            match attribute.key.as_namespace_binding() {
                Some(PrefixDeclaration::Default | PrefixDeclaration::Named(_)) => continue,
                None => {}
            }
            let (namespace, name) = resolver.resolve_attribute(attribute.key);
            let namespace = bound(&namespace);
            if namespace == Some(SCHEMA_INSTANCE) {
                nil |= name.into_inner() == "nil" && attribute.as_bool() == Some(true);
                continue;
            }
            let namespace = namespace.filter(|_| self.paths.with_namespaces());
            let name = name.into_inner();
            let Some(known) = self.paths.attribute(id, name, namespace) else { continue };
            if known.columns.is_empty() {
                if !std::mem::replace(&mut known.reported, true) {
                    self.unknown(id, Some(name));
                }
                continue;
            }
            let columns = known.columns.clone();
            match attribute.normalized_value(XmlVersion::Implicit1_0) {
                Ok(value) => {
                    self.check_characters(&value);
                    for column in columns {
                        self.set(column, value.trim())?;
                    }
                }
                Err(_) => self.bad_reference(&attribute.value)?,
            }
        }
        Ok(nil)
    }

    fn text(&mut self, text: &str) -> Result<(), ReadError> {
        if text.is_empty() {
            return Ok(());
        }
        self.after_inline = false;
        match self.frames.last_mut() {
            Some(Frame { text: Some(at), .. }) => {
                let at = *at;
                self.check_characters(text);
                self.texts[at].push_str(text);
                if self.texts[at].len() > self.limits.field_bytes {
                    return Err(self.limit("field_bytes", self.limits.field_bytes));
                }
            }
            Some(frame) => frame.has_words |= !text.trim().is_empty(),
            None if text.trim().is_empty() => {}
            None => return Err(self.damaged(Some(text.trim().chars().take(40).collect()), None, None)),
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), ReadError> {
        let character = match &**reference {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => reference.resolve_char_ref().ok().flatten(),
        };
        match character {
            Some(character) => self.text(character.encode_utf8(&mut [0; 4])),
            None => self.bad_reference(&format!("&{};", &**reference)),
        }
    }

    fn end(&mut self) -> Result<(), ReadError> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        match (frame.role, frame.text) {
            (Role::Inline(before), Some(text)) => {
                // `a<br/>b` is not the word `ab` either.
                if self.texts[text].len() == before {
                    new_line(&mut self.texts[text]);
                }
                self.after_inline = true;
                return Ok(());
            }
            (Role::Value, _) => {
                let mut text = self.texts.pop().unwrap_or_default();
                let columns = self.paths.node(frame.node).map(|node| node.columns.clone()).unwrap_or_default();
                for column in columns {
                    self.set(column, if frame.nil { "" } else { text.trim() })?;
                }
                text.clear();
                self.spare.push(text);
            }
            _ => {}
        }
        let Some(node) = self.paths.node_mut(frame.node) else { return Ok(()) };
        let place = node.place;
        let loses_text = match place {
            Place::Outside | Place::Leads => false,
            Place::Record | Place::Part => frame.has_words,
            Place::Inside | Place::InPart => frame.has_words || !frame.has_children,
        };
        if frame.role == Role::Plain && loses_text && !std::mem::replace(&mut node.reported, true) {
            self.unknown(frame.node, None);
        }
        match place {
            Place::Part => self.rows.end_part(),
            Place::Record => self.end_record()?,
            _ => {}
        }
        Ok(())
    }

    fn end_record(&mut self) -> Result<(), ReadError> {
        let Some(record) = self.record.take() else { return Ok(()) };
        let byte = record.start as i64;
        match record.fault {
            Some(finding) => self.output.rejected(Rejected { finding, text: self.rows.show() }),
            None if self.layout.explode.is_some() => self.rows.end_exploded(self.records, byte, self.output)?,
            None => self.rows.end_record(self.records, byte, self.output)?,
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), ReadError> {
        if let Some(open) = self.frames.last() {
            let name = self.paths.node(open.node).and_then(|node| node.path.rsplit('/').next());
            let expected = name.map(|name| format!("</{name}>"));
            return Err(self.damaged(None, expected, None));
        }
        if !self.has_root {
            return Err(self.damaged(None, Some("<…>".to_owned()), None));
        }
        if self.records == 0 {
            if self.paths.holder_is_empty() {
                self.output.finding(self.about.finding(&finding::HEADER_ONLY));
                return Ok(());
            }
            let wanted = self.paths.record_path();
            return Err(Finding {
                value: Some(wanted.to_owned()),
                hint: nearest(wanted, self.paths.seen_outside()),
                ..self.about.finding(&finding::NOT_FOUND)
            }
            .into());
        }
        if let (Some(explode), 0) = (&self.layout.explode_path, self.parts) {
            self.output.finding(Finding {
                column: Some(explode.clone()),
                hint: nearest(explode, self.paths.seen_inside()),
                ..self.about.finding(&finding::MISSING_COLUMN)
            });
        }
        self.rows.flush(self.output)
    }

    fn set(&mut self, column: usize, text: &str) -> Result<(), ReadError> {
        if self.rows.set(column, text) > self.limits.field_bytes {
            return Err(self.limit("field_bytes", self.limits.field_bytes));
        }
        // A text around the records that stands after some of them came too late for those.
        if let Level::Above(depth) = self.rows.level(column)
            && self.record.is_none()
            && self.records > self.records_before.get(depth).copied().unwrap_or_default()
            && !self.late.contains(&column)
        {
            self.late.push(column);
            self.output.finding(Finding {
                column: Some(self.rows.name(column).to_owned()),
                row: Some(self.records),
                cell: Some(self.position.cell()),
                ..self.about.finding(&finding::MISSING_COLUMN)
            });
        }
        Ok(())
    }

    /// A record with control characters is not loaded: they are the trace of something gone wrong before.
    fn check_characters(&mut self, text: &str) {
        let control = text.bytes().find(|b| *b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r'));
        if let (Some(control), Some(_)) = (control, &self.record) {
            self.spoil(&finding::CONTROL_CHARACTERS, format!("U+{control:04X}"), None);
        }
    }

    fn bad_reference(&mut self, text: &str) -> Result<(), ReadError> {
        let value: String = text.chars().take(40).collect();
        if self.record.is_none() {
            return Err(self.damaged(Some(value), Some(REFERENCES.to_owned()), None));
        }
        self.spoil(&finding::DAMAGED, value, Some(REFERENCES.to_owned()));
        Ok(())
    }
}

impl Frame {
    fn plain(node: NodeId) -> Self {
        Self { node, text: None, role: Role::Plain, has_children: false, has_words: false, nil: false }
    }

    /// Where the texts of elements in this one go, when they belong to a value.
    fn inner_text(&self, paths: &Paths) -> Option<usize> {
        let deep = match self.role {
            Role::Inline(_) => true,
            Role::Value => paths.node(self.node).is_some_and(|node| node.deep),
            Role::Plain => false,
        };
        self.text.filter(|_| deep)
    }
}

fn bound<'a>(result: &ResolveResult<'a>) -> Option<&'a str> {
    match result {
        ResolveResult::Bound(Namespace(uri)) => Some(uri),
        _ => None,
    }
}

fn new_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with(char::is_whitespace) {
        text.push('\n');
    }
}
