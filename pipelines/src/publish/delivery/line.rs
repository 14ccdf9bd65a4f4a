//! How the other register does: whether it goes on.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use vienkop_transforms::finding::{self, Finding};

/// Failures one after another after which an entity is left for the next delivery.
const FAILURES: u32 = 3;

/// How the register does.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Whether it has ever answered.
    pub(super) spoken: AtomicBool,
    /// Whether it has taken anything.
    pub(super) taken: AtomicBool,
    /// Failures one after another.
    pub(super) failures: AtomicU32,
    /// Nothing more is sent of this entity.
    pub(super) halted: AtomicBool,
    /// Nothing more is sent at all.
    pub(super) ended: AtomicBool,
}

impl Line {
    pub(super) fn took(&self) {
        self.taken.store(true, Ordering::Relaxed);
        self.failures.store(0, Ordering::Relaxed);
    }

    /// A failure; `ends`: true of every other request too.
    pub(super) fn fails(&self, ends: bool) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if ends {
            self.ended.store(true, Ordering::Relaxed);
        } else if failures >= FAILURES {
            self.halted.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn stops(&self) -> bool {
        self.halted.load(Ordering::Relaxed) || self.ended.load(Ordering::Relaxed)
    }

    /// Another entity begins.
    pub(super) fn begin(&self) {
        self.failures.store(0, Ordering::Relaxed);
        self.halted.store(false, Ordering::Relaxed);
    }
}

/// Whether a fault is true of every other request too.
pub(super) fn ends(fault: &Finding) -> bool {
    let all = [
        &finding::UNREACHABLE,
        &finding::CERTIFICATE,
        &finding::LOGIN_REFUSED,
        &finding::HOST_NOT_ALLOWED,
        &finding::SECRET_MISSING,
    ];
    all.iter().any(|rule| rule.code == fault.code)
}
