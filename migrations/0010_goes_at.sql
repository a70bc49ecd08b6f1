-- When the provider is to send what this attempt handed over ahead of its time.
ALTER TABLE attempts ADD COLUMN goes_at INTEGER;
CREATE INDEX attempts_goes ON attempts (thread_id, goes_at) WHERE goes_at IS NOT NULL;
