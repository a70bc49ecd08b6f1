-- Labels of threads. The labels of an organization are those of its threads.
CREATE TABLE thread_labels (
    thread_id INTEGER NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    added_by TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (thread_id, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX thread_labels_label ON thread_labels (label);
