-- The time that a provider told of a status and that cannot be: from before there were such messages, or from days
-- ahead. The status stands at the time at which it came then.
ALTER TABLE statuses ADD COLUMN told_at INTEGER;
ALTER TABLE other_statuses ADD COLUMN told_at INTEGER;
