"""A record's columns, and whose row it is: told by their number and types.

A row with a checksum is taken only if it is right, for the scope whose number
it bears. One without must have the form that we write. A row's primary key
stands in front, and is NULL where it is the rowid.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import unpack
from typing import Any, NamedTuple, TypeAlias
from zlib import crc32

from amberfile.changes import Result
from amberfile.errors import StoreCorrupt
from amberfile.stores.sqlite.rows import (
    Row,
    from_json,
    message_form,
    summed_form,
    to_job,
    to_messages,
    to_session,
    to_turn,
    to_version,
    unbound,
)
from amberfile.stores.sqlite.salvage.cells import Record, varint
from amberfile.stores.sqlite.salvage.owner import begun_with
from amberfile.types import Scope

_SCOPE = Scope()
_MOST = 1 << 56
"""No number or time of a store's own row comes near."""
_MOST_SCOPES = 1 << 32

_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}

_TYPES: dict[str, tuple[type, ...]] = {
    "i": (int,),
    "I": (int, type(None)),
    "s": (str,),
    "t": (str, bytes),
    "T": (str, bytes, type(None)),
    "b": (bytes,),
    "r": (float, int),
    "-": (type(None),),
}


class Seal(NamedTuple):
    """Where a row's scope and checksum stand, and what the checksum is of.

    Args:
        cut: the columns that it is of, with itself as the last.
        form: their bytes.
    """

    scope: int
    sum: int
    cut: Callable[[Row], Row]
    form: Callable[[Row], bytes]


class Shape(NamedTuple):
    """A table's rows, or an index's, as they stand in the file.

    Args:
        columns: in the order of the record.
        types: a letter a column: i integer, t string, s one that is TEXT, b
            blob, r real, - the rowid; a capital may be NULL.
        read: raises if the row is not what was written.
        seal: of a row with a checksum: no other program's row passes.
    """

    table: str
    columns: tuple[str, ...]
    types: str
    read: Callable[[Row], object]
    seal: Seal | None


def _readable(row: Row) -> None:
    for value in row:
        unbound(value)


def _shape(
    table: str,
    columns: str,
    read: Callable[[Row], object] = _readable,
    cut: Callable[[Row], Row] | None = None,
    form: Callable[[Row], bytes] = summed_form,
) -> Shape:
    """From columns such as "i.scope t.id"."""
    types, names = zip(*(column.split(".") for column in columns.split()), strict=True)
    seal = Seal(names.index("scope"), names.index("sum"), cut, form) if cut else None
    return Shape(table, names, "".join(types), read, seal)


_STATEMENT = (
    "t.kind T.key t.text T.topics T.metadata t.source T.source_ref r.trust r.importance"
    " T.derived_from b.hash i.created_at i.updated_at I.valid_from I.valid_to I.expires_at"
    " t.change T.reason i.rev i.sum"
)


def _known_state(states: str, state: str) -> None:
    if state not in states.split():
        raise ValueError(state)


def _read_turn(row: Row) -> None:
    _known_state("open done failed", row[3])
    to_turn(row[2:7], "")


def _read_job(row: Row) -> None:
    _known_state("queued claimed failed", row[5])
    id, kind, payload, state, attempt, not_before, lease_until, error = row[2:10]
    to_job((id, kind, payload, not_before, state, attempt, lease_until, error))


def _read_op(row: Row) -> None:
    for ids, number in from_json(row[4]):
        Result(tuple(ids), int(number))


def _read_store(row: Row) -> None:
    if not all(0 <= number < _MOST for number in row[1:]):
        raise ValueError(row)


SHAPES = (
    _shape(
        "item",
        f"i.scope i.handle i.branch t.id i.version t.state {_STATEMENT} b.terms",
        lambda row: to_version(row[3:26], _SCOPE, row[0]),
        lambda row: row[3:26],
    ),
    _shape(
        "version",
        f"i.scope t.id i.version i.branch t.state {_STATEMENT}",
        lambda row: to_version((row[1], row[2], *row[4:]), _SCOPE, row[0]),
        lambda row: (row[1], row[2], *row[4:]),
    ),
    _shape(
        "session",
        "-.id i.scope t.name t.title i.messages i.last_seq i.created_at i.updated_at i.rev i.sum",
        lambda row: to_session(row[2:], _SCOPE, row[1]),
        lambda row: row[2:],
    ),
    _shape(
        "message",
        "i.scope i.session i.seq i.handle i.branch t.id t.role T.content T.name T.tool_calls"
        " T.tool_call_id T.parts T.turn i.created_at i.rev i.sum b.terms",
        lambda row: to_messages([(row[2], *row[5:16])], _SCOPE, row[0], ""),
        lambda row: (row[2], *row[5:16]),
        message_form,
    ),
    _shape("store", "-.one i.rev i.serial i.analysis i.created_at", _read_store),
    _shape("scope", "-.id t.space t.user t.agent i.entries i.passages i.words i.waiting"),
    _shape("scope_name", "t.space t.user t.agent i.id"),  # the index of its names
    _shape(
        "turn",
        "i.session i.number t.id t.state i.lease_until i.opened_at I.closed_at i.rev",
        _read_turn,
    ),
    _shape("tombstone", "i.scope t.id t.kind i.handle i.at i.rev i.may_return"),
    _shape("tombstone", "i.scope t.id t.kind i.handle i.at i.rev"),  # before schema 2
    _shape("op", "i.scope t.op_id b.digest i.rev t.results i.at", _read_op),
    _shape(
        "job",
        "-.number i.scope t.id t.kind t.payload t.state i.attempt i.not_before I.lease_until"
        " t.error i.rev",
        _read_job,
    ),
    _shape("link", "i.scope t.source t.relation t.target i.branch T.metadata i.rev"),
    _shape("import", "-.number i.scope t.id t.source t.format i.entries i.at"),
    _shape("import_rev", "i.import i.rev"),
    _shape("in_tombstones", "i.scope i.handle t.id t.kind"),
    _shape("in_links", "i.scope t.target t.source t.relation i.branch"),
    _shape("in_ops", "i.scope i.at s.op_id"),
    _shape(
        "in_names", "i.scope t.id i.number"
    ),  # of jobs, imports, and turns (a session's), and of more
)

