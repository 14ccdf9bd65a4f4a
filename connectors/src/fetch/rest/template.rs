//! Requests with gaps: `{since}`, `{offset}`, `{id}` in the path, the parameters and the body.
//!
//! A parameter or member of the body with a gap that has no value this time is left out: `{since}` in the first fetch,
//! `{cursor}` on the first page; `{since|1970-01-01}` says what stands there instead. A text of the body that is nothing
//! but a gap becomes what fills it, a number stays a number. How gaps are written: [`vienkop_transforms::gaps`].

use reqwest::{Method, Url};
use serde_json::Value;
use vienkop_transforms::gaps::{self, segment};

use super::super::FetchError;
use super::super::OptionError;
use super::options::RequestOptions;
use super::tree::Node;
use crate::net::{Conversation, Request};

/// A text with gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// Its name, and what stands there without a value.
    Gap(String, Option<String>),
    /// Of a parameter of ours: a number in a body too.
    Number(u64),
}

/// What fills the gaps, by name.
pub(super) type Values<'v> = dyn Fn(&str) -> Option<Node> + Sync + 'v;

impl Template {
    pub(super) fn parse(text: &str) -> Self {
        let part = |part| match part {
            gaps::Part::Text(text) => Part::Text(text),
            gaps::Part::Gap { name, otherwise } => Part::Gap(name, otherwise),
        };
        Self(gaps::parse(text).into_iter().map(part).collect())
    }

    /// One gap and nothing else.
    pub(super) fn gap(name: &str) -> Self {
        Self(vec![Part::Gap(name.to_owned(), None)])
    }

    /// A number.
    pub(super) fn number(number: u64) -> Self {
        Self(vec![Part::Number(number)])
    }

    pub(super) fn gaps(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Gap(name, _) => Some(name.as_str()),
            Part::Text(_) | Part::Number(_) => None,
        })
    }

    /// Gaps without which the text is left out.
    fn needed(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Gap(name, None) => Some(name.as_str()),
            Part::Gap(_, Some(_)) | Part::Text(_) | Part::Number(_) => None,
        })
    }

    /// The text with its gaps filled; none where one has no value.
    fn text(&self, values: &Values<'_>, encode: fn(&str) -> Option<String>) -> Option<String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Number(number) => text.push_str(&number.to_string()),
                Part::Gap(name, otherwise) => {
                    let value = values(name).and_then(|value| joined(&value)).or_else(|| otherwise.clone());
                    text.push_str(&encode(&value?)?);
                }
            }
        }
        Some(text)
    }

    fn node(&self, values: &Values<'_>) -> Option<Node> {
        match self.0.as_slice() {
            [Part::Gap(name, otherwise)] => values(name).or_else(|| otherwise.as_deref().map(Node::text_of)),
            [Part::Number(number)] => Some(Node::number(*number)),
            _ => self.text(values, plain).map(|text| Node::text_of(&text)),
        }
    }
}

/// What a value is within a text; several are joined with commas.
fn joined(value: &Node) -> Option<String> {
    match value {
        Node::Array(items) => {
            let texts: Option<Vec<String>> = items.iter().map(joined).collect();
            texts.map(|texts| texts.join(","))
        }
        other => other.text().map(std::borrow::Cow::into_owned),
    }
}

#[allow(clippy::unnecessary_wraps, reason = "one of two ways to encode a value")]
fn plain(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A body with gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Body {
    Literal(Node),
    Text(Template),
    Object(Vec<(String, Body)>),
    Array(Vec<Body>),
}

impl Body {
    fn of(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::Text(Template::parse(text)),
            Value::Object(members) => {
                Self::Object(members.iter().map(|(name, value)| (name.clone(), Self::of(value))).collect())
            }
            Value::Array(items) => Self::Array(items.iter().map(Self::of).collect()),
            other => Self::Literal(Node::Scalar(other.to_string().into())),
        }
    }

    fn node(&self, values: &Values<'_>) -> Option<Node> {
        match self {
            Self::Literal(node) => Some(node.clone()),
            Self::Text(template) => template.node(values),
            Self::Object(members) => {
                let filled = members.iter().filter_map(|(name, value)| Some((name.clone(), value.node(values)?)));
                Some(Node::Object(filled.collect()))
            }
            Self::Array(items) => Some(Node::Array(items.iter().filter_map(|item| item.node(values)).collect())),
        }
    }

    fn texts<'b>(&'b self, found: &mut Vec<&'b Template>) {
        match self {
            Self::Literal(_) => {}
            Self::Text(template) => found.push(template),
            Self::Object(members) => members.iter().for_each(|(_, value)| value.texts(found)),
            Self::Array(items) => items.iter().for_each(|item| item.texts(found)),
        }
    }
}

/// A request with gaps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RequestTemplate {
    method: Method,
    path: Template,
    query: Vec<(String, Template)>,
    body: Option<Body>,
}

