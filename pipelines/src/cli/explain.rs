//! `vienkop explain CODE`.

use serde::Serialize;
use vienkop_transforms::finding::{self, RULES};
use vienkop_transforms::fold::nearest;

use super::session::Session;
use super::{Exit, Options, output};

#[derive(Serialize)]
struct Explanation {
    code: &'static str,
    severity: &'static str,
    title: String,
    meaning: String,
    remedy: String,
}

/// Prints what a finding code means and how it is mended.
pub(super) fn explain(options: &Options, id: &str, now: jiff::Timestamp) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let texts = session.texts();
    let Some(rule) = finding::rule(id) else {
        let codes = || RULES.iter().map(|rule| rule.code);
        let near = nearest(id, codes(), 3);
        let near = if near.is_empty() { codes().collect::<Vec<_>>() } else { near }.join(", ");
        anyhow::bail!(texts.get("cli-explain-unknown", &[("code", id), ("nearest", &near)]));
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
