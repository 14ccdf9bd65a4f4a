//! What is published of a service: the part of its description that people need to request and receive it (S4), and
//! nothing that is only needed to manage it.
//!
//! The structures are the contract with those who read feeds: their JSON schema is made of them
//! (`config/schema/feed.schema.json`), doc comments included.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

/// A service as it is shown to those whom it is for. Codes are those of the registry's code lists, in Latvian; texts are
/// Latvian unless their name ends in `_en`. What is not known is absent.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Service<'a> {
    /// The institution that answers for the service.
    pub owner: Institution<'a>,
    /// Institutions that provide it, where others than the owner do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<Institution<'a>>,
    /// The owner's own code of the service.
    pub code: &'a str,
    /// Number in the state register (VIRSIS).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virsis_id: Option<&'a str>,
    /// Number of the e-service (EP…).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ep_id: Option<&'a str>,
    /// Name.
    pub name: &'a str,
    /// Short name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_name: Option<&'a str>,
    /// Name in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_en: Option<&'a str>,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    /// Kind of service (code list `service_kinds`).
    pub kind: &'a str,
    /// Whom it is for (code list `audiences`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<Cow<'a, str>>,
    /// Themes (code list `themes`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub themes: Vec<Cow<'a, str>>,
    /// Words to find it by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<Cow<'a, str>>,
    /// Level of digitalisation (code list `digital_levels`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digital_level: Option<&'a str>,
    /// Whether it is provided or suspended (code list `lifecycle`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<&'a str>,
    /// Needs that it meets, with their life events.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need<'a>>,
    /// What the law says of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub legal_acts: Vec<LegalAct<'a>>,
    /// How it is requested.
    pub request: Request<'a>,
    /// How it is carried out and received, and how long that takes.
    pub delivery: Delivery<'a>,
    /// What it costs; nothing known of a price is no promise that there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fees: Vec<Fee<'a>>,
    /// How its result is appealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appeal: Option<Appeal<'a>>,
    /// Where there is help, and where suggestions go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub support: Option<Support<'a>>,
    /// What those who have received it think of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating<'a>>,
    /// Other services that belong to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related<'a>>,
}

/// An institution.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Institution<'a> {
    /// Registration number, 11 digits.
    pub reg_no: Cow<'a, str>,
    /// Name; absent where the registry does not hold the institution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
}

/// A need of people or entrepreneurs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Need<'a> {
    /// Code.
    pub code: &'a str,
    /// Name.
    pub name: &'a str,
    /// Code of the life event that it belongs to.
    pub life_event_code: &'a str,
    /// Name of that life event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub life_event: Option<&'a str>,
}

/// A legal act.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LegalAct<'a> {
    /// Title.
    pub title: &'a str,
    /// Section, clause or point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<&'a str>,
    /// Address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^https?://"))]
    pub url: Option<&'a str>,
}

/// How a service is requested.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Request<'a> {
    /// Address that opens the application itself, without searching for it (S2, P7).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^https?://"))]
    pub deep_link: Option<&'a str>,
    /// Applications and e-forms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub applications: Vec<Application<'a>>,
    /// Addresses of forms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(regex(pattern = r"^https?://")))]
    pub forms: Vec<Cow<'a, str>>,
    /// Channels (code list `channels`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Cow<'a, str>>,
    /// Whether it can only be had in person.
    pub in_person_only: bool,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_person_reason: Option<&'a str>,
    /// Who may receive it, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eligibility: Option<&'a str>,
    /// What has to be handed in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Cow<'a, str>>,
    /// How one has to prove who one is (code list `auth_levels`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub auth_levels: Vec<Cow<'a, str>>,
    /// Whether an authorised person may act for the client (S2, P15).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub representation_allowed: Option<bool>,
    /// Territories where it is provided (ATVK, 7 digits); absent: not limited.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub territory: Vec<Cow<'a, str>>,
}

/// An application of a service.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Application<'a> {
    /// Kind (code list `application_kinds`).
    pub kind: &'a str,
    /// What it runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<&'a str>,
    /// Address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^https?://"))]
    pub url: Option<&'a str>,
    /// How one has to prove who one is (code list `auth_levels`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub auth_levels: Vec<Cow<'a, str>>,
}

/// How a service is carried out and received (S2, P12).
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Delivery<'a> {
    /// Time that it is expected to take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_time: Option<Duration<'a>>,
    /// Time that the law allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statutory_time: Option<Duration<'a>>,
    /// Steps that concern the client, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step<'a>>,
    /// Channels by which the result comes (code list `channels`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Cow<'a, str>>,
    /// What the client gets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Cow<'a, str>>,
}

/// A step.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Step<'a> {
    /// What is done.
    pub name: &'a str,
    /// Time that it is expected to take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_time: Option<Duration<'a>>,
}

/// A length of time.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Duration<'a> {
    /// How many of the unit; a decimal number.
    #[schemars(regex(pattern = r"^-?[0-9]+(\.[0-9]+)?$"))]
    pub value: &'a str,
    /// `min`, `h`, `d`, `working d` or `month` (code list `duration_units`).
    pub unit: &'a str,
    /// The same as an ISO 8601 duration; absent for working days, which that has no word for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iso8601: Option<String>,
    /// The same in words.
    pub text: Words,
}

/// The same text in two languages.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Words {
    /// Latvian.
    pub lv: String,
    /// English.
    pub en: String,
}

/// A price.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Fee<'a> {
    /// Amount; a decimal number.
    #[schemars(regex(pattern = r"^-?[0-9]+(\.[0-9]+)?$"))]
    pub amount: &'a str,
    /// Currency (ISO 4217).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<&'a str>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'a str>,
}

/// How a result is appealed (S2, P13).
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Appeal<'a> {
    /// Channels (code list `channels`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Cow<'a, str>>,
    /// Within what time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term: Option<Duration<'a>>,
}

/// Help (S2, P13), and where suggestions go (P14).
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Support<'a> {
    /// Telephone of second-level support: the service's own, else the institution's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<&'a str>,
    /// The institution's chatbot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^https?://"))]
    pub chatbot: Option<&'a str>,
    /// The institution's accounts in social networks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(regex(pattern = r"^https?://")))]
    pub social_links: Vec<Cow<'a, str>>,
    /// Questions that are asked often.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faq: Vec<Question<'a>>,
    /// Where suggestions for improvement go.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^https?://"))]
    pub suggestions: Option<&'a str>,
}

/// A question with its answer.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Question<'a> {
    /// The question.
    pub question: &'a str,
    /// Its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<&'a str>,
}

/// What clients think of a service (S2, P13).
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Rating<'a> {
    /// Mean; a decimal number.
    #[schemars(regex(pattern = r"^-?[0-9]+(\.[0-9]+)?$"))]
    pub average: &'a str,
    /// Of how many ratings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
}

/// Another service that belongs to this one.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Related<'a> {
    /// How (code list `service_link_kinds`).
    pub kind: &'a str,
    /// Its uid.
    pub uid: &'a str,
    /// Registration number of its owner.
    pub owner_reg_no: &'a str,
    /// Its owner's code.
    pub code: &'a str,
    /// Its name.
    pub name: &'a str,
}
