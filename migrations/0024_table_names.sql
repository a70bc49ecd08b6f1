-- Tables take the names of the field; nothing but names changes.
ALTER TABLE tellings RENAME TO event_deliveries;
DROP INDEX tellings_due;
DROP INDEX tellings_thread;
DROP INDEX tellings_event;
CREATE INDEX event_deliveries_due ON event_deliveries (due_at) WHERE state = 'waiting';
CREATE INDEX event_deliveries_thread ON event_deliveries (endpoint, thread_id, event_id) WHERE state = 'waiting';
CREATE INDEX event_deliveries_event ON event_deliveries (event_id);

ALTER TABLE asked_once RENAME TO idempotency_keys;
DROP INDEX asked_once_at;
CREATE INDEX idempotency_keys_at ON idempotency_keys (at);

ALTER TABLE sightings RENAME TO provider_snapshots;

ALTER TABLE fillings RENAME TO backfills;
DROP INDEX fillings_connection;
CREATE INDEX backfills_connection ON backfills (connection_id, at);

ALTER TABLE merges RENAME TO contact_merges;
DROP INDEX merges_kept;
CREATE INDEX contact_merges_kept ON contact_merges (kept_id) WHERE undone_at IS NULL;

-- Saved filters show the new word of the next step. Bulk jobs keep theirs: `status:refused` is still read as exactly
-- what it was, and `status:failed` finds more.
UPDATE filters SET terms = replace(replace(terms, 'status:refused', 'status:failed'), 'state:refused', 'state:failed')
    WHERE terms LIKE '%:refused%';
