//! A file as UTF-8 text, decoded while it is read.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use fs_err::File;
use vienkop_transforms::finding::{self, Finding};

use super::detect::{Certainty, Detected, SAMPLE_BYTES, best_single_byte, detect};
use super::{Encoding, cp775};
use crate::format::content::{Content, recognise};
use crate::format::{Input, ReadError};

const CHUNK: usize = 64 << 10;

/// Bytes of an encoding in, UTF-8 out; a byte order mark is taken away.
///
/// Bytes that do not fit the encoding end it with an [`io::Error`] that holds a [`BadBytes`].
pub(in crate::format) struct Decoder<R> {
    inner: R,
    encoding: Encoding,
    engine: Option<encoding_rs::Decoder>,
    input: Vec<u8>,
    /// Bytes of the file that came before `input`.
    before: u64,
    ended: bool,
    failed: Option<BadBytes>,
    output: Vec<u8>,
    taken: usize,
}

/// Bytes that do not fit the encoding.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("byte {offset} does not fit {}", encoding.name())]
pub(in crate::format) struct BadBytes {
    encoding: Encoding,
    /// Where in the file, from 0.
    offset: u64,
}

impl<R: Read> Decoder<R> {
    /// A decoder from the start of a file.
    pub(in crate::format) fn new(inner: R, encoding: Encoding) -> Self {
        Self {
            inner,
            encoding,
            engine: encoding.library().map(encoding_rs::Encoding::new_decoder_with_bom_removal),
            input: Vec::new(),
            before: 0,
            ended: false,
            failed: None,
            output: Vec::new(),
            taken: 0,
        }
    }

