//! One field's column: texts in, storage columns and issues out.

use std::cell::RefCell;
use std::collections::HashMap;

use polars::prelude::*;

use super::mojibake::mojibake;
use super::moment::{self, Resolved};
use super::{Context, Issue, personal, value};
use crate::batch::REPEATED;
use crate::codelist::CodeList;
use crate::finding::{self, Rule, Severity};
use crate::fold::fold;
use crate::mapping::{FieldPlan, Invalid, MappedField, items};
use crate::model::{Field, Kind};
use crate::records::RAW_SUFFIX;

/// A field as stored.
#[derive(Debug, Clone)]
pub struct NormalisedField {
    /// The field and its rule.
    pub plan: FieldPlan,
    /// Header of the source column.
    pub column: Option<String>,
    /// Storage columns (see [`Field::storage`]), null = empty, and `<name>_raw` where the field keeps one.
    pub storage: Vec<Column>,
    /// True where the source says "nav attiecināms": empty, but not missing.
    pub not_applicable: Vec<u32>,
    /// See [`MappedField::seen`].
    pub seen: bool,
}

impl NormalisedField {
    /// The first storage column.
    pub fn values(&self) -> &Column {
        &self.storage[0]
    }
}

/// Why a text has no value: the rule and what it wants.
struct Fault {
    rule: &'static Rule,
    expected: Option<String>,
    hint: Option<String>,
}

impl Fault {
    fn of(rule: &'static Rule) -> Self {
        Self { rule, expected: None, hint: None }
    }

    fn expecting(rule: &'static Rule, expected: impl Into<String>) -> Self {
        Self { rule, expected: Some(expected.into()), hint: None }
    }
}

/// Collects the issues of one column.
struct Issues<'a> {
    plan: &'a FieldPlan,
    column: Option<&'a str>,
    field: String,
    into: &'a mut Vec<Issue>,
}

impl Issues<'_> {
    fn add(&mut self, row: usize, text: &str, fault: Fault) {
        let softened = self.plan.rule.invalid == Invalid::Empty && fault.rule.severity == Severity::Error;
        let value = if self.plan.rule.pseudonymise { "***".into() } else { personal::mask(text) };
        self.into.push(Issue {
            row: row as u32,
            rule: fault.rule,
            severity: if softened { Severity::Warning } else { fault.rule.severity },
            field: self.field.clone(),
            column: self.column.map(str::to_owned),
            value: Some(shortened(&value)),
            expected: fault.expected,
            hint: fault.hint,
        });
    }
}

