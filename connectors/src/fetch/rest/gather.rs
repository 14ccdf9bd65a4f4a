//! What makes a listed record whole: its detail, its children, what its ids stand for, its history.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::tz::TimeZone;
use tokio::sync::OnceCell;
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::normalise::personal::mask;

use super::super::FetchError;
use super::ask::{Asker, Refusal};
use super::lookups::lacking;
use super::plan::{Child, Detail, Plan};
use super::tree::Node;
use super::walk::walk;

/// A record as the list has it.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    /// What tells it from the others, with its own letters.
    pub(super) id: Option<Node>,
    /// The record, or its id.
    pub(super) node: Node,
}

impl Listed {
    /// The id as a text.
    pub(super) fn key(&self) -> Option<String> {
        self.id.as_ref().and_then(Node::text).map(std::borrow::Cow::into_owned)
    }
}

/// Makes records whole.
pub(super) struct Gatherer<'a> {
    pub(super) plan: &'a Plan,
    pub(super) asker: &'a Asker<'a>,
    pub(super) zone: &'a TimeZone,
    lists: OnceCell<Vec<HashMap<String, String>>>,
    told: Mutex<Told>,
}

/// What is to be told of the records.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) findings: Vec<Finding>,
    /// Whether a record was left out that is not known to be gone: the cursor must not pass it.
    pub(super) held_back: bool,
    lacking: BTreeSet<(usize, String)>,
}

impl<'a> Gatherer<'a> {
    pub(super) fn new(plan: &'a Plan, asker: &'a Asker<'a>, zone: &'a TimeZone) -> Self {
        Self { plan, asker, zone, lists: OnceCell::new(), told: Mutex::default() }
    }

    /// What was found since it was asked last.
    pub(super) fn told(&self) -> (Vec<Finding>, bool) {
        let Ok(mut told) = self.told.lock() else { return (Vec::new(), false) };
        (std::mem::take(&mut told.findings), told.held_back)
    }

    fn tell(&self, finding: Finding, held_back: bool) {
        if let Ok(mut told) = self.told.lock() {
            told.findings.push(finding);
            told.held_back |= held_back;
        }
    }

