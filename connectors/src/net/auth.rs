//! How the server knows us: secrets read, tokens got, and what of them goes into a request.
//!
//! Only requests to the server's own scheme, host and port get any of it.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use vienkop_transforms::finding::{self, Finding};

use super::server::{Auth, Name, Server, TokenPlace, address};
use super::tell::{Fault, Tell, about, words};
use crate::fetch::FetchError;
use crate::secret::{EnvPlace, FilePlace, Secret, SecretPlace};

/// Tokens that end in so short a time are got anew.
const SPARE: Duration = Duration::from_secs(30);

/// The way in.
pub(super) enum Access {
    /// What is sent is always the same.
    Fixed(Keys),
    /// A login comes first.
    Login(Box<Login>),
}

/// What is added to a request so that the server knows us.
#[derive(Clone, Default)]
pub(super) struct Keys {
    pub(super) header: Option<(HeaderName, HeaderValue)>,
    pub(super) parameter: Option<(String, Secret)>,
    pub(super) member: Option<(String, Secret)>,
    /// Number of the login they are from.
    pub(super) login: u64,
}

/// A login, and what came of it.
pub(super) struct Login {
    /// How it is asked for.
    pub(super) request: LoginRequest,
    take: String,
    place: TokenPlace,
    name: String,
    prefix: String,
    token: Mutex<Token>,
}

/// The request of a login. It is never recorded and never shown but for method and address.
pub(super) struct LoginRequest {
    pub(super) method: Method,
    /// Without secrets.
    pub(super) url: Url,
    /// Parameters that are added to `url`.
    parameters: Vec<(String, Secret)>,
    basic: Option<(Secret, Secret)>,
    body: Option<(&'static str, Secret)>,
}

#[derive(Default)]
struct Token {
    number: u64,
    keys: Option<Keys>,
    until: Option<Instant>,
}

/// An answer to a login.
pub(super) struct Granted {
    pub(super) body: Vec<u8>,
}

impl Access {
    /// Reads every secret that the server's options name.
    pub(super) fn open(server: &Server, base: &Url, folder: &Path, tell: &Tell) -> Result<Self, FetchError> {
        let read = |place: &SecretPlace| secret(place, folder, tell);
        let known = |name: &Name| match name {
            Name::Text(text) => Ok(Secret::new(text.clone())),
            Name::Place(place) => read(place),
        };
        let login = |request, take: &str, place, name: &str, prefix: &str| {
            let (take, name, prefix) = (take.to_owned(), name.to_owned(), prefix.to_owned());
            Self::Login(Box::new(Login { request, take, place, name, prefix, token: Mutex::default() }))
        };
        Ok(match &server.auth {
            None => Self::Fixed(Keys::default()),
            Some(Auth::Header { name, secret, prefix }) => {
                let header = header(name, prefix, &read(secret)?).ok_or_else(|| unusable(secret))?;
                Self::Fixed(Keys { header: Some(header), ..Keys::default() })
            }
            Some(Auth::Query { name, secret }) => {
                Self::Fixed(Keys { parameter: Some((name.clone(), read(secret)?)), ..Keys::default() })
            }
            Some(Auth::Basic { user, password }) => {
                let (user, secret) = (known(user)?, read(password)?);
                let value = Secret::new(BASE64_STANDARD.encode(format!("{}:{}", user.expose(), secret.expose())));
                tell.hide(&value);
                let header = header(AUTHORIZATION.as_str(), "Basic ", &value).ok_or_else(|| unusable(password))?;
                Self::Fixed(Keys { header: Some(header), ..Keys::default() })
            }
            Some(Auth::Bearer { secret }) => {
                let header =
                    header(AUTHORIZATION.as_str(), "Bearer ", &read(secret)?).ok_or_else(|| unusable(secret))?;
                Self::Fixed(Keys { header: Some(header), ..Keys::default() })
            }
            Some(Auth::OAuth2 { token_url, client_id, client_secret, scope, parameters, basic }) => {
                let (id, secret) = (known(client_id)?, read(client_secret)?);
                // Parameters of an address are written as those of a form.
                let mut form = base.clone();
                form.set_query(None);
                form.query_pairs_mut()
                    .append_pair("grant_type", "client_credentials")
                    .extend_pairs(scope.iter().map(|scope| ("scope", scope)))
                    .extend_pairs(parameters);
                if !basic {
                    let secrets = [("client_id", id.expose()), ("client_secret", secret.expose())];
                    form.query_pairs_mut().extend_pairs(secrets);
                }
                let form = form.query().unwrap_or_default().to_owned();
                let request = LoginRequest {
                    method: Method::POST,
                    url: address(token_url).unwrap_or_else(|| base.clone()),
                    parameters: Vec::new(),
                    basic: basic.then_some((id, secret)),
                    body: Some(("application/x-www-form-urlencoded", Secret::new(form))),
                };
                login(request, "/access_token", TokenPlace::Header, AUTHORIZATION.as_str(), "Bearer ")
            }
            Some(Auth::Session { path, method, body, take, place, name, prefix }) => {
                let url = base.join(path).unwrap_or_else(|_| base.clone());
                let mut members = Vec::new();
                for (name, value) in body {
                    members.push((name.clone(), known(value)?));
                }
                let mut request =
                    LoginRequest { method: Method::GET, url, parameters: Vec::new(), basic: None, body: None };
                if method == "GET" {
                    request.parameters = members;
                } else {
                    let object = members.iter().map(|(name, value)| (name.clone(), value.expose().into()));
                    let body = Value::Object(object.collect()).to_string();
                    request.method = if method == "PUT" { Method::PUT } else { Method::POST };
                    request.body = Some(("application/json", Secret::new(body)));
                }
                login(request, take, *place, name, prefix)
            }
        })
    }

