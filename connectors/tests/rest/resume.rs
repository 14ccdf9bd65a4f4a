//! A fetch that broke off is gone on with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use jiff::SignedDuration;
use serde_json::{Value, json};
use vienkop_connectors::fetch::FetchError;

use crate::server::{Asked, Reply, Server};
use crate::support::{Place, options, query};

/// A list of nine records in pages of two by a cursor that is good for one fetch (a number of `epoch` and a place); the
/// page from `6` on fails while `down`.
struct Listing {
    down: AtomicBool,
    epoch: AtomicU32,
}

impl Listing {
    fn answer(&self, asked: &Asked) -> Reply {
        let epoch = self.epoch.load(Ordering::SeqCst);
        let cursor = query(asked).get("cursor").cloned().unwrap_or_else(|| format!("{epoch}-0"));
        let (of, from) = cursor.split_once('-').unwrap();
        if of != epoch.to_string() {
            return Reply::text(400, "cursor expired");
        }
        let from: u32 = from.parse().unwrap();
        if from >= 6 && self.down.load(Ordering::SeqCst) {
            return Reply::text(503, "maintenance");
        }
        let items: Value = (from..(from + 2).min(9)).map(|id| json!({ "id": id })).collect();
        let next = (from + 2 < 9).then(|| format!("{epoch}-{}", from + 2));
        Reply::json(json!({ "items": items, "next": next }).to_string())
    }
}

fn listing() -> (Arc<Listing>, Server, Value) {
    let listing = Arc::new(Listing { down: AtomicBool::new(true), epoch: AtomicU32::new(1) });
    let shared = Arc::clone(&listing);
    let server = Server::start(move |asked| shared.answer(asked));
    let options = options(
        &server.url(),
        json!({
            "request": { "path": "items", "records": "/items", "id": "id" },
            "paging": { "kind": "cursor", "pointer": "/next", "parameter": "cursor" },
        }),
    );
    (listing, server, options)
}

fn breaks_off(place: &Place, options: &Value) {
    assert_eq!(place.fault(options).code, "N005");
    assert!(place.notes().exists());
}

fn comes_whole(place: &Place, options: &Value) {
    let delivered = place.fetch(options, None).unwrap();
    assert_eq!(delivered.ids(), (0..9).map(|id| id.to_string()).collect::<Vec<_>>());
    let names: Vec<&str> = delivered.documents.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, (1..=5).map(|page| format!("items page {page}")).collect::<Vec<_>>());
    assert!(!place.notes().exists());
}

#[test]
fn what_has_landed_is_not_asked_for_again() {
    let (listing, server, options) = listing();
    let place = Place::new();
    breaks_off(&place, &options);
    let before = server.asked().len();
    breaks_off(&place, &options);
    listing.down.store(false, Ordering::SeqCst);
    comes_whole(&place, &options);
    let asked = server.asked().split_off(before);
    assert_eq!(asked.last().unwrap(), "GET /items?cursor=1-8");
    assert!(asked.iter().all(|asked| asked.contains("cursor=1-6") || asked.contains("cursor=1-8")), "{asked:?}");
}

#[test]
fn a_cursor_that_has_expired_begins_anew() {
    let (listing, _server, options) = listing();
    let place = Place::new();
    breaks_off(&place, &options);
    listing.down.store(false, Ordering::SeqCst);
    listing.epoch.store(2, Ordering::SeqCst);
    comes_whole(&place, &options);
}

#[test]
fn notes_that_do_not_fit_are_thrown_away() {
    for spoil in 0..5 {
        let (listing, server, options) = listing();
        let mut place = Place::new();
        breaks_off(&place, &options);
        listing.down.store(false, Ordering::SeqCst);
        let mut asked = options.clone();
        match spoil {
            0 => place.now += SignedDuration::from_hours(25),
            1 => asked["request"]["query"] = json!({ "x": 1 }),
            2 => fs_err::write(place.notes(), "{}\n").unwrap(),
            3 => place.lose_documents(),
            _ => {
                // The last line was not written whole: that page comes again.
                let notes = fs_err::read_to_string(place.notes()).unwrap();
                fs_err::write(place.notes(), &notes[..notes.len() - 9]).unwrap();
            }
        }
        let before = server.asked().len();
        comes_whole(&place, &asked);
        let pages = server.asked().len() - before;
        assert_eq!(pages, if spoil == 4 { 3 } else { 5 }, "{spoil}");
    }
}

#[test]
fn a_fetch_can_be_stopped() {
    let (_, _server, options) = listing();
    let place = Place::new();
    place.cancel.store(true, Ordering::SeqCst);
    assert!(matches!(place.fetch(&options, None), Err(FetchError::Cancelled)));
}