    fn decode_chunk(&mut self) -> io::Result<()> {
        if let Some(bad) = self.failed {
            return Err(io::Error::new(io::ErrorKind::InvalidData, bad));
        }
        self.before += self.input.len() as u64;
        self.input.resize(CHUNK, 0);
        let read = loop {
            match self.inner.read(&mut self.input) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.input.truncate(read);
        self.ended = read == 0;
        self.output.clear();
        self.taken = 0;
        let Some(engine) = &mut self.engine else {
            let mut text = String::with_capacity(read * 2);
            text.extend(self.input.iter().copied().map(cp775::character));
            self.output = text.into_bytes();
            return Ok(());
        };
        let room = engine.max_utf8_buffer_length_without_replacement(read).unwrap_or(CHUNK * 4);
        self.output.resize(room, 0);
        let (result, used, written) =
            engine.decode_to_utf8_without_replacement(&self.input, &mut self.output, self.ended);
        self.output.truncate(written);
        if let encoding_rs::DecoderResult::Malformed(length, after) = result {
            let back = u64::from(length) + u64::from(after);
            let offset = (self.before + used as u64).saturating_sub(back);
            self.failed = Some(BadBytes { encoding: self.encoding, offset });
        }
        Ok(())
    }
}

impl<R: Read> BufRead for Decoder<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.taken == self.output.len() && (!self.ended || self.failed.is_some()) {
            self.decode_chunk()?;
        }
        Ok(&self.output[self.taken..])
    }

    fn consume(&mut self, amount: usize) {
        self.taken = (self.taken + amount).min(self.output.len());
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut ready = self.fill_buf()?;
        let read = ready.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

/// A text file with its encoding settled.
pub(in crate::format) struct Text {
    /// The encoding: declared or detected.
    pub(in crate::format) encoding: Encoding,
    /// Whether the encoding is a guess.
    pub(in crate::format) guessed: bool,
}

impl Text {
    /// Settles the encoding of a file. `expected` names the format; `accepted` is content that it may be.
    ///
    /// # Errors
    /// F002 when it is empty, F004 when it is no text of that format, F008 when the declared encoding cannot be true.
    pub(in crate::format) fn of(
        input: &Input,
        declared: Option<Encoding>,
        expected: &str,
        accepted: Option<Content>,
    ) -> Result<Self, ReadError> {
        let file = File::open(&input.path)?;
        let sample = sample(&file)?;
        if let Some(content) = recognise(&sample).filter(|content| Some(*content) != accepted) {
            return Err(Finding {
                landed: Some(input.landed),
                value: Some(content.name().to_owned()),
                expected: Some(expected.to_owned()),
                hint: content.hint(),
                ..Finding::of(&finding::WRONG_CONTENT)
            }
            .into());
        }
        let blank = sample.len() < SAMPLE_BYTES && sample.iter().all(u8::is_ascii_whitespace);
        if blank || matches!(sample.as_slice(), [0xEF, 0xBB, 0xBF] | [0xFF, 0xFE] | [0xFE, 0xFF]) {
            return Err(Finding { landed: Some(input.landed), ..Finding::of(&finding::FILE_EMPTY) }.into());
        }
        let late = if sample.is_ascii() { later_sample(&file)? } else { None };
        let detected = detect(late.as_deref().unwrap_or(&sample));
        if let Some(declared) = declared {
            if contradicts(declared, detected) {
                return Err(Finding {
                    landed: Some(input.landed),
                    value: Some(declared.name().to_owned()),
                    expected: Some(detected.encoding.name().to_owned()),
                    hint: Some(detected.encoding.pin()),
                    ..Finding::of(&finding::ENCODING)
                }
                .into());
            }
            return Ok(Self { encoding: declared, guessed: false });
        }
        Ok(Self { encoding: detected.encoding, guessed: detected.certainty == Certainty::Guessed })
    }

    /// The decoded text from its start.
    pub(in crate::format) fn open(&self, input: &Input) -> io::Result<Decoder<File>> {
        Ok(Decoder::new(File::open(&input.path)?, self.encoding))
    }

    /// The guess as a finding, when it is one.
    pub(in crate::format) fn guess(&self, input: &Input) -> Option<Finding> {
        self.guessed.then(|| Finding {
            landed: Some(input.landed),
            value: Some(self.encoding.name().to_owned()),
            expected: Some("encoding".to_owned()),
            hint: Some(self.encoding.pin()),
            ..Finding::of(&finding::GUESS)
        })
    }
}

/// Whether the content rules the declared encoding out.
fn contradicts(declared: Encoding, detected: Detected) -> bool {
    match detected.certainty {
        Certainty::Certain => declared != detected.encoding,
        Certainty::Ascii => !declared.extends_ascii(),
        // Zeros on one side only: no single-byte encoding, no UTF-8.
        Certainty::Guessed => declared.extends_ascii() && !detected.encoding.extends_ascii(),
    }
}

/// The first bytes of a file.
fn sample(file: &File) -> io::Result<Vec<u8>> {
    let mut sample = Vec::new();
    file.take(SAMPLE_BYTES as u64).read_to_end(&mut sample)?;
    Ok(sample)
}

/// The sample that begins at the next byte that is not ASCII.
fn later_sample(mut file: &File) -> io::Result<Option<Vec<u8>>> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok(None);
        }
        if let Some(at) = chunk[..read].iter().position(|byte| !byte.is_ascii()) {
            let mut late = chunk[at..read].to_vec();
            file.take(SAMPLE_BYTES as u64).read_to_end(&mut late)?;
            return Ok(Some(late));
        }
    }
}

/// Turns an error met while reading decoded text into what it means: F008 for bytes that do not fit the encoding.
pub(in crate::format) fn read_error(error: io::Error, input: &Input) -> ReadError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<BadBytes>()).copied() {
        Some(bad) => bad.finding(input).map_or_else(ReadError::from, ReadError::from),
        None => error.into(),
    }
}

