-- An outbox entry that was refused is called failed, as the screens have called it.
-- The table is made anew for its CHECK; every statement can be run twice, should the first time have broken off.
PRAGMA foreign_keys = OFF;
BEGIN IMMEDIATE;
DROP TABLE IF EXISTS outbox_renamed;
CREATE TABLE outbox_renamed (
    id                 INTEGER PRIMARY KEY NOT NULL,
    message_id         INTEGER NOT NULL UNIQUE REFERENCES messages (id),
    thread_id          INTEGER NOT NULL REFERENCES threads (id),
    connection_id      INTEGER NOT NULL REFERENCES connections (id),
    -- `failed` is final: a rule of ours (settled_by is empty) or the provider said no. `dead` was tried as often as
    -- the policy allows.
    state              TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'scheduled', 'accepted', 'uncertain', 'failed', 'dead', 'discarded')),
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
    -- Not before this time: scheduled by a person, or inside the moment in which it can be undone.
    not_before         INTEGER,
    -- What the provider's own list showed when an uncertain entry was looked up.
    evidence           TEXT,
    -- Since when it is being called back from the provider, and at whose word.
    recalled_at        INTEGER,
    recalled_by        TEXT,
    -- When a held entry was due before it was held.
    held_due_at        INTEGER,
    -- The bulk action that had it tried again.
    job_id             INTEGER,
    awaits_list        INTEGER NOT NULL DEFAULT 0 CHECK (awaits_list IN (0, 1)),
    CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
    CHECK (hold IS NULL OR state = 'queued'),
    CHECK ((recalled_at IS NULL) = (recalled_by IS NULL))
) STRICT;
INSERT INTO outbox_renamed (id, message_id, thread_id, connection_id, state, reference, outgoing, business_initiated,
                            freeform, due_at, hold, series, tried, lease_until, looks, failure, created_at, settled_at,
                            settled_by, not_before, evidence, recalled_at, recalled_by, held_due_at, job_id, awaits_list)
    SELECT id, message_id, thread_id, connection_id, CASE state WHEN 'refused' THEN 'failed' ELSE state END, reference,
           outgoing, business_initiated, freeform, due_at, hold, series, tried, lease_until, looks, failure, created_at,
           settled_at,
           -- A file that the provider did not take was settled by its answer, too.
           CASE WHEN state = 'refused' AND settled_by IS NULL AND EXISTS (SELECT 1 FROM attempts a
               WHERE a.outbox_id = outbox.id AND a.upload = 1 AND a.outcome = 'refused' AND a.http_status IS NOT NULL)
               THEN 'answer' ELSE settled_by END,
           not_before, evidence, recalled_at, recalled_by, held_due_at, job_id, awaits_list
    FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_renamed RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE state = 'queued';
CREATE INDEX outbox_open ON outbox (thread_id, id) WHERE state IN ('queued', 'sending', 'uncertain');
CREATE INDEX outbox_thread ON outbox (thread_id, id);
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state = 'sending';
CREATE INDEX outbox_doubt ON outbox (due_at) WHERE state = 'uncertain';
CREATE INDEX outbox_failed ON outbox (id) WHERE state IN ('failed', 'dead');
CREATE INDEX outbox_created ON outbox (created_at);
CREATE INDEX outbox_scheduled ON outbox (due_at) WHERE state = 'scheduled';
CREATE INDEX outbox_job ON outbox (job_id) WHERE job_id IS NOT NULL;
COMMIT;
PRAGMA foreign_keys = ON;
