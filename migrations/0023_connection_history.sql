-- When numbers were connected and lost, so that one that comes and goes is seen.
CREATE TABLE connection_history (
    id            INTEGER PRIMARY KEY NOT NULL,
    connection_id INTEGER NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    at            INTEGER NOT NULL,
    change        TEXT NOT NULL CHECK (change IN ('connected', 'unregistered', 'disconnected', 'lost'))
) STRICT;
CREATE INDEX connection_history_of ON connection_history (connection_id, at);
INSERT INTO connection_history (connection_id, at, change)
    SELECT id, connected_at, 'connected' FROM connections WHERE connected_at IS NOT NULL;
INSERT INTO connection_history (connection_id, at, change)
    SELECT id, disconnected_at, 'disconnected' FROM connections WHERE disconnected_at IS NOT NULL;
