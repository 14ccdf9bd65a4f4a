//! The source file that a survey makes, with comments for whoever reads it next.

use serde_json::{Map, Value};
use vienkop_transforms::mapping::{Columns, FieldRule};
use vienkop_transforms::model::Field;
use vienkop_transforms::normalise::personal::mask;
use vienkop_transforms::onboard::{ChildProposal, FieldProposal, Reason, given_by_installation};
use vienkop_transforms::texts::{Language, Texts};

use super::input::{Query, Register};
use super::survey::{Survey, Surveyed};
use crate::config::Kinded;

/// Where comments behind a line begin.
const COMMENTS: usize = 56;

/// A source file to be written.
pub(crate) struct Draft<'a> {
    /// Texts of the comments.
    pub(crate) texts: &'a Texts,
    /// Language of the comments.
    pub(crate) language: Language,
    /// Its id.
    pub(crate) id: &'a str,
    /// What a person reads in the summary.
    pub(crate) title: &'a str,
    /// Registration number of the institution.
    pub(crate) institution: Option<&'a str>,
    /// Where the register is.
    pub(crate) register: &'a Register,
    /// What it holds.
    pub(crate) survey: &'a Survey,
}

impl Draft<'_> {
    /// Whether the source can be run as it is.
    pub(crate) fn is_complete(&self) -> bool {
        !self.survey.tables.is_empty() && self.survey.tables.iter().all(|table| self.lacks(table).is_empty())
    }

    /// Required fields of a table that nothing fills.
    pub(crate) fn lacks(&self, table: &Surveyed) -> Vec<&'static Field> {
        let given = |field: &Field| given_by_installation(field) && self.institution.is_some();
        table.proposal.missing.iter().copied().filter(|field| !given(field)).collect()
    }

    /// The file.
    pub(crate) fn text(&self) -> String {
        let mut out = Writer::default();
        out.comment(&self.texts.get("onboard-file-made", &[("name", &mask(&self.register.name))]));
        out.comment(&self.texts.get("onboard-file-check", &[("id", self.id)]));
        out.line(&format!("id = {}", string(self.id)), "");
        out.line(&format!("title = {}", string(self.title)), "");
        match self.institution {
            Some(number) => out.line(&format!("institution = {}", string(number)), ""),
            None => out.line("# institution = \"\"", &self.texts.get("onboard-file-institution", &[])),
        }
        out.line("delivers = \"snapshot\"", &self.texts.get("onboard-file-delivers", &[]));
        self.fetch(&mut out);
        out.section("[format]");
        out.line(&format!("kind = {}", string(self.survey.kind.name())), "");
        for (name, value) in &self.survey.options {
            out.line(&format!("{name} = {}", inline(value)), &self.texts.get("onboard-file-found", &[]));
        }
        for table in &self.survey.tables {
            self.table(&mut out, table);
        }
        for left in &self.survey.left {
            let args = [("name", left.name.as_str()), ("because", &left.because)];
            out.comment(&self.texts.get("onboard-file-left-out", &args));
        }
        out.section("[policy]");
        out.line("max_quarantined_share = 0.1", &self.texts.get("onboard-file-quarantined", &[]));
        out.text
    }

    /// What is asked of a database.
    pub(crate) fn queries(&self) -> Vec<Query> {
        let mut queries: Vec<Query> = Vec::new();
        for table in &self.survey.tables {
            let columns = wanted(table);
            match queries.iter_mut().find(|query| query.table == table.file) {
                Some(query) => {
                    let new: Vec<String> =
                        columns.into_iter().filter(|column| !query.columns.contains(column)).collect();
                    query.columns.extend(new);
                }
                None => queries.push(Query { table: table.file.clone(), columns, join: table.join.clone() }),
            }
        }
        queries
    }

    fn fetch(&self, out: &mut Writer) {
        let Kinded { kind, options } = self.register.with_queries(&self.queries());
        out.section("[fetch]");
        out.line(&format!("kind = {}", string(&kind)), "");
        for (name, value) in options.iter().filter(|(name, _)| *name != "query") {
            out.line(&format!("{name} = {}", inline(value)), "");
        }
        for query in options.get("query").and_then(Value::as_array).into_iter().flatten() {
            out.section("[[fetch.query]]");
            for (name, value) in query.as_object().into_iter().flatten() {
                out.line(&format!("{name} = {}", inline(value)), "");
            }
        }
    }

    /// Whether every file holds the table.
    fn is_everywhere(&self, table: &Surveyed) -> bool {
        !self.register.is_database() && self.survey.tables.iter().all(|other| other.files() == table.files())
    }

    fn table(&self, out: &mut Writer, table: &Surveyed) {
        let proposal = &table.proposal;
        let name = match proposal.child {
            Some(child) => format!("{}.{}", proposal.entity.name, child.name),
            None => proposal.entity.name.to_owned(),
        };
        self.head(out, table, &name, &self.confidence(proposal.confidence));
        for field in self.lacks(table) {
            let args = [("field", field.name), ("label", self.label(field))];
            out.comment(&self.texts.get("onboard-file-missing", &args));
        }
        if !proposal.due.is_empty() {
            let due: Vec<&str> = proposal.due.iter().map(|field| field.name).collect();
            out.comment(&self.texts.get("onboard-file-due", &[("fields", &due.join(", "))]));
        }
        if !proposal.left.is_empty() {
            let left: Vec<String> = proposal.left.iter().map(|name| format!("\"{}\"", mask(name))).collect();
            out.comment(&self.texts.get("onboard-file-left", &[("columns", &left.join(", "))]));
        }
        self.fields(out, &proposal.fields);
        for child in proposal.children.iter().filter(|child| child.fields.len() == 1) {
            self.child(out, child);
        }
        for child in proposal.children.iter().filter(|child| child.fields.len() > 1) {
            self.head(out, table, &format!("{}.{}", proposal.entity.name, child.child.name), "");
            let parents = proposal.entity.default_key().iter();
            let parents = parents.filter_map(|part| proposal.fields.iter().find(|field| field.name == *part));
            let parents =
                parents.map(|field| FieldProposal { name: format!("parent.{}", field.name), ..field.clone() });
            let fields: Vec<FieldProposal> = parents.chain(child.fields.iter().cloned()).collect();
            self.fields(out, &fields);
        }
        self.events(out, table);
    }

    fn head(&self, out: &mut Writer, table: &Surveyed, entity: &str, comment: &str) {
        out.section("[[table]]");
        out.line(&format!("entity = {}", string(entity)), comment);
        if !self.is_everywhere(table) {
            let files: Vec<String> = table.files().into_iter().map(string).collect();
            out.line(&format!("files = [{}]", files.join(", ")), "");
        }
        if table.proposal.repeats {
            out.line("repeats = true", &self.texts.get("onboard-file-repeats", &[]));
        }
        if !table.proposal.personal.is_empty() && !self.register.is_database() {
            let columns: Vec<String> = table.proposal.personal.iter().map(|name| string(name)).collect();
            out.line(&format!("personal = [{}]", columns.join(", ")), &self.texts.get("onboard-file-personal", &[]));
        }
        for column in &table.headings {
            out.section("[[table.skip]]");
            out.line(&format!("column = {}", string(column)), &self.texts.get("onboard-file-heading", &[]));
            out.line("others_empty = true", "");
        }
        if !table.read.is_empty() {
            out.section("[table.read]");
            for (name, value) in &table.read {
                out.line(&format!("{name} = {}", inline(value)), "");
            }
        }
    }

    fn fields(&self, out: &mut Writer, fields: &[FieldProposal]) {
        out.section("[table.fields]");
        let (short, long): (Vec<&FieldProposal>, Vec<&FieldProposal>) =
            fields.iter().filter(|field| self.is_written(field)).partition(|field| field.codes.is_empty());
        for field in short {
            out.line(&format!("{} = {}", key(&field.name), inline_rule(&field.rule)), &self.why(field));
        }
        for field in long {
            out.section(&format!("[table.fields.{}]", key(&field.name)));
            let codes = std::mem::take(&mut field.rule.clone().codes);
            let rule = FieldRule { codes: std::collections::BTreeMap::new(), ..field.rule.clone() };
            for (at, (name, value)) in options(&rule).into_iter().enumerate() {
                out.line(&format!("{name} = {value}"), &if at == 0 { self.why(field) } else { String::new() });
            }
            out.section(&format!("[table.fields.{}.codes]", key(&field.name)));
            for code in &field.codes {
                let (rows, text) = (code.rows.to_string(), string(&mask(&code.text)));
                match codes.get(&code.text) {
                    Some(known) => {
                        let confidence = self.confidence(code.confidence);
                        let args = [("confidence", confidence.as_str()), ("rows", &rows)];
                        out.line(&format!("{text} = {}", string(known)), &self.texts.get("onboard-file-code", &args));
                    }
                    None => out
                        .line(&format!("# {text} = \"\""), &self.texts.get("onboard-file-no-code", &[("rows", &rows)])),
                }
            }
        }
    }

    fn child(&self, out: &mut Writer, child: &ChildProposal) {
        let Some(field) = child.fields.first() else { return };
        out.section(&format!("[table.children.{}]", child.child.name));
        let column = field.column.as_deref().unwrap_or_default();
        out.line(&format!("column = {}", string(column)), &self.why(field));
        out.line(&format!("field = {}", string(&field.name)), "");
        if !child.empty.is_empty() {
            let empty: Vec<String> = child.empty.iter().map(|text| string(&mask(text))).collect();
            out.line(&format!("empty = [{}]", empty.join(", ")), &self.texts.get("onboard-file-empty", &[]));
        }
        if child.child.fields.iter().any(|field| field.name == "currency") {
            out.line("fields = { currency = { value = \"EUR\" } }", "");
        }
    }

    fn events(&self, out: &mut Writer, table: &Surveyed) {
        let proposal = &table.proposal;
        if proposal.events.is_empty() {
            return;
        }
        self.head(out, table, "status_event", "");
        out.section("[table.fields]");
        for field in
            proposal.fields.iter().filter(|field| field.name == "request_no" || field.name == "institution_reg_no")
        {
            if self.is_written(field) {
                out.line(&format!("{} = {}", key(&field.name), inline_rule(&field.rule)), "");
            }
        }
        out.line("derivation = { value = \"timestamp_column\" }", "");
        let formats: Vec<String> =
            proposal.events.iter().flat_map(|event| event.formats.iter().map(|one| string(one))).collect();
        if let Some(format) = formats.first() {
            out.line(&format!("at = {{ formats = [{format}] }}"), "");
        }
        out.section("[table.unpivot.columns]");
        for event in &proposal.events {
            let line = format!("{} = {}", string(&event.column), string(&event.state));
            out.line(&line, &self.confidence(event.confidence));
        }
    }

    /// The institution of requests and events stands once, at the top.
    fn is_written(&self, field: &FieldProposal) -> bool {
        !(field.column.is_none() && field.name == "institution_reg_no" && self.institution.is_some())
    }

    fn label(&self, field: &'static Field) -> &'static str {
        match self.language {
            Language::Lv => field.label_lv,
            Language::En => field.label_en,
        }
    }

    fn confidence(&self, share: f64) -> String {
        self.texts.get("onboard-confidence", &[("percent", &percent(share))])
    }

    /// How sure a proposal is, and why.
    fn why(&self, field: &FieldProposal) -> String {
        why(self.texts, field)
    }
}

