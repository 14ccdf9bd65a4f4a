//! The options, compiled: what no schema can say is said here.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use vienkop_transforms::normalise::moment::Moment;

use super::super::OptionError;
use super::history::History;
use super::lookups::Apply;
use super::moment::{self, Read, Written};
use super::options::{DetailOptions, IncrementalOptions, Paging, Place, RequestOptions, RestOptions, WindowOptions};
use super::paging::Pager;
use super::pick::Pick;
use super::template::{RequestTemplate, Template};
use super::tree::{Node, Path, pointer};

/// What is asked for and what becomes of it.
pub(super) struct Plan {
    pub(super) account: Option<RequestTemplate>,
    pub(super) list: List,
    pub(super) id: Option<Path>,
    pub(super) errors: Option<Errors>,
    /// How moments are written in requests.
    pub(super) written: Written,
    pub(super) windows: Option<Window>,
    pub(super) incremental: Option<Incremental>,
    pub(super) detail: Option<Detail>,
    pub(super) children: Vec<Child>,
    pub(super) lookups: Vec<Lookup>,
    pub(super) pick: Vec<Pick>,
    pub(super) history: Option<History>,
    pub(super) drop: Vec<Path>,
}

/// A list: its request, where the records are, how it goes on.
pub(super) struct List {
    pub(super) request: RequestTemplate,
    pub(super) records: Vec<String>,
    /// The pointer as it is written.
    pub(super) pointer: String,
    pub(super) pager: Pager,
}

/// Windows of change time.
pub(super) struct Window {
    pub(super) step: Option<SignedDuration>,
    pub(super) overlap: SignedDuration,
    pub(super) most: u64,
}

/// How what has changed is asked for.
pub(super) struct Incremental {
    pub(super) field: Path,
    /// The path as it is written.
    pub(super) written: String,
    pub(super) read: Read,
    pub(super) overlap: SignedDuration,
    pub(super) first: Option<Moment>,
}

/// The records of a list of ids.
pub(super) struct Detail {
    pub(super) request: RequestTemplate,
    pub(super) records: Vec<String>,
    /// The pointer as it is written.
    pub(super) pointer: String,
    pub(super) id: Path,
    pub(super) batch: usize,
    pub(super) join: Option<String>,
}

/// A further request for each record.
pub(super) struct Child {
    pub(super) name: String,
    pub(super) list: List,
}

/// A list that ids are looked up in.
pub(super) struct Lookup {
    pub(super) name: String,
    pub(super) list: List,
    pub(super) key: Path,
    pub(super) value: Path,
    pub(super) apply: Vec<Apply>,
}

/// How the system tells failures with status 200.
pub(super) struct Errors {
    pointer: Vec<String>,
    message: Option<Vec<String>>,
    pub(super) login: BTreeSet<String>,
    pub(super) gone: BTreeSet<String>,
}

impl Errors {
    /// The code, if the document tells a failure.
    pub(super) fn code(&self, document: &Node) -> Option<String> {
        match document.pointed(&self.pointer)? {
            Node::Scalar(raw) if matches!(&**raw, "null" | "false" | "\"\"" | "0") => None,
            node if node.is_empty() => None,
            node @ Node::Scalar(_) => node.text().map(std::borrow::Cow::into_owned),
            node => Some(String::from_utf8_lossy(&node.bytes()).into_owned()),
        }
    }

    /// What it says to people.
    pub(super) fn message(&self, document: &Node) -> Option<String> {
        let node = document.pointed(self.message.as_ref()?)?;
        Some(
            node.text()
                .map_or_else(|| String::from_utf8_lossy(&node.bytes()).into_owned(), std::borrow::Cow::into_owned),
        )
    }
}

fn fault(option: &str, reason: &'static str, value: &str) -> OptionError {
    OptionError::new(option, reason, value)
}

fn pointed(option: &str, text: &str) -> Result<Vec<String>, OptionError> {
    pointer(text).ok_or_else(|| fault(option, "pointer", text))
}

fn path(option: &str, text: &str) -> Result<Path, OptionError> {
    Path::parse(text).ok_or_else(|| fault(option, "path", text))
}

fn length(option: &str, text: &str) -> Result<SignedDuration, OptionError> {
    moment::length(text).ok_or_else(|| fault(option, "length", text))
}

