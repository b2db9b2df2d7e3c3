"""The command line: parse, call the library once, print.

main.py      the group `amberfile`, and what becomes of an error
app.py       the options that every command has, and the memory that they name
memories.py  remember, recall, forget, list
files.py     import, export, backup, doctor
output.py    tables for people, lines for pipes, one JSON envelope for programs
"""
