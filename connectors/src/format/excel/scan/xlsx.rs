//! Scan of xlsx: XML parts in a zip.

use std::collections::HashMap;
use std::io::Read;

use quick_xml::events::Event;

use super::package::{Package, drain};
use super::xml::{Lexer, attribute, attribute_text};
use super::{Merged, Scanned, SheetScan, Special, Variant, at_sheet, check_position};
use crate::format::ReadError;
use crate::format::excel::fault;
use crate::limits::Limits;

/// Looks through all that calamine will read.
pub(super) fn scan(package: &mut Package<'_>, taken: &dyn Fn(&str, bool) -> bool) -> Result<Scanned, ReadError> {
    let workbook = main_part(package)?;
    let (folder, name) = workbook.rsplit_once('/').map_or(("", workbook.as_str()), |(folder, name)| (folder, name));
    let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    if !package.has(&workbook) {
        return Err(fault::wrong_content("ZIP", None).into());
    }
    let targets = relationships(package, &format!("{folder}_rels/{name}.rels"))?;
    let listed = listed_sheets(package, &workbook)?;
    shared_texts(package, &format!("{folder}sharedStrings.xml"))?;
    styles(package, &format!("{folder}styles.xml"))?;
    package.check_kept(&format!("{folder}theme/theme1.xml"))?;
    let mut sheets = Vec::new();
    for sheet in listed {
        let mut scanned = SheetScan::default();
        if let Some(target) = targets.get(&sheet.relationship)
            && target.kind == "worksheet"
            && taken(&sheet.name, sheet.visible)
        {
            let path = target.path.strip_prefix('/').map_or_else(|| format!("{folder}{}", target.path), str::to_owned);
            cells(package, &path, &mut scanned).map_err(|error| at_sheet(error, &sheet.name))?;
        }
        sheets.push(scanned);
    }
    Ok(Scanned { variant: Variant::Xlsx, sheets })
}

struct ListedSheet {
    name: String,
    visible: bool,
    relationship: String,
}

struct Target {
    path: String,
    /// Last word of the relationship's type.
    kind: String,
}

/// Where the workbook itself is.
fn main_part(package: &mut Package<'_>) -> Result<String, ReadError> {
    let root = relationships(package, "_rels/.rels")?;
    let mut main: Vec<&Target> = root.values().filter(|target| target.kind == "officeDocument").collect();
    match (main.pop(), main.pop()) {
        (Some(target), None) => {
            let path = quick_xml::escape::unescape(&target.path).map_err(|error| fault::damaged(error.to_string()))?;
            Ok(path.strip_prefix('/').unwrap_or(&path).to_owned())
        }
        (Some(_), Some(_)) => Err(fault::damaged("2× officeDocument").into()),
        (None, _) => Err(fault::wrong_content("ZIP", None).into()),
    }
}

fn relationships(package: &mut Package<'_>, name: &str) -> Result<HashMap<String, Target>, ReadError> {
    package.check_kept(name)?;
    let limits = package.limits;
    let mut targets = HashMap::new();
    let Some(part) = package.part(name)? else { return Ok(targets) };
    let mut xml = Lexer::new(part, name, limits);
    loop {
        match xml.next()? {
            Event::Start(e) if e.local_name().as_ref() == "Relationship" => {
                // Raw as calamine takes them, so that both mean the same part.
                let id = attribute(&e, "Id").unwrap_or_default();
                let path = attribute(&e, "Target").unwrap_or_default().to_owned();
                let kind = attribute(&e, "Type").and_then(|kind| kind.rsplit('/').next()).unwrap_or_default();
                targets.insert(id.to_owned(), Target { path, kind: kind.to_owned() });
            }
            Event::Eof => return Ok(targets),
            _ => (),
        }
    }
}

fn listed_sheets(package: &mut Package<'_>, name: &str) -> Result<Vec<ListedSheet>, ReadError> {
    package.check_kept(name)?;
    let limits = package.limits;
    let mut sheets = Vec::new();
    let Some(part) = package.part(name)? else { return Ok(sheets) };
    let mut xml = Lexer::new(part, name, limits);
    loop {
        match xml.next()? {
            Event::Start(e) if e.local_name().as_ref() == "sheet" => sheets.push(ListedSheet {
                name: attribute_text(&e, "name").unwrap_or_default(),
                visible: attribute(&e, "state").is_none_or(|state| state == "visible"),
                relationship: e
                    .attributes()
                    .flatten()
                    .filter(|a| a.key.local_name().as_ref() == "id")
                    .last()
                    .map(|a| a.value.clone().into_owned())
                    .unwrap_or_default(),
            }),
            Event::End(e) if e.local_name().as_ref() == "workbook" => break,
            Event::Eof => break,
            _ => (),
        }
    }
    drain(&mut xml.into_inner())?;
    Ok(sheets)
}

