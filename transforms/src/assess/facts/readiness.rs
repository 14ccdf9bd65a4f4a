//! Requirements of the eGovernment Benchmark (S2, 4.3.4): what the registry knows of each public service.
//!
//! Each requirement is met, not met, not applicable or unknown. Unknown is never counted as not met. An empty field says
//! "not met" only where it is due by rule or the institution fills it for another of its services: then its register
//! keeps the field, and this service has nothing in it. Where the register does not keep the field, nothing is known.

use polars::prelude::*;

use super::Inputs;
use super::services::filled;
use crate::publish::catalogues::applications;

/// A requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// Code; the column of the frame.
    pub code: &'static str,
    /// Group of the eGovernment Benchmark; `-` for the one that has none.
    pub group: &'static str,
    /// What answers it.
    pub level: Level,
    /// Why the data cannot decide it; none: they can.
    pub undecided: Option<Why>,
}

/// What answers a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The description of the service.
    Service,
    /// Its application.
    Application,
    /// The institution.
    Institution,
    /// Requests for the service and their events.
    Requests,
}

impl Level {
    /// `service`, `application`, …
    pub const fn code(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Application => "application",
            Self::Institution => "institution",
            Self::Requests => "requests",
        }
    }
}

/// Why the data cannot decide a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// No field of the registry says it.
    NoField,
    /// It shows only in the application itself.
    Application,
    /// It shows only in the client's workplace.
    Workplace,
}

impl Why {
    /// The end of a text's id.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoField => "no-field",
            Self::Application => "application",
            Self::Workplace => "workplace",
        }
    }
}

const fn decided(code: &'static str, group: &'static str, level: Level) -> Requirement {
    Requirement { code, group, level, undecided: None }
}

const fn undecided(code: &'static str, group: &'static str, level: Level, why: Why) -> Requirement {
    Requirement { code, group, level, undecided: Some(why) }
}

/// Every requirement, in the order of model.md.
pub static REQUIREMENTS: &[Requirement] = &[
    decided("online_available", "OA", Level::Application),
    decided("deep_link", "OA", Level::Service),
    decided("mobile_friendly", "MF", Level::Application),
    decided("faq", "US", Level::Service),
    undecided("demo", "US", Level::Application, Why::NoField),
    decided("chatbot", "US", Level::Institution),
    decided("support_l2_phone", "US", Level::Service),
    decided("video_consultation", "US", Level::Service),
    decided("feedback", "US", Level::Service),
    decided("social_links", "US", Level::Institution),
    decided("appeal", "US", Level::Service),
    decided("in_person_statuses_recorded", "SD", Level::Requests),
    decided("steps_defined", "SD", Level::Service),
    decided("step_time_recorded", "SD", Level::Requests),
    decided("progress_visible", "SD", Level::Service),
    undecided("remaining_time_forecast", "SD", Level::Application, Why::Workplace),
    decided("draft_supported", "SD", Level::Requests),
    undecided("app_time_estimate", "SD", Level::Application, Why::Application),
    decided("expected_time_stated", "SD", Level::Service),
    decided("statutory_time_shown", "SD", Level::Service),
    decided("rating_shown", "SD", Level::Service),
    undecided("draft_data_monitoring", "PD", Level::Application, Why::Application),
    undecided("own_data_view", "PD", Level::Application, Why::Workplace),
    undecided("data_correction", "PD", Level::Application, Why::Workplace),
    decided("improvement_suggestions", "DE", Level::Service),
    undecided("codesign_link", "DE", Level::Service, Why::NoField),
    decided("strong_auth", "KE", Level::Application),
    undecided("single_sign_on", "KE", Level::Application, Why::Application),
    undecided("eidas", "CB", Level::Application, Why::Application),
    undecided("push_notifications", "-", Level::Application, Why::Application),
];

/// Channels by which a service is requested online.
const ONLINE: [&str; 5] = ["e-lietotne", "e-forma", "mobilā lietotne", "iestādes portāls", "API"];
/// Channels of a visit.
pub(in crate::assess) const IN_PERSON: [&str; 2] = ["klātienē iestādē", "klātienē VPVKAC"];
/// Parts of the names of platforms on which a page fits a phone (S2, 4.3.4: the state's environment of e-services and the
/// builder of e-forms).
const ADAPTIVE: [&str; 3] = ["Latvija.gov.lv", "VDAA", "e-formu konstruktors"];

const MET: &str = "met";
const NOT_MET: &str = "not met";
const NOT_APPLICABLE: &str = "not applicable";
const UNKNOWN: &str = "unknown";

