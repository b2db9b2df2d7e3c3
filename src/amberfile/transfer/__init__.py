"""In and out: conversations and memories of other programs, and our own format."""

from amberfile.replay import Imported
from amberfile.transfer.detect import import_path
from amberfile.transfer.jsonl import export_jsonl
from amberfile.transfer.openai import export_openai

__all__ = ["Imported", "export_jsonl", "export_openai", "import_path"]
