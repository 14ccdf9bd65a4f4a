//! Services as they are published, made of the registry's columns row by row while they are written.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use polars::prelude::*;

use super::joined::{needs, related, sorted_applications};
use super::service::{
    Appeal, Application, Delivery, Duration, Fee, Institution, LegalAct, Need, Question, Rating, Related, Request,
    Service, Step, Support, Words,
};
use crate::holdings::{self, Holdings};
use crate::texts::Texts;

/// A structure of columns, taken from a frame by their names.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($text:ident),* $(,)? ; $($flag:ident),* ; $($number:ident),* }) => {
        $(#[$doc])*
        struct $name {
            $($text: StringChunked,)*
            $($flag: BooleanChunked,)*
            $($number: Int64Chunked,)*
        }
        impl $name {
            /// Names of the columns.
            #[cfg(test)]
            #[allow(dead_code, reason = "joined columns are no fields of one entity")]
            const NAMES: &[&str] = &[$(stringify!($text),)* $(stringify!($flag),)* $(stringify!($number),)*];

            fn of(frame: &DataFrame) -> PolarsResult<Self> {
                Ok(Self {
                    $($text: frame.column(stringify!($text))?.str()?.rechunk().into_owned(),)*
                    $($flag: frame.column(stringify!($flag))?.bool()?.rechunk().into_owned(),)*
                    $($number: frame.column(stringify!($number))?.i64()?.rechunk().into_owned(),)*
                })
            }
        }
    };
}

columns! {
    /// Services. What is not here is not published; a test holds that against the model.
    Services {
        owner_reg_no, code, virsis_id, ep_id, name, short_name, name_en, description, deep_link, kind, audience, themes,
        keywords, digital_level, lifecycle, provider_reg_nos, support_l2_phone, request_channels, receive_channels,
        in_person_reason, eligibility, inputs, forms, expected_time_value, expected_time_unit, statutory_time_value,
        statutory_time_unit, outputs, territory_atvk, auth_levels, appeal_channels, appeal_term_value, appeal_term_unit,
        rating_avg, suggestion_link;
        in_person_only, representation_allowed;
        rating_count
    }
}
columns! { Institutions { name, support_l2_phone, chatbot_url, social_links; ; } }
columns! { LegalActs { title, url, clause; ; } }
columns! { Steps { name, expected_time_value, expected_time_unit; client_visible; } }
columns! { Fees { amount, currency, note; ; } }
columns! { Questions { question, answer; ; } }
columns! { Applications { kind, platform, url, auth_levels; ; } }
columns! { Needs { code, name, life_event_code, life_event; ; } }
columns! { RelatedServices { related_uid, kind, related_owner_reg_no, related_code, related_name; ; } }

/// What lengths of time are called.
#[derive(Clone, Copy)]
pub struct Wording<'a> {
    /// Latvian.
    pub lv: &'a Texts,
    /// English.
    pub en: &'a Texts,
}

/// Everything that is published of services, as columns.
pub(super) struct Descriptions<'w> {
    uid: StringChunked,
    services: Services,
    institutions: Institutions,
    institution_of: HashMap<String, usize>,
    legal_acts: Below<LegalActs>,
    steps: Below<Steps>,
    fees: Below<Fees>,
    faq: Below<Questions>,
    applications: Below<Applications>,
    needs: Below<Needs>,
    related: Below<RelatedServices>,
    wording: Wording<'w>,
}

/// Rows that belong to services: those of the n-th service are the n-th range.
struct Below<C> {
    columns: C,
    ranges: Vec<Range<usize>>,
}

impl<C> Below<C> {
    /// `frame`: `uid` of the service first, sorted by it.
    fn of(
        uids: &StringChunked,
        frame: &DataFrame,
        columns: impl FnOnce(&DataFrame) -> PolarsResult<C>,
    ) -> PolarsResult<Self> {
        let ranges = holdings::ranges(uids, frame.column("uid")?.str()?);
        Ok(Self { columns: columns(frame)?, ranges })
    }

    fn rows<'a, T>(&'a self, row: usize, make: impl Fn(&'a C, usize) -> Option<T> + 'a) -> Vec<T> {
        self.ranges[row].clone().filter_map(|at| make(&self.columns, at)).collect()
    }
}

