-- A number whose account or key the provider refuses is held as a whole; its entries keep their own times.
CREATE TABLE connection_holds (
    connection_id INTEGER PRIMARY KEY NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    kind          TEXT NOT NULL CHECK (kind IN ('credentials', 'account')),
    failure       TEXT NOT NULL,
    -- The refusal came by a status after the provider had taken the message: taking the next proves nothing.
    by_status     INTEGER NOT NULL CHECK (by_status IN (0, 1)),
    since         INTEGER NOT NULL,
    probes        INTEGER NOT NULL DEFAULT 0,
    -- When one entry is let through to see whether it is over.
    probe_at      INTEGER NOT NULL
) STRICT;
-- When a held entry was due before it was held. The hold `credentials` is that of its whole number, of either kind.
ALTER TABLE outbox ADD COLUMN held_due_at INTEGER;
-- Whatever was held so is asked about anew when it goes.
UPDATE outbox SET hold = NULL WHERE hold = 'credentials';
-- The bulk action that had it tried again.
ALTER TABLE outbox ADD COLUMN job_id INTEGER;
CREATE INDEX outbox_job ON outbox (job_id) WHERE job_id IS NOT NULL;

-- The id that the provider gave in this attempt, and whether it was an upload and no message.
ALTER TABLE attempts ADD COLUMN provider_message_id TEXT;
ALTER TABLE attempts ADD COLUMN upload INTEGER NOT NULL DEFAULT 0 CHECK (upload IN (0, 1));
UPDATE attempts SET upload = 1 WHERE request LIKE '%(the file, %';
UPDATE attempts SET provider_message_id = (
    SELECT m.provider_message_id FROM outbox o JOIN messages m ON m.id = o.message_id
    WHERE o.id = attempts.outbox_id AND m.provider_key = attempts.provider_key)
    WHERE provider_key IS NOT NULL;

-- Uncertain entries can be looked up and settled in bulk.
CREATE TABLE jobs_anew (
    id         INTEGER PRIMARY KEY NOT NULL,
    action     TEXT NOT NULL CHECK (action IN ('retry', 'discard', 'hold', 'release', 'look_up', 'arrived')),
    terms      TEXT NOT NULL,
    actor      TEXT NOT NULL,
    role       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('running', 'done', 'stopped')),
    total      INTEGER NOT NULL,
    done       INTEGER NOT NULL DEFAULT 0,
    refused    INTEGER NOT NULL DEFAULT 0,
    last_id    INTEGER NOT NULL DEFAULT 0,
    up_to_id   INTEGER NOT NULL,
    said       TEXT,
    created_at INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT;
INSERT INTO jobs_anew SELECT * FROM jobs;
DROP TABLE jobs;
ALTER TABLE jobs_anew RENAME TO jobs;
CREATE INDEX jobs_running ON jobs (id) WHERE state = 'running';

-- Which entries an alert about one cause is about: it is over when all of them are dealt with.
CREATE TABLE alert_entries (
    kind     TEXT NOT NULL,
    entry_id INTEGER NOT NULL REFERENCES outbox (id),
    subject  TEXT NOT NULL,
    PRIMARY KEY (kind, entry_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_entries_subject ON alert_entries (kind, subject);
