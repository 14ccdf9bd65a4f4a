//! How well the values of a column fit a field.

use super::codes::{Overlap, overlap};
use super::profile::{Looks, Profile};
use super::settings::OnboardSettings;
use crate::codelist::CodeLists;
use crate::fold::fold;
use crate::model::{Field, Kind, Presence};
use crate::normalise::value;

/// What the values say to a field.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    /// 0 (nothing against it) to 1 (nothing else can be meant).
    pub(super) score: f64,
    /// Whether that is enough where the header says nothing.
    pub(super) sure: bool,
    /// What the values look like, and the share that do.
    pub(super) looks: Option<(Looks, f64)>,
    /// What a code list knows of them.
    pub(super) codes: Option<Overlap>,
}

impl Fit {
    const fn of(score: f64) -> Self {
        Self { score, sure: false, looks: None, codes: None }
    }

    const fn looks(looks: Looks, share: f64, sure: bool) -> Self {
        Self { score: share, sure, looks: Some((looks, share)), codes: None }
    }
}

/// Whether the column can be the field at all, and how much its values speak for it. A column without values can be
/// anything.
pub(super) fn fit(
    settings: &OnboardSettings,
    codelists: &CodeLists,
    field: &Field,
    profile: &Profile,
    is_key: bool,
) -> Option<Fit> {
    if profile.filled == 0 {
        return Some(Fit::of(0.2));
    }
    let share = |looks: Looks| profile.share(looks);
    let typed = |looks: Looks, least: f64, sure: bool| {
        (share(looks) >= least).then(|| Fit::looks(looks, share(looks), sure && share(looks) >= 0.9))
    };
    let times = share(Looks::Date) + share(Looks::Moment) + share(Looks::Epoch);
    match field.kind {
        Kind::RegNo => typed(Looks::RegNo, 0.6, true),
        Kind::Atvk => typed(Looks::Atvk, 0.5, true),
        Kind::Url => typed(Looks::Url, 0.5, false),
        Kind::Email => typed(Looks::Email, 0.5, true),
        Kind::Integer => typed(Looks::Integer, 0.7, false).map(|fit| Fit { score: fit.score * 0.6, ..fit }),
        Kind::Decimal if field.name == "amount" && share(Looks::Fee) >= 0.5 => typed(Looks::Fee, 0.5, true),
        Kind::Decimal => typed(Looks::Decimal, 0.5, false).map(|fit| Fit { score: fit.score * 0.7, ..fit }),
        Kind::Boolean => typed(Looks::Boolean, 0.8, false),
        Kind::Pseudonym => Some(match profile.personal() {
            // Companies among the applicants have a registration number in its place.
            Some(Looks::PersonalCode) => {
                Fit { score: 1.0, ..Fit::looks(Looks::PersonalCode, share(Looks::PersonalCode), true) }
            }
            _ => return None,
        }),
        Kind::Date | Kind::Timestamp | Kind::Moment => {
            let most = [Looks::Moment, Looks::Date, Looks::Epoch].map(|looks| (looks, share(looks)));
            let most = most.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
            (times >= 0.6).then(|| Fit::looks(most.0, times.min(1.0), false))
        }
        Kind::Duration => {
            let with_unit = share(Looks::Duration);
            let bare = share(Looks::Integer);
            if times > 0.5 || with_unit.max(bare) < 0.5 {
                return None;
            }
            Some(if with_unit >= bare {
                Fit::looks(Looks::Duration, with_unit, field.name == "expected_time")
            } else {
                Fit { score: bare * 0.7, ..Fit::looks(Looks::Integer, bare, false) }
            })
        }
        Kind::CodeList(list) => {
            // Marks (x, +) in columns that each stand for a code are no codes themselves.
            if share(Looks::Boolean) >= 0.9 || times > 0.5 || profile.values.is_empty() {
                return None;
            }
            let codes = overlap(settings, codelists.get(list)?, profile, field.list);
            // A list that understands next to nothing of a column would keep out next to every record.
            if codes.understood < 0.2 && field.presence != Presence::Required {
                return None;
            }
            let score = codes.known.mul_add(0.3, codes.understood * 0.7);
            Some(Fit { score: score.max(0.1), sure: codes.known >= 0.9, looks: None, codes: Some(codes) })
        }
        Kind::Code => {
            if profile.distinct <= 2 && share(Looks::Boolean) >= 0.9 && profile.rows > 2 {
                return None;
            }
            if field.name == "content_hash_seen" {
                return typed(Looks::Hash, 0.8, true);
            }
            let wordy = profile.worded > 0.6 && profile.characters > 20.0;
            if wordy || times > 0.5 && share(Looks::Epoch) < 0.5 || profile.characters > 60.0 {
                return None;
            }
            let unique = if is_key { profile.unique() } else { 1.0 };
            Some(Fit::of(if is_key && unique < 0.5 { 0.1 } else { 0.4 + 0.4 * unique }))
        }
        Kind::Text => {
            let machine = times + share(Looks::Url) + share(Looks::PersonalCode) + share(Looks::RegNo);
            if machine > 0.5 || share(Looks::Decimal) > 0.9 {
                return None;
            }
            if field.name == "title" && share(Looks::LegalAct) >= 0.6 {
                return Some(Fit { score: 1.0, ..Fit::looks(Looks::LegalAct, share(Looks::LegalAct), true) });
            }
            Some(text(field, profile))
        }
    }
}