impl<'w> Descriptions<'w> {
    /// `services`: rows of the entity, sorted by `uid`.
    ///
    /// # Errors
    /// A column is missing.
    pub(super) fn new(held: &Holdings, services: &DataFrame, wording: Wording<'w>) -> PolarsResult<Self> {
        let uid = services.column("uid")?.str()?.rechunk().into_owned();
        let institutions = held.entity("institution")?;
        let numbers = institutions.column("reg_no")?.str()?;
        let institution_of =
            numbers.iter().enumerate().filter_map(|(at, number)| Some((number?.to_owned(), at))).collect();
        let child = |name: &str, wanted: &[&str]| held.service_child(name, wanted);
        Ok(Self {
            legal_acts: Below::of(&uid, &child("legal_acts", &["title", "url", "clause"])?, LegalActs::of)?,
            steps: Below::of(&uid, &child("steps", &["name", "expected_time", "client_visible"])?, Steps::of)?,
            fees: Below::of(&uid, &child("fees", &["amount", "currency", "note"])?, Fees::of)?,
            faq: Below::of(&uid, &child("faq", &["question", "answer"])?, Questions::of)?,
            applications: Below::of(&uid, &sorted_applications(held, services)?, Applications::of)?,
            needs: Below::of(&uid, &needs(held, services)?, Needs::of)?,
            related: Below::of(&uid, &related(held, services)?, RelatedServices::of)?,
            services: Services::of(services)?,
            institutions: Institutions::of(&institutions)?,
            institution_of,
            uid,
            wording,
        })
    }

    /// How many services there are.
    pub(super) fn len(&self) -> usize {
        self.uid.len()
    }

    /// Uid of a row.
    pub(super) fn uid(&self, row: usize) -> &str {
        self.uid.get(row).unwrap_or_default()
    }

    /// The row of a uid.
    pub(super) fn row(&self, uid: &str) -> Option<usize> {
        holdings::row_of(&self.uid, uid)
    }

