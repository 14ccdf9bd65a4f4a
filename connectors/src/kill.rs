//! Kill points: a test stops the process right before any one of its writes, as a crash would.
//!
//! With the feature `kill-points`, `VIENKOP_KILL_AT=n` aborts the process before its n-th write, and
//! `VIENKOP_KILL_COUNT=file` adds a line with the name of each write to a file. `VIENKOP_WAIT_AT=n` holds the n-th write
//! back until standard input is closed, so that a test can take something away meanwhile. Without the feature, which no
//! release has, nothing of this exists.

/// Passed right before everything that changes the landing zone, the registry or a report; `name` says what.
#[cfg(feature = "kill-points")]
pub fn kill_point(name: &str) {
    use std::io::Write as _;
    use std::sync::atomic::{AtomicU64, Ordering};

    static PASSED: AtomicU64 = AtomicU64::new(0);
    let number = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
    if let Some(file) = std::env::var_os("VIENKOP_KILL_COUNT") {
        let line = name.split_whitespace().collect::<Vec<_>>().join(" ") + "\n";
        // A list that cannot be written is too short, which the test sees.
        let open = fs_err::OpenOptions::new().create(true).append(true).open(std::path::PathBuf::from(file));
        let _ = open.and_then(|mut file| file.write_all(line.as_bytes()));
    }
    let is = |name| std::env::var(name).ok().and_then(|at| at.parse().ok()) == Some(number);
    if is("VIENKOP_KILL_AT") {
        std::process::abort();
    }
    if is("VIENKOP_WAIT_AT") {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    }
}

/// Nothing; see the feature `kill-points`.
#[cfg(not(feature = "kill-points"))]
pub const fn kill_point(_name: &str) {}