/// The shared texts stay in memory, and calamine sets aside room for as many as the part declares.
fn shared_texts(package: &mut Package<'_>, name: &str) -> Result<(), ReadError> {
    let limits = package.limits;
    let most = limits.shared_text_bytes;
    let Some(mut part) = package.part(name)? else { return Ok(()) };
    let mut xml = Lexer::new(part.by_ref().take(most + 1), name, limits);
    let declared = loop {
        match xml.next()? {
            Event::Start(e) if e.local_name().as_ref() == "sst" => {
                break attribute(&e, "uniqueCount").and_then(|count| count.parse::<u64>().ok()).unwrap_or(0);
            }
            Event::Eof => break 0,
            _ => (),
        }
    };
    let mut rest = xml.into_inner();
    drain(&mut rest)?;
    let bytes = most + 1 - rest.limit();
    if bytes > most {
        return Err(fault::limit(name, most, "shared_text_bytes").into());
    }
    // `<si/>` is the shortest there is.
    if declared > bytes / 5 {
        return Err(fault::damaged(format!("{name}: uniqueCount = {declared}")).into());
    }
    Ok(())
}

/// calamine keeps a copy of font and number format for every cell format: few texts, made long, would fill the memory.
fn styles(package: &mut Package<'_>, name: &str) -> Result<(), ReadError> {
    package.check_kept(name)?;
    let limits = package.limits;
    let Some(part) = package.part(name)? else { return Ok(()) };
    let mut xml = Lexer::new(part, name, limits);
    let (mut formats, mut longest) = (0u64, 0u64);
    loop {
        match xml.next()? {
            Event::Start(e) => {
                formats += u64::from(e.local_name().as_ref() == "xf");
                longest = longest.max(e.attributes_raw().len() as u64);
            }
            Event::Eof => break,
            _ => (),
        }
    }
    if formats * longest > limits.shared_text_bytes {
        return Err(fault::limit(name, limits.shared_text_bytes, "shared_text_bytes").into());
    }
    Ok(())
}

fn cells(package: &mut Package<'_>, name: &str, sheet: &mut SheetScan) -> Result<(), ReadError> {
    let limits = package.limits;
    let Some(part) = package.part(name)? else { return Err(fault::damaged(name).into()) };
    let mut xml = Lexer::new(part, name, limits);
    let (mut row, mut column) = (0u32, 0u32);
    let mut ended = false;
    loop {
        match xml.next()? {
            Event::Start(e) => match e.local_name().as_ref() {
                "c" if !ended => {
                    if let Some(reference) = attribute(&e, "r") {
                        let at = position(reference, limits)?;
                        column = at.1;
                        let text = attribute(&e, "t") == Some("str");
                        cell(&mut xml, at, text, sheet, limits)?;
                    } else {
                        let text = attribute(&e, "t") == Some("str");
                        cell(&mut xml, (row, column), text, sheet, limits)?;
                    }
                    column += 1;
                }
                "row" => {
                    if let Some(reference) = attribute(&e, "r") {
                        row = row_number(reference)?;
                        check_position((row, 0), limits)?;
                    }
                }
                "mergeCell" => {
                    if let Some((first, last)) = attribute(&e, "ref").and_then(|region| region.split_once(':')) {
                        let (first, last) = (position(first, limits)?, position(last, limits)?);
                        sheet.merge(Merged { first, last }, limits)?;
                    }
                }
                _ => (),
            },
            Event::End(e) => match e.local_name().as_ref() {
                "row" => {
                    row += 1;
                    column = 0;
                }
                "sheetData" => ended = true,
                _ => (),
            },
            Event::Eof if ended => return Ok(()),
            Event::Eof => return Err(fault::damaged(name).into()),
            _ => (),
        }
    }
}

/// One cell: is there a value in it, or a formula without one?
fn cell<R: std::io::BufRead>(
    xml: &mut Lexer<'_, R>,
    at: (u32, u32),
    text: bool,
    sheet: &mut SheetScan,
    limits: &Limits,
) -> Result<(), ReadError> {
    check_position(at, limits)?;
    let (mut formula, mut value, mut inside) = (false, false, false);
    xml.hold(true);
    loop {
        match xml.next()? {
            Event::Start(e) => match e.local_name().as_ref() {
                "f" => formula = true,
                "v" | "t" => inside = true,
                _ => (),
            },
            Event::Text(_) | Event::GeneralRef(_) | Event::CData(_) if inside => value = true,
            Event::End(e) => match e.local_name().as_ref() {
                "v" | "t" => inside = false,
                "c" => break,
                _ => (),
            },
            Event::Eof => break,
            _ => (),
        }
    }
    xml.hold(false);
    if value {
        return sheet.value_at(at, limits);
    }
    // A calculated empty text says that it is a text.
    if formula && !text {
        return sheet.special_at(at, Special::NoValue, limits);
    }
    Ok(())
}

/// `D17` as (16, 3).
fn position(reference: &str, limits: &Limits) -> Result<(u32, u32), ReadError> {
    let row = row_number(reference)?;
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic);
    let column = letters.fold(0u32, |column, letter| {
        column.saturating_mul(26).saturating_add(u32::from(letter.to_ascii_uppercase() - b'A') + 1)
    });
    let column = column.checked_sub(1).ok_or_else(|| fault::damaged(reference))?;
    check_position((row, column), limits)?;
    Ok((row, column))
}

/// `D17` or `17` as 16.
fn row_number(reference: &str) -> Result<u32, ReadError> {
    let digits = reference.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let row = digits.parse::<u32>().ok().and_then(|row| row.checked_sub(1));
    row.ok_or_else(|| fault::damaged(reference).into())
}
