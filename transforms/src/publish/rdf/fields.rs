//! From the model to triples: every field that has a term, by its kind.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;

use super::address::{Base, below, segment, web};
use super::triples::{Object, Triples};
use super::vocabulary::{self, LATVIA, NO_PAGES, Node, node, said_again};
use crate::model::{Entity, Field, Kind};
use crate::normalise::value::minutes;

/// The scheme and code of the role that providers of a service have.
pub(super) const PROVIDER: (&str, &str) = ("roles", "provider");

/// What turned up on the way: things that are said of elsewhere in the document.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Code list -> its codes in use.
    pub(super) codes: BTreeMap<&'static str, BTreeSet<String>>,
    /// Territories.
    pub(super) places: BTreeSet<String>,
    /// Web pages.
    pub(super) pages: BTreeSet<String>,
}

/// What could not be said as the registry has it: which kind of case, how often, and the first of them.
pub type Notes = BTreeMap<&'static str, (u64, String)>;

/// Makes triples of records.
pub(super) struct Describer<'a> {
    pub(super) base: Base<'a>,
    /// What references lead to: entity -> `key`, `iri`.
    pub(super) targets: BTreeMap<&'static str, DataFrame>,
    pub(super) seen: Seen,
    pub(super) notes: Notes,
}

impl Describer<'_> {
    /// Says of each row (`iri`: what is spoken of) what its fields say, but for these.
    pub(super) fn describe(
        &mut self,
        out: &mut Triples,
        entity: &Entity,
        rows: &DataFrame,
        but: &[&str],
    ) -> PolarsResult<()> {
        for field in entity.fields.iter().filter(|field| !field.term.is_empty() && !but.contains(&field.name)) {
            self.field(out, entity.name, field, rows)?;
        }
        Ok(())
    }

    fn field(&mut self, out: &mut Triples, entity: &str, field: &Field, rows: &DataFrame) -> PolarsResult<()> {
        if field.kind == Kind::Duration {
            return self.durations(out, field, rows);
        }
        let (term, inner) = field.term.split_once('/').map_or((field.term, None), |(term, inner)| (term, Some(inner)));
        if let Some((target, _)) = field.refers {
            let values = self.led(&pairs(rows, field)?, target)?;
            let (subjects, keys, addresses) =
                (values.column("s")?.str()?, values.column("value")?.str()?, values.column("iri_of")?.str()?);
            for ((subject, key), address) in subjects.iter().zip(keys.iter()).zip(addresses.iter()) {
                let (Some(subject), Some(key), Some(address)) = (subject, key, address) else { continue };
                match node(term) {
                    Some(node) => self.participation(out, subject, node, key, address),
                    None => out.push(subject, term, Object::Iri(address)),
                }
            }
            return Ok(());
        }
        let values = pairs(rows, field)?;
        each(&values, |subject, text| match (inner, node(term)) {
            (Some(inner), Some(node)) => {
                let at = format!("{subject}/{}", node.path);
                if self.value(out, field, &at, inner, text) {
                    self.node(out, subject, node, &at);
                }
            }
            (None, Some(node)) => self.valued(out, field, subject, node, text),
            _ => {
                self.value(out, field, subject, term, text);
                for again in said_again(entity, term) {
                    self.value(out, field, subject, again, text);
                }
            }
        })
    }

    /// A value that is a node of its own.
    fn valued(&mut self, out: &mut Triples, field: &Field, subject: &str, node: &Node, text: &str) {
        let at = match (field.kind, node.term) {
            (_, "adms:identifier") => format!("{subject}/{}/{}", node.path, field.name),
            (Kind::CodeList(_), _) => format!("{subject}/{}/{}", node.path, segment(text)),
            _ => below(subject, node.path, &[text]),
        };
        if node.term == "cv:holdsRequirement" {
            both(out, &at, "dct:title", field.label_lv, field.label_en);
        }
        if self.value(out, field, &at, node.value, text) {
            self.node(out, subject, node, &at);
        }
    }

    /// That an institution provides a service is a part that it takes in it.
    fn participation(&mut self, out: &mut Triples, subject: &str, node: &Node, key: &str, agent: &str) {
        let at = format!("{subject}/{}/{}", node.path, segment(key));
        self.node(out, subject, node, &at);
        both(out, &at, "dct:description", "Pakalpojuma sniedzējs", "Service provider");
        out.push(&at, "cv:role", Object::Iri(&self.concept(PROVIDER.0, PROVIDER.1)));
        out.push(&at, node.value, Object::Iri(agent));
    }

    pub(super) fn node(&mut self, out: &mut Triples, subject: &str, node: &Node, at: &str) {
        out.push(subject, node.term, Object::Iri(at));
        for class in node.classes {
            out.class(at, class);
        }
        if vocabulary::identified(node) {
            out.push(at, "dct:identifier", Object::Plain(self.base.identifier(at)));
        }
    }

    /// Says one value; `false`: it cannot be said.
    pub(super) fn value(&mut self, out: &mut Triples, field: &Field, subject: &str, term: &str, text: &str) -> bool {
        if text.trim().is_empty() {
            return false;
        }
        match field.kind {
            Kind::CodeList(list) => {
                let concept = self.concept(list, text);
                out.push(subject, term, Object::Iri(&concept));
            }
            Kind::Code if matches!(term, "dct:type" | "cv:currency") => {
                let concept = self.concept(field.name, text);
                out.push(subject, term, Object::Iri(&concept));
            }
            Kind::Atvk => {
                self.seen.places.insert(text.to_owned());
                out.push(subject, term, Object::Iri(&self.base.iri("place", text)));
            }
            Kind::Url if !web(text) => {
                self.note("rdf-address-left-out", text);
                return false;
            }
            Kind::Url => {
                if !NO_PAGES.contains(&term) {
                    self.seen.pages.insert(text.to_owned());
                }
                out.push(subject, term, Object::Iri(text));
            }
            Kind::Text => out.push(subject, term, Object::Text(text, language(field))),
            Kind::Decimal => out.push(subject, term, Object::Typed(text, "xsd:double")),
            Kind::Date => out.push(subject, term, Object::Typed(text, "xsd:date")),
            Kind::Timestamp | Kind::Moment => out.push(subject, term, Object::Typed(text, "xsd:dateTime")),
            Kind::Integer => out.push(subject, term, Object::Typed(text, "xsd:integer")),
            Kind::Boolean => out.push(subject, term, Object::Typed(text, "xsd:boolean")),
            _ => out.push(subject, term, Object::Plain(text)),
        }
        true
    }

    /// Durations as ISO 8601 has them. Working days it has not: five are said as a week, and their number beside it.
    fn durations(&mut self, out: &mut Triples, field: &Field, rows: &DataFrame) -> PolarsResult<()> {
        let [value, unit] = ["value", "unit"].map(|end| rows.column(&format!("{}_{end}", field.name)));
        let (value, unit, iri) = (value?.str()?, unit?.str()?, rows.column("iri")?.str()?);
        for ((subject, value), unit) in iri.iter().zip(value.iter()).zip(unit.iter()) {
            let (Some(subject), Some(value), Some(unit)) = (subject, value, unit) else { continue };
            let Some(duration) = duration(value, unit) else {
                self.note("rdf-duration-left-out", &format!("{value} {unit}"));
                continue;
            };
            out.push(subject, field.term, Object::Typed(&duration, "xsd:duration"));
            if unit == "working d" {
                let exact = match field.term {
                    "vk:statutoryTime" => "vk:statutoryWorkingDays",
                    _ => "vk:expectedWorkingDays",
                };
                out.push(subject, exact, Object::Typed(value, "xsd:decimal"));
            }
        }
        Ok(())
    }

    /// Pairs whose value is the key of a record: with `iri_of`, that of the record.
    fn led(&self, pairs: &DataFrame, target: &str) -> PolarsResult<DataFrame> {
        let Some(targets) = self.targets.get(target) else { polars_bail!(ComputeError: "no addresses of {target}") };
        let targets = targets.clone().lazy().select([col("key"), col("iri").alias("iri_of")]);
        pairs.clone().lazy().join(targets, [col("value")], [col("key")], JoinArgs::new(JoinType::Inner)).collect()
    }

    /// The address of a code.
    pub(super) fn concept(&mut self, list: &'static str, code: &str) -> String {
        if !self.seen.codes.get(list).is_some_and(|codes| codes.contains(code)) {
            self.seen.codes.entry(list).or_default().insert(code.to_owned());
        }
        concept(&self.base, list, code)
    }

    pub(super) fn note(&mut self, key: &'static str, example: &str) {
        let (count, _) = self.notes.entry(key).or_insert_with(|| (0, example.chars().take(100).collect()));
        *count += 1;
    }

    /// Says that things without a place of their own are somewhere in Latvia: an institution must have a place.
    pub(super) fn somewhere(out: &mut Triples, rows: &DataFrame) -> PolarsResult<()> {
        let missing = rows.clone().lazy().filter(is_blank("atvk")).select([col("iri")]).collect()?;
        for iri in missing.column("iri")?.str()?.iter().flatten() {
            out.push(iri, "dct:spatial", Object::Iri(LATVIA));
        }
        Ok(())
    }
}

