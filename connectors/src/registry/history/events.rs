//! What happened to an entity, told from its versions and from what its sources delivered: inserted, changed,
//! retired, returned; which source a value came from, and which values lost.

use vienkop_transforms::model::{Child, Field};

use super::{Delivered, DeliveredItem, FieldValue, Item, Moment, Move, Past, Place, Version};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// The entity is new.
    Inserted,
    /// It changed.
    Changed,
    /// No source delivers it any more.
    Retired,
    /// It came back after it was retired.
    Returned,
}

impl EventKind {
    /// As JSON says it, and the end of its text's id.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inserted => "inserted",
            Self::Changed => "changed",
            Self::Retired => "retired",
            Self::Returned => "returned",
        }
    }
}

/// One event of an entity's history.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// What happened.
    pub kind: EventKind,
    /// When, and by which run.
    pub at: Moment,
    /// Fields that changed; of a new or returned entity those that are filled.
    pub changes: Vec<Change<'a>>,
    /// Lists that changed.
    pub lists: Vec<ListChange<'a>>,
    /// Sources that deliver the entity no more.
    pub gone: Vec<&'a str>,
    /// Merges and splits.
    pub moves: Vec<&'a Move>,
}

/// A field that changed.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// The field.
    pub field: &'static Field,
    /// What it held before.
    pub old: Option<&'a FieldValue>,
    /// What it holds, and why.
    pub new: Worth<'a>,
}

/// A field's value and where it came from.
#[derive(Debug, Clone, Default)]
pub struct Worth<'a> {
    /// The value.
    pub value: Option<&'a FieldValue>,
    /// The delivery it came from; none when nothing held says it (any more).
    pub from: Option<Said<'a>>,
    /// Values of other sources that did not win.
    pub lost: Vec<Said<'a>>,
}

/// A value as one source delivered it.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The version of the source's record that delivered it first.
    pub record: &'a Delivered,
    /// The value.
    pub value: Option<&'a FieldValue>,
    /// The text that it was made from, where that differs.
    pub raw: Option<&'a str>,
}

/// A list that changed.
#[derive(Debug, Clone)]
pub struct ListChange<'a> {
    /// The list.
    pub child: &'static Child,
    /// Items that were added, removed or changed.
    pub items: Vec<ItemChange<'a>>,
    /// Items changed their places.
    pub reordered: bool,
}

/// What happened to an item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It changed.
    Changed,
}

impl ItemChangeKind {
    /// As JSON says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// An item of a list that changed.
#[derive(Debug, Clone)]
pub struct ItemChange<'a> {
    /// What happened.
    pub kind: ItemChangeKind,
    /// The item before.
    pub old: Option<&'a Item>,
    /// The item now.
    pub new: Option<&'a Item>,
    /// Where the new item stands.
    pub from: Option<&'a Place>,
}

