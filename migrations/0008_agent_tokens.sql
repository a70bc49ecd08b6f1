-- A token may be an agent's: it lets in to nothing but that agent's tools, under its contract.
ALTER TABLE tokens ADD COLUMN agent TEXT;
