//! Walks through one JSON document as it is read: down a pointer to the records, past everything else.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::step;

/// What both visitors below do with scalars: nothing.
macro_rules! scalars_are_passed {
    () => {
        fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
            Ok(false)
        }

        fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
            Ok(false)
        }

        fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
            Ok(false)
        }

        fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
            Ok(false)
        }

        fn visit_str<E>(self, _: &str) -> Result<bool, E> {
            Ok(false)
        }

        fn visit_unit<E>(self) -> Result<bool, E> {
            Ok(false)
        }
    };
}

/// Takes the records of a document.
pub(super) trait Records {
    /// A record, and where it begins; false to read no further.
    fn record(&mut self, raw: &RawValue, byte: Option<u64>) -> bool;
}

/// Why a document was left before its end, besides what `serde_json` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Left {
    /// A value is longer than a record may be.
    #[error("a value longer than the limit")]
    TooLong(u64),
    /// Nested deeper than allowed, outside of the records.
    #[error("nested too deep")]
    TooDeep(usize),
    /// Nobody wants the rest.
    #[error("stopped")]
    Stopped,
}

/// Counts what is read, and stops when a single value takes too much.
#[derive(Debug)]
pub(super) struct Meter {
    position: Cell<u64>,
    mark: Cell<u64>,
    most: u64,
    left: Cell<Option<Left>>,
    depth: usize,
}

impl Meter {
    pub(super) fn new(most_bytes: usize, depth: usize) -> Rc<Self> {
        Rc::new(Self {
            position: Cell::new(0),
            mark: Cell::new(0),
            most: most_bytes as u64,
            left: Cell::new(None),
            depth,
        })
    }

    /// Why the document was left, when it was.
    pub(super) fn left(&self) -> Option<Left> {
        self.left.get()
    }

    /// A value of its own begins.
    fn begin(&self) {
        self.mark.set(self.position.get());
    }

    fn leave<E: Error>(&self, why: Left) -> E {
        self.left.set(Some(why));
        E::custom(why)
    }

    fn check_depth<E: Error>(&self, level: usize) -> Result<(), E> {
        if level > self.depth { Err(self.leave(Left::TooDeep(level))) } else { Ok(()) }
    }
}

/// A reader with a meter.
pub(super) struct Metered<R> {
    pub(super) inner: R,
    pub(super) meter: Rc<Meter>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let position = self.meter.position.get() + read as u64;
        self.meter.position.set(position);
        let taken = position - self.meter.mark.get();
        if taken > self.meter.most {
            if self.meter.left().is_none() {
                self.meter.left.set(Some(Left::TooLong(taken)));
            }
            return Err(io::Error::other(Left::TooLong(taken)));
        }
        Ok(read)
    }
}

/// Goes down a pointer and hands every record to `records`; the value is whether the pointer led anywhere.
pub(super) struct Descend<'d> {
    pub(super) pointer: &'d [String],
    pub(super) level: usize,
    pub(super) records: &'d mut dyn Records,
    pub(super) meter: &'d Meter,
}

impl<'de> DeserializeSeed<'de> for Descend<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        self.meter.check_depth(self.level)?;
        deserializer.deserialize_any(self)
    }
}

impl Descend<'_> {
    fn take<E: Error>(&mut self, raw: &RawValue, byte: Option<u64>) -> Result<(), E> {
        if self.records.record(raw, byte) { Ok(()) } else { Err(self.meter.leave(Left::Stopped)) }
    }

    fn deeper<'s>(&'s mut self, rest: &'s [String]) -> Descend<'s> {
        Descend { pointer: rest, level: self.level + 1, records: &mut *self.records, meter: self.meter }
    }

    fn pass(&self) -> Pass<'_> {
        Pass { level: self.level + 1, meter: self.meter, found: None, path: String::new() }
    }
}

impl<'de> Visitor<'de> for Descend<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<bool, A::Error> {
        self.meter.begin();
        let pointer = self.pointer;
        let Some((first, rest)) = pointer.split_first() else {
            while let Some(raw) = seq.next_element::<Box<RawValue>>()? {
                // An object or array has just been read to its end, not a byte further.
                let byte = self.meter.position.get().saturating_sub(raw.get().len() as u64);
                self.take(&raw, Some(byte))?;
                self.meter.begin();
            }
            return Ok(true);
        };
        let wanted = first.parse::<usize>().ok();
        let mut found = false;
        for index in 0.. {
            let more = if Some(index) == wanted {
                seq.next_element_seed(self.deeper(rest))?.map(|led| found = led)
            } else {
                seq.next_element_seed(self.pass())?.map(drop)
            };
            if more.is_none() {
                break;
            }
            self.meter.begin();
        }
        Ok(found)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<bool, A::Error> {
        self.meter.begin();
        let pointer = self.pointer;
        let Some((first, rest)) = pointer.split_first() else {
            let mut members = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                members.push(format!("{}:{}", serde_json::Value::from(name), value.get()));
            }
            let record = RawValue::from_string(format!("{{{}}}", members.join(","))).map_err(A::Error::custom)?;
            self.take(&record, None)?;
            return Ok(true);
        };
        let mut found = false;
        while let Some(name) = map.next_key::<String>()? {
            self.meter.begin();
            if name == *first && !found {
                found = map.next_value_seed(self.deeper(rest))?;
            } else {
                map.next_value_seed(self.pass())?;
            }
            self.meter.begin();
        }
        Ok(found)
    }

    scalars_are_passed!();
}

/// Passes over a value; notes the pointers of arrays of objects, when they are wanted. The value is whether it is an
/// object.
pub(super) struct Pass<'d> {
    pub(super) level: usize,
    pub(super) meter: &'d Meter,
    pub(super) found: Option<&'d mut Vec<String>>,
    pub(super) path: String,
}

/// Pointers that are noted, at most.
const MOST_FOUND: usize = 5;

impl<'de> DeserializeSeed<'de> for Pass<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        self.meter.check_depth(self.level)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pass<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<bool, A::Error> {
        self.meter.begin();
        let item = || Pass { level: self.level + 1, meter: self.meter, found: None, path: String::new() };
        let mut objects = false;
        while let Some(object) = seq.next_element_seed(item())? {
            objects |= object;
            self.meter.begin();
        }
        if let Some(found) = self.found.as_mut().filter(|found| objects && found.len() < MOST_FOUND) {
            found.push(self.path);
        }
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<bool, A::Error> {
        self.meter.begin();
        while let Some(name) = map.next_key::<String>()? {
            self.meter.begin();
            let path = if self.found.is_some() { format!("{}/{}", self.path, step(&name)) } else { String::new() };
            let found = self.found.as_deref_mut();
            map.next_value_seed(Pass { level: self.level + 1, meter: self.meter, found, path })?;
            self.meter.begin();
        }
        Ok(true)
    }

    scalars_are_passed!();
}
