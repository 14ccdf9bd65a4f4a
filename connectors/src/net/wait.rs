//! Waiting: between attempts, for one's turn, and never longer than somebody wants to.

use std::future::Future;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::Timestamp;
use tokio::time::{Instant, MissedTickBehavior};

use super::message::Headers;
use crate::fetch::FetchError;

/// How often is looked whether somebody asked to stop.
const LOOK: Duration = Duration::from_millis(200);
/// The first wait between two attempts; each further one is twice as long, and all are spread by chance.
const FIRST: Duration = Duration::from_millis(500);

/// The outcome of `future`, unless somebody asks to stop before.
///
/// # Errors
/// [`FetchError::Cancelled`]; `future` is dropped then, in the middle of whatever it waits for.
pub(super) async fn unless_cancelled<T>(cancel: &AtomicBool, future: impl Future<Output = T>) -> Result<T, FetchError> {
    let mut future = pin!(future);
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = looks.tick() => if cancel.load(Ordering::Relaxed) {
                return Err(FetchError::Cancelled);
            },
            done = &mut future => return Ok(done),
        }
    }
}

/// The waits between `attempts` attempts, none longer than `longest`.
pub(super) fn waits(attempts: u32, longest: Duration) -> impl Iterator<Item = Duration> + Send {
    let first = FIRST.min(longest);
    let waits = ExponentialBuilder::new().with_factor(2.0).with_min_delay(first).with_max_delay(longest).with_jitter();
    let waits = waits.with_max_times(attempts.saturating_sub(1) as usize).build();
    waits.map(move |wait| wait.min(longest))
}

/// What the server asks to wait (RFC 9110, 10.2.3): seconds or a date, which counts from the server's own `Date`.
pub(super) fn retry_after(headers: &Headers) -> Option<Duration> {
    let text = headers.get("Retry-After")?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = date(text)?;
    // The clock that the server reckons with; ours may be another.
    let now = headers.get("Date").and_then(date).unwrap_or_else(Timestamp::now);
    Some(Duration::from_secs(u64::try_from(until.as_second() - now.as_second()).unwrap_or(0)))
}

/// An HTTP date: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp())
}

/// Spreads requests evenly over time.
#[derive(Debug)]
pub(super) struct Pace {
    each: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    pub(super) fn new(a_second: f64) -> Self {
        let each = Duration::try_from_secs_f64(1.0 / a_second).unwrap_or(Duration::ZERO);
        Self { each, next: Mutex::new(None) }
    }

    /// Nobody gets a turn for that long.
    pub(super) fn hold(&self, wait: Duration) {
        if let Ok(mut next) = self.next.lock() {
            let until = Instant::now() + wait;
            *next = Some(next.map_or(until, |next| next.max(until)));
        }
    }

    /// Waits for one's turn.
    pub(super) async fn turn(&self) {
        let at = {
            let Ok(mut next) = self.next.lock() else { return };
            let now = Instant::now();
            let at = next.map_or(now, |next| next.max(now));
            *next = Some(at + self.each);
            at
        };
        tokio::time::sleep_until(at).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        Headers(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn what_a_server_asks_to_wait() {
        let date = ("date", "Wed, 21 Oct 2015 07:28:00 GMT");
        for (value, expected) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Wed, 21 Oct 2015 07:28:30 GMT", Some(30)),
            ("Wed, 21 Oct 2015 07:27:30 GMT", Some(0)),
            ("-5", None),
            ("soon", None),
        ] {
            let asked = retry_after(&headers(&[date, ("retry-after", value)]));
            assert_eq!(asked.map(|wait| wait.as_secs()), expected, "{value}");
        }
        assert_eq!(retry_after(&headers(&[date])), None);
    }

    #[test]
    fn waits_grow_and_keep_within_the_longest() {
        let all: Vec<Duration> = waits(8, Duration::from_secs(4)).collect();
        assert_eq!(all.len(), 7);
        assert!(all.iter().all(|wait| *wait <= Duration::from_secs(4)), "{all:?}");
        assert!(all[0] >= FIRST && all[6] >= Duration::from_secs(2), "{all:?}");
        assert!(waits(3, Duration::ZERO).all(|wait| wait.is_zero()));
        assert_eq!(waits(1, FIRST).count(), 0);
    }

    #[tokio::test]
    async fn turns_are_spread() {
        let pace = Pace::new(50.0);
        let begin = Instant::now();
        for _ in 0..6 {
            pace.turn().await;
        }
        let took = begin.elapsed();
        assert!(took >= Duration::from_millis(100), "{took:?}");
    }

    #[tokio::test]
    async fn a_wait_ends_when_somebody_asks_to_stop() {
        let cancel = AtomicBool::new(false);
        assert!(matches!(unless_cancelled(&cancel, async { 7 }).await, Ok(7)));
        let (result, ()) = tokio::join!(unless_cancelled(&cancel, std::future::pending::<()>()), async {
            cancel.store(true, Ordering::Relaxed);
        });
        assert!(matches!(result, Err(FetchError::Cancelled)));
    }
}