    /// Forgets the token of that login, so that the next request gets another; false where there is nothing to get.
    pub(super) async fn renew(&self, login: u64) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Login(known) => {
                let mut token = known.token.lock().await;
                if token.number == login {
                    token.keys = None;
                }
                true
            }
        }
    }

    /// What the next request carries; logs in where that is needed, by `ask`.
    pub(super) async fn keys(
        &self,
        tell: &Tell,
        ask: impl AsyncFnOnce(&LoginRequest) -> Result<Granted, Fault>,
    ) -> Result<Keys, Fault> {
        let login = match self {
            Self::Fixed(keys) => return Ok(keys.clone()),
            Self::Login(login) => login,
        };
        // Whoever comes meanwhile waits here and gets the same.
        let mut token = login.token.lock().await;
        if token.until.is_some_and(|until| until <= Instant::now()) {
            token.keys = None;
        }
        if let Some(keys) = &token.keys {
            return Ok(keys.clone());
        }
        let granted = ask(&login.request).await?;
        let keys = login.keys(&granted.body, token.number + 1, tell)?;
        *token = Token { number: keys.login, until: until(&granted.body), keys: Some(keys.clone()) };
        Ok(keys)
    }
}

impl Login {
    fn keys(&self, body: &[u8], login: u64, tell: &Tell) -> Result<Keys, FetchError> {
        let refused = || {
            let words = tell.quote(&words(&String::from_utf8_lossy(body)));
            let request = self.request.name();
            FetchError::from(about(&finding::LOGIN_REFUSED, &request, &words, Some(&self.take)))
        };
        let answer: Value = serde_json::from_slice(body).map_err(|_| refused())?;
        let token = match answer.pointer(&self.take) {
            Some(Value::String(token)) if !token.is_empty() => token.clone(),
            Some(Value::Number(token)) => token.to_string(),
            _ => return Err(refused()),
        };
        let token = Secret::new(token);
        tell.hide(&token);
        let whole = Secret::new(format!("{}{}", self.prefix, token.expose()));
        let mut keys = Keys { login, ..Keys::default() };
        match self.place {
            TokenPlace::Header => keys.header = Some(header(&self.name, &self.prefix, &token).ok_or_else(refused)?),
            TokenPlace::Query => keys.parameter = Some((self.name.clone(), whole)),
            TokenPlace::Body => keys.member = Some((self.name.clone(), whole)),
        }
        Ok(keys)
    }
}

impl LoginRequest {
    /// What people know it by.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.url)
    }

    /// The request as it is sent.
    pub(super) fn build(&self, client: &reqwest::Client) -> reqwest::RequestBuilder {
        let mut url = self.url.clone();
        if !self.parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(self.parameters.iter().map(|(name, value)| (name, value.expose())));
        }
        let mut builder = client.request(self.method.clone(), url).header("Accept", "application/json");
        if let Some((user, password)) = &self.basic {
            builder = builder.basic_auth(user.expose(), Some(password.expose()));
        }
        if let Some((kind, body)) = &self.body {
            builder = builder.header("Content-Type", *kind).body(body.expose().to_owned());
        }
        builder
    }
}

impl Keys {
    /// The body with the token as its first member.
    pub(super) fn added_to(&self, body: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let Some((name, token)) = &self.member else { return body };
        let member = format!("{}:{}", Value::from(name.as_str()), Value::from(token.expose()));
        let body = body.unwrap_or_else(|| b"{}".to_vec());
        // Written in front, so that every other letter stays as it is.
        let text = body.trim_ascii();
        let Some(rest) = text.strip_prefix(b"{") else { return Some(body) };
        let comma = if rest.trim_ascii_start().starts_with(b"}") { "" } else { "," };
        Some([b"{", member.as_bytes(), comma.as_bytes(), rest].concat())
    }
}

/// When a token ends (`expires_in`, RFC 6749, 5.1).
fn until(body: &[u8]) -> Option<Instant> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let seconds = answer.get("expires_in")?;
    let seconds = seconds.as_u64().or_else(|| seconds.as_str()?.parse().ok())?;
    Instant::now().checked_add(Duration::from_secs(seconds).saturating_sub(SPARE))
}

fn secret(place: &SecretPlace, folder: &Path, tell: &Tell) -> Result<Secret, FetchError> {
    let secret = place.read(folder).map_err(|_| {
        let why = match place {
            SecretPlace::Env(EnvPlace { .. }) => "env",
            SecretPlace::File(FilePlace { .. }) => "file",
        };
        missing(place.name(), why)
    })?;
    tell.hide(&secret);
    Ok(secret)
}

/// A secret or a certificate that cannot be had; `why` is the word of N013.
pub(super) fn missing(name: &str, why: &str) -> FetchError {
    let (value, expected) = (Some(name.to_owned()), Some(why.to_owned()));
    Finding { value, expected, ..Finding::of(&finding::SECRET_MISSING) }.into()
}

fn unusable(place: &SecretPlace) -> FetchError {
    missing(place.name(), "letters")
}

fn header(name: &str, prefix: &str, secret: &Secret) -> Option<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::from_str(&format!("{prefix}{}", secret.expose())).ok()?;
    value.set_sensitive(true);
    Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
}
