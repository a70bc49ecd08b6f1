-- Everything that was received, decided and sent. Times are milliseconds since 1970 in UTC.
-- Every state is checked here too: the database refuses what the program must not do.

CREATE TABLE connections (
    id                  INTEGER PRIMARY KEY NOT NULL,
    name                TEXT NOT NULL UNIQUE,
    organization        TEXT NOT NULL,
    environment         TEXT NOT NULL CHECK (environment IN ('development', 'production')),
    provider            TEXT NOT NULL,
    phone_number        TEXT NOT NULL CHECK (phone_number NOT GLOB '*[^0-9]*'),
    phone_number_id     TEXT NOT NULL,
    business_account_id TEXT NOT NULL,
    settings            TEXT NOT NULL,
    UNIQUE (provider, phone_number_id)
) STRICT;

-- The last time each hop was seen to work, or not to.
CREATE TABLE proofs (
    connection_id INTEGER NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    hop           TEXT NOT NULL CHECK (hop IN ('provider', 'inbound', 'send', 'status')),
    at            INTEGER NOT NULL,
    works         INTEGER NOT NULL CHECK (works IN (0, 1)),
    note          TEXT NOT NULL,
    PRIMARY KEY (connection_id, hop)
) STRICT;

-- Requests of providers as they came in: the only table that is written before 200 is answered.
-- The key leads with the provider's time, so that inserts go to the right edge of its index.
CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY NOT NULL,
    provider    TEXT NOT NULL,
    path        TEXT NOT NULL,
    headers     TEXT NOT NULL,
    body        BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    sent_at     INTEGER NOT NULL,
    digest      BLOB NOT NULL CHECK (length(digest) = 16),
    state       TEXT NOT NULL CHECK (state IN ('pending', 'applied', 'quarantined', 'unreadable', 'rejected')),
    event       TEXT NOT NULL DEFAULT '',
    note        TEXT,
    repeats     INTEGER NOT NULL DEFAULT 0,
    UNIQUE (sent_at, digest)
) STRICT;
CREATE INDEX deliveries_open ON deliveries (id) WHERE state = 'pending';
-- One index per odd state: a condition on one state is not seen to imply a list of them.
CREATE INDEX deliveries_quarantined ON deliveries (id) WHERE state = 'quarantined';
CREATE INDEX deliveries_unreadable ON deliveries (id) WHERE state = 'unreadable';
CREATE INDEX deliveries_rejected ON deliveries (id) WHERE state = 'rejected';