/// At most 200 characters of a value: a finding is no place for a novel.
fn shortened(text: &str) -> String {
    let text = &text.replace(REPEATED, "; ");
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Normalises one field. `prefix` stands before the field's name in issues.
pub(super) fn normalise(
    mapped: &MappedField,
    prefix: &str,
    context: &Context<'_>,
    into: &mut Vec<Issue>,
) -> NormalisedField {
    let plan = &mapped.plan;
    let field = plan.field;
    let mut issues = Issues { plan, column: mapped.column.as_deref(), field: format!("{prefix}{}", field.name), into };
    for row in &mapped.broken {
        issues.add(*row as usize, "", Fault::of(&finding::BROKEN_CELL));
    }
    let mut not_applicable = Vec::new();
    let blank = |text: Option<&str>, row: usize, not_applicable: &mut Vec<u32>| -> bool {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return true };
        let free = matches!(field.kind, Kind::Text) && !field.list;
        let none = !free && text.len() < 24 && fold(text) == "nav attiecinams";
        if none {
            not_applicable.push(row as u32);
        }
        none
    };
    let reader = Reader::new(plan, context);
    let name = |suffix: &str| PlSmallStr::from_string(format!("{}{suffix}", field.name));
    let rows = mapped.text.len();
    let mut storage = Vec::new();
    let mut raw: Vec<Option<&str>> = vec![None; if field.keeps_raw() { rows } else { 0 }];
    let mut keep_raw = |row: usize, text, canonical: &str| {
        if let Some(slot) = raw.get_mut(row).filter(|_| !plan.rule.pseudonymise) {
            *slot = (text != canonical).then_some(text);
        }
    };
    match field.kind {
        _ if field.list => {
            let mut column = StringChunkedBuilder::new(name(""), rows);
            for (row, text) in mapped.text.iter().enumerate() {
                if blank(text, row, &mut not_applicable) {
                    column.append_null();
                    continue;
                }
                let text = text.unwrap_or_default();
                let mut list: Vec<String> = Vec::new();
                for part in items(text, &plan.rule.split) {
                    match reader.text(part) {
                        Ok(read) => {
                            for fault in read.warnings {
                                issues.add(row, part, fault);
                            }
                            if !list.contains(&read.value) {
                                list.push(read.value);
                            }
                        }
                        Err(fault) => issues.add(row, part, fault),
                    }
                }
                let stored = json_array(&list);
                keep_raw(row, text, &stored);
                column.append_option((!list.is_empty()).then_some(stored));
            }
            storage.push(column.finish().into_column());
        }
        Kind::Integer => {
            let mut values: Vec<Option<i64>> = Vec::with_capacity(rows);
            for (row, text) in mapped.text.iter().enumerate() {
                if blank(text, row, &mut not_applicable) {
                    values.push(None);
                    continue;
                }
                let text = text.unwrap_or_default();
                let number = value::integer(text);
                match number {
                    None => issues.add(row, text, Fault::expecting(&finding::BAD_NUMBER, "123")),
                    Some(n) if n < 0 => issues.add(row, text, Fault::expecting(&finding::OUT_OF_RANGE, "≥ 0")),
                    Some(n) => keep_raw(row, text, &n.to_string()),
                }
                values.push(number.filter(|n| *n >= 0));
            }
            storage.push(Column::new(name(""), values));
        }
        Kind::Boolean => {
            let mut values: Vec<Option<bool>> = Vec::with_capacity(rows);
            for (row, text) in mapped.text.iter().enumerate() {
                if blank(text, row, &mut not_applicable) {
                    values.push(None);
                    continue;
                }
                let text = text.unwrap_or_default();
                let flag = value::boolean(text);
                match flag {
                    None => issues.add(row, text, Fault::expecting(&finding::BAD_BOOLEAN, "jā / nē")),
                    Some(flag) => keep_raw(row, text, if flag { "jā" } else { "nē" }),
                }
                values.push(flag);
            }
            storage.push(Column::new(name(""), values));
        }
        Kind::Duration => {
            let mut amounts = StringChunkedBuilder::new(name("_value"), rows);
            let mut units = StringChunkedBuilder::new(name("_unit"), rows);
            for (row, text) in mapped.text.iter().enumerate() {
                let read = if blank(text, row, &mut not_applicable) {
                    None
                } else {
                    let text = text.unwrap_or_default();
                    let read = value::duration(text, plan.rule.unit.as_deref());
                    match &read {
                        None => issues.add(row, text, Fault::expecting(&finding::BAD_DURATION, "30 dienas")),
                        Some(_) => keep_raw(row, text, ""),
                    }
                    read
                };
                amounts.append_option(read.as_ref().map(|(amount, _)| amount.as_str()));
                units.append_option(read.as_ref().map(|(_, unit)| *unit));
            }
            storage.push(amounts.finish().into_column());
            storage.push(units.finish().into_column());
        }
        Kind::Moment => {
            let mut times = StringChunkedBuilder::new(name(""), rows);
            let mut precisions = StringChunkedBuilder::new(name("_precision"), rows);
            for (row, text) in mapped.text.iter().enumerate() {
                let mut read = None;
                if !blank(text, row, &mut not_applicable) {
                    let text = text.unwrap_or_default();
                    match reader.moment(text.trim()) {
                        Ok((value, precision)) => {
                            keep_raw(row, text, &value.value);
                            value.warnings.into_iter().for_each(|fault| issues.add(row, text, fault));
                            read = Some((value.value, precision));
                        }
                        Err(fault) => issues.add(row, text, fault),
                    }
                }
                times.append_option(read.as_ref().map(|(value, _)| value.as_str()));
                precisions.append_option(read.as_ref().map(|(_, precision)| *precision));
            }
            storage.push(times.finish().into_column());
            storage.push(precisions.finish().into_column());
        }
        _ => {
            let mut column = StringChunkedBuilder::new(name(""), rows);
            for (row, text) in mapped.text.iter().enumerate() {
                if blank(text, row, &mut not_applicable) {
                    column.append_null();
                    continue;
                }
                let text = text.unwrap_or_default();
                match reader.text(text) {
                    Ok(read) => {
                        keep_raw(row, text, &read.value);
                        for fault in read.warnings {
                            issues.add(row, text, fault);
                        }
                        column.append_value(&read.value);
                    }
                    Err(fault) => {
                        issues.add(row, text, fault);
                        column.append_null();
                    }
                }
            }
            storage.push(column.finish().into_column());
        }
    }
    if field.keeps_raw() {
        let masked = raw.iter().map(|text| text.map(personal::mask));
        let raw = StringChunked::from_iter_options(name(RAW_SUFFIX), masked);
        storage.push(raw.into_column());
    }
    NormalisedField { plan: plan.clone(), column: mapped.column.clone(), storage, not_applicable, seen: mapped.seen }
}