_BY_WIDTH: dict[int, list[Shape]] = {}
for _each in SHAPES:
    _BY_WIDTH.setdefault(len(_each.columns), []).append(_each)

_NOT_AS_WRITTEN = (StoreCorrupt, ValueError, TypeError, ArithmeticError, LookupError)

Recognised: TypeAlias = tuple[Shape, Row]


class Damaged(NamedTuple):
    """A row that is not what was written; of which table, where its form still tells.

    Args:
        stray: the row under the number of the scope that it was written in, negative, if
            all that is wrong may be that it bears another.
    """

    shape: Shape | None
    stray: Row | None = None


def recognised(record: Record) -> Recognised | Damaged | None:
    """The row in a record; None if it is none of a table that is salvaged."""
    try:
        kinds, at = _header(record.payload)
    except IndexError:
        return Damaged(None)
    shapes = _BY_WIDTH.get(len(kinds))
    if not shapes:
        return None
    try:
        row = _columns(record.payload, kinds, at)
    except (IndexError, ValueError):
        return Damaged(next((shape for shape in shapes if shape.seal), None))
    return next((found for shape in shapes if (found := _fitting(shape, row, record))), None)


def _fitting(shape: Shape, row: Row, record: Record) -> Recognised | Damaged | None:
    fits = all(
        isinstance(value, _TYPES[kind]) for value, kind in zip(row, shape.types, strict=True)
    )
    if not fits or (record.rowid is None) != ("-" not in shape.types):
        return Damaged(shape) if shape.seal else None
    row = tuple(
        record.rowid if kind == "-" else float(value) if kind == "r" else value
        for value, kind in zip(row, shape.types, strict=True)
    )
    if shape.seal and not 0 < row[shape.seal.scope] < _MOST_SCOPES:
        return _stray(shape, shape.seal, row)
    try:
        shape.read(row)
    except _NOT_AS_WRITTEN:
        return _stray(shape, shape.seal, row) if shape.seal else None
    return shape, row


def _stray(shape: Shape, seal: Seal, row: Row) -> Damaged:
    *columns, sum = seal.cut(row)
    try:
        number = begun_with(seal.form(tuple(columns)), sum)
        shape.read(_with(row, seal.scope, number))
    except _NOT_AS_WRITTEN:
        return Damaged(shape)
    return Damaged(shape, _with(row, seal.scope, -number) if number else None)


def under(seal: Seal, row: Row, number: int) -> Row:
    """A row with a checksum as it is in the scope of this number."""
    sum = crc32(seal.form(seal.cut(row)[:-1]), number)
    return _with(_with(row, seal.scope, number), seal.sum, sum)


def _with(row: Row, place: int, value: int) -> Row:
    return (*row[:place], value, *row[place + 1 :])


def _header(payload: bytes) -> tuple[list[int], int]:
    """The type of each column, and where the first one stands."""
    end, at = varint(payload, 0)
    if not 0 < end <= len(payload):
        raise IndexError(end)
    kinds = []
    while at < end:
        kind, at = varint(payload, at)
        kinds.append(kind)
    return kinds, end


def _columns(payload: bytes, kinds: list[int], at: int) -> Row:
    values: list[Any] = []
    for kind in kinds:
        size = _width(kind)
        piece = payload[at : at + size]
        if len(piece) < size:
            raise IndexError(at)
        values.append(_value(kind, piece))
        at += size
    return tuple(values)


def _width(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    return 8 if kind == 7 else _INTEGERS.get(kind, 0)


def _value(kind: int, piece: bytes) -> Any:
    if kind >= 12:
        return piece.decode() if kind % 2 else piece
    if kind == 7:
        return unpack(">d", piece)[0]
    if kind in _INTEGERS:
        return int.from_bytes(piece, "big", signed=True)
    if kind in (10, 11):
        raise ValueError(kind)
    return {0: None, 8: 0, 9: 1}[kind]
