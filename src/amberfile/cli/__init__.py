"""The command line: parse, call the library once, print.

main.py      the group `amberfile`, and what becomes of an error
groups.py    commands that load when they are called, in sections, with aliases
app.py       the options that every command has, and the memory that they name
output.py    tables for people, lines for pipes, JSON for programs
data.py      what an entry, a hit, a session is in that JSON
naming.py    ids from what a person types; listing.py has the rows behind @1, @2, …
asking.py    the question before something is removed
writing.py   a file that is whole when it appears
rows.py      a listing in all its forms; progress.py: a bar; plot.py: bars of numbers
completing.py  what the shell offers behind Tab

memories.py  remember, recall, list
entries.py   show, retract, restore, forget
edit.py      edit, with editor.py; history.py: history, with diff.py
sessions.py  sessions list, show, rename, rm, export
moving.py    import, imports, export; exports.py has the formats
care.py      backup, restore-backup, doctor; mending.py: reindex, repair
figures.py   stats
settings.py  config
shell.py     completion, help
"""
