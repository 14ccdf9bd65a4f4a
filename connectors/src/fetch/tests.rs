#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Cursor, Write as _};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde_json::json;
use vienkop_transforms::finding::Finding;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{FetchContext, FetchError, kind};
use crate::landing::LandingZone;
use crate::limits::Limits;

fn fetch_with(
    base: &Path,
    path: &str,
    limits: &Limits,
    cancel: &AtomicBool,
) -> Result<Vec<(String, Vec<u8>)>, FetchError> {
    let fetcher = kind("file").unwrap().fetcher(&json!({ "path": path })).unwrap();
    let mut files = Vec::new();
    let folder = tempfile::tempdir()?;
    let landing = LandingZone::new(folder.path())?;
    let context = FetchContext {
        source: "avots",
        base,
        limits,
        now: jiff::Timestamp::UNIX_EPOCH,
        time_zone: &jiff::tz::TimeZone::UTC,
        cursor: None,
        landing: &landing,
        resume: None,
        record: None,
        sample: None,
        cancel,
    };
    fetcher.fetch(&context, &mut |mut fetched| {
        let mut bytes = Vec::new();
        fetched.reader.read_to_end(&mut bytes)?;
        let landed = landing.land(&mut bytes.as_slice(), &fetched.name, &Limits::default())?;
        files.push((fetched.name, bytes));
        Ok(landed)
    })?;
    Ok(files)
}

fn names(base: &Path, path: &str) -> Vec<String> {
    let files = fetch_with(base, path, &Limits::default(), &AtomicBool::new(false));
    files.unwrap_or_else(|error| panic!("{path}: {error}")).into_iter().map(|(name, _)| name).collect()
}

fn fault(base: &Path, path: &str, limits: &Limits) -> Finding {
    match fetch_with(base, path, limits, &AtomicBool::new(false)) {
        Err(FetchError::File(finding)) => *finding,
        other => panic!("{path}: {other:?}"),
    }
}

fn folder(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, file).unwrap();
    }
    folder
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn replace(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    bytes
}

#[test]
fn finds_files_folders_and_patterns_in_order() {
    let folder = folder(&[
        "config/vienkop.toml",
        "dati/b.csv",
        "dati/a.csv",
        "dati/ā.csv",
        "dati/.slepts.csv",
        "dati/~$a.csv",
        "dati/2024/c.csv",
        "dati/2025/c.csv",
        "dati/2025/.x/c.csv",
        "dati/viens[1].csv",
        "dati/vai!tā.csv",
    ]);
    let base = folder.path();
    let cases: &[(&str, &[&str])] = &[
        ("dati/a.csv", &["a.csv"]),
        ("./dati/../dati/a.csv", &["a.csv"]),
        ("dati", &["a.csv", "b.csv", "vai!tā.csv", "viens[1].csv", "ā.csv"]),
        ("dati/", &["a.csv", "b.csv", "vai!tā.csv", "viens[1].csv", "ā.csv"]),
        ("dati/?.csv", &["a.csv", "b.csv", "ā.csv"]),
        ("dati/[ab].csv", &["a.csv", "b.csv"]),
        ("dati/20*/c.csv", &["2024/c.csv", "2025/c.csv"]),
        ("dati/**/c.csv", &["2024/c.csv", "2025/c.csv"]),
        ("dati/viens[1].csv", &["viens[1].csv"]),
        ("dati/vai!tā.csv", &["vai!tā.csv"]),
        ("dati/.slepts.csv", &[".slepts.csv"]),
    ];
    for (path, expected) in cases {
        assert_eq!(names(base, path), *expected, "{path}");
    }
    let absolute = base.join("dati/a.csv");
    assert_eq!(names(Path::new("/nav"), absolute.to_str().unwrap()), ["a.csv"]);
    let files = fetch_with(base, "dati/a.csv", &Limits::default(), &AtomicBool::new(false)).unwrap();
    assert_eq!(files[0].1, b"dati/a.csv");
}

#[test]
fn a_base_folder_with_wildcards_in_its_name_is_taken_as_it_is() {
    let outer = folder(&["b[1]*/dati/a.csv", "b1/dati/z.csv"]);
    assert_eq!(names(&outer.path().join("b[1]*"), "dati/*.csv"), ["a.csv"]);
}

#[test]
fn what_is_missing_is_told_with_what_is_there() {
    let folder = folder(&["dati/registrs.xlsx", "dati/.registrs.csv", "dati/dzives_situacijas.xml", "tukšs/.x"]);
    let cases = [
        ("dati/registri.xlsx", Some("registrs.xlsx")),
        ("dati/regist*.csv", Some("registrs.xlsx")),
        ("datu/registrs.xlsx", Some("dati")),
        ("date", Some("dati")),
        ("tukšs", None),
        ("nav/tada/mape/*.csv", None),
        ("dati/registrs.xlsx/lapa.csv", Some("registrs.xlsx")),
    ];
    for (path, hint) in cases {
        let finding = fault(folder.path(), path, &Limits::default());
        let told = (finding.code, finding.value.as_deref(), finding.hint.as_deref());
        assert_eq!(told, ("F001", Some(path), hint), "{path}");
    }
}

