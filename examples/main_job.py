"""An agent's memory at work: many processes, one file. Run it with `make run`.

One process imports a conversation of eleven sessions; a second one remembers
five facts and ends; others recall them; then ten questions are asked, each by
a process of its own. Fails if a fact is lost, or if fewer than nine of the
ten answers are among the first three hits.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
AMBERFILE = [sys.executable, "-m", "amberfile"]

AMONG = 3
ENOUGH = 9

FACTS = {  # key: (what is remembered, what is asked)
    "home": ("Mira lives in Leipzig, by the canal", "Where is home?"),
    "pet": ("Mira's cat is called Pretzel", "What is the cat called?"),
    "allergy": ("Mira is allergic to hazelnuts and birch pollen", "Any allergies?"),
    "favorite_language": ("Mira writes Python whenever she can", "language"),
    "bakery_days": ("Mira works on Fridays and Saturdays", "When is she at the bakery?"),
}

REMEMBER = """
import json, sys
import amberfile

with amberfile.open(sys.argv[1]) as memory:
    for key, (text, _) in json.loads(sys.argv[2]).items():
        memory.remember(text, key=key, topics=["mira"])
"""


def main() -> int:
    folder = tempfile.mkdtemp(prefix="amberfile-")
    db = str(Path(folder, "agent.db"))
    print(f"memory: {db}\n")
    import_conversation(db)
    facts = remember_and_recall(db)
    print()
    title("4. Ten questions about what was said")
    found = sum(ask(db, number, each) for number, each in enumerate(questions(), start=1))
    asked = len(questions())
    print(f"{found} of {asked} answers among the first {AMONG} hits.")
    print(f"{facts} of {len(FACTS)} facts recalled by another process.")
    print("Your turn:\n")
    print(f'  .venv/bin/amberfile --db {db} recall "What was the voucher code?"')
    return 0 if found >= ENOUGH and facts == len(FACTS) else 1


def import_conversation(db: str) -> None:
    title("1. Import a conversation of three months")
    began = time.perf_counter()
    [done] = amberfile(db, "import", str(HERE / "conversation.jsonl"))
    took = time.perf_counter() - began
    print(f"{done['messages']} messages in {done['sessions']} sessions, {took:.2f} s\n")


def remember_and_recall(db: str) -> int:
    """How many of the facts that one process remembers another one finds."""
    title("2. One process remembers five facts, and ends")
    run([sys.executable, "-c", REMEMBER, db, json.dumps(FACTS)])
    for key, (text, _) in FACTS.items():
        print(f"{key:18}{text}")
    print()
    title("3. Other processes recall them")
    kept = 0
    for text, question in FACTS.values():
        hits = amberfile(db, "recall", question, "--kind", "fact", "--limit", "1")
        found = hits[0]["text"] if hits else "nothing found"
        kept += found == text
        print(f"{question:28}{found}")
    return kept


def questions() -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads((HERE / "questions.json").read_text("utf-8"))
    return read


def ask(db: str, number: int, question: dict[str, Any]) -> bool:
    """Print a question and the best hit; whether its evidence is among the first hits."""
    hits = amberfile(db, "recall", question["question"], "--kind", "message")
    evidence = {(one["session"], one["seq"]) for one in question["evidence"]}
    places = [(hit["session"], hit["seq"]) for hit in hits]
    rank = next((at for at, place in enumerate(places, start=1) if place in evidence), 0)
    found = 0 < rank <= AMONG
    print(f"{number:2}. {question['question']}")
    if hits:
        best = hits[0]
        print(f"    {textwrap.shorten(best['text'], 96, placeholder=' …')}")
        print(f"    {best['session']}#{best['seq']}  score {best['score']:.2f}  {why(best)}")
    verdict = f"evidence at {rank}" if rank else "evidence not found"
    print(f"    {'yes' if found else 'NO '} {verdict}\n")
    return found


def why(hit: dict[str, Any]) -> str:
    """The words that count most."""
    best = sorted(hit["why"], key=lambda reason: -reason["added"])[:3]
    return ", ".join(f"{one['term']} {one['added']:.2f} ({one['place']})" for one in best)


def amberfile(db: str, *words: str) -> list[dict[str, Any]]:
    """The data that one call of the command line prints."""
    answer = json.loads(run([*AMBERFILE, "--db", db, "--json", *words]))
    data: list[dict[str, Any]] = answer["data"]
    return data


def run(command: Sequence[str]) -> str:
    """What a process of its own prints. Its failure ends this one."""
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def title(text: str) -> None:
    print(text)
    print("-" * len(text))


if __name__ == "__main__":
    sys.exit(main())
