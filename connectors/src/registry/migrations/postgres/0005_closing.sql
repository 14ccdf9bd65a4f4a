-- closed_run: the run that took back what was said: a whole delivery came again, the record did, or a person closed it
-- (a run of the pipeline `quarantine`; closed_because: the reason given). None: it stands.
ALTER TABLE finding ADD COLUMN closed_run BIGINT;
ALTER TABLE quarantine ADD COLUMN closed_run BIGINT;
-- So far the latest run of a source was what counted.
UPDATE finding SET closed_run = run WHERE run < (SELECT max(r.run) FROM run_source r
    WHERE r.source = finding.source AND r.status <> 'failed');
UPDATE quarantine SET closed_run = run WHERE run < (SELECT max(r.run) FROM run_source r
    WHERE r.source = quarantine.source AND r.status <> 'failed');
ALTER TABLE quarantine ADD COLUMN closed_because TEXT COLLATE "C";
ALTER TABLE quarantine DROP COLUMN status;
CREATE INDEX finding_standing ON finding (source, entity, record_key) WHERE closed_run IS NULL;
CREATE INDEX quarantine_standing ON quarantine (source, entity, record_uid) WHERE closed_run IS NULL;
CREATE INDEX quarantine_place ON quarantine (run, source, landed, "row");
