-- Phone numbers, IBANs and order numbers in stored messages, so that a reply with another contact's data is recognized.
-- Filled in from the messages in their order, beside what stores them.
CREATE TABLE identifiers (
    kind      TEXT NOT NULL CHECK (kind IN ('phone', 'iban', 'order')),
    value     TEXT NOT NULL,
    thread_id INTEGER NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    PRIMARY KEY (kind, value, thread_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX identifiers_thread ON identifiers (thread_id);
-- The last message whose data is in the table.
CREATE TABLE identifiers_position (
    id      INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    last_id INTEGER NOT NULL
) STRICT;
INSERT INTO identifiers_position (id, last_id) VALUES (1, 0);
-- Messages whose words were changed after that.
CREATE TABLE identifiers_changed (
    message_id INTEGER PRIMARY KEY NOT NULL
) STRICT;
CREATE TRIGGER messages_identifiers_changed AFTER UPDATE OF words ON messages WHEN NEW.words <> OLD.words
BEGIN
    INSERT OR IGNORE INTO identifiers_changed (message_id) VALUES (NEW.id);
END;
-- The id of the last message is given again when it is deleted.
CREATE TRIGGER messages_identifiers_deleted AFTER DELETE ON messages
BEGIN
    UPDATE identifiers_position SET last_id = min(last_id, OLD.id - 1) WHERE last_id >= OLD.id;
END;
CREATE INDEX addresses_phone_end ON addresses (substr(value, -8)) WHERE kind = 'phone';