/// Masks a column of free text; null where empty.
pub(super) fn free_text(
    text: &StringChunked,
    field: &str,
    column: Option<&str>,
    issues: &mut Vec<Issue>,
) -> StringChunked {
    let mut builder = StringChunkedBuilder::new(PlSmallStr::from_str(field), text.len());
    for (row, text) in text.iter().enumerate() {
        let text = text.map(clean).filter(|text| !text.is_empty());
        let Some(text) = text else {
            builder.append_null();
            continue;
        };
        let masked = personal::mask(&text);
        if masked != text {
            issues.push(Issue {
                row: row as u32,
                rule: &finding::PERSONAL_CODE,
                severity: finding::PERSONAL_CODE.severity,
                field: field.to_owned(),
                column: column.map(str::to_owned),
                value: Some(shortened(&masked)),
                expected: None,
                hint: None,
            });
        }
        builder.append_value(&masked);
    }
    builder.finish()
}

/// A text as people mean it: no white space at the ends, no-break spaces as spaces, repeated values apart.
fn clean(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}', '\u{2007}'], " ").replace(REPEATED, "; ").trim().to_owned()
}

/// `["a","b"]`; how lists are stored.
fn json_array(items: &[String]) -> String {
    serde_json::Value::from(items).to_string()
}

/// A value read from a text, and what is to be said of it.
struct Read {
    value: String,
    warnings: Vec<Fault>,
}

impl From<String> for Read {
    fn from(value: String) -> Self {
        Self { value, warnings: Vec::new() }
    }
}

/// Reads values of kinds that are stored as one text.
struct Reader<'a> {
    plan: &'a FieldPlan,
    context: &'a Context<'a>,
    list: Option<&'a CodeList>,
    own_codes: HashMap<String, &'a str>,
    hints: RefCell<HashMap<String, Option<String>>>,
}

impl<'a> Reader<'a> {
    fn new(plan: &'a FieldPlan, context: &'a Context<'a>) -> Self {
        let list = match plan.field.kind {
            Kind::CodeList(name) => context.codelists.get(name),
            _ => None,
        };
        let own_codes = plan.rule.codes.iter().map(|(text, code)| (fold(text), code.as_str())).collect();
        Self { plan, context, list, own_codes, hints: RefCell::default() }
    }

    fn text(&self, text: &str) -> Result<Read, Fault> {
        let text = text.trim();
        if !self.plan.field.list && self.plan.field.kind != Kind::Text && text.contains(REPEATED) {
            return Err(Fault::of(&finding::SEVERAL_VALUES));
        }
        if let Some(pattern) = &self.plan.pattern
            && !pattern.is_match(text)
        {
            return Err(Fault::expecting(&finding::PATTERN, pattern.as_str()));
        }
        if self.plan.rule.pseudonymise || self.plan.field.kind == Kind::Pseudonym {
            let key = self.context.pseudonym_key;
            return Ok(key.map_or_else(|| personal::MASK.to_owned(), |key| key.pseudonym(text)).into());
        }
        match self.plan.field.kind {
            Kind::CodeList(_) => self.code(text),
            Kind::RegNo => reg_no(text),
            Kind::Atvk => {
                let code: String = text.chars().filter(|c| !c.is_whitespace()).collect();
                if value::atvk(&code) { Ok(code.into()) } else { Err(Fault::expecting(&finding::ATVK_FORM, "0123456")) }
            }
            Kind::Date => self.date(text),
            Kind::Timestamp => self.timestamp(text),
            Kind::Decimal => decimal(text, self.plan.field),
            Kind::Code => Ok(clean(text).into()),
            Kind::Url => Ok(address(text, value::url, &finding::BAD_URL, "https://…")),
            Kind::Email => Ok(address(text, value::email, &finding::BAD_EMAIL, "vards@iestade.lv")),
            _ => {
                let mut read = masked(clean(text));
                if let Some(how) = mojibake(text) {
                    read.warnings.push(Fault::expecting(&finding::MOJIBAKE, how));
                }
                Ok(read)
            }
        }
    }

    fn code(&self, text: &str) -> Result<Read, Fault> {
        if !self.own_codes.is_empty()
            && let Some(code) = self.own_codes.get(&fold(text))
        {
            return Ok((*code).to_owned().into());
        }
        if let Some(code) = self.list.and_then(|list| list.find(text)) {
            Ok(code.code.clone().into())
        } else {
            // One misspelling stands in many rows: it is compared with the whole list once a batch.
            let mut hints = self.hints.borrow_mut();
            let hint = || self.list.map(|list| known_codes(list, text)).filter(|hint| !hint.is_empty());
            let nearest = hints.entry(text.to_owned()).or_insert_with(hint).clone();
            let name = self.list.map(|list| list.name.clone());
            Err(Fault { rule: &finding::UNKNOWN_CODE, expected: name, hint: nearest })
        }
    }

