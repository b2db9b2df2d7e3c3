"""In and out: conversations and memories of other programs, and our own formats."""

from amberfile.imports import Undone
from amberfile.imports import listed as imports
from amberfile.imports import undo as undo_import
from amberfile.replay import Imported
from amberfile.transfer.chats.openai import export_openai
from amberfile.transfer.detect import FORMATS, import_path
from amberfile.transfer.notes.okf import export_markdown
from amberfile.transfer.own.jsonl import export_jsonl
from amberfile.transfer.own.yaml_stream import export_yaml
from amberfile.types import ImportInfo

__all__ = [
    "FORMATS",
    "ImportInfo",
    "Imported",
    "Undone",
    "export_jsonl",
    "export_markdown",
    "export_openai",
    "export_yaml",
    "import_path",
    "imports",
    "undo_import",
]
