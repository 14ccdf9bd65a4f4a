-- Deliveries to other registers, one row each. status: running (or stopped in the middle), done, failed; as_of: the
-- moment that the delivery is about; numbers are records.
CREATE TABLE delivery (
    id BIGINT PRIMARY KEY,
    target TEXT COLLATE "C" NOT NULL,
    as_of TEXT COLLATE "C" NOT NULL,
    started_at TEXT COLLATE "C" NOT NULL,
    finished_at TEXT COLLATE "C",
    status TEXT COLLATE "C" NOT NULL,
    accepted BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    remaining BIGINT NOT NULL
);

-- What is known of each record at another register. state: due (not sent yet), sent, removing (no answer was received),
-- accepted, refused, removed; hash: content that was sent last; held: content that the register is known to have; maybe:
-- whether it may have something that nobody heard of (1); register_id: its id there; address: where it was sent to, as
-- the target's file had it and as it was written, a line each; place: path of the request that takes it away; former: the
-- same of addresses that it had before and has to be taken away from, a line each; sequence: number of contents and
-- removals that were sent; http_status, words: what the register said when it refused; delivery: when that was.
CREATE TABLE delivered_record (
    target TEXT COLLATE "C" NOT NULL,
    entity TEXT COLLATE "C" NOT NULL,
    uid TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C",
    held TEXT COLLATE "C",
    maybe BIGINT NOT NULL,
    register_id TEXT COLLATE "C",
    address TEXT COLLATE "C",
    place TEXT COLLATE "C",
    former TEXT COLLATE "C",
    sequence BIGINT NOT NULL,
    http_status BIGINT,
    words TEXT COLLATE "C",
    delivery BIGINT NOT NULL,
    PRIMARY KEY (target, entity, uid)
);
