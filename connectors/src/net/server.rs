//! `[fetch.server]`: which server, how it knows us, and what may be asked of it.

use std::collections::BTreeMap;

use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fetch::OptionError;
use crate::secret::SecretPlace;

/// A server and how it is spoken to.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    /// Base address: `https://redmine.agentura.lv/`; relative paths are joined to it.
    pub(crate) url: String,
    /// Further hosts that redirects and links in answers may lead to, with the port unless it is the usual one:
    /// `files.agentura.lv`, `10.0.0.7:8443`. By default none but that of `url`.
    #[serde(default)]
    pub(crate) hosts: Vec<String>,
    /// Headers sent with every request to the host of `url`. No secrets: those belong to `auth`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// How the server knows us; by default not at all.
    #[serde(default)]
    pub(crate) auth: Option<Auth>,
    /// File with certificates (PEM) of authorities to trust besides those of the system, relative to the folder that
    /// holds `config/`.
    #[serde(default)]
    pub(crate) ca_file: Option<String>,
    /// Seconds to wait for a connection, and for the next part of an answer.
    #[serde(default = "timeout_seconds")]
    #[schemars(range(min = 1, max = 3600))]
    pub(crate) timeout_seconds: u64,
    /// Seconds that one whole answer may take; a document of `kind = "http"` may take as long as it goes on.
    #[serde(default = "answer_seconds")]
    #[schemars(range(min = 1, max = 86_400))]
    pub(crate) answer_seconds: u64,
    /// How often a request is tried in all before it counts as failed.
    #[serde(default = "attempts")]
    #[schemars(range(min = 1, max = 20))]
    pub(crate) attempts: u32,
    /// Seconds to wait at most between two attempts, even where the server asks for more (`Retry-After`).
    #[serde(default = "wait_seconds")]
    #[schemars(range(min = 0, max = 3600))]
    pub(crate) wait_seconds: u64,
    /// Requests a second, at most.
    #[serde(default = "requests_per_second")]
    #[schemars(range(min = 0.01, max = 10_000.0))]
    pub(crate) requests_per_second: f64,
    /// Requests at the same time, at most.
    #[serde(default = "concurrent")]
    #[schemars(range(min = 1, max = 64))]
    pub(crate) concurrent: usize,
    /// Bytes of one answer after it was inflated, at most; a document of `kind = "http"` is bounded by `file_bytes` of
    /// `[limits]` instead.
    #[serde(default = "answer_bytes")]
    pub(crate) answer_bytes: u64,
}

const fn timeout_seconds() -> u64 {
    60
}

const fn answer_seconds() -> u64 {
    600
}

const fn attempts() -> u32 {
    5
}

const fn wait_seconds() -> u64 {
    120
}

const fn requests_per_second() -> f64 {
    10.0
}

const fn concurrent() -> usize {
    4
}

const fn answer_bytes() -> u64 {
    64 << 20
}

/// How a server knows us.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Auth {
    /// A secret in a header: `X-Redmine-API-Key`.
    Header {
        /// Name of the header.
        name: String,
        /// Its value.
        secret: SecretPlace,
        /// What stands before the secret: `Token `.
        #[serde(default)]
        prefix: String,
    },
    /// A secret among the parameters of the address.
    Query {
        /// Name of the parameter.
        name: String,
        /// Its value.
        secret: SecretPlace,
    },
    /// User name and password (RFC 7617).
    Basic {
        /// User name.
        user: Name,
        /// Password.
        password: SecretPlace,
    },
    /// A token that does not change (RFC 6750).
    Bearer {
        /// The token.
        secret: SecretPlace,
    },
    /// A token got with the client's own credentials (RFC 6749, 4.4).
    #[serde(rename = "oauth2")]
    OAuth2 {
        /// Where the token is got.
        token_url: String,
        /// Id of the client.
        client_id: Name,
        /// Its secret.
        client_secret: SecretPlace,
        /// What is asked for.
        #[serde(default)]
        scope: Option<String>,
        /// Further parameters of the request for the token (`audience`, `resource`); no secrets.
        #[serde(default)]
        parameters: BTreeMap<String, String>,
        /// Whether id and secret are sent as user name and password instead of in the body.
        #[serde(default)]
        basic: bool,
    },
    /// A token got by logging in with a request of the system's own.
    Session {
        /// Where to log in, joined to `url`.
        path: String,
        /// Method of that request.
        #[serde(default = "post")]
        method: String,
        /// Members of its JSON body; with GET, parameters of the address.
        body: BTreeMap<String, Name>,
        /// JSON Pointer to the token in the answer: `/SessionID`.
        take: String,
        /// Where the token is sent afterwards.
        #[serde(rename = "in")]
        place: TokenPlace,
        /// Name of the header, the parameter, or the member of the JSON body.
        name: String,
        /// What stands before the token.
        #[serde(default)]
        prefix: String,
    },
}

