-- Since when a contact wants nothing, and from where that and the stop of marketing are known, in words.
ALTER TABLE contacts ADD COLUMN opted_out_at INTEGER;
ALTER TABLE contacts ADD COLUMN opted_out_by TEXT;
ALTER TABLE contacts ADD COLUMN marketing_by TEXT;
