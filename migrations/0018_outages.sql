-- Numbers over which no send succeeds, since the provider does not answer or is unwell: one row from the first
-- try that failed so to the next one that succeeds.
CREATE TABLE outages (
    connection_id INTEGER PRIMARY KEY NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    since         INTEGER NOT NULL,
    last_at       INTEGER NOT NULL,
    failures      INTEGER NOT NULL,
    -- How the last try failed.
    failure       TEXT NOT NULL
) STRICT;
