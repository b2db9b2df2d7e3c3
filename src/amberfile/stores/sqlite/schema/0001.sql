-- The whole store. Strings are TEXT, or BLOB where they hold lone surrogates,
-- which UTF-8 has no form for: hence ANY. Times are microseconds since 1970, UTC.
-- `sum` is a checksum of its row; `rev` the number of the batch that wrote it.

CREATE TABLE store (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    rev        INTEGER NOT NULL,  -- of the last batch
    serial     INTEGER NOT NULL,  -- handles given so far; handle = serial * 2 + is_message
    analysis   INTEGER NOT NULL,  -- the rules that made the terms
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO store VALUES (1, 0, 0, 1, CAST(unixepoch('subsec') * 1000000 AS INTEGER));

CREATE TABLE scope (
    id       INTEGER PRIMARY KEY,
    space    ANY NOT NULL,
    user     ANY NOT NULL,
    agent    ANY NOT NULL,
    entries  INTEGER NOT NULL DEFAULT 0,  -- current ones, for ranking
    passages INTEGER NOT NULL DEFAULT 0,
    words    INTEGER NOT NULL DEFAULT 0,
    waiting  INTEGER NOT NULL DEFAULT 0,  -- postings in `tail`
    UNIQUE (space, user, agent)
) STRICT;

CREATE TABLE branch (
    id         INTEGER PRIMARY KEY,  -- 0, which has no row, is the trunk
    scope      INTEGER NOT NULL REFERENCES scope,
    name       ANY NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    rev        INTEGER NOT NULL,
    UNIQUE (scope, name)
) STRICT;

-- The version of each item that stands now, or is hidden.
CREATE TABLE item (
    scope        INTEGER NOT NULL REFERENCES scope,
    handle       INTEGER NOT NULL,
    branch       INTEGER NOT NULL DEFAULT 0,
    id           ANY NOT NULL,
    version      INTEGER NOT NULL,
    state        TEXT NOT NULL,  -- current, retracted
    kind         ANY NOT NULL,
    key          ANY,
    text         ANY NOT NULL,
    topics       ANY,            -- JSON; NULL: none
    metadata     ANY,            -- JSON; NULL: none
    source       ANY NOT NULL,
    source_ref   ANY,
    trust        REAL NOT NULL,
    importance   REAL NOT NULL,
    derived_from ANY,            -- JSON; NULL: none
    hash         BLOB NOT NULL,  -- of the text
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    valid_from   INTEGER,
    valid_to     INTEGER,
    expires_at   INTEGER,
    change       TEXT NOT NULL,  -- created, updated, retracted, restored
    reason       ANY,
    rev          INTEGER NOT NULL,
    sum          INTEGER NOT NULL,
    terms        BLOB NOT NULL,  -- what `posting` holds of it, to take it out again
    PRIMARY KEY (scope, handle)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX item_id ON item (scope, id, branch);
CREATE UNIQUE INDEX item_key ON item (scope, kind, key, branch) WHERE key IS NOT NULL;

-- The versions before it.
CREATE TABLE version (
    scope        INTEGER NOT NULL REFERENCES scope,
    id           ANY NOT NULL,
    version      INTEGER NOT NULL,
    branch       INTEGER NOT NULL DEFAULT 0,
    state        TEXT NOT NULL,
    kind         ANY NOT NULL,
    key          ANY,
    text         ANY NOT NULL,
    topics       ANY,
    metadata     ANY,
    source       ANY NOT NULL,
    source_ref   ANY,
    trust        REAL NOT NULL,
    importance   REAL NOT NULL,
    derived_from ANY,
    hash         BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    valid_from   INTEGER,
    valid_to     INTEGER,
    expires_at   INTEGER,
    change       TEXT NOT NULL,
    reason       ANY,
    rev          INTEGER NOT NULL,
    sum          INTEGER NOT NULL,
    PRIMARY KEY (scope, id, version, branch)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    id         INTEGER PRIMARY KEY,
    scope      INTEGER NOT NULL REFERENCES scope,
    name       ANY NOT NULL,     -- what the API calls the session's id
    title      ANY NOT NULL,
    messages   INTEGER NOT NULL, -- still stored
    last_seq   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    rev        INTEGER NOT NULL,
    sum        INTEGER NOT NULL,
    UNIQUE (scope, name)
) STRICT;

CREATE TABLE message (
    scope        INTEGER NOT NULL REFERENCES scope,
    session      INTEGER NOT NULL REFERENCES session,
    seq          INTEGER NOT NULL,
    handle       INTEGER NOT NULL,
    branch       INTEGER NOT NULL DEFAULT 0,
    id           ANY NOT NULL,
    role         ANY NOT NULL,
    content      ANY,
    name         ANY,
    tool_calls   ANY,            -- JSON
    tool_call_id ANY,
    parts        ANY,            -- JSON [format, version, data]
    turn         ANY,            -- NULL: a turn of its own, done
    created_at   INTEGER NOT NULL,
    rev          INTEGER NOT NULL,
    sum          INTEGER NOT NULL,
    terms        BLOB NOT NULL,
    PRIMARY KEY (scope, session, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX message_handle ON message (scope, handle);
CREATE UNIQUE INDEX message_id ON message (scope, id);

CREATE TABLE turn (
    session     INTEGER NOT NULL REFERENCES session,
    number      INTEGER NOT NULL,
    id          ANY NOT NULL,
    state       TEXT NOT NULL,  -- open, done, failed
    lease_until INTEGER NOT NULL,
    opened_at   INTEGER NOT NULL,
    closed_at   INTEGER,
    rev         INTEGER NOT NULL,
    PRIMARY KEY (session, number),
    UNIQUE (session, id)
) STRICT, WITHOUT ROWID;

-- The inverted index: one dictionary a scope, and where each term stands.
CREATE TABLE term (
    id    INTEGER PRIMARY KEY,
    scope INTEGER NOT NULL REFERENCES scope,
    text  ANY NOT NULL,
    UNIQUE (scope, text)
) STRICT;
CREATE TABLE posting (
    term  INTEGER NOT NULL REFERENCES term,
    first INTEGER NOT NULL,  -- no place in this row is below it, none in the rows before above
    data  BLOB NOT NULL,     -- up to 64 times: place (8 bytes), weight (4), little-endian
    PRIMARY KEY (term, first)
) STRICT, WITHOUT ROWID;

-- Postings of the newest entries, which wait here to be moved into `posting` together:
-- one row to write for an entry, not one for each of its terms.
CREATE TABLE tail (
    scope  INTEGER NOT NULL REFERENCES scope,
    handle INTEGER NOT NULL,
    data   BLOB NOT NULL,  -- each: term (4 bytes), place (8), weight (4), little-endian
    PRIMARY KEY (scope, handle)
) STRICT, WITHOUT ROWID;

-- What was forgotten or cleared, without its text.
CREATE TABLE tombstone (
    scope  INTEGER NOT NULL REFERENCES scope,
    kind   ANY NOT NULL,      -- the item's, "message" or "session"
    id     ANY NOT NULL,
    handle INTEGER NOT NULL,  -- its place in the order of changes
    at     INTEGER NOT NULL,
    rev    INTEGER NOT NULL,
    PRIMARY KEY (scope, id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_handle ON tombstone (scope, handle);

-- First answers, so that a retry is safe. Kept for 24 hours.
CREATE TABLE op (
    scope   INTEGER NOT NULL REFERENCES scope,
    op_id   ANY NOT NULL,
    digest  BLOB NOT NULL,
    rev     INTEGER NOT NULL,
    results ANY NOT NULL,  -- JSON: ids and numbers
    at      INTEGER NOT NULL,
    PRIMARY KEY (scope, op_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX op_at ON op (scope, at);

CREATE TABLE job (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    scope       INTEGER NOT NULL REFERENCES scope,
    id          ANY NOT NULL,
    kind        ANY NOT NULL,
    payload     ANY NOT NULL,  -- JSON
    state       TEXT NOT NULL,  -- queued, claimed, failed
    attempt     INTEGER NOT NULL,
    not_before  INTEGER NOT NULL,
    lease_until INTEGER,
    error       ANY NOT NULL,
    rev         INTEGER NOT NULL,
    UNIQUE (scope, id)
) STRICT;

CREATE TABLE link (
    scope    INTEGER NOT NULL REFERENCES scope,
    source   ANY NOT NULL,
    relation ANY NOT NULL,
    target   ANY NOT NULL,
    branch   INTEGER NOT NULL DEFAULT 0,
    metadata ANY,
    rev      INTEGER NOT NULL,
    PRIMARY KEY (scope, source, relation, target, branch)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_target ON link (scope, target);

CREATE TABLE access (
    scope       INTEGER NOT NULL REFERENCES scope,
    id          ANY NOT NULL,
    accessed_at INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    PRIMARY KEY (scope, id)
) STRICT, WITHOUT ROWID;

-- Vectors are derived. A space is one embedder's: model, dimension, quantisation.
CREATE TABLE vector_space (
    id           INTEGER PRIMARY KEY,
    name         ANY NOT NULL UNIQUE,
    model        ANY NOT NULL,
    dimension    INTEGER NOT NULL,
    quantisation TEXT NOT NULL,
    state        TEXT NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE TABLE vector (
    space   INTEGER NOT NULL REFERENCES vector_space,
    scope   INTEGER NOT NULL REFERENCES scope,
    place   INTEGER NOT NULL,
    pending INTEGER NOT NULL,  -- 1: not computed yet
    data    BLOB,
    rev     INTEGER NOT NULL,
    PRIMARY KEY (space, scope, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX vector_pending ON vector (space, scope) WHERE pending;
