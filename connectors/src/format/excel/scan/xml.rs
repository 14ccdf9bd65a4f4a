//! XML of hostile origin, event by event: bounded in the length of a token and in depth, without document types.

use std::io::{self, BufRead, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::format::ReadError;
use crate::format::excel::fault::{self, Refused};
use crate::limits::Limits;

/// Reads events; set up as calamine sets up its reader, so that both see the same.
pub(super) struct Lexer<'a, R> {
    xml: Reader<Metered<R>>,
    buffer: Vec<u8>,
    part: &'a str,
    depth: usize,
    held: bool,
    limits: &'a Limits,
}

impl<'a, R: BufRead> Lexer<'a, R> {
    /// Over a part of a workbook.
    pub(super) fn new(inner: R, part: &'a str, limits: &'a Limits) -> Self {
        let left = limits.record_bytes as u64;
        let mut xml = Reader::from_reader(Metered { inner, left, part: part.to_owned(), most: left });
        let config = xml.config_mut();
        config.check_end_names = false;
        config.check_comments = false;
        config.expand_empty_elements = true;
        Self { xml, buffer: Vec::with_capacity(1024), part, depth: 0, held: false, limits }
    }

    /// While held, all events together may take no more than one: what calamine gathers into one value.
    pub(super) fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// The next event.
    pub(super) fn next(&mut self) -> Result<Event<'_>, ReadError> {
        self.buffer.clear();
        if !self.held {
            self.xml.get_mut().refill();
        }
        let event = match self.xml.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(quick_xml::Error::Io(error)) => return Err(fault::from_io(&error)),
            Err(error) => return Err(fault::damaged(format!("{}: {error}", self.part)).into()),
        };
        match &event {
            Event::DocType(_) => return Err(fault::doctype(self.part).into()),
            Event::Start(_) => {
                self.depth += 1;
                if self.depth > self.limits.depth {
                    return Err(fault::limit(self.part, self.limits.depth, "depth").into());
                }
            }
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            _ => (),
        }
        Ok(event)
    }

    /// Reads up to the root element and gives the rest back: document types stand before it.
    pub(super) fn prolog(mut self) -> Result<R, ReadError> {
        loop {
            match self.next()? {
                Event::Start(_) | Event::Eof => return Ok(self.into_inner()),
                _ => (),
            }
        }
    }

    /// What was not read yet.
    pub(super) fn into_inner(self) -> R {
        self.xml.into_inner().inner
    }
}

/// The raw value of an attribute.
pub(super) fn attribute<'e>(element: &'e BytesStart<'_>, name: &str) -> Option<&'e str> {
    let mut rest = element.attributes_raw();
    // By hand as calamine does it: the library's iterator costs more than all else here.
    loop {
        let (key, after) = rest.split_once('=')?;
        let after = after.trim_ascii_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, after) = after.get(1..)?.split_once(quote)?;
        if key.trim_ascii() == name {
            return Some(value);
        }
        rest = after;
    }
}

/// The value of an attribute as text.
pub(super) fn attribute_text(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let raw = attribute(element, name)?;
    Some(quick_xml::escape::unescape(raw).map_or_else(|_| raw.to_owned(), std::borrow::Cow::into_owned))
}

/// Hands on so many bytes until it is refilled.
struct Metered<R> {
    inner: R,
    left: u64,
    most: u64,
    part: String,
}

impl<R> Metered<R> {
    fn refill(&mut self) {
        self.left = self.most;
    }
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let bytes = available.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..bytes), available.get(..bytes)) {
            to.copy_from_slice(from);
        }
        self.consume(bytes);
        Ok(bytes)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::other(Refused(fault::limit(&self.part, self.most, "record_bytes"))));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes as u64);
        self.inner.consume(bytes);
    }
}
