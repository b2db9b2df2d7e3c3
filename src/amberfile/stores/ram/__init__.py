"""RAM storage: a store in dicts, and the executable specification of `Store`.

Each scope has tables of its own, so a read never meets another scope's rows.
One lock lets one call in at a time. A batch is applied in place and notes how
to undo each step; an error undoes them, the last step first.

What it leaves out: durability. It ends with the process, and with `close`.
"""

from amberfile.stores.ram.store import RamStore

__all__ = ["RamStore"]
