-- Written conversations that an agent is tested with when it changes and every night; and the results.
CREATE TABLE golden_conversations (
    agent        TEXT NOT NULL,
    name         TEXT NOT NULL,
    conversation TEXT NOT NULL,
    by           TEXT NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (agent, name)
) STRICT;
-- The results of one time have one batch.
CREATE TABLE golden_results (
    id           INTEGER PRIMARY KEY NOT NULL,
    batch        INTEGER NOT NULL,
    agent        TEXT NOT NULL,
    name         TEXT NOT NULL,
    agent_digest TEXT NOT NULL,
    kept         INTEGER NOT NULL CHECK (kept IN (0, 1)),
    at           INTEGER NOT NULL,
    passed       INTEGER NOT NULL CHECK (passed IN (0, 1)),
    result       TEXT NOT NULL
) STRICT;
CREATE INDEX golden_results_agent ON golden_results (agent, batch);
-- Tokens that a model did not report are estimated.
ALTER TABLE runs ADD COLUMN usage_estimated INTEGER NOT NULL DEFAULT 0 CHECK (usage_estimated IN (0, 1));
