-- A template that waits until the list of templates has been fetched, which says of which kind it is.
ALTER TABLE outbox ADD COLUMN awaits_list INTEGER NOT NULL DEFAULT 0 CHECK (awaits_list IN (0, 1));
