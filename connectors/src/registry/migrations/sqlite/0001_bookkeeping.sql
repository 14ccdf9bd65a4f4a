-- Bookkeeping of the registry: runs, evidence, findings, quarantine, identity. The entity tables are generated
-- from the model and are not here. Times are UTC, YYYY-MM-DDTHH:MM:SSZ.

-- One run of a pipeline. Numbers count up and are never given twice.
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pipeline TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('run', 'replay')),
    started_at TEXT NOT NULL,
    finished_at TEXT,
    as_of TEXT NOT NULL,
    status TEXT NOT NULL
) STRICT;

-- What one source did in a run. effective_at: the time that its versions carry, never earlier than that of
-- anything applied before.
CREATE TABLE run_source (
    run INTEGER NOT NULL REFERENCES run (id),
    source TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('ok', 'failed', 'approval', 'gate')),
    effective_at TEXT NOT NULL,
    rows_read INTEGER NOT NULL,
    rows_mapped INTEGER NOT NULL,
    rows_skipped INTEGER NOT NULL,
    rows_rejected INTEGER NOT NULL,
    seconds REAL NOT NULL,
    error TEXT,
    PRIMARY KEY (run, source)
) STRICT;
CREATE INDEX run_source_latest ON run_source (source, run);
CREATE INDEX run_source_effective ON run_source (effective_at);

-- The records of one entity (or child, `service.steps`) in it.
-- mapped = accepted + quarantined + duplicates; accepted = inserted + changed + unchanged.
CREATE TABLE run_source_entity (
    run INTEGER NOT NULL,
    source TEXT NOT NULL,
    entity TEXT NOT NULL,
    mapped INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    inserted INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    retired INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    PRIMARY KEY (run, source, entity),
    FOREIGN KEY (run, source) REFERENCES run_source (run, source)
) STRICT;

-- Evidence: a delivered file, by content. run: the run that met it first.
CREATE TABLE landed_file (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    landed_at TEXT NOT NULL,
    run INTEGER NOT NULL REFERENCES run (id),
    UNIQUE (source, sha256, name)
) STRICT;

-- Findings of every run; those of a source's latest run are current.
CREATE TABLE finding (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    source TEXT NOT NULL,
    code TEXT NOT NULL,
    severity TEXT NOT NULL,
    entity TEXT NOT NULL,
    record_key TEXT,
    field TEXT,
    landed INTEGER,
    sheet TEXT,
    "row" INTEGER,
    part INTEGER,
    cell TEXT,
    "column" TEXT,
    value TEXT,
    expected TEXT,
    hint TEXT
) STRICT;
CREATE INDEX finding_of ON finding (run, source, landed, "row");

-- Records that were not accepted; those of a source's latest run that did not fail are current.
-- seq: number of the record in the delivery; negative for rows that could not be read as rows.
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    source TEXT NOT NULL,
    seq INTEGER NOT NULL,
    entity TEXT NOT NULL,
    record_key TEXT,
    record_uid TEXT,
    landed INTEGER,
    sheet TEXT,
    "row" INTEGER,
    part INTEGER,
    status TEXT NOT NULL DEFAULT 'open'
) STRICT;
CREATE INDEX quarantine_of ON quarantine (run, source, seq);

-- Their cells as delivered, personal data masked.
CREATE TABLE quarantine_cell (
    run INTEGER NOT NULL,
    source TEXT NOT NULL,
    seq INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    "column" TEXT NOT NULL,
    value TEXT
) STRICT;
CREATE INDEX quarantine_cell_of ON quarantine_cell (run, source, seq, ordinal);

-- Which entity a source's record stands for.
CREATE TABLE identity (
    entity TEXT NOT NULL,
    entity_uid TEXT NOT NULL,
    record_uid TEXT NOT NULL PRIMARY KEY,
    since_run INTEGER NOT NULL
) STRICT;
CREATE INDEX identity_of ON identity (entity_uid, record_uid);

-- What is known of a source. priority: the higher wins a field that several sources fill; holds: its open records.
CREATE TABLE source_state (
    source TEXT NOT NULL PRIMARY KEY,
    priority INTEGER NOT NULL DEFAULT 0,
    last_run INTEGER,
    last_delivery_at TEXT,
    holds INTEGER NOT NULL DEFAULT 0
) STRICT;