/// How sure a proposal is, and why, in a line.
pub(crate) fn why(texts: &Texts, field: &FieldProposal) -> String {
    let reasons: Vec<String> = field
        .reasons
        .iter()
        .map(|reason| match reason {
            Reason::Header(phrase) => texts.get("onboard-why-header", &[("phrase", phrase)]),
            Reason::Looks(looks, share) => {
                let looks = texts.get(&format!("onboard-looks-{}", looks.name()), &[]);
                texts.get("onboard-why-looks", &[("looks", &looks), ("percent", &percent(*share))])
            }
            Reason::Codes(list, share) => {
                texts.get("onboard-why-codes", &[("list", list), ("percent", &percent(*share))])
            }
            Reason::Assumed => texts.get("onboard-why-assumed", &[]),
            Reason::Chosen => texts.get("onboard-why-chosen", &[]),
        })
        .collect();
    let unit = field.rule.unit.as_deref().filter(|_| field.unit_assumed);
    let unit = unit.map(|unit| texts.get("onboard-why-unit", &[("unit", unit)]));
    let reasons: Vec<String> = reasons.into_iter().chain(unit).collect();
    let confidence = texts.get("onboard-confidence", &[("percent", &percent(field.confidence))]);
    format!("{confidence}: {}", reasons.join("; "))
}