CREATE TABLE contacts (
    id         INTEGER PRIMARY KEY NOT NULL,
    name       TEXT,
    -- What a search by name or number looks into: folded by the program.
    folded     TEXT NOT NULL,
    opted_out  INTEGER NOT NULL DEFAULT 0 CHECK (opted_out IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

-- A contact can be reached under several addresses, and may lack a phone number.
CREATE TABLE addresses (
    kind       TEXT NOT NULL CHECK (kind IN ('phone', 'user')),
    value      TEXT NOT NULL,
    contact_id INTEGER NOT NULL REFERENCES contacts (id),
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX addresses_contact ON addresses (contact_id);

CREATE TABLE threads (
    id               INTEGER PRIMARY KEY NOT NULL,
    connection_id    INTEGER NOT NULL REFERENCES connections (id),
    contact_id       INTEGER NOT NULL REFERENCES contacts (id),
    external_id      TEXT NOT NULL,
    last_message_at  INTEGER NOT NULL,
    last_message_id  INTEGER,
    unread           INTEGER NOT NULL DEFAULT 0 CHECK (unread >= 0),
    window_closes_at INTEGER,
    taken_by         TEXT,
    waiting_since    INTEGER,
    waiting_reason   TEXT,
    CHECK ((waiting_since IS NULL) = (waiting_reason IS NULL)),
    UNIQUE (connection_id, contact_id)
) STRICT;
CREATE INDEX threads_recent ON threads (last_message_at DESC, id DESC);
CREATE INDEX threads_unread ON threads (unread) WHERE unread > 0;
CREATE INDEX threads_waiting ON threads (waiting_since) WHERE waiting_since IS NOT NULL;

CREATE TABLE messages (
    id                  INTEGER PRIMARY KEY NOT NULL,
    thread_id           INTEGER NOT NULL REFERENCES threads (id),
    connection_id       INTEGER NOT NULL REFERENCES connections (id),
    direction           TEXT NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    origin              TEXT NOT NULL,
    kind                TEXT NOT NULL,
    content             TEXT NOT NULL,
    -- The words as a list shows them and the search finds them.
    words               TEXT NOT NULL,
    progress            TEXT NOT NULL CHECK (progress IN ('received', 'queued', 'accepted', 'sent', 'delivered', 'read', 'played')),
    failure             TEXT,
    failed_at           INTEGER,
    provider_message_id TEXT,
    -- Half a SHA-256 over connection and provider id: the claim that makes a message unique.
    provider_key        BLOB UNIQUE CHECK (length(provider_key) = 16),
    reply_to            TEXT,
    -- The key of the message that this one quotes.
    reply_key           BLOB CHECK (length(reply_key) = 16),
    author              TEXT,
    test                INTEGER NOT NULL DEFAULT 0 CHECK (test IN (0, 1)),
    created_at          INTEGER NOT NULL,
    received_at         INTEGER NOT NULL,
    delivery_id         INTEGER,
    run_id              INTEGER,
    CHECK ((failure IS NULL) = (failed_at IS NULL)),
    CHECK ((provider_message_id IS NULL) = (provider_key IS NULL)),
    CHECK ((direction = 'inbound') = (progress = 'received'))
) STRICT;
CREATE INDEX messages_run ON messages (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX messages_thread ON messages (thread_id, created_at, id);

-- Raw history of what providers said about messages; kept even for messages nobody here sent.
CREATE TABLE statuses (
    id           INTEGER PRIMARY KEY NOT NULL,
    provider_key BLOB NOT NULL CHECK (length(provider_key) = 16),
    status       TEXT NOT NULL CHECK (status IN ('accepted', 'sent', 'delivered', 'read', 'played', 'failed')),
    at           INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    failure      TEXT,
    raw          TEXT NOT NULL,
    UNIQUE (provider_key, status, at)
) STRICT;

-- One reaction per side and message: a new one replaces the old.
CREATE TABLE reactions (
    target_key BLOB NOT NULL CHECK (length(target_key) = 16),
    sender     TEXT NOT NULL CHECK (sender IN ('inbound', 'outbound')),
    emoji      TEXT NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (target_key, sender)
) STRICT, WITHOUT ROWID;

CREATE TABLE assignments (
    id            INTEGER PRIMARY KEY NOT NULL,
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    thread_id     INTEGER REFERENCES threads (id),
    agent         TEXT NOT NULL,
    mode          TEXT NOT NULL CHECK (mode IN ('off', 'draft', 'auto')),
    state         TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected', 'revoked', 'expired')),
    from_file     INTEGER NOT NULL CHECK (from_file IN (0, 1)),
    proposed_by   TEXT NOT NULL,
    proposed_at   INTEGER NOT NULL,
    decided_by    TEXT,
    decided_at    INTEGER,
    reason        TEXT,
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (state <> 'approved' OR decided_by IS NOT NULL),
    CHECK (state <> 'rejected' OR reason IS NOT NULL)
) STRICT;
-- One agent answers: never two for one thread, never two for one connection.
CREATE UNIQUE INDEX assignments_one_per_connection ON assignments (connection_id)
    WHERE state = 'approved' AND thread_id IS NULL;
CREATE UNIQUE INDEX assignments_one_per_thread ON assignments (thread_id)
    WHERE state = 'approved' AND thread_id IS NOT NULL;

CREATE TABLE runs (
    id            INTEGER PRIMARY KEY NOT NULL,
    thread_id     INTEGER NOT NULL REFERENCES threads (id),
    assignment_id INTEGER NOT NULL REFERENCES assignments (id),
    agent         TEXT NOT NULL,
    mode          TEXT NOT NULL CHECK (mode IN ('draft', 'auto')),
    state         TEXT NOT NULL CHECK (state IN ('scheduled', 'running', 'answered', 'proposed', 'silent', 'superseded', 'handed_off', 'failed', 'cancelled')),
    batch_size    INTEGER NOT NULL CHECK (batch_size > 0),
    due_at        INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    started_at    INTEGER,
    finished_at   INTEGER,
    lease_until   INTEGER,
    first_contact INTEGER NOT NULL CHECK (first_contact IN (0, 1)),
    said          TEXT,
    trace         TEXT,
    error         TEXT
) STRICT;
-- One run collects and one works, per thread, at most.
CREATE UNIQUE INDEX runs_one_scheduled ON runs (thread_id) WHERE state = 'scheduled';
CREATE UNIQUE INDEX runs_one_running ON runs (thread_id) WHERE state = 'running';
CREATE INDEX runs_thread ON runs (thread_id, id);
CREATE INDEX runs_agent ON runs (agent, created_at);
CREATE INDEX runs_due ON runs (due_at) WHERE state = 'scheduled';

CREATE TABLE outbox (
    id                 INTEGER PRIMARY KEY NOT NULL,
    message_id         INTEGER NOT NULL UNIQUE REFERENCES messages (id),
    thread_id          INTEGER NOT NULL REFERENCES threads (id),
    connection_id      INTEGER NOT NULL REFERENCES connections (id),
    state              TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'accepted', 'uncertain', 'refused', 'dead', 'discarded')),
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
    CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
    CHECK (hold IS NULL OR state = 'queued')
) STRICT;
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE state = 'queued';
CREATE INDEX outbox_open ON outbox (thread_id, id) WHERE state IN ('queued', 'sending', 'uncertain');
CREATE INDEX outbox_thread ON outbox (thread_id, id);
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state = 'sending';
CREATE INDEX outbox_doubt ON outbox (due_at) WHERE state = 'uncertain';
CREATE INDEX outbox_failed ON outbox (id) WHERE state IN ('refused', 'dead');

-- Every try, kept for ever.
CREATE TABLE attempts (
    id          INTEGER PRIMARY KEY NOT NULL,
    outbox_id   INTEGER NOT NULL REFERENCES outbox (id),
    connection_id INTEGER NOT NULL,
    thread_id   INTEGER NOT NULL,
    business_initiated INTEGER NOT NULL CHECK (business_initiated IN (0, 1)),
    series      INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,
    outcome     TEXT CHECK (outcome IN ('accepted', 'retry', 'refused', 'uncertain')),
    http_status INTEGER,
    failure     TEXT,
    request     TEXT NOT NULL,
    response    TEXT NOT NULL DEFAULT '',
    -- The id that the provider gave in this attempt: a late status of an earlier series is known by it.
    provider_key BLOB CHECK (length(provider_key) = 16),
    UNIQUE (outbox_id, series, number),
    CHECK ((finished_at IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX attempts_connection ON attempts (connection_id, started_at);
CREATE INDEX attempts_key ON attempts (provider_key) WHERE provider_key IS NOT NULL;
CREATE INDEX attempts_thread ON attempts (thread_id, started_at);

CREATE TABLE drafts (
    operator  TEXT NOT NULL,
    thread_id INTEGER NOT NULL REFERENCES threads (id),
    body      TEXT NOT NULL,
    saved_at  INTEGER NOT NULL,
    PRIMARY KEY (operator, thread_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE alerts (
    id        INTEGER PRIMARY KEY NOT NULL,
    kind      TEXT NOT NULL,
    subject   TEXT NOT NULL,
    said      TEXT NOT NULL,
    thread_id INTEGER REFERENCES threads (id),
    raised_at INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    count     INTEGER NOT NULL DEFAULT 1,
    acked_by  TEXT,
    acked_at  INTEGER,
    CHECK ((acked_by IS NULL) = (acked_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX alerts_open ON alerts (kind, subject) WHERE acked_at IS NULL;

CREATE TABLE audit (
    id      INTEGER PRIMARY KEY NOT NULL,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL CHECK (actor <> ''),
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;

-- Words, accents folded, with a token per thread for a search inside one. Newest first is by rowid.
CREATE VIRTUAL TABLE message_words USING fts5 (
    words, tag, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
