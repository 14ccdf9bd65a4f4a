//! What a person decides: asked on the terminal, with what was found as the answer to begin with.

use std::io::IsTerminal;

use dialoguer::{Confirm, FuzzySelect, Input, Select};
use vienkop_transforms::model::{Field, Kind};
use vienkop_transforms::normalise::value;
use vienkop_transforms::onboard::{FieldProposal, Proposer, given_by_installation, without_codes};
use vienkop_transforms::texts::{Language, Texts};

use super::input::id_of;
use super::survey::{Survey, Surveyed};
use crate::cli::session::Session;

/// What is said of the source as a whole.
pub(crate) struct About {
    /// Its id.
    pub(crate) id: String,
    /// What a person reads in the summary.
    pub(crate) title: String,
    /// Registration number of the institution.
    pub(crate) institution: Option<String>,
}

/// Whether there is anybody to ask.
pub(crate) fn is_possible() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks what the source is called and whose it is.
///
/// # Errors
/// The terminal is gone.
pub(crate) fn about(session: &Session, about: &mut About, survey: &Survey) -> anyhow::Result<()> {
    let texts = session.texts();
    let taken = |id: &str| session.config.source(id).is_some();
    about.id = Input::new()
        .with_prompt(texts.get("onboard-ask-id", &[]))
        .default(about.id.clone())
        .validate_with(|id: &String| {
            let fault = match (id_of(id) == *id, taken(id)) {
                (true, false) => return Ok(()),
                (true, true) => "onboard-ask-id-taken",
                (false, _) => "onboard-ask-id-form",
            };
            Err(texts.get(fault, &[("id", id)]))
        })
        .interact_text()?;
    about.title =
        Input::new().with_prompt(texts.get("onboard-ask-title", &[])).default(about.title.clone()).interact_text()?;
    let asked =
        survey.tables.iter().any(|table| table.proposal.missing.iter().any(|field| given_by_installation(field)));
    if asked && about.institution.is_none() {
        let number: String = Input::new()
            .with_prompt(texts.get("onboard-ask-institution", &[]))
            .allow_empty(true)
            .validate_with(|number: &String| {
                let fits = number.trim().is_empty() || value::reg_no(number).is_some();
                if fits { Ok(()) } else { Err(texts.get("onboard-ask-institution-form", &[])) }
            })
            .interact_text()?;
        about.institution = value::reg_no(&number);
    }
    Ok(())
}

/// Asks, table by table, what is to be changed.
///
/// # Errors
/// The terminal is gone.
pub(crate) fn tables(
    session: &Session,
    proposer: &Proposer<'_>,
    survey: &mut Survey,
    show: &dyn Fn(&Surveyed) -> String,
) -> anyhow::Result<()> {
    let texts = session.texts();
    let mut kept = Vec::new();
    for mut table in std::mem::take(&mut survey.tables) {
        let wanted = loop {
            crate::cli::output::error(&show(&table));
            let answers = ["onboard-ask-right", "onboard-ask-change", "onboard-ask-leave"].map(|id| texts.get(id, &[]));
            match Select::new()
                .with_prompt(texts.get("onboard-ask-table", &[]))
                .items(&answers)
                .default(0)
                .interact()?
            {
                0 => break true,
                1 => change(session, proposer, &mut table)?,
                _ => break false,
            }
        };
        if wanted {
            codes(session, &mut table)?;
            kept.push(table);
        }
    }
    survey.tables = kept;
    Ok(())
}

/// Whether the file is to be written.
///
/// # Errors
/// The terminal is gone.
pub(crate) fn write(texts: &Texts, file: &str) -> anyhow::Result<bool> {
    Ok(Confirm::new().with_prompt(texts.get("onboard-ask-write", &[("file", file)])).default(true).interact()?)
}

/// Another column for a field, or none.
fn change(session: &Session, proposer: &Proposer<'_>, table: &mut Surveyed) -> anyhow::Result<()> {
    let texts = session.texts();
    let fields: Vec<&'static Field> = match table.proposal.child {
        Some(child) => child.fields.iter().collect(),
        None => table.proposal.entity.fields.iter().collect(),
    };
    let column_of = |table: &Surveyed, field: &Field| {
        table.proposal.fields.iter().find(|one| one.name == field.name).and_then(|one| one.column.clone())
    };
    let shown: Vec<String> = fields
        .iter()
        .map(|field| {
            let label = if session.language == Language::Lv { field.label_lv } else { field.label_en };
            let column = column_of(table, field).map(|column| format!("  ←  {column}")).unwrap_or_default();
            format!("{label} ({}){column}", field.name)
        })
        .collect();
    let which = FuzzySelect::new().with_prompt(texts.get("onboard-ask-field", &[])).items(&shown).interact()?;
    let field = fields[which];
    let mut columns = vec![texts.get("onboard-ask-none", &[])];
    columns.extend(table.columns.iter().map(|column| column.name.clone()));
    let column = FuzzySelect::new().with_prompt(texts.get("onboard-ask-column", &[])).items(&columns).interact()?;
    let before = column_of(table, field);
    let proposal = &mut table.proposal;
    let chosen = match column {
        0 => None,
        at => {
            let Some(chosen) = proposer.choose(proposal, field, &table.columns[at - 1]) else {
                crate::cli::output::error(&texts.get("onboard-ask-personal", &[]));
                return Ok(());
            };
            Some(chosen)
        }
    };
    proposal.fields.retain(|one| one.name != field.name);
    proposal.left.extend(before);
    if let Some(chosen) = chosen {
        // A column feeds one field: whatever had it before does without.
        proposal.fields.retain(|one| one.column != chosen.column);
        proposal.left.retain(|name| Some(name) != chosen.column.as_ref());
        proposal.personal.retain(|name| Some(name) != chosen.column.as_ref());
        proposal.fields.push(chosen);
    }
    proposal.fields.sort_by_key(|one| fields.iter().position(|field| field.name == one.name));
    let lacks = |field: &&Field| !proposal.fields.iter().any(|one| one.name == field.name);
    let required = |field: &&&'static Field| field.presence == vienkop_transforms::model::Presence::Required;
    proposal.missing = fields.iter().filter(required).copied().filter(|field| lacks(&&**field)).collect();
    Ok(())
}

/// A code for each spelling that nothing was proposed for.
fn codes(session: &Session, table: &mut Surveyed) -> anyhow::Result<()> {
    let texts = session.texts();
    for field in &mut table.proposal.fields {
        let Kind::CodeList(list) = field.field.kind else { continue };
        let Some(list) = session.config.codelists.get(list) else { continue };
        let FieldProposal { codes, rule, field: of, .. } = field;
        for code in codes.iter_mut().filter(|code| code.code.is_none()) {
            let mut answers = vec![texts.get("onboard-ask-no-code", &[])];
            answers.extend(list.codes.iter().map(|known| known.code.clone()));
            let shown = vienkop_transforms::normalise::personal::mask(&code.text).into_owned();
            let args = [("field", field.name.as_str()), ("text", &shown)];
            let which = FuzzySelect::new().with_prompt(texts.get("onboard-ask-code", &args)).items(&answers).default(0);
            let which = which.interact()?;
            if which > 0 {
                code.code = Some(answers[which].clone());
                code.confidence = 1.0;
                rule.codes.insert(code.text.clone(), answers[which].clone());
            }
        }
        rule.invalid = without_codes(of, codes);
    }
    Ok(())
}