/// `0.876` becomes `88`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.0}", share * 100.0)
}

/// Columns that a table needs of its file.
fn wanted(table: &Surveyed) -> Vec<String> {
    let proposal = &table.proposal;
    let children = proposal.children.iter().flat_map(|child| &child.fields);
    let of_field = |field: &FieldProposal| field.column.iter().chain(&field.rule.columns).cloned().collect::<Vec<_>>();
    let fields = proposal.fields.iter().chain(children).flat_map(of_field);
    let mut columns: Vec<String> = Vec::new();
    for column in fields.chain(proposal.events.iter().map(|event| event.column.clone())) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}

#[derive(Default)]
struct Writer {
    text: String,
}

impl Writer {
    fn comment(&mut self, text: &str) {
        for line in text.lines() {
            self.text.push_str(&format!("# {line}\n"));
        }
    }

    fn section(&mut self, head: &str) {
        self.text.push_str(&format!("\n{head}\n"));
    }

    fn line(&mut self, line: &str, comment: &str) {
        self.text.push_str(line);
        if !comment.is_empty() {
            let fill = COMMENTS.saturating_sub(line.chars().count()).max(2);
            // A comment ends where its line does.
            self.text.push_str(&format!("{}# {}", " ".repeat(fill), comment.replace(['\n', '\r'], " ")));
        }
        self.text.push('\n');
    }
}

