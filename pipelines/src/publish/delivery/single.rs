//! Records sent one in a request: made, or written over.

use std::sync::atomic::Ordering;

use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use vienkop_connectors::deliver::{Refusal, Said, Sending};
use vienkop_connectors::fetch::FetchError;
use vienkop_transforms::deliver::{Fill, Requests, Template};
use vienkop_transforms::finding::{self, Finding};

use super::courier::{Became, Courier, Parcel};
use super::line::ends;

/// Characters of an id that a register gives out, at most.
const ID_CHARS: usize = 200;

impl Courier<'_> {
    pub(super) async fn one_by_one(
        &self,
        requests: &Requests<'_>,
        parcels: &[Parcel<'_>],
    ) -> std::io::Result<Vec<Became>> {
        let each = parcels.iter().map(|parcel| async {
            if self.line.stops() || self.cancel.load(Ordering::Relaxed) {
                return Ok(Became::Unsent);
            }
            let became = self.one(requests, parcel).await;
            self.heard(became)
        });
        let all: Vec<std::io::Result<Became>> =
            stream::iter(each).buffered(self.target.deliver.concurrent()).collect().await;
        all.into_iter().collect()
    }

    /// Notes how the register does.
    pub(super) fn heard(&self, became: Result<Became, FetchError>) -> std::io::Result<Became> {
        Ok(match became {
            Ok(became) => {
                match &became {
                    Became::Accepted { .. } => self.line.took(),
                    // It knows us and does not let us: mostly true of any other record too.
                    Became::Refused(refusal) if refusal.status == 403 && !self.line.taken.load(Ordering::Relaxed) => {
                        self.line.fails(false);
                    }
                    _ => self.line.failures.store(0, Ordering::Relaxed),
                }
                became
            }
            Err(FetchError::File(fault)) => {
                self.line.fails(ends(&fault));
                Became::Unknown(fault)
            }
            // It may have gone out.
            Err(FetchError::Cancelled) => Became::Likewise,
            Err(FetchError::Io(error)) => return Err(error),
        })
    }

    /// Sends one record.
    async fn one(&self, requests: &Requests<'_>, parcel: &Parcel<'_>) -> Result<Became, FetchError> {
        let settings = &requests.template().settings;
        if settings.create.is_none() {
            return Ok(match self.put(requests, parcel, parcel.due.held.register_id.as_deref()).await? {
                Said::Accepted(_, answer) => {
                    let id = settings.id.as_ref().and_then(|pointer| answer?.pointer(pointer).and_then(id_of_value));
                    Became::Accepted { id }
                }
                Said::Absent(refusal) | Said::Refused(refusal) => Became::Refused(refusal),
            });
        }
        if let Some(id) = &parcel.due.held.register_id {
            match self.put(requests, parcel, Some(id)).await? {
                Said::Accepted(..) => return Ok(Became::Accepted { id: Some(id.clone()) }),
                Said::Refused(refusal) => return Ok(Became::Refused(refusal)),
                // Somebody has taken it away there.
                Said::Absent(_) => {}
            }
        }
        let mut waits = self.register.waits();
        loop {
            // Whatever is known here, from a backup maybe, and each time before it is made: it may be there already.
            match self.find(requests, parcel.due.row, parcel.uid).await? {
                Err(refusal) => return Ok(Became::Refused(refusal)),
                Ok(Some(id)) => {
                    return Ok(match self.put(requests, parcel, Some(&id)).await? {
                        Said::Accepted(..) => Became::Accepted { id: Some(id) },
                        Said::Absent(refusal) | Said::Refused(refusal) => Became::Refused(refusal),
                    });
                }
                Ok(None) => {}
            }
            match self.create(requests, parcel).await {
                // Where the connection broke, the next question says whether anybody is there.
                Err(FetchError::File(fault)) if !ends(&fault) || fault.code == finding::UNREACHABLE.code => {
                    match waits.next() {
                        Some(wait) => self.register.wait(wait).await?,
                        None => return Err(FetchError::File(fault)),
                    }
                }
                other => return other,
            }
        }
    }

    async fn put(&self, requests: &Requests<'_>, parcel: &Parcel<'_>, id: Option<&str>) -> Result<Said, FetchError> {
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let fill = Fill { key: &parcel.key, sequence: parcel.sequence, id, id_of: &id_of };
        let path = requests.send_path(parcel.due.row, fill).ok_or_else(|| no_path(requests))?;
        let method = requests.template().settings.send.method.as_str();
        let body = Some(requests.body(parcel.due.row, fill));
        self.register.send(&Sending { method, path, key: Some(parcel.key.clone()), body, once: false }).await
    }

    /// The register's id of a record; none where it does not have it.
    async fn find(
        &self,
        requests: &Requests<'_>,
        row: usize,
        uid: &str,
    ) -> Result<Result<Option<String>, Refusal>, FetchError> {
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let fill = Fill { key: "", sequence: 0, id: None, id_of: &id_of };
        let path = requests.find_path(row, fill).ok_or_else(|| no_path(requests))?;
        self.found(requests.template(), path, uid).await
    }

    /// What the register answers to `find`.
    pub(super) async fn found(
        &self,
        template: &Template,
        path: String,
        uid: &str,
    ) -> Result<Result<Option<String>, Refusal>, FetchError> {
        let Some(find) = &template.settings.find else { return Ok(Ok(None)) };
        let answer = match self.register.ask(&path).await? {
            Said::Accepted(_, answer) => answer,
            Said::Absent(_) => return Ok(Ok(None)),
            Said::Refused(refusal) => return Ok(Err(refusal)),
        };
        let Some(value) = answer.as_ref().and_then(|answer| answer.pointer(&find.id)).filter(|id| !id.is_null()) else {
            return Ok(Ok(None));
        };
        let of_it = answer.as_ref().and_then(|answer| answer.pointer(&find.uid)).and_then(Value::as_str) == Some(uid);
        let id = id_of_value(value).filter(|_| of_it);
        let others = self.ids.get(template.entity.name);
        let is_anothers =
            |id: &String| others.is_some_and(|ids| ids.iter().any(|(of, known)| known == id && of != uid));
        if let Some(id) = id.filter(|id| !is_anothers(id)) {
            return Ok(Ok(Some(id)));
        }
        let sending = Sending { method: "GET", path, key: None, body: None, once: false };
        let wanted = format!("find.id = \"{}\", find.uid = \"{}\"", find.id, find.uid);
        Err(self.register.unclear(&sending, answer.as_ref(), &wanted).into())
    }

    async fn create(&self, requests: &Requests<'_>, parcel: &Parcel<'_>) -> Result<Became, FetchError> {
        // Another request than the one that writes over a record: some registers compare what a key came with.
        let key = format!("{}-create", parcel.key);
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let fill = Fill { key: &key, sequence: parcel.sequence, id: None, id_of: &id_of };
        let (method, path) = requests.create(parcel.due.row, fill).ok_or_else(|| no_path(requests))?;
        let body = Some(requests.body(parcel.due.row, fill));
        let sending = Sending { method: method.as_str(), path, key: Some(key.clone()), body, once: true };
        let answer = match self.register.send(&sending).await? {
            Said::Accepted(_, answer) => answer,
            Said::Refused(refusal) | Said::Absent(refusal) => return Ok(Became::Refused(refusal)),
        };
        let pointer = requests.template().settings.id.as_deref().unwrap_or_default();
        if let Some(id) = answer.as_ref().and_then(|answer| answer.pointer(pointer)).and_then(id_of_value) {
            return Ok(Became::Accepted { id: Some(id) });
        }
        match self.find(requests, parcel.due.row, parcel.uid).await? {
            Ok(Some(id)) => Ok(Became::Accepted { id: Some(id) }),
            _ => Err(self.register.unclear(&sending, answer.as_ref(), &format!("id = \"{pointer}\"")).into()),
        }
    }
}

/// An id that can be one.
fn id_of_value(value: &Value) -> Option<String> {
    let id = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let is_sound = !id.is_empty() && id.chars().count() <= ID_CHARS && !id.chars().any(char::is_control);
    // A value of dots alone would lead to another address.
    (is_sound && !id.bytes().all(|byte| byte == b'.')).then_some(id)
}

/// Looked at before anything is sent; so it does not happen.
pub(super) fn no_path(requests: &Requests<'_>) -> FetchError {
    Finding { entity: requests.entity().to_owned(), ..Finding::of(&finding::NO_ADDRESS) }.into()
}
