-- What comes in, item by item, with everything that it holds.

-- How far a delivery was applied, with what was set aside; nothing where it was applied in one go.
ALTER TABLE deliveries ADD COLUMN progress TEXT;
-- What a message carries beside its content, and what became of it: edited, deleted, come again.
ALTER TABLE messages ADD COLUMN extras TEXT;
-- Changes find the message that they are about, and a message that comes late finds its changes.
CREATE INDEX messages_edits ON messages (reply_key) WHERE kind = 'edit';
CREATE INDEX messages_deletions ON messages (reply_key) WHERE kind = 'revoke';
-- The provider's own id of the conversation: some events name nothing else.
ALTER TABLE threads ADD COLUMN conversation TEXT;
-- Since when somebody wants no marketing messages, and when they last said so or took it back.
ALTER TABLE contacts ADD COLUMN marketing_stopped_at INTEGER;
ALTER TABLE contacts ADD COLUMN marketing_told_at INTEGER;

-- What providers said about messages in words that nobody here knows.
CREATE TABLE other_statuses (
    id           INTEGER PRIMARY KEY NOT NULL,
    provider_key BLOB NOT NULL CHECK (length(provider_key) = 16),
    word         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    raw          TEXT NOT NULL,
    UNIQUE (provider_key, word, at)
) STRICT;