/// Whether a column says nothing.
pub(super) fn is_blank(column: &str) -> Expr {
    col(column).str().strip_chars(lit(NULL)).eq(lit("")).fill_null(lit(true))
}

/// The address of a code; the euro has one of the EU.
pub(super) fn concept(base: &Base<'_>, list: &str, code: &str) -> String {
    match (list, code) {
        ("currency", "EUR") => format!("{}/EUR", vocabulary::CURRENCIES),
        _ => base.iri(&format!("code/{list}"), code),
    }
}

/// A text of ours in both languages.
pub(super) fn both(out: &mut Triples, subject: &str, term: &str, lv: &str, en: &str) {
    out.push(subject, term, Object::Text(lv, "lv"));
    out.push(subject, term, Object::Text(en, "en"));
}

/// The language of a field's texts.
fn language(field: &Field) -> &'static str {
    if field.name.ends_with("_en") { "en" } else { "lv" }
}

/// Calls for each row that has the value, with its subject.
fn each(pairs: &DataFrame, mut call: impl FnMut(&str, &str)) -> PolarsResult<()> {
    let (subjects, values) = (pairs.column("s")?.str()?, pairs.column("value")?.str()?);
    for (subject, value) in subjects.iter().zip(values.iter()) {
        if let (Some(subject), Some(value)) = (subject, value) {
            call(subject, value);
        }
    }
    Ok(())
}

