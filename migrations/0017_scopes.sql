-- Tokens and bulk actions belong to a scope: an organization and an environment; nothing where it is all of them.
ALTER TABLE tokens ADD COLUMN organization TEXT;
ALTER TABLE tokens ADD COLUMN environment TEXT CHECK (environment IN ('development', 'production'));
ALTER TABLE jobs ADD COLUMN organization TEXT;
ALTER TABLE jobs ADD COLUMN environment TEXT CHECK (environment IN ('development', 'production'));
