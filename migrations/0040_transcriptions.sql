-- Transcripts of voice notes that the configured endpoint makes: due ones, and the result of the others.
CREATE TABLE transcriptions (
    message_id INTEGER PRIMARY KEY NOT NULL REFERENCES messages (id),
    thread_id  INTEGER NOT NULL REFERENCES threads (id),
    state      TEXT NOT NULL CHECK (state IN ('due', 'made', 'failed')),
    attempts   INTEGER NOT NULL DEFAULT 0,
    -- When it is attempted next; while it is attempted, when the lease ends.
    due_at     INTEGER NOT NULL,
    -- What the endpoint or a limit said of the last attempt.
    reason     TEXT,
    ended_at   INTEGER
) STRICT;
CREATE INDEX transcriptions_due ON transcriptions (due_at) WHERE state = 'due';
CREATE INDEX transcriptions_thread ON transcriptions (thread_id) WHERE state = 'due';
