-- The words of `search`, indexed. They are split and lower-cased already: a token is what stands between two spaces,
-- and letters of other alphabets count as letters.
CREATE VIRTUAL TABLE logs_words USING fts5 (
    search, content = 'logs', content_rowid = 'id', tokenize = 'ascii', detail = 'none'
);
CREATE TRIGGER logs_added AFTER INSERT ON logs BEGIN
    INSERT INTO logs_words (rowid, search) VALUES (new.id, new.search);
END;
CREATE TRIGGER logs_removed AFTER DELETE ON logs BEGIN
    INSERT INTO logs_words (logs_words, rowid, search) VALUES ('delete', old.id, old.search);
END;
INSERT INTO logs_words (logs_words) VALUES ('rebuild');