/// A format or zone that there is not; `at` names the table.
fn time<T>(at: &str, result: Result<T, (&'static str, &str)>) -> Result<T, OptionError> {
    result.map_err(|(option, text)| {
        let reason = if option == "zone" { "time-zone" } else { "time-format" };
        fault(&format!("{at}/{option}"), reason, text)
    })
}

impl Plan {
    pub(super) fn new(options: &RestOptions) -> Result<Self, OptionError> {
        options.server.check()?;
        let mut request = RequestTemplate::new(&RequestOptions::from(&options.request), "request")?;
        // A text with a gap that has no value is left out: a filter would be lost with it.
        let since = options.incremental.as_ref().filter(|_| request.needed().contains(&"since"));
        if since.is_some_and(|incremental| incremental.first.is_none()) {
            return Err(fault("incremental/first", "first-needed", ""));
        }
        let written = written(options.incremental.as_ref(), options.windows.as_ref(), &mut request)?;
        let pager = Pager::new(options.paging.as_ref(), &mut request, "paging")?;
        let mut known = pager.gaps().to_vec();
        if options.incremental.is_some() || options.windows.is_some() {
            known.push("since");
        }
        if options.windows.is_some() {
            known.push("until");
        }
        only_known(&request, &known, "request")?;
        let list = List {
            request,
            records: pointed("request/records", &options.request.records)?,
            pointer: options.request.records.clone(),
            pager,
        };
        if matches!(options.paging, Some(Paging::Offset { overlap: 1.., .. }))
            && options.request.id.is_none()
            && options.detail.is_none()
        {
            return Err(fault("request/id", "id-needed", ""));
        }
        if options.windows.is_some() && !list.request.gaps().contains(&"until") {
            return Err(fault("windows/to", "window-parameters", ""));
        }
        let errors = options.errors.as_ref().map(|errors| {
            let message = errors.message.as_deref().map(|text| pointed("errors/message", text)).transpose()?;
            Ok::<_, OptionError>(Errors {
                pointer: pointed("errors/pointer", &errors.pointer)?,
                message,
                login: errors.login.iter().cloned().collect(),
                gone: errors.gone.iter().cloned().collect(),
            })
        });
        Ok(Self {
            account: options.account.as_deref().map(account).transpose()?,
            list,
            id: options.request.id.as_deref().map(|text| path("request/id", text)).transpose()?,
            errors: errors.transpose()?,
            written,
            windows: options.windows.as_ref().map(window).transpose()?,
            incremental: options.incremental.as_ref().map(incremental).transpose()?,
            detail: options.detail.as_ref().map(detail).transpose()?,
            children: children(options)?,
            lookups: lookups(options)?,
            pick: options.pick.iter().map(Pick::new).collect::<Result<_, _>>()?,
            history: options.history.as_ref().map(History::new).transpose()?,
            drop: options.drop.iter().map(|text| path("drop", text)).collect::<Result<_, _>>()?,
        })
    }
}

/// How moments are written, with the parameters that hold them added to the request.
fn written(
    incremental: Option<&IncrementalOptions>,
    windows: Option<&WindowOptions>,
    request: &mut RequestTemplate,
) -> Result<Written, OptionError> {
    let mut add = |at: &str, place: Place, name: &str, template: Template| {
        let in_body = place == Place::Body;
        if in_body && !request.takes_members() {
            return Err(fault(&format!("{at}/in"), "body-of-get", ""));
        }
        request.add(in_body, name, template);
        Ok(())
    };
    let mut written = Written::default();
    if let Some(options) = incremental {
        written = time(
            "incremental",
            Written::new(options.format.as_deref(), options.zone.as_deref().filter(|_| options.format.is_some())),
        )?;
        match (&options.parameter, windows) {
            (Some(parameter), None) => {
                add("incremental", options.place, parameter, Template::parse(&options.value))?;
            }
            (Some(parameter), Some(_)) => return Err(fault("incremental/parameter", "with-windows", parameter)),
            (None, _) => {}
        }
    }
    if let Some(options) = windows {
        if options.format.is_some() || options.zone.is_some() {
            written = time("windows", Written::new(options.format.as_deref(), options.zone.as_deref()))?;
        }
        for (name, gap) in [(&options.from, "since"), (&options.to, "until")] {
            if let Some(name) = name {
                add("windows", options.place, name, Template::gap(gap))?;
            }
        }
    }
    Ok(written)
}

/// The question whether the server knows us.
fn account(path: &str) -> Result<RequestTemplate, OptionError> {
    let asked = RequestOptions { method: "GET".to_owned(), path: path.to_owned(), ..RequestOptions::default() };
    // Its path is the option itself.
    let request = RequestTemplate::new(&asked, "account").map_err(|error| fault("account", error.reason, path))?;
    only_known(&request, &[], "account")?;
    Ok(request)
}

fn only_known(request: &RequestTemplate, known: &[&str], at: &str) -> Result<(), OptionError> {
    match request.gaps().into_iter().find(|gap| !known.contains(gap)) {
        Some(gap) => Err(fault(at, "placeholder", gap)),
        None => Ok(()),
    }
}

fn window(options: &WindowOptions) -> Result<Window, OptionError> {
    let step = options.step.as_deref().map(|text| length("windows/step", text)).transpose()?;
    if let Some(step) = step
        && step.as_secs() < 2
    {
        return Err(fault("windows/step", "length", options.step.as_deref().unwrap_or_default()));
    }
    let overlap = options.overlap.as_deref().map(|text| length("windows/overlap", text)).transpose()?;
    Ok(Window { step, overlap: overlap.unwrap_or_default(), most: options.most })
}

fn incremental(options: &IncrementalOptions) -> Result<Incremental, OptionError> {
    let first = options.first.as_deref();
    let first = first.map(|text| moment::first(text).ok_or_else(|| fault("incremental/first", "moment", text)));
    Ok(Incremental {
        field: path("incremental/field", &options.field)?,
        written: options.field.clone(),
        read: time("incremental", Read::new(options.field_format.as_deref(), options.zone.as_deref()))?,
        overlap: length("incremental/overlap", &options.overlap)?,
        first: first.transpose()?,
    })
}

fn detail(options: &DetailOptions) -> Result<Detail, OptionError> {
    let request = RequestTemplate::new(&RequestOptions::from(options), "detail")?;
    only_known(&request, &["ids"], "detail")?;
    if request.gaps().is_empty() {
        return Err(fault("detail", "no-ids", ""));
    }
    Ok(Detail {
        request,
        records: pointed("detail/records", &options.records)?,
        pointer: options.records.clone(),
        id: path("detail/id", &options.id)?,
        batch: options.batch,
        join: options.join.clone(),
    })
}

fn children(options: &RestOptions) -> Result<Vec<Child>, OptionError> {
    let children = options.children.iter().map(|child| {
        let mut request = RequestTemplate::new(&RequestOptions::from(child), "children")?;
        let pager = Pager::new(child.paging.as_ref(), &mut request, "children/paging")?;
        if child.name.is_empty() {
            return Err(fault("children/name", "empty", ""));
        }
        let records = pointed("children/records", &child.records)?;
        let list = List { request, records, pointer: child.records.clone(), pager };
        Ok(Child { name: child.name.clone(), list })
    });
    let children: Vec<Child> = children.collect::<Result<_, _>>()?;
    // Children that are gone are told by the record's id.
    if !children.is_empty() && options.request.id.is_none() && options.detail.is_none() {
        return Err(fault("request/id", "id-needed", ""));
    }
    Ok(children)
}

fn lookups(options: &RestOptions) -> Result<Vec<Lookup>, OptionError> {
    let lookups = options.lookups.iter().map(|lookup| {
        let mut request = RequestTemplate::new(&RequestOptions::from(lookup), "lookups")?;
        let pager = Pager::new(lookup.paging.as_ref(), &mut request, "lookups/paging")?;
        only_known(&request, pager.gaps(), "lookups")?;
        let records = pointed("lookups/records", &lookup.records)?;
        let apply = lookup.apply.iter().map(|apply| Apply::new(apply, "lookups/apply"));
        Ok(Lookup {
            name: lookup.name.clone(),
            list: List { request, records, pointer: lookup.records.clone(), pager },
            key: path("lookups/key", &lookup.key)?,
            value: path("lookups/value", &lookup.value)?,
            apply: apply.collect::<Result<_, _>>()?,
        })
    });
    lookups.collect()
}