    /// The records of ids, in their order; none for what is gone.
    pub(super) async fn detailed(&self, listed: Vec<Listed>) -> Result<Vec<Option<Node>>, FetchError> {
        let Some(detail) = &self.plan.detail else { return Ok(listed.into_iter().map(|l| Some(l.node)).collect()) };
        let batches = listed.chunks(detail.batch).map(|batch| self.batch(detail, batch));
        let found: Vec<Vec<Option<Node>>> =
            stream::iter(batches).buffered(self.asker.conversation.concurrent()).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// A batch of them. What fails is halved down to the records that do; what an answer leaves out is asked for again.
    async fn batch(&self, detail: &Detail, listed: &[Listed]) -> Result<Vec<Option<Node>>, FetchError> {
        let mut found: Vec<Option<Node>> = vec![None; listed.len()];
        let mut waiting: Vec<Vec<usize>> = vec![(0..listed.len()).collect()];
        let mut failed = Vec::new();
        while let Some(batch) = waiting.pop() {
            let ids: Vec<Node> = batch.iter().filter_map(|index| listed[*index].id.clone()).collect();
            let ids = match &detail.join {
                Some(join) => {
                    let texts: Vec<_> = ids.iter().filter_map(Node::text).collect();
                    Node::text_of(&texts.join(join))
                }
                None => Node::Array(ids),
            };
            let values = |name: &str| (name == "ids").then(|| ids.clone());
            let Some(mut request) = detail.request.request(&self.asker.conversation, &values)? else { continue };
            request.accept = vec![400, 404, 410, 422];
            let name = self.asker.conversation.name(&request);
            let refusal = match self.asker.ask(request).await {
                Ok(mut reply) => {
                    let records = super::ask::records(&mut reply, &detail.records, &detail.pointer)?;
                    let mut given: HashMap<String, Node> = records
                        .into_iter()
                        .filter_map(|record| Some((record.find(&detail.id)?.into_owned(), record)))
                        .collect();
                    let (mut missing, before) = (Vec::new(), given.len());
                    for index in batch.iter().copied() {
                        match listed[index].key().and_then(|key| given.remove(&key)) {
                            Some(record) => found[index] = Some(record),
                            None => missing.push(index),
                        }
                    }
                    if missing.is_empty() {
                        continue;
                    }
                    // Some servers give no more than so many of those asked for.
                    if missing.len() < batch.len() {
                        waiting.push(missing);
                        continue;
                    }
                    // Others than those asked for say nothing of these.
                    match before {
                        0 => Refusal::Gone,
                        _ => Refusal::Own(Box::new(Finding {
                            cell: Some(name.clone()),
                            ..Finding::of(&finding::NOT_DATA)
                        })),
                    }
                }
                Err(Refusal::Fetch(error)) => return Err(error),
                Err(refusal) => refusal,
            };
            if batch.len() > 1 {
                let (first, second) = batch.split_at(batch.len() / 2);
                waiting.extend([second.to_vec(), first.to_vec()]);
                continue;
            }
            let key = batch.first().and_then(|index| listed[*index].key()).unwrap_or_default();
            match refusal {
                Refusal::Own(finding) => failed.push((key, finding)),
                Refusal::Gone | Refusal::Fetch(_) => self.tell(gone(&key, &name, None), false),
            }
        }
        // Where all of them fail it is not the records.
        if failed.len() > 1
            && failed.len() == listed.len()
            && let Some((_, finding)) = failed.pop()
        {
            return Err(FetchError::File(finding));
        }
        for (key, finding) in failed {
            self.tell(gone(&key, finding.cell.as_deref().unwrap_or_default(), finding.value), true);
        }
        Ok(found)
    }

    /// Records with all that belongs to them; none for what is gone.
    pub(super) async fn whole(&self, records: Vec<(Option<Node>, Node)>) -> Result<Vec<Option<Node>>, FetchError> {
        let concurrent = self.asker.conversation.concurrent();
        let records = records.into_iter().map(|(id, record)| self.with_children(id, record));
        let mut records: Vec<(Option<Node>, Option<Node>)> =
            stream::iter(records).buffered(concurrent).try_collect().await?;
        if !records.is_empty() {
            self.look_up(&mut records).await?;
        }
        Ok(records
            .into_iter()
            .map(|(id, record)| {
                let mut record = record?;
                self.plan.pick.iter().for_each(|pick| pick.apply(&mut record));
                if let Some(history) = &self.plan.history {
                    let key = id.as_ref().and_then(Node::text).unwrap_or_default();
                    if let Some(finding) = history.add(&mut record, &key, self.zone) {
                        self.tell(finding, false);
                    }
                }
                self.plan.drop.iter().for_each(|path| record.remove(path));
                Some(record)
            })
            .collect())
    }

    async fn with_children(
        &self,
        id: Option<Node>,
        mut record: Node,
    ) -> Result<(Option<Node>, Option<Node>), FetchError> {
        for child in &self.plan.children {
            match self.child(child, id.as_ref(), &record).await {
                Ok(children) => record.set(&child.name, children),
                Err(Refusal::Gone) => {
                    let key = id.as_ref().and_then(Node::text).unwrap_or_default();
                    self.tell(gone(&key, &child.list.request.name(), None), false);
                    return Ok((id, None));
                }
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Ok((id, Some(record)))
    }

    async fn child(&self, child: &Child, id: Option<&Node>, record: &Node) -> Result<Node, Refusal> {
        let values = |name: &str| match name {
            "id" => id.cloned(),
            path => {
                let mut found = Vec::new();
                record.each(&super::tree::Path::parse(path)?, &mut found);
                found.first().filter(|node| node.text().is_some()).map(|node| (*node).clone())
            }
        };
        walk(self.asker, &child.list, &values, &[404, 410]).await
    }

    /// Writes what ids stand for beside them. The lists are asked for once.
    async fn look_up(&self, records: &mut [(Option<Node>, Option<Node>)]) -> Result<(), FetchError> {
        if self.plan.lookups.is_empty() {
            return Ok(());
        }
        let lists = self.lists.get_or_try_init(|| self.lists()).await?;
        for (number, (lookup, list)) in self.plan.lookups.iter().zip(lists).enumerate() {
            for (_, record) in records.iter_mut() {
                let Some(record) = record else { continue };
                for id in lookup.apply.iter().flat_map(|apply| apply.apply(record, list)) {
                    let Ok(mut told) = self.told.lock() else { continue };
                    if told.lacking.insert((number, id.clone())) {
                        told.findings.push(lacking(&lookup.name, &mask(&id)));
                    }
                }
            }
        }
        Ok(())
    }

    async fn lists(&self) -> Result<Vec<HashMap<String, String>>, FetchError> {
        let mut lists = Vec::new();
        for lookup in &self.plan.lookups {
            let found = walk(self.asker, &lookup.list, &|_| None, &[]).await?;
            let items = match found {
                Node::Array(items) => items,
                other => vec![other],
            };
            let pairs = items.iter().filter_map(|item| {
                Some((item.find(&lookup.key)?.into_owned(), item.find(&lookup.value)?.into_owned()))
            });
            lists.push(pairs.collect());
        }
        Ok(lists)
    }
}

/// N010: a record that was in the list and cannot be had.
fn gone(key: &str, request: &str, why: Option<String>) -> Finding {
    Finding {
        record_key: Some(mask(key).into_owned()),
        cell: Some(request.to_owned()).filter(|request| !request.is_empty()),
        value: why,
        ..Finding::of(&finding::RECORD_GONE)
    }
}
