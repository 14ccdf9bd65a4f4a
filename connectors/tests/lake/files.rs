//! Files: compaction, sweeping, faults.

use std::collections::BTreeSet;
use std::fs;

use polars::prelude::*;
use vienkop_connectors::lake::{Lake, LakeError, LakeFile, LakeLimits, MergeScope};
use vienkop_transforms::status::tables::{BUCKET, LakeTable};

use crate::bench::{Bench, DAY, SMALL, SOURCE, event, files_below, frame};

fn kept(bench: &Bench) -> BTreeSet<String> {
    bench.live.iter().map(|file| file.path.clone()).collect()
}

#[test]
fn many_small_files_become_one() {
    let mut bench = Bench::new(SMALL);
    let mut all = Vec::new();
    for request in 0..9 {
        let events = [event(request, "Iesniegts", DAY), event(request, "Izpildē", 2 * DAY)];
        let change = bench.deliver(&events);
        all.extend(events);
        let files = if request == 8 { 1 } else { request as usize + 1 };
        for table in LakeTable::ALL {
            assert_eq!(bench.files(table, "2024-01").len(), files, "{table:?}");
        }
        assert_eq!(change.retired.len(), if request == 8 { 24 } else { 0 });
        bench.check();
    }
    let mut other = Bench::new(LakeLimits::default());
    other.deliver(&all);
    assert_eq!(bench.content(LakeTable::StatusEvent), other.content(LakeTable::StatusEvent));
}

#[test]
fn sweeping_removes_what_is_not_listed_and_nothing_else() {
    let mut bench = Bench::new(SMALL);
    bench.deliver(&[event(1, "Iesniegts", DAY)]);
    let written = bench.merge(&[event(2, "Iesniegts", 40 * DAY)], &[], true).unwrap();
    assert_eq!(written.added.len(), 3);
    let lake = bench.path();
    let strangers = [
        "status_event/README",
        "status_event/lietvedis-1/2024-01/x.parquet",
        "staging/y/z",
        "other/0123456789abcdef.parquet",
    ];
    for stranger in strangers {
        fs::create_dir_all(lake.join(stranger).parent().unwrap()).unwrap();
        fs::write(lake.join(stranger), "x").unwrap();
    }
    let outside = bench.folder.path().join("outside/2024-01");
    fs::create_dir_all(&outside).unwrap();
    fs::write(outside.join("0123456789abcdef.parquet"), "x").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.parent().unwrap(), lake.join("status_event/linked")).unwrap();

    assert_eq!(bench.lake.sweep(Some("another"), &BTreeSet::new()).unwrap(), 0);
    assert_eq!(bench.lake.sweep(Some(SOURCE), &kept(&bench)).unwrap(), 3);
    assert_eq!(bench.lake.sweep(None, &kept(&bench)).unwrap(), 0);
    bench.check();
    assert!(!lake.join("status_event/lietvedis-1/2024-02").exists(), "empty folders go");
    assert!(outside.join("0123456789abcdef.parquet").exists());
    for stranger in strangers {
        assert!(lake.join(stranger).exists(), "{stranger}");
    }
    // A rerun writes the same files again.
    let again = bench.deliver(&[event(2, "Iesniegts", 40 * DAY)]);
    let names = |files: &[LakeFile]| files.iter().map(|file| file.month.clone()).collect::<Vec<_>>();
    assert_eq!(names(&again.added), names(&written.added));
    bench.check();
    assert_eq!(bench.lake.sweep(None, &BTreeSet::new()).unwrap(), 6);
    assert!(!lake.join("request_step").exists());
}

#[test]
fn nothing_is_left_of_a_merge_that_is_given_up() {
    let mut bench = Bench::new(SMALL);
    bench.deliver(&[event(1, "Iesniegts", DAY)]);
    let before = files_below(bench.folder.path());
    let events: Vec<_> = (0..50).map(|request| event(request, "Izpildē", 3 * DAY)).collect();
    let mut spill = bench.lake.spill(SOURCE).unwrap();
    spill.add(&frame(&events, 1, 1)).unwrap();
    assert!(files_below(bench.folder.path()).len() > before.len());
    let mut merge = bench.lake.merge(spill, &bench.live, MergeScope { write: true, whole: true }).unwrap();
    merge.next_portion().unwrap();
    drop(merge);
    assert_eq!(files_below(bench.folder.path()), before);
    // A process that died left its staging.
    let left = bench.path().join("staging").join(SOURCE);
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("spill"), "x").unwrap();
    bench.deliver(&events);
    bench.check();
}

#[test]
fn what_fits_into_memory_is_spilled_nowhere() {
    let bench = Bench::new(LakeLimits::default());
    let mut spill = bench.lake.spill(SOURCE).unwrap();
    spill.add(&frame(&[event(1, "Iesniegts", DAY)], 1, 1)).unwrap();
    assert!(!bench.path().exists());
    let mut bench = bench;
    bench.plan(&[event(1, "Iesniegts", DAY)]);
    assert!(files_below(bench.folder.path()).is_empty());
}

