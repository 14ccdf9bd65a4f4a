//! Records sent many in a request.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::Ordering;

use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use vienkop_connectors::deliver::{Refusal, Said, Sending};
use vienkop_connectors::fetch::FetchError;
use vienkop_transforms::deliver::{Batch, Fill, Requests, Results};
use vienkop_transforms::digest::sha256;

use super::courier::{Became, Courier, Parcel};
use super::single::no_path;

impl Courier<'_> {
    pub(super) async fn in_batches(
        &self,
        requests: &Requests<'_>,
        batch: &Batch,
        parcels: &[Parcel<'_>],
    ) -> std::io::Result<Vec<Became>> {
        let each = parcels.chunks(batch.size as usize).map(|parcels| self.batch(requests, batch, parcels));
        let all: Vec<std::io::Result<Vec<Became>>> =
            stream::iter(each).buffered(self.target.deliver.concurrent()).collect().await;
        Ok(all.into_iter().collect::<std::io::Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// Sends many records in one request; in halves, where they are refused without saying which.
    async fn batch(
        &self,
        requests: &Requests<'_>,
        batch: &Batch,
        parcels: &[Parcel<'_>],
    ) -> std::io::Result<Vec<Became>> {
        let mut done: Vec<Option<Became>> = parcels.iter().map(|_| None).collect();
        let mut open: Vec<Range<usize>> = std::iter::once(0..parcels.len()).collect();
        while let Some(range) = open.pop() {
            if self.line.stops() || self.cancel.load(Ordering::Relaxed) {
                break;
            }
            let some = &parcels[range.clone()];
            match self.together(requests, batch, some).await {
                Ok(Err(_)) if some.len() > 1 => {
                    let middle = range.start + some.len() / 2;
                    open.extend([middle..range.end, range.start..middle]);
                }
                Ok(Err(refusal)) => done[range.start] = Some(self.heard(Ok(Became::Refused(refusal)))?),
                Ok(Ok(results)) => {
                    for (at, became) in range.zip(results) {
                        done[at] = Some(self.heard(Ok(became))?);
                    }
                }
                Err(error) => {
                    let first = range.start;
                    for at in range {
                        done[at] = Some(Became::Likewise);
                    }
                    done[first] = Some(self.heard(Err(error))?);
                }
            }
        }
        Ok(done.into_iter().map(|became| became.unwrap_or(Became::Unsent)).collect())
    }

    /// Sends many records in one request: what became of each, or why all of them are refused.
    async fn together(
        &self,
        requests: &Requests<'_>,
        batch: &Batch,
        parcels: &[Parcel<'_>],
    ) -> Result<Result<Vec<Became>, Refusal>, FetchError> {
        let id_of = |entity: &str, uid: &str| self.id_of(entity, uid);
        let mut list = vec![b'['];
        let mut key = String::new();
        for parcel in parcels {
            if list.len() > 1 {
                list.push(b',');
            }
            let fill = Fill { key: &parcel.key, sequence: parcel.sequence, id: None, id_of: &id_of };
            list.extend(requests.body(parcel.due.row, fill));
            key.push_str(&parcel.key);
            key.push('\n');
        }
        list.push(b']');
        let body = match &batch.member {
            Some(member) => [format!("{{{}:", Value::from(member.as_str())).as_bytes(), &list, b"}"].concat(),
            None => list,
        };
        let method = requests.template().settings.send.method.as_str();
        let path = parcels.first().and_then(|parcel| parcel.path.clone()).ok_or_else(|| no_path(requests))?;
        let sending = Sending { method, path, key: Some(sha256(&key)), body: Some(body), once: false };
        let (status, answer) = match self.register.send(&sending).await? {
            Said::Accepted(status, answer) => (status, answer),
            Said::Refused(refusal) | Said::Absent(refusal) => return Ok(Err(refusal)),
        };
        let found = match &batch.results {
            // 207: of some of them something else is true.
            None => (status != 207).then(|| parcels.iter().map(|_| Became::Accepted { id: None }).collect()),
            Some(results) => answer.as_ref().and_then(|answer| self.results(results, answer, parcels)),
        };
        let wanted = match &batch.results {
            Some(results) => format!("batch.results.at = \"{}\", status = \"{}\"", results.at, results.status),
            None => "batch.results (207)".to_owned(),
        };
        found.map(Ok).ok_or_else(|| self.register.unclear(&sending, answer.as_ref(), &wanted).into())
    }

    /// What an answer says of each record; none where it does not speak of all of them.
    fn results(&self, results: &Results, answer: &Value, parcels: &[Parcel<'_>]) -> Option<Vec<Became>> {
        let items = answer.pointer(&results.at)?.as_array().filter(|items| items.len() == parcels.len())?;
        let by_uid: Option<BTreeMap<&str, &Value>> = results
            .uid
            .as_ref()
            .map(|pointer| items.iter().filter_map(|item| Some((item.pointer(pointer)?.as_str()?, item))).collect());
        let each = parcels.iter().enumerate().map(|(at, parcel)| {
            let item = match &by_uid {
                Some(items) => *items.get(parcel.uid)?,
                None => items.get(at)?,
            };
            let status = shown(item.pointer(&results.status)?);
            let number = status.parse::<u16>().ok();
            let is_accepted = match results.accepted.as_slice() {
                [] => number.is_some_and(|number| (200..300).contains(&number)),
                accepted => accepted.contains(&status),
            };
            if is_accepted {
                return Some(Became::Accepted { id: None });
            }
            let words = results.message.as_ref().and_then(|pointer| item.pointer(pointer));
            let words = words.map_or_else(|| item.to_string(), shown);
            let words = if number.is_some() { words } else { format!("{status}: {words}") };
            Some(Became::Refused(Refusal { status: number.unwrap_or(0), words: self.register.quote(&words) }))
        });
        each.collect()
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
