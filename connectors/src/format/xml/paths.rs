//! Paths: what the configuration asks for, and a table of the paths that a document has.
//!
//! Every distinct path of the document becomes one node when it is first met, and what is wanted there is settled
//! then; after that an element costs one look-up of its name.

use std::collections::{BTreeMap, HashMap};

use vienkop_transforms::batch::SourceColumn;

/// Where records are, as configured.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) record_path: String,
    pub(super) record: Vec<Step>,
    pub(super) explode_path: Option<String>,
    pub(super) explode: Option<Vec<Step>>,
    pub(super) namespaces: BTreeMap<String, String>,
}

/// Why a text is no path: the sentence `config-refused-<reason>`, and what it quotes.
#[derive(Debug)]
pub(super) struct NoPath {
    pub(super) reason: &'static str,
    pub(super) value: String,
}

/// One element or attribute of a path; `None` is any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    namespace: Option<String>,
    name: Option<String>,
}

impl Step {
    fn parse(text: &str, namespaces: &BTreeMap<String, String>) -> Result<Self, NoPath> {
        let (prefix, name) = text.split_once(':').map_or((None, text), |(prefix, name)| (Some(prefix), name));
        if name.is_empty() || name == "." || name == ".." || name.contains([':', '@', ' ', '[', ']', '(', ')']) {
            return Err(NoPath { reason: "element", value: text.to_owned() });
        }
        let namespace = prefix
            .map(|prefix| {
                let unknown = || NoPath { reason: "prefix", value: prefix.to_owned() };
                namespaces.get(prefix).cloned().ok_or_else(unknown)
            })
            .transpose()?;
        Ok(Self { namespace, name: (name != "*").then(|| name.to_owned()) })
    }

    fn matches(&self, name: &str, namespace: Option<&str>) -> bool {
        self.name.as_deref().is_none_or(|wanted| wanted == name)
            && (self.namespace.is_none() || self.namespace.as_deref() == namespace)
    }
}

/// The steps of `a/b/c`.
pub(super) fn steps(path: &str, namespaces: &BTreeMap<String, String>) -> Result<Vec<Step>, NoPath> {
    path.split('/').map(|step| Step::parse(step, namespaces)).collect()
}

/// Where the element lies that a column is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Around the record: below the element at this depth (the root's is 1), and valid until that one ends.
    Above(usize),
    /// In the record.
    Record,
    /// In the exploded element.
    Part,
}

/// A wanted column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) source: SourceColumn,
    pub(super) level: Level,
}

/// What a path leads to.
#[derive(Debug)]
struct Goal {
    steps: Vec<Step>,
    attribute: Option<Step>,
    aim: Aim,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    Record,
    Part,
    Column(usize),
}

/// Number of a node; [`SKIP`] is an element that is of no interest, like everything in it.
pub(super) type NodeId = u32;
pub(super) const ROOT: NodeId = 0;
pub(super) const SKIP: NodeId = u32::MAX;

/// One path of the document.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Names from the root, for people.
    pub(super) path: String,
    pub(super) place: Place,
    /// Columns that are its text.
    pub(super) columns: Vec<usize>,
    /// Its text is that of the elements in it too.
    pub(super) deep: bool,
    /// Some attribute of it is wanted.
    pub(super) attributes_wanted: bool,
    /// Named as an unknown path already.
    pub(super) reported: bool,
    depth: usize,
    goals: Vec<usize>,
    children: ByName<NodeId>,
    attributes: ByName<Attribute>,
}

/// By local name, then by namespace.
type ByName<T> = HashMap<Box<str>, Vec<(Option<Box<str>>, T)>>;

/// Where an element is, seen from the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    #[default]
    Outside,
    /// On the way to the record.
    Leads,
    /// The record itself.
    Record,
    /// In a record.
    Inside,
    /// The exploded element itself.
    Part,
    /// In the exploded element.
    InPart,
}

impl Place {
    /// The record, or in it.
    pub(super) fn in_record(self) -> bool {
        !matches!(self, Self::Outside | Self::Leads)
    }

