//! Secrets: where the configuration says that they are, and their values on the way to a server.
//!
//! A configuration never holds a secret itself, only the name of an environment variable or a file. The value lives in
//! a type that cannot be printed, so that no log, error or report can show it by mistake.

use std::path::Path;

use fs_err as fs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a secret is: `{ env = "NAME" }` or `{ file = "path" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
// By this mark the configuration knows where a secret is expected, and says so when it finds the secret itself.
#[schemars(extend("x-secret" = true))]
pub enum SecretPlace {
    /// In an environment variable.
    Env(EnvPlace),
    /// In a file of its own, without the line break at its end.
    File(FilePlace),
}

/// `{ env = "NAME" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvPlace {
    /// Name of the environment variable.
    pub env: String,
}

/// `{ file = "path" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilePlace {
    /// Path of the file, relative to the folder that holds `config/`.
    pub file: String,
}

/// The value of a secret. It can be neither printed nor compared; whoever sends it says so by [`Secret::expose`].
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A secret that a server gave out: the token of a session.
    pub(crate) const fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself, for the request that needs it and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The environment variable is not set, or empty.
    #[error("environment variable {0} is not set")]
    NotSet(String),
    /// The file cannot be read, or is empty.
    #[error("file {file}: {reason}")]
    File {
        /// Its path as the configuration has it.
        file: String,
        /// Why.
        reason: std::io::ErrorKind,
    },
}

impl SecretPlace {
    /// Reads the value.
    ///
    /// # Errors
    /// There is none; the error names the place, never a value.
    pub fn read(&self, base: &Path) -> Result<Secret, SecretError> {
        match self {
            Self::Env(EnvPlace { env }) => match std::env::var(env) {
                Ok(value) if !value.trim().is_empty() => Ok(Secret(value)),
                _ => Err(SecretError::NotSet(env.clone())),
            },
            Self::File(FilePlace { file }) => {
                let fault = |reason| SecretError::File { file: file.clone(), reason };
                let text = fs::read_to_string(base.join(file)).map_err(|error| fault(error.kind()))?;
                let value = text.trim_end_matches(['\r', '\n']);
                if value.trim().is_empty() {
                    return Err(fault(std::io::ErrorKind::UnexpectedEof));
                }
                Ok(Secret(value.to_owned()))
            }
        }
    }

    /// What a person calls it: the variable's name or the file's path.
    pub fn name(&self) -> &str {
        match self {
            Self::Env(place) => &place.env,
            Self::File(place) => &place.file,
        }
    }
}