/// A name is short and each has its own; a description is long; a person's name looks like one.
fn text(field: &Field, profile: &Profile) -> Fit {
    let person = profile.share(Looks::PersonName);
    let act = profile.share(Looks::LegalAct);
    let words = profile.worded >= 0.8 && person < 0.3 && act < 0.5 && profile.share(Looks::Address) < 0.3;
    match field.name {
        "manager_name" if person >= 0.5 => Fit { score: 1.0, ..Fit::looks(Looks::PersonName, person, true) },
        "portfolio_manager" if person >= 0.5 => Fit::of(1.0),
        "manager_name" | "portfolio_manager" => Fit::of(0.2),
        _ if person >= 0.5 => Fit::of(0.0),
        "name" => {
            let long = if profile.characters > 150.0 { 0.4 } else { 1.0 };
            let sure =
                words && profile.unique() >= 0.9 && (12.0..80.0).contains(&profile.characters) && profile.distinct > 5;
            Fit { sure, ..Fit::of((0.5 + 0.5 * profile.unique()) * long) }
        }
        "description" => {
            let sure = words && profile.characters >= 50.0;
            Fit { sure, ..Fit::of((profile.characters / 60.0).clamp(0.3, 1.0)) }
        }
        _ => Fit::of(0.5),
    }
}

/// Whether a column holds units of durations.
pub(super) fn is_unit(profile: &Profile) -> bool {
    let unit = |text: &str| {
        !text.contains(|c: char| c.is_ascii_digit()) && value::duration(&format!("1 {text}"), None).is_some()
    };
    !profile.values.is_empty() && profile.values.iter().all(|(text, _)| unit(text))
}

/// The unit of bare numbers, as the header names it.
pub(super) fn unit(header: &str) -> Option<&'static str> {
    let words = fold(&super::settings::split_camel(header));
    let has = |stems: &[&str]| words.split(' ').any(|word| stems.iter().any(|stem| word.starts_with(stem)));
    let is = |texts: &[&str]| words.split(' ').any(|word| texts.contains(&word));
    if words.contains("darba dien") || has(&["darbdien"]) || is(&["dd"]) || words.contains("working day") {
        Some("working d")
    } else if has(&["dien", "kalend", "day"]) || is(&["d"]) {
        Some("d")
    } else if has(&["menes", "month"]) || is(&["men"]) {
        Some("month")
    } else if has(&["stund", "hour"]) || is(&["h", "st"]) {
        Some("h")
    } else if has(&["minut"]) || is(&["min"]) {
        Some("min")
    } else {
        None
    }
}
