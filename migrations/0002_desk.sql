-- What people do at their desks: files, notes, contacts that are one person, searches that are kept,
-- work over many entries, and what is known about a number from its provider.

-- The file of a message. It is fetched at once, checked, kept for a while, and its fate is written down.
CREATE TABLE media (
    message_id    INTEGER PRIMARY KEY NOT NULL REFERENCES messages (id),
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    provider_id   TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('wanted', 'kept', 'lost', 'refused', 'pruned')),
    sha256        TEXT,
    file          TEXT,
    mime_type     TEXT NOT NULL DEFAULT '',
    bytes         INTEGER,
    tries         INTEGER NOT NULL DEFAULT 0,
    due_at        INTEGER NOT NULL,
    fetched_at    INTEGER,
    said          TEXT,
    CHECK ((state = 'kept') = (file IS NOT NULL))
) STRICT;
CREATE INDEX media_due ON media (due_at) WHERE state = 'wanted';
CREATE INDEX media_age ON media (fetched_at) WHERE state = 'kept';
CREATE INDEX media_file ON media (file) WHERE file IS NOT NULL;

-- Words among colleagues. There is no way from here to a contact.
CREATE TABLE notes (
    id        INTEGER PRIMARY KEY NOT NULL,
    thread_id INTEGER NOT NULL REFERENCES threads (id),
    author    TEXT NOT NULL CHECK (author <> ''),
    body      TEXT NOT NULL CHECK (body <> ''),
    at        INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_thread ON notes (thread_id, at);

-- Not before this time: sent later on purpose, or held for a moment in which it can be taken back.
ALTER TABLE outbox ADD COLUMN not_before INTEGER;
-- What the provider's own list showed when an uncertain entry was looked up.
ALTER TABLE outbox ADD COLUMN evidence TEXT;
CREATE INDEX outbox_created ON outbox (created_at);

-- Two contacts that are one person. Everything that was moved is written down, so that it can go back.
CREATE TABLE merges (
    id        INTEGER PRIMARY KEY NOT NULL,
    kept_id   INTEGER NOT NULL REFERENCES contacts (id),
    gone_id   INTEGER NOT NULL REFERENCES contacts (id),
    moved     TEXT NOT NULL,
    at        INTEGER NOT NULL,
    by        TEXT NOT NULL,
    undone_at INTEGER
) STRICT;
CREATE INDEX merges_kept ON merges (kept_id) WHERE undone_at IS NULL;
CREATE TABLE merged_messages (
    merge_id   INTEGER NOT NULL REFERENCES merges (id),
    message_id INTEGER NOT NULL REFERENCES messages (id),
    PRIMARY KEY (merge_id, message_id)
) STRICT, WITHOUT ROWID;
ALTER TABLE contacts ADD COLUMN merged_into INTEGER REFERENCES contacts (id);

-- Filters that somebody gave a name.
CREATE TABLE filters (
    operator TEXT NOT NULL,
    pane     TEXT NOT NULL,
    name     TEXT NOT NULL CHECK (name <> ''),
    terms    TEXT NOT NULL,
    PRIMARY KEY (operator, pane, name)
) STRICT, WITHOUT ROWID;

-- One action over everything that a filter finds, done in order, and stopped when somebody says so.
CREATE TABLE jobs (
    id         INTEGER PRIMARY KEY NOT NULL,
    action     TEXT NOT NULL CHECK (action IN ('retry', 'discard', 'hold', 'release')),
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
CREATE INDEX jobs_running ON jobs (id) WHERE state = 'running';

-- What finds single messages without reading all of them.
CREATE INDEX messages_failed ON messages (id) WHERE failed_at IS NOT NULL;
CREATE INDEX messages_template ON messages (id) WHERE kind = 'template';
CREATE INDEX messages_author ON messages (author, id) WHERE author IS NOT NULL;
CREATE INDEX messages_received ON messages (connection_id, received_at) WHERE direction = 'inbound';
CREATE INDEX threads_taken ON threads (taken_by) WHERE taken_by IS NOT NULL;
CREATE INDEX threads_closing ON threads (window_closes_at) WHERE window_closes_at IS NOT NULL;
CREATE INDEX threads_contact ON threads (contact_id);
CREATE INDEX contacts_folded ON contacts (folded);

-- More links of the chain are proved than before.
CREATE TABLE proofs_new (
    connection_id INTEGER NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    hop           TEXT NOT NULL CHECK (hop IN ('provider', 'registration', 'upstream', 'public', 'signature', 'inbound',
                      'agent', 'outbox', 'send', 'status')),
    at            INTEGER NOT NULL,
    works         INTEGER NOT NULL CHECK (works IN (0, 1)),
    note          TEXT NOT NULL,
    PRIMARY KEY (connection_id, hop)
) STRICT;
INSERT INTO proofs_new SELECT * FROM proofs;
DROP TABLE proofs;
ALTER TABLE proofs_new RENAME TO proofs;

-- A test that the provider was asked to send, and when it came back.
CREATE TABLE canaries (
    id            INTEGER PRIMARY KEY NOT NULL,
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    sent_at       INTEGER NOT NULL,
    back_at       INTEGER
) STRICT;
CREATE INDEX canaries_out ON canaries (connection_id, sent_at) WHERE back_at IS NULL;

-- What was last seen of a number or a template, so that a change is noticed.
CREATE TABLE sightings (
    subject TEXT PRIMARY KEY NOT NULL,
    state   TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- When a gap in what was pushed to us was last looked for, and what was filled in.
CREATE TABLE fillings (
    id            INTEGER PRIMARY KEY NOT NULL,
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    at            INTEGER NOT NULL,
    listed        INTEGER NOT NULL,
    filled        INTEGER NOT NULL,
    said          TEXT NOT NULL
) STRICT;
CREATE INDEX fillings_connection ON fillings (connection_id, at);

-- Whoever is to be told outside of the console has been told.
ALTER TABLE alerts ADD COLUMN told_at INTEGER;
CREATE INDEX alerts_untold ON alerts (id) WHERE acked_at IS NULL AND told_at IS NULL;
-- The reason that an agent did not answer a message, for whoever asks why.
ALTER TABLE messages ADD COLUMN not_routed TEXT;
CREATE INDEX audit_subject ON audit (subject, id);
-- The thread that a delivery told about, where it is one: the inspector says whom, and opens it.
ALTER TABLE deliveries ADD COLUMN thread_id INTEGER;
