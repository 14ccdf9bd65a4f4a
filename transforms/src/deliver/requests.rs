//! The current records of an entity as the requests of one target, made from columns one after another.

use std::ops::Range;

use polars::prelude::*;
use sha2::{Digest, Sha256};

use super::fill::{Fill, Filler, IdOf, Row};
use super::settings::Method;
use super::template::{Node, Piece, Source, Template, Wanted};
use crate::digest::hex;
use crate::holdings::{self, Holdings};
use crate::model::Field;

/// Records of an entity, by uid, ready to be written.
pub struct Requests<'t> {
    template: &'t Template,
    uids: StringChunked,
    /// What people know a record by: the values of its natural key.
    keys: Vec<Filler>,
    names: Option<StringChunked>,
    /// The institution that can act on a record.
    owners: Option<StringChunked>,
    fillers: Vec<Filler>,
    lists: Vec<Below>,
}

/// Rows of a list: those of the n-th record are the n-th range.
pub(super) struct Below {
    pub(super) fillers: Vec<Filler>,
    ranges: Vec<Range<usize>>,
}

impl Below {
    pub(super) fn rows(&self, row: usize) -> Range<usize> {
        self.ranges.get(row).cloned().unwrap_or(0..0)
    }
}

/// A record that another one refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Referred<'r> {
    /// Field that refers.
    pub field: &'static str,
    /// Entity of what it refers to.
    pub entity: &'static str,
    /// Its uid.
    pub uid: &'r str,
}

impl<'t> Requests<'t> {
    /// The records of the template's entity that count.
    ///
    /// # Errors
    /// A column is missing.
    pub fn new(template: &'t Template, held: &Holdings) -> PolarsResult<Self> {
        let entity = template.entity;
        let mut rows = held.entity(entity.name)?.lazy();
        for (field, values) in &template.settings.when {
            rows =
                rows.filter(holdings::one_of(&col(field.as_str()).cast(DataType::String).fill_null(lit("")), values));
        }
        for (field, _) in &template.followed {
            rows = rows
                .join_builder()
                .with(referred(template, held, field)?)
                .how(JoinType::Left)
                .left_on(own_side(template, field))
                .right_on(other_side(template, field))
                .finish();
        }
        let rows = rows.sort(["uid"], SortMultipleOptions::default()).collect()?;
        let uids = rows.column("uid")?.str()?.rechunk().into_owned();
        let fillers = template.columns.iter().map(|wanted| match wanted.through {
            Some(field) => Filler::of(&rows, &format!("{field}.{}", wanted.name), wanted),
            None => Filler::of(&rows, &wanted.name, wanted),
        });
        let keys = entity.default_key().iter().map(|name| Filler::plain(&rows, name));
        let texts =
            |name: &str| -> PolarsResult<StringChunked> { Ok(rows.column(name)?.str()?.rechunk().into_owned()) };
        let named = entity.field("name").map(|field| texts(field.name)).transpose()?;
        let owners = entity.owner_field().map(texts).transpose()?;
        let mut lists = Vec::new();
        lists_of(&template.body, held, &uids, &mut lists)?;
        Ok(Self {
            template,
            fillers: fillers.collect::<PolarsResult<_>>()?,
            keys: keys.collect::<PolarsResult<_>>()?,
            names: named,
            owners,
            uids,
            lists,
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.uids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.uids.is_empty()
    }

    /// Name of their entity.
    pub fn entity(&self) -> &'static str {
        self.template.entity.name
    }

    /// The row of a uid.
    pub fn row_of(&self, uid: &str) -> Option<usize> {
        holdings::row_of(&self.uids, uid)
    }

    /// The template that they are written by.
    pub fn template(&self) -> &'t Template {
        self.template
    }

    /// Uid of a row.
    pub fn uid(&self, row: usize) -> &str {
        self.uids.get(row).unwrap_or_default()
    }

    /// What people know the record of a row by: `90000000051/P-01`.
    pub fn key(&self, row: usize) -> String {
        self.keys.iter().map(|key| key.text(row).unwrap_or("–")).collect::<Vec<_>>().join("/")
    }

    /// Name of the record of a row, if such records have one.
    pub fn name(&self, row: usize) -> Option<&str> {
        self.names.as_ref()?.get(row)
    }

    /// Registration number of the institution that can act on the record of a row.
    pub fn owner(&self, row: usize) -> Option<&str> {
        self.owners.as_ref()?.get(row)
    }