/// A string of TOML on one line.
fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A key of TOML: as it is where that is allowed.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if bare { name.to_owned() } else { string(name) }
}

/// A value of TOML on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("{} = {}", key(name), inline(value))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        other => other.to_string(),
    }
}

fn inline_rule(rule: &FieldRule) -> String {
    let options = options(rule);
    match options.as_slice() {
        [(name, value)] if name == "column" => value.clone(),
        _ => {
            let members: Vec<String> = options.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            format!("{{ {} }}", members.join(", "))
        }
    }
}

/// What a rule says beyond what holds anyway, each option as TOML; the column first.
fn options(rule: &FieldRule) -> Vec<(String, String)> {
    let mut options = Vec::new();
    if let Some(Columns::One(column)) = &rule.column {
        options.push(("column".to_owned(), string(column)));
    }
    let (Ok(Value::Object(said)), Ok(Value::Object(usual))) =
        (serde_json::to_value(rule), serde_json::to_value(FieldRule::default()))
    else {
        return options;
    };
    let differs = |name: &str, value: &Value, usual: &Map<String, Value>| usual.get(name) != Some(value);
    let said = said.iter().filter(|(name, value)| *name != "column" && differs(name, value, &usual));
    options.extend(said.map(|(name, value)| (name.clone(), inline(value))));
    options
}
