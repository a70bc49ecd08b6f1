-- When the hourly policy counts an attempt, where the clock was set since: by the clock as it is now.
ALTER TABLE attempts ADD COLUMN paced_at INTEGER;
