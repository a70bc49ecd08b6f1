-- What a provider keeps and sends by itself at its time, and who has called it back.
-- The table is made anew so that an entry can be in that state; every statement can be run twice,
-- should the first time have broken off.
PRAGMA foreign_keys = OFF;
BEGIN IMMEDIATE;
DROP TABLE IF EXISTS outbox_anew;
CREATE TABLE outbox_anew (
    id                 INTEGER PRIMARY KEY NOT NULL,
    message_id         INTEGER NOT NULL UNIQUE REFERENCES messages (id),
    thread_id          INTEGER NOT NULL REFERENCES threads (id),
    connection_id      INTEGER NOT NULL REFERENCES connections (id),
    state              TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'scheduled', 'accepted', 'uncertain', 'refused', 'dead', 'discarded')),
    reference          TEXT NOT NULL UNIQUE,
    outgoing           TEXT NOT NULL,
    business_initiated INTEGER NOT NULL CHECK (business_initiated IN (0, 1)),
    freeform           INTEGER NOT NULL CHECK (freeform IN (0, 1)),
    due_at             INTEGER NOT NULL,
    hold               TEXT CHECK (hold IN ('connection_rate', 'pair_rate', 'hourly_policy', 'credentials', 'operator')),
    series             INTEGER NOT NULL DEFAULT 1 CHECK (series > 0),
    tried              INTEGER NOT NULL DEFAULT 0 CHECK (tried >= 0),
    lease_until        INTEGER,
    looks              INTEGER NOT NULL DEFAULT 0,
    failure            TEXT,
    created_at         INTEGER NOT NULL,
    settled_at         INTEGER,
    settled_by         TEXT CHECK (settled_by IN ('answer', 'reference', 'status', 'look', 'person')),
    -- Not before this time: sent later on purpose, or held for a moment in which it can be taken back.
    not_before         INTEGER,
    -- What the provider's own list showed when an uncertain entry was looked up.
    evidence           TEXT,
    -- Since when it is being called back from the provider, and at whose word.
    recalled_at        INTEGER,
    recalled_by        TEXT,
    CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
    CHECK (hold IS NULL OR state = 'queued'),
    CHECK ((recalled_at IS NULL) = (recalled_by IS NULL))
) STRICT;
INSERT INTO outbox_anew (id, message_id, thread_id, connection_id, state, reference, outgoing, business_initiated, freeform,
                         due_at, hold, series, tried, lease_until, looks, failure, created_at, settled_at, settled_by,
                         not_before, evidence)
    SELECT id, message_id, thread_id, connection_id, state, reference, outgoing, business_initiated, freeform,
           due_at, hold, series, tried, lease_until, looks, failure, created_at, settled_at, settled_by,
           not_before, evidence
    FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_anew RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE state = 'queued';
CREATE INDEX outbox_open ON outbox (thread_id, id) WHERE state IN ('queued', 'sending', 'uncertain');
CREATE INDEX outbox_thread ON outbox (thread_id, id);
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state = 'sending';
CREATE INDEX outbox_doubt ON outbox (due_at) WHERE state = 'uncertain';
CREATE INDEX outbox_failed ON outbox (id) WHERE state IN ('refused', 'dead');
CREATE INDEX outbox_created ON outbox (created_at);
CREATE INDEX outbox_scheduled ON outbox (due_at) WHERE state = 'scheduled';
COMMIT;
PRAGMA foreign_keys = ON;