fn post() -> String {
    "POST".to_owned()
}

/// Where a session's token is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenPlace {
    /// In a header.
    Header,
    /// Among the parameters of the address.
    Query,
    /// As a member of the JSON body.
    Body,
}

/// A name that may stand in the configuration or where secrets are.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Name {
    /// As it stands.
    Text(String),
    /// Where it is.
    Place(SecretPlace),
}

impl Server {
    /// The parameter of addresses that holds a secret.
    pub(super) fn parameter(&self) -> Option<&str> {
        match &self.auth {
            Some(Auth::Query { name, .. } | Auth::Session { name, place: TokenPlace::Query, .. }) => Some(name),
            _ => None,
        }
    }

    /// What no schema can say.
    ///
    /// # Errors
    /// The option below `[fetch]` with `/` between its parts (`server/url`), and the reason.
    pub(crate) fn check(&self) -> Result<(), OptionError> {
        let url = base(&self.url).ok_or_else(|| OptionError::new("server/url", "url", &self.url))?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(OptionError::new("server/url", "url-secret", ""));
        }
        for host in &self.hosts {
            if super::hosts::parse(host).is_none() {
                return Err(OptionError::new("server/hosts", "host", host));
            }
        }
        for (name, value) in &self.headers {
            header("server/headers", name)?;
            if is_secret(name) {
                return Err(OptionError::new("server/headers", "secret-header", name));
            }
            if HeaderValue::from_str(value).is_err() {
                return Err(OptionError::new("server/headers", "header", name));
            }
        }
        self.auth.as_ref().map_or(Ok(()), |auth| check_auth(auth, &url))
    }
}

fn check_auth(auth: &Auth, url: &Url) -> Result<(), OptionError> {
    const AT: &str = "server/auth";
    match auth {
        Auth::Header { name, .. } => header(AT, name),
        Auth::Query { name, .. } if name.is_empty() => Err(OptionError::new(AT, "empty", "")),
        Auth::Query { .. } | Auth::Basic { .. } | Auth::Bearer { .. } => Ok(()),
        Auth::OAuth2 { token_url, parameters, .. } => {
            let token_url = address(token_url).ok_or_else(|| OptionError::new(AT, "url", token_url))?;
            // Secrets are sent there: never less safely than the data come.
            if url.scheme() == "https" && token_url.scheme() != "https" {
                return Err(OptionError::new(AT, "url", token_url.as_str()));
            }
            match parameters.keys().find(|name| is_secret(name)) {
                Some(name) => Err(OptionError::new(AT, "secret-text", name)),
                None => Ok(()),
            }
        }
        Auth::Session { method, body, take, place, name, .. } => {
            if !matches!(method.as_str(), "GET" | "POST" | "PUT") {
                return Err(OptionError::new(AT, "method", method));
            }
            if !take.starts_with('/') {
                return Err(OptionError::new(AT, "pointer", take));
            }
            for (name, value) in body {
                if matches!(value, Name::Text(_)) && is_secret(name) {
                    return Err(OptionError::new(AT, "secret-text", name));
                }
            }
            match place {
                TokenPlace::Header => header(AT, name),
                TokenPlace::Query | TokenPlace::Body if name.is_empty() => Err(OptionError::new(AT, "empty", "")),
                TokenPlace::Query | TokenPlace::Body => Ok(()),
            }
        }
    }
}

fn header(option: &str, name: &str) -> Result<(), OptionError> {
    HeaderName::from_bytes(name.as_bytes()).map(|_| ()).map_err(|_| OptionError::new(option, "header", name))
}

/// Whether a name says that its value is a secret.
fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 11] = [
        "authoriz", "authent", "x-auth", "cookie", "pass", "secret", "token", "api-key", "apikey", "api_key", "parole",
    ];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// The base address, which ends with `/` so that paths are joined below it.
pub(crate) fn base(text: &str) -> Option<Url> {
    let mut url = address(text)?;
    url.set_fragment(None);
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Some(url)
}

/// An address that begins with `http://` or `https://` and names a host.
pub(super) fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty())).then_some(url)
}
