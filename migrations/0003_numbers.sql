-- Numbers that come and go: set up from here, adopted, disconnected and connected again.
-- The table is made anew so that a disconnected connection can be without a number; every statement
-- can be run twice, should the first time have broken off.
PRAGMA foreign_keys = OFF;
BEGIN IMMEDIATE;
DROP TABLE IF EXISTS connections_anew;
CREATE TABLE connections_anew (
    id                  INTEGER PRIMARY KEY NOT NULL,
    name                TEXT NOT NULL UNIQUE,
    organization        TEXT NOT NULL,
    environment         TEXT NOT NULL CHECK (environment IN ('development', 'production')),
    provider            TEXT NOT NULL,
    state               TEXT NOT NULL DEFAULT 'connected' CHECK (state IN ('connected', 'disconnected')),
    kind                TEXT NOT NULL DEFAULT 'production' CHECK (kind IN ('production', 'sandbox')),
    phone_number        TEXT CHECK (phone_number NOT GLOB '*[^0-9]*'),
    phone_number_id     TEXT,
    business_account_id TEXT NOT NULL,
    customer_id         TEXT,
    settings            TEXT NOT NULL,
    -- Connected by a setup, an adoption, or (when null) by the configuration file.
    connected_at        INTEGER,
    disconnected_at     INTEGER,
    UNIQUE (provider, phone_number_id),
    CHECK ((state = 'connected') = (phone_number IS NOT NULL)),
    CHECK ((state = 'connected') = (phone_number_id IS NOT NULL))
) STRICT;
INSERT INTO connections_anew (id, name, organization, environment, provider, phone_number, phone_number_id,
                              business_account_id, settings)
    SELECT id, name, organization, environment, provider, phone_number, phone_number_id, business_account_id, settings
    FROM connections;
DROP TABLE connections;
ALTER TABLE connections_anew RENAME TO connections;
CREATE INDEX connections_scope ON connections (organization, environment);

-- A walk in steps towards a number that is connected and proved.
DROP TABLE IF EXISTS setups;
CREATE TABLE setups (
    id              INTEGER PRIMARY KEY NOT NULL,
    name            TEXT NOT NULL,
    organization    TEXT NOT NULL,
    environment     TEXT NOT NULL CHECK (environment IN ('development', 'production')),
    provider        TEXT NOT NULL,
    options         TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('running', 'waiting', 'failed', 'done', 'disconnected', 'cancelled')),
    step            TEXT NOT NULL CHECK (step IN ('integration', 'customer', 'link', 'used', 'number', 'webhook', 'verified')),
    customer_id     TEXT,
    link            TEXT,
    phone_number_id TEXT,
    connection_id   INTEGER REFERENCES connections (id),
    trouble         TEXT,
    started_by      TEXT NOT NULL CHECK (started_by <> ''),
    started_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    due_at          INTEGER NOT NULL,
    CHECK ((state = 'failed') = (trouble IS NOT NULL))
) STRICT;
-- One walk at a time towards a name.
CREATE UNIQUE INDEX setups_open ON setups (name) WHERE state IN ('running', 'waiting', 'failed', 'disconnected');
CREATE INDEX setups_due ON setups (due_at) WHERE state IN ('running', 'waiting');
CREATE INDEX setups_connection ON setups (connection_id);

DROP TABLE IF EXISTS setup_steps;
CREATE TABLE setup_steps (
    setup_id INTEGER NOT NULL REFERENCES setups (id),
    step     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    works    INTEGER NOT NULL CHECK (works IN (0, 1)),
    note     TEXT NOT NULL,
    PRIMARY KEY (setup_id, step)
) STRICT, WITHOUT ROWID;

-- Every state that a template was seen in.
DROP TABLE IF EXISTS template_states;
CREATE TABLE template_states (
    business_account_id TEXT NOT NULL,
    name                TEXT NOT NULL,
    language            TEXT NOT NULL,
    at                  INTEGER NOT NULL,
    status              TEXT NOT NULL,
    note                TEXT NOT NULL,
    PRIMARY KEY (business_account_id, name, language, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS messages_template ON messages (json_extract(content, '$.name'), created_at) WHERE kind = 'template';
COMMIT;
PRAGMA foreign_keys = ON;
