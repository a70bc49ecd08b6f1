-- Until when a thread waits for nobody, who said so, and when. The end of that time and the contact's next message remove it.
ALTER TABLE threads ADD COLUMN snoozed_until INTEGER;
ALTER TABLE threads ADD COLUMN snoozed_by TEXT;
ALTER TABLE threads ADD COLUMN snoozed_at INTEGER;
CREATE INDEX threads_snoozed ON threads (snoozed_until) WHERE snoozed_until IS NOT NULL;
