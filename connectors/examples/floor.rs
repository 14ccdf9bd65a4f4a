//! The floor of the benchmarks: only reads a file with the crate that its format's reader is built on, and counts cells.
//!
//! `floor FILE`: csv (`;`), xml, json or ndjson, xlsx, by the file's ending. Prints the number of cells (values of
//! fields, texts and attributes of elements, values of members), so that nothing can be left out as unused.

#![allow(clippy::print_stdout, reason = "the count is what the program is for")]

use std::error::Error;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use calamine::{Reader as _, Xlsx};
use quick_xml::events::Event;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// As the readers have it.
const BUFFER: usize = 64 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let path = PathBuf::from(std::env::args_os().nth(1).ok_or("floor FILE")?);
    let file = BufReader::with_capacity(BUFFER, fs_err::File::open(&path)?);
    let cells = match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => csv_cells(file)?,
        Some("xml") => xml_cells(file)?,
        Some("json" | "ndjson") => json_cells(file)?,
        Some("xlsx") => xlsx_cells(&path)?,
        _ => return Err("neither csv, xml, json, ndjson nor xlsx".into()),
    };
    println!("{cells}");
    Ok(())
}

fn csv_cells(file: impl BufRead) -> Result<u64, csv::Error> {
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(file);
    let mut record = csv::ByteRecord::new();
    let mut cells = 0;
    while reader.read_byte_record(&mut record)? {
        cells += record.len() as u64;
    }
    Ok(cells)
}

fn xml_cells(file: impl BufRead) -> Result<u64, Box<dyn Error>> {
    let mut reader = quick_xml::Reader::from_reader(file);
    let mut buffer = Vec::new();
    let mut cells = 0;
    loop {
        match reader.read_event_into(&mut buffer)? {
            Event::Start(element) | Event::Empty(element) => {
                for attribute in element.attributes() {
                    attribute?;
                    cells += 1;
                }
            }
            Event::Text(text) if !text.trim_ascii().is_empty() => cells += 1,
            Event::Eof => return Ok(cells),
            _ => {}
        }
        buffer.clear();
    }
}

/// Values that are neither an array nor an object, counted without keeping them.
struct Values(u64);

struct Count;

fn json_cells(file: impl BufRead) -> Result<u64, Box<dyn Error>> {
    let mut cells = 0;
    for line in file.lines() {
        cells += serde_json::from_str::<Values>(&line?)?.0;
    }
    Ok(cells)
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Count).map(Self)
    }
}

impl<'de> Visitor<'de> for Count {
    type Value = u64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<u64, E> {
        Ok(1)
    }

    fn visit_i64<E>(self, _: i64) -> Result<u64, E> {
        Ok(1)
    }

    fn visit_u64<E>(self, _: u64) -> Result<u64, E> {
        Ok(1)
    }

    fn visit_f64<E>(self, _: f64) -> Result<u64, E> {
        Ok(1)
    }

    fn visit_str<E>(self, _: &str) -> Result<u64, E> {
        Ok(1)
    }

    fn visit_unit<E>(self) -> Result<u64, E> {
        Ok(1)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<u64, A::Error> {
        let mut values = 0;
        while let Some(Values(more)) = items.next_element()? {
            values += more;
        }
        Ok(values)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<u64, A::Error> {
        let mut values = 0;
        while let Some((IgnoredAny, Values(more))) = members.next_entry()? {
            values += more;
        }
        Ok(values)
    }
}

fn xlsx_cells(path: &std::path::Path) -> Result<u64, Box<dyn Error>> {
    let mut book: Xlsx<_> = calamine::open_workbook(path)?;
    let sheet = book.sheet_names().into_iter().next().ok_or("a workbook without sheets")?;
    let mut reader = book.worksheet_cells_reader(&sheet)?;
    let mut cells = 0;
    while reader.next_cell()?.is_some() {
        cells += 1;
    }
    Ok(cells)
}
