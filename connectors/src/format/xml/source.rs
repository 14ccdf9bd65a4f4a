//! The bytes of an XML file as UTF-8: encoding found and checked, lines counted, and no single tag, text or comment
//! above a limit (the parser keeps each of them whole in memory).

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use vienkop_transforms::finding::{self, Finding};

use super::About;
use crate::format::ReadError;

const RAW: usize = 64 << 10;
/// Enough for any decoder to put out something for [`RAW`] bytes.
const DECODED: usize = 3 * RAW;
/// The XML declaration and what tells that the file is no XML stand within this many bytes.
const HEAD: usize = 4 << 10;

pub(super) struct Source<R> {
    raw: R,
    buffer: Vec<u8>,
    pending: std::ops::Range<usize>,
    /// Raw bytes decoded so far.
    offset: u64,
    ended: bool,
    decoder: Decoder,
    decoded: Vec<u8>,
    ready: std::ops::Range<usize>,
    token_bytes: u64,
    left: u64,
    position: Position,
    token: Position,
}

/// A place in the decoded text, as an editor shows it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Position {
    line: u64,
    column: u64,
}

impl Position {
    /// `L17:5`, line and character.
    pub(super) fn cell(self) -> String {
        format!("L{}:{}", self.line, self.column)
    }
}

/// What [`Source`] says inside of an [`io::Error`].
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// One tag, text or comment is too long.
    #[error("too long")]
    TooLong,
    /// Bytes that are nothing in the encoding.
    #[error("byte {byte} is not {encoding}")]
    Encoding { byte: u64, encoding: &'static str },
}

impl<R: Read> Source<R> {
    /// Looks at the first bytes and settles the encoding.
    pub(super) fn new(
        mut raw: R,
        declared: Option<&'static Encoding>,
        token_bytes: u64,
        about: About,
    ) -> Result<Self, ReadError> {
        let mut buffer = vec![0; RAW];
        let mut filled = 0;
        while filled < HEAD {
            match raw.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let head = &buffer[..filled.min(HEAD)];
        let (encoding, mark) = match encoding(head, declared) {
            Ok(found) => found,
            Err(label) => return Err(Finding { value: Some(label), ..about.finding(&finding::ENCODING) }.into()),
        };
        let (text, _) = encoding.decode_without_bom_handling(&head[mark..]);
        match text.trim_start().chars().next() {
            None => return Err(about.finding(&finding::FILE_EMPTY).into()),
            Some('<') => {}
            Some(_) => {
                let expected = Some("XML".to_owned());
                return Err(Finding { expected, ..about.finding(&finding::WRONG_CONTENT) }.into());
            }
        }
        let start = Position { line: 1, column: 1 };
        Ok(Self {
            raw,
            buffer,
            pending: mark..filled,
            offset: mark as u64,
            ended: false,
            decoder: encoding.new_decoder_without_bom_handling(),
            decoded: vec![0; DECODED],
            ready: 0..0,
            token_bytes,
            left: token_bytes,
            position: start,
            token: start,
        })
    }

    /// Tells that what is read from here on is the next tag, text or comment.
    pub(super) fn next_token(&mut self) {
        self.left = self.token_bytes;
        self.token = self.position;
    }

    /// Where the last tag, text or comment began.
    pub(super) fn token(&self) -> Position {
        self.token
    }

    /// Where reading has got to.
    pub(super) fn position(&self) -> Position {
        self.position
    }

    fn decode(&mut self) -> io::Result<()> {
        while self.ready.is_empty() && !self.ended {
            if self.pending.is_empty() {
                let read = self.raw.read(&mut self.buffer)?;
                self.pending = 0..read;
            }
            // Nothing more to read: the decoder may still hold the first half of a character.
            let last = self.pending.is_empty();
            let raw = &self.buffer[self.pending.clone()];
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(raw, &mut self.decoded, last);
            self.pending.start += read;
            self.offset += read as u64;
            self.ready = 0..written;
            match result {
                DecoderResult::InputEmpty => self.ended = last,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(bad, after) => {
                    let byte = self.offset - u64::from(bad) - u64::from(after);
                    let encoding = self.decoder.encoding().name();
                    return Err(io::Error::other(Fault::Encoding { byte, encoding }));
                }
            }
        }
        Ok(())
    }
}

impl<R: Read> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.decode()?;
        if self.left == 0 && !self.ready.is_empty() {
            return Err(io::Error::other(Fault::TooLong));
        }
        Ok(&self.decoded[self.ready.clone()])
    }

    fn consume(&mut self, bytes: usize) {
        let end = (self.ready.start + bytes).min(self.ready.end);
        let taken = &self.decoded[self.ready.start..end];
        let since = match taken.iter().rposition(|&b| b == b'\n') {
            Some(last) => {
                self.position.line += count(&taken[..=last], |b| b == b'\n');
                self.position.column = 1;
                &taken[last + 1..]
            }
            None => taken,
        };
        // Bytes that continue a character are none of their own.
        self.position.column += count(since, |b| b & 0xC0 != 0x80);
        self.left = self.left.saturating_sub(taken.len() as u64);
        self.ready.start = end;
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let bytes = ready.len().min(buffer.len());
        buffer[..bytes].copy_from_slice(&ready[..bytes]);
        self.consume(bytes);
        Ok(bytes)
    }
}

fn count(bytes: &[u8], counts: impl Fn(u8) -> bool) -> u64 {
    bytes.iter().map(|&byte| u64::from(counts(byte))).sum()
}

/// The encoding, and the length of the byte order mark; `Err` is a declared name that nobody knows.
fn encoding(head: &[u8], declared: Option<&'static Encoding>) -> Result<(&'static Encoding, usize), String> {
    if let Some((encoding, mark)) = Encoding::for_bom(head) {
        return Ok((encoding, mark));
    }
    if let Some(encoding) = declared {
        return Ok((encoding, 0));
    }
    let encoding = match head {
        [b'<', 0, ..] => UTF_16LE,
        [0, b'<', ..] => UTF_16BE,
        _ => match declaration(head) {
            None => UTF_8,
            Some(label) => match Encoding::for_label(label.as_bytes()) {
                // It says so in single bytes, so it cannot be true.
                Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => UTF_8,
                Some(encoding) => encoding,
                None => return Err(label),
            },
        },
    };
    Ok((encoding, 0))
}

/// `encoding="…"` of the XML declaration.
fn declaration(head: &[u8]) -> Option<String> {
    let head = head.strip_prefix(b"<?xml")?;
    let end = head.windows(2).position(|pair| pair == b"?>")?;
    let text = String::from_utf8_lossy(&head[..end]);
    let value = text.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (label, _) = value[1..].split_once(quote)?;
    Some(label.chars().take(60).collect())
}
