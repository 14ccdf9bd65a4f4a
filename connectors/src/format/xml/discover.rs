//! Which elements of a document are records: those that are repeated within one element and have parts.

use std::collections::HashMap;

use fs_err::File;
use quick_xml::events::Event;
use quick_xml::reader::NsReader;
use serde_json::{Map, Value};
use vienkop_transforms::finding;

use super::About;
use super::source::Source;
use crate::format::discover::{Discovered, DiscoveredTable};
use crate::format::{Input, ReadError};
use crate::limits::Limits;

/// Elements that are looked at: what is repeated is repeated among them.
const ELEMENTS: usize = 200_000;
/// Distinct paths that are kept; a document with more is no register.
const PATHS: usize = 5_000;
/// Tables that are named.
const TABLES: usize = 40;

#[derive(Default)]
struct Node {
    name: String,
    parent: Option<usize>,
    /// How often it stands in one element at most.
    most: usize,
    /// Parts below it: distinct elements, attributes, a text of its own.
    elements: usize,
    attributes: usize,
    text: bool,
}

struct Open {
    node: usize,
    counts: HashMap<usize, usize>,
}

/// Tables of an XML document; none when it is none.
pub(super) fn discover(input: &Input, limits: &Limits) -> Result<Option<Discovered>, ReadError> {
    let about = About { landed: input.landed };
    let source = match Source::new(File::open(&input.path)?, None, limits.record_bytes as u64, about) {
        Ok(source) => source,
        Err(ReadError::File(wrong)) if wrong.code == finding::WRONG_CONTENT.code => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(nodes) = nodes(source, limits) else { return Ok(None) };
    let records = records(&nodes);
    let mut tables = Vec::new();
    for record in records.into_iter().take(TABLES) {
        let path = path(&nodes, record, None);
        let mut read = Map::new();
        read.insert("record".to_owned(), Value::from(format!("/{path}")));
        let within = tables.len();
        tables.push(DiscoveredTable { name: path, read: read.clone(), ..DiscoveredTable::default() });
        for list in lists(&nodes, record) {
            let explode = self::path(&nodes, list, Some(record));
            let mut read = read.clone();
            read.insert("explode".to_owned(), Value::from(explode.as_str()));
            tables.push(DiscoveredTable { name: explode.clone(), read, explode: Some(explode), within: Some(within) });
        }
    }
    Ok(Some(Discovered { options: Map::new(), tables }))
}

/// Every distinct path; none when the document is not XML to its first element.
fn nodes(source: Source<File>, limits: &Limits) -> Option<Vec<Node>> {
    let mut reader = NsReader::from_reader(source);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().allow_dangling_amp = true;
    let mut nodes: Vec<Node> = Vec::new();
    let mut known: HashMap<(Option<usize>, String), usize> = HashMap::new();
    let mut open: Vec<Open> = Vec::new();
    let mut token = Vec::new();
    for _ in 0..ELEMENTS * 4 {
        token.clear();
        reader.get_mut().next_token();
        // What breaks below the beginning is for the import to tell.
        let Ok(event) = reader.read_event_into(&mut token) else { break };
        match event {
            Event::Start(tag) => {
                let name = tag.local_name().into_inner().to_owned();
                if open.is_empty() && name.eq_ignore_ascii_case("html") {
                    return None;
                }
                let parent = open.last().map(|open| open.node);
                let next = nodes.len();
                let node = *known.entry((parent, name.clone())).or_insert(next);
                if node == next {
                    nodes.push(Node { name, parent, ..Node::default() });
                    if let Some(parent) = parent {
                        nodes[parent].elements += 1;
                    }
                }
                if let Some(open) = open.last_mut() {
                    *open.counts.entry(node).or_default() += 1;
                }
                let attributes = tag.attributes().flatten().filter(|one| one.key.as_namespace_binding().is_none());
                nodes[node].attributes = nodes[node].attributes.max(attributes.take(limits.columns).count());
                open.push(Open { node, counts: HashMap::new() });
            }
            Event::End(_) => {
                let closed = open.pop()?;
                for (node, count) in closed.counts {
                    nodes[node].most = nodes[node].most.max(count);
                }
            }
            Event::Text(text) => {
                if let Some(open) = open.last().filter(|_| !text.trim_ascii().is_empty()) {
                    nodes[open.node].text = true;
                }
            }
            Event::DocType(_) | Event::Eof => break,
            _ => {}
        }
        if nodes.len() > PATHS || open.len() > limits.depth {
            break;
        }
    }
    for closed in open {
        for (node, count) in closed.counts {
            nodes[node].most = nodes[node].most.max(count);
        }
    }
    (!nodes.is_empty()).then_some(nodes)
}

/// The outermost elements that are repeated and have parts; of a document of one record, the element with most parts.
fn records(nodes: &[Node]) -> Vec<usize> {
    let mut records: Vec<usize> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let inside = ancestors(nodes, index).any(|above| records.contains(&above));
        if node.most > 1 && node.elements + node.attributes > 0 && !inside {
            records.push(index);
        }
    }
    if records.is_empty() {
        let parts = |index: &usize| nodes[*index].elements + nodes[*index].attributes;
        records.extend((0..nodes.len()).rev().max_by_key(parts));
    }
    records
}

/// Elements below a record that are repeated in it and have two parts or more.
fn lists(nodes: &[Node], record: usize) -> Vec<usize> {
    let mut lists: Vec<usize> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let parts = node.elements + node.attributes + usize::from(node.text && node.elements == 0);
        let below = ancestors(nodes, index).any(|above| above == record);
        let within = ancestors(nodes, index).any(|above| lists.contains(&above));
        if below && !within && node.most > 1 && parts > 1 {
            lists.push(index);
        }
    }
    lists
}

fn ancestors(nodes: &[Node], index: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(nodes[index].parent, |above| nodes[*above].parent)
}

fn path(nodes: &[Node], index: usize, below: Option<usize>) -> String {
    let mut names = vec![nodes[index].name.as_str()];
    names.extend(
        ancestors(nodes, index).take_while(|above| Some(*above) != below).map(|above| nodes[above].name.as_str()),
    );
    names.reverse();
    names.join("/")
}