    /// The exploded element, or in it.
    pub(super) fn in_part(self) -> bool {
        matches!(self, Self::Part | Self::InPart)
    }

    /// Of an element in this one, when it is not the record or the exploded element.
    fn inner(self) -> Self {
        match self {
            Self::Outside | Self::Leads => Self::Outside,
            Self::Record | Self::Inside => Self::Inside,
            Self::Part | Self::InPart => Self::InPart,
        }
    }
}

/// An attribute of a node.
#[derive(Debug, Default)]
pub(super) struct Attribute {
    /// Columns that are its value.
    pub(super) columns: Vec<usize>,
    /// Named as an unknown path already.
    pub(super) reported: bool,
}

pub(super) struct Paths {
    goals: Vec<Goal>,
    columns: Vec<Column>,
    nodes: Vec<Node>,
    /// Nodes and attributes that nobody wants are kept for what is told of them, up to this many.
    spare: usize,
    with_namespaces: bool,
    record_path: String,
}

impl Paths {
    /// `Err` is a column and why it is no path.
    pub(super) fn new(layout: &Layout, wanted: &[String], spare: usize) -> Result<Self, (String, NoPath)> {
        let mut goals = vec![Goal { steps: layout.record.clone(), attribute: None, aim: Aim::Record }];
        if let Some(explode) = &layout.explode {
            let steps = layout.record.iter().chain(explode).cloned().collect();
            goals.push(Goal { steps, attribute: None, aim: Aim::Part });
        }
        let mut columns: Vec<Column> = Vec::with_capacity(wanted.len());
        for name in wanted {
            if columns.iter().any(|column| column.source.name == *name) {
                continue;
            }
            let (goal, level) = column(layout, name, columns.len()).map_err(|reason| (name.clone(), reason))?;
            goals.push(goal);
            columns.push(Column { source: SourceColumn { name: name.clone(), place: name.clone() }, level });
        }
        let root = Node { goals: (0..goals.len()).collect(), ..Node::default() };
        Ok(Self {
            goals,
            columns,
            nodes: vec![root],
            spare,
            with_namespaces: !layout.namespaces.is_empty(),
            record_path: layout.record_path.trim_end_matches('/').to_owned(),
        })
    }

    pub(super) fn columns(&self) -> Vec<Column> {
        self.columns.clone()
    }

