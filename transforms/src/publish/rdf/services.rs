//! What is said of services beyond their fields: legal acts and rules, costs, applications, needs, events, other services.

use polars::prelude::*;

use super::RdfError;
use super::address::{Base, below};
use super::fields::Describer;
use super::triples::{Object, Triples};
use super::vocabulary::node;
use crate::model::{self, Field};

/// Adds a column made of texts of others, row by row; an empty text stands for a null.
pub(super) fn with_made(
    rows: DataFrame,
    name: &str,
    of: &[&str],
    make: impl Fn(&[&str]) -> String,
) -> PolarsResult<DataFrame> {
    let mut rows = rows;
    let texts = of.iter().map(|column| Ok(rows.column(column)?.str()?.clone())).collect::<PolarsResult<Vec<_>>>()?;
    let column: StringChunked = (0..rows.height())
        .map(|n| make(&texts.iter().map(|column| column.get(n).unwrap_or_default()).collect::<Vec<_>>()))
        .collect_ca(name.into());
    rows.with_column(column.into_series().into())?;
    Ok(rows)
}

/// Legal acts of services: the rows of the child with `act` (address of the act) and `rule` (that of the clause). An act
/// that several services rest on is one: the same title and link.
pub(super) fn legal_acts(base: &Base<'_>, rows: DataFrame) -> PolarsResult<DataFrame> {
    let rows = with_made(rows, "act", &["title", "url"], |of| {
        base.iri("legal-act", &crate::resolve::uid(&[&["legal_act"], of].concat()).hyphenated().to_string())
    })?;
    with_made(rows, "rule", &["title", "url", "clause"], |of| {
        base.iri("rule", &crate::resolve::uid(&[&["rule"], of].concat()).hyphenated().to_string())
    })
}

/// The acts themselves, and the rules that their clauses are.
pub(super) fn acts(describer: &mut Describer<'_>, rows: &DataFrame) -> Result<(Triples, Triples), RdfError> {
    let (mut acts, mut rules) = (Triples::new(), Triples::new());
    let url = child_field("legal_acts", "url")?;
    let columns =
        ["act", "rule", "title", "url", "clause"].map(|name| rows.column(name).and_then(|c| c.str().cloned()));
    let [act, rule, title, link, clause] = columns;
    let (act, rule, title, link, clause) = (act?, rule?, title?, link?, clause?);
    for n in 0..rows.height() {
        let (Some(act), Some(rule), Some(title)) = (act.get(n), rule.get(n), title.get(n)) else { continue };
        acts.class(act, "eli:LegalResource");
        acts.push(act, "dct:title", Object::Text(title, "lv"));
        if let Some(link) = link.get(n) {
            describer.value(&mut acts, url, act, "foaf:page", link);
        }
        if let Some(clause) = clause.get(n).filter(|clause| !clause.trim().is_empty()) {
            let name = format!("{title}, {clause}");
            rules.class(rule, "cpsv:Rule");
            rules.push(rule, "dct:identifier", Object::Plain(describer.base.identifier(rule)));
            rules.push(rule, "dct:title", Object::Text(&name, "lv"));
            rules.push(rule, "dct:description", Object::Text(&name, "lv"));
            rules.push(rule, "cpsv:implements", Object::Iri(act));
        }
    }
    Ok((acts, rules))
}

/// Which acts services rest on and which rules they follow; `rows`: `iri` of the service, `act`, `rule`, `clause`.
pub(super) fn legal_basis(out: &mut Triples, rows: &DataFrame) -> Result<(), RdfError> {
    let (iri, act) = (rows.column("iri")?.str()?, rows.column("act")?.str()?);
    let (rule, clause) = (rows.column("rule")?.str()?, rows.column("clause")?.str()?);
    for (((service, act), rule), clause) in iri.iter().zip(act.iter()).zip(rule.iter()).zip(clause.iter()) {
        let (Some(service), Some(act), Some(rule)) = (service, act, rule) else { continue };
        out.push(service, "cv:hasLegalResource", Object::Iri(act));
        if clause.is_some_and(|clause| !clause.trim().is_empty()) {
            out.push(service, "cpsv:follows", Object::Iri(rule));
        }
    }
    Ok(())
}

/// What services cost; `rows`: `iri` of the service and the columns of the child.
pub(super) fn costs(describer: &mut Describer<'_>, out: &mut Triples, rows: &DataFrame) -> Result<(), RdfError> {
    let Some(cost) = node("cv:hasCost") else { return Ok(()) };
    let fields = ["amount", "currency", "note"].map(|name| child_field("fees", name));
    let iri = rows.column("iri")?.str()?;
    let columns = ["amount", "currency", "note"].map(|name| rows.column(name).and_then(|c| c.str().cloned()));
    let [amount, currency, note] = columns;
    let columns = [amount?, currency?, note?];
    for (n, service) in iri.iter().enumerate() {
        let Some(service) = service else { continue };
        let texts = columns.each_ref().map(|column| column.get(n).unwrap_or_default());
        let at = below(service, cost.path, &texts);
        describer.node(out, service, cost, &at);
        for (field, text) in fields.iter().zip(texts) {
            let field = field.as_ref().map_err(|_| RdfError::Model("fees"))?;
            describer.value(out, field, &at, field.term, text);
        }
    }
    Ok(())
}

/// Says of each row that its `iri` has `of` by this property.
pub(super) fn linked(out: &mut Triples, rows: &DataFrame, term: &str, from: &str, to: &str) -> Result<(), RdfError> {
    let (from, to) = (rows.column(from)?.str()?, rows.column(to)?.str()?);
    for (from, to) in from.iter().zip(to.iter()) {
        if let (Some(from), Some(to)) = (from, to) {
            out.push(from, term, Object::Iri(to));
        }
    }
    Ok(())
}

/// The property that a link between two services is.
pub(super) fn link_term(kind: &str) -> &'static str {
    match kind {
        "prasa" => "dct:requires",
        "aizstāj" => "dct:replaces",
        _ => "cv:relatedService",
    }
}

fn child_field(child: &'static str, name: &str) -> Result<&'static Field, RdfError> {
    let child_of = model::entity("service").and_then(|entity| entity.child(child));
    child_of.and_then(|child| child.fields.iter().find(|field| field.name == name)).ok_or(RdfError::Model(child))
}