    /// Records that the record of a row refers to, as far as they are in the registry.
    pub fn referred(&self, row: usize) -> impl Iterator<Item = Referred<'_>> {
        self.template.followed.iter().filter_map(move |(field, column)| {
            let uid = self.fillers.get(*column)?.text(row)?;
            Some(Referred { field: field.name, entity: field.refers?.0, uid })
        })
    }

    /// SHA-256 (lower-case hex) of what is sent for a row: method and path of `send`, body. The record's own id at the
    /// register, key and sequence are left out; where the id of another record is not known, its uid stands for it.
    pub fn hash(&self, row: usize, id_of: &IdOf<'_>) -> String {
        let id_of = |entity: &str, uid: &str| id_of(entity, uid).or_else(|| Some(uid.to_owned()));
        let fill = Fill { key: "", sequence: 0, id: Some(self.uid(row)), id_of: &id_of };
        let mut hash = Sha256::new();
        hash.update(self.template.settings.send.method.as_str());
        hash.update(self.send_path(row, fill).unwrap_or_default());
        hash.update([0]);
        hash.update(self.body(row, fill));
        hex(hash.finalize())
    }

    /// References of a row of which the register's id is wanted and not known.
    pub fn without_id<'r>(&'r self, row: usize, id_of: &'r IdOf<'_>) -> impl Iterator<Item = Referred<'r>> {
        self.template.ids.iter().filter_map(move |(field, column)| {
            let (uid, (entity, _)) = (self.fillers.get(*column)?.text(row)?, field.refers?);
            id_of(entity, uid).is_none().then_some(Referred { field: field.name, entity, uid })
        })
    }

    fn row<'r>(&'r self, row: usize, fill: Fill<'r>) -> Row<'r> {
        let omits = self.template.omits();
        Row { uid: self.uid(row), at: row, fillers: &self.fillers, fill, omits, lists: &self.lists }
    }

    /// The body of a row's record.
    pub fn body(&self, row: usize, fill: Fill<'_>) -> Vec<u8> {
        self.row(row, fill).body(&self.template.body)
    }

    /// Path of `send` for a row; none where a gap of it has no value.
    pub fn send_path(&self, row: usize, fill: Fill<'_>) -> Option<String> {
        self.row(row, fill).path(&self.template.send)
    }

    /// Method and path of the request that makes a new record; none where there is none of its own, or a gap has no value.
    pub fn create(&self, row: usize, fill: Fill<'_>) -> Option<(Method, String)> {
        let call = self.template.settings.create.as_ref()?;
        Some((call.method, self.row(row, fill).path(&self.template.create)?))
    }

    /// Path by which the register is asked for the record of a row.
    pub fn find_path(&self, row: usize, fill: Fill<'_>) -> Option<String> {
        self.template.settings.find.as_ref()?;
        self.row(row, fill).path(&self.template.find)
    }

    /// Path of the request that takes the record of a row away.
    pub fn remove_path(&self, row: usize, fill: Fill<'_>) -> Option<String> {
        self.template.settings.remove.as_ref()?;
        self.row(row, fill).path(&self.template.remove)
    }

    /// Gaps of the paths of `send`, `create` and `find` that have no value in a row: names of fields.
    pub fn missing(&self, row: usize, fill: Fill<'_>) -> Vec<String> {
        let written = self.row(row, fill);
        let mut names: Vec<String> = Vec::new();
        for piece in [&self.template.send, &self.template.create, &self.template.find].into_iter().flatten() {
            let Piece::Gap(source, None) = piece else { continue };
            if written.path(std::slice::from_ref(piece)).is_some() {
                continue;
            }
            let name = match source {
                Source::Column(column) => self.template.columns.get(*column).map(Wanted::shown),
                Source::RegisterIdOf(entity, _) => Some(format!("{entity}.register_id")),
                _ => None,
            };
            names.extend(name.filter(|name| !names.contains(name)));
        }
        names
    }
}

impl Filler {
    fn plain(frame: &DataFrame, name: &str) -> PolarsResult<Self> {
        let wanted = super::template::Wanted {
            through: None,
            name: name.to_owned(),
            holds: super::template::Holds::Text,
            codes: std::collections::BTreeMap::new(),
        };
        let texts = frame.clone().lazy().select([col(name).cast(DataType::String)]).collect()?;
        Self::of(&texts, name, &wanted)
    }
}

/// What a field refers to: its uid and the columns that are wanted of it, under `<field>.<column>`, and the columns that
/// it is found by.
fn referred(template: &Template, held: &Holdings, field: &Field) -> PolarsResult<LazyFrame> {
    let Some((to, to_field)) = field.refers else { polars_bail!(ComputeError: "{} refers to nothing", field.name) };
    let named = |name: &str| format!("{}.{name}", field.name);
    let mut columns = vec![col(to_field).alias(format!("{}#0", field.name))];
    if let Some((_, theirs)) = template.entity.owner_beside(field) {
        columns.push(col(theirs).alias(format!("{}#1", field.name)));
    }
    let keys = columns.len();
    let wanted = template.columns.iter().filter(|wanted| wanted.through == Some(field.name));
    columns.extend(wanted.map(|wanted| col(wanted.name.as_str()).alias(named(&wanted.name))));
    let on: Vec<String> = (0..keys).map(|n| format!("{}#{n}", field.name)).collect();
    let found = held.entity(to)?.lazy().sort(["uid"], SortMultipleOptions::default()).select(columns);
    // A code that is nobody's alone would make two rows of one.
    Ok(found.unique_stable(Some(by_name(on, true, false)), UniqueKeepStrategy::First))
}

fn own_side(template: &Template, field: &Field) -> Vec<Expr> {
    let beside = template.entity.owner_beside(field).map(|(own, _)| col(own));
    std::iter::once(col(field.name)).chain(beside).collect()
}

fn other_side(template: &Template, field: &Field) -> Vec<Expr> {
    let keys = 1 + usize::from(template.entity.owner_beside(field).is_some());
    (0..keys).map(|n| col(format!("{}#{n}", field.name))).collect()
}

/// Lists of the body in the order in which they are written.
fn lists_of(node: &Node, held: &Holdings, uids: &StringChunked, found: &mut Vec<Below>) -> PolarsResult<()> {
    match node {
        Node::Literal(_) | Node::Text(_) => Ok(()),
        Node::Object(members) => members.iter().try_for_each(|(_, node)| lists_of(node, held, uids, found)),
        Node::Array(items) => items.iter().try_for_each(|node| lists_of(node, held, uids, found)),
        Node::Each(child, wanted, _) => {
            let names: Vec<&str> = child.fields.iter().map(|field| field.name).collect();
            let frame = held.service_child(child.name, &names)?;
            let fillers = wanted.iter().map(|wanted| Filler::of(&frame, &wanted.name, wanted));
            let ranges = holdings::ranges(uids, frame.column("uid")?.str()?);
            found.push(Below { fillers: fillers.collect::<PolarsResult<_>>()?, ranges });
            Ok(())
        }
    }
}