/// The values of a field that are no blanks, a row each: `s` (`iri` of the row), `value`.
pub(super) fn pairs(rows: &DataFrame, field: &Field) -> PolarsResult<DataFrame> {
    let named = rows.column(field.name)?.cast(&DataType::String)?;
    let mut s = StringChunkedBuilder::new("s".into(), rows.height());
    let mut value = StringChunkedBuilder::new("value".into(), rows.height());
    let mut push = |subject: &str, text: &str| {
        if !text.trim().is_empty() {
            s.append_value(subject);
            value.append_value(text);
        }
    };
    for (subject, stored) in rows.column("iri")?.str()?.iter().zip(named.str()?.iter()) {
        let (Some(subject), Some(stored)) = (subject, stored) else { continue };
        if field.list {
            let items: Vec<String> = serde_json::from_str(stored).unwrap_or_default();
            for item in &items {
                push(subject, item);
            }
        } else {
            push(subject, stored);
        }
    }
    df!("s" => s.finish().into_series(), "value" => value.finish().into_series())
}

/// A duration of the registry in ISO 8601; none for what is negative or no number.
fn duration(value: &str, unit: &str) -> Option<String> {
    let number: f64 = value.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)?;
    let whole = value.bytes().all(|b| b.is_ascii_digit());
    match unit {
        "h" if whole => Some(format!("PT{value}H")),
        "d" if whole => Some(format!("P{value}D")),
        "month" if whole => Some(format!("P{value}M")),
        "month" => Some(format!("P{}D", (number * 30.0).round())),
        "working d" => Some(format!("P{}D", (number * 7.0 / 5.0).ceil())),
        _ => minutes(value, unit).map(|minutes| format!("PT{}M", minutes.round())),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations() {
        for (value, unit, expected) in [
            ("30", "min", Some("PT30M")),
            ("1.5", "h", Some("PT90M")),
            ("2", "h", Some("PT2H")),
            ("30", "d", Some("P30D")),
            ("0.5", "d", Some("PT720M")),
            ("10", "working d", Some("P14D")),
            ("3", "working d", Some("P5D")),
            ("1", "month", Some("P1M")),
            ("1.5", "month", Some("P45D")),
            ("0", "min", Some("PT0M")),
            ("-1", "d", None),
            ("x", "d", None),
            ("1", "fortnight", None),
        ] {
            assert_eq!(duration(value, unit).as_deref(), expected, "{value} {unit}");
        }
    }
}