/// A row a public service that is no longer merely planned: `owner_reg_no`, `code`, `name`, a column a requirement (`met`,
/// `not met`, `not applicable`, `unknown`), and as numbers `met`, `not_met`, `applicable` (all but not applicable), `known`
/// (met and not met).
pub(super) fn facts(inputs: &Inputs, service: &DataFrame) -> PolarsResult<DataFrame> {
    let inter_institution = col("kind").str().starts_with(lit("starpiestāžu")).fill_null(lit(false));
    // Over all services of the institution: any of them shows what its register keeps.
    let kept = KEPT.iter().map(|name| {
        let kept = is(&filled(name)).any(true).over([col("owner_reg_no")])?;
        Ok(kept.alias(format!("kept_{name}")))
    });
    let rows = service.clone().lazy().with_columns(kept.collect::<PolarsResult<Vec<_>>>()?);
    let rows = rows.filter(inter_institution.or(col("planned")).not());
    let how = || JoinArgs::new(JoinType::Left);
    let rows = rows
        .join(of_applications(inputs, service)?, [col("uid")], [col("uid")], how())
        .join(of_institutions(inputs)?, [col("owner_reg_no")], [col("reg_no")], how())
        .join(of_requests(inputs)?, [col("owner_reg_no"), col("code")], [col("owner_reg_no"), col("code")], how());
    let values = REQUIREMENTS.iter().map(|requirement| {
        let value = if requirement.undecided.is_some() { unknown(requirement.code) } else { value(requirement.code) };
        value.alias(requirement.code)
    });
    let count = |value: &'static str| {
        let each =
            REQUIREMENTS.iter().map(move |requirement| col(requirement.code).eq(lit(value)).cast(DataType::UInt32));
        each.reduce(|sum, one| sum + one).unwrap_or_else(|| lit(0_u32))
    };
    let head = ["entity", "uid", "name", "owner_reg_no", "code"].map(col);
    rows.select(head.into_iter().chain(values).collect::<Vec<_>>())
        .with_columns([
            count(MET).alias("met"),
            count(NOT_MET).alias("not_met"),
            (lit(REQUIREMENTS.len() as u32) - count(NOT_APPLICABLE)).alias("applicable"),
            (count(MET) + count(NOT_MET)).alias("known"),
        ])
        .sort(["owner_reg_no", "code", "uid"], SortMultipleOptions::default())
        .collect()
}

/// Of a service's applications together.
fn of_applications(inputs: &Inputs, service: &DataFrame) -> PolarsResult<LazyFrame> {
    let contains =
        |column: &str, part: &str| col(column).str().contains_literal(lit(part.to_owned())).fill_null(lit(false));
    let adaptive =
        ADAPTIVE.iter().fold(col("kind").eq(lit("mobilā lietotne")), |any, part| any.or(contains("platform", part)));
    let columns = [
        lit(true).alias("has_application"),
        adaptive.any(true).alias("adaptive"),
        contains("auth_levels", "\"būtiska\"").or(contains("auth_levels", "\"augsta\"")).any(true).alias("app_strong"),
        contains("auth_levels", "\"zema\"").any(true).alias("app_weak"),
        contains("auth_levels", "\"nav nepieciešama\"").any(true).alias("app_open"),
    ];
    let [has, rest @ ..] = columns;
    Ok(applications(&inputs.held, service)?.lazy().group_by([col("uid")]).agg(rest).with_column(has))
}

fn of_institutions(inputs: &Inputs) -> PolarsResult<LazyFrame> {
    let columns = [
        col("reg_no"),
        col("chatbot_url").is_not_null().alias("has_chatbot"),
        col("social_links").is_not_null().alias("has_social_links"),
        col("support_l2_phone").is_not_null().alias("has_phone"),
    ];
    Ok(inputs.entity("institution")?.lazy().select(columns))
}

fn of_requests(inputs: &Inputs) -> PolarsResult<LazyFrame> {
    if inputs.recorded.height() > 0 {
        return Ok(inputs.recorded.clone().lazy());
    }
    let texts = ["owner_reg_no", "code"].map(|name| Column::new_empty(name.into(), &DataType::String));
    let numbers = ["requests", "with_events", "in_person", "in_person_with_events", "drafts"];
    let numbers = numbers.map(|name| Column::new_empty(name.into(), &DataType::Int64));
    Ok(DataFrame::new(0, texts.into_iter().chain(numbers).collect())?.lazy())
}

fn is(name: &str) -> Expr {
    col(name).fill_null(lit(false))
}

/// Fields of which it counts whether the institution's register keeps them.
const KEPT: [&str; 8] = [
    "deep_link",
    "faq",
    "support_l2_phone",
    "appeal_channels",
    "appeal_term",
    "steps",
    "rating_avg",
    "suggestion_link",
];

/// Whether the institution fills the field for any of its services.
fn kept(name: &str) -> Expr {
    col(format!("kept_{name}"))
}

/// Met where filled; not met where the register keeps the field.
fn by_field(name: &str) -> Expr {
    when(is(&filled(name))).then(lit(MET)).when(kept(name)).then(lit(NOT_MET)).otherwise(lit(UNKNOWN))
}

fn any_channel(column: &str, channels: &[&str]) -> Expr {
    let one = |channel: &&str| col(column).str().contains_literal(lit(format!("\"{channel}\""))).fill_null(lit(false));
    channels.iter().map(one).fold(lit(false), Expr::or)
}

