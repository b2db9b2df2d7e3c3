-- What each import brought, so that it can be told and undone.
CREATE TABLE import (
    number  INTEGER PRIMARY KEY,  -- a later one's is larger
    scope   INTEGER NOT NULL REFERENCES scope,
    id      ANY NOT NULL,
    source  ANY NOT NULL,      -- what was imported, as it was named
    format  ANY NOT NULL,
    entries INTEGER NOT NULL,  -- that it wrote
    at      INTEGER NOT NULL,  -- of its first write
    UNIQUE (scope, id)
) STRICT;
CREATE TABLE import_rev (
    import INTEGER NOT NULL REFERENCES import,
    rev    INTEGER NOT NULL,  -- of a batch that it wrote
    PRIMARY KEY (import, rev)
) STRICT, WITHOUT ROWID;

-- 1: the id may be written again, which takes the tombstone away.
ALTER TABLE tombstone ADD COLUMN may_return INTEGER NOT NULL DEFAULT 0;
