-- When a person last wrote in the thread: its agent leaves the thread to them for a while after it.
ALTER TABLE threads ADD COLUMN person_wrote_at INTEGER;
