-- What a provider counts of a thread's conversation, as JSON; and since when its contact is new, nobody having
-- answered them yet.
ALTER TABLE threads ADD COLUMN told TEXT;
ALTER TABLE threads ADD COLUMN new_at INTEGER;
-- What an agent would have said to a provider's test message. Nothing of it is sent.
CREATE TABLE dry_runs (
    message_id    INTEGER PRIMARY KEY NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    assignment_id INTEGER NOT NULL REFERENCES assignments (id),
    asked_at      INTEGER NOT NULL,
    finished_at   INTEGER,
    said          TEXT,
    error         TEXT
) STRICT;
CREATE INDEX dry_runs_open ON dry_runs (message_id) WHERE finished_at IS NULL;
-- Whether the provider has told what a number is for; until then its kind is not known.
ALTER TABLE connections ADD COLUMN kind_told INTEGER NOT NULL DEFAULT 0;
UPDATE connections SET kind_told = 1 WHERE id IN (SELECT connection_id FROM proofs WHERE hop = 'provider' AND works = 1);