    /// What is published of the service of a row.
    pub(super) fn service(&self, row: usize) -> Service<'_> {
        let of = &self.services;
        let owner = of.owner_reg_no.get(row).unwrap_or_default();
        Service {
            owner: self.institution(Cow::Borrowed(owner)),
            providers: list(&of.provider_reg_nos, row)
                .into_iter()
                .filter(|number| number != owner)
                .map(|number| self.institution(number))
                .collect(),
            code: of.code.get(row).unwrap_or_default(),
            virsis_id: of.virsis_id.get(row),
            ep_id: of.ep_id.get(row),
            name: of.name.get(row).unwrap_or_default(),
            short_name: of.short_name.get(row),
            name_en: of.name_en.get(row),
            description: of.description.get(row),
            kind: of.kind.get(row).unwrap_or_default(),
            audience: list(&of.audience, row),
            themes: list(&of.themes, row),
            keywords: list(&of.keywords, row),
            digital_level: of.digital_level.get(row),
            lifecycle: of.lifecycle.get(row),
            needs: self.needs.rows(row, |needs, at| {
                Some(Need {
                    code: needs.code.get(at)?,
                    name: needs.name.get(at)?,
                    life_event_code: needs.life_event_code.get(at)?,
                    life_event: needs.life_event.get(at),
                })
            }),
            legal_acts: self.legal_acts.rows(row, |acts, at| {
                Some(LegalAct { title: acts.title.get(at)?, clause: acts.clause.get(at), url: web(&acts.url, at) })
            }),
            request: self.request(row),
            delivery: self.delivery(row),
            fees: self.fees.rows(row, |fees, at| {
                Some(Fee { amount: fees.amount.get(at)?, currency: fees.currency.get(at), note: fees.note.get(at) })
            }),
            appeal: self.appeal(row),
            support: self.support(row, owner),
            rating: of.rating_avg.get(row).map(|average| Rating { average, count: of.rating_count.get(row) }),
            related: self.related.rows(row, |related, at| {
                Some(Related {
                    kind: related.kind.get(at)?,
                    uid: related.related_uid.get(at)?,
                    owner_reg_no: related.related_owner_reg_no.get(at)?,
                    code: related.related_code.get(at)?,
                    name: related.related_name.get(at)?,
                })
            }),
        }
    }

    fn request(&self, row: usize) -> Request<'_> {
        let of = &self.services;
        Request {
            deep_link: web(&of.deep_link, row),
            applications: self.applications.rows(row, |applications, at| {
                Some(Application {
                    kind: applications.kind.get(at)?,
                    platform: applications.platform.get(at),
                    url: web(&applications.url, at),
                    auth_levels: list(&applications.auth_levels, at),
                })
            }),
            forms: links(&of.forms, row),
            channels: list(&of.request_channels, row),
            in_person_only: of.in_person_only.get(row).unwrap_or(false),
            in_person_reason: of.in_person_reason.get(row),
            eligibility: of.eligibility.get(row),
            inputs: list(&of.inputs, row),
            auth_levels: list(&of.auth_levels, row),
            representation_allowed: of.representation_allowed.get(row),
            territory: list(&of.territory_atvk, row),
        }
    }

    fn delivery(&self, row: usize) -> Delivery<'_> {
        let of = &self.services;
        Delivery {
            expected_time: self.duration(of.expected_time_value.get(row), of.expected_time_unit.get(row)),
            statutory_time: self.duration(of.statutory_time_value.get(row), of.statutory_time_unit.get(row)),
            // S2, P12: only steps that matter to the client are for the client.
            steps: self.steps.ranges[row]
                .clone()
                .filter(|at| self.steps.columns.client_visible.get(*at) != Some(false))
                .filter_map(|at| {
                    let steps = &self.steps.columns;
                    let time = self.duration(steps.expected_time_value.get(at), steps.expected_time_unit.get(at));
                    Some(Step { name: steps.name.get(at)?, expected_time: time })
                })
                .collect(),
            channels: list(&of.receive_channels, row),
            outputs: list(&of.outputs, row),
        }
    }

    fn appeal(&self, row: usize) -> Option<Appeal<'_>> {
        let of = &self.services;
        let channels = list(&of.appeal_channels, row);
        let term = self.duration(of.appeal_term_value.get(row), of.appeal_term_unit.get(row));
        (!channels.is_empty() || term.is_some()).then_some(Appeal { channels, term })
    }

    fn support(&self, row: usize, owner: &str) -> Option<Support<'_>> {
        let (of, all) = (&self.services, &self.institutions);
        let institution = self.institution_of.get(owner).copied();
        let phone = of.support_l2_phone.get(row);
        let support = Support {
            phone: phone.or_else(|| all.support_l2_phone.get(institution?)),
            chatbot: institution.and_then(|at| web(&all.chatbot_url, at)),
            social_links: institution.map(|at| links(&all.social_links, at)).unwrap_or_default(),
            faq: self
                .faq
                .rows(row, |faq, at| Some(Question { question: faq.question.get(at)?, answer: faq.answer.get(at) })),
            suggestions: web(&of.suggestion_link, row),
        };
        let says_nothing = support.phone.is_none()
            && support.chatbot.is_none()
            && support.social_links.is_empty()
            && support.faq.is_empty()
            && support.suggestions.is_none();
        (!says_nothing).then_some(support)
    }

    fn institution<'a>(&'a self, reg_no: Cow<'a, str>) -> Institution<'a> {
        let name = self.institution_of.get(reg_no.as_ref()).and_then(|at| self.institutions.name.get(*at));
        Institution { reg_no, name }
    }

    fn duration<'a>(&self, value: Option<&'a str>, unit: Option<&'a str>) -> Option<Duration<'a>> {
        let (value, unit) = (value?, unit?);
        let iso8601 = match unit {
            "min" => Some(format!("PT{value}M")),
            "h" => Some(format!("PT{value}H")),
            "d" => Some(format!("P{value}D")),
            "month" => Some(format!("P{value}M")),
            _ => None,
        };
        let id = format!("publish-duration-{}", unit.replace(' ', "-"));
        let said = |texts: &Texts, shown: &str| match value.parse::<u64>() {
            Ok(number) => texts.count(&id, &[("count", number)]),
            Err(_) => texts.get(&id, &[("count", shown)]),
        };
        let text = Words { lv: said(self.wording.lv, &value.replace('.', ",")), en: said(self.wording.en, value) };
        Some(Duration { value, unit, iso8601, text })
    }

    /// Addresses of a row that cannot be shown to people, with the fields that they stand in.
    pub(super) fn unusable_links(&self, row: usize) -> Vec<(&'static str, String)> {
        let of = &self.services;
        let mut found = Vec::new();
        for (field, column) in [("deep_link", &of.deep_link), ("suggestion_link", &of.suggestion_link)] {
            found.extend(column.get(row).filter(|text| !is_web(text)).map(|text| (field, text.to_owned())));
        }
        let forms = list(&of.forms, row).into_iter().map(|text| ("forms", text.into_owned()));
        let of_applications =
            self.applications.rows(row, |all, at| Some(("application.url", all.url.get(at)?.to_owned())));
        let of_acts = self.legal_acts.rows(row, |all, at| Some(("legal_acts.url", all.url.get(at)?.to_owned())));
        found.extend(forms.chain(of_applications).chain(of_acts).filter(|(_, text)| !is_web(text)));
        found
    }

    /// Owner, owner's code and name of a row.
    pub(super) fn labels(&self, row: usize) -> (&str, &str, &str) {
        let of = &self.services;
        (
            of.owner_reg_no.get(row).unwrap_or_default(),
            of.code.get(row).unwrap_or_default(),
            of.name.get(row).unwrap_or_default(),
        )
    }

    /// Name of an institution, if the registry holds it.
    pub(super) fn institution_name(&self, reg_no: &str) -> Option<&str> {
        self.institution_of.get(reg_no).and_then(|at| self.institutions.name.get(*at))
    }
}