impl RequestTemplate {
    /// Compiles the options of a request; `at` names their table.
    pub(super) fn new(options: &RequestOptions, at: &str) -> Result<Self, OptionError> {
        let fault = |option: &str, reason, value: &str| OptionError::new(&format!("{at}/{option}"), reason, value);
        let method = match options.method.to_ascii_uppercase().as_str() {
            "GET" => Method::GET,
            "POST" => Method::POST,
            other => return Err(fault("method", "method", other)),
        };
        if options.path.trim().is_empty() {
            return Err(fault("path", "empty", ""));
        }
        let mut query = Vec::new();
        for (name, value) in &options.query {
            let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            for value in values {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(_) | Value::Bool(_) => value.to_string(),
                    _ => return Err(fault("query", "query", name)),
                };
                query.push((name.clone(), Template::parse(&text)));
            }
        }
        let body = options.body.as_ref().map(Body::of);
        if body.is_some() && method == Method::GET {
            return Err(fault("body", "body-of-get", ""));
        }
        Ok(Self { method, path: Template::parse(&options.path), query, body })
    }

    /// Adds a parameter, or a member of the body.
    pub(super) fn add(&mut self, in_body: bool, name: &str, template: Template) {
        if !in_body {
            self.query.push((name.to_owned(), template));
            return;
        }
        let body = self.body.get_or_insert_with(|| Body::Object(Vec::new()));
        if let Body::Object(members) = body {
            members.retain(|(known, _)| known != name);
            members.push((name.to_owned(), Body::Text(template)));
        }
    }

    /// Whether the request has a body that members can be added to.
    pub(super) fn takes_members(&self) -> bool {
        self.method == Method::POST && matches!(self.body, None | Some(Body::Object(_)))
    }

    /// Names of all gaps.
    pub(super) fn gaps(&self) -> Vec<&str> {
        self.texts().into_iter().flat_map(Template::gaps).collect()
    }

    /// Names of the gaps without which a parameter or member is left out.
    pub(super) fn needed(&self) -> Vec<&str> {
        self.texts().into_iter().flat_map(Template::needed).collect()
    }

    fn texts(&self) -> Vec<&Template> {
        let mut found = vec![&self.path];
        found.extend(self.query.iter().map(|(_, value)| value));
        if let Some(body) = &self.body {
            body.texts(&mut found);
        }
        found
    }

    /// The last part of the path as it is written, for people.
    pub(super) fn name(&self) -> String {
        let path: String = self
            .path
            .0
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Gap(name, _) => format!("{{{name}}}"),
                Part::Number(number) => number.to_string(),
            })
            .collect();
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
        path.rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// The request with its gaps filled; none where the path has one without value.
    ///
    /// # Errors
    /// The address leads to a host that is not allowed.
    pub(super) fn request(
        &self,
        conversation: &Conversation<'_>,
        values: &Values<'_>,
    ) -> Result<Option<Request>, FetchError> {
        let Some(path) = self.path.text(values, segment) else { return Ok(None) };
        let mut url = conversation.url(&path)?;
        let filled: Vec<_> =
            self.query.iter().filter_map(|(name, value)| Some((name, value.text(values, plain)?))).collect();
        if !filled.is_empty() {
            url.query_pairs_mut().extend_pairs(filled);
        }
        Ok(Some(self.at(url, values)))
    }

    /// The request sent to another address, as a link to the next page says.
    pub(super) fn at(&self, url: Url, values: &Values<'_>) -> Request {
        if self.method == Method::GET {
            return Request::get(url);
        }
        let body = self.body.as_ref().and_then(|body| body.node(values));
        Request::search(url, body.unwrap_or(Node::Object(Vec::new())).bytes())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    fn values(name: &str) -> Option<Node> {
        match name {
            "offset" => Some(Node::number(100)),
            "key" => Some(Node::text_of("A/B ?..")),
            "dots" => Some(Node::text_of("..")),
            "ids" => Some(Node::Array(vec![Node::number(7), Node::text_of("8")])),
            _ => None,
        }
    }

    fn text(template: &str, encode: fn(&str) -> Option<String>) -> Option<String> {
        Template::parse(template).text(&values, encode)
    }

    #[test]
    fn gaps_are_filled() {
        assert_eq!(text("a{offset}b{offset}", plain).unwrap(), "a100b100");
        assert_eq!(text("{since}", plain), None);
        assert_eq!(text("issue/{key}/x", segment).unwrap(), "issue/A%2FB%20%3F../x");
        assert_eq!(text("issue/{dots}", segment), None);
        assert_eq!(text("{ids}", plain).unwrap(), "7,8");
        for literal in ["{ issues { id } }", "{}", "{\"a\":1}", "a } b", "{"] {
            assert_eq!(text(literal, plain).unwrap(), literal);
        }
        assert_eq!(text("{{offset}", plain).unwrap(), "{offset}");
        let both = "a >= '{since|1970-01-01 00:00}' b = {offset|x}";
        assert_eq!(text(both, plain).unwrap(), "a >= '1970-01-01 00:00' b = 100");
        assert_eq!(
            (text("{a b|c}", plain).unwrap(), text("{since|}", plain).unwrap()),
            ("{a b|c}".into(), String::new())
        );
    }

    #[test]
    fn bodies_keep_types() {
        let body = Body::of(&json!({
            "n": "{offset}", "t": "from {offset}", "i": "{ids}", "x": "{since}", "z": "{since|0}",
            "d": {"y": ["{since}", true, 1]},
        }));
        let written = String::from_utf8(body.node(&values).unwrap().bytes()).unwrap();
        assert_eq!(written, r#"{"d":{"y":[true,1]},"i":[7,"8"],"n":100,"t":"from 100","z":"0"}"#);
    }

    #[test]
    fn options_are_checked() {
        let check = |value: Value| {
            let options: super::super::options::ListOptions = serde_json::from_value(value).unwrap();
            RequestTemplate::new(&RequestOptions::from(&options), "request")
                .map(|template| template.name())
                .map_err(|e| (e.option, e.reason))
        };
        assert_eq!(check(json!({"path": "a/issues.json?x=1"})).unwrap(), "issues.json");
        assert_eq!(check(json!({"path": " "})).unwrap_err(), ("request/path".to_owned(), "empty"));
        assert_eq!(check(json!({"path": "a", "method": "DELETE"})).unwrap_err().1, "method");
        assert_eq!(check(json!({"path": "a", "body": {}})).unwrap_err().1, "body-of-get");
        assert_eq!(check(json!({"path": "a", "query": {"a": {}}})).unwrap_err().1, "query");
    }
}
