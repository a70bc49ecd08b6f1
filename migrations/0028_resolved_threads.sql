-- A person said that nothing is left to do in a thread. The contact's next message removes it.
ALTER TABLE threads ADD COLUMN resolved_at INTEGER;
ALTER TABLE threads ADD COLUMN resolved_by TEXT;
ALTER TABLE threads ADD COLUMN resolved_reason TEXT;
CREATE INDEX threads_resolved ON threads (resolved_at) WHERE resolved_at IS NOT NULL;