/// A list, which the registry keeps as a JSON array of texts.
fn list(column: &StringChunked, row: usize) -> Vec<Cow<'_, str>> {
    let texts = column.get(row).and_then(|text| serde_json::from_str::<Vec<Text<'_>>>(text).ok());
    texts.into_iter().flatten().map(|Text(text)| text).collect()
}

/// A text of a JSON array, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn links(column: &StringChunked, row: usize) -> Vec<Cow<'_, str>> {
    list(column, row).into_iter().filter(|text| is_web(text)).collect()
}

fn web(column: &StringChunked, row: usize) -> Option<&str> {
    column.get(row).filter(|text| is_web(text))
}

/// Whether an address leads to a web page when somebody follows it, and runs nothing.
fn is_web(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let shows = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '<' | '>' | '\\' | '`');
    rest.is_some_and(|rest| rest.starts_with(char::is_alphanumeric) && rest.chars().all(shows))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::model::{self, Field};

    /// What is for management, reports or analysis only (S3; S4: a catalogue gets what is needed to request and receive).
    const WITHHELD: &[&str] = &[
        "cofog",
        "group_code",
        "phase",
        "function",
        "delegated",
        "manager_name",
        "manager_email",
        "annual_requests",
        "steps.no",
        "kpis.code",
        "kpis.target",
        "kpis.unit",
        "kpis.period",
        "institution.short_name",
        "institution.kind",
        "institution.parent_reg_no",
        "institution.atvk",
        "institution.e_address",
        "institution.email",
        "institution.website",
        "institution.portfolio_manager",
        "institution.status",
    ];

    #[test]
    fn every_field_is_published_or_withheld() {
        let service = model::entity("service").unwrap();
        let lists = |name: &str| match name {
            "legal_acts" => LegalActs::NAMES,
            "steps" => Steps::NAMES,
            "fees" => Fees::NAMES,
            "faq" => Questions::NAMES,
            _ => &[],
        };
        let is_in = |names: &[&str], field: &Field| {
            let columns = field.storage();
            columns.iter().all(|(column, _)| names.contains(&column.as_str()))
        };
        let own = service.fields.iter().map(|field| (field.name.to_owned(), is_in(Services::NAMES, field)));
        let below = service.children.iter().flat_map(|child| {
            let named =
                move |field: &Field| (format!("{}.{}", child.name, field.name), is_in(lists(child.name), field));
            child.fields.iter().map(named)
        });
        let institution = model::entity("institution").unwrap();
        let of_institution = institution.fields.iter().map(|field| {
            (format!("institution.{}", field.name), field.name == "reg_no" || is_in(Institutions::NAMES, field))
        });
        for (name, published) in own.chain(below).chain(of_institution) {
            assert!(published != WITHHELD.contains(&name.as_str()), "{name}: published, or withheld?");
        }
    }

    #[test]
    fn only_addresses_of_web_pages_are_shown() {
        let cases = [
            ("https://latvija.gov.lv/EP901?x=1#a", true),
            ("http://[not", false),
            ("http://dati.example", true),
            ("javascript:alert(1)", false),
            ("latvija.gov.lv/EP901", false),
            ("https://a b", false),
            ("https://a\"onclick", false),
            ("HTTPS://A", false),
            ("https://", false),
        ];
        for (text, shown) in cases {
            assert_eq!(is_web(text), shown, "{text}");
        }
    }
}
