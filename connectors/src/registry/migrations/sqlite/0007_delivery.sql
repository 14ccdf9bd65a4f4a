-- Deliveries to other registers, one row each. status: running (or stopped in the middle), done, failed; as_of: the
-- moment that the delivery is about; numbers are records.
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,
    target TEXT NOT NULL,
    as_of TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    status TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    remaining INTEGER NOT NULL
) STRICT;

-- What is known of each record at another register. state: due (not sent yet), sent, removing (no answer was received),
-- accepted, refused, removed; hash: content that was sent last; held: content that the register is known to have; maybe:
-- whether it may have something that nobody heard of (1); register_id: its id there; address: where it was sent to, as
-- the target's file had it and as it was written, a line each; place: path of the request that takes it away; former: the
-- same of addresses that it had before and has to be taken away from, a line each; sequence: number of contents and
-- removals that were sent; http_status, words: what the register said when it refused; delivery: when that was.
CREATE TABLE delivered_record (
    target TEXT NOT NULL,
    entity TEXT NOT NULL,
    uid TEXT NOT NULL,
    state TEXT NOT NULL,
    hash TEXT,
    held TEXT,
    maybe INTEGER NOT NULL,
    register_id TEXT,
    address TEXT,
    place TEXT,
    former TEXT,
    sequence INTEGER NOT NULL,
    http_status INTEGER,
    words TEXT,
    delivery INTEGER NOT NULL,
    PRIMARY KEY (target, entity, uid)
) STRICT;
