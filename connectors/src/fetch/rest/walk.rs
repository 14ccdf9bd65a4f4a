//! The whole of a small list: children of a record, a look-up list.

use vienkop_transforms::finding::{self, Finding};

use super::super::FetchError;
use super::ask::{Asker, Refusal, records};
use super::paging::{After, Circle, Met, Page, Step, Walk};
use super::plan::List;
use super::template::Values;
use super::tree::Node;
use crate::net::{Conversation, Request};

/// All records of a list, or what its pointer leads to where there is one page only. Nothing where the path of the
/// request has a gap without value.
///
/// # Errors
/// [`Refusal::Gone`] for the statuses in `gone`; N007, N011.
pub(super) async fn walk(asker: &Asker<'_>, list: &List, values: &Values<'_>, gone: &[u16]) -> Result<Node, Refusal> {
    let (mut walk, mut met, mut found) = (Walk::default(), Met::default(), Vec::new());
    loop {
        let Some(mut request) = page_request(&asker.conversation, list, &walk.step, values)? else {
            return Ok(Node::Array(Vec::new()));
        };
        request.accept = gone.to_vec();
        let mut reply = asker.ask(request).await?;
        if list.pager.is_whole()
            && let Some(node @ Node::Object(_)) = reply.document.pointed(&list.records)
            && !node.is_empty()
        {
            return Ok(node.clone());
        }
        let page = records(&mut reply, &list.records, &list.pointer)?;
        let received = page.len() as u64;
        let facts = Page {
            document: &reply.document,
            links: &reply.links,
            received,
            fresh: received,
            digest: page_digest(&page),
            keys: &[],
        };
        let after = list.pager.advance(&mut walk, &facts, &mut met);
        found.extend(page);
        match after {
            After::More => walk.step.resolve(&reply.url),
            After::End => break,
            After::Circle(circle) => return Err(endless(&reply.request, circle).into()),
        }
    }
    if let Some((_, total)) = walk.totals
        && walk.distinct < total
    {
        return Err(fewer(&list.request.name(), walk.distinct, total).into());
    }
    Ok(Node::Array(found))
}

/// The request of a page.
pub(super) fn page_request(
    conversation: &Conversation<'_>,
    list: &List,
    step: &Step,
    values: &Values<'_>,
) -> Result<Option<Request>, FetchError> {
    let filled = |name: &str| list.pager.value(step, name).or_else(|| values(name));
    match step {
        Step::Link(link) => Ok(Some(list.request.at(conversation.url(link)?, &filled))),
        _ => list.request.request(conversation, &filled),
    }
}

/// What tells a page from others.
pub(super) fn page_digest(records: &[Node]) -> u128 {
    let mut bytes = Vec::new();
    for record in records {
        record.write(&mut bytes);
        bytes.push(b'\n');
    }
    super::digest(&[&bytes])
}

/// N007.
pub(super) fn endless(request: &str, circle: Circle) -> FetchError {
    let (value, expected) = match circle {
        Circle::Page => ("page", None),
        Circle::Link => ("link", None),
        Circle::Idle => ("idle", None),
        Circle::Pages(most) => ("pages", Some(most.to_string())),
    };
    Finding {
        cell: Some(request.to_owned()),
        value: Some(value.to_owned()),
        expected,
        ..Finding::of(&finding::ENDLESS)
    }
    .into()
}

/// N011.
pub(super) fn fewer(request: &str, received: u64, total: u64) -> FetchError {
    Finding {
        cell: Some(request.to_owned()),
        value: Some(received.to_string()),
        expected: Some(total.to_string()),
        ..Finding::of(&finding::FEWER_THAN_PROMISED)
    }
    .into()
}
