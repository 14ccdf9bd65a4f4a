//! A registry as frames, and what it becomes.

use std::collections::BTreeMap;

use oxrdf::Graph;
use polars::prelude::*;
use vienkop_transforms::codelist::{Code, CodeList, CodeLists};
use vienkop_transforms::holdings::Holdings;
use vienkop_transforms::model::{self, Field, Storage};
use vienkop_transforms::publish::rdf::{self, Inputs, Settings, Written};
use vienkop_transforms::resolve::entity_uid;

use crate::shapes;

pub(crate) const BASE: &str = "https://registrs.example/id/";

/// Columns that are filled, as the registry stores them; empty: null.
pub(crate) type Record<'a> = &'a [(&'a str, &'a str)];

type Row = BTreeMap<String, String>;

#[derive(Default)]
pub(crate) struct World {
    rows: BTreeMap<&'static str, Vec<Row>>,
    children: BTreeMap<&'static str, Vec<Row>>,
}

pub(crate) struct Out {
    pub(crate) turtle: Vec<u8>,
    pub(crate) json: Vec<u8>,
    pub(crate) written: Written,
}

impl Out {
    pub(crate) fn turtle(&self) -> Graph {
        shapes::turtle(&self.turtle)
    }

    pub(crate) fn json_ld(&self) -> Graph {
        shapes::json_ld(&self.json)
    }
}

impl World {
    pub(crate) fn add(&mut self, entity: &'static str, record: Record<'_>) {
        let rows = self.rows.entry(entity).or_default();
        let n = rows.len().to_string();
        let uid = entity_uid("", model::entity(entity).unwrap(), &["n"], &[&n]).to_string();
        rows.push(row(record, &uid));
    }

    /// An item of the list of the service with this code.
    pub(crate) fn child(&mut self, child: &'static str, service: &str, record: Record<'_>) {
        let uid = self.rows["service"].iter().find(|row| row["code"] == service).unwrap()["uid"].clone();
        self.children.entry(child).or_default().push(row(record, &uid));
    }

    /// Puts everything in the other order.
    pub(crate) fn reverse(&mut self) {
        self.rows.values_mut().chain(self.children.values_mut()).for_each(|rows| rows.reverse());
    }

    pub(crate) fn cpsv(&self) -> Out {
        self.publish(|inputs, settings, turtle, json| rdf::cpsv(inputs, settings, turtle, json).unwrap())
    }

    pub(crate) fn dcat(&self) -> Out {
        self.publish(|inputs, settings, turtle, json| rdf::dcat(inputs, settings, turtle, json).unwrap())
    }

    fn publish(&self, publish: impl FnOnce(&Inputs<'_>, &Settings<'_>, &mut Vec<u8>, &mut Vec<u8>) -> Written) -> Out {
        let mut held = Holdings::default();
        let mut changed = BTreeMap::new();
        for entity in model::ENTITIES {
            let rows = self.rows.get(entity.name).map_or(&[][..], Vec::as_slice);
            held.entities.insert(entity.name, frame(entity.fields, rows));
            let uids: Vec<&str> = rows.iter().map(|row| row["uid"].as_str()).collect();
            let at = vec!["2025-03-01T08:00:00Z"; uids.len()];
            changed.insert(entity.name, df!("uid" => uids, "changed_at" => at).unwrap());
        }
        for child in model::entity("service").unwrap().children {
            let rows = self.children.get(child.name).map_or(&[][..], Vec::as_slice);
            held.service_children.insert(child.name, frame(child.fields, rows));
        }
        let lists = lists();
        let settings = Settings { base: BASE, publisher: "90000000099", lists: &lists };
        let (mut turtle, mut json) = (Vec::new(), Vec::new());
        let inputs = Inputs { held: &held, changed: &changed };
        let written = publish(&inputs, &settings, &mut turtle, &mut json);
        Out { turtle, json, written }
    }
}

fn row(record: Record<'_>, uid: &str) -> Row {
    let filled = record.iter().filter(|(_, value)| !value.is_empty());
    let cells = filled.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    cells.chain([("uid".to_owned(), uid.to_owned())]).collect()
}

fn frame(fields: &[Field], rows: &[Row]) -> DataFrame {
    let text = |name: &str| -> Vec<Option<&str>> { rows.iter().map(|row| row.get(name).map(String::as_str)).collect() };
    let columns = fields.iter().flat_map(Field::storage).map(|(name, storage)| {
        let column = Column::new(name.as_str().into(), text(&name));
        match storage {
            Storage::Text => column,
            Storage::Integer => column.cast(&DataType::Int64).unwrap(),
            Storage::Boolean => Column::full_null(name.as_str().into(), rows.len(), &DataType::Boolean),
        }
    });
    let uid = Column::new("uid".into(), text("uid"));
    DataFrame::new(rows.len(), std::iter::once(uid).chain(columns).collect()).unwrap()
}

fn lists() -> CodeLists {
    let code = |code: &str, label_en: &str| Code {
        code: code.to_owned(),
        label_lv: code.to_owned(),
        label_en: label_en.to_owned(),
        aliases: Vec::new(),
        extra: Vec::new(),
    };
    let audiences = vec![code("iedzīvotājs", "Resident"), code("uzņēmējs", "Entrepreneur")];
    CodeLists::new([CodeList::new("audiences", audiences).0])
}
