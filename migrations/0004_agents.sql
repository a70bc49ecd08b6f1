-- Agents under contracts: who answers within which bounds, decided by whom, on which evidence; every
-- run kept whole; the audit as a chain; events for other programs.
-- Tables that gain states are made anew; every statement can be run twice, should the first time have
-- broken off.
PRAGMA foreign_keys = OFF;
BEGIN IMMEDIATE;

DROP TABLE IF EXISTS assignments_anew;
CREATE TABLE assignments_anew (
    id            INTEGER PRIMARY KEY NOT NULL,
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    thread_id     INTEGER REFERENCES threads (id),
    agent         TEXT NOT NULL,
    mode          TEXT NOT NULL CHECK (mode IN ('off', 'draft', 'auto')),
    state         TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'active', 'rejected', 'revoked', 'expired')),
    from_file     INTEGER NOT NULL CHECK (from_file IN (0, 1)),
    -- Several may stand beside each other on one number, each under its own conditions: they are tried
    -- in this order, and 0, which has none, last.
    place         INTEGER NOT NULL DEFAULT 0 CHECK (place >= 0),
    contract      TEXT NOT NULL,
    -- What the agent was when it was approved, and since when it is something else.
    agent_digest  TEXT,
    stale_since   INTEGER,
    -- What was rehearsed and seen before the decision.
    evidence      TEXT,
    proposed_by   TEXT NOT NULL,
    proposed_at   INTEGER NOT NULL,
    -- The first of two persons, where two are needed.
    approved_by   TEXT,
    approved_at   INTEGER,
    decided_by    TEXT,
    decided_at    INTEGER,
    reason        TEXT,
    expires_at    INTEGER,
    snoozed_until INTEGER,
    CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (state <> 'approved' OR approved_by IS NOT NULL),
    CHECK (state <> 'active' OR decided_by IS NOT NULL),
    CHECK (state <> 'rejected' OR reason IS NOT NULL)
) STRICT;
INSERT INTO assignments_anew (id, connection_id, thread_id, agent, mode, state, from_file, contract, proposed_by,
                              proposed_at, decided_by, decided_at, reason)
    SELECT id, connection_id, thread_id, agent, mode, CASE state WHEN 'approved' THEN 'active' ELSE state END,
           from_file, '{}', proposed_by, proposed_at, decided_by, decided_at, reason
    FROM assignments;
DROP TABLE assignments;
ALTER TABLE assignments_anew RENAME TO assignments;
-- One agent answers: never two for one thread, never two for one place of a connection.
CREATE UNIQUE INDEX assignments_one_per_connection ON assignments (connection_id, place)
    WHERE state = 'active' AND thread_id IS NULL;
CREATE UNIQUE INDEX assignments_one_per_thread ON assignments (thread_id)
    WHERE state = 'active' AND thread_id IS NOT NULL;
CREATE INDEX assignments_state ON assignments (state, id);

DROP TABLE IF EXISTS runs_anew;
CREATE TABLE runs_anew (
    id            INTEGER PRIMARY KEY NOT NULL,
    thread_id     INTEGER NOT NULL REFERENCES threads (id),
    assignment_id INTEGER NOT NULL REFERENCES assignments (id),
    agent         TEXT NOT NULL,
    mode          TEXT NOT NULL CHECK (mode IN ('draft', 'auto')),
    state         TEXT NOT NULL CHECK (state IN ('scheduled', 'running', 'answered', 'proposed', 'silent', 'superseded',
                                                 'handed_off', 'failed', 'cancelled', 'rejected')),
    batch_size    INTEGER NOT NULL CHECK (batch_size > 0),
    due_at        INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    started_at    INTEGER,
    finished_at   INTEGER,
    lease_until   INTEGER,
    first_contact INTEGER NOT NULL CHECK (first_contact IN (0, 1)),
    said          TEXT,
    -- What it was given, the words and acts it answered with, and the tools it called.
    given         TEXT,
    words         TEXT,
    calls         TEXT,
    trace         TEXT,
    error         TEXT,
    -- Why its words were held for a person.
    breaches      TEXT,
    tokens_in     INTEGER NOT NULL DEFAULT 0,
    tokens_out    INTEGER NOT NULL DEFAULT 0,
    -- Millionths of the currency in which the agent's prices are written.
    cost          INTEGER NOT NULL DEFAULT 0,
    agent_digest  TEXT,
    decided_by    TEXT,
    decided_at    INTEGER,
    CHECK ((decided_by IS NULL) = (decided_at IS NULL))
) STRICT;
INSERT INTO runs_anew (id, thread_id, assignment_id, agent, mode, state, batch_size, due_at, created_at, started_at,
                       finished_at, lease_until, first_contact, said, trace, error)
    SELECT id, thread_id, assignment_id, agent, mode, state, batch_size, due_at, created_at, started_at, finished_at,
           lease_until, first_contact, said, trace, error
    FROM runs;
