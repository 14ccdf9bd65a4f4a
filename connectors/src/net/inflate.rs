//! Bodies that come compressed: inflated in small portions, so that a bomb is seen before it goes off.

use std::io::{self, Write as _};

use flate2::write::MultiGzDecoder;

/// Bytes that are inflated at once. Deflate makes at most some 1030 of one, so 4 MB may come of them.
const PORTION: usize = 4 << 10;

/// The way from what travels to what is meant.
pub(super) enum Inflate {
    /// As it is.
    Plain,
    /// gzip (RFC 1952).
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

impl Inflate {
    /// By the header `Content-Encoding`; none for one that was not asked for.
    pub(super) fn of(encoding: Option<&str>) -> Option<Self> {
        match encoding.map(|name| name.trim().to_ascii_lowercase()).as_deref() {
            None | Some("" | "identity") => Some(Self::Plain),
            Some("gzip" | "x-gzip") => Some(Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))),
            Some(_) => None,
        }
    }

    /// Hands what `bytes` hold to `out`, portion by portion; whatever that refuses ends it.
    pub(super) fn push<E: From<io::Error>>(
        &mut self,
        bytes: &[u8],
        mut out: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Plain => out(bytes),
            Self::Gzip(decoder) => {
                for portion in bytes.chunks(PORTION) {
                    decoder.write_all(portion)?;
                    out(decoder.get_ref())?;
                    decoder.get_mut().clear();
                }
                Ok(())
            }
        }
    }

    /// Hands over what is left when the body has ended.
    pub(super) fn finish<E: From<io::Error>>(&mut self, mut out: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        match self {
            Self::Plain => Ok(()),
            Self::Gzip(decoder) => {
                decoder.try_finish()?;
                out(decoder.get_ref())?;
                decoder.get_mut().clear();
                Ok(())
            }
        }
    }
}
