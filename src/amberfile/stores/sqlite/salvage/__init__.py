"""What can be read of a damaged file, in a new one. SQLite never opens the damaged one.

    image.py     the pages of the file, with those of its log
    cells.py     the records on a page, whatever tree it belonged to
    records.py   a record's columns, and whose row it is
    owner.py     the scope in which a row was written, from its checksum
    found.py     the rows that were found, on disk until they are sorted out
    witnesses.py what indexes say of rows without a checksum
    strays.py    rows that bear another scope's number than they were written under
    people.py    scopes and sessions: who the rows belong to
    rebuild.py   the rows in a new store, made to fit each other
    run.py       all of it, one after another

A row counts if it is whole: most carry a checksum, and the others must have
the form of their table. The index is derived and never salvaged.
"""

from amberfile.stores.sqlite.salvage.run import salvage

__all__ = ["salvage"]
