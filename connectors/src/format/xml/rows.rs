//! Values of the record at hand, and the batch that rows are gathered in.

use std::sync::Arc;

use polars::prelude::*;
use vienkop_transforms::batch::{BATCH_BYTES, BATCH_ROWS, BYTE, Batch, LocatorKind, Origin, PART, ROW};

use super::paths::{Column as Wanted, Level};
use crate::format::{Input, Output, ReadError};

/// What a cell costs besides its text.
const CELL_BYTES: usize = 16;

pub(super) struct Rows {
    origin: Arc<Origin>,
    levels: Vec<Level>,
    join: String,
    slots: Vec<Slot>,
    parts: Parts,
    texts: Vec<StringChunkedBuilder>,
    numbers: Vec<i64>,
    part_numbers: Vec<Option<i64>>,
    bytes: Vec<i64>,
    size: usize,
}

/// The value of one column.
#[derive(Debug, Default)]
struct Slot {
    text: String,
    present: bool,
}

/// Values of the exploded elements of one record, until its end: what follows them may be theirs as well.
#[derive(Debug, Default)]
struct Parts {
    text: String,
    /// Column, and where its text ends.
    cells: Vec<(usize, usize)>,
    /// Where the cells of each part end.
    ends: Vec<usize>,
}

impl Rows {
    pub(super) fn new(input: &Input, columns: Vec<Wanted>, join: String) -> Self {
        let levels = columns.iter().map(|column| column.level).collect();
        let origin = Arc::new(Origin {
            landed: input.landed,
            file: input.name.clone(),
            sheet: None,
            locator: LocatorKind::Record,
            columns: columns.into_iter().map(|column| column.source).collect(),
        });
        let mut rows = Self {
            slots: origin.columns.iter().map(|_| Slot::default()).collect(),
            origin,
            levels,
            join,
            parts: Parts::default(),
            texts: Vec::new(),
            numbers: Vec::new(),
            part_numbers: Vec::new(),
            bytes: Vec::new(),
            size: 0,
        };
        rows.texts = rows.builders();
        rows
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn level(&self, column: usize) -> Level {
        self.levels[column]
    }

    pub(super) fn name(&self, column: usize) -> &str {
        &self.origin.columns[column].name
    }

    /// Sets a value, or adds to it what is repeated. Returns its length.
    pub(super) fn set(&mut self, column: usize, text: &str) -> usize {
        let slot = &mut self.slots[column];
        if slot.present {
            slot.text.push_str(&self.join);
        }
        slot.present = true;
        slot.text.push_str(text);
        slot.text.len()
    }

    /// Forgets the values of one level.
    pub(super) fn clear(&mut self, level: Level) {
        for (slot, _) in self.slots.iter_mut().zip(&self.levels).filter(|(_, of)| **of == level) {
            slot.text.clear();
            slot.present = false;
        }
    }

    /// The exploded element has ended.
    pub(super) fn end_part(&mut self) {
        for (column, slot) in self.slots.iter().enumerate() {
            if slot.present && self.levels[column] == Level::Part {
                self.parts.text.push_str(&slot.text);
                self.parts.cells.push((column, self.parts.text.len()));
            }
        }
        self.parts.ends.push(self.parts.cells.len());
        self.clear(Level::Part);
    }

    /// The record has ended and is one row.
    pub(super) fn end_record(&mut self, number: i64, byte: i64, output: &mut dyn Output) -> Result<(), ReadError> {
        self.push(number, None, byte, output)
    }

    /// The record has ended and is one row for each exploded element.
    pub(super) fn end_exploded(&mut self, number: i64, byte: i64, output: &mut dyn Output) -> Result<(), ReadError> {
        let parts = std::mem::take(&mut self.parts);
        let (mut cell, mut start) = (0, 0);
        for (part, &end) in parts.ends.iter().enumerate() {
            self.clear(Level::Part);
            for &(column, text_end) in &parts.cells[cell..end] {
                self.set(column, &parts.text[start..text_end]);
                start = text_end;
            }
            cell = end;
            self.push(number, Some(part as i64 + 1), byte, output)?;
        }
        Ok(())
    }

    /// Forgets the record at hand.
    pub(super) fn start_record(&mut self) {
        self.clear(Level::Record);
        self.clear(Level::Part);
        self.parts = Parts::default();
    }

    /// The values of the record at hand, for a person, up to some kilobytes.
    pub(super) fn show(&self) -> String {
        const MOST: usize = 4 << 10;
        let mut shown = String::new();
        for (slot, column) in self.slots.iter().zip(&self.origin.columns).filter(|(slot, _)| slot.present) {
            if shown.len() >= MOST {
                break;
            }
            shown.push_str(&column.name);
            shown.push_str(": ");
            shown.extend(slot.text.chars().take(MOST));
            shown.push('\n');
        }
        shown
    }

    fn push(&mut self, number: i64, part: Option<i64>, byte: i64, output: &mut dyn Output) -> Result<(), ReadError> {
        for (slot, builder) in self.slots.iter().zip(&mut self.texts) {
            builder.append_option(slot.present.then_some(slot.text.as_str()));
            self.size += CELL_BYTES + if slot.present { slot.text.len() } else { 0 };
        }
        self.numbers.push(number);
        self.part_numbers.push(part);
        self.bytes.push(byte);
        if self.numbers.len() >= BATCH_ROWS || self.size >= BATCH_BYTES {
            self.flush(output)?;
        }
        Ok(())
    }

    /// Hands on what has been gathered.
    pub(super) fn flush(&mut self, output: &mut dyn Output) -> Result<(), ReadError> {
        if self.numbers.is_empty() {
            return Ok(());
        }
        let height = self.numbers.len();
        let fresh = self.builders();
        let texts = std::mem::replace(&mut self.texts, fresh);
        let mut columns: Vec<Column> = texts.into_iter().map(|builder| builder.finish().into_column()).collect();
        columns.push(Column::new(ROW.into(), std::mem::take(&mut self.numbers)));
        columns.push(Column::new(PART.into(), std::mem::take(&mut self.part_numbers)));
        columns.push(Column::new(BYTE.into(), std::mem::take(&mut self.bytes)));
        self.size = 0;
        output.batch(Batch { origin: Arc::clone(&self.origin), frame: DataFrame::new(height, columns)? })?;
        Ok(())
    }

    fn builders(&self) -> Vec<StringChunkedBuilder> {
        self.origin.columns.iter().map(|column| StringChunkedBuilder::new(column.name.as_str().into(), 0)).collect()
    }
}