impl Past {
    /// What happened, the oldest first.
    pub fn events(&self) -> Vec<Event<'_>> {
        let mut events = Vec::new();
        for (index, version) in self.versions.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| &self.versions[before]);
            let follows = before.filter(|before| before.span.to.as_ref() == Some(&version.span.from));
            let kind = match (before, follows) {
                (None, _) => EventKind::Inserted,
                (Some(_), Some(_)) => EventKind::Changed,
                (Some(_), None) => EventKind::Returned,
            };
            events.push(self.event(kind, version, follows));
            let next = self.versions.get(index + 1);
            if let Some(end) = version.span.to.as_ref().filter(|end| next.is_none_or(|next| next.span.from != **end)) {
                events.push(self.retirement(end));
            }
        }
        events
    }

    fn event<'a>(&'a self, kind: EventKind, version: &'a Version, before: Option<&'a Version>) -> Event<'a> {
        let at = &version.span.from;
        let fields = self.subject.entity.fields.iter().enumerate();
        let changes = fields.filter_map(|(n, field)| {
            let old = before.and_then(|before| before.values[n].as_ref());
            (old != version.values[n].as_ref()).then(|| Change { field, old, new: self.worth(version, n, at) })
        });
        let children = self.subject.entity.children.iter().enumerate();
        let lists = children.filter_map(|(n, child)| {
            let old = before.map_or(&[][..], |before| &before.lists[n]);
            let delivered = self.list_from(version, n, at).map_or(&[][..], |(_, items)| items);
            let (items, reordered) = item_changes(child, old, &version.lists[n], delivered);
            (reordered || !items.is_empty()).then_some(ListChange { child, items, reordered })
        });
        Event {
            kind,
            at: at.clone(),
            changes: changes.collect(),
            lists: lists.collect(),
            gone: self.gone(at),
            moves: self.moved(at),
        }
    }

    fn retirement(&self, end: &Moment) -> Event<'_> {
        Event {
            kind: EventKind::Retired,
            at: end.clone(),
            changes: Vec::new(),
            lists: Vec::new(),
            gone: self.gone(end),
            moves: self.moved(end),
        }
    }

    /// Merges and splits of the run that a moment is of.
    fn moved(&self, at: &Moment) -> Vec<&Move> {
        self.moves.iter().filter(|one| one.run == at.run).collect()
    }

    /// Sources that ceased to deliver a record of the entity at a moment.
    fn gone(&self, at: &Moment) -> Vec<&str> {
        let ended = self.delivered.iter().filter(|record| record.span.to.as_ref() == Some(at));
        let goes_on = |record: &Delivered| {
            let mut same = self.delivered.iter().filter(|other| other.record_uid == record.record_uid);
            same.any(|other| other.span.from == *at)
        };
        let mut gone: Vec<&str> =
            ended.filter(|record| !goes_on(record)).map(|record| record.place.source.as_str()).collect();
        gone.sort_unstable();
        gone.dedup();
        gone
    }

    /// The latest version, and the moment as of which its sources are to be read: the last one before its end.
    pub fn latest(&self) -> Option<(&Version, Moment)> {
        let version = self.versions.last()?;
        let starts = self.delivered.iter().map(|record| &record.span.from);
        let within = starts.filter(|start| version.span.to.as_ref().is_none_or(|end| *start < end));
        let last = within.max().filter(|start| **start > version.span.from).unwrap_or(&version.span.from);
        Some((version, last.clone()))
    }

    /// Versions of the records that feed the entity as of a moment, the most trusted first.
    pub fn feeding<'a>(&'a self, at: &'a Moment) -> impl Iterator<Item = &'a Delivered> {
        self.delivered.iter().filter(move |record| record.span.covers(at) && record.fed(at.run))
    }

    /// A field's value in a version: the first of the feeding records that says it gave it. Asking for equality rather
    /// than for the first that says anything keeps this right when priorities have changed since.
    pub fn worth<'a>(&'a self, version: &'a Version, field: usize, at: &'a Moment) -> Worth<'a> {
        let value = version.values[field].as_ref();
        let says = |record: &'a Delivered| Said {
            record: self.first_to_say(record, field),
            value: record.values[field].as_ref(),
            raw: record.raw[field].as_deref(),
        };
        let from = value.and_then(|value| self.feeding(at).find(|record| record.values[field].as_ref() == Some(value)));
        let lost = self
            .feeding(at)
            .filter(|record| record.values[field].is_some() && record.values[field] != version.values[field]);
        Worth { value, from: from.map(says), lost: lost.map(says).collect() }
    }

    /// The version of a source's record that brought the value of a field that the record now has: in later files the
    /// column may be missing, this one had it.
    fn first_to_say<'a>(&'a self, record: &'a Delivered, field: usize) -> &'a Delivered {
        let mut first = record;
        let earlier = self.delivered.iter().rev().filter(|other| other.record_uid == record.record_uid);
        for other in earlier.filter(|other| other.span.from < record.span.from) {
            let adjoins = other.span.to.as_ref() == Some(&first.span.from);
            if !adjoins || other.values[field] != record.values[field] || other.raw[field] != record.raw[field] {
                break;
            }
            first = other;
        }
        first
    }

    /// The feeding record whose items a list of a version has, and the items as it delivered them.
    pub fn list_from<'a>(
        &'a self,
        version: &'a Version,
        list: usize,
        at: &'a Moment,
    ) -> Option<(&'a Delivered, &'a [DeliveredItem])> {
        let wanted = &version.lists[list];
        let same = |record: &&Delivered| record.lists[list].iter().map(|delivered| &delivered.item).eq(wanted.iter());
        self.feeding(at).find(same).map(|record| (record, record.lists[list].as_slice()))
    }

    /// Lists of other feeding records that did not win: records are asked in order, the first with any items wins.
    pub fn lists_lost<'a>(
        &'a self,
        version: &'a Version,
        list: usize,
        at: &'a Moment,
    ) -> Vec<(&'a Delivered, &'a [DeliveredItem])> {
        let wanted = &version.lists[list];
        let others = self.feeding(at).filter(|record| !record.lists[list].is_empty());
        let others =
            others.filter(|record| record.lists[list].iter().map(|delivered| &delivered.item).ne(wanted.iter()));
        others.map(|record| (record, record.lists[list].as_slice())).collect()
    }
}

/// What makes two item lists differ. Items of the same content are the same item, wherever they stand; of the others
/// those with the same name are one item that changed, and so are those in the same place that share some other value.
fn item_changes<'a>(
    child: &'static Child,
    old: &'a [Item],
    new: &'a [Item],
    delivered: &'a [DeliveredItem],
) -> (Vec<ItemChange<'a>>, bool) {
    let named = child.fields.iter().position(|field| field.presence == vienkop_transforms::model::Presence::Required);
    let share = |a: &Item, b: &Item| a.values.iter().zip(&b.values).any(|(a, b)| a.is_some() && a == b);
    let mut left: Vec<&Item> = old.iter().collect();
    let mut fresh: Vec<(usize, &Item)> = Vec::new();
    let mut order = Vec::new();
    for (n, item) in new.iter().enumerate() {
        match left.iter().position(|known| known.values == item.values) {
            Some(at) => order.push(left.remove(at).ordinal),
            None => fresh.push((n, item)),
        }
    }
    let reordered = order.windows(2).any(|pair| pair[0] > pair[1]);
    let mut pairs: Vec<(usize, &Item, Option<&Item>)> = fresh.into_iter().map(|(n, item)| (n, item, None)).collect();
    for by_name in [true, false] {
        for (_, item, known) in pairs.iter_mut().filter(|(_, _, known)| known.is_none()) {
            let same = |other: &&Item| match named.filter(|_| by_name) {
                Some(named) => other.values[named] == item.values[named],
                None => !by_name && other.ordinal == item.ordinal && share(other, item),
            };
            *known = left.iter().position(same).map(|at| left.remove(at));
        }
    }
    let mut changes: Vec<ItemChange<'a>> = pairs
        .into_iter()
        .map(|(n, item, known)| ItemChange {
            kind: if known.is_some() { ItemChangeKind::Changed } else { ItemChangeKind::Added },
            old: known,
            new: Some(item),
            from: delivered.get(n).map(|delivered| &delivered.place),
        })
        .collect();
    let removed = left.into_iter();
    changes.extend(removed.map(|item| ItemChange {
        kind: ItemChangeKind::Removed,
        old: Some(item),
        new: None,
        from: None,
    }));
    (changes, reordered)
}
