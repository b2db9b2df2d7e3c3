"""`python -m amberfile`: the command line."""

from amberfile.cli.main import main

main(prog_name="amberfile")
