-- Files of the event lake, by their path below its folder. A file is live by the transaction that lists it and until
-- the one that names it as replaced; it stays on the disk for a while, since somebody may be reading it.
CREATE TABLE lake_file (
    path TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('status_event', 'request_step', 'request_timeline')),
    source TEXT COLLATE "C" NOT NULL,
    month TEXT COLLATE "C" NOT NULL,
    rows BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    run BIGINT NOT NULL,
    retired_run BIGINT
);
CREATE INDEX lake_file_live ON lake_file (source, kind, month) WHERE retired_run IS NULL;

-- Where each request stands and how long it took, worked out from its events; what is in the lake's table of the same
-- name, for those who ask about single requests. uid: of the service_request.
CREATE TABLE request_timeline (
    uid TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    record_uid TEXT COLLATE "C" NOT NULL UNIQUE,
    run BIGINT NOT NULL,
    derivation TEXT COLLATE "C",
    "precision" TEXT COLLATE "C",
    state TEXT COLLATE "C",
    closed BOOLEAN NOT NULL,
    result TEXT COLLATE "C",
    submitted_at TEXT COLLATE "C",
    closed_at TEXT COLLATE "C",
    elapsed_seconds BIGINT,
    working_seconds BIGINT,
    elapsed_days BIGINT,
    elapsed_months BIGINT,
    working_days BIGINT,
    waiting_seconds BIGINT,
    suspended_seconds BIGINT,
    third_party_seconds BIGINT,
    waits BIGINT,
    loops BIGINT,
    reopened BIGINT,
    appeals BIGINT,
    events BIGINT NOT NULL,
    first_at TEXT COLLATE "C",
    last_at TEXT COLLATE "C",
    state_since TEXT COLLATE "C",
    due_on TEXT COLLATE "C"
);

-- What the timelines of a source's requests were worked out by.
ALTER TABLE source_state ADD COLUMN timelines TEXT COLLATE "C";
