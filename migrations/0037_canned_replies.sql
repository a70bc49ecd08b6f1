-- Texts that people send often. The owner is empty for those that everybody uses.
CREATE TABLE canned_replies (
    owner TEXT NOT NULL,
    short TEXT NOT NULL,
    body TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    saved_at INTEGER NOT NULL,
    PRIMARY KEY (owner, short)
) STRICT, WITHOUT ROWID;