impl BadBytes {
    fn finding(self, input: &Input) -> io::Result<Finding> {
        let line = self.line(input)?;
        let mut file = File::open(&input.path)?;
        let start = self.offset.saturating_sub(SAMPLE_BYTES as u64 / 2);
        file.seek(SeekFrom::Start(start))?;
        let around = sample(&file)?;
        let (before, after) = around.split_at(((self.offset - start) as usize).min(around.len()));
        // Proper UTF-8 up to here: one damaged place, no other encoding.
        let damaged = self.encoding == Encoding::Utf8 && detect(before).certainty == Certainty::Certain;
        let better = if around.is_ascii() { self.encoding } else { best_single_byte(&around) };
        Ok(Finding {
            landed: Some(input.landed),
            row: Some(line),
            cell: Some(format!("L{line}")),
            value: Some(format!("0x{:02X} @ {}", after.first().copied().unwrap_or_default(), self.offset)),
            expected: Some(self.encoding.name().to_owned()),
            hint: (!damaged && better != self.encoding).then(|| better.pin()),
            ..Finding::of(&finding::ENCODING)
        })
    }

    /// Physical line, from 1.
    fn line(self, input: &Input) -> io::Result<i64> {
        let newline: &[u8] = match self.encoding {
            Encoding::Utf16Le => b"\n\0",
            Encoding::Utf16Be => b"\0\n",
            _ => b"\n",
        };
        let mut before = File::open(&input.path)?.take(self.offset);
        let mut chunk = vec![0; CHUNK];
        let mut line = 1;
        loop {
            let read = before.read(&mut chunk)?;
            if read == 0 {
                return Ok(line);
            }
            line += chunk[..read].chunks(newline.len()).filter(|unit| *unit == newline).count() as i64;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn decode(bytes: &[u8], encoding: Encoding) -> io::Result<String> {
        let mut text = String::new();
        Decoder::new(bytes, encoding).read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn decodes() {
        for (bytes, encoding, text) in [
            (&b"\xEF\xBB\xBF\xC4\x81"[..], Encoding::Utf8, "ā"),
            (b"\xFF\xFE\x01\x01\n\0", Encoding::Utf16Le, "ā\n"),
            (b"\xFE\xFF\x01\x01\0\n", Encoding::Utf16Be, "ā\n"),
            (b"\x01\x01", Encoding::Utf16Le, "ā"),
            (b"\xE2\xF0", Encoding::Windows1257, "āš"),
            (b"\xA5\xE2\xA1", Encoding::Iso8859_13, "„ā”"),
            (b"\x83\xD5", Encoding::Cp775, "āš"),
        ] {
            assert_eq!(decode(bytes, encoding).unwrap(), text);
        }
    }

    #[test]
    fn characters_across_chunks_stay_whole() {
        let text = format!("{}{}", "x".repeat(CHUNK - 1), "ā".repeat(CHUNK));
        assert_eq!(decode(text.as_bytes(), Encoding::Utf8).unwrap(), text);
        let bytes: Vec<u8> = std::iter::once(b'x').chain(std::iter::repeat_n(0x83, CHUNK * 2)).collect();
        assert_eq!(decode(&bytes, Encoding::Cp775).unwrap().chars().filter(|c| *c == 'ā').count(), CHUNK * 2);
    }

    #[test]
    fn bad_bytes_are_an_error_with_their_place() {
        for (bytes, encoding, offset) in [
            (b"Kods\xE2;".to_vec(), Encoding::Utf8, 4),
            (b"Kods\xC4".to_vec(), Encoding::Utf8, 4),
            ([b"x".repeat(CHUNK - 1), b"\xC4;".to_vec()].concat(), Encoding::Utf8, CHUNK as u64 - 1),
            (b"K\0\0".to_vec(), Encoding::Utf16Le, 2),
            (b"K\xA1".to_vec(), Encoding::Windows1257, 1),
        ] {
            let error = decode(&bytes, encoding).unwrap_err();
            let bad = error.get_ref().unwrap().downcast_ref::<BadBytes>().unwrap();
            assert_eq!((bad.offset, bad.encoding), (offset, encoding));
        }
    }
}
