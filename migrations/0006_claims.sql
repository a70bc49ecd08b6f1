-- Until when a thread is kept for whoever took it. What was taken before this was known is kept for nobody.
ALTER TABLE threads ADD COLUMN taken_until INTEGER;