#[test]
fn members_of_archives() {
    let folder = folder(&[]);
    let members: [(&str, &[u8]); 6] = [
        ("reģistrs.csv", b"1"),
        ("dati/b.csv", b"2"),
        ("dati/a.csv", b"3"),
        ("__MACOSX/a.csv", b"4"),
        ("dati/.x.csv", b"5"),
        ("vecs\\c.csv", b"6"),
    ];
    let mut bytes = zip(&members);
    fs_err::write(folder.path().join("A.ZIP"), &bytes).unwrap();
    bytes = zip(&[("b.csv", b"1"), ("a.csv", b"2")]);
    fs_err::write(folder.path().join("b.zip"), &bytes).unwrap();
    let cases: &[(&str, &[&str])] = &[
        ("A.ZIP!reģistrs.csv", &["A.ZIP!reģistrs.csv"]),
        ("A.ZIP!*.csv", &["A.ZIP!reģistrs.csv"]),
        ("A.ZIP!dati/*.csv", &["A.ZIP!dati/a.csv", "A.ZIP!dati/b.csv"]),
        ("A.ZIP!vecs/c.csv", &["A.ZIP!vecs/c.csv"]),
        ("A.ZIP!**/a.csv", &["A.ZIP!dati/a.csv"]),
        ("*.zip!*.csv", &["b.zip!a.csv", "b.zip!b.csv"]),
    ];
    for (path, expected) in cases {
        assert_eq!(names(folder.path(), path), *expected, "{path}");
    }
    let files = fetch_with(folder.path(), "A.ZIP!dati/a.csv", &Limits::default(), &AtomicBool::new(false)).unwrap();
    assert_eq!(files[0].1, b"3");
    let finding = fault(folder.path(), "A.ZIP!registrs.csv", &Limits::default());
    assert_eq!((finding.code, finding.hint.as_deref()), ("F001", Some("reģistrs.csv")));
}

#[test]
fn archives_that_harm_or_are_broken() {
    let zeros = vec![0; 12_000_000];
    let good = zip(&[("a.csv", b"kods;nosaukums"), ("bb/evil.csv", b"x"), ("c.csv", b"y")]);
    let mut encrypted = zip(&[("a.csv", b"kods;nosaukums")]);
    encrypted[6] |= 1;
    let directory = encrypted.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    encrypted[directory + 8] |= 1;
    let mut unchecked = good.clone();
    let content = unchecked.windows(5).position(|w| w == b"a.csv").unwrap() + 5;
    unchecked[content + 1] ^= 0x55;
    let limits = Limits { inflation_ratio: 100, inflated_bytes: 20_000_000, archive_members: 5, ..Limits::default() };
    let many = zip(&[("1", b""), ("2", b""), ("3", b""), ("4", b""), ("5", b""), ("6", b"")]);
    let two: Vec<u8> = (0..11_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let cases: Vec<(&str, Vec<u8>, &str, &str)> = vec![
        ("bomb", zip(&[("a.csv", &zeros)]), "F007", "inflation_ratio"),
        ("all together", zip(&[("a.csv", &two), ("b.csv", &two)]), "F007", "inflated_bytes"),
        ("members", many, "F007", "archive_members"),
        ("up", replace(&good, "bb/evil.csv", "../evil.csv"), "F004", ""),
        ("up inside", replace(&good, "bb/evil.csv", "b/../il.csv"), "F004", ""),
        ("up in Windows", replace(&good, "bb/evil.csv", "..\\evil.csv"), "F004", ""),
        ("absolute", replace(&good, "bb/evil.csv", "/bbevil.csv"), "F004", ""),
        ("drive", replace(&good, "bb/evil.csv", "C:\\evil.csv"), "F004", ""),
        ("twice", replace(&good, "c.csv", "a.csv"), "F005", "2×"),
        ("encrypted", encrypted, "F011", ""),
        ("damaged", unchecked, "F005", ""),
        ("cut", good[..good.len() - 30].to_vec(), "F005", ""),
        ("no zip", b"<html><body>404</body></html>".to_vec(), "F004", ""),
        ("empty", Vec::new(), "F002", ""),
    ];
    for (case, bytes, code, hint) in cases {
        let folder = folder(&[]);
        fs_err::write(folder.path().join("a.zip"), &bytes).unwrap();
        let finding = fault(folder.path(), "a.zip!*.csv", &limits);
        assert_eq!(finding.code, code, "{case}: {finding:?}");
        assert!(finding.value.as_deref().unwrap().starts_with("a.zip"), "{case}");
        assert!(hint.is_empty() || finding.hint.as_deref() == Some(hint), "{case}: {finding:?}");
    }
    // An empty form compresses a thousandfold and is let through.
    let folder = folder(&[]);
    fs_err::write(folder.path().join("a.zip"), zip(&[("a.csv", &zeros[..9_000_000])])).unwrap();
    assert_eq!(
        fetch_with(folder.path(), "a.zip!a.csv", &limits, &AtomicBool::new(false)).unwrap()[0].1.len(),
        9_000_000
    );
}

#[test]
fn stops_when_asked() {
    let folder = folder(&["a.csv", "b.csv"]);
    let result = fetch_with(folder.path(), "*.csv", &Limits::default(), &AtomicBool::new(true));
    assert!(matches!(result, Err(FetchError::Cancelled)));
}

#[test]
fn options_are_checked() {
    let kind = kind("file").unwrap();
    for path in ["", " ", "a/***/b", "a.zip!a***"] {
        assert_eq!(kind.fetcher(&json!({ "path": path })).err().map(|e| e.option).as_deref(), Some("path"), "{path}");
    }
    let schema = serde_json::to_value(kind.options_schema(&mut schemars::SchemaGenerator::default())).unwrap();
    assert_eq!(schema["additionalProperties"], false);
}