    /// Whether any path may name a namespace; resolving them costs time.
    pub(super) fn with_namespaces(&self) -> bool {
        self.with_namespaces
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id as usize)
    }

    /// The node of an element in the element `parent`.
    pub(super) fn child(&mut self, parent: NodeId, name: &str, namespace: Option<&str>) -> NodeId {
        let Some(node) = self.node(parent) else { return SKIP };
        let known = node.children.get(name).and_then(|ids| ids.iter().find(|(ns, _)| ns.as_deref() == namespace));
        if let Some((_, id)) = known {
            return *id;
        }
        let depth = node.depth + 1;
        let goals: Vec<usize> = node
            .goals
            .iter()
            .copied()
            .filter(|&goal| self.goals[goal].steps.get(depth - 1).is_some_and(|step| step.matches(name, namespace)))
            .collect();
        let spare = if goals.is_empty() { self.spare.checked_sub(1) } else { Some(self.spare) };
        let Some(spare) = spare else { return SKIP };
        let mut child =
            Node { path: format!("{}/{name}", node.path), place: node.place.inner(), depth, ..Node::default() };
        let mut deeper = false;
        for &goal in &goals {
            let goal = &self.goals[goal];
            let here = goal.steps.len() == depth;
            deeper |= !here;
            match goal.aim {
                Aim::Record => child.place = if here { Place::Record } else { Place::Leads },
                Aim::Part if here => child.place = Place::Part,
                Aim::Column(_) if here && goal.attribute.is_some() => child.attributes_wanted = true,
                Aim::Column(column) if here => child.columns.push(column),
                Aim::Part | Aim::Column(_) => {}
            }
        }
        child.deep = !child.columns.is_empty() && !deeper && child.place != Place::Record;
        child.goals = goals;
        let id = self.nodes.len() as NodeId;
        self.nodes.push(child);
        self.spare = spare;
        if let Some(node) = self.node_mut(parent) {
            node.children.entry(name.into()).or_default().push((namespace.map(Into::into), id));
        }
        id
    }

    /// An attribute of a node; `None` when it is of no interest.
    pub(super) fn attribute(&mut self, id: NodeId, name: &str, namespace: Option<&str>) -> Option<&mut Attribute> {
        let node = self.nodes.get_mut(id as usize)?;
        let known = node.attributes.get(name).and_then(|of| of.iter().position(|(ns, _)| ns.as_deref() == namespace));
        let at = if let Some(at) = known {
            at
        } else {
            let mut columns = Vec::new();
            for goal in node.goals.iter().map(|&goal| &self.goals[goal]).filter(|goal| goal.steps.len() == node.depth) {
                if let (Aim::Column(column), Some(step)) = (goal.aim, &goal.attribute)
                    && step.matches(name, namespace)
                {
                    columns.push(column);
                }
            }
            if columns.is_empty() {
                self.spare = self.spare.checked_sub(1)?;
            }
            let of = node.attributes.entry(name.into()).or_default();
            of.push((namespace.map(Into::into), Attribute { columns, reported: false }));
            of.len() - 1
        };
        node.attributes.get_mut(name)?.get_mut(at).map(|(_, attribute)| attribute)
    }

    /// A node's path below the record.
    pub(super) fn below_record<'a>(&self, node: &'a Node) -> &'a str {
        let steps = self.goals.first().map_or(0, |record| record.steps.len());
        node.path.splitn(steps + 2, '/').nth(steps + 1).unwrap_or_default()
    }

    /// Paths of elements outside of records, for telling what is there instead of the records' path.
    pub(super) fn seen_outside(&self) -> impl Iterator<Item = &str> + Clone {
        self.nodes.iter().skip(1).filter(|node| !node.place.in_record()).map(|node| node.path.as_str())
    }

    /// Paths of elements in records.
    pub(super) fn seen_inside(&self) -> impl Iterator<Item = &str> + Clone {
        let inside = self.nodes.iter().filter(|node| node.place.in_record() && node.place != Place::Record);
        inside.map(|node| self.below_record(node))
    }

    /// Whether the element that holds the records is there and has nothing in it.
    pub(super) fn holder_is_empty(&self) -> bool {
        let depth = self.goals.first().map_or(0, |record| record.steps.len());
        let holders: Vec<&Node> =
            self.nodes.iter().filter(|node| node.place == Place::Leads && node.depth + 1 == depth).collect();
        !holders.is_empty() && holders.iter().all(|node| node.children.is_empty())
    }

    /// The path of the records as configured.
    pub(super) fn record_path(&self) -> &str {
        &self.record_path
    }
}

/// The goal of one column.
fn column(layout: &Layout, name: &str, index: usize) -> Result<(Goal, Level), NoPath> {
    let mut rest = name;
    let mut up = 0;
    while let Some(shorter) = rest.strip_prefix("../") {
        rest = shorter;
        up += 1;
    }
    if up >= layout.record.len() && up > 0 {
        return Err(NoPath { reason: "above-root", value: name.to_owned() });
    }
    let anchor = layout.record.len() - up;
    let (elements, attribute) = match rest.rsplit_once('/') {
        Some((elements, last)) if last.starts_with('@') => (elements, Some(last)),
        None if rest.starts_with('@') => ("", Some(rest)),
        _ => (rest, None),
    };
    let below = match elements {
        "." if up == 0 && attribute.is_none() => Vec::new(),
        "" if attribute.is_some() => Vec::new(),
        elements => steps(elements, &layout.namespaces)?,
    };
    let attribute = attribute.map(|text| Step::parse(&text[1..], &layout.namespaces)).transpose()?;
    let level = match &layout.explode {
        _ if up > 0 => Level::Above(anchor),
        Some(explode) if below.starts_with(explode) => Level::Part,
        _ => Level::Record,
    };
    let steps = layout.record[..anchor].iter().cloned().chain(below).collect();
    Ok((Goal { steps, attribute, aim: Aim::Column(index) }, level))
}
