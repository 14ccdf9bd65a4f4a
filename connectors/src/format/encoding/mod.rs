//! Encodings of text files: names, detection, and a streaming decoder to UTF-8.
//!
//! The encodings are those met in Latvian agencies' files. Detection looks at the first 256 KB (from the first
//! byte that is not ASCII); a byte that does not fit the encoding stops the file with F008, never becomes `�`.

mod cp775;
mod decoder;
mod detect;
mod mojibake;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;

pub(super) use decoder::{Text, read_error};

pub(super) use mojibake::MojibakeWatch;

/// An encoding of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    Windows1257,
    Iso8859_13,
    Cp775,
}

impl Encoding {
    /// Name, as in `[format] encoding`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Windows1257 => "windows-1257",
            Self::Iso8859_13 => "iso-8859-13",
            Self::Cp775 => "cp775",
        }
    }

    /// Whether ASCII bytes mean the same in it.
    pub(super) const fn extends_ascii(self) -> bool {
        !matches!(self, Self::Utf16Le | Self::Utf16Be)
    }

    /// The line of a source file that pins it.
    pub(super) fn pin(self) -> String {
        format!("encoding = \"{}\"", self.name())
    }

    /// What decodes it; none for cp775.
    const fn library(self) -> Option<&'static encoding_rs::Encoding> {
        match self {
            Self::Utf8 => Some(encoding_rs::UTF_8),
            Self::Utf16Le => Some(encoding_rs::UTF_16LE),
            Self::Utf16Be => Some(encoding_rs::UTF_16BE),
            Self::Windows1257 => Some(encoding_rs::WINDOWS_1257),
            Self::Iso8859_13 => Some(encoding_rs::ISO_8859_13),
            Self::Cp775 => None,
        }
    }
}

/// Encoding of a text file, as a source file declares it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub(super) enum EncodingOption {
    /// Found from the content and reported.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "utf-16le")]
    Utf16Le,
    #[serde(rename = "utf-16be")]
    Utf16Be,
    #[serde(rename = "windows-1257")]
    Windows1257,
    #[serde(rename = "iso-8859-13")]
    Iso8859_13,
    #[serde(rename = "cp775")]
    Cp775,
}

impl EncodingOption {
    /// The declared encoding; none when it is to be found.
    pub(super) const fn declared(self) -> Option<Encoding> {
        match self {
            Self::Auto => None,
            Self::Utf8 => Some(Encoding::Utf8),
            Self::Utf16Le => Some(Encoding::Utf16Le),
            Self::Utf16Be => Some(Encoding::Utf16Be),
            Self::Windows1257 => Some(Encoding::Windows1257),
            Self::Iso8859_13 => Some(Encoding::Iso8859_13),
            Self::Cp775 => Some(Encoding::Cp775),
        }
    }
}

/// A text by the name of its encoding; none where a byte does not fit, or there is no such encoding of single texts.
pub(crate) fn decode(encoding: &str, bytes: &[u8]) -> Option<String> {
    let encoding = [Encoding::Utf8, Encoding::Windows1257, Encoding::Iso8859_13, Encoding::Cp775]
        .into_iter()
        .find(|known| known.name() == encoding)?;
    match encoding.library() {
        Some(library) => library.decode_without_bom_handling_and_without_replacement(bytes).map(Cow::into_owned),
        None => Some(bytes.iter().copied().map(cp775::character).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_names_its_encoding() {
        for encoding in [
            Encoding::Utf8,
            Encoding::Utf16Le,
            Encoding::Utf16Be,
            Encoding::Windows1257,
            Encoding::Iso8859_13,
            Encoding::Cp775,
        ] {
            let option: EncodingOption = serde_json::from_value(encoding.name().into()).unwrap_or_default();
            assert_eq!(option.declared(), Some(encoding));
        }
        assert!(serde_json::from_value::<EncodingOption>("koi8-r".into()).is_err());
    }
}
