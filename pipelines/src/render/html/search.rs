//! What the page's one script needs: search and sorting in tables, and the policy that lets that script run and no other.
//!
//! The page is whole without it: boxes come from templates, buttons are made by the script.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use sha2::{Digest as _, Sha256};
use vienkop_transforms::texts::Texts;

/// The page's script. Browsers hash it with the line ends of a text file here, whatever a checkout made of them.
pub(super) fn script() -> String {
    include_str!("../report.js").replace('\r', "")
}

/// The page's styles.
pub(super) fn style() -> String {
    include_str!("../report.css").replace('\r', "")
}

/// The page takes nothing from outside and sends nothing there, and runs what has these hashes only: texts of sources
/// are escaped, and would do nothing if they were not.
pub(super) fn policy() -> String {
    let hash = |text: String| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        hash(script()),
        hash(style())
    )
}

/// Boxes that the script puts into the page: one for all tables, one for a long table. Numbers take the place of
/// `{shown}`, `{all}` and `{tables}`.
pub(super) fn templates(texts: &Texts) -> Markup {
    let field = |label: &str| {
        html! {
            label { span { (texts.get(label, &[])) } " " input type="search" autocomplete="off" autocapitalize="off" spellcheck="false"; }
        }
    };
    let counts = [("shown", "{shown}"), ("all", "{all}"), ("tables", "{tables}")];
    html! {
        template id="search-whole" {
            div class="search whole" role="search" {
                (field("report-search"))
                p role="status" data-text=(texts.get("report-search-found", &counts)) {}
            }
        }
        template id="search-table" {
            div class="search" {
                (field("report-search-table"))
                p role="status" data-text=(texts.get("report-search-shown", &counts)) {}
            }
        }
    }
}
