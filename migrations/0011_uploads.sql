-- Files that somebody handed over, until a message carries them. Requests name them by id: no path is taken from
-- outside. Ids are never used twice: one that is over must not name somebody else's file.
CREATE TABLE uploads (
    id         INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    author     TEXT NOT NULL CHECK (author <> ''),
    file       TEXT NOT NULL CHECK (substr(file, 1, 64) NOT GLOB '*[^0-9a-f]*' AND substr(file, 65) IN
    ('.jpg', '.png', '.webp', '.gif', '.mp4', '.3gp', '.ogg', '.mp3', '.m4a', '.aac', '.amr', '.pdf', '.txt', '.doc', '.xls', '.ppt', '.docx', '.xlsx', '.pptx', '.bin')),
    file_name  TEXT NOT NULL,
    bytes      INTEGER NOT NULL CHECK (bytes >= 0),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX uploads_author ON uploads (author);
CREATE INDEX uploads_age ON uploads (created_at);
CREATE INDEX uploads_file ON uploads (file);

-- Older versions took the place of a file from whoever sent it. Whatever is no name that the file store gives is
-- disarmed here: it is never read, sent or removed. What still waits to go with such a file loses its file's id, and
-- is refused with that reason when its turn comes.
CREATE TABLE outside_files (message_id INTEGER PRIMARY KEY NOT NULL) STRICT;
INSERT OR IGNORE INTO outside_files SELECT message_id FROM media WHERE file IS NOT NULL AND NOT (substr(file, 1, 64) NOT GLOB '*[^0-9a-f]*' AND substr(file, 65) IN
    ('.jpg', '.png', '.webp', '.gif', '.mp4', '.3gp', '.ogg', '.mp3', '.m4a', '.aac', '.amr', '.pdf', '.txt', '.doc', '.xls', '.ppt', '.docx', '.xlsx', '.pptx', '.bin'));
INSERT OR IGNORE INTO outside_files SELECT id FROM (
    SELECT id, coalesce(json_extract(content, '$.file'), json_extract(content, '$.header.file'), json_extract(content, '$.heading.image.file'), json_extract(content, '$.heading.video.file'), json_extract(content, '$.heading.document.file')) AS named
    FROM messages WHERE content LIKE '%"file"%' AND json_valid(content))
    WHERE named IS NOT NULL AND NOT (substr(named, 1, 64) NOT GLOB '*[^0-9a-f]*' AND substr(named, 65) IN
    ('.jpg', '.png', '.webp', '.gif', '.mp4', '.3gp', '.ogg', '.mp3', '.m4a', '.aac', '.amr', '.pdf', '.txt', '.doc', '.xls', '.ppt', '.docx', '.xlsx', '.pptx', '.bin'));
INSERT OR IGNORE INTO outside_files SELECT message_id FROM (
    SELECT message_id, coalesce(json_extract(outgoing, '$.content.file'), json_extract(outgoing, '$.content.header.file'), json_extract(outgoing, '$.content.heading.image.file'), json_extract(outgoing, '$.content.heading.video.file'), json_extract(outgoing, '$.content.heading.document.file')) AS named
    FROM outbox WHERE outgoing LIKE '%"file"%' AND json_valid(outgoing))
    WHERE named IS NOT NULL AND NOT (substr(named, 1, 64) NOT GLOB '*[^0-9a-f]*' AND substr(named, 65) IN
    ('.jpg', '.png', '.webp', '.gif', '.mp4', '.3gp', '.ogg', '.mp3', '.m4a', '.aac', '.amr', '.pdf', '.txt', '.doc', '.xls', '.ppt', '.docx', '.xlsx', '.pptx', '.bin'));
UPDATE media SET state = 'refused', file = NULL, provider_id = '',
    said = 'it was named by a path outside of the file store, which is not followed'
    WHERE message_id IN (SELECT message_id FROM outside_files) AND state = 'kept' AND NOT (substr(file, 1, 64) NOT GLOB '*[^0-9a-f]*' AND substr(file, 65) IN
    ('.jpg', '.png', '.webp', '.gif', '.mp4', '.3gp', '.ogg', '.mp3', '.m4a', '.aac', '.amr', '.pdf', '.txt', '.doc', '.xls', '.ppt', '.docx', '.xlsx', '.pptx', '.bin'));
UPDATE messages SET content = json_remove(CASE WHEN json_type(content, '$.mime_type') IS NULL THEN json_replace(content, '$.header.id', '', '$.heading.image.id', '', '$.heading.video.id', '', '$.heading.document.id', '')
    ELSE json_replace(content, '$.id', '') END,
    '$.file', '$.header.file', '$.heading.image.file', '$.heading.video.file', '$.heading.document.file')
    WHERE id IN (SELECT message_id FROM outside_files) AND json_valid(content);
UPDATE outbox SET outgoing = json_remove(CASE WHEN json_type(outgoing, '$.content.mime_type') IS NULL THEN json_replace(outgoing, '$.content.header.id', '', '$.content.heading.image.id', '', '$.content.heading.video.id', '', '$.content.heading.document.id', '')
    ELSE json_replace(outgoing, '$.content.id', '') END,
    '$.content.file', '$.content.header.file', '$.content.heading.image.file', '$.content.heading.video.file', '$.content.heading.document.file')
    WHERE message_id IN (SELECT message_id FROM outside_files) AND json_valid(outgoing);
DROP TABLE outside_files;

-- From here on the database refuses such a name itself.
CREATE TRIGGER media_file_inserted BEFORE INSERT ON media WHEN NEW.file IS NOT NULL AND NOT (substr(NEW.file, 1, 64) NOT GLOB '*[^0-9a-f]*' AND substr(NEW.file, 65) IN
    ('.jpg', '.png', '.webp', '.gif', '.mp4', '.3gp', '.ogg', '.mp3', '.m4a', '.aac', '.amr', '.pdf', '.txt', '.doc', '.xls', '.ppt', '.docx', '.xlsx', '.pptx', '.bin'))
BEGIN SELECT RAISE(ABORT, 'this is no name of a file in the file store'); END;
CREATE TRIGGER media_file_updated BEFORE UPDATE OF file ON media WHEN NEW.file IS NOT NULL AND NOT (substr(NEW.file, 1, 64) NOT GLOB '*[^0-9a-f]*' AND substr(NEW.file, 65) IN
    ('.jpg', '.png', '.webp', '.gif', '.mp4', '.3gp', '.ogg', '.mp3', '.m4a', '.aac', '.amr', '.pdf', '.txt', '.doc', '.xls', '.ppt', '.docx', '.xlsx', '.pptx', '.bin'))
BEGIN SELECT RAISE(ABORT, 'this is no name of a file in the file store'); END;
