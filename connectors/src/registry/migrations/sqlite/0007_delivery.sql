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

-- What is known of each record at another register. state: sent, removing (the answer was never received), accepted,
-- refused; hash: content that was sent last; held: content that the register is known to have; register_id: its id there;
-- place: path of the request that takes it away; sequence: number of contents that were sent; http_status, words: what the
-- register said last; delivery: when that was.
CREATE TABLE delivered_record (
    target TEXT NOT NULL,
    entity TEXT NOT NULL,
    uid TEXT NOT NULL,
    state TEXT NOT NULL,
    hash TEXT,
    held TEXT,
    register_id TEXT,
    place TEXT,
    sequence INTEGER NOT NULL,
    http_status INTEGER,
    words TEXT,
    delivery INTEGER NOT NULL,
    PRIMARY KEY (target, entity, uid)
) STRICT;
