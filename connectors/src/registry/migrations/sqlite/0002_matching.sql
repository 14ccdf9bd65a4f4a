-- What merges and splits ended: the entity that a record stood for before, from one run to another.
CREATE TABLE identity_past (
    entity TEXT NOT NULL,
    entity_uid TEXT NOT NULL,
    record_uid TEXT NOT NULL,
    since_run INTEGER NOT NULL,
    until_run INTEGER NOT NULL,
    PRIMARY KEY (record_uid, until_run)
) STRICT;
CREATE INDEX identity_past_of ON identity_past (entity_uid);

-- Pairs of entities that are, may be, or are not one: what the comparison said and what was decided. uid: the entity
-- that came later, or would have come (then record_uid is its record); into_uid: the one that stays. A decided pair
-- is never asked again.
CREATE TABLE match_decision (
    id INTEGER PRIMARY KEY,
    entity TEXT NOT NULL,
    uid TEXT NOT NULL,
    into_uid TEXT NOT NULL,
    record_uid TEXT,
    score REAL,
    explanation TEXT,
    run INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'accepted', 'rejected')),
    decided_run INTEGER,
    decided_at TEXT,
    UNIQUE (uid, into_uid)
) STRICT;
CREATE INDEX match_decision_into ON match_decision (into_uid);

-- Values that a person decided (the group code of a kind of service); they fill what no source says.
CREATE TABLE decided_value (
    entity TEXT NOT NULL,
    uid TEXT NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (uid, field)
) STRICT;

-- Priorities that a source has for some fields (or lists) instead of its own.
CREATE TABLE source_field_priority (
    source TEXT NOT NULL,
    entity TEXT NOT NULL,
    field TEXT NOT NULL,
    priority INTEGER NOT NULL,
    PRIMARY KEY (source, entity, field)
) STRICT;

-- 1: priorities have changed since the source was merged last; its next run merges all it feeds anew.
ALTER TABLE source_state ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;
