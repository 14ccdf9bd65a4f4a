//! The registry's content without what differs from run to run: what replay compares.

use std::collections::HashMap;

use polars::prelude::*;
use serde_json::{Map, Value};
use vienkop_transforms::model::{Entity, Field, Storage};

use super::Registry;
use super::error::RegistryError;

impl Registry {
    /// Every current entity of a kind as a JSON object, by its natural key: the fields that are filled (lists as
    /// arrays) and the lists of structures, no uid, run or time.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn dump(&self, entity: &'static Entity) -> Result<Vec<Value>, RegistryError> {
        let frame = self.current_frame(entity).await?;
        let uids = frame.column("uid")?.str()?;
        let mut objects = objects(&frame, entity.fields)?;
        let places: HashMap<&str, usize> = uids.iter().flatten().enumerate().map(|(n, uid)| (uid, n)).collect();
        for child in entity.children {
            let rows = self.current_children(entity, child).await?;
            for (uid, object) in rows.column("uid")?.str()?.iter().zip(self::objects(&rows, child.fields)?) {
                let Some(parent) = uid.and_then(|uid| places.get(uid)).and_then(|n| objects.get_mut(*n)) else {
                    continue;
                };
                let list = parent.entry(child.name).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(list) = list {
                    list.push(Value::Object(object));
                }
            }
        }
        let text = |object: &Map<String, Value>, field: &str| {
            object.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let mut keyed: Vec<(Vec<String>, String, Value)> = objects
            .into_iter()
            .map(|object| {
                let key = entity.default_key().iter().map(|field| text(&object, field)).collect();
                let object = Value::Object(object);
                (key, object.to_string(), object)
            })
            .collect();
        keyed.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        Ok(keyed.into_iter().map(|(_, _, object)| object).collect())
    }
}

/// The rows of a frame as objects of their filled fields.
fn objects(frame: &DataFrame, fields: &[Field]) -> PolarsResult<Vec<Map<String, Value>>> {
    let mut objects = vec![Map::new(); frame.height()];
    for field in fields {
        for (name, storage) in field.storage() {
            let column = frame.column(&name)?;
            let values: Vec<Option<Value>> = match storage {
                Storage::Text => column.str()?.iter().map(|value| value.map(|text| value_of(text, field))).collect(),
                Storage::Integer => column.i64()?.iter().map(|value| value.map(Value::from)).collect(),
                Storage::Boolean => column.bool()?.iter().map(|value| value.map(Value::from)).collect(),
            };
            for (object, value) in objects.iter_mut().zip(values) {
                if let Some(value) = value {
                    object.insert(name.clone(), value);
                }
            }
        }
    }
    Ok(objects)
}

fn value_of(text: &str, field: &Field) -> Value {
    let list = if field.list { serde_json::from_str(text).ok() } else { None };
    list.unwrap_or_else(|| Value::from(text))
}
