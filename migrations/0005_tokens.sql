-- Programs that may ask over HTTP, and what they asked for once already.
CREATE TABLE tokens (
    id         INTEGER PRIMARY KEY NOT NULL,
    name       TEXT NOT NULL CHECK (name <> ''),
    -- The token itself is shown once and kept nowhere.
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    made_by    TEXT NOT NULL,
    made_at    INTEGER NOT NULL,
    expires_at INTEGER,
    used_at    INTEGER,
    revoked_by TEXT,
    revoked_at INTEGER,
    CHECK ((revoked_by IS NULL) = (revoked_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX tokens_name ON tokens (name) WHERE revoked_at IS NULL;

-- A request that was made with a key of its own is done once, however often it is sent.
CREATE TABLE asked_once (
    token_id INTEGER NOT NULL REFERENCES tokens (id),
    key      TEXT NOT NULL,
    -- Of what was asked: another question under the same key is a mistake.
    digest   BLOB NOT NULL CHECK (length(digest) = 32),
    at       INTEGER NOT NULL,
    -- The answer; none while it is being done.
    status   INTEGER,
    body     TEXT,
    PRIMARY KEY (token_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX asked_once_at ON asked_once (at);