#[test]
fn a_file_that_is_gone_or_damaged_is_named() {
    let mut bench = Bench::new(SMALL);
    bench.deliver(&[event(1, "Iesniegts", DAY)]);
    let file = bench.files(LakeTable::StatusEvent, "2024-01").remove(0);
    let path = bench.path().join(&file.path);
    let content = fs::read(&path).unwrap();
    let files = std::slice::from_ref(&file);
    let message = |error: LakeError| error.to_string().replace(bench.folder.path().to_str().unwrap(), "");

    fs::write(&path, &content[1..]).unwrap();
    let cut = bench.lake.scan(LakeTable::StatusEvent, files).map(|_| ()).unwrap_err();
    let (is, was) = (content.len() - 1, content.len());
    assert_eq!(
        message(cut),
        format!("/lake/{} is damaged ({is} bytes instead of {was}); put it back from the last backup", file.path)
    );
    let mut turned = content.clone();
    turned[10] ^= 0xff;
    fs::write(&path, &turned).unwrap();
    assert!(matches!(bench.lake.verify(&file), Err(LakeError::Damaged { .. })));
    fs::write(&path, vec![0; content.len()]).unwrap();
    let damaged = bench.merge(&[event(1, "Izpildē", DAY)], &[], true).unwrap_err();
    assert!(matches!(&damaged, LakeError::Damaged { path: named, .. } if *named == path), "{damaged}");
    fs::remove_file(&path).unwrap();
    let expected = format!(
        "/lake/{} is missing, though the registry lists it; registry and lake belong together: put the file, or both, back from the last backup",
        file.path
    );
    let message = |error: LakeError| error.to_string().replace(bench.folder.path().to_str().unwrap(), "");
    assert_eq!(message(bench.lake.scan(LakeTable::StatusEvent, files).map(|_| ()).unwrap_err()), expected);
    let live = bench.live.clone();
    let spill = bench.lake.spill(SOURCE).unwrap();
    let missing = bench.lake.merge(spill, &live, MergeScope { write: true, whole: false }).map(|_| ()).unwrap_err();
    assert_eq!(message(missing), expected);
}

#[test]
fn only_names_of_its_own_lead_into_the_lake() {
    let lake = Lake::at("/nowhere");
    for source in ["", "..", "a/b", "A", "a b", "ā"] {
        assert!(matches!(lake.spill(source), Err(LakeError::Name(_))), "{source}");
    }
    let file = |source: &str, month: &str, path: &str| LakeFile {
        table: LakeTable::StatusEvent,
        source: source.to_owned(),
        month: month.to_owned(),
        path: path.to_owned(),
        rows: 1,
        bytes: 1,
        sha256: String::new(),
    };
    let good = file("a", "2024-01", "status_event/a/2024-01/0123456789abcdef.parquet");
    assert!(lake.locate(&good).unwrap().starts_with("/nowhere/status_event/a"));
    for bad in [
        file("a", "2024-01", "/etc/passwd"),
        file("..", "2024-01", "status_event/../2024-01/0123456789abcdef.parquet"),
        file("a", "..", "status_event/a/../0123456789abcdef.parquet"),
        file("a", "2024-01", "status_event/a/2024-01/../x.parquet"),
        file("a", "2024-01", "status_event/a/2024-02/0123456789abcdef.parquet"),
        file("a", "2024-01", "request_step/a/2024-01/0123456789abcdef.parquet"),
    ] {
        assert!(matches!(lake.locate(&bad), Err(LakeError::Name(_))), "{bad:?}");
    }
}

#[test]
fn frames_with_other_columns_are_refused() {
    let bench = Bench::new(SMALL);
    let mut spill = bench.lake.spill(SOURCE).unwrap();
    let events = frame(&[event(1, "Iesniegts", DAY)], 1, 1);
    assert!(matches!(spill.add(&events.drop("state").unwrap()), Err(LakeError::Frame(_))));
    let mut wrong = events.clone();
    wrong.with_column(Column::new(BUCKET.into(), ["1"])).unwrap();
    assert!(matches!(spill.add(&wrong), Err(LakeError::Frame(_))));
    let mut beyond = events;
    beyond.with_column(Column::new(BUCKET.into(), [256])).unwrap();
    spill.add(&beyond).unwrap();
    assert!(bench.lake.merge(spill, &[], MergeScope { write: true, whole: false }).is_err());
}

/// Statistics of `bucket` are there, row groups are of one size.
#[test]
fn buckets_prune() {
    let mut bench = Bench::new(LakeLimits::default());
    let events: Vec<_> = (0..140_000).map(|number| event(number / 3, "Izpildē", i64::from(number % 3))).collect();
    bench.deliver(&events);
    let file = bench.files(LakeTable::StatusEvent, "2024-01").remove(0);
    let mut reader = ParquetReader::new(fs::File::open(bench.path().join(&file.path)).unwrap());
    let metadata = reader.get_metadata().unwrap().clone();
    let mut groups = Vec::new();
    for group in &metadata.row_groups {
        groups.push(group.num_rows());
    }
    assert_eq!(groups, [131_072, 140_000 - 131_072]);
    for group in &metadata.row_groups {
        let statistics = group.parquet_columns()[0].statistics(&metadata.footer_buf).unwrap().unwrap();
        let statistics = statistics.as_int32().unwrap();
        assert!(statistics.min_value.is_some() && statistics.max_value.is_some(), "{statistics:?}");
    }
}