    fn date(&self, text: &str) -> Result<Read, Fault> {
        let moment = moment::parse(text, &self.plan.rule.formats).ok_or_else(|| self.bad_date())?;
        let day = moment::to_day(moment, self.context.time_zone);
        within_centuries(day)?;
        Ok(day.to_string().into())
    }

    fn timestamp(&self, text: &str) -> Result<Read, Fault> {
        let moment = moment::parse(text, &self.plan.rule.formats).ok_or_else(|| self.bad_date())?;
        Ok(self.instant(moment)?.1)
    }

    /// A time of something that happened, and how exactly it was written.
    fn moment(&self, text: &str) -> Result<(Read, &'static str), Fault> {
        if text.contains(REPEATED) {
            return Err(Fault::of(&finding::SEVERAL_VALUES));
        }
        let moment = moment::parse(text, &self.plan.rule.formats).ok_or_else(|| self.bad_date())?;
        let (instant, read) = self.instant(moment)?;
        if instant >= self.context.until {
            let day = self.context.until.to_zoned(self.context.time_zone.clone()).date().yesterday();
            let last = day.map_or_else(|_| String::new(), |day| format!("≤ {day}"));
            return Err(Fault::expecting(&finding::IN_FUTURE, last));
        }
        Ok((read, moment::precision(moment, text)))
    }

    fn instant(&self, moment: moment::Moment) -> Result<(jiff::Timestamp, Read), Fault> {
        let (instant, warnings) = match moment::to_utc(moment, self.context.time_zone) {
            Some(Resolved::Exact(instant)) => (instant, Vec::new()),
            Some(Resolved::Earlier(instant)) => (instant, vec![Fault::of(&finding::DOUBLE_HOUR)]),
            Some(Resolved::Skipped) => return Err(Fault::of(&finding::SKIPPED_HOUR)),
            None => return Err(self.bad_date()),
        };
        within_centuries(moment::to_day(moment, self.context.time_zone))?;
        Ok((instant, Read { value: instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), warnings }))
    }

    fn bad_date(&self) -> Fault {
        let formats = &self.plan.rule.formats;
        let expected = if formats.is_empty() { "31.12.2024 | 2024-12-31".to_owned() } else { formats.join(" | ") };
        Fault::expecting(&finding::BAD_DATE, expected)
    }
}

/// Years beyond are slips of the pen (`0204`, `20024`), in a date and in a time alike.
fn within_centuries(day: jiff::civil::Date) -> Result<(), Fault> {
    if (1900..=2100).contains(&day.year()) {
        Ok(())
    } else {
        Err(Fault::expecting(&finding::OUT_OF_RANGE, "1900–2100"))
    }
}

fn address(text: &str, fits: fn(&str) -> bool, rule: &'static Rule, expected: &str) -> Read {
    let mut read = masked(text.to_owned());
    if !fits(text) {
        read.warnings.push(Fault::expecting(rule, expected));
    }
    read
}

/// The nearest spellings, else all codes of a short list.
fn known_codes(list: &CodeList, text: &str) -> String {
    let nearest = list.nearest(text, 3);
    if nearest.is_empty() && list.codes.len() <= 10 {
        return list.codes.iter().map(|code| code.code.as_str()).collect::<Vec<_>>().join(" | ");
    }
    nearest.join(" | ")
}

fn masked(text: String) -> Read {
    match personal::mask(&text) {
        std::borrow::Cow::Borrowed(_) => text.into(),
        std::borrow::Cow::Owned(masked) => Read { value: masked, warnings: vec![Fault::of(&finding::PERSONAL_CODE)] },
    }
}

fn reg_no(text: &str) -> Result<Read, Fault> {
    let Some(number) = value::reg_no(text) else {
        return Err(Fault::expecting(&finding::REG_NO_FORM, "11"));
    };
    let warnings = if value::reg_no_checks(&number) { Vec::new() } else { vec![Fault::of(&finding::REG_NO_CHECKSUM)] };
    Ok(Read { value: number, warnings })
}

fn decimal(text: &str, field: &Field) -> Result<Read, Fault> {
    let number = value::decimal(text).ok_or_else(|| Fault::expecting(&finding::BAD_NUMBER, "66,21"))?;
    if number.starts_with('-') && field.name != "target" {
        return Err(Fault::expecting(&finding::OUT_OF_RANGE, "≥ 0"));
    }
    Ok(number.into())
}