/// What nothing in the registry says; only whether it applies.
fn unknown(code: &str) -> Expr {
    let for_persons = ["own_data_view", "data_correction", "draft_data_monitoring"].contains(&code);
    let not_for_persons = col("audience").str().contains_literal(lit("\"iedzīvotājs\"")).not().fill_null(lit(false));
    let of_application =
        REQUIREMENTS.iter().any(|requirement| requirement.code == code && requirement.level == Level::Application);
    let mut inapplicable = lit(false);
    if for_persons {
        inapplicable = inapplicable.or(not_for_persons);
    }
    if of_application {
        inapplicable = inapplicable.or(is("in_person_only"));
    }
    when(inapplicable).then(lit(NOT_APPLICABLE)).otherwise(lit(UNKNOWN))
}

fn value(code: &str) -> Expr {
    let online = || is("has_application").or(is("filled_forms")).or(any_channel("request_channels", &ONLINE));
    let only_in_person = || is("in_person_only");
    let general = || col("kind").eq(lit(crate::check::GENERAL_BENEFIT)).fill_null(lit(false));
    let due = |name: &str| {
        when(is(&filled(name))).then(lit(MET)).when(general()).then(lit(NOT_APPLICABLE)).otherwise(lit(NOT_MET))
    };
    let met = |condition: Expr| when(condition).then(lit(MET)).otherwise(lit(UNKNOWN));
    let level = |name: &str| {
        let stated = col("auth_levels").str().contains_literal(lit(format!("\"{name}\"")));
        stated.fill_null(lit(false))
    };
    match code {
        "online_available" => when(online())
            .then(lit(MET))
            .when(only_in_person().or(general()))
            .then(lit(NOT_APPLICABLE))
            .when(
                col("request_channels")
                    .is_not_null()
                    .or(col("digital_level").eq(lit("klātienē")).fill_null(lit(false))),
            )
            .then(lit(NOT_MET))
            .otherwise(lit(UNKNOWN)),
        "mobile_friendly" => {
            when(is("adaptive")).then(lit(MET)).when(only_in_person()).then(lit(NOT_APPLICABLE)).otherwise(lit(UNKNOWN))
        }
        "deep_link" => when(only_in_person()).then(lit(NOT_APPLICABLE)).otherwise(by_field("deep_link")),
        "faq" => by_field("faq"),
        "chatbot" => met(is("has_chatbot")),
        "social_links" => met(is("has_social_links")),
        "support_l2_phone" => when(is("has_phone")).then(lit(MET)).otherwise(by_field("support_l2_phone")),
        "video_consultation" => when(
            any_channel("request_channels", &["videokonsultācija"])
                .or(any_channel("receive_channels", &["videokonsultācija"])),
        )
        .then(lit(MET))
        .when(col("request_channels").is_not_null())
        .then(lit(NOT_MET))
        .otherwise(lit(UNKNOWN)),
        "feedback" => when(col("rating_count").gt(lit(0)).fill_null(lit(false))).then(lit(MET)).otherwise(lit(UNKNOWN)),
        "appeal" => when(is("filled_appeal_channels").and(is("filled_appeal_term")))
            .then(lit(MET))
            .when(general())
            .then(lit(NOT_APPLICABLE))
            .when(kept("appeal_channels").or(kept("appeal_term")))
            .then(lit(NOT_MET))
            .otherwise(lit(UNKNOWN)),
        "in_person_statuses_recorded" => {
            when(col("in_person").gt(lit(0)).and(col("in_person").eq(col("in_person_with_events"))))
                .then(lit(MET))
                .when(col("in_person").gt(lit(0)))
                .then(lit(NOT_MET))
                .when(col("request_channels").is_not_null().and(any_channel("request_channels", &IN_PERSON).not()))
                .then(lit(NOT_APPLICABLE))
                .otherwise(lit(UNKNOWN))
        }
        "steps_defined" => by_field("steps"),
        "step_time_recorded" => when(col("with_events").gt(lit(0)))
            .then(lit(MET))
            .when(col("requests").gt(lit(0)))
            .then(lit(NOT_MET))
            .otherwise(lit(UNKNOWN)),
        "progress_visible" => when(is("filled_visible_steps"))
            .then(lit(MET))
            .when(is("filled_hidden_steps"))
            .then(lit(NOT_MET))
            .otherwise(lit(UNKNOWN)),
        "draft_supported" => met(col("drafts").gt(lit(0)).fill_null(lit(false))),
        "expected_time_stated" => due("expected_time"),
        "statutory_time_shown" => due("statutory_time"),
        "rating_shown" => by_field("rating_avg"),
        "improvement_suggestions" => by_field("suggestion_link"),
        "strong_auth" => when(is("app_strong").or(level("būtiska")).or(level("augsta")))
            .then(lit(MET))
            .when(only_in_person())
            .then(lit(NOT_APPLICABLE))
            .when(is("app_weak").or(level("zema")))
            .then(lit(NOT_MET))
            .when(is("app_open").or(level("nav nepieciešama")))
            .then(lit(NOT_APPLICABLE))
            .otherwise(lit(UNKNOWN)),
        _ => lit(UNKNOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_has_its_own_code() {
        let codes: std::collections::BTreeSet<&str> = REQUIREMENTS.iter().map(|requirement| requirement.code).collect();
        assert_eq!(codes.len(), REQUIREMENTS.len());
    }
}
