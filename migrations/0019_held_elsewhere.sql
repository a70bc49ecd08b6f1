-- Which role of another app holds the conversation at the provider: empty where none is named, nothing where we hold
-- it; and when that was told last.
ALTER TABLE threads ADD COLUMN held_elsewhere TEXT;
ALTER TABLE threads ADD COLUMN holder_told_at INTEGER;
