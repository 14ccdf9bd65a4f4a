-- Files of the event lake, by their path below its folder. A file is live by the transaction that lists it and until
-- the one that names it as replaced; it stays on the disk for a while, since somebody may be reading it.
CREATE TABLE lake_file (
    path TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('status_event', 'request_step', 'request_timeline')),
    source TEXT NOT NULL,
    month TEXT NOT NULL,
    rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    run INTEGER NOT NULL,
    retired_run INTEGER
) STRICT;
CREATE INDEX lake_file_live ON lake_file (source, kind, month) WHERE retired_run IS NULL;

-- Where each request stands and how long it took, worked out from its events; what is in the lake's table of the same
-- name, for those who ask about single requests. uid: of the service_request.
CREATE TABLE request_timeline (
    uid TEXT NOT NULL PRIMARY KEY,
    record_uid TEXT NOT NULL UNIQUE,
    run INTEGER NOT NULL,
    derivation TEXT,
    "precision" TEXT,
    state TEXT,
    closed INTEGER NOT NULL,
    result TEXT,
    submitted_at TEXT,
    closed_at TEXT,
    elapsed_seconds INTEGER,
    working_seconds INTEGER,
    elapsed_days INTEGER,
    elapsed_months INTEGER,
    working_days INTEGER,
    waiting_seconds INTEGER,
    suspended_seconds INTEGER,
    third_party_seconds INTEGER,
    waits INTEGER,
    loops INTEGER,
    reopened INTEGER,
    appeals INTEGER,
    events INTEGER NOT NULL,
    first_at TEXT,
    last_at TEXT,
    state_since TEXT,
    due_on TEXT
) STRICT;

-- What the timelines of a source's requests were worked out by.
ALTER TABLE source_state ADD COLUMN timelines TEXT;
