//! `vienkop explain CODE|UID|FIGURE`.

use serde::Serialize;
use vienkop_transforms::finding::{self, RULES};
use vienkop_transforms::fold::nearest;

use super::session::Session;
use super::{Exit, Options, figure, output, record};

#[derive(Serialize)]
struct Explanation {
    code: &'static str,
    severity: &'static str,
    title: String,
    meaning: String,
    remedy: String,
}

/// Whether a text has the form of a finding code: a letter and three digits.
fn looks_like_code(id: &str) -> bool {
    let bytes = id.as_bytes();
    bytes.len() == 4 && bytes[0].is_ascii_alphabetic() && bytes[1..].iter().all(u8::is_ascii_digit)
}

/// Prints what a finding code means and how it is mended, or where the values of a record came from.
pub(super) async fn explain(options: &Options, id: &str, now: jiff::Timestamp) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let texts = session.texts();
    let Some(rule) = finding::rule(id).or_else(|| finding::rule(&id.to_uppercase())) else {
        if looks_like_code(id) {
            let near = nearest(id, RULES.iter().map(|rule| rule.code), 3).join(", ");
            anyhow::bail!(texts.get("cli-explain-unknown", &[("code", id), ("nearest", &near)]));
        }
        if figure::is_figure(&session, id) {
            return figure::explain(&session, options, id).await;
        }
        return record::explain::explain(&session, options, id).await;
    };
    let text = |part: &str| texts.get(&format!("{}-{part}", rule.code), &[]);
    let explanation = Explanation {
        code: rule.code,
        severity: rule.severity.as_str(),
        title: text("title"),
        meaning: text("explain"),
        remedy: text("remedy"),
    };
    if options.json {
        output::json(&explanation)?;
    } else {
        let severity = texts.get(&format!("cli-explain-severity-{}", rule.severity.as_str()), &[]);
        let remedy = texts.get("cli-explain-remedy", &[("text", &explanation.remedy)]);
        output::text(&format!(
            "{} ({severity}): {}\n\n{}\n\n{remedy}\n",
            rule.code, explanation.title, explanation.meaning
        ))?;
    }
    Ok(Exit::Done)
}
