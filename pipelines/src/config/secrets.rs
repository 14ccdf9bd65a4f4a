//! Secrets written into a file of the configuration: told, and hidden from every message.
//!
//! Where an option is the place of a secret ([`vienkop_connectors::secret::SecretPlace`]), the schema says so
//! (`validate.rs`). Here is what no schema knows: addresses with a password, headers and parameters that let somebody in.

use std::ops::Range;

use super::document::Document;
use super::problem::{Problem, Sentence};

/// Names that only a secret has, wherever they stand in `[fetch]` and `[deliver]`.
const EVERYWHERE: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "clientsecret",
    "apikey",
    "accesstoken",
    "refreshtoken",
    "authtoken",
    "privatekey",
    "userpassword",
];

/// Names that are a secret among headers, parameters and members of a request's body.
const IN_REQUESTS: [&str; 9] =
    ["key", "token", "auth", "authorization", "proxyauthorization", "cookie", "sessionid", "signature", "accesskey"];

/// Endings of names that are a secret there: `X-Redmine-API-Key`, `X-Auth-Token`.
const ENDINGS: [&str; 5] = ["apikey", "token", "secret", "password", "authkey"];

/// Tables of what is sent with a request.
const REQUESTS: [&str; 6] = ["headers", "query", "params", "parameters", "body", "form"];

/// The secrets in a file, and where they stand.
pub(super) fn literal(document: &Document) -> (Vec<Problem>, Vec<Range<usize>>) {
    let mut problems = Vec::new();
    let mut spans = Vec::new();
    for (path, span) in document.texts() {
        let mut value = &document.value;
        for step in &path {
            let below = match step.parse::<usize>() {
                Ok(index) if value.is_array() => value.get(index),
                _ => value.get(step),
            };
            value = below.unwrap_or(&serde_json::Value::Null);
        }
        let Some(text) = value.as_str() else { continue };
        let speaks = path.first().is_some_and(|first| first == "fetch" || first == "deliver" || first == "record");
        let named = if speaks { name_of_secret(&path).filter(|_| is_filled(text)) } else { None };
        let in_address = has_password(text) || (speaks && parameter(text).is_some());
        // Where the place of a secret is expected, the schema says the same; it is told once.
        let expected = speaks && path.last().is_some_and(|last| is_place(last) && is_filled(text));
        if named.is_none() && !in_address && !expected {
            continue;
        }
        spans.push(span.clone());
        let hint = match named.or_else(|| parameter(text)) {
            Some(name) => Sentence::new("config-hint-secret-auth").arg("name", name),
            None => Sentence::new("config-hint-secret"),
        };
        problems.push(Problem::at(&document.file, span, Sentence::new("config-secret")).hint(hint));
    }
    (problems, spans)
}

/// The text of a file with stars in the place of what stands there, so that lines and columns stay.
pub(super) fn hidden(text: &str, spans: &[Range<usize>]) -> String {
    let inside = |at: usize| spans.iter().any(|span| span.start < at && at + 1 < span.end);
    text.char_indices().map(|(at, letter)| if inside(at) && letter != '\n' { '*' } else { letter }).collect()
}

/// Options whose value is the place of a secret: `{ env = "NAME" }` or `{ file = "path" }`.
fn is_place(key: &str) -> bool {
    matches!(key, "secret" | "password" | "client_secret")
}

/// The name by which a text is a secret.
fn name_of_secret(path: &[String]) -> Option<String> {
    let (last, around) = path.split_last()?;
    let name: String = last.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let sent = around.iter().any(|table| REQUESTS.contains(&table.as_str()));
    if is_place(last) && !sent {
        return None;
    }
    // `X-Redmine-API-Key` is one, `X-Cache-Key` may be one: names of headers that end in "-key" are taken for it.
    let header = around.last().is_some_and(|table| table == "headers") && name.ends_with("key");
    let known = EVERYWHERE.contains(&name.as_str())
        || (sent && (IN_REQUESTS.contains(&name.as_str()) || ENDINGS.iter().any(|ending| name.ends_with(ending))))
        || header;
    known.then(|| last.clone())
}

/// Empty texts and placeholders (`{since}`) are no secrets.
fn is_filled(text: &str) -> bool {
    let text = text.trim();
    let placeholder = text.starts_with('{') && text.ends_with('}');
    !text.is_empty() && !placeholder
}

/// `scheme://user:password@host`.
fn has_password(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let scheme = scheme.rsplit(|c: char| c.is_whitespace()).next().unwrap_or_default();
    let is_scheme = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let address = rest.split(|c: char| c == '/' || c.is_whitespace()).next().unwrap_or_default();
    is_scheme
        && address.rsplit_once('@').and_then(|(user, _)| user.split_once(':')).is_some_and(|(_, word)| !word.is_empty())
}

/// The parameter of an address or path (`issues.json?key=…`) that is a secret.
fn parameter(text: &str) -> Option<String> {
    let (_, parameters) = text.split_once('?')?;
    if text.contains(char::is_whitespace) {
        return None;
    }
    let pairs = parameters.split(['&', '#']).filter_map(|one| one.split_once('='));
    let mut named = pairs.filter(|(_, value)| is_filled(value)).map(|(name, _)| name.to_owned());
    named.find(|name| name_of_secret(&["query".to_owned(), name.clone()]).is_some())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let document = Document::parse("x.toml", text).unwrap();
        literal(&document).1.into_iter().map(|span| &text[span]).collect()
    }

    #[test]
    fn secrets_are_found_and_nothing_else() {
        let text = r#"
            id = "password"
            [fetch]
            url = "https://a:noslepums1@b.example/x"
            other = "mysql://a:noslepums2@b/c?d=e"
            harmless = ["https://a@b.example/x", "https://b.example:8080/?key={since}&page=1", "SELECT 'a?key=b' AS \"x\""]
            path = "issues.json?limit=1&key=noslepums3"
            api_key = "noslepums4"
            key = "id"
            token = "/SessionID"
            [fetch.server.headers]
            Accept = "application/json"
            Authorization = "noslepums5"
            X-Redmine-API-Key = "noslepums6"
            Cookie = "noslepums7"
            X-Auth-Token = "noslepums8"
            [fetch.request.query]
            key = "noslepums9"
            sort = "updated_on"
            page_token = "{token}"
            [fetch.request.body]
            UserLogin = "a"
            Password = "noslepums10"
            [fetch.server.auth]
            kind = "basic"
            user = { env = "A" }
            password = { file = "b" }
            [fetch.more]
            secret = "noslepums12"
            [[table]]
            key = ["id"]
            [table.fields]
            password = "noslepums"
            [table.fields.link]
            value = "ftp://a:noslepums11@b/"
        "#;
        let mut expected: Vec<String> = vec![
            "https://a:noslepums1@b.example/x".to_owned(),
            "mysql://a:noslepums2@b/c?d=e".to_owned(),
            "issues.json?limit=1&key=noslepums3".to_owned(),
        ];
        expected.extend((4..=10).map(|n| format!("noslepums{n}")));
        expected.push("noslepums12".to_owned());
        expected.push("ftp://a:noslepums11@b/".to_owned());
        let mut spans: Vec<String> = found(text).into_iter().map(|span| span.trim_matches('"').to_owned()).collect();
        spans.sort();
        expected.sort();
        assert_eq!(spans, expected);
    }

    #[test]
    fn what_is_hidden_keeps_its_place() {
        let text = "a = \"ā1\"\nb = \"2\"\n";
        assert_eq!(hidden(text, std::slice::from_ref(&(4..9))), "a = \"**\"\nb = \"2\"\n");
    }
}