DROP TABLE runs;
ALTER TABLE runs_anew RENAME TO runs;
-- One run collects and one works, per thread, at most; and one proposal waits.
CREATE UNIQUE INDEX runs_one_scheduled ON runs (thread_id) WHERE state = 'scheduled';
CREATE UNIQUE INDEX runs_one_running ON runs (thread_id) WHERE state = 'running';
CREATE UNIQUE INDEX runs_one_proposed ON runs (thread_id) WHERE state = 'proposed';
CREATE INDEX runs_thread ON runs (thread_id, id);
CREATE INDEX runs_agent ON runs (agent, created_at);
CREATE INDEX runs_assignment ON runs (assignment_id, created_at);
CREATE INDEX runs_due ON runs (due_at) WHERE state = 'scheduled';

-- Agents that were told to be silent: one thread, one agent, or all.
CREATE TABLE IF NOT EXISTS stops (
    id        INTEGER PRIMARY KEY NOT NULL,
    scope     TEXT NOT NULL CHECK (scope IN ('thread', 'agent', 'all')),
    subject   TEXT NOT NULL,
    reason    TEXT NOT NULL,
    by        TEXT NOT NULL,
    at        INTEGER NOT NULL,
    -- Messages that were caught in the outbox, and those that had left shortly before.
    caught    TEXT NOT NULL,
    departed  TEXT NOT NULL,
    runs      INTEGER NOT NULL,
    lifted_by TEXT,
    lifted_at INTEGER,
    CHECK ((lifted_by IS NULL) = (lifted_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS stops_open ON stops (scope, subject) WHERE lifted_at IS NULL;

-- Real exchanges, put to an agent again with sending impossible.
CREATE TABLE IF NOT EXISTS rehearsals (
    id            INTEGER PRIMARY KEY NOT NULL,
    assignment_id INTEGER NOT NULL REFERENCES assignments (id),
    agent_digest  TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('running', 'finished')),
    by            TEXT NOT NULL,
    at            INTEGER NOT NULL,
    finished_at   INTEGER,
    -- The exchanges that are to be played, and what came of those that were.
    wanted        TEXT NOT NULL,
    played        TEXT NOT NULL,
    digest        TEXT,
    CHECK ((state = 'finished') = (digest IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS rehearsals_running ON rehearsals (assignment_id) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS rehearsals_assignment ON rehearsals (assignment_id, id);

-- What happened, for other programs; and how far each of them was told.
CREATE TABLE IF NOT EXISTS events (
    id        INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    at        INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    thread_id INTEGER,
    data      TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS tellings (
    endpoint    TEXT NOT NULL,
    event_id    INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    thread_id   INTEGER,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'told', 'given_up')),
    tried       INTEGER NOT NULL DEFAULT 0,
    due_at      INTEGER NOT NULL,
    lease_until INTEGER,
    note        TEXT,
    PRIMARY KEY (endpoint, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tellings_due ON tellings (due_at) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS tellings_thread ON tellings (endpoint, thread_id, event_id) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS tellings_event ON tellings (event_id);

-- How a message found its way to an agent, or did not.
ALTER TABLE messages ADD COLUMN route TEXT;
-- Given away by its agent, until a person gives it back; and what an agent is not told any more.
ALTER TABLE threads ADD COLUMN handed_off_at INTEGER;
ALTER TABLE threads ADD COLUMN context_from INTEGER;
ALTER TABLE threads ADD COLUMN context_before INTEGER;

-- Each row of the audit carries a digest over itself and the row before.
ALTER TABLE audit ADD COLUMN digest TEXT;
CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE ON audit WHEN old.digest IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
CREATE TRIGGER audit_loses_nothing BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
COMMIT;
PRAGMA foreign_keys = ON;
